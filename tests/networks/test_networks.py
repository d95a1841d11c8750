from __future__ import annotations

import pytest
import torch
from torch import nn

from handwriting.errors import ConfigError
from handwriting.networks import architectures
from handwriting.networks.adversarial import Discriminator, Generator
from handwriting.networks.averaging import MovingAverage
from handwriting.networks.conditioning import Condition
from handwriting.networks.initialisation import initialise

CONDITIONINGS = ["projection", "concat", "multiply", "acgan", "onehot"]
SIZES = {"class": 3, "style": 2}


def generator(image_size=28, conditioning="projection", network="conv", upsample="transposed", shuffle=True):
    layers = (
        architectures.mlp_upsampler(image_size, 16)
        if network == "mlp"
        else architectures.conv_upsampler(image_size, 16, "batch", upsample, shuffle)
    )
    return Generator(("concat", *layers), image_size, 8, SIZES, conditioning, "tanh")


def discriminator(image_size=28, conditioning="projection", network="conv", shuffle=True, norm="none"):
    layers = (
        architectures.mlp_downsampler(32, dropout=0.0)
        if network == "mlp"
        else architectures.conv_downsampler(image_size, 32, 16, norm, 0.0, shuffle)
    )
    return Discriminator((*layers, "concat"), image_size, SIZES, conditioning, spectral=True)


def asked(n: int = 4) -> torch.Tensor:
    return torch.stack([torch.arange(n) % 3, torch.arange(n) % 2], dim=1)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("upsample", ["transposed", "resize"])
@pytest.mark.parametrize("network", ["conv", "mlp"])
@pytest.mark.parametrize("image_size", [28, 128])
def test_every_generator_makes_the_size_it_was_asked_for(image_size, network, upsample, shuffle):
    images = generator(image_size, network=network, upsample=upsample, shuffle=shuffle)(torch.randn(4, 8), asked())
    assert images.shape == (4, 1, image_size, image_size)
    assert images.abs().max() <= 1


@pytest.mark.parametrize("network", ["conv", "mlp"])
@pytest.mark.parametrize("image_size", [28, 128])
@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_every_discriminator_scores_each_image_once(conditioning, image_size, network):
    verdict = discriminator(image_size, conditioning, network)(torch.randn(4, 1, image_size, image_size), asked())
    assert verdict.score.shape == (4,)
    assert [guess.shape for guess in verdict.class_logits] == ([(4, 3), (4, 2)] if conditioning == "acgan" else [])


@pytest.mark.parametrize("conditioning", [how for how in CONDITIONINGS if how != "acgan"])
def test_the_score_depends_on_the_condition(conditioning):
    torch.manual_seed(0)
    network = discriminator(conditioning=conditioning).eval()
    image = torch.rand(1, 1, 28, 28)
    scores = [network(image, torch.tensor([[label, 0]])).score.item() for label in range(3)]
    assert len(set(scores)) == 3


def test_an_auxiliary_classifier_does_not_see_what_it_guesses():
    network = discriminator(conditioning="acgan").eval()
    image = torch.rand(1, 1, 28, 28)
    one, other = (network(image, torch.tensor([[label, 0]])) for label in (0, 2))
    assert torch.equal(one.score, other.score)
    assert torch.equal(one.class_logits[0], other.class_logits[0])


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_permuting_the_labels_permutes_the_samples(conditioning):
    network = generator(conditioning=conditioning).eval()
    latent, condition = torch.randn(1, 8).expand(4, 8), asked()
    order = torch.tensor([2, 0, 3, 1])
    images = network(latent, condition)
    torch.testing.assert_close(network(latent, condition[order]), images[order], rtol=0, atol=1e-6)
    assert not torch.allclose(images[0], images[1], atol=1e-4)


def test_a_size_that_cannot_be_halved_is_refused_with_what_can():
    with pytest.raises(ConfigError, match=r"image_size=29 .* 28, 32, 64 or 128"):
        architectures.halvings(29)


def test_one_hot_conditions_are_joined_and_embeddings_added_up():
    onehot = Condition(SIZES)
    assert onehot(torch.tensor([[2, 1]])).tolist() == [[0, 0, 1, 0, 1]]
    assert Condition(SIZES, "embedding", 7)(asked()).shape == (4, 7)
    assert Condition({})(torch.zeros(4, 0, dtype=torch.long)).shape == (4, 0)


@pytest.mark.parametrize(("how", "deviation"), [
    ("dcgan", 0.02), ("glorot_normal", (2 / (64 + 32)) ** 0.5), ("glorot_uniform", (2 / (64 + 32)) ** 0.5)
])  # fmt: skip
def test_initialisations_have_the_deviation_they_name(how, deviation):
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(64, 32), nn.utils.parametrizations.spectral_norm(nn.Linear(64, 32)))
    initialise(layers, how)
    for weight in (layers[0].weight, layers[1].parametrizations.weight.original):
        assert weight.std().item() == pytest.approx(deviation, rel=0.1)


def test_a_moving_average_follows_its_definition():
    network = nn.Linear(2, 2)
    average = MovingAverage(network, decay=0.9)
    expected = network.weight.detach().clone()
    for step in range(40):
        with torch.no_grad():
            network.weight.add_(torch.randn(2, 2))
        average.update(network, range(step, step + 1))
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * network.weight.detach()
    torch.testing.assert_close(average.average.weight, expected)


def test_a_moving_average_goes_as_far_in_one_move_as_in_several():
    network, once, often = nn.Linear(2, 2), *(MovingAverage(nn.Linear(2, 2), decay=0.9) for _ in range(2))
    once.load_state_dict(often.state_dict())
    for step in range(5, 12):
        often.update(network, range(step, step + 1))
    once.update(network, range(5, 12))
    torch.testing.assert_close(once.average.weight, often.average.weight)


def test_a_moving_average_is_no_weight_to_train():
    average = MovingAverage(nn.Linear(2, 2), decay=0.9)
    assert not any(weight.requires_grad for weight in average.parameters())


def test_images_do_not_mix_under_a_norm_that_the_penalty_allows():
    network = discriminator(norm="instance")
    images = torch.rand(4, 1, 28, 28, requires_grad=True)
    network(images, asked()).score[0].backward()
    assert images.grad is not None
    assert images.grad[0].abs().sum() > 0
    assert images.grad[1:].abs().sum() == 0
