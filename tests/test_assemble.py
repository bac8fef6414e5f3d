"""Clean text by deletion alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.assemble import clean_text
from cleaner.segment import segment
from cleaner.segment.html import segment_html
from cleaner.segment.text import segment_text
from cleaner.types import Block, Page


def kept(page: Page, *texts: str) -> list[tuple[int, int]]:
    return [(b.start, b.end) for b in page.blocks if page.text_of(b) in texts]


rows = st.lists(
    st.sampled_from(["", "", " ", "one", "  two words", "three\there", "言葉", "4."]), max_size=20
)


@given(rows, st.sampled_from(["\n", "\r\n", "<p>", "<br>", "<td>", "<li>"]), st.data())
def test_nothing_is_invented_or_moved(texts: list[str], between: str, data: st.DataObject) -> None:
    """Replays the deletion on characters, and looks every line up in the source."""
    markup = between.join(texts)
    page = segment_html(markup) if "<" in between else segment_text(markup)
    chosen = [(b.start, b.end) for b in page.blocks if data.draw(st.booleans())]
    cuts = []
    for start, end in chosen:
        begin = data.draw(st.integers(start, end))
        cuts.append((begin, data.draw(st.integers(begin, end))))
    text = clean_text(page, chosen, cuts)
    left = [
        page.source[at]
        for start, end in chosen
        for at in range(start, end)
        if not any(begin <= at < stop for begin, stop in cuts)
    ]
    assert "".join(text.split()) == "".join("".join(left).split())
    assert text == text.strip()
    assert "\n\n\n" not in text
    if not any(stop > begin for begin, stop in cuts):
        assert all(line in page.source for line in text.split("\n"))


def test_cuts_may_share_a_space() -> None:
    page = segment("One two three four.", "text")
    assert clean_text(page, [(0, 19)], [(4, 8), (7, 14)]) == "One four."


def test_what_is_dropped_between_paragraphs_leaves_one_blank_line() -> None:
    page = segment("One.\n\nShare\n\n\n\nTwo.\n\n\nThree.", "text")
    assert clean_text(page, kept(page, "One.", "Two.", "Three.")) == "One.\n\nTwo.\n\nThree."


def test_lines_stay_lines_where_there_are_blank_lines() -> None:
    page = segment("A poem:\n\nroses\n  are red\nviolets", "text")
    assert (
        clean_text(page, kept(page, "roses", "are red", "violets")) == "roses\n  are red\nviolets"
    )


def test_without_blank_lines_every_line_is_a_paragraph() -> None:
    page = segment("Menu\nOne.\nTwo.\n", "text")
    assert clean_text(page, kept(page, "One.", "Two.")) == "One.\n\nTwo."


def test_windows_line_ends() -> None:
    page = segment("One.\r\n\r\nMenu\r\n\r\nTwo.\r\nThree.", "text")
    assert clean_text(page, kept(page, "One.", "Two.", "Three.")) == "One.\n\nTwo.\nThree."


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_every_line_ends_alike(line_end: str) -> None:
    """A wrapped paragraph is one block, with line ends inside."""
    wrapped = "A paragraph that goes on\nover two lines.\n\nAnd another one that\ndoes so too."
    source = wrapped.replace("\n", line_end)
    at = source.index(line_end * 2)
    blocks = ((0, at), (at + 2 * len(line_end), len(source)))
    page = Page(source, "text", tuple(Block(start, end) for start, end in blocks))
    assert clean_text(page, blocks) == wrapped


def test_rows_and_items_of_a_page() -> None:
    page = segment(
        "<p>Intro</p><table><tr><td>a<td>b<tr><td>c<td>d</table><ul><li>x<li>y</ul>", "html"
    )
    assert clean_text(page, kept(page, "Intro", "a", "b", "c", "d", "x", "y")) == (
        "Intro\n\na\tb\nc\td\n\nx\ny"
    )
    assert clean_text(page, kept(page, "a", "d")) == "a\n\nd"


def test_cuts() -> None:
    page = segment("The spam river rose.\n\nspam\n\nEnd.", "text")
    spam = [(at, at + 5) for at in (4, 22)]
    everything = [(b.start, b.end) for b in page.blocks]
    assert clean_text(page, everything, [*spam, (0, 0)]) == "The river rose.\n\nEnd."


def test_nothing_kept() -> None:
    page = segment("One.\nTwo.", "text")
    assert clean_text(page, []) == clean_text(page, kept(page, "One."), [(0, 4)]) == ""


def test_sentences_of_one_line_stay_on_it() -> None:
    sentences = [f"Sentence number {n} of the only line." for n in range(20)]
    page = segment("  ".join(sentences), "text")
    assert clean_text(page, kept(page, *sentences)) == "  ".join(sentences)
    assert clean_text(page, kept(page, *sentences[:3])) == "  ".join(sentences[:3])


def test_ideographic_sentences_stay_together() -> None:
    sentences = [f"第{n}の文では、昨夜の雨で川の水が二メートルも増えた。" for n in range(20)]
    page = segment("".join(sentences), "text")
    assert len(page.blocks) == 20
    assert clean_text(page, [(b.start, b.end) for b in page.blocks]) == "".join(sentences)
