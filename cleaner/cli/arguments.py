"""What the command line takes."""

from __future__ import annotations

import argparse
from pathlib import Path

import cleaner
from cleaner.types import CHOICES


def parser() -> argparse.ArgumentParser:
    """That of the command line; `command` names what was asked for."""
    whole = argparse.ArgumentParser(
        prog="cleaner",
        description="Tell the article of a scraped page from comments, navigation and spam.",
    )
    whole.add_argument("--version", action="version", version=f"cleaner {cleaner.__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)

    model = argparse.ArgumentParser(add_help=False)
    model.add_argument("--model", metavar="DIR", help="model directory (default: the one shipped)")
    kind = argparse.ArgumentParser(add_help=False)
    kind.add_argument(
        "--kind",
        choices=CHOICES["kind"],
        default="auto",
        help="what the pages are (default: told by file name, else by content)",
    )
    jobs = argparse.ArgumentParser(add_help=False)
    jobs.add_argument(
        "--n-jobs",
        type=int,
        default=1,
        metavar="N",
        help="processes; -1 for one a core (default: 1)",
    )

    clean = commands.add_parser(
        "clean",
        parents=[model, kind],
        help="clean pages",
        description="Clean pages. One page goes to standard output; several need -o or --json.",
    )
    _add_clean_arguments(clean)
    clean.set_defaults(command="clean")

    inspect = commands.add_parser(
        "inspect",
        parents=[model, kind],
        help="show a page with its labels and confidences",
        description="Show a page with a colour for each label, its confidence (`?` marks doubtful "
        "ones), and the spam that was found.",
    )
    inspect.add_argument("page", type=_given, metavar="PAGE", help="file, or - for standard input")
    inspect.set_defaults(command="inspect")

    train = commands.add_parser(
        "train",
        parents=[jobs],
        help="train a model on labelled pages",
        description="Train a model on labelled pages, some of them HTML, and write its directory. "
        "The same pages and options give the same model.",
    )
    train.add_argument("folders", nargs="+", type=_path, metavar="DIR", help="labelled pages")
    train.add_argument(
        "-o",
        "--output",
        type=_path,
        required=True,
        metavar="MODEL",
        help="model directory to write",
    )
    for name, what in (("comments", "reader comments"), ("texts", "running texts")):
        train.add_argument(
            f"--{name}",
            nargs="+",
            type=_path,
            default=[],
            metavar="FILE",
            help=f"unlabelled {what} to compose plain-text pages of: .jsonl[.gz] with lang, text",
        )
    train.add_argument(
        "--folds",
        type=int,
        default=0,
        metavar="K",
        help="cross-validate by site first and write the figures into the manifest",
    )
    train.add_argument("--seed", type=int, default=0, help="for all that is random (default: 0)")
    train.set_defaults(command="train")

    evaluate = commands.add_parser(
        "evaluate",
        parents=[model, jobs],
        help="compare a model with labelled pages",
        description="Clean labelled pages and compare: F1 by label, for all pages and by kind, "
        "layout and language; spam; calibration of the confidences.",
    )
    evaluate.add_argument("folders", nargs="+", type=_path, metavar="DIR", help="labelled pages")
    evaluate.add_argument("--json", action="store_true", help="print JSON instead of a table")
    evaluate.add_argument(
        "--rename",
        action="append",
        default=[],
        type=_pair,
        metavar="LABEL=LABEL",
        help="read a label of the pages as another, such as recipe=article for a model that does "
        "not know recipes, or recipe=unjudged to leave them out; may be repeated",
    )
    evaluate.set_defaults(command="evaluate")

    imports = commands.add_parser(
        "import",
        help="turn a public data set into labelled pages",
        description="Turn a public data set into a folder of labelled pages. Labels that "
        "were corrected there are not replaced.",
    )
    imports.add_argument(
        "format",
        metavar="FORMAT",
        help="wcxb, aeb, snippets, snippets-unlabelled, dragnet, cleaneval or labelstudio",
    )
    imports.add_argument(
        "folder", type=_path, metavar="DIR", help="the data set; for labelstudio, a file will do"
    )
    imports.add_argument("output", type=_path, metavar="OUT", help="folder to write")
    imports.add_argument(
        "--readings",
        type=_path,
        metavar="TABLE",
        help="labels for its pages by digests, as in training_data/readings",
    )
    imports.set_defaults(command="import")

    label = commands.add_parser(
        "label",
        parents=[model, kind],
        help="label pages in the browser",
        description="Show pages with proposed labels in a local browser page, to be corrected and "
        "saved as labelled pages. Pages that have labels beside them are corrected where they lie.",
    )
    _add_label_arguments(label)
    label.set_defaults(command="label")

    data = commands.add_parser("data", help="work on labelled pages")
    actions = data.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="report what is wrong with labelled pages",
        description="Report what is wrong with labelled pages: labels that are not on their page, "
        "missing files and headers, pages that are there twice. Exits with 1 if anything is.",
    )
    check.add_argument("folders", nargs="+", type=_path, metavar="DIR", help="labelled pages")
    check.add_argument(
        "--label", action="append", default=[], metavar="NAME", help="a label of your own, too"
    )
    check.set_defaults(command="data check")
    return whole


def _pair(text: str) -> tuple[str, str]:
    label, _, other = text.partition("=")
    if not label or not other:
        raise argparse.ArgumentTypeError(f"{text!r}: give two labels, such as recipe=article")
    return label, other


def _path(text: str) -> Path:
    """A path that was given; an empty one, as of a variable that is not set, is not `.`."""
    return Path(_given(text))


def _given(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("it is empty; give a name")
    return text


def _add_clean_arguments(clean: argparse.ArgumentParser) -> None:
    clean.add_argument(
        "inputs",
        nargs="+",
        type=_given,
        metavar="INPUT",
        help="file or folder: .html, .txt, .jsonl, .warc, .wet (each also .gz or .zst), "
        ".parquet; or - for standard input",
    )
    clean.add_argument(
        "-o",
        "--output",
        type=_path,
        help="folder for an output per input file, or one file that ends in "
        ".jsonl[.gz|.zst], .parquet or .txt",
    )
    clean.add_argument(
        "--json",
        action="store_true",
        help="print a line of JSON a page; with -o FOLDER, print run.json at the end",
    )

    text = clean.add_argument_group("what is kept")
    text.add_argument(
        "--favor",
        choices=CHOICES["favor"],
        default="balanced",
        help="leave doubtful blocks out, or take them in (default: balanced)",
    )
    text.add_argument(
        "--spam",
        choices=CHOICES["spam"],
        default="remove",
        help="take injected spam out, only list it, or do not look for it (default: remove)",
    )
    text.add_argument(
        "--keep-label",
        action="append",
        metavar="LABEL",
        help="label whose blocks make up the text; may be repeated (default: article)",
    )
    text.add_argument(
        "--min-words", type=int, default=0, metavar="N", help="drop pages with fewer clean words"
    )
    text.add_argument(
        "--keep-original", action="store_true", help="keep the page as it came, beside its text"
    )
    text.add_argument(
        "--keep-failed", action="store_true", help="rows for pages that failed, too, with `error`"
    )
    text.add_argument(
        "--segments", action="store_true", help="every block with label, offsets and confidence"
    )
    text.add_argument(
        "--metadata",
        action="store_true",
        help="title, author, date and site name of HTML pages, by trafilatura; takes longer",
    )
    text.add_argument(
        "--no-language", action="store_true", help="do not find out the language; saves time"
    )

    columns = clean.add_argument_group("columns of JSON lines and Parquet (found by convention)")
    for name in ("text", "html", "url", "id"):
        columns.add_argument(f"--{name}-column", metavar="NAME")

    run = clean.add_argument_group(
        "many pages, or one with -o (a single page to standard output is given no limits)"
    )
    run.add_argument("--workers", type=int, metavar="N", help="processes (default: one a core)")
    run.add_argument(
        "--page-timeout", type=float, default=60, metavar="S", help="seconds a page may take (60)"
    )
    run.add_argument(
        "--page-memory", type=int, default=2048, metavar="MB", help="memory it may take (2048)"
    )
    run.add_argument("--strict", action="store_true", help="exit with 1 if any page failed")
    run.add_argument("--quiet", action="store_true", help="no progress, no summary")

    folder = clean.add_argument_group("outputs in a folder, with -o FOLDER")
    folder.add_argument(
        "--format",
        choices=("jsonl.gz", "jsonl.zst", "jsonl", "parquet", "txt"),
        help="of the outputs (default: jsonl.gz)",
    )
    folder.add_argument(
        "--attributes", type=_path, metavar="DIR", help="write Dolma attribute files there, too"
    )
    folder.add_argument(
        "--restart", action="store_true", help="forget an earlier run into the same folder"
    )


def _add_label_arguments(label: argparse.ArgumentParser) -> None:
    label.add_argument(
        "inputs",
        nargs="+",
        type=_given,
        metavar="INPUT",
        help="pages, as `cleaner clean` takes them, or labelled pages",
    )
    label.add_argument(
        "-o", "--output", type=_path, metavar="FOLDER", help="folder for the labelled pages"
    )
    label.add_argument(
        "--order",
        choices=("input", "doubt"),
        default="input",
        help="of the pages: as given, or the least certain first (default: input)",
    )
    label.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME",
        help="offer a label of your own, too",
    )
    label.add_argument(
        "--licence",
        default="unknown",
        metavar="TEXT",
        help="of the pages, for the header of their labels (default: unknown)",
    )
    label.add_argument(
        "--port", type=int, default=0, metavar="N", help="of the local page (default: a free one)"
    )
    label.add_argument("--no-browser", action="store_true", help="only print the address")
