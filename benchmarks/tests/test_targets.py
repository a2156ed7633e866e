"""The table of the targets: one that is missed shows as missed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.growth.listing import Cost, Row
from benchmarks.growth.tasks import CHANGE, CHECK, EXPORT, QUESTION, REBUILD, Growth, Taken
from benchmarks.report.targets import Judged, of_artifacts, of_growth, of_listing, of_load, of_peers
from benchmarks.requests.processes import BARE, FASTAPI, POWERTOOLS, PRODUCT

COUNTS = (1_000, 10_000, 100_000)


def taken(trades: int, *, requests: float, reads: float = 0, writes: float = 0, peak: float = 80) -> Taken:
    return Taken(trades=trades, requests=requests, reads=reads, writes=writes, seconds=1, before=60, peak=peak)


def grown() -> Growth:
    """Measurements that meet all targets: changes cost the same, all other tasks the same for each trade."""
    linear = [taken(count, requests=count / 5, reads=3 * count, writes=7 * count) for count in COUNTS]
    reading = [taken(count, requests=5 + count / 600, reads=count / 3) for count in COUNTS]
    return {
        CHANGE: [taken(count, requests=3, reads=18, writes=18) for count in COUNTS],
        REBUILD: linear,
        CHECK: reading,
        QUESTION: list(reading),
        EXPORT: list(reading),
    }


def missed(judged: list[Judged]) -> list[str]:
    return [one.what for one in judged if one.row[-1] == "**missed**"]


def test_what_is_flat_linear_and_bounded_meets_its_targets() -> None:
    assert {one.row[-1] for one in of_growth(grown())} == {"met"}


@pytest.mark.parametrize("cost", ["requests", "reads", "writes"])
def test_a_change_that_costs_more_with_a_longer_history_is_missed(cost: str) -> None:
    found = grown()
    last = found[CHANGE][-1]
    found[CHANGE][-1] = replace(last, **{cost: 1.11 * getattr(last, cost)})
    assert missed(of_growth(found)) == ["Change of a trade and its statistics"]
    found[CHANGE][-1] = replace(last, **{cost: 1.09 * getattr(last, cost)})
    assert missed(of_growth(found)) == []


@pytest.mark.parametrize(
    ("costs", "what"),
    [
        ({"requests": 5}, "Change of a trade, requests"),
        ({"requests": 1, "writes": 21}, "Change of a trade, write units"),
    ],
)
def test_a_change_that_costs_too_much_is_missed(costs: dict[str, float], what: str) -> None:
    found = grown()
    found[CHANGE] = [taken(count, **costs) for count in COUNTS]
    assert missed(of_growth(found)) == [what]


@pytest.mark.parametrize(
    ("measured", "what"),
    [
        ({"seconds": 2.1}, "Statistic with filters, processor time"),
        ({"peak": 129}, "Statistic with filters, peak memory"),
    ],
)
def test_a_statistic_that_takes_too_long_or_too_much_is_missed(measured: dict[str, Any], what: str) -> None:
    found = grown()
    found[QUESTION][-1] = replace(found[QUESTION][-1], **measured)
    assert missed(of_growth(found)) == [what]


def test_a_rise_after_a_fall_counts_from_the_fall() -> None:
    found = grown()
    found[CHANGE] = [taken(count, requests=requests) for count, requests in zip(COUNTS, (4, 2, 3), strict=True)]
    assert missed(of_growth(found)) == ["Change of a trade and its statistics"]


@pytest.mark.parametrize("task", [REBUILD, CHECK, EXPORT])
def test_what_takes_the_square_of_the_journal_is_missed(task: str) -> None:
    found = grown()
    found[task] = [taken(count, requests=count, reads=count * count) for count in COUNTS]
    assert [name.rpartition(",")[2] for name in missed(of_growth(found))] == [" requests and capacity per trade"]


@pytest.mark.parametrize("task", [REBUILD, CHECK, EXPORT])
def test_memory_that_grows_with_the_journal_is_missed(task: str) -> None:
    found = grown()
    found[task] = [replace(one, peak=60 + one.trades / 1000) for one in found[task]]
    assert [name.rpartition(",")[2] for name in missed(of_growth(found))] == [" peak memory"]


def test_what_first_costs_nothing_and_then_something_is_missed() -> None:
    found = grown()
    found[EXPORT][-1] = replace(found[EXPORT][-1], writes=1)
    assert missed(of_growth(found)) == ["Export, requests and capacity per trade"]


def pages(*, served: tuple[float, float, float], other: tuple[float, float, float]) -> list[Row]:
    return [
        Row(name, is_served, {count: Cost(1, units) for count, units in zip(COUNTS, costs, strict=True)})
        for name, is_served, costs in (("none", True, (5, 5, 5)), ("AAPL", True, served), ("side", False, other))
    ]


def test_pages_that_an_index_serves_are_beside_the_shortest_journal_others_beside_the_middle_one() -> None:
    assert missed(of_listing(pages(served=(5, 5, 5.5), other=(5, 60, 60)))) == []
    assert missed(of_listing(pages(served=(5, 5, 5.6), other=(5, 60, 60)))) == ["Page that an index serves, 2 kinds"]
    assert missed(of_listing(pages(served=(5, 5, 5), other=(5, 60, 67)))) == ["Worst page filtered besides, 1 kinds"]


def test_a_filter_that_a_middle_journal_has_too_little_of_is_bounded_by_the_worst_of_all() -> None:
    few = Row("side + tags", served=False, costs={1_000: Cost(1, 15), 10_000: Cost(2, 151), 100_000: Cost(2, 190)})
    assert missed(of_listing([*pages(served=(5, 5, 5), other=(5, 190, 190)), few])) == []
    assert missed(of_listing([*pages(served=(5, 5, 5), other=(5, 60, 60)), few])) == [
        "Worst page filtered besides, 2 kinds"
    ]


def test_a_page_of_more_requests_is_missed_even_if_it_reads_no_more() -> None:
    rows = pages(served=(5, 5, 5), other=(5, 5, 5))
    rows[0].costs[100_000] = Cost(2, 5)
    assert missed(of_listing(rows)) == ["Page that an index serves, 2 kinds"]


@pytest.mark.parametrize("kind", ["errors", "lost or doubled"])
def test_one_failure_in_any_run_is_missed(kind: str) -> None:
    fine = {"errors": 0, "lost or doubled": 0, "requests": 9}
    assert missed(of_load({"all": fine, "some": fine}, 32, 60)) == []
    [one] = missed(of_load({"all": fine, "some": {**fine, kind: 1}}, 32, 60))
    assert kind in one


def test_sizes_are_shown_with_their_units() -> None:
    assert [one.row for one in of_artifacts({"One": 120.4, "Two": 300.6}, 29.84)] == [
        ("Largest code bundle, zipped", "", "300 kB", "301 kB", "**missed**"),
        ("Layer with botocore, unpacked", "", "40.0 MB", "29.8 MB", "met"),
    ]


def test_peers_are_beside_the_product() -> None:
    kinds = ("createTrade cold", "createTrade warm", "getTrade warm", "createTrade memory")
    figures = {name: dict.fromkeys(kinds, 1.0) for name in (PRODUCT, FASTAPI, POWERTOOLS, BARE)}
    figures[PRODUCT] = dict.fromkeys(kinds, 0.6)
    assert missed(of_peers(figures)) == ["Warm createTrade", "Warm getTrade"]
    assert of_peers(figures)[0].row == ("Cold start", FASTAPI, "0.70", "0.60", "met")


def test_what_is_no_number_meets_no_target() -> None:
    assert not Judged("of nothing", "", 1, float("nan")).met
