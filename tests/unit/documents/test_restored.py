"""What an archive holds of a thing is read back equally, also where the API alone does not make it."""

from datetime import UTC, datetime

from handlers.documents import restored
from handlers.documents.exported import exported_action
from handlers.documents.fields import as_json
from handlers.journal.executions import ActionType, RecordedAction
from tests.unit.journal.journals import D

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
ID = "11111111-aaaa-4bbb-8ccc-00000000000{}"


def test_a_corporate_action_names_the_import_that_it_came_with() -> None:
    action = RecordedAction(
        user_id=ID.format(1),
        action_id=ID.format(2),
        type=ActionType.SPLIT,
        symbol="A",
        effective_at=AT,
        new=D(2),
        old=D(1),
        import_id=ID.format(3),
        created_at=AT,
        updated_at=AT,
    )
    assert restored.action(as_json(exported_action(action)).encode(), action.user_id) == action
