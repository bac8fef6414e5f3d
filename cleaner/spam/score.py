"""How promotional text sounds: a linear model over hashed character n-grams.

N-grams of 2 to 5 folded characters are looked up in one table of weights, and the score
of a phrase is `sum of weights / sqrt(number of n-grams) + bias`. There are no words in
the table: it is learned from the phrase grammar (`grammar`) against ordinary text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cleaner.spam.grams import FloatArray, HashArray, fit_table, fold, hashes

_BITS: Final = 18
_STRENGTH: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Promotion:
    """Weights of hashed n-grams. `weights` has shape (2**18,), type int8, unit `unit`."""

    weights: npt.NDArray[np.int8]
    unit: float
    bias: float

    @classmethod
    def fit(cls, promotional: Sequence[str], ordinary: Sequence[str]) -> Promotion:
        """Learn from phrases and sentences of both kinds. Needs scikit-learn."""
        rows = [
            np.concatenate(list(hashes(fold(f" {phrase} ")).values()))
            for phrase in (*promotional, *ordinary)
        ]
        target = [1] * len(promotional) + [0] * len(ordinary)
        return cls(*fit_table(rows, target, _BITS, strength=_STRENGTH, scaled=True))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Promotion:
        """The inverse of `to_arrays`. Raises ValueError for arrays of another shape."""
        weights = arrays["weights"]
        if weights.shape != (1 << _BITS,) or weights.dtype != np.int8:
            raise ValueError("spam model has weights of another shape; train it again")
        return cls(weights, float(arrays["scale"]), float(arrays["bias"]))

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The model as plain arrays."""
        return {
            "weights": self.weights,
            "scale": np.array(self.unit, dtype=np.float32),
            "bias": np.array(self.bias, dtype=np.float32),
        }

    def sums(self, grams: Mapping[int, HashArray], length: int) -> FloatArray:
        """Running sum, shape (length + 1,), of the weights centred on each character.

        `grams` are those of the text with a space before and after it.
        """
        total = np.zeros(length + 2, dtype=np.int16)
        for order, hashed in grams.items():
            at = order // 2
            total[at : at + len(hashed)] += self.weights.take(hashed >> np.uint32(32 - _BITS))
        sums = np.zeros(length + 1, dtype=np.float32)
        sums[1:] = np.cumsum(total[1:-1], dtype=np.int32)  # of floats it takes thrice the time
        sums *= np.float32(self.unit)
        return sums

    def logits(self, phrases: Sequence[str]) -> list[float]:
        """Log-odds that each phrase, standing alone, is promotional."""
        # All phrases and orders at once: the number of numpy's calls is what takes the time.
        grams = hashes(fold("".join([f" {phrase} " for phrase in phrases])))
        if not grams:
            return []
        sizes = np.array([len(phrase) + 2 for phrase in phrases], np.int64)
        orders = np.array(list(grams))[:, None]
        begins = np.cumsum([0, *map(len, grams.values())])
        sums = np.zeros(begins[-1] + 1, np.int32)
        hashed = np.concatenate(list(grams.values()))
        np.cumsum(self.weights.take(hashed >> np.uint32(32 - _BITS)), out=sums[1:])
        own = np.maximum(sizes - orders + 1, 0)  # n-grams that end inside the phrase
        first = begins[:-1, None] + (np.cumsum(sizes) - sizes)
        total = (sums.take(first + own, mode="clip") - sums.take(first, mode="clip")).sum(0)
        number = np.maximum(own.sum(0), 1)
        odds: list[float] = (total * self.unit / np.sqrt(number) + self.bias).tolist()
        return odds

    def logit(self, phrase: str) -> float:
        """Log-odds that `phrase`, standing alone, is promotional."""
        return self.logits([phrase])[0]


def logit(probability: float) -> float:
    """Log-odds of a probability other than 0 and 1."""
    return math.log(probability / (1 - probability))


def sigmoid(value: float) -> float:
    """Logistic function, safe for large arguments."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))
