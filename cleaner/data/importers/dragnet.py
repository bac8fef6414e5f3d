"""dragnet's training data: news and blog pages with hand-copied article and comments.

Layout: `HTML/ID.html` and `Corrected/ID.html.corrected.txt`, in any encoding. The
lines of the second are article; below the line `!@#$%^&*()  COMMENTS`, where there is
one, they are comment; every other text of the page is navigation. The pages belong to
many people: `LICENSE` in the folder, if any, says what holds for the copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from cleaner.data.importers.common import (
    address,
    files_by_id,
    labelled,
    licence,
    page_language,
    page_url,
    paired,
)
from cleaner.data.pages import LabelledPage, read_file
from cleaner.errors import DataError
from cleaner.segment.decode import decode
from cleaner.types import ARTICLE, COMMENT, NAVIGATION

_PAGE = re.compile(r"(.+)\.html?(?:\.gz)?", re.I)
_REFERENCE = re.compile(r"(.+?)(?:\.html?)?\.corrected\.txt(?:\.gz)?", re.I)
# Two blanks as published; editors and copies change them.
_COMMENTS = re.compile(r"!@#\$%\^&\*\(\)\s*COMMENTS")


def pages(directory: Path) -> Iterator[LabelledPage]:
    """Pages of such a folder, by ID. Raises `DataError` for files that are missing or broken."""
    html, corrected = directory / "HTML", directory / "Corrected"
    if not html.is_dir() or not corrected.is_dir():
        raise DataError(f"{directory}: no HTML/ and Corrected/; give the folder that holds them")
    terms = licence(directory)
    found = paired(files_by_id(html, _PAGE), files_by_id(corrected, _REFERENCE))
    for id, page_file, reference in found:
        name = f"dragnet-{id}"
        page = read_file(page_file)
        article, *comments = _COMMENTS.split(decode(read_file(reference)))
        yield LabelledPage(
            name=name,
            page=page,
            kind="html",
            url=address(name, page_url(page)),
            language=page_language(page),
            layout="article",
            source="dragnet_data",
            licence=terms,
            rest=NAVIGATION,
            labels=(*labelled(ARTICLE, [article]), *labelled(COMMENT, comments)),
        )
