"""Training: the same bytes again, folds by site, composed pages with right labels."""

from __future__ import annotations

import gzip
import hashlib
import json
import pickle
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cleaner.train
from cleaner.clean import Cleaner
from cleaner.compose import documents
from cleaner.corpus import Corpus, Extra
from cleaner.data.pages import Labelled, LabelledPage, read_pages, write_page
from cleaner.errors import DataError, ModelError
from cleaner.evaluate import evaluate_results
from cleaner.examples import Sample, prepare, sharing, unique
from cleaner.examples.composed import Material, composed_samples, furniture_of
from cleaner.examples.rendered import extracted, rendered_samples
from cleaner.examples.spliced import Fragments, draw, splice
from cleaner.model import Head
from cleaner.network import Array
from cleaner.segment import segment
from cleaner.train import cross_validate, fit_head, site_folds, train
from cleaner.types import LABELS
from conftest import SMALL, TRAINING_DATA


@pytest.fixture(scope="module")
def shipped() -> list[LabelledPage]:
    return read_pages(TRAINING_DATA)


@pytest.fixture(scope="module")
def few(shipped: list[LabelledPage]) -> list[LabelledPage]:
    return shipped[::8]


@pytest.fixture
def folder(few: list[LabelledPage], tmp_path: Path) -> Path:
    for page in few:
        write_page(tmp_path / "pages", page)
    return tmp_path / "pages"


def hashes(directory: Path) -> dict[str, str]:
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in directory.iterdir()}


def test_bytes_depend_on_the_seed_and_not_on_the_number_of_processes(
    folder: Path, tmp_path: Path
) -> None:
    for name, seed, n_jobs in (("one", 0, 1), ("two", 0, 2), ("seed", 1, 1)):
        train([folder], tmp_path / name, seed=seed, n_jobs=n_jobs, options=SMALL)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert hashes(tmp_path / "one")["weights.npz"] != hashes(tmp_path / "seed")["weights.npz"]


def test_the_small_model_has_learnt_its_pages(small_cleaner: Cleaner, a_third: Path) -> None:
    pages = read_pages(a_third)
    results = [small_cleaner.clean(page.page, page.kind) for page in pages]
    groups = evaluate_results(pages, results).groups
    html, text = (groups[f"kind {kind}"].labels for kind in ("html", "text"))
    assert html["article"].f1 > 0.96
    assert html["comment"].f1 > 0.89
    # A third of these are forums and questions, which one epoch is not enough for.
    assert text["article"].f1 > 0.86
    assert text["comment"].f1 > 0.75


def test_manifest_and_card(small_model: Path, a_third: Path) -> None:
    pages = read_pages(a_third)
    manifest = json.loads((small_model / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["labels"] == list(LABELS)
    (trained_on,) = manifest["training_sets"]
    assert trained_on["folder"] == a_third.name
    assert trained_on["pages"] == len(pages)
    assert trained_on["licences"] == sorted({page.licence for page in pages})
    assert len(trained_on["sha256"]) == 64
    assert set(manifest["versions"]) >= {"cleaner", "numpy"}
    card = (small_model / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert a_third.name in card
    assert trained_on["languages"]["en"] == sum(page.language == "en" for page in pages)
    assert f"en {trained_on['languages']['en']}" in card
    assert manifest["spam_made_by"] in card
    assert str(Path.cwd()) not in card + json.dumps(manifest)


@pytest.mark.parametrize("k", [2, 5, 10])
def test_folds_never_share_a_site(shipped: list[LabelledPage], k: int) -> None:
    folds = site_folds(shipped, k, seed=3)
    assert len(folds) == k
    sites = [site for fold in folds for site in fold]
    assert len(sites) == len(set(sites))
    assert set(sites) == {page.site for page in shipped}
    assert folds == site_folds(list(reversed(shipped)), k, seed=3)
    assert folds != site_folds(shipped, k, seed=4)


@pytest.mark.parametrize("k", [-1, 1, 999])
def test_folds_that_cannot_be_made_are_refused_before_pages_are_prepared(
    few: list[LabelledPage], k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Corpus, "read", lambda *args, **options: pytest.fail("pages were prepared"))
    sites = len({page.site for page in few})
    with pytest.raises(DataError, match=f"{k} folds of pages of {sites} sites; give from 2"):
        cross_validate(few, k, options=SMALL)


def test_cross_validation_never_trains_on_a_site_that_it_judges(
    few: list[LabelledPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[set[str]] = []
    judged: list[set[str]] = []
    fit_model = cleaner.train.fit_model

    def spy(corpus: Corpus, *args: object, **options: object) -> object:
        samples = [sample for group in corpus.samples for sample in group]
        trained.append(
            {p.labelled.site for p in corpus.pages} | {site for s in samples for site in s.sites}
        )
        return fit_model(corpus, *args, **options)  # type: ignore[arg-type]

    def clean_fold(corpus: object, pages: list[LabelledPage], *rest: object) -> object:
        judged.append({page.site for page in pages})
        return fold(corpus, pages, *rest)  # type: ignore[arg-type]

    fold = cleaner.train._clean_fold
    monkeypatch.setattr(cleaner.train, "fit_model", spy)
    monkeypatch.setattr(cleaner.train, "_clean_fold", clean_fold)
    results = cross_validate(few, 2, options=SMALL)
    assert [result.kind for result in results] == [page.kind for page in few]
    assert all(result.error is None for result in results)
    assert len(trained) == len(judged) == 2
    assert all(not of_model & of_fold for of_model, of_fold in zip(trained, judged, strict=True))


def test_second_opinions_come_from_networks_that_never_saw_the_site(
    few: list[LabelledPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaner.train, "_MIN_OPINION_SITES", 4)
    monkeypatch.setattr(cleaner.train, "_MIN_STEPS", 0)
    fit_network, give_opinion = cleaner.train._fit_network, cleaner.train._opinion
    seen: list[tuple[Head, set[str]]] = []
    asked: list[str] = []
    heard: list[tuple[Sample, Array | None]] = []

    def spy(
        samples: list[Sample], opinions: list[Array | None], *args: Any, **options: Any
    ) -> Head:
        heard[:] = zip(samples, opinions, strict=True)
        head = fit_network(samples, opinions, *args, **options)
        seen.append((head, {site for sample in samples for site in sample.sites}))
        return head

    def asking(head: Head, sample: Sample) -> Array:
        (sites,) = (sites for known, sites in seen if known is head)
        assert not sites.intersection(sample.sites[:1])
        asked.append(sample.name)
        return give_opinion(head, sample)

    monkeypatch.setattr(cleaner.train, "_fit_network", spy)
    monkeypatch.setattr(cleaner.train, "_opinion", asking)
    corpus = Corpus.read(few, kinds=("html",))
    samples = [s for group in corpus.samples for s in group if s.kind == "html"]
    fit_head(samples, "html", LABELS, options=SMALL)
    assert len(seen) == cleaner.train._OPINION_FOLDS + 1
    assert sorted(asked) == sorted(sample.name for sample in samples)
    for sample, opinion in heard:
        assert opinion is not None
        assert opinion.shape == (len(sample.labels), len(LABELS))
        judged = np.array(sample.labels) != "unjudged"
        assert opinion.sum(axis=1) == pytest.approx(judged.astype(float), abs=1e-4)


def test_markup_labels_the_comments_of_an_unlabelled_page() -> None:
    page = LabelledPage(
        name="bare",
        page=b"""<h1>Low water</h1>
        <p>The ferry stays in the harbour until Friday, the master said.</p>
        <ol class="comment-list">
        <li><b>Ines</b><p>Again! My parcels have been waiting for a week now.</p>
        </ol>
        <div id="respond" class="comment-respond">
        <p>Your e-mail address is not published.</p>
        </div>""",
        kind="html",
        url="https://ferry.example/",
        language="en",
        layout="article",
        source="test",
        licence="none",
        rest="unjudged",
        labels=(),
    )
    prepared = prepare(page)
    assert prepared is not None
    labelled = [
        prepared.page.text_of(block)
        for block, label in zip(prepared.page.blocks, prepared.labels, strict=True)
        if label != "unjudged"
    ]
    assert labelled == ["Again! My parcels have been waiting for a week now."]
    assert prepared.labels.count("comment") == 1
    silent = replace(page, page=b"<p>The ferry stays in the harbour until Friday.</p>")
    assert prepare(silent) is None


def material_of(pages: list[LabelledPage]) -> Material:
    material = Material()
    for page in pages:
        prepared = prepare(page)
        assert prepared is not None, page.name
        material.add_page(prepared)
    return material


def test_composed_samples_carry_the_labels_of_their_sources(shipped: list[LabelledPage]) -> None:
    """Label by label, each composed line is looked up among the texts that it was made of."""
    material = material_of(shipped)
    articles = {(site, p) for site, _, _, paragraphs in material.articles for p in paragraphs}
    drawn = list(
        documents(
            random.Random(9), material.articles, material.comments, material.headlines, 150,
            furniture=material.furniture,
        )
    )  # fmt: skip
    samples = list(composed_samples(material, 150, seed=9))
    assert {label for sample in samples for label in sample.labels} >= set(LABELS)
    found: Counter[str] = Counter()
    for sample, document in zip(samples, drawn, strict=True):
        page = segment(document.text, "text")
        assert sample.sites == (document.site,)
        assert sample.kind == "text"
        assert len(sample.labels) == len(page.blocks) == len(sample.dense)
        for block, label in zip(page.blocks, sample.labels, strict=True):
            text = " ".join(page.text_of(block).split())
            if len(text) > 60 and (document.site, text) in articles:
                found[label] += 1
    # The last paragraphs of an article stand in for comments at times; quotations are not judged.
    assert found.keys() - {"unjudged"} == {"article", "comment"}
    assert found["article"] > max(200, 20 * found["comment"])


def test_rendered_samples_carry_the_labels_of_the_page(shipped: list[LabelledPage]) -> None:
    page = next(page for page in shipped if page.name == "en-news-harbour-dredging")
    prepared = prepare(page)
    assert prepared is not None
    samples = list(rendered_samples(prepared, seed=0, renderers=9))
    assert samples
    for sample in samples:
        assert sample.kind == "text"
        assert sample.sites == (page.site,)
        assert len(sample.labels) == len(sample.dense)
        assert (sample.weight < 1) == sample.name.endswith("html2txt")
        if not sample.name.endswith(" extracted"):
            assert set(LABELS) <= set(sample.labels)


def test_spliced_pages_come_as_text_with_the_sites_they_are_made_of(
    shipped: list[LabelledPage],
) -> None:
    pages = [page for page in shipped if page.kind == "html"][:12]
    corpus = Corpus.read(pages, kinds=("text",))
    spliced = [s for group in corpus.samples for s in group if " spliced " in s.name]
    assert spliced
    assert all(sample.kind == "text" and len(sample.sites) > 1 for sample in spliced)
    kept = corpus.without(frozenset([spliced[0].sites[1]]))
    assert all(s.name != spliced[0].name for group in kept.samples for s in group)


def test_what_is_spliced_in_is_on_the_page(shipped: list[LabelledPage]) -> None:
    found = [prepare(page) for page in shipped if page.kind == "html"]
    prepared = [one for one in found if one is not None]
    fragments = Fragments.harvest(prepared)
    assert len(fragments.threads) > 50
    assert len(fragments.rails) > 50
    for number, one in enumerate(prepared[::20]):
        rng = random.Random(number)
        rails, threads = draw(one, fragments, rng)
        page = segment(splice(one, rails, threads, rng).page, "html")
        words = page.source.split()
        for fragment in (*rails, *threads):
            lost = Counter(segment(fragment.html, "html").source.split()) - Counter(words)
            assert not lost


def test_shared_words_are_the_same_words(shipped: list[LabelledPage]) -> None:
    prepared = prepare(next(page for page in shipped if page.kind == "html"))
    assert prepared is not None
    one, other = prepared.sample(), pickle.loads(pickle.dumps(prepared.sample()))
    share = sharing()
    first, second = share(one), share(other)
    for name, words in one.words.items():
        assert [list(row) for row in first.words[name].rows] == [list(row) for row in words.rows]
        assert first.words[name].row.tolist() == words.row.tolist()
        for a, b in zip(first.words[name].rows, second.words[name].rows, strict=True):
            assert a is b
    assert first.labels == one.labels
    assert first.dense is one.dense


def test_extracted_renderings_have_lost_navigation_and_nothing_of_the_article() -> None:
    text = "Home\n\nWorld\n\nThe bridge is closed.\n\nShare\nRepairs take a year.\n\nAbout us"
    page = segment(text, "text")
    labels = ["navigation", "navigation", "article", "navigation", "article", "navigation"]
    left = [extracted(page, labels, random.Random(seed)) for seed in range(200)]
    assert any(found and found[0].source.startswith("Home\n\nWorld") for found in left)
    bare = "The bridge is closed.\nRepairs take a year."
    assert sum(found is not None and found[0].source == bare for found in left) > 100
    for found in left:
        assert found is not None
        shown, kept = found
        assert len(shown.blocks) == len(kept)
        assert kept.count("article") == 2
    assert extracted(page, ["navigation"] * 6, random.Random(0)) is None


def test_repeated_pages_are_dropped(few: list[LabelledPage]) -> None:
    assert unique([*few, *few]) == unique(few) == few


def test_texts_by_three_letters_are_composed_in_their_own_language() -> None:
    texts = tuple((code, f"段落。{n}") for n in range(2_000) for code in ("jpn", "sag"))
    material = Corpus([], []).material(Extra(comments=(("ind", "setuju"),), texts=texts))
    assert list(material.comments) == ["id"]
    languages = [language for _, language, _, _ in material.articles]
    assert languages.count("ja") == languages.count("sag") == len(languages) / 2
    few = Corpus([], []).material(Extra(texts=texts[:6]))
    assert len(few.articles) == 6
    samples = composed_samples(few, 30, seed=1)
    said = "".join(word for s in samples for words in s.words["words"].rows for word in words)
    assert "返信" in said or "コメント" in said


def test_plain_text_alone_is_refused_before_training(
    few: list[LabelledPage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Corpus, "read", lambda *args, **options: pytest.fail("pages were prepared"))
    for page in few:
        if page.kind == "text":
            write_page(tmp_path / "texts", page)
    with pytest.raises(DataError, match="no labelled HTML pages"):
        train(tmp_path / "texts", tmp_path / "model", folds=2)
    assert not (tmp_path / "model").exists()


def test_training_tells_what_is_learned_and_what_is_left_out(
    shipped: list[LabelledPage], few: list[LabelledPage], tmp_path: Path
) -> None:
    said: list[str] = []
    spammed = [page for page in shipped if page.has_spam]
    for page in (*few, *spammed[::2]):
        write_page(tmp_path / "pages", page)
    news = next(page for page in few if page.kind == "html")
    first = next(entry for entry in news.labels if len(entry.text.split()) > 20)
    part = Labelled("advert", " ".join(first.text.split()[:4]))
    write_page(tmp_path / "pages", replace(news, name="copy"))
    write_page(tmp_path / "pages", replace(news, name="part", labels=(part, *news.labels)))
    model = train(
        str(tmp_path / "pages"), str(tmp_path / "model"), options=SMALL, folds=2, say=said.append
    )
    assert "label advert: left out; no block is all or mostly of it" in said
    assert any(line.startswith("label article: ") for line in said)
    assert any(
        f"has the labelled texts of {name}" in line for line in said for name in (news.name, "copy")
    )
    assert model.labels == LABELS
    spam = model.manifest["metrics"]["figures"]["all"]["spam"]
    assert spam["tp"] > 0  # folds look for spam as the model will


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no labelled pages"):
        train([tmp_path], tmp_path / "model")


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_output_that_cannot_be_written_is_refused_before_training(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match=r"no folder that can be written .*; name another"):
        train([TRAINING_DATA], tmp_path / name)


def test_a_folder_of_other_files_is_no_model_directory(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ModelError, match="holds other files than a model's; name"):
        train([TRAINING_DATA], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_output_folder_is_tried_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(dir: Path) -> None:
        raise PermissionError(13, "Permission denied", str(dir))

    # Taking rights away would not do: tests may run as root.
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(ModelError, match=r"written \(Permission denied\)"):
        train([TRAINING_DATA], tmp_path / "model")


@pytest.mark.parametrize(
    "text",
    ["", "no json\n", '{"text": "x"}\n', '{"lang": "en", "text": null}\n', "[1]\n"],
)
def test_extra_text_of_another_form(text: str, tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text(text or "\0")
    with pytest.raises(DataError, match=r"texts\.jsonl"):
        Extra.read(texts=[tmp_path / "texts.jsonl"])


@pytest.mark.parametrize(("end", "junk"), [(10, b"\xff" * 40), (-9, b"")])
def test_extra_text_damaged(end: int, junk: bytes, tmp_path: Path) -> None:
    packed = gzip.compress(b'{"lang": "en", "text": "The ferry was late again."}\n' * 9, mtime=0)
    (tmp_path / "texts.jsonl.gz").write_bytes(packed[:end] + junk)
    with pytest.raises(DataError, match="give JSONL"):
        Extra.read(texts=[tmp_path / "texts.jsonl.gz"])


def test_extra_text_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give JSONL"):
        Extra.read(comments=[tmp_path / "none.jsonl"])


def test_a_row_of_texts_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"lang": "en", "text": "One."}\n\n', encoding="utf-8")
    assert Extra.read(texts=[path]).texts == (("en", "One."),)
    path.write_text('{"lang": "en", "text": "One."}\n\n{"lang": "en"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"texts\.jsonl:3: cannot be read"):
        Extra.read(texts=[path])


def page_of(name: str, lines: list[tuple[str, str]], layout: str = "news") -> LabelledPage:
    text = "\n\n".join(line for line, _ in lines)
    labels = tuple(Labelled(label, line) for line, label in lines)
    return LabelledPage(
        name, text.encode(), "text", f"https://{name}.example/", "en", layout, "a test", "CC0-1.0",
        "unjudged", labels,
    )  # fmt: skip


def test_furniture_and_its_places() -> None:
    said = [(f"What the council decided on day {number}, in short words.", "article") for number in
            range(3)]  # fmt: skip
    lines = [
        ("Home", "navigation"),
        ("News", "navigation"),
        *said[:2],
        ("Read also: ten lakes", "navigation"),
        said[2],
        ("Share this", "navigation"),
        ("I do not believe a word of it, as ever with them.", "comment"),
        ("Imprint", "navigation"),
    ]
    prepared = prepare(page_of("a", lines))
    assert prepared is not None
    assert list(furniture_of(prepared)) == [
        ("before", ["Home", "News"]),
        ("middle", ["Read also: ten lakes"]),
        ("between", ["Share this"]),
        ("after", ["Imprint"]),
    ]


def test_pages_of_one_name_are_told_apart() -> None:
    said: list[str] = []
    one = LabelledPage(
        "index", b"One.", "text", "https://a.example/", "en", "", "s", "l", "article", ()
    )
    other = replace(one, page=b"Another.", url="https://b.example/")
    assert unique([one, other, replace(one)], said.append) == [one, other]
    assert said == ["left out: index; has the labelled texts of index"]
