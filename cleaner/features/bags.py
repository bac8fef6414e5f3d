"""Bags of words for each block: what it says, and what its markup is called.

Words are looked up in a vocabulary that travels with the model; what is not in
it has no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cleaner.features.dom import DomFacts
from cleaner.features.facts import Facts

Key = TypeVar("Key", bound=Hashable)

_FIRST, _LAST = 10, 6
"""Words read from the start and the end of a block: labels, dates and names stand there."""
_TRIM = ".,;:!?\"'()[]{}<>|*«»“”„‘’…·–—"
_ZEROS = str.maketrans("123456789", "000000000")
_FAR_WORDS = 12
"""Nearest words of the ancestors that are read."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words of the blocks of a page, before they are looked up.

    Blocks that look alike share one of the `rows`; `row` (blocks,) tells which.
    """

    rows: Sequence[Sequence[str]]
    row: NDArray[np.int64]

    @classmethod
    def by(cls, keys: Sequence[Key], words: Callable[[Key], Sequence[str]]) -> Words:
        """The words of each block's key; menus and cards give the same again and again."""
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        row = np.fromiter(map(numbers.__getitem__, keys), np.int64, len(keys))
        return cls([words(key) for key in numbers], row)


@dataclass(frozen=True, slots=True)
class Bag:
    """Word numbers of the blocks of pages, of rows that blocks share as in `Words`.

    `ids` (words,) holds one row after the other, `sizes` (rows,) counts the words of each, and
    `row` (blocks,) is the row of each block.
    """

    ids: NDArray[np.int32]
    sizes: NDArray[np.int64]
    row: NDArray[np.int64]

    @classmethod
    def joined(cls, bags: Sequence[Bag]) -> Bag:
        """The bags of pages laid one after the other."""
        rows = np.cumsum([0, *(len(bag.sizes) for bag in bags[:-1])])
        return cls(
            np.concatenate([bag.ids for bag in bags]),
            np.concatenate([bag.sizes for bag in bags]),
            np.concatenate([bag.row + first for bag, first in zip(bags, rows, strict=True)]),
        )

    @property
    def of(self) -> NDArray[np.int64]:
        """Row of each word, shape (words,)."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @property
    def begins(self) -> NDArray[np.int64]:
        """Where each row begins among the words, shape (rows,)."""
        return np.cumsum(self.sizes) - self.sizes

    def only(self, kept: NDArray[np.bool_]) -> Bag:
        """The bag of some of the blocks."""
        return Bag(self.ids, self.sizes, self.row[kept])

    def by_block(self) -> Bag:
        """The same with a row of its own for each block."""
        own = Bag(self.ids, self.sizes.take(self.row), np.arange(len(self.row)))
        shift = self.begins.take(self.row) - own.begins  # from a copy back to its row
        at = np.arange(int(own.sizes.sum())) + np.repeat(shift, own.sizes)
        return Bag(self.ids.take(at), own.sizes, own.row)


def words_of(facts: Facts) -> Words:
    """First and last words of each block, lower-case, digits as 0; pairs in unspaced scripts."""
    unspaced = facts.share("ideograph", "kana", "thai", "hangul") > 0.3
    in_pairs = dict(zip(facts.texts, unspaced.tolist(), strict=True))
    return Words.by(facts.texts, lambda text: _pairs(text) if in_pairs[text] else _ends(text))


def _pairs(text: str) -> list[str]:
    head, tail = text[:14], text[-8:] if len(text) > 22 else text[14:]
    return [head[i : i + 2] for i in range(len(head) - 1)] + [
        "$" + tail[i : i + 2] for i in range(len(tail) - 1)
    ]


def _ends(text: str) -> list[str]:
    words = text[:160].lower().split(None, _FIRST)
    if len(words) > _FIRST:
        rest = text[-80:].lower() if len(text) > 160 else words[-1]
        words[-1:] = rest.split()[-_LAST:]
    return [word if word.isalpha() else _bare(word) for word in words]


@lru_cache(maxsize=65536)
def _bare(word: str) -> str:
    word = word.strip(_TRIM) or word
    return word if word.isalpha() else word.translate(_ZEROS)


def near_tokens(facts: DomFacts) -> Words:
    """Words of the markup of each block: inline elements, its element and the parent."""
    steps = [*facts.steps, (-1, "", ())]  # the last is what is above the root, -1

    def near(key: tuple[tuple[str, ...], int]) -> tuple[str, ...]:
        inline, path = key
        above, _, own = steps[path]
        return inline + own + steps[above][2]

    return Words.by([*zip(facts.blocks["tokens"], facts.path.tolist(), strict=True)], near)


def far_tokens(facts: DomFacts) -> Words:
    """Words of the markup of the ancestors above those of `near_tokens`, each word once."""
    steps = [*facts.steps, (-1, "", ())]
    known: dict[int, tuple[str, ...]] = {-1: ()}

    def far(path: int) -> tuple[str, ...]:
        at = steps[steps[path][0]][0]
        missing = []
        while at not in known:
            missing.append(at)
            at = steps[at][0]
        words = known[at]
        for at in reversed(missing):
            if own := steps[at][2]:
                words = tuple(dict.fromkeys(own + words))[:_FAR_WORDS]
            known[at] = words
        return words

    return Words.by(facts.path.tolist(), far)


def bag(words: Words, vocabulary: Mapping[str, int]) -> Bag:
    """Look words up; words that the vocabulary lacks are left out."""
    rows = words.rows
    counts = np.fromiter(map(len, rows), np.int64, len(rows))
    ids = np.fromiter(
        map(vocabulary.get, chain.from_iterable(rows), repeat(-1)), np.int32, int(counts.sum())
    )
    known = ids >= 0
    of = np.repeat(np.arange(len(rows)), counts).compress(known)
    return Bag(ids.compress(known), np.bincount(of, minlength=len(rows)), words.row)
