"""The command line: arguments to calls, and the only place that prints.

Standard output holds what was asked for and nothing else; messages go to
standard error. Exit status: 0; 1 when every page failed (with `--strict`, any), a check found
problems, or whoever read the output went away; 2 when a command could not do its work; 130 after
Ctrl-C.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cleaner.cli.arguments import parser
from cleaner.errors import CleanerError, InputError

# Each command imports what it needs, so that `cleaner --help` answers at once.
if TYPE_CHECKING:
    from cleaner.clean import Cleaner
    from cleaner.io import Item
    from cleaner.run import Options

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130

_MOST_SEED = 2**32 - 1
"""scikit-learn takes no greater one."""
_OTHERS = (".json", ".csv", ".tsv", ".bz2", ".xz", ".zip")
"""Outputs of these names are meant to be files, of formats that are not written."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    _open_closed_streams()
    # Pages hold every script, whatever the locale; a lone surrogate must not end the run.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    args = parser().parse_args(argv)
    try:
        status = _COMMANDS[args.command](args)
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
    from cleaner.rows import MOST

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
        if value is not None and value > MOST:
            raise InputError(f"{option} {value}: give a number of {MOST:,} or less")
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
    if outcome.status == "dropped":
        _say(f"cleaner: {outcome.id}: dropped; its text has fewer than {args.min_words} words")
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
    dropped = f", {counts.dropped} dropped" if counts.dropped else ""
    if args.output is not None:
        progress.say(
            f"{counts.pages - counts.errors} of {counts.pages} pages cleaned{dropped}, "
            f"written to {args.output}"
        )
    elif dropped and not args.quiet:
        _say(f"cleaner: {counts.pages} pages{dropped} (--min-words)")
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
    report = evaluate(cleaning, args.folders, n_jobs=args.n_jobs, rename=dict(args.rename))
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
    seen: dict[tuple[str, ...], str] = {}
    for folder in args.folders:
        for problem in check(folder, (*ALLOWED_LABELS, *args.label), seen=seen):
            print(folder / str(problem) if len(args.folders) > 1 else problem)
            count += 1
    _say(f"problems: {count}")
    return FAILED if count else OK


def _cleaner(model: str | None) -> Cleaner:
    from cleaner.clean import load_cleaner

    return load_cleaner(model)


def _say(message: str) -> None:
    print(message, file=sys.stderr)


_COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = MappingProxyType(
    {
        "clean": _clean,
        "inspect": _inspect,
        "train": _train,
        "evaluate": _evaluate,
        "import": _import,
        "label": _label,
        "data check": _check,
    }
)
