"""Plain text to blocks: a block is a line, or a paragraph where lines were wrapped.

A line that holds most of the page is cut into sentences: article, comments and menus can
then be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from cleaner.types import Block, Page

_LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
_MAX_WRAP = 120
"""Wider lines are paragraphs, not wrapped text (longest common setting: 120 columns)."""
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
    r"""(?<![.!?…])(?:(?<!\b[^\W\d_])\.|[!?…؟۔।॥\u104b\u1362\u17d4])[.!?…]*+["'”’»)\]]*+(?=\s)"""
    r"""|[。！？．｡]+[」』”’）]*|(?<=[^\W\d_][^\W\d_])[.!?…]["”’»)]*(?=[^\W\d_])"""
)
_SPACE = re.compile(r"\s+")
_ANYWHERE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Ideographs and kana: a line may break before any of them."""
_AT_WORDS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Burmese and Khmer: lines break at words, whose length is guessed."""
# The first word of a line in these scripts, with the marks and digits that stay with it.
_UNSPACED = re.compile(
    rf"[^\s{_ANYWHERE}{_AT_WORDS}]*+(?:[{_ANYWHERE}][^\w\s]*+|[{_AT_WORDS}]{{1,8}})"
)


def segment_text(text: str) -> Page:
    """Segment plain text; `source` is `text` unchanged."""
    lines: list[tuple[int, int]] = []
    for match in _LINE.finditer(text):
        line = match[0]
        stripped = line.strip()
        if stripped:
            start = match.start() + len(line) - len(line.lstrip())
            lines.append((start, start + len(stripped)))
    width = _wrap_width(text, lines)
    if width:
        lines = _unwrap(text, lines, width)
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
    return [_stripped(text, first, last) for first, last in pieces]


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
    """The range without white space around it; none of it is empty."""
    piece = text[start:end]
    return end - len(piece.lstrip()), start + len(piece.rstrip())


def _adjacent(text: str, end: int, start: int) -> bool:
    """Whether no blank line stands between two lines."""
    gap = text[end:start]
    return gap == "\n" or gap.count("\n") + gap.count("\r") - gap.count("\r\n") == 1


def _would_fit(text: str, line: tuple[int, int], following: tuple[int, int], width: int) -> bool:
    """Whether the next line's first word had room on this line: then the break was meant."""
    size = line[1] - line[0]
    if unspaced := _UNSPACED.match(text, *following):
        return size + len(unspaced[0]) <= width
    return size + 1 + len(text[slice(*following)].split(None, 1)[0]) <= width


def _wrap_width(text: str, lines: list[tuple[int, int]]) -> int:
    """Column at which the text was wrapped, 0 if its lines are lines.

    In wrapped text the first word of a line did not fit on the line before. That
    holds for most neighbouring lines of wrapped text and for few of a list.
    """
    pairs = [(a, b) for a, b in pairwise(lines) if _adjacent(text, a[1], b[0])]
    # An address that cannot be broken says nothing of the width.
    width = max((a[1] - a[0] for a, _ in pairs if not _is_word(text[slice(*a)])), default=0)
    if len(pairs) < 3 or not 40 <= width <= _MAX_WRAP:
        return 0
    forced = sum(not _would_fit(text, a, b, width) for a, b in pairs)
    return width if forced >= 0.6 * len(pairs) else 0


def _is_word(line: str) -> bool:
    return not _SPACE.search(line) and not _UNSPACED.match(line)


def _unwrap(text: str, lines: list[tuple[int, int]], width: int) -> list[tuple[int, int]]:
    blocks = [lines[0]]
    previous = lines[0]
    for line in lines[1:]:
        if _adjacent(text, previous[1], line[0]) and not _would_fit(text, previous, line, width):
            blocks[-1] = (blocks[-1][0], line[1])
        else:
            blocks.append(line)
        previous = line
    return blocks
