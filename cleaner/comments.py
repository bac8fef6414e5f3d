"""From comment segments to one string for each comment."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import pairwise

from cleaner.assemble import BREAK, blank_line_between, gap_between, with_newlines
from cleaner.signs import STOPS
from cleaner.types import ARTICLE, COMMENT, Block, Elements, Page, Segment

_HEADER_CHARS = 80
_ITEMS = frozenset(("article", "dd", "li"))
_PROSE = frozenset(("", "blockquote", "li", "p", "pre"))
"""Elements of which one comment holds several: without a class they tell no header."""
_STRIPES = frozenset(("alt", "even", "odd"))
"""Class words that colour every other comment."""
_CONTAINERS = 2
"""Containers of a comment after that of its header: its text, what is below."""
_MOMENT = re.compile(
    r"\d{1,2}:\d\d|\d{4}\s?[年년][\s\d月월日일]*|\d{1,4}([./-])\s?\d{1,2}\1\s?\d{1,4}"
    r"|\b\d{1,2}\b\D{1,15}\b\d{4}\b|\b\d{4}\b\D{1,15}\b\d{1,2}\b"
)
"""A date or time of any language, by how its digits stand."""
_NUMBER = re.compile(r"(?<![^\W_])\d{1,3}(?!\d)")
"""What an age has, such as `3h`; digits that end a name, such as `Dan99`, are none."""
_NO_STOP = re.compile(
    r"(?:\s\w|\b[JS]r|^\W?\d+)\.$"
    r"|^.{1,40}\(\D{0,12}\d{1,3}\D{1,20}\)$"
    rf"|(?:{_MOMENT.pattern})(?:\D{{0,6}}[.)]|.*(?:\.\.\.|…))$"
)
"""Ends of names (`Priya S.`, `Tom Jr.`), numbers, ages, dates that look like ends of sentences."""
_ENDS = STOPS + '"”’»」』)'
"""What a sentence ends in, or the quotation or bracket around it."""
_DOTS = ("...", "…")
_SIGNED = tuple("—–~-")
"""What a name below a text begins with."""
_NEAR = 40
"""Characters from an end of a line within which its date stands."""
_COVERED = 0.8
"""Share of a thread's blocks that lie in the containers of its comments; the same of headers."""


def comments(page: Page, segments: Sequence[Segment]) -> tuple[str, ...]:
    """Join comment segments into comments, in page order.

    In HTML a comment begins where another container of the kind that they share does,
    nested or not, or at its header where that stands beside its text; in plain text at a
    short line that ends no sentence (its header). Bylines may also stand below the texts.
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
            gap = gap_between(page.source[before.end : segment.start], a_line_a_paragraph=False)
        parts += [gap, segment.text]
    return with_newlines("".join(parts))


def _same_line(page: Page, before: Segment, segment: Segment) -> bool:
    """Whether two segments of plain text are parts of one line."""
    return page.kind == "text" and not BREAK.search(page.source, before.end, segment.start)


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

    Where headers stand beside the texts, in no container or in one of their own, at those; where
    bylines stand below them, after those.
    """
    if len(run) == 1:
        return {run[0]}
    holders = _holders(page, run)
    if headers := _headers(page, segments, run, holders):
        return {run[bisect_left(run, header)] for header in headers}
    if not holders:
        return {run[0], *_after_bylines(page, segments, run)}
    return _at_holders(page, segments, run, holders)


def _at_holders(
    page: Page, segments: Sequence[Segment], run: Sequence[int], holders: Mapping[int, int]
) -> set[int]:
    """Where the container is another one, unless it is a part of the comment or the whole of it.

    Both may look alike: `comment` and `comment-body`, or no class at all.
    """
    parent, tag, blocks = page.elements.parent, page.elements.tag, page.blocks
    start, last = run[0], holders.get(run[0], -1)
    starts, ours, seen = {start}, {last}, {last}
    for index in run:
        holder = holders.get(index, last)
        if holder == last:
            continue
        is_part = (  # it follows the header, and does not begin with another
            parent[holder] == last
            and tag[holder] not in _ITEMS
            and segments[index - 1].end - segments[start].start <= _HEADER_CHARS
            and _element(page, blocks[index].element) != _element(page, blocks[start].element)
        )
        is_whole = (
            last >= 0
            and parent[last] == holder
            and tag[last] not in _ITEMS
            and (holder in ours or holder not in seen)  # else a reply ends here
        )
        if not (is_part or is_whole):
            starts.add(index)
            start, ours = index, set()
        ours.add(holder)
        seen.add(holder)
        last = holder
    return starts


def _after_bylines(page: Page, segments: Sequence[Segment], run: Sequence[int]) -> list[int]:
    """Blocks after those like the last that come back, each of them a byline below a text."""
    for kinds in _kinds(page, run[0], run[-1] + 1, {}):
        ends = [at for at, kind in enumerate(kinds, run[0] + 1) if kind and kind == kinds[-1]]
        bylines = sum(
            end - start > 1 and _is_byline(page, page.blocks[end - 1])
            for start, end in pairwise([run[0], *ends])
        )
        if len(ends) > 1 and bylines >= _COVERED * len(ends):
            return [run[bisect_left(run, end)] for end in ends[:-1]]
    return []


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
    at, elements = page.blocks[index].element, page.elements
    if at < 0 or elements.tag[at] in _ITEMS or elements.last[at] - elements.first[at] > 1:
        return at
    return elements.parent[at]


def _containers(elements: Elements, at: int) -> dict[tuple[str, str], int]:
    """Of an element and those around it, the nearest of each tag and first class word."""
    found: dict[tuple[str, str], int] = {}
    while at >= 0:
        tokens = elements.tokens[at]
        found.setdefault((elements.tag[at], tokens[0] if tokens else ""), at)
        at = elements.parent[at]
    return found


def _may_be_header(text: str) -> bool:
    """A short line that ends no sentence; a name or date may end in a full stop or bracket."""
    return len(text) <= _HEADER_CHARS and (
        text[-1] not in _ENDS or (text[-1] in ".…)" and _NO_STOP.search(text) is not None)
    )


def _is_byline(page: Page, block: Block) -> bool:
    """A line that may be a header and has something of a name or a date."""
    text = page.text_of(block)
    return _may_be_header(text) and (block.marks + block.links > 0 or any(map(str.isdigit, text)))


def _text_starts(page: Page, segments: Sequence[Segment], run: Sequence[int]) -> set[int]:
    """Where a short line that ends no sentence follows one that does.

    Where nearly as many short lines hold a date or time, or else a number, those tell the comments.
    """
    texts = [segments[index].text for index in run]
    if len(run) > 2 and sum(map(_is_dated, texts)) >= _COVERED * len(run):
        return set(run)  # name, text and time of each comment share its line
    short = [_may_be_header(text) for text in texts]
    # Name and date may stand on lines of their own.
    headers = _begins(short)
    for pattern in (_MOMENT, _NUMBER):
        marked = [
            header and pattern.search(text) is not None
            for header, text in zip(short, texts, strict=True)
        ]
        if any(marked):
            apart = [_is_apart(page, segments, index) for index in run]
            starts = _below_blank_lines(short, marked, apart) or _at_marked(texts, short, marked)
            if 2 * len(starts) >= len(headers):
                return {run[at] for at in starts}
    return {run[at] for at in headers} or {
        index
        for index in run
        if index == run[0] or not _same_line(page, segments[index - 1], segments[index])
    }


def _is_dated(text: str) -> bool:
    """Whether a date or time stands near an end of the text."""
    return bool(_MOMENT.search(text, 0, _NEAR) or _MOMENT.search(text, max(0, len(text) - _NEAR)))


def _is_apart(page: Page, segments: Sequence[Segment], index: int) -> bool:
    """Whether a blank line stands before a segment."""
    above = segments[index - 1].end if index else 0
    return blank_line_between(page.source, above, segments[index].start)


def _begins(flags: Sequence[bool]) -> list[int]:
    """Where runs of flags that are set begin."""
    return [at for at, flag in enumerate(flags) if flag and not (at and flags[at - 1])]


def _below_blank_lines(
    short: Sequence[bool], marked: Sequence[bool], apart: Sequence[bool]
) -> list[int]:
    """Lines at which comments begin where a blank line stands before each header, of which the
    mark is not the first line; else none.
    """
    starts: list[int] = []
    named, floor = False, 0
    for mark in _begins(marked):
        top = mark
        while top > floor and short[top - 1] and not apart[top]:
            top -= 1
        if starts and not apart[top]:
            return []
        named |= top < mark
        starts.append(top)
        floor = mark + 1
    return starts if named else []


def _at_marked(texts: Sequence[str], short: Sequence[bool], marked: Sequence[bool]) -> list[int]:
    """Lines at which comments begin, given those that are marked as of a header or byline.

    All headers have as many lines above the mark, such as a name. It is a byline below where the
    last one ends the run, and text stands above the first or all begin with a dash.
    """
    marks = _begins(marked)
    lead, before = marks[0], -2
    for mark in marks:
        top = mark
        while top > max(0, mark - lead) and (short[top - 1] or texts[top - 1].endswith(_DOTS)):
            top -= 1
        lead = min(lead, mark - top, mark - before - 2)  # a line of text stands between two
        before = mark
    signed = all(texts[mark].startswith(_SIGNED) for mark in marks)
    if marked[-1] and (lead < marks[0] or signed):
        return [0, *(at for at, (above, mark) in enumerate(pairwise(marked), 1) if above > mark)]
    return [mark - lead for mark in marks]
