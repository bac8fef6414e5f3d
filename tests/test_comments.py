"""Comment segments to comments: threads in the layouts that sites give them."""

from __future__ import annotations

import re

import pytest

from cleaner.comments import comments
from cleaner.segment import segment
from cleaner.types import Block, Page, Segment


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


THREAD = (
    ("Dan", "March 3, 2021 at 11:02 AM", "Fewer weeds, yes. Wait until the grass finds you."),
    ("Marta Kowal", "March 3, 2021 at 12:40 PM", "so true"),
    ("Lucy", "March 4, 2021 at 9:14 AM", "I would not do that on clay."),
    ("Cy", "March 5, 2021 at 8:20 PM", "Great post"),
)


@pytest.mark.parametrize(
    "one",
    [
        '<div class="comment"><div class="comment-author">{n} <time>{d}</time></div>'
        '<div class="comment-body"><p>{t}</p></div></div>',
        '<div class="comment"><div class="comment__head">{n}</div>'
        '<div class="comment__body"><p>{t}</p><p>{d}</p></div></div>',
        '<div class="flex gap-4"><div class="flex text-sm">{n} {d}</div>'
        '<div class="flex text-base"><p>{t}</p></div></div>',
        "<div><div>{n}</div><div>{d}</div><div><p>{t}</p></div></div>",
        '<div class="row"><div class="row">{n} {d}</div><div class="row"><p>{t}</p></div></div>',
        '<div class="media"><div class="media-left">{n}</div><div class="media-body">'
        '<div class="media-heading">{d}</div><div class="media-text"><p>{t}</p></div></div></div>',
        '<div class="comment"><div class="comment-author">{n}</div>'
        '<div class="comment-body"><p>{t}</p></div><div class="comment-date">{d}</div></div>',
        '<div class="comment"><div class="comment-body"><p>{t}</p></div>'
        '<div class="comment-author">{n} on {d}</div></div>',
        '<div class="comment-body"><p>{t}</p></div><div class="comment-author">{n} on {d}</div>',
        '<p>{t}</p><p class="comment-footer">Posted by: {n} | {d}</p>',
        "<p>{t}</p><p>Yes.</p><p>— <b>{n}</b>, {d}</p>",
    ],
)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_parts_of_a_comment_stay_together(one: str, count: int) -> None:
    """Whether its containers look alike, and whether its byline stands above or below."""
    markup = [one.format(n=n, d=d, t=t) for n, d, t in THREAD[:count]]
    whole = [" ".join(segment(each, "html").source.split()) for each in markup]
    found = found_comments(segment("".join(markup), "html"))
    assert [" ".join(comment.split()) for comment in found] == whole


@pytest.mark.parametrize("below", [False, True])
def test_replies_inside_comments_of_alike_containers(below: bool) -> None:
    markup = ""
    for n, d, t in reversed(THREAD):
        parts = [
            f'<div class="comment-author">{n} {d}</div>',
            f'<div class="comment-body"><p>{t}</p></div>',
        ]
        markup = (
            f'<div class="comment">{"".join(reversed(parts) if below else parts)}{markup}</div>'
        )
    found = found_comments(segment(markup, "html"))
    assert found == tuple(f"{t}\n{n} {d}" if below else f"{n} {d}\n{t}" for n, d, t in THREAD)


def test_short_replies_inside_short_comments() -> None:
    one = "<div class=comment><p class=by>{}</p><p>{}</p>{}</div>"
    page = segment(one.format("Ann", "so true", one.format("Bo", "no", "")) * 2, "html")
    assert found_comments(page) == ("Ann\nso true", "Bo\nno") * 2


@pytest.mark.parametrize(
    "one",
    [
        "{n}\n{d}\n{t}",
        "{n} says:\n{d}\n{t}",
        "{n} said...\n{d}\n{t}",
        "{n}, {d}\n{t}\nJust my two cents",
        "Avatar\n{n}\n{d}\n{t}",
        "{t}\nPosted by: {n} | {d}",
        "{t}\n— {n}, {d}",
        "{n} said...\n{t}\n{d}",
        "{n} S.\n{d}\n{t}",
        "{n} Jr.\n{d}\n{t}",
        "7.\n{n}\n{d}\n{t}",
        "{n} ({d})\n{t}",
        "Posted by {n} on {d}.\n{t}",
        "[{d}] {n}: {t}",
    ],
)
@pytest.mark.parametrize(
    "dates",
    [
        ("March 3, 2021 at 9:14 AM", "March 4, 2021 at 1:40 PM"),
        ("3. mars 2021", "14. mars 2021"),
        ("2021年3月3日", "2021年12月14日"),
        ("03/04/2021", "13/04/2021"),
        ("٣ مارس ٢٠٢١", "١٤ مارس ٢٠٢١"),
    ],
)
@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_plain_text_comments_with_dates(one: str, dates: tuple[str, str], between: str) -> None:
    thread = [one.format(n=n, d=dates[index % 2], t=t) for index, (n, _, t) in enumerate(THREAD)]
    source = between.join(thread)
    lines = (Block(*match.span()) for match in re.finditer(".+", source))
    assert found_comments(Page(source, "text", tuple(lines))) == tuple(thread)


@pytest.mark.parametrize(
    "ages", [("3 hours ago", "14 minutes ago"), ("3 時間前", "2日前"), ("3h", "14m")]
)
def test_plain_text_comments_with_ages(ages: tuple[str, str]) -> None:
    thread = [f"{n}\n{ages[index % 2]}\n{t}" for index, (n, _, t) in enumerate(THREAD)]
    assert found_comments(segment("\n".join(thread), "text")) == tuple(thread)


def test_dates_in_sentences_are_no_headers() -> None:
    thread = ("Ann\nIt was March 3, 2021 at the fair.", "Bo\nOpen at 9:30, I think.", "Cy\nYes.")
    assert found_comments(segment("\n".join(thread), "text")) == thread


def test_no_comments() -> None:
    page = segment("One.", "text")
    assert found_comments(page, "One.") == ()


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_every_line_ends_alike(line_end: str) -> None:
    """A wrapped paragraph is one block, with line ends inside."""
    paragraphs = "A paragraph that goes on\nover two lines.", "And another one that\ndoes so too."
    first, second = (paragraph.replace("\n", line_end) for paragraph in paragraphs)
    source = f"{first}{line_end * 2}{second}"
    blocks = (Block(0, len(first)), Block(len(source) - len(second), len(source)))
    assert "\n".join(found_comments(Page(source, "text", blocks))) == "\n".join(paragraphs)


def test_sentences_of_one_line_stay_on_it() -> None:
    line = "  ".join(f"Sentence number {n} of the only line." for n in range(20))
    assert "".join(found_comments(segment(line, "text"))) == line


@pytest.mark.parametrize("number", ["", "#1 "])
def test_ages_in_brackets_end_a_header(number: str) -> None:
    page = segment(
        f"{number}Dan (2 hours ago)\nI took it every week.\n\n"
        f"{number}Sheila (3 hours ago)\nFour million?! Mad.",
        "text",
    )
    assert found_comments(page) == (
        f"{number}Dan (2 hours ago)\nI took it every week.",
        f"{number}Sheila (3 hours ago)\nFour million?! Mad.",
    )


def test_names_behind_a_dash_stand_below_their_texts() -> None:
    page = segment(
        "— Dan, 2 hours ago\n\nThat is mad money for a boat.\n— Sheila, 3 hours ago\n\n"
        "Great news for us all!\n— Kirsty, 5 hours ago",
        "text",
    )
    assert found_comments(page)[1:] == (
        "That is mad money for a boat.\n— Sheila, 3 hours ago",
        "Great news for us all!\n— Kirsty, 5 hours ago",
    )


@pytest.mark.parametrize("count", [2, 3, 10])
def test_text_beside_the_paragraph_of_a_comment(count: int) -> None:
    html = "".join(f"<div><b>User {i}</b><p>Text {i} says this.</p></div>" for i in range(count))
    found = found_comments(segment(f"<section>{html}</section>", "html"))
    assert found == tuple(f"User {i}\nText {i} says this." for i in range(count))


@pytest.mark.parametrize("dropped", ["", "Anna"])
def test_names_below_blank_lines_begin_comments(dropped: str) -> None:
    first, second = "3 May 2020\nFor the first time.", "Carl\n4 May 2020\nWhat now?\nI ask."
    page = segment(f"Anna\n{first}\n\n{second}", "text")
    first = first if dropped else f"Anna\n{first}"
    assert found_comments(page, dropped) == (first, second)


def test_threads_without_blank_lines_or_stops() -> None:
    comments = [f"{name}\n{day} May 2020 at 3:14\nnice post" for day, name in enumerate("ABC", 11)]
    assert found_comments(segment("\n".join(comments), "text")) == tuple(comments)
