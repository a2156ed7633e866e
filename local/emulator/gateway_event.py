"""How an HTTP API calls Lambda: builds the event (payload format 2.0), and converts the result to an HTTP answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import binascii
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Answer = tuple[int, dict[str, Any], bytes]

TEXT_TYPES = ("application/json", "application/xml", "application/javascript")


@dataclass(frozen=True)
class Call:
    """One request to an HTTP API, with its route and its authorizer's result once they are known."""

    api_id: str
    account_id: str
    stage: str
    method: str
    path: str  # without the stage
    headers: dict[str, str]  # lower-case names, duplicates joined
    route_key: str = ""
    body: bytes = b""
    raw_query: str = ""
    query: dict[str, list[str]] = field(default_factory=dict)
    path_parameters: dict[str, str] = field(default_factory=dict)
    stage_variables: dict[str, str] = field(default_factory=dict)
    authorizer: Json | None = None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


def event(call: Call) -> Json:
    # AWS puts a named stage in front of the path, here and in requestContext.http; "$default" is not shown.
    path = call.path if call.stage == "$default" else f"/{call.stage}{call.path}"
    headers = dict(call.headers)
    cookies = [part.strip() for part in headers.pop("cookie", "").split(";") if part.strip()]
    now = time.time()
    context: Json = {
        "accountId": call.account_id,
        "apiId": call.api_id,
        "domainName": f"{call.api_id}.execute-api.localhost",
        "domainPrefix": call.api_id,
        "http": {
            "method": call.method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": call.request_id,
        "routeKey": call.route_key,
        "stage": call.stage,
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }
    if call.authorizer is not None:
        context["authorizer"] = call.authorizer
    made: Json = {
        "version": "2.0",
        "routeKey": call.route_key,
        "rawPath": path,
        "rawQueryString": call.raw_query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    # Empty values are left out, not null.
    optional = {
        "cookies": cookies,
        "queryStringParameters": {name: ",".join(values) for name, values in call.query.items()},
        "pathParameters": call.path_parameters,
        "stageVariables": call.stage_variables,
    }
    made.update({name: value for name, value in optional.items() if value})
    if call.body:
        made["isBase64Encoded"] = not _is_text(headers.get("content-type", ""))
        made["body"] = (
            base64.b64encode(call.body).decode()
            if made["isBase64Encoded"]
            else call.body.decode("utf-8", errors="replace")
        )
    return made


def _is_text(content_type: str) -> bool:
    media_type = content_type.split(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in TEXT_TYPES


def message(status: int, text: str) -> Answer:
    """An answer of API Gateway itself."""
    return status, {"Content-Type": "application/json"}, json.dumps({"message": text}).encode()


def answer(result: Json) -> Answer:
    """The answer for a Lambda result. Like AWS's, it does not show an error's text."""
    if result.get("throttle"):
        return message(503, "Service Unavailable")
    # Also for the function's own timeout. 503 is for integrations that exceed the gateway's timeout.
    if result.get("error"):
        return message(500, "Internal Server Error")
    payload = _parsed(result.get("body"))
    if not (isinstance(payload, dict) and "statusCode" in payload):
        # Format 2.0 lets a function return a bare value: 200 with that value as JSON.
        text = payload if isinstance(payload, str) else json.dumps(payload)
        return 200, {"Content-Type": "application/json"}, text.encode()
    try:
        return _shaped(payload)
    except (TypeError, ValueError, AttributeError, binascii.Error):
        return message(500, "Internal Server Error")


def _parsed(body: Any) -> Any:
    if isinstance(body, bytes):
        body = body.decode("utf-8", errors="replace")
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return body


def _shaped(payload: Json) -> Answer:
    status = int(payload["statusCode"])
    headers: dict[str, Any] = {}
    for name, value in (payload.get("headers") or {}).items():
        headers[str(name).lower()] = value if isinstance(value, str) else json.dumps(value)
    headers.setdefault("content-type", "text/plain;charset=UTF-8")
    if payload.get("cookies"):
        headers["set-cookie"] = list(payload["cookies"])  # one header line each
    body = payload.get("body") or ""
    if not isinstance(body, str):
        raise TypeError(body)
    return status, headers, base64.b64decode(body, validate=True) if payload.get("isBase64Encoded") else body.encode()
