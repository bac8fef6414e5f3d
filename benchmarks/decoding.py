"""Pages in the encodings before UTF-8, without a declaration: how many are decoded right.

    python benchmarks/decoding.py --corpora DIR

Texts of the excerpts are cut to some length, put into a page behind 20 KB of script, and encoded;
characters that an encoding lacks are left out first. Right is a page that comes back letter by
letter. Beside it `charset_normalizer`, which requests and trafilatura use.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from charset_normalizer import from_bytes

from cleaner.corpus import Extra
from cleaner.evaluate import format_table
from cleaner.language import iso_639_1
from cleaner.segment.decode import decode

ENCODINGS = {
    "cp1252": "da de es fi fr it nl pt sv",
    "cp1250": "cs hu pl",
    "iso8859-2": "cs pl",
    "cp1251": "bg ru uk",
    "koi8-r": "ru",
    "iso8859-7": "el",
    "cp1254": "tr",
    "cp1255": "he",
    "cp1256": "ar",
    "cp1258": "vi",
    "cp874": "th",
    "shift_jis": "ja",
    "euc_jp": "ja",
    "cp949": "ko",
    "gb18030": "zh",
}
"""Languages whose pages were written in each encoding."""
PAGE = (
    "<html><head><title>x</title><script>"
    + "var count = function (list) { return list.length; };\n" * 400
    + "</script></head><body><div class='main'><p>SHOWN</p></div></body></html>"
)


def by_charset_normalizer(data: bytes) -> str:
    """Decoded by the encoding it finds likeliest."""
    return str(from_bytes(data).best())


SYSTEMS: dict[str, Callable[[bytes], str]] = {
    "cleaner": decode,
    "charset_normalizer": by_charset_normalizer,
}


def read_texts(corpora: Path) -> dict[str, list[str]]:
    """Excerpts by ISO 639-1 code of their language."""
    texts: dict[str, list[str]] = defaultdict(list)
    for language, text in Extra.read(texts=sorted((corpora / "excerpts").glob("*.gz"))).texts:
        texts[iso_639_1(language)].append(text)
    return texts


def pages(
    texts: dict[str, list[str]], encoding: str, size: int, count: int
) -> list[tuple[bytes, str]]:
    """Encoded pages of `size` characters, `count` a language, and what they say."""
    found = []
    for language in ENCODINGS[encoding].split():
        drawn = random.Random(f"{language} {size}").sample(texts[language], count)
        for text in drawn:
            shown = PAGE.replace("SHOWN", text[:size].encode(encoding, "ignore").decode(encoding))
            if not shown.isascii():
                found.append((shown.encode(encoding), shown))
    return found


def main() -> None:
    """Measure, print, write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--corpora", type=Path, required=True, help="folder that holds excerpts/")
    parser.add_argument("--count", type=int, default=60, help="texts a language")
    parser.add_argument("--sizes", type=int, nargs="+", default=[150, 800], help="characters")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    texts = read_texts(options.corpora)
    report: dict[str, dict[str, float]] = {}
    for size in options.sizes:
        found = {e: pages(texts, e, size, options.count) for e in ENCODINGS}
        found["all"] = [page for members in found.values() for page in members]
        for encoding, members in found.items():
            row: dict[str, float] = {"pages": len(members)}
            for name, run in SYSTEMS.items():
                row[name] = sum(run(data) == shown for data, shown in members) / len(members)
            report[f"{encoding}, {size} characters"] = row
    print(
        format_table(
            ["decoded right", "pages", *SYSTEMS],
            [[name, *row.values()] for name, row in report.items()],
        )
    )
    if options.json:
        given = {"command": " ".join(["benchmarks/decoding.py", *sys.argv[1:]]), **report}
        options.json.write_text(json.dumps(given, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
