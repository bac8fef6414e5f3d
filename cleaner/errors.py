"""Every exception that `cleaner` raises on purpose.

    CleanerError
    ├── ModelError      a model directory is missing, unreadable, or does not fit this version
    ├── DataError       labelled pages are malformed, or a label is unknown
    ├── InputError      an input file is missing or of a kind that cannot be read
    └── RunError        a corpus run cannot go on, or does not fit its output folder

Of wrong arguments, functions raise `TypeError` or `ValueError`, as Python's own do.
A page that cannot be cleaned raises nothing: it comes back as a result with `.error`
set. Each message ends with what to do.
"""

from __future__ import annotations


class CleanerError(Exception):
    """Base of all exceptions raised by this package."""


class ModelError(CleanerError):
    """A model directory is missing, unreadable, or does not fit this version."""


class DataError(CleanerError):
    """Labelled pages are malformed, or carry a label that is not known."""


class InputError(CleanerError):
    """An input file is missing or of a kind that cannot be read."""


class RunError(CleanerError):
    """A corpus run cannot go on, or does not fit what its output folder holds."""
