import pytest

from local.emulator.front import refusal_at_aws_port

PORT = 4566
HOST = {"host": "127.0.0.1:4566"}
SIGNED_BY_A_ROLE = b"X-Amz-Credential=ASIAEXAMPLE%2F20260302%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=0"
SIGNED_BY_ROOT = SIGNED_BY_A_ROLE.replace(b"ASIAEXAMPLE", b"test")
FRONT_END = {"origin": "http://localhost:5173"}


@pytest.mark.parametrize(
    ("method", "path", "query", "headers"),
    [
        ("POST", "/", b"", {}),
        ("POST", "/", b"", {"sec-fetch-site": "none"}),
        ("POST", "/", b"", {"origin": "http://127.0.0.1:4566"}),
        ("GET", "/_aws/execute-api/abc/v1/trades", b"", FRONT_END),
        ("OPTIONS", "/uploads/key", b"", FRONT_END),
        ("POST", "/uploads", b"", {**FRONT_END, "content-type": "multipart/form-data; boundary=x"}),
        ("GET", "/uploads/key", SIGNED_BY_A_ROLE, FRONT_END),
        ("GET", "/uploads/key", SIGNED_BY_A_ROLE, {"sec-fetch-site": "cross-site"}),
    ],
)
def test_tools_and_presigned_files_pass(method: str, path: str, query: bytes, headers: dict[str, str]) -> None:
    assert refusal_at_aws_port(method, path, query, {**HOST, **headers}, PORT) is None


@pytest.mark.parametrize(
    ("method", "path", "query", "headers"),
    [
        ("GET", "/", b"", {"host": "evil.example:4566"}),
        ("GET", "/", b"", {"host": "127.0.0.1"}),
        ("POST", "/", b"", {"origin": "https://evil.example"}),
        ("POST", "/", b"", {"origin": "null"}),
        ("POST", "/", b"", FRONT_END),
        ("GET", "/", b"Action=ListUsers", {"sec-fetch-site": "cross-site"}),
        ("GET", "/_ministack/ses/messages", b"", FRONT_END),
        ("GET", "/uploads/key", SIGNED_BY_ROOT, FRONT_END),
        ("GET", "/uploads/key", SIGNED_BY_A_ROLE, {"origin": "https://evil.example"}),
        ("POST", "/uploads", b"X-Amz-Credential=test", {**FRONT_END, "content-type": "multipart/form-data"}),
    ],
)
def test_web_pages_are_refused(method: str, path: str, query: bytes, headers: dict[str, str]) -> None:
    assert refusal_at_aws_port(method, path, query, {**HOST, **headers}, PORT) is not None
