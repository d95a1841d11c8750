"""What a search samples and what it remembers."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from handwriting.config import CONF, build, compose
from handwriting.errors import ConfigError
from handwriting.sweeps import Sweep, Trial
from handwriting.sweeps.folder import STUDY_FILES
from handwriting.sweeps.planning import as_override_value
from handwriting.sweeps.search import PRUNING_STEPS, Search, SearchSource, space_of
from handwriting.sweeps.space import parse_overrides, split_overrides

SPACE = ("model.lr=tag(log,interval(1e-4,1e-1))", "model.latent_dim=int(interval(2,32))", "model.norm=batch,none")
DEFAULT = {"model.lr": "0.002", "model.latent_dim": "16", "model.norm": "batch"}


def study(
    folder: Path, space: tuple[str, ...] = SPACE, default: dict[str, str] = DEFAULT, **settings: Any
) -> SearchSource:
    folder.mkdir(exist_ok=True)
    search = Search(**{"trials": 10, "startup": 3, **settings})
    return SearchSource(Sweep(folder), search, space, default)


def finish(one: SearchSource, value: float, state: str = "done") -> Trial:
    trial = one.next()
    assert trial
    one.record(replace(trial, state=state, value=value))  # type: ignore[arg-type]
    return trial


@pytest.mark.parametrize("storage", STUDY_FILES)
@pytest.mark.parametrize("sampler", ["tpe", "gp", "random"])
def test_a_killed_search_resumes_where_it_was(tmp_path: Path, sampler: str, storage: str) -> None:
    first = study(tmp_path / "s", sampler=sampler, storage=storage, trials=7)
    ended = [finish(first, value) for value in (3.0, 2.0, 4.0, 1.0)]
    half_done = first.next()
    assert half_done
    assert [trial.number for trial in ended] == [0, 1, 2, 3]
    second = study(tmp_path / "s", sampler=sampler, storage=storage, trials=7)
    assert [(trial.number, trial.state, trial.value) for trial in second.trials] == [
        (0, "done", 3.0), (1, "done", 2.0), (2, "done", 4.0), (3, "done", 1.0), (4, "waiting", None)]  # fmt: skip
    again = second.next()
    assert again
    assert (again.number, again.overrides) == (4, half_done.overrides)
    others = []
    while trial := second.next():
        others.append(trial)
    assert [trial.number for trial in others] == [5, 6]
    sampled = [trial.overrides for trial in (*ended, again, *others)]
    assert len(set(sampled)) == len(sampled), "a resumed search must not sample the same values again"


def test_the_first_trial_is_the_configuration_as_it_stands(tmp_path: Path) -> None:
    first = study(tmp_path / "a").next()
    assert first
    assert first.parameters == DEFAULT
    outside = study(tmp_path / "b", default={**DEFAULT, "model.lr": "7"}).next()
    assert outside
    assert outside.parameters != DEFAULT
    without = study(tmp_path / "c", baseline=False).next()
    assert without
    assert without.parameters != DEFAULT


def test_a_failed_trial_is_tried_again_with_the_same_values(tmp_path: Path) -> None:
    first = study(tmp_path / "s")
    finish(first, 1.0)
    failed = finish(first, 0.0, "failed")
    assert first.trials[1].number == failed.number
    second = study(tmp_path / "s")
    assert [trial.state for trial in second.trials] == ["done", "failed"]
    again = second.next()
    assert again
    assert (again.number, again.overrides) == (failed.number, failed.overrides)
    second.record(replace(again, state="done", value=2.0))
    assert [(trial.state, trial.value) for trial in study(tmp_path / "s").trials] == [("done", 1.0), ("done", 2.0)]


def test_pruned_trials_stay_pruned_and_interrupted_ones_open(tmp_path: Path) -> None:
    first = study(tmp_path / "s")
    finish(first, 1.0, "pruned")
    finish(first, 1.0, "interrupted")
    assert [trial.state for trial in study(tmp_path / "s").trials] == ["pruned", "waiting"]


def test_only_trials_worse_than_the_median_are_pruned(tmp_path: Path) -> None:
    one = study(tmp_path / "s")
    for value in (1.4, 1.3, 1.2, 1.1, 1.0):
        trial = one.next()
        assert trial
        assert not one.should_prune(trial, 0.4, value)
        one.record(replace(trial, state="done", value=value))
    good, bad = one.next(), one.next()
    assert good
    assert bad
    assert not one.should_prune(bad, 1 / PRUNING_STEPS, 9.0), "too early to prune"
    assert not one.should_prune(good, 0.5, 0.9)
    assert one.should_prune(bad, 0.5, 9.0)
    lenient = study(tmp_path / "t", pruner="none")
    trial = lenient.next()
    assert trial
    assert not lenient.should_prune(trial, 0.9, 1e9)


def test_a_trial_is_compared_with_what_others_had_reached_at_the_same_part(tmp_path: Path) -> None:
    """Measured rarely, at whatever time: an early value of one is no match for a late one of another."""
    one = study(tmp_path / "s")
    for _ in range(5):
        trial = one.next()
        assert trial
        assert not one.should_prune(trial, 0.1, 50.0)
        assert not one.should_prune(trial, 0.9, 1.0)
        one.record(replace(trial, state="done", value=0.5))
    late, early = one.next(), one.next()
    assert late
    assert early
    assert not one.should_prune(early, 0.5, 40.0), "the others had 50 then"
    assert not one.should_prune(early, 0.55, 40.0)
    assert one.should_prune(late, 0.9, 40.0)
    assert one.should_prune(early, 1.0, 40.0), "and 0.5 at the end, which nobody saw before they had ended"


def test_two_sweeps_on_one_study_keep_both_their_results(tmp_path: Path) -> None:
    shared = f"sqlite:///{tmp_path / 'shared.db'}"
    one = study(tmp_path / "one", storage=shared, study="both")
    other = study(tmp_path / "other", storage=shared, study="both")
    mine = [finish(one, 1.0), finish(one, 2.0)]
    theirs = [finish(other, 3.0), finish(other, 4.0)]
    assert [trial.overrides for trial in mine] != [trial.overrides for trial in theirs], "they sample differently"
    assert [trial.value for trial in study(tmp_path / "one", storage=shared, study="both").trials] == [1.0, 2.0]
    assert [trial.value for trial in study(tmp_path / "other", storage=shared, study="both").trials] == [3.0, 4.0]
    assert sorted(trial.value for trial in one.study.trials) == [1.0, 2.0, 3.0, 4.0]


def test_a_storage_made_for_another_space_is_refused(tmp_path: Path) -> None:
    study(tmp_path / "s")
    with pytest.raises(ConfigError, match=r"made for another space \(model\.lr differ\)"):
        study(tmp_path / "s", ("model.lr=interval(0.1,0.2)", *SPACE[1:]))


@pytest.mark.parametrize("storage", ["sqlit", "sqlite:////nowhere/at/all.db", "nothing://x"])
def test_a_storage_that_cannot_be_opened_is_refused_in_one_line(tmp_path: Path, storage: str) -> None:
    with pytest.raises(ConfigError, match=r"^search\.storage=") as refused:
        study(tmp_path / "s", storage=storage)
    assert len(str(refused.value).splitlines()) == 1


def test_an_empty_space_and_a_searched_seed_are_refused() -> None:
    with pytest.raises(ConfigError, match="search space is empty"):
        space_of([])
    with pytest.raises(ConfigError, match="luckiest"):
        space_of(["seed=1,2"])


@pytest.mark.parametrize("name", sorted(path.stem for path in (CONF / "search").glob("[!_]*.yaml")))
def test_every_shipped_space_holds_the_default_and_only_what_its_model_accepts(tmp_path: Path, name: str) -> None:
    search = build(compose("train", [f"search={name}"]).search, "search")
    if name == "command":
        assert not search.space
        return
    constants, varied = split_overrides([f"{key}={value}" for key, value in search.space.items()])
    assert not constants
    space = space_of([str(override.input_line) for override in varied])
    cfg = compose("train", search.overrides)
    for override in varied:
        key, value = override.key_or_group, override.value()
        ends = [value.start, value.end] if override.is_interval_sweep() else list(override.sweep_string_iterator())  # type: ignore[union-attr]
        for end in ends:
            changed = copy.deepcopy(cfg)
            OmegaConf.update(changed, key, parse_overrides([f"{key}={end}"])[0].value())
            if key.startswith("model."):
                build(changed.model, "model", image_size=28, alphabet=("a", "b"), style_names=())
    assert set(space) == set(search.space)
    default = {key: as_override_value(OmegaConf.select(cfg, key)) for key in space}
    sweep = Sweep(tmp_path)
    first = SearchSource(sweep, search, [f"{key}={value}" for key, value in search.space.items()], default).next()
    assert first
    given = [f"{key}={text}" for key, text in first.parameters.items()]
    assert compose("train", [*search.overrides, *given]) == cfg
    assert cfg.model._target_.rpartition(".")[2].lower().replace("_", "") == name.replace("_", "")
