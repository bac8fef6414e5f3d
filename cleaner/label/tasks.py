"""The pages to label: what the inputs hold, what is labelled already, where each is saved."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cleaner.data.align import UNJUDGED
from cleaner.data.importers.common import UNKNOWN_LANGUAGE, UNKNOWN_LICENCE, address, page_url
from cleaner.data.matching import tokens
from cleaner.data.pages import (
    LABELS_SUFFIX,
    PAGE_SUFFIXES,
    LabelledPage,
    kind_of,
    page_files,
    page_name,
    page_names,
    read_file,
    read_page,
)
from cleaner.errors import DataError, InputError
from cleaner.io import Columns, Record, Source, check, items, record, sources
from cleaner.io.record import encode
from cleaner.segment import segment
from cleaner.types import Kind

Say = Callable[[str], None]

_MOST = 1000
"""Pages of a session: all are held in memory, and nobody labels more in one go."""
_LEAST = 3
"""Words of a page: alignment takes fewer for strays."""
_LONGEST = 50
"""Characters of a name made for a page: with suffixes it fits a file system in any script."""
_SUFFIXES = re.compile(r"(\.(html?|xhtml|txt|md|labels|gz|zst))+$", re.I)


@dataclass(slots=True)
class Task:
    """A page to label; `page` is what was saved last, or as it would be without a label."""

    page: LabelledPage
    folder: Path
    """Where it is saved."""
    done: bool
    """Whether its labels lie there."""


def is_judged(page: LabelledPage) -> bool:
    """Whether somebody labelled it, here or elsewhere."""
    return bool(page.labels) or page.rest != UNJUDGED


def collect(
    inputs: Sequence[str], output: Path | None, *, kind: Kind = "auto",
    licence: str = UNKNOWN_LICENCE, say: Say = lambda message: None,
) -> list[Task]:  # fmt: skip
    """The pages of `inputs` (as `cleaner.io` takes them), each with the folder it is saved in.

    That is `output`; without it, a page that has its labels beside it is corrected where
    it lies. A page whose text `output` holds with labels is given as saved there. Pages that
    cannot be read, and those with the same text as one before, are left out, and `say` is told.

    Raises:
        InputError: an input or `output` cannot be used, or there is no page to label.
    """
    check(inputs)
    saved, names = ({}, set()) if output is None else _saved(output, say)
    tasks: dict[str, Task] = {}
    for page, file in _pages(inputs, output, kind, licence, say):
        key = _fingerprint(page)
        if not key:
            say(f"{page.name}: holds no text, or no more than a word or two; left out")
        elif key in tasks:
            if key not in saved:  # else the copy that was made of it
                say(f"{page.name}: the same text as {tasks[key].page.name}; left out")
        elif output is None:
            assert file is not None
            tasks[key] = Task(page, file.parent, done=True)
        elif key in saved:
            tasks[key] = Task(saved[key], output, done=True)
        else:
            name = page.name
            if file is not None and _lies_alone(file, output) and kind_of(file) == page.kind:
                name = page_name(file)
            elif name.casefold() in names:
                name = f"{name}-{key[:8]}"
            names.add(name.casefold())
            tasks[key] = Task(_named(page, name), output, done=False)
        if len(tasks) > _MOST:
            raise InputError(f"more than {_MOST:,} pages; name fewer, or pipe some of them to -")
    if not tasks:
        raise InputError("no page to label is left; give other HTML or plain text")
    return list(tasks.values())


def look_again(task: Task) -> None:
    """Take in what became of a task's place since: others save, correct and remove pages, too.

    What lies there is the page itself, when it was before or has the same text; else its name
    is taken, and it gets another one. Raises `DataError` for a page there that is malformed.
    """
    labels = task.folder / (task.page.name + LABELS_SUFFIX)
    if not labels.exists():
        task.done = False
        taken = any(
            kind_of(file) != task.page.kind or read_file(file) != task.page.page
            for file in page_files(task.folder, task.page.name)
        )
    else:
        found = read_page(labels)
        taken = not task.done and _fingerprint(found) != _fingerprint(task.page)
        if not taken:
            task.page, task.done = found, True
    if taken:
        task.page = _named(task.page, f"{task.page.name}-{_fingerprint(task.page)[:8]}")
        look_again(task)


def _named(page: LabelledPage, name: str) -> LabelledPage:
    """The page under another name; one without an address stays a site of its own."""
    url = address(name) if page.url == address(page.name) else page.url
    return replace(page, name=name, url=url)


def _saved(output: Path, say: Say) -> tuple[dict[str, LabelledPage], set[str]]:
    """Labelled pages of a folder (made when missing) by fingerprint, and all names in it."""
    if output.exists() and not output.is_dir():
        raise InputError(f"{output} is no folder; name one")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{output}: cannot be made a folder ({error.strerror}); name another one"
        ) from error
    if not os.access(output, os.W_OK):
        raise InputError(f"{output}: cannot be written to; name another folder")
    names = page_names(output)
    files = (output / (name + LABELS_SUFFIX) for name in names)
    pages = [_labelled(file, say) for file in files if file.exists()]
    return {_fingerprint(page): page for page in pages if page}, {name.casefold() for name in names}


def _pages(
    inputs: Sequence[str], output: Path | None, kind: Kind, licence: str, say: Say
) -> Iterator[tuple[LabelledPage, Path | None]]:
    """Pages, with their labels where they have some, and the files that they come from."""
    without_place = 0
    for source in sources(inputs):
        if source.path is not None and _is_labelled(source.path):
            labelled = _labelled(source.path, say)
            if labelled is not None:
                yield labelled, source.path
            continue
        if output is None:
            without_place += 1
            continue
        for found in _records(source):
            try:
                if found.error is not None:
                    raise ValueError(found.error)
                yield _new_page(found, kind, licence), source.path
            except ValueError as error:
                say(f"{found.id}: {error}; left out")
    if without_place:
        say(f"files without labels beside them, left out: {without_place}; -o FOLDER takes them in")


def _is_labelled(file: Path) -> bool:
    """Whether a file is one of the two of a labelled page."""
    beside = file.with_name(page_name(file) + LABELS_SUFFIX)
    return file.name.endswith((*PAGE_SUFFIXES, LABELS_SUFFIX)) and beside.exists()


def _labelled(file: Path, say: Say) -> LabelledPage | None:
    try:
        return read_page(file)
    except DataError as error:
        say(f"{error}; left out")
        return None


def _records(source: Source) -> Iterable[Record]:
    return (record(item, Columns()) for item in items(source))


def _new_page(found: Record, kind: Kind, licence: str) -> LabelledPage:
    """A page without labels, in the encoding it came in. Raises `ValueError` for no text."""
    content = found.data if isinstance(found.data, bytes) else encode(found.data)
    known = segment(content, found.kind if kind == "auto" else kind).kind
    name = _name(found.id)
    return LabelledPage(
        name=name,
        page=content,
        kind=known,
        url=address(name, found.url, page_url(content) if known == "html" else None),
        language=UNKNOWN_LANGUAGE,
        layout="",
        source=" ".join(found.id.split()) or name,
        licence=licence,
        rest=UNJUDGED,
        labels=(),
    )


def _name(id: str) -> str:
    """A plain file name for a page, from what its corpus calls it."""
    words = re.sub(r"[^\w.]+", "-", _SUFFIXES.sub("", id))
    return _SUFFIXES.sub("", words.strip("-.")[:_LONGEST]).strip("-.") or "page"


def _fingerprint(page: LabelledPage) -> str:
    """Equal for pages that `cleaner data check` takes for the same; empty for too little text."""
    try:
        words = [token.text for token in tokens(segment(page.page, page.kind).source)]
    except ValueError:
        return ""
    if len(words) < _LEAST:
        return ""
    return hashlib.sha256("\n".join(words).encode("utf-8", "replace")).hexdigest()


def _lies_alone(file: Path, output: Path) -> bool:
    """Whether a page file lies in `output` already, under a name that no other page there has."""
    rivals = page_files(output, page_name(file))
    return (
        file.name.endswith(PAGE_SUFFIXES)
        and os.path.realpath(file.parent) == os.path.realpath(output)
        and len(rivals) == 1
    )
