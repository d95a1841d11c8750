"""Fine-tuning: what a new run takes over from the run or checkpoint that ``init`` names."""

from __future__ import annotations

from typing import Any

from handwriting.errors import ConfigError
from handwriting.models.base import GlyphModel
from handwriting.models.loading import load
from handwriting.models.transfer import Transferred, check_transfer, transfer
from handwriting.runs import checkpoint_file
from handwriting.text import counted


class InitialWeights:
    """The weights that a training begins with.

    Args:
        init: A run folder, whose best checkpoint is taken, or where there is none the last; or a checkpoint file.

    Attributes:
        model: The trained model, its trained weights replaced by the averaged ones: those that it is sampled with.

    Raises:
        RunError: If there is no such run, or no checkpoint in it that can be loaded safely.
    """

    def __init__(self, init: str) -> None:
        self.init = init
        self.path = checkpoint_file(init)
        self.model = load(self.path)
        self.model.adopt_average()

    def check(self, model: GlyphModel) -> None:
        """Refuse a model that the weights do not fit; it may be on the device ``meta``.

        Raises:
            ConfigError: Naming what differs.
        """
        try:
            check_transfer(self.model, model)
        except ConfigError as error:
            raise ConfigError(f"init={self.init}: {error}") from error

    def give_to(self, model: GlyphModel) -> Transferred:
        """Replace the weights of a model, and return which classes and styles were matched.

        Raises:
            ConfigError: As :meth:`check`.
        """
        try:
            return transfer(self.model, model)
        except ConfigError as error:
            raise ConfigError(f"init={self.init}: {error}") from error

    def record(self, transferred: Transferred) -> dict[str, Any]:
        """Return what ``status.json`` keeps: the checkpoint, how far it was trained, and the names by condition."""
        return {
            "checkpoint": str(self.path.resolve()),
            "batches": self.model.batches,
            "matched": transferred.matched,
            "fresh": transferred.fresh,
        }

    def describe(self, transferred: Transferred) -> str:
        """Return one line: the checkpoint, how far it was trained, and the names that it lacks."""
        parts = [f"Starts from {self.path}, trained on {counted(self.model.batches, 'batch', 'batches')}"]
        parts += [f"{name} {', '.join(fresh)} new" for name, fresh in transferred.fresh.items() if fresh]
        return "; ".join(parts)
