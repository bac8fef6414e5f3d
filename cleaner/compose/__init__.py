"""Composed plain-text pages whose labels are exact by construction.

An article of one site, comments of another and headlines of a third are laid
out the way scraped pages are: navigation before, inside, between and after, a
comment thread in one of many layouts, blank lines or none. The words of the
furniture (`says`, `ago`, `Leave a Reply`, month names …) are in `phrases.json`,
by language. Only training and benchmarks use this module.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cleaner.compose.furniture import PLACES, navigation_units
from cleaner.compose.remarks import blend, stock_comment, terms_of
from cleaner.compose.threads import THREADS, post_units, thread_units
from cleaner.compose.voice import Furniture, Story, Unit, Voice, phrases
from cleaner.data.align import UNJUDGED
from cleaner.render import wrap
from cleaner.scripts import SPACELESS
from cleaner.types import ARTICLE, NAVIGATION

__all__ = [
    "LAYOUTS", "PLACES", "THREADS", "Document", "Furniture", "compose", "documents", "phrases",
]  # fmt: skip

LAYOUTS: tuple[str, ...] = ("clean", "no-comments", "posts", *THREADS)
"""All layouts: the article alone, the article with navigation, the page of a forum, whose posts
are the article, and each of `THREADS`."""


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


def _article_units(voice: Voice, title: str, paragraphs: Sequence[str]) -> list[Unit]:
    rng = voice.rng
    texts = [" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip()]
    # The furniture may be in another language than the article.
    opening = "".join(texts)[:200]
    spaced = voice.spaced and 3 * len(SPACELESS.findall(opening)) < len(opening)
    if voice.chance(0.08):  # Several paragraphs in one line, as `get_text(" ")` leaves them.
        size = rng.choice([2, 3, 5, len(texts) or 1])
        joint = " " if spaced else ""
        texts = [joint.join(texts[i : i + size]) for i in range(0, len(texts), size)]
    elif voice.chance(0.12):
        width = rng.randint(55, 100) if spaced else rng.randint(25, 50)
        texts = [wrap(text, width) for text in texts]
    units: list[Unit] = [[(line, ARTICLE) for line in text.split("\n")] for text in texts]
    head: list[Unit] = []
    if title.strip() and voice.chance(0.6):
        head.append([(" ".join(title.split()), ARTICLE)])
    if voice.chance(0.2):  # Whether an article holds its byline, readers judge differently.
        head.append([(voice.byline(), UNJUDGED)])
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
    furniture: Furniture | None = None,
) -> Document:
    """Lay out an article, its comments and other stories' headlines as one scraped page.

    `article` are its paragraphs, `stories` other articles that the page shows in
    part or whole, `language` chooses the words of the furniture (English when there is
    no table for it; one page in fifteen has English furniture anyway, as untranslated
    themes do). With `on_topic` each comment is
    blended with words of the article. `layout` is one of `LAYOUTS`; None draws
    one that suits the material. Comments in all are used, in order; the layouts
    `clean` and `no-comments` use none; in `posts` they answer the article. Raises
    `ValueError` for an unknown layout, or one with comments when there are none.
    """
    if layout is None:
        layout = rng.choice(THREADS if comments else LAYOUTS[:2])
    if layout not in LAYOUTS:
        raise ValueError(f"no layout named {layout!r}; choose one of: {', '.join(LAYOUTS)}")
    if layout in ("posts", *THREADS) and not comments:
        raise ValueError(f"layout {layout!r} needs comments; use 'no-comments' without them")
    voice = Voice(rng, language if rng.random() > 1 / 15 else "en")
    voice.stories = [
        (" ".join(title.split()), [" ".join(part.split()) for part in parts if part.strip()])
        for title, parts in stories
        if title.strip() and "".join(parts).strip()
    ]
    voice.furniture = furniture or {}
    headlines = [" ".join(line.split()) for line in headlines if line.strip()]
    body = _article_units(voice, title, article)
    with_comments = layout in THREADS
    if layout == "clean":
        body = [unit for unit in body if unit[0][1] == ARTICLE]
        return _document(rng, [body], layout, on_topic=False, language=language)
    if layout == "posts":
        first = [" ".join(part.split()) for part in article if part.strip()]
        answers = [[" ".join(p.split()) for p in c.split("\n") if p.strip()] for c in comments]
        body = post_units(voice, [post for post in (first, *answers) if post])
        if title.strip():
            body.insert(0, [(" ".join(title.split()), UNJUDGED)])
    sections: list[list[Unit]] = []
    if voice.chance(0.45):
        sections.append(navigation_units(voice, "before", headlines, 4))
    if len(body) > 2 and layout != "posts" and voice.chance(0.35):
        for _ in range(rng.choice([1, 1, 2])):
            place = rng.randint(1, len(body) - 1)
            body[place:place] = navigation_units(voice, "middle", headlines, 1)
    sections.append(body)
    if voice.chance(0.35 if with_comments else 0.7):
        sections.append(navigation_units(voice, "between", headlines, 3))
    if with_comments:
        if on_topic:
            terms = terms_of(article)
            comments = [blend(rng, article, terms, text, language) for text in comments]
        thread = thread_units(voice, layout, article, comments)
        if voice.chance(0.45):
            count = len(comments) if voice.chance(0.7) else rng.randint(1, 400)
            heading = voice.draw("heading", n=count, title=title.strip() or "…")
            thread.insert(0, [(heading, NAVIGATION)])
        sections.append(thread)
    if voice.chance(0.5):
        sections.append(navigation_units(voice, "after", headlines, 4))
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
_MAX_POSTS = 20
_ENOUGH_DONORS = 100
"""Comments from which a language does without stock remarks."""


def _layout(
    rng: random.Random, threads: Sequence[str], with_comments: float, clean: float, posts: float
) -> str:
    kind = rng.random()
    if kind < with_comments:
        return rng.choice(threads)
    if kind < with_comments + clean:
        return "clean"
    return "posts" if kind < with_comments + clean + posts else "no-comments"


def _drawn(
    rng: random.Random, donors: Sequence[str], count: int, article: Sequence[str], language: str
) -> list[str]:
    """Comments of donors, and stock remarks where there are too few."""
    taken = min(len(donors), count)
    if len(donors) < _ENOUGH_DONORS:  # A few would come again in every document.
        taken = rng.randint(0, taken)
    comments = rng.sample(donors, taken)
    remarks = max(count - taken, rng.choice([0, 0, 1]))
    terms = terms_of(article) if remarks else []
    comments += [stock_comment(rng, terms, language) for _ in range(remarks)]
    rng.shuffle(comments)
    return comments


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
    posts: float = 0.1,
    furniture: Mapping[str, Furniture] | None = None,
) -> Iterator[Document]:
    """Draw `n` composed documents; the same seed and material give the same documents.

    `articles` are (site, language, title, paragraphs). `with_comments`, `clean`
    and `posts` are shares of all documents, the rest is article and navigation; `layouts`
    are the thread layouts to draw from, so that some can be left out of
    training. `counts` are (share of documents up to here, fewest, most comments);
    `short` is the share of those with more than 15 whose article is cut to a short
    post. Half of the documents with comments are on topic. Languages with few
    donor comments, or none, get stock remarks from the phrase tables. `furniture` is
    what real pages have around their articles, by language.
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
        layout = _layout(rng, layouts, with_comments, clean, posts)
        comments: list[str] = []
        if layout in ("posts", *THREADS):
            share = rng.random()
            low, high = next((a, b) for limit, a, b in counts if share <= limit)
            count = rng.randint(low, high)
            if layout == "posts":
                count = min(count, _MAX_POSTS)
            if layout == "posts" or (count > 15 and rng.random() < short):
                paragraphs = paragraphs[: rng.randint(1, 3)]  # A short post under a long thread.
            donors = comments_by_language.get(language, ())
            comments = _drawn(rng, donors, count, paragraphs, language)
            paragraphs, comments = _disguised(rng, layout, paragraphs, comments)
        document = compose(
            rng, paragraphs, title, comments, headlines,
            layout=layout, language=language, on_topic=bool(comments) and rng.random() < 0.5,
            stories=stories, furniture=(furniture or {}).get(language),
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
