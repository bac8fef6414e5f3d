"""Parquet in and out, by pyarrow, some rows at a time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from cleaner.io.columns import Columns
from cleaner.io.jsonl import to_line
from cleaner.io.record import AtomicFile, Item, Record, Source, is_refusal, optional, reason

SUFFIXES = (".parquet",)

_ROWS_READ = 64
_GROUP_ROWS, _GROUP_BYTES = 5_000, 32 << 20
"""A row group is written when it has so many rows or bytes."""
_NEEDS = "Parquet files"


def items(source: Source) -> Iterator[Item]:
    """The rows of a file. A row group that cannot be read costs its rows."""
    parquet = optional("pyarrow.parquet", _NEEDS)
    assert source.path is not None
    with ExitStack() as opened:
        try:
            # Opened here: pyarrow takes no name that is not UTF-8.
            raw = opened.enter_context(source.path.open("rb"))
            file = parquet.ParquetFile(raw, buffer_size=1 << 20, pre_buffer=False)
        except Exception as error:  # pyarrow's own, and those of Python for names and values
            lost = _lost(source, 0, f"cannot be read: {reason(error)}", source.size)
            yield lost._replace(refused=is_refusal(error))
            return
        for name, times in Counter(file.schema_arrow.names).items():
            if times > 1:
                why = f"{times} of its columns are called {name}; rename them"
                yield _lost(source, 0, why, source.size)
                return
        total = max(1, file.metadata.num_rows)
        number = 0
        for group in range(file.metadata.num_row_groups):
            last = number + file.metadata.row_group(group).num_rows
            try:
                batches = file.iter_batches(_ROWS_READ, row_groups=[group], use_threads=False)
                for batch in batches:
                    size = batch.nbytes // max(1, batch.num_rows)
                    for row in rows_of(batch):
                        number += 1
                        read = source.size * number // total
                        if isinstance(row, str):
                            yield _lost(source, number, row, read)
                        else:
                            yield Item("parquet", source.name, f"row {number}", row, size, read)
            except Exception as error:
                why = f"row group {group + 1} cannot be read: {reason(error)}"
                refused = is_refusal(error)
                for at in range(number + 1, last + 1):
                    lost = _lost(source, at, why, source.size * at // total)
                    yield lost._replace(refused=refused)
                number = last


def rows_of(batch: Any) -> list[dict[str, Any] | str]:
    """The rows of a batch, or why one cannot be read.

    A value that Python has no object for is null, since most columns are only handed on: a date
    in the year 30,000, a time in an unknown zone. Nanoseconds are cut to microseconds.
    """
    rows: list[dict[str, Any] | str] = []
    # Where pandas is installed, pyarrow makes objects of pandas of nanoseconds.
    if all(_microseconds(kind) == kind for kind in batch.schema.types):
        with suppress(Exception):  # one value is enough: OverflowError, KeyError of a time zone, …
            rows += batch.to_pylist()
            return rows
    columns = [_values(column) for column in batch.columns]
    for values in zip(*columns, strict=True):
        row = dict(zip(batch.schema.names, values, strict=True))
        broken = [
            f"column {name} cannot be read: {reason(value)}"
            for name, value in row.items()
            if isinstance(value, UnicodeError)
        ]
        rows.append(broken[0] if broken else row)
    return rows


def _values(column: Any) -> list[Any]:
    try:
        return column.cast(_microseconds(column.type), safe=False).to_pylist()
    except Exception:
        return [_value(value) for value in column]


def _value(value: Any) -> Any:
    try:
        return value.as_py()
    except UnicodeError as error:
        return error
    except Exception:
        return None


def _microseconds(kind: Any) -> Any:
    """A type with microseconds for the nanoseconds in it, which Python's own types do not hold."""
    arrow = optional("pyarrow", _NEEDS)
    types = arrow.types

    def inside(field: Any) -> Any:
        return field.with_type(_microseconds(field.type))

    if types.is_list(kind):
        return arrow.list_(inside(kind.value_field))
    if types.is_large_list(kind):
        return arrow.large_list(inside(kind.value_field))
    if types.is_fixed_size_list(kind):
        return arrow.list_(inside(kind.value_field), kind.list_size)
    if types.is_map(kind):
        return arrow.map_(inside(kind.key_field), inside(kind.item_field))
    if types.is_struct(kind):
        return arrow.struct([inside(field) for field in kind])
    if getattr(kind, "unit", "") != "ns":
        return kind
    if types.is_timestamp(kind):
        return arrow.timestamp("us", kind.tz)
    return arrow.duration("us") if types.is_duration(kind) else arrow.time64("us")


def record(item: Item, columns: Columns) -> Record:
    """The page in a row."""
    return columns.record(item.raw, f"{item.input}:{item.position.removeprefix('row ')}")


def rows(source: Source) -> Iterator[dict[str, Any]]:
    """The rows that can be read, to tell the columns."""
    return (item.raw for item in items(source) if item.error is None)


def schema_of(source: Source) -> Any:
    """The Arrow schema of a Parquet file; None if it cannot be read."""
    parquet = optional("pyarrow.parquet", _NEEDS)
    assert source.path is not None
    try:
        with source.path.open("rb") as raw:
            return parquet.read_schema(raw)
    except Exception:
        return None


def columns_of(schema: Any) -> dict[str, Any]:
    """Types of the columns of an Arrow schema and, by path (`metadata.url`), of what is in them."""
    is_struct = optional("pyarrow", _NEEDS).types.is_struct

    def inside(kind: Any, above: str) -> Iterator[tuple[str, Any]]:
        for field in kind if is_struct(kind) else ():
            yield f"{above}.{field.name}", field.type
            yield from inside(field.type, f"{above}.{field.name}")

    columns = dict(zip(schema.names, schema.types, strict=True))
    nested = (found for name, kind in columns.items() for found in inside(kind, name))
    return {**dict(nested), **columns}


def texts_of(schema: Any) -> list[str]:
    """Columns, and paths into them, whose values are text, bytes or null to Python."""
    return [name for name, kind in columns_of(schema).items() if _is_text(kind)]


def _is_text(kind: Any) -> bool:
    types = optional("pyarrow", _NEEDS).types
    if types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return str(kind) in _TEXTS or types.is_fixed_size_binary(kind)


_TEXTS = (
    "string", "large_string", "string_view", "binary", "large_binary", "binary_view", "null",
)  # fmt: skip


def inferred_schema(rows: Iterable[dict[str, Any]]) -> Any:
    """An Arrow schema that holds all rows, however they differ.

    A field whose values fit no common type becomes text: of single values as they are written,
    of lists and objects, and where they lie too deep in one another, their JSON.
    """
    arrow = optional("pyarrow", _NEEDS)
    types: dict[str, Any] = {}
    whole: dict[str, _Extremes] = {}
    for batch in _batches({_utf8(name): row[name] for name in row} for row in rows):
        for name in dict.fromkeys(name for row in batch for name in row):
            values = [row[name] for row in batch if row.get(name) is not None]
            known = types.setdefault(name, arrow.null())
            if values:
                types[name] = _common(known, values, whole.setdefault(name, {}), arrow)
    return arrow.schema([_field(name, kind, arrow) for name, kind in types.items()])


_Extremes = dict[tuple[str, ...], list[int]]
"""The smallest and the largest integer of a field so far, by the place in its lists and structs."""
_AS_TEXT, _AS_JSON = "text", "json"
"""Stand for a type where values have none in common."""
_LEVELS = 30
"""Of lists and objects, which have up to two levels each in Parquet: Arrow opens no file of 100."""


def _field(name: str, kind: Any, arrow: Any) -> Any:
    if kind not in (_AS_TEXT, _AS_JSON):
        # A field that was always null is written as text, which every reader can join with others.
        if arrow.types.is_null(kind):
            return arrow.field(name, arrow.string())
        if _writable(kind, arrow):
            return arrow.field(name, kind)
        kind = _AS_JSON  # all of its lists and objects were empty
    return arrow.field(name, arrow.string(), metadata=_mark(kind))


def _mark(kind: str) -> dict[bytes, bytes]:
    return {b"cleaner": kind.encode()}


def _common(known: Any, values: list[Any], whole: _Extremes, arrow: Any) -> Any:
    """A type for values of a field that had a known one; integers seen so far fit it, too."""
    if known == _AS_JSON or any(_is_deeper(value, _LEVELS) for value in values):
        return _AS_JSON
    nested = known != _AS_TEXT and arrow.types.is_nested(known)
    mixed = _AS_JSON if nested or any(_is_deeper(value, 0) for value in values) else _AS_TEXT
    if known == _AS_TEXT:
        return mixed
    compute = optional("pyarrow.compute", _NEEDS)
    try:
        found = arrow.infer_type(values)
        one = [arrow.schema([("x", kind)]) for kind in (known, found)]
        kind = arrow.unify_schemas(one, promote_options="permissive").field("x").type
        for place, leaf in _leaves(arrow.array(values, kind), arrow):
            seen = whole.get(place, [])
            arrow.array(seen, leaf.type)
            if arrow.types.is_integer(leaf.type):
                ends = compute.min_max(leaf).as_py().values()
                seen = [*seen, *(end for end in ends if end is not None)]
                whole[place] = [min(seen), max(seen)] if seen else []
    except (ValueError, TypeError, OverflowError, arrow.ArrowException):
        return mixed
    return kind


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether a value has more levels of lists and objects; told before Arrow goes down them."""
    if not isinstance(value, dict | list | tuple):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(one, levels - 1) for one in inner)


def _leaves(array: Any, arrow: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """The values inside lists and structs, an array for each place."""
    kind = array.type
    if arrow.types.is_struct(kind):
        for i in range(kind.num_fields):
            yield from _leaves(array.field(i), arrow, (*place, kind.field(i).name))
    elif arrow.types.is_list(kind):
        yield from _leaves(array.flatten(), arrow, (*place, ""))
    else:
        yield place, array


def _writable(kind: Any, arrow: Any) -> bool:
    """Parquet has no struct without fields, and no list of nothing."""
    if arrow.types.is_struct(kind):
        return kind.num_fields > 0 and all(
            _writable(kind.field(i).type, arrow) for i in range(kind.num_fields)
        )
    if arrow.types.is_list(kind):
        return _writable(kind.value_type, arrow)
    return not arrow.types.is_null(kind)


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == 1_000:
            yield batch
            batch = []
    if batch:
        yield batch


def _size(value: Any) -> int:
    """Characters and bytes in a value, near enough to what it takes."""
    match value:
        case str() | bytes():
            return len(value)
        case dict():
            return sum(map(_size, value.values()))
        case list() | tuple():
            return sum(map(_size, value))
    return 8


class Writer:
    """A row a page, in row groups of bounded size."""

    def __init__(self, path: Path, schema: Any) -> None:
        self._arrow = optional("pyarrow", _NEEDS)
        parquet = optional("pyarrow.parquet", _NEEDS)
        self._schema = schema
        self._text_ids = "id" not in schema.names or self._holds_text(schema.field("id").type)
        self._mixed = {
            field.name: kind
            for field in schema
            for kind in (_AS_TEXT, _AS_JSON)
            if field.metadata == _mark(kind)
        }
        self._file = AtomicFile(path)
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0
        self._parquet = parquet.ParquetWriter(self._file.stream, schema, compression="zstd")

    @staticmethod
    def pack(row: dict[str, Any]) -> dict[str, Any]:
        """What `write` takes, made in the worker."""
        return {_utf8(name): _utf8(value) for name, value in row.items()}

    def write(self, row: dict[str, Any], target: str = "") -> None:
        """Append a row."""
        if not self._text_ids and isinstance(row.get("id"), str):
            # That of a page without a row is its place, which is a text.
            row["id"] = None
        for name, kind in self._mixed.items():
            if row.get(name) is not None:
                written = to_line(row[name])[:-1].decode()
                is_text = kind == _AS_TEXT and written.startswith('"')
                row[name] = json.loads(written) if is_text or written == "null" else written
        self._rows.append(row)
        self._bytes += _size(row)
        if len(self._rows) >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def commit(self) -> None:
        """Put the file in place."""
        self._flush()
        self._parquet.close()
        self._file.commit()

    def abort(self) -> None:
        """Leave no trace."""
        try:
            self._parquet.close()
        except (OSError, ValueError):
            pass
        finally:
            self._file.abort()

    def _holds_text(self, kind: Any) -> bool:
        try:
            return bool(self._arrow.array(["place"], kind).to_pylist() == ["place"])
        except (ValueError, TypeError, self._arrow.ArrowException):
            return False

    def _flush(self) -> None:
        if self._rows:
            self._parquet.write_table(self._arrow.Table.from_pylist(self._rows, self._schema))
            self._rows, self._bytes = [], 0


def with_fields(known: Any, added: Mapping[str, Any]) -> Any:
    """An Arrow schema of known fields (a schema, or types by name) and of added ones.

    These are given by names of types; `[x]` is a list of x, a dict an object.
    """
    arrow = optional("pyarrow", _NEEDS)

    def kind(value: Any) -> Any:
        if isinstance(value, list):
            return arrow.list_(kind(value[0]))
        if isinstance(value, dict):
            return arrow.struct([(name, kind(inner)) for name, inner in value.items()])
        return arrow.type_for_alias(value) if isinstance(value, str) else value

    fields = known if isinstance(known, arrow.Schema) else [(n, kind(k)) for n, k in known.items()]
    return arrow.schema([*fields, *((name, kind(value)) for name, value in added.items())])


def _utf8(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_utf8(inner) for inner in value]
    if isinstance(value, dict):
        return {_utf8(name): _utf8(inner) for name, inner in value.items()}
    return value


def _lost(source: Source, row: int, why: str, read: int = 0) -> Item:
    return Item("parquet", source.name, f"row {row}" if row else "", read=read, error=why)
