"""Tags that look the same are equal, and all visible characters are kept."""

from unicodedata import category, is_normalized

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.journal.tags import normal_form, tag_errors, unique

FAMILY, RAINBOW, PIRATES = "👨\u200d👩\u200d👧\u200d👦", "🏳\ufe0f\u200d🌈", "🏴\u200d☠\ufe0f"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "written",
    [
        " fomo", "fomo ", "\tfomo\n", "fo\u200bmo", "fomo\u200b", "\ufefffomo", "fo\u00admo", "fo\u2060mo",
        "\u200efomo\u200f", "\u202efomo\u202c", "\u2066fomo\u2069", "fo\u200cmo", "fo\u200dmo", "fomo\ufe0f",
        "fo\x00mo", "fo\x7fmo", "fo\x9fmo", "fo\u034fmo",
        "fomo\u3164", "\u115ffomo", "fomo\U000e0041", "\u2800fomo",
        "\u00a0fomo\u3000", "fomo\U000e0101", "\u2028fomo",
    ],
)  # fmt: skip  # a list, several to a line
def test_what_cannot_be_seen_makes_no_other_tag(written: str) -> None:
    assert normal_form(written) == "fomo"


@pytest.mark.parametrize(
    "written", ["new high", "new  high", "new\nhigh", "new\t high", "new\u00a0high", "new\u2028high"]
)
def test_white_space_within_is_one_blank(written: str) -> None:
    assert normal_form(written) == "new high"


def test_letters_are_composed_also_around_what_is_removed() -> None:
    assert normal_form("e\u0301") == normal_form("e\u200b\u0301") == normal_form("\u00e9") == "\u00e9"


def test_case_counts() -> None:
    assert unique(["FOMO", "fomo"]) == ("FOMO", "fomo")


@pytest.mark.parametrize(
    "emoji",
    [
        FAMILY, RAINBOW, PIRATES, ENGLAND, "🇩🇪", "❤\ufe0f", "❤\ufe0f\u200d🔥", "1\ufe0f\u20e3", "👍🏽",
        "👩🏽\u200d🚀", "🧑\u200d⚖\ufe0f",
        "📈", "🕵\ufe0f", "🐦\u200d⬛", "⛓\ufe0f\u200d💥",
    ],
)  # fmt: skip  # a list, several to a line
def test_an_emoji_stays_whole(emoji: str) -> None:
    assert normal_form(emoji) == emoji
    assert normal_form(f" {emoji}\u200b fomo") == f"{emoji} fomo"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("😀\ufe0f", "😀"),  # an emoji already
        ("\u200d😀\u200d", "😀"),  # joins nothing
        ("😀\u200dfomo", "😀fomo"),
        ("❤\ufe0e", "❤"),  # the selector for text
        ("a\u200d👩", "a👩"),
        ("🏴\U000e0067\U000e007f", "🏴"),  # no flag of a region
        ("1\ufe0f", "1"),
        ("❤\ufe0f\ufe0f", "❤\ufe0f"),
        ("👨\u200d\u200d👩", "👨👩"),
    ],
)
def test_what_means_nothing_beside_an_emoji_is_removed(written: str, normal: str) -> None:
    assert normal_form(written) == normal


def test_signs_that_have_a_shape_are_kept() -> None:
    assert normal_form("\u0601 ۱۲") == "\u0601 ۱۲"
    assert normal_form("تگ") == "تگ"
    assert normal_form("हिन्दी") == "हिन्दी"


def test_equal_tags_are_one_in_the_order_of_their_first_appearance() -> None:
    assert unique(["gap", " fomo", "gap ", "fomo\u200b", "news"]) == ("gap", "fomo", "news")


def test_a_tag_of_which_nothing_is_left_is_named_with_its_rule() -> None:
    [error] = tag_errors(["gap", " \u200b\ufeff ", "news"])
    assert error.path == ("tags", 1)
    assert "nothing that can be seen" in error.fault.detail


def test_a_tag_that_the_normal_form_makes_too_long_is_named() -> None:
    [error] = tag_errors(["\u0958" * 50])  # never composed: each becomes two characters
    assert error.path == ("tags", 0)
    assert "longer than 50" in error.fault.detail
    assert list(tag_errors(["x" * 50])) == []


TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("a é\u0301\u200b\u200d\ufe0f\ufe0e😀❤👩🏽🏴🏳1\u20e3\U000e0067\U000e007f\u034f\u2800\n\u00ad"),
    ),
    max_size=20,
)


@given(TEXTS)
@example("👨\u200b\u200d👩")
@example("1\u200b\ufe0f\u20e3")
@example("\u1100\u200b\u1161")
def test_a_normal_form_is_its_own(text: str) -> None:
    normal = normal_form(text)
    assert normal_form(normal) == normal
    assert is_normalized("NFC", normal)
    assert normal == normal.strip()
    assert not any(category(character) == "Cc" for character in normal)


@given(TEXTS, st.sampled_from("\u200b\u2060\ufeff\u200e\u00ad\x00"))
def test_an_invisible_character_at_either_end_changes_nothing(text: str, invisible: str) -> None:
    assert normal_form(invisible + text + invisible) == normal_form(text)
