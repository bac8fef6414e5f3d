"""A trained model: predict, save, load.

A model directory holds `manifest.json` (format number, labels, feature names,
hashes of the other files, versions, training sets, metrics), `weights.npz` (plain
arrays), `vocabulary.json` and `MODEL_CARD.md`. Loading runs no code: arrays are
read without pickle, the rest is JSON.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from cleaner.cached import cached_property
from cleaner.errors import ModelError
from cleaner.features import BAGS, Inputs, feature_names, features_of
from cleaner.network import Array, Weights, initial_weights, make_batch, predict, softmax
from cleaner.scaling import Scaling
from cleaner.spam import SpamModel
from cleaner.spam.signals import QUICK, SIGNALS
from cleaner.types import ARTICLE, COMMENT, NAVIGATION, Favor, Page
from cleaner.zones import zoned


class _Bounds(NamedTuple):
    """How the threshold on the article's probability is chosen."""

    beta: float
    """Of the F score whose expectation is maximised: how much more recall counts."""
    least: float
    most: float
    """The threshold lies between these, whatever the page."""


_FAVOR: Mapping[Favor, _Bounds] = MappingProxyType(
    {
        "precision": _Bounds(0.5, 0.5, 0.8),
        "balanced": _Bounds(1.0, 0.05, 0.5),
        "recall": _Bounds(2.0, 0.05, 0.2),
    }
)
_RESERVE = 0.75
"""Power of the probabilities by which the threshold is found: the blocks of a page are right or
wrong together, so a page is less sure than each of its blocks. With it, and .1 for .2 as the least
threshold, mixed pages of sites never seen gain .5 points of F1 as HTML and .9 as plain text, news
lose .1 to .2; with .05, forums rendered by `html2txt` gain 6. What a page as a whole says does not
help to choose it: neither blocks that are right or wrong all together (comonotone; news gain, the
others lose as much) nor regression on the expected scores."""
_LABEL_WEIGHTS = {COMMENT: 1.6}
"""How much a label counts against others outside the article: a comment lost is worse than
a button shown as one. On snippets 1.6 finds .802 of the comments (1: .782), at .004 of F1 on
the shipped pages."""
_TEMPERATURE = {"html": 1.5, "text": 1.25}
"""Logits are divided by it: networks trained for F1 are too sure of themselves (temperature
scaling, Guo et al. 2017). On HTML of sites never seen the calibration error by block is .016 at
1.5, .042 at 1, for the same F1; as text, news lose .6 points of F1 from 1 to 1.5."""
_CALIBRATION = {"html": (0.7, 0.0), "text": (0.55, -0.05)}
"""Slope and offset of the log-odds of a confidence (Platt 1999). What is decided is the best for F,
what is reported is how often that is right: on a third of the sites, never seen, the calibration
error falls from .040 to .014; of plain text, on all of them by folds, it is .012."""
_CLEAN, _DOUBT, _TRUST = 0.75, 0.5, 2.0
"""A text of which that share seems to be article was cleaned before: lines stay down to that part
of the least threshold, and comments must be that much more likely. Of clean articles of sites
never seen 2.0 % lose more than a fiftieth of their words; from .85 on 2.6 % do, and F1 on rendered
mixed pages is .003 higher. Less of the second and more of the third change neither."""
_TURN = Lock()
if hasattr(os, "register_at_fork"):  # not on Windows
    # Held by another thread at that moment, the lock would never be let go in the child.
    os.register_at_fork(after_in_child=lambda: globals().update(_TURN=Lock()))
_pools = cache(ThreadpoolController)  # looks for the loaded libraries: milliseconds
FORMAT = 4
"""To be raised when a model would be read wrongly by code of the other side: files that are laid
out otherwise, or features or n-grams that are computed otherwise under the same name."""
_SPAM = {"signals": list(SIGNALS), "quick": list(QUICK)}
"""What the manifest says of the part of a model that finds spam: what its columns are."""
MANIFEST, WEIGHTS, VOCABULARY, CARD = (
    "manifest.json",
    "weights.npz",
    "vocabulary.json",
    "MODEL_CARD.md",
)


@dataclass(frozen=True)
class Head:
    """The part of a model that serves one kind of page, `html` or `text`."""

    kind: str
    scaling: Scaling
    vocabularies: Mapping[str, tuple[str, ...]]
    weights: Weights
    """Of one network: the mean of two that learn from opinions is no better (.001 of F1)."""

    @cached_property
    def lookups(self) -> dict[str, dict[str, int]]:
        """Word to number, for each bag."""
        return {
            name: {word: number for number, word in enumerate(words)}
            for name, words in self.vocabularies.items()
        }

    def probabilities(self, page: Page) -> tuple[Array, Array]:
        """Probability of each label for each block (blocks, labels), and letters (blocks,)."""
        read = features_of(page).inputs(self.lookups)
        return self.judge(read), read.units

    def judge(self, read: Inputs) -> Array:
        """Probability of each label for each block of a page, shape (blocks, labels)."""
        batch = make_batch([read], self.scaling)
        return softmax(predict(self.weights, batch) / _TEMPERATURE[self.kind])


@contextmanager
def _one_thread() -> Iterator[None]:
    """Products on one thread, as in worker processes: split among several, last digits differ.

    The setting is the process's, so callers take turns.
    """
    with _TURN, _pools().limit(limits=1, user_api="blas"):
        yield


@dataclass(frozen=True, slots=True)
class Model:
    """Labels, one head for each kind of page, the spam model, and what is known of them."""

    labels: tuple[str, ...]
    heads: Mapping[str, Head]
    spam: SpamModel | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @_one_thread()
    def label(self, page: Page, favor: Favor = "balanced") -> tuple[list[str], NDArray[np.float32]]:
        """Label and confidence (0 to 1) of each block of a page."""
        probability, units = self.heads[page.kind].probabilities(page)
        is_clean = False
        if page.kind == "text":
            probability = zoned(probability, self.labels)
            is_clean = bool(probability[:, 0] @ units >= _CLEAN * units.sum())
        weight = np.array([_LABEL_WEIGHTS.get(label, 1.0) for label in self.labels], np.float32)
        other = 1 + (probability[:, 1:] * weight[1:]).argmax(axis=1)
        if is_clean:
            is_article = probability[:, 0] >= _FAVOR[favor].least * _DOUBT
        else:
            unsure = probability**_RESERVE
            unsure /= unsure.sum(axis=1, keepdims=True)
            is_article = unsure[:, 0] >= article_threshold(unsure[:, 0], units, favor)
        # The threshold lets doubtful text in; text that is rather a comment stays out.
        is_comment = np.array(self.labels)[other] == COMMENT
        rival = probability[np.arange(len(other)), other] / (_TRUST if is_clean else 1.0)
        is_article &= ~is_comment | (probability[:, 0] >= rival)
        chosen = np.where(is_article, 0, other)
        if NAVIGATION in self.labels:
            chosen[_hidden_copies(page, is_article)] = self.labels.index(NAVIGATION)
        confidence = _calibrated(probability[np.arange(len(chosen)), chosen], page.kind)
        return [self.labels[i] for i in chosen], confidence


def _hidden_copies(page: Page, is_article: NDArray[np.bool_]) -> list[int]:
    """Hidden blocks of the article that it shows elsewhere, as for screens of another size."""
    hides = page.elements.hidden
    if not any(hides):
        return []
    shown: set[str] = set()
    hidden: list[tuple[int, str]] = []
    for i in np.flatnonzero(is_article).tolist():
        block = page.blocks[i]
        text = " ".join(page.text_of(block).split())
        if block.element >= 0 and hides[block.element]:
            hidden.append((i, text))
        else:
            shown.add(text)
    return [i for i, text in hidden if text in shown]


def _calibrated(probability: Array, kind: str) -> Array:
    """How often a label of that probability is right."""
    slope, offset = _CALIBRATION[kind]
    against = 1 / np.maximum(probability, np.float32(1e-6)) - 1
    return (1 / (1 + against**slope * np.exp(-offset))).astype(np.float32)


def article_threshold(probability: Array, units: Array, favor: Favor = "balanced") -> float:
    """The threshold on the article's probability that maximises a page's expected F score.

    Blocks enter in order of probability, and the set with the best expected F in
    letters is the article (Lewis 1995, "Evaluating and optimizing autonomous text
    classification systems"): an unsure page is read more generously than a sure one.
    F is F1, or with `favor` F0.5 or F2. The threshold is kept within bounds, so that a
    page without an article has none.
    """
    beta, least, most = _FAVOR[favor]
    order = np.argsort(-probability, kind="stable")
    expected = np.cumsum((probability * units)[order])
    score = expected / (np.cumsum(units[order]) + beta**2 * expected[-1] + 1e-9)
    return float(np.clip(probability[order[score.argmax()]], least, most))


def save(model: Model, directory: Path, card: str) -> None:
    """Write a model directory; the same model gives the same bytes.

    A write that is broken off is never read for a model: the files would not fit each other.
    """
    directory.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[Any]] = {}
    vocabulary: dict[str, dict[str, list[str]]] = {}
    heads: dict[str, Any] = {}
    for kind, head in sorted(model.heads.items()):
        arrays |= {f"{kind}/{name}": array for name, array in head.scaling.to_arrays().items()}
        for name, value in head.weights.items():
            arrays[f"{kind}/network/{name}"] = value.astype(np.float16)
        vocabulary[kind] = {name: list(words) for name, words in head.vocabularies.items()}
        heads[kind] = {"features": list(feature_names(kind))}
    if model.spam is not None:
        arrays |= {f"spam/{name}": value for name, value in model.spam.to_arrays().items()}
    # Inside the directory, so that files are moved within one file system.
    with TemporaryDirectory(prefix=".part-", dir=directory) as folder:
        part = Path(folder)
        _write_arrays(part / WEIGHTS, arrays)
        _write_json(part / VOCABULARY, vocabulary, indent=None)
        fixed = {"format": FORMAT, "labels": list(model.labels), "heads": heads}
        fixed["spam"] = _SPAM if model.spam is not None else None
        fixed["sha256"] = _hashes(
            {name: (part / name).read_bytes() for name in (WEIGHTS, VOCABULARY)}
        )
        # Of a model that was loaded, the manifest says all of that as it was.
        told = {name: value for name, value in model.manifest.items() if name not in fixed}
        _write_json(part / MANIFEST, {**fixed, **told}, indent=1)
        (part / CARD).write_text(card, encoding="utf-8")
        for name in (CARD, WEIGHTS, VOCABULARY, MANIFEST):
            (part / name).replace(directory / name)


def load(directory: Path) -> Model:
    """Read a model directory.

    Raises:
        ModelError: a file is missing or damaged, or the model was made for other features.
    """
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        stored = {name: (directory / name).read_bytes() for name in (WEIGHTS, VOCABULARY)}
    except FileNotFoundError as error:
        raise ModelError(
            f"{directory}: no {Path(error.filename).name}; give a model directory, "
            "as `cleaner train` writes one"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{directory}: cannot be read ({error}); copy or train it again"
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise ModelError(
            f"{directory}: model format {found}, this version reads {FORMAT}; "
            "train the model again, or install the version of cleaner that made it"
        )
    if manifest.get("sha256") != _hashes(stored):
        raise ModelError(
            f"{directory}: weights or vocabulary are not those that the manifest names; "
            "copy or train it again"
        )
    try:
        with np.load(io.BytesIO(stored[WEIGHTS]), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        vocabulary = json.loads(stored[VOCABULARY])
        labels = tuple(manifest["labels"])
        heads = {
            kind: _read_head(kind, manifest["heads"][kind], vocabulary[kind], arrays, directory)
            for kind in BAGS
        }
        for head in heads.values():
            _check_shapes(head, labels)
        spam = _below("spam/", arrays)
        if spam and manifest.get("spam") != _SPAM:
            raise ModelError(
                f"{directory}: made for other signals of spam than this version computes; "
                "train it again, or install the version of cleaner that made it"
            )
        return Model(
            labels=labels,
            heads=heads,
            spam=SpamModel.from_arrays(spam) if spam else None,
            manifest=manifest,
        )
    except ModelError:
        raise
    except Exception as error:  # archives and headers of strangers fail in many ways
        reason = " ".join(f"{error!r}".split())
        raise ModelError(f"{directory}: incomplete model ({reason}); train it again") from error


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def _check_shapes(head: Head, labels: tuple[str, ...]) -> None:
    """Raise `ValueError` where weights, vocabularies and labels do not fit each other."""
    if labels[:1] != (ARTICLE,):
        raise ValueError(f"labels {labels}")
    weights = head.weights
    expected = initial_weights(
        np.random.default_rng(0),
        len(head.scaling.column),
        [len(words) for words in head.vocabularies.values()],
        len(weights["groups_first"]),
        len(labels),
        hidden=weights["in"].shape[1],
        embedding=weights["words_0"].shape[1],
    )
    shapes = {name: value.shape for name, value in expected.items()}
    if shapes != {name: value.shape for name, value in weights.items()}:
        raise ValueError(f"{head.kind} weights are of other shapes")


def _read_head(
    kind: str, facts: Mapping[str, Any], words: Mapping[str, list[str]],
    arrays: Mapping[str, NDArray[Any]], directory: Path,
) -> Head:  # fmt: skip
    if tuple(facts["features"]) != feature_names(kind):
        raise ModelError(
            f"{directory}: made for other {kind} features than this version computes; "
            "train it again, or install the version of cleaner that made it"
        )
    stored = _below(f"{kind}/network/", arrays)
    return Head(
        kind=kind,
        scaling=Scaling.from_arrays(_below(f"{kind}/", arrays), len(feature_names(kind))),
        vocabularies={name: tuple(words[name]) for name in BAGS[kind]},
        weights={name: value.astype(np.float32) for name, value in stored.items()},
    )


def _below(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {n.removeprefix(prefix): array for n, array in arrays.items() if n.startswith(prefix)}


def _write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Like `numpy.savez_compressed`, but without the time of day in the file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(
                    file, np.asarray(arrays[name], order="C"), allow_pickle=False
                )


def _write_json(path: Path, value: Any, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
