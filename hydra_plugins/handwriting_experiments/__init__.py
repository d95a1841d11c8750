"""Hydra finds the choices of installed plug-ins, and the experiments in ``experiments/`` from any working directory.

The repository itself must not be on the search path: Hydra would walk ``.venv`` and ``runs`` in search of choices.
"""

from __future__ import annotations

from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from handwriting import legacy
from handwriting.config import folders


class ChoicesSearchPath(SearchPathPlugin):
    """Adds the choices of plug-ins and the experiments to the search path of our own jobs."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append them unless another program uses Hydra."""
        if any(element.path == str(folders.CONF) for element in search_path.get_path()):
            for folder in folders.conf_folders()[1:]:
                search_path.append(provider="handwriting plug-in", path=f"file://{folder}")
            search_path.append(provider="handwriting", path="experiments://")


class ExperimentsSource(ConfigSource):
    """Serves the folder ``experiments/`` as the config group of that name."""

    @staticmethod
    def scheme() -> str:
        """Return the scheme of the search path's entry."""
        return "experiments"

    def available(self) -> bool:
        """Return whether there is a folder of experiments."""
        return folders.EXPERIMENTS.is_dir()

    def is_group(self, config_path: str) -> bool:
        """Return whether ``config_path`` is ``experiments`` or a folder in it."""
        return config_path == "" or self._file(config_path).is_dir()

    def is_config(self, config_path: str) -> bool:
        """Return whether ``config_path`` is an experiment."""
        return self._file(self._normalize_file_name(config_path)).is_file()

    def load_config(self, config_path: str) -> ConfigResult:
        """Read an experiment.

        Raises:
            ConfigLoadError: If there is no such experiment.
        """
        file = self._file(self._normalize_file_name(config_path))
        if not file.is_file():
            raise ConfigLoadError(f"Config not found: {file}")
        text = file.read_text("utf-8-sig")
        tree = legacy.current_config(OmegaConf.to_container(OmegaConf.create(text)))
        return ConfigResult(self.provider, self.full_path(), OmegaConf.create(tree), self._get_header_dict(text))

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Return the names below ``config_path``, sorted: groups, experiments or both."""
        listed: list[str] = []
        names = [item.name for item in self._file(config_path).iterdir()] if config_path else [folders.EXPERIMENTS.name]
        for name in names:
            self._list_add_result(listed, f"{config_path}/{name}".lstrip("/"), name, results_filter)
        return sorted(set(listed))

    @staticmethod
    def _file(config_path: str) -> Path:
        """Return the path of ``config_path``; what is no experiment has one that does not exist."""
        inside = config_path.split("/")[0] == folders.EXPERIMENTS.name
        return folders.EXPERIMENTS.parent / config_path if inside else folders.EXPERIMENTS / "nowhere"
