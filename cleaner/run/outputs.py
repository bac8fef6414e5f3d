"""What a unit is written to: rows, Dolma attributes, errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from cleaner.errors import InputError, RunError
from cleaner.io import (
    PARQUET,
    Columns,
    Item,
    Record,
    Source,
    format_of,
    is_page,
    items,
    parquet,
    record,
)
from cleaner.io.files import FolderWriter, TextWriter
from cleaner.io.jsonl import Writer as JsonlWriter
from cleaner.io.jsonl import to_line
from cleaner.io.parquet import Writer as ParquetWriter
from cleaner.io.record import AtomicFile
from cleaner.rows import Options, Outcome, Pack, added_types, kept_columns, kept_fields, kept_types

OUTPUTS = ("jsonl.gz", "jsonl.zst", "jsonl", "parquet", "txt")
"""Formats that are written."""


class Writer(Protocol):
    """Stores what became of pages."""

    def write(self, packed: Any, target: str) -> None:
        """Store a page; `target` is the name of a text file of its own."""

    def commit(self) -> None:
        """Put in place what was written."""

    def abort(self) -> None:
        """Leave nothing that is not whole."""


def packer(form: str) -> Pack:
    """What turns a row into what the writer of a format takes; it runs in the workers."""
    if form == "txt":
        return FolderWriter.pack
    return ParquetWriter.pack if form == "parquet" else to_line


def format_of_output(path: Path) -> str | None:
    """The format that the name of a single output file tells."""
    return next((form for form in OUTPUTS if path.name.lower().endswith(f".{form}")), None)


def open_writer(path: Path, options: Options, sources: Iterable[Source]) -> Writer:
    """A writer to one file; for Parquet, the sources are read once for their types."""
    if options.format == "txt":
        return TextWriter(path)
    if options.format == "parquet":
        return ParquetWriter(path, _schema(options, list(sources)))
    return JsonlWriter(path)


class ErrorsFile:
    """Lines of `errors.jsonl`: input, position, id and reason of each page that failed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: AtomicFile | None = None

    def write(self, item: Item, outcome: Outcome) -> None:
        """Append a page; the file is only made when there is one."""
        if self._file is None:
            self._file = AtomicFile(self._path)
        self._file.write(to_line(error_row(item, outcome)))

    def commit(self) -> None:
        """Put the file in place, or take away that of an earlier try."""
        if self._file is not None:
            self._file.commit()
        else:
            self._path.unlink(missing_ok=True)

    def abort(self) -> None:
        """Leave no trace."""
        if self._file is not None:
            self._file.abort()


def error_row(item: Item, outcome: Outcome) -> dict[str, Any]:
    """What is said of a page that failed."""
    return {
        "input": item.input,
        "position": item.position or None,
        "id": outcome.id,
        "reason": outcome.error,
    }


def _schema(options: Options, sources: list[Source]) -> Any:
    arrow_fields: dict[str, Any] = {}
    if len(sources) == 1 and sources[0].path and format_of(sources[0].path) is PARQUET:
        arrow_fields = _parquet_fields(sources[0], options)
    if not arrow_fields:
        found = parquet.inferred_schema(_rows(sources, options))
        return parquet.with_fields(found, added_types(options))
    return parquet.with_fields(arrow_fields, added_types(options))


def _parquet_fields(source: Source, options: Options) -> dict[str, Any]:
    """Types of the fields that stay of a Parquet file's rows; its schema knows them."""
    schema = parquet.schema_of(source)
    if schema is None:
        return {}
    kept = kept_columns(schema.names, parquet.texts_of(schema), options)
    return kept_types(kept, parquet.columns_of(schema))


def _rows(sources: Iterable[Source], options: Options) -> Iterator[dict[str, Any]]:
    """The fields of all rows as they will go out, before cleaning adds its own."""
    original = {"html": "", "original_text": ""} if options.keep_original else {}
    has_id = False
    for source in sources:
        if source.path is None:
            raise InputError("Parquet needs to see its input twice; write JSON lines from a pipe")
        if is_page(source):
            has_id = True
            yield {"id": "", **original}
            continue
        for item in items(source):
            if item.error is None:
                page = _record(item, options.columns)
                if page.error is not None and not page.fields:  # no row, but its place
                    continue
                row = kept_fields(page, options)
                has_id = has_id or "id" in row
                yield row if page.column is not None else {**row, **original}
    if options.keep_failed and not has_id:
        yield {"id": ""}


def _record(item: Item, columns: Columns) -> Record:
    try:
        return record(item, columns)
    except Exception:
        return Record("")


@contextmanager
def writing(output: Path | Writer) -> Iterator[None]:
    """Says of an error in writing what to do."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if not isinstance(output, Path):
            raise RunError(f"standard output: {error.strerror or error}") from error
        raise RunError(
            f"{error.filename or output}: {error.strerror or error}; make it writable, or make "
            "room, and run the same command again: what is finished is kept"
        ) from error
