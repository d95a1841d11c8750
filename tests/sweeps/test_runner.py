"""A sweep runs to its end whatever its trials do, and its folder shows its progress."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from handwriting.errors import ConfigError, RunError
from handwriting.runs import Run, RunFolder, claim
from handwriting.runs.stopping import StoppedBy, take_stop_request
from handwriting.sweeps import Sweep, SweepPlan, Trial, runner
from handwriting.sweeps.executors import Executor
from handwriting.sweeps.progress_view import ProgressView
from handwriting.sweeps.runner import SweepRunner
from handwriting.sweeps.search import Search, SearchSource
from handwriting.sweeps.sources import GridSource, TrialSource
from handwriting.sweeps.trial_process import TrialJob

CONFIG = "trainer: {max_epochs: 10}\n"


def write_run(
    folder: Path,
    value: float | None,
    state: str = "done",
    why: str | None = None,
    epoch: int = 10,
    stopped_by: StoppedBy | None = None,
) -> None:
    """Write the folder of a run that has reached a value."""
    run = RunFolder(folder if (folder / "status.json").is_file() else claim(folder))
    run.begin(CONFIG, {"seed": 0}, {"model": "VAE", "monitor": "val/loss", "mode": "min"})
    metrics = {} if value is None else {"val/loss": {"value": value, "min": value, "max": value}}
    run.summarise({"epoch": epoch, "seconds": 1.0, "metrics": metrics})
    if state != "running":
        run.end(state, why, stopped_by)  # type: ignore[arg-type]


class FakeExecutor(Executor):
    """Ends every trial in the round after it was submitted, as ``act`` says."""

    def __init__(self, act: Callable[[TrialJob], int | None], workers: int = 2) -> None:
        self.act, self.workers = act, workers
        self.started: list[int] = []
        self.most = 0
        self.stopped = self.closed = False
        self._running: list[TrialJob] = []

    def describe(self) -> str:
        return "no machine"

    def free_slots(self) -> int:
        return self.workers - len(self._running)

    def submit(self, jobs: Sequence[TrialJob]) -> None:
        self._running += jobs
        self.started += [job.number for job in jobs]
        self.most = max(self.most, len(self._running))

    def poll(self) -> list[tuple[int, int | None]]:
        running, self._running = self._running, []
        return [(job.number, self.act(job)) for job in running]

    def stop(self) -> None:
        self.stopped = True

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(runner, "MEASURE_SECONDS", 0.0)


def drive(folder: Path, source: TrialSource, executor: Executor) -> tuple[Trial, ...]:
    sweep = Sweep(folder)
    with sweep.locked():
        sweep.write_plan(SweepPlan((), ()))
        jobs = lambda trial: TrialJob(trial.number, sweep.folder(trial.number), trial.overrides, "s", folder)  # noqa: E731
        return SweepRunner(sweep, source, executor, ProgressView(folder, executor.describe()), jobs).run()


def grid(n: int) -> GridSource:
    return GridSource([(f"seed={number}",) for number in range(n)])


def succeed(job: TrialJob) -> int:
    write_run(job.folder, 10.0 - job.number)
    return 0


def test_every_trial_runs_once_and_no_more_at_a_time_than_there_are_workers(tmp_path: Path) -> None:
    executor = FakeExecutor(succeed, workers=3)
    trials = drive(tmp_path, grid(8), executor)
    assert executor.started == list(range(8))
    assert executor.most == 3
    assert executor.closed
    assert [(trial.state, trial.value, trial.monitor) for trial in trials] == [
        ("done", 10.0 - number, "val/loss") for number in range(8)
    ]


def test_failures_are_reported_with_their_reasons_and_run_again_by_the_next_session(tmp_path: Path) -> None:
    def act(job: TrialJob) -> int:
        if job.number == 1:
            write_run(job.folder, 3.0, "failed", "NotFiniteError: train/loss is nan")
        elif job.number == 2:
            write_run(job.folder, 3.0, "running", epoch=3)
            return -9
        elif job.number == 3:
            (job.folder).mkdir()
            (job.folder / "output.log").write_text("$ handwriting train\nmodel.lr=-1: must be greater than 0.\n\n")
            return 2
        else:
            write_run(job.folder, 1.0)
        return 0

    monkey = pytest.MonkeyPatch()
    # The process that wrote the folder of trial 2 is this one, which was not killed.
    monkey.setattr("handwriting.runs.folder.lives", lambda status: False)
    trials = drive(tmp_path, grid(5), FakeExecutor(act))
    assert [trial.state for trial in trials] == ["done", "failed", "failed", "failed", "done"]
    assert [trial.why for trial in trials[1:4]] == [
        "NotFiniteError: train/loss is nan",
        "killed by signal 9",
        "ended with exit status 2: model.lr=-1: must be greater than 0.",
    ]
    executor = FakeExecutor(succeed)
    again = drive(tmp_path, grid(5), executor)
    assert executor.started == [1, 2, 3]
    assert {trial.state for trial in again} == {"done"}
    monkey.undo()


def test_other_programs_read_the_progress_in_the_status_file(tmp_path: Path) -> None:
    seen = []

    def act(job: TrialJob) -> int:
        if job.number == 2:
            seen.append(json.loads((tmp_path / "sweep.json").read_text()))
        return succeed(job)

    drive(tmp_path, grid(4), FakeExecutor(act, workers=1))
    (during,) = seen
    assert during["state"] == "running"
    assert during["counts"] == {"done": 2, "running": 1, "waiting": 1}
    assert during["best"] == {"trial": 1, "monitor": "val/loss", "value": 9.0}
    assert during["seconds_left"] is not None
    after = Sweep(tmp_path).status
    assert (after["state"], after["total"], after["counts"]) == ("done", 4, {"done": 4})
    assert [trial.overrides for trial in Sweep(tmp_path).trials] == [(f"seed={n}",) for n in range(4)]


def test_on_a_terminal_a_bar_shows_what_runs_what_failed_and_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def act(job: TrialJob) -> int:
        write_run(job.folder, 10.0 - job.number, *(("failed", "no luck") if job.number == 1 else ("done",)))
        return 0

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("handwriting.progress.USUAL_COLUMNS", 120)
    drive(tmp_path, grid(3), FakeExecutor(act, workers=1))
    printed = capsys.readouterr().err
    drawn = ["  ".join(re.split(r":.* left", line, maxsplit=1)) for line in re.split(r"[\r\n]", printed)]
    assert "2/3 trials    1 running  1 failed  best val/loss 10.00 (trial 0)" in drawn
    assert "3/3 trials    0 running  1 failed  best val/loss 8.000 (trial 2)" in drawn
    assert "0/3 trials:   0%" in printed


def test_two_sessions_at_once_in_one_folder_are_refused(tmp_path: Path) -> None:
    def act(job: TrialJob) -> int:
        with (
            pytest.raises(RunError, match=r"is being run by process \d+ on .*: one sweep a folder"),
            Sweep(tmp_path).locked(),
        ):
            pass
        return succeed(job)

    drive(tmp_path, grid(2), FakeExecutor(act))
    with Sweep(tmp_path).locked():  # and it is free afterwards
        pass


def test_the_lock_of_a_sweep_ends_with_its_process(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    sweep.write_plan(SweepPlan((), ()))
    hold = "import sys; from handwriting.sweeps import Sweep; lock = Sweep.at(sys.argv[1]).locked(); lock.__enter__(); "
    process = subprocess.Popen(
        [sys.executable, "-c", hold + "print('held', flush=True); input()", str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    with pytest.raises(RunError, match="one sweep a folder"), sweep.locked():
        pass
    process.kill()
    process.communicate()
    with sweep.locked():
        pass


def test_ctrl_c_stops_the_trials_and_records_which_are_to_be_resumed(tmp_path: Path) -> None:
    def act(job: TrialJob) -> int:
        if job.number == 1:
            write_run(job.folder, 5.0, "interrupted", "stopped by hand")
            raise KeyboardInterrupt
        return succeed(job)

    executor = FakeExecutor(act, workers=1)
    with pytest.raises(KeyboardInterrupt):
        drive(tmp_path, grid(3), executor)
    assert executor.stopped
    assert executor.closed
    sweep = Sweep(tmp_path)
    assert sweep.status["state"] == "interrupted"
    assert [trial.state for trial in sweep.trials] == ["done", "interrupted", "waiting"]


def test_a_trial_that_outlived_its_sweep_is_waited_for_and_not_started_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = iter([True, True, True, False])
    write_run(tmp_path / "0", 7.0, "running")

    def lives(status: dict[str, object]) -> bool:
        alive = status["state"] == "running" and next(rounds)
        if not alive and status["state"] == "running":
            write_run(tmp_path / "0", 6.0)
        return alive

    monkeypatch.setattr("handwriting.runs.folder.lives", lives)
    executor = FakeExecutor(succeed, workers=1)
    trials = drive(tmp_path, grid(2), executor)
    assert executor.started == [1]
    assert [(trial.state, trial.value) for trial in trials] == [("done", 6.0), ("done", 9.0)]


def study(folder: Path, **settings: object) -> SearchSource:
    folder.mkdir(exist_ok=True)
    search = Search(**{"trials": 6, "startup": 2, **settings})  # type: ignore[arg-type]
    return SearchSource(Sweep(folder), search, ["model.lr=interval(0.1,1)"], {})


def test_failed_trials_of_a_search_are_recorded_and_never_fatal(tmp_path: Path) -> None:
    def act(job: TrialJob) -> int:
        if job.number % 2:
            write_run(job.folder, None, "failed", "NotFiniteError: train/loss is nan")
        else:
            write_run(job.folder, 5.0 - job.number)
        return 0

    trials = drive(tmp_path, study(tmp_path), FakeExecutor(act))
    assert [trial.state for trial in trials] == ["done", "failed"] * 3
    assert [trial.state for trial in study(tmp_path).trials] == ["done", "failed"] * 3


def test_a_trial_whose_monitor_was_never_finite_has_failed_and_is_not_fatal(tmp_path: Path) -> None:
    def act(job: TrialJob) -> int:
        if job.number == 1:
            write_run(job.folder, None)
            (job.folder / "metrics.csv").write_text("epoch,batches,val/loss\n1,10,nan\n2,20,inf\n")
        else:
            write_run(job.folder, 5.0 - job.number)
        return 0

    trials = drive(tmp_path, study(tmp_path), FakeExecutor(act))
    assert [trial.state for trial in trials] == ["done", "failed", *["done"] * 4]
    assert trials[1].why == "val/loss was never finite"
    assert study(tmp_path).trials[1].state == "failed"


def test_a_monitor_that_no_run_logs_ends_the_search_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"search\.monitor=val/los: the runs do not log it\. Did you mean val/loss\?"):
        drive(tmp_path, study(tmp_path, monitor="val/los"), FakeExecutor(succeed))
    assert Sweep(tmp_path).status["state"] == "failed"


def test_a_trial_that_should_be_pruned_is_stopped_and_counts_as_pruned(tmp_path: Path) -> None:
    looks: dict[int, int] = {}

    class Patient(FakeExecutor):
        """Lets a trial run for some rounds, and end when it is requested to."""

        def poll(self) -> list[tuple[int, int | None]]:
            ended: list[tuple[int, int | None]] = []
            for job in list(self._running):
                looks[job.number] = looks.get(job.number, 0) + 1
                value = (100.0 if job.number == 5 else 1.0 - job.number / 100) + 0.1 / looks[job.number]
                if reason := take_stop_request(job.folder):
                    write_run(job.folder, value, "interrupted", reason.why, stopped_by=reason.stopped_by)
                elif looks[job.number] > 10:
                    write_run(job.folder, value)
                else:
                    write_run(job.folder, value, "running", epoch=looks[job.number])
                    continue
                self._running.remove(job)
                ended.append((job.number, 0))
            return ended

    trials = drive(tmp_path, study(tmp_path), Patient(succeed, workers=1))
    assert [trial.state for trial in trials] == ["done"] * 5 + ["pruned"]
    assert looks[5] < 10
    assert (trials[5].why or "").startswith("val/loss was 100")
    assert study(tmp_path).trials[5].state == "pruned"
    assert Run.at(tmp_path / "5").status["state"] == "interrupted"


def test_only_a_new_measurement_can_prune_a_trial(tmp_path: Path) -> None:
    questions: list[tuple[int, float, float]] = []

    class Strict(GridSource):
        def should_prune(self, trial: Trial, share: float, value: float) -> bool:
            questions.append((trial.number, share, value))
            return False

    class Slow(FakeExecutor):
        """Runs a trial for ten epochs, and measures in the second and the eighth."""

        epoch = 0

        def poll(self) -> list[tuple[int, int | None]]:
            if not self._running:
                return []
            (job,), self.epoch = self._running, self.epoch + 1
            if self.epoch < 10:
                value = None if self.epoch < 2 else 9.0 if self.epoch < 8 else 4.0
                write_run(job.folder, value, "running", epoch=self.epoch)
                return []
            write_run(job.folder, 4.0)
            self._running.clear()
            return [(job.number, 0)]

    drive(tmp_path, Strict([["seed=0"]]), Slow(succeed, workers=1))
    assert questions == [(0, 0.2, 9.0), (0, 0.8, 4.0)]


def test_a_broken_folder_is_one_failed_trial(tmp_path: Path) -> None:
    write_run(tmp_path / "0", 7.0)
    (tmp_path / "0" / "summary.json").write_text("{")
    write_run(tmp_path / "1", 7.0)
    (tmp_path / "1" / "status.json").write_text("[]")
    executor = FakeExecutor(lambda job: succeed(job) if job.number == 2 else 2)
    trials = drive(tmp_path, grid(3), executor)
    assert executor.started == [0, 1, 2]
    assert [trial.state for trial in trials] == ["failed", "failed", "done"]
    assert "summary.json" in (trials[0].why or "")


def test_a_sweep_without_free_slots_waits_for_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As where another sweep has all GPUs."""
    refusals = iter([0, 0, 0])

    class Busy(FakeExecutor):
        def free_slots(self) -> int:
            return next(refusals, super().free_slots())

    trials = drive(tmp_path, grid(2), Busy(succeed))
    assert [trial.state for trial in trials] == ["done", "done"]
    assert capsys.readouterr().out.count("waiting: others use all GPUs") == 1
