"""Spark: `clean_frame` takes a data frame of pages and gives one of clean text.

    from cleaner.connectors.spark import Columns, Options, clean_frame

    pages = spark.read.parquet("crawl")
    clean_frame(pages, Options(columns=Columns(html="html"))).write.parquet("cleaned")

Rows go to Python as Arrow batches (`DataFrame.mapInArrow`); each Python worker loads the
model once.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from cleaner.connectors import Columns, Options, engine_options
from cleaner.connectors.arrow import clean_batches, kept_of
from cleaner.rows import TYPES, added_types, kept_types

__all__ = ["Columns", "Options", "clean_frame"]

_SIMPLE = {
    "string": StringType(), "double": DoubleType(), "int64": LongType(), "bool": BooleanType(),
}  # fmt: skip


def clean_frame(
    frame: DataFrame, options: Options | None = None, model: str | None = None
) -> DataFrame:
    """A frame with a row for each page: the columns it came with, and those of a corpus run.

    Args:
        frame: pages; see `Columns` for how their columns are found.
        options: as of a corpus run.
        model: model directory, at the same place on every worker; None for the default model.

    The workers need `cleaner` and `pyarrow`. Spark sends 10,000 rows to Python at once; where
    pages are large, set `spark.sql.execution.arrow.maxRecordsPerBatch` to some hundred.
    """
    frame, options = _spelt(frame, engine_options(options))
    return frame.mapInArrow(partial(clean_batches, options, model), schema_of(frame, options))


def schema_of(frame: DataFrame, options: Options) -> StructType:
    """Columns of the cleaned frame."""
    types = {field.name: field.dataType for field in frame.schema}
    known = pa.schema([(name, _arrow_type(kind)) for name, kind in types.items()])
    fields = {**kept_types(kept_of(known, options), types), **added_types(options)}
    return StructType([StructField(name, _spark_type(kind)) for name, kind in fields.items()])


def _spelt(frame: DataFrame, options: Options) -> tuple[DataFrame, Options]:
    """The frame, and options, with one spelling of the names that matter.

    To Spark `Text` and `text` are one name, of which a frame cannot have two.
    """
    if frame.sparkSession.conf.get("spark.sql.caseSensitive") == "true":
        return frame, options
    given = {what: name.partition(".") for what, name in asdict(options.columns).items() if name}
    usual = (
        *(name.partition(".")[0] for name in Columns().names()),
        *TYPES,
        *(f"original_{name}" for name in TYPES),
    )
    spelling = {name.lower(): name for name in (*(first for first, *_ in given.values()), *usual)}

    def spelt(name: str) -> str:
        return spelling.get(name.lower(), name)

    columns = {what: spelt(first) + dot + rest for what, (first, dot, rest) in given.items()}
    renamed = {name: spelt(name) for name in frame.columns if name != spelt(name)}
    return frame.withColumnsRenamed(renamed), replace(options, columns=Columns(**columns))


def _arrow_type(kind: DataType) -> pa.DataType:
    """As much of a type as columns are found by: what is in it, and whether it is text."""
    if isinstance(kind, StructType):
        return pa.struct([(field.name, _arrow_type(field.dataType)) for field in kind])
    texts = ("string", "char", "varchar", "binary", "void")
    return pa.string() if kind.typeName() in texts else pa.bool_()


def _spark_type(kind: Any) -> DataType:
    if isinstance(kind, DataType):
        return kind
    if isinstance(kind, list):
        return ArrayType(_spark_type(kind[0]))
    if isinstance(kind, dict):
        return StructType([StructField(name, _spark_type(k)) for name, k in kind.items()])
    return _SIMPLE[kind]
