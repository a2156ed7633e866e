"""Creates users for `make story` and `make fuzz` in the pool of a stack on AWS, with the operator's credentials."""

from __future__ import annotations

import uuid
from typing import Any


def make_user(cognito: Any, pool: str, name: str) -> tuple[str, str]:
    """Create a user with a confirmed address. Returns address and password. No mail is sent, since nobody reads it."""
    email, password = f"{name}-{uuid.uuid4().hex}@example.com", f"Made-{uuid.uuid4().hex}-up!"
    verified = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    cognito.admin_create_user(UserPoolId=pool, Username=email, UserAttributes=verified, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)
    return email, password
