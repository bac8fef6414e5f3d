"""Reading and writing corpora."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import cast

import pytest

from cleaner.clean import Result
from cleaner.errors import InputError
from cleaner.io import FORMATS, Record, read, writing
from cleaner.types import Segment
from conftest import SimpleResult


def result(text: str = "clean", error: str | None = None) -> Result:
    segments = (Segment("article", text, 0, len(text), 1.0),) if text else ()
    return cast(Result, SimpleResult(text, segments=segments, error=error))


def test_suffixes_belong_to_one_format() -> None:
    suffixes = [suffix for form in FORMATS for suffix in form.suffixes]
    assert len(suffixes) == len(set(suffixes))


def test_folder_is_read_in_order_with_kinds(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.txt.gz").write_bytes(gzip.compress(b"two"))
    (tmp_path / "one.HTML").write_bytes(b"<p>one")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    records = list(read([str(tmp_path)]))
    assert records == [
        Record("b/two.txt.gz", "b/two.txt.gz", b"two", "text"),
        Record("one.HTML", "one.HTML", b"<p>one", "html"),
    ]


def test_named_file_of_any_suffix_is_a_page(tmp_path: Path) -> None:
    page = tmp_path / "index.php"
    page.write_bytes(b"<p>hello")
    assert list(read([str(page)])) == [Record("index.php", "index.php", b"<p>hello", "auto")]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"hello")))
    assert list(read(["-"])) == [Record("stdin", "stdin", b"hello", "auto")]


def test_missing_input_is_found_before_the_first_page(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("hello")
    with pytest.raises(InputError, match="give a file, a folder or - for standard input"):
        read([str(page), str(tmp_path / "gone.html")])


def test_folder_without_pages(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no pages"):
        read([str(tmp_path)])


def test_truncated_gzip_costs_one_page(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"text " * 1000)[:-12])
    (tmp_path / "b.txt.gz").write_bytes(b"no gzip at all")
    (tmp_path / "c.txt").write_bytes(b"fine")
    first, second, third = read([str(tmp_path)])
    assert first.error
    assert second.error
    assert third.data == b"fine"


def test_jsonl_columns_and_broken_lines(tmp_path: Path) -> None:
    file = tmp_path / "pages.jsonl"
    lines = [
        b'{"id": 7, "text": "plain", "html": "<p>markup"}',
        b'{"url": "https://a.example/", "text": "plain"}',
        b"",
        b'{"text": "caf\xe9"}',
        b'["text"]',
        b'{"id": null, "body": "x"}',
        b"[" * 100_000,
    ]
    file.write_bytes(b"\n".join(lines))
    html, text, latin, array, other, deep = read([str(file)])
    assert (html.id, html.data, html.kind) == ("7", "<p>markup", "html")
    assert (text.id, text.data, text.kind) == ("https://a.example/", "plain", "text")
    assert latin.id == "pages.jsonl:4"
    assert "not JSON" in (latin.error or "")
    assert array.error == "not a JSON object"
    assert "none of the columns html" in (other.error or "")
    assert "not JSON" in (deep.error or "")


def test_truncated_jsonl_keeps_what_was_read(tmp_path: Path) -> None:
    lines = b"".join(json.dumps({"text": f"{i} {i * i}"}).encode() + b"\n" for i in range(20_000))
    (tmp_path / "pages.jsonl.gz").write_bytes(gzip.compress(lines)[:-2000])
    *good, last = read([str(tmp_path)])
    assert len(good) > 1000
    assert all(record.error is None for record in good)
    assert "cannot be read from this line on" in (last.error or "")


def test_names_of_jsonl_records_stay_in_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "pages.jsonl"
    file.write_text('{"id": "../../evil", "text": "x"}\n')
    with writing(tmp_path / "out", []) as write:
        for record in read([str(file)]):
            write(record, result())
    assert [path.name for path in (tmp_path / "out").rglob("*.txt")] == ["0000001.txt"]


def test_folder_output_mirrors_the_input_and_loses_no_page(tmp_path: Path) -> None:
    names = ["a/page.html", "a/page.txt", "a/page.txt.gz", "plain", "failed.html"]
    with writing(tmp_path / "out", []) as write:
        for name in names:
            write(Record(name, name), result(name, "bad" if name == "failed.html" else None))
        write(Record("unread", "unread", error="gone"), None)
    written = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_text().strip()
        for path in (tmp_path / "out").rglob("*.txt")
    }
    assert written == {
        "a/page.txt": "a/page.html",
        "a/page.txt.txt": "a/page.txt",
        "a/page.txt.2.txt": "a/page.txt.gz",
        "plain.txt": "plain",
    }


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_jsonl_output(tmp_path: Path, name: str) -> None:
    output = tmp_path / "new" / name
    with writing(output, []) as write:
        write(Record("a", "a"), result("ü\ud800"))
        write(Record("b", "b", error="gone"), None)
        assert not output.exists()
    content = output.read_bytes()
    lines = (gzip.decompress(content) if name.endswith(".gz") else content).splitlines()
    assert [json.loads(line) for line in lines] == [
        {"id": "a", "text": "ü?", "kind": "text", "error": None},
        {"id": "b", "error": "gone"},
    ]
    assert list(output.parent.iterdir()) == [output]


def test_jsonl_may_replace_its_input(tmp_path: Path) -> None:
    file = tmp_path / "pages.jsonl"
    file.write_text('{"id": "1", "text": "x"}\n')
    with writing(file, [str(file)]) as write:
        for record in read([str(file)]):
            write(record, result("clean"))
    assert json.loads(file.read_text())["text"] == "clean"


def test_failed_run_leaves_the_old_jsonl(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    output.write_text("old")
    with pytest.raises(RuntimeError), writing(output, []) as write:
        write(Record("a", "a"), result())
        raise RuntimeError
    assert output.read_text() == "old"
    assert list(tmp_path.iterdir()) == [output]


def test_text_file_output_takes_one_page(tmp_path: Path) -> None:
    output = tmp_path / "page.txt"
    with pytest.raises(InputError, match="takes one page"), writing(output, []) as write:
        write(Record("a", "a"), result("one"))
        write(Record("b", "b"), result("two"))
    assert output.read_text() == "one\n"


@pytest.mark.parametrize("output", ["pages", "pages/clean", "pages/deep/clean"])
def test_output_among_the_pages_is_refused(tmp_path: Path, output: str) -> None:
    (tmp_path / "pages").mkdir()
    with pytest.raises(InputError, match="choose another folder"):
        writing(tmp_path / output, [str(tmp_path / "pages")])


def test_output_folder_of_an_input_file_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("hello")
    with pytest.raises(InputError, match="choose another folder"):
        writing(tmp_path, [str(page)])
    writing(tmp_path / "clean", [str(page)])


def test_outputs_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="html is not written"):
        writing(tmp_path / "out.html", [])
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="no known format"):
        writing(tmp_path / "file", [])
