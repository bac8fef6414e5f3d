"""Units of a run: the inputs that go into one output, done whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from itertools import chain, count, groupby, islice
from pathlib import Path, PurePosixPath

from cleaner.io import STDIN, Source, is_page, sources
from cleaner.io.record import MAX_NAME, bare_name
from cleaner.run.manifest import ERRORS, Entry
from cleaner.run.manifest import NAME as MANIFEST
from cleaner.run.outputs import OUTPUTS

SHARD = 1_000
"""Files of one page each that share an output."""
_ROOM = MAX_NAME - len(".jsonl.zst")
"""Bytes of an output's name without its suffix."""
_DIGITS = 8
"""Of the hash in a name that is cut, and as many at most of the number behind one."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Some inputs and the name of what is made of them."""

    label: str
    """What stays the same when a file changes: the absolute path of an archive, that of a folder
    and the number of the shard, those of pages named one by one. Each pipe has one of its own."""
    name: str
    """Path of the output below its folder, without suffix."""
    sources: tuple[Source, ...]

    @property
    def holds_pages(self) -> bool:
        """Whether the inputs are pages, a file each, and not an archive of many."""
        return is_page(self.sources[0])

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
                base = _free(folder.name or "pages", _owned(bases, str(folder)))
                found = (replace(one, target=f"{base}/{one.target}") for one in found)
            yield from _of_files(found, folder, names)


class _Names:
    """Names of outputs that are taken, and the number of shards of each folder."""

    def __init__(self, taken: Mapping[str, str]) -> None:
        # The reports of the run lie beside its outputs.
        reports = (*_files("errors"), *_files("manifest"))
        self._owners: dict[str, str] = dict.fromkeys(reports, _RUN)
        """Of the files that outputs may be, and of the folders that they lie in."""
        self._earlier: dict[str, list[str]] = {}
        for name, label in taken.items():
            self._earlier.setdefault(label, []).append(name)
            self._owners.update((str(folder), _SHARED) for folder in PurePosixPath(name).parents)
            self._owners.update((file, label) for file in _files(name))
        self._shards: Counter[Path | None] = Counter()
        self._archives: set[str] = set()

    def shard(self, folder: Path | None, pages: Iterable[Source]) -> Unit:
        """A unit of the next pages of a folder, or of pages that are named."""
        found = tuple(pages)
        number = self._shards[folder]
        self._shards[folder] += 1
        base = (folder.name if folder else "") or "pages"
        # A later run may name others, whose output must not replace this one.
        label = f"{folder}#{number}" if folder else "\n".join(str(_place(one)) for one in found)
        return Unit(label, self._name(f"{base}-{number:05d}", label), found)

    def archive(self, source: Source) -> Unit:
        """A unit of one file with many pages, or of standard input."""
        path = PurePosixPath(source.name)
        if source.path is not None:
            stem, place = _stem(path.name), source.path.absolute()
            # A link to one that another input names, too, has a label of its own.
            numbered = (f"{place} {number}" for number in count(2))
            known = chain((str(place.resolve()), str(place)), numbered)
            label = next(label for label in known if label not in self._archives)
            self._archives.add(label)
        else:  # nobody knows if what earlier runs were piped is the same
            labels = (f"{STDIN}{number}" for number in count(1))
            label = next(label for label in labels if label not in self._earlier)
            stem = bare_name(source.name)
        if path.parts[0] == ERRORS:  # an earlier run's, as input
            path = PurePosixPath(ERRORS.lstrip("."), *path.parts[1:])
        return Unit(label, self._name(str(path.with_name(stem)), label), (source,))

    def _name(self, name: str, label: str) -> str:
        """The name that an earlier run gave it, though a better one be free by now; else a free."""
        folder, slash, last = name.rpartition("/")
        name = f"{self._folder(folder)}{slash}{last}"
        for held in self._earlier.get(label, ()):
            base, _, number = held.rpartition("-")
            if held == _short(name, _ROOM) or (
                base == _short(name, _ROOM - _DIGITS) and number.isdigit()
            ):
                return held
        return _free(name, lambda choice: self._takes(choice, label), room=_ROOM)

    def _takes(self, name: str, label: str) -> bool:
        """Give a name to a unit, unless another has it, or a folder is called like its file."""
        files = _files(name)
        free = all(self._owners.get(file, label) == label for file in files)
        if free:
            self._owners.update(dict.fromkeys(files, label))
        return free

    def _folder(self, path: str) -> str:
        """The folder, by another name where a file is called so: `a.jsonl/` beside `a.jsonl`."""
        folder, slash, last = path.rpartition("/")
        above = self._folder(folder) if folder else ""
        return _free(f"{above}{slash}{last}", _owned(self._owners, _SHARED)) if path else ""


def _files(name: str) -> list[str]:
    """What an output of that name may be called, whatever its format."""
    return [f"{name}.{form}" for form in OUTPUTS]


class Texts:
    """Where the texts of a run go: each to a place of its own, and to none of an earlier run's.

    Pages share folders; that of an archive is its own.

    Args:
        entries: what earlier runs into the folder have finished.
        given: paths of the inputs; what is made of them may be replaced.
    """

    def __init__(self, entries: Iterable[Entry], given: Set[str]) -> None:
        self._owners = dict.fromkeys((ERRORS, MANIFEST, "errors.jsonl", "run.json"), _RUN)
        for entry in entries:
            for file in entry.files:
                if file.endswith("/") or not replaced(entry.label, given):
                    path = PurePosixPath(file)
                    self._owners.update((str(folder), _SHARED) for folder in path.parents)
                    self._owners[str(path)] = entry.label

    def of(self, unit: Unit) -> list[str]:
        """A text for each page of a unit, in order; of an archive, the folder of its texts."""
        if unit.holds_pages:
            return [
                self._free(one.target.removesuffix(".txt"), str(one.path), ".txt")
                for one in unit.sources
            ]
        name = PurePosixPath(unit.sources[0].name).name
        # With its suffix: `part1` may be a folder of pages beside `part1.jsonl`.
        return [self._free(unit.name + name[len(_stem(name)) :], unit.label) + "/"]

    def _free(self, path: str, owner: str, suffix: str = "") -> str:
        folder, slash, name = path.rpartition("/")
        if folder:
            folder = self._free(folder, _SHARED)
        return _free(f"{folder}{slash}{name}", _owned(self._owners, owner), suffix)


_SHARED, _RUN = "", "the run"
"""Owners of folders that any page may lie in, and of reports."""


def replaced(label: str, given: Set[str]) -> bool:
    """Whether a run over inputs at these paths has all pages of a unit in units of its own.

    Only of pages, each a file; an archive stays, since raw pages are often removed to make room.
    """
    folder, mark, number = label.rpartition("#")
    return folder in given if mark and number.isdigit() else given >= set(label.split("\n"))


def _stem(name: str) -> str:
    return PurePosixPath(bare_name(name)).stem


def _place(source: Source) -> Path | None:
    return source.path.resolve() if source.path is not None else None


def _of_files(found: Iterable[Source], folder: Path | None, names: _Names) -> Iterator[Unit]:
    pages: list[Source] = []
    for source in found:
        if not is_page(source):
            yield names.archive(source)
            continue
        pages.append(source)
        if len(pages) == SHARD:
            yield names.shard(folder, pages)
            pages = []
    if pages:
        yield names.shard(folder, pages)


def _owned(owners: dict[str, str], owner: str) -> Callable[[str], bool]:
    """Takes a name for an owner; whether it is its own then."""
    return lambda name: owners.setdefault(name, owner) == owner


def _free(name: str, takes: Callable[[str], bool], suffix: str = "", room: int = MAX_NAME) -> str:
    """The first name that can be taken: as it is, or with a number."""
    choice, number = f"{_short(name, room - len(suffix))}{suffix}", 1
    while not takes(choice):
        number += 1
        choice = f"{_short(name, room - len(suffix) - _DIGITS)}-{number}{suffix}"
    return choice


def _short(path: str, room: int) -> str:
    """The path; a last part of more bytes than a file name may have is cut, and its hash added."""
    folder, slash, name = path.rpartition("/")
    data = os.fsencode(name)
    if len(data) > room:
        start = data[: room - _DIGITS - 1].decode(errors="ignore")
        name = f"{start}-{hashlib.sha256(data).hexdigest()[:_DIGITS]}"
    return f"{folder}{slash}{name}"
