"""The public names, and what importing them costs."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version

import pytest

import cleaner

HEAVY = {"joblib", "langdetect", "lxml", "numpy", "scipy", "selectolax", "sklearn", "trafilatura"}


def in_fresh_process(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout


def test_public_names_are_sorted_and_exist() -> None:
    assert sorted(cleaner.__all__) == cleaner.__all__
    assert all(hasattr(cleaner, name) for name in cleaner.__all__)
    assert set(cleaner.__all__) <= set(dir(cleaner))


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'scrub'"):
        _ = cleaner.scrub  # type: ignore[attr-defined]


def test_version_is_that_of_the_installed_package() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", cleaner.__version__)
    assert version("cleaner") == cleaner.__version__


def test_import_is_light() -> None:
    loaded = in_fresh_process("import cleaner, sys; print(*sys.modules)").split()
    assert not HEAVY & set(loaded)


def test_help_is_light() -> None:
    code = "import cleaner.cli, sys; cleaner.cli.parser(); print(*sys.modules)"
    assert not HEAVY & set(in_fresh_process(code).split())


def test_import_is_fast() -> None:
    code = "import time; t = time.perf_counter(); import cleaner; print(time.perf_counter() - t)"
    assert min(float(in_fresh_process(code)) for _ in range(3)) < 0.3


@pytest.mark.parametrize(
    "code",
    [
        "import cleaner.clean, cleaner; print(callable(cleaner.clean))",
        "from cleaner.clean import Cleaner; import cleaner; print(callable(cleaner.clean))",
        "from cleaner import clean, Cleaner; print(callable(clean))",
        "import cleaner; cleaner.Cleaner; print(callable(cleaner.clean))",
    ],
)
def test_clean_stays_a_function_whatever_is_imported_first(code: str) -> None:
    assert in_fresh_process(code) == "True\n"
