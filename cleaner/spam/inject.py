"""Training pages for the spam model: clean text with a piece of spam put into it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from random import Random
from typing import Final
from urllib.parse import quote

from cleaner.signs import FIRM_STOPS, PLAIN_STOPS, STOPS
from cleaner.spam.grammar import SENTENCE, Phrase
from cleaner.spam.texts import Marked

_SPACED_OUT: Final = (" ", ".", "-", "*", "_")
_STYLE_STARTS: Final = (0x1D400, 0x1D434, 0x1D468, 0x1D4D0, 0x1D5A0, 0x1D5D4, 0x1D608, 0x1D670)
_LATIN_TO_CYRILLIC: Final = str.maketrans("aeopcyxiAEOPCTXHKM", "аеорсухіАЕОРСТХНКМ")
_CYRILLIC_TO_LATIN: Final = str.maketrans("аеорсухАЕОРСТХНКМ", "aeopcyxAEOPCTXHKM")
_LEET: Final = str.maketrans("oieasb", "013458")
_SMALL_CAPS: Final = str.maketrans("abcdefghijklmnoprtuvwyz", "ᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ")
_SENTENCE_END: Final = re.compile(rf"[{PLAIN_STOPS}](?=\s|$)|[{FIRM_STOPS}]")
_TRIES: Final = 5
"""Places tried for a piece of spam, which must not touch the others."""
_PARAGRAPH: Final = re.compile(r"(<p\b[^>]*>)([^<>]{120,})(?=<)", re.I)
_CITED: Final = (
    "en.wikipedia.org/wiki", "www.nytimes.com/2019/03", "www.bbc.co.uk/news", "doi.org/10.1000",
    "www.gov.uk/guidance", "t.me", "www.youtube.com/watch", "www.amazon.com/dp", "github.com",
)  # fmt: skip
_DOMAIN: Final = ("com", "net", "org", "info", "xyz", "top", "site", "online", "club", "shop")


@dataclass(frozen=True, slots=True)
class Injected:
    """A text with spam in it, at `text[start:end]`."""

    text: str
    start: int
    end: int
    place: str
    """middle, end, glued, brackets, line or between."""
    gap: tuple[int, int]
    """What gave way to it in the text without it: nothing, or the space between two words."""


def shortened(text: str, spam: str) -> str:
    """A text with as much less at its end as the spam to be put into it is long.

    Many texts of a corpus are cut at the same length: one that is a little longer would give
    itself away.
    """
    return text[: -len(spam) - 1] if len(text) > 3 * len(spam) else text


def inject(text: str, spam: str, random: Random, *, sentence: bool = False) -> Injected | None:
    """Put a piece of spam into a text; None if the text has no room for it."""
    gaps = [m.start() for m in re.finditer(r"(?<=[^\W_,;:]) (?=[^\W_])", text)]
    unspaced = len(gaps) * 25 < len(text)
    if unspaced:
        entities = {at for m in re.finditer(r"&#?\w+;", text) for at in range(m.start(), m.end())}
        gaps = [m.end() for m in re.finditer(r"\w(?=\w)", text) if m.end() not in entities]
        gaps = gaps[2:-2:3]
    ends = [m.end() for m in _SENTENCE_END.finditer(text)][:-1]
    if not gaps:
        return None
    places, weights = ("middle", "end", "glued", "brackets", "line", "comma"), (60, 12, 8, 4, 7, 9)
    place = random.choices(places, weights)[0]
    if sentence:
        place = random.choices(("between", "line", "middle"), (70, 22, 8))[0]
    if place in ("end", "between") and not ends:
        place = "middle"
    space = "" if unspaced and random.random() < 0.7 else " "
    if place in ("end", "between"):
        at = random.choice(ends)
        stop = spam[-1] in STOPS or place == "end"
        lead, tail = (space, "") if at < len(text) and text[at].isspace() else (space, space)
        if not stop:
            spam += "."
        return _put(text, at, at, lead, spam, tail, place)
    if place == "line":
        at = text.find("\n", random.randrange(len(text)))
        at = at if at >= 0 else random.choice(ends or gaps)
        return _put(text, at, at, "\n", spam, "\n" if text[at : at + 1] != "\n" else "", place)
    at = random.choice(gaps)
    if place == "brackets":
        return _put(text, at, at, f"{space}(", spam, ")", place)
    if place == "comma":
        return _put(text, at, at, ", ", spam, "," if random.random() < 0.6 else "", place)
    if place == "glued" and not unspaced:
        if random.random() < 0.5:  # to the word before
            return _put(text, at, at, "", spam, "", place)
        return _put(text, at, at + 1, " ", spam, "", place)
    after = "" if not unspaced or not space else " "
    return _put(text, at, at, space, spam, after, "middle")


def _put(text: str, at: int, resume: int, lead: str, spam: str, tail: str, place: str) -> Injected:
    start = at + len(lead)
    changed = text[:at] + lead + spam + tail + text[resume:]
    return Injected(changed, start, start + len(spam), place, (at, resume))


def inject_all(
    text: str, pieces: Sequence[Phrase], random: Random
) -> tuple[str, list[tuple[int, int]]]:
    """Put pieces of spam into a text, and return it with where they stand.

    Those for which no room is found are left out.
    """
    spans: list[tuple[int, int]] = []
    for piece in pieces:
        for _ in range(_TRIES):
            put = inject(text, piece.text, random, sentence=piece.kind == SENTENCE)
            if put is None:
                break
            low, high = put.gap
            if any(start <= high and end >= low for start, end in spans):
                continue
            grown = len(put.text) - len(text)
            spans = [(s + grown, e + grown) if s >= high else (s, e) for s, e in spans]
            spans.append((put.start, put.end))
            text = put.text
            break
    return text, spans


def disguised(spam: str, random: Random) -> str | None:
    """The same words for a reader, in other characters; None where no trick fits."""
    latin = bool(re.search("[a-zA-Z]{4}", spam)) and spam.isascii()
    cyrillic = bool(re.search("[а-яА-Я]{4}", spam))
    tricks: list[Callable[[str, Random], str]] = [_with_invisible]
    if latin:
        tricks += [_spaced, _styled, _look_alike, _leet, _small_caps, _wide, _struck, _spaced]
    if cyrillic:
        tricks += [_look_alike_cyrillic, _spaced]
    if (
        not latin
        and not cyrillic
        and not re.search(r"[\uac00-\ud7a3\u3041-\u30ff\u4e00-\u9fff]", spam)
    ):
        return None
    changed = random.choice(tricks)(spam, random)
    return changed if changed != spam else None


def _with_invisible(spam: str, random: Random) -> str:
    sign = random.choice("\u200b\u200c\u200d\u2060\u00ad")
    share = random.choice((0.8, 1.0))  # with fewer it is what authors put between syllables
    return "".join(
        c + sign if c.isalnum() and n.isalnum() and random.random() < share else c
        for c, n in zip(spam, spam[1:] + " ", strict=True)
    )


def _spaced(spam: str, random: Random) -> str:
    sign = random.choice(_SPACED_OUT)
    return (sign * 2).join(sign.join(word) for word in spam.split())


def _styled(spam: str, random: Random) -> str:
    base = random.choice(_STYLE_STARTS)
    styled = []
    for char in spam:
        if "A" <= char <= "Z":
            char = chr(base + ord(char) - 65)
        elif "a" <= char <= "z":
            char = chr(base + 26 + ord(char) - 97)
        styled.append(char)
    return "".join(styled)


def _wide(spam: str, random: Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in spam)


def _small_caps(spam: str, random: Random) -> str:
    return spam.lower().translate(_SMALL_CAPS)


def _struck(spam: str, random: Random) -> str:
    sign = random.choice("\u0335\u0336\u0337\u0338")
    return "".join(c + sign if c.isalnum() else c for c in spam)


def _leet(spam: str, random: Random) -> str:
    return "".join(c.translate(_LEET) if random.random() < 0.7 else c for c in spam)


def _look_alike(spam: str, random: Random) -> str:
    return "".join(c.translate(_LATIN_TO_CYRILLIC) if random.random() < 0.7 else c for c in spam)


def _look_alike_cyrillic(spam: str, random: Random) -> str:
    return "".join(c.translate(_CYRILLIC_TO_LATIN) if random.random() < 0.7 else c for c in spam)


def inject_html(html: str, phrase: Phrase, random: Random) -> tuple[str, str] | None:
    """Put a phrase into a paragraph of a page, most often as a link or hidden.

    Returns the page, and the phrase as it will be rendered; None if there is no paragraph.
    """
    paragraphs = list(_PARAGRAPH.finditer(html))
    if not paragraphs:
        return None
    match = random.choice(paragraphs)
    body = match[2]
    put = inject(body, phrase.text, random, sentence=phrase.kind == SENTENCE)
    if put is None or put.place == "line":
        return None
    spam = put.text[put.start : put.end]
    marked = _marked_up(spam, random)
    changed = put.text[: put.start] + marked + put.text[put.end :]
    return html[: match.start(2)] + changed + html[match.end(2) :], spam


def put_linked(html: str, linked: Marked, random: Random) -> str | None:
    """A page with a paragraph of those sentences; None if it has no other one."""
    paragraphs = list(_PARAGRAPH.finditer(html))
    if not paragraphs:
        return None
    at = random.choice(paragraphs).start()
    paragraph, end = "", 0
    for start, stop in linked.places:
        words = linked.text[start:stop]
        paragraph += escape(linked.text[end:start])
        paragraph += f'<a href="{_cited(words, random)}">{escape(words)}</a>'
        end = stop
    return f"{html[:at]}<p>{paragraph}{escape(linked.text[end:])}</p>{html[at:]}"


def _cited(words: str, random: Random) -> str:
    """An address that an author may link words to: of what they name, or with a number."""
    letters = re.sub("[^a-z]", "", words.lower())
    if len(letters) > 5 and random.random() < 0.2:
        return f"https://www.{letters[:20]}.{random.choice(_DOMAIN)}/"
    page = quote(words.replace(" ", random.choice("_-")))
    if random.random() < 0.4:
        page = str(random.randint(100, 99_999))
    return f"https://{random.choice(_CITED)}/{page}"


def _marked_up(spam: str, random: Random) -> str:
    ascii_letters = re.sub("[^a-z]", "", spam.lower())
    if len(ascii_letters) > 5 and random.random() < 0.5:
        host = ascii_letters[: random.randint(6, 14)]
    else:
        host = "".join(
            random.choice("abcdefghijklmnoprstuvwz") for _ in range(random.randint(5, 11))
        )
    path = random.choice(("", "/", f"/{random.randint(1, 99)}", "/index.php?p=7"))
    address = f"https://{random.choice(('', 'www.'))}{host}.{random.choice(_DOMAIN)}{path}"
    rel = random.choice(("", "", "", ' rel="nofollow"', ' rel="dofollow"', ' target="_blank"'))
    link = f'<a href="{address}"{rel}>{spam}</a>'
    style = random.choice(
        ("display:none", "visibility:hidden", "font-size:0", "font-size:1px", "opacity:0",
         "position:absolute;left:-9999px", "text-indent:-9999px", "color:transparent")
    )  # fmt: skip
    tag = random.choice(("span", "font", "b", "i"))
    return random.choices(
        (
            link,
            f'<{tag} style="{style}">{spam}</{tag}>',
            f'<{tag} style="{style}">{link}</{tag}>',
            f"<{tag}>{spam}</{tag}>",
            spam,
        ),
        (45, 15, 20, 5, 15),
    )[0]
