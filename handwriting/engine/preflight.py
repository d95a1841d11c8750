"""What can be found wrong with a training before torch is imported, which takes seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from handwriting.errors import ConfigError, DataError
from handwriting.networks.architectures import halvings

if TYPE_CHECKING:
    from handwriting.data.loading.settings import Loading
    from handwriting.data.sources.base import GlyphSource
    from handwriting.glyphs import Glyphs


def check_early(model: Mapping[str, Any], source: GlyphSource, loading: Loading) -> tuple[Glyphs, Glyphs] | None:
    """Return the glyphs of a source, once it is plain that the model can learn from them.

    What has to be downloaded waits until everything else is known to be right; then nothing is returned.

    Args:
        model: The model's section of the configuration.
        source: Where the glyphs come from.
        loading: How batches are made of them.

    Raises:
        ConfigError: If the model cannot make images of their size, or cannot normalise a batch of one; or if a class
            that is to be left out does not exist.
        DataError: If the glyphs cannot be read, a class has none, or they have no labels where the model asks for a
            class.
    """
    if model.get("network") == "conv":
        halvings(source.image_size)
    if loading.batch_size == 1 and (where := normalises_batches(model)):
        raise ConfigError(
            f"data.batch_size=1 and {where}: a batch of one has no variance. Use at least 2, or another normalisation."
        )
    if getattr(source, "download", False):
        return None
    train, test = source.read()
    if source.on_bad == "refuse":  # what is skipped is counted when the glyphs are prepared
        source.kept_classes(train)
    unlabelled = int((train.labels < 0).sum())
    if "class" in model.get("conditions", ()) and unlabelled:
        raise DataError(
            f"{unlabelled:,} of {len(train):,} training glyphs have no label, and model.conditions asks for a class: "
            "label them, or train a model without conditions, such as model=vae or model=dcgan."
        )
    return train, test


def normalises_batches(model: Mapping[str, Any]) -> str:
    """Return which setting of a model's configuration asks for batch normalisation, such as ``model.norm=batch``."""
    network = model.get("network")
    if network == "conv":
        return next((f"model.{key}=batch" for key in ("norm", "discriminator_norm") if model.get(key) == "batch"), "")
    layers = ((key, layer) for key, value in model.items() if network == "layers" and key.endswith("_layers")
              for layer in value)  # fmt: skip
    return next((f"model.{key} with '{layer}'" for key, layer in layers if " batch" in layer), "")
