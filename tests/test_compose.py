from __future__ import annotations

import random

import pytest

from cleaner.compose import (
    LAYOUTS,
    PLACES,
    THREADS,
    Document,
    compose,
    documents,
    phrases,
)
from cleaner.compose.remarks import blend, misspell, terms_of
from cleaner.data.align import UNJUDGED

ARTICLE = [
    "The council of Harwick closed the old bridge after engineers found cracks in its piers.",
    "Repairs may take eighteen months, said mayor Ellen Strand, and cost four million.",
    "Shopkeepers on the eastern bank fear for their trade.",
]
COMMENTS = ["First remark, rather long and about nothing.", "Second remark.\nIn two parts.", "no"]
HEADLINES = [f"Other story number {word}" for word in ("one", "two", "three", "four", "five")]
SITES = [
    ("a.example", "en", "Old bridge to close", ARTICLE),
    (
        "b.example",
        "ja",
        "橋を閉鎖へ",
        ["市議会は月曜日、橋を閉鎖することを決めた。", "修理には1年半を要する。"],
    ),
    ("c.example", "xx", "Title", ["A language without a table of phrases."]),
]


def sample(seed: int, n: int) -> list[Document]:
    rng = random.Random(seed)
    return list(documents(rng, SITES, {"en": COMMENTS * 30}, {"en": HEADLINES}, n))


def words(document: Document, label: str) -> str:
    lines = zip(document.text.split("\n"), document.labels, strict=True)
    return " ".join(" ".join(text for text, given in lines if given == label).split())


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", ["en", "ar", "ko", "th", "vi"])
def test_every_layout_labels_every_line(layout: str, language: str) -> None:
    for seed in range(8):
        rng = random.Random(seed)
        document = compose(
            rng, ARTICLE, "Title", COMMENTS, HEADLINES, layout=layout, language=language
        )
        lines = document.text.split("\n")
        assert len(lines) == len(document.labels)
        assert [label is None for label in document.labels] == [not line for line in lines]
        assert set(document.labels) <= {"article", "comment", "navigation", UNJUDGED, None}
        assert ("comment" in document.labels) == (layout in THREADS)
        letters = words(document, "article").removeprefix("Title").replace(" ", "")
        posts = [*ARTICLE, *(COMMENTS if layout == "posts" else ())]
        assert letters == "".join("".join(posts).split())
        assert "{" not in document.text


def test_clean_documents_hold_the_article_alone() -> None:
    for seed in range(20):
        document = compose(random.Random(seed), ARTICLE, "", [], HEADLINES, layout="clean")
        assert set(document.labels) <= {"article", None}


def test_furniture_of_real_pages_is_navigation() -> None:
    furniture = {place: [[f"Left {place}.", "Right"]] for place in PLACES}
    shown = set()
    for seed in range(80):
        document = compose(
            random.Random(seed), ARTICLE, "", COMMENTS, HEADLINES, furniture=furniture
        )
        found = words(document, "navigation")
        shown |= {place for place in PLACES if f"Left {place}. Right" in found}
        assert "Left" not in words(document, "article") + words(document, "comment")
    assert shown == set(PLACES)


def test_layout_must_exist_and_suit_the_material() -> None:
    with pytest.raises(ValueError, match="no layout named"):
        compose(random.Random(1), ARTICLE, "", COMMENTS, [], layout="upside-down")
    with pytest.raises(ValueError, match="needs comments"):
        compose(random.Random(1), ARTICLE, "", [], [], layout="says")
    with pytest.raises(ValueError, match="needs comments"):
        compose(random.Random(1), ARTICLE, "", [], [], layout="posts")


def test_documents_repeat_with_the_seed() -> None:
    assert sample(3, 30) == sample(3, 30)
    assert sample(3, 30) != sample(4, 30)


def test_documents_cover_layouts_topics_and_sites() -> None:
    drawn = sample(5, 300)
    assert {document.layout for document in drawn} == set(LAYOUTS)
    assert {document.site for document in drawn} == {"a.example", "b.example", "c.example"}
    assert {document.on_topic for document in drawn} == {True, False}
    sizes = [sum(label == "comment" for label in document.labels) for document in drawn]
    assert min(sizes) == 0
    assert max(sizes) > 50


def test_on_topic_comments_share_words_with_the_article() -> None:
    donor = "I remember Portland had exactly the same troubles with the highway authority."
    for seed in range(20):
        assert blend(random.Random(seed), ARTICLE, terms_of(ARTICLE), donor, "en") != donor
    article, said = SITES[1][3], "昨日の電車は大変でした。"
    assert blend(random.Random(1), article, terms_of(article), said, "ja") != said
    assert blend(random.Random(1), [], [], donor, "en") == donor


def test_misspell_keeps_most_letters() -> None:
    text = "I cannot believe that nobody mentioned this before, honestly."
    noisy = [misspell(random.Random(seed), text) for seed in range(30)]
    assert len(set(noisy)) > 10
    assert all(abs(len(line) - len(text)) < 12 for line in noisy)
    assert all(misspell(random.Random(seed), "").strip() != text for seed in range(5))


def test_phrase_tables_are_complete() -> None:
    tables = phrases()
    languages = set(tables) - {"*"}
    assert len(languages) >= 31
    for language in languages:
        assert set(tables[language]) == set(tables["en"]), language
        assert len(tables[language]["months"].split()) == 12, language
        assert all(tables[language][key] for key in tables["en"]), language
        assert any("{x}" in remark for remark in tables[language]["remarks"]), language


def test_other_stories_are_navigation() -> None:
    stories = [("A storm is coming", ["Ships stay in the harbour.", "Wind is expected at noon."])]
    shown = 0
    for seed in range(60):
        document = compose(
            random.Random(seed), ARTICLE, "", [], HEADLINES, layout="no-comments", stories=stories
        )
        shown += "Ships stay" in words(document, "navigation")
        assert "Ships" not in words(document, "article")
    assert shown > 5
