"""The clients read DynamoDB's answers as botocore does, only quicker."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from zlib import crc32

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from handlers.storage import clients

BYTES = b64encode(b"\x00\xff").decode()
ITEM: dict[str, Any] = {
    "s": {"S": "text"},
    "n": {"N": "1.50"},
    "true": {"BOOL": True},
    "none": {"NULL": True},
    "b": {"B": BYTES},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": [BYTES]},
    "l": {"L": [{"S": "x"}, {"B": BYTES}, {"M": {"in": {"L": []}}}]},
    "m": {"M": {"b": {"B": BYTES}, "l": {"L": [{"N": "3"}]}, "empty": {"M": {}}}},
}
ANSWERS = {
    "get_item": {"Item": ITEM},
    "query": {"Items": [ITEM, {}], "Count": 2, "ScannedCount": 2, "LastEvaluatedKey": {"userId": {"S": "u"}}},
    "batch_get_item": {"Responses": {"trades": [ITEM]}, "UnprocessedKeys": {}},
}
ASKED: dict[str, Any] = {
    "get_item": {"TableName": "trades", "Key": {"userId": {"S": "u"}}},
    "query": {"TableName": "trades"},
    "batch_get_item": {"RequestItems": {"trades": {"Keys": [{"userId": {"S": "u"}}]}}},
}


class Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> list[bytes]:
        return [self._content]


@pytest.mark.parametrize("call", ANSWERS)
def test_an_answer_of_dynamodb_is_read_as_botocore_reads_it(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps(ANSWERS[call]).encode()
    headers = HTTPHeaders()
    headers["Content-Type"] = "application/x-amz-json-1.0"
    headers["x-amz-crc32"] = str(crc32(content))

    def answered(request: Any, **_: Any) -> Any:
        return AWSResponse(request.url, 200, headers, Body(content))

    client = clients.dynamodb()
    client.meta.events.register_first("before-send.dynamodb", answered)
    answer = getattr(client, call)(**ASKED[call])
    monkeypatch.delattr(clients._JSONParser, "_handle_map")
    plain = getattr(client, call)(**ASKED[call])
    for each in (answer, plain):
        each.pop("ResponseMetadata")
    assert answer == plain
    assert answer != ANSWERS[call]  # binary values are bytes
