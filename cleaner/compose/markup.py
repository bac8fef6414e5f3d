"""Reader comments as HTML, in markup that says little: threads as sites of any engine write them.

What markup calls a comment, a network finds soon, and then looks at nothing else. Here most names
of classes are meaningless or missing, so that what is left is what readers go by: names, dates,
buttons, and how comments are written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from cleaner.compose.remarks import misspell
from cleaner.compose.threads import header_lines
from cleaner.compose.voice import Line, Voice, retold
from cleaner.data.align import UNJUDGED
from cleaner.types import COMMENT, NAVIGATION

_HEADERS = {
    "says": 3, "dotted": 3, "stacked": 3, "name": 2, "dated": 2, "avatar": 2, "hash": 1,
    "numbered": 1, "date-first": 1, "at": 1, "forum": 1, "review": 1, "bbs": 1, "bare": 1,
}  # fmt: skip
"""Forms of headers (see `threads`), and how often each is drawn."""
_PLACES = {"above": 8, "below": 2, "around": 1, "inline": 2, "trailing": 2}
"""Where the header of a comment stands, and how often."""
_FRAMES = {
    ("div", "div"): 8, ("ul", "li"): 4, ("ol", "li"): 3, ("section", "article"): 2,
    ("section", "div"): 2, ("div", "section"): 1, ("div", "article"): 1, ("table", "tr"): 1,
    ("dl", "dd"): 1, ("div", "p"): 2, ("x-list", "x-item"): 1, ("div", "blockquote"): 1,
}  # fmt: skip
"""Elements around a thread and around each comment, and how often."""
_NAMES = {
    "thread": ("list", "stream", "feed", "items", "wrap", "box"),
    "item": ("item", "row", "entry", "card", "post", "box", "msg", "cell"),
    "header": ("head", "meta", "info", "top", "user", "byline"),
    "name": ("name", "user", "author", "nick", "who"),
    "date": ("date", "time", "when", "meta", "small"),
    "body": ("text", "body", "content", "txt", "message", "copy"),
    "controls": ("foot", "tools", "links", "actions", "bar"),
}
"""Words of class names that fit other things as well."""
_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread's markup, one element, and its texts in page order with their labels."""

    html: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class _Comment:
    html: str
    lines: list[Line]
    depth: int


class Markup:
    """How one site writes its threads: drawn once, the same for all of a page's."""

    def __init__(self, voice: Voice) -> None:
        rng = voice.rng
        self._voice = voice
        (self._header,) = rng.choices(list(_HEADERS), list(_HEADERS.values()))
        (self._place,) = rng.choices(list(_PLACES), list(_PLACES.values()))
        ((self._frame, self._item),) = rng.choices(list(_FRAMES), list(_FRAMES.values()))
        # All in one block, with line breaks: <p> may hold no other.
        self._flat = self._item == "p" or voice.chance(0.2)
        self._naming = rng.choices(("none", "hashed", "plain", "telling"), (3, 3, 3, 1))[0]
        self._classes: dict[str, str] = {}
        self._template = rng.getrandbits(32)
        self._head = rng.choice(["div", "div", "p", "header", "h4", "h5"])
        self._own_lines = not self._flat and voice.chance(0.3)
        self._name = rng.choice(["b", "strong", "span", "a", "cite", "em", "font", ""])
        self._date = rng.choice(["span", "time", "small", "a", "i", ""])
        self._body = "br" if self._flat else rng.choice(["p", "p", "p", "div", "br", "bare"])
        self._foot = rng.choice(["div", "div", "p", "ul", "footer"])
        self._button = rng.choice(["a", "a", "button", "span"])
        self._image = voice.chance(0.3)
        self._nested = not self._flat and self._frame != "table" and voice.chance(0.35)
        self._actions: tuple[str, ...] = ()
        if voice.chance(0.55):
            more = voice.some("actions", 1, 3) if voice.chance(0.5) else ()
            self._actions = (voice.draw("reply"), *more)
        self._votes = voice.chance(0.25)
        self._noisy = voice.chance(0.3)

    def thread(self, comments: Sequence[str], *, title: str = "", alone: bool = True) -> Thread:
        """A thread of `comments`; what stands `alone` has a heading and a form at times."""
        voice = self._voice
        voice.start = (voice.rng.randint(1, 12), voice.rng.randint(1, 28))
        before, after = self._around(len(comments), title) if alone else (([], ""), ([], ""))
        lines, depth = [*before[0]], 0
        made: list[_Comment] = []
        for number, text in enumerate(comments, start=1):
            depth = voice.rng.randint(0, min(depth + 1, _MAX_DEPTH)) if self._nested and made else 0
            made.append(self._comment(number, text, depth))
            lines += made[-1].lines
        voice.start = None
        lines += after[0]
        inner = self._listed(made)
        if self._frame == "table":
            inner = f"<tbody>{inner}</tbody>"
        html = f"{before[1]}<{self._frame}{self._class('thread')}>{inner}</{self._frame}>{after[1]}"
        return Thread(f"<div>{html}</div>", lines)

    def _listed(self, comments: Sequence[_Comment]) -> str:
        """Comments with the answers to each inside it."""
        html: list[str] = []
        open_items = 0
        for comment in comments:
            while open_items > comment.depth:
                open_items -= 1
                html.append(f"</{self._item}>" + (f"</{self._frame}>" if open_items else ""))
            if open_items:
                html.append(f"<{self._frame}{self._class('thread')}>")
            html.append(f"<{self._item}{self._class('item')}>{comment.html}")
            open_items += 1
        while open_items:
            open_items -= 1
            html.append(f"</{self._item}>" + (f"</{self._frame}>" if open_items else ""))
        return "".join(html)

    def _comment(self, number: int, text: str, depth: int) -> _Comment:
        voice, rng = self._voice, self._voice.rng
        told = retold(voice, self._template)
        header = header_lines(told, self._header, number, voice.name())
        body = [" ".join(part.split()) for part in text.split("\n") if part.strip()] or ["…"]
        if self._noisy and voice.chance(0.3):
            body = [misspell(rng, line) for line in body]
        picture = f'<img src="/i/{rng.randint(1, 9999)}.png" alt="">' if self._image else ""
        parts: list[tuple[str, list[Line]]] = []
        if self._place in ("inline", "trailing") and header:
            parts.append(self._in_one(header, body))
        else:
            above, below = header, []
            if self._place == "below":
                above, below = [], header
            elif self._place == "around":
                above, below = header[:1], header[1:]
            parts += [self._headed(above), self._said(body), self._headed(below)]
        parts.append(self._controls(number))
        joint = "<br>" if self._flat else ""
        html = picture + joint.join(html for html, _ in parts if html)
        if self._item == "tr":
            html = f"<td>{html}</td>"
        return _Comment(html, [line for _, lines in parts for line in lines], depth)

    def _in_one(self, header: Sequence[str], body: Sequence[str]) -> tuple[str, list[Line]]:
        """Name and text in one paragraph."""
        html = [escape(line) for line in body]
        lines = list(body)
        if self._place == "inline":
            name = f"{header[0]}:"
            html[0] = f"{self._element(self._name, 'name', name)} {html[0]}"
            lines[0] = f"{name} {lines[0]}"
        else:
            name = ", ".join(header)
            html[-1] = f"{html[-1]} – {self._element(self._name, 'name', name)}"
            lines[-1] = f"{lines[-1]} – {name}"
        return self._paragraphs(html), [(line, COMMENT) for line in lines]

    def _said(self, body: Sequence[str]) -> tuple[str, list[Line]]:
        return self._paragraphs([escape(line) for line in body]), [(line, COMMENT) for line in body]

    def _paragraphs(self, lines: Sequence[str]) -> str:
        """A comment's text; `lines` are escaped already."""
        if self._body == "p":
            return "".join(f"<p>{line}</p>" for line in lines)
        if self._body == "div":
            inner = "".join(f"<div>{line}</div>" for line in lines)
        else:
            inner = "<br><br>".join(lines)
        bare = self._flat or self._body == "bare"
        return inner if bare else f"<div{self._class('body')}>{inner}</div>"

    def _headed(self, header: Sequence[str]) -> tuple[str, list[Line]]:
        if not header:
            return "", []
        parts = [
            self._element(self._date if number else self._name, "date" if number else "name", line)
            for number, line in enumerate(header)
        ]
        if self._own_lines:
            html = "".join(f"<div>{part}</div>" for part in parts)
        else:
            html = " ".join(parts)
        if not self._flat:
            html = f"<{self._head}{self._class('header')}>{html}</{self._head}>"
        return html, [(line, UNJUDGED) for line in header]

    def _controls(self, number: int) -> tuple[str, list[Line]]:
        words = list(self._actions)
        if self._votes:
            words.insert(0, str(self._voice.rng.randint(0, 90)))
        if not words:
            return "", []
        inner = "li" if self._foot == "ul" and not self._flat else ""
        html = " ".join(
            self._wrapped(inner, self._element(self._button, "", word)) for word in words
        )
        if not self._flat:
            html = f"<{self._foot}{self._class('controls')}>{html}</{self._foot}>"
        return html, [(word, NAVIGATION) for word in words]

    def _around(
        self, count: int, title: str
    ) -> tuple[tuple[list[Line], str], tuple[list[Line], str]]:
        """Heading above a thread and form below it, or nothing."""
        voice, rng = self._voice, self._voice.rng
        above: tuple[list[Line], str] = ([], "")
        below: tuple[list[Line], str] = ([], "")
        if voice.chance(0.6):
            heading = voice.draw("heading", n=count, title=title.strip() or "…")
            tag = rng.choice(["h2", "h3", "h4", "div", "p"])
            above = [(heading, NAVIGATION)], f"<{tag}>{escape(heading)}</{tag}>"
        if voice.chance(0.5):
            form = voice.some("form", 1, 6)
            tag = rng.choice(["p", "div", "label"])
            inner = "".join(f"<{tag}>{escape(line)}</{tag}><br>" for line in form)
            frame = rng.choice(["form", "div", "form"])
            html = f"<{frame}{self._class('controls')}>{inner}<textarea></textarea></{frame}>"
            below = [(line, NAVIGATION) for line in form], html
        return above, below

    def _element(self, tag: str, role: str, text: str) -> str:
        if not tag:
            return escape(text)
        link = ' href="#"' if tag == "a" else ""
        return f"<{tag}{link}{self._class(role) if role else ''}>{escape(text)}</{tag}>"

    @staticmethod
    def _wrapped(tag: str, html: str) -> str:
        return f"<{tag}>{html}</{tag}>" if tag else html

    def _class(self, role: str) -> str:
        """The class attribute of elements of a role; one role, one class."""
        if self._naming == "none":
            return ""
        if role not in self._classes:
            self._classes[role] = self._named(role)
        return self._classes[role]

    def _named(self, role: str) -> str:
        rng = self._voice.rng
        letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHKLMNPQRSTUVWXYZ0123456789"
        name: Callable[[], str] = {
            "hashed": lambda: (
                rng.choice(["css-", "_", "sc-", "x"]) + "".join(rng.choices(letters, k=6))
            ),
            "plain": lambda: rng.choice(_NAMES[role]),
            "telling": lambda: f"comment-{rng.choice(_NAMES[role])}",
        }[self._naming]
        return "" if rng.random() < 0.25 else f' class="{name()}"'
