"""Hashed character n-grams: the one view of text that all scores of this package share.

Characters are folded (lower case, digits alike, anything but letters and marks a space), and
n-grams of folded characters are hashed into tables of weights. N-grams need no words or
tokenising, so scripts without spaces and unseen compounds are treated like any others.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cleaner.scripts import codepoints

FloatArray = npt.NDArray[np.float32]
HashArray = npt.NDArray[np.uint32]

ORDERS: Final = (2, 3, 4, 5)
_FOLD_SIZE: Final = 0x20000
_MULTIPLIER: Final = np.uint32(0x01000193)
_FINISH: Final = np.uint32(0x9E3779B1)


def fold(text: str) -> HashArray:
    """Folded code points, one per character of `text`."""
    return _fold_table().take(codepoints(text), mode="clip")


@cache
def _fold_table() -> HashArray:
    table, marks = np.full(_FOLD_SIZE, 32, dtype=np.uint32), mark_table()
    for code in (*range(0xD800), *range(0xF900, 0x10000), *range(0x1D400, 0x1D800)):
        char = chr(code)
        if char.isalnum() or marks[code]:
            if code >= 0xF900:
                char = unicodedata.normalize("NFKC", char)
            table[code] = 48 if char.isdigit() else ord(char.lower()[0])
    table[0x20000 - 1] = 32
    table.flags.writeable = False
    return table


@cache
def mark_table() -> npt.NDArray[np.bool_]:
    """By code point: whether it is a mark on the letter before it, such as a vowel sign."""
    table = np.zeros(_FOLD_SIZE, bool)
    for code in range(0x300, 0x10000):
        # A variation selector is one by its category, but is put on signs and pictures.
        table[code] = unicodedata.category(chr(code))[0] == "M" and not 0xFE00 <= code < 0xFE10
    table.flags.writeable = False
    return table


def hashes(folded: HashArray, orders: Sequence[int] = ORDERS) -> dict[int, HashArray]:
    """For each order, the 32-bit hash of the n-gram that starts at each position.

    The high bits are the well mixed ones: a table of 2**b entries is indexed by
    `hash >> (32 - b)`.
    """
    found: dict[int, HashArray] = {}
    rolled = folded
    for order in range(2, max(orders) + 1):
        if len(folded) < order:
            break
        rolled = rolled[:-1] * _MULTIPLIER + folded[order - 1 :]
        if order in orders:
            found[order] = rolled * _FINISH
    return found


def fit_table(
    rows: Sequence[HashArray], target: Sequence[int], bits: int, *, strength: float, scaled: bool
) -> tuple[npt.NDArray[np.int8], float, float]:
    """Logistic regression over hashed features: weights of shape (2**bits,), unit, bias.

    Args:
        rows: 32-bit hashes of the features of each example.
        strength: inverse of the L2 penalty (scikit-learn's C).
        scaled: divide each example's features by the root of their number.
    """
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
    from sklearn.linear_model import LogisticRegression

    sizes = np.array([len(row) for row in rows])
    values = 1 / np.sqrt(np.maximum(sizes, 1)) if scaled else np.ones(len(sizes))
    matrix = csr_matrix(
        (
            np.repeat(values, sizes).astype(np.float32),
            (np.concatenate(rows) >> np.uint32(32 - bits)).astype(np.int32),
            np.concatenate([[0], np.cumsum(sizes)]),
        ),
        shape=(len(rows), 1 << bits),
    )
    fitted: Any = LogisticRegression(
        C=strength, class_weight="balanced", max_iter=1000, tol=1e-4
    ).fit(matrix, target)
    weights = fitted.coef_[0]
    unit = float(np.abs(weights).max()) / 127 or 1.0
    return np.round(weights / unit).astype(np.int8), unit, float(fitted.intercept_[0])
