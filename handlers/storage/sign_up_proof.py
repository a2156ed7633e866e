"""The proof that a sign-up comes from this API, which the pool's guard asks for.

Cognito's own SignUp is open to everybody who knows the client's id, with a password of choice. The guard refuses those:
only signUp, which gives a random password, knows the secret from which a proof is made.
"""

from __future__ import annotations

import hmac
import os
from functools import cache

from handlers.storage.clients import secrets

# The name of the proof among Cognito's ValidationData.
NAME = "proof"
# What the guard says where it cannot tell: the same sign-up may be right a moment later.
NOT_NOW = "not now"


@cache
def sign_up_secret() -> bytes:
    """The secret that makes the proofs, read from Secrets Manager once per process. Raises Unavailable."""
    return secrets().get_secret_value(SecretId=os.environ["SIGN_UP_SECRET_ARN"])["SecretString"].encode()


def proof_for(email: str) -> str:
    """The proof for a sign-up of this address alone. Raises Unavailable."""
    return hmac.digest(sign_up_secret(), b"sign-up of " + email.lower().encode(), "sha256").hex()


def proves(proof: str, email: str) -> bool:
    """Whether the proof is that for a sign-up of this address. Raises Unavailable."""
    return hmac.compare_digest(proof.encode(errors="replace"), proof_for(email).encode())
