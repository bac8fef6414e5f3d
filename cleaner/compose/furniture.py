"""Navigation around and inside an article: menus, lists of stories, boxes, forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from cleaner.compose.voice import Unit, Voice
from cleaner.types import NAVIGATION


def _slug(voice: Voice) -> str:
    return "-".join(voice.rng.sample(voice.shared["words"].split(), 3))


def _case(voice: Voice, items: list[str]) -> list[str]:
    return [item.upper() for item in items] if voice.chance(0.15) else items


def _items(voice: Voice, items: list[str]) -> list[str]:
    """A short list, as lines, as bullets, or on one line."""
    items = _case(voice, items)
    if voice.chance(0.45):
        return [voice.rng.choice([" | ", " ", "  ", " / ", " · ", " • ", ", ", ""]).join(items)]
    bullet = voice.rng.choice(["", "", "", "* ", "  * ", "• ", "- ", "› "])
    return [bullet + item for item in items]


def _menu(voice: Voice, headlines: Sequence[str]) -> list[str]:
    return _items(voice, voice.some("menu", 3, 16))


def _breadcrumb(voice: Voice, headlines: Sequence[str]) -> list[str]:
    parts = [voice.table["menu"][0], *voice.some("menu", 1, 2)]
    return [voice.rng.choice([" > ", " » ", " / ", " › ", " :: "]).join(parts)]


def _share(voice: Voice, headlines: Sequence[str]) -> list[str]:
    networks = voice.rng.sample(voice.shared["networks"], voice.rng.randint(2, 6))
    if voice.chance(0.3):
        return [voice.draw("share", x=network) for network in networks[:4]]
    lines = _items(voice, networks)
    if voice.chance(0.6):
        head = voice.table["share"][0]
        return [head + ": " + lines[0], *lines[1:]] if voice.chance(0.5) else [head, *lines]
    return lines


def _tags(voice: Voice, headlines: Sequence[str]) -> list[str]:
    head = voice.draw("tags")
    if voice.chance(0.15):
        return [head + ":"]
    tags = voice.some("topics", 1, 7)
    if voice.chance(0.2):
        return [" ".join("#" + tag.replace(" ", "") for tag in tags)]
    if voice.chance(0.3):
        return [head + voice.rng.choice([":", ""]), *_items(voice, tags)]
    return [head + ": " + voice.rng.choice([", ", " ", " | ", " / "]).join(tags)]


def _box(key: str, low: int, high: int) -> Callable[[Voice, Sequence[str]], list[str]]:
    def lines(voice: Voice, headlines: Sequence[str]) -> list[str]:
        entries = voice.some(key, low, high)
        return [" ".join(entries)] if voice.chance(0.25) else entries

    return lines


def _form(voice: Voice, headlines: Sequence[str]) -> list[str]:
    return voice.some("form", 1, 9) if voice.chance(0.6) else [voice.table["form"][0]]


def _other_byline(voice: Voice, headlines: Sequence[str]) -> list[str]:
    lines = [voice.byline()]
    return [*voice.rng.sample(list(headlines), 1), *lines] if headlines else lines


def _insert(voice: Voice, headlines: Sequence[str]) -> list[str]:
    """A line that sites put between paragraphs: an advertisement, another story, an appeal."""
    title = voice.rng.choice(headlines) if headlines else "…"
    return [voice.draw("insert", title=title)]


def _teaser(voice: Voice, headlines: Sequence[str]) -> list[str]:
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
    *("count", "byline", "markdown", "clock", "clock", "clock-above", "section"),
)


def _headline_list(voice: Voice, headlines: Sequence[str]) -> list[str]:
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
    bullet = rng.choice(["• ", "* ", "  * ", "- ", "› ", "» ", "– ", "■ ", "·", "▸ ", "※ ", "►"])
    section = rng.choice(["{}: {}", "[{}] {}", "{} | {}", "{} {}", "【{}】{}", "{} - {}"])
    clock = rng.choice(["{} {}", "{} {}", "{} | {}", "{} - {}", "[{}] {}", "{}{}"])
    minutes = sorted((rng.randint(0, 24 * 60 - 1) for _ in chosen), reverse=True)
    ages = sorted(rng.randint(1, 23) for _ in chosen)
    prefix = voice.draw("more")
    age_form = rng.choice(voice.table["age"])
    ahead = voice.chance(0.5)
    for position, headline in enumerate(chosen, start=1):
        age = voice.fill(age_form, n=ages[position - 1])
        time = "{:02}:{:02}".format(*divmod(minutes[position - 1], 60))
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
        elif form == "clock":
            lines.append(clock.format(time, headline))
        elif form == "clock-above":
            lines += [time, headline]
        elif form == "section":
            lines.append(section.format(rng.choice(voice.table["menu"]), headline))
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


def _story_list(voice: Voice, headlines: Sequence[str]) -> list[str]:
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


_NAVIGATION: Mapping[str, Callable[[Voice, Sequence[str]], list[str]]] = MappingProxyType(
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
        "tools": _box("tools", 1, 6),
        "insert": _insert,
        "byline": _other_byline,
        "teaser": _teaser,
        "headlines": _headline_list,
        "stories": _story_list,
    }
)
_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "before": (
            *("menu", "menu", "breadcrumb", "share", "cookies", "headlines", "subscribe"),
            *("stories", "tools"),
        ),
        "middle": (
            *("teaser", "teaser", "teaser", "share", "subscribe", "headlines", "stories"),
            *("insert", "insert", "insert"),
        ),
        "between": (
            *("tags", "tags", "share", "headlines", "disclaimer", "byline", "subscribe"),
            *("stories", "stories", "tools"),
        ),
        "after": (
            *("form", "form", "headlines", "footer", "menu", "disclaimer", "cookies", "share"),
            *("stories", "stories", "stories", "tools"),
        ),
    }
)
"""Kinds of navigation by their place on the page; repeated kinds are more frequent."""
PLACES = tuple(_KINDS)
"""Before the article, inside it, between it and the comments, behind everything."""
_REAL = 0.6
"""Share of the places that hold what a real page has there, in languages with such pages."""


def navigation_units(voice: Voice, place: str, headlines: Sequence[str], most: int) -> list[Unit]:
    """Up to `most` pieces of furniture, as they stand at one of `PLACES`."""
    units: list[Unit] = []
    if voice.furniture.get(place) and voice.chance(_REAL):
        units.append([(line, NAVIGATION) for line in voice.rng.choice(voice.furniture[place])])
        most -= 1
    if not most:
        return units
    kinds = [voice.rng.choice(_KINDS[place]) for _ in range(voice.rng.randint(1, most))]
    for kind in dict.fromkeys(kinds):
        units.append([(line, NAVIGATION) for line in _NAVIGATION[kind](voice, headlines)])
    return units
