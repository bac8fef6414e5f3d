"""Repairs of markup that an HTML parser would read otherwise than it was meant."""

from __future__ import annotations

import re

_XML = re.compile(r"<\?xml\s|<html\b[^<>]*\sxmlns\s*=", re.I)
_XML_HEAD = 2_000
"""Characters in which a page says that it is XML."""
# In XML these are empty; read as HTML, they hold the rest of the page.
_EMPTY = r"<({})\b((?:/*+[^<>/]++)*+)/+>"
_SELF_CLOSED = re.compile(
    _EMPTY.format(
        "audio|button|canvas|iframe|map|noscript|object|select|style|textarea|title|video"
    ),
    re.I,
)
_SCRIPT = re.compile(_EMPTY.format("script"), re.I)
"""The same, but scripts may hold such text: taken only if hardly anything was read."""
_TEMPLATE = re.compile(r"<(/?)template\b([^<>]*)>", re.I)


def is_xml(html: str) -> bool:
    """Whether a page says that it is XML."""
    return _XML.search(html, 0, _XML_HEAD) is not None


def with_closed_elements(html: str) -> str:
    """XML with its empty elements closed as HTML does, but for scripts."""
    return _SELF_CLOSED.sub(_closed, html)


def with_closed_scripts(html: str) -> str:
    """The same for scripts."""
    return _SCRIPT.sub(_closed, html)


def _closed(match: re.Match[str]) -> str:
    """An empty element of XML as one of HTML."""
    return f"<{match[1]}{match[2]}></{match[1]}>"


def with_open_roots(html: str) -> str:
    """A page with its declarative shadow roots as ordinary elements, which are read."""
    shadow: list[bool] = []  # of each open template

    def opened(match: re.Match[str]) -> str:
        if match[1]:
            return "</div>" if shadow and shadow.pop() else match[0]
        shadow.append("shadowroot" in match[2].lower())
        return f"<div{match[2]}>" if shadow[-1] else match[0]

    return _TEMPLATE.sub(opened, html)
