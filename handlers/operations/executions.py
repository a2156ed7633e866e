"""The operations on executions: parse, call the use case, reply."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents import executions as documents
from handlers.journal.errors import FieldError, PositionTooSmall, RuleBroken
from handlers.journal.ledger import settle_all
from handlers.journal.money import ZERO, canonical
from handlers.web.problems import position_too_small
from handlers.web.responses import reply


async def match_executions(document: Any, user: str) -> Response:  # noqa: ARG001 who asks does not matter
    """Settle executions without storing anything."""
    given = models.MatchInput.model_validate(document)
    executions, actions = documents.executions_to_match(given), documents.actions_to_match(given)
    try:
        settlement = settle_all(executions, actions, documents.lot_method_of(given), dust=given.dust_value or ZERO)
    except PositionTooSmall as error:
        index = [execution.execution_id for execution in executions].index(error.execution_id)
        raise position_too_small(canonical(error.is_open), f"/executions/{index}/quantity") from None
    except RuleBroken as error:  # of an action, which the engine names by its id
        ids = [action.action_id for action in actions]
        raise RuleBroken(
            [FieldError(("actions", ids.index(str(one.path[1])), *one.path[2:]), one.fault) for one in error.errors]
        ) from None
    return reply(200, documents.match_document(settlement))
