"""What a restore has written and was edited since. A thing is the restore's own as long as it has the content that was
written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, takewhile

from handlers.documents.ledger import settings_document
from handlers.journal.merges import MOST_NAMED, DocumentChange, Named, RestorePlan
from handlers.storage import trading_accounts
from handlers.usecases.export_archive import ExportedJournal
from handlers.usecases.journal_things import SETTINGS, Document, content_hash, id_of


def edited(user: str, plan: RestorePlan, goes_on: Callable[[], bool] = lambda: True) -> tuple[Named, ...]:
    """What the restore has written and was edited since, 100 things at most. The whole journal is read for it, as long
    as it `goes_on`. Raises Busy.
    """
    found = (named for named in takewhile(lambda _: goes_on(), _edited(user, plan)) if named is not None)
    return tuple(islice(found, MOST_NAMED))


def _edited(user: str, plan: RestorePlan) -> Iterator[Named | None]:
    """Each thing that was edited since, and None for each other one."""
    if (change := plan.of(SETTINGS, SETTINGS)) is not None:
        stored = settings_document(trading_accounts.settings(user))
        yield None if _is_known(change, stored) else Named(name=SETTINGS, id=SETTINGS)
    for member, documents in ExportedJournal(user, lambda _: None).members():
        name = member.removesuffix(".ndjson")
        for document in documents:
            thing_id = id_of(name, document)
            change = plan.of(name, thing_id)
            is_edited = change is not None and not _is_known(change, document)
            yield Named(name=name, id=thing_id) if is_edited else None


def _is_known(change: DocumentChange, stored: Document) -> bool:
    """Whether the thing is as the restore wrote it, or as it was before."""
    return content_hash(stored) in (change.after, change.before_hash)
