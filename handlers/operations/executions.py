"""The operations on executions: parse, call the use case, reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from generated import models
from handlers.documents import matching as documents
from handlers.documents import recorded_executions as recorded_documents
from handlers.documents.fields import as_json
from handlers.documents.trades import legs_document
from handlers.journal.errors import FieldError, PositionTooSmall, RuleBroken
from handlers.journal.executions import ExecutionKind, symbol_key
from handlers.journal.ledger import settle_all
from handlers.journal.legs import legs_of
from handlers.journal.money import ZERO, canonical
from handlers.journal.positions import Side
from handlers.operations.bulk import BadItems, as_alone, in_batches, result
from handlers.operations.paging import Pages
from handlers.operations.trade_answers import shown
from handlers.storage import corporate_actions, trades
from handlers.storage import executions as storage
from handlers.storage.execution_lists import ExecutionFilter
from handlers.storage.trade_items import KeptAnswer
from handlers.storage.trade_queries import TradeFilter
from handlers.usecases import corporate_actions as usecase_of_actions
from handlers.usecases import executions as usecase
from handlers.usecases.convert_trade import convert
from handlers.usecases.keyed import KeyedRequest
from handlers.usecases.position_changes import Recorded
from handlers.web.contract import base_path
from handlers.web.etags import etag
from handlers.web.etags import if_match as allowed_by
from handlers.web.idempotency import kept_reply, keyed
from handlers.web.problems import position_too_small
from handlers.web.responses import reply, reply_text


async def match_executions(document: Any, user: str) -> Response:  # noqa: ARG001 every operation takes its user
    """Settle executions without storing anything."""
    given = models.MatchInput.model_validate(document)
    executions, actions = documents.executions_to_match(given), documents.actions_to_match(given)
    try:
        settlement = settle_all(executions, actions, documents.lot_method_of(given), dust=given.dust_value or ZERO)
    except PositionTooSmall as error:
        index = [execution.execution_id for execution in executions].index(error.execution_id)
        raise position_too_small(canonical(error.is_open), f"/executions/{index}/quantity") from None
    except RuleBroken as error:  # a corporate action's, which the engine names by its id
        ids = [action.action_id for action in actions]
        raise RuleBroken(
            [FieldError(("actions", ids.index(str(one.path[1])), *one.path[2:]), one.fault) for one in error.errors]
        ) from None
    return reply(200, documents.match_document(settlement))


async def create_execution(document: Any, user: str, idempotency_key: str | None = None) -> Response:
    """Record an execution."""
    given = models.ExecutionInput.model_validate(document)
    recorded, kept = usecase.record(user, _new(given, _keyed(idempotency_key, given)))
    if recorded is None:
        if kept is None:
            raise AssertionError("without a key, no request is a repeated one")
        return kept_reply(kept, repeated=True)
    return reply_text(_status(recorded, 201), *_shown_as_new(recorded))


async def create_executions(document: Any, user: str, request_id: str, bad_items: BadItems) -> Response:
    """Record many executions in order, those of a position together."""
    items = document["items"]
    bad = {number: [as_alone(field, "execution") for field in fields] for number, fields in bad_items.items()}
    news: dict[int, usecase.NewExecution | Exception] = {}
    for number, item in enumerate(items):
        if number not in bad:
            try:
                given = models.ExecutionInput.model_validate(item["execution"])
                news[number] = _new(given, _keyed(item.get("idempotencyKey"), given))
            except RuleBroken as error:
                news[number] = error

    def serve(numbers: Sequence[int]) -> list[str | Exception]:
        [*batch] = (news[number] for number in numbers)
        fine = [each for each in batch if not isinstance(each, Exception)]
        made = iter(usecase.record_together(user, fine) if fine else ())
        return [each if isinstance(each, Exception) else _result(next(made)) for each in batch]

    return in_batches(len(items), _batches(news), serve, request_id, bad)


# Executions that are recorded together: each takes three actions of a transaction, and the trades some.
_MOST_TOGETHER = 20


def _batches(news: Mapping[int, usecase.NewExecution | Exception]) -> list[list[int]]:
    """The numbers of the executions, those together that are of one position; each position's in their order.

    One that makes shares, and one with a key that was there before, comes after all before it and before all after it.
    If only some name an account, each is a batch of its own: the default account may be the named one.
    """
    batches: list[list[int]] = []
    open_: dict[Any, list[int]] = {}
    keys: set[str] = set()
    apart = len({new.names_account for new in news.values() if not isinstance(new, Exception)}) > 1
    for number, new in news.items():
        if isinstance(new, Exception):
            batches.append([number])
            continue
        key = None if new.keyed is None else new.keyed.key
        if alone := apart or new.makes_shares or key in keys:
            open_, keys = {}, set()
        given = new.given
        position = storage.position_key(given)
        if position not in open_ or len(open_[position]) >= _MOST_TOGETHER:
            open_[position] = []
            batches.append(open_[position])
        open_[position].append(number)
        if alone:
            open_ = {}
        elif key is not None:
            keys.add(key)
    return batches


def _result(of: usecase.Result) -> str | Exception:
    if isinstance(of, Exception):
        return of
    if isinstance(of, KeptAnswer):
        return result(of.status, "recorded", of.body)
    return result(_status(of, 201), "recorded", _shown(of)[0])


async def get_execution(execution_id: str, user: str) -> Response:
    """Show an execution."""
    execution, position = storage.get_with_position(user, execution_id.lower())
    shown = {**recorded_documents.execution_document(execution), "settled": position.is_settled(execution)}
    return reply(200, shown, {"ETag": etag(execution.version)})


async def update_execution(execution_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """Correct an execution by a JSON merge patch."""
    given = models.ExecutionUpdateInput.model_validate(document)
    recorded = usecase.correct(user, execution_id.lower(), given, allowed_by(if_match))
    return reply_text(_status(recorded, 200), *_shown(recorded))


async def delete_execution(execution_id: str, user: str, if_match: str | None = None) -> Response:
    """Delete an execution."""
    is_settled = usecase.delete(user, execution_id.lower(), allowed_by(if_match))
    return reply(204 if is_settled else 202)


async def list_executions(
    user: str,
    order: str,
    limit: int,
    account_id: Sequence[str] = (),
    symbol: str | None = None,
    side: str | None = None,
    kind: Sequence[str] = (),
    trade_id: str | None = None,
    import_id: str | None = None,
    executed_from: str | None = None,
    executed_to: str | None = None,
    next_token: str | None = None,
) -> Response:
    """List executions by time, a page at a time."""
    first, last = (None if day is None else date.fromisoformat(day) for day in (executed_from, executed_to))
    wanted = ExecutionFilter(
        account_ids=tuple(dict.fromkeys(each.lower() for each in account_id)),
        symbol=symbol,
        side=None if side is None else Side(side),
        kinds=tuple(dict.fromkeys(map(ExecutionKind, kind))),
        trade_id=None if trade_id is None else trade_id.lower(),
        import_id=None if import_id is None else import_id.lower(),
        open_from=first,
        open_to=last,
    )
    newest_first = order == "desc"
    pages = Pages("executions", user, wanted, newest_first=newest_first)
    position = pages.last_shown(next_token)
    after = None if position is None else position.sort_key
    page = usecase.listed(user, wanted, newest_first=newest_first, limit=limit, after=after)
    answer: dict[str, Any] = {"items": [recorded_documents.execution_document(each) for each in page.executions]}
    if page.next is not None:
        answer["nextToken"] = pages.token(sort_key=page.next)
    return reply(200, answer)


async def list_positions(
    user: str, at: str | None = None, account_id: Sequence[str] = (), include: Sequence[str] = ()
) -> Response:
    """List the positions that are open, or were then."""
    then = None if at is None else _instant(at)
    held = usecase.open_positions(user, sorted({each.lower() for each in account_id}), then)
    as_of = datetime.now(UTC) if then is None else then
    documents = [recorded_documents.position_document(*each, as_of=as_of, with_lots="lots" in include) for each in held]
    return reply(200, {"items": documents})


async def get_legs(trade_id: str, user: str, limit: int, next_token: str | None = None) -> Response:
    """List what a trade is made of, a page at a time."""
    trade = trades.get(user, trade_id.lower())
    legs = legs_of(trade)
    pages = Pages("legs", user, _LegsOfTrade(trade_id=trade.trade_id, version=trade.version))
    position = pages.last_shown(next_token)
    start = 0 if position is None else int(position.sort_key)
    answer = legs_document(legs[start : start + limit])
    if start + limit < len(legs):
        answer["nextToken"] = pages.token(sort_key=str(start + limit))
    return reply(200, answer, {"ETag": etag(trade.version)})


async def convert_trade(trade_id: str, user: str, if_match: str | None = None) -> Response:
    """Turn a trade that was recorded by hand into executions."""
    return reply_text(200, *shown(convert(user, trade_id.lower(), allowed_by(if_match))))


async def list_actions(user: str, limit: int, symbol: str | None = None, next_token: str | None = None) -> Response:
    """List corporate actions by symbol and time, a page at a time."""
    pages = Pages("actions", user, TradeFilter(symbol=None if symbol is None else symbol_key(symbol)))
    position = pages.last_shown(next_token)
    after = None if position is None else position.sort_key
    found, following = corporate_actions.page(user, symbol, limit=limit, after=after)
    answer: dict[str, Any] = {"items": [recorded_documents.action_document(each) for each in found]}
    if following is not None:
        answer["nextToken"] = pages.token(sort_key=following)
    return reply(200, answer)


async def create_action(document: Any, user: str, idempotency_key: str | None = None) -> Response:
    """Record a corporate action."""
    given = models.RecordedActionInput.model_validate(document)
    action = recorded_documents.new_action(given, str(uuid4()))
    request = keyed(idempotency_key, "createAction", given, _action_as_new)
    if request is not None:
        answer = request.answer
        request = replace(request, answer=lambda applied: replace(answer(applied), status=_status_of(applied)))
    applied, kept = usecase_of_actions.record(user, action, request)
    if applied is None:
        if kept is None:
            raise AssertionError("without a key, no request is a repeated one")
        return kept_reply(kept, repeated=True)
    return reply_text(_status_of(applied), *_action_as_new(applied))


async def get_action(action_id: str, user: str) -> Response:
    """Show a corporate action."""
    action = corporate_actions.get(user, action_id.lower())
    return reply(200, recorded_documents.action_document(action), {"ETag": etag(action.version)})


async def delete_action(action_id: str, user: str, if_match: str | None = None) -> Response:
    """Delete a corporate action."""
    is_settled = usecase_of_actions.delete(user, action_id.lower(), allowed_by(if_match))
    return reply(204 if is_settled else 202)


def _status_of(applied: usecase_of_actions.AppliedAction) -> int:
    """202 as long as trades are to follow."""
    return 201 if applied.settled else 202


def _action_as_new(applied: usecase_of_actions.AppliedAction) -> tuple[str, dict[str, str]]:
    action = applied.action
    location = f"{base_path()}/corporate-actions/{action.action_id}"
    body = as_json(recorded_documents.action_document(action))
    return body, {"ETag": etag(action.version), "Location": location}


_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LegsOfTrade(TradeFilter):
    """The legs of a trade at one version, since they may differ at another version."""

    trade_id: str
    version: int


def _instant(text: str) -> datetime:
    """The instant, or the end of the day, in UTC; the first or last one that there is for what lies beyond."""
    if "T" not in text:
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    given = datetime.fromisoformat(text)
    try:
        return given.astimezone(UTC)
    except OverflowError:
        return _FIRST if given.year == 1 else _LAST


def _new(given: models.ExecutionInput, request: KeyedRequest[Recorded] | None) -> usecase.NewExecution:
    new = recorded_documents.new_execution(given, str(uuid4()))
    return usecase.NewExecution(new.execution, request, new.names_account, new.names_instrument, new.with_shares)


def _status(recorded: Recorded, status: int) -> int:
    """202 as long as the trades are to follow."""
    return status if recorded.settled else 202


def _keyed(key: str | None, given: models.ExecutionInput) -> KeyedRequest[Recorded] | None:
    request = keyed(key, "createExecution", given, _shown_as_new)
    if request is None:
        return None
    answer = request.answer
    return replace(request, answer=lambda recorded: replace(answer(recorded), status=_status(recorded, 201)))


def _shown(recorded: Recorded) -> tuple[str, dict[str, str]]:
    return as_json(recorded_documents.recorded_document(*recorded)), {"ETag": etag(recorded.execution.version)}


def _shown_as_new(recorded: Recorded) -> tuple[str, dict[str, str]]:
    body, headers = _shown(recorded)
    return body, {**headers, "Location": f"{base_path()}/executions/{recorded.execution.execution_id}"}
