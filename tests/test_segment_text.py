"""Plain text to blocks: the source stays as it is, wrapped lines become paragraphs."""

from __future__ import annotations

import re
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cleaner
from cleaner.scripts import UNSEEN
from cleaner.segment.text import segment_text
from cleaner.signs import LINE_ENDS
from cleaner.types import Page

PROSE = (
    "The river rose two metres in a single night, and by the morning the lower road had gone, "
    "said the people who live beside it; nobody had expected that so early in the year. "
)


def blocks(text: str) -> list[str]:
    page = segment_text(text)
    return [page.text_of(block) for block in page.blocks]


def check(page: Page) -> None:
    """What holds for every segmented text."""
    text, at = page.source, 0
    for block in page.blocks:
        assert at <= block.start < block.end
        assert text[at : block.start].strip(UNSEEN + LINE_ENDS) == ""
        assert text[block.start : block.end].strip() == text[block.start : block.end]
        at = block.end
    assert text[at:].strip(UNSEEN + LINE_ENDS) == ""


lines = st.lists(
    st.text(max_size=50)
    | st.sampled_from(
        ["", " ", "\t", "\u3000", "\x0b", "\x85", "\u2028", "\x1c", PROSE, PROSE[:60]]
    ),
    max_size=30,
)


@given(lines, st.sampled_from(["\n", "\r\n", "\r", "\n\n"]))
def test_source_is_the_input_and_blocks_hold_all_its_text(rows: list[str], newline: str) -> None:
    text = newline.join(rows)
    page = segment_text(text)
    assert page.source == text
    check(page)


def test_a_line_is_a_block() -> None:
    assert blocks("Home\n  About us \n\nA story.\n") == ["Home", "About us", "A story."]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends(newline: str) -> None:
    assert blocks(newline.join(["one", "", "two", "three"])) == ["one", "two", "three"]


@pytest.mark.parametrize("width", [60, 72, 80, 100])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_wrapped_paragraphs_are_joined(width: int, newline: str) -> None:
    paragraphs = [PROSE * 3, PROSE * 2, "Short one.", PROSE * 4]
    text = newline * 2
    text = text.join(newline.join(textwrap.wrap(p, width)) for p in paragraphs)
    assert [" ".join(block.split()) for block in blocks(text)] == [p.strip() for p in paragraphs]


@pytest.mark.parametrize("mark", ["> ", ">", ">> ", "> > "])
def test_wrapped_quotes_are_joined(mark: str) -> None:
    paragraphs = [PROSE * 3, PROSE * 5]
    text = f"\n{mark.rstrip()}\n".join(textwrap.fill(p, 64) for p in paragraphs)
    text = "\n".join(
        mark.rstrip() if line == mark.rstrip() else mark + line for line in text.split("\n")
    )
    found = [block for block in blocks(text) if block.strip("> ")]
    assert [" ".join(re.sub(rf"^{mark}", "", b, flags=re.M).split()) for b in found] == [
        p.strip() for p in paragraphs
    ]


def test_a_quote_and_what_answers_it_are_not_joined() -> None:
    quote = textwrap.fill(PROSE * 2, 64, initial_indent="> ", subsequent_indent="> ")
    answer = textwrap.fill(PROSE * 2, 64)
    assert blocks(f"{quote}\n{answer}\n{quote}") == [quote, answer, quote]


@pytest.mark.parametrize("mark", ["* ", "- ", "• ", "1. ", "12) "])
@pytest.mark.parametrize("before", ["", "> ", "  "])
def test_wrapped_items_are_joined_each(mark: str, before: str) -> None:
    sizes = (150, 100, 140, 170, 120)
    items = [
        textwrap.fill(
            PROSE[:size],
            64,
            initial_indent=before + mark,
            subsequent_indent=before + " " * len(mark),
        )
        for size in sizes
    ]
    assert blocks("\n".join(items)) == [item.strip() for item in items]


IDEOGRAPHS = "昨夜河水上涨两米，低处的道路在清晨被冲毁；居民说，谁也没有料到今年会来得这么早。" * 9


@pytest.mark.parametrize("before", ["", "“", "「", "（"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_paragraphs_of_ideographs_are_not_taken_for_wrapped_text(before: str, newline: str) -> None:
    sizes = (61, 63, 66, 62, 64)
    paragraphs = [before + IDEOGRAPHS[: size - len(before) - 1] + "。" for size in sizes]
    paragraphs.append("版权所有")
    assert blocks(newline.join(paragraphs)) == paragraphs


def test_paragraphs_of_thai_are_not_taken_for_wrapped_text() -> None:
    words = "เที่ยวสุดท้ายของรถไฟสายบางคลองออกเดินทาง" * 3
    paragraphs = [words[:size] for size in (62, 110, 75, 95, 84)]
    assert blocks("\n".join(paragraphs)) == paragraphs


@pytest.mark.parametrize("width", [40, 60])
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_wrapped_ideographs_are_joined(width: int, gap: str) -> None:
    # No line begins with a comma or a full stop: the character before it comes along.
    line = re.compile(rf".{{1,{width}}}(?![，。；])")
    paragraphs = [IDEOGRAPHS[:size] + "完。" for size in (290, 210, 330, 250)]
    text = gap.join("\n".join(line.findall(paragraph)) for paragraph in paragraphs)
    assert ["".join(block.split()) for block in blocks(text)] == paragraphs


@pytest.mark.parametrize("path", ["a", "é"])
def test_a_long_address_leaves_wrapped_text_wrapped(path: str) -> None:
    address = f"https://example.org/{path * 150}"
    wrapped = "\n".join(textwrap.wrap(PROSE * 3, 72))
    found = blocks(f"{wrapped}\n\n{address}\nhas more of it.\n\n{wrapped}")
    assert [found[0], found[-1]] == [wrapped, wrapped]


WRAPPED = ["\n".join(textwrap.wrap(PROSE * times, 72)) for times in (3, 2, 4)]


@pytest.mark.parametrize("items", [1, 20, 60])
def test_paragraphs_beside_menus_are_joined(items: int) -> None:
    menu = ["Home", "World", "Sport", "Culture", "About us"] * (items // 5 + 1)
    assert blocks("\n".join(menu) + "\n\n" + "\n\n".join(WRAPPED)) == [*menu, *WRAPPED]


@pytest.mark.parametrize("size", [76, 85, 119, 150])
def test_a_line_wider_than_the_others_stays_a_line(size: int) -> None:
    wide = ("Read on: https://example.org/" + "a-b" * 50)[:size]
    found = blocks("\n\n".join([f"{wide}\nSigned, the editors", *WRAPPED]))
    assert found == [wide, "Signed, the editors", *WRAPPED]


def test_indented_paragraphs_are_joined() -> None:
    indent = " " * 8
    quoted = textwrap.fill(PROSE * 3, 72, initial_indent=indent, subsequent_indent=indent)
    found = blocks("\n\n".join([WRAPPED[0], quoted, WRAPPED[1]]))
    assert found == [WRAPPED[0], quoted.strip(), WRAPPED[1]]


@pytest.mark.parametrize("columns", [60, 72, 80])
def test_ideographs_wrapped_by_columns_are_joined(columns: int) -> None:
    size = columns // 2
    text = "\n".join(IDEOGRAPHS[at : at + size] for at in range(0, len(IDEOGRAPHS), size))
    assert blocks(text) == [text]


def test_a_line_end_that_was_written_twice() -> None:
    text = "\r\r\n".join(textwrap.wrap(PROSE * 4, 72))
    assert blocks(text) == [text]
    assert cleaner.clean(text).text == cleaner.clean(text.replace("\r\r\n", "\n")).text


def test_what_shows_nothing_is_no_text() -> None:
    text = f"\ufeff{PROSE}\n\u200b\n \u200f{PROSE}\u200b \n\xad"
    assert blocks(text) == [PROSE.strip(), PROSE.strip()]


def test_a_list_is_not_taken_for_wrapped_text() -> None:
    items = [f"A headline about the river number {number}" for number in range(30)]
    assert blocks("\n".join(items)) == items


def test_long_lines_are_not_taken_for_wrapped_text() -> None:
    assert blocks("\n".join([PROSE] * 5)) == [PROSE.strip()] * 5


def test_empty() -> None:
    assert blocks("") == blocks(" \n\t\n") == []


SENTENCES = [
    f"Sentence number {n} speaks of the river, J. Fenn said in issue {n} of it." for n in range(14)
]


def test_a_page_on_one_line_is_cut_into_sentences() -> None:
    assert blocks(" ".join(SENTENCES)) == SENTENCES


def test_a_paragraph_is_not_cut() -> None:
    assert blocks(" ".join(SENTENCES[:8])) == [" ".join(SENTENCES[:8])]


def test_a_long_paragraph_among_others_is_not_cut() -> None:
    paragraphs = [" ".join(SENTENCES)] * 3
    assert blocks("\n\n".join(paragraphs)) == paragraphs


def test_ideographic_sentences_need_no_space() -> None:
    sentences = [
        f"第{n}の文では、昨夜の雨で川の水が二メートルも増えたことを述べる。" for n in range(14)
    ]
    assert blocks("".join(sentences)) == sentences


def test_what_ends_no_sentence_is_cut_at_white_space() -> None:
    phrases = ["เที่ยวสุดท้ายของรถไฟสายบางคลองออกเดินทาง" * 2] * 60
    found = blocks(" ".join(phrases))
    assert len(found) > 30
    assert "".join("".join(found).split()) == "".join(phrases)


def test_a_line_of_padded_columns_is_cut_into_what_it_shows() -> None:
    columns = "Name" + " " * 90 + "Place. " + " " * 200 + "x" * 40 + " " * 150 + "word " * 300
    page = segment_text(columns)
    check(page)
    assert "".join(map(page.text_of, page.blocks)).split() == columns.split()
    assert cleaner.clean(columns, kind="text").error is None


LINES = st.text(alphabet="aB.!。 \t\n\u3000\u200b字ก>-1", max_size=40)


@given(st.lists(st.tuples(LINES, st.integers(1, 60)), max_size=8))
def test_blocks_hold_all_that_is_seen(pieces: list[tuple[str, int]]) -> None:
    check(segment_text("".join(piece * times for piece, times in pieces)))


def test_a_space_lost_between_sentences_is_no_loss() -> None:
    assert blocks("".join(SENTENCES)) == SENTENCES


@pytest.mark.parametrize("piece", [".", "!?", "。", "x.", '."', " ", "a ", "x.Y", "ก"])
def test_one_long_line_takes_linear_time(piece: str) -> None:
    begin = time.perf_counter()
    page = segment_text("Words before it. " + piece * 100_000 + "x")
    assert time.perf_counter() - begin < 5
    check(page)


@pytest.mark.parametrize("piece", ["x", "“", "字", "字。", "ก", "x字"])
@pytest.mark.parametrize("count", [4, 100_000])
def test_many_or_long_lines_take_linear_time(piece: str, count: int) -> None:
    begin = time.perf_counter()
    segment_text("\n".join([piece * (400_000 // count)] * count))
    assert time.perf_counter() - begin < 5


def test_a_dash_or_a_date_that_came_to_begin_a_line_is_no_list() -> None:
    paragraph = (
        "Die Brücke bleibt bis zum Frühjahr gesperrt, so beschloss es der Rat am Abend nach dem "
        "10. Mai und nach langer Debatte mit zwei Pausen, in denen es - wie man hört - laut wurde, "
        "aber dann gingen alle nach Hause, denn es regnete noch immer und der letzte Bus fuhr bald."
    )
    for width in range(50, 80):
        text = textwrap.fill(paragraph, width)
        assert len(segment_text(text).blocks) == 1


def test_lines_of_one_length_that_each_end_a_sentence_are_paragraphs() -> None:
    lines = [
        "The old bridge over the river was closed to lorries on Monday after a crack was found.",
        "The council says that repairs will take until spring and cost about two million pounds.",
        "Residents of the lower town fear that the detour will add half an hour to their way.",
        "A petition for a temporary bridge has been signed by over four thousand people so far.",
    ]
    assert blocks("\n".join(lines)) == lines
