"""CleanEval: pages of the competition of 2007 with cleaned text, and folders laid out alike.

Layout: `original/ID.html` (or `html/`, `orig/`, `input/`, `finalrun-input/`) and
`cleaned/ID.txt` or `ID-cleaned.txt` (or `clean/`, `gold/`, `GoldStandard/`), plain or
`.gz`; a folder's name may begin with its language (`en_original/`), and several such
pairs may lie below the folder given. A page is wrapped in `<text id="ADDRESS" title="…"
encoding="…">` or not. The text's lines begin with `<p>`, `<h>` or `<l>` or not, and its
first may be `URL: ADDRESS`. Its lines are article; every other text of the page is
navigation. The pages belong to many people: `LICENSE` in the folder, if any, says what
holds for the copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from types import MappingProxyType

from cleaner.data.importers.common import (
    UNKNOWN_LANGUAGE,
    address,
    files_by_id,
    labelled,
    licence,
    page_language,
    page_url,
    paired,
)
from cleaner.data.pages import LabelledPage, read_file
from cleaner.errors import DataError
from cleaner.segment.decode import decode
from cleaner.types import ARTICLE, NAVIGATION

_PAGES = re.compile(r"(?:([a-z]{2})[-_])?(?:originals?|orig|html|(?:finalrun[-_])?input)", re.I)
_REFERENCES = re.compile(r"(?:([a-z]{2})[-_])?(?:cleaned|clean|gold(?:[-_]?standard)?)", re.I)
_PAGE = re.compile(r"(.+?)(?:[-_.]orig(?:inal)?)?\.html?(?:\.gz)?", re.I)
_REFERENCE = re.compile(r"(.+?)(?:\.html?)?(?:[-_.](?:cleaned|clean|gold))?\.txt(?:\.gz)?", re.I)
_LANGUAGES: Mapping[str, str] = MappingProxyType(
    {"en": "en", "english": "en", "ch": "zh", "chinese": "zh", "cn": "zh", "zh": "zh"}
)
"""Names of folders, or what they begin with → language."""

# A title may hold ">" in its quotes, or quotes of its own: then the first ">" ends the tag.
_OPENING = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*<text
    (?:(?:\s+(?:id|title|encoding)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))+\s*>|\s[^>]*>)""",
    re.I | re.X,
)
_CLOSING = re.compile(rb"</text\s*>\s*\Z", re.I)
_FACT = re.compile(r"""\s(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_URL = re.compile(r"\s*(?:<[phl]>\s*)?URL:[^\S\n]*(\S*)[^\n]*", re.I)
_MARKER = re.compile(r"</?[phl]>", re.I)


def pages(directory: Path) -> Iterator[LabelledPage]:
    """Pages of such a folder, by ID. Raises `DataError` for files that are missing or broken."""
    terms = licence(directory)
    originals, cleaned = _folders(directory, _PAGES), _folders(directory, _REFERENCES)
    if not originals and not cleaned:
        raise DataError(f"{directory}: no original/ and cleaned/; give the folder that holds them")
    for parts in sorted(originals.keys() ^ cleaned.keys()):
        alone = originals.get(parts) or cleaned[parts]
        missing = "cleaned texts" if parts in originals else "pages"
        raise DataError(f"{alone}: no folder of {missing} beside it; add it, or remove this one")
    for parts in sorted(originals):
        found = paired(
            files_by_id(originals[parts], _PAGE), files_by_id(cleaned[parts], _REFERENCE)
        )
        known = [_LANGUAGES[part.lower()] for part in parts if part.lower() in _LANGUAGES]
        for id, page_file, reference in found:
            page, facts = _unwrapped(read_file(page_file))
            url, text = _reference(decode(read_file(reference)))
            name = "-".join(("cleaneval", *parts, id))
            language = page_language(page)
            if known and language == UNKNOWN_LANGUAGE:
                language = known[-1]
            yield LabelledPage(
                name=name,
                page=page,
                kind="html",
                url=address(name, facts.get("id"), url, page_url(page)),
                language=language,
                layout="",
                source="CleanEval",
                licence=terms,
                rest=NAVIGATION,
                labels=tuple(labelled(ARTICLE, [text])),
                # As declared, and often wrong: said here, and never decoded by.
                extra={"encoding": facts["encoding"]} if "encoding" in facts else {},
            )


def _folders(directory: Path, name: re.Pattern[str]) -> dict[tuple[str, ...], Path]:
    """Folders of that name, by what lies above them and what their name begins with."""
    folders: dict[tuple[str, ...], Path] = {}
    for path in sorted(directory.rglob("*")):
        found = name.fullmatch(path.name) if path.is_dir() else None
        if found is None:
            continue
        parts = (*path.relative_to(directory).parts[:-1], *filter(None, [found[1]]))
        if folders.setdefault(parts, path) != path:
            raise DataError(f"{path}: lies beside {folders[parts].name}/; keep one of the two")
    return folders


def _unwrapped(page: bytes) -> tuple[bytes, dict[str, str]]:
    """The page without the element around it, and what that element says."""
    opening = _OPENING.match(page)
    if opening is None:
        return page, {}
    facts = {
        key.lower(): unescape("".join(values)).strip()
        for key, *values in _FACT.findall(opening[0].decode("utf-8", "replace"))
    }
    if facts.get("encoding") in ("", "unset"):
        del facts["encoding"]
    return _CLOSING.sub(b"", page[opening.end() :]), facts


def _reference(text: str) -> tuple[str | None, str]:
    """The address that a cleaned text begins with, and its lines without markers."""
    url = _URL.match(text)
    return (url[1] if url else None), _MARKER.sub("\n", text[url.end() if url else 0 :])
