"""What training promises, kept by training: through the job itself, on a few synthetic glyphs."""

from __future__ import annotations

import csv
import errno
import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

import handwriting
from handwriting.config import build, compose, plain_config
from handwriting.data.preparation.splits import hashes_of
from handwriting.data.sources.synthetic import draw_glyphs
from handwriting.engine.experiment import Experiment
from handwriting.engine.precision import resolve_precision
from handwriting.engine.sections import build_source
from handwriting.errors import ConfigError, NotFiniteError
from handwriting.jobs import start
from handwriting.models.base import GlyphModel
from handwriting.models.variational import VariationalModel
from handwriting.runs import Run, checkpoints
from handwriting.runs.split import read_split
from tests.builders import CASES, MODELS, QUICK, case_name, conditions_override, train


def model_overrides(model: str, conditions: tuple[str, ...]) -> list[str]:
    style = ["data.style=median"] if "style" in conditions else []
    return [f"model={model}", *conditions_override(model, conditions), *style]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return checkpoints.load(folder / "checkpoints" / "last.ckpt")["state_dict"]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
@pytest.mark.parametrize(("model", "conditions"), CASES, ids=case_name)
def test_every_model_trains_resumes_loads_and_samples(model, conditions, tmp_path, monkeypatch):
    """The promise of the allow-list: a new YAML file is trained, resumed, loaded and sampled with no other edit."""
    monkeypatch.chdir(tmp_path)
    overrides = [*QUICK, *model_overrides(model, conditions), "callbacks=none"]
    unbroken, stopped = tmp_path / "unbroken", tmp_path / "stopped"
    assert start("train", [*overrides, f"hydra.run.dir={unbroken}"]) == 0
    assert start("train", [*overrides, f"hydra.run.dir={stopped}", "trainer.max_epochs=1"]) == 0
    before = weights(stopped)
    assert start("train", [f"resume={stopped}", "trainer.max_epochs=2"]) == 0
    assert not same(before, weights(stopped))
    assert same(weights(unbroken), weights(stopped))

    loaded = handwriting.load(stopped)
    fresh = {name: value for name, value in loaded.state_dict().items()}
    assert same(fresh, weights(stopped))
    images = loaded.sample(3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(images, handwriting.load(unbroken).sample(3, generator=torch.Generator().manual_seed(0)))


def test_a_run_folder_holds_what_a_person_wants_to_open(gan, vae):
    shared = ["config.yaml", "status.json", "summary.json", "metrics.csv", "training.gif", "losses.png", "train.log"]
    for folder in (gan, vae):
        for name in [*shared[:-1], "checkpoints/last.ckpt", *(f"samples/epoch_{epoch:04d}.png" for epoch in range(3))]:
            assert (folder / name).stat().st_size > 0, name
    for name in ("latent.png", "walk.png", "reconstructions/epoch_0002.png", "checkpoints/best.ckpt"):
        assert (vae / name).stat().st_size > 0, name
        assert not (gan / name).exists(), name


def test_the_configuration_kept_is_resolved_and_builds_the_model_again(gan):
    cfg = yaml.safe_load((gan / "config.yaml").read_text())
    assert cfg["data"]["seed"] == 0
    assert "${" not in (gan / "config.yaml").read_text()
    rebuilt = build(cfg["model"], "model", image_size=28, alphabet=("a", "b", "c"))
    assert isinstance(rebuilt, GlyphModel)
    rebuilt.load_state_dict(weights(gan))


def test_metrics_are_finite_and_counted_in_batches_samples_and_seconds(gan):
    with (gan / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"epoch", "batches", "samples", "seconds"} <= set(rows[0])
    last = Run.at(gan).metrics()[-1]
    # 120 glyphs: a fifth for testing and a tenth of the rest for validation leave 86, five full batches of 16 an epoch.
    assert (last["epoch"], last["batches"], last["samples"]) == (2, 10, 160)
    assert 0 < last["seconds"] < 600
    players = [
        f"train/{player}_{what}" for player in ("discriminator", "generator") for what in ("loss", "gradient_norm")
    ]
    for name in [*players, "train/accuracy_real", "train/accuracy_fake", "val/discriminator_loss"]:
        assert np.isfinite(last[name]), name


def test_the_summary_has_the_smallest_and_the_current_value_of_each_metric(vae):
    summary = Run.at(vae).summary
    losses = [row["val/loss"] for row in Run.at(vae).metrics() if "val/loss" in row]
    assert summary["metrics"]["val/loss"] == {"value": losses[-1], "min": min(losses), "max": max(losses)}
    assert summary["state"] == "done"
    assert summary["parameters"] > 0


def test_the_status_tells_how_to_repeat_the_run(gan):
    status = Run.at(gan).status
    assert status["state"] == "done"
    assert {"seed", "pid", "host", "versions", "threads", "data_fingerprint", "started", "ended"} <= set(status)


def test_training_changes_the_samples(vae):
    first, last = (np.asarray(Image.open(vae / f"samples/epoch_000{epoch}.png")) for epoch in (0, 2))
    assert first.shape != last.shape or not np.array_equal(first, last)


def test_the_same_seed_gives_the_same_bytes(gan, tmp_path):
    again, other = train(tmp_path / "again", "model=cgan"), train(tmp_path / "other", "model=cgan", "seed=1")
    assert same(weights(gan), weights(again))
    assert (gan / "samples/epoch_0002.png").read_bytes() == (again / "samples/epoch_0002.png").read_bytes()
    assert not same(weights(gan), weights(other))


def test_a_callback_is_switched_off_by_its_name(tmp_path):
    folder = train(
        tmp_path / "run", "model=vae", "trainer.max_epochs=1", "callbacks.samples=null", "callbacks.curves=null"
    )
    assert not (folder / "samples").exists()
    assert not (folder / "losses.png").exists()
    assert (folder / "reconstructions").exists()


# Faults


class Poison:
    """Makes the loss of one batch of training not a number."""

    def __init__(self, monkeypatch, at: int) -> None:
        self.model: GlyphModel | None = None
        self.before: dict[str, torch.Tensor] = {}
        original = GlyphModel.nan_unless_finite

        def nan_unless_finite(loss):
            assert self.model is not None
            if self.model.batches >= at and not self.before:
                self.before = {name: weight.detach().clone() for name, weight in self.model.named_parameters()}
                return original(loss * torch.nan)
            return original(loss)

        monkeypatch.setattr(GlyphModel, "nan_unless_finite", staticmethod(nan_unless_finite))
        build_model = Experiment.build_model

        def remember(experiment):
            self.model = build_model(experiment)
            return self.model

        monkeypatch.setattr(Experiment, "build_model", remember)


@pytest.mark.parametrize("model", MODELS)
def test_a_step_that_is_not_finite_changes_no_weight_and_stops_the_run(model, tmp_path, monkeypatch):
    # The sixth batch is poisoned; with log_every_n_steps=1 the run stops before any other step.
    poison = Poison(monkeypatch, at=6)
    with pytest.raises(NotFiniteError, match="no weight was changed"):
        train(tmp_path / "run", f"model={model}", "callbacks=none", "trainer.log_every_n_steps=1")
    assert poison.model is not None
    assert poison.before
    trained = dict(poison.model.named_parameters())
    changed = {name for name in poison.before if not torch.equal(poison.before[name], trained[name])}
    # A GAN's other player has had its own, finite step.
    assert not any(name.startswith(("encoder", "decoder", "discriminator")) for name in changed)
    assert all(weight.isfinite().all() for weight in trained.values())
    assert all(value.isfinite().all() for value in weights(tmp_path / "run").values())
    status = Run.at(tmp_path / "run").status
    assert status["state"] == "failed"
    assert "not a finite" in status["why"] or "nan" in status["why"]


def test_ctrl_c_leaves_a_run_that_resumes_to_the_same_weights(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    overrides = [*QUICK, "model=cvae", "callbacks=none", "trainer.max_epochs=3"]
    unbroken, stopped = tmp_path / "unbroken", tmp_path / "stopped it's"
    assert start("train", [*overrides, f"hydra.run.dir={unbroken}"]) == 0

    learn = VariationalModel.train_batch

    def interrupt(self, batch):
        learn(self, batch)
        if self.batches == 11:  # in the middle of the third epoch, and of a step
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(VariationalModel, "train_batch", interrupt)
        assert (
            start("train", [*overrides, f"hydra.run.dir='{str(stopped).replace(chr(39), chr(92) + chr(39))}'"]) == 130
        )
    assert Run.at(stopped).status["state"] == "interrupted"
    assert "resume=" in capsys.readouterr().err
    assert start("train", [f"resume={stopped}"]) == 0
    assert same(weights(unbroken), weights(stopped))
    batches = [row["batches"] for row in Run.at(stopped).metrics()]
    assert batches == sorted(set(batches))
    assert batches == [row["batches"] for row in Run.at(unbroken).metrics()]


@pytest.fixture
def finished(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "run"
    assert (
        start("train", [*QUICK, "model=vae", "callbacks=none", "trainer.max_epochs=1", f"hydra.run.dir={folder}"]) == 0
    )
    return folder


def test_resuming_a_finished_run_says_that_nothing_is_left_and_how_to_train_longer(finished, capsys):
    capsys.readouterr()
    before = contents(finished)
    assert start("train", [f"resume={finished}"]) == 0
    command = f"handwriting train resume={finished} trainer.max_epochs=2"
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"Nothing is left to do: this run has reached its limit. To train longer, raise it: {command}"
    )
    assert contents(finished) == before
    assert start("train", [f"resume={finished}", "trainer.max_epochs=2"]) == 0
    assert "Nothing is left" not in capsys.readouterr().out


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("model.latent_dim=7", "model.latent_dim is 4 there, not 7"),
        ("model=cvae", "model._target_"),
        ("data.image_size=32", "data.image_size is 28 there, not 32"),
        ("model.kl_weight=3", "model.kl_weight is 1.0 there, not 3"),
        ("model.latnt_dim=7", "has no model.latnt_dim. Did you mean model.latent_dim?"),
        ("data.coun=700", "has no data.coun. Did you mean data.count?"),
        ("trainer.max_epoch=3", "has no trainer.max_epoch. Did you mean trainer.max_epochs?"),
        ("metrics.kid.max_glyphs=40", "has no metrics.kid"),
        ("seed=5", "seed is 0 there, not 5"),
        ("debug=fast", "debug cannot be given with resume"),
        ("+trainer.gradient_clip_val=1", "model.gradient_clip=<norm>"),
    ],
)
def test_resuming_with_another_architecture_is_refused_by_naming_what_changed(override, told, finished, capsys):
    before = contents(finished)
    assert start("train", [f"resume={finished}", override]) == 2
    assert told in capsys.readouterr().err
    assert contents(finished) == before


def write_pictures(folder: Path, classes: str = "ab", numbers: range = range(12)) -> Path:
    """Write a picture of a bar for each class and number, and return the folder."""
    for name in classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in numbers:
            image = np.zeros((28, 28), np.uint8)
            image[4:24, 3 * (ord(name) % 4) + 4 : 3 * (ord(name) % 4) + 9] = 255 - number
            image[number + 5, 2:26] = 200
            Image.fromarray(image).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def of_pictures(tmp_path, monkeypatch) -> Path:
    """A run of one epoch on pictures in ``pictures/``."""
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "pictures")
    words = [word for word in QUICK if not word.startswith("data")]
    data = ["data=folder", "data.path=pictures", "data.batch_size=8", "data.polarity=light_on_dark", "data.crop=none"]
    assert start("train", [*words, *data, "model=cgan", "trainer.max_epochs=1", "hydra.run.dir=run"]) == 0
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("change", "overrides", "told"),
    [
        (lambda: None, ["trainer.max_epochs=0"], "has trained 1 epoch already"),
        (lambda: Path("pictures").rename("moved"), ["trainer.max_epochs=2"], "pictures is not a folder"),
        (lambda: write_pictures(Path("pictures"), "c"), ["trainer.max_epochs=2"], "(new: c)"),
        (lambda: shutil.rmtree("pictures/b"), ["trainer.max_epochs=2"], "(gone: b)"),
    ],
    ids=["fewer epochs", "data missing", "a new class", "a class gone"],
)
def test_a_refused_resumption_changes_nothing(change, overrides, told, of_pictures, capsys):
    before = contents(of_pictures)
    change()
    assert start("train", ["resume=run", *overrides]) == 2
    assert told in capsys.readouterr().err
    assert contents(of_pictures) == before
    assert {path.name for path in Path().iterdir()} <= {"run", "pictures", "moved"}


def test_a_resumed_run_finds_data_that_have_moved(of_pictures):
    Path("pictures").rename("moved")
    assert start("train", ["resume=run", "trainer.max_epochs=2", "data.path=moved"]) == 0
    assert Run.at(of_pictures).status["state"] == "done"


def test_glyphs_added_before_a_resumption_are_told_of_and_leave_the_held_out_ones_held_out(of_pictures, caplog):
    before, held_out = Run.at(of_pictures).status["data_fingerprint"], read_split(of_pictures)
    assert {part: len(hashes) for part, hashes in held_out.items()} == {"test": 4, "val": 2}
    write_pictures(Path("pictures"), numbers=range(12, 18))
    assert start("train", ["resume=run", "trainer.max_epochs=2"]) == 0
    assert "the glyphs have changed since this run began" in caplog.text
    status = Run.at(of_pictures).status
    assert status["data_fingerprints"] == [before, status["data_fingerprint"]]
    source = build_source(plain_config(of_pictures / "config.yaml")["data"])
    source.held_before = held_out
    again = source.prepared(*source.read())
    assert set(hashes_of(again.val.images)) == set(held_out["val"])
    assert set(hashes_of(again.test.images)) == set(held_out["test"])
    assert len(again.train) == 2 * 18 - 6


def test_resuming_may_change_how_long_and_how_fast(finished):
    assert start("train", [f"resume={finished}", "trainer.max_epochs=2", "model.lr=1e-4"]) == 0
    assert Run.at(finished).metrics()[-1]["epoch"] == 2
    saved = checkpoints.load(finished / "checkpoints" / "last.ckpt")["optimizer_states"][0]["param_groups"][0]
    assert saved["lr"] == 1e-4


def test_a_resumed_run_keeps_its_place_in_the_tables_and_leaves_nothing_elsewhere(finished):
    before = Run.at(finished).summary
    assert start("train", [f"resume={finished}", "trainer.max_epochs=2"]) == 0
    after = Run.at(finished).summary
    assert (after["data"], after["model"]) == (before["data"], before["model"]) == ("synthetic", "VAE")
    assert [path.name for path in Path().iterdir()] == [finished.name]


def test_resuming_what_is_still_running_is_refused(finished, capsys):
    status = json.loads((finished / "status.json").read_text())
    (finished / "status.json").write_text(json.dumps({**status, "state": "running"}))
    assert start("train", [f"resume={finished}"]) == 2
    assert "still running" in capsys.readouterr().err


def test_resuming_nothing_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert start("train", ["resume=runs/none"]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_hostile_config_in_a_run_folder_builds_nothing(finished, tmp_path, capsys):
    target = tmp_path / "victim"
    target.touch()
    cfg = yaml.safe_load((finished / "config.yaml").read_text())
    cfg["callbacks"]["evil"] = {"_target_": "pathlib.Path.unlink", "self": str(target)}
    (finished / "config.yaml").write_text(yaml.safe_dump(cfg))
    assert start("train", [f"resume={finished}", "trainer.max_epochs=2"]) == 2
    assert "pathlib.Path.unlink" in capsys.readouterr().err
    assert target.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({}, "state_dict"),
        ({"state_dict": 3}, "state_dict"),
        ({"state_dict": {"a": 1}}, "state_dict"),
        ({"state_dict": {}, "hyper_parameters": 3}, "hyper_parameters"),
        ({"state_dict": {}}, "epoch"),
    ],
)
def test_a_damaged_checkpoint_is_refused_by_naming_it(content, told, finished, capsys):
    path = finished / "checkpoints" / "last.ckpt"
    checkpoints.save(content, path)
    (finished / "checkpoints" / "best.ckpt").unlink(missing_ok=True)
    for job in (["train", f"resume={finished}", "trainer.max_epochs=2"], ["sample", f"run={finished}"]):
        assert start(job[0], job[1:]) == 2
        error = capsys.readouterr().err
        assert error.splitlines()[-1].startswith(str(path))
        assert told in error or job[0] == "sample"
        assert "Traceback" not in error


def test_a_status_that_says_nothing_is_refused_by_naming_its_file(finished, capsys):
    (finished / "status.json").write_text("{}")
    assert start("train", [f"resume={finished}"]) == 2
    assert capsys.readouterr().err.startswith(f"{finished / 'status.json'} is broken (no state)")


@pytest.mark.parametrize(
    "failure",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0"),
    ],
)
def test_a_full_disk_is_one_line_that_names_the_file(failure, tmp_path, monkeypatch, capsys):
    def fail(*arguments, **options):
        raise failure

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch, "save", fail)
    folder = tmp_path / "run"
    assert start("train", [*QUICK, "model=vae", "callbacks=none", f"hydra.run.dir={folder}"]) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith(f"No space left on device: {folder / 'checkpoints'}")
    assert told in Run.at(folder).status["why"]


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"model": None}, "model=None: must be a section that names its class in _target_."),
        ({"model": 3}, "model=3: must be a section"),
        ({"callbacks": None}, "callbacks=None: must map names to sections"),
        ({"callbacks": {"samples": 3}}, "callbacks.samples=3: must be a section"),
        ({"logger": 3}, "logger=3: must map names to sections"),
        ({"logger": {"a": 3}}, "logger.a=3: must be a section"),
        ({"metrics": 3}, "metrics=3: must map names to sections"),
        ({"seed": "x"}, "seed=x: must be a valid integer."),
        ({"seed": -5}, "seed=-5: must be greater than or equal to 0."),
    ],
)
def test_a_damaged_configuration_of_a_run_is_refused_by_naming_its_file(section, told, finished, capsys):
    cfg = yaml.safe_load((finished / "config.yaml").read_text())
    (finished / "config.yaml").write_text(yaml.safe_dump(cfg | section))
    before = contents(finished)
    assert start("train", [f"resume={finished}", "trainer.max_epochs=2"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"{finished / 'config.yaml'}: {told}")
    assert error.count("\n") == 1
    assert contents(finished) == before


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["model.latent_dim=-3"], "model.latent_dim=-3"),
        (["model.norm=bath"], "Did you mean batch?"),
        (["model.conditions=[class,style]", "model=cgan"], "data.style=median"),
        (["data.image_size=29"], "data.image_size=29"),
        (["precision=16-mixed"], "bf16-mixed"),
        (["trainer=gpu"], "gpu"),
        (["data.batch_size=0"], "data.batch_size=0"),
        (["trainer.max_epochs=many"], "trainer.max_epochs=many"),
        (["callbacks.samples.rows=0"], "callbacks.samples.rows=0"),
        (["trainer.check_val_every_n_epoch=0"], "trainer.check_val_every_n_epoch=0"),
        (["+trainer.val_check_interval=0"], "trainer.val_check_interval=0"),
        (["trainer.log_every_n_steps=0"], "trainer.log_every_n_steps=0"),
        (["+trainer.accumulate_grad_batches=0"], "trainer.accumulate_grad_batches=0"),
        (["trainer.limit_train_batches=0"], "trainer.limit_train_batches=0"),
        (["trainer.limit_train_batches=0.0"], "trainer.limit_train_batches=0.0"),
    ],
)
def test_a_wrong_value_is_refused_before_data_is_prepared(overrides, told, tmp_path, monkeypatch, capsys):
    if "trainer=gpu" in overrides and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "handwriting.data.loading.module.GlyphData.setup", lambda self, stage="fit": pytest.fail("data was prepared")
    )
    without = [word for word in QUICK if not ("trainer=gpu" in overrides and word == "trainer=cpu")]
    assert start("train", [*without, *overrides]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert list(tmp_path.rglob("*.json")) == []


@pytest.mark.parametrize(
    ("override", "instead"),
    [
        ("+trainer.gradient_clip_val=1", "model.gradient_clip=<norm>"),
        ("+trainer.accumulate_grad_batches=2", "data.batch_size"),
        ("+trainer.val_check_interval=2", "trainer.check_val_every_n_epoch"),
        ("trainer.max_steps=3", "callbacks.limit.max_batches=<batches>"),
    ],
)
def test_what_a_trainer_cannot_do_with_our_models_names_what_can(override, instead, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert start("train", [*QUICK, override]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"{override.removeprefix('+')}: the models optimise by hand")
    assert instead in error
    assert error.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_one_process_within_an_allocation_of_four_tasks_trains(tmp_path, monkeypatch):
    variables = {"NTASKS": "4", "JOB_ID": "1", "JOB_NAME": "mine", "PROCID": "0", "LOCALID": "0", "NODEID": "0"}
    for name, value in variables.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    experiment = Experiment.from_config(compose("train", [*QUICK, "model=cgan"]), tmp_path)
    assert (experiment.trainer.world_size, experiment.trainer.global_rank) == (1, 0)


def test_a_time_is_given_as_a_person_writes_it_and_a_single_condition_without_brackets(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [*QUICK, "model=cgan", "callbacks=none", "model.conditions=class"]
    assert start("train", [*words, "trainer.max_time=1h30m"]) == 0
    assert start("train", [*words, "trainer.max_time=soon"]) == 2
    assert "trainer.max_time=soon: give a time such as 90s, 3m, 1h30m" in capsys.readouterr().err


def test_missing_data_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert start("train", ["data=emnist", "logger=none", "trainer=cpu"]) == 2
    error = capsys.readouterr().err
    assert "data.download=true" in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_said_of_the_data_before_there_is_a_folder_stands_in_its_log(tmp_path, monkeypatch, capsys):
    def read(self):
        logging.getLogger("handwriting.data").warning("unofficial bytes")
        return draw_glyphs(60, 0, classes="abc")[0], draw_glyphs(12, 1, classes="abc")[0]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("handwriting.data.sources.synthetic.Synthetic.read", read)
    assert start("train", [*QUICK, "model=vae", "trainer.max_epochs=1", "callbacks=none"]) == 0
    (log,) = (tmp_path / "runs").glob("*/train.log")
    assert log.read_text().count("unofficial bytes") == 1
    assert "unofficial bytes" in capsys.readouterr().err


@pytest.mark.parametrize(
    "ends", ["trainer.max_epochs=4", "callbacks.limit.max_batches=20", "trainer.max_time=00:00:00:03"]
)
def test_a_cosine_brings_the_learning_rate_down_to_nothing_whatever_ends_the_run(
    tmp_path, monkeypatch, counted_time, ends
):
    rates = []
    learn = GlyphModel.set_lr
    monkeypatch.setattr(GlyphModel, "set_lr", lambda model, lr: (rates.append(lr), learn(model, lr)))
    unlimited = [] if "epochs" in ends else ["trainer.max_epochs=-1"]
    train(tmp_path / "run", "model=vae", "model.lr_schedule=cosine", "model.lr=0.01", *unlimited, ends)
    falling = rates[1:]  # the first is what the run begins with
    assert falling == sorted(falling, reverse=True)
    assert falling[0] == pytest.approx(0.01, rel=0.05)
    assert falling[-1] < 0.002


def test_a_cosine_ends_where_it_is_told_to(tmp_path, monkeypatch):
    rates = []
    monkeypatch.setattr(GlyphModel, "set_lr", lambda model, lr: rates.append(lr))
    falls = ["model.lr_schedule=cosine", "model.lr=0.01", "model.lr_final=0.4", "trainer.max_epochs=10"]
    train(tmp_path / "run", "model=vae", *falls, "callbacks.samples=null")
    assert rates[-1] == min(rates) == pytest.approx(0.004, rel=0.05)


def test_a_constant_learning_rate_is_left_alone(tmp_path, monkeypatch):
    rates = []
    monkeypatch.setattr(GlyphModel, "set_lr", lambda model, lr: rates.append(lr))
    train(tmp_path / "run", "model=vae", "model.lr=0.01")
    assert rates == [0.01]


def test_precision_is_bfloat16_only_where_it_is_native(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for native in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda native=native: native)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        assert resolve_precision("auto", "cpu") == ("bf16-mixed" if native else "32-true")
    with pytest.raises(ConfigError, match="choose auto"):
        resolve_precision("64", "cpu")


@pytest.mark.slow
def test_two_processes_train_as_one_run(tmp_path, monkeypatch):
    """DDP on two CPU processes: one folder, files from the first, metrics over both and equal to those of one."""
    import subprocess
    import sys

    from handwriting.features.cache import feature_space
    from handwriting.metrics.base import Reference
    from handwriting.metrics.evaluation import compute_metrics, evaluate_samples
    from handwriting.metrics.fid import FID

    train_py = Path(__file__).parents[2] / "train.py"
    overrides = [
        *QUICK,
        "model=cgan",
        "metrics=fid",
        "trainer=ddp",
        "trainer.accelerator=cpu",
        "trainer.devices=2",
        "trainer.max_epochs=1",
    ]
    command = [sys.executable, str(train_py), *(word for word in overrides if word != "trainer=cpu")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs").glob("[!.]*")
    last = Run.at(folder).metrics()[-1]
    assert (last["batches"], last["samples"]) == (2, 64)
    model = handwriting.load(folder)
    assert model.sample(2).shape == (2, 1, 28, 28)
    source = build_source(compose("train", QUICK).data)
    prepared = source.prepared(*source.read())
    reference = Reference(feature_space(prepared.whole, prepared.test), prepared.whole, prepared.val)
    measures, _ = compute_metrics(evaluate_samples(model, reference), [FID()])
    assert last["val/fid"] == pytest.approx(measures["fid"].value, rel=1e-6)


def test_debug_fast_is_fast(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cfg = compose("train", ["debug=fast", "data=synthetic"])
    assert cfg.trainer.max_epochs == 1
    assert not cfg.logger
