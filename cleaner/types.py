"""The values that flow through `cleaner`: page → blocks → segments → result.

All are immutable but `Elements`, which the renderer fills and nobody changes afterwards. Those
that a page has by the hundred are named tuples, which are made several times as fast as frozen
dataclasses. Offsets count characters (Python string indices) into one text, the *source*: the
input itself for plain text, the rendered page for HTML. `source[x.start:x.end]` is always the
text of `x`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeVar, get_args

Row = TypeVar("Row", bound=tuple[Any, ...])
Kind = Literal["auto", "html", "text"]
Favor = Literal["precision", "balanced", "recall"]
"""What doubtful blocks are: left out of the article, decided by what is likelier, taken in."""
SpamMode = Literal["remove", "mark", "keep"]
"""What to do with injected spam: take out what is sure, only report it, or not look for it."""
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"kind": get_args(Kind), "favor": get_args(Favor), "spam": get_args(SpamMode)}
)
"""Option of cleaning → its values."""

ARTICLE = "article"
COMMENT = "comment"
NAVIGATION = "navigation"
LABELS = (ARTICLE, COMMENT, NAVIGATION)
"""Labels of the default model. A model's manifest lists its own."""


def named(kind: type[Row], rows: Iterable[Iterable[Any]]) -> tuple[Row, ...]:
    """Rows of plain values as named tuples: `kind._make`, made three times as fast."""
    return tuple(map(partial(tuple.__new__, kind), rows))


class Element(NamedTuple):
    """An HTML element that holds blocks, with the facts features need."""

    tag: str
    tokens: tuple[str, ...]
    """Lower-case words of the element's class, id, role and itemprop."""
    parent: int
    """Index into `Page.elements`, -1 at the root."""
    depth: int
    hidden: bool
    """Hidden by attribute or inline style, itself or through an ancestor."""
    first: int
    """Index of the first block inside; blocks of an element are neighbours."""
    last: int
    """One past the last block inside."""


@dataclass(slots=True)
class Elements:
    """The elements of a page, kept as columns: features read these, few readers a row.

    A thousand tuples that live as long as the page would also keep the garbage collector busy.
    """

    tag: list[str] = field(default_factory=list)
    tokens: list[tuple[str, ...]] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    hidden: list[bool] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)

    def begin(
        self, tag: str, tokens: tuple[str, ...], parent: int, hidden: bool, first: int
    ) -> int:
        """Add an element whose end is not known yet; return its index."""
        self.tag.append(tag)
        self.tokens.append(tokens)
        self.parent.append(parent)
        self.depth.append(self.depth[parent] + 1 if parent >= 0 else 0)
        self.hidden.append(hidden)
        self.first.append(first)
        self.last.append(0)
        return len(self.tag) - 1

    def __len__(self) -> int:
        return len(self.tag)

    def __getitem__(self, index: int) -> Element:
        return Element(*(getattr(self, name)[index] for name in Element._fields))

    def __iter__(self) -> Iterator[Element]:
        return map(Element, *(getattr(self, name) for name in Element._fields))


class Block(NamedTuple):
    """A run of text that a reader sees as one unit: a paragraph, an item, a line."""

    start: int
    end: int
    element: int = -1
    """Index into `Page.elements` of the block-level element around it; -1 in plain text."""
    tag: str = ""
    """Tag of the nearest block-level element; empty in plain text."""
    link_chars: int = 0
    """Characters inside `<a href>`."""
    links: int = 0
    bare_links: int = 0
    """Links without text, such as those around images, since the previous block."""
    marks: int = 0
    """Inline elements other than links: emphasis, images, controls (see `segment.html`)."""
    control_chars: int = 0
    """Characters inside buttons, labels, options: things to press, not to read."""
    images: int = 0
    """Images between the previous block and the end of this one."""
    tokens: tuple[str, ...] = ()
    """Words of the class, id, role and itemprop of inline elements inside."""


class Link(NamedTuple):
    """Characters of `source` inside one `<a href>`; kept for the spam step."""

    start: int
    end: int
    href: str
    rel: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A segmented page: its source text, blocks in reading order, and DOM facts."""

    source: str
    kind: Literal["html", "text"]
    blocks: tuple[Block, ...]
    elements: Elements = field(default_factory=Elements)
    links: tuple[Link, ...] = ()
    """In order of their starts; in a broken table, one may lie inside another."""
    hidden: tuple[tuple[int, int], ...] = ()
    """Ranges of `source` inside blocks that inline elements hide; kept for the spam step."""
    not_rendered: tuple[tuple[int, int], ...] = ()
    """Those of `hidden` that `innerText` leaves out; what is transparent is none of them."""
    title: str = ""
    """Text of `<title>`; empty in plain text."""
    html: str = field(default="", repr=False)
    """Decoded markup, for metadata; empty in plain text."""

    def text_of(self, block: Block) -> str:
        """Text of a block: the source between its offsets."""
        return self.source[block.start : block.end]


class Segment(NamedTuple):
    """A block with its label and the model's confidence in that label (0 to 1)."""

    label: str
    text: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Span:
    """Injected spam inside a segment of the article, or of a label that is kept."""

    start: int
    end: int
    text: str
    confidence: float
    reason: str
    """The signals that spoke against it, in words."""
    removed: bool
    """True when the span was left out of `Result.text`."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an HTML page says of itself; None where it does not."""

    title: str | None = None
    author: str | None = None
    date: str | None = None
    site_name: str | None = None
