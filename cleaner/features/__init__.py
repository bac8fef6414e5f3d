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
from cleaner.features.facts import Column, DomFacts, Facts
from cleaner.features.html import HTML_FEATURES
from cleaner.features.lines import LINE_FEATURES, LineFacts
from cleaner.features.text import TEXT_FEATURES
from cleaner.types import Page

__all__ = ["BAGS", "Inputs", "feature_names", "inputs", "page_words"]

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


@cache
def feature_names(kind: str) -> tuple[str, ...]:
    """Names of the columns of `Inputs.dense`."""
    tables = (TEXT_FEATURES, HTML_FEATURES if kind == "html" else LINE_FEATURES)
    return tuple(name for table in tables for names in table for name in names.split())


def inputs(page: Page, vocabularies: Mapping[str, Mapping[str, int]]) -> Inputs:
    """Compute features and bags of a page with at least one block.

    Args:
        page: a segmented page.
        vocabularies: word to number, for each name in `BAGS[page.kind]`.
    """
    facts = _facts_of(page)
    columns = np.empty((len(feature_names(page.kind)), facts.n), np.float32)
    at = 0
    for names, value in _values(facts):
        size = names.count(" ") + 1
        columns[at : at + size] = value
        at += size
    words = page_words(page, facts)
    bags = tuple(bag(words[name], vocabularies[name]) for name in BAGS[page.kind])
    return Inputs(columns.T, bags, facts.units, facts.groups)


def _facts_of(page: Page) -> DomFacts | LineFacts:
    return DomFacts(page) if page.kind == "html" else LineFacts(page)


def _values(facts: DomFacts | LineFacts) -> Iterator[tuple[str, Column | float]]:
    for names, feature in TEXT_FEATURES.items():
        yield names, feature(facts)
    if isinstance(facts, DomFacts):
        for names, html_feature in HTML_FEATURES.items():
            yield names, html_feature(facts)
    else:
        for names, line_feature in LINE_FEATURES.items():
            yield names, line_feature(facts)


def page_words(page: Page, facts: Facts | None = None) -> dict[str, Words]:
    """Words of each block for each bag, before they are looked up."""
    facts = facts or _facts_of(page)
    found = {"words": words_of(facts)}
    if isinstance(facts, DomFacts):
        found |= {"near": near_tokens(facts), "far": far_tokens(facts)}
    return found
