"""The spam model: the scores behind the signals, and the network that weighs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cleaner.spam.candidates import Candidate, candidates
from cleaner.spam.grams import FloatArray
from cleaner.spam.joins import Joins
from cleaner.spam.languages import Languages
from cleaner.spam.score import Promotion
from cleaner.spam.signals import SIGNALS, Reader
from cleaner.spam.view import View

_LIMIT: Final = 5.0
"""Standardised signals beyond it say no more."""


@dataclass(frozen=True, slots=True, eq=False)
class Weigher:
    """A network of one hidden layer over standardised signals; members are averaged."""

    mean: FloatArray
    deviation: FloatArray
    members: tuple[tuple[FloatArray, FloatArray, FloatArray, FloatArray], ...]
    """Weights and biases of the hidden and the output layer of each member."""

    def __call__(self, signals: FloatArray) -> FloatArray:
        """Probability that each candidate is spam, shape (candidates,)."""
        x = np.clip((signals - self.mean) / self.deviation, -_LIMIT, _LIMIT)
        logits = [
            np.maximum(x @ hidden + bias, 0) @ out + last
            for hidden, bias, out, last in self.members
        ]
        mean = np.mean(logits, axis=0).reshape(-1)
        return (1 / (1 + np.exp(-np.clip(mean, -30, 30)))).astype(np.float32)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The network as plain arrays."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "weigher_scaling": np.stack([self.mean, self.deviation]).astype(np.float32)
        }
        for number, layers in enumerate(self.members):
            for name, layer in zip(("hidden", "bias", "out", "last"), layers, strict=True):
                arrays[f"weigher_{number}_{name}"] = layer.astype(np.float32)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Weigher:
        """The inverse of `to_arrays`. Raises ValueError for arrays of another shape."""
        scaling = arrays["weigher_scaling"]
        if scaling.shape != (2, len(SIGNALS)):
            raise ValueError("spam model was made for other signals; train it again")
        members: list[tuple[FloatArray, FloatArray, FloatArray, FloatArray]] = []
        while f"weigher_{len(members)}_hidden" in arrays:
            prefix = f"weigher_{len(members)}_"
            hidden, bias, out, last = (
                arrays[prefix + name].astype(np.float32)
                for name in ("hidden", "bias", "out", "last")
            )
            size = hidden.shape[-1]
            if (hidden.shape, bias.shape, out.shape, last.shape) != (
                (len(SIGNALS), size), (size,), (size, 1), (1,),
            ):  # fmt: skip
                raise ValueError("spam model has a network of another shape; train it again")
            members.append((hidden, bias, out, last))
        if not members:
            raise ValueError("spam model lacks its network; train it again")
        return cls(scaling[0], scaling[1], tuple(members))


@dataclass(frozen=True, slots=True, eq=False)
class SpamModel:
    """Everything that is learned about injected spam."""

    promotion: Promotion
    languages: Languages
    joins: Joins
    weigher: Weigher
    mark: float
    """Least probability of a reported span."""
    remove: float
    """Least probability of a span that leaves the text."""

    def view(self, text: str) -> View:
        """Read an article's text."""
        return View.of(text, self.promotion, self.languages)

    def signals(self, view: View) -> tuple[list[Candidate], FloatArray]:
        """Candidates of a view and their signals, shape (candidates, len(SIGNALS))."""
        found = candidates(view, self.promotion)
        reader = Reader(view, self.promotion, self.languages, self.joins, found)
        return found, reader.matrix()

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The model as plain arrays, for `numpy.savez_compressed`."""
        return {
            **self.promotion.to_arrays(),
            **self.languages.to_arrays(),
            **self.joins.to_arrays(),
            **self.weigher.to_arrays(),
            "thresholds": np.array([self.mark, self.remove], np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> SpamModel:
        """Build a model from the arrays that `to_arrays` gives (as a model directory keeps them).

        Raises ValueError if an array is missing or has the wrong shape.
        """
        try:
            mark, remove = map(float, arrays["thresholds"])
            return cls(
                Promotion.from_arrays(arrays),
                Languages.from_arrays(arrays),
                Joins.from_arrays(arrays),
                Weigher.from_arrays(arrays),
                mark,
                remove,
            )
        except KeyError as error:
            raise ValueError(f"spam model lacks the array {error}; train it again") from None
