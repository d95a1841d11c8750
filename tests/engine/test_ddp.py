"""Several processes train one run, and compute what one process computes with batches as large as theirs together.

Run as ``python -m tests.engine.test_ddp <folder> <devices>`` this file is one of those processes.
"""

from __future__ import annotations

import csv
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from handwriting.runs import Run
from tests.builders import MODELS, QUICK

REPOSITORY = Path(__file__).parents[2]
BATCH = 4
ALIKE = [
    "model.norm=none",
    "model.optimizer=sgd",
    "model.lr=1e-4",
    "data.augment.shift=0.1",
    "data.classes=abc",
    "data.count=123",
    "trainer.limit_train_batches=3",
]
"""No layer mixes glyphs, Adam's first steps do not hang on the last digits of a gradient that is almost 0, and the last
of several joint validation batches cannot be shared evenly."""
TINY = [*ALIKE, "model.norm=instance", "data.classes=a", "data.count=40", "data.val_fraction=0.01"]
"""Of one validation glyph one process gets none."""
CASES: dict[str, list[str]] = {
    **{model: [f"model={model}", *ALIKE] for model in MODELS},
    **{f"{model}_one_validation_glyph": [f"model={model}", *TINY] for model in ("cgan", "cvae", "wgan_gp")},
    "vae_binarised": ["model=vae", *ALIKE, "model.binarise=true"],
    "cgan_acgan": ["model=cgan", *ALIKE, "model.conditioning=acgan"],
    "cgan_init": ["model=cgan", *ALIKE, "data.classes=bxa", "init=cgan"],
}
"""``init`` names another case, which was trained before."""


def train_cases(folder: Path, processes: int) -> None:
    """Train every case as one of so many processes, and keep what each process ends with."""
    import numpy as np

    from handwriting.config import compose
    from handwriting.engine.experiment import Experiment
    from handwriting.engine.fitting import fit
    from handwriting.networks.stack import Dropout

    alone = processes == 1
    quick = [word for word in QUICK if word != "trainer=cpu"]
    quick += [f"callbacks.{name}=null" for name in ("samples", "reconstructions", "latent_space", "curves")]
    for name, overrides in CASES.items():
        trainer = (
            ["trainer=cpu"] if alone else ["trainer=ddp", "trainer.accelerator=cpu", f"trainer.devices={processes}"]
        )
        batch = f"data.batch_size={BATCH * (2 if alone else 1)}"
        overrides = [word.replace("init=", f"init={folder}/") for word in overrides]
        cfg = compose("train", [*quick, *overrides, *trainer, batch])
        own = folder / name
        own.mkdir(parents=True, exist_ok=True)
        trained = fit(Experiment.from_config(cfg, own))
        model: Any = trained.lightning_module
        random = torch.get_rng_state()
        model.global_batch_size = None if alone else 6
        rows = 6 if alone else 3
        drawn = model.sample_globally(torch.randn_like, torch.zeros(rows, 4)), Dropout(0.5)(torch.ones(rows, 64))
        state = {"model": model.state_dict(), "random": random, "drawn": [numbers.contiguous() for numbers in drawn]}
        torch.save(state, own / f"rank_{trained.global_rank}.pt")
        assert np.isfinite(list(trained.callback_metrics.values())).all()


def environment(**more: str) -> dict[str, str]:
    """Return the variables of a process that is none of another run's."""
    theirs = ("LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "PL_GLOBAL_SEED")
    mine = {name: value for name, value in os.environ.items() if name not in theirs}
    paths = os.pathsep.join(filter(None, [more.pop("PYTHONPATH", ""), str(REPOSITORY)]))
    return {**mine, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths, **more}


def free_port() -> str:
    """Return a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every case as trained by two processes, in ``two``, and by one, in ``one``."""
    folder = tmp_path_factory.mktemp("ddp")
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": "2"}
    environments = [environment(**shared, LOCAL_RANK=str(rank)) for rank in range(2)]
    me = [sys.executable, "-m", "tests.engine.test_ddp"]
    run = {"cwd": folder, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    processes = [subprocess.Popen([*me, "two", "2"], env=one, **run) for one in environments]  # type: ignore[call-overload]
    try:
        said = [process.communicate(timeout=200)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
    alone = subprocess.run([*me, "one", "1"], env=environment(), timeout=200, check=False, **run)  # type: ignore[call-overload]
    assert alone.returncode == 0, alone.stdout
    return folder


def kept(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return what each process has kept of a case."""
    return [torch.load(path) for path in sorted((folder / name).glob("rank_*.pt"))]


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a run's log as they are written."""
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_processes_end_with_the_same_weights_and_the_same_random_state(trained, name):
    first, second = kept(trained / "two", name)
    for key, value in first["model"].items():
        assert torch.equal(value, second["model"][key]), key
    assert torch.equal(first["random"], second["random"])


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_two_processes_log_what_one_logs_with_batches_twice_as_large(trained, name):
    together, alone = rows(trained / "two" / name), rows(trained / "one" / name)
    assert len(together) == len(alone) > 1
    for mine, other in zip(together, alone, strict=True):
        assert mine.keys() == other.keys()
        for key in mine.keys() - {"seconds"}:
            assert bool(mine[key]) == bool(other[key]), key
            if mine[key]:
                assert float(mine[key]) == pytest.approx(float(other[key]), rel=1e-5, abs=1e-5), key


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_two_processes_draw_other_numbers_than_each_other_and_together_those_of_one(trained, name):
    (first, second), (alone,) = kept(trained / "two", name), kept(trained / "one", name)
    assert torch.equal(first["random"], alone["random"])
    for one, other, joint in zip(first["drawn"], second["drawn"], alone["drawn"], strict=True):
        assert not torch.equal(one, other)
        assert torch.equal(torch.stack([one, other], dim=1).flatten(0, 1), joint)


# As people start it

PROBE = """
import os, sys, time
import pytorch_lightning, torch

fit = pytorch_lightning.Trainer.fit

def probed(trainer, model, datamodule, **more):
    fit(trainer, model, datamodule=datamodule, **more)
    path = f"{os.environ['PROBE']}/seed_{datamodule.loading.seed}_rank_{trainer.global_rank}.pt"
    torch.save({"weights": dict(model.named_parameters()), "threads": torch.get_num_threads()}, path)

pytorch_lightning.Trainer.fit = probed
if os.environ.get("RANK") == "1":
    time.sleep(1.1)  # so that ${now} is another
"""
"""What every process of a run is made to do besides: keep what it ends with."""
TYPED = [
    *(word for word in QUICK if word != "trainer=cpu"),
    *("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.max_epochs=1", "data.count=60"),
]


def start(folder: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in an empty folder; its processes leave what they end with in ``probe``, beside it."""
    probe = folder / "probe"
    probe.mkdir()
    (probe / "sitecustomize.py").write_text(PROBE)
    (folder / "work").mkdir()
    variables = environment(PYTHONPATH=str(probe), PROBE=str(probe), **more)
    variables = {name: value for name, value in variables.items() if value}
    done = subprocess.run(
        [sys.executable, *command, *TYPED],
        cwd=folder / "work",
        env=variables,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def ended_alike(folder: Path, seed: int) -> list[dict[str, Any]]:
    """Return what both processes ended with, once their weights are known to be the same."""
    ends = [torch.load(folder / "probe" / f"seed_{seed}_rank_{rank}.pt") for rank in range(2)]
    assert ends[0]["weights"].keys() == ends[1]["weights"].keys()
    for name, weight in ends[0]["weights"].items():
        assert torch.equal(weight, ends[1]["weights"][name]), name
    return ends


@pytest.mark.slow
def test_a_run_on_the_cpu_shares_its_threads_and_warns_once_of_batch_statistics(tmp_path):
    done = start(tmp_path, "-m", "handwriting", "train", "model=cgan", OMP_NUM_THREADS="")
    (run,) = (tmp_path / "work" / "runs").glob("[!.]*")
    ends = ended_alike(tmp_path, seed=0)
    share = max(1, len(os.sched_getaffinity(0)) // 2)
    assert {end["threads"] for end in ends} == {Run.at(run).status["threads"]} == {share}
    assert done.stderr.count("normalises by the statistics of its own part") == 1
    assert (run / "train.log").read_text().count("normalises by the statistics of its own part") == 1


@pytest.mark.slow
def test_torchrun_leaves_one_run_folder_and_nothing_beside_it(tmp_path):
    torchrun = ["-m", "torch.distributed.run", "--nproc_per_node=2", f"--master_port={free_port()}"]
    done = start(tmp_path, *torchrun, str(REPOSITORY / "train.py"), "model=vae", "model.norm=none")
    ended_alike(tmp_path, seed=0)
    (runs,) = (tmp_path / "work").iterdir()
    (run,) = runs.glob("[!.]*")
    assert Run.at(run).status["state"] == "done"
    assert (run / "checkpoints" / "last.ckpt").is_file()
    assert "normalises" not in done.stderr


@pytest.mark.slow
def test_a_sweep_gives_every_trial_both_processes_and_one_folder(tmp_path):
    start(tmp_path, "-m", "handwriting", "train", "-m", "seed=1,2", "model=wgan_gp", "model.network=mlp")
    (sweep,) = (tmp_path / "work" / "sweeps").glob("[!.]*")
    trials = [folder for folder in sweep.iterdir() if folder.is_dir()]
    assert sorted(trial.name for trial in trials) == ["0", "1"]
    assert not (tmp_path / "work" / "runs").exists()
    for trial, seed in zip(sorted(trials), (1, 2), strict=True):
        run = Run.at(trial)
        assert (run.status["state"], run.status["seed"]) == ("done", seed)
        assert run.summary["samples"] == 2 * 16 * run.summary["batches"]
        ended_alike(tmp_path, seed)


if __name__ == "__main__":
    train_cases(Path(sys.argv[1]).resolve(), int(sys.argv[2]))
