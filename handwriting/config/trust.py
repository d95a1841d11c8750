"""Which classes a configuration may name; no other is ever imported for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handwriting import plugins
from handwriting.config.folders import conf_folders, read_yaml
from handwriting.errors import UntrustedClassError, nearest

GLOBAL_GROUPS = ("experiments", "debug")
"""Groups whose files may set keys of any other group."""

LIGHTNING = "pytorch_lightning.callbacks."
LIGHTNING_CALLBACKS = frozenset(
    f"{LIGHTNING}{name}"
    for name in (
        "DeviceStatsMonitor",
        "EMAWeightAveraging",
        "EarlyStopping",
        "GradientAccumulationScheduler",
        "LearningRateMonitor",
        "ModelSummary",
        "RichModelSummary",
        "RichProgressBar",
        "StochasticWeightAveraging",
        "TQDMProgressBar",
        "Timer",
    )
)
"""Lightning's callbacks that any configuration may name: they take no path, and run no code that is named to them."""
LIGHTNING_CALLBACKS_OF_NEW_RUNS = frozenset(
    f"{LIGHTNING}{name}"
    for name in (
        "BackboneFinetuning",
        "BaseFinetuning",
        "BasePredictionWriter",
        "BatchSizeFinder",
        "Callback",
        "Checkpoint",
        "LambdaCallback",
        "LearningRateFinder",
        "ModelCheckpoint",
        "ModelPruning",
        "OnExceptionCheckpoint",
        "ProgressBar",
        "SpikeDetection",
        "ThroughputMonitor",
        "WeightAveraging",
    )
)
"""The others that Lightning exports: a user may name them for a new run, and a run folder may not."""


@dataclass(frozen=True)
class Trust:
    """Where a configuration is from, and so which classes it may name.

    A configuration that the user composes for a new run may name the classes of ``--config-dir``. One that was read
    from a run folder is data: it may name the classes of this package and of installed plug-ins.

    Attributes:
        config_dirs: Folders of ``--config-dir``, laid out as ``conf`` is.
        is_new_run: Whether the user composes it for a new run; such a configuration may name any callback of Lightning.
    """

    config_dirs: tuple[Path, ...] = ()
    is_new_run: bool = False

    def allowed(self, group: str) -> frozenset[str]:
        """Return the full names of the classes that may be named in a config group.

        Raises:
            ConfigError: If a file that could name one cannot be read.
        """
        named = frozenset().union(*(_named_in(folder, group) for folder in (*conf_folders(), *self.config_dirs)))
        if group != "callbacks":
            return named
        return named | LIGHTNING_CALLBACKS | (LIGHTNING_CALLBACKS_OF_NEW_RUNS if self.is_new_run else frozenset())

    def refuse(self, key: str, target: Any, group: str) -> None:
        """Refuse a class that may not be named.

        Args:
            key: The key that names it, for the message.
            target: The full name of the class, as the configuration gives it.
            group: The config group, such as ``model``.

        Raises:
            UntrustedClassError: If it is not allowed.
        """
        allowed = self.allowed(group)
        if isinstance(target, str) and target in allowed:
            return
        refusal = f"{key}={target} is not allowed"
        if not isinstance(target, str):
            raise UntrustedClassError(f"{refusal}: it must be the full name of a class, such as package.module.Class.")
        package = target.partition(".")[0]
        known = {"handwriting", LIGHTNING.partition(".")[0], *(name.partition(".")[0] for name in _plugin_packages())}
        if package not in known and not self.config_dirs:
            raise UntrustedClassError(
                f"{refusal}: it is a class of the package {package}, which is not installed as a plug-in (entry point "
                "handwriting.plugins). A class of your own is built for new runs from --config-dir, and from a run "
                "folder only where it is installed."
            )
        names = ", ".join(sorted(name for name in allowed if not name.startswith(LIGHTNING))) or "nothing"
        # A class of another package is none that was meant, however alike their names are.
        guess = nearest(target, (name for name in allowed if name.partition(".")[0] == package))
        raise UntrustedClassError(f"{refusal}: conf/{group} names {names}.{guess}")


INSTALLED = Trust()
"""What a run folder's configuration or checkpoint may name: this package's classes, and installed plug-ins'."""


def trust_of_command(settings: Any = None) -> Trust:
    """Return what the command that Hydra is running may name: what is installed, and what ``--config-dir`` names.

    Args:
        settings: The ``hydra`` section of the command's configuration; by default that of the running job. A sweep has
            none of its own in Hydra's global state, which is that of its trials.
    """
    from hydra.core.hydra_config import HydraConfig

    if settings is None:
        if not HydraConfig.initialized():
            return INSTALLED
        settings = HydraConfig.get()
    sources = settings.runtime.config_sources
    config_dirs = tuple(Path(source.path) for source in sources if source.provider == "command-line")
    return Trust(config_dirs, is_new_run=True)


def targets(tree: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key of each mapping in ``tree`` that names a class in ``_target_``, and what it names."""
    if isinstance(tree, Mapping):
        if "_target_" in tree:
            yield where, tree["_target_"]
        for key, value in tree.items():
            yield from targets(value, f"{where}.{key}".lstrip("."))
    elif isinstance(tree, list | tuple):
        for index, value in enumerate(tree):
            yield from targets(value, f"{where}.{index}")


def _named_in(folder: Path, group: str) -> frozenset[str]:
    """Return the classes that the files of one folder of configurations name for a group."""
    named = [target for tree in trees_of(folder, group) for _, target in targets(tree)]
    for other in GLOBAL_GROUPS:
        if other != group:
            for tree in trees_of(folder, other):
                named += [target for key, target in targets(tree) if f"{key}.".startswith(f"{group}.")]
    return frozenset(target for target in named if isinstance(target, str))


def _plugin_packages() -> list[str]:
    return [plugin.package for plugin in plugins.installed()]


def trees_of(folder: Path, group: str) -> list[Any]:
    """Return what each file of a config group in one folder of configurations holds, by name."""
    return [read_yaml(file) for file in sorted((folder / group).rglob("*.yaml"))]
