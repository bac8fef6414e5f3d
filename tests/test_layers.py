"""A module imports lower layers only, and nothing imports what it would drag in too early."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import cleaner

LAYERS = (
    {"types", "errors", "scripts", "signs", "scaling", "cached", "metrics"},
    {"segment", "language", "assemble", "deletions"},
    {"features", "spam", "comments"},
    {"network", "zones"},
    {"model"},
    {"clean"},
    {"data", "render", "compose", "examples", "corpus", "train", "evaluate",
     "io", "rows"},
    {"run", "connectors", "label", "inspect"},
    {"cli"},
    {"__main__"},
)  # fmt: skip
"""Lowest first. The package itself hands out names of every layer on demand and stands outside."""

TOOLS = next(number for number, names in enumerate(LAYERS) if "data" in names)
"""Modules of this layer may import each other; elsewhere only inside one package."""

ROOT = Path(cleaner.__file__).parent


def layer_of(part: str) -> int:
    for number, names in enumerate(LAYERS):
        if part in names:
            return number
    raise AssertionError(f"cleaner.{part} has no layer; add it to LAYERS")


def imports(tree: ast.AST) -> Iterator[str]:
    """Parts of the package that a module imports, at its top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "cleaner":
            modules = [alias.name for alias in node.names if alias.name != "__version__"]
            names = [f"cleaner.{module}" for module in modules]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [node.module or ""]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("cleaner."))


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def breaches() -> Iterator[str]:
    for path in sorted(ROOT.rglob("*.py")):
        part = part_of(path)
        if part == "__init__":
            continue
        for other in imports(ast.parse(path.read_text(encoding="utf-8"))):
            mine, theirs = layer_of(part), layer_of(other)
            allowed = part == other or theirs < mine or mine == theirs == TOOLS
            if not allowed:
                yield f"{path.relative_to(ROOT)} (layer {mine}) imports {other} (layer {theirs})"


def test_modules_import_lower_layers_only() -> None:
    assert list(breaches()) == []


def test_every_import_form_is_seen() -> None:
    source = (
        "import cleaner.io.files\nfrom cleaner import clean\ndef f():\n from cleaner.cli import a"
    )
    assert list(imports(ast.parse(source))) == ["io", "clean", "cli"]
