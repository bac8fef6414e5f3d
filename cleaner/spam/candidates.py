"""Spans worth judging, found cheaply: most pages have none or a few.

Runs of another script, disguised words, phrases and sentences that sound promotional or stand
out from their page (`stretches`), addresses, and in HTML links that lead elsewhere and hidden
ranges. Every span is a half-open range of characters of the view's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from cleaner.scripts import CODE, CodeArray
from cleaner.spam.disguise import disguised_words, plain_spelling
from cleaner.spam.grams import ORDERS
from cleaner.spam.score import Promotion, logit
from cleaner.spam.stretches import LEAST, MAX_SENTENCE, stretches, trimmed, with_digits
from cleaner.spam.view import STYLED, View

_MAX_GAP: Final = 3
"""Spaces, digits and signs that may lie between words of one run."""
_RUN_BREAK: Final = re.compile(r"[\n()\[\]{}<>«»“”„\"/|:;=—–。、，（）「」]")
_CHAIN_BREAK: Final = re.compile(r"[\w\n.!?。！？।()\[\]«»“”\"]")
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)?[\w.-]+(?:/[^\s<>()\"']*)?", re.I)
_WORD_STOP: Final = re.compile(r"[\s<>()\"']")
_ENDING: Final = re.compile(
    r"\.(?:com|net|org|info|xyz|top|site|online|club|shop|live|vip|bet|io|co|me|biz|ru|cc|asia|win"
    r"|pro|app)\b",
    re.I,
)
_MAX_RUN: Final = 90
_MAX_RUNS: Final = 40
"""A page with more runs of other scripts is written in several."""
_MAX_DISGUISED: Final = 8
"""A page with more words that are disguised, however often, is badly encoded, not injected."""
_MAX_KIND: Final = 30
"""Candidates of one kind: on a page with more, the strongest are judged."""
_ORNAMENT: Final = 8
_FEW_SIGNS: Final = 3
"""So many characters, but hardly two different ones, are a row of x or a line of dashes."""


class Candidate(NamedTuple):
    """A span to be judged."""

    start: int
    end: int
    kind: str
    """How it was found: script, phrase, sentence, disguise, anchor, hidden or address."""
    trick: str = ""
    """Name of the disguise."""
    plain: str = ""
    """The span in plain spelling where that differs."""


def candidates(view: View, promotion: Promotion) -> list[Candidate]:
    """All candidates of a page, without duplicates, by position; they may overlap."""
    if len(view.text) < 4:
        return []
    found = [*_disguised(view, promotion), *_foreign(view, promotion)]
    phrases, sentences = stretches(view, promotion.bias)
    found += (Candidate(*span, "phrase") for span in phrases)
    found += (Candidate(*span, "sentence") for span in sentences)
    if view.html:
        found += _marked_up(view, promotion)
    found += _addresses(view, promotion)
    unique: dict[tuple[int, int], Candidate] = {}
    for one in (*found, *_chains(view.text, found)):
        if one.end - one.start < _ORNAMENT or len(set(view.text[one.start : one.end])) > _FEW_SIGNS:
            unique.setdefault((one.start, one.end), one)
    return [unique[span] for span in sorted(unique)]


def _chains(text: str, found: Sequence[Candidate]) -> Iterator[Candidate]:
    """Runs of phrases with nothing but signs between them, such as lists of keywords, as one."""
    phrases = sorted((c.start, c.end) for c in found if c.kind in ("phrase", "script"))
    if len(phrases) < 2:
        return
    start, end, links = *phrases[0], 0
    for low, high in phrases[1:]:
        if low < end:
            end = max(end, high)
        elif low - end <= _MAX_GAP and not _CHAIN_BREAK.search(text, end, low):
            end, links = high, links + 1
        else:
            if links:
                yield Candidate(start, end, "phrase")
            start, end, links = low, high, 0
    if links:
        yield Candidate(start, end, "phrase")


def in_place(view: View, promotion: Promotion, start: int, end: int) -> float:
    """Log-odds that a stretch of the text is promotional, as it stands."""
    total = view.promotion[end] - view.promotion[start]
    return float(total) / (len(ORDERS) * max(1, end - start)) ** 0.5 + promotion.bias


def _disguised(view: View, promotion: Promotion) -> list[Candidate]:
    words = disguised_words(view.text, view.codes, view.points)
    spans = [
        Candidate(start, end, "disguise", trick, plain_spelling(view.text[start:end], trick))
        for start, end, trick in words
    ]
    if len({one.plain for one in spans}) > _MAX_DISGUISED:
        return []
    values = promotion.logits([one.plain for one in spans])
    return _strongest(list(zip(values, spans, strict=False)))


def _foreign(view: View, promotion: Promotion) -> list[Candidate]:
    """Runs of another script.

    Latin runs are everywhere in other scripts, and runs between brackets or quotation marks
    are glosses: of these only those that sound promotional are judged.
    """
    if view.one_script:
        return []
    runs = [(s, e) for s, e in foreign_runs(view.text, view.codes, view.home) if e - s > 1]
    crowd = len(runs) > _MAX_RUNS
    found: list[tuple[float, Candidate]] = []
    for start, end in runs:
        value = in_place(view, promotion, start, end)
        plain = crowd or view.codes[start] == CODE["Latin"] or _enclosed(view.text, start, end)
        if value > (logit(LEAST) if plain else -6.0):
            found.append((value, Candidate(start, end, "script")))
            found += (
                (value, Candidate(*part, "script")) for part in _parts(view, promotion, start, end)
            )
    return _strongest(found)


def _parts(view: View, promotion: Promotion, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Runs that a comma cuts in two, such as lists of keywords, piece by piece."""
    if end - start > _MAX_RUN:
        for stop in re.finditer(r"[.!?,،]\s+", view.text[start:end]):
            yield start, start + stop.start()
            yield start + stop.end(), end


def _enclosed(text: str, start: int, end: int) -> bool:
    """Whether brackets or quotation marks stand around a run."""
    before = text[max(0, start - 8) : start].rstrip()[-1:] or "x"
    after = text[end : end + 8].lstrip()[:1] or "x"
    return before in "([{<«“„\"'‘‚（「『《【〈‹" and after in ")]}>»”“\"'’）」』》】〉›,;"


def foreign_runs(text: str, codes: CodeArray, home: int) -> list[tuple[int, int]]:
    """Maximal runs of letters of any one script family other than `home`.

    Short gaps of spaces, digits and signs belong to a run; brackets, quotation marks,
    colons and line ends do not.
    """
    letters = np.flatnonzero((codes != 0) & (codes != home) & (codes != STYLED))
    if not len(letters):
        return []
    runs: list[tuple[int, int]] = []
    breaks = np.flatnonzero(
        (np.diff(letters) > 1 + _MAX_GAP) | (codes[letters[1:]] != codes[letters[:-1]])
    )
    for group in np.split(letters, breaks + 1):
        start = int(group[0])
        for at in np.flatnonzero(np.diff(group) > 1):
            left, right = int(group[at]), int(group[at + 1])
            if codes[left + 1 : right].any() or _RUN_BREAK.search(text, left + 1, right):
                runs.append((start, left + 1))
                start = right
        runs.append((start, int(group[-1]) + 1))
    return [with_digits(text, start, end) for start, end in runs]


def _marked_up(view: View, promotion: Promotion) -> list[Candidate]:
    """Hidden ranges and links elsewhere."""
    found: list[tuple[float, Candidate]] = []
    for anchor in view.anchors:
        if not anchor.off_site:
            continue
        start, end = trimmed(view.text, anchor.start, anchor.end)
        if end - start >= 2:
            value = in_place(view, promotion, start, end)
            found.append((value, Candidate(start, end, "anchor")))
    for low, high in (*view.hidden, *view.hidden_blocks):
        start, end = trimmed(view.text, low, high)
        if 2 <= end - start <= MAX_SENTENCE:
            value = in_place(view, promotion, start, end)
            found.append((value, Candidate(start, end, "hidden")))
    return _strongest(found)


def _addresses(view: View, promotion: Promotion) -> list[Candidate]:
    """Bare domains and links whose own letters sound promotional."""
    text = view.text
    found: list[tuple[float, Candidate]] = []
    last = 0
    for ending in _ENDING.finditer(text) if "." in text else ():
        start = ending.start()
        if start < last:  # of a word that was looked at
            continue
        while start > last and not text[start - 1].isspace() and text[start - 1] not in "<>()\"'":
            start -= 1
        stop = _WORD_STOP.search(text, ending.end())
        last = stop.start() if stop else len(text)
        match = _ADDRESS.match(text, start)
        if match and match.end() >= ending.end() and "@" not in match[0]:
            value = in_place(view, promotion, match.start(), match.end())
            if value > logit(LEAST):
                found.append((value, Candidate(match.start(), match.end(), "address")))
    return _strongest(found)


def _strongest(found: list[tuple[float, Candidate]]) -> list[Candidate]:
    if len(found) > _MAX_KIND:
        found = sorted(found, key=lambda item: -item[0])[:_MAX_KIND]
    return [candidate for _, candidate in found]
