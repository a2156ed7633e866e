"""The example front end in a real browser, against the deployed stack: from sign-up to erasure, as a trader goes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from local import web
from local.stack import Stack
from openapi.generate import contract
from tests.e2e.browsers import chromium
from tests.e2e.conftest import PASSWORD, User
from tests.e2e.tokens import expired
from tests.pictures import png

FRONT_END = "http://localhost:3000"  # of AllowedOrigins, by default
NEXT_PASSWORD = "Pullback-2026!"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# What the browser writes for itself when the API refuses a request, which a person may well cause.
REFUSAL = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
WAIT = 20_000  # milliseconds; a function that is called for the first time starts a process


@pytest.fixture(scope="module")
def browser(stack: Stack) -> Iterator[Browser]:
    """One browser for all tests here, in which the front end's origin is the server that is started here."""
    with web.running(web.server(0, stack.api, stack.endpoint)) as pages:
        rule = f"MAP {urlsplit(FRONT_END).netloc} 127.0.0.1:{pages.server_port}"
        with chromium(f"--host-resolver-rules={rule}") as started:
            yield started


@pytest.fixture
def complaints() -> list[str]:
    """The browser's errors and warnings about the pages."""
    return []


@pytest.fixture
def page(browser: Browser, stack: Stack, complaints: list[str]) -> Iterator[Page]:
    """A page in New York, with all that it loads and says listened to."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="America/New_York")
    context.set_default_timeout(WAIT)
    page = context.new_page()
    known = {urlsplit(address).netloc for address in (FRONT_END, stack.api, stack.endpoint)}

    def said(text: str, kind: str) -> None:
        if kind in ("error", "warning") and not REFUSAL.match(text):
            complaints.append(text)

    page.on("console", lambda message: said(message.text, message.type))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: None if urlsplit(request.url).netloc in known else complaints.append(request.url),
    )
    page.goto(FRONT_END)
    yield page
    context.close()
    assert complaints == []


def heading(page: Page, text: str) -> None:
    """Wait for the view of this title."""
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(text), timeout=WAIT)


def faults(page: Page) -> list[str]:
    """The accessibility faults that axe finds on the shown page."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{fault['impact']} {fault['id']}: {node['html'][:200]}" for fault in found for node in fault["nodes"]]


def log_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    heading(page, "Dashboard")


def entered(page: Page, user: User) -> None:
    """Log in as a user who exists."""
    log_in(page, user.email)


def trade(user: User, days_ago: int, **given: Any) -> Any:
    """Record a trade through the API, without the page."""
    opened = datetime.now(UTC) - timedelta(days=days_ago)
    document = {
        "symbol": "AAPL",
        "side": "BUY",
        "quantity": "100",
        "entryPrice": "185.25",
        "openDate": opened.isoformat(),
    }
    answer = user.api.post("/trades", json={**document, **given})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_trader_goes_from_sign_up_to_erasure(page: Page, stack: Stack, tmp_path: Path) -> None:
    email = f"trader-{uuid.uuid4().hex[:12]}@example.com"
    heading(page, "Log in")
    page.get_by_role("link", name="Sign up").click()
    heading(page, "Sign up")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Mail me a code").click()
    # The mailed code sets the password; a weak one is refused at its field.
    page.get_by_label("Code").wait_for()
    page.get_by_label("Code").fill(f" {stack.confirmation_code(email)} ")
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_label("New password")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("New password")).to_be_focused()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    heading(page, "Dashboard")
    expect(page.get_by_text("there is none yet")).to_be_visible()

    # A trade with a mistake, which is told at its fields, and then without.
    page.get_by_role("link", name="Add a trade").first.click()
    heading(page, "Add a trade")
    page.get_by_label("Symbol").fill("MSFT")
    page.get_by_label("Quantity").fill("1,5")
    page.get_by_label("Entry price").fill("410.10")
    page.get_by_label("Stop loss").fill("four hundred")
    page.get_by_role("button", name="Record the trade").click()
    expect(page.get_by_label("Stop loss")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Quantity")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Quantity")).to_have_accessible_description(re.compile("."))
    expect(page.get_by_label("Symbol")).not_to_have_attribute("aria-invalid", "true")
    page.get_by_label("Quantity").fill("1.500000000000000001")
    page.get_by_label("Stop loss").fill("400")
    page.get_by_label("Tags").fill("earnings, gap")
    page.get_by_role("button", name="Record the trade").click()
    heading(page, "^MSFT")
    # A float would have lost the last digit.
    expect(page.get_by_text("1.500000000000000001").first).to_be_visible()

    # A part of it, then the rest.
    page.get_by_label("Quantity").first.fill("0.5")
    page.get_by_role("textbox", name="Price", exact=True).fill("415.1")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator(".status")).to_have_text("Partial")
    page.get_by_role("textbox", name="Price", exact=True).fill("420.1")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator(".status")).to_have_text("Closed")

    attach_an_image(page, tmp_path)

    # What was closed a moment ago is counted at once.
    page.get_by_role("link", name="Dashboard").click()
    expect(page.locator(".tile").filter(has_text="Net P&L")).to_contain_text("12.5")

    change_the_password(page, email)
    forget_the_password(page, stack, email)

    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Erase my account").click()
    page.get_by_role("button", name="Erase everything").click()
    heading(page, "Log in")
    expect(page.locator("#notice")).to_have_text("The account is being erased.")
    assert page.evaluate("Object.keys(sessionStorage)") == []


def attach_an_image(page: Page, folder: Path) -> None:
    """A file that is none is refused with the reason; a picture goes to the bucket and is shown from there."""
    text = folder / "chart.png"
    text.write_text("no picture")
    page.get_by_label("Attach an image").set_input_files(text)
    expect(page.get_by_text("Rejected.")).to_be_visible(timeout=WAIT)
    text.write_bytes(png())
    page.get_by_label("Attach an image").set_input_files(text)
    picture = page.get_by_role("img", name="Image 2 of the trade in MSFT")
    expect(picture).to_be_visible(timeout=WAIT)
    page.wait_for_timeout(200)
    assert picture.evaluate("image => [image.complete, image.naturalWidth]") == [True, 1]


def change_the_password(page: Page, email: str) -> None:
    page.get_by_role("link", name="Account").click()
    heading(page, "Account")
    expect(page.get_by_text(email)).to_be_visible()
    page.get_by_label("Present password").fill("Wrong-password-1!")
    page.get_by_label("New password").fill(NEXT_PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_label("Present password")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    heading(page, "Log in")
    log_in(page, email, NEXT_PASSWORD)


def forget_the_password(page: Page, stack: Stack, email: str) -> None:
    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Log out").click()
    heading(page, "Log in")
    page.get_by_role("link", name="Forgot your password?").click()
    heading(page, "A new password")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Mail me a code").click()
    page.get_by_label("Code").wait_for()
    page.get_by_label("Code").fill(stack.confirmation_code(email))
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    heading(page, "Dashboard")


@pytest.fixture(scope="module")
def journal(new_user: Callable[[], User]) -> User:
    """A user with sixty closed trades on three days, and one that is open."""
    user = new_user()
    items = []
    # An hour that is no other day in the journal's time zone, whatever the hour of the test is.
    afternoon = datetime.now(UTC).replace(hour=17, minute=0)
    for number in range(60):
        at = (afternoon - timedelta(days=3 + number % 3, minutes=number)).isoformat()
        symbol, price = ("AAPL", "186.25") if number % 2 else ("TSLA", "184")
        items.append(
            {
                "trade": {
                    "symbol": symbol,
                    "side": "BUY",
                    "quantity": "10",
                    "entryPrice": "185.25",
                    "openDate": at,
                    "exitPrice": price,
                    "closeDate": at,
                    "tags": ["gap"] if number % 4 else [],
                }
            }
        )
    assert user.api.post("/trades/bulk", json={"items": items}).status_code == 200
    trade(user, 1)
    for _ in range(100):
        if user.api.get("/stats").json()["tradeCount"] == 60:
            return user
    pytest.fail("the statistics did not follow")


def test_the_dashboard_leads_to_the_trades_of_a_day(page: Page, journal: User) -> None:
    entered(page, journal)
    expect(page.locator(".tile").filter(has_text="Trades")).to_contain_text("60")
    expect(page.get_by_role("img", name=re.compile(r"^Equity from .* \u221275 at the end$"))).to_be_visible()
    page.get_by_text("As a table").click()
    expect(page.get_by_role("region", name="Equity by day").locator("tbody tr")).to_have_count(3)
    by = page.get_by_label("By", exact=True)
    offered = by.locator("option").evaluate_all("options => options.map((each) => each.value)")
    assert offered == contract()["components"]["schemas"]["Attribute"]["enum"]
    for attribute, value in (("TAG", "gap"), ("CLOSE_WEEKDAY", "DAY"), ("SYMBOL", "TSLA")):
        by.select_option(attribute)
        expect(page.locator("table").last).to_contain_text(value)
    expect(page.locator(".calendar a")).not_to_have_count(0)
    day = page.locator(".calendar a").first
    date = str(day.get_attribute("href"))[-10:]
    day.click()
    heading(page, "Trades")
    expect(page.get_by_text(re.compile(rf"^20 trades.*{date}"))).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(20)
    page.go_back()
    heading(page, "Dashboard")
    page.get_by_role("button", name="The month before").click()
    expect(page.get_by_role("button", name="The month before")).to_be_focused()


def test_the_list_grows_as_the_reader_scrolls_and_filters_live_in_the_address(page: Page, journal: User) -> None:
    entered(page, journal)
    page.get_by_role("link", name="Trades", exact=True).click()
    expect(page.get_by_text(re.compile("^61 trades"))).to_be_visible()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(25)
    for count in (50, 61):
        page.mouse.wheel(0, 10_000)
        expect(rows).to_have_count(count, timeout=WAIT)
    expect(page.get_by_role("button", name="More trades")).to_be_hidden()
    symbols = rows.evaluate_all("rows => rows.map((row) => row.cells[3].textContent)")
    assert symbols == sorted(symbols, reverse=True)

    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Symbol").fill("tsla")
    page.get_by_label("Tag").fill("gap")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text(re.compile("^15 trades"))).to_be_visible()
    assert page.url.endswith("#/trades?symbol=tsla&tag=gap")
    page.reload()
    expect(page.get_by_text(re.compile("^15 trades"))).to_be_visible()
    expect(rows).to_have_count(15)
    # Half a range is refused at the field that is missing.
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Closed from").fill("2026-01-01")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("form .error:not(:empty)").last).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    expect(page.get_by_text(re.compile("^61 trades"))).to_be_visible()


@pytest.mark.parametrize(
    ("button", "stop", "target"),
    [
        ("Save what is chosen", "184.5", "200"),
        ("Overwrite with all of mine", "184.5", "195"),
        ("Keep what is stored", "183", "200"),
    ],
)
def test_a_person_decides_what_is_kept_when_somebody_else_was_faster(
    page: Page, journal: User, button: str, stop: str, target: str
) -> None:
    made = trade(journal, 1, symbol="NVDA", stopLoss="180", takeProfit="190")
    address = f"/trades/{made['tradeId']}"
    entered(page, journal)
    page.goto(f"{FRONT_END}/#/trade/{made['tradeId']}")
    heading(page, "^NVDA")
    page.get_by_text("Correct", exact=True).click()
    page.get_by_label("Stop loss").fill("184.5")
    page.get_by_label("Take profit").fill("195")
    patch = {"stopLoss": "183", "takeProfit": "200", "fees": "2"}
    assert journal.api.patch(address, json=patch).status_code == 200
    page.get_by_role("button", name="Save", exact=True).click()

    dialog = page.get_by_role("dialog", name="Somebody else changed this trade")
    expect(dialog.locator("tbody tr")).to_have_count(3)
    texts = dialog.locator("tbody tr").evaluate_all("rows => rows.map((row) => row.innerText.split(/\\s*\\t\\s*/))")
    assert texts == [
        ["Stop loss", "180", "184.5", "183"],
        ["Take profit", "190", "195", "200"],
        ["Fees", "0", "not changed", "2"],
    ]
    assert faults(page) == []
    dialog.locator("input[name=stopLoss][value=mine]").check()
    dialog.locator("input[name=takeProfit][value=stored]").check()
    dialog.get_by_role("button", name=button).click()
    expect(page.locator("#notice")).to_have_text(re.compile("aved"))
    stored = journal.api.get(address).json()
    assert (stored["stopLoss"], stored["takeProfit"], stored["fees"]) == (stop, target, "2")
    assert journal.api.delete(address).status_code == 204


def tokens(page: Page, **changes: str) -> Any:
    """The session that the page keeps, with these changes."""
    script = """changes => {
        const [name] = Object.keys(sessionStorage);
        sessionStorage[name] = JSON.stringify({...JSON.parse(sessionStorage[name]), ...changes});
        return JSON.parse(sessionStorage[name]);
    }"""
    return page.evaluate(script, changes)


def test_a_session_that_has_expired_is_refreshed_and_nobody_notices(page: Page, stack: Stack, journal: User) -> None:
    entered(page, journal)
    before = tokens(page)
    tokens(page, accessToken=expired(stack, before["accessToken"]))
    refreshes: list[str] = []
    page.on("request", lambda request: refreshes.append(request.url) if request.url.endswith("/refresh") else None)
    # Four requests meet the expired token at once; one refreshes for all.
    page.reload()
    heading(page, "Dashboard")
    expect(page.locator(".tile").first).to_be_visible()
    assert len(refreshes) == 1
    assert tokens(page)["refreshToken"] != before["refreshToken"]
    # It is the same session in a page that is loaded again; one that cannot be refreshed has ended.
    tokens(page, accessToken="expired", refreshToken="revoked")
    page.reload()
    heading(page, "Log in")
    expect(page.locator("#notice")).to_contain_text("session has ended")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_and_nothing_is_wider_than_the_screen(
    page: Page, journal: User, scheme: Any, size: dict[str, int]
) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.emulate_media(color_scheme=scheme)
    heading(page, "Log in")
    assert faults(page) == []
    entered(page, journal)
    now = datetime.now(UTC).isoformat()
    made = trade(journal, 1, symbol="AXE", exitPrice="186", closeDate=now)
    for address, title in (
        ("", "Dashboard"),
        ("trades?symbol=AXE", "Trades"),
        ("add", "Add"),
        (f"trade/{made['tradeId']}", "AXE"),
        ("account", "Account"),
        ("nowhere", "no such page"),
    ):
        page.goto(f"{FRONT_END}/#/{address}")
        heading(page, title)
        for summary in page.locator("summary").all():
            summary.click()
        assert faults(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], address
    assert journal.api.delete(f"/trades/{made['tradeId']}").status_code == 204


def test_the_keyboard_alone_logs_in_and_reaches_everything(page: Page, journal: User) -> None:
    heading(page, "Log in")
    page.keyboard.press("Tab")
    page.keyboard.type(journal.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    heading(page, "Dashboard")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.get_by_role("link", name="Trades", exact=True).focus()
    page.keyboard.press("Enter")
    heading(page, "Trades")
    for _ in range(4):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.trades') !== null")


STATEMENT = """Date,Time,Symbol,Quantity,Price,Side,Commission
03/09/2026,09:41:07,PEP,40,151.20,B,1
03/09/2026,11:26:15,PEP,40,152.95,S,1
03/10/2026,13:05:44,ORCL,50,71.36,S,1
03/32/2026,15:12:09,KO,50,71.58,B,1
"""


def test_a_file_is_looked_at_decided_about_recorded_and_taken_back(
    page: Page, new_user: Callable[[], User], tmp_path: Path
) -> None:
    user = new_user()
    entered(page, user)
    page.get_by_role("link", name="Imports").click()
    heading(page, "Imports")
    assert faults(page) == []
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_text("Choose a file first.")).to_be_visible()
    file = tmp_path / "fills.csv"
    file.write_text(STATEMENT, "utf-8")
    page.get_by_label("Choose a file").set_input_files(file)
    page.get_by_role("button", name="Show what it would do").click()
    heading(page, r"fills\.csv")

    # The times of the file are of no zone that anybody has said: the page proposes the browser's.
    recording = page.get_by_role("button", name="Record it")
    expect(recording).to_be_disabled(timeout=WAIT)
    expect(page.get_by_text("Say in which time zone its times are.")).to_be_visible()
    expect(page.get_by_label("Time zone")).to_have_value("America/New_York")
    page.get_by_role("button", name="Read it again").click()
    expect(recording).to_be_enabled(timeout=WAIT)
    expect(page.get_by_role("row", name="5 Error")).to_contain_text("is not a day")
    assert faults(page) == []

    # One row is left out, and the trades follow; all of it works by keyboard.
    trades = page.get_by_role("region", name="Trades")
    expect(trades).to_contain_text("ORCL")
    page.get_by_label("Decision about line 4").focus()
    page.keyboard.type("Skip")
    page.get_by_role("button", name="Apply the decisions").press("Enter")
    expect(trades).not_to_contain_text("ORCL", timeout=WAIT)
    expect(page.get_by_text("Closed trades: +1. Net 68 USD")).to_be_visible()
    recording.press("Enter")
    expect(page.get_by_role("heading", name="Recorded")).to_be_focused(timeout=WAIT)
    expect(page.get_by_text("2 executions")).to_be_visible()
    assert [each["netPnl"] for each in user.api.get("/trades").json()["items"]] == ["68"]
    page.reload()
    page.get_by_role("button", name="Take it back").press("Enter")
    expect(page.get_by_role("heading", name="Taken back")).to_be_focused(timeout=WAIT)
    assert user.api.get("/trades").json()["items"] == []
    page.get_by_role("button", name="Delete the import").click()
    heading(page, "Imports")
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_what_is_not_there_or_not_ones_own_is_said(page: Page, journal: User, new_user: Callable[[], User]) -> None:
    entered(page, new_user())
    of_another = journal.api.get("/trades?limit=1").json()["items"][0]["tradeId"]
    page.goto(f"{FRONT_END}/#/trade/{of_another}")
    heading(page, "There is nothing here")
    page.goto(f"{FRONT_END}/#/trades?limit=x")
    heading(page, "This did not work")


def test_the_pages_are_served_with_a_strict_policy_and_nothing_but_themselves(stack: Stack) -> None:
    with (
        web.running(web.server(0, stack.api, stack.endpoint)) as pages,
        httpx.Client(base_url=f"http://127.0.0.1:{pages.server_port}", trust_env=False) as client,
    ):
        policy = client.get("/").headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
        assert "unsafe" not in policy
        assert client.get("/config.json").json() == {"api": stack.api}
        for path in (
            "/../local/web.py",
            "/%2e%2e/local/web.py",
            "/client/../../contract.json",
            "/README.md",
            "//etc/passwd",
        ):
            assert client.get(path).status_code == 404
