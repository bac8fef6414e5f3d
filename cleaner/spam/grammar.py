"""Promotional phrases and sentences, made from the shipped grammar in `phrases/`.

Training only: no phrase of it is looked up when a page is cleaned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from random import Random
from typing import Final

from cleaner.cached import cached_property
from cleaner.errors import DataError
from cleaner.scripts import script_counts

SENTENCE: Final = "sentence"
_KINDS: Final = frozenset(("mod", "ordinary", SENTENCE, "joining"))
"""Kinds of rows that are no vertical."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A made-up piece of spam."""

    text: str
    language: str
    vertical: str
    kind: str
    """phrase, keywords or sentence."""


@dataclass(frozen=True)
class _Language:
    joiner: str
    heads: tuple[tuple[str, str], ...]
    """Vertical and phrase."""
    mods: tuple[str, ...]
    ordinary: tuple[str, ...]
    sentences: tuple[str, ...]

    @cached_property
    def of_vertical(self) -> dict[str, list[str]]:
        """Phrases of each vertical."""
        found: dict[str, list[str]] = {}
        for vertical, phrase in self.heads:
            found.setdefault(vertical, []).append(phrase)
        return found


@dataclass(frozen=True, slots=True)
class Grammar:
    """Phrases of several languages and verticals."""

    languages: dict[str, _Language]

    @classmethod
    def shipped(cls) -> Grammar:
        """The grammar in `phrases/`, a file for each language.

        A line is a kind and phrases: `gambling<tab>casino|online casino`. Kinds are verticals,
        `mod` (what stands before or after a phrase of any vertical), `ordinary` (everyday
        phrases that are no spam), `sentence` (whole ones, `{}` stands for a phrase), and
        `joining`, which is `glue` for a language that writes no spaces between words.

        Raises DataError for a line that is not of this form.
        """
        folder = files("cleaner.spam") / "phrases"
        paths = sorted(
            (path for path in folder.iterdir() if path.name.endswith(".tsv")),
            key=lambda path: path.name,
        )
        return cls({path.name[:-4]: _read(path) for path in paths})

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

        Sentences are asked for, too, with `SENTENCE` as their vertical. A language none of whose
        phrases stay goes altogether.
        """
        kept: dict[str, _Language] = {}
        for language, rows in self.languages.items():
            heads = tuple((v, p) for v, p in rows.heads if keep(language, v, p))
            if heads:
                sentences = tuple(p for p in rows.sentences if keep(language, SENTENCE, p))
                kept[language] = _Language(rows.joiner, heads, rows.mods, rows.ordinary, sentences)
        return Grammar(kept)

    def ordinary(self) -> list[tuple[str, str]]:
        """Joiner and everyday phrase, for every language."""
        return [(rows.joiner, p) for rows in self.languages.values() for p in rows.ordinary]

    def phrase(self, language: str, random: Random, kind: str = "") -> Phrase:
        """Make a phrase of a language; `kind` phrase, keywords or sentence, else any."""
        rows = self.languages[language]
        kind = kind or random.choices(("phrase", "keywords", "sentence"), (6, 1, 2))[0]
        vertical, head = random.choice(rows.heads)
        alike = rows.of_vertical[vertical]
        if kind == "keywords":
            picked = random.sample(alike, min(len(alike), random.randint(2, 5)))
            joiner = random.choice(
                (", ", " ", " | ", ",", " - ", "、" if not rows.joiner else ", ")
            )
            return Phrase(joiner.join(picked), language, vertical, kind)
        if kind == SENTENCE and rows.sentences:
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


def _read(path: Traversable) -> _Language:
    """The phrases of one language."""
    kinds: dict[str, list[str]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        kind, tab, phrases = line.partition("\t")
        if not tab or not phrases:
            raise DataError(
                f"{path.name}, line {number}: give a kind and phrases, with a tab between"
            )
        kinds.setdefault(kind, []).extend(phrases.split("|"))
    return _Language(
        "" if kinds.get("joining") == ["glue"] else " ",
        tuple((v, p) for v, found in kinds.items() if v not in _KINDS for p in found),
        *(tuple(kinds.get(kind, ())) for kind in ("mod", "ordinary", SENTENCE)),
    )
