"""A small convolutional network over the blocks of a page, in plain numpy.

Each block is read alone first: its features and the mean embedding of its words
go through one dense layer. It is then revised by its neighbours: residual
convolutions with growing dilation (Yu & Koltun 2016, "Multi-Scale Context
Aggregation by Dilated Convolutions") see some thirty blocks to either side.
Before and after them, means over groups of blocks tell each block what company it is
in. The page is one group: a row of cards is the content of a listing, and none of an
article's. Others come from the markup: blocks that look alike are alike, however far
apart they stand. The weights are plain arrays, which load without running anything and
which every numpy reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cleaner.features import Inputs
from cleaner.features.bags import Bag
from cleaner.scaling import Scaling

Array = NDArray[np.float32]
Weights = dict[str, Array]

DILATIONS = (1, 2, 4, 8, 16)
_PAD = 16
"""Empty rows between pages, so that no convolution reaches into the next page."""
_RUNS_FROM = 12
"""Blocks of the shortest page that runs of blocks are left out of."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Blocks parted into groups; `of` (blocks,) numbers the group of each block.

    `order` (blocks,) brings the blocks of a group together, which begin at `starts`
    (groups,); `sizes` (groups, 1) counts them.
    """

    of: NDArray[np.int64]
    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    sizes: Array

    @classmethod
    def by(cls, keys: NDArray[np.int32] | NDArray[np.int64]) -> Grouping:
        """Blocks of the same key, shape (blocks,), are a group."""
        order = keys.argsort(kind="stable")
        ordered = keys.take(order)
        new = np.ones(len(keys), bool)
        np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
        of = np.empty(len(keys), np.int64)
        of[order] = new.cumsum() - 1
        starts = np.flatnonzero(new)
        sizes = np.diff(starts, append=len(keys)).astype(np.float32)
        return cls(of, order, starts, sizes[:, None])

    def sums(self, values: Array) -> Array:
        """Sum of block rows over each group, shape (groups, width)."""
        sums: Array = np.add.reduceat(values.take(self.order, axis=0), self.starts, axis=0)
        return sums

    def means(self, values: Array) -> Array:
        """Mean of block rows over each group, shape (groups, width)."""
        return self.sums(values) / self.sizes


@dataclass(frozen=True, slots=True)
class Batch:
    """Pages laid one after the other; the convolutions see empty rows between them.

    `dense` (blocks, columns) is scaled; `rows` (blocks,) are the positions of the
    blocks, `is_block` (rows, 1) is 1 there and 0 elsewhere; `page_of` (blocks,)
    numbers the page of each block; `groupings` are the pages and those of `Inputs`.
    """

    dense: Array
    rows: NDArray[np.int64]
    is_block: Array
    page_of: NDArray[np.int64]
    groupings: tuple[Grouping, ...]
    bags: tuple[Bag, ...]
    pages: int


def make_batch(pages: Sequence[Inputs], scaling: Scaling) -> Batch:
    """Lay pages out for the network."""
    sizes = [len(page.units) for page in pages]
    total = sum(sizes) + _PAD * (len(pages) - 1)
    page_of = np.repeat(np.arange(len(pages)), sizes)
    rows = np.arange(len(page_of)) + _PAD * page_of
    is_block = np.zeros((total, 1), np.float32)
    is_block[rows] = 1
    dense = scaling(np.concatenate([page.dense for page in pages]))
    bags = tuple(map(Bag.joined, zip(*(page.bags for page in pages), strict=True)))
    groupings = [Grouping.by(page_of)]
    for numbers in zip(*(page.groups for page in pages), strict=True):
        numbered = np.concatenate(numbers)
        groupings.append(Grouping.by(numbered + page_of * (numbered.max() + 1)))
    return Batch(dense, rows, is_block, page_of, tuple(groupings), bags, len(pages))


def initial_weights(
    rng: np.random.Generator, features: int, vocabularies: Sequence[int], groupings: int,
    labels: int, *, hidden: int = 96, embedding: int = 16,
) -> Weights:  # fmt: skip
    """Random weights of a new network."""

    def normal(*shape: int, fan_in: int) -> Array:
        return rng.normal(0, (2 / fan_in) ** 0.5, shape).astype(np.float32)

    inputs = features + embedding * len(vocabularies)
    weights: Weights = {
        "in": normal(inputs, hidden, fan_in=inputs),
        "in_bias": np.zeros(hidden, np.float32),
        "groups_first": normal(groupings, hidden, hidden, fan_in=4 * hidden),
        "groups_last": normal(groupings, hidden, hidden, fan_in=4 * hidden),
        "out": normal(hidden, labels, fan_in=4 * hidden),
        "out_bias": np.zeros(labels, np.float32),
    }
    for number, size in enumerate(vocabularies):
        weights[f"words_{number}"] = (rng.normal(0, 0.1, (size, embedding))).astype(np.float32)
    for number in range(len(DILATIONS)):
        weights[f"conv_{number}"] = normal(hidden, 3 * hidden, fan_in=6 * hidden)
        weights[f"conv_{number}_bias"] = np.zeros(hidden, np.float32)
    return weights


def _convolve(state: Array, weights: Array, dilation: int) -> Array:
    """Sum of what each row is told from `dilation` above, by itself, and from below.

    `weights` (width, 3 * width) make of a row what it says downwards, to itself, upwards.
    """
    width = len(weights)
    heard: Array = state @ weights[:, width : 2 * width]
    heard[dilation:] += state[:-dilation] @ weights[:, :width]
    heard[:-dilation] += state[dilation:] @ weights[:, 2 * width :]
    return heard


def _scatter(heard: Array, dilation: int) -> Array:
    """The adjoint of `_convolve`: gradients by what rows say, given those by what they hear."""
    width = heard.shape[1]
    parts = np.zeros((len(heard), 3 * width), np.float32)
    parts[:, width : 2 * width] = heard
    parts[:-dilation, :width] = heard[dilation:]
    parts[dilation:, 2 * width :] = heard[:-dilation]
    return parts


def _embed(weights: Weights, batch: Batch, number: int) -> Array:
    """Mean embedding of each block's words, shape (blocks, embedding)."""
    words, table = batch.bags[number], weights[f"words_{number}"]
    mean = np.zeros((len(words.sizes), table.shape[1]), np.float32)
    if len(words.ids):
        some = np.flatnonzero(words.sizes)
        starts = words.begins.take(some)
        mean[some] = np.add.reduceat(table.take(words.ids, axis=0), starts, axis=0)
    mean /= _root(words)
    return mean.take(words.row, axis=0)


def _embed_backward(weights: Weights, batch: Batch, number: int, error: Array) -> Array:
    """Gradient by the table of `_embed`, given that by what it returns."""
    words = batch.bags[number]
    table = np.zeros_like(weights[f"words_{number}"])
    if len(words.ids):
        by_row = Grouping.by(words.row).sums(error) / _root(words)
        alike = Grouping.by(words.ids)
        table[words.ids[alike.order[alike.starts]]] = alike.sums(by_row[words.of])
    return table


def _root(words: Bag) -> Array:
    """Root of the number of words of each row, shape (rows, 1)."""
    root: Array = np.sqrt(np.maximum(words.sizes, 1).astype(np.float32))
    return root[:, None]


def _from_groups(weights: Array, batch: Batch, values: Array) -> Array:
    """What each block is told by the means of its groups, shape of `values`.

    `weights` has shape (groupings, width, width).
    """
    told = np.zeros_like(values)
    for grouping, matrix in zip(batch.groupings, weights, strict=True):
        told += (grouping.means(values) @ matrix).take(grouping.of, axis=0)
    return told


def _groups_backward(
    weights: Array, batch: Batch, values: Array, error: Array
) -> tuple[Array, Array]:
    """Gradients by `weights` and by `values` of `_from_groups`."""
    gradient, spread = np.empty_like(weights), np.zeros_like(values)
    for number, grouping in enumerate(batch.groupings):
        mean = grouping.means(error)
        gradient[number] = grouping.means(values).T @ (mean * grouping.sizes)
        spread += (mean @ weights[number].T).take(grouping.of, axis=0)
    return gradient, spread


@dataclass(slots=True)
class _Trace:
    """Values of the forward pass that the backward pass needs."""

    words: Array
    block: Array
    states: list[Array]
    gates: list[Array]
    drop: Array | None
    read_drop: Array | None
    read: Array
    logits: Array


def _forward(
    weights: Weights, batch: Batch, drop: Callable[[tuple[int, ...]], Array] | None = None
) -> _Trace:
    embedded = [_embed(weights, batch, number) for number in range(len(batch.bags))]
    words = np.concatenate(embedded, axis=1)
    columns = batch.dense.shape[1]
    block = batch.dense @ weights["in"][:columns]
    block += words @ weights["in"][columns:]
    block += weights["in_bias"]
    np.maximum(block, 0, out=block)
    mask = drop(block.shape) if drop else None
    if mask is not None:
        block = block * mask
    state = np.zeros((len(batch.is_block), block.shape[1]), np.float32)
    state[batch.rows] = block + _from_groups(weights["groups_first"], batch, block)
    states, gates = [state], []
    for number, dilation in enumerate(DILATIONS):
        update = _convolve(state, weights[f"conv_{number}"], dilation)
        update += weights[f"conv_{number}_bias"]
        np.maximum(update, 0, out=update)
        if batch.pages > 1:  # no empty rows around a single page
            update *= batch.is_block
        gates.append(update)
        state = state + update
        states.append(state)
    read = state.take(batch.rows, axis=0)
    read += _from_groups(weights["groups_last"], batch, read)
    np.maximum(read, 0, out=read)
    read_mask = drop(read.shape) if drop else None
    if read_mask is not None:
        read = read * read_mask
    logits = read @ weights["out"] + weights["out_bias"]
    return _Trace(words, block, states, gates, mask, read_mask, read, logits)


def softmax(logits: Array) -> Array:
    """Probabilities along the last axis."""
    shifted: Array = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def predict(weights: Weights, batch: Batch) -> Array:
    """Logits of each label for each block, shape (blocks, labels)."""
    return _forward(weights, batch).logits


def _backward(weights: Weights, batch: Batch, trace: _Trace, error: Array) -> Weights:
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
    drop_runs: float = 0.0
    """Share of pages, a step, that lack some runs of their blocks."""
    overlap: float = 0.5
    """Weight of the page-wise F1 loss beside cross-entropy."""
    hidden: int = 64
    embedding: int = 16


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
            chosen = [_drop_runs(example, rng, options.drop_runs) for example in drawn]
            batch = make_batch([example.inputs for example in chosen], scaling)
            batch = _drop_words(batch, rng, options)
            _blank(batch, rng, scaling, options.drop_feature, blank or {})
            trace = _forward(weights, batch, dropout)
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
    order = rng.permutation(len(examples))
    for begin in range(0, len(order), size):
        yield [examples[i] for i in order[begin : begin + size]]
