"""A session of labelling: pages with proposals out, a person's labels in, both saved as files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from typing import Any, Literal

from cleaner.clean import Cleaner, Result
from cleaner.data.align import FOUND, UNJUDGED, Part, align_spans, text_shares
from cleaner.data.marks import locate_spam
from cleaner.data.matching import tokens
from cleaner.data.pages import BRACKETS, Labelled, LabelledPage, digest, page_files, write_page
from cleaner.errors import DataError
from cleaner.examples import label_blocks
from cleaner.label.tasks import Task, is_judged, look_again
from cleaner.segment import segment
from cleaner.types import ARTICLE, Kind, Page

Order = Literal["input", "doubt"]
"""Of pages: as they came, or first those that the model is least sure of."""

DOUBTFUL = 0.8
"""Confidence below which a block stands out; confidences are about the share that is right."""
_KEPT = 4
"""Pages whose proposals are kept: those of two tabs, and the way back."""
_PLACE = re.compile("([0-9]{1,9})-([0-9]{1,9})-([0-9]{1,9})")


class ConflictError(DataError):
    """A page is not any more what was shown; saving it would overwrite the work of others."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a block that may be injected spam; it is saved when it is `confirmed`."""

    block: int
    start: int
    end: int
    reason: str
    confirmed: bool

    @property
    def place(self) -> str:
        """Its name: numbers would be others once some are saved."""
        return f"{self.block}-{self.start}-{self.end}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A block as a person meets it."""

    text: str
    label: str
    """The person's label where the page has been labelled, else the proposal."""
    proposal: str
    confidence: float
    """That the proposal is right."""
    has_words: bool
    """Labels hang on words: a block without any, such as `* * *`, stays unjudged."""
    marks: tuple[Mark, ...]
    parts: tuple[Part, ...]
    """Where labels that exist cut the block; one part for all of it else."""

    @property
    def pieces(self) -> list[tuple[str, str]]:
        """The text cut at its marks, with their places; an empty one where there is no mark."""
        pieces, at = [], 0
        for mark in self.marks:
            pieces.append((self.text[at : mark.start], ""))
            pieces.append((self.text[mark.start : mark.end], mark.place))
            at = mark.end
        return [piece for piece in [*pieces, (self.text[at:], "")] if piece[0]]


@dataclass(frozen=True, slots=True)
class View:
    """A page as a person meets it."""

    page: LabelledPage
    version: str
    """Of what lies where the page is saved; empty for nothing."""
    language: str
    blocks: tuple[Shown, ...] = ()
    unmatched: int = 0
    """Labelled texts that the page does not hold."""
    error: str | None = None
    """Why there are no blocks."""

    @property
    def marks(self) -> list[Mark]:
        """Of all blocks."""
        return [mark for block in self.blocks for mark in block.marks]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the browser, to which places are names: it counts in UTF-16."""
        return {
            "name": self.page.name,
            "url": self.page.url,
            "version": self.version,
            "done": bool(self.version),
            "judged": is_judged(self.page),
            "unmatched": self.unmatched,
            "error": self.error,
            "blocks": [
                {
                    "pieces": block.pieces,
                    "label": block.label,
                    "proposal": block.proposal,
                    "confidence": block.confidence,
                    "doubtful": block.has_words and block.confidence < DOUBTFUL,
                    "has_words": block.has_words,
                }
                for block in self.blocks
            ],
            "marks": {
                mark.place: {"reason": mark.reason, "confirmed": mark.confirmed}
                for mark in self.marks
            },
        }


class Session:
    """Pages, the model that proposes labels for them, and what a person made of it.

    Safe to share between threads.
    """

    def __init__(
        self, tasks: Sequence[Task], cleaner: Cleaner, order: Order = "input", *,
        labels: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.tasks = list(tasks)
        self._cleaner = cleaner
        self._lock = Lock()
        # A page is cleaned once to be shown and saved.
        self._read = lru_cache(maxsize=_KEPT)(self._clean_and_segment)
        found = {entry.label for task in tasks for entry in task.page.labels}
        found |= {task.page.rest for task in tasks}
        offered = dict.fromkeys([*cleaner.model.labels, *labels, *sorted(found)])
        self.labels = tuple(label for label in offered if label != UNJUDGED)
        """Those of the model, those given, then those of pages that are labelled already."""
        if order == "doubt":
            self.tasks.sort(key=self._doubt, reverse=True)

    @property
    def done(self) -> int:
        """Pages that are labelled."""
        with self._lock:
            return sum(task.done for task in self.tasks)

    def overview(self) -> dict[str, Any]:
        """Labels to choose from, and all pages: plain data for the browser."""
        pages = [{"name": task.page.name, "done": task.done} for task in self.tasks]
        return {
            "labels": self.labels,
            "unjudged": UNJUDGED,
            "with_spam": ARTICLE,  # the format marks spam in no other blocks
            "pages": pages,
        }

    def view(self, number: int) -> View:
        """A page with labels and proposals; with `error` where the model cannot read it.

        Raises `DataError` when what lies where the page is saved has become malformed.
        """
        with self._lock:
            return self._view(number)

    def save(
        self, number: int, labels: Sequence[str], marks: Collection[str], version: str = ""
    ) -> str:
        """Write a page with a label for each block and the places of the marks that are spam.

        `version` is that of the view; that of what lies in the folder then is returned.

        Raises:
            ValueError: there are not as many labels as blocks, one is unknown, a place does not
                exist, or
                the page cannot be read.
            ConflictError: what lies in the folder is another version.
            DataError, OSError: the files cannot be written.
        """
        with self._lock:
            view = self._view(number)
            if view.error is not None:
                raise ValueError(view.error)
            if view.version not in ("", version):
                raise ConflictError(
                    f"{view.page.name} was saved elsewhere since it was opened; "
                    "reload to see it, and label it again"
                )
            if len(labels) != len(view.blocks):
                raise ValueError(f"{len(labels)} labels for {len(view.blocks)} blocks")
            known = {*self.labels, UNJUDGED, *(block.label for block in view.blocks)}
            if unknown := set(labels) - known:
                raise ValueError(f"unknown labels: {unknown}")
            page = _relabelled(view, labels, marks)
            task = self.tasks[number]
            if not task.done or page is not task.page:
                packed = any(file.suffix == ".gz" for file in page_files(task.folder, page.name))
                write_page(task.folder, page, compress=packed)
                task.done = True
            return _version(task)

    def _view(self, number: int) -> View:
        task = self.tasks[number]
        version, page = _version(task), task.page
        result, parsed = self._read(page.page, page.kind, page.url)
        if parsed is None:
            error = f"{result.error}; go on with another page"
            return View(page, version, page.language, error=error)
        texts = [parsed.text_of(block) for block in parsed.blocks]
        labels = [segment.label for segment in result.segments]
        parts: list[tuple[Part, ...]] = [
            (Part(0, len(text), label),) for text, label in zip(texts, labels, strict=True)
        ]
        unmatched = 0
        if is_judged(page):
            labels = list(label_blocks(page, parsed))
            entries = [(entry.label, entry.text) for entry in page.labels]
            parts = align_spans(texts, entries, page.rest, ordered=page.ordered)
            shares = text_shares(texts, [text for _, text in entries], ordered=page.ordered)
            unmatched = sum(share < FOUND for share in shares)
        marks = _marks(page, parsed, result)
        blocks = []
        for at, (proposal, text, *_, confidence) in enumerate(result.segments):
            has_words = bool(tokens(text))
            label = labels[at] if has_words else UNJUDGED
            blocks.append(Shown(text, label, proposal, confidence, has_words, marks[at], parts[at]))
        language = page.language if is_judged(page) else result.language or page.language
        return View(page, version, language, tuple(blocks), unmatched)

    def _clean_and_segment(self, page: bytes, kind: Kind, url: str) -> tuple[Result, Page | None]:
        result = self._cleaner.clean(page, kind, url, spam="mark")
        return result, segment(page, kind) if result.error is None else None

    def _doubt(self, task: Task) -> float:
        """Share of the page's characters whose label is likely wrong."""
        page = task.page
        segments = self._cleaner.clean(page.page, page.kind, page.url, spam="keep").segments
        if not segments:  # it cannot be read, and comes last
            return 0.0
        doubts = sum((1 - segment.confidence) * len(segment.text) for segment in segments)
        return doubts / sum(len(segment.text) for segment in segments)


def _version(task: Task) -> str:
    """Of what lies where the page is saved by now; empty for nothing."""
    look_again(task)
    return digest([task.page]) if task.done else ""


def _marks(page: LabelledPage, parsed: Page, result: Result) -> list[tuple[Mark, ...]]:
    """Marks of each block: those that the page's labels hold, then what the model found."""
    spans = [
        (start, end, "marked in the labels", True)
        for start, end in locate_spam(parsed, page.labels, ordered=page.ordered)
    ]
    for span in result.spam:
        if all(span.end <= start or end <= span.start for start, end, *_ in spans):
            spans.append((span.start, span.end, f"{span.confidence:.2f}: {span.reason}", False))
    spans.sort()
    marks = []
    for at, block in enumerate(parsed.blocks):
        marks.append(
            tuple(
                Mark(at, start - block.start, end - block.start, reason, confirmed)
                for start, end, reason, confirmed in spans
                if block.start <= start and end <= block.end
            )
        )
    return marks


def _relabelled(view: View, labels: Sequence[str], spam: Collection[str]) -> LabelledPage:
    """The page with these labels; itself when nothing was changed.

    All blocks with words are written, in page order, unjudged ones too: then the tokens of the
    labels are those of the page, and alignment has no choice, however often a text occurs.
    """
    page = view.page
    spans = _spans(view, spam)
    same_marks = set(spam) == {mark.place for mark in view.marks if mark.confirmed}
    wanted = [
        label if block.has_words else UNJUDGED
        for block, label in zip(view.blocks, labels, strict=True)
    ]
    if is_judged(page) and same_marks and wanted == [block.label for block in view.blocks]:
        return page
    entries: list[Labelled] = []
    for at, (block, label) in enumerate(zip(view.blocks, wanted, strict=True)):
        entries += _entries(block, label, spans.get(at, []))
    extra = {key: value for key, value in page.extra.items() if key != "ordered"}
    return replace(page, language=view.language, rest=UNJUDGED, labels=tuple(entries), extra=extra)


def _spans(view: View, places: Collection[str]) -> dict[int, list[tuple[int, int]]]:
    """Start and end of marks by their block. Raises `ValueError` for what is no place."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for place in places:
        found = _PLACE.fullmatch(place)
        block, start, end = map(int, found.groups()) if found else (0, 0, 0)
        if block >= len(view.blocks) or not start < end <= len(view.blocks[block].text):
            raise ValueError(f"{place!r} is no place of a mark")
        spans.setdefault(block, []).append((start, end))
    return spans


def _entries(block: Shown, label: str, marks: Sequence[tuple[int, int]]) -> list[Labelled]:
    """A block as labelled texts: in the parts it had where its label stays, else whole."""
    parts = block.parts
    votes: Counter[str] = Counter()
    for part in parts:
        votes[part.label] += len(tokens(block.text[part.start : part.end]))
    if label != block.label or votes.most_common(1)[0][0] != label:
        parts = (Part(0, len(block.text), label),)
    entries = []
    for start, end, name in parts:
        text = block.text[start:end].translate(BRACKETS)
        spans = tuple(
            (max(first - start, 0), min(last, end) - start)
            for first, last in marks
            if name == ARTICLE and first < end and start < last
        )
        if tokens(text):
            entries.append(Labelled(name, text, spans))
    return entries
