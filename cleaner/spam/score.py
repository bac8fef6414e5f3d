"""How promotional a phrase sounds: a linear model over hashed character n-grams.

Characters are folded (lower case, digits alike, anything else a space), n-grams of 2 to
5 folded characters are hashed into one table of weights, and the score of a phrase is
`sum of weights / sqrt(number of n-grams) + bias`. Using n-grams needs no words or
tokenising, so scripts without spaces and unseen compounds are treated like any others.

Training generates phrases from the grammar in `phrases.tsv` and fits scikit-learn's
logistic regression against ordinary text; inference is numpy alone.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cleaner.scripts import codepoints

FloatArray = npt.NDArray[np.float32]

ORDERS: Final = (2, 3, 4, 5)
_BITS: Final = 17
_FOLD_SIZE: Final = 0x20000
_MULTIPLIER: Final = np.uint32(0x01000193)
_FINISH: Final = np.uint32(0x9E3779B1)


@dataclass(frozen=True, slots=True, eq=False)
class SpamModel:
    """Weights of hashed n-grams. `weights` has shape (2**17,), type int8, unit `scale`."""

    weights: npt.NDArray[np.int8]
    scale: float
    bias: float

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> SpamModel:
        """Build a model from the arrays that `to_arrays` gives (as a model directory keeps them).

        Raises ValueError if an array is missing or has the wrong shape.
        """
        try:
            weights, scale, bias = arrays["weights"], arrays["scale"], arrays["bias"]
        except KeyError as error:
            raise ValueError(f"spam model lacks the array {error}; train it again") from None
        if weights.shape != (1 << _BITS,) or weights.dtype != np.int8:
            raise ValueError("spam model has weights of another shape; train it again")
        return cls(weights, float(scale), float(bias))

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The model as plain arrays, for `numpy.savez_compressed`."""
        return {
            "weights": self.weights,
            "scale": np.array(self.scale, dtype=np.float32),
            "bias": np.array(self.bias, dtype=np.float32),
        }

    def character_scores(self, text: str) -> FloatArray:
        """Sum of the weights of the n-grams centred on each character, shape (len(text),)."""
        folded = fold(text)
        total = np.zeros(len(folded), dtype=np.int16)
        for order, index in _hashes(folded):
            total[order // 2 : order // 2 + len(index)] += self.weights.take(index)
        return total.astype(np.float32) * np.float32(self.scale)

    def probability(self, phrase: str) -> float:
        """Probability (0 to 1) that `phrase`, standing alone, is promotional."""
        padded = f" {phrase} "
        score = float(self.character_scores(padded).sum())
        return sigmoid(score / math.sqrt(max(1, ngram_count(len(padded)))) + self.bias)


def sigmoid(value: float) -> float:
    """Logistic function, safe for large arguments."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def ngram_count(length: int) -> int:
    """Number of n-grams in a text of `length` characters."""
    return sum(max(0, length - order + 1) for order in ORDERS)


def fold(text: str) -> npt.NDArray[np.uint32]:
    """Folded code points, one per character of `text`."""
    return _fold_table().take(np.minimum(codepoints(text), _FOLD_SIZE - 1))


@cache
def _fold_table() -> npt.NDArray[np.uint32]:
    table = np.full(_FOLD_SIZE, 32, dtype=np.uint32)
    for code in (*range(0xD800), *range(0xF900, 0x10000), *range(0x1D400, 0x1D800)):
        char = chr(code)
        if char.isalnum() or unicodedata.combining(char) or unicodedata.category(char) == "Mc":
            if code >= 0xF900:
                char = unicodedata.normalize("NFKC", char)
            table[code] = 48 if char.isdigit() else ord(char.lower()[0])
    table[0x20000 - 1] = 32
    table.flags.writeable = False
    return table


def _hashes(folded: npt.NDArray[np.uint32]) -> Iterable[tuple[int, npt.NDArray[np.uint32]]]:
    """For each order: the table index of the n-gram that starts at each position."""
    rolled = folded
    for order in range(2, ORDERS[-1] + 1):
        if len(folded) < order:
            return
        rolled = rolled[:-1] * _MULTIPLIER + folded[order - 1 :]
        yield order, (rolled * _FINISH) >> np.uint32(32 - _BITS)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The phrase grammar of one language."""

    joiner: str
    heads: tuple[str, ...]
    mods: tuple[str, ...]
    ordinary: tuple[str, ...]


def _grammar() -> dict[str, _Rows]:
    joiners: dict[str, str] = {}
    phrases: dict[tuple[str, str], list[str]] = {}
    text = files("cleaner.spam").joinpath("phrases.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        language, joining, vertical, listed = line.split("\t")
        joiners[language] = "" if joining == "glue" else " "
        kind = vertical if vertical in {"mod", "ordinary"} else "head"
        phrases.setdefault((language, kind), []).extend(listed.split("|"))
    return {
        language: _Rows(
            joiner,
            tuple(phrases[language, "head"]),
            tuple(phrases[language, "mod"]),
            tuple(phrases[language, "ordinary"]),
        )
        for language, joiner in joiners.items()
    }


def _promotional(random: Random, variants: int) -> list[str]:
    """Phrases of the grammar: each head alone, and with modifiers and other heads around it."""
    phrases: list[str] = []
    for rows in _grammar().values():
        for head in rows.heads:
            phrases += [head] * 3
            for _ in range(variants):
                parts = [head, random.choice(rows.mods)]
                if random.random() < 0.4:
                    parts.append(random.choice((*rows.mods, *rows.heads)))
                random.shuffle(parts)
                joiner = rows.joiner if random.random() < 0.9 else random.choice((" ", ", "))
                phrases.append(joiner.join(parts))
    return phrases


def _windows(texts: Sequence[str], random: Random, per_text: int) -> list[str]:
    """Phrases of 1 to 5 words (or of a few characters where there are no spaces)."""
    found: list[str] = []
    for text in texts:
        words = text.split()
        for _ in range(per_text if words else 0):
            at = random.randrange(len(words))
            phrase = " ".join(words[at : at + random.randint(1, 5)])
            if len(phrase) > 60:
                start = random.randrange(len(phrase) - 12)
                phrase = phrase[start : start + random.randint(3, 24)]
            found.append(phrase)
    return found


def train_spam(
    ordinary: Iterable[str] = (), *, seed: int = 0, mine: bool = True, variants: int = 24
) -> SpamModel:
    """Fit a `SpamModel` from the shipped phrase grammar against `ordinary` texts.

    `ordinary` are texts mostly free of spam, in as many languages as possible. The shipped
    everyday phrases are always used, so it may be empty. With `mine`, phrases of `ordinary`
    that the first fit takes for spam are added as negatives and the model is fitted again;
    those that contain a phrase of the grammar are left out, since they may be real spam.
    `variants` combinations are generated for each phrase of the grammar. Deterministic for the
    same texts, seed and library versions. Needs scikit-learn.
    """
    from cleaner.spam.candidates import promotional_runs

    random = Random(seed)
    texts = list(ordinary)
    positive = _promotional(random, variants)
    shipped = [phrase for rows in _grammar().values() for phrase in rows.ordinary]
    shipped += [
        rows.joiner.join(random.sample(rows.ordinary, 2))
        for rows in _grammar().values()
        for _ in range(40)
    ]
    shipped += [mod for rows in _grammar().values() for mod in rows.mods] * 3
    negative = shipped * 2 + _windows(texts, random, per_text=4)
    model = _fit(positive, negative)
    known = {head for rows in _grammar().values() for head in rows.heads if len(head) > 2}
    for _ in range(2 if mine and texts else 0):
        hard = [
            text[start:end]
            for text in texts
            for start, end, _ in promotional_runs(text, model, least=0.3)
        ]
        hard = [p for p in dict.fromkeys(hard) if not any(head in p.lower() for head in known)]
        negative += hard * 3
        model = _fit(positive, negative)
    return model


def _fit(positive: Sequence[str], negative: Sequence[str]) -> SpamModel:
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
    from sklearn.linear_model import LogisticRegression

    phrases = [f" {phrase} " for phrase in (*positive, *negative) if phrase]
    rows = [np.concatenate([index for _, index in _hashes(fold(phrase))]) for phrase in phrases]
    sizes = np.array([len(row) for row in rows])
    matrix = csr_matrix(
        (
            np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes),
            np.concatenate(rows).astype(np.int32),
            np.concatenate([[0], np.cumsum(sizes)]),
        ),
        shape=(len(phrases), 1 << _BITS),
    )
    target = np.repeat([1, 0], [len(positive), len(negative)])
    fitted = LogisticRegression(C=20.0, max_iter=150, tol=1e-5).fit(matrix, target)
    weights = fitted.coef_[0]
    scale = float(np.abs(weights).max()) / 127
    return SpamModel(np.round(weights / scale).astype(np.int8), scale, float(fitted.intercept_[0]))
