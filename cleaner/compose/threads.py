"""Reader comments and forum posts in the layouts that sites give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from cleaner.compose.remarks import misspell, quote
from cleaner.compose.voice import Unit, Voice, retold
from cleaner.data.align import UNJUDGED
from cleaner.types import ARTICLE, COMMENT, NAVIGATION


def _numbered(voice: Voice, number: int, name: str) -> list[str]:
    end = voice.rng.choice(["", " " + voice.draw("reply"), " " + voice.draw("reply")])
    return [f"{number}. {name}{end}"]


def _says(voice: Voice, number: int, name: str) -> list[str]:
    lines = [voice.draw("says", name=name)]
    if voice.chance(0.6):
        lines.append(voice.moment())
    return lines


def _dotted(voice: Voice, number: int, name: str) -> list[str]:
    parts = [name, voice.when()]
    if voice.chance(0.5):
        parts.append(voice.draw("reply"))
    if voice.chance(0.2):
        parts.insert(1, voice.draw("to"))
    return [voice.rng.choice([" • ", " · ", " | ", " - ", "  ", " — "]).join(parts)]


def _dated(voice: Voice, number: int, name: str) -> list[str]:
    return [name + voice.rng.choice([", ", " ", " - ", " ("]) + voice.moment()]


def _date_first(voice: Voice, number: int, name: str) -> list[str]:
    moment = voice.moment()
    forms = [[f"{moment} {name}"], [moment, name], [f"[{moment}] {name}:"], [f"{moment} | {name}"]]
    return voice.rng.choice(forms)


def _hash(voice: Voice, number: int, name: str) -> list[str]:
    forms = [[f"#{number}"], [f"#{number} {name}"], [f"#{number} {name} {voice.when()}"]]
    return voice.rng.choice([*forms, [f"{number}", name, voice.when()], [f"{number}: {name}"]])


def _at(voice: Voice, number: int, name: str) -> list[str]:
    return [voice.rng.choice([f"@{name}", f"{name} @{name}", voice.draw("to", name=name)])]


def _avatar(voice: Voice, number: int, name: str) -> list[str]:
    rng = voice.rng
    picture = rng.choice(
        ["avatar", "Avatar", "gravatar", f"{name} avatar", f"Avatar for {name}", name[:1].upper()]
    )
    return [picture, name, *([voice.when()] if voice.chance(0.8) else [])]


def _stacked(voice: Voice, number: int, name: str) -> list[str]:
    return [name, voice.when()]


def _name_only(voice: Voice, number: int, name: str) -> list[str]:
    return [name]


def _forum(voice: Voice, number: int, name: str) -> list[str]:
    rank = voice.rng.choice(["★", "★★★", "Member", "Senior Member", "Posts: {n}", "Karma {n}"])
    return [name, voice.fill(rank), f"{voice.moment()} #{number}"]


def _trailing(voice: Voice, number: int, name: str) -> list[str]:
    joint = voice.rng.choice([" – ", " - ", " — ", " ~ ", " | ", "  ", " ("])
    date = voice.rng.choice([" ", ", ", " · "]) + voice.when() if voice.chance(0.7) else ""
    return [f"{joint}{name}{date}{')' if joint.endswith('(') else ''}"]


def _mail(voice: Voice, number: int, name: str) -> list[str]:
    return [f"{voice.moment()}, {voice.draw('says', name=name)}"]


def _bbs(voice: Voice, number: int, name: str) -> list[str]:
    code = "".join(voice.rng.choices(voice.syllables, k=3)).title()
    forms = [f"{number}: {name}", f"{number} :{name}:", f"{number} {name}"]
    return [f"{voice.rng.choice(forms)} {voice.moment()} ID:{code}"]


def _review(voice: Voice, number: int, name: str) -> list[str]:
    stars, date = voice.rng.randint(1, 5), voice.date()
    scores = ["★" * stars + "☆" * (5 - stars), "★" * stars, "⭐" * stars, f"{stars} ★"]
    numbers = [f"{stars}/5", f"{stars}.0", f"{stars},0", f"{2 * stars}/10", f"{2 * stars}"]
    score = voice.rng.choice([*scores, *numbers])
    forms = [[f"{score} {name}", date], [score, name], [name, score], [name, score, date]]
    forms += [[score, f"{name}, {date}"], [f"{name} - {date}", score], [name, date, score]]
    return voice.rng.choice(forms)


def _nothing(voice: Voice, number: int, name: str) -> list[str]:
    return []


_HEADERS: Mapping[str, Callable[[Voice, int, str], list[str]]] = MappingProxyType(
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
        "between": _stacked,
        "trailing": _trailing,
        "talkback": _dated,
        "bbs": _bbs,
        "forum": _forum,
        "mail": _mail,
        "review": _review,
        "quoted": _stacked,
        "bare": _nothing,
    }
)
THREADS: tuple[str, ...] = tuple(_HEADERS)
"""Layouts with comments."""


def header_lines(voice: Voice, layout: str, number: int, name: str) -> list[str]:
    """What a layout says above the comment of that number: its name, its date."""
    return _HEADERS[layout](voice, number, name)


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
    stacked: bool
    """Each of the actions on a line of its own."""
    votes: str
    """Form of the number of votes under each comment; empty for none."""


def _style(voice: Voice, layout: str) -> _Style:
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
        stacked=voice.chance(0.25),
        votes=rng.choice(_VOTES) if voice.chance(0.25) else "",
    )


_VOTES = (
    *("{a}", "{a}", "+{a}", "{a} {b}", "{a}\n{b}", "+{a}\n-{b}", "+{a} −{b}", "({a})"),
    *("👍 {a}", "👍 {a} 👎 {b}", "▲ {a} ▼ {b}", "♥ {a}", "{act} {a}", "{act} ({a})"),
)


def _comment_lines(voice: Voice, style: _Style, layout: str, number: int, name: str,
                   body: list[str], depth: int) -> Unit:  # fmt: skip
    """One comment with its header, in page order."""
    margin = " " * (style.margin + style.step * depth)
    inner = margin + " " * style.indent
    header = header_lines(voice, layout, number, name)
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
    elif layout == "talkback":  # numbered, with a title, and signed
        texts = [f"{margin}{number}. {contents[0].strip()}", *contents[1:], *texts]
    elif layout == "trailing":  # on the last line of the comment
        texts = [*contents[:-1], *(contents[-1] + line for line in header)]
    elif layout == "between":
        texts = [*texts[:1], *contents, *texts[1:]]
    else:
        texts += contents
    lines: Unit = []
    for text in texts:
        if lines and style.gap:
            lines.append(("", None))
        lines.append((text, COMMENT))
    controls: list[str] = []
    if style.votes:
        a, b = (str(voice.rng.randint(0, most)) for most in (90, 30))
        shown = style.votes.replace("{a}", a).replace("{b}", b)
        controls += shown.replace("{act}", voice.table["actions"][0]).split("\n")
    controls += style.actions if style.stacked else [style.joint.join(style.actions)]
    lines += [(inner + line, NAVIGATION) for line in controls if line]
    return lines


def thread_units(
    voice: Voice, layout: str, article: Sequence[str], comments: Sequence[str]
) -> list[Unit]:
    """Comments in one of `THREADS`, each with its header and controls."""
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
            body = [rng.choice(["> ", ">> ", "» ", "| "]) + quote(rng, source), *body]
        if len(body[-1]) > 200 and voice.chance(0.08):
            body[-1] = body[-1][: rng.randint(120, 200)] + "… " + voice.draw("more")
        name = rng.choice(names) if names and voice.chance(0.15) else voice.name()
        names.append(name)
        header_voice = retold(voice, template)
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


def post_units(voice: Voice, posts: Sequence[Sequence[str]]) -> list[Unit]:
    """Posts of a forum, each with what the forum says of its author."""
    rng = voice.rng
    template = rng.getrandbits(32)
    keys = rng.randint(1, 5)
    numbered, below, quoting = voice.chance(0.5), voice.chance(0.3), voice.chance(0.3)
    controls = voice.some("actions", 0, 3)
    units: list[Unit] = []
    names: list[str] = []
    for number, post in enumerate(posts, start=1):
        told = retold(voice, template)
        name = rng.choice(names) if names and voice.chance(0.3) else voice.name()
        profile = [told.draw("profile") for _ in range(keys)]
        header: Unit = [(name, UNJUDGED), *((line, NAVIGATION) for line in dict.fromkeys(profile))]
        header.insert(rng.choice([0, 0, 1]) if below else 0, (told.moment(), UNJUDGED))
        if numbered:
            header.insert(0, (f"#{number}", NAVIGATION))
        body: Unit = [(line, ARTICLE) for line in post]
        if quoting and names and voice.chance(0.4):
            quoted = voice.draw("says", name=names[-1])
            body = [(quoted, UNJUDGED), (quote(rng, " ".join(posts[number - 2])), UNJUDGED), *body]
        names.append(name)
        ends: Unit = [(line, NAVIGATION) for line in controls]
        units.append([*body, *header, *ends] if below else [*header, *body, *ends])
    return units
