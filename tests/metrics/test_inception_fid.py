from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from handwriting.errors import ConfigError
from handwriting.features.moments import Moments
from handwriting.metrics import inception_fid
from handwriting.metrics.fid import frechet_distance
from handwriting.metrics.inception_fid import InceptionFID, inception
from tests.metrics.samples import gaussian, make_evaluation, make_sample


class StandIn(nn.Module):
    """What torch-fidelity's extractor takes and gives, on the pixels themselves."""

    def __init__(self, name: str, features_list: list[str], feature_extractor_weights_path: Any) -> None:
        super().__init__()
        assert features_list == ["2048"]
        self.register_buffer("factor", torch.zeros(()))
        self.load_state_dict(torch.load(feature_extractor_weights_path, weights_only=True))

    def forward(self, images: Tensor) -> tuple[Tensor]:
        assert images.dtype == torch.uint8
        assert images.shape[1] == 3
        return (images[:, 2].flatten(1) * self.factor,)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = StandIn
    monkeypatch.setitem(sys.modules, "torch_fidelity", ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = tmp_path / "weights.pth"
    torch.save({"factor": torch.tensor(0.5)}, path)
    monkeypatch.setattr(inception_fid, "WEIGHTS_HASH", hashlib.sha256(path.read_bytes()).hexdigest()[:8])
    return str(path)


def test_without_torch_fidelity_it_says_how_to_install_it(weights: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(ConfigError, match=r"pip install -e '\.\[inception\]'"):
        InceptionFID(weights=weights)


@pytest.mark.parametrize("path", [None, "nowhere/weights.pth"])
def test_without_its_weights_it_says_where_they_are(path: str | None):
    with pytest.raises(ConfigError, match=r"metrics\.inception_fid\.weights: .*https://github\.com/toshas"):
        InceptionFID(weights=path)


def test_another_file_is_refused(tmp_path: Path):
    (tmp_path / "other.pth").write_bytes(b"something else")
    with pytest.raises(ConfigError, match="is not the file"):
        InceptionFID(weights=str(tmp_path / "other.pth"))


def test_a_file_that_would_run_code_is_not_unpickled(tmp_path: Path, installed: None, monkeypatch: pytest.MonkeyPatch):
    class Harm:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "harm",)

    torch.save({"factor": Harm()}, tmp_path / "bad.pth")
    monkeypatch.setattr(inception_fid, "WEIGHTS_HASH", "")
    with pytest.raises(Exception, match="Weights only load failed"):
        inception(str(tmp_path / "bad.pth"))
    assert not (tmp_path / "harm").exists()


def test_it_is_the_distance_between_what_the_extractor_sees(installed: None, weights: str):
    generated, real, floor = (make_sample(gaussian(n)) for n in (70, 120, 60))
    found = InceptionFID(weights=weights).compute(make_evaluation(generated, real, floor))["inception_fid"]
    seen = [Moments.of(torch.tensor(side.glyphs.images).flatten(1) * 0.5) for side in (generated, real, floor)]
    assert found.value == pytest.approx(frechet_distance(seen[0], seen[1]))
    assert found.floor == pytest.approx(frechet_distance(seen[2], seen[1]))
    assert found.n == 70


def test_the_real_side_is_looked_at_once(installed: None, weights: str):
    looked = []

    def extractor(images: Tensor) -> Tensor:
        looked.append(len(images))
        return images[:, 0].flatten(1).float()

    metric = InceptionFID(weights=weights)
    metric.extractor = extractor
    metric.compute(make_evaluation(*(make_sample(gaussian(n)) for n in (30, 40, 35))))
    assert sorted(looked) == [30, 35, 40]
