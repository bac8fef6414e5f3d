"""Carry labels from labelled texts over to the blocks of a page.

Labels are attached to texts, so they outlive every change of the segmentation: the tokens of
both are matched (`matching`), and a block takes the label that covers most of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cleaner.data.matching import GRAM, MOVED, Match, match_texts

UNJUDGED = "unjudged"
"""The label of text that nobody judged: neither trained on nor scored."""

FOUND = 0.5
"""Share of a labelled text's tokens from which the page holds it; see `text_shares`."""
_MAJORITY = 0.5
"""Share of a block's tokens that its label must cover."""
_MIN_MOVED = 6
"""Tokens; a shorter block out of order is more likely a coincidence."""


class Part(NamedTuple):
    """Characters `start` to `end` of a block that carry one label."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """The label of a block and the share (0 to 1) of its tokens that speak for it."""

    label: str
    share: float


def align(
    blocks: Sequence[str],
    labelled: Sequence[tuple[str, str]],
    rest: str = UNJUDGED,
    *,
    ordered: bool = True,
) -> list[Alignment]:
    """Label each of `blocks` (texts, in page order) by the (label, text) pairs in `labelled`.

    A block takes the label that covers most of its tokens when that is at least
    half of them; else the label whose texts hold at least 80 % of its 4-grams
    (text that moved); else `rest`. Blocks without a token get `rest`. A second copy
    of labelled text is `unjudged`.

    With `ordered=False` the texts are excerpts in no order: each one is looked up on
    its own, and a block takes the label of an excerpt that it holds.
    """
    match = match_texts(blocks, [text for _, text in labelled], ordered=ordered)
    labels = [label for label, _ in labelled]
    sizes = Counter(match.block_of)
    votes: list[Counter[str]] = [Counter() for _ in blocks]
    for position, partner in enumerate(match.partner):
        if partner >= 0:
            votes[match.block_of[position]][labels[match.text_of[partner]]] += 1
    result: dict[int, Alignment] = {}
    for block, count_of in enumerate(votes):
        label, count = count_of.most_common(1)[0] if count_of else (rest, 0)
        if count and (count >= _MAJORITY * sizes[block] or (not ordered and count >= GRAM)):
            result[block] = Alignment(label, count / sizes[block])
    if ordered:
        result |= _moved(match, labels, result)
    for block in set(range(len(blocks))) - set(result):
        size = sizes[block]
        uncovered = size - votes[block].total() + votes[block][rest]
        result[block] = Alignment(rest, uncovered / size if size else 0.0)
    return [result[block] for block in range(len(blocks))]


def align_spans(
    blocks: Sequence[str],
    labelled: Sequence[tuple[str, str]],
    rest: str = UNJUDGED,
    *,
    ordered: bool = True,
) -> list[tuple[Part, ...]]:
    """Split each block into parts of one label; the parts of a block cover all of it.

    For lines of plain text, where an article and a menu can share a line. Up to three
    unmatched tokens inside a part belong to it. Parameters as in `align`.
    """
    match = match_texts(blocks, [text for _, text in labelled], ordered=ordered)
    whole = align(blocks, labelled, rest, ordered=ordered)
    members: list[list[int]] = [[] for _ in blocks]
    for position, block in enumerate(match.block_of):
        members[block].append(position)

    result: list[tuple[Part, ...]] = []
    for block, text in enumerate(blocks):
        covered = [
            labelled[match.text_of[partner]][0] if partner >= 0 else None
            for partner in (match.partner[position] for position in members[block])
        ]
        if len(set(covered)) < 2 or not any(covered):
            result.append((Part(0, len(text), whole[block].label),))
            continue
        parts: list[Part] = []
        where = [match.page[position] for position in members[block]]
        for index, label in enumerate(_fill(covered, rest)):
            start = _cut(text, where[index - 1].end, where[index].start) if index else 0
            if parts and parts[-1].label == label:
                continue
            if parts:
                parts[-1] = parts[-1]._replace(end=start)
            parts.append(Part(start, len(text), label))
        result.append(tuple(parts))
    return result


def text_shares(
    blocks: Sequence[str], texts: Sequence[str], *, ordered: bool = True
) -> list[float]:
    """Share (0 to 1) of each text's tokens found in `blocks`; 1 for a text without tokens."""
    match = match_texts(blocks, texts, ordered=ordered)
    found = Counter(match.text_of[partner] for partner in match.partner if partner >= 0)
    sizes = Counter(match.text_of)
    return [found[index] / sizes[index] if sizes[index] else 1.0 for index in range(len(texts))]


def _moved(match: Match, labels: Sequence[str], judged: Container[int]) -> dict[int, Alignment]:
    """Alignments of blocks not `judged` yet that hold 4-grams of the labelled texts.

    Where those 4-grams have no match elsewhere, the block is text that moved and takes
    its label. Else it is a second copy, as in layouts for two screen sizes, and
    neither its label nor `rest` would be true: `unjudged`.
    """
    of_block: dict[int, list[tuple[str, ...]]] = {}
    sizes = Counter(match.block_of)
    words = [token.text for token in match.page]
    for at, block in enumerate(match.block_of[: len(words) - GRAM + 1]):
        if (
            block not in judged
            and sizes[block] >= _MIN_MOVED
            and block == match.block_of[at + GRAM - 1]
        ):
            of_block.setdefault(block, []).append(tuple(words[at : at + GRAM]))
    wanted = {gram for grams in of_block.values() for gram in grams}
    matched = set(match.partner)
    free: dict[tuple[str, ...], Counter[str]] = {}
    words = [token.text for token in match.texts]
    for at, gram in enumerate(zip(*(words[shift:] for shift in range(GRAM)), strict=False)):
        if gram in wanted and match.text_of[at] == match.text_of[at + GRAM - 1]:
            counts = free.setdefault(gram, Counter())
            if not matched.issuperset(range(at, at + GRAM)):
                counts[labels[match.text_of[at]]] += 1

    result = {}
    for block, grams in of_block.items():
        votes = Counter(label for gram in grams for label in +free.get(gram, Counter()))
        label, count = votes.most_common(1)[0] if votes else (UNJUDGED, 0)
        if count < MOVED * len(grams):
            label, count = UNJUDGED, sum(gram in free for gram in grams)
        if count >= MOVED * len(grams):
            result[block] = Alignment(label, count / len(grams))
            for gram in grams:
                if gram in free:
                    free[gram][label] -= 1
    return result


def _fill(covered: Sequence[str | None], rest: str) -> list[str]:
    """Labels of all tokens of a block: short gaps inside a label are its own, others are `rest`."""
    result: list[str] = []
    begin = 0
    while begin < len(covered):
        stop = begin
        while stop < len(covered) and covered[stop] == covered[begin]:
            stop += 1
        label = covered[begin]
        if label is None:
            inside = begin > 0 and stop < len(covered) and covered[begin - 1] == covered[stop]
            label = (covered[stop] if inside and stop - begin < GRAM else None) or rest
        result += [label] * (stop - begin)
        begin = stop
    return result


def _cut(text: str, end: int, start: int) -> int:
    """Where to cut between two tokens: behind the last white space, so signs stay with the next."""
    for at in range(start, end, -1):
        if text[at - 1].isspace():
            return at
    return start
