"""Texts that the spam model is trained on, and what readers said of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final

from cleaner.language import detect

_LINK: Final = re.compile(r"(\[\[.+?\]\])")


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


@dataclass(frozen=True, slots=True)
class Linked:
    """Sentences of an author who links some of the words to other sites."""

    text: str
    links: tuple[tuple[int, int], ...]
    """Where the links stand, in order."""


def look_alikes() -> list[str]:
    """Legitimate sentences that look like spam, written for this project."""
    return _lines("lookalikes.txt")


def linked_look_alikes() -> dict[str, list[Linked]]:
    """The same with links, which stand in `[[…]]` in the file, by language."""
    found: dict[str, list[Linked]] = {}
    for line in _lines("linked.txt"):
        text, links = "", list[tuple[int, int]]()
        for part in _LINK.split(line):
            if part.startswith("[["):
                links.append((len(text), len(text) + len(part) - 4))
                part = part[2:-2]
            text += part
        found.setdefault(detect(text) or "", []).append(Linked(text, tuple(links)))
    return found


def _lines(name: str) -> list[str]:
    text = files("cleaner.spam").joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
