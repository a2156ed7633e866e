"""The throttling of an HTTP API's routes: a token bucket for each, with the route's rate and burst.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


class Throttle:
    """Decides whether requests pass. Routes without settings of their own share the stage's bucket."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}  # tokens, and when they were counted

    def takes(self, api_id: str, stage: Json, route_key: str) -> bool:
        """Whether a request is within the limits; if so, take a token. `stage` is as ministack stores it."""
        own = (stage.get("routeSettings") or {}).get(route_key)
        limits = own or stage.get("defaultRouteSettings") or {}
        rate, burst = limits.get("ThrottlingRateLimit"), limits.get("ThrottlingBurstLimit")
        if rate is None or burst is None:
            return True
        bucket = (api_id, stage["stageName"], route_key if own else "")
        now = self._clock()
        tokens, counted = self._buckets.get(bucket, (float(burst), now))
        tokens = min(float(burst), tokens + (now - counted) * float(rate))
        is_within = tokens >= 1
        self._buckets[bucket] = (tokens - 1 if is_within else tokens, now)
        return is_within
