"""What can be found wrong with a training before torch is imported, which takes seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from handwriting.models.requirements import check_data

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
    check_data(model, source.image_size, loading.batch_size)
    if getattr(source, "download", False):
        return None
    train, test = source.read()
    if source.on_bad == "refuse":  # what is skipped is counted when the glyphs are prepared
        source.kept_classes(train)
    check_data(model, source.image_size, loading.batch_size, train)
    return train, test
