"""Arrays about the elements of an HTML page that many features share, computed once a page."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from cleaner.cached import cached_property
from cleaner.features.facts import Column, Ints, gram_table
from cleaner.features.shapes import ShapeFacts
from cleaner.segment.jsonld import article_body
from cleaner.types import Page

_DECLARED = 200
"""Letters from which a declared article body is more than a summary."""


class DomFacts(ShapeFacts):
    """Arrays about the elements around each block of an HTML page."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        elements = page.elements
        self.element = np.array(self.blocks["element"], np.int64)
        self.parent = np.array(elements.parent, np.int64)
        self.depth = np.array(elements.depth, np.int64)
        self.first = np.array(elements.first, np.int64)
        self.last = np.array(elements.last, np.int64)
        self.hidden = np.array(elements.hidden, bool)

    @cached_property
    def numbers(self) -> dict[str, Column]:
        """Numbers of every block by name; they are summed over elements as well."""
        names = ("links", "bare_links", "images", "marks", "control_chars")
        return {name: np.array(self.blocks[name], np.float32) for name in names} | {
            "blocks": np.ones(self.n, np.float32),
            "length": self.length,
            "link_length": self.link_share * self.length,
            "units": self.units,
            "prose": self.prose,
        }

    @cached_property
    def sums(self) -> dict[str, Column]:
        """Sums of `numbers` over each element's blocks, shape (elements,)."""
        total = np.zeros((len(self.numbers), self.n + 1))
        np.cumsum(list(self.numbers.values()), axis=1, out=total[:, 1:])
        sums = (total[:, self.last] - total[:, self.first]).astype(np.float32)
        return dict(zip(self.numbers, sums, strict=True))

    @cached_property
    def levels(self) -> Ints:
        """Element of each block, its parent, and so on six levels up, shape (7, blocks).

        The root stays the root.
        """
        levels = [np.maximum(self.element, 0)]
        parent = np.maximum(self.parent, 0)
        for _ in range(6):
            levels.append(parent.take(levels[-1]))
        return np.array(levels)

    def above(self, values: Column, *levels: int) -> Column:
        """Value of each block's ancestor at each of these levels, shape (levels, blocks)."""
        return values.take(self.levels.take(levels, axis=0))

    @cached_property
    def best(self) -> int:
        """The element with the most prose in its own blocks and its children's."""
        own, up = self.levels[0], self.levels[1]
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
    def declared(self) -> Column:
        """Share of the block's n-grams in the article body that the page declares in JSON-LD."""
        body = article_body(self.page.html)
        if len(body) < _DECLARED:
            return np.zeros(self.n, np.float32)
        held = self._held(gram_table(body))
        return (held / np.maximum(self._gram_counts, 1)).astype(np.float32)

    @cached_property
    def distance_to_best(self) -> Column:
        """Levels to climb from the block until the best container is inside; 0 to 7."""
        first, last = self.first[self.best], self.last[self.best]
        distance = np.full(self.n, 7.0, np.float32)
        for level in range(6, -1, -1):
            at = self.levels[level]
            holds = (self.first[at] <= first) & (self.last[at] >= last)
            distance[holds] = level
        index = np.arange(self.n)
        distance[(index >= first) & (index < last)] = 0
        return distance

    @cached_property
    def _paths(self) -> tuple[Ints, list[tuple[int, str, tuple[str, ...]]]]:
        known: dict[tuple[int, str, tuple[str, ...]], int] = {}
        paths = [-1]  # above the root, whose parent is -1
        elements = self.page.elements
        for tag, tokens, parent in zip(elements.tag, elements.tokens, elements.parent, strict=True):
            paths.append(known.setdefault((paths[parent + 1], tag, tokens), len(known)))
        return np.array(paths[1:], np.int64), list(known)

    @property
    def paths(self) -> Ints:
        """Number of each element's path of tags and tokens from the root, shape (elements,)."""
        return self._paths[0]

    @property
    def steps(self) -> list[tuple[int, str, tuple[str, ...]]]:
        """Path above (-1: none), tag and tokens of each path; those above come first."""
        return self._paths[1]

    @cached_property
    def path(self) -> Ints:
        """Number of the tag-and-class path that leads to the block."""
        return self.paths.take(self.levels[0])

    @property
    def groups(self) -> Ints:
        """Blocks of the same tag-and-class path are a group, shape (1, blocks)."""
        return self.path[None]

    def same_path(self, values: Column) -> Column:
        """Sum of a block value over all blocks with the same path."""
        sums: Column = np.bincount(self.path, weights=values)[self.path].astype(np.float32)
        return sums

    @cached_property
    def _sibling_group(self) -> tuple[Ints, Ints]:
        """Group of siblings with the same tag and tokens, and its size, by element."""
        key = (self.parent + 1) * (1 << 32) + self.paths
        _, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
        return inverse, counts[inverse]

    @cached_property
    def siblings(self) -> Ints:
        """Sibling elements with the same tag and tokens, itself among them, shape (elements,)."""
        return self._sibling_group[1]

    @cached_property
    def sibling_units(self) -> Column:
        """Mean letters of the sibling elements with the same tag and tokens, shape (elements,)."""
        group, sizes = self._sibling_group
        return np.bincount(group, weights=self.sums["units"])[group] / sizes

    def within(self, groups: Mapping[str, int]) -> NDArray[np.bool_]:
        """Whether the block is inside an element of each group of tags, shape (groups, blocks)."""
        shape = max(groups.values()) + 1, self.n + 1
        group = np.fromiter(map(groups.get, self.page.elements.tag, repeat(-1)), np.int64)
        named = np.flatnonzero(group >= 0)
        row = group.take(named) * shape[1]
        size = shape[0] * shape[1]
        begun = np.bincount(row + self.first.take(named), minlength=size)
        ended = np.bincount(row + self.last.take(named), minlength=size)
        return (begun - ended).reshape(shape)[:, :-1].cumsum(axis=1) > 0

    @cached_property
    def heading(self) -> int:
        """Block of the headline: an `h1`, or the block most like the title; -1 if none."""
        # A logo is often an h1 as well: the one most like the title is meant.
        candidates = np.flatnonzero(self.within({"h1": 0})[0])
        if len(candidates):
            return int(candidates[self.title[candidates].argmax()])
        best = int(self.title.argmax())
        return best if self.title[best] > 0.4 else -1
