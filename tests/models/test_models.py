from __future__ import annotations

import dataclasses

import pytest
import torch

from handwriting.config import build, compose
from handwriting.errors import ConfigError, DataError
from handwriting.models.adversarial import AdversarialModel
from handwriting.models.running_means import RunningMeans
from handwriting.models.variational import VariationalModel
from tests.builders import ALPHABET, CASES, MODELS, case_name, make_batch, make_model

FROM_DATA = {"image_size", "alphabet", "style_names"}


@pytest.mark.parametrize("model", MODELS)
def test_the_configuration_names_every_setting_of_the_model(model):
    fields = {item.name for item in dataclasses.fields(make_model(model)) if item.init}
    assert set(compose("train", [f"model={model}"]).model) - {"_target_"} == fields - FROM_DATA


@pytest.mark.parametrize("model", MODELS)
def test_python_and_the_command_line_have_the_same_defaults(model):
    section = compose("train", [f"model={model}"]).model
    metadata = {"image_size": 28, "alphabet": ALPHABET}
    assert build(section, "model", **metadata).settings() == type(make_model(model))(**metadata).settings()


def test_the_score_may_start_from_weights_of_its_own():
    plain = ["model.spectral_norm=false", "model.initialisation=glorot_uniform"]
    alike, apart = (make_model("dcgan", (), *plain, *more) for more in ([], ["model.score_initialisation=dcgan"]))
    for name, weight in alike.discriminator.state_dict().items():
        assert torch.equal(weight, apart.discriminator.state_dict()[name]) == (name != "score.weight"), name
    assert apart.discriminator.score.weight.std().item() == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize("image_size", [28, 128])
@pytest.mark.parametrize(("model", "conditions"), CASES, ids=case_name)
def test_samples_are_shaped_in_range_and_repeatable(model, conditions, image_size):
    network = make_model(model, conditions, image_size=image_size)
    once, again = (network.sample(5, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert once.shape == (5, 1, image_size, image_size)
    assert once.dtype == torch.float32
    assert 0 <= once.min() <= once.max() <= 1
    assert torch.equal(once, again)
    assert not torch.equal(once, network.sample(5, generator=torch.Generator().manual_seed(4)))


@pytest.mark.parametrize(("model", "conditions"), CASES, ids=case_name)
def test_sampling_leaves_the_model_as_it_was(model, conditions):
    network = make_model(model, conditions).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.sample(3)
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("model", [model for model, conditions in CASES if conditions == ("class", "style")])
def test_labels_and_styles_are_asked_for_by_name_or_index(model):
    network = make_model(model, ("class", "style"))

    def sample(**asked):
        return network.sample(2, generator=torch.Generator().manual_seed(0), **asked)

    assert torch.equal(sample(labels="b", styles="thick"), sample(labels=[1, 1], styles=torch.tensor([1, 1])))
    assert torch.equal(sample(labels=["b", "c"], styles="thin")[:1], sample(labels="b", styles="thin")[:1])
    assert not torch.equal(sample(labels="b", styles="thin"), sample(labels="b", styles="thick"))
    assert not torch.equal(sample(labels="a", styles="thin"), sample(labels="b", styles="thin"))


def test_an_unknown_label_is_named_with_those_there_are():
    with pytest.raises(DataError, match=r"no class called d.*Known: a, b, c"):
        make_model("cgan", ("class",)).sample(1, labels="d")
    with pytest.raises(DataError, match=r"^labels must be 0 to 2, or names; got 7\.$"):
        make_model("cgan", ("class",)).sample(1, labels=[7])
    with pytest.raises(DataError, match="give one for each"):
        make_model("cgan", ("class",)).sample(3, labels=["a", "b"])


def test_a_condition_that_the_model_was_not_trained_on_is_refused():
    with pytest.raises(DataError, match=r"not trained with model\.conditions=style"):
        make_model("cgan", ("class",)).sample(1, styles="thin")
    with pytest.raises(DataError, match=r"not trained with model\.conditions=class"):
        make_model("vae").sample(1, labels="a")


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["model=cgan", "model.label_smoothing=0.1"], "needs model.loss=bce"),
        (["model=wgan_gp", "model.weight_clip=0.01"], "set one of them to 0"),
        (["model=wgan_gp", "model.discriminator_norm=batch"], "use instance or none"),
        (["model=cgan", "model.conditions=[class,class]"], "names one condition twice"),
        (["model=cvae", "model.prior_components=3", "model.free_bits=0.1"], "set one of them to 0"),
        (["model=cvae", "model.binarise=true", "model.likelihood=gaussian"], "is for model.likelihood=bernoulli"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(overrides, told):
    name = overrides[0].removeprefix("model=")
    with pytest.raises(ConfigError, match=told):
        make_model(name, ("class",), *overrides[1:])


def test_conditioning_on_style_without_styles_says_where_to_get_them():
    section = compose("train", ["model=cgan", "model.conditions=[class,style]"]).model
    with pytest.raises(ConfigError, match=r"data\.style=median"):
        build(section, "model", image_size=28, alphabet=ALPHABET, style_names=())


@pytest.mark.parametrize(("model", "conditions"), [case for case in CASES if "vae" in case[0]], ids=case_name)
def test_variational_models_encode_and_reconstruct(model, conditions):
    network = make_model(model, conditions)
    assert isinstance(network, VariationalModel)
    batch = make_batch(7)
    assert network.encode(batch).shape == (7, network.latent_dim)
    rebuilt = network.reconstruct(batch)
    assert rebuilt.shape == batch.image.shape
    assert 0 <= rebuilt.min() <= rebuilt.max() <= 1


def test_labels_reach_the_encoder_only_where_asked():
    batch = make_batch(6)
    other = batch._replace(label=(batch.label + 1) % 3)
    for label_encoder in (False, True):
        network = make_model("cvae", ("class",), f"model.label_encoder={label_encoder}")
        assert isinstance(network, VariationalModel)
        assert torch.equal(network.encode(batch), network.encode(other)) is not label_encoder


@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous_bernoulli", "gaussian"])
@pytest.mark.parametrize("network", ["conv", "mlp"])
def test_a_vae_learns_its_glyphs_under_every_likelihood(likelihood, network):
    model = make_model("vae", (), f"model.likelihood={likelihood}", f"model.network={network}")
    assert isinstance(model, VariationalModel)
    batch = make_batch(16)._replace(image=(make_batch(16).image > 0.8).float())
    optimizer = model.configure_optimizers()
    losses = []
    for _ in range(60):
        reconstruction, kl = model.loss_terms(batch)
        loss = (reconstruction + kl.sum(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 50


def test_the_loss_that_is_logged_does_not_depend_on_warm_up(monkeypatch):
    logged, optimised = [], []
    for warmup in (0, 1000):
        model = make_model("vae", (), f"model.kl_warmup={warmup}")
        monkeypatch.setattr(model, "optimizers", lambda: None)
        monkeypatch.setattr(model, "step_optimizer", lambda optimizer, loss: optimised.append(loss().item()))
        torch.manual_seed(1)
        model.train_batch(make_batch())
        logged.append(model.running_means.take()["loss"])
    assert logged[0] == pytest.approx(logged[1])
    assert optimised[1] < optimised[0]


@pytest.mark.parametrize("conditions", [("class",), ("class", "style")])
def test_a_learned_prior_goes_where_the_glyphs_of_its_condition_are(conditions):
    model = make_model("cvae", conditions, "model.prior_components=2", "model.ema_decay=0")
    assert isinstance(model, VariationalModel)
    batch = make_batch(12)
    optimizer = torch.optim.Adam(model.prior.parameters(), 0.1)
    with torch.no_grad():  # latents of a class lie about its own place, and there alone
        model.encoder.head.weight.zero_()
        model.encoder.head.bias[: model.latent_dim] = 3
        model.encoder.head.bias[model.latent_dim :] = -4
    costs = []
    for _ in range(100):
        optimizer.zero_grad()
        _, kl = model.loss_terms(batch)
        kl.mean().backward()
        optimizer.step()
        costs.append(kl.mean().item())
    assert costs[-1] < 0.2 * costs[0]
    model.update_ema(range(1))
    drawn = model.sample_latents(model.condition(batch), torch.Generator().manual_seed(0))
    assert (drawn - 3).abs().mean() < 0.6


def test_a_binarised_glyph_is_drawn_anew_in_proportion_to_its_grey():
    model = make_model("vae", (), "model.binarise=true")
    assert isinstance(model, VariationalModel)
    grey = make_batch(400)._replace(image=torch.full((400, 1, 28, 28), 0.25))
    torch.manual_seed(0)
    once, again = model.binarised(grey).image, model.binarised(grey).image
    assert set(once.unique().tolist()) == {0.0, 1.0}
    assert once.mean().item() == pytest.approx(0.25, abs=0.01)
    assert not torch.equal(once, again)


def test_a_vae_is_judged_by_its_averaged_weights_and_trained_by_its_own():
    model = make_model("vae")
    assert isinstance(model, VariationalModel)
    batch = make_batch()
    before = model.reconstruct(batch)
    with torch.no_grad():
        for weight in model.decoder.parameters():
            weight.add_(0.5)
    assert torch.equal(model.reconstruct(batch), before)
    assert model.train().active_network("decoder") is model.decoder
    model.update_ema(range(1))
    assert not torch.equal(model.reconstruct(batch), before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": -1}, "n=-1: give the number of glyphs"),
        ({"n": 2.5}, "n=2.5: give the number of glyphs"),
        ({"n": 2, "temperature": -1}, "temperature=-1: give a number greater than 0"),
        ({"n": 2, "temperature": float("nan")}, "temperature=nan: give a number greater than 0"),
    ],
)
def test_a_number_or_a_temperature_that_is_none_is_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        make_model("vae").sample(**arguments)


def test_one_label_is_for_all_glyphs_by_name_or_index():
    model = make_model("cgan", ("class",))
    samples = [model.sample(2, labels=label, generator=torch.Generator().manual_seed(0)) for label in (1, "b")]
    assert torch.equal(*samples)


@pytest.mark.parametrize("model", [name for name in MODELS if "gan" in name])
def test_samples_come_from_the_averaged_generator(model):
    network = make_model(model)
    assert isinstance(network, AdversarialModel)
    latent, condition = torch.randn(3, network.latent_dim), torch.zeros(3, len(network.conditions), dtype=torch.long)
    before = network.eval().generate(latent, condition)
    with torch.no_grad():
        for weight in network.generator.parameters():
            weight.add_(1)
    assert torch.equal(network.generate(latent, condition), before)
    network.averaged.update(network.generator, range(1))
    assert not torch.equal(network.generate(latent, condition), before)


def test_bfloat16_agrees_with_float32():
    for name in MODELS:
        network = make_model(name, (), "model.channels=64")
        batch = make_batch(32)
        condition = network.condition(batch)
        values = []
        for enabled in (False, True):
            torch.manual_seed(2)
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                if isinstance(network, VariationalModel):
                    values.append(network.loss_terms(batch)[0].mean().item())
                else:
                    assert isinstance(network, AdversarialModel)
                    fake = network.generator(network.sample_noise(batch.image), condition)
                    values.append(
                        network.discriminator_loss(
                            *network.discriminate(batch.image, fake, condition), condition
                        ).item()
                    )
        assert values[1] == pytest.approx(values[0], rel=0.02), name


def test_averages_weigh_and_start_anew():
    averages = RunningMeans()
    averages.add({"loss": torch.tensor(1.0)}, weight=3)
    averages.add({"loss": torch.tensor(5.0)})
    assert averages.take() == {"loss": 2.0}
    assert averages.take() == {}


def test_weight_clipping_keeps_the_critic_within_its_bounds():
    model = make_model("wgan_gp", (), "model.gradient_penalty=0", "model.weight_clip=0.01")
    assert isinstance(model, AdversarialModel)
    assert max(weight.abs().max() for weight in model.discriminator.parameters()) > 0.01
    model.constrain()
    assert max(weight.abs().max() for weight in model.discriminator.parameters()) <= 0.01


def test_every_loss_term_of_an_auxiliary_classifier_is_logged():
    model = make_model("cgan", ("class", "style"), "model.conditioning=acgan")
    assert isinstance(model, AdversarialModel)
    model.validate_batch(make_batch())
    values = model.running_means.take()
    assert {"discriminator_auxiliary_loss", "generator_auxiliary_loss", "accuracy_real", "accuracy_fake"} <= set(values)
