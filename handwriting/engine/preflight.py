"""Mistakes in a training that can be found before torch is imported, which takes seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from handwriting.errors import RunError
from handwriting.models.requirements import check_data
from handwriting.runs import Run, checkpoint_file

if TYPE_CHECKING:
    from handwriting.data.loading.settings import Loading
    from handwriting.data.sources.base import GlyphSource
    from handwriting.glyphs import Glyphs


def read_checked(
    models: Sequence[Mapping[str, Any]], source: GlyphSource, loading: Loading
) -> tuple[Glyphs, Glyphs] | None:
    """Return the glyphs of a source, once it is known that every model can be trained on them; it is read once.

    What has to be downloaded waits until everything else is known to be right; then nothing is returned.

    Args:
        models: The section of each model in its configuration.
        source: The data source.
        loading: How batches are made of its glyphs.

    Returns:
        Training and test glyphs as they were read; None where they have to be downloaded.

    Raises:
        ConfigError: If a model cannot make images of their size, or cannot normalise a batch of one; or if a class
            that is to be dropped does not exist.
        DataError: If the glyphs cannot be read, a class has none, or they have no labels where a model is conditioned
            on the class.
    """
    for model in models:
        check_data(model, source.image_size, loading.batch_size)
    if getattr(source, "download", False):
        return None
    train, test = source.read()
    if source.on_bad == "refuse":  # what is skipped is counted when the glyphs are prepared
        source.kept_classes(train)
    for model in models:
        check_data(model, source.image_size, loading.batch_size, train)
    return train, test


def check_init(init: str | None) -> None:
    """Refuse a run without a checkpoint that a training could begin with; whether its weights fit is checked later.

    Args:
        init: A run folder or a checkpoint file; None where the training begins with weights of its own.

    Raises:
        RunError: If there is no such run or file, or the run has no checkpoint.
    """
    if init is None or checkpoint_file(init).is_file():
        return
    status = Run.at(init).status
    ended = ": ".join(str(status[name]) for name in ("state", "why") if status.get(name))
    raise RunError(
        f"init={init}: the run has no checkpoint, since its first epoch has not ended ({' '.join(ended.split())})."
    )
