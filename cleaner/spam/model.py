"""The spam model: the scores behind the signals, and what weighs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cleaner.spam.candidates import Candidate, candidates
from cleaner.spam.grams import FloatArray
from cleaner.spam.joins import Joins
from cleaner.spam.languages import Languages
from cleaner.spam.score import Promotion
from cleaner.spam.signals import QUICK_COLUMNS, SIGNALS, Reader
from cleaner.spam.trees import Trees
from cleaner.spam.view import View

_LIMIT: Final = 5.0
"""Standardised signals beyond it say no more."""


def standardised(signals: FloatArray, mean: FloatArray, deviation: FloatArray) -> FloatArray:
    """Signals less their mean, in standard deviations, within limits."""
    return np.clip((signals - mean) / deviation, -_LIMIT, _LIMIT)


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """A network of one hidden layer over the standardised quick signals.

    It gives up most candidates before their other signals are read.
    """

    mean: FloatArray
    deviation: FloatArray
    hidden: FloatArray
    bias: FloatArray
    out: FloatArray
    last: FloatArray
    least: float
    """Log-odds below which a candidate is given up."""

    def odds(self, quick: FloatArray) -> FloatArray:
        """Log-odds that each candidate is spam, shape (candidates,)."""
        x = standardised(quick, self.mean, self.deviation)
        odds: FloatArray = np.maximum(x @ self.hidden + self.bias, 0) @ self.out + self.last
        return odds

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The network as plain arrays."""
        return {
            f"screen_{part.name}": np.asarray(getattr(self, part.name), np.float32)
            for part in fields(self)
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Screen:
        """The inverse of `to_arrays`. Raises ValueError for arrays of another shape."""
        names = [part.name for part in fields(cls)]
        parts = {name: arrays[f"screen_{name}"].astype(np.float32) for name in names}
        width, size = len(QUICK_COLUMNS), parts["bias"].size
        shapes = (width,), (width,), (width, size), (size,), (size,), (), ()
        if tuple(part.shape for part in parts.values()) != shapes:
            raise ValueError("spam model has a screen of another shape; train it again")
        least = float(parts.pop("least"))
        return cls(**parts, least=least)


@dataclass(frozen=True, slots=True, eq=False)
class SpamModel:
    """Everything that is learned about injected spam."""

    promotion: Promotion
    languages: Languages
    joins: Joins
    screen: Screen | None
    """None lets every candidate pass."""
    trees: Trees
    mark: float
    """Least probability of a span that is reported in plain text."""
    mark_html: float
    """The same for HTML."""
    remove: tuple[float, float, float]
    """Least probability of a span that leaves the text, for each degree of `support`."""

    def view(self, text: str) -> View:
        """Read an article's text."""
        return View.of(text, self.promotion, self.languages)

    def candidates(self, view: View) -> list[Candidate]:
        """All candidates of a view."""
        return candidates(view, self.promotion)

    def signals(
        self, view: View, found: Sequence[Candidate] | None = None
    ) -> tuple[list[Candidate], FloatArray]:
        """Candidates of a view that pass the screen, and their signals.

        The latter have the shape (candidates, len(SIGNALS)). `found` are the candidates, by
        position, if they are known.
        """
        if found is None:
            found = self.candidates(view)
        reader = Reader(view, self.promotion, self.languages, self.joins, found)
        rows = reader.quick()
        wanted = list(range(len(found)))
        if self.screen is not None and found:
            odds = self.screen.odds(rows[:, QUICK_COLUMNS])
            wanted = np.flatnonzero(odds >= self.screen.least).tolist()
        reader.complete(rows, wanted)
        return [found[at] for at in wanted], rows[wanted]

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The model as plain arrays, for `numpy.savez_compressed`."""
        return {
            **self.promotion.to_arrays(),
            **self.languages.to_arrays(),
            **self.joins.to_arrays(),
            **(self.screen.to_arrays() if self.screen else {}),
            **self.trees.to_arrays(),
            "thresholds": np.array([self.mark, self.mark_html, *self.remove], np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> SpamModel:
        """Build a model from the arrays that `to_arrays` gives (as a model directory keeps them).

        Raises ValueError if an array is missing or has the wrong shape.
        """
        try:
            if arrays["thresholds"].shape != (5,):
                raise ValueError("spam model has other thresholds; train it again")
            mark, mark_html, one, two, three = map(float, arrays["thresholds"])
            return cls(
                Promotion.from_arrays(arrays),
                Languages.from_arrays(arrays),
                Joins.from_arrays(arrays),
                Screen.from_arrays(arrays) if "screen_least" in arrays else None,
                Trees.from_arrays(arrays, len(SIGNALS)),
                mark,
                mark_html,
                (one, two, three),
            )
        except KeyError as error:
            raise ValueError(f"spam model lacks the array {error}; train it again") from None
