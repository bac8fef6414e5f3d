"""Arrays that many features share, computed once a page.

All arrays have one row a block, unless said otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.features.characters import CLASSES, INDEX, UNITS, classes_of, codes_of
from cleaner.types import Block, Element, Page

Column = NDArray[Any]
"""One number (or truth) a block or element; the matrix turns them all into float32."""
Ints = NDArray[np.int64]

_GRAM_BITS = 15
_DENSE = np.isin(CLASSES, ["ideograph", "kana", "hangul", "thai"])
"""Whether a class of characters is of a script in which two of them make a word."""
_PRIMES = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1], np.uint64)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_PROSE_UNITS = 60
"""Letters from which a block without links counts as prose."""


class Facts:
    """Shared arrays of one page; each is computed when first asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.n = len(page.blocks)
        self.blocks = _columns(Block, page.blocks)
        self.start = np.array(self.blocks["start"], np.int64)
        self.end = np.array(self.blocks["end"], np.int64)
        self.length = (self.end - self.start).astype(np.float32)
        self.codes = codes_of(page.source)
        self.classes = classes_of(self.codes)
        self.texts = [page.source[b.start : b.end] for b in page.blocks]
        widths = self.end - self.start
        self.block_of = np.repeat(np.arange(self.n), widths)
        """Block of each character that is inside one, shape (characters,)."""
        offsets = np.cumsum(widths) - widths
        self.inside = np.arange(len(self.block_of)) + np.repeat(self.start - offsets, widths)
        """Position in the source of each of these characters."""
        counts = np.bincount(
            self.block_of * len(CLASSES) + self.classes[self.inside],
            minlength=self.n * len(CLASSES),
        )
        self.counts: Column = counts.reshape(self.n, len(CLASSES)).astype(np.float32)
        self.units: Column = self.counts @ UNITS

    def count(self, *names: str) -> Column:
        """Number of characters of the given classes."""
        return self.counts[:, [INDEX[name] for name in names]].sum(axis=1)

    def share(self, *names: str) -> Column:
        """Share of the block's characters that are of the given classes."""
        return self.count(*names) / self.length

    @cached_property
    def first_class(self) -> NDArray[np.uint8]:
        """Class of the first character."""
        return self.classes[self.start]

    @cached_property
    def last_class(self) -> NDArray[np.uint8]:
        """Class of the last character that is neither quote nor bracket."""
        last = self.classes[self.end - 1]
        closing = (last == INDEX["quote"]) | (last == INDEX["bracket"])
        return np.where(closing, self.classes[np.maximum(self.end - 2, self.start)], last)

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
    def copies(self) -> Column:
        """How often the same text stands on the page."""
        seen = Counter(self.texts)
        return np.fromiter((seen[text] for text in self.texts), np.float32, self.n)

    @cached_property
    def _grams(self) -> tuple[Ints, Ints]:
        """Hashed character 5-grams (pairs in unspaced scripts): block and bin of each."""
        codes = self.codes[self.inside].astype(np.uint64)  # wraps on overflow, as a hash may
        classes = self.classes[self.inside]
        # Case and punctuation say little of the topic: ASCII is folded, the rest kept.
        codes = np.where((codes >= 65) & (codes <= 90), codes + 32, codes)
        if len(codes) < 6:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        pair = codes[:-1] * _PRIMES[0] + codes[1:] * _PRIMES[1]
        five = pair[:-3] * _PRIMES[2] + pair[2:-1] * _PRIMES[3] + codes[4:] * _PRIMES[4]
        dense = _DENSE[classes[:-4]]
        value = np.where(dense, pair[:-3], five)
        letter = classes[:-4]
        keep = (self.block_of[:-4] == self.block_of[4:]) & (letter > 0) & (letter < INDEX["digit"])
        bins = (value * _GOLDEN) >> np.uint64(64 - _GRAM_BITS)  # Fibonacci hashing
        return self.block_of[:-4][keep], bins[keep].astype(np.int64)

    @cached_property
    def _distinct_grams(self) -> tuple[Ints, Ints]:
        """As `_grams`, each bin once a block."""
        blocks, bins = self._grams
        pairs = np.sort(blocks << _GRAM_BITS | bins)
        pairs = pairs[np.r_[True, pairs[1:] != pairs[:-1]]] if len(pairs) else pairs
        return pairs >> _GRAM_BITS, pairs & ((1 << _GRAM_BITS) - 1)

    @cached_property
    def topic(self) -> Column:
        """Share of the block's character n-grams that stand in the page's other prose too.

        -1 where the block is too short to tell. A headline of another story scores low.
        """
        return self.shared_with(self.prose > 0)

    def shared_with(self, is_prose: NDArray[np.bool_]) -> Column:
        """Share of each block's n-grams that other blocks hold, of those marked as prose."""
        blocks, bins = self._distinct_grams
        size = 1 << _GRAM_BITS
        elsewhere = np.bincount(bins[is_prose[blocks]], minlength=size)
        found = (elsewhere[bins] - is_prose[blocks]) > 0
        total = np.bincount(blocks, minlength=self.n)
        hits = np.bincount(blocks, weights=found, minlength=self.n)
        return np.where(total >= 6, hits / np.maximum(total, 1), -1).astype(np.float32)

    @cached_property
    def title(self) -> Column:
        """Share of the page title's n-grams that the block holds."""
        codes = codes_of(self.page.title.lower()).astype(np.int64)
        if len(codes) < 6:
            return np.zeros(self.n, np.float32)
        title = Facts(_bare_page(self.page.title))
        wanted = np.zeros(1 << _GRAM_BITS, bool)
        wanted[title._grams[1]] = True
        blocks, bins = self._distinct_grams
        held = np.bincount(blocks[wanted[bins]], minlength=self.n)
        return (held / max(wanted.sum(), 1)).astype(np.float32)


class DomFacts(Facts):
    """Arrays about the elements around each block of an HTML page."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.elements = _columns(Element, page.elements)
        self.element = np.array(self.blocks["element"], np.int64)
        self.parent = np.array(self.elements["parent"], np.int64)
        self.depth = np.array(self.elements["depth"], np.int64)
        self.first = np.array(self.elements["first"], np.int64)
        self.last = np.array(self.elements["last"], np.int64)

    def block_column(self, name: str) -> Column:
        """One number of every block."""
        return np.array(self.blocks[name], np.float32)

    @cached_property
    def ancestors(self) -> list[Ints]:
        """Element of each block, its parent, and so on six levels up; the root stays the root."""
        levels = [np.maximum(self.element, 0)]
        for _ in range(6):
            levels.append(np.maximum(self.parent[levels[-1]], 0))
        return levels

    def sums(self, values: Column) -> Column:
        """Sum of a block value over each element's blocks, shape (elements,)."""
        total = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
        result: Column = (total[self.last] - total[self.first]).astype(np.float32)
        return result

    @cached_property
    def prose_of(self) -> Column:
        """Prose inside each element, shape (elements,)."""
        return self.sums(self.prose)

    @cached_property
    def best(self) -> int:
        """The element with the most prose in its own blocks and its children's."""
        own, up = self.ancestors[0], self.ancestors[1]
        score = np.bincount(up, weights=self.prose, minlength=len(self.parent))
        score = score + 0.9 * np.bincount(own, weights=self.prose, minlength=len(self.parent))
        return int(score.argmax())

    @cached_property
    def topic_of_best(self) -> Column:
        """Share of the block's n-grams that stand in the best container's prose, as in `topic`."""
        index = np.arange(self.n)
        inside = (index >= self.first[self.best]) & (index < self.last[self.best])
        return self.shared_with(inside & (self.prose > 0))

    @cached_property
    def distance_to_best(self) -> Column:
        """Levels to climb from the block until the best container is inside; 0 to 7."""
        first, last = self.first[self.best], self.last[self.best]
        distance = np.full(self.n, 7.0, np.float32)
        for level in range(6, -1, -1):
            at = self.ancestors[level]
            holds = (self.first[at] <= first) & (self.last[at] >= last)
            distance[holds] = level
        index = np.arange(self.n)
        distance[(index >= first) & (index < last)] = 0
        return distance

    @cached_property
    def _kinds(self) -> tuple[Ints, Ints]:
        """Numbers of each element's signature (tag and tokens) and path, shape (elements,)."""
        numbers: dict[Any, int] = {}
        signatures: list[int] = []
        paths: list[int] = []
        rows = zip(*(self.elements[name] for name in ("tag", "tokens", "parent")), strict=True)
        for tag, tokens, parent in rows:
            signature = numbers.setdefault((tag, tokens), len(numbers))
            above = paths[parent] if parent >= 0 else -1
            signatures.append(signature)
            paths.append(numbers.setdefault((above, signature), len(numbers)))
        return np.array(signatures, np.int64), np.array(paths, np.int64)

    @cached_property
    def path(self) -> Ints:
        """Number of the tag-and-class path that leads to the block."""
        return self._kinds[1][np.maximum(self.element, 0)]

    def same_path(self, values: Column) -> Column:
        """Sum of a block value over all blocks with the same path."""
        sums: Column = np.bincount(self.path, weights=values)[self.path].astype(np.float32)
        return sums

    @cached_property
    def _sibling_group(self) -> tuple[Ints, Ints]:
        """Group of siblings with the same signature, and the size of that group, by element."""
        key = (self.parent + 1) * (1 << 32) + self._kinds[0]
        _, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
        return inverse, counts[inverse]

    @cached_property
    def siblings(self) -> Ints:
        """Sibling elements with the same signature, itself among them, shape (elements,)."""
        return self._sibling_group[1]

    @cached_property
    def sibling_units(self) -> Column:
        """Mean letters of the sibling elements with the same signature, shape (elements,)."""
        group, sizes = self._sibling_group
        return np.bincount(group, weights=self.sums(self.units))[group] / sizes

    @cached_property
    def _blocks_by_tag(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for index, tag in enumerate(self.blocks["tag"]):
            found.setdefault(tag, []).append(index)
        return found

    def has_tag(self, *tags: str) -> Column:
        """Whether the block's own element has one of these tags."""
        column = np.zeros(self.n, np.float32)
        for tag in tags:
            column[self._blocks_by_tag.get(tag, [])] = 1.0
        return column

    @cached_property
    def inside_tags(self) -> dict[str, Column]:
        """For each tag of the page, whether a block is inside such an element (1.0 or 0.0)."""
        marks: dict[str, Any] = {}
        for element in self.page.elements:
            if element.first < element.last:
                row = marks.get(element.tag)
                if row is None:
                    row = marks[element.tag] = np.zeros(self.n, np.float32)
                row[element.first : element.last] = 1.0
        return marks

    def inside_any(self, *tags: str) -> Column:
        """Whether the block is inside an element with one of these tags."""
        rows = [self.inside_tags[tag] for tag in tags if tag in self.inside_tags]
        if not rows:
            return np.zeros(self.n, np.float32)
        result: Column = np.maximum.reduce(rows)
        return result

    @cached_property
    def heading(self) -> int:
        """Block of the headline: an `h1`, or the block most like the title; -1 if none."""
        h1 = self.inside_tags.get("h1")
        if h1 is not None:
            # A logo is often an h1 as well: the one most like the title is meant.
            candidates = np.flatnonzero(h1)
            return int(candidates[self.title[candidates].argmax()])
        best = int(self.title.argmax())
        return best if self.title[best] > 0.4 else -1


def _columns(kind: type[Any], rows: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Fields of named tuples, each as one sequence over all rows."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(kind._fields)
    return dict(zip(kind._fields, columns, strict=True))


def _bare_page(text: str) -> Page:
    return Page(text, "text", (Block(0, len(text)),))
