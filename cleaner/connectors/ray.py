"""Ray Data: `clean_dataset` takes a dataset of pages and gives one of clean text.

    import ray
    from cleaner.connectors.ray import clean_dataset

    clean_dataset(ray.data.read_parquet("crawl")).write_parquet("cleaned")

Actors load the model once and take Arrow tables.
"""

from __future__ import annotations

from typing import Any

import ray
from ray.data import Dataset

from cleaner.connectors import Columns, Options, engine_options
from cleaner.connectors.arrow import BatchCleaner

__all__ = ["Columns", "Options", "clean_dataset"]


def clean_dataset(
    dataset: Dataset, options: Options | None = None, model: str | None = None, *,
    workers: int | tuple[int, int] | None = None, batch_size: int = 64, **ray_options: Any,
) -> Dataset:  # fmt: skip
    """A dataset with a row for each page: the columns it came with, and those of a corpus run.

    Args:
        dataset: pages; see `Columns` for how their columns are found.
        options: as of a corpus run.
        model: model directory, at the same place on every node; None for the default model.
        workers: actors, each with one core, or the least and the most of them; None for one a core
            of the cluster but one, which reads and writes. Where actors hold all, nothing moves.
        batch_size: rows an actor takes at a time.
        ray_options: whatever else `Dataset.map_batches` takes, such as `memory`.
    """
    cores = int(ray.cluster_resources().get("CPU", 0))
    return dataset.map_batches(
        BatchCleaner,
        fn_constructor_args=(engine_options(options), model),
        batch_format="pyarrow",
        batch_size=batch_size,
        concurrency=max(1, cores - 1) if workers is None else workers,
        # Tasks that read and write wait for a whole core, which the only one must be to them.
        **{"num_cpus": 0 if cores == 1 else 1, **ray_options},
    )
