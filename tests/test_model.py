"""Model directories: what is saved comes back, and what cannot be read says what to do."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cleaner.errors import ModelError
from cleaner.model import _calibrated, load, save
from cleaner.segment import segment

PAGES = (
    "<nav><a href=/>Home</a></nav><h1>The river rose</h1><p>"
    + "It rose two metres in a night. " * 9,
    "Home\nAbout\n\nThe river rose two metres in a single night, said the people.\n",
)


@pytest.fixture
def directory(small_model: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(small_model, tmp_path / "model"))


@pytest.mark.parametrize("kind", ["html", "text"])
def test_confidences_keep_their_order_and_are_modest(kind: str) -> None:
    probability = np.array([0.0, 0.05, 0.3, 0.6, 0.9, 0.99, 1.0], np.float32)
    confidence = _calibrated(probability, kind)
    assert confidence.dtype == np.float32
    assert (np.diff(confidence) > 0).all()
    assert ((confidence > 0) & (confidence <= 1)).all()
    assert (confidence[3:-1] < probability[3:-1]).all()


def test_labels_and_confidences(small_model: Path) -> None:
    model = load(small_model)
    assert model.labels == ("article", "comment", "navigation")
    for text in PAGES:
        page = segment(text)
        labels, confidences = model.label(page)
        assert len(labels) == len(confidences) == len(page.blocks)
        assert set(labels) <= set(model.labels)
        assert ((confidences > 0) & (confidences <= 1)).all()
        probability, units = model.heads[page.kind].probabilities(page)
        assert probability.shape == (len(page.blocks), 3)
        assert units.shape == (len(page.blocks),)
        assert np.abs(probability.sum(axis=1) - 1).max() < 1e-5


def test_saved_again_it_is_the_same(small_model: Path, tmp_path: Path) -> None:
    model = load(small_model)
    save(model, tmp_path, (small_model / "MODEL_CARD.md").read_text(encoding="utf-8"))
    for file in sorted(small_model.iterdir()):
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_loaded_model_can_be_changed_and_saved(small_model: Path, tmp_path: Path) -> None:
    model = load(small_model)
    head = model.heads["text"]
    weights = {name: array * 2 for name, array in head.weights.items()}
    changed = {**model.heads, "text": replace(head, weights=weights)}
    save(replace(model, heads=changed), tmp_path, "card")
    saved = load(tmp_path)
    assert (saved.heads["text"].weights["out"] == weights["out"]).all()
    assert saved.manifest["sha256"] != model.manifest["sha256"]


@pytest.mark.parametrize("name", ["vocabulary.json", "manifest.json", "MODEL_CARD.md"])
def test_a_model_stays_whole_until_the_next_one_is_written(
    name: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {file.name: file.read_bytes() for file in directory.iterdir()}
    write_text = Path.write_text

    def stop(self: Path, *args: Any, **options: Any) -> int:
        if self.name == name:
            raise KeyboardInterrupt
        return write_text(self, *args, **options)

    monkeypatch.setattr(Path, "write_text", stop)
    with pytest.raises(KeyboardInterrupt):
        save(replace(load(directory), spam=None), directory, "another")
    assert {file.name: file.read_bytes() for file in directory.iterdir()} == before


def test_directory(small_model: Path) -> None:
    names = sorted(file.name for file in small_model.iterdir())
    assert names == ["MODEL_CARD.md", "manifest.json", "vocabulary.json", "weights.npz"]
    manifest = json.loads((small_model / "manifest.json").read_text(encoding="utf-8"))
    assert {
        "format",
        "labels",
        "heads",
        "sha256",
        "versions",
        "training_sets",
        "metrics",
        "made_by",
    } <= set(manifest)
    assert sum(file.stat().st_size for file in small_model.iterdir()) < 8_000_000


def sign(directory: Path) -> None:
    """Make the manifest name the files as they are now, as a stranger's model would."""
    file = directory / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    manifest["sha256"] = {
        name: hashlib.sha256((directory / name).read_bytes()).hexdigest()
        for name in ("weights.npz", "vocabulary.json")
    }
    file.write_text(json.dumps(manifest), encoding="utf-8")


def edit(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        file = directory / "manifest.json"
        manifest = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps(change(manifest)), encoding="utf-8")

    return apply


def change_arrays(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        with np.load(directory / "weights.npz") as stored:
            arrays = change(dict(stored))
        np.savez(directory / "weights.npz", **arrays)

    return apply


def cut(name: str, keep: int) -> Callable[[Path], Any]:
    return lambda model: (model / name).write_bytes((model / name).read_bytes()[:keep])


def manifest_is_a_folder(directory: Path) -> None:
    (directory / "manifest.json").unlink()
    (directory / "manifest.json").mkdir()


def other_features(manifest: dict[str, Any]) -> dict[str, Any]:
    manifest["heads"]["html"]["features"][0] = "shoe_size"
    return manifest


def other_signals(manifest: dict[str, Any]) -> dict[str, Any]:
    manifest["spam"]["signals"].reverse()
    return manifest


def pickled(directory: Path) -> None:
    array = np.array([print], dtype=object)  # unpickling runs code
    np.savez(directory / "weights.npz", array)  # type: ignore[arg-type,unused-ignore]


def garbled_member(directory: Path) -> None:
    file = directory / "weights.npz"
    data = bytearray(file.read_bytes())
    data[200:400] = bytes(200)
    file.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "no manifest": lambda directory: (directory / "manifest.json").unlink(),
    "no weights": lambda directory: (directory / "weights.npz").unlink(),
    "no vocabulary": lambda directory: (directory / "vocabulary.json").unlink(),
    "manifest is a folder": manifest_is_a_folder,
    "manifest cut short": cut("manifest.json", 100),
    "manifest empty": cut("manifest.json", 0),
    "manifest is binary": lambda directory: (directory / "manifest.json").write_bytes(
        b"\xff\xfe\0"
    ),
    "manifest is a list": edit(lambda manifest: [manifest]),
    "newer format": edit(lambda manifest: manifest | {"format": 99}),
    "no format": edit(lambda manifest: {k: v for k, v in manifest.items() if k != "format"}),
    "no labels": edit(lambda manifest: {k: v for k, v in manifest.items() if k != "labels"}),
    "no heads": edit(lambda manifest: {k: v for k, v in manifest.items() if k != "heads"}),
    "heads are a list": edit(lambda manifest: manifest | {"heads": [1]}),
    "one head": edit(lambda manifest: manifest | {"heads": {"html": manifest["heads"]["html"]}}),
    "other features": edit(other_features),
    "other signals of spam": edit(other_signals),
    "hashes of other files": edit(lambda manifest: manifest | {"sha256": {}}),
    "labels do not fit": edit(lambda manifest: manifest | {"labels": ["article"]}),
    "no article label": edit(lambda manifest: manifest | {"labels": ["a", "b", "c"]}),
    "vocabulary cut short": cut("vocabulary.json", 50),
    "vocabulary is a list": lambda directory: (directory / "vocabulary.json").write_text("[]"),
    "vocabulary too long": lambda directory: (directory / "vocabulary.json").write_text(
        json.dumps(
            {
                kind: {name: ["x"] * 99_999 for name in ("words", "near", "far")}
                for kind in ("html", "text")
            }
        )
    ),
    "weights cut short": cut("weights.npz", 5000),
    "weights empty": cut("weights.npz", 0),
    "weights are text": lambda directory: (directory / "weights.npz").write_text("weights"),
    "weights garbled": garbled_member,
    "weights pickled": pickled,
    "weights are a bare array": lambda directory: (directory / "weights.npz").write_bytes(
        b"\x93NUMPY\1\0"
    ),
    "an array is missing": change_arrays(
        lambda arrays: {k: v for k, v in arrays.items() if k != "html/network/in"}
    ),
    "an array has another shape": change_arrays(
        lambda arrays: arrays | {"text/network/out": arrays["text/network/out"][:-1]}
    ),
    "spam weights of another shape": change_arrays(
        lambda arrays: arrays | {"spam/weights": arrays["spam/weights"][:9]}
    ),
    "spam weights are missing": change_arrays(
        lambda arrays: {k: v for k, v in arrays.items() if k != "spam/bias"}
    ),
    "no zip members": lambda directory: zipfile.ZipFile(directory / "weights.npz", "w").close(),
}


CASES = [(damage, signed) for damage in DAMAGE for signed in (False, True)]
UNSIGNED = ("no weights", "no vocabulary", "no manifest", "manifest", "hashes")


@pytest.mark.parametrize(
    ("damage", "signed"),
    [(damage, signed) for damage, signed in CASES if not (signed and damage.startswith(UNSIGNED))],
)
def test_damaged(damage: str, signed: bool, directory: Path) -> None:
    DAMAGE[damage](directory)
    if signed:
        sign(directory)
    with pytest.raises(ModelError) as raised:
        load(directory)
    message = str(raised.value)
    assert str(directory) in message
    assert ";" in message, "it ends with what to do"
    assert "\n" not in message


def test_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="give a model directory"):
        load(tmp_path / "nowhere")


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError):
        load(tmp_path / "file")
