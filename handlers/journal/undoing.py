"""What undoing a restore or an import does with what was edited since."""

from __future__ import annotations

from enum import StrEnum


class EditedPolicy(StrEnum):
    """What becomes of what was edited since a restore or an import wrote it, when that is undone: it stays, it goes,
    too, or it refuses the undoing.
    """

    KEEP = "KEEP"
    REMOVE = "REMOVE"
    REFUSE = "REFUSE"
