"""The classic baseline: Otsu's threshold, a dilation, and each contour is a piece."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

from dataclasses import dataclass
from typing import ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveInt

from handwriting.errors import DataError
from handwriting.segmentation.ink import density
from handwriting.segmentation.page import Box, Kind, Score, Segmented, Segmenter, refuse_unfit

SHAPES = {"rectangle": cv2.MORPH_RECT, "ellipse": cv2.MORPH_ELLIPSE}


@dataclass(eq=False, kw_only=True)
class Baseline(Segmenter):
    """Takes each connected component of the dilated ink for one piece.

    The image is binarised by Otsu's threshold. Sizes are in pixels of the image and the same for every page, so that
    they fit one size of writing at one resolution. Uneven light, rules and skew are not handled.

    Attributes:
        kernel_width: Width of the dilation's structuring element, in pixels.
        kernel_height: Its height. OpenCV's ellipses of height 1 are a single pixel, which dilates nothing.
        shape: Its shape.
        least_area: A contour whose bounding box has fewer pixels is rejected.
    """

    kernel_width: PositiveInt
    kernel_height: PositiveInt
    shape: Literal["rectangle", "ellipse"]
    least_area: NonNegativeInt
    kind: ClassVar[Kind]

    def __call__(self, image: NDArray[np.uint8], score: Score | None = None) -> Segmented:
        """Segment one page into pieces of one kind; see :class:`Segmenter`."""
        refuse_unfit(image)
        grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        _, binary = cv2.threshold(255 - grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        kernel = cv2.getStructuringElement(SHAPES[self.shape], (self.kernel_width, self.kernel_height))
        contours, _ = cv2.findContours(cv2.dilate(binary, kernel), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        outlines = [outline for outline in contours if np.prod(cv2.boundingRect(outline)[2:]) >= self.least_area]
        if not outlines:
            raise DataError("shows no text: there is no ink on it that is large enough.")

        boxes = [Box(*cv2.boundingRect(outline)) for outline in outlines]
        rows = in_rows(boxes)
        labels = np.zeros(binary.shape, np.int32)
        for number, index in enumerate((index for row in rows for index in row), start=1):
            cv2.drawContours(labels, [outlines[index]], -1, number, cv2.FILLED)
        labels[binary == 0] = 0
        row_of = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        # A row of characters counts as one word: this preset finds no words.
        words, lines = (np.arange(len(boxes)), row_of) if self.kind == "word" else (row_of, np.arange(len(rows)))
        bottoms = [np.median([boxes[index].y + boxes[index].h for index in row]) for row in rows]
        return Segmented(
            shape=grey.shape,
            ink=density(image),
            to_image=np.eye(3),
            labels=labels,
            scale=1.0,
            words=words,
            lines=lines,
            baselines=np.repeat(np.array(bottoms)[:, None], grey.shape[1], axis=1),
            rejected={"small": small} if (small := len(contours) - len(outlines)) else {},
            x_height=float(np.median([box.h for box in boxes])),
            skew=0.0,
            kinds=(self.kind,),
        )


@dataclass(eq=False, kw_only=True)
class Words(Baseline):
    """Takes ink within about 30 pixels in the same row of pixels for one word."""

    kernel_width: PositiveInt = 30
    kernel_height: PositiveInt = 1
    shape: Literal["rectangle", "ellipse"] = "rectangle"
    least_area: NonNegativeInt = 100
    kind: ClassVar[Kind] = "word"


@dataclass(eq=False, kw_only=True)
class Characters(Baseline):
    """Takes connected components for characters."""

    kernel_width: PositiveInt = 2
    kernel_height: PositiveInt = 1
    shape: Literal["rectangle", "ellipse"] = "ellipse"
    least_area: NonNegativeInt = 20
    kind: ClassVar[Kind] = "character"


def in_rows(boxes: list[Box]) -> list[list[int]]:
    """Sort boxes into reading order: rows from the top, and in each row from the left.

    Boxes are visited from the tallest. A box joins the row in or near which its centre lies, or starts a new one.

    >>> in_rows([Box(20, 2, 9, 12), Box(0, 0, 9, 20), Box(12, 30, 9, 20), Box(0, 33, 5, 5)])
    [[1, 0], [3, 2]]

    Returns:
        The indices of the boxes, row by row.
    """
    row_at = np.full(max(box.y + box.h for box in boxes), -1)
    rows: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=lambda index: -boxes[index].h):
        box = boxes[index]
        middle = box.y + box.h // 2
        if row_at[middle] < 0:
            near = box.h // 4  # the space for dots and commas
            span = row_at[max(0, box.y - near) : box.y + box.h + near]
            span[span < 0] = len(rows)
            rows.append([])
        rows[row_at[middle]].append(index)
    rows.sort(key=lambda row: boxes[row[0]].y + boxes[row[0]].h / 2)
    return [sorted(row, key=lambda index: boxes[index].x) for row in rows]
