"""What all tests share: no network, steady property tests, and cleaners.

`simple_cleaner` needs no model; `small_model` is trained once a run, for tests of how things
work; `default_cleaner` is what users get, for tests of how well they work.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest
from hypothesis import settings

import cleaner.train
from cleaner.clean import Cleaner, Result
from cleaner.network import Options
from cleaner.types import Kind, Segment, SpamMode, Span

TRAINING_DATA = Path(__file__).parents[1] / "training_data"
SMALL = Options(epochs=1, pages_per_step=4, hidden=32, embedding=8)
"""A network that trains in seconds and still learns the shipped pages."""

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: object) -> NoReturn:
        raise AssertionError(f"a test tried to connect to {address!r}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@dataclass(frozen=True)
class SimpleResult:
    """The parts of a `Result` that reports and writers read."""

    source: str
    kind: str = "text"
    segments: tuple[Segment, ...] = ()
    spam: tuple[Span, ...] = ()
    error: str | None = None

    @property
    def text(self) -> str:
        return "\n\n".join(s.text for s in self.segments if s.label == "article")

    def to_dict(self) -> dict[str, Any]:
        return {"text": self.text, "kind": self.kind, "error": self.error}


class SimpleCleaner:
    """Keeps every line but those that start with `#`; fails on an empty page."""

    def clean_many(
        self,
        pages: Iterable[str | bytes],
        *,
        kind: Kind = "auto",
        n_jobs: int = 1,
        spam: SpamMode = "remove",
    ) -> Iterator[Result]:
        for page in pages:
            source = page if isinstance(page, str) else page.decode("utf-8", "replace")
            segments, at = [], 0
            for line in source.splitlines(keepends=True):
                text = line.rstrip("\n")
                label = "navigation" if text.startswith("#") else "article"
                if text:
                    segments.append(Segment(label, text, at, at + len(text), 0.9))
                at += len(line)
            error = None if source else "the page is empty"
            yield cast(Result, SimpleResult(source, kind, tuple(segments), (), error))


@pytest.fixture
def simple_cleaner(monkeypatch: pytest.MonkeyPatch) -> Cleaner:
    """A cleaner without a model, which the command line uses too."""
    cleaning = cast(Cleaner, SimpleCleaner())
    monkeypatch.setattr("cleaner.cli._cleaner", lambda model: cleaning)
    return cleaning


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a small model trained on the shipped pages; its spam part is the default's."""
    out = tmp_path_factory.mktemp("models") / "small"
    cleaner.train.train([TRAINING_DATA], out, options=SMALL)
    return out


@pytest.fixture(scope="session")
def small_cleaner(small_model: Path) -> Cleaner:
    """A cleaner with the small model."""
    return Cleaner.load(small_model)


@pytest.fixture(scope="session")
def default_cleaner() -> Cleaner:
    """A cleaner with the shipped model."""
    return Cleaner()
