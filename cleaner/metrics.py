"""Figures of cleaned pages, each as the benchmark that it comes from computes it.

So figures compare with published ones:

- **word F1** (WCXB's `evaluate.py`): words of the article as a bag;
- **shingle F1** (article-extraction-benchmark): runs of four words, so order
  and stray words in the middle count;
- **snippet F1** (trafilatura's evaluation): strings that must, or must not, be
  in the article; with it, reader comments found and leaked.

`score` judges one page, `summarise` a set of pages; `calibration_error` judges confidences.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_WORD = re.compile(r"\w+")
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")

SHINGLE = 4
"""Words in a shingle, as in article-extraction-benchmark."""
RESAMPLES = 1000
"""Bootstrap samples of pages behind an interval."""
BINS = 15
"""Bins of confidence in the expected calibration error (Guo et al. 2017)."""


# ------------------------------------------------------------------ one page


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives of one thing counted."""

    tp: float = 0
    fp: float = 0
    fn: float = 0

    @property
    def precision(self) -> float:
        """Share of what was returned that is right; 0 when nothing was returned."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        """Share of what is right that was returned; 0 when there is nothing."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return harmonic_mean(self.precision, self.recall)

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of a page's clean text; what is None or empty is not known."""

    article: str | None = None
    """The whole article."""
    present: tuple[str, ...] = ()
    """Strings of the article."""
    absent: tuple[str, ...] = ()
    """Strings of the page that are not of the article."""
    comments: tuple[str, ...] = ()
    """Strings of reader comments. List only those that the page holds (`held`)."""


@dataclass(frozen=True, slots=True)
class Score:
    """Judgement of one page; a field is None where nothing was expected."""

    words: Counts | None = None
    shingles: Counts | None = None
    snippets: Counts | None = None
    comments: int = 0
    """Comment strings looked for."""
    found: int = 0
    """Of these, in the comments returned."""
    leaked: int = 0
    """Of these, in the article returned."""


def harmonic_mean(precision: float, recall: float) -> float:
    """F1 of a precision and a recall; 0 when both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def alphanumeric(text: str) -> str:
    """Letters and digits of a text, nothing else: how comments are compared.

    Renderers differ in quotation marks, spaces and line breaks, and a comment
    is a short string in which one such difference would decide.
    """
    return _NOT_ALPHANUMERIC.sub("", text)


def held(strings: Iterable[str], page: str) -> tuple[str, ...]:
    """The strings whose letters and digits are in `page`, decoded HTML or plain text.

    Some listed comments are loaded by scripts: no cleaner can find them.
    """
    haystack = alphanumeric(html.unescape(page))
    return tuple(s for s in strings if alphanumeric(s) and alphanumeric(s) in haystack)


def _match(true: Counter[Any], returned: Counter[Any]) -> Counts:
    tp = (true & returned).total()
    return Counts(tp, returned.total() - tp, true.total() - tp)


def word_counts(true: str, returned: str) -> Counts:
    r"""Words shared by two texts as bags; words are `\w+` of the lower-cased text (WCXB)."""
    return _match(Counter(_WORD.findall(true.lower())), Counter(_WORD.findall(returned.lower())))


def word_f1(counts: Counts) -> float:
    """F1 of one page's words; two empty texts agree (WCXB)."""
    return 1.0 if counts == Counts() else counts.f1


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    starts = range(max(1, len(words) - SHINGLE + 1)) if words else range(0)
    return Counter(tuple(words[i : i + SHINGLE]) for i in starts)


def shingle_counts(true: str, returned: str) -> Counts:
    r"""Shingles shared by two texts, as shares of all shingles of both.

    After article-extraction-benchmark: words are `\w+` as written, a text
    shorter than a shingle is one shingle, counts are multisets and are divided
    by their sum so that a long page weighs no more than a short one.
    """
    counts = _match(_shingles(true), _shingles(returned))
    total = counts.tp + counts.fp + counts.fn
    return Counts(counts.tp / total, counts.fp / total, counts.fn / total) if total else counts


def snippet_counts(present: Iterable[str], absent: Iterable[str], returned: str) -> Counts:
    """Strings of the article that were returned, and other strings that were not.

    As in trafilatura's evaluation a string counts when it is a substring of the
    text. White space is collapsed on both sides, because the strings were
    copied from one renderer's lines and a line break is not an error.
    """
    text = " ".join(returned.split())
    kept = [" ".join(s.split()) in text for s in present]
    leaked = sum(" ".join(s.split()) in text for s in absent)
    return Counts(sum(kept), leaked, len(kept) - sum(kept))


def score(expected: Expected, text: str, comments: Iterable[str] = ()) -> Score:
    """Judge one page's clean `text` and `comments` by what is expected of them."""
    has_snippets = expected.present or expected.absent
    wanted = [alphanumeric(comment) for comment in expected.comments]
    found = alphanumeric("".join(comments)) if wanted else ""
    article = alphanumeric(text) if wanted else ""
    return Score(
        None if expected.article is None else word_counts(expected.article, text),
        None if expected.article is None else shingle_counts(expected.article, text),
        snippet_counts(expected.present, expected.absent, text) if has_snippets else None,
        len(wanted),
        sum(comment in found for comment in wanted),
        sum(comment in article for comment in wanted),
    )


# ------------------------------------------------------------- a set of pages


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of a set of pages; None where no page had what the figure needs.

    Shares run from 0 to 1. `shingle_interval` is the 95 % bootstrap interval
    of `shingle_f1` over pages.
    """

    pages: int
    word_precision: float | None = None
    word_recall: float | None = None
    word_f1: float | None = None
    shingle_precision: float | None = None
    shingle_recall: float | None = None
    shingle_f1: float | None = None
    shingle_interval: tuple[float, float] | None = None
    snippet_precision: float | None = None
    snippet_recall: float | None = None
    snippet_f1: float | None = None
    comments: int = 0
    comments_found: float | None = None
    comments_leaked: float | None = None


def shingle_figures(
    counts: Sequence[Counts],
) -> tuple[float, float, float, tuple[float, float]]:
    """Precision, recall, F1 and its 95 % interval of pages' shingle counts.

    Precision and recall are means over the pages where they are defined, F1 is
    theirs. The interval resamples pages with replacement, with a fixed seed.
    """
    import numpy as np

    table = np.array([(c.tp, c.fp, c.fn) for c in counts], dtype=float).reshape(-1, 3)
    tp = table[:, 0]
    with np.errstate(invalid="ignore"):
        ratios = np.stack([tp / (tp + table[:, 1]), tp / (tp + table[:, 2])], axis=1)
    defined = ~np.isnan(ratios)
    ratios = np.where(defined, ratios, 0.0)

    def means(pages: Any) -> Any:
        return ratios[pages].sum(-2) / np.maximum(defined[pages].sum(-2), 1)

    precision, recall = (float(x) for x in means(np.arange(len(counts))))
    resampled = means(
        np.random.default_rng(0).integers(0, len(counts), size=(RESAMPLES, len(counts)))
    )
    f1 = 2 * resampled.prod(-1) / np.maximum(resampled.sum(-1), 1e-12)
    low, high = np.percentile(f1, [2.5, 97.5])
    return precision, recall, harmonic_mean(precision, recall), (float(low), float(high))


def summarise(scores: Sequence[Score]) -> Figures:
    """Figures of a set of pages: means over pages, but snippets and comments pooled."""
    figures: dict[str, Any] = {"pages": len(scores)}
    words = [s.words for s in scores if s.words is not None]
    if words:
        # Both texts empty is a perfect page in precision and recall too.
        right = [counts == Counts() for counts in words]
        figures["word_precision"] = _mean(
            [1.0 if r else c.precision for r, c in zip(right, words, strict=True)]
        )
        figures["word_recall"] = _mean(
            [1.0 if r else c.recall for r, c in zip(right, words, strict=True)]
        )
        figures["word_f1"] = _mean([word_f1(c) for c in words])
    shingles = [s.shingles for s in scores if s.shingles is not None]
    if shingles:
        (
            figures["shingle_precision"],
            figures["shingle_recall"],
            figures["shingle_f1"],
            figures["shingle_interval"],
        ) = shingle_figures(shingles)
    snippets = [s.snippets for s in scores if s.snippets is not None]
    if snippets:
        pooled = sum(snippets, Counts())
        figures["snippet_precision"] = pooled.precision
        figures["snippet_recall"] = pooled.recall
        figures["snippet_f1"] = pooled.f1
    comments = sum(s.comments for s in scores)
    if comments:
        figures["comments"] = comments
        figures["comments_found"] = sum(s.found for s in scores) / comments
        figures["comments_leaked"] = sum(s.leaked for s in scores) / comments
    return Figures(**figures)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def calibration_error(judged: Iterable[tuple[float, bool, int]]) -> float | None:
    """Expected calibration error of `(confidence, right, characters)`, weighted by characters.

    Confidences fall into 15 bins of equal width; the error is the mean distance
    between a bin's confidence and its share of right answers (Guo et al. 2017).
    None when nothing was judged.
    """
    bins = [[0.0, 0.0, 0.0] for _ in range(BINS)]  # characters; times confidence; right
    for confidence, right, characters in judged:
        cell = bins[min(int(confidence * BINS), BINS - 1)]
        cell[0] += characters
        cell[1] += characters * confidence
        cell[2] += characters * right
    total = sum(cell[0] for cell in bins)
    return sum(abs(cell[1] - cell[2]) for cell in bins) / total if total else None
