"""Training of the network: the backward pass, the loss, and the optimiser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cleaner.features import Inputs
from cleaner.features.bags import Bag
from cleaner.network import (
    DILATIONS,
    Array,
    Batch,
    Grouping,
    Trace,
    Weights,
    forward,
    initial_weights,
    make_batch,
    root_of_sizes,
    softmax,
)
from cleaner.scaling import Scaling

_RUNS_FROM = 12
"""Blocks of the shortest page that runs of blocks are left out of."""


@dataclass(frozen=True, slots=True)
class Example:
    """One page for training: what the network reads, and what it should say.

    `labels` (blocks,) numbers the label of each block, -1 where nobody judged it.
    `opinion` (blocks, labels), if any, is what others think: probabilities that count as
    much as the label, and alone where nobody judged; a row of zeros is none.
    """

    inputs: Inputs
    labels: NDArray[np.int64]
    weight: float = 1.0
    opinion: Array | None = None

    def only(self, kept: NDArray[np.bool_]) -> Example:
        """Some of the page's blocks; `kept` (blocks,) says which."""
        opinion = None if self.opinion is None else self.opinion[kept]
        return Example(self.inputs.only(kept), self.labels[kept], self.weight, opinion)

    def target(self, labels: int) -> Array:
        """The probabilities to learn, shape (blocks, labels); 0 where nothing is known."""
        target = np.zeros((len(self.labels), labels), np.float32)
        judged = np.flatnonzero(self.labels >= 0)
        target[judged, self.labels[judged]] = 1
        if self.opinion is not None:
            target += self.opinion
            target[judged] /= 2
        return target


@dataclass(frozen=True, slots=True)
class Options:
    """How to train; the defaults were chosen on folds by site of HTML pages.

    Fourteen epochs instead of eight lose one point of F1 on sites never seen.
    """

    epochs: int = 8
    pages_per_step: int = 12
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    dropout: float = 0.3
    drop_words: float = 0.5
    """Share of pages, a step, on which a bag of words is emptied."""
    drop_word: float = 0.2
    drop_feature: float = 0.1
    """Share of pages, a step, on which a feature is set to its mean."""
    drop_runs: float | None = None
    """Share of pages, a step, that lack some runs of their blocks; None for what suits the kind
    of page, which `fit_head` knows, and `fit` takes for none."""
    overlap: float = 0.5
    """Weight of the page-wise F1 loss beside cross-entropy."""
    hidden: int = 64
    embedding: int = 16


def fit(
    examples: Sequence[Example],
    vocabularies: Sequence[int],
    scaling: Scaling,
    labels: int,
    *,
    options: Options | None = None,
    seed: int = 0,
    report: Callable[[int, float], None] = lambda epoch, loss: None,
    blank: Mapping[int, float] | None = None,
) -> Weights:
    """Train a network with AdamW (Loshchilov & Hutter 2019) and a cosine schedule.

    Args:
        examples: labelled pages.
        vocabularies: size of each bag's vocabulary.
        scaling: of the features.
        labels: number of labels.
        blank: for some features, the share of pages on which they are set to
            their mean, so that the network can do without them.
        report: called with the epoch's number and mean loss.
    """
    options = options or Options()
    rng = np.random.default_rng(seed)
    weights = initial_weights(
        rng,
        len(scaling.column),
        vocabularies,
        1 + len(examples[0].inputs.groups),
        labels,
        hidden=options.hidden,
        embedding=options.embedding,
    )
    steps = options.epochs * -(-len(examples) // options.pages_per_step)
    optimizer = _AdamW(weights, options, steps)
    keep = 1 - options.dropout

    def dropout(shape: tuple[int, ...]) -> Array:
        return ((rng.random(shape, np.float32) < keep) / np.float32(keep)).astype(np.float32)

    for epoch in range(options.epochs):
        losses = []
        for drawn in _steps(examples, rng, options.pages_per_step):
            chosen = [_drop_runs(example, rng, options.drop_runs or 0.0) for example in drawn]
            batch = make_batch([example.inputs for example in chosen], scaling)
            batch = _drop_words(batch, rng, options)
            _blank(batch, rng, scaling, options.drop_feature, blank or {})
            trace = forward(weights, batch, dropout)
            loss, error = _loss_gradient(trace.logits, chosen, batch, options.overlap)
            optimizer.step(_backward(weights, batch, trace, error))
            losses.append(loss)
        report(epoch, float(np.mean(losses)))
    return weights


class _AdamW:
    """Changes weights, in place, by their gradients; the rate warms up, then falls with a cosine.

    Large gradients are clipped; biases do not decay.
    """

    def __init__(self, weights: Weights, options: Options, steps: int) -> None:
        self._weights, self._options = weights, options
        self._steps, self._step = steps, 0
        self._first = {name: np.zeros_like(value) for name, value in weights.items()}
        self._second = {name: np.zeros_like(value) for name, value in weights.items()}

    def step(self, grads: Weights) -> None:
        """Do one of the `steps`."""
        self._step += 1
        rate = np.float32(self._rate())
        norm = float(np.sqrt(sum(float((grad**2).sum()) for grad in grads.values())))
        clip = np.float32(min(1.0, 2.0 / (norm + 1e-9)))
        for name, grad in grads.items():
            grad = grad * clip
            weight, first, second = self._weights[name], self._first[name], self._second[name]
            first += np.float32(0.1) * (grad - first)
            second += np.float32(0.01) * (grad**2 - second)
            # Both means began at zero, and are short of the true ones by as much as that counts.
            ahead = first / np.float32(1 - 0.9**self._step)
            spread = np.sqrt(second / np.float32(1 - 0.99**self._step)) + np.float32(1e-8)
            decay = np.float32(0.0 if name.endswith("bias") else self._options.weight_decay)
            weight -= rate * (ahead / spread + decay * weight)

    def _rate(self) -> float:
        warm = min(1.0, self._step / (0.05 * self._steps + 1))
        cosine = np.cos(np.pi * self._step / (self._steps + 1))
        return float(self._options.learning_rate * warm * 0.5 * (1 + cosine))


def _loss_gradient(
    logits: Array, examples: Sequence[Example], batch: Batch, overlap: float
) -> tuple[float, Array]:
    """Loss of a batch and its gradient by the logits.

    Cross-entropy weighs a block by the log of its length. To it comes, for each
    page, one minus the soft F1 of the first label (the article), in letters: it is
    what users measure, and it moves the decision of a page as a whole.
    """
    units = np.concatenate([example.inputs.units for example in examples])
    page_weight = np.array([example.weight for example in examples], np.float32)
    target = np.concatenate([example.target(logits.shape[1]) for example in examples])
    judged = target.any(axis=1)
    probability = softmax(logits)
    weight = judged * (np.log1p(units) + 0.3) * page_weight[batch.page_of]
    weight = (weight / max(float(weight.sum()), 1e-6)).astype(np.float32)
    loss = -float((weight[:, None] * target * np.log(probability + 1e-9)).sum())
    gradient = weight[:, None] * (probability - target)

    size = (units * judged).astype(np.float32)
    first, truth = probability[:, 0], target[:, 0]

    def total(values: Array) -> Array:
        return np.bincount(batch.page_of, weights=values, minlength=batch.pages) + 1e-6

    hit, said, true = total(size * first * truth), total(size * first), total(size * truth)
    has_article = (true > 1) * page_weight / batch.pages
    f1 = 2 * hit / (said + true)
    loss += overlap * float(((1 - f1) * has_article).sum())
    by_first = -(
        (2 * size * truth * (said + true)[batch.page_of] - 2 * size * hit[batch.page_of])
        / ((said + true) ** 2)[batch.page_of]
    )
    by_first = overlap * by_first * has_article[batch.page_of]
    # d p0 / d logits = p0 (δ - p)
    chain = -first[:, None] * probability
    chain[:, 0] += first
    gradient = gradient + by_first[:, None].astype(np.float32) * chain
    return loss, gradient.astype(np.float32)


def _drop_words(batch: Batch, rng: np.random.Generator, options: Options) -> Batch:
    """Leave out some words, and on some pages all of a bag."""
    bags = []
    for words in (shared.by_block() for shared in batch.bags):
        of = words.of
        page = batch.page_of[of]
        gone = rng.random(batch.pages) < options.drop_words
        keep = ~gone[page] & (rng.random(len(words.ids)) >= options.drop_word)
        left = np.bincount(of[keep], minlength=len(words.sizes))
        bags.append(Bag(words.ids[keep], left, words.row))
    return replace(batch, bags=tuple(bags))


def _drop_runs(example: Example, rng: np.random.Generator, share: float) -> Example:
    """Of that share of pages, leave out up to three runs of blocks, each up to a fifth of it."""
    blocks = len(example.labels)
    if blocks < _RUNS_FROM or rng.random() >= share:
        return example
    kept = np.ones(blocks, bool)
    for _ in range(rng.integers(1, 4)):
        length = int(rng.integers(1, max(2, blocks // 5)))
        first = int(rng.integers(0, blocks - length + 1))
        kept[first : first + length] = False
    return example.only(kept)


def _blank(
    batch: Batch, rng: np.random.Generator, scaling: Scaling, share: float,
    features: Mapping[int, float],
) -> None:  # fmt: skip
    """Set features to their mean on whole pages: `share` of them all, more of `features`."""
    shares = np.full(scaling.column.max() + 1, share)
    for feature, own in features.items():
        shares[feature] = max(own, share)
    kept = rng.random((batch.pages, len(shares))) >= shares
    batch.dense[:] *= kept[:, scaling.column][batch.page_of]


def _steps(
    examples: Sequence[Example], rng: np.random.Generator, size: int
) -> Iterator[list[Example]]:
    """The examples in random order, `size` at a time."""
    order = rng.permutation(len(examples))
    for begin in range(0, len(order), size):
        yield [examples[i] for i in order[begin : begin + size]]


def _backward(weights: Weights, batch: Batch, trace: Trace, error: Array) -> Weights:
    """Gradients of all weights, given the gradient of the loss by the logits."""
    grads: Weights = {"out": trace.read.T @ error, "out_bias": error.sum(axis=0)}
    read = (error @ weights["out"].T) * (trace.read > 0)
    if trace.read_drop is not None:
        read = read * trace.read_drop
    last = trace.states[-1][batch.rows]
    grads["groups_last"], spread = _groups_backward(weights["groups_last"], batch, last, read)
    read = read + spread
    state = np.zeros_like(trace.states[-1])
    state[batch.rows] = read
    for number in reversed(range(len(DILATIONS))):
        dilation, below = DILATIONS[number], trace.states[number]
        inner = state * (trace.gates[number] > 0)
        scattered = _scatter(inner, dilation)
        grads[f"conv_{number}"] = below.T @ scattered
        grads[f"conv_{number}_bias"] = inner.sum(axis=0)
        state = (state + scattered @ weights[f"conv_{number}"].T) * batch.is_block
    block = state[batch.rows]
    grads["groups_first"], spread = _groups_backward(
        weights["groups_first"], batch, trace.block, block
    )
    block = block + spread
    if trace.drop is not None:
        block = block * trace.drop
    block = block * (trace.block > 0)
    grads["in"] = np.concatenate([batch.dense.T @ block, trace.words.T @ block])
    grads["in_bias"] = block.sum(axis=0)
    features = batch.dense.shape[1]
    inputs = block @ weights["in"][features:].T
    width = weights["words_0"].shape[1]
    for number in range(len(batch.bags)):
        part = inputs[:, number * width : (number + 1) * width]
        grads[f"words_{number}"] = _embed_backward(weights, batch, number, part)
    return grads


def _scatter(heard: Array, dilation: int) -> Array:
    """The adjoint of `network._convolve`: gradients by what rows say, from what they hear."""
    width = heard.shape[1]
    parts = np.zeros((len(heard), 3 * width), np.float32)
    parts[:, width : 2 * width] = heard
    parts[:-dilation, :width] = heard[dilation:]
    parts[dilation:, 2 * width :] = heard[:-dilation]
    return parts


def _embed_backward(weights: Weights, batch: Batch, number: int, error: Array) -> Array:
    """Gradient by the table of `network._embed`, given that by what it returns."""
    words = batch.bags[number]
    table = np.zeros_like(weights[f"words_{number}"])
    if len(words.ids):
        by_row = Grouping.by(words.row).sums(error) / root_of_sizes(words)
        alike = Grouping.by(words.ids)
        table[words.ids[alike.order[alike.starts]]] = alike.sums(by_row[words.of])
    return table


def _groups_backward(
    weights: Array, batch: Batch, values: Array, error: Array
) -> tuple[Array, Array]:
    """Gradients by `weights` and by `values` of `network._from_groups`."""
    gradient, spread = np.empty_like(weights), np.zeros_like(values)
    for number, grouping in enumerate(batch.groupings):
        mean = grouping.means(error)
        gradient[number] = grouping.means(values).T @ (mean * grouping.sizes)
        spread += (mean @ weights[number].T).take(grouping.of, axis=0)
    return gradient, spread
