"""What an output folder remembers of its run: `manifest.jsonl`.

The first line names model and options; each line after it a finished unit, by a key of
path, size and modification time of its inputs. Lines are only appended, each synced
after the unit's files are in place: whatever kills a run, a unit either has its line and
whole files, or is done again. Texts are in place before, so a line ahead of them tells which;
what is no unit's any more is removed when a run is `settled`. Nothing depends on the number
of workers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleaner.errors import RunError
from cleaner.io.record import hold, open_held
from cleaner.run.counts import Counts

NAME = "manifest.jsonl"
_BEGIN = b'{"cleaner": '
"""How a manifest begins, or what is left of it; `_append` writes it so."""
_LOCK = ".cleaner.part"
"""Held in the other folders that a run writes to, and gone when it ends."""
ERRORS = ".errors"
"""Folder of the errors of each unit; `errors.jsonl` is made of them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished unit."""

    name: str
    label: str
    key: str
    files: tuple[str, ...]
    """What was written: below the output folder, or absolute. With `/` at its end, a folder of
    texts, numbered by the pages they were made of."""
    counts: Counts


class Manifest:
    """The manifest of one output folder, held by one run at a time.

    Args:
        folder: created if it is not there.
        identity: model and options; what an earlier run had must be the same.
        beside: other folders that the run writes to.
        restart: forget that run and remove what it wrote.

    Raises:
        RunError: another run holds the folder, it holds other files, or a run with
            another model or other options.
    """

    def __init__(
        self, folder: Path, identity: Mapping[str, Any], *, beside: Sequence[Path] = (),
        restart: bool = False,
    ) -> None:  # fmt: skip
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / NAME
        self._stale: set[str] = set()
        """Files of units that were done again, texts of begun ones: maybe no unit's by now."""
        with ExitStack() as held:
            for other in beside:
                held.enter_context(open_held(other / _LOCK, other))
                held.callback((other / _LOCK).unlink, missing_ok=True)
            if not path.exists():
                _check_empty((folder, *beside))
            self._file = held.enter_context(path.open("a+b"))
            hold(self._file, folder)
            self.entries = self._read(identity, beside, restart=restart)
            self._held = held.pop_all()

    def close(self) -> None:
        """Let go of the folders."""
        self._held.close()

    def find(self, name: str, key: str, files: Iterable[str]) -> Entry | None:
        """The entry of a unit that was done as it is now, and whose files are still there.

        `files`: where it would be written to now.
        """
        entry = self.entries.get(name)
        if entry is None or not key or entry.key != key or not set(entry.files) <= set(files):
            return None
        written = [*entry.files, *([errors_file(name)] if entry.counts.errors else [])]
        return entry if all(self._is_there(file, entry.counts) for file in written) else None

    def begin(self, name: str, files: Sequence[str]) -> None:
        """Note what a unit writes, if that is in place before the unit is finished."""
        self._stale.update(files)
        self._append({"name": name, "begun": True, "files": list(files)})

    def add(self, entry: Entry) -> None:
        """Note that a unit is finished."""
        if before := self.entries.get(entry.name):
            self._stale.update(before.files)
        self.entries[entry.name] = entry
        self._append(
            {
                "name": entry.name,
                "label": entry.label,
                "key": entry.key,
                "files": list(entry.files),
                **entry.counts.to_dict(),
            }
        )

    def settle(self, gone: Sequence[Entry]) -> None:
        """Forget units that are no more, and remove what was written and is no unit's any longer.

        At the end of a run: a text may have passed from one unit to another.
        """
        for entry in gone:
            self._stale.update((*entry.files, errors_file(entry.name)))
            del self.entries[entry.name]
        kept = {file for entry in self.entries.values() for file in entry.files}
        self._remove(self._stale - kept, kept)
        for entry in gone:
            self._append({"name": entry.name, "gone": True})
        if self._stale:
            self._append({"settled": True})
        self._stale.clear()

    def _is_there(self, file: str, counts: Counts) -> bool:
        path = self.folder / file
        if file.endswith("/"):
            return sum(1 for _ in numbered_texts(path)) >= counts.out
        return path.exists()

    def _remove(self, files: Iterable[str], kept: Set[str] = frozenset()) -> None:
        for file in files:
            path = self.folder / file
            if not file.endswith("/"):
                path.unlink(missing_ok=True)
                continue
            for text in numbered_texts(path):
                if f"{file}{text.name}" not in kept:
                    text.unlink()
            with suppress(OSError):  # other files are in it
                path.rmdir()

    def _read(
        self, identity: Mapping[str, Any], beside: Sequence[Path], *, restart: bool
    ) -> dict[str, Entry]:
        self._file.seek(0)
        content = self._file.read()
        # NUL bytes are what a power cut leaves of a file.
        if not _BEGIN.startswith(content[: len(_BEGIN)]) and content[0]:
            raise _foreign(self.folder)
        whole, _, torn = content.rpartition(b"\n")
        if torn:  # the line that was being written when the run died
            self._file.truncate(len(content) - len(torn))
        try:
            lines = [json.loads(line) for line in whole.splitlines()]
            entries: dict[str, Entry] = {}
            for line in lines[1:]:
                if line.get("settled"):
                    self._stale.clear()
                elif line.get("gone"):
                    entries.pop(line["name"], None)
                elif line.get("begun"):
                    self._stale.update(line["files"])
                else:
                    if before := entries.get(line["name"]):
                        self._stale.update(before.files)
                    entries[line["name"]] = _entry(line)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if not restart:
                raise RunError(
                    f"{self.folder / NAME} is damaged ({error}); choose another folder, "
                    "or add --restart to clean everything again"
                ) from error
            lines, entries = [{}], {}
            self._stale.clear()
        if restart or not lines:
            known = lines[0].get("options", {}).values() if lines else ()
            _check_empty(other for other in beside if str(other.resolve()) not in known)
        if lines and restart:
            self._forget(entries)
            lines, entries = [], {}
        if not lines:
            self._append(dict(identity))
        elif lines[0] != identity:
            raise RunError(
                f"{self.folder} holds a run with {_difference(lines[0], identity)}; "
                "choose another folder, or add --restart to clean everything again"
            )
        return entries

    def _forget(self, entries: Mapping[str, Entry]) -> None:
        for entry in entries.values():
            self._remove((*entry.files, errors_file(entry.name)))
        self._remove(self._stale)
        self._stale.clear()
        self._file.truncate(0)

    def _append(self, line: Mapping[str, Any]) -> None:
        # Escapes: a file name may hold bytes that are no UTF-8, and has to be found again.
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _check_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        if any(entry.name[0] != "." for entry in folder.iterdir()):
            raise _foreign(folder)


def _foreign(folder: Path) -> RunError:
    return RunError(f"{folder} holds files of something else; choose a new or empty folder")


def _entry(line: Mapping[str, Any]) -> Entry:
    counts = Counts.from_dict(line)
    return Entry(line["name"], line["label"], line["key"], tuple(line["files"]), counts)


def errors_file(name: str) -> str:
    """Where the errors of a unit are, below the output folder."""
    return f"{ERRORS}/{name}.jsonl"


def numbered_texts(folder: Path) -> Iterator[Path]:
    """Texts made of the pages of an archive."""
    return folder.glob("[0-9]" * 7 + ".txt")


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """In words, what differs between two identities."""
    if old.get("model") != new.get("model"):
        return f"another model or version ({old.get('model')}, now {new.get('model')})"
    before, now = old.get("options", {}), new.get("options", {})
    changed = [
        f"{name}: {before.get(name)!r}, now {now.get(name)!r}"
        for name in now
        if before.get(name) != now.get(name)
    ]
    return f"other options ({'; '.join(changed)})"
