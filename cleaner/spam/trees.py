"""What weighs the signals of a candidate: gradient-boosted trees, as plain arrays.

scikit-learn grows them (Friedman 2001; Ke et al. 2017). Every tree is kept as a complete
binary one, so that numpy walks all trees for all candidates of a page in a few steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cleaner.spam.grams import FloatArray

_DEPTH: Final = 5
_INNER: Final = 2**_DEPTH - 1
_TREES: Final = 800
_LEARNING_RATE: Final = 0.05
_MAX_FEATURES: Final = 0.3
"""Share of the signals that a node may choose from."""


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Complete binary trees of depth 5; the children of node n are 2n + 1 and 2n + 2."""

    signal: npt.NDArray[np.int16]
    """The signal that each inner node looks at, shape (trees, 31)."""
    limit: FloatArray
    """A candidate goes left if its signal is at most that, shape (trees, 31)."""
    value: FloatArray
    """Log-odds that each leaf adds, shape (trees, 32)."""
    bias: float

    @classmethod
    def fit(
        cls, signals: FloatArray, truth: npt.NDArray[np.bool_], weight: FloatArray, seed: int
    ) -> Trees:
        """Grow trees that tell true from other rows of signals. Needs scikit-learn."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        booster: Any = HistGradientBoostingClassifier(
            max_iter=_TREES, learning_rate=_LEARNING_RATE, max_depth=_DEPTH, max_leaf_nodes=None,
            min_samples_leaf=30, l2_regularization=5.0, max_features=_MAX_FEATURES,
            early_stopping=False, random_state=seed,
        )  # fmt: skip
        booster.fit(signals, truth, sample_weight=weight)
        # No public attribute shows the trees; a test compares what they say.
        grown = [stage[0].nodes for stage in booster._predictors]
        signal = np.zeros((len(grown), _INNER), np.int16)
        limit = np.full((len(grown), _INNER), np.inf, np.float32)
        value = np.zeros((len(grown), _INNER + 1), np.float32)
        for number, nodes in enumerate(grown):
            _copy(nodes, 0, 0, signal[number], limit[number], value[number])
        return cls(signal, limit, value, float(booster._baseline_prediction.item()))

    @classmethod
    def none(cls) -> Trees:
        """No trees: every candidate is as likely spam as not."""
        return cls(
            np.zeros((0, _INNER), np.int16),
            np.zeros((0, _INNER), np.float32),
            np.zeros((0, _INNER + 1), np.float32),
            0.0,
        )

    def __call__(self, signals: FloatArray) -> FloatArray:
        """Probability that each row of signals is spam, shape (rows,)."""
        trees = np.arange(len(self.signal))
        first = trees * _INNER
        flat, row = signals.ravel(), np.arange(len(signals))[:, None] * signals.shape[1]
        at = np.repeat(first[None], len(signals), axis=0)  # number of the node among all trees'
        for _ in range(_DEPTH):
            right = flat.take(row + self.signal.take(at)) > self.limit.take(at)
            at *= 2
            at += right
            at -= first - 1
        # A tree has one leaf more than inner nodes.
        odds = self.value.take(at - _INNER + trees).sum(1) + np.float32(self.bias)
        probability: FloatArray = 1 / (1 + np.exp(-odds.clip(-30, 30)))
        return probability

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The trees as plain arrays."""
        return {
            "trees_signal": self.signal,
            "trees_limit": self.limit,
            "trees_value": self.value,
            "trees_bias": np.array(self.bias, np.float32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], width: int) -> Trees:
        """The inverse of `to_arrays`, for so many signals. Raises ValueError for other shapes."""
        signal = arrays["trees_signal"].astype(np.int16)
        limit, value = (arrays[f"trees_{name}"].astype(np.float32) for name in ("limit", "value"))
        count = len(signal)
        shapes = signal.shape, limit.shape, value.shape
        if shapes != ((count, _INNER), (count, _INNER), (count, _INNER + 1)):
            raise ValueError("spam model has trees of another shape; train it again")
        if count and not 0 <= signal.min() <= signal.max() < width:
            raise ValueError("spam model was made for other signals; train it again")
        return cls(signal, limit, value, float(arrays["trees_bias"]))


def _copy(
    nodes: npt.NDArray[Any], source: int, target: int,
    signal: npt.NDArray[np.int16], limit: FloatArray, value: FloatArray,
) -> None:  # fmt: skip
    """Copy a grown tree from one node on; a leaf above the last level fills all below it."""
    node = nodes[source]
    if target >= _INNER:
        value[target - _INNER] = node["value"]
        return
    left = right = source
    if not node["is_leaf"]:
        signal[target], limit[target] = node["feature_idx"], node["num_threshold"]
        left, right = int(node["left"]), int(node["right"])
    _copy(nodes, left, 2 * target + 1, signal, limit, value)
    _copy(nodes, right, 2 * target + 2, signal, limit, value)
