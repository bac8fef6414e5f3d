"""What a run counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cleaner.errors import RunError
from cleaner.rows import Outcome

_REASONS = 100


@dataclass(slots=True)
class Counts:
    """Pages, words and spam spans of a unit, or of a whole run."""

    out: int = 0
    dropped: int = 0
    errors: int = 0
    words: Counter[str] = field(default_factory=Counter)
    removed: int = 0
    marked: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def pages(self) -> int:
        """Pages that something became of."""
        return self.out + self.dropped + self.errors

    def add(self, outcome: Outcome) -> None:
        """Count a page."""
        if outcome.status == "out":
            self.out += 1
        elif outcome.status == "dropped":
            self.dropped += 1
        else:
            self.errors += 1
            self._count_reason((outcome.error or "").partition(":")[0], 1)
        self.words.update(outcome.words)
        self.removed += outcome.removed
        self.marked += outcome.marked

    def merge(self, other: Counts) -> None:
        """Add the counts of another unit."""
        self.out += other.out
        self.dropped += other.dropped
        self.errors += other.errors
        self.words.update(other.words)
        self.removed += other.removed
        self.marked += other.marked
        for reason, count in other.reasons.items():
            self._count_reason(reason, count)

    def check(self, read: int, name: str) -> None:
        """Raise `RunError` unless every page that was read has become something."""
        if read != self.pages:
            raise RunError(
                f"{name}: {read} pages read, {self.pages} accounted for; "
                "this is a mistake in cleaner, please report it"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain data, in a fixed order."""
        return {
            "pages": {
                "in": self.pages,
                "out": self.out,
                "dropped": self.dropped,
                "errors": self.errors,
            },
            "words": dict(sorted(self.words.items())),
            "spam": {"removed": self.removed, "marked": self.marked},
            "errors": dict(sorted(self.reasons.items(), key=lambda item: (-item[1], item[0]))),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Counts:
        """The inverse of `to_dict`."""
        pages, spam = data["pages"], data["spam"]
        return cls(
            pages["out"], pages["dropped"], pages["errors"], Counter(data["words"]),
            spam["removed"], spam["marked"], Counter(data["errors"]),
        )  # fmt: skip

    def _count_reason(self, reason: str, count: int) -> None:
        known = reason in self.reasons or len(self.reasons) < _REASONS
        self.reasons[reason if known else "other"] += count
