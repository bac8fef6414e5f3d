"""A small convolutional network over the blocks of a page, in plain numpy.

Each block is read alone first: its features and the embeddings of its words, their sum over
the root of their number, go through one dense layer. It is then revised by its neighbours:
residual convolutions with growing dilation (Yu & Koltun 2016, "Multi-Scale Context
Aggregation by Dilated Convolutions") see some thirty blocks to either side. Before and
after them, means over groups of blocks tell each block what company it is in. The page is
one group: a row of cards is the content of a listing, and none of an article's. Others come
from the markup: blocks that look alike are alike, however far apart they stand. The weights
are plain arrays, which load without running anything and which every numpy reads. How they
are trained is in `network.fit`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaner.features import Inputs
from cleaner.features.bags import Bag
from cleaner.scaling import Scaling

Array = NDArray[np.float32]
Weights = dict[str, Array]

DILATIONS = (1, 2, 4, 8, 16)
_PAD = max(DILATIONS)
"""Empty rows between pages, so that no convolution reaches into the next page."""


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
    labels: int, *, hidden: int, embedding: int,
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


def _embed(weights: Weights, batch: Batch, number: int) -> Array:
    """Sum of the embeddings of each block's words over the root of their number.

    Shape (blocks, embedding).
    """
    words, table = batch.bags[number], weights[f"words_{number}"]
    mean = np.zeros((len(words.sizes), table.shape[1]), np.float32)
    if len(words.ids):
        some = np.flatnonzero(words.sizes)
        starts = words.begins.take(some)
        mean[some] = np.add.reduceat(table.take(words.ids, axis=0), starts, axis=0)
    mean /= root_of_sizes(words)
    return mean.take(words.row, axis=0)


def root_of_sizes(words: Bag) -> Array:
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


@dataclass(slots=True)
class Trace:
    """Values of the forward pass that the backward pass needs."""

    words: Array
    block: Array
    states: list[Array]
    gates: list[Array]
    drop: Array | None
    read_drop: Array | None
    read: Array
    logits: Array


def forward(
    weights: Weights, batch: Batch, drop: Callable[[tuple[int, ...]], Array] | None = None
) -> Trace:
    """Logits of a batch, and what led to them; `drop` gives the mask of a layer in training."""
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
    return Trace(words, block, states, gates, mask, read_mask, read, logits)


def softmax(logits: Array) -> Array:
    """Probabilities along the last axis."""
    shifted: Array = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def predict(weights: Weights, batch: Batch) -> Array:
    """Logits of each label for each block, shape (blocks, labels)."""
    return forward(weights, batch).logits
