"""The docs page in a real browser: it is complete, loads nothing from other hosts, and sends requests to the API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from local.stack import Stack
from openapi.docs_page.collection import collection
from openapi.docs_page.reading import Reader
from openapi.generate import ROOT, contract, operations
from tests.e2e.browsers import chromium
from tests.e2e.conftest import PASSWORD, User

# HEAD is told of where GET is.
IDS = [operation["operationId"] for _, method, operation in operations(contract()) if method != "head"]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests here."""
    with chromium() as started:
        yield started


@pytest.fixture
def complaints() -> list[str]:
    """The browser's errors and warnings about the page."""
    return []


@pytest.fixture
def page(browser: Browser, stack: Stack, complaints: list[str]) -> Iterator[Page]:
    """The docs page, with all that it loads and says listened to."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
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
    yield page
    page.close()


def test_the_page_shows_every_operation_and_asks_nothing_of_another_host(page: Page, complaints: list[str]) -> None:
    expect(page).to_have_title("Trading Journal API")
    shown = page.locator("article[data-operation]").evaluate_all("nodes => nodes.map((node) => node.id)")
    assert sorted(shown) == sorted(IDS)
    tags = page.locator("section.tag").evaluate_all("nodes => nodes.map((node) => node.id)")
    assert tags == [f"tag-{tag['name']}" for tag in contract()["tags"]]
    for operation_id in IDS:
        assert page.locator(f"nav a[href='#{operation_id}']").count() == 1
    assert complaints == []


def test_all_text_is_there_without_javascript(browser: Browser, stack: Stack) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{stack.api}/docs")
    expect(page.locator("article[data-operation]")).to_have_count(len(IDS))
    expect(page.locator("#createTrade pre").first).to_contain_text("curl")
    page.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_first_operation_is_on_the_first_screen_and_nothing_is_wider_than_it(
    page: Page, size: dict[str, int]
) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    box = page.locator("article[data-operation] .route").first.bounding_box()
    assert box
    assert box["y"] + box["height"] < size["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def tried(page: Page, operation_id: str, body: object = None, **parameters: str) -> tuple[str, str]:
    """Opens an operation's form, fills it in, sends it; the status and the body of the answer."""
    article = page.locator(f"#{operation_id}")
    if article.locator(".try").get_attribute("aria-expanded") == "false":
        article.locator(".try").click()
    for name, value in parameters.items():
        article.locator(f".form input[name='{name.replace('_', '-')}']").fill(value)
    if body is not None:
        article.locator(".form textarea").fill(json.dumps(body))
    article.locator(".form .send").click()
    answer = article.locator(".form [role=status]")
    status = answer.locator(".status").inner_text(timeout=20_000)
    return status, answer.locator("pre").inner_text()


def test_a_trader_logs_in_creates_a_trade_and_lists_it(
    page: Page, complaints: list[str], new_user: Callable[[], User]
) -> None:
    status, tokens = tried(page, "logIn", {"email": new_user().email, "password": PASSWORD})
    assert status == "200"
    assert json.loads(tokens)["accessToken"]
    # The log-in authorizes by itself, and lasts when the page is loaded again.
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.reload()
    # The form holds the contract's example, and no optional parameter that nobody chose.
    status, created = tried(page, "createTrade")
    assert (status, json.loads(created)["symbol"]) == ("201", "AAPL")
    assert "idempotencyKey" not in json.loads(created)
    trade_id = json.loads(created)["tradeId"]
    status, listed = tried(page, "listTrades", symbol="AAPL", tag="earnings, gap")
    assert (status, json.loads(listed)["items"]) == ("200", [json.loads(created)])
    status, _ = tried(page, "updateTrade", {"stopLoss": "184"}, tradeId=trade_id, If_Match='"1"')
    assert status == "200"
    status, _ = tried(page, "deleteTrade", tradeId=trade_id)
    assert status == "204"
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert complaints == []


def test_an_expired_token_is_forgotten(page: Page) -> None:
    page.evaluate("sessionStorage.token = 'expired'")
    page.reload()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    assert tried(page, "getStats")[0] == "401"
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_on_ones_own_machine_the_demo_login_is_offered(page: Page) -> None:
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Use the demo login").click()
    assert "demo@example.com" in page.locator("#logIn .form textarea").input_value()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(
    page: Page, scheme: Literal["light", "dark"], size: dict[str, int], complaints: list[str]
) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.emulate_media(color_scheme=scheme)
    expect(page.locator("html")).to_have_class("dark" if scheme == "dark" else "")
    for operation_id in ("createTrade", "listTrades", "logIn"):
        page.locator(f"#{operation_id} .try").click()
    assert faults(page) == []
    assert complaints == []


def faults(page: Page) -> list[str]:
    """The accessibility faults that axe finds on the shown page."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{fault['impact']} {fault['id']}: {node['html'][:200]}" for fault in found for node in fault["nodes"]]


def test_the_reader_chooses_dark_or_light_and_the_page_remembers(page: Page, complaints: list[str]) -> None:
    page.get_by_role("button", name="Show the page in dark colors").click()
    expect(page.locator("html")).to_have_class("dark")
    page.reload()
    expect(page.locator("html")).to_have_class("dark")
    page.get_by_role("button", name="Show the page in light colors").click()
    expect(page.locator("html")).to_have_class("")
    assert complaints == []


def test_the_reader_chooses_a_language_once_for_all_samples(page: Page, stack: Stack) -> None:
    page.locator("#createTrade").get_by_role("tab", name="Python").click()
    sample = page.locator("#getStats [role=tabpanel]:not([hidden])")
    expect(sample).to_contain_text("get_stats.sync(")
    expect(sample).to_contain_text(f'AuthenticatedClient("{stack.api}"')
    page.reload()
    expect(page.locator("#getStats [role=tabpanel]:not([hidden])")).to_contain_text("get_stats.sync(")
    page.locator("#createTrade").get_by_role("tab", name="Python").press("ArrowLeft")
    expect(page.locator("#getStats [role=tabpanel]:not([hidden])")).to_contain_text('from "trading-journal-client"')


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("bring back", "restoreTrade"),
        ("/stats/equity-curve", "getEquityCurve"),
        ("changePassword", "changePassword"),
        ("half to even", "guide-numbers"),
        ("closedat realizedpnl commission", "schema-Close"),
        ("dayStartsAt week", "getEquityCurve"),
        ("createSession webStore", "client-typescript"),
    ],
)
def test_operations_paths_fields_and_prose_are_searched(page: Page, words: str, target: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(words)
    expect(page.locator(f"nav li:not([hidden]) a[href='#{target}']")).to_be_visible()
    shown = page.locator("nav li:not([hidden])").count()
    assert 0 < shown < page.locator("nav li").count() / 2
    page.keyboard.press("Escape")
    assert page.locator("nav li:not([hidden])").count() == page.locator("nav li").count()


def test_enter_leads_to_the_best_hit(page: Page) -> None:
    page.locator("#search").fill("close a trade")
    page.locator("#search").press("Enter")
    assert page.url.endswith("#closeTrade")
    expect(page.locator("#closeTrade h3")).to_be_in_viewport()


def test_the_keyboard_reaches_an_operation_and_opens_its_form(page: Page) -> None:
    page.locator("#listTrades .try").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#listTrades .form input").first).to_be_focused()


def test_a_phone_has_the_contents_behind_a_button(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("nav")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.locator("nav a[href='#closeTrade']").click()
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator("#closeTrade h3")).to_be_in_viewport()


@pytest.mark.parametrize("target", ["logIn", "guide-errors", "schema-Trade", "tag-stats"])
def test_operations_sections_and_schemas_have_addresses(browser: Browser, stack: Stack, target: str) -> None:
    fresh = browser.new_page()
    fresh.goto(f"{stack.api}/docs#{target}")
    expect(fresh.locator(f"#{target}")).to_be_in_viewport()
    fresh.close()


def test_the_reader_chooses_an_example_by_name_for_samples_and_form(page: Page, complaints: list[str]) -> None:
    article = page.locator("#closeTrade")
    curl = article.locator("[role=tabpanel]:not([hidden])")
    expect(curl).to_contain_text('"quantity": "40"')
    article.locator(".try").click()
    expect(article.locator(".form textarea")).to_have_value(re.compile('"quantity": "40"'))
    article.get_by_label("Example of closeTrade").select_option(label="All that remains")
    expect(curl).not_to_contain_text("quantity")
    expect(article.locator(".form textarea")).not_to_have_value(re.compile("quantity"))
    article.get_by_role("tab", name="TypeScript").click()
    expect(article.locator("[role=tabpanel]:not([hidden])")).not_to_contain_text("quantity")
    expect(article.locator("[role=tabpanel]:not([hidden])")).to_contain_text(urlsplit(page.url).netloc)
    assert complaints == []


def test_the_collection_is_downloaded_with_this_hosts_address_and_works(
    page: Page, stack: Stack, tmp_path: Path, new_user: Callable[[], User], complaints: list[str]
) -> None:
    page.get_by_role("link", name="collection", exact=True).click()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download the collection").click()
    assert downloading.value.suggested_filename == "trading-journal.postman_collection.json"
    downloading.value.save_as(tmp_path / "collection.json")
    document = json.loads((tmp_path / "collection.json").read_text("utf-8"))
    variable = [{"key": "baseUrl", "value": stack.api}, {"key": "token", "value": ""}]
    assert document == {**collection(Reader(contract()).contract()), "variable": variable}
    folders = {
        folder["name"]: {item["name"]: item["request"] for item in folder["item"]} for folder in document["item"]
    }
    request = folders["trades"]["Record a trade: A long position with a stop and a target"]
    headers = {each["key"]: each["value"] for each in request["header"] if not each.get("disabled")}
    sent = new_user().api.request(
        request["method"],
        request["url"]["raw"].replace("{{baseUrl}}", stack.api),
        content=request["body"]["raw"],
        headers={**headers, "Idempotency-Key": "from-the-collection"},
    )
    assert sent.status_code == 201, sent.text
    assert complaints == []


@pytest.mark.parametrize(
    ("link", "target", "words"),
    [
        ("TypeScript", "client-typescript", "createSession"),
        ("Python", "client-python", "AuthenticatedClient"),
        ("what has changed", "changes", "Added"),
        ("guide", "guide", "Authentication"),
    ],
)
def test_the_first_screen_leads_to_clients_changes_and_guide(page: Page, link: str, target: str, words: str) -> None:
    page.locator(".intro").get_by_role("link", name=link, exact=True).click()
    assert page.url.endswith(f"#{target}")
    expect(page.locator(f"#{target}")).to_be_in_viewport()
    expect(page.locator(f"#{target}")).to_contain_text(words)


def test_the_document_is_shown_as_it_is(page: Page, public: httpx.Client) -> None:
    shown = page.request.get(
        urljoin(page.url, str(page.get_by_role("link", name="document itself").get_attribute("href")))
    )
    assert shown.body() == (ROOT / "openapi" / "openapi.yaml").read_bytes()
    assert public.get("/openapi.yaml").content == shown.body()


def test_the_first_operation_is_shown_within_half_a_second(browser: Browser, stack: Stack) -> None:
    times = []
    for _ in range(5):
        fresh = browser.new_page()
        fresh.goto(f"{stack.api}/docs", wait_until="commit")
        fresh.wait_for_selector("article[data-operation] .route")
        # From the first byte to the first painting: the time of a function that starts is measured elsewhere.
        times.append(
            fresh.evaluate(
                """() => performance.getEntriesByName("first-contentful-paint")[0].startTime
                    - performance.getEntriesByType("navigation")[0].responseStart"""
            )
        )
        fresh.close()
    assert min(times) < 500, times


def test_the_page_travels_in_less_than_100_kilobytes(public: httpx.Client) -> None:
    answer = public.get("/docs", headers={"Accept-Encoding": "gzip, deflate, br, zstd"})  # as Chromium asks for it
    assert answer.headers["content-encoding"] == "br"
    assert answer.num_bytes_downloaded < 100_000
