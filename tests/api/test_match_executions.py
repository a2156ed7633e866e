"""POST /executions/match: the reference cases through the API, and refused requests."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.client import Client
from tests.reference_fills import MES, PARTS, TWELVE

PATH = "/executions/match"
CASES: dict[str, Any] = json.loads((Path(__file__).parents[1] / "unit/journal/ledger_cases.json").read_text())
OPTION = {"kind": "OPTION"}
STOCK = {"kind": "STOCK"}


def executions(text: str, instrument: dict[str, Any] = STOCK, day: int = 5, **others: Any) -> list[dict[str, Any]]:
    """Executions, one a minute, of "id KIND:SIDE quantity @ price (costs)"; `-` for what is left out."""
    made = []
    for minute, line in enumerate(text.strip().splitlines()):
        name, what, quantity, _, price, *costs = line.split()
        kind, _, side = what.rpartition(":")
        given = {
            "executionId": name,
            "symbol": "X",
            "instrument": instrument,
            "kind": kind or "TRADE",
            "side": side,
            "quantity": quantity,
            "price": price,
            "executedAt": f"2026-01-{day:02}T10:{minute:02}:00Z",
            "commission": costs[0].strip("()") if costs else "-",
            **others,
        }
        made.append({key: value for key, value in given.items() if value != "-"})
    return made


def a_split(new: str, old: str, after_minute: int) -> dict[str, Any]:
    at = f"2026-01-05T10:{after_minute:02}:30Z"
    return {"type": "SPLIT", "symbol": "X", "new": new, "old": old, "effectiveAt": at}


def exits_of(answer: Any, *names: str) -> list[dict[str, Any]]:
    shown = {"executionId": "fill", "netPnl": "net", "grossPnl": "gross"}
    return [
        {
            shown.get(name, name): close[name]
            for name in ("executionId", "netPnl", "grossPnl", "entryCosts", "exitCosts", *names)
        }
        for trade in answer.json["trades"]
        for close in trade["closes"]
    ]


FUTURE = {"kind": "FUTURE"}
REFERENCE: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]], str]] = [
    ("2 flip", executions("a BUY 100 @ 10 (1)\nb SELL 150 @ 11 (1.50)\nc BUY 50 @ 10.5 (0.50)"), [], "FIFO"),
    (
        "2b double flip, fees that do not divide",
        executions("a SELL 7 @ 20 (1)\nb BUY 10 @ 19 (1)\nc SELL 10 @ 19.5 (1)\nd BUY 7 @ 19.25 (1)"),
        [],
        "AVERAGE",
    ),
    ("3 partial closes, a fee that does not divide", executions(PARTS), [], "LIFO"),
    ("4 future MES x5", executions(MES, FUTURE, symbol="MESH6"), [], "FIFO"),
    ("4 LIFO", executions(MES, FUTURE, symbol="/MES"), [], "LIFO"),
    ("4 AVERAGE", executions(MES, {"kind": "CFD", "multiplier": "5"}), [], "AVERAGE"),
    ("5a short put expires", executions("a SELL 2 @ 1.25 (1.30)\nx EXPIRY:- - @ -", OPTION), [], "FIFO"),
    (
        "5b long call expires, half sold before",
        executions("a BUY 2 @ 3.10 (1.30)\nb SELL 1 @ 1.05 (0.65)\nx EXPIRY:- 1 @ -", OPTION),
        [],
        "FIFO",
    ),
    (
        "5e cash-settled index option",
        executions("a BUY 1 @ 12.40 (1.50)\nx CASH_SETTLEMENT:- - @ 18.75", OPTION),
        [],
        "FIFO",
    ),
    (
        "6a split 4 for 1",
        executions("a BUY 10 @ 400 (1)\nb SELL 20 @ 110 (0.50)\nc SELL 20 @ 95 (0.50)"),
        [a_split("4", "1", 0)],
        "FIFO",
    ),
    (
        "6b reverse split 1 for 10, cash in lieu",
        executions("a BUY 1005 @ 0.37\ncil SELL 0.5 @ 3.65\nb SELL 100 @ 4.10 (0.50)"),
        [a_split("1", "10", 0)],
        "FIFO",
    ),
    (
        "6c split of a short position, two lots, LIFO",
        executions("a SELL 10 @ 300 (1)\nb SELL 5 @ 330 (1)\nc BUY 20 @ 95 (0.50)\nd BUY 25 @ 101 (0.50)"),
        [a_split("3", "1", 1)],
        "LIFO",
    ),
]


@pytest.mark.parametrize(("name", "fills", "actions", "method"), REFERENCE)
def test_the_reference_cases(
    dana: Client, name: str, fills: list[dict[str, Any]], actions: list[dict[str, Any]], method: str
) -> None:
    answer = dana.post(PATH, {"executions": fills, "actions": actions, "lotMethod": method})
    assert answer.status == 200
    assert exits_of(answer) == [exit_ for exit_ in CASES[name]["exits"] if "fill" in exit_]
    shown = [
        {
            "side": "LONG" if trade["side"] == "BUY" else "SHORT",
            "gross": trade["grossPnl"],
            "net": trade["netPnl"],
            "entryPrice": trade["entryPrice"],
            "exitPrice": trade["exitPrice"],
        }
        for trade in answer.json["trades"]
    ]
    assert shown == [{key: each[key] for key in each if key != "fills"} for each in CASES[name]["trades"]]
    assert (answer.json["open"], answer.json["made"]) == ([], [])


@pytest.mark.parametrize("method", ["FIFO", "LIFO", "AVERAGE"])
def test_twelve_fills_under_every_method(dana: Client, method: str) -> None:
    answer = dana.post(PATH, {"executions": executions(TWELVE), "lotMethod": method})
    expected = CASES["1 twelve fills"][method]
    assert exits_of(answer, "quantity", "remainingQuantity") == [
        {
            **{key: exit_[key] for key in ("fill", "net", "gross", "entryCosts", "exitCosts")},
            "quantity": exit_["qty"],
            "remainingQuantity": exit_["openQty"],
        }
        for exit_ in expected["exits"]
    ]
    [trade] = answer.json["trades"]
    assert [close["openCost"] for close in trade["closes"]] == [exit_["openCost"] for exit_ in expected["exits"]]
    named = {
        "gross": "grossPnl",
        "net": "netPnl",
        "entryPrice": "entryPrice",
        "exitPrice": "exitPrice",
        "entryQty": "quantity",
    }
    assert {key: trade[name] for key, name in named.items()} == {key: expected[key] for key in named}
    matches = [f"{match.get('entryExecutionId', 'pool')}:{match['quantity']}" for match in answer.json["matches"]]
    assert matches == [match for exit_ in expected["exits"] for match in exit_["matches"]]
    assert answer.json["cash"] == [{"beforeCosts": "243.19333189", "costs": "7.36", "total": "235.83333189"}]


@pytest.mark.parametrize(
    ("right", "opening", "end", "strike", "sold", "case"),
    [
        (
            "PUT",
            "a SELL 1 @ 2.05 (1.14)",
            "x ASSIGNMENT:- 1 @ - (5)",
            "103",
            "s SELL 100 @ 99.50",
            "5c assigned short put",
        ),
        (
            "CALL",
            "a BUY 1 @ 4.20 (0.65)",
            "x EXERCISE:- 1 @ -",
            "50",
            "s SELL 100 @ 56.10 (0.02)",
            "5d exercised long call",
        ),
    ],
)
def test_an_option_becomes_shares(
    dana: Client, right: str, opening: str, end: str, strike: str, sold: str, case: str
) -> None:
    option = {**OPTION, "underlying": "ABC", "strike": strike, "right": right, "expiry": "2026-01-16"}
    fills = [*executions(f"{opening}\n{end}", option), *executions(sold, STOCK, day=19, symbol="ABC")]
    answer = dana.post(PATH, {"executions": fills})
    nets = {trade["symbol"]: trade["netPnl"] for trade in answer.json["trades"]}
    assert nets == {
        "X": CASES[f"{case}: the option"]["exits"][0]["net"],
        "ABC": CASES[f"{case}: the shares"]["exits"][0]["net"],
    }
    assert answer.json["trades"][1]["executionIds"] == ["x:shares", "s"]
    without = dana.post(PATH, {"executions": [*fills[:1], {**fills[1], "withShares": False}]})
    assert [trade["symbol"] for trade in without.json["trades"]] == ["X"]
    bare = dana.post(PATH, {"executions": executions(f"{opening}\n{end}", OPTION)})
    fields = {("body", f"/executions/1/instrument/{name}") for name in ("underlying", "strike", "right")}
    assert (bare.status, bare.bad_fields) == (422, fields)


def test_coins(dana: Client) -> None:
    coin = {"kind": "CRYPTO", "currency": "USDT"}
    fills = executions("a BUY 0.5 @ 60000 (0.0003)\nb SELL 0.5 @ 61000 (30.5)", coin)
    fills[0] |= {"feeCurrency": "BNB", "feePrice": "600"}
    answer = dana.post(PATH, {"executions": fills})
    assert answer.json["trades"][0]["netPnl"] == CASES["8a BTC, fee in BNB at 600"]["net"]
    assert answer.json["cash"] == [{"currency": "USDT", "beforeCosts": "500", "costs": "30.68", "total": "469.32"}]
    del fills[0]["feePrice"]
    unpriced = dana.post(PATH, {"executions": fills}).json["trades"][0]
    assert (unpriced["netPnl"], unpriced["warnings"]) == ("469.5", ["FEE_NOT_PRICED"])
    in_kind = executions("a BUY 0.05 @ 42000\nf FEE_IN_KIND:- 0.001 @ -\nb SELL 0.049 @ 48000 (2.352)", coin)
    expected = CASES["8b fee taken from the bought coin"]
    closes = dana.post(PATH, {"executions": in_kind}).json["trades"][0]["closes"]
    assert [close["netPnl"] for close in closes] == [expected["feeLoss"], expected["sellNet"]]


def test_dust_is_sold_with_the_exit_that_leaves_it(dana: Client) -> None:
    fills = executions("a BUY 51.30696933 @ 0.00000442\nb SELL 51 @ 0.00000443")
    held = dana.post(PATH, {"executions": fills}).json
    assert held["open"][0]["quantity"] == CASES["8c dust"]["left"]
    flat = dana.post(PATH, {"executions": fills, "dustValue": "0.01"}).json
    assert [close["netPnl"] for close in flat["trades"][0]["closes"]] == [CASES["8c dust"]["realized"], "0"]
    [made] = flat["made"]
    assert (made["kind"], made["quantity"], made["price"]) == ("DUST", "0.30696933", "0.00000443")


def test_what_is_open_is_told_lot_by_lot(dana: Client) -> None:
    fills = executions("a BUY 10 @ 10 (1)\nb BUY 30 @ 12 (1)\nc SELL 5 @ 13")
    [fifo] = dana.post(PATH, {"executions": fills, "lotMethod": "FIFO"}).json["open"]
    assert fifo["lots"] == [
        {"executionId": "a", "quantity": "5", "cost": "50", "costs": "0.5"},
        {"executionId": "b", "quantity": "30", "cost": "360", "costs": "1"},
    ]
    [average] = dana.post(PATH, {"executions": fills}).json["open"]
    assert average["lots"] == [{"quantity": "35", "cost": "402.5", "costs": "1.75"}]
    assert (average["averagePrice"], average["costBasis"], average["openCosts"]) == ("11.5", "402.5", "1.75")


def test_a_result_that_is_not_known_is_not_shown(dana: Client) -> None:
    fills = executions("a TRANSFER_IN:BUY 2 @ -\nb SELL 1 @ 5")
    answer = dana.post(PATH, {"executions": fills}).json
    [trade] = answer["trades"]
    assert trade["warnings"] == ["BASIS_UNKNOWN"]
    assert trade.keys().isdisjoint({"grossPnl", "netPnl"})
    assert answer["matches"][0].keys().isdisjoint({"grossPnl", "netPnl"})
    assert answer["open"][0].keys().isdisjoint({"averagePrice", "costBasis"})
    assert answer["cash"] == []


def test_executions_are_named_by_their_place(dana: Client) -> None:
    fills = [{**fill, "executionId": "-"} for fill in executions("a BUY 1 @ 1\nb SELL 1 @ 2")]
    for fill in fills:
        del fill["executionId"]
    assert dana.post(PATH, {"executions": fills}).json["trades"][0]["executionIds"] == ["1", "2"]


def test_fills_of_one_instant_are_taken_as_they_are_given(dana: Client) -> None:
    fills = executions("z BUY 1 @ 10\na SELL 1 @ 11\nm BUY 1 @ 12\nb SELL 1 @ 13")
    for fill in fills:
        fill["executedAt"] = "2026-01-05T10:00:00Z"
    trades = dana.post(PATH, {"executions": fills}).json["trades"]
    assert [trade["executionIds"] for trade in trades] == [["z", "a"], ["m", "b"]]


def test_corporate_actions_move_what_is_held(dana: Client) -> None:
    at = "2026-01-06T00:00:00Z"
    bought, sold = executions("a BUY 10 @ 10"), executions("b SELL 5 @ 30", day=7, symbol="Y")

    def after(**action: Any) -> Any:
        return dana.post(PATH, {"executions": bought + sold, "actions": [{"symbol": "x", "effectiveAt": at, **action}]})

    [trade] = after(type="MERGER_SHARES", newSymbol="Y", new="1", old="2", cashPerShare="1").json["trades"]
    assert (trade["symbol"], trade["netPnl"]) == ("Y", "60")
    renamed = after(type="RENAME", newSymbol="Y").json
    assert (renamed["trades"][0]["netPnl"], renamed["open"][0]["quantity"]) == ("100", "5")
    parent, child = after(type="SPINOFF", newSymbol="Y", new="1", old="2", costShare="0.25").json["trades"]
    assert (parent["symbol"], parent["status"], child["netPnl"]) == ("X", "OPEN", "125")
    paid = after(type="MERGER_CASH", cashPerShare="15").json
    assert (paid["trades"][0]["netPnl"], paid["made"][0]["kind"]) == ("50", "MERGER_CASH")
    given = after(type="SHARE_DIVIDEND", quantity="10").json
    assert (given["open"][0]["quantity"], given["open"][0]["averagePrice"]) == ("20", "5")


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ({"type": "SPLIT"}, {"new", "old"}),
        ({"type": "SPLIT", "new": "2", "old": "2"}, {"new"}),
        ({"type": "RENAME", "new": "2"}, {"new", "newSymbol"}),
        ({"type": "RENAME", "newSymbol": "x"}, {"newSymbol"}),
        ({"type": "SPINOFF", "newSymbol": "Y", "new": "1", "old": "1", "costShare": "2"}, {"costShare"}),
        ({"type": "SPLIT", "new": "0.000000000000000001", "old": "10"}, {"new"}),
    ],
)
def test_an_action_that_is_wrong_is_named(dana: Client, action: dict[str, Any], fields: set[str]) -> None:
    given = {"symbol": "X", "effectiveAt": "2026-01-06T00:00:00Z", **action}
    answer = dana.post(PATH, {"executions": executions("a BUY 1 @ 1"), "actions": [given]})
    assert (answer.status, answer.bad_fields) == (422, {("body", f"/actions/0/{name}") for name in fields})


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"side": None}, {"side"}),
        ({"quantity": None}, {"quantity"}),
        ({"price": None}, {"price"}),
        ({"kind": "EXPIRY"}, {"price"}),
        ({"kind": "TRANSFER_OUT", "positionEffect": "OPEN"}, {"positionEffect"}),
        ({"feePrice": "2"}, {"feeCurrency"}),
        ({"costDetails": [{"kind": "STAMP", "amount": "1"}]}, {"costDetails"}),
        ({"instrument": {"kind": "FUTURE"}}, {"instrument/multiplier"}),
        ({"symbol": "X", "instrument": {"kind": "FUTURE", "currency": "USD"}}, {"instrument/multiplier"}),
    ],
)
def test_an_execution_that_is_wrong_is_named(dana: Client, given: dict[str, Any], fields: set[str]) -> None:
    [fill] = executions("a BUY 1 @ 1")
    body = {key: value for key, value in {**fill, **given}.items() if value is not None}
    answer = dana.post(PATH, {"executions": [body]})
    assert (answer.status, answer.bad_fields) == (422, {("body", f"/executions/0/{name}") for name in fields})


def test_two_executions_of_one_name_and_two_multipliers_of_one_symbol_are_refused(dana: Client) -> None:
    fills = executions("a BUY 1 @ 1\na SELL 1 @ 1")
    assert dana.post(PATH, {"executions": fills}).bad_fields == {("body", "/executions/1/executionId")}
    fills = [*executions("a BUY 1 @ 1"), *executions("b BUY 1 @ 1", {"multiplier": "5"}, symbol="x")]
    assert dana.post(PATH, {"executions": fills}).bad_fields == {("body", "/executions/1/instrument/multiplier")}


def test_an_execution_that_names_no_instrument_has_that_of_its_symbol(dana: Client) -> None:
    fills = executions("a BUY 1 @ 1\nb SELL 1 @ 2", {"multiplier": "5"})
    del fills[0]["instrument"]
    assert dana.post(PATH, {"executions": fills}).json["trades"][0]["netPnl"] == "5"


@pytest.mark.parametrize(
    ("text", "others", "pointer", "is_open"),
    [
        ("a BUY 2 @ 1\nb SELL 3 @ 1", {"positionEffect": "CLOSE"}, "/executions/1/quantity", "2"),
        ("a BUY 2 @ 1\nb EXPIRY:- 3 @ -", {}, "/executions/1/quantity", "2"),
        ("a EXPIRY:- - @ -", {}, "/executions/0/quantity", "0"),
    ],
)
def test_what_may_only_close_needs_as_much_that_is_open(
    dana: Client, text: str, others: dict[str, Any], pointer: str, is_open: str
) -> None:
    fills = executions(text)
    fills[-1] |= others
    answer = dana.post(PATH, {"executions": fills})
    assert (answer.status, answer.kind) == (409, "/problems/position-too-small")
    assert answer.bad_fields == {("body", pointer)}
    assert is_open in answer.json["detail"]


def test_a_figure_that_cannot_be_written_down_is_refused(dana: Client) -> None:
    fills = executions("a BUY 999999999999999 @ 999999999999999")
    answer = dana.post(PATH, {"executions": fills})
    assert (answer.status, answer.bad_fields) == (422, {("body", "/executions")})


def test_a_thousand_executions_are_matched_and_more_are_not(dana: Client) -> None:
    fill = {"symbol": "X", "side": "BUY", "quantity": "1", "price": "1", "executedAt": "2026-01-05T10:00:00Z"}
    many = [{**fill, "side": "SELL"} if n % 3 == 2 else fill for n in range(1000)]
    answer = dana.post(PATH, {"executions": many, "lotMethod": "FIFO"})
    assert answer.status == 200
    assert answer.json["open"][0]["quantity"] == "334"
    assert dana.post(PATH, {"executions": [*many, fill]}).bad_fields == {("body", "/executions")}
    assert dana.post(PATH, {"executions": []}).bad_fields == {("body", "/executions")}
