"""Training of the spam model on injected and untouched texts.

Scores that feed the trees must not have seen what they score, or these learn to trust the
phrase list. So texts, languages, verticals and phrases are dealt into folds; the promotional
score of a fold is trained without its languages, verticals, phrases and texts, and the
training pages of the fold are made of exactly these (stacking, Wolpert 1992).
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from importlib.resources import files
from random import Random
from typing import Any, Final, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from cleaner.language import iso_639_1
from cleaner.scripts import script_counts
from cleaner.segment import segment
from cleaner.spam import view_of
from cleaner.spam.candidates import Candidate, candidates
from cleaner.spam.grammar import SENTENCE, Grammar, Phrase
from cleaner.spam.grams import FloatArray
from cleaner.spam.inject import disguised, inject_all, inject_html, shortened
from cleaner.spam.joins import Joins
from cleaner.spam.languages import Languages
from cleaner.spam.model import Screen, SpamModel, standardised
from cleaner.spam.score import Promotion
from cleaner.spam.signals import COLUMN, QUICK_COLUMNS
from cleaner.spam.trees import Trees
from cleaner.spam.view import Articles, View
from cleaner.types import ARTICLE, Page, Segment

_FOLDS: Final = 5
_VARIANTS: Final = 4
"""Phrases made of each head for the promotional score."""
_WIDTHS: Final = (1, 3), (2, 5), (3, 8), (18, 18)
"""Words of the ordinary phrases for that score, least and most."""
_WINDOWS_EVERY: Final = 500
"""Characters of text for which one of each is taken, at least once and at most so many times:"""
_MOST_WINDOWS: Final = 16
_MINED_TEXTS: Final = 6_000
_MAX_NATURAL: Final = 40_000
_INJECTED: Final = 22_000
_HTML_COPIES: Final = 2
_MAX_PAGES: Final = 1_500
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
_HIDDEN: Final = 32
"""Hidden units of the screen. With half as many, a quarter more of the others pass."""
_KEPT_BY_SCREEN: Final = 0.97
"""Share of injected spans whose candidates the screen lets pass. Of .98, nearly half as many more
of the others pass as well, for .3 points of what is reported."""
_TAUGHT: Final = 0.99
"""The same for the candidates that the trees learn from: what is given up narrowly teaches them,
too. Of 68 injected sentences 50 lose their spam, by trees that learn only of what passes 47, and
of .98, 43; of hand-written sentences without spam the surest is .42 spam, .63 and .47."""
_EPOCHS: Final = 14
_WEIGHT_OF_UNTOUCHED: Final = 10.0
"""How much a candidate of a page without spam counts: nothing may go there."""
_ALIKE: Final = 0.7
"""Share of two spans' characters in common from which they are the same."""
_SLOPPY: Final = 0.1
"""How much less than another's that share may be."""
_REMOVE: Final = 0.995, 0.92, 0.35
"""Least probability of removed spans, for each degree of evidence (`support`). Chosen on real
excerpts and on hand-written passages without spam, of which none may lose words: both are harder
than pages that spam was put into. With .9 for one kind of evidence and .64 for two, whichever they
are, three of 289 such passages lose words, and fewer of the tests' injected sentences their spam
(49 for 52). With .985 for one kind, one of 538 passages does: the next training moves each of them
by that much. It removes three spans more of those that the tests' passages hold. With .35 or .5 for
the last, the same is removed from 37,200 excerpts and 538 passages, and the spam of 52 or 47 of 68
short sentences."""
_MARK_PRECISION: Final = 0.94
"""Share of reported spans that are the spam, on texts that hold some."""
_MARK_PRECISION_HTML: Final = 0.97
"""The same where markup tells more: every link to another site is a candidate."""
_LEAST_MARK: Final = 0.03

Say = Callable[[str], None]
_Made = TypeVar("_Made")
_Arguments = ParamSpec("_Arguments")


@dataclass(frozen=True, slots=True)
class Text:
    """An unlabelled running text."""

    language: str
    """As the corpus names it: ISO 639-1 or 639-3."""
    text: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Judgements:
    """What a reader said of spans of known texts: by id, (start, end, is spam)."""

    spans: Mapping[str, tuple[tuple[int, int, bool], ...]] = field(default_factory=dict)

    @classmethod
    def shipped(cls) -> Judgements:
        """Those in `judgements.tsv`: id, start, end, verdict."""
        text = files("cleaner.spam").joinpath("judgements.tsv").read_text(encoding="utf-8")
        spans: dict[str, tuple[tuple[int, int, bool], ...]] = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, start, end, verdict = line.split("\t")[:4]
                spans[name] = (*spans.get(name, ()), (int(start), int(end), verdict == "spam"))
        return cls(spans)

    def is_spam(self, name: str, start: int, end: int) -> bool:
        """Whether a span touches one that was judged to be spam."""
        return any(
            spam and low < end and high > start for low, high, spam in self.spans.get(name, ())
        )


@dataclass(slots=True)
class _Rows:
    """Signals and truth of candidates, with the page and fold each comes from."""

    signals: list[FloatArray] = field(default_factory=list)
    truth: list[bool] = field(default_factory=list)
    page: list[int] = field(default_factory=list)
    fold: list[int] = field(default_factory=list)
    pieces: list[int] = field(default_factory=list)
    """Pieces of spam on the page."""
    apart: list[bool] = field(default_factory=list)
    """Whether the candidate shares nothing with the spam of its page."""
    pages: int = 0

    def add(
        self, view: View, model: SpamModel, fold: int, spam: Sequence[tuple[int, int]] = (),
        skip: Callable[[int, int], bool] = lambda start, end: False,
    ) -> None:  # fmt: skip
        """Add the candidates of a page with the given spans of spam, or with none."""
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
            self.apart.append(not shared)

    def extend(self, other: _Rows) -> None:
        """Add the rows of other pages."""
        self.page += [self.pages + page for page in other.page]
        for name in ("signals", "truth", "fold", "pieces", "apart"):
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


def _on_one_thread(function: Callable[_Arguments, _Made]) -> Callable[_Arguments, _Made]:
    """Sums on one thread: split among several, last digits may differ."""

    @wraps(function)
    def limited(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Made:
        import sklearn.ensemble  # noqa: F401  # a limit holds for what is loaded

        with threadpool_limits(1):
            return function(*args, **kwargs)

    return limited


@_on_one_thread
def train_spam(
    texts: Sequence[Text], pages: Sequence[tuple[Page, Sequence[str]]] = (), *,
    grammar: Grammar | None = None, judgements: Judgements | None = None,
    seed: int = 0, size: float = 1.0, n_jobs: int = 1, say: Say = lambda line: None,
) -> SpamModel:  # fmt: skip
    """Fit a `SpamModel`.

    Args:
        texts: running texts mostly free of spam, in as many languages as possible.
        pages: HTML pages free of spam with the label of each block, for the signals of markup.
        grammar: phrases to inject; the shipped ones by default.
        judgements: spans of `texts` that are spam, which must not be learned as clean.
        size: share of the usual number of training pages.
        n_jobs: processes for the folds, as joblib counts them; the model does not depend on it.

    Deterministic for the same texts, seed and library versions. Needs scikit-learn.
    """
    grammar = grammar or Grammar.shipped()
    judgements = judgements or Judgements.shipped()
    random = Random(seed)
    texts = [text for text in texts if len(text.text) >= 40]
    random.shuffle(texts)
    fold_of = _Folds(grammar, random)
    languages = Languages.fit((text.language, text.text) for text in texts)
    joins = Joins.fit((text.text for text in texts[: int(25_000 * size)]), random)
    say("spam: languages and joins")
    mined = _mine(texts[: int(_MINED_TEXTS * size)], grammar, languages, size, Random(seed))
    say(f"spam: {len(mined)} phrases mined")
    pages = [(page, labels) for page, labels in pages if page.kind == "html"]
    pages = pages[: int(_MAX_PAGES * size)]
    own = [
        (number % _FOLDS, Text("", "\n".join(segment.text for segment in _article(page, labels))))
        for number, (page, labels) in enumerate(pages)
    ]
    made = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_rows_of_fold)(
            fold, fold_of, grammar, judgements, texts,
            [text for number, text in own if number != fold],
            [phrase for number, phrase in mined if number != fold],
            pages[fold::_FOLDS], languages, joins, seed, size,
        )
        for fold in range(_FOLDS)
    )  # fmt: skip
    rows = _Rows()
    for fold, found in enumerate(made):
        rows.extend(found)
        say(f"spam: fold {fold + 1}: {len(rows.truth)} candidates, {sum(rows.truth)} injected")
    promotion = _fit_promotion(
        grammar,
        [*texts[: int(len(texts) * size)], *(text for _, text in own)],
        [p for _, p in mined],
        Random(seed),
        size,
    )
    return _fit_weights(_unweighed(promotion, languages, joins), rows, seed, say)


@_on_one_thread
def _rows_of_fold(
    fold: int, fold_of: _Folds, grammar: Grammar, judgements: Judgements, texts: Sequence[Text],
    own: Sequence[Text], mined: Sequence[str], pages: Sequence[tuple[Page, Sequence[str]]],
    languages: Languages, joins: Joins, seed: int, size: float,
) -> _Rows:  # fmt: skip
    """Candidates of the pages of a fold, by a promotional score that has seen nothing of them.

    `own` are the articles of the other folds' pages, `mined` phrases of their texts.
    """
    rows, rng = _Rows(), Random(f"{seed} {fold}")
    kept = [text for text in texts if fold_of.text(text) != fold]
    held = [text for text in texts if fold_of.text(text) == fold]
    promotion = _fit_promotion(
        grammar.only(lambda *phrase: not fold_of.holds(fold, *phrase)),
        [*kept[: int(len(kept) * size)], *own],
        mined,
        rng,
        size,
    )
    model = _unweighed(promotion, languages, joins)
    share = _MAX_NATURAL * size / max(1, len(texts))
    unread = [text for text in held if text.id not in judgements.spans]
    for text in held[: max(1, int(share * len(held)))]:
        _add_natural(rows, text, unread, model, fold, judgements, rng)
    source = _Source(grammar, fold_of, fold)
    for _ in range(int(_INJECTED * size) // _FOLDS if held else 0):
        _add_injected(rows, rng.choice(held), held, source, model, fold, rng)
    for line in _look_alikes()[fold::_FOLDS]:
        rows.add(model.view(line), model, fold)
    for page, labels in pages:
        _add_html(rows, page, labels, source, model, fold, rng)
    return rows


def _unweighed(promotion: Promotion, languages: Languages, joins: Joins) -> SpamModel:
    """A model that reads the signals of every candidate and judges none."""
    return SpamModel(promotion, languages, joins, None, Trees.none(), 0.5, 0.5, _REMOVE)


class _Folds:
    """Which fold each language, vertical, phrase and text belongs to."""

    def __init__(self, grammar: Grammar, random: Random) -> None:
        languages, verticals = sorted(grammar.languages), grammar.verticals
        random.shuffle(languages)
        random.shuffle(verticals)
        self.language = {name: number % _FOLDS for number, name in enumerate(languages)}
        self.vertical = {name: number % _FOLDS for number, name in enumerate(verticals)}

    def text(self, text: Text) -> int:
        return zlib.crc32(text.text[:200].encode("utf-8", "ignore")) % _FOLDS

    def phrase(self, phrase: str) -> int:
        return zlib.crc32(phrase.encode()) % _FOLDS

    def holds(self, fold: int, language: str, vertical: str, phrase: str) -> bool:
        """Whether the promotional score of a fold must not see a phrase."""
        of = self.language[language], self.vertical.get(vertical), self.phrase(phrase)
        return fold in of


class _Source:
    """Makes phrases that the promotional score of one fold has not seen."""

    def __init__(self, grammar: Grammar, folds: _Folds, fold: int) -> None:
        def only(keep: Callable[[str, str, str], bool]) -> Grammar:
            return grammar.only(
                lambda language, vertical, p: (
                    folds.phrase(p) == fold if vertical == SENTENCE else keep(language, vertical, p)
                )
            )

        self.grammars = [
            only(lambda language, v, p: folds.language[language] == fold),
            only(lambda language, vertical, p: folds.vertical[vertical] == fold),
            only(lambda language, v, p: folds.phrase(p) == fold),
        ]
        self.grammars = [found for found in self.grammars if found.languages] or [grammar]
        self.latin = {name: grammar.is_latin(name) for name in grammar.languages}

    def phrase(self, text: str, language: str, random: Random) -> Phrase:
        """Of the text's own language, of its script, or of any."""
        grammar = random.choices(self.grammars, (3, 3, 5)[: len(self.grammars)])[0]
        own = grammar.languages.keys() & {language, iso_639_1(language)}
        latin = next(iter(script_counts(text[:400])), "") == "Latin"
        alike = [name for name in grammar.languages if self.latin[name] == latin]
        pool = sorted(grammar.languages)
        choice = random.random()
        if own and choice < 0.4:
            pool = sorted(own)
        elif alike and latin and choice < 0.6:
            pool = sorted(alike)
        return grammar.phrase(random.choice(pool), random)


def _add_natural(
    rows: _Rows, text: Text, others: Sequence[Text], model: SpamModel, fold: int,
    judgements: Judgements, random: Random,
) -> None:  # fmt: skip
    rows.add(
        model.view(text.text),
        model,
        fold,
        skip=lambda start, end: judgements.is_spam(text.id, start, end),
    )
    if text.id not in judgements.spans and (shape := random.random()) < _CROPPED + _JOINED:
        rows.add(model.view(_reshaped(text, others, shape, random)), model, fold)


def _add_injected(
    rows: _Rows, text: Text, others: Sequence[Text], source: _Source, model: SpamModel, fold: int,
    random: Random,
) -> None:  # fmt: skip
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
        alike = [other.text for other in others if other.language == text.language][:4]
        return "\n\n".join((text.text, *alike))
    return text.text


def injected(
    body: str, language: str, source: _Source, random: Random
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


def _add_html(
    rows: _Rows, page: Page, labels: Sequence[str], source: _Source, model: SpamModel, fold: int,
    random: Random,
) -> None:  # fmt: skip
    segments = _article(page, labels)
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
    for _ in range(_HTML_COPIES):
        phrases = _several(
            lambda: source.phrase(segments[0].text, language, random), len(articles.text), random
        )
        made = injected_html(page.html, phrases, [s.text for s in segments], random)
        if made is not None:
            changed, shown, spans = made
            rows.add(view_of(changed, shown, model), model, fold, spans)


def _article(page: Page, labels: Sequence[str]) -> list[Segment]:
    return [
        Segment(ARTICLE, page.text_of(block), block.start, block.end, 1.0)
        for block, label in zip(page.blocks, labels, strict=True)
        if label == ARTICLE
    ]


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
    from cleaner.language import detect

    return detect(page.source[:2000]) or ""


def _crop(text: str, random: Random) -> tuple[int, int]:
    """Offsets of a few sentences."""
    size = random.randint(60, 420)
    start = random.randrange(max(1, len(text) - size))
    space = text.find(" ", start, start + 40) if start else -1
    start = space + 1 if space >= 0 else start
    end = text.rfind(" ", start + 40, start + size)
    return start, end if end > start else min(len(text), start + size)


# Promotional score -------------------------------------------------------------------------


def _fit_promotion(
    grammar: Grammar, texts: Sequence[Text], mined: Sequence[str], random: Random, size: float
) -> Promotion:
    ordinary = _windows(texts, random)
    shipped = grammar.ordinary()
    ordinary += [phrase for _, phrase in shipped] * 4
    ordinary += [joiner.join((phrase, random.choice(shipped)[1])) for joiner, phrase in shipped * 2]
    ordinary += [mod for rows in grammar.languages.values() for mod in rows.mods] * 2
    ordinary += _look_alikes()
    ordinary += list(mined) * 2
    return Promotion.fit(_promotional(grammar, random, max(1, round(_VARIANTS * size))), ordinary)


def _promotional(grammar: Grammar, random: Random, variants: int) -> list[str]:
    phrases: list[str] = []
    for language, rows in grammar.languages.items():
        phrases += [phrase for _, phrase in rows.heads] * 2
        for _ in range(variants * len(rows.heads)):
            phrases.append(grammar.phrase(language, random).text)
    return phrases


def _windows(texts: Sequence[Text], random: Random) -> list[str]:
    """Phrases of 1 to 5 words, of a few characters where there are no spaces, and sentences."""
    found: list[str] = []
    for text in texts:
        words = text.text.split()
        rounds = min(_MOST_WINDOWS, 1 + len(text.text) // _WINDOWS_EVERY) if words else 0
        for low, high in _WIDTHS * rounds:
            size = random.randint(low, high)
            at = random.randrange(len(words))
            phrase = " ".join(words[at : at + size])
            limit = 120 if size > 8 else 60
            if len(phrase) > limit:
                start = random.randrange(len(phrase) - 12)
                phrase = phrase[start : start + random.randint(3, 24)]
            found.append(phrase)
    return found


def _mine(
    texts: Sequence[Text], grammar: Grammar, languages: Languages, size: float, random: Random
) -> list[tuple[int, str]]:
    """Phrases of ordinary texts that a first score takes for promotion, with their fold.

    Those that contain a phrase of the grammar are left out, since they may be real spam.
    """
    known = {
        phrase for rows in grammar.languages.values() for _, phrase in rows.heads if len(phrase) > 2
    }
    folds = _Folds(grammar, Random(0))
    promotion = _fit_promotion(grammar, texts, [], random, size / 2)
    found: dict[str, int] = {}
    for text in texts:
        view = View.of(text.text, promotion, languages)
        for one in candidates(view, promotion):
            phrase = text.text[one.start : one.end]
            if (
                one.kind in ("phrase", "sentence")
                and promotion.logit(phrase) > 0
                and not any(head in phrase.lower() for head in known)
            ):
                found[phrase] = folds.text(text)
    return [(fold, phrase) for phrase, fold in found.items()]


def _look_alikes() -> list[str]:
    """Legitimate sentences that look like spam, written for this project."""
    text = files("cleaner.spam").joinpath("lookalikes.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


# What weighs the signals ------------------------------------------------------------------


def _fit_weights(model: SpamModel, rows: _Rows, seed: int, say: Say) -> SpamModel:
    """Add the screen, the trees, and the thresholds: what is reported, by trees new to the fold."""
    signals = np.stack(rows.signals)
    truth = np.array(rows.truth)
    screen = _fit_screen(signals[:, QUICK_COLUMNS], truth, seed)
    odds = screen.odds(signals[:, QUICK_COLUMNS])
    least = np.float32(np.quantile(odds[truth], 1 - _KEPT_BY_SCREEN))
    screen = replace(screen, least=float(least))
    passed, taught = odds >= least, odds >= np.quantile(odds[truth], 1 - _TAUGHT)
    weight = np.where(np.array(rows.pieces), 1, _WEIGHT_OF_UNTOUCHED).astype(np.float32)
    fold = np.array(rows.fold)

    def grown(kept: npt.NDArray[np.bool_]) -> Trees:
        return Trees.fit(signals[kept], truth[kept], weight[kept], seed)

    probability = np.zeros(len(truth), np.float32)
    for number in sorted(set(fold.tolist())):
        judged, others = passed & (fold == number), taught & (fold != number)
        if truth[others].any() and judged.any():
            probability[judged] = grown(others)(signals[judged])
    html = signals[:, COLUMN["html"]] > 0
    mark = _mark_threshold(rows, truth, probability, ~html, _MARK_PRECISION)
    mark_html = _mark_threshold(rows, truth, probability, html, _MARK_PRECISION_HTML)
    say(f"spam: mark from {mark:.3f}, in HTML {mark_html:.3f}")
    return replace(model, screen=screen, trees=grown(taught), mark=mark, mark_html=mark_html)


def _fit_screen(quick: FloatArray, truth: npt.NDArray[np.bool_], seed: int) -> Screen:
    from sklearn.neural_network import MLPClassifier

    mean = quick.mean(0)
    deviation = np.maximum(quick.std(0), 1e-2)
    network: Any = MLPClassifier(
        (_HIDDEN,), alpha=1e-2, batch_size=256, learning_rate_init=2e-3, max_iter=_EPOCHS,
        random_state=seed, tol=0.0, n_iter_no_change=_EPOCHS,
    )  # fmt: skip
    _quietly_fit(network, standardised(quick, mean, deviation), truth)
    (hidden, out), (bias, last) = network.coefs_, network.intercepts_
    mean, deviation, hidden, bias, out, last = (
        np.asarray(part, np.float32) for part in (mean, deviation, hidden, bias, out[:, 0], last[0])
    )
    return Screen(mean, deviation, hidden, bias, out, last, least=0.0)


def _quietly_fit(network: Any, x: FloatArray, truth: npt.NDArray[np.bool_]) -> None:
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():  # it stops after a fixed number of epochs on purpose
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(x, truth)


def _mark_threshold(
    rows: _Rows, truth: npt.NDArray[np.bool_], probability: FloatArray,
    among: npt.NDArray[np.bool_], precision: float,
) -> float:  # fmt: skip
    """Least probability of reported spans, by probabilities of pages the trees have not seen.

    Counted are the most probable right and the most probable wrong candidate of each page with
    spam: others overlap them, or are fewer by far.
    """
    injected = np.array(rows.pieces) > 0
    counted = np.flatnonzero(among & injected & (truth | np.array(rows.apart)))
    group = np.array(rows.page)[counted] * 2 + truth[counted]
    order = np.lexsort((-probability[counted], group))
    counted, group = counted[order], group[order]
    first = counted[np.flatnonzero(np.diff(group, prepend=-1))]
    by = first[np.argsort(-probability[first], kind="stable")]
    good = np.flatnonzero(np.cumsum(truth[by]) >= precision * np.arange(1, len(by) + 1))
    return min(max(float(probability[by[good[-1]]]) if len(good) else 0.5, _LEAST_MARK), 0.95)
