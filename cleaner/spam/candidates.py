"""Spans worth judging: runs of another script, disguised words, promotional phrases.

Every function takes a text and gives half-open character ranges into it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from math import log
from typing import Final

import numpy as np

from cleaner.scripts import CODE, SCRIPTS, CodeArray
from cleaner.spam.score import ORDERS, FloatArray, SpamModel, sigmoid

_FAMILY: Final = {"Kana": "Han", "Bopomofo": "Han"}
"""Scripts written together in one language count as one."""
FAMILY: Final = np.array(
    [CODE[_FAMILY.get(name, name)] if name else 0 for name in SCRIPTS], np.uint8
)

_MAX_GAP: Final = 3
"""Spaces, digits and signs that may lie between words of one run."""
_RUN_BREAK: Final = re.compile(r"[\n()\[\]{}<>«»“”„\"/|:;=—–。、，（）「」]")

_SENTENCE_STOP: Final = re.compile(r"[\n;:!?。！？।]|\.(?=\s)")

ZERO_WIDTH: Final = "\u200b\u200c\u200d\u2060\ufeff"
# Alphabets in which a zero-width character inside a word has no meaning of its own.
_PLAIN: Final = "A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u052f"
_HIDDEN_JOINT: Final = re.compile(f"[{_PLAIN}]+(?:[{ZERO_WIDTH}]+[{_PLAIN}]+)+")
_STYLED: Final = re.compile(
    "[\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f189]{3,}"
    "(?: [\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f189]{2,})*"
)
_SPACED: Final = re.compile(r"(?<![\w'’])[^\W\d_](?:([ .\-*_·])[^\W_](?:\1{1,2}[^\W_])+)(?![\w'’])")
_MIXED: Final = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u052f]{4,}")
_MIN_SPACED: Final = 9
"""Characters of the shortest spaced word: five letters and four separators."""

_LOOKS_LATIN: Final = str.maketrans(
    "авекмнорстухіјѕԁһӏѵԛԝАВЕКМНОРСТУХІЈЅαεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "abekmhopctyxijsdhlvqwABEKMHOPCTYXIJSaeikvoptuxABEZHIKMNOPTYX",
)
_LOOKS_CYRILLIC: Final = str.maketrans("aekmopctyxiABEKMHOPCTYXI", "аекморстухіАВЕКМНОРСТУХІ")
_CONTEXT: Final = 40
_WINDOW: Final = 8
_MAX_RUN: Final = 90


def foreign_runs(text: str, codes: CodeArray, home: int) -> list[tuple[int, int]]:
    """Maximal runs of letters of any one script family other than `home`.

    `codes` are families (see `FAMILY`). Short gaps of spaces, digits and signs belong to
    a run; brackets, quotation marks, colons and line ends do not.
    """
    letters = np.flatnonzero((codes != 0) & (codes != home) & (codes != CODE["Styled"]))
    if not len(letters):
        return []
    runs: list[tuple[int, int]] = []
    breaks = np.flatnonzero(
        (np.diff(letters) > 1 + _MAX_GAP) | (codes[letters[1:]] != codes[letters[:-1]])
    )
    for group in np.split(letters, breaks + 1):
        start = int(group[0])
        for left, right in pairwise(group):
            if right - left > 1:
                gap = text[left + 1 : right]
                if codes[left + 1 : right].any() or _RUN_BREAK.search(gap):
                    runs.append((start, int(left) + 1))
                    start = int(right)
        runs.append((start, int(group[-1]) + 1))
    return [_with_digits(text, start, end) for start, end in runs]


def _with_digits(text: str, start: int, end: int) -> tuple[int, int]:
    while start and text[start - 1].isdigit():
        start -= 1
    while end < len(text) and (text[end].isdigit() or unicodedata.combining(text[end])):
        end += 1
    return start, end


def disguised_words(text: str, codes: CodeArray) -> list[tuple[int, int, str]]:
    """Words spelt so that a filter cannot read them, each with the name of the trick."""
    found: list[tuple[int, int, str]] = []
    if _has_spaced_letters(text, codes):
        found += (
            (m.start(), m.end(), "spaced letters")
            for m in _SPACED.finditer(text)
            if m.end() - m.start() >= _MIN_SPACED
        )
    if text.isascii():
        return found
    if any(char in text for char in ZERO_WIDTH):
        found += (
            (m.start(), m.end(), "invisible characters inside a word")
            for m in _HIDDEN_JOINT.finditer(text)
        )
    if (codes == CODE["Styled"]).any():
        found += ((m.start(), m.end(), "letters drawn as symbols") for m in _STYLED.finditer(text))
    found += (
        (s, e, "look-alike letters of two alphabets in one word") for s, e in _mixed(text, codes)
    )
    return _joined(sorted(found))


def _joined(words: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Neighbouring disguised words, one character apart, as one."""
    joined: list[tuple[int, int, str]] = []
    for start, end, trick in words:
        if joined and start - joined[-1][1] <= 1:
            first, last, trick = joined[-1]
            joined[-1] = (first, max(last, end), trick)
        else:
            joined.append((start, end, trick))
    return joined


def _mixed(text: str, codes: CodeArray) -> Iterator[tuple[int, int]]:
    latin = codes == CODE["Latin"]
    other = (codes == CODE["Cyrillic"]) | (codes == CODE["Greek"])
    touching = (latin[1:] & other[:-1]) | (other[1:] & latin[:-1])
    seen = 0
    for at in np.flatnonzero(touching):
        if at < seen:
            continue
        start = int(at)
        while start and codes[start - 1]:
            start -= 1
        match = _MIXED.match(text, start)
        if match and match.end() > at:
            seen = match.end()
            yield start, seen


def _has_spaced_letters(text: str, codes: CodeArray) -> bool:
    """Whether letters and separators alternate anywhere for `_MIN_SPACED` characters."""
    letter = codes != 0
    alternates = letter[1:] != letter[:-1]
    if len(alternates) < _MIN_SPACED:
        return False
    steps = np.cumsum(alternates, dtype=np.int32)
    return bool((steps[_MIN_SPACED - 1 :] - steps[: -_MIN_SPACED + 1] == _MIN_SPACED - 1).any())


def plain_spellings(text: str, start: int, end: int) -> Iterator[tuple[str, list[int]]]:
    """The surroundings of a disguised word in plain spelling, with the offset of each character."""
    low = max(text.rfind("\n", 0, start) + 1, start - _CONTEXT)
    stop = text.find("\n", end)
    high = min(len(text) if stop < 0 else stop, end + _CONTEXT)
    word = text[start:end]
    separator = word[1] if _SPACED.fullmatch(word) else ""
    for table in (_LOOKS_LATIN, _LOOKS_CYRILLIC) if _is_mixed(word) else ({},):
        spelling: list[str] = []
        offsets: list[int] = []
        for at in range(low, high):
            char = text[at]
            if start <= at < end:
                if separator and char == separator:
                    double = text[at - 1] == separator
                    char = " " if double else ""
                char = char.translate(table)
            if char in ZERO_WIDTH:
                continue
            if ord(char) > 0x24B0:
                char = unicodedata.normalize("NFKC", char)[:1]
            spelling.append(char)
            offsets.append(at)
        yield "".join(spelling), offsets


def _is_mixed(word: str) -> bool:
    return bool(re.search("[A-Za-z]", word) and re.search("[\u0370-\u052f]", word))


def promotional_runs(
    text: str, model: SpamModel, *, least: float = 0.5
) -> list[tuple[int, int, float]]:
    """Phrases of `text` that the model takes for promotion, with their probability.

    A sliding window finds where the n-gram scores are dense; around it, the phrase between
    word boundaries (between any characters in scripts without spaces) with the best score
    is taken.
    """
    if len(text) < 4:
        return []
    scores = model.character_scores(f" {text} ")[1:-1]
    sums = np.concatenate([np.zeros(1, np.float32), np.cumsum(scores, dtype=np.float32)])
    dense = np.zeros(len(text), dtype=bool)
    for width in (_WINDOW, 2 * _WINDOW):
        width = min(width, len(text))
        # What a phrase of `width` characters needs to reach `least`, by the model's formula.
        needed = (log(least / (1 - least)) - model.bias) * (len(ORDERS) * width) ** 0.5
        dense[: len(text) - width + 1] |= sums[width:] - sums[:-width] > needed
    hot = np.flatnonzero(dense)
    if not len(hot):
        return []
    found: list[tuple[int, int, float]] = []
    for group in np.split(hot, np.flatnonzero(np.diff(hot) > _WINDOW) + 1):
        low, high = int(group[0]), min(len(text), int(group[-1]) + _WINDOW)
        best = _best_phrase(text, sums, low, high, model)
        if best and best[2] >= least:
            found.append(best)
    return found


def _best_phrase(
    text: str, sums: FloatArray, low: int, high: int, model: SpamModel
) -> tuple[int, int, float] | None:
    low, high = max(0, low - 12), min(len(text), high + 12, low + _MAX_RUN)
    starts = np.array([at for at in range(low, high) if _begins(text, at)], np.int64)
    ends = np.array([at for at in range(low + 1, high + 1) if _ends(text, at)], np.int64)
    if not len(starts) or not len(ends):
        return None
    length = ends[None, :] - starts[:, None]
    total = sums[ends][None, :] - sums[starts][:, None]
    value = np.where(length >= 2, total / np.sqrt(np.maximum(len(ORDERS) * length, 1)), -np.inf)
    for stop in _SENTENCE_STOP.finditer(text, low, high):
        value[(starts <= stop.start())[:, None] & (ends > stop.start())[None, :]] = -np.inf
    row, column = np.unravel_index(int(value.argmax()), value.shape)
    start, end = int(starts[row]), int(ends[column])
    if not np.isfinite(value[row, column]):
        return None
    in_place = sigmoid(float(value[row, column]) + model.bias)
    return start, end, min(in_place, model.probability(text[start:end]))


def _begins(text: str, at: int) -> bool:
    return _joins(text[at]) and (at == 0 or not _joins(text[at - 1]) or _unspaced(text[at]))


def _ends(text: str, at: int) -> bool:
    return _joins(text[at - 1]) and (at == len(text) or not _joins(text[at]) or _unspaced(text[at]))


def _joins(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char)[0] == "M"


def _unspaced(char: str) -> bool:
    return (
        "\u0e01" <= char <= "\u0fff"
        or "\u1000" <= char <= "\u109f"
        or ("\u1780" <= char <= "\u17ff" or "\u3005" <= char <= "\u9fff")
    )
