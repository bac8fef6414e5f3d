"""Labelled pages out of data sets that others published.

A new format is one module here, with a function from its folder to pages, and
one line in `IMPORTERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from cleaner.data.importers import aeb, cleaneval, dragnet, labelstudio, snippets, wcxb
from cleaner.data.importers.common import laid_out_as
from cleaner.data.pages import LABELS_SUFFIX, LabelledPage, format_labels, write_page
from cleaner.data.readings import apply_readings, read_readings
from cleaner.errors import DataError

Importer = Callable[[Path], Iterator[LabelledPage]]

IMPORTERS: Mapping[str, Importer] = MappingProxyType(
    {
        "wcxb": wcxb.pages,
        "aeb": aeb.pages,
        "snippets": snippets.pages,
        "snippets-unlabelled": snippets.unlabelled,
        "dragnet": dragnet.pages,
        "cleaneval": cleaneval.pages,
        "labelstudio": labelstudio.pages,
    }
)


def import_corpus(format: str, directory: Path, out: Path, readings: Path | None = None) -> int:
    """Write the pages of `directory`, laid out as `format`, into `out`; return how many.

    Pages that the table `readings` names get their labels from it (see `cleaner.data.readings`).
    Raises `DataError` for an unknown format, a folder that is not laid out that way, holds no
    page or two of one name, for labels in `out` that would be replaced by others, and for a table
    that is malformed or of other pages.
    """
    importer = IMPORTERS.get(format)
    if importer is None:
        raise DataError(f"unknown format {format!r}; choose one of {', '.join(sorted(IMPORTERS))}")
    found = read_readings(readings) if readings else {}
    names: set[str] = set()
    with laid_out_as(format, directory):  # a field of another type is only noticed in writing
        for page in apply_readings(importer(directory), found):
            if page.name in names:
                raise DataError(f"{directory}: two pages come out as {page.name}; rename one")
            _keep_corrected(out, page)
            write_page(out, page, compress=True)
            names.add(page.name)
    if not names:
        raise DataError(
            f"{directory}: holds no page as {format} lays them out; give another folder"
        )
    return len(names)


def _keep_corrected(out: Path, page: LabelledPage) -> None:
    """Raise `DataError` where a page has other labels than those that would be written."""
    file = out / (page.name + LABELS_SUFFIX)
    if file.exists() and file.read_bytes() != format_labels(page).encode("utf-8", "replace"):
        raise DataError(
            f"{file}: holds other labels than are imported; "
            "give another folder to write, or remove these pages to import them anew"
        )
