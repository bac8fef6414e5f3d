"""Clean text by deletion alone, and comments told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.assemble import clean_text, comments
from cleaner.segment import segment
from cleaner.segment.html import segment_html
from cleaner.segment.text import segment_text
from cleaner.types import Block, Page, Segment


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
    assert "\n".join(found_comments(page)) == wrapped.replace("\n\n", "\n")


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


def found_comments(page: Page, *dropped: str) -> tuple[str, ...]:
    """Comments of a page all of whose blocks, but those that are `dropped`, are comments."""
    segments = [
        Segment(
            "navigation" if page.text_of(b) in dropped else "comment",
            page.text_of(b),
            b.start,
            b.end,
            1.0,
        )
        for b in page.blocks
    ]
    return comments(page, segments)


def test_nested_thread() -> None:
    page = segment(
        """<ol class=thread>
        <li class="comment even"><div class=by>Ann</div><p>Why a day?</p><p>Really.</p><a>Reply</a>
          <ol class=children><li class="comment odd"><div class=by>Bo</div>
            <blockquote><p>Why a day?</p></blockquote><p>Because.</p><a>Reply</a>
            <ol class=children><li class="comment even"><div class=by>Ann</div><p>I see.</p>
            </li></ol>
          </li></ol></li>
        <li class="comment odd"><div class=by>Cy</div><p>Thanks.</p></li></ol>""",
        "html",
    )
    assert found_comments(page, "Reply") == (
        "Ann\nWhy a day?\nReally.",
        "Bo\nWhy a day?\nBecause.",
        "Ann\nI see.",
        "Cy\nThanks.",
    )


def test_items_that_are_comments() -> None:
    page = segment("<ul><li>Nice.</li><li>Agreed.<br>Much.</li></ul>", "html")
    assert found_comments(page) == ("Nice.", "Agreed.\nMuch.")


def test_one_comment_of_several_paragraphs() -> None:
    page = segment("<div class=comment><p>One.</p><p>Two.</p></div>", "html")
    assert found_comments(page) == ("One.\nTwo.",)


COMMENTS = (
    ("Old Mac", "3 May 2009", "Fewer weeds, yes. Wait until the couch grass finds you."),
    ("Ann", "4 May 2009", "Did you use a spade?"),
    ("Bo", "5 May 2009", "I would not do that on clay. Ours stayed wet until the end of June."),
    ("Cy", "6 May 2009", "Thanks."),
)


@pytest.mark.parametrize(
    ("around", "one"),
    [
        pytest.param(
            "<dl id=comments-block>{}</dl>",
            "<dt class=comment-author><a href=a>{n}</a> said...</dt>"
            "<dd class=comment-body><p>{t}</p></dd><dd class=comment-footer>{d}</dd>",
            id="blogger",
        ),
        pytest.param("<dl>{}</dl>", "<dt>{n} on {d}</dt><dd>{t}</dd>", id="dl"),
        pytest.param("<div>{}</div>", "<p><b>{n}</b> ({d}):</p><p>{t}</p><hr>", id="p"),
        pytest.param("<div>{}</div>", "<h4>{n}</h4><p>{t}</p>", id="h4"),
        pytest.param(
            "<h2>Bed</h2>{}",
            '<div class="comment-author">{n}</div><div class="comment-text">{t}</div>',
            id="div",
        ),
        pytest.param(
            "<table>{}</table>",
            "<tr><td class=who>{n}</td></tr><tr><td class=text>{t}</td></tr>",
            id="tr",
        ),
        pytest.param(
            "<section>{}</section>",
            "<div><p class=comment-date>{d}</p></div><p class=comment-text>{t}</p>",
            id="headers in containers",
        ),
    ],
)
@pytest.mark.parametrize("dropped", [0, 1, 2])
def test_headers_beside_the_texts(around: str, one: str, dropped: int) -> None:
    """Whether all headers are labelled comments, or those of the first or second are not."""
    page = segment(
        around.format("".join(one.format(n=n, d=d, t=t) for n, d, t in COMMENTS)), "html"
    )
    texts = [page.text_of(block) for block in page.blocks]
    at = [texts.index(text) for _, _, text in COMMENTS]
    other = [text for text in texts if text == "Bed"]
    if dropped:
        other.append(texts[at[dropped - 1] - 1])
    found = found_comments(page, *other)
    assert len(found) == len(COMMENTS)
    for (_, _, text), index, comment in zip(COMMENTS, at, found, strict=True):
        assert text in comment
        assert comment.startswith((texts[index - 1], text))


def test_headings_of_several_comments() -> None:
    rows = [f"<li><b>{n}</b> {d}<p>{t}</p></li>" for n, d, t in COMMENTS]
    page = segment(
        f"<h3>Here</h3><ul>{''.join(rows[:3])}</ul><h3>Elsewhere</h3><ul>{rows[3]}</ul>", "html"
    )
    assert found_comments(page, "Here", "Elsewhere") == tuple(
        f"{n} {d}\n{t}" for n, d, t in COMMENTS
    )


LONG = "It takes more than one line to say what there is to say of turf at the bottom of a trench."


@pytest.mark.parametrize(
    "markup",
    [
        "<p>Some tips:</p><ul><li>one</li><li>two</li></ul><p>And:</p><ul><li>three</li></ul>",
        f"<blockquote>A day?</blockquote><p>{LONG}</p><blockquote>How?</blockquote><p>{LONG}</p>",
        f"<p>Pros</p><p>{LONG}</p><p>Cons</p><p>{LONG}</p>",
        "<p>Nice one</p><p>I agree.</p><p>Thanks</p><p>Great stuff.</p>",
    ],
)
def test_what_one_comment_holds_is_no_header(markup: str) -> None:
    assert len(found_comments(segment(f"<div class=comment>{markup}</div>", "html"))) == 1


def test_containers_of_one_line_are_no_headers() -> None:
    lines = [("comment", "Nice one"), ("comment byauthor", "I agree.")] * 3
    page = segment("".join(f'<li class="{names}">{text}' for names, text in lines), "html")
    assert found_comments(page) == tuple(text for _, text in lines)


def test_plain_text_comments_begin_at_their_headers() -> None:
    page = segment("Ann, 3 May\nWhy a day?\nReally.\nBo, 4 May\nBecause.", "text")
    assert found_comments(page) == ("Ann, 3 May\nWhy a day?\nReally.", "Bo, 4 May\nBecause.")


def test_plain_text_comments_without_headers() -> None:
    page = segment("Why a day?\nBecause.", "text")
    assert found_comments(page) == ("Why a day?", "Because.")


def test_no_comments() -> None:
    page = segment("One.", "text")
    assert found_comments(page, "One.") == ()


def test_sentences_of_one_line_stay_on_it() -> None:
    sentences = [f"Sentence number {n} of the only line." for n in range(20)]
    page = segment("  ".join(sentences), "text")
    assert clean_text(page, kept(page, *sentences)) == "  ".join(sentences)
    assert clean_text(page, kept(page, *sentences[:3])) == "  ".join(sentences[:3])
    segments = [Segment("comment", page.text_of(b), b.start, b.end, 1.0) for b in page.blocks]
    assert "".join(comments(page, segments)) == "  ".join(sentences)


def test_ideographic_sentences_stay_together() -> None:
    sentences = [f"第{n}の文では、昨夜の雨で川の水が二メートルも増えた。" for n in range(20)]
    page = segment("".join(sentences), "text")
    assert len(page.blocks) == 20
    assert clean_text(page, [(b.start, b.end) for b in page.blocks]) == "".join(sentences)
