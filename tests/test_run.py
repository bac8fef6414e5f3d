"""Corpus runs: nothing lost, nothing done twice, and no page that stops one."""

from __future__ import annotations

import ctypes
import errno
import gzip
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from cleaner.clean import Cleaner, Result
from cleaner.errors import CleanerError, InputError, ModelError, RunError
from cleaner.io import Columns, read
from cleaner.io.parquet import Writer as ParquetWriter
from cleaner.io.record import AtomicFile
from cleaner.rows import count_words
from cleaner.run import Limits, Options, Progress, load_cleaner, run, stream
from cleaner.run.counts import Counts
from cleaner.types import Kind
from conftest import TRAINING_DATA, SimpleCleaner

BINARY = "\x01\x02\x03" * 99
LIMITS = Limits(seconds=2, megabytes=300)


class FaultyCleaner(SimpleCleaner):
    """Does to itself what a page says."""

    def __init__(self, scratch: str = "") -> None:
        self.scratch = Path(scratch)

    def clean(
        self, page: str | bytes, kind: Kind = "auto", url: str | None = None, *,
        keep_labels: Sequence[str] = ("article",), **options: str,
    ) -> Result:  # fmt: skip
        text = page if isinstance(page, str) else page.decode()
        if text == "hang":
            while True:
                pass
        elif text == "sleep in native code":
            ctypes.CDLL(None).sleep(1000)
        elif text == "eat":
            eaten = []
            while True:
                eaten.append(bytearray(10 << 20))
        elif text == "crash":
            ctypes.string_at(0)
        elif text == "exit":
            os._exit(3)
        elif text == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif text.startswith("killed once"):
            marker = self.scratch / text.replace(" ", "-")
            if not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        elif text == "raise":
            raise KeyError("any\nmistake")
        return super().clean(page, kind, url, keep_labels=keep_labels, **options)


def load(kind: type[SimpleCleaner] = SimpleCleaner, scratch: str = "") -> Cleaner:
    return cast(Cleaner, kind(scratch) if kind is FaultyCleaner else kind())


def no_model() -> Cleaner:
    raise ModelError("there is no model; train one")


def dies() -> Cleaner:
    os._exit(1)


def denying(paths: Collection[str]) -> Callable[..., Any]:
    """`Path.open` for one who may not read these; root may read all."""
    known = Path.open

    def opened(path: Path, *arguments: Any, **options: Any) -> Any:
        if str(path) in paths:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return known(path, *arguments, **options)

    return opened


def load_denied(paths: Collection[str]) -> Cleaner:
    Path.open = denying(paths)  # type: ignore[method-assign]  # workers run nothing else
    return load()


def write_jsonl(path: Path, texts: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.dumps({"id": f"{n}", "text": text}) for n, text in enumerate(texts)]
    path.write_text("".join(f"{row}\n" for row in rows))


def rows_of(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    return [json.loads(line) for line in data.splitlines()]


def tree(folder: Path) -> dict[str, bytes]:
    """All that must not depend on workers or interruptions."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("run.json", "manifest.jsonl")
    }


def quiet() -> Progress:
    return Progress(io.StringIO(), quiet=True)


def clean(
    inputs: Path | list[str],
    out: Path,
    options: Options | None = None,
    workers: int = 1,
    **more: Any,
) -> dict[str, Any]:
    given = [str(inputs)] if isinstance(inputs, Path) else inputs
    more = {"load": load, "progress": quiet(), **more}
    return run(given, out, options, workers=workers, **more)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A little of everything that is whole."""
    folder = tmp_path / "corpus"
    write_jsonl(folder / "a.jsonl", (f"page {n}\n# menu\nend" for n in range(100)))
    write_jsonl(folder / "deep" / "b.jsonl", (f"line {n}" for n in range(1, 60)))
    with gzip.open(folder / "c.jsonl.gz", "wt") as packed:
        packed.write((folder / "a.jsonl").read_text())
    pq.write_table(pa.table({"text": [f"row {n}" for n in range(70)]}), folder / "d.parquet")
    for number in range(10):
        (folder / f"page{number}.txt").write_text(f"page {number}\nof its own")
    return folder


class TestFolder:
    def test_an_output_for_each_input(self, corpus: Path, tmp_path: Path) -> None:
        summary = clean(corpus, tmp_path / "out", workers=2)
        names = [name for name in tree(tmp_path / "out") if name != "errors.jsonl"]
        assert names == [
            "a.jsonl.gz",
            "c.jsonl.gz",
            "corpus-00000.jsonl.gz",
            "d.jsonl.gz",
            "deep/b.jsonl.gz",
        ]
        assert summary["pages"] == {"in": 339, "out": 339, "dropped": 0, "errors": 0}
        assert json.loads((tmp_path / "out" / "run.json").read_text()) == summary
        rows = rows_of(tmp_path / "out" / "a.jsonl.gz")
        assert [row["id"] for row in rows] == [str(n) for n in range(100)]
        assert rows[7] == {
            "id": "7",
            "text": "page 7\n\nend",
            "comments": [],
            "spam": [],
            "language": None,
            "confidence": 0.9,
            "model": summary["model"],
            "error": None,
        }

    @pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "jsonl.zst", "parquet", "txt"])
    def test_outputs_do_not_depend_on_workers(
        self, corpus: Path, tmp_path: Path, form: str
    ) -> None:
        for workers in (1, 3):
            clean(corpus, tmp_path / f"out{workers}", Options(format=form), workers=workers)
        first = tree(tmp_path / "out1")
        assert first == tree(tmp_path / "out3")
        assert len(first) > 300 if form == "txt" else len(first) == 6

    def test_texts_mirror_the_pages(self, corpus: Path, tmp_path: Path) -> None:
        clean(corpus, tmp_path / "out", Options(format="txt"))
        assert (tmp_path / "out" / "page3.txt").read_text() == "page 3\n\nof its own\n"
        assert (tmp_path / "out" / "deep" / "b.jsonl" / "0000002.txt").read_text() == "line 2\n"

    @pytest.mark.parametrize("shard", [2, 1000])  # pages before and behind the archive
    def test_texts_of_pages_and_of_an_archive_of_the_same_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shard: int
    ) -> None:
        monkeypatch.setattr("cleaner.run.plan.SHARD", shard)
        folder, out = tmp_path / "in", tmp_path / "out"
        write_jsonl(folder / "part1.jsonl", ["line 1", "line 2", "line 3"])
        (folder / "part1").mkdir()
        for number in range(1, 6):
            (folder / "part1" / f"{number:07d}.txt").write_text(f"page {number}")
        for _ in range(2):
            clean(folder, out, Options(format="txt"))
            assert {
                path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*.txt")
            } == {
                **{f"part1/{number:07d}.txt": f"page {number}\n" for number in range(1, 6)},
                **{f"part1.jsonl/{number:07d}.txt": f"line {number}\n" for number in range(1, 4)},
            }
        (folder / "part1.jsonl").unlink()
        pages = tmp_path / "elsewhere" / "part1.jsonl"
        pages.mkdir(parents=True)
        (pages / "0000001.txt").write_text("page 1")
        summary = clean([str(folder), str(pages)], out, Options(format="txt"))
        assert summary["pages"]["out"] == 5 + 3 + 1
        assert len(list(out.rglob("*.txt"))) == 9
        assert (out / "part1.jsonl" / "0000001.txt").read_text() == "line 1\n"
        assert (out / "part1.jsonl-2" / "0000001.txt").read_text() == "page 1\n"

    def test_texts_beside_folders_of_the_same_name(self, tmp_path: Path) -> None:
        folder, out = tmp_path / "in", tmp_path / "out"
        write_jsonl(folder / "a.txt.jsonl", ["in an archive"])
        for name in ("a.html", "b.html", "b.txt/c.html", "manifest.jsonl/d.html", ".errors/e.html"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(name)
        for _ in range(2):
            assert clean(folder, out, Options(format="txt"))["pages"]["out"] == 6
            assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.txt")) == [
                ".errors-2/e.txt", "a.txt", "a.txt.jsonl/0000001.txt", "b.txt",
                "b.txt-2/c.txt", "manifest.jsonl-2/d.txt",
            ]  # fmt: skip

    def test_parquet_keeps_types(self, tmp_path: Path) -> None:
        table = pa.table(
            {
                "html": ["<p>a", None],
                "text": ["old", "b"],
                "day": pa.array([1, 2], pa.date32()),
                "n": pa.array([1, 2], pa.int8()),
                "language": ["xx", None],
            }
        )
        pq.write_table(table, tmp_path / "a.parquet")
        clean([str(tmp_path / "a.parquet")], tmp_path / "out", Options(format="parquet"))
        found = pq.read_table(tmp_path / "out" / "a.parquet")
        assert found.schema.field("day").type == pa.date32()
        assert found.schema.field("n").type == pa.int8()
        assert found.column("original_language").to_pylist() == ["xx", None]
        assert found.column("original_text").to_pylist() == ["old", None]
        assert found.column("text").to_pylist() == ["<p>a", "b"]
        assert "html" not in found.schema.names

    def test_an_odd_line_does_not_stop_parquet(self, tmp_path: Path) -> None:
        lines = [
            '{"id": "1", "text": "one", "k\\ud83d": 1}',
            *(
                f'{{"id": "{levels}", "text": "two", "n": {"[" * levels}{"]" * levels}}}'
                for levels in (50, 400, 900, 100_000)
            ),
            '{"id": "3", "text": "three"}',
        ]
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.jsonl").write_text("\n".join(lines))
        for keep in (False, True):
            out = tmp_path / f"out-{keep}"
            summary = clean(tmp_path / "in", out, Options(format="parquet", keep_failed=keep))
            assert summary["pages"] == {"in": 6, "out": 4, "dropped": 0, "errors": 2}
            rows = pq.read_table(out / "a.parquet").to_pylist()
            assert [row["k?"] for row in rows] == [1, *[None] * (5 if keep else 3)]
            assert rows[1]["n"] == "[" * 50 + "]" * 50

    def test_columns_of_tables_are_told_by_what_they_hold(self, tmp_path: Path) -> None:
        table = pa.table({"html": [True], "text": [["of", "old"]], "content": ["a\n#b"]})
        pq.write_table(table, tmp_path / "a.parquet")
        clean([str(tmp_path / "a.parquet")], tmp_path / "out", Options(format="parquet"))
        (row,) = pq.read_table(tmp_path / "out" / "a.parquet").to_pylist()
        assert (row["html"], row["original_text"], row["text"]) == (True, ["of", "old"], "a")
        assert "content" not in row

    def test_fields_that_are_kept(self, tmp_path: Path) -> None:
        file = tmp_path / "a.jsonl"
        file.write_text(
            '{"doc_id": 5, "content": "a\\n#b", "meta": {"x": [1]}, "comments": ["old"]}\n'
        )
        clean([str(file)], tmp_path / "out", Options(format="jsonl", keep_original=True))
        (row,) = rows_of(tmp_path / "out" / "a.jsonl")
        assert row["content"] == "a\n#b"
        assert row["text"] == "a"
        assert (row["doc_id"], row["meta"], row["original_comments"]) == (5, {"x": [1]}, ["old"])
        assert "id" not in row
        clean([str(file)], tmp_path / "out2", Options(format="jsonl", segments=True))
        (row,) = rows_of(tmp_path / "out2" / "a.jsonl")
        assert "content" not in row
        assert row["segments"][1] == {
            "label": "navigation", "text": "#b", "start": 2, "end": 4, "confidence": 0.9,
        }  # fmt: skip
        assert row["source"] == "a\n#b"

    def test_dolma_attributes_are_row_aligned(self, tmp_path: Path) -> None:
        write_jsonl(tmp_path / "docs" / "a.jsonl", ["one\n#two", "", "three"])
        clean(
            tmp_path / "docs",
            tmp_path / "out",
            Options(min_words=2),
            attributes=tmp_path / "attributes",
        )
        rows = rows_of(tmp_path / "attributes" / "a.jsonl")
        assert [row["id"] for row in rows] == ["0", "1", "2"]
        assert rows[0]["attributes"]["cleaner__article"] == [[0, 3, 0.9]]
        assert rows[0]["attributes"]["cleaner__navigation"] == [[4, 8, 0.9]]
        assert rows[1]["attributes"]["cleaner__article"] == []

    def test_attributes_are_called_like_their_documents(self, tmp_path: Path) -> None:
        (tmp_path / "docs").mkdir()
        lines = b'{"id": "1", "text": "one"}\n'
        (tmp_path / "docs" / "X.JSONL.GZ").write_bytes(gzip.compress(lines))
        clean(tmp_path / "docs", tmp_path / "out", Options(), attributes=tmp_path / "attributes")
        assert [path.name for path in (tmp_path / "attributes").glob("X*")] == ["X.JSONL.GZ"]

    def test_pages_in_are_pages_out_and_dropped_and_errors(self, tmp_path: Path) -> None:
        write_jsonl(tmp_path / "docs" / "a.jsonl", ["one", "two words", "", "three more words"])
        options = Options(format="jsonl", min_words=2)
        summary = clean(tmp_path / "docs", tmp_path / "out", options)
        assert summary["pages"] == {"in": 4, "out": 2, "dropped": 1, "errors": 1}
        assert [row["id"] for row in rows_of(tmp_path / "out" / "a.jsonl")] == ["1", "3"]
        assert rows_of(tmp_path / "out" / "errors.jsonl") == [
            {"input": "a.jsonl", "position": "line 3", "id": "2", "reason": "the page is empty"}
        ]
        with pytest.raises(RunError, match="5 pages read, 4 accounted for"):
            Counts(out=2, dropped=1, errors=1).check(5, "a")

    def test_rows_of_failed_pages_on_request(self, tmp_path: Path) -> None:
        write_jsonl(tmp_path / "docs" / "a.jsonl", ["one", "", "two"])
        for form in ("jsonl", "parquet"):
            options = Options(format=form, keep_failed=True)
            clean(tmp_path / "docs", tmp_path / form, options)
        rows = rows_of(tmp_path / "jsonl" / "a.jsonl")
        assert [row["error"] for row in rows] == [None, "the page is empty", None]
        assert pq.read_table(tmp_path / "parquet" / "a.parquet").to_pylist() == rows

    def test_ids_stay_numbers_beside_failed_pages(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            file = tmp_path / name / "a.jsonl"
            file.parent.mkdir()
            file.write_text('{"id": 1, "text": "one"}\nbroken\n{"id": 3, "text": ""}\n')
        clean(tmp_path / "a", tmp_path / "lines", Options(format="jsonl", keep_failed=True))
        assert [row["id"] for row in rows_of(tmp_path / "lines" / "a.jsonl")] == [1, "a.jsonl:2", 3]
        clean(tmp_path / "b", tmp_path / "table", Options(format="parquet", keep_failed=True))
        table = pq.read_table(tmp_path / "table" / "a.parquet")
        assert table.schema.field("id").type == pa.int64()
        assert table.column("id").to_pylist() == [1, None, 3]

    @pytest.mark.parametrize(
        ("kind", "given", "kept"),
        [
            (pa.bool_(), [True, None], [True, None]),
            (pa.decimal128(5, 2), [Decimal("1.50"), None], [Decimal("1.50"), None]),
            (pa.date32(), [date(2024, 1, 2), None], [date(2024, 1, 2), None]),
            (pa.list_(pa.string()), [["a"], None], [["a"], None]),
            (pa.dictionary(pa.int32(), pa.string()), ["a", None], ["a", "a.parquet:2"]),
            (pa.large_string(), ["a", None], ["a", "a.parquet:2"]),
        ],
    )
    def test_ids_of_any_type_beside_failed_pages(
        self, tmp_path: Path, kind: pa.DataType, given: list[Any], kept: list[Any]
    ) -> None:
        table = pa.table({"id": pa.array(given, kind), "text": ["one", ""]})
        writer = ParquetWriter(tmp_path / "a.parquet", table.schema)
        writer.write({"id": given[0], "text": "one"})
        writer.write({"id": "a.parquet:2", "text": ""})
        writer.commit()
        assert pq.read_table(tmp_path / "a.parquet").column("id").to_pylist() == kept

    def test_a_failed_page_is_kept_without_fields_that_cannot_be_written(
        self, tmp_path: Path
    ) -> None:
        deep = '{"a":' * 950 + "1" + "}" * 950
        (tmp_path / "a.jsonl").write_text(f'{{"id": "1", "text": "", "x": {deep}}}\n')
        for form in ("jsonl", "parquet"):
            options = Options(format=form, keep_failed=True)
            summary = clean([str(tmp_path / "a.jsonl")], tmp_path / form, options)
            assert summary["pages"]["errors"] == 1
        (row,) = rows_of(tmp_path / "jsonl" / "a.jsonl")
        assert (row["id"], row["text"], row["error"]) == ("1", "", "the page is empty")

    def test_ids_that_are_true_beside_a_broken_line(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text('{"id": true, "text": "one"}\nbroken\n')
        options = Options(format="parquet", keep_failed=True)
        clean([str(tmp_path / "a.jsonl")], tmp_path / "out", options)
        table = pq.read_table(tmp_path / "out" / "a.parquet")
        assert table.column("id").to_pylist() == [True, None]

    def test_originals_of_an_archive(self, tmp_path: Path) -> None:
        page = b"<html><p>One two three"
        head = f"WARC/1.0\r\nWARC-Type: resource\r\nContent-Length: {len(page)}\r\n"
        kind = "Content-Type: text/html\r\nWARC-Record-ID: <a>\r\n\r\n"
        (tmp_path / "a.warc").write_bytes((head + kind).encode() + page + b"\r\n\r\n")
        options = Options(format="parquet", keep_original=True)
        clean([str(tmp_path / "a.warc")], tmp_path / "out", options)
        (row,) = pq.read_table(tmp_path / "out" / "a.parquet").to_pylist()
        assert (row["html"] or row["original_text"]) == page.decode()

    def test_long_names(self, tmp_path: Path) -> None:
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / ("a" * 250 + ".txt")).write_text("page")
        write_jsonl(folder / ("b" * 245 + ".jsonl"), ["one"])
        clean(folder, tmp_path / "out", Options(format="jsonl.zst"))
        clean(folder, tmp_path / "texts", Options(format="txt"))
        assert rows_of(tmp_path / "out" / ("b" * 245 + ".jsonl.zst"))[0]["text"] == "one"
        assert (tmp_path / "texts" / ("a" * 250 + ".txt")).read_text() == "page\n"

    @pytest.mark.parametrize("letter", ["y", "日"])
    def test_names_that_leave_no_room_for_a_suffix(self, tmp_path: Path, letter: str) -> None:
        folder, length = tmp_path / "in", len(letter.encode())
        long = letter * (249 // length)
        for number in range(2):  # of the same name when they are cut
            write_jsonl(folder / f"{long[:-1]}{number}.jsonl", [f"line {number}"])
        (folder / f"{long}.htm").write_text("page")
        (folder / f"{long}yyy.md").write_text("page")
        attributes = tmp_path / "attributes"
        for form in ("jsonl.zst", "txt"):
            out, options = tmp_path / form, Options(format=form)
            clean(folder, out, options, attributes=attributes / form)
            again = clean(folder, out, options, attributes=attributes / form)
            assert (again["pages"]["out"], again["this_run"]["skipped"]) == (4, 3)
        rows = [row for path in (tmp_path / "jsonl.zst").glob("*.zst") for row in rows_of(path)]
        assert sorted(row["text"] for row in rows) == ["line 0", "line 1", "page", "page"]
        assert len(list((tmp_path / "txt").rglob("*.txt"))) == 4

    @pytest.mark.parametrize("more", ["corpus", "corpus/a.jsonl", "corpus/deep"])
    def test_inputs_given_twice(self, corpus: Path, tmp_path: Path, more: str) -> None:
        with pytest.raises(InputError, match="give it once"):
            clean([str(tmp_path / more), str(corpus)], tmp_path / "out")

    def test_inputs_of_the_same_name(self, tmp_path: Path) -> None:
        write_jsonl(tmp_path / "one" / "a.jsonl", ["first"])
        write_jsonl(tmp_path / "two" / "a.jsonl", ["second"])
        options = Options(format="jsonl")
        clean([str(tmp_path / "one" / "a.jsonl")], tmp_path / "out", options)
        summary = clean([str(tmp_path / "two" / "a.jsonl")], tmp_path / "out", options)
        assert summary["pages"]["in"] == 2
        assert rows_of(tmp_path / "out" / "a.jsonl")[0]["text"] == "first"
        assert rows_of(tmp_path / "out" / "a-2.jsonl")[0]["text"] == "second"

    def test_many_pages_share_outputs(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cleaner.run.plan.SHARD", 4)
        folder = tmp_path / "site"
        folder.mkdir()
        for number in range(10):
            (folder / f"{number}.txt").write_text(f"page {number}")
        clean(folder, tmp_path / "out", Options(format="jsonl"), workers=2)
        names = [f"site-{number:05d}.jsonl" for number in range(3)]
        rows = [row for name in names for row in rows_of(tmp_path / "out" / name)]
        assert [row["id"] for row in rows] == [f"{number}.txt" for number in range(10)]

    def test_pages_named_before_and_behind_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "site").mkdir()
        for name in ("one", "site/two", "three"):
            (tmp_path / f"{name}.txt").write_text(f"page {name}")
        inputs = [str(tmp_path / name) for name in ("one.txt", "site", "three.txt")]
        summary = clean(inputs, tmp_path / "out", Options(format="jsonl"))
        assert summary["pages"]["out"] == 3
        found = {path.name: rows_of(path) for path in (tmp_path / "out").glob("*-*.jsonl")}
        assert {name: [row["id"] for row in rows] for name, rows in found.items()} == {
            "pages-00000.jsonl": ["one.txt"],
            "site-00000.jsonl": ["two.txt"],
            "pages-00001.jsonl": ["three.txt"],
        }

    def test_pages_named_in_one_run_after_the_other(self, tmp_path: Path) -> None:
        for name in "abc":
            (tmp_path / f"{name}.txt").write_text(f"page {name}")

        def ids(*names: str) -> list[list[str]]:
            inputs = [str(tmp_path / f"{name}.txt") for name in names]
            clean(inputs, tmp_path / "out", Options(format="jsonl"))
            outputs = sorted((tmp_path / "out").glob("pages-*.jsonl"))
            return [[row["id"] for row in rows_of(path)] for path in outputs]

        assert ids("a") == [["a.txt"]]
        assert sorted(ids("b")) == [["a.txt"], ["b.txt"]]  # each has its own
        assert sorted(ids("b")) == [["a.txt"], ["b.txt"]]
        assert ids("a", "b", "c") == [["a.txt", "b.txt", "c.txt"]]  # all that were there are in it

    def test_pages_of_the_same_path_in_two_folders(self, tmp_path: Path) -> None:
        for folder in ("a", "b", "deep/a"):
            (tmp_path / folder).mkdir(parents=True)
            (tmp_path / folder / "index.txt").write_text(f"page of {folder}")
        inputs = [str(tmp_path / folder) for folder in ("a", "b", "deep/a")]
        clean(inputs, tmp_path / "out", Options(format="txt"))
        texts = {name: (tmp_path / "out" / name / "index.txt").read_text() for name in ("a", "b")}
        assert texts == {"a": "page of a\n", "b": "page of b\n"}
        assert (tmp_path / "out" / "a-2" / "index.txt").read_text() == "page of deep/a\n"
        named = [f"{folder}/index.txt" for folder in inputs[:2]]
        clean(named, tmp_path / "named", Options(format="txt"))
        texts = {path.name: path.read_text() for path in (tmp_path / "named").glob("*.txt")}
        assert texts == {"index.txt": "page of a\n", "index.txt.txt": "page of b\n"}

    @pytest.mark.parametrize("name", ["errors", "manifest", ".errors/a"])
    def test_inputs_called_like_reports(self, tmp_path: Path, name: str) -> None:
        write_jsonl(tmp_path / "in" / f"{name}.jsonl", ["one", ""])
        write_jsonl(tmp_path / "in" / "a.jsonl", ["two", ""])
        for _ in range(2):
            summary = clean(tmp_path / "in", tmp_path / "out", Options(format="jsonl"))
            assert summary["pages"] == {"in": 4, "out": 2, "dropped": 0, "errors": 2}
        texts = [
            row["text"] for path in (tmp_path / "out").rglob("*.jsonl")
            for row in rows_of(path) if "text" in row
        ]  # fmt: skip
        assert sorted(texts) == ["one", "two"]
        assert len(rows_of(tmp_path / "out" / "errors.jsonl")) == 2

    def test_output_among_the_pages_is_refused(self, corpus: Path) -> None:
        for out in (corpus, corpus / "out", corpus / "deep" / "out"):
            with pytest.raises(InputError, match="choose another folder"):
                clean(corpus, out)

    def test_a_missing_module_is_told_before_the_first_page(
        self, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(InputError, match=r"d\.parquet need pyarrow; .*'cleaner\[corpus\]'"):
            clean(corpus, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_columns_are_told(self, corpus: Path, tmp_path: Path) -> None:
        told = io.StringIO()
        clean(corpus, tmp_path / "out", progress=Progress(told))
        assert "a.jsonl: pages in text, ids in id\n" in told.getvalue()

    def test_columns_are_told_by_the_first_row_with_a_page(self, tmp_path: Path) -> None:
        rows = [None, "not JSON", {"id": 1, "text": None}, {"id": 2, "text": "a page"}]
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
        told = io.StringIO()
        columns = Columns(url="address")
        clean(tmp_path / "in", tmp_path / "out", Options(columns=columns), progress=Progress(told))
        assert told.getvalue() == "a.jsonl: pages in text, ids in id, no addresses in address\n"

    def test_an_archive_and_a_link_to_it_are_two(self, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        write_jsonl(tmp_path / "in" / "a.jsonl", ["one\n#two", "three"])
        (tmp_path / "in" / "a.ndjson").symlink_to("a.jsonl")
        for _ in range(2):
            summary = clean(tmp_path / "in", tmp_path / "out", Options(format="jsonl"))
            assert (summary["pages"]["in"], summary["outputs"]) == (4, 2)
            names = sorted(path.name for path in (tmp_path / "out").glob("a*"))
            assert names == ["a-2.jsonl", "a.jsonl"]

    @pytest.mark.parametrize("order", ["ab", "ba"])
    def test_a_link_to_an_archive_of_another_input(self, tmp_path: Path, order: str) -> None:
        for name in "ab":
            (tmp_path / name).mkdir()
        write_jsonl(tmp_path / "b" / "x.jsonl", ["one", "two"])
        (tmp_path / "a" / "x.jsonl").symlink_to("../b/x.jsonl")
        inputs = [str(tmp_path / name) for name in order]
        for _ in range(2):
            summary = clean(inputs, tmp_path / "out", Options(format="jsonl"))
            assert (summary["pages"]["in"], summary["outputs"]) == (4, 2)
            names = sorted(path.name for path in (tmp_path / "out").glob("x*"))
            assert names == ["x-2.jsonl", "x.jsonl"]

    @pytest.mark.parametrize("form", ["jsonl", "parquet"])
    def test_a_folder_called_like_an_output_of_another_input(
        self, tmp_path: Path, form: str
    ) -> None:
        for table, beside in (("a.parquet", "a.jsonl"), ("b.jsonl", "b.ndjson")):
            (tmp_path / "in" / table).mkdir(parents=True)
            write_jsonl(tmp_path / "in" / table / "part-0.jsonl", ["one", ""])
            write_jsonl(tmp_path / "in" / beside, ["two", ""])
        for _ in range(2):
            summary = clean(tmp_path / "in", tmp_path / "out", Options(format=form))
            assert (summary["pages"]["out"], summary["pages"]["errors"]) == (4, 4)
            assert summary["outputs"] == 4

    def test_what_is_left_out_is_told(self, corpus: Path, tmp_path: Path) -> None:
        for name in ("a.php", "deep/b.PHP", "page?id=1", "c.jsonl.xz"):
            (corpus / name).write_text("a page")
        (corpus / "gone.html").symlink_to(tmp_path / "nowhere.html")
        (corpus / "loop").symlink_to(corpus)
        told = io.StringIO()
        summary = clean(corpus, tmp_path / "out", progress=Progress(told))
        assert summary["pages"]["in"] == 339
        line = next(line for line in told.getvalue().splitlines() if "left out" in line)
        for part in (
            ".php (2)", "without a suffix (1)", ".xz (1)", "no regular files (1)",
            "links to folders (1)",
        ):  # fmt: skip
            assert part in line

    @pytest.mark.parametrize("form", ["jsonl", "txt"])
    def test_each_pipe_has_an_output_of_its_own(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
    ) -> None:
        for number in (1, 2):
            line = json.dumps({"text": f"page {number}"}).encode() + b"\n"
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line)))
            summary = clean(["-"], tmp_path / "out", Options(format=form))
        assert summary["pages"]["in"] == 2
        found = [p.read_text() for p in sorted((tmp_path / "out").glob(f"stdin*/*.{form}"))]
        found += [row["text"] for p in sorted((tmp_path / "out").glob("stdin*.jsonl"))
                  for row in rows_of(p)]  # fmt: skip
        assert sorted(text.strip() for text in found) == ["page 1", "page 2"]


class TestAgain:
    def test_finished_files_are_skipped(self, corpus: Path, tmp_path: Path) -> None:
        first = clean(corpus, tmp_path / "out")
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.gz")}
        second = clean(corpus, tmp_path / "out", workers=2)
        assert second["this_run"]["pages"] == 0
        assert second["this_run"]["skipped"] == 5
        assert second["pages"] == first["pages"]
        assert all(path.stat().st_mtime_ns == time for path, time in before.items())

    def test_changed_and_missing_files_are_done_again(self, corpus: Path, tmp_path: Path) -> None:
        clean(corpus, tmp_path / "out")
        write_jsonl(corpus / "a.jsonl", ["new"])
        (tmp_path / "out" / "d.jsonl.gz").unlink()
        summary = clean(corpus, tmp_path / "out")
        assert summary["this_run"]["pages"] == 1 + 70
        assert rows_of(tmp_path / "out" / "a.jsonl.gz")[0]["text"] == "new"
        assert summary["pages"]["in"] == 339 - 100 + 1

    @pytest.mark.parametrize("form", ["jsonl", "txt"])
    def test_what_was_denied_is_done_again(
        self, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
    ) -> None:
        head = b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 3\r\n\r\n"
        (corpus / "e.warc.gz").write_bytes(gzip.compress(head + b"one\r\n\r\n"))
        (corpus / "f.jsonl.gz").write_bytes(gzip.compress(b'{"text": "cut short"}\n')[:-9])
        options = Options(format=form)
        whole = clean(corpus, tmp_path / "whole", options)
        denied = ("a.jsonl", "d.parquet", "e.warc.gz", "page3.txt")
        paths = frozenset(str(corpus / name) for name in denied)
        with monkeypatch.context() as patched:
            patched.setattr(Path, "open", denying(paths))
            first = clean(corpus, tmp_path / "out", options, load=partial(load_denied, paths))
        assert first["pages"]["errors"] == whole["pages"]["errors"] + len(denied)
        again = clean(corpus, tmp_path / "out", options)
        assert again["pages"] == whole["pages"]
        assert again["this_run"]["skipped"] == 3  # the damaged one among them
        assert tree(tmp_path / "out") == tree(tmp_path / "whole")
        assert clean(corpus, tmp_path / "out", options)["this_run"]["skipped"] == 7

    def test_other_options_are_refused_with_two_ways_out(
        self, corpus: Path, tmp_path: Path
    ) -> None:
        clean(corpus, tmp_path / "out")
        with pytest.raises(
            RunError, match=r"min_words: 0, now 3.*another folder, or add --restart"
        ):
            clean(corpus, tmp_path / "out", Options(min_words=3))
        summary = clean(corpus, tmp_path / "out", Options(min_words=3), restart=True)
        assert summary["pages"]["dropped"] > 0

    def test_another_model_is_refused(self, corpus: Path, tmp_path: Path) -> None:
        clean(corpus, tmp_path / "out")
        with pytest.raises(RunError, match="another model or version"):
            clean(corpus, tmp_path / "out", load=load_cleaner)

    def test_restart_removes_what_is_no_longer_made(self, corpus: Path, tmp_path: Path) -> None:
        clean(corpus, tmp_path / "out")
        (corpus / "a.jsonl").unlink()
        clean(corpus, tmp_path / "out", restart=True)
        assert not (tmp_path / "out" / "a.jsonl.gz").exists()

    def test_shards_that_are_no_more(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cleaner.run.plan.SHARD", 2)
        folder = tmp_path / "site"
        folder.mkdir()
        for number in range(5):
            (folder / f"{number}.txt").write_text(f"page {number}")
        write_jsonl(folder / "a.jsonl", ["in an archive"])
        clean(folder, tmp_path / "out", Options(format="jsonl"))
        for name in ("0.txt", "a.jsonl"):
            (folder / name).unlink()
        summary = clean(folder, tmp_path / "out", Options(format="jsonl"))
        assert summary["pages"]["in"] == 5  # four pages, and what the archive held
        rows = [row for n in range(2) for row in rows_of(tmp_path / "out" / f"site-0000{n}.jsonl")]
        assert [row["id"] for row in rows] == [f"{number}.txt" for number in range(1, 5)]
        assert not (tmp_path / "out" / "site-00002.jsonl").exists()
        assert rows_of(tmp_path / "out" / "a.jsonl")[0]["text"] == "in an archive"
        again = clean(folder, tmp_path / "out", Options(format="jsonl"))
        assert (again["pages"]["in"], again["this_run"]["pages"]) == (5, 0)

    def test_texts_of_an_earlier_run_stay(self, tmp_path: Path) -> None:
        out, options = tmp_path / "out", Options(format="txt")
        for name in ("x", "y", "z"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "index.html").write_text(f"page {name}")

        def texts(*names: str) -> list[str]:
            clean([str(tmp_path / name) for name in names], out, options)
            found = sorted(out.rglob("*.txt"))
            return [f"{path.relative_to(out)}: {path.read_text().strip()}" for path in found]

        texts("x/index.html")
        texts("y/index.html")
        (tmp_path / "y" / "index.html").write_text("page new")
        for _ in range(2):
            assert texts("y/index.html") == ["index-2.txt: page new", "index.txt: page x"]
        both = ["index-2.txt: page new", "index-3.txt: page z", "index.txt: page x"]
        assert texts("z") == both
        assert texts("z", "y/index.html") == [*both[:1], both[2], "z/index.txt: page z"]
        assert texts("x/index.html", "y/index.html") == [
            "index.html.txt: page new", "index.txt: page x", "z/index.txt: page z",
        ]  # fmt: skip

    def test_outputs_keep_the_names_they_have(self, tmp_path: Path) -> None:
        for name in "abc":
            (tmp_path / f"{name}.txt").write_text(f"page {name}")
        out, options = tmp_path / "out", Options(format="jsonl")

        def ids(*names: str) -> dict[str, list[str]]:
            clean([str(tmp_path / f"{name}.txt") for name in names], out, options)
            found = {path.name: rows_of(path) for path in sorted(out.glob("*-0*.jsonl"))}
            return {name: [row["id"] for row in rows] for name, rows in found.items()}

        ids("a", "b")
        for _ in range(2):  # the name of the first is free the second time
            assert ids("a", "b", "c") == {"pages-00000-2.jsonl": ["a.txt", "b.txt", "c.txt"]}
        # A folder in which rows are there twice already.
        manifest = (out / "manifest.jsonl").read_text()
        (out / "manifest.jsonl").write_text(
            manifest + manifest.splitlines()[2].replace("pages-00000-2", "pages-00000-3") + "\n"
        )
        shutil.copy(out / "pages-00000-2.jsonl", out / "pages-00000-3.jsonl")
        assert list(ids("a", "b", "c")) == ["pages-00000-2.jsonl"]

    def test_an_archive_has_one_output(self, tmp_path: Path) -> None:
        write_jsonl(tmp_path / "in" / "deep" / "a.jsonl", ["one"])
        for folder, name in (("in", "deep/a"), ("in/deep", "a"), ("in", "deep/a")):
            summary = clean(tmp_path / folder, tmp_path / "out", Options(format="jsonl"))
            assert (summary["outputs"], summary["pages"]["in"]) == (1, 1)
            assert rows_of(tmp_path / "out" / f"{name}.jsonl")[0]["text"] == "one"

    def test_texts_that_are_missing_or_no_more(self, tmp_path: Path) -> None:
        folder, out = tmp_path / "in", tmp_path / "out"
        write_jsonl(folder / "deep" / "b.jsonl", ["line 1", "line 2", "line 3"])
        for name in ("a", "c"):
            (folder / f"{name}.txt").write_text(f"page {name}")
        for gone in (None, "a.txt", "deep/b.jsonl/0000002.txt"):
            if gone:
                (out / gone).unlink()
            clean(folder, out, Options(format="txt"))
            assert (out / "a.txt").read_text() == "page a\n"
            assert (out / "deep" / "b.jsonl" / "0000002.txt").read_text() == "line 2\n"
        (folder / "a.txt").unlink()
        write_jsonl(folder / "deep" / "b.jsonl", ["line 1", "line 2"])
        (out / "deep" / "b.jsonl" / "notes.txt").write_text("mine")
        clean(folder, out, Options(format="txt"))
        texts = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.txt"))
        left = [f"deep/b.jsonl/{name}.txt" for name in ("0000001", "0000002", "notes")]
        assert texts == ["c.txt", *left]
        (folder / "c.txt").unlink()
        clean(folder, out, Options(format="txt", min_words=1), restart=True)
        assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.txt")) == left

    def test_texts_that_pass_to_another_shard_stay(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cleaner.run.plan.SHARD", 2)
        folder, out = tmp_path / "in", tmp_path / "out"
        folder.mkdir()
        for number in range(5):
            (folder / f"{number}.txt").write_text(f"page {number}")
        clean(folder, out, Options(format="txt"))
        (folder / "0.txt").unlink()
        clean(folder, out, Options(format="txt"))
        assert sorted(path.name for path in out.glob("*.txt")) == [f"{n}.txt" for n in range(1, 5)]
        (folder / "0.txt").write_text("page 0")
        clean(folder, out, Options(format="txt"))
        assert sorted(path.name for path in out.glob("*.txt")) == [f"{n}.txt" for n in range(5)]
        for names in ("1", "12"):
            inputs = [str(folder / f"{name}.txt") for name in names]
            clean(inputs, tmp_path / "named", Options(format="txt"))
        texts = sorted(path.name for path in (tmp_path / "named").glob("*.txt"))
        assert texts == ["1.txt", "2.txt"]

    def test_a_copy_without_its_hidden_files(self, tmp_path: Path) -> None:
        write_jsonl(tmp_path / "a.jsonl", ["one", ""])
        clean([str(tmp_path / "a.jsonl")], tmp_path / "out")
        shutil.rmtree(tmp_path / "out" / ".errors")
        summary = clean([str(tmp_path / "a.jsonl")], tmp_path / "out")
        assert summary["this_run"]["pages"] == 2
        assert len(rows_of(tmp_path / "out" / "errors.jsonl")) == 1

    def test_a_name_that_is_no_utf_8(self, tmp_path: Path) -> None:
        folder = tmp_path / "in"
        folder.mkdir()
        with open(os.fsencode(folder) + b"/caf\xe9.jsonl", "wb") as file:
            file.write(b'{"text": "one"}\n{"text": ""}\n')
        clean(folder, tmp_path / "out")
        summary = clean(folder, tmp_path / "out")
        assert summary["this_run"]["pages"] == 0
        assert summary["pages"]["in"] == 2

    def test_attributes_have_a_folder_of_their_own(self, tmp_path: Path) -> None:
        write_jsonl(tmp_path / "docs" / "a.jsonl", ["one"])
        docs, out = tmp_path / "docs", tmp_path / "out"
        with pytest.raises(InputError, match="name two folders"):
            clean(docs, out, attributes=out)
        (tmp_path / "taken").mkdir()
        (tmp_path / "taken" / "a.jsonl").write_text("precious")
        with pytest.raises(RunError, match="taken holds files of something else"):
            clean(docs, out, attributes=tmp_path / "taken")
        clean(docs, out, attributes=tmp_path / "attributes")
        clean(docs, out, attributes=tmp_path / "attributes")
        with pytest.raises(RunError, match="other options"):
            clean(docs, out, attributes=tmp_path / "others")
        with pytest.raises(RunError, match="taken holds files of something else"):
            clean(docs, out, attributes=tmp_path / "taken", restart=True)
        assert (tmp_path / "taken" / "a.jsonl").read_text() == "precious"
        assert clean(docs, out, attributes=tmp_path / "attributes")["this_run"]["skipped"] == 1
        clean(docs, out, attributes=tmp_path / "attributes", restart=True)
        clean(docs, out, attributes=tmp_path / "others", restart=True)
        assert (len(tree(tmp_path / "attributes")), len(tree(tmp_path / "others"))) == (0, 1)

    def test_a_folder_of_something_else_is_refused(self, corpus: Path, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.txt").touch()
        with pytest.raises(RunError, match="choose a new or empty folder"):
            clean(corpus, tmp_path / "out")

    def test_one_run_at_a_time(self, corpus: Path, tmp_path: Path) -> None:
        import fcntl

        clean(corpus, tmp_path / "out")
        with (tmp_path / "out" / "manifest.jsonl").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with pytest.raises(RunError, match="another run is writing"):
                clean(corpus, tmp_path / "out")

    def test_one_run_at_a_time_with_attributes(self, corpus: Path, tmp_path: Path) -> None:
        second: list[str] = []

        class Second(Progress):
            def begin(self, total: int) -> None:
                """Another run, while the first has written nothing yet."""
                with pytest.raises(RunError, match=r"writing to .*attributes;") as e:
                    clean(corpus, tmp_path / "out2", attributes=tmp_path / "attributes")
                second.append(str(e.value))

        told = Second(io.StringIO(), quiet=True)
        clean(corpus, tmp_path / "out", attributes=tmp_path / "attributes", progress=told)
        assert len(second) == 1
        assert len(tree(tmp_path / "attributes")) == 5  # the lock is gone
        with pytest.raises(RunError, match="attributes holds files of something else"):
            clean(corpus, tmp_path / "out2", attributes=tmp_path / "attributes")

    @pytest.mark.parametrize(
        "content",
        [
            '{"audio_filepath": "a.wav"}\n',
            '{"audio_filepath": "a.wav"}',
            '{"model": "a", "options": {}}\n{"name": "b"}\n',
            "[]\n",
            "5\n",
            "my notes\n",
            "\n\nmy notes",
        ],
    )
    @pytest.mark.parametrize("restart", [False, True])
    def test_a_manifest_of_something_else_is_refused(
        self, corpus: Path, tmp_path: Path, content: str, restart: bool
    ) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "manifest.jsonl").write_text(content)
        with pytest.raises(RunError, match="out holds files of something else"):
            clean(corpus, tmp_path / "out", restart=restart)
        assert (tmp_path / "out" / "manifest.jsonl").read_text() == content

    @pytest.mark.parametrize("left", [b"", b'{"clean', b'{"cleaner": "1", "mod'])
    def test_a_manifest_that_was_hardly_begun(
        self, corpus: Path, tmp_path: Path, left: bytes
    ) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "manifest.jsonl").write_bytes(left)
        assert clean(corpus, tmp_path / "out")["finished"]

    def test_a_torn_line_of_the_manifest_is_forgotten(self, corpus: Path, tmp_path: Path) -> None:
        clean(corpus, tmp_path / "out")
        whole = tree(tmp_path / "out")
        manifest = tmp_path / "out" / "manifest.jsonl"
        manifest.write_bytes(manifest.read_bytes()[:-30])
        summary = clean(corpus, tmp_path / "out")
        assert summary["this_run"]["skipped"] == 4
        assert tree(tmp_path / "out") == whole
        assert clean(corpus, tmp_path / "out")["this_run"]["skipped"] == 5

    @pytest.mark.parametrize(
        "damaged",
        [
            lambda content: content.replace(b'"key"', b'"k\xff"'),
            lambda content: content[:20] + b"\xff" + content[20:],
            lambda content: bytes(64) + content[64:],
            lambda content: bytes(len(content) - 1) + b"\n",
            lambda content: content + b"5\n",
        ],
    )
    def test_a_damaged_manifest(
        self, corpus: Path, tmp_path: Path, damaged: Callable[[bytes], bytes]
    ) -> None:
        clean(corpus, tmp_path / "out")
        manifest = tmp_path / "out" / "manifest.jsonl"
        manifest.write_bytes(damaged(manifest.read_bytes()))
        with pytest.raises(RunError, match=r"is damaged.*--restart"):
            clean(corpus, tmp_path / "out")
        assert clean(corpus, tmp_path / "out", restart=True)["this_run"]["skipped"] == 0

    def test_stopped_by_an_exception(self, corpus: Path, tmp_path: Path) -> None:
        clean(corpus, tmp_path / "whole")

        class Stop(Progress):
            def update(self, read: int, pages: int, errors: int) -> None:
                if pages > 150:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            clean(corpus, tmp_path / "out", progress=Stop(io.StringIO(), quiet=True))
        assert not list((tmp_path / "out").rglob("*.part"))
        assert json.loads((tmp_path / "out" / "run.json").read_text())["finished"] is False
        summary = clean(corpus, tmp_path / "out", workers=2)
        assert summary["this_run"]["skipped"] >= 1
        assert tree(tmp_path / "out") == tree(tmp_path / "whole")

    @pytest.mark.parametrize("restart", [False, True])
    def test_texts_of_a_stopped_run_that_are_no_page_s_any_more(
        self, tmp_path: Path, restart: bool
    ) -> None:
        out, options = tmp_path / "out", Options(format="txt")
        write_jsonl(tmp_path / "site" / "z.jsonl", (f"line {number}" for number in range(100)))
        for number in range(100):
            (tmp_path / "site" / f"{number}.txt").write_text(f"page {number}")
        (tmp_path / "other.txt").write_text("another")

        class Stop(Progress):
            told = 0

            def update(self, read: int, pages: int, errors: int) -> None:
                """The second bundle of a unit is the end of it, or of its texts."""
                self.told += 1
                if self.told == 2:
                    raise KeyboardInterrupt

        def stop() -> int:
            with pytest.raises(KeyboardInterrupt):
                clean(
                    tmp_path / "site", out, options, restart=restart,
                    progress=Stop(io.StringIO(), quiet=True),
                )  # fmt: skip
            return len(list(out.rglob("*.txt")))

        assert stop() == 100
        (tmp_path / "site" / "z.jsonl").unlink()
        assert stop() == (100 if restart else 200)
        for _ in range(2):
            clean([str(tmp_path / "other.txt")], out, options, restart=restart)
            assert [path.name for path in out.rglob("*.txt")] == ["other.txt"]

    def test_outputs_of_a_run_stopped_before_it_removed_old_ones(self, tmp_path: Path) -> None:
        folder, out, options = tmp_path / "in", tmp_path / "out", Options(format="txt")
        folder.mkdir()
        for name in "abc":
            (folder / f"{name}.txt").write_text(f"page {name}")
        clean(folder, out, options)
        (folder / "b.txt").unlink()

        class Stop(Progress):
            def update(self, read: int, pages: int, errors: int) -> None:
                if (out / "manifest.jsonl").read_text().count('"key"') == 2:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            clean(folder, out, options, progress=Stop(io.StringIO(), quiet=True))
        assert clean(folder, out, options)["this_run"]["pages"] == 0
        assert sorted(path.name for path in out.glob("*.txt")) == ["a.txt", "c.txt"]


class TestFaults:
    """One page can never stop a run: each fault costs its page, and is named."""

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("hang", "took longer than 2 seconds"),
            ("sleep in native code", "took longer than 2 seconds"),
            ("eat", "out of memory; a page of a corpus run may take 300 MB (--page-memory)"),
            ("crash", "its worker crashed (SIGSEGV)"),
            ("exit", "its worker ended with status 3"),
            ("killed", "its worker was killed (signal 9), as systems do when memory runs out"),
            ("raise", "'any\\nmistake'"),
        ],
    )
    def test_a_page(self, tmp_path: Path, fault: str, reason: str) -> None:
        texts = [f"page {number}" for number in range(100)]
        texts[40] = fault
        write_jsonl(tmp_path / "docs" / "a.jsonl", texts)
        write_jsonl(tmp_path / "docs" / "b.jsonl", ["last"])
        options = Options(format="jsonl", limits=LIMITS)
        summary = clean(
            tmp_path / "docs", tmp_path / "out", options, 2, load=partial(load, FaultyCleaner)
        )
        assert summary["pages"] == {"in": 101, "out": 100, "dropped": 0, "errors": 1}
        (error,) = rows_of(tmp_path / "out" / "errors.jsonl")
        assert error == {"input": "a.jsonl", "position": "line 41", "id": "40", "reason": reason}
        ids = [row["id"] for row in rows_of(tmp_path / "out" / "a.jsonl")]
        assert ids == [str(n) for n in range(100) if n != 40]

    def test_many_pages_in_a_row(self, tmp_path: Path) -> None:
        texts = ["exit", "crash", "fine", "exit", "killed", "exit", "raise", "fine"]
        write_jsonl(tmp_path / "docs" / "a.jsonl", texts)
        options = Options(format="jsonl", limits=LIMITS, keep_failed=True)
        clean(tmp_path / "docs", tmp_path / "out", options, 2, load=partial(load, FaultyCleaner))
        rows = rows_of(tmp_path / "out" / "a.jsonl")
        assert [row["error"] is None for row in rows] == [text == "fine" for text in texts]
        assert [row["id"] for row in rows] == [str(number) for number in range(len(texts))]

    def test_a_worker_killed_from_outside_costs_nothing(self, tmp_path: Path) -> None:
        texts = [f"page {n}" if n % 32 != 5 else f"killed once {n}" for n in range(100)]
        write_jsonl(tmp_path / "docs" / "a.jsonl", texts)
        summary = clean(
            tmp_path / "docs",
            tmp_path / "out",
            Options(format="jsonl"),
            2,
            load=partial(load, FaultyCleaner, str(tmp_path)),
        )
        assert summary["pages"] == {"in": 100, "out": 100, "dropped": 0, "errors": 0}

    def test_reading_that_kills(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "docs").mkdir()
        for name in ("a", "c"):
            (tmp_path / "docs" / f"{name}.txt").write_text("fine")
        os.mkfifo(tmp_path / "docs" / "b.txt")  # opening it waits for a writer, for ever
        monkeypatch.setattr("cleaner.io.check", lambda inputs: None)  # which would refuse it
        options = Options(format="jsonl", limits=LIMITS)
        summary = clean(
            [str(tmp_path / "docs" / f"{n}.txt") for n in "abc"], tmp_path / "out", options
        )
        assert summary["pages"] == {"in": 3, "out": 2, "dropped": 0, "errors": 1}
        (error,) = rows_of(tmp_path / "out" / "errors.jsonl")
        assert error["id"] == "b.txt"

    def test_model_that_cannot_be_loaded(self, corpus: Path, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match="train one"):
            clean(corpus, tmp_path / "out", load=no_model)
        assert not (tmp_path / "out").exists()

    def test_workers_that_cannot_start(self, corpus: Path, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="workers die while they start"):
            clean(corpus, tmp_path / "out", load=dies)

    def test_damaged_files_leave_the_rest_complete(self, tmp_path: Path) -> None:
        docs = tmp_path / "docs"
        write_jsonl(docs / "fine.jsonl", ["fine"] * 50)
        data = (docs / "fine.jsonl").read_bytes()
        (docs / "cut.jsonl.gz").write_bytes(gzip.compress(data)[:-12])
        (docs / "bad.jsonl.zst").write_bytes(zstandard.compress(data)[:-9])
        (docs / "no.jsonl.zst").write_bytes(b"no zstd")
        (docs / "utf8.jsonl").write_bytes(
            data.replace(b'"7", "text": "', b'"7", "text": "\xff\xfe')
        )
        pq.write_table(pa.table({"text": ["a"]}), docs / "cut.parquet")
        (docs / "cut.parquet").write_bytes((docs / "cut.parquet").read_bytes()[:-7])
        member = gzip.compress(
            b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\n"
            b"Content-Length: 4\r\n\r\ntext\r\n\r\n"
        )
        (docs / "cut.warc.gz").write_bytes(member * 3 + member[:-30])
        summary = clean(docs, tmp_path / "out", Options(format="jsonl"), 2)
        assert summary["finished"]
        pages = summary["pages"]
        assert pages["in"] == pages["out"] + pages["errors"]
        lines = sum(len(rows_of(path)) for path in (tmp_path / "out").glob("*.jsonl")
                    if path.name not in ("errors.jsonl", "manifest.jsonl"))  # fmt: skip
        errors = rows_of(tmp_path / "out" / "errors.jsonl")
        assert (lines, len(errors)) == (pages["out"], pages["errors"])
        assert {error["input"] for error in errors} == {
            "cut.jsonl.gz", "bad.jsonl.zst", "no.jsonl.zst", "utf8.jsonl", "cut.parquet",
            "cut.warc.gz",
        }  # fmt: skip
        assert len(rows_of(tmp_path / "out" / "fine.jsonl")) == 50
        assert len(rows_of(tmp_path / "out" / "utf8.jsonl")) == 49
        assert len(rows_of(tmp_path / "out" / "cut-3.jsonl")) == 3


class TestDisk:
    @pytest.fixture
    def disk(self, tmp_path: Path) -> Iterable[Path]:
        """A small file system of its own."""
        folder = tmp_path / "disk"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("only root can mount a file system")
        yield folder
        subprocess.run(["umount", "-l", str(folder)], check=True)

    @staticmethod
    def big(tmp_path: Path) -> Path:
        noise = random.Random(0)
        write_jsonl(tmp_path / "docs" / "a.jsonl", ["small"] * 10)
        write_jsonl(
            tmp_path / "docs" / "b.jsonl", (noise.randbytes(2000).hex() for _ in range(100))
        )
        write_jsonl(tmp_path / "docs" / "c.jsonl", ["small"] * 10)
        return tmp_path / "docs"

    def test_full_disk(self, tmp_path: Path, disk: Path) -> None:
        docs = self.big(tmp_path)
        with pytest.raises(RunError, match=r"No space left on device.*run the same command again"):
            clean(docs, disk / "out")
        assert [path.name for path in (disk / "out").glob("*.gz")] == ["a.jsonl.gz"]
        assert not list((disk / "out").rglob("*.part"))
        subprocess.run(["mount", "-o", "remount,size=2m", str(disk)], check=True)
        assert clean(docs, disk / "out")["this_run"]["skipped"] == 1
        clean(docs, tmp_path / "whole")
        assert tree(disk / "out") == tree(tmp_path / "whole")

    def test_read_only_disk(self, tmp_path: Path, disk: Path) -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(RunError, match="Read-only file system"):
            clean(self.big(tmp_path), disk / "out")

    def test_file_that_may_not_grow(self, tmp_path: Path) -> None:
        """A full disk for those who may not mount one: the kernel refuses to write on."""
        docs = self.big(tmp_path)
        code = (
            "import resource, sys; from cleaner.cli import main;"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY));"
            "sys.exit(main(sys.argv[1:]))"
        )
        command = ["clean", str(docs), "-o", str(tmp_path / "out"), "--quiet", "--workers", "1"]
        done = subprocess.run(
            [sys.executable, "-c", code, *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "File too large" in done.stderr
        assert done.stderr.count("\n") == 1
        assert [path.name for path in (tmp_path / "out").glob("*.gz")] == ["a.jsonl.gz"]
        assert not list((tmp_path / "out").rglob("*.part"))

    def test_folder_that_cannot_be_made(self, corpus: Path) -> None:
        with pytest.raises(CleanerError):
            clean(corpus, Path("/proc/no-such-folder/out"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"options": Options(format="csv")}, "format 'csv': give one of jsonl"),
        ({"options": Options(favor="precison")}, "favor 'precison': give one of precision"),  # type: ignore[arg-type]
        ({"options": Options(keep_labels="article")}, "give a tuple of labels"),  # type: ignore[arg-type]
        ({"options": Options(min_words="3")}, "min_words '3'"),  # type: ignore[arg-type]
        ({"options": Options(limits=Limits(seconds=-1))}, "limits.seconds -1: give a number above"),
        ({"options": Options(limits=Limits(seconds="6"))}, "limits.seconds '6': give a number"),  # type: ignore[arg-type]
        ({"options": Options(limits=Limits(megabytes=0))}, "limits.megabytes 0: give a number"),
        ({"workers": -1}, "workers -1: give a number of 1 or more"),
    ],
)
def test_options_that_can_be_none_are_refused(
    wrong: dict[str, Any], message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "A line."}\n')
    with pytest.raises(InputError, match=re.escape(message)):
        run([str(tmp_path / "a.jsonl")], tmp_path / "out", progress=quiet(), **wrong)
    with pytest.raises(InputError, match=re.escape(message)):
        stream([str(tmp_path / "a.jsonl")], tmp_path / "b.jsonl", progress=quiet(), **wrong)


def test_a_single_input_is_no_list_of_letters(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", ["A line."])
    given = str(tmp_path / "a.jsonl")
    found = run(given, tmp_path / "out", load=load, workers=1, progress=quiet())
    assert found["pages"]["in"] == 1
    assert stream(given, tmp_path / "b.jsonl", load=load, workers=1, progress=quiet()).pages == 1
    assert [page.data for page in read(given)] == ["A line."]


def test_the_name_of_one_output_tells_its_format(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "A line."}\n')
    stream([str(tmp_path / "a.jsonl")], tmp_path / "b.parquet", workers=1, progress=quiet())
    assert (tmp_path / "b.parquet").read_bytes().startswith(b"PAR1")


class TestStream:
    @pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.jsonl.zst"])
    def test_one_file(self, corpus: Path, tmp_path: Path, name: str) -> None:
        counts = stream([str(corpus)], tmp_path / name, load=load, workers=2, progress=quiet())
        assert counts.pages == counts.out == 339
        assert len(rows_of(tmp_path / name)) == 339
        assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", name]

    @pytest.mark.parametrize("given", ["a.jsonl", "soft.jsonl", "hard.jsonl", "links"])
    @pytest.mark.parametrize("out", ["a.jsonl", "links/../a.jsonl", "soft.jsonl", "hard.jsonl"])
    def test_one_file_may_not_replace_its_input(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, out: str
    ) -> None:
        write_jsonl(tmp_path / "a.jsonl", ["one\n#two"])
        before = (tmp_path / "a.jsonl").read_bytes()
        (tmp_path / "soft.jsonl").symlink_to("a.jsonl")
        (tmp_path / "hard.jsonl").hardlink_to(tmp_path / "a.jsonl")
        (tmp_path / "links").mkdir()
        (tmp_path / "links" / "b.jsonl").symlink_to("../a.jsonl")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError, match="holds the pages to read; choose another name"):
            stream([given], tmp_path / out, load=load, workers=1, progress=quiet())
        assert (tmp_path / out).read_bytes() == before

    @pytest.mark.parametrize("name", ["all.jsonl", "all.parquet"])
    def test_one_file_is_written_by_one_run_at_a_time(
        self, corpus: Path, tmp_path: Path, name: str
    ) -> None:
        form = Options(format=name.partition(".")[2])
        other = AtomicFile(tmp_path / name)
        other.write(b"of another run")
        with pytest.raises(RunError, match=rf"another run is writing to .*{name}; wait for it"):
            stream([str(corpus)], tmp_path / name, form, load=load, workers=1, progress=quiet())
        other.commit()
        assert (tmp_path / name).read_bytes() == b"of another run"
        stream([str(corpus)], tmp_path / name, form, load=load, workers=1, progress=quiet())
        assert (tmp_path / name).stat().st_size > 1000
        assert sorted(path.name for path in tmp_path.iterdir()) == [name, "corpus"]

    def test_numbers_and_fractions_in_one_column(self, tmp_path: Path) -> None:
        users = [2**60 + 1, *range(999), 0.5]
        rows = [json.dumps({"text": "a", "user": user}) for user in users]
        (tmp_path / "a.jsonl").write_text("\n".join(rows))
        out, form = tmp_path / "out.parquet", Options(format="parquet")
        stream([str(tmp_path / "a.jsonl")], out, form, load=load, workers=1, progress=quiet())
        found = pq.read_table(out).column("user").to_pylist()
        assert [json.loads(user) for user in found] == users

    def test_one_file_among_the_pages_is_refused(self, corpus: Path) -> None:
        with pytest.raises(InputError, match="among the pages"):
            stream([str(corpus)], corpus / "all.jsonl", load=load, workers=1, progress=quiet())

    def test_a_text_takes_one_page(self, corpus: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="takes one page"):
            stream(
                [str(corpus)], tmp_path / "a.txt", Options(format="txt"),
                load=load, workers=1, progress=quiet(),
            )  # fmt: skip
        assert not (tmp_path / "a.txt").exists()


class TestCommand:
    """The command itself, with the default model, in processes of its own."""

    @staticmethod
    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "cleaner", "clean", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip

    @pytest.fixture
    def docs(self, tmp_path: Path) -> Path:
        texts = [path.read_text() for path in sorted(TRAINING_DATA.glob("*.txt"))]
        write_jsonl(tmp_path / "docs" / "a.jsonl", texts)
        write_jsonl(tmp_path / "docs" / "b.jsonl", [*texts[:10], BINARY, *texts[10:]])
        for path in sorted(TRAINING_DATA.glob("en-*.html"))[:5]:
            (tmp_path / "docs" / path.name).write_bytes(path.read_bytes())
        return tmp_path / "docs"

    def test_killed_at_any_moment_and_resumed(self, docs: Path, tmp_path: Path) -> None:
        whole = self.start(docs, "-o", tmp_path / "whole", "--workers", 1, "--quiet")
        begin = time.monotonic()
        assert whole.wait() == 0
        lasts = time.monotonic() - begin
        moments = random.Random(1)
        for _ in range(4):
            doomed = self.start(
                docs, "-o", tmp_path / "out", "--workers", 2, "--quiet", start_new_session=True
            )
            time.sleep(moments.uniform(0.2, 1.0) * lasts)
            os.killpg(doomed.pid, signal.SIGKILL)
            doomed.communicate()
        last = self.start(docs, "-o", tmp_path / "out", "--workers", 1, "--quiet", "--strict")
        assert last.wait() == 1  # the binary page
        last.communicate()
        whole.communicate()
        assert tree(tmp_path / "out") == tree(tmp_path / "whole")

    def test_workers_do_not_outlive_the_supervisor(self, docs: Path, tmp_path: Path) -> None:
        process = self.start(docs, "-o", tmp_path / "out", "--workers", 2, start_new_session=True)
        time.sleep(1.5)
        process.kill()
        process.communicate()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail("workers go on without a supervisor")

    def test_interrupted(self, docs: Path, tmp_path: Path) -> None:
        write_jsonl(docs / "long.jsonl", [(docs / "a.jsonl").read_text()[:3000]] * 2_000)
        process = self.start(
            docs, "-o", tmp_path / "out", "--workers", 2, start_new_session=True,
            # A shell starts what runs in its background with interrupts ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        while not (tmp_path / "out" / "manifest.jsonl").exists() and process.poll() is None:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "the same command goes on" in err
        assert "Traceback" not in err

    def test_pipe(self, docs: Path, tmp_path: Path) -> None:
        with (docs / "a.jsonl").open() as file:
            process = self.start("-", "--json", "--workers", 2, stdin=file)
            out, err = process.communicate()
        assert (process.returncode, err) == (0, "")
        count = (docs / "a.jsonl").read_bytes().count(b"\n")
        ids = [json.loads(line)["id"] for line in out.splitlines()]
        assert ids == [str(number) for number in range(count)]

    def test_summary_as_json(self, docs: Path, tmp_path: Path) -> None:
        process = self.start(docs, "-o", tmp_path / "out", "--json", "--format", "parquet")
        out, err = process.communicate()
        summary = json.loads(out)
        assert summary == json.loads((tmp_path / "out" / "run.json").read_text())
        assert summary["errors"] == {"binary data": 1}
        assert sum(summary["words"].values()) > 10_000
        assert err == "a.jsonl: pages in text, ids in id\n"
        assert process.returncode == 0


def test_words_in_any_script() -> None:
    assert count_words("one two\nthree") == 3
    assert count_words("три слова тут") == 3
    assert count_words("川が増水した。") == 4
    assert count_words("") == 0
