"""The coloured view of a page."""

from __future__ import annotations

import re
from dataclasses import replace

from cleaner.clean import Result
from cleaner.inspect import render
from cleaner.types import Segment, Span

SOURCE = "Home | News\nThe river rose 바카라사이트 overnight.\nI saw it too\nrecipe: two eggs"


def page(**changes: object) -> Result:
    segments, at = [], 0
    labels = ("navigation", "article", "comment", "recipe")
    confidences = (0.99, 0.97, 0.55, 0.8)
    for line, label, confidence in zip(SOURCE.split("\n"), labels, confidences, strict=True):
        segments.append(Segment(label, line, at, at + len(line), confidence))
        at += len(line) + 1
    start = SOURCE.index("바")
    span = Span(start, start + 6, "바카라사이트", 0.98, "foreign script, gambling term", True)
    whole = Result("", source=SOURCE, segments=tuple(segments), spam=(span,))
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_plain_view() -> None:
    assert render(page()).splitlines() == [
        "text, words: article 5, comment 4, navigation 3, recipe 3; spam 1",
        "",
        "navigation 0.99  Home | News",
        "article    0.97  The river rose ⟦바카라사이트⟧ overnight.",
        "comment    0.55? I saw it too",
        "recipe     0.80  recipe: two eggs",
        "spam 0.98 removed: ⟦바카라사이트⟧ (foreign script, gambling term)",
    ]


def test_colours_change_nothing_but_colour() -> None:
    painted = render(page(), colour=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == render(page())
    assert "\x1b[0;1;97;41m⟦바카라사이트⟧\x1b[0;32m" in painted
    assert all(line.endswith("\x1b[0m") for line in painted.splitlines()[2:-1])


def test_long_segments_are_wrapped_under_their_label() -> None:
    text = "word " * 60
    view = render(page(source=text, segments=(Segment("article", text, 0, 300, 1.0),), spam=()))
    lines = view.splitlines()[2:]
    assert len(lines) > 3
    assert all(len(line) <= 100 for line in lines)
    assert all(line.startswith(" " * len("article 1.00  ")) for line in lines[1:])


def test_letters_of_two_columns() -> None:
    text = "フェリーは月曜日に出航すると港長が語った" * 10
    segment = Segment("article", text, 0, len(text), 1.0)
    summary, _, *lines = render(page(source=text, segments=(segment,), spam=())).splitlines()
    assert summary == "text, words: article 100; spam 0"
    head = len("article 1.00  ")
    assert "".join(line[head:] for line in lines) == text
    assert all(90 <= head + 2 * len(line[head:]) <= 100 for line in lines[:-1])


def test_spam_across_lines_keeps_its_colour() -> None:
    text = "before " + "casino " * 30 + "after"
    span = Span(7, 7 + 7 * 30 - 1, text[7:216], 1.0, "terms", False)
    segment = Segment("article", text, 0, len(text), 1.0)
    lines = render(page(source=text, segments=(segment,), spam=(span,)), colour=True).splitlines()
    assert "\x1b[1;97;41mcasino casino" in lines[3]
    assert "⟧\x1b[0;32m after" in render(
        page(source=text, segments=(segment,), spam=(span,)), colour=True, width=400
    )


def test_page_cannot_steer_the_terminal() -> None:
    text = "a\x1b[2Jb\x07\u202ec"
    segment = Segment("article", text, 0, len(text), 1.0)
    view = render(page(source=text, segments=(segment,), spam=()))
    assert "a�[2Jb��c" in view


def test_failed_page() -> None:
    failed = page(source="", segments=(), spam=(), error="binary data")
    assert render(failed) == "not cleaned: binary data\n"
