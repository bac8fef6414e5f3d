"""What a page is, told by its content: HTML, plain text, or neither."""

from __future__ import annotations

import re

_LOOKED_AT = 1 << 16
"""Characters by which HTML is told; before comments and code are left out, 16 times as many."""

# A text may begin with letters alone; it holds no control characters, and no objects of a PDF.
_MAGIC = re.compile(
    rb"""\x89PNG | \xff\xd8\xff | PK\x03\x04 | \x1f\x8b | \x7fELF
    | (?: %PDF- | GIF8 | BZh ) .*? [\x00-\x08\x0e-\x1a\x1c-\x1f]
    | %PDF-\d\.\d \s+ (?: %[\x80-\xff] | \d+\ \d+\ obj )""",
    re.S | re.X,
)
_PACKED = {b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"PK\x03\x04": "zip", b"\x1f\x8b": "gzip"}
"""How archives begin that hold pages, if anything."""
_MARKUP_START = re.compile(
    r"[\s\ufeff]*<(?:!doctype\s+html|html|head|body|meta\s|title>|link\s"
    r"|\?xml[^>]*>\s*<(?:!doctype|html))",
    re.I,
)
_FEED = re.compile(
    r"[\s\ufeff]*+(?:<\?[^>]*+>\s*+|<!--(?:(?!-->).)*+-->\s*+)*+<(?:rss|feed|rdf:RDF|urlset|sitemapindex|opml)\b",
    re.I | re.S,
)
_FEED_HEAD = 4_000
"""Characters in which a feed says that it is one."""
_LONG_VALUE = re.compile(r"=\s*(?:\"[^\"<>]{300,}\"|'[^'<>]{300,}')")
"""An attribute's value, such as a whole picture, that would fill what is looked at."""
_ELEMENT_START = re.compile(
    r"<(article|blockquote|div|h[1-6]|header|main|ol|p|section|strong|table|ul)\b[^<>]*>.*?</\1\s*>",
    re.I | re.S,
)
_JSON_START = re.compile(r"[\s\ufeff]*(?:\{\s*\"|\[\s*[{\"])")
_TAG = re.compile(
    r"</?(?:a|article|aside|b|blockquote|body|br|center|d[dlt]|div|em|figure|font|footer|form|h[1-6]"
    r"|header|hr|i|img|li|link|main|meta|nav|ol|p|script|section|span|strong|table|tbody|td|th|tr|ul)"
    r"\b[^<>]*>",
    re.I,
)
_CODE = re.compile(
    r"<!--.*?(?:-->|\Z)|<(pre|script|style|textarea)\b[^<>]*>.*?(?:</\1[^<>]*>|\Z)"
    r"|^[^\S\n]*(```|~~~).*?(?:^[^\S\n]*\2|\Z)|`[^`\n]*`",
    re.I | re.M | re.S,
)
"""What neither HTML nor Markdown shows as text with markup: comments, scripts, code."""
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n\s*\n")
_PARTING = re.compile(r"<(?:p|br)\s*/?>", re.I)
"""Alone between blank lines, it parts two paragraphs of an old page."""
_UNCLOSED = re.compile(r"^\s*<(?:p|li|d[dt]|t[dr])\b[^<>]*>|<(?:p|br)\s*/?>\s*$", re.I)
"""A line with a tag that many authors never close."""
_BREAK = r"<(?:/?p|br)\b[^<>]*>"
_BREAKS = re.compile(rf"{_BREAK}(?:\s*{_BREAK})*", re.I)
_AROUND_CODE = frozenset("`'\"()|")
_MARKDOWN = re.compile(r"^[^\S\n]*(?:[#>|*+-]|\d+[.)]\s)", re.M)
"""A line of Markdown, in which `<br>` is common."""
_BEFORE_WORD, _AFTER_WORD = tuple(" ([`'\"“‘"), tuple(" )]`'\"”’.,;:!?")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")


def is_binary(data: bytes) -> bool:
    """Whether a file begins as images, archives and documents do, and is no text."""
    return _MAGIC.match(data) is not None


def packed_as(data: bytes) -> str | None:
    """How a file is packed; None if it is not, or cleaner has no word for it."""
    return next((name for magic, name in _PACKED.items() if data.startswith(magic)), None)


def is_feed(text: str) -> bool:
    """Whether a text is RSS, Atom or a sitemap: XML that names pages, or holds many."""
    return _FEED.match(text, 0, _FEED_HEAD) is not None


def looks_like_html(text: str) -> bool:
    """Tell HTML from text that mentions tags, and from Markdown that has some HTML in it."""
    if _MARKUP_START.match(text):
        return True
    if "<" not in text or _JSON_START.match(text):
        return False
    head = _LINE_END.sub("\n", text[: 16 * _LOOKED_AT])
    head = _LONG_VALUE.sub("", head)
    head = _CODE.sub("", head)[:_LOOKED_AT]
    head = _TAG.sub(lambda tag: " ".join(tag[0].split()), head).strip()
    if _MARKUP_START.match(head):  # behind comments and scripts
        return True
    if not head:
        return text.lstrip("\ufeff \t\r\n").startswith("<")
    # HTML does not show blank lines: what they alone divide into paragraphs is text.
    paragraphs = [paragraph.strip() for paragraph in _BLANK_LINES.split(head)]
    counts = [_count_tags(paragraph) for paragraph in paragraphs]
    tags = sum(counts)
    plain = sum(
        not count and not paragraph.startswith("<")
        for paragraph, count in zip(paragraphs, counts, strict=True)
    )
    parting = sum(_PARTING.fullmatch(paragraph) is not None for paragraph in paragraphs)
    if not tags or plain * 2 > len(paragraphs) + parting:
        return False
    start = text.lstrip()
    if start.startswith("<!--") or (start.startswith("<") and text.rstrip().endswith(">")):
        return True
    if _ELEMENT_START.match(head):
        return True
    if tags >= 4 and tags * 300 > len(head) and "</" in head:
        return True
    lines = [line for line in head.split("\n") if line.strip()]
    if tags >= 2 * len(lines) and _only_breaks(head):
        return True
    unclosed = sum(_UNCLOSED.search(line) is not None for line in lines)
    return unclosed > 1 and unclosed * 2 >= len(lines)


def _count_tags(text: str) -> int:
    """Tags that are not words of a sentence or of code: markup touches the text that it marks."""
    return sum(
        not (
            text[tag.start() - 1 : tag.start()] in _BEFORE_WORD
            and text[tag.end() : tag.end() + 1] in _AFTER_WORD
        )
        for tag in _TAG.finditer(text)
    )


def _only_breaks(text: str) -> bool:
    """Whether all tags of a text are `<p>` and `<br>` that touch the words they part."""
    breaks = [
        text[max(0, found.start() - 1) : found.start()] + text[found.end() : found.end() + 1]
        for found in _BREAKS.finditer(text)
    ]
    return (
        "<" not in _BREAKS.sub("", text)
        and not _MARKDOWN.search(text)
        and len(breaks) > 1
        and all(around.strip() and not set(around) & _AROUND_CODE for around in breaks)
    )


def looks_like_text(text: str) -> bool:
    """False for binary data: over a tenth of control and replacement characters at the start."""
    head = text[:8192]
    return len(_CONTROL.findall(head)) <= max(2, len(head) // 10)
