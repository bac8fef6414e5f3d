"""A corpus through a cleaner: every record in comes out once, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby

from cleaner.clean import Cleaner, Result
from cleaner.io import Record
from cleaner.types import Kind, SpamMode


def clean_records(
    cleaning: Cleaner, records: Iterable[Record], *, kind: Kind = "auto", n_jobs: int = 1,
    spam: SpamMode = "remove",
) -> Iterator[tuple[Record, Result | None]]:  # fmt: skip
    """Clean records as they come, each paired with its result; None for one that was not read.

    A `kind` other than "auto" overrides what the records say of themselves.
    """

    def group_of(record: Record) -> tuple[bool, Kind]:
        return record.error is None, record.kind if kind == "auto" else kind

    for (readable, page_kind), group in groupby(records, key=group_of):
        if readable:
            yield from _clean_group(cleaning, group, page_kind, n_jobs, spam)
        else:
            yield from ((record, None) for record in group)


def _clean_group(
    cleaning: Cleaner, group: Iterable[Record], kind: Kind, n_jobs: int, spam: SpamMode
) -> Iterator[tuple[Record, Result]]:
    waiting: deque[Record] = deque()

    def pages() -> Iterator[str | bytes]:
        for record in group:
            waiting.append(record)
            yield record.data

    for result in cleaning.clean_many(pages(), kind=kind, n_jobs=n_jobs, spam=spam):
        yield waiting.popleft(), result
