"""From kept blocks to clean text: by deletion, and white space."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import itemgetter

from cleaner.types import Page

_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_LINE_END = re.compile(r"\r?\r?\n|\r")
BREAK = re.compile(rf"{_LINE_END.pattern}|[\x0b\x0c\x85\u2028\u2029]")


def clean_text(
    page: Page, kept: Sequence[tuple[int, int]], deleted: Iterable[tuple[int, int]] = ()
) -> str:
    """What is left of the source when only `kept` ranges stay and `deleted` ones go.

    Args:
        kept: offsets of the blocks that stay, in order.
        deleted: offsets of spans inside them that go.

    Nothing is rewritten but line ends, which are `\\n`, and blank lines: there is one
    between paragraphs, none at the ends. In plain text without any blank line every line
    is taken for a paragraph.
    """
    source = page.source
    cuts = _merged(deleted)
    a_line_a_paragraph = page.kind == "text" and not _has_blank_line(page)
    parts: list[str] = []
    gaps: dict[str, str] = {}
    previous = -1
    for start, end in kept:
        piece = _without(source, start, end, cuts)
        if not piece.strip():
            continue
        if previous >= 0:
            # With a whole line, its line end is deleted.
            gap = _without(source, previous, start, cuts)
            if gap not in gaps:
                gaps[gap] = gap_between(gap, a_line_a_paragraph)
            parts.append(gaps[gap])
        parts.append(piece)
        previous = end
    return _EMPTY_LINES.sub("\n\n", with_newlines("".join(parts))).strip()


def with_newlines(text: str) -> str:
    """The text with `\\n` for the line ends of Windows, also written twice, and of old Macs."""
    return _LINE_END.sub("\n", text) if "\r" in text else text


def _has_blank_line(page: Page) -> bool:
    return any(blank_line_between(page.source, a.end, b.start) for a, b in pairwise(page.blocks))


def blank_line_between(source: str, start: int, end: int) -> bool:
    """Whether a range of white space holds a blank line."""
    return len(BREAK.findall(source, start, end)) > 1


def _without(source: str, start: int, end: int, cuts: Sequence[tuple[int, int]]) -> str:
    if not cuts:
        return source[start:end]
    parts = []
    first = bisect_right(cuts, start, key=itemgetter(1))
    last = bisect_left(cuts, end, key=itemgetter(0))
    for cut_start, cut_end in cuts[first:last]:
        parts.append(source[start:cut_start])
        start = min(cut_end, end)
    return "".join([*parts, source[start:end]])


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges in order; those that overlap as one: neighbours may share a space."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start < merged[-1][1]:
            start, other = merged.pop()
            end = max(end, other)
        merged.append((start, end))
    return merged


def gap_between(gap: str, a_line_a_paragraph: bool) -> str:
    """White space between two kept blocks, given all that stands between them."""
    breaks = BREAK.findall(gap)
    if not breaks:
        return gap if not gap or gap.isspace() else " "
    *above, indent = BREAK.split(gap[len(gap.rstrip()) :])
    if not above:  # it set the block apart from others on the line, which are gone
        indent = ""
    if len(breaks) == 1 and gap.isspace() and not a_line_a_paragraph:
        return "\n" + indent
    return "\n\n" + indent
