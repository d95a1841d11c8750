"""The executor of a launcher: of one of ours, or of any of Hydra's."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from handwriting import config
from handwriting.sweeps.executors.base import Executor, ResourceRequest
from handwriting.sweeps.executors.hydra import HydraExecutor

if TYPE_CHECKING:
    from hydra.plugins.launcher import Launcher


@runtime_checkable
class ExecutorLauncher(Protocol):
    """A launcher of ours.

    Attributes:
        settings_class: The full name of the class of its settings, one of ``handwriting.sweeps.executors``.
        settings: The values of these settings, not checked yet.
        config: The configuration of the command, once the launcher is set up.
    """

    settings_class: str
    settings: dict[str, Any]
    config: Any


def open_executor(launcher: Launcher | ExecutorLauncher, request: ResourceRequest, batch_size: int) -> Executor:
    """Return what runs the trials of a sweep.

    Args:
        launcher: One of our launchers, or one of Hydra's.
        request: What each trial needs.
        batch_size: The most trials in one batch of Hydra's launchers.

    Raises:
        ConfigError: If a setting is not allowed, or the machine or cluster lacks what a trial needs.
    """
    if not isinstance(launcher, ExecutorLauncher):
        return HydraExecutor(launcher, batch_size)
    module, _, name = launcher.settings_class.rpartition(".")
    settings = config.create(getattr(import_module(module), name), launcher.settings, "hydra.launcher")
    executor: Executor = settings.open(request)
    return executor
