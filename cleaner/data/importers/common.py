"""What importers share: reading files, and facts that a page states about itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cleaner.data.pages import BRACKETS, Labelled, host_of, read_file
from cleaner.errors import DataError
from cleaner.segment.decode import decode

UNKNOWN_LANGUAGE = "und"
UNKNOWN_LICENCE = "unknown"

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
            f"{path}: not laid out as {format} ({error!r}); give such a data set"
        ) from error


def files_by_id(folder: Path, name: re.Pattern[str]) -> dict[str, Path]:
    """Files of a folder whose whole name fits, by the ID in its first group.

    Raises `DataError` when two files have one ID.
    """
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        found = None if path.name.startswith(".") else name.fullmatch(path.name)
        if found and files.setdefault(found[1], path) != path:
            raise DataError(f"{path}: has the ID of {files[found[1]].name}; keep one of the two")
    return files


def paired(
    pages: Mapping[str, Path], references: Mapping[str, Path]
) -> Iterator[tuple[str, Path, Path]]:
    """ID, page and reference, by ID. Raises `DataError` when one of the two is missing."""
    for id in sorted({*pages, *references}):
        if id not in references:
            raise DataError(f"{pages[id]}: has no reference text; add it, or remove the page")
        if id not in pages:
            raise DataError(f"{references[id]}: has no page; add it, or remove the text")
        yield id, pages[id], references[id]


def licence(directory: Path) -> str:
    """First line of the licence that lies in a data set's folder, or `unknown`."""
    for path in sorted(directory.glob("LICEN[CS]E*")):
        lines = decode(read_file(path)).split("\n") if path.is_file() else []
        stated = [line.strip() for line in lines if line.strip()]
        if stated:
            return stated[0]
    return UNKNOWN_LICENCE


def address(name: str, *urls: str | None) -> str:
    """The first of `urls` that is an address; without one, each page is a site of its own."""
    for url in urls:
        if url and "://" in url and host_of(url) is not None:
            return url
    return f"file:///{name}"


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
    """Texts with one label, one entry a line; lines of white space are left out."""
    return [
        Labelled(label, " ".join(line.translate(BRACKETS).split()))
        for text in texts
        for line in text.splitlines()
        if line.strip()
    ]
