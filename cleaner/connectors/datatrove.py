"""datatrove: `CleanerStep` stands in a pipeline where an extractor would.

    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import WarcReader
    from datatrove.pipeline.writers import JsonlWriter
    from cleaner.connectors.datatrove import CleanerStep

    if __name__ == "__main__":  # workers import this file
        steps = [WarcReader("crawl"), CleanerStep(), JsonlWriter("cleaned")]
        LocalPipelineExecutor(steps, tasks=4, workers=4).run()

Each task loads the model once.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pyarrow as pa
from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.writers.disk_base import DiskWriter

from cleaner.connectors import Options, RowCleaner, engine_options
from cleaner.io import Record
from cleaner.io.parquet import with_fields
from cleaner.rows import added_types, count_words, kept_fields

__all__ = ["CleanerStep", "Options", "document_schema"]


class CleanerStep(PipelineStep):  # type: ignore[misc]  # datatrove is untyped
    """Puts the clean text of each document in the place of the page it holds.

    What else a row of a corpus run has goes into the metadata of each document; what stood there
    under one of these names stays as `original_NAME`. HTML and plain text are told apart by
    content. Documents without an article, and pages that cannot be cleaned, leave the pipeline, as
    they do from datatrove's extractors; a writer may keep them.

    Args:
        options: as of a corpus run; `columns` and `keep_original` have no effect, as documents
            have a text.
        model: model directory, at the same place for every task; None for the default model.
        exclusion_writer: takes the documents that leave the pipeline, each with its page, and with
            `error` set where it could not be cleaned.

    Raises:
        InputError: an option has a value that is not allowed.
    """

    type = "🧹 - CLEANER"
    name = "cleaner"

    def __init__(
        self, options: Options | None = None, model: str | None = None,
        exclusion_writer: DiskWriter | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.options = replace(engine_options(options), keep_original=False)
        self.model = model
        self.exclusion_writer = exclusion_writer

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Clean the documents of one task."""
        # Dropped documents get their metadata, too, so that those are alike.
        clean = RowCleaner(replace(self.options, min_words=0), self.model)
        writer = self.exclusion_writer
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
        row = clean.clean(
            Record(
                document.id,
                document.text,
                url=url if isinstance(url, str) else None,
                fields={"id": document.id, **document.metadata},
            )
        ).packed
        text = row["text"]
        document.metadata = {
            name: value
            for name, value in row.items()
            if name != "text" and (name != "id" or name in document.metadata)
        }
        if row["error"] is not None:
            return "failed"
        if not text or count_words(text) < self.options.min_words:
            return "dropped"
        document.text = text
        return "forwarded"


def document_schema(metadata: Mapping[str, Any], options: Options | None = None) -> pa.Schema:
    """Columns of documents that `CleanerStep` made, for datatrove's `ParquetWriter(schema=…)`.

    Without it, the writer takes the types of the first document, in which a list may be empty.

    Args:
        metadata: what documents came with, by name: Arrow types, or their names.
        options: those of the step.
    """
    kept = kept_fields(Record("", fields={"id": "string", **metadata}), Options())
    if "id" not in metadata:
        del kept["id"]
    fields = with_fields(kept, added_types(options or Options()))
    inner = pa.struct([field for field in fields if field.name != "text"])
    return pa.schema([("text", pa.string()), ("id", pa.string()), ("metadata", inner)])
