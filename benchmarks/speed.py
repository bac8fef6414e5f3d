"""Speed of `cleaner` and of other systems: one process, one thread, in turn on each page.

    python benchmarks/speed.py --corpora DIR            HTML pages
    python benchmarks/speed.py --corpora DIR --text     plain text of about 6 KB

Pages are decoded beforehand, so every system gets the same `str`. Taking turns
on each page spreads what else the machine does over all systems alike; a figure
is the median of the rounds, its spread the smallest and the largest round.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Literal

import peers
from corpora import CORPORA, SHIPPED
from threadpoolctl import threadpool_limits

from cleaner.data.pages import read_pages
from cleaner.evaluate import format_table

TEXT_BYTES = range(4_000, 8_001)
"""Sizes of the plain texts of `--text`: about 6 KB, a typical crawl document."""

Task = Callable[[str], object]
Mode = Literal["html", "text"]


def read_documents(corpora: Path | None, mode: Mode, count: int) -> list[str]:
    """`count` pages, evenly spread, of wcxb, or of `training_data/` when `corpora` is None."""
    if corpora:
        pages = [peers.decoded(case.page) for case in CORPORA["wcxb"](corpora / "wcxb")]
    else:
        labelled = read_pages(SHIPPED)
        pages = [peers.decoded(page.page) for page in labelled if page.kind == "html"]
    if mode == "text":
        pages = [peers.render(page) for page in pages]
        if corpora:
            pages = [page for page in pages if len(page.encode()) in TEXT_BYTES]
    return pages[:: max(1, len(pages) // count)][:count]


def tasks(mode: Mode, model: Path | None) -> dict[str, Task]:
    """What is timed, by name; systems that are not installed are left out."""
    from cleaner.clean import Cleaner
    from cleaner.segment import segment

    cleaner = Cleaner.load(model) if model else Cleaner()
    timed: dict[str, Task] = {
        "cleaner": lambda page: cleaner.clean(page, kind=mode).text,
        "  segment alone": lambda page: segment(page, mode),
    }
    available = peers.installed(mode)
    if mode == "text":
        return timed | {
            name: peers.SYSTEMS[mode][name] for name in ("c4", "justext") if name in available
        }
    if "trafilatura" in available:
        import trafilatura

        timed["trafilatura"] = trafilatura.extract
    if "resiliparse" in available:
        timed["resiliparse"] = peers.resiliparse
    return timed


def measure(timed: dict[str, Task], pages: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Seconds that each task took for all pages, per round."""
    for task in timed.values():  # imports, caches and models that load on first use
        task(pages[0])
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    with threadpool_limits(1):
        for _ in range(rounds):
            spent = dict.fromkeys(timed, 0.0)
            for page in pages:
                for name, task in timed.items():
                    start = perf_counter()
                    task(page)
                    spent[name] += perf_counter() - start
            for name, total in spent.items():
                seconds[name].append(total)
    return seconds


def figures(seconds: dict[str, list[float]], pages: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Per task: ms per page, MB/s of UTF-8, and how many times as fast as trafilatura."""
    megabytes = sum(len(page.encode("utf-8", "surrogatepass")) for page in pages) / 1e6
    reference = seconds.get("trafilatura")
    report: dict[str, dict[str, Any]] = {}
    for name, rounds in seconds.items():
        typical = median(rounds)
        report[name.strip()] = {
            "ms_per_page": 1e3 * typical / len(pages),
            "ms_per_page_range": [1e3 * min(rounds) / len(pages), 1e3 * max(rounds) / len(pages)],
            "mb_per_second": megabytes / typical,
        }
        if reference:
            ratios = [theirs / mine for theirs, mine in zip(reference, rounds, strict=True)]
            report[name.strip()] |= {
                "times_as_fast_as_trafilatura": median(ratios),
                "times_as_fast_range": [min(ratios), max(ratios)],
            }
    return report


def table(report: dict[str, dict[str, Any]]) -> str:
    """One row a task."""

    def spread(values: list[float] | None) -> str | None:
        return f"{values[0]:.2f}–{values[1]:.2f}" if values else None

    return format_table(
        ["system", "ms/page", "spread", "MB/s", "× trafilatura", "spread"],
        [
            [
                name,
                f"{r['ms_per_page']:.2f}",
                spread(r["ms_per_page_range"]),
                f"{r['mb_per_second']:.1f}",
                f"{r['times_as_fast_as_trafilatura']:.2f}" if "times_as_fast_range" in r else None,
                spread(r.get("times_as_fast_range")),
            ]
            for name, r in report.items()
        ],
    )


def main() -> None:
    """Measure, print the table, write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--corpora", type=Path, help="folder that holds wcxb; default: training_data"
    )
    parser.add_argument("--text", action="store_true", help="plain text instead of HTML")
    parser.add_argument("--model", type=Path, help="model directory; default: the default model")
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()

    mode: Mode = "text" if options.text else "html"
    pages = read_documents(options.corpora, mode, options.pages)
    if not pages:
        parser.error("no pages found; name a folder that holds wcxb with --corpora")
    seconds = measure(tasks(mode, options.model), pages, options.rounds)
    report = figures(seconds, pages)
    characters = sum(map(len, pages)) / len(pages)
    print(f"{len(pages)} {mode} pages of {characters:,.0f} characters, {options.rounds} rounds\n")
    print(table(report))
    if options.json:
        command = " ".join(["benchmarks/speed.py", *sys.argv[1:]])
        report_with_command = {
            "command": command, "pages": len(pages), "characters_per_page": characters,
            "systems": report,
        }  # fmt: skip
        options.json.write_text(json.dumps(report_with_command, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
