"""Shapes of texts: what a template is, where no markup tells.

Names, dates and buttons of comments look alike all down a page. Nothing depends on a language:
texts are compared by classes of characters, not by words.
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
"""Characters at the start of a block that make its shape."""
FAR = 40
"""Distances in blocks are cut here: beyond it no reader would see a connection."""
_REACH = 8
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
"""Letters at which a block is long enough for another shape."""


class ShapeFacts(Facts):
    """Arrays about the shapes of blocks, each with one row a block."""

    @cached_property
    def shape(self) -> Ints:
        """Number of each block's shape: runs of classes it begins with, such as `0. Aa:`."""
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
        """How many blocks have the block's shape."""
        return np.bincount(self.shape)[self.shape]

    @cached_property
    def to_same_shape(self) -> tuple[Column, Column]:
        """Blocks to the previous and to the next one of the same shape; `FAR` without one."""
        order = np.argsort(self.shape, kind="stable")
        step = np.where(np.diff(self.shape[order]) == 0, np.diff(order), FAR)
        before, after = np.full(self.n, FAR), np.full(self.n, FAR)
        before[order[1:]] = after[order[:-1]] = np.minimum(step, FAR)
        return before, after

    @cached_property
    def is_prose(self) -> NDArray[np.bool_]:
        """Whether the block is long enough to be prose."""
        result: NDArray[np.bool_] = self.prose > 0
        return result

    @cached_property
    def leads_prose(self) -> Column:
        """Share of the blocks of this shape that are followed by prose and are none."""
        followed = np.r_[self.is_prose[1:], False] & ~self.is_prose
        return (np.bincount(self.shape, followed) / np.bincount(self.shape))[self.shape]

    @cached_property
    def is_header(self) -> NDArray[np.bool_]:
        """Whether the block looks like the header of a repeated item, such as a comment."""
        result: NDArray[np.bool_] = (self.same_shape >= 3) & (self.leads_prose > 0.5)
        return result

    @cached_property
    def headers_around(self) -> Column:
        """Share of headers among the blocks up to `_REACH` away."""
        total = np.concatenate(([0], np.cumsum(self.is_header)))
        low, high = self.window(_REACH)
        return (total[high] - total[low]) / (high - low)

    def window(self, reach: int) -> tuple[Ints, Ints]:
        """First block up to `reach` away from each, and one past the last."""
        index = np.arange(self.n)
        return np.maximum(index - reach, 0), np.minimum(index + reach + 1, self.n)


def signed_log(distance: Column) -> Column:
    """Log of a distance in blocks, with its sign."""
    return np.sign(distance) * np.log1p(np.minimum(np.abs(distance), 100))


def _from_first_header(f: ShapeFacts) -> Column | float:
    """Signed log distance from the first of the headers of repeated items; -5 without them."""
    if not f.is_header.any():
        return -5
    return signed_log(np.arange(f.n) - int(f.is_header.argmax()))


SHAPE_FEATURES: Mapping[str, Callable[[ShapeFacts], Column | float]] = MappingProxyType(
    {
        "same_shape": lambda f: np.log(f.same_shape),
        "shape_before": lambda f: np.log1p(f.to_same_shape[0]),
        "shape_after": lambda f: np.log1p(f.to_same_shape[1]),
        "shape_leads_prose": lambda f: f.leads_prose,
        "headers": lambda f: f.is_header.mean(),
        "headers_around": lambda f: f.headers_around,
        "from_first_header": _from_first_header,
    }
)
