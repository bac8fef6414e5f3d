"""Web archives, WARC and WET, by FastWARC.

Pages are `response` and `resource` records that hold HTML or plain text, and the
`conversion` records of WET; answers with an error status, images, requests and the rest
are passed over. A record that is damaged costs that record: reading goes on at the next
place that looks like the beginning of one.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import IO, Any

from cleaner.errors import InputError
from cleaner.io.columns import Columns
from cleaner.io.record import (
    MAX_PAGE,
    READ_ERRORS,
    Item,
    Record,
    Source,
    is_refusal,
    open_input,
    optional,
    reason,
    too_large,
    unpacked,
)

SUFFIXES = (".warc", ".wet")

_STARTS = (re.compile(rb"\x1f\x8b\x08"), re.compile(rb"WARC/[01]\.\d\r?\n"))
"""How a record begins: as a gzip member of its own, or plain."""
_WANTED = ("response", "resource", "conversion")
_TYPES = ("text/html", "application/xhtml+xml", "text/plain")
_WINDOW = 1 << 20
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]+)[ \t]*(?:;[^\r\n]*)?\r\n")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_STATUS = re.compile(rb"HTTP/\S*[ \t]+(\d{3})(?!\d)")
_CUT_SHORT = "it is cut short"


def items(source: Source) -> Iterator[Item]:
    """The pages of an archive."""
    assert source.path is not None
    try:
        # FastWARC unpacks by itself: it must see where each gzip member begins.
        with open_input(source.path, unpack=False) as (stream, tell):
            yield from records(source.name, stream, tell, seekable=True)
    except OSError as error:
        why, refused = reason(error), is_refusal(error)
        yield Item("warc", source.name, "byte 0", None, 0, source.size, why, refused)


def record(item: Item, columns: Columns) -> Record:
    """The page in a record, its headers under `warc`."""
    found, http, data = item.raw
    headers = _by_name(found)
    place = f"{item.input}:{item.position.removeprefix('byte ')}"
    name = headers.get("warc-record-id", place)
    url = headers.get("warc-target-uri")
    if url is not None:  # WARC 1.0 has brackets around it, and wget writes them
        url = url.strip().removeprefix("<").removesuffix(">")
    fields = {"id": name, "url": url, "date": headers.get("warc-date"), "warc": found}
    try:
        data = _decoded(data, http)
    except (ValueError, InputError, *READ_ERRORS) as error:
        return Record(name, url=url, fields=fields, error=f"broken HTTP body: {reason(error)}")
    if len(data) > MAX_PAGE:
        return Record(name, url=url, fields=fields, error=too_large())
    is_conversion = _kind(headers) == "conversion"  # which is UTF-8 wherever it came from
    is_text = is_conversion or _content_type(headers, http).startswith("text/plain")
    page = data.decode("utf-8", "replace") if is_conversion else _by_header(data, http or headers)
    return Record(name, page, "text" if is_text else "auto", url, fields)


def records(
    name: str, stream: IO[bytes], tell: Callable[[], int], *, seekable: bool
) -> Iterator[Item]:
    """The pages of a stream. Behind a broken record one that is not seekable ends."""
    warc = optional("fastwarc.warc", "WARC files")
    behind = 0  # just after the beginning of the last record that could be read
    pages = 0
    while True:
        broken: int | None = None
        why, refused = "the file ends inside it", False
        try:
            for found in warc.ArchiveIterator(stream, parse_http=False):
                begin = broken = found.stream_pos
                names = _joined_by_name(found.headers.items())
                headers = _by_name(names)
                if "content-length" not in headers:
                    why = "its length is missing"
                    break
                if "Content-Length" not in names and not found.content_length:
                    why = "its length is not called Content-Length"  # as FastWARC 2 wants it
                    break
                is_wanted = _kind(headers) in _WANTED
                expected = found.content_length
                if expected > MAX_PAGE:
                    if is_wanted:
                        yield _lost(name, begin, tell(), too_large())
                    found.reader.consume()
                elif len(data := found.reader.read()) < expected:
                    why = "it is shorter than it says"
                    break
                elif is_wanted:
                    status, http, body = _answer(data) if _is_http(headers) else (0, {}, data)
                    if _is_page(status, _content_type(headers, http)):
                        pages += 1
                        raw = (names, http, body)
                        yield Item("warc", name, f"byte {begin}", raw, len(body), tell())
                behind, broken = begin + 1, None
            else:
                if not (seekable and _ends_inside(stream, max(0, behind - 1))):
                    return
        except BaseException as error:
            if not _is_failure(error):
                raise
            why, refused = reason(error), is_refusal(error)
        following = None
        if seekable:
            start = behind if broken is None else broken + 1
            following = _next_record(stream, start, warc)
            if broken is None:
                broken = _next_start(stream, behind)
        if following is None:
            why += f"; nothing behind it can be read, the {pages} pages before it were"
        elif broken is None or broken >= following:
            broken = behind
        lost = _lost(name, behind if broken is None else broken, tell(), why)
        yield lost._replace(refused=refused)
        if following is None:
            return
        behind = following
        stream.seek(following)


def _ends_inside(stream: IO[bytes], start: int) -> bool:
    """Whether the last gzip member, from `start` on, is cut short.

    FastWARC passes over what is too short to be a record.
    """
    stream.seek(start)
    member = None
    while block := stream.read(_WINDOW):
        while block:
            if member is None and not block.startswith(b"\x1f"):
                return False  # no gzip, or padding behind the last member
            member = member or zlib.decompressobj(31)
            try:
                while block and not member.eof:
                    member.decompress(block, _WINDOW)
                    block = member.unconsumed_tail or member.unused_data
            except zlib.error:
                return False  # broken, and said so before
            if member.eof:
                member = None
    return member is not None


def _is_failure(error: BaseException) -> bool:
    """Whether FastWARC could not read on; a panic of its Rust code derives from nothing else."""
    return isinstance(error, OSError | ValueError) or type(error).__name__ == "PanicException"


def _lost(name: str, position: int, read: int, why: str) -> Item:
    return Item("warc", name, f"byte {position}", read=read, error=f"broken record: {why}")


def _next_record(stream: IO[bytes], start: int, warc: Any) -> int | None:
    """Where the next record begins that can be read."""
    while (at := _next_start(stream, start)) is not None:
        stream.seek(at)
        try:
            found = next(iter(warc.ArchiveIterator(stream, parse_http=False)), None)
            if (
                found is not None
                and found.stream_pos == at
                and found.headers.get("Content-Length") is not None
                and (found.content_length > MAX_PAGE or _whole(found))
            ):
                return at
        except BaseException as error:
            if not _is_failure(error):
                raise
        start = at + 1
    return None


def _whole(found: Any) -> bool:
    expected: int = found.content_length  # as long as nothing is read
    return len(found.reader.read()) == expected


def _next_start(stream: IO[bytes], start: int) -> int | None:
    """The first place from `start` on that looks like the beginning of a record."""
    overlap = 16
    while True:
        stream.seek(start)
        window = stream.read(_WINDOW)
        places = [match.start() for form in _STARTS if (match := form.search(window))]
        if places:
            return start + min(places)
        if len(window) < _WINDOW:
            return None
        start += _WINDOW - overlap


def _answer(data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an HTTP answer, 0 for no status; without a head it is all body.

    FastWARC's own parser takes all of an answer whose lines end in a bare LF for its head.
    """
    if not data.startswith(b"HTTP/"):
        return 0, {}, data
    end = _HEAD_END.search(data)
    head = data[: end.start()] if end else data
    status = _STATUS.match(head)
    lines = _FOLDED.sub(b" ", head).decode("latin-1").split("\n")[1:]
    fields = (line.partition(":") for line in lines)
    http = {name.strip().lower(): value.strip() for name, _, value in fields}
    return int(status[1]) if status else 0, http, data[end.end() :] if end else b""


def _is_page(status: int, content_type: str) -> bool:
    return status < 300 and (not content_type or content_type.startswith(_TYPES))


def _joined_by_name(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers that may come several times, such as those of concurrent records, in one line."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _by_name(headers: dict[str, str]) -> dict[str, str]:
    """Headers by their names in lower case, as these may be written in any."""
    return {name.lower(): value for name, value in headers.items()}


def _kind(headers: dict[str, str]) -> str:
    return headers.get("warc-type", "").strip().lower()


def _own_type(headers: dict[str, str]) -> str:
    return headers.get("content-type", "").strip().lower()


def _is_http(headers: dict[str, str]) -> bool:
    """Whether a record holds an answer with its HTTP headers; that of a name server has none.

    Where no type is given, the answer itself tells.
    """
    own = _own_type(headers)
    return _kind(headers) == "response" and (not own or own.startswith("application/http"))


def _content_type(headers: dict[str, str], http: dict[str, str]) -> str:
    """The media type of the page, in lower case; empty if nothing tells."""
    return _own_type(http if _is_http(headers) else headers)


def _decoded(data: bytes, http: dict[str, str]) -> bytes:
    """The body without content and transfer encodings; crawlers that leave these in are rare.

    More of them undo an encoding and keep its header: what does not look encoded stays as it is.
    """
    listed = f"{http.get('content-encoding', '')},{http.get('transfer-encoding', '')}"
    for coding in reversed(listed.lower().split(",")):
        data = _undone(data, coding.strip())
    return data


def _undone(data: bytes, coding: str) -> bytes:
    if coding in ("", "identity"):
        return data
    if coding == "chunked":
        return _joined(data)
    if coding in ("gzip", "x-gzip"):
        return _inflated(data, 31) if data.startswith(b"\x1f\x8b") else data
    if coding == "zstd":
        return _unzstd(data) if data.startswith(b"\x28\xb5\x2f\xfd") else data
    if coding == "deflate":
        try:
            return _inflated(data, 15 if data[:1] == b"\x78" else -15)
        except (ValueError, zlib.error):
            if not _is_text(data):
                raise
    if not _is_text(data):
        raise ValueError(f"its encoding {coding} is not read")
    return data


def _is_text(data: bytes) -> bool:
    """Whether bytes look like text, and not like compressed data."""
    try:
        data.decode("utf-8")
        return True
    except UnicodeDecodeError:
        return not _CONTROL.search(data, 0, 1_000)


def _inflated(data: bytes, window: int) -> bytes:
    """What one or more gzip members hold, or deflated data; little more than `MAX_PAGE`."""
    parts: list[bytes] = []
    free = MAX_PAGE + 1
    while True:
        unpacking = zlib.decompressobj(window)
        parts.append(unpacking.decompress(data, free))
        free -= len(parts[-1])
        data = unpacking.unused_data
        if not free or (unpacking.eof and not data.startswith(b"\x1f\x8b")):
            return b"".join(parts)
        if not unpacking.eof:
            raise ValueError(_CUT_SHORT)


def _unzstd(data: bytes) -> bytes:
    return unpacked(BytesIO(data), ".zst").read(MAX_PAGE + 1)


def _joined(data: bytes) -> bytes:
    """The chunks of a body; one without them as it is, even if it begins with a line `Face`."""
    chunks: list[bytes] = []
    at = 0
    while match := _CHUNK_SIZE.match(data, at):
        size = int(match[1], 16)
        if not size:
            return b"".join(chunks)
        chunks.append(data[match.end() : match.end() + size])
        at = match.end() + size + 2
        if data[at - 2 : at] != b"\r\n":
            is_markup = chunks[0].lstrip().startswith(b"<")
            if len(chunks) == 1 and not is_markup and _is_text(data):
                return data
            break
    if not chunks:
        return data
    raise ValueError(_CUT_SHORT)


def _by_header(data: bytes, headers: dict[str, str]) -> str | bytes:
    """Text by the character set of the Content-Type where the bytes agree, else the bytes.

    The header alone knows the encoding of many pages; and it is often wrong, which
    the page's own declaration and content then tell.
    """
    match = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", headers.get("content-type", ""), re.I)
    if match is None:
        return data
    from cleaner.segment.decode import codec_of  # late: all of the segmentation comes with it

    label = match[1].lower()
    with suppress(LookupError, UnicodeError):
        name = codecs.lookup(label).name
        if name in ("iso8859-1", "ascii"):  # the usual default of servers: no evidence
            return data
        if name.startswith("utf-16"):
            return data.decode(name)
    with suppress(UnicodeError):
        if found := codec_of(label):
            return data.decode(found)
    return data
