"""Readers and writers of corpora, a module a format.

A new input format is one module and one line in `FORMATS`: the suffixes it answers to
(each also with `.gz` or `.zst` behind it), `items`, which cuts a file into pages and never
raises for a broken one, and `record`, which looks into one of them.
"""

from __future__ import annotations

import os
import re
import sys
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BufferedReader, BytesIO
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Any

from cleaner.errors import InputError
from cleaner.io import files, jsonl, parquet, warc
from cleaner.io.columns import Columns
from cleaner.io.record import (
    READ_ERRORS,
    Item,
    Record,
    Source,
    Unbuffered,
    bare_name,
    optional,
    packing,
    read_whole,
    reason,
    unpacked,
)

__all__ = [
    "FORMATS",
    "PARQUET",
    "STDIN",
    "Columns",
    "Format",
    "Item",
    "Record",
    "Source",
    "check",
    "format_of",
    "is_page",
    "items",
    "listed",
    "read",
    "record",
    "sources",
    "survey",
]

STDIN = "-"
_ADDRESS = re.compile("https?://", re.I)


@dataclass(frozen=True, slots=True)
class Format:
    """How files of some suffixes are read."""

    name: str
    suffixes: tuple[str, ...]
    items: Callable[[Source], Iterator[Item]]
    """Cuts a file into pages; runs in the supervisor of a run, so it must be cheap and safe."""
    record: Callable[[Item, Columns], Record]
    """Looks into one of them; runs in a worker."""
    rows: Callable[[Source], Iterator[dict[str, Any]]] | None = None
    """Its rows, to tell the columns by, in formats that have columns."""
    needs: str | None = None
    """Module that is not installed with cleaner itself."""


_FILES = Format("files", files.SUFFIXES, files.items, files.record)
PARQUET = Format(
    "parquet", parquet.SUFFIXES, parquet.items, parquet.record, parquet.rows, "pyarrow"
)
FORMATS = (
    _FILES,
    Format("jsonl", jsonl.SUFFIXES, jsonl.items, jsonl.record, jsonl.rows),
    Format("warc", warc.SUFFIXES, warc.items, warc.record, needs="fastwarc.warc"),
    PARQUET,
)
_BY_NAME = {form.name: form for form in FORMATS}


def listed(inputs: str | Iterable[str]) -> list[str]:
    """Inputs, given one or several."""
    return [inputs] if isinstance(inputs, str) else list(inputs)


def read(inputs: str | Iterable[str], columns: Columns | None = None) -> Iterator[Record]:
    """Pages of files, of all files of a known format below folders, and of standard input (`-`).

    Inputs are checked before the first page: a missing file or a folder without
    pages raises `InputError`. A page that cannot be read yields a record with
    `error` set.
    """
    inputs = listed(inputs)
    check(inputs)
    columns = columns or Columns()
    return (record(item, columns) for source in sources(inputs) for item in items(source))


def check(inputs: Iterable[str]) -> None:
    """Raise `InputError` for inputs that cannot be read, or would be read twice.

    Such are missing ones, a closed standard input, pipes with a name, folders without pages,
    `.json` files that hold JSON, and what lies in another.
    """
    inputs = list(inputs)
    # `Path.resolve` raises for a link to itself, which here is a file that does not exist.
    places = Counter(STDIN if item == STDIN else os.path.realpath(item) for item in inputs)
    for place, times in places.items():
        outer = [str(folder) for folder in Path(place).parents if str(folder) in places]
        if times > 1 or (outer and place != STDIN):
            where = f"lies in {outer[0]}, which is an input, too" if outer else "is an input twice"
            raise InputError(f"{place} {where}; give it once")
    for item in inputs:
        path = Path(item)
        if item == STDIN:
            if sys.stdin is None:
                raise InputError("standard input is closed; pipe pages to it, or name a file")
            continue
        if not path.exists():
            if _ADDRESS.match(item):
                raise InputError(
                    f"{item} is an address; fetch it first: curl -sL '{item}' | cleaner clean -"
                )
            raise InputError(
                f"{item} does not exist; give a file, a folder or - for standard input"
            )
        if not path.is_dir() and not path.is_file():
            # Inputs are opened more than once; what a pipe gave the first time is gone.
            raise InputError(f"{item} is no regular file; pipe it to {STDIN} instead")
        if path.is_file() and format_of(path) is None and _holds_json(path):
            raise InputError(f"{item} is JSON, no page; name it .jsonl if each line is an object")
        if path.is_dir() and next(sources([item]), None) is None:
            known = " ".join(suffix for form in FORMATS for suffix in form.suffixes)
            raise InputError(f"{item} holds no pages; put files in it of a known suffix: {known}")


def survey(inputs: Iterable[str]) -> tuple[int, Counter[str]]:
    """Look at all inputs before a long run: their bytes, and what is passed over (`sources`).

    Raises `InputError` as `check` does, and for a format whose module is not installed.
    """
    inputs = list(inputs)
    check(inputs)
    total = 0
    needs: dict[str, str] = {}
    passed_over: Counter[str] = Counter()
    for source in sources(inputs, passed_over):
        total += source.size
        if source.path is not None:
            form = format_of(source.path)
            if form is not None and form.needs is not None:
                needs.setdefault(form.needs, source.name)
            if packing(source.path) == ".zst":
                needs.setdefault("zstandard", source.name)
    for module, name in needs.items():
        optional(module, f"files such as {name}")
    return total, passed_over


def sources(inputs: Iterable[str], passed_over: Counter[str] | None = None) -> Iterator[Source]:
    """Files that the inputs name or hold, in order; those of a folder by name, depth first.

    What folders hold besides is counted in `passed_over`: files of unknown formats, by suffix,
    and links.
    """
    taken: set[str] = set()
    others: Counter[str] = Counter() if passed_over is None else passed_over
    for item in inputs:
        path = Path(item)
        if item == STDIN:
            yield Source(None, "stdin", "stdin.txt")
        elif path.is_dir():
            yield from _walk(path, PurePosixPath(), others)
        else:
            yield Source(path, path.name, _target(PurePosixPath(path.name), taken))


def items(source: Source) -> Iterator[Item]:
    """The pages of a file, not yet looked into; the last has an error where reading ended early."""
    if source.path is None:
        return _piped(source)
    return (format_of(source.path) or _FILES).items(source)


def record(item: Item, columns: Columns) -> Record:
    """Look into a page. An item with an error gives a record with it, and what can be told."""
    if item.raw is None:
        return Record(_place(item), error=item.error, refused=item.refused)
    found = _BY_NAME[item.format].record(item, columns)
    return found if item.error is None else replace(found, error=item.error)


def format_of(path: Path) -> Format | None:
    """The format that a file's name tells.

    Packed, `.json` is JSON lines: corpora such as C4 call them so. Plain, it may be a page that
    somebody named so, but is mostly one object; `check` refuses those.
    """
    suffix = Path(bare_name(path)).suffix.lower()
    if suffix == ".json" and packing(path):
        suffix = jsonl.SUFFIXES[0]
    return next((form for form in FORMATS if suffix in form.suffixes), None)


def is_page(source: Source) -> bool:
    """Whether an input is a file with one page, as any without a known suffix is; no pipe is."""
    return source.path is not None and format_of(source.path) in (None, _FILES)


def _place(item: Item) -> str:
    return f"{item.input}:{item.position.rpartition(' ')[2]}" if item.position else item.input


def _piped(source: Source) -> Iterator[Item]:
    """Standard input: its first bytes tell an archive or JSON lines from a single page."""
    raw = Unbuffered(sys.stdin.buffer)
    head = start = b""
    form = ""
    # A pipe gives what is there, be it a single byte.
    while (
        len(head) < _HEAD
        and len(b"".join(start.split())) < _TELLING
        and (more := raw.read(_HEAD - len(head)))
    ):
        head += more
        form = next((form for magic, form in _MAGIC.items() if head.startswith(magic)), "")
        start = _start(head, form)
    raw.unread(head)
    stream = BufferedReader(raw, 1 << 18)
    if start.startswith(b"PAR1"):
        why = "Parquet cannot be read from a pipe; name the file"
        yield Item("parquet", source.name, "", error=why)
    elif start.startswith(b"WARC/"):
        yield from warc.records(source.name, stream, raw.tell, seekable=False)
    elif _ARRAY.match(start):
        yield Item("jsonl", source.name, "", error=jsonl.NO_OBJECT)
    elif _SPREAD.match(start):
        why = "a JSON object over several lines; put each object on one, as `jq -c .` does"
        yield Item("jsonl", source.name, "", error=why)
    elif _is_json(start):
        whole = unpacked(stream, form)
        yield from jsonl.lines(source.name, whole, raw.tell)
    else:
        try:
            page = read_whole(unpacked(stream, form))
        except READ_ERRORS as error:
            yield Item("files", source.name, "", error=reason(error))
        else:
            if page:
                yield Item("files", source.name, "", page)


_MAGIC = {
    b"\x1f\x8b": ".gz",
    b"\x28\xb5\x2f\xfd": ".zst",
    # A frame to be skipped, such as pzstd puts first.
    **{bytes([low]) + b"\x2a\x4d\x18": ".zst" for low in range(0x50, 0x60)},
}
_SNIFFED = 1 << 16
_HEAD = 1 << 18
"""Packed bytes to tell by, at most: a block of zstd has up to half as many."""
_TELLING = 16
"""Bytes besides white space that are enough to tell by."""
_ARRAY = re.compile(rb'(?:\xef\xbb\xbf)?\s*\[\s*\{\s*"')
_SPREAD = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*\n\s*"[^"\n]{1,80}"\s*:')
_OBJECT = re.compile(rb'\{[ \t]*("|\}\s*$)', re.MULTILINE)


def _start(head: bytes, form: str) -> bytes:
    """What can be unpacked of a head that was cut off anywhere."""
    start = b""
    stream = unpacked(BytesIO(head), form)
    with suppress(*READ_ERRORS):
        while len(start) < _SNIFFED and (more := stream.read1(_SNIFFED)):  # type: ignore[attr-defined]
            start += more
    return start


def _is_json(head: bytes) -> bool:
    """Whether a text begins as JSON lines do, be the first of them broken."""
    return _OBJECT.match(head.removeprefix(BOM_UTF8).lstrip()) is not None


def _holds_json(path: Path) -> bool:
    """Whether a file is JSON: by its first sign if its name says so, else by more of it."""
    with path.open("rb") as file:
        head = file.read(_SNIFFED).removeprefix(BOM_UTF8).lstrip()
    return head[:1] in (b"{", b"[") if path.suffix.lower() == ".json" else _is_json(head)


def _walk(folder: Path, below: PurePosixPath, passed_over: Counter[str]) -> Iterator[Source]:
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    taken: set[str] = set()
    for entry in entries:
        if entry.is_dir():
            if entry.is_symlink():
                passed_over["links to folders"] += 1
            else:
                yield from _walk(entry, below / entry.name, passed_over)
        elif format_of(entry) is None:
            passed_over[entry.suffix.lower() or "without a suffix"] += 1
        elif not entry.is_file():
            passed_over["no regular files"] += 1
        else:
            target = _target(PurePosixPath(entry.name), taken)
            yield Source(entry, (below / entry.name).as_posix(), (below / target).as_posix())


def _target(name: PurePosixPath, taken: set[str]) -> str:
    """Name of the text made from a page: `page.txt`, else `page.html.txt`, `page.html.gz.txt`.

    It is added to those that are taken.
    """
    bare = PurePosixPath(bare_name(name.name))
    stem = bare.stem if bare.suffix.lower() in files.SUFFIXES else bare.name
    free = (f"{choice}.txt" for choice in (stem, bare.name, name.name) if choice)
    numbered = (f"{name.name}.{number}.txt" for number in count(2))
    target = next(choice for choice in chain(free, numbered) if choice not in taken)
    taken.add(target)
    return target
