"""Batches of rows in and out, as engines on Arrow hand them to Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from cleaner.connectors import Options, RowCleaner, check_columns
from cleaner.io.parquet import Writer, rows_of, with_fields
from cleaner.rows import added_types, kept_types

_ROWS = 64
"""Rows that are Python objects at a time: engines send tens of thousands in one batch."""


class BatchCleaner:
    """Turns Arrow batches or tables into cleaned ones; arguments as of `RowCleaner`."""

    def __init__(self, options: Options, model: str | None = None) -> None:
        self._options = options
        self._clean = RowCleaner(options, model, Writer.pack)

    def __call__(self, batch: pa.RecordBatch | pa.Table) -> pa.Table:
        """The rows of one batch, with the columns that `schema` tells."""
        schema = schema_of(batch.schema, self._options)
        pieces = [
            pa.Table.from_pylist(list(self._clean(rows_of(batch.slice(begin, _ROWS)))), schema)
            for begin in range(0, batch.num_rows, _ROWS)
        ]
        return pa.concat_tables(pieces) if pieces else schema.empty_table()


def schema_of(known: pa.Schema, options: Options) -> pa.Schema:
    """Columns of cleaned rows, given those of the rows that come in."""
    check_columns(known.names, options)
    kept = kept_types(dict(zip(known.names, known.types, strict=True)), options)
    return with_fields(kept, added_types(options))


def clean_batches(
    options: Options, model: str | None, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Cleaned batches of the rows of batches."""
    clean = BatchCleaner(options, model)
    for batch in batches:
        yield from clean(batch).to_batches()
