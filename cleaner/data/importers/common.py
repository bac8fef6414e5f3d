"""What importers share: reading files, and facts that a page states about itself."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cleaner.data.pages import CLOSE, DAMAGED, OPEN, Labelled
from cleaner.errors import DataError

UNKNOWN_LANGUAGE = "und"

_HTML_LANG = re.compile(rb"<html\b[^>]*?\blang\s*=\s*[\"']?([a-zA-Z]{2})(?![a-zA-Z])", re.I)
_ADDRESS_TAG = re.compile(
    rb"<(?:link\b[^>]*\brel\s*=\s*[\"']?canonical|meta\b[^>]*[\"']?og:url)\b[^>]*>", re.I
)
_ADDRESS = re.compile(rb"(?:href|content)\s*=\s*[\"']?(https?://[^\"'\s>]+)", re.I)
_HEAD = 200_000  # bytes in which a page says what it is


def read_json(path: Path) -> Any:
    """Content of a JSON file; `DataError` when it is missing or broken."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read ({error}); is this the right folder?") from error


@contextmanager
def laid_out_as(format: str, path: Path) -> Iterator[None]:
    """Turn what is raised inside, because `path` is laid out otherwise, into a `DataError`."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: not laid out as {format} ({error!r}); give the folder of such a data set"
        ) from error


def read_gzip(path: Path) -> bytes:
    """Content of a compressed file; `DataError` when it is missing or broken."""
    try:
        return gzip.decompress(path.read_bytes())
    except DAMAGED as error:
        raise DataError(f"{path}: cannot be read ({error}); restore the file") from error


def page_language(page: bytes) -> str:
    """ISO 639-1 code of `<html lang>`, or `und`."""
    found = _HTML_LANG.search(page[:_HEAD])
    return found[1].decode("ascii").lower() if found else UNKNOWN_LANGUAGE


def page_url(page: bytes) -> str | None:
    """Absolute address that the page names as its own: canonical link or `og:url`."""
    for tag in _ADDRESS_TAG.finditer(page[:_HEAD]):
        address = _ADDRESS.search(tag[0])
        if address:
            return address[1].decode("utf-8", "replace")
    return None


def labelled(label: str, texts: Iterable[str]) -> list[Labelled]:
    """Texts with one label, one entry a line; lines of white space or with `⟦⟧` are left out."""
    return [
        Labelled(label, " ".join(line.split()))
        for text in texts
        for line in text.splitlines()
        if line.strip() and OPEN not in line and CLOSE not in line
    ]
