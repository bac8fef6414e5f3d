"""Injected spam: what is found and removed, beside the rule "delete every run in another script".

    python benchmarks/spam.py --corpora DIR --pages training_data build/wcxb build/news

Phrases, languages, verticals, texts and sites that are tested are left out of training, so
models are trained here (`--size` tells on how many pages, as a share of the usual). Only the
lines "natural", "hand-written", "passages", "cost" and, without a rotation, "sentences by another
hand" are of the default model (or `--model`).
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import cleaner.spam.score
from cleaner.clean import Cleaner
from cleaner.data.pages import read_pages
from cleaner.deletions import span_with_gap
from cleaner.examples import prepare, unique
from cleaner.language import iso_639_1
from cleaner.spam import SpamModel, judge, view_of
from cleaner.spam.candidates import foreign_runs
from cleaner.spam.grammar import Grammar, Phrase
from cleaner.spam.inject import disguised, inject, inject_all, shortened
from cleaner.spam.samples import injected_html
from cleaner.spam.score import Promotion
from cleaner.spam.texts import Judgements, Text
from cleaner.spam.train import train_spam
from cleaner.spam.view import View
from cleaner.types import ARTICLE, Kind, Page, Segment

Found = list[tuple[int, int, bool]]
"""Start, end, and whether it is removed."""
Places = Sequence[tuple[int, int]]

_TEST_DATA = Path(__file__).parents[1] / "tests" / "data"
ROTATIONS = (
    ({"ko", "th", "he", "ka", "hi", "vi", "pl", "sv", "tr", "sw"}, {"loans", "essays", "streams"}),
    (
        {"zh", "ja", "ar", "fa", "el", "bn", "id", "fi", "hu", "fr"},
        {"pharma", "followers", "crypto"},
    ),
)
"""Languages and verticals that are left out of training together."""


@dataclass(slots=True)
class Line:
    """Counts of one line of the table."""

    pages: int = 0
    injected: int = 0
    found: int = 0
    reported: int = 0
    right: int = 0
    restored: int = 0
    misses: list[str] = field(default_factory=list)

    def add(self, spans: Found, truth: Places, text: str, clean: str | None) -> None:
        """Count what was found on a page with injections at `truth`."""
        self.pages += 1
        self.reported += len(spans)
        for start, end in truth:
            shared = [(min(e, end) - max(s, start), s, e) for s, e, _ in spans]
            hit = any(both * 2 >= max(e, end) - min(s, start) for both, s, e in shared)
            self.injected += 1
            self.found += hit
            self.right += sum(both * 2 >= e - s for both, s, e in shared)
            if not hit and len(self.misses) < 30:
                self.misses.append(text[max(0, start - 20) : end + 20])
        if clean is not None:
            left = _without(text, spans)
            self.restored += _letters(left) == _letters(clean)

    def figures(self) -> dict[str, Any]:
        """Recall, precision, share of pages restored."""
        return {
            "pages": self.pages,
            "recall": round(self.found / max(1, self.injected), 3),
            "precision": round(self.right / max(1, self.reported), 3),
            "restored": round(self.restored / max(1, self.pages), 3),
        }


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _without(text: str, spans: Found) -> str:
    for start, end, _ in sorted(spans, reverse=True):
        low, high = span_with_gap(text, start, end)
        text = text[:low] + text[high:]
    return text


def ours(view: View, model: SpamModel) -> Found:
    """Spans of our model."""
    return [(c.start, c.end, removed) for c, _, _, removed in judge(view, model)]


def trivial(view: View) -> Found:
    """Every run in another script."""
    return [(start, end, True) for start, end in foreign_runs(view.text, view.codes, view.home)]


class Lines:
    """Lines by name, for our model and for the trivial rule."""

    def __init__(self) -> None:
        self.ours: dict[str, Line] = {}
        self.trivial: dict[str, Line] = {}
        self.removed: dict[str, Line] = {}

    def add(
        self, name: str, view: View, truth: Places, model: SpamModel, clean: str | None
    ) -> None:
        """Judge one page for one line; one injection alone also counts for the removal line."""
        found = ours(view, model)
        self.ours.setdefault(name, Line()).add(found, truth, view.text, None)
        self.trivial.setdefault(name, Line()).add(trivial(view), truth, view.text, clean)
        gone = [span for span in found if span[2]]
        for line in (name, *(("all kinds",) if len(truth) == 1 else ())):
            self.removed.setdefault(line, Line()).add(gone, truth, view.text, clean)

    def table(self) -> dict[str, Any]:
        """Figures of every line."""
        return {
            name: {
                "mark": line.figures(),
                "remove": self.removed[name].figures(),
                "trivial": self.trivial[name].figures(),
                "missed": line.misses[:6],
            }
            for name, line in sorted(self.ours.items())
        } | {"all kinds": {"remove": self.removed["all kinds"].figures()}}


def read_texts(corpora: Path) -> list[Text]:
    """The excerpts."""
    with gzip.open(corpora / "excerpts" / "excerpts.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = map(json.loads, lines)
        return [Text(row["lang"].split("_")[0], row["text"], row["id"]) for row in rows]


def _held(name: str, share: int = 6) -> bool:
    return zlib.crc32(f"held {name}".encode("utf-8", "ignore")) % share == 0


def _phrase_held(phrase: str) -> bool:
    return zlib.crc32(f"test {phrase}".encode()) % 5 == 0


def evaluate_model(
    model: SpamModel, grammar: Grammar, left_out: tuple[set[str], set[str]],
    hosts: Sequence[Text], pages: Sequence[tuple[Page, Sequence[str]]], count: int, lines: Lines,
) -> None:  # fmt: skip
    """Inject into `hosts` and `pages` what the model was not trained on."""
    rng, many = random.Random(7), random.Random(8)
    languages, verticals = left_out
    unseen = grammar.only(
        lambda language, v, p: language not in languages and v not in verticals and _phrase_held(p)
    )
    new_languages = grammar.only(
        lambda language, v, p: language in languages and v not in verticals
    )
    new_verticals = grammar.only(
        lambda language, v, p: language not in languages and v in verticals
    )
    latin = [text for text in hosts if text.text[:300].isascii() or _is_latin(text.text)]
    by_language = _by_language(hosts)

    def put(name: str, text: Text, phrase: Phrase, words: str | None = None) -> None:
        words = words or phrase.text
        body = shortened(text.text, words)
        made = inject(body, words, rng, sentence=phrase.kind == "sentence")
        if made is not None:
            lines.add(name, model.view(made.text), [(made.start, made.end)], model, body)

    def put_often(name: str, text: Text, phrases: Sequence[Phrase]) -> None:
        body = shortened(text.text, " ".join(phrase.text for phrase in phrases))
        changed, spans = inject_all(body, phrases, many)
        if len(spans) == len(phrases):
            lines.add(name, model.view(changed), spans, model, body)

    def pick(source: Grammar, wanted: Callable[[str], bool]) -> list[str]:
        return [name for name in sorted(source.languages) if wanted(name)]

    other = pick(unseen, lambda name: not unseen.is_latin(name))
    roman = pick(unseen, unseen.is_latin)
    new_other = pick(new_languages, lambda name: not new_languages.is_latin(name))
    new_roman = pick(new_languages, new_languages.is_latin)
    for _ in range(count):
        put("foreign script", rng.choice(latin), unseen.phrase(rng.choice(other), rng, "phrase"))
        text, name = rng.choice(latin), rng.choice(roman)
        if iso_639_1(text.language) != name:
            put("Latin in Latin", text, unseen.phrase(name, rng, "phrase"))
        for line, kind in (
            ("same language, phrase", "phrase"),
            ("same language, sentence", "sentence"),
        ):
            name = rng.choice(roman + other)
            if by_language.get(name) and (kind == "phrase" or unseen.languages[name].sentences):
                put(line, rng.choice(by_language[name]), unseen.phrase(name, rng, kind))
        phrase = unseen.phrase(rng.choice(roman + other), rng, "phrase")
        if words := disguised(phrase.text, rng):
            put("obfuscated", rng.choice(hosts), phrase, words)
        for line, names in (
            ("languages left out, another script", new_other),
            ("languages left out, Latin", new_roman),
        ):
            name = rng.choice(names)
            text = rng.choice(latin)
            if iso_639_1(text.language) != name:
                put(line, text, new_languages.phrase(name, rng, "phrase"))
        name = rng.choice(sorted(new_verticals.languages))
        put("verticals left out", rng.choice(hosts), new_verticals.phrase(name, rng, "phrase"))
        text, name = many.choice(hosts), many.choice(roman + other)
        if iso_639_1(text.language) != name:
            times = many.randint(2, 6)
            phrase = unseen.phrase(name, many, "phrase")
            put_often("the same phrase two to six times", text, [phrase] * times)
            phrases = [unseen.phrase(name, many, "phrase") for _ in range(times)]
            put_often("two to six phrases of a language", text, phrases)
    for page, labels in pages:
        segments = _article(page, labels)
        if not segments:
            continue
        phrase = unseen.phrase(rng.choice(roman + other + ["en"] * len(roman)), rng)
        made = injected_html(page.html, [phrase], [s.text for s in segments], rng)
        if made:
            view = view_of(made[0], made[1], model)
            ((start, end),) = made[2]
            clean = view.text[:start] + view.text[end:]
            anchors = any(a.start < end and a.end > start for a in view.anchors)
            hidden = any(low < end and high > start for low, high in view.hidden)
            kind = "hidden" if hidden else "linked" if anchors else "plain"
            lines.add(f"HTML, {kind}", view, made[2], model, clean)


def _by_language(texts: Sequence[Text]) -> dict[str, list[Text]]:
    found: dict[str, list[Text]] = {}
    for text in texts:
        found.setdefault(iso_639_1(text.language), []).append(text)
    return found


def _is_latin(text: str) -> bool:
    from cleaner.scripts import script_counts

    return next(iter(script_counts(text[:300])), "") == "Latin"


def _article(page: Page, labels: Sequence[str]) -> list[Segment]:
    return [
        Segment(ARTICLE, page.text_of(block), block.start, block.end, 1.0)
        for block, label in zip(page.blocks, labels, strict=True)
        if label == ARTICLE
    ]


def clean_references(model: SpamModel, corpora: Path) -> dict[str, Any]:
    """Reference texts of wcxb and news that lose anything."""
    touched: list[str] = []
    rule = number = marked = 0
    for text in _references(corpora):
        view = model.view(text)
        found = judge(view, model)
        number += 1
        marked += bool(found)
        touched += [text[c.start : c.end] for c, _, _, removed in found if removed]
        rule += bool(trivial(view))
    return {"texts": number, "spans removed": touched, "marked": marked, "trivial touched": rule}


def _references(corpora: Path) -> Iterator[str]:
    for path in sorted((corpora / "wcxb/dev/ground-truth").glob("*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))["ground_truth"]["main_content"]
    for row in json.loads((corpora / "news/ground-truth.json").read_text("utf-8")).values():
        yield row["articleBody"]


def natural(model: SpamModel, texts: Sequence[Text]) -> dict[str, Any]:
    """Spans found in real text against what a reader said of them."""
    judgements = Judgements.shipped()
    verdicts: Counter[str] = Counter()
    touched = rule = 0
    unread: list[tuple[str, int, int]] = []
    for text in texts:
        view = model.view(text.text)
        rule += bool(trivial(view))
        gone = 0
        for start, end, removed in ours(view, model):
            verdict = "unread"
            for low, high, spam in judgements.spans.get(text.id, ()):
                if low < end and high > start:
                    verdict = "spam" if spam else "ordinary"
            verdicts[f"{'removed' if removed else 'marked'}, {verdict}"] += 1
            gone += removed
            if removed and verdict == "unread":
                unread.append((text.id, start, end))
        touched += bool(gone)
    return {
        "texts": len(texts),
        "touched": touched,
        "trivial touched": rule,
        **dict(sorted(verdicts.items())),
        "removed and unread": unread,
    }


def _test_data(name: str) -> list[dict[str, Any]]:
    text = (_TEST_DATA / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def passages(model: SpamModel) -> dict[str, Any]:
    """Passages with spam in the tests, which another hand wrote: by the language of the spam.

    Spam is found where half of it is reported; what is reported is right where half of it is spam.
    """
    lines: dict[str, Counter[str]] = {}
    for row in _test_data("spam_passages.jsonl"):
        text = row["text"]
        view = model.view(text)
        places = [(text.index(spam), text.index(spam) + len(spam)) for spam in row["spam"]]
        own = row["lang"] == row["spam_lang"]
        kind = "sentence" if "sentence" in row["kind"] else "phrase"
        codes = {int(view.codes[start:end].max()) for start, end in places}
        where = f"own language, {kind}" if own else "another language"
        if not own and not codes <= {view.home}:
            where = "another script"
        line = lines.setdefault(where, Counter())
        spans = ours(view, model)
        for start, end in places:
            shared = [(min(e, end) - max(s, start), gone) for s, e, gone in spans]
            line["spam"] += 1
            line["found"] += any(both * 2 >= end - start for both, _ in shared)
            line["removed"] += any(gone and both * 2 >= end - start for both, gone in shared)
        for s, e, gone in spans:
            right = any((min(e, end) - max(s, start)) * 2 >= e - s for start, end in places)
            line["reported"] += 1
            line["reported wrongly"] += not right
            line["removed wrongly"] += gone and not right
    return {name: dict(line) for name, line in sorted(lines.items())}


def sentences(model: SpamModel, texts: Sequence[Text], each: int) -> dict[str, Any]:
    """Sentences that another hand wrote, none of them trained on: `spam_sentences` of the tests.

    Of each language, `each` that sell something are put between the sentences of texts in it;
    the honest ones, which only look like them, are judged by themselves.
    """
    rng, by_language = random.Random(9), _by_language(texts)
    line, honest = Line(), Counter[str]()
    for path in sorted((_TEST_DATA / "spam_sentences").glob("*.tsv")):
        rows = [row.split("\t") for row in path.read_text(encoding="utf-8").splitlines()]
        for _, sentence in (row for row in rows if row[0] == "ordinary"):
            found = ours(model.view(sentence), model)
            honest["sentences"] += 1
            honest["reported"] += bool(found)
            honest["removed"] += any(removed for _, _, removed in found)
        pitches = [sentence for vertical, sentence in rows if vertical != "ordinary"]
        hosts = by_language.get(path.stem, [])
        for sentence in rng.sample(pitches, min(each, len(pitches))) if hosts else ():
            body = shortened(rng.choice(hosts).text, sentence)
            made = inject(body, sentence, rng, sentence=True)
            if made is not None:
                view = model.view(made.text)
                line.add(ours(view, model), [(made.start, made.end)], made.text, None)
    return {"injected": line.figures(), "honest": dict(honest)}


def hand_written(model: SpamModel) -> dict[str, Any]:
    """The passages without spam of the tests."""
    rows = _test_data("spam_negatives.jsonl")
    removed = rule = 0
    for row in rows:
        view = model.view(row["text"])
        removed += any(span[2] for span in ours(view, model))
        rule += bool(trivial(view))
    return {
        "sentences": len(rows),
        "languages": len({r["lang"] for r in rows}),
        "removed": removed,
        "trivial removed": rule,
    }


def cost(cleaning: Cleaner, texts: Sequence[str], pages: Sequence[Page]) -> dict[str, Any]:
    """Processor milliseconds of the spam step beside those of the whole clean without it."""
    documents = [text for text in texts if 2_000 < len(text) < 12_000]
    documents = random.Random(1).sample(documents, min(100, len(documents)))
    figures: dict[str, Any] = {}
    kinds: tuple[tuple[Kind, list[str]], ...] = (
        ("text", documents),
        ("html", [page.html for page in pages[:100]]),
    )
    for kind, inputs in kinds:
        for text in inputs[:5]:
            cleaning.clean(text, kind)
        best = {mode: [1e9] * len(inputs) for mode in ("keep", "remove")}
        for _ in range(5):
            for number, text in enumerate(inputs):
                for mode, times_of in best.items():  # in turn: machines slow down for seconds
                    begin = time.process_time()
                    cleaning.clean(text, kind, spam=mode)  # type: ignore[arg-type]
                    times_of[number] = min(times_of[number], time.process_time() - begin)
        times = {mode: sum(found) / len(found) * 1000 for mode, found in best.items()}
        figures[kind] = {
            "ms without": round(times["keep"], 2),
            "ms of the spam step": round(times["remove"] - times["keep"], 2),
            "share": round(times["remove"] / times["keep"] - 1, 3),
        }
    return figures


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Run all of it and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--pages", type=Path, nargs="+", required=True, help="labelled pages")
    parser.add_argument("--size", type=float, default=0.5, help="share of the usual training pages")
    parser.add_argument("--count", type=int, default=300, help="pages of each line and rotation")
    parser.add_argument("--n-jobs", type=int, default=1, help="processes for training")
    parser.add_argument("--model", type=Path, help="model directory (default: the one shipped)")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=("injected", "emptied", "shipped"),
        default=("injected", "emptied", "shipped"),
    )
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    texts = read_texts(args.corpora)
    labelled = unique(page for folder in args.pages for page in read_pages(folder))
    random.Random(0).shuffle(labelled)
    labelled = [page for page in labelled if page.kind == "html"][: int(1500 * args.size)]
    prepared = [found for page in labelled if (found := prepare(page))]
    grammar = Grammar.shipped()
    hosts = [text for text in texts if _held(text.id)]
    known = [text for text in texts if not _held(text.id)]
    test_pages = [(p.page, p.labels) for p in prepared if _held(p.labelled.site)]
    own_pages = [
        (p.page, p.labels)
        for p in prepared
        if not _held(p.labelled.site) and not p.labelled.has_spam
    ]
    report: dict[str, Any] = {"command": " ".join(["python benchmarks/spam.py", *_options(args)])}

    def trained(left_out: tuple[set[str], set[str]]) -> SpamModel:
        kept = grammar.only(
            lambda language, v, p: (
                language not in left_out[0] and v not in left_out[1] and not _phrase_held(p)
            )
        )
        # No passages: they hold spam of every language and trade, and are what shipped models know.
        return train_spam(
            known, own_pages, grammar=kept, by_hand=(), size=args.size, n_jobs=args.n_jobs, say=_say
        )

    if "injected" in args.only:
        lines = Lines()
        held_out = Counter[str]()
        for number, left_out in enumerate(ROTATIONS):
            model = trained(left_out)
            evaluate_model(model, grammar, left_out, hosts, test_pages, args.count, lines)
            counted = natural(model, hosts)
            unread = counted.pop("removed and unread")
            held_out.update(counted)
            for name, start, end in unread:
                _say(f"removed in a held-out excerpt, unread: {name} {start} {end}")
            references = clean_references(model, args.corpora)
            report[f"clean references, rotation {number + 1}"] = references
            report[f"sentences by another hand, rotation {number + 1}"] = sentences(
                model, hosts, 10
            )
        report["injected"] = lines.table()
        report["excerpts held out of training"] = dict(held_out)
    if "emptied" in args.only:
        fit = Promotion.fit
        nothing = Promotion(np.zeros(1 << cleaner.spam.score._BITS, np.int8), 1.0, -3.0)
        cleaner.spam.score.Promotion.fit = classmethod(lambda cls, *phrases: nothing)  # type: ignore[assignment,method-assign]
        lines = Lines()
        model = trained(ROTATIONS[0])
        cleaner.spam.score.Promotion.fit = fit  # type: ignore[method-assign]
        evaluate_model(model, grammar, ROTATIONS[0], hosts, test_pages, args.count, lines)
        report["phrase grammar emptied"] = lines.table()
    if "shipped" in args.only:
        cleaning = Cleaner() if args.model is None else Cleaner.load(args.model)
        spam = cleaning.model.spam
        if spam is None:
            sys.exit("the model has no spam part; train one with --texts")
        report["clean references"] = clean_references(spam, args.corpora)
        report["natural"] = natural(spam, texts)
        report["hand-written"] = hand_written(spam)
        report["passages"] = passages(spam)
        report["sentences by another hand"] = sentences(spam, texts, 20)
        report["cost"] = cost(cleaning, list(_references(args.corpora)), [p.page for p in prepared])
    _print(report)
    if args.json:
        args.json.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _options(args: argparse.Namespace) -> list[str]:
    return [
        "--corpora DIR", "--pages", *map(str, args.pages), f"--size {args.size}",
        f"--count {args.count}", "--only", *args.only,
    ]  # fmt: skip


def _print(report: dict[str, Any]) -> None:
    for name in ("injected", "phrase grammar emptied"):
        if name in report:
            print(f"{name:38} pages | mark, remove, trivial rule: recall precision restored")
        for line, figures in report.get(name, {}).items():
            cells = f"{line:38} {figures['remove']['pages']:5}  "
            for kind in ("mark", "remove", "trivial"):
                found = figures.get(kind)
                if found:
                    figures_of = (found["recall"], found["precision"], found["restored"])
                    cells += " | " + " ".join(f"{figure:.3f}" for figure in figures_of)
            print(cells)
    for name, figures in report.items():
        if name not in ("injected", "phrase grammar emptied", "command"):
            print(f"{name}: {json.dumps(figures, ensure_ascii=False)[:1500]}")


if __name__ == "__main__":
    main()
