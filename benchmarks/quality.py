"""Quality of `cleaner` and of other systems on public corpora and the samples.

    python benchmarks/quality.py --corpora DIR --set wcxb,news,snippets
    python benchmarks/quality.py --corpora DIR --set wcxb,text --folds 5
    python benchmarks/quality.py --corpora DIR --set text-single-line,clean-articles --folds 5
    python benchmarks/quality.py --corpora DIR --set news --train-on wcxb

With `--folds`, `cleaner` is trained K times on the shipped pages and the corpora
asked for (of snippets, on the pages without the snippets), and judged on sites it
has not seen. With `--train-on` it is trained once, and judged on corpora that it has not
seen. Else the figures are those of `--model`.

Prints one table a set, one row a system, then a row a kind of page (or language); `--json`
writes the same figures. What each figure means is said in `cleaner.metrics`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import mean
from typing import Any

import peers
from corpora import CORPORA, SHIPPED, TAUGHT, WHOLE, Case, taught_pages
from peers import Output

from cleaner.data.importers import IMPORTERS
from cleaner.data.readings import READ
from cleaner.evaluate import evaluate_results, format_table, line_labels
from cleaner.language import detect
from cleaner.metrics import Counts, Figures, score, summarise
from cleaner.model import Model

LOSSES = "clean-articles"
SETS = ("wcxb", "news", "snippets", "chinese", "samples", *peers.TEXTS, LOSSES)
JUDGED = {**WHOLE, "snippets": "snippets"}
"""Corpora that `--folds` judges; it trains on the same, as `corpora.taught_pages` gives them."""


# -------------------------------------------------------------------- outputs


def trained_on(names: Sequence[str], corpora: Path, kinds: Sequence[str], n_jobs: int) -> Model:
    """A model of the named corpora and the shipped pages: the other corpora are new to it."""
    from cleaner.corpus import Corpus
    from cleaner.data.pages import read_pages
    from cleaner.examples import unique
    from cleaner.train import fit_model

    pages = read_pages(SHIPPED)
    for name in names:
        pages += taught_pages(corpora, name)
    corpus = Corpus.read(unique(pages), kinds=kinds, n_jobs=n_jobs)
    return fit_model(corpus, kinds=kinds, n_jobs=n_jobs)


def own_outputs(
    kind: Any, pages: Sequence[bytes], model: Model | Path | None, n_jobs: int
) -> list[Output]:
    """Outputs of this package's model, or of the default model when `model` is None."""
    from cleaner.clean import Cleaner

    cleaner = Cleaner.load(model) if isinstance(model, Path) else Cleaner(model)
    results = cleaner.clean_many(pages, kind=kind, n_jobs=n_jobs)
    return [Output(result.text, tuple(result.comments)) for result in results]


@dataclass(frozen=True)
class OutOfFold:
    """What models made of pages whose sites they never saw."""

    outputs: dict[str, list[Output]]
    """Outputs for the cases of each set."""
    calibration: float | None
    """Expected calibration error of all segments."""
    as_read: dict[str, dict[str, Counts]]
    """Tokens by label on the pages of each corpus that were read: see `training_data/readings`."""


def out_of_fold(cases: dict[str, list[Case]], corpora: Path, k: int, n_jobs: int) -> OutOfFold:
    """Clean the cases of each set by models that never saw a page's site."""
    from cleaner.data.pages import read_pages
    from cleaner.train import cross_validate

    def corpus_of(name: str, case: Case) -> str:
        return case.group if is_text(name) else name

    used = {corpus_of(name, case): None for name, members in cases.items() for case in members}
    judged = {
        page.name: page for corpus in used for page in IMPORTERS[JUDGED[corpus]](corpora / corpus)
    }
    taught = [page for corpus in used for page in taught_pages(corpora, corpus)]
    pages = [
        replace(
            judged[f"{JUDGED[corpus_of(name, case)]}-{case.name.removesuffix('.html')}"],
            name=f"{name}-{case.name}",
            page=case.page,
            kind="text" if is_text(name) else "html",
        )
        for name, members in cases.items()
        for case in members
    ]
    train_on = [*read_pages(SHIPPED), *taught]
    results = cross_validate(pages, k, train_on=train_on, n_jobs=n_jobs, say=print)
    read = {page.name: page for page in taught if page.source.endswith(READ)}
    outputs: dict[str, list[Output]] = {}
    as_read: dict[str, dict[str, Counts]] = {}
    remaining = iter(results)
    for name, members in cases.items():
        own = list(islice(remaining, len(members)))
        outputs[name] = [Output(result.text, tuple(result.comments)) for result in own]
        # Importers name pages after themselves: `unlabelled-…` those of `snippets-unlabelled`.
        prefix = TAUGHT.get(name, "").rpartition("-")[2]
        names = [f"{prefix}-{case.name.removesuffix('.html')}" for case in members]
        if found := [(read[n], result) for n, result in zip(names, own, strict=True) if n in read]:
            as_read[name] = dict(evaluate_results(*zip(*found, strict=True)).groups["all"].labels)
    return OutOfFold(outputs, evaluate_results(pages, results).groups["all"].calibration, as_read)


def as_read_table(by_corpus: dict[str, dict[str, Counts]]) -> str:
    """A row a corpus and label: right tokens of what was read, block by block."""
    return format_table(
        ["as read, by token", "label", "precision", "recall", "F1"],
        [
            [corpus, label, counts.precision, counts.recall, counts.f1]
            for corpus, labels in by_corpus.items()
            for label, counts in labels.items()
        ],
    )


# ----------------------------------------------------------------------- sets


def is_text(name: str) -> bool:
    """Whether a set is of plain text."""
    return name in peers.TEXTS or name == LOSSES


def read_cases(corpora: Path, name: str, limit: int | None) -> list[Case]:
    """Cases of a set: a corpus as published, or its pages or references as plain text.

    `limit` takes that many pages of each corpus, evenly spread.
    """
    if not is_text(name):
        cases = list(CORPORA[name](corpora / name))
        return cases[:: max(1, len(cases) // limit)][:limit] if limit else cases
    found = [(corpus, case) for corpus in WHOLE for case in read_cases(corpora, corpus, limit)]
    if name == LOSSES:
        return [
            replace(case, page=(case.expected.article or "").encode(), group=corpus)
            for corpus, case in found
            if case.group in ("article", "news")
        ]
    render = peers.TEXTS[name]
    return [
        replace(case, page=render(peers.decoded(case.page)).encode(), group=corpus)
        for corpus, case in found
    ]


def losses(cases: Sequence[Case], outputs: Sequence[Output]) -> dict[str, dict[str, float]]:
    """Of clean articles: share of all words lost, and of articles that lose over 2 % of theirs."""
    groups: dict[str, list[tuple[int, int]]] = {"all": []}
    for case, output in zip(cases, outputs, strict=True):
        words, kept = (
            Counter(peers.WORD.findall(text)) for text in (case.expected.article or "", output.text)
        )
        pair = ((words - kept).total(), words.total())
        groups["all"].append(pair)
        groups.setdefault(case.group, []).append(pair)
    return {
        group: {
            "articles": len(pairs),
            "words_lost": sum(lost for lost, _ in pairs) / sum(total for _, total in pairs),
            "over_2_percent": mean(lost > 0.02 * total for lost, total in pairs),
        }
        for group, pairs in groups.items()
    }


def losses_table(by_system: dict[str, dict[str, dict[str, float]]]) -> str:
    """A row a system and group."""
    return format_table(
        ["system", "group", "articles", "words lost", "lose over 2 %"],
        [
            [system, group, *row.values()]
            for system, groups in by_system.items()
            for group, row in groups.items()
        ],
    )


def figures(
    cases: Sequence[Case], outputs: Sequence[Output], *, by_language: bool = False
) -> dict[str, Figures]:
    """Figures of all pages and of each group of pages: kinds of page, or languages."""
    scores = [score(c.expected, o.text, o.comments) for c, o in zip(cases, outputs, strict=True)]
    groups = {"all": scores}
    for case, judged in zip(cases, scores, strict=True):
        group = language_of(case) if by_language else case.group
        groups.setdefault(group, []).append(judged)
    if by_language:
        groups = {g: members for g, members in groups.items() if len(members) >= _LEAST_PAGES}
    return {group: summarise(members) for group, members in groups.items()}


_LEAST_PAGES = 5
"""A language with fewer pages gets no row."""


def language_of(case: Case) -> str:
    """Language of what is expected of a page."""
    expected = case.expected
    found = detect(expected.article or "\n".join((*expected.present, *expected.absent)))
    return f"language {found or 'unknown'}"


_COLUMNS = {
    "word_precision": "word P", "word_recall": "R", "word_f1": "F1",
    "shingle_precision": "shingle P", "shingle_recall": "R", "shingle_f1": "F1",
    "shingle_interval": "95 %",
    "snippet_precision": "snippet P", "snippet_recall": "R", "snippet_f1": "F1",
    "comments_found": "comments found", "comments_leaked": "leaked",
}  # fmt: skip


def tables(by_system: dict[str, dict[str, Figures]]) -> str:
    """A row a system, then the set's main F1 a row a group and a column a system."""
    rows = {system: asdict(groups["all"]) for system, groups in by_system.items()}
    used = [c for c in _COLUMNS if any(row[c] is not None for row in rows.values())]

    def show(value: Any) -> Any:
        return f"{value[0]:.3f}–{value[1]:.3f}" if isinstance(value, tuple) else value

    text = format_table(
        ["system", "pages", *(_COLUMNS[c] for c in used)],
        [[s, row["pages"], *(show(row[c]) for c in used)] for s, row in rows.items()],
    )
    first = next(iter(by_system.values()))
    if len(first) > 2:
        main = "snippet_f1" if first["all"].word_f1 is None else "word_f1"
        text += "\n\n" + format_table(
            [main.replace("_", " "), "pages", *by_system],
            [
                [group, first[group].pages, *(getattr(g[group], main) for g in by_system.values())]
                for group in first
            ],
        )
    return text


# -------------------------------------------------------------------- samples


def samples(folder: Path, model: Path | None) -> dict[str, dict[str, Any]]:
    """Per sample: share of judged lines labelled right, and whether exactly the spam went."""
    from cleaner.clean import Cleaner

    cleaner = Cleaner.load(model) if model else Cleaner()
    report: dict[str, dict[str, Any]] = {}
    for name, gold in sorted(json.loads((folder / "labels.json").read_text("utf-8")).items()):
        text = (folder / name).read_bytes().decode()
        result = cleaner.clean(text, kind="text")
        pairs = [
            (label, mine)
            for label, mine in zip(
                gold["lines"], line_labels(result.segments, result.source), strict=False
            )
            if label not in (None, "unjudged")
        ]
        removed = [span.text for span in result.spam if span.removed]
        report[name] = {
            "judged": len(pairs),
            "right": sum(label == mine for label, mine in pairs) / len(pairs),
            "spam": gold["spam"],
            "removed": removed,
            "spam_exact": sorted(removed) == sorted(gold["spam"]),
        }
    return report


def samples_table(report: dict[str, dict[str, Any]]) -> str:
    """One row a sample."""
    return format_table(
        ["sample", "judged lines", "right", "spam", "removed", "exactly"],
        [
            [name, r["judged"], r["right"], len(r["spam"]), len(r["removed"]),
             "yes" if r["spam_exact"] else "no"]
            for name, r in report.items()
        ],
    )  # fmt: skip


# -------------------------------------------------------------------- command


def main() -> None:
    """Run the sets asked for, print their tables, write their figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--corpora", type=Path, help="folder that holds the corpora")
    parser.add_argument(
        "--samples", type=Path, help="folder of samples; default: CORPORA/../samples"
    )
    parser.add_argument("--set", default="wcxb,news,snippets,chinese,text", help="|".join(SETS))
    parser.add_argument("--systems", help="names, comma-separated; default: all")
    parser.add_argument("--model", type=Path, help="model directory; default: the default model")
    parser.add_argument(
        "--train-on", help="train on these corpora and training_data alone: wcxb, for instance"
    )
    parser.add_argument("--folds", type=int, help="models trained without the page's site, K folds")
    parser.add_argument(
        "--by-language", action="store_true", help="figures by language, not by kind of page"
    )
    parser.add_argument("--limit", type=int, help="pages per corpus, for a quick look")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    names = options.set.split(",")
    if unknown := set(names) - set(SETS):
        parser.error(f"unknown set {', '.join(sorted(unknown))}: use {', '.join(SETS)}")
    systems = options.systems.split(",") if options.systems else ["cleaner", *peers.NAMES]
    if unknown := set(systems) - {"cleaner", *peers.NAMES}:
        parser.error(f"unknown system {', '.join(sorted(unknown))}: use {', '.join(peers.NAMES)}")
    if options.corpora is None and (names != ["samples"] or options.samples is None):
        parser.error("--corpora DIR is needed; see benchmarks/README.md")

    cases = {
        name: read_cases(options.corpora, name, options.limit)
        for name in names
        if name != "samples"
    }
    folds = OutOfFold({}, None, {})
    if options.folds:
        folded = {name: cases[name] for name in cases if name in JUDGED or is_text(name)}
        folds = out_of_fold(folded, options.corpora, options.folds, options.jobs)
    trained: Model | None = None
    if options.train_on:
        kinds = sorted({"text" if is_text(name) else "html" for name in cases})
        trained = trained_on(options.train_on.split(","), options.corpora, kinds, options.jobs)

    report: dict[str, Any] = {"command": " ".join(["benchmarks/quality.py", *sys.argv[1:]])}
    if folds.calibration is not None:
        report["calibration_error"] = folds.calibration
        print(f"expected calibration error of the segments: {folds.calibration:.3f}")
    if folds.as_read:
        report["as_read"] = {
            corpus: {label: {"precision": c.precision, "recall": c.recall, "f1": c.f1}
                     for label, c in labels.items()}
            for corpus, labels in folds.as_read.items()
        }  # fmt: skip
        print(as_read_table(folds.as_read))
    for name in names:
        print(f"\n## {name}", flush=True)
        if name == "samples":
            report[name] = samples(options.samples or options.corpora.parent / name, options.model)
            print(samples_table(report[name]))
            continue
        kind = "text" if is_text(name) else "html"
        pages = [case.page for case in cases[name]]
        available = peers.installed(kind)
        made: dict[str, list[Output]] = {}
        for system in systems:
            if system == "cleaner":
                outputs = folds.outputs.get(name) or own_outputs(
                    kind, pages, trained or options.model, options.jobs
                )
            elif system in available:
                outputs = peers.outputs(system, kind, pages, options.jobs)
            elif system in peers.SYSTEMS[kind]:
                print(f"{system}: left out, not installed (pip install {peers.PACKAGES[system]})")
                continue
            else:
                continue  # a system for the other kind
            made[system] = outputs
        if name == LOSSES:
            report[name] = {system: losses(cases[name], found) for system, found in made.items()}
            print(losses_table(report[name]))
            continue
        by_system = {
            system: figures(cases[name], found, by_language=options.by_language)
            for system, found in made.items()
        }
        if by_system:
            print(tables(by_system))
        report[name] = {
            s: {group: asdict(f) for group, f in groups.items()} for s, groups in by_system.items()
        }
    if options.json:
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
