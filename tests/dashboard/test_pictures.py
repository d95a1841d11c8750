"""The captions of a run's pictures are read from its summary; those of earlier runs are known."""

from __future__ import annotations

from pathlib import Path

from handwriting.dashboard.pictures import EARLIER_CAPTIONS, single_pictures
from handwriting.runs.summaries import RunSummary


def run(folder: Path, pictures: dict[str, str]) -> RunSummary:
    folder.mkdir()
    for name in ("training.gif", "latent.png", "mine.png"):
        (folder / name).touch()
    return RunSummary(path=folder, name="run", state="done", pictures=pictures)


def test_a_run_names_its_pictures_and_their_captions_in_order(tmp_path: Path) -> None:
    summary = run(tmp_path / "run", {"mine.png": "My picture", "training.gif": "Grids", "to_come.png": "Later"})
    assert {path.name: caption for path, caption in single_pictures(summary).items()} == {
        "mine.png": "My picture",
        "training.gif": "Grids",
    }


def test_pictures_of_an_earlier_version_have_captions(tmp_path: Path) -> None:
    pictures = single_pictures(run(tmp_path / "run", {}))
    assert {path.name: caption for path, caption in pictures.items()} == {
        name: EARLIER_CAPTIONS[name] for name in ("training.gif", "latent.png")
    }


def test_the_name_of_a_picture_is_no_path(tmp_path: Path) -> None:
    (tmp_path / "secret.png").touch()
    names = ("../secret.png", str(tmp_path / "secret.png"), "..", ".", "", "a/../mine.png", "mine.png\0", "x" * 300)
    assert single_pictures(run(tmp_path / "run", dict.fromkeys(names, "Mine"))) == {}
