"""Units of a run: the inputs that go into one output, done whole or not at all."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path, PurePosixPath

from cleaner.io import FORMATS, STDIN, Source, format_of, sources
from cleaner.io.record import bare_name
from cleaner.run.manifest import ERRORS

SHARD = 1_000
"""Files of one page each that share an output."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Some inputs and the name of what is made of them."""

    label: str
    """What stays the same when a file changes: the absolute path of an archive, that of a folder
    and the number of the shard, those of pages named one by one."""
    name: str
    """Path of the output below its folder, without suffix."""
    sources: tuple[Source, ...]

    @property
    def holds_pages(self) -> bool:
        """Whether the inputs are pages, a file each, and not an archive of many."""
        path = self.sources[0].path
        return path is not None and format_of(path) in (None, FORMATS[0])

    def key(self) -> str:
        """Hash of path, size and modification time of all inputs; empty for standard input."""
        found = hashlib.sha256()
        for source in self.sources:
            if source.path is None:
                return ""
            try:
                facts = source.path.stat()
            except OSError:
                return ""
            path = source.path.resolve()
            found.update(
                f"{path}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode("utf-8", "replace")
            )
        return found.hexdigest()


def units(inputs: Iterable[str], taken: Mapping[str, str]) -> Iterator[Unit]:
    """Units in the order of their inputs; few of them are in memory at a time.

    Archives and tables make a unit each; of files with one page, `SHARD` in a row do.
    `taken` maps names to labels of earlier runs into the same folder.
    """
    inputs = list(inputs)
    names = _Names(taken)
    folders = [item != STDIN and Path(item).is_dir() for item in inputs]
    named = sources([item for item, folder in zip(inputs, folders, strict=True) if not folder])
    bases: dict[str, str] = {}
    for is_folder, run in groupby(zip(folders, inputs, strict=True), lambda pair: pair[0]):
        items = [item for _, item in run]
        if not is_folder:
            yield from _of_files(islice(named, len(items)), None, names)
            continue
        for item in items:
            folder = Path(item).resolve()
            found = sources([item])
            if len(inputs) > 1:  # pages of the same path in several folders
                base = _free(folder.name or "pages", str(folder), bases)
                found = (replace(one, target=f"{base}/{one.target}") for one in found)
            yield from _of_files(found, folder, names)


class _Names:
    """Names of outputs that are taken, and the number of shards of each folder."""

    def __init__(self, taken: Mapping[str, str]) -> None:
        # The reports of the run lie beside its outputs.
        self._labels = {"errors": "", "manifest": "", **taken}
        self._shards: Counter[Path | None] = Counter()

    def shard(self, folder: Path | None, pages: Iterable[Source]) -> Unit:
        """A unit of the next pages of a folder, or of pages that are named."""
        found = tuple(pages)
        number = self._shards[folder]
        self._shards[folder] += 1
        base = (folder.name if folder else "") or "pages"
        # A later run may name others, whose output must not replace this one.
        label = f"{folder}#{number}" if folder else "\n".join(str(_place(one)) for one in found)
        return Unit(label, _free(f"{base}-{number:05d}", label, self._labels), found)

    def archive(self, source: Source) -> Unit:
        """A unit of one file with many pages, or of standard input."""
        label, stem = STDIN, bare_name(source.name)
        path = PurePosixPath(source.name)
        if source.path is not None:
            label, stem = str(source.path.resolve()), PurePosixPath(bare_name(path.name)).stem
        if path.parts[0] == ERRORS:  # an earlier run's, as input
            path = PurePosixPath(ERRORS.lstrip("."), *path.parts[1:])
        return Unit(label, _free(str(path.with_name(stem)), label, self._labels), (source,))


def gone(labels: Iterable[str], seen: set[str], folders: set[str]) -> Iterator[str]:
    """Labels of pages that are gone, or in the units of other labels, which were `seen`.

    Only of pages, each a file; an archive stays, since raw pages are often removed to make room.
    """
    pages = {page for other in seen for page in other.split("\n")}
    for label in labels:
        folder, mark, number = label.rpartition("#")
        shard = mark and number.isdigit()
        if label not in seen and (
            folder in folders if shard else pages.issuperset(label.split("\n"))
        ):
            yield label


def _place(source: Source) -> Path | None:
    return source.path.resolve() if source.path is not None else None


def _of_files(found: Iterable[Source], folder: Path | None, names: _Names) -> Iterator[Unit]:
    pages: list[Source] = []
    for source in found:
        form = FORMATS[0] if source.path is None else format_of(source.path) or FORMATS[0]
        if source.path is None or form is not FORMATS[0]:
            yield names.archive(source)
        else:
            pages.append(source)
            if len(pages) == SHARD:
                yield names.shard(folder, pages)
                pages = []
    if pages:
        yield names.shard(folder, pages)


def _free(name: str, label: str, names: dict[str, str]) -> str:
    choice, number = name, 1
    while names.setdefault(choice, label) != label:
        number += 1
        choice = f"{name}-{number}"
    return choice
