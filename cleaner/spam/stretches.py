"""Stretches of running text that are worth judging: promotional ones, and what stands out.

Windows of a few widths slide over the running sums of a page. Around those that sound
promotional, and those that contrast most with their page, the phrases with the best scores
are taken, and the sentence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from cleaner.signs import FIRM_STOPS, PLAIN_STOPS
from cleaner.spam.grams import ORDERS, FloatArray
from cleaner.spam.score import logit
from cleaner.spam.view import UNSPACED, View

Ints = npt.NDArray[np.int64]
Stretch = tuple[int, int]

LEAST: Final = 0.65
"""Least promotional probability of a stretch that is judged; each costs a tenth of a
millisecond and more."""
MAX_SENTENCE: Final = 400
_NARROW: Final = (6, 12, 24, 48)
_WIDE: Final = (12, 24, 48, 80)
"""Characters of sliding windows, in scripts without spaces and in others."""
_STEPS: Final = 4
"""A window slides by this part of the narrowest one's width."""
_OTHER_LANGUAGE: Final = 0.6
"""How much a nat of misfit to the page's language adds to the promotional score."""
_WEIGHTINGS: Final = (0.0, _OTHER_LANGUAGE, 3 * _OTHER_LANGUAGE)
"""The same for the phrases of a promotional place: the best one by each is taken."""
_PLACES: Final = 2
_CHARS_PER_PLACE: Final = 6_000
"""So many promotional places are judged on a page, the densest ones."""
_SURELY: Final = 0.98
_MAX_SURE: Final = 24
"""And as many that sound so promotional: spam seldom comes alone."""
_WINDOW: Final = 8
"""Promotional windows so many characters apart are of one place."""
_MAX_PLACE: Final = 90
_MARGIN: Final = 12
"""Characters beside a promotional place where a phrase may begin or end."""
_APART: Final = 40
"""Characters between two places of one contrast."""
_LEAST_CONTRAST: Final = 1.5
_REACH: Final = 24, 72
"""Characters before and after the start of an outstanding window where a phrase may lie."""
_CHARS_PER_OUTSTANDING: Final = 15_000
_MAX_OUTSTANDING: Final = 60
"""A page has one place of each contrast, and so many more if it is longer: each is sought in
the whole page."""
_PER_PLACE: Final = 2
"""Phrases of each place and contrast. With one, a twelfth fewer of the phrases in other
languages and of other trades are candidates."""
_SAME: Final = 0.5
"""Share of two phrases' characters in common from which they are the same."""
_MOSTLY: Final = 2 / 3
"""Share of a phrase's letters that are of other scripts than its page's in one put into it."""
_LONGER: Final = 0.25
"""Power of the length by which the phrase that contrasts in both ways is weighed: its words are
seldom all of them strange."""
_AT_ONCE: Final = 64
"""Areas whose phrases are compared in one pass; more would need much memory on long pages."""
_HALF: Final = np.float32(0.5**0.5)
_SENTENCE_STOP: Final = re.compile(rf"\n|[{PLAIN_STOPS}](?=[\s»”\")])[»”\")]*|[{FIRM_STOPS}]")


def stretches(view: View, bias: float) -> tuple[list[Stretch], list[Stretch]]:
    """Phrases and sentences of a page, some of them twice.

    `bias` is what the promotional score adds to its sums.
    """
    step = (_NARROW if UNSPACED[view.home] else _WIDE)[0] // _STEPS
    windows = list(_windows(view, step))
    if not windows:
        return [], []
    narrowest = windows[0][0]
    hot = _promotional_places(view, windows, step, bias)
    apart = _outstanding_places(view, windows, step)
    areas = [(low - _MARGIN, min(high + _MARGIN, low - _MARGIN + _MAX_PLACE)) for low, high in hot]
    areas += [(at - _REACH[0], at + _REACH[1]) for at in apart]
    phrases: list[Stretch] = []
    for first in range(0, len(areas), _AT_ONCE):
        some = np.array(areas[first : first + _AT_ONCE], np.int64)
        starts, ends, wrong = _phrases(view, some)
        by = max(0, len(hot) - first)
        promotional = _promotional(view, starts[:by], ends[:by], wrong[:by], bias)
        phrases += (_core(view, *span) for span in promotional)
        for span in dict.fromkeys(_contrasting(view, starts[by:], ends[by:], wrong[by:])):
            phrases += _one_script(view, *span)
    middles = [(low + high) // 2 for low, high in hot] + [at + narrowest // 2 for at in apart]
    sentences = [found for at in middles if (found := _sentence(view.text, at)) is not None]
    return phrases, sentences


def _windows(view: View, step: int) -> Iterator[tuple[int, FloatArray, FloatArray]]:
    """Widths, and how promotional each window is, and how well it fits the page's language.

    One window begins at every `step`-th character.
    """
    for width in _NARROW if UNSPACED[view.home] else _WIDE:
        if width <= len(view.text):
            sound, fit = (
                sums[width::step] - sums[:-width:step] for sums in (view.promotion, view.fit)
            )
            yield width, sound, fit


def _promotional_places(
    view: View, windows: list[tuple[int, FloatArray, FloatArray]], step: int, bias: float
) -> list[Stretch]:
    """Where promotional n-grams are dense, or fairly dense and in another language."""
    narrowest = windows[0][0]
    peak = np.full(len(windows[0][1]), -np.inf, np.float32)
    for width, sound, fit in windows:
        # A fit below zero says another language.
        value = sound - np.float32(_OTHER_LANGUAGE) * np.minimum(fit, 0)
        value *= np.float32((len(ORDERS) * width) ** -0.5)
        part = peak[: len(value)]
        np.maximum(part, value, out=part)
    hot = np.flatnonzero(peak > np.float32(logit(LEAST) - bias))
    if not len(hot):
        return []
    breaks = np.flatnonzero(np.diff(hot) > _WINDOW // step) + 1
    firsts, lasts = hot[np.concatenate([[0], breaks])], hot[np.concatenate([breaks - 1, [-1]])]
    heights = np.maximum.reduceat(peak[hot], np.concatenate([[0], breaks]))
    sure = np.count_nonzero(heights > np.float32(logit(_SURELY) - bias))
    room = max(_PLACES + len(view.text) // _CHARS_PER_PLACE, min(int(sure), _MAX_SURE))
    densest = np.argsort(-heights, kind="stable")[:room]
    return [
        (int(firsts[at]) * step, min(len(view.text), int(lasts[at]) * step + narrowest))
        for at in densest
    ]


def _outstanding_places(
    view: View, windows: list[tuple[int, FloatArray, FloatArray]], step: int
) -> list[int]:
    """Where a page contrasts most with itself: in promotion, in its language, in both.

    How promotional an unknown phrase sounds, and how little it fits the page's language, says
    little as such, but the phrase is mostly the page's extreme: the windows with the largest
    contrast to the page are looked at, whatever its size (a scan statistic; Kulldorff 1997).
    """
    size = len(view.text)
    peaks = np.full((3, len(windows[0][1])), -np.inf, np.float32)
    for width, sound, fit in windows[:3]:
        if width * 3 > size:
            break
        sounds = _standard(sound, view.promotion[-1] * (width / size))
        strange = -_standard(fit, view.fit[-1] * (width / size))
        for peak, value in zip(peaks, (sounds, strange, (sounds + strange) * _HALF), strict=True):
            np.maximum(peak[: len(value)], value, out=peak[: len(value)])
    places: list[int] = []
    most = 1 + min(_MAX_OUTSTANDING, size // _CHARS_PER_OUTSTANDING)
    for peak in peaks:
        for _ in range(most):
            at = int(peak.argmax())
            if peak[at] < _LEAST_CONTRAST:
                break
            if all(abs(at * step - place) > _REACH[0] for place in places):
                places.append(at * step)
            peak[max(0, at - _APART // step) : at + _APART // step] = -np.inf
    return places


def _standard(values: FloatArray, mean: np.float32) -> FloatArray:
    """Values less their mean, in standard deviations."""
    centred = values - np.float32(mean)
    deviation = np.sqrt(centred @ centred / np.float32(len(centred)))
    standard: FloatArray = centred / np.float32(deviation + 1e-6)
    return standard


def _phrases(view: View, areas: Ints) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Where phrases of each area may begin and end, and which pairs of these are none.

    `areas` has shape (areas, 2); the result (areas, begins, 1), (areas, 1, ends) and
    (areas, begins, ends).
    """
    lows, highs = areas.T.clip(0, len(view.text))
    starts, no_start = _between(np.flatnonzero(view.begins), lows, highs)
    ends, no_end = _between(np.flatnonzero(view.ends) + 1, lows + 1, highs + 1)
    starts, ends = starts[:, :, None], ends[:, None, :]
    wrong = (ends - starts < 2) | (view.stops[starts] != view.stops[ends])
    wrong |= no_start[:, :, None]
    wrong |= no_end[:, None, :]
    return starts, ends, wrong


def _between(places: Ints, lows: Ints, highs: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The places of each area, side by side, and what is none of its places."""
    first, last = places.searchsorted(lows), places.searchsorted(highs)
    at = first[:, None] + np.arange(max(1, int((last - first).max())))
    return places.take(at, mode="clip") if len(places) else at * 0, at >= last[:, None]


def _promotional(
    view: View, starts: Ints, ends: Ints, wrong: npt.NDArray[np.bool_], bias: float
) -> Iterator[Stretch]:
    """The best phrase of each place by promotion, and with the language taken into account."""
    if not len(wrong):
        return
    total = view.promotion[ends] - view.promotion[starts]
    odd = view.fit[ends] - view.fit[starts]
    scale = 1 / np.sqrt(np.float32(len(ORDERS)) * np.maximum(ends - starts, 1))
    for weight in _WEIGHTINGS:
        value = (total - np.float32(weight) * odd) * scale
        yield from _best(starts, ends, np.where(wrong, -np.inf, value), logit(LEAST) - bias)


def _contrasting(
    view: View, starts: Ints, ends: Ints, wrong: npt.NDArray[np.bool_]
) -> Iterator[Stretch]:
    """The phrases of each place that contrast most with the page: by promotion, by language and
    by both, the best ones that have little in common.
    """
    if not len(wrong):
        return
    sounds, strange = view.contrast(starts, ends)
    both = (sounds + strange) * np.maximum(ends - starts, 1).astype(np.float32) ** _LONGER
    # By contrast, area, begin and end.
    value = np.where(wrong, np.float32(-np.inf), [sounds, strange, both])
    areas = np.arange(len(wrong))
    for _ in range(_PER_PLACE):
        flat = value.reshape(*value.shape[:2], -1)
        row, column = np.divmod(flat.argmax(2), value.shape[3])
        first, last = starts[areas, row, 0], ends[areas, 0, column]
        some = np.isfinite(flat.max(2))
        yield from zip(first[some].tolist(), last[some].tolist(), strict=True)
        first, last = first[:, :, None, None], last[:, :, None, None]
        shared = np.minimum(ends, last) - np.maximum(starts, first)
        joined = np.maximum(ends, last) - np.minimum(starts, first)
        value[shared > _SAME * joined] = -np.inf


def _best(
    starts: Ints, ends: Ints, value: npt.NDArray[np.floating], least: float
) -> Iterator[Stretch]:
    """The phrase with the highest value of each place, if that is above `least`."""
    flat = value.reshape(len(value), -1)
    for place, at in enumerate(flat.argmax(1).tolist()):
        if flat[place, at] > least:
            row, column = divmod(at, value.shape[2])
            yield int(starts[place, row, 0]), int(ends[place, 0, column])


def _one_script(view: View, start: int, end: int) -> Iterator[Stretch]:
    """A span, or if it mixes scripts, its letters of another script than the page's."""
    if view.one_script:
        yield start, end
        return
    codes = view.codes[start:end]
    own = codes == view.home
    other = np.flatnonzero((codes != 0) & ~own)
    if not len(other) or not own.any():
        yield start, end
    elif not own[other[0] : other[-1]].any():
        yield with_digits(view.text, start + int(other[0]), start + int(other[-1]) + 1)


def _core(view: View, start: int, end: int) -> Stretch:
    """A span, or if it is mostly of other scripts than its page's, those letters and what they
    enclose: where no spaces part the two, a phrase begins or ends among the author's letters.
    """
    if view.one_script:
        return start, end
    codes = view.codes[start:end]
    other = np.flatnonzero((codes != 0) & (codes != view.home))
    letters = np.count_nonzero(codes)
    if len(other) == letters or len(other) < _MOSTLY * letters:
        return start, end
    return with_digits(view.text, start + int(other[0]), start + int(other[-1]) + 1)


def with_digits(text: str, start: int, end: int) -> Stretch:
    """A range with the digits, and the marks of its last letter, that touch it."""
    while start and text[start - 1].isdigit():
        start -= 1
    while end < len(text) and (text[end].isdigit() or unicodedata.category(text[end])[0] == "M"):
        end += 1
    return start, end


def _sentence(text: str, at: int) -> Stretch | None:
    """The sentence around a place, if it is one."""
    low = max(0, at - MAX_SENTENCE)
    start = low = max(low, text.rfind("\n", low, at) + 1)
    for stop in _SENTENCE_STOP.finditer(text, low, at):
        start = stop.end()
    high = min(len(text), at + 2 * MAX_SENTENCE)  # white space at its end is not its own
    stopped = _SENTENCE_STOP.search(text, at, high)
    start, end = trimmed(text, start, stopped.end() if stopped else high)
    return (start, end) if 12 <= end - start <= MAX_SENTENCE else None


def trimmed(text: str, start: int, end: int) -> Stretch:
    """A range of a text without the white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
