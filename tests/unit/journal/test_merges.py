"""What a merge would do, and what a restore writes."""

from handlers.journal.merges import MOST_NAMED, DocumentChange, Preview, RestorePlan, Tally

NEW = DocumentChange(name="trades", id="a", after="1")
CHANGED = DocumentChange(name="trades", id="b", after="2", before="{}", before_hash="0")
PLAN = RestorePlan(changes={(each.name, each.id): each for each in (NEW, CHANGED)})


def test_a_plan_knows_what_it_writes_and_what_of_it_is_new() -> None:
    assert (PLAN.of("trades", "a"), PLAN.of("trades", "b")) == (NEW, CHANGED)
    assert PLAN.of("groups", "a") is None
    assert PLAN.is_new("trades", "a")
    assert not PLAN.is_new("trades", "b")
    assert not PLAN.is_new("groups", "a")
    assert not PLAN.into_empty


def test_a_preview_counts_what_differs_in_all_members() -> None:
    tallies = (Tally(name="trades", new=5, changed=2), Tally(name="cash", duplicate=7, changed=1))
    assert Preview(tallies=tallies, digest="d").number_changed == 3
    assert Preview(digest="d").number_changed == 0
    assert Tally(name="fx") == Tally(name="fx", new=0, duplicate=0, changed=0)
    assert MOST_NAMED == 100
