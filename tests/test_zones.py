"""The two zones of a plain-text document, found by the forward-backward algorithm."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from cleaner.types import LABELS
from cleaner.zones import _BACK, _EVIDENCE, _START, _entering, in_comments, zoned


def by_enumeration(likelihood: np.ndarray, entering: np.ndarray) -> np.ndarray:
    """The same posterior as a sum over all paths of zones."""
    steps = [np.array([[1 - into, into], [_BACK, 1 - _BACK]]) for into in entering]
    total, inside = 0.0, np.zeros(len(likelihood))
    for path in product((0, 1), repeat=len(likelihood)):
        weight = _START if path[0] else 1.0
        for line, zone in enumerate(path):
            weight *= likelihood[line, zone] ** _EVIDENCE
            weight *= steps[line][path[line - 1], zone] if line else 1
        total += weight
        inside += weight * np.array(path)
    return inside / total


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_sum_over_all_paths(seed: int) -> None:
    rng = np.random.default_rng(seed)
    likelihood = rng.uniform(0.01, 1, (8, 2)).astype(np.float32)
    entering = rng.uniform(0.001, 0.1, 8).astype(np.float32)
    found = in_comments(likelihood, entering)
    assert np.allclose(found, by_enumeration(likelihood, entering), atol=1e-5)


def test_a_doubtful_line_goes_with_its_neighbours() -> None:
    article, comment, doubt = [0.95, 0.01, 0.04], [0.02, 0.95, 0.03], [0.5, 0.45, 0.05]
    rows = np.array([article] * 5 + [doubt] + [comment] * 9 + [doubt] + [comment] * 9, np.float32)
    revised = zoned(rows, LABELS)
    assert np.allclose(revised.sum(axis=1), 1)
    assert revised[15, 1] > revised[15, 0] > 0
    assert (revised[:5].argmax(axis=1) == 0).all()


def test_comments_hardly_begin_before_a_heading_of_theirs() -> None:
    article, doubt, comment = [0.95, 0.05, 0.0], [0.42, 0.58, 0.0], [0.04, 0.96, 0.0]
    heading = [0.0, 0.0, 1.0]
    with_heading = np.array([article] * 3 + [doubt, heading] + [comment] * 9, np.float32)
    chance = _entering(with_heading, LABELS)
    assert (chance[1:4] < chance[4] / 5).all()
    assert np.allclose(chance[4:], chance[4])
    found = zoned(with_heading, LABELS).argmax(axis=1)
    assert found.tolist() == [0] * 4 + [2] + [1] * 9
    without = zoned(np.delete(with_heading, 4, axis=0), LABELS).argmax(axis=1)
    assert without.tolist() == [0] * 3 + [1] * 10


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_short_documents(lines: int) -> None:
    assert zoned(np.full((lines, 3), 1 / 3, np.float32), LABELS).shape == (lines, 3)


def test_labels_of_other_names_are_left_alone() -> None:
    rows = np.array([[0.6, 0.4], [0.3, 0.7]], np.float32)
    found = zoned(rows, ("article", "advertisement"))
    assert (found.argmax(axis=1) == [0, 1]).all()


def test_it_is_linear_and_stays_finite_in_long_documents() -> None:
    rows = np.tile(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], np.float32), (100_000, 1))
    assert np.isfinite(zoned(rows, LABELS)).all()
    assert np.isfinite(zoned(np.repeat(rows[:1], 100_000, axis=0), LABELS)).all()
    assert np.isfinite(zoned(np.repeat(rows[1:2], 100_000, axis=0), LABELS)).all()
