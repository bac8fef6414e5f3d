"""Injected spam: spans inside article segments that the author did not write.

Candidates (`candidates`) are judged by independent signals: how the span sits in its
sentence, its script or language against the page's, disguised spelling, and a learned
promotional score (`score`). One signal is never enough to remove: foreign words in running
text are mostly names and glosses, and promotional words are mostly articles about them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Final

import numpy as np

from cleaner.language import probabilities
from cleaner.scripts import CODE, SCRIPTS, CodeArray, script_codes
from cleaner.spam.candidates import (
    FAMILY,
    disguised_words,
    foreign_runs,
    plain_spellings,
    promotional_runs,
)
from cleaner.spam.score import SpamModel, train_spam
from cleaner.types import ARTICLE, Page, Segment, Span

__all__ = ["SpamModel", "deletion", "find_spam", "train_spam"]

MARK: Final = 0.4
"""Least promotional probability of a reported span in another script or disguised."""
MARK_LANGUAGE: Final = 0.8
"""The same for a span in another language of the page's script."""
MARK_ALONE: Final = 0.97
"""The same for a span in the page's own script and language."""
REMOVE: Final = 0.6
"""Least probability to remove a span of another script, or a disguised one, inside a sentence."""
REMOVE_AT_EDGE: Final = 0.95
"""The same between sentences or after a capitalised word, and for another language."""
REMOVE_LATIN: Final = 0.97
"""The same for Latin letters in a text of another script, where they are often at home."""
REMOVE_ALONE: Final = 0.99
"""The same for a span in the page's own script and language."""
MENTION: Final = 0.6
"""Probability from which a word nearby shows that the text is about the matter."""
_MAX_PHRASE: Final = 60
_MAX_FOREIGN_RUNS: Final = 200
_MAX_OWN: Final = 60
"""A page with more such words of its own language is about them; each costs milliseconds."""
_SPREAD: Final = 6
"""A page with this many different runs of a script is written in that script as well."""
_SHARED: Final = 0.35
"""So is a page with this share of its letters in it."""

_OPENERS: Final = frozenset("([{<«“„\"'‘‚:=/|—–-→（「『《【〈：・·•*#@~+&")
_CLOSERS: Final = frozenset(")]}>»”\"'’=/|—–:：)）」』》】〉、・·•~+&")
_WORD_BEFORE: Final = re.compile(r"(\w[\w'’-]*)\W*$")
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_TERMINAL: Final = frozenset(".!?…。！？।۔؟")


@dataclass(frozen=True, slots=True)
class _Candidate:
    start: int
    end: int
    probability: float
    disguise: str
    foreign: bool


@dataclass(frozen=True, slots=True)
class _Seat:
    """How a span sits in its sentence."""

    introduced: bool
    """A bracket, quotation mark, colon, dash or list sign presents it."""
    inside: bool
    """Words of the sentence stand on both sides and read on."""
    after_name: bool
    """It directly follows a capitalised word, as a name in its own script does."""


def find_spam(page: Page, segments: Sequence[Segment], model: SpamModel) -> list[Span]:
    """Return the injected spans inside the article segments, in order, never overlapping.

    `source[span.start:span.end] == span.text`. `removed` is decided here by the strict
    threshold: evidence of insertion and at least one independent signal.
    """
    articles = [segment for segment in segments if segment.label == ARTICLE]
    if not articles:
        return []
    starts = [0]
    text = "\n".join([segment.text for segment in articles])
    for segment in articles:
        starts.append(starts[-1] + segment.end - segment.start + 1)
    spans: list[Span] = []
    for start, end, confidence, reason, removed in _judge(text, model, page, articles, starts):
        at = bisect_right(starts, start) - 1
        shift = articles[at].start - starts[at]
        found = page.source[start + shift : end + shift]
        spans.append(Span(start + shift, end + shift, found, confidence, reason, removed))
    return sorted(spans, key=lambda span: span.start)


def deletion(source: str, span: Span) -> tuple[int, int]:
    """The range of `source` to delete so that the gap of a removed span closes.

    The span, and one space beside it if there is one on both sides or if punctuation that
    takes no space before it follows.
    """
    start, end = span.start, span.end
    before = start > 0 and source[start - 1] in " \t\u00a0\u3000"
    after = end < len(source) and source[end] in " \t\u00a0\u3000"
    if after and (before or start == 0 or source[start - 1] == "\n"):
        return start, end + 1
    if before and (end == len(source) or source[end] in "\n,.;:!?…)]»”。，、"):
        return start - 1, end
    return start, end


def _judge(
    text: str, model: SpamModel, page: Page, articles: Sequence[Segment], starts: Sequence[int]
) -> list[tuple[int, int, float, str, bool]]:
    codes = FAMILY.take(script_codes(text))
    counts = np.bincount(codes, minlength=len(SCRIPTS))
    counts[0] = 0
    home = int(counts.argmax())
    promotional = promotional_runs(text, model)
    disguised = disguised_words(text, codes)
    if len(disguised) > _SPREAD:  # a page spelt like that throughout is badly encoded, not injected
        disguised = []
    foreign = counts.sum() > counts[home]
    if not promotional and not disguised and not foreign:
        return []
    runs = foreign_runs(text, codes, home) if foreign else []
    candidates = _disguised(text, disguised, model)
    candidates += _foreign(text, codes, runs, promotional, model)
    candidates += [
        _Candidate(start, end, probability, "", False)
        for start, end, probability in promotional
        if probability >= MARK_LANGUAGE and (codes[start:end] == home).any()
    ]
    candidates = _without_overlaps(candidates)
    own = [c for c in candidates if not c.foreign and not c.disguise]
    topical = {text[c.start : c.end].casefold() for c in own}
    if len(own) > _MAX_OWN:
        candidates = [c for c in candidates if c.foreign or c.disguise]
    judged = []
    for candidate in candidates:
        verdict = _verdict(candidate, text, codes, counts, runs, topical, model)
        if verdict:
            judged.append((candidate.start, candidate.end, *verdict))
    return judged


def _disguised(
    text: str, words: Sequence[tuple[int, int, str]], model: SpamModel
) -> list[_Candidate]:
    found: list[_Candidate] = []
    for start, end, trick in words:
        best: _Candidate | None = None
        for spelling, offsets in plain_spellings(text, start, end):
            for low, high, probability in promotional_runs(spelling, model):
                first, last = offsets[low], offsets[high - 1] + 1
                if first < end and last > start and (not best or probability > best.probability):
                    best = _Candidate(start, max(last, end), probability, trick, False)
        if best and best.probability >= MARK:
            found.append(best)
    return found


def _foreign(
    text: str,
    codes: CodeArray,
    runs: Sequence[tuple[int, int]],
    promotional: Sequence[tuple[int, int, float]],
    model: SpamModel,
) -> list[_Candidate]:
    """Runs of another script that sound promotional, as a whole or for the most part."""
    found: list[_Candidate] = []
    for start, end in runs[:_MAX_FOREIGN_RUNS]:
        inside = [hit for hit in promotional if hit[0] < end and hit[1] > start]
        # Latin runs are everywhere in other scripts: only those that already stood out.
        if codes[start] == CODE["Latin"] and not inside:
            continue
        probability = model.probability(text[start:end]) if end - start <= _MAX_PHRASE else 0.0
        for low, high, value in inside:
            if (min(high, end) - max(low, start)) * 2 >= end - start:
                probability = max(probability, value)
        if probability >= MARK and end - start >= 2:
            found.append(_Candidate(start, end, probability, "", True))
    return found


def _without_overlaps(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Disguised before foreign before others, longer before shorter."""
    kept: list[_Candidate] = []
    for one in sorted(candidates, key=lambda c: (not c.disguise, not c.foreign, c.start - c.end)):
        at = bisect_right(kept, one.start, key=lambda c: c.start)
        free_before = at == 0 or kept[at - 1].end <= one.start
        if free_before and (at == len(kept) or one.end <= kept[at].start):
            kept.insert(at, one)
    return kept


def _verdict(
    candidate: _Candidate,
    text: str,
    codes: CodeArray,
    counts: np.ndarray[tuple[int], np.dtype[np.int64]],
    runs: Sequence[tuple[int, int]],
    topical: Set[str],
    model: SpamModel,
) -> tuple[float, str, bool] | None:
    start, end, probability = candidate.start, candidate.end, candidate.probability
    seat = _seat(text, start, end)
    reasons = [f"sounds promotional ({probability:.2f})"]
    # A page with promotional words elsewhere is likely about them.
    others = topical - {text[start:end].casefold()}
    if len(others) * 2_000 > len(text) or len(others) > 2:
        return None
    needed = REMOVE_AT_EDGE
    if seat.inside and not seat.after_name:
        reasons.append("breaks into a sentence that reads on without it")
        needed = REMOVE
    second = True
    if candidate.disguise:
        reasons.append(candidate.disguise)
    elif candidate.foreign:
        code = int(codes[start:end].max())
        same = {text[s:e] for s, e in runs if codes[s:e].max() == code}
        if len(same) >= _SPREAD or counts[code] > _SHARED * counts.sum():
            return None
        if code == CODE["Latin"]:
            needed = max(needed, REMOVE_LATIN)
            second = " " in text[start:end]
        reasons.append(f"{SCRIPTS[code]} letters in a {SCRIPTS[int(counts.argmax())]} text")
    else:
        words = text[start:end].count(" ") + 1
        # A single promotional word in its own language is vocabulary.
        if words == 1 or seat.introduced or probability < MARK_LANGUAGE:
            return None
        second = _other_language(text, start, end)
        if second:
            reasons.append("in another language than the text around it")
        elif probability < MARK_ALONE:
            return None
        else:
            # Of its own language only a long phrase goes, dropped into a page that says
            # nothing else of the kind.
            second = words >= 4 and seat.inside and not others
        second = second and words >= 3
        needed = REMOVE_AT_EDGE if words < 4 else REMOVE_ALONE
    if seat.introduced and probability < REMOVE_AT_EDGE:
        return None
    removed = (
        second
        and probability >= needed
        and not seat.introduced
        and not _is_line(text, start, end)
        and not _mentioned(text, start, end, model)
    )
    return round(probability, 4), "; ".join(reasons), removed


def _seat(text: str, start: int, end: int) -> _Seat:
    left = text[max(0, start - 60) : start].rpartition("\n")[2]
    right = text[end : end + 60].partition("\n")[0]
    before, after = left.rstrip()[-1:], right.lstrip()[:1]
    introduced = (before in _OPENERS and before != "") or (after in _CLOSERS and after != "")
    word = _WORD_BEFORE.search(left)
    named = bool(word and word[1][:1].isupper() and left.rstrip().endswith(word[1]))
    reads_on = bool(after) and (after.isalnum() or after in ",;")
    inside = bool(before) and (before.isalnum() or before in ",;") and reads_on
    return _Seat(introduced, inside and before not in _TERMINAL, named)


def _is_line(text: str, start: int, end: int) -> bool:
    return (not text[:start].rpartition("\n")[2].strip()) and (
        not text[end:].partition("\n")[0].strip(" .!")
    )


def _other_language(text: str, start: int, end: int) -> bool:
    """Whether langdetect is sure that the span and its surroundings differ in language."""
    around = probabilities(text[max(0, start - 600) : start] + text[end : end + 600])
    own = probabilities(text[start:end])
    if not around or not own:
        return False
    main = max(around, key=around.__getitem__)
    return around[main] > 0.9 and own.get(main, 0.0) < 0.05


def _mentioned(text: str, start: int, end: int, model: SpamModel) -> bool:
    """Whether words near the span are about its matter."""
    near = text[max(0, start - 120) : start] + "\n" + text[end : end + 120]
    return any(model.probability(word) >= MENTION for word in set(_WORD.findall(near)))
