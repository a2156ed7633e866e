"""Lists that are answered a page at a time: the tokens that continue them."""

from __future__ import annotations

from handlers.storage import page_tokens
from handlers.storage.errors import BadPageToken
from handlers.storage.trade_queries import ListPosition, TradeFilter


class Pages:
    """The pages of a list for a user, with the filters and the order that were asked for.

    name: tells the list from the user's other lists, whose tokens are refused here.
    """

    def __init__(self, name: str, user: str, wanted: TradeFilter | None = None, *, newest_first: bool = False) -> None:
        self._name = name
        self._user = user
        self._wanted = wanted or TradeFilter()
        self._newest_first = newest_first

    def last_shown(self, token: str | None) -> ListPosition | None:
        """What the page before ended with, by its token; None for the first page. Raises BadPageToken."""
        if token is None:
            return None
        position = page_tokens.open_token(
            token,
            user_id=self._user,
            wanted=self._wanted,
            newest_first=self._newest_first,
            secret=page_tokens.signing_secret(),
        )
        if position.index != self._name:
            raise BadPageToken("The position lies in another list.")
        return position

    def token(self, *, sort_key: str = "", trade_id: str = "") -> str:
        """The token of the page that begins behind this position."""
        return page_tokens.seal(
            ListPosition(index=self._name, sort_key=sort_key, trade_id=trade_id),
            user_id=self._user,
            wanted=self._wanted,
            newest_first=self._newest_first,
            secret=page_tokens.signing_secret(),
        )
