"""Metrics against figures worked out by hand, and labelled pages through `evaluate`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cleaner.clean import Cleaner
from cleaner.data.pages import Labelled, LabelledPage, write_page
from cleaner.errors import DataError
from cleaner.evaluate import (
    evaluate,
    evaluate_results,
    expected_of,
    format_table,
    line_labels,
)
from cleaner.metrics import (
    Counts,
    Expected,
    calibration_error,
    held,
    score,
    shingle_counts,
    shingle_figures,
    snippet_counts,
    summarise,
    word_counts,
    word_f1,
)
from cleaner.types import LABELS, Segment, Span

# -------------------------------------------------------------------- metrics


def test_words_are_a_bag_without_case() -> None:
    counts = word_counts("The cat, the dog", "the CAT the the")
    assert counts == Counts(3, 1, 1)
    assert word_f1(counts) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("true", "returned", "f1"), [("", " . ", 1.0), ("a", "", 0.0), ("", "a", 0.0)]
)
def test_words_of_empty_texts(true: str, returned: str, f1: float) -> None:
    assert word_f1(word_counts(true, returned)) == f1


def test_word_figures_are_means_over_pages() -> None:
    figures = summarise(
        [score(Expected("a b c d"), "a b"), score(Expected("a"), "a"), score(Expected(""), "")]
    )
    assert figures.word_precision == 1.0
    assert figures.word_recall == pytest.approx((0.5 + 1 + 1) / 3)
    assert figures.word_f1 == pytest.approx((2 / 3 + 1 + 1) / 3)


def test_shingles_keep_order_and_case_and_weigh_pages_alike() -> None:
    # True: abcd bcde; returned: abcd bcdE → one in common of three.
    assert shingle_counts("a b c d e", "a b c d E") == Counts(1 / 3, 1 / 3, 1 / 3)
    assert shingle_counts("a b", "a b") == Counts(1, 0, 0)
    assert shingle_counts("a b", "b a") == Counts(0, 0.5, 0.5)
    assert shingle_counts("", "") == Counts()


def test_shingle_figures_skip_pages_where_undefined() -> None:
    pages = [Counts(0.5, 0.5, 0), Counts(0, 0, 1), Counts()]
    precision, recall, f1, (low, high) = shingle_figures(pages)
    assert (precision, recall) == (0.5, 0.5)
    assert f1 == 0.5
    assert low <= f1 <= high
    assert shingle_figures(pages)[3] == (low, high)


def test_snippets_ignore_line_breaks_only() -> None:
    counts = snippet_counts(["one two", "Three", "six"], ["five", "seven"], "one\ntwo three  five")
    assert counts == Counts(1, 1, 2)


def test_comments_are_compared_by_letters_and_digits() -> None:
    expected = Expected(comments=("“Well done!”", "Not here", "in text"))
    judged = score(expected, "Article. In-text… in text.", ["ann:  Well-done"])
    assert (judged.comments, judged.found, judged.leaked) == (3, 1, 1)
    figures = summarise([judged, score(Expected("a"), "a")])
    assert figures.comments_found == pytest.approx(1 / 3)
    assert figures.comments == 3
    assert figures.snippet_f1 is None


def test_comments_that_the_page_does_not_hold_do_not_count() -> None:
    assert held(["It’s fine", "loaded later", "…"], "<p>It&rsquo;s\nfine</p>") == ("It’s fine",)


def test_calibration_error_weighs_by_characters() -> None:
    assert calibration_error([(1.0, True, 10), (0.5, False, 10)]) == pytest.approx(0.25)
    assert calibration_error([(0.7, True, 7), (0.7, False, 3)]) == pytest.approx(0.0)
    assert calibration_error([]) is None


def test_line_takes_the_label_of_most_of_its_characters() -> None:
    source = "Home | News\n\nA long line, then more\nlast"
    ends = [("navigation", 0, 11), ("article", 13, 19), ("comment", 20, 40)]
    segments = [Segment(label, source[a:b], a, b, 1.0) for label, a, b in ends]
    assert line_labels(segments, source) == ("navigation", None, "comment", "comment")


def test_table_is_aligned() -> None:
    assert format_table(["x", "F1"], [["long name", 0.5], ["b", None]]).split("\n") == [
        "x             F1",
        "long name  0.500",
        "b              –",
    ]


# -------------------------------------------------------------- labelled pages


@dataclass
class FakeResult:
    """The fields of a result that figures are computed from."""

    source: str
    segments: tuple[Segment, ...]
    spam: tuple[Span, ...] = ()
    error: str | None = None
    text: str = field(init=False)
    comments: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        text = "\n\n".join(s.text for s in self.segments if s.label == "article")
        for span in self.spam:
            text = text.replace(span.text, "")
        self.text = text
        self.comments = tuple(s.text for s in self.segments if s.label == "comment")


LINES = (
    ("navigation", "Home and other places to go"),
    ("article", "Boats sail again along the coast"),
    ("article", "The harbour lucky casino opens early today"),
    ("comment", "What good news this is for us"),
    ("unjudged", "Photo by someone with a camera"),
)
SPAM = "lucky casino "


def a_page(**changes: Any) -> LabelledPage:
    labels = tuple(
        Labelled(label, text, ((12, 24),) if "casino" in text else ()) for label, text in LINES
    )
    page = LabelledPage(
        name="harbour",
        page="\n".join(text for _, text in LINES).encode(),
        kind="text",
        url="https://harbour.example.com/boats",
        language="en",
        layout="news",
        source="written for this test",
        licence="CC0-1.0",
        rest="unjudged",
        labels=labels,
    )
    return replace(page, **changes)


def a_result(labels: Iterable[str], spam: bool = True) -> FakeResult:
    source = "\n".join(text for _, text in LINES)
    segments = []
    for label, (_, text) in zip(labels, LINES, strict=True):
        start = source.index(text)
        segments.append(Segment(label, text, start, start + len(text), 0.9))
    start = source.index(SPAM)
    span = Span(start, start + len(SPAM), SPAM, 0.9, "foreign", True)
    return FakeResult(source, tuple(segments), (span,) if spam else ())


GOLD = [label if label != "unjudged" else "navigation" for label, _ in LINES]


def report_of(pages: list[LabelledPage], results: list[FakeResult]) -> Any:
    return evaluate_results(pages, cast(Any, results))


def test_perfect_result() -> None:
    whole = report_of([a_page()], [a_result(GOLD)]).groups["all"]
    assert {label: counts.f1 for label, counts in whole.labels.items()} == {
        "article": 1.0, "comment": 1.0, "navigation": 1.0,
    }  # fmt: skip
    assert whole.spam == Counts(2, 0, 0)
    assert whole.calibration == pytest.approx(0.1)
    assert whole.figures.word_f1 is None, "part of the page is unjudged"


def test_labels_are_counted_by_token_and_unjudged_text_is_not() -> None:
    returned = ["article", "article", "article", "navigation", "comment"]
    whole = report_of([a_page()], [a_result(returned, spam=False)]).groups["all"]
    assert whole.labels["article"] == Counts(13, 6, 0)
    assert whole.labels["navigation"] == Counts(0, 7, 6)
    assert whole.labels["comment"] == Counts(0, 0, 7)
    assert whole.spam == Counts(0, 0, 2)


def test_page_whose_rest_is_labelled_has_a_reference_without_spam() -> None:
    page = a_page(rest="navigation")
    assert expected_of(page).article == (
        "Boats sail again along the coast\nThe harbour  opens early today"
    )
    whole = report_of([page], [a_result(GOLD)]).groups["all"]
    assert whole.figures.word_f1 == 1.0
    assert whole.figures.shingle_f1 == 1.0


def test_labels_in_no_order_are_snippets() -> None:
    page = a_page(extra={"ordered": "no"})
    page = replace(page, labels=tuple(replace(entry, spam=()) for entry in page.labels))
    expected = expected_of(page)
    assert len(expected.present) == 2
    assert expected.absent == ("Home and other places to go",)
    whole = report_of([page], [a_result(GOLD, spam=False)]).groups["all"]
    assert whole.figures.snippet_f1 == 1.0
    assert (whole.figures.comments_found, whole.figures.comments_leaked) == (1.0, 0.0)
    assert not whole.labels


def test_error_counts_as_missing_text() -> None:
    whole = report_of([a_page()], [FakeResult("", (), error="binary data")]).groups["all"]
    assert whole.errors == 1
    assert whole.labels["article"].recall == 0.0
    assert set(whole.labels) == {"article", "comment", "navigation"}


def test_groups_table_and_json() -> None:
    pages = [a_page(), a_page(name="again", language="de")]
    report = report_of(pages, [a_result(GOLD), a_result(GOLD)])
    assert list(report.groups) == ["all", "language de", "language en"]
    assert json.loads(json.dumps(report.to_dict()))["all"]["labels"]["comment"]["f1"] == 1.0
    table = report.table()
    assert "language de" in table
    assert "expected calibration error" in table


def test_figures_that_nothing_stands_behind_do_not_exist() -> None:
    page = a_page(labels=a_page().labels[:3])
    results = cast(Any, [a_result(["article"] * 5, spam=False)])
    report = evaluate_results([page], results, with_spam=False)
    figures = report.to_dict()["all"]
    assert figures["spam"]["recall"] is figures["spam"]["precision"] is None
    assert figures["labels"]["navigation"]["precision"] is None
    assert figures["labels"]["navigation"]["recall"] == 0
    assert "comment" not in figures["labels"]
    assert (figures["pages"], figures["wholly_labelled"]) == (1, 0)
    results = cast(Any, [a_result(GOLD)] * 2)
    both = evaluate_results([page, a_page(name="b", rest="navigation")], results)
    assert "wholly labelled" in both.table()


def test_a_rest_that_the_model_does_not_know_is_an_error(tmp_path: Path) -> None:
    write_page(tmp_path, a_page(rest="naviagtion"))
    cleaning = cast(Any, SimpleNamespace(model=SimpleNamespace(labels=LABELS)))
    with pytest.raises(DataError, match="label 'naviagtion' is unknown to the model"):
        evaluate(cleaning, str(tmp_path))


def test_labels_can_be_read_as_others(tmp_path: Path, small_cleaner: Cleaner) -> None:
    page = a_page(rest="rest")
    named = replace(page, labels=tuple(replace(one, label="recipe") for one in page.labels))
    write_page(tmp_path, named)
    with pytest.raises(DataError, match="rename the label"):
        evaluate(small_cleaner, tmp_path)
    report = evaluate(small_cleaner, tmp_path, rename={"recipe": "article", "rest": "unjudged"})
    assert set(report.groups["all"].labels) == {"article"}
    with pytest.raises(DataError, match="no page has the label 'recpie' to rename; they have rec"):
        evaluate(small_cleaner, tmp_path, rename={"recpie": "article"})


def test_pages_on_which_nothing_is_judged_are_an_error(tmp_path: Path) -> None:
    write_page(tmp_path, a_page(labels=(), rest="unjudged"))
    cleaning = cast(Any, SimpleNamespace(model=SimpleNamespace(labels=LABELS)))
    with pytest.raises(DataError, match="nothing on these pages is judged"):
        evaluate(cleaning, tmp_path)


def test_a_path_is_no_cleaner(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"give Cleaner\.load"):
        evaluate(cast(Any, tmp_path), tmp_path)


def test_no_pages_is_an_error() -> None:
    with pytest.raises(DataError, match="folder"):
        evaluate_results([], [])


def test_evaluate_cleans_each_page_as_its_kind(tmp_path: Path) -> None:
    class FakeCleaner:
        model = SimpleNamespace(labels=LABELS)

        def clean_many(
            self, pages: Iterable[tuple[bytes, str]], *, kind: str, n_jobs: int
        ) -> Iterator[FakeResult]:
            for page, url in pages:
                assert url == a_page().url
                assert (kind == "html") == page.startswith(b"<p>")
                yield a_result(GOLD)

    write_page(tmp_path, a_page())
    write_page(tmp_path, a_page(name="as-html", kind="html", page=b"<p>Boats"))
    report = evaluate(cast(Any, FakeCleaner()), [tmp_path])
    assert report.groups["all"].figures.pages == 2
    assert set(report.groups) == {"all", "kind html", "kind text"}
