"""Labels by digests: pages that may not be passed on, and the labels that may."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cleaner.data.align import UNJUDGED
from cleaner.data.check import ALLOWED_LABELS
from cleaner.data.importers import import_corpus
from cleaner.data.pages import Labelled, LabelledPage, read_pages
from cleaner.data.readings import (
    Reading,
    apply_readings,
    digests,
    format_readings,
    read_readings,
)
from cleaner.errors import DataError
from cleaner.types import ARTICLE, COMMENT, NAVIGATION

READINGS = Path(__file__).parents[1] / "training_data" / "readings"
HTML = "<p>Share<p>The ferry was late again.<p>Share<p>Ann: So was mine.<p>Share"
LABELS = (UNJUDGED, ARTICLE, NAVIGATION, COMMENT, COMMENT)
TEXTS = ("Share", "The ferry was late again.", "Share", "Ann: So was mine.", "Share")


def a_page(html: str = HTML, texts: tuple[str, ...] = ()) -> LabelledPage:
    labels = tuple(Labelled(*pair) for pair in zip(LABELS, texts, strict=False))
    return LabelledPage(
        "boat", html.encode(), "html", "https://a.example/", "en", "article",
        "somebody", "CC0-1.0", NAVIGATION, labels,
    )  # fmt: skip


def test_round_trip(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    table.write_text(format_readings([a_page(texts=TEXTS)]), "utf-8")
    excerpts = replace(a_page(), extra={"ordered": "no", "note": "kept"})
    (page,) = apply_readings([excerpts], read_readings(table))
    assert page.ordered
    assert page.extra == {"note": "kept"}
    assert [(entry.label, entry.text) for entry in page.labels] == list(
        zip(LABELS, TEXTS, strict=True)
    )
    assert page.rest == UNJUDGED
    assert page.source == "somebody, labelled by reading"


def test_tables_say_nothing_of_the_text() -> None:
    table = format_readings([a_page(texts=TEXTS)])
    assert not any(word in table for text in TEXTS for word in text.split())


def test_copies_of_a_text_have_digests_of_their_own() -> None:
    assert len(set(digests(["Share", "Share", "Share"]))) == 3
    assert list(digests(["Share  it"])) == list(digests(["Share\nit"]))


def test_pages_that_nobody_read_stay_as_they_are() -> None:
    page = a_page(texts=TEXTS)
    other = replace(page, name="other")
    assert list(apply_readings([page], {})) == [page]
    first, read, last = apply_readings([other, page, other], {"boat": Reading("forum", {})})
    assert (first, read.layout, last) == (other, "forum", other)


def test_a_table_of_other_pages_is_refused(tmp_path: Path) -> None:
    pages = apply_readings([a_page()], {"another": Reading("article", {"0": ARTICLE})})
    with pytest.raises(DataError, match=r"none of the 1 pages .*; give the table of this data set"):
        next(pages)


def test_another_version_of_the_page_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    table.write_text(format_readings([a_page(texts=TEXTS)]), "utf-8")
    other = replace(a_page(), page=b"<p>Share<p>The bus was early for once.")
    with pytest.raises(DataError, match=r"boat: holds 1 of the 4 texts"):
        list(apply_readings([other], read_readings(table)))


@pytest.mark.parametrize("line", ["ferry\tarticle\tarticle", "ferry\tarticle\t\t00aa", "ferry"])
def test_malformed_tables(tmp_path: Path, line: str) -> None:
    table = tmp_path / "table.tsv"
    table.write_text(f"a\tarticle\tarticle\t0aa\n{line}\n", "utf-8")
    with pytest.raises(DataError, match=r"table\.tsv:2: not a reading; write name"):
        read_readings(table)


def test_missing_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give a table of readings"):
        read_readings(tmp_path / "none.tsv")


def test_import_with_readings(tmp_path: Path) -> None:
    import gzip
    import json

    (tmp_path / "news" / "html").mkdir(parents=True)
    truth = {"ferry": {"articleBody": TEXTS[1], "url": "https://a.example/"}}
    (tmp_path / "news" / "ground-truth.json").write_text(json.dumps(truth), "utf-8")
    (tmp_path / "news" / "html" / "ferry.html.gz").write_bytes(gzip.compress(HTML.encode()))
    table = tmp_path / "table.tsv"
    table.write_text(format_readings([replace(a_page(texts=TEXTS), name="aeb-ferry")]), "utf-8")
    assert import_corpus("aeb", tmp_path / "news", tmp_path / "out", table) == 1
    (page,) = read_pages(tmp_path / "out")
    assert [entry.label for entry in page.labels] == list(LABELS)
    with pytest.raises(DataError, match="give the table"):
        import_corpus("aeb", tmp_path / "news", tmp_path / "other", READINGS / "wcxb.tsv")
    assert not (tmp_path / "other").exists()


def test_tables_shipped() -> None:
    tables = sorted(READINGS.glob("*.tsv"))
    assert [table.stem for table in tables] == ["news", "snippets", "wcxb"]
    for table in tables:
        found = read_readings(table)
        assert {label for r in found.values() for label in r.label_of.values()} <= set(
            ALLOWED_LABELS
        )
        assert all(ARTICLE in r.label_of.values() for r in found.values())
