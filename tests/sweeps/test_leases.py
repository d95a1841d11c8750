"""No GPU is leased twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from handwriting.sweeps.leases import LEASES_VARIABLE, lease

GPUS = ("0", "1", "2")


@pytest.fixture(autouse=True)
def _own_leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LEASES_VARIABLE, str(tmp_path))


def test_every_gpu_is_leased_once() -> None:
    held = [lease(GPUS) for _ in GPUS]
    assert [one.gpus for one in held if one] == [("0",), ("1",), ("2",)]
    assert lease(GPUS) is None
    assert held[1]
    held[1].release()
    again = lease(GPUS)
    assert again
    assert again.gpus == ("1",)


def test_a_trial_of_two_gpus_gets_both_or_none() -> None:
    first = lease(GPUS, count=2)
    assert first
    assert first.gpus == ("0", "1")
    assert lease(GPUS, count=2) is None
    rest = lease(GPUS)  # what the refusal had taken is free again
    assert rest
    assert rest.gpus == ("2",)


def test_trials_share_a_gpu_by_option_and_never_with_one_that_wants_it_whole() -> None:
    shared = [lease(["0"], shared_by=3) for _ in range(3)]
    assert all(shared)
    assert lease(["0"], shared_by=3) is None
    assert lease(["0"]) is None
    for one in shared:
        assert one
        one.release()
    whole = lease(["0"])
    assert whole
    assert lease(["0"], shared_by=3) is None


def test_a_lease_lasts_as_long_as_the_trial_though_the_sweep_is_gone() -> None:
    """The trial's process inherits the files: killing the sweep releases nothing."""
    held = lease(["0"])
    assert held
    trial = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=held.files)
    held.release()  # as the end of the sweep's process would
    assert lease(["0"]) is None
    trial.communicate(b"\n")
    assert lease(["0"])
