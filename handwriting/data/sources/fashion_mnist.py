"""Fashion-MNIST: clothes in MNIST's format, a harder stand-in for digits."""

from dataclasses import dataclass
from typing import Annotated

from handwriting.data.formats.idx import read_sets
from handwriting.data.formats.official_files import OfficialFiles
from handwriting.data.sources.base import GlyphSource
from handwriting.fields import ChangesOnResume, CommandLineOnly
from handwriting.glyphs import Glyphs

ALPHABET = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle-boot",
)

FILES = OfficialFiles(
    name="fashion_mnist",
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    checksums={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    folders=("FashionMNIST/raw", "fashion-mnist", "fashion-mnist/data/fashion"),
    names_are_mnists=True,
)


@dataclass(eq=False)
class FashionMNIST(GlyphSource):
    """70,000 clothes of 28x28 pixels in 256 greys, in 10 classes: 60,000 to train and 10,000 to test.

    Source: H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms, 2017, https://arxiv.org/abs/1708.07747, MIT licence.

    Attributes:
        download: Fetch missing files (31 MB).
    """

    download: Annotated[bool, ChangesOnResume(), CommandLineOnly()] = False

    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the official training and test sets."""
        return read_sets(FILES.locate(self.root, list(FILES.checksums), self.download), ALPHABET, self.reject)
