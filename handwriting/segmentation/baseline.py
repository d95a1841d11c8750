"""The well-known recipe, as a baseline: threshold, spread the ink, and take every outline for a piece."""

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
    """Takes for one piece what hangs together once the ink has been spread.

    The ink is what Otsu's threshold says of the inverted greys. The sizes are in pixels of the image and the same for
    every page, so that they fit one size of writing at one resolution; nothing is known of light, rules and skew.

    Attributes:
        kernel_width: How far the ink is spread to both sides together.
        kernel_height: The same upwards and downwards. OpenCV's ellipses of height 1 are one pixel, and spread nothing.
        shape: Of what the ink is spread by.
        least_area: An outline whose bounding box holds fewer pixels is left out.
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
        _, marks = cv2.threshold(255 - grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        kernel = cv2.getStructuringElement(SHAPES[self.shape], (self.kernel_width, self.kernel_height))
        found, _ = cv2.findContours(cv2.dilate(marks, kernel), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        outlines = [outline for outline in found if np.prod(cv2.boundingRect(outline)[2:]) >= self.least_area]
        if not outlines:
            raise DataError("shows no text: there is no ink on it that is large enough.")

        boxes = [Box(*cv2.boundingRect(outline)) for outline in outlines]
        rows = in_rows(boxes)
        labels = np.zeros(marks.shape, np.int32)
        for number, index in enumerate((index for row in rows for index in row), start=1):
            cv2.drawContours(labels, [outlines[index]], -1, number, cv2.FILLED)
        labels[marks == 0] = 0
        row_of = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        # A row of characters without words is told as one word.
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
            rejected={"small": small} if (small := len(found) - len(outlines)) else {},
            x_height=float(np.median([box.h for box in boxes])),
            skew=0.0,
            kinds=(self.kind,),
        )


@dataclass(eq=False, kw_only=True)
class Words(Baseline):
    """Takes for words what lies within about 30 pixels of each other in the same row of pixels."""

    kernel_width: PositiveInt = 30
    kernel_height: PositiveInt = 1
    shape: Literal["rectangle", "ellipse"] = "rectangle"
    least_area: NonNegativeInt = 100
    kind: ClassVar[Kind] = "word"


@dataclass(eq=False, kw_only=True)
class Characters(Baseline):
    """Takes for characters the pieces of ink that touch nothing else."""

    kernel_width: PositiveInt = 2
    kernel_height: PositiveInt = 1
    shape: Literal["rectangle", "ellipse"] = "ellipse"
    least_area: NonNegativeInt = 20
    kind: ClassVar[Kind] = "character"


def in_rows(boxes: list[Box]) -> list[list[int]]:
    """Put boxes in reading order: in rows from the top, and in each from the left.

    The tallest boxes found the rows. A lower one joins the row that its middle lies in or near, or founds its own.

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
            near = box.h // 4  # where dots and commas are
            span = row_at[max(0, box.y - near) : box.y + box.h + near]
            span[span < 0] = len(rows)
            rows.append([])
        rows[row_at[middle]].append(index)
    rows.sort(key=lambda row: boxes[row[0]].y + boxes[row[0]].h / 2)
    return [sorted(row, key=lambda index: boxes[index].x) for row in rows]
