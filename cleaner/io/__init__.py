"""Readers and writers of corpora, a module a format.

A new format is one module and one line in `FORMATS`: the suffixes it answers
to (each also with `.gz` behind it), a `read` that yields a `Record` a page and
never raises for a broken one, and a `writing` context that stores results.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from cleaner.errors import InputError
from cleaner.io import files, jsonl
from cleaner.io.record import Record, Write, bare_name

__all__ = ["FORMATS", "Format", "Record", "Write", "read", "writing"]

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Format:
    """How files of some suffixes are read, and written where that is possible."""

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, str], Iterator[Record]]
    """From a file, and the name its records go by."""
    writing: Callable[[Path], AbstractContextManager[Write]] | None = None


FORMATS = (
    Format("html", files.HTML_SUFFIXES, files.read),
    Format("text", files.TEXT_SUFFIXES, files.read, files.writing_file),
    Format("jsonl", jsonl.SUFFIXES, jsonl.read, jsonl.writing),
)


def read(inputs: Iterable[str]) -> Iterator[Record]:
    """Pages of files, of all files of a known format below folders, and of standard input (`-`).

    Inputs are checked before the first page: a missing file or a folder without
    pages raises `InputError`. A file that cannot be read yields a record with
    `error` set.
    """
    found = [source for item in inputs for source in _sources(item)]
    return (record for path, name in found for record in _read(path, name))


def writing(output: Path, inputs: Iterable[str]) -> AbstractContextManager[Write]:
    """Context that stores pages in `output`: a file of a known format, else a folder of texts.

    Raises `InputError` for an output that would mix with the inputs, or a
    format that cannot be written.
    """
    folder = output.is_dir()
    form = None if folder else _format_of(output)
    if form is not None and form.writing is None:
        raise InputError(f"{output}: {form.name} is not written; name a folder, .txt or .jsonl")
    if form is not None and form.writing is not None:
        return form.writing(output)
    if output.exists() and not folder:
        raise InputError(f"{output} is a file of no known format; name a folder, .txt or .jsonl")
    target = output.resolve()
    for item in inputs:
        path = Path(item).resolve()
        # Texts written among the pages would overwrite some and be read as pages the next time.
        inside = path in (target, *target.parents) if path.is_dir() else path.parent == target
        if item != STDIN and inside:
            raise InputError(f"{output} holds the pages to read; choose another folder")
    return files.writing_folder(output)


def _sources(item: str) -> list[tuple[Path | None, str]]:
    path = Path(item)
    if item == STDIN:
        return [(None, "stdin")]
    if path.is_dir():
        pages = sorted(page for page in path.rglob("*") if _format_of(page) and page.is_file())
        if not pages:
            known = " ".join(suffix for form in FORMATS for suffix in form.suffixes)
            raise InputError(f"{item} holds no pages; put files in it of a known suffix: {known}")
        return [(page, page.relative_to(path).as_posix()) for page in pages]
    if not path.exists():
        raise InputError(f"{item} does not exist; give a file, a folder or - for standard input")
    return [(path, path.name)]


def _read(path: Path | None, name: str) -> Iterator[Record]:
    if path is None:
        return iter([Record(name, name, sys.stdin.buffer.read())])
    form = _format_of(path)
    return files.read(path, name) if form is None else form.read(path, name)


def _format_of(path: Path) -> Format | None:
    suffix = Path(bare_name(path)).suffix.lower()
    return next((form for form in FORMATS if suffix in form.suffixes), None)
