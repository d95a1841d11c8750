"""Pages of handwriting drawn from stroke fonts, with the truth about every character, word and line on them.

A page is laid out once, in whole steps of a fine grid of ``GRID`` steps to the x-height, and then seen through a camera
or a scanner: the same seed and style at another resolution, skew or light are the same page, stroke for stroke.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.page_camera import develop, place_camera, trace
from benchmarks.page_layout import lay_out
from benchmarks.page_style import PageStyle
from handwriting.segmentation.page import Kind


@dataclass(frozen=True, eq=False)
class DrawnPage:
    """A page and the truth about it.

    Attributes:
        image: The picture, RGB, uint8 ``(H, W, 3)``.
        characters: The number of the character, in reading order from 1, whose ink lies at each pixel of the picture;
            0 where there is none. int32 ``(H, W)``. Where characters overlap, the later one lies on top: it has
            every pixel of which it covers half.
        words: The number of the word, from 0 over the whole page, of each character, int64 ``(n,)``.
        lines: The number of the line, from 0, of each word, int64 ``(m,)``.
        text: The words of each line. Their characters, one after another, are those numbered.
        dots: The number of the character whose dot lies at each pixel, int32 ``(H, W)``; 0 where there is no dot of an
            ``i`` or ``j``.
    """

    image: NDArray[np.uint8]
    characters: NDArray[np.int32]
    words: NDArray[np.int64]
    lines: NDArray[np.int64]
    text: Sequence[Sequence[str]]
    dots: NDArray[np.int32]

    def label_map(self, kind: Kind) -> NDArray[np.int32]:
        """Return which line, word or character the ink at each pixel belongs to, from 1; int32 ``(H, W)``."""
        if kind == "character":
            return self.characters
        numbers = self.words if kind == "word" else self.lines[self.words]
        return np.concatenate([[0], numbers + 1]).astype(np.int32)[self.characters]


def draw_page(style: PageStyle, seed: int) -> DrawnPage:
    """Fill a page with writing and photograph it.

    What is written, by which pens and where on the sheet, follows from the seed and the style's fields down to
    ``rules``; every later field only changes how the same sheet looks, and how it is seen.

    >>> page = draw_page(PageStyle(size=(3, 2), margin=0.3), seed=1)
    >>> page.image.shape
    (300, 450, 3)
    >>> len(page.words) == int(page.characters.max())
    True

    Args:
        style: How it is written and photographed.
        seed: The seed of text, letters, layout and degradations.
    """
    writing, seeing, developing = np.random.default_rng(seed).spawn(3)
    lines = lay_out(style, writing)
    to_image, shape = place_camera(style, seeing)
    words = [word for line in lines for word in line]
    letters = [letter for word in words for letter in word.letters]
    coverage, characters, dots = trace(letters, style, to_image, shape)
    return DrawnPage(
        image=develop(coverage, style, to_image, developing),
        characters=characters,
        words=_numbers([len(word.letters) for word in words]),
        lines=_numbers([len(line) for line in lines]),
        text=[[word.text for word in line] for line in lines],
        dots=dots,
    )


def _numbers(sizes: list[int]) -> NDArray[np.int64]:
    """Return the group's number for every member of groups of these sizes."""
    return np.repeat(np.arange(len(sizes)), np.array(sizes, np.int64))
