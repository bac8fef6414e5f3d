"""The invariants of a result, on pages of every kind, and what makes a run of pages steady."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cleaner
from cleaner.assemble import clean_text
from cleaner.clean import Cleaner, Result
from cleaner.data.pages import LabelledPage, read_pages
from cleaner.deletions import hidden_words, span_with_gap
from cleaner.errors import ModelError
from cleaner.segment import segment
from cleaner.types import LABELS, Favor, SpamMode

MODULE = sys.modules["cleaner.clean"]  # in the package that name is the function
TRAINING_DATA = Path(__file__).parents[1] / "training_data"

PARAGRAPH = (
    "The river rose two metres in a single night, and by the morning the lower road had gone, "
    "said the people who live beside it; nobody had expected that so early in the year."
)
WRAPPED = (
    "The ferry runs twice a day in winter, when the tide is high and the wind low,\n바카라사이트\n"
    "and on most mornings it is full of schoolchildren and crates of vegetables from the market."
)
SPAM_PAGE = "\n\n".join(
    [
        "Home\nWorld\nAbout",
        "The river rose in the night",
        PARAGRAPH,
        "The council, which had closed the 바카라사이트 bridge on Monday, said that it would "
        "not be opened again before the spring.",
        PARAGRAPH,
        "Leave a Reply",
    ]
)


@pytest.fixture(scope="module")
def shipped() -> list[LabelledPage]:
    return read_pages(TRAINING_DATA)


def check(result: Result, page: str | bytes) -> None:
    """Invariants 1 and 2, replayed from the result alone."""
    assert result.error is None or result.error.startswith(("binary data", "a feed")), result.error
    source = result.source
    assert all(source[s.start : s.end] == s.text for s in result.segments)
    assert all(source[s.start : s.end] == s.text for s in result.spam)
    assert all(a.end <= b.start for a, b in zip(result.segments, result.segments[1:], strict=False))
    assert all(0 < segment.confidence <= 1 for segment in result.segments)
    assert all(a.end <= b.start for a, b in zip(result.spam, result.spam[1:], strict=False))
    if result.kind == "text" and isinstance(page, str):
        assert source == page

    kept = [segment for segment in result.segments if segment.label == "article"]
    for span in result.spam:
        assert any(s.start <= span.start < span.end <= s.end for s in kept)
    cuts = [span_with_gap(source, span.start, span.end) for span in result.spam if span.removed]
    left = [
        "".join(
            source[at]
            for at in range(segment.start, segment.end)
            if not any(start <= at < end for start, end in cuts)
        )
        for segment in kept
    ]
    assert "".join(result.text.split()) == "".join("".join(left).split())
    at = 0
    for line in (line.strip() for piece in left for line in piece.splitlines()):
        at = result.text.index(line, at) + len(line)  # every line as it was, in order
    assert result.text == result.text.strip()
    assert "\n\n\n" not in result.text
    json.dumps(result.to_dict())


TEXTS = st.sampled_from(
    [
        PARAGRAPH,
        PARAGRAPH * 3,
        "Home",
        "Reply",
        "Ann, 3 May 2020",
        "1. First",
        "© 2020",
        "casino 바카라사이트",
        "言葉が続く。" * 9,
        "नदी का पानी रात में बढ़ गया।" * 4,
        "\ud800",
        "\x00",
        "‮",
        "  ",
        "🎉",
    ]
) | st.text(max_size=30)
OPENERS = [
    "<p>",
    "<div class=comment>",
    "<li><a href=/x>",
    "<h1>",
    "<td>",
    "<br>",
    "<nav>",
    "</div>",
    "<pre>",
]
texts = st.builds(
    str.join, st.sampled_from(["\n", "\n\n", "\r\n", "\n    "]), st.lists(TEXTS, max_size=25)
)
markup = st.lists(st.tuples(st.sampled_from(OPENERS), TEXTS).map("".join), max_size=25).map(
    lambda parts: "<!doctype html>" + "".join(parts)
)
steady = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@steady
@given(st.one_of(texts, markup), st.sampled_from(["auto", "html", "text"]))
def test_any_page(small_cleaner: Cleaner, page: str, kind: Any) -> None:
    check(small_cleaner.clean(page, kind), page)


@steady
@given(
    st.binary(max_size=300)
    | st.one_of(texts, markup).map(lambda t: t.encode("utf-8", "surrogatepass"))
)
def test_any_bytes(small_cleaner: Cleaner, page: bytes) -> None:
    check(small_cleaner.clean(page), page)


def test_shipped_pages(small_cleaner: Cleaner, shipped: list[LabelledPage]) -> None:
    for page in shipped:
        result = small_cleaner.clean(page.page, page.kind, page.url)
        assert result.error is None
        assert result.kind == page.kind
        assert result.text or result.comments, page.name  # a thread is comments to a small model
        check(result, page.page)
        if page.kind == "text":
            assert result.source == page.page.decode("utf-8")


def test_kind_is_told_from_content(small_cleaner: Cleaner, shipped: list[LabelledPage]) -> None:
    wrong = [p.name for p in shipped if small_cleaner.clean(p.page).kind != p.kind]
    assert wrong == []


def test_removed_spam_closes_the_gap(small_cleaner: Cleaner) -> None:
    result = small_cleaner.clean(SPAM_PAGE)
    assert [span.removed for span in result.spam] == [True]
    assert "바카라사이트" in result.source
    assert "closed the bridge on Monday" in result.text
    check(result, SPAM_PAGE)


FOLDED = (
    "What the council says of it is another matter, and nobody asked them before they had closed."
)
HIDDEN = [
    ("to Skarn<span hidden> The island, population 214</span> and", "to Skarn and"),
    ("to Skarn <i style='visibility:hidden'>The island</i> and", "to Skarn and"),
    ("to Skarn<i style='display:none'>The island</i>, and", "to Skarn, and"),
    ("to <i style='display:none'>the</i> <i hidden>same</i> Skarn", "to Skarn"),
    ("to Skarn<i style='opacity:0'> island</i> and", "to Skarn island and"),
    ("to Skarn<i style='left:-999px'> island</i> and", "to Skarn island and"),
]


@pytest.mark.parametrize("spam", get_args(SpamMode))
@pytest.mark.parametrize(("html", "text"), HIDDEN)
def test_words_that_the_page_hides_are_left_out(
    small_cleaner: Cleaner, html: str, text: str, spam: SpamMode
) -> None:
    page = f"<!doctype html><p>{PARAGRAPH}</p><p>The boat runs {html} back again.</p>"
    result = small_cleaner.clean(page, spam=spam, keep_labels=small_cleaner.model.labels)
    assert result.text == f"{PARAGRAPH}\n\nThe boat runs {text} back again."
    assert all(span.removed for span in result.spam if span.text not in result.text)
    assert all(result.source[s.start : s.end] == s.text for s in result.segments)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p hidden>All of it.</p>", "All of it."),
        ("<p><b hidden>All of it.</b></p>", "All of it."),
        (f"<p>Short. <b hidden>{PARAGRAPH}</b> More</p>", f"Short. {PARAGRAPH} More"),
        (f"<p>{PARAGRAPH} <b hidden>{FOLDED}</b>", f"{PARAGRAPH} {FOLDED}"),
        (f"<p>{PARAGRAPH[:90]}… <b hidden>{PARAGRAPH}</b> more</p>", f"{PARAGRAPH[:90]}… more"),
        ("<ul><li><b hidden>Crusher</b> Crusher</ul>", "Crusher"),
    ],
)
def test_what_may_be_the_article_folded_up_stays(
    small_cleaner: Cleaner, html: str, text: str
) -> None:
    result = small_cleaner.clean(html, "html", keep_labels=small_cleaner.model.labels)
    assert result.text == text


def word_f1(one: str, other: str) -> float:
    a, b = Counter(one.split()), Counter(other.split())
    return 2 * (a & b).total() / max(a.total() + b.total(), 1)


def idempotence(cleaning: Cleaner, pages: list[LabelledPage]) -> float:
    """Mean word F1 between a clean text and the same cleaned again."""
    figures = []
    for page in pages:
        once = cleaning.clean(page.page, page.kind).text
        figures.append(word_f1(once, cleaning.clean(once, "text").text))
    return sum(figures) / len(figures)


def test_cleaning_again_changes_little(small_cleaner: Cleaner, shipped: list[LabelledPage]) -> None:
    assert idempotence(small_cleaner, shipped) >= 0.9


@pytest.mark.quality
def test_cleaning_again_changes_next_to_nothing(
    default_cleaner: Cleaner, shipped: list[LabelledPage]
) -> None:
    assert idempotence(default_cleaner, shipped) >= 0.97


def test_same_results_in_any_order_and_any_number_of_processes(
    small_cleaner: Cleaner, shipped: list[LabelledPage]
) -> None:
    pages: list[Any] = [page.page for page in shipped[::3]]
    pages += ["", b"\x00\x01\x02\x03" * 99, SPAM_PAGE, None, "<p>short", 7]

    def dumps(results: list[Result]) -> list[str]:
        return [json.dumps(result.to_dict(), sort_keys=True) for result in results]

    alone = dumps(list(small_cleaner.clean_many(pages)))
    assert dumps(list(small_cleaner.clean_many(pages, n_jobs=2))) == alone
    order = list(range(len(pages)))
    random.Random(0).shuffle(order)
    shuffled = dumps(list(small_cleaner.clean_many(pages[i] for i in order)))
    assert [shuffled[order.index(i)] for i in range(len(pages))] == alone


def test_one_bad_page_never_ends_a_run(
    small_cleaner: Cleaner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(page: str | bytes, kind: str) -> Any:
        if page == "bad":
            raise RecursionError
        return segment(page)

    monkeypatch.setattr(MODULE, "segment", fail)
    pages: list[Any] = [PARAGRAPH, "bad", None, PARAGRAPH]
    first, second, third, fourth = small_cleaner.clean_many(pages)
    assert (second.error, second.text, second.source) == ("RecursionError", "", "bad")
    assert third.error == "page must be str or bytes, not NoneType"
    assert first == fourth
    assert first.error is None


def test_what_is_no_page_need_not_be_sent(small_cleaner: Cleaner) -> None:
    pages: list[Any] = [PARAGRAPH, threading.Lock(), PARAGRAPH]
    results = list(small_cleaner.clean_many(pages, n_jobs=2))
    assert [result.error for result in results] == [
        None,
        "page must be str or bytes, not lock",
        None,
    ]


def test_of_a_string_of_another_class_the_text_is_kept() -> None:
    class Text(str):
        def __init__(self, text: str) -> None:
            self.tree = threading.Lock()  # cannot be pickled

    page = Text(PARAGRAPH)
    cleaning = Cleaner()
    results = [cleaning.clean(page), *cleaning.clean_many(["", page], n_jobs=2)]
    assert [type(result.source) for result in results] == [str] * 3
    assert results[0] == results[2] == cleaning.clean(PARAGRAPH)


def test_clean_many_is_lazy(small_cleaner: Cleaner) -> None:
    def pages() -> Any:
        yield PARAGRAPH
        raise AssertionError("read ahead")

    assert next(small_cleaner.clean_many(pages())).error is None


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_pages_before_a_mistake_are_cleaned(small_cleaner: Cleaner, n_jobs: int) -> None:
    def pages() -> Any:
        yield from [PARAGRAPH] * 20
        raise RuntimeError("the crawl broke off")

    results = small_cleaner.clean_many(pages(), n_jobs=n_jobs)
    assert [next(results).error for _ in range(20)] == [None] * 20
    with pytest.raises(RuntimeError, match="broke off"):
        next(results)


def test_pages_are_not_read_far_ahead(
    small_cleaner: Cleaner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "_AHEAD", 1)
    taken = []

    def pages() -> Any:
        for number in range(200):
            taken.append(number)
            yield PARAGRAPH

    results = small_cleaner.clean_many(pages(), n_jobs=2)
    next(results)
    assert len(taken) == 32
    assert sum(1 for _ in results) == 199


def test_results_need_not_be_taken_to_the_end(small_cleaner: Cleaner) -> None:
    results: Any = small_cleaner.clean_many([PARAGRAPH] * 500, n_jobs=2)
    next(results)
    results.close()  # here every warning is an error


def test_a_cleaner_can_be_pickled(small_cleaner: Cleaner) -> None:
    copy = pickle.loads(pickle.dumps(small_cleaner))
    assert copy.clean(PARAGRAPH) == small_cleaner.clean(PARAGRAPH)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_forked_while_another_thread_cleans(small_cleaner: Cleaner) -> None:
    stop = threading.Event()

    def clean() -> None:
        while not stop.is_set():
            small_cleaner.clean(PARAGRAPH)

    threads = [threading.Thread(target=clean) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if not child:
                signal.alarm(30)  # ends the child where it hangs
                os._exit(small_cleaner.clean(PARAGRAPH).error is not None)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("page", [None, 7, ["x"], bytearray(b"x"), Path("page.html")])
def test_wrong_page_type(small_cleaner: Cleaner, page: Any) -> None:
    with pytest.raises(TypeError, match="page must be str or bytes, not"):
        small_cleaner.clean(page)


@pytest.mark.parametrize("kind", ["pdf", None, "HTML", ["html"]])
def test_wrong_kind(small_cleaner: Cleaner, kind: Any) -> None:
    with pytest.raises(TypeError, match="kind must be"):
        small_cleaner.clean("text", kind)


def test_other_wrong_arguments(small_cleaner: Cleaner) -> None:
    wrong: Any = 7
    with pytest.raises(TypeError, match="url must be str, not int"):
        small_cleaner.clean("text", url=wrong)
    with pytest.raises(TypeError, match="see Cleaner"):
        Cleaner(wrong)
    with pytest.raises(TypeError, match="for one, call clean"):
        small_cleaner.clean_many("a page")
    with pytest.raises(TypeError, match="kind must be"):
        small_cleaner.clean_many(["a page"], kind=wrong)
    with pytest.raises(ValueError, match="give -1 for all cores"):
        small_cleaner.clean_many(["a page"], n_jobs=0)
    with pytest.raises(TypeError, match="whole number, not '2'"):
        small_cleaner.clean_many(["a page"], n_jobs="2")  # type: ignore[arg-type]
    assert small_cleaner.clean(b"%PDF-1.4 \0\1\2", kind="html").kind == "html"


@pytest.mark.parametrize("option", ["favor", "spam"])
def test_wrong_option(small_cleaner: Cleaner, option: str) -> None:
    with pytest.raises(TypeError, match=f"{option} must be '.*', '.*' or '.*', not 'all'"):
        small_cleaner.clean("text", **{option: "all"})  # type: ignore[arg-type]


def test_favor_takes_in_more_or_less(small_cleaner: Cleaner, shipped: list[LabelledPage]) -> None:
    sizes = Counter[str]()
    for page in shipped[::3]:
        kept: dict[str, set[int]] = {}
        for favor in get_args(Favor):
            result = small_cleaner.clean(page.page, page.kind, favor=favor)
            kept[favor] = {s.start for s in result.segments if s.label == "article"}
            sizes[favor] += len(kept[favor])
        assert kept["precision"] <= kept["balanced"] <= kept["recall"]
    assert sizes["precision"] < sizes["balanced"] < sizes["recall"]


def test_result_as_data(small_cleaner: Cleaner) -> None:
    html = f"""<html><head><title>The river rose - Fen Post</title>
    <meta name=author content="Ann Lee"><meta property=og:site_name content="Fen Post"></head>
    <body><h1>The river rose</h1><p>{PARAGRAPH}</p><p>{PARAGRAPH}</p></body></html>"""
    result = small_cleaner.clean(html, url="https://fenpost.example/river")
    data = json.loads(json.dumps(result.to_dict()))
    assert list(data) == [
        "text",
        "comments",
        "segments",
        "spam",
        "source",
        "kind",
        "url",
        "confidence",
        "language",
        "metadata",
        "error",
    ]
    assert (data["kind"], data["url"], data["language"]) == ("html", result.url, "en")
    assert data["metadata"]["title"] == "The river rose"
    assert data["metadata"]["site_name"] == "Fen Post"
    assert set(data["segments"][0]) == {"label", "text", "start", "end", "confidence"}


def test_plain_text_has_no_metadata(small_cleaner: Cleaner) -> None:
    found = small_cleaner.clean(PARAGRAPH, "text").metadata
    assert (found.title, found.author, found.date, found.site_name) == (None,) * 4


def test_results_are_frozen(small_cleaner: Cleaner) -> None:
    result = small_cleaner.clean(PARAGRAPH)
    with pytest.raises(AttributeError):
        result.text = ""  # type: ignore[misc]


def test_without_a_default_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "__file__", str(tmp_path / "cleaner" / "clean.py"))
    with pytest.raises(ModelError, match="install cleaner again"):
        Cleaner()


@pytest.mark.quality
def test_clean_uses_the_default_model(default_cleaner: Cleaner) -> None:
    assert cleaner.clean(SPAM_PAGE) == default_cleaner.clean(SPAM_PAGE)


@pytest.mark.quality
@pytest.mark.parametrize(
    ("kind", "line_end", "left"),
    [("text", "\n", "\n"), ("text", "\n\n", "\n\n"), ("html", "<br>", "\n")],
)
def test_a_line_that_is_removed_makes_no_paragraphs(
    kind: Any, line_end: str, left: str, default_cleaner: Cleaner
) -> None:
    pages = {"text": f"{PARAGRAPH}\n\n{WRAPPED}", "html": f"<p>{PARAGRAPH}</p><p>{WRAPPED}</p>"}
    result = default_cleaner.clean(
        pages[kind].replace("\n바", f"{line_end}바").replace("트\n", f"트{line_end}"), kind
    )
    assert [span.text for span in result.spam if span.removed] == ["바카라사이트"]
    assert result.text == f"{PARAGRAPH}\n\n{WRAPPED}".replace("\n바카라사이트\n", left)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (
            '<pre>abcdefgh<span style="display:none">   \n\n  </span></pre><p>Xylophone music</p>',
            "abcdefgh\n\nXylophone music",
        ),
        (
            '<p>A word <span style="visibility:hidden">Bb <span style="visibility:visible">seen <b '
            'style="color:red">Dd is red</b> Ee</span> Ff</span> end of the story that is long</p>',
            "Dd is red Ee",
        ),
        (
            "<table><tr><td>foo words <span style='display:none'>x</span></td><td>bar words</td>"
            "</tr></table>",
            "foo words\tbar words",
        ),
    ],
)
def test_hidden_words_take_nothing_else_with_them(
    default_cleaner: Cleaner, markup: str, text: str
) -> None:
    page = f"<article><p>{PARAGRAPH}</p>{markup}<p>{PARAGRAPH}</p></article>"
    assert text in default_cleaner.clean(page, keep_labels=LABELS).text


def test_many_hidden_words_take_linear_time(default_cleaner: Cleaner) -> None:
    words = "<p>A paragraph <span style='display:none'>x</span> of a few words.</p>" * 3_000
    segmented = segment(words, "html")
    kept = [(block.start, block.end) for block in segmented.blocks]
    start = time.perf_counter()
    text = clean_text(segmented, kept, hidden_words(segmented))
    assert "x" not in text
    assert time.perf_counter() - start < 2


def test_labels_to_keep(default_cleaner: Cleaner) -> None:
    text = "Home | News | Sport\n\n" + SPAM_PAGE
    whole = default_cleaner.clean(text, "text", keep_labels=iter(LABELS))
    assert "News" in whole.text
    with pytest.raises(ValueError, match="knows no label 'recipe'; choose from article"):
        default_cleaner.clean(text, keep_labels=("recipe",))
    with pytest.raises(TypeError, match="several labels, not 'article'"):
        default_cleaner.clean_many([text], keep_labels="article")


@pytest.mark.parametrize("page", [PARAGRAPH, "", b"\0\1\2" * 100, "<svg></svg>", None])
def test_every_result_says_which_labels_are_kept(default_cleaner: Cleaner, page: Any) -> None:
    (result,) = default_cleaner.clean_many([page], keep_labels=("article", "comment"))
    assert result.keep_labels == ("article", "comment")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_clean_many_takes_pairs_of_page_and_url(n_jobs: int) -> None:
    url = "https://a.example/1"
    pages: Any = [(PARAGRAPH, url), PARAGRAPH, (PARAGRAPH, None), (PARAGRAPH, 1), (1, url)]
    results = list(Cleaner().clean_many(pages, n_jobs=n_jobs))
    assert [result.url for result in results] == [url, None, None, None, None]
    assert [result.error for result in results[:3]] == [None] * 3
    assert {result.error for result in results[3:]} == {"page must be str or bytes, not tuple"}


def test_confidence_of_a_result_is_that_of_its_text(small_cleaner: Cleaner) -> None:
    result = small_cleaner.clean(PARAGRAPH * 3, "text")
    sure = [segment.confidence for segment in result.segments if segment.label == "article"]
    assert result.confidence is not None
    assert min(sure) - 1e-4 <= result.confidence <= max(sure) + 1e-4
    assert result.to_dict()["confidence"] == result.confidence
    assert small_cleaner.clean("").confidence is None
    assert small_cleaner.clean(PARAGRAPH, keep_labels=()).confidence is None


@pytest.mark.parametrize("hiding", ["style='display:none'", "hidden"])
def test_a_hidden_copy_of_the_article_is_not_said_twice(hiding: str) -> None:
    lines = [f"<p>{PARAGRAPH} Number {number} of four.</p>" for number in range(4)]
    article = f"<article><h1>Ferries</h1>{''.join(lines)}</article>"
    copy = article.replace("<article>", f"<article {hiding}>")
    page = f"<body><nav><a href=/>Home</a></nav>{article}{copy}<footer>Imprint</footer></body>"
    text = Cleaner().clean(page).text
    assert text.count("Number 2 of four") == 1
