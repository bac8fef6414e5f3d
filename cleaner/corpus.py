"""What a model is trained on: labelled pages, made into samples, and texts to compose more of."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from cleaner.compose import phrases
from cleaner.data.pages import DAMAGED, LabelledPage
from cleaner.errors import DataError
from cleaner.examples import Prepared, Sample, prepare, sharing
from cleaner.examples.composed import Material
from cleaner.examples.rendered import rendered_samples
from cleaner.examples.restyled import restyled_samples
from cleaner.examples.spliced import Fragment, Fragments, draw, splice
from cleaner.examples.threaded import Donor, donors_of, draw_donor, threaded_samples
from cleaner.language import iso_639_1

KINDS = ("html", "text")
_MAX_TEXTS = 1_500
"""Unlabelled texts used as articles: more would crowd out the labelled ones."""


@dataclass(frozen=True, slots=True)
class Extra:
    """Unlabelled text that plain-text documents are composed of, beside the labelled pages."""

    comments: tuple[tuple[str, str], ...] = ()
    """Language, as its corpus names it (ISO 639-1 or 639-3), and text of each reader comment."""
    texts: tuple[tuple[str, str], ...] = ()
    """The same of each running text."""
    ids: tuple[str, ...] = ()
    """What its corpus calls each of the texts; empty where it does not."""
    options: tuple[str, ...] = ()
    """Command-line options that name the files they came from."""
    sha256: str = ""

    @classmethod
    def read(cls, comments: Sequence[Path] = (), texts: Sequence[Path] = ()) -> Extra:
        """Read JSONL files (`.gz` too) with `text` and `lang` (code, script after `_` ignored).

        Raises `DataError` for a file that is missing or not of that form.
        """
        files = [*comments, *texts]
        rows = [row for path in texts for row in _read_texts(path)]
        return cls(
            comments=tuple(row[:2] for path in comments for row in _read_texts(path)),
            texts=tuple(row[:2] for row in rows),
            ids=tuple(row[2] for row in rows),
            options=(*_option("--comments", comments), *_option("--texts", texts)),
            sha256=_hash_files(files),
        )


def _option(name: str, files: Sequence[Path]) -> tuple[str, ...]:
    return (name, *(path.name for path in files)) if files else ()


def _read_texts(path: Path) -> Iterator[tuple[str, str, str]]:
    number = 0
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                number += 1
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row["text"], str):
                    raise TypeError(f"a text is {row['text']!r}")
                yield row["lang"].split("_")[0], row["text"], str(row.get("id", ""))
    except (*DAMAGED, ValueError, KeyError, TypeError, AttributeError) as error:
        place = f"{path}:{number}" if number else path
        raise DataError(
            f"{place}: cannot be read ({error}); give JSONL with the columns lang and text"
        ) from error


def _hash_files(files: Sequence[Path]) -> str:
    found = hashlib.sha256()
    for path in files:
        found.update(path.read_bytes())
    return found.hexdigest() if files else ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Prepared pages, with the plain-text renderings of those that are HTML."""

    pages: list[Prepared]
    samples: list[list[Sample]] = field(repr=False)
    """Samples of each page, HTML or plain text."""

    @classmethod
    def read(
        cls, pages: Sequence[LabelledPage], *, kinds: Sequence[str] = KINDS, seed: int = 0,
        n_jobs: int = 1,
    ) -> Corpus:  # fmt: skip
        """Segment, label, splice, render and compute features.

        Samples are made for the given `kinds` of page. Pages whose labels do not fit
        them are dropped.
        """
        jobs = Parallel(n_jobs=n_jobs, batch_size=8, return_as="generator")
        prepared = [found for found in jobs(delayed(prepare)(page) for page in pages) if found]
        fragments = Fragments.harvest(prepared)
        donors = donors_of(prepared)
        drawn = [_draw_copies(page, fragments, donors, seed) for page in prepared]
        made = jobs(
            delayed(_samples_of)(page, copies, kinds, seed)
            for page, copies in zip(prepared, drawn, strict=True)
        )
        share = sharing()
        return cls(prepared, [[*map(share, group)] for group in made])

    def without(self, sites: frozenset[str]) -> Corpus:
        """What holds nothing of these sites."""
        kept = [i for i, p in enumerate(self.pages) if p.labelled.site not in sites]
        return Corpus(
            [self.pages[i] for i in kept],
            [[s for s in self.samples[i] if not sites.intersection(s.sites)] for i in kept],
        )

    def material(self, extra: Extra) -> Material:
        """What documents can be composed of."""
        material = Material()
        for prepared in self.pages:
            material.add_page(prepared)
        for language, text in extra.comments:
            material.comments.setdefault(iso_639_1(language), []).append(text)
        for number, (language, text) in enumerate(_drawn_texts(extra)):
            material.add_text(language, text, site=f"text {number}")
        return material


def _drawn_texts(extra: Extra) -> list[tuple[str, str]]:
    """Language and text of those used as articles.

    Half of them are in languages whose furniture and remarks are known, if there are as many.
    """
    texts = [
        (iso_639_1(language), text)
        for language, text in random.Random(0).sample(extra.texts, len(extra.texts))
    ]
    known = [row for row in texts if row[0] in phrases()]
    others = [row for row in texts if row[0] not in phrases()]
    drawn = known[: max(_MAX_TEXTS // 2, _MAX_TEXTS - len(others))]
    return drawn + others[: _MAX_TEXTS - len(drawn)]


@dataclass(frozen=True, slots=True)
class _Copies:
    """What copies of an HTML page are made with."""

    parts: list[tuple[list[Fragment], list[Fragment]]]
    """Rails and threads of other pages."""
    donor: Donor | None
    """Comments to be written in other markup."""


def _draw_copies(
    prepared: Prepared, fragments: Fragments, donors: Mapping[str, Sequence[Donor]], seed: int
) -> _Copies:
    """Parts for two spliced copies of a page: rails and perhaps a thread; a thread.

    More rails teach that cards are never content: listings and collections lose. With none,
    mixed pages gain .4 points of F1 on sites never seen, and news lose .8. Without the second
    copy, fewer comments are found.
    """
    rng = random.Random(f"{seed} {prepared.labelled.name}")
    parts = [draw(prepared, fragments, rng, rails=rails) for rails in (True, False)]
    return _Copies(parts, draw_donor(prepared, donors, rng))


def _samples_of(
    prepared: Prepared, copies: _Copies, kinds: Sequence[str], seed: int
) -> list[Sample]:
    """All samples of a page: itself, copies (spliced, restyled, with threads), renderings."""
    with threadpool_limits(1):
        kind = prepared.page.kind
        samples = [prepared.sample()] if kind in kinds else []
        if kind != "html":
            if kind in kinds:
                samples += restyled_samples(prepared, seed=seed)
            return samples
        rng = random.Random(f"{seed} {prepared.labelled.name}")
        spliced = [
            prepare(splice(prepared, rails, threads, rng)) if rails or threads else None
            for rails, threads in copies.parts
        ]
        if "html" in kinds:
            samples += [copy.sample() for copy in spliced if copy]
            samples += threaded_samples(prepared, copies.donor, rng)
        if "text" in kinds:
            # One copy is enough: composed documents bring comments of their own.
            for number, page in enumerate((prepared, *spliced[:1])):
                if page:
                    samples += rendered_samples(page, seed=seed + number)
        return samples
