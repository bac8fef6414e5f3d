"""The article body that a page declares: escapes, markup, broken JSON, and what features see."""

from __future__ import annotations

import json
import time

import pytest

from cleaner.features import feature_names, features_of
from cleaner.segment import segment
from cleaner.segment.jsonld import article_body

BODY = "The river rose two metres in one night. " * 8


def page(script: str) -> str:
    return (
        f'<script type="application/ld+json">{script}</script>'
        f"<article><p>{BODY}</p></article><ul><li>Ten lakes you must see this summer</ul>"
    )


@pytest.mark.parametrize(
    ("script", "body"),
    [
        ('{"@id":"/", "articleBody" : "Rain \\"again\\", \\u00e9t\\u00e9."}', 'Rain "again", été.'),
        ('{"articleBody":"&lt;p&gt;One.&lt;/p&gt;\\n<p>Two &amp; six.</p>"}', "One. Two & six."),
        ('[{"articleBody":"Short."},{"articleBody":"The longer one."}]', "The longer one."),
        ('{"articleBody":"cut off', ""),
        ('{"articleBody":["no string"]}', ""),
        ('{"articleBody":"broken \\x escape"}', ""),
        ('{"headline":"Nothing declared"}', ""),
    ],
)  # fmt: skip
def test_article_body(script: str, body: str) -> None:
    assert article_body(page(script)) == body


def test_blocks_of_the_declared_body_are_marked() -> None:
    found = segment(page(json.dumps({"articleBody": BODY})), "html")
    shares = features_of(found).dense[:, feature_names("html").index("declared")]
    assert shares[0] == 1
    assert shares[1] < 0.5


def test_a_summary_is_no_declared_body() -> None:
    found = segment(page(json.dumps({"articleBody": BODY[:100]})), "html")
    dense = features_of(found).dense
    assert not dense[:, feature_names("html").index("declared")].any()
    assert not dense[:, feature_names("html").index("has_declared")].any()


LINES = [f"Sentence {number} says what the river did in the night." for number in range(12)]


@pytest.mark.parametrize("markup", [False, True])
def test_an_article_for_machines_only_is_read(markup: bool) -> None:
    body = "".join(f"<p>{line}</p>" for line in LINES) if markup else "\n".join(LINES)
    data = json.dumps({"@type": "NewsArticle", "articleBody": body})
    html = f"<nav>Home</nav><div id=root></div><script type='application/ld+json'>{data}</script>"
    found = segment(html, "html")
    assert [found.text_of(block) for block in found.blocks] == ["Home", *LINES]


def test_an_article_that_is_shown_is_not_read_twice() -> None:
    data = json.dumps({"articleBody": "\n".join(LINES)})
    shown = f"<p>{LINES[0]}</p><p>Subscribe to read on.</p>"
    found = segment(f"{shown}<script type='application/ld+json'>{data}</script>", "html")
    assert [found.text_of(block) for block in found.blocks] == [LINES[0], "Subscribe to read on."]


def test_open_brackets_in_a_declared_body_cost_no_time() -> None:
    start = time.perf_counter()
    article_body('{"articleBody": "' + "<" * 200_000 + '"}')
    assert time.perf_counter() - start < 1
