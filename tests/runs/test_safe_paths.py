"""Nothing outside of the chosen folders is read, wherever a name or a link points."""

from __future__ import annotations

from pathlib import Path

import pytest

from handwriting.errors import RunError
from handwriting.runs.safe_paths import refuse_escaping_links, resolve_within


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """A chosen folder with a file in it, beside one that was not chosen."""
    for name in ("inside/run", "inside/other", "outside"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_text(name)
    return tmp_path / "inside"


def refused(path: Path | str, *folders: Path) -> str:
    with pytest.raises(RunError) as told:
        resolve_within(path, folders)
    return str(told.value)


def test_what_lies_inside_is_found_whether_it_exists_or_not(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_within(inside, [inside]) == inside
    assert resolve_within(str(inside / "run/file"), [inside]) == inside / "run/file"
    assert resolve_within(inside / "run/../other/./file", [inside]) == inside / "other/file"
    assert resolve_within(inside / "absent/file", [inside]) == inside / "absent/file"
    assert resolve_within(inside.parent / "outside/file", [inside, inside.parent / "outside"]).read_text() == "outside"
    monkeypatch.chdir(inside)
    assert resolve_within("run/file", [inside]) == inside / "run/file"


@pytest.mark.parametrize("path", ["..", "../outside/file", "run/../../outside", "absent/../../outside/file"])
def test_no_number_of_dots_leads_out(inside: Path, path: str) -> None:
    assert refused(inside / path, inside) == f"{inside / path} leads out of {inside}: not read."


@pytest.mark.parametrize("path", ["/", "/etc/passwd", "//etc/passwd", "/proc/self/environ"])
def test_an_absolute_path_does_not_lead_out(inside: Path, path: str) -> None:
    assert "leads out of" in refused(path, inside)
    assert "leads out of" in refused(inside / path, inside)


def test_a_folder_whose_name_merely_begins_the_same_is_outside(inside: Path) -> None:
    (inside.parent / "inside2").mkdir()
    assert "leads out of" in refused(inside.parent / "inside2", inside)


def test_without_a_folder_nothing_is_inside(inside: Path) -> None:
    assert "not read" in refused(inside / "run")


@pytest.mark.parametrize("target", ["outside/file", "outside", "outside/absent"])
def test_links_out_are_refused(inside: Path, target: str) -> None:
    link = inside / "run/link"
    link.symlink_to(inside.parent / target)
    assert str(link) in refused(link, inside)
    with pytest.raises(RunError, match="leads out of") as told:
        refuse_escaping_links(inside / "run", [inside])
    assert str(link) in str(told.value)


def test_what_lies_behind_a_link_out_is_refused(inside: Path) -> None:
    (inside / "run/link").symlink_to("../../outside")
    assert "leads out of" in refused(inside / "run/link/file", inside)
    assert "leads out of" in refused(inside / "run/link/../outside/file", inside)


def test_a_link_to_a_link_out_is_refused(inside: Path) -> None:
    (inside / "other/second").symlink_to(inside.parent / "outside")
    (inside / "run/first").symlink_to(inside / "other/second")
    with pytest.raises(RunError, match="first leads out of"):
        refuse_escaping_links(inside / "run", [inside])


def test_links_that_stay_inside_are_followed(inside: Path) -> None:
    (inside / "run/file link").symlink_to("../other/file")
    (inside / "run/folder link").symlink_to(inside / "other")
    assert resolve_within(inside / "run/file link", [inside]) == inside / "other/file"
    assert resolve_within(inside / "run/folder link/file", [inside]).read_text() == "inside/other"
    refuse_escaping_links(inside / "run", [inside])
    with pytest.raises(RunError, match="link leads out of"):
        refuse_escaping_links(inside / "run", [inside / "run"])


def test_a_link_from_one_chosen_folder_into_another_is_followed(inside: Path) -> None:
    outside = inside.parent / "outside"
    (inside / "run/link").symlink_to(outside)
    refuse_escaping_links(inside / "run", [inside, outside])
    assert resolve_within(inside / "run/link/file", [inside, outside]) == outside / "file"


def test_links_in_a_circle_are_refused(inside: Path) -> None:
    (inside / "run/a").symlink_to("b")
    (inside / "run/b").symlink_to("a")
    (inside / "other/self").symlink_to("self")
    for path in ("run/a", "run/b/file", "other/self"):
        told = refused(inside / path, inside)
        assert told.startswith(f"{inside / path} cannot be a path: ")
        assert "\n" not in told
    for folder in ("run", "other"):
        with pytest.raises(RunError, match="cannot be a path"):
            refuse_escaping_links(inside / folder, [inside])


def test_a_link_to_a_folder_around_it_does_not_go_round_for_ever(inside: Path) -> None:
    (inside / "run/up").symlink_to("..")
    refuse_escaping_links(inside / "run", [inside])
    assert resolve_within(inside / "run/up/run/up/run/file", [inside]) == inside / "run/file"


def test_a_null_byte_is_in_no_path(inside: Path) -> None:
    assert "cannot be a path" in refused(f"{inside}/a\0b", inside)


def test_very_long_names_lead_nowhere(inside: Path) -> None:
    assert "leads out of" in refused("/" + "x" * 5_000, inside)
    assert "leads out of" in refused(inside / ("x" * 5_000) / "../../..", inside)
    assert "leads out of" in refused("../" * 3_000, inside)


@pytest.mark.parametrize("inner", [None, (), ("samples",)])
def test_a_folder_that_is_itself_a_link_out_is_refused(inside: Path, inner: tuple[str, ...] | None) -> None:
    (inside / "link").symlink_to(inside.parent / "outside")
    with pytest.raises(RunError, match="link leads out of"):
        refuse_escaping_links(inside / "link", [inside], inner)


def test_a_folder_that_is_itself_a_link_inside_is_looked_through(inside: Path) -> None:
    (inside / "link").symlink_to(inside / "other")
    refuse_escaping_links(inside / "link", [inside])
    (inside / "other/out").symlink_to(inside.parent / "outside")
    with pytest.raises(RunError, match="out leads out of"):
        refuse_escaping_links(inside / "link", [inside])


def test_a_folder_that_does_not_exist_holds_no_way_out(inside: Path) -> None:
    refuse_escaping_links(inside / "absent", [inside])
    with pytest.raises(RunError, match="leads out of"):
        refuse_escaping_links(inside.parent / "absent", [inside])


def test_only_the_inner_folders_that_are_named_are_looked_through(inside: Path) -> None:
    for name in ("wandb", "samples"):
        (inside / "run" / name).mkdir()
    (inside / "run/wandb/log").symlink_to(inside.parent / "outside/file")
    for inner in ((), ("samples",)):
        refuse_escaping_links(inside / "run", [inside], inner)
    for inner in (None, ("wandb",), ("samples", "wandb")):
        with pytest.raises(RunError, match="log leads out of"):
            refuse_escaping_links(inside / "run", [inside], inner)


@pytest.mark.parametrize("inner", [(), ("samples",)])
def test_what_lies_in_the_folder_itself_is_always_looked_at(inside: Path, inner: tuple[str, ...]) -> None:
    (inside / "run/wandb").symlink_to(inside.parent / "outside")
    with pytest.raises(RunError, match="wandb leads out of"):
        refuse_escaping_links(inside / "run", [inside], inner)


@pytest.mark.parametrize("inner", [None, ("samples",)])
def test_a_way_out_behind_a_link_that_stays_inside_is_refused(inside: Path, inner: tuple[str, ...] | None) -> None:
    (inside / "run/samples").symlink_to(inside / "other")
    (inside / "other/epoch_0001.png").symlink_to(inside.parent / "outside/file")
    with pytest.raises(RunError, match="leads out of"):
        refuse_escaping_links(inside / "run", [inside], inner)
