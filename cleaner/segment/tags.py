"""Names of HTML elements, by what they do to the text in them."""

from __future__ import annotations

INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark math nobr q"
    " rb rp rt ruby s samp small span strike strong sub sup time tt u var blink"
    " button input map object output img picture slot source wbr"
    # MathML, of which every letter is an element
    " math maction menclose merror mfenced mfrac mi mlabeledtr mmultiscripts mn mo mover mpadded"
    " mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr"
    " munder munderover none semantics".split()
)
"""Elements that do not break the line (HTML Standard, phrasing content)."""
BREAKING = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset"
    " figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend"
    " li listing main menu nav noscript ol optgroup option p plaintext pre search section select"
    " summary table tbody td tfoot th thead tr ul xmp".split()
)
"""Elements that break the line."""
SKIPPED = frozenset(
    "annotation annotation-xml audio canvas colgroup datalist embed head iframe meter noembed"
    " noframes progress script style svg template textarea title video"
    " rp rt rtc".split()  # readings beside the characters, which would be said twice in a row
)
"""Elements in which nothing is text that a reader sees."""
CELLS = frozenset(("td", "th"))


def is_inline(tag: str) -> bool:
    """Whether an element does not break the line; `<st1:place>` of office programs is one."""
    return tag in INLINE or ":" in tag
