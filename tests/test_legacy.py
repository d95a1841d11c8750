"""Earlier names go on working: ``tests/legacy`` holds those of the version before classes and keys were renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from handwriting import config, legacy
from handwriting.jobs import MISTAKE, main

EARLIER = json.loads(Path(__file__).with_name("legacy").joinpath("names.json").read_text())
"""The classes that each config group named, and the keys of each composed job, some by the choice that brings them."""
RUN_CONFIG = Path(__file__).with_name("legacy") / "config.yaml"
"""The configuration in a run folder of that version."""


def dotted(tree: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted key of every value, mappings included."""
    for key, value in tree.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from dotted(value, f"{prefix}{key}.")


@pytest.mark.parametrize(
    ("group", "target"), [(group, target) for group, named in EARLIER["targets"].items() for target in named]
)
def test_every_earlier_class_is_one_that_its_group_names_today(group: str, target: str) -> None:
    current = legacy.current_target(target)
    assert current in config.INSTALLED.allowed(group)
    if not current.startswith("pytorch_lightning."):
        module, _, name = current.rpartition(".")
        assert isinstance(getattr(import_module(module), name), type)


@pytest.mark.parametrize("command", EARLIER["keys"])
def test_every_earlier_key_is_accepted(command: str) -> None:
    job, _, choice = command.partition(" ")
    job = legacy.JOBS.get(job, job)
    cfg = config.compose(job, [legacy.current_override(choice)] if choice else [])
    known = set(dotted(dict(OmegaConf.to_container(cfg)))) | set(config.Command(job).defaults)
    current = [legacy.current_override(f"{key}=x").removesuffix("=x") for key in EARLIER["keys"][command]]
    assert [key for key in current if key not in known] == []


def test_an_earlier_key_is_accepted_on_the_command_line() -> None:
    cfg = config.compose("train", ["callbacks.measuring.time_share=0.5", "~callbacks.curves"])
    assert cfg.callbacks.validation_metrics.time_share == 0.5
    cfg = config.compose("train", ["callbacks.measuring=null"])
    assert cfg.callbacks.validation_metrics is None


def test_an_experiment_with_earlier_names_composes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = tmp_path / "experiments" / "mine.yaml"
    experiment.parent.mkdir()
    experiment.write_text(
        "# @package _global_\n# Mine\ndefaults:\n  - override /callbacks: [metrics_log, measuring]\n"
        "  - override /data: digits\ncallbacks: {measuring: {time_share: 0.5}}\nmetrics: {kid: {most: 9}}\n"
        "data: {root: '${oc.env:HOME}'}\n"
    )
    monkeypatch.setattr(config.folders, "EXPERIMENTS", experiment.parent)
    cfg = config.compose("train", ["experiments=mine"])
    assert set(cfg.callbacks) == {"metrics_log", "validation_metrics"}
    assert (cfg.callbacks.validation_metrics.time_share, cfg.metrics.kid.max_glyphs) == (0.5, 9)
    assert cfg.data.root == os.environ["HOME"]


def test_an_earlier_choice_and_class_are_accepted_on_the_command_line() -> None:
    assert "validation_metrics" in config.compose("train", ["callbacks=[metrics_log,measuring]"]).callbacks
    assert "validation_metrics" in config.compose("train", ["callbacks=none", "+callbacks=measuring"]).callbacks
    words = ["callbacks.measuring._target_=handwriting.callbacks.measuring.Measuring"]
    config.check(config.compose("train", words))


def test_the_configuration_of_an_earlier_run_has_todays_keys_and_classes() -> None:
    cfg = config.load_config(RUN_CONFIG)
    config.check(cfg)
    composed = config.compose("train", ["model=cvae", "data=emnist", "logger=tensorboard"])
    known = set(dotted(dict(OmegaConf.to_container(composed))))
    assert [key for key in dotted(dict(OmegaConf.to_container(cfg))) if key not in known] == []


def test_an_earlier_run_on_pages_reads_the_same_glyphs(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("data: {_target_: handwriting.data.pages.Pages, path: segmented, kind: character}")
    data = config.load_config(path).data
    assert (data.own_scale, data.labels, data.kind) == (False, "ignore", "character")
    path.write_text("data: {_target_: handwriting.data.sources.pages.Pages, path: segmented, own_scale: null}")
    assert config.load_config(path).data.own_scale is None


@pytest.mark.slow
def test_an_earlier_run_can_be_built(tmp_path: Path) -> None:
    from handwriting.engine.experiment import Experiment

    Experiment.from_config(config.load_config(RUN_CONFIG), tmp_path).check()


@pytest.mark.parametrize(("job", "answer"), [("bench", "make bench"), ("bench_segmentation", "python -m benchmarks")])
def test_a_command_that_moved_says_where_it_is(capsys: pytest.CaptureFixture[str], job: str, answer: str) -> None:
    assert main([job, "out=bench.md"]) == MISTAKE
    error = capsys.readouterr().err
    assert error.startswith(f"{job}: ")
    assert answer in error
    assert len(error.splitlines()) == 1


def test_an_earlier_command_is_the_one_of_today(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["studies", "--help"]) == 0
    assert config.jobs()["experiments"].summary in capsys.readouterr().out
