"""Scaling: standard columns, pieces between quantiles, and what a damaged file gives."""

from __future__ import annotations

import numpy as np
import pytest

from cleaner.scaling import Scaling


@pytest.fixture
def matrices() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [
        np.stack([rng.normal(5, 2, n), rng.random(n) < 0.5, np.ones(n)], axis=1).astype(np.float32)
        for n in (40, 60, 50)
    ]


def test_features_get_mean_0_and_deviation_near_1(matrices: list[np.ndarray]) -> None:
    scaling = Scaling.fit(matrices)
    scaled = scaling(np.concatenate(matrices))
    assert scaling.column[:3].tolist() == [0, 1, 2]
    assert np.abs(scaled.mean(axis=0)).max() < 1e-3
    assert np.abs(scaled[:, :2].std(axis=0) - 1).max() < 0.15


def test_pieces_rise_one_after_the_other(matrices: list[np.ndarray]) -> None:
    scaling = Scaling.fit(matrices)
    pieces = np.flatnonzero(scaling.column == 0)[1:]
    assert len(pieces) == 6
    rising = np.zeros((200, 3), np.float32)
    rising[:, 0] = np.linspace(-5, 15, 200)
    scaled = scaling(rising)[:, pieces]
    assert (np.diff(scaled, axis=0) >= 0).all()
    began = [int(np.flatnonzero(np.diff(column) > 0)[0]) for column in scaled.T]
    assert began == sorted(set(began))


def test_two_values_need_no_pieces(matrices: list[np.ndarray]) -> None:
    column = Scaling.fit(matrices).column
    assert (column == 1).sum() == 1
    assert (column == 2).sum() == 1


def test_extremes_are_cut(matrices: list[np.ndarray]) -> None:
    scaled = Scaling.fit(matrices)(np.array([[1e9, 0, 0], [-1e9, 0, 0]], np.float32))
    assert scaled[:, 0].tolist() == [6, -6]


def test_arrays_come_back(matrices: list[np.ndarray]) -> None:
    scaling = Scaling.fit(matrices)
    again = Scaling.from_arrays(scaling.to_arrays(), 3)
    assert (again(matrices[0]) == scaling(matrices[0])).all()


def test_arrays_of_other_features_are_refused(matrices: list[np.ndarray]) -> None:
    arrays = Scaling.fit(matrices).to_arrays()
    with pytest.raises(ValueError, match="other shapes"):
        Scaling.from_arrays(arrays, 2)
    with pytest.raises(ValueError, match="other shapes"):
        Scaling.from_arrays({**arrays, "gain": arrays["gain"][:2]}, 3)
