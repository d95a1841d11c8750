"""What a command requests besides its configuration: the one place where the engine reads Hydra's global state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from handwriting.config import INSTALLED, Trust, trust_of_command


@dataclass(frozen=True)
class Invocation:
    """How a training was requested, on the command line or from Python.

    Attributes:
        folder: The run folder that is requested; where another run has it, a number is appended.
        overrides: The overrides as they were given, such as ``model=vae``; a resumed run takes over these alone.
        choices: The choice of each config group, such as ``{"data": "digits"}``; tables of runs show them.
        trust: Which classes the configuration may name; that of a resumed run may name installed ones only.
    """

    folder: Path
    overrides: tuple[str, ...] = ()
    choices: Mapping[str, str | None] = field(default_factory=dict)
    trust: Trust = INSTALLED

    @classmethod
    def from_hydra(cls) -> Invocation:
        """Return how the command that Hydra is running now was invoked."""
        from hydra.core.hydra_config import HydraConfig

        settings = HydraConfig.get()
        overrides = tuple(settings.overrides.task)
        return cls(Path(settings.runtime.output_dir), overrides, dict(settings.runtime.choices), trust_of_command())
