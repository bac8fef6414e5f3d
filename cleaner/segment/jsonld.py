"""What a page says about itself in JSON-LD (https://schema.org)."""

from __future__ import annotations

import json
import re
from html import escape, unescape

_KEY = '"articleBody"'
_STRING = re.compile(r'\s*:\s*"((?:[^"\\]|\\.)*)"')
_MARKUP = re.compile(r"<[^<>]*>")


def article_body(html: str) -> str:
    """The longest `articleBody` that the page declares, without markup; empty if none."""
    return " ".join(_MARKUP.sub(" ", _declared(html)).split())


def article_markup(html: str) -> str:
    """The same as markup: its own, or a `<p>` for each line; empty if the page declares none."""
    text = _declared(html)
    if _MARKUP.search(text):
        return text
    return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())


def _declared(html: str) -> str:
    """Read without parsing the JSON around it, which is often broken."""
    found = ""
    at = html.find(_KEY)
    while at >= 0:
        string = _STRING.match(html, at + len(_KEY))
        if string and len(string[1]) > len(found):
            found = string[1]
        at = html.find(_KEY, at + 1)
    try:
        text: str = json.loads(f'"{found}"', strict=False)
    except ValueError:
        return ""
    return unescape(text)
