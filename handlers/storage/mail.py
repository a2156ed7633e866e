"""Mails by the operator's own sender in SES, where there is one. Codes are mailed by Cognito, not from here."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from handlers import deadline
from handlers.log import logger
from handlers.storage.clients import new_client
from handlers.storage.errors import StorageError, Unavailable

# Two attempts with the wait between them take no longer, in seconds.
_LONGEST = 9
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=1, read_timeout=3)


def is_set_up() -> bool:
    """Whether the operator has given a sender."""
    return bool(os.environ.get("MAIL_FROM"))


@cache
def ses() -> Any:
    """The client for SES, in the region of the sender's identity: Cognito takes one of another region too."""
    region = os.environ["MAIL_IDENTITY_ARN"].split(":")[3]
    return new_client("ses", _CONFIG, region)


def tell(address: str, subject: str, text: str) -> None:
    """Mail a text, if it can be done: what it tells of has happened, and does not fail because nobody hears of it."""
    try:
        if deadline.seconds_left() < _LONGEST:
            raise Unavailable("no time is left for a mail")
        ses().send_email(
            Source=os.environ["MAIL_FROM"],
            Destination={"ToAddresses": [address]},
            Message={
                "Subject": {"Data": subject, "Charset": "UTF-8"},
                "Body": {"Text": {"Data": text, "Charset": "UTF-8"}},
            },
        )
    except (StorageError, ClientError) as error:
        logger.error("a mail to a user could not be sent", exc_info=error)
