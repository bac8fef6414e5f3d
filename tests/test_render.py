from __future__ import annotations

import sys

import pytest

from cleaner.errors import DataError
from cleaner.render import RENDERERS, available_renderers, join_lines, render, wrap

PAGE = """<html><head><title>Head</title><style>p {}</style></head><body>
<nav><ul><li><a href="/">Home</a><li><a href="/w">World</a></ul></nav>
<div><h1>A river rises</h1><p>First <b>bold</b> paragraph.</p><p>Second<br>one.</p></div>
<script>var hidden = 1;</script><footer>Made by us</footer></body></html>"""


@pytest.mark.parametrize("name", available_renderers())
def test_every_renderer_keeps_the_text_and_repeats_itself(name: str) -> None:
    text = render(PAGE, name)
    for words in ("Home", "A river rises", "paragraph.", "one."):
        assert words in text
    assert "hidden" not in text
    assert render(PAGE, name) == text


def test_own_renderers_differ_in_their_line_breaks() -> None:
    blocks = ["Home", "World", "A river rises", "First bold paragraph.", "Second", "one."]
    assert render(PAGE, "lines").split("\n") == [*blocks, "Made by us"]
    assert render(PAGE, "text_blank").split("\n\n") == [*blocks, "Made by us"]
    assert render(PAGE, "joined").split("\n") == [
        "Home World",
        "A river rises First bold paragraph. Second one.",
        "Made by us",
    ]


@pytest.mark.parametrize("name", ["lines", "text_blank", "joined"])
@pytest.mark.parametrize("html", ["", "<", "plain words", "<p></p>", "\x00"])
def test_odd_input_renders(name: str, html: str) -> None:
    assert isinstance(render(html, name), str)


def test_deep_nesting_renders() -> None:
    assert render("<div>" * 6000 + "deep" + "</div>after", "lines").startswith("deep")


def test_unknown_and_missing_renderers_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="choose one of: resiliparse"):
        render(PAGE, "lynx")
    monkeypatch.setitem(sys.modules, "inscriptis", None)
    with pytest.raises(DataError, match="pip install"):
        render(PAGE, "inscriptis")


def test_wrap_keeps_words_and_indentation() -> None:
    text = "    one two three four five\n\nshort"
    assert wrap(text, 14) == "    one two\n    three four\n    five\n\nshort"
    assert wrap("a-very-long-word-that-stays b", 8) == "a-very-long-word-that-stays\nb"


def test_wrap_breaks_scripts_without_spaces() -> None:
    lines = wrap("これは長い日本語の段落です。" * 4, 10).split("\n")
    assert max(map(len, lines)) == 10
    assert "".join(lines) == "これは長い日本語の段落です。" * 4


def test_join_lines() -> None:
    assert join_lines("  a b\n\n c\n") == "a b c"


def test_renderers_are_read_only() -> None:
    with pytest.raises(TypeError):
        RENDERERS["x"] = str  # type: ignore[index]
