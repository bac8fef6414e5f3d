"""Which fields of a row hold the page, its address and its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cleaner.io.record import Record
from cleaner.types import Kind

PAGES: tuple[tuple[str, Kind], ...] = (
    ("html", "html"),
    ("raw_html", "html"),
    ("text", "auto"),
    ("content", "auto"),
    ("raw_content", "auto"),
)
"""Columns that hold the page, the first one with text wins, and the kind of page in each."""
KIND_OF_COLUMN = dict(PAGES)
URLS = ("url", "metadata.url", "source_url", "uri")
IDS = ("id", "doc_id", "_id", "metadata.id")


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of columns; None for those that are found by convention, row by row.

    A dot leads into an object: `metadata.url`, unless a column is called just that.
    """

    text: str | None = None
    html: str | None = None
    url: str | None = None
    id: str | None = None

    def record(self, row: Mapping[str, Any], place: str) -> Record:
        """The page of a row; `place` names it where the row does not."""
        named = self._page(row)
        url = self._value(row, self.url, URLS)
        page_id = self._value(row, self.id, IDS)
        name = str(page_id) if page_id is not None else str(url) if url is not None else place
        url = str(url) if url is not None else None
        if named is None:
            wanted = self.page_names()
            what = "column" if len(wanted) == 1 else "none of the columns"
            no = " holds no text" if len(wanted) == 1 else " holds text"
            return Record(
                name,
                url=url,
                fields=row,
                error=f"{what} {', '.join(wanted)}{no}; see --text-column",
            )
        column, kind = named
        return Record(name, look_up(row, column), kind, url, row, column)

    def page_names(self) -> tuple[str, ...]:
        """Names of columns that may hold the page, the first one with text wins."""
        return tuple(name for name, _ in self._pages())

    def names(self) -> tuple[str, ...]:
        """All names that rows are searched for."""
        urls = URLS if self.url is None else (self.url,)
        return (*self.page_names(), *urls, *(IDS if self.id is None else (self.id,)))

    def has_page(self, row: Mapping[str, Any]) -> bool:
        """Whether a row holds a page."""
        return self._page(row) is not None

    def found(self, row: Mapping[str, Any]) -> str:
        """In words, which columns of a row are read as what."""
        named = self._page(row)
        parts = [f"pages in {named[0]}" if named else "no column with pages"]
        for what, given, usual in (("ids", self.id, IDS), ("addresses", self.url, URLS)):
            name = self._name(row, given, usual)
            if name is not None:
                parts.append(f"{what} in {name}")
            elif given is not None:
                parts.append(f"no {what} in {given}")
        return ", ".join(parts)

    def _pages(self) -> tuple[tuple[str, Kind], ...]:
        given: list[tuple[str, Kind]] = []
        if self.html is not None:
            given.append((self.html, "html"))
        if self.text is not None:
            given.append((self.text, "auto"))
        return tuple(given) or PAGES

    def _page(self, row: Mapping[str, Any]) -> tuple[str, Kind] | None:
        empty = None  # the page of a row that has no text at all
        for name, kind in self._pages():
            value = look_up(row, name)
            if isinstance(value, str | bytes):
                if value and not value.isspace():
                    return name, kind
                empty = empty or (name, kind)
        return empty

    @staticmethod
    def _name(row: Mapping[str, Any], given: str | None, usual: tuple[str, ...]) -> str | None:
        names = usual if given is None else (given,)
        return next((name for name in names if look_up(row, name) is not None), None)

    def _value(self, row: Mapping[str, Any], given: str | None, usual: tuple[str, ...]) -> Any:
        name = self._name(row, given, usual)
        return None if name is None else look_up(row, name)


def look_up(row: Mapping[str, Any], name: str) -> Any:
    """Value of a column, None if there is none."""
    if name in row or "." not in name:
        return row.get(name)
    value: Any = row
    for part in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A row less one column."""
    if name in row or "." not in name:
        return {key: value for key, value in row.items() if key != name}
    first, _, rest = name.partition(".")
    return {**row, first: without(row[first], rest)}
