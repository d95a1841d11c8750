"""What a reader counts as one character: a letter with its accents, an emoji with its parts, a flag."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

JOINER = "\u200d"
"""Zero-width joiner: what stands before and after it is one emoji."""
VARIATION_SELECTORS = "\ufe0e\ufe0f"
"""Ask for the plain or the coloured form of the character before."""
TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))
"""Invisible characters after a flag: the region that it is of."""
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_FIRST_EMOJI = 0x2000
"""No pictograph has a smaller code point but for digits, which no joiner follows."""


def graphemes(text: str) -> Iterator[str]:
    r"""Yield the characters of a text as a reader counts them.

    These are the extended grapheme clusters of Unicode Standard Annex 29 for all text in NFC whose letters stand side
    by side; the conjuncts of Indic scripts come apart.

    >>> [len(cluster) for cluster in graphemes("ae\u0301\N{FAMILY}\N{EMOJI MODIFIER FITZPATRICK TYPE-3}b")]
    [1, 2, 2, 1]
    """
    cluster = ""
    for character in text:
        if cluster and _extends(cluster, character):
            cluster += character
        else:
            if cluster:
                yield cluster
            cluster = character
    if cluster:
        yield cluster


def _extends(cluster: str, character: str) -> bool:
    """Return whether a character belongs to the cluster before it."""
    if cluster[0].isspace():
        return False
    point = ord(character)
    if unicodedata.category(character)[0] == "M" or point in _SKIN_TONES or character in TAGS:
        return True
    if character == JOINER:
        return ord(cluster[0]) >= _FIRST_EMOJI
    if cluster[-1] == JOINER:
        return point >= _FIRST_EMOJI
    return point in _FLAG_LETTERS and len(cluster) == 1 and ord(cluster) in _FLAG_LETTERS
