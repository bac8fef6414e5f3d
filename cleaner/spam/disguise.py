"""Words spelt so that a filter cannot read them, and their plain spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.ma  # by np.unique at its first use, which a fork from another thread may cut off
import numpy.typing as npt

from cleaner.scripts import CODE, CodeArray

TRICKS: Final = (
    "spaced letters",
    "invisible characters inside a word",
    "letters drawn as symbols",
    "look-alike letters of two alphabets in one word",
    "digits and signs in place of letters",
    "struck-through letters",
)
_SPACED_TRICK, _INVISIBLE, _SYMBOLS, _MIXED_TRICK, _LEET, _STRUCK = TRICKS

ZERO_WIDTH: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
# Characters of one word, in alphabets in which a zero-width character inside it has no meaning.
_LETTERS: Final = "A-Za-z\u00c0-\u024f\u1e00-\u1eff\u0370-\u03ff\u0400-\u052f"
_ALPHABET: Final = f"0-9{_LETTERS}"
# And those in which the author's words run on before and after it.
_RUNNING_ON: Final = ("0-9\uac00-\ud7a3", "0-9\u3041-\u30ff\u4e00-\u9fff")
_JOINT: Final = re.compile(f"[{ZERO_WIDTH} ]+")
# From the start of a run of letters only: tried at each letter, long runs take quadratic time.
_HIDDEN_JOINT: Final = re.compile(
    f"(?<![{_ALPHABET}])[{_ALPHABET}]++(?:[{ZERO_WIDTH}]++[{_ALPHABET}]++)+"
)
# Of short pieces, from the letter before the first joint to the one after the last; words of
# single letters may follow.
_HIDDEN_JOINTS: Final = re.compile(
    "|".join(
        f"[{a}](?:[{ZERO_WIDTH}]++[{a}]{{1,3}}+)+[{ZERO_WIDTH}]++[{a}]"
        f"(?: [{a}](?:[{ZERO_WIDTH}]++[{a}])+)*"
        for a in _RUNNING_ON
    )
)
_STYLES: Final = (
    "\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f189\uff21-\uff3a\uff41-\uff5a"
    "\u1d00-\u1d22\u0299\u0262\u029c\u026a\u029f\u0274\u0280\u0493\ua730\ua731\u028f"
)
_STYLED_SIGN: Final = re.compile(
    "[\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f189\uff21-\uff3a\uff41-\uff5a\u1d00-\u1d22]"
)
# A plain letter may stand first, and q, s and x anywhere, which small capitals lack: the author's
# where other plain ones follow.
_FIRST: Final = f"(?:(?<![{_ALPHABET}])[A-Za-z])?"
_LATER: Final = "(?:[QqSsXx]{1,2}(?![A-Za-z]))?"
_WIDE_DIGITS: Final = "\uff10-\uff19"
_STYLED: Final = re.compile(
    f"{_FIRST}(?:[{_STYLES}]{_LATER}){{3,}}[{_WIDE_DIGITS}]*"
    f"(?:[ -]{_FIRST}(?:[{_STYLES}{_WIDE_DIGITS}]{_LATER})+)*"
)
_SPACED: Final = re.compile(r"[^\W\d_]([ .\-*_·])[^\W_](?:\1{1,2}[^\W_])+")
_MIXED: Final = re.compile(f"[{_LETTERS}]{{4,}}")
_OVERLAY: Final = re.compile("[\u0335-\u0338]")
_OVERLAID: Final = re.compile("(?:\\w[\u0335-\u0338]){3,}(?: (?:\\w[\u0335-\u0338])+)*")
_LEET_WORD: Final = re.compile(
    r"(?<![\w.@/:#&-])[A-Za-z]{0,8}(?:[0134578@$!]{1,2}[A-Za-z]{1,10}){1,4}\b"
)
_MAX_LEET: Final = 64
"""Letters before a sign, more than any that `_LEET_WORD` finds: blobs of data are no words."""
_ASCII: Final = 127
_MIN_SPACED: Final = 9
"""Characters of the shortest spaced word: five letters and four separators."""

_LOOKS_LATIN: Final = str.maketrans(
    "авекмнорстухіјѕԁһӏѵԛԝАВЕКМНОРСТУХІЈЅαεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "abekmhopctyxijsdhlvqwABEKMHOPCTYXIJSaeikvoptuxABEZHIKMNOPTYX",
)
_LOOKS_CYRILLIC: Final = str.maketrans("aekmopctyxiABEKMHOPCTYXI", "аекморстухіАВЕКМНОРСТУХІ")
_SMALL_CAPS: Final = str.maketrans("ᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢꜰ", "abcdefghijklmnoprstuvwyzf")
_LEET_SIGNS: Final = "0134578@$!"
_LEET_LETTERS: Final = str.maketrans(_LEET_SIGNS, "oleastbasi")
_IS_LEET: Final = np.array([chr(code) in _LEET_SIGNS for code in range(128)])
_IS_LEET.flags.writeable = False


def disguised_words(
    text: str, codes: CodeArray, points: npt.NDArray[np.uint32]
) -> list[tuple[int, int, str]]:
    """Words in disguise as (start, end, name of the trick), neighbours joined.

    `codes` and `points` are the script family and the code point of each character.
    """
    found: list[tuple[int, int, str]] = []
    if _has_spaced_letters(text, codes):
        found += ((start, end, _SPACED_TRICK) for start, end in _spaced(text, codes))
    found += ((m.start(), m.end(), _LEET) for m in _leet(text, codes, points))
    strange = "".join(map(chr, np.unique(points[points > _ASCII]).tolist()))
    if any(char in strange for char in ZERO_WIDTH):
        found += ((m.start(), m.end(), _INVISIBLE) for m in _invisible(text))
    if _STYLED_SIGN.search(strange):
        found += ((m.start(), m.end(), _SYMBOLS) for m in _STYLED.finditer(text))
    if _OVERLAY.search(strange):
        found += ((m.start(), m.end(), _STRUCK) for m in _OVERLAID.finditer(text))
    if strange:
        found += ((start, end, _MIXED_TRICK) for start, end in _mixed(text, codes))
    return _joined(sorted(found))


def plain_spelling(word: str, trick: str) -> str:
    """A disguised word as a reader takes it."""
    if trick == _SPACED_TRICK:
        separator = word[1]
        word = word.replace(separator * 2, "\0").replace(separator, "").replace("\0", " ")
    elif trick == _LEET:
        return word.translate(_LEET_LETTERS)
    elif trick == _MIXED_TRICK:
        latin = len(re.findall("[A-Za-z]", word))
        # The alphabet of letters that have no double decides.
        strange = re.findall("[бвгджзийлпфцчшщъыьэюяё]", word.lower())
        return word.translate(_LOOKS_CYRILLIC if strange and latin else _LOOKS_LATIN)
    word = "".join(c for c in word if c not in ZERO_WIDTH and not "\u0335" <= c <= "\u0338")
    return unicodedata.normalize("NFKC", word).translate(_SMALL_CAPS)


def _joined(words: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Neighbouring disguised words, one character apart, as one."""
    joined: list[tuple[int, int, str]] = []
    for start, end, trick in words:
        if joined and start - joined[-1][1] <= 1:
            first, last, trick = joined[-1]
            joined[-1] = (first, max(last, end), trick)
        else:
            joined.append((start, end, trick))
    return joined


def _leet(text: str, codes: CodeArray, points: npt.NDArray[np.uint32]) -> Iterator[re.Match[str]]:
    """Latin words with digits or signs between their letters, but no units, codes or models."""
    letter = codes == CODE["Latin"]
    sign = _IS_LEET.take(points, mode="clip")
    for at in np.flatnonzero(letter[:-2] & letter[2:] & sign[1:-1]):
        start, least = int(at), max(0, int(at) - _MAX_LEET)
        while start > least and text[start - 1].isalnum():
            start -= 1
        match = _LEET_WORD.match(text, start)
        if match and sum(c.isalpha() for c in match[0]) >= 3 and not match[0].isupper():
            yield match


def _invisible(text: str) -> Iterator[re.Match[str]]:
    """Words with invisible characters between single letters.

    Those between syllables and words are the author's hyphens and places for line breaks.
    """
    for match in _HIDDEN_JOINT.finditer(text):
        pieces = _JOINT.split(match[0])
        if _single(pieces) >= max(2, len(pieces) / 2):
            yield match
    for match in _HIDDEN_JOINTS.finditer(text):
        inner = _JOINT.split(match[0])[1:-1]
        if _single(inner) >= max(1, len(inner) / 2):
            yield match


def _single(pieces: Sequence[str]) -> int:
    """How many pieces are one letter or digit; none of a number's."""
    return 0 if "".join(pieces).isdigit() else sum(len(piece) == 1 for piece in pieces)


def _spaced(text: str, codes: CodeArray) -> Iterator[tuple[int, int]]:
    """Words of single letters, without the letters before and after them that are of another
    script or of a word: the author's.
    """
    for match in _SPACED.finditer(text):
        start, end = match.span()
        letters = [at for at in range(start, end) if text[at] != match[1]]
        if start and _of_one_word(text, codes, start, start - 1):
            del letters[0]
        if end < len(text) and _of_one_word(text, codes, end - 1, end):
            del letters[-1]
        counts = np.bincount(codes[letters], minlength=2)
        code = 1 + counts[1:].argmax()  # digits are of no script
        own = [at for at in letters if codes[at] in (0, code)] if counts[code] else []
        if own and own[-1] + 1 - own[0] >= _MIN_SPACED:
            yield own[0], own[-1] + 1


def _of_one_word(text: str, codes: CodeArray, letter: int, beside: int) -> bool:
    """Whether a character beside a letter belongs to its word: none of another script does."""
    if codes[beside]:
        return bool(codes[beside] == codes[letter])
    return text[beside].isalnum() or text[beside] in "_'’"


def _mixed(text: str, codes: CodeArray) -> Iterator[tuple[int, int]]:
    latin = codes == CODE["Latin"]
    other = (codes == CODE["Cyrillic"]) | (codes == CODE["Greek"])
    touching = (latin[1:] & other[:-1]) | (other[1:] & latin[:-1])
    either = latin | other
    seen = 0
    for at in np.flatnonzero(touching):
        if at < seen:
            continue
        start = int(at)
        while start > seen and either[start - 1]:
            start -= 1
        new = start == 0 or not either[start - 1]  # no word of which a part was looked at
        match = _MIXED.match(text, start) if new else None
        seen = int(at) + 1
        if match and match.end() > at:
            seen = match.end()
            yield start, seen


def _has_spaced_letters(text: str, codes: CodeArray) -> bool:
    """Whether letters and separators alternate anywhere for `_MIN_SPACED` characters."""
    letter = codes != 0
    alone = letter.copy()
    beside = letter[1:] & (codes[1:] == codes[:-1])
    alone[1:] &= ~beside
    alone[:-1] &= ~beside
    places = np.flatnonzero(alone)
    letters = _MIN_SPACED // 2
    return bool((places[letters:] - places[:-letters] == _MIN_SPACED - 1).any())
