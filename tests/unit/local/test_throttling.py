"""The requests that the routes' limits admit."""

from __future__ import annotations

from local.emulator.throttling import Throttle

STAGE = {
    "stageName": "v1",
    "defaultRouteSettings": {"ThrottlingRateLimit": "2", "ThrottlingBurstLimit": 3},
    "routeSettings": {"POST /auth/login": {"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 1}},
}


class Clock:
    def __init__(self) -> None:
        self.now = 10.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_goes_through_and_then_what_the_rate_allows() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert [throttle.takes("api", STAGE, "GET /trades") for _ in range(4)] == [True, True, True, False]
    clock.now += 0.5
    assert [throttle.takes("api", STAGE, "GET /trades") for _ in range(2)] == [True, False]
    clock.now += 60
    assert [throttle.takes("api", STAGE, "GET /trades") for _ in range(4)] == [True, True, True, False]


def test_a_route_with_settings_of_its_own_has_a_bucket_of_its_own() -> None:
    throttle = Throttle(Clock())
    assert [throttle.takes("api", STAGE, "POST /auth/login") for _ in range(2)] == [True, False]
    assert [throttle.takes("api", STAGE, route) for route in ("GET /trades", "GET /stats", "GET /trades")] == [True] * 3
    assert not throttle.takes("api", STAGE, "GET /stats")
    assert throttle.takes("another", STAGE, "GET /stats")


def test_a_stage_without_limits_takes_everything() -> None:
    throttle = Throttle(Clock())
    assert all(throttle.takes("api", {"stageName": "v1", "defaultRouteSettings": {}}, "GET /") for _ in range(1000))
