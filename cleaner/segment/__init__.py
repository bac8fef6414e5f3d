"""A page to its source text and blocks: one path for HTML, one for plain text, one result type."""

from __future__ import annotations

from cleaner.segment.decode import decode
from cleaner.segment.html import segment_html
from cleaner.segment.sniff import (
    is_binary,
    is_feed,
    looks_like_html,
    looks_like_text,
    packed_as,
)
from cleaner.segment.text import segment_text
from cleaner.types import Kind, Page

__all__ = ["segment"]


def segment(page: str | bytes, kind: Kind = "auto") -> Page:
    """Segment a page into blocks with offsets into its source text.

    Args:
        page: HTML or plain text; bytes are decoded as a browser would.
        kind: "html", "text", or "auto" to tell them apart by content.

    Raises:
        ValueError: the page is none: binary data, or a feed.
    """
    text = page if isinstance(page, str) else decode(page)
    if (isinstance(page, bytes) and is_binary(page)) or not looks_like_text(text):
        packed = packed_as(page) if isinstance(page, bytes) else None
        advice = f"unpack it, it is {packed}" if packed else "give HTML or plain text"
        raise ValueError(f"binary data: {advice}")
    if kind != "text" and is_feed(text):
        raise ValueError("a feed, not a page: give what its entries hold, or the pages it names")
    if kind == "html" or (kind == "auto" and looks_like_html(text)):
        return segment_html(text)
    return segment_text(text)
