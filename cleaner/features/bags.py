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
    zeros = facts.page.source  # with each digit as 0
    for digit in "123456789":
        zeros = zeros.replace(digit, "0")
    for block, text, pairs in zip(facts.page.blocks, facts.texts, unspaced.tolist(), strict=True):
        if pairs:
            head, tail = text[:14], text[-8:] if len(text) > 22 else text[14:]
            yield [head[i : i + 2] for i in range(len(head) - 1)] + [
                "$" + tail[i : i + 2] for i in range(len(tail) - 1)
            ]
            continue
        text = zeros[block.start : block.end]
        words = text[:160].lower().split(None, _FIRST)
        if len(words) > _FIRST:
            words[-1:] = (
                text[-80:].lower().split()[-_LAST:]
                if len(text) > 160
                else (words[-1].split()[-_LAST:])
            )
        yield [word if word.isalpha() else word.strip(_TRIM) or word for word in words]


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
    parents = [element.parent for element in page.elements] + [-1]  # the last is that of -1
    chains: dict[int, tuple[str, ...]] = {-1: ()}
    for block in page.blocks:
        at = parents[parents[block.element]]
        missing = []
        while at not in chains:
            missing.append(at)
            at = parents[at]
        words = chains[at]
        for at in reversed(missing):
            own = page.elements[at].tokens
            if own:
                words = tuple(dict.fromkeys((own + words)[:_FAR_WORDS]))
            chains[at] = words
        yield words


def bag(words: Sequence[Sequence[str]], vocabulary: Mapping[str, int]) -> Bag:
    """Look words up; words that the vocabulary lacks are left out."""
    sizes = np.fromiter(map(len, words), np.int64, len(words))
    flat = chain.from_iterable(words)
    found = np.fromiter(map(vocabulary.get, flat, repeat(-1)), np.int32, int(sizes.sum()))
    known = found >= 0
    block = np.repeat(np.arange(len(words)), sizes)[known]
    return Bag(found[known], np.bincount(block, minlength=len(words)).astype(np.int32))
