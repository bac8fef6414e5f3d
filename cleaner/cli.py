"""The command line: arguments to calls, and the only place that prints.

Standard output holds what was asked for and nothing else; messages go to
standard error. Exit status: 0; 1 when every page failed or a check found
problems; 2 when a command could not do its work.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import cleaner
from cleaner.errors import CleanerError, InputError
from cleaner.types import CHOICES

# Each command imports what it needs, so that `cleaner --help` answers at once.
if TYPE_CHECKING:
    from cleaner.clean import Cleaner
    from cleaner.io import Item
    from cleaner.run import Options

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130

_MOST = 10_000_000
"""Of seconds or megabytes more are no limit, and the system may not know such numbers."""
_MOST_SEED = 2**32 - 1
"""scikit-learn takes no greater one."""
_OTHERS = (".json", ".csv", ".tsv")
"""Outputs of these names are meant to be files, of formats that are not written."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    _open_closed_streams()
    # Pages hold every script, whatever the locale; a lone surrogate must not end the run.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    args = _parser().parse_args(argv)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader (`| head`) has gone; without this Python complains again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except CleanerError as error:
        _say(f"cleaner: {error}")
    except OSError as error:
        _say(f"cleaner: {error.filename or 'input or output'}: {error.strerror or error}")
    return UNUSABLE


def _open_closed_streams() -> None:
    """Stand-ins for streams that were closed (`>&-`), so that no file of ours gets their number.

    Writing to standard output fails then, as it should: what was asked for would be lost.
    """
    if sys.stdout is None:
        raw = os.fdopen(os.open(os.devnull, os.O_RDONLY), "wb", buffering=0)
        sys.stdout = io.TextIOWrapper(raw, write_through=True)
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cleaner",
        description="Tell the article of a scraped page from comments, navigation and spam.",
    )
    parser.add_argument("--version", action="version", version=f"cleaner {cleaner.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

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
    clean.set_defaults(run=_clean)

    inspect = commands.add_parser(
        "inspect",
        parents=[model, kind],
        help="show a page with its labels and confidences",
        description="Show a page with a colour for each label, its confidence (`?` marks doubtful "
        "ones), and the spam that was found.",
    )
    inspect.add_argument("page", type=_given, metavar="PAGE", help="file, or - for standard input")
    inspect.set_defaults(run=_inspect)

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
    train.set_defaults(run=_train)

    evaluate = commands.add_parser(
        "evaluate",
        parents=[model, jobs],
        help="compare a model with labelled pages",
        description="Clean labelled pages and compare: F1 by label, for all pages and by kind, "
        "layout and language; spam; calibration of the confidences.",
    )
    evaluate.add_argument("folders", nargs="+", type=_path, metavar="DIR", help="labelled pages")
    evaluate.add_argument("--json", action="store_true", help="print JSON instead of a table")
    evaluate.set_defaults(run=_evaluate)

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
    imports.set_defaults(run=_import)

    label = commands.add_parser(
        "label",
        parents=[model, kind],
        help="label pages in the browser",
        description="Show pages with proposed labels in a local browser page, to be corrected and "
        "saved as labelled pages. Pages that have labels beside them are corrected where they lie.",
    )
    _add_label_arguments(label)
    label.set_defaults(run=_label)

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
    check.set_defaults(run=_check)
    return parser


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


def _clean(args: argparse.Namespace) -> int:
    from cleaner.io import STDIN, items, sources
    from cleaner.io import check as check_inputs

    folder = _check_clean(args)
    if args.output is None:
        check_inputs(args.inputs)
        # One page needs no workers; of a pipe, that can only be told by reading it.
        if not args.json or STDIN not in args.inputs:
            pages = (item for source in sources(args.inputs) for item in items(source))
            head = list(islice(pages, 2))
            if len(head) == 1:
                return _clean_page(args, head[0])
            if not args.json:
                advice = "add -o OUTPUT to write them, or --json to print them"
                raise InputError(f"that is more than one page; {advice}" if head else "no page")
    return _clean_corpus(args) if folder else _clean_stream(args)


def _check_clean(args: argparse.Namespace) -> bool:
    """Whether the output is a folder; raises `InputError` for what does not go together."""
    from cleaner.io import format_of
    from cleaner.io.record import packing

    for name, least in (
        ("workers", "of 1 or more"),
        ("min_words", "of 0 or more"),
        ("page_timeout", "above 0"),
        ("page_memory", "of 1 or more"),
    ):
        value = getattr(args, name)
        option = "--" + name.replace("_", "-")
        if value is not None and not (value > 0 or (value == 0 and name == "min_words")):
            raise InputError(f"{option} {value}: give a number {least}")
        if value is not None and value > _MOST:
            raise InputError(f"{option} {value}: give a number of {_MOST:,} or less")
    if args.output == Path("-"):
        raise InputError("-o -: standard output needs no -o; add --json for more than one page")
    one_file = args.output is not None and not args.output.is_dir() and _format(args.output)
    folder = args.output is not None and not one_file
    if (
        folder
        and not args.output.is_dir()
        and (
            args.output.exists()
            or format_of(args.output)
            or packing(args.output)
            or args.output.suffix in _OTHERS
        )
    ):
        raise InputError(
            f"{args.output} is no folder; name one, or a file that ends in "
            ".jsonl, .jsonl.gz, .jsonl.zst, .parquet or .txt"
        )
    if not folder:
        for name in ("format", "attributes", "restart"):
            if getattr(args, name):
                raise InputError(f"--{name} goes with -o FOLDER")
    form = args.format if folder else one_file
    if form == "txt" or (args.output is None and not args.json):
        for name in ("segments", "metadata", "keep_original", "keep_failed"):
            if getattr(args, name):
                option = "--" + name.replace("_", "-")
                raise InputError(f"{option} adds to rows, not to texts; give --json or -o x.jsonl")
    if one_file and args.json:
        raise InputError("--json prints, -o FILE writes: give one; a .jsonl FILE holds the same")
    return folder


def _clean_page(args: argparse.Namespace, item: Item) -> int:
    """One page in this process, to standard output."""
    from cleaner.rows import setup
    from cleaner.run.outputs import packer

    form = "jsonl" if args.json else "txt"
    work, _ = setup(lambda: _cleaner(args.model), _options(args, form), packer(form))
    outcome = work(item)
    if outcome.error is not None:
        _say(f"cleaner: {outcome.id}: {outcome.error}")
    if outcome.packed is not None:
        sys.stdout.write(outcome.packed.decode())
    return OK if outcome.error is None else FAILED


def _clean_stream(args: argparse.Namespace) -> int:
    """Pages to standard output, or to one file."""
    from cleaner.io.jsonl import StreamWriter
    from cleaner.run import Progress, load_cleaner, stream

    form = _format(args.output) if args.output is not None else "jsonl"
    progress = Progress(sys.stderr, quiet=args.quiet or args.output is None)
    counts = stream(
        args.inputs,
        args.output if args.output is not None else StreamWriter(sys.stdout.buffer),
        _options(args, form),
        load=partial(load_cleaner, args.model),
        workers=args.workers,
        failed=lambda place, reason: _say(f"cleaner: {place}: {reason}"),
        progress=progress,
    )
    if args.output is not None:
        dropped = f", {counts.dropped} dropped" if counts.dropped else ""
        progress.say(
            f"{counts.pages - counts.errors} of {counts.pages} pages cleaned{dropped}, "
            f"written to {args.output}"
        )
    return _status(args, counts.pages, counts.errors)


def _clean_corpus(args: argparse.Namespace) -> int:
    """A corpus into a folder."""
    from cleaner.run import Progress, load_cleaner, run, table

    progress = Progress(sys.stderr, quiet=args.quiet)
    try:
        summary = run(
            args.inputs,
            args.output,
            _options(args, args.format or "jsonl.gz"),
            load=partial(load_cleaner, args.model),
            workers=args.workers,
            attributes=args.attributes,
            restart=args.restart,
            progress=progress,
        )
    except KeyboardInterrupt:
        progress.say(f"stopped; the same command goes on where {args.output} ends")
        raise
    if args.json:
        print(json.dumps(summary, indent=1, ensure_ascii=False))
    else:
        progress.say(table(summary))
    return _status(args, summary["pages"]["in"], summary["pages"]["errors"])


def _options(args: argparse.Namespace, form: str | None) -> Options:
    from cleaner.io import Columns
    from cleaner.run import Limits, Options

    return Options(
        format=form or "jsonl",
        kind=args.kind,
        columns=Columns(args.text_column, args.html_column, args.url_column, args.id_column),
        favor=args.favor,
        spam=args.spam,
        keep_labels=tuple(dict.fromkeys(args.keep_label or ["article"])),
        min_words=args.min_words,
        keep_original=args.keep_original,
        keep_failed=args.keep_failed,
        segments=args.segments,
        metadata=args.metadata,
        language=not args.no_language,
        limits=Limits(args.page_timeout, args.page_memory),
    )


def _format(output: Path) -> str | None:
    from cleaner.run.outputs import format_of_output

    return format_of_output(output)


def _status(args: argparse.Namespace, pages: int, errors: int) -> int:
    return FAILED if errors and (args.strict or errors == pages) else OK


def _inspect(args: argparse.Namespace) -> int:
    from cleaner.inspect import render
    from cleaner.io import read

    head = list(islice(read([args.page]), 2))
    if len(head) != 1:
        raise InputError("that is more than one page; name one of them" if head else "no page")
    record = head[0]
    if record.error is not None:
        _say(f"cleaner: {record.id}: {record.error}")
        return FAILED
    kind = record.kind if args.kind == "auto" else args.kind
    result = _cleaner(args.model).clean(record.data, kind=kind, url=record.url)
    # https://no-color.org: any value but the empty one says no.
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size((100, 24)).columns
    print(render(result, colour=colour, width=width), end="")
    if result.error is not None:
        _say(f"cleaner: {record.id}: {result.error}")
        return FAILED
    return OK


def _train(args: argparse.Namespace) -> int:
    _check_jobs(args)
    if args.folds < 0 or args.folds == 1:
        raise InputError(f"--folds {args.folds}: give 2 or more, or 0 for none")
    if not 0 <= args.seed <= _MOST_SEED:
        raise InputError(f"--seed {args.seed}: give a number from 0 to {_MOST_SEED:,}")
    from cleaner.corpus import Extra
    from cleaner.train import train

    train(
        args.folders,
        args.output,
        extra=Extra.read(args.comments, args.texts),
        folds=args.folds,
        seed=args.seed,
        n_jobs=args.n_jobs,
        say=_say,
    )
    _say(f"model written to {args.output}")
    return OK


def _evaluate(args: argparse.Namespace) -> int:
    _check_jobs(args)
    from cleaner.evaluate import evaluate

    cleaning = _cleaner(args.model)
    _warn_of_training_pages(cleaning, args.folders)
    report = evaluate(cleaning, args.folders, n_jobs=args.n_jobs)
    print(json.dumps(report.to_dict(), indent=2) if args.json else report.table())
    return OK


def _warn_of_training_pages(cleaning: Cleaner, folders: Sequence[Path]) -> None:
    from cleaner.data.pages import fingerprint, read_pages

    sets = cleaning.model.manifest.get("training_sets", ())
    known = {seen for found in sets for seen in found.get("fingerprints", "").split()}
    for folder in folders:
        pages = read_pages(folder)
        seen = sum(fingerprint(page) in known for page in pages)
        if seen:
            _say(
                f"cleaner: {folder}: the model was trained on {seen} of these {len(pages)} pages; "
                "figures on them tell little of others: evaluate on other sites, or train with "
                "--folds"
            )


def _check_jobs(args: argparse.Namespace) -> None:
    if args.n_jobs == 0:
        raise InputError("--n-jobs 0: give a number of processes, or -1 for one a core")


def _import(args: argparse.Namespace) -> int:
    from cleaner.data.importers import import_corpus

    pages = import_corpus(args.format, args.folder, args.output, args.readings)
    _say(f"{pages} labelled pages written to {args.output}")
    return OK


def _label(args: argparse.Namespace) -> int:
    from cleaner.label import LabelServer, Session, collect

    if not args.licence.strip():
        raise InputError("--licence: give the licence of the pages, or leave it out")
    for name in args.label:
        if len(name.split()) != 1 or name != name.strip():
            raise InputError(f"--label {name!r}: give a label of one word")
    tasks = collect(
        args.inputs,
        args.output,
        kind=args.kind,
        licence=args.licence,
        say=lambda message: _say(f"cleaner: {message}"),
    )
    session = Session(tasks, _cleaner(args.model), args.order, labels=args.label)
    with LabelServer(session, args.port) as server:
        _say(f"pages: {len(tasks)}, labelled: {session.done}; label them at {server.address}")
        _say("Ctrl-C ends it; what is saved stays")
        if not args.no_browser:
            import webbrowser

            webbrowser.open(server.address)
        with suppress(KeyboardInterrupt):  # the way to end it
            server.serve_forever()
    folders = dict.fromkeys(str(task.folder) for task in tasks)
    _say(f"labelled: {session.done} of {len(tasks)} pages, in {', '.join(folders)}")
    return OK


def _check(args: argparse.Namespace) -> int:
    from cleaner.data.check import ALLOWED_LABELS, check

    count = 0
    for folder in args.folders:
        for problem in check(folder, (*ALLOWED_LABELS, *args.label)):
            print(folder / str(problem) if len(args.folders) > 1 else problem)
            count += 1
    _say(f"problems: {count}")
    return FAILED if count else OK


def _cleaner(model: str | None) -> Cleaner:
    from cleaner.clean import load_cleaner

    return load_cleaner(model)


def _say(message: str) -> None:
    print(message, file=sys.stderr)
