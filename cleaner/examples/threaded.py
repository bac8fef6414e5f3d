"""More HTML pages for training: comments in markup that says nothing of them.

Few labelled pages hold comments, and most of these say so in the names of their classes. Here the
comments of a page are written once more as other sites write theirs (`compose.markup`); a
page that has none is given those of another page in its language.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborNode

from cleaner.compose.markup import Markup, Thread
from cleaner.compose.remarks import blend, terms_of
from cleaner.compose.voice import Voice
from cleaner.data.align import UNJUDGED, align
from cleaner.examples import DONORS, Prepared, Sample
from cleaner.examples.spliced import climb, has_running_text, parsed, thread_elements
from cleaner.segment import segment
from cleaner.segment.html import container_nodes
from cleaner.types import ARTICLE, COMMENT

_MIN_COMMENTS = 2
_MAX_COMMENTS = 25
_MAX_HEADER, _MIN_SAID = 60, 12
"""Characters of a line with digits that may be a date, and of one that may be a name."""
_GIVEN = 0.5
_WEIGHT_GIVEN = 0.5
"""Share of the pages with an article that are given another's comments, and the weight of each.
Of 17 pages by other hands, whose markup says little, comments are found with an F1 of .87 (of
all such pages) instead of .82 (of none); news on sites never seen lose about .5."""
_ON_TOPIC = 0.6
"""Share of the pages whose comments, those of another page, are given words of the article."""


@dataclass(frozen=True, slots=True)
class Donor:
    """The comments of a page."""

    site: str
    comments: tuple[str, ...]


def donors_of(pages: Iterable[Prepared]) -> dict[str, list[Donor]]:
    """Pages with comments, by language."""
    found: dict[str, list[Donor]] = {}
    for prepared in pages:
        if prepared.page.kind == "html" and prepared.labels.count(COMMENT) >= _MIN_COMMENTS:
            labelled = prepared.labelled
            comments = tuple(_comments(prepared, 0, len(prepared.labels)))
            if comments:
                found.setdefault(labelled.language, []).append(Donor(labelled.site, comments))
    return found


def draw_donor(
    prepared: Prepared, donors: Mapping[str, Sequence[Donor]], rng: random.Random
) -> Donor | None:
    """Comments for a page: its own, or those of another; None where it takes none."""
    labelled = prepared.labelled
    if prepared.page.kind != "html":
        return None
    if COMMENT in prepared.labels:
        return Donor(labelled.site, ())
    others = [d for d in donors.get(labelled.language, ()) if d.site != labelled.site]
    if not others or labelled.layout in ("forum", "qa") or not has_running_text(prepared):
        return None
    if rng.random() >= _GIVEN:
        return None
    donor = rng.choice(others)
    count = min(len(donor.comments), rng.choice((1, 2, 3, 5, 8, 12, _MAX_COMMENTS)))
    return Donor(donor.site, tuple(rng.sample(donor.comments, count)))


def threaded_samples(
    prepared: Prepared, donor: Donor | None, rng: random.Random
) -> Iterator[Sample]:
    """A page with comments in new markup, if it is to have any."""
    copy = threaded(prepared, donor, rng) if donor else None
    if donor and copy:
        yield replace(copy.sample(), weight=_WEIGHT_GIVEN if donor.comments else 1.0)


def threaded(prepared: Prepared, donor: Donor, rng: random.Random) -> Prepared | None:
    """A page with comments in new markup; None where there is no thread to write again."""
    if donor.comments:
        return _given(prepared, donor, rng)
    return _rewritten(prepared, rng)


def _rewritten(prepared: Prepared, rng: random.Random) -> Prepared | None:
    """A page with its own threads in new markup."""
    page = prepared.page
    elements = thread_elements(page, prepared.labels)
    if not elements:
        return None
    markup = Markup(Voice(rng, prepared.labelled.language))
    nodes = container_nodes(page.html)
    entries: list[tuple[str, str]] = []
    at = 0
    for number in elements:
        element = page.elements[number]
        comments = _comments(prepared, element.first, element.last)
        if not comments:
            return None
        thread = markup.thread(comments, title=page.title, alone=len(elements) == 1)
        entries += _entries(prepared, at, element.first) + _judged(thread)
        at = element.last
        nodes[number].insert_after(parsed(thread.html))
        nodes[number].decompose()
    entries += _entries(prepared, at, len(page.blocks))
    return _made(prepared, nodes, entries)


def _given(prepared: Prepared, donor: Donor, rng: random.Random) -> Prepared | None:
    """A page with the comments of another below its article."""
    page, labelled = prepared.page, prepared.labelled
    article = [i for i, label in enumerate(prepared.labels) if label == ARTICLE]
    texts = [page.text_of(page.blocks[i]) for i in article]
    comments: Sequence[str] = donor.comments
    if rng.random() < _ON_TOPIC:
        terms = terms_of(texts)
        comments = [blend(rng, texts, terms, text, labelled.language) for text in comments]
    thread = Markup(Voice(rng, labelled.language)).thread(comments, title=page.title)
    nodes = container_nodes(page.html)
    number = climb(page, page.blocks[article[-1]].element, rng)
    nodes[number].insert_after(parsed(thread.html))
    at = page.elements[number].last
    entries = _entries(prepared, 0, at) + _judged(thread)
    entries += _entries(prepared, at, len(page.blocks))
    extra = {**labelled.extra, DONORS: donor.site}
    return _made(replace(prepared, labelled=replace(labelled, extra=extra)), nodes, entries)


def _made(
    prepared: Prepared, nodes: Sequence[LexborNode], entries: Sequence[tuple[str, str]]
) -> Prepared | None:
    html = nodes[0].parser.html or ""
    page = segment(html, "html")
    labels = tuple(a.label for a in align([page.text_of(b) for b in page.blocks], entries))
    if COMMENT not in labels:
        return None
    labelled = replace(prepared.labelled, name=f"{prepared.labelled.name} threaded")
    return Prepared(labelled, page, labels)


def _judged(thread: Thread) -> list[tuple[str, str]]:
    return [(label or UNJUDGED, text) for text, label in thread.lines]


def _entries(prepared: Prepared, first: int, last: int) -> list[tuple[str, str]]:
    """Labels and texts of some of a page's blocks."""
    blocks, labels = prepared.page.blocks[first:last], prepared.labels[first:last]
    return [
        (label, prepared.page.text_of(block)) for block, label in zip(blocks, labels, strict=True)
    ]


def _comments(prepared: Prepared, first: int, last: int) -> list[str]:
    """Comments among some of a page's blocks; those in a row are the paragraphs of one."""
    found: list[str] = []
    before = first - 2
    alone = prepared.labels[first:last].count(COMMENT) == last - first
    for i in range(first, last):
        text = " ".join(prepared.page.text_of(prepared.page.blocks[i]).split())
        if prepared.labels[i] == COMMENT and not _is_header(text):
            if before == i - 1 and not alone:
                found[-1] += "\n" + text
            else:
                found.append(text)
            before = i
    return found


def _is_header(text: str) -> bool:
    """Whether what was labelled a comment looks like its name or date: some pages hold such."""
    dated = len(text) < _MAX_HEADER and any(char.isdigit() for char in text)
    return dated or len(text) < _MIN_SAID
