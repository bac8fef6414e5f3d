"""Blocks to what the model reads: a matrix of named features, and bags of words.

A new feature is one entry in `features.text` (HTML and plain text), in
`features.html` (HTML only) or in `features.lines` (plain text only); its name
travels in the model's manifest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from cleaner.features.bags import Bag, Words, bag, far_tokens, near_tokens, words_of
from cleaner.features.dom import DomFacts
from cleaner.features.facts import Column
from cleaner.features.html import HTML_FEATURES
from cleaner.features.lines import LINE_FEATURES, LineFacts
from cleaner.features.shapes import SHAPE_FEATURES
from cleaner.features.text import TEXT_FEATURES
from cleaner.types import Page

__all__ = ["BAGS", "Features", "Inputs", "feature_names", "features_of"]

BAGS = {"html": ("words", "near", "far"), "text": ("words",)}
"""Bags of words by kind of page; each has a vocabulary of its own."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the model reads of one page."""

    dense: NDArray[np.float32]
    """Feature values, shape (blocks, features)."""
    bags: tuple[Bag, ...]
    """One for each name in `BAGS`."""
    units: NDArray[np.float32]
    """Letters in each block, weighed by script (see `features.characters`), shape (blocks,)."""
    groups: NDArray[np.int64]
    """Number of each block's group, for each way to group them, shape (groupings, blocks)."""

    def only(self, kept: NDArray[np.bool_]) -> Inputs:
        """What is read of some of the blocks; `kept` (blocks,) says which."""
        bags = tuple(bag.only(kept) for bag in self.bags)
        return Inputs(self.dense[kept], bags, self.units[kept], self.groups[:, kept])


@dataclass(frozen=True, slots=True)
class Features:
    """The same of a page whose words are not looked up yet: no vocabulary is known."""

    dense: NDArray[np.float32]
    words: Mapping[str, Words]
    """Words of the blocks for each name in `BAGS`, in that order."""
    units: NDArray[np.float32]
    groups: NDArray[np.int64]

    def inputs(self, vocabularies: Mapping[str, Mapping[str, int]]) -> Inputs:
        """With the words looked up: `vocabularies` maps words to numbers, for each name."""
        bags = tuple(bag(words, vocabularies[name]) for name, words in self.words.items())
        return Inputs(self.dense, bags, self.units, self.groups)


@cache
def feature_names(kind: str) -> tuple[str, ...]:
    """Names of the columns of `Inputs.dense`."""
    own = HTML_FEATURES if kind == "html" else LINE_FEATURES
    tables = (TEXT_FEATURES, SHAPE_FEATURES, own)
    return tuple(name for table in tables for names in table for name in names.split())


def features_of(page: Page) -> Features:
    """Compute features and words of a segmented page with at least one block."""
    facts = DomFacts(page) if page.kind == "html" else LineFacts(page)
    columns = np.empty((len(feature_names(page.kind)), facts.n), np.float32)
    at = 0
    for names, value in _values(facts):
        size = names.count(" ") + 1
        columns[at : at + size] = value
        at += size
    words = {"words": words_of(facts)}
    if isinstance(facts, DomFacts):
        words |= {"near": near_tokens(facts), "far": far_tokens(facts)}
    return Features(columns.T, words, facts.units, facts.groups)


def _values(facts: DomFacts | LineFacts) -> Iterator[tuple[str, Column | float]]:
    for names, feature in TEXT_FEATURES.items():
        yield names, feature(facts)
    for names, shape_feature in SHAPE_FEATURES.items():
        yield names, shape_feature(facts)
    if isinstance(facts, DomFacts):
        for names, html_feature in HTML_FEATURES.items():
            yield names, html_feature(facts)
    else:
        for names, line_feature in LINE_FEATURES.items():
            yield names, line_feature(facts)
