"""Patch of the connection data that ministack sees."""

from typing import Any

from local.emulator.patching import Patch, put, take

PIN = "ministack.app:pin_request_origin"


def _apply() -> None:
    pin = take(PIN)

    def pin_as_secure(source_ip: str, _secure: bool) -> Any:
        return pin(source_ip, True)

    put(PIN, pin_as_secure)


PATCHES = [
    Patch(
        "loopback counts as TLS",
        ministack="reports aws:SecureTransport false, so a bucket policy that demands TLS denies everything",
        aws="is reached by TLS",
        needs=(PIN,),
        apply=_apply,
    )
]
