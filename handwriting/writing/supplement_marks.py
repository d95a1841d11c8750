"""Accents: marks of a hand or drawn by its pen, and where they stand on a letter."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from handwriting.writing.bank import Bank
from handwriting.writing.source import INKED, SourceWord, apply
from handwriting.writing.supplement_drawn import VARIANTS, quantile, seeded
from handwriting.writing.supplement_pen import HandPen, inked, smooth_noise

ABOVE, BELOW, ATTACHED, THROUGH = "above", "below", "attached", "through"
GAP, LOW_GAP = 0.3, 0.2
"""Space between a letter and its mark: above letters without and with an ascender, in x-heights of the hand."""
LOWEST_DOT = 0.05
"""How far above the middle of its letter a dot's lower edge is at least, as a share of the letter's height."""
MIN_MARK_PIXELS, MAX_MARK_SHARE = 3, 0.4
"""The least and the greatest size of a dot that belongs to a letter: inked pixels, and a share of the letter's."""
TOP = 0.5
"""Height of the part of a letter over whose middle its mark stands, in x-heights."""
DOTLESS = {"\u0131": "i", "\u0237": "j"}
"""Letters that are written as another one without its dot."""
STRUCK = {"ø": ("o", "\u0338"), "Ø": ("O", "\u0338"), "đ": ("d", "\u0335"), "ħ": ("h", "\u0335"), "ł": ("l", "\u0337")}
"""Letters that are written as another one and a stroke through it, which Unicode does not decompose."""

_Line = tuple[tuple[float, float], ...]


def _arc(start: float, end: float, x: float, y: float, radius_x: float, radius_y: float) -> _Line:
    angle = np.deg2rad(np.linspace(start, end, 25))
    return tuple(zip((x + radius_x * np.cos(angle)).tolist(), (y + radius_y * np.sin(angle)).tolist(), strict=True))


_DOT: _Line = ((0.0, 0.0), (0.02, 0.02))
_TILDE: _Line = tuple((x, 0.09 + 0.08 * float(np.sin(2 * np.pi * (x + 0.3) / 0.6))) for x in np.linspace(-0.3, 0.3, 25))
_CEDILLA: _Line = ((0.03, 0.0), (0.0, -0.14), *_arc(80, -130, 0.0, -0.28, 0.15, 0.14))
_LINES: dict[str, tuple[str, tuple[_Line, ...]]] = {
    "\u0300": (ABOVE, (((-0.17, 0.34), (0.1, 0.0)),)),  # grave
    "\u0301": (ABOVE, (((0.17, 0.36), (-0.08, 0.0)),)),  # acute
    "\u0302": (ABOVE, (((-0.24, 0.0), (0.0, 0.28), (0.24, 0.0)),)),  # circumflex
    "\u0303": (ABOVE, (_TILDE,)),
    "\u0304": (ABOVE, (((-0.26, 0.0), (0.26, 0.02)),)),  # macron
    "\u0306": (ABOVE, (_arc(190, 350, 0.0, 0.22, 0.25, 0.22),)),  # breve
    "\u0307": (ABOVE, (_DOT,)),  # dot above
    "\u0308": (ABOVE, (tuple((x - 0.19, y) for x, y in _DOT), tuple((x + 0.19, y) for x, y in _DOT))),  # diaeresis
    "\u0309": (ABOVE, ((*_arc(150, -60, 0.0, 0.28, 0.12, 0.1), (0.0, 0.0)),)),  # hook above
    "\u030a": (ABOVE, (_arc(100, 450, 0.0, 0.18, 0.16, 0.18),)),  # ring
    "\u030b": (ABOVE, (((0.02, 0.34), (-0.16, 0.0)), ((0.3, 0.34), (0.1, 0.0)))),  # double acute
    "\u030c": (ABOVE, (((-0.24, 0.28), (0.0, 0.0), (0.24, 0.28)),)),  # caron
    "\u0323": (BELOW, (_DOT,)),  # dot below
    "\u0326": (BELOW, (((0.04, 0.0), (0.05, -0.08), (-0.06, -0.28)),)),  # comma below
    "\u0327": (ATTACHED, (_CEDILLA,)),
    "\u0328": (ATTACHED, (_arc(110, 320, 0.06, -0.2, 0.14, 0.2),)),  # ogonek
    "\u0331": (BELOW, (((-0.26, 0.0), (0.26, 0.0)),)),  # macron below
    "\u0335": (THROUGH, (((-0.28, 0.0), (0.28, 0.04)),)),  # short bar
    "\u0337": (THROUGH, (((-0.24, -0.14), (0.24, 0.14)),)),  # short slash
    "\u0338": (THROUGH, (((-0.33, -0.55), (0.33, 0.55)),)),  # long slash
}
MARKS = frozenset(_LINES)
"""The combining marks that can be drawn."""


def marks_of_hand(bank: Bank) -> dict[str, list[SourceWord]]:
    """Return the marks that a hand has drawn above its letters, such as the dots of its i, each a word of one letter.

    A mark's frame has its origin in the middle of its lower edge.
    """
    found: dict[str, list[SourceWord]] = {}
    for label, numbers in bank.by_label.items():
        base, marks = unicodedata.normalize("NFD", label)[:1], unicodedata.normalize("NFD", label)[1:]
        mark = "\u0307" if label in ("i", "j") else marks
        if len(mark) != 1 or _LINES.get(mark, ("",))[0] != ABOVE or (base in "ij" and mark != "\u0307"):
            continue
        for number in numbers:
            drawing = bank.drawings[number]
            word = bank.words[drawing.word]
            above = dot_of(word, drawing.letter)
            if above.any():
                found.setdefault(mark, []).append(_cut_out(word, above, mark, bank.badness[number]))
    return found


def _cut_out(word: SourceWord, mask: NDArray[np.bool_], label: str, badness: float) -> SourceWord:
    rows, columns = np.nonzero(mask & (word.ink >= INKED))
    points = apply(word.to_frame, columns, rows)
    middle, bottom = (points[:, 0].min() + points[:, 0].max()) / 2, points[:, 1].min()
    column, row = (word.from_frame @ [middle, bottom, 1.0]).tolist()
    return replace(
        word,
        ink=np.where(mask, word.ink, 0).astype(np.uint8),
        owner=mask.astype(np.int16),
        labels=(label,),
        badness=(float(badness),),
        origin=(column, row),
    )


def dot_of(word: SourceWord, letter: int) -> NDArray[np.bool_]:
    """Return where a letter's own ink stands above it without touching it, such as the dot of an i, ``(h, w)``."""
    own = word.owner == letter + 1
    inked_here = own & (word.ink >= INKED)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(inked_here.astype(np.uint8), connectivity=8)
    if count < 3:
        return np.zeros_like(own)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    body = int(sizes.argmax()) + 1
    rows, columns = np.nonzero(pieces == body)
    rise = apply(word.to_frame, columns, rows)[:, 1]
    middle = (rise.min() + rise.max()) / 2 + LOWEST_DOT * np.ptp(rise)
    mask = np.zeros(own.shape, np.uint8)
    for piece in range(1, count):
        if piece == body or not MIN_MARK_PIXELS <= sizes[piece - 1] <= MAX_MARK_SHARE * sizes[body - 1]:
            continue
        rows, columns = np.nonzero(pieces == piece)
        if apply(word.to_frame, columns, rows)[:, 1].min() > middle:
            mask |= (pieces == piece).astype(np.uint8)
    # Its pale edge belongs to it, too.
    return own & (cv2.dilate(mask, np.ones((5, 5), np.uint8)) > 0) & ((pieces == 0) | (mask > 0))


def drawn_marks(mark: str, pen: HandPen, seed: int) -> list[SourceWord]:
    """Return drawings of one of :data:`MARKS`, each a word of one letter.

    The origin of its frame is the middle of the edge with which it faces its letter; of a mark through it, its centre.
    """
    rng = seeded(seed, mark)
    words = []
    for number, share in enumerate(rng.permutation(VARIANTS)):
        turn, size = rng.normal(0, 0.08), np.exp(rng.normal(0, 0.08)) * pen.x_height
        cosine, sine = np.cos(turn) * size, np.sin(turn) * size
        lines = np.concatenate([_dense(line) for line in _LINES[mark][1]])
        lines = lines @ np.array([[cosine, sine], [-sine, cosine]])
        lines = lines + 0.02 * np.stack([smooth_noise(lines, 0.4, rng) for _ in range(2)], 1)
        if _LINES[mark][0] == ABOVE:
            lines[:, 1] += pen.width / 2 - lines[:, 1].min()
        elif _LINES[mark][0] == BELOW:
            lines[:, 1] -= pen.width / 2 + lines[:, 1].max()
        words.append(inked(lines, pen, mark, quantile(pen, (share + 0.5) / VARIANTS), rng, number))
    return words


def _dense(line: _Line) -> NDArray[np.float64]:
    """Return points along a line of straight pieces, close to each other."""
    corners = np.asarray(line)
    length = np.concatenate([[0], np.hypot(*np.diff(corners, axis=0).T).cumsum()])
    at = np.linspace(0, length[-1], max(2, int(length[-1] / 0.01)))
    return np.stack([np.interp(at, length, corners[:, axis]) for axis in (0, 1)], 1)


def without_dots(word: SourceWord, letters: frozenset[int]) -> SourceWord:
    """Return a copy of a word in which some letters have lost what stands above them."""
    if not letters:
        return word
    dots = np.any([dot_of(word, letter) for letter in letters], axis=0)
    return replace(word, ink=np.where(dots, 0, word.ink).astype(np.uint8), owner=np.where(dots, 0, word.owner))


def mark_place(body: NDArray[np.float64], mark: str, lowest: float, pen: HandPen) -> NDArray[np.float64]:
    """Return where the origin of a mark stands on a letter.

    Args:
        body: The points of the frame of the letter's ink, ``(n, 2)``.
        mark: One of :data:`MARKS`.
        lowest: The height above which the mark is to stand, such as the upper edge of the mark below it.
        pen: The hand's pen.
    """
    along, rise = body.T
    bottom, top = float(rise.min()), float(rise.max())
    kind = _LINES[mark][0]
    if kind == THROUGH:
        is_tall = top > 1.5 * pen.x_height and mark != "\u0338"
        height = 0.8 * top if is_tall else (top + max(bottom, 0.0)) / 2
        return np.array([_middle(along[rise > height - TOP / 2]), height])
    if kind == ABOVE:
        gap = GAP if top <= 1.5 * pen.x_height else LOW_GAP
        return np.array([_middle(along[rise >= top - TOP]), max(top, lowest) + gap * pen.x_height])
    gap = 0.0 if kind == ATTACHED else LOW_GAP * pen.x_height
    return np.array([_middle(along[rise <= bottom + TOP]), bottom - gap])


def _middle(values: NDArray[np.float64]) -> float:
    return float(values.min() + values.max()) / 2 if len(values) else 0.0
