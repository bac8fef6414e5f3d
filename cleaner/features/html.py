"""Features of a block's markup: its element, its containers, its place in the tree.

One entry a feature, as in `features.text`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from cleaner.features.facts import Column, DomFacts

Feature = Callable[[DomFacts], Column]

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


def _tag_is(tags: tuple[str, ...]) -> Feature:
    return lambda f: f.has_tag(*tags)


def _inside(tags: tuple[str, ...]) -> Feature:
    return lambda f: f.inside_any(*tags)


def _hidden(f: DomFacts) -> Column:
    return np.array(f.elements["hidden"])[f.ancestors[0]]


def _after_heading(f: DomFacts) -> Column:
    """Signed log distance in blocks from the headline; 0 without one."""
    if f.heading < 0:
        return np.zeros(f.n, np.float32)
    distance = np.arange(f.n) - f.heading
    return np.sign(distance) * np.log1p(np.abs(distance))


def _side_of_best(f: DomFacts) -> Column:
    """-1 before the best container, 0 in it, 1 after it."""
    index = np.arange(f.n)
    return (index >= f.last[f.best]) * 1.0 - (index < f.first[f.best]) * 1.0


def _prose_share(level: int) -> Feature:
    return lambda f: f.sums["prose"].take(f.ancestors[level]) / f.page_prose


def _prose_density(level: int) -> Feature:
    """Prose in the container by all its letters."""

    def feature(f: DomFacts) -> Column:
        density = f.sums["prose"] / np.maximum(f.sums["units"], 1)
        return density.take(f.ancestors[level])

    return feature


def _link_density(level: int) -> Feature:
    def feature(f: DomFacts) -> Column:
        density = f.sums["link_length"] / np.maximum(f.sums["length"], 1)
        return density.take(f.ancestors[level])

    return feature


def _container_blocks(level: int) -> Feature:
    return lambda f: np.log1p(f.sums["blocks"].take(f.ancestors[level]))


def _repeats(level: int) -> Feature:
    """Siblings like the ancestor at this level: cards, teasers and comments repeat."""
    return lambda f: np.log(f.siblings.take(f.ancestors[level]))


def _repeated_units(level: int) -> Feature:
    """Letters in the average of these siblings: cards are small, sections and posts are not."""
    return lambda f: np.log1p(f.sibling_units.take(f.ancestors[level]))


def _per_block(name: str, level: int) -> Feature:
    """A count of blocks summed over the ancestor at this level, for each of its blocks."""

    def feature(f: DomFacts) -> Column:
        return np.minimum(f.mean(name).take(f.ancestors[level]), 5)

    return feature


def _path_prose(f: DomFacts) -> Column:
    return f.same_path(f.prose) / f.page_prose


HTML_FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        "links": lambda f: np.log1p(f.numbers["links"]),
        "link_share": lambda f: f.link_share,
        "page_link_share": lambda f: np.full(
            f.n, f.numbers["link_length"].sum() / f.length.sum(), np.float32
        ),
        "marks": lambda f: np.log1p(f.numbers["marks"]),
        "controls": lambda f: f.numbers["control_chars"] / f.length,
        "images": lambda f: np.minimum(f.numbers["images"], 5),
        "hidden": _hidden,
        **{f"tag_{name}": _tag_is(tags) for name, tags in _TAG_GROUPS.items()},
        **{f"in_{name}": _inside(tags) for name, tags in _INSIDE.items()},
        "depth": lambda f: np.log1p(f.depth[f.ancestors[0]]),
        "title": lambda f: f.title,
        "after_heading": _after_heading,
        "has_heading": lambda f: np.full(f.n, f.heading >= 0, np.float32),
        "side_of_best": _side_of_best,
        "distance_to_best": lambda f: f.distance_to_best,
        "best_prose": lambda f: np.full(f.n, f.sums["prose"][f.best] / f.page_prose),
        **{f"prose_share_{k}": _prose_share(k) for k in range(5)},
        **{f"prose_density_{k}": _prose_density(k) for k in (1, 2, 3)},
        **{f"link_density_{k}": _link_density(k) for k in (1, 2, 3)},
        **{f"container_blocks_{k}": _container_blocks(k) for k in (1, 2, 3, 5)},
        **{f"repeats_{k}": _repeats(k) for k in range(5)},
        **{f"repeated_units_{k}": _repeated_units(k) for k in (1, 2, 3, 4)},
        "bare_links": lambda f: np.minimum(f.numbers["bare_links"], 5),
        **{f"links_per_block_{k}": _per_block("links", k) for k in (1, 2, 3)},
        **{f"bare_links_per_block_{k}": _per_block("bare_links", k) for k in (1, 2, 3)},
        **{f"images_per_block_{k}": _per_block("images", k) for k in (1, 2, 3)},
        "topic_of_best": lambda f: f.topic_of_best,
        "declared": lambda f: f.declared,
        "has_declared": lambda f: np.full(f.n, f.declared.any(), np.float32),
        "path_prose": _path_prose,
        "path_blocks": lambda f: np.log1p(f.same_path(f.numbers["blocks"])),
    }
)
