"""The output folder of a run, filled a unit at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cleaner.io import STDIN, Item, format_of
from cleaner.io.files import FolderWriter
from cleaner.io.record import AtomicFile, bare_name
from cleaner.rows import Options, Outcome
from cleaner.run.counts import Counts
from cleaner.run.manifest import Entry, Manifest, errors_file, numbered_texts
from cleaner.run.outputs import ErrorsFile, Writer, open_writer, writing
from cleaner.run.plan import Texts, Unit, replaced, units
from cleaner.run.pool import Pool, Task
from cleaner.run.progress import Progress
from cleaner.run.tasks import Skipped, tasks


class Folder:
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
            for task in pool.map(tasks(self._undone(), self._options, self._progress)):
                with writing(self._output):
                    self._store(task)
                self._progress.update(task.tag.position, self.counts.pages, self.counts.errors)
            with writing(self._output):
                self._drop_shards()
        finally:
            if self._current is not None:
                self._current.abort()

    def _undone(self) -> Iterator[Unit | Skipped]:
        """Units to do, in order, and in their places those that are done."""
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
                yield Skipped(size)

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
        name = source.path.name
        bare = bare_name(name)
        return f"{unit.name}{Path(bare).suffix}{name[len(bare) :]}"
    return f"{unit.name}.jsonl.gz"
