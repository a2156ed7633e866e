"""The operations on trades: parse, call the use case, reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from starlette.responses import Response

from generated import models
from handlers import deadline
from handlers.documents import trades as documents
from handlers.faults import Fault, FieldCode
from handlers.journal.images import PDF
from handlers.journal.stats.clock import MOST_DAYS
from handlers.journal.trade import Side, Status, Trade
from handlers.operations.bulk import BadItems, as_alone, one_by_one, result
from handlers.operations.clocks import clock_of, included_trades
from handlers.operations.filters import wanted_tags
from handlers.operations.trade_answers import created, part_made, shown, shown_as_new
from handlers.storage import image_files, page_tokens, trade_queries, trading_accounts, uploads
from handlers.storage.image_files import ImagePlace
from handlers.storage.trade_queries import TradeFilter
from handlers.usecases import closes
from handlers.usecases import trades as usecase
from handlers.usecases.trades import CreatedTrade
from handlers.web.etags import etag, fits_if_none_match
from handlers.web.etags import if_match as allowed_by
from handlers.web.idempotency import keyed
from handlers.web.problems import BadField, rule_broken
from handlers.web.responses import reply, reply_text

# The highest count of a list, and the seconds that are kept for its answer.
MOST_COUNTED = 10_000
LIST_SECONDS = 4


async def create_trade(
    document: Any, user: str, idempotency_key: str | None = None, on_existing: str | None = None
) -> Response:
    """Record a trade, or complete the trade that has its external id."""
    return created(_recorded(document, user, idempotency_key, on_existing), shown_as_new)


async def create_trades(document: Any, user: str, request_id: str, bad_items: BadItems) -> Response:
    """Record many trades, each on its own."""

    def create(item: Any) -> str:
        trade, kept, is_new = _recorded(item["trade"], user, item.get("idempotencyKey"), item.get("onExisting"))
        if kept is not None:
            return result(kept.status, "trade", kept.body)
        if trade is None:
            raise AssertionError("without a key, no request is a repeated one")
        return result(201 if is_new else 200, "trade", shown(trade)[0])

    bad_trades = {number: [as_alone(field, "trade") for field in bad] for number, bad in bad_items.items()}
    return one_by_one(document["items"], create, request_id, bad_trades)


async def update_trades(document: Any, user: str, request_id: str, bad_items: BadItems) -> Response:
    """Change many trades by merge patches, each on its own."""

    def update(item: Any) -> str:
        given = models.TradeUpdateInput.model_validate(item["changes"])
        wanted = item.get("version")
        trade = usecase.update(
            user, item["tradeId"].lower(), given, allowed=lambda version: wanted is None or version == wanted
        )
        return result(200, "trade", shown(trade)[0])

    bad_changes = {number: [as_alone(field, "changes") for field in bad] for number, bad in bad_items.items()}
    return one_by_one(document["items"], update, request_id, bad_changes)


async def list_trades(
    user: str,
    order: str,
    limit: int,
    symbol: str | None = None,
    status: Sequence[str] = (),
    side: str | None = None,
    tag: Sequence[str] = (),
    setup_type: str | None = None,
    open_from: str | None = None,
    open_to: str | None = None,
    has_images: bool | None = None,
    external_id: str | None = None,
    idempotency_key: str | None = None,
    account_id: Sequence[str] = (),
    close_from: str | None = None,
    close_to: str | None = None,
    active_on: str | None = None,
    time_zone: str | None = None,
    day_starts_at: str | None = None,
    includes: Sequence[str] = (),
    sort: str | None = None,
    include: Sequence[str] = (),
    count: bool = False,
    next_token: str | None = None,
) -> Response:
    """List the trades that all given filters select, a page at a time."""
    filters: dict[str, Any] = {
        "symbol": symbol,
        "statuses": tuple(dict.fromkeys(map(Status, status))),
        "side": Side(side) if side else None,
        "tags": wanted_tags("tag", tag),
        "setup_type": setup_type,
        "open_from": _day(open_from),
        "open_to": _day(open_to),
        "has_images": has_images,
        "external_id": external_id,
        "idempotency_key": idempotency_key,
        "account_ids": tuple(dict.fromkeys(each.lower() for each in account_id)),
    }
    clock_of(time_zone, "00:00")
    of_closes = {
        "timeZone": time_zone is not None,
        "dayStartsAt": day_starts_at not in (None, "00:00"),
        "includes": bool(includes),
        "sort": sort not in (None, "OPEN_DATE"),
    }
    wanted = TradeFilter(**filters)
    list_page, count_all = trade_queries.list_trades, trade_queries.count_trades
    if _is_by_close(_day(close_from), _day(close_to), _day(active_on), of_closes):
        # Few requests need these.
        from handlers.journal.stats.close_lists import SortBy
        from handlers.usecases import list_by_close as lists

        if time_zone is None or day_starts_at is None:
            settings = trading_accounts.settings_and_accounts(user).settings
            time_zone, day_starts_at = time_zone or settings.time_zone, day_starts_at or settings.day_starts_at
        wanted = lists.CloseFilter(
            **filters,
            close_from=_day(close_from),
            close_to=_day(close_to),
            active_on=_day(active_on),
            zone=time_zone,
            day_starts_at=clock_of(time_zone, day_starts_at).day_starts_at,
            sort=SortBy(sort or "CLOSE_DATE"),
        )
        own = included_trades(includes)
        list_page, count_all = partial(lists.list_by_close, included=own), partial(lists.count_by_close, included=own)
    newest_first = order == "desc"
    secret = page_tokens.signing_secret()
    after = None
    if next_token is not None:
        after = page_tokens.open_token(
            next_token, user_id=user, wanted=wanted, newest_first=newest_first, secret=secret
        )
    page = list_page(user, wanted, limit=limit, newest_first=newest_first, after=after)
    show = documents.trade_document if "thumbnail" not in include else _with_thumbnail
    items = [show(trade) for trade in page.trades]
    if "base" in include:
        from handlers.usecases import show_in_base  # few requests need it

        add = show_in_base.adding(user)
        items = [add(trade, item) for trade, item in zip(page.trades, items, strict=True)]
    answer: dict[str, Any] = {"items": items}
    if count:
        number, is_exact = count_all(user, wanted, most=MOST_COUNTED, out_of_time=_is_late)
        answer["count" if is_exact else "countIsAtLeast"] = number
    if page.next:
        answer["nextToken"] = page_tokens.seal(
            page.next, user_id=user, wanted=wanted, newest_first=newest_first, secret=secret
        )
    return reply(200, answer)


def _is_late() -> bool:
    """Whether counting has to stop, since the time that is left is needed for the answer."""
    return deadline.seconds_left() < LIST_SECONDS


def _with_thumbnail(trade: Trade) -> dict[str, Any]:
    """The trade's document, with an address at its first image that is no PDF."""
    document = documents.trade_document(trade)
    for image, own in zip(trade.images, document.get("images", ()), strict=True):
        if image.content_type != PDF:
            own["url"] = image_files.address(ImagePlace(trade.user_id, trade.trade_id, image.image_id), image)
            break
    return document


def _is_by_close(
    close_from: date | None, close_to: date | None, active_on: date | None, of_closes: Mapping[str, bool]
) -> bool:
    """Whether the list is by the days of closes.

    of_closes: the parameters that only such a list has, and whether each is given. Raises Problem for a range without
    its begin or end, for a range that is too long, and for one of these parameters without a range.
    """
    wrong: list[tuple[str, Fault]] = []
    if active_on is not None:
        fault = Fault(FieldCode.CONFLICTS_WITH, "cannot be given together with activeOn", {"properties": ["activeOn"]})
        wrong += [(name, fault) for name, day in (("closeFrom", close_from), ("closeTo", close_to)) if day]
    elif (close_from is None) != (close_to is None):
        missing, given = ("closeTo", "closeFrom") if close_to is None else ("closeFrom", "closeTo")
        fault = Fault(FieldCode.REQUIRED_WITH, f"is required with {given}", {"properties": [given]})
        wrong.append((missing, fault))
    elif close_from is not None and close_to is not None and (close_to - close_from).days >= MOST_DAYS:
        detail = f"makes a range of more than {MOST_DAYS} days"
        wrong.append(("closeTo", Fault(FieldCode.RANGE_TOO_LONG, detail, {"maxDays": MOST_DAYS})))
    elif close_from is None:
        fault = Fault(FieldCode.RANGE_REQUIRED, "needs closeFrom and closeTo, or activeOn")
        wrong += [(name, fault) for name, given in of_closes.items() if given]
    if wrong:
        raise rule_broken([BadField("query", f"/{name}", fault) for name, fault in wrong])
    return active_on is not None or close_from is not None


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


async def get_trade(
    trade_id: str, user: str, if_none_match: str | None = None, include: Sequence[str] = ()
) -> Response:
    """Show a trade with its images, or 304 for a client that has this version."""
    trade, waiting = uploads.read(user, trade_id.lower(), datetime.now(UTC))
    if trade.images or waiting:  # never a 304: the images' addresses expire, and uploads change without the version
        images = documents.shown_images(
            trade, waiting, lambda image: image_files.address(ImagePlace(user, trade.trade_id, image.image_id), image)
        )
        document = {**documents.trade_document(trade), "images": images}
        return reply(200, _with_base(trade, document, include), {"ETag": etag(trade.version, with_images=True)})
    if "base" in include:  # never a 304: rates change without the version
        return reply(200, _with_base(trade, documents.trade_document(trade), include), {"ETag": etag(trade.version)})
    if if_none_match is not None and fits_if_none_match(if_none_match, trade.version):
        return reply(304, headers={"ETag": etag(trade.version)})
    return reply_text(200, *shown(trade))


def _with_base(trade: Trade, document: dict[str, Any], include: Sequence[str]) -> dict[str, Any]:
    if "base" not in include:
        return document
    from handlers.usecases import show_in_base  # few requests need it

    return show_in_base.adding(trade.user_id)(trade, document)


async def update_trade(trade_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """Change fields of a trade by a JSON merge patch."""
    given = models.TradeUpdateInput.model_validate(document)
    return reply_text(200, *shown(usecase.update(user, trade_id.lower(), given, allowed=allowed_by(if_match))))


async def close_trade(
    trade_id: str,
    document: Any,
    user: str,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Response:
    """Close a part of a trade, or all that is open."""
    given = models.CloseInput.model_validate(document)
    return part_made(
        closes.record,
        given,
        user=user,
        trade_id=trade_id,
        parts="closes",
        operation_id="closeTrade",
        idempotency_key=idempotency_key,
        if_match=if_match,
    )


async def delete_trades(document: Any, user: str, request_id: str, bad_items: BadItems) -> Response:
    """Delete many trades, each on its own."""

    def delete(item: str) -> str:
        usecase.delete(user, item.lower(), allowed=allowed_by(None))
        return '{"status":204}'

    return one_by_one(document["tradeIds"], delete, request_id, bad_items)


async def delete_trade(trade_id: str, user: str, if_match: str | None = None) -> Response:
    """Delete a trade."""
    usecase.delete(user, trade_id.lower(), allowed=allowed_by(if_match))
    return reply(204)


def _recorded(document: Any, user: str, idempotency_key: str | None, on_existing: str | None) -> CreatedTrade:
    given = models.TradeInput.model_validate(document)
    asked = {} if on_existing is None else {"onExisting": on_existing}
    request = keyed(idempotency_key, "createTrade", given, shown_as_new, **asked)
    return usecase.record(user, given, request, completing=on_existing == "COMPLETE")
