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
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import cleaner
from cleaner.errors import CleanerError, InputError

# Each command imports what it needs, so that `cleaner --help` answers at once.
if TYPE_CHECKING:
    from cleaner.clean import Cleaner, Result
    from cleaner.io import Record, Write

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
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
        choices=("auto", "html", "text"),
        default="auto",
        help="what the pages are (default: told by file name, else by content)",
    )
    jobs = argparse.ArgumentParser(add_help=False)
    jobs.add_argument(
        "--n-jobs", type=int, default=1, metavar="N", help="processes; -1 for one a core"
    )

    clean = commands.add_parser(
        "clean",
        parents=[model, kind, jobs],
        help="clean pages",
        description="Clean pages. One page goes to standard output; several need -o or --json.",
    )
    clean.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="file, folder or .jsonl (each also .gz), or - for standard input",
    )
    clean.add_argument(
        "-o",
        "--output",
        type=Path,
        help="folder for a text file a page, a .jsonl file, or a .txt file for one page",
    )
    clean.add_argument(
        "--json", action="store_true", help="print a line of JSON a page, with everything found"
    )
    clean.add_argument(
        "--spam",
        choices=("remove", "mark", "keep"),
        default="remove",
        help="injected spam: leave out what is sure, only report it, or do not look for it",
    )
    clean.set_defaults(run=_clean)

    inspect = commands.add_parser(
        "inspect", parents=[model, kind], help="show a page with its labels and confidences"
    )
    inspect.add_argument("page", metavar="PAGE", help="file, or - for standard input")
    inspect.set_defaults(run=_inspect)

    train = commands.add_parser("train", parents=[jobs], help="train a model on labelled pages")
    train.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="labelled pages")
    train.add_argument(
        "-o", "--output", type=Path, required=True, metavar="MODEL", help="model directory to write"
    )
    for name, what in (("comments", "reader comments"), ("texts", "running texts")):
        train.add_argument(
            f"--{name}",
            nargs="+",
            type=Path,
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
        "evaluate", parents=[model, jobs], help="compare a model with labelled pages"
    )
    evaluate.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="labelled pages")
    evaluate.add_argument("--json", action="store_true", help="print JSON instead of a table")
    evaluate.set_defaults(run=_evaluate)

    imports = commands.add_parser("import", help="turn a public data set into labelled pages")
    imports.add_argument("format", metavar="FORMAT", help="such as wcxb, aeb or snippets")
    imports.add_argument("folder", type=Path, metavar="DIR", help="the data set")
    imports.add_argument("output", type=Path, metavar="OUT", help="folder to write")
    imports.set_defaults(run=_import)

    data = commands.add_parser("data", help="work on labelled pages")
    actions = data.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="report what is wrong with labelled pages")
    check.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="labelled pages")
    check.set_defaults(run=_check)
    return parser


def _clean(args: argparse.Namespace) -> int:
    from cleaner.io import read, writing
    from cleaner.io.jsonl import to_line
    from cleaner.run import clean_records

    if args.json and args.output is not None:
        raise InputError("--json prints, -o writes: give one; a .jsonl OUTPUT holds the same JSON")
    records = read(args.inputs)
    storing: AbstractContextManager[Write]
    if args.output is not None:
        storing = writing(args.output, args.inputs)
    elif args.json:
        storing = nullcontext(lambda record, result: print(to_line(record, result)))
    else:
        records = _only_one(records, "add -o OUTPUT to write them, or --json to print them")
        storing = nullcontext(_print_text)

    pages = failures = 0
    cleaning = _cleaner(args.model)
    with storing as write:
        for record, result in clean_records(
            cleaning, records, kind=args.kind, n_jobs=args.n_jobs, spam=args.spam
        ):
            write(record, result)
            pages += 1
            failures += _failed(record, result)
    if args.output is not None:
        _say(f"{pages - failures} of {pages} pages cleaned, written to {args.output}")
    return FAILED if failures == pages else OK


def _inspect(args: argparse.Namespace) -> int:
    from cleaner.inspect import render
    from cleaner.io import read
    from cleaner.run import clean_records

    status = OK
    records = _only_one(read([args.page]), "name one of them")
    for record, result in clean_records(_cleaner(args.model), records, kind=args.kind):
        if result is not None:
            # https://no-color.org: any value but the empty one says no.
            colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
            width = shutil.get_terminal_size((100, 24)).columns
            print(render(result, colour=colour, width=width), end="")
        if _failed(record, result):
            status = FAILED
    return status


def _train(args: argparse.Namespace) -> int:
    from cleaner.train import Extra, train

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
    from cleaner.evaluate import evaluate

    report = evaluate(_cleaner(args.model), args.folders, n_jobs=args.n_jobs)
    print(json.dumps(report.to_dict(), indent=2) if args.json else report.table())
    return OK


def _import(args: argparse.Namespace) -> int:
    from cleaner.data.importers import import_corpus

    pages = import_corpus(args.format, args.folder, args.output)
    _say(f"{pages} labelled pages written to {args.output}")
    return OK


def _check(args: argparse.Namespace) -> int:
    from cleaner.data.check import check

    problems = [problem for folder in args.folders for problem in check(folder)]
    for problem in problems:
        print(problem)
    _say(f"problems: {len(problems)}")
    return FAILED if problems else OK


def _cleaner(model: str | None) -> Cleaner:
    from cleaner.clean import Cleaner

    return Cleaner() if model is None else Cleaner.load(model)


def _only_one(records: Iterator[Record], advice: str) -> Iterator[Record]:
    head = list(islice(records, 2))
    if len(head) > 1:
        raise InputError(f"that is more than one page; {advice}")
    return iter(head)


def _print_text(record: Record, result: Result | None) -> None:
    if result is not None and result.text:
        print(result.text)


def _failed(record: Record, result: Result | None) -> bool:
    """Whether a page failed; says so."""
    error = record.error if result is None else result.error
    if error is not None:
        _say(f"cleaner: {record.id}: {error}")
    return error is not None


def _say(message: str) -> None:
    print(message, file=sys.stderr)
