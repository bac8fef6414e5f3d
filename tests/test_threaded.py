"""Comments of HTML pages in other markup."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from cleaner.compose.markup import Markup, Thread
from cleaner.compose.voice import Voice
from cleaner.data.pages import Labelled, LabelledPage
from cleaner.examples import DONORS, Prepared, prepare
from cleaner.examples.threaded import Donor, donors_of, draw_donor, threaded
from cleaner.segment import segment
from cleaner.types import ARTICLE, COMMENT, NAVIGATION

SAID = [
    "The bridge has been closed since spring & nobody knows why.",
    "I asked at the town hall.\nThey said it would take until autumn, <sigh>.",
    "My bus takes forty minutes longer every single morning now.",
]
PARAGRAPHS = [
    f"Paragraph {number} says what the council decided about the bridge, and when, and why."
    for number in range(6)
]


def letters(text: str) -> str:
    return re.sub(r"\W+", "", text)


def thread(seed: int, language: str = "en") -> Thread:
    return Markup(Voice(random.Random(seed), language)).thread(SAID, title="The bridge")


def page(name: str, comments: list[str], *, language: str = "en", layout: str = "news") -> Prepared:
    below = "".join(f"<li><b>Ann</b><p>{text}</p></li>" for text in comments)
    html = (
        "<body><nav><a href=/>Home</a></nav><article><h1>The bridge</h1>"
        + "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
        + f"</article><ul class=comments>{below}</ul><footer>All rights reserved</footer></body>"
    )
    labelled = LabelledPage(
        name=name, page=html.encode(), kind="html", url=f"https://{name}.example/",
        language=language, source="test", licence="CC0", layout=layout, rest=NAVIGATION,
        labels=(
            *(Labelled(ARTICLE, text) for text in PARAGRAPHS),
            *(Labelled(COMMENT, text) for text in comments),
        ),
    )  # fmt: skip
    prepared = prepare(labelled)
    assert prepared is not None
    return prepared


def texts(prepared: Prepared, label: str) -> list[str]:
    blocks = zip(prepared.page.blocks, prepared.labels, strict=True)
    return [prepared.page.text_of(block) for block, own in blocks if own == label]


@pytest.mark.parametrize("seed", range(40))
def test_a_thread_renders_as_its_lines_say(seed: int) -> None:
    made = thread(seed)
    assert letters(segment(made.html, "html").source) == letters("".join(t for t, _ in made.lines))
    said = [text for text, label in made.lines if label == COMMENT]
    assert len(said) == 4  # one comment has two paragraphs


def test_threads_differ_and_are_the_same_for_a_seed() -> None:
    assert thread(3) == thread(3)
    assert len({re.sub(r">[^<]*<", "><", thread(seed).html) for seed in range(30)}) > 25


def test_most_threads_do_not_say_what_they_are() -> None:
    telling = [seed for seed in range(200) if "comment-" in thread(seed).html]
    assert 5 < len(telling) < 50


def test_own_comments_are_written_again_and_all_else_stays() -> None:
    before = page("one", SAID)
    after = threaded(before, Donor("one.example", ()), random.Random(1))
    assert after is not None
    assert texts(after, ARTICLE) == texts(before, ARTICLE)
    assert 'class="comments"' not in after.page.html
    found = letters("".join(texts(after, COMMENT)))
    assert letters("My bus takes forty minutes longer") in found
    assert "All rights reserved" in texts(after, NAVIGATION)
    assert after.sites == before.sites


def test_a_page_without_comments_is_given_those_of_its_language() -> None:
    pages = [page("one", SAID), page("zwei", SAID, language="de"), page("bare", [])]
    donors = donors_of(pages)
    assert set(donors) == {"en", "de"}
    drawn = next(filter(None, (draw_donor(pages[2], donors, random.Random(i)) for i in range(9))))
    assert drawn.site == pages[0].labelled.site
    after = threaded(pages[2], drawn, random.Random(0))
    assert after is not None
    assert texts(after, ARTICLE) == texts(pages[2], ARTICLE)
    assert texts(after, COMMENT)
    assert after.labelled.extra[DONORS] == drawn.site
    assert set(after.sites) == {"bare.example", "one.example"}


@pytest.mark.parametrize("layout", ["forum", "qa"])
def test_no_comments_are_put_under_posts(layout: str) -> None:
    pages = [page("one", SAID), page("bare", [], layout=layout)]
    donors = donors_of(pages)
    assert not any(draw_donor(pages[1], donors, random.Random(seed)) for seed in range(9))


def test_a_page_in_a_language_without_comments_is_left_alone() -> None:
    pages = [page("one", SAID), page("bare", [], language="ka")]
    donors = donors_of(pages)
    assert not any(draw_donor(pages[1], donors, random.Random(seed)) for seed in range(9))


def test_names_and_dates_that_were_labelled_comments_are_none() -> None:
    (donor,) = donors_of([page("one", [SAID[0], "Ann, 3 May 2019", SAID[2]])])["en"]
    assert donor.comments == (SAID[0], SAID[2])


def test_shipped_pages_keep_their_articles() -> None:
    from cleaner.data.pages import read_pages
    from conftest import TRAINING_DATA

    found = [p for p in read_pages(Path(TRAINING_DATA)) if p.kind == "html"][::12]
    prepared = [one for one in map(prepare, found) if one]
    donors = donors_of(prepared)
    made = 0
    for number, one in enumerate(prepared):
        donor = draw_donor(one, donors, random.Random(number))
        after = donor and threaded(one, donor, random.Random(number))
        if after:
            made += 1
            assert letters("".join(texts(after, ARTICLE))) == letters("".join(texts(one, ARTICLE)))
            assert COMMENT in after.labels
    assert made > len(prepared) / 3
