"""HTML to a source text, as a reader would see it, and blocks with DOM facts.

The tree is lexbor's (through selectolax), which parses as browsers do. It is
walked once, in document order, without recursion: scraped pages nest deeper
than any recursion limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from selectolax.lexbor import LexborNode

from cleaner.scripts import INVISIBLE
from cleaner.segment.jsonld import article_markup
from cleaner.segment.parse import parse
from cleaner.segment.repair import (
    is_xml,
    with_closed_elements,
    with_closed_scripts,
    with_open_roots,
)
from cleaner.segment.style import (
    REVERSIBLY,
    display_of,
    hides,
    is_inline_by_style,
    renders,
    shows,
    white_space_of,
)
from cleaner.segment.tags import BREAKING, CELLS, INLINE, SKIPPED, is_inline
from cleaner.types import Block, Elements, Link, Page, named

_OF_PHRASES = frozenset("dt h1 h2 h3 h4 h5 h6 p pre".split())
"""Elements that hold running text."""
_NOT_ENTERED = (
    SKIPPED
    | frozenset("area base bgsound br col img keygen link meta param track".split())
    | {"-", "-text", "-comment", "-doctype", "-document"}
)
"""Those that are skipped or hold nothing, and nodes that are no elements."""
_DOCUMENTS = frozenset(("iframe", "template"))
"""Elements that hold a document of their own: that of `srcdoc`, a shadow root."""
_CONTROLS = frozenset("button label option select input output".split())
_MARKS = frozenset("b strong em i cite code mark time q".split())
_PREFORMATTED = frozenset(("pre", "listing", "xmp", "plaintext"))
_LINES_OF_CODE = frozenset("code div li ol span ul".split())
"""Elements that are a line of a listing, or hold its lines."""
_NO_LISTING = "p, table, h1, h2, h3, h4, h5, h6, article, section, blockquote"
"""What is in a `<pre>` that holds a page, and in none that holds code."""
_CELL, _LINE, _PARAGRAPH = "\t", "\n", "\n\n"  # a wider one sorts after a narrower one
_GAPS = dict.fromkeys("dd dt li option tbody tfoot thead tr".split(), _LINE) | dict.fromkeys(
    CELLS, _CELL
)
"""White space around elements; a blank line around all others."""
_TABULAR = CELLS | {"tr", "table"}
"""Elements that are counted where nothing is shown, too."""
_UNKNOWN = -(1 << 30)
"""So few cells that no more of them in the row make one."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PERMALINKS = frozenset("#¶§🔗")
"""What links a heading to itself; most pages show it under the pointer only."""
_NEAR = 16
"""Nodes behind such a link that are looked at for more text."""
_EDIT_LINK = "mw-editsection"
"""MediaWiki's class of the `[edit]` in each heading."""
_SHORT = 2_000
"""Characters of a page below which its text may be where browsers do not show it."""
_NOSCRIPT = re.compile("<noscript", re.I)
_DECLARED = 400
"""Characters from which what JSON-LD calls the article's body is more than a summary."""
_NEAR_OPENING = 40
"""Characters of its beginning, without white space, that a page shows which shows the article."""
_NOSCRIPT_SHARE = 4
"""`<noscript>` is read when it holds this many times the characters of the rest."""
_OPENING, _CLOSING = frozenset("([{“‘«¿¡"), frozenset(",.;:!?)]}”’»…%")
"""Signs that no space follows, and none precedes."""


def segment_html(html: str) -> Page:
    """Segment decoded HTML; `source` is the rendered text."""
    renderer, title = _render(html)
    return Page(
        source="".join(renderer.parts),
        kind="html",
        blocks=named(Block, renderer.blocks),
        elements=renderer.elements,
        links=named(Link, sorted(renderer.links)),
        hidden=tuple(renderer.hidden),
        not_rendered=tuple(renderer.not_rendered),
        title=title,
        html=html,
    )


def container_nodes(html: str) -> list[LexborNode]:
    """The tree's node of each of the `elements` that `segment_html` finds, in the same order."""
    return _render(html, keep_nodes=True)[0].nodes


def _render(html: str, *, keep_nodes: bool = False) -> tuple[_Renderer, str]:
    """Walk a page; return the walker and the page's title."""
    xml = is_xml(html)
    tree = parse(with_closed_elements(html) if xml else html)
    renderer = _Renderer(keep_nodes)
    root = tree.body or tree.root
    if root is None:
        return renderer, ""
    renderer.walk(root, noscript=False)
    if renderer.shadow_roots and (opened := with_open_roots(html)) != html:
        return _render(opened, keep_nodes=keep_nodes)
    if xml and renderer.length < _SHORT and (opened := with_closed_scripts(html)) != html:
        return _render(opened, keep_nodes=keep_nodes)
    if renderer.length < _SHORT and _NOSCRIPT.search(html):
        with_noscript = _Renderer(keep_nodes)
        with_noscript.walk(root, noscript=True)
        if with_noscript.length > _NOSCRIPT_SHARE * renderer.length:
            renderer = with_noscript
    if renderer.length < _SHORT and (body := _declared_body(html, renderer)) is not None:
        renderer.walk(body, noscript=False)
    title = tree.css_first("title")
    if title is not None and _is_of_picture(title):
        title = next((one for one in tree.css("title") if not _is_of_picture(one)), None)
    return renderer, " ".join(title.text().split()) if title else ""


def _declared_body(html: str, renderer: _Renderer) -> LexborNode | None:
    """The article that a page holds for machines only; None where the page shows one."""
    markup = article_markup(html)
    if len(markup) <= max(renderer.length, _DECLARED):
        return None
    body = parse(f"<article>{markup}</article>").body
    shown = "".join("".join(renderer.parts).split())
    opening = "".join(body.text().split())[:_NEAR_OPENING] if body else ""
    return body if opening and opening not in shown else None


def _is_of_picture(title: LexborNode) -> bool:
    node = title.parent
    while node is not None and node.tag != "svg":
        node = node.parent
    return node is not None


# What holds for the children of an open element: the children that are left, then
# element, tag, link, control, pre (0, `_BREAKS` or `_KEPT`) and hidden (0, `REVERSIBLY` or
# `HIDDEN`).
_Open = tuple[Iterator[LexborNode], int, str, "_OpenLink | None", bool, int, int]
_BREAKS, _KEPT = 1, 2
"""Line ends are line breaks; all white space stays."""


class _OpenLink:
    """An `<a href>` whose end is not reached yet."""

    def __init__(self, node: LexborNode, href: str, rel: str) -> None:
        self.start = -1  # where its first text stands
        self.node = node
        self.href = href
        self.rel = rel


class _Renderer:
    """Builds the source text, blocks, elements and links of one page while walking its tree."""

    # So many attributes would be kept in a dictionary, and the walk take 4 % longer.
    __slots__ = (
        "_apart", "_bare_links", "_breaks", "_cells", "_control_chars", "_element", "_formula",
        "_hidden_from", "_images", "_inline_tokens", "_last_href", "_link_chars", "_link_end",
        "_links", "_listing", "_marks", "_pending_space", "_renders", "_separator", "_set_apart",
        "_start", "blocks", "elements", "hidden", "keep_nodes", "length", "links", "nodes",
        "not_rendered", "parts", "shadow_roots",
    )  # fmt: skip

    def __init__(self, keep_nodes: bool) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.elements = Elements()
        # Fields of each `Block` and `Link`.
        self.blocks: list[tuple[Any, ...]] = []
        self.links: list[tuple[Any, ...]] = []
        self.hidden: list[tuple[int, int]] = []
        self.not_rendered: list[tuple[int, int]] = []
        self._hidden_from = 0
        self._renders = True  # whether what is hidden is part of `innerText`
        self.keep_nodes = keep_nodes
        self.nodes: list[LexborNode] = []  # one for each element, if they are kept
        self.shadow_roots = False
        # The last `<pre>` or the like; whether it holds code, once that is asked.
        self._listing: LexborNode | bool = False
        self._separator = ""  # what goes before the next block
        self._cells = 0  # begun or ended since the last block, or since their row began
        # Whether it is a blank line already, and nothing came after that: no boundary adds to it.
        self._apart = False
        self._pending_space = False
        self._set_apart = False  # whether a control or a cell of a formula begins or ended here
        self._breaks = 0
        self._link_end = -1  # of the last text in a link
        self._last_href = ""
        self._formula = -1  # where the last formula began
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

    def walk(self, root: LexborNode, *, noscript: bool) -> None:
        """Render a tree; `noscript` tells whether to read inside `<noscript>`."""
        not_entered = _NOT_ENTERED if noscript else _NOT_ENTERED | {"noscript"}
        stack: list[_Open] = []
        children: Iterator[LexborNode] = iter((root,))
        element, tag = -1, ""
        link: _OpenLink | None = None
        control = False
        pre = hidden = 0
        blocks, elements = self.blocks, self.elements
        while True:
            for node in children:
                text = node.text_content
                if text is not None:  # most nodes are text
                    if pre or not text.isspace():
                        self._text(text, element, link, control, pre)
                    else:
                        self._pending_space = True
                    continue
                name = node.tag or "-"
                if name in not_entered:
                    if name == "br":
                        self._line_break(pre)
                    elif name == "img":
                        self._images += 1
                    elif name in _DOCUMENTS and (body := self._document(node)) is not None:
                        # The document of <iframe srcdoc> stands in the frame's place.
                        stack.append((children, element, tag, link, control, pre, hidden))
                        hidden = self._hide(node.attributes, hidden)
                        children, tag = iter((body,)), name
                        break
                    continue
                attributes = node.attributes
                if "aria-hidden" in attributes and _is_twin_of_formula(name, attributes):
                    continue
                if name == "span" and attributes.get("class") == _EDIT_LINK:
                    continue
                # A name that HTML does not know is part of running text, but a container
                # between others: frameworks use custom elements as such.
                inline = name in INLINE or (
                    name not in BREAKING
                    and (
                        ":" in name
                        or tag in _OF_PHRASES
                        or (stack and stack[-1][1] == element >= 0)
                        or _is_beside_text(node)
                    )
                )
                style = attributes.get("style")
                stack.append((children, element, tag, link, control, pre, hidden))
                children, tag = node.iter(include_text=True), name
                if style and (kind := display_of(style)):
                    if kind.endswith(("flex", "grid")):
                        children = self._items(children)
                    inline = is_inline_by_style(tag, kind, inline)
                if style or "hidden" in attributes:
                    hidden = self._hide(attributes, hidden)
                if inline:
                    self._apart = False
                    if tag == "a" and (href := attributes.get("href")) is not None:
                        link = _OpenLink(node, href, attributes.get("rel") or "")
                        self._links += 1
                        # Neighbours are set apart by style, unless they are one in two parts.
                        if (
                            self._link_end == self.length
                            and pre < _KEPT
                            and (href != self._last_href or href.startswith(("#", "javascript:")))
                        ):
                            self._pending_space = True
                    elif tag in _MARKS:
                        self._marks += 1
                    elif tag in _CONTROLS or tag == "mtd" or stack[-1][2] == "mfrac":
                        self._set_apart = self._start >= 0
                    elif tag == "math":
                        self._formula = self.length
                    if attributes and len(self._inline_tokens) < 12:
                        self._inline_tokens += _attribute_tokens(attributes)
                elif pre == _KEPT and tag in _LINES_OF_CODE and self._is_line(node):
                    children = self._line(children)
                    break
                else:
                    if not self._apart or tag in _TABULAR:
                        self._boundary(tag, pre)
                    tokens = _attribute_tokens(attributes) if attributes else ()
                    element = elements.begin(tag, tokens, element, hidden > 0, len(blocks))
                    if self.keep_nodes:
                        self.nodes.append(node)
                    if tag in _PREFORMATTED and pre < _KEPT:
                        pre = _KEPT
                        self._listing = node
                if tag in _CONTROLS:
                    control = True
                if style and "white-space" in style:
                    pre = self._white_space(style, node, pre)
                break
            else:
                if not stack:
                    break
                if control and tag in _CONTROLS and self._start >= 0:
                    self._set_apart = True
                outer = stack.pop()
                if element != outer[1]:
                    if not self._apart or tag in _TABULAR:
                        self._boundary(tag, pre)
                    elements.last[element] = len(blocks)
                else:
                    if link is not None and link is not outer[3] and 0 <= link.start < self.length:
                        self.links.append(
                            (link.start, self.length, link.href, link.rel, hidden > 0)
                        )
                    if hidden and not outer[6]:
                        self._end_hidden()
                children, element, tag, link, control, pre, hidden = outer
        self._end_block()

    def _document(self, node: LexborNode) -> LexborNode | None:
        """The document of `<iframe srcdoc>`; notes whether a `<template>` is a shadow root."""
        attributes = node.attributes
        if node.tag == "template":
            self.shadow_roots |= any(key.startswith("shadowroot") for key in attributes)
            return None
        document = attributes.get("srcdoc")
        return parse(document).body if document else None

    def _hide(self, attributes: dict[str, str | None], hidden: int) -> int:
        """How an element is hidden, given how the one around it is; notes where that begins."""
        if not hidden:
            if hidden := hides(attributes):
                self._hidden_from = self.length
                self._renders = renders(attributes)
        elif hidden == REVERSIBLY and shows(attributes):
            hidden = 0
            self._hidden_from = -1  # not all of what is around it is hidden
        return hidden

    def _end_hidden(self) -> None:
        """Note the range of an inline element that was hidden and ends here."""
        # Formulas are hidden beside a picture that shows them.
        if self._formula < self._hidden_from < self.length:
            self.hidden.append((self._hidden_from, self.length))
            if not self._renders:
                self.not_rendered.append(self.hidden[-1])
            self._hidden_from = -1  # of what is around it, a part was shown

    def _text(
        self, text: str, element: int, link: _OpenLink | None, control: bool, pre: int
    ) -> None:
        """Add a text node that is not white space alone, or any in preformatted text."""
        if pre:
            if pre == _BREAKS:
                self._lines(text, element, link, control)
                return
            begins = self._start < 0 or self._breaks >= 2
            if begins and not text.strip():
                return
            shown = text.lstrip("\n") if begins else text
        else:
            shown = " ".join(text.split())
            if not shown:
                return
            if shown[0] in INVISIBLE:
                seen = shown.lstrip(INVISIBLE + " ")
                if not seen and (self._start < 0 or self._breaks):
                    return
                if self._start < 0:
                    shown = seen
            if (
                link is not None
                and shown in _PERMALINKS
                and link.href.startswith("#")
                and (self._start < 0 or _is_last(link.node))
            ):
                return
        if self._start >= 0 and self._breaks >= 2:  # an empty line: authors' paragraphs of old
            self._end_block()
        if self._start < 0:
            self._begin_block(element)
            if link is not None and not self._links:
                self._links = 1  # the link began outside the block, as around a whole card
        elif self._breaks:
            self._emit(_LINE)
        elif pre:
            if self._pending_space and not text[0].isspace():  # it came before this style began
                self._emit(" ")
        elif (
            self._pending_space
            or text[0].isspace()
            or (self._set_apart and shown[0] not in _CLOSING and self.parts[-1][-1] not in _OPENING)
        ):
            self._emit(" ")
        size = len(shown)
        if link is not None:
            self._link_chars += size
            if link.start < 0:
                link.start = self.length
        if control:
            self._control_chars += size
        self.parts.append(shown)
        self.length += size
        if link is not None:
            self._link_end, self._last_href = self.length, link.href
        self._breaks = 0
        self._pending_space = not pre and text[-1].isspace()
        self._set_apart = False

    def _lines(self, text: str, element: int, link: _OpenLink | None, control: bool) -> None:
        """Add a text node of which each line end is a `<br>`."""
        for number, line in enumerate(text.split("\n")):
            if number:
                self._line_break(0)
            if line and not line.isspace():
                self._text(line, element, link, control, 0)
            elif line:
                self._pending_space = True

    def _white_space(self, style: str, node: LexborNode, pre: int) -> int:
        """How the white space in an element is read, given its style and how it would be read."""
        kind = white_space_of(style)
        if not kind:
            return pre
        if kind in ("normal", "nowrap"):
            return 0
        if pre == _KEPT:
            return pre
        # What wraps is prose, in which empty lines part paragraphs, unless it is code.
        if kind != "pre" and node.tag != "code":
            return _BREAKS
        self._listing = node
        return _KEPT

    def _is_line(self, node: LexborNode) -> bool:
        """Whether an element in preformatted text is a line of code."""
        if not isinstance(self._listing, bool):
            self._listing = self._listing.css_first(_NO_LISTING) is None
        # Numbers of lines stand beside them.
        return self._listing and not node.text().strip().isdigit()

    def _line(self, children: Iterator[LexborNode]) -> Iterator[LexborNode]:
        """Children of an element that is a line of a listing, in which it breaks the line."""
        if self._start >= 0 and not self.parts[-1].endswith(_LINE):
            self._emit(_LINE)
        before = self.length
        yield from children
        # Without text, it is an empty line.
        if self._start >= 0 and (self.length == before or not self.parts[-1].endswith(_LINE)):
            self._emit(_LINE)

    def _items(self, children: Iterator[LexborNode]) -> Iterator[LexborNode]:
        """Children of a flex or grid container, which sets them apart."""
        after_text = False
        for child in children:
            if child.tag == "-comment":  # text on both sides of it is one item
                continue
            is_text = child.tag == "-text"
            self._set_apart = self._start >= 0 and not (is_text and after_text)
            after_text = is_text
            yield child
        self._set_apart = self._start >= 0

    def _line_break(self, pre: int) -> None:
        if pre >= _KEPT and self._start >= 0:
            self._emit(_LINE)
        elif self._start >= 0:
            self._breaks += 1
        elif not self._separator:
            self._separator = _LINE
        self._pending_space = self._set_apart = False

    def _emit(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def _begin_block(self, element: int) -> None:
        if self.blocks:
            gap = self._separator or _PARAGRAPH
            # Cells before it that are empty; of the first of a row, only the begin is counted.
            if (
                self._cells > 1
                and (gap is _CELL or self._cells % 2)
                and self.elements.tag[element] in CELLS
            ):
                gap = gap.replace(_CELL, "") + _CELL * (self._cells // 2)
            self._emit(gap)
        self._separator = ""
        self._cells = 0
        self._apart = False
        self._start = self.length
        self._element = element

    def _end_block(self) -> None:
        """End the block that was begun, if any."""
        if self._start < 0:
            # Marks without text belong to no block; links and images are counted for
            # the next one.
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
            self._hidden_from = min(self._hidden_from, self.length)
            ranges: list[tuple[Any, ...]]
            for ranges in (self.hidden, self.not_rendered, self.links):
                while ranges and ranges[-1][1] > self.length:
                    low, _, *rest = ranges.pop()
                    if low < self.length:
                        ranges.append((low, self.length, *rest))
        self.blocks.append(
            (
                self._start,
                self.length,
                self._element,
                self.elements.tag[self._element] if self._element >= 0 else "",
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

    def _boundary(self, tag: str, pre: int) -> None:
        """Begin or end a block-level element.

        Remembers the widest gap that the elements between two blocks ask for.
        """
        if self._start >= 0 or self._links or self._marks or self._inline_tokens:
            self._end_block()
        if tag in CELLS:
            self._cells += 1
        elif tag == "tr":
            self._cells = 0
        elif tag == "table":  # behind one inside a cell, those of the row are not known
            self._cells = _UNKNOWN
        gap = _GAPS.get(tag, _PARAGRAPH)
        if pre == _KEPT and tag in ("div", "span"):  # in a listing, an element is a line
            gap = _LINE
        if gap > self._separator:
            self._separator = gap
        self._apart = self._separator is _PARAGRAPH


def _is_twin_of_formula(name: str, attributes: dict[str, str | None]) -> bool:
    """Whether an element hidden from screen readers shows the formula beside it once more.

    KaTeX sets MathML before it, MathJax 2 behind a `nobr`.
    """
    twin = name == "nobr" or "katex-html" in (attributes.get("class") or "")
    return twin and attributes["aria-hidden"] == "true"


@lru_cache(maxsize=65536)
def _tokens(attribute: str) -> tuple[str, ...]:
    """Words of a class, id, role or itemprop value: `CommentList-item2` → comment, list, item."""
    return tuple([word.lower() for word in _WORD.findall(attribute[:300]) if len(word) > 1])


def _attribute_tokens(attributes: dict[str, str | None]) -> tuple[str, ...]:
    # One after the other: a loop over the four names takes twice as long.
    value = attributes.get("class")
    found = _tokens(value) if value else ()
    if len(attributes) > 1 or not value:
        if "id" in attributes:
            found += _tokens(attributes["id"] or "")
        if "role" in attributes:
            found += _tokens(attributes["role"] or "")
        if "itemprop" in attributes:
            found += _tokens(attributes["itemprop"] or "")
    return found


def _is_last(node: LexborNode) -> bool:
    """Whether no text follows an inline element in its block, but for links like it."""
    at = node
    for _ in range(_NEAR):
        if at.next is not None:
            at = at.next
            if at.tag == "br" or at.tag in BREAKING:
                return True
            if at.tag not in SKIPPED and at.text().strip() not in _PERMALINKS | {""}:
                return False
        elif at.parent is None or not is_inline(at.parent.tag or ""):
            return True
        else:
            at = at.parent
    return True


def _is_beside_text(node: LexborNode) -> bool:
    return any(
        other is not None and (text := other.text_content) is not None and not text.isspace()
        for other in (node.prev, node.next)
    )
