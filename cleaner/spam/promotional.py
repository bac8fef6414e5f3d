"""Training of the promotional score: phrases of spam against ordinary ones."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from cleaner.spam.candidates import candidates
from cleaner.spam.folds import Folds
from cleaner.spam.grammar import Grammar
from cleaner.spam.languages import Languages
from cleaner.spam.score import Promotion
from cleaner.spam.texts import Text, look_alikes
from cleaner.spam.view import View

_VARIANTS: Final = 4
"""Phrases made of each head for the promotional score."""
_WIDTHS: Final = (1, 3), (2, 5), (3, 8), (18, 18)
"""Words of the ordinary phrases for that score, least and most."""
_WINDOWS_EVERY: Final = 500
"""Characters of text for which one of each is taken, at least once and at most so many times:"""
_MOST_WINDOWS: Final = 16


def fit_promotion(
    grammar: Grammar, texts: Sequence[Text], mined: Sequence[str], random: Random, size: float
) -> Promotion:
    """Fit the score to phrases of the grammar against stretches of `texts` and other ordinary ones.

    `mined` are phrases that an earlier score was wrong about (`mine`); `size` is the share of
    the usual number of phrases.
    """
    ordinary = _windows(texts, random)
    shipped = grammar.ordinary()
    ordinary += [phrase for _, phrase in shipped] * 4
    ordinary += [joiner.join((phrase, random.choice(shipped)[1])) for joiner, phrase in shipped * 2]
    ordinary += [mod for rows in grammar.languages.values() for mod in rows.mods] * 2
    ordinary += look_alikes()
    ordinary += list(mined) * 2
    return Promotion.fit(_promotional(grammar, random, max(1, round(_VARIANTS * size))), ordinary)


def _promotional(grammar: Grammar, random: Random, variants: int) -> list[str]:
    phrases: list[str] = []
    for language, rows in grammar.languages.items():
        phrases += [phrase for _, phrase in rows.heads] * 2
        for _ in range(variants * len(rows.heads)):
            phrases.append(grammar.phrase(language, random).text)
    return phrases


def _windows(texts: Sequence[Text], random: Random) -> list[str]:
    """Phrases of 1 to 5 words, of a few characters where there are no spaces, and sentences."""
    found: list[str] = []
    for text in texts:
        words = text.text.split()
        rounds = min(_MOST_WINDOWS, 1 + len(text.text) // _WINDOWS_EVERY) if words else 0
        for low, high in _WIDTHS * rounds:
            size = random.randint(low, high)
            at = random.randrange(len(words))
            phrase = " ".join(words[at : at + size])
            limit = 120 if size > 8 else 60
            if len(phrase) > limit:
                start = random.randrange(len(phrase) - 12)
                phrase = phrase[start : start + random.randint(3, 24)]
            found.append(phrase)
    return found


def mine(
    texts: Sequence[Text], grammar: Grammar, languages: Languages, size: float, random: Random
) -> list[tuple[int, str]]:
    """Phrases of ordinary texts that a first score takes for promotion, with their fold.

    Those that contain a phrase of the grammar are left out, since they may be real spam.
    """
    known = {
        phrase for rows in grammar.languages.values() for _, phrase in rows.heads if len(phrase) > 2
    }
    folds = Folds(grammar, Random(0))
    promotion = fit_promotion(grammar, texts, [], random, size / 2)
    found: dict[str, int] = {}
    for text in texts:
        view = View.of(text.text, promotion, languages)
        for one in candidates(view, promotion):
            phrase = text.text[one.start : one.end]
            if (
                one.kind in ("phrase", "sentence")
                and promotion.logit(phrase) > 0
                and not any(head in phrase.lower() for head in known)
            ):
                found[phrase] = folds.text(text)
    return [(fold, phrase) for phrase, fold in found.items()]
