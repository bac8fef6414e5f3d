"""What the `style` and `hidden` of an element do to its text."""

from __future__ import annotations

import re

from cleaner.segment.tags import INLINE

REVERSIBLY, HIDDEN = 1, 2
"""Hidden so that an element inside may be seen, and for good."""

_BREAKS_BY_STYLE = INLINE.difference(
    "a br button img input label map math object output picture source wbr".split()
)
_JOINS_BY_STYLE = frozenset("address div h1 h2 h3 h4 h5 h6 p section".split())
"""Elements that `display:block` and `display:inline` make what they are not by name."""

_HIDDEN_STYLE = re.compile(
    r"(?<![-\w])(?:display\s*:\s*none|visibility\s*:\s*hidden|color\s*:\s*transparent"
    r"|font-size\s*:\s*(?:0(?![.\d])|1px)|opacity\s*:\s*0(?![.\d])"
    # in points, it is the hanging indent of office programs
    r"|text-indent\s*:\s*-(?:\d{4}|\d{3}(?:\.\d+)?(?!pt|[.\d]))|(?:left|top)\s*:\s*-\d{3})",
    re.I,
)
_SHOWN_STYLE = re.compile(
    r"(?<![-\w])(?:visibility\s*:\s*visible|font-size\s*:\s*(?!0|1px)[.\d]+\s*(?:px|pt|rem))", re.I
)
"""What ends `font-size:0` or `visibility:hidden` of an element around."""
_MOVING_STYLE = re.compile(r"(?<![-\w])(?:animation|transform|transition|will-change)\b", re.I)
"""What is transparent and has this comes into sight as the page is scrolled."""
_PAINTED_STYLE = re.compile(r"background-clip\s*:\s*text|text-shadow\s*:", re.I)
"""What is transparent and has this shows its background, or its shadow."""
_SHOWN_ANYWAY = {"o": _MOVING_STYLE, "c": _PAINTED_STYLE}
"""By the first letter of the property that makes it transparent."""
_NOT_RENDERED = re.compile(r"(?<![-\w])(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.I)
_DISPLAY = re.compile(
    r"(?<![-\w])display\s*:\s*"
    r"((?:inline-)?(?:flex|grid)|block|flow-root|inline|list-item|table)(?![-\w])",
    re.I,
)
_WHITE_SPACE = re.compile(
    r"(?<![-\w])white-space\s*:\s*(break-spaces|normal|nowrap|pre(?:-line|-wrap)?)(?![-\w])", re.I
)


def display_of(style: str) -> str:
    """The value of `display`, in lower case; empty where it is none that changes lines."""
    found = _DISPLAY.search(style)
    return found[1].lower() if found else ""


def white_space_of(style: str) -> str:
    """The value of `white-space`, in lower case; empty where it is not set."""
    found = _WHITE_SPACE.search(style)
    return found[1].lower() if found else ""


def shows(attributes: dict[str, str | None]) -> bool:
    """Whether an element in one that is hidden `REVERSIBLY` is seen."""
    return _SHOWN_STYLE.search(attributes.get("style") or "") is not None


def is_inline_by_style(tag: str, display: str, inline: bool) -> bool:
    """Whether an element does not break the line, given its style and whether it is so by name."""
    if inline:
        return display.startswith("inline") or tag not in _BREAKS_BY_STYLE
    return display == "inline" and tag in _JOINS_BY_STYLE


def hides(attributes: dict[str, str | None]) -> int:
    """Whether an element is hidden: 0, `REVERSIBLY` or `HIDDEN`.

    What the browser's search finds is not.
    """
    if "hidden" in attributes:
        return 0 if (attributes["hidden"] or "").lower() == "until-found" else HIDDEN
    style = attributes.get("style") or ""
    hidden = 0
    for match in _HIDDEN_STYLE.finditer(style):
        kind = match[0][0].lower()
        if kind in "fv":  # font-size, visibility
            hidden = max(hidden, REVERSIBLY)
        elif not (shown := _SHOWN_ANYWAY.get(kind)) or not shown.search(style):
            hidden = HIDDEN
    return hidden


def renders(attributes: dict[str, str | None]) -> bool:
    """Whether an element that is hidden belongs to what the page shows (to its `innerText`).

    So does what is transparent or out of sight, and what a movement brings back.
    """
    if "hidden" in attributes:
        return False
    style = attributes.get("style") or ""
    return not _NOT_RENDERED.search(style) or _MOVING_STYLE.search(style) is not None
