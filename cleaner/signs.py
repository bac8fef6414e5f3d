"""Signs that end sentences, parts of them and lines, in all scripts, for all who look for them."""

from __future__ import annotations

from typing import Final

PLAIN_STOPS: Final = ".!?…"
"""Stops that numbers and names hold, too: they end a sentence only where white space follows."""
WIDE_STOPS: Final = "。！？．｡"
"""Stops of scripts without spaces: they take none behind them."""
FIRM_STOPS: Final = WIDE_STOPS + "؟۔।॥\u104b\u1362\u17d4"
"""Stops that always end a sentence."""
STOPS: Final = PLAIN_STOPS + FIRM_STOPS
CLOSERS: Final = "\"'”’»)]"
"""Signs that may stand between a stop and the white space behind it."""
COMMAS: Final = ",;、，；،؛፣\u104a"
LINE_ENDS: Final = "\n\r\x0b\x0c\x85\u2028\u2029"
