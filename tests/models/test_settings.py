"""Settings are checked in Python as on the command line, and a subclass is one class statement."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import PositiveFloat

from handwriting.config import build, compose
from handwriting.errors import ConfigError, DataError
from handwriting.models.base import GlyphModel
from handwriting.models.cgan import CGAN
from handwriting.models.cvae import CVAE
from handwriting.models.dcgan import DCGAN
from handwriting.models.wgan_gp import WGANGP
from tests.builders import ALPHABET, make_batch, make_glyphs, make_model

FROM_DATA = {"image_size": 28, "alphabet": ALPHABET}
SMALL: dict[str, Any] = {**FROM_DATA, "channels": 8, "latent_dim": 4}
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("override", "settings"),
    [
        ("model.lr=-1", {"lr": -1}),
        ("model.lr=fast", {"lr": "fast"}),
        ("model.network=con", {"network": "con"}),
        ("model.betas=[0.5,1.5]", {"betas": [0.5, 1.5]}),
        ("model.conditions=[class,stile]", {"conditions": ["class", "stile"]}),
        ("model.critic_steps=2.5", {"critic_steps": 2.5}),
        ("model.conditions=[class,style]", {"conditions": ["class", "style"]}),
        ("+model.learning_rate=1", {"learning_rate": 1}),
    ],
)
def test_python_refuses_a_setting_in_the_words_of_the_command_line(override, settings):
    with pytest.raises(ConfigError) as typed:
        build(compose("train", ["model=cgan", override]).model, "model", **FROM_DATA)
    with pytest.raises(ConfigError) as called:
        CGAN(**FROM_DATA, **settings)
    assert str(called.value) == str(typed.value)


def test_a_setting_without_a_default_is_missed_by_name():
    with pytest.raises(ConfigError, match=r"model\.image_size is missing"):
        CGAN(alphabet=ALPHABET)  # type: ignore[call-arg]


def test_python_converts_a_setting_as_the_command_line_does():
    model = CGAN(**{**SMALL, "alphabet": list(ALPHABET), "betas": [0, 0.9], "lr": "1e-3", "conditions": ["class"]})
    assert (model.alphabet, model.betas, model.lr, model.conditions) == (ALPHABET, (0.0, 0.9), 1e-3, ("class",))
    assert [type(value) for value in model.betas] == [float, float]


class Doubled(CGAN):
    """Has a setting of its own, and another default."""

    factor: PositiveFloat = 2.0
    channels: int = 16

    def generator_loss(self, on_fake, condition):
        return self.factor * super().generator_loss(on_fake, condition)


class Quiet(CVAE):
    """Overrides methods only."""

    @property
    def encoder_is_conditioned(self) -> bool:
        return False


@dataclass
class Plainly(DCGAN):
    """Is decorated as any dataclass."""

    factor: float = 3.0
    fixed: int = field(default=7, init=False)
    notes: tuple[str, ...] = field(default_factory=tuple)


class OfPlainly(Plainly):
    """Derives from it."""

    more: int = 1


def test_a_setting_of_a_subclass_is_a_setting():
    model = Doubled(**{**SMALL, "factor": "3"})
    assert (model.factor, model.channels) == (3.0, 8)
    assert model.settings()["factor"] == model.hparams["factor"] == 3.0
    assert Doubled(**FROM_DATA).channels == 16
    with pytest.raises(ConfigError, match=r"model\.factor=-1: must be greater than 0"):
        Doubled(**SMALL, factor=-1)


def test_a_subclass_that_overrides_methods_alone_has_the_settings_of_its_base():
    model = Quiet(**SMALL)
    assert {item.name for item in fields(Quiet)} == {item.name for item in fields(CVAE)}
    assert model.settings() == CVAE(**SMALL).settings()
    batch = make_batch(3)
    other = batch._replace(label=(batch.label + 1) % 3)
    assert torch.equal(model.encode(batch), model.encode(other))


@pytest.mark.parametrize("kind", [Plainly, OfPlainly])
def test_a_subclass_that_is_decorated_by_dataclass_is_still_a_module(kind):
    model = kind(**SMALL, factor=4)
    assert (model.factor, model.fixed, model.notes) == (4.0, 7, ())
    assert type(model)(**model.settings()).settings() == model.settings()
    assert "fixed" not in model.settings()
    assert model in {model}
    assert model != kind(**SMALL, factor=4)
    assert "(generator): Generator" in repr(model)
    with pytest.raises(ConfigError, match=r"model\.factor=much"):
        kind(**SMALL, factor="much")
    with pytest.raises(ConfigError, match=r"model\.fixed: no such key"):
        kind(**SMALL, fixed=8)


def test_a_subclass_that_would_bypass_its_settings_is_refused():
    with pytest.raises(TypeError, match=r"Mine defines __init__\. Declare its settings as annotated fields"):

        class Mine(CGAN):
            def __init__(self) -> None:
                pass


def test_accuracy_is_logged_only_where_the_model_says_what_scores_mean():
    class Silent(CGAN):
        def score_threshold(self, real, fake):
            return None

    for kind, expected in ((Silent, False), (CGAN, True), (WGANGP, True)):
        model = kind(**SMALL)
        model.validate_batch(make_batch())
        assert ({"accuracy_real", "accuracy_fake"} <= set(model.running_means.take())) is expected


# What a model requires of its data, asked of its class


def test_a_size_that_the_network_cannot_make_is_refused_by_the_class():
    with pytest.raises(ConfigError, match=r"data\.image_size=29"):
        CGAN.check_data({}, 29, 64)
    CGAN.check_data({"network": "mlp"}, 29, 64)


def test_a_batch_of_one_that_would_be_normalised_is_refused_by_the_class():
    with pytest.raises(ConfigError, match=r"data\.batch_size=1 and model\.norm=batch"):
        CGAN.check_data({}, 28, 1)
    CGAN.check_data({"norm": "none"}, 28, 1)


def test_glyphs_without_labels_are_refused_by_a_class_that_is_conditioned_on_them():
    glyphs = make_glyphs(6)
    CGAN.check_data({}, 28, 64, glyphs)
    unlabelled = type(glyphs)(glyphs.images, np.array([0, 1, -1, 2, -1, 0]), alphabet=glyphs.alphabet)
    with pytest.raises(DataError, match=r"2 of 6 training glyphs have no label"):
        CGAN.check_data({}, 28, 64, unlabelled)
    CGAN.check_data({"conditions": ()}, 28, 64, unlabelled)
    DCGAN.check_data({}, 28, 64, unlabelled)


def test_a_class_may_require_more_of_its_data():
    class Large(DCGAN):
        @classmethod
        def check_data(cls, settings, image_size, batch_size, train=None):
            super().check_data(settings, image_size, batch_size, train)
            if image_size < 64:
                raise ConfigError("Large needs at least 64 pixels.")

    with pytest.raises(ConfigError, match="at least 64 pixels"):
        Large.check_data({}, 28, 64)
    Large.check_data({}, 64, 64)


def test_every_part_of_the_base_class_is_documented():
    for kind in GlyphModel.__mro__:
        if kind.__module__.startswith("handwriting."):
            assert kind.__doc__
            assert not [name for name, member in vars(kind).items() if callable(member)
                        and not name.startswith("_") and not member.__doc__]  # fmt: skip


def test_a_model_built_by_a_configuration_is_the_one_built_in_python():
    settings = make_model("cgan", ("class",)).settings()
    assert type(make_model("cgan"))(**settings).settings() == settings
