"""Time to import `cleaner`, and to clean a first page, each in a fresh process.

    python benchmarks/startup.py [PAGE] [--rounds 7] [--json OUT]

Import time is that of `import cleaner` alone; the first clean follows it in the
same process and includes loading the model. The start of Python itself is in
neither, and in the column for the whole process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from cleaner.evaluate import format_table

PAGE = (
    "<!doctype html><title>Ferry</title><nav><a href=/>Home</a> <a href=/news>News</a></nav>"
    "<article><h1>Ferry returns in spring</h1>"
    + "<p>The ferry between the two harbours will sail again from March, the town said.</p>" * 12
    + "</article><footer>All rights reserved</footer>"
)
CHILD = """
import sys, time
page = sys.stdin.buffer.read()
begin = time.perf_counter()
import cleaner
imported = time.perf_counter()
cleaner.clean(page)
print(imported - begin, time.perf_counter() - imported)
"""


def main() -> None:
    """Measure, print the table, write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("page", type=Path, nargs="?", help="page to clean; default: a short one")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    page = options.page.read_bytes() if options.page else PAGE.encode()

    seconds: dict[str, list[float]] = {"import": [], "first clean": [], "whole process": []}
    for _ in range(options.rounds):
        begin = perf_counter()
        child = subprocess.run(
            [sys.executable, "-c", CHILD], input=page, stdout=subprocess.PIPE, check=True
        )
        seconds["whole process"].append(perf_counter() - begin)
        imported, cleaned = map(float, child.stdout.split())
        seconds["import"].append(imported)
        seconds["first clean"].append(cleaned)

    print(
        format_table(
            ["seconds", "median", "least", "most"],
            [[name, median(s), min(s), max(s)] for name, s in seconds.items()],
        )
    )
    if options.json:
        options.json.write_text(
            json.dumps({name: median(s) for name, s in seconds.items()}, indent=1) + "\n", "utf-8"
        )


if __name__ == "__main__":
    main()
