"""Finding run folders: by a folder, a pattern or commas, and one walk through folders for all who look."""

from __future__ import annotations

from pathlib import Path

import pytest

from handwriting.runs.finding import NO_RUN, FoundFolders, Walk, distinct_names, find, split_paths
from tests.runs.folders import make


def test_runs_are_found_by_folder_depth_pattern_and_comma_each_once_and_in_order(tmp_path, monkeypatch):
    for name in ("runs/b", "runs/a", "sweeps/lr/10", "sweeps/lr/9", "odd, [name]*"):
        make(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    found = {
        asked: [str(path) for path in find(asked)[0]]
        for asked in ("runs/a", "runs", "runs/", "sweeps", "runs/[ab]", "*/l*", "runs/a,sweeps", "runs, runs/a", ".")
    }
    assert found["runs/a"] == ["runs/a"]
    assert found["runs"] == found["runs/"] == found["runs/[ab]"] == found["runs, runs/a"] == ["runs/a", "runs/b"]
    assert found["sweeps"] == found["*/l*"] == ["sweeps/lr/9", "sweeps/lr/10"]
    assert found["runs/a,sweeps"] == ["runs/a", "sweeps/lr/9", "sweeps/lr/10"]
    assert found["."] == ["odd, [name]*", "runs/a", "runs/b"], "two levels deep"
    assert find("odd, [name]*")[0] == [Path("odd, [name]*")], "what is there by that very name is meant"


def test_runs_of_the_same_name_are_told_apart_by_the_folders_around_them():
    folders = [Path("/s/lr/0"), Path("/s/lr/1"), Path("/s/seed/0")]
    assert distinct_names(folders) == ["lr/0", "lr/1", "seed/0"]
    assert distinct_names(folders[:2]) == ["0", "1"]


def walked(folder: Path, walk: Walk) -> FoundFolders:
    found = FoundFolders()
    walk.into(found, str(folder), "here")
    return found


def test_a_walk_goes_as_deep_as_is_said_and_into_no_run_and_no_hidden_folder(tmp_path: Path) -> None:
    for name in ("a", "a/inner", "b/c", "b/d/e", ".hidden/f"):
        make(tmp_path / name)
    assert list(walked(tmp_path, Walk(1)).runs) == ["here/a"]
    assert list(walked(tmp_path, Walk(2)).runs) == ["here/a", "here/b/c"]
    assert list(walked(tmp_path, Walk(3)).runs) == ["here/a", "here/b/c", "here/b/d/e"]


def test_a_folder_of_a_group_is_noted_and_a_run_in_it_that_has_not_begun_is_not_foreign(tmp_path: Path) -> None:
    make(tmp_path / "sweep/0")
    for name in ("sweep/1", "notes/of/old"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "sweep/plan.json").touch()
    grouped, plain = walked(tmp_path, Walk(3, group_files=("plan.json",))), walked(tmp_path, Walk(3))
    assert (list(grouped.runs), list(grouped.groups)) == (["here/sweep/0"], ["here/sweep"])
    assert grouped.foreign == ["here/notes"]
    assert (plain.groups, plain.foreign) == ({}, ["here/notes", "here/sweep/1"])


def test_only_a_confined_walk_refuses_a_link_out(tmp_path: Path) -> None:
    outside = make(tmp_path / "outside/run")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/link").symlink_to(outside)
    confined = walked(tmp_path / "runs", Walk(2, (tmp_path / "runs",)))
    assert confined.runs == {}
    (skipped,) = confined.skipped
    assert skipped.path == "here/link"
    assert "leads out of" in skipped.reason
    assert list(walked(tmp_path / "runs", Walk(2)).runs) == ["here/link"]
    assert find(str(tmp_path / "runs"))[0] == [tmp_path / "runs/link"], "a person who compares names what is meant"


def test_what_cannot_be_listed_is_named_with_the_reason(tmp_path: Path) -> None:
    make(tmp_path / "good")
    (tmp_path / "a file").touch()
    assert find(f"{tmp_path}/a file")[1][0].reason.endswith("a file'")
    assert find(str(tmp_path))[1] == [], "files are of no interest"
    (tmp_path / "loop").symlink_to("loop")
    assert [one.reason for one in find(str(tmp_path / "good"))[1]] == []


@pytest.mark.parametrize(
    ("typed", "parts"), [("a, b,,c", ["a", "b", "c"]), (",", []), ("there, too", ["there, too"]), ("*/x", ["*/x"])]
)
def test_what_is_typed_is_split_at_commas_unless_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, parts: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there, too").mkdir()
    assert split_paths(typed) == parts


def test_a_folder_without_any_run_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    assert [(one.path, one.reason) for one in find(str(tmp_path))[1]] == [(str(tmp_path), NO_RUN)]
