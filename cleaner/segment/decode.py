"""Bytes to text, as a browser would, and what kind of text it is."""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.I
)
# The WHATWG Encoding Standard reads these labels as the larger set that pages really use.
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_NOT_FOR_PAGES = {"utf-7", "idna", "punycode", "raw-unicode-escape", "unicode-escape"}
"""Encodings that Python knows, that hold ASCII, and that no browser reads a page by."""
_MAGIC = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\3\4", b"\x1f\x8b", b"\x7fELF")
_PRESCAN = 1 << 16
"""Bytes in which a charset is declared; browsers read a page again when they meet one later."""
_DETECT = 1 << 16
_MARKUP_START = re.compile(
    r"[\s\ufeff]*<(?:!doctype\s+html|html|head|body|meta\s|title>|link\s|!--|\?xml[^>]*>\s*<(?:!doctype|html))",
    re.I,
)
_TAG = re.compile(
    r"</?(?:a|article|b|blockquote|body|br|div|em|footer|form|h[1-6]|header|hr|i|img|li|main|nav|ol|p"
    r"|script|section|span|strong|table|tbody|td|th|tr|ul)\b[^<>]*>",
    re.I,
)
# No character of two bytes has one of these as its second.
_PIECE = re.compile(rb"[^<>\r\n]+")
_FENCED = re.compile(r"^```.*?^```", re.S | re.M)
"""Code in Markdown."""
_BEFORE_WORD, _AFTER_WORD = tuple(" ([`'\"“‘"), tuple(" )]`'\"”’.,;:!?")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")


def decode(data: bytes) -> str:
    """Decode a page by byte order mark, valid UTF-8, declared charset or detection, in that order.

    UTF-8 goes before the declaration: other encodings hardly ever form it by chance, while
    wrong declarations are common. A few bytes that are not UTF-8 (a comment pasted into the
    template, a page cut short) do not change that; they become U+FFFD.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data.decode(name, "replace").removeprefix("\ufeff")
    wide = _utf16(data[:2000])
    if wide:
        return data.decode(wide, "replace")
    declared = _declared(data)
    if declared != "iso2022_jp":  # 7-bit, so valid UTF-8 as well
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            cut_short = error.start >= len(data) - 4
        text = data.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        intact = len(text) - broken - len(text.encode("ascii", "ignore"))
        stray = declared == "utf-8" and broken * 50 <= len(text)
        if cut_short or stray or broken * 4 <= intact:
            return text
    if declared and declared != "utf-8":
        return data.decode(declared, "replace")
    return data.decode(_detect(data), "replace")


def is_binary(data: bytes) -> bool:
    """Whether a file begins as images, archives and documents do."""
    return data.startswith(_MAGIC)


def _utf16(head: bytes) -> str:
    """UTF-16 of a page without a mark, or "": every other byte of its ASCII is zero."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 20 <= len(head) or min(even, odd) * 20 > max(even, odd):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _declared(data: bytes) -> str | None:
    match = _DECLARED.search(data, 0, _PRESCAN)
    if not match:
        return None
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
    except (LookupError, UnicodeDecodeError):
        return None
    # The declaration itself was read as ASCII; Python's -sig only takes a mark away.
    if name.startswith(("utf-16", "utf-32", "utf-8-sig")):
        return "utf-8"
    try:
        plain = b"<meta".decode(name) == "<meta"
    except (LookupError, UnicodeError):  # a codec that is not a text encoding
        plain = False
    if not plain or name in _NOT_FOR_PAGES:
        return None
    return _SUPERSETS.get(name, name)


def _detect(data: bytes) -> str:
    """The likeliest encoding of the web's; cp1252, its most common one, where nothing fits.

    Told by the texts and lines that are not ASCII alone: markup and scripts would outweigh them.
    """
    import chardet
    from chardet import EncodingEra

    telling: list[bytes] = []
    size = 0
    for match in _PIECE.finditer(data):
        if not match[0].isascii():
            telling.append(match[0])
            size += len(match[0])
            if size >= _DETECT:
                break
    eras = EncodingEra.MODERN_WEB | EncodingEra.LEGACY_ISO
    found = chardet.detect(b"\n".join(telling)[:_DETECT], encoding_era=eras)["encoding"]
    try:
        name = codecs.lookup(found or "cp1252").name
    except LookupError:  # one that Python does not have
        return "cp1252"
    return _SUPERSETS.get(name, name)


def looks_like_html(text: str) -> bool:
    """Tell HTML from plain text that merely mentions a tag."""
    if _MARKUP_START.match(text):
        return True
    head = text[:_DETECT]
    found = list(_TAG.finditer(head))
    if not found:
        return False
    if text.lstrip().startswith("<") and text.rstrip().endswith(">"):
        return True
    fenced = [match.span() for match in _FENCED.finditer(head)]
    tags = sum(
        not (
            # A word of a sentence or of code: markup touches the text that it marks.
            head[tag.start() - 1 : tag.start()] in _BEFORE_WORD
            and head[tag.end() : tag.end() + 1] in _AFTER_WORD
        )
        and not any(start < tag.start() < end for start, end in fenced)
        for tag in found
    )
    return tags >= 4 and tags * 300 > len(head) and "</" in head


def looks_like_text(text: str) -> bool:
    """False for binary data: over a tenth of control and replacement characters at the start."""
    head = text[:8192]
    return len(_CONTROL.findall(head)) <= max(2, len(head) // 10)
