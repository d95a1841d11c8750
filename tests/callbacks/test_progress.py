"""The progress of a run, on a terminal and elsewhere."""

from __future__ import annotations

import re

from tests.builders import train


def test_progress_is_a_line_an_epoch_without_a_terminal(tmp_path, capsys):
    train(tmp_path / "run", "model=cgan", "callbacks.progress.every_seconds=0", "trainer.max_epochs=3")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    assert len(lines) == 3
    assert lines[0].startswith("epoch 1/3")
    assert all("D_loss" in line and "glyphs/s" in line and "left" in line for line in lines)


def test_progress_is_a_bar_on_a_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    train(tmp_path / "run", "model=vae", "callbacks.progress.every_seconds=0")
    shown = capsys.readouterr()
    assert "glyphs/s" in shown.err
    assert "loss" in shown.err
    assert "epoch 1/2" not in shown.out


def test_time_left_is_shown_for_a_limit_in_time(tmp_path, capsys, counted_time):
    limits = ["trainer.max_epochs=-1", "trainer.max_time=00:00:00:02", "callbacks.progress.every_seconds=0"]
    folder = train(tmp_path / "run", "model=vae", "callbacks.samples=null", "callbacks.reconstructions=null", *limits)
    left = [int(seconds) for seconds in re.findall(r"glyphs/s  0:0(\d) left", capsys.readouterr().out)]
    assert left
    assert left == sorted(left, reverse=True)
    assert left[0] <= 2
    assert (folder / "checkpoints" / "last.ckpt").is_file()


def test_the_time_left_is_that_until_whatever_ends_the_run_first(tmp_path, capsys, counted_time):
    limits = ["trainer.max_epochs=1000000", "trainer.max_time=00:00:00:03", "callbacks.progress.every_seconds=0"]
    train(tmp_path / "run", "model=vae", *limits, "callbacks.samples=null")
    shown = [line.rsplit("  ", 1)[1] for line in capsys.readouterr().out.splitlines() if line.endswith(" left")]
    assert shown
    assert set(shown) <= {"0:03 left", "0:02 left", "0:01 left", "0:00 left"}
