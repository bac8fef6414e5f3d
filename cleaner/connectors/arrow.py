"""Batches of rows in and out, as engines on Arrow hand them to Python.

Only columns that may hold the page, its address or its name become Python objects, and only those
with pages are made anew: whatever else a row came with stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from cleaner.connectors import Options, RowCleaner
from cleaner.errors import InputError
from cleaner.io.parquet import Writer, columns_of, rows_of, texts_of, with_fields
from cleaner.rows import Outcome, added_types, kept_columns, kept_types

_ROWS = 64
"""Rows that are Python objects at a time: engines send tens of thousands in one batch."""


class BatchCleaner:
    """Turns Arrow batches or tables into cleaned ones; arguments as of `RowCleaner`."""

    def __init__(self, options: Options, model: str | None = None) -> None:
        self._options = options
        self._clean = RowCleaner(options, model, Writer.pack)

    def __call__(self, batch: pa.RecordBatch | pa.Table) -> pa.Table:
        """The rows of one batch, with the columns that `schema_of` tells."""
        schema = schema_of(batch.schema, self._options)
        places = {name: place for place, name in enumerate(batch.schema.names)}
        kept = kept_of(batch.schema, self._options)
        pages = self._pages(batch.schema)
        as_they_are = {
            name: places[came] for name, came in kept.items() if came and came not in pages
        }
        made = pa.schema([field for field in schema if field.name not in as_they_are])
        pieces, taken = [made.empty_table()], []
        for begin in range(0, batch.num_rows, _ROWS):
            outcomes = self._outcomes(batch.slice(begin, _ROWS))
            rows = [outcome.packed for outcome in outcomes if outcome.packed is not None]
            pieces.append(pa.Table.from_pylist(rows, made))
            taken += [begin + i for i, found in enumerate(outcomes) if found.packed is not None]
        table = pa.concat_tables(pieces)
        if len(taken) < batch.num_rows:
            # In slices: `take` knows fewer types, and none with string_view in it.
            whole = pa.table(batch)
            slices = [whole.slice(0, 0), *(whole.slice(at, 1) for at in taken)]
            batch = pa.concat_tables(slices).combine_chunks()
        return pa.Table.from_arrays(
            [
                batch.column(as_they_are[name]) if name in as_they_are else table.column(name)
                for name in schema.names
            ],
            schema=schema,
        )

    def _outcomes(self, batch: pa.RecordBatch | pa.Table) -> list[Outcome]:
        names = batch.schema.names
        looked_at = _columns(self._options.columns.names(), names)
        rows = rows_of(batch.select([i for i, name in enumerate(names) if name in looked_at]))
        # Names of all columns, as what columns are called depends on those that are there.
        empty = dict.fromkeys(names)
        return [self._clean.outcome(row if isinstance(row, str) else empty | row) for row in rows]

    def _pages(self, known: pa.Schema) -> set[str]:
        """Columns that pages are taken out of."""
        if self._options.keep_original:
            return set()
        texts = set(texts_of(known))
        return _columns(texts.intersection(self._options.columns.page_names()), known.names)


def schema_of(known: pa.Schema, options: Options) -> pa.Schema:
    """Columns of cleaned rows, given those of the rows that come in."""
    kept = kept_types(kept_of(known, options), columns_of(known))
    return with_fields(kept, added_types(options))


def kept_of(known: pa.Schema, options: Options) -> dict[str, str | None]:
    """As `kept_columns`; raises `InputError` where no page can be in these columns."""
    chosen, there, texts = options.columns, columns_of(known), texts_of(known)
    for given in (chosen.html, chosen.text, chosen.url, chosen.id):
        if given is not None and given not in there:
            raise InputError(f"no column {given}; choose from {', '.join(there)}")
    for given in (chosen.html, chosen.text):
        if given is not None and given not in texts:
            raise InputError(f"column {given} holds no text; name the one with pages")
    if not set(texts).intersection(chosen.page_names()):
        raise InputError(
            f"none of the columns {', '.join(chosen.page_names())} holds text; "
            "name the one with pages, as in Options(columns=Columns(html=…))"
        )
    return kept_columns(known.names, texts, options)


def clean_batches(
    options: Options, model: str | None, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Cleaned batches of the rows of batches."""
    clean = BatchCleaner(options, model)
    for batch in batches:
        yield from clean(batch).to_batches()


def _columns(paths: Iterable[str], names: list[str]) -> set[str]:
    """The columns that paths lead into."""
    return {path if path in names else path.partition(".")[0] for path in paths}
