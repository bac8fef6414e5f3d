"""HTML to plain text, the ways published corpora are made.

Most corpora are sold as text whose HTML is gone. A model for such text is
trained on labelled HTML pages rendered by the same tools, so each renderer here
is one such tool, or imitates one. Only training and benchmarks use this module.
The tools are optional (`pip install 'cleaner[train]'`) and imported when called.
"""

from __future__ import annotations

import importlib.util
import textwrap
from collections.abc import Callable, Mapping
from types import MappingProxyType

from cleaner.errors import DataError
from cleaner.scripts import SPACELESS


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_SKIPPED = _tags("script style template noscript head iframe object svg math select")
_CONTAINERS = _tags(
    "address article aside blockquote body details dialog dl fieldset figure footer form header"
    " hgroup main nav ol section table ul div"
)
_BLOCKS = _CONTAINERS | _tags(
    "br caption dd dt figcaption h1 h2 h3 h4 h5 h6 hr legend li option p pre summary tbody td"
    " textarea tfoot th thead tr"
)


def _element_texts(html: str, breaks: frozenset[str], gap: str) -> list[str]:
    """Texts between the start and end tags in `breaks`; other block tags become `gap`.

    The walk follows pointers instead of recursing: scraped pages nest thousands deep.
    """
    from selectolax.lexbor import LexborHTMLParser

    texts: list[str] = []
    pieces: list[str] = []

    def boundary(tag: str) -> None:
        if tag in breaks:
            text = " ".join("".join(pieces).split())
            if text:
                texts.append(text)
            pieces.clear()
        elif tag in _BLOCKS:
            pieces.append(gap)

    root = LexborHTMLParser(html).body
    node, depth = root, 0
    while node is not None:
        tag = node.tag or ""
        if tag == "-text":
            pieces.append(node.text_content or "")
        else:
            boundary(tag)
        child = None if tag in _SKIPPED else node.child
        if child is not None:
            node, depth = child, depth + 1
            continue
        while node is not None and depth and node.next is None:
            node, depth = node.parent, depth - 1
            boundary(node.tag or "" if node is not None else "")
        node = node.next if node is not None and depth else None
    boundary("body")
    return texts


def _resiliparse(html: str) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    # Forums hold whole threads in <noscript>: without it a twelfth of wcxb loses its text.
    return str(extract_plain_text(html, main_content=False, noscript=True))


def _inscriptis(html: str) -> str:
    from inscriptis import get_text

    return str(get_text(html))


def _html2text(html: str) -> str:
    from html2text import HTML2Text

    converter = HTML2Text(bodywidth=0)
    return str(converter.handle(html))


def _trafilatura_html2txt(html: str) -> str:
    from trafilatura import html2txt

    return str(html2txt(html))


def _lines(html: str) -> str:
    return "\n".join(_element_texts(html, _BLOCKS, ""))


def _text_blank(html: str) -> str:
    return "\n\n".join(_element_texts(html, _BLOCKS, ""))


def _joined(html: str) -> str:
    return "\n".join(_element_texts(html, _CONTAINERS, " "))


RENDERERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "resiliparse": _resiliparse,
        "inscriptis": _inscriptis,
        "html2text": _html2text,
        "trafilatura_html2txt": _trafilatura_html2txt,
        "lines": _lines,
        "text_blank": _text_blank,
        "joined": _joined,
    }
)
"""Name → function from decoded HTML to plain text.

`resiliparse`, `inscriptis`, `html2text` (Markdown) and `trafilatura_html2txt`
are the tools of that name with everything they render. `lines` has one line for
each block element, as Common Crawl's WET files do; `text_blank` puts a blank
line between them; `joined` breaks lines at containers only, so that several
paragraphs share a line, as in `get_text(" ")` of one container after the other.
"""

_PACKAGES = {
    "resiliparse": "resiliparse",
    "inscriptis": "inscriptis",
    "html2text": "html2text",
    "trafilatura_html2txt": "trafilatura",
}


def available_renderers() -> tuple[str, ...]:
    """Names of the renderers whose packages are installed, in the order of `RENDERERS`."""
    return tuple(
        name
        for name in RENDERERS
        if name not in _PACKAGES or importlib.util.find_spec(_PACKAGES[name]) is not None
    )


def render(html: str, name: str) -> str:
    """Plain text of a decoded HTML page by the renderer `name`; equal input, equal output.

    Raises `DataError` when there is no such renderer or its package is not installed.
    """
    if name not in RENDERERS:
        raise DataError(f"no renderer named {name!r}; choose one of: {', '.join(RENDERERS)}")
    try:
        return RENDERERS[name](html)
    except ModuleNotFoundError as error:
        raise DataError(
            f"renderer {name!r} needs the package {error.name!r}; "
            "install it with: pip install 'cleaner[train]'"
        ) from error


def wrap(text: str, width: int) -> str:
    """Break every line at `width` characters; indentation is repeated, words stay whole.

    Lines in scripts without spaces break between characters instead.
    """
    return "\n".join(part for line in text.split("\n") for part in _wrap_line(line, width))


def _wrap_line(line: str, width: int) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())]
    if len(indent) >= width:
        return [line]
    wrapped = textwrap.wrap(
        line.strip(),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=SPACELESS.search(line) is not None,
        break_on_hyphens=False,
    )
    return wrapped or [""]


def join_lines(text: str) -> str:
    """The whole text in one line: its non-blank lines, separated by single spaces."""
    return " ".join(line.strip() for line in text.split("\n") if line.strip())
