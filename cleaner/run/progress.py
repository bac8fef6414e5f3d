"""How a run tells of itself: a bar on a terminal, sparse lines elsewhere, a table at the end."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from time import monotonic
from typing import Any, TextIO

_REDRAW = 0.25
_LINE = 60.0
_BAR = 24


class Progress:
    """Tells on a stream, mostly standard error, how far a run has come.

    Args:
        quiet: say nothing at all.
    """

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._stream, self._quiet = stream, quiet
        self._terminal = stream.isatty()
        self._start = self._told = monotonic()
        self._drawn = False
        self._total = self._skipped = 0

    def begin(self, total: int) -> None:
        """`total`: bytes of all inputs; 0 where that is unknown."""
        self._start = self._told = monotonic()
        self._total = total

    def skip(self, size: int) -> None:
        """Bytes that an earlier run has done."""
        self._skipped += size

    def say(self, message: str) -> None:
        """A line of its own."""
        if not self._quiet:
            self._clear()
            self._stream.write(f"{message}\n")
            self._stream.flush()

    def update(self, read: int, pages: int, errors: int) -> None:
        """`read`: bytes of the inputs that are behind; `pages`, `errors`: of this run."""
        now = monotonic()
        if self._quiet or now - self._told < (_REDRAW if self._terminal else _LINE):
            return
        self._told = now
        line = self._line(read, pages, errors, now - self._start)
        if self._terminal:
            width = shutil.get_terminal_size().columns
            self._stream.write(f"\r\x1b[K{line[: width - 1]}")
            self._drawn = True
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def end(self) -> None:
        """Take the bar away."""
        self._clear()

    def _line(self, read: int, pages: int, errors: int, seconds: float) -> str:
        speed = f"{pages:,} pages, {pages / max(seconds, 1e-9):,.1f}/s, {errors:,} errors"
        if self._total <= 0:
            return speed
        share = min(1.0, read / self._total)
        here = read - self._skipped
        left = seconds * (self._total - read) / here if here > 0 else None
        eta = f", {duration(left)} left" if left is not None else ""
        bar = ""
        if self._terminal:
            full = round(share * _BAR)
            bar = f"[{'#' * full}{'.' * (_BAR - full)}] "
        return f"{bar}{share:4.0%}  {speed}{eta}"

    def _clear(self) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False


def duration(seconds: float) -> str:
    """`2:03:04`, `3:04`."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def table(summary: Mapping[str, Any]) -> str:
    """The summary of a run for people."""
    pages, spam, now = summary["pages"], summary["spam"], summary["this_run"]
    words = sum(summary["words"].values())
    rows = [
        ("pages in", f"{pages['in']:,}"),
        ("pages out", f"{pages['out']:,}"),
        ("dropped", f"{pages['dropped']:,}"),
        ("errors", f"{pages['errors']:,}"),
    ]
    rows += [
        (f"words, {label}", f"{count:,} ({count / words:.1%})")
        for label, count in summary["words"].items()
        if words
    ]
    rows += [
        ("spam spans", f"{spam['removed']:,} removed, {spam['marked']:,} marked"),
        ("outputs", f"{summary['outputs']:,}, {now['skipped']:,} of them done before"),
        (
            "speed",
            f"{now['pages_per_second']:,.1f} pages/s, {now['pages']:,} pages in "
            f"{duration(now['seconds'])} with {now['workers']} workers",
        ),
    ]
    rows += [(f"error: {reason}", f"{count:,}") for reason, count in summary["errors"].items()]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
