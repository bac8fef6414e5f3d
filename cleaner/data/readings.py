"""Labels of pages that belong to others: digests of the texts instead of the texts.

Pages that may not be passed on can still be labelled by reading them, and their labels be
shared. A table holds, for each page and label, a digest of every block that has the label:

    NAME TAB layout TAB label TAB digest digest …

What is not listed is navigation. Whoever has the pages gets labelled pages back
(`cleaner import … --readings TABLE`); nobody else learns what they say. The tables in
`training_data/readings` are described there.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from cleaner.data.align import UNJUDGED
from cleaner.data.pages import CLOSE, OPEN, Labelled, LabelledPage
from cleaner.errors import DataError
from cleaner.segment import segment
from cleaner.types import NAVIGATION

READ = "labelled by reading"
"""What the source of such a page ends with."""
_DIGITS = 7
"""Hexadecimal: two blocks of a page of a thousand are mixed up once in 500 pages."""
_FOUND = 0.95
"""Share of a page's digests that must be met; else it is another page, or cut otherwise."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What somebody read on a page."""

    layout: str
    label_of: Mapping[str, str] = field(default_factory=dict)
    """Digest of a block → its label."""


def digests(texts: Iterable[str]) -> Iterator[str]:
    """Digest of each of a page's texts; the second copy of a text has another than the first."""
    seen: Counter[str] = Counter()
    for text in texts:
        words = " ".join(text.split())
        seen[words] += 1
        yield hashlib.sha256(f"{seen[words]} {words}".encode()).hexdigest()[:_DIGITS]


def read_readings(path: Path) -> dict[str, Reading]:
    """Readings by name of the page. Raises `DataError`, naming the line, for a malformed table."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); give a table of readings") from error
    layouts: dict[str, str] = {}
    labels: dict[str, dict[str, str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        columns = line.split("\t")
        if len(columns) != 4 or not all(columns):
            raise DataError(
                f"{path}:{number}: not a reading; write name, layout, label and digests, "
                "with tabs between them"
            )
        name, layout, label, found = columns
        layouts[name] = layout
        labels.setdefault(name, {}).update(dict.fromkeys(found.split(), label))
    return {name: Reading(layouts[name], labels[name]) for name in labels}


def format_readings(pages: Iterable[LabelledPage]) -> str:
    """The table for labelled pages, sorted by name; their labels must be those of blocks."""
    rows = []
    for page in sorted(pages, key=lambda page: page.name):
        found: dict[str, list[str]] = {}
        texts = [entry.text for entry in page.labels]
        for entry, digest in zip(page.labels, digests(texts), strict=True):
            if entry.label != NAVIGATION:
                found.setdefault(entry.label, []).append(digest)
        rows += [
            f"{page.name}\t{page.layout}\t{label}\t{' '.join(found[label])}\n"
            for label in sorted(found)
        ]
    return "".join(rows)


def apply_readings(
    pages: Iterable[LabelledPage], readings: Mapping[str, Reading]
) -> Iterator[LabelledPage]:
    """The pages, with labels as they were read where they were.

    Raises `DataError` for a page that is not the one that was read, and, before it gives any
    page, when none of them was read.
    """
    pages = iter(pages)
    unread: list[LabelledPage] = []
    for page in pages if readings else ():
        unread.append(page)
        if page.name in readings:
            break
    else:
        if unread:
            raise DataError(
                f"none of the {len(readings)} pages that the table names is here; "
                "give the table of this data set"
            )
    for page in chain(unread, pages):
        reading = readings.get(page.name)
        yield page if reading is None else _as_read(page, reading)


def _as_read(page: LabelledPage, reading: Reading) -> LabelledPage:
    try:
        parsed = segment(page.page, page.kind)
    except ValueError as error:
        raise DataError(f"{page.name}: cannot be read ({error}); restore the page") from error
    texts = [parsed.text_of(block) for block in parsed.blocks]
    labels = [reading.label_of.get(digest) for digest in digests(texts)]
    met = sum(label is not None for label in labels)
    if met < _FOUND * len(reading.label_of):
        raise DataError(
            f"{page.name}: holds {met} of the {len(reading.label_of)} texts that were read; "
            "give the version of the page that was read, or leave its lines out of the table"
        )
    return replace(
        page,
        layout=reading.layout,
        source=f"{page.source}, {READ}",
        rest=UNJUDGED,
        # Every block is listed as it comes, whatever order the page's own labels had.
        extra={name: value for name, value in page.extra.items() if name != "ordered"},
        labels=tuple(
            Labelled(label or NAVIGATION, " ".join(text.split()))
            for text, label in zip(texts, labels, strict=True)
            if OPEN not in text and CLOSE not in text
        ),
    )
