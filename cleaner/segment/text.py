"""Plain text to blocks: a block is a line, or a paragraph where lines were wrapped.

A line that holds most of the page is cut into sentences: article, comments and menus can
then be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from cleaner.scripts import UNSEEN
from cleaner.segment.wrapped import Line, paragraphs
from cleaner.signs import CLOSERS, FIRM_STOPS, LINE_ENDS, PLAIN_STOPS, WIDE_STOPS
from cleaner.types import Block, Page

_LINE = re.compile(f"[^{LINE_ENDS}]+")
_MAIN_LINE = 0.5
"""Share of the page's characters from which a line may be the page that lost its breaks; a long
paragraph among others stays whole."""
_MAX_SENTENCES = 12
"""A line with fewer is a paragraph; of edited paragraphs, one in two thousand has more."""
_MAX_UNBROKEN = 300
"""Characters from which what ends no sentence (a menu, Thai) is cut at white space."""
_PIECE = 80
"""Characters that such a cut leaves at least."""
# Ends of sentences: marks that white space follows, ideographic ones, and a mark between two
# words whose space is lost. No end is a full stop after an initial; see also `_ends`.
_END = re.compile(
    rf"""(?<![{PLAIN_STOPS}])(?:(?<!\b[^\W\d_])\.|[!?…{FIRM_STOPS}])"""
    rf"""[{PLAIN_STOPS}]*+[{re.escape(CLOSERS)}]*+(?=\s)|[{WIDE_STOPS}]+[」』”’）]*"""
    rf"""|(?<=[^\W\d_][^\W\d_])[{PLAIN_STOPS}]["”’»)]*(?=[^\W\d_])"""
)
_SPACE = re.compile(r"\s+")


def segment_text(text: str) -> Page:
    """Segment plain text; `source` is `text` unchanged."""
    seen: list[Line] = []
    for match in _LINE.finditer(text):
        line = match[0]
        stripped = line.strip(UNSEEN)
        if stripped:
            begin = match.start()
            start = begin + line.index(stripped)
            seen.append(Line(begin, start, start + len(stripped)))
    lines = paragraphs(text, seen)
    blocks = []
    limit = max(_MAX_UNBROKEN, _MAIN_LINE * sum(end - start for start, end in lines))
    for start, end in lines:
        if end - start >= limit:
            blocks += [Block(first, last) for first, last in _pieces(text, start, end)]
        else:
            blocks.append(Block(start, end))
    return Page(text, "text", tuple(blocks))


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A line, or its sentences where it holds too many for a paragraph."""
    cuts = [at for at in _ends(text, start, end) if at < end]
    if len(cuts) < _MAX_SENTENCES and end - start <= _MAX_UNBROKEN * _MAX_SENTENCES:
        return [(start, end)]
    pieces: list[tuple[int, int]] = []
    for first, last in pairwise([start, *cuts, end]):
        if last - first > _MAX_UNBROKEN:
            inner = [first]
            for match in _SPACE.finditer(text, first + _PIECE, last - _PIECE):
                if match.start() - inner[-1] >= _PIECE:
                    inner.append(match.end())
            pieces += pairwise([*inner, last])
        else:
            pieces.append((first, last))
    # Where a cut falls into a long run of white space, some of that is a piece.
    return [
        _stripped(text, first, last) for first, last in pieces if not text[first:last].isspace()
    ]


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    """Where the sentences of a line end: before no small letter, nor a word glued to the mark
    unless a capital begins it."""
    for match in _END.finditer(text, start, end):
        at = match.end()
        following = text[at : at + 4].lstrip()[:1]
        glued = following == text[at : at + 1] and match[0][0] in ".!?…"
        if following.isupper() if glued else not following.islower():
            yield at


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without white space around it; it holds more than that."""
    piece = text[start:end]
    return end - len(piece.lstrip()), start + len(piece.rstrip())
