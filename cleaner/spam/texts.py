"""Texts that the spam model is trained on, and what readers said of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final

from cleaner.cached import cached_property
from cleaner.language import detect

_MARK: Final = re.compile(r"(\[\[.+?\]\])", re.DOTALL)


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


@dataclass(frozen=True)
class Marked:
    """A text in which places are marked: the spam in it, or the words that its author links."""

    text: str
    places: tuple[tuple[int, int], ...]
    """Offsets, in order."""

    @cached_property
    def language(self) -> str:
        """Of the text, ISO 639-1; empty if nothing tells."""
        return detect(self.text) or ""

    @property
    def without(self) -> str:
        """The text without its marked places, and without the spaces before them."""
        kept, at = "", 0
        for start, end in self.places:
            kept += self.text[at:start].rstrip(" ")
            at = end
        return (kept + self.text[at:]).strip()


def look_alikes() -> list[str]:
    """Legitimate sentences that look like spam, written for this project."""
    return _lines("lookalikes.txt")


def linked_look_alikes() -> dict[str, list[Marked]]:
    """The same with links, which stand in `[[…]]` in the file, by language."""
    found: dict[str, list[Marked]] = {}
    for line in _lines("linked.txt"):
        marked = _marked(line)
        found.setdefault(marked.language, []).append(marked)
    return found


def passages() -> list[Marked]:
    """Passages written for this project, some with spam, which stands in `[[…]]` in the file."""
    return [_marked(line) for line in _lines("passages.txt")]


def _marked(line: str) -> Marked:
    text, places = "", list[tuple[int, int]]()
    for part in _MARK.split(line):
        if part.startswith("[["):
            places.append((len(text), len(text) + len(part) - 4))
            part = part[2:-2]
        text += part
    return Marked(text, tuple(places))


def _lines(name: str) -> list[str]:
    """The texts of a file, one a line; `\\n` stands for a line break within one."""
    text = files("cleaner.spam").joinpath(name).read_text(encoding="utf-8")
    lines = (line for line in text.split("\n") if line and not line.startswith("#"))
    return [line.replace("\\n", "\n") for line in lines]
