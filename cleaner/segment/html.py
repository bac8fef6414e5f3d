"""HTML to a source text, as a reader would see it, and blocks with DOM facts.

The tree is lexbor's (through selectolax), which parses as browsers do. It is
walked once, in document order, without recursion: scraped pages nest deeper
than any recursion limit.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleaner.types import Block, Element, Link, Page

# Elements that do not break the line (HTML Standard, phrasing content). All others
# do, custom elements among them: frameworks use those as containers.
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark math nobr q"
    " rb rp rt ruby s samp small span strike strong sub sup time tt u var blink"
    " button input output meter progress img picture source wbr"
    # MathML, of which every letter is an element
    " math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot"
    " mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none"
    " semantics".split()
)
# Nothing in them is text that a reader sees.
_SKIPPED = frozenset(
    "annotation annotation-xml audio canvas colgroup embed head iframe map noembed noframes object"
    " script style svg template textarea title video"
    " rp rt rtc".split()  # readings beside the characters, which would be said twice in a row
)
_CONTROLS = frozenset("button label option select input output".split())
_MARKS = frozenset("b strong em i cite code mark time q".split())
_QUIET = _INLINE - _CONTROLS - {"a"}
_CELLS = frozenset(("td", "th"))
_LINE, _PARAGRAPH, _CELL = "\n", "\n\n", "\t"
_GAPS = dict.fromkeys("dd dt li option tbody tfoot thead tr".split(), _LINE) | dict.fromkeys(
    _CELLS, _CELL
)
"""White space around elements; a blank line around all others."""

_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])"
    r"|text-indent\s*:\s*-\d{3}|(?:left|top)\s*:\s*-\d{3}",
    re.I,
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SHADOW_ROOT = re.compile(r"<template(?=[^>]*\bshadowroot)", re.I)
_NOSCRIPT_SHARE = 4
"""`<noscript>` is read when it holds this many times the characters of the rest."""
_MAX_DEPTH = 512
"""As in Chromium's parser: lexbor's time grows with the square of the depth."""
_MAX_FORMATTING = 16
"""Formatting elements open at once; a parser opens all of them again in each new paragraph."""
_MANY_TAGS, _MANY_UNCLOSED = 40_000, 15_000
"""Pages with fewer are parsed as they are: no depth that they can have takes a second."""
_MANY_STYLED = 1_000
"""The same for formatting elements that differ; alike ones are opened again three times only."""
_STYLED = re.compile(r"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]", re.I)
_TAG = re.compile(r"<!--(?:-?>)?|--!?>|<(/?)([a-zA-Z][^\s/<>]*)[^<>]*>?")
_RAW = frozenset("script style textarea title".split())
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
# The next of their kind, or the end of their container, ends them.
_UNCLOSED = frozenset(
    "body caption colgroup dd dt head html li optgroup option p rb rp rt rtc tbody td tfoot th"
    " thead tr".split()
)
_FORMATTING = frozenset("b big code em font i nobr s small strike strong tt u".split())


@lru_cache(maxsize=65536)
def _tokens(attribute: str) -> tuple[str, ...]:
    """Words of a class, id, role or itemprop value: `CommentList-item2` → comment, list, item."""
    return tuple(word.lower() for word in _WORD.findall(attribute[:300]) if len(word) > 1)


def segment_html(html: str) -> Page:
    """Segment decoded HTML; `source` is the rendered text."""
    renderer, title = _render(html)
    return Page(
        source="".join(renderer.parts),
        kind="html",
        blocks=tuple(renderer.blocks),
        elements=tuple(map(Element._make, renderer.rows)),
        links=tuple(renderer.links),
        title=title,
        html=html,
    )


def container_nodes(html: str) -> list[LexborNode]:
    """The tree's node of each of the `elements` that `segment_html` finds, in the same order."""
    return _render(html)[0].nodes


def _render(html: str) -> tuple[_Renderer, str]:
    """Walk a page; return the walker and the page's title."""
    if "<template" in html and "shadowroot" in html:
        html = _SHADOW_ROOT.sub("<div ", html)
    html = _flatten(html)
    tree = LexborHTMLParser(html)
    if "srcdoc" in html:
        _inline_frames(tree)
    title = tree.css_first("title")
    renderer = _Renderer()
    renderer.walk(tree, noscript=False)
    if ("<noscript" in html or "<NOSCRIPT" in html) and renderer.length < 2000:
        with_noscript = _Renderer()
        with_noscript.walk(tree, noscript=True)
        if with_noscript.length > _NOSCRIPT_SHARE * renderer.length:
            renderer = with_noscript
    return renderer, " ".join(title.text().split()) if title else ""


def _flatten(html: str) -> str:
    """Take out the tags that nest too deep to be parsed in good time, and leave the text.

    A tag that would have begun a line becomes `<hr>`, which does so too.
    """
    opened = html.count("<")
    unclosed = opened - 2 * html.count("</")
    styled = len(_STYLED.findall(html)) if unclosed > _MANY_STYLED else 0
    if opened < _MANY_TAGS and unclosed < _MANY_UNCLOSED and styled < _MANY_STYLED:
        return html
    stack: list[str] = []
    formatting = 0
    inside: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    last = -1  # end of the last tag that was taken out
    raw = ""  # the element, or "-->", up to whose end no tag counts

    def take_out(match: re.Match[str], name: str) -> str:
        nonlocal last
        repeated, last = match.start() == last, match.end()
        return "" if _is_inline(name) or repeated else "<hr>"

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
        if name in _VOID or name in _SKIPPED or name == "a":  # links do not nest
            return match[0]
        if name in _UNCLOSED:
            while stack and _is_inline(stack[-1]):
                inside[stack.pop()] -= 1
            if name in _CELLS:
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


def _inline_frames(tree: LexborHTMLParser) -> None:
    """Put the document of `<iframe srcdoc>` in the frame's place."""
    for frame in tree.css("iframe[srcdoc]"):
        inner = LexborHTMLParser(_flatten(frame.attributes.get("srcdoc") or "")).body
        if inner is not None:
            frame.replace_with(inner)


# An open element: identity, element, tag, link, control, pre, hidden, skipped.
_Open = tuple[int, int, str, int, bool, bool, bool, bool]


class _Renderer:
    """Builds the source text, blocks, elements and links of one page while walking its tree."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.blocks: list[Block] = []
        # Of each element: tag, tokens, parent, depth, hidden, first block, last block.
        self.rows: list[list[Any]] = []
        self.nodes: list[LexborNode] = []  # one for each row
        self.links: list[Link] = []
        self._separator = ""  # what goes before the next block
        self._pending_space = False
        self._breaks = 0
        self._images = self._bare_links = 0
        self._reset_block()

    def _reset_block(self) -> None:
        self._start = -1
        self._element = -1
        self._link_chars = 0
        self._links = 0
        self._marks = 0
        self._control_chars = 0
        self._inline_tokens: tuple[str, ...] = ()

    def walk(self, tree: LexborHTMLParser, *, noscript: bool) -> None:
        """Render the whole tree; `noscript` tells whether to read inside `<noscript>`."""
        root = tree.body or tree.root
        if root is None:
            return
        stack: list[_Open] = [(0, -1, "", -1, False, False, False, False)]
        hrefs: list[tuple[str, str]] = []
        link_starts: list[int] = []
        for node in root.traverse(include_text=True):
            tag = node.tag or ""
            parent = node.parent
            parent_id = parent.mem_id if parent is not None else 0
            while stack[-1][0] != parent_id and len(stack) > 1:
                closed = stack.pop()
                # Most inline elements end without a trace.
                if not closed[7] and (closed[3] >= 0 or closed[2] not in _QUIET):
                    self._close(closed, stack[-1], hrefs, link_starts)
            _, element, _, link, control, pre, hidden, skipped = stack[-1]
            if skipped:
                if tag != "-text":
                    stack.append((node.mem_id, element, tag, link, control, pre, hidden, True))
                continue
            if tag == "-text":
                text = node.text_content or ""
                if not pre and text.isspace():
                    self._pending_space = True
                    continue
                begin = self._text(text, element, link >= 0, control, pre)
                if link >= 0 and link_starts[link] < 0:
                    link_starts[link] = begin
                continue
            if tag == "br":
                self._line_break(pre)
                continue
            if tag == "img":
                self._images += 1
                continue
            if tag in _SKIPPED or tag[:1] in "-!#" or (tag == "noscript" and not noscript):
                stack.append((node.mem_id, element, tag, link, control, pre, hidden, True))
                continue
            attributes = node.attributes
            if attributes:
                hidden = hidden or _is_hidden(attributes)
            if tag in _INLINE or ":" in tag:
                if tag == "a" and attributes.get("href") is not None:
                    link = len(hrefs)
                    hrefs.append((attributes["href"] or "", attributes.get("rel") or ""))
                    link_starts.append(-1)
                    self._links += 1
                    if self._start >= 0 and self.parts and self._link_chars:
                        self._pending_space = True  # neighbouring links are set apart by style
                elif tag in _MARKS:
                    self._marks += 1
                elif tag in _CONTROLS:
                    control = True
                    self._pending_space = self._pending_space or self._start >= 0
                if attributes and len(self._inline_tokens) < 12:
                    self._inline_tokens += _attribute_tokens(attributes)
            else:
                self._boundary(tag)
                tokens = _attribute_tokens(attributes) if attributes else ()
                depth = self.rows[element][3] + 1 if element >= 0 else 0
                self.rows.append([tag, tokens, element, depth, hidden, len(self.blocks), 0])
                self.nodes.append(node)
                element = len(self.rows) - 1
                control = control or tag in _CONTROLS
                pre = pre or tag in ("pre", "listing", "xmp", "plaintext")
            stack.append((node.mem_id, element, tag, link, control, pre, hidden, False))
        while len(stack) > 1:
            self._close(stack.pop(), stack[-1], hrefs, link_starts)
        self._end_block()

    def _close(
        self,
        entry: _Open,
        outer: _Open,
        hrefs: list[tuple[str, str]],
        link_starts: list[int],
    ) -> None:
        _, element, tag, link, _, _, hidden, skipped = entry
        if skipped:
            return
        if tag in _CONTROLS and self._start >= 0:
            self._pending_space = True
        if not _is_inline(tag):
            self._boundary(tag)
            self.rows[element][6] = len(self.blocks)
        if link >= 0 and link != outer[3] and 0 <= link_starts[link] < self.length:
            self.links.append(Link(link_starts[link], self.length, *hrefs[link], hidden))

    def _text(self, text: str, element: int, link: bool, control: bool, pre: bool) -> int:
        """Add a text node; returns where it begins in the source, -1 if it shows nothing."""
        if pre:
            shown = text if self._start >= 0 else text.lstrip("\n")
            if self._start < 0 and not shown.strip():
                return -1
        else:
            words = text.split()
            if not words:
                return -1
            shown = " ".join(words)
        if self._breaks >= 2 and self._start >= 0:  # an empty line: authors' paragraphs of old
            self._end_block()
            self._separator = self._separator or _PARAGRAPH
        if self._start < 0:
            self._begin_block(element)
            if link and not self._links:
                self._links = 1  # the link began outside the block, as around a whole card
        elif self._breaks:
            self._emit(_LINE)
        elif not pre and (self._pending_space or text[0].isspace()):
            self._emit(" ")
        self._breaks = 0
        self.parts.append(shown)
        self.length += len(shown)
        self._pending_space = not pre and text[-1].isspace()
        if link:
            self._link_chars += len(shown)
        if control:
            self._control_chars += len(shown)
        return self.length - len(shown)

    def _line_break(self, pre: bool) -> None:
        if pre and self._start >= 0:
            self._emit(_LINE)
        elif self._start >= 0:
            self._breaks += 1
        elif not self._separator:
            self._separator = _LINE
        self._pending_space = False

    def _emit(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def _begin_block(self, element: int) -> None:
        if self.blocks:
            self._emit(self._separator or _PARAGRAPH)
        self._separator = ""
        self._start = self.length
        self._element = element

    def _end_block(self) -> None:
        """End the block that was begun, if any."""
        self._breaks = 0
        self._pending_space = False
        if self._start < 0:
            # Marks without text belong to no block; links and images are counted for
            # the next one.
            if self._links or self._marks or self._inline_tokens:
                self._bare_links += self._links
                self._links = self._marks = 0
                self._inline_tokens = ()
            return
        if self.parts[-1][-1:].isspace() or not self.parts[-1]:  # white space that ends a <pre>
            while self.parts and not self.parts[-1].strip():
                self.length -= len(self.parts.pop())
            last = self.parts[-1].rstrip()
            self.length -= len(self.parts[-1]) - len(last)
            self.parts[-1] = last
        self.blocks.append(
            Block(
                self._start,
                self.length,
                self._element,
                self.rows[self._element][0] if self._element >= 0 else "",
                self._link_chars,
                self._links,
                self._bare_links,
                self._marks,
                self._control_chars,
                self._images,
                self._inline_tokens,
            )
        )
        self._images = self._bare_links = 0
        self._reset_block()

    def _boundary(self, tag: str) -> None:
        """Begin or end a block-level element.

        Remembers the widest gap that the elements between two blocks ask for.
        """
        self._end_block()
        gap = _GAPS.get(tag, _PARAGRAPH)
        if gap == _PARAGRAPH or not self._separator or (gap, self._separator) == (_LINE, _CELL):
            self._separator = gap


def _is_inline(tag: str) -> bool:
    return tag in _INLINE or ":" in tag  # such as the <st1:place> of office programs


def _attribute_tokens(attributes: dict[str, str | None]) -> tuple[str, ...]:
    value = attributes.get("class")
    found = _tokens(value) if value else ()
    if len(attributes) > 1 or not value:
        for name in ("id", "role", "itemprop"):
            value = attributes.get(name)
            if value:
                found += _tokens(value)
    return found


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    if "hidden" in attributes:
        return True
    style = attributes.get("style")
    return bool(style and _HIDDEN_STYLE.search(style))
