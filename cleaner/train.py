"""Labelled pages to a model: vocabularies, fit, folds by site, and the model directory.

Everything random comes from one seed, and every process trains on one thread:
the same data and command give the same bytes on the same kind of machine.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from cleaner import __version__
from cleaner.clean import Cleaner, Result
from cleaner.corpus import KINDS, Corpus, Extra
from cleaner.data.align import UNJUDGED
from cleaner.data.pages import LabelledPage, digest, fingerprint, folders_of, read_pages
from cleaner.errors import DataError, ModelError
from cleaner.evaluate import evaluate_results
from cleaner.examples import Sample, sharing, unique
from cleaner.examples.composed import Material, composed_samples
from cleaner.features import BAGS, feature_names
from cleaner.model import WEIGHTS, Head, Model, save
from cleaner.network import Array
from cleaner.network.fit import Example, Options, fit
from cleaner.scaling import Scaling
from cleaner.spam import SpamModel
from cleaner.spam.texts import Text
from cleaner.spam.train import train_spam
from cleaner.types import ARTICLE, COMMENT, LABELS, Page

_MIN_SITES = {"words": 6, "near": 6, "far": 6}
"""A word enters a vocabulary when it is seen on that many sites: rarer ones name the site."""
_MAX_WORDS = {"words": 40_000, "near": 4_000, "far": 4_000}
"""With 12,000 words most languages have too few of their own: on sites never seen, plain text of
news loses .4 points of F1, and comments in threads of one to three .8. By four sites instead of
six, HTML pages in other languages are read worse (.02)."""
# Columns that exist in some scripts only, or that tell a site's habits: the network must be able
# to do without them.
_BLANKED = {
    "upper": 0.15, "capitalised": 0.15, "starts_upper": 0.15, "starts_lower": 0.15,
    "word_length": 0.15, "ideographs": 0.3, "kana": 0.3, "hangul": 0.3, "thai": 0.3,
    "caseless": 0.3, "blocks": 0.2, "page_units": 0.2,
}  # fmt: skip
_DROPPED_RUNS = {"html": 0.0, "text": 0.2}
"""Share of pages, a step, that lack some runs of blocks: plain text comes cut in many ways. On
sites never seen its F1 rises by .3 points on mixed pages and .5 on news; that of HTML does not."""
_OPINION_FOLDS = 3
_MIN_OPINION_SITES = 200
"""With fewer, a network that misses a third of them knows too little to be asked."""
_MIN_STEPS = 500
"""Small data is gone through more often, until the network has made that many steps."""
_COMPOSED_PER_ARTICLE = 4
_MAX_COMPOSED = 12_000
"""Of half as many, short threads are learned worse: of articles under one to three comments by
sites never seen, comment F1 is .86 instead of .92; rendered pages do no better."""
_MIN_SPAM_TEXTS = 1_000
"""A spam model of fewer texts would take every name in another script for spam."""

Say = Callable[[str], None]


def build_vocabulary(samples: Iterable[Sample], name: str, min_sites: int) -> tuple[str, ...]:
    """Words of one bag seen on at least `min_sites` sites, most widespread first."""
    sites: dict[str, set[str]] = {}
    for sample in samples:
        for words in set(map(tuple, sample.words[name].rows)):
            for word in words:
                sites.setdefault(word, set()).add(sample.sites[0])
    kept = [(-len(seen), word) for word, seen in sites.items() if len(seen) >= min_sites]
    return tuple(word for _, word in sorted(kept)[: _MAX_WORDS[name]])


def fit_head(
    samples: Sequence[Sample], kind: str, labels: Sequence[str], *, seed: int = 0,
    opinions: bool = True, options: Options | None = None, say: Say = lambda line: None,
) -> Head:  # fmt: skip
    """Train the part of a model that serves one kind of page.

    With `opinions`, networks for HTML learn half from the labels and half from what others say
    that never saw the page's site (Furlanello et al. 2018, "Born-Again Neural Networks").
    References differ in where an article ends and what belongs to a listing; a second opinion
    evens that out: F1 on sites never seen rises by .7 points on mixed pages. It takes three more
    networks. On plain text it adds nothing (.824 with and without), nor does that of networks for
    HTML (.823, .827): there are none.
    """
    sites = {sample.sites[0] for sample in samples}
    found: list[Array | None] = [None] * len(samples)
    if opinions and kind == "html" and len(sites) >= _MIN_OPINION_SITES:
        for fold, inside in enumerate(_deal(sites, _OPINION_FOLDS, seed)):
            others = [s for s in samples if not inside.intersection(s.sites) and not _is_bare(s)]
            head = _fit_network(
                others, [None] * len(others), kind, labels,
                seed=seed + fold + 1, options=options, say=say,
            )  # fmt: skip
            for i, sample in enumerate(samples):
                if sample.sites[0] in inside:
                    found[i] = _opinion(head, sample)
    return _fit_network(samples, found, kind, labels, seed=seed, options=options, say=say)


def _is_bare(sample: Sample) -> bool:
    """Whether only comments are labelled, as on pages that only their markup speaks of."""
    return set(sample.labels) <= {COMMENT, UNJUDGED}


def _opinion(head: Head, sample: Sample) -> Array:
    """What a head says of a sample; on bare pages also of what nobody judged.

    Without that, they would teach that what is in their languages is comments.
    """
    opinion = head.judge(sample.inputs(head.lookups))
    if not _is_bare(sample):
        opinion[np.array(sample.labels) == UNJUDGED] = 0
    return opinion


def _fit_network(
    samples: Sequence[Sample], opinions: Sequence[Array | None], kind: str,
    labels: Sequence[str], *, seed: int, options: Options | None, say: Say,
) -> Head:  # fmt: skip
    sites = len({sample.sites[0] for sample in samples})
    vocabularies = {
        name: build_vocabulary(samples, name, max(2, min(_MIN_SITES[name], sites // 12)))
        for name in BAGS[kind]
    }
    lookups = {
        name: {word: number for number, word in enumerate(words)}
        for name, words in vocabularies.items()
    }
    number_of = {label: number for number, label in enumerate(labels)}
    examples = [
        Example(
            sample.inputs(lookups),
            np.array([number_of.get(label, -1) for label in sample.labels], np.int64),
            sample.weight,
            opinion,
        )
        for sample, opinion in zip(samples, opinions, strict=True)
    ]
    scaling = Scaling.fit([example.inputs.dense for example in examples])
    names = feature_names(kind)
    options = options or Options()
    if options.drop_runs is None:
        options = replace(options, drop_runs=_DROPPED_RUNS[kind])
    steps = -(-len(examples) // options.pages_per_step)
    options = replace(options, epochs=max(options.epochs, -(-_MIN_STEPS // steps)))
    weights = fit(
        examples,
        [len(vocabularies[name]) for name in BAGS[kind]],
        scaling,
        len(labels),
        options=options,
        seed=seed,
        blank={names.index(name): share for name, share in _BLANKED.items()},
        report=lambda epoch, loss: say(f"{kind} epoch {epoch + 1}: loss {loss:.4f}"),
    )
    # The model on disk holds half precision; train and use the same numbers.
    weights = {n: w.astype(np.float16).astype(np.float32) for n, w in weights.items()}
    return Head(kind, scaling, vocabularies, weights)


def composed_count(material: Material) -> int:
    """How many documents are composed for training."""
    return min(_MAX_COMPOSED, _COMPOSED_PER_ARTICLE * len(material.articles))


def fit_model(
    corpus: Corpus, extra: Extra | None = None, *, kinds: Sequence[str] = KINDS, seed: int = 0,
    n_jobs: int = 1, options: Options | None = None, say: Say = lambda line: None,
) -> Model:  # fmt: skip
    """Train the heads for `kinds` of page on a corpus."""
    labels = _labels_of(corpus)
    samples = _training_samples(corpus, extra or Extra(), kinds=kinds, seed=seed)
    heads = Parallel(n_jobs=n_jobs)(_head_jobs(samples, labels, seed, options, say))
    return Model(labels, {head.kind: head for head in heads})


def _training_samples(
    corpus: Corpus, extra: Extra, *, kinds: Sequence[str] = KINDS, seed: int = 0
) -> dict[str, list[Sample]]:
    """What the head for each of `kinds` learns from: pages and composed documents."""
    samples = [sample for group in corpus.samples for sample in group]
    if "text" in kinds:
        material = corpus.material(extra)
        samples += map(sharing(), composed_samples(material, composed_count(material), seed=seed))
    by_kind = {kind: [sample for sample in samples if sample.kind == kind] for kind in kinds}
    for kind, found in by_kind.items():
        if not found:
            raise DataError(f"no labelled {kind} pages; add some, or train on other folders")
    return by_kind


def _head_jobs(
    samples: Mapping[str, Sequence[Sample]], labels: Sequence[str], seed: int,
    options: Options | None, say: Say,
) -> list[Any]:  # fmt: skip
    """Calls for joblib that train the heads, the one with the most blocks first."""
    sizes = {kind: sum(len(s.labels) for s in found) for kind, found in samples.items()}
    for kind, found in samples.items():
        say(f"{kind}: {len(found)} pages, {sizes[kind]} blocks")
    return [
        delayed(_fit_on_one_thread)(samples[kind], kind, labels, seed, options)
        for kind in sorted(samples, key=lambda kind: -sizes[kind])
    ]


def _fit_on_one_thread(
    samples: Sequence[Sample], kind: str, labels: Sequence[str], seed: int, options: Options | None
) -> Head:
    with threadpool_limits(1):
        return fit_head(samples, kind, labels, seed=seed, options=options)


def _labels_of(corpus: Corpus) -> tuple[str, ...]:
    """Labels that the pages carry: the default ones first, then others by name."""
    found = {label for prepared in corpus.pages for label in prepared.labels} - {UNJUDGED}
    if ARTICLE not in found:
        raise DataError(f"no text is labelled {ARTICLE}; label some pages first")
    return (*LABELS, *sorted(found - set(LABELS)))


def site_folds(pages: Sequence[LabelledPage], k: int, *, seed: int = 0) -> list[frozenset[str]]:
    """Sites of each of `k` folds, drawn at random; pages of a site stay together.

    Raises `DataError` when that leaves a fold, or what is trained for it, without a site.
    """
    sites = {page.site for page in pages}
    if not 2 <= k <= len(sites):
        raise DataError(
            f"{k} folds of pages of {len(sites)} sites; "
            "give from 2 to as many folds as there are sites"
        )
    return _deal(sites, k, seed)


def _deal(sites: Iterable[str], k: int, seed: int) -> list[frozenset[str]]:
    dealt = sorted(sites)
    random.Random(seed).shuffle(dealt)
    return [frozenset(dealt[fold::k]) for fold in range(k)]


def cross_validate(
    pages: Sequence[LabelledPage], k: int, *, train_on: Sequence[LabelledPage] | None = None,
    extra: Extra | None = None, spam: SpamModel | None = None, seed: int = 0, n_jobs: int = 1,
    options: Options | None = None, say: Say = lambda line: None,
) -> list[Result]:  # fmt: skip
    """Clean each page with a model trained on the other sites' pages, in `k` folds.

    Heads are trained only for the kinds of page that `pages` hold. What they are trained
    on is `pages`, unless `train_on` names others. `spam` is the part of each model that finds
    spam, which is not trained here. Results come in the order of `pages`.
    """
    folds = site_folds(pages, k, seed=seed)
    kinds = sorted({page.kind for page in pages})
    corpus = Corpus.read(unique(train_on or pages), kinds=kinds, seed=seed, n_jobs=n_jobs)
    members = [[i for i, page in enumerate(pages) if page.site in sites] for sites in folds]
    jobs = Parallel(n_jobs=n_jobs)
    found: dict[int, Result] = {}
    done = jobs(
        delayed(_clean_fold)(
            corpus.without(sites), [pages[i] for i in inside], extra, spam, kinds, seed, options
        )
        for sites, inside in zip(folds, members, strict=True)
    )
    for number, (inside, results) in enumerate(zip(members, done, strict=True)):
        found |= dict(zip(inside, results, strict=True))
        say(f"fold {number + 1} of {k}: {len(inside)} pages")
    return [found[i] for i in range(len(pages))]


def _clean_fold(
    corpus: Corpus, pages: Sequence[LabelledPage], extra: Extra | None, spam: SpamModel | None,
    kinds: Sequence[str], seed: int, options: Options | None,
) -> list[Result]:  # fmt: skip
    with threadpool_limits(1):
        model = fit_model(corpus, extra, kinds=kinds, seed=seed, options=options)
        cleaning = Cleaner(replace(model, spam=spam))
        return [cleaning.clean(page.page, page.kind, page.url) for page in pages]


def train(
    folders: str | Path | Iterable[str | Path], out: str | Path, *,
    extra: Extra | None = None, folds: int = 0, seed: int = 0, n_jobs: int = 1,
    options: Options | None = None, say: Say = lambda line: None,
) -> Model:  # fmt: skip
    """Train a model on folders of labelled pages and write its directory.

    Args:
        folders: labelled pages, see `cleaner.data.pages`.
        out: model directory to write.
        extra: unlabelled comments and texts to compose plain-text documents of.
        folds: if not 0, cross-validate by site first and write the figures into the manifest.
        seed: of all that is random.
        n_jobs: processes, as joblib counts them; the model does not depend on it.
        options: how the networks are trained, and their size.
        say: takes each line of progress; what happens in other processes is not told.

    Raises:
        TypeError: `seed` is no whole number.
        ValueError: `n_jobs` is 0.
        DataError: there is no folder, or one holds no labelled pages, or none of them is HTML, or
            none has an article; or their sites are fewer than `folds`.
        ModelError: `out` is no folder that can be written.
    """
    if not isinstance(seed, int):
        raise TypeError(f"seed must be a whole number, not {seed!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0; give -1 for all cores")
    extra, out = extra or Extra(), Path(out)
    sets = {folder: read_pages(folder) for folder in folders_of(folders)}
    for folder, found in sets.items():
        if not found:
            raise DataError(f"{folder}: no labelled pages; give folders with .labels files")
    given = [page for found in sets.values() for page in found]
    if not given:
        raise DataError("no folders to train on; give some with labelled pages")
    if all(page.kind == "text" for page in given):
        raise DataError("no labelled HTML pages; add some: plain text can be made of them as well")
    _make_folder(out)
    pages = unique(given, say)
    names = [folder.name for folder in sets]
    command = " ".join(("cleaner train", *names, *extra.options, "--seed", str(seed)))
    metrics: dict[str, Any] = {}
    if folds:
        default = _default_model() if len(extra.texts) < _MIN_SPAM_TEXTS else None
        spam = default.spam if default else None
        results = cross_validate(
            pages, folds, extra=extra, spam=spam, seed=seed, n_jobs=n_jobs, options=options, say=say
        )  # fmt: skip
        report = evaluate_results(pages, results, with_spam=spam is not None)
        say(report.table())
        metrics = {
            "command": f"{command} --folds {folds}",
            "folds": folds,
            "figures": report.to_dict(),
        }
    corpus = Corpus.read(pages, seed=seed, n_jobs=n_jobs)
    _tell_fitting(corpus, pages, say)
    _tell_labels(corpus, say)
    labels, samples = _labels_of(corpus), _training_samples(corpus, extra, seed=seed)
    unspoilt = [(p.page, p.labels) for p in corpus.pages if not p.labelled.has_spam]
    heads = Parallel(n_jobs=n_jobs)(_head_jobs(samples, labels, seed, options, say))
    del corpus, samples
    spam, spam_made_by = _spam_model(unspoilt, extra, seed, n_jobs, command, say)
    manifest = {
        "made_by": command,
        "seed": seed,
        "versions": {
            "cleaner": __version__,
            **{name: version(name) for name in ("numpy", "scikit-learn")},
        },
        "training_sets": [_training_set(folder, found) for folder, found in sets.items()],
        "composed_of": {"files": list(extra.options), "sha256": extra.sha256},
        "spam_made_by": spam_made_by,
        "metrics": metrics,
    }
    model = Model(labels, {head.kind: head for head in heads}, spam, manifest)
    save(model, out, _card(model))
    return model


def _training_set(folder: Path, pages: Sequence[LabelledPage]) -> dict[str, Any]:
    """What the manifest says of a folder."""
    return {
        "folder": folder.name,
        "pages": len(pages),
        "sha256": digest(pages),
        "fingerprints": " ".join(sorted(map(fingerprint, pages))),
        "licences": sorted({page.licence for page in pages}),
        "sources": sorted({page.source for page in pages}),
        "languages": dict(Counter(page.language for page in pages).most_common()),
    }


def _tell_fitting(corpus: Corpus, pages: Sequence[LabelledPage], say: Say) -> None:
    """Say which pages are left out, and why."""
    say(f"{len(corpus.pages)} of {len(pages)} pages fit their labels")
    fitting = {(prepared.labelled.name, prepared.labelled.page) for prepared in corpus.pages}
    for page in pages:
        if (page.name, page.page) not in fitting:
            say(
                f"left out: {page.name} of {page.site}; none of it is judged, or its labels are "
                "not on the page (see cleaner data check)"
            )


def _tell_labels(corpus: Corpus, say: Say) -> None:
    """Say how often each label is learned: a slip of the pen is a label of its own."""
    blocks = Counter(label for prepared in corpus.pages for label in prepared.labels)
    pages = Counter(label for prepared in corpus.pages for label in set(prepared.labels))
    given = {entry.label for prepared in corpus.pages for entry in prepared.labelled.labels}
    for label in sorted({*blocks, *given} - {UNJUDGED}):
        if label in blocks:
            say(f"label {label}: {blocks[label]} blocks on {pages[label]} pages")
        else:
            say(f"label {label}: left out; no block is all or mostly of it")


def _make_folder(out: Path) -> None:
    """Make the model directory and try it: training takes hours, and comes before writing."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        others = [path for path in out.iterdir() if not path.name.startswith(".")]
        if others and not (out / WEIGHTS).exists():
            raise ModelError(f"{out} holds other files than a model's; name an empty or new folder")
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise ModelError(
            f"{out}: no folder that can be written ({error.strerror}); name another one"
        ) from error


def _spam_model(
    pages: Sequence[tuple[Page, Sequence[str]]], extra: Extra, seed: int, n_jobs: int,
    command: str, say: Say,
) -> tuple[SpamModel | None, str | None]:  # fmt: skip
    """One that knows the texts of `extra`, or without enough of them the default model's, and
    the command that made it.

    It has to see many languages and what is legitimate in them, which labelled pages alone
    are too few for.
    """
    if len(extra.texts) < _MIN_SPAM_TEXTS:
        say(f"spam: the default model's; a new one takes {_MIN_SPAM_TEXTS:,} texts (--texts)")
        default = _default_model()
        if default is None:
            return None, None
        return default.spam, f"the default model: {default.manifest.get('spam_made_by', '')}"
    ids = extra.ids or ("",) * len(extra.texts)
    texts = [Text(*row, name) for row, name in zip(extra.texts, ids, strict=True)]
    return train_spam(texts, pages, seed=seed, n_jobs=n_jobs, say=say), command


def _default_model() -> Model | None:
    try:
        return Cleaner().model
    except ModelError:
        return None


def _card(model: Model) -> str:
    """The model card (Mitchell et al. 2019, "Model Cards for Model Reporting")."""
    facts = model.manifest
    sets = "\n".join(
        f"- {found['folder']}: {found['pages']} pages; {', '.join(found['sources'])}; "
        f"{', '.join(found['licences'])}"
        for found in facts["training_sets"]
    )
    languages: Counter[str] = Counter()
    for found in facts["training_sets"]:
        languages.update(found["languages"])
    spoken = ", ".join(f"{name} {count:,}" for name, count in languages.most_common())
    made_by = facts["spam_made_by"]
    spam = (
        f"Finds injected spam inside the article; that part was made by `{made_by}`."
        if made_by
        else "Finds no spam."
    )
    figures = facts["metrics"].get("figures")
    measured = (
        f"Folds by site ({facts['metrics']['folds']}), see `metrics` in `manifest.json`."
        if figures
        else "Not measured when it was trained: run `cleaner evaluate` on pages it has not seen."
    )
    return f"""# Model card

**What it does.** Labels each block of a scraped page, HTML or plain text, as one of:
{", ".join(model.labels)}. {spam}

**How it was made.** `{facts["made_by"]}`, seed {facts["seed"]}.

**Trained on.**
{sets}
- pages by language: {spoken}
- composed plain-text documents of these pages and of: {
        ", ".join(name for name in facts["composed_of"]["files"] if name[:2] != "--")
        or "nothing else"
    }

**Measured.** {measured}

**Limits.** Languages of which there are few pages above do worse, unless others are like them.
Labels of other people disagree on headlines, captions and bylines, and so does the model.
Confidences below .6 are guesses. Loading this model runs no code.
"""
