"""Training of the spam model on injected and untouched texts.

Scores that feed the trees must not have seen what they score, or these learn to trust the
phrase list. So texts, languages, verticals and phrases are dealt into folds; the promotional
score of a fold is trained without its languages, verticals, phrases and texts, and the
training pages of the fold are made of exactly these (stacking, Wolpert 1992).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from random import Random
from typing import Any, Final, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from cleaner.spam.folds import FOLDS, Folds, Source
from cleaner.spam.grammar import Grammar
from cleaner.spam.grams import FloatArray
from cleaner.spam.joins import Joins
from cleaner.spam.languages import Languages
from cleaner.spam.model import Screen, SpamModel, standardised
from cleaner.spam.promotional import fit_promotion, mine
from cleaner.spam.samples import Rows, add_html, add_injected, add_natural, add_passage, article_of
from cleaner.spam.score import Promotion
from cleaner.spam.signals import COLUMN, QUICK_COLUMNS
from cleaner.spam.texts import Judgements, Marked, Text, linked_look_alikes, look_alikes, passages
from cleaner.spam.trees import Trees
from cleaner.types import Page

_MINED_TEXTS: Final = 6_000
_MAX_NATURAL: Final = 40_000
_INJECTED: Final = 22_000
_MAX_PAGES: Final = 1_500
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
_REMOVE: Final = 0.985, 0.9, 0.35
"""Least probability of removed spans, by the degree of evidence (`support`) below the highest, at
which all that is reported goes. Chosen on real excerpts and on hand-written passages without spam,
of which none may lose words: both are harder than pages that spam was put into. Of the 506 spans
in the tests' passages, these remove 186, of 532 passages without spam none loses words, and of 120
with honest links one. With .98 and .85, 11 more spans go, and words of an excerpt; with .8 for the
second, 5 more, and words of two of the former. With .8 for the last, only 27 instead of 50 of 68
short sentences lose their spam."""
_MARK_PRECISION: Final = 0.94
"""Share of reported spans that are the spam, on texts that hold some."""
_MARK_PRECISION_HTML: Final = 0.97
"""The same where markup tells more: every link to another site is a candidate."""
_LEAST_MARK: Final = 0.03

Say = Callable[[str], None]
_Made = TypeVar("_Made")
_Arguments = ParamSpec("_Arguments")


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
    by_hand: Sequence[Marked] | None = None, seed: int = 0, size: float = 1.0, n_jobs: int = 1,
    say: Say = lambda line: None,
) -> SpamModel:  # fmt: skip
    """Fit a `SpamModel`.

    Args:
        texts: running texts mostly free of spam, in as many languages as possible.
        pages: HTML pages free of spam with the label of each block, for the signals of markup.
        grammar: phrases to inject; the shipped ones by default.
        judgements: spans of `texts` that are spam, which must not be learned as clean.
        by_hand: passages that hold spam; the shipped ones by default.
        size: share of the usual number of training pages.
        n_jobs: processes for the folds, as joblib counts them; the model does not depend on it.

    Deterministic for the same texts, seed and library versions. Needs scikit-learn.
    """
    grammar = grammar or Grammar.shipped()
    judgements = judgements or Judgements.shipped()
    by_hand = passages() if by_hand is None else by_hand
    random = Random(seed)
    texts = [text for text in texts if len(text.text) >= 40]
    random.shuffle(texts)
    fold_of = Folds(grammar, random)
    languages = Languages.fit((text.language, text.text) for text in texts)
    joins = Joins.fit((text.text for text in texts[: int(25_000 * size)]), random)
    say("spam: languages and joins")
    mined = mine(texts[: int(_MINED_TEXTS * size)], grammar, languages, size, Random(seed))
    say(f"spam: {len(mined)} phrases mined")
    pages = [(page, labels) for page, labels in pages if page.kind == "html"]
    pages = pages[: int(_MAX_PAGES * size)]
    own = [
        (number % FOLDS, Text("", "\n".join(segment.text for segment in article_of(page, labels))))
        for number, (page, labels) in enumerate(pages)
    ]
    made = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_rows_of_fold)(
            fold, fold_of, grammar, judgements, texts,
            [text for number, text in own if number != fold],
            [phrase for number, phrase in mined if number != fold],
            pages[fold::FOLDS], by_hand[fold::FOLDS], languages, joins, seed, size,
        )
        for fold in range(FOLDS)
    )  # fmt: skip
    rows = Rows()
    for fold, found in enumerate(made):
        rows.extend(found)
        say(f"spam: fold {fold + 1}: {len(rows.truth)} candidates, {sum(rows.truth)} injected")
    promotion = fit_promotion(
        grammar,
        [*texts[: int(len(texts) * size)], *(text for _, text in own)],
        [p for _, p in mined],
        Random(seed),
        size,
    )
    return _fit_weights(_unweighed(promotion, languages, joins), rows, seed, say)


@_on_one_thread
def _rows_of_fold(
    fold: int, fold_of: Folds, grammar: Grammar, judgements: Judgements, texts: Sequence[Text],
    own: Sequence[Text], mined: Sequence[str], pages: Sequence[tuple[Page, Sequence[str]]],
    by_hand: Sequence[Marked], languages: Languages, joins: Joins, seed: int, size: float,
) -> Rows:  # fmt: skip
    """Candidates of the pages of a fold, by a promotional score that has seen nothing of them.

    `own` are the articles of the other folds' pages, `mined` phrases of their texts.
    """
    rows, rng = Rows(), Random(f"{seed} {fold}")
    kept = [text for text in texts if fold_of.text(text) != fold]
    held = [text for text in texts if fold_of.text(text) == fold]
    promotion = fit_promotion(
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
        add_natural(rows, text, unread, model, fold, judgements, rng)
    source = Source(grammar, fold_of, fold, by_hand)
    for _ in range(int(_INJECTED * size) // FOLDS if held else 0):
        add_injected(rows, rng.choice(held), held, source, model, fold, rng)
    for line in look_alikes()[fold::FOLDS]:
        rows.add(model.view(line), model, fold)
    for passage in by_hand:
        add_passage(rows, passage, model, fold)
    alike = linked_look_alikes()
    for page, labels in pages:
        add_html(rows, page, labels, source, alike, model, fold, rng)
    return rows


def _unweighed(promotion: Promotion, languages: Languages, joins: Joins) -> SpamModel:
    """A model that reads the signals of every candidate and judges none."""
    return SpamModel(promotion, languages, joins, None, Trees.none(), 0.5, 0.5, _REMOVE)


# What weighs the signals ------------------------------------------------------------------


def _fit_weights(model: SpamModel, rows: Rows, seed: int, say: Say) -> SpamModel:
    """Add the screen, the trees, and the thresholds: what is reported, by trees new to the fold."""
    signals = np.stack(rows.signals)
    truth = np.array(rows.truth)
    screen = _fit_screen(signals[:, QUICK_COLUMNS], truth, seed)
    odds = screen.odds(signals[:, QUICK_COLUMNS])
    least = np.float32(np.quantile(odds[truth], 1 - _KEPT_BY_SCREEN))
    screen = replace(screen, least=float(least))
    passed, taught = odds >= least, odds >= np.quantile(odds[truth], 1 - _TAUGHT)
    weight = np.array(rows.weight, np.float32)
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
    rows: Rows, truth: npt.NDArray[np.bool_], probability: FloatArray,
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
