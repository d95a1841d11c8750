"""FID by the features of Inception, as in the literature: for comparison only, not for judging glyphs."""

# Annotations stay objects here (no `from __future__ import annotations`): the config layer validates against them.

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from handwriting.errors import ConfigError
from handwriting.features.moments import Moments
from handwriting.features.space import Sample
from handwriting.fields import AnyPath
from handwriting.files import expanded
from handwriting.metrics.base import MetricValue, MetricValues, TwoSampleMetric
from handwriting.metrics.fid import frechet_distance
from handwriting.text import one_line

WEIGHTS_HASH = "6726825d"
"""The beginning of the SHA-256 of the weights' file, which is also a part of its name."""
WEIGHTS_URL = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
)
IMAGES_PER_BATCH = 50
"""Images of 299 by 299 pixels that are embedded in one batch."""

Extractor = Callable[[Tensor], Tensor]
"""Features ``(N, D)`` of images uint8 ``(N, 3, H, W)``."""


def content_of(weights: str | None) -> bytes:
    """Return the contents of the weights' file, which is never downloaded.

    Raises:
        ConfigError: If the file does not exist, or has another hash.
    """
    path = expanded(weights) if weights else None
    if path is None or not path.is_file():
        problem = f"the file {weights} does not exist" if weights else "no file is given"
        raise ConfigError(
            f"metrics.inception_fid.weights: {problem}. Download it from {WEIGHTS_URL} and give its path."
        )
    content = path.read_bytes()
    if not hashlib.sha256(content).hexdigest().startswith(WEIGHTS_HASH):
        raise ConfigError(
            f"metrics.inception_fid.weights={weights} is not the file at {WEIGHTS_URL}: download it again."
        )
    return content


def network_class() -> Callable[..., Any]:
    """Return torch-fidelity's Inception, which resizes images to 299 by 299 itself.

    Raises:
        ConfigError: If it cannot be imported.
    """
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision made for another torch
        raise ConfigError(
            f"metrics.inception_fid needs torch-fidelity (pip install -e '.[inception]'), and it cannot be imported: "
            f"{one_line(error)}"
        ) from error
    return FeatureExtractorInceptionV3


def inception(weights: str | None) -> Extractor:
    """Return a function that embeds images into the 2,048 features of Inception."""
    # torch-fidelity unpickles whatever file it is given. It gets a copy of what was loaded safely.
    torch.save(torch.load(io.BytesIO(content_of(weights)), weights_only=True), rewritten := io.BytesIO())
    rewritten.seek(0)
    network = network_class()("inception", ["2048"], rewritten)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)
    return lambda images: network(images.to(device))[0].cpu()


def inception_moments(extractor: Extractor, images: Tensor) -> Moments:
    """Return the moments of the Inception features of images, embedded batch by batch.

    Args:
        extractor: Embeds images; see :data:`Extractor`.
        images: uint8 ``(N, 1, H, W)``; their one channel is given three times.
    """
    with torch.inference_mode():
        parts = [Moments.of(extractor(part.expand(-1, 3, -1, -1))) for part in images.split(IMAGES_PER_BATCH)]
    return sum(parts[1:], start=parts[0])


@dataclass(eq=False, kw_only=True)
class InceptionFID(TwoSampleMetric):
    """``inception_fid``: FID of the features of a network that was trained on photographs.

    With fewer glyphs than its 2,048 features it is mostly bias; compare only where the number of glyphs is the same.
    Slow: some glyphs a second on two CPU cores, and a minute for the distances themselves.

    Attributes:
        weights: The path of the weights' file, which must be given.
    """

    weights: AnyPath | None = None

    captions: ClassVar[Mapping[str, str]] = {"inception_fid": "FID by Inception"}
    heading: ClassVar[str] = "Similarity to real glyphs"
    by_classifier: ClassVar[bool] = False
    # The real side is the same for the floor, and half of the cost.
    _known: WeakKeyDictionary[Sample, Moments] = field(default_factory=WeakKeyDictionary, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse at once what could otherwise be refused only after a training."""
        content_of(self.weights)
        network_class()

    @cached_property
    def extractor(self) -> Extractor:
        """The function that embeds images; loaded at first use."""
        return inception(self.weights)

    def compare(self, sample: Sample, real: Sample) -> MetricValues:
        """Return the distance."""
        for side in (sample, real):
            if side not in self._known:
                self._known[side] = inception_moments(self.extractor, torch.tensor(side.glyphs.images))
        return {"inception_fid": MetricValue(frechet_distance(self._known[sample], self._known[real]), len(sample))}
