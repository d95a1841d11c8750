from __future__ import annotations

import pytest

from handwriting.config import compose, describe
from handwriting.errors import ConfigError
from handwriting.reports.experiment_plan import read_plan
from handwriting.reports.experiments import DERIVED


def test_every_experiment_is_planned_and_every_planned_one_exists():
    assert set(read_plan().experiments) == set(describe()["experiments"])


@pytest.mark.parametrize("name", list(read_plan().experiments))
def test_every_experiment_composes_as_it_is_planned(name):
    planned = read_plan().experiments[name]
    cfg = compose("train", planned.overrides("somewhere"))
    assert cfg.data.root == "somewhere"
    assert "{root}" not in str(cfg)


def test_a_letters_experiment_is_as_long_in_the_plan_as_in_its_configuration():
    for name, planned in read_plan().experiments.items():
        if planned.group.name == "emnist_letters":
            limit = compose("train", [f"experiments={name}"]).callbacks.limit.max_batches
            assert planned.experiment.batches == limit, name


def test_targets_and_questions_name_planned_experiments():
    plan = read_plan()
    named = [name for target in plan.targets for name in (target.run, *target.baselines)]
    named += [name for question in plan.questions for name in question.compare]
    assert set(named) <= set(plan.experiments)
    assert all(name in DERIVED or " " not in name for question in plan.questions for name in question.metrics)


def test_experiments_are_chosen_by_patterns():
    plan = read_plan()
    assert {planned.group.name for planned in plan.matching(["kuzushiji/*"])} == {"kuzushiji"}
    assert len(plan.matching([])) == len(plan.experiments)
    with pytest.raises(ConfigError, match="Did you mean emnist_letters/cgan_5"):
        plan.matching(["emnist_letters/cgan5"])


@pytest.mark.parametrize(("text", "message"), [
    ("groups: 3", "groups"),
    ("groups: [{name: a, about: b, minutes: 4, experiments: {c: {minutes: -1}}}]", r"experiments\.c\.minutes"),
    ("{", "cannot be read"),
])  # fmt: skip
def test_a_broken_plan_is_refused_by_where_it_is_broken(text, message, tmp_path):
    (tmp_path / "plan.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_plan(tmp_path / "plan.yaml")
