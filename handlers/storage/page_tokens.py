"""Opaque page tokens: a position in a list, sealed for one user and one list.

A token is the urlsafe base64 of an HMAC-SHA256 and the position. The HMAC covers the user, the filters and the order
too, so a token opens for nothing but the list that it continues. The limit may change from page to page.
"""

import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, astuple
from functools import cache

from handlers.storage.clients import secrets
from handlers.storage.errors import BadPageToken
from handlers.storage.trade_queries import ListPosition, TradeFilter

_LONGEST = 4096
_MAC_BYTES = hashlib.sha256().digest_size


@cache
def signing_secret() -> bytes:
    """The secret that seals the tokens, read from Secrets Manager once per process."""
    return secrets().get_secret_value(SecretId=os.environ["PAGE_TOKEN_SECRET_ARN"])["SecretString"].encode()


def seal(position: ListPosition, *, user_id: str, wanted: TradeFilter, newest_first: bool, secret: bytes) -> str:
    """The token with which this user's next request continues this list."""
    content = json.dumps(astuple(position), separators=(",", ":")).encode()
    return _encoded(_mac(content, user_id, wanted, newest_first, secret) + content)


def open_token(token: str, *, user_id: str, wanted: TradeFilter, newest_first: bool, secret: bytes) -> ListPosition:
    """The position in the token. Raises BadPageToken for whatever `seal` did not make for this user and this list."""
    sealed = _decoded(token)
    mac, content = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(content, user_id, wanted, newest_first, secret)):
        raise BadPageToken("The token was not made for this list.")
    index, sort_key, trade_id = json.loads(content)
    return ListPosition(index=index, sort_key=sort_key, trade_id=trade_id)


def _mac(content: bytes, user_id: str, wanted: TradeFilter, newest_first: bool, secret: bytes) -> bytes:
    filters = asdict(wanted) | {"tags": sorted(wanted.tags)}
    of_the_list = json.dumps([user_id, newest_first, filters], default=str, sort_keys=True).encode()
    return hmac.digest(secret, hashlib.sha256(of_the_list).digest() + content, "sha256")


def _encoded(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def _decoded(token: str) -> bytes:
    if len(token) > _LONGEST:
        raise BadPageToken("The token is too long.")
    try:
        sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError as error:
        raise BadPageToken("The token is not base64.") from error
    # Base64 has several spellings of the same bytes; only one of them was handed out.
    if _encoded(sealed) != token:
        raise BadPageToken("The token is not spelled as it was given.")
    return sealed
