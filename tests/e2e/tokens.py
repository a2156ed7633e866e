"""Access tokens that the embedded Cognito has signed, and that are not valid."""

from __future__ import annotations

import base64
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.stack import Stack

AN_HOUR = 3600  # seconds


def expired(stack: Stack, access_token: str) -> str:
    """This access token as it would be had it been issued a while ago: its time has passed, its signature is right."""
    header, claims, _signature = access_token.split(".")
    given = json.loads(_decoded(claims))
    then = int(time.time()) - AN_HOUR
    past = {**given, "iat": then, "auth_time": then, "exp": then + AN_HOUR // 4}
    signed = f"{header}.{_encoded(json.dumps(past).encode())}"
    pool = stack.outputs["UserPoolId"]
    pem = (stack.aws.folder / "state" / "cognito-pool-keys" / f"{pool}-access.pem").read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return f"{signed}.{_encoded(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
