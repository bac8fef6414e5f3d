"""What readers yield and writers take, and how an input file is opened."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from cleaner.clean import Result
from cleaner.types import Kind

READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a file can raise: no permission, a broken or truncated gzip, …"""


@dataclass(frozen=True, slots=True)
class Record:
    """One page as it was found, or the reason why it could not be read."""

    id: str
    """What its corpus calls the page: a path below the input, or the id in its JSON line."""
    name: str
    """Relative path for a file made from this page; never leads out of its folder."""
    data: str | bytes = b""
    kind: Kind = "auto"
    error: str | None = None
    """Why there is no `data`."""


Write = Callable[[Record, Result | None], None]
"""Stores what became of a page; the result is None where `record.error` is set."""


def is_packed(path: Path) -> bool:
    """Whether the name says gzip."""
    return path.suffix.lower() == ".gz"


def bare_name(path: Path) -> str:
    """File name without `.gz`."""
    return path.stem if is_packed(path) else path.name


def open_input(path: Path) -> IO[bytes]:
    """Open a file for reading bytes, unpacked where its name says gzip."""
    return cast(IO[bytes], gzip.open(path, "rb")) if is_packed(path) else path.open("rb")


def open_output(path: Path, *, packed: bool) -> IO[bytes]:
    """Create a file for writing bytes; the same bytes give the same file, packed or not."""
    # A time stamp in the gzip header would make every run differ.
    return cast(IO[bytes], gzip.GzipFile(path, "wb", mtime=0)) if packed else path.open("wb")


def reason(error: BaseException) -> str:
    """Words for an exception met while reading."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
