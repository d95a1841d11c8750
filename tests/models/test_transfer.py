"""Weights that another model takes over: classes and styles find theirs by name, wherever they enter a network."""

from __future__ import annotations

import pytest
import torch

from handwriting.errors import ConfigError
from handwriting.models.base import GlyphModel
from handwriting.models.transfer import transfer
from handwriting.networks.averaging import MovingAverage
from tests.builders import CASES, case_name, make_batch, make_model

OTHER = ("c", "x", "a")
"""Two of the builders' classes in another order, and one of its own; b is dropped."""
OTHER_STYLES = ("thick", "thin")
MORE = [
    *(("cgan", f"model.conditioning={how}") for how in ("concat", "multiply", "acgan", "onehot")),
    ("wgan_gp", "model.conditioning=onehot"),
    ("cvae", "model.condition_encoding=embedding"),
    ("cvae", "model.prior_components=3"),
    ("cvae", "model.network=mlp"),
]
"""Every other way in which a condition enters a network."""
CONDITIONAL = [
    *((model, "") for model in ("cgan", "cvae", "wgan_gp")),
    *MORE,
]


def other(model: GlyphModel, alphabet: tuple[str, ...] = OTHER, styles: tuple[str, ...] = OTHER_STYLES) -> GlyphModel:
    """Return a model with the same settings, other weights and other names."""
    torch.manual_seed(1)
    return type(model)(**{**model.settings(), "alphabet": alphabet, "style_names": styles})


def case(name: str, conditions: tuple[str, ...], *overrides: str) -> GlyphModel:
    """Return a small model, in evaluation mode; an empty override is none."""
    return make_model(name, conditions, *filter(None, overrides)).eval()


def answers(model: GlyphModel, label: str, style: str) -> list[torch.Tensor]:
    """Return what every network of a model says of one glyph, and of one latent, under a class and a style by name."""
    indices = {"class": model.alphabet.index(label), "style": model.style_names.index(style)}
    condition = torch.tensor([[indices[name] for name in model.conditions]]).long()
    latent, image = torch.full((1, model.latent_dim), 0.3), make_batch(1).image
    said: list[torch.Tensor] = [model.generate(latent, condition)]
    for name, network in model.named_children():
        if name in ("generator", "decoder"):
            said.append(network(latent, condition))
        elif name == "discriminator":
            score, logits = network(image, condition)
            said += [score, *(of[0, index] for of, index in zip(logits, condition[0], strict=False))]
        elif name == "encoder":
            said += network(image, condition)
        elif name == "prior":
            said.append(network.log_density(latent, condition))
    return said


@pytest.mark.parametrize("conditions", [("class",), ("style", "class")], ids=case_name)
@pytest.mark.parametrize(("name", "override"), CONDITIONAL)
@torch.no_grad()
def test_every_network_says_the_same_of_a_class_of_the_same_name(name, override, conditions):
    # A spectral norm divides the weights of a class by a norm of those of all classes.
    plain = ["model.spectral_norm=false"] if "gan" in name else []
    source = case(name, conditions, override, *plain)
    model = other(source).eval()
    glyphs = [(label, style) for label in ("a", "c") for style in ("thin", "thick")]
    before = [answers(model, *glyph) for glyph in glyphs]
    transfer(source, model)
    for glyph, untrained in zip(glyphs, before, strict=True):
        theirs = answers(source, *glyph)
        torch.testing.assert_close(answers(model, *glyph), theirs)
        assert not any(map(torch.equal, untrained[:2], theirs[:2]))


@torch.no_grad()
def test_one_hot_conditions_are_found_wherever_the_layers_put_them():
    order = "concat class input style"
    layers = [
        "model.network=layers",
        f"model.decoder_layers=[{order},dense 9 relu,dense 1x28x28]",
        f"model.encoder_layers=[dense 9 relu,{order}]",
    ]
    source = case("cvae", ("class", "style"), *layers)
    model = other(source).eval()
    transfer(source, model)
    torch.testing.assert_close(answers(model, "c", "thin"), answers(source, "c", "thin"))


@pytest.mark.parametrize("override", ["", "model.conditioning=acgan", "model.conditioning=onehot"])
@torch.no_grad()
def test_the_same_classes_in_another_order_keep_their_spectral_norm(override):
    source = case("cgan", ("class", "style"), override)
    model = other(source, ("c", "a", "b")).eval()
    assert transfer(source, model).fresh == {"class": [], "style": []}
    torch.testing.assert_close(answers(model, "b", "thin"), answers(source, "b", "thin"))


@pytest.mark.parametrize("model", ["cgan", "cvae", "wgan_gp"])
@torch.no_grad()
def test_a_class_that_the_other_lacks_keeps_its_fresh_weights(model):
    source = make_model(model, ("class",), "model.condition_encoding=embedding" if model == "cvae" else "seed=0")
    taken, untouched = other(source), other(source)
    transferred = transfer(source, taken)
    assert (transferred.matched, transferred.fresh) == ({"class": ["c", "a"]}, {"class": ["x"]})
    tables = [name for name, weight in taken.named_parameters() if ".tables." in name]
    assert tables
    for name in tables:
        (theirs, mine, fresh) = (network.get_parameter(name) for network in (source, taken, untouched))
        assert torch.equal(mine, torch.stack([theirs[2], fresh[1], theirs[0]])), name


@pytest.mark.parametrize(("model", "conditions"), CASES, ids=case_name)
def test_the_same_classes_give_every_weight(model, conditions):
    source = make_model(model, conditions)
    taken = other(source, source.alphabet, source.style_names)
    transfer(source, taken)
    for name, weight in source.state_dict().items():
        assert torch.equal(weight, taken.state_dict()[name]), name


@pytest.mark.parametrize("model", [model for model, conditions in CASES if conditions == ()])
def test_without_conditions_the_classes_do_not_matter(model):
    source = make_model(model)
    taken = other(source, ("y", "z"), ())
    transfer(source, taken)
    latent, none = torch.full((1, source.latent_dim), 0.3), torch.zeros(1, 0, dtype=torch.long)
    with torch.no_grad():
        assert torch.equal(source.eval().generate(latent, none), taken.eval().generate(latent, none))


@pytest.mark.parametrize("model", [model for model, conditions in CASES if conditions == ()])
def test_the_average_becomes_what_is_trained(model):
    network = make_model(model)
    average = next(part for part in network.children() if isinstance(part, MovingAverage))
    for weight in average.parameters():
        weight.data.add_(1.0)
    network.adopt_average()
    trained = {name: weight for name, weight in network.named_parameters() if not name.startswith("averaged.")}
    averaged = list(average.parameters())
    equal = [any(torch.equal(weight, other) for other in averaged) for weight in trained.values()]
    assert sum(equal) == len(averaged)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.channels=8", "model.channels is 16 there, 8 here"),
        ("model.latent_dim=5", "model.latent_dim is 4 there, 5 here"),
        ("model.conditioning=acgan", "model.conditioning is projection there, acgan here"),
        ("model.spectral_norm=false", "model.spectral_norm is True there, False here"),
        ("model.output=sigmoid", "model.output is tanh there, sigmoid here"),
        ("model.network=mlp", "model.network is conv there, mlp here"),
    ],
)
def test_other_networks_are_refused_by_the_setting_that_differs(override, said):
    model = make_model("cgan", ("class",), override, "model.lr=1e-5")
    with pytest.raises(ConfigError) as refused:
        transfer(make_model("cgan", ("class",)), model)
    assert str(refused.value) == f"{said}: give the same, or another run."


def test_another_size_is_refused():
    with pytest.raises(ConfigError, match=r"^data\.image_size is 28 there, 32 here: give the same, or another run\.$"):
        transfer(make_model("cvae", ("class",)), make_model("cvae", ("class",), image_size=32))


def test_what_changes_no_layer_may_differ():
    free = ["model.lr=1e-5", "model.loss=bce", "model.dropout=0.3", "model.ema_decay=0.9", "model.critic_steps=2"]
    transfer(make_model("cgan", ("class",)), make_model("cgan", ("class",), *free))


def test_another_model_or_condition_is_refused():
    with pytest.raises(ConfigError, match="it holds a VAE, not a CGAN: choose the same model= or another run"):
        transfer(make_model("vae"), make_model("cgan", ("class",)))
    with pytest.raises(ConfigError, match=r"model\.conditions is \[\] there, \[class\] here"):
        transfer(make_model("wgan_gp"), make_model("wgan_gp", ("class",)))


def test_no_class_in_common_is_refused_with_the_classes_of_both():
    source = make_model("cgan", ("class",))
    with pytest.raises(ConfigError, match=r"^it knows no class of the data: a, b, c there, y, z here\.$"):
        transfer(source, other(source, ("y", "z")))


def test_layers_that_cannot_tell_classes_apart_are_refused_unless_the_classes_are_the_same():
    words = ["concat", "reshape 7x1x1", "dense 784", "reshape 1x28x28"]
    layers = [
        "model.network=layers",
        f"model.decoder_layers=[{','.join(words)}]",
        "model.encoder_layers=[dense 9,concat]",
    ]
    source = make_model("cvae", ("class",), *layers)
    transfer(source, other(source, source.alphabet))
    with pytest.raises(ConfigError, match="its layers are made for one number of classes"):
        transfer(source, other(source, ("a", "b", "x")))
