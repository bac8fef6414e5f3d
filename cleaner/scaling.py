"""Features as the network reads them: standardised, and cut into pieces.

Beside each standardised feature stand piecewise linear ones: between two quantiles
of the feature a piece rises from 0 to 1 (Gorishniy et al. 2022, "On Embeddings for
Numerical Features in Tabular Deep Learning"). Thresholds, which trees find by
themselves, are then one weight away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_PIECES = 6
"""Pieces of a feature; ten do no better."""
_ROWS = 64
"""Blocks of a page from which moments and quantiles are taken, so that pages weigh alike."""
_CLIP = 6.0
"""Standardised features are cut here: a rare extreme must not decide a page."""
_SOFTEN = 0.05
"""Added to a deviation: a feature that hardly varies must not be blown up."""


@dataclass(frozen=True)
class Scaling:
    """`clip(dense[:, column] * gain + offset, low, high)`; all arrays have shape (columns,).

    The first columns are the features themselves, those after them pieces.
    """

    column: NDArray[np.int32]
    """Feature that each column is made of."""
    gain: Array
    offset: Array
    low: Array
    high: Array

    @classmethod
    def fit(cls, matrices: Sequence[Array]) -> Scaling:
        """Moments and quantiles of the features of pages, each of shape (blocks, features)."""
        rows = np.concatenate([_evenly(matrix) for matrix in matrices]).astype(np.float64)
        column = list(range(rows.shape[1]))
        begin, width = [0.0] * len(column), [1.0] * len(column)
        quantiles = np.quantile(rows, np.linspace(0, 1, _PIECES + 1), axis=0)
        for feature in range(rows.shape[1]):
            edges = np.unique(quantiles[:, feature].astype(np.float32))
            if len(edges) > 2:
                column += [feature] * (len(edges) - 1)
                begin += edges[:-1].tolist()
                width += np.diff(edges).tolist()
        values = (rows[:, column] - begin) / width
        features = rows.shape[1]
        np.clip(values[:, features:], 0, 1, out=values[:, features:])
        mean, spread = values.mean(axis=0), values.std(axis=0) + _SOFTEN
        low, high = -mean / spread, (1 - mean) / spread
        low[:features], high[:features] = -_CLIP, _CLIP
        gain = 1 / (np.array(width) * spread)
        offset = -(np.array(begin) / width + mean) / spread
        return cls(
            np.array(column, np.int32), *(a.astype(np.float32) for a in (gain, offset, low, high))
        )

    def __call__(self, dense: Array) -> Array:
        """What the network reads, shape (blocks, columns)."""
        # One column after the other, as `features_of` lays them out: whole rows are copied.
        scaled = dense.T.take(self.column, axis=0)
        scaled *= self.gain[:, None]
        scaled += self.offset[:, None]
        np.maximum(scaled, self.low[:, None], out=scaled)  # both are faster than one np.clip
        np.minimum(scaled, self.high[:, None], out=scaled)
        return scaled.T

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays by name."""
        return asdict(self)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], features: int) -> Scaling:
        """Read arrays of a model file; `ValueError` where they do not fit `features`."""
        found = cls(**{name: arrays[name] for name in cls.__dataclass_fields__})
        column = found.column
        if any(a.shape != column.shape for a in found.to_arrays().values()) or not (
            len(column) >= features and (column >= 0).all() and (column < features).all()
        ):
            raise ValueError("scaling of other shapes")
        return found


def _evenly(matrix: Array) -> Array:
    rows = np.unique(np.linspace(0, len(matrix) - 1, min(len(matrix), _ROWS)).astype(int))
    result: Array = matrix[rows]
    return result
