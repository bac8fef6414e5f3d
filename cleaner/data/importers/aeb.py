"""The article-extraction-benchmark layout: news articles with full text (Apache-2.0).

Layout: `html/ID.html.gz` and one `ground-truth.json` with `articleBody` and
`url` by ID. The lines of the body are article; every other text is navigation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cleaner.data.importers.common import labelled, page_language, page_url, read_json
from cleaner.data.pages import LabelledPage, read_file
from cleaner.types import ARTICLE, NAVIGATION


def pages(directory: Path) -> Iterator[LabelledPage]:
    """Pages of such a folder, by ID. Raises `DataError` for files that are missing or broken."""
    for name, truth in sorted(read_json(directory / "ground-truth.json").items()):
        page = read_file(directory / "html" / f"{name}.html.gz")
        yield LabelledPage(
            name=f"aeb-{name}",
            page=page,
            kind="html",
            url=truth.get("url") or page_url(page) or f"https://{name}.invalid/",
            language=page_language(page),
            layout="article",
            source="article-extraction-benchmark",
            licence="Apache-2.0",
            rest=NAVIGATION,
            labels=tuple(labelled(ARTICLE, [truth["articleBody"]])),
        )
