from __future__ import annotations

import json
import time
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cleaner
from cleaner.spam import SpamModel, deletion, find_spam, train_spam
from cleaner.types import Block, Page, Segment, Span

DATA = Path(__file__).parent / "data"


def cases(name: str) -> list[dict[str, Any]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@cache
def default() -> SpamModel:
    spam = cleaner.Cleaner().model.spam
    assert spam is not None
    return spam


def spans(text: str, model: SpamModel | None = None) -> list[Span]:
    page = Page(text, "text", (Block(0, len(text)),))
    return find_spam(page, [Segment("article", text, 0, len(text), 1.0)], model or default())


@pytest.mark.parametrize("case", cases("spam_negatives.jsonl"), ids=lambda case: case["text"][:30])
def test_nothing_legitimate_is_removed(case: dict[str, Any]) -> None:
    assert not [span for span in spans(case["text"]) if span.removed]


def test_negatives_are_many_and_varied() -> None:
    negatives = cases("spam_negatives.jsonl")
    assert len(negatives) >= 80
    assert len({case["lang"] for case in negatives}) >= 20


def test_injected_spam_is_found() -> None:
    positives = cases("spam_positives.jsonl")
    marked = removed = 0
    for case in positives:
        start, end = case["start"], case["end"]
        assert case["text"][start:end] == case["spam"]
        found = [s for s in spans(case["text"]) if s.start < end and s.end > start]
        marked += bool(found)
        removed += any(span.removed for span in found)
    assert marked >= 0.9 * len(positives)
    assert removed >= 0.8 * len(positives)


def test_only_the_injected_word_goes() -> None:
    clean = "Droua had left the city. Fadl-Allah Haroun, a commander in Benghazi, also said so."
    text = clean.replace("Haroun, a", "Haroun, 바카라사이트 a")
    (span,) = spans(text)
    assert span.removed
    assert span.text == "바카라사이트"
    assert "Hangul" in span.reason
    low, high = deletion(text, span)
    assert text[:low] + text[high:] == clean


def test_spans_lie_in_article_segments_and_match_the_source() -> None:
    spam = "The farmers waited for rain 온라인카지노 while the wells in the valley ran dry."
    source = f"Menu\n\n{spam}\n\n{spam}\n\n{spam}"
    at = [source.index(spam)]
    at += [source.index(spam, at[0] + 1), source.rindex(spam)]
    labels = ("article", "comment", "article")
    segments = [
        Segment(label, spam, start, start + len(spam), 1.0)
        for label, start in zip(labels, at, strict=True)
    ]
    found = find_spam(Page(source, "text", ()), segments, default())
    assert [span.start for span in found] == [at[0] + 28, at[2] + 28]
    assert all(source[span.start : span.end] == span.text for span in found)


@pytest.mark.parametrize(
    ("text", "spam", "left"),
    [
        ("one X two", "X", "one two"),
        ("one X, two", "X", "one, two"),
        ("one, X two", "X", "one, two"),
        ("oneX two", "X", "one two"),
        ("one Xtwo", "X", "one two"),
        ("one X", "X", "one"),
        ("X one", "X", "one"),
        ("one.\nX Two", "X", "one.\nTwo"),
        ("one X.\nTwo", "X", "one.\nTwo"),
    ],
)
def test_deletion_closes_the_gap(text: str, spam: str, left: str) -> None:
    start = text.index(spam)
    low, high = deletion(text, Span(start, start + len(spam), spam, 1.0, "", True))
    assert text[:low] + text[high:] == left


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\n", "\ud800\udfff", "\x00" * 50, "바카라", "a b c d e f g h i", "а" * 9000,
     "𝐬" * 5000, "x\u200b" * 3000, "казино casino " * 500, "( ) " * 2000,
     "a 中 " * 3000, "a." * 5000],
)  # fmt: skip
def test_odd_text(text: str) -> None:
    found = spans(text)
    assert all(text[span.start : span.end] == span.text for span in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_a_page_in_two_scripts_is_left_alone() -> None:
    text = " ".join(
        f"The {word} shop sells tea. 이 가게는 차와 {korean} 팝니다."
        for word, korean in zip("abcdefgh", "가나다라마바사아", strict=True)
    )
    assert spans(text + " 카지노사이트 추천 and more tea") == []


def test_clean_text_is_cheap() -> None:
    sentences = [case["text"][: case["start"]] for case in cases("spam_positives.jsonl")]
    text = "\n".join(s for s in sentences if s.isascii())[:6000]
    spans(text)
    times = []
    for _ in range(15):
        start = time.perf_counter()
        spans(text)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.01


def test_training_is_deterministic_and_needs_no_texts() -> None:
    first, second = train_spam(variants=3), train_spam(variants=3)
    assert (first.weights == second.weights).all()
    assert (first.scale, first.bias) == (second.scale, second.bias)
    assert first.probability("바카라사이트") > 0.8 > 0.3 > first.probability("대한민국")
    assert (
        first.probability("buy viagra online") > 0.8 > 0.3 > first.probability("he said on Monday")
    )


def test_model_round_trip_and_bad_arrays() -> None:
    again = SpamModel.from_arrays(default().to_arrays())
    assert again.probability("online casino") == pytest.approx(
        default().probability("online casino")
    )
    with pytest.raises(ValueError, match="train it again"):
        SpamModel.from_arrays({"weights": np.zeros(4, np.int8)})
    with pytest.raises(ValueError, match="train it again"):
        SpamModel.from_arrays({**default().to_arrays(), "weights": np.zeros(4, np.int8)})
