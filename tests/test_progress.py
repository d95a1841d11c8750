"""How far work has come is shown in place on a terminal, and in a line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import threading
from io import StringIO

import pytest

from handwriting import progress
from handwriting.progress import (
    BAR_SECONDS,
    EVERY_SECONDS,
    FIRST_SECONDS,
    FittedBar,
    StepProgress,
    fitted,
    shown_progress,
    step,
    tell,
)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _lines_about_slow_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what spares other tests these lines."""
    monkeypatch.setattr(progress, "FIRST_SECONDS", FIRST_SECONDS)


@pytest.fixture
def now() -> list[float]:
    """The time, which only the test moves."""
    return [0.0]


@pytest.fixture
def shown(now: list[float]) -> StepProgress:
    return StepProgress(lambda: now[0])


def test_a_step_without_a_terminal_says_what_it_does_after_seconds_and_then_now_and_then(shown, now, capsys):
    shown.begin("learning")
    for eighth in range(1, 8):
        now[0] += 10.0
        shown.report(eighth / 8)
    assert capsys.readouterr().out.splitlines() == [
        *(f"learning: {share}%, {left} left" for share, left in (("12", "1:10"), ("25", "1:00"), ("38", "0:50"))),
        *(f"learning: {share}%, {left} left" for share, left in (("50", "0:40"), ("62", "0:30"), ("75", "0:20"))),
        "learning: 88%, 0:10 left",
    ]


def test_a_step_that_says_nothing_is_named_all_the_same(shown, now, capsys):
    shown.begin("loading PyTorch")
    for _ in range(3):
        now[0] += FIRST_SECONDS
        shown.show()
    now[0] += EVERY_SECONDS
    shown.show()
    assert capsys.readouterr().out.splitlines() == ["loading PyTorch ...", "loading PyTorch ... 0:14 so far"]


def test_a_short_step_and_one_after_a_line_say_nothing(shown, now, capsys):
    shown.begin("reading")
    shown.show()
    now[0] += FIRST_SECONDS
    shown.line("a line")
    shown.show()
    shown.end()
    shown.show()
    assert capsys.readouterr().out == "a line\n"


def test_the_outer_step_is_shown_once_the_inner_one_ends(shown, now, capsys):
    shown.begin("measuring")
    shown.begin("training")
    now[0] += FIRST_SECONDS
    shown.report(0.5)
    shown.end()
    now[0] += EVERY_SECONDS
    shown.report(0.25)
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == ["training", "measuring"]


def test_what_changes_within_a_step_has_a_time_of_its_own(shown, now, capsys):
    shown.begin("measuring")
    now[0] += EVERY_SECONDS
    shown.report(0.5, "measuring FID")
    now[0] += EVERY_SECONDS
    shown.show()
    shown.report(0.75)
    now[0] += EVERY_SECONDS
    shown.show()
    assert capsys.readouterr().out.splitlines() == ["measuring FID: 50%", "measuring FID: 75%, 0:20 left"]


def test_on_a_terminal_one_line_is_drawn_in_place_and_leaves_no_trace(shown, now, capsys, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    shown.begin("learning")
    shown.report(0.1)
    assert terminal.getvalue() == "", "a short step would only flicker"
    now[0] += BAR_SECONDS
    shown.report(0.5)
    shown.report(0.5, "cutting")
    now[0] += BAR_SECONDS
    shown.show()
    shown.line("round 1")
    drawn = terminal.getvalue()
    assert "learning:  50%" in drawn
    assert "cutting" in drawn
    assert "\n" not in drawn
    assert not drawn.rstrip("\r").rpartition("\r")[2].strip()
    assert capsys.readouterr().out == "round 1\n"


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_a_bar_keeps_what_it_does_its_share_and_the_time_left_in_every_terminal(columns):
    details = ["loss 0.123", "D_loss 1.23", "G_loss 0.456", "12.3k glyphs/s"]
    line = fitted(columns, "epoch 12/100", 0.37, "1:02:03 left", details)
    assert len(line) <= columns
    assert line.startswith("epoch 12/100:  37%")
    assert "1:02:03 left" in line
    kept = [detail for detail in details if detail in line]
    assert kept == details[: len(kept)], "the last ones go first"
    assert (len(kept) == len(details)) == (columns >= 100)


def test_a_bar_takes_the_time_left_of_whatever_ends_first(monkeypatch):
    bar = FittedBar(100, unit=" glyphs", with_rate=True)
    monkeypatch.setattr(bar, "_time", lambda: bar.start_t + 10)
    bar.n = 50
    assert "0:10 left" in str(bar)
    assert "5.00 glyphs/s" in str(bar)
    bar.seconds_left = 3
    assert "0:03 left" in str(bar)
    bar.close()


def test_steps_within_a_command_are_shown_and_others_are_not(monkeypatch, capsys, caplog, now):
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(StepProgress.__init__, "__defaults__", (lambda: now[0],))
    with caplog.at_level(logging.INFO), step("outside") as report:
        now[0] += EVERY_SECONDS
        report(0.5)
        tell("a line")
    assert capsys.readouterr().out == ""
    assert "a line" in caplog.text
    with shown_progress(), step("inside") as report:
        now[0] += EVERY_SECONDS
        report(0.5)
        tell("a line")
    assert capsys.readouterr().out == "inside: 50%, 0:10 left\na line\n"


def test_a_silent_step_is_shown_by_a_thread_which_ends_with_the_command(monkeypatch, capsys):
    monkeypatch.setattr(progress, "TICK_SECONDS", 0.001)
    monkeypatch.setattr(progress, "FIRST_SECONDS", 0.0)
    said = threading.Event()
    line = StepProgress.line

    def heard(self, text):
        line(self, text)
        said.set()

    monkeypatch.setattr(StepProgress, "line", heard)
    with shown_progress(), step("importing"):
        assert said.wait(30)
    assert capsys.readouterr().out.startswith("importing ...\n")
    assert not [thread for thread in threading.enumerate() if thread.name == progress.TICKER]
