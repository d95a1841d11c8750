"""MNIST: handwritten digits, the standard first benchmark."""

from dataclasses import dataclass
from typing import Annotated

from handwriting.data.formats.idx import read_sets
from handwriting.data.formats.official_files import OfficialFiles
from handwriting.data.sources.base import GlyphSource
from handwriting.fields import ChangesOnResume, CommandLineOnly
from handwriting.glyphs import Glyphs

FILES = OfficialFiles(
    name="mnist",
    url="https://ossci-datasets.s3.amazonaws.com/mnist/",
    checksums={
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    folders=("MNIST/raw",),
)


@dataclass(eq=False)
class MNIST(GlyphSource):
    """70,000 digits of 28x28 pixels in 256 greys: 60,000 to train and 10,000 to test.

    Source: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document
    recognition, 1998, https://doi.org/10.1109/5.726791.

    Attributes:
        download: Fetch missing files (11 MB).
    """

    download: Annotated[bool, ChangesOnResume(), CommandLineOnly()] = False

    def read(self) -> tuple[Glyphs, Glyphs]:
        """Return the official training and test sets."""
        paths = FILES.locate(self.root, list(FILES.checksums), self.download)
        return read_sets(paths, tuple("0123456789"), self.reject)
