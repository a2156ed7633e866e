"""What undoing a restore or an import does with what was edited since."""

from __future__ import annotations

from enum import StrEnum


class EditedPolicy(StrEnum):
    """What undoing does with documents that were edited since the restore or the import wrote them: it keeps them, it
    removes them too, or it is refused.
    """

    KEEP = "KEEP"
    REMOVE = "REMOVE"
    REFUSE = "REFUSE"
