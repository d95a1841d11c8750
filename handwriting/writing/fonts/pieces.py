"""Pieces: letters that a hand has often written next to each other, and that a font shows together."""

from __future__ import annotations

from collections import defaultdict

from handwriting.writing.bank import Bank

LENGTHS = (2, 3)
"""Letters of a piece."""
MIN_COUNT = 8
"""How often a piece stands on the pages."""
MAX_PIECES = 16
"""Pieces of a font."""
MAX_BADNESS = 0.5
"""Badness of the worst letter of a piece that may be shown."""


def frequent_pieces(bank: Bank) -> dict[str, list[tuple[int, ...]]]:
    """Return the pieces of a joined hand that it has written often and well, with the numbers of their drawings.

    Args:
        bank: The hand's drawings.
    """
    if not bank.join_rates.is_joined:
        return {}
    found: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for number, drawing in enumerate(bank.drawings):
        run = [number]
        for following in range(number + 1, number + max(LENGTHS)):
            if following == len(bank.drawings) or bank.drawings[run[-1]].exit is None:
                break
            one = bank.drawings[following]
            if (one.word, one.letter) != (drawing.word, drawing.letter + len(run)):
                break
            run.append(following)
            text = "".join(bank.drawings[member].label for member in run)
            if text.isalpha() and text.islower() and max(bank.badness[run]) <= MAX_BADNESS:
                found[text].append(tuple(run))
    often = [text for text in found if len(found[text]) >= MIN_COUNT]
    # A longer piece shows more of the hand, but it is rarer.
    often.sort(key=lambda text: (-len(found[text]) * len(text), text))
    return {text: found[text] for text in often[:MAX_PIECES]}
