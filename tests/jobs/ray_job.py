"""PAGES.parquet to FOLDER by Ray Data, on so many CORES."""

import sys

import ray

from cleaner.connectors.ray import Columns, Options, clean_dataset

ray.init(num_cpus=int(sys.argv[3]), include_dashboard=False, logging_level="error")
pages = ray.data.read_parquet(sys.argv[1])
options = Options(columns=Columns(html="page"), segments=True)
clean_dataset(pages, options, batch_size=4).write_parquet(sys.argv[2])
