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


# CleanEval

WRAPPED = (
    '<text id="http://a.example.org/x?a=1&amp;b=2" title="A > B" encoding="iso-8859-1">\n'
    f"{HTML}\n</text>\n"
)
MARKED = f"URL: http://b.example.org/y\n\n<h>{FIRST}\n<p>{SECOND}\n"


@pytest.mark.parametrize(
    ("page", "reference"),
    [
        ("original/12.html", "cleaned/12.txt"),
        ("original/12.html.gz", "cleaned/12.txt.gz"),
        ("html/12.html", "gold/12-cleaned.txt"),
        ("orig/12-original.html", "clean/12-cleaned.txt"),
        ("finalrun-input/12.html", "GoldStandard/12-cleaned.txt"),
        ("en_original/12.html", "en_cleaned/12.txt"),
        ("en/original/12.html", "en/cleaned/12.html.txt"),
    ],
)
def test_cleaneval_layouts(tmp_path: Path, page: str, reference: str) -> None:
    folder = put(tmp_path / "set", {page: WRAPPED, reference: MARKED})
    (found,) = imported("cleaneval", folder, tmp_path / "out")
    english = page.startswith("en")
    assert found.name == ("cleaneval-en-12" if english else "cleaneval-12")
    assert found.language == ("en" if english else "und")
    assert block_labels(found) == AS_ARTICLE
    assert found.labels == (Labelled(ART, FIRST), Labelled(ART, SECOND))
    assert found.page.strip() == HTML.encode()
    assert check(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("opening", "url", "encoding"),
    [
        ('<text id="http://a.org/?a=1&amp;b=2" title="a" encoding="gbk">', "a.org/?a=1&b=2", "gbk"),
        ("<text id='http://a.org/' title='a' encoding='unset' >", "a.org/", None),
        ('\ufeff\n<text id="7" title="" encoding="">', "b.example.org/y", None),
        ('<text title="of id = 8, a > b"\nid="http://a.org/">', "a.org/", None),
        ('<text id="http://a.org/" title="he "said" so" encoding="x-y">', "a.org/", "x-y"),
        ("", "b.example.org/y", None),
    ],
)  # fmt: skip
def test_cleaneval_wrapper(tmp_path: Path, opening: str, url: str, encoding: str | None) -> None:
    whole = f"{opening}\n{HTML}\n</text>" if opening else HTML
    folder = put(tmp_path / "set", {"original/1.html": whole, "cleaned/1.txt": MARKED})
    (found,) = imported("cleaneval", folder, tmp_path / "out")
    assert found.page.strip() == HTML.encode()
    assert found.url == f"http://{url}"
    assert found.extra.get("encoding") == encoding


def test_cleaneval_markers_and_languages(tmp_path: Path) -> None:
    chinese = "<html><body><p>首页</p><p>{}</p><p>联系我们</p></body></html>"
    story = "港口在三个星期的风暴和修理之后于星期一重新开放。"
    page = f'<text id="1" title="港口" encoding="utf-8">{chinese.format(story)}</text>'
    files: dict[str, str | bytes] = {
        "dev/en_original/1.html": HTML,
        "dev/en_cleaned/1.txt": f"<p>{FIRST} <l> {SECOND}",
        "dev/ch_original/1.html": page.encode("gb18030"),
        "dev/ch_cleaned/1.txt": f"<p>{story}".encode("gb18030"),
        "eval/en_original/1.html": HTML.replace("Home", "Start"),
        "eval/en_cleaned/1.txt": "",
    }
    pages = imported("cleaneval", put(tmp_path / "set", files), tmp_path / "out")
    names = ["cleaneval-dev-ch-1", "cleaneval-dev-en-1", "cleaneval-eval-en-1"]
    assert [page.name for page in pages] == names
    assert [page.language for page in pages] == ["zh", "en", "en"]
    labels = [block_labels(page) for page in pages]
    assert labels == [[NAV, ART, NAV], AS_ARTICLE, [NAV] * 6]
    assert check(tmp_path / "out") == []
