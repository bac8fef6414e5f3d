"""Training samples of the spam model: pages with and without spam, and which candidates are it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from cleaner.language import detect
from cleaner.segment import segment
from cleaner.spam import view_of
from cleaner.spam.candidates import Candidate
from cleaner.spam.folds import Source
from cleaner.spam.grammar import SENTENCE, Phrase
from cleaner.spam.grams import FloatArray
from cleaner.spam.inject import disguised, inject_all, inject_html, put_linked, shortened
from cleaner.spam.model import SpamModel
from cleaner.spam.texts import Judgements, Marked, Text
from cleaner.spam.view import Articles, View
from cleaner.types import ARTICLE, Page, Segment

_HTML_COPIES: Final = 2
_OFTEN: Final = 0.35
"""Share of the pages with spam that may hold more than one piece of it. Of models that saw one on
each page, most give up a phrase that is there twice."""
_MORE: Final = (1, 1, 2, 3, 4, 7)
"""Pieces beside the first: one of these numbers."""
_SAME: Final = 0.5
"""Share of these pages on which they are all the same words."""
_ROOM: Final = 120
"""Characters of text for each piece of spam, at least."""
_CROPPED: Final = 0.3
_JOINED: Final = 0.12
_DISGUISED: Final = 0.16
"""Share of phrases in text that are disguised if a trick fits."""
_ALIKE: Final = 0.7
"""Share of two spans' characters in common from which they are the same."""
_SLOPPY: Final = 0.1
"""How much less than another's that share may be."""
_WEIGHT_OF_UNTOUCHED: Final = 10.0
"""How much a candidate of a page without spam counts: nothing may go there."""
_WEIGHT_BY_HAND: Final = 20.0
"""How much one of a passage counts whose spam somebody put in by hand. Of 69 promotional sentences
in passages that were held out from the others, 12 are reported without any, 23 if they count 1, 32
at 10, 35 at 30 and 34 at 100."""


@dataclass(slots=True)
class Rows:
    """Signals and truth of candidates, with the page and fold each comes from."""

    signals: list[FloatArray] = field(default_factory=list)
    truth: list[bool] = field(default_factory=list)
    page: list[int] = field(default_factory=list)
    fold: list[int] = field(default_factory=list)
    pieces: list[int] = field(default_factory=list)
    """Pieces of spam on the page."""
    weight: list[float] = field(default_factory=list)
    """How much the candidate counts."""
    apart: list[bool] = field(default_factory=list)
    """Whether the candidate shares nothing with the spam of its page."""
    pages: int = 0

    def add(
        self, view: View, model: SpamModel, fold: int, spam: Sequence[tuple[int, int]] = (),
        skip: Callable[[int, int], bool] = lambda start, end: False, weight: float | None = None,
    ) -> None:  # fmt: skip
        """Add the candidates of a page with the given spans of spam, or with none."""
        if weight is None:
            weight = 1.0 if spam else _WEIGHT_OF_UNTOUCHED
        found, signals = model.signals(view)
        self.pages += 1
        # Of each candidate: what it shares with the span that it shares most with.
        alike = [
            max(((_overlap((c.start, c.end), span), span) for span in spam), default=(0.0, (0, 0)))
            for c in found
        ]
        best: dict[tuple[int, int], float] = {}
        for shared, span in alike:
            best[span] = max(shared, best.get(span, 0.0))
        for candidate, row, (shared, span) in zip(found, signals, alike, strict=True):
            truth = _truth(candidate, shared, best[span], span)
            if truth is None or (not truth and skip(candidate.start, candidate.end)):
                continue
            self.signals.append(row)
            self.truth.append(truth)
            self.page.append(self.pages)
            self.fold.append(fold)
            self.pieces.append(len(spam))
            self.weight.append(weight)
            self.apart.append(not shared)

    def extend(self, other: Rows) -> None:
        """Add the rows of other pages."""
        self.page += [self.pages + page for page in other.page]
        for name in ("signals", "truth", "fold", "pieces", "weight", "apart"):
            getattr(self, name).extend(getattr(other, name))
        self.pages += other.pages


def _truth(c: Candidate, shared: float, best: float, spam: tuple[int, int]) -> bool | None:
    """Whether a candidate is the spam; None where that is neither right nor wrong.

    `shared` is its overlap with the spam, `best` the largest of any candidate. Beside a better
    one, a candidate that cuts the spam is no mistake; one that takes in the author's words is.
    """
    if not shared:
        return False
    if shared < _ALIKE:
        return None
    if shared >= best - _SLOPPY:
        return True
    return None if spam[0] <= c.start and c.end <= spam[1] else False


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared / (max(one[1], other[1]) - min(one[0], other[0]))


def add_natural(
    rows: Rows, text: Text, others: Sequence[Text], model: SpamModel, fold: int,
    judgements: Judgements, random: Random,
) -> None:  # fmt: skip
    """Add a text as it is and, at times, reshaped; candidates judged to be spam are left out."""
    rows.add(
        model.view(text.text),
        model,
        fold,
        skip=lambda start, end: judgements.is_spam(text.id, start, end),
    )
    if text.id not in judgements.spans and (shape := random.random()) < _CROPPED + _JOINED:
        rows.add(model.view(_reshaped(text, others, shape, random)), model, fold)


def add_injected(
    rows: Rows, text: Text, others: Sequence[Text], source: Source, model: SpamModel, fold: int,
    random: Random,
) -> None:  # fmt: skip
    """Add a text, as it is or reshaped, with spam put into it."""
    body = _reshaped(text, others, random.random(), random)
    changed, spans = injected(body, text.language, source, random)
    if spans:
        rows.add(model.view(changed), model, fold, spans)


def _reshaped(text: Text, others: Sequence[Text], shape: float, random: Random) -> str:
    """A text as it is, a few sentences of it, or with others of its language, by chance."""
    if shape < _CROPPED:
        start, end = _crop(text.text, random)
        return text.text[start:end]
    if shape < _CROPPED + _JOINED:
        alike = [o.text for o in others if o.language == text.language and o is not text]
        return "\n\n".join((text.text, *random.sample(alike, min(3, len(alike)))))
    return text.text


def injected(
    body: str, language: str, source: Source, random: Random
) -> tuple[str, list[tuple[int, int]]]:
    """A text with phrases, sentences or disguised phrases put into it, and where they stand."""

    def piece() -> Phrase:
        spam = source.phrase(body, language, random)
        if spam.kind == SENTENCE or random.random() >= _DISGUISED:
            return spam
        return replace(spam, text=disguised(spam.text, random) or spam.text)

    pieces = _several(piece, len(body), random)
    return inject_all(shortened(body, " ".join(p.text for p in pieces)), pieces, random)


def _several(piece: Callable[[], Phrase], size: int, random: Random) -> list[Phrase]:
    """Pieces of spam for a text of that size: one, or more: often the same again and again."""
    first = piece()
    if random.random() >= _OFTEN:
        return [first]
    more = min(random.choice(_MORE), size // _ROOM)
    if random.random() < _SAME:
        return [first] * (1 + more)
    return [first, *(piece() for _ in range(more))]


def add_passage(rows: Rows, passage: Marked, model: SpamModel, fold: int) -> None:
    """Add a passage and, if somebody put spam into it, the same without it."""
    if passage.places:
        rows.add(model.view(passage.text), model, fold, passage.places, weight=_WEIGHT_BY_HAND)
    rows.add(model.view(passage.without), model, fold)


def add_html(
    rows: Rows, page: Page, labels: Sequence[str], source: Source,
    alike: Mapping[str, Sequence[Marked]], model: SpamModel, fold: int, random: Random,
) -> None:  # fmt: skip
    """Add the article of a page, with spam and without, with its markup and without.

    `alike` are sentences by language: once more, the page holds some of these, whose authors
    link to other sites what spammers link, too.
    """
    segments = article_of(page, labels)
    if not segments:
        return
    articles = Articles(page, segments)
    language = _language_of(page)
    # The same article with its markup and without: pages are longer than the texts.
    rows.add(view_of(page, articles, model), model, fold)
    rows.add(model.view(articles.text), model, fold)
    text, spans = injected(articles.text, language, source, random)
    if spans:
        rows.add(model.view(text), model, fold, spans)
    if language in alike:
        copy = _with_links(page, segments, random.choice(alike[language]), random)
        if copy is not None:
            rows.add(view_of(*copy, model), model, fold)
    for _ in range(_HTML_COPIES):
        phrases = _several(
            lambda: source.phrase(segments[0].text, language, random), len(articles.text), random
        )
        made = injected_html(page.html, phrases, [s.text for s in segments], random)
        if made is not None:
            changed, shown, spans = made
            rows.add(view_of(changed, shown, model), model, fold, spans)


def article_of(page: Page, labels: Sequence[str]) -> list[Segment]:
    """The blocks of the article."""
    return [
        Segment(ARTICLE, page.text_of(block), block.start, block.end, 1.0)
        for block, label in zip(page.blocks, labels, strict=True)
        if label == ARTICLE
    ]


def _with_links(
    page: Page, article: Sequence[Segment], linked: Marked, random: Random
) -> tuple[Page, Articles] | None:
    """A page with those sentences in its article; None where they found no place in it."""
    html = put_linked(page.html, linked, random)
    if html is None:
        return None
    copy = segment(html, "html")
    known = {linked.text, *(segment.text for segment in article)}
    texts = map(copy.text_of, copy.blocks)
    labels = [ARTICLE if text in known else "" for text in texts]
    segments = article_of(copy, labels)
    if len(segments) <= len(article) // 2 or all(s.text != linked.text for s in segments):
        return None
    return copy, Articles(copy, segments)


def injected_html(
    html: str, phrases: Sequence[Phrase], article: Sequence[str], random: Random
) -> tuple[Page, Articles, list[tuple[int, int]]] | None:
    """A page with phrases in its markup, its article, and where the phrases stand in that.

    `article` holds the texts of the blocks that were the article before. None where a phrase
    finds no place, or cannot be found again.
    """
    put: Counter[str] = Counter()
    for phrase in phrases:
        made = inject_html(html, phrase, random)
        if made is None:
            return None
        html, spam = made
        put[spam] += 1
    page = segment(html, "html")
    places: list[tuple[int, int]] = []
    for spam, count in put.items():
        found = [m.start() for m in re.finditer(re.escape(spam), page.source)]
        if len(found) != count:
            return None
        places += [(at, at + len(spam)) for at in found]
    known = set(article)
    segments = []
    for block in page.blocks:
        text = page.text_of(block)
        if text in known or any(block.start <= at < block.end for at, _ in places):
            segments.append(Segment(ARTICLE, text, block.start, block.end, 1.0))
    articles = Articles(page, segments)
    spans = [articles.inside(*place) for place in sorted(places)] if segments else [None]
    # A paragraph of navigation, say: the rest of the page would be in another voice.
    if None in spans or len(segments) * 2 < len(known):
        return None
    return page, articles, [span for span in spans if span is not None]


def _language_of(page: Page) -> str:
    return detect(page.source[:2000]) or ""


def _crop(text: str, random: Random) -> tuple[int, int]:
    """Offsets of a few sentences."""
    size = random.randint(60, 420)
    start = random.randrange(max(1, len(text) - size))
    space = text.find(" ", start, start + 40) if start else -1
    start = space + 1 if space >= 0 else start
    end = text.rfind(" ", start + 40, start + size)
    return start, end if end > start else min(len(text), start + size)
