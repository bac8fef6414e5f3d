"""What of the kept blocks does not reach the user, and how the gaps of it close."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from typing import Final

from cleaner.scripts import SPACES
from cleaner.signs import CLOSERS, COMMAS, LINE_ENDS, STOPS, WIDE_STOPS
from cleaner.types import Page

_REPEATED: Final = 20
"""Characters by whose return a hidden text is told to say again what is shown, and more of it."""
_MAX_NOTE: Final = 80
"""Characters of a longest tooltip, sort key or label: longer ones may be what `Read more` opens."""
_LONG_ENDS: Final = ("\r\r\n", "\r\n")
"""Ends of one line that are several characters, the longest first."""
_STOPS: Final = STOPS + ":"
_DASHES: Final = "-–—|"
_MAX_INDENT: Final = 8
_CLOSERS: Final = ")]»”"
_PAIRS: Final = {
    "(": ")", "[": "]", "{": "}", "<": ">", "（": "）", "【": "】", "「": "」", "『": "』",
    "《": "》", "«": "»", "»": "«", "‹": "›", "“": "”", "„": "“”", "‘": "’",
    "\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069",
    "\u202a": "\u202c", "\u202b": "\u202c",
}  # fmt: skip
"""Opening signs, and what closes each."""
_DOUBLES: Final = '"*~_|'
"""Signs that open and close alike: a pair only where no words touch them from outside."""
_DIRECTIONS: Final = "\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u202e"
"""Format characters that come in pairs."""


def hidden_words(page: Page) -> Iterator[tuple[int, int]]:
    """Ranges to delete that the page hides inside blocks that it shows.

    A text that is long, or longer than all that is shown beside it, stays, unless it says that
    again: it may be the rest of the article, folded up.
    """
    ranges = page.not_rendered
    for block in page.blocks if ranges else ():
        first = bisect_right(ranges, block.start, key=itemgetter(1))
        last = bisect_left(ranges, block.end, key=itemgetter(0))
        inside = [(max(low, block.start), min(high, block.end)) for low, high in ranges[first:last]]
        borders = [block.start, *chain.from_iterable(inside), block.end]
        shown = "".join(
            page.source[low:high] for low, high in zip(borders[::2], borders[1::2], strict=True)
        )
        for low, high in inside if shown.strip() else ():
            hidden = page.source[low:high]
            start, end = high - len(hidden.lstrip()), low + len(hidden.rstrip())
            # What is short is not looked for in the rest: blocks hold thousands.
            if start < end and (
                end - start <= min(len(shown), _MAX_NOTE)
                or page.source[start : min(end, start + _REPEATED)] in shown
            ):
                # Within the block: the tab between two cells is none of its spaces.
                low, high = _closed(page.text_of(block), start - block.start, end - block.start)
                yield block.start + low, block.start + high


def span_with_gap(source: str, start: int, end: int) -> tuple[int, int]:
    """The range of `source` to delete so that the gap of what is removed closes.

    The span, and the spaces behind it if there is one before it as well, or that before it if
    punctuation follows that takes none; of two commas or the like around it, the first; of two
    sentence stops, the second; a dash that would end a paragraph, or meet other punctuation; with
    brackets, quotation marks or ornaments around it, those. Of a line that would be left empty
    inside a paragraph, the line end.
    """
    start, end = _with_ornaments(source, start, end)
    bare = _before_spaces(source, start)
    if _is_dash(source, bare - 1) and _closes(source, end):
        start = bare - 1
        bare = _before_spaces(source, start)
    if _begins_sentence(source, bare):
        end = _after_stops(source, end)
    last = _after_spaces(source, end)
    at_line_end = last == len(source) or source[last] in LINE_ENDS
    if at_line_end and (bare == 0 or source[bare - 1] in LINE_ENDS):
        above, below = _before_line_end(source, bare), _after_line_end(source, last)
        if not (_ends_line(source, below) or _begins_line(source, above)):
            return bare, below
    return _closed(source, start, end)


def _closed(source: str, start: int, end: int) -> tuple[int, int]:
    """A range to delete, with the white space and the comma beside it that would be too many."""
    before = start > 0 and source[start - 1] in SPACES
    bare = start - before
    following = source[end : end + 1]
    if bare > 0 and source[bare - 1] in COMMAS and following and following in COMMAS + _STOPS:
        return bare - 1, end
    last = _after_spaces(source, end)
    at_line_end = last == len(source) or source[last] in LINE_ENDS
    if before and (at_line_end or (last == end and following in COMMAS + _STOPS + _CLOSERS)):
        return start - 1, last
    if before or start == 0 or source[start - 1] in LINE_ENDS:
        return start, last
    return start, end


def _before_spaces(source: str, at: int) -> int:
    while at and source[at - 1] in SPACES:
        at -= 1
    return at


def _after_spaces(source: str, at: int) -> int:
    while at < len(source) and source[at] in SPACES:
        at += 1
    return at


def _before_line_end(source: str, at: int) -> int:
    for end in _LONG_ENDS:
        if source.endswith(end, 0, at):
            return at - len(end)
    return max(0, at - 1)


def _after_line_end(source: str, at: int) -> int:
    for end in _LONG_ENDS:
        if source.startswith(end, at):
            return at + len(end)
    return min(len(source), at + 1)


def _begins_line(source: str, at: int) -> bool:
    """Whether nothing but spaces stands before a place in its line."""
    at = _before_spaces(source, at)
    return at == 0 or source[at - 1] in LINE_ENDS


def _ends_line(source: str, at: int) -> bool:
    """Whether nothing but spaces stands after a place in its line."""
    at = _after_spaces(source, at)
    return at == len(source) or source[at] in LINE_ENDS


def _begins_sentence(source: str, at: int) -> bool:
    """Whether a paragraph begins at a place, or a sentence ends there, or on the line above."""
    if _begins_line(source, at):
        at = _before_line_end(source, at)
        if _begins_line(source, at):
            return True
        at = _before_spaces(source, at)
    return source[max(0, at - 4) : at].rstrip(CLOSERS)[-1:] in tuple(STOPS)


def _after_stops(source: str, at: int) -> int:
    """The end of the stops at a place; that place if they stand inside a word."""
    end = at
    while end < len(source) and source[end] in _STOPS:
        end += 1
    inside = source[end : end + 1].isalnum() and source[end - 1] not in WIDE_STOPS
    return at if inside else end


def _is_dash(source: str, at: int) -> bool:
    """Whether a sign that sets a span apart stands alone at a place."""
    around = source[max(0, at - 1) : max(0, at)] + source[at + 1 : at + 2]
    return at >= 0 and source[at] in _DASHES and (not around or around.isspace())


def _closes(source: str, at: int) -> bool:
    """Whether no dash can stand before what follows at a place."""
    last = _after_spaces(source, at)
    if _ends_line(source, last):  # in a paragraph that is wrapped, the dash is the author's
        return not source[last : last + _MAX_INDENT].lstrip()[:1].islower()
    if last > at:
        return source[last] != "|" and _is_dash(source, last)
    return source[at] in COMMAS + _STOPS + _CLOSERS


def _with_ornaments(source: str, start: int, end: int) -> tuple[int, int]:
    """A range with the pairs of signs around it that would be left empty, and with the symbols
    and format characters that touch nothing else.
    """
    while True:
        low, high = start, end
        while low and _is_ornament(source[low - 1]):
            low -= 1
        while high < len(source) and _is_ornament(source[high]):
            high += 1
        opener, closer = source[max(0, low - 1) : low], source[high : high + 1]
        apart = not source[max(0, low - 2) : low - 1].isalnum() and (
            not source[high + 1 : high + 2].isalnum()
        )
        if closer and (
            closer in _PAIRS.get(opener, "") or (apart and opener == closer and closer in _DOUBLES)
        ):
            start, end = low - 1, high + 1
            continue
        if not opener or opener.isspace() or opener in _PAIRS:
            start = low
        if not closer or closer.isspace() or closer in COMMAS + _STOPS + _CLOSERS:
            end = high
        return start, end


def _is_ornament(char: str) -> bool:
    return (
        unicodedata.category(char) in ("So", "Sk", "Cf")
        or "\u2190" <= char <= "\u21ff"  # arrows
        or char == "\ufe0f"  # behind a picture
    ) and char not in _DIRECTIONS
