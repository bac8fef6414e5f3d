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

from cleaner.signs import COMMAS, LINE_ENDS, STOPS

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

_CATEGORIES = (
    "Cc Cf Cn Co Cs Ll Lm Lo Lt Lu Mc Me Mn Nd Nl No Pc Pd Pe Pf Pi Po Ps Sc Sk Sm So Zl Zp Zs"
).split()
_OF_CATEGORY = {
    "Ll": "lower",
    "Lu": "upper",
    "Lt": "upper",
    "Nd": "digit",
    "Ps": "bracket",
    "Pe": "bracket",
    "Pi": "quote",
    "Pf": "quote",
    "Zs": "space",
}
_OF_MAJOR_CATEGORY = {"L": "caseless", "M": "caseless", "P": "punctuation"}
# Ranges of Unicode blocks; they hold for letters without case only.
_SCRIPTS = (
    ("kana", 0x3040, 0x30FF),
    ("kana", 0x31F0, 0x31FF),
    ("kana", 0xFF66, 0xFF9F),
    ("ideograph", 0x2E80, 0x303F),
    ("ideograph", 0x3100, 0x312F),
    ("ideograph", 0x3190, 0x31EF),
    ("ideograph", 0x3200, 0x9FFF),
    ("ideograph", 0xF900, 0xFAFF),
    ("hangul", 0xAC00, 0xD7AF),
    ("hangul", 0x1100, 0x11FF),
    ("hangul", 0x3130, 0x318F),
    # Scripts written without spaces that are no ideographs: Thai, Lao, Myanmar, Khmer.
    ("thai", 0x0E00, 0x0EFF),
    ("thai", 0x1000, 0x109F),
    ("thai", 0x1780, 0x17FF),
)
_MEMBERS = {
    "stop": STOPS,
    "comma": COMMAS,
    "colon": ":：",
    "quote": "\"'“”„‟‘’‚「」『』《》〈〉",
    "separator": "|¦•·›»«‹→←▶►★☆■□●○◆◇▪‣–—/\\＞＜>＝=~～_*#+",
    "space": "\t\x1c\x1d\x1e\x1f",
    "newline": LINE_ENDS,
}


@cache
def _table() -> NDArray[np.uint8]:
    """Class of every character of the basic plane, then one entry for each other plane."""
    number_of = {
        category: INDEX[_OF_CATEGORY.get(category, _OF_MAJOR_CATEGORY.get(category[0], "other"))]
        for category in _CATEGORIES
    }
    categories = map(unicodedata.category, map(chr, range(0x10000)))
    table = np.fromiter(map(number_of.__getitem__, categories), np.uint8, 0x10000)
    caseless = table == INDEX["caseless"]
    for name, low, high in _SCRIPTS:
        part = slice(low, high + 1)
        table[part][caseless[part]] = INDEX[name]
    dingbats = slice(0x2600, 0x27C0)
    table[dingbats][table[dingbats] == INDEX["other"]] = INDEX["emoji"]
    for name, members in _MEMBERS.items():
        table[[ord(char) for char in members]] = INDEX[name]
    planes = [INDEX["emoji"], *[INDEX["ideograph"]] * 2, *[INDEX["other"]] * 13]
    return np.concatenate([table, np.array(planes, np.uint8)])


def classes_of(codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Class number of each code point, same shape."""
    table = _table()
    if codes.size and codes.max() > 0xFFFF:
        codes = np.where(codes > 0xFFFF, (codes >> 16) + 0xFFFF, codes)
    return table.take(codes)  # twice as fast as table[codes]
