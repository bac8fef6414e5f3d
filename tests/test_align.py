"""Alignment of labelled texts with blocks."""

from __future__ import annotations

import time
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.data.align import Part, align, align_spans, text_shares
from cleaner.data.marks import locate_spam
from cleaner.data.matching import common_subsequence, tokens
from cleaner.data.pages import Labelled
from cleaner.types import Block, Page

CAT = "The cat sat on the mat and looked at the rain outside."
DOG = "A dog slept by the door until somebody rang the bell twice."


def labels_of(
    blocks: list[str], labelled: list[tuple[str, str]], rest: str = "unjudged", **options: bool
) -> list[str]:
    return [found.label for found in align(blocks, labelled, rest, **options)]


def plain_length(left: str, right: str) -> int:
    """Length of the longest common subsequence by the textbook table."""
    row = [0] * (len(right) + 1)
    for one in left:
        above, row = row, [0]
        for at, other in enumerate(right):
            row.append(above[at] + 1 if one == other else max(above[at + 1], row[at]))
    return row[-1]


@given(st.text("abcdef", max_size=40), st.text("abcdefg", max_size=40))
def test_subsequence_is_common_and_longest(left: str, right: str) -> None:
    pairs = common_subsequence(left, right)
    assert all(left[index] == right[position] for index, position in pairs)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(pairs))
    assert len(pairs) == plain_length(left, right)


def test_subsequence_of_a_long_page_is_fast() -> None:
    random = Random(1)
    page = [f"w{int(random.paretovariate(0.6))}" for _ in range(10_000)]
    text = [page[at] for at in sorted(random.sample(range(10_000), 5_000))]
    begin = time.perf_counter()
    assert len(common_subsequence(text, page)) == 5_000
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World 3.5!", ["hello", "world", "3", "5"]),
        ("Ｆｕｌｌ ﬁne Straße", ["full", "fine", "strasse"]),
        ("cafe\u0301", ["café"]),
        ("so\u00adft hy\u200bphen", ["soft", "hyphen"]),
        ("東京abcタワー", ["東", "京", "abc", "タ", "ワ", "ー"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("| – …", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert [token.text for token in tokens(text)] == expected


def test_thai_characters_are_single_tokens() -> None:
    assert len(tokens("กขค")) == 3


@given(st.text())
def test_token_offsets_lie_in_the_text(text: str) -> None:
    found = tokens(text)
    assert all(0 <= token.start < token.end <= len(text) for token in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_stray_words_of_a_menu_are_not_article() -> None:
    blocks = ["The Guardian", "Cat news", "Rain", CAT, "|", "Read the dog story"]
    expected = ["navigation"] * 3 + ["article", "navigation", "navigation"]
    assert labels_of(blocks, [("article", CAT)], "navigation") == expected


def test_share_is_of_the_block() -> None:
    found = align([CAT + " Extra words here."], [("article", CAT)])
    assert found[0].label == "article"
    assert found[0].share == pytest.approx(12 / 15)


def test_duplicates_are_resolved_by_position() -> None:
    blocks = ["Home", CAT, "Home", DOG, "Home"]
    labelled = [("navigation", "Home"), ("article", CAT), ("comment", "Home"), ("article", DOG)]
    expected = ["navigation", "article", "comment", "article", "unjudged"]
    assert labels_of(blocks, labelled) == expected


def test_text_that_moved_keeps_its_label_once() -> None:
    birds = "Birds sang all morning while the town was still fast asleep."
    blocks = [DOG, CAT, birds, DOG]
    labelled = [("article", CAT), ("article", birds), ("comment", DOG)]
    # The last block is the match in order, the first one a second copy.
    expected = ["unjudged", "article", "article", "comment"]
    assert labels_of(blocks, labelled, "navigation") == expected
    assert labels_of(blocks[:3], labelled, "navigation") == ["comment", "article", "article"]


def test_excerpts_in_no_order() -> None:
    blocks = [CAT + " " + DOG, "Share this", "Nice story, thanks"]
    labelled = [("comment", "nice story"), ("article", "dog slept by the door")]
    expected = ["article", "unjudged", "comment"]
    assert labels_of(blocks, labelled, ordered=False) == expected


def test_excerpt_with_small_differences_is_found_by_its_four_grams() -> None:
    excerpt = CAT.replace("outside", "inside")
    assert labels_of([DOG, CAT], [("article", excerpt)], ordered=False) == ["unjudged", "article"]


def test_spans_split_a_mixed_line() -> None:
    line = f"Home World Sport {CAT} Leave a Reply"
    parts = align_spans([line], [("article", CAT)], "navigation")[0]
    assert [(part.label, line[part.start : part.end].strip()) for part in parts] == [
        ("navigation", "Home World Sport"),
        ("article", CAT),
        ("navigation", "Leave a Reply"),
    ]
    assert (parts[0].start, parts[-1].end) == (0, len(line))
    assert all(a.end == b.start for a, b in pairwise(parts))


def test_spans_of_unmixed_blocks_are_whole() -> None:
    found = align_spans([CAT, "", "Menu"], [("article", CAT)], "navigation")
    assert found == [
        (Part(0, len(CAT), "article"),),
        (Part(0, 0, "navigation"),),
        (Part(0, 4, "navigation"),),
    ]


def test_text_shares() -> None:
    assert text_shares([CAT, DOG], [DOG, "Nothing of this", "…"]) == [1.0, 0.0, 1.0]


def test_spam_is_located_with_its_brackets() -> None:
    text = "The cat sat (cheap pills) on the mat and looked out."
    start, end = text.index("("), text.index(")") + 1
    source = "Menu\n\n" + text.replace(" sat ", "\nsat  ")
    page = Page(source, "text", (Block(0, 4), Block(6, len(source))))
    found = locate_spam(page, [Labelled("article", text, ((start, end),))])
    assert [source[a:b] for a, b in found] == ["(cheap pills)"]


def test_spam_that_is_not_in_the_page_is_left_out() -> None:
    page = Page(CAT, "text", (Block(0, len(CAT)),))
    entry = Labelled("article", CAT + " casino online", ((len(CAT) + 1, len(CAT) + 14),))
    assert locate_spam(page, [entry]) == []


@given(st.lists(st.text("ab c.", max_size=20)), st.lists(st.text("ab c.", max_size=20)))
def test_every_block_gets_one_alignment(blocks: list[str], texts: list[str]) -> None:
    labelled = [("article", text) for text in texts]
    for ordered in (True, False):
        found = align(blocks, labelled, "navigation", ordered=ordered)
        assert len(found) == len(blocks)
        assert all(0 <= alignment.share <= 1 for alignment in found)
        for block, parts in zip(
            blocks, align_spans(blocks, labelled, ordered=ordered), strict=True
        ):
            assert "".join(block[part.start : part.end] for part in parts) == block
