"""Where on a page the spam stands that its labels mark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cleaner.data.matching import match_texts

if TYPE_CHECKING:
    from cleaner.data.pages import Labelled
    from cleaner.types import Page

_MAJORITY = 0.5
"""Share of a mark's tokens that have to be found."""


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
    match = match_texts(blocks, [entry.text for entry in labelled], ordered=ordered)
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
