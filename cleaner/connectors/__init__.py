"""Cleaning inside an engine that brings its own workers: one module an engine.

    spark       a function from data frame to data frame
    ray         the same for Ray Data
    datatrove   a step of a pipeline
    scrapy      an item pipeline
    arrow       batches of rows, as Spark and Ray hand them to Python

Columns are found, and rows made, as in corpus runs (`cleaner.rows`); the same page gives the same
row in all of them. A page that cannot be cleaned stays, with its reason in `error`. What a
corpus run does beyond that is the engine's job here: who starts again what was killed, and who ends
a page that takes too long. A new engine is a module that feeds `RowCleaner`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

from cleaner.clean import load_cleaner
from cleaner.io import Record
from cleaner.io.columns import Columns
from cleaner.rows import Options, Outcome, Pack, check_options, setup_records

__all__ = ["Columns", "Options", "RowCleaner", "engine_options"]


class RowCleaner:
    """Turns rows into cleaned rows, in the process where it is made.

    Args:
        options: as of a corpus run; `limits`, `format` and `attributes` have no effect.
        model: directory of a model, the same on every machine; None for the default one.
        pack: done to each row that goes out.

    Raises:
        ModelError: there is no such model.
        InputError: an option has a value that is not allowed, or the model does not know a label
            that is to be kept.
    """

    def __init__(
        self, options: Options | None = None, model: str | None = None,
        pack: Pack = dict,
    ) -> None:  # fmt: skip
        options = engine_options(options)
        self._columns = options.columns
        self._clean, _ = setup_records(partial(_cleaner, model), options, pack)

    def __call__(self, rows: Iterable[Mapping[str, Any] | str]) -> Iterator[Any]:
        """Rows in the order they came, without those that are dropped.

        A text in the place of a row says why there is none.
        """
        outcomes = map(self.outcome, rows)
        return (outcome.packed for outcome in outcomes if outcome.packed is not None)

    def outcome(self, row: Mapping[str, Any] | str) -> Outcome:
        """What becomes of one row, or of a text in its place."""
        page = Record("", error=row) if isinstance(row, str) else self._columns.record(row, "")
        return self.clean(page)

    def clean(self, page: Record) -> Outcome:
        """What becomes of one page."""
        return self._clean(page)


def engine_options(options: Options | None) -> Options:
    """Options under which no row is lost without a trace: there is no list of errors.

    Raises `InputError` for options that no page can be cleaned by.
    """
    options = options or Options()
    check_options(options)
    return replace(options, format="parquet", keep_failed=True, attributes=False)


# Loaded once in each process, whatever number of tasks comes to it.
_cleaner = cache(load_cleaner)
