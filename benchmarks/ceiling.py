"""How good could a perfect classifier of blocks be? Labels of the reference, scored against it.

    python benchmarks/ceiling.py wcxb DIRECTORY
    python benchmarks/ceiling.py aeb DIRECTORY
    python benchmarks/ceiling.py aeb DIRECTORY --readings training_data/readings/news.tsv

Blocks take their labels from the reference text by alignment, article blocks
are joined, and the result is scored against that same reference: word F1 as in
WCXB's `evaluate.py`, shingle F1 as in the article-extraction-benchmark. What
is missing to 1 is lost by segmentation or alignment, not by a model. With `--readings`
the labels are those of somebody who read the pages: what is missing then is what readers
and references disagree on, such as references that stop before the article does.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from cleaner.data.align import align
from cleaner.data.importers import IMPORTERS
from cleaner.data.pages import LabelledPage
from cleaner.data.readings import apply_readings, read_readings
from cleaner.segment import segment
from cleaner.types import ARTICLE, Page

T = TypeVar("T")
Row = tuple[float, float, float, str, str]  # F1, precision, recall, layout, name
PRESENT = 0.98
"""Share of the reference's words that the page must hold: some references come from
another copy of the page, or hold its text twice."""


def perfect_text(page: LabelledPage, parsed: Page) -> str:
    """Text of all blocks that the labels of `page` call article."""
    blocks = [parsed.text_of(block) for block in parsed.blocks]
    labels = align(
        blocks,
        [(entry.label, entry.text) for entry in page.labels],
        page.rest,
        ordered=page.ordered,
    )
    return "\n\n".join(
        text for text, found in zip(blocks, labels, strict=True) if found.label == ARTICLE
    )


def word_scores(text: str, reference: str) -> tuple[float, float]:
    """Precision and recall of the bags of words."""
    found = Counter(re.findall(r"\w+", text.lower()))
    expected = Counter(re.findall(r"\w+", reference.lower()))
    return _ratios(found, expected)


def shingle_scores(text: str, reference: str) -> tuple[float, float]:
    """Precision and recall of the bags of 4-word shingles."""
    return _ratios(_shingles(text), _shingles(reference))


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3)))


def _ratios(found: Counter[T], expected: Counter[T]) -> tuple[float, float]:
    common = (found & expected).total()
    if not found and not expected:
        return 1.0, 1.0
    return (
        common / found.total() if found else 0.0,
        common / expected.total() if expected else 0.0,
    )


def f1(precision: float, recall: float) -> float:
    """Harmonic mean."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def summary(rows: Sequence[Row]) -> str:
    """Mean precision and recall, the F1 of these two, and the mean of the pages' F1."""
    count = max(len(rows), 1)
    precision = sum(row[1] for row in rows) / count
    recall = sum(row[2] for row in rows) / count
    mean = sum(row[0] for row in rows) / count
    return (
        f"{len(rows)} pages, precision {precision:.4f}, recall {recall:.4f}, "
        f"F1 {f1(precision, recall):.4f}, mean F1 {mean:.4f}"
    )


def main() -> None:
    """Print the ceiling and the pages that lie lowest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("format", choices=sorted(IMPORTERS))
    parser.add_argument("directory", type=Path)
    parser.add_argument("--readings", type=Path, help="take labels from this table")
    parser.add_argument("--worst", type=int, default=15, help="pages to list")
    parser.add_argument("--every", type=int, default=1, help="take each N-th page")
    options = parser.parse_args()

    score = shingle_scores if options.format == "aeb" else word_scores
    readings = read_readings(options.readings) if options.readings else {}
    rows: list[Row] = []
    present: list[Row] = []
    begin = time.perf_counter()
    for number, page in enumerate(IMPORTERS[options.format](options.directory)):
        if number % options.every == 0:
            reference = "\n".join(entry.text for entry in page.labels if entry.label == ARTICLE)
            parsed = segment(page.page, page.kind)
            labelled = page
            if page.name in readings:
                (labelled,) = apply_readings([page], {page.name: readings[page.name]})
            precision, recall = score(perfect_text(labelled, parsed), reference)
            rows.append((f1(precision, recall), precision, recall, page.layout, page.name))
            if word_scores(parsed.source, reference)[1] >= PRESENT:
                present.append(rows[-1])
    elapsed = time.perf_counter() - begin

    print(f"{elapsed / len(rows) * 1000:.0f} ms/page")
    print(f"all pages:                      {summary(rows)}")
    print(f"pages that hold their reference: {summary(present)}")
    for row in sorted(rows)[: options.worst]:
        print("F1 {:.3f}  P {:.3f}  R {:.3f}  {}  {}".format(*row))


if __name__ == "__main__":
    main()
