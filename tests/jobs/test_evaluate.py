"""What `handwriting evaluate` leaves, and what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting.config import compose
from handwriting.data.sources.synthetic import draw_glyphs
from handwriting.engine.experiment import Experiment
from handwriting.engine.fitting import fit
from handwriting.features import cache
from handwriting.features.training import ClassifierRecipe
from handwriting.glyphs import Glyphs
from handwriting.jobs import start
from handwriting.jobs.evaluate import source_of
from handwriting.metrics import classification_accuracy
from handwriting.runs import Run, claim
from handwriting.runs.classes import CLASSES_FILE, Classes
from tests.builders import train
from tests.metrics.declared import declared_names

QUICKLY = ["metrics.likelihood.samples=3", "metrics.likelihood.glyphs=10"]


def short() -> ClassifierRecipe:
    return ClassifierRecipe(max_glyphs=3_000, min_glyphs=3_000)


@pytest.fixture(scope="module", autouse=True)
def _short_recipe():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "ClassifierRecipe", short)
        patch.setattr(classification_accuracy, "ClassifierRecipe", short)
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for model in ("cgan", "vae"):
        train(folder / model, f"model={model}", "data.count=360")
    return folder


def evaluated(folder: Path) -> dict[str, dict]:
    return json.loads((folder / "evaluation.json").read_text())


def test_every_measure_has_value_floor_number_and_unit_and_the_classifier_beside(runs, capsys):
    assert start("evaluate", [f"run={runs / 'cgan'}", *QUICKLY]) == 0
    measures = evaluated(runs / "cgan")
    known = set(declared_names(besides=("likelihood", "inception_fid"))) - {"class_fid"}
    assert known | {"class_fid/a", "class_fid/b", "class_fid/c"} == set(measures)
    for own in measures.values():
        assert {"value", "floor", "n", "unit"} <= own.keys()
        assert np.isfinite(own["value"])
        assert own["floor"] is not None
    assert measures["fid"]["n"] == 72
    assert len({own["classifier"] for own in measures.values()}) == 2, "a hash, or none where no classifier took part"
    assert measures["pixel_js"]["classifier"] is None
    told = capsys.readouterr().out
    assert all(name in told for name in known)
    assert "72 generated glyphs against 72 test glyphs, in their class proportions; floor: 72 real training" in told
    assert measures["fid"]["classifier"] in told
    with Image.open(runs / "cgan" / "evaluation.png") as page:
        assert page.width > 1600
        assert (np.asarray(page.convert("L")) < 60).mean() > 0.01


def test_a_variational_model_has_its_bounds_and_no_class(runs):
    assert start("evaluate", [f"run={runs / 'vae'}", "checkpoint=last", *QUICKLY]) == 0
    measures = evaluated(runs / "vae")
    assert measures["importance_weighted_bound"]["unit"] == "nats, k=3, binarised"
    assert measures["importance_weighted_bound"]["n"] == 10
    assert 0 < measures["negative_elbo"]["floor"] < measures["negative_elbo"]["value"]
    assert "class_accuracy" not in measures
    assert "classification_accuracy" not in measures
    assert (runs / "vae" / "evaluation.png").is_file()


def test_the_same_seed_measures_the_same_and_another_does_not(runs):
    words = [f"run={runs / 'cgan'}", "metrics=fid"]
    found = []
    for seed in (0, 0, 1):
        assert start("evaluate", [*words, f"seed={seed}"]) == 0
        found.append(evaluated(runs / "cgan")["fid"])
    assert found[0] == found[1]
    assert found[0]["value"] != found[2]["value"]
    assert found[0]["floor"] == found[2]["floor"]


def test_metrics_that_the_new_evaluation_no_longer_holds_are_named(runs, tmp_path, capsys):
    folder = Path(shutil.copytree(runs / "vae", tmp_path / "vae"))
    said = "no longer holds"
    (folder / "evaluation.json").unlink(missing_ok=True)
    assert start("evaluate", [f"run={folder}", "metrics=[checkerboard,fid]"]) == 0
    assert said not in capsys.readouterr().out
    assert start("evaluate", [f"run={folder}", "metrics=fid"]) == 0
    told = capsys.readouterr().out
    assert "evaluation.json no longer holds the earlier checkerboard: evaluate them together to keep them." in told
    assert start("evaluate", [f"run={folder}", "metrics=fid"]) == 0
    assert said not in capsys.readouterr().out
    (folder / "evaluation.json").write_text("[")
    assert start("evaluate", [f"run={folder}", "metrics=fid"]) == 0
    assert "Replaced: " in capsys.readouterr().out
    assert "fid" in evaluated(folder)


def test_unlabelled_glyphs_are_measured_by_the_synthetic_classifier(tmp_path, capsys):
    glyphs, _ = draw_glyphs(200, seed=3, classes="abcd")
    Glyphs(glyphs.images).save(tmp_path / "pile.npz")
    data = ["data=arrays", f"data.path={tmp_path / 'pile.npz'}"]
    folder = train_on(tmp_path / "run", *data)
    assert start("evaluate", [f"run={folder}", *QUICKLY]) == 0
    measures = evaluated(folder)
    assert {"fid", "class_js", "copies"} <= measures.keys()
    assert "class_accuracy" not in measures
    assert "synthetic glyphs' classifier" in capsys.readouterr().out


def train_on(folder: Path, *data: str) -> Path:
    """Train a small model on another source than the synthetic one."""
    words = ["model=dcgan", "trainer=cpu", "trainer.max_epochs=1", "logger=none", "metrics=none", "model.channels=16"]
    claimed = claim(folder)
    fit(Experiment.from_config(compose("train", [*words, *data]), claimed))
    return claimed


def test_data_that_has_moved_can_be_pointed_to_and_other_data_is_refused(tmp_path, capsys):
    first, second = (tmp_path / name for name in ("first.npz", "second.npz"))
    for path, classes in ((first, "ab"), (second, "xy")):
        draw_glyphs(120, seed=0, classes=classes)[0].save(path)
    folder = train_on(tmp_path / "run", "data=arrays", f"data.path={first}", "model=cgan")
    moved = first.rename(tmp_path / "moved.npz")
    words = [f"run={folder}", "metrics=fid"]
    assert start("evaluate", words) == 2
    assert str(first) in capsys.readouterr().err
    assert start("evaluate", [*words, f"path={moved}"]) == 0
    assert "fingerprint differs" not in capsys.readouterr().out
    assert start("evaluate", [*words, f"path={second}"]) == 2
    assert "trained on other classes" in capsys.readouterr().err
    draw_glyphs(140, seed=0, classes="ab")[0].save(tmp_path / "third.npz")
    assert start("evaluate", [*words, f"path={tmp_path / 'third.npz'}"]) == 0
    assert "fingerprint differs" in capsys.readouterr().out


SCRIPT = """
import sys
from handwriting.jobs import start
status = start("evaluate", sys.argv[1:])
print(status, "torch" in sys.modules)
"""


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ([], "run is missing"),
        (["run=nowhere"], "nowhere does not exist"),
        (["run={runs}"], "is not a run folder"),
        (["run={runs}/cgan", "checkpoint=worst"], "choose best or last"),
        (["run={runs}/cgan", "seed=-1"], "seed=-1: must be greater than or equal to 0."),
        (["run={runs}/cgan", "metrics=none"], "there is nothing to measure"),
        (["run={runs}/cgan", "metrics=fit"], "Did you mean fid?"),
        (["run={runs}/cgan", "path=x"], "has no path"),
    ],
)
def test_mistakes_are_answered_in_one_line_before_torch_is_imported(runs, words, answer):
    words = [word.format(runs=runs) for word in words]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *words], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "False"]
    assert answer in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_run_that_is_read_only_is_refused_before_its_data_are_read(runs, monkeypatch, capsys):
    monkeypatch.setattr("handwriting.files.os.access", lambda *_: False)
    assert start("evaluate", [f"run={runs / 'vae'}", "root=nowhere"]) == 2
    assert "is read-only" in capsys.readouterr().err


def test_a_wrong_value_of_a_metric_is_named(runs, capsys):
    assert start("evaluate", [f"run={runs / 'cgan'}", "metrics.precision_recall.k=none"]) == 2
    assert "metrics.precision_recall.k" in capsys.readouterr().err


def test_what_was_seen_of_classes_and_neighbours_is_left_for_other_pages(runs):
    folder = runs / "cgan"
    assert start("evaluate", [f"run={folder}", "metrics=fid"]) == 0
    classes = Classes.of(folder)
    assert classes is not None
    assert classes.names == ("a", "b", "c")
    _, test = source_of(Run.at(folder), {}).read()
    assert classes.confusion.sum(axis=1).tolist() == test.counts().tolist(), "generated in the classes' proportions"
    assert classes.real is not None
    assert classes.real.sum(axis=1).tolist() == test.counts().tolist()
    assert classes.real.trace() > 0.6 * len(test), "the classifier knows real glyphs"
    with Image.open(folder / "neighbours.png") as pairs:
        pairs.load()
        assert pairs.width >= 400
        assert (np.asarray(pairs.convert("L")) < 60).mean() > 0.01
    tested = json.loads((folder / "summary.json").read_text())["tested"]
    assert tested.keys() == {"fid", "fid_infinity"}
    measures = evaluated(folder)
    assert tested == {name: {key: measures[name][key] for key in ("value", "floor")} for name in tested}


def test_a_model_without_classes_leaves_none(runs):
    folder = runs / "vae"
    assert start("evaluate", [f"run={folder}", "metrics=fid"]) == 0
    assert Classes.of(folder) is None
    assert not (folder / CLASSES_FILE).exists()
    with Image.open(folder / "neighbours.png") as pairs:
        pairs.load()
        assert pairs.height > 100
