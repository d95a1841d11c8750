"""Train one model on one data source, into one run folder.

What can be told wrong without them is told before torch and Lightning are imported, which takes seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from handwriting import config
from handwriting.errors import ConfigError, DataError
from handwriting.networks.architectures import halvings

if TYPE_CHECKING:
    from handwriting.data.sources.base import GlyphSource
    from handwriting.glyphs import Glyphs


def run(cfg: DictConfig) -> None:
    """Read the glyphs, check everything, claim the run folder, train, and say where the pictures are."""
    if OmegaConf.select(cfg, "search") is not None:
        raise ConfigError("search= is for sweeps: add -m.")
    source = read = None
    with _remembered() as records:
        if cfg.resume is None:  # a resumed run has a configuration of its own
            source = config.build(cfg.data, "data")
            read = early(cfg.model, source)

    from handwriting.engine import fitting

    fitting.run(cfg, source, read, records)


class _Remember(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def _remembered() -> Iterator[list[logging.LogRecord]]:
    """Keep what is logged before there is a run folder to log into."""
    handler, root = _Remember(), logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler.records
    finally:
        root.removeHandler(handler)


def early(model: Mapping[str, Any], source: GlyphSource) -> tuple[Glyphs, Glyphs] | None:
    """Return the glyphs of a source, once it is plain that the model can learn from them.

    What has to be downloaded waits until everything else is known to be right; then nothing is returned.

    Args:
        model: The model's section of the configuration.
        source: Where the glyphs come from.

    Raises:
        ConfigError: If the model cannot make images of their size, or cannot normalise a batch of one; or if a class
            that is to be left out does not exist.
        DataError: If the glyphs cannot be read, a class has none, or they have no labels where the model asks for a
            class.
    """
    if model.get("network") == "conv":
        halvings(source.image_size)
    if source.batch_size == 1 and (where := normalises_batches(model)):
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
