"""The glyph classifier, whose last hidden layer is the space that generated glyphs are measured in."""

from __future__ import annotations

from torch import Tensor, nn

SIDE = 28
"""Side of the classifier's square input images in pixels."""
FEATURES = 128
"""Units of the last hidden layer: the dimensions of the feature space."""


class GlyphClassifier(nn.Module):
    """Three convolutions with batch normalisation and pooling, a hidden layer of 128 units, and a logit a class.

    Args:
        classes: Number of classes.
        poolings: How many times the image is halved: after two convolutions, or after all three, with which the hidden
            layer has a fifth of the weights.
    """

    def __init__(self, classes: int, poolings: int = 2) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *_convolution(1, 32),
            nn.MaxPool2d(2),
            *_convolution(32, 64),
            nn.MaxPool2d(2),
            *_convolution(64, 128),
            *[nn.MaxPool2d(2)] * (poolings - 2),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(128 * (SIDE // 2**poolings) ** 2, FEATURES),
            nn.LeakyReLU(0.1),  # with plain rectifiers a sixth of the features were 0 for every letter
        )
        self.head = nn.Linear(FEATURES, classes)

    def features(self, images: Tensor) -> Tensor:
        """Return the last hidden layer, ``(N, 128)`` of images ``(N, 1, 28, 28)`` in [0, 1]."""
        return self.trunk(images)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logit of each class, ``(N, classes)``, of images ``(N, 1, 28, 28)`` in [0, 1]."""
        return self.head(self.features(images))


def _convolution(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
