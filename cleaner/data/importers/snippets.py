"""Trafilatura's evaluation set: strings that must, and must not, be in the article (Apache-2.0).

Layout: `evaldata.json` and `html/FILE.gz`. `with` is article, `comments` is
comment, `without` is navigation; the strings are excerpts in no order, and
nothing else of a page is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cleaner.data.align import UNJUDGED
from cleaner.data.importers.common import labelled, page_language, page_url, read_json
from cleaner.data.pages import LabelledPage, read_file
from cleaner.types import ARTICLE, COMMENT, NAVIGATION

_LABEL_OF = {"with": ARTICLE, "comments": COMMENT, "without": NAVIGATION}


def pages(directory: Path) -> Iterator[LabelledPage]:
    """Pages of such a folder, by file name. Raises `DataError` for missing or broken files."""
    entries = read_json(directory / "evaldata.json")
    for key, entry in sorted(entries.items(), key=lambda item: str(item[1]["file"])):
        file: str = entry["file"]
        page = read_file(directory / "html" / f"{file}.gz")
        # Some keys are addresses; the others repeat the file name.
        url = key if key.startswith("http") else page_url(page) or _url_of(file)
        yield LabelledPage(
            name=f"snippets-{file.removesuffix('.html')}",
            page=page,
            kind="html",
            url=url,
            language=page_language(page),
            layout="article",
            source="trafilatura evaluation data",
            licence="Apache-2.0",
            rest=UNJUDGED,
            labels=tuple(
                item
                for field, label in _LABEL_OF.items()
                for item in labelled(label, _strings(entry.get(field)))
            ),
            extra={"ordered": "no"},
        )


def unlabelled(directory: Path) -> Iterator[LabelledPage]:
    """The same pages without any of their labels.

    Training finds comments by the names in their markup (see `cleaner.examples`): these
    pages bring threads of other software and languages than the labelled corpora.
    """
    for page in pages(directory):
        yield replace(page, name=page.name.replace("snippets", "unlabelled", 1), labels=())


def _strings(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _url_of(file: str) -> str:
    """An address from a file name such as `news.example.com.title.html`."""
    from courlan import extract_domain

    words = file.removesuffix(".html").split(".")
    for count in range(2, len(words) + 1):
        host = ".".join(words[:count])
        if extract_domain(f"https://{host}/"):
            return f"https://{host}/"
    return f"https://{words[0]}.invalid/"
