"""A crawl of the address given, to FILE.jsonl, with the pipeline as a user sets it up."""

import sys
from typing import Any

import scrapy
from scrapy.crawler import CrawlerProcess


class Spider(scrapy.Spider):  # type: ignore[misc]  # Scrapy is typed in part
    name = "pages"

    async def start(self) -> Any:
        for address in sys.argv[2:]:
            yield scrapy.Request(address)

    def parse(self, response: Any) -> Any:
        yield {"url": response.url, "html": response.body}


process = CrawlerProcess(
    {
        "ITEM_PIPELINES": {"cleaner.connectors.scrapy.CleanerPipeline": 300},
        "FEEDS": {sys.argv[1]: {"format": "jsonlines"}},
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "ERROR",
    }
)
process.crawl(Spider)
process.start()
