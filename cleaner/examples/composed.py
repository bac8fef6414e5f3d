"""Training samples of plain text: documents composed of parts of labelled pages."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cleaner.compose import THREADS, documents
from cleaner.examples import Prepared, Sample, labels_of_lines, make_sample
from cleaner.features.facts import Facts
from cleaner.segment import segment
from cleaner.types import ARTICLE, COMMENT, NAVIGATION

_MAX_FURNITURE = 160
"""Characters of the longest line of navigation that composed documents borrow."""
_MAX_RUN, _MAX_MIDDLE = 40, 8
"""And lines of a run, and of one that stands inside an article."""
_DONOR_UNITS = 33
"""Letters from which a comment is a whole one, not its header."""


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
            end = i if label != NAVIGATION else i + 1
            if end <= articles[0]:
                yield "before", run[-_MAX_RUN:]
            elif i > articles[-1]:
                yield "between" if end <= last_comment else "after", run[:_MAX_RUN]
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
