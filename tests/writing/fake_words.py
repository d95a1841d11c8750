"""A writer of words for tests: stroke letters of OpenCV with soft edges, drawn at any size and place."""

from __future__ import annotations

import cv2
import numpy as np

from handwriting.writing.written_words import CutWord, InkBox, Sign, WordInk, WriteWord, WrittenWord

FONT = cv2.FONT_HERSHEY_SCRIPT_SIMPLEX
UNIT = 12.0
"""Units of the stroke font in one x-height, about."""
PEN = 0.22
"""The width of the stroke, in x-heights."""
ABOVE, BELOW = 2.6, 1.4
FINENESS = 4
"""Pixels of the drawing in one of the ink, so that its edges are soft."""


def write_strokes(signs: tuple[Sign, ...]) -> WrittenWord:
    """Return a word drawn with a stroke font, which has the letters of ASCII; another is drawn as a box."""
    text = "".join(sign.character if sign.character.isascii() else "#" for sign in signs)
    advance = cv2.getTextSize(text, FONT, 1.0, 1)[0][0] / UNIT if text else 0.0
    box = InkBox(-PEN, -ABOVE, advance + PEN, BELOW)

    def draw(resolution: float, offset: tuple[float, float]) -> WordInk:
        left, top = int(np.floor(box.left * resolution)) - 2, int(np.floor(box.top * resolution)) - 2
        width, height = int(box.right * resolution) + 4 - left, int(box.bottom * resolution) + 4 - top
        fine = np.zeros((height * FINENESS, width * FINENESS), np.uint8)
        scale = resolution * FINENESS / UNIT
        origin = round((offset[0] - left) * FINENESS), round((offset[1] - top) * FINENESS)
        cv2.putText(fine, text, origin, FONT, scale, 255, max(1, round(PEN * resolution * FINENESS)), cv2.LINE_AA)
        return WordInk(np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)), left, top)

    return WrittenWord("".join(sign.typed for sign in signs), advance, box, draw, cut_of(write_strokes, signs))


def cut_of(write: WriteWord, signs: tuple[Sign, ...]) -> CutWord:
    """Return what cuts a word whose parts look as if they were written by themselves."""
    return lambda start, end, after: write((*signs[start:end], *after))
