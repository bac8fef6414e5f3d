"""A trained model: predict, save, load.

A model directory holds `manifest.json` (format number, labels, feature names,
thresholds, versions, training sets, metrics), `weights.npz` (plain arrays),
`vocabulary.json` and `MODEL_CARD.md`. Loading runs no code: arrays are read
without pickle, the rest is JSON.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.errors import ModelError
from cleaner.features import BAGS, feature_names, inputs
from cleaner.network import Array, Weights, make_batch, predict, softmax
from cleaner.spam import SpamModel
from cleaner.types import Page

FORMAT = 1
"""Raised when older code could not read a newer model; old formats stay readable in tests."""
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
    mean: Array
    scale: Array
    vocabularies: Mapping[str, tuple[str, ...]]
    weights: Weights
    temperature: float = 1.0
    """Logits are divided by it, so that confidences are shares of being right (Guo et al. 2017)."""
    bias: tuple[float, ...] = ()
    """Added to the log-probability of each label before the decision."""

    @cached_property
    def lookups(self) -> dict[str, dict[str, int]]:
        """Word to number, for each bag."""
        return {
            name: {word: number for number, word in enumerate(words)}
            for name, words in self.vocabularies.items()
        }

    def probabilities(self, page: Page) -> Array:
        """Probability of each label for each block, shape (blocks, labels)."""
        read = inputs(page, self.lookups)
        logits = predict(self.weights, make_batch([read], self.mean, self.scale))
        return softmax(logits / np.float32(self.temperature))


@dataclass(frozen=True, slots=True)
class Model:
    """Labels, one head for each kind of page, the spam model, and what is known of them."""

    labels: tuple[str, ...]
    heads: Mapping[str, Head]
    spam: SpamModel | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def label(self, page: Page) -> tuple[list[str], NDArray[np.float32]]:
        """Label and confidence (0 to 1) of each block of a page."""
        head = self.heads[page.kind]
        probability = head.probabilities(page)
        score = np.log(probability + 1e-9)
        if head.bias:
            score = score + np.array(head.bias, np.float32)
        chosen = score.argmax(axis=1)
        confidence = probability[np.arange(len(chosen)), chosen]
        return [self.labels[i] for i in chosen], confidence


def save(model: Model, directory: Path, card: str) -> None:
    """Write a model directory; the same model gives the same bytes."""
    directory.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, NDArray[Any]] = {}
    vocabulary: dict[str, dict[str, list[str]]] = {}
    heads: dict[str, Any] = {}
    for kind, head in sorted(model.heads.items()):
        arrays[f"{kind}/mean"], arrays[f"{kind}/scale"] = head.mean, head.scale
        for name, value in head.weights.items():
            arrays[f"{kind}/{name}"] = value.astype(np.float16)
        vocabulary[kind] = {name: list(words) for name, words in head.vocabularies.items()}
        heads[kind] = {
            "features": list(feature_names(kind)),
            "temperature": head.temperature,
            "bias": list(head.bias),
        }
    if model.spam is not None:
        arrays |= {f"spam/{name}": value for name, value in model.spam.to_arrays().items()}
    _write_arrays(directory / WEIGHTS, arrays)
    _write_json(directory / VOCABULARY, vocabulary, indent=None)
    fixed = {"format": FORMAT, "labels": list(model.labels), "heads": heads}
    fixed["sha256"] = {
        name: hashlib.sha256((directory / name).read_bytes()).hexdigest()
        for name in (WEIGHTS, VOCABULARY)
    }
    _write_json(directory / MANIFEST, {**fixed, **model.manifest}, indent=1)
    (directory / CARD).write_text(card, encoding="utf-8")


def load(directory: Path) -> Model:
    """Read a model directory.

    Raises:
        ModelError: a file is missing or damaged, or the model was made for other features.
    """
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        vocabulary = json.loads((directory / VOCABULARY).read_text(encoding="utf-8"))
        with np.load(directory / WEIGHTS, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError as error:
        raise ModelError(
            f"{directory}: no {Path(error.filename).name}; give a model directory, "
            "as `cleaner train` writes one"
        ) from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{directory}: cannot be read ({error}); copy or train it again"
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise ModelError(
            f"{directory}: model format {found}, this version reads {FORMAT}; "
            "train the model again, or install the version of cleaner that made it"
        )
    try:
        heads = {
            kind: _read_head(kind, facts, vocabulary[kind], arrays, directory)
            for kind, facts in manifest["heads"].items()
        }
        spam = {
            name.removeprefix("spam/"): value
            for name, value in arrays.items()
            if name.startswith("spam/")
        }
        return Model(
            labels=tuple(manifest["labels"]),
            heads=MappingProxyType(heads),
            spam=SpamModel.from_arrays(spam) if spam else None,
            manifest=MappingProxyType(manifest),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{directory}: incomplete model ({error!r}); train it again") from error


def _read_head(
    kind: str, facts: Mapping[str, Any], words: Mapping[str, list[str]],
    arrays: Mapping[str, NDArray[Any]], directory: Path,
) -> Head:  # fmt: skip
    if tuple(facts["features"]) != feature_names(kind):
        raise ModelError(
            f"{directory}: made for other {kind} features than this version computes; "
            "train it again, or install the version of cleaner that made it"
        )
    weights = {
        name.removeprefix(f"{kind}/"): value.astype(np.float32)
        for name, value in arrays.items()
        if name.startswith(f"{kind}/")
    }
    return Head(
        kind=kind,
        mean=weights.pop("mean"),
        scale=weights.pop("scale"),
        vocabularies={name: tuple(words[name]) for name in BAGS[kind]},
        weights=weights,
        temperature=float(facts["temperature"]),
        bias=tuple(facts["bias"]),
    )


def _write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Like `numpy.savez_compressed`, but without the time of day in the file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(
                    file, np.ascontiguousarray(arrays[name]), allow_pickle=False
                )


def _write_json(path: Path, value: Any, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
