"""Whether two words may stand side by side: does the sentence read on without a span?

A linear model over hashed pairs of word ends and word beginnings, learned by telling
neighbours in real text from words of the same text put together at random (noise-contrastive
estimation, Gutmann & Hyvärinen 2010). It knows no grammar, only which ends and beginnings
meet in the languages it has read, and gives 0 where it has seen nothing.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cleaner.spam.grams import HashArray, fit_table

_BITS: Final = 16
_STRENGTH: Final = 0.3
WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_PAIRS_PER_TEXT: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Joins:
    """`weights` has shape (2**16,), type int8, unit `unit`."""

    weights: npt.NDArray[np.int8]
    unit: float
    bias: float

    @classmethod
    def fit(cls, texts: Iterable[str], random: Random) -> Joins:
        """Learn from running texts in any languages. Needs scikit-learn."""
        rows: list[HashArray] = []
        target: list[int] = []
        for text in texts:
            words = WORD.findall(text)
            for _ in range(_PAIRS_PER_TEXT if len(words) > 20 else 0):
                at = random.randrange(len(words) - 1)
                rows.append(_pairs(words[at], words[at + 1]))
                rows.append(_pairs(words[at], words[random.randrange(len(words))]))
                target += (1, 0)
        return cls(*fit_table(rows, target, _BITS, strength=_STRENGTH, scaled=False))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Joins:
        """The inverse of `to_arrays`. Raises ValueError for arrays of another shape."""
        weights = arrays["joins"]
        if weights.shape != (1 << _BITS,) or weights.dtype != np.int8:
            raise ValueError("spam model has joins of another shape; train it again")
        return cls(weights, *map(float, arrays["joins_scale"]))

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The model as plain arrays."""
        return {
            "joins": self.weights,
            "joins_scale": np.array([self.unit, self.bias], dtype=np.float32),
        }

    def logit(self, left: str, right: str) -> float:
        """Log-odds that two words are neighbours; 0 if either is missing."""
        if not left or not right:
            return 0.0
        index = _pairs(left, right) >> np.uint32(32 - _BITS)
        return float(self.weights.take(index).sum(dtype=np.int32)) * self.unit + self.bias


def _pairs(left: str, right: str) -> HashArray:
    left, right = left[-24:].casefold(), right[:24].casefold()
    parts = (
        f"{left} {right}", f"{left}+{right[:3]}", f"{left[-3:]}+{right}",
        f"{left[-3:]}-{right[:3]}", f"{left[-2:]}-{right[:2]}",
        f"{min(len(left), 9)}|{right[:2]}", f"{left[-2:]}|{min(len(right), 9)}",
    )  # fmt: skip
    # crc32 mixes its low bits well and its high bits too little for short strings.
    hashed = np.array([zlib.crc32(part.encode("utf-8", "ignore")) for part in parts], np.uint32)
    return hashed * np.uint32(0x9E3779B1)
