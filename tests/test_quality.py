"""Floors under the default model's figures; `make check` runs them, `make test` does not.

The shipped pages are among those that the model was trained on: a figure on them
says that nothing broke, not how good the model is. The examples it never saw.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import cleaner
from cleaner.clean import Result
from cleaner.data.pages import LabelledPage, read_pages
from cleaner.evaluate import Report, evaluate, evaluate_results

pytestmark = pytest.mark.quality

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def cleaning() -> cleaner.Cleaner:
    return cleaner.Cleaner()


@pytest.fixture(scope="module")
def shipped(cleaning: cleaner.Cleaner) -> list[tuple[LabelledPage, Result]]:
    pages = read_pages(ROOT / "training_data")
    return [(page, cleaning.clean(page.page, page.kind)) for page in pages]


@pytest.fixture(scope="module")
def report(shipped: list[tuple[LabelledPage, Result]]) -> Report:
    pages, results = zip(*shipped, strict=True)
    return evaluate_results(pages, results)


@pytest.mark.parametrize(
    ("group", "label", "floor"),
    [
        ("kind html", "article", 0.983),
        ("kind html", "comment", 0.956),
        ("kind text", "article", 0.981),
        ("kind text", "comment", 0.971),
    ],
)
def test_labels_on_shipped_pages(report: Report, group: str, label: str, floor: float) -> None:
    assert report.groups[group].labels[label].f1 >= floor


@pytest.fixture(scope="module")
def unseen(cleaning: cleaner.Cleaner) -> dict[str, Report]:
    """By kind, figures of the pages that were never trained on."""
    folder = ROOT / "tests" / "data"
    return {kind: evaluate(cleaning, [folder / f"{kind}_pages"]) for kind in ("html", "text")}


@pytest.mark.parametrize(
    ("kind", "group", "label", "floor"),
    [
        ("html", "all", "article", 0.954),
        ("html", "all", "comment", 0.904),
        ("html", "all", "navigation", 0.966),
        ("html", "layout forum", "article", 0.978),
        ("html", "layout news", "article", 0.978),
        ("html", "layout news", "comment", 0.947),
        ("html", "layout qa", "article", 0.928),
        ("html", "layout qa", "comment", 0.822),
        ("text", "all", "article", 0.959),
        ("text", "all", "comment", 0.953),
        ("text", "all", "navigation", 0.965),
        ("text", "layout forum", "article", 0.975),
        ("text", "layout news", "article", 0.985),
        ("text", "layout news", "comment", 0.975),
        ("text", "layout qa", "article", 0.985),
        ("text", "layout qa", "comment", 0.96),
        ("text", "layout product", "article", 0.945),
        ("text", "layout product", "comment", 0.966),
        ("text", "layout review", "article", 0.85),
        ("text", "layout review", "comment", 0.938),
    ],
)
def test_labels_on_pages_that_were_never_trained_on(
    unseen: dict[str, Report], kind: str, group: str, label: str, floor: float
) -> None:
    assert unseen[kind].groups[group].labels[label].f1 >= floor


def test_no_shipped_page_fails(report: Report) -> None:
    assert report.groups["all"].errors == 0


def test_every_shipped_page_has_a_text(shipped: list[tuple[LabelledPage, Result]]) -> None:
    assert [page.name for page, result in shipped if not result.text] == []


@pytest.mark.parametrize(
    ("name", "kept", "comments", "dropped"),
    [
        (
            "news.html",
            [
                "The harbour bridge will close",
                "takes four bicycles",
                "jacked up and the closure",
            ],
            ["Nine weeks, they say", "going bust, to be fair", "Four bikes", "the late shift"],
            ["cookies", "Death notices", "Pothole", "inbox", "lol", "Swan", "Leave a reply", "©"],
        ),
        (
            "blog.txt",
            ["eleven years", "kept as a comparison", "Carrots forked", "home in time for lunch"],
            ["Wait for year three", "Four barrows a bed", "by the tonne"],
            ["casino", "Seed list", "Pinterest", "rotavator", "Garlic goes in", "WordPress"],
        ),
    ],
)
def test_examples(
    cleaning: cleaner.Cleaner,
    name: str,
    kept: list[str],
    comments: list[str],
    dropped: list[str],
) -> None:
    result = cleaning.clean((ROOT / "examples" / name).read_bytes())
    assert [text for text in kept if text not in result.text] == []
    assert [text for text in dropped if text in result.text] == []
    found = "\n".join(result.comments)
    assert [text for text in comments if text not in found] == []
