"""Proofs that a call of the user pool comes from this API, which the pool's guard asks for.

Two of Cognito's own operations are open to others, and would take what this API does not: SignUp, from everybody who
knows the client's id, a password of choice; UpdateUserAttributes, from whoever holds an access token, another address
without the password. The guard refuses both unless they bring a proof: only the functions that ask for them know its
secret.
"""

from __future__ import annotations

import hmac
import os
from functools import cache

from handlers.storage.clients import secrets

# The name of the proof in what is given to Cognito for its triggers.
NAME = "proof"


@cache
def guard_secret() -> bytes:
    """The secret that makes the proofs, read from Secrets Manager once per process. Raises Unavailable."""
    return secrets().get_secret_value(SecretId=os.environ["GUARD_SECRET_ARN"])["SecretString"].encode()


def of_sign_up(email: str) -> str:
    """The proof for a sign-up of this address alone. Raises Unavailable."""
    return _proof("sign-up", email.lower())


def of_address_change(user_id: str) -> str:
    """The proof for a change of this user's address alone. Raises Unavailable."""
    return _proof("address", user_id)


def is_equal(proof: str, expected: str) -> bool:
    """Whether the proof is the expected one, in a time that tells nothing."""
    return hmac.compare_digest(proof.encode(errors="replace"), expected.encode())


def _proof(purpose: str, subject: str) -> str:
    return hmac.digest(guard_secret(), f"{purpose} of {subject}".encode(errors="replace"), "sha256").hex()
