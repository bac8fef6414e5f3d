"""From labelled blocks to what the user gets: clean text, and one string a comment."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import pairwise

from cleaner.types import ARTICLE, COMMENT, Block, Elements, Page, Segment

_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_LINE_END = re.compile(r"\r?\r?\n|\r")
_BREAK = re.compile(rf"{_LINE_END.pattern}|[\x0b\x0c\x85\u2028\u2029]")
_HEADER_CHARS = 80
_ITEMS = frozenset(("article", "dd", "li"))
_PROSE = frozenset(("", "blockquote", "li", "p", "pre"))
"""Elements of which one comment holds several: without a class they tell no header."""
_STRIPES = frozenset(("alt", "even", "odd"))
"""Class words that colour every other comment."""
_CONTAINERS = 2
"""Containers of a comment after that of its header: its text, what is below."""
_COVERED = 0.8
"""Share of a thread's blocks that lie in the containers of its comments; the same of headers."""


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
    return _EMPTY_LINES.sub("\n\n", _with_newlines("".join(parts))).strip()


def _with_newlines(text: str) -> str:
    """The text with `\\n` for the line ends of Windows, also written twice, and of old Macs."""
    return _LINE_END.sub("\n", text) if "\r" in text else text


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
    nested or not, or at its header where that stands beside its text; in plain text at a
    short line that ends no sentence (its header).
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
    return _with_newlines("".join(parts))


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
    """Where the container that comments share, such as `<li class="comment">`, is another one.

    Where headers stand beside the texts, in no container or in one of their own, at those.
    """
    if len(run) == 1:
        return {run[0]}
    holders = _holders(page, run)
    if headers := _headers(page, segments, run, holders):
        return {run[bisect_left(run, header)] for header in headers}
    last = holders.get(run[0], -1)
    starts = {run[0]}
    for index in run:
        if holders.get(index, last) != last:
            starts.add(index)
            last = holders[index]
    return starts


def _holders(page: Page, run: Sequence[int]) -> dict[int, int]:
    """The container of each block's comment; empty where comments share no kind of container."""
    owners: dict[tuple[str, str], dict[int, int]] = {}
    around = cache(partial(_containers, page.elements))
    for index in run:
        for signature, element in around(_outer(page, index)).items():
            owners.setdefault(signature, {})[index] = element
    repeated = {
        signature: found
        for signature, found in owners.items()
        if len(found) >= _COVERED * len(run) and len(set(found.values())) > 1
    }
    if not repeated:
        return {}
    signature = max(repeated, key=lambda one: (one[1] != "", len(set(repeated[one].values()))))
    return repeated[signature]


def _headers(
    page: Page, segments: Sequence[Segment], run: Sequence[int], holders: Mapping[int, int]
) -> list[int]:
    """Blocks like the first that come back, each of them short and before the text of a comment.

    They are told by the coarsest kind of block by which they are headers. Some may not be labelled
    comments, that of the first comment neither.
    """

    def is_header(start: int, end: int) -> bool:
        """Whether a block, or its container, is short and stands before one text."""
        holder = holders.get(start, -1)
        first, last = start, start + 1
        if holder >= 0:
            first, last = page.elements.first[holder], page.elements.last[holder]
        if first < start or last >= end:
            return False
        texts = {holders[index] for index in range(last, end) if index in holders}
        return (
            segments[last - 1].end - segments[start].start <= _HEADER_CHARS
            and len(texts) <= _CONTAINERS  # else a heading of several comments
        )

    begin, stop = run[0], run[-1] + 1
    if begin > 0 and segments[begin - 1].label != ARTICLE:
        begin -= 1
    for kinds in _kinds(page, begin, stop, holders):
        for kind in dict.fromkeys(kinds[: run[0] - begin + 1]):
            starts = [index for index, other in enumerate(kinds, begin) if other == kind]
            if kind is None or len(starts) < 2:
                continue
            if holders and all(segments[index].label != COMMENT for index in starts):
                continue  # there is nothing to join to the texts
            headers = sum(is_header(*ends) for ends in pairwise([*starts, stop]))
            if headers >= _COVERED * len(starts):
                return starts
    return []


def _kinds(
    page: Page, start: int, end: int, holders: Mapping[int, int]
) -> Iterator[list[tuple[str, ...] | None]]:
    """Kinds of blocks by which headers may differ from texts, from coarse to fine.

    By tag, by the first class word, by all of them; without containers at last by what stands
    in it: a short line that ends no sentence and holds emphasis, a link or a number.
    """
    blocks = page.blocks[start:end]
    elements = [_element(page, block.element) for block in blocks]
    for words in (1, 2):
        yield [_unless_prose(element, words) for element in elements]
    yield [  # a container has words that tell of its author, not of a header
        _unless_prose(element, 2 if holders.get(index) == block.element else None)
        for index, (block, element) in enumerate(zip(blocks, elements, strict=True), start)
    ]
    if not holders:
        yield [
            (*element, "marked" * (block.marks > 0)) if _is_byline(page, block) else None
            for block, element in zip(blocks, elements, strict=True)
        ]


def _unless_prose(element: tuple[str, ...], words: int | None) -> tuple[str, ...] | None:
    """The first words of what an element is, none where texts consist of such elements."""
    return None if len(element) == 1 and element[0] in _PROSE else element[:words]


def _element(page: Page, element: int) -> tuple[str, ...]:
    """Tag and class words of an element."""
    if element < 0:
        return ("",)
    words = page.elements.tokens[element]
    return (page.elements.tag[element], *[word for word in words if word not in _STRIPES])


def _outer(page: Page, index: int) -> int:
    """The nearest element that may hold a whole comment; a paragraph is part of one."""
    at = page.blocks[index].element
    if at < 0 or page.elements.tag[at] in _ITEMS:
        return at
    return page.elements.parent[at]


def _containers(elements: Elements, at: int) -> dict[tuple[str, str], int]:
    """Of an element and those around it, the nearest of each tag and first class word."""
    found: dict[tuple[str, str], int] = {}
    while at >= 0:
        tokens = elements.tokens[at]
        found.setdefault((elements.tag[at], tokens[0] if tokens else ""), at)
        at = elements.parent[at]
    return found


def _may_be_header(text: str) -> bool:
    """A short line that ends no sentence."""
    return len(text) <= _HEADER_CHARS and text[-1] not in '.!?…。！？؟।"”»)'


def _is_byline(page: Page, block: Block) -> bool:
    """A line that may be a header and has something of a name or a date."""
    text = page.text_of(block)
    return _may_be_header(text) and (block.marks + block.links > 0 or any(map(str.isdigit, text)))


def _text_starts(page: Page, segments: Sequence[Segment], run: Sequence[int]) -> set[int]:
    starts: set[int] = set()
    after_header = False
    for index in run:
        header = _may_be_header(segments[index].text)
        if header and not after_header:  # name and date may stand on lines of their own
            starts.add(index)
        after_header = header
    return starts or {
        index
        for index in run
        if index == run[0] or not _same_line(page, segments[index - 1], segments[index])
    }
