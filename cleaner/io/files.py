"""A page a file: HTML or plain text in, plain text out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from cleaner.clean import Result
from cleaner.errors import InputError
from cleaner.io.record import (
    READ_ERRORS,
    Record,
    Write,
    bare_name,
    is_packed,
    open_input,
    open_output,
    reason,
)
from cleaner.types import Kind

HTML_SUFFIXES = (".html", ".htm", ".xhtml")
TEXT_SUFFIXES = (".txt", ".md")
SUFFIXES = HTML_SUFFIXES + TEXT_SUFFIXES


def read(path: Path, name: str) -> Iterator[Record]:
    """Yield the one page in a file; with any other suffix, its content tells the kind."""
    try:
        with open_input(path) as stream:
            yield Record(name, name, stream.read(), kind_of(bare_name(path)))
    except READ_ERRORS as error:
        yield Record(name, name, error=reason(error))


def kind_of(name: str) -> Kind:
    """Kind of page that a file name promises."""
    suffix = PurePosixPath(name).suffix.lower()
    return "html" if suffix in HTML_SUFFIXES else "text" if suffix in TEXT_SUFFIXES else "auto"


@contextmanager
def writing_folder(folder: Path) -> Iterator[Write]:
    """Each page's clean text in a file of its own, at the page's path below `folder`.

    `page.html` becomes `page.txt`, or `page.html.txt` where another page has
    that name already. A page that failed gets no file.
    """
    taken: set[PurePosixPath] = set()

    def write(record: Record, result: Result | None) -> None:
        if result is None or result.error is not None:
            return
        name = _free_name(PurePosixPath(record.name), taken)
        taken.add(name)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(result.text))

    folder.mkdir(parents=True, exist_ok=True)
    yield write


@contextmanager
def writing_file(path: Path) -> Iterator[Write]:
    """The clean text of one page in the file `path`.

    Writing a second page raises `InputError`.
    """
    pages = 0

    def write(record: Record, result: Result | None) -> None:
        nonlocal pages
        pages += 1
        if pages > 1:
            raise InputError(f"{path} takes one page; for more, name a folder or a .jsonl file")
        if result is not None and result.error is None:
            with open_output(path, packed=is_packed(path)) as stream:
                stream.write(encode(result.text))

    path.parent.mkdir(parents=True, exist_ok=True)
    yield write


def encode(text: str) -> bytes:
    """UTF-8 with a final newline; `?` for a lone surrogate, which UTF-8 cannot hold."""
    return (text + "\n" if text else "").encode("utf-8", "replace")


def _free_name(name: PurePosixPath, taken: set[PurePosixPath]) -> PurePosixPath:
    if name.suffix.lower() == ".gz":
        name = name.with_suffix("")
    choice = name.with_suffix(".txt") if name.suffix.lower() in SUFFIXES else name
    count = 0
    while choice in taken or choice.suffix != ".txt":
        count += 1
        choice = name.with_name(f"{name.name}.{count}.txt" if count > 1 else f"{name.name}.txt")
    return choice
