"""PAGES.parquet to FOLDER by Spark, to which a name in another case is the same."""

import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import lit

from cleaner.connectors.spark import Columns, Options, clean_frame

spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .getOrCreate()
)
pages = spark.read.parquet(sys.argv[1]).repartition(2)
pages = pages.withColumnsRenamed({"id": "Id", "page": "PAGE", "text": "TEXT"})
pages = pages.withColumns({"model": lit("old"), "Original_Model": lit("older")})
options = Options(columns=Columns(html="page"), segments=True)
clean_frame(pages, options).write.parquet(sys.argv[2])
spark.stop()
