"""A page a line: JSON Lines in, JSON Lines out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cleaner.clean import Result
from cleaner.io.record import (
    READ_ERRORS,
    Record,
    Write,
    bare_name,
    is_packed,
    open_input,
    open_output,
    reason,
)
from cleaner.types import Kind

SUFFIXES = (".jsonl", ".ndjson")

COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("html", "html"),
    ("raw_html", "html"),
    ("text", "text"),
    ("content", "auto"),
    ("raw_content", "auto"),
)
"""Columns that hold the page, the first one present wins, and the kind of page in each."""

ID_COLUMNS = ("id", "url")


def read(path: Path, name: str) -> Iterator[Record]:
    """Yield the page of each line; a line that cannot be used yields its reason."""
    number = 0
    try:
        with open_input(path) as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield _record(line, f"{name}:{number}", f"{bare_name(path)}/{number:07d}.txt")
    except READ_ERRORS as error:
        place = f"{name}:{number + 1}"
        yield Record(place, place, error=f"cannot be read from this line on: {reason(error)}")


@contextmanager
def writing(path: Path) -> Iterator[Write]:
    """One line a page: its `id`, then `Result.to_dict()`, or `error` alone if it was not read.

    The file appears under its name when all is written.
    """
    part = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open_output(part, packed=is_packed(path)) as stream:
            yield lambda record, result: _write_line(stream, record, result)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def to_line(record: Record, result: Result | None) -> str:
    """The JSON of one page, without a newline."""
    found = {"error": record.error} if result is None else result.to_dict()
    return json.dumps({"id": record.id, **found}, ensure_ascii=False)


def _record(line: bytes, place: str, name: str) -> Record:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Record(place, name, error=f"not JSON: {error}")
    if not isinstance(row, dict):
        return Record(place, name, error="not a JSON object")
    page_id = next((str(row[key]) for key in ID_COLUMNS if row.get(key) is not None), place)
    for column, kind in COLUMNS:
        if isinstance(row.get(column), str):
            return Record(page_id, name, row[column], kind)
    names = ", ".join(column for column, _ in COLUMNS)
    return Record(page_id, name, error=f"none of the columns {names} holds text")


def _write_line(stream: IO[bytes], record: Record, result: Result | None) -> None:
    stream.write(to_line(record, result).encode("utf-8", "replace") + b"\n")
