"""Carry labels from labelled texts over to the blocks of a page.

Labels are attached to texts, so they outlive every change of the segmentation.
Here both sides become normalised tokens. Texts in page order are matched by the
longest common subsequence of tokens, with the bit-parallel algorithm of Hyyrö
(2004, "Bit-parallel LCS-length computation revisited") on Python's integers:
exact, and well under a second for 10,000 tokens against 5,000. Texts without an
order are each looked up on their own.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cleaner.data.pages import Labelled
    from cleaner.types import Page

UNJUDGED = "unjudged"
"""The label of text that nobody judged: neither trained on nor scored."""

FOUND = 0.5
"""Share of a labelled text's tokens from which the page holds it; see `text_shares`."""
_MAJORITY = 0.5  # share of a block's tokens that its label must cover
_MOVED = 0.8  # share of 4-grams at which a text counts as found out of order
_GRAM = 4
_MIN_MOVED = 6  # tokens; a shorter block out of order is more likely a coincidence
_STRAY = 2  # tokens; shorter runs of matches are stray words unless they are whole blocks

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


@dataclass(frozen=True, slots=True)
class _Match:
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
    match = _match(blocks, [text for _, text in labelled], ordered)
    labels = [label for label, _ in labelled]
    sizes = Counter(match.block_of)
    votes: list[Counter[str]] = [Counter() for _ in blocks]
    for position, partner in enumerate(match.partner):
        if partner >= 0:
            votes[match.block_of[position]][labels[match.text_of[partner]]] += 1
    result: dict[int, Alignment] = {}
    for block, count_of in enumerate(votes):
        label, count = count_of.most_common(1)[0] if count_of else (rest, 0)
        if count and (count >= _MAJORITY * sizes[block] or (not ordered and count >= _GRAM)):
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
    match = _match(blocks, [text for _, text in labelled], ordered)
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
    match = _match(blocks, texts, ordered)
    found = Counter(match.text_of[partner] for partner in match.partner if partner >= 0)
    sizes = Counter(match.text_of)
    return [found[index] / sizes[index] if sizes[index] else 1.0 for index in range(len(texts))]


def locate_spam(
    page: Page, labelled: Sequence[Labelled], *, ordered: bool = True
) -> list[tuple[int, int]]:
    """Offsets in `page.source` of the spam marked in `labelled`, in page order.

    A mark that spans several blocks gives one pair per block. A mark of which less than half
    the tokens are found in the page is left out, and one without a token, such as `★★★`, that
    does not stand beside the same token.
    """
    located = _locate_spam(page, labelled, ordered)
    return sorted({span for _, spans in located for span in spans})


def lost_spam(page: Page, labelled: Sequence[Labelled], *, ordered: bool = True) -> list[int]:
    """Numbers of the labelled texts that hold a mark which `locate_spam` leaves out."""
    located = _locate_spam(page, labelled, ordered)
    return sorted({number for number, spans in located if not spans})


def _locate_spam(
    page: Page, labelled: Sequence[Labelled], ordered: bool
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """For each mark, the number of its text and where it is in `page.source`."""
    blocks = [page.text_of(block) for block in page.blocks]
    match = _match(blocks, [entry.text for entry in labelled], ordered)
    position_of = {partner: at for at, partner in enumerate(match.partner) if partner >= 0}
    of_text: list[list[int]] = [[] for _ in labelled]
    for index, text in enumerate(match.text_of):
        of_text[text].append(index)

    def beside(number: int, start: int, end: int) -> list[tuple[int, int]]:
        """A mark without a token, where it stands beside the token before or behind it."""
        before = [at for at in of_text[number] if match.texts[at].end <= start]
        behind = [at for at in of_text[number] if match.texts[at].start >= end]
        spans = []
        for index in (*before[-1:], *behind[:1]):
            if index not in position_of:
                continue
            token, there = match.texts[index], match.page[position_of[index]]
            block = match.block_of[position_of[index]]
            shift = there.end - token.end if index in before else there.start - token.start
            marked = labelled[number].text[start:end]
            if blocks[block][max(start + shift, 0) : end + shift] == marked:
                offset = page.blocks[block].start + shift
                spans = [(offset + start, offset + end)]
        return spans

    for number, entry in enumerate(labelled):
        for start, end in entry.spam:
            inside = [
                index
                for index in of_text[number]
                if match.texts[index].start < end and match.texts[index].end > start
            ]
            if not inside:
                yield number, beside(number, start, end)
                continue
            found = sorted(position_of[index] for index in inside if index in position_of)
            if len(found) < _MAJORITY * len(inside):
                yield number, []
                continue
            first, last = match.texts[inside[0]], match.texts[inside[-1]]
            lead, trail = entry.text[start : first.start], entry.text[last.end : end]
            spans = []
            for block in sorted({match.block_of[position] for position in found}):
                here = [position for position in found if match.block_of[position] == block]
                left, right = match.page[here[0]].start, match.page[here[-1]].end
                # Brackets and other signs at the edges of a mark have no token to be found by.
                if blocks[block][:left].endswith(lead):
                    left -= len(lead)
                if blocks[block][right:].startswith(trail):
                    right += len(trail)
                offset = page.blocks[block].start
                spans.append((offset + left, offset + right))
            yield number, spans


@lru_cache(maxsize=65_536)
def _normalise(word: str) -> str:
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKC", _DROP.sub("", word)).casefold()


def _match(blocks: Sequence[str], texts: Sequence[str], ordered: bool) -> _Match:
    return _matched(tuple(blocks), tuple(texts), ordered)


# Labels, parts and spam of a page are asked for one after the other.
@lru_cache(maxsize=1)
def _matched(blocks: tuple[str, ...], texts: tuple[str, ...], ordered: bool) -> _Match:
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
    return _Match(page, block_of, labelled, text_of, partner)


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


def _moved(match: _Match, labels: Sequence[str], judged: Container[int]) -> dict[int, Alignment]:
    """Alignments of blocks not `judged` yet that hold 4-grams of the labelled texts.

    Where those 4-grams have no match elsewhere, the block is text that moved and takes
    its label. Else it is a second copy, as in layouts for two screen sizes, and
    neither its label nor `rest` would be true: `unjudged`.
    """
    of_block: dict[int, list[tuple[str, ...]]] = {}
    sizes = Counter(match.block_of)
    words = [token.text for token in match.page]
    for at, block in enumerate(match.block_of[: len(words) - _GRAM + 1]):
        if (
            block not in judged
            and sizes[block] >= _MIN_MOVED
            and block == match.block_of[at + _GRAM - 1]
        ):
            of_block.setdefault(block, []).append(tuple(words[at : at + _GRAM]))
    wanted = {gram for grams in of_block.values() for gram in grams}
    matched = set(match.partner)
    free: dict[tuple[str, ...], Counter[str]] = {}
    words = [token.text for token in match.texts]
    for at, gram in enumerate(zip(*(words[shift:] for shift in range(_GRAM)), strict=False)):
        if gram in wanted and match.text_of[at] == match.text_of[at + _GRAM - 1]:
            counts = free.setdefault(gram, Counter())
            if not matched.issuperset(range(at, at + _GRAM)):
                counts[labels[match.text_of[at]]] += 1

    result = {}
    for block, grams in of_block.items():
        votes = Counter(label for gram in grams for label in +free.get(gram, Counter()))
        label, count = votes.most_common(1)[0] if votes else (UNJUDGED, 0)
        if count < _MOVED * len(grams):
            label, count = UNJUDGED, sum(gram in free for gram in grams)
        if count >= _MOVED * len(grams):
            result[block] = Alignment(label, count / len(grams))
            for gram in grams:
                if gram in free:
                    free[gram][label] -= 1
    return result


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
    for at in range(len(right) - _GRAM + 1):
        if block_of[at] == block_of[at + _GRAM - 1]:
            grams.setdefault(tuple(right[at : at + _GRAM]), []).append(at)

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
    total = len(words) - _GRAM + 1
    for at in range(total):
        for position in grams.get(tuple(words[at : at + _GRAM]), ()):
            held.setdefault(block_of[position], {}).setdefault(at, position)
    for block in sorted(held):
        if len(held[block]) >= _MOVED * total:
            pairs = {
                position + shift: indices[at + shift]
                for at, position in held[block].items()
                for shift in range(_GRAM)
                if position + shift not in taken
            }
            taken.update(pairs)
            return [(index, position) for position, index in pairs.items()]
    return []


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
            label = (covered[stop] if inside and stop - begin < _GRAM else None) or rest
        result += [label] * (stop - begin)
        begin = stop
    return result


def _cut(text: str, end: int, start: int) -> int:
    """Where to cut between two tokens: behind the last white space, so signs stay with the next."""
    for at in range(start, end, -1):
        if text[at - 1].isspace():
            return at
    return start
