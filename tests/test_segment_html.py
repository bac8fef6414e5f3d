"""HTML to source text and blocks: golden pages, offsets and DOM facts, and depth."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.segment import segment
from cleaner.segment.html import segment_html
from cleaner.segment.parse import _flatten
from cleaner.types import Page

GOLDEN = sorted((Path(__file__).parent / "data" / "segment").glob("*.html"))


@pytest.mark.parametrize("page", GOLDEN, ids=lambda path: path.stem)
def test_golden(page: Path) -> None:
    """`NAME.html` reads as `NAME.txt`."""
    source = segment(page.read_bytes(), "html").source
    assert source + "\n" == page.with_suffix(".txt").read_text(encoding="utf-8")


def test_slashes_that_close_an_empty_element() -> None:
    page = '<?xml version="1.0"?><html><head><title class="a/b" {}></head><p>Read.</p></html>'
    for count in (1, 2, 5_000):
        assert segment_html(page.format("/" * count)).source == "Read."


@pytest.mark.parametrize("empty", ["audio", "canvas", "iframe", "object", "script", "textarea"])
def test_what_follows_an_empty_element_of_xml_is_read(empty: str) -> None:
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><p>{}</p><{} src="a"/><p>Read.</p></html>'
    assert segment_html(page.format("Boats.", empty)).source == "Boats.\n\nRead."
    if empty != "script":  # which may hold what looks like it
        assert segment_html(page.format("Boats. " * 500, empty)).source.endswith("Read.")


@pytest.mark.parametrize("option", ["<option>x</option>", "<option value=1>x"])
def test_many_options_take_no_time(option: str) -> None:
    begin = time.process_time()
    page = segment_html(f"<p>Hello.</p><select>{option * 60_000}</select><p>Bye.</p>")
    assert time.process_time() - begin < 5
    assert page.source.startswith("Hello.\n\nx x x")
    assert page.source.endswith("x\n\nBye.")
    assert len(page.blocks) == 3


def test_what_a_tag_with_many_attributes_holds_is_read() -> None:
    many = " ".join(f'a{i}="x = y"' for i in range(9_000))
    page = segment_html(
        f"<p>Hello.</p><p class=own {many}>Bye.</p><p title='{'one ' * 9_000}'>End."
    )
    assert page.source == "Hello.\n\nBye.\n\nEnd."
    assert page.elements.tokens[page.blocks[1].element] == ("own",)


@pytest.mark.parametrize("blank", [" ", "\t", "\n", " \n "])
def test_blank_preformatted_text_begins_no_paragraph(blank: str) -> None:
    span = f'<span style="white-space:pre">{blank}</span>'
    page = segment_html(f"<p>The ferry sails.<br><br>{span}</p><p>One<br><br>{span}two</p>")
    assert page.source == "The ferry sails.\n\nOne\n\ntwo"


def test_numerator_and_denominator_are_two_numbers() -> None:
    half = "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>"
    assert segment_html(f"<p>Add {half} cup, x<sub>2</sub>.").source == "Add 1 2 cup, x2."


def test_a_shadow_root_ends_where_its_template_does() -> None:
    host = "<div class=banner><template shadowrootmode=open><p>Cookies.</p></template></div>"
    page = segment_html(f"{host * 3}<main><p>Article.</p></main><template><p>No.</p></template>")
    assert page.source == "Cookies.\n\n" * 3 + "Article."
    (main,) = (number for number, tag in enumerate(page.elements.tag) if tag == "main")
    assert page.elements.depth[main] == 1


def test_unfinished_templates_take_no_time() -> None:
    begin = time.process_time()
    root = "<div><template shadowrootmode=open>x</template></div>"
    assert segment_html(f"<body>{root}<p>y</p>" + "<template " * 50_000).source == "x\n\ny"
    assert time.process_time() - begin < 5


def test_golden_pages_are_many() -> None:
    assert len(GOLDEN) >= 25


TAGS = """
<p>|</p>|<div>|</div>|<br>|<b>|</b>|<a href=x>|</a>|<ul>|<li>|</ul>|<table>|<tr>|<td>|</table>
|<pre>|</pre>|<span class=comment>|</span>|<button>|</button>|<script>|</script>|<!--|-->
|<noscript>|</noscript>|<template>|</template>|<h1>|</h1>|<ruby>|<rt>|<select>|<option>|</select>
|<div hidden>|<iframe srcdoc='a<p>b'></iframe>|<svg>|</svg>|<math>|<mi>|&amp;|&nbsp;|<|>
|word|слово|言葉|🎉"""
SPACES = [" ", "\n", "\t", "\r\n", "\u00a0", "\u3000", "\x00", "\ud800", "\x1c", "\x0b"]
PIECES = st.sampled_from([tag.strip("\n") for tag in TAGS.split("|")] + SPACES)


def check(page: Page) -> None:
    """What holds for every segmented page."""
    at = 0
    for block in page.blocks:
        text = page.source[block.start : block.end]
        assert at <= block.start < block.end <= len(page.source)
        assert text == text.strip() != ""
        assert page.source[at : block.start].strip() == ""
        assert 0 <= block.link_chars <= len(text)
        assert 0 <= block.control_chars <= len(text)
        at = block.end
    assert page.source[at:].strip() == ""
    for number, element in enumerate(page.elements):
        assert -1 <= element.parent < number
        assert 0 <= element.first <= element.last <= len(page.blocks)
        if element.parent >= 0:
            outer = page.elements[element.parent]
            assert outer.depth == element.depth - 1
            assert outer.first <= element.first <= element.last <= outer.last
    for link in page.links:
        assert 0 <= link.start < link.end <= len(page.source)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_markup(html: str) -> None:
    check(segment_html(html))


@given(st.text(max_size=200))
def test_any_characters(html: str) -> None:
    check(segment_html(html))


def test_blocks_name_their_element_and_ancestors() -> None:
    page = segment_html(
        '<div class="CommentList-item2 isOpen" id=c role=list itemprop=text><p>One <b>two</b>.'
    )
    (block,) = page.blocks
    own = page.elements[block.element]
    assert (block.tag, own.tag, block.marks) == ("p", "p", 1)
    assert page.elements[own.parent].tokens == (
        "comment",
        "list",
        "item",
        "is",
        "open",
        "list",
        "text",
    )


def test_links_controls_and_images_are_counted() -> None:
    page = segment_html(
        "<p>See <a href=/x rel=nofollow>this  page</a> <button>Like</button><p><img src=a>end"
    )
    first, second = page.blocks
    assert (first.links, first.link_chars, first.control_chars) == (
        1,
        len("this page"),
        len("Like"),
    )
    assert (first.images, second.images) == (0, 1)


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("<p>Hello <a href=x>  wo  rd </a>, and <a href=y><b>a</b> b</a></p>", ["wo rd", "a b"]),
        ("<pre>z <a href=q>foo</a> bar</pre>", ["foo"]),
        ("<p><a href=x><img src=y></a>text</p>", []),
        ("<a href=x><h2>Head</h2><p>line</p></a>", ["Head\n\nline"]),
    ],
)
def test_links_cover_their_text(html: str, texts: list[str]) -> None:
    page = segment_html(html)
    assert [page.source[link.start : link.end] for link in page.links] == texts


@pytest.mark.parametrize(
    ("attributes", "hidden"),
    [
        ("hidden", True),
        ('style="DISPLAY : none"', True),
        ('style="font-size:0"', True),
        ('style="font-size:0.9em"', False),
        ('style="opacity:0"', True),
        ('style="opacity:0.5"', False),
        ('style="left:-9999px"', True),
        ('style="left:-2px"', False),
        ('style="margin-left:-100px"', False),
        ('style="text-indent:-9999px"', True),
        ('style="margin-left:108.0pt;text-indent:-108.0pt"', False),
        ('style="backface-visibility:hidden"', False),
        ('style="opacity:0;transform:translateY(20px)"', False),
        ('style="opacity:0;display:none;transition:all 1s"', True),
        ('aria-hidden="true"', False),
    ],
)
def test_hidden_is_a_fact_and_is_inherited(attributes: str, hidden: bool) -> None:
    page = segment_html(f"<div {attributes}><section><p>text</p></section></div>")
    assert page.elements[page.blocks[0].element].hidden is hidden


@pytest.mark.parametrize(
    ("outer", "inner", "hidden"),
    [
        ("font-size:0px", "font-size: 16px", False),
        ("font-size:0", "font-size:0.0px", True),
        ("visibility:hidden", "visibility:visible", False),
        ("visibility:hidden", "color:red", True),
        ("display:none", "font-size:16px; visibility:visible", True),
    ],
)
def test_an_element_in_a_hidden_one_may_be_seen(outer: str, inner: str, hidden: bool) -> None:
    page = segment_html(f'<div style="{outer}"><div style="{inner}">text</div></div>')
    assert page.elements[page.blocks[0].element].hidden is hidden


@pytest.mark.parametrize(
    ("style", "hidden"),
    [
        ("display:none", True),
        ("font-size: 1px", True),
        ("font-size: 11px", False),
        ("color: transparent", True),
        ("background-color: transparent", False),
        ("position:absolute;left:-9999px", True),
        ("color: red", False),
    ],
)
def test_inline_text_that_is_hidden_is_noted(style: str, hidden: bool) -> None:
    page = segment_html(f'<p>Seen <b>and <span style="{style}">not <i>seen</i></span></b> again.')
    found = [page.source[low:high].strip() for low, high in page.hidden]
    assert found == (["not seen"] if hidden else [])
    assert page.source == "Seen and not seen again."


def test_a_formula_behind_a_picture_is_not_hidden() -> None:
    hidden = '<span style="display:none">{}</span>'
    formula = hidden.format("<math><mi>a</mi></math>")
    page = segment_html(f"<p>Let {formula} be, {hidden.format('casino')} and {formula}.</p>")
    assert [page.source[start:end] for start, end in page.hidden] == [" casino"]


@pytest.mark.parametrize(
    ("style", "rendered"),
    [
        ("display:none", False),
        ("visibility:hidden", False),
        ("visibility:hidden;transition:all 1s", True),
        ("opacity:0", True),
        ("left:-9999px", True),
        ("font-size:0", True),
    ],
)
def test_what_has_no_place_on_the_page_is_noted(style: str, rendered: bool) -> None:
    page = segment_html(f'<p>Seen <span style="{style}">not seen</span> again.</p>')
    assert len(page.hidden) == 1
    assert page.not_rendered == (() if rendered else page.hidden)


def test_what_is_seen_in_part_is_not_hidden() -> None:
    inner = '<i style="visibility:visible">this</i>'
    page = segment_html(f'<p>See <span style="visibility:hidden">all of {inner}</span> now.</p>')
    assert page.hidden == ()


def blocks(html: str) -> list[str]:
    page = segment_html(html)
    check(page)
    return [page.text_of(block) for block in page.blocks]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<div style="white-space: pre-wrap">Out\nand in</div>', ["Out\nand in"]),
        ('<div style="white-space : PRE-LINE">Out\n\nand  in</div>', ["Out", "and in"]),
        ('<p style="white-space:pre-wrap">a<br><br>b</p>', ["a", "b"]),
        ('<code style="display:block;white-space:pre">a:\n    b</code>', ["a:\n    b"]),
        ('<code style="white-space:break-spaces">a:\n    b</code>', ["a:\n    b"]),
        ('<p>Read <span style="white-space:pre">this  one</span> now', ["Read this  one now"]),
        ('<pre style="white-space:normal">a\n  b</pre>', ["a b"]),
        ('<pre style="white-space:pre-wrap">a\n  b</pre>', ["a\n  b"]),
        ('<span style="display:flex">A</span><span style="display:grid">B</span>', ["A", "B"]),
        ('<i style="display:list-item">A</i><i style="display:table">B</i>', ["A", "B"]),
        ('<i style="display:inline-block">A</i><i style="display:inline-table">B</i>', ["AB"]),
        ('<div style="display:flex"><b>Monday</b><b>two boats</b></div>', ["Monday two boats"]),
        ('<p>On <b style="display:inline-flex"><i>two</i><i>boats</i></b>.', ["On two boats."]),
        ('<p style="display:flex">I am <b>here</b>.</p>', ["I am here."]),
    ],
)
def test_styles_that_set_apart(html: str, expected: list[str]) -> None:
    assert blocks(html) == expected


CODE = "def f():\n    return 1\n\nf()"


@pytest.mark.parametrize(
    "code",
    [
        CODE,
        "<code>" + "".join(f"<div>{line or '<br>'}</div>" for line in CODE.split("\n")) + "</code>",
        "<ol>" + "".join(f"<li>{line}</li>" for line in CODE.split("\n")) + "</ol>",
        "".join(f"<div><i>{line}</i>\n</div>" for line in CODE.split("\n")),
        "".join(f'<span style="display:block">{line}</span>' for line in CODE.split("\n")),
    ],
)
def test_lines_of_code(code: str) -> None:
    assert blocks(f"<p>So:</p><pre>{code}</pre><p>It runs.</p>") == ["So:", CODE, "It runs."]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<pre><code>a\nb</code><ul><li>1</li><li>2</li></ul></pre>", ["a\nb", "1", "2"]),
        ("<pre><div>One.</div><p>Two.</p><div>Three.</div></pre>", ["One.", "Two.", "Three."]),
    ],
)
def test_what_is_no_line_of_code(html: str, expected: list[str]) -> None:
    assert blocks(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h2>Boats <a href=#b>¶</a></h2>", "Boats"),
        ("<h2><a href=#b>#</a> Boats</h2>", "Boats"),
        (
            "<h2><span>Boats</span> <b><a href=#b>#</a></b> <a href=#c>🔗</a><br>in May</h2>",
            "Boats",
        ),
        ("<dl><dt>f(<i>x</i>)<a href=#f>¶</a><dd>A boat.</dl>", "f(x)\nA boat."),
        ("<p>A boat.<a href=#f>¶</a> <script>f()</script></p>", "A boat."),
        ("<p>Press the <a href=#b>#</a> key.</p>", "Press the # key."),
        ("<p>The law (<b><a href=#b>§</a></b> 5) says so.</p>", "The law (§ 5) says so."),
    ],
)
def test_links_to_their_own_place(html: str, expected: str) -> None:
    assert segment_html(html).source.removesuffix("\nin May") == expected


def test_many_links_to_their_own_place_take_no_time() -> None:
    begin = time.process_time()
    segment_html("<p>x" + "<a href=#x>#</a>" * 30_000)
    assert time.process_time() - begin < 5


def test_the_title_of_a_drawing_is_none_of_the_page() -> None:
    page = "<svg><g><title>Menu</title></g></svg><p>x</p>"
    assert segment_html(page).title == ""
    assert segment_html(f"{page}<title>News</title>").title == "News"


def test_title_is_kept_apart() -> None:
    page = segment_html("<title> A &amp;\n b </title><p>text</p>")
    assert (page.title, page.source) == ("A & b", "text")


NESTS = {
    "blocks": "<div>x",
    "lists": "<ul><li>x",
    "tables": "<table><tr><td>x",
    "spans": "<span>x",
    "formatting": "<b>x",
    "misnested": "<b><div></b>x",
    "custom": "<x-y>x",
    "templates": "<template>x",
    "drawings": "<svg><g>",
    "forms": "<select><button>",
}


@pytest.mark.parametrize("depth", [5_000, pytest.param(100_000, id="100000")])
@pytest.mark.parametrize("nest", NESTS)
def test_deep_nesting(nest: str, depth: int) -> None:
    begin = time.perf_counter()
    page = segment_html("<p>before</p>" + NESTS[nest] * depth + "<p>after</p>")
    assert time.perf_counter() - begin < 20
    assert page.source.startswith("before")
    if nest not in ("templates", "drawings", "forms"):  # these show nothing of what they hold
        assert page.source.count("x") == depth
        assert page.source.endswith("after")


def test_formatting_that_is_opened_again_in_each_paragraph() -> None:
    """Left alone, n paragraphs cost n² elements: gigabytes for this page of 100 kB."""
    html = "".join(f"<font id={number}><p>x" for number in range(6_000))
    page = segment_html(html)
    assert len(page.blocks) == 6_000


def test_deep_nesting_inside_a_frame() -> None:
    page = segment_html(f"<iframe srcdoc='{'<div>' * 100_000}text'></iframe>")
    assert page.source == "text"


@pytest.mark.parametrize(
    "row",
    [
        "<p>One<br>two<img src=x>\n<hr>",
        "<ul><li>one<li>two</ul>",
        "<table><tr><td>a<td>b</table>",
        "<div><p><span>unclosed</div>",
        "<dl><dt>a<dd>b</dl><input><link><meta>",
        "<script>'<div><div><div>'</script>",
        "<!-- <div><div> --><p>x",
        "<a href=x>one",
        "</div></section>",
        "<DIV><Section></SECTION></div>",
    ],
)
def test_long_pages_are_left_alone(row: str) -> None:
    html = row * 20_000
    assert _flatten(html) == html


@pytest.mark.parametrize("cover", ["<!--<script>-->", "<!---->", "<script></script>", "</x>"])
def test_nothing_covers_depth(cover: str) -> None:
    html = cover + "<div>" * 50_000
    assert len(_flatten(html)) < 5_000


def test_closing_tags_of_tags_taken_out_go_too() -> None:
    html = "<div>" * 10_000 + "in" + "</div>" * 10_000 + "<p>out</p>"
    page = segment_html(html)
    out = page.elements[page.blocks[1].element]
    assert [page.text_of(block) for block in page.blocks] == ["in", "out"]
    assert page.elements[out.parent].tag == "body"


def test_comments_in_the_markup_part_no_text_of_a_flex_container() -> None:
    page = segment_html('<div style="display:flex">foo<!-- -->bar<b>x</b></div>')
    assert page.source == "foobar x"


def test_white_space_by_style_is_judged_where_it_stands() -> None:
    lines = '<div style="white-space:pre"><div>a b</div><div>c d</div></div>'
    alone = segment_html(lines)
    behind = segment_html(f"<pre>code</pre>{lines}")
    assert [behind.text_of(b) for b in behind.blocks][1:] == [
        alone.text_of(b) for b in alone.blocks
    ]


def test_a_hidden_frame_hides_its_document() -> None:
    page = segment_html(
        '<p>One</p><iframe style="display:none" srcdoc="<p>Two</p>"></iframe><p>Three'
    )
    hidden = [page.elements.hidden[block.element] for block in page.blocks]
    assert dict(zip(map(page.text_of, page.blocks), hidden, strict=True)) == {
        "One": False, "Two": True, "Three": False,
    }  # fmt: skip


def test_hidden_elements_without_text_hide_nothing() -> None:
    page = segment_html('<p>One <i style="display:none"></i> two <i style="display:none">x</i></p>')
    assert [page.source[start:end].strip() for start, end in page.hidden] == ["x"]


def test_links_are_in_order_of_their_starts() -> None:
    page = segment_html('<a href="/1">one <table><tr><td>two <a href="/2">three</a></table></a>')
    assert [link.start for link in page.links] == sorted(link.start for link in page.links)
    assert len(page.links) == 2


def test_two_halves_of_a_character_are_one() -> None:
    assert segment_html("<p>a \ud83d\ude00 b \ud83d c</p>").source == "a 😀 b � c"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("<tr><td>Greens</td><td></td><td>21.4 %</td></tr>", "Greens\t\t21.4 %"),
        ("<tr><td>a</td><td>b</td></tr><tr><td></td><td> </td><td>c</td></tr>", "a\tb\n\t\tc"),
        ("<tr><td>a</td></tr><tr><td></td></tr><tr><td>b</td><td></td></tr>", "a\nb"),
        ("<tr><td>a<td>b<td> <td>c<tr><td><td>d", "a\tb\t\tc\n\td"),
        ("<tr><td>a</td><td><table><tr><td></td><td>b</td></tr></table></td><td>c</td></tr>",
         "a\n\n\tb\n\nc"),
    ],
)  # fmt: skip
def test_empty_cells_keep_their_place(rows: str, expected: str) -> None:
    assert segment(f"<table>{rows}</table>", "html").source == expected
