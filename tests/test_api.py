"""The commands from Python: results as objects, mistakes as exceptions, and the process left as it was."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig

import handwriting
from benchmarks.sweep_folders import write_sweep
from handwriting.errors import ConfigError, HandwritingError, RunError
from handwriting.sweeps.trials import best_trial
from tests.builders import QUICK

PNG = b"\x89PNG"


def state_of_process() -> dict[str, Any]:
    """Return what a command must leave as it was."""
    loggers = {name: logging.getLogger(name) for name in ("", "pytorch_lightning", "lightning_fabric")}
    return {
        "argv": sys.argv.copy(),
        "environment": dict(os.environ),
        "hydra": GlobalHydra.instance().hydra,
        "settings": HydraConfig.instance().cfg,
        "spec": sys.modules["__main__"].__spec__,
        "logging": {name: (logger.handlers[:], logger.level, logger.propagate) for name, logger in loggers.items()},
    }


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_command_for_notebooks_is_a_function() -> None:
    functions = {"compare", "evaluate", "font", "hand", "label", "load", "segment", "sheet", "sweep", "train", "write"}
    assert set(handwriting.__all__) == {"Glyphs", *functions}
    assert all(callable(getattr(handwriting, name)) for name in handwriting.__all__)
    assert functions <= set(dir(handwriting))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        handwriting.trian  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = "import sys, handwriting; handwriting.train; assert not sys.modules.keys() & {'torch', 'hydra', 'numpy'}"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: handwriting.train("model=cgn"), ConfigError, "model=cgn: no such choice. Did you mean cgan?"),
        (lambda: handwriting.train("seed=-1"), ConfigError, "seed=-1: must be greater than or equal to 0."),
        (lambda: handwriting.train("-m"), ConfigError, "-m: give overrides such as model=cgan"),
        (lambda: handwriting.sweep("seed=interval(0,1)"), ConfigError, "seed=interval(0,1): an interval is for"),
        (lambda: handwriting.evaluate("nowhere"), RunError, "nowhere does not exist"),
        (lambda: handwriting.compare("nowhere"), HandwritingError, "runs=nowhere"),
        (lambda: handwriting.compare(), HandwritingError, "runs=: there is no run to compare: name run folders"),
        (lambda: handwriting.train("model=cvae", 3), TypeError, "3 (int) is no override: give text"),
        (lambda: handwriting.segment("no where.png"), HandwritingError, "no where.png cannot be read"),
    ],
)
def test_a_mistake_is_an_exception_and_leaves_the_process_as_it_was(call: Any, error: type, message: str) -> None:
    before = state_of_process()
    with pytest.raises(error) as refused:
        call()
    assert str(refused.value).startswith(message)
    assert state_of_process() == before


def test_another_application_of_hydra_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    with initialize_config_dir(str(tmp_path / "conf"), version_base="1.3"):
        before = state_of_process()
        with pytest.raises(ConfigError):
            handwriting.train("model=cgn")
        assert state_of_process() == before


@pytest.mark.slow
def test_a_run_is_trained_measured_compared_and_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    before = state_of_process()
    first = handwriting.train(*QUICK, "model=cgan", "hydra.run.dir=runs/first")
    second = handwriting.train(*QUICK, "model=vae", "hydra.run.dir=runs/second")
    assert state_of_process() == before
    assert (first.path, second.path) == (Path.cwd() / "runs" / "first", Path.cwd() / "runs" / "second")
    assert first.summary["model"] == "CGAN"
    assert first.status["command"].startswith("handwriting train data=synthetic")
    assert first._repr_png_()[:4] == PNG
    assert f"Done: {first.path}" in capsys.readouterr().out

    resumed = handwriting.train(f"resume={first.path}", "trainer.max_epochs=3")
    assert resumed.path == first.path
    assert max(row["epoch"] for row in resumed.metrics()) == 3

    evaluated = handwriting.evaluate(first, "metrics=[checkerboard,class_accuracy]")
    assert 0 <= evaluated.values["class_accuracy"] <= 1
    assert evaluated._repr_png_()[:4] == PNG
    page = handwriting.compare(first, second, out="page")
    assert page.page.is_file()
    assert page._repr_png_()[:4] == PNG
    assert handwriting.load(first).sample(2).shape == handwriting.load(first.path).sample(2).shape
    assert handwriting.load(first.path).sample(2).shape[0] == 2
    assert state_of_process() == before


def test_a_notebook_shows_a_sweep_as_the_last_sample_grid_of_its_best_trial(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path / "s", trials=3)
    best = best_trial(sweep.trials)
    assert best is not None
    (sweep.folder(best.number) / "samples" / "epoch_0099.png").write_bytes(PNG + b" of the best")
    assert sweep._repr_png_() == PNG + b" of the best"
    for trial in sweep.trials:
        shutil.rmtree(sweep.folder(trial.number))
    assert sweep._repr_png_() is None, "its trials have no picture"
    (sweep.path / "sweep.json").unlink()
    assert sweep._repr_png_() is None, "it has not begun"


@pytest.mark.slow
def test_a_sweep_returns_its_trials() -> None:
    sweep = handwriting.sweep(*QUICK, "model=vae", "seed=1,2", "trainer.max_epochs=1", "sweep=two")
    assert sweep.path == Path("sweeps/two")
    assert [trial.state for trial in sweep.trials] == ["done", "done"]


def test_pages_are_segmented_and_shown() -> None:
    page = np.full((200, 400), 255, np.uint8)
    cv2.putText(page, "hello", (30, 120), cv2.FONT_HERSHEY_SIMPLEX, 3, 0, 5)
    cv2.imwrite("my page.png", page)
    folder = handwriting.segment("my page.png", "workers=1", "out=letters")
    assert folder.path == Path("letters")
    assert folder._repr_png_()[:4] == PNG


def test_a_sheet_to_copy_is_written_and_shown() -> None:
    sheet = handwriting.sheet("out=my text.pdf", "repeat=2")
    assert sheet.path == Path("my text.pdf")
    assert [text.read_text().splitlines() for text in sheet.texts] == list(map(list, sheet.pages))
    assert sheet._repr_png_()[:4] == PNG


@pytest.mark.slow
def test_a_script_without_a_notebook_trains(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        f"import handwriting\nrun = handwriting.train(*{QUICK!r}, 'model=vae')\nprint('path', run.path)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / done.stdout.splitlines()[-1].removeprefix("path ") / "summary.json").is_file()


@pytest.mark.parametrize(
    ("path", "message"),
    [("a\0b", "holds a null byte"), ("a\ud800b", "holds what is no character"), ("x" * 5000, "longer than|too long")],
)
def test_what_no_file_can_be_named_is_refused_wherever_a_path_is_given(path: str, message: str) -> None:
    calls = (
        lambda: handwriting.hand(path),
        lambda: handwriting.write(path, "text"),
        lambda: handwriting.font(path),
        lambda: handwriting.label(path),
        lambda: handwriting.evaluate(path),
        lambda: handwriting.train("data=pages", f"data.path={path}"),
    )
    for call in calls:
        with pytest.raises(HandwritingError, match=message) as error:
            call()
        assert "\n" not in str(error.value)
