"""What readers yield and writers take, and how files are opened and put in place.

A reader has two halves. `items` runs in the process that supervises a run: it cuts an
input into pages without looking into them. `record` runs in a worker, where a page may
do harm: it turns one item into a `Record`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from cleaner.errors import InputError, RunError
from cleaner.types import Kind

READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a file can raise: no permission, a broken or truncated archive, …"""

MAX_PAGE = 64 << 20
"""Bytes of a page, or of the line or record around it, that are read; a larger one is an error."""

PACKED = (".gz", ".zst")
MAX_NAME = 255
"""Bytes of a file name, on most systems."""
_BLOCK = 8192
"""Compressed bytes unpacked at a time: a few kilobytes of zstd can hold a gigabyte of zeros."""


class Item(NamedTuple):
    """One page as it lies in an input, not yet looked into."""

    format: str
    """Name of the `Format` that can read `raw`."""
    input: str
    """Name of the file, below the folder that was given."""
    position: str
    """Place in that file, such as `line 12`; empty where the file is the page."""
    raw: Any = None
    """A line, a row, a path: what `Format.record` takes."""
    size: int = 0
    """Bytes of `raw`, about."""
    read: int = 0
    """Bytes of the input that are behind the reader after this item."""
    error: str | None = None
    """Why there is no `raw`."""
    refused: bool = False
    """Whether that was no fault of the input: see `is_refusal`."""


@dataclass(frozen=True, slots=True)
class Record:
    """One page as it was found, or the reason why it could not be read."""

    id: str
    """What its corpus calls the page, or where it was found."""
    data: str | bytes = b""
    kind: Kind = "auto"
    url: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Every field that it came with, the page itself among them."""
    column: str | None = None
    """Field that holds the page; None where a page is not a field."""
    error: str | None = None
    """Why there is no `data`."""
    refused: bool = False
    """Whether that was no fault of the input: see `is_refusal`."""


@dataclass(frozen=True, slots=True)
class Source:
    """One input file, or standard input."""

    path: Path | None
    """None for standard input."""
    name: str
    """Path below the folder that was given, or the file's name; what errors call it."""
    target: str
    """Relative path of a text file made of it, when it holds one page."""

    @property
    def size(self) -> int:
        """Bytes; 0 where that is unknown."""
        try:
            return self.path.stat().st_size if self.path is not None else 0
        except OSError:
            return 0


def packing(path: Path | str) -> str:
    """`.gz`, `.zst`, or nothing: how the name says the file is compressed."""
    suffix = Path(path).suffix.lower()
    return suffix if suffix in PACKED else ""


def bare_name(path: Path | str) -> str:
    """File name without `.gz` or `.zst`."""
    path = Path(path)
    return path.stem if packing(path) else path.name


@contextmanager
def open_input(path: Path, *, unpack: bool = True) -> Iterator[tuple[IO[bytes], Callable[[], int]]]:
    """A stream of bytes, unpacked where the name says so.

    With it a function that tells how many bytes of the file lie behind the reader.
    """
    with path.open("rb", buffering=1 << 18) as raw:
        yield (unpacked(raw, packing(path)) if unpack else raw), raw.tell


def unpacked(raw: IO[bytes], form: str) -> IO[bytes]:
    """What a `.gz` or `.zst` stream holds; a stream of no such form as it is."""
    if form == ".gz":
        whole = cast(IO[bytes], gzip.GzipFile(fileobj=raw, mode="rb"))
        # Read to the end of a buffer, a file cut short would lose all that is in it.
        return io.BufferedReader(Unbuffered(whole), 1 << 18)
    if form == ".zst":
        return io.BufferedReader(_ZstdReader(raw), 1 << 18)
    return raw


class Unbuffered(io.RawIOBase):
    """Gives what a stream has at hand instead of waiting for more, and counts it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self.passed = stream, 0
        self._again = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def unread(self, data: bytes) -> None:
        """Take back what was read last, to be read again."""
        self._again = data + self._again
        self.passed -= len(data)

    def tell(self) -> int:
        """Bytes read so far; buffers above and FastWARC ask for it."""
        return self.passed

    def readinto(self, buffer: Any) -> int:
        """Read what is there, up to the size of the buffer."""
        read1 = getattr(self._stream, "read1", self._stream.read)
        size = len(buffer)
        data, self._again = self._again[:size], self._again[size:]
        data = data or read1(size)
        buffer[: len(data)] = data
        self.passed += len(data)
        return len(data)


class _ZstdReader(io.RawIOBase):
    """Unpacks all frames of a `.zst` file.

    Unlike `zstandard`'s own reader, which takes a file cut short for a whole one, it
    raises `EOFError` there, and `OSError` for bytes that are no zstd.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._zstd = stream, zstandard()
        self._frame: Any = None
        self._packed, self._unpacked = b"", memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._unpacked:
            if not self._packed:
                self._packed = self._stream.read(_BLOCK)
            if not self._packed:
                if self._frame is not None:
                    raise EOFError("the file ends inside a zstd frame")
                return 0
            if self._frame is None:
                # 2 GiB: the largest window that `zstd --long` makes.
                self._frame = self._zstd.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
            try:
                self._unpacked = memoryview(self._frame.decompress(self._packed))
            except self._zstd.ZstdError as error:
                raise OSError(f"broken zstd data ({error})") from error
            self._packed = b""
            if self._frame.eof:
                self._packed, self._frame = self._frame.unused_data, None
        count = min(len(buffer), len(self._unpacked))
        buffer[:count] = self._unpacked[:count]
        self._unpacked = self._unpacked[count:]
        return count


def read_whole(stream: IO[bytes]) -> bytes:
    """All of a stream; `OSError` if that is more than `MAX_PAGE`."""
    data = stream.read(MAX_PAGE + 1)
    if len(data) > MAX_PAGE:
        raise OSError(too_large())
    return data


def too_large() -> str:
    """Words for a page over the limit."""
    return f"larger than {MAX_PAGE >> 20} MB"


def hold(file: IO[bytes], output: Path) -> None:
    """Lock a file until it is closed; `RunError` if another run writes to `output` through it."""
    import fcntl  # not on Windows, where one page can be cleaned all the same

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunError(
            f"another run is writing to {output}; wait for it, or choose another output"
        ) from None


def open_held(path: Path, output: Path) -> IO[bytes]:
    """An empty file, locked as by `hold`. Remove or rename it before it is closed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        # Not cut to nothing before it is locked: another run may be writing to it.
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666), "wb")
        try:
            hold(file, output)
            with suppress(FileNotFoundError):
                # Between the two calls another run may have put its file in place.
                if os.path.samefile(file.fileno(), path):
                    file.truncate()
                    return file
        except BaseException:
            file.close()
            raise
        file.close()


class AtomicFile:
    """A file that appears under its name when it is whole, and safe on the disk.

    Written as `.NAME.part` in the same folder, by one run at a time, synced, renamed; then the
    folder is synced, without which a power cut may take the name back. Of a link, the target is
    written. The same bytes written give the same file, compressed or not: no time stamps.

    Raises:
        RunError: another run is writing to it.
    """

    def __init__(self, path: Path) -> None:
        path = Path(os.path.realpath(path)) if path.is_symlink() else path
        self.path = path
        self._made = [folder for folder in path.parents if not folder.exists()]
        self._part = path.with_name(_part_name(path.name))
        self._raw = open_held(self._part, path)
        self._packed: Any = None
        form = packing(path)
        try:
            if form == ".gz":
                # No file name and no time in the header.
                self._packed = gzip.GzipFile("", "wb", 6, self._raw, mtime=0)
            elif form == ".zst":
                compressor = zstandard().ZstdCompressor(level=3, write_checksum=True)
                self._packed = compressor.stream_writer(self._raw, closefd=False)
        except BaseException:
            self.abort()
            raise

    @property
    def stream(self) -> IO[bytes]:
        """Where to write."""
        return self._packed if self._packed is not None else self._raw

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self.stream.write(data)

    def commit(self, sync: bool = True) -> None:
        """Put the file in place; without `sync` the caller sees to that, for it and its folder."""
        try:
            if self._packed is not None:
                self._packed.close()
            self._raw.flush()
            if sync:
                os.fsync(self._raw.fileno())
            os.replace(self._part, self.path)
            self._raw.close()
        except BaseException:
            self.abort()
            raise
        if sync:
            sync_path(self.path.parent)

    def abort(self) -> None:
        """Leave no trace, nor the folders that were made for it."""
        if self._raw.closed:  # from then on the part is another run's
            return
        try:
            self._part.unlink(missing_ok=True)
            with suppress(OSError):  # something else is in one by now
                for folder in self._made:
                    folder.rmdir()
        finally:
            with suppress(OSError):
                # Flushes what is left, which fails again on a full disk.
                self._raw.close()


def _part_name(name: str) -> str:
    """Name for a file that is not whole yet; that of a long one is made of its hash."""
    part = f".{name}.part"
    if len(os.fsencode(part)) > MAX_NAME:
        part = f".{hashlib.sha256(os.fsencode(name)).hexdigest()}.part"
    return part


def sync_path(path: Path) -> None:
    """Make what was written to a file, or renamed in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def encode(text: str) -> bytes:
    """UTF-8; `?` for a lone surrogate, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace")


def reason(error: BaseException) -> str:
    """Words for an exception met while reading, on one line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__


def is_refusal(error: BaseException) -> bool:
    """Whether the system would not open or read a file, as it may the next time.

    What is raised for damaged data has no number.
    """
    return isinstance(error, OSError) and error.errno is not None


def zstandard() -> Any:
    """The module, or `InputError` that says how to get it."""
    return optional("zstandard", ".zst files")


def optional(module: str, what: str) -> Any:
    """Import a module that only some formats need."""
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InputError(
            f"{what} need {package}; install it with: pip install 'cleaner[corpus]'"
        ) from error
