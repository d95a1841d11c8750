"""How far a step has come is shown in place on a terminal, and in a line now and then elsewhere."""

from __future__ import annotations

import sys
from io import StringIO

import pytest

from handwriting.jobs.progress import EVERY_SECONDS, StepProgress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_a_line_comes_only_after_a_while_of_silence(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    progress = StepProgress(lambda: now[0])
    for tenth in range(10):
        progress("learning", tenth / 10)
        now[0] += EVERY_SECONDS / 2
    assert capsys.readouterr().out.splitlines() == [f"learning: {share}%" for share in (20, 40, 60, 80)]
    progress.line("round 1")
    progress("learning", 0.5)
    assert capsys.readouterr().out == "round 1\n"


def test_on_a_terminal_one_line_is_drawn_in_place_and_leaves_no_trace(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = StepProgress(lambda: 0.0)
    progress("learning", 0.0)
    progress("cutting", 0.5)
    progress.line("round 1")
    shown = terminal.getvalue()
    assert "learning:   0%" in shown
    assert "\n" not in shown
    assert not shown.rstrip("\r").rpartition("\r")[2].strip()
    assert capsys.readouterr().out == "round 1\n"
