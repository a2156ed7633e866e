"""The operations on groups of trades: parse, call the use case, reply."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents.groups import group_document
from handlers.storage import page_tokens
from handlers.storage.errors import BadPageToken
from handlers.storage.trade_queries import ListPosition, TradeFilter
from handlers.usecases import groups
from handlers.usecases.groups import Shown
from handlers.web.contract import base_path
from handlers.web.etags import etag
from handlers.web.etags import if_match as allowed_by
from handlers.web.responses import reply

# The name and the filters with which page tokens of this list are sealed. The list has no filters.
_LIST, _ALL = "groups", TradeFilter()


async def list_groups(user: str, limit: int, next_token: str | None = None) -> Response:
    """List groups, a page at a time."""
    secret = page_tokens.signing_secret()
    after = None
    if next_token is not None:
        position = page_tokens.open_token(next_token, user_id=user, wanted=_ALL, newest_first=False, secret=secret)
        if position.index != _LIST:
            raise BadPageToken("The position lies in another list.")
        after = position.trade_id
    shown, following = groups.page(user, limit=limit, after=after)
    answer: dict[str, Any] = {"items": [group_document(each.group, each.trades) for each in shown]}
    if following is not None:
        position = ListPosition(index=_LIST, sort_key="", trade_id=following)
        answer["nextToken"] = page_tokens.seal(position, user_id=user, wanted=_ALL, newest_first=False, secret=secret)
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
