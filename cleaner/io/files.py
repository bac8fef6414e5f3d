"""A page a file: HTML or plain text in, plain text out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from cleaner.errors import InputError
from cleaner.io.columns import Columns
from cleaner.io.record import (
    READ_ERRORS,
    AtomicFile,
    Item,
    Record,
    Source,
    bare_name,
    encode,
    is_refusal,
    open_input,
    read_whole,
    reason,
    sync_path,
)
from cleaner.types import Kind

HTML_SUFFIXES = (".html", ".htm", ".xhtml")
TEXT_SUFFIXES = (".txt", ".md")
SUFFIXES = HTML_SUFFIXES + TEXT_SUFFIXES


def items(source: Source) -> Iterator[Item]:
    """The one page of a file, to be read by the worker."""
    assert source.path is not None
    size = source.size
    yield Item("files", source.name, "", str(source.path), size, size)


def record(item: Item, columns: Columns) -> Record:
    """Read the file; a piped page comes as its bytes.

    With a suffix of neither kind, its content tells what it is.
    """
    if isinstance(item.raw, bytes):
        data, path = item.raw, Path("stdin")
    else:
        path = Path(item.raw)
        try:
            with open_input(path) as (stream, _):
                data = read_whole(stream)
        except READ_ERRORS as error:
            return Record(item.input, error=reason(error), refused=is_refusal(error))
    return Record(item.input, data, kind_of(bare_name(path)), fields={"id": item.input})


def kind_of(name: str) -> Kind:
    """Kind of page that a file name promises."""
    suffix = PurePosixPath(name).suffix.lower()
    return "html" if suffix in HTML_SUFFIXES else "text" if suffix in TEXT_SUFFIXES else "auto"


class FolderWriter:
    """Each page's clean text in a file of its own below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.targets: list[str] = []
        """What was written, below the folder."""

    @staticmethod
    def pack(row: dict[str, Any]) -> bytes:
        """What `write` takes, made in the worker."""
        return encode(str(row["text"]) + "\n" if row["text"] else "")

    def write(self, text: bytes, target: str) -> None:
        """Store one page."""
        file = AtomicFile(self.folder / target)
        try:
            file.write(text)
        except BaseException:
            file.abort()
            raise
        file.commit(sync=False)
        self.targets.append(target)

    def commit(self) -> None:
        """Make sure that all files are on the disk; syncing each as it is written takes longer."""
        written = [self.folder / target for target in self.targets]
        for path in [*written, *{path.parent for path in written}]:
            sync_path(path)

    def abort(self) -> None:
        """The files written so far are whole, and written again by the next run."""


class TextWriter:
    """The clean text of a single page in one file."""

    def __init__(self, path: Path) -> None:
        self._path, self._file = path, AtomicFile(path)
        self._written = False

    def write(self, text: bytes, target: str) -> None:
        """Store the page; a second one raises `InputError`."""
        if self._written:
            raise InputError(f"{self._path} takes one page; for more, name a folder or .jsonl file")
        self._written = True
        self._file.write(text)

    def commit(self) -> None:
        """Put the file in place; without a page, what is there stays."""
        if self._written:
            self._file.commit()
        else:
            self._file.abort()

    def abort(self) -> None:
        """Leave no trace."""
        self._file.abort()
