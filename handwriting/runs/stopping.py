"""Requests to end a running training after its epoch: who makes them, and why."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from handwriting.files import write_atomically

STOP_FILE = "stop"
"""The file that requests it, in the folder of the run: empty or any text by a person's hand, JSON by a sweep."""

StoppedBy = Literal["person", "pruner"]


@dataclass(frozen=True)
class StopReason:
    """Why a run was ended early.

    Attributes:
        why: The reason, in words.
        stopped_by: ``pruner`` where a sweep's pruner ended a trial that it will not run again; ``person`` otherwise.
    """

    why: str
    stopped_by: StoppedBy = "person"


def request_stop(folder: Path, reason: StopReason) -> None:
    """Request that the run in ``folder`` ends after its current epoch."""
    write_atomically(folder / STOP_FILE, lambda file: file.write(json.dumps(asdict(reason)).encode()))


def take_stop_request(folder: Path) -> StopReason | None:
    """Return the request to end the run in ``folder``, and remove it; None where there is none."""
    file = folder / STOP_FILE
    if not file.is_file():
        return None
    text = file.read_text("utf-8", "replace").strip()
    file.unlink()
    return _parse(text)


def _parse(text: str) -> StopReason:
    try:
        values = json.loads(text)
        if values["stopped_by"] == "pruner":
            return StopReason(str(values["why"]), "pruner")
    except (ValueError, TypeError, LookupError):  # what a person has written is a reason as it stands
        pass
    return StopReason(text or "asked to stop")
