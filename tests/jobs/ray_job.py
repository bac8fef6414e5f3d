"""PAGES.parquet to FOLDER by Ray Data, on so many CORES."""

import sys
from typing import Any

import numpy as np
import ray

from cleaner.connectors.ray import Columns, Options, clean_dataset

ray.init(num_cpus=int(sys.argv[3]), include_dashboard=False, logging_level="error")


def with_tensors(batch: dict[str, Any]) -> dict[str, Any]:
    return {**batch, "tensor": np.zeros((len(batch["id"]), 2, 2))}


pages = ray.data.read_parquet(sys.argv[1])
options = Options(columns=Columns(html="page"), segments=True)
pages = pages.map_batches(with_tensors, batch_format="numpy")
cleaned = clean_dataset(pages, options, batch_size=4)
cleaned.write_parquet(sys.argv[2])
