"""Spark: `clean_frame` takes a data frame of pages and gives one of clean text.

    from cleaner.connectors.spark import Columns, Options, clean_frame

    pages = spark.read.parquet("crawl")
    clean_frame(pages, Options(columns=Columns(html="html"))).write.parquet("cleaned")

Rows go to Python as Arrow batches (`DataFrame.mapInArrow`); each Python worker loads the
model once.
"""

from __future__ import annotations

from functools import partial
from typing import Any

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

from cleaner.connectors import Columns, Options, check_columns, engine_options
from cleaner.connectors.arrow import clean_batches
from cleaner.rows import added_types, kept_types

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
    options = engine_options(options)
    return frame.mapInArrow(partial(clean_batches, options, model), schema_of(frame, options))


def schema_of(frame: DataFrame, options: Options) -> StructType:
    """Columns of the cleaned frame."""
    known = {field.name: field.dataType for field in frame.schema}
    check_columns(known, options)
    types = {**kept_types(known, options), **added_types(options)}
    return StructType([StructField(name, _spark_type(kind)) for name, kind in types.items()])


def _spark_type(kind: Any) -> DataType:
    if isinstance(kind, DataType):
        return kind
    if isinstance(kind, list):
        return ArrayType(_spark_type(kind[0]))
    if isinstance(kind, dict):
        return StructType([StructField(name, _spark_type(k)) for name, k in kind.items()])
    return _SIMPLE[kind]
