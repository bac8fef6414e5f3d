"""Check a folder of labelled pages: what a contributor, and CI, runs before training."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from cleaner.data.align import FOUND, UNJUDGED, align_spans, text_shares
from cleaner.data.marks import lost_spam
from cleaner.data.matching import tokens
from cleaner.data.pages import (
    KEYS,
    LABELS_SUFFIX,
    LabelledPage,
    host_of,
    label_lines,
    page_names,
    read_page,
)
from cleaner.errors import DataError
from cleaner.segment import segment
from cleaner.segment.decode import decode
from cleaner.segment.sniff import looks_like_html
from cleaner.types import ARTICLE, LABELS, Page

ALLOWED_LABELS = (*LABELS, UNJUDGED)
_UNCOVERED = 0.05  # share of a page's characters that may lack a label
_FEW_TOKENS = 2  # so many inside a block may be anywhere
_LANGUAGE = re.compile(r"[a-z]{2}|und")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to correct in a labelled page."""

    page: str
    """Name of the page."""
    line: int
    """Line of the labels file, from 1; 0 when the whole page is meant."""
    message: str

    def __str__(self) -> str:
        place = f"{self.page}{LABELS_SUFFIX}"
        return f"{place}:{self.line}: {self.message}" if self.line else f"{place}: {self.message}"


def check(
    folder: str | Path, labels: Collection[str] = ALLOWED_LABELS, *,
    seen: dict[tuple[str, ...], str] | None = None,
) -> list[Problem]:  # fmt: skip
    """Problems of all pages in `folder`, by page and line; empty when all is well.

    `labels` are the labels allowed. Give one `seen`, empty at first, for all folders that belong
    together: pages that are there twice are found in all of them.

    Raises `DataError` when there is no such folder, or no page in it: a wrong path must not pass.
    """
    folder = Path(folder)
    names = page_names(folder)
    if not names:
        raise DataError(f"{folder}: no labelled pages; give folders with .labels files")
    problems = []
    seen = {} if seen is None else seen
    for name in names:
        file = folder / (name + LABELS_SUFFIX)
        try:
            page = read_page(file)
        except DataError as error:
            problems.append(Problem(name, 0, str(error)))
            continue
        lines = label_lines(file.read_text(encoding="utf-8"))
        problems += _check_values(page, lines, labels)
        try:
            parsed = segment(page.page, page.kind)
        except ValueError as error:
            message = f"page cannot be read ({error}); replace it, or remove both files"
            problems.append(Problem(name, 0, message))
            continue
        problems += [*_check_kind(page), *_check_texts(page, parsed, lines)]
        words = tuple(token.text for token in tokens(parsed.source))
        twin = seen.setdefault(words, str(file))
        if twin != str(file):
            if Path(twin).parent == folder:
                twin = Path(twin).name.removesuffix(LABELS_SUFFIX)
            problems.append(Problem(name, 0, f"same text as {twin}; remove one of the two"))
    return sorted(problems, key=lambda problem: (problem.page, problem.line))


def _check_values(page: LabelledPage, lines: list[int], labels: Collection[str]) -> list[Problem]:
    known = ", ".join(labels)
    problems = []
    if not _LANGUAGE.fullmatch(page.language):
        message = f"language {page.language!r}: use an ISO 639-1 code such as `en`, or `und`"
        problems.append(Problem(page.name, 0, message))
    if "://" not in page.url:
        problems.append(Problem(page.name, 0, f"url {page.url!r}: give it with its scheme"))
    elif not ((host := host_of(page.url)) or (host == "" and page.url.startswith("file:"))):
        problems.append(Problem(page.name, 0, f"url {page.url!r}: no address; correct it"))
    if page.rest not in labels:
        problems.append(Problem(page.name, 0, f"rest {page.rest!r}: use one of {known}"))
    for key in page.extra:
        if key not in KEYS and (meant := get_close_matches(key.lower(), KEYS, 1, 0.8)):
            problems.append(Problem(page.name, 0, f"unknown key {key!r}; write {meant[0]!r}"))
    if page.extra.get("ordered", "no") not in ("yes", "no"):
        message = f"ordered {page.extra['ordered']!r}: use yes or no"
        problems.append(Problem(page.name, 0, message))
    for line, entry in zip(lines, page.labels, strict=True):
        if entry.label not in labels:
            message = f"unknown label {entry.label!r}; use one of {known}"
            problems.append(Problem(page.name, line, message))
        if entry.spam and entry.label != ARTICLE:
            message = f"spam is marked in {entry.label}; mark it inside {ARTICLE} only"
            problems.append(Problem(page.name, line, message))
    return problems


def _check_kind(page: LabelledPage) -> Iterator[Problem]:
    text = decode(page.page)
    if page.kind == "text" and looks_like_html(text):
        yield Problem(page.name, 0, "page is HTML, but named as plain text; call it .html")
    elif page.kind == "html" and "<" not in text:
        yield Problem(page.name, 0, "page is plain text, but named as HTML; call it .txt")


def _check_texts(page: LabelledPage, parsed: Page, lines: list[int]) -> list[Problem]:
    blocks = [parsed.text_of(block) for block in parsed.blocks]
    texts = [entry.text for entry in page.labels]
    shares = text_shares(blocks, texts, ordered=page.ordered)
    missing = [at for at, share in enumerate(shares) if share < FOUND]
    elsewhere = text_shares(blocks, [texts[at] for at in missing], ordered=False)
    problems = []
    for at, share in zip(missing, elsewhere, strict=True):
        text = _shorten(texts[at])
        if not page.ordered or share < FOUND:
            message = f"text is not in the page: {text}; copy it from the page"
        elif texts[at] in texts[:at]:
            message = (
                f"text is listed in line {lines[texts.index(texts[at])]} as well, and not in the "
                f"page behind the lines above: {text}; move the line, or remove one of the two"
            )
        elif len(tokens(texts[at])) <= _FEW_TOKENS:
            message = f"so few words of a block are not found: {text}; give more of the block"
        else:
            message = f"text is out of page order: {text}; move the line"
        problems.append(Problem(page.name, lines[at], message))

    lost = set(lost_spam(parsed, page.labels, ordered=page.ordered)).difference(missing)
    for at in sorted(lost):
        message = f"marked spam is not found in the page: {_shorten(texts[at])}; mark words of it"
        problems.append(Problem(page.name, lines[at], message))

    if page.rest == UNJUDGED and page.ordered and page.labels:
        problems += _check_cover(page, blocks)
    return problems


def _check_cover(page: LabelledPage, blocks: list[str]) -> list[Problem]:
    # A name of its own for what no line covers: `unjudged` is a label that a line can give.
    nothing = ""
    pairs = [(entry.label, entry.text) for entry in page.labels]
    loose = [
        block[part.start : part.end].strip()
        for block, parts in zip(blocks, align_spans(blocks, pairs, nothing), strict=True)
        for part in parts
        if part.label == nothing and tokens(block[part.start : part.end])
    ]
    total = sum(map(len, blocks))
    share = sum(map(len, loose)) / total if total else 0.0
    if share <= _UNCOVERED:
        return []
    message = (
        f"{share:.0%} of the text has no label, first: {_shorten(loose[0])}; "
        "label it (`unjudged` where you cannot tell) or set `rest`"
    )
    return [Problem(page.name, 0, message)]


def _shorten(text: str) -> str:
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"
