"""Features of lines in plain text: shapes that repeat, and where the prose is."""

from __future__ import annotations

import numpy as np
import pytest

from cleaner.features.lines import LINE_FEATURES, LineFacts
from cleaner.segment import segment

PROSE = "The river rose two metres in one night, and nobody on the bank had seen it come so soon."
THREAD = f"""1. Ann Moor
{PROSE}
2. Joe Fenn
{PROSE} Who knew?
3. Una Sedge
{PROSE} Nobody did!"""


def facts(text: str) -> LineFacts:
    return LineFacts(segment(text, "text"))


def test_lines_of_one_template_have_one_shape() -> None:
    found = facts(THREAD)
    assert found.same_shape.tolist()[::2] == [3, 3, 3]
    before, after = found.to_same_shape
    assert before[::2].tolist() == [40, 2, 2]
    assert after[::2].tolist() == [2, 2, 40]
    assert found.is_header.tolist() == [True, False] * 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("3 hours ago", "5 days ago", True),
        ("山田 2024/05/01", "鈴木 2023/11/30", True),
        ("Ann Moor says:", "Ann Moor", False),
        ("• Home", "Home", False),
    ],
)
def test_shapes_know_classes_not_words(one: str, other: str, same: bool) -> None:
    first, second = facts(f"{one}\n{other}").shape
    assert (first == second) == same


def test_the_stretch_with_the_most_prose_is_found() -> None:
    menu = ["Home", "World", "Sport"]
    found = facts("\n".join([*menu, PROSE, PROSE * 2, "A picture", PROSE, *menu * 3, PROSE]))
    assert found.wide == (3, 7)
    assert found.narrow == (3, 5)
    assert facts("Home\nWorld").wide == (0, 2)


def test_distance_to_prose_and_means_around() -> None:
    found = facts("\n".join(["Home", PROSE, "World", "Sport"]))
    before, after = found.to_prose
    assert before.tolist() == [40, 0, 1, 2]
    assert after.tolist() == [1, 0, 40, 40]
    long = float(found.units[1])
    assert found.units.tolist() == [4, long, 5, 5]
    assert np.allclose(found.around(1)[:, 0], [long / 2, long / 3, long / 3, 0])
    assert np.allclose(found.around(1)[:, 1], [long / 2 + 2, long / 3 + 3, long / 3 + 10 / 3, 5])


def test_every_feature_has_a_value_for_one_line() -> None:
    found = facts("x")
    assert all(np.isfinite(feature(found)).all() for feature in LINE_FEATURES.values())
