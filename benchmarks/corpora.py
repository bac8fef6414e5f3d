"""Public corpora as `Case`s: a page, and what is known of its clean text.

Reads the layouts in which the corpora are published (see `README.md`), so that
a figure here compares with one printed by a corpus's own evaluation. Nothing
is aligned or corrected on the way.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from peers import decoded

from cleaner.data.importers import IMPORTERS
from cleaner.data.pages import LabelledPage
from cleaner.data.readings import apply_readings, read_readings
from cleaner.metrics import Expected, held

SHIPPED = Path(__file__).parents[1] / "training_data"
WHOLE = {"wcxb": "wcxb", "news": "aeb"}
"""Corpora with whole articles → their importer; text sets are what they hold, rendered."""
TAUGHT = {**WHOLE, "snippets": "snippets-unlabelled"}
"""Corpora that models are trained on → their importer: never on the labels of the snippets."""


@dataclass(frozen=True, slots=True)
class Case:
    """One page of a corpus."""

    name: str
    page: bytes
    group: str
    """Kind of page as the corpus names it; one row of the table each."""
    host: str
    expected: Expected


def _read(path: Path) -> bytes:
    with gzip.open(path) as stream:
        return stream.read()


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _host(url: str) -> str:
    return (urlsplit(url).hostname or url).removeprefix("www.")


def wcxb(folder: Path) -> Iterator[Case]:
    """WCXB's dev split: reviewed main content of seven kinds of page."""
    for path in sorted((folder / "dev" / "ground-truth").glob("*.json")):
        record = _json(path)
        yield Case(
            path.stem,
            _read(folder / "dev" / "html" / f"{path.stem}.html.gz"),
            record["_internal"]["page_type"]["primary"],
            _host(record["url"]),
            Expected(record["ground_truth"]["main_content"]),
        )


def news(folder: Path) -> Iterator[Case]:
    """The layout of article-extraction-benchmark: news articles with their full text."""
    for name, record in sorted(_json(folder / "ground-truth.json").items()):
        yield Case(
            name,
            _read(folder / "html" / f"{name}.html.gz"),
            "news",
            _host(record["url"]),
            Expected(record["articleBody"]),
        )


def snippets(folder: Path) -> Iterator[Case]:
    """Trafilatura's evaluation pages: strings that must, or must not, be in the article."""
    for url, record in sorted(_json(folder / "evaldata.json").items()):
        page = _read(folder / "html" / f"{record['file']}.gz")
        comments = held(record.get("comments") or (), decoded(page))
        yield Case(
            record["file"],
            page,
            "with comments" if comments else "no comments",
            _host(url),
            Expected(None, tuple(record["with"]), tuple(record["without"]), comments),
        )


def chinese(folder: Path) -> Iterator[Case]:
    """Chinese pages as served, in several encodings, with hand-copied article text."""
    for path in sorted((folder / "cleaned").glob("*.txt")):
        yield Case(
            path.stem,
            _read(folder / "original" / f"{path.stem}.html.gz"),
            "chinese",
            path.stem,
            Expected(path.read_text(encoding="utf-8")),
        )


CORPORA: dict[str, Callable[[Path], Iterator[Case]]] = {
    "wcxb": wcxb,
    "news": news,
    "snippets": snippets,
    "chinese": chinese,
}
"""Name of a corpus, which is also its folder → its reader."""


def whole_pages(corpora: Path) -> dict[str, list[LabelledPage]]:
    """Pages of each corpus in `WHOLE` with the labels that they were published with."""
    return {name: list(IMPORTERS[importer](corpora / name)) for name, importer in WHOLE.items()}


def taught_pages(corpora: Path, name: str) -> list[LabelledPage]:
    """Pages of a corpus as the default model learns them, with what was read on them."""
    readings = read_readings(SHIPPED / "readings" / f"{name}.tsv")
    return list(apply_readings(IMPORTERS[TAUGHT[name]](corpora / name), readings))
