"""Bytes to text, as a browser would."""

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
# Comments are matched to be passed over. One that never ends reaches to the end, as in browsers.
_DECLARATION = re.compile(
    rb"""<(?:
        !--.*?(?:(?<=--)>|\Z)
        |\?xml\s(?P<xml>[^>]{0,200})
        |meta[\s/](?P<meta>(?:[^>=]++|=\s*+(?:"[^"]*"?|'[^']*'?)?)*+)
    )""",
    re.I | re.S | re.X,
)
_ATTRIBUTE = re.compile(rb"""([^\s/=]++)(?:\s*=\s*("[^"]*"?|'[^']*'?|\S+))?""")
_LABEL = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.I)
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
# Its labels that Python does not know.
_LABELS = {
    **{f"iso8859{part}": f"iso8859-{part}" for part in range(1, 16)},
    **{f"x-cp125{page}": f"cp125{page}" for page in range(9)},
    **{
        label: name
        for name, labels in {
            "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
            "utf-16": "unicode csunicode ucs-2 iso-10646-ucs-2 unicodefeff unicodefffe",
            "cp1252": "x-user-defined",
            "cp874": "windows-874 dos-874",
            "iso8859-6": "csiso88596e csiso88596i iso-8859-6-e iso-8859-6-i",
            "iso8859-7": "sun_eu_greek",
            "iso8859-8": "csiso88598e csiso88598i iso-8859-8-e iso-8859-8-i logical visual",
            "iso8859-15": "csisolatin9",
            "koi8-r": "koi koi8",
            "mac-roman": "mac csmacintosh x-mac-roman",
            "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
            "gbk": "x-gbk csgb2312 gb_2312 gb_2312-80",
            "big5": "cn-big5 x-x-big5",
            "euc_jp": "x-euc-jp cseucpkdfmtjapanese",
            "shift_jis": "x-sjis windows-31j",
            "euc_kr": "windows-949 cseuckr csksc56011987 iso-ir-149 ks_c_5601-1989 ksc_5601",
        }.items()
        for label in labels.split()
    },
}
_SIGNS = frozenset(b"\n\r <>")
"""Bytes common in pages; beside a zero byte they encode no common character."""
_FEWEST_SIGNS = 4
_NOT_FOR_PAGES = {"utf-7", "idna", "punycode", "raw-unicode-escape", "unicode-escape"}
"""Encodings that Python knows, that hold ASCII, and that no browser reads a page by."""
_PRESCAN = 1 << 16
"""Bytes in which a charset is declared; browsers read a page again when they meet one later."""
_DETECT = 1 << 16
"""Bytes by which an encoding is detected."""
# No character of two bytes has one of these as its second.
_PIECE = re.compile(rb"[^<>\r\n]+")


def decode(data: bytes) -> str:
    """Decode a page by byte order mark, valid UTF-8, declared charset or detection, in that order.

    UTF-8 goes before the declaration: other encodings hardly ever form it by chance, while
    wrong declarations are common. A few bytes that are not UTF-8 (a comment pasted into the
    template, a page cut short) do not change that; they become U+FFFD. More may be so where
    UTF-8 is declared, but never most of what is not ASCII.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data.decode(name, "replace").removeprefix("\ufeff")
    wide = _utf16(data[:2000])
    if wide:
        return data.decode(wide, "replace")
    declared = _declared(data)
    if (b"\x1b$B" in data or b"\x1b$@" in data) and data.isascii():  # Japanese begins there
        declared = "iso2022_jp"
    if declared != "iso2022_jp":  # 7-bit, so valid UTF-8 as well
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            cut_short = error.reason == "unexpected end of data"
        text = data.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        intact = len(text) - broken - len(text.encode("ascii", "ignore"))
        if cut_short or broken * (1 if declared == "utf-8" else 4) <= intact:
            return text
    if declared and declared != "utf-8":
        return data.decode(declared, "replace")
    return data.decode(_detect(data), "replace")


def _utf16(head: bytes) -> str:
    """UTF-16 of a page without a mark, or "": every other byte of its ASCII is zero.

    So is one of 一 and of the ideographic space, on the other side: where both have some, ASCII
    that text holds tells the sides, and none of it may look like the other side's.
    """
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 20 <= len(head):
        return ""
    if min(even, odd) * 20 > max(even, odd):
        pairs = list(zip(head[0::2], head[1::2], strict=False))
        little = sum(high == 0 and low in _SIGNS for low, high in pairs)
        big = sum(high == 0 and low in _SIGNS for high, low in pairs)
        if (0, 0) in pairs or min(little, big) or max(little, big) < _FEWEST_SIGNS:
            return ""
        return "utf-16-le" if little else "utf-16-be"
    return "utf-16-le" if odd > even else "utf-16-be"


def _declared(data: bytes) -> str | None:
    """The first encoding that is declared and can be the page's."""
    for match in _DECLARATION.finditer(data, 0, _PRESCAN):
        label = _LABEL.search(match["xml"] or _charset(match["meta"] or b""))
        name = label and codec_of(label[1].decode("ascii").lower())
        if name:
            return name
    return None


def _charset(attributes: bytes) -> bytes:
    """What declares the charset among the attributes of a <meta>: descriptions may mention one."""
    values = {name.lower(): value for name, value in _ATTRIBUTE.findall(attributes)}
    if b"charset" in values:
        return b"charset=" + values[b"charset"]
    pragma = values.get(b"http-equiv", b"").strip(b"\"' ").lower()
    return values.get(b"content", b"") if pragma == b"content-type" else b""


def codec_of(label: str) -> str | None:
    """Python's name of the encoding that browsers read pages with this label by."""
    try:
        name = codecs.lookup(_LABELS.get(label, label)).name
    except LookupError:
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
