"""Signals for and against a candidate span: one named number each.

They speak of how the span sounds, its script and language against the page's, how it sits
in its sentence and whether that reads on without it, disguise, repetition, and markup.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log, log1p
from typing import Final

import numpy as np
import numpy.typing as npt

from cleaner.cached import cached_property
from cleaner.scripts import CODE
from cleaner.signs import COMMAS, STOPS
from cleaner.spam.candidates import Candidate, in_place
from cleaner.spam.disguise import TRICKS
from cleaner.spam.grams import FloatArray
from cleaner.spam.joins import WORD, Joins
from cleaner.spam.languages import Languages, buckets
from cleaner.spam.score import Promotion
from cleaner.spam.view import UNSPACED, View, running_count

KINDS: Final = ("script", "phrase", "sentence", "disguise", "anchor", "hidden", "address")
BEFORE: Final = ("edge", "glued", "word", "name", "comma", "stop", "opener", "sign", "digit")
AFTER: Final = ("edge", "glued", "word", "name", "comma", "stop", "closer", "sign", "digit")
ENDS: Final = ("first", "last", "before", "after")

SIGNALS: Final = (
    # How it sounds
    "promotion", "promotion_in_place", "promotion_per_char", "promotion_around", "promotion_page",
    "contrast", "contrast_strange", "contrast_both", "contrast_lead", "contrast_strange_lead",
    "contrast_both_lead", "promotion_elsewhere", "promotional_others", "promotional_share",
    "promotion_sentence",
    # Its ends: the author's words beside spam sound otherwise, and fit their page
    *(f"promotion_{end}" for end in ENDS), *(f"fit_{end}" for end in ENDS),
    # Its shape
    "chars", "words", "digits", "capitals", "capitalised", "address", "ends_sentence",
    "starts_upper", "inner_stops", "symbols",
    # Script and language
    "foreign", "foreign_share", "script_runs", "script_share", "home_share", "latin",
    "latin_home", "unspaced", "unspaced_home", "foreign_rest",
    "language_gain", "language_gain_per_char", "fit", "fit_around", "fit_page", "novelty", "rarest",
    # Place
    *(f"before_{name}" for name in BEFORE), *(f"after_{name}" for name in AFTER),
    "spaces", "in_brackets", "in_quotes", "left_chars", "right_chars", "short_left",
    "short_right", "position", "page_chars", "list_left", "lines_alike",
    "line_before", "line_after", "words_per_line",
    "join_across", "join_left", "join_right", "join_gain",
    # Repetition and disguise
    "repeats", *(f"trick_{number}" for number in range(len(TRICKS))), "plainer",
    # Markup
    "html", "marked_up", "linked", "off_site", "nofollow", "hidden", "hidden_block",
    "address_promotion", "links", "link_share",
    *(f"found_as_{kind}" for kind in KINDS),
)  # fmt: skip
"""Names of the columns."""
COLUMN: Final = {name: number for number, name in enumerate(SIGNALS)}
QUICK: Final = (
    "contrast", "contrast_strange", "contrast_both", "contrast_lead", "contrast_strange_lead",
    "contrast_both_lead", "promotion_in_place", "promotion_per_char", "promotion_page",
    "chars", "capitals", "foreign_share", "latin_home", "fit", "fit_page", "novelty", "rarest",
    "position", "page_chars", "lines_alike", "html", "marked_up",
    *(f"promotion_{end}" for end in ENDS), *(f"fit_{end}" for end in ENDS),
    *(f"found_as_{kind}" for kind in KINDS),
)  # fmt: skip
"""Those that cost next to nothing: by them alone most candidates are given up."""
QUICK_COLUMNS: Final = np.array([COLUMN[name] for name in QUICK])

_OPENERS: Final = frozenset("([{<«“„\"'‘‚:=/|—–-→（「『《【〈：・·•*#@~+&›>")
_CLOSERS: Final = frozenset(")]}>»”\"'’=/|—–:：)）」』》】〉·•~+&<‹-")
_STOPS: Final = frozenset(STOPS)
_COMMAS: Final = frozenset(COMMAS)
_INNER_STOP: Final = re.compile(f"[{STOPS}|:]")
_AROUND: Final = 160
_END: Final = 8
"""Characters at an end of a span, or half of a shorter one, and beside it."""
_NEAR: Final = 100_000
"""Characters before and after a span where it is sought again: all of nearly every page."""
_AT_ONCE: Final = 500
"""Candidates that are compared with all others in one pass; more would need much memory."""
_DENSE: Final = 24
_STEP: Final = 4
_CLIP: Final = 6.0
"""Log-odds beyond it say no more."""
_CLOSES: Final = {
    ")": "(",
    "]": "[",
    "}": "{",
    "）": "（",
    "」": "「",
    "』": "『",
    "》": "《",
    "】": "【",
}
_URL: Final = re.compile(
    r"https?://|www\.|\b[\w-]+\.(?:com|net|org|info|xyz|top|site|online)\b", re.I
)


class Reader:
    """Computes the signals of the candidates of one page."""

    def __init__(
        self, view: View, promotion: Promotion, languages: Languages, joins: Joins,
        found: Sequence[Candidate],
    ) -> None:  # fmt: skip
        self.view = view
        self.promotion = promotion
        self.languages = languages
        self.joins = joins
        self.index = buckets(view.grams)
        self.total = int(view.counts.sum()) or 1
        self.values = [in_place(view, promotion, c.start, c.end) for c in found]
        self.found = found
        self.spans = np.array([(c.start, c.end) for c in found], np.int64).reshape(-1, 2)

    def quick(self) -> FloatArray:
        """The quick signals of all candidates, shape (candidates, len(SIGNALS)); 0 elsewhere."""
        rows = np.zeros((len(self.found), len(SIGNALS)), np.float32)
        if not self.found:
            return rows
        view, (starts, ends) = self.view, self.spans.T
        size, page = ends - starts, len(view.text)

        def put(name: str, values: npt.ArrayLike) -> None:
            rows[:, COLUMN[name]] = values

        first = COLUMN["contrast"]
        rows[:, first : first + 6] = self._contrasts()
        sound, fit = (sums[ends] - sums[starts] for sums in (view.promotion, view.fit))
        put("promotion_in_place", np.clip(self.values, -_CLIP, _CLIP))
        put("promotion_per_char", sound / size)
        put("promotion_page", (view.promotion[-1] - sound) / np.maximum(1, page - size))
        put("fit", fit / size)
        put("fit_page", (view.fit[-1] - fit) / np.maximum(1, page - size))
        novelty, rarest = view.novelty(starts, ends)
        put("novelty", novelty)
        put("rarest", np.log(np.minimum(rarest, 10)))
        put("chars", np.log1p(size))
        put("position", starts / page)
        put("page_chars", round(log1p(page)))
        inside = np.minimum(_END, (size + 1) // 2)
        places = (
            (starts, starts + inside), (ends - inside, ends),
            (np.maximum(starts - _END, 0), starts), (ends, np.minimum(ends + _END, page)),
        )  # fmt: skip
        for end, (low, high) in zip(ENDS, places, strict=True):
            for name, sums in (("promotion", view.promotion), ("fit", view.fit)):
                put(f"{name}_{end}", (sums[high] - sums[low]) / np.maximum(1, high - low))
        put("latin_home", view.home == CODE["Latin"])
        if view.html:
            put("html", 1)
            put("marked_up", self._marked_up())
        letters, foreign, upper = self._counts
        put(
            "foreign_share",
            (foreign[ends] - foreign[starts]) / np.maximum(1, letters[ends] - letters[starts]),
        )
        put("capitals", (upper[ends] - upper[starts]) / size)
        text = view.text
        put("lines_alike", [
            text[c.start - 1 : c.start] in "\n" and text[c.end : c.end + 1] in "\n"
            for c in self.found
        ])  # fmt: skip
        kinds = [COLUMN[f"found_as_{c.kind}"] for c in self.found]
        rows[np.arange(len(rows)), kinds] = 1
        return rows

    @cached_property
    def _counts(self) -> list[npt.NDArray[np.int32]]:
        """Running counts of letters, those of other scripts, and capitals."""
        codes = self.view.codes
        letter = codes != 0
        flags = (
            letter, letter & (codes != self.view.home),
            letter & (self.view.points != self.view.folded),
        )  # fmt: skip
        return [running_count(flag) for flag in flags]

    def _marked_up(self) -> npt.NDArray[np.bool_]:
        """Whether each candidate touches a link to another site or something hidden."""
        view = self.view
        places = [(a.start, a.end) for a in view.anchors if a.off_site or a.link.hidden]
        touched = np.array([*places, *view.hidden, *view.hidden_blocks], np.int64).reshape(-1, 2)
        starts, ends = self.spans.T[:, :, None]
        found: npt.NDArray[np.bool_] = ((starts < touched[:, 1]) & (ends > touched[:, 0])).any(1)
        return found

    def complete(self, rows: FloatArray, wanted: Sequence[int]) -> None:
        """Fill in the other signals of some candidates."""
        text = self.view.text
        chosen = [self.found[number] for number in wanted]
        odds = self.promotion.logits([c.plain or text[c.start : c.end] for c in chosen])
        for number, candidate, alone in zip(wanted, chosen, odds, strict=True):
            for name, value in self._signals(candidate, alone).items():
                rows[number, COLUMN[name]] = value

    def _contrasts(self) -> FloatArray:
        """Contrast of each candidate to the page, and its lead over the candidates elsewhere."""
        starts, ends = self.spans.T
        sounds, strange = self.view.contrast(starts, ends)
        own = np.array([sounds, strange, (sounds + strange) * 0.7071]).clip(-8, 8)
        others = np.empty_like(own)
        for first in range(0, len(starts), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            apart = (starts[some, None] >= ends) | (ends[some, None] <= starts)
            np.where(apart, own[:, None, :], np.float32(0)).max(2, out=others[:, some])
        return np.concatenate([own, own - others]).T

    @cached_property
    def _script_runs(self) -> dict[int, set[str]]:
        """Different runs of each script but the page's own, for the scripts of candidates."""
        runs: dict[int, set[str]] = {}
        for candidate in self.found:
            if candidate.kind == "script":
                code = int(self.view.codes[candidate.start : candidate.end].max())
                runs.setdefault(code, set()).add(self.view.text[candidate.start : candidate.end])
        return runs

    @cached_property
    def _hot(self) -> list[tuple[int, int, float, str]]:
        """Candidates that sound promotional, by strength: what the page says of the matter."""
        text = self.view.text
        hot = [
            (c.start, c.end, value, text[c.start : c.end].casefold())
            for c, value in zip(self.found, self.values, strict=True)
            if value > 0
        ]
        return sorted(hot, key=lambda item: -item[2])

    def _signals(self, c: Candidate, alone: float) -> dict[str, float]:
        """Signals of a candidate; `alone` is how promotional it sounds by itself, in log-odds."""
        view, start, end = self.view, c.start, c.end
        text = view.text
        span = text[start:end]
        size = end - start
        found: dict[str, float] = {}
        self._sound(c, span, alone, found)
        letters = view.codes[start:end]
        own = letters[letters != 0]
        words = span.split()
        found["words"] = log1p(len(words))
        found["digits"] = np.count_nonzero(view.folded[start:end] == 48) / size
        found["capitalised"] = sum(word[0].isupper() for word in words) / max(1, len(words))
        found["address"] = bool(_URL.search(span))
        found["ends_sentence"] = span[-1] in _STOPS
        found["starts_upper"] = span[0].isupper()
        found["inner_stops"] = min(3, len(_INNER_STOP.findall(span, 0, size - 1)))
        found["symbols"] = 1 - len(own) / size
        self._script(c, own, found)
        self._language(start, end, found)
        self._place(c, span, found)
        near = max(0, start - _NEAR), end + _NEAR
        if size > 200:
            copies = text.count(span, *near)
        else:
            copies = self._folded.count(span.casefold(), *near)
        found["repeats"] = log(min(10, max(1, copies)))
        if c.trick:
            found[f"trick_{TRICKS.index(c.trick)}"] = 1.0
        if view.html:
            self._markup(c, found)
        return found

    @cached_property
    def _dense(self) -> FloatArray:
        """Whether stretches of 24 characters, one at every fourth, sound promotional."""
        sums = self.view.promotion
        value = (sums[_DENSE::_STEP] - sums[:-_DENSE:_STEP]) * np.float32((4 * _DENSE) ** -0.5)
        return (value + np.float32(self.promotion.bias) > 0).astype(np.float32)

    @cached_property
    def _dense_sum(self) -> float:
        return float(self._dense.sum())

    @cached_property
    def _folded(self) -> str:
        return self.view.text.casefold()

    def _sound(self, c: Candidate, span: str, alone: float, found: dict[str, float]) -> None:
        view, start, end = self.view, c.start, c.end
        found["promotion"] = _clip(alone)
        if c.plain:
            found["plainer"] = _clip(alone - self.promotion.logit(span))
        sums = view.promotion
        inside = sums[end] - sums[start]
        low, high = max(0, start - _AROUND), min(len(view.text), end + _AROUND)
        found["promotion_around"] = float(sums[high] - sums[low] - inside) / max(
            1, high - low - (end - start)
        )
        dense = self._dense
        own = dense[max(0, start - _DENSE) // _STEP + 1 : end // _STEP + 1]
        share = (self._dense_sum - float(own.sum())) / max(1, len(dense) - len(own))
        found["promotional_share"] = share
        folded = span.casefold()
        others: list[tuple[int, int]] = []
        strongest = -3.0
        for other_start, other_end, other, text in self._hot[:40]:
            if (other_end > start and other_start < end) or text == folded:
                continue
            for low, high in others:
                if low < other_end and high > other_start:
                    break
            else:
                others.append((other_start, other_end))
                strongest = max(strongest, other)
        found["promotion_elsewhere"] = _clip(strongest)
        found["promotional_others"] = log1p(len(others) * 1000 / (len(view.text) + 500))
        around = view.text.rfind("\n", 0, start) + 1
        stop = view.text.find("\n", end)
        around = max(around, start - 300)
        stop = min(len(view.text) if stop < 0 else stop, end + 300)
        rest = (stop - around) - (end - start)
        outside = sums[stop] - sums[around] - inside
        # The rest of the sentence and its neighbours, as one stretch.
        value = float(outside) / (4 * max(1, rest)) ** 0.5 + self.promotion.bias
        found["promotion_sentence"] = _clip(value) if rest > 8 else -6.0

    def _script(self, c: Candidate, own: np.ndarray, found: dict[str, float]) -> None:
        view = self.view
        if not len(own):
            return
        counts = np.bincount(own)
        code = int(counts.argmax())
        foreign = code != view.home
        found["foreign"] = foreign
        found["latin"] = code == CODE["Latin"]
        found["unspaced"] = bool(UNSPACED[code])
        found["unspaced_home"] = bool(UNSPACED[view.home])
        found["home_share"] = float(view.counts[view.home]) / self.total
        if foreign:
            rest = int(view.counts[code]) - int(counts[code])
            found["script_runs"] = log1p(len(self._script_runs.get(code, ())))
            found["script_share"] = int(view.counts[code]) / self.total
            found["foreign_rest"] = log1p(rest)

    def _language(self, start: int, end: int, found: dict[str, float]) -> None:
        view = self.view
        size = end - start
        # Trigrams that begin one character before the span are its own, too.
        index = self.index[start : end + 1]
        if len(index):
            fits = self.languages.fits(index)
            gain = float(fits.max() - fits[view.group])
            found["language_gain"] = min(gain, 60.0) / 10
            found["language_gain_per_char"] = gain / len(index)
        fit = view.fit
        inside = float(fit[end] - fit[start])
        low, high = max(0, start - _AROUND), min(len(view.text), end + _AROUND)
        found["fit_around"] = float(fit[high] - fit[low] - inside) / max(1, high - low - size)

    def _place(self, c: Candidate, span: str, found: dict[str, float]) -> None:
        text, start, end = self.view.text, c.start, c.end
        line = text.rfind("\n", 0, start) + 1
        stop = text.find("\n", end)
        stop = len(text) if stop < 0 else stop
        left = text[max(line, start - 100) : start]
        right = text[end : min(stop, end + 100)]
        bare_left, bare_right = left.rstrip(), right.lstrip()
        near = left[-48:]
        words = list(WORD.finditer(near))
        before_word = ""
        if words and not near[words[-1].end() :].strip(" ,;،、，"):
            before_word = words[-1][0]
        first = WORD.match(bare_right.lstrip(",;،、， "))
        after_word = first[0] if first else ""
        before = _before(bare_left, len(left) - len(bare_left), before_word)
        after = _after(bare_right, len(right) - len(bare_right))
        found[f"before_{before}"] = 1.0
        found[f"after_{after}"] = 1.0
        found["spaces"] = (len(left) > len(bare_left)) + (len(right) > len(bare_right))
        found["in_brackets"] = _open_bracket(left)
        found["in_quotes"] = _in_quotes(left, right)
        found["left_chars"] = log1p(start - line)
        found["right_chars"] = log1p(stop - end)
        found["short_left"] = 0 < len(before_word) <= 3
        found["short_right"] = 0 < len(after_word) <= 3
        found["list_left"] = sum(left.count(sign) for sign in ",|/;•·、，،") / 8
        if self.view.codes[max(0, start - 1) : start].any() and not before_word:
            before_word = left[-2:]
        above = text.rfind("\n", 0, max(0, line - 2)) + 1
        below = text.find("\n", stop + 2)
        found["line_before"] = log1p(max(0, line - above - 1))
        found["line_after"] = log1p(max(0, (len(text) if below < 0 else below) - stop - 1))
        found["words_per_line"] = self._words_per_line
        own = WORD.findall(span) if len(span) < 200 else [span[:24], span[-24:]]
        across = self.joins.logit(before_word, after_word)
        joined_left = self.joins.logit(before_word, own[0]) if own else 0.0
        joined_right = self.joins.logit(own[-1], after_word) if own else 0.0
        found["join_across"] = _clip(across)
        found["join_left"] = _clip(joined_left)
        found["join_right"] = _clip(joined_right)
        found["join_gain"] = _clip(across - (joined_left + joined_right) / 2)

    @cached_property
    def _words_per_line(self) -> float:
        text = self.view.text
        lines = text.count("\n") + 1
        return log1p((text.count(" ") + lines) / (1 + lines))

    @cached_property
    def _anchors(self) -> npt.NDArray[np.int64]:
        """Start and end of each link, shape (2, links)."""
        spans = [(anchor.start, anchor.end) for anchor in self.view.anchors]
        return np.array(spans, np.int64).reshape(-1, 2).T

    @cached_property
    def _link_share(self) -> float:
        starts, ends = self._anchors
        return float((ends - starts).sum()) / max(1, len(self.view.text))

    def _markup(self, c: Candidate, found: dict[str, float]) -> None:
        view, start, end = self.view, c.start, c.end
        linked = off = no_follow = hidden = 0.0
        address = -6.0
        starts, ends = self._anchors
        for number in np.flatnonzero((starts < end) & (ends > start)):
            anchor = view.anchors[number]
            shared = min(end, anchor.end) - max(start, anchor.start)
            # An anchor that the span fills counts whole; one that holds more, for its share.
            share = shared / max(end - start, anchor.end - anchor.start)
            linked = max(linked, share)
            if anchor.off_site:
                off = max(off, share)
                address = max(address, self.promotion.logit(anchor.link.href[:120]))
            rel = anchor.link.rel.lower()
            no_follow = max(
                no_follow, float(any(k in rel for k in ("nofollow", "sponsored", "ugc")))
            )
            hidden = max(hidden, share if anchor.link.hidden else 0.0)
        found["linked"], found["off_site"], found["nofollow"] = linked, off, no_follow
        found["address_promotion"] = _clip(address)
        for low, high in view.hidden:
            shared = min(end, high) - max(start, low)
            hidden = max(hidden, shared / max(1, end - start, min(high - low, 400)))
        found["hidden"] = hidden
        found["hidden_block"] = any(
            low <= start and end <= high for low, high in view.hidden_blocks
        )
        found["links"] = log1p(len(view.anchors))
        found["link_share"] = self._link_share


def _clip(value: float) -> float:
    return max(-_CLIP, min(_CLIP, value))


def _neighbour(char: str, spaces: int, is_name: bool) -> str:
    if not char:
        return "edge"
    if char in _STOPS:
        return "stop"
    if char in _COMMAS:
        return "comma"
    if char.isdigit():
        return "digit"
    if not char.isalpha():
        return "sign"
    if not spaces:
        return "glued"
    return "name" if is_name else "word"


def _before(left: str, spaces: int, word: str) -> str:
    if left[-1:] in _OPENERS:
        return "opener"
    return _neighbour(left[-1:], spaces, word[:1].isupper())


def _after(right: str, spaces: int) -> str:
    if right[:1] in _CLOSERS:
        return "closer"
    return _neighbour(right[:1], spaces, right[:1].isupper())


def _open_bracket(left: str) -> bool:
    for close, opened in _CLOSES.items():
        at = left.rfind(opened)
        if at >= 0 and left.find(close, at) < 0:
            return True
    return False


def _in_quotes(left: str, right: str) -> bool:
    for opened, close in (("“", "”"), ("«", "»"), ("„", "“"), ("‘", "’"), ("‹", "›")):
        at = left.rfind(opened)
        if at >= 0 and left.find(close, at + 1) < 0 and close in right:
            return True
    return left.count('"') % 2 == 1 and '"' in right
