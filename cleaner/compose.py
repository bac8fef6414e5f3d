"""Composed plain-text pages whose labels are exact by construction.

An article of one site, comments of another and headlines of a third are laid
out the way scraped pages are: navigation before, inside, between and after, a
comment thread in one of many layouts, blank lines or none. The words of the
furniture (`says`, `ago`, `Leave a Reply`, month names …) are in `phrases.json`,
by language. Only training and benchmarks use this module.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from cleaner.render import wrap
from cleaner.types import ARTICLE, COMMENT, NAVIGATION

UNJUDGED = "unjudged"
"""Label of lines that readers judge differently, such as the article's own byline."""
_UNSPACED = ("ja", "zh")
"""Languages without spaces, even between sentences."""

Line = tuple[str, str | None]
Unit = list[Line]
"""Lines that stay together, such as one paragraph or one comment."""
Story = tuple[str, Sequence[str]]
"""Title and paragraphs of another article on the same page."""


@dataclass(frozen=True, slots=True)
class Document:
    """A composed page."""

    text: str
    labels: tuple[str | None, ...]
    """One label for each line of `text.split("\\n")`; None where the line is blank."""
    layout: str
    """One of `LAYOUTS`."""
    on_topic: bool
    """True when the comments speak of the article."""
    language: str = ""
    site: str = ""
    """Site of the article: the unit of splitting into training and test."""


@lru_cache(maxsize=1)
def phrases() -> Mapping[str, Any]:
    """The phrase tables by ISO 639-1 code; `*` holds what all languages share."""
    text = files("cleaner").joinpath("phrases.json").read_text(encoding="utf-8")
    return MappingProxyType(json.loads(text))


def _table(language: str) -> dict[str, Any]:
    """Phrases of one language, or of English when there are none."""
    tables = phrases()
    table: dict[str, Any] = tables.get(language, tables["en"])
    return table


def _entries(text: str) -> list[str]:
    """Entries between spaces; a bar stands for a space inside one, as in `tháng|1`."""
    return [entry.replace("|", " ") for entry in text.split()]


class _Voice:
    """Draws names, dates and furniture phrases in one language."""

    def __init__(self, rng: random.Random, language: str) -> None:
        self.rng = rng
        self.shared = _table("*")
        self.table = _table(language)
        self.spaced = language not in (*_UNSPACED, "th")
        self.year = rng.randint(2004, 2025)
        self.date_format = rng.choice(self.table["dates"])
        self.at_format = rng.choice(self.table["at"])
        # The marks of a 12-hour clock; none where the clock has 24.
        self.halves: tuple[str, ...] = ()
        if language in ("en", "hi", "bn", "ta") and rng.random() < 0.7:
            self.halves = rng.choice([("am", "pm"), (" AM", " PM"), (" a.m.", " p.m.")])
        self.given: list[str] = _entries(self.table["given"])
        self.family: list[str] = _entries(self.table["family"])
        self.words: list[str] = self.shared["words"].split()
        self.syllables: list[str] = self.shared["syllables"].split()
        self.months = _entries(self.table["months"])
        self.start: tuple[int, int] | None = None
        """Month and day around which dates fall; None draws them over the years."""
        self.stories: Sequence[Story] = ()
        """Other articles that the page shows in part or whole."""

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def draw(self, key: str, **values: object) -> str:
        return self.fill(str(self.rng.choice(self.table[key])), **values)

    def some(self, key: str, low: int, high: int) -> list[str]:
        """Between `low` and `high` different phrases, in the table's order."""
        entries = self.table[key]
        count = min(len(entries), self.rng.randint(low, high))
        return [self.fill(entries[i]) for i in sorted(self.rng.sample(range(len(entries)), count))]

    def fill(self, template: str, **values: object) -> str:
        """Replace the `{fields}` of a phrase; those not given are drawn."""
        draws: dict[str, Callable[[], object]] = {
            "name": self.name,
            "date": self.date,
            "time": self.time,
            "n": lambda: self.rng.randint(2, 23),
            "x": lambda: self.rng.choice(self.shared["networks"]),
            "title": lambda: "…",
            "y": lambda: self.year,
            "py": lambda: self.year - 621,
        }

        def field(match: re.Match[str]) -> str:
            key = match[1]
            return str(values[key]) if key in values else str(draws[key]())

        return re.sub(r"\{(\w+)\}", field, template)

    def byline(self) -> str:
        """Who wrote an article, as sites print it: mostly with the full name."""
        given, family = self.rng.choice(self.given), self.rng.choice(self.family)
        name = f"{given} {family}" if self.spaced else family + given
        topic = self.rng.choice(self.table["topics"])
        return self.draw("byline", x=topic, name=name if self.chance(0.85) else self.name())

    def name(self) -> str:
        rng = self.rng
        given = rng.choice(self.given)
        family = rng.choice(self.family)
        words, syllables = self.words, self.syllables
        coined = "".join(rng.choices(syllables, k=rng.randint(2, 4)))
        pattern = rng.random()
        if pattern < 0.22:
            return given
        if pattern < 0.42:
            return f"{given} {family}" if self.spaced else family + given
        if pattern < 0.47 and self.spaced:
            return f"{given} {family[0]}."
        if pattern < 0.53:
            return f"{given}{rng.randint(1, 2009)}"
        if pattern < 0.60:
            return rng.choice(words) + rng.choice(["", "_", "-", " "]) + rng.choice(words)
        if pattern < 0.66:
            return (rng.choice(words) + rng.choice(words)).title() + str(rng.randint(1, 99))
        if pattern < 0.70:
            return rng.choice(words).title() + rng.choice(words).title()
        if pattern < 0.80:
            return coined
        if pattern < 0.86:
            return f"{coined.title()}{rng.choice(['', '_', '.'])}{rng.randint(1, 999)}"
        if pattern < 0.90:
            return rng.choice([given.lower(), given.upper(), coined.upper()])
        if pattern < 0.93:
            return coined[:2].upper() if self.chance(0.5) else f"{coined[:2]}***"
        if pattern < 0.95:
            return f"{given} ({family})"
        return str(rng.choice(self.table["anonymous"]))

    def date(self) -> str:
        if self.start is None:
            month, day = self.rng.randint(1, 12), self.rng.randint(1, 28)
            year = self.year - self.rng.choice([0, 0, 0, 1, 2])
        else:
            month, first = self.start
            day, year = min(28, first + self.rng.randint(0, 4)), self.year
        name = self.months[month - 1]
        return self.fill(
            self.date_format,
            d=day, dd=f"{day:02}", m=month, mm=f"{month:02}", y=year,
            month=name, mon=name[:3], py=year - 621, by=year + 543,
        )  # fmt: skip

    def time(self) -> str:
        hour, minute = self.rng.randint(0, 23), self.rng.randint(0, 59)
        if self.halves:
            return f"{hour % 12 or 12}:{minute:02}{self.halves[hour // 12]}"
        return f"{hour:02}:{minute:02}"

    def moment(self) -> str:
        """Date and time as comment headers write them."""
        hour = self.rng.randint(1, 12)
        clock = f"{hour}:{self.rng.randint(0, 59):02}"
        return self.fill(self.at_format, time12=clock)

    def when(self) -> str:
        """A moment, or how long ago."""
        if self.chance(0.5):
            return self.moment()
        if self.chance(0.2):
            return f"{self.rng.randint(1, 23)}{self.rng.choice('mhdwy')}"
        forms = self.table["ago"]
        return self.fill(forms[self.rng.randint(0, len(forms) - 1)])


# Comment headers -------------------------------------------------------------------------


def _numbered(voice: _Voice, number: int, name: str) -> list[str]:
    end = voice.rng.choice(["", " " + voice.draw("reply"), " " + voice.draw("reply")])
    return [f"{number}. {name}{end}"]


def _says(voice: _Voice, number: int, name: str) -> list[str]:
    lines = [voice.draw("says", name=name)]
    if voice.chance(0.6):
        lines.append(voice.moment())
    return lines


def _dotted(voice: _Voice, number: int, name: str) -> list[str]:
    parts = [name, voice.when()]
    if voice.chance(0.5):
        parts.append(voice.draw("reply"))
    if voice.chance(0.2):
        parts.insert(1, voice.draw("to"))
    return [voice.rng.choice([" • ", " · ", " | ", " - ", "  ", " — "]).join(parts)]


def _dated(voice: _Voice, number: int, name: str) -> list[str]:
    return [name + voice.rng.choice([", ", " ", " - ", " ("]) + voice.moment()]


def _date_first(voice: _Voice, number: int, name: str) -> list[str]:
    moment = voice.moment()
    forms = [[f"{moment} {name}"], [moment, name], [f"[{moment}] {name}:"], [f"{moment} | {name}"]]
    return voice.rng.choice(forms)


def _hash(voice: _Voice, number: int, name: str) -> list[str]:
    forms = [[f"#{number}"], [f"#{number} {name}"], [f"#{number} {name} {voice.when()}"]]
    return voice.rng.choice([*forms, [f"{number}", name, voice.when()], [f"{number}: {name}"]])


def _at(voice: _Voice, number: int, name: str) -> list[str]:
    return [voice.rng.choice([f"@{name}", f"{name} @{name}", voice.draw("to", name=name)])]


def _avatar(voice: _Voice, number: int, name: str) -> list[str]:
    rng = voice.rng
    picture = rng.choice(
        ["avatar", "Avatar", "gravatar", f"{name} avatar", f"Avatar for {name}", name[:1].upper()]
    )
    return [picture, name, *([voice.when()] if voice.chance(0.8) else [])]


def _stacked(voice: _Voice, number: int, name: str) -> list[str]:
    return [name, voice.when()]


def _name_only(voice: _Voice, number: int, name: str) -> list[str]:
    return [name]


def _forum(voice: _Voice, number: int, name: str) -> list[str]:
    rank = voice.rng.choice(["★", "★★★", "Member", "Senior Member", "Posts: {n}", "Karma {n}"])
    return [name, voice.fill(rank), f"{voice.moment()} #{number}"]


def _mail(voice: _Voice, number: int, name: str) -> list[str]:
    return [f"{voice.moment()}, {voice.draw('says', name=name)}"]


def _review(voice: _Voice, number: int, name: str) -> list[str]:
    stars = voice.rng.randint(1, 5)
    score = voice.rng.choice(["★" * stars + "☆" * (5 - stars), f"{stars}/5", f"{stars}.0"])
    return [f"{score} {name}", voice.date()] if voice.chance(0.5) else [score, name]


def _nothing(voice: _Voice, number: int, name: str) -> list[str]:
    return []


_HEADERS: Mapping[str, Callable[[_Voice, int, str], list[str]]] = MappingProxyType(
    {
        "numbered": _numbered,
        "bulleted": _says,
        "says": _says,
        "dotted": _dotted,
        "dated": _dated,
        "date-first": _date_first,
        "hash": _hash,
        "at": _at,
        "avatar": _avatar,
        "stacked": _stacked,
        "name": _name_only,
        "inline": _name_only,
        "signed": _dated,
        "forum": _forum,
        "mail": _mail,
        "review": _review,
        "quoted": _stacked,
        "bare": _nothing,
    }
)
THREADS: tuple[str, ...] = tuple(_HEADERS)
"""Layouts with comments."""
LAYOUTS: tuple[str, ...] = ("clean", "no-comments", *THREADS)
"""All layouts: the article alone, the article with navigation, and each of `THREADS`."""


# Comment threads -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Style:
    """What stays the same over one comment thread."""

    margin: int
    """Spaces before the header."""
    marker: str
    indent: int
    """Spaces before the body."""
    nested: bool
    step: int
    """Spaces a reply is set in by."""
    gap: bool
    """A blank line between a comment's lines."""
    actions: tuple[str, ...]
    """Words under each comment, such as Reply or Like."""
    joint: str
    """Between the actions."""
    counted: bool
    """A number of likes before the actions."""


def _style(voice: _Voice, layout: str) -> _Style:
    rng = voice.rng
    markers = ["• ", "* ", "- ", "◦ ", "○ "]
    indented = layout in ("numbered", "bulleted")
    actions: tuple[str, ...] = ()
    if voice.chance(0.4):
        actions = (voice.draw("reply"), *(voice.some("actions", 1, 3) if voice.chance(0.5) else ()))
    return _Style(
        margin=rng.choice([0, 2, 2, 4]) if indented else 0,
        marker=rng.choice(markers) if layout == "bulleted" else "",
        indent=rng.choice([2, 3, 4, 4, 6]) if indented or voice.chance(0.12) else 0,
        nested=voice.chance(0.7 if layout == "bulleted" else 0.35),
        step=rng.choice([2, 4, 4, 8]) if indented or voice.chance(0.3) else 0,
        gap=voice.chance(0.6 if indented else 0.25),
        actions=actions,
        joint=rng.choice([" ", " · ", " | ", " • "]),
        counted=voice.chance(0.2),
    )


def _comment_lines(voice: _Voice, style: _Style, layout: str, number: int, name: str,
                   body: list[str], depth: int) -> Unit:  # fmt: skip
    """One comment with its header, in page order."""
    margin = " " * (style.margin + style.step * depth)
    inner = margin + " " * style.indent
    header = _HEADERS[layout](voice, number, name)
    if layout == "inline":
        body = [name + voice.rng.choice([": ", " - ", " : ", " "]) + body[0], *body[1:]]
        header = []
    elif layout == "mail":
        body = [f"> {line}" for line in body]
    texts = [margin + style.marker + line if i == 0 else inner + line
             for i, line in enumerate(header)]  # fmt: skip
    contents = [inner + line for line in body]
    if layout == "signed":
        texts = [*contents, *(margin + voice.rng.choice(["— ", "", "- "]) + line
                              for line in header)]  # fmt: skip
    else:
        texts += contents
    lines: Unit = []
    for text in texts:
        if lines and style.gap:
            lines.append(("", None))
        lines.append((text, COMMENT))
    if style.actions:
        likes = [str(voice.rng.randint(0, 60))] if style.counted else []
        lines.append((inner + style.joint.join([*likes, *style.actions]), NAVIGATION))
    return lines


def _thread(voice: _Voice, layout: str, article: Sequence[str],
            comments: Sequence[str]) -> list[Unit]:  # fmt: skip
    rng = voice.rng
    style = _style(voice, layout)
    units: list[Unit] = []
    names: list[str] = []
    depth = 0
    noisy = voice.chance(0.4)
    voice.start = (rng.randint(1, 12), rng.randint(1, 28))
    # Header variants are drawn once for a thread, as one site has one template.
    template = rng.getrandbits(32)
    for number, comment in enumerate(comments, start=1):
        depth = rng.randint(0, min(depth + 1, 4)) if style.nested else 0
        body = [" ".join(part.split()) for part in comment.split("\n") if part.strip()] or ["…"]
        if noisy and voice.chance(0.3):
            body = [misspell(rng, line) for line in body]
        if names and depth and voice.chance(0.25):
            body[0] = f"@{names[-1]} {body[0]}"
        if layout == "quoted" and voice.chance(0.7):
            source = rng.choice(article) if not units or voice.chance(0.5) else comments[number - 2]
            body = [rng.choice(["> ", ">> ", "» ", "| "]) + _quote(rng, source), *body]
        if len(body[-1]) > 200 and voice.chance(0.08):
            body[-1] = body[-1][: rng.randint(120, 200)] + "… " + voice.draw("more")
        name = rng.choice(names) if names and voice.chance(0.15) else voice.name()
        names.append(name)
        header_voice = _retold(voice, template)
        units.append(_comment_lines(header_voice, style, layout, number, name, body, depth))
    voice.start = None
    if len(units) > 1 and voice.chance(0.08):  # The page was cut off inside the last comment.
        last = units[-1]
        cut = last[: rng.randint(1, len(last))]
        while cut[-1][1] is None:
            cut.pop()
        text, label = cut[-1]
        cut[-1] = (text[: max(8, rng.randint(0, len(text)))].rstrip() or text, label)
        units[-1] = cut
    return units


def _retold(voice: _Voice, template: int) -> _Voice:
    """`voice` with its choices of form repeated for each comment, dates and numbers aside."""
    twin = object.__new__(_Voice)
    for key, value in vars(voice).items():
        setattr(twin, key, value)
    twin.rng = _FormRandom(template, voice.rng)
    return twin


class _FormRandom(random.Random):
    """Choices and chances repeat from a seed; whole numbers come from another source."""

    def __init__(self, seed: int, numbers: random.Random) -> None:
        super().__init__(seed)
        self._numbers = numbers

    def randint(self, a: int, b: int) -> int:
        return self._numbers.randint(a, b)


# Navigation ------------------------------------------------------------------------------


def _slug(voice: _Voice) -> str:
    return "-".join(voice.rng.sample(voice.shared["words"].split(), 3))


def _case(voice: _Voice, items: list[str]) -> list[str]:
    return [item.upper() for item in items] if voice.chance(0.15) else items


def _items(voice: _Voice, items: list[str]) -> list[str]:
    """A short list, as lines, as bullets, or on one line."""
    items = _case(voice, items)
    if voice.chance(0.45):
        return [voice.rng.choice([" | ", " ", "  ", " / ", " · ", " • ", ", ", ""]).join(items)]
    bullet = voice.rng.choice(["", "", "", "* ", "  * ", "• ", "- ", "› "])
    return [bullet + item for item in items]


def _menu(voice: _Voice, headlines: Sequence[str]) -> list[str]:
    return _items(voice, voice.some("menu", 3, 16))


def _breadcrumb(voice: _Voice, headlines: Sequence[str]) -> list[str]:
    parts = [voice.table["menu"][0], *voice.some("menu", 1, 2)]
    return [voice.rng.choice([" > ", " » ", " / ", " › ", " :: "]).join(parts)]


def _share(voice: _Voice, headlines: Sequence[str]) -> list[str]:
    networks = voice.rng.sample(voice.shared["networks"], voice.rng.randint(2, 6))
    if voice.chance(0.3):
        return [voice.draw("share", x=network) for network in networks[:4]]
    lines = _items(voice, networks)
    if voice.chance(0.6):
        head = voice.table["share"][0]
        return [head + ": " + lines[0], *lines[1:]] if voice.chance(0.5) else [head, *lines]
    return lines


def _tags(voice: _Voice, headlines: Sequence[str]) -> list[str]:
    head = voice.draw("tags")
    if voice.chance(0.15):
        return [head + ":"]
    tags = voice.some("topics", 1, 7)
    if voice.chance(0.2):
        return [" ".join("#" + tag.replace(" ", "") for tag in tags)]
    if voice.chance(0.3):
        return [head + voice.rng.choice([":", ""]), *_items(voice, tags)]
    return [head + ": " + voice.rng.choice([", ", " ", " | ", " / "]).join(tags)]


def _box(key: str, low: int, high: int) -> Callable[[_Voice, Sequence[str]], list[str]]:
    def lines(voice: _Voice, headlines: Sequence[str]) -> list[str]:
        entries = voice.some(key, low, high)
        return [" ".join(entries)] if voice.chance(0.25) else entries

    return lines


def _form(voice: _Voice, headlines: Sequence[str]) -> list[str]:
    return voice.some("form", 1, 9) if voice.chance(0.6) else [voice.table["form"][0]]


def _other_byline(voice: _Voice, headlines: Sequence[str]) -> list[str]:
    lines = [voice.byline()]
    return [*voice.rng.sample(list(headlines), 1), *lines] if headlines else lines


def _teaser(voice: _Voice, headlines: Sequence[str]) -> list[str]:
    """One to three headlines on one line, as left between paragraphs."""
    chosen = voice.rng.sample(list(headlines), min(len(headlines), voice.rng.randint(1, 3)))
    head = voice.draw(voice.rng.choice(["more", "related"]))
    if not chosen:
        return [head]
    form = voice.rng.random()
    if form < 0.35:
        return [head + voice.rng.choice([": ", " ", ": ", " » "]) + chosen[0]]
    if form < 0.6:
        return [head + "".join(chosen)]
    if form < 0.75:
        return [head, *chosen]
    return [voice.rng.choice([" | ", "", " ", " • "]).join(chosen)]


_HEADLINE_FORMS = (
    *("plain", "plain", "dash", "age-below", "age-above", "age-inline", "date-below"),
    *("date-before", "number", "bullet", "glued", "joined", "prefix", "more", "category"),
    *("count", "byline", "markdown"),
)


def _headline_list(voice: _Voice, headlines: Sequence[str]) -> list[str]:
    """Headlines of other stories, with ages, dates, numbers, bullets, or run together."""
    rng = voice.rng
    chosen = rng.sample(list(headlines), min(len(headlines), rng.randint(2, 16)))
    if not chosen:
        return _menu(voice, headlines)
    lines = [voice.draw("related") + rng.choice(["", "", ":"])] if voice.chance(0.75) else []
    form = rng.choice(_HEADLINE_FORMS)
    if form == "markdown":
        lines = [rng.choice(["## ", "### ", "**"]) + line for line in lines]
    if form in ("glued", "joined"):
        joint = "" if form == "glued" else rng.choice([" | ", " • ", " / ", " ", "  "])
        row = joint.join(chosen)
        return [lines[0] + joint + row] if lines and voice.chance(0.5) else [*lines, row]
    bullet = rng.choice(["• ", "* ", "  * ", "- ", "› ", "» ", "– ", "■ "])
    ages = sorted(rng.randint(1, 23) for _ in chosen)
    prefix = voice.draw("more")
    age_form = rng.choice(voice.table["age"])
    ahead = voice.chance(0.5)
    for position, headline in enumerate(chosen, start=1):
        age = voice.fill(age_form, n=ages[position - 1])
        if form == "dash":
            # `2 hours -`: the dash opens the next item but ends up on this line.
            lead = ["-"] if position == 1 else []
            lines += [*lead, headline, age + (" -" if position < len(chosen) else "")]
        elif form in ("age-below", "age-above"):
            lines += [headline, age] if form == "age-below" else [age, headline]
        elif form == "age-inline":
            lines.append(f"{age} {headline}" if ahead else f"{headline} {age}")
        elif form == "date-below":
            lines += [headline, voice.date()]
        elif form == "date-before":
            lines.append(f"{voice.date()} {headline}")
        elif form == "number":
            lines.append(f"{position}. {headline}")
        elif form == "bullet":
            lines.append(bullet + headline)
        elif form == "prefix":
            lines.append(f"{prefix}: {headline}")
        elif form == "more":
            lines += [headline, prefix + rng.choice(["", " →", " »", "..."])]
        elif form == "category":
            lines += [rng.choice(voice.table["menu"]).upper(), headline]
        elif form == "count":
            number = rng.randint(0, 400)
            lines += [f"{headline} ({number})"] if ahead else [headline, str(number)]
        elif form == "byline":
            lines += [headline, voice.byline()]
        elif form == "markdown":
            lines.append(f"{bullet}[{headline}](/{voice.year}/{_slug(voice)})")
        else:
            lines.append(headline)
    return lines


def _story_list(voice: _Voice, headlines: Sequence[str]) -> list[str]:
    """Other stories with their first sentences, or the next article as a whole."""
    rng = voice.rng
    if not voice.stories:
        return _headline_list(voice, headlines)
    gap = [""] if voice.chance(0.4) else []
    lines = [voice.draw(rng.choice(["related", "more"]))] if voice.chance(0.5) else []
    if voice.chance(0.25):
        title, paragraphs = rng.choice(voice.stories)
        lines += [title] if voice.chance(0.8) else []
        lines += [voice.byline()] if voice.chance(0.3) else []
        for paragraph in paragraphs[: rng.randint(1, 12)]:
            lines += [*gap, paragraph]
        return lines
    titled, dated, signed = voice.chance(0.85), voice.chance(0.3), voice.chance(0.2)
    more = [voice.draw("more")] if voice.chance(0.2) else []
    limit = rng.choice([80, 120, 200, 300, 10_000])
    bullet = rng.choice(["", "", "", "• ", "* ", "- "])
    for title, paragraphs in voice.stories[: rng.randint(1, 8)]:
        lead = paragraphs[0]
        if len(lead) > limit:
            lead = lead[:limit].rsplit(" ", 1)[0] + rng.choice(["…", "...", " [...]"])
        lines += [*gap, bullet + title] if titled else gap
        lines += [voice.date()] if dated else []
        lines += [lead, *([voice.byline()] if signed else []), *more]
    return lines


_NAVIGATION: Mapping[str, Callable[[_Voice, Sequence[str]], list[str]]] = MappingProxyType(
    {
        "menu": _menu,
        "breadcrumb": _breadcrumb,
        "share": _share,
        "tags": _tags,
        "cookies": _box("cookies", 1, 3),
        "subscribe": _box("subscribe", 1, 4),
        "disclaimer": _box("disclaimer", 1, 2),
        "footer": _box("footer", 1, 6),
        "form": _form,
        "byline": _other_byline,
        "teaser": _teaser,
        "headlines": _headline_list,
        "stories": _story_list,
    }
)
_PLACES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "before": (
            *("menu", "menu", "breadcrumb", "share", "cookies", "headlines", "subscribe"),
            *("stories",),
        ),
        "middle": ("teaser", "teaser", "teaser", "share", "subscribe", "headlines", "stories"),
        "between": (
            *("tags", "tags", "share", "headlines", "disclaimer", "byline", "subscribe"),
            *("stories", "stories"),
        ),
        "after": (
            *("form", "form", "headlines", "footer", "menu", "disclaimer", "cookies", "share"),
            *("stories", "stories", "stories"),
        ),
    }
)
"""Kinds of navigation by their place on the page; repeated kinds are more frequent."""


def _navigation(voice: _Voice, place: str, headlines: Sequence[str], most: int) -> list[Unit]:
    units: list[Unit] = []
    kinds = [voice.rng.choice(_PLACES[place]) for _ in range(voice.rng.randint(1, most))]
    for kind in dict.fromkeys(kinds):
        units.append([(line, NAVIGATION) for line in _NAVIGATION[kind](voice, headlines)])
    return units


# Documents -------------------------------------------------------------------------------


def _article_units(voice: _Voice, title: str, paragraphs: Sequence[str]) -> list[Unit]:
    rng = voice.rng
    texts = [" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip()]
    if voice.chance(0.08):  # Several paragraphs in one line, as `get_text(" ")` leaves them.
        size = rng.choice([2, 3, 5, len(texts) or 1])
        joint = " " if voice.spaced else ""
        texts = [joint.join(texts[i : i + size]) for i in range(0, len(texts), size)]
    elif voice.chance(0.12):
        width = rng.randint(55, 100) if voice.spaced else rng.randint(25, 50)
        texts = [wrap(text, width) for text in texts]
    units: list[Unit] = [[(line, ARTICLE) for line in text.split("\n")] for text in texts]
    head: list[Unit] = []
    if title.strip() and voice.chance(0.6):
        head.append([(" ".join(title.split()), ARTICLE)])
    if voice.chance(0.2):
        own = voice.byline()
        head.append([(own, UNJUDGED)])
    return head + units


def compose(
    rng: random.Random,
    article: Sequence[str],
    title: str,
    comments: Sequence[str],
    headlines: Sequence[str],
    *,
    layout: str | None = None,
    language: str = "en",
    on_topic: bool = False,
    stories: Sequence[Story] = (),
) -> Document:
    """Lay out an article, its comments and other stories' headlines as one scraped page.

    `article` are its paragraphs, `stories` other articles that the page shows in
    part or whole, `language` chooses the words of the furniture (English when there is
    no table for it; one page in fifteen has English furniture anyway, as untranslated
    themes do). With `on_topic` each comment is
    blended with words of the article. `layout` is one of `LAYOUTS`; None draws
    one that suits the material. Comments in all are used, in order; the layouts
    `clean` and `no-comments` use none. Raises `ValueError` for an unknown layout,
    or one with comments when there are none.
    """
    if layout is None:
        layout = rng.choice(THREADS if comments else LAYOUTS[:2])
    if layout not in LAYOUTS:
        raise ValueError(f"no layout named {layout!r}; choose one of: {', '.join(LAYOUTS)}")
    if layout in THREADS and not comments:
        raise ValueError(f"layout {layout!r} needs comments; use 'no-comments' without them")
    voice = _Voice(rng, language if rng.random() > 1 / 15 else "en")
    voice.stories = [
        (" ".join(title.split()), [" ".join(part.split()) for part in parts if part.strip()])
        for title, parts in stories
        if title.strip() and "".join(parts).strip()
    ]
    headlines = [" ".join(line.split()) for line in headlines if line.strip()]
    body = _article_units(voice, title, article)
    with_comments = layout in THREADS
    if layout == "clean":
        body = [unit for unit in body if unit[0][1] == ARTICLE]
        return _document(rng, [body], layout, on_topic=False, language=language)
    sections: list[list[Unit]] = []
    if voice.chance(0.35):
        sections.append(_navigation(voice, "before", headlines, 3))
    if len(body) > 2 and voice.chance(0.3):
        place = rng.randint(1, len(body) - 1)
        body[place:place] = _navigation(voice, "middle", headlines, 1)
    sections.append(body)
    if voice.chance(0.35 if with_comments else 0.7):
        sections.append(_navigation(voice, "between", headlines, 3))
    if with_comments:
        if on_topic:
            terms = _terms(article)
            comments = [_blend(rng, article, terms, text, language) for text in comments]
        thread = _thread(voice, layout, article, comments)
        if voice.chance(0.45):
            count = len(comments) if voice.chance(0.7) else rng.randint(1, 400)
            heading = voice.draw("heading", n=count, title=title.strip() or "…")
            thread.insert(0, [(heading, NAVIGATION)])
        sections.append(thread)
    if voice.chance(0.5):
        sections.append(_navigation(voice, "after", headlines, 4))
    return _document(rng, sections, layout, on_topic=with_comments and on_topic, language=language)


def _document(rng: random.Random, sections: list[list[Unit]], layout: str, *, on_topic: bool,
              language: str) -> Document:  # fmt: skip
    """Join units with blank lines: everywhere, nowhere, or as each section pleases."""
    separation = rng.choice(["none", "blank", "blank", "mixed"])
    lines: Unit = []
    for units in sections:
        blank = rng.random() < 0.5 if separation == "mixed" else separation == "blank"
        spread = blank and rng.random() < 0.2  # A blank line after every line, not every unit.
        for position, unit in enumerate(units):
            if lines and (blank or (position == 0 and separation == "mixed")):
                lines.append(("", None))
            for line in unit:
                if spread and lines and lines[-1][1] is not None:
                    lines.append(("", None))
                lines.append(line)
    pairs = [(text.rstrip(), label if text.strip() else None) for text, label in lines]
    return Document(
        text="\n".join(text for text, _ in pairs),
        labels=tuple(label for _, label in pairs) or (None,),
        layout=layout,
        on_topic=on_topic,
        language=language,
    )


# Shares of documents by number of comments; single ones and huge threads are both hard.
_COUNTS = ((0.25, 1, 3), (0.70, 4, 15), (0.95, 16, 50), (1.0, 51, 300))
_ENOUGH_DONORS = 100
"""Comments from which a language does without stock remarks."""


def documents(
    rng: random.Random,
    articles: Sequence[tuple[str, str, str, Sequence[str]]],
    comments_by_language: Mapping[str, Sequence[str]],
    headlines_by_language: Mapping[str, Sequence[str]],
    n: int,
    *,
    layouts: Sequence[str] = THREADS,
    with_comments: float = 0.65,
    clean: float = 0.12,
    counts: Sequence[tuple[float, int, int]] = _COUNTS,
    short: float = 0.5,
) -> Iterator[Document]:
    """Draw `n` composed documents; the same seed and material give the same documents.

    `articles` are (site, language, title, paragraphs). `with_comments` and `clean`
    are shares of all documents, the rest is article and navigation; `layouts`
    are the thread layouts to draw from, so that some can be left out of
    training. `counts` are (share of documents up to here, fewest, most comments);
    `short` is the share of those with more than 15 whose article is cut to a short
    post. Half of the documents with comments are on topic. Languages with few
    donor comments, or none, get stock remarks from the phrase tables.
    """
    by_language: dict[str, list[tuple[str, str, str, Sequence[str]]]] = {}
    for article in articles:
        by_language.setdefault(article[1], []).append(article)
    for _ in range(n):
        site, language, title, paragraphs = rng.choice(articles)
        others = by_language[language]
        stories = [
            (other, parts)
            for home, _, other, parts in rng.sample(others, min(len(others), 8))
            if home != site
        ]
        headlines = headlines_by_language.get(language, ())
        headlines = rng.sample(headlines, min(len(headlines), 40))
        kind = rng.random()
        if kind >= with_comments:
            layout = "clean" if kind < with_comments + clean else "no-comments"
            document = compose(
                rng, paragraphs, title, (), headlines, layout=layout, language=language,
                stories=stories,
            )  # fmt: skip
        else:
            share = rng.random()
            low, high = next((a, b) for limit, a, b in counts if share <= limit)
            count = rng.randint(low, high)
            if count > 15 and rng.random() < short:  # A short post under a long thread.
                paragraphs = paragraphs[: rng.randint(1, 3)]
            donors = comments_by_language.get(language, ())
            taken = min(len(donors), count)
            if len(donors) < _ENOUGH_DONORS:  # A few would come again in every document.
                taken = rng.randint(0, taken)
            comments = rng.sample(donors, taken)
            remarks = max(count - taken, rng.choice([0, 0, 1]))
            comments += [_stock_comment(rng, paragraphs, language) for _ in range(remarks)]
            rng.shuffle(comments)
            layout = rng.choice(layouts)
            paragraphs, comments = _disguised(rng, layout, paragraphs, comments)
            document = compose(
                rng, paragraphs, title, comments, headlines,
                layout=layout, language=language, on_topic=rng.random() < 0.5,
                stories=stories,
            )  # fmt: skip
        yield replace(document, site=site)


_TELLING = frozenset(THREADS) - {"bare", "inline", "name", "signed", "at"}
"""Layouts whose headers alone tell a comment."""


def _disguised(
    rng: random.Random, layout: str, paragraphs: Sequence[str], comments: list[str]
) -> tuple[Sequence[str], list[str]]:
    """Paragraphs and comments as drawn, or with comments that style and topic do not give away.

    Donors are single paragraphs, mostly; readers also write several. And where headers tell
    a comment, the last paragraphs of the article itself may stand in for some comments.
    """
    if rng.random() < 0.25:
        grouped: list[str] = []
        for comment in comments:
            if grouped and rng.random() < 0.5 and grouped[-1].count("\n") < 5:
                grouped[-1] += "\n" + comment
            else:
                grouped.append(comment)
        comments = grouped
    if layout in _TELLING and len(paragraphs) >= 6 and rng.random() < 0.15:
        keep = rng.randint(len(paragraphs) // 2, len(paragraphs) - 1)
        # In order, before any other: as if the article went on under the header.
        comments = [*paragraphs[keep : keep + rng.randint(1, 12)], *comments]
        paragraphs = paragraphs[:keep]
    return paragraphs, comments


# Comments that speak of the article ------------------------------------------------------

_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
# Runs that are mostly one word each in scripts without spaces: ideographs, katakana.
_SPACELESS_WORD = re.compile("[\u3400-\u9fff]{2,4}|[\u30a1-\u30ff]{2,10}")
_SPACELESS = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")


def _terms(article: Sequence[str]) -> list[str]:
    """Names and long words of an article, the frequent ones first; at most 40."""
    counts: Counter[str] = Counter()
    for paragraph in article:
        if _SPACELESS.search(paragraph):
            counts.update(_SPACELESS_WORD.findall(paragraph))
            counts.update(part for part in paragraph.split() if 2 < len(part) < 14)
            continue
        for match in _WORD.finditer(paragraph):
            word = match[0]
            inside = paragraph[: match.start()].rstrip()[-1:] not in ("", ".", "!", "?", "“", '"')
            if len(word) >= 7 or (len(word) > 2 and word[0].isupper() and inside):
                counts[word] += 2 if word[0].isupper() else 1
    return [term for term, _ in counts.most_common(40)]


def _quote(rng: random.Random, text: str) -> str:
    """A short run of words, or of characters in scripts without spaces."""
    words = text.split()
    if len(words) < 4 or _SPACELESS.search(text):
        start = rng.randint(0, max(0, len(text) - 30))
        return " ".join(text[start : start + rng.randint(10, 30)].split()) or text
    start = rng.randint(0, max(0, len(words) - 12))
    return " ".join(words[start : start + rng.randint(4, 14)])


def _stock_comment(rng: random.Random, article: Sequence[str], language: str) -> str:
    remarks = _table(language)["remarks"]
    terms = _terms(article) or ["…"]
    chosen = rng.sample(remarks, rng.randint(1, 3))
    space = "" if language in _UNSPACED else " "
    text = space.join(remark.replace("{x}", rng.choice(terms)) for remark in chosen)
    return misspell(rng, text) if rng.random() < 0.3 else text


def on_topic_comment(
    rng: random.Random, article: Sequence[str], donor_comment: str, language: str = "en"
) -> str:
    """`donor_comment` with words, names and at times a short quotation of the article.

    Without it topic distance alone would tell the comments of another site apart.
    """
    return _blend(rng, article, _terms(article), donor_comment, language)


def _blend(
    rng: random.Random, article: Sequence[str], terms: Sequence[str], donor: str, language: str
) -> str:
    if not terms:
        return donor
    pattern = _SPACELESS_WORD if _SPACELESS.search(donor) else _WORD
    share = rng.uniform(0.1, 0.4)

    def swap(match: re.Match[str]) -> str:
        word = match[0]
        at_start = not donor[: match.start()].rstrip(" \n").strip()
        name = word[0].isupper() and not at_start
        wanted = pattern is _SPACELESS_WORD or len(word) >= 7 or (name and len(word) > 1)
        if not wanted or rng.random() > share:
            return word
        fitting = [term for term in terms if term[0].isupper() == word[0].isupper()]
        return rng.choice(fitting or terms)

    text = pattern.sub(swap, donor)
    if text == donor or rng.random() < 0.3:
        remarks = [remark for remark in _table(language)["remarks"] if "{x}" in remark]
        remark = rng.choice(remarks).replace("{x}", rng.choice(terms))
        text = f"{remark} {text}" if rng.random() < 0.5 else f"{text} {remark}"
    if article and rng.random() < 0.2:
        opening, closing = rng.choice([("“", "”"), ('"', '"'), ("«", "»"), ("'", "'")])
        quote = opening + _quote(rng, rng.choice(article)) + closing
        text = rng.choice([f"{quote} {text}", f"{quote}\n{text}", f"{text} {quote}"])
    return text


def misspell(rng: random.Random, text: str) -> str:
    """`text` as a hurried reader types it: slips, lost capitals, doubled marks, emoticons."""
    style = rng.random()
    if style < 0.25:
        text = text.lower()
    elif style < 0.29:
        text = text.upper()
    if rng.random() < 0.3:
        text = re.sub(r"['’]", "", text)
    if rng.random() < 0.25:
        text = re.sub(r"([.,!?]) ", r"\1", text, count=3)
    if rng.random() < 0.3:
        text = re.sub(r"[.!。!]$", lambda match: match[0] * rng.randint(2, 4), text)
    words = text.split(" ")
    for position, word in enumerate(words):
        # Only alphabets: a letter moved inside Thai or Devanagari breaks its syllable.
        if len(word) < 4 or rng.random() > 0.06 or not re.fullmatch("[A-Za-zÀ-ɏЀ-ӿͰ-Ͽ]+", word):
            continue
        place = rng.randrange(1, len(word) - 1)
        before, pair, after = word[:place], word[place : place + 2], word[place + 2 :]
        words[position] = before + rng.choice([pair[::-1], pair[0], pair[0] + pair]) + after
    text = " ".join(words)
    if rng.random() < 0.2:
        text += " " + rng.choice(_table("*")["emoticons"])
    return text
