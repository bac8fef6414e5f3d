"""Articles followed by reader comments, as plain text: article F1 and comment F1.

    python benchmarks/composed.py --corpora DIR

Trains on the shipped pages, wcxb and news without a quarter of the sites, and composes
documents of that quarter: sites, donors of comments, a third of the stock remarks and six
layouts of threads are new to the model. `few` have one to three comments, `short` are posts
of one to three paragraphs under 60 to 300 comments; then 40 documents a language. F1 is of
words, of characters in scripts without spaces; comments are judged with their headers. No
other system here knows comments. `--json` writes the same figures.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from statistics import mean
from typing import Any
from unittest.mock import patch

import peers
from corpora import SHIPPED, TAUGHT, taught_pages
from threadpoolctl import threadpool_limits

from cleaner.clean import Cleaner
from cleaner.compose import THREADS, Document, documents, phrases
from cleaner.corpus import Corpus, Extra
from cleaner.data.pages import read_pages
from cleaner.evaluate import format_table
from cleaner.examples import unique
from cleaner.examples.composed import Material, composed_samples
from cleaner.model import Model
from cleaner.train import composed_count, fit_head, site_folds
from cleaner.types import ARTICLE, COMMENT, LABELS

UNSEEN = ("bulleted", "dotted", "stacked", "review", "mail", "signed")
"""Layouts of threads that are left out of training."""
LANGUAGES = ("en", "de", "ru", "ar", "ja", "zh", "ko", "th")
GROUPS: dict[str, dict[str, Any]] = {
    "all": {},
    "few": {"counts": ((1.0, 1, 3),)},
    "short": {"counts": ((1.0, 60, 300),), "short": 1.0},
}
"""Name of a group → options of `documents`."""


def materials(corpora: Path, fold: int, jobs: int) -> tuple[Corpus, Extra, Material]:
    """Training pages and texts without the fold's sites, and what to compose tests of."""
    pages = unique(chain(read_pages(SHIPPED), *(taught_pages(corpora, name) for name in TAUGHT)))
    corpus = Corpus.read(pages, kinds=["text"], n_jobs=jobs)
    held = site_folds(pages, 4)[fold]
    inside = [i for i, page in enumerate(corpus.pages) if page.labelled.site in held]
    test = Corpus([corpus.pages[i] for i in inside], [[] for _ in inside])
    extra = Extra.read(
        sorted((corpora / "comments").glob("*.jsonl.gz")),
        sorted((corpora / "excerpts").glob("*.jsonl.gz")),
    )
    seen, unseen = (
        Extra(
            tuple(row for i, row in enumerate(extra.comments) if (i % 4 == fold) == tested),
            tuple(row for i, row in enumerate(extra.texts) if (i % 4 == fold) == tested),
        )
        for tested in (False, True)
    )
    return corpus.without(held), seen, test.material(unseen)


def some_remarks(tested: bool) -> Any:
    """Patch: the phrase tables have a third of the stock remarks, for tests, or the others."""
    shown: dict[str, dict[str, Any]] = {}
    for language, table in phrases().items():
        remarks = enumerate(table.get("remarks", ()))
        shown[language] = table | {"remarks": [r for i, r in remarks if (i % 3 == 0) == tested]}
    return patch("cleaner.compose.voice.phrases", lambda: shown)


def trained(corpus: Corpus, extra: Extra, seed: int) -> Model:
    """A model for plain text that has seen none of the `UNSEEN` layouts and tested remarks."""
    layouts = [layout for layout in THREADS if layout not in UNSEEN]
    material = corpus.material(extra)
    samples = [sample for group in corpus.samples for sample in group]
    count = composed_count(material)
    with some_remarks(tested=False):
        samples += composed_samples(material, count, seed=seed, layouts=layouts)
    return Model(LABELS, {"text": fit_head(samples, "text", LABELS, seed=seed, say=print)})


def test_documents(material: Material, count: int) -> dict[str, list[Document]]:
    """Documents of each group, and of each language as `in LANGUAGE`."""

    def drawn(articles: Any, n: int, **options: Any) -> list[Document]:
        return list(
            documents(
                random.Random(99), articles, material.comments, material.headlines, n,
                layouts=UNSEEN, with_comments=1.0, clean=0.0, **options,
            )
        )  # fmt: skip

    with some_remarks(tested=True):
        found = {name: drawn(material.articles, count, **given) for name, given in GROUPS.items()}
        for language in LANGUAGES:
            articles = [article for article in material.articles if article[1] == language]
            if articles:
                found[f"in {language}"] = drawn(articles, 40)
    return found


def word_f1(true: str, returned: str) -> float:
    """F1 of two bags of words; two empty ones agree."""
    one, other = (Counter(peers.WORD.findall(text.lower())) for text in (true, returned))
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def figures(found: Sequence[Document], outputs: Sequence[peers.Output]) -> dict[str, float]:
    """Mean F1 of article and comments over documents. The article's own byline is not judged."""
    rows = []
    for document, output in zip(found, outputs, strict=True):
        lines = list(zip(document.text.split("\n"), document.labels, strict=True))
        article, comments = (
            "\n".join(line for line, label in lines if label == wanted)
            for wanted in (ARTICLE, COMMENT)
        )
        own = {line.strip() for line, label in lines if label not in LABELS and label}
        text = "\n".join(line for line in output.text.split("\n") if line.strip() not in own)
        said = "\n".join(output.comments)
        rows.append((word_f1(article, text), word_f1(comments, said)))
    return {"article": mean(a for a, _ in rows), "comment": mean(c for _, c in rows)}


def main() -> None:
    """Train, compose, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--corpora", type=Path, required=True, help="folder that holds the corpora")
    parser.add_argument("--count", type=int, default=300, help="documents a group")
    parser.add_argument("--fold", type=int, default=0, help="quarter of the sites to test, 0 to 3")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    with threadpool_limits(1):
        corpus, extra, material = materials(options.corpora, options.fold, options.jobs)
        model = trained(corpus, extra, options.seed)
    cleaner = Cleaner(model)
    report: dict[str, dict[str, Any]] = {}
    for group, found in test_documents(material, options.count).items():
        results = [cleaner.clean(document.text, "text") for document in found]
        outputs = {"cleaner": [peers.Output(r.text, r.comments) for r in results]}
        for system in peers.installed("text"):
            run = peers.SYSTEMS["text"][system]
            outputs[system] = [run(document.text) for document in found]
        report[group] = {
            "documents": len(found),
            **{system: figures(found, made) for system, made in outputs.items()},
        }
    systems = [system for system in report["all"] if system != "documents"]
    print(
        format_table(
            ["F1", "documents", "cleaner: article", "comment", *systems[1:]],
            [
                [
                    group, row["documents"], row["cleaner"]["article"], row["cleaner"]["comment"],
                    *(row[system]["article"] for system in systems[1:]),
                ]
                for group, row in report.items()
            ],
        )
    )  # fmt: skip
    if options.json:
        given = {"command": " ".join(["benchmarks/composed.py", *sys.argv[1:]]), **report}
        options.json.write_text(json.dumps(given, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
