"""datatrove: `CleanerStep` stands in a pipeline where an extractor would.

    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import WarcReader
    from datatrove.pipeline.writers import JsonlWriter
    from cleaner.connectors.datatrove import CleanerStep

    LocalPipelineExecutor([WarcReader("crawl"), CleanerStep(), JsonlWriter("cleaned")]).run()

Each task loads the model once.
"""

from __future__ import annotations

from contextlib import nullcontext

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.writers.disk_base import DiskWriter

from cleaner.connectors import Options, RowCleaner
from cleaner.io import Record

__all__ = ["CleanerStep", "Options"]

_ADDED = ("comments", "spam", "language", "confidence", "model", "segments", "source")
"""What goes into a document's metadata; the last two on request."""


class CleanerStep(PipelineStep):  # type: ignore[misc]  # datatrove is untyped
    """Puts the clean text of each document in the place of the page it holds.

    Comments, spam, language and confidence go into the metadata. HTML and plain text are told
    apart by content. Documents without an article, and pages that cannot be cleaned, leave the
    pipeline, as they do from datatrove's extractors; a writer may keep them.

    Args:
        options: as of a corpus run; `columns` has no effect, as documents have a text.
        model: model directory, at the same place for every task; None for the default model.
        exclusion_writer: takes the documents that leave the pipeline, with `error` set where one
            could not be cleaned.
    """

    type = "🧹 - CLEANER"
    name = "cleaner"

    def __init__(
        self, options: Options | None = None, model: str | None = None,
        exclusion_writer: DiskWriter | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.options = options
        self.model = model
        self.exclusion_writer = exclusion_writer

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Clean the documents of one task."""
        clean, writer = RowCleaner(self.options, self.model), self.exclusion_writer
        with nullcontext() if writer is None else writer as excluded:
            for document in data or ():
                self.stat_update("total")
                with self.track_time():
                    fate = self._clean(clean, document)
                self.stat_update(fate)
                if fate == "forwarded":
                    self.update_doc_stats(document)
                    yield document
                elif excluded is not None:
                    excluded.write(document, rank)

    def _clean(self, clean: RowCleaner, document: Document) -> str:
        """Clean a document in its place; what is to become of it."""
        url = document.metadata.get("url")
        page = Record(document.id, document.text, url=url if isinstance(url, str) else None)
        outcome = clean.clean(page)
        if outcome.packed is None:
            return "dropped"
        row = outcome.packed
        document.metadata.update({name: row[name] for name in _ADDED if name in row})
        if outcome.error is not None:
            document.metadata["error"] = outcome.error
            return "failed"
        document.text = row["text"]
        return "forwarded" if document.text else "dropped"
