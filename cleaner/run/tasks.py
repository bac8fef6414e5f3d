"""The pages of a run in bundles, as the pool takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple

from cleaner.io import Item, Source, format_of, items
from cleaner.rows import Options, Outcome
from cleaner.run.plan import Unit
from cleaner.run.pool import Task
from cleaner.run.progress import Progress

_ROWS_TO_TELL = 100
"""Rows of a file that its columns are told by: the first ones may have no page."""
_TASK_PAGES, _TASK_BYTES = 64, 1 << 20
"""A worker gets so many pages at a time: enough that a message costs nothing beside them."""


class Tag(NamedTuple):
    """What a task says of itself."""

    unit: Unit
    read: int | None
    """Pages of the unit, if this task is its last."""
    position: int
    """Bytes of all inputs up to the end of this task."""


class Skipped(NamedTuple):
    """Stands for a unit that is done."""

    size: int
    """Bytes of its inputs."""


def tasks(
    found: Iterable[Unit | Skipped], options: Options, progress: Progress
) -> Iterator[Task[Item, Outcome]]:
    """Pages of units in bundles; each task has a `Tag`."""
    behind = 0
    told = ""
    for unit in found:
        if isinstance(unit, Skipped):
            behind += unit.size
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
                    yield Task(Tag(unit, None, position), bundle, size)
                    bundle, size = [], 0
            behind += source.size
        if bundle:
            yield Task(Tag(unit, None, position), bundle, size)
        yield Task(Tag(unit, read, behind), ())


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
