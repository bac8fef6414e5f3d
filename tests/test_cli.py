"""The command line: what goes where, and exit statuses."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import cleaner
from cleaner.cli import main
from cleaner.data.importers import IMPORTERS
from cleaner.run import OUTPUTS

EXAMPLES = Path(__file__).parents[1] / "examples"
UNSEEN = Path(__file__).parent / "data" / "html_pages"
TRAINING_DATA = Path(__file__).parents[1] / "training_data"

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.txt").write_text("first\n# menu\nsecond")
    (folder / "deep" / "two.txt").write_text("third")
    return folder


@pytest.mark.usefixtures("simple_cleaner")
class TestClean:
    def test_one_page_goes_to_stdout_and_nothing_else(self, pages: Path, capsys: Capture) -> None:
        assert main(["clean", str(pages / "one.txt")]) == 0
        assert capsys.readouterr() == ("first\n\nsecond\n", "")

    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"hello")))
        assert main(["clean", "-"]) == 0
        assert capsys.readouterr() == ("hello\n", "")

    def test_several_pages_need_a_place(self, pages: Path, capsys: Capture) -> None:
        assert main(["clean", str(pages)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err == (
            "cleaner: that is more than one page; "
            "add -o OUTPUT to write them, or --json to print them\n"
        )

    def test_status_when_all_pages_failed(self, tmp_path: Path, capsys: Capture) -> None:
        (tmp_path / "empty.txt").touch()
        assert main(["clean", str(tmp_path)]) == 1
        assert capsys.readouterr() == ("", "cleaner: empty.txt: the page is empty\n")

    def test_missing_file(self, capsys: Capture) -> None:
        assert main(["clean", "no-such-page.html"]) == 2
        assert capsys.readouterr().err == (
            "cleaner: no-such-page.html does not exist; "
            "give a file, a folder or - for standard input\n"
        )

    def test_address(self, capsys: Capture) -> None:
        assert main(["clean", "https://example.org/a?b=1&c=2"]) == 2
        assert capsys.readouterr().err == (
            "cleaner: https://example.org/a?b=1&c=2 is an address; "
            "fetch it first: curl -sL 'https://example.org/a?b=1&c=2' | cleaner clean -\n"
        )

    def test_json_of_one_page(self, pages: Path, capsys: Capture) -> None:
        assert main(["clean", str(pages / "one.txt"), "--json", "--segments"]) == 0
        row = json.loads(capsys.readouterr().out)
        assert (row["id"], row["text"], row["error"]) == ("one.txt", "first\n\nsecond", None)
        assert [segment["label"] for segment in row["segments"]] == [
            "article", "navigation", "article",
        ]  # fmt: skip

    def test_labels_to_keep(self, pages: Path, capsys: Capture) -> None:
        page = str(pages / "one.txt")
        labels = ["--keep-label", "navigation", "--keep-label", "article"]
        assert main(["clean", page, *labels]) == 0
        assert capsys.readouterr().out == "first\n\n# menu\n\nsecond\n"
        assert main(["clean", page, "--keep-label", "sidebar"]) == 2
        assert "choose from article, comment, navigation" in capsys.readouterr().err

    def test_min_words(self, pages: Path, capsys: Capture) -> None:
        assert main(["clean", str(pages / "one.txt"), "--min-words", "3"]) == 0
        why = "cleaner: one.txt: dropped; its text has fewer than 3 words\n"
        assert capsys.readouterr() == ("", why)
        assert main(["clean", str(pages), "--json", "--min-words", "99"]) == 0
        assert "dropped (--min-words)" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("options", "advice"),
        [
            (["--json", "-o", "out.jsonl"], "give one"),
            (["--format", "txt"], "goes with -o FOLDER"),
            (["-o", "out.jsonl", "--restart"], "goes with -o FOLDER"),
            (["-o", "out.html"], "name one, or a file that ends in"),
            (["-o", "out", "--workers", "0"], "give a number of 1 or more"),
            (["--min-words", "-1"], "--min-words -1: give a number of 0 or more"),
            (["-o", "out", "--page-timeout", "0"], "give a number above 0"),
            (["-o", "out", "--page-timeout", "nan"], "give a number above 0"),
            (["-o", "out", "--page-timeout", "inf"], "give a number of 10,000,000 or less"),
            (["-o", "out", "--page-memory", "99999999999999"], "10,000,000 or less"),
            (["-o", "out.csv"], "name one, or a file that ends in"),
            (["-o", "-"], "standard output needs no -o"),
        ],
    )
    def test_options_that_do_not_go_together(
        self, pages: Path, options: list[str], advice: str, capsys: Capture
    ) -> None:
        assert main(["clean", str(pages), *options]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert advice in err
        assert err.count("\n") == 1

    def test_output_that_cannot_be_written(self, pages: Path, capsys: Capture) -> None:
        output = pages / "one.txt" / "below-a-file"
        assert main(["clean", str(pages / "one.txt"), "-o", str(output)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1

    def test_interruption_is_quiet(
        self, pages: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
    ) -> None:
        def interrupt(model: str | None) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("cleaner.cli._cleaner", interrupt)
        assert main(["clean", str(pages / "one.txt")]) == 130
        assert capsys.readouterr() == ("", "")

    def test_inspect(self, pages: Path, capsys: Capture) -> None:
        assert main(["inspect", str(pages / "one.txt")]) == 0
        out, err = capsys.readouterr()
        assert "navigation 0.90  # menu" in out
        assert "\x1b" not in out
        assert err == ""

    @pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
    def test_colour_on_a_terminal(
        self,
        pages: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: Capture,
        no_color: str,
        coloured: bool,
    ) -> None:
        monkeypatch.setenv("NO_COLOR", no_color)
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        main(["inspect", str(pages / "one.txt")])
        assert ("\x1b[" in capsys.readouterr().out) is coloured


def test_reader_that_has_gone_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "pages.jsonl"
    file.write_text('{"text": "word"}\n')
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "cleaner", "clean", "--json", str(file)]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("arguments", "status", "err"),
    [
        ("{page} >&-", 2, "cleaner: input or output: Bad file descriptor\n"),
        ("{lines} --json >&-", 2, "cleaner: standard output: Bad file descriptor\n"),
        ("{lines} -o {out} --quiet >&-", 0, ""),
        ("{page} 2>&-", 0, ""),
        ("{lines} -o {out} 2>&-", 0, ""),
        ("{out} 2>&-", 2, ""),
        ("{lines} -o {out} <&- >&- 2>&-", 0, ""),
        ("- <&-", 2, "cleaner: standard input is closed; pipe pages to it, or name a file\n"),
        (
            "- -o {out} <&-",
            2,
            "cleaner: standard input is closed; pipe pages to it, or name a file\n",
        ),
        (
            "{loop}",
            2,
            "cleaner: {loop} does not exist; give a file, a folder or - for standard input\n",
        ),
        ("{page} -o {loop}", 2, None),
        ("{page} {loop} -o {out}", 2, None),
        (
            "- -o {lines} < {lines}",
            2,
            "cleaner: {lines} holds the pages to read; choose another name\n",
        ),
    ],
)
def test_closed_streams_and_links_to_themselves(
    tmp_path: Path, arguments: str, status: int, err: str | None
) -> None:
    names = {"page": "page.txt", "lines": "lines.jsonl", "out": "out", "loop": "loop"}
    paths = {name: str(tmp_path / file) for name, file in names.items()}
    (tmp_path / "page.txt").write_text("a word")
    (tmp_path / "lines.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    (tmp_path / "loop").symlink_to("loop")
    command = f"{sys.executable} -m cleaner clean {arguments.format(**paths)}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 1
    if err is not None:
        assert done.stderr == err.format(**paths)


def test_any_script_in_any_locale(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("Река поднялась за ночь на два метра, сообщили жители. 川が増水した。")
    command = [sys.executable, "-m", "cleaner", "inspect", str(page)]
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert "川が増水した" in done.stdout.decode("utf-8")


def test_unreadable_model(tmp_path: Path, capsys: Capture) -> None:
    assert main(["clean", str(EXAMPLES / "news.html"), "--model", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("cleaner: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["train", "-o", "model", "--n-jobs", "0"], "or -1 for one a core"),
        (["train", "-o", "model", "--seed", "-1"], "--seed -1: give a number from 0"),
        (["train", "-o", "model", "--seed", "4294967296"], "to 4,294,967,295"),
        (["train", "-o", "model", "--folds", "-1"], "--folds -1: give 2 or more"),
        (["train", "-o", "model", "--folds", "1"], "--folds 1: give 2 or more"),
        (["evaluate", "--n-jobs", "0"], "or -1 for one a core"),
    ],
)
def test_numbers_are_checked_before_anything_is_read(
    arguments: list[str], advice: str, capsys: Capture
) -> None:
    command, *options = arguments
    assert main([command, "no-such-folder", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert advice in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [
    ["clean", ""], ["clean", "page.html", "-o", ""], ["clean", "x", "-o", "y", "--attributes", ""],
    ["inspect", ""], ["train", "", "-o", "m"], ["train", "x", "-o", ""], ["evaluate", ""],
    ["label", "x", "-o", ""], ["data", "check", ""],
])  # fmt: skip
def test_empty_names_are_not_the_current_folder(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert "it is empty; give a name" in capsys.readouterr().err


@pytest.mark.parametrize("content", ['{"text": "one"}\n{"text": "two"}\n', '[{"text": "one"}]'])
def test_json_is_no_page(tmp_path: Path, content: str, capsys: Capture) -> None:
    file = tmp_path / "many.json"
    file.write_text(content)
    assert main(["clean", str(file)]) == 2
    why = f"{file} is JSON, no page; name it .jsonl if each line is an object"
    assert capsys.readouterr() == ("", f"cleaner: {why}\n")
    file.write_text("A page that somebody named so.")
    assert main(["clean", str(file)]) == 0


@pytest.mark.parametrize("name", ["items.jl", "part-00000"])
def test_lines_of_json_under_another_name_are_no_page(
    tmp_path: Path, name: str, capsys: Capture
) -> None:
    (tmp_path / name).write_text('{"text": "one"}\n{"text": "two"}\n')
    assert main(["clean", str(tmp_path / name)]) == 2
    assert "is JSON, no page; name it .jsonl" in capsys.readouterr().err
    (tmp_path / name).write_text("[Refrain] A song that begins like a list.")
    assert main(["clean", str(tmp_path / name)]) == 0


def test_a_failed_page_leaves_what_was_there(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a.html").write_bytes(gzip.compress(b"<p>packed"))
    output = tmp_path / "a.txt"
    output.write_text("precious")
    assert main(["clean", str(tmp_path / "a.html"), "-o", str(output)]) == 1
    assert output.read_text() == "precious"
    assert "binary data" in capsys.readouterr().err


def test_what_cannot_be_written_leaves_no_folder(tmp_path: Path, capsys: Capture) -> None:
    output = tmp_path / "new" / "er" / "page.txt"
    assert main(["clean", str(EXAMPLES), "-o", str(output)]) == 2
    assert "takes one page" in capsys.readouterr().err
    assert main(["train", str(tmp_path / "none"), "-o", str(tmp_path / "model")]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_given_twice_is_evaluated_once(tmp_path: Path, capsys: Capture) -> None:
    page = next(TRAINING_DATA.glob("en-news-*.labels"))
    for file in TRAINING_DATA.glob(f"{page.stem}.*"):
        shutil.copy(file, tmp_path)
    figures = []
    for folders in ([tmp_path], [tmp_path, tmp_path / ".." / tmp_path.name]):
        assert main(["evaluate", *map(str, folders), "--json"]) == 0
        figures.append(json.loads(capsys.readouterr().out))
    assert figures[0] == figures[1]


def test_evaluation_on_pages_of_the_training_says_so(
    tmp_path: Path, small_model: Path, a_third: Path, capsys: Capture
) -> None:
    for folder, names in (
        (a_third, ("en-news-*", "de-news-*")),
        (UNSEEN, ("en-html-blog-*",)),
    ):
        for name in names:
            page = next(folder.glob(f"{name}.labels"))
            for file in folder.glob(f"{page.stem}.*"):
                shutil.copy(file, tmp_path)
    assert main(["evaluate", str(tmp_path), "--model", str(small_model)]) == 0
    err = capsys.readouterr().err
    assert "was trained on 2 of these 3 pages; figures on them tell little" in err
    assert err.count("\n") == 1


def test_help_names_all_formats() -> None:
    def text_of(*command: str) -> str:
        with pytest.raises(SystemExit), redirect_stdout(io.StringIO()) as printed:
            main([*command, "--help"])
        return " ".join(printed.getvalue().split())

    assert all(name in text_of("import") for name in IMPORTERS)
    assert "{" + ",".join(OUTPUTS) + "}" in text_of("clean")


def test_unknown_import_format(tmp_path: Path, capsys: Capture) -> None:
    assert main(["import", "nonsense", str(tmp_path), str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert "nonsense" in err
    assert err.count("\n") == 1


def test_labels_of_ones_own_and_folders_are_named(tmp_path: Path, capsys: Capture) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.html").write_text(f"<p>The price in {name} is 3 euros for a loaf.</p>")
        (folder / "a.labels").write_text(
            "cleaner-labels: 1\nurl: https://a.example/\nlanguage: en\nlayout: shop\n"
            "source: written for this test\nlicence: CC0-1.0\n\n"
            f"price\tThe price in {name} is 3 euros for a loaf.\n"
        )
    folders = [str(tmp_path / name) for name in ("one", "two")]
    assert main(["data", "check", *folders]) == 1
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert all(f"{f}/a.labels:8: unknown" in line for f, line in zip(folders, said, strict=True))
    assert main(["data", "check", *folders, "--label", "price"]) == 0


def test_data_check(tmp_path: Path, capsys: Capture) -> None:
    assert main(["data", "check", str(TRAINING_DATA)]) == 0
    assert capsys.readouterr().out == ""
    (tmp_path / "page.txt").write_text("hello")
    (tmp_path / "page.labels").write_text("cleaner-labels: 1\n\nno label here\n")
    assert main(["data", "check", str(tmp_path)]) == 1
    assert "page" in capsys.readouterr().out


def test_data_check_of_nothing(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "README.md").touch()
    for path, message in (
        (tmp_path, "no labelled pages; give folders with .labels files"),
        (tmp_path / "README.md", "is no folder; give a folder of labelled pages"),
        (tmp_path / "none", "no such folder; give a folder of labelled pages"),
    ):
        assert main(["data", "check", str(path)]) == 2
        assert capsys.readouterr() == ("", f"cleaner: {path}: {message}\n")


@pytest.mark.parametrize("arguments", [[], ["scrub"], ["clean"], ["clean", "x", "--kind", "pdf"]])
def test_usage(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert capsys.readouterr().err.startswith("usage: cleaner")


def test_version(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["--version"])
    assert raised.value.code == 0
    assert capsys.readouterr().out == f"cleaner {cleaner.__version__}\n"
