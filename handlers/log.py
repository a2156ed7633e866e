"""The one logger: JSON lines that carry the request id. No token, address, note or body is ever passed to it."""

from aws_lambda_powertools import Logger

logger = Logger(service="trading-journal", utc=True)
