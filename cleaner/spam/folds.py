"""Folds of the spam model's training: what a score has seen is not judged by it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

from cleaner.language import iso_639_1
from cleaner.scripts import script_counts
from cleaner.signs import STOPS
from cleaner.spam.grammar import SENTENCE, Grammar, Phrase
from cleaner.spam.texts import Marked, Text

FOLDS: Final = 5
_BY_HAND: Final = 0.3
"""Share of phrases that were put into a passage of the language by hand, if there are any. In
articles of 3,000 characters, .53 of such phrases are surely spam instead of .42."""


class Folds:
    """Which fold each language, vertical, phrase and text belongs to."""

    def __init__(self, grammar: Grammar, random: Random) -> None:
        languages, verticals = sorted(grammar.languages), grammar.verticals
        random.shuffle(languages)
        random.shuffle(verticals)
        self.language = {name: number % FOLDS for number, name in enumerate(languages)}
        self.vertical = {name: number % FOLDS for number, name in enumerate(verticals)}

    def text(self, text: Text) -> int:
        """The fold of a text."""
        return zlib.crc32(text.text[:200].encode("utf-8", "ignore")) % FOLDS

    def phrase(self, phrase: str) -> int:
        """The fold of a phrase."""
        return zlib.crc32(phrase.encode()) % FOLDS

    def holds(self, fold: int, language: str, vertical: str, phrase: str) -> bool:
        """Whether the promotional score of a fold must not see a phrase."""
        of = self.language[language], self.vertical.get(vertical), self.phrase(phrase)
        return fold in of


class Source:
    """Makes phrases that the promotional score of one fold has not seen.

    Some are those of passages that hold spam, which no promotional score has seen.
    """

    def __init__(
        self, grammar: Grammar, folds: Folds, fold: int, passages: Sequence[Marked] = ()
    ) -> None:
        def only(keep: Callable[[str, str, str], bool]) -> Grammar:
            return grammar.only(
                lambda language, vertical, p: (
                    folds.phrase(p) == fold if vertical == SENTENCE else keep(language, vertical, p)
                )
            )

        self.grammars = [
            only(lambda language, v, p: folds.language[language] == fold),
            only(lambda language, vertical, p: folds.vertical[vertical] == fold),
            only(lambda language, v, p: folds.phrase(p) == fold),
        ]
        self.grammars = [found for found in self.grammars if found.languages] or [grammar]
        self.latin = {name: grammar.is_latin(name) for name in grammar.languages}
        self.by_hand: dict[str, list[Phrase]] = {}
        for passage in passages:
            self.by_hand.setdefault(passage.language, []).extend(_phrases_of(passage))

    def phrase(self, text: str, language: str, random: Random) -> Phrase:
        """Of the text's own language, of its script, or of any."""
        if (written := self.by_hand.get(iso_639_1(language))) and random.random() < _BY_HAND:
            return random.choice(written)
        grammar = random.choices(self.grammars, (3, 3, 5)[: len(self.grammars)])[0]
        own = grammar.languages.keys() & {language, iso_639_1(language)}
        latin = next(iter(script_counts(text[:400])), "") == "Latin"
        alike = [name for name in grammar.languages if self.latin[name] == latin]
        pool = sorted(grammar.languages)
        choice = random.random()
        if own and choice < 0.4:
            pool = sorted(own)
        elif alike and latin and choice < 0.6:
            pool = sorted(alike)
        return grammar.phrase(random.choice(pool), random)


def _phrases_of(passage: Marked) -> Iterator[Phrase]:
    """The spam of a passage, to be put into other texts of its language."""
    for start, end in passage.places:
        text = passage.text[start:end]
        kind = SENTENCE if text[-1] in STOPS else "phrase"
        yield Phrase(text, passage.language, "", kind)
