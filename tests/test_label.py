"""The labelling page: saved files say what a person chose, and nobody else gets in."""

from __future__ import annotations

import html
import http.client
import json
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleaner.clean import Cleaner
from cleaner.cli import main
from cleaner.data.align import UNJUDGED, align_spans
from cleaner.data.check import check
from cleaner.data.marks import locate_spam
from cleaner.data.matching import common_subsequence
from cleaner.data.pages import LabelledPage, page_names, read_page, read_pages, write_page
from cleaner.errors import DataError, InputError
from cleaner.examples import label_blocks
from cleaner.label import LabelServer, Session, collect
from cleaner.label.server import MAX_BODY
from cleaner.label.session import ConflictError
from cleaner.segment import segment
from cleaner.types import LABELS, Page

TRAINING_DATA = Path(__file__).parents[1] / "training_data"
EXAMPLES = Path(__file__).parents[1] / "examples"
# HTML and text, scripts with and without spaces, spam, blocks of two labels, ★ and other blocks
# without a word.
PAGES = (
    "ar-text-headlines-museum",
    "de-forum-modellbahn-kriechgang",
    "en-collection-craft-patterns",
    "it-recipe-blog-pasta-ceci",
    "th-forum-condo-deposit",
    "zh-forum-dehumidifier",
)
TEXT = "# menu\nThe first line.\n# menu\n* * *\nThe first line.\nA last line, ⟦with⟧ brackets."

HEADER = "cleaner-labels: 1\nurl: https://a.example/\nlanguage: en\nsource: s\nlicence: CC0-1.0\n\n"

Capture = pytest.CaptureFixture[str]


@contextmanager
def serving(session: Session) -> Iterator[LabelServer]:
    with LabelServer(session) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ask(
    server: LabelServer, path: str, body: Any = None, *, token: str | None = None, **headers: str
) -> tuple[int, Any]:
    """Status and data of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        data = None if body is None else json.dumps(body)
        target = f"/{server.token if token is None else token}/{path}"
        connection.request("GET" if data is None else "POST", target, data, headers)
        answer = connection.getresponse()
        content = answer.read()
        is_json = answer.headers["Content-Type"].startswith("application/json")
        return answer.status, json.loads(content) if is_json else content.decode()
    finally:
        connection.close()


def chosen(labels: list[Any], **others: Any) -> dict[str, Any]:
    """What the browser sends of a page that nobody has saved."""
    return {"labels": labels, "marks": [], "version": "", **others}


def segmented(page: LabelledPage) -> Page:
    return segment(page.page, page.kind)


def choose(blocks: list[dict[str, Any]], labels: tuple[str, ...], seed: int = 0) -> list[str]:
    """Random labels, `unjudged` among them, for the blocks of a page."""
    draw = random.Random(seed)
    return [draw.choice([*labels, UNJUDGED]) if b["has_words"] else UNJUDGED for b in blocks]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Some of the shipped pages, with their labels."""
    for name in PAGES:
        for file in TRAINING_DATA.glob(f"{name}.*"):
            shutil.copy(file, tmp_path)
    return tmp_path


@pytest.fixture
def text_page(tmp_path: Path) -> Path:
    file = tmp_path / "in" / "page.txt"
    file.parent.mkdir()
    file.write_text(TEXT)
    return file


class TestRoundTrip:
    def test_new_pages(self, folder: Path, tmp_path: Path, default_cleaner: Cleaner) -> None:
        for file in folder.glob("*.labels"):
            file.unlink()
        out = tmp_path / "out"
        session = Session(collect([str(folder)], out), default_cleaner)
        made = {}
        with serving(session) as server:
            for number in range(len(PAGES)):
                _, page = ask(server, f"pages/{number}")
                made[page["name"]] = choose(page["blocks"], LABELS, number)
                body = chosen(made[page["name"]], version=page["version"])
                status, overview = ask(server, f"pages/{number}", body)
                assert status == 200
                assert overview["pages"][number] == {"name": page["name"], "done": True}
        assert check(out) == []
        saved = read_pages(out)
        assert [page.name for page in saved] == sorted(PAGES)
        for page in saved:
            original = next(file for file in folder.glob(f"{page.name}.*"))
            assert (out / original.name).read_bytes() == original.read_bytes()
            assert list(label_blocks(page, segmented(page))) == made[page.name]

    def test_corrected_in_place(self, folder: Path, default_cleaner: Cleaner) -> None:
        session = Session(collect([str(folder)], None), default_cleaner)
        before = {page.name: page for page in read_pages(folder)}
        for number, task in enumerate(session.tasks):
            view = session.view(number)
            labels = [block.label for block in view.blocks]
            marks = {mark.place for mark in view.marks if mark.confirmed}
            old, shown = before[task.page.name], segmented(task.page)
            assert [
                label if block.has_words else UNJUDGED
                for label, block in zip(label_blocks(old, shown), view.blocks, strict=True)
            ] == labels

            # Nothing was changed: nothing is written.
            version = session.save(number, labels, marks, view.version)
            assert read_page(folder / f"{old.name}.labels") == old

            at = next(at for at, block in enumerate(view.blocks) if len(block.text) > 20)
            labels[at] = "comment" if labels[at] != "comment" else "article"
            session.save(number, labels, marks, version)
            new = read_page(folder / f"{old.name}.labels")
            assert list(label_blocks(new, shown)) == labels
            assert (new.url, new.language, new.licence) == (old.url, old.language, old.licence)
            assert (new.page, new.extra) == (old.page, old.extra)
            assert locate_spam(shown, new.labels) == locate_spam(shown, old.labels)
            # What labels say of parts of a block is kept where the block was left alone.
            texts = [shown.text_of(block) for block in shown.blocks]
            for place, (one, other) in enumerate(
                zip(
                    align_spans(texts, [(e.label, e.text) for e in old.labels], old.rest),
                    align_spans(texts, [(e.label, e.text) for e in new.labels], new.rest),
                    strict=True,
                )
            ):
                if place != at and len(one) > 1:
                    assert [part.label for part in one] == [part.label for part in other]
        assert check(folder) == []

    @given(st.text("ab \n\r\t.★*⟦⟧_é\u0301ก字\u200b\x85\u2028<>&", max_size=40), st.integers())
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
    def test_any_text(self, tmp_path: Path, default_cleaner: Cleaner, text: str, seed: int) -> None:
        source = tmp_path / "page.jsonl"
        source.write_text(json.dumps({"id": "page", "text": f"three words here\n{text}"}))
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        session = Session(collect([str(source)], tmp_path / "out"), default_cleaner)
        blocks = session.view(0).to_dict()["blocks"]
        labels = choose(blocks, LABELS, seed)
        session.save(0, labels, [])
        (page,) = read_pages(tmp_path / "out")
        assert list(label_blocks(page, segmented(page))) == labels
        assert check(tmp_path / "out") == []

    def test_repeated_texts_and_brackets(
        self, text_page: Path, tmp_path: Path, simple_cleaner: Cleaner
    ) -> None:
        out = tmp_path / "out"
        session = Session(collect([str(text_page)], out, licence="CC0-1.0"), simple_cleaner)
        labels = ["navigation", "article", "article", UNJUDGED, "comment", UNJUDGED]
        assert [block.has_words for block in session.view(0).blocks].count(False) == 1
        session.save(0, labels, [])
        page = read_page(out / "page.labels")
        assert list(label_blocks(page, segmented(page))) == labels
        assert page.page == text_page.read_bytes()
        assert (page.url, page.licence, page.source) == ("file:///page", "CC0-1.0", "page.txt")
        assert check(out) == []

    def test_spam_that_is_confirmed(self, tmp_path: Path, default_cleaner: Cleaner) -> None:
        session = Session(collect([str(EXAMPLES / "blog.txt")], tmp_path), default_cleaner)
        view = session.view(0)
        assert [mark.confirmed for mark in view.marks] == [False]
        labels = [block.label for block in view.blocks]
        version = session.save(0, labels, [view.marks[0].place])
        page = read_page(tmp_path / "blog.labels")
        (start, end), *others = locate_spam(segmented(page), page.labels)
        assert others == []
        assert segmented(page).source[start:end] == "online casino no deposit bonus"
        assert [mark.confirmed for mark in session.view(0).marks] == [True]
        session.save(0, labels, [], version)
        assert not read_page(tmp_path / "blog.labels").has_spam
        assert check(tmp_path) == []

    def test_spam_without_a_word(self, tmp_path: Path, simple_cleaner: Cleaner) -> None:
        texts = ["Stars ⟦★★★⟧ in a line.", "⟦☆⟧ Others begin it.", "Some end it ⟦§§⟧"]
        page = "\n".join(texts).replace("⟦", "").replace("⟧", "")
        (tmp_path / "a.txt").write_text(f"{page}\nThe last line.")
        lines = "".join(f"article\t{text}\n" for text in [*texts, "The last line."])
        (tmp_path / "a.labels").write_text(HEADER + lines)
        assert check(tmp_path) == []
        session = Session(collect([str(tmp_path)], None), simple_cleaner)
        view = session.view(0)
        places = [mark.place for mark in view.marks if mark.confirmed]
        assert places == ["0-6-9", "1-0-1", "2-12-14"]
        session.save(0, ["article"] * 3 + ["comment"], places, view.version)
        kept = lines.replace("article\tThe last", "comment\tThe last")
        assert (tmp_path / "a.labels").read_text().endswith(kept)


@pytest.mark.usefixtures("simple_cleaner")
class TestPages:
    def test_resumed(self, text_page: Path, tmp_path: Path, simple_cleaner: Cleaner) -> None:
        out = tmp_path / "out"
        (text_page.parent / "other.txt").write_text("yet another page")
        inputs = [str(text_page.parent)]
        session = Session(collect(inputs, out), simple_cleaner)
        labels = ["comment", "article", UNJUDGED, UNJUDGED, "navigation", "article"]
        session.save(1, labels, [])
        again = Session(collect(inputs, out), simple_cleaner)
        assert [task.done for task in again.tasks] == [False, True]
        assert [block.label for block in again.view(1).blocks] == labels
        assert again.view(1).blocks[0].proposal == "navigation"
        assert page_names(out) == ["page"]

    def test_labelled_pages_into_another_folder(
        self, folder: Path, tmp_path: Path, simple_cleaner: Cleaner
    ) -> None:
        out = tmp_path / "out"
        before = read_pages(folder)
        session = Session(collect([str(folder)], out), simple_cleaner)
        assert session.done == 0
        session.save(0, [block.label for block in session.view(0).blocks], [])
        page, *others = read_pages(out)
        assert (page, others) == (before[0], [])
        assert read_pages(folder) == before

    def test_names(self, tmp_path: Path) -> None:
        rows = [
            {
                "id": "https://a.example/x y/../1.html",
                "text": "page number one",
                "url": "https://a.example/1",
            },
            {"id": "../etc/passwd", "text": "page number two"},
            {"id": "passwd.html.html", "text": "page number three"},
            {"id": "etc-passwd", "text": "page number four"},
            {"id": "…", "text": "page number five"},
            {"id": "again", "text": "Page number five!"},
            {"id": "empty", "text": "* two words *"},
            {"id": "字" * 200, "html": "<p>page number six</p>"},
        ]
        source = tmp_path / "rows.jsonl"
        source.write_text("\n".join(json.dumps(row) for row in rows))
        said: list[str] = []
        tasks = collect([str(source)], tmp_path / "out", say=said.append)
        names = [task.page.name for task in tasks]
        assert names[:4] == [
            "https-a.example-x-y-..-1",
            "etc-passwd",
            "passwd",
            "etc-passwd-80760178",
        ]
        assert names[4:] == ["page", "字" * 50]
        assert tasks[0].page.url == "https://a.example/1"
        assert said == [
            "again: the same text as page; left out",
            "empty: holds no text, or no more than a word or two; left out",
        ]
        for task in tasks:
            write_page(task.folder, replace(task.page, source="x"))
        assert len(read_pages(tmp_path / "out")) == len(tasks)

    def test_pages_of_one_name_are_sites_of_their_own(self, tmp_path: Path) -> None:
        (tmp_path / "same.html").write_text("<p>a page of markup</p>")
        (tmp_path / "same.txt").write_text("a page of text")
        pages = [task.page for task in collect([str(tmp_path)], tmp_path / "out")]
        assert [page.url for page in pages] == [f"file:///{page.name}" for page in pages]
        assert len({page.site for page in pages}) == 2

    def test_files_beside_labelled_ones(self, folder: Path) -> None:
        (folder / "README.md").write_text("what these pages are")
        said: list[str] = []
        assert len(collect([str(folder)], None, say=said.append)) == len(PAGES)
        assert len(said) == 1

    def test_labelled_pages_that_cannot_be_read(
        self, folder: Path, text_page: Path, tmp_path: Path, simple_cleaner: Cleaner
    ) -> None:
        broken = folder / f"{PAGES[0]}.labels"
        broken.write_text("half a line")
        said: list[str] = []
        assert len(collect([str(folder)], None, say=said.append)) == len(PAGES) - 1
        assert said[0].endswith("; left out")
        assert len(said) == 2  # and the text page, for which there is no folder
        # A name with such labels in the output is another page's.
        out = tmp_path / "out"
        write_page(out, collect([str(text_page)], out)[0].page)
        (out / "page.labels").write_text("half a line")
        said.clear()
        session = Session(collect([str(text_page)], out, say=said.append), simple_cleaner)
        session.save(0, ["comment"] * 6, [])
        assert [message.endswith("; left out") for message in said] == [True]
        assert (out / "page.labels").read_text() == "half a line"
        assert session.tasks[0].page.name.startswith("page-")

    def test_labels_file_stands_for_its_page(self, folder: Path, text_page: Path) -> None:
        name = PAGES[0]
        for output in (None, folder / "out"):
            (task,) = collect([str(folder / f"{name}.labels")], output)
            assert task.page == read_page(folder / f"{name}.labels")
        said: list[str] = []
        with pytest.raises(InputError, match="no page to label"):
            collect([str(text_page.rename(text_page.with_name("a.labels")))], None, say=said.append)
        assert "expected one page file beside it" in said[0]

    def test_output_below_the_input(
        self, text_page: Path, tmp_path: Path, simple_cleaner: Cleaner
    ) -> None:
        out = tmp_path / "in" / "labelled"
        session = Session(collect([str(text_page.parent)], out), simple_cleaner)
        session.save(0, ["comment"] * 6, [])
        said: list[str] = []
        (task,) = collect([str(text_page.parent)], out, say=said.append)
        assert task.done
        assert said == []

    def test_no_file_of_another_page_is_touched(self, text_page: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        out.mkdir()
        (out / "page.html").write_text("<p>it is not this one</p>")
        (task,) = collect([str(text_page)], out)
        assert task.page.name.startswith("page-")
        (task,) = collect([str(out)], out)
        assert task.page.name == "page"

    def test_packed_page_stays_packed(
        self, text_page: Path, tmp_path: Path, simple_cleaner: Cleaner
    ) -> None:
        (task,) = collect([str(text_page)], tmp_path)
        write_page(tmp_path, task.page, compress=True)
        session = Session(collect([str(tmp_path / "page.txt.gz")], None), simple_cleaner)
        session.save(0, ["comment"] * 6, [], session.view(0).version)
        assert sorted(file.name for file in tmp_path.glob("page*")) == [
            "page.labels",
            "page.txt.gz",
        ]
        assert {entry.label for entry in read_pages(tmp_path)[0].labels} == {"comment"}

    def test_doubtful_ones_first(self, tmp_path: Path, default_cleaner: Cleaner) -> None:
        names = ("en-forum-csv-locale-issue", "th-forum-condo-deposit", "ar-news-desalination")
        inputs = [str(TRAINING_DATA / f"{name}.html") for name in names]
        tasks = collect(inputs, None)
        session = Session(tasks, default_cleaner, "doubt")
        sureness = []
        for number in range(len(tasks)):
            blocks = session.view(number).blocks
            total = sum(len(block.text) for block in blocks)
            sureness.append(sum(block.confidence * len(block.text) for block in blocks) / total)
        assert sureness == sorted(sureness)
        assert len(set(sureness)) == len(names)

    def test_labels_of_ones_own(
        self, text_page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        simple_cleaner: Cleaner,
    ) -> None:  # fmt: skip
        own = SimpleNamespace(labels=("article", "navigation", "price"))
        monkeypatch.setattr(simple_cleaner, "model", own, raising=False)
        out = tmp_path / "out"
        labels = ["price", "article", "price", UNJUDGED, "navigation", UNJUDGED]
        with serving(Session(collect([str(text_page)], out), simple_cleaner)) as server:
            assert ask(server, "pages")[1]["labels"] == ["article", "navigation", "price"]
            assert ask(server, "pages/0", chosen(labels))[0] == 200
        page = read_page(out / "page.labels")
        assert list(label_blocks(page, segmented(page))) == labels
        assert check(out, (*LABELS, UNJUDGED, "price")) == []
        # A model that does not know them still offers the labels that pages have.
        own.labels = LABELS
        session = Session(collect([str(out)], None), simple_cleaner, labels=["quote"])
        assert session.labels == (*LABELS, "quote", "price")


def test_a_page_is_cleaned_and_aligned_once(
    tmp_path: Path, simple_cleaner: Cleaner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To be shown and saved; and what was saved here is not aligned at all."""
    lines = [f"The line number {at} of a page." for at in range(50)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    entries = "".join(f"article\t{line}\n" for line in lines[::2])
    (tmp_path / "a.labels").write_text(HEADER + entries)
    calls: list[str] = []

    def counted(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **options: Any) -> Any:
            calls.append(name)
            return work(*args, **options)

        return counting

    clean = counted("clean", simple_cleaner.clean)
    monkeypatch.setattr(simple_cleaner, "clean", clean, raising=False)
    align = counted("align", common_subsequence)
    monkeypatch.setattr("cleaner.data.matching.common_subsequence", align)
    session = Session(collect([str(tmp_path)], None), simple_cleaner)
    view = session.view(0)
    version = session.save(0, ["article"] * 50, [], view.version)
    session.save(0, ["comment"] * 50, [], version)
    assert {block.label for block in session.view(0).blocks} == {"comment"}
    assert calls == ["clean", "align"]


class TestWorkOfOthers:
    """What lies in the folder may be another's by the time a page is saved."""

    ALL = ("comment",) * 6

    @pytest.fixture
    def out(self, tmp_path: Path) -> Path:
        return tmp_path / "out"

    @pytest.fixture
    def session(self, text_page: Path, out: Path, simple_cleaner: Cleaner) -> Session:
        return Session(collect([str(text_page)], out), simple_cleaner)

    def test_name_taken_by_another_page(
        self, session: Session, tmp_path: Path, out: Path, simple_cleaner: Cleaner
    ) -> None:
        other = tmp_path / "other" / "page.txt"
        other.parent.mkdir()
        other.write_text("The text of another page.")
        another = Session(collect([str(other)], out), simple_cleaner)
        session.save(0, self.ALL, [])
        another.save(0, ["article"], [])
        names = page_names(out)
        assert [page.name for page in read_pages(out)] == names
        assert names[0] == "page"
        assert names[1].startswith("page-")
        assert (out / "page.txt").read_text() == TEXT
        first, second = read_pages(out)
        assert (first.url, second.url) == ("file:///page", f"file:///{names[1]}")
        # A page that is not labelled is no less another's.
        (out / "page.labels").unlink()
        (out / "page.txt").write_text("Somebody else put this here.")
        session.save(0, self.ALL, [])
        assert (out / "page.txt").read_text() == "Somebody else put this here."
        assert len(page_names(out)) == 3

    def test_two_tabs(self, session: Session, out: Path) -> None:
        with serving(session) as server:
            tabs = [ask(server, "pages/0")[1]["version"] for _ in range(2)]
            body = chosen(list(self.ALL), version=tabs[0])
            status, answer = ask(server, "pages/0", body)
            assert status == 200
            before = read_pages(out)
            status, data = ask(server, "pages/0", chosen(["article"] * 6, version=tabs[1]))
            assert status == 409
            assert data["error"].endswith("reload to see it, and label it again")
            assert read_pages(out) == before
            body = chosen(["article"] * 6, version=answer["version"])
            assert ask(server, "pages/0", body)[0] == 200

    def test_labels_changed_in_an_editor(self, session: Session, out: Path) -> None:
        version = session.save(0, self.ALL, [])
        file = out / "page.labels"
        file.write_text(file.read_text().replace("comment\tThe first", "price\tThe first", 1))
        edited = file.read_bytes()
        with pytest.raises(ConflictError, match="reload"):
            session.save(0, ["article"] * 6, [], version)
        assert file.read_bytes() == edited
        view = session.view(0)
        labels = [block.label for block in view.blocks]
        assert labels[1] == "price"
        session.save(0, ["comment", *labels[1:]], [], view.version)
        assert "price" in file.read_text()
        file.write_text("half a line")
        with serving(session) as server:
            for body in (None, chosen(labels)):
                status, data = ask(server, "pages/0", body)
                assert status == 500
                assert "page.labels:1: not a header line" in data["error"]
        assert file.read_text() == "half a line"

    def test_folder_removed(self, session: Session, out: Path) -> None:
        version = session.save(0, self.ALL, [])
        saved = read_pages(out)
        shutil.rmtree(out)
        session.save(0, self.ALL, [], version)
        assert read_pages(out) == saved

    def test_same_page_labelled_elsewhere(
        self, session: Session, text_page: Path, out: Path, simple_cleaner: Cleaner
    ) -> None:
        Session(collect([str(text_page)], out), simple_cleaner).save(0, self.ALL, [])
        with pytest.raises(ConflictError):
            session.save(0, ["article"] * 6, [])
        assert [block.label for block in session.view(0).blocks if block.has_words] == list(
            self.ALL[1:]
        )

    def test_page_of_another_kind(self, tmp_path: Path, simple_cleaner: Cleaner) -> None:
        page = tmp_path / "a.html"
        page.write_text("<p>one line of markup here</p>")
        inputs = [str(tmp_path)]
        session = Session(collect(inputs, tmp_path, kind="text"), simple_cleaner)
        session.save(0, ["article"], [])
        assert page.read_text() == "<p>one line of markup here</p>"
        (saved,) = read_pages_of(tmp_path)
        assert saved.kind == "text"
        with pytest.raises(DataError, match="rename it, or remove it"):
            write_page(tmp_path, replace(saved, name="a"))
        (task,) = collect(inputs, tmp_path, kind="text")
        assert task.done


def read_pages_of(folder: Path) -> list[LabelledPage]:
    """Labelled pages of a folder that holds others, too."""
    return [read_page(file) for file in sorted(folder.glob("*.labels"))]


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
class TestScript:
    """What the page does with keys, in a browser."""

    STEPS = """
const settled = async () => { while (busy) await new Promise((done) => setTimeout(done, 10)); };
const press = (keys) => [...keys].forEach((key) =>
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })));
const status = () => $("status").textContent;
settled().then(async () => { STEPS }).then((found) => document.title = JSON.stringify(found));
"""

    @pytest.fixture
    def session(self, text_page: Path, tmp_path: Path, simple_cleaner: Cleaner) -> Session:
        (text_page.parent / "other.txt").write_text("yet another page\nof two lines")
        return Session(collect([str(text_page.parent)], tmp_path / "out"), simple_cleaner)

    @pytest.fixture
    def run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
        def run(session: Session, steps: str) -> Any:
            """What steps at the end of the script give back."""
            for file in (Path(__file__).parents[1] / "cleaner/label").glob("page.*"):
                shutil.copy(file, tmp_path)
            with (tmp_path / "page.js").open("a") as script:
                script.write(self.STEPS.replace("STEPS", steps))
            monkeypatch.setattr("cleaner.label.server.files", lambda package: tmp_path)
            with serving(session) as server:
                options = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
                options += [f"--user-data-dir={tmp_path / 'profile'}"]
                command = [str(CHROMIUM), *options, "--virtual-time-budget=10000", server.address]
                shown = subprocess.run(command, capture_output=True, text=True, timeout=60)
            title = re.search("<title>(.*?)</title>", shown.stdout, re.S)
            assert title, shown.stderr
            return json.loads(html.unescape(title[1]))

        return run

    def test_keys_while_the_server_is_asked(
        self, session: Session, run: Callable[..., Any]
    ) -> None:
        found = run(
            session,
            """
            press("2n2");
            const turned = [labels[0], status()];
            await settled();
            press("2s3u");
            const saving = [labels[0], status()];
            await settled();
            return [...turned, ...saving, labels[0], status(), changed()];
            """,
        )
        wait = "one moment: the server has not answered yet"
        assert found == ["comment", wait, "comment", wait, "comment", "saved", False]
        assert [task.done for task in session.tasks] == [True, True]

    def test_list_of_pages_shows_the_page_that_is_shown(
        self, session: Session, run: Callable[..., Any]
    ) -> None:
        found = run(
            session,
            """
            press("2s");
            $("go").value = 1;
            await $("go").onchange();
            const refused = +$("go").value;
            await settled();
            $("go").value = 1;
            await $("go").onchange();
            return [refused, number, +$("go").value];
            """,
        )
        assert found == [0, 1, 1]

    def test_nothing_is_saved_after_everything_is_undone(
        self, session: Session, run: Callable[..., Any]
    ) -> None:
        found = run(
            session,
            """
            press("2j1uu");
            const undone = [status(), changed()];
            press("n");
            await settled();
            press("1u1s");
            await settled();
            press("j2u");
            return [...undone, number, changed()];
            """,
        )
        assert found == ["undone; nothing is changed", False, 1, False]
        assert [task.done for task in session.tasks] == [False, True]

    @pytest.mark.parametrize(("last", "marked"), [("", [False, True]), ("uus", [True, True])])
    def test_spam_is_what_the_page_shows(
        self, tmp_path: Path, simple_cleaner: Cleaner, run: Callable[..., Any], last: str,
        marked: list[bool],
    ) -> None:  # fmt: skip
        """Also of marks by hand, which no view of the page has once a save took them away."""
        folder = tmp_path / "pages"
        folder.mkdir()
        (folder / "spam.txt").write_text("Buy some pills here.\nAnd a casino there.\nA last line.")
        (folder / "spam.labels").write_text(
            HEADER + "article\tBuy ⟦some pills⟧ here.\narticle\tAnd ⟦a casino⟧ there.\n"
            "article\tA last line."
        )
        session = Session(collect([str(folder)], None), simple_cleaner)
        steps = """
            for (const keys of ["xs", "jj2s", "LAST"]) {
              press(keys);
              await settled();
            }
            const marks = [...document.querySelectorAll("mark")];
            return [status(), ...marks.map((mark) => mark.classList.contains("confirmed"))];
        """
        assert run(session, steps.replace("LAST", last)) == ["saved", *marked]
        (page,) = read_pages(folder)
        assert [bool(entry.spam) for entry in page.labels[:2]] == marked
        assert page.labels[2].label == ("article" if last else "comment")

    def test_labels_that_fit_nothing_are_told(
        self, tmp_path: Path, simple_cleaner: Cleaner, run: Callable[..., Any]
    ) -> None:
        folder = tmp_path / "pages"
        folder.mkdir()
        (folder / "a.txt").write_text("A first line.\nA last line.")
        (folder / "a.labels").write_text(
            HEADER.replace("\n\n", "\nrest: navigation\n\n")
            + "article\tNobody wrote ⟦this here⟧ line.\narticle\tA last line."
        )
        session = Session(collect([str(folder)], None), simple_cleaner)
        assert session.view(0).unmatched == 1
        told = (
            "labelled already; labelled texts that the page does not hold, which a change drops: 1"
        )
        assert run(session, "return status();") == told


class TestServer:
    @pytest.fixture
    def server(
        self, text_page: Path, tmp_path: Path, simple_cleaner: Cleaner
    ) -> Iterator[LabelServer]:
        with serving(
            Session(collect([str(text_page)], tmp_path / "out"), simple_cleaner)
        ) as server:
            yield server

    def test_files(self, server: LabelServer) -> None:
        for path, start in (("", "<!doctype"), ("page.js", "//"), ("page.css", "/*")):
            status, content = ask(server, path)
            assert status == 200
            assert content.startswith(start)
        assert server.server_address[0] == "127.0.0.1"
        assert server.address.endswith(f"/{server.token}/")

    def test_policy(self, server: LabelServer) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.request("GET", f"/{server.token}/")
        with connection.getresponse() as answer:
            policy = answer.headers["Content-Security-Policy"]
        connection.close()
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy

    def test_text_of_pages_is_data(self, server: LabelServer) -> None:
        _, page = ask(server, "pages/0")
        assert page["blocks"][1]["pieces"] == [["The first line.", ""]]

    def test_script_never_makes_markup_of_a_page(self) -> None:
        script = (Path(__file__).parents[1] / "cleaner/label/page.js").read_text()
        for way in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("):
            assert way not in script

    @pytest.mark.parametrize("token", ["", "x", "%2e%2e", "pages"])
    def test_wrong_token(self, server: LabelServer, token: str) -> None:
        for body in (None, chosen(["article"] * 6)):
            status, data = ask(server, "pages/0", body, token=token)
            assert status == 403
            assert "use the address that was printed" in data["error"]
        assert server.session.done == 0

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", ""])
    def test_wrong_host(self, server: LabelServer, host: str) -> None:
        assert ask(server, "pages/0", Host=host)[0] == 403

    def test_host_by_name(self, server: LabelServer) -> None:
        assert ask(server, "pages", Host=f"localhost:{server.server_port}")[0] == 200

    def test_port_that_is_left_out(
        self, server: LabelServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cleaner.label.server.HTTP_PORT", 0)
        monkeypatch.setattr(
            LabelServer, "server_bind", lambda self: setattr(self, "server_port", 0)
        )
        monkeypatch.setattr(LabelServer, "server_activate", lambda self: None)
        with LabelServer(server.session) as other:
            assert other.hosts == {"127.0.0.1:0", "localhost:0", "127.0.0.1", "localhost"}

    def test_connection_that_is_closed(
        self, server: LabelServer, monkeypatch: pytest.MonkeyPatch, capsys: Capture
    ) -> None:
        """While a page is prepared: no traceback in the terminal."""
        asked, closed, reported = Event(), Event(), Event()
        view, handle = server.session.view, server.handle_error

        def slow(number: int) -> Any:
            asked.set()
            closed.wait()
            return view(number)

        def reporting(request: Any, client_address: Any) -> None:
            handle(request, client_address)
            reported.set()

        monkeypatch.setattr(server.session, "view", slow)
        monkeypatch.setattr(server, "handle_error", reporting)
        with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
            path = f"/{server.token}/pages/0"
            host = f"127.0.0.1:{server.server_port}"
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            asked.wait()
            linger = struct.pack("ii", 1, 0)  # closed at once, whatever was not read
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        closed.set()
        assert reported.wait(10)
        assert capsys.readouterr() == ("", "")

    @pytest.mark.parametrize(
        "path", ["pages/1", "pages/-1", "pages/9999999999", "pages/x", "../page.js", "page.py", "0"]
    )
    def test_unknown_page(self, server: LabelServer, path: str) -> None:
        assert ask(server, path)[0] == 404
        assert ask(server, path, chosen([]))[0] == 404

    def test_length_of_a_body(self, server: LabelServer) -> None:
        for length, status in ((str(MAX_BODY + 1), 413), ("-1", 411), ("x", 411), ("9" * 30, 411)):
            assert ask(server, "pages/0", {}, **{"Content-Length": length})[0] == status

    @pytest.mark.parametrize(
        "body",
        [
            {},
            [],
            7,
            {"labels": ["article"] * 6, "marks": []},
            chosen(["article"]),
            chosen(["article"] * 5 + ["no\tlabel"]),
            chosen(["article"] * 5 + [1]),
            chosen(["article"] * 6, marks=[0]),
            chosen(["article"] * 6, marks=["x"]),
            chosen(["article"] * 6, marks=["6-0-1"]),
            chosen(["article"] * 6, marks=["0-2-2"]),
            chosen(["article"] * 6, marks=["0-0-99"]),
            chosen(["article"] * 6, version=None),
        ],
    )
    def test_wrong_labels(self, server: LabelServer, body: Any) -> None:
        status, data = ask(server, "pages/0", body)
        assert status == 400
        assert data["error"]
        assert server.session.done == 0

    def test_folder_that_has_gone_bad(self, server: LabelServer, tmp_path: Path) -> None:
        (tmp_path / "out").rmdir()
        (tmp_path / "out").touch()
        status, data = ask(server, "pages/0", chosen(["article"] * 6))
        assert status == 500
        assert "name another one to write" in data["error"]
        assert server.session.done == 0

    def test_port_in_use(self, server: LabelServer) -> None:
        with pytest.raises(InputError, match="give another one, or leave --port out"):
            LabelServer(server.session, server.server_port)


@pytest.mark.usefixtures("simple_cleaner")
class TestCommand:
    def refused(self, arguments: list[str], capsys: Capture) -> str:
        assert main(["label", "--no-browser", *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("cleaner: ")
        assert err.endswith("\n")
        return err

    def test_output_that_is_no_folder(self, text_page: Path, capsys: Capture) -> None:
        err = self.refused([str(text_page), "-o", str(text_page)], capsys)
        assert err == f"cleaner: {text_page} is no folder; name one\n"

    def test_pages_without_labels_need_a_folder(self, text_page: Path, capsys: Capture) -> None:
        err = self.refused([str(text_page)], capsys)
        assert err.splitlines() == [
            "cleaner: files without labels beside them, left out: 1; -o FOLDER takes them in",
            "cleaner: no page to label is left; give other HTML or plain text",
        ]

    def test_no_pages(self, tmp_path: Path, capsys: Capture) -> None:
        assert "holds no pages" in self.refused([str(tmp_path), "-o", str(tmp_path / "o")], capsys)
        assert "does not exist" in self.refused(["none.html", "-o", str(tmp_path / "o")], capsys)

    def test_unreadable_page(self, tmp_path: Path, capsys: Capture) -> None:
        (tmp_path / "bad.html").write_bytes(b"%PDF-1.4\n\0\0\0")
        (tmp_path / "bad.txt.gz").write_bytes(b"no gzip")
        err = self.refused([str(tmp_path), "-o", str(tmp_path / "out")], capsys)
        assert err.splitlines() == [
            "cleaner: bad.html: binary data: give HTML or plain text; left out",
            "cleaner: bad.txt.gz: Not a gzipped file (b'no'); left out",
            "cleaner: no page to label is left; give other HTML or plain text",
        ]

    def test_malformed_labels(self, text_page: Path, capsys: Capture) -> None:
        text_page.with_name("page.labels").write_text("nothing")
        err = self.refused([str(text_page)], capsys)
        assert "page.labels:1: not a header line" in err
        assert "; left out\n" in err

    @pytest.mark.parametrize("port", ["-1", "65536"])
    def test_impossible_port(
        self, text_page: Path, tmp_path: Path, port: str, capsys: Capture
    ) -> None:
        output = str(tmp_path / "out")
        err = self.refused([str(text_page), "-o", output, "--port", port], capsys)
        assert err.startswith(f"cleaner: port {port}: ")
        assert err.count("\n") == 1

    @pytest.mark.parametrize(
        ("option", "value", "advice"),
        [("--licence", " ", "give the licence of the pages"), ("--label", "a b", "of one word")],
    )
    def test_impossible_headers_and_labels(
        self, text_page: Path, tmp_path: Path, option: str, value: str, advice: str, capsys: Capture
    ) -> None:
        arguments = [str(text_page), "-o", str(tmp_path / "out"), option, value]
        assert advice in self.refused(arguments, capsys)


def test_ended_by_the_keyboard(text_page: Path, tmp_path: Path) -> None:
    """What a person sees in the terminal; the browser opens with the address printed."""
    out = tmp_path / "out"
    code = f"""
import os, signal, sys, threading, webbrowser
from cleaner.cli import main

def opened(address):
    print(address)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in jobs of the background
webbrowser.open = opened
sys.exit(main(["label", {str(text_page)!r}, "-o", {str(out)!r}]))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    address = ended.stdout.strip()
    assert ended.returncode == 0
    assert ended.stderr.splitlines() == [
        f"pages: 1, labelled: 0; label them at {address}",
        "Ctrl-C ends it; what is saved stays",
        f"labelled: 0 of 1 pages, in {out}",
    ]
