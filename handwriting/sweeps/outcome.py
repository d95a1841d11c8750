"""How a trial stands and how it ended, read from its run folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from handwriting import legacy
from handwriting.runs import Run
from handwriting.sweeps.trial_process import OUTPUT_FILE
from handwriting.sweeps.trials import Trial


def with_outcome(trial: Trial, folder: Path, exit_status: int | None = None) -> Trial:
    """Return a trial with the outcome that its run folder records, once its process has ended.

    Args:
        trial: The trial.
        folder: Its run folder.
        exit_status: The exit status of its process, a signal as a negative number; None where it is not known.

    Raises:
        RunError: If a file of the run is broken.
    """
    status_file = folder / "status.json"
    if not (status_file.is_file() and status_file.stat().st_size):
        return replace(trial, state="failed", why=_describe_exit(exit_status) + _last_output_line(folder))
    run = Run.at(folder)
    status = legacy.current_status(run.status)
    trial = with_progress(trial, run.summary)
    state, why = status["state"], status.get("why")
    if state == "interrupted" and status.get("stopped_by") == "pruner":
        return replace(trial, state="pruned", why=why)
    if state == "running":
        return replace(trial, state="failed", why=_describe_exit(exit_status))
    if state == "done" and trial.value is None:
        if has_logged(run, trial.monitor):
            return replace(trial, state="failed", why=f"{trial.monitor} was never finite")
        why = f"{trial.monitor} was never measured"
    return replace(trial, state=state, why=why)


def with_progress(trial: Trial, summary: Mapping[str, Any]) -> Trial:
    """Return a trial with the best value and the training time in its run's summary."""
    monitor, mode = trial.monitor or summary.get("monitor"), summary.get("mode", trial.mode)
    if trial.monitor:
        mode = trial.mode
    values = summary.get("metrics", {}).get(monitor, {})
    return replace(trial, monitor=monitor, mode=mode, value=values.get(mode), seconds=summary.get("seconds"))


def latest_value(trial: Trial, summary: Mapping[str, Any]) -> float | None:
    """Return the latest value of a trial's monitor in its run's summary; None where there is none."""
    monitor = trial.monitor or summary.get("monitor")
    value: float | None = summary.get("metrics", {}).get(monitor, {}).get("value")
    return value


def has_logged(run: Run, monitor: str | None) -> bool:
    """Return whether a run has logged a trial's monitor, finite or not."""
    return any(monitor in row for row in run.metrics())


def _describe_exit(exit_status: int | None) -> str:
    if exit_status is None:
        return "its process is gone"
    return f"killed by signal {-exit_status}" if exit_status < 0 else f"ended with exit status {exit_status}"


def _last_output_line(folder: Path) -> str:
    """Return the last line that a trial printed, after a colon; an empty text where there is none."""
    try:
        lines = (folder / OUTPUT_FILE).read_text("utf-8", "replace").split("\n")
    except OSError:
        return ""
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f": {last}" if last else ""
