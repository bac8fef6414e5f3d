"""The two zones of a plain-text document, found by the forward-backward algorithm."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from cleaner.types import LABELS
from cleaner.zones import _BACK, _EVIDENCE, _INTO, _START, in_comments, zoned


def by_enumeration(likelihood: np.ndarray) -> np.ndarray:
    """The same posterior as a sum over all paths of zones."""
    step = np.array([[1 - _INTO, _INTO], [_BACK, 1 - _BACK]])
    total, inside = 0.0, np.zeros(len(likelihood))
    for path in product((0, 1), repeat=len(likelihood)):
        weight = _START if path[0] else 1.0
        for line, zone in enumerate(path):
            weight *= likelihood[line, zone] ** _EVIDENCE
            weight *= step[path[line - 1], zone] if line else 1
        total += weight
        inside += weight * np.array(path)
    return inside / total


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_sum_over_all_paths(seed: int) -> None:
    likelihood = np.random.default_rng(seed).uniform(0.01, 1, (8, 2)).astype(np.float32)
    assert np.allclose(in_comments(likelihood), by_enumeration(likelihood), atol=1e-5)


def test_a_doubtful_line_goes_with_its_neighbours() -> None:
    article, comment, doubt = [0.95, 0.01, 0.04], [0.02, 0.95, 0.03], [0.5, 0.45, 0.05]
    rows = np.array([article] * 5 + [doubt] + [comment] * 9 + [doubt] + [comment] * 9, np.float32)
    revised = zoned(rows, LABELS)
    assert np.allclose(revised.sum(axis=1), 1)
    assert revised[15, 1] > revised[15, 0] > 0
    assert (revised[:5].argmax(axis=1) == 0).all()


def test_labels_of_other_names_are_left_alone() -> None:
    rows = np.array([[0.6, 0.4], [0.3, 0.7]], np.float32)
    found = zoned(rows, ("article", "advertisement"))
    assert (found.argmax(axis=1) == [0, 1]).all()


def test_it_is_linear_and_stays_finite_in_long_documents() -> None:
    rows = np.tile(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], np.float32), (100_000, 1))
    assert np.isfinite(zoned(rows, LABELS)).all()
    assert np.isfinite(zoned(np.repeat(rows[:1], 100_000, axis=0), LABELS)).all()
    assert np.isfinite(zoned(np.repeat(rows[1:2], 100_000, axis=0), LABELS)).all()
