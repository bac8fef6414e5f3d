"""More HTML pages for training: parts of other pages spliced into labelled ones.

Reviewed pages are few, and few of them carry the trouble this project is about:
rails of other headlines around and inside an article, and reader comments below
it. Both are taken from other pages, as they stand there, and put where sites put
them. Labels stay right by construction: what is spliced in is none of the
article, and comments bring their labels along.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleaner.data.pages import Labelled, LabelledPage
from cleaner.examples import DONORS, Prepared
from cleaner.segment.html import container_nodes
from cleaner.types import ARTICLE, COMMENT, NAVIGATION, Page

_MIN_REPEATS = 4
"""Children of one kind that make an element a rail of cards."""
_MAX_CHARS = 40_000
"""Longer fragments are half a page, not a part of one."""
_NO_FRAGMENT = frozenset("body caption tbody td tfoot th thead tr".split())
"""Elements that a parser drops where they stand alone."""
_MIN_ARTICLE = 4
"""Blocks of article from which parts can be put between them."""
_MAX_LINKED = 0.15
"""Share of linked letters up to which an article is running text."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a page's markup, and the labels that its text brings along."""

    site: str
    html: str
    labels: tuple[Labelled, ...] = ()


@dataclass(frozen=True, slots=True)
class Fragments:
    """What can be spliced into other pages."""

    rails: list[Fragment] = field(default_factory=list)
    threads: list[Fragment] = field(default_factory=list)

    @classmethod
    def harvest(cls, pages: Iterable[Prepared]) -> Fragments:
        """Find rails of cards and comment threads on labelled HTML pages."""
        found = cls()
        for prepared in pages:
            if prepared.page.kind == "html":
                _harvest(prepared, found)
        return found


def _harvest(prepared: Prepared, found: Fragments) -> None:
    page, labels, site = prepared.page, prepared.labels, prepared.labelled.site
    threads = set(thread_elements(page, labels))
    wanted = sorted(threads.union(_rails(page, labels)))
    if not wanted:
        return
    nodes = container_nodes(page.html)
    for index in wanted:
        html = nodes[index].html or ""
        if not html or len(html) > _MAX_CHARS or nodes[index].tag in _NO_FRAGMENT:
            continue
        element = page.elements[index]
        if index in threads:
            texts = tuple(
                Labelled(labels[i], " ".join(page.text_of(page.blocks[i]).split()))
                for i in range(element.first, element.last)
            )
            found.threads.append(Fragment(site, html, texts))
        else:
            found.rails.append(Fragment(site, html))


def thread_elements(page: Page, labels: Sequence[str]) -> list[int]:
    """Largest elements that hold comments, nothing of the article, and not mostly navigation."""
    found, covered = [], 0
    for index, element in enumerate(page.elements):
        inside = labels[element.first : element.last]
        if (
            element.first >= covered
            and inside.count(COMMENT) >= 2
            and inside.count(NAVIGATION) <= len(inside) / 2
            and ARTICLE not in inside
        ):
            found.append(index)
            covered = element.last
    return found


def _rails(page: Page, labels: Sequence[str]) -> list[int]:
    """Elements whose children repeat, with links: lists of headlines, rows of cards."""
    children: dict[int, list[int]] = {}
    for index, element in enumerate(page.elements):
        children.setdefault(element.parent, []).append(index)
    found = []
    for parent, members in children.items():
        if parent < 0 or len(members) < _MIN_REPEATS:
            continue
        kinds = [(page.elements[i].tag, page.elements[i].tokens) for i in members]
        element = page.elements[parent]
        blocks = page.blocks[element.first : element.last]
        letters = sum(block.end - block.start for block in blocks)
        linked = sum(block.links > 0 for block in blocks)
        if (
            max(map(kinds.count, set(kinds))) >= _MIN_REPEATS
            and COMMENT not in labels[element.first : element.last]
            and 200 <= letters <= 6_000
            and linked >= _MIN_REPEATS
            and letters >= 20 * len(blocks)
        ):
            found.append(parent)
    return found


def draw(
    prepared: Prepared, fragments: Fragments, rng: random.Random, *, rails: bool = True
) -> tuple[list[Fragment], list[Fragment]]:
    """Rails, if wanted, and threads of other sites for one page.

    Both empty where it has no running text: on a listing, cards are the content, so more of
    them would mislead.
    """
    labelled, page = prepared.labelled, prepared.page
    if page.kind != "html" or not has_running_text(prepared):
        return [], []
    count = rng.choice((0, 1, 1, 2, 3)) if rails else 0
    drawn = _others(fragments.rails, labelled.site, rng, count)
    if COMMENT in prepared.labels:
        return drawn, []
    threads = rng.choice((0, 1)) if rails else 1
    return drawn, _others(fragments.threads, labelled.site, rng, threads)


def has_running_text(prepared: Prepared) -> bool:
    """Whether a page has an article, known in full, that is more than links."""
    blocks = zip(prepared.page.blocks, prepared.labels, strict=True)
    article = [block for block, label in blocks if label == ARTICLE]
    letters = sum(block.end - block.start for block in article)
    linked = sum(block.link_chars for block in article)
    known = prepared.labelled.ordered and len(article) >= _MIN_ARTICLE
    return known and linked <= _MAX_LINKED * letters


def splice(
    prepared: Prepared, rails: Sequence[Fragment], threads: Sequence[Fragment], rng: random.Random
) -> LabelledPage:
    """A labelled page with fragments put around and into its article.

    The sites they came from go into the header `donors`.
    """
    labelled, page = prepared.labelled, prepared.page
    article = [i for i, label in enumerate(prepared.labels) if label == ARTICLE]
    nodes = container_nodes(page.html)
    labels = list(labelled.labels)
    last = page.blocks[article[-1]].element
    for thread in threads:
        nodes[climb(page, last, rng)].insert_after(parsed(thread.html))
        labels += thread.labels
    for rail in rails:
        place = rng.random()
        if place < 0.6:
            nodes[climb(page, last, rng)].insert_after(parsed(rail.html))
        elif place < 0.8:
            within = page.blocks[rng.choice(article[1:-1])].element
            nodes[within].insert_after(parsed(rail.html))
        else:
            first = page.blocks[article[0]].element
            nodes[climb(page, first, rng)].insert_before(parsed(rail.html))
    html = nodes[0].parser.html or ""
    return replace(
        labelled,
        name=f"{labelled.name} spliced",
        page=html.encode(),
        labels=tuple(labels),
        extra={**labelled.extra, DONORS: " ".join(f.site for f in (*rails, *threads))},
    )


def _others(
    fragments: Sequence[Fragment], site: str, rng: random.Random, count: int
) -> list[Fragment]:
    drawn = rng.sample(fragments, min(count, len(fragments)))
    return [fragment for fragment in drawn if fragment.site != site]


def climb(page: Page, element: int, rng: random.Random) -> int:
    """Number of the element or of one of its ancestors, never the body."""
    for _ in range(rng.randint(0, 3)):
        above = page.elements[element].parent
        if above < 0 or page.elements[above].tag in ("html", "body"):
            break
        element = above
    return element


def parsed(html: str) -> LexborNode:
    """The first node of a piece of markup."""
    body = LexborHTMLParser(html).body
    assert body is not None  # the parser makes one for every input
    body_child = body.child
    return body_child if body_child is not None else body
