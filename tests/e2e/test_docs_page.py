"""The docs page in a real browser: it renders, asks nothing of another host, and tries the API out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Literal
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from local.stack import Stack
from openapi.generate import contract, operations
from tests.e2e.browsers import chromium
from tests.e2e.conftest import PASSWORD, User


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    with chromium() as started:
        yield started


@pytest.fixture
def complaints() -> list[str]:
    """What the browser had to say against the page."""
    return []


@pytest.fixture
def page(browser: Browser, stack: Stack, complaints: list[str]) -> Iterator[Page]:
    """The docs page, with all that it loads and says listened to."""
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    host = urlsplit(stack.api).netloc
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    page.on(
        "request",
        lambda request: None if urlsplit(request.url).netloc in (host, "") else complaints.append(request.url),
    )
    page.goto(f"{stack.api}/docs")
    expect(page.locator(".opblock").first).to_be_visible(timeout=20_000)
    yield page
    page.close()


def test_the_page_shows_every_operation_and_asks_nothing_of_another_host(page: Page, complaints: list[str]) -> None:
    expect(page.locator("h1.title, h2.title").first).to_contain_text("Trading Journal API")
    expect(page.locator(".opblock")).to_have_count(len(list(operations(contract()))))
    assert complaints == []


def tried_out(page: Page, operation_id: str, body: object = None) -> tuple[str, str]:
    """Opens an operation, fills in its body, executes it; the status and the body of the answer."""
    operation = page.locator(f"[id$='-{operation_id}'].opblock")
    operation.locator("button.opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    if body is not None:
        operation.locator("textarea.body-param__text").fill(json.dumps(body))
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    status = answer.locator("tbody .response-col_status").first.inner_text(timeout=20_000)
    text = answer.locator("tbody .highlight-code code").first.inner_text()
    operation.locator("button.opblock-summary-control").click()
    return status.split()[0], text


def test_a_trader_logs_in_creates_a_trade_and_lists_it_through_try_it_out(
    page: Page, complaints: list[str], new_user: Callable[[], User]
) -> None:
    status, tokens = tried_out(page, "logIn", {"email": new_user().email, "password": PASSWORD})
    assert status == "200"
    page.locator("button.authorize").first.click()
    page.locator(".auth-container input").fill(json.loads(tokens)["accessToken"])
    page.locator(".auth-btn-wrapper button.authorize").click()
    page.locator(".auth-btn-wrapper button.btn-done").click()
    # The form holds the contract's example, and no optional parameter that nobody chose.
    status, created = tried_out(page, "createTrade")
    assert (status, json.loads(created)["symbol"]) == ("201", "AAPL")
    assert "idempotencyKey" not in json.loads(created)
    status, listed = tried_out(page, "listTrades")
    assert (status, json.loads(listed)["items"]) == ("200", [json.loads(created)])
    assert complaints == []


def opened(page: Page, operation_id: str) -> Locator:
    """The operation, opened."""
    operation = page.locator(f"[id$='-{operation_id}'].opblock")
    operation.locator("button.opblock-summary-control").click()
    expect(operation.locator(".opblock-body")).to_be_visible()
    return operation


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(page: Page, scheme: Literal["light", "dark"], complaints: list[str]) -> None:
    page.emulate_media(color_scheme=scheme)
    expect(page.locator("html")).to_have_class("dark-mode" if scheme == "dark" else re.compile("^$"))
    page.locator("button.authorize").first.click()
    expect(page.locator(".auth-container input")).to_be_visible()
    assert serious_faults(page) == []
    page.locator(".close-modal").click()
    for operation_id in ("createTrade", "listTrades"):
        opened(page, operation_id).get_by_role("button", name="Try it out").click()
    opened(page, "deleteTrade")
    assert serious_faults(page) == []
    assert complaints == []


def serious_faults(page: Page) -> list[str]:
    """What axe has against the page as it is shown."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def test_the_reader_chooses_dark_or_light_and_the_page_remembers(page: Page, complaints: list[str]) -> None:
    page.get_by_role("button", name="Show the page in dark colors").click()
    expect(page.locator("html")).to_have_class("dark-mode")
    page.reload()
    expect(page.locator("html")).to_have_class("dark-mode")
    page.get_by_role("button", name="Show the page in light colors").click()
    expect(page.locator("html")).to_have_class("")
    assert complaints == []


def test_the_tags_are_searched(page: Page) -> None:
    page.get_by_placeholder("Filter by tag").fill("acc")
    wanted = [op["operationId"] for _, _, op in operations(contract()) if op["tags"] == ["account"]]
    expect(page.locator(".opblock")).to_have_count(len(wanted))
    for operation_id in wanted:
        expect(page.locator(f"#operations-account-{operation_id}")).to_be_visible()


def test_the_keyboard_opens_an_operation_and_its_address_is_shown(page: Page) -> None:
    page.locator("button.authorize").first.focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.closest('.opblock')?.id")
        if focused == "operations-trades-listTrades":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#operations-trades-listTrades.is-open")).to_be_visible()
    assert page.url.endswith("#/trades/listTrades")


def test_the_page_travels_in_less_than_600_kilobytes(public: httpx.Client) -> None:
    answer = public.get("/docs", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.num_bytes_downloaded < 600_000


def test_an_operation_has_an_address_of_its_own(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.api}/docs#/auth/logIn")
    page.reload()
    expect(page.locator("#operations-auth-logIn.is-open")).to_be_visible(timeout=20_000)
