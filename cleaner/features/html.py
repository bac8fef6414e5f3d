"""Features of a block's markup: its element, its containers, its place in the tree.

One entry a feature or a family of them, as in `features.text`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from types import MappingProxyType

import numpy as np

from cleaner.features.dom import DomFacts
from cleaner.features.facts import Column

Feature = Callable[[DomFacts], Column | float]

_TAG_GROUPS = {
    "p": ("p",),
    "li": ("li",),
    "td": ("td", "th"),
    "h1": ("h1",),
    "h2": ("h2", "h3", "h4", "h5", "h6"),
    "div": ("div", "section", "body", "center"),
    "pre": ("pre",),
    "caption": ("figcaption", "caption"),
    "term": ("dt", "dd"),
    "option": ("option",),
}
_TAG_GROUP = {tag: at for at, tags in enumerate(_TAG_GROUPS.values()) for tag in tags}
_COUNTED = ("links", "bare_links", "images")
_INSIDE = {
    "nav": ("nav", "menu"),
    "header": ("header", "hgroup"),
    "footer": ("footer",),
    "aside": ("aside",),
    "main": ("main",),
    "article": ("article",),
    "section": ("section",),
    "form": ("form", "fieldset"),
    "table": ("table",),
    "list": ("ul", "ol", "dl"),
    "quote": ("blockquote",),
    "figure": ("figure",),
    "dialog": ("dialog", "details"),
    "heading": ("h1", "h2", "h3", "h4", "h5", "h6"),
}
_INSIDE_GROUP = {tag: at for at, tags in enumerate(_INSIDE.values()) for tag in tags}


def _names(prefix: str, kinds: Iterable[object]) -> str:
    return " ".join(f"{prefix}_{kind}" for kind in kinds)


def _tag_is(f: DomFacts) -> Column:
    """Which group the tag of the block's own element is in."""
    group = np.fromiter(map(_TAG_GROUP.get, f.blocks["tag"], repeat(-1)), np.int64, f.n)
    return group == np.arange(len(_TAG_GROUPS))[:, None]


def _hidden(f: DomFacts) -> Column:
    return f.hidden.take(f.levels[0])


def _after_heading(f: DomFacts) -> Column | float:
    """Signed log distance in blocks from the headline; 0 without one."""
    if f.heading < 0:
        return 0
    distance = np.arange(f.n) - f.heading
    return np.sign(distance) * np.log1p(np.abs(distance))


def _side_of_best(f: DomFacts) -> Column:
    """-1 before the best container, 0 in it, 1 after it."""
    index = np.arange(f.n)
    return (index >= f.last[f.best]) * 1.0 - (index < f.first[f.best]) * 1.0


def _prose_density(f: DomFacts) -> Column:
    """Prose in the container by all its letters."""
    return f.above(f.sums["prose"] / np.maximum(f.sums["units"], 1), 1, 2, 3)


def _link_density(f: DomFacts) -> Column:
    return f.above(f.sums["link_length"] / np.maximum(f.sums["length"], 1), 1, 2, 3)


def _repeats(f: DomFacts) -> Column:
    """Siblings like the ancestor at each level: cards, teasers and comments repeat."""
    return f.above(np.log(f.siblings), 0, 1, 2, 3, 4)


def _repeated_units(f: DomFacts) -> Column:
    """Letters in the average of these siblings: cards are small, sections and posts are not."""
    return f.above(np.log1p(f.sibling_units), 1, 2, 3, 4)


def _per_block(f: DomFacts) -> Column:
    """Counts of blocks summed over an ancestor, for each of its blocks."""
    means = np.array([f.sums[name] for name in _COUNTED]) / np.maximum(f.sums["blocks"], 1)
    found = np.minimum(means, 5).take(f.levels[1:4], axis=1)
    return found.reshape(-1, f.n)


def _path_prose(f: DomFacts) -> Column:
    return f.same_path(f.prose) / f.page_prose


HTML_FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        "links": lambda f: np.log1p(f.numbers["links"]),
        "link_share": lambda f: f.link_share,
        "page_link_share": lambda f: f.numbers["link_length"].sum() / f.length.sum(),
        "marks": lambda f: np.log1p(f.numbers["marks"]),
        "controls": lambda f: f.numbers["control_chars"] / f.length,
        "images": lambda f: np.minimum(f.numbers["images"], 5),
        "hidden": _hidden,
        _names("tag", _TAG_GROUPS): _tag_is,
        _names("in", _INSIDE): lambda f: f.within(_INSIDE_GROUP),
        "depth": lambda f: np.log1p(f.depth[f.levels[0]]),
        "title": lambda f: f.title,
        "after_heading": _after_heading,
        "has_heading": lambda f: f.heading >= 0,
        "side_of_best": _side_of_best,
        "distance_to_best": lambda f: f.distance_to_best,
        "best_prose": lambda f: f.sums["prose"][f.best] / f.page_prose,
        _names("prose_share", range(5)): lambda f: f.above(
            f.sums["prose"] / f.page_prose, 0, 1, 2, 3, 4
        ),
        _names("prose_density", (1, 2, 3)): _prose_density,
        _names("link_density", (1, 2, 3)): _link_density,
        _names("container_blocks", (1, 2, 3, 5)): lambda f: f.above(
            np.log1p(f.sums["blocks"]), 1, 2, 3, 5
        ),
        _names("repeats", range(5)): _repeats,
        _names("repeated_units", (1, 2, 3, 4)): _repeated_units,
        "bare_links": lambda f: np.minimum(f.numbers["bare_links"], 5),
        " ".join(_names(f"{name}_per_block", (1, 2, 3)) for name in _COUNTED): _per_block,
        "topic_of_best": lambda f: f.topic_of_best,
        "declared": lambda f: f.declared,
        "has_declared": lambda f: bool(f.declared.any()),
        "path_prose": _path_prose,
        "path_blocks": lambda f: np.log1p(f.same_path(f.numbers["blocks"])),
    }
)
