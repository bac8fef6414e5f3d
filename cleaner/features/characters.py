"""Classes of characters, looked up for a whole text at once.

Scripts differ in how much a character says: an ideograph stands for about three
letters, a kana or a Hangul syllable for two. `UNITS` weighs them, so that
lengths compare across languages.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

CLASSES = (
    "other",
    "lower",
    "upper",
    "caseless",
    "thai",
    "ideograph",
    "kana",
    "hangul",
    "digit",
    "space",
    "newline",
    "stop",
    "comma",
    "colon",
    "quote",
    "bracket",
    "separator",
    "punctuation",
    "emoji",
)
INDEX = {name: number for number, name in enumerate(CLASSES)}
_WEIGHTS = {
    "lower": 1.0,
    "upper": 1.0,
    "caseless": 1.2,
    "thai": 1.0,
    "ideograph": 3.0,
    "kana": 2.0,
    "hangul": 2.0,
    "digit": 1.0,
}
UNITS = np.array([_WEIGHTS.get(name, 0.0) for name in CLASSES], dtype=np.float32)
"""Letters that one character of each class stands for, shape (classes,)."""

_STOPS = frozenset(".!?。！？．｡…؟۔।॥។၊။።")
_COMMAS = frozenset(",;、，；،؛፣")
_COLONS = frozenset(":：")
_SEPARATORS = frozenset("|¦•·›»«‹→←▶►★☆■□●○◆◇▪‣–—/\\＞＜>＝=~～_*#+")
_QUOTES = frozenset("\"'“”„‟‘’‚「」『』《》〈〉")
# Scripts written without spaces that are no ideographs: Thai, Lao, Myanmar, Khmer.
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))


def _class_of(code: int) -> str:
    char = chr(code)
    if char in "\n\r\x0b\x0c\x85\u2028\u2029":
        return "newline"
    for name, members in (
        ("stop", _STOPS),
        ("comma", _COMMAS),
        ("colon", _COLONS),
        ("quote", _QUOTES),
        ("separator", _SEPARATORS),
    ):
        if char in members:
            return name
    category = unicodedata.category(char)
    if char.isspace():
        return "space"
    if category[0] in "LM":
        return _letter_class(code, category)
    if category == "Nd":
        return "digit"
    if category in ("Ps", "Pe"):
        return "bracket"
    if category in ("Pi", "Pf"):
        return "quote"
    if category[0] == "P":
        return "punctuation"
    if 0x2600 <= code <= 0x27BF:
        return "emoji"
    return "other"


def _letter_class(code: int, category: str) -> str:
    if category == "Ll":
        return "lower"
    if category in ("Lu", "Lt"):
        return "upper"
    if 0x3040 <= code <= 0x30FF or 0x31F0 <= code <= 0x31FF or 0xFF66 <= code <= 0xFF9F:
        return "kana"
    if 0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF:
        return "ideograph"
    if 0xAC00 <= code <= 0xD7AF or 0x1100 <= code <= 0x11FF or 0x3130 <= code <= 0x318F:
        return "hangul"
    if any(low <= code <= high for low, high in _UNSPACED):
        return "thai"
    return "caseless"


@cache
def _table() -> NDArray[np.uint8]:
    """Class of every character of the basic plane, then one entry for each other plane."""
    table = [INDEX[_class_of(code)] for code in range(0x10000)]
    planes = [INDEX["emoji"], *[INDEX["ideograph"]] * 2, *[INDEX["other"]] * 13]
    return np.array(table + planes, dtype=np.uint8)


def codes_of(text: str) -> NDArray[np.uint32]:
    """Code points of a text, shape (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def classes_of(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Class number of each code point, same shape."""
    table = _table()
    if codes.size and codes.max() > 0xFFFF:
        codes = np.where(codes > 0xFFFF, (codes >> 16) + 0xFFFF, codes)
    return table[codes]
