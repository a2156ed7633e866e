"""docs/cost.md counts everything that a stack has, and gives the time of each background task."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import cost
from tests.template_file import template

PAGE = (Path(__file__).parents[3] / "docs" / "cost.md").read_text("utf-8")
RESOURCES = template()["Resources"]


def of_type(kind: str) -> list[str]:
    return [name for name, resource in RESOURCES.items() if resource["Type"] == kind]


def test_what_a_stack_has_is_counted_in_the_template() -> None:
    has = cost.fixed()
    # An alarm over an expression is paid for each metric in it.
    assert has.alarmed_metrics > len(of_type("AWS::CloudWatch::Alarm"))
    assert has.own_metrics > len(of_type("AWS::Logs::MetricFilter")) - 1  # two of them count one metric
    assert has.dashboards == len(of_type("AWS::CloudWatch::Dashboard")) == 1
    assert has.secrets == len(of_type("AWS::SecretsManager::Secret")) == 2
    assert has.polled_queues == sum(
        1
        for name in of_type("AWS::Serverless::Function")
        for source in RESOURCES[name]["Properties"].get("Events", {}).values()
        if source["Type"] == "SQS"
    )


@pytest.mark.parametrize("metric", ["TradesCreated", "ImageSpansSwept", "StatsDriftUsers", "AccountsErased"])
def test_metrics_are_counted_where_functions_count(metric: str) -> None:
    sources = [path.read_text("utf-8") for path in (cost.ROOT / "handlers").rglob("*.py")]
    assert any(f"{metric}=" in source for source in sources)


def test_every_line_of_the_bill_is_paid_by_a_price_of_the_page() -> None:
    nothing = cost.Taken(0, 0, 0, 0)
    found = dict.fromkeys((*cost.USE, cost.SWEEP), nothing)
    has = cost.fixed()
    bill = cost.monthly(found, 10_000, has)
    for line in bill:
        assert f"| {line} |" in PAGE
    for option in cost.optional(10_000, has):
        assert f"| {option} |" in PAGE
    for price in {**cost.PRICES, **cost.OPTION_PRICES}:
        assert f"| {price} |" in PAGE
    for word in (cost.WORDS[name] for name in asdict(has)):
        assert f"| {word} |" in PAGE


def test_so_many_workers_compare_a_million_traders_in_a_round() -> None:
    found = re.search(r"^\| 1 000 000 \| ([\d.,]+) \| [\d.,]+ \| (\d+) \|", PAGE, re.MULTILINE)
    assert found
    assert float(found[1]) / int(found[2]) <= cost.HOURS_OF_A_ROUND
    assert int(found[2]) <= template()["Parameters"]["ComparisonWorkers"]["MaxValue"]


def test_a_sweep_at_a_million_traders_ends_within_a_day() -> None:
    hours = re.search(r"^\| 1 000 000 (?:\| [\d.,]+ ){3}\| ([\d.,]+) \| ([\d.,]+) \|$", PAGE, re.MULTILINE)
    assert hours
    work, with_workers = (float(it.replace(",", "")) for it in hours.groups())
    assert with_workers < 24
    assert with_workers == pytest.approx(work / cost.fixed().sweepers, rel=0.05)
