"""What the spam step reads of a page: the article's text, its hashed n-grams and sums of scores.

Everything here is computed once for a page, in numpy; signals of a candidate are differences
of the running sums.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from cleaner.cached import cached_property
from cleaner.scripts import CODE, SCRIPTS, CodeArray, codepoints, script_codes
from cleaner.signs import FIRM_STOPS
from cleaner.spam.grams import FloatArray, HashArray, fold, hashes, mark_table
from cleaner.spam.languages import Languages, buckets
from cleaner.spam.score import Promotion
from cleaner.types import Link, Page, Segment

_FAMILY: Final = {"Kana": "Han", "Bopomofo": "Han"}
"""Scripts written together in one language count as one."""
FAMILY: Final = np.array(
    [CODE[_FAMILY.get(name, name)] if name else 0 for name in SCRIPTS], np.uint8
)
STYLED: Final = CODE["Styled"]
_SEEN_BITS: Final = 15
_SPREAD: Final = 12
"""Characters over which the scores of a page are seen to vary: single ones hang together."""
_HOST: Final = re.compile(r"\s*(?:[a-z]{1,5}:)?//([^/]+)", re.I)
_PUBLIC: Final = re.compile(r".+\.(?:ac|co|com|edu|go|gob|gov|gv|ne|net|or|org)\.[a-z]{2}")
"""Hosts under a second level that is no site, such as `co.uk`. The public suffix list, which knows
them all, takes longer to load than a page to clean."""
_HEAD: Final = 200_000
"""Characters of a page in which it says what its address is."""
_ADDRESSED: Final = re.compile(r"<(?:link|meta|base)\b[^<>]*>", re.I)
_CANONICAL: Final = re.compile(
    r"<base\b|\brel\s*=\s*[\"']?canonical\b|\bproperty\s*=\s*[\"']?og:url\b", re.I
)
_ADDRESS: Final = re.compile(r"\b(?:href|content)\s*=\s*[\"']?([^\"'\s>]+)", re.I)
_STOPS: Final = np.zeros(0x10000, bool)
_STOPS[[ord(sign) for sign in f"\n;:|!?{FIRM_STOPS}"]] = True
_STOPS.flags.writeable = False
UNSPACED: Final = np.zeros(len(SCRIPTS), bool)
"""By script: whether words are written without spaces between them, or with few."""
UNSPACED[
    [CODE[name] for name in ("Han", "Thai", "Lao", "Khmer", "Myanmar", "Hangul", "Tibetan")]
] = True
UNSPACED.flags.writeable = False


class Anchor(NamedTuple):
    """A link inside the article, in offsets of the view's text."""

    start: int
    end: int
    link: Link
    off_site: bool


@dataclass(frozen=True)
class View:
    """The text of a page's article segments, joined by line ends, and what is known of it."""

    text: str
    codes: CodeArray
    """Script family of each character."""
    counts: npt.NDArray[np.int64]
    """Letters of each family."""
    home: int
    """The family most letters belong to."""
    folded: HashArray
    """Folded code point of each character."""
    grams: Mapping[int, HashArray]
    """Hashed n-grams of the text with a space before and after it."""
    promotion: FloatArray
    """Running sum of promotional weights, shape (len(text) + 1,)."""
    group: int
    """The language of the text, as a column of the language table."""
    fit: FloatArray
    """Running sum of the fit to that language, shape (len(text) + 1,)."""
    html: bool = False
    anchors: tuple[Anchor, ...] = ()
    hidden: tuple[tuple[int, int], ...] = ()
    """Ranges that the markup hides inside a block."""
    hidden_blocks: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, text: str, promotion: Promotion, languages: Languages) -> View:
        """Read a text that has no markup."""
        codes = FAMILY.take(script_codes(text))
        counts = np.bincount(codes, minlength=len(SCRIPTS))
        counts[0] = 0
        folded = fold(f" {text} ")
        grams = hashes(folded)
        index = buckets(grams)
        group = languages.of_page(index)
        return cls(
            text,
            codes,
            counts,
            int(counts.argmax()),
            folded[1:-1],
            grams,
            promotion.sums(grams, len(text)),
            group,
            languages.sums(index, group, len(text)),
        )

    def contrast(
        self, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
    ) -> tuple[FloatArray, FloatArray]:
        """How much more promotional stretches sound than the page, and how much less they fit
        its language: differences of sums, in standard deviations of one character.
        """
        length = np.maximum(ends - starts, 1).astype(np.float32)
        root = np.sqrt(length)
        (sound, sounds), (fit, fits) = self._level
        more = (self.promotion[ends] - self.promotion[starts] - sound * length) / (sounds * root)
        less = (fit * length - self.fit[ends] + self.fit[starts]) / (fits * root)
        return more, less

    @cached_property
    def _level(self) -> list[tuple[np.float32, np.float32]]:
        """Of promotion and of fit: mean and standard deviation of one character of the page."""
        size = len(self.text)
        width = min(_SPREAD, max(1, size // 3))
        level = []
        for sums in (self.promotion, self.fit):
            deviation = (sums[width::4] - sums[:-width:4]).std() / np.float32(width**0.5)
            level.append((sums[-1] / np.float32(size), deviation + np.float32(1e-3)))
        return level

    @cached_property
    def one_script(self) -> bool:
        """Whether no letter is of another family than the text's own."""
        return bool(self.counts.sum() == self.counts[self.home])

    @cached_property
    def _joining(self) -> npt.NDArray[np.bool_]:
        """Whether each character is a letter, digit or mark."""
        return self.folded != 32

    @cached_property
    def points(self) -> HashArray:
        """Code point of each character."""
        return codepoints(self.text)

    @cached_property
    def begins(self) -> npt.NDArray[np.bool_]:
        """Whether a phrase may begin at each character."""
        begins = self._joining.copy()
        begins[1:] &= ~self._joining[:-1] | self._cuts
        return begins

    @cached_property
    def ends(self) -> npt.NDArray[np.bool_]:
        """Whether a phrase may end after each character."""
        ends = self._joining.copy()
        ends[:-1] &= ~self._joining[1:] | self._cuts
        return ends

    @cached_property
    def _cuts(self) -> npt.NDArray[np.bool_]:
        """Whether a phrase may begin or end between two characters, shape (len(text) - 1,).

        Scripts without spaces between words are cut anywhere, but only where the page is written
        in them: a run of them elsewhere is one phrase. A mark stays with its letter.
        """
        unspaced = UNSPACED.take(self.codes)
        own = unspaced & (self.codes == self.home)
        other = (unspaced[1:] | unspaced[:-1]) & (self.codes[1:] != self.codes[:-1])
        cuts = own[1:] | other & (self.codes[1:] != 0) & (self.codes[:-1] != 0)
        return cuts & ~mark_table().take(self.points[1:], mode="clip")

    @cached_property
    def stops(self) -> npt.NDArray[np.int32]:
        """Running count of the signs that no phrase goes beyond, shape (len(text) + 1,)."""
        stops = _STOPS.take(self.points, mode="clip")
        dots = self.points == ord(".")
        dots[:-1] &= (self.points[1:] == ord(" ")) | stops[1:]
        return running_count(stops | dots)

    def novelty(
        self, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """How new to the text each span is: the share of its 4-grams that occur no more often
        than the rarest of them, and how often that one does.

        What the text says just once has a rarest one of 1. So much spam is put in several times
        over: all of its 4-grams are then as rare as its rarest, while the words of a phrase
        of the author's stand elsewhere, too, by themselves.
        """
        if not len(self._seen) or not len(starts):
            return np.zeros(len(starts)), np.ones(len(starts), np.int64)
        first = np.minimum(starts, len(self._seen) - 1)
        sizes = np.clip(ends - 2, first + 1, len(self._seen)) - first
        begins = np.cumsum(sizes) - sizes
        seen = self._seen.take(np.arange(int(sizes.sum())) + np.repeat(first - begins, sizes))
        rarest = np.minimum.reduceat(seen, begins)
        rare = np.add.reduceat(seen <= np.repeat(rarest, sizes), begins, dtype=np.int64)
        return rare / sizes, rarest

    @cached_property
    def _seen(self) -> npt.NDArray[np.int64]:
        """How often the 4-gram at each place occurs, by hashes of few bits."""
        index = self.grams.get(4, np.zeros(0, np.uint32)) >> np.uint32(32 - _SEEN_BITS)
        return np.bincount(index).take(index)


def running_count(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """How many of the flags before each place are set, shape (len(flags) + 1,)."""
    count = np.zeros(len(flags) + 1, np.int32)
    np.cumsum(flags, out=count[1:])
    return count


class Articles:
    """Maps offsets of the joined article text to the page's source, and back."""

    def __init__(self, page: Page, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.source = page.source
        self.text = "\n".join([segment.text for segment in segments])
        self.starts = [0]
        for segment in segments:
            self.starts.append(self.starts[-1] + segment.end - segment.start + 1)
        self._sources = [segment.start for segment in segments]

    def parts(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """A range of the text as ranges of the source, one in each segment that it meets."""
        at = bisect_right(self.starts, start) - 1
        for number in range(at, len(self.segments)):
            segment, first = self.segments[number], self.starts[number]
            if first >= end:
                break
            shift = segment.start - first
            low, high = max(start + shift, segment.start), min(end + shift, segment.end)
            if low < high:
                yield low, high

    def inside(self, start: int, end: int) -> tuple[int, int] | None:
        """A range of the source as one of the text, if it lies in one segment."""
        at = bisect_right(self._sources, start) - 1
        if at < 0 or end > self.segments[at].end:
            return None
        shift = self.starts[at] - self.segments[at].start
        return start + shift, end + shift

    def links(self, links: Sequence[Link]) -> Iterator[tuple[tuple[int, int], Link]]:
        """The links that lie in a segment, with their ranges in the text.

        Both are in order, so that one pass will do: `inside` seeks each of hundreds of links.
        """
        rest = iter(links)
        link = next(rest, None)
        for segment, at in zip(self.segments, self.starts, strict=False):
            first, last, shift = segment.start, segment.end, at - segment.start
            while link is not None and link.start < last:
                if link.start >= first and link.end <= last:
                    yield (link.start + shift, link.end + shift), link
                link = next(rest, None)


def markup_of(
    page: Page, articles: Articles, url: str | None
) -> tuple[tuple[Anchor, ...], tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """Links, hidden ranges and hidden blocks inside the article."""
    anchors: list[Anchor] = []
    own: str | None = None
    for place, link in articles.links(page.links):
        site = _site(link.href)
        if site and own is None:
            own = _own_site(page, url)
        anchors.append(Anchor(*place, link, bool(site) and site != own))
    hidden = [span for low, high in page.hidden if (span := articles.inside(low, high))]
    blocks: list[tuple[int, int]] = []
    hides = page.elements.hidden
    if any(hides):
        for block in page.blocks:
            if block.element >= 0 and hides[block.element]:
                found = articles.inside(block.start, block.end)
                if found:
                    blocks.append(found)
    return tuple(anchors), tuple(hidden), tuple(blocks)


def _own_site(page: Page, url: str | None) -> str:
    """Site of the page: of its address, else the one most links with a host lead to."""
    address = url or _declared_address(page.html)
    if address and (own := _site(address)):
        return own
    sites = Counter(site for link in page.links if (site := _site(link.href)))
    return min(sites, key=lambda site: (-sites[site], site)) if len(sites) > 1 else ""


def _declared_address(html: str) -> str:
    """What a page says its own address is; empty if it does not."""
    for tag in _ADDRESSED.finditer(html, 0, _HEAD):
        if _CANONICAL.search(tag[0]) and (address := _ADDRESS.search(tag[0])):
            return address[1]
    return ""


def _site(address: str) -> str:
    """Last labels of the host, those that somebody registered; empty for one within the site."""
    found = _HOST.match(address)
    return _site_of(found[1]) if found else ""


@lru_cache(maxsize=4096)  # the links of a page lead to few hosts
def _site_of(authority: str) -> str:
    host = authority.partition("?")[0].rpartition("@")[2].partition(":")[0]
    labels = host.lower().split(".")
    if labels[-1].isdigit():  # an address in numbers
        return host
    return ".".join(
        labels[-3:] if len(labels) > 2 and _PUBLIC.fullmatch(host.lower()) else labels[-2:]
    )
