"""All problem documents (RFC 9457) that a client can receive, and the table that converts errors into them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from handlers.documents.fields import pointer
from handlers.faults import Fault, FieldCode
from handlers.imports import errors as imports
from handlers.journal import errors as journal
from handlers.journal.money import canonical
from handlers.log import logger
from handlers.storage import errors as storage
from handlers.web.contract import base_path

MEDIA_TYPE = "application/problem+json"
MOST_FIELDS = 100
RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem: its stable type as a path below the API's base path, its title and its HTTP status.

    The contract's section "Problem types" has a row for each kind. The pages at these paths are made from the rows.
    """

    type: str
    title: str
    status: int


INVALID_REQUEST = ProblemKind("/problems/invalid-request", "The request does not follow the contract", 400)
UNAUTHORIZED = ProblemKind("/problems/unauthorized", "No valid access token", 401)
WRONG_CREDENTIALS = ProblemKind("/problems/wrong-credentials", "Wrong e-mail address or password", 401)
SESSION_EXPIRED = ProblemKind("/problems/session-expired", "The session has expired", 401)
NOT_FOUND = ProblemKind("/problems/not-found", "Not found", 404)
METHOD_NOT_ALLOWED = ProblemKind("/problems/method-not-allowed", "Method not allowed", 405)
NOT_ACCEPTABLE = ProblemKind("/problems/not-acceptable", "No acceptable encoding", 406)
STATE_FORBIDS = ProblemKind("/problems/state-forbids", "The current state does not allow the change", 409)
CURRENCY_IN_USE = ProblemKind("/problems/currency-in-use", "The account's currency is in use", 409)
UNDECIDED_ROWS = ProblemKind("/problems/undecided-rows", "Rows wait for a decision", 409)
EDITED_SINCE = ProblemKind("/problems/edited-since", "What was imported was edited since", 409)
PRECONDITION_REQUIRED = ProblemKind("/problems/precondition-required", "If-Match is required", 428)
IMPORT_NOT_READY = ProblemKind("/problems/import-not-ready", "The import is in another state", 409)
EXTERNAL_ID_TAKEN = ProblemKind("/problems/external-id-taken", "This externalId is taken", 409)
TRADE_DIFFERS = ProblemKind("/problems/trade-differs", "The trade with this externalId differs", 409)
POSITION_TOO_SMALL = ProblemKind("/problems/position-too-small", "The execution closes more than is open", 409)
ACCOUNT_ERASED = ProblemKind("/problems/account-erased", "The account is being erased", 409)
VERSION_MISMATCH = ProblemKind("/problems/version-mismatch", "The resource has changed since it was read", 412)
CONTENT_TOO_LARGE = ProblemKind("/problems/content-too-large", "The body is too large", 413)
UNSUPPORTED_MEDIA_TYPE = ProblemKind("/problems/unsupported-media-type", "Unsupported media type", 415)
RULE_BROKEN = ProblemKind("/problems/rule-broken", "The fields break a rule", 422)
DERIVED_FROM_EXECUTIONS = ProblemKind("/problems/derived-from-executions", "The trade is derived from executions", 422)
CODE_REJECTED = ProblemKind("/problems/code-rejected", "The code is wrong or has expired", 422)
KEY_REUSED = ProblemKind(
    "/problems/idempotency-key-reused", "The Idempotency-Key came before with another request", 422
)
TOO_MANY_REQUESTS = ProblemKind("/problems/too-many-requests", "Too many requests", 429)
CONTENDED = ProblemKind("/problems/contended", "Other requests are changing the same data", 429)
INTERNAL_ERROR = ProblemKind("/problems/internal-error", "Internal error", 500)
UNAVAILABLE = ProblemKind("/problems/unavailable", "Temporarily unavailable", 503)


FieldPlace = Literal["body", "query", "path", "header"]


@dataclass(frozen=True, slots=True)
class BadField:
    """An error of one field. The pointer is a JSON pointer into the body, or a slash and a parameter's name."""

    place: FieldPlace
    pointer: str
    fault: Fault

    def document(self) -> dict[str, Any]:
        """The error as the contract's FieldProblem."""
        fault = self.fault
        return {
            "in": self.place,
            "pointer": self.pointer,
            "code": fault.code,
            "params": dict(fault.params),
            "detail": fault.detail,
        }


class Problem(Exception):
    """An error whose text is meant for the client."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str | None = None,
        fields: Sequence[BadField] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(kind.title)
        self.members = dict(members or {})
        self.kind = kind
        self.detail = detail
        self.fields = fields
        self.headers = dict(headers or {})

    def document(self, request_id: str) -> dict[str, Any]:
        """The problem as the contract's Problem. It names the first hundred fields only."""
        document: dict[str, Any] = {
            "type": base_path() + self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
        }
        if self.detail:
            document["detail"] = self.detail
        document["requestId"] = request_id
        if self.fields:
            document["errors"] = [field.document() for field in self.fields[:MOST_FIELDS]]
        return document | self.members

    def body(self, request_id: str) -> str:
        """The document as JSON."""
        return json.dumps(self.document(request_id), ensure_ascii=False)


def invalid_request(fields: Sequence[BadField]) -> Problem:
    """The problem of a request in which these fields do not follow the contract."""
    many = "1 field does" if len(fields) == 1 else f"{len(fields)} fields do"
    return Problem(INVALID_REQUEST, f"{many} not follow the contract.", fields)


def rule_broken(fields: Sequence[BadField]) -> Problem:
    """The problem of a request in which these fields break a rule."""
    many = "1 field breaks" if len(fields) == 1 else f"{len(fields)} fields break"
    return Problem(RULE_BROKEN, f"{many} a rule.", fields)


def _body_fields(errors: Sequence[journal.FieldError]) -> list[BadField]:
    return [BadField("body", pointer(error.path), error.fault) for error in errors]


_DERIVED = Fault(FieldCode.DERIVED_PROPERTY, "is derived from the trade's executions")
_TAKEN = Fault(FieldCode.ALREADY_TAKEN, "belongs to another trade of yours")
_REJECTED = "is refused by the identity provider"


def _password(error: Exception) -> str:
    """The pointer to the password that was refused."""
    return str(error.args[0]) if error.args else "/password"


def external_id_taken(error: storage.ExternalIdTaken, *, in_body: bool = True) -> Problem:
    """The problem of a trade whose externalId another trade has. `in_body`: whether the request's body gave it."""
    return Problem(
        EXTERNAL_ID_TAKEN,
        "Read that trade, or send another externalId. A create with onExisting=COMPLETE adds what that trade lacks. A "
        "deleted trade comes back once that trade has another externalId, none, or is deleted.",
        [BadField("body", "/externalId", _TAKEN)] if in_body else [],
        members=_of_trade(error.trade_id),
    )


def _cash_id_taken(error: storage.CashIdTaken) -> Problem:
    location = f"{base_path()}/accounts/{error.account_id}/cash/{error.cash_id}"
    fault = Fault(FieldCode.ALREADY_TAKEN, "belongs to another cash row of the account")
    return Problem(
        EXTERNAL_ID_TAKEN,
        "Read that row, or send another externalId.",
        [BadField("body", "/externalId", fault)],
        members={"cashId": error.cash_id, "location": location},
    )


def _trade_differs(error: journal.TradeDiffers) -> Problem:
    return Problem(
        TRADE_DIFFERS,
        "Nothing was added. Correct that trade, or what you send.",
        _body_fields(error.errors),
        members=_of_trade(error.trade_id),
    )


def _of_trade(trade_id: str) -> dict[str, str]:
    """The members of a problem that name a trade, by its id and its address."""
    return {"tradeId": trade_id, "location": f"{base_path()}/trades/{trade_id}"}


def position_too_small(is_open: str, pointer_to_quantity: str) -> Problem:
    """The problem of an execution with the position effect CLOSE whose quantity is more than is open."""
    detail = f"is more than the {is_open} that are open"
    return Problem(
        POSITION_TOO_SMALL,
        f"{is_open} are open at that instant.",
        [BadField("body", pointer_to_quantity, Fault(FieldCode.MORE_THAN_HELD, detail, {"held": is_open}))],
    )


def unavailable(error: BaseException) -> Problem:
    """The problem of a request that failed because of AWS or ran out of time. Logs the cause; the answer hides it."""
    logger.warning("unavailable", exc_info=error)
    return _retry_later(UNAVAILABLE, "Send the request again in a moment, with the same Idempotency-Key.")


def item_not_begun() -> Problem:
    """The problem of a bulk request's item for which no time was left."""
    return _retry_later(UNAVAILABLE, "No time was left for this item. Send it again, with the same key.")


def _contended() -> Problem:
    """The problem of a request whose retries all failed because other requests changed the same item first."""
    return _retry_later(
        CONTENDED, "Other requests changed the same data. Send the request again, with the same Idempotency-Key."
    )


def _retry_later(kind: ProblemKind, detail: str, after: int = RETRY_AFTER_SECONDS) -> Problem:
    return Problem(kind, detail, headers={"Retry-After": str(after)})


# What each error of the domain and the storage means to a client. A row of a base class serves its subclasses.
TABLE: dict[type[Exception], Callable[[Any], Problem]] = {
    Problem: lambda error: error,
    journal.RuleBroken: lambda error: rule_broken(_body_fields(error.errors)),
    journal.StateForbids: lambda error: Problem(STATE_FORBIDS, error.detail, _body_fields(error.errors)),
    journal.CurrencyInUse: lambda _: Problem(
        CURRENCY_IN_USE,
        "The account already holds trades or cash in its currency. Create another account for another currency.",
        [BadField("body", "/currency", Fault(FieldCode.CURRENCY_IN_USE, "cannot be changed any more"))],
    ),
    journal.DerivedFromExecutions: lambda error: Problem(
        DERIVED_FROM_EXECUTIONS,
        "The trade is derived from its executions: record, correct or delete an execution instead.",
        _body_fields([journal.FieldError((name,), _DERIVED) for name in error.names]),
    ),
    journal.PositionTooSmall: lambda error: position_too_small(canonical(error.is_open), "/quantity"),
    journal.TradeDiffers: lambda error: _trade_differs(error),
    journal.UploadsFull: lambda error: _retry_later(TOO_MANY_REQUESTS, error.detail, error.seconds),
    journal.CloseNotFound: lambda _: Problem(NOT_FOUND, "The trade has no such close."),
    journal.EntryNotFound: lambda _: Problem(NOT_FOUND, "The trade has no such entry."),
    journal.EventNotFound: lambda _: Problem(NOT_FOUND, "The trade has no such event."),
    journal.SplitNotFound: lambda _: Problem(NOT_FOUND, "The trade has no such split."),
    journal.ImageNotFound: lambda _: Problem(NOT_FOUND, "The trade has no such image."),
    storage.TradeNotFound: lambda _: Problem(NOT_FOUND, "You have no such trade."),
    storage.DeletedTradeNotFound: lambda _: Problem(NOT_FOUND, "You deleted no such trade within the last 30 days."),
    storage.GroupNotFound: lambda _: Problem(NOT_FOUND, "You have no such group."),
    storage.NoSuchAccount: lambda _: rule_broken(
        [BadField("body", "/accountId", Fault(FieldCode.UNKNOWN_ACCOUNT, "is none of your trading accounts"))]
    ),
    storage.CashNotFound: lambda _: Problem(NOT_FOUND, "The account has no such cash row."),
    storage.ReconciliationNotFound: lambda _: Problem(NOT_FOUND, "The account has no such reconciliation."),
    storage.CashIdTaken: lambda error: _cash_id_taken(error),
    storage.RestoreNotFound: lambda _: Problem(NOT_FOUND, "You have no such restore, or it has expired."),
    storage.AccountClosing: lambda _: Problem(STATE_FORBIDS, "The trading account is being deleted."),
    storage.TradingAccountNotFound: lambda _: Problem(NOT_FOUND, "You have no such trading account."),
    storage.ActionNotFound: lambda _: Problem(NOT_FOUND, "You have no such corporate action."),
    storage.ExecutionNotFound: lambda _: Problem(NOT_FOUND, "You have no such execution."),
    storage.ExportNotFound: lambda _: Problem(NOT_FOUND, "You asked for no such file within the last day."),
    imports.UndecidedRows: lambda error: Problem(
        UNDECIDED_ROWS, f"{error.number} rows have no decision.", members={"lines": list(error.lines)}
    ),
    imports.EditedSince: lambda error: Problem(
        EDITED_SINCE,
        "Executions or cash of the import were edited since it was committed.",
        members={"executionIds": list(error.execution_ids), "cashIds": list(error.cash_ids)},
    ),
    journal.RestoreEdited: lambda error: Problem(
        EDITED_SINCE,
        "Documents of the restore were edited since it wrote them.",
        members={"documents": [{"name": named.name, "id": named.id} for named in error.named]},
    ),
    imports.ImportNotReady: lambda error: Problem(IMPORT_NOT_READY, error.detail),
    storage.ImportNotFound: lambda _: Problem(NOT_FOUND, "You have no such import, or its time is over."),
    storage.MappingNotFound: lambda _: Problem(NOT_FOUND, "You have no such mapping."),
    storage.TooManyImports: lambda _: _retry_later(
        TOO_MANY_REQUESTS, "Too many imports wait for a decision, or are being worked on: delete one, or wait.", 10
    ),
    storage.VersionMismatch: lambda _: _contended(),
    storage.PreconditionFailed: lambda _: Problem(
        VERSION_MISMATCH, "Read the trade again and repeat the change on its new version."
    ),
    storage.ExternalIdTaken: lambda error: external_id_taken(error),
    storage.GroupChanged: lambda _: Problem(
        VERSION_MISMATCH,
        "Read the group again and repeat the change on its new version. If it is gone, send it without If-Match.",
    ),
    storage.LedgerChanged: lambda error: Problem(
        VERSION_MISMATCH, f"Read the {error} again and repeat the change on its new version."
    ),
    storage.KeyReused: lambda _: Problem(KEY_REUSED, "Send a new key with a new request."),
    storage.TagChangeUnderWay: lambda _: _retry_later(
        CONTENDED, "Another of your tags is being changed. Read GET /tag-change, and try again when that is DONE.", 10
    ),
    storage.AccountErased: lambda _: Problem(ACCOUNT_ERASED, "The account is being deleted and takes no more changes."),
    storage.BadPageToken: lambda _: invalid_request(
        [
            BadField(
                "query",
                "/nextToken",
                Fault(FieldCode.NOT_A_PAGE_TOKEN, "is not a token of yours for these filters"),
            )
        ]
    ),
    storage.Contended: lambda _: _contended(),
    storage.Unavailable: lambda error: unavailable(error),
    storage.AddressRejected: lambda _: rule_broken(
        [BadField("body", "/email", Fault(FieldCode.ADDRESS_REJECTED, _REJECTED))]
    ),
    storage.PasswordRejected: lambda error: Problem(
        RULE_BROKEN,
        "The old password no longer works and the new one was refused. Ask for a password reset, which mails a code.",
        [BadField("body", _password(error), Fault(FieldCode.PASSWORD_REJECTED, _REJECTED))],
    ),
    storage.CodeRejected: lambda _: Problem(
        CODE_REJECTED,
        "Use the newest code that was mailed, or ask for another one. A code works once, stops working after many "
        "tries, and needs an address that waits for one. If a new code does not help, ask for a password reset.",
        [BadField("body", "/code", Fault(FieldCode.CODE_REJECTED, "is wrong or has expired"))],
    ),
    storage.CredentialsRejected: lambda _: Problem(
        WRONG_CREDENTIALS,
        "The address has no account, the address is not confirmed yet (sign up again for a new code), or the password "
        "is wrong (ask for a password reset). Many tries lock an address for up to 15 minutes.",
    ),
    storage.CurrentPasswordWrong: lambda error: rule_broken(
        [BadField("body", _password(error), Fault(FieldCode.PASSWORD_WRONG, "is not your present password"))]
    ),
    storage.SessionRejected: lambda _: Problem(SESSION_EXPIRED, "Log in again."),
    storage.Throttled: lambda error: _retry_later(
        TOO_MANY_REQUESTS, "Wait as long as Retry-After says before you try again.", error.retry_after
    ),
}


def problem_of(error: Exception) -> Problem:
    """The problem that the client gets for an error. An error without a row is logged and answered without detail."""
    for base in type(error).__mro__:
        if row := TABLE.get(base):
            return row(error)
    logger.error("unexpected error", exc_info=error)
    return Problem(INTERNAL_ERROR)
