"""Reading corpora: what is found, and what a broken file costs."""

from __future__ import annotations

import errno
import fcntl
import gzip
import io
import json
import os
import random
import zlib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cleaner.errors import InputError, RunError
from cleaner.io import FORMATS, Columns, Record, items, read, sources
from cleaner.io.columns import look_up, without
from cleaner.io.jsonl import to_line
from cleaner.io.parquet import Writer, inferred_schema, schema_of
from cleaner.io.record import MAX_PAGE, AtomicFile
from cleaner.segment import segment

SKIPPED = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
"""A frame of zstd that holds no data."""
NOISE = random.Random(0).randbytes(500)
LINES = [json.dumps({"id": n, "text": f"page {n} {n * n}"}).encode() for n in range(20_000)]


def zst(data: bytes, frames: int = 1) -> bytes:
    size = -(-len(data) // frames)
    return b"".join(
        zstandard.compress(data[at : at + size]) for at in range(0, len(data), size or 1)
    )


def chunks(data: bytes, size: int = 5) -> bytes:
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])


def warc_record(
    number: int, kind: str = "response", body: bytes | None = None, http: str = "text/html"
) -> bytes:
    text = f"<p>page {number} " + "word " * 300
    if body is None:
        body = text.encode()
    if kind == "response":
        body = f"HTTP/1.1 200 OK\r\nContent-Type: {http}\r\n\r\n".encode() + body
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\n"
        f"WARC-Target-URI: http://a.example/{number}\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n"
        f"Content-Type: {'application/http' if kind == 'response' else 'text/plain'}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


MEMBERS = [gzip.compress(warc_record(number), mtime=0) for number in range(6)]


def test_suffixes_belong_to_one_format() -> None:
    suffixes = [suffix for form in FORMATS for suffix in form.suffixes]
    assert len(suffixes) == len(set(suffixes))


def test_folder_is_read_in_order_with_kinds(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.txt.gz").write_bytes(gzip.compress(b"two"))
    (tmp_path / "one.HTML").write_bytes(b"<p>one")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    assert [(record.id, record.data, record.kind) for record in read([str(tmp_path)])] == [
        ("b/two.txt.gz", b"two", "text"),
        ("one.HTML", b"<p>one", "html"),
    ]


def test_named_file_of_any_suffix_is_a_page(tmp_path: Path) -> None:
    page = tmp_path / "index.php"
    page.write_bytes(b"<p>hello")
    (record,) = read([str(page)])
    assert (record.id, record.data, record.kind) == ("index.php", b"<p>hello", "auto")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"hello", ["hello"]),
        (b"{braces} are no JSON", ["{braces} are no JSON"]),
        (gzip.compress(b"hello"), ["hello"]),
        (b'{"text": "a"}\n{"text": "b"}\n', ["a", "b"]),
        (gzip.compress(b'{"text": "a"}\n{"text": "b"}\n'), ["a", "b"]),
        (zst(b'{"text": "a"}\n{"text": "b"}\n', 2), ["a", "b"]),
        (SKIPPED + zst(b'{"text": "a"}\n'), ["a"]),
        (b'{"text": "' + b"long " * 50_000 + b'"}\n', ["long " * 50_000]),
        (b"".join(MEMBERS[:2]), ["<p>page 0", "<p>page 1"]),
        (b"", []),
        (gzip.compress(b""), []),
        (b'\xef\xbb\xbf{"text": "a"}\n{"text": "b"}\n', ["a", "b"]),
        (gzip.compress(b'\xef\xbb\xbf{"text": "a"}\n{"text": "b"}\n'), ["a", "b"]),
        (b'{"text": broken\n{"text": "b"}\n', ["", "b"]),
        (b'{ "text": broken\n{"text": "b"}\n', ["", "b"]),
        (b'{}\n{"text": "b"}\n', ["", "b"]),
        (b"{} is the empty set", ["{} is the empty set"]),
        (b"\xef\xbb\xbf<p>hello", ["\ufeff<p>hello"]),
    ],
)
def test_standard_input(monkeypatch: pytest.MonkeyPatch, data: bytes, found: list[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    pages = [r.data if isinstance(r.data, str) else r.data.decode() for r in read(["-"])]
    assert len(pages) == len(found)
    assert all(page.startswith(start) for page, start in zip(pages, found, strict=True))


class Pipe(io.RawIOBase):
    """Gives a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = io.BytesIO(data), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(memoryview(buffer)[: self._size])


@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'\n{"text": "a"}\n{"text": "b"}\n', ["a", "b"]),
        (gzip.compress(b'{"text": "a"}\n{"text": "b"}\n'), ["a", "b"]),
        (gzip.compress(b"\n") + gzip.compress(b'{"text": "a"}\n{"text": "b"}\n'), ["a", "b"]),
        (zst(b'{"text": "a"}\n{"text": "b"}\n', 2), ["a", "b"]),
        (SKIPPED + zst(b'{"text": "a"}\n'), ["a"]),
        (b'{}\n{"text": "b"}\n', ["", "b"]),
        (b"{} is the empty set", ["{} is the empty set"]),
        (b"".join(MEMBERS[:2]), ["<p>page 0", "<p>page 1"]),
        (b"hello", ["hello"]),
        (b"\n", ["\n"]),
        (gzip.compress(b"hello")[:12], [""]),
        (b"", []),
    ],
)
def test_standard_input_in_pieces(
    monkeypatch: pytest.MonkeyPatch, data: bytes, found: list[str], size: int
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(Pipe(data, size))))
    pages = [r.data if isinstance(r.data, str) else r.data.decode() for r in read(["-"])]
    assert len(pages) == len(found)
    assert all(page.startswith(start) for page, start in zip(pages, found, strict=True))


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (b'[\n {"text": "a page"}]', "put one object on each line"),
        (b'{\n  "text": "a page"\n}\n', "put each object on one, as `jq -c .` does"),
    ],
)
def test_json_that_is_no_json_lines_in_a_pipe_is_an_error(
    data: bytes, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    (record,) = read(["-"])
    assert record.error is not None
    assert advice in record.error


def test_parquet_cannot_be_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"PAR1...")))
    (record,) = read(["-"])
    assert "name the file" in (record.error or "")


def test_missing_input_is_found_before_the_first_page(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("hello")
    with pytest.raises(InputError, match="give a file, a folder or - for standard input"):
        read([str(page), str(tmp_path / "gone.html")])


def test_a_named_pipe_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pages.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"no regular file; pipe it to - instead"):
        read([str(pipe)])


def test_a_link_to_itself_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    with pytest.raises(InputError, match="does not exist"):
        read([str(tmp_path / "loop.jsonl")])


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


def test_packed_json_is_lines_of_it(tmp_path: Path) -> None:
    (tmp_path / "c4.00000.json.gz").write_bytes(
        gzip.compress(b'{"text": "one"}\n{"text": "two"}\n')
    )
    (tmp_path / "package.json").write_text("{}")
    assert [record.data for record in read([str(tmp_path)])] == ["one", "two"]


def test_names_of_texts_are_all_different(tmp_path: Path) -> None:
    for name in ("page.html", "page.txt", "page.txt.gz", "page.htm", "page.html.txt"):
        (tmp_path / name).touch()
    targets = [source.target for source in sources([str(tmp_path)])]
    assert len(set(targets)) == 5
    assert "page.txt" in targets


def test_names_of_texts_of_named_files_are_all_different(tmp_path: Path) -> None:
    pages = [tmp_path / folder / "page.html" for folder in "abc"]
    for page in pages:
        page.parent.mkdir()
        page.touch()
    targets = [source.target for source in sources(map(str, pages))]
    assert targets == ["page.txt", "page.html.txt", "page.html.2.txt"]


class TestJsonl:
    def test_columns_and_broken_lines(self, tmp_path: Path) -> None:
        file = tmp_path / "pages.jsonl"
        lines = [
            b'{"id": 7, "text": "plain", "html": "<p>markup"}',
            b'{"metadata": {"url": "https://a.example/"}, "text": "plain"}',
            b"",
            b'{"text": "caf\xe9"}',
            b'["text"]',
            b'{"id": null, "body": "x"}',
            b"[" * 100_000,
        ]
        file.write_bytes(b"\n".join(lines))
        html, text, latin, array, other, deep = read([str(file)])
        assert (html.id, html.data, html.kind, html.column) == ("7", "<p>markup", "html", "html")
        assert (text.id, text.data, text.kind) == ("https://a.example/", "plain", "auto")
        assert text.url == "https://a.example/"
        assert latin.id == "pages.jsonl:4"
        assert "not JSON" in (latin.error or "")
        assert "a JSON array, not an object; put" in (array.error or "")
        assert "none of the columns html" in (other.error or "")
        assert other.fields == {"id": None, "body": "x"}
        assert "not JSON" in (deep.error or "")

    def test_a_byte_order_mark_is_no_part_of_the_first_line(self, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "a"}\n{"text": "b"}\n')
        (tmp_path / "b.jsonl").write_bytes(b'\xef\xbb\xbf\n{"text": "c"}\n')
        assert [record.data for record in read([str(tmp_path)])] == ["a", "b", "c"]

    def test_named_columns(self, tmp_path: Path) -> None:
        file = tmp_path / "pages.jsonl"
        file.write_text(
            '{"text": "no", "page": {"body": "yes"}, "key": 5, "at": "u"}\n{"text": "no"}\n'
        )
        columns = Columns(text="page.body", url="at", id="key")
        first, second = read([str(file)], columns)
        assert (first.data, first.url, first.id) == ("yes", "u", "5")
        assert "column page.body holds no text" in (second.error or "")
        assert columns.found(first.fields) == "pages in page.body, ids in key, addresses in at"

    @pytest.mark.parametrize(("name", "kind"), [("text", "html"), ("content", "html")])
    def test_columns_of_text_may_hold_html(self, tmp_path: Path, name: str, kind: str) -> None:
        file = tmp_path / "pages.jsonl"
        file.write_text(json.dumps({name: "<!doctype html><p>It rained.</p>"}))
        (record,) = read([str(file)])
        assert segment(record.data or "", record.kind).kind == kind

    def test_a_column_without_text_hides_no_page(self, tmp_path: Path) -> None:
        file = tmp_path / "pages.jsonl"
        file.write_text(
            '{"html": "", "raw_html": " \\n", "text": "page"}\n{"html": null, "text": ""}\n'
        )
        first, second = read([str(file)])
        assert (first.data, first.kind, first.column) == ("page", "auto", "text")
        assert (second.data, second.column, second.error) == ("", "text", None)

    @pytest.mark.parametrize("form", [".gz", ".zst"])
    @pytest.mark.parametrize("damage", ["cut", "noise", "nothing"])
    def test_what_comes_before_the_damage_is_kept(
        self, tmp_path: Path, form: str, damage: str
    ) -> None:
        data = b"\n".join(LINES) + b"\n"
        packed = gzip.compress(data, mtime=0) if form == ".gz" else zst(data, 5)
        middle = len(packed) * 2 // 3
        noise = random.Random(0).randbytes(500)
        broken = {
            "cut": packed[:middle],
            "noise": packed[:middle] + noise + packed[middle + 500 :],
            "nothing": packed,
        }
        (tmp_path / f"pages.jsonl{form}").write_bytes(broken[damage])
        records = list(read([str(tmp_path)]))
        good = [record for record in records if record.error is None]
        assert [record.data for record in good] == [
            json.loads(line)["text"] for line in LINES[: len(good)]
        ]
        if damage == "nothing":
            assert len(good) == len(records) == len(LINES)
        else:
            assert len(good) > 5_000
            if (form, damage) == (".gz", "cut"):
                there = zlib.decompressobj(31).decompress(packed[:middle])
                assert len(good) == there.count(b"\n")
            # Noise inside gzip unpacks to garbage until the reader stumbles over it.
            assert len(records) <= len(good) + 2 or (form, damage) == (".gz", "noise")
            assert "cannot be read from this line on" in (records[-1].error or "")

    def test_not_zstd_at_all(self, tmp_path: Path) -> None:
        (tmp_path / "pages.jsonl.zst").write_bytes(b"this is no zstd")
        (record,) = read([str(tmp_path)])
        assert "broken zstd data" in (record.error or "")

    def test_a_line_too_long_costs_that_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cleaner.io.jsonl.MAX_PAGE", 1000)
        file = tmp_path / "pages.jsonl"
        file.write_text(f'{{"text": "a"}}\n{{"text": "{"x" * 5000}"}}\n{{"text": "b"}}\n')
        first, second, third = read([str(file)])
        assert (first.data, third.data) == ("a", "b")
        assert "larger than" in (second.error or "")
        assert MAX_PAGE > 10 << 20

    @pytest.mark.parametrize("over", [-1, 0, 1, 2])
    def test_a_line_as_long_as_the_limit(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, over: int
    ) -> None:
        line = f'{{"text": "{"x" * 500}"}}'
        monkeypatch.setattr("cleaner.io.jsonl.MAX_PAGE", len(line) - over)
        file = tmp_path / "pages.jsonl"
        file.write_text(f'{line}\n{{"text": "b"}}\n')
        first, second = read([str(file)])
        assert bool(first.error) == (over > 0)
        assert second.data == "b"


def test_lines_hold_nothing_but_json() -> None:
    row = json.loads('{"a": 1e400, "b": [{"c": [-1e400, NaN, 0.1]}], "d": "\\ud800 NaN é", "e": 1}')
    line = to_line({**row, "f": (float("nan"), b"x"), "g": date(2024, 1, 2)})
    assert line.decode() == (
        '{"a": null, "b": [{"c": [null, null, 0.1]}], "d": "? NaN é", "e": 1, '
        '"f": [null, "eA=="], "g": "2024-01-02"}\n'
    )


class TestWarc:
    def test_pages_and_what_is_passed_over(self, tmp_path: Path) -> None:
        chunked = b"4\r\n<p>a\r\n3\r\nbcd\r\n0\r\n\r\n"
        parts = [
            warc_record(0, "warcinfo", b"software: x"),
            warc_record(1, "request", b"GET / HTTP/1.1\r\n\r\n"),
            warc_record(2),
            warc_record(3, http="image/png"),
            warc_record(4, body="<p>Köln".encode("cp1252"), http="text/html; charset=windows-1252"),
            warc_record(5, body=chunked, http="text/html\r\nTransfer-Encoding: chunked"),
            warc_record(
                6, body=gzip.compress(b"<p>packed"), http="text/html\r\nContent-Encoding: gzip"
            ),
            warc_record(7, "conversion", b"plain text"),
            warc_record(8).replace(b"200 OK", b"404 No"),
        ]
        (tmp_path / "a.warc").write_bytes(b"".join(parts))
        records = {record.id: record for record in read([str(tmp_path)])}
        assert list(records) == [f"<urn:uuid:{number}>" for number in (2, 4, 5, 6, 7)]
        assert records["<urn:uuid:2>"].url == "http://a.example/2"
        assert records["<urn:uuid:4>"].data == "<p>Köln"
        assert records["<urn:uuid:5>"].data == b"<p>abcd"
        assert records["<urn:uuid:6>"].data == b"<p>packed"
        assert records["<urn:uuid:7>"].data == "plain text"
        assert records["<urn:uuid:7>"].kind == "text"
        assert records["<urn:uuid:2>"].fields["warc"]["WARC-Date"] == "2024-01-01T00:00:00Z"

    @pytest.mark.parametrize(
        ("answer", "found"),
        [
            (b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n<p>a\n\nb", b"<p>a\n\nb"),
            (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\n\n<p>a", b"<p>a"),
            (b"HTTP/1.1 200 OK\nContent-Type: text/html\r\n\r\n<p>a\n\nb", b"<p>a\n\nb"),
            (b"HTTP/1.1 200 OK\n\n<p>a\r\n\r\nb", b"<p>a\r\n\r\nb"),
            (b"HTTP/1.1 200 OK\r\nContent-Type:\r\n text/html\r\n\r\n<p>a", b"<p>a"),
            (b"HTTP/1.1 200\r\n\r\n<p>a", b"<p>a"),
            (b"<p>no head\r\n\r\nat all", b"<p>no head\r\n\r\nat all"),
            (b"HTTP/1.1 404 No\nContent-Type: text/html\n\n<p>a", None),
            (b"HTTP/1.1 200 OK\nContent-Type: image/png\n\n<p>a", None),
            (
                b"HTTP/1.1 200 OK\nContent-Type: text/html; charset=cp1252\n\n<p>K\xf6ln",
                "<p>Köln",
            ),
            (b"HTTP/1.1 200 OK\n" + b"\r" * 500_000 + b" \n" * 300_000, b""),
        ],
    )
    def test_ends_of_lines_in_the_http_head(
        self, tmp_path: Path, answer: bytes, found: bytes | str | None
    ) -> None:
        head = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\n"
        length = b"Content-Length: %d\r\n\r\n" % len(answer)
        (tmp_path / "a.warc").write_bytes(head + length + answer + b"\r\n\r\n" + warc_record(1))
        *pages, last = read([str(tmp_path)])
        assert [page.data for page in pages] == ([] if found is None else [found])
        assert last.id == "<urn:uuid:1>"

    @pytest.mark.parametrize("kind", ["text/plain", "text/html"])
    def test_the_character_set_of_a_resource(self, tmp_path: Path, kind: str) -> None:
        record = warc_record(1, "resource", "Привет, мир".encode("cp1251"))
        typed = record.replace(b"text/plain", f"{kind}; charset=windows-1251".encode())
        (tmp_path / "a.warc").write_bytes(typed + warc_record(2, "resource", "Köln".encode()))
        first, second = read([str(tmp_path)])
        assert (first.data, second.data) == ("Привет, мир", "Köln".encode())

    def test_brackets_around_an_address(self, tmp_path: Path) -> None:
        bare = warc_record(1)
        (tmp_path / "a.warc").write_bytes(bare.replace(b"http://a.example/1", b"<http://b.org/>"))
        (page,) = read([str(tmp_path)])
        assert page.url == page.fields["url"] == "http://b.org/"
        assert page.fields["warc"]["WARC-Target-URI"] == "<http://b.org/>"

    def test_names_of_headers_in_any_case(self, tmp_path: Path) -> None:
        head, end, rest = warc_record(1).partition(b"\r\nContent-Length")
        lower = head.replace(b"WARC-", b"warc-").replace(b"Content-Type: a", b"content-type: A")
        (tmp_path / "a.warc").write_bytes(lower + end + rest + warc_record(2))
        first, second = read([str(tmp_path)])
        assert (first.id, first.url) == ("<urn:uuid:1>", "http://a.example/1")
        assert first.data == second.data.replace(b"2", b"1")  # type: ignore[arg-type]
        assert first.fields["date"] == "2024-01-01T00:00:00Z"
        assert first.fields["warc"]["warc-Type"] == "response"

    def test_a_length_that_is_not_understood_gives_no_empty_page(self, tmp_path: Path) -> None:
        odd = warc_record(1).replace(b"Content-Length", b"content-length")
        (tmp_path / "a.warc").write_bytes(warc_record(0) + odd + warc_record(2))
        records = list(read([str(tmp_path)]))
        ids = [r.id for r in records if not r.error]
        assert ids[:: len(ids) - 1] == ["<urn:uuid:0>", "<urn:uuid:2>"]
        assert all(r.data or r.error for r in records)

    def test_a_name_of_a_header_that_is_not_ascii(self, tmp_path: Path) -> None:
        odd = warc_record(1).replace(b"WARC-Date", b"WARC-D\xe4te")
        (tmp_path / "a.warc").write_bytes(odd + warc_record(2))
        assert [r.id for r in read([str(tmp_path)])] == ["<urn:uuid:1>", "<urn:uuid:2>"]

    def test_the_answer_of_a_name_server_is_no_page(self, tmp_path: Path) -> None:
        dns = warc_record(1).replace(b"application/http", b"text/dns")
        plain = warc_record(2).replace(b"application/http", b"text/plain")
        (tmp_path / "a.warc").write_bytes(dns + plain)
        (page,) = read([str(tmp_path)])
        assert (page.id, page.kind) == ("<urn:uuid:2>", "text")

    @pytest.mark.parametrize(
        ("charset", "body", "text"),
        [
            ("iso-8859-9", "“ığ”".encode("cp1254"), "“ığ”"),
            ("tis-620", "“ไม่”".encode("cp874"), "“ไม่”"),
            ("utf-16", "“ığ”".encode("utf-16"), "“ığ”"),
            ("unicode-escape", b"\\x93", b"\\x93"),
            ("nonsense", b"a", b"a"),
        ],
    )
    def test_a_charset_is_read_as_browsers_do(
        self, tmp_path: Path, charset: str, body: bytes, text: str | bytes
    ) -> None:
        data = warc_record(1, body=body, http=f"text/html; charset={charset}")
        (tmp_path / "a.warc").write_bytes(data)
        (page,) = read([str(tmp_path)])
        assert page.data == text

    def test_a_header_that_comes_twice_is_kept_twice(self, tmp_path: Path) -> None:
        both = b"WARC-Concurrent-To: <urn:a>\r\nWARC-Concurrent-To: <urn:b>\r\nWARC-Date"
        (tmp_path / "a.warc").write_bytes(warc_record(1).replace(b"WARC-Date", both))
        (page,) = read([str(tmp_path)])
        assert page.fields["warc"]["WARC-Concurrent-To"] == "<urn:a>, <urn:b>"

    def test_an_answer_whose_type_is_not_given_is_one(self, tmp_path: Path) -> None:
        untyped = warc_record(1).replace(b"Content-Type: application/http\r\n", b"")
        (tmp_path / "a.warc").write_bytes(untyped)
        (page,) = read([str(tmp_path)])
        assert isinstance(page.data, bytes)
        assert page.data.startswith(b"<p>page 1")

    @pytest.mark.parametrize(
        ("encoding", "body", "found"),
        [
            ("Content-Encoding: gzip", gzip.compress(b"<p>a") + gzip.compress(b"b"), b"<p>ab"),
            ("Content-Encoding: gzip", gzip.compress(b"<p>ab") + b"\r\n", b"<p>ab"),
            ("Content-Encoding: gzip", gzip.compress(b"<p>ab")[:-3], "cut short"),
            ("Content-Encoding: gzip", gzip.compress(b"<p>a") + gzip.compress(b"b")[:-3], "cut"),
            ("Content-Encoding: gzip", b"<p>unpacked", b"<p>unpacked"),
            ("Content-Encoding: deflate", zlib.compress(b"<p>ab"), b"<p>ab"),
            ("Content-Encoding: deflate", zlib.compress(b"<p>ab")[2:-4], b"<p>ab"),
            ("Content-Encoding: deflate", zlib.compress(NOISE)[:-9], "cut short"),
            ("Content-Encoding: deflate", b"<p>unpacked", b"<p>unpacked"),
            ("Content-Encoding: deflate", "xénon".encode("latin-1"), b"x\xe9non"),
            ("Content-Encoding: br", "<p>é\n".encode("latin-1"), b"<p>\xe9\n"),
            ("Content-Encoding: br", b"\x0b\x02\x80<p>ab\x03", "br is not read"),
            ("Content-Encoding: zstd", zst(b"<p>ab", 2), b"<p>ab"),
            ("Content-Encoding: zstd", zst(b"<p>ab")[:-3], "ends inside"),
            ("Content-Encoding: zstd", b"<p>unpacked", b"<p>unpacked"),
            ("Content-Encoding: utf-8", b"<p>ab", b"<p>ab"),
            ("Content-Encoding: compress", b"\x1f\x9d\x90\x3c\xe0", "compress is not read"),
            ("Content-Encoding: deflate, GZIP", gzip.compress(zlib.compress(b"<p>")), b"<p>"),
            ("Transfer-Encoding: gzip, chunked", chunks(gzip.compress(b"<p>ab")), b"<p>ab"),
            (
                "Transfer-Encoding: chunked\r\nContent-Encoding: gzip",
                chunks(gzip.compress(b"<p>ab")),
                b"<p>ab",
            ),
            ("Transfer-Encoding: chunked", b"2 ;x=y\r\n<p\r\n1\r\n>\r\n0\r\n\r\n", b"<p>"),
            ("Transfer-Encoding: chunked", b"3\r\n<p>\r\n2\r\nab\r\n", "cut short"),
            ("Transfer-Encoding: chunked", b"3\r\nabc\r\n", "cut short"),
            ("Transfer-Encoding: chunked", b"3\r\n<p>\r\nno\r\nab\r\n0\r\n", "cut short"),
            ("Transfer-Encoding: chunked", b"3\r\n<p>\r\n9\r\nab", "cut short"),
            ("Transfer-Encoding: chunked", b"9\r\n<p>ab", "cut short"),
            ("Transfer-Encoding: chunked", b"9\r\n\x1f\x8b\x08\xff", "cut short"),
            (
                "Transfer-Encoding: chunked",
                b"Be careful.\r\nIt bites.",
                b"Be careful.\r\nIt bites.",
            ),
            ("Transfer-Encoding: chunked", b"Face\r\nto face", b"Face\r\nto face"),
        ],
    )
    def test_encoded_bodies(
        self, tmp_path: Path, encoding: str, body: bytes, found: bytes | str
    ) -> None:
        record = warc_record(1, body=body, http=f"text/plain\r\n{encoding}")
        (tmp_path / "a.warc").write_bytes(record)
        (page,) = read([str(tmp_path)])
        if isinstance(found, bytes):
            assert (page.data, page.error) == (found, None)
        else:
            assert (page.data, page.url) == (b"", "http://a.example/1")
            assert "broken HTTP body" in (page.error or "")
            assert found in (page.error or "")

    def test_a_body_that_unpacks_to_too_much(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cleaner.io.warc.MAX_PAGE", 1000)
        large = gzip.compress(b"a" * 600) * 2
        record = warc_record(1, body=large, http="text/html\r\nContent-Encoding: gzip")
        (tmp_path / "a.warc").write_bytes(record)
        (page,) = read([str(tmp_path)])
        assert "larger than" in (page.error or "")

    @staticmethod
    def numbers(tmp_path: Path, data: bytes, name: str = "a.warc.gz") -> tuple[list[int], int]:
        (tmp_path / name).write_bytes(data)
        records = list(read([str(tmp_path)]))
        good = [int(r.id.strip("<>").rpartition(":")[2]) for r in records if r.error is None]
        return good, len(records) - len(good)

    @pytest.mark.parametrize("at", [0, 3, 40, 100, 150, -8, -2])
    def test_a_broken_member_costs_its_record(self, tmp_path: Path, at: int) -> None:
        member = bytearray(MEMBERS[2])
        for place in range(at, min(at + 6, 0) if at < 0 else at + 6):
            member[place] ^= 0x55
        data = b"".join([*MEMBERS[:2], bytes(member), *MEMBERS[3:]])
        assert self.numbers(tmp_path, data) == ([0, 1, 3, 4, 5], 1)

    def test_garbage_between_members(self, tmp_path: Path) -> None:
        garbage = gzip.compress(b"this is no record" * 20)
        data = b"".join([*MEMBERS[:2], garbage, *MEMBERS[2:]])
        assert self.numbers(tmp_path, data) == ([0, 1, 2, 3, 4, 5], 1)

    @pytest.mark.parametrize("missing", [20, 60, 100, 150, 200, 209])
    def test_truncated_file_keeps_what_is_whole(self, tmp_path: Path, missing: int) -> None:
        data = b"".join(MEMBERS)[:-missing]
        assert self.numbers(tmp_path, data) == ([0, 1, 2, 3, 4], 1)
        *_, last = read([str(tmp_path)])
        assert "the 5 pages before it were" in (last.error or "")

    def test_wrong_length_costs_its_record(self, tmp_path: Path) -> None:
        plain = [warc_record(number) for number in range(5)]
        plain[1] = plain[1].replace(b"Content-Length: 1", b"Content-Length: 9")
        assert self.numbers(tmp_path, b"".join(plain), "a.warc") == ([0, 2, 3, 4], 1)

    def test_no_archive_at_all(self, tmp_path: Path) -> None:
        assert self.numbers(tmp_path, b"hello " * 100) == ([], 1)

    @given(data=st.data())
    def test_any_damage_leaves_the_other_records(
        self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        packed = bytearray(b"".join(MEMBERS))
        start = data.draw(st.integers(0, len(packed) - 1))
        noise = data.draw(st.binary(min_size=1, max_size=40))
        packed[start : start + len(noise)] = noise
        good, _ = self.numbers(tmp_path_factory.mktemp("warc"), bytes(packed))
        ends = [sum(map(len, MEMBERS[: number + 1])) for number in range(6)]
        touched = {
            number
            for number, end in enumerate(ends)
            if start < end and start + len(noise) > end - len(MEMBERS[number])
        }
        assert set(range(6)) - touched <= set(good)
        assert good == sorted(good)


class TestParquet:
    def test_rows_with_all_their_fields(self, tmp_path: Path) -> None:
        rows = [{"id": str(n), "text": f"t{n}", "m": {"n": n}} for n in range(150)]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet", row_group_size=40)
        records = list(read([str(tmp_path)]))
        assert [record.fields for record in records] == rows
        assert [record.data for record in records] == [row["text"] for row in rows]

    def test_cut_short(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"text": ["a", "b"]}), tmp_path / "a.parquet")
        whole = (tmp_path / "a.parquet").read_bytes()
        (tmp_path / "a.parquet").write_bytes(whole[:-20])
        (record,) = read([str(tmp_path)])
        assert "cannot be read" in (record.error or "")
        assert "\n" not in (record.error or "")

    def test_a_broken_row_group_costs_its_rows(self, tmp_path: Path) -> None:
        file = tmp_path / "a.parquet"
        texts = [random.Random(n).randbytes(50).hex() for n in range(90)]
        pq.write_table(pa.table({"text": texts}), file, row_group_size=30, use_dictionary=False)
        column = pq.ParquetFile(file).metadata.row_group(1).column(0)
        data = bytearray(file.read_bytes())
        at = column.data_page_offset
        data[at : at + 20] = bytes(20)
        file.write_bytes(data)
        records = list(read([str(file)]))
        assert [record.error is None for record in records] == [True] * 30 + [False] * 30 + [
            True
        ] * 30

    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            (10**18, pa.timestamp("us")),
            (10**15, pa.timestamp("s")),
            (10**15, pa.timestamp("us", "Nowhere/City")),
            (2**31 - 1, pa.date32()),
            (10**18, pa.duration("s")),
            ([10**18], pa.list_(pa.timestamp("ms"))),
        ],
    )
    def test_a_value_that_python_lacks_is_null(
        self, tmp_path: Path, value: Any, kind: pa.DataType
    ) -> None:
        table = pa.table({"text": ["a", "b"], "x": pa.array([value, None], kind), "n": [1, 2]})
        pq.write_table(table, tmp_path / "a.parquet")
        first, second = read([str(tmp_path)])
        assert first.fields == {"text": "a", "x": None, "n": 1}
        assert second.fields == {"text": "b", "x": None, "n": 2}

    def test_such_a_value_costs_no_other(self, tmp_path: Path) -> None:
        days = pa.array([2**31 - 1, 19_000], pa.date32())
        pq.write_table(pa.table({"text": ["a", "b"], "day": days}), tmp_path / "a.parquet")
        assert [r.fields["day"] for r in read([str(tmp_path)])] == [None, date(2022, 1, 8)]

    def test_nanoseconds_become_microseconds(self, tmp_path: Path) -> None:
        value, stamp = 1_700_000_000_123_456_789, pa.timestamp("ns")
        kinds = {
            "plain": (value, stamp),
            "aware": (value, pa.timestamp("ns", "UTC")),
            "nested": ([{"at": value}], pa.list_(pa.struct([("at", stamp)]))),
            "large": ([value], pa.large_list(stamp)),
            "fixed": ([value], pa.list_(stamp, 1)),
            "map": ([("at", [value])], pa.map_(pa.string(), pa.large_list(stamp))),
            "keys": ([(value, 1)], pa.map_(stamp, pa.int64())),
            "time": (123_456_789, pa.time64("ns")),
            "lasting": (1_001, pa.duration("ns")),
        }
        table = pa.table({name: pa.array([item], kind) for name, (item, kind) in kinds.items()})
        pq.write_table(table.append_column("text", [["a"]]), tmp_path / "a.parquet")
        (record,) = read([str(tmp_path)])
        when = datetime(2023, 11, 14, 22, 13, 20, 123_456)
        assert record.fields == {
            "plain": when,
            "aware": when.replace(tzinfo=ZoneInfo("UTC")),
            "nested": [{"at": when}],
            "large": [when],
            "fixed": [when],
            "map": [("at", [when])],
            "keys": [(when, 1)],
            "time": time(0, 0, 0, 123_456),
            "lasting": timedelta(microseconds=1),
            "text": "a",
        }

    def test_text_that_is_no_utf8_costs_its_row(self, tmp_path: Path) -> None:
        texts = pa.array([b"page"] * 150 + [b"caf\xe9"] + [b"page"] * 49).view(pa.string())
        pq.write_table(pa.table({"text": texts, "n": range(200)}), tmp_path / "a.parquet")
        records = list(read([str(tmp_path)]))
        assert [r.id for r in records if r.error] == ["a.parquet:151"]
        assert "column text" in (records[150].error or "")
        assert [r.fields["n"] for r in records if not r.error] == [*range(150), *range(151, 200)]

    def test_a_name_that_is_no_utf8(self, tmp_path: Path) -> None:
        path = tmp_path / os.fsdecode(b"caf\xe9.parquet")
        with path.open("wb") as file:
            pq.write_table(pa.table({"text": ["a"]}), file)
        (source,) = sources([str(path)])
        assert [record.data for record in read([str(path)])] == ["a"]
        assert schema_of(source).names == ["text"]

    def test_a_damaged_name_of_a_column(self, tmp_path: Path) -> None:
        file = tmp_path / "a.parquet"
        pq.write_table(pa.table({"caption": ["a"]}), file)
        file.write_bytes(file.read_bytes().replace(b"caption", b"capti\xff\xfe"))
        (record,) = read([str(file)])
        assert "cannot be read" in (record.error or "")

    ROWS = st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b", "c\ud83d"]),
            st.recursive(
                st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=3),
                lambda inner: (
                    st.lists(inner, max_size=2)
                    | st.dictionaries(st.sampled_from("xy"), inner, max_size=2)
                ),
                max_leaves=4,
            ),
        ),
        max_size=5,
    )

    @pytest.mark.parametrize(
        ("first", "then"),
        [
            (2**60 + 1, 0.5),
            (0.5, 2**60 + 1),
            ([{"a": 1, "b": [2**60 + 1]}], [{"b": [0.5]}]),
            (2**63 + 1, -1),
            (-1, 2**63 + 1),
        ],
    )
    def test_integers_that_no_later_type_holds(self, tmp_path: Path, first: Any, then: Any) -> None:
        rows = [{"x": value} for value in (first, *[None] * 1_998, then)]
        writer = Writer(tmp_path / "a.parquet", inferred_schema(rows))
        for row in rows:
            writer.write(Writer.pack(row))
        writer.commit()
        found = pq.read_table(tmp_path / "a.parquet").column("x").to_pylist()
        assert [json.loads(found[0]), json.loads(found[-1])] == [first, then]

    @pytest.mark.parametrize(
        ("first", "then", "kind"),
        [
            (7, 0.5, pa.float64()),
            ({"id": 2**60, "n": 1}, {"n": 0.5}, pa.struct([("id", pa.int64()), ("n", "double")])),
        ],
    )
    def test_integers_that_a_later_type_holds(
        self, first: Any, then: Any, kind: pa.DataType
    ) -> None:
        rows = [{"x": value} for value in (first, *[None] * 1_998, then)]
        assert inferred_schema(rows).field("x").type == kind

    @pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
    @pytest.mark.parametrize("times", [15, 30, 50, 200])
    def test_values_deep_in_others(self, tmp_path: Path, begin: str, end: str, times: int) -> None:
        deep = json.loads(begin * times + "1" + end * times)
        rows = [{"id": "1", "x": deep}, {"id": "2", "x": None}]
        writer = Writer(tmp_path / "a.parquet", inferred_schema(rows))
        for row in rows:
            writer.write(Writer.pack(row))
        writer.commit()
        found = pq.read_table(tmp_path / "a.parquet").column("x").to_pylist()
        is_json = times * len(end) > 30
        assert [json.loads(found[0]) if is_json else found[0], found[1]] == [deep, None]

    @pytest.mark.parametrize(
        ("values", "found"),
        [
            ((1, 2, "a"), ["1", "2", "a"]),
            (("7", True, 0.5, 2**70), ["7", "true", "0.5", str(2**70)]),
            (("a", [1]), ['"a"', "[1]"]),
            (({"x": 1}, "a"), ['{"x":1}', '"a"']),
            ((float("nan"), "high"), ["high"]),
        ],
    )
    @pytest.mark.parametrize("apart", [0, 2_000])
    def test_values_of_several_types_become_text(
        self, tmp_path: Path, values: tuple[Any, ...], found: list[str], apart: int
    ) -> None:
        rows: list[dict[str, Any]] = []
        for value in values:
            rows += [{"x": value}, *[{"x": None}] * apart]
        writer = Writer(tmp_path / "a.parquet", inferred_schema(rows))
        for row in rows:
            writer.write(Writer.pack(row))
        writer.commit()
        written = pq.read_table(tmp_path / "a.parquet").column("x").drop_null().to_pylist()
        assert [one.replace(" ", "") for one in written] == found

    @pytest.mark.parametrize("empty", [1, 999, 1_000, 2_500])
    def test_lists_and_objects_that_are_empty_at_first(self, tmp_path: Path, empty: int) -> None:
        rows: list[dict[str, Any]] = [{"tags": [], "meta": {"by": None}, "more": {}}] * empty
        rows.append({"tags": ["a"], "meta": {"by": "x"}, "more": {}})
        schema = inferred_schema(rows)
        assert schema.field("tags").type == pa.list_(pa.string())
        assert schema.field("meta").type == pa.struct([("by", pa.string())])
        writer = Writer(tmp_path / "a.parquet", schema)
        for row in rows:
            writer.write(Writer.pack(row))
        writer.commit()
        found = pq.read_table(tmp_path / "a.parquet").to_pylist()[-1]
        assert found == {"tags": ["a"], "meta": {"by": "x"}, "more": "{}"}

    def test_columns_of_one_name_are_an_error(self, tmp_path: Path) -> None:
        columns = [pa.array(["1"]), pa.array(["one"]), pa.array(["x"]), pa.array(["y"])]
        table = pa.Table.from_arrays(columns, names=["id", "text", "a", "a"])
        pq.write_table(table, tmp_path / "a.parquet")
        (record,) = read([str(tmp_path)])
        assert record.error == "2 of its columns are called a; rename them"

    @given(rows=ROWS)
    def test_any_json_rows_can_be_written(
        self, rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        path = tmp_path_factory.mktemp("parquet") / "a.parquet"
        writer = Writer(path, inferred_schema([*rows, {"id": ""}]))
        for row in rows:
            writer.write(Writer.pack({"id": "", **row}))
        writer.commit()
        assert pq.read_table(path).num_rows == len(rows)


class TestAtomicFile:
    @pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
    def test_appears_whole_and_the_same_each_time(self, tmp_path: Path, name: str) -> None:
        contents = []
        for folder in ("one", "two"):
            file = AtomicFile(tmp_path / folder / name)
            file.write(b"hello\n" * 1000)
            assert not file.path.exists()
            file.commit()
            contents.append(file.path.read_bytes())
            assert [path.name for path in file.path.parent.iterdir()] == [name]
        assert contents[0] == contents[1]
        (tmp_path / "one" / name).rename(tmp_path / "pages.txt")
        if name.endswith(".gz"):
            assert zlib.decompress(contents[0], 31) == b"hello\n" * 1000
        if name.endswith(".zst"):
            # One frame: readers in use stop at the end of the first.
            unpacked = zstandard.ZstdDecompressor().stream_reader(contents[0]).read()
            assert unpacked == b"hello\n" * 1000

    def test_of_a_link_the_target_is_written(self, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        (tmp_path / "link.txt").symlink_to("there/a.txt")
        file = AtomicFile(tmp_path / "link.txt")
        file.write(b"hello")
        file.commit()
        assert (tmp_path / "link.txt").is_symlink()
        assert (tmp_path / "there" / "a.txt").read_bytes() == b"hello"

    def test_one_run_at_a_time(self, tmp_path: Path) -> None:
        first = AtomicFile(tmp_path / "a.txt")
        first.write(b"first")
        with pytest.raises(RunError, match=r"another run is writing to .*a\.txt; wait for it"):
            AtomicFile(tmp_path / "a.txt")
        first.commit()
        second = AtomicFile(tmp_path / "a.txt")
        first.abort()  # as after an error in what follows; the part is no longer its own
        second.write(b"second")
        second.commit()
        assert (tmp_path / "a.txt").read_bytes() == b"second"
        (tmp_path / ".a.txt.part").write_bytes(b"left of a run that was killed")
        AtomicFile(tmp_path / "a.txt").commit()
        assert (tmp_path / "a.txt").read_bytes() == b""

    def test_a_part_that_is_put_in_place_as_it_is_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = AtomicFile(tmp_path / "a.txt")
        first.write(b"first")
        flock = fcntl.flock

        def late(*arguments: Any) -> None:
            if first.path.exists():
                flock(*arguments)
            else:
                first.commit()

        monkeypatch.setattr(fcntl, "flock", late)
        second = AtomicFile(tmp_path / "a.txt")
        assert (tmp_path / "a.txt").read_bytes() == b"first"
        second.write(b"second")
        second.commit()
        assert (tmp_path / "a.txt").read_bytes() == b"second"

    def test_abort_leaves_the_old_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("old")
        file = AtomicFile(tmp_path / "a.txt")
        file.write(b"new")
        file.abort()
        assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
        assert (tmp_path / "a.txt").read_text() == "old"


@given(
    data=st.binary(max_size=3000),
    suffix=st.sampled_from([".jsonl", ".jsonl.gz", ".jsonl.zst", ".warc.gz"]),
)
def test_no_content_raises(
    data: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / f"a{suffix}"
    for content in (data, gzip.compress(data), zst(data)):
        path.write_bytes(content)
        assert all(isinstance(record, Record) for record in read([str(path)]))


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.warc", "a.warc.gz", "a.parquet"])
def test_a_disk_that_fails_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / name
    if name == "a.parquet":
        texts = pa.table({"text": [f"{n}{NOISE.hex()}" for n in range(2_000)]})
        pq.write_table(texts, path, row_group_size=100, use_dictionary=False)
    else:
        parts = [line + b"\n" for line in LINES] if "json" in name else MEMBERS * 200
        if name == "a.warc":
            parts = list(map(gzip.decompress, parts))
        path.write_bytes((gzip.compress if name == "a.jsonl.gz" else bytes)(b"".join(parts)))
    (source,) = sources([str(tmp_path)])
    size = source.size

    class Failing(io.FileIO):
        def readinto(self, buffer: Any) -> int:
            if size // 3 < self.tell() < size - 10_000:  # the end of Parquet is read first
                raise OSError(errno.EIO, "Input/output error")
            return super().readinto(buffer)

    def opened(path: Path, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(Failing(str(path)), 4096)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", opened)
        last = next(item for item in items(source) if item.error is not None)
    assert last.refused
    assert "Input/output error" in (last.error or "")
    path.write_bytes(path.read_bytes()[:-20])
    assert not any(item.refused for item in items(source))


def test_nested_columns() -> None:
    row = {"a": {"b": 1, "c": 2}, "a.c": 3}
    assert (look_up(row, "a.b"), look_up(row, "a.c"), look_up(row, "a.b.d")) == (1, 3, None)
    assert without(row, "a.b") == {"a": {"c": 2}, "a.c": 3}
    assert row == {"a": {"b": 1, "c": 2}, "a.c": 3}
