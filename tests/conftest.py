"""What the tests of several rooms share."""

from collections.abc import Iterator
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from handwriting.features.cache import CACHE_VARIABLE


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep classifiers that tests train out of the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_lines_about_slow_steps() -> Iterator[None]:
    """Let what is printed not depend on how fast the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("handwriting.progress.FIRST_SECONDS", inf)
        yield


@pytest.fixture(scope="session")
def gan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a CGAN; tests only read it."""
    from tests.builders import train

    return train(tmp_path_factory.mktemp("runs") / "cgan", "model=cgan")


@pytest.fixture(scope="session")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a VAE; tests only read it."""
    from tests.builders import train

    return train(tmp_path_factory.mktemp("runs") / "vae", "model=vae")


@pytest.fixture
def counted_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``trainer.max_time`` count trainer steps, 0.1 s each, however fast the machine is."""
    from handwriting.models.base import GlyphModel

    seconds = [0.0]
    training_step = GlyphModel.training_step

    def step(self: GlyphModel, *arguments: Any) -> None:
        training_step(self, *arguments)
        seconds[0] += 0.1

    monkeypatch.setattr("pytorch_lightning.callbacks.timer.time", SimpleNamespace(monotonic=lambda: seconds[0]))
    monkeypatch.setattr(GlyphModel, "training_step", step)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; what needs it is skipped where it is absent."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real data is absent: {folder}")
    return folder
