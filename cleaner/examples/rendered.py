"""Training samples of plain text: labelled HTML pages as the tools of corpora render them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from cleaner.data.align import UNJUDGED, align
from cleaner.examples import DONORS, Prepared, Sample, make_sample
from cleaner.render import available_renderers, render
from cleaner.segment import segment
from cleaner.types import ARTICLE, NAVIGATION, Page

_EXTRACTED = 0.6
"""Share of the renderings that are also given as an extractor leaves them."""
_ONE_LINE = 0.3
"""Weight of pages without line breaks, as one renderer leaves them. As much of them as of others
costs half a point of F1 on news whose lines are left, for a point on pages of one line."""


def rendered_samples(prepared: Prepared, *, seed: int, renderers: int = 2) -> Iterator[Sample]:
    """An HTML page as plain text, by resiliparse if at hand and by other tools drawn at random.

    Some of them come a second time as an extractor leaves them. A spliced page comes
    once, by a tool drawn at random: it brings real threads and rails, which composed
    documents imitate. Each line takes the label of the blocks it came from. A headline
    that the labels leave out of the article is not judged: references differ in
    whether they hold it.

    Four tools a page instead of two are no better: on sites never seen F1 stays within .3 points
    by whatever tool, and more clean articles lose words (2.4 % instead of 1.8 % over a fiftieth).
    """
    labelled, page = prepared.labelled, prepared.page
    rng = random.Random(f"{seed} {labelled.name}")
    names = list(available_renderers())
    rng.shuffle(names)
    spliced = DONORS in labelled.extra
    if spliced:
        renderers = 1
    else:
        names.sort(key=lambda name: name != "resiliparse")
    entries = [
        (UNJUDGED if block.tag == "h1" and label == NAVIGATION else label, page.text_of(block))
        for block, label in zip(page.blocks, prepared.labels, strict=True)
    ]
    for name in names[:renderers]:
        text = segment(render(page.html, name), "text")
        if not text.blocks:
            continue
        lines = [text.text_of(block) for block in text.blocks]
        labels = [alignment.label for alignment in align(lines, entries)]
        versions = {name: (text, labels)}
        whole = spliced or "\n" not in text.source
        if not whole and rng.random() < _EXTRACTED and (left := extracted(text, labels, rng)):
            versions[f"{name} extracted"] = left
        for version, (shown, given) in versions.items():
            yield make_sample(
                shown,
                given,
                name=f"{labelled.name} {version}",
                sites=prepared.sites,
                language=labelled.language,
                weight=1.0 if "\n" in shown.source else _ONE_LINE,
            )


def extracted(
    page: Page, labels: Sequence[str], rng: random.Random
) -> tuple[Page, list[str]] | None:
    """A plain-text page without most of its navigation, and the labels of what is left.

    Much of the text that people clean went through an extractor before. A model that
    sees whole pages only takes away a part of every page, of clean ones too: without
    these it loses 3 % of the words of clean news, with them 1 %.
    """
    if ARTICLE not in labels:
        return None
    kept_share = {NAVIGATION: rng.choice([0.0, 0.0, 0.0, 0.15]), ARTICLE: 1.0}
    pieces: list[str] = []
    kept: list[str] = []
    end, keep, previous = 0, False, ""
    for block, label in zip(page.blocks, labels, strict=True):
        if label != NAVIGATION or previous != NAVIGATION:  # a run of navigation stays or goes
            keep = rng.random() < kept_share.get(label, 0.5)
        previous = label
        if keep:
            ends = min(2, page.source.count("\n", end, block.start))
            pieces += [("\n" * ends or " ") if pieces else "", page.text_of(block)]
            kept.append(label)
        end = block.end
    left = segment("".join(pieces), "text")
    # What is left may look like wrapped text, whose lines are joined; such pages are few.
    return (left, kept) if len(left.blocks) == len(kept) else None
