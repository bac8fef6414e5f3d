"""Wrapped lines of plain text to paragraphs.

In wrapped text the first word of a line did not fit on the line before. That holds for most
neighbouring lines of wrapped text and for few of a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import NamedTuple

from cleaner.scripts import UNSEEN, columns_before
from cleaner.signs import CLOSERS, STOPS, WIDE_STOPS

_MIN_WIDTH, _MAX_WIDTH = 40, 120
"""Wider lines are paragraphs, not wrapped text (longest common setting: 120 columns)."""
_LEAST_CONTINUED = _MIN_WIDTH // 2
"""Shorter lines, as of menus beside wrapped paragraphs, say nothing of a width."""
_LEAST_PAIRS = 3
_FORCED = 0.6
"""Share of neighbouring lines, in wrapped text, of which the break was none of the author's."""
_WIDER = 1 / 20, 1 / 33
"""Shares of the lines that may be wider than those that were wrapped; two may be in any case."""
_ENDED = 0.8
"""Share of lines, each the end of a sentence, from which they are paragraphs of about one length.
Of wrapped lines one in six is."""
_STOPS = frozenset(STOPS) - frozenset(WIDE_STOPS)
"""Not those of scripts whose lines break anywhere: such lines have one width only if wrapped."""
_SPACE = re.compile(r"\s")
_WORD = re.compile(r"\S+")
_QUOTED = re.compile(r"(?:>[ \t]?)*+")
_ITEM = re.compile(r"[ \t]*+(?:[-*•]|\d{1,3}[.)])[ \t]")
"""How an item of a list begins, whose line the author began."""
_BLANKS = f"[{re.escape(UNSEEN)}]*+"
_ONE_BREAK = re.compile(rf"{_BLANKS}(?:\r?\r?\n|\r){_BLANKS}")
"""What is between two lines without a blank one; CR CR LF is a CR LF that was written twice."""
_WIDE = re.compile("[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uff00-\uff60]")
_ANYWHERE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Ideographs and kana: a line may break before any of them."""
_AT_WORDS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Burmese and Khmer: lines break at words, whose length is guessed."""
# The first word of a line in these scripts, with the marks and digits that stay with it.
_UNSPACED = re.compile(
    rf"[^\s{_ANYWHERE}{_AT_WORDS}]*+(?:[{_ANYWHERE}][^\w\s]*+|[{_AT_WORDS}]{{1,8}})"
)


class Line(NamedTuple):
    """A line: where it begins, and the range of what is seen of it."""

    begin: int
    start: int
    end: int


def paragraphs(text: str, lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Ranges of the lines, joined where they were wrapped."""
    items = _items(text, lines)
    pairs = [
        at
        for at, (line, following) in enumerate(pairwise(lines))
        if line.end - line.begin >= _LEAST_CONTINUED
        and _tells(text, line, following, items)
        and ((gap := text[line.end : following.start]) == "\n" or _ONE_BREAK.fullmatch(gap))
    ]
    continued: AbstractSet[int] = frozenset()
    if len(pairs) >= _LEAST_PAIRS:
        continued = _continued(text, lines, pairs, items, range(len(text) + 1))
        # Programs that show text wrap it by columns, of which ideographs take two.
        if not continued and any(_WIDE.search(text, *lines[at][1:]) for at in pairs[:_LEAST_PAIRS]):
            continued = _continued(text, lines, pairs, items, columns_before(text))
    joined: list[tuple[int, int]] = []
    for number, (_, start, end) in enumerate(lines):
        if number - 1 in continued:
            start = joined.pop()[0]
        joined.append((start, end))
    return joined


def _items(text: str, lines: Sequence[Line]) -> frozenset[int]:
    """Where items of a list begin; one alone is a line that a dash or a date came to begin."""
    found: dict[str, list[int]] = {}
    for line in lines:
        start = _behind_quotes(text, line)
        if item := _ITEM.match(text, start):
            found.setdefault(item[0].strip()[-1], []).append(start)
    return frozenset(start for starts in found.values() if len(starts) > 1 for start in starts)


def _tells(text: str, line: Line, following: Line, items: AbstractSet[int]) -> bool:
    """Whether the break between two lines, quoted alike, can tell of wrapping.

    That between two items of a line each can: it was not forced. Where a longer item ended
    before the next one tells nothing.
    """
    begin, behind = _behind_quotes(text, line), _behind_quotes(text, following)
    return (
        behind < following.end
        and text.count(">", line.start, begin) == text.count(">", following.start, behind)
        and (begin in items or behind not in items)
    )


def _behind_quotes(text: str, line: Line) -> int:
    """Where a line begins behind the marks of what is quoted."""
    quoted = _QUOTED.match(text, line.start, line.end)
    assert quoted is not None  # it matches nothing as well
    return quoted.end()


def _continued(
    text: str, lines: Sequence[Line], pairs: Sequence[int], items: AbstractSet[int],
    column: Sequence[int],
) -> AbstractSet[int]:  # fmt: skip
    """Numbers of the lines that go on in the next one; none if the text was not wrapped.

    Args:
        text: the whole text.
        lines: its lines.
        pairs: numbers of the lines that another follows without a blank one.
        items: where items of lists begin.
        column: columns before each character of the text.
    """
    sizes = {at: column[lines[at].end] - column[lines[at].begin] for at in pairs}
    for width in _widths(text, lines, sizes):
        long = [at for at in pairs if 2 * sizes[at] >= width]
        enough = max(_LEAST_PAIRS, _FORCED * len(long))
        if sum(sizes[at] <= width for at in long) >= enough:
            forced = {
                at
                for at in pairs
                if sizes[at] <= width < sizes[at] + _room(text, lines[at + 1], items, column)
            }
            if sum(at in forced for at in long) < enough:
                continue
            ended = sum(_ends_sentence(text, lines[at]) for at in forced)
            return forced if ended < _ENDED * len(forced) else frozenset()
    return frozenset()


def _widths(text: str, lines: Sequence[Line], sizes: dict[int, int]) -> Iterator[int]:
    """Columns at which a text may have been wrapped, the widest first."""
    # An address that cannot be broken says nothing of the width.
    ordered = sorted((sizes[at] for at in sizes if not _is_word(text, lines[at])), reverse=True)
    ranks = sorted({0, 1, *(int(share * len(ordered)) for share in _WIDER)})
    for width in dict.fromkeys(ordered[rank] for rank in ranks if rank < len(ordered)):
        if _MIN_WIDTH <= width <= _MAX_WIDTH:
            yield width


def _ends_sentence(text: str, line: Line) -> bool:
    return text[line.start : line.end].rstrip(CLOSERS)[-1:] in _STOPS


def _room(text: str, line: Line, items: AbstractSet[int], column: Sequence[int]) -> int:
    """Columns that the first word of a line would take on the line before; an item goes on none."""
    start = _behind_quotes(text, line)
    if start in items:
        return 0
    if unspaced := _UNSPACED.match(text, start, line.end):
        return column[unspaced.end()] - column[start]
    word = _WORD.match(text, start, line.end)
    return 1 + column[word.end() if word else line.end] - column[start]


def _is_word(text: str, line: Line) -> bool:
    _, start, end = line
    return not _SPACE.search(text, start, end) and not _UNSPACED.match(text, start, end)
