"""Promotional phrases and sentences, made from the shipped grammar `phrases.tsv`.

Training only: no phrase of it is looked up when a page is cleaned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from random import Random
from typing import Final

from cleaner.errors import DataError
from cleaner.scripts import script_counts

_KINDS: Final = frozenset(("mod", "ordinary", "sentence"))


@dataclass(frozen=True, slots=True)
class Phrase:
    """A made-up piece of spam."""

    text: str
    language: str
    vertical: str
    kind: str
    """phrase, keywords or sentence."""


@dataclass(frozen=True, slots=True)
class _Language:
    joiner: str
    heads: tuple[tuple[str, str], ...]
    """Vertical and phrase."""
    mods: tuple[str, ...]
    ordinary: tuple[str, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """Phrases of several languages and verticals."""

    languages: dict[str, _Language]

    @classmethod
    def shipped(cls) -> Grammar:
        """The grammar in `phrases.tsv`. Raises DataError for a line that is not of its form."""
        text = files("cleaner.spam").joinpath("phrases.tsv").read_text(encoding="utf-8")
        joiners: dict[str, str] = {}
        rows: dict[str, dict[str, list[str]]] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if not line or line.startswith("#"):
                continue
            try:
                language, joining, kind, phrases = line.split("\t")
            except ValueError:
                raise DataError(
                    f"phrases.tsv, line {number}: give language, joining, kind and phrases, "
                    "with tabs between"
                ) from None
            joiners[language] = "" if joining == "glue" else " "
            rows.setdefault(language, {}).setdefault(kind, []).extend(phrases.split("|"))
        return cls(
            {
                language: _Language(
                    joiners[language],
                    tuple((v, p) for v, found in kinds.items() if v not in _KINDS for p in found),
                    *(tuple(kinds.get(kind, ())) for kind in ("mod", "ordinary", "sentence")),
                )
                for language, kinds in rows.items()
            }
        )

    @property
    def verticals(self) -> list[str]:
        """Names of all verticals, in order of the alphabet."""
        return sorted({v for rows in self.languages.values() for v, _ in rows.heads})

    def is_latin(self, language: str) -> bool:
        """Whether a language is written in Latin letters."""
        heads = " ".join(phrase for _, phrase in self.languages[language].heads)
        return next(iter(script_counts(heads))) == "Latin"

    def only(self, keep: Callable[[str, str, str], bool]) -> Grammar:
        """What is left when only phrases stay for which `keep(language, vertical, phrase)`.

        A language none of whose phrases stay goes altogether.
        """
        kept: dict[str, _Language] = {}
        for language, rows in self.languages.items():
            heads = tuple((v, p) for v, p in rows.heads if keep(language, v, p))
            if heads:
                kept[language] = _Language(
                    rows.joiner, heads, rows.mods, rows.ordinary, rows.sentences
                )
        return Grammar(kept)

    def ordinary(self) -> list[tuple[str, str]]:
        """Joiner and everyday phrase, for every language."""
        return [(rows.joiner, p) for rows in self.languages.values() for p in rows.ordinary]

    def phrase(self, language: str, random: Random, kind: str = "") -> Phrase:
        """Make a phrase of a language; `kind` phrase, keywords or sentence, else any."""
        rows = self.languages[language]
        kind = kind or random.choices(("phrase", "keywords", "sentence"), (6, 1, 2))[0]
        vertical, head = random.choice(rows.heads)
        alike = [p for v, p in rows.heads if v == vertical]
        if kind == "keywords":
            picked = random.sample(alike, min(len(alike), random.randint(2, 5)))
            joiner = random.choice(
                (", ", " ", " | ", ",", " - ", "、" if not rows.joiner else ", ")
            )
            return Phrase(joiner.join(picked), language, vertical, kind)
        if kind == "sentence" and rows.sentences:
            text = random.choice(rows.sentences)
            while "{}" in text:
                text = text.replace("{}", random.choice(alike), 1)
            return Phrase(text[:1].upper() + text[1:], language, vertical, kind)
        parts = [head]
        while rows.mods and len(parts) < 4 and random.random() < (0.65, 0.35, 0.2)[len(parts) - 1]:
            parts.append(
                random.choice(rows.mods) if random.random() < 0.8 else random.choice(alike)
            )
        parts = list(dict.fromkeys(parts))
        random.shuffle(parts)
        joiner = rows.joiner if random.random() < 0.92 else " "
        text = joiner.join(parts)
        style = random.random()
        if style < 0.12:
            text = text.title()
        elif style < 0.17:
            text = text.upper()
        elif style < 0.25:
            text = text[:1].upper() + text[1:]
        return Phrase(text, language, vertical, "phrase")
