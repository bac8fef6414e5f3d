"""Match the tokens of labelled texts with those of a page.

Both sides become normalised tokens. Texts in page order are matched by the longest common
subsequence of tokens, with the bit-parallel algorithm of Hyyrö (2004, "Bit-parallel
LCS-length computation revisited") on Python's integers: exact, and well under a second for
10,000 tokens against 5,000. Texts without an order are each looked up on their own.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt
from typing import NamedTuple

GRAM = 4
"""Tokens of the runs by which texts are found out of order."""
MOVED = 0.8
"""Share of these runs from which a text counts as found."""
_STRAY = 2
"""Shorter or equal runs of matches are stray words unless they are whole blocks."""

# Scripts written without spaces: a character is a token, as word boundaries would differ by chance.
_SINGLE = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # ideographs
    "\uff66-\uff9f"  # half-width kana
    "\U00020000-\U000323af"
)
# Invisible characters and combining accents may stand inside a word; the first are dropped.
_INVISIBLE = "\u00ad\u200b-\u200d\u2060\ufeff"
_TOKEN = re.compile(
    rf"[{_SINGLE}]|(?:(?![{_SINGLE}])\w)(?:(?![{_SINGLE}])[\w\u0300-\u036f{_INVISIBLE}])*"
)
_DROP = re.compile(f"[{_INVISIBLE}]")


class Token(NamedTuple):
    """A normalised word or single character, with its offsets in the text it came from."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Match:
    """Tokens of both sides and which of them belong together."""

    page: list[Token]
    block_of: list[int]
    """Block of each page token."""
    texts: list[Token]
    text_of: list[int]
    """Labelled text of each text token."""
    partner: list[int]
    """Text token matched to each page token, -1 for none."""


def tokens(text: str) -> list[Token]:
    """Words of `text`, compatibility-normalised and case-folded, with offsets.

    Each ideograph, kana, Thai, Lao, Khmer or Myanmar character is a token of its own.
    """
    return [
        Token(_normalise(found[0]), found.start(), found.end()) for found in _TOKEN.finditer(text)
    ]


# A page is aligned again with each of its renderings.
_tokens = lru_cache(maxsize=4096)(tokens)


def match_texts(blocks: Sequence[str], texts: Sequence[str], *, ordered: bool) -> Match:
    """Match texts, in page order or in none, with the blocks of a page."""
    return _matched(tuple(blocks), tuple(texts), ordered)


# Labels, parts and spam of a page are asked for one after the other.
@lru_cache(maxsize=1)
def _matched(blocks: tuple[str, ...], texts: tuple[str, ...], ordered: bool) -> Match:
    page, block_of = _concatenate(blocks)
    labelled, text_of = _concatenate(texts)
    left, right = [token.text for token in labelled], [token.text for token in page]
    partner = [-1] * len(page)
    if ordered and left == right:  # as in pages whose every block is listed
        pairs = _without_strays([(at, at) for at in range(len(left))], text_of, block_of)
    elif ordered:
        # Only tokens that can be in a run: else, where a page lacks much of the labelled text,
        # words scattered over its menus make a longer subsequence than the paragraphs it has.
        rows = _in_runs(left, text_of, right, block_of)
        columns = _in_runs(right, block_of, left, text_of)
        found = common_subsequence([left[row] for row in rows], [right[at] for at in columns])
        pairs = [(rows[row], columns[column]) for row, column in found]
        pairs = _join_runs(pairs, left, right)
        pairs = _without_strays(pairs, text_of, block_of)
    else:
        pairs = _look_up(left, text_of, right, block_of)
    for index, position in pairs:
        partner[position] = index
    return Match(page, block_of, labelled, text_of, partner)


def _in_runs(
    words: Sequence[str], owner: Sequence[int], others: Sequence[str], other_owner: Sequence[int]
) -> list[int]:
    """Positions in `words` inside a 3-gram that `others` have, or inside a short text they have."""
    grams = set(zip(others, others[1:], others[2:], strict=False))
    short = set(_short_texts(others, other_owner).values())
    positions = {
        at + shift
        for at, gram in enumerate(zip(words, words[1:], words[2:], strict=False))
        if gram in grams
        for shift in range(_STRAY + 1)
    }
    for span, text in _short_texts(words, owner).items():
        if text in short:
            positions.update(span)
    return sorted(positions)


def _short_texts(words: Sequence[str], owner: Sequence[int]) -> dict[range, tuple[str, ...]]:
    """Texts of one or two tokens, by their positions."""
    spans = []
    begin = 0
    for at in range(1, len(words) + 1):
        if at == len(words) or owner[at] != owner[begin]:
            spans.append(range(begin, at))
            begin = at
    return {span: tuple(words[span.start : span.stop]) for span in spans if len(span) <= _STRAY}


def _concatenate(texts: Iterable[str]) -> tuple[list[Token], list[int]]:
    every: list[Token] = []
    owner: list[int] = []
    for index, text in enumerate(texts):
        found = _tokens(text)
        every += found
        owner += [index] * len(found)
    return every, owner


@lru_cache(maxsize=65_536)
def _normalise(word: str) -> str:
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKC", _DROP.sub("", word)).casefold()


def common_subsequence(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """A longest common subsequence as ascending index pairs (in `left`, in `right`).

    Row i of the table of LCS lengths is one integer: bit j is 0 where the length
    grows at column j. Every √rows-th row is kept, the rows between are computed
    again on the way back, so memory is O(columns · √rows / 8) bytes.
    """
    shared = set(left) & set(right)
    rows = [index for index, token in enumerate(left) if token in shared]
    columns = [index for index, token in enumerate(right) if token in shared]
    masks = dict.fromkeys(shared, 0)
    for bit, column in enumerate(columns):
        masks[right[column]] |= 1 << bit
    full = (1 << len(columns)) - 1

    def compute(vector: int, begin: int, stop: int) -> list[int]:
        """The vectors before each of rows `begin` to `stop`, and the one after."""
        vectors = [vector]
        for row in range(begin, stop):
            kept = vector & masks[left[rows[row]]]
            vector = ((vector + kept) | (vector - kept)) & full
            vectors.append(vector)
        return vectors

    step = isqrt(len(rows)) + 1
    starts = list(range(0, len(rows), step))
    checkpoints = [full]
    for begin in starts:
        checkpoints.append(compute(checkpoints[-1], begin, min(begin + step, len(rows)))[-1])

    pairs = []
    column = len(columns) - 1
    for begin, checkpoint in zip(reversed(starts), reversed(checkpoints[:-1]), strict=True):
        stop = min(begin + step, len(rows))
        vectors = compute(checkpoint, begin, stop)
        for row in range(stop - 1, begin - 1, -1):
            after, before = vectors[row - begin + 1], vectors[row - begin]
            while column >= 0 and after >> column & 1:
                column -= 1
            if column < 0:
                break
            if before >> column & 1:
                pairs.append((rows[row], columns[column]))
                column -= 1
    pairs.reverse()
    return pairs


def _join_runs(
    pairs: list[tuple[int, int]], left: Sequence[str], right: Sequence[str]
) -> list[tuple[int, int]]:
    """Move pairs to an equal token beside a longer run: same length, fewer and longer runs.

    Among equally long subsequences the table yields one at random, so that the first
    word of a paragraph may be matched to the same word in a menu far above it.
    """
    pairs = list(pairs)
    for way in (-1, 1):
        # Going against `way`: `other` is the neighbour that a pair could move beside.
        order = range(len(pairs)) if way == 1 else range(len(pairs) - 1, -1, -1)
        behind = _run_lengths(pairs, way)
        run = 0
        for at in order:
            other = at - way
            if not 0 <= other < len(pairs):
                run = 1
                continue
            beside = (pairs[other][0] + way, pairs[other][1] + way)
            if pairs[at] == beside:
                run += 1
            elif behind[at] <= run and (
                0 <= beside[0] < len(left)
                and 0 <= beside[1] < len(right)
                and left[beside[0]] == right[beside[1]]
            ):
                pairs[at] = beside
                run += 1
            else:
                run = 1
    return pairs


def _run_lengths(pairs: Sequence[tuple[int, int]], way: int) -> list[int]:
    """Length of the run from each pair on, seen in direction `way` (1 ahead, -1 back)."""
    lengths = [1] * len(pairs)
    order = range(len(pairs)) if way == -1 else range(len(pairs) - 1, -1, -1)
    for at in order:
        other = at + way
        beside = (pairs[at][0] + way, pairs[at][1] + way)
        if 0 <= other < len(pairs) and pairs[other] == beside:
            lengths[at] = lengths[other] + 1
    return lengths


def _without_strays(
    pairs: Sequence[tuple[int, int]], text_of: Sequence[int], block_of: Sequence[int]
) -> list[tuple[int, int]]:
    """Drop runs of one or two tokens, except those that are a whole block and a whole text."""
    text_size, block_size = Counter(text_of), Counter(block_of)
    kept: list[tuple[int, int]] = []
    begin = 0
    for at in range(1, len(pairs) + 1):
        if at < len(pairs) and pairs[at] == (pairs[at - 1][0] + 1, pairs[at - 1][1] + 1):
            continue
        run = pairs[begin:at]
        index, position = run[0]
        whole = len(run) == text_size[text_of[index]] == block_size[block_of[position]]
        if len(run) > _STRAY or whole:
            kept += run
        begin = at
    return kept


def _look_up(
    left: Sequence[str], text_of: Sequence[int], right: Sequence[str], block_of: Sequence[int]
) -> list[tuple[int, int]]:
    """Pairs of each text's first exact occurrence, or of the block that holds its 4-grams."""
    texts: dict[int, list[int]] = {}
    for index, text in enumerate(text_of):
        texts.setdefault(text, []).append(index)
    haystack = "\n" + "".join(f"{token}\n" for token in right)
    offsets = []
    offset = 0
    for token in right:
        offsets.append(offset)
        offset += len(token) + 1
    grams: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(right) - GRAM + 1):
        if block_of[at] == block_of[at + GRAM - 1]:
            grams.setdefault(tuple(right[at : at + GRAM]), []).append(at)

    pairs: list[tuple[int, int]] = []
    taken: set[int] = set()
    for indices in texts.values():
        words = [left[index] for index in indices]
        needle = "\n" + "".join(f"{word}\n" for word in words)
        found = haystack.find(needle)
        while found >= 0:
            first = bisect_right(offsets, found) - 1
            span = range(first, first + len(words))
            if taken.isdisjoint(span):
                pairs += zip(indices, span, strict=True)
                taken.update(span)
                break
            found = haystack.find(needle, found + 1)
        else:
            pairs += _gram_pairs(indices, words, grams, block_of, taken)
    return pairs


def _gram_pairs(
    indices: Sequence[int],
    words: Sequence[str],
    grams: dict[tuple[str, ...], list[int]],
    block_of: Sequence[int],
    taken: set[int],
) -> list[tuple[int, int]]:
    """Pairs between a text and the first block that holds at least 80 % of its 4-grams."""
    held: dict[int, dict[int, int]] = {}
    total = len(words) - GRAM + 1
    for at in range(total):
        for position in grams.get(tuple(words[at : at + GRAM]), ()):
            held.setdefault(block_of[position], {}).setdefault(at, position)
    for block in sorted(held):
        if len(held[block]) >= MOVED * total:
            pairs = {
                position + shift: indices[at + shift]
                for at, position in held[block].items()
                for shift in range(GRAM)
                if position + shift not in taken
            }
            taken.update(pairs)
            return [(index, position) for position, index in pairs.items()]
    return []
