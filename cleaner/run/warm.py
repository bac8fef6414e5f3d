"""Imported by the process that workers are forked from: what all of them need, loaded once.

Language profiles take half a second and 60 MB, which workers share that way, and a
worker that takes the place of a dead one is there in a twentieth of a second.
"""

from __future__ import annotations

import gc

from cleaner import rows
from cleaner.language import detect

__all__ = ["rows"]

detect("any text that is long enough for the profiles to be needed")
# Collecting garbage would write to pages of memory that are shared until then.
gc.freeze()
