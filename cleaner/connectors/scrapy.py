"""Scrapy: an item pipeline that adds the clean text of the page an item holds.

    # settings.py
    ITEM_PIPELINES = {"cleaner.connectors.scrapy.CleanerPipeline": 300}

    # the spider
    yield {"url": response.url, "html": response.body}

| setting | default | |
|---|---|---|
| `CLEANER_PAGE_FIELD` | `html` | field with the page, text or bytes |
| `CLEANER_URL_FIELD` | `url` | field with its address |
| `CLEANER_MODEL` | the model shipped | model directory |
| `CLEANER_FAVOR` | `balanced` | as of `cleaner.clean` |
| `CLEANER_SPAM` | `remove` | the same |
| `CLEANER_KEEP_PAGE` | `False` | whether the item keeps the page; feeds in JSON take no bytes |
| `CLEANER_DROP_EMPTY` | `False` | whether items without an article are dropped |
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import MutableMapping
from typing import Any, Self

from itemadapter import ItemAdapter
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from cleaner.connectors import Options, RowCleaner
from cleaner.io import Record
from cleaner.io.columns import KIND_OF_COLUMN
from cleaner.rows import original_name
from cleaner.types import CHOICES

_LOG = logging.getLogger(__name__)
FIELDS = ("text", "comments", "spam", "language", "confidence", "error")
"""What an item gets; one that declares its fields, those it has. What is there already moves to
`original_NAME`, if the item takes that field."""


class CleanerPipeline:
    """Cleans the page in each item; items without one pass as they are."""

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self._stats = crawler.stats
        self._counts: Counter[str] = Counter()
        self._page = settings.get("CLEANER_PAGE_FIELD", "html")
        self._url = settings.get("CLEANER_URL_FIELD", "url")
        self._keep_page = settings.getbool("CLEANER_KEEP_PAGE", False)
        self._drop_empty = settings.getbool("CLEANER_DROP_EMPTY", False)
        chosen = {
            name: settings.get(f"CLEANER_{name.upper()}", default)
            for name, default in (("favor", "balanced"), ("spam", "remove"))
        }
        for name, value in chosen.items():
            if value not in CHOICES[name]:
                choices = ", ".join(CHOICES[name])
                raise ValueError(f"CLEANER_{name.upper()} is {value!r}; give one of {choices}")
        if self._page in FIELDS:
            raise ValueError(
                f"CLEANER_PAGE_FIELD is {self._page!r}, which cleaning writes; "
                "put the page in another field"
            )
        self._clean = RowCleaner(Options(**chosen), settings.get("CLEANER_MODEL"))

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes pipelines."""
        return cls(crawler)

    def process_item(self, item: Any, spider: Any = None) -> Any:  # Scrapy < 2.14 gives a spider
        """Add the clean text and what belongs to it; raises `DropItem` as the settings say."""
        adapter = ItemAdapter(item)
        page = adapter.get(self._page)
        if isinstance(page, bytearray | memoryview):
            page = bytes(page)
        if not isinstance(page, str | bytes):
            self._count("without_page")
            return item
        declared = ItemAdapter.get_field_names_from_class(type(item))

        def takes(name: str) -> bool:
            return declared is None or name in declared

        if not takes("text"):
            self._count("without_text")
            return item
        url = adapter.get(self._url)
        kind = KIND_OF_COLUMN.get(self._page, "auto")
        outcome = self._clean.clean(Record("", page, kind, url if isinstance(url, str) else None))
        self._count("failed" if outcome.error else "cleaned")
        row = outcome.packed
        if self._drop_empty and not row["text"]:
            raise DropItem(f"no article in {url or 'the page'}: {outcome.error or 'empty'}")
        for name in FIELDS:
            if takes(name):
                free = original_name(name, lambda taken: adapter.get(taken) is not None)
                if adapter.get(name) is not None and takes(free):
                    adapter[free] = adapter[name]
                adapter[name] = row[name]
        if not self._keep_page:
            if isinstance(item, MutableMapping):
                del item[self._page]
            else:  # an object that lacks an attribute it declares cannot even be shown
                adapter[self._page] = None
        return item

    def close_spider(self, spider: Any = None) -> None:
        """Say so if no item held a page, or some have no field for the text."""
        if self._counts["without_text"]:
            _LOG.warning(
                "%d items declare no field 'text' and were not cleaned; add it to their class",
                self._counts["without_text"],
            )
        if self._counts.keys() == {"without_page"}:
            _LOG.warning(
                "none of %d items holds a page (text or bytes) in field %r; "
                "name the field in CLEANER_PAGE_FIELD",
                self._counts["without_page"], self._page,
            )  # fmt: skip

    def _count(self, what: str) -> None:
        self._counts[what] += 1
        if self._stats is not None:
            self._stats.inc_value(f"cleaner/{what}")
