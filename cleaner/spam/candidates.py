"""Spans worth judging, found cheaply: most pages have none or a few.

Runs of another script, disguised words, stretches that sound promotional, promotional
sentences, and in HTML links that lead elsewhere and hidden ranges. Every span is a half-open
range of characters of the view's text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
import numpy.typing as npt

from cleaner.scripts import CODE, CodeArray
from cleaner.spam.disguise import disguised_words, plain_spelling
from cleaner.spam.grams import ORDERS
from cleaner.spam.score import Promotion
from cleaner.spam.view import STYLED, UNSPACED, View

_MAX_GAP: Final = 3
"""Spaces, digits and signs that may lie between words of one run."""
_RUN_BREAK: Final = re.compile(r"[\n()\[\]{}<>«»“”„\"/|:;=—–。、，（）「」]")
_CHAIN_BREAK: Final = re.compile(r"[\w\n.!?。！？।()\[\]«»“”\"]")
_STOP: Final = re.compile(r"[\n;:!?。！？।|]|\.(?=\s)")
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)?[\w.-]+(?:/[^\s<>()\"']*)?", re.I)
_ENDING: Final = re.compile(
    r"\.(?:com|net|org|info|xyz|top|site|online|club|shop|live|vip|bet|io|co|me|biz|ru|cc|asia|win"
    r"|pro|app)\b",
    re.I,
)
_SENTENCE_STOP: Final = re.compile(r"\n|[.!?…](?=[\s»”\")])[»”\")]*|[。！？।۔؟]")
_LEAST: Final = 0.65
"""Least promotional probability of a stretch that is judged; each costs a tenth of a
millisecond and more."""
_PLACES: Final = 2
_CHARS_PER_PLACE: Final = 6_000
"""So many stretches are judged on a page, the densest ones."""
_LEAST_ANCHOR: Final = 0.15
_OTHER_LANGUAGE: Final = 0.6
"""How much a nat of misfit to the page's language adds to the promotional score."""
_OUTSTANDING: Final = (1, 1, 1)
"""Places of each contrast that are judged: by promotion, by language, by both."""
_APART: Final = 40
"""Characters between two places of one contrast."""
_LEAST_CONTRAST: Final = 1.5
_REACH: Final = 24, 72
"""Characters before and after the start of an outstanding window where a phrase may lie."""
_CHARS_PER_OUTSTANDING: Final = 15_000
_MAX_OUTSTANDING: Final = 60
"""So many more on longer pages; each is sought in the whole page."""
_HALF: Final = 0.5**0.5
_WINDOW: Final = 8
_NARROW: Final = (6, 12, 24, 48)
_WIDE: Final = (12, 24, 48, 80)
"""Characters of sliding windows, in scripts without spaces and in others."""
_MAX_RUN: Final = 90
_MAX_RUNS: Final = 40
"""A page with more runs of other scripts is written in several."""
_MAX_DISGUISED: Final = 8
"""A page with more disguised words is badly encoded, not injected."""
_MAX_KIND: Final = 30
"""Candidates of one kind: on a page with more, the strongest are judged."""
_MAX_SENTENCE: Final = 400
_ORNAMENT: Final = 8
_FEW_SIGNS: Final = 3
"""So many characters, but hardly two different ones, are a row of x or a line of dashes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span to be judged."""

    start: int
    end: int
    kind: str
    """How it was found: script, phrase, sentence, disguise, anchor, hidden or address."""
    trick: str = ""
    """Name of the disguise."""
    plain: str = ""
    """The span in plain spelling where that differs."""


def candidates(view: View, promotion: Promotion) -> list[Candidate]:
    """All candidates of a page, without duplicates, by position; they may overlap."""
    if len(view.text) < 4:
        return []
    found = [*_disguised(view), *_foreign(view, promotion)]
    found += _promotional(view, promotion)
    found += _outstanding(view)
    if view.html:
        found += _marked_up(view, promotion)
    found += _addresses(view, promotion)
    unique: dict[tuple[int, int], Candidate] = {}
    for one in (*found, *_chains(view.text, found)):
        if one.end - one.start < _ORNAMENT or len(set(view.text[one.start : one.end])) > _FEW_SIGNS:
            unique.setdefault((one.start, one.end), one)
    return [unique[span] for span in sorted(unique)]


def _chains(text: str, found: Sequence[Candidate]) -> Iterator[Candidate]:
    """Runs of phrases with nothing but signs between them, such as lists of keywords, as one."""
    phrases = sorted((c.start, c.end) for c in found if c.kind in ("phrase", "script"))
    if len(phrases) < 2:
        return
    start, end, links = *phrases[0], 0
    for low, high in phrases[1:]:
        if low < end:
            end = max(end, high)
        elif low - end <= _MAX_GAP and not _CHAIN_BREAK.search(text, end, low):
            end, links = high, links + 1
        else:
            if links:
                yield Candidate(start, end, "phrase")
            start, end, links = low, high, 0
    if links:
        yield Candidate(start, end, "phrase")


def in_place(view: View, promotion: Promotion, start: int, end: int) -> float:
    """Log-odds that a stretch of the text is promotional, as it stands."""
    total = view.promotion[end] - view.promotion[start]
    return float(total) / (len(ORDERS) * max(1, end - start)) ** 0.5 + promotion.bias


def _disguised(view: View) -> Iterator[Candidate]:
    words = disguised_words(view.text, view.codes)
    if len(words) > _MAX_DISGUISED:
        return
    for start, end, trick in words:
        yield Candidate(start, end, "disguise", trick, plain_spelling(view.text[start:end], trick))


def _foreign(view: View, promotion: Promotion) -> list[Candidate]:
    """Runs of another script.

    Latin runs are everywhere in other scripts, and runs between brackets or quotation marks
    are glosses: of these only those that sound promotional are judged.
    """
    if view.counts.sum() == view.counts[view.home]:
        return []
    runs = [(s, e) for s, e in foreign_runs(view.text, view.codes, view.home) if e - s > 1]
    crowd = len(runs) > _MAX_RUNS
    found: list[tuple[float, Candidate]] = []
    for start, end in runs:
        value = in_place(view, promotion, start, end)
        plain = crowd or view.codes[start] == CODE["Latin"] or _enclosed(view.text, start, end)
        if value > (_logit(_LEAST) if plain else -6.0):
            found.append((value, Candidate(start, end, "script")))
            found += (
                (value, Candidate(*part, "script")) for part in _parts(view, promotion, start, end)
            )
    return _strongest(found)


def _parts(view: View, promotion: Promotion, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Runs that a comma cuts in two, such as lists of keywords, piece by piece."""
    if end - start > _MAX_RUN:
        for stop in re.finditer(r"[.!?,،]\s+", view.text[start:end]):
            yield start, start + stop.start()
            yield start + stop.end(), end


def _enclosed(text: str, start: int, end: int) -> bool:
    """Whether brackets or quotation marks stand around a run."""
    before = text[max(0, start - 8) : start].rstrip()[-1:] or "x"
    after = text[end : end + 8].lstrip()[:1] or "x"
    return before in "([{<«“„\"'‘‚（「『《【〈‹" and after in ")]}>»”“\"'’）」』》】〉›,;"


def foreign_runs(text: str, codes: CodeArray, home: int) -> list[tuple[int, int]]:
    """Maximal runs of letters of any one script family other than `home`.

    Short gaps of spaces, digits and signs belong to a run; brackets, quotation marks,
    colons and line ends do not.
    """
    letters = np.flatnonzero((codes != 0) & (codes != home) & (codes != STYLED))
    if not len(letters):
        return []
    runs: list[tuple[int, int]] = []
    breaks = np.flatnonzero(
        (np.diff(letters) > 1 + _MAX_GAP) | (codes[letters[1:]] != codes[letters[:-1]])
    )
    for group in np.split(letters, breaks + 1):
        start = int(group[0])
        for at in np.flatnonzero(np.diff(group) > 1):
            left, right = int(group[at]), int(group[at + 1])
            if codes[left + 1 : right].any() or _RUN_BREAK.search(text, left + 1, right):
                runs.append((start, left + 1))
                start = right
        runs.append((start, int(group[-1]) + 1))
    return [_with_digits(text, start, end) for start, end in runs]


def _with_digits(text: str, start: int, end: int) -> tuple[int, int]:
    while start and text[start - 1].isdigit():
        start -= 1
    while end < len(text) and (text[end].isdigit() or unicodedata.combining(text[end])):
        end += 1
    return start, end


def _promotional(view: View, promotion: Promotion) -> list[Candidate]:
    """Stretches where promotional n-grams are dense, or fairly dense and in another language.

    Sliding windows find them, and the densest few of a page are looked at closely: around
    each, the phrases between word boundaries (between any characters in scripts without
    spaces) with the best scores are taken, and the sentence if it is dense as a whole.
    """
    text = view.text
    least = _logit(_LEAST)
    sums, fit = view.promotion, view.fit
    peak = np.full(len(text), -np.inf, np.float32)
    widths = _widths(view, len(text))
    for width in widths:
        # A fit below zero says another language.
        odd = np.minimum(fit[width:] - fit[:-width], 0)
        value = sums[width:] - sums[:-width]
        value -= np.float32(_OTHER_LANGUAGE) * odd
        value *= np.float32((len(ORDERS) * width) ** -0.5)
        part = peak[: len(value)]
        np.maximum(part, value, out=part)
    peak += np.float32(promotion.bias)
    hot = np.flatnonzero(peak > least)
    if not len(hot):
        return []
    breaks = np.flatnonzero(np.diff(hot) > _WINDOW) + 1
    firsts, lasts = hot[np.concatenate([[0], breaks])], hot[np.concatenate([breaks - 1, [-1]])]
    heights = np.maximum.reduceat(peak[hot], np.concatenate([[0], breaks]))
    room = _PLACES + len(text) // _CHARS_PER_PLACE
    found: list[Candidate] = []
    for at in np.argsort(-heights, kind="stable")[:room]:
        low, high = int(firsts[at]), min(len(text), int(lasts[at]) + widths[0])
        found += [
            Candidate(start, end, "phrase")
            for start, end, value in _best_phrases(view, promotion, low, high)
            if value >= least and end - start >= 2
        ]
        found += _sentence(view, (low + high) // 2)
    return found


def _widths(view: View, most: int) -> list[int]:
    """Widths of the windows that slide over a page, up to `most` characters."""
    return [w for w in (_NARROW if UNSPACED[view.home] else _WIDE) if w <= most]


def _outstanding(view: View) -> list[Candidate]:
    """Stretches that stand out from the rest of their own page.

    How promotional an unknown phrase sounds, and how little it fits the page's language, says
    little as such, but the phrase is mostly the page's extreme: the windows with the largest
    contrast to the page are looked at, whatever its size (a scan statistic; Kulldorff 1997).
    """
    size = len(view.text)
    widths = _widths(view, size // 3)[:3]
    if not widths:
        return []
    peaks = np.full((len(_OUTSTANDING), size), -np.inf, np.float32)
    for width in widths:
        sounds, strange = view.contrast(slice(None, -width), slice(width, None), width)
        sounds /= sounds.std() + np.float32(1e-6)
        strange /= strange.std() + np.float32(1e-6)
        both = (sounds + strange) * np.float32(_HALF)
        for peak, value in zip(peaks, (sounds, strange, both), strict=True):
            np.maximum(peak[: len(value)], value, out=peak[: len(value)])
    places: list[int] = []
    more = min(_MAX_OUTSTANDING, size // _CHARS_PER_OUTSTANDING)
    for most, peak in zip(_OUTSTANDING, peaks, strict=True):
        for _ in range(most + more):
            at = int(peak.argmax())
            if peak[at] < _LEAST_CONTRAST:
                break
            if all(abs(at - place) > _REACH[0] for place in places):
                places.append(at)
            peak[max(0, at - _APART) : at + _APART] = -np.inf
    found: list[Candidate] = []
    for at in places:
        for span in _contrasting(view, max(0, at - _REACH[0]), min(size, at + _REACH[1])):
            found += [Candidate(*part, "phrase") for part in _one_script(view, *span)]
        found += _sentence(view, at + widths[0] // 2)
    return found


def _one_script(view: View, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A span, or if it mixes scripts, its letters of another script than the page's."""
    codes = view.codes[start:end]
    other = np.flatnonzero((codes != 0) & (codes != view.home))
    if not len(other) or not (codes == view.home).any():
        yield start, end
    elif (codes[other[0] : other[-1]] != view.home).all():
        yield start + int(other[0]), start + int(other[-1]) + 1


def _contrasting(view: View, low: int, high: int) -> Iterator[tuple[int, int]]:
    """The phrases of a stretch that contrast most with the page, by each weighting."""
    starts, ends, wrong = _phrases(view, low, high)
    if wrong.all():
        return
    length = np.maximum(ends[None, :] - starts[:, None], 1)
    sounds, strange = view.contrast(starts[:, None], ends[None, :], length)
    for value in (sounds, strange, (sounds + strange) * np.float32(_HALF)):
        row, column = divmod(int(np.where(wrong, -np.inf, value).argmax()), len(ends))
        yield int(starts[row]), int(ends[column])


def _phrases(
    view: View, low: int, high: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Where phrases of a stretch may begin and end, and which pairs are none."""
    starts = low + np.flatnonzero(view.begins[low:high])
    ends = low + 1 + np.flatnonzero(view.ends[low:high])
    stops = [stop.start() for stop in _STOP.finditer(view.text, low, high)]
    wrong = ends[None, :] - starts[:, None] < 2
    if stops:
        wrong |= np.searchsorted(stops, starts)[:, None] != np.searchsorted(stops, ends)[None, :]
    return starts, ends, wrong


def _sentence(view: View, at: int) -> Iterator[Candidate]:
    """The sentence around a place."""
    text = view.text
    low = max(0, at - _MAX_SENTENCE)
    start = low
    for stop in _SENTENCE_STOP.finditer(text, low, at):
        start = stop.end()
    end = _SENTENCE_STOP.search(text, at)
    start, stop_at = _trimmed(text, start, end.end() if end else len(text))
    size = stop_at - start
    if 12 <= size <= _MAX_SENTENCE:
        yield Candidate(start, stop_at, "sentence")


def _logit(probability: float) -> float:
    return log(probability / (1 - probability))


def _best_phrases(
    view: View, promotion: Promotion, low: int, high: int
) -> Iterator[tuple[int, int, float]]:
    """The best phrase by promotion, and the best with the language taken into account."""
    low, high = max(0, low - 12), min(len(view.text), high + 12, low + _MAX_RUN)
    starts, ends, wrong = _phrases(view, low, high)
    if wrong.all():
        return
    length = ends[None, :] - starts[:, None]
    total = view.promotion[ends][None, :] - view.promotion[starts][:, None]
    odd = view.fit[ends][None, :] - view.fit[starts][:, None]
    root = np.sqrt(len(ORDERS) * np.maximum(length, 1))
    seen: set[tuple[int, int]] = set()
    for weight in (0.0, _OTHER_LANGUAGE, 3 * _OTHER_LANGUAGE):
        value = total - np.float32(weight) * odd
        scored = np.where(wrong, -np.inf, value / root + promotion.bias)
        row, column = np.unravel_index(int(scored.argmax()), scored.shape)
        span = int(starts[row]), int(ends[column])
        if span not in seen:
            seen.add(span)
            yield *span, float(scored[row, column])


def _marked_up(view: View, promotion: Promotion) -> list[Candidate]:
    """Hidden ranges, and links elsewhere that sound a little promotional or are foreign here."""
    found: list[tuple[float, Candidate]] = []
    least = _logit(_LEAST_ANCHOR)
    for anchor in view.anchors:
        start, end = _trimmed(view.text, anchor.start, anchor.end)
        if not anchor.off_site or end - start < 2:
            continue
        value = in_place(view, promotion, start, end)
        odd = view.fit[end] - view.fit[start] < -0.3 * (end - start)
        if value > least or odd or anchor.link.hidden:
            found.append((value, Candidate(start, end, "anchor")))
    for low, high in (*view.hidden, *view.hidden_blocks):
        start, end = _trimmed(view.text, low, high)
        if 2 <= end - start <= _MAX_SENTENCE:
            value = in_place(view, promotion, start, end)
            found.append((value, Candidate(start, end, "hidden")))
    return _strongest(found)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _addresses(view: View, promotion: Promotion) -> list[Candidate]:
    """Bare domains and links whose own letters sound promotional."""
    text = view.text
    found: list[tuple[float, Candidate]] = []
    for ending in _ENDING.finditer(text) if "." in text else ():
        start = ending.start()
        while start and not text[start - 1].isspace() and text[start - 1] not in "<>()\"'":
            start -= 1
        match = _ADDRESS.match(text, start)
        if match and match.end() >= ending.end() and "@" not in match[0]:
            value = in_place(view, promotion, match.start(), match.end())
            if value > _logit(_LEAST):
                found.append((value, Candidate(match.start(), match.end(), "address")))
    return _strongest(found)


def _strongest(found: list[tuple[float, Candidate]]) -> list[Candidate]:
    if len(found) > _MAX_KIND:
        found = sorted(found, key=lambda item: -item[0])[:_MAX_KIND]
    return [candidate for _, candidate in found]
