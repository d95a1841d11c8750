"""Whether the writing of segmented pages is joined, before any letter of it is known."""

from __future__ import annotations

import cv2
import numpy as np

from handwriting.pages.folder import SegmentedFolder

INK = 90
"""Level from which a pixel is ink, of 255."""
JOINED_WIDTH = 2.2
"""Width of connected ink that is more than one letter, in x-heights: an m is 1.8 wide."""
JOINED_SHARE = 0.5
"""The share of the width of all connected ink from which writing is joined."""


def is_joined(folder: SegmentedFolder) -> bool:
    """Whether most of the writing in a segmented folder is ink that connects several letters.

    Args:
        folder: The folder; one without pictures of words is not.

    Raises:
        DataError: If a table or a picture cannot be read.
    """
    x_heights = folder.x_heights()
    widths: list[float] = []
    for row in folder.rows("word"):
        if row.page in x_heights and folder.has_picture(row):
            ink = (folder.crop(row) >= INK).astype(np.uint8)
            stats = cv2.connectedComponentsWithStats(ink, connectivity=8)[2][1:]
            widths += (stats[:, cv2.CC_STAT_WIDTH] / x_heights[row.page]).tolist()
    wide = sum(width for width in widths if width >= JOINED_WIDTH)
    return wide > JOINED_SHARE * sum(widths)
