"""Who speaks on a composed page: its language's phrases, names, dates and times."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

UNSPACED = ("ja", "zh")
"""Languages without spaces, even between sentences."""

Line = tuple[str, str | None]
Unit = list[Line]
"""Lines that stay together, such as one paragraph or one comment."""
Story = tuple[str, Sequence[str]]
"""Title and paragraphs of another article on the same page."""
Furniture = Mapping[str, Sequence[Sequence[str]]]
"""Runs of navigation lines of real pages, by their place there: `furniture.PLACES`."""


@lru_cache(maxsize=1)
def phrases() -> Mapping[str, Any]:
    """The phrase tables by ISO 639-1 code; `*` holds what all languages share."""
    text = files("cleaner.compose").joinpath("phrases.json").read_text(encoding="utf-8")
    return MappingProxyType(json.loads(text))


def table_of(language: str) -> dict[str, Any]:
    """Phrases of one language, or of English when there are none."""
    tables = phrases()
    table: dict[str, Any] = tables.get(language, tables["en"])
    return table


def _entries(text: str) -> list[str]:
    """Entries between spaces; a bar stands for a space inside one, as in `tháng|1`."""
    return [entry.replace("|", " ") for entry in text.split()]


class Voice:
    """Draws names, dates and furniture phrases in one language."""

    def __init__(self, rng: random.Random, language: str) -> None:
        self.rng = rng
        self.shared = table_of("*")
        self.table = table_of(language)
        self.spaced = language not in (*UNSPACED, "th")
        self.year = rng.randint(2004, 2025)
        self.date_format = rng.choice(self.table["dates"])
        self.at_format = rng.choice(self.table["at"])
        # The marks of a 12-hour clock; none where the clock has 24.
        self.halves: tuple[str, ...] = ()
        if language in ("en", "hi", "bn", "ta") and rng.random() < 0.7:
            self.halves = rng.choice([("am", "pm"), (" AM", " PM"), (" a.m.", " p.m.")])
        self.given: list[str] = _entries(self.table["given"])
        self.family: list[str] = _entries(self.table["family"])
        self.words: list[str] = self.shared["words"].split()
        self.syllables: list[str] = self.shared["syllables"].split()
        self.months = _entries(self.table["months"])
        self.start: tuple[int, int] | None = None
        """Month and day around which dates fall; None draws them over the years."""
        self.stories: Sequence[Story] = ()
        """Other articles that the page shows in part or whole."""
        self.furniture: Furniture = {}

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self.rng.random() < probability

    def draw(self, key: str, **values: object) -> str:
        """One of the phrases of a kind, filled."""
        return self.fill(str(self.rng.choice(self.table[key])), **values)

    def some(self, key: str, low: int, high: int) -> list[str]:
        """Between `low` and `high` different phrases, in the table's order."""
        entries = self.table[key]
        count = min(len(entries), self.rng.randint(low, high))
        return [self.fill(entries[i]) for i in sorted(self.rng.sample(range(len(entries)), count))]

    def fill(self, template: str, **values: object) -> str:
        """Replace the `{fields}` of a phrase; those not given are drawn."""
        draws: dict[str, Callable[[], object]] = {
            "name": self.name,
            "date": self.date,
            "time": self.time,
            "n": lambda: self.rng.randint(2, 23),
            "x": lambda: self.rng.choice(self.shared["networks"]),
            "title": lambda: "…",
            "y": lambda: self.year,
            "py": lambda: self.year - 621,
        }

        def field(match: re.Match[str]) -> str:
            key = match[1]
            return str(values[key]) if key in values else str(draws[key]())

        return re.sub(r"\{(\w+)\}", field, template)

    def byline(self) -> str:
        """Who wrote an article, as sites print it: mostly with the full name."""
        given, family = self.rng.choice(self.given), self.rng.choice(self.family)
        name = f"{given} {family}" if self.spaced else family + given
        topic = self.rng.choice(self.table["topics"])
        return self.draw("byline", x=topic, name=name if self.chance(0.85) else self.name())

    def name(self) -> str:
        """A reader: a name, a nickname, or nobody."""
        rng = self.rng
        given = rng.choice(self.given)
        family = rng.choice(self.family)
        words, syllables = self.words, self.syllables
        coined = "".join(rng.choices(syllables, k=rng.randint(2, 4)))
        pattern = rng.random()
        if pattern < 0.22:
            return given
        if pattern < 0.42:
            return f"{given} {family}" if self.spaced else family + given
        if pattern < 0.47 and self.spaced:
            return f"{given} {family[0]}."
        if pattern < 0.53:
            return f"{given}{rng.randint(1, 2009)}"
        if pattern < 0.60:
            return rng.choice(words) + rng.choice(["", "_", "-", " "]) + rng.choice(words)
        if pattern < 0.66:
            return (rng.choice(words) + rng.choice(words)).title() + str(rng.randint(1, 99))
        if pattern < 0.70:
            return rng.choice(words).title() + rng.choice(words).title()
        if pattern < 0.80:
            return coined
        if pattern < 0.86:
            return f"{coined.title()}{rng.choice(['', '_', '.'])}{rng.randint(1, 999)}"
        if pattern < 0.90:
            return rng.choice([given.lower(), given.upper(), coined.upper()])
        if pattern < 0.93:
            return coined[:2].upper() if self.chance(0.5) else f"{coined[:2]}***"
        if pattern < 0.95:
            return f"{given} ({family})"
        return str(rng.choice(self.table["anonymous"]))

    def date(self) -> str:
        """A date in the page's own form."""
        if self.start is None:
            month, day = self.rng.randint(1, 12), self.rng.randint(1, 28)
            year = self.year - self.rng.choice([0, 0, 0, 1, 2])
        else:
            month, first = self.start
            day, year = min(28, first + self.rng.randint(0, 4)), self.year
        name = self.months[month - 1]
        return self.fill(
            self.date_format,
            d=day, dd=f"{day:02}", m=month, mm=f"{month:02}", y=year,
            month=name, mon=name[:3], py=year - 621, by=year + 543,
        )  # fmt: skip

    def time(self) -> str:
        """A time of day in the language's form."""
        hour, minute = self.rng.randint(0, 23), self.rng.randint(0, 59)
        if self.halves:
            return f"{hour % 12 or 12}:{minute:02}{self.halves[hour // 12]}"
        return f"{hour:02}:{minute:02}"

    def moment(self) -> str:
        """Date and time as comment headers write them."""
        hour = self.rng.randint(1, 12)
        clock = f"{hour}:{self.rng.randint(0, 59):02}"
        return self.fill(self.at_format, time12=clock)

    def when(self) -> str:
        """A moment, or how long ago."""
        if self.chance(0.5):
            return self.moment()
        if self.chance(0.2):
            return f"{self.rng.randint(1, 23)}{self.rng.choice('mhdwy')}"
        forms = self.table["ago"]
        return self.fill(forms[self.rng.randint(0, len(forms) - 1)])


def retold(voice: Voice, template: int) -> Voice:
    """`voice` with its choices of form repeated for each comment, dates and numbers aside."""
    twin = object.__new__(Voice)
    for key, value in vars(voice).items():
        setattr(twin, key, value)
    twin.rng = _FormRandom(template, voice.rng)
    return twin


class _FormRandom(random.Random):
    """Choices and chances repeat from a seed; whole numbers come from another source."""

    def __init__(self, seed: int, numbers: random.Random) -> None:
        super().__init__(seed)
        self._numbers = numbers

    def randint(self, a: int, b: int) -> int:
        return self._numbers.randint(a, b)
