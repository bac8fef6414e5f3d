"""Other people's ways to clean a page, each as one function from page to `Output`.

Systems for HTML take the page as served (`bytes`, each system decodes as it does
by itself) or as `str`; systems for text take plain text, UTF-8 if `bytes`.
`SYSTEMS` lists them; `installed` says which of them can run here.

Settings are each project's defaults, except where a function says otherwise
because its figures here are better for it. `trafilatura.extract(deduplicate=True)` is
never used: it keeps state between calls, so its output depends on page order.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from types import MappingProxyType

import joblib

from cleaner.render import join_lines, wrap
from cleaner.render import render as rendered

CACHE = Path(__file__).resolve().parent / ".cache"
"""Outputs of `SLOW` systems, by release and page; delete it after a change to one of them."""
SLOW = ("trafilatura", "readability")


@dataclass(frozen=True, slots=True)
class Output:
    """What a system makes of a page: the article, and reader comments if it has such a class."""

    text: str
    comments: tuple[str, ...] = ()


System = Callable[[bytes | str], Output]


def decoded(page: bytes | str) -> str:
    """The page as text, decoded by Resiliparse's detector (declared charset, then content)."""
    if isinstance(page, str):
        return page
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    return bytes_to_str(page, detect_encoding(page) or "utf-8")


def plain(page: bytes | str) -> str:
    """A plain text as `str`."""
    return page if isinstance(page, str) else page.decode()


def trafilatura(page: bytes | str) -> Output:
    """`trafilatura.bare_extraction` with its defaults: article and comments apart."""
    import trafilatura as peer

    document = peer.bare_extraction(page, include_comments=True)
    if document is None or isinstance(document, dict):
        return Output("")
    return Output(document.text or "", (document.comments,) if document.comments else ())


def resiliparse(page: bytes | str) -> Output:
    """Resiliparse's main-content rules, without comments and texts that replace images."""
    from resiliparse.extract.html2text import extract_plain_text

    text = extract_plain_text(decoded(page), main_content=True, comments=False, alt_texts=False)
    return Output(text)


def readability(page: bytes | str) -> Output:
    """readability-lxml's summary, as the text of its elements, a line per element."""
    import logging

    import lxml.html
    from lxml.etree import ParserError
    from readability import Document

    logging.getLogger("readability").setLevel(logging.CRITICAL)  # it logs what it then raises
    try:
        summary = Document(decoded(page)).summary(html_partial=True)  # it takes no bytes any more
        body = lxml.html.fromstring(summary)
    except (ParserError, ValueError):  # on empty pages; readability's Unparseable is a ValueError
        return Output("")
    return Output("\n".join(piece.strip() for piece in body.itertext() if piece.strip()))


def keep_all(page: bytes | str) -> Output:
    """Everything a reader sees, by Resiliparse: the floor for precision."""
    from resiliparse.extract.html2text import extract_plain_text

    return Output(extract_plain_text(decoded(page), alt_texts=False))


def keep_all_lines(page: bytes | str) -> Output:
    """A plain text, unchanged."""
    return Output(plain(page))


_ENDS = (".", "?", "!", '"', "'")
_POLICY = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)


def c4_lines(page: bytes | str) -> Output:
    """C4's line rules (Raffel et al. 2020), as in datatrove's `C4QualityFilter`.

    A line stays when it ends in terminal punctuation (not an ellipsis), has at
    least three words (datatrove's default; the paper's text says five), and
    names neither JavaScript nor a cookie or privacy policy nor lorem ipsum. The
    rules that drop whole documents are left out: a cleaner returns something
    for every page.
    """
    kept = []
    for line in plain(page).split("\n"):
        stripped = line.strip()
        lowered = stripped.lower()
        if (
            stripped.endswith(_ENDS)
            and not stripped.endswith("...")
            and len(stripped.split()) >= 3
            and "javascript" not in lowered
            and "lorem ipsum" not in lowered
            and not any(phrase in lowered for phrase in _POLICY)
        ):
            kept.append(stripped)
    return Output("\n".join(kept))


def justext_lines(page: bytes | str) -> Output:
    """jusText (Pomikálek 2011) with each line as a paragraph and the English stop words."""
    import justext

    lines = [line for line in plain(page).split("\n") if line.strip()]
    markup = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    try:
        paragraphs = justext.justext(
            f"<html><body>{markup}</body></html>", justext.get_stoplist("English")
        )
    except Exception:  # lxml refuses control characters and empty documents
        return Output("")
    return Output("\n".join(p.text for p in paragraphs if not p.is_boilerplate))


def render(page: bytes | str) -> str:
    """The plain text of an HTML page as crawl corpora carry it: all that Resiliparse renders."""
    return re.sub(r"\n{3,}", "\n\n", rendered(decoded(page), "resiliparse"))


TEXTS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "text": render,
        "text-inscriptis": lambda page: rendered(page, "inscriptis"),
        "text-html2txt": lambda page: rendered(page, "trafilatura_html2txt"),
        "text-wrapped": lambda page: wrap(render(page), 78),
        "text-single-line": lambda page: join_lines(render(page)),
    }
)
"""Name of a set → the plain text of a decoded HTML page in it."""

WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|\w+")
"""A word; a character in scripts without spaces (a whole clause of them is one `\\w+`)."""

SYSTEMS: Mapping[str, Mapping[str, System]] = MappingProxyType(
    {
        "html": {
            "trafilatura": trafilatura,
            "resiliparse": resiliparse,
            "readability": readability,
            "keep_all": keep_all,
        },
        "text": {"keep_all": keep_all_lines, "c4": c4_lines, "justext": justext_lines},
    }
)
"""Kind of page → name of a system → the system."""

NAMES = tuple(dict.fromkeys(name for systems in SYSTEMS.values() for name in systems))

PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        "trafilatura": "trafilatura",
        "resiliparse": "resiliparse",
        "readability": "readability-lxml",
        "justext": "justext",
    }
)
"""Name of a system → the distribution on PyPI that it needs."""


def installed(kind: str) -> list[str]:
    """Names of the systems for a kind of page whose package is installed."""

    def found(package: str) -> bool:
        try:
            distribution(package)
        except PackageNotFoundError:
            return False
        return True

    return [s for s in SYSTEMS[kind] if s not in PACKAGES or found(PACKAGES[s])]


def output(system: str, kind: str, release: str, digest: str, page: bytes) -> Output:
    """One system's output for one page; all but `page` is the key of the cache."""
    return SYSTEMS[kind][system](page)


def outputs(system: str, kind: str, pages: Sequence[bytes], n_jobs: int = 1) -> list[Output]:
    """One system's output for each page, from the cache if the system is a slow one."""
    run = output
    if system in SLOW:
        run = joblib.Memory(CACHE, verbose=0).cache(output, ignore=["page"])
    release = version(PACKAGES[system]) if system in PACKAGES else "-"
    made: list[Output] = joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(run)(system, kind, release, hashlib.sha256(page).hexdigest(), page)
        for page in pages
    )
    return made
