"""Bytes to text, and which kind of text it is."""

from __future__ import annotations

import codecs
import gzip
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.data.pages import read_pages
from cleaner.segment.decode import decode
from cleaner.segment.sniff import is_binary, is_feed, looks_like_html, looks_like_text
from cleaner.types import ARTICLE

TRAINING_DATA = Path(__file__).parents[1] / "training_data"
GERMAN = "Die Brücke über den Fluß bleibt für Jahre gesperrt, hörte man später. "
TEXTS = {
    "cp1251": "Река поднялась за ночь на два метра, сообщили жители деревни у моста. " * 3,
    "cp1253": "Το ποτάμι ανέβηκε δύο μέτρα μέσα σε μια νύχτα, είπαν οι κάτοικοι. " * 3,
    "shift_jis": "夜のあいだに川が二メートル増水したと住民が語った。" * 4,
    "euc_jp": "夜のあいだに川が二メートル増水したと住民が語った。" * 4,
    "gb18030": "河水一夜之间上涨了两米，村民们说，这座桥已经有一百年的历史了。" * 4,
    "big5": "河水一夜之間上漲了兩米，村民們說，這座橋已經有一百年的歷史了。" * 4,
    "euc_kr": "밤사이 강물이 2미터나 불어났다고 주민들이 말했다. " * 4,
    "iso2022_jp": "夜のあいだに川が増水した。" * 4,
}


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    assert isinstance(decode(data), str)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_utf8(text: str) -> None:
    if not is_binary(text.encode()) and "\0" not in text:
        assert decode(text.encode()) == text.removeprefix("\ufeff")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)) == GERMAN


def test_big_endian_marks() -> None:
    assert decode(codecs.BOM_UTF16_BE + GERMAN.encode("utf-16-be")) == GERMAN
    assert decode(codecs.BOM_UTF32_BE + GERMAN.encode("utf-32-be")) == GERMAN


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)) == GERMAN


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("times", [5, 40])
def test_utf16_of_ideographs_that_have_a_zero_byte(encoding: str, times: int) -> None:
    text = "冬天去岛上的渡轮一" + "\u3000一" * times
    page = f"<!DOCTYPE html><html><head><title>冬</title></head><body><p>{text}</p></body></html>"
    assert decode(page.encode(encoding)) == page


@pytest.mark.parametrize("escape", ["$B", "$@"])
def test_japanese_in_ascii_bytes_without_a_declaration(escape: str) -> None:
    page = f"<p>{TEXTS['iso2022_jp']}</p>"
    data = page.encode("iso2022_jp").replace(b"$B", escape.encode())
    assert decode(data) == page
    assert decode(b"Press \x1b, then $B.") == "Press \x1b, then $B."


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize(
    "declaration",
    [
        '<meta charset="{}">',
        "<META http-equiv=content-type content='text/html; charset={}'>",
        '<?xml version="1.0" encoding="{}"?>',
    ],
)
def test_declared(encoding: str, declaration: str) -> None:
    page = declaration.format(encoding) + TEXTS[encoding]
    assert decode(page.encode(encoding)) == page


def test_declared_behind_styles() -> None:
    styles = "p { margin: 0 } " * 2000
    page = f"<head><style>{styles}</style><meta charset='koi8-r'></head><p>Да, это так."
    assert decode(page.encode("koi8-r")) == page


def test_declared_latin_1_is_windows_1252() -> None:
    page = '<meta charset="iso-8859-1"><p>“So it is”, she said – café.'
    assert decode(page.encode("cp1252")) == page


@pytest.mark.parametrize(
    "name",
    ["utf-16", "UTF-32", "nonsense", "rot13", "hex", "\xff", "undefined", "idna", "utf-7", "cp037"],
)
def test_declarations_that_cannot_be(name: str) -> None:
    page = f'<meta charset="{name}"><p>{GERMAN}'
    assert decode(page.encode()) == page
    assert "Br\u00fccke" in decode(page.encode("cp1252"))


@pytest.mark.parametrize("encoding", [e for e in TEXTS if e != "iso2022_jp"])
@pytest.mark.parametrize("declared", ["", '<meta charset="utf-8">'])
def test_detected_when_undeclared_or_declared_wrongly(encoding: str, declared: str) -> None:
    page = f"{declared}<p>{TEXTS[encoding]}</p>"
    assert TEXTS[encoding] in decode(page.encode(encoding))


LEGACY = {
    **dict.fromkeys(("de", "es", "fr", "it", "pt"), ("cp1252",)),
    "pl": ("cp1250", "iso8859-2"), "ru": ("cp1251", "koi8-r"), "uk": ("cp1251",),
    "el": ("iso8859-7",), "tr": ("cp1254",), "ar": ("cp1256",), "th": ("cp874",),
    "ja": ("shift_jis", "euc_jp"), "ko": ("cp949",), "zh": ("gb18030",),
}  # fmt: skip
"""Language → encodings of its pages before UTF-8."""


@pytest.mark.parametrize("before", ["", "<script>" + "f(1);\n" * 5000 + "</script>"])
def test_short_texts_in_legacy_encodings(before: str) -> None:
    texts = [
        (page.language, entry.text[:200])
        for page in read_pages(TRAINING_DATA)
        for entry in page.labels
        if entry.label == ARTICLE and len(entry.text) >= 100 and not entry.text.isascii()
    ]
    wrong, number = [], 0
    for language, text in texts:
        for encoding in LEGACY.get(language, ()):
            data = f"<body>{before}<p>{text}</p></body>".encode(encoding, "ignore")
            number += 1
            if decode(data) != data.decode(encoding):
                wrong.append((language, encoding, text))
    assert number > 1000
    assert len(wrong) < 0.01 * number, wrong[:20]


@pytest.mark.parametrize("declared", ["", "iso-8859-1", "windows-1251", "utf-8"])
def test_utf8_declared_as_something_else(declared: str) -> None:
    page = f"<meta charset={declared}><p>{GERMAN}"
    assert decode(page.encode()) == page


@pytest.mark.parametrize("declared", ["", "iso-8859-1", "utf-8"])
def test_a_few_foreign_bytes_do_not_garble_the_rest(declared: str) -> None:
    head, tail = f"<meta charset={declared}><p>{GERMAN * 3}", "<p>Grüße, schön für alle"
    assert decode(head.encode() + "Größe".encode("latin-1") + tail.encode()) == (
        f"{head}Gr\ufffd\ufffde{tail}"
    )


@pytest.mark.parametrize("text", [GERMAN * 20, "Plain letters, and one Größe. " + "Plain. " * 99])
def test_declared_as_utf8_and_none_of_it_is(text: str) -> None:
    page = f"<!doctype html><meta charset='utf-8'><article><p>{text}</p></article>"
    assert decode(page.encode("cp1252")) == page


def test_more_foreign_bytes_where_utf8_is_declared() -> None:
    page = f"<meta charset=utf-8><p>{GERMAN}".encode() + b" Gr\xf6\xdfe" * 2
    assert decode(page).startswith(f"<meta charset=utf-8><p>{GERMAN}")


def test_a_foreign_letter_near_the_end_is_not_a_cut() -> None:
    assert decode("We met in the café.".encode("cp1252")) == "We met in the café."


@pytest.mark.parametrize(
    "before",
    [
        '<!-- <meta charset="koi8-r"> -->',
        '<!--><!-- > <meta charset="koi8-r"> -->',
        '<meta name="description" content="Pages say charset=koi8-r > or not.">',
        '<meta content="charset=koi8-r" name=keywords>',
        "<meta property='og:title' content='<meta charset=koi8-r>'>",
        '<meta charset="nonsense">',
        "<meta name=viewport charset>",
    ],
)
@pytest.mark.parametrize(
    "declaration",
    [
        '<meta charset="windows-1251">',
        "<meta id=a/b data-x charset = windows-1251 >",
        "<meta content='text/html;charset=windows-1251' http-equiv='Content-Type'>",
        "<meta http-equiv=content-type content=text/html; charset=windows-1251>",
    ],
)
def test_what_only_looks_like_a_declaration(before: str, declaration: str) -> None:
    page = f"<html><head>{before}{declaration}</head><p>Да, это так."
    assert decode(page.encode("cp1251")) == page


def test_an_unclosed_comment_declares_nothing() -> None:
    page = f"<p>{TEXTS['cp1251']}</p><!-- <meta charset='koi8-r'>"
    assert decode(page.encode("cp1251")) == page


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("x-mac-roman", "mac-roman", "Größe"),
        ("x-mac-cyrillic", "mac-cyrillic", "Река"),
        ("x-mac-ukrainian", "mac-cyrillic", "Река"),
        ("windows-874", "cp874", "แม่น้ำ"),
        ("dos-874", "cp874", "แม่น้ำ"),
        ("X-SJIS", "cp932", "川が増水"),
        ("windows-31j", "cp932", "川①"),
        ("x-euc-jp", "euc_jp", "川が増水"),
        ("x-gbk", "gbk", "河水"),
        ("gb_2312-80", "gbk", "河水"),
        ("x-x-big5", "big5", "河水"),
        ("windows-949", "cp949", "강물이"),
        ("cseuckr", "cp949", "강물이"),
        ("korean", "cp949", "강물이"),
        ("ks_c_5601-1987", "cp949", "강물이"),
        ("iso88591", "cp1252", "“Größe”"),
        ("iso88592", "iso8859-2", "źródło"),
        ("iso-8859-8-i", "iso8859-8", "הנהר"),
        ("logical", "iso8859-8", "הנהר"),
        ("visual", "iso8859-8", "הנהר"),
        ("sun_eu_greek", "iso8859-7", "ποτάμι"),
        ("koi", "koi8-r", "Река"),
        *(
            (f"x-cp125{page}", f"cp125{page}", text)
            for page, text in enumerate(
                ["źródło", "Река", "Größe", "ποτάμι", "ağaç", "הנהר", "النهر", "ūdens", "đồng"]
            )
        ),
    ],
)
def test_labels_of_the_web(label: str, encoding: str, text: str) -> None:
    data = f'<meta charset="{label}"><p>'.encode() + text.encode(encoding, "ignore")
    assert decode(data).endswith("<p>" + text.encode(encoding, "ignore").decode(encoding))


@pytest.mark.parametrize("label", ["unicode-1-1-utf-8", "x-unicode20utf8", "unicode"])
def test_labels_of_utf8(label: str) -> None:
    page = f"<meta charset={label}><p>{GERMAN}".encode() + b" Gr\xf6\xdfe"
    assert GERMAN in decode(page)


@pytest.mark.parametrize("cut", range(1, 4))
def test_cut_inside_a_character(cut: int) -> None:
    assert decode("plain text 🎉".encode()[:-cut]) == "plain text \ufffd"


def test_binary_files() -> None:
    noise = random.Random(0).randbytes(5000)
    for data in (
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"PK\3\4",
        gzip.compress(b""),
        b"GIF89a",
        b"BZh91AY&SY",
    ):
        assert is_binary(data + noise)
    assert not looks_like_text(decode(noise))
    assert not is_binary(GERMAN.encode())
    assert is_binary(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    assert is_binary(b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n")


@pytest.mark.parametrize("start", ["GIF8", "GIF89a", "%PDF-", "%PDF-1.7", "BZh", "BZh9"])
def test_texts_about_binary_files(start: str) -> None:
    text = f"{start} is how it begins.\r\n\tIt can hold größere pictures.\f"
    assert not is_binary(text.encode())
    assert not is_binary(text.encode("latin-1"))


@pytest.mark.parametrize(
    "text", ["", "a", "\x0c\t\r\n", "caf\ufffd", "\x1b[31mred\x1b[0m " * 9, GERMAN]
)
def test_text(text: str) -> None:
    assert looks_like_text(text)


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><p>x",
        " \n<HTML>",
        "\ufeff<html>",
        "<meta charset=utf-8><p>Cut sh",
        "<!-- saved from url --><p>x",
        '<?xml version="1.0"?>\n<html>',
        "<p>One</p>",
        "Text <b>bold</b> and <i>more</i> of it<br>",
        "<!-- made by hand -->\n\n<!-- 1999 --><!DOCTYPE html>",
        "<!--[if IE]><html class=ie><![endif]-->\n<html>",
        "<script>\nf();\n\ng();\n\nh();\n</script>\n\n<!DOCTYPE html>\n<title>x</title>",
        "<p>One</p>\n\n<p>Two</p>",
        f"<p>{GERMAN}\n<p>{GERMAN}\n<p>{GERMAN}\n",
        f"{GERMAN}<br>\n{GERMAN}<br>\n{GERMAN}\n",
        "<div class=x>text<br>text</div>",
        "<div>\n\n<h2>Title</h2>\n\n<p>One.</p>\n\n<ul>\n\n<li>two</li>\n\n</ul>\n\n</div>\n",
        "<div\n\n id=a\n\n class=b\n\n>text</div>",
        "<p>One</p>\n<style>\na {}\n\nb {}\n\nc {}\n\nd {}\n</style>\n<p>Two</p>",
        "<CENTER><B>Home</B></CENTER>\n" + f"{GERMAN}\n\n<P>\n\n" * 4 + GERMAN,
        "<b>Home</b> <i>x</i>\n" + f"{GERMAN}\n{GERMAN}<br><br>\n\n" * 4,
        f"<h1>Home</h1>\n{GERMAN}\n{GERMAN}\n<p>\n{GERMAN}\n<p>\n{GERMAN}\n",
        '<div dir="ltr">Hi Ann,<div><br></div><div>see you.</div><div><br></div></div>\n\n',
        "<br/><br/>".join([GERMAN.strip()] * 4),
        "<br>".join([GERMAN.strip()] * 9),
        "<P>".join([GERMAN.strip()] * 5),
        "<h1>Ferry sails</h1>\nThe ferry sails on Monday.",
        "Line one<br />Line two<br/>Line three",
        '<img src="data:image/png;base64,' + "A" * 100_000 + '">' + "<p>One</p>" * 6 + "x",
    ],
)
def test_html(page: str) -> None:
    assert looks_like_html(page)


@pytest.mark.parametrize(
    "page",
    [
        "",
        GERMAN,
        "The <b> tag makes text bold, and </b> ends it. " + GERMAN * 9,
        "if a < b and b > c: print(a)",
        "He wrote <ann@example.org> and <bo@example.org>.",
        "<3 this! <-- so much -->",
        "Use <div> for blocks.\n" * 2,
        "It starts with the <p> tag and ends with the </p> tag.\n\nOr (<em> and `</em>`), <br>.\n\n"
        "A link is an <a href='x'> element, closed by </a>.",
        "if (a <b && c> d) { return '</div>'; }\n" * 20,
        "How it looks:\n\n```html\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n```\n\nThat is all.",
        "<!-- SPDX-License-Identifier: Apache-2.0 -->\n\n# Contributing\n\nThank you! Please read "
        "this before you send a patch.\n\n1. Open an issue first.\n2. Write a test.\n",
        '<p align="center">\n<a href="x"><img src="logo.png"></a>\n<br><b>Fast</b>\n</p>\n\n# Name'
        "\n\nIt does a thing.\n\n- one\n- two\n\n~~~html\n<p>One</p>\n\n<p>Two</p>\n~~~\n",
        "<!-- logo -->\n<h1><img src='a.png'><br><b>Name</b></h1>\n\nIt does a thing.\n\n- one\n\n"
        "## Use\n\nMade by hand, <i>by us</i> <br>\n",
        "# Changes\n\n## 1.1\n\n- <b>New</b>: <i>this</i>\n\n<details>\n<summary>Old</summary>\n\n"
        "- that\n\n</details>\n\n## 1.0\n\n- <b>First</b>\n\n- second\n",
        "# Sizes\n\nSee the table.\n\n<table>\n<tr><th>a</th><th>b</th></tr>\n<tr><td>1</td>"
        "<td>2</td></tr>\n</table>\n\nThat is all.\n",
        "A list begins with <ul> and has items.\n\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n\n"
        "Browsers draw a dot before each.\n\n<ol>\n<li>one</li>\n</ol>\n\nAnd here a number.",
        "How do I centre this?\n\n    <div>\n      <p>One</p>\n      <p>Two</p>\n    </div>\n\n"
        "I tried `<center><p>One</p></center>`.\n\nThanks!",
        '{"html": "<p>One</p><p>Two</p><p>Three</p>"}',
        '[{"html": "<p>One</p>\\n<p>Two</p>"},\n {"html": "<p>Three</p>"}]',
        "Use <br><br> to break, or <p><p> to part.",
        "Lines end in (<br><br>) or (<p><p>) there.",
        "| a | b |\n|---|---|\n| 1<br>2<br>3<br>4 | 5<br>6<br>7<br>8<br>9 |",
        "- one<br>two<br>three<br>four<br>five",
        "f('a<br><br>') + g('<br><br>b')",
        "A line<br>of verse<br>in text.\n" * 3 + GERMAN,
    ],
)
def test_plain_text(page: str) -> None:
    assert not looks_like_html(page)
    for line_end in ("\r\n", "\r", "\u2028"):
        assert not looks_like_html(page.replace("\n", line_end))


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?>\n<!-- a --><!-- b -->\n<rss version="2.0"><channel></channel></rss>',
        '<feed xmlns="http://www.w3.org/2005/Atom"></feed>',
        "\ufeff<urlset></urlset>",
        "<!-- a -->" * 200 + "<rss>",
    ],
)
def test_feeds(text: str) -> None:
    assert is_feed(text)


@pytest.mark.parametrize(
    "text", ["", "<html>", "<p>RSS: <rss></p>", "<!-- <rss> --><p>x", "<!-- a -->" * 200 + "<p>"]
)
def test_no_feeds(text: str) -> None:
    assert not is_feed(text)


def test_blank_lines_cost_no_time() -> None:
    start = time.perf_counter()
    looks_like_html("a<br>b<br>c<br>d<br>e" + "\n" * 30_000 + "x")
    assert time.perf_counter() - start < 1
