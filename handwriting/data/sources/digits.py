"""The digits that come with scikit-learn: small, and without a download."""

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_digits

from handwriting.data.sources.base import GlyphSource
from handwriting.glyphs import Glyphs

TEST_FRACTION = 0.2
MARGIN = 1
"""Empty pixels put around the 8x8 digits, which fill their box from edge to edge; MNIST's do not."""


@dataclass(eq=False)
class Digits(GlyphSource):
    """1,797 digits of 8x8 pixels in 17 greys, split 80 to 20 by the seed (there is no official split).

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998
    (its test part), https://doi.org/10.24432/C50P49, CC BY 4.0, as shipped in scikit-learn.
    """

    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the training and the test digits, 10x10 with their margin."""
        digits = load_digits()
        images = np.round(digits.images * 255 / 16).astype(np.uint8)
        images = np.pad(images, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
        glyphs = Glyphs(images[:, None], digits.target, alphabet=tuple("0123456789"))
        return self.split_off(glyphs, TEST_FRACTION)
