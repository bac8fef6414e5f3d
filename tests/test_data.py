"""Labelled pages: format, check and importers."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cleaner.data.check import check
from cleaner.data.importers import IMPORTERS, import_corpus
from cleaner.data.pages import Labelled, LabelledPage, digest, read_page, read_pages, write_page
from cleaner.errors import DataError

ARTICLE = "The harbour opened again on Monday after three weeks of storms and repairs."
SECOND = "Fishermen said that they would sail out as soon as the wind allowed it."
HTML = f"""<!DOCTYPE html><html lang="en-GB"><head>
<link rel="canonical" href="https://www.harbour.example.co.uk/a"></head><body>
<p>Home</p><p>{ARTICLE}</p><p>{SECOND}</p></body></html>"""
PAGE = LabelledPage(
    name="harbour",
    page=HTML.encode(),
    kind="html",
    url="https://www.harbour.co.uk/a",
    language="en",
    layout="news",
    source="written for a test",
    licence="CC0-1.0",
    rest="unjudged",
    labels=(
        Labelled("navigation", "Home"),
        Labelled("article", ARTICLE, ((4, 11), (34, 39))),
        Labelled("article", SECOND),
    ),
    extra={"note": "of a harbour"},
)
HEADER = "cleaner-labels: 1\nurl: https://a.org/\nlanguage: en\nsource: s\nlicence: CC0-1.0\n"


def write_raw(folder: Path, labels: str, page: str = HTML, name: str = "p") -> Path:
    (folder / f"{name}.html").write_text(page, encoding="utf-8")
    (folder / f"{name}.labels").write_text(labels, encoding="utf-8")
    return folder / f"{name}.labels"


def test_a_page_tells_whether_spam_is_marked_in_it() -> None:
    assert PAGE.has_spam
    assert not replace(PAGE, labels=PAGE.labels[::2]).has_spam


@pytest.mark.parametrize("compress", [False, True])
def test_round_trip(tmp_path: Path, compress: bool) -> None:
    text = replace(PAGE, name="plain", kind="text", page=b"Home\r\n\xff\n")
    write_page(tmp_path, text, compress=compress)
    write_page(tmp_path, PAGE, compress=compress)
    assert read_pages(tmp_path) == [PAGE, text]
    assert read_page(tmp_path / ("harbour.html.gz" if compress else "harbour.html")) == PAGE
    assert (tmp_path / "harbour.html.gz").exists() == compress


def test_writing_is_deterministic_and_replaces(tmp_path: Path) -> None:
    write_page(tmp_path, PAGE)
    write_page(tmp_path, PAGE, compress=True)
    first = (tmp_path / "harbour.html.gz").read_bytes()
    write_page(tmp_path, PAGE, compress=True)
    assert (tmp_path / "harbour.html.gz").read_bytes() == first
    assert len(list(tmp_path.iterdir())) == 2


def test_labels_are_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_page(tmp_path, PAGE)

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_page(tmp_path, replace(PAGE, labels=()))
    assert read_pages(tmp_path) == [PAGE]
    assert len(list(tmp_path.iterdir())) == 2


def test_digest_sees_labels_and_pages_not_their_order(tmp_path: Path) -> None:
    other = replace(PAGE, name="b")
    write_page(tmp_path, PAGE)
    write_page(tmp_path, other)
    assert digest(tmp_path) == digest([other, PAGE]) == digest([PAGE, other])
    assert digest([PAGE]) != digest([replace(PAGE, page=b"x")])
    assert digest([PAGE]) != digest([replace(PAGE, labels=())])


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.bbc.co.uk/news", "bbc.co.uk"),
        ("http://a.b.github.io/c", "b.github.io"),
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("https://www.example-site.tld/x", "www.example-site.tld"),
        ("http://[bad", "http://[bad"),
        ("http://[bad]/x", "http://[bad]/x"),
        ("nowhere", "nowhere"),
    ],
)
def test_site(url: str, site: str) -> None:
    assert replace(PAGE, url=url).site == site


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("", "p.labels:1: expected `cleaner-labels: 1`"),
        ("url: https://a.org/\n" + HEADER, "twice"),
        (HEADER.replace(": 1", ": 2"), "p.labels:1: expected"),
        (HEADER + "nonsense\n", "p.labels:6: not a header line"),
        (HEADER.replace("licence: CC0-1.0\n", "").replace("source: s\n", ""), "source, licence"),
        (HEADER + "\narticle one\n", "p.labels:7: not a labelled text"),
        (HEADER + "\narticle\t \n", "p.labels:7: not a labelled text"),
        (HEADER + "\narticle\ta ⟦b\n", "p.labels:7: ⟦ is never closed"),
        (HEADER + "\narticle\ta ⟧b\n", "p.labels:7: ⟦ and ⟧ do not alternate"),
        (HEADER + "\narticle\ta ⟦b ⟦c⟧\n", "p.labels:7: ⟦ and ⟧ do not alternate"),
        (HEADER + "\narticle\ta ⟦⟧ b\n", "p.labels:7: ⟦⟧ marks nothing"),
    ],
)
def test_malformed_labels(tmp_path: Path, labels: str, message: str) -> None:
    path = write_raw(tmp_path, labels)
    with pytest.raises(DataError) as error:
        read_page(path)
    assert message in str(error.value)
    assert [problem.page for problem in check(tmp_path)] == ["p"]


@pytest.mark.parametrize(
    "page",
    [
        replace(PAGE, labels=(Labelled("article", "a ⟦b⟧"),)),
        replace(PAGE, labels=(Labelled("article", " "),)),
        replace(PAGE, labels=(Labelled("two words", "a"),)),
        replace(PAGE, labels=(Labelled("article", "abc", ((1, 9),)),)),
        replace(PAGE, name="a/b"),
    ],
)
def test_what_the_format_cannot_hold(tmp_path: Path, page: LabelledPage) -> None:
    with pytest.raises(DataError):
        write_page(tmp_path, page)


def test_files_that_miss_their_partner(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("x")
    (tmp_path / "b.labels").write_text(HEADER)
    (tmp_path / "README.md").write_text("x")
    assert [problem.page for problem in check(tmp_path)] == ["a", "b"]
    with pytest.raises(DataError, match="no such folder"):
        read_pages(tmp_path / "none")
    with pytest.raises(DataError, match="is no folder"):
        read_pages(tmp_path / "a.html")


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_writing_where_no_folder_can_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot be made a folder .*; name another"):
        write_page(tmp_path / name, PAGE)


def damaged(data: bytes) -> list[bytes]:
    """A compressed file cut short, garbled inside, with a wrong checksum, and not compressed."""
    packed = gzip.compress(data, mtime=0)
    garbled = packed[:12] + bytes(byte ^ 0xFF for byte in packed[12:20]) + packed[20:]
    return [packed[:-20], garbled, packed[:-8] + bytes(8), data]


@pytest.mark.parametrize("packed", damaged(HTML.encode()))
def test_damaged_page_file(tmp_path: Path, packed: bytes) -> None:
    write_page(tmp_path, PAGE, compress=True)
    (tmp_path / "harbour.html.gz").write_bytes(packed)
    with pytest.raises(DataError, match=r"harbour\.html\.gz: cannot be read .*; restore"):
        read_pages(tmp_path)
    (problem,) = check(tmp_path)
    assert "cannot be read" in problem.message


@pytest.mark.parametrize("packed", damaged(HTML.encode()))
def test_damaged_page_of_a_data_set(tmp_path: Path, packed: bytes) -> None:
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "k.html.gz").write_bytes(packed)
    (tmp_path / "ground-truth.json").write_text(json.dumps({"k": {"articleBody": ARTICLE}}))
    with pytest.raises(DataError, match=r"k\.html\.gz: cannot be read .*; restore"):
        import_corpus("aeb", tmp_path, tmp_path / "out")


def test_check_accepts_a_page_without_labels(tmp_path: Path) -> None:
    write_page(tmp_path, replace(PAGE, labels=()))
    assert check(tmp_path) == []


def test_check_accepts_a_good_page(tmp_path: Path) -> None:
    write_page(tmp_path, PAGE)
    assert check(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        ({"language": "eng"}, 0, "language 'eng'"),
        ({"url": "a.org"}, 0, "url 'a.org'"),
        ({"url": "http://[bad"}, 0, "url 'http://[bad'"),
        ({"page": b"%PDF-1.4\n1 0 obj"}, 0, "page cannot be read"),
        ({"url": "://"}, 0, "url '://'"),
        ({"rest": "menu"}, 0, "rest 'menu'"),
        ({"extra": {"Layout": "news"}}, 0, "unknown key 'Layout'; write 'layout'"),
        ({"extra": {"orderd": "no"}}, 0, "unknown key 'orderd'; write 'ordered'"),
        ({"extra": {"ordered": "false"}}, 0, "ordered 'false': use yes or no"),
        ({"page": f"Home\n\n{ARTICLE}\n\n{SECOND}".encode()}, 0, "plain text, but named as HTML"),
        (
            {"labels": (*PAGE.labels, Labelled("navigation", SECOND))},
            13,
            "text is listed in line 12 as well",
        ),
        (
            {"rest": "navigation", "labels": (Labelled("article", "they"),)},
            10,
            "so few words of a block are not found",
        ),
        ({"labels": (Labelled("menu", "Home"), *PAGE.labels[1:])}, 10, "unknown label 'menu'"),
        (
            {"labels": (*PAGE.labels, Labelled("article", "Never written anywhere, sadly."))},
            13,
            "text is not in the page",
        ),
        (
            {"labels": (PAGE.labels[0], PAGE.labels[2], PAGE.labels[1])},
            12,
            "text is out of page order",
        ),
        ({"labels": PAGE.labels[:2]}, 0, "of the text has no label"),
        (
            {"labels": (*PAGE.labels[:2], Labelled("article", f"★★★ {SECOND}", ((0, 3),)))},
            12,
            "spam is not found in the page: “★★★ Fishermen",
        ),
        ({"labels": (Labelled("navigation", "Home", ((0, 4),)), *PAGE.labels[1:])}, 10, "spam"),
    ],
)
def test_check_finds(tmp_path: Path, change: dict[str, object], line: int, message: str) -> None:
    write_page(tmp_path, replace(PAGE, **change))  # type: ignore[arg-type]
    problems = check(tmp_path)
    assert [problem.line for problem in problems] == [line]
    assert message in problems[0].message


def test_check_finds_html_that_is_called_plain_text(tmp_path: Path) -> None:
    write_page(tmp_path, replace(PAGE, kind="text"))
    assert "page is HTML, but named as plain text; call it .html" in [
        problem.message for problem in check(tmp_path)
    ]


def test_check_goes_on_after_a_binary_page(tmp_path: Path) -> None:
    write_page(tmp_path, replace(PAGE, name="a", page=b"%PDF-1.4\n1 0 obj"))
    write_page(tmp_path, replace(PAGE, name="b", language="eng"))
    assert [problem.page for problem in check(tmp_path)] == ["a", "b"]


def test_check_finds_duplicates_and_takes_other_labels(tmp_path: Path) -> None:
    renamed = tuple(replace(entry, label="recipe", spam=()) for entry in PAGE.labels)
    write_page(tmp_path, replace(PAGE, labels=renamed))
    write_page(tmp_path, replace(PAGE, name="twin", labels=renamed))
    problems = check(tmp_path, ["recipe", "unjudged"])
    assert [str(problem) for problem in problems] == [
        "twin.labels: same text as harbour; remove one of the two"
    ]


def test_importers(tmp_path: Path) -> None:
    packed = gzip.compress(HTML.encode())
    truth = {
        "url": "https://a.org/1",
        "_internal": {"page_type": {"primary": "forum"}},
        "ground_truth": {"main_content": f"{ARTICLE}\n\n{SECOND}"},
    }
    snippets = json.dumps(
        {"x": {"file": "a.org.x.html", "with": ["opened again"], "comments": None}}
    ).encode()
    regions = [
        {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "text": text, "labels": [label]}
        for text, label in (("Home", "Navigation"), (f"{ARTICLE}\n{SECOND}", "Article"))
    ]
    result = [{"type": "labels", "value": value} for value in regions]
    task = {"id": 7, "data": {"html": HTML}, "annotations": [{"result": result}]}
    files = {
        "wcxb/dev/html/7.html.gz": packed,
        "wcxb/dev/ground-truth/7.json": json.dumps(truth).encode(),
        "aeb/html/k.html.gz": packed,
        "aeb/ground-truth.json": json.dumps({"k": {"articleBody": ARTICLE}}).encode(),
        "snippets/html/a.org.x.html.gz": packed,
        "snippets/evaldata.json": snippets,
        "snippets-unlabelled/html/a.org.x.html.gz": packed,
        "snippets-unlabelled/evaldata.json": snippets,
        "dragnet/HTML/7.html": HTML.encode(),
        "dragnet/Corrected/7.html.corrected.txt": ARTICLE.encode(),
        "cleaneval/original/7.html.gz": packed,
        "cleaneval/cleaned/7.txt": ARTICLE.encode(),
        "labelstudio/project.json": json.dumps([task]).encode(),
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    pages = {}
    for format in IMPORTERS:
        assert import_corpus(format, tmp_path / format, tmp_path / "out" / format) == 1
        pages[format] = read_pages(tmp_path / "out" / format)[0]
        assert check(tmp_path / "out" / format) == []
    assert {page.language for page in pages.values()} == {"en"}
    assert pages["wcxb"].layout == "forum"
    assert [entry.text for entry in pages["wcxb"].labels] == [ARTICLE, SECOND]
    assert pages["aeb"].url == "https://www.harbour.example.co.uk/a"
    assert pages["aeb"].rest == "navigation"
    assert not pages["snippets"].ordered
    assert pages["snippets"].labels == (Labelled("article", "opened again"),)
    assert pages["snippets-unlabelled"].page == pages["snippets"].page
    assert pages["snippets-unlabelled"].labels == ()
    assert pages["dragnet"].labels == pages["cleaneval"].labels == (Labelled("article", ARTICLE),)
    assert [entry.text for entry in pages["labelstudio"].labels] == ["Home", ARTICLE, SECOND]


OTHERWISE = {
    "aeb": (
        "[]", "null", '{"7": 1}', '{"7": {}}', '{"7": {"articleBody": null}}',
        '{"7": {"articleBody": "x", "url": 7}}', "[" * 200_000,
    ),
    "snippets": ("[]", '{"http://a": {}}', '{"http://a": 7}'),
    "wcxb": (
        "[]", "{}", '{"url": null}',
        '{"url": "u", "_internal": {"page_type": {"primary": "x"}}, "ground_truth": {}}',
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("format", "truth"), [(name, truth) for name in OTHERWISE for truth in OTHERWISE[name]]
)
def test_import_of_json_that_is_laid_out_otherwise(tmp_path: Path, format: str, truth: str) -> None:
    folder = tmp_path / format
    file = {
        "aeb": folder / "ground-truth.json",
        "snippets": folder / "evaldata.json",
        "wcxb": folder / "dev" / "ground-truth" / "7.json",
    }[format]
    for html in (folder / "html", folder / "dev" / "html"):
        html.mkdir(parents=True)
        (html / "7.html.gz").write_bytes(gzip.compress(HTML.encode()))
    file.parent.mkdir(exist_ok=True)
    file.write_text(truth)
    with pytest.raises(DataError) as error:
        import_corpus(format, folder, tmp_path / "out")
    assert f"not laid out as {format}" in str(error.value) or "cannot be read" in str(error.value)
    assert str(file if format == "wcxb" else folder) in str(error.value)
    assert "\n" not in str(error.value)


def test_import_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "html").mkdir()
    (tmp_path / "ground-truth.json").write_text("{}")
    with pytest.raises(DataError, match="holds no page as aeb lays them out"):
        import_corpus("aeb", tmp_path, tmp_path / "out")


def test_import_of_what_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "k.html.gz").write_bytes(gzip.compress(HTML.encode()))
    (tmp_path / "ground-truth.json").write_text('{"k": {"articleBody": "a \\ud800 b"}}')
    assert import_corpus("aeb", tmp_path, tmp_path / "out") == 1
    assert read_pages(tmp_path / "out")[0].labels[0].text == "a ? b"


def test_import_errors(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="aeb, cleaneval, dragnet, labelstudio, snippets, snippets-"
    ):
        import_corpus("nonsense", tmp_path, tmp_path)
    for format in IMPORTERS:
        with pytest.raises(DataError):
            import_corpus(format, tmp_path, tmp_path / "out")


def test_check_finds_a_page_that_another_folder_holds(tmp_path: Path) -> None:
    seen: dict[tuple[str, ...], str] = {}
    write_page(tmp_path / "a", PAGE)
    write_page(tmp_path / "b", replace(PAGE, name="other"))
    assert check(tmp_path / "a", seen=seen) == []
    (problem,) = check(tmp_path / "b", seen=seen)
    assert str(tmp_path / "a" / f"{PAGE.name}.labels") in problem.message
