"""HTML to a tree by lexbor, in good time whatever the page is.

A page that nests deep, leaves thousands of tags open, holds thousands of options or a tag with
thousands of attributes would take minutes. The tags and attributes that cost the time are taken
out of it first; its text stays.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from selectolax.lexbor import LexborHTMLParser

from cleaner.segment.tags import CELLS, SKIPPED, is_inline

_MAX_DEPTH = 512
"""As in Chromium's parser: lexbor's time grows with the square of the depth."""
_MAX_FORMATTING = 16
"""Formatting elements open at once; a parser opens all of them again in each new paragraph."""
_MANY_TAGS, _MANY_UNCLOSED = 40_000, 15_000
"""Pages with fewer are parsed as they are: no depth that they can have takes a second."""
_MANY_STYLED = 1_000
"""The same for formatting elements that differ; alike ones are opened again three times only."""
_MANY_OPTIONS = 5_000
"""With more, parsing takes the square of their number: 40,000 take ten seconds."""
_MANY_ATTRIBUTES = 4_000
"""The same for attributes of one tag."""
_LONG = 2 * _MANY_ATTRIBUTES
"""Characters of the shortest tag with so many."""
_LONG_TAG = re.compile(rf"<[a-zA-Z][^<>]{{{_LONG},}}")
_ATTRIBUTE = re.compile(r"""[^\s"'=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"']+))?""")
_OPTION = re.compile(r"</?option\b[^<>]*>", re.I)
_TAG = re.compile(r"<!--(?:-?>)?|--!?>|<(/?)([a-zA-Z][^\s/<>]*)[^<>]*>?")
_RAW = frozenset("script style textarea title".split())
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
# The next of their kind, or the end of their container, ends them.
_UNCLOSED = frozenset(
    "body caption colgroup dd dt head html li optgroup option p rb rp rt rtc tbody td tfoot th"
    " thead tr".split()
)
_FORMATTING = frozenset("b big code em font i nobr s small strike strong tt u".split())
_STYLED = re.compile(rf"<(?:{'|'.join(sorted(_FORMATTING))})[\s/]", re.I)


def parse(html: str) -> LexborHTMLParser:
    """The tree of a decoded page."""
    data = _utf8(html)
    brackets = _brackets(data)
    thinned = html
    # Pages with so many tags are few: what they are is not looked for in all the others.
    if np.count_nonzero(brackets) > _MANY_OPTIONS and _options(html) > _MANY_OPTIONS:
        thinned = _OPTION.sub(" ", thinned)
    if _has_long_tag(data, brackets):
        thinned = _LONG_TAG.sub(_few_attributes, thinned)
    if thinned is not html:
        html, data = thinned, _utf8(thinned)
        brackets = _brackets(data)
    if _may_nest_deep(html, data, brackets):
        data = _utf8(_flatten(html))
    return LexborHTMLParser(data)


def _brackets(data: bytes) -> NDArray[np.bool_]:
    """Where `<` stand, shape (bytes,)."""
    brackets: NDArray[np.bool_] = np.frombuffer(data, np.uint8) == ord("<")
    return brackets


def _has_long_tag(data: bytes, brackets: NDArray[np.bool_]) -> bool:
    """Whether a tag has room for too many attributes; `data` and `brackets` as below.

    Most stretches without `<` are scripts, whose tag ends soon.
    """
    places = np.flatnonzero(brackets)
    long = np.diff(places, append=len(data)) > _LONG
    return any(
        data[at + 1 : at + 2].isalpha() and data.find(b">", at, at + _LONG) < 0
        for at in places[long].tolist()
    )


def _few_attributes(tag: re.Match[str]) -> str:
    """A tag without what is too much; one whose quotation marks do not pair is left alone."""
    text = tag[0]
    if text.count('"') % 2 or text.count("'") % 2:
        return text
    last = next(islice(_ATTRIBUTE.finditer(text), _MANY_ATTRIBUTES, None), None)
    return text[: last.end()] if last else text


def _options(html: str) -> int:
    return html.count("<option") + html.count("<OPTION")


def _utf8(html: str) -> bytes:
    try:
        return html.encode()  # a third faster than with "ignore"
    except UnicodeEncodeError:  # surrogates: two may be a character, one is none
        paired = html.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return paired.encode()


def _may_nest_deep(html: str, data: bytes, brackets: NDArray[np.bool_]) -> bool:
    """Whether a page could take long to parse; `data` is its UTF-8, `brackets` where `<` stand."""
    opened = int(np.count_nonzero(brackets))
    closing = brackets[:-1] & (np.frombuffer(data, np.uint8)[1:] == ord("/"))
    unclosed = opened - 2 * int(np.count_nonzero(closing))
    if opened >= _MANY_TAGS or unclosed >= _MANY_UNCLOSED:
        return True
    return unclosed > _MANY_STYLED and len(_STYLED.findall(html)) >= _MANY_STYLED


def _flatten(html: str) -> str:
    """Take out the tags that nest too deep to be parsed in good time, and leave the text.

    A tag that would have begun a line becomes `<hr>`, which does so too.
    """
    stack: list[str] = []
    formatting = 0
    inside: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    last = -1  # end of the last tag that was taken out
    raw = ""  # the element, or "-->", up to whose end no tag counts

    def take_out(match: re.Match[str], name: str) -> str:
        nonlocal last
        repeated, last = match.start() == last, match.end()
        return "" if is_inline(name) or repeated else "<hr>"

    def kept(match: re.Match[str]) -> str:
        nonlocal formatting, raw
        name = (match[2] or match[0]).lower()
        if raw:
            if (match[1] and name == raw) or (raw == "-->" and name in ("-->", "--!>")):
                raw = ""
            return match[0]
        if match[2] is None or name in _RAW:
            raw = "-->" if name == "<!--" else name if name in _RAW and not match[1] else ""
            return match[0]
        if name in _VOID or name in SKIPPED or name == "a":  # links do not nest
            return match[0]
        if name in _UNCLOSED:
            while stack and is_inline(stack[-1]):
                inside[stack.pop()] -= 1
            if name in CELLS:
                formatting = 0
            return match[0]
        if match[1]:
            if removed[name]:
                removed[name] -= 1
                return take_out(match, name)
            if name in _FORMATTING:
                formatting = max(0, formatting - 1)
            elif inside[name]:
                while (closed := stack.pop()) != name:
                    inside[closed] -= 1
                inside[name] -= 1
            return match[0]
        if formatting >= _MAX_FORMATTING if name in _FORMATTING else len(stack) >= _MAX_DEPTH:
            removed[name] += 1
            return take_out(match, name)
        if name in _FORMATTING:
            formatting += 1
        else:
            stack.append(name)
            inside[name] += 1
        return match[0]

    return _TAG.sub(kept, html)
