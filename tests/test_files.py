"""Files that a user names, and files that are complete or absent, however a process ends."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from handwriting.errors import ConfigError, DataError
from handwriting.files import MAX_NAME_BYTES, link_target, named_file, refuse_unwritable, write_atomically

ENDINGS = (".png", ".svg")
KILLED = """
import os, signal, sys
from pathlib import Path
from handwriting.files import write_atomically

def killed(file):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

write_atomically(Path(sys.argv[1]), killed)
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def new(file: IO[bytes]) -> None:
    file.write(b"new")


def names() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def ended_process() -> int:
    """Return the number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_named_file_has_an_ending() -> None:
    assert named_file("new/letter", ENDINGS, "letter.png") == Path("new/letter.png")
    assert named_file("letter.SVG", ENDINGS, "letter.png") == Path("letter.SVG")
    assert named_file(".hidden", ENDINGS, "letter.png") == Path(".hidden.png")
    Path("letter").touch()
    assert named_file("letter", ENDINGS, "letter.png") == Path("letter.png")


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("folder", "out=folder is a folder: name the file, such as folder/letter.png."),
        ("new/", "out=new/ is a folder: name the file, such as new/letter.png."),
        ("new/.", "out=new/. is a folder: name the file, such as new/letter.png."),
        ("new/..", "out=new/.. is a folder: name the file, such as new/../letter.png."),
        ("o/.png", "out=o/.png is only an ending: name the file, such as o/letter.png."),
        (".PNG", "out=.PNG is only an ending: name the file, such as letter.PNG."),
        ("letter.", "out=letter. ends in a dot: give letter.png."),
        ("o/...", "out=o/... ends in a dot: give o/letter.png."),
        ("/dev/null", "out=/dev/null is a device or a pipe: name a file, such as letter.png."),
        ("pipe", "out=pipe is a device or a pipe: name a file, such as letter.png."),
    ],
)
def test_what_names_no_file_is_refused_in_one_line(out: str, message: str) -> None:
    Path("folder").mkdir()
    os.mkfifo("pipe")
    with pytest.raises(ConfigError) as refused:
        named_file(out, ENDINGS, "letter.png")
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("file/letter.png", "file is a file, and a folder is to be made there: remove it."),
        ("file/new/letter.png", "file is a file, and a folder is to be made there: remove it."),
        ("broken/letter.png", "broken is a broken link, and a folder is to be made there: remove it."),
        ("broken", "it is a link to nowhere, which does not exist. Remove the link, or give another place."),
        ("circle", "it is a link to circle, which does not exist. Remove the link, or give another place."),
        ("x" * 300, "(File name too long). Give another place."),
    ],
)
def test_a_place_where_no_file_can_be_is_refused_and_nothing_is_made(out: str, message: str) -> None:
    Path("file").touch()
    Path("broken").symlink_to("nowhere")
    Path("circle").symlink_to("circle")
    before = names()
    with pytest.raises(DataError) as refused:
        refuse_unwritable(Path(out))
    assert str(refused.value).startswith(f"out={out} cannot be written")
    assert str(refused.value).replace(str(Path.cwd()) + "/", "").endswith(message)
    refuse_unwritable(Path("new/folder/letter.png"))
    assert names() == before


def test_a_folder_that_is_read_only_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("letter.png").touch()
    monkeypatch.setattr("handwriting.files.os.access", lambda *_: False)
    for out in ("letter.png", "new/letter.png"):
        with pytest.raises(DataError, match="is read-only"):
            refuse_unwritable(Path(out))


def test_a_link_is_followed_and_stays() -> None:
    Path("real").mkdir()
    Path("real/letter.png").touch()
    Path("link.png").symlink_to("real/letter.png")
    refuse_unwritable(Path("link.png"))
    write_atomically(link_target(Path("link.png")), new)
    assert Path("link.png").is_symlink()
    assert Path("real/letter.png").read_bytes() == b"new"


def test_a_file_has_its_name_only_once_it_is_complete() -> None:
    path = Path("letter.png")
    path.write_bytes(b"old")

    def write(file: IO[bytes]) -> None:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"

    write_atomically(path, write)
    assert path.read_bytes() == b"new"
    assert names() == ["letter.png"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.EIO, "broken"), SystemExit(1)])
def test_an_interruption_leaves_nothing(error: BaseException) -> None:
    def interrupted(file: IO[bytes]) -> None:
        file.write(b"half")
        raise error

    with pytest.raises(type(error)):
        write_atomically(Path("letter.png"), interrupted)
    assert names() == []


def test_what_a_killed_process_leaves_is_hidden_and_the_next_call_removes_it() -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, "letter.png"], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = names()
    assert left.startswith(".letter.png.")
    assert left.endswith(".unfinished")
    write_atomically(Path("other.png"), new)
    assert left in names()
    write_atomically(Path("letter.png"), new)
    assert names() == ["letter.png", "other.png"]


def test_what_a_process_still_writes_stays() -> None:
    ended = ended_process()
    of_living = f".letter.png.{os.getppid()}.unfinished"
    of_other_machine = f".letter.png.{ended}.unfinished"  # where the number is that of no process here
    for name in (of_living, of_other_machine):
        Path(name).touch()
    with Path(of_other_machine).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_atomically(Path("letter.png"), new)
        assert names() == sorted([of_living, of_other_machine, "letter.png"])


def test_a_name_as_long_as_any_can_be_is_written_and_cleaned_up_after() -> None:
    for letter in ("x", "ä"):  # one byte and two
        name = letter * ((MAX_NAME_BYTES - 4) // len(letter.encode())) + ".png"
        write_atomically(Path(name), new)
        (done,) = names()
        assert done == name
        subprocess.run([sys.executable, "-c", KILLED, name], check=False)
        assert len(names()) == 2
        write_atomically(Path(name), new)
        assert names() == [name]
        Path(name).unlink()
