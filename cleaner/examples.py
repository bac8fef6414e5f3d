"""Labelled pages to training samples: labels for blocks, features, words.

Sources of labels, in order of trust: texts labelled by people; for HTML pages
whose labels know no comments, containers whose markup names comments (distant
supervision, Mintz et al. 2009). Plain text comes from three sides: pages that are
plain text, HTML pages rendered by the tools that corpora are made with, and
documents composed of articles, comments and headlines of different pages.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cleaner.compose import THREADS, documents
from cleaner.data.align import UNJUDGED, align
from cleaner.data.pages import LabelledPage
from cleaner.features import Features, features_of
from cleaner.features.facts import DomFacts, Facts
from cleaner.render import available_renderers, render
from cleaner.segment import segment
from cleaner.types import ARTICLE, COMMENT, NAVIGATION, Page

DONORS = "donors"
"""Header of a spliced page (see `cleaner.augment`): the other sites whose parts it holds."""
_MIN_FOUND = 0.5
"""Share of the labelled article that must be found in the page; else the reference is broken."""
_COMMENT_WORDS = frozenset(
    "comment comments commentlist commenttext disqus kommentare commentaires".split()
)
_NOT_COMMENT = frozenset("nav header footer aside form".split())
_FORM_WORDS = frozenset("form respond".split())
"""Words for what invites to comment: `comment-form`, `<div id="respond">`."""
_EXTRACTED = 0.6
"""Share of the renderings that are also given as an extractor leaves them."""
_ONE_LINE = 0.3
"""Weight of pages without line breaks, as one renderer leaves them. As much of them as of others
costs half a point of F1 on news whose lines are left, for a point on pages of one line."""
_MAX_FURNITURE = 160
"""Characters of the longest line of navigation that composed documents borrow."""
_MAX_RUN, _MAX_MIDDLE = 40, 8
"""And lines of a run, and of one that stands inside an article."""
_AS_FOUND = 1.5
"""Weight of pages that are plain text themselves: few beside what is rendered and composed, but
with furniture and comments in many languages as sites have them. Pages that none of them is like
are read the same with 3; the first comment below an article is taken for the article more often."""
_ANSWERED = {"forum": 8.0, "qa": 8.0}
"""The same where people write below each other and it is the content: a hundred times as many
composed documents say that such texts are comments. With 1.5, F1 of posts and answers of sites
never seen is .81 instead of .87 on pages of questions."""
_COMMENT_UNITS = 25
"""Letters from which a text in a comment container is a comment, not a control or a date."""
_DONOR_UNITS = 33
"""And those from which one is a whole comment, not its header."""


@dataclass(frozen=True, slots=True)
class Sample(Features):
    """A page made ready for training: its features, not yet scaled, and labels by name.

    `labels` has one entry a block, `UNJUDGED` where nobody looked.
    """

    name: str
    sites: tuple[str, ...]
    """All sites that parts of it come from: in folds it goes where none of them is tested."""
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


def rendered_samples(prepared: Prepared, *, seed: int, renderers: int = 2) -> Iterator[Sample]:
    """An HTML page as plain text, by resiliparse if at hand and by other tools drawn at random.

    Some of them come a second time as an extractor leaves them. A spliced page comes
    once, by a tool drawn at random: it brings real threads and rails, which composed
    documents imitate. Each line takes the label of the blocks it came from. A headline
    that the labels leave out of the article is not judged: references differ in
    whether they hold it.

    Four tools a page instead of two are no better: on sites never seen F1 stays within .3 points
    by whatever tool, and more clean articles lose words (2.4 % instead of 1.8 % over a fiftieth).
    """
    labelled, page = prepared.labelled, prepared.page
    rng = random.Random(f"{seed} {labelled.name}")
    names = list(available_renderers())
    rng.shuffle(names)
    spliced = DONORS in labelled.extra
    if spliced:
        renderers = 1
    else:
        names.sort(key=lambda name: name != "resiliparse")
    entries = [
        (UNJUDGED if block.tag == "h1" and label == NAVIGATION else label, page.text_of(block))
        for block, label in zip(page.blocks, prepared.labels, strict=True)
    ]
    for name in names[:renderers]:
        text = segment(render(page.html, name), "text")
        if not text.blocks:
            continue
        lines = [text.text_of(block) for block in text.blocks]
        labels = [alignment.label for alignment in align(lines, entries)]
        versions = {name: (text, labels)}
        whole = spliced or "\n" not in text.source
        if not whole and rng.random() < _EXTRACTED and (left := extracted(text, labels, rng)):
            versions[f"{name} extracted"] = left
        for version, (shown, given) in versions.items():
            yield make_sample(
                shown,
                given,
                name=f"{labelled.name} {version}",
                sites=prepared.sites,
                language=labelled.language,
                weight=1.0 if "\n" in shown.source else _ONE_LINE,
            )


def extracted(
    page: Page, labels: Sequence[str], rng: random.Random
) -> tuple[Page, list[str]] | None:
    """A plain-text page without most of its navigation, and the labels of what is left.

    Much of the text that people clean went through an extractor before. A model that
    sees whole pages only takes away a part of every page, of clean ones too: without
    these it loses 3 % of the words of clean news, with them 1 %.
    """
    if ARTICLE not in labels:
        return None
    kept_share = {NAVIGATION: rng.choice([0.0, 0.0, 0.0, 0.15]), ARTICLE: 1.0}
    pieces: list[str] = []
    kept: list[str] = []
    end, keep, previous = 0, False, ""
    for block, label in zip(page.blocks, labels, strict=True):
        if label != NAVIGATION or previous != NAVIGATION:  # a run of navigation stays or goes
            keep = rng.random() < kept_share.get(label, 0.5)
        previous = label
        if keep:
            gap = "\n\n" if page.source.count("\n", end, block.start) > 1 else "\n"
            pieces += [gap if pieces else "", page.text_of(block)]
            kept.append(label)
        end = block.end
    left = segment("".join(pieces), "text")
    # What is left may look like wrapped text, whose lines are joined; such pages are few.
    return (left, kept) if len(left.blocks) == len(kept) else None


@dataclass(frozen=True, slots=True)
class Material:
    """What plain-text documents are composed of."""

    articles: list[tuple[str, str, str, Sequence[str]]] = field(default_factory=list)
    """Site, language, title and paragraphs of each."""
    comments: dict[str, list[str]] = field(default_factory=dict)
    """By language."""
    headlines: dict[str, list[str]] = field(default_factory=dict)
    """By language."""
    furniture: dict[str, dict[str, list[Sequence[str]]]] = field(default_factory=dict)
    """Runs of navigation lines, by language and place."""

    def add_page(self, prepared: Prepared) -> None:
        """Take article, comments and linked headlines out of a labelled page."""
        page, language = prepared.page, prepared.labelled.language
        paragraphs: list[str] = []
        comments = self.comments.setdefault(language, [])
        headlines = self.headlines.setdefault(language, [])
        forum = prepared.labelled.layout == "forum"
        facts = Facts(page)
        for text, label, units, linked in zip(
            facts.texts, prepared.labels, facts.units, facts.link_share, strict=True
        ):
            text = " ".join(text.split())
            if label == ARTICLE:
                paragraphs.append(text)
            # Posts are the content of a forum; elsewhere they read like comments.
            if label == COMMENT or (label == ARTICLE and forum):
                if units >= _DONOR_UNITS:
                    comments.append(text)
            elif label == NAVIGATION and linked >= 0.8 and 30 <= len(text) <= 140:
                headlines.append(text)
        if not forum and sum(map(len, paragraphs)) >= 400 and len(paragraphs) >= 3:
            title = page.title.split(" | ")[0].split(" - ")[0]
            self.articles.append((prepared.labelled.site, language, title, paragraphs))
        for place, lines in furniture_of(prepared):
            self.furniture.setdefault(language, {}).setdefault(place, []).append(lines)

    def add_text(self, language: str, text: str, *, site: str) -> None:
        """Take a running text without labels: an article in a language with few pages."""
        paragraphs = [line.strip() for line in text.split("\n") if line.strip()]
        if paragraphs:
            self.articles.append((site, language, paragraphs[0][:80], paragraphs))


def furniture_of(prepared: Prepared) -> Iterator[tuple[str, list[str]]]:
    """Runs of navigation on a page, each with its place: one of `compose.PLACES`."""
    labels = prepared.labels
    articles = [i for i, label in enumerate(labels) if label == ARTICLE]
    if not articles:
        return
    last_comment = max((i for i, label in enumerate(labels) if label == COMMENT), default=-1)
    run: list[str] = []
    for i, (block, label) in enumerate(zip(prepared.page.blocks, labels, strict=True)):
        line = " ".join(prepared.page.text_of(block).split())
        if label == NAVIGATION and len(line) <= _MAX_FURNITURE:
            run.append(line)
        if run and (label != NAVIGATION or i + 1 == len(labels)):
            if i < articles[0]:
                yield "before", run[-_MAX_RUN:]
            elif i > articles[-1]:
                yield "between" if i < last_comment else "after", run[:_MAX_RUN]
            elif len(run) <= _MAX_MIDDLE:
                yield "middle", run
            run = []


def composed_samples(
    material: Material, count: int, *, seed: int, layouts: Sequence[str] = THREADS
) -> Iterator[Sample]:
    """Draw composed documents as training samples; `layouts` are those of their threads."""
    if not material.articles:
        return
    drawn = documents(
        random.Random(seed), material.articles, material.comments, material.headlines, count,
        layouts=layouts, furniture=material.furniture,
    )  # fmt: skip
    for number, document in enumerate(drawn):
        page = segment(document.text, "text")
        labels = labels_of_lines(page, document.labels)
        yield make_sample(
            page,
            labels,
            name=f"composed {number}",
            sites=(document.site,),
            language=document.language,
        )


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
        key = tuple((entry.label, entry.text) for entry in page.labels) or (page.name,)
        first = seen.setdefault(key, page)
        if first is not page:
            say(f"left out: {page.name}; has the labelled texts of {first.name}")
    return list(seen.values())
