"""Composing the configuration of a job, as the command line does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from handwriting.config.choices import jobs
from handwriting.config.declarations import Command
from handwriting.config.folders import CONF, refuse_unreadable
from handwriting.config.messages import explain
from handwriting.config.words import hydra_overrides
from handwriting.errors import ConfigError


def compose(job: str, overrides: Sequence[str] = ()) -> DictConfig:
    """Return the configuration of a job, ours or a plug-in's, with ``overrides``, as the command line would.

    >>> compose("sample", ["run=runs/my best (2)"]).run
    'runs/my best (2)'

    Raises:
        ConfigError: If a key or a choice does not exist.
    """
    import hydra
    from hydra.errors import HydraException
    from yaml import YAMLError

    command = jobs().get(job, Command(job))
    command.read()  # refuses a file that Hydra would compose into nothing
    try:
        with _hydra_on_conf():
            return hydra.compose(job, hydra_overrides(command, overrides))
    except (HydraException, OmegaConfBaseException, YAMLError, OSError, ValueError) as error:
        refuse_unreadable(error)
        raise ConfigError(explain(error, command)) from error


@contextmanager
def _hydra_on_conf() -> Iterator[None]:
    """Have Hydra compose from ``conf``: within a job it does already; within another application it is set aside."""
    import hydra
    from hydra.core.global_hydra import GlobalHydra

    running = GlobalHydra.instance()
    outer = running.hydra
    if outer is not None and any(
        part.path == str(CONF) for part in running.config_loader().get_search_path().get_path()
    ):
        yield
        return
    running.clear()
    try:
        with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = outer
