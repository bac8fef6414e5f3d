"""Corpus runs: what two workers gain, what the runner costs, memory, kills, and others.

    python benchmarks/runs.py speed              two workers against one, and bare clean_many
    python benchmarks/runs.py memory             peak memory, 10,000 against 200,000 documents
    python benchmarks/runs.py kills --times 50   SIGKILL at random moments, then resumed
    python benchmarks/runs.py joblib             what joblib does with a page that kills or hangs
    python benchmarks/runs.py compare            trafilatura's and datatrove's runners, broken files

Corpora are made of `training_data/`, in a temporary folder. `speed` takes the runner and
`clean_many` in turn, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TRAINING_DATA = ROOT / "training_data"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def pages(suffix: str) -> list[str]:
    """Pages of `training_data/`."""
    return [path.read_text("utf-8") for path in sorted(TRAINING_DATA.glob(f"*{suffix}"))]


def write_jsonl(path: Path, texts: Iterator[str] | list[str], column: str) -> int:
    """A file of JSON lines; gives back how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = 0
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts, 1):
            file.write(json.dumps({"id": f"{path.stem}-{number}", column: text}) + "\n")
    return number


def mixed(folder: Path, copies: int) -> int:
    """HTML and plain text, a few thousand pages in a few files; gives back how many."""
    total = 0
    for part in range(4):
        total += write_jsonl(folder / f"text{part}.jsonl", pages(".txt") * copies, "text")
        total += write_jsonl(folder / f"html{part}.jsonl", pages(".html") * copies, "html")
    return total


def command(*arguments: object) -> list[str]:
    """The command line of a run."""
    return [sys.executable, "-m", "cleaner", "clean", *map(str, arguments), "--quiet"]


def timed(call: Callable[[], object]) -> float:
    """Seconds of wall clock."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def run(*arguments: object) -> None:
    """A run that must succeed."""
    subprocess.run(command(*arguments), check=True, env=ENVIRONMENT)


def tree(folder: Path) -> dict[str, bytes]:
    """All files whose bytes must not depend on how the run went."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("run.json", "manifest.jsonl")
    }


BARE = """
import json, sys, time
from pathlib import Path
from cleaner.clean import Cleaner
cleaning, total = Cleaner(), 0.0
rows = [json.loads(line) for file in sorted(Path(sys.argv[1]).glob("*.jsonl"))
        for line in file.open(encoding="utf-8")]
pages = [row.get("html") or row["text"] for row in rows]
for result in cleaning.clean_many(pages[:3]):
    result.language
begin = time.perf_counter()
for result in cleaning.clean_many(pages):
    if sys.argv[2] == "language":
        result.language
print(time.perf_counter() - begin)
"""
"""`clean_many` in one process, without and with the language that rows carry."""


def bare(folder: Path, language: bool) -> float:
    """Seconds of `clean_many` over all pages, loading left out."""
    arguments = [sys.executable, "-c", BARE, str(folder), "language" if language else "none"]
    done = subprocess.run(arguments, check=True, env=ENVIRONMENT, capture_output=True, text=True)
    return float(done.stdout)


def speed(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Two workers against one, and the runner against `clean_many`, in turn."""
    total = mixed(work / "docs", options.copies)
    (work / "one").mkdir()
    write_jsonl(work / "one" / "a.jsonl", pages(".txt")[:1], "text")
    seconds: dict[str, list[float]] = {}
    calls: dict[str, Callable[[Path], float]] = {
        "start": lambda out: timed(lambda: run(work / "one", "-o", out, "--workers", 1)),
        "clean_many": lambda out: bare(work / "docs", language=False),
        "clean_many, language": lambda out: bare(work / "docs", language=True),
        "one worker, no language": lambda out: timed(
            lambda: run(work / "docs", "-o", out, "--workers", 1, "--no-language")
        ),
        "one worker": lambda out: timed(lambda: run(work / "docs", "-o", out, "--workers", 1)),
        "two workers": lambda out: timed(lambda: run(work / "docs", "-o", out, "--workers", 2)),
    }
    for number in range(options.rounds):
        for name, call in calls.items():
            out = work / f"out-{number}-{name.replace(' ', '-')}"
            seconds.setdefault(name, []).append(call(out))
            print(f"{name:22} {seconds[name][-1]:7.2f} s", file=sys.stderr)
    start = median(seconds["start"])

    def ratio(above: str, below: str, *, started: bool) -> float:
        """Median over the rounds; loading is left out where `started`."""
        pairs = zip(seconds[above], seconds[below], strict=True)
        return median((a - start) / (b - start * started) for a, b in pairs)

    return {
        "pages": total,
        "seconds": seconds,
        "two_workers_over_one": ratio("one worker", "two workers", started=True),
        "cost_over_clean_many": ratio("one worker, no language", "clean_many", started=False) - 1,
        "cost_over_clean_many_and_language": ratio(
            "one worker", "clean_many, language", started=False
        )
        - 1,
    }


def peak(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """Largest sums of memory of a process group while it lives, in MB.

    `pss` shares what processes share among them; `supervisor` is the first one alone.
    """
    most = {"pss": 0, "supervisor": 0}
    while process.poll() is None:
        group = [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and _group(int(entry.name)) == process.pid
        ]
        most["pss"] = max(most["pss"], sum(_pss(member) for member in group))
        most["supervisor"] = max(most["supervisor"], _pss(process.pid))
        time.sleep(0.2)
    return {name: kilobytes // 1024 for name, kilobytes in most.items()}


def _group(process: int) -> int:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return 0


def _pss(process: int) -> int:
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def memory(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Peak memory of the whole group for few and many documents, small ones."""
    noise = random.Random(0)
    words = " ".join(pages(".txt")).split()
    found: dict[str, Any] = {}
    for form in options.formats:
        for count in options.documents:
            texts = (" ".join(noise.choices(words, k=15)) for _ in range(count))
            docs = work / f"docs{count}"
            if not docs.exists():
                write_jsonl(docs / "a.jsonl", texts, "text")
            arguments = (
                docs,
                "-o",
                work / f"out{count}-{form.partition('.')[0]}",
                "--workers",
                2,
                "--format",
                form,
                "--no-language",
            )
            process = subprocess.Popen(command(*arguments), env=ENVIRONMENT, start_new_session=True)
            found[f"{form}, {count:,} documents"] = peak(process)
            assert process.returncode == 0
            print(form, count, found[f"{form}, {count:,} documents"], file=sys.stderr)
    return found


def kills(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """SIGKILL to the whole group at random moments, resumed with other numbers of workers."""
    mixed(work / "docs", options.copies)
    for path in sorted(TRAINING_DATA.glob("en-*.html")):
        shutil.copy(path, work / "docs" / path.name)
    for path in (work / "docs").glob("html*.jsonl"):
        packed = path.with_name(f"{path.name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    moments = random.Random(options.seed)
    lasts = timed(lambda: run(work / "docs", "-o", work / "whole", "--workers", 1))
    whole = tree(work / "whole")
    identical, killed = 0, 0
    for number in range(options.times):
        out = work / "out"
        shutil.rmtree(out, ignore_errors=True)
        for tries in range(20):
            workers = moments.randint(1, 3)
            process = subprocess.Popen(
                command(work / "docs", "-o", out, "--workers", workers),
                env=ENVIRONMENT, start_new_session=True, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            try:
                # The first try of each is always killed; later ones may come to their end.
                process.wait(moments.uniform(0, lasts if tries else 0.9 * lasts))
                break
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                killed += 1
        else:
            run(work / "docs", "-o", out, "--workers", moments.randint(1, 3))
        identical += tree(out) == whole
        print(f"{number + 1}: {killed} kills, {identical} identical", file=sys.stderr)
    return {"runs": options.times, "kills": killed, "identical": identical, "seconds": lasts}


def kill_or_hang(what: str) -> str:
    """A page of the joblib comparison."""
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "hang":
        time.sleep(20)
    return what


def compare_joblib(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """How many of 100 pages joblib and `concurrent.futures` give back when one kills, or hangs."""
    from joblib import Parallel, delayed

    texts = ["fine"] * 100
    texts[50] = "kill"
    found: dict[str, Any] = {}

    def counted(name: str, results: Iterator[str]) -> None:
        count = 0
        try:
            for count, _ in enumerate(results, 1):  # noqa: B007
                pass
            found[name] = f"{count} of 100 pages"
        except Exception as error:  # whatever they raise is the finding
            found[name] = f"{count} of 100 pages, then {type(error).__name__}"

    parallel = Parallel(n_jobs=2, return_as="generator")
    counted("joblib, a page that kills", parallel(delayed(kill_or_hang)(text) for text in texts))
    with ProcessPoolExecutor(2) as pool:
        counted("concurrent.futures, a page that kills", pool.map(kill_or_hang, texts))
    texts[50] = "hang"
    parallel = Parallel(n_jobs=2, return_as="generator", timeout=3)
    begin = time.perf_counter()
    counted(
        "joblib with timeout=3, a page of 20 s",
        parallel(delayed(kill_or_hang)(text) for text in texts),
    )
    found["seconds of that"] = round(time.perf_counter() - begin, 1)
    return found


DATATROVE = """
import sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
docs, out, tasks = sys.argv[1], sys.argv[2], int(sys.argv[3])
LocalPipelineExecutor(
    pipeline=[
        JsonlReader(docs, text_key="html", id_key="id"),
        Trafilatura(timeout=10),
        JsonlWriter(out),
    ],
    tasks=tasks, workers=tasks, logging_dir=out + "-logs",
).run()
"""


_PATIENCE = 300
"""Seconds; datatrove's executor was once seen to wait for ever after an exception."""


def broken_corpus(folder: Path, copies: int) -> int:
    """The same pages as JSON lines in eight files (some of them broken) and as a folder of HTML."""
    # Each page has words of its own: trafilatura names its outputs by their longer words.
    html = [
        page.replace("</p>", f" Copy{number:06d}.</p>")
        for number in range(copies)
        for page in pages(".html")
    ]
    size = -(-len(html) // 6)
    for part in range(6):
        write_jsonl(
            folder / "jsonl" / f"{part}.jsonl", html[part * size : (part + 1) * size], "html"
        )
    whole = (folder / "jsonl" / "0.jsonl").read_bytes()
    for part in range(6):
        path = folder / "jsonl" / f"{part}.jsonl"
        (folder / "jsonl" / f"{part}.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    packed = gzip.compress(whole)
    (folder / "jsonl" / "6-cut.jsonl.gz").write_bytes(packed[: len(packed) * 2 // 3])
    lines = whole.splitlines(keepends=True)
    lines[len(lines) // 2] = b'{"id": "x", "html": "caf\xe9"}\n{"id": broken\n'
    (folder / "jsonl" / "7-lines.jsonl.gz").write_bytes(gzip.compress(b"".join(lines)))
    (folder / "html").mkdir()
    for number, page in enumerate(html):
        (folder / "html" / f"{number:05d}.html").write_text(page, "utf-8")
    (folder / "html" / "00001-noise.html").write_bytes(random.Random(0).randbytes(20_000))
    (folder / "html" / "00002-empty.html").touch()
    return len(html)


def compare(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """trafilatura's and datatrove's runners and ours, on the same pages, two processes each."""
    total = broken_corpus(work, options.copies)
    found: dict[str, Any] = {"pages": total}

    def note(name: str, arguments: list[str], count: Callable[[], int], pages_in: int) -> None:
        begin = time.perf_counter()
        try:
            done = subprocess.run(
                arguments, env=ENVIRONMENT, capture_output=True, text=True, timeout=_PATIENCE
            )
            status, last = done.returncode, " ".join(done.stderr.strip().splitlines()[-1:])[-200:]
        except subprocess.TimeoutExpired:
            status, last = None, f"stopped after {_PATIENCE} s"
        seconds = time.perf_counter() - begin
        found[name] = {
            "status": status,
            "seconds": round(seconds, 1),
            "pages_out": count(),
            "pages_per_second": round(pages_in / seconds, 1),
            "last_words": last,
        }
        print(name, found[name], file=sys.stderr)

    def texts(folder: Path) -> Callable[[], int]:
        return lambda: sum(path.stat().st_size > 1 for path in folder.rglob("*.txt"))

    def lines(folder: Path) -> Callable[[], int]:
        def count() -> int:
            total = 0
            for path in folder.rglob("*.jsonl.gz"):
                try:
                    total += len(gzip.decompress(path.read_bytes()).splitlines())
                except (OSError, EOFError):
                    print(f"{path.name} cannot be read", file=sys.stderr)
            return total

        return count

    ours = [*command("--workers", 2)]
    note("cleaner, folder of HTML", [*ours, str(work / "html"), "-o", str(work / "our-html"),
         "--format", "txt"], texts(work / "our-html"), total)  # fmt: skip
    note("trafilatura --parallel, folder of HTML",
         [sys.executable, "-m", "trafilatura.cli", "--input-dir", str(work / "html"),
          "--output-dir", str(work / "their-html"), "--parallel", "2"],
         texts(work / "their-html"), total)  # fmt: skip
    note("cleaner, JSON lines", [*ours, str(work / "jsonl"), "-o", str(work / "our-jsonl")],
         lines(work / "our-jsonl"), total)  # fmt: skip
    if options.datatrove:
        note("datatrove (trafilatura), JSON lines",
             [options.datatrove, "-c", DATATROVE, str(work / "jsonl"), str(work / "their-jsonl"),
              "2"], lines(work / "their-jsonl"), total)  # fmt: skip
    summary = json.loads((work / "our-jsonl" / "run.json").read_text())
    found["cleaner's errors, JSON lines"] = summary["errors"]
    return found


def main() -> None:
    """Measure, print, write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=("speed", "memory", "kills", "joblib", "compare"))
    parser.add_argument("--copies", type=int, default=4, help="of the pages, in each of 4 files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--documents", type=int, nargs="+", default=[10_000, 200_000])
    parser.add_argument("--formats", nargs="+", default=["jsonl.gz"])
    parser.add_argument("--datatrove", help="Python of an environment that holds datatrove")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    measure = {
        "speed": speed, "memory": memory, "kills": kills, "joblib": compare_joblib,
        "compare": compare,
    }[options.what]  # fmt: skip
    with tempfile.TemporaryDirectory() as work:
        figures = measure(options, Path(work))
    print(json.dumps(figures, indent=1))
    if options.json:
        report = {"command": " ".join(["benchmarks/runs.py", *sys.argv[1:]]), **figures}
        options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
