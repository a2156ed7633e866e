"""The one logger: JSON lines that carry the request id. No token, address, note or body is ever passed to it."""

import os

from aws_lambda_powertools import Logger

# What log lines and metrics say they are of: the stack, so that several of them can share an account.
SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "trading-journal")

logger = Logger(service=SERVICE, utc=True)
