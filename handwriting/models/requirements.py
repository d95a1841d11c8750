"""What every model requires of the data that it is trained on, asked of its settings alone.

Nothing here imports torch, so that data that cannot be trained on is refused before seconds are spent on importing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from handwriting.errors import ConfigError, DataError
from handwriting.networks.architectures import halvings

if TYPE_CHECKING:
    from handwriting.glyphs import Glyphs


def check_data(settings: Mapping[str, Any], image_size: int, batch_size: int, train: Glyphs | None = None) -> None:
    """Refuse data that a model with these settings cannot be trained on.

    ``GlyphModel.check_data`` asks the same of a model's class, which may require more.

    Args:
        settings: The model's settings by name, such as ``{"network": "conv", ...}``; a section of a configuration is
            one. Settings that are absent require nothing.
        image_size: Side of the square images in pixels.
        batch_size: Glyphs in a batch, on each device.
        train: The training glyphs; None while they have not been read.

    Raises:
        ConfigError: If the network cannot make images of this size, or cannot normalise a batch of one.
        DataError: If glyphs have no label, and the model is conditioned on the class.
    """
    if settings.get("network") == "conv":
        halvings(image_size)
    if batch_size == 1 and (setting := batch_normalisation(settings)):
        raise ConfigError(
            f"data.batch_size=1 and {setting}: a batch of one has no variance. Use at least 2, or another "
            "normalisation."
        )
    unlabelled = 0 if train is None else int((train.labels < 0).sum())
    if train is not None and unlabelled and "class" in settings.get("conditions", ()):
        raise DataError(
            f"{unlabelled:,} of {len(train):,} training glyphs have no label, and model.conditions names class: "
            "label them, or train a model without conditions, such as model=vae or model=dcgan."
        )


def batch_normalisation(settings: Mapping[str, Any]) -> str:
    """Return the setting that requires batch normalisation, such as ``model.norm=batch``; empty if there is none."""
    network = settings.get("network")
    if network == "conv":
        keys = (key for key in ("norm", "discriminator_norm") if settings.get(key) == "batch")
        return next((f"model.{key}=batch" for key in keys), "")
    layers = ((key, layer) for key, value in settings.items() if network == "layers" and key.endswith("_layers")
              for layer in value)  # fmt: skip
    return next((f"model.{key} with '{layer}'" for key, layer in layers if " batch" in layer), "")
