"""A page a line: JSON Lines in, JSON Lines out, plain or compressed."""

from __future__ import annotations

import base64
import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, time
from itertools import count
from pathlib import Path
from typing import IO, Any

from cleaner.io.columns import Columns
from cleaner.io.record import (
    MAX_PAGE,
    READ_ERRORS,
    AtomicFile,
    Item,
    Record,
    Source,
    encode,
    is_refusal,
    open_input,
    reason,
    too_large,
)

SUFFIXES = (".jsonl", ".ndjson")
NO_OBJECT = "a JSON array, not an object; put one object on each line: jq -c '.[]'"


def items(source: Source) -> Iterator[Item]:
    """The lines of a file."""
    assert source.path is not None
    try:
        with open_input(source.path) as (stream, tell):
            yield from lines(source.name, stream, tell)
    except OSError as error:
        lost = Item("jsonl", source.name, "line 1", read=source.size, error=reason(error))
        yield lost._replace(refused=is_refusal(error))


def lines(name: str, stream: IO[bytes], tell: Callable[[], int]) -> Iterator[Item]:
    """The lines of a stream; where it cannot be read any further, an item that says so."""
    for number in count(1):
        position = f"line {number}"
        try:
            line = stream.readline(MAX_PAGE + 1)
            too_long = len(line) > MAX_PAGE and not line.endswith(b"\n")
            if too_long:
                _skip_line(stream)
        except READ_ERRORS as error:
            why = f"cannot be read from this line on: {reason(error)}"
            lost = Item("jsonl", name, position, read=tell(), error=why)
            yield lost._replace(refused=is_refusal(error))
            return
        if not line:
            return
        if number == 1:
            line = line.removeprefix(BOM_UTF8)
        if too_long:
            yield Item("jsonl", name, position, read=tell(), error=too_large())
        elif not line.isspace():
            yield Item("jsonl", name, position, line, len(line), tell())


def record(item: Item, columns: Columns) -> Record:
    """The page in a line."""
    place = f"{item.input}:{item.position.removeprefix('line ')}"
    try:
        row = json.loads(item.raw)
    except (ValueError, RecursionError) as error:
        return Record(place, error=f"not JSON: {error}")
    if not isinstance(row, dict):
        return Record(place, error=NO_OBJECT if isinstance(row, list) else "not a JSON object")
    return columns.record(row, place)


def rows(source: Source) -> Iterator[dict[str, Any]]:
    """The objects of a file, to tell its columns."""
    for item in items(source):
        if item.error is None:
            with suppress(ValueError, RecursionError):
                row = json.loads(item.raw)
                if isinstance(row, dict):
                    yield row


def to_line(row: dict[str, Any]) -> bytes:
    """JSON in UTF-8, with its newline: dates in ISO 8601, bytes in base64, null for NaN."""
    try:
        line = json.dumps(row, ensure_ascii=False, default=_plain, allow_nan=False)
    except ValueError:  # JSON has no word for NaN and infinity
        known = json.loads(json.dumps(row, default=_plain), parse_constant=lambda name: None)
        line = json.dumps(known, ensure_ascii=False)
    return encode(line) + b"\n"


class Writer:
    """A line a page, in a file that appears when it is whole."""

    def __init__(self, path: Path) -> None:
        self._file = AtomicFile(path)

    def write(self, line: bytes, target: str = "") -> None:
        """Append a line."""
        self._file.write(line)

    def commit(self) -> None:
        """Put the file in place."""
        self._file.commit()

    def abort(self) -> None:
        """Leave no trace."""
        self._file.abort()


class StreamWriter:
    """A line a page, to a stream such as standard output."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, line: bytes, target: str = "") -> None:
        """Write a line."""
        self._stream.write(line)

    def commit(self) -> None:
        """Hand on what is buffered."""
        self._stream.flush()

    def abort(self) -> None:
        """What was written cannot be taken back."""


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _skip_line(stream: IO[bytes]) -> None:
    while (part := stream.readline(1 << 20)) and not part.endswith(b"\n"):
        pass
