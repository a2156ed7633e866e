"""The whole story, told by the Python client: from sign-up to erasure. Every answer is checked.

Takes the API's address and an e-mail address; asks for each mailed code on standard output, reads it from standard
input.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
import uuid
from datetime import datetime
from typing import TypeVar

import httpx
from attrs import evolve
from trading_journal_client import AuthenticatedClient, Client
from trading_journal_client.api.account import delete_account, export_account
from trading_journal_client.api.auth import confirm_sign_up, log_in, refresh_session, sign_up
from trading_journal_client.api.deletions import list_deleted_trades, restore_trade
from trading_journal_client.api.executions import (
    convert_trade,
    create_action,
    create_execution,
    delete_action,
    delete_execution,
    get_action,
    get_legs,
    list_actions,
    list_executions,
    list_positions,
    match_executions,
)
from trading_journal_client.api.exports import create_export, get_export
from trading_journal_client.api.groups import delete_group, get_group, list_groups, put_group
from trading_journal_client.api.images import create_image_upload
from trading_journal_client.api.ledger import (
    create_cash,
    create_trading_account,
    delete_trading_account,
    get_balance,
    list_cash,
    reconcile,
)
from trading_journal_client.api.parts import (
    add_entry,
    create_event,
    create_split,
    delete_entry,
    delete_event,
    delete_split,
    get_close,
    get_entry,
    get_event,
    get_split,
    list_events,
    list_splits,
    update_close,
    update_entry,
    update_event,
)
from trading_journal_client.api.profile import change_email, change_password, confirm_change_email, get_profile, log_out
from trading_journal_client.api.stats import get_breakdown, get_calendar, get_equity_curve, get_stats
from trading_journal_client.api.tags import delete_tag, get_facets, get_tag_change, rename_tag
from trading_journal_client.api.trades import (
    close_trade,
    create_trade,
    create_trades,
    delete_trade,
    get_trade,
    list_trades,
    update_trade,
    update_trades,
)
from trading_journal_client.models import (
    AccountExport,
    Balance,
    Breakdown,
    BulkResults,
    BulkTradeInput,
    BulkTradesInput,
    BulkUpdateInput,
    BulkUpdatesInput,
    Calendar,
    Cash,
    CashInput,
    CashPage,
    ChangeEmailInput,
    ChangePasswordInput,
    Close,
    CloseInput,
    CloseUpdateInput,
    ConfirmChangeEmailInput,
    ConfirmSignUpInput,
    CorporateAction,
    CorporateActionPage,
    CounterInput,
    DeletedTradePage,
    Entry,
    EntryInput,
    EntryUpdateInput,
    EquityCurve,
    ErasureStatus,
    ExecutionInput,
    ExecutionPage,
    Export,
    ExportInput,
    Facets,
    GatewayMessage,
    Group,
    GroupInput,
    GroupPage,
    Image,
    ImageUpload,
    ImageUploadInput,
    InitialCloseInput,
    LogInInput,
    LogOutInput,
    MatchExecutionInput,
    MatchInput,
    MatchResult,
    OpenPositionList,
    Problem,
    Profile,
    Reconciliation,
    ReconciliationInput,
    RecordedActionInput,
    RecordedExecution,
    RefreshSessionInput,
    SignUpInput,
    SignUpStatus,
    Stats,
    TagChange,
    TagRenameInput,
    Tokens,
    Trade,
    TradeEvent,
    TradeEventInput,
    TradeEvents,
    TradeEventUpdateInput,
    TradeInput,
    TradeLegs,
    TradePage,
    TradeSplit,
    TradeSplitInput,
    TradeSplits,
    TradeUpdateInput,
    TradingAccount,
    TradingAccountInput,
)
from trading_journal_client.types import Unset

PASSWORD, NEXT_PASSWORD = "Breakout-2026!", "Pullback-2026!"
EXACT = "999999999999999.12345678"  # as many digits as an amount may have; a float has fewer
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)
Kind = TypeVar("Kind")


def expect(kind: type[Kind], answer: object) -> Kind:
    """The answer, which has to be of this kind."""
    assert isinstance(answer, kind), answer
    return answer


def mailed_code(email: str) -> str:
    print(email, flush=True)
    return sys.stdin.readline().strip()


def tell(api: str, email: str) -> None:
    public = Client(api, timeout=httpx.Timeout(30), httpx_args={"trust_env": False})
    expect(SignUpStatus, sign_up.sync(client=public, body=SignUpInput(email=email)))
    early = log_in.sync(client=public, body=LogInInput(email=email, password=PASSWORD))
    assert expect(Problem, early).type_ == "/v1/problems/wrong-credentials"
    code = mailed_code(email)
    confirmation = ConfirmSignUpInput(email=email, code=code, password=PASSWORD)
    expect(SignUpStatus, confirm_sign_up.sync(client=public, body=confirmation))
    tokens = expect(Tokens, log_in.sync(client=public, body=LogInInput(email=email, password=PASSWORD)))
    tokens = expect(Tokens, refresh_session.sync(client=public, body=RefreshSessionInput(tokens.refresh_token)))

    tokens = change_profile(public, api, email, tokens)
    stranger = AuthenticatedClient(api, token="forged", httpx_args={"trust_env": False})
    expect(GatewayMessage, list_trades.sync(client=stranger))

    client = AuthenticatedClient(
        api, token=tokens.access_token, timeout=httpx.Timeout(30), httpx_args={"trust_env": False}
    )
    with client:
        trade = record_and_close(client)
        attach(client, trade)
        read_figures(client)
        leave(client)


def change_profile(public: Client, api: str, email: str, tokens: Tokens) -> Tokens:
    """Another password and another address, each of which needs the present password, and one session less."""

    def authenticated(token: str) -> AuthenticatedClient:
        return AuthenticatedClient(api, token=token, timeout=httpx.Timeout(30), httpx_args={"trust_env": False})

    client = authenticated(tokens.access_token)
    profile = expect(Profile, get_profile.sync(client=client))
    assert (profile.email, profile.sign_in_methods) == (email, ["PASSWORD"])
    guess = ChangePasswordInput(current_password="Wrong-password-1!", new_password=NEXT_PASSWORD)
    assert expect(Problem, change_password.sync(client=client, body=guess)).status == 422
    change = ChangePasswordInput(current_password=PASSWORD, new_password=NEXT_PASSWORD)
    assert change_password.sync_detailed(client=client, body=change).status_code == 204
    ended = refresh_session.sync(client=public, body=RefreshSessionInput(tokens.refresh_token))
    assert expect(Problem, ended).type_ == "/v1/problems/session-expired"

    def logged_in(email: str) -> Tokens:
        return expect(Tokens, log_in.sync(client=public, body=LogInInput(email=email, password=NEXT_PASSWORD)))

    tokens, other = logged_in(email), logged_in(email)
    client, next_email = authenticated(tokens.access_token), f"next-{email}"
    asked = ChangeEmailInput(email=next_email, password=NEXT_PASSWORD)
    assert change_email.sync_detailed(client=client, body=asked).status_code == 204
    code = ConfirmChangeEmailInput(code=mailed_code(next_email))
    assert confirm_change_email.sync_detailed(client=client, body=code).status_code == 204
    assert expect(Profile, get_profile.sync(client=client)).email == next_email
    logged_in(next_email)
    assert log_out.sync_detailed(client=public, body=LogOutInput(other.refresh_token)).status_code == 204
    gone = refresh_session.sync(client=public, body=RefreshSessionInput(other.refresh_token))
    assert expect(Problem, gone).status == 401
    return tokens


def record_and_close(client: AuthenticatedClient) -> Trade:
    new = TradeInput(
        symbol="AAPL",
        side="BUY",
        quantity="100",
        open_date=datetime.fromisoformat("2026-01-05T09:31:04-05:00"),
        entry_price="185.25",
        stop_loss="183.25",
        take_profit="191.25",
        commission="1",
        fees="0.1",
        tags=["earnings"],
    )
    wrong = evolve(new, quantity="-1", entry_price="1e2")
    bad = expect(Problem, create_trade.sync(client=client, body=wrong))
    assert (bad.status, bad.type_) == (400, "/v1/problems/invalid-request")
    rules = sorted(f"{each.in_} {each.pointer} {each.code}" for each in bad.errors or [])
    assert rules == ["body /entryPrice NOT_A_DECIMAL", "body /quantity NOT_POSITIVE"]
    first = create_trade.sync_detailed(client=client, body=new, idempotency_key="story-1")
    again = create_trade.sync_detailed(client=client, body=new, idempotency_key="story-1")
    trade = expect(Trade, first.parsed)
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    half = CloseInput(
        quantity="50", price="187.25", closed_at=datetime.fromisoformat("2026-01-05T11:02:00-05:00"), commission="0.5"
    )
    part = expect(Trade, close_trade.sync(trade.trade_id, client=client, body=half, idempotency_key="story-2"))
    assert (part.status, part.realized_partial_pnl, part.remaining_quantity) == ("PARTIAL", "98.95", "50")
    too_much = CloseInput(quantity="60", price="187.25", closed_at=datetime.fromisoformat("2026-01-05T11:03:00-05:00"))
    refused = expect(Problem, close_trade.sync(trade.trade_id, client=client, body=too_much))
    assert refused.status == 409

    change = TradeUpdateInput(stop_loss="185.25", take_profit=None)
    overtaken = update_trade.sync(trade.trade_id, client=client, body=change, if_match='"1"')
    assert expect(Problem, overtaken).status == 412
    moved = expect(Trade, update_trade.sync(trade.trade_id, client=client, body=change, if_match=f'"{part.version}"'))
    assert (moved.stop_loss, isinstance(moved.take_profit, Unset)) == ("185.25", True)
    rest = CloseInput(price="184.05", closed_at=datetime.fromisoformat("2026-01-05T15:00:00-05:00"))
    flat = expect(Trade, close_trade.sync(trade.trade_id, client=client, body=rest))
    assert (flat.status, flat.net_pnl) == ("CLOSED", "38.4")
    page = expect(TradePage, list_trades.sync(client=client, symbol="AAPL", tag=["earnings"]))
    assert [each.trade_id for each in page.items] == [trade.trade_id]
    many = BulkTradesInput([BulkTradeInput(trade=a_trade(EXACT), idempotency_key="story-3")])
    recorded = expect(BulkResults, create_trades.sync(client=client, body=many)).results[0]
    assert recorded.status == 201
    assert expect(Trade, recorded.trade).quantity == EXACT
    gone = expect(Trade, recorded.trade).trade_id
    assert delete_trade.sync_detailed(gone, client=client).status_code == 204
    assert expect(DeletedTradePage, list_deleted_trades.sync(client=client)).items[0].trade.trade_id == gone
    assert expect(Trade, restore_trade.sync(gone, client=client)).version == 2
    assert delete_trade.sync_detailed(gone, client=client).status_code == 204
    import_again(client)
    scale_in(client)
    return pay(client, flat)


def finished_change(client: AuthenticatedClient) -> TagChange:
    while (change := expect(TagChange, get_tag_change.sync(client=client))).status != "DONE":
        time.sleep(0.2)
    return change


def scale_in(client: AuthenticatedClient) -> None:
    """A position that is added to after a part was sold, and what was mistyped."""
    new = a_trade("1")
    new.entry_price, new.stop_loss = "100", "95"
    trade = expect(Trade, create_trade.sync(client=client, body=new))
    [only] = trade.entries
    sold = CloseInput(quantity="0.5", price="120", closed_at=datetime.fromisoformat("2026-01-07T10:00:00-05:00"))
    trade = expect(Trade, close_trade.sync(trade.trade_id, client=client, body=sold))
    refused = update_trade.sync(trade.trade_id, client=client, body=TradeUpdateInput(quantity="1.5"))
    assert expect(Problem, refused).status == 409
    more = EntryInput(quantity="0.5", price="130", entered_at=datetime.fromisoformat("2026-01-08T10:00:00-05:00"))
    added = expect(Trade, add_entry.sync(trade.trade_id, client=client, body=more, idempotency_key="story-5"))
    assert (added.quantity, added.entry_price, added.realized_partial_pnl) == ("1.5", "110", "-10")
    entry, [close] = added.entries[1], added.partial_closes
    assert expect(Entry, get_entry.sync(trade.trade_id, entry.entry_id, client=client)) == entry
    assert expect(Close, get_close.sync(trade.trade_id, close.close_id, client=client)) == close
    mended = update_close.sync(trade.trade_id, close.close_id, client=client, body=CloseUpdateInput(price="90"))
    assert expect(Trade, mended).realized_partial_pnl == "5"
    price = EntryUpdateInput(price="99.5")
    mended = update_entry.sync(
        trade.trade_id, only.entry_id, client=client, body=price, if_match=f'"{added.version + 1}"'
    )
    assert expect(Trade, mended).realized_partial_pnl == "4.75"
    back = expect(Trade, delete_entry.sync(trade.trade_id, entry.entry_id, client=client))
    assert (back.quantity, back.entries[0].entry_id, back.initial_stop_loss) == ("1", only.entry_id, "95")
    assert delete_trade.sync_detailed(trade.trade_id, client=client).status_code == 204


def import_again(client: AuthenticatedClient) -> None:
    """A broker's file that is imported again, once its trade was closed."""
    new = a_trade("2")
    new.entry_price, new.external_id = "410", "broker-1"
    first = expect(Trade, create_trade.sync(client=client, body=new))
    refused = expect(Problem, create_trade.sync(client=client, body=new))
    assert (refused.type_, refused.trade_id) == ("/v1/problems/external-id-taken", first.trade_id)
    at = datetime.fromisoformat("2026-01-06T15:00:00-05:00")
    new.closes = [InitialCloseInput(quantity="2", price="405", closed_at=at)]
    closed = expect(Trade, create_trade.sync(client=client, body=new, on_existing="COMPLETE"))
    assert (closed.trade_id, closed.status, closed.version) == (first.trade_id, "CLOSED", 2)
    change = TradeUpdateInput(tags=["imported ", "imported"])
    many = BulkUpdatesInput([BulkUpdateInput(trade_id=first.trade_id, version=closed.version, changes=change)])
    corrected = expect(BulkResults, update_trades.sync(client=client, body=many)).results[0]
    assert (corrected.status, expect(Trade, corrected.trade).tags) == (200, ["imported"])
    expect(TagChange, rename_tag.sync("imported", client=client, body=TagRenameInput(name="a/b")))
    assert finished_change(client).trades_changed == 1
    for _ in range(100):  # facets of closed trades follow a moment later, as the statistics do
        facets = expect(Facets, get_facets.sync(client=client))
        if "a/b" in {facet.value for facet in facets.tags}:
            break
        time.sleep(0.1)
    assert "a/b" in {facet.value for facet in facets.tags}
    expect(TagChange, delete_tag.sync("a/b", client=client))
    assert finished_change(client).tag == "a/b"
    assert delete_trade.sync_detailed(first.trade_id, client=client).status_code == 204


def pay(client: AuthenticatedClient, flat: Trade) -> Trade:
    """A dividend after the last close, which turns out to belong to another trade."""
    given = TradeEventInput(type_="DIVIDEND", amount="24", at=datetime.fromisoformat("2026-01-09T09:00:00-05:00"))
    paid = expect(Trade, create_event.sync(flat.trade_id, client=client, body=given, idempotency_key="story-4"))
    assert (paid.net_pnl, paid.event_pnl) == ("62.4", "24")
    [event] = expect(TradeEvents, list_events.sync(flat.trade_id, client=client)).items
    assert expect(TradeEvent, get_event.sync(flat.trade_id, event.event_id, client=client)) == event
    change = TradeEventUpdateInput(amount=f"-{EXACT}", note="of another trade")
    corrected = expect(Trade, update_event.sync(flat.trade_id, event.event_id, client=client, body=change))
    [event] = corrected.events or []
    assert event.amount == f"-{EXACT}"
    back = expect(Trade, delete_event.sync(flat.trade_id, event.event_id, client=client))
    assert (back.net_pnl, isinstance(back.events, Unset)) == (flat.net_pnl, True)
    return split(client, back)


def split(client: AuthenticatedClient, flat: Trade) -> Trade:
    """A split that was recorded late, and is taken back."""
    given = TradeSplitInput(new="4", old="1", at=datetime.fromisoformat("2026-01-06T09:30:00-05:00"))
    changed = expect(Trade, create_split.sync(flat.trade_id, client=client, body=given, idempotency_key="story-6"))
    assert (changed.net_pnl, changed.quantity) == (flat.net_pnl, f"{4 * int(flat.quantity)}")
    [made] = expect(TradeSplits, list_splits.sync(flat.trade_id, client=client)).items
    assert expect(TradeSplit, get_split.sync(flat.trade_id, made.split_id, client=client)) == made
    back = expect(Trade, delete_split.sync(flat.trade_id, made.split_id, client=client))
    assert (back.quantity, back.entry_price) == (flat.quantity, flat.entry_price)
    return group(client, back)


def group(client: AuthenticatedClient, flat: Trade) -> Trade:
    """A group with the trade, which counts as one result, and is given up again."""
    group_id = uuid.uuid4()
    made = put_group.sync_detailed(
        group_id, client=client, body=GroupInput(name="spread", trade_ids=[flat.trade_id], strategy="calendar")
    )
    pair = expect(Group, made.parsed)
    assert (made.status_code, pair.net_pnl, pair.trade_ids) == (201, flat.net_pnl, [flat.trade_id])
    assert expect(Group, get_group.sync(group_id, client=client)) == pair
    assert expect(GroupPage, list_groups.sync(client=client)).items == [pair]
    member = expect(Trade, get_trade.sync(flat.trade_id, client=client))
    assert member.group_id == group_id
    gone = delete_group.sync_detailed(group_id, client=client, if_match=made.headers["ETag"])
    assert gone.status_code == 204
    match(client)
    return expect(Trade, get_trade.sync(flat.trade_id, client=client))


def match(client: AuthenticatedClient) -> None:
    """Two fills, of which the second flips the position, are settled without being stored."""
    bought = MatchExecutionInput(
        symbol="AAPL",
        side="BUY",
        quantity="100",
        price="10",
        executed_at=datetime.fromisoformat("2026-01-05T15:00:00Z"),
        commission="1",
    )
    at = datetime.fromisoformat("2026-01-05T16:00:00Z")
    fills = [bought, evolve(bought, side="SELL", quantity="150", price="11", executed_at=at)]
    result = expect(MatchResult, match_executions.sync(client=client, body=MatchInput(executions=fills)))
    assert [(trade.side, trade.net_pnl) for trade in result.trades] == [("BUY", "98.33333333"), ("SELL", "0")]
    assert [(held.side, held.quantity) for held in result.open_] == [("SELL", "50")]
    keep_ledger(client)


def keep_ledger(client: AuthenticatedClient) -> None:
    """Shares are bought and split; the split is taken back, and the execution with it."""
    bought = ExecutionInput(
        symbol="SPLT",
        side="BUY",
        quantity="10",
        price="400",
        executed_at=datetime.fromisoformat("2026-01-05T15:00:00Z"),
    )
    made = expect(RecordedExecution, create_execution.sync(client=client, body=bought, idempotency_key="story-7"))
    given = RecordedActionInput(
        type_="SPLIT", symbol="SPLT", effective_at=datetime.fromisoformat("2026-01-06T14:30:00Z"), new="4", old="1"
    )
    split = expect(CorporateAction, create_action.sync(client=client, body=given, idempotency_key="story-8"))
    assert expect(CorporateActionPage, list_actions.sync(client=client)).items == [split]
    assert expect(CorporateAction, get_action.sync(split.action_id, client=client)) == split
    [position] = expect(OpenPositionList, list_positions.sync(client=client)).items
    assert (position.quantity, position.average_price) == ("40", "100")
    [before] = expect(OpenPositionList, list_positions.sync(client=client, at="2026-01-05", include=["lots"])).items
    assert (before.quantity, before.as_of) == ("10", datetime.fromisoformat("2026-01-05T23:59:59.999999Z"))
    legs = expect(TradeLegs, get_legs.sync(made.trades[0].trade_id, client=client))
    assert ([entry.quantity for entry in legs.entries], legs.matches) == (["10"], [])
    assert delete_action.sync_detailed(split.action_id, client=client).status_code == 204
    given = RecordedActionInput(
        type_="SPINOFF",
        symbol="SPLT",
        new_symbol="KID",
        effective_at=datetime.fromisoformat("2026-01-06T14:30:00Z"),
        new="1",
        old="4",
        cost_share="0.2",
    )
    spin_off = expect(CorporateAction, create_action.sync(client=client, body=given))
    held = expect(OpenPositionList, list_positions.sync(client=client)).items
    assert {each.symbol: each.cost_basis for each in held} == {"KID": "800", "SPLT": "3200"}
    assert delete_action.sync_detailed(spin_off.action_id, client=client).status_code == 204
    assert delete_execution.sync_detailed(made.execution.execution_id, client=client).status_code == 204
    convert(client)


def convert(client: AuthenticatedClient) -> None:
    """A trade that was recorded by hand becomes an execution, and goes with it."""
    opened = datetime.fromisoformat("2026-01-05T15:00:00Z")
    by_hand = TradeInput(symbol="HAND", side="BUY", quantity="2", entry_price="10", open_date=opened)
    trade = expect(Trade, create_trade.sync(client=client, body=by_hand))
    converted = expect(Trade, convert_trade.sync(trade.trade_id, client=client))
    assert (converted.trade_id, converted.source, converted.entry_price) == (trade.trade_id, "LEDGER", "10")
    [only] = expect(ExecutionPage, list_executions.sync(client=client, trade_id=trade.trade_id)).items
    assert delete_execution.sync_detailed(only.execution_id, client=client).status_code == 204
    keep_accounts(client)


def keep_accounts(client: AuthenticatedClient) -> None:
    """Money is paid into an account and moved to another one; a statement says something else; both are deleted."""

    def made(name: str) -> TradingAccount:
        given = TradingAccountInput(name=name, currency="USD")
        return expect(TradingAccount, create_trading_account.sync(client=client, body=given))

    account, other = made("Broker"), made("Savings")
    at = datetime.fromisoformat("2026-01-05T15:00:00Z")
    paid = CashInput(type_="DEPOSIT", amount=EXACT, at=at)
    expect(Cash, create_cash.sync(account.account_id, client=client, body=paid, idempotency_key="story-cash"))
    counter = CounterInput(amount="100", currency="USD", account_id=other.account_id)
    sent = CashInput(type_="TRANSFER", amount="-100", at=at, counter=counter)
    moved = expect(Cash, create_cash.sync(account.account_id, client=client, body=sent))
    [arrived] = expect(CashPage, list_cash.sync(other.account_id, client=client)).items
    assert moved.counter
    assert (arrived.cash_id, arrived.amount) == (moved.counter.cash_id, "100")
    balance = expect(Balance, get_balance.sync(account.account_id, client=client)).balance
    assert balance == "999999999999899.12345678"
    statement = ReconciliationInput(statement_balance=EXACT, at=datetime.fromisoformat("2026-01-06T00:00:00Z"))
    compared = expect(Reconciliation, reconcile.sync(account.account_id, client=client, body=statement))
    assert (compared.computed, compared.difference) == (balance, "100")
    for gone in (account, other):
        deletion = delete_trading_account.sync_detailed(gone.account_id, client=client, with_="everything")
        assert deletion.status_code == 202


def attach(client: AuthenticatedClient, trade: Trade) -> None:
    # The bytes decide what a file is, not what it is called.
    chart = send(client, trade, PNG)
    assert (chart.status, chart.content_type) == ("READY", "image/png")
    text = send(client, trade, b"no picture")
    assert (text.status, text.reason_code) == ("REJECTED", "UNKNOWN_TYPE")


def send(client: AuthenticatedClient, trade: Trade, file: bytes) -> Image:
    wanted = ImageUploadInput(content_type="image/jpeg", size=len(file))
    form = expect(ImageUpload, create_image_upload.sync(trade.trade_id, client=client, body=wanted))
    with httpx.Client(trust_env=False) as browser:
        fields = form.fields.additional_properties
        browser.post(form.url, data=fields, files={"file": ("chart.jpg", file)}).raise_for_status()
    for _ in range(100):
        shown = expect(Trade, get_trade.sync(trade.trade_id, client=client)).images
        if not isinstance(shown, Unset):
            image = next(image for image in shown if image.image_id == form.image_id)
            if image.status != "PENDING":
                return image
        time.sleep(0.2)
    raise AssertionError("the image never came")


def read_figures(client: AuthenticatedClient) -> None:
    for _ in range(100):
        stats = expect(Stats, get_stats.sync(client=client))
        if stats.trade_count:
            break
        time.sleep(0.2)
    assert (stats.trade_count, stats.net_pnl, stats.profit_factor) == (1, "38.4", None)
    assert stats.reasons.additional_properties["profitFactor"] == "NO_LOSSES"
    curve = expect(EquityCurve, get_equity_curve.sync(client=client, opening_balance="10000"))
    assert [point.equity for point in curve.points] == ["10038.4"]
    month = expect(Calendar, get_calendar.sync(client=client, month="2026-01"))
    assert month.total.net_pnl == "38.4"
    tags = expect(Breakdown, get_breakdown.sync(client=client, by=["TAG", "SIDE"], time_zone="America/New_York"))
    assert [([key.value for key in bucket.keys], bucket.net_pnl) for bucket in tags.buckets] == [
        (["earnings", "BUY"], "38.4")
    ]


def save_table(client: AuthenticatedClient) -> None:
    """The closes as a table."""
    asked = ExportInput(format_="CSV", close_from="2026-01-01")
    table = expect(Export, create_export.sync(client=client, body=asked))
    while table.status == "WRITING":  # a long journal
        time.sleep(10)
        table = expect(Export, get_export.sync(table.export_id, client=client))
    assert isinstance(table.url, str)
    with httpx.Client(trust_env=False) as browser:
        rows = browser.get(table.url).text.split("\r\n")
    assert '"CLOSE","AAPL","BUY"' in rows[1]


def leave(client: AuthenticatedClient) -> None:
    save_table(client)
    export = expect(AccountExport, export_account.sync(client=client))
    while export.status == "WRITING":  # an account of very many trades
        time.sleep(10)
        export = expect(AccountExport, export_account.sync(client=client))
    assert isinstance(export.url, str)
    assert isinstance(export.expires_at, datetime)
    with httpx.Client(trust_env=False) as browser:
        file = json.loads(gzip.decompress(browser.get(export.url).content))
    assert len(file["trades"]) == 1
    assert export.expires_at > datetime.fromisoformat(file["exportedAt"])
    assert expect(ErasureStatus, delete_account.sync(client=client)).status == "ERASING"
    assert expect(Problem, create_trade.sync(client=client, body=a_trade())).type_ == "/v1/problems/account-erased"


def a_trade(quantity: str = "1") -> TradeInput:
    opened = datetime.fromisoformat("2026-01-06T10:05:00-05:00")
    return TradeInput(symbol="MSFT", side="SELL", quantity=quantity, open_date=opened)


if __name__ == "__main__":
    tell(sys.argv[1], sys.argv[2])
