"""Features: names, shapes, numbers that stay finite, and what a few of them say."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.features import BAGS, feature_names, features_of
from cleaner.features.bags import Bag, Words, bag
from cleaner.features.characters import CLASSES, classes_of
from cleaner.features.text import TEXT_FEATURES
from cleaner.scripts import codepoints
from cleaner.segment import segment
from cleaner.segment.html import segment_html
from cleaner.segment.text import segment_text
from cleaner.types import Page

PROSE = "The river rose two metres in one night, and nobody on the bank had seen it come so soon. "
PAGE = f"""<title>The river rose - Fen Post</title>
<nav><a href=/>Home</a> <a href=/w>World</a></nav>
<article><h1>The river rose</h1><p>{PROSE}</p><p>{PROSE * 2}</p></article>
<ol class=comments><li class=comment-item><p>Why so soon?</p></li>
<li class=comment-item><p>Rain.</p></li></ol>"""


def column(page: Page, name: str) -> list[float]:
    values = features_of(page).dense[:, feature_names(page.kind).index(name)]
    return [round(float(value), 3) for value in values]


@pytest.mark.parametrize("kind", ["html", "text"])
def test_names_are_unique_and_shared_features_come_first(kind: str) -> None:
    names = feature_names(kind)
    assert len(set(names)) == len(names)
    shared = " ".join(TEXT_FEATURES).split()
    assert list(names[: len(shared)]) == shared


words = st.text(max_size=40) | st.sampled_from(
    [PROSE, "言葉が続く。", "ข้อความ", "\ud800", "\x00", "…", "1"]
)


@given(
    st.lists(words, min_size=1, max_size=15),
    st.sampled_from(["\n", "\n\n", "<p>", "<li><a href=x>"]),
)
def test_any_page_gives_finite_numbers(rows: list[str], between: str) -> None:
    text = between.join(["x", *rows])
    page = segment_html(text) if "<" in between else segment_text(text)
    computed = features_of(page)
    assert computed.dense.shape == (len(page.blocks), len(feature_names(page.kind)))
    assert computed.dense.dtype == np.float32
    assert np.isfinite(computed.dense).all()
    assert np.abs(computed.dense).max() < 1e6
    assert computed.units.shape == (len(page.blocks),)
    assert tuple(computed.words) == BAGS[page.kind]
    assert all(found.row.shape == (len(page.blocks),) for found in computed.words.values())


def test_values_do_not_hang_on_what_was_computed_before() -> None:
    page = segment(PAGE)
    once = features_of(page).dense
    features_of(segment(PROSE))
    assert (features_of(page).dense == once).all()


def test_links_and_containers() -> None:
    page = segment(PAGE)
    assert [page.text_of(block) for block in page.blocks][:2] == ["Home World", "The river rose"]
    assert column(page, "link_share")[:2] == [0.9, 0.0]
    assert column(page, "in_nav") == [1, 0, 0, 0, 0, 0]
    assert column(page, "in_article") == [0, 1, 1, 1, 0, 0]
    assert column(page, "side_of_best")[0] == -1
    assert column(page, "side_of_best")[-1] == 1
    assert column(page, "title")[1] > 0.4
    assert column(page, "after_heading")[:2] == [-0.693, 0]


def test_repeated_containers_are_counted() -> None:
    page = segment(PAGE)
    assert column(page, "repeats_1")[-2:] == [0.693, 0.693]


def test_hidden_blocks_say_so() -> None:
    page = segment("<p>seen</p><p hidden>unseen</p>", "html")
    assert column(page, "hidden") == [0, 1]


def test_copies_gaps_and_indents() -> None:
    page = segment("Reply\n\n\n    Reply\nOther", "text")
    assert column(page, "copies") == [0.693, 0.693, 0]
    assert column(page, "gap_before") == [0, 3, 1]
    assert column(page, "indent") == [0, 1.609, 0]
    unseen = "\ufeff" + page.source.replace("Other", "\u200b\u200eOther")
    assert column(segment(unseen, "text"), "indent") == [0, 1.609, 0]


@pytest.mark.parametrize("newline", ["\r\n", " \n", "\r\r\n"])
@pytest.mark.parametrize("width", [72, 1000])
def test_line_ends_change_no_feature(newline: str, width: int) -> None:
    text = "Home\nWorld\n\n  The river rose\n\n\n" + "\n\n".join(
        textwrap.fill(PROSE * times, width) for times in (4, 6, 5)
    )
    text += "\n\nComments\n\tWhy so soon?\n"
    page, other = segment_text(text), segment_text(text.replace("\n", newline))
    assert len(page.blocks) == len(other.blocks) == 8
    # Within a block, the n-grams of `topic` see the space before a line's end.
    some = 0.01 if width == 72 else 0
    np.testing.assert_allclose(features_of(page).dense, features_of(other).dense, atol=some)


def test_scripts_weigh_alike() -> None:
    """The same sentence is about as long in each language."""
    sentences = [
        "The river rose two metres in a single night, said the people beside it.",
        "夜のあいだに川が二メートル増水したと、そばに住む人々が語った。",
        "河水一夜之间上涨了两米，住在河边的人们这样说道。",
        "밤사이 강물이 2미터나 불어났다고 강가에 사는 사람들이 말했다.",
    ]
    units = features_of(segment("\n".join(sentences), "text")).units
    assert units.max() < 1.7 * units.min()


@pytest.mark.parametrize(
    ("char", "name"),
    [
        ("a", "lower"),
        ("É", "upper"),
        ("ب", "caseless"),
        ("ก", "thai"),
        ("河", "ideograph"),
        ("𠀀", "ideograph"),
        ("か", "kana"),
        ("한", "hangul"),
        ("٣", "digit"),
        ("\u3000", "space"),
        ("\u2028", "newline"),
        ("।", "stop"),
        ("、", "comma"),
        ("：", "colon"),
        ("«", "separator"),
        ("“", "quote"),
        ("（", "bracket"),
        ("»", "separator"),
        ("&", "punctuation"),
        ("🎉", "emoji"),
        ("\ud800", "other"),
        ("\x00", "other"),
    ],
)
def test_character_classes(char: str, name: str) -> None:
    assert CLASSES[classes_of(codepoints(char))[0]] == name


def test_words_are_folded_and_come_from_both_ends() -> None:
    text = "Posted by ANN, 12 May 2020 " + "and so on " * 30 + "Read More »"
    (found,) = features_of(segment(text, "text")).words["words"].rows
    assert list(found[:6]) == ["posted", "by", "ann", "00", "may", "0000"]
    assert "more" in found


def test_unspaced_scripts_give_pairs() -> None:
    (found,) = features_of(segment("続きを読む", "text")).words["words"].rows
    assert list(found) == ["続き", "きを", "を読", "読む"]


def test_markup_words_near_and_far() -> None:
    html = "<div id=thread><section class=list><div class=entry><p class=body>text"
    words_of = features_of(segment(html, "html")).words
    assert set(words_of["near"].rows[0]) == {"body", "entry"}
    assert set(words_of["far"].rows[0]) == {"list", "thread"}


def test_blocks_that_look_alike_share_a_row_of_words() -> None:
    html = "<ul><li>Home<li>World<li>Home</ul><p><b class=lead>Home</b>"
    words_of = features_of(segment(html, "html")).words
    assert words_of["words"].rows == [["home"], ["world"]]
    assert words_of["words"].row.tolist() == [0, 1, 0, 0]
    assert words_of["near"].row.tolist() == [0, 0, 0, 1]
    assert list(words_of["near"].rows[1]) == ["lead"]


def test_bag_leaves_unknown_words_out() -> None:
    words = Words([["a", "b", "a"], [], ["c"], ("b",)], np.array([0, 1, 2, 3, 3]))
    found = bag(words, {"a": 0, "b": 1})
    assert found.ids.tolist() == [0, 1, 0, 1]
    assert found.sizes.tolist() == [3, 0, 0, 1]
    assert found.row.tolist() == [0, 1, 2, 3, 3]


def test_a_row_for_each_block_holds_the_same_words() -> None:
    words = Words([("a", "b"), (), ("b",)], np.array([0, 1, 0, 2, 1]))
    shared = bag(words, {"a": 0, "b": 1})
    found = Bag.joined([shared, shared]).by_block()
    assert found.ids.tolist() == [0, 1, 0, 1, 1] * 2
    assert found.sizes.tolist() == [2, 0, 2, 1, 0] * 2
    assert found.row.tolist() == list(range(10))
