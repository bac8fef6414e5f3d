"""Labelled pages: two files side by side, the page as scraped and its labels.

    NAME.html or NAME.txt (also .html.gz, .txt.gz)   the page, untouched
    NAME.labels                                      header, blank line, label TAB text per line

A label belongs to the text it covers, never to a place in the DOM, so that
labels outlive every change of the segmentation and diff well. `⟦…⟧` in a text
marks injected spam.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from cleaner.data.align import UNJUDGED
from cleaner.errors import DataError

FORMAT = "cleaner-labels"
VERSION = "1"
PAGE_SUFFIXES = (".html", ".txt", ".html.gz", ".txt.gz")
LABELS_SUFFIX = ".labels"
OPEN, CLOSE = "⟦", "⟧"
BRACKETS: Mapping[int, int] = MappingProxyType(str.maketrans(OPEN + CLOSE, "[]"))
"""For `str.translate`: what stands for these where a page has them itself."""
DAMAGED = (OSError, EOFError, zlib.error)
"""What a compressed file that is missing or damaged raises when it is read."""

_REQUIRED = ("url", "language", "source", "licence")
_OPTIONAL = ("layout", "rest")
KEYS = (*_REQUIRED, *_OPTIONAL, "ordered")
_MARK = re.compile(f"[{OPEN}{CLOSE}]")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text of the page and its label; `spam` holds offsets of injected spam in `text`."""

    label: str
    text: str
    spam: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page with its labels and where it came from."""

    name: str
    """File name without suffix."""
    page: bytes
    kind: Literal["html", "text"]
    url: str
    language: str
    """ISO 639-1 code, or `und` where nobody knows."""
    layout: str
    source: str
    licence: str
    rest: str
    """Label of all text that `labels` do not list; `unjudged` where it was not looked at."""
    labels: tuple[Labelled, ...]
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further header lines, in file order."""

    @property
    def site(self) -> str:
        """Registered domain of `url`: the unit in which pages are split."""
        # Late: the public suffix list behind it takes a while to load.
        from courlan import extract_domain

        return extract_domain(self.url) or host_of(self.url) or self.url

    @property
    def has_spam(self) -> bool:
        """Whether injected spam is marked in it."""
        return any(entry.spam for entry in self.labels)

    @property
    def ordered(self) -> bool:
        """False when the labels are excerpts in no order (header `ordered: no`)."""
        return self.extra.get("ordered") != "no"


def host_of(url: str) -> str | None:
    """Host of an address; empty where it names none, None for what is no address."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a bracket that is never closed, for instance
        return None


def folders_of(folders: str | Path | Iterable[str | Path]) -> list[Path]:
    """Folders as paths, given one or several."""
    return [Path(folders)] if isinstance(folders, str | Path) else [Path(one) for one in folders]


def read_page(path: str | Path) -> LabelledPage:
    """Read a labelled page, given its page file or its labels file.

    Raises `DataError`, naming file and line, when a file is missing or malformed.
    """
    path = Path(path)
    folder, name = path.parent, page_name(path)
    files = page_files(folder, name)
    labels_file = folder / (name + LABELS_SUFFIX)
    if files and not labels_file.is_file():
        raise DataError(f"{files[0]}: has no labels; add {labels_file.name} beside it")
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise DataError(
            f"{labels_file}: expected one page file beside it, found {found}; "
            f"keep exactly one of {', '.join(name + suffix for suffix in PAGE_SUFFIXES)}"
        )
    content = read_file(files[0])
    try:
        text = labels_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{labels_file}: cannot be read ({error}); save it as UTF-8") from error

    header, labels = _parse(labels_file, text)
    return LabelledPage(
        name=name,
        page=content,
        kind=kind_of(files[0]),
        url=header["url"],
        language=header["language"],
        layout=header.get("layout", ""),
        source=header["source"],
        licence=header["licence"],
        rest=header.get("rest", UNJUDGED),
        labels=labels,
        extra={key: value for key, value in header.items() if key not in _REQUIRED + _OPTIONAL},
    )


def write_page(folder: Path, page: LabelledPage, *, compress: bool = False) -> None:
    """Write `page` into `folder` (made when missing); with `compress`, the page file as .gz.

    The same page gives the same bytes; no file is ever seen half written. Raises `DataError`
    when the folder cannot be made, a page of the other kind lies there under the same name, or a
    value cannot be written in the format, such as a text that holds a literal `⟦`.
    """
    if (
        not page.name
        or page_name(Path(page.name)) != page.name
        or Path(page.name).name != page.name
    ):
        raise DataError(f"page name {page.name!r}: use a plain file name without a page suffix")
    labels = format_labels(page)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be made a folder ({error.strerror}); name another one to write"
        ) from error
    file = folder / (page.name + (".html" if page.kind == "html" else ".txt"))
    packed = file.with_name(f"{file.name}.gz")
    for other in page_files(folder, page.name):
        if other not in (file, packed):
            raise DataError(f"{other}: is another page of that name; rename it, or remove it")
    if compress:
        _put(packed, gzip.compress(page.page, 9, mtime=0))
    else:
        _put(file, page.page)
    (file if compress else packed).unlink(missing_ok=True)
    # A lone surrogate, which JSON can spell, is no text: "?" stands for it.
    _put(folder / (page.name + LABELS_SUFFIX), labels.encode("utf-8", "replace"))


def read_file(file: Path) -> bytes:
    """Content of a page file, decompressed if `.gz`; `DataError` when it cannot be read."""
    try:
        content = file.read_bytes()
        return gzip.decompress(content) if file.suffix == ".gz" else content
    except DAMAGED as error:
        raise DataError(f"{file}: cannot be read ({error}); restore the file") from error


def page_files(folder: Path, name: str) -> list[Path]:
    """Page files of that name in `folder`: one beside labels, any number else."""
    files = (folder / (name + suffix) for suffix in PAGE_SUFFIXES)
    return [file for file in files if file.is_file()]


def kind_of(file: Path) -> Literal["html", "text"]:
    """Kind of the page in a page file, by its suffix."""
    return "html" if file.name.removesuffix(".gz").endswith(".html") else "text"


def page_name(file: Path) -> str:
    """Name of the labelled page that a page file or a labels file belongs to."""
    for suffix in (*PAGE_SUFFIXES, LABELS_SUFFIX):
        if file.name.endswith(suffix):
            return file.name[: -len(suffix)]
    return file.name


def read_pages(folder: str | Path) -> list[LabelledPage]:
    """All labelled pages of `folder`, sorted by name. Raises `DataError` at the first bad one."""
    folder = Path(folder)
    return [read_page(folder / (name + LABELS_SUFFIX)) for name in page_names(folder)]


def page_names(folder: Path) -> list[str]:
    """Names of all pages in `folder`, also of those with one of their two files missing."""
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "no such folder"
        raise DataError(f"{folder}: {what}; give a folder of labelled pages")
    suffixes = (*PAGE_SUFFIXES, LABELS_SUFFIX)
    return sorted({page_name(file) for file in folder.iterdir() if file.name.endswith(suffixes)})


def digest(pages: Path | Iterable[LabelledPage]) -> str:
    """SHA-256 (hex) over names, pages and labels: of a folder, or of pages in any order."""
    if isinstance(pages, Path):
        pages = read_pages(pages)
    total = hashlib.sha256()
    for page in sorted(pages, key=lambda page: page.name):
        for part in (page.name, page.kind, page.page, format_labels(page)):
            data = part if isinstance(part, bytes) else part.encode("utf-8")
            total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def fingerprint(page: LabelledPage) -> str:
    """Ten hex digits by which the content of a page is known again, whatever its labels."""
    return hashlib.sha256(page.page).hexdigest()[:10]


def format_labels(page: LabelledPage) -> str:
    """Content of the labels file of `page`. Raises `DataError` for what the format cannot hold."""
    header = {
        FORMAT: VERSION,
        "url": page.url,
        "language": page.language,
        "layout": page.layout,
        "source": page.source,
        "licence": page.licence,
        "rest": page.rest,
        **page.extra,
    }
    lines = [f"{key}: {_collapse(value)}".rstrip() for key, value in header.items()]
    lines.append("")
    for entry in page.labels:
        if not entry.label or re.search(r"\s", entry.label):
            raise DataError(f"{page.name}: label {entry.label!r} is not one word; rename it")
        lines.append(f"{entry.label}\t{_with_marks(page.name, entry)}")
    return "\n".join(lines) + "\n"


def label_lines(content: str) -> list[int]:
    """Line numbers (from 1) of the labelled texts in the content of a labels file."""
    lines = _lines(content)
    begin = lines.index("") if "" in lines else len(lines)
    return [begin + at for at, line in enumerate(lines[begin:], 1) if line.strip()]


def _parse(file: Path, content: str) -> tuple[dict[str, str], tuple[Labelled, ...]]:
    lines = _lines(content)
    end = lines.index("") if "" in lines else len(lines)
    header: dict[str, str] = {}
    for number, line in enumerate(lines[:end], 1):
        key, colon, value = line.partition(":")
        key = key.strip()
        if not colon or not key or "\t" in key:
            raise DataError(
                f"{file}:{number}: not a header line; write `key: value`, "
                "and a blank line between the header and the labels"
            )
        if key in header:
            raise DataError(f"{file}:{number}: {key} is given twice; keep one of the lines")
        header[key] = value.strip()
    version = header.pop(FORMAT, None)
    if version != VERSION or not lines[0].startswith(FORMAT):
        raise DataError(f"{file}:1: expected `{FORMAT}: {VERSION}`; make it the first line")
    missing = [key for key in _REQUIRED if not header.get(key)]
    if missing:
        raise DataError(f"{file}:{end}: header lacks {', '.join(missing)}; add `{missing[0]}: …`")

    labels = []
    for number in label_lines(content):
        label, tab, text = lines[number - 1].partition("\t")
        if not tab or not label.strip() or not text.strip():
            raise DataError(f"{file}:{number}: not a labelled text; write label, TAB, text")
        labels.append(_without_marks(f"{file}:{number}", label.strip(), _collapse(text)))
    return header, tuple(labels)


def _without_marks(place: str, label: str, marked: str) -> Labelled:
    text = ""
    spam = []
    at = 0
    begin = -1
    for mark in _MARK.finditer(marked):
        text += marked[at : mark.start()]
        at = mark.end()
        if (mark[0] == OPEN) != (begin < 0):
            raise DataError(f"{place}: {OPEN} and {CLOSE} do not alternate; pair them")
        if begin < 0:
            begin = len(text)
        elif begin == len(text):
            raise DataError(f"{place}: {OPEN}{CLOSE} marks nothing; remove the pair")
        else:
            spam.append((begin, len(text)))
            begin = -1
    if begin >= 0:
        raise DataError(f"{place}: {OPEN} is never closed; add {CLOSE}")
    return Labelled(label, text + marked[at:], tuple(spam))


def _with_marks(name: str, entry: Labelled) -> str:
    if _MARK.search(entry.text):
        raise DataError(
            f"{name}: a text holds {OPEN} or {CLOSE}, which mark spam; leave that text out"
        )
    marked = ""
    at = 0
    for start, end in sorted(entry.spam):
        if not at <= start < end <= len(entry.text):
            raise DataError(f"{name}: spam {start}-{end} is empty, outside or overlaps; correct it")
        marked += entry.text[at:start] + OPEN + entry.text[start:end] + CLOSE
        at = end
    marked = _collapse(marked + entry.text[at:])
    if not marked:
        raise DataError(f"{name}: a labelled text is empty; leave it out")
    return marked


def _put(file: Path, content: bytes) -> None:
    """Write a file that is whole whenever it is seen, also when this is cut short."""
    part = file.with_name(f".{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _lines(content: str) -> list[str]:
    return content.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def _collapse(text: str) -> str:
    return " ".join(text.split())
