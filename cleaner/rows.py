"""What becomes of one page: a row of the output, or the reason why there is none.

Runs in the workers of corpus runs (`cleaner.run`) and of engines (`cleaner.connectors`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Literal, NamedTuple

from cleaner import __version__
from cleaner.clean import Cleaner, Result
from cleaner.errors import InputError
from cleaner.io import Columns, Item, Record, record
from cleaner.io.columns import without
from cleaner.io.jsonl import to_line
from cleaner.scripts import SPACELESS
from cleaner.types import ARTICLE, CHOICES, Favor, Kind, SpamMode

SPAN = {
    "start": "int64", "end": "int64", "text": "string", "confidence": "double",
    "reason": "string", "removed": "bool",
}  # fmt: skip
SEGMENT = {
    "label": "string", "text": "string", "start": "int64", "end": "int64", "confidence": "double",
}  # fmt: skip
METADATA = {"title": "string", "author": "string", "date": "string", "site_name": "string"}
TYPES: dict[str, Any] = {
    "text": "string",
    "comments": ["string"],
    "spam": [SPAN],
    "language": "string",
    "confidence": "double",
    "model": "string",
    "error": "string",
    "segments": [SEGMENT],
    "source": "string",
    "page_metadata": METADATA,
}
"""Fields that are added to a row, with the types they have in Parquet."""
_ON_REQUEST = {"segments": "segments", "source": "segments", "page_metadata": "metadata"}
"""Those that are added only where an option says so, and the option."""

MOST = 10_000_000
"""Of seconds or megabytes more are no limit, and the system may not know such numbers."""
_OUT_OF_MEMORY = ("MemoryError", "Unable to allocate ")
"""How Python and numpy say so; `Cleaner.clean` hands on their words."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one page may use."""

    seconds: float = 60.0
    megabytes: int = 2048
    """Address space over that of a worker at rest."""


@dataclass(frozen=True, slots=True)
class Options:
    """All that decides what becomes of pages, but the model."""

    format: str = "jsonl.gz"
    """`jsonl`, `jsonl.gz`, `jsonl.zst`, `parquet` or `txt`."""
    kind: Kind = "auto"
    columns: Columns = field(default_factory=Columns)
    favor: Favor = "balanced"
    """Whether doubtful blocks are left out of the text ("precision") or taken in ("recall")."""
    spam: SpamMode = "remove"
    """Whether injected spam is taken out of the text, only listed, or not looked for."""
    keep_labels: tuple[str, ...] = (ARTICLE,)
    """Labels whose blocks make up the text."""
    min_words: int = 0
    """Pages with fewer words of clean text are dropped."""
    keep_original: bool = False
    keep_failed: bool = False
    """A row for each page that failed, too, with `error` set and no text."""
    segments: bool = False
    metadata: bool = False
    """What HTML pages say of themselves (see `Result.metadata`); takes longer than cleaning."""
    language: bool = True
    """Off saves the time of finding it out, a third or more of all where pages are small."""
    attributes: bool = False
    """Dolma attribute files besides the output."""
    limits: Limits = field(default_factory=Limits)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, the same for the same options."""
        return asdict(self)


class Outcome(NamedTuple):
    """What became of one page."""

    status: Literal["out", "dropped", "error"]
    id: str
    packed: Any = None
    """What the writer of the format takes; None for a page that is not in the output."""
    error: str | None = None
    words: Mapping[str, int] = {}
    """Words of each label."""
    removed: int = 0
    """Spam spans taken out."""
    marked: int = 0
    """Spam spans left in."""
    attributes: bytes | None = None
    refused: bool = False
    """Whether the page could not be read and may be the next time."""


Pack = Callable[[dict[str, Any]], Any]
"""Makes of a row what the writer of a format takes."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Makes the outcomes of pages."""

    options: Options
    pack: Pack
    model: str
    """Of `model_hash`."""

    def cleaned(self, page: Record, result: Result) -> Outcome:
        """That of a page with its result."""
        options, text = self.options, result.text
        parts: dict[str, list[str]] = {}
        for segment in result.segments:
            parts.setdefault(segment.label, []).append(segment.text)
        words = {label: count_words("\n".join(texts)) for label, texts in parts.items()}
        dropped = options.min_words > 0 and count_words(text) < options.min_words
        removed = sum(span.removed for span in result.spam)
        return Outcome(
            "dropped" if dropped else "out",
            page.id,
            None if dropped else self.pack(self._row(page, result)),
            words=words,
            removed=removed,
            marked=len(result.spam) - removed,
            attributes=_attributes(page, result) if options.attributes else None,
        )

    def _row(self, page: Record, result: Result) -> dict[str, Any]:
        options = self.options
        row = kept_fields(page, options)
        if options.keep_original and page.column is None:
            name = "html" if result.kind == "html" else "original_text"
            row[name] = result.html or result.source
        row |= {
            "text": result.text,
            "comments": list(result.comments),
            "spam": [asdict(span) for span in result.spam],
            "language": result.language if options.language else None,
            "confidence": result.confidence,
            "model": self.model,
            "error": None,
        }
        if options.segments:
            row["segments"] = [segment._asdict() for segment in result.segments]
            row["source"] = result.source
        if options.metadata:
            row["page_metadata"] = asdict(result.metadata)
        return row

    def failed(self, page: Record, why: str) -> Outcome:
        """That of a page without a result."""
        options = self.options
        if why.startswith(_OUT_OF_MEMORY):
            allowed = f"{options.limits.megabytes:,} MB"
            why = f"out of memory; a page of a corpus run may take {allowed} (--page-memory)"
        packed = None
        if options.keep_failed and options.format != "txt":
            added: dict[str, Any] = {
                name: [] if isinstance(kind, list) else None
                for name, kind in added_types(options).items()
            }
            added |= {"text": "", "model": self.model, "error": why}
            try:
                packed = self.pack({**kept_fields(page, options), **added})
            except Exception:  # one of its fields cannot be written, which may be why it failed
                packed = self.pack({"id": page.id, **added})
        attributes = _attributes(page, Result("")) if options.attributes else None
        return Outcome("error", page.id, packed, why, attributes=attributes, refused=page.refused)

    def lost(self, item: Item, why: str) -> Outcome:
        """That of a page that kills whoever looks at it."""
        return self.failed(record(item._replace(raw=None, error=why), self.options.columns), why)


def setup(
    load: Callable[[], Cleaner], options: Options, pack: Pack
) -> tuple[Callable[[Item], Outcome], str]:
    """Load the model; the function that turns pages into outcomes, and the model's hash.

    Raises `InputError` where the model does not know a label that is to be kept.
    """
    clean, model = setup_records(load, options, pack)
    return partial(outcome, clean, options.columns), model


def setup_records(
    load: Callable[[], Cleaner], options: Options, pack: Pack
) -> tuple[Callable[[Record], Outcome], str]:
    """The same for pages that were read."""
    cleaning = load()
    labels = cleaning.model.labels
    unknown = sorted(set(options.keep_labels) - set(labels))
    if unknown:
        raise InputError(f"the model knows no label {unknown[0]}; choose from {', '.join(labels)}")
    model = model_hash(cleaning)
    return partial(_clean, cleaning, Outcomes(options, pack, model)), model


def check_options(options: Options) -> None:
    """Raise `InputError` for an option that no page can be cleaned by."""
    for name, known in CHOICES.items():
        value = getattr(options, name)
        if value not in known:
            raise InputError(f"{name} {value!r}: give one of {', '.join(known)}")
    if not isinstance(options.columns, Columns):
        raise InputError(f"columns {options.columns!r}: give Columns(text=…, html=…)")
    if isinstance(options.keep_labels, str):
        raise InputError(f"keep_labels {options.keep_labels!r}: give a tuple of labels")
    for name, limit in asdict(options.limits).items():
        if not isinstance(limit, int | float) or not 0 < limit <= MOST:
            raise InputError(f"limits.{name} {limit!r}: give a number above 0, {MOST:,} at most")
    if not isinstance(options.min_words, int) or options.min_words < 0:
        raise InputError(f"min_words {options.min_words!r}: give a number of 0 or more")


def model_hash(cleaning: Cleaner) -> str:
    """Sixteen hexadecimal digits that change with the model or the version of cleaner."""
    stored = cleaning.model.manifest.get("sha256", {})
    facts = repr((__version__, sorted(stored.items())))
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def outcome(clean: Callable[[Record], Outcome], columns: Columns, item: Item) -> Outcome:
    """Read and clean one page; whatever it raises is its outcome."""
    try:
        page = record(item, columns)
    except Exception as error:
        page = record(item._replace(raw=None, error=_words(error)), columns)
    return clean(page)


def _clean(cleaning: Cleaner, outcomes: Outcomes, page: Record) -> Outcome:
    options = outcomes.options
    try:
        if page.error is not None:
            return outcomes.failed(page, page.error)
        kind = page.kind if options.kind == "auto" else options.kind
        result = cleaning.clean(
            page.data, kind=kind, url=page.url, favor=options.favor, spam=options.spam,
            keep_labels=options.keep_labels,
        )  # fmt: skip
        if result.error is not None:
            return outcomes.failed(page, result.error)
        return outcomes.cleaned(page, result)
    except Exception as error:
        return outcomes.failed(page, _words(error))


def count_words(text: str) -> int:
    """Words between white space; of scripts without spaces, two letters count for one."""
    if text.isascii():
        return len(text.split())
    spaced, dense = SPACELESS.subn(" ", text)
    return len(spaced.split()) + dense // 2


def added_types(options: Options) -> dict[str, Any]:
    """Fields that these options add to a row, and their types."""
    return {
        name: kind
        for name, kind in TYPES.items()
        if name not in _ON_REQUEST or getattr(options, _ON_REQUEST[name])
    }


def kept_fields(page: Record, options: Options) -> dict[str, Any]:
    """The fields that a page came with, as they go out.

    The column that held the page goes unless the original is kept. A field of a name
    that cleaning gives away stays as `original_NAME`.
    """
    fields: Mapping[str, Any] = page.fields
    if page.column is not None and not options.keep_original:
        fields = without(fields, page.column)
    kept = {} if {"id", "doc_id", "_id"} & fields.keys() else {"id": page.id or None}
    for name, value in fields.items():
        if name not in TYPES:
            kept[name] = value
    for name in TYPES:
        if fields.get(name) is not None:
            kept[original_name(name, kept.__contains__)] = fields[name]
    return kept


def original_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """What becomes of the name of a field where cleaning writes its own: the first that is free."""
    free = f"original_{name}"
    while is_taken(free):
        free = f"original_{free}"
    return free


def kept_columns(
    names: Iterable[str], texts: Collection[str], options: Options
) -> dict[str, str | None]:
    """What becomes of the columns of a table: the names of those that stay, and what each was.

    None stands for an `id` that rows get, since they have none.

    Args:
        names: of the columns.
        texts: columns, and paths into them, that hold text or bytes.
        options: as of a run.
    """
    names = list(names)
    # The first column of those that may hold the page does wherever it is not null.
    column = next((name for name in options.columns.page_names() if name in texts), None)
    if column not in names:  # a part of one, which stays for the rest of it
        column = None
    fields = dict(zip(names, names, strict=True))
    return kept_fields(Record("", fields=fields, column=column), options)


def kept_types(kept: Mapping[str, str | None], types: Mapping[str, Any]) -> dict[str, Any]:
    """Types of `kept_columns`, given those of all; an `id` that rows get is a "string"."""
    return {name: "string" if came is None else types[came] for name, came in kept.items()}


def _attributes(page: Record, result: Result) -> bytes:
    """A row of a Dolma attribute file: `[start, end, score]` for each block and span.

    Offsets count characters of the text that came in; of the rendered page for HTML.
    """
    found: dict[str, list[list[float]]] = {
        f"cleaner__{name}": []
        for name in ("article", "comment", "navigation", "spam_removed", "spam_marked")
    }
    for segment in result.segments:
        spans = found.setdefault(f"cleaner__{segment.label}", [])
        spans.append([segment.start, segment.end, segment.confidence])
    for span in result.spam:
        name = "cleaner__spam_removed" if span.removed else "cleaner__spam_marked"
        found[name].append([span.start, span.end, span.confidence])
    return to_line({"id": page.fields.get("id", page.id), "attributes": found})


def _words(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return _OUT_OF_MEMORY[0]
    return " ".join(str(error).split()) or type(error).__name__
