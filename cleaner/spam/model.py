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
from cleaner.spam.signals import QUICK_COLUMNS, SIGNALS, Reader
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

    def to_arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """The network as plain arrays, each called `name` and something."""
        arrays: dict[str, npt.NDArray[Any]] = {
            f"{name}_scaling": np.stack([self.mean, self.deviation]).astype(np.float32)
        }
        for number, layers in enumerate(self.members):
            for part, layer in zip(_LAYERS, layers, strict=True):
                arrays[f"{name}_{number}_{part}"] = layer.astype(np.float32)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], name: str, width: int) -> Weigher:
        """The inverse of `to_arrays`, for so many signals. Raises ValueError for other shapes."""
        scaling = arrays[f"{name}_scaling"]
        if scaling.shape != (2, width):
            raise ValueError("spam model was made for other signals; train it again")
        members: list[tuple[FloatArray, FloatArray, FloatArray, FloatArray]] = []
        while f"{name}_{len(members)}_hidden" in arrays:
            hidden, bias, out, last = (
                arrays[f"{name}_{len(members)}_{part}"].astype(np.float32) for part in _LAYERS
            )
            size = hidden.shape[-1]
            if (hidden.shape, bias.shape, out.shape, last.shape) != (
                (width, size), (size,), (size, 1), (1,),
            ):  # fmt: skip
                raise ValueError("spam model has a network of another shape; train it again")
            members.append((hidden, bias, out, last))
        if not members:
            raise ValueError("spam model lacks a network; train it again")
        return cls(scaling[0], scaling[1], tuple(members))


_LAYERS: Final = ("hidden", "bias", "out", "last")


@dataclass(frozen=True, slots=True, eq=False)
class SpamModel:
    """Everything that is learned about injected spam."""

    promotion: Promotion
    languages: Languages
    joins: Joins
    screen: Weigher
    """Reads the quick signals alone."""
    weigher: Weigher
    least: float
    """What the screen must say of a candidate for all its signals to be read."""
    mark: float
    """Least probability of a reported span."""
    remove: float
    """Least probability of a span that leaves the text."""

    def view(self, text: str) -> View:
        """Read an article's text."""
        return View.of(text, self.promotion, self.languages)

    def signals(self, view: View) -> tuple[list[Candidate], FloatArray]:
        """Candidates of a view that pass the screen, and their signals.

        The latter have the shape (candidates, len(SIGNALS)).
        """
        found = candidates(view, self.promotion)
        reader = Reader(view, self.promotion, self.languages, self.joins, found)
        rows = reader.quick()
        if self.screen.members and found:
            passed = self.screen(rows[:, QUICK_COLUMNS]) >= self.least
        else:
            passed = np.ones(len(found), bool)
        wanted = np.flatnonzero(passed).tolist()
        reader.complete(rows, wanted)
        return [found[at] for at in wanted], rows[wanted]

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The model as plain arrays, for `numpy.savez_compressed`."""
        return {
            **self.promotion.to_arrays(),
            **self.languages.to_arrays(),
            **self.joins.to_arrays(),
            **self.screen.to_arrays("screen"),
            **self.weigher.to_arrays("weigher"),
            "thresholds": np.array([self.least, self.mark, self.remove], np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> SpamModel:
        """Build a model from the arrays that `to_arrays` gives (as a model directory keeps them).

        Raises ValueError if an array is missing or has the wrong shape.
        """
        try:
            least, mark, remove = map(float, arrays["thresholds"])
            return cls(
                Promotion.from_arrays(arrays),
                Languages.from_arrays(arrays),
                Joins.from_arrays(arrays),
                Weigher.from_arrays(arrays, "screen", len(QUICK_COLUMNS)),
                Weigher.from_arrays(arrays, "weigher", len(SIGNALS)),
                least,
                mark,
                remove,
            )
        except KeyError as error:
            raise ValueError(f"spam model lacks the array {error}; train it again") from None
