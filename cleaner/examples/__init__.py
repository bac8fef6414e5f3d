"""Labelled pages to training samples: labels for blocks, features, words.

Sources of labels, in order of trust: texts labelled by people; for HTML pages
whose labels know no comments, containers whose markup names comments (distant
supervision, Mintz et al. 2009). More pages are made of these: HTML with parts of other
pages in it (`spliced`), the same as plain text (`rendered`), questions with their remarks
in other layouts (`restyled`), and documents of articles, comments and headlines of
different pages (`composed`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cleaner.data.align import UNJUDGED, align
from cleaner.data.pages import LabelledPage
from cleaner.features import Features, features_of
from cleaner.features.dom import DomFacts
from cleaner.segment import segment
from cleaner.types import ARTICLE, COMMENT, Page

DONORS = "donors"
"""Header of a spliced page (see `spliced`): the other sites whose parts it holds."""
_MIN_FOUND = 0.5
"""Share of the labelled article that must be found in the page; else the reference is broken."""
_COMMENT_WORDS = frozenset(
    "comment comments commentlist commenttext disqus kommentare commentaires".split()
)
_NOT_COMMENT = frozenset("nav header footer aside form".split())
_FORM_WORDS = frozenset("form respond".split())
"""Words for what invites to comment: `comment-form`, `<div id="respond">`."""
_AS_FOUND = 1.5
"""Weight of pages that are plain text themselves: few beside what is rendered and composed, but
with furniture and comments in many languages as sites have them. Pages that none of them is like
are read the same with 3; the first comment below an article is taken for the article more often."""
_ANSWERED = {"forum": 8.0, "qa": 8.0} | dict.fromkeys(("product", "review", "shop", "market"), 4.0)
"""The same where people write below each other and it is the content: a hundred times as many
composed documents say that such texts are comments. With 1.5, F1 of posts and answers of sites
never seen is .81 instead of .87 on pages of questions."""
_COMMENT_UNITS = 25
"""Letters from which a text in a comment container is a comment, not a control or a date."""


@dataclass(frozen=True, slots=True)
class Sample(Features):
    """A page made ready for training: its features, not yet scaled, and labels by name.

    `labels` has one entry a block, `UNJUDGED` where nobody looked.
    """

    name: str
    sites: tuple[str, ...]
    """All sites that parts of it come from: in folds it goes where none of them is tested.
    Of a composed document only the article's: all it is composed of is of the fold's other sites.
    """
    kind: str
    language: str
    labels: tuple[str, ...]
    weight: float = 1.0


def label_blocks(labelled: LabelledPage, page: Page) -> tuple[str, ...]:
    """Labels of a page's blocks, `UNJUDGED` where nobody looked."""
    texts = [page.text_of(block) for block in page.blocks]
    entries = [(entry.label, entry.text) for entry in labelled.labels]
    aligned = align(texts, entries, labelled.rest, ordered=labelled.ordered)
    labels = [alignment.label for alignment in aligned]
    judged_in_part = bool(entries) and labelled.rest == UNJUDGED
    knows_comments = judged_in_part or any(label == COMMENT for label, _ in entries)
    if page.kind == "html" and not knows_comments and labelled.layout != "forum":
        _mark_comments(page, labels)
    return tuple(labels)


def _mark_comments(page: Page, labels: list[str]) -> None:
    """Relabel blocks inside containers that the markup names as comments."""
    facts = DomFacts(page)
    inside = np.zeros(len(labels), bool)
    for element in page.elements:
        if element.tag not in _NOT_COMMENT and _COMMENT_WORDS.intersection(element.tokens):
            inside[element.first : element.last] = True
    if inside.all() or any(labels[i] == ARTICLE for i in np.flatnonzero(inside)):
        return  # a name that means something else here, on forums for instance
    outside = facts.within(dict.fromkeys(_NOT_COMMENT, 0))[0]
    for element in page.elements:
        if _FORM_WORDS.intersection(element.tokens):
            outside[element.first : element.last] = True
    for i in np.flatnonzero(inside & ~outside):
        if facts.units[i] < _COMMENT_UNITS or facts.link_share[i] > 0.5:
            labels[i] = UNJUDGED
        else:
            labels[i] = COMMENT


def is_usable(labelled: LabelledPage, page: Page, labels: Sequence[str]) -> bool:
    """Whether the page holds what its labels say; some references belong to another version."""
    wanted = sum(len(entry.text) for entry in labelled.labels if entry.label == ARTICLE)
    found = sum(
        block.end - block.start
        for block, label in zip(page.blocks, labels, strict=True)
        if label == ARTICLE
    )
    return not labelled.ordered or wanted == 0 or found >= _MIN_FOUND * wanted


def make_sample(
    page: Page, labels: Sequence[str], *, name: str, sites: tuple[str, ...], language: str = "und",
    weight: float = 1.0,
) -> Sample:  # fmt: skip
    """Compute features and words of a page whose blocks are labelled."""
    found = features_of(page)
    return Sample(
        dense=found.dense,
        words=found.words,
        units=found.units,
        groups=found.groups,
        name=name,
        sites=sites,
        kind=page.kind,
        language=language,
        labels=tuple(labels),
        weight=weight,
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A labelled page, segmented and labelled."""

    labelled: LabelledPage
    page: Page
    labels: tuple[str, ...]

    @property
    def sites(self) -> tuple[str, ...]:
        """The page's site, and those that parts of it were taken from."""
        return (self.labelled.site, *self.labelled.extra.get(DONORS, "").split())

    def sample(self) -> Sample:
        """The page as a training sample."""
        labelled = self.labelled
        return make_sample(
            self.page,
            self.labels,
            name=labelled.name,
            sites=self.sites,
            language=labelled.language,
            weight=_ANSWERED.get(labelled.layout, _AS_FOUND) if self.page.kind == "text" else 1.0,
        )


def prepare(labelled: LabelledPage) -> Prepared | None:
    """Segment and label a page; None where its labels do not fit it or no block has one."""
    try:
        page = segment(labelled.page, labelled.kind)
    except ValueError:
        return None
    if not page.blocks:
        return None
    labels = label_blocks(labelled, page)
    if set(labels) == {UNJUDGED} or not is_usable(labelled, page, labels):
        return None
    return Prepared(labelled, page, labels)


def labels_of_lines(page: Page, labels: Sequence[str | None]) -> list[str]:
    """Label of each block, given one for each line: that of the line where it begins."""
    return [labels[lines.start] or UNJUDGED for lines in lines_of_blocks(page)]


def lines_of_blocks(page: Page) -> Iterator[range]:
    """Numbers of the lines that each block covers."""
    line = at = 0
    for block in page.blocks:
        first = line + page.source.count("\n", at, block.start)
        line, at = first + page.source.count("\n", block.start, block.end), block.end
        yield range(first, line + 1)


def sharing() -> Callable[[Sample], Sample]:
    """A function that gives samples back in which equal words, and equal rows of words of all
    samples it was given, are one object.

    Renderings and copies of a page repeat its lines, and what workers return repeats every
    string: most of what training would keep in memory and send to its workers.
    """
    rows: dict[tuple[str, ...], tuple[str, ...]] = {}

    def share(sample: Sample) -> Sample:
        words = {}
        for name, found in sample.words.items():
            interned = (tuple(map(sys.intern, row)) for row in found.rows)
            words[name] = replace(found, rows=[rows.setdefault(row, row) for row in interned])
        return replace(sample, words=words)

    return share


def unique(
    pages: Iterable[LabelledPage], say: Callable[[str], None] = lambda line: None
) -> list[LabelledPage]:
    """Pages without those that repeat another one's labelled text, such as bot walls."""
    seen: dict[tuple[object, ...], LabelledPage] = {}
    for page in pages:
        key = tuple((entry.label, entry.text) for entry in page.labels) or (page.page,)
        first = seen.setdefault(key, page)
        if first is not page:
            say(f"left out: {page.name}; has the labelled texts of {first.name}")
    return list(seen.values())
