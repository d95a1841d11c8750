"""Every experiment composes, its networks make glyphs, and those that rebuild an earlier network have its very size."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from handwriting.config import EXPERIMENTS, build, compose, describe
from handwriting.models.base import GlyphModel

ALPHABETS = {"emnist_letters": 26, "kuzushiji": 49, "notebook": 43, "letters_digits": 62, "narrow": 26, "ours": 26}
"""How many classes the data of each group of experiments has."""

SIZES = {
    "notebook/vae_words": {"encoder": 8_478_080, "decoder": 1_125_121},
    "notebook/vae_characters": {"encoder": 8_478_080, "decoder": 1_125_121},
    "notebook/cvae": {"encoder": 8_500_096, "decoder": 1_792_705},
    "notebook/gan": {"generator": 2_305_472, "discriminator": 212_865},
    "kuzushiji/cvae_base": {"encoder + decoder": 242_420},
    "kuzushiji/cvae_mean_style": {"encoder + decoder": 242_420},
    "kuzushiji/cvae_order": {"encoder + decoder": 242_420},
    # The originals give no number for these; counted by hand from the widths of their layers.
    "kuzushiji/cvae_deeper": {"encoder": 191_684, "decoder": 191_392},
    "kuzushiji/cgan_base": {"generator": 231_184, "discriminator": 214_273},
    "kuzushiji/cgan_order": {"generator": 231_184, "discriminator": 214_273},
    "kuzushiji/cgan_sigmoid": {"generator": 231_184, "discriminator": 214_273},
    "emnist_letters/dcgan": {"generator": 20_306_961, "discriminator": 1_484_801},
    "emnist_letters/dcgan_sharpened": {"generator": 20_306_961, "discriminator": 1_484_801},
    "emnist_letters/dcgan_augmented": {"generator": 20_306_961, "discriminator": 1_484_801},
    "emnist_letters/cgan_base": {"generator": 418_025, "discriminator": 44_705},
    "emnist_letters/cgan_1": {"generator": 418_025, "discriminator": 44_705},
    "emnist_letters/cgan_2": {"generator": 2_843_945, "discriminator": 2_549_857},
    "emnist_letters/cgan_3": {"generator": 2_845_225, "discriminator": 2_549_857},
    "emnist_letters/cgan_4": {"generator": 4_806_145, "discriminator": 2_549_857},
    "emnist_letters/cgan_5": {"generator": 4_806_145, "discriminator": 2_549_857},
    "emnist_letters/wgan_clipped": {"generator": 20_306_961, "discriminator": 1_484_801},
    "emnist_letters/wgan_gp": {"generator": 20_306_961, "discriminator": 1_484_801},
}
"""Trained weights of each network, as the originals reported them."""


def model_of(experiment: str, device: str) -> GlyphModel:
    overrides = ["data.path=somewhere"] if experiment.startswith("notebook/") else []
    cfg = compose("train", [f"experiments={experiment}", *overrides])
    alphabet = tuple(f"class {number}" for number in range(ALPHABETS[experiment.split("/")[0]]))
    styles = ("thin", "thick") if cfg.data.style != "none" else ()
    torch.manual_seed(0)
    with torch.device(device):
        return build(cfg.model, "model", image_size=cfg.data.image_size, alphabet=alphabet, style_names=styles)


def weights(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("experiment", SIZES)
def test_a_rebuilt_network_has_the_very_size_that_was_reported(experiment):
    model = model_of(experiment, "meta")
    for names, size in SIZES[experiment].items():
        assert sum(weights(getattr(model, name)) for name in names.split(" + ")) == size


def test_the_running_statistics_of_the_notebooks_gan_are_those_that_were_reported():
    generator = model_of("notebook/gan", "meta").generator
    statistics = sum(buffer.numel() for name, buffer in generator.named_buffers() if "running" in name)
    assert weights(generator) + statistics == 2_330_944


@pytest.mark.parametrize("experiment", list(describe()["experiments"]))
def test_every_experiment_makes_glyphs_of_its_size(experiment):
    model = model_of(experiment, "cpu")
    images = model.sample(2, generator=torch.Generator().manual_seed(0))
    assert images.shape == (2, 1, model.image_size, model.image_size)


def test_every_network_that_was_reported_has_its_size_tested():
    reported = ("notebook/", "kuzushiji/", "emnist_letters/")
    assert {experiment for experiment in describe()["experiments"] if experiment.startswith(reported)} == set(SIZES)


def test_our_kuzushiji_model_is_no_larger_than_the_one_it_is_compared_with():
    def size(experiment: str) -> int:
        cfg = compose("train", [f"experiments={experiment}"])
        alphabet = tuple(map(str, range(10)))  # KMNIST's, on which both are measured
        with torch.device("meta"):
            model = build(cfg.model, "model", image_size=28, alphabet=alphabet, style_names=("thin", "thick"))
        return sum(weights(getattr(model, name)) for name in ("encoder", "decoder", "prior"))

    assert size("ours/cvae_kuzushiji") <= size("kuzushiji/cvae_base")


def test_an_epoch_of_the_letters_experiments_is_one_batch():
    lengths = {
        experiment: compose("train", [f"experiments=emnist_letters/{experiment}"])
        for experiment in ("dcgan", "cgan_base")
    }
    assert {experiment: cfg.callbacks.limit.max_batches for experiment, cfg in lengths.items()} == {
        "dcgan": 2000,
        "cgan_base": 3000,
    }
    assert all(cfg.trainer.max_epochs == -1 for cfg in lengths.values())


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*/*.yaml")), ids=lambda path: path.stem)
def test_every_experiment_says_in_one_line_what_it_is(path):
    first, second, *_ = path.read_text("utf-8").splitlines()
    assert first == "# @package _global_"
    assert second.startswith("# ")
    assert len(second) <= 120
