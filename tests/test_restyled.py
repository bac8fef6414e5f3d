"""Remarks of labelled pages, written again in other layouts."""

from __future__ import annotations

import random

import pytest

from cleaner.data.align import UNJUDGED
from cleaner.data.pages import Labelled, LabelledPage, read_pages
from cleaner.examples import Prepared, prepare
from cleaner.examples.restyled import restyled, restyled_samples
from cleaner.types import ARTICLE, COMMENT, NAVIGATION
from conftest import TRAINING_DATA

LINES = [
    ("Pets & Co | Questions", NAVIGATION),
    (
        "My cat wakes me at four every night, what can I do? She has food and a warm bed, she has "
        "been to the vet, and I have not slept through a night since the clocks went back.",
        ARTICLE,
    ),
    ("tomcat77 :", UNJUDGED),
    ("Do you feed her when she wakes you?", COMMENT),
    ("Add a comment", NAVIGATION),
    ("Doctor Paws", UNJUDGED),
    ("Answered on 3 May", UNJUDGED),
    ("Feed her late.", ARTICLE),
    (
        "And never get up at night, whatever she does: each time you do, she learns that calling "
        "for long enough works. It takes two weeks, and earplugs, and neighbours who know of it.",
        ARTICLE,
    ),
    ("tomcat77 :", UNJUDGED),
    ("That worked for mine.", COMMENT),
    ("greta :", UNJUDGED),
    ("Not for mine, sadly.", COMMENT),
    ("Add a comment", NAVIGATION),
]


def prepared(lines: list[tuple[str, str]], layout: str = "qa") -> Prepared:
    labels = tuple(Labelled(label, text) for text, label in lines if label != UNJUDGED)
    page = "\n".join(text for text, _ in lines).encode()
    labelled = LabelledPage(
        "en-qa", page, "text", "https://a.example/", "en", layout, "a test", "CC0-1.0", UNJUDGED,
        labels,
    )  # fmt: skip
    found = prepare(labelled)
    assert found is not None
    return found


def made(page: Prepared, seed: int) -> Prepared:
    copy = restyled(page, random.Random(seed))
    assert copy is not None
    return copy


def texts_of(page: Prepared, label: str) -> list[str]:
    blocks = zip(page.page.blocks, page.labels, strict=True)
    return [page.page.text_of(block) for block, found in blocks if found == label]


@pytest.mark.parametrize("seed", range(20))
def test_all_but_remarks_and_their_headers_stays(seed: int) -> None:
    page = prepared(LINES)
    copy = made(page, seed)
    assert texts_of(copy, ARTICLE) == texts_of(page, ARTICLE)
    assert texts_of(copy, UNJUDGED) == ["Doctor Paws", "Answered on 3 May"]
    navigation = texts_of(copy, NAVIGATION)
    assert [text for text in navigation if text in texts_of(page, NAVIGATION)] == [
        "Pets & Co | Questions", "Add a comment", "Add a comment",
    ]  # fmt: skip
    assert not any(text.startswith(("tomcat77 :", "greta :")) for text in texts_of(copy, COMMENT))


def test_remarks_come_in_many_layouts_and_are_comments_in_all() -> None:
    page = prepared(LINES)
    copies = [made(page, seed) for seed in range(40)]
    assert len({copy.page.source for copy in copies}) > 30
    words = ["Do you feed her", "That worked", "Not for mine"]
    for word in words:
        holding = [copy for copy in copies if word.lower() in copy.page.source.lower()]
        assert len(holding) > 20
        for copy in holding:
            assert any(word.lower() in text.lower() for text in texts_of(copy, COMMENT))


def test_names_below_remarks_go_as_well() -> None:
    lines = [
        (
            "Where do swifts sleep in winter, and do they land at all? I have read that they stay "
            "in the air for months, and find that hard to believe of so small a bird.",
            ARTICLE,
        ),
        ("On the wing, mostly.", COMMENT),
        ("– nora, 3 May", UNJUDGED),
        ("I have seen them land.", COMMENT),
        ("– piet, 4 May", UNJUDGED),
        ("Related questions", NAVIGATION),
    ]
    for seed in range(10):
        copy = made(prepared(lines), seed)
        assert "nora, 3 May" not in copy.page.source
        assert "piet, 4 May" not in copy.page.source
        assert texts_of(copy, UNJUDGED) == []


def test_only_questions_with_remarks_are_restyled_and_always_alike() -> None:
    page = prepared(LINES)
    first, again = (list(restyled_samples(page, seed=1)) for _ in range(2))
    assert [sample.labels for sample in first] == [sample.labels for sample in again]
    assert len(first) == 3
    assert not list(restyled_samples(prepared(LINES, layout="news"), seed=1))
    without = [(text, label) for text, label in LINES if label != COMMENT]
    assert not list(restyled_samples(prepared(without), seed=1))


def test_what_looks_like_wrapped_text_is_left_out() -> None:
    long = (
        "A question whose lines are all as long as each other, as if they were wrapped",
        ARTICLE,
    )
    lines = [
        long,
        long,
        ("And a remark of about that length, so that it could be one more", COMMENT),
    ]
    assert any(restyled(prepared(lines), random.Random(seed)) is None for seed in range(30))


def test_shipped_questions_keep_their_articles() -> None:
    pages = [p for p in read_pages(TRAINING_DATA) if p.kind == "text" and p.layout == "qa"][::8]
    for labelled in pages:
        page = prepare(labelled)
        assert page is not None
        copy = made(page, 0)
        kept = set(texts_of(copy, ARTICLE))
        lost = [text for text in texts_of(page, ARTICLE) if text not in kept]
        assert len(lost) <= 0.05 * len(texts_of(page, ARTICLE)), labelled.name
