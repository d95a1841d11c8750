"""A segmentation is replaced as a whole, whenever that is interrupted, and by one command at a time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import Thread

import pytest

from handwriting.data.sources.pages import Pages
from handwriting.errors import ConfigError, DataError
from handwriting.jobs import MISTAKE, start
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.labels import LabelRow, write_labels
from tests.pages.builders import contents, save_pages, write_draft, write_folder

OLD, NEW = {"word": 2, "character": 4}, {"word": 1, "character": 2}
CHANGES = ("replace", "unlink", "mkdir", "rmdir", "fsync")
"""The functions of ``os`` that change or save what a folder holds."""


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with a person's labels; the new segmentation lacks one of the characters that have one."""
    folder = write_folder(tmp_path / "old", **OLD)
    answers = {0: "a", 1: "b", 3: "c"}
    write_labels(
        folder, [LabelRow("page.png", 0, 0, n, label, 1.0, "person", True, 1.0, 0.0) for n, label in answers.items()]
    )
    return folder.path


@pytest.fixture
def new(old: Path, tmp_path: Path) -> dict[str, bytes]:
    """What the folder holds after a replacement without any interruption."""
    write_folder(Path(shutil.copytree(old, tmp_path / "new")), **NEW)
    expected = contents(tmp_path / "new")
    assert {"labels.csv", "labels_before.csv"} <= expected.keys()
    return expected


@contextmanager
def ended_at(change: int, by: Callable[[], object], *, for_good: bool) -> Iterator[None]:
    """Call ``by`` in place of one change to files, counted from 0; if it is for good, in place of all later ones."""
    numbers = count()

    def wrapped(usual):
        def changed(*arguments, **options):
            number = next(numbers)
            if number == change or (for_good and number > change):
                by()
            return usual(*arguments, **options)

        return changed

    with pytest.MonkeyPatch.context() as patch:
        for name in CHANGES:
            patch.setattr(os, name, wrapped(getattr(os, name)))
        yield


def raising(error: type[BaseException]) -> Callable[[], object]:
    def by() -> None:
        raise error

    return by


def without_leftovers(path: Path) -> dict[str, bytes]:
    """The folder without a draft that was never completed, and without the lock of a process that was killed."""
    return {name: text for name, text in contents(path).items() if not name.startswith((".unfinished/", ".lock"))}


@pytest.mark.parametrize("error", [Killed, KeyboardInterrupt])
def test_a_replacement_interrupted_at_any_moment_never_began_or_is_finished_by_the_next_reader(
    error, old, new, tmp_path
):
    before, results = contents(old), []
    for change in count():
        path = Path(shutil.copytree(old, tmp_path / f"{change}"))
        with suppress(error), ended_at(change, raising(error), for_good=error is Killed):
            write_folder(path, **NEW)
            break
        assert len(Pages(path=str(path), own_scale=False).read()[0]) > 0
        results.append(without_leftovers(path))
        assert results[-1] in (before, new), f"interrupted at change {change}"
        write_folder(path, **NEW)
        assert contents(path) == new, f"interrupted at change {change}"
    assert results == sorted(results, key=lambda result: result == new)  # from one moment on it is finished
    assert before in results
    assert results.count(new) > 15


def test_finishing_may_be_interrupted_any_number_of_times(old, new):
    path, interrupted = old, 0
    folder = SegmentedFolder(path)
    with suppress(Killed), interrupted_while_moving():
        write_folder(path, **NEW)
    for change in count():
        with suppress(Killed), ended_at(change, raising(Killed), for_good=True):
            folder.finish_replacement()
            break
        interrupted += 1
    assert interrupted > 5
    assert without_leftovers(path) == new


@contextmanager
def interrupted_while_moving() -> Iterator[None]:
    """Kill the process as soon as the first file would arrive in the folder."""
    usual = os.replace

    def replace(source: Path, target: Path) -> None:
        if ".unfinished" not in Path(target).parts:
            raise Killed
        usual(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", replace)
        yield


@pytest.fixture
def halfway(old: Path, new: dict[str, bytes]) -> Path:
    """A folder whose replacement was interrupted when the draft was complete."""
    with suppress(Killed), interrupted_while_moving():
        write_folder(old, **NEW)
    assert (old / ".unfinished/replaced.json").is_file()
    return old


@pytest.mark.parametrize(
    "words",
    [
        ["label", "pages=old", "method=transcript"],
        ["segment", "pages=page.png", "out=old"],
        ["data", "data=pages", "data.path=old"],
    ],
    ids=lambda words: words[0],
)
def test_every_command_that_opens_the_folder_finishes(words, halfway, new, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_pages(Path("page.png"))
    start(words[0], words[1:])  # some go on, others have no reason to
    assert contents(halfway) == new


KILLED_PROGRAM = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.pages.builders import write_folder
from tests.pages.test_replacement import NEW, ended_at
with ended_at(int(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL), for_good=True):
    write_folder(Path(sys.argv[1]), **NEW)
"""


@pytest.mark.parametrize("change", [5, 20, 30, 40])
def test_sigkill_leaves_the_old_or_the_new_segmentation(change, old, new, tmp_path):
    before = contents(old)
    program = KILLED_PROGRAM.format(root=str(Path(__file__).parents[2]))
    ended = subprocess.run([sys.executable, "-c", program, str(old), str(change)], capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    SegmentedFolder(old).finish_replacement()
    assert without_leftovers(old) in (before, new)
    write_folder(old, **NEW)
    assert contents(old) == new


@pytest.fixture
def interruptible():
    """Let Ctrl-C interrupt, as it does not where a shell started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_while_files_are_moved_takes_effect_once_all_are_in_place(old, new, interruptible):
    usual, sent = os.replace, []

    def replace(source: Path, target: Path) -> None:
        if ".unfinished" not in Path(target).parts:
            sent.append(target)
            os.kill(os.getpid(), signal.SIGINT)
        usual(source, target)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        patch.setattr(os, "replace", replace)
        write_folder(old, **NEW)
    assert len(sent) > 5
    assert contents(old) == new
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_a_replacement_is_made_in_a_thread_as_well(old, new):
    thread = Thread(target=lambda: write_folder(old, **NEW))
    thread.start()
    thread.join()
    assert contents(old) == new


def test_a_reader_that_cannot_write_says_so_in_one_line(halfway, monkeypatch):
    usual = os.open

    def read_only(path, *arguments, **options):
        if Path(os.fsdecode(path)).name == ".lock":
            raise PermissionError(13, "Permission denied", path)
        return usual(path, *arguments, **options)

    before = contents(halfway)
    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(DataError) as caught:
        Pages(path=str(halfway)).read()
    assert str(caught.value) == (
        f"A new segmentation is not in place yet. data.path={halfway} cannot be written (Permission denied). Make it "
        "writable, or give another folder."
    )
    assert contents(halfway) == before


# Lists that were edited by hand.


@pytest.mark.parametrize(
    "text",
    ['["../precious.png"]', '["words/../../precious.png"]', '["{}/precious.png"]', '["notes.txt"]', '["words"]', "[5]",
     '{"words.npz": 1}', "[", "\udcff"],
)  # fmt: skip
def test_a_list_of_files_to_delete_that_names_others_deletes_none(text, halfway, tmp_path):
    for path in (tmp_path / "precious.png", halfway / "notes.txt"):
        path.write_text("precious")
    text = text.replace("{}", str(tmp_path))
    (halfway / ".unfinished/replaced.json").write_text(text, errors="surrogateescape")
    before = contents(tmp_path)
    for job in (SegmentedFolder(halfway).finish_replacement, lambda: write_folder(halfway, **NEW)):
        with pytest.raises(DataError, match=r"replaced\.json cannot be read .* Move .*/\.unfinished away") as caught:
            job()
        assert "\n" not in str(caught.value)
        assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["words", "overlays", ".unfinished/characters"])
def test_a_link_leads_no_replacement_out_of_the_folder(name, halfway, tmp_path):
    link = halfway / name
    link.rename(tmp_path / "elsewhere")
    link.symlink_to(tmp_path / "elsewhere")
    elsewhere = contents(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=f"{name} is no folder but a link. Move it away"):
        SegmentedFolder(halfway).finish_replacement()
    assert contents(tmp_path / "elsewhere") == elsewhere
    link.unlink()
    (tmp_path / "elsewhere").rename(link)
    SegmentedFolder(halfway).finish_replacement()


def test_a_draft_that_is_a_link_is_not_moved(halfway, tmp_path):
    (halfway / ".unfinished").rename(tmp_path / "elsewhere")
    (halfway / ".unfinished").symlink_to(tmp_path / "elsewhere")
    before = contents(tmp_path)
    SegmentedFolder(halfway).finish_replacement()
    with pytest.raises(OSError, match="File exists"):
        write_folder(halfway, **NEW)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["words/page_000_000.png", "labels.png", "words"])
def test_what_would_stop_a_replacement_halfway_is_refused_before_it_begins(name, old):
    path = old / name
    if name == "words":
        path.rename(old / "moved")
        path.write_text("precious")
    else:
        path.unlink(missing_ok=True)
        path.mkdir()
    before = contents(old)
    with pytest.raises(DataError, match=f"{name} is .* Move it away"):
        write_folder(old, **NEW)
    assert contents(old) == before


# Two commands at once.

WRITING_PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from handwriting.pages.folder import SegmentedFolder
from tests.pages.builders import write_draft
from tests.pages.test_replacement import NEW
with SegmentedFolder(Path(sys.argv[1])).draft() as draft:
    print("writing", flush=True)
    sys.stdin.readline()
    write_draft(draft, **NEW)
"""


@contextmanager
def another_command(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes to a folder until it is told to complete that, or killed."""
    program = WRITING_PROGRAM.format(root=str(Path(__file__).parents[2]))
    running = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout
        assert running.stdout.readline() == "writing\n"
        yield running
    finally:
        running.kill()
        running.communicate()


def test_a_second_command_is_refused_in_one_line_and_the_first_is_not_disturbed(
    old, new, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    save_pages(Path("page.png"))
    with another_command(old) as running:
        for key, *words in (
            ("out", "segment", "pages=page.png", "out=old", "overwrite=true"),
            ("pages", "label", "pages=old", "ask=files"),
        ):
            assert start(words[0], words[1:]) == MISTAKE
            assert capsys.readouterr().err == (
                f"{key}=old: another command is writing to this folder. Wait until it has ended.\n"
            )
        assert len(Pages(path="old").read()[0]) > 0  # the earlier segmentation
        running.communicate("go on\n")
        assert running.returncode == 0
    assert contents(old) == new


def test_a_second_command_does_not_write_to_a_new_folder_either(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    save_pages(Path("page.png"))
    with another_command(tmp_path / "out") as running:
        assert start("segment", ["pages=page.png", "out=out"]) == MISTAKE
        assert "another command is writing to this folder" in capsys.readouterr().err
        running.communicate("go on\n")
        assert running.returncode == 0
    assert contents(tmp_path / "out") == contents(write_folder(tmp_path / "fresh", **NEW).path)
    assert start("segment", ["pages=page.png", "out=out"]) == MISTAKE
    assert "is not empty" in capsys.readouterr().err


def test_the_lock_ends_with_a_process_that_is_killed_and_its_draft_is_removed(old, new):
    with another_command(old) as running:
        running.kill()
        running.wait()
        assert (old / ".unfinished").is_dir()
        write_folder(old, **NEW)
    assert contents(old) == new
    assert not (old / ".unfinished").exists()


def test_two_threads_are_two_writers(old):
    refused = []

    def write() -> None:
        with suppress(DataError):
            write_folder(old, **NEW)
            return
        refused.append(True)

    with SegmentedFolder(old).draft() as draft:
        thread = Thread(target=write)
        thread.start()
        thread.join()
        write_draft(draft, **NEW)
    assert refused == [True]
    write_folder(old, **OLD)


def test_a_refused_command_leaves_no_folder(tmp_path):
    with pytest.raises(ConfigError), SegmentedFolder(tmp_path / "new" / "deep").locked():
        raise ConfigError
    assert list(tmp_path.iterdir()) == []
