"""More plain-text pages for training: remarks of readers under other headers.

On pages of questions and answers only what stands around a text tells a remark from an
answer, and each site has its own way: the name above, below or at the end of the remark, with
a date or without. So it is with what buyers say of a product. Labelled pages show few of these
ways. Here the remarks of a page are written as threads of other sites are
(`compose.threads`); all else stays as it was.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from cleaner.compose.threads import thread_units
from cleaner.compose.voice import Line, Voice
from cleaner.data.align import UNJUDGED
from cleaner.examples import Prepared, Sample, labels_of_lines, lines_of_blocks
from cleaner.segment import segment
from cleaner.types import ARTICLE, COMMENT

_COPIES = 3
_WEIGHT = 2.5
"""Copies of a page, and the weight of each. Of questions on sites never seen, remarks are found
with an F1 of .61 instead of .52 and .71 instead of .62 (two sets), the rest as before."""
_KEPT = 0.8
"""Share of the threads that a copy has: without remarks, the words around them stay."""
_REMARKS = {
    "trailing": 3, "name": 2, "inline": 2, "says": 1, "dotted": 1, "dated": 1, "date-first": 1,
    "at": 1, "avatar": 1, "stacked": 1, "signed": 1, "between": 1, "bare": 1, "bulleted": 1,
}  # fmt: skip
_REVIEWS = {
    "review": 6, "stacked": 2, "dated": 2, "name": 1, "signed": 2, "between": 1, "dotted": 1,
    "date-first": 1, "avatar": 1, "trailing": 1,
}  # fmt: skip
_LAYOUTS = {"qa": _REMARKS, **dict.fromkeys(("product", "review", "shop", "market"), _REVIEWS)}
"""Layouts of pages, those of their remarks (see `compose.threads`), and how often each is drawn."""
_MAX_HEADER = 32
"""Characters of a name or date that is labelled as part of a remark."""


@dataclass(frozen=True, slots=True)
class _Thread:
    """Remarks with nothing of the article between them."""

    first: int
    """Number of the first block, be it a header."""
    last: int
    """One more than that of the last block."""
    remarks: list[list[int]]
    """Blocks of each remark."""


def restyled_samples(prepared: Prepared, *, seed: int) -> Iterator[Sample]:
    """A plain-text page of questions, or with reviews, with its remarks in other layouts."""
    if prepared.labelled.layout not in _LAYOUTS or COMMENT not in prepared.labels:
        return
    for number in range(_COPIES):
        rng = random.Random(f"{seed} {prepared.labelled.name} {number}")
        copy = restyled(prepared, rng)
        if copy:
            yield replace(copy.sample(), weight=_WEIGHT)


def restyled(prepared: Prepared, rng: random.Random) -> Prepared | None:
    """A plain-text page with its remarks, or most of them, in a layout drawn at random.

    None where that looks like wrapped text, whose lines are joined; such copies are few.
    """
    page = prepared.page
    texts = [page.text_of(block) for block in page.blocks]
    threads = list(_threads(texts, prepared.labels))
    kept = [thread for thread in threads if rng.random() < _KEPT]
    remarks = ["\n".join(texts[i] for i in blocks) for thread in kept for blocks in thread.remarks]
    article = [text for text, label in zip(texts, prepared.labels, strict=True) if label == ARTICLE]
    layouts = _LAYOUTS.get(prepared.labelled.layout, _REMARKS)
    (layout,) = rng.choices(list(layouts), list(layouts.values()))
    voice = Voice(rng, prepared.labelled.language)
    # All in one call: a site has one layout.
    units = iter(thread_units(voice, layout, article or [""], remarks))
    parted = rng.random() < 0.3
    before = _lines_before(prepared, texts)
    lines: list[Line] = []
    at = 0
    for thread in threads:
        lines += (line for i in range(at, thread.first) for line in before[i])
        for _ in thread.remarks if thread in kept else ():
            lines += [("", None)] * parted + next(units)
        at = thread.last
    lines += (line for some in before[at:] for line in some)
    copy = segment("\n".join(text for text, _ in lines), "text")
    labels = [label for _, label in lines]
    if any(len({*labels[i.start : i.stop]} - {None}) > 1 for i in lines_of_blocks(copy)):
        return None
    name = f"{prepared.labelled.name} restyled"
    return Prepared(
        replace(prepared.labelled, name=name), copy, tuple(labels_of_lines(copy, labels))
    )


def _lines_before(prepared: Prepared, texts: Sequence[str]) -> list[list[Line]]:
    """The lines of each block, behind the blank lines before it."""
    found: list[list[Line]] = []
    source, end = prepared.page.source, 0
    for block, text, label in zip(prepared.page.blocks, texts, prepared.labels, strict=True):
        blank = max(0, source.count("\n", end, block.start) - 1)
        found.append([*[("", None)] * blank, *((line, label) for line in text.split("\n"))])
        end = block.end
    return found


def _threads(texts: Sequence[str], labels: Sequence[str]) -> Iterator[_Thread]:
    runs: list[list[int]] = []
    for i, label in enumerate(labels):
        if label == COMMENT:
            if not runs or ARTICLE in labels[runs[-1][-1] : i]:
                runs.append([])
            runs[-1].append(i)
    for run in runs:
        first, last = run[0], run[-1] + 1
        while first and labels[first - 1] == UNJUDGED:
            first -= 1
        if first == run[0]:  # names stand below the remarks
            while last < len(labels) and labels[last] == UNJUDGED:
                last += 1
        yield _Thread(first, last, _remarks(run, texts))


def _remarks(run: Sequence[int], texts: Sequence[str]) -> list[list[int]]:
    """Blocks of each remark of a thread: those in a row, where headers part others; else each."""
    parted = any(after > before + 1 for before, after in pairwise(run))
    found = [[run[0]]]
    for before, after in pairwise(run):
        if parted and after == before + 1:
            found[-1].append(after)
        else:
            found.append([after])
    return [blocks for blocks in found if not _is_header([texts[i] for i in blocks])] or found


def _is_header(texts: Sequence[str]) -> bool:
    """Whether a name or a date is all that was labelled a remark."""
    text = texts[0]
    dated = any(char.isdigit() for char in text) and len(text.split()) < 6
    return len(texts) == 1 and len(text) < _MAX_HEADER and (dated or text[:1] in "–—-")
