"""What readers write: stock remarks, comments that speak of the article, misspellings."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence

from cleaner.compose.voice import UNSPACED, table_of
from cleaner.scripts import SPACELESS

_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_LOOK_BACK = 8
"""Characters before a word by which it is told whether it begins a sentence."""
# Runs that are mostly one word each in scripts without spaces: ideographs, katakana.
_SPACELESS_WORD = re.compile("[\u3400-\u9fff]{2,4}|[\u30a1-\u30ff]{2,10}")


def terms_of(article: Sequence[str]) -> list[str]:
    """Names and long words of an article, the frequent ones first; at most 40."""
    counts: Counter[str] = Counter()
    for paragraph in article:
        if SPACELESS.search(paragraph):
            counts.update(_SPACELESS_WORD.findall(paragraph))
            counts.update(part for part in paragraph.split() if 2 < len(part) < 14)
            continue
        for match in _WORD.finditer(paragraph):
            word = match[0]
            before = paragraph[max(0, match.start() - _LOOK_BACK) : match.start()]
            inside = before.rstrip()[-1:] not in ("", ".", "!", "?", "“", '"')
            if len(word) >= 7 or (len(word) > 2 and word[0].isupper() and inside):
                counts[word] += 2 if word[0].isupper() else 1
    return [term for term, _ in counts.most_common(40)]


def quote(rng: random.Random, text: str) -> str:
    """A short run of words, or of characters in scripts without spaces."""
    words = text.split()
    if len(words) < 4 or SPACELESS.search(text):
        start = rng.randint(0, max(0, len(text) - 30))
        return " ".join(text[start : start + rng.randint(10, 30)].split()) or text
    start = rng.randint(0, max(0, len(words) - 12))
    return " ".join(words[start : start + rng.randint(4, 14)])


def stock_comment(rng: random.Random, terms: Sequence[str], language: str) -> str:
    """One to three remarks of the language's table, with words of the article."""
    remarks = table_of(language)["remarks"]
    terms = terms or ["…"]
    chosen = rng.sample(remarks, rng.randint(1, 3))
    space = "" if language in UNSPACED else " "
    text = space.join(remark.replace("{x}", rng.choice(terms)) for remark in chosen)
    return misspell(rng, text) if rng.random() < 0.3 else text


def blend(
    rng: random.Random, article: Sequence[str], terms: Sequence[str], donor: str, language: str
) -> str:
    """A donor's comment with some of an article's `terms`, and at times a quotation of it.

    Without it topic distance alone would tell the comments of another site apart.
    """
    if not terms:
        return donor
    pattern = _SPACELESS_WORD if SPACELESS.search(donor) else _WORD
    share = rng.uniform(0.1, 0.4)
    begin = len(donor) - len(donor.lstrip())

    def swap(match: re.Match[str]) -> str:
        word = match[0]
        at_start = match.start() <= begin
        name = word[0].isupper() and not at_start
        wanted = pattern is _SPACELESS_WORD or len(word) >= 7 or (name and len(word) > 1)
        if not wanted or rng.random() > share:
            return word
        fitting = [term for term in terms if term[0].isupper() == word[0].isupper()]
        return rng.choice(fitting or terms)

    text = pattern.sub(swap, donor)
    if text == donor or rng.random() < 0.3:
        remarks = [remark for remark in table_of(language)["remarks"] if "{x}" in remark]
        remark = rng.choice(remarks).replace("{x}", rng.choice(terms))
        text = f"{remark} {text}" if rng.random() < 0.5 else f"{text} {remark}"
    if article and rng.random() < 0.2:
        opening, closing = rng.choice([("“", "”"), ('"', '"'), ("«", "»"), ("'", "'")])
        quoted = opening + quote(rng, rng.choice(article)) + closing
        text = rng.choice([f"{quoted} {text}", f"{quoted}\n{text}", f"{text} {quoted}"])
    return text


def misspell(rng: random.Random, text: str) -> str:
    """`text` as a hurried reader types it: slips, lost capitals, doubled marks, emoticons."""
    style = rng.random()
    if style < 0.25:
        text = text.lower()
    elif style < 0.29:
        text = text.upper()
    if rng.random() < 0.3:
        text = re.sub(r"['’]", "", text)
    if rng.random() < 0.25:
        text = re.sub(r"([.,!?]) ", r"\1", text, count=3)
    if rng.random() < 0.3:
        text = re.sub(r"[.!。！]$", lambda match: match[0] * rng.randint(2, 4), text)
    words = text.split(" ")
    for position, word in enumerate(words):
        # Only alphabets: a letter moved inside Thai or Devanagari breaks its syllable.
        if len(word) < 4 or rng.random() > 0.06 or not re.fullmatch("[A-Za-zÀ-ɏЀ-ӿͰ-Ͽ]+", word):
            continue
        place = rng.randrange(1, len(word) - 1)
        before, pair, after = word[:place], word[place : place + 2], word[place + 2 :]
        words[position] = before + rng.choice([pair[::-1], pair[0], pair[0] + pair]) + after
    text = " ".join(words)
    if rng.random() < 0.2:
        text += " " + rng.choice(table_of("*")["emoticons"])
    return text
