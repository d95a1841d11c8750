"""Kuzushiji: the cursive hiragana of Japanese books from before 1900."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from handwriting.data.formats.idx import ADVICE
from handwriting.data.formats.npy import read_numpy
from handwriting.data.formats.official_files import OfficialFiles
from handwriting.data.formats.pairing import pair
from handwriting.data.sources.base import GlyphSource
from handwriting.errors import DataError
from handwriting.fields import ChangesOnResume, CommandLineOnly
from handwriting.glyphs import Glyphs

# Hepburn romaji, in the order of K49's class map; wo is spelt so to differ from o. They are the alphabet because they
# are easy to type, and because fonts without Japanese can draw them.
ROMAJI = """
a i u e o ka ki ku ke ko sa shi su se so ta chi tsu te to na ni nu ne no ha hi fu he ho ma mi mu me mo ya yu yo
ra ri ru re ro wa wi we wo n iteration
"""
CHARACTERS = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわゐゑをんゝ"
HIRAGANA = dict(zip(ROMAJI.split(), CHARACTERS, strict=True))
"""The character that each class name spells; ``iteration`` is the mark that repeats the character before it."""

ALPHABETS = {
    "kmnist": ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    "k49": tuple(HIRAGANA),
}
TEST_FRACTION = 0.3

FILES = {
    "kmnist": OfficialFiles(
        name="kuzushiji",
        url="http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        checksums={
            "kmnist-train-imgs.npz": "11d69e17c8fd294905864aef177fd10c2185e5a3655f4da03d72ea5a64c17a72",
            "kmnist-train-labels.npz": "a325c877035602cb9b9ba54f4194a2a1b5f718026a463db5b5e0cdc124c03720",
            "kmnist-test-imgs.npz": "692d824896bec8f3c357ebf7a0fe904ed67ac632ce953d0b58f7fbef7bb27d87",
            "kmnist-test-labels.npz": "660f13a4705431ea2a6391c41ecbe384cd0d932c595a101ec4f3b8989e785046",
        },
        folders=("kmnist", "KMNIST/raw"),
    ),
    "k49": OfficialFiles(
        name="kuzushiji",
        url="http://codh.rois.ac.jp/kmnist/dataset/k49/",
        checksums={
            "k49-train-imgs.npz": "md5:7ac088b20481cf51dcd01ceaab89d821",
            "k49-train-labels.npz": "md5:44a8e1b893f81e63ff38d73cad420f7a",
            "k49-test-imgs.npz": "md5:d352e201d846ce6b94f42c990966f374",
            "k49-test-labels.npz": "md5:4da6f7a62e67a832d5eb1bd85c5ee448",
        },
        folders=("k49",),
    ),
}


@dataclass(eq=False)
class Kuzushiji(GlyphSource):
    """Characters of 28x28 pixels in 256 greys: 10 classes (kmnist, 70,000) or 49, of uneven size (k49, 270,912).

    Source: T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto and D. Ha, Deep Learning for Classical
    Japanese Literature, 2018, https://arxiv.org/abs/1812.01718. KMNIST Dataset, created by CODH, adapted from
    Kuzushiji Dataset, created by NIJL and others, https://doi.org/10.20676/00000341, CC BY-SA 4.0.

    Attributes:
        dataset: ``kmnist`` (10 classes) or ``k49`` (49).
        split: ``official``; ``merged_70_30``: both official parts, split again class by class by
            ``split_seed``; ``test_70_30``: the official test part alone, split likewise; it needs only two files.
        download: Fetch missing files (21 MB for kmnist, 75 MB for k49).
    """

    dataset: Literal["kmnist", "k49"] = "kmnist"
    split: Literal["official", "merged_70_30", "test_70_30"] = "official"
    download: Annotated[bool, ChangesOnResume(), CommandLineOnly()] = False

    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the training and test sets as ``split`` says."""
        files = FILES[self.dataset]
        names = [name for name in files.checksums if self.split != "test_70_30" or "-test-" in name]
        paths = files.locate(self.root, names, self.download)
        parts = [self._part(images, labels) for images, labels in zip(paths[::2], paths[1::2], strict=True)]
        if self.split == "official":
            train, test = parts
            return train, test
        return self.split_off(Glyphs.joined(parts), TEST_FRACTION)

    def _part(self, images: Path, labels: Path) -> Glyphs:
        pixels, numbers = _array(images, 3), _array(labels, 1)
        return pair(pixels, numbers.astype(np.int64), ALPHABETS[self.dataset], self.reject, f"{images}", f"{labels}")


def _array(path: Path, dimensions: int) -> NDArray[np.uint8]:
    arrays = read_numpy(path)
    array = arrays.get("arr_0")
    if array is None or array.dtype != np.uint8 or array.ndim != dimensions:
        contents = ", ".join(f"{name} {array.dtype} {array.shape}" for name, array in arrays.items())
        wanted = "images (N, H, W)" if dimensions == 3 else "labels (N,)"
        raise DataError(f"{path} holds {contents or 'nothing'}, where arr_0 should be uint8 {wanted}. {ADVICE}")
    return array
