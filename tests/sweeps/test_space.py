"""What a sweep varies."""

from __future__ import annotations

import pytest

from handwriting.config import describe
from handwriting.errors import ConfigError
from handwriting.sweeps.space import choices, distribution, format_sample, grid, parse_overrides, split_overrides


def test_fixed_overrides_are_split_from_varied_ones() -> None:
    fixed, varied = split_overrides(["model=cgan", "seed=1,2", "data.root='a, b'", "model.lr=interval(0,1)"])
    assert fixed == ["model=cgan", "data.root='a, b'"]
    assert [override.input_line for override in varied] == ["seed=1,2", "model.lr=interval(0,1)"]


def test_a_grid_is_every_combination_in_the_order_of_hydra() -> None:
    _, varied = split_overrides(["model=cgan,wgan_gp", "+model.x=choice(a,b)", "seed=range(1,3)"])
    trials = grid(varied)
    assert len(trials) == 8
    assert trials[0] == ("model=cgan", "+model.x=a", "seed=1")
    assert trials[1] == ("model=cgan", "+model.x=a", "seed=2")
    assert trials[-1] == ("model=wgan_gp", "+model.x=b", "seed=2")
    assert len(set(trials)) == 8


def test_a_list_is_one_value_of_a_sweep() -> None:
    _, varied = split_overrides(["model.betas=[0.0,0.9],[0.5,0.9]"])
    assert grid(varied) == [("model.betas=[0.0,0.9]",), ("model.betas=[0.5,0.9]",)]


def test_glob_finds_experiments_in_folders() -> None:
    (override,) = parse_overrides(["experiments=glob(emnist_letters/*)"])
    names = choices(override)
    assert names == [name for name in describe()["experiments"] if name.startswith("emnist_letters/")]
    assert len(names) > 5
    (override,) = parse_overrides(["experiments=glob([emnist_letters/*,ours/*],exclude=*/cgan*)"])
    assert {name.split("/")[0] for name in choices(override)} == {"emnist_letters", "ours"}
    assert not [name for name in choices(override) if "/cgan" in name]


@pytest.mark.parametrize("text", ["experiments=glob(none/*)", "seed=range(1,1)"])
def test_a_sweep_of_no_trials_is_refused(text: str) -> None:
    (override,) = parse_overrides([text])
    with pytest.raises(ConfigError, match="no trials"):
        choices(override)


def test_glob_over_what_is_no_group_is_refused() -> None:
    (override,) = parse_overrides(["model.lr=glob(*)"])
    with pytest.raises(ConfigError, match=r"glob\(\) is for groups"):
        choices(override)


def test_an_interval_in_a_grid_is_refused_with_the_way_out() -> None:
    (override,) = parse_overrides(["model.lr=interval(0,1)"])
    with pytest.raises(ConfigError, match="add search=command"):
        choices(override)


@pytest.mark.parametrize(
    ("text", "kind", "low", "high", "log"),
    [
        ("interval(0.1, 2)", "FloatDistribution", 0.1, 2.0, False),
        ("tag(log, interval(1e-4, 1e-2))", "FloatDistribution", 1e-4, 1e-2, True),
        ("int(interval(2, 32))", "IntDistribution", 2, 32, False),
        ("tag(log, int(interval(2, 32)))", "IntDistribution", 2, 32, True),
        ("range(4, 17, 4)", "IntDistribution", 4, 16, False),
    ],
)
def test_a_distribution_is_that_of_its_override(text: str, kind: str, low: float, high: float, log: bool) -> None:
    (override,) = parse_overrides([f"model.x={text}"])
    sampled_from = distribution(override)
    assert type(sampled_from).__name__ == kind
    assert (sampled_from.low, sampled_from.high, sampled_from.log) == (low, high, log)  # type: ignore[attr-defined]


def test_choices_are_a_categorical_distribution_of_texts() -> None:
    (override,) = parse_overrides(["model.betas=choice([0.0,0.9],[0.5,0.9])"])
    assert distribution(override).choices == ("[0.0,0.9]", "[0.5,0.9]")  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["tag(log, interval(0, 1))", "interval(2, 1)"])
def test_an_impossible_distribution_is_refused(text: str) -> None:
    (override,) = parse_overrides([f"model.lr={text}"])
    with pytest.raises(ConfigError, match=r"^model\.lr="):
        distribution(override)


def test_a_sampled_number_has_four_digits() -> None:
    assert [format_sample(value) for value in (0.000123456, 12, True, "[1,2]")] == ["0.0001235", "12", "True", "[1,2]"]
