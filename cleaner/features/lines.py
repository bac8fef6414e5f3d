"""Features of a line's place in a plain-text document, which has no tree to tell it.

What a container is in HTML is here the stretch of the document that holds the most
prose.

One entry a feature, as in `features.text`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from cleaner.cached import cached_property
from cleaner.features.facts import Column
from cleaner.features.shapes import FAR, ShapeFacts, signed_log


class LineFacts(ShapeFacts):
    """Arrays about lines, each with one row a line."""

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
        total = np.zeros((self.n + 1, 3))
        values = (self.prose, self.units, np.log1p(self.units))
        for column, value in enumerate(values):
            np.cumsum(value, out=total[1:, column], dtype=np.float64)
        return total

    def around(self, reach: int) -> Column:
        """Means over the lines up to `reach` lines away, shape (lines, 3).

        Of letters of prose, letters, and log of letters.
        """
        if reach not in self._means:
            low, high = self.window(reach)
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
        last = np.maximum.accumulate(np.where(self.is_prose, index, -FAR))
        following = np.where(self.is_prose, index, self.n + FAR)[::-1]
        after = np.minimum.accumulate(following)[::-1] - index
        return np.minimum(index - last, FAR), np.minimum(after, FAR)

    @cached_property
    def breaks(self) -> Column:
        """Line breaks before the first block, between each block and the next, after the last."""
        at = self.newlines.searchsorted(np.concatenate((self.start, [len(self.codes)])))
        return at - self.newlines.searchsorted(np.concatenate(([0], self.end)))


Feature = Callable[[LineFacts], Column]


def _from_first(name: str) -> Feature:
    """Signed log distance from the first line of a stretch."""
    return lambda f: signed_log(np.arange(f.n) - getattr(f, name)[0])


def _from_last(name: str) -> Feature:
    """Signed log distance from the last line of a stretch."""
    return lambda f: signed_log(np.arange(f.n) - getattr(f, name)[1] + 1)


def _held(name: str) -> Feature:
    """Share of the document's prose that a stretch holds."""
    return lambda f: np.full(
        f.n, f.prose[slice(*getattr(f, name))].sum() / max(float(f.prose.sum()), 1.0), np.float32
    )


def _prose_density(reach: int) -> Feature:
    return lambda f: f.around(reach)[:, 0] / (f.around(reach)[:, 1] + 1)


def _length_around(reach: int) -> Feature:
    return lambda f: f.around(reach)[:, 2]


LINE_FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
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
