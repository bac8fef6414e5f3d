"""A corpus through a cleaner on one machine: nothing lost, nothing done twice.

`run` fills a folder, an output for each input file, and can be killed and started again at
any time; `stream` writes one file or standard output. Both hand pages to a pool of worker
processes (`pool`) that a page may kill, and keep the order of the input.

    plan       which inputs go into which output
    pool       worker processes, and what happens when one dies
    outputs    what a unit is written to
    manifest   what is finished, and by which model and options
    progress   the bar, and the summary
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from time import monotonic
from typing import Any

from cleaner import __version__, rows
from cleaner.clean import Cleaner, load_cleaner
from cleaner.errors import InputError, RunError
from cleaner.io import (
    STDIN,
    Item,
    Source,
    format_of,
    items,
    left_out,
    listed,
    sources,
    survey,
)
from cleaner.io.files import FolderWriter
from cleaner.io.record import AtomicFile, packing
from cleaner.rows import Limits, Options, Outcome
from cleaner.run.counts import Counts
from cleaner.run.manifest import Entry, Manifest, errors_file, numbered_texts
from cleaner.run.outputs import (
    OUTPUTS,
    ErrorsFile,
    Writer,
    format_of_output,
    open_writer,
    packer,
)
from cleaner.run.plan import Texts, Unit, replaced, units
from cleaner.run.pool import Pool, Task
from cleaner.run.progress import Progress, table

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

_MAX_KINDS = 5
"""Kinds of files of which it is said that they are left out."""
_ROWS_TO_TELL = 100
"""Rows of a file that its columns are told by: the first ones may have no page."""

Load = Callable[[], Cleaner]

_TASK_PAGES, _TASK_BYTES = 64, 1 << 20
"""A worker gets so many pages at a time: enough that a message costs nothing beside them."""


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
    total = _survey(inputs, progress)
    beside = [attributes] if attributes is not None else []
    _keep_apart(inputs, [output, *beside])
    started = monotonic()
    with _pool(load, options, workers) as pool:
        identity = _identity(pool.info, options, attributes)
        with _writing(output):
            manifest = Manifest(output, identity, beside=beside, restart=restart)
        folder = _Folder(inputs, output, options, attributes, manifest, progress)
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
                with _writing(output):
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
    total = _survey(inputs, progress)
    if isinstance(output, Path):
        _keep_out(inputs, output)
    counts = Counts()
    with _pool(load, options, workers) as pool:
        unit = Unit("", "", tuple(sources(inputs)))
        progress.begin(total)
        if isinstance(output, Path):
            with _writing(output):
                writer = open_writer(output, options, unit.sources)
        else:
            writer = output
        try:
            for task in pool.map(_tasks([unit], options, progress)):
                _, read, position = task.tag
                with _writing(output):
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
            with _writing(output):
                writer.commit()
        except BaseException:
            writer.abort()
            raise
        finally:
            progress.end()
    return counts


def _survey(inputs: Sequence[str], progress: Progress) -> int:
    """Bytes of all inputs; says what is passed over in their folders."""
    total = survey(inputs)
    if others := left_out(inputs):
        some = others.most_common(_MAX_KINDS)
        told = [f"{kind} ({count:,})" for kind, count in some]
        if rest := others.total() - sum(count for _, count in some):
            told.append(f"others ({rest:,})")
        progress.say(f"left out: {', '.join(told)}; name a file to have it read")
    return total


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


class _Folder:
    """The output folder of a run: which units are not in it yet, and the one being written."""

    def __init__(
        self, inputs: Sequence[str], output: Path, options: Options, attributes: Path | None,
        manifest: Manifest, progress: Progress,
    ) -> None:  # fmt: skip
        self._inputs, self._output, self._options = inputs, output, options
        self._attributes, self._manifest, self._progress = attributes, manifest, progress
        self._given = {str(Path(item).resolve()) for item in inputs if item != STDIN}
        self._texts: Texts | None = None
        if options.format == "txt":
            self._texts = Texts(manifest.entries.values(), self._given)
        self._seen: dict[str, set[str]] = {}  # names of units by label
        self._begun: dict[str, tuple[str, list[str]]] = {}  # key and files by name
        self._current: _UnitOutput | None = None
        self.counts = Counts()
        """Of this run."""
        self.skipped = 0
        """Units that an earlier run has done."""

    def fill(self, pool: Pool[Item, Outcome]) -> None:
        """Do what is not done, and remove what is of pages that are gone."""
        try:
            for task in pool.map(_tasks(self._undone(), self._options, self._progress)):
                _, _, position = task.tag
                with _writing(self._output):
                    self._store(task)
                self._progress.update(position, self.counts.pages, self.counts.errors)
            with _writing(self._output):
                self._drop_shards()
        finally:
            if self._current is not None:
                self._current.abort()

    def _undone(self) -> Iterator[Unit | int]:
        """Units to do, in order; in place of each that is done, the bytes of its inputs."""
        taken = {entry.name: entry.label for entry in self._manifest.entries.values()}
        for unit in units(self._inputs, taken):
            # Of the inputs before they are read: a change after that is done again.
            key = unit.key()
            self._seen.setdefault(unit.label, set()).add(unit.name)
            files = self._files(unit)
            if self._manifest.find(unit.name, key, files) is None:
                self._begun[unit.name] = key, files
                yield unit
            else:
                size = sum(source.size for source in unit.sources)
                self._progress.skip(size)
                self.skipped += 1
                yield size

    def _files(self, unit: Unit) -> list[str]:
        """Where the outputs of a unit go; its attributes are the last."""
        if self._texts is not None:
            files = self._texts.of(unit)
        else:
            files = [f"{unit.name}.{self._options.format}"]
        if self._attributes is not None:
            files.append(str((self._attributes / _attributes_name(unit)).resolve()))
        return files

    def _store(self, task: Task[Item, Outcome]) -> None:
        """Write what became of some pages of a unit, which is finished with the last of them."""
        unit, read, _ = task.tag
        if self._current is None:
            self._current = self._begin(unit)
        for item, outcome in zip(task.items, task.results, strict=True):
            self._current.add(item, outcome)
            self.counts.add(outcome)
        if read is not None:
            self._manifest.add(self._current.finish(read))
            self._current = None

    def _begin(self, unit: Unit) -> _UnitOutput:
        key, files = self._begun.pop(unit.name)
        if self._texts is not None:
            self._manifest.begin(unit.name, files)
        return _UnitOutput(unit, key, files, self._output, self._options)

    def _drop_shards(self) -> None:
        """Forget shards of pages that are gone, or in other outputs now."""
        dropped = [
            entry
            for entry in self._manifest.entries.values()
            if (
                entry.name not in self._seen[entry.label]
                if entry.label in self._seen
                else replaced(entry.label, self._given)
            )
        ]
        for entry in dropped:
            self._progress.say(f"{entry.name}: its pages are gone, or in other outputs; removed")
        self._manifest.settle(dropped)


class _UnitOutput:
    """What is written for one unit, in place only when all of it is."""

    def __init__(
        self, unit: Unit, key: str, files: list[str], folder: Path, options: Options
    ) -> None:
        self._unit, self._key, self._files = unit, key, files
        self._counts = Counts()
        self._errors = ErrorsFile(folder / errors_file(unit.name))
        self._attributes: AtomicFile | None = None
        self._target: Callable[[Item, int], str] = lambda item, number: ""
        if options.format == "txt":
            self._writer: Writer = FolderWriter(folder)
            self._target = _targets(unit, files)
        else:
            self._writer = open_writer(folder / files[0], options, unit.sources)
        try:
            if options.attributes:
                self._attributes = AtomicFile(Path(files[-1]))
        except BaseException:
            self.abort()
            raise

    def add(self, item: Item, outcome: Outcome) -> None:
        """Store what became of a page."""
        if outcome.packed is not None:
            target = self._target(item, self._counts.pages + 1)
            self._writer.write(outcome.packed, target)
        if outcome.status == "error":
            self._errors.write(item, outcome)
        if outcome.refused:  # without a key, the next run does the unit again
            self._key = ""
        if self._attributes is not None and outcome.attributes is not None:
            self._attributes.write(outcome.attributes)
        self._counts.add(outcome)

    def finish(self, read: int) -> Entry:
        """Put the files in place, after making sure that all `read` pages are accounted for."""
        self._counts.check(read, self._unit.name)
        self._writer.commit()
        if self._attributes is not None:
            self._attributes.commit()
        self._errors.commit()
        if isinstance(self._writer, FolderWriter):
            self._files = self._texts(self._writer)
        unit = self._unit
        return Entry(unit.name, unit.label, self._key, tuple(self._files), self._counts)

    def _texts(self, writer: FolderWriter) -> list[str]:
        """Of the files, those that came to be; texts of an earlier try with more pages go."""
        written = set(writer.targets)
        for folder in self._files:
            if folder.endswith("/"):
                for text in numbered_texts(writer.folder / folder):
                    if f"{folder}{text.name}" not in written:
                        text.unlink()
        written |= {f"{target.rpartition('/')[0]}/" for target in writer.targets}
        return [file for file in self._files if file in written or Path(file).is_absolute()]

    def abort(self) -> None:
        """Leave no part of a file behind."""
        self._writer.abort()
        self._errors.abort()
        if self._attributes is not None:
            self._attributes.abort()


def _tasks(
    found: Iterable[Unit | int], options: Options, progress: Progress
) -> Iterator[Task[Item, Outcome]]:
    """Pages of units in bundles. A task's tag: unit, pages read if it is the last, bytes read.

    A number stands for bytes of inputs that are passed over.
    """
    behind = 0
    told = ""
    for unit in found:
        if isinstance(unit, int):
            behind += unit
            continue
        bundle: list[Item] = []
        size = read = 0
        position = behind
        for source in unit.sources:
            told = _tell_columns(source, options, progress, told)
            for item in items(source):
                bundle.append(item)
                read += 1
                size += item.size
                position = behind + item.read
                if len(bundle) == _TASK_PAGES or size >= _TASK_BYTES:
                    yield Task((unit, None, position), bundle, size)
                    bundle, size = [], 0
            behind += source.size
        if bundle:
            yield Task((unit, None, position), bundle, size)
        yield Task((unit, read, behind), ())


def _tell_columns(source: Source, options: Options, progress: Progress, told: str) -> str:
    """Say which columns are read as what, when that changes."""
    form = format_of(source.path) if source.path is not None else None
    if form is None or form.rows is None:
        return told
    some = islice(form.rows(source), _ROWS_TO_TELL)
    first = next(some, None)
    if first is None:
        return told
    row = next(filter(options.columns.has_page, chain([first], some)), first)
    found = options.columns.found(row)
    if found != told:
        progress.say(f"{source.name}: {found}")
    return found


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


def _targets(unit: Unit, files: list[str]) -> Callable[[Item, int], str]:
    """Names of text files: a page's own, or its number in the folder of its archive."""
    if unit.holds_pages:
        # By path: files of several folders may have the same name.
        names = {str(source.path): file for source, file in zip(unit.sources, files, strict=False)}
        return lambda item, number: names[item.raw]
    return lambda item, number: f"{files[0]}{number:07d}.txt"


def _attributes_name(unit: Unit) -> str:
    """Like its documents, where they are JSON lines: Dolma finds one by the other."""
    source = unit.sources[0]
    form = format_of(source.path) if source.path is not None else None
    if form is not None and form.name == "jsonl" and source.path is not None:
        bare = source.path.name.removesuffix(packing(source.path))
        return f"{unit.name}{Path(bare).suffix}{packing(source.path)}"
    return f"{unit.name}.jsonl.gz"


def _keep_apart(inputs: Iterable[str], outputs: Sequence[Path]) -> None:
    """Outputs among the pages would overwrite some, and be read as pages the next time."""
    targets = [_real(output) for output in outputs]
    if len(set(targets)) < len(targets):
        raise InputError(f"{outputs[0]} cannot hold both outputs and attributes; name two folders")
    for output, target in zip(outputs, targets, strict=True):
        for item in inputs:
            path = Path(item).resolve()
            inside = path in (target, *target.parents) if path.is_dir() else path.parent == target
            if item != STDIN and inside:
                raise InputError(f"{output} holds the pages to read; choose another folder")
        if output.exists() and not output.is_dir():
            raise InputError(f"{output} is a file; choose another name for the folder")


def _real(path: Path) -> Path:
    """The path without links; `Path.resolve` raises for one that leads to itself."""
    return Path(os.path.realpath(path))


def _keep_out(inputs: Iterable[str], output: Path) -> None:
    """A file that is an input would be lost; one among the pages, read as pages the next time."""
    if output.exists():
        for source in sources(inputs):
            # 0: what a shell reads standard input from, as in `cleaner clean - < FILE`.
            if os.path.samefile(0 if source.path is None else source.path, output):
                raise InputError(f"{output} holds the pages to read; choose another name")
    for item in inputs:
        if item != STDIN and Path(item).is_dir() and Path(item).resolve() in _real(output).parents:
            raise InputError(f"{output} lies among the pages to read; write it somewhere else")


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


@contextmanager
def _writing(output: Path | Writer) -> Iterator[None]:
    """Says of an error in writing what to do."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if not isinstance(output, Path):
            raise RunError(f"standard output: {error.strerror or error}") from error
        raise RunError(
            f"{error.filename or output}: {error.strerror or error}; make it writable, or make "
            "room, and run the same command again: what is finished is kept"
        ) from error


def _place(item: Item) -> str:
    return f"{item.input}, {item.position}" if item.position else item.input


def _cores() -> int:
    with suppress(AttributeError):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
