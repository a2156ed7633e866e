"""The operations on groups of trades: parse, call the use case, reply."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents.groups import group_document
from handlers.operations.paging import Pages
from handlers.usecases import groups
from handlers.usecases.groups import Shown
from handlers.web.contract import base_path
from handlers.web.etags import etag
from handlers.web.etags import if_match as allowed_by
from handlers.web.responses import reply


async def list_groups(user: str, limit: int, next_token: str | None = None) -> Response:
    """List groups, a page at a time."""
    pages = Pages("groups", user)
    last = pages.last_shown(next_token)
    shown, following = groups.page(user, limit=limit, after=None if last is None else last.trade_id)
    answer: dict[str, Any] = {"items": [group_document(each.group, each.trades) for each in shown]}
    if following is not None:
        answer["nextToken"] = pages.token(trade_id=following)
    return reply(200, answer)


async def get_group(group_id: str, user: str) -> Response:
    """Show a group."""
    return reply(200, *_shown(groups.get(user, group_id.lower())))


async def put_group(group_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """Create a group, or replace all of it."""
    group_id = group_id.lower()
    given = models.GroupInput.model_validate(document)
    shown, is_new = groups.put(
        user,
        group_id,
        name=given.name,
        strategy=given.strategy,
        trade_ids=[str(trade_id).lower() for trade_id in given.trade_ids],
        allowed=allowed_by(if_match),
        must_exist=if_match is not None,
    )
    document, headers = _shown(shown)
    if is_new:
        return reply(201, document, {**headers, "Location": f"{base_path()}/groups/{group_id}"})
    return reply(200, document, headers)


async def delete_group(group_id: str, user: str, if_match: str | None = None) -> Response:
    """Delete a group. Its trades are kept."""
    groups.delete(user, group_id.lower(), allowed=allowed_by(if_match))
    return reply(204)


def _shown(shown: Shown) -> tuple[dict[str, Any], dict[str, str]]:
    return group_document(shown.group, shown.trades), {"ETag": etag(shown.group.version)}
