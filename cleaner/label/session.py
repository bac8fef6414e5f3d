"""A session of labelling: pages with proposals out, a person's labels in, both saved as files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Literal

from cleaner.clean import Cleaner, Result
from cleaner.data.align import UNJUDGED, Part, align_spans, locate_spam, tokens
from cleaner.data.pages import BRACKETS, Labelled, LabelledPage, write_page
from cleaner.examples import label_blocks
from cleaner.label.tasks import Task
from cleaner.segment import segment
from cleaner.types import ARTICLE, Page

Order = Literal["input", "doubt"]
"""Of pages: as they came, or first those that the model is least sure of."""

DOUBTFUL = 0.8
"""Confidence below which a block stands out; confidences are about the share that is right."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a block that may be injected spam; it is saved when it is `confirmed`."""

    start: int
    end: int
    reason: str
    confirmed: bool


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

    def pieces(self, first: int) -> list[tuple[str, int]]:
        """The text cut at its marks; the number of the mark (from `first` on), -1 for none."""
        pieces, at = [], 0
        for number, mark in enumerate(self.marks, first):
            pieces += [(self.text[at : mark.start], -1), (self.text[mark.start : mark.end], number)]
            at = mark.end
        return [piece for piece in [*pieces, (self.text[at:], -1)] if piece[0]]


@dataclass(frozen=True, slots=True)
class View:
    """A page as a person meets it."""

    task: Task
    language: str
    blocks: tuple[Shown, ...]
    error: str | None = None
    """Why there are no blocks."""

    @property
    def marks(self) -> list[Mark]:
        """Of all blocks; what is saved names them by their place here."""
        return [mark for block in self.blocks for mark in block.marks]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the browser; places in texts are not told, which it would count in
        UTF-16."""
        blocks, marks = [], 0
        for block in self.blocks:
            shown = {
                "pieces": block.pieces(marks),
                "label": block.label,
                "proposal": block.proposal,
                "confidence": block.confidence,
                "doubtful": block.has_words and block.confidence < DOUBTFUL,
                "has_words": block.has_words,
            }
            blocks.append(shown)
            marks += len(block.marks)
        return {
            "name": self.task.page.name,
            "url": self.task.page.url,
            "done": self.task.done,
            "judged": self.task.judged,
            "error": self.error,
            "blocks": blocks,
            "marks": [{"reason": m.reason, "confirmed": m.confirmed} for m in self.marks],
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
        """A page with labels and proposals; with `error` where the model cannot read it."""
        task = self.tasks[number]
        page = task.page
        result = self._clean(task, spam="mark")
        if result.error is not None:
            return View(task, page.language, (), f"{result.error}; go on with another page")
        parsed = segment(page.page, page.kind)
        texts = [segment.text for segment in result.segments]
        labels = [segment.label for segment in result.segments]
        parts: list[tuple[Part, ...]] = [
            (Part(0, len(text), label),) for text, label in zip(texts, labels, strict=True)
        ]
        if task.judged:
            labels = list(label_blocks(page, parsed))
            entries = [(entry.label, entry.text) for entry in page.labels]
            parts = align_spans(texts, entries, page.rest, ordered=page.ordered)
        marks = _marks(page, parsed, result)
        blocks = []
        for at, (proposal, text, *_, confidence) in enumerate(result.segments):
            has_words = bool(tokens(text))
            label = labels[at] if has_words else UNJUDGED
            blocks.append(Shown(text, label, proposal, confidence, has_words, marks[at], parts[at]))
        language = page.language if task.judged else result.language or page.language
        return View(task, language, tuple(blocks))

    def save(self, number: int, labels: Sequence[str], marks: Collection[int]) -> None:
        """Write a page with a label for each block and the numbers of the marks that are spam.

        Raises:
            ValueError: there are not as many labels as blocks, one is unknown, or the page cannot
                be read.
            DataError, OSError: the files cannot be written.
        """
        view = self.view(number)
        if view.error is not None:
            raise ValueError(view.error)
        if len(labels) != len(view.blocks):
            raise ValueError(f"{len(labels)} labels for {len(view.blocks)} blocks")
        if unknown := set(labels) - {*self.labels, UNJUDGED}:
            raise ValueError(f"unknown labels: {unknown}")
        page = _relabelled(view, labels, marks)
        with self._lock:
            task = self.tasks[number]
            if not task.done or page is not task.page:
                suffix = ".html.gz" if page.kind == "html" else ".txt.gz"
                packed = (task.folder / (page.name + suffix)).exists()
                write_page(task.folder, page, compress=packed)
                task.page, task.done = page, True

    def _clean(self, task: Task, spam: Literal["mark", "keep"]) -> Result:
        page = task.page
        return self._cleaner.clean(page.page, page.kind, page.url, spam=spam)

    def _doubt(self, task: Task) -> float:
        """Share of the page's characters whose label is likely wrong."""
        segments = self._clean(task, spam="keep").segments
        if not segments:  # it cannot be read, and comes last
            return 0.0
        doubts = sum((1 - segment.confidence) * len(segment.text) for segment in segments)
        return doubts / sum(len(segment.text) for segment in segments)


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
    for block in parsed.blocks:
        marks.append(
            tuple(
                Mark(start - block.start, end - block.start, reason, confirmed)
                for start, end, reason, confirmed in spans
                if block.start <= start and end <= block.end
            )
        )
    return marks


def _relabelled(view: View, labels: Sequence[str], spam: Collection[int]) -> LabelledPage:
    """The page with these labels; itself when nothing was changed.

    All blocks with words are written, in page order, unjudged ones too: then the tokens of the
    labels are those of the page, and alignment has no choice, however often a text occurs.
    """
    page = view.task.page
    same_marks = all((at in spam) == mark.confirmed for at, mark in enumerate(view.marks))
    wanted = [
        label if block.has_words else UNJUDGED
        for block, label in zip(view.blocks, labels, strict=True)
    ]
    if view.task.judged and same_marks and wanted == [block.label for block in view.blocks]:
        return page
    entries: list[Labelled] = []
    number = 0
    for block, label in zip(view.blocks, wanted, strict=True):
        chosen = [mark for at, mark in enumerate(block.marks, number) if at in spam]
        number += len(block.marks)
        entries += _entries(block, label, chosen)
    extra = {key: value for key, value in page.extra.items() if key != "ordered"}
    return replace(page, language=view.language, rest=UNJUDGED, labels=tuple(entries), extra=extra)


def _entries(block: Shown, label: str, marks: Sequence[Mark]) -> list[Labelled]:
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
            (max(mark.start - start, 0), min(mark.end, end) - start)
            for mark in marks
            if name == ARTICLE and mark.start < end and start < mark.end
        )
        if tokens(text):
            entries.append(Labelled(name, text, spans))
    return entries
