"""A corpus through a cleaner on one machine: nothing lost, nothing done twice.

`run` fills a folder, an output for each input file, and can be killed and started again at
any time; `stream` writes one file or standard output. Both hand pages to a pool of worker
processes (`pool`) that a page may kill, and keep the order of the input.

    inputs     what goes in, and what may not
    plan       which inputs go into which output
    tasks      the pages in bundles
    folder     the output folder, a unit at a time
    pool       worker processes, and what happens when one dies
    outputs    what a unit is written to
    manifest   what is finished, and by which model and options
    progress   the bar, and the summary
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from cleaner import __version__, rows
from cleaner.clean import Cleaner, load_cleaner
from cleaner.errors import InputError
from cleaner.io import Item, listed, sources
from cleaner.io.record import AtomicFile
from cleaner.rows import Limits, Options, Outcome
from cleaner.run.counts import Counts
from cleaner.run.folder import Folder
from cleaner.run.inputs import keep_apart, keep_out, survey_of
from cleaner.run.manifest import Manifest, errors_file
from cleaner.run.outputs import (
    OUTPUTS,
    Writer,
    format_of_output,
    open_writer,
    packer,
    writing,
)
from cleaner.run.plan import Unit
from cleaner.run.pool import Pool
from cleaner.run.progress import Progress, table
from cleaner.run.tasks import tasks

__all__ = [
    "OUTPUTS",
    "Limits",
    "Options",
    "Progress",
    "format_of_output",
    "load_cleaner",
    "run",
    "stream",
    "table",
]


Load = Callable[[], Cleaner]


def run(
    inputs: str | Iterable[str],
    output: str | Path,
    options: Options | None = None,
    *,
    load: Load = load_cleaner,
    workers: int | None = None,
    attributes: Path | None = None,
    restart: bool = False,
    progress: Progress,
) -> dict[str, Any]:
    """Clean a corpus into a folder, and give back what is in its `run.json`.

    Args:
        inputs: one or several files, folders, or `-` for standard input.
        output: folder; it gets an output for each input file (for each thousand where a
            file is a page), `errors.jsonl`, `run.json` and `manifest.jsonl`.
        options: what decides the content of the outputs.
        load: makes the cleaner in each worker; picklable.
        workers: processes; one for each core if None. Outputs do not depend on it.
        attributes: folder for Dolma attribute files.
        restart: clean everything again, whatever `output` holds of an earlier run.
        progress: is told how far the run is.

    Raises:
        InputError: an input is missing, or lies where the output goes, or an option has a
            value that is not allowed.
        ModelError: the model cannot be loaded.
        RunError: `output` holds another run, cannot be written, or workers cannot start.
    """
    inputs, output = listed(inputs), Path(output)
    options = replace(options or Options(), attributes=attributes is not None)
    workers = _checked(options, workers)
    total = survey_of(inputs, progress)
    beside = [attributes] if attributes is not None else []
    keep_apart(inputs, [output, *beside])
    started = monotonic()
    with _pool(load, options, workers) as pool:
        identity = _identity(pool.info, options, attributes)
        with writing(output):
            manifest = Manifest(output, identity, beside=beside, restart=restart)
        folder = Folder(inputs, output, options, attributes, manifest, progress)
        finished = False
        try:
            progress.begin(total)
            folder.fill(pool)
            finished = True
        finally:
            progress.end()
            summary = _summary(
                manifest, identity, started, folder.counts, folder.skipped, workers, finished
            )
            if finished:
                with writing(output):
                    _write_reports(output, manifest, summary)
            else:  # the disk may be full, and the first error is the one to tell
                with suppress(OSError):
                    _write_reports(output, manifest, summary)
            manifest.close()
    return summary


def stream(
    inputs: str | Iterable[str],
    output: str | Path | Writer,
    options: Options | None = None,
    *,
    load: Load = load_cleaner,
    workers: int | None = None,
    failed: Callable[[str, str], None] = lambda place, reason: None,
    progress: Progress,
) -> Counts:
    """Clean pages into one file, which appears when it is whole, or to an open writer.

    Args:
        options: by default, the format that the name of the output tells.
        failed: is told place and reason of each page that failed.

    For the rest, and what is raised, see `run`.
    """
    inputs = listed(inputs)
    output = Path(output) if isinstance(output, str) else output
    if options is None:
        form = format_of_output(output) if isinstance(output, Path) else None
        options = Options(format=form) if form else Options()
    workers = _checked(options, workers)
    total = survey_of(inputs, progress)
    if isinstance(output, Path):
        keep_out(inputs, output)
    counts = Counts()
    with _pool(load, options, workers) as pool:
        unit = Unit("", "", tuple(sources(inputs)))
        progress.begin(total)
        if isinstance(output, Path):
            with writing(output):
                writer = open_writer(output, options, unit.sources)
        else:
            writer = output
        try:
            for task in pool.map(tasks([unit], options, progress)):
                _, read, position = task.tag
                with writing(output):
                    for item, outcome in zip(task.items, task.results, strict=True):
                        counts.add(outcome)
                        if outcome.packed is not None:
                            writer.write(outcome.packed, "")
                        if outcome.status == "error":
                            progress.end()
                            failed(_place(item), outcome.error or "")
                progress.update(position, counts.pages, counts.errors)
                if read is not None:
                    counts.check(read, str(output))
            with writing(output):
                writer.commit()
        except BaseException:
            writer.abort()
            raise
        finally:
            progress.end()
    return counts


def _checked(options: Options, workers: int | None) -> int:
    """The number of workers. Raises InputError for it or an option that can be none."""
    if options.format not in OUTPUTS:
        raise InputError(f"format {options.format!r}: give one of {', '.join(OUTPUTS)}")
    rows.check_options(options)
    if workers is not None and workers < 1:
        raise InputError(f"workers {workers}: give a number of 1 or more, None for one a core")
    return workers or _cores()


def _identity(model: Any, options: Options, attributes: Path | None) -> dict[str, Any]:
    """What a run that goes on with another must have in common with it."""
    identity = {
        "cleaner": __version__,
        "model": model,
        "options": json.loads(json.dumps(options.to_dict())),  # as they will be read again
    }
    if attributes is not None:
        identity["options"]["attributes"] = str(attributes.resolve())
    return identity


def _pool(load: Load, options: Options, workers: int) -> Pool[Item, Outcome]:
    pack = packer(options.format)
    pool: Pool[Item, Outcome] = Pool(
        partial(rows.setup, load, options, pack),
        workers,
        limits=options.limits,
        give_up=lambda item, why: item._replace(error=why),
        lost=lambda item, why: rows.Outcomes(options, pack, pool.info).lost(item, why),
    )
    return pool


def _summary(
    manifest: Manifest,
    identity: dict[str, Any],
    started: float,
    now: Counts,
    skipped: int,
    workers: int,
    finished: bool,
) -> dict[str, Any]:
    total = Counts()
    for entry in manifest.entries.values():
        total.merge(entry.counts)
    seconds = monotonic() - started
    return {
        **identity,
        "finished": finished,
        "outputs": len(manifest.entries),
        **total.to_dict(),
        "this_run": {
            "pages": now.pages,
            "skipped": skipped,
            "seconds": round(seconds, 1),
            "pages_per_second": round(now.pages / max(seconds, 1e-9), 2),
            "workers": workers,
        },
    }


def _write_reports(folder: Path, manifest: Manifest, summary: dict[str, Any]) -> None:
    """`errors.jsonl`, by name of output, and `run.json`."""
    file = AtomicFile(folder / "errors.jsonl")
    try:
        for name in sorted(manifest.entries):
            if manifest.entries[name].counts.errors:
                with (folder / errors_file(name)).open("rb") as errors:
                    shutil.copyfileobj(errors, file.stream)
    except BaseException:
        file.abort()
        raise
    file.commit()
    report = AtomicFile(folder / "run.json")
    report.write(
        json.dumps(summary, indent=1, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    )
    report.commit()


def _place(item: Item) -> str:
    return f"{item.input}, {item.position}" if item.position else item.input


def _cores() -> int:
    with suppress(AttributeError):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
