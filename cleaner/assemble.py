"""From labelled blocks to what the user gets: clean text, and one string a comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from cleaner.types import COMMENT, Page, Segment

_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_HEADER_CHARS = 80
_ITEMS = frozenset(("article", "dd", "li"))
_COVERED = 0.8
"""Share of a thread's blocks that lie in the containers of its comments."""


def clean_text(
    page: Page, kept: Sequence[tuple[int, int]], deleted: Iterable[tuple[int, int]] = ()
) -> str:
    """What is left of the source when only `kept` ranges stay and `deleted` ones go.

    Args:
        kept: offsets of the blocks that stay, in order.
        deleted: offsets of spans inside them that go.

    Nothing is rewritten but blank lines: there is one between paragraphs, none at the
    ends. In plain text without any blank line every line is taken for a paragraph.
    """
    source = page.source
    cuts = sorted(deleted)
    a_line_a_paragraph = page.kind == "text" and not _has_blank_line(page)
    parts: list[str] = []
    gaps: dict[str, str] = {}
    previous = -1
    for start, end in kept:
        piece = "".join(_without(source, start, end, cuts)) if cuts else source[start:end]
        if not piece.strip():
            continue
        if previous >= 0:
            gap = source[previous:start]
            if gap not in gaps:
                gaps[gap] = _gap(gap, a_line_a_paragraph)
            parts.append(gaps[gap])
        parts.append(piece)
        previous = end
    return _EMPTY_LINES.sub("\n\n", "".join(parts)).strip()


def _has_blank_line(page: Page) -> bool:
    return any(
        len(_BREAK.findall(page.source, a.end, b.start)) > 1 for a, b in pairwise(page.blocks)
    )


def _without(source: str, start: int, end: int, cuts: Sequence[tuple[int, int]]) -> Iterator[str]:
    for cut_start, cut_end in cuts:
        if cut_start < end and cut_end > start:  # neighbours may share the space between them
            yield source[start:cut_start]
            start = min(cut_end, end)
    yield source[start:end]


def _gap(gap: str, a_line_a_paragraph: bool) -> str:
    """White space between two kept blocks, given all that stands between them."""
    breaks = _BREAK.findall(gap)
    if not breaks:
        return gap if not gap or gap.isspace() else " "
    *above, indent = _BREAK.split(gap[len(gap.rstrip()) :])
    if not above:  # it set the block apart from others on the line, which are gone
        indent = ""
    if len(breaks) == 1 and gap.isspace() and not a_line_a_paragraph:
        return "\n" + indent
    return "\n\n" + indent


def comments(page: Page, segments: Sequence[Segment]) -> tuple[str, ...]:
    """Join comment segments into comments, in page order.

    In HTML a comment begins where another container of the kind that they share does,
    nested or not; in plain text at a short line that ends no sentence (its header).
    """
    found: list[list[Segment]] = []
    run: list[int] = []
    for index, segment in enumerate([*segments, None]):
        if segment is not None and segment.label == COMMENT:
            run.append(index)
        elif run and (segment is None or _ends_thread(page, index, segments)):
            found += _split(page, segments, run)
            run = []
    return tuple(_joined(page, members) for members in found)


def _joined(page: Page, members: Sequence[Segment]) -> str:
    """Segments of a comment, each on a line of its own unless they share one in the source."""
    parts = [members[0].text]
    for before, segment in pairwise(members):
        gap = "\n"
        if _same_line(page, before, segment):
            gap = _gap(page.source[before.end : segment.start], a_line_a_paragraph=False)
        parts += [gap, segment.text]
    return "".join(parts)


def _same_line(page: Page, before: Segment, segment: Segment) -> bool:
    """Whether two segments of plain text are parts of one line."""
    return page.kind == "text" and not _BREAK.search(page.source, before.end, segment.start)


def _ends_thread(page: Page, index: int, segments: Sequence[Segment]) -> bool:
    """A lone control between two comments, such as Reply, does not end the thread."""
    return len(segments[index].text) > _HEADER_CHARS or page.kind == "text"


def _split(page: Page, segments: Sequence[Segment], run: Sequence[int]) -> list[list[Segment]]:
    find = _html_starts if page.kind == "html" else _text_starts
    starts = find(page, segments, run)
    found: list[list[Segment]] = []
    for index in run:
        if index in starts or not found:
            found.append([])
        found[-1].append(segments[index])
    return found


def _html_starts(page: Page, segments: Sequence[Segment], run: Sequence[int]) -> set[int]:
    """Where the container that comments share, such as `<li class="comment">`, is another one."""
    if len(run) == 1:
        return {run[0]}
    owners: dict[tuple[str, str], dict[int, int]] = {}
    for index in run:
        for signature, element in _containers(page, index).items():
            owners.setdefault(signature, {})[index] = element
    repeated = {
        signature: found
        for signature, found in owners.items()
        if len(found) >= _COVERED * len(run) and len(set(found.values())) > 1
    }
    if not repeated:
        return {run[0]}
    found = max(repeated.items(), key=lambda item: (item[0][1] != "", len(set(item[1].values()))))[
        1
    ]
    last = found.get(run[0], -1)
    starts = {run[0]}
    for index in run:
        if found.get(index, last) != last:
            starts.add(index)
            last = found[index]
    return starts


def _containers(page: Page, index: int) -> dict[tuple[str, str], int]:
    """Elements that may hold a whole comment: the nearest of each tag and first class word."""
    found: dict[tuple[str, str], int] = {}
    at = page.blocks[index].element
    elements = page.elements
    if at >= 0 and elements.tag[at] not in _ITEMS:  # a paragraph is part of one
        at = elements.parent[at]
    while at >= 0:
        tokens = elements.tokens[at]
        found.setdefault((elements.tag[at], tokens[0] if tokens else ""), at)
        at = elements.parent[at]
    return found


def _text_starts(page: Page, segments: Sequence[Segment], run: Sequence[int]) -> set[int]:
    def is_header(index: int) -> bool:
        text = segments[index].text
        return len(text) <= _HEADER_CHARS and text[-1] not in '.!?…。！？؟।"”»)'

    starts: set[int] = set()
    after_header = False
    for index in run:
        header = is_header(index)
        if header and not after_header:  # name and date may stand on lines of their own
            starts.add(index)
        after_header = header
    return starts or {
        index
        for index in run
        if index == run[0] or not _same_line(page, segments[index - 1], segments[index])
    }
