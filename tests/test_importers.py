"""Importers whose data sets come in several layouts: dragnet, CleanEval, Label Studio."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest

from cleaner.data.check import check
from cleaner.data.importers import import_corpus
from cleaner.data.pages import Labelled, LabelledPage, read_pages
from cleaner.examples import label_blocks
from cleaner.segment import segment

FIRST = "The harbour opened again on Monday after three weeks of storms and repairs."
SECOND = "Fishermen in Århus said that they would sail out as soon as the wind allowed it."
REMARK = "My brother sails from there, and he says the café on the pier is still closed."
TEXTS = ("Home News Contact", FIRST, SECOND, "Read more about ships", REMARK, "Imprint and terms")
HTML = "<html><head><title>Harbour</title></head><body>{}</body></html>".format(
    "\n".join(f"<p>{text}</p>" for text in TEXTS)
)
NAV, ART, COM, NONE = "navigation", "article", "comment", "unjudged"
AS_ARTICLE = [NAV, ART, ART, NAV, NAV, NAV]


def put(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files by relative name; those that end with .gz are compressed."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def imported(format: str, folder: Path, out: Path) -> list[LabelledPage]:
    count = import_corpus(format, folder, out)
    pages = read_pages(out)
    assert len(pages) == count
    return pages


def block_labels(page: LabelledPage) -> list[str]:
    return list(label_blocks(page, segment(page.page, page.kind)))


# dragnet


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("line", ["!@#$%^&*()  COMMENTS", "!@#$%^&*() COMMENTS"])
def test_dragnet(tmp_path: Path, encoding: str, line: str) -> None:
    with_comments = f"{FIRST}\r\n\r\n{SECOND}\r\n\r\n{line}\r\n\r\n{REMARK}\r\n"
    files: dict[str, str | bytes] = {
        "HTML/R1.html": HTML.encode(encoding),
        "HTML/R2.html.gz": HTML.replace("Harbour", "Sea").replace("Imprint", "Notes"),
        "HTML/.DS_Store": b"\0",
        "Corrected/R1.html.corrected.txt": with_comments.encode(encoding),
        "Corrected/R2.html.corrected.txt": f"{FIRST}\n{SECOND}\n",
        "Corrected/README": "x",
        "LICENSE": "\nSome Licence 1.0\n\nand its terms",
    }
    first, second = imported("dragnet", put(tmp_path / "set", files), tmp_path / "out")
    assert (first.name, second.name) == ("dragnet-R1", "dragnet-R2")
    assert block_labels(first) == [NAV, ART, ART, NAV, COM, NAV]
    assert block_labels(second) == AS_ARTICLE
    assert first.labels[-1] == Labelled(COM, REMARK)
    assert first.page == HTML.encode(encoding)
    assert first.licence == "Some Licence 1.0"
    assert first.site != second.site
    assert check(tmp_path / "out") == []


def test_dragnet_goes_on_after_what_is_no_text(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "HTML/1.html": HTML,
        "Corrected/1.html.corrected.txt": b"\x81\xff\xfe\x00\x9d " + FIRST.encode(),
    }
    (page,) = imported("dragnet", put(tmp_path / "set", files), tmp_path / "out")
    assert block_labels(page)[1] == ART
    assert page.licence == "unknown"
