"""Tags in their normal form: what looks the same is the same tag.

White space at both ends is removed and becomes one blank within; control characters and characters without a shape
(zero-width spaces and joiners, direction marks, soft hyphens, fillers) are removed; the rest is in Unicode's form NFC.
Case counts. Inside an emoji such characters decide what is seen, and stay: the joiner between two emoji (a family), the
selector that makes an emoji of a symbol (a red heart), the letters of the flags of England, Scotland and Wales.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from unicodedata import category, normalize

from handlers.faults import Fault, FieldCode
from handlers.journal.errors import FieldError

MOST_CHARACTERS = 50

# Symbols that are text unless the emoji selector follows: Emoji without Emoji_Presentation, but for digits, # and *
# (https://www.unicode.org/Public/UCD/latest/ucd/emoji/emoji-data.txt).
_SYMBOLS = (
    "©®‼⁉™\u2139↔-↙↩↪⌨⏏⏭-⏯⏱⏲⏸-⏺Ⓜ▪▫▶◀◻◼☀-☄☎☑☘☝☠☢☣☦☪☮☯☸-☺♀♂♟♠♣♥♦♨♻♾⚒⚔-⚗⚙⚛⚜⚠⚧⚰⚱⛈⛏⛑⛓⛩⛰⛱⛴⛷-⛹✂✈✉✌✍✏✒✔✖✝✡✳✴❄❇❣❤➡⤴⤵⬅-⬇〰〽㊗㊙"
    "\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f202\U0001f237\U0001f321\U0001f324-\U0001f32c\U0001f336\U0001f37d"
    "\U0001f396\U0001f397\U0001f399-\U0001f39b\U0001f39e\U0001f39f\U0001f3cb-\U0001f3ce\U0001f3d4-\U0001f3df\U0001f3f3"
    "\U0001f3f5\U0001f3f7\U0001f43f\U0001f441\U0001f4fd\U0001f549\U0001f54a\U0001f56f\U0001f570\U0001f573-\U0001f579"
    "\U0001f587\U0001f58a-\U0001f58d\U0001f590\U0001f5a5\U0001f5a8\U0001f5b1\U0001f5b2\U0001f5bc\U0001f5c2-\U0001f5c4"
    "\U0001f5d1-\U0001f5d3\U0001f5dc-\U0001f5de\U0001f5e1\U0001f5e3\U0001f5e8\U0001f5ef\U0001f5f3\U0001f5fa\U0001f6cb"
    "\U0001f6cd-\U0001f6cf\U0001f6e0-\U0001f6e5\U0001f6e9\U0001f6f0\U0001f6f3"
)
# Emoji by themselves. Beyond U+FFFF the blocks of emoji, but for the skin tones.
_PICTURES = (
    "⌚⌛⏩-⏬⏰⏳☔☕♈-♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓-❕❗\u2795-➗➰➿⬛⬜⭐⭕"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001faff"
)
_SELECTOR, _JOINER = "\ufe0f", "\u200d"
_ONE = f"(?:[{_SYMBOLS}]{_SELECTOR}?|[{_PICTURES}])[\U0001f3fb-\U0001f3ff]?"
# England, Scotland, Wales: a black flag, the letters of the region as tag characters, and their end.
_REGION = "|".join(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)
_EMOJI = f"{_REGION}|{_ONE}(?:{_JOINER}{_ONE})*|[0-9#*]{_SELECTOR}\u20e3"

# Format characters with a shape of their own: number signs of Arabic and other scripts, and what arranges hieroglyphs.
_WITH_A_SHAPE = "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001343f"
# Characters without a shape that are not format characters: Default_Ignorable_Code_Point.
_FILLERS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff"
)
_ALONE = re.compile(f"(?P<kept>{_EMOJI}|[{_WITH_A_SHAPE}])|(?P<filler>[{_FILLERS}])|.", re.DOTALL)
# A cell of braille without dots: a blank.
_EMPTY_BRAILLE = "\u2800"


def normal_form(tag: str) -> str:
    """The tag as it is stored, shown and looked for; empty if nothing of it can be seen."""
    blanks = " ".join(tag.replace(_EMPTY_BRAILLE, " ").split())
    visible = "".join(_visible(found) for found in _ALONE.finditer(blanks))
    return " ".join(normalize("NFC", visible).split())


def _visible(found: re.Match[str]) -> str:
    text = found[0]
    if found["kept"]:
        return text
    return "" if found["filler"] or category(text) in ("Cc", "Cf") else text


def unique(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags in their normal form, each once, in the order in which they first appear."""
    return tuple(dict.fromkeys(map(normal_form, tags)))


def wrong_tag(tag: str) -> Fault | None:
    """What is wrong with a tag once it is in its normal form; None if it is right."""
    normal = normal_form(tag)
    if not normal:
        detail = "has nothing that can be seen: blanks, control and zero-width characters are removed"
        return Fault(FieldCode.NOTHING_VISIBLE, detail)
    if len(normal) > MOST_CHARACTERS:
        detail = f"is longer than {MOST_CHARACTERS} characters once it is in Unicode's form NFC"
        return Fault(FieldCode.TOO_LONG, detail, {"maxLength": MOST_CHARACTERS})
    return None


def tag_errors(tags: Sequence[str]) -> Iterator[FieldError]:
    """What is wrong with the tags of a trade, by their place in the list."""
    for index, tag in enumerate(tags):
        if (fault := wrong_tag(tag)) is not None:
            yield FieldError(("tags", index), fault)
