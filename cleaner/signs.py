"""Signs that end and part sentences, in all scripts: one list for all who look for them."""

from __future__ import annotations

from typing import Final

STOPS: Final = ".!?。！？．｡…؟۔।॥\u104b\u1362\u17d4"
COMMAS: Final = ",;、，；،؛፣\u104a"
