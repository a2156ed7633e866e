"""Page tokens open for the user and the list that they were sealed for, and for nothing else."""

from dataclasses import replace
from datetime import date

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.journal.trade import Side, Status
from handlers.storage import page_tokens
from handlers.storage.errors import BadPageToken
from handlers.storage.page_tokens import open_token, seal
from handlers.storage.trade_queries import ListPosition, TradeFilter

SECRET = b"secret"
WANTED = TradeFilter(
    symbol="AAPL",
    statuses=(Status.OPEN,),
    side=Side.BUY,
    tags=("a", "b"),
    setup_type="gap",
    open_from=date(2026, 1, 1),
    open_to=date(2026, 1, 31),
    idempotency_key="key-1",
)
POSITION = ListPosition(index="trades-by-date-gsi", sort_key="2026-01-03T04:30:00.000000Z", trade_id="trade-1")
TOKEN = seal(POSITION, user_id="user-1", wanted=WANTED, newest_first=True, secret=SECRET)


def opened(
    token: str,
    *,
    user_id: str = "user-1",
    wanted: TradeFilter = WANTED,
    newest_first: bool = True,
    secret: bytes = SECRET,
) -> ListPosition:
    return open_token(token, user_id=user_id, wanted=wanted, newest_first=newest_first, secret=secret)


# Longer than any name or key there is; escaped, text grows sixfold, and a token has a bound.
TEXT = st.text(max_size=100)


@given(st.builds(ListPosition, index=TEXT, sort_key=TEXT, trade_id=TEXT), st.booleans())
def test_a_token_gives_back_its_position(position: ListPosition, newest_first: bool) -> None:
    token = seal(position, user_id="user-1", wanted=WANTED, newest_first=newest_first, secret=SECRET)
    assert opened(token, newest_first=newest_first) == position


def test_the_order_of_tags_makes_no_other_list() -> None:
    assert opened(TOKEN, wanted=replace(WANTED, tags=("b", "a"))) == POSITION


def test_a_token_opens_for_no_other_user_order_or_secret() -> None:
    with pytest.raises(BadPageToken):
        opened(TOKEN, user_id="user-2")
    with pytest.raises(BadPageToken):
        opened(TOKEN, newest_first=False)
    with pytest.raises(BadPageToken):
        opened(TOKEN, secret=b"another")


@pytest.mark.parametrize(
    "wanted",
    [
        TradeFilter(),
        replace(WANTED, symbol="MSFT"),
        replace(WANTED, statuses=(Status.CLOSED,)),
        replace(WANTED, side=None),
        replace(WANTED, tags=("a",)),
        replace(WANTED, setup_type=None),
        replace(WANTED, open_from=date(2026, 1, 2)),
        replace(WANTED, open_to=None),
        replace(WANTED, idempotency_key="key-2"),
    ],
)
def test_a_token_opens_for_no_other_filter(wanted: TradeFilter) -> None:
    with pytest.raises(BadPageToken):
        opened(TOKEN, wanted=wanted)


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_a_token_with_another_character_is_refused(place: int, character: str) -> None:
    forged = TOKEN[:place] + character + TOKEN[place + 1 :]
    if forged != TOKEN:
        with pytest.raises(BadPageToken):
            opened(forged)


@given(st.integers(0, len(TOKEN) - 1))
def test_a_truncated_token_is_refused(length: int) -> None:
    with pytest.raises(BadPageToken):
        opened(TOKEN[:length])


@pytest.mark.parametrize("token", ["", "=", TOKEN + "=", TOKEN + "\n", " " + TOKEN, "ü", "\ud800", "A" * 1_000_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(BadPageToken):
        opened(token)


@given(st.text())
def test_no_text_is_a_token(text: str) -> None:
    with pytest.raises(BadPageToken):
        opened(text)


def test_the_secret_is_read_from_secrets_manager_once(monkeypatch: pytest.MonkeyPatch) -> None:
    vault = boto3.client("secretsmanager")
    arn = vault.create_secret(Name="page-tokens", SecretString="of the pages")["ARN"]
    monkeypatch.setenv("PAGE_TOKEN_SECRET_ARN", arn)
    assert page_tokens.signing_secret() == b"of the pages"
    vault.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    assert page_tokens.signing_secret() == b"of the pages"
