"""The results of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from handwriting.config import compose, folders
from handwriting.sweeps import SweepPlan, Trial
from handwriting.sweeps.results import (
    best_config,
    importance,
    importance_unavailable,
    leaderboard,
    rerun_command,
    seed_spread,
)


def trial(number: int, value: float | None, *overrides: str, **facts: Any) -> Trial:
    return Trial(number, overrides, **{"state": "done", "value": value, "monitor": "val/fid", **facts})


def test_trials_that_differ_in_their_seed_alone_stand_together_best_first() -> None:
    trials = [
        trial(0, 5.0, "model.lr=0.1", "seed=1", seconds=10.0), trial(1, 7.0, "model.lr=0.1", "seed=2", seconds=30.0),
        trial(2, 3.0, "model.lr=0.2", "seed=1"), trial(3, 4.0, "model.lr=0.2", "seed=2"),
        trial(4, None, "model.lr=0.3", "seed=1", state="failed"),
        trial(5, 1.0, "model.lr=0.3", "seed=2", state="pruned"),
    ]  # fmt: skip
    first, second = leaderboard(trials)
    assert (first.parameters, first.mean, first.n, first.numbers) == ({"model.lr": "0.2"}, 3.5, 2, [2, 3])
    assert first.spread == pytest.approx(0.5**0.5)
    assert (second.mean, second.seconds, second.best.number) == (6.0, 20.0, 0)
    assert seed_spread([first, second]) == pytest.approx(((0.5 + 2.0) / 2) ** 0.5)
    assert leaderboard(trials[:1])[0].spread is None


def test_more_is_better_where_the_monitor_says_so() -> None:
    trials = [trial(n, value, f"model.lr={n}", mode="max") for n, value in enumerate((0.2, 0.9, 0.5))]
    assert [row.best.number for row in leaderboard(trials)] == [1, 2, 0]


def test_values_of_different_monitors_are_never_compared() -> None:
    trials = [trial(0, 90.0, "model=vae", monitor="val/loss"), trial(1, 20.0, "model=cgan"),
              trial(2, 80.0, "model=cvae", monitor="val/loss")]  # fmt: skip
    assert [row.best.number for row in leaderboard(trials)] == [2, 0, 1]
    assert importance_unavailable(trials) == "The trials are compared by different values."


def test_importance_separates_parameters_with_an_effect_from_those_without() -> None:
    trials = [
        trial(n, 10 * (n % 4) + 0.1 * (n % 3), f"model.lr=1e-{n % 4 + 1}", f"model.norm={norm}", f"seed={n}")
        for n, norm in enumerate("aaaabbbb" * 3)
    ]
    shares = importance(trials)
    assert next(iter(shares)) == "model.lr"
    assert shares["model.lr"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)
    assert importance(trials) == shares, "the same trials give the same importance"


def test_parameters_that_some_trials_lack_are_no_less_important() -> None:
    trials = [trial(n, float(n % 2), "model=cgan", f"model.loss={('hinge', 'bce')[n % 2]}") for n in range(8)]
    trials += [trial(8 + n, 0.5, "model=wgan_gp", f"model.lr={n + 1}") for n in range(4)]
    assert max(importance(trials), key=importance(trials).__getitem__) == "model.loss"


@pytest.mark.parametrize(
    ("trials", "reason"),
    [
        ([trial(n, float(n), f"seed={n}") for n in range(3)], "Importance takes at least 4 finished trials"),
        ([trial(n, 1.0, f"seed={n}") for n in range(5)], "All trials reached the same val/fid"),
        ([trial(n, float(n)) for n in range(5)], "have the same parameters"),
    ],
)
def test_importance_that_cannot_be_estimated_has_a_reason(trials: list[Trial], reason: str) -> None:
    assert reason in str(importance_unavailable(trials))
    assert importance(trials) == {}


OVERRIDES = [
    ("model=cvae", "data=synthetic", "metrics=fid", "logger=none"),
    ("model=wgan_gp", "model.betas=[0.0,0.9]", "model.critic_steps=2", "model.lr=0.0003"),
    ("experiments=ours/cgan", "model.lr=0.002", "data.augment.rotate=3"),
    ("data=folder", "data.path='it''s (1), a=b/${x}'", "trainer.max_time=00:00:10:00", "callbacks.samples=null"),
    ("model=vae", "+model.extra=[1,2]", "data.style=null", "compile=true", "callbacks.best_checkpoint.monitor=val/fid"),
]


@pytest.mark.parametrize("overrides", OVERRIDES, ids=lambda words: words[0])
def test_the_best_config_composes_to_what_the_best_trial_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrides: tuple[str, ...]
) -> None:
    overrides = tuple(word.replace("''", "\\'") for word in overrides)
    plan = SweepPlan((*overrides[:1], "search=cgan", "hydra.launcher.workers=2"), ())
    (row,) = leaderboard([trial(3, 1.0, *overrides[1:], "seed=7")])
    text = best_config("mine", plan, row)
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "best.yaml").write_text(text)
    expected = compose("train", [*overrides, "seed=7"])
    import shutil

    shutil.copytree(folders.EXPERIMENTS, tmp_path / "experiments", dirs_exist_ok=True)
    monkeypatch.setattr(folders, "EXPERIMENTS", tmp_path / "experiments")
    assert compose("train", ["experiments=best"]) == expected
    assert "# Best of the sweep mine: val/fid 1.000 (trial 3)" in text


def test_the_best_trial_is_repeated_by_one_command_and_for_several_seeds_by_another() -> None:
    plan = SweepPlan(("model=cgan", "search=cgan", "data.root='a b'"), ())
    best = trial(3, 1.0, "model.lr=0.1", "seed=7")
    assert rerun_command(plan, best) == "handwriting train model=cgan 'data.root='\"'\"'a b'\"'\"'' model.lr=0.1 seed=7"
    assert rerun_command(plan, best, (0, 1)).endswith("model.lr=0.1 seed=0,1")
    assert rerun_command(plan, best, (0, 1)).startswith("handwriting train -m model=cgan ")
