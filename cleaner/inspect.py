"""A cleaned page for the eye: every segment with its label and the confidence in it."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from unicodedata import east_asian_width

from cleaner.clean import Result
from cleaner.rows import count_words
from cleaner.types import ARTICLE, COMMENT, NAVIGATION, Segment

# Select Graphic Rendition codes of ECMA-48, which terminals call ANSI colours.
COLOURS = {ARTICLE: "32", COMMENT: "36", NAVIGATION: "90"}
OTHER_COLOURS = ("33", "34", "35", "94")
"""For labels of a user's own, in alphabetical order."""
SPAM_STYLE = "1;97;41"
UNSURE = 0.6
"""Segments below this confidence carry a question mark."""

_HALF = "\0"
"""Stands for the first column of a wide letter; pages are shown without it, as a control."""
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def render(result: Result, *, colour: bool = False, width: int = 100) -> str:
    """Show a page in `width` columns: a summary, then its segments in page order.

    Each starts with its label and the confidence in it; injected spam stands in
    ⟦brackets⟧. Control characters of the page are shown as U+FFFD, so that
    a page cannot steer the terminal.
    """
    labels = sorted({segment.label for segment in result.segments}, key=_rank)
    codes = _codes(labels)
    gutter = max((len(label) for label in labels), default=0)
    lines = [_summary(result, codes, colour)]
    for segment in result.segments:
        doubt = "?" if segment.confidence < UNSURE else " "
        head = f"{segment.label:<{gutter}} {segment.confidence:4.2f}{doubt} "
        lines += _wrapped(head, _marked(result, segment), codes[segment.label], colour, width)
    lines += [
        f"spam {span.confidence:.2f} {'removed' if span.removed else 'kept'}: "
        f"⟦{_plain(span.text)}⟧ ({_plain(span.reason)})"
        for span in result.spam
    ]
    return "\n".join(lines) + "\n"


def _summary(result: Result, codes: dict[str, str], colour: bool) -> str:
    if result.error is not None:
        return f"not cleaned: {_plain(result.error)}"
    words: Counter[str] = Counter()
    for segment in result.segments:
        words[segment.label] += count_words(segment.text)
    counts = [_painted(f"{label} {words[label]}", codes[label], colour) for label in codes]
    spam = _painted(f"spam {len(result.spam)}", SPAM_STYLE, colour) if result.spam else "spam 0"
    return f"{result.kind}, words: {', '.join(counts)}; {spam}\n"


def _codes(labels: list[str]) -> dict[str, str]:
    own = [label for label in labels if label not in COLOURS]
    extra = {label: OTHER_COLOURS[i % len(OTHER_COLOURS)] for i, label in enumerate(own)}
    return {label: COLOURS.get(label) or extra[label] for label in labels}


def _rank(label: str) -> tuple[bool, str]:
    return label not in COLOURS, label


def _marked(result: Result, segment: Segment) -> str:
    """The segment's text with its spam in brackets."""
    pieces, at = [], segment.start
    for span in result.spam:
        if segment.start <= span.start and span.end <= segment.end:
            pieces += [result.source[at : span.start], "⟦", result.source[span.start : span.end]]
            pieces.append("⟧")
            at = span.end
    pieces.append(result.source[at : segment.end])
    return _plain("".join(pieces))


def _wrapped(head: str, text: str, code: str, colour: bool, width: int) -> Iterator[str]:
    """Lines of one segment; its own line breaks are kept, as code and verse need them."""
    room = max(width - len(head), 20)
    margin = head
    in_spam = False
    for line in text.split("\n"):
        for part in _fitted(line, room) or [""]:
            yield _painted(margin, code, colour) + _body(part, code, in_spam, colour)
            in_spam = part.rfind("⟦") > part.rfind("⟧") or (in_spam and "⟧" not in part)
            margin = " " * len(head)


def _fitted(line: str, room: int) -> list[str]:
    """Lines of so many columns, of which a letter of Chinese, Japanese or Korean takes two."""
    if not line.isascii():
        line = "".join(_HALF + sign if east_asian_width(sign) in "WF" else sign for sign in line)
        room -= 1  # a letter may stand behind a break that its first half stands before
    parts = textwrap.wrap(line, room, break_on_hyphens=False)
    return [part.replace(_HALF, "") for part in parts]


def _body(part: str, code: str, in_spam: bool, colour: bool) -> str:
    """One line in its label's colour; `in_spam` says that a line before opened the brackets."""
    if colour:
        part = part.replace("⟦", f"\x1b[0;{SPAM_STYLE}m⟦").replace("⟧", f"⟧\x1b[0;{code}m")
    return _painted(part, SPAM_STYLE if in_spam else code, colour)


def _painted(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text


def _plain(text: str) -> str:
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.expandtabs(4).replace("\r\n", "\n"))
