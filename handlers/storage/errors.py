"""What storage can refuse.

StorageError
├── TradeNotFound        the user has no such trade
├── DeletedTradeNotFound  the user deleted no such trade, or too long ago
├── GroupNotFound        the user has no such group
├── TradingAccountNotFound  the user has no such trading account
│   └── NoSuchAccount    the account in which something is to lie is none of the user's
├── CashNotFound         the account has no such cash row
├── CashIdTaken          another cash row of the account has that external id
├── ReconciliationNotFound  the account has no such reconciliation
├── AccountClosing       the account in which something is to lie is being deleted
├── ActionNotFound       the user has no such corporate action
├── ExecutionNotFound    the user has no such execution
├── ExportNotFound       the user asked for no such file, or too long ago
├── RestoreNotFound      the user has no such restore, or it has expired
├── ImportNotFound       the user has no such import
├── MappingNotFound      the user has no such mapping
├── TooManyImports       as many imports of the user are open, or at work, as there may be
├── VersionMismatch      the trade has changed in between
├── PreconditionFailed   the trade is at none of the versions that the client named
│   ├── GroupChanged     a group is
│   └── LedgerChanged    a trading account, the settings or a cash row are
├── ExternalIdTaken      another trade of the user has that external id
├── KeyReused            an idempotency key came back with another request
├── Busy                 not now: the same request may be sent again later
│   ├── Unavailable      AWS fails, throttles or does not answer in time, past the SDK's retries
│   └── Contended        others keep changing the same thing, as long as there is time
├── TagChangeUnderWay    another tag of the user is being changed
├── TagChangeOver        the change of a tag that something was to be written for is over
├── AccountErased        the account is being erased, and nothing is written for it any more
├── UnreadableTrade      a stored trade that is none
├── UnreadableBook       a stored day book that is none
├── BadPageToken         a page token that was not sealed for this list
├── AddressRejected      an e-mail address that the identity provider does not take
├── PasswordRejected     a new password that the identity provider does not take, after the old one was given up
├── CodeRejected         a wrong or expired code, or one for an account that waits for none
├── CredentialsRejected  an address and a password that do not go together
├── CurrentPasswordWrong  the present password of who wants to change something is another
├── SessionRejected      a refresh token that is expired, revoked or none at all
├── UserGone             the user pool has no such user any more
└── Throttled            more requests or mails than the user pool takes
"""


class StorageError(Exception):
    """The root of everything that storage refuses."""


class TradeNotFound(StorageError):
    """Raised when the user has no trade of that id."""


class DeletedTradeNotFound(StorageError):
    """Raised when the user deleted no trade of that id, or so long ago that it is not kept any more."""


class GroupNotFound(StorageError):
    """Raised when the user has no group of that id."""


class TradingAccountNotFound(StorageError):
    """Raised when the user has no trading account of that id."""


class NoSuchAccount(TradingAccountNotFound):
    """Raised when something is to lie in a trading account that the user does not have."""


class CashNotFound(StorageError):
    """Raised when the account has no cash row of that id."""


class CashIdTaken(StorageError):
    """Raised when another cash row of the account has the external id that a row is to have."""

    def __init__(self, account_id: str, cash_id: str) -> None:
        super().__init__(account_id, cash_id)
        self.account_id, self.cash_id = account_id, cash_id


class ReconciliationNotFound(StorageError):
    """Raised when the account has no reconciliation of that id."""


class AccountClosing(StorageError):
    """Raised when something is to lie in a trading account that is being deleted."""


class ActionNotFound(StorageError):
    """Raised when the user has no corporate action of that id."""


class ExecutionNotFound(StorageError):
    """Raised when the user has no execution of that id."""


class ExportNotFound(StorageError):
    """Raised when the user asked for no table of that id, or so long ago that it is deleted."""


class ImportNotFound(StorageError):
    """Raised when the user has no import of that id, or its time is over."""


class MappingNotFound(StorageError):
    """Raised when the user has no mapping of that id."""


class TooManyImports(StorageError):
    """Raised when as many imports of the user wait for a decision, or are being worked on, as there may be."""


class RestoreNotFound(StorageError):
    """Raised when the user has no restore of that id, or it has expired."""


class VersionMismatch(StorageError):
    """Raised when the trade, or the group, is stored at another version than the one the change was made from."""


class PreconditionFailed(StorageError):
    """Raised when the trade is at none of the versions to which the client allows the change."""


class ExternalIdTaken(StorageError):
    """Raised when another trade of the user has the external id that a trade is to have; `trade_id` is that trade's."""

    def __init__(self, trade_id: str) -> None:
        super().__init__(trade_id)
        self.trade_id = trade_id


class GroupChanged(PreconditionFailed):
    """Raised when a group is at none of the versions to which the client allows the change, or does not exist."""


class LedgerChanged(PreconditionFailed):
    """Raised when something of the ledger is at none of the versions to which the client allows the change.

    The message says what it is, such as "account".
    """


class KeyReused(StorageError):
    """Raised when an idempotency key comes back with a request other than the one it was first used for."""


class Busy(StorageError):
    """The base of what makes a request fail now and not later. It may have had its effect, or not."""


class Unavailable(Busy):
    """Raised when AWS fails, throttles or does not answer in time, past the SDK's retries."""


class Contended(Busy):
    """Raised when others keep changing the same thing for as long as there is time to try again."""


class TagChangeUnderWay(StorageError):
    """Raised when a tag is to be changed while another change of the user's tags is under way."""


class TagChangeOver(StorageError):
    """Raised when a trade is to be changed for a change of a tag that is finished, or that another one followed."""


class AccountErased(StorageError):
    """Raised when something is to be written for a user whose account is being erased."""


class UnreadableTrade(StorageError):
    """Raised when what is stored as a trade cannot be read as one."""


class UnreadableBook(StorageError):
    """Raised when what is stored as a day book cannot be read as one."""


class BadPageToken(StorageError):
    """Raised when a page token is forged, damaged, or belongs to another user or another list."""


class AddressRejected(StorageError):
    """Raised for an e-mail address that the identity provider does not take, whoever asks."""


class PasswordRejected(StorageError):
    """Raised for a new password that follows the policy and that the identity provider refuses all the same.

    The code is spent and the password before is of no use by then: a password reset mails another code.
    """


class CodeRejected(StorageError):
    """Raised for a code that is wrong, expired, tried too often, or for an account that waits for none."""


class CredentialsRejected(StorageError):
    """Raised when an address and a password do not go together, whether or not the account exists."""


class CurrentPasswordWrong(StorageError):
    """Raised when a user who wants to change something gives a password that is not the present one."""


class SessionRejected(StorageError):
    """Raised when a refresh token is expired, revoked or none at all."""


class UserGone(StorageError):
    """Raised when the user pool has no such user any more, or the name is another user's by now."""


class Throttled(StorageError):
    """Raised when the user pool takes no more requests or mails for now; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"not for {retry_after} seconds")
        self.retry_after = retry_after
