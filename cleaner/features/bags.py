"""Bags of words for each block: what it says, and what its markup is called.

Words are looked up in a vocabulary that travels with the model; what is not in
it has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from cleaner.features.facts import Facts
from cleaner.types import Page

_FIRST, _LAST = 10, 6
"""Words read from the begin and the end of a block: labels, dates and names stand there."""
_TRIM = ".,;:!?\"'()[]{}<>|*«»“”„‘’…·–—"
_DIGITS = str.maketrans("123456789", "000000000")
_FAR_WORDS = 24
"""Nearest words of the ancestors that are read."""


@dataclass(frozen=True, slots=True)
class Bag:
    """Word numbers of all blocks, one after the other.

    `ids` has shape (words,), `sizes` shape (blocks,): words of each block.
    """

    ids: NDArray[np.int32]
    sizes: NDArray[np.int32]


def words_of(facts: Facts) -> Iterator[Sequence[str]]:
    """First and last words of each block, lower-case, digits as 0; pairs in unspaced scripts."""
    unspaced = facts.share("ideograph", "kana", "thai", "hangul") > 0.3
    for text, pairs in zip(facts.texts, unspaced.tolist(), strict=True):
        if pairs:
            head, tail = text[:14], text[-8:] if len(text) > 22 else text[14:]
            yield [head[i : i + 2] for i in range(len(head) - 1)] + [
                "$" + tail[i : i + 2] for i in range(len(tail) - 1)
            ]
            continue
        words = text[:160].lower().split(None, _FIRST)
        if len(words) > _FIRST:
            words[-1:] = (
                text[-80:].lower().split()[-_LAST:]
                if len(text) > 160
                else (words[-1].split()[-_LAST:])
            )
        yield [
            (word if word.isalpha() else word.strip(_TRIM).translate(_DIGITS) or word)
            for word in words
        ]


def near_tokens(page: Page) -> Iterator[Sequence[str]]:
    """Words of the markup of each block: inline elements, its element and the parent."""
    elements = page.elements
    memo: dict[int, tuple[str, ...]] = {-1: ()}
    for block in page.blocks:
        at = block.element
        found = memo.get(at)
        if found is None:
            parent = elements[at].parent
            above = elements[parent].tokens if parent >= 0 else ()
            found = memo[at] = elements[at].tokens + above
        yield block.tokens + found


def far_tokens(page: Page) -> Iterator[Sequence[str]]:
    """Words of the markup of the ancestors above those of `near_tokens`, each word once."""
    elements = page.elements
    chains: dict[int, tuple[str, ...]] = {-1: ()}

    def words_above(at: int) -> tuple[str, ...]:
        missing = []
        while at not in chains:
            missing.append(at)
            at = elements[at].parent
        for at in reversed(missing):
            words = elements[at].tokens + chains[elements[at].parent]
            chains[at] = tuple(dict.fromkeys(words[:_FAR_WORDS]))
        return chains[at]

    for block in page.blocks:
        parent = elements[block.element].parent if block.element >= 0 else -1
        yield words_above(elements[parent].parent if parent >= 0 else -1)


def bag(words: Sequence[Sequence[str]], vocabulary: Mapping[str, int]) -> Bag:
    """Look words up; words that the vocabulary lacks are left out."""
    sizes = np.fromiter(map(len, words), np.int64, len(words))
    flat = chain.from_iterable(words)
    found = np.fromiter(map(vocabulary.get, flat, repeat(-1)), np.int32, int(sizes.sum()))
    known = found >= 0
    block = np.repeat(np.arange(len(words)), sizes)[known]
    return Bag(found[known], np.bincount(block, minlength=len(words)).astype(np.int32))
