"""Plain text to blocks: a block is a line, or a paragraph where lines were wrapped."""

from __future__ import annotations

import re
from itertools import pairwise

from cleaner.types import Block, Page

_LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
_MAX_WRAP = 120
"""Wider lines are paragraphs, not wrapped text (longest common setting: 120 columns)."""


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
    return Page(text, "text", tuple([Block(start, end) for start, end in lines]))


def _adjacent(text: str, end: int, start: int) -> bool:
    """Whether no blank line stands between two lines."""
    gap = text[end:start]
    return gap.count("\n") + gap.count("\r") - gap.count("\r\n") == 1


def _would_fit(text: str, line: tuple[int, int], following: tuple[int, int], width: int) -> bool:
    """Whether the next line's first word had room on this line: then the break was meant."""
    word = text[following[0] : following[1]].split(None, 1)[0]
    return line[1] - line[0] + 1 + len(word) <= width


def _wrap_width(text: str, lines: list[tuple[int, int]]) -> int:
    """Column at which the text was wrapped, 0 if its lines are lines.

    In wrapped text the first word of a line did not fit on the line before. That
    holds for most neighbouring lines of wrapped text and for few of a list.
    """
    pairs = [(a, b) for a, b in pairwise(lines) if _adjacent(text, a[1], b[0])]
    width = max((a[1] - a[0] for a, _ in pairs), default=0)
    if len(pairs) < 3 or not 40 <= width <= _MAX_WRAP:
        return 0
    forced = sum(not _would_fit(text, a, b, width) for a, b in pairs)
    return width if forced >= 0.6 * len(pairs) else 0


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
