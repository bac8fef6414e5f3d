"""Features of a block's text and its place in the page; they serve HTML and plain text.

One entry a feature: its name and a small function from the page's facts to an
array of shape (blocks,). An entry may name several, one after the other: then its
function gives an array of shape (names, blocks), in one call of numpy for all. A
number that holds for the whole page is given as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cleaner.features.characters import CLASSES, INDEX
from cleaner.features.facts import Column, Facts

Feature = Callable[[Facts], Column | float]


_SHARES = [INDEX[name] for name in (
    "caseless", "ideograph", "kana", "hangul", "thai", "digit", "quote", "bracket", "separator",
    "punctuation", "other",
)]  # fmt: skip
_LETTERS = ("lower", "upper", "caseless", "ideograph", "kana", "hangul", "thai")
_SYMBOLS = ("separator", "other", "emoji", "bracket", "punctuation")


def _members(*groups: Sequence[str]) -> NDArray[np.bool_]:
    """Which classes are in each group, shape (groups, classes)."""
    return np.array([[name in group for name in CLASSES] for group in groups])


_LAST = _members(["stop"], ["colon"], ["digit"], _LETTERS)
_FIRST = _members(["upper"], ["lower"], ["digit"], ["quote"], _SYMBOLS)


def _upper_share(f: Facts) -> Column:
    """Capitals among cased letters; .06, the usual value in prose, where a script has no case."""
    cased = f.count("lower", "upper")
    return np.where(cased >= 2, f.count("upper") / np.maximum(cased, 1), np.float32(0.06))


def _capitalised(f: Facts) -> Column:
    """Capitals for each space-separated word: near 1 in Title Case, near .15 in prose."""
    return np.minimum(f.count("upper") / f.words, 2)


def _word_length(f: Facts) -> Column:
    return np.minimum(f.units / f.words, 20)


def _position(f: Facts) -> Column:
    return (np.arange(f.n) + 0.5) / f.n


def _position_in_units(f: Facts) -> Column:
    total = np.cumsum(f.units)
    return (total - f.units / 2) / max(total[-1], 1)


def _position_in_prose(f: Facts) -> Column:
    total = np.cumsum(f.prose)
    return (total - f.prose / 2) / max(total[-1], 1)


def _gap_before(f: Facts) -> Column:
    """Line ends between the block and the one before it, 0 to 4."""
    before = np.concatenate(([0], f.end[:-1]))
    return np.minimum(f.newlines.searchsorted(f.start) - f.newlines.searchsorted(before), 4)


def _indent(f: Facts) -> Column:
    """White space between the block and what is before it on its line, as log(1 + columns)."""
    lines = np.concatenate(([0], f.newlines + 1))[f.newlines.searchsorted(f.start)]
    begins = np.maximum(lines, np.concatenate(([0], f.end[:-1])))
    # Invisible characters, such as a byte order mark, may stand there as well.
    spaces = np.concatenate(([0], np.cumsum(f.classes == INDEX["space"])))
    return np.log1p(spaces[f.start] - spaces[begins])


def _length_rank(f: Facts) -> Column:
    """Rank of the block's length among the page's, from 0; of equals, the first is less."""
    return np.argsort(np.argsort(f.units, kind="stable"), kind="stable") / f.n


def _run_of_prose(f: Facts) -> Column | float:
    """Prose blocks among the eleven around the block."""
    if f.n < 11:
        return float((f.prose > 0).sum())
    return np.convolve((f.prose > 0).astype(np.float32), np.ones(11, np.float32), "same")


TEXT_FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        "units": lambda f: np.log1p(f.units),
        "length_rank": _length_rank,
        "word_length": _word_length,
        "lines": lambda f: np.log1p(f.count("newline")),
        "stops": lambda f: np.log1p(f.count("stop")),
        "stops_per_unit": lambda f: np.minimum(f.count("stop") / (f.units + 5), 0.2),
        "commas_per_unit": lambda f: np.minimum(f.count("comma") / (f.units + 5), 0.2),
        "upper": _upper_share,
        "capitalised": _capitalised,
        "caseless ideographs kana hangul thai digits quotes brackets separators punctuation"
        " symbols": lambda f: f.counts.take(_SHARES, axis=0) / f.length,
        "emoji": lambda f: np.minimum(f.count("emoji"), 3),
        "ends_stop ends_colon ends_digit ends_letter": lambda f: _LAST.take(f.last_class, axis=1),
        "starts_upper starts_lower starts_digit starts_quote starts_symbol": lambda f: _FIRST.take(
            f.first_class, axis=1
        ),
        "copies": lambda f: np.log(f.copies),
        "topic": lambda f: f.topic,
        "position": _position,
        "position_units": _position_in_units,
        "position_prose": _position_in_prose,
        "blocks": lambda f: np.log1p(f.n),
        "page_units": lambda f: np.log1p(f.units.sum()),
        "page_prose": lambda f: f.prose.sum() / max(f.units.sum(), 1),
        "prose": lambda f: np.log1p(f.prose),
        "prose_around": _run_of_prose,
        "gap_before": _gap_before,
        "indent": _indent,
        "from_start": lambda f: np.minimum(np.arange(f.n), 20) / 20,
        "from_end": lambda f: np.minimum(np.arange(f.n)[::-1], 20) / 20,
    }
)
