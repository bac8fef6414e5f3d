"""Arrays that many features share, computed once a page.

All arrays have one row a block, unless said otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.cached import cached_property
from cleaner.features.characters import CLASSES, INDEX, UNITS, classes_of
from cleaner.scripts import codepoints
from cleaner.types import Block, Page

Column = NDArray[Any]
"""One number (or truth) a block or element; the matrix turns them all into float32."""
Ints = NDArray[np.int64]

_GRAM_BITS = 15
_DENSE = np.isin(CLASSES, ["ideograph", "kana", "hangul", "thai"])
"""Whether a class of characters is of a script in which two of them make a word."""
_IS_SPACE = np.isin(CLASSES, ["space", "newline"])
_CARRIAGE_RETURNS = re.compile(r"\r{1,2}(?=\n)")
_PRIMES = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1], np.uint64)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_PROSE_UNITS = 60
"""Letters from which a block without links counts as prose."""


class Facts:
    """Shared arrays of one page: those that nearly every feature needs are computed at once, the
    others when first asked for.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.n = len(page.blocks)
        self.blocks = columns_of(Block, page.blocks)
        self.start = np.array(self.blocks["start"], np.int64)
        self.end = np.array(self.blocks["end"], np.int64)
        # CR LF is one line break: the first of them is as good as a space before it.
        source = page.source
        if "\r" in source:
            source = _CARRIAGE_RETURNS.sub(lambda found: " " * len(found[0]), source)
        self.codes = codepoints(source)
        self.classes = classes_of(self.codes)
        self.texts = [page.source[b.start : b.end] for b in page.blocks]
        widths = self.end - self.start
        self.block_of = np.repeat(np.arange(self.n), widths)
        """Block of each character that is inside one, shape (characters,)."""
        offsets = np.cumsum(widths) - widths
        self.inside = np.arange(len(self.block_of)) + np.repeat(self.start - offsets, widths)
        """Position in the source of each of these characters."""
        space = _IS_SPACE.take(self.classes)
        run = space.copy()  # the first of one and more
        run[1:] &= ~space[:-1]
        surplus = np.add.reduceat((space & ~run).take(self.inside), offsets, dtype=np.int64)
        self.length: Column = (widths - surplus).astype(np.float32)
        """Characters; a run of white space is one, as how lines are wrapped tells nothing."""
        self.words: Column = np.add.reduceat(run.take(self.inside), offsets, dtype=np.int64) + 1
        counts = np.bincount(
            self.classes.take(self.inside) * np.int64(self.n) + self.block_of,
            minlength=len(CLASSES) * self.n,
        )
        self.counts: Column = counts.reshape(-1, self.n).astype(np.float32)
        """Characters of each class, shape (classes, blocks)."""
        self.units: Column = UNITS @ self.counts

    def count(self, *names: str) -> Column:
        """Number of characters of the given classes."""
        if len(names) == 1:
            return self.counts[INDEX[names[0]]]
        return self.counts[[INDEX[name] for name in names]].sum(axis=0)

    def share(self, *names: str) -> Column:
        """Share of the block's characters that are of the given classes."""
        return self.count(*names) / self.length

    @property
    def groups(self) -> Ints:
        """Number of each block's group, for each way to group blocks: none for plain text."""
        return np.zeros((0, self.n), np.int64)

    @cached_property
    def first_class(self) -> NDArray[np.uint8]:
        """Class of the first character."""
        return self.classes[self.start]

    @cached_property
    def last_class(self) -> NDArray[np.uint8]:
        """Class of the last character; of that before it where it is a quote or bracket."""
        last = self.classes[self.end - 1]
        closing = (last == INDEX["quote"]) | (last == INDEX["bracket"])
        return np.where(closing, self.classes[np.maximum(self.end - 2, self.start)], last)

    @cached_property
    def newlines(self) -> Ints:
        """Positions of the line breaks in the source."""
        return np.flatnonzero(self.classes == INDEX["newline"])

    @cached_property
    def link_share(self) -> Column:
        """Share of the block's characters inside links."""
        links = np.array(self.blocks["link_chars"], np.float32)
        return np.minimum(links / self.length, 1.0)

    @cached_property
    def prose(self) -> Column:
        """Letters outside links, in blocks long enough to be prose; 0 elsewhere."""
        weight = self.units * (1 - self.link_share)
        return np.where(weight >= _PROSE_UNITS, weight, 0).astype(np.float32)

    @cached_property
    def page_prose(self) -> float:
        """Prose of the whole page, at least 1."""
        return max(float(self.prose.sum()), 1.0)

    @cached_property
    def copies(self) -> Column:
        """How often the same text stands on the page."""
        seen = Counter(self.texts)
        return np.fromiter(map(seen.__getitem__, self.texts), np.float32, self.n)

    @cached_property
    def _distinct_grams(self) -> tuple[Ints, Ints]:
        """Hashed character n-grams, each bin once a block: block and bin of each."""
        classes = self.classes.take(self.inside)
        found, counts = _grams(self.codes.take(self.inside), classes)
        own, pairs = self.block_of, _DENSE[classes[:-4]]
        whole = np.where(pairs, own[:-4] == own[1:-3], own[:-4] == own[4:])
        at = np.flatnonzero(counts & whole)
        bins = found.take(at).astype(np.uint16)  # numpy sorts 16 bits several times as fast as 64
        order = bins.argsort(kind="stable")
        bins, blocks = bins.take(order), self.block_of.take(at.take(order))
        new = np.ones(len(bins), bool)
        new[1:] = (bins[1:] != bins[:-1]) | (blocks[1:] != blocks[:-1])
        return blocks.compress(new), bins.compress(new).astype(np.int64)

    @cached_property
    def _gram_counts(self) -> Ints:
        """Distinct n-grams of each block."""
        return np.bincount(self._distinct_grams[0], minlength=self.n)

    @cached_property
    def topic(self) -> Column:
        """Share of the block's character n-grams that stand in the page's other prose too.

        -1 where the block is too short to tell. A headline of another story scores low.
        """
        return self.shared_with(self.prose > 0)

    def shared_with(self, is_prose: NDArray[np.bool_]) -> Column:
        """Share of each block's n-grams that other blocks hold, of those marked as prose."""
        blocks, bins = self._distinct_grams
        own = is_prose.take(blocks)
        found = np.bincount(bins, weights=own).take(bins) > own
        hits = np.bincount(blocks, weights=found, minlength=self.n)
        total = self._gram_counts
        return np.where(total >= 6, hits / np.maximum(total, 1), -1).astype(np.float32)

    @cached_property
    def title(self) -> Column:
        """Share of the page title's n-grams that the block holds."""
        if len(self.page.title) < 6:
            return np.zeros(self.n, np.float32)
        wanted = gram_table(self.page.title)
        return (self._held(wanted) / max(wanted.sum(), 1)).astype(np.float32)

    def _held(self, table: NDArray[np.bool_]) -> Ints:
        """Distinct n-grams of each block that are in the table."""
        blocks, bins = self._distinct_grams
        return np.bincount(blocks[table.take(bins)], minlength=self.n)


def gram_table(text: str) -> NDArray[np.bool_]:
    """Which bins the n-grams of a text fall into."""
    codes = codepoints(text)
    bins, counts = _grams(codes, classes_of(codes))
    table = np.zeros(1 << _GRAM_BITS, bool)
    table[bins[counts]] = True
    return table


def _grams(
    codes: NDArray[np.uint32], classes: NDArray[np.uint8]
) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Bins of the hashed 5-grams of a text (pairs in unspaced scripts), and whether each counts.

    One that does not begin with a letter does not count. Shape (len(codes) - 4,).
    """
    # Case and punctuation say little of the topic: ASCII is folded, the rest kept.
    folded = np.where((codes >= 65) & (codes <= 90), codes + 32, codes).astype(np.uint64)
    pair = folded[:-1] * _PRIMES[0]
    pair += folded[1:] * _PRIMES[1]  # wraps on overflow, as a hash may
    value = pair[:-3] * _PRIMES[2]
    value += pair[2:-1] * _PRIMES[3]
    value += folded[4:] * _PRIMES[4]
    first = classes[:-4]
    dense = _DENSE[first]
    if dense.any():
        value = np.where(dense, pair[:-3], value)
    value *= _GOLDEN  # Fibonacci hashing
    value >>= np.uint64(64 - _GRAM_BITS)
    return value, (first > 0) & (first < INDEX["digit"])


def columns_of(kind: type[Any], rows: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Fields of named tuples, each as one sequence over all rows."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(kind._fields)
    return dict(zip(kind._fields, columns, strict=True))
