"""Labelled pages against what was made of them.

`evaluate` cleans the pages of folders, `evaluate_results` takes what somebody else made of them;
both break the figures (see `cleaner.metrics`) down by kind of page, layout and language. On fully
labelled pages there are also precision and recall of each label by token, the calibration of
the model's confidences, and precision and recall of removed spam.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from cleaner.clean import Cleaner, Result
from cleaner.data.align import UNJUDGED, align_spans
from cleaner.data.marks import locate_spam
from cleaner.data.matching import tokens
from cleaner.data.pages import Labelled, LabelledPage, folders_of, read_pages
from cleaner.errors import DataError
from cleaner.metrics import (
    Counts,
    Expected,
    Figures,
    Score,
    calibration_error,
    held,
    score,
    summarise,
)
from cleaner.segment.decode import decode
from cleaner.types import ARTICLE, COMMENT, Block, Page, Segment


@dataclass(frozen=True, slots=True)
class Group:
    """What was measured on a set of labelled pages."""

    figures: Figures
    labels: Mapping[str, Counts]
    """Tokens per label, on pages whose labels are in page order; unjudged text is left out."""
    judged: int
    """Pages whose whole article is labelled: `figures` of words and shingles are of these."""
    spam: Counts
    """Tokens of injected spam: removed (tp), removed but no spam (fp), left in (fn)."""
    calibration: float | None
    """Expected calibration error of the segments' confidences, by characters."""
    errors: int
    """Pages that came back with an error."""


_TABLE = {
    "word_f1": "word F1", "shingle_f1": "shingle F1", "snippet_f1": "snippet F1",
    "comments_found": "comments found", "comments_leaked": "leaked",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """Groups of pages by name: `all`, then one per kind, layout and language."""

    groups: Mapping[str, Group]

    def table(self) -> str:
        """Three aligned tables: groups, labels of all pages, spam and calibration."""
        whole = self.groups["all"]
        columns: dict[str, list[object]] = {
            "pages of": list(self.groups),
            "pages": [g.figures.pages for g in self.groups.values()],
        }
        if 0 < whole.judged < whole.figures.pages:
            columns["wholly labelled"] = [g.judged for g in self.groups.values()]
        for field, heading in _TABLE.items():
            columns[heading] = [getattr(g.figures, field) for g in self.groups.values()]
        for label in sorted(whole.labels):
            columns[f"{label} F1"] = [
                _plain(g.labels.get(label, Counts()))["f1"] for g in self.groups.values()
            ]
        columns["errors"] = [g.errors for g in self.groups.values()]
        used = {heading: c for heading, c in columns.items() if any(v is not None for v in c)}
        groups = format_table(list(used), zip(*used.values(), strict=True))
        by_label = format_table(
            ["label, by token", "precision", "recall", "F1", "tokens"],
            [
                [label, *(_plain(c)[name] for name in ("precision", "recall", "f1")),
                 int(c.tp + c.fn)]
                for label, c in sorted(whole.labels.items())
            ],
        )  # fmt: skip
        spam = _plain(whole.spam)
        rest = format_table(
            ["removed spam and confidence", ""],
            [
                ["spam precision, by token", spam["precision"]],
                ["spam recall, by token", spam["recall"]],
                ["expected calibration error", whole.calibration],
            ],
        )
        return "\n\n".join([groups, *([by_label] if whole.labels else []), rest])

    def to_dict(self) -> dict[str, Any]:
        """Plain data, JSON-ready; figures that do not exist are None."""
        return {
            name: {
                **asdict(group.figures),
                "wholly_labelled": group.judged,
                "labels": {label: _plain(c) for label, c in sorted(group.labels.items())},
                "spam": _plain(group.spam),
                "calibration": group.calibration,
                "errors": group.errors,
            }
            for name, group in self.groups.items()
        }


def _plain(counts: Counts) -> dict[str, float | None]:
    """Counts and their figures; None where there is nothing that a figure could be of."""
    returned, wanted = counts.tp + counts.fp, counts.tp + counts.fn
    return {
        "precision": counts.precision if returned else None,
        "recall": counts.recall if wanted else None,
        "f1": counts.f1 if wanted else None,
        "tp": counts.tp, "fp": counts.fp, "fn": counts.fn,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Judged:
    score: Score
    labels: Counter[tuple[str, str]]  # (gold, returned) → tokens
    spam: Counts
    confidences: tuple[tuple[float, bool, int], ...]
    error: bool


def evaluate(
    cleaner: Cleaner, folders: str | Path | Iterable[str | Path], *, n_jobs: int = 1,
    rename: Mapping[str, str] = MappingProxyType({}),
) -> Report:  # fmt: skip
    """Clean the labelled pages of `folders` and report; a folder given twice counts once.

    Args:
        cleaner: with the model to measure.
        folders: one or several with labelled pages.
        n_jobs: processes, as joblib counts them.
        rename: labels of the pages to be read as others, such as `{"recipe": "article"}` for a
            model that does not know recipes; `unjudged` leaves them out.

    Each page is cleaned as the kind it is labelled as, so that a wrong guess of
    HTML or text is not counted here.

    Raises:
        TypeError: `cleaner` is a path.
        DataError: a page is malformed, or has a label that the model does not know; or none has
            one that is to be renamed, or any label at all.
    """
    if isinstance(cleaner, str | Path):
        raise TypeError(f"cleaner must be a Cleaner: give Cleaner.load({str(cleaner)!r})")
    once = {os.path.realpath(folder): folder for folder in folders_of(folders)}.values()
    pages = [page for folder in once for page in read_pages(folder)]
    used = {label for page in pages for label in _labels_of(page)}
    if used == {UNJUDGED}:
        raise DataError("nothing on these pages is judged; label some of them (cleaner label)")
    for label in rename:
        if pages and label not in used:
            known = ", ".join(sorted(used))
            raise DataError(f"no page has the label {label!r} to rename; they have {known}")
    pages = [_renamed(page, rename) for page in pages]
    for page in pages:
        for label in sorted(_labels_of(page) - {*cleaner.model.labels, UNJUDGED}):
            raise DataError(
                f"{page.name}: label {label!r} is unknown to the model, which has "
                f"{', '.join(cleaner.model.labels)}; correct the page, rename the label for this "
                "comparison (--rename), or take a model that knows it (--model)"
            )
    results: list[Result | None] = [None] * len(pages)
    kinds: tuple[Literal["html", "text"], ...] = ("html", "text")
    for kind in kinds:
        places = [i for i, page in enumerate(pages) if page.kind == kind]
        cleaned = cleaner.clean_many(
            ((pages[i].page, pages[i].url) for i in places), kind=kind, n_jobs=n_jobs
        )
        for place, result in zip(places, cleaned, strict=True):
            results[place] = result
    return evaluate_results(pages, [result for result in results if result is not None])


def _labels_of(page: LabelledPage) -> set[str]:
    return {page.rest, *(entry.label for entry in page.labels)}


def _renamed(page: LabelledPage, names: Mapping[str, str]) -> LabelledPage:
    labels = tuple(replace(one, label=names.get(one.label, one.label)) for one in page.labels)
    return replace(page, rest=names.get(page.rest, page.rest), labels=labels) if names else page


def evaluate_results(
    pages: Sequence[LabelledPage], results: Sequence[Result], *, with_spam: bool = True
) -> Report:
    """Report on `results`, one per page in the same order, whoever made them.

    `with_spam` tells whether they were searched for spam: else what is left of it says nothing.
    Raises `DataError` when there is no page.
    """
    if not pages:
        raise DataError("no labelled pages to evaluate; name a folder that holds some")
    judged = [_judge(page, result) for page, result in zip(pages, results, strict=True)]
    if not with_spam:
        judged = [replace(page, spam=Counts()) for page in judged]
    members: dict[str, list[_Judged]] = {"all": judged}
    headings: dict[str, list[str]] = {
        "kind": [page.kind for page in pages],
        "layout": [page.layout for page in pages],
        "language": [page.language for page in pages],
    }
    for heading, values in headings.items():
        for value in sorted(set(values)) if len(set(values)) > 1 else ():
            members[f"{heading} {value or '–'}"] = [
                page for page, own in zip(judged, values, strict=True) if own == value
            ]
    return Report({name: _group(group) for name, group in members.items()})


def expected_of(page: LabelledPage) -> Expected:
    """What a page's labels say of its clean text.

    Labels in page order give the whole article, without injected spam, when the
    rest of the page is labelled too. Labels in no order (`ordered: no`) are
    strings to find, as in trafilatura's evaluation. Pages that leave a rest
    unjudged are judged by their labelled tokens only (`Group.labels`).
    """

    def texts(*labels: str) -> list[str]:
        return [_without_spam(entry) for entry in page.labels if entry.label in labels]

    if page.ordered:
        return Expected(None if page.rest == UNJUDGED else "\n".join(texts(ARTICLE)))
    others = {entry.label for entry in page.labels} - {ARTICLE, COMMENT, UNJUDGED}
    return Expected(
        None,
        tuple(texts(ARTICLE)),
        tuple(texts(*others)),
        held(texts(COMMENT), decode(page.page)),
    )


def _without_spam(entry: Labelled) -> str:
    text = entry.text
    for start, end in sorted(entry.spam, reverse=True):
        text = text[:start] + text[end:]
    return text


def _judge(page: LabelledPage, result: Result) -> _Judged:
    labels: Counter[tuple[str, str]] = Counter()
    confidences: list[tuple[float, bool, int]] = []
    spam = Counts()
    if page.ordered:
        blocks = [segment.text for segment in result.segments]
        pairs = [(entry.label, entry.text) for entry in page.labels]
        unjudged: list[tuple[int, int]] = []
        for segment, parts in zip(
            result.segments, align_spans(blocks, pairs, page.rest), strict=True
        ):
            for part in parts:
                if part.label == UNJUDGED:
                    unjudged.append((segment.start + part.start, segment.start + part.end))
                    continue
                text = segment.text[part.start : part.end]
                labels[part.label, segment.label] += len(tokens(text))
                confidences.append((segment.confidence, part.label == segment.label, len(text)))
        if result.error is not None:  # nothing returned: all of its text is missing
            for label, text in pairs:
                if label != UNJUDGED:
                    labels[label, ""] += len(tokens(text))
        spam = _spam_counts(page, result, unjudged)
    return _Judged(
        score(expected_of(page), result.text, result.comments),
        labels,
        spam,
        tuple(confidences),
        result.error is not None,
    )


def _spam_counts(page: LabelledPage, result: Result, unjudged: Sequence[tuple[int, int]]) -> Counts:
    removed = [(span.start, span.end) for span in result.spam if span.removed]
    true: list[tuple[int, int]] = []
    if page.has_spam:
        blocks = tuple(Block(segment.start, segment.end) for segment in result.segments)
        true = locate_spam(Page(result.source, page.kind, blocks), page.labels)

    def positions(spans: Iterable[tuple[int, int]]) -> set[int]:
        return {
            start + token.start
            for start, end in spans
            for token in tokens(result.source[start:end])
        }

    mine, theirs = positions(removed) - positions(unjudged), positions(true)
    return Counts(len(mine & theirs), len(mine - theirs), len(theirs - mine))


def _group(judged: Sequence[_Judged]) -> Group:
    pairs: Counter[tuple[str, str]] = Counter()
    for page in judged:
        pairs.update(page.labels)
    gold: Counter[str] = Counter()
    returned: Counter[str] = Counter()
    for (label, mine), count in pairs.items():
        gold[label] += count
        returned[mine] += count
    return Group(
        summarise([page.score for page in judged]),
        {
            label: Counts(
                pairs[label, label],
                returned[label] - pairs[label, label],
                gold[label] - pairs[label, label],
            )
            for label in sorted((gold.keys() | returned.keys()) - {""})
        },
        sum(page.score.words is not None for page in judged),
        sum((page.spam for page in judged), Counts()),
        calibration_error(c for page in judged for c in page.confidences),
        sum(page.error for page in judged),
    )


def line_labels(segments: Iterable[Segment], source: str) -> tuple[str | None, ...]:
    r"""Label of each line of a plain text, split at "\n": that of most of its characters.

    `segments` must lie in `source`. None for a line that no segment touches.
    """
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    shares: list[Counter[str]] = [Counter() for _ in starts[1:]]
    for segment in segments:
        at = bisect_right(starts, segment.start) - 1
        while at < len(shares) and starts[at] < segment.end:
            covered = min(segment.end, starts[at + 1] - 1) - max(segment.start, starts[at])
            if covered > 0:
                shares[at][segment.label] += covered
            at += 1
    return tuple(max(share, key=lambda label: share[label]) if share else None for share in shares)


def format_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as aligned text: first column left, the others right; floats to three places.

    None, for a figure that does not exist, is a dash.
    """

    def cell(value: object) -> str:
        if value is None:
            return "–"
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    lines = [list(header), *([cell(value) for value in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            [
                line[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for line in lines
    )
