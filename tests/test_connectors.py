"""The same page gives the same row in every engine, and no page is lost without a trace."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cleaner.clean import Cleaner
from cleaner.connectors import Columns, Options, RowCleaner, engine_options
from cleaner.errors import InputError, ModelError
from conftest import TRAINING_DATA

EXAMPLES = Path(__file__).parents[1] / "examples"

JOBS = Path(__file__).parent / "jobs"
PAGES = sorted(TRAINING_DATA.glob("*-news-*.html"))[:6]
FAR = 3_000_000
"""Days from 1970 into the year 10183."""
BY_PAGE = Options(columns=Columns(html="page"), segments=True, metadata=True)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages beside a column of a name that cleaning gives away, and a row without a page.

    Each came at a time that Python has no object for.
    """
    path = tmp_path_factory.mktemp("corpus") / "pages.parquet"
    pages = {page.name: page.read_text("utf-8") for page in PAGES} | {"none": None}
    rows = [{"id": name, "page": page, "text": "of old"} for name, page in pages.items()]
    table = pa.Table.from_pylist(rows)
    table = table.append_column("came", pa.array([FAR] * len(rows), pa.date32()))
    pq.write_table(table, path)
    return path


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The clean text of each page."""
    cleaning = Cleaner()
    return {page.name: cleaning.clean(page.read_text("utf-8")).text for page in PAGES}


def run_job(name: str, *arguments: str | Path) -> None:
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(
        [sys.executable, JOBS / f"{name}_job.py", *arguments],
        env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def needs(module: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(module) is None, reason=f"{module} is not installed")


class TestRows:
    def test_a_row_keeps_its_fields(self, texts: dict[str, str]) -> None:
        page = PAGES[0]
        row = {"id": page.name, "page": page.read_text("utf-8"), "date": 2026, "text": "of old"}
        (cleaned,) = RowCleaner(BY_PAGE)([row])
        assert cleaned["text"] == texts[page.name]
        assert (cleaned["id"], cleaned["date"]) == (page.name, 2026)
        assert cleaned["original_text"] == "of old"
        assert "page" not in cleaned
        assert cleaned["error"] is None
        assert all(
            cleaned["source"][s["start"] : s["end"]] == s["text"] for s in cleaned["segments"]
        )

    def test_what_fails_stays_with_its_reason(self) -> None:
        rows: list[dict[str, Any] | str] = [{"id": 1, "html": ""}, "cannot be read", {"id": 2}]
        cleaned = list(RowCleaner()(rows))
        assert [row["text"] for row in cleaned] == ["", "", ""]
        assert [row["id"] for row in cleaned] == [1, None, 2]
        assert cleaned[1]["error"] == "cannot be read"
        assert "none of the columns" in cleaned[2]["error"]

    def test_options_are_those_of_runs(self) -> None:
        page = {"html": PAGES[0].read_text("utf-8")}
        assert list(RowCleaner(Options(min_words=10_000))([page])) == []
        (row,) = RowCleaner(Options(language=False, keep_original=True))([page])
        assert row["language"] is None
        assert row["html"] == page["html"]

    def test_models_and_labels_are_checked_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match="give a model directory"):
            RowCleaner(model=str(tmp_path))
        with pytest.raises(InputError, match="the model knows no label advert"):
            RowCleaner(Options(keep_labels=("advert",)))
        wrong: Any = "delete"
        with pytest.raises(InputError, match="spam 'delete': give one of remove, mark, keep"):
            RowCleaner(Options(spam=wrong))


class TestArrow:
    def test_columns_do_not_depend_on_rows(self, corpus: Path) -> None:
        from cleaner.connectors.arrow import BatchCleaner, schema_of

        table = pq.read_table(corpus)
        clean = BatchCleaner(BY_PAGE)
        found, none = clean(table), clean(table.slice(0, 0))
        assert found.schema == none.schema == schema_of(table.schema, BY_PAGE)
        assert (found.num_rows, none.num_rows) == (len(PAGES) + 1, 0)

    def test_columns_are_checked_before_rows(self, corpus: Path) -> None:
        from cleaner.connectors.arrow import BatchCleaner

        table = pq.read_table(corpus)
        with pytest.raises(InputError, match="no column body; choose from id, page, text, came"):
            BatchCleaner(Options(columns=Columns(html="body")))(table)
        with pytest.raises(InputError, match="name the one with pages"):
            BatchCleaner(Options())(table.drop_columns("text"))

    @pytest.mark.parametrize("path", ["page.body", "page.html.x", "headers.html"])
    def test_paths_are_checked_before_rows(self, path: str) -> None:
        from cleaner.connectors.arrow import schema_of

        headers = pa.map_(pa.string(), pa.string())
        page = pa.struct([("html", pa.string()), ("status", pa.int16())])
        known = pa.schema([("page", page), ("headers", headers)])
        with pytest.raises(InputError, match=f"no column {path}; choose from page.html"):
            schema_of(known, Options(columns=Columns(html=path)))
        with pytest.raises(InputError, match=r"column page\.status holds no text"):
            schema_of(known, Options(columns=Columns(html="page.status")))
        assert "page" in schema_of(known, Options(columns=Columns(html="page.html"))).names

    @pytest.mark.parametrize("values", [
        pa.array([-800_000, 3_000_000], pa.date32()),
        pa.array([10**12, 0], pa.timestamp("s")),
        pa.array([1, 2], pa.timestamp("us", "GMT+8")),
        pa.array([1_234_567_890_123_456_789, 1], pa.timestamp("ns")),
        pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.timestamp("ns"))),
        pa.UnionArray.from_sparse(
            pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]
        ),
        pa.ExtensionArray.from_storage(
            pa.fixed_shape_tensor(pa.float32(), [2]),
            pa.array([[1, 2], [3, 4]], pa.list_(pa.float32(), 2)),
        ),
    ], ids=lambda values: str(values.type))  # fmt: skip
    def test_columns_without_pages_stay_as_they_are(self, values: pa.Array) -> None:
        from cleaner.connectors.arrow import BatchCleaner

        table = pa.table({"html": [None, "<p>One</p>"], "x": values, "spam": values})
        for batch in (table, *table.to_batches()):
            cleaned = BatchCleaner(engine_options(None))(batch)
            assert cleaned.column("x").combine_chunks().equals(values)
            assert cleaned.column("original_spam").combine_chunks().equals(values)

    def test_rows_that_are_dropped_take_their_columns_along(self) -> None:
        from cleaner.connectors.arrow import BatchCleaner

        pages = ["<p>One</p>" if i % 3 else PAGES[0].read_text("utf-8") for i in range(100)]
        table = pa.table({"html": pages, "number": range(100)})
        cleaned = BatchCleaner(engine_options(Options(min_words=10)))(table)
        assert cleaned.column("number").to_pylist() == list(range(0, 100, 3))
        assert all(cleaned.column("text").to_pylist())

    @pytest.mark.parametrize("values", [
        pa.array(["a", "b", None]).cast(pa.string_view()),
        pa.array([["a"], ["b"], ["c"]], pa.list_(pa.string_view())),
        pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["a", "b"])),
    ], ids=lambda values: str(values.type))  # fmt: skip
    def test_rows_are_dropped_whatever_the_type_of_their_columns(self, values: pa.Array) -> None:
        from cleaner.connectors.arrow import BatchCleaner

        pages = [PAGES[0].read_text("utf-8"), "<p>One</p>", PAGES[0].read_text("utf-8")]
        table = pa.table({"html": pages, "x": values})
        for batch in (table, *table.to_batches()):
            cleaned = BatchCleaner(engine_options(Options(min_words=10)))(batch).column("x")
            assert cleaned.type == values.type
            assert cleaned.to_pylist() == [values[0].as_py(), values[2].as_py()]

    def test_columns_are_told_by_what_they_hold(self) -> None:
        from cleaner.connectors.arrow import BatchCleaner

        table = pa.table({"html": [True], "text": [["a", "list"]], "content": ["<p>One</p>"]})
        (row,) = BatchCleaner(engine_options(None))(table).to_pylist()
        assert (row["html"], row["original_text"], row["error"]) == (True, ["a", "list"], None)
        assert "content" not in row

    def test_rows_in_which_another_column_holds_the_page(self) -> None:
        from cleaner.connectors.arrow import BatchCleaner

        table = pa.table({
            "html": ["<p>One</p>", None], "text": ["a", "b"], "original_text": ["c", "d"],
        })  # fmt: skip
        one, two = BatchCleaner(engine_options(None))(table).to_pylist()
        assert (one["original_text"], one["original_original_text"]) == ("c", "a")
        assert (two["original_text"], two["original_original_text"]) == ("d", None)


@pytest.mark.parametrize("job", [
    pytest.param(["spark"], marks=[
        needs("pyspark"), pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java"),
    ]),
    pytest.param(["ray", "2"], marks=needs("ray")),
    pytest.param(["ray", "1"], marks=needs("ray")),
])  # fmt: skip
def test_tables(job: list[str], corpus: Path, texts: dict[str, str], tmp_path: Path) -> None:
    engine, *cores = job
    run_job(engine, corpus, tmp_path / "out", *cores)
    table = pq.read_table(tmp_path / "out")
    days = table.column("came").cast(pa.date32()).cast(pa.int32())
    table = table.set_column(table.schema.get_field_index("came"), "came", days)
    rows = {row["id"]: row for row in table.to_pylist()}
    assert {row["came"] for row in rows.values()} == {FAR}
    assert {name: row["text"] for name, row in rows.items()} == {**texts, "none": ""}
    assert rows["none"]["error"].startswith("column page holds no text")
    assert {row["original_text"] for row in rows.values()} == {"of old"}
    one = rows[PAGES[0].name]
    assert "".join(s["text"] for s in one["segments"]).strip()
    assert all(one["source"][s["start"] : s["end"]] == s["text"] for s in one["segments"])


@needs("datatrove")
def test_datatrove(corpus: Path, texts: dict[str, str], tmp_path: Path) -> None:
    # datatrove's own reader makes Python objects of all columns.
    pages = tmp_path / "pages.parquet"
    pq.write_table(pq.read_table(corpus).drop_columns("came"), pages)
    run_job("datatrove", pages, tmp_path)

    def written(folder: str) -> dict[str, dict[str, Any]]:
        lines = gzip.decompress((tmp_path / folder / "00000.jsonl.gz").read_bytes()).splitlines()
        return {row["id"]: row for row in map(json.loads, lines)}

    cleaned = written("cleaned")
    # datatrove's own reader leaves out rows without a text.
    assert {name: row["text"] for name, row in cleaned.items()} == texts
    assert cleaned[PAGES[0].name]["metadata"]["segments"]


class TestDatatrove:
    pytestmark = needs("datatrove")

    SPAM = (EXAMPLES / "blog.txt").read_text("utf-8")

    @staticmethod
    def cleaned(
        documents: list[tuple[str, dict[str, Any]]], options: Options | None = None
    ) -> tuple[list[Any], list[Any]]:
        """Documents that a step passes on, and those it excludes, of texts and metadata."""
        from datatrove.data import Document

        from cleaner.connectors.datatrove import CleanerStep

        class Excluded(list[Document]):
            def __enter__(self) -> Excluded:
                return self

            def __exit__(self, *exception: object) -> None:
                pass

            def write(self, document: Document, rank: int) -> None:
                self.append(document)

        excluded: Any = Excluded()
        step = CleanerStep(options, exclusion_writer=excluded)
        given = (Document(text, str(i), metadata=came) for i, (text, came) in enumerate(documents))
        return list(step.run(given)), excluded

    def test_what_leaves_the_pipeline_keeps_its_page(self) -> None:
        page = PAGES[0].read_text("utf-8")
        pages = ["<p></p>", "\x00\x01\x02" * 200, "<p>Too short a text.</p>"]
        passed, excluded = self.cleaned(
            [(text, {"url": "u"}) for text in (page, *pages)], Options(min_words=10)
        )
        assert [document.id for document in passed] == ["0"]
        assert [document.text for document in excluded] == pages
        assert [bool(document.metadata["error"]) for document in excluded] == [False, True, False]
        assert len({tuple(sorted(document.metadata)) for document in (*passed, *excluded)}) == 1

    def test_metadata_of_names_that_cleaning_gives_stay(self) -> None:
        came = {"language": "xx", "error": "of old", "title": "T", "text": "t"}
        (document,), _ = self.cleaned([(PAGES[0].read_text("utf-8"), came)])
        found = document.metadata
        assert [found[f"original_{name}"] for name in ("language", "error", "text")] == [
            "xx", "of old", "t",
        ]  # fmt: skip
        assert (found["title"], found["error"]) == ("T", None)
        assert found["language"] != "xx"
        assert {"id", "text"}.isdisjoint(found)

    def test_parquet_does_not_depend_on_the_first_document(self, tmp_path: Path) -> None:
        from datatrove.pipeline.writers import ParquetWriter

        from cleaner.connectors.datatrove import document_schema

        documents, _ = self.cleaned(
            [("<p>A short text without spam.</p>", {"error": "of old"}), (self.SPAM, {"n": 1})]
        )
        schema = document_schema({"error": "string", "n": "int64"})
        with ParquetWriter(str(tmp_path), batch_size=1, schema=schema) as writer:
            for document in documents:
                writer.write(document, 0)
        first, second = pq.read_table(tmp_path).to_pylist()
        assert (first["metadata"]["spam"], len(second["metadata"]["spam"])) == ([], 1)
        assert first["metadata"]["original_error"] == "of old"
        assert second["metadata"]["n"] == 1
        assert second["text"] == documents[1].text

    def test_options_are_checked_before_the_job(self) -> None:
        from cleaner.connectors.datatrove import CleanerStep

        wrong: Any = "delete"
        with pytest.raises(InputError, match="spam 'delete': give one of"):
            CleanerStep(Options(spam=wrong))


class TestScrapy:
    pytestmark = needs("scrapy")

    @staticmethod
    def pipeline(**settings: Any) -> Any:
        from scrapy.utils.test import get_crawler

        from cleaner.connectors.scrapy import CleanerPipeline

        return CleanerPipeline.from_crawler(get_crawler(settings_dict=settings))

    def test_a_crawl(self, texts: dict[str, str], tmp_path: Path) -> None:
        handler = partial(SimpleHTTPRequestHandler, directory=str(TRAINING_DATA))
        handler.log_message = lambda *_: None  # type: ignore[attr-defined]
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            root = f"http://127.0.0.1:{server.server_port}"
            run_job("scrapy", tmp_path / "items.jsonl", *(f"{root}/{p.name}" for p in PAGES))
            server.shutdown()
        items = map(json.loads, (tmp_path / "items.jsonl").read_text("utf-8").splitlines())
        assert {item["url"].rpartition("/")[2]: item["text"] for item in items} == texts

    def test_pages_leave_items_unless_they_are_to_stay(self) -> None:
        page = PAGES[0].read_bytes()
        assert "html" not in self.pipeline().process_item({"html": page})
        kept = self.pipeline(CLEANER_KEEP_PAGE=True).process_item({"html": page})
        assert kept["html"] == page

    def test_scrapy_before_2_14_gives_a_spider(self) -> None:
        assert self.pipeline().process_item({"html": PAGES[0].read_bytes()}, object())["text"]

    def test_the_page_is_in_no_field_that_cleaning_writes(self) -> None:
        with pytest.raises(ValueError, match="CLEANER_PAGE_FIELD is 'text', which"):
            self.pipeline(CLEANER_PAGE_FIELD="text")

    def test_declared_items_get_the_fields_they_have(self) -> None:
        @dataclass
        class Story:
            body: str | None
            text: str | None = None

        page = PAGES[0].read_text("utf-8")
        story = self.pipeline(CLEANER_PAGE_FIELD="body").process_item(Story(page))
        assert story == Story(None, Cleaner().clean(page).text)
        kept = self.pipeline(CLEANER_PAGE_FIELD="body", CLEANER_KEEP_PAGE=True)
        assert kept.process_item(Story(page)).body == page

    def test_an_item_without_a_field_for_the_text_keeps_its_page(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        @dataclass
        class Link:
            html: str

        pipeline = self.pipeline()
        assert pipeline.process_item(Link("<p>a page")) == Link("<p>a page")
        pipeline.close_spider()
        assert "1 items declare no field 'text'" in caplog.text

    def test_what_stands_in_a_field_stays_as_its_original(self) -> None:
        item = self.pipeline().process_item({"html": PAGES[0].read_bytes(), "text": "mine"})
        assert item["original_text"] == "mine"
        assert item["text"] == Cleaner().clean(PAGES[0].read_bytes()).text
        assert "original_error" not in item
        page = {"html": PAGES[0].read_bytes(), "text": "mine", "original_text": "older"}
        item = self.pipeline().process_item(page)
        assert (item["original_text"], item["original_original_text"]) == ("older", "mine")

    def test_the_field_tells_the_kind_of_page_as_columns_do(self) -> None:
        words = (
            "The committee met on Thursday to look at the bridge, which is old, and at AT&amp;T."
        )
        (row,) = RowCleaner()([{"html": words}])
        assert self.pipeline().process_item({"html": words})["text"] == row["text"]
        assert "AT&T" in row["text"]
        item = self.pipeline(CLEANER_PAGE_FIELD="body").process_item({"body": words})
        assert "AT&amp;T" in item["text"]

    @pytest.mark.parametrize("kind", [bytearray, memoryview])
    def test_other_bytes_are_pages_as_well(self, kind: Callable[[bytes], Any]) -> None:
        page = PAGES[0].read_bytes()
        assert self.pipeline().process_item({"html": kind(page)})["text"]

    def test_items_without_a_page_pass(self, caplog: pytest.LogCaptureFixture) -> None:
        pipeline = self.pipeline()
        assert pipeline.process_item({"url": "x"}) == {"url": "x"}
        pipeline.close_spider()
        assert "none of 1 items holds a page (text or bytes) in field 'html'" in caplog.text
        caplog.clear()
        pipeline.process_item({"html": "<p>a page"})
        pipeline.close_spider()
        assert not caplog.records

    def test_items_without_an_article_are_dropped_on_request(self) -> None:
        from scrapy.exceptions import DropItem

        with pytest.raises(DropItem, match="no article in the page"):
            self.pipeline(CLEANER_DROP_EMPTY=True).process_item({"html": "<p></p>"})

    def test_a_setting_that_is_no_choice_stops_the_crawl(self) -> None:
        with pytest.raises(ValueError, match="CLEANER_SPAM is 'delete'; give one of remove"):
            self.pipeline(CLEANER_SPAM="delete")
