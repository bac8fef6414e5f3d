from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from cleaner.spam import trees
from cleaner.spam.grams import FloatArray
from cleaner.spam.trees import Trees

WIDTH = 6


@pytest.fixture(scope="module")
def rows() -> tuple[FloatArray, npt.NDArray[np.bool_], FloatArray]:
    rng = np.random.default_rng(0)
    signals = rng.normal(size=(900, WIDTH)).astype(np.float32)
    signals[:, 2] = rng.integers(0, 3, 900)  # many ties, as counts and flags have
    truth = (signals[:, 0] * signals[:, 1] > 0.3) | (signals[:, 2] == 2)
    return signals, truth, np.where(truth, 1, 3).astype(np.float32)


@pytest.fixture(scope="module")
def grown(rows: tuple[FloatArray, npt.NDArray[np.bool_], FloatArray]) -> Trees:
    return Trees.fit(*rows, seed=0)


def test_they_say_what_scikit_learn_says(
    rows: tuple[FloatArray, npt.NDArray[np.bool_], FloatArray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boosters: list[Any] = []

    class Recorded(HistGradientBoostingClassifier):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            boosters.append(self)

    monkeypatch.setattr("sklearn.ensemble.HistGradientBoostingClassifier", Recorded)
    found = Trees.fit(*rows, seed=0)
    (booster,) = boosters
    fresh = np.random.default_rng(1).normal(size=(200, WIDTH)).astype(np.float32)
    for signals in (rows[0], fresh):
        assert found(signals) == pytest.approx(booster.predict_proba(signals)[:, 1], abs=1e-5)


def test_they_learn_and_are_the_same_each_time(
    grown: Trees, rows: tuple[FloatArray, npt.NDArray[np.bool_], FloatArray]
) -> None:
    signals, truth, _ = rows
    assert ((grown(signals) > 0.5) == truth).mean() > 0.97
    again = Trees.fit(*rows, seed=0)
    for name, array in grown.to_arrays().items():
        assert np.array_equal(array, again.to_arrays()[name])


def test_a_leaf_above_the_last_level_fills_what_is_below_it() -> None:
    signals = np.repeat(np.array([[0.0], [1.0]], np.float32), 200, axis=0)
    found = Trees.fit(signals, signals[:, 0] == 1, np.ones(400, np.float32), seed=0)
    low, high = found(np.array([[0.0], [1.0]], np.float32))
    assert low < 0.01
    assert high > 0.99


def test_without_trees_nothing_is_known() -> None:
    assert Trees.none()(np.zeros((3, WIDTH), np.float32)).tolist() == [0.5] * 3


def test_round_trip_and_bad_arrays(grown: Trees) -> None:
    arrays = grown.to_arrays()
    signals = np.random.default_rng(2).normal(size=(50, WIDTH)).astype(np.float32)
    assert np.array_equal(Trees.from_arrays(arrays, WIDTH)(signals), grown(signals))
    with pytest.raises(ValueError, match="train it again"):
        Trees.from_arrays(arrays, WIDTH - 1)
    with pytest.raises(ValueError, match="train it again"):
        Trees.from_arrays({**arrays, "trees_value": arrays["trees_value"][:, :-1]}, WIDTH)
    assert arrays["trees_signal"].shape[1] == 2**trees._DEPTH - 1
