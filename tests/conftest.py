"""What all tests share: no network, steady property tests, and cleaners.

`simple_cleaner` needs no model; `small_model` is trained once a run, for tests of how things
work; `default_cleaner` is what users get, for tests of how well they work.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import settings

import cleaner.train
from cleaner.clean import Cleaner, Result
from cleaner.network.fit import Options
from cleaner.types import LABELS, Kind, Segment

TRAINING_DATA = Path(__file__).parents[1] / "training_data"
SMALL = Options(epochs=2, pages_per_step=4, hidden=32, embedding=8)
"""A network that trains in seconds and still learns the shipped pages."""

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        # Worker processes are started over a socket of the file system.
        if self.family != socket.AF_UNIX and address[0] != "127.0.0.1":
            raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)


class SimpleCleaner:
    """Keeps every line but those that start with `#`; fails on an empty page."""

    model = SimpleNamespace(labels=LABELS, manifest={"sha256": {"weights": "none"}})

    def clean(
        self, page: str | bytes, kind: Kind = "auto", url: str | None = None, *,
        keep_labels: Sequence[str] = ("article",), **options: str,
    ) -> Result:  # fmt: skip
        source = page if isinstance(page, str) else page.decode("utf-8", "replace")
        if not source:
            return Result("", error="the page is empty")
        segments, at = [], 0
        for line in source.splitlines(keepends=True):
            text = line.rstrip("\n")
            label = "navigation" if text.startswith("#") else "article"
            if text:
                segments.append(Segment(label, text, at, at + len(text), 0.9))
            at += len(line)
        text = "\n\n".join(s.text for s in segments if s.label in keep_labels)
        return Result(text, segments=tuple(segments), source=source)


@pytest.fixture
def simple_cleaner(monkeypatch: pytest.MonkeyPatch) -> Cleaner:
    """A cleaner without a model, which the command line uses too."""
    cleaning = cast(Cleaner, SimpleCleaner())
    monkeypatch.setattr("cleaner.cli._cleaner", lambda model: cleaning)
    return cleaning


@pytest.fixture(scope="session")
def a_third(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with every third of the shipped pages."""
    folder = tmp_path_factory.mktemp("a_third")
    for labels in sorted(TRAINING_DATA.glob("*.labels"))[::3]:
        for file in TRAINING_DATA.glob(f"{labels.stem}.*"):
            shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="session")
def small_model(a_third: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a small model, trained in less than a minute; its spam part is the default's."""
    out = tmp_path_factory.mktemp("models") / "small"
    cleaner.train.train([a_third], out, options=SMALL, n_jobs=2)
    return out


@pytest.fixture(scope="session")
def small_cleaner(small_model: Path) -> Cleaner:
    """A cleaner with the small model."""
    return Cleaner.load(small_model)


@pytest.fixture(scope="session")
def default_cleaner() -> Cleaner:
    """A cleaner with the shipped model."""
    return Cleaner()
