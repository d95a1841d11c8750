"""A seed of ``sample`` stands for a new generator."""

from __future__ import annotations

import pytest
import torch

from handwriting.errors import ConfigError
from tests.builders import make_model


def test_a_seed_gives_the_same_glyphs_as_a_new_generator_with_it() -> None:
    model = make_model("cgan", ("class",))
    generator = torch.Generator().manual_seed(3)
    assert torch.equal(model.sample(4, seed=3), model.sample(4, generator=generator))
    assert not torch.equal(model.sample(4, seed=3), model.sample(4, seed=4))
    with pytest.raises(ConfigError, match="seed=3 and a generator exclude each other"):
        model.sample(4, seed=3, generator=generator)
