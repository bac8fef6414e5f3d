"""The script (writing system) of every character of a text, in one numpy pass.

Only the distinctions the cleaner needs are drawn; the ranges are those of the
Unicode blocks. Characters of no script (digits, spaces, punctuation, combining
marks) have code 0.
"""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

CodeArray = npt.NDArray[np.uint8]

_BLOCKS: Final = (
    ("Latin", "0041-005A 0061-007A 00AA 00BA 00C0-00D6 00D8-00F6 00F8-02AF 1E00-1EFF 2C60-2C7F "
              "A720-A7FF AB30-AB6F FB00-FB06 FF21-FF3A FF41-FF5A"),
    ("Greek", "0370-0373 0376-037D 0386 0388-03FF 1F00-1FFF"),
    ("Cyrillic", "0400-052F 1C80-1C8F 2DE0-2DFF A640-A69F"),
    ("Armenian", "0531-058A FB13-FB17"),
    ("Hebrew", "0591-05F4 FB1D-FB4F"),
    ("Arabic", "0610-061A 0620-065F 066E-06D5 06FA-06FF 0750-077F 0870-08FF FB50-FDFF FE70-FEFC"),
    ("Syriac", "0700-074F"),
    ("Thaana", "0780-07BF"),
    ("Nko", "07C0-07FF"),
    ("Devanagari", "0900-0963 0970-097F A8E0-A8FF"),
    ("Bengali", "0980-09E5 09F0-09FF"),
    ("Gurmukhi", "0A00-0A65 0A70-0A7F"),
    ("Gujarati", "0A80-0AE5 0AF0-0AFF"),
    ("Oriya", "0B00-0B65 0B70-0B7F"),
    ("Tamil", "0B80-0BE5 0BF0-0BFF"),
    ("Telugu", "0C00-0C65 0C70-0C7F"),
    ("Kannada", "0C80-0CE5 0CF0-0CFF"),
    ("Malayalam", "0D00-0D65 0D70-0D7F"),
    ("Sinhala", "0D80-0DFF"),
    ("Thai", "0E01-0E3A 0E40-0E4E"),
    ("Lao", "0E80-0ECF 0EDC-0EDF"),
    ("Tibetan", "0F00 0F40-0FBC"),
    ("Myanmar", "1000-103F 1050-109F A9E0-A9FF AA60-AA7F"),
    ("Georgian", "10A0-10FF 1C90-1CBF 2D00-2D2F"),
    ("Hangul", "1100-11FF 3131-318E A960-A97F AC00-D7FF"),
    ("Ethiopic", "1200-139F 2D80-2DDF AB00-AB2F"),
    ("Khmer", "1780-17D3"),
    ("Mongolian", "1820-18AF"),
    ("Cherokee", "13A0-13FF AB70-ABBF"),
    ("Tifinagh", "2D30-2D7F"),
    ("Ol Chiki", "1C50-1C7F"),
    ("Kana", "3041-3096 309D-30FA 30FC-30FF 31F0-31FF FF66-FF9D"),
    ("Han", "3005-3007 3400-4DBF 4E00-9FFF F900-FAFF 20000-2FA1F"),
    ("Bopomofo", "3105-312F"),
    ("Styled", "1D400-1D7CB 24B6-24E9 1F130-1F149 1F150-1F169 1F170-1F189"),
)  # fmt: skip

SCRIPTS: Final = ("", *(name for name, _ in _BLOCKS))
"""Names by code. `Styled` holds letters drawn as symbols: mathematical, circled, squared."""
CODE: Final = {name: code for code, name in enumerate(SCRIPTS)}
INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
)
"""Characters that show nothing where no letter stands beside them."""
SPACES: Final = " \t\x1c\x1d\x1e\x1f\xa0\u1680\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""White space within a line."""
UNSEEN: Final = INVISIBLE + SPACES
SPACELESS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""A letter of a script without spaces between words."""
_TABLE_SIZE: Final = 0x30000
_WIDE: Final = (
    (0x1100, 0x115F), (0x2E80, 0xA4CF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE30, 0xFE6F),
    (0xFF00, 0xFF60), (0xFFE0, 0xFFE6), (0x1F300, 0x1FAFF), (0x20000, 0x3FFFD),
)  # fmt: skip


@cache
def _table() -> CodeArray:
    table = np.zeros(_TABLE_SIZE, dtype=np.uint8)
    for code, (_, ranges) in enumerate(_BLOCKS, start=1):
        for part in ranges.split():
            first, _, last = part.partition("-")
            table[int(first, 16) : int(last or first, 16) + 1] = code
    table.flags.writeable = False
    return table


# Its first use is an import: a process that is forked from another thread meanwhile would wait
# for ever for that to end.
codecs.lookup("utf-32-le")


def codepoints(text: str) -> npt.NDArray[np.uint32]:
    """Code points of `text`, one per character; a lone surrogate counts as itself."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def script_codes(text: str) -> CodeArray:
    """Code of the script (index into `SCRIPTS`) of each character, shape (len(text),)."""
    return _table().take(codepoints(text), mode="clip")


def columns_before(text: str) -> list[int]:
    """Columns of a terminal before each character and at the end, `len(text) + 1` numbers.

    Ideographs, kana, Hangul and full-width signs take two (Unicode Standard Annex 11).
    """
    codes = codepoints(text)
    wide = np.zeros(len(codes), bool)
    for first, last in _WIDE:
        wide |= (codes >= first) & (codes <= last)
    return [0, *np.cumsum(wide + 1).tolist()]


def script_counts(text: str) -> dict[str, int]:
    """How many characters of each script `text` holds, the most frequent first."""
    counts = np.bincount(script_codes(text), minlength=len(SCRIPTS))
    counts[0] = 0
    order = np.argsort(-counts, kind="stable")
    return {SCRIPTS[code]: int(counts[code]) for code in order if counts[code]}
