from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from functools import cache
from html import escape
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import cleaner
from cleaner.deletions import span_with_gap
from cleaner.errors import DataError
from cleaner.scripts import codepoints, script_codes
from cleaner.segment import segment
from cleaner.spam import (
    SpamModel,
    _elsewhere,
    _sound,
    _widened,
    evidence,
    find_spam,
    support,
)
from cleaner.spam.candidates import Candidate, candidates
from cleaner.spam.disguise import disguised_words, plain_spelling
from cleaner.spam.folds import Folds, Source
from cleaner.spam.grammar import SENTENCE, Grammar, Phrase, _read
from cleaner.spam.grams import FloatArray
from cleaner.spam.inject import (
    disguised,
    inject,
    inject_all,
    inject_html,
    put_linked,
    shortened,
)
from cleaner.spam.samples import Rows, add_passage
from cleaner.spam.signals import SIGNALS, Reader
from cleaner.spam.stretches import _core, _one_script
from cleaner.spam.texts import (
    Judgements,
    Marked,
    Text,
    linked_look_alikes,
    look_alikes,
    passages,
)
from cleaner.spam.train import _mark_threshold, train_spam
from cleaner.spam.view import FAMILY, View
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


def test_words_that_authors_link_to_other_sites_mostly_stay() -> None:
    passages = cases("spam_linked.jsonl")
    assert len({case["lang"] for case in passages}) >= 30
    touched = 0
    for case in passages:
        paragraph = escape(case["text"], quote=False)
        for number, words in enumerate(case["links"]):
            link = f'<a href="https://en.wikipedia.org/wiki/{number}">{escape(words)}</a>'
            paragraph = paragraph.replace(escape(words, quote=False), link)
        page = segment(f"<article><p>{paragraph}</p></article>", "html")
        article = [Segment("article", page.text_of(b), b.start, b.end, 1.0) for b in page.blocks]
        touched += any(span.removed for span in find_spam(page, article, default()))
    assert touched <= 0.01 * len(passages)


def test_negatives_are_many_and_varied() -> None:
    negatives = cases("spam_negatives.jsonl")
    assert len({case["text"] for case in negatives}) >= 500
    assert len({case["lang"] for case in negatives}) >= 50


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
    # Nearly all are shorter than a text that tells what is at home in it.
    assert removed >= 0.69 * len(positives)


def test_passages_with_spam_by_another_hand() -> None:
    found: dict[bool, list[bool]] = {True: [], False: []}
    removed = 0
    for case in cases("spam_passages.jsonl"):
        text, places = case["text"], [case["text"].index(spam) for spam in case["spam"]]
        seen = spans(text)
        for start, spam in zip(places, case["spam"], strict=True):
            end = start + len(spam)
            shared = [min(span.end, end) - max(span.start, start) for span in seen]
            own = case["lang"] == case["spam_lang"]
            found[own].append(max(shared, default=0) * 2 >= len(spam))
            removed += any(
                span.removed and both * 2 >= len(spam)
                for span, both in zip(seen, shared, strict=True)
            )
        for span in seen:  # of what goes, nothing is the author's alone
            assert not span.removed or any(
                span.start < start + len(spam) and span.end > start
                for start, spam in zip(places, case["spam"], strict=True)
            )
    assert len(found[False]) + len(found[True]) >= 500
    assert sum(found[False]) >= 0.91 * len(found[False])  # spam in another language than its page
    assert sum(found[True]) >= 0.6 * len(found[True])
    assert removed >= 0.35 * (len(found[False]) + len(found[True]))


def sentences_by_another_hand() -> list[tuple[str, str, str]]:
    """Language, vertical or "ordinary", and sentence."""
    rows = []
    for path in sorted((DATA / "spam_sentences").glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            vertical, sentence = line.split("\t")
            rows.append((path.stem, vertical, sentence))
    return rows


def test_paragraphs_with_links_are_put_into_a_page_as_authors_write_them() -> None:
    links = [linked for some in linked_look_alikes().values() for linked in some]
    assert len(links) >= 100
    page = f"<p>{'The river rose in the night. ' * 6}</p>"
    for linked in links:
        changed = put_linked(page, linked, Random(linked.text))
        assert changed is not None
        found = segment(changed, "html")
        assert linked.text in found.source
        shown = [found.source[link.start : link.end] for link in found.links]
        assert shown == [linked.text[start:end] for start, end in linked.places]
    assert put_linked("<p>short</p>", links[0], Random(0)) is None


def test_sentences_by_another_hand_are_many_and_not_trained_on() -> None:
    rows = sentences_by_another_hand()
    grammar = Grammar.shipped()
    assert {vertical for _, vertical, _ in rows} == {"ordinary", *grammar.verticals}
    assert sum(vertical != "ordinary" for _, vertical, _ in rows) >= 12_000
    assert {language for language, _, _ in rows} == set(grammar.languages)
    known = {s for found in grammar.languages.values() for s in found.sentences}
    assert not known & {sentence for _, _, sentence in rows}
    assert not set(look_alikes()) & {sentence for _, _, sentence in rows}


def test_honest_sentences_that_look_like_spam_are_left_alone() -> None:
    honest = [sentence for _, kind, sentence in sentences_by_another_hand() if kind == "ordinary"]
    assert len(honest) >= 3_000
    found = [spans(sentence) for sentence in honest]
    assert not [span.text for few in found for span in few if span.removed]
    assert sum(map(bool, found)) <= 0.125 * len(honest)
    sure = [any(span.confidence >= 0.3 for span in few) for few in found]
    assert sum(sure) <= 0.04 * len(honest)


@pytest.mark.parametrize("verb", ["mend", "repair"])
def test_an_ordinary_word_that_sounds_promotional_keeps_no_spam(verb: str) -> None:
    before = "The mill at Harbeck has stood beside the river since 1811. Its wheel is gone."
    after = f"Last winter neighbours bought it and began to {verb} the roof. Two carpenters help."
    (span,) = spans(f"{before}\n\nонлайн казино вулкан\n\n{after}")
    assert (span.text, span.removed) == ("онлайн казино вулкан", True)


def test_drawn_letters_are_one_reason_not_two() -> None:
    for span in spans(f"{TEXT}She is a 𝗦𝗼𝗳𝘁𝘄𝗮𝗿𝗲 𝗘𝗻𝗴𝗶𝗻𝗲𝗲𝗿 in Leeds and likes her work. {TEXT}"):
        assert not span.removed
        assert "Styled" not in span.reason


def test_only_the_injected_word_goes() -> None:
    clean = (
        "Droua had left the city. Fadl-Allah Haroun, a commander in Benghazi, also said so. The "
        "rebels held the airport road. Shops were open in the morning, and closed at noon."
    )
    text = clean.replace("Haroun, a", "Haroun, 바카라사이트 a")
    (span,) = spans(text)
    assert span.removed
    assert span.text == "바카라사이트"
    assert "Hangul" in span.reason
    low, high = span_with_gap(text, span.start, span.end)
    assert text[:low] + text[high:] == clean


@pytest.mark.parametrize(
    "phrase", ["tabletki na potencję bez recepty", "kredi başvurusu yap hemen"]
)
def test_what_stands_out_from_its_page_is_judged(phrase: str) -> None:
    text = (
        "The council met on Thursday to discuss the repair of the old bridge over the river. "
        f"Some of the members {phrase} wanted to build a new one, and others would rather wait. "
        "The engineers are to measure the arches before the winter, when the water is low."
    )
    start, end = text.index(phrase), text.index(phrase) + len(phrase)
    found = candidates(default().view(text), default().promotion)
    shared = max(min(c.end, end) - max(c.start, start) for c in found)
    assert shared > 0.7 * len(phrase)
    kept, signals = default().signals(default().view(text))
    assert signals.shape == (len(kept), len(SIGNALS))


def test_the_ends_of_a_span_tell_spam_from_the_words_around_it() -> None:
    model = default()
    text = TEXT.replace(" and ", " best online casino bonus and ", 1)
    view = model.view(text)
    at = text.index("best online")
    exact = Candidate(at, at + len("best online casino bonus"), "phrase")
    wide = Candidate(at - 12, exact.end + 12, "phrase")
    reader = Reader(view, model.promotion, model.languages, model.joins, [exact, wide])
    signals = dict(zip(SIGNALS, reader.quick().T, strict=True))
    for end, beside in (("first", "before"), ("last", "after")):
        inner, outer = signals[f"promotion_{end}"], signals[f"promotion_{beside}"]
        assert inner[0] > outer[0]
        assert inner[0] > inner[1]


def test_novelty_is_what_the_text_says_nowhere_else() -> None:
    new = "zebra crossings"
    text = f"{TEXT}\n{TEXT} {new}"
    spans = [(0, 20), (len(text) - len(new), len(text)), (len(text) - 1, len(text))]
    starts, ends = np.array(spans).T
    (known, unknown, last), rarest = default().view(text).novelty(starts, ends)
    assert unknown > 0.8
    assert 0 <= last <= 1
    assert rarest.tolist()[:2] == [6, 1]
    assert known < 1  # some of its 4-grams stand in other words of the text, too
    twice = default().view(f"{text} {new}")
    (_, again, _), rarest = twice.novelty(starts, ends)
    assert again > 0.8
    assert rarest[1] == 2


def test_the_words_of_likely_spam_are_sought_in_all_of_the_page() -> None:
    text = TEXT.replace("night", "night cheap pills", 2) + "The cheap pillsbury dough."
    view = default().view(text)
    at = text.index("cheap pills")
    one = Candidate(at, at + len("cheap pills"), "anchor")
    (other,) = _elsewhere(view, [one], [one])
    assert other.start > at
    assert text[other.start : other.end] == "cheap pills"
    assert other.kind == "phrase"
    assert not _elsewhere(view, [one], [one, other])


ONE_MISSED = pytest.mark.xfail(reason="one of four, since passages are learned from", strict=True)


@pytest.mark.parametrize(
    ("spam", "times"),
    [
        pytest.param(spam, times, marks=[ONE_MISSED] if (spam, times) == ("娱乐城", 4) else [])
        for spam in ("바카라사이트", "онлайн казино", "สล็อตออนไลน์", "娱乐城")
        for times in (2, 4)
    ],
)
def test_what_is_put_in_several_times_is_found_each_time(spam: str, times: int) -> None:
    places = ("city", "commander", "airport", "morning")[:times]
    text = (
        "Droua had left the city on Friday. Haroun was a commander in Benghazi and said so. The "
        "rebels held the airport road. Shops were open in the morning and closed at noon. Nobody "
        "knew who would come back, or when the schools were to begin again."
    )
    for word in places:
        text = text.replace(f"{word} ", f"{word} {spam} ", 1)
    found = [span.text for span in spans(text)]
    assert found == [spam] * times


def test_nothing_is_reported_without_a_reason() -> None:
    sentence = (
        "The river rose two metres in a single night, and by the morning the lower road had gone, "
        "said the people who live beside it; nobody had expected that so early in the year."
    )
    middle = "The council, which had closed the 바카라사이트 bridge on Monday, said so."
    found = spans(f"{sentence}\n\n{middle}\n\n{sentence}")
    assert [span.text for span in found] == ["바카라사이트"]
    assert all(span.reason for span in found)


def test_the_screen_gives_up_most_candidates_and_no_spam() -> None:
    model = default()
    unscreened = replace(model, screen=None)
    kept = judged = missed = 0
    for case in cases("spam_positives.jsonl"):
        few, _ = model.signals(model.view(case["text"]))
        all_of_them, _ = unscreened.signals(model.view(case["text"]))
        assert {(c.start, c.end) for c in few} <= {(c.start, c.end) for c in all_of_them}
        missed += not any(c.start < case["end"] and c.end > case["start"] for c in few)
    for case in cases("spam_negatives.jsonl"):
        judged += len(unscreened.signals(model.view(case["text"]))[0])
        kept += len(model.signals(model.view(case["text"]))[0])
    assert missed <= 1
    assert kept < 0.6 * judged


def test_marks_are_as_precise_as_asked() -> None:
    rows = Rows()
    found = []
    for page in range(200):
        others = (0.5995, False, True), (0.9, False, False)  # elsewhere; around the spam
        for value, is_spam, apart in ((0.5 + page / 1000, True, False), *others):
            rows.page.append(page)
            rows.truth.append(is_spam)
            rows.apart.append(apart)
            rows.pieces.append(0 if page >= 150 and apart else 1)
            found.append(value)
    probability, truth = np.array(found, np.float32), np.array(rows.truth)
    every = np.ones(len(truth), bool)
    strict = _mark_threshold(rows, truth, probability, every, 1.0)
    assert strict == pytest.approx(0.6)  # above what is reported wrongly
    loose = _mark_threshold(rows, truth, probability, every, 200 / 350)
    assert loose == pytest.approx(0.5)
    assert _mark_threshold(rows, truth, probability, ~every, 0.9) == 0.5  # nothing to go by


def test_each_piece_of_spam_of_a_page_is_learned() -> None:
    model = replace(default(), screen=None)
    text = TEXT.replace("night", "night 바카라사이트", 1).replace("hurt", "hurt онлайн казино", 1)
    pieces = "바카라사이트", "онлайн казино"
    places = [(text.index(spam), text.index(spam) + len(spam)) for spam in pieces]
    rows, others = Rows(), Rows()
    rows.add(model.view(text), model, 0, places)
    assert sum(rows.truth) >= 2
    assert set(rows.pieces) == {2}
    others.add(model.view(TEXT), model, 1)
    assert set(others.pieces) == {0}
    assert not any(others.truth)
    count = len(rows.truth) + len(others.truth)
    rows.extend(others)
    assert len(rows.signals) == len(rows.truth) == len(rows.pieces) == count
    assert (rows.pages, rows.page[-1]) == (2, 2)


def test_what_spam_passages_hold_is_marked_and_none_is_a_test() -> None:
    found = passages()
    assert len({passage.text for passage in found}) == len(found)
    for some in ([p for p in found if p.places], [p for p in found if not p.places]):
        assert len(some) >= 250
        assert len({passage.language for passage in some}) >= 35
    for passage in found:
        assert "[[" not in passage.text
        assert "]]" not in passage.text
        assert 20 < len(passage.without) <= len(passage.text)
    known = {passage.text for passage in found}
    for name in ("spam_passages.jsonl", "spam_negatives.jsonl", "spam_positives.jsonl"):
        assert not known & {case["text"] for case in cases(name)}


def test_a_passage_without_its_spam_reads_on() -> None:
    clean = "The river rose in the night. Two roads were closed."
    for number, spam in enumerate(("buy cheap pills", "Win big tonight!")):
        at = (len("The river"), len("The river rose in the night."))[number]
        text = f"{clean[:at]} {spam}{clean[at:]}"
        passage = Marked(text, ((at + 1, at + 1 + len(spam)),))
        assert text[slice(*passage.places[0])] == spam
        assert passage.without == clean


def test_a_passage_teaches_its_spam_and_that_nothing_else_is() -> None:
    model = replace(default(), screen=None)
    text = TEXT.replace("night", "night 바카라사이트", 1)
    start = text.index("바카라사이트")
    rows = Rows()
    add_passage(rows, Marked(text, ((start, start + 6),)), model, 0)
    held, clean = (np.array(rows.page) == page for page in (1, 2))
    truth, weight = np.array(rows.truth), np.array(rows.weight)
    assert truth[held].any()
    assert not truth[clean].any()
    others = Rows()
    others.add(model.view(text), model, 0, [(start, start + 6)])
    assert weight.min() > max(others.weight)  # what was put in by machine counts less
    add_passage(others, Marked(TEXT, ()), model, 0)
    assert (others.pages, others.pieces[-1]) == (2, 0)


def test_some_phrases_are_those_that_were_put_into_passages_of_the_language() -> None:
    grammar = Grammar.shipped()
    words, sentence = "alpha beta", "Gamma delta!"
    text = f"Rain fell on the hills {words} for nine days, and then the sun came out. {sentence}"
    places = [(text.index(spam), text.index(spam) + len(spam)) for spam in (words, sentence)]
    source = Source(grammar, Folds(grammar, Random(0)), 0, [Marked(text, tuple(places))])
    rng = Random(0)
    found = {(p.text, p.kind) for p in (source.phrase(TEXT, "eng", rng) for _ in range(200))}
    assert found > {(words, "phrase"), (sentence, SENTENCE)}
    others = {source.phrase("Der Fluss stieg in der Nacht.", "de", rng).text for _ in range(200)}
    assert not others & {words, sentence}


def test_spans_lie_in_article_segments_and_match_the_source() -> None:
    first, second, third = (
        "The farmers waited for rain 온라인카지노 while the wells in the valley ran dry.",
        "Her uncle repaired the roof 바카라사이트 before the first snow of the year fell.",
        "Volunteers cleaned the beach 토토사이트 추천 after the storm had passed the island.",
    )
    source = f"Menu\n\n{first}\n\n{second}\n\n{third}"
    segments = [
        Segment(label, text, source.index(text), source.index(text) + len(text), 1.0)
        for label, text in (("article", first), ("comment", second), ("article", third))
    ]
    found = find_spam(Page(source, "text", ()), segments, default())
    assert {span.text[:3] for span in found} <= {"온라인", "토토사"}
    assert found
    assert all(source[span.start : span.end] == span.text for span in found)


@pytest.mark.parametrize("between", ["\n\n", "\n\nHome | News | Sport\n\n"])
def test_no_span_reaches_from_one_segment_into_the_next(between: str) -> None:
    casino, bonus = ("\u200b".join(word) for word in ("casino", "bonus"))
    first = f"The harbour master said that the ferry would sail again by summer {casino}"
    second = f"{bonus} was paid for by the town, and the engine had new pistons."
    source = first + between + second
    segments = [
        Segment("article", text, source.index(text), source.index(text) + len(text), 1.0)
        for text in (first, second)
    ]
    found = find_spam(Page(source, "text", ()), segments, default())
    assert [span.text.replace("\u200b", "") for span in found] == ["casino", "bonus"]
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
        ("one, X.", "X", "one."),
        ("one; X; two", "X", "one; two"),
        ("one  X  two", "X", "one  two"),
        ("one\u2009X\u2009two", "X", "one\u2009two"),
        ("one X  \ntwo", "X", "one\ntwo"),
        ("one X\r\ntwo", "X", "one\r\ntwo"),
        ("one.\rX Two", "X", "one.\rTwo"),
        ("one (X) two", "X", "one two"),
        ("one <X>, two", "X", "one, two"),
        ("one “X” two", "X", "one two"),
        ('one "X" two', "X", "one two"),
        ('"one"X"two"', "X", '"one""two"'),
        ("one **X** two", "X", "one two"),
        ("one (★X★) two", "X", "one two"),
        ("one 🔥️X🔥️. two", "X", "one. two"),
        ("one →X two", "X", "one two"),
        ("one→X two", "X", "one→ two"),
        ("one ★two★X three", "X", "one ★two★ three"),
        ("one |X| two", "X", "one two"),
        ("one|X|two", "X", "one||two"),
        ("one \u2067X\u2069 two", "X", "one two"),
        ("one \u200bX\u200e two", "X", "one two"),
        ("\u2067one X\u2069 two", "X", "\u2067one \u2069 two"),
        ("one!🔥X two", "X", "one!🔥 two"),
        ("one 5% X $5 two", "X", "one 5% $5 two"),
        ("One. X. Two", "X", "One. Two"),
        ("One! X! Two", "X", "One! Two"),
        ("One. X!!! Two", "X", "One. Two"),
        ("“One.” X. Two", "X", "“One.” Two"),
        ("一。X。二", "X", "一。二"),
        ("One. X.", "X", "One."),
        ("One. X.\nTwo", "X", "One.\nTwo"),
        ("One.\nX. Two", "X", "One.\nTwo"),
        ("One\n\nX. Two", "X", "One\n\nTwo"),
        ("one\nX. Two", "X", "one\n. Two"),
        ("One. X.com", "X", "One..com"),
        ("one etc. X, two", "X", "one etc., two"),
        ("one - X", "X", "one"),
        ("one | X \nTwo", "X", "one\nTwo"),
        ("one — X\ntwo", "X", "one —\ntwo"),
        ("one - X. Two", "X", "one. Two"),
        ("one – X – two", "X", "one – two"),
        ("one - X two", "X", "one - two"),
        ("one- X", "X", "one-"),
        ("| one | X | two |", "X", "| one | | two |"),
        ("one,\nX\ntwo", "X", "one,\ntwo"),
        ("one,\r\n X \r\n two", "X", "one,\r\n two"),
        ("One.\n- X.\nTwo", "X", "One.\nTwo"),
        ("one\n\nX\ntwo", "X", "one\n\n\ntwo"),
        ("one\nX\n \ntwo", "X", "one\n\n \ntwo"),
        ("X\none", "X", "\none"),
        ("ایک۔ X۔ دو", "X", "ایک۔ دو"),
        ("one,\r\r\nX\r\r\ntwo", "X", "one,\r\r\ntwo"),
    ],
)
def test_deletion_closes_the_gap(text: str, spam: str, left: str) -> None:
    start = text.index(spam)
    low, high = span_with_gap(text, start, start + len(spam))
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


TWO_SCRIPTS = " ".join(
    f"The {word} shop sells tea. 이 가게는 차와 {korean} 팝니다."
    for word, korean in zip("abcdefgh", "가나다라마바사아", strict=True)
)


def test_a_page_in_two_scripts_is_left_alone() -> None:
    found = spans(f"{TWO_SCRIPTS} 카지노사이트 추천 and more tea")
    assert not any(span.removed for span in found)


@pytest.mark.xfail(reason="words that come again and again are reported since spam comes so")
def test_nothing_of_a_page_in_two_scripts_is_reported() -> None:
    found = spans(f"{TWO_SCRIPTS} 카지노사이트 추천 and more tea")
    assert all(span.start >= len(TWO_SCRIPTS) for span in found)


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


def test_training_is_deterministic() -> None:
    grammar = Grammar.shipped().only(lambda language, v, p: language in {"en", "ko", "ru", "fr"})
    texts = [
        Text(case["lang"], (case["text"] + " ") * 4)
        for case in cases("spam_negatives.jsonl")
        if case["lang"] in {"en", "fr", "ru"}
    ]
    first, second = (train_spam(texts, grammar=grammar, size=0.02) for _ in range(2))
    one, other = first.to_arrays(), second.to_arrays()
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)
    assert first.promotion.logit("바카라사이트") > first.promotion.logit("대한민국")


def test_the_shipped_grammar_and_judgements_are_well_formed() -> None:
    grammar = Grammar.shipped()
    assert len(grammar.languages) >= 60
    assert len(grammar.verticals) >= 10
    for language, rows in grammar.languages.items():
        assert rows.heads, language
        assert rows.mods, language
        assert rows.ordinary, language
        phrases = [phrase for _, phrase in rows.heads] + [*rows.mods, *rows.ordinary]
        assert not any("{" in phrase or phrase != phrase.strip() for phrase in phrases), language
        assert all(len(sentence) > 3 for sentence in rows.sentences), language
    for spans in Judgements.shipped().spans.values():
        assert all(start < end for start, end, _ in spans)


def test_a_malformed_line_of_the_grammar_is_named(tmp_path: Path) -> None:
    path = tmp_path / "xx.tsv"
    path.write_text("joining\tglue\ngambling\tone|two\nmod\tbig\n", encoding="utf-8")
    rows = _read(path)
    assert (rows.joiner, rows.heads) == ("", (("gambling", "one"), ("gambling", "two")))
    path.write_text("mod\tbig\ngambling one two\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"xx\.tsv, line 2: give a kind and phrases"):
        _read(path)


def test_a_grammar_can_leave_languages_and_verticals_out() -> None:
    left = Grammar.shipped().only(lambda language, v, p: language != "ko" and v != "gambling")
    assert "ko" not in left.languages
    assert "gambling" not in left.verticals
    assert left.verticals
    assert any(rows.sentences for rows in left.languages.values())
    phrases = Grammar.shipped().only(lambda language, vertical, p: vertical != SENTENCE)
    assert not any(rows.sentences for rows in phrases.languages.values())


TEXT = "The river rose in the night, and the lower streets were closed. Nobody was hurt. " * 3


def test_an_injection_leaves_the_rest_alone() -> None:
    random = Random(1)
    places = set()
    for _ in range(200):
        put = inject(TEXT, "cheap pills", random)
        assert put is not None
        assert put.text[put.start : put.end].startswith("cheap pills")
        rest = put.text[: put.start] + put.text[put.end :]
        assert [c for c in rest if c.isalnum()] == [c for c in TEXT if c.isalnum()]
        places.add(put.place)
    assert places >= {"middle", "end", "glued", "brackets", "comma"}


def test_injections_leave_each_other_alone() -> None:
    random = Random(4)
    most = 0
    for _ in range(60):
        pieces = ["cheap pills", "바카라사이트", "cheap pills", "online casino"]
        phrases = [Phrase(piece, "en", "pharma", "phrase") for piece in pieces]
        text, spans = inject_all(TEXT, phrases, random)
        said = [text[start:end].rstrip(".") for start, end in spans]
        assert said
        assert not Counter(said) - Counter(pieces)
        for start, end in sorted(spans, reverse=True):
            text = text[:start] + text[end:]
        assert [c for c in text if c.isalnum()] == [c for c in TEXT if c.isalnum()]
        most = max(most, len(said))
    assert most == 4
    assert inject_all("word", phrases, random) == ("word", [])


def test_a_text_with_an_injection_is_not_longer_than_others() -> None:
    random, spam = Random(3), "cheap pills without prescription"
    for _ in range(50):
        put = inject(shortened(TEXT, spam), spam, random)
        assert put is not None
        assert abs(len(put.text) - len(TEXT)) <= 4
    assert shortened("Too short to lose any.", spam) == "Too short to lose any."


def degree_of(candidate: Candidate, row: FloatArray, view: View) -> int:
    return support(row, view, *evidence(candidate, row, view))


def test_a_sentence_alone_does_not_tell_what_is_foreign_to_it() -> None:
    model = default()
    sentence = "She found τρεις παλιές βάρκες when the tide was out. "
    alone, beside = model.view(sentence), model.view(sentence + TEXT + TEXT)
    found, signals = model.signals(alone)
    assert all(
        _sound(row) > 0 for c, row in zip(found, signals, strict=True) if degree_of(c, row, alone)
    )
    found, signals = model.signals(beside)
    assert any(degree_of(c, row, beside) for c, row in zip(found, signals, strict=True))


@pytest.mark.parametrize(
    ("signals", "trick", "degree"),
    [
        ({}, "", 0),
        ({"promotion": 1.0}, "", 1),
        ({"promotion": 4.0}, "", 2),
        ({"foreign_share": 1.0}, "", 1),
        ({}, "spaced letters", 1),
        ({"promotion": 1.0, "foreign_share": 1.0}, "", 2),
        ({"promotion": 4.0, "foreign_share": 1.0}, "", 3),
        ({"promotion": 4.0, "language_gain_per_char": 1.0}, "", 2),
        ({"promotion": 4.0, "language_gain_per_char": 1.0}, "spaced letters", 3),
        ({"off_site": 1.0}, "", 0),
        ({"promotion": 1.0, "off_site": 1.0}, "", 2),
        ({"promotion": 4.0, "off_site": 1.0}, "", 3),
        ({"hidden": 1.0}, "", 1),
        ({"promotion": 1.0, "hidden": 1.0}, "", 4),
        ({"promotion": 1.0, "hidden": 1.0, "in_quotes": 1.0}, "", 4),
        ({"promotion": 4.0, "foreign_share": 1.0, "in_quotes": 1.0}, "", 0),
    ],
)
def test_degrees_of_evidence(signals: dict[str, float], trick: str, degree: int) -> None:
    text = TEXT.replace("streets were", "streets казино онлайн were", 1)
    view = default().view(text)
    start = text.index("казино")
    candidate = Candidate(start, start + len("казино онлайн"), "phrase", trick)
    row = np.zeros(len(SIGNALS), np.float32)
    for name, value in {"before_word": 1.0, "after_word": 1.0, **signals}.items():
        row[SIGNALS.index(name)] = value
    assert degree_of(candidate, row, view) == degree


@pytest.mark.parametrize(("spam", "degree"), [("바카라사이트", 1), ("online games", 0)])
def test_latin_letters_are_no_evidence_in_text_of_another_script(spam: str, degree: int) -> None:
    text = f"Летом сюда приходят студенты {spam} и рисуют высокие окна старого вокзала. " * 3
    view = default().view(text)
    start = text.index(spam)
    row = np.zeros(len(SIGNALS), np.float32)
    for name in ("before_word", "after_word", "foreign_share"):
        row[SIGNALS.index(name)] = 1.0
    assert degree_of(Candidate(start, start + len(spam), "phrase"), row, view) == degree


@pytest.mark.parametrize(
    ("length", "promotion", "put_in"), [(60, 1.0, True), (61, 1.0, False), (200, 4.0, True)]
)
def test_a_paragraph_in_another_script_is_not_put_in_for_standing_alone(
    length: int, promotion: float, put_in: bool
) -> None:
    paragraph = "ใส่กะทิลงในหม้อตั้งไฟอ่อน" * 9
    view = default().view(f"{TEXT}\n\n{paragraph[:length]}\n\n{TEXT}")
    start = len(TEXT) + 2
    row = np.zeros(len(SIGNALS), np.float32)
    row[SIGNALS.index("promotion")] = promotion
    row[SIGNALS.index("foreign_share")] = 1.0
    insertion, _ = evidence(Candidate(start, start + length, "script"), row, view)
    assert bool(insertion) == put_in


def test_an_injection_into_markup_can_be_found_again() -> None:
    html = f"<html><body><nav>Home</nav><p>{TEXT}</p></body></html>"
    grammar, random = Grammar.shipped(), Random(2)
    hidden = linked = 0
    for _ in range(60):
        made = inject_html(html, grammar.phrase("en", random, "phrase"), random)
        if made is None:
            continue
        page = segment(made[0], "html")
        assert made[1] in page.source
        at = page.source.index(made[1])
        hidden += any(low <= at < high for low, high in page.hidden)
        linked += any(link.start <= at < link.end for link in page.links)
    assert hidden > 5
    assert linked > 15


def disguises(text: str) -> list[str]:
    found = disguised_words(text, FAMILY.take(script_codes(text)), codepoints(text))
    return [text[start:end] for start, end, _ in found]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Kranken\u00adver\u00adsiche\u00adrung", ""),
        ("го\u00adсу\u00adдар\u00adство", ""),
        ("doc\u00adu\u00admen\u00adta\u00adtion", ""),
        ("έ\u00adδω\u00adσε", ""),
        ("Online\u200bcasino", ""),
        ("A\u2060lso vi\u200bag\u200bra", ""),
        ("1\u200b0\u200b0", ""),
        ("도박\u200b사이트", ""),
        ("在北\u200b京的会\u200b议上", ""),
        ("警察庁は\u200bオンラインカジノの\u200b摘発を", ""),
        ("c\u00ada\u00adsi\u00adno", "c\u00ada\u00adsi\u00adno"),
        ("v\u200bi\u200ba\u200bg\u200br\u200ba", "v\u200bi\u200ba\u200bg\u200br\u200ba"),
        ("b\u200be\u200bt\u200b3\u200b6\u200b5", "b\u200be\u200bt\u200b3\u200b6\u200b5"),
        ("u\u200by t\u200bí\u200bn cậ\u200by", "u\u200by t\u200bí\u200bn"),
        ("昨天在网\u200b上\u200b赌\u200b场门口", "网\u200b上\u200b赌\u200b场"),
        ("온라인카\u200b지\u200b노에서", "카\u200b지\u200b노"),
        ("카\u200b지\u200b노 추\u200b천을", "카\u200b지\u200b노 추\u200b천"),
    ],
)
def test_what_stands_between_syllables_is_no_disguise(text: str, word: str) -> None:
    assert disguises(f"Here is {text} again.") == [word] * bool(word)


def test_disguised_words_are_seen_and_read() -> None:
    random = Random(3)
    seen = read = number = 0
    for _ in range(200):
        spam = disguised("casino bonus online", random)
        assert spam is not None
        text = f"The lamp {spam} stood on the table."
        found = disguised_words(text, script_codes(text), codepoints(text))
        number += 1
        seen += bool(found)
        plain = " ".join(plain_spelling(text[s:e], trick) for s, e, trick in found).casefold()
        read += any(word in plain for word in ("casino", "bonus", "online"))
    assert seen > 0.9 * number
    assert read > 0.7 * number


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Вчера и c a s i n o закрылось.", "c a s i n o"),
        ("Dort steht к а з и н о a", "к а з и н о"),
        ("夏天的傍晚c a s i n o老人们坐着。", "c a s i n o"),
        ("오늘은 c a s i n o를 보았다.", "c a s i n o"),
        ("Как и в c a s i n o  b o n u s и я.", "c a s i n o  b o n u s"),
        ("学校で 카 지 노 사 이 트 を見た。", "카 지 노 사 이 트"),
        ("The cat c a s i n o nowhere.", "c a s i n o"),
        ("The cat c-a-s-i-n-own is o'c a s i n o's.", "c-a-s-i-n"),
        ("Nun 𝐠𝐞𝐭 𝐚 𝐥𝐨𝐚𝐧 heute.", "𝐠𝐞𝐭 𝐚 𝐥𝐨𝐚𝐧"),
        ("The 𝐛𝐨𝐧𝐮𝐬sheep stood.", "𝐛𝐨𝐧𝐮𝐬"),
        ("Here Oɴʟɪɴᴇ Cᴀsɪɴᴏ Bᴏɴᴜs and so on.", "Oɴʟɪɴᴇ Cᴀsɪɴᴏ Bᴏɴᴜs"),
        ("The ｂｅｔ３６５ １００ is here.", "ｂｅｔ３６５ １００"),
        ("A c̶a̶s̶i̶n̶o̶ i̶n̶ p̶a̶r̶i̶s̶ now", "c̶a̶s̶i̶n̶o̶ i̶n̶ p̶a̶r̶i̶s̶"),
        ("Anh chơi trựс ngay.", "trựс"),
        ("Here ʟᴏssʟᴇss ᴄᴀsɪɴᴏ is.", "ʟᴏssʟᴇss ᴄᴀsɪɴᴏ"),
        ("夏天的傍晚саsinо是旧的。", "саsinо"),
        ("夏天的傍晚Cᴀsɪɴᴏ是旧的。", "Cᴀsɪɴᴏ"),
        ("今日はonline c\u200basi\u200bn\u200boがある。", "c\u200basi\u200bn\u200bo"),
        ("오늘은free\u200b카\u200b지\u200b노사이트 했다.", "카\u200b지\u200b노"),
    ],
)
def test_a_disguised_word_ends_where_its_alphabet_does(text: str, word: str) -> None:
    found = disguised_words(text, script_codes(text), codepoints(text))
    assert [text[start:end] for start, end, _ in found] == [word]


def test_disguised_words_are_counted_once_each() -> None:
    spam = "c\u200ba\u200bs\u200bi\u200bn\u200bo b\u200bo\u200bn\u200bu\u200bs"
    assert any(one.text == spam for one in spans(f"{TEXT} Then {spam} was heard. " * 12))


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("The sign 金边娱乐城 is old.", "Ts金io", "en城sd"),
        ("The sign金边888 is old.", "Ts金io", "en8sd"),
        ("城里的旧casino很旧了。", "城里的旧c很旧了", "城里的旧o很旧了"),
        ("今日は바카라です。", "今日は바です", "今日は라です"),
        ("The sign कैसीनो खेलें is old.", "Tsकखio", "en\u094b\u0902sd"),
        ("ดีที่นี่", "ดทน", "\u0e35\u0e48\u0e48"),
    ],
)
def test_scripts_without_spaces_are_cut_in_their_own_pages_only(
    text: str, begins: str, ends: str
) -> None:
    view = View.of(text, default().promotion, default().languages)
    assert "".join(char for char, may in zip(text, view.begins, strict=True) if may) == begins
    assert "".join(char for char, may in zip(text, view.ends, strict=True) if may) == ends


@pytest.mark.parametrize(
    ("home", "phrase", "core"),
    [
        ("단골손님들은 онлайн казино 나물을 샀다.", "은 онлайн казино", "онлайн казино"),
        ("客の顔をbuy viagra見るだけで", "をbuy viagra見", "buy viagra"),
        ("村里人1xbet casino888把它锯成木板", "里人1xbet casino888", "1xbet casino888"),
        ("村里人casin把它锯成木板", "村里人casin", "村里人casin"),
        ("The sign 金边娱乐城 500 is old.", "金边娱乐城 500", "金边娱乐城 500"),
    ],
)
def test_a_phrase_of_another_script_takes_no_letter_of_its_page(
    home: str, phrase: str, core: str
) -> None:
    text = f"{home} {home[0] * 20}"
    view = View.of(text, default().promotion, default().languages)
    at = text.index(phrase)
    start, end = _core(view, at, at + len(phrase))
    assert text[start:end] == core


def test_digits_glued_to_a_run_of_another_script_are_of_it() -> None:
    text = "Летом 1xbet casino777 сюда приходят студенты института."
    view = View.of(text, default().promotion, default().languages)
    end = text.index(" сюда")
    ((start, end),) = _one_script(view, 0, end)
    assert text[start:end] == "1xbet casino777"


ARTICLE_HTML = """<html><body><article><h1>Harbour rebuilt</h1>
<p>The harbour of the small town was rebuilt after the storm of last winter, and the first boats
came back in May. {} The fishermen say that the new quay is higher and safer than the old one.</p>
<p>The council paid for half of the work, and the ministry for the rest of it. The mayor thanked
everybody who had helped to clear the beach {} in the cold weeks after the flood.</p>
</article></body></html>"""


def html_spans(html: str) -> list[Span]:
    page = segment(html, "html")
    segments = [
        Segment("article", page.text_of(block), block.start, block.end, 1.0)
        for block in page.blocks
    ]
    return find_spam(page, segments, default())


def test_hidden_links_are_spam_and_say_so() -> None:
    link = (
        '<span style="display:none"><a href="https://bestpills.example.top/">cheap pills</a></span>'
    )
    (span,) = html_spans(ARTICLE_HTML.format("", link))
    assert span.text == "cheap pills"
    assert span.removed
    assert "hidden" in span.reason


@pytest.mark.parametrize(
    "markup",
    ['<span style="display:none">{} </span>', '<a href="https://pills.example.top/">{}</a> '],
)
@pytest.mark.parametrize(
    "spam",
    ["cheap viagra online no prescription", "online casino no deposit bonus codes 2021."],
)
def test_all_of_a_hidden_range_or_a_link_goes_with_its_spam(markup: str, spam: str) -> None:
    page = (
        "<article><p>The ferry to the island runs twice a day in winter, {}and on most mornings it "
        "is full of schoolchildren.</p><p>The crossing takes forty minutes.</p></article>"
    )
    result = cleaner.clean(page.format(markup.format(spam)), "html")
    assert [span.text for span in result.spam if span.removed] == [spam]
    assert result.text == cleaner.clean(page.format(""), "html").text


def test_a_hidden_range_that_is_mostly_no_spam_stays() -> None:
    view = replace(default().view("a b c d e f g h"), html=True, hidden=((0, 15),))
    spam = Candidate(4, 9, "phrase")
    assert _widened(view, spam, 0)[:2] == (0, 15)
    assert _widened(view, spam, 2) == spam
    assert _widened(view, spam._replace(end=8), 0)[1] == 8


def test_links_to_other_sites_are_no_spam_as_such() -> None:
    links = (
        'The <a href="https://www.example.org/ministry">ministry of transport</a> agreed.',
        'with <a href="https://volunteers.example.net/">volunteers from the region</a>',
    )
    assert [span for span in html_spans(ARTICLE_HTML.format(*links)) if span.removed] == []


def test_mark_and_keep() -> None:
    text = next(c["text"] for c in cases("spam_positives.jsonl") if "토토사이트" in c["text"])
    page = f"{text} He has done so for thirty years, and the dog goes with him."
    removed, marked, kept = (
        cleaner.clean(page, "text", spam=mode) for mode in ("remove", "mark", "keep")
    )
    assert any(span.removed for span in removed.spam)
    assert "토토사이트" not in removed.text
    assert [(s.start, s.end) for s in marked.spam] == [(s.start, s.end) for s in removed.spam]
    assert not any(span.removed for span in marked.spam)
    assert marked.text == kept.text == page
    assert kept.spam == ()
    with pytest.raises(TypeError, match="'remove', 'mark' or 'keep'"):
        cleaner.clean(page, spam="delete")  # type: ignore[arg-type]


def test_model_round_trip_and_bad_arrays() -> None:
    arrays = default().to_arrays()
    again = SpamModel.from_arrays(arrays)
    text = cases("spam_positives.jsonl")[0]["text"]
    assert spans(text, again) == spans(text)
    damaged: dict[str, np.ndarray[Any, Any]] = {
        "weights": np.zeros(4, np.int8),
        "languages": np.zeros((4, 2), np.int8),
        "joins": np.zeros(4, np.int8),
        "screen_hidden": np.zeros((len(SIGNALS), 16), np.float32),
        "thresholds": np.zeros(2, np.float32),
        "trees_limit": np.zeros((3, 1), np.float32),
        "trees_signal": np.full_like(arrays["trees_signal"], len(SIGNALS)),
    }
    for name, array in damaged.items():
        with pytest.raises(ValueError, match="train it again"):
            SpamModel.from_arrays({**arrays, name: array})
        with pytest.raises(ValueError, match="train it again"):
            SpamModel.from_arrays({k: v for k, v in arrays.items() if k != name})
