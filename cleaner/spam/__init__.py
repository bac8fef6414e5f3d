"""Injected spam: spans inside article segments that the author did not write.

`candidates` finds spans worth judging, `signals` measures how each sounds and sits in its
sentence, and `trees` weigh the signals. One kind of evidence is never enough to remove:
foreign words in running text are mostly names and glosses, and promotional words are
mostly articles about them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from cleaner.scripts import CODE, SCRIPTS, script_counts
from cleaner.spam.candidates import Candidate
from cleaner.spam.grams import FloatArray
from cleaner.spam.model import SpamModel
from cleaner.spam.score import logit, sigmoid
from cleaner.spam.signals import COLUMN
from cleaner.spam.stretches import trimmed
from cleaner.spam.view import STYLED, Articles, View, markup_of
from cleaner.types import ARTICLE, Page, Segment, Span

__all__ = [
    "SpamModel",
    "evidence",
    "find_spam",
    "judge",
    "support",
    "view_of",
]

_PROMOTIONAL: Final = 0.0
"""Log-odds from which a span counts as promotional."""
_OTHER_MATTER: Final = 0.3
"""What `promotional_others` is below where the rest of a page promotes nothing. Of a short page
one phrase is enough to pass it, which may be an ordinary one that sounds a little promotional."""
_MAX_ALONE: Final = 60
"""Characters of the longest span that is spam for standing alone without sounding surely so. A
longer one is mostly a paragraph quoted in another language: one run, in scripts without stops."""
_TELLING: Final = 120
"""Characters from which a text tells what is at home in it."""
_MAX_AGAIN: Final = 100
"""Places of the words of likely spam that are judged as well."""
_SURE: Final = 3.0
"""Log-odds from which a span is surely promotional."""
_LESS: Final = 2.0
"""How much less promotional, in log-odds, the rest of a page is whose matter is not the span's."""
_NEARLY: Final = 1.5
"""Log-odds of spam by which candidates that overlap may differ and be nearly as probable."""
_PER_CHARACTER: Final = 1.0
"""How promotional a character must be, in log-odds, to be more than an ordinary word's."""
_LINKED: Final = 0.5
"""Share of a span that a link to another site must make up for that to be a reason; and of a link
to another site that must be spam for all of it to go."""
_HIDDEN: Final = 1 / 3
"""Share of a hidden range that must be spam for all of it to go."""
_PURE: Final = 0.8
"""Share of a span's letters that must be of another script for that to be a reason."""
_OTHER_LANGUAGE: Final = 0.4
"""Nats a trigram by which another language must fit better than the page's."""
_LANGUAGE_LETTERS: Final = 8
"""Letters that tell no language yet: numbers and signs never do."""
_LANGUAGE_REASON: Final = "in another language than the text around it"


def find_spam(
    page: Page, segments: Sequence[Segment], model: SpamModel, url: str | None = None, *,
    labels: Collection[str] = (ARTICLE,),
) -> list[Span]:  # fmt: skip
    """Return the injected spans inside segments of these labels, in order, never overlapping.

    `source[span.start:span.end] == span.text`; none reaches from one segment into the next.
    `removed` is decided here, by `support` and the model's thresholds for its degrees.
    """
    articles = Articles(page, [segment for segment in segments if segment.label in labels])
    if not articles.segments:
        return []
    view = view_of(page, articles, model, url)
    spans: list[Span] = []
    for candidate, probability, reasons, removed in judge(view, model):
        reason = "; ".join(reasons)
        for start, end in articles.parts(candidate.start, candidate.end):
            spans.append(Span(start, end, page.source[start:end], probability, reason, removed))
    return spans


def view_of(page: Page, articles: Articles, model: SpamModel, url: str | None = None) -> View:
    """What the spam step reads of a page's article."""
    view = model.view(articles.text)
    if page.kind != "html":
        return view
    anchors, hidden, hidden_blocks = markup_of(page, articles, url)
    return replace(view, html=True, anchors=anchors, hidden=hidden, hidden_blocks=hidden_blocks)


def judge(view: View, model: SpamModel) -> list[tuple[Candidate, float, list[str], bool]]:
    """Reported spans of a view: candidate, probability, reasons in words, and if it goes."""
    everything = model.candidates(view)
    likely = _likely(view, model, everything)
    if again := _elsewhere(view, [one.candidate for one in likely], everything):
        likely = _likely(view, model, sorted([*everything, *again]))
    verdicts: list[tuple[Candidate, float, list[str], bool]] = []
    least = (*model.remove, 0.0)  # at the highest degree, all that is reported goes
    last = 0
    for one in _best(likely):
        candidate = one.candidate
        if candidate.start < last:  # within one that was widened
            continue
        removed = one.support > 0 and one.probability >= least[one.support - 1]
        if removed:
            candidate = _widened(view, candidate, last)
        last = candidate.end
        verdicts.append((candidate, round(one.probability, 4), one.reasons, removed))
    return verdicts


def _widened(view: View, c: Candidate, first: int) -> Candidate:
    """What goes with spam: the rest of what the markup hides, or of a link to another site.

    The words of such a range were put in together, however promotional each of them is. A range
    that begins before `first`, or holds far more than the spam, is left alone.
    """
    ranges = [(low, high, _HIDDEN) for low, high in (*view.hidden, *view.hidden_blocks)]
    ranges += [(a.start, a.end, _LINKED) for a in view.anchors if a.off_site]
    length = c.end - c.start
    for low, high, share in ranges:
        if not low <= c.start < c.end <= high:
            continue
        start, end = trimmed(view.text, low, high)
        if first <= start <= c.start and c.end <= end and length >= share * (end - start):
            c = c._replace(start=start, end=end)
    return c


@dataclass(frozen=True, slots=True, eq=False)
class _Likely:
    """A candidate that may be reported."""

    candidate: Candidate
    probability: float
    reasons: list[str]
    support: int
    sound: float
    matter: float
    """How much more promotional it is in all than as many characters of ordinary words."""

    @property
    def odds(self) -> float:
        """Log-odds of spam."""
        return logit(min(max(self.probability, 1e-9), 1 - 1e-9))


def _likely(view: View, model: SpamModel, everything: Sequence[Candidate]) -> list[_Likely]:
    """Candidates probable enough to be reported, by position; none without a reason."""
    found, signals = model.signals(view, everything)
    probability = model.trees(signals)
    likely = []
    for at in np.flatnonzero(probability >= (model.mark_html if view.html else model.mark)):
        c, row = found[at], signals[at]
        insertion, others = evidence(c, row, view)
        if not insertion and not others:  # such as a paragraph that the page holds twice
            continue
        sum_of_characters = float(view.promotion[c.end] - view.promotion[c.start])
        likely.append(
            _Likely(
                c, float(probability[at]), [*others, *insertion],
                support(row, view, insertion, others),
                _sound(row), sum_of_characters - _PER_CHARACTER * (c.end - c.start),
            )
        )  # fmt: skip
    return likely


def _elsewhere(
    view: View, likely: Sequence[Candidate], known: Sequence[Candidate]
) -> list[Candidate]:
    """Where the words of likely spam stand as well and are no candidates yet.

    Spam is put in several times over, and of a page's stretches only the most telling are judged.
    """
    taken = {(c.start, c.end) for c in known}
    found: list[Candidate] = []
    for text, one in {view.text[c.start : c.end]: c for c in likely}.items():
        kind = "phrase" if one.kind in ("anchor", "hidden") else one.kind
        at = view.text.find(text)
        while at >= 0 and len(found) < _MAX_AGAIN:
            end = at + len(text)
            if view.begins[at] and view.ends[end - 1] and (at, end) not in taken:
                taken.add((at, end))
                found.append(one._replace(start=at, end=end, kind=kind))
            at = view.text.find(text, end)
    return found


def _sound(row: FloatArray) -> float:
    """Log-odds that a span is promotional, alone or where it stands."""
    return float(max(row[COLUMN["promotion"]], row[COLUMN["promotion_in_place"]]))


def _best(likely: Sequence[_Likely]) -> list[_Likely]:
    """The most probable of candidates that overlap; both in order of position.

    Of surely promotional ones nearly as probable, the one with the most promotional `matter`
    in all: the whole of the spam, and none of the words around it, which have less than none
    (a maximal scoring subsequence; Ruzzo & Tompa 1999).
    """
    kept: list[_Likely] = []
    for left in _connected(likely):
        while left:
            best = max(left, key=lambda one: one.odds)
            if best.sound > _SURE:
                near = [
                    one
                    for one in left
                    if one.sound > _SURE
                    and one.odds >= best.odds - _NEARLY
                    and _touch(one.candidate, best.candidate)
                ]
                best = max(near, key=lambda one: one.matter)
            kept.append(best)
            left = [one for one in left if not _touch(one.candidate, best.candidate)]
    return sorted(kept, key=lambda one: one.candidate)


def _connected(likely: Sequence[_Likely]) -> Iterator[list[_Likely]]:
    """Candidates in groups: those of different groups never overlap."""
    group: list[_Likely] = []
    end = 0
    for one in likely:
        if group and one.candidate.start >= end:
            yield group
            group = []
        group.append(one)
        end = max(end, one.candidate.end)
    if group:
        yield group


def _touch(one: Candidate, other: Candidate) -> bool:
    return one.start < other.end and one.end > other.start


def support(row: FloatArray, view: View, insertion: Sequence[str], others: Sequence[str]) -> int:
    """How much `evidence` says that a span was put in and may go, from 0, none, to 4.

    Removal needs a kind of evidence beside that of its place, whatever the probability. One kind
    (1), such as another script, is what names and glosses have as well. That a span sounds surely
    promotional, or two kinds (2), are rare on pages without spam, two that are sure (3) rarer
    still: less probability is enough. Unsure are a language, which for a few words is a guess,
    and a sound that is somewhat promotional. In a line of its own, that words are of another
    language or in disguise tells nothing.

    A link to another site makes any evidence stronger, but most are the author's: it is none by
    itself. What is hidden from readers, and is told by something else, needs no evidence of its
    place (4): of 1,112 pages none holds such a span that is not spam.
    """
    sound = _sound(row)
    if len(view.text) < _TELLING and sound <= _PROMOTIONAL:
        return 0
    linked = bool(row[COLUMN["off_site"]] > _LINKED)
    kinds = len(others) - linked
    if kinds > 1 and row[COLUMN["hidden"]]:
        return 4
    if not insertion or kinds < 1:
        return 0
    sure = kinds - (_LANGUAGE_REASON in others) - (_PROMOTIONAL < sound <= _SURE)
    if sure > 1:
        return 3
    return linked + (2 if kinds > 1 or sound > _SURE else 1)


def evidence(c: Candidate, row: FloatArray, view: View) -> tuple[list[str], list[str]]:
    """What says that a span was put in, and what says so without regard to its place."""

    def signal(name: str) -> float:
        return float(row[COLUMN[name]])

    insertion: list[str] = []
    sound = _sound(row)
    introduced = (
        signal("in_brackets")
        or signal("in_quotes")
        or (signal("before_opener") and sound <= _PROMOTIONAL)
    )
    before = max(signal(f"before_{k}") for k in ("word", "name", "glued", "comma", "digit"))
    after = max(signal(f"after_{k}") for k in ("word", "name", "glued", "comma", "digit"))
    if before and after and not introduced:
        insertion.append("breaks into a sentence that reads on without it")
    elif signal("before_glued") or signal("after_glued"):
        insertion.append("glued to a word")
    elif (before or after) and not introduced and c.kind != "sentence":
        insertion.append("hangs at the edge of a sentence")
    elif (
        not introduced
        and (c.end - c.start <= _MAX_ALONE or sound > _SURE)
        and (
            signal("promotional_others") < _OTHER_MATTER
            or signal("promotion_elsewhere") <= max(_SURE, sound - _LESS)
        )
    ):
        insertion.append("stands alone with its matter on the page")
    others: list[str] = []
    if signal("hidden"):
        others.append("hidden from readers")
    if signal("off_site") > _LINKED:
        others.append("links to another site")
    if sound > _PROMOTIONAL:
        others.append(f"sounds promotional ({sigmoid(sound):.2f})")
    if c.trick:
        others.append(c.trick)
    if signal("foreign_share") > _PURE:
        code = int(np.bincount(view.codes[c.start : c.end])[1:].argmax()) + 1
        # Latin letters are everywhere in other scripts, and of drawn ones the trick says it.
        if code != CODE["Latin"] and not (c.trick and code == STYLED):
            name = next(iter(script_counts(view.text[c.start : c.end])))  # kana are of Han's family
            others.append(f"{name} letters in {SCRIPTS[view.home]} text")
    elif (
        signal("foreign_share") < 1 - _PURE  # a name among the page's words is no other language
        and signal("language_gain_per_char") > _OTHER_LANGUAGE
        and np.count_nonzero(view.codes[c.start : c.end]) > _LANGUAGE_LETTERS
    ):
        others.append(_LANGUAGE_REASON)
    return insertion, others
