"""The public way in: `clean`, `Cleaner`, and the result they give."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache, lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self
from warnings import catch_warnings

from cleaner.assemble import clean_text
from cleaner.cached import cached_property
from cleaner.comments import comments
from cleaner.deletions import hidden_words, span_with_gap
from cleaner.errors import ModelError
from cleaner.model import Model, load
from cleaner.segment import segment
from cleaner.spam import find_spam
from cleaner.types import (
    ARTICLE,
    CHOICES,
    COMMENT,
    NAVIGATION,
    Favor,
    Kind,
    Metadata,
    Page,
    Segment,
    SpamMode,
    Span,
    named,
)

_CHUNK = 16
"""Pages sent to a worker at a time."""
_AHEAD = 8
"""Chunks for each worker that are taken from the pages before results are waited for."""


@dataclass(frozen=True)
class Result:
    """A cleaned page. `source[s.start:s.end] == s.text` for every segment and span."""

    text: str
    """The clean article (the blocks of `keep_labels`), paragraphs separated by a blank line.
    Words that the page hides inside a block are left out."""
    comments: tuple[str, ...] = ()
    """Each reader comment, in page order."""
    segments: tuple[Segment, ...] = ()
    """Every block of the page, in page order."""
    spam: tuple[Span, ...] = ()
    """Injected spam inside the blocks that are kept, and the article's."""
    source: str = field(default="", repr=False)
    """The text offsets point into: the input for plain text, the rendered page for HTML."""
    kind: Literal["html", "text"] = "text"
    """What the page was read as; if it could not be cleaned, what was asked for, or "text"."""
    url: str | None = None
    error: str | None = None
    """Why the page could not be cleaned; None if it was."""
    html: str = field(default="", repr=False)
    """Decoded markup; empty for plain text."""
    keep_labels: tuple[str, ...] = (ARTICLE,)
    """Labels whose blocks make up the text."""

    @property
    def confidence(self) -> float | None:
        """Mean confidence (0 to 1) of the blocks of the text by their length; None without any."""
        kept = [segment for segment in self.segments if segment.label in self.keep_labels]
        characters = sum(len(segment.text) for segment in kept)
        if not characters:
            return None
        return round(sum(s.confidence * len(s.text) for s in kept) / characters, 4)

    @cached_property
    def language(self) -> str | None:
        """ISO 639-1 code of the clean text (of the source if that is empty), or None."""
        from cleaner.language import detect

        return detect(self.text or self.source)

    @cached_property
    def metadata(self) -> Metadata:
        """Title, author, date and site name, by trafilatura; HTML only."""
        if not self.html:
            return Metadata()
        from trafilatura import extract_metadata

        try:
            found = extract_metadata(self.html, default_url=self.url)
        except Exception:  # a page may break any of the parsers behind it
            found = None
        if found is None:
            return Metadata()
        return Metadata(found.title, found.author, found.date, found.sitename)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: everything but the markup."""
        return {
            "text": self.text,
            "comments": list(self.comments),
            "segments": [segment._asdict() for segment in self.segments],
            "spam": [asdict(span) for span in self.spam],
            "source": self.source,
            "kind": self.kind,
            "url": self.url,
            "confidence": self.confidence,
            "language": self.language,
            "metadata": asdict(self.metadata),
            "error": self.error,
        }


class _NoPage(NamedTuple):
    """Stands for something that is no page on its way to a worker: it may not be picklable."""

    type: str


_Given = str | bytes | tuple[str | bytes, str | None]
_Sent = _Given | _NoPage


class Cleaner:
    """Cleans pages with one model, loaded once. Safe to share between threads."""

    def __init__(self, model: Model | None = None) -> None:
        if not isinstance(model, Model | None):
            raise TypeError(f"model must be a Model, not {model!r}; see Cleaner.load")
        self.model = model if model is not None else _load(_default_directory())

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """A cleaner with the model in `directory`. Raises `ModelError` if it cannot be read."""
        return cls(load(Path(directory)))

    def clean(
        self, page: str | bytes, kind: Kind = "auto", url: str | None = None, *,
        favor: Favor = "balanced", spam: SpamMode = "remove",
        keep_labels: Iterable[str] = (ARTICLE,),
    ) -> Result:  # fmt: skip
        """Clean one page.

        Args:
            page: HTML or plain text; bytes are decoded as a browser would.
            kind: "html", "text", or "auto" to tell them apart by content.
            url: where the page came from; helps the metadata, and tells links to other sites.
            favor: "precision" leaves doubtful blocks out of the article, "recall" takes them in,
                "balanced" does what is likelier to be right.
            spam: "remove" leaves out of the text what is surely injected, "mark" only reports
                it in `Result.spam`, "keep" does not look for it.
            keep_labels: labels whose blocks make up the text. Spam is looked for in these and in
                the article, but not in comments and navigation.

        Raises:
            TypeError: `page` is neither str nor bytes, `url` no str, `keep_labels` a single str,
                or an option has a value that is not one of its three.
            ValueError: the model does not know one of `keep_labels`.
        """
        if not isinstance(page, str | bytes):
            raise TypeError(f"page must be str or bytes, not {type(page).__name__}")
        page = _plain(page)
        if not isinstance(url, str | None):
            raise TypeError(f"url must be str, not {type(url).__name__}")
        _check_options(kind, favor, spam)
        keep_labels = self._checked(keep_labels)
        try:
            return self._clean(page, kind, url, favor, spam, keep_labels)
        except Exception as error:  # also MemoryError and RecursionError
            # One bad page must never end a run; the reason goes with the result.
            reason = str(error) or type(error).__name__
            source = page if isinstance(page, str) and kind != "html" else ""
            known = "text" if kind == "auto" else kind
            return Result(
                "", source=source, kind=known, url=url, error=reason, keep_labels=keep_labels
            )

    def _clean(
        self, page: str | bytes, kind: Kind, url: str | None, favor: Favor, mode: SpamMode,
        keep_labels: tuple[str, ...],
    ) -> Result:  # fmt: skip
        parsed = segment(page, kind)
        if not parsed.blocks:
            return Result(
                "", source=parsed.source, kind=parsed.kind, url=url, html=parsed.html,
                keep_labels=keep_labels,
            )  # fmt: skip
        segments = self._label(parsed, favor)
        spam: tuple[Span, ...] = ()
        if self.model.spam is not None and mode != "keep":
            written = {ARTICLE, *keep_labels} - {COMMENT, NAVIGATION}
            spam = tuple(find_spam(parsed, segments, self.model.spam, url, labels=written))
        hidden = tuple(hidden_words(parsed))
        # What the page hides inside a block is left out in any mode.
        spam = tuple(
            replace(
                span,
                removed=(span.removed and mode == "remove")
                or any(low <= span.start and span.end <= high for low, high in hidden),
            )
            for span in spam
        )
        kept = [(s.start, s.end) for s in segments if s.label in keep_labels]
        removed = [span_with_gap(parsed.source, s.start, s.end) for s in spam if s.removed]
        text = clean_text(parsed, kept, [*removed, *hidden])
        return Result(
            text=text,
            comments=comments(parsed, segments),
            segments=segments,
            spam=spam,
            source=parsed.source,
            kind=parsed.kind,
            url=url,
            html=parsed.html,
            keep_labels=keep_labels,
        )

    def _checked(self, keep_labels: Iterable[str]) -> tuple[str, ...]:
        if isinstance(keep_labels, str) or not isinstance(keep_labels, Iterable):
            raise TypeError(f"keep_labels must be several labels, not {keep_labels!r}")
        labels = tuple(keep_labels)
        for label in labels:
            if label not in self.model.labels:
                known = ", ".join(self.model.labels)
                raise ValueError(f"the model knows no label {label!r}; choose from {known}")
        return labels

    def _label(self, page: Page, favor: Favor) -> tuple[Segment, ...]:
        labels, confidences = self.model.label(page, favor)
        # Rounded: the last bits of a matrix product depend on the number of threads.
        rounded = confidences.astype(float).round(4).tolist()
        source = page.source
        rows = [
            (label, source[block.start : block.end], block.start, block.end, sure)
            for block, label, sure in zip(page.blocks, labels, rounded, strict=True)
        ]
        return named(Segment, rows)

    def clean_many(
        self, pages: Iterable[_Given], *, kind: Kind = "auto", n_jobs: int = 1,
        favor: Favor = "balanced", spam: SpamMode = "remove",
        keep_labels: Iterable[str] = (ARTICLE,),
    ) -> Iterator[Result]:  # fmt: skip
        """Clean pages one after the other, results in the same order.

        Args:
            pages: HTML or plain text, as in `clean`; or pairs of a page and its URL, or None.
            n_jobs: processes, as joblib counts them (-1 for all cores). With several, 128 pages
                for each are read before the first result.
            kind, favor, spam, keep_labels: as in `clean`.

        A page that cannot be cleaned, or that is no page at all, gives a result with
        `.error`; the others are not touched by it. What `pages` raises comes behind the
        results of the pages before it.

        Raises:
            TypeError: `pages` is a single page, `n_jobs` no whole number, `keep_labels` a single
                str, or an option has a value that is not one of its three.
            ValueError: `n_jobs` is 0, or the model does not know one of `keep_labels`.
        """
        if isinstance(pages, str | bytes):
            raise TypeError("pages must be several; for one, call clean")
        if not isinstance(n_jobs, int):
            raise TypeError(f"n_jobs must be a whole number, not {n_jobs!r}")
        if n_jobs == 0:
            raise ValueError("n_jobs must not be 0; give -1 for all cores")
        _check_options(kind, favor, spam)
        labels = self._checked(keep_labels)
        clean = partial(self._clean_any, kind=kind, favor=favor, spam=spam, keep_labels=labels)
        if n_jobs == 1:
            return (clean(_sendable(page)) for page in pages)
        return _clean_in_processes(pages, clean, n_jobs)

    def _clean_any(self, page: _Sent, **options: Any) -> Result:
        if isinstance(page, _NoPage):
            reason = f"page must be str or bytes, not {page.type}"
            return Result("", error=reason, keep_labels=options["keep_labels"])
        page, url = page if isinstance(page, tuple) else (page, None)
        return self.clean(page, url=url, **options)


_CleanAny = Callable[["_Sent"], Result]


def _clean_in_processes(pages: Iterable[_Given], clean: _CleanAny, n_jobs: int) -> Iterator[Result]:
    from tempfile import TemporaryDirectory

    from joblib import Parallel, delayed, effective_n_jobs

    ahead = _AHEAD * effective_n_jobs(n_jobs)
    chunks = _chunks(pages)
    with (
        TemporaryDirectory(prefix="cleaner-") as folder,
        Parallel(n_jobs=n_jobs, return_as="generator", batch_size=1) as parallel,
    ):
        # The model goes to each worker once; with each chunk, it would take as long as the pages.
        file = Path(folder, "clean.pickle")
        file.write_bytes(pickle.dumps(clean))
        failure: Exception | None = None
        while failure is None:
            # Some at a time: joblib reads on, however slowly its results are taken.
            some: list[list[_Sent]] = []
            try:
                some.extend(islice(chunks, ahead))
            except Exception as error:
                failure = error
            if not some and failure is None:
                return
            found = parallel(delayed(_clean_chunk)(file, chunk) for chunk in some)
            try:
                for results in found:
                    yield from results
            except GeneratorExit:
                # Whoever takes no more results knows that; joblib would warn of work that is lost.
                with catch_warnings(action="ignore"):
                    found.close()
                raise
        raise failure


def load_cleaner(model: str | None = None) -> Cleaner:
    """The cleaner of a model directory, or the default one."""
    return Cleaner() if model is None else Cleaner.load(model)


def clean(
    page: str | bytes, kind: Kind = "auto", url: str | None = None, *,
    favor: Favor = "balanced", spam: SpamMode = "remove", keep_labels: Iterable[str] = (ARTICLE,),
) -> Result:  # fmt: skip
    """Clean one page with the default model; see `Cleaner.clean`."""
    return _default_cleaner().clean(
        page, kind, url, favor=favor, spam=spam, keep_labels=keep_labels
    )


def _clean_chunk(file: Path, pages: list[_Sent]) -> list[Result]:
    clean = _sent_to_workers(file)
    return [clean(page) for page in pages]


@lru_cache(maxsize=1)
def _sent_to_workers(file: Path) -> _CleanAny:
    clean: _CleanAny = pickle.loads(file.read_bytes())
    return clean


def _check_options(kind: Kind, favor: Favor, spam: SpamMode) -> None:
    for name, value in (("kind", kind), ("favor", favor), ("spam", spam)):
        if not isinstance(value, str) or value not in CHOICES[name]:
            *others, last = map(repr, CHOICES[name])
            raise TypeError(f"{name} must be {', '.join(others)} or {last}, not {value!r}")


def _sendable(page: Any) -> _Sent:
    match page:
        case str() | bytes():
            return _plain(page)
        case (str() | bytes() as one, str() | None as url):
            return _plain(one), url
    return _NoPage(type(page).__name__)


def _plain(page: str | bytes) -> str | bytes:
    """A page without what its class adds: strings of lxml hold a tree, others cannot be pickled."""
    return str.__str__(page) if isinstance(page, str) else bytes.__bytes__(page)


def _chunks(pages: Iterable[_Given]) -> Iterator[list[_Sent]]:
    """Some pages at a time; what `pages` raises comes behind those before it."""
    chunk: list[_Sent] = []
    try:
        for page in pages:
            chunk.append(_sendable(page))
            if len(chunk) == _CHUNK:
                yield chunk
                chunk = []
    except Exception:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


@cache
def _default_cleaner() -> Cleaner:
    return Cleaner()


@cache
def _load(directory: Path) -> Model:
    return load(directory)


def _default_directory() -> Path:
    """`models/default`: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parent
    for directory in (package / "models" / "default", package.parent / "models" / "default"):
        if directory.is_dir():
            return directory
    raise ModelError(
        f"no default model in {package / 'models'}; install cleaner again, "
        "or give a model directory to Cleaner.load"
    )
