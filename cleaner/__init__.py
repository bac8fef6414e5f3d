"""From a scraped page to its article: comments, navigation and injected spam told apart.

    import cleaner

    result = cleaner.clean(page)    # str or bytes; HTML or plain text
    result.text                     # the clean article
    result.comments                 # what readers wrote under it

`import cleaner` loads nothing but the standard library; each name below is
imported from its module the first time it is used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleaner.clean import Cleaner, Result, clean
    from cleaner.errors import CleanerError, DataError, InputError, ModelError, RunError
    from cleaner.types import Metadata, Segment, Span

__version__ = "0.1.0"

__all__ = [
    "Cleaner",
    "CleanerError",
    "DataError",
    "InputError",
    "Metadata",
    "ModelError",
    "Result",
    "RunError",
    "Segment",
    "Span",
    "__version__",
    "clean",
]


class _Package(ModuleType):
    """This package, with its names imported on first use (PEP 562 cannot guard `clean`).

    The import system stores each submodule in the package under its name, so
    loading `cleaner.clean` would put that module where the function belongs.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name == "clean" and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


if not TYPE_CHECKING:  # a type checker would take every name there is for one of these

    def __getattr__(name: str) -> Any:
        if name in __all__:
            for home in ("errors", "types", "clean"):
                module = import_module(f"{__name__}.{home}")
                if hasattr(module, name):
                    return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
