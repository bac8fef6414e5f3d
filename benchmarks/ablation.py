"""What each part of the HTML head adds to quality, and what it costs.

    python benchmarks/ablation.py --corpora DIR

A third of the sites of wcxb and news is left out. On the others one network is trained with
everything, then one for each part that goes without it: its features are 0, its bags of words
empty. A part earns its place if F1 falls without it. Its cost is what computing all features
takes more than computing those of the other parts. The last rows turn on or off what happens in
training and in the decision. Differences under .003 are within the noise of one seed; `--seeds`
takes the mean of several.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from statistics import mean
from typing import Any, TypeVar
from unittest.mock import patch

import numpy as np
from corpora import SHIPPED, TAUGHT, taught_pages, whole_pages
from threadpoolctl import threadpool_limits

from cleaner.clean import Cleaner
from cleaner.corpus import Corpus
from cleaner.data.pages import LabelledPage, read_pages
from cleaner.evaluate import expected_of, format_table
from cleaner.examples import Sample, unique
from cleaner.features import Features, feature_names, features_of
from cleaner.features.bags import Words
from cleaner.features.dom import DomFacts
from cleaner.features.html import HTML_FEATURES
from cleaner.features.shapes import SHAPE_FEATURES
from cleaner.features.text import TEXT_FEATURES
from cleaner.metrics import score, summarise
from cleaner.model import Head, Model
from cleaner.network import Array
from cleaner.network.fit import Options
from cleaner.segment import segment
from cleaner.train import fit_head, site_folds
from cleaner.types import LABELS, Page

Found = TypeVar("Found", bound=Features)

FOLDS = 3
TIMED = 60
"""Test pages whose features are timed."""
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Part:
    """Features by patterns of their names, bags of words, and the groups of like blocks."""

    features: str = ""
    bags: tuple[str, ...] = ()
    groups: bool = False

    def holds(self, name: str) -> bool:
        """Whether a feature belongs to the part."""
        return any(fnmatchcase(name, pattern) for pattern in self.features.split())

    def blanked(self, found: Found) -> Found:
        """Features, or a sample, without the part."""
        dense = found.dense.copy()
        dense[:, [self.holds(name) for name in feature_names("html")]] = 0
        groups = np.zeros_like(found.groups) if self.groups else found.groups
        empty = Words([()], np.zeros(len(found.units), np.int64))
        words = {name: empty if name in self.bags else w for name, w in found.words.items()}
        return replace(found, dense=dense, groups=groups, words=words)


NOTHING = Part()
PARTS = {
    "words of the text": Part(bags=("words",)),
    "class and id names": Part(bags=("near", "far")),
    "groups of like blocks": Part(groups=True),
    "length and sentences": Part(
        "units length_rank word_length lines stops* commas* prose prose_around"
    ),
    "kinds of characters": Part(
        "upper capitalised caseless ideographs kana hangul thai digits quotes brackets"
        " separators punctuation symbols emoji ends_* starts_*"
    ),
    "position": Part(
        "position* from_start from_end gap_before indent blocks page_units page_prose depth"
    ),
    "links, controls, images": Part(
        "links link_share page_link_share bare_links marks controls images"
    ),
    "tags": Part("tag_* in_*"),
    "hidden": Part("hidden"),
    "title and headline": Part("title after_heading has_heading"),
    "topic": Part("topic topic_of_best"),
    "best container": Part("side_of_best distance_to_best best_prose"),
    "containers": Part("prose_share_* prose_density_* link_density_* container_* *_per_block_*"),
    "shapes": Part("same_shape shape_* headers headers_around from_first_header"),
    "repetition": Part("repeats_* repeated_* copies path_*"),
    "declared article (JSON-LD)": Part("declared has_declared"),
}


@dataclass(frozen=True)
class Blinded(Head):
    """A head that reads pages without a part."""

    without: Part = NOTHING

    def probabilities(self, page: Page) -> tuple[Array, Array]:
        """As `Head.probabilities`."""
        read = self.without.blanked(features_of(page))
        return self.judge(read.inputs(self.lookups)), read.units


def quality(head: Head, pages: Mapping[str, Sequence[LabelledPage]]) -> dict[str, float]:
    """Word F1 on wcxb, shingle F1 on news."""
    cleaning = Cleaner(Model(LABELS, {"html": head}))
    wcxb, news = (
        summarise([score(expected_of(p), cleaning.clean(p.page, p.kind).text) for p in pages[name]])
        for name in ("wcxb", "news")
    )
    return {"wcxb": wcxb.word_f1 or 0.0, "news": news.shingle_f1 or 0.0}


def cost(part: Part, pages: Sequence[Page]) -> float | None:
    """Milliseconds a page that the part's features take on top of all others, if it has any."""
    if not part.features:
        return None
    tables: tuple[Any, ...] = (TEXT_FEATURES, SHAPE_FEATURES, HTML_FEATURES)
    every = [(names, feature) for table in tables for names, feature in table.items()]
    others = [(names, f) for names, f in every if not all(map(part.holds, names.split()))]

    def best(features: Sequence[tuple[str, Callable[[DomFacts], Any]]], page: Page) -> float:
        times = []
        for _ in range(ROUNDS):
            begin = time.process_time()
            facts = DomFacts(page)
            for _, feature in features:
                feature(facts)
            times.append(time.process_time() - begin)
        return min(times)

    return 1000 * mean(best(every, page) - best(others, page) for page in pages)


def main() -> None:
    """Train, judge, time, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--corpora", type=Path, required=True, help="folder that holds the corpora")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    pages = whole_pages(given.corpora)
    every = unique(
        chain(read_pages(SHIPPED), *(taught_pages(given.corpora, name) for name in TAUGHT))
    )
    held = site_folds(list(chain(*pages.values())), FOLDS)[0]
    test = {name: [page for page in found if page.site in held] for name, found in pages.items()}
    chosen = list(chain(*test.values()))
    timed = [segment(page.page, "html") for page in chosen[:: max(1, len(chosen) // TIMED)]]
    corpus = Corpus.read(
        [page for page in every if page.site not in held], kinds=["html"], n_jobs=given.jobs
    )
    groups = [group for group in corpus.samples if group]
    plain = [group[0] for group in groups]
    copies = [sample for group in groups for sample in group]
    report: dict[str, dict[str, float]] = {}
    costs: dict[str, float | None] = {}

    def trained(
        samples: Sequence[Sample] = plain, without: Part = NOTHING, *, opinions: bool = False,
        options: Options | None = None,
    ) -> list[Blinded]:  # fmt: skip
        blanked = [without.blanked(sample) for sample in samples]
        heads = [
            fit_head(blanked, "html", LABELS, seed=seed, opinions=opinions, options=options)
            for seed in range(given.seeds)
        ]
        return [Blinded(h.kind, h.scaling, h.vocabularies, h.weights, without) for h in heads]

    def judge(name: str, heads: Sequence[Blinded]) -> None:
        found = [quality(head, test) for head in heads]
        report[name] = {key: mean(row[key] for row in found) for key in ("wcxb", "news")}
        costs[name] = cost(heads[0].without, timed)
        print(name, report[name], costs[name], file=sys.stderr, flush=True)

    with threadpool_limits(1):
        whole = trained()
        judge("everything", whole)
        with patch("cleaner.model.article_threshold", lambda *_: 0.5):
            judge("with a threshold of .5", whole)
        for name, part in PARTS.items():
            judge(f"without {name}", trained(without=part))
        judge("without the F1 loss of a page", trained(options=Options(overlap=0)))
        judge("with spliced copies", trained(copies))
        judge("with spliced copies and second opinions", trained(copies, opinions=True))
    first = report["everything"]
    print(
        format_table(
            ["", "wcxb, word F1", "change", "news, shingle F1", "change", "ms a page"],
            [
                [
                    name, row["wcxb"], row["wcxb"] - first["wcxb"],
                    row["news"], row["news"] - first["news"], costs[name],
                ]
                for name, row in report.items()
            ],
        )
    )  # fmt: skip
    if given.json:
        command = {"command": f"benchmarks/ablation.py --corpora DIR --seeds {given.seeds}"}
        figures = {name: {**row, "ms": costs[name]} for name, row in report.items()}
        given.json.write_text(json.dumps({**command, **figures}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
