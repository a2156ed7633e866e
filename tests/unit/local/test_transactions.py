"""How the embedded AWS knows a transaction that is sent again."""

from __future__ import annotations

import json
from typing import Any

from local.emulator.transactions import _SENT, Signature, digest_of

REQUEST = '{"TransactItems": [{"Put": {"TableName": "t", "Item": {"price": {"N": "1.50"}, "due": {"BOOL": true}}}}]}'


def test_a_request_is_known_by_what_was_sent_however_it_is_changed_meanwhile() -> None:
    sent: dict[str, Any] = json.loads(REQUEST)
    first = digest_of(sent)
    sent["TransactItems"][0]["Put"]["Item"]["price"]["N"] = "1.5"
    _SENT.set(digest_of(json.loads(REQUEST)))
    assert Signature(first) == json.loads(REQUEST)
    _SENT.set(digest_of(sent))
    assert Signature(first) != sent
