"""What an import would do, in words: how its file was read, what becomes of the rows, which trades follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .api import Document

# The counts of an import in the order in which they are told, with their words.
COUNTS = (
    ("new", "new executions"),
    ("cash", "cash"),
    ("actions", "corporate actions"),
    ("matchesManual", "match trades by hand"),
    ("changed", "changed since"),
    ("orphan", "close what was never opened"),
    ("duplicate", "there already"),
    ("skipped", "nothing to record"),
    ("error", "cannot be read"),
)
_APPLIED = {
    "executions": "executions",
    "linked": "linked",
    "cash": "cash",
    "actions": "corporate actions",
    "present": "there already",
}
# Rows with these outcomes bring something into the journal, by themselves or once somebody decides so.
_ADDING = ("new", "cash", "actions", "matchesManual", "changed", "orphan")
# What an import can need, and the argument that gives it.
_NEEDS = {
    "TIME_ZONE": "in which time zone its times are: give --zone, as in --zone America/New_York",
    "DATE": "on which day its times are: give --day, as in --day 2026-01-05",
}
MOST_SHOWN = 10


def counted(counts: Document) -> str:
    """How many rows have which outcome, but for outcomes without rows."""
    said = [f"{counts[name]} {words}" for name, words in COUNTS if counts.get(name)]
    return f"{counts['rows']} rows: {', '.join(said) or 'nothing'}"


def adds_something(counts: Document) -> bool:
    """Whether a commit could change the journal."""
    return any(counts.get(name) for name in _ADDING)


def reading(one: Document) -> str:
    """How the file was read."""
    how = one["reading"]
    said = [f"format {how['formatId']}" if "formatId" in how else "a mapping" if "mappingId" in one else "no format"]
    said += [f"times of {how['timeZone']}"] if "timeZone" in how else []
    said += [" and ".join(how["currencies"])] if how.get("currencies") else []
    said += [f"dates as {how['dateOrder']}"] if "dateOrder" in how else []
    return f"{one['fileName']}: {', '.join(said)}"


def needs(one: Document) -> list[str]:
    """What has to be said before the import can be committed."""
    return [_NEEDS.get(need, need) for need in one["reading"]["needs"]]


def totals(page: Document) -> Iterator[str]:
    """What the trades that follow add up to, for each currency, of the first page of an import's trades."""
    for total in page.get("totals", []):
        currency = f" {total['currency']}" if "currency" in total else ""
        yield (
            f"{total['trades']:+} closed trades on {len(total['byDay'])} days: "
            f"net {total['netPnl']}{currency}, gross {total['grossPnl']}, costs {total['costs']}"
        )


def trade_rows(trades: Iterable[Document]) -> Iterator[Sequence[str]]:
    """The cells of a table of the trades that would change."""
    for each in trades:
        trade = each["trade"]
        result = trade.get("netPnl", trade.get("realizedPartialPnl", ""))
        opened = trade["openDate"][:16].replace("T", " ")
        yield each["change"], trade["symbol"], trade["side"], trade["quantity"], opened, trade["status"], result


TRADE_HEADS = ("change", "symbol", "side", "quantity", "opened", "status", "net")


def bad_rows(rows: Iterable[Document]) -> Iterator[str]:
    """A line for each row that cannot be read, or waits for a decision."""
    for row in rows:
        why = f"{row['reason']}: {row.get('detail', '')}" if "reason" in row else row["outcome"]
        cells = ", ".join(f"{name}={text}" for name, text in row["raw"].items() if text)
        yield f"  line {row['line']}: {why.strip()} ({cells[:120]})"


def applied(one: Document) -> str:
    """What a commit has written."""
    counts = one.get("applied", {})
    said = [f"{counts[name]} {words}" for name, words in _APPLIED.items() if counts.get(name)]
    return ", ".join(said) or "nothing"


def remarks(one: Document) -> Iterator[str]:
    """A line for each of the first remarks about rows that were committed or undone, and how many more there are."""
    shown = one.get("remarks", [])[:MOST_SHOWN]
    for remark in shown:
        yield f"  line {remark['line']}: {remark['detail']}"
    if (more := one.get("remarksMade", 0) - len(shown)) > 0:
        yield f"  ... and {more} more"


def mapping_needed(one: Document) -> str:
    """What to do with a table of no known format."""
    table = one["table"]
    head = [f"{one['fileName']} has no format that the journal knows. Its columns: {', '.join(table['header'])}."]
    if not table["proposal"]["columns"]:
        return head[0]
    found = ", ".join(f"{field} = {column}" for field, column in table["proposal"]["columns"].items())
    return "\n".join([*head, f"They look like: {found}."])
