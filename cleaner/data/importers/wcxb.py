"""WCXB: pages of seven kinds with reviewed main content (CC-BY-4.0).

Layout: `dev/html/ID.html.gz` and `dev/ground-truth/ID.json`. The lines of the
main content are article; every other text of a page is navigation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cleaner.data.importers.common import (
    labelled,
    laid_out_as,
    page_language,
    page_url,
    read_json,
)
from cleaner.data.pages import LabelledPage, read_file
from cleaner.errors import DataError
from cleaner.types import ARTICLE, NAVIGATION


def pages(directory: Path) -> Iterator[LabelledPage]:
    """Pages of a WCXB folder, by ID. Raises `DataError` for files that are missing or broken."""
    truths = sorted((directory / "dev" / "ground-truth").glob("*.json"))
    if not truths:
        raise DataError(f"{directory}: no dev/ground-truth/*.json; give the folder that holds dev/")
    for path in truths:
        with laid_out_as("wcxb", path):
            truth = read_json(path)
            page = read_file(directory / "dev" / "html" / f"{path.stem}.html.gz")
            yield LabelledPage(
                name=f"wcxb-{path.stem}",
                page=page,
                kind="html",
                url=truth["url"] or page_url(page) or f"https://{path.stem}.invalid/",
                language=page_language(page),
                layout=truth["_internal"]["page_type"]["primary"],
                source="WCXB",
                licence="CC-BY-4.0",
                rest=NAVIGATION,
                labels=tuple(labelled(ARTICLE, [truth["ground_truth"]["main_content"] or ""])),
            )
