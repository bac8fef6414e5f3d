"""Features of a block's text and its place in the page; they serve HTML and plain text.

One entry a feature: its name and a small function from the page's facts to an
array of shape (blocks,).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cleaner.features.characters import CLASSES, INDEX
from cleaner.features.facts import Column, Facts

Feature = Callable[[Facts], Column]


def _members(names: Sequence[str]) -> NDArray[np.bool_]:
    return np.isin(np.arange(len(CLASSES)), [INDEX[name] for name in names])


def _last_is(*names: str) -> Feature:
    wanted = _members(names)
    return lambda f: wanted[f.last_class]


def _first_is(*names: str) -> Feature:
    wanted = _members(names)
    return lambda f: wanted[f.first_class]


def _upper_share(f: Facts) -> Column:
    """Capitals among cased letters; .06, the usual value in prose, where a script has no case."""
    cased = f.count("lower", "upper")
    return np.where(cased >= 2, f.count("upper") / np.maximum(cased, 1), np.float32(0.06))


def _capitalised(f: Facts) -> Column:
    """Capitals for each space-separated word: near 1 in Title Case, near .15 in prose."""
    return np.minimum(f.count("upper") / (f.count("space", "newline") + 1), 2)


def _word_length(f: Facts) -> Column:
    return np.minimum(f.units / (f.count("space", "newline") + 1), 20)


def _position(f: Facts) -> Column:
    return (np.arange(f.n) + 0.5) / f.n


def _position_in_units(f: Facts) -> Column:
    total = np.cumsum(f.units)
    return (total - f.units / 2) / max(total[-1], 1)


def _position_in_prose(f: Facts) -> Column:
    total = np.cumsum(f.prose)
    return (total - f.prose / 2) / max(total[-1], 1)


def _constant(value: float, f: Facts) -> Column:
    return np.full(f.n, value, np.float32)


def _gap_before(f: Facts) -> Column:
    """Blank lines before the block, 0 to 4."""
    before = np.concatenate(([0], f.end[:-1]))
    return np.minimum(f.newlines.searchsorted(f.start) - f.newlines.searchsorted(before), 4)


def _indent(f: Facts) -> Column:
    """White space between the line's begin and the block, as log(1 + columns)."""
    begins = np.concatenate(([0], f.newlines + 1))
    return np.log1p(f.start - begins[f.newlines.searchsorted(f.start)])


def _share_of_longer(f: Facts) -> Column:
    """Rank of the block's length among the page's blocks, 0 shortest to 1 longest."""
    return np.argsort(np.argsort(f.units, kind="stable"), kind="stable") / f.n


def _run_of_prose(f: Facts) -> Column:
    """Prose blocks among the eleven around the block."""
    return (
        np.convolve((f.prose > 0).astype(np.float32), np.ones(11, np.float32), "same")[: f.n]
        if (f.n >= 11)
        else _constant(float((f.prose > 0).sum()), f)
    )


TEXT_FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        "units": lambda f: np.log1p(f.units),
        "length_rank": _share_of_longer,
        "word_length": _word_length,
        "lines": lambda f: np.log1p(f.count("newline")),
        "stops": lambda f: np.log1p(f.count("stop")),
        "stops_per_unit": lambda f: np.minimum(f.count("stop") / (f.units + 5), 0.2),
        "commas_per_unit": lambda f: np.minimum(f.count("comma") / (f.units + 5), 0.2),
        "upper": _upper_share,
        "capitalised": _capitalised,
        "caseless": lambda f: f.share("caseless"),
        "ideographs": lambda f: f.share("ideograph"),
        "kana": lambda f: f.share("kana"),
        "hangul": lambda f: f.share("hangul"),
        "thai": lambda f: f.share("thai"),
        "digits": lambda f: f.share("digit"),
        "quotes": lambda f: f.share("quote"),
        "brackets": lambda f: f.share("bracket"),
        "separators": lambda f: f.share("separator"),
        "punctuation": lambda f: f.share("punctuation"),
        "symbols": lambda f: f.share("other"),
        "emoji": lambda f: np.minimum(f.count("emoji"), 3),
        "ends_stop": _last_is("stop"),
        "ends_colon": _last_is("colon"),
        "ends_digit": _last_is("digit"),
        "ends_letter": _last_is(
            "lower", "upper", "caseless", "ideograph", "kana", "hangul", "thai"
        ),
        "starts_upper": _first_is("upper"),
        "starts_lower": _first_is("lower"),
        "starts_digit": _first_is("digit"),
        "starts_quote": _first_is("quote"),
        "starts_symbol": _first_is("separator", "other", "emoji", "bracket", "punctuation"),
        "copies": lambda f: np.log(f.copies),
        "topic": lambda f: f.topic,
        "position": _position,
        "position_units": _position_in_units,
        "position_prose": _position_in_prose,
        "blocks": lambda f: _constant(np.log1p(f.n), f),
        "page_units": lambda f: _constant(np.log1p(f.units.sum()), f),
        "page_prose": lambda f: _constant(f.prose.sum() / max(f.units.sum(), 1), f),
        "prose": lambda f: np.log1p(f.prose),
        "prose_around": _run_of_prose,
        "gap_before": _gap_before,
        "indent": _indent,
        "from_start": lambda f: np.minimum(np.arange(f.n), 20) / 20,
        "from_end": lambda f: np.minimum(np.arange(f.n)[::-1], 20) / 20,
    }
)
