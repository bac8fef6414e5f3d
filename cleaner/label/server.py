"""The labelling page over HTTP, for this machine only.

    GET  /TOKEN/          page.html, page.js, page.css
    GET  /TOKEN/pages     labels, and the names of all pages
    GET  /TOKEN/pages/7   a page: blocks with labels and proposals
    POST /TOKEN/pages/7   {"labels": [one a block], "marks": [places of spam], "version": that of
                          the page}: save it, unless another version lies there by now

Other programs and web sites must not reach the pages, nor write labels: the server
listens on the loopback interface alone, every path begins with a random token, and the
Host header must name this server, against names that are made to resolve to 127.0.0.1 (DNS
rebinding). The browser names pages by number and never sends a path.
"""

from __future__ import annotations

import json
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from http.client import HTTP_PORT
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from cleaner.errors import CleanerError, InputError
from cleaner.label.session import ConflictError, Session

HOST = "127.0.0.1"
MAX_BODY = 8 << 20
"""Bytes of labels that are read: half a million blocks."""
_FILES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "": ("page.html", "text/html"),
        "page.js": ("page.js", "text/javascript"),
        "page.css": ("page.css", "text/css"),
    }
)
_PAGE = re.compile(r"pages/([0-9]{1,9})")
_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
)


class LabelServer(ThreadingHTTPServer):
    """Serves one session; raises `InputError` when it cannot have the port (0: any free one)."""

    daemon_threads = True

    def __init__(self, session: Session, port: int = 0) -> None:
        self.session = session
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__((HOST, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(
                f"port {port}: {reason}; give another one, or leave --port out for any free one"
            ) from error
        names = {HOST, "localhost"}
        self.hosts = {f"{name}:{self.server_port}" for name in names}
        if self.server_port == HTTP_PORT:  # which clients leave out
            self.hosts |= names

    @property
    def address(self) -> str:
        """Where the labelling page is."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what went wrong in a request, unless nobody waits for its answer any more."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Refused(Exception):
    """Ends a request with a status and a reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: LabelServer
    timeout = 30  # seconds: a request that is never ended holds a thread no longer

    def do_GET(self) -> None:
        """Answer with a file of the labelling page, or with data."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Save a page."""
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: only the command line prints."""

    def _answer(self, respond: Callable[[str], tuple[bytes, str]]) -> None:
        try:
            content, kind = respond(self._path())
            status = 200
        except (_Refused, CleanerError, OSError) as error:
            status = 409 if isinstance(error, ConflictError) else 500
            if isinstance(error, _Refused):
                status = error.status
            content, kind = _json({"error": str(error)})
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _path(self) -> str:
        """The path behind the token; refuses what may come from elsewhere."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            raise _Refused(403, "this host is not served; use the address that was printed")
        token, _, path = self.path.removeprefix("/").partition("/")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise _Refused(403, "wrong token; use the address that was printed")
        return path

    def _get(self, path: str) -> tuple[bytes, str]:
        if path in _FILES:
            name, kind = _FILES[path]
            return (files("cleaner.label") / name).read_bytes(), kind
        if path == "pages":
            return _json(self.server.session.overview())
        return _json(self.server.session.view(self._number(path)).to_dict())

    def _post(self, path: str) -> tuple[bytes, str]:
        number = self._number(path)
        size = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,18}", size):
            raise _Refused(411, "the length of the labels is not given")
        if int(size) > MAX_BODY:
            raise _Refused(413, f"more than {MAX_BODY} bytes of labels")
        try:
            choices = _choices(json.loads(self.rfile.read(int(size))))
            version = self.server.session.save(number, *choices)
        except (ValueError, RecursionError) as error:
            raise _Refused(400, str(error)) from error
        return _json({**self.server.session.overview(), "version": version})

    def _number(self, path: str) -> int:
        found = _PAGE.fullmatch(path)
        if found is None or int(found[1]) >= len(self.server.session.tasks):
            raise _Refused(404, "no such page")
        return int(found[1])


def _choices(data: Any) -> tuple[list[str], list[str], str]:
    """Labels, marks and version of a request; `ValueError` for anything else."""
    if not isinstance(data, dict):
        data = {}
    labels, marks, version = data.get("labels"), data.get("marks"), data.get("version")
    if not (
        isinstance(labels, list)
        and isinstance(marks, list)
        and isinstance(version, str)
        and all(isinstance(text, str) for text in [*labels, *marks])
    ):
        raise ValueError('expected {"labels": [texts], "marks": [places], "version": text}')
    return labels, marks, version


def _json(data: Any) -> tuple[bytes, str]:
    # ASCII, with lone surrogates escaped: any text of a page goes through.
    return json.dumps(data).encode("ascii"), "application/json"
