"""Fine-tuning by ``init=``: a new run that starts from another run's weights, through the job itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

import handwriting
from handwriting.errors import HandwritingError
from handwriting.jobs import MISTAKE, main, start
from handwriting.models.transfer import transfer
from handwriting.models.variational import VariationalModel
from handwriting.runs import Run, checkpoints
from tests.builders import MODELS, QUICK, train

NONE = [*QUICK, "callbacks=none"]
STILL = [*NONE, "trainer.max_epochs=1", "model.lr=1e-30", "data.classes=cxa"]
"""A run that changes no weight to speak of, on two of the classes and one more."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short run of each model, on the classes a, b and c; tests only read it."""
    folder = tmp_path_factory.mktemp("runs")
    for model in MODELS:
        train(folder / model, f"model={model}", "callbacks=none", "trainer.max_epochs=1")
    return folder


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return checkpoints.load(folder / "checkpoints" / "last.ckpt")["state_dict"]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("model", MODELS)
def test_a_new_run_starts_from_the_averaged_weights_and_nothing_else(model, runs):
    run = handwriting.train(*STILL, f"model={model}", f"init={runs / model}")
    source, tuned, expected = (handwriting.load(of) for of in (runs / model, run, run))
    source.adopt_average()
    # What the other run gives is there already; class x, which it lacks, has weights of its own either way.
    matched = transfer(source, expected).matched
    assert matched == ({"class": ["c", "a"]} if tuned.conditions else {})
    for name, weight in tuned.named_parameters():
        torch.testing.assert_close(weight, expected.get_parameter(name))
    last = run.metrics()[-1]
    assert (last["epoch"], last["batches"], last["samples"]) == (1, 5, 80)
    assert checkpoints.load(run.path / "checkpoints" / "last.ckpt")["epoch"] == 0


def test_the_run_records_what_it_began_with(runs, capsys):
    run = handwriting.train(*STILL, "model=cgan", f"init={runs / 'cgan'}")
    checkpoint = runs / "cgan" / "checkpoints" / "last.ckpt"
    began = {"checkpoint": str(checkpoint), "batches": 5, "matched": {"class": ["c", "a"]}, "fresh": {"class": ["x"]}}
    assert run.status["init"] == began
    assert f"init: {runs / 'cgan'}" in run.config_file.read_text()
    said = f"Starts from {checkpoint}, trained on 5 batches; class x new"
    assert said in capsys.readouterr().out
    assert said in (run.path / "train.log").read_text()
    resumed = handwriting.train(f"resume={run.path}", "trainer.max_epochs=2")
    assert resumed.status["init"] == began


def test_a_checkpoint_file_is_as_good_as_its_run(runs):
    checkpoint = runs / "vae" / "checkpoints" / "last.ckpt"
    tuned = [handwriting.train(*STILL, "model=vae", f"init={init}").path for init in (checkpoint, runs / "vae")]
    assert same(weights(tuned[0]), weights(tuned[1]))


def test_a_run_that_began_so_resumes_exactly_and_without_the_other_run(runs, tmp_path, monkeypatch):
    there = shutil.copytree(runs / "cvae", tmp_path / "there")
    overrides = [*NONE, "model=cvae", "data.classes=cxa", f"init={there}"]
    unbroken, stopped = tmp_path / "unbroken", tmp_path / "stopped"
    assert start("train", [*overrides, f"hydra.run.dir={unbroken}"]) == 0
    assert start("train", [*overrides, f"hydra.run.dir={stopped}", "trainer.max_epochs=1"]) == 0
    shutil.rmtree(there)
    assert start("train", [f"resume={stopped}", "trainer.max_epochs=2"]) == 0
    assert same(weights(unbroken), weights(stopped))


def test_a_run_killed_before_its_first_checkpoint_starts_from_the_other_run_again(runs, tmp_path, monkeypatch, capsys):
    overrides = [*STILL, "model=cvae", f"init={runs / 'cvae'}"]
    unbroken, stopped = tmp_path / "unbroken", tmp_path / "stopped"

    def interrupt(self: VariationalModel, batch: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(VariationalModel, "train_batch", interrupt)
        assert start("train", [*overrides, f"hydra.run.dir={stopped}"]) == 130
    (stopped / "checkpoints" / "last.ckpt").unlink(missing_ok=True)
    assert start("train", [f"resume={stopped}"]) == 0
    assert start("train", [*overrides, f"hydra.run.dir={unbroken}"]) == 0
    assert same(weights(unbroken), weights(stopped))


# What is refused


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the one line that a training answers, before any glyph is prepared and without a run folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("handwriting.data.sources.base.GlyphSource.prepared", None)
        assert start("train", [*NONE, *words]) == MISTAKE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert not Path("runs").exists()
    return err.strip()


@pytest.mark.parametrize(
    ("model", "words", "said"),
    [
        ("vae", ["model=cgan"], "it holds a VAE, not a CGAN: choose the same model= or another run."),
        (
            "cgan",
            ["model=cgan", "data.image_size=32"],
            "data.image_size is 28 there, 32 here: give the same, or another run.",
        ),
        (
            "cvae",
            ["model=cvae", "model.channels=8"],
            "model.channels is 16 there, 8 here: give the same, or another run.",
        ),
        (
            "wgan_gp",
            ["model=wgan_gp", "model.conditions=[]"],
            "model.conditions is [class] there, [] here: give the same, or another run.",
        ),
        ("cgan", ["model=cgan", "data.classes=xy"], "it knows no class of the data: a, b, c there, x, y here."),
    ],
)
def test_weights_that_do_not_fit_are_refused_in_one_line(model, words, said, runs, capsys):
    assert refusal(capsys, *words, f"init={runs / model}") == f"init={runs / model}: {said}"


def test_what_is_no_run_is_refused_before_any_data_is_read(tmp_path, capsys, runs, monkeypatch):
    monkeypatch.setattr("handwriting.data.sources.synthetic.Synthetic.read", None)
    assert refusal(capsys, "init=runs/none").startswith("runs/none does not exist: give the folder")
    (tmp_path / "empty").mkdir()
    assert refusal(capsys, "init=empty").startswith("empty is not a run folder (no status.json)")
    assert refusal(capsys, "init=").startswith("init=: it is empty: give a path")
    failed = shutil.copytree(runs / "vae", tmp_path / "failed", ignore=shutil.ignore_patterns("*.ckpt"))
    status = (failed / "status.json").read_text().replace('"done"', '"failed"').replace("null", '"a\\nfault"', 1)
    (failed / "status.json").write_text(status)
    assert refusal(capsys, "model=vae", "init=failed") == (
        "init=failed: the run has no checkpoint, since its first epoch has not ended (failed: a fault)."
    )


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, capsys):
    (tmp_path / "letters.ckpt").write_bytes(b"not torch's")
    assert refusal(capsys, "init=letters.ckpt").startswith("letters.ckpt")


def test_resuming_and_starting_from_another_run_exclude_each_other(runs, tmp_path, capsys):
    words = [f"resume={runs / 'vae'}", f"init={runs / 'vae'}"]
    assert start("train", words) == MISTAKE
    assert capsys.readouterr().err.startswith(f"{words[0]} and {words[1]} exclude each other")
    tuned = handwriting.train(*STILL, "model=vae", f"init={runs / 'vae'}")
    with pytest.raises(HandwritingError, match=f"init is {runs / 'vae'} there, not None"):
        handwriting.train(f"resume={tuned.path}", "init=null")


def test_every_run_of_a_sweep_is_checked_before_a_trial_starts(runs, capsys):
    several = f"init='{runs / 'cgan'}','{runs / 'vae'}'"
    assert main(["train", "-m", *NONE, "model=cgan", several]) == MISTAKE
    assert capsys.readouterr().err == (
        f"init={runs / 'vae'}: it holds a VAE, not a CGAN: choose the same model= or another run.\n"
    )
    assert main(["train", "-m", *NONE, "model=cgan", f"init='{runs / 'cgan'}','none'"]) == MISTAKE
    assert capsys.readouterr().err.startswith("none does not exist")
    assert not Path("sweeps").exists()


@pytest.mark.slow
def test_a_sweep_starts_its_trials_from_several_runs(runs, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    other = shutil.copytree(runs / "vae", Path("other run"))
    sweep = handwriting.sweep(*STILL, "model=vae", f"init='{runs / 'vae'}','{other}'")
    began = [Run.at(sweep.folder(number)).status["init"]["checkpoint"] for number in range(2)]
    assert [Path(path).parents[1].name for path in began] == ["vae", "other run"]
