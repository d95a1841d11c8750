"""Colours are for terminals, and for those who do not refuse them."""

from __future__ import annotations

import sys

import pytest

from handwriting.terminal import bold, print_error


def as_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the output of the test be a terminal; within the test, since its fixtures have another output."""
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_on_a_terminal_an_error_begins_red_and_what_was_made_is_bold(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    as_terminal(monkeypatch)
    print_error("x is missing")
    assert capsys.readouterr().err == "\033[31mError\033[0m x is missing\n"
    assert bold("runs/a") == "\033[1mruns/a\033[0m"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_whoever_wants_no_colour_gets_none(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    as_terminal(monkeypatch)
    monkeypatch.setenv(name, value)
    print_error("x is missing")
    assert capsys.readouterr().err == "x is missing\n"
    assert bold("runs/a") == "runs/a"


def test_a_file_gets_no_colour(capsys: pytest.CaptureFixture[str]) -> None:
    print_error("x is missing")
    assert capsys.readouterr().err == "x is missing\n"
    assert bold("runs/a") == "runs/a"
