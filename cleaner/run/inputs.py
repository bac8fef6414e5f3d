"""What goes into a run: looked at before the first page."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from cleaner.errors import InputError
from cleaner.io import STDIN, sources, survey
from cleaner.run.progress import Progress

_MAX_KINDS = 5
"""Kinds of files of which it is said that they are left out."""


def survey_of(inputs: Sequence[str], progress: Progress) -> int:
    """Bytes of all inputs; says what is passed over in their folders."""
    total, passed_over = survey(inputs)
    if passed_over:
        some = passed_over.most_common(_MAX_KINDS)
        told = [f"{kind} ({count:,})" for kind, count in some]
        if rest := passed_over.total() - sum(count for _, count in some):
            told.append(f"others ({rest:,})")
        advice = "name a file to have it read"
        if ".json" in passed_over:
            advice += "; .json with an object on each line is read as .jsonl"
        progress.say(f"left out: {', '.join(told)}; {advice}")
    return total


def keep_apart(inputs: Iterable[str], outputs: Sequence[Path]) -> None:
    """Outputs among the pages would overwrite some, and be read as pages the next time."""
    targets = [_real(output) for output in outputs]
    if len(set(targets)) < len(targets):
        raise InputError(f"{outputs[0]} cannot hold both outputs and attributes; name two folders")
    for output, target in zip(outputs, targets, strict=True):
        for item in inputs:
            path = Path(item).resolve()
            inside = path in (target, *target.parents) if path.is_dir() else path.parent == target
            if item != STDIN and inside:
                raise InputError(f"{output} holds the pages to read; choose another folder")
        if output.exists() and not output.is_dir():
            raise InputError(f"{output} is a file; choose another name for the folder")


def keep_out(inputs: Iterable[str], output: Path) -> None:
    """A file that is an input would be lost; one among the pages, read as pages the next time."""
    if output.exists():
        for source in sources(inputs):
            # 0: what a shell reads standard input from, as in `cleaner clean - < FILE`.
            if os.path.samefile(0 if source.path is None else source.path, output):
                raise InputError(f"{output} holds the pages to read; choose another name")
    for item in inputs:
        if item != STDIN and Path(item).is_dir() and Path(item).resolve() in _real(output).parents:
            raise InputError(f"{output} lies among the pages to read; write it somewhere else")


def _real(path: Path) -> Path:
    """The path without links; `Path.resolve` raises for one that leads to itself."""
    return Path(os.path.realpath(path))
