"""What is wrong with an archive: each fault is told with its member and line, and nothing is written."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from handlers.storage import clients
from handlers.usecases import archive_check, zip_reading
from handlers.usecases.archive_check import NotRestorable
from handlers.usecases.zip_reading import BadArchive, RangedFile, ZipReading
from openapi.generate import contract
from tests.api import journals
from tests.api.client import DANA, Client
from tests.api.journals import documents_of, exported
from tests.api.restoring import archive, changed, compact, restored, zipped
from tests.api.test_export_archive import MEMBERS
from tests.api.user_data import Stores, new_client
from tests.pictures import gif, png
from tests.storage.examples import NOW

SCHEMAS = contract()["components"]["schemas"]
Members = dict[str, bytes]
NEVER = "99999999-0000-4000-8000-000000000000"


@cache
def _kept() -> list[Members]:
    """Where the members are kept once they were made: to keep a journal takes a second."""
    return []


@pytest.fixture
def members(stores: Stores) -> Members:
    """The members of an archive of everything."""
    if not _kept():
        dana = new_client(stores.pool, "dana@example.com")
        journals.keep(dana)
        _kept().append(exported(dana))
    return dict(_kept()[0])


def problems(data: bytes) -> list[tuple[str | None, int | None, str]]:
    """The problems of an archive: member, line and code of each."""
    file = RangedFile(len(data), lambda start, count: data[start : start + count])
    try:
        archive_check.check_archive(ZipReading(file), DANA, NOW)
    except NotRestorable as error:
        return [(each.member, each.line, each.code) for each in error.problems]
    except BadArchive as error:
        return [(error.member, error.line, error.code)]
    return []


def stored(client: Client) -> list[Any]:
    """All items of a user but restores, and all files but archives."""
    items = [
        item
        for table in ("trades", "ledger", "stats")
        for item in clients.dynamodb().scan(TableName=table)["Items"]
        if item["userId"]["S"] == client.user and not item.get("item", {}).get("S", "").startswith("restore|")
    ]
    files = clients.s3().list_objects_v2(Bucket="files", Prefix=f"images/{client.user}/").get("Contents", [])
    return [*items, *files]


Change = Callable[[list[dict[str, Any]]], object]


def put(number: int, **values: Any) -> Change:
    """Gives a document other values; None takes one away."""

    def change(documents: list[dict[str, Any]]) -> None:
        documents[number] = {
            name: value for name, value in {**documents[number], **values}.items() if value is not None
        }

    return change


def of(documents: list[dict[str, Any]], **wanted: Any) -> int:
    """The place of the first document with these values; None for one that it does not have."""
    return next(
        place
        for place, document in enumerate(documents)
        if all(document.get(name) == value for name, value in wanted.items())
    )


def where(wanted: dict[str, Any], **values: Any) -> Change:
    """Gives the first document that has the wanted values others."""
    return lambda documents: put(of(documents, **wanted), **values)(documents)


UNPRICED = {"entryId": NEVER, "quantity": "2", "enteredAt": "2020-01-06T10:00:00Z", "commission": "0", "fees": "0"}
AAPL, NVDA, PLAN = {"symbol": "AAPL"}, {"symbol": "nvda"}, {"symbol": "PLAN"}
BAD_DOCUMENTS: list[tuple[str, Change, str]] = [
    ("trades", where(AAPL, colour="red"), "UNKNOWN_PROPERTY"),
    ("trades", where(AAPL, version=None), "REQUIRED"),
    ("trades", where(AAPL, side=None), "REQUIRED"),
    ("trades", where(AAPL, multiplier="0.50"), "NOT_CANONICAL"),
    ("trades", where(AAPL, multiplier=0.5), "NOT_CANONICAL"),
    ("trades", where(AAPL, multiplier="0"), "NOT_POSITIVE"),
    ("trades", where(AAPL, symbol="A|B"), "MALFORMED"),
    ("trades", where(AAPL, status="OPEN"), "NOT_ONE_OF"),
    ("trades", where(AAPL, status="CANCELLED"), "CANCELLED_WITH_CLOSES"),
    ("trades", where(AAPL, tags=["b ", "a"]), "MALFORMED"),
    ("trades", where(AAPL, source="MAGIC"), "NOT_ONE_OF"),
    ("trades", where(AAPL, accountId=NEVER), "UNKNOWN_ACCOUNT"),
    ("trades", where(AAPL, createdAt="2026-01-05"), "MALFORMED"),
    ("trades", where(AAPL, createdAt="0001-01-01T00:00:00+05:00"), "MALFORMED"),
    ("trades", where(PLAN, closes=[]), "NOT_CANONICAL"),
    ("trades", where(NVDA, splits=None), "MORE_THAN_HELD"),
    ("trades", where(AAPL, version=10**30), "OUT_OF_RANGE"),
    ("trades", where(AAPL, updatedAt="2026-01-05T10:00:00-05:00"), "MALFORMED"),
    ("accounts", put(0, dustValue="-1"), "NEGATIVE"),
    ("trades", where(NVDA, closes=None, entries=[]), "MALFORMED"),
    ("trades", where(NVDA, closes=None, entries=[UNPRICED]), "REQUIRED_TO_CLOSE"),
    ("trades", where(PLAN, stopLoss="9" * 16), "TOO_MANY_DIGITS"),
    ("trades", where({"source": "LEDGER"}, symbol="A"), "UNKNOWN_PROPERTY"),
    ("executions", where({"symbol": "GIFT"}, kind="TRADE"), "REQUIRED"),
    ("executions", where({"symbol": "GIFT"}, kind="MAGIC", price="1"), "NOT_ONE_OF"),
    ("executions", where({"symbol": "flip"}, quantity="-1"), "NOT_POSITIVE"),
    ("executions", where({"symbol": "flip"}, accountId=NEVER), "UNKNOWN_ACCOUNT"),
    ("executions", where({"symbol": "flip"}, tags=["b", "b"]), "MALFORMED"),
    ("executions", where({"symbol": "MES"}, commission="1"), "COSTS_DIFFER"),
    ("actions", where({"type": "SPLIT"}, new=None), "REQUIRED"),
    ("actions", where({"type": "SPLIT"}, accountId=NEVER), "UNKNOWN_ACCOUNT"),
    ("accounts", put(0, timeZone="Mars/Olympus"), "UNKNOWN_TIME_ZONE"),
    ("accounts", put(0, kind="MOON"), "MALFORMED"),
    ("groups", put(0, tradeIds=[NEVER]), "UNKNOWN_TRADE"),
    ("cash", where({"type": "DIVIDEND"}, amount="0"), "ZERO"),
    ("cash", where({"type": "DEPOSIT"}, accountId=NEVER), "UNKNOWN_ACCOUNT"),
    ("cash", where({"type": "TRANSFER", "amount": "54"}, counter=None), "UNKNOWN_ITEM"),
    ("reconciliations", put(0, accountId=NEVER), "UNKNOWN_ACCOUNT"),
    ("reconciliations", put(0, at="0001-01-01T00:00:00+05:00"), "YEAR_OUT_OF_RANGE"),
    ("fx", put(0, to="EUR"), "SAME_AS"),
    ("fx", put(0, rate="0"), "NOT_POSITIVE"),
    ("fx", put(0, day="2026-02-30"), "MALFORMED"),
    ("mappings", put(0, rowKind="MAGIC"), "NOT_ONE_OF"),
    ("mappings", put(0, name=" "), "MAPPING_RULE"),
    ("mappings", put(0, columns={"symbol": "Titel"}), "MAPPING_RULE"),
    ("mappings", put(0, columns={"colour": "Farbe"}), "UNKNOWN_PROPERTY"),
    ("mappings", put(0, timeZone="Mars/Olympus"), "UNKNOWN_TIME_ZONE"),
    ("mappings", put(0, skipLines=None), "NOT_CANONICAL"),
    ("mappings", put(0, fees=[]), "NOT_CANONICAL"),
    ("mappings", put(0, lotSize="0"), "MAPPING_RULE"),
    ("mappings", put(0, lotSize="100.0"), "NOT_CANONICAL"),
    ("mappings", put(0, dateFormats=["QQ"]), "MAPPING_RULE"),
    ("mappings", put(0, updatedAt="2026-01-05T10:00:00-05:00"), "MALFORMED"),
]


def in_order(name: str, members: Members) -> Members:
    """The members, with the keys of one of them in the contract's order again, as far as the contract has them."""
    order = list(SCHEMAS[MEMBERS[name][0]]["properties"])

    def change(documents: list[dict[str, Any]]) -> None:
        for number, document in enumerate(documents):
            names = sorted(document, key=lambda each: order.index(each) if each in order else len(order))
            documents[number] = {each: document[each] for each in names}

    return changed(members, name, change)


def test_an_execution_that_its_corporate_action_does_not_make_is_left_out(members: Members) -> None:
    of_another = where({"kind": "SPINOFF"}, symbol="ELSEWHERE")
    data = archive(in_order("executions", changed(members, "executions", of_another)))
    assert problems(data) == []
    checked = archive_check.check_archive(
        ZipReading(RangedFile(len(data), lambda start, count: data[start : start + count])), DANA, NOW
    )
    derived = list(checked.positions().derived(checked.annotations, NOW))
    assert all(each.executions for each in derived)
    assert "ELSEWHERE" not in {each.symbol for one in derived for each in one.executions}
    assert "GEV" in {each.symbol for one in derived for each in one.executions}


@pytest.mark.parametrize(("name", "change", "code"), BAD_DOCUMENTS)
def test_a_bad_document_is_told_with_its_line(members: Members, name: str, change: Change, code: str) -> None:
    before = documents_of(members, name)
    worse = in_order(name, changed(members, name, change))
    both = zip(before, documents_of(worse, name), strict=True)
    lines = [number for number, (one, other) in enumerate(both, start=1) if one != other]
    [first, *_] = problems(archive(worse))
    assert (first[0], first[2]) == (f"{name}.ndjson", code)
    if code != "UNKNOWN_ITEM":  # which is told of the line that misses another
        assert first[1] == lines[0]


def test_nothing_is_written_of_an_archive_with_a_fault(members: Members, stores: Stores) -> None:
    erin = new_client(stores.pool, "erin@example.com")
    before = stored(erin)
    for only_check in (True, False):
        worse = changed(members, "fx", put(2, rate="0"))
        shown = restored(erin, stores.restore_queue, archive(worse), onlyCheck=only_check)
        assert shown["status"] == "FAILED"
        [problem] = shown["problems"]
        detail = {"code": "NOT_POSITIVE", "member": "fx.ndjson", "line": 3, "detail": "/rate must be more than 0"}
        assert problem == detail
        assert stored(erin) == before


def test_a_good_archive_has_no_problem(members: Members) -> None:
    assert problems(archive(members)) == []


def test_settings_are_checked(members: Members) -> None:
    def settings(**values: Any) -> bytes:
        return archive({**members, "settings.json": compact({**json.loads(members["settings.json"]), **values})})

    assert problems(settings(timeZone="Mars/Olympus")) == [("settings.json", None, "UNKNOWN_TIME_ZONE")]
    assert problems(settings(defaultAccountId=NEVER)) == [("settings.json", None, "UNKNOWN_ACCOUNT")]


def test_a_setting_may_stand_alone(members: Members) -> None:
    alone = json.loads(members["settings.json"])
    del alone["timeZone"]
    assert problems(archive({**members, "settings.json": compact(alone)})) == []


def twice(documents: list[dict[str, Any]]) -> None:
    documents.insert(1, documents[0])


def reverse(documents: list[dict[str, Any]]) -> None:
    documents.reverse()


@pytest.mark.parametrize("name", MEMBERS)
def test_a_line_comes_behind_the_one_before_it_by_its_id(members: Members, name: str) -> None:
    [first, *_] = problems(archive(changed(members, name, twice)))
    assert first == (f"{name}.ndjson", 2, "NOT_IN_ORDER")
    if members[f"{name}.ndjson"].count(b"\n") > 1:
        assert (f"{name}.ndjson", 2, "NOT_IN_ORDER") in problems(archive(changed(members, name, reverse)))


def test_what_is_named_twice_or_not_at_all_is_told(members: Members) -> None:
    def share_external_ids(documents: list[dict[str, Any]]) -> None:
        documents[of(documents, externalId="broker 2")]["externalId"] = "broker 1"

    found = problems(archive(changed(members, "trades", share_external_ids)))
    assert [(member, code) for member, _, code in found] == [("trades.ndjson", "ALREADY_TAKEN")]
    group = documents_of(members, "groups")[0]
    assert problems(archive(changed(members, "groups", put(0, tradeIds=group["tradeIds"][:1] * 2)))) == [
        ("groups.ndjson", 1, "IN_ANOTHER_GROUP")
    ]
    other = documents_of(members, "trades")
    mixed = [group["tradeIds"][0], other[of(other, symbol="AAPL")]["tradeId"]]
    assert problems(archive(changed(members, "groups", put(0, tradeIds=mixed)))) == [
        ("groups.ndjson", 1, "OTHER_CURRENCY")
    ]
    one_sided = where(
        {"type": "TRANSFER", "amount": "54"}, counter={"amount": "-50", "currency": "EUR", "accountId": NEVER}
    )
    assert ("cash.ndjson", "REQUIRED_WITH") in [
        (member, code) for member, _, code in problems(archive(in_order("cash", changed(members, "cash", one_sided))))
    ]


def test_trades_and_executions_have_to_fit(members: Members) -> None:
    executions = documents_of(members, "executions")
    flip = executions[of(executions, symbol="flip")]

    instrument = {**flip["instrument"], "multiplier": "2"}
    found = problems(archive(changed(members, "executions", where({"symbol": "FLIP"}, instrument=instrument))))
    assert ("executions.ndjson", None, "DIFFERS_FROM_INSTRUMENT") in found
    trades = documents_of(members, "trades")
    by_hand = trades[of(trades, symbol="PLAN")]["tradeId"]
    found = problems(archive(changed(members, "executions", where({"symbol": "flip"}, opens=by_hand))))
    assert "ALREADY_TAKEN" in {code for _, _, code in found}
    risky = where({"tradeId": flip["opens"]}, riskAmount="0")
    [(_, line, code)] = problems(archive(changed(members, "trades", risky)))
    assert (line, code) == (1 + of(trades, tradeId=flip["opens"]), "NOT_POSITIVE")


def test_no_more_than_a_hundred_problems_are_told(members: Members) -> None:
    line = members["fx.ndjson"].split(b"\n")[0] + b"\n"
    assert len(problems(archive({**members, "fx.ndjson": line * 150}))) == 100


def test_there_are_fifty_accounts_at_most(members: Members) -> None:
    def many(documents: list[dict[str, Any]]) -> None:
        own = documents[-1]
        documents += [{**own, "accountId": f"ffffffff-0000-4000-8000-0000000000{number:02}"} for number in range(49)]

    assert problems(archive(changed(members, "accounts", many))) == [("accounts.ndjson", 52, "TOO_MANY_ITEMS")]


def test_there_are_fifty_mappings_at_most(members: Members) -> None:
    def many(documents: list[dict[str, Any]]) -> None:
        own = documents[-1]
        documents += [{**own, "mappingId": f"ffffffff-0000-4000-8000-0000000000{number:02}"} for number in range(49)]

    assert problems(archive(changed(members, "mappings", many))) == [("mappings.ndjson", 51, "TOO_MANY_ITEMS")]


# Images


def test_images_are_what_their_trades_say(members: Members) -> None:
    name = next(name for name in members if name.startswith("images/"))
    others = {each: content for each, content in members.items() if each != name}
    [missing] = problems(archive(others))
    assert (missing[0], missing[2]) == ("trades.ndjson", "MISSING_MEMBER")
    assert problems(archive({**members, name: b"<script>"})) == [(name, None, "MALFORMED")]
    assert problems(archive({**members, name: png() + b"x"}))[0][2] in ("MALFORMED", "DIFFERS_FROM_TRADE")
    assert problems(archive({**members, f"images/{NEVER}": png()})) == [(f"images/{NEVER}", None, "UNKNOWN_MEMBER")]
    assert problems(archive({**members, name: gif()})) == [(name, None, "DIFFERS_FROM_TRADE")]

    def share(documents: list[dict[str, Any]]) -> None:
        one, *_ = documents[of(documents, symbol="AAPL")]["images"]
        documents[of(documents, symbol="PLAN")]["images"] = [one]

    assert "DUPLICATE_ITEM" in {
        code for _, _, code in problems(archive(in_order("trades", changed(members, "trades", share))))
    }


# The archive itself


def test_a_file_that_is_no_archive_is_none(members: Members) -> None:
    whole = archive(members)
    for data in (b"", b"PK", b"\x1f\x8b" + bytes(100), whole[:-30], bytes(10_000), whole[: len(whole) // 2]):
        assert problems(data) == [(None, None, "NOT_A_ZIP")]


def test_hashes_and_sizes_are_those_of_the_manifest(members: Members) -> None:
    for name in ("settings.json", "fx.ndjson", next(name for name in members if name.startswith("images/"))):
        other = bytes([members[name][0] ^ 1]) + members[name][1:]
        assert (name, None, "HASH_DIFFERS") in problems(zipped({**members, name: other}))
        assert problems(zipped({**members, name: members[name] + b"x"})) == [(name, None, "HASH_DIFFERS")]


def test_members_are_those_that_are_known(members: Members) -> None:
    more = "../../etc/passwd"
    assert problems(zipped({**members, more: b""})) == [(more, None, "UNKNOWN_MEMBER")]
    assert problems(archive({**members, more: b""})) == [(more, None, "UNKNOWN_MEMBER")]
    for name in ("settings.json", "trades.ndjson"):
        others = {each: content for each, content in members.items() if each != name}
        assert problems(zipped(others)) == [(name, None, "MISSING_MEMBER")]
        assert problems(archive(others)) == [(name, None, "MISSING_MEMBER")]
    alone = {each: content for each, content in members.items() if each != "manifest.json"}
    assert problems(zipped(alone)) == [("manifest.json", None, "MISSING_MEMBER")]


def test_a_member_that_is_there_twice_is_refused(members: Members) -> None:
    file = io.BytesIO(archive(members))
    with zipfile.ZipFile(file, "a") as made, pytest.warns(UserWarning, match="Duplicate"):
        made.writestr("fx.ndjson", b"")
    assert problems(file.getvalue()) == [("fx.ndjson", None, "DUPLICATE_MEMBER")]


def test_a_manifest_says_which_format_it_is(members: Members) -> None:
    manifest = json.loads(members["manifest.json"])

    def problems_of(content: bytes) -> list[Any]:
        return problems(zipped({**members, "manifest.json": content}))

    assert problems_of(compact({**manifest, "formatVersion": 3})) == [("manifest.json", None, "FORMAT_VERSION")]
    assert problems_of(compact({**manifest, "colour": "red"})) == [("manifest.json", None, "UNKNOWN_PROPERTY")]
    assert problems_of(b"[") == [("manifest.json", None, "NOT_JSON")]
    assert problems_of(b"[]") == [("manifest.json", None, "MALFORMED")]
    assert problems_of(b"[" * 100_000) == [("manifest.json", None, "NOT_JSON")]


def test_encrypted_and_oddly_packed_members_are_refused(members: Members) -> None:
    whole = archive(members)
    encrypted = bytearray(whole)
    encrypted[whole.rindex(b"PK\x01\x02") + 8] |= 1
    assert problems(bytes(encrypted)) == [("manifest.json", None, "UNREADABLE_MEMBER")]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as made:
        made.writestr("manifest.json", members["manifest.json"])
    assert problems(file.getvalue()) == [("manifest.json", None, "UNREADABLE_MEMBER")]
    broken = bytearray(whole)
    at = whole.index(b"fx.ndjson")
    broken[at + 12] ^= 0xFF
    assert ("fx.ndjson", None, "UNREADABLE_MEMBER") in problems(bytes(broken))


def test_no_more_is_unpacked_than_an_archive_may_hold(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = {**members, "fx.ndjson": bytes(3_000_000)}
    assert problems(archive(bomb)) == [("fx.ndjson", 1, "TOO_LONG")]
    monkeypatch.setattr(zip_reading, "MOST_UNPACKED", 1_000_000)
    assert problems(archive(bomb)) == [(None, None, "TOO_LARGE")]
    monkeypatch.setattr(archive_check, "_MOST_SMALL", 100)
    assert problems(archive(members)) == [("manifest.json", None, "TOO_LARGE")]
    monkeypatch.setattr(zip_reading, "MOST_DIRECTORY", 100)
    assert problems(archive(members)) == [(None, None, "NOT_A_ZIP")]


def test_a_last_line_ends_like_all_others(members: Members) -> None:
    assert problems(archive({**members, "fx.ndjson": members["fx.ndjson"][:-1]})) == [("fx.ndjson", 3, "MALFORMED")]
    assert problems(archive({**members, "fx.ndjson": members["fx.ndjson"] + b"\n"})) == [("fx.ndjson", 4, "NOT_JSON")]
