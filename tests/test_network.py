"""The network: gradients are right, pages do not see each other, it learns from neighbours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cleaner.features import Inputs
from cleaner.features.bags import Bag
from cleaner.network import (
    Array,
    Weights,
    forward,
    initial_weights,
    make_batch,
    predict,
    softmax,
)
from cleaner.network.fit import Example, Options, _backward, _drop_runs, _loss_gradient, fit
from cleaner.scaling import Scaling

FEATURES, WORDS, LABELS = 5, 7, 3
SCALING = Scaling(
    np.arange(FEATURES, dtype=np.int32),
    *(np.full(FEATURES, value, np.float32) for value in (1, 0, -6, 6)),
)


def page(rng: np.random.Generator, size: int) -> Inputs:
    counts = rng.integers(0, 4, max(1, size - 2)).astype(np.int64)
    row = rng.permutation(np.arange(size) % len(counts))  # some blocks have the same words
    words = Bag(rng.integers(0, WORDS, int(counts.sum())).astype(np.int32), counts, row)
    dense = rng.normal(size=(size, FEATURES)).astype(np.float32)
    units = rng.integers(1, 90, size).astype(np.float32)
    return Inputs(dense, (words,), units, rng.integers(0, 3, (1, size)))


def example(rng: np.random.Generator, size: int) -> Example:
    return Example(page(rng, size), rng.integers(-1, LABELS, size))


def small_weights(rng: np.random.Generator) -> Weights:
    return initial_weights(rng, FEATURES, [WORDS], 2, LABELS, hidden=6, embedding=3)


def logits_of(weights: Weights, *pages: Inputs) -> Array:
    return predict(weights, make_batch(pages, SCALING))


@pytest.mark.parametrize("overlap", [0.0, 1.0])
def test_gradients_are_those_of_the_loss(overlap: float) -> None:
    """Each gradient against the difference quotient, in double precision."""
    rng = np.random.default_rng(1)
    opinion = softmax(rng.normal(size=(4, LABELS)).astype(np.float32))
    examples = [example(rng, 9), replace(example(rng, 4), weight=0.5, opinion=opinion)]
    weights = {name: value.astype(np.float64) for name, value in small_weights(rng).items()}
    for name, value in weights.items():
        if name.endswith("bias"):  # off the kink of the rectifier
            value += rng.normal(0, 0.1, value.shape)
    batch = make_batch([e.inputs for e in examples], SCALING)

    def loss() -> float:
        logits = forward(weights, batch).logits  # type: ignore[arg-type]
        return _loss_gradient(logits, examples, batch, overlap)[0]

    trace = forward(weights, batch)  # type: ignore[arg-type]
    _, error = _loss_gradient(trace.logits, examples, batch, overlap)
    grads = _backward(weights, batch, trace, error)  # type: ignore[arg-type]
    assert set(grads) == set(weights)
    step = 1e-3
    for name, value in weights.items():
        for at in rng.choice(value.size, min(5, value.size), replace=False):
            place = np.unravel_index(at, value.shape)
            before = value[place]
            value[place] = before + step
            above = loss()
            value[place] = before - step
            below = loss()
            value[place] = before
            expected = (above - below) / (2 * step)
            assert grads[name][place] == pytest.approx(expected, abs=2e-3, rel=0.05), name


def test_pages_do_not_see_each_other() -> None:
    rng = np.random.default_rng(2)
    weights = small_weights(rng)
    first, second, third = page(rng, 30), page(rng, 1), page(rng, 12)
    together = logits_of(weights, first, second, third)
    apart = np.concatenate([logits_of(weights, p) for p in (first, second, third)])
    np.testing.assert_allclose(together, apart, rtol=1e-4, atol=1e-4)


def test_a_block_without_words() -> None:
    rng = np.random.default_rng(3)
    bare = Inputs(
        np.ones((2, FEATURES), np.float32),
        (Bag(np.zeros(0, np.int32), np.zeros(2, np.int64), np.arange(2)),),
        np.ones(2, np.float32),
        np.zeros((1, 2), np.int64),
    )
    logits = logits_of(small_weights(rng), bare)
    assert logits.shape == (2, LABELS)
    assert np.isfinite(logits).all()


def test_softmax() -> None:
    probability = softmax(np.array([[1e4, 0, -1e4], [0, 0, 0]], np.float32))
    assert np.abs(probability - np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])).max() < 1e-6


def lesson(seed: int) -> list[Example]:
    """Label 1 below a mark that stands a few blocks above, label 0 before it: neighbours tell."""
    rng = np.random.default_rng(seed)
    examples = []
    for _ in range(60):
        inputs = page(rng, 20)
        mark = int(rng.integers(3, 17))
        inputs.dense[:, 0] = 0
        inputs.dense[mark, 0] = 4
        labels = (np.arange(20) > mark).astype(np.int64)
        labels[::7] = -1
        examples.append(Example(inputs, labels))
    return examples


def test_it_learns_from_neighbours_and_gives_the_same_weights_again() -> None:
    options = Options(epochs=25, pages_per_step=6, hidden=16, embedding=4)
    losses: list[float] = []
    fitted = [
        fit(
            lesson(0),
            [WORDS],
            SCALING,
            2,
            options=options,
            seed=5,
            report=lambda epoch, loss: losses.append(loss),
            blank={4: 0.5},
        )
        for _ in range(2)
    ]
    assert all((fitted[0][name] == fitted[1][name]).all() for name in fitted[0])
    assert losses[24] < 0.5 * losses[0]
    right = total = 0
    for unseen in lesson(1):
        guess = logits_of(fitted[0], unseen.inputs).argmax(axis=1)
        judged = unseen.labels >= 0
        right += int((guess == unseen.labels)[judged].sum())
        total += int(judged.sum())
    assert right / total > 0.9


def test_unjudged_blocks_do_not_teach() -> None:
    rng = np.random.default_rng(4)
    known = example(rng, 8)
    batch = make_batch([known.inputs], SCALING)
    logits = rng.normal(size=(8, LABELS)).astype(np.float32)
    _, error = _loss_gradient(logits, [known], batch, 1.0)
    assert (error[known.labels < 0] == 0).all()
    assert np.abs(error[known.labels >= 0]).sum() > 0
    nobody = replace(known, labels=np.full(8, -1))
    loss, error = _loss_gradient(logits, [nobody], batch, 1.0)
    assert (loss, np.abs(error).sum()) == (0, 0)


def test_dropped_runs_leave_the_other_blocks_as_they_were() -> None:
    rng = np.random.default_rng(5)
    whole = replace(example(rng, 40), opinion=rng.random((40, LABELS)).astype(np.float32))
    words = whole.inputs.bags[0].by_block()
    for _ in range(20):
        left = _drop_runs(whole, rng, 1.0)
        at = np.flatnonzero(np.isin(whole.inputs.dense[:, 0], left.inputs.dense[:, 0]))
        assert 15 < len(at) == len(left.labels) < 40
        assert np.count_nonzero(np.diff(at) > 1) <= 3
        assert (left.inputs.dense == whole.inputs.dense[at]).all()
        assert (left.inputs.units == whole.inputs.units[at]).all()
        assert (left.inputs.groups == whole.inputs.groups[:, at]).all()
        assert (left.labels == whole.labels[at]).all()
        assert left.opinion is not None
        assert whole.opinion is not None
        assert (left.opinion == whole.opinion[at]).all()
        bag = left.inputs.bags[0].by_block()
        pieces = np.split(words.ids, np.cumsum(words.sizes)[:-1])
        assert (bag.ids == np.concatenate([pieces[i] for i in at])).all()
        assert (bag.sizes == words.sizes[at]).all()


def test_runs_are_not_dropped_of_short_pages_or_without_being_asked() -> None:
    rng = np.random.default_rng(6)
    short, long = example(rng, 11), example(rng, 40)
    assert _drop_runs(short, rng, 1.0) is short
    assert _drop_runs(long, rng, 0.0) is long
