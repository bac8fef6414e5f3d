"""Texts that the spam model is trained on, and what readers said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Text:
    """An unlabelled running text."""

    language: str
    """As the corpus names it: ISO 639-1 or 639-3."""
    text: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Judgements:
    """What a reader said of spans of known texts: by id, (start, end, is spam)."""

    spans: Mapping[str, tuple[tuple[int, int, bool], ...]] = field(default_factory=dict)

    @classmethod
    def shipped(cls) -> Judgements:
        """Those in `judgements.tsv`: id, start, end, verdict."""
        text = files("cleaner.spam").joinpath("judgements.tsv").read_text(encoding="utf-8")
        spans: dict[str, tuple[tuple[int, int, bool], ...]] = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, start, end, verdict = line.split("\t")[:4]
                spans[name] = (*spans.get(name, ()), (int(start), int(end), verdict == "spam"))
        return cls(spans)

    def is_spam(self, name: str, start: int, end: int) -> bool:
        """Whether a span touches one that was judged to be spam."""
        return any(
            spam and low < end and high > start for low, high, spam in self.spans.get(name, ())
        )


def look_alikes() -> list[str]:
    """Legitimate sentences that look like spam, written for this project."""
    text = files("cleaner.spam").joinpath("lookalikes.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
