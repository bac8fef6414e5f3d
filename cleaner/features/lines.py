"""Features of a line's place in a plain-text document, which has no tree to tell it.

What a container is in HTML is here the stretch of the document that holds the most
prose; what a template is there, lines of the same shape are here. Nothing depends on
a language: lines are compared by classes of characters, not by words.

One entry a feature, as in `features.text`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cleaner.cached import cached_property
from cleaner.features.characters import CLASSES, INDEX
from cleaner.features.facts import Column, Facts, Ints

_HEAD = 24
"""Characters at the start of a line that make its shape."""
_FAR = 40
"""Distances in lines are cut here: beyond it no reader would see a connection."""
_POWERS = np.uint64(0x9E3779B97F4A7C15) ** np.arange(_HEAD + 1, dtype=np.uint64)
"""Weights of the symbols of a shape in its hash; they wrap, as a hash may."""


def _symbols() -> NDArray[np.uint64]:
    """What stands for each class in a shape: letters without case, words and spaces are one."""
    symbols = np.arange(2, len(CLASSES) + 2, dtype=np.uint64)
    for name in ("caseless", "thai", "ideograph", "kana", "hangul", "space", "newline", "comma"):
        symbols[INDEX[name]] = symbols[INDEX["lower"]]
    return symbols


_SYMBOLS = _symbols()
_LENGTH_STEPS = np.array([6, 12, 24, 48, 96, 192], np.float32)
"""Letters at which a line is long enough for another shape."""


class LineFacts(Facts):
    """Arrays about lines, each with one row a line."""

    @cached_property
    def shape(self) -> Ints:
        """Number of each line's shape: runs of classes it begins with, such as `0. Aa:`."""
        at = self.start[:, None] + np.arange(_HEAD)
        inside = at < self.end[:, None]
        symbols = _SYMBOLS[self.classes[np.where(inside, at, 0)]]
        symbols = np.where(inside, symbols, np.uint64(1))
        new = np.ones(symbols.shape, bool)
        new[:, 1:] = symbols[:, 1:] != symbols[:, :-1]
        power = _POWERS[np.cumsum(new, axis=1)]
        length = np.searchsorted(_LENGTH_STEPS, self.units).astype(np.uint64)
        hashes = (symbols * power * new).sum(axis=1, dtype=np.uint64) + length
        return np.unique(hashes, return_inverse=True)[1].astype(np.int64)

    @cached_property
    def same_shape(self) -> Column:
        """How many lines have the line's shape."""
        return np.bincount(self.shape)[self.shape]

    @cached_property
    def to_same_shape(self) -> tuple[Column, Column]:
        """Lines to the previous and to the next line of the same shape; `_FAR` without one."""
        order = np.argsort(self.shape, kind="stable")
        step = np.where(np.diff(self.shape[order]) == 0, np.diff(order), _FAR)
        before, after = np.full(self.n, _FAR), np.full(self.n, _FAR)
        before[order[1:]] = after[order[:-1]] = np.minimum(step, _FAR)
        return before, after

    @cached_property
    def is_prose(self) -> NDArray[np.bool_]:
        """Whether the line is long enough to be prose."""
        result: NDArray[np.bool_] = self.prose > 0
        return result

    @cached_property
    def leads_prose(self) -> Column:
        """Share of the lines of this shape that are followed by prose and are none."""
        followed = np.r_[self.is_prose[1:], False] & ~self.is_prose
        return (np.bincount(self.shape, followed) / np.bincount(self.shape))[self.shape]

    @cached_property
    def is_header(self) -> NDArray[np.bool_]:
        """Whether the line looks like the header of a repeated item, such as a comment."""
        result: NDArray[np.bool_] = (self.same_shape >= 3) & (self.leads_prose > 0.5)
        return result

    def stretch(self, cost: float) -> tuple[int, int]:
        """First and one past the last line of the stretch with the most prose.

        Each line in it that is not prose costs as much as `cost` letters of prose bring
        in (the maximum subarray, Bentley 1984).
        """
        gain = np.where(self.is_prose, np.minimum(self.prose, 1000), -cost).astype(np.float64)
        total = np.concatenate(([0.0], np.cumsum(gain)))
        lowest = np.minimum.accumulate(total)
        last = int((total - lowest).argmax())
        first = int(total[: last + 1].argmin())
        return (first, last) if last > first else (0, self.n)

    @cached_property
    def narrow(self) -> tuple[int, int]:
        """The stretch that few short lines interrupt."""
        return self.stretch(150.0)

    @cached_property
    def wide(self) -> tuple[int, int]:
        """The stretch that may hold many short lines."""
        return self.stretch(30.0)

    @cached_property
    def _totals(self) -> Column:
        """Sums over all lines before each line, of what `around` takes means of."""
        total = np.zeros((self.n + 1, 4))
        values = (self.prose, self.units, np.log1p(self.units), self.is_header)
        for column, value in enumerate(values):
            np.cumsum(value, out=total[1:, column], dtype=np.float64)
        return total

    def around(self, reach: int) -> Column:
        """Means over the lines up to `reach` lines away, shape (lines, 4).

        Of letters of prose, letters, log of letters, and whether the line is a header.
        """
        if reach not in self._means:
            index = np.arange(self.n)
            low, high = np.maximum(index - reach, 0), np.minimum(index + reach + 1, self.n)
            mean = (self._totals[high] - self._totals[low]) / (high - low)[:, None]
            self._means[reach] = mean
        return self._means[reach]

    @cached_property
    def _means(self) -> dict[int, Column]:
        return {}

    @cached_property
    def to_prose(self) -> tuple[Column, Column]:
        """Lines to the nearest prose before and after; 0 on prose."""
        index = np.arange(self.n)
        last = np.maximum.accumulate(np.where(self.is_prose, index, -_FAR))
        following = np.where(self.is_prose, index, self.n + _FAR)[::-1]
        after = np.minimum.accumulate(following)[::-1] - index
        return np.minimum(index - last, _FAR), np.minimum(after, _FAR)

    @cached_property
    def breaks(self) -> Column:
        """Line breaks before the first block, between each block and the next, after the last."""
        at = self.newlines.searchsorted(np.concatenate((self.start, [len(self.codes)])))
        return at - self.newlines.searchsorted(np.concatenate(([0], self.end)))


Feature = Callable[[LineFacts], Column]


def _signed_log(distance: Column) -> Column:
    return np.sign(distance) * np.log1p(np.minimum(np.abs(distance), 100))


def _from_first(name: str) -> Feature:
    """Signed log distance from the first line of a stretch."""
    return lambda f: _signed_log(np.arange(f.n) - getattr(f, name)[0])


def _from_last(name: str) -> Feature:
    """Signed log distance from the last line of a stretch."""
    return lambda f: _signed_log(np.arange(f.n) - getattr(f, name)[1] + 1)


def _held(name: str) -> Feature:
    """Share of the document's prose that a stretch holds."""
    return lambda f: np.full(
        f.n, f.prose[slice(*getattr(f, name))].sum() / max(float(f.prose.sum()), 1.0), np.float32
    )


def _prose_density(reach: int) -> Feature:
    return lambda f: f.around(reach)[:, 0] / (f.around(reach)[:, 1] + 1)


def _length_around(reach: int) -> Feature:
    return lambda f: f.around(reach)[:, 2]


def _from_first_header(f: LineFacts) -> Column:
    """Signed log distance from the first of the headers of repeated items; -5 without them."""
    if not f.is_header.any():
        return np.full(f.n, -5, np.float32)
    return _signed_log(np.arange(f.n) - int(f.is_header.argmax()))


LINE_FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        "same_shape": lambda f: np.log(f.same_shape),
        "shape_before": lambda f: np.log1p(f.to_same_shape[0]),
        "shape_after": lambda f: np.log1p(f.to_same_shape[1]),
        "shape_leads_prose": lambda f: f.leads_prose,
        "headers": lambda f: np.full(f.n, f.is_header.mean(), np.float32),
        "headers_around": lambda f: f.around(8)[:, 3],
        "from_first_header": _from_first_header,
        **{f"{name}_first": _from_first(name) for name in ("narrow", "wide")},
        **{f"{name}_last": _from_last(name) for name in ("narrow", "wide")},
        **{f"{name}_held": _held(name) for name in ("narrow", "wide")},
        **{f"prose_density_{reach}": _prose_density(reach) for reach in (8, 20)},
        **{f"length_around_{reach}": _length_around(reach) for reach in (8, 20)},
        # A line that holds more than a paragraph is several blocks (see `segment.text`).
        "continues": lambda f: np.concatenate(([0], f.breaks[1:-1] == 0)),
        "continued": lambda f: np.concatenate((f.breaks[1:-1] == 0, [0])),
        "prose_before": lambda f: np.log1p(f.to_prose[0]),
        "prose_after": lambda f: np.log1p(f.to_prose[1]),
    }
)
