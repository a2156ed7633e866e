"""Properties of every trade's money, compared with an oracle that computes in fractions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from handlers.journal.changes import close, open_trade, revise, take_back_close
from handlers.journal.errors import RuleBroken
from handlers.journal.money import canonical
from handlers.journal.trade import Close, Side, Trade

NOW = datetime(2026, 2, 1, tzinfo=UTC)
OPENED = datetime(2026, 1, 2, tzinfo=UTC)


def decimals(low: int, high: int) -> st.SearchStrategy[Decimal]:
    """Numbers with up to 8 decimals, the range given in whole units."""
    return st.integers(low * 10**8, high * 10**8).map(lambda n: Decimal(f"{n}E-8"))


def rounded(exact: Fraction) -> Fraction:
    return Fraction(round(exact * 10**8), 10**8)  # round() takes ties to the even digit


prices, costs = decimals(-1_000_000, 1_000_000), decimals(-1_000, 1_000)


@st.composite
def closes_of(draw: st.DrawFn, *, full: bool = True, most: int = 6) -> tuple[Decimal, list[Close]]:
    """A quantity and closes, in the order recorded, that take all of it, or less."""
    sizes = draw(st.lists(st.integers(1, 10**12), min_size=1, max_size=most))
    left_open = 0 if full else draw(st.integers(1, 10**12))
    closes = [
        Close(
            close_id=str(number),
            quantity=Decimal(f"{size}E-8"),
            price=draw(prices),
            closed_at=OPENED + timedelta(minutes=draw(st.integers(0, 3))),
            commission=draw(costs),
            fees=draw(costs),
        )
        for number, size in enumerate(sizes)
    ]
    return Decimal(f"{sum(sizes) + left_open}E-8"), closes


@st.composite
def trades(draw: st.DrawFn, quantity: Decimal) -> Trade:
    return Trade(
        user_id="user",
        trade_id="trade",
        symbol="CL",
        side=draw(st.sampled_from(Side)),
        quantity=quantity,
        open_date=OPENED,
        entry_price=draw(prices),
        stop_loss=draw(st.none() | prices),
        multiplier=draw(decimals(0, 1_000).filter(bool)),
        commission=draw(costs),
        fees=draw(costs),
        created_at=NOW,
        updated_at=NOW,
    )


def gross(trade: Trade, part: Close) -> Fraction:
    assert trade.entry_price is not None
    move = Fraction(part.price) - Fraction(trade.entry_price)
    return (move if trade.side is Side.BUY else -move) * Fraction(part.quantity) * Fraction(trade.multiplier)


@given(st.data())
def test_the_parts_add_up_to_the_whole_to_the_last_digit(data: st.DataObject) -> None:
    quantity, closes = data.draw(closes_of())
    trade = open_trade(data.draw(trades(quantity)), closes)
    every_gross = rounded(sum((gross(trade, part) for part in closes), start=Fraction(0)))
    every_cost = Fraction(trade.commission) + Fraction(trade.fees)
    every_cost += sum(Fraction(part.commission) + Fraction(part.fees) for part in closes)
    assert trade.net_pnl is not None
    assert trade.gross_pnl is not None
    assert Fraction(trade.gross_pnl) == every_gross
    assert Fraction(trade.net_pnl) == every_gross - every_cost
    assert Fraction(trade.net_pnl) == sum(Fraction(part.realized_pnl) for part in trade.realized)


cents = st.integers(1, 10**7).map(lambda n: Decimal(f"{n}E-2"))


@given(st.lists(st.tuples(cents, cents), min_size=1, max_size=6), cents, cents, st.sampled_from(Side))
def test_with_two_decimals_every_close_of_a_flat_trade_realizes_what_its_own_numbers_say(
    sold: list[tuple[Decimal, Decimal]], entry: Decimal, fee: Decimal, side: Side
) -> None:
    quantity = sum((size for size, _ in sold), Decimal(0))
    bare = Trade(
        user_id="user",
        trade_id="trade",
        symbol="CL",
        side=side,
        quantity=quantity,
        open_date=OPENED,
        entry_price=entry,
        multiplier=Decimal(5),
        commission=fee,
        created_at=NOW,
        updated_at=NOW,
    )
    closes = [
        Close(close_id=str(n), quantity=size, price=price, closed_at=OPENED + timedelta(hours=n), fees=Decimal("0.1"))
        for n, (size, price) in enumerate(sold)
    ]
    trade = open_trade(bare, closes)
    shares = [rounded(Fraction(fee) * Fraction(part.quantity) / Fraction(quantity)) for part in closes]
    shares[-1] = Fraction(fee) - sum(shares[:-1])
    for part, share in zip(trade.realized, shares, strict=True):
        assert Fraction(part.gross) == gross(trade, part.close)
        assert Fraction(part.realized_pnl) == gross(trade, part.close) - share - Fraction("0.1")


@given(st.data())
def test_each_close_realizes_its_gross_without_its_costs_and_its_share_of_the_entrys(data: st.DataObject) -> None:
    quantity, closes = data.draw(closes_of(full=False))
    trade = open_trade(data.draw(trades(quantity)), closes)
    entry_costs = Fraction(trade.commission) + Fraction(trade.fees)
    for part in trade.realized:
        share = rounded(entry_costs * Fraction(part.close.quantity) / Fraction(quantity))
        own = Fraction(part.close.commission) + Fraction(part.close.fees)
        assert Fraction(part.entry_cost_share) == share
        assert Fraction(part.realized_pnl) == rounded(gross(trade, part.close)) - own - share
    paid = sum((Fraction(c.price) * Fraction(c.quantity) for c in closes), start=Fraction(0))
    mean = paid / sum((Fraction(c.quantity) for c in closes), start=Fraction(0))
    assert trade.exit_price is not None
    assert Fraction(trade.exit_price) == rounded(mean)


@given(st.data())
def test_the_order_in_which_closes_are_recorded_changes_no_total(data: st.DataObject) -> None:
    quantity, closes = data.draw(closes_of())
    trade = data.draw(trades(quantity))
    whole = open_trade(trade, closes)
    recorded = open_trade(trade)
    for part in data.draw(st.permutations(closes)):
        recorded = close(
            recorded,
            close_id=part.close_id,
            quantity=part.quantity,
            price=part.price,
            closed_at=part.closed_at,
            commission=part.commission,
            fees=part.fees,
            now=NOW,
        )
    assert recorded.version == 1 + len(closes)
    assert (recorded.gross_pnl, recorded.net_pnl, recorded.exit_price) == (
        whole.gross_pnl,
        whole.net_pnl,
        whole.exit_price,
    )
    assert (recorded.close_date, recorded.r_multiple) == (whole.close_date, whole.r_multiple)


@given(st.data())
def test_closing_in_parts_at_one_price_earns_what_closing_at_once_earns(data: st.DataObject) -> None:
    quantity, closes = data.draw(closes_of(most=20))
    price = data.draw(prices)
    trade = data.draw(trades(quantity))
    in_parts = open_trade(
        trade, [replace(part, price=price, commission=Decimal(0), fees=Decimal(0)) for part in closes]
    )
    at_once = close(open_trade(trade), close_id="all", price=price, closed_at=OPENED, now=NOW)
    assert (in_parts.gross_pnl, in_parts.net_pnl) == (at_once.gross_pnl, at_once.net_pnl)


@given(st.data())
def test_taking_back_a_close_restores_all_but_version_and_time(data: st.DataObject) -> None:
    quantity, closes = data.draw(closes_of(full=False))
    before = open_trade(data.draw(trades(quantity)), closes)
    instant = OPENED + timedelta(minutes=data.draw(st.integers(0, 3)))
    price = data.draw(prices)
    try:
        after = close(before, close_id="wrong", price=price, closed_at=instant, now=NOW + timedelta(1))
    except RuleBroken:
        assume(False)
    restored = take_back_close(after, "wrong", NOW + timedelta(2))
    assert replace(restored, version=before.version, updated_at=before.updated_at) == before
    assert [part.close_id for part in restored.closes] == [part.close_id for part in before.closes]


long_amounts = st.integers(-(10**23) + 1, 10**23 - 1).map(lambda n: Decimal(f"{n}E-8"))
long_quantities = st.integers(1, 10**23 - 1).map(lambda n: Decimal(f"{n}E-8"))


@given(
    side=st.sampled_from(Side),
    quantity=long_quantities,
    multiplier=st.just(Decimal(1)) | long_quantities,
    amounts=st.tuples(*[long_amounts | decimals(-10, 10)] * 6),
    parts=st.integers(1, 3),
)
def test_no_figure_has_more_than_38_digits(
    side: Side, quantity: Decimal, multiplier: Decimal, amounts: tuple[Decimal, ...], parts: int
) -> None:
    entry, stop, target, price, commission, fees = amounts
    part = Decimal(f"{int(quantity.scaleb(8)) // parts or 1}E-8")
    closes = [
        Close(close_id=str(n), quantity=part, price=price, closed_at=OPENED, commission=commission, fees=fees)
        for n in range(parts)
    ]
    trade = Trade(
        user_id="user",
        trade_id="trade",
        symbol="CL",
        side=side,
        quantity=quantity,
        open_date=OPENED,
        entry_price=entry,
        stop_loss=stop,
        take_profit=target,
        multiplier=multiplier,
        commission=fees,
        fees=commission,
        created_at=NOW,
        updated_at=NOW,
    )
    try:
        trade = revise(open_trade(trade, closes), {}, NOW)
    except RuleBroken:
        return
    figures = [trade.risk, trade.gross_pnl, trade.net_pnl, trade.exit_price, trade.r_multiple, trade.risk_reward_ratio]
    figures += [trade.realized_partial_pnl, trade.remaining_quantity]
    figures += [figure for part in trade.realized for figure in (part.gross, part.realized_pnl, part.entry_cost_share)]
    for figure in figures:
        assert figure is None or sum(map(str.isdigit, canonical(figure))) <= 38
