"""Labelled pages out of data sets that others published.

A new format is one module here, with a function from its folder to pages, and
one line in `IMPORTERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from cleaner.data.importers import aeb, snippets, wcxb
from cleaner.data.pages import LabelledPage, write_page
from cleaner.errors import DataError

Importer = Callable[[Path], Iterator[LabelledPage]]

IMPORTERS: Mapping[str, Importer] = MappingProxyType(
    {
        "wcxb": wcxb.pages,
        "aeb": aeb.pages,
        "snippets": snippets.pages,
        "snippets-unlabelled": snippets.unlabelled,
    }
)


def import_corpus(format: str, directory: Path, out: Path) -> int:
    """Write the pages of `directory`, laid out as `format`, into `out`; return how many.

    Raises `DataError` for an unknown format or a folder that is not laid out that way.
    """
    importer = IMPORTERS.get(format)
    if importer is None:
        raise DataError(f"unknown format {format!r}; choose one of {', '.join(sorted(IMPORTERS))}")
    count = 0
    for page in importer(directory):
        write_page(out, page, compress=True)
        count += 1
    return count
