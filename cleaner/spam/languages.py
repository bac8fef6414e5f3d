"""Which of many languages a text is in, down to a few words: naive Bayes over trigrams.

One table holds, for each group of close languages and each hashed character trigram, how
much more frequent the trigram is there than elsewhere (log-odds against the mean of the
groups; Cavnar & Trenkle 1994 and Dunning 1994 identify languages by such n-grams). It
tells where in a page another language begins, which langdetect cannot on three words and
not within a page's budget of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cleaner.spam.grams import FloatArray, HashArray, fold, hashes

ORDER: Final = 3
_BITS: Final = 14
_UNIT: Final = 0.05
_MAX_GROUPS: Final = 96
_MAX_MEMBERS: Final = 4
"""Groups grow no larger: close languages chain, and all would end in one."""
_SAMPLE: Final = 600
"""Trigrams that decide a page's language."""


@dataclass(frozen=True, slots=True, eq=False)
class Languages:
    """`weights` has shape (2**14, groups), type int8, in units of .05 nats."""

    weights: npt.NDArray[np.int8]
    columns: npt.NDArray[np.int8] = field(init=False, repr=False)
    """The same, a row for each group: a page reads one of them again and again."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", np.ascontiguousarray(self.weights.T))

    @classmethod
    def fit(cls, texts: Iterable[tuple[str, str]]) -> Languages:
        """Count the trigrams of (language, text) pairs; close languages share a group."""
        counts: dict[str, npt.NDArray[np.float32]] = {}
        for language, text in texts:
            index = buckets(hashes(fold(text), (ORDER,)))
            table = counts.setdefault(language, np.zeros(1 << _BITS, np.float32))
            table += np.bincount(index, minlength=1 << _BITS).astype(np.float32)
        table = _grouped(np.array([counts[name] for name in sorted(counts)]))
        share = (table + 0.5) / (table.sum(1, keepdims=True) + 0.5 * (1 << _BITS))
        odds = np.log(share) - np.log(share).mean(0)
        units = np.clip(np.round(odds.T / _UNIT), -127, 127)
        return cls(np.ascontiguousarray(units, np.int8))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Languages:
        """The inverse of `to_arrays`. Raises ValueError for arrays of another shape."""
        weights = arrays["languages"]
        if weights.ndim != 2 or weights.shape[0] != 1 << _BITS or not weights.shape[1]:
            raise ValueError("spam model has a language table of another shape; train it again")
        return cls(np.ascontiguousarray(weights, np.int8))

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The table as a plain array."""
        return {"languages": self.weights}

    def of_page(self, index: HashArray) -> int:
        """The group that fits a page's trigrams best."""
        step = max(1, len(index) // _SAMPLE)
        return int(self.weights.take(index[::step], axis=0).sum(0, dtype=np.int32).argmax())

    def fits(self, index: HashArray) -> FloatArray:
        """Fit of each group to these trigrams together, in nats, shape (groups,)."""
        return self.weights.take(index, axis=0).sum(0, dtype=np.int32) * np.float32(_UNIT)

    def sums(self, index: HashArray, group: int, length: int) -> FloatArray:
        """Running sum, shape (length + 1,), of one group's fit to each character of a text."""
        sums = np.zeros(length + 1, dtype=np.float32)
        sums[1 : len(index) + 1] = np.cumsum(self.columns[group].take(index), dtype=np.int32)
        sums[len(index) + 1 :] = sums[len(index)]
        sums *= np.float32(_UNIT)
        return sums


def buckets(grams: Mapping[int, HashArray]) -> HashArray:
    """Rows of the table for a text's trigrams."""
    found = grams.get(ORDER)
    return np.zeros(0, np.uint32) if found is None else found >> np.uint32(32 - _BITS)


def _grouped(counts: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Join the closest rows, by cosine of root frequencies, until few enough are left."""
    counts = counts.copy()
    members = np.ones(len(counts), np.int64)
    roots = np.sqrt(counts / counts.sum(1, keepdims=True))
    near = roots @ roots.T
    np.fill_diagonal(near, -1)
    while (members > 0).sum() > _MAX_GROUPS and near.max() > 0:
        one, other = sorted(divmod(int(near.argmax()), len(counts)))
        if members[one] + members[other] > _MAX_MEMBERS:
            near[one, other] = near[other, one] = 0
            continue
        counts[one] += counts[other]
        members[one] += members[other]
        members[other] = 0
        roots[one] = np.sqrt(counts[one] / counts[one].sum())
        near[one] = near[:, one] = np.where(members > 0, roots @ roots[one], -1)
        near[one, one] = near[other] = near[:, other] = -1
    return counts[members > 0]
