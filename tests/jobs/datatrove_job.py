"""PAGES.parquet to FOLDER by datatrove; what leaves the pipeline to FOLDER/excluded."""

import sys

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import JsonlWriter

from cleaner.connectors.datatrove import CleanerStep, Options

pages, folder = sys.argv[1:]
LocalPipelineExecutor(
    [
        ParquetReader(pages, text_key="page"),
        CleanerStep(Options(segments=True), exclusion_writer=JsonlWriter(f"{folder}/excluded")),
        JsonlWriter(f"{folder}/cleaned"),
    ],
    logging_dir=f"{folder}/logs",
).run()
