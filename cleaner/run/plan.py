"""Units of a run: the inputs that go into one output, done whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cleaner.io import FORMATS, STDIN, Source, format_of, sources
from cleaner.io.record import bare_name

SHARD = 1_000
"""Files of one page each that share an output."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Some inputs and the name of what is made of them."""

    label: str
    """What stays the same when a file changes: the absolute path, and the number of the shard."""
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
    names = dict(taken)
    named: list[Source] = []
    for item in inputs:
        if item != STDIN and Path(item).is_dir():
            yield from _of_files(named, Path("pages"), names)
            named = []
            folder = Path(item).resolve()
            yield from _of_files(sources([item]), folder, names)
        else:
            named += sources([item])
    yield from _of_files(named, Path("pages"), names)


def _of_files(found: Iterable[Source], folder: Path, names: dict[str, str]) -> Iterator[Unit]:
    pages: list[Source] = []
    shard = 0
    base = folder.name or "pages"

    def flush() -> Unit:
        nonlocal pages, shard
        label = f"{folder}#{shard}"
        unit = Unit(label, _free(f"{base}-{shard:05d}", label, names), tuple(pages))
        pages, shard = [], shard + 1
        return unit

    for source in found:
        form = FORMATS[0] if source.path is None else format_of(source.path) or FORMATS[0]
        if source.path is None or form is not FORMATS[0]:
            label = str(source.path.resolve()) if source.path is not None else STDIN
            name = PurePosixPath(source.name)
            stem = bare_name(name.name)
            stem = PurePosixPath(stem).stem if source.path is not None else stem
            yield Unit(label, _free(str(name.with_name(stem)), label, names), (source,))
        else:
            pages.append(source)
            if len(pages) == SHARD:
                yield flush()
    if pages:
        yield flush()


def _free(name: str, label: str, names: dict[str, str]) -> str:
    choice, number = name, 1
    while names.setdefault(choice, label) != label:
        number += 1
        choice = f"{name}-{number}"
    return choice
