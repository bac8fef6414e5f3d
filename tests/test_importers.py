"""Importers whose data sets come in several layouts: dragnet, CleanEval, Label Studio."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import cleaner.cli
from cleaner.data.check import check
from cleaner.data.importers import import_corpus
from cleaner.data.marks import locate_spam
from cleaner.data.pages import Labelled, LabelledPage, read_pages, write_page
from cleaner.errors import DataError
from cleaner.examples import label_blocks
from cleaner.segment import segment
from conftest import TRAINING_DATA

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


# Label Studio


def region(start: int, end: int, text: str | None, *labels: str) -> dict[str, Any]:
    value: dict[str, Any] = {"start": start, "end": end, "labels": list(labels)}
    return value if text is None else {**value, "text": text}


def hyper(text: str, *labels: str, start: int | None = None) -> dict[str, Any]:
    value: dict[str, Any] = {
        "start": "/div[1]/p[2]/text()[1]",
        "end": "/div[1]/p[2]/text()[1]",
        "startOffset": 0,
        "endOffset": len(text),
        "text": text,
        "hypertextlabels": list(labels),
    }
    if start is not None:
        value["globalOffsets"] = {"start": start, "end": start + len(text)}
    return value


def task(
    data: Mapping[str, Any], values: Sequence[Mapping[str, Any]], id: int = 1, **facts: bool
) -> dict[str, Any]:
    result = [
        {"from_name": "label", "to_name": "shown", "type": "labels", "value": value}
        for value in values
    ]
    result.append({"type": "choices", "to_name": "shown", "value": {"choices": ["news"]}})
    result.append({"type": "relation", "from_id": "a", "to_id": "b"})
    return {"id": id, "data": data, "annotations": [{"result": result, **facts}]}


def export(folder: Path, *tasks: object, name: str = "project.json") -> Path:
    return put(folder, {name: json.dumps(tasks)})


def regions_of(text: str, *pairs: tuple[str, str]) -> list[dict[str, Any]]:
    """Regions of texts by their first places, with labels."""
    return [region(text.index(p), text.index(p) + len(p), p, label) for p, label in pairs]


def as_min(task: Mapping[str, Any]) -> dict[str, Any]:
    (annotation,) = task["annotations"]
    values = [r["value"] for r in annotation["result"] if "labels" in r.get("value", ())]
    return {"id": task["id"], **task["data"], "label": values, "created_at": "2024-01-01"}


TEXT = "\n\n".join([*TEXTS, "Home News Contact"])
CHOSEN = regions_of(TEXT, (f"{FIRST}\n\n{SECOND}", "Article"), (REMARK, "Comment"))
FOOTER = region(TEXT.rindex("Home"), len(TEXT), "Home News Contact", "Navigation")


@pytest.mark.parametrize("form", ["json", "completions", "min", "alone"])
def test_labelstudio_text(tmp_path: Path, form: str) -> None:
    data = {"body": TEXT, "note": "short", "url": "https://www.harbour.example/a"}
    entry = task(data, [FOOTER, *CHOSEN])
    if form == "completions":
        entry["completions"] = entry.pop("annotations")
    folder = export(tmp_path / "set", as_min(entry) if form == "min" else entry)
    if form == "alone":
        folder = folder / "project.json"
    (page,) = imported("labelstudio", folder, tmp_path / "out")
    assert page.name == "labelstudio-project-1"
    assert (page.kind, page.page, page.rest) == ("text", TEXT.encode(), NONE)
    assert page.url == "https://www.harbour.example/a"
    # The same menu stands there twice, and only the second was labelled.
    assert block_labels(page) == [NONE, ART, ART, NONE, COM, NONE, NAV]
    assert check(tmp_path / "out") == []


def test_labelstudio_spam_and_other_labels(tmp_path: Path) -> None:
    text = "\n\n".join(
        [FIRST, "Buy cheap pills today, dear friends", REMARK, "Ships for sale here"]
    )
    values = regions_of(
        text,
        (FIRST, "ARTICLE"),
        ("three weeks ", "Spam"),
        ("weeks of storms", "spam"),
        ("Buy cheap pills today, dear friends", "Spam"),
        (REMARK, "Comment"),
        ("he says", "Spam"),
        ("Ships for sale here", "Product List"),
    )
    export(tmp_path / "set", task({"text": text}, values))
    (page,) = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    labels = [ART, "spam", COM, "product-list"]
    assert block_labels(page) == labels
    assert [page.labels[0].text[start:end] for start, end in page.labels[0].spam] == [
        "three weeks of storms"
    ]
    assert check(tmp_path / "out", [*labels, NONE]) == []


def test_labelstudio_short_regions_lie_on_long_ones(tmp_path: Path) -> None:
    values = [*regions_of(TEXT, ("Read more about ships", "navigation"))]
    values.append(region(TEXT.index(FIRST), TEXT.index("\n\nImprint"), None, "article"))
    export(tmp_path / "set", task({"text": TEXT}, values))
    (page,) = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    assert block_labels(page) == [NONE, ART, ART, NAV, ART, NONE, NONE]


@pytest.mark.parametrize("wide", [False, True])
def test_labelstudio_counts_code_points_or_utf16(tmp_path: Path, wide: bool) -> None:
    text = f"Menu 🙂🙂🙂\n\n{FIRST}\n\n🙂 {REMARK}\n"
    shift = 1 if wide else 0
    start = text.index(FIRST) + 3 * shift
    other = text.index(REMARK) + 4 * shift
    values = [
        region(start, start + len(FIRST), FIRST, "article"),
        region(other, other + len(REMARK), REMARK, "comment"),
    ]
    export(tmp_path / "set", task({"text": text}, values))
    (page,) = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    assert block_labels(page) == [NONE, ART, COM]


@pytest.mark.parametrize("by", [9, 300, 10**30, -1000])
def test_labelstudio_text_that_is_elsewhere_than_said_is_aligned(tmp_path: Path, by: int) -> None:
    values = [{**value, "start": value["start"] + by, "end": value["end"] + by} for value in CHOSEN]
    export(tmp_path / "set", task({"text": TEXT}, values))
    (page,) = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    assert block_labels(page) == [NONE, ART, ART, NONE, COM, NONE, NONE]


def test_labelstudio_empty_regions_count_for_nothing(tmp_path: Path) -> None:
    empty = [region(5, 5, text, "article") for text in ("", None)]
    tasks = [task({"text": TEXT}, [*empty, FOOTER]), task({"text": TEXT}, empty, id=2)]
    export(tmp_path / "set", *tasks)
    (page,) = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    # By its place, as the same menu stands above, too.
    assert block_labels(page) == [NONE] * 6 + [NAV]
    assert check(tmp_path / "out") == []


@pytest.mark.parametrize("places", [True, False])
@pytest.mark.parametrize("lines", ["\n", "\\n"])
def test_labelstudio_hypertext(tmp_path: Path, places: bool, lines: str) -> None:
    parts = [
        ((TEXTS[0],), ["Navigation"], 0),
        ((FIRST, SECOND), ["Article"], 20),
        (("three weeks",), ["Spam"], 20 + FIRST.index("three weeks")),
        ((TEXTS[3],), ["Navigation"], 300),
        ((REMARK,), ["Comment"], 400),
        ((TEXTS[5],), ["Navigation"], 500),
    ]
    values = [
        hyper(lines.join(texts), *labels, start=start if places else None)
        for texts, labels, start in reversed(parts)
    ]
    export(tmp_path / "set", task({"title": "x" * 2000, "html": HTML}, values))
    (page,) = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    assert page.kind == "html"
    assert page.ordered == places
    assert block_labels(page) == [NAV, ART, ART, NAV, COM, NAV]
    parsed = segment(page.page, page.kind)
    spam = locate_spam(parsed, page.labels, ordered=page.ordered)
    assert [parsed.source[start:end] for start, end in spam] == ["three weeks"]
    assert check(tmp_path / "out") == []


def test_labelstudio_hypertext_inside_another(tmp_path: Path) -> None:
    whole = "\n".join(TEXTS[1:5])
    values = [
        hyper(whole, "article", start=50),
        hyper(TEXTS[3], "navigation", start=50 + whole.index(TEXTS[3]) + 4),
    ]
    export(tmp_path / "set", task({"html": HTML}, values))
    (page,) = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    assert block_labels(page) == [NONE, ART, ART, NAV, ART, NONE]


@pytest.mark.parametrize("title", [0, len("Harbour")])
@pytest.mark.parametrize("label", [NAV, ART])
def test_labelstudio_hypertext_labels_the_copy_that_was_chosen(
    tmp_path: Path, label: str, title: int
) -> None:
    page = (
        "<html><head><title>Harbour</title><style>p {}</style></head><body><ul>\n  <li>Storm over"
        " the sea</li><li>🙂 Imprint</li></ul>\n<h1>Storm<br>over the <b>sea</b></h1>"
        f"<p>{FIRST}</p></body></html>"
    )
    # The text nodes, a title before them counted or not.
    shown = f"\n  Storm over the sea🙂 Imprint\nStorm\nover the sea{FIRST}"
    start = shown.rindex("Storm\nover") if label == ART else shown.index("Storm")
    value = hyper("Storm over the sea", label, start=title + start)
    export(tmp_path / "set", task({"html": page}, [value]))
    (found,) = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    labels = [NAV, NONE, NONE, NONE] if label == NAV else [NONE, NONE, ART, NONE]
    assert found.ordered
    assert block_labels(found) == labels
    assert check(tmp_path / "out") == []


def test_labelstudio_paragraphs(tmp_path: Path) -> None:
    values = [
        {"start": "0", "end": "1", "startOffset": 0, "endOffset": len(SECOND),
         "text": f"{FIRST}\n\n{SECOND}", "paragraphlabels": ["Article"]},
        {"start": "2", "end": "2", "startOffset": 0, "endOffset": len(REMARK),
         "text": REMARK, "paragraphlabels": ["Comment"]},
    ]  # fmt: skip
    talk = [{"author": "A", "text": text} for text in (FIRST, SECOND, REMARK)]
    export(tmp_path / "set", task({"dialogue": talk}, values))
    (page,) = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    assert block_labels(page) == [ART, ART, COM]
    assert check(tmp_path / "out") == []


@pytest.mark.parametrize("form", ["json", "other names", "min"])
def test_labelstudio_several_texts(tmp_path: Path, form: str) -> None:
    body = "\n\n".join([FIRST, REMARK])
    entry = task({"title": TEXTS[3], "body": body}, [])
    entry["annotations"][0]["result"] = [
        {
            "from_name": f"labels-{tag}",
            "to_name": tag + "2" * (form == "other names"),
            "value": value,
        }
        for tag, text, pairs in (
            ("body", body, [(FIRST, "Article"), (REMARK, "Comment")]),
            ("title", TEXTS[3], [("Read more", "Navigation")]),
        )
        for value in regions_of(text, *pairs)
    ]
    if form == "min":
        results = entry.pop("annotations")[0]["result"]
        entry.update(entry.pop("data"))
        for result in results:
            entry.setdefault(result["from_name"], []).append(result["value"])
    export(tmp_path / "set", entry)
    (page,) = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    assert page.page.decode() == f"{TEXTS[3]}\n\n{body}"
    assert page.labels == (
        Labelled(NAV, "Read more"),
        Labelled(NONE, "about ships"),
        Labelled(ART, FIRST),
        Labelled(COM, REMARK),
    )


def test_labelstudio_takes_the_annotation_that_counts(tmp_path: Path) -> None:
    def annotated(label: str, **facts: bool) -> dict[str, Any]:
        values = regions_of(TEXT, (FIRST, label))
        (annotation,) = task({}, values, **facts)["annotations"]
        return dict(annotation)

    data = {"text": TEXT}
    kept = [annotated("comment"), annotated("article"), annotated("menu", was_cancelled=True)]
    truth = [annotated("article", ground_truth=True), annotated("comment")]
    export(
        tmp_path / "set",
        {"id": 1, "data": data, "annotations": kept},
        {"id": 2, "data": data, "annotations": truth},
        {"id": 3, "data": data, "annotations": [annotated("article", was_cancelled=True)]},
        {"id": 4, "data": data, "annotations": []},
        {"id": 5, "data": data, "annotations": [{"result": [], "was_cancelled": True}]},
        {"id": 6, "data": data, "annotations": [annotated("article"), {"result": []}]},
        name="a (1).json",
    )
    # JSON-MIN has an annotation a line.
    lines = [as_min(task(data, regions_of(TEXT, (FIRST, label)))) for label in ("menu", ART)]
    export(tmp_path / "set", *lines, name="b.json")
    pages = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    names = [f"labelstudio-{name}" for name in ("a-1-1", "a-1-2", "a-1-6", "b-1")]
    assert [page.name for page in pages] == names
    assert [block_labels(page)[1] for page in pages] == [ART] * 4


def flexible(text: str) -> str:
    """A pattern for a text whose lines may be broken elsewhere."""
    return re.escape(text).replace(r"\ ", r"\s+")


def as_regions(page: LabelledPage, source: str) -> list[dict[str, Any]]:
    """The labels of a page as somebody would give them in Label Studio."""
    values = []
    at = 0
    for entry in page.labels:
        found = re.compile(flexible(entry.text)).search(source, at)
        assert found, entry.text
        values.append(region(*found.span(), found[0], entry.label.title()))
        for start, end in entry.spam:
            pattern = f"{flexible(entry.text[:start])}({flexible(entry.text[start:end])})"
            spam = re.compile(pattern).match(source, found.start())
            assert spam, entry.text
            values.append(region(*spam.span(1), spam[1], "Spam"))
        at = found.end()
    return values


def test_labelstudio_gives_shipped_pages_back(tmp_path: Path) -> None:
    shipped = [page for page in read_pages(TRAINING_DATA) if page.kind == "text"]
    assert len(shipped) > 20
    tasks = []
    for number, page in enumerate(shipped):
        source = segment(page.page, page.kind).source
        values = as_regions(page, source)
        tasks.append(task({"text": source, "url": page.url}, values, id=1000 + number))
    export(tmp_path / "set", *tasks)
    back = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    for page, found in zip(shipped, back, strict=True):
        parsed = segment(page.page, page.kind)
        assert segment(found.page, found.kind).source == parsed.source
        assert label_blocks(found, parsed) == label_blocks(page, parsed), page.name
        assert locate_spam(parsed, found.labels) == locate_spam(parsed, page.labels), page.name
        assert found.site == page.site
    assert any(page.has_spam for page in back)
    assert check(tmp_path / "out") == []


def test_labelstudio_gives_shipped_html_back(tmp_path: Path) -> None:
    shipped = [page for page in read_pages(TRAINING_DATA) if page.kind == "html"]
    shipped = shipped[::10] + [page for page in shipped if page.has_spam]
    tasks = []
    for number, page in enumerate(shipped):
        at = 0
        values = []
        for entry in page.labels:
            values.append(hyper(entry.text, entry.label.upper(), start=at))
            for start, end in entry.spam:
                values.append(hyper(entry.text[start:end], "Spam", start=at + start))
            at += len(entry.text) + 7
        html = segment(page.page, page.kind).html
        tasks.append(task({"html": html}, values[::-1], id=1000 + number))
    export(tmp_path / "set", *tasks)
    back = imported("labelstudio", tmp_path / "set", tmp_path / "out")
    for page, found in zip(shipped, back, strict=True):
        parsed = segment(page.page, page.kind)
        # What lies in no region is unjudged, whatever the rest of the page was.
        labels = label_blocks(replace(page, rest=NONE), parsed)
        assert tuple(block_labels(found)) == labels, page.name
        assert locate_spam(parsed, found.labels) == locate_spam(parsed, page.labels), page.name
    assert any(page.has_spam for page in back)


# All of them


def test_lines_with_the_brackets_of_the_format_keep_their_labels(tmp_path: Path) -> None:
    line = f"⟦1⟧ {FIRST}"
    html = HTML.replace(FIRST, line)
    text = TEXT.replace(FIRST, line)
    files = {
        "dragnet/HTML/1.html": html,
        "dragnet/Corrected/1.html.corrected.txt": f"{line}\n{SECOND}",
        "cleaneval/original/1.html": html,
        "cleaneval/cleaned/1.txt": f"{line}\n{SECOND}",
        "labelstudio/a.json": json.dumps(
            [task({"text": text}, regions_of(text, (line, ART), (SECOND, ART)))]
        ),
    }
    put(tmp_path, files)
    for format in ("dragnet", "cleaneval", "labelstudio"):
        (page,) = imported(format, tmp_path / format, tmp_path / "out" / format)
        assert block_labels(page)[1:3] == [ART, ART]
        assert check(tmp_path / "out" / format) == []


def test_corrected_labels_are_not_replaced(tmp_path: Path) -> None:
    folder = put(tmp_path / "set", {"original/1.html": HTML, "cleaned/1.txt": MARKED})
    out = tmp_path / "out"
    (page,) = imported("cleaneval", folder, out)
    assert imported("cleaneval", folder, out) == [page]
    corrected = replace(page, labels=(*page.labels, Labelled(COM, REMARK)))
    write_page(out, corrected, compress=True)
    with pytest.raises(DataError, match=r"cleaneval-1\.labels: holds other labels .*; give"):
        import_corpus("cleaneval", folder, out)
    assert read_pages(out) == [corrected]


# What is wrong with a data set

IN_TWO = task({"title": "Harbour", "text": TEXT}, [])
IN_TWO["annotations"][0]["result"] = [
    {"to_name": "title", "value": region(0, 7, "Harbour", ART)},
    {"to_name": "text", "value": region(0, 7, FIRST, ART)},
]


@pytest.mark.parametrize(
    ("format", "files", "message"),
    [
        ("dragnet", {"HTML/1.html": HTML}, r"no HTML/ and Corrected/; give"),
        (
            "dragnet",
            {"HTML/1.html": HTML, "Corrected/2.html.corrected.txt": "x"},
            r"1\.html: has no reference text; add",
        ),
        (
            "dragnet",
            {"HTML/1.html": HTML, "HTML/1.html.gz": HTML, "Corrected/1.html.corrected.txt": "x"},
            r"1\.html\.gz: has the ID of 1\.html; keep one",
        ),
        ("cleaneval", {"1.html": HTML, "1.txt": "x"}, r"no original/ and cleaned/; give"),
        (
            "cleaneval",
            {"en_original/1.html": HTML, "en_cleaned/1.txt": "x", "ch_original/1.html": HTML},
            r"ch_original: no folder of cleaned texts beside it; add",
        ),
        ("cleaneval", {"gold/1.txt": "x"}, r"gold: no folder of pages beside it; add"),
        (
            "cleaneval",
            {"original/1.html": HTML, "cleaned/README": "x"},
            r"1\.html: has no reference text; add",
        ),
        (
            "cleaneval",
            {"original/README": "x", "cleaned/1.txt": "x"},
            r"1\.txt: has no page; add",
        ),
        (
            "cleaneval",
            {"original/1.html": HTML, "html/1.html": HTML, "cleaned/1.txt": "x"},
            r"original: lies beside html/; keep one",
        ),
        (
            "cleaneval",
            {
                "en_original/5.html": HTML,
                "en_cleaned/5.txt": "x",
                "original/en-5.html": HTML,
                "cleaned/en-5.txt": "x",
            },
            r"set: two pages come out as cleaneval-en-5; rename one",
        ),
        (
            "labelstudio",
            {f"export{n}.json": json.dumps([task({"text": TEXT}, CHOSEN)]) for n in ("-1", " (1)")},
            r"set: two pages come out as labelstudio-export-1-1; rename one",
        ),
        (
            "snippets",
            {
                "evaldata.json": json.dumps({at: {"file": "a.html", "with": [at]} for at in "xy"}),
                "html/a.html.gz": HTML,
            },
            r"set: two pages come out as snippets-a; rename one",
        ),
        ("labelstudio", {"a.txt": "x"}, r"no export \(NAME\.json\); give"),
        ("labelstudio", {"a.json": "[{"}, r"a\.json: cannot be read"),
        ("labelstudio", {"a.json": "[]"}, r"a\.json: no task has a labelled region; label"),
        ("labelstudio", {"a.json": "7"}, r"a\.json: not laid out as labelstudio"),
        ("labelstudio", {"a.json": '["data", 7]'}, r"a\.json: not laid out as labelstudio"),
        (
            "labelstudio",
            {"a.json": json.dumps([{"data": {"text": TEXT}, "annotations": [{}]}])},
            r"a\.json: not laid out as labelstudio",
        ),
        (
            "labelstudio",
            {"a.json": json.dumps([task({"text": TEXT}, [])])},
            r"a\.json: no task has a labelled region",
        ),
        (
            "labelstudio",
            {"a.json": json.dumps([task({"n": 7}, CHOSEN, id=9)])},
            r"a\.json: task 9: holds no text; export",
        ),
        (
            "labelstudio",
            {"a.json": json.dumps([task({"text": "https://a.org/x.html"}, CHOSEN)])},
            r"task 1: has an address in place of its page; import",
        ),
        (
            "labelstudio",
            {"a.json": json.dumps([task({"html": HTML}, [{**hyper("x", "a"), "text": None}])])},
            r"task 1: a region without its text; put",
        ),
        (
            "labelstudio",
            {"a.json": json.dumps([IN_TWO])},
            r"task 1: regions in title and text, not all at offsets .*; show",
        ),
        (
            "labelstudio",
            {"a.json": json.dumps([task({"text": TEXT + x}, CHOSEN) for x in "ab"])},
            r"task 1 is there with two pages; rename",
        ),
    ],
)
def test_what_is_wrong(
    tmp_path: Path, format: str, files: Mapping[str, str], message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder = put(tmp_path / "set", files)
    with pytest.raises(DataError, match=message) as error:
        import_corpus(format, folder, tmp_path / "out")
    assert "\n" not in str(error.value)
    assert cleaner.cli.main(["import", format, str(folder), str(tmp_path / "out")]) != 0
    assert re.search(message, capsys.readouterr().err)
