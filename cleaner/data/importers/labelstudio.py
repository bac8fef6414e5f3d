"""Label Studio's export, as JSON or JSON-MIN: pages that somebody labelled there.

Layout: one file, or a folder of them: `NAME.json`, a list of tasks. Of each task the last
annotation counts that was not cancelled and has labelled regions, a ground truth before
others. Pages may be shown by Text, HyperText or Paragraphs. Labels are the names given there
in lower case; `spam` inside article becomes marks; what lies in no region is unjudged.
`LICENSE` beside the exports, if any, names the licence. Left out are tasks without labelled
regions, all but the first label of a region (and spam), spam inside of other labels than
article, which the format cannot mark, and what is no region: choices, ratings, relations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from cleaner.data.align import UNJUDGED
from cleaner.data.importers.common import (
    UNKNOWN_LANGUAGE,
    address,
    laid_out_as,
    licence,
    page_language,
    page_url,
    read_json,
)
from cleaner.data.matching import tokens
from cleaner.data.pages import BRACKETS, Labelled, LabelledPage
from cleaner.errors import DataError
from cleaner.segment import segment
from cleaner.types import ARTICLE

_SPAM = "spam"
_KEYS = ("labels", "hypertextlabels", "paragraphlabels")
"""What the labels of a region are called, by the tag that offers them."""
_ADDRESSES = ("url", "page_url", "source_url", "uri", "link")
_ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9-]*://|/data/)\S+\s*", re.I)
"""What stands for a page that the server has to fetch."""
_BETWEEN = "\n\n"
_UNSEEN = frozenset(("script", "style"))
"""Elements whose text is not among what offsets into a document count."""

Value = Mapping[str, Any]


class _Task(NamedTuple):
    id: str
    data: Mapping[str, Any]
    values: Mapping[str, Sequence[Value]]
    """Regions by the tag that holds them, whose name is often that of the field shown by it."""


class _Region(NamedTuple):
    start: int
    end: int
    label: str
    text: str = ""


class _Field(NamedTuple):
    name: str
    parts: list[str]
    """Its text, or those of its paragraphs."""
    regions: list[_Region] | None
    """None where they are places in a document tree, or not at their offsets."""


def pages(directory: Path) -> Iterator[LabelledPage]:
    """Pages of an export, or of all in a folder. Raises `DataError` for files that are broken."""
    alone = directory.is_file()
    files = [directory] if alone else sorted(directory.glob("*.json"))
    if not files:
        raise DataError(f"{directory}: no export (NAME.json); give the file, or its folder")
    terms = licence(directory.parent if alone else directory)
    for path in files:
        with laid_out_as("labelstudio", path):
            yield from _export(path, terms)


def _export(path: Path, terms: str) -> Iterator[LabelledPage]:
    content = read_json(path)
    found: dict[str, LabelledPage] = {}
    for number, entry in enumerate([content] if isinstance(content, dict) else content, 1):
        task = _task(entry, number)
        if task.values:
            page = _page(path, task, terms)
            # JSON-MIN has a line for each annotation, the last of which counts.
            if found.setdefault(page.name, page).page != page.page:
                raise DataError(f"{path}: task {task.id} is there with two pages; rename one")
            found[page.name] = page
    if not found:
        raise DataError(f"{path}: no task has a labelled region; label some, and export again")
    yield from found.values()


def _task(entry: Mapping[str, Any], number: int) -> _Task:
    """A task of either form, with the regions of the annotation that counts."""
    id = str(entry.get("id", number))
    if "data" not in entry:  # JSON-MIN: fields and regions side by side, a list for each tag
        lists = {key: _regions(field) for key, field in entry.items() if isinstance(field, list)}
        values = {key: regions for key, regions in lists.items() if regions}
        return _Task(id, {key: entry[key] for key in entry if key not in values}, values)
    annotations = [
        annotation
        for annotation in entry.get("annotations") or entry.get("completions") or ()
        if _regions(result.get("value") for result in annotation["result"])
        and not (annotation.get("was_cancelled") or annotation.get("skipped"))
    ]
    truths = [one for one in annotations if one.get("ground_truth") or one.get("honeypot")]
    results = (truths or annotations)[-1]["result"] if annotations else []
    tags = dict.fromkeys(result.get("to_name", "") for result in results)
    found = {
        tag: _regions(r.get("value") for r in results if r.get("to_name", "") == tag)
        for tag in tags
    }
    return _Task(id, entry["data"], {tag: regions for tag, regions in found.items() if regions})


def _regions(values: Iterable[Any]) -> tuple[Value, ...]:
    """Those of `values` that label a part of a text; others are choices, ratings and the like."""
    return tuple(
        value
        for value in values
        if isinstance(value, dict) and "start" in value and _names(value) and not _is_empty(value)
    )


def _is_empty(value: Value) -> bool:
    """Whether a region, such as a stray click leaves, has no text."""
    ends = [(value.get(side), value.get(f"{side}Offset")) for side in ("start", "end")]
    return ends[0] == ends[1] and not value.get("text")


def _names(value: Value) -> list[str]:
    """Labels of a region in the words of the format: the first of them, and spam if it is one."""
    given: list[str] = next((value[key] for key in _KEYS if value.get(key)), [])
    names = dict.fromkeys("-".join(name.lower().split()) for name in given)
    return [name for name in names if name != _SPAM][:1] + [_SPAM] * (_SPAM in names)


def _page(path: Path, task: _Task, terms: str) -> LabelledPage:
    place = f"{path}: task {task.id}"
    values = [value for values in task.values.values() for value in values]
    shown = [_shown(place, task.data, tag, task.values[tag]) for tag in task.values]
    text, regions = _joined(place, task.data, shown)
    html = _in_tree(values) and "<" in text
    source = text
    if html:
        source, regions = _in_document(text, values)
    ordered = True
    if regions is None:
        labels, ordered = _by_texts(place, values)
    else:
        labels = _lines(source, regions)
    # A lone surrogate, which JSON can spell, is no text: "?" stands for it.
    page = text.encode("utf-8", "replace")
    name = "-".join(["labelstudio", *re.findall(r"\w+", f"{path.stem} {task.id}")])
    urls = [task.data[key] for key in _ADDRESSES if isinstance(task.data.get(key), str)]
    return LabelledPage(
        name=name,
        page=page,
        kind="html" if html else "text",
        url=address(name, *urls, page_url(page) if html else None),
        language=page_language(page) if html else UNKNOWN_LANGUAGE,
        layout="",
        source=f"Label Studio, {path.name}",
        licence=terms,
        rest=UNJUDGED,
        labels=tuple(labels),
        extra={} if ordered else {"ordered": "no"},
    )


def _shown(place: str, data: Mapping[str, Any], tag: str, values: Sequence[Value]) -> _Field:
    """The field that the regions of a tag lie in.

    The export does not say which one was shown: the one that they fit, long ones first.
    """
    given = {name: parts for name, field in data.items() if (parts := _parts(field))}
    fields = {name: parts for name, parts in given.items() if not _ELSEWHERE.fullmatch(parts[0])}
    names = sorted(fields, key=lambda name: (name != tag, -len("".join(fields[name])), name))
    if not names and given:
        raise DataError(f"{place}: has an address in place of its page; import pages as text")
    if not names:
        raise DataError(f"{place}: holds no text; export tasks together with their data")
    paths = _in_tree(values)
    chosen = names[0]
    for name in names:
        if paths and "<" in fields[name][0]:
            chosen = name
            break
        regions = None if paths else _at_offsets(fields[name], values)
        if regions is not None:
            return _Field(name, fields[name], regions)
    return _Field(chosen, fields[chosen], None)


def _in_tree(values: Sequence[Value]) -> bool:
    """HyperText says places in the document tree, Paragraphs numbers, Text offsets."""
    starts = [value["start"] for value in values]
    return any(isinstance(start, str) and not start.isdecimal() for start in starts)


def _joined(
    place: str, data: Mapping[str, Any], shown: Sequence[_Field]
) -> tuple[str, list[_Region] | None]:
    """Text and regions of all fields in which regions lie, in the order of the data."""
    fields = {field.name: field.parts for field in shown}
    unplaced = any(field.regions is None for field in shown)
    if unplaced and len(fields) > 1:
        raise DataError(
            f"{place}: regions in {' and '.join(fields)}, not all at offsets into plain text; "
            "show pages in one field, and label them again"
        )
    parts: list[str] = []
    starts = {}
    for name in (name for name in data if name in fields):
        starts[name] = sum(len(part) + len(_BETWEEN) for part in parts)
        parts += fields[name]
    regions = [
        region._replace(start=starts[name] + region.start, end=starts[name] + region.end)
        for name, _, found in shown
        for region in found or ()
    ]
    return _BETWEEN.join(parts), None if unplaced else regions


def _parts(field: Any) -> list[str]:
    """Texts of a field: itself, or those of its paragraphs; none for what holds no text."""
    if isinstance(field, str) and field.strip():
        return [field]
    if isinstance(field, list) and all(isinstance(part, dict) for part in field):
        texts = [part.get("text") or "" for part in field]
        return texts if all(isinstance(text, str) for text in texts) and any(texts) else []
    return []


def _at_offsets(parts: Sequence[str], values: Sequence[Value]) -> list[_Region] | None:
    """Regions as offsets into all parts, or None where other texts than theirs lie there."""
    bases = [0]
    for part in parts:
        bases.append(bases[-1] + len(part) + len(_BETWEEN))
    text = _BETWEEN.join(parts)
    # Label Studio counts code points; older versions count as browsers do, in UTF-16.
    for wide in (False, True):
        regions = []
        for value in values:
            (first, start), (last, end) = _place(value, "start"), _place(value, "end")
            if not 0 <= first <= last < len(parts) or start < 0:
                return None
            if wide:
                start, end = _code_points(parts[first], start), _code_points(parts[last], end)
            start, end = bases[first] + start, bases[last] + end
            there = text[start:end]
            if not there or end > len(text) or not _same(value.get("text") or there, there):
                break
            regions += [_Region(start, end, name) for name in _names(value)]
        else:
            return regions
    return None


def _in_document(html: str, values: Sequence[Value]) -> tuple[str, list[_Region] | None]:
    """The text of a page as segmented, and regions in it by their `globalOffsets`.

    These count the text nodes of the document as Label Studio held it. No regions where other
    texts lie there, or where the page as segmented has more or fewer copies of one.
    """
    try:
        source = segment(html, "html").source
    except ValueError:
        return html, None
    if not all(value.get("globalOffsets") for value in values):
        return source, None
    for breaks in (True, False):
        content = _content(html, breaks)
        regions = _at_offsets([content], _shifted(content, values))
        copies = None if regions is None else _copies(content, regions, source)
        if copies is not None:
            return source, copies
    return source, None


def _content(html: str, breaks: bool) -> str:
    """All text nodes of a document, one behind the other; `<br>` counts as one with `breaks`."""
    nodes = []
    root = LexborHTMLParser(html).root
    for node in root.traverse(include_text=True) if root else ():
        if node.tag == "-text" and not (node.parent and node.parent.tag in _UNSEEN):
            nodes.append(node.text_content or "")
        elif node.tag == "br" and breaks:
            nodes.append("\n")
    return "".join(nodes)


def _shifted(content: str, values: Sequence[Value]) -> Sequence[Value]:
    """Values with offsets into `content`: what stood before the page, such as its title, may
    have been counted or not."""
    start = values[0]["globalOffsets"]["start"]
    found = _find(_unescaped(values[0].get("text") or ""), content, start)
    shift = found[0] - start if found else 0
    shifted = []
    for value in values:
        offsets = {side: value["globalOffsets"][side] + shift for side in ("start", "end")}
        others = {key: value[key] for key in ("text", *_KEYS) if key in value}
        shifted.append({**others, **offsets})
    return shifted


def _copies(content: str, regions: Sequence[_Region], source: str) -> list[_Region] | None:
    """Regions of `content` on the same copies of their texts in `source`.

    None where the two have different numbers of copies.
    """
    letters, others = _letters(content), _letters(source)
    offsets = [at for at, sign in enumerate(source) if not sign.isspace()]
    copies = []
    for start, end, label, _ in regions:
        text = _letters(content[start:end])
        here, there = _places(text, letters), _places(text, others)
        if not text or len(here) != len(there):
            return None
        first = there[here.index(len(_letters(content[:start])))]
        copies.append(_Region(offsets[first], offsets[first + len(text) - 1] + 1, label))
    return copies


def _letters(text: str) -> str:
    """A text without white space: that between elements depends on who shows them."""
    return "".join(text.split())


def _places(part: str, text: str) -> list[int]:
    """Where `text` holds `part`."""
    places = [text.find(part)]
    while places[-1] >= 0:
        places.append(text.find(part, places[-1] + 1))
    return places[:-1]


def _place(value: Value, side: str) -> tuple[int, int]:
    """Number of the part and offset in it of one end of a region; -1 for another notation."""
    if f"{side}Offset" not in value:
        return 0, value[side]
    index = str(value[side])
    return (int(index) if index.isdecimal() else -1), value[f"{side}Offset"]


def _code_points(text: str, units: int) -> int:
    """How many code points the first `units` of UTF-16 are."""
    return len(text.encode("utf-16-le", "replace")[: 2 * units].decode("utf-16-le", "ignore"))


def _same(text: str, other: str) -> bool:
    return _letters(_unescaped(text)) == _letters(_unescaped(other))


def _unescaped(text: str) -> str:
    """A text of a region: some versions write a line feed as a backslash and an n."""
    return text.replace("\\n", "\n")


def _by_texts(place: str, values: Sequence[Value]) -> tuple[list[Labelled], bool]:
    """Labels by the texts of regions, and whether these are in page order.

    A region inside another one takes its text out of the other's.
    """
    regions = []
    for value in values:
        if not isinstance(value.get("text"), str):
            raise DataError(
                f"{place}: a region without its text; "
                'put savetextresult="yes" into the labelling config, and label it again'
            )
        text = _unescaped(value["text"])
        offsets = value.get("globalOffsets") or value
        start, end = offsets["start"], offsets["end"]
        if not isinstance(start, int) or not isinstance(end, int):
            start = end = -1
        regions += [_Region(start, end, name, text) for name in _names(value)]
    ordered = all(region.start >= 0 for region in regions)
    if ordered:
        regions.sort(key=lambda region: (region.start, -region.end, region.label == _SPAM))
    else:
        regions.sort(key=lambda region: region.label == _SPAM)

    outer: list[_Region] = []
    inner: list[list[_Region]] = []
    for region in regions:
        near = 0
        if ordered:
            homes = [len(outer) - 1] if outer and region.end <= outer[-1].end else []
            near = region.start - outer[-1].start if homes else 0
        else:
            articles = [at for at, other in enumerate(outer) if other.label == ARTICLE]
            homes = articles if region.label == _SPAM else []
        for home in homes:
            found = _find(region.text, outer[home].text, near)
            if found:
                inner[home].append(_Region(*found, region.label))
                break
        else:
            outer.append(region)
            inner.append([_Region(0, len(region.text), region.label)])
    return [
        entry
        for region, parts in zip(outer, inner, strict=True)
        for entry in _lines(region.text, parts)
    ], ordered


def _find(part: str, text: str, near: int) -> tuple[int, int] | None:
    """Where `text` holds the words of `part`, nearest to an offset."""
    words = r"\s*".join(map(re.escape, part.split()))
    spans = [found.span() for found in re.finditer(words, text)] if words else []
    return min(spans, key=lambda span: abs(span[0] - near), default=None)


def _lines(text: str, regions: Sequence[_Region]) -> list[Labelled]:
    """Every line of a text as it is labelled: short regions lie on long ones.

    What nobody labelled is listed too, as unjudged: then the words of the labels are those of
    the page, and alignment has no choice, however often a text occurs.
    """
    owner = [UNJUDGED] * len(text)
    spam = [False] * len(text)
    for region in sorted(regions, key=lambda region: region.start - region.end):
        span = slice(region.start, region.end)
        if region.label == _SPAM:
            spam[span] = [True] * (region.end - region.start)
        else:
            owner[span] = [region.label] * (region.end - region.start)
    # Spam has marks in articles only; elsewhere it is a label like others.
    owner = [
        _SPAM if marked and label == UNJUDGED else label
        for label, marked in zip(owner, spam, strict=True)
    ]
    entries = []
    at = 0
    for line in text.splitlines(keepends=True):
        for label, run in groupby(range(at, at + len(line)), owner.__getitem__):
            places = list(run)
            piece = text[places[0] : places[-1] + 1].translate(BRACKETS)
            if tokens(piece):
                marks = _marks(piece, [spam[place] for place in places])
                entries.append(Labelled(label, piece, marks if label == ARTICLE else ()))
        at += len(line)
    return entries


def _marks(text: str, spam: Sequence[bool]) -> tuple[tuple[int, int], ...]:
    """Runs of spam without the white space around them."""
    marks = []
    for marked, run in groupby(range(len(text)), spam.__getitem__):
        places = [place for place in run if marked]
        while places and text[places[-1]].isspace():
            places.pop()
        while places and text[places[0]].isspace():
            del places[0]
        if places:
            marks.append((places[0], places[-1] + 1))
    return tuple(marks)
