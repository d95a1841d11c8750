"""Sweeps as a person starts them: real trials, real processes, killed where it hurts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handwriting.config import CONF
from handwriting.jobs import MISTAKE, main
from handwriting.runs import Run
from handwriting.sweeps import Sweep
from handwriting.sweeps.executors import ResourceRequest, local
from handwriting.sweeps.executors.local import LocalSettings
from handwriting.sweeps.leases import LEASES_VARIABLE
from tests.builders import QUICK
from tests.extras import needs

TINY = [
    *(word for word in QUICK if not word.startswith(("trainer.max_epochs", "model."))),
    "model=vae",
    "model.channels=16",
]
ONE_EPOCH = [*TINY, "trainer.max_epochs=1"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["handwriting"])
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield
    for process in subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True).stdout.split():
        os.kill(int(process), signal.SIGKILL)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "handwriting", "train", *words]


def sweep(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command("-m", *words), capture_output=True, text=True, timeout=280)


def the_sweep() -> Sweep:
    (folder,) = Path("sweeps").glob("[!.]*")
    return Sweep.at(folder)


def wait_for(what: str, condition: Callable[[], object], seconds: float = 280) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.05)


def running_trials(one: Sweep) -> dict[int, int]:
    """Return the process of each running trial, by the trial's number."""
    runs = {number: run for number in range(len(one.plan.trials)) if (run := one.run(number))}
    return {number: run.status["pid"] for number, run in runs.items() if run.is_alive()}


# What is refused before anything starts


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["search=cvae", "metrics=none"], "callbacks.best_checkpoint.monitor=val/fid: neither a loss of this model"),
        (["search=mine", "--config-dir", "."], "model.lrr: no such key. Did you mean model.lr?"),
        (["search=cgan", "search.trials=1,2"], "search.trials: give one value; it is for the whole sweep."),
        (["search=command", "model.lrr=interval(0.1,1)"], "model.lrr: no such key. Did you mean model.lr?"),
        (["search=command"], "The search space is empty"),
        (["search=command", "seed=1,2"], "seed: a search would choose the luckiest seed"),
        (["search=cgn"], "search=cgn: no such choice. Did you mean cgan?"),
        (["search=cgan,cvae"], "search: give one value"),
        (["search=cgan", "search.sampler=tpee"], "search.sampler=tpee is not allowed: choose tpe, gp or random."),
        (["search=cgan", "search.trials=0"], "search.trials=0: must be greater than 0."),
        (["search=cgan", "search.storage=redis"], "search.storage=redis: give sqlite, journal, or a URL"),
        (["seed=1,2", "data=emnist"], "data=emnist: emnist-letters-train-images-idx3-ubyte.gz is missing"),
        (["data=digits,emnist"], "data=emnist: emnist-letters-train-images-idx3-ubyte.gz is missing"),
        (["experiments=glob(none/*)"], "experiments=glob(none/*): there is no such value"),
        (["model=vae,cgn"], "model=cgn: no such choice. Did you mean cgan?"),
        (["model=vae,cvae", "model.lr=-1"], "model.lr=-1: must be greater than 0."),
        (["model=vae,cgan", "model.network=layers"], "model.network=layers needs model."),
        (["seed=interval(0,1)"], "seed=interval(0,1): an interval is for a search"),
        (["seed=1,2", "hydra.launcher.workers=0"], "hydra.launcher.workers=0: must be greater than 0."),
        (["seed=1,2", "hydra/launcher=loca"], "hydra/launcher=loca: no such choice. Did you mean local?"),
        (["resume=nowhere", "seed=1,2"], "nowhere is not a sweep folder"),
    ],
)
def test_a_mistake_is_answered_in_one_line_before_anything_starts(
    capsys: pytest.CaptureFixture[str], words: list[str], answer: str
) -> None:
    Path("search").mkdir()
    Path("search/mine.yaml").write_text("defaults: [_common]\nspace: {model.lrr: 'interval(0.1,1)'}\n")
    assert main(["train", "-m", *words]) == MISTAKE
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if "not the official bytes" not in line]
    assert len(lines) == 1, err
    assert lines[0].startswith(answer)
    assert not list(Path.cwd().rglob("plan.json"))


def test_a_search_without_m_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "search=cgan"]) == MISTAKE
    assert capsys.readouterr().err == "search= is for sweeps: add -m.\n"


def test_more_workers_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from handwriting.errors import ConfigError

    monkeypatch.setattr(local, "visible_gpus", lambda: ["0", "1"])
    assert LocalSettings().open(ResourceRequest(True, 1, 1, 9)).workers == 2
    assert LocalSettings(trials_per_gpu=3).open(ResourceRequest(True, 1, 1, 9)).workers == 6
    assert LocalSettings().open(ResourceRequest(True, None, 1, 9)).workers == 1, (
        "a trial that wants all GPUs has them alone"
    )
    assert LocalSettings(workers=3).open(ResourceRequest(False, 1, 1, 9)).workers == 3, "on the CPU nobody counts GPUs"
    with pytest.raises(ConfigError, match=r"hydra\.launcher\.workers=3 with 1 GPU each: 2 can be used here"):
        LocalSettings(workers=3).open(ResourceRequest(True, 1, 1, 9))
    with pytest.raises(ConfigError, match="4 GPUs each: 2 can be used here"):
        LocalSettings().open(ResourceRequest(True, 4, 1, 9))


def test_cores_are_shared_out_among_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(local, "available_cores", lambda: 8)
    shares = [(LocalSettings(workers=w).open(ResourceRequest(False, 1, 1, 99)).threads) for w in (1, 2, 3, 8, 9)]
    assert shares == [8, 4, 2, 1, 1]
    assert (
        LocalSettings().open(ResourceRequest(False, 1, 1, 99)).workers,
        LocalSettings().open(ResourceRequest(False, 1, 1, 2)).threads,
    ) == (8, 4)
    of_two = LocalSettings().open(ResourceRequest(False, 2, 1, 99))
    assert (of_two.workers, of_two.threads) == (4, 1), "two processes train together in each trial"
    assert LocalSettings(threads=4).open(ResourceRequest(False, 1, 1, 99)).workers == 2


# What runs


@pytest.mark.slow
def test_five_trials_with_three_failures_give_two_results_and_the_same_command_runs_what_is_missing() -> None:
    """One raises, one goes NaN, one is killed by signal 9."""
    words = [*TINY, "trainer.max_epochs=30", "model.lr=1e-3,-1,1e12,2e-3,3e-3"]
    running = subprocess.Popen(command("-m", *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for("trial 3", lambda: list(Path().glob("sweeps/*/3/checkpoints/last.ckpt")))
    one = the_sweep()
    pid = Run.at(one.folder(3)).status["pid"]
    os.kill(pid, signal.SIGKILL)
    _, err = running.communicate(timeout=240)
    assert running.returncode == MISTAKE
    assert err.splitlines()[-1] == "3 of 5 trials failed (1, 2, 3). The same command tries them again."
    states = {trial.number: (trial.state, trial.why) for trial in one.trials}
    assert [number for number, (state, _) in states.items() if state == "done"] == [0, 4]
    assert states[1][1] == "ended with exit status 2: model.lr=-1: must be greater than 0."
    assert (states[2][1] or "").startswith("NotFiniteError: ")
    assert states[3] == ("failed", "killed by signal 9")
    assert one.status["counts"] == {"done": 2, "failed": 3}
    before = {path: path.stat().st_mtime_ns for path in one.path.rglob("*.ckpt") if path.parts[-3] != "3"}

    again = sweep(*words)
    assert again.returncode == MISTAKE, "two of them fail again"
    outcomes = re.findall(r"^trial (\d+)  (\w+)", again.stdout, re.MULTILINE)
    assert sorted(outcomes) == [("1", "failed"), ("2", "failed"), ("3", "done")]
    assert Run.at(one.folder(3)).status["sessions"] == 2, "it was resumed from its checkpoint"
    after = {path: path.stat().st_mtime_ns for path in one.path.rglob("*.ckpt") if path.parts[-3] != "3"}
    assert before == after, "what was done is not touched"
    assert sorted(path.name for path in one.path.iterdir() if path.is_dir()) == [str(number) for number in range(5)]


@pytest.mark.slow
def test_a_killed_sweep_is_resumed_by_the_same_command() -> None:
    words = [*TINY, "trainer.max_epochs=40", "seed=1,2,3", "hydra.launcher.workers=2"]
    running = subprocess.Popen(command("-m", *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("a checkpoint", lambda: list(Path().glob("sweeps/*/1/checkpoints/last.ckpt")))
    one = the_sweep()
    for pid in running_trials(one).values():
        os.kill(pid, signal.SIGSTOP)  # so that none ends before the sweep is killed, however slow the machine is
    refused = sweep(*words)
    assert refused.returncode == MISTAKE
    assert re.search(r"is being run by process \d+ on .*: one sweep a folder", refused.stderr)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    orphans = running_trials(one)
    assert orphans, "its trials live on"
    killed, *_ = orphans
    os.kill(orphans.pop(killed), signal.SIGKILL)  # and one of them does not
    for pid in orphans.values():
        os.kill(pid, signal.SIGCONT)
    done = sweep(*words)
    assert done.returncode == 0, done.stderr
    assert [trial.state for trial in one.trials] == ["done"] * 3
    sessions = [Run.at(one.folder(number)).status["sessions"] for number in range(3)]
    assert sessions[killed] == 2
    assert sessions.count(1) == 2, "what was running was waited for, not run again"
    assert sorted(path.name for path in one.path.iterdir() if path.is_dir()) == ["0", "1", "2"]
    nothing = sweep("resume=" + str(one.path))
    assert nothing.returncode == 0
    assert "trial " not in nothing.stdout.replace("3 trials", "").replace("best: trial", "")


@pytest.mark.slow
def test_ctrl_c_interrupts_the_trials_and_resuming_needs_no_flag() -> None:
    running = subprocess.Popen(
        command("-m", *TINY, "trainer.max_epochs=100000", "seed=1,2", "hydra.launcher.workers=1", "sweep=mine"),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    wait_for("a checkpoint", lambda: Path("sweeps/mine/0/checkpoints/last.ckpt").is_file())
    running.send_signal(signal.SIGINT)
    assert running.wait(280) == 130
    one = Sweep.at("sweeps/mine")
    assert [trial.state for trial in one.trials] == ["interrupted", "waiting"]
    assert Run.at(one.folder(0)).status["state"] == "interrupted"
    assert one.status["state"] == "interrupted"
    other = sweep(*TINY, "seed=7,8", "sweep=mine")
    assert other.returncode == MISTAKE
    assert "sweeps/mine holds another sweep" in other.stderr


@pytest.mark.slow
def test_a_sweep_folder_given_to_resume_is_resumed() -> None:
    assert sweep(*ONE_EPOCH, "seed=1,2", "sweep=mine").returncode == 0
    plan = json.loads(Path("sweeps/mine/plan.json").read_text())
    assert plan["swept"] == ["seed=1,2"]
    for path in Path("sweeps/mine/1").rglob("*"):
        if path.is_file():
            path.unlink()
    again = subprocess.run(command("resume=sweeps/mine"), capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    assert "trial 1  done" in again.stdout
    assert "trial 0" not in again.stdout.replace("best: trial 0", "")
    refused = subprocess.run(command("resume=sweeps/mine", "seed=3"), capture_output=True, text=True, timeout=120)
    assert refused.stderr.startswith("resume=sweeps/mine resumes the same sweep: remove seed=3.")


@pytest.mark.slow
def test_a_search_is_extended_by_requesting_more_trials() -> None:
    words = [*TINY, "trainer.max_epochs=2", "search=command", "model.lr=tag(log,interval(1e-4,1e-2))"]
    first = sweep(*words, "search.trials=2")
    assert first.returncode == 0, first.stderr
    more = sweep(*words, "search.trials=3")
    assert more.returncode == 0, more.stderr
    one = the_sweep()
    assert [trial.number for trial in one.trials] == [0, 1, 2]
    assert re.findall(r"^trial (\d+)  done", more.stdout, re.MULTILINE) == ["2"]
    values = [Run.at(one.folder(n)).summary["metrics"]["val/loss"]["min"] for n in range(3)]
    assert [trial.value for trial in one.trials] == values


@pytest.mark.slow
def test_trials_share_a_tracker_group(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [word for word in ONE_EPOCH if word != "logger=none"]
    done = sweep(*words, "logger=wandb", "seed=1,2", "sweep=together")
    assert done.returncode == 0, done.stderr
    records = list(Path("sweeps/together").glob("*/wandb/offline-run-*/run-*.wandb"))
    assert len(records) == 2
    assert all(b"together" in record.read_bytes() for record in records)


@pytest.mark.slow
def test_no_gpu_is_used_by_two_trials_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sweeps at once on a machine that pretends to have two GPUs."""
    monkeypatch.setenv(LEASES_VARIABLE, str(tmp_path / "leases"))
    script = tmp_path / "pretend.py"
    script.write_text(
        "import sys\nfrom handwriting.sweeps.executors import local\nlocal.visible_gpus = lambda: ['0', '1']\n"
        "from handwriting.jobs import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    sweeps = [
        subprocess.Popen([sys.executable, str(script), "train", "-m", *ONE_EPOCH, "trainer=auto", f"seed={seeds}"])
        for seeds in ("1,2", "3,4")
    ]
    assert [one.wait(240) for one in sweeps] == [0, 0]
    used = [placement(path) for path in Path("sweeps").glob("*/[0-9]")]
    assert len(used) == 4
    assert_apart(used)


def placement(trial: Path) -> tuple[str, float, float]:
    """Return where a trial ran, from when to when."""
    line = (trial / "output.log").read_text().splitlines()[0]
    gpu = re.search(r"CUDA_VISIBLE_DEVICES=(\S+)", line)
    assert gpu, line
    node = re.search(r"RAY_RAYLET_PID=(\S+)", line)
    began = time.mktime(time.strptime(line.split()[1][:19], "%Y-%m-%dT%H:%M:%S"))
    ended = time.mktime(time.strptime(Run.at(trial).status["ended"][:19], "%Y-%m-%dT%H:%M:%S"))
    return f"{node[1] if node else ''} {gpu[1]}", began, ended


def assert_apart(used: list[tuple[str, float, float]]) -> None:
    """Assert that no two trials on one GPU overlap."""
    used = sorted(used, key=lambda one: one[1])
    for index, (gpu, _, ended) in enumerate(used):
        later = [began for other, began, _ in used[index + 1 :] if other == gpu]
        assert all(began >= ended for began in later), used
    assert len({gpu for gpu, _, _ in used}) == 2, "both GPUs are used"


# Launchers of others


@pytest.mark.slow
def test_hydras_own_launcher_runs_a_search_in_batches() -> None:
    done = sweep(
        *ONE_EPOCH, "hydra/launcher=basic", "search=command", "model.lr=1e-3,2e-3", "search.trials=3",
        "hydra.sweeper.max_batch_size=2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "BasicLauncher, 2 at a time" in done.stdout
    one = the_sweep()
    assert [trial.state for trial in one.trials] == ["done"] * 3
    assert all((one.folder(number) / "output.log").is_file() for number in range(3))


@pytest.mark.slow
def test_hydras_own_sweeper_runs_on_our_launcher(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    done = sweep(*ONE_EPOCH, "hydra/sweeper=basic", "seed=1,2", f"hydra.sweep.dir={folder}")
    assert done.returncode == 0, done.stderr
    assert [Run.at(folder / name).status["state"] for name in "01"] == ["done", "done"]


# Clusters


@pytest.mark.slow
def test_ray_never_puts_two_trials_on_one_gpu(tmp_path: Path) -> None:
    """A real Ray with two nodes, each of which pretends to have a GPU."""
    needs("ray")
    import ray
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "num_gpus": 1, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        cluster.add_node(num_cpus=1, num_gpus=1)
        address = f"hydra.launcher.address={cluster.address}"
        words = [*ONE_EPOCH, "trainer=auto", "seed=1,2,3", "hydra/launcher=ray", address]
        done = sweep(*words)
        assert done.returncode == 0, done.stderr
        assert "2 at a time, 1 GPU each, on 2 nodes of Ray" in done.stdout
        one = the_sweep()
        assert [trial.state for trial in one.trials] == ["done"] * 3
        assert_apart([placement(one.folder(number)) for number in range(3)])
        refused = sweep(*words, "hydra.launcher.workers=3", "sweep=other")
        assert refused.returncode == MISTAKE
        assert refused.stderr.startswith(
            "hydra.launcher.workers=3 with 1 CPUs and 1 GPUs each: the cluster has 2 and 2."
        )
    finally:
        cluster.shutdown()
        ray.shutdown()


def test_a_missing_extra_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from handwriting.errors import ConfigError
    from handwriting.sweeps.executors.ray import RaySettings
    from handwriting.sweeps.executors.slurm import SlurmSettings

    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ConfigError, match=r"pip install 'handwriting\[ray\]'"):
        RaySettings().open(ResourceRequest(False, 1, 1, 1))
    with pytest.raises(ConfigError, match=r"pip install 'handwriting\[slurm\]'"):
        SlurmSettings().open(ResourceRequest(False, 1, 1, 1))


def test_slurm_receives_what_was_requested(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    needs("slurm", "submitit")
    from submitit.slurm.slurm import _make_sbatch_string

    from handwriting.sweeps.executors import slurm

    monkeypatch.setattr(slurm, "has_gpus", lambda: True)
    settings = slurm.SlurmSettings(
        threads=3, minutes=50, partition="big", memory_gb=7, setup=("module load x",), parameters={"account": "me"}
    )
    parameters = slurm.SlurmExecutor(settings, ResourceRequest(True, 4, 2, 9)).parameters("sweep_x")
    script = _make_sbatch_string("run", tmp_path, **parameters)
    for line in (
        "--job-name=sweep_x", "--nodes=2", "--ntasks-per-node=4", "--gpus-per-node=4", "--cpus-per-task=3",
        "--time=50", "--partition=big", "--mem=7GB", "--account=me",
    ):  # fmt: skip
        assert f"#SBATCH {line}\n" in script
    assert "\nmodule load x\n" in script


@pytest.fixture(scope="module")
def slurm_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A real SLURM of one machine, started for these tests; skipped where it is not installed, or not allowed."""
    import shutil

    needs("slurm", "submitit")
    programs = [
        shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("slurmctld", "slurmd", "munged")
    ]
    needs("slurm", present=all(programs) and os.getuid() == 0, why="slurmctld, slurmd and munged, as root, are needed")
    home = tmp_path_factory.mktemp("slurm")
    (home / "state").mkdir()
    (home / "spool").mkdir()
    key = home / "munge.key"
    key.touch(0o600)
    key.write_bytes(os.urandom(128))
    host = os.uname().nodename
    (home / "slurm.conf").write_text(f"""
ClusterName=test
SlurmctldHost=localhost
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
NodeName=localhost NodeHostname={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""")
    own = [
        f"--{name}-file={home}/munge.{name}" for name in ("key", "log", "pid", "seed")
    ]  # rather than the machine's, which may have left a socket behind that nobody serves
    environment = {**os.environ, "SLURM_CONF": str(home / "slurm.conf")}
    commands = (
        [programs[2], "--foreground", "--force", f"--socket={home}/munge.socket", *own],
        [programs[0], "-D"],
        [programs[1], "-D", "-N", "localhost"],
    )
    log = home / "daemons.log"
    with log.open("w") as output:
        daemons = [subprocess.Popen(words, env=environment, stderr=output) for words in commands]

    def idle() -> bool:
        done = subprocess.run(["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True, text=True)
        assert all(daemon.poll() is None for daemon in daemons), f"one of SLURM's daemons ended: {log.read_text()}"
        return "idle" in done.stdout

    try:
        wait_for("SLURM", idle)
        yield home / "slurm.conf"
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(30)


@pytest.mark.slow
def test_slurm_runs_trials_as_an_array_of_jobs(slurm_cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CONF", str(slurm_cluster))
    done = sweep(*ONE_EPOCH, "seed=1,2", "hydra/launcher=slurm", "hydra.launcher.threads=1")
    assert done.returncode == 0, done.stderr
    one = the_sweep()
    assert [trial.state for trial in one.trials] == ["done"] * 2
    jobs = {re.search(r"SLURM_JOB_ID=(\d+)", (one.folder(n) / "output.log").read_text())[1] for n in range(2)}  # type: ignore[index]
    assert len(jobs) == 2
    (script,) = (one.path / ".slurm").glob("*_submission.sh")
    assert "#SBATCH --array=0-1%2\n" in script.read_text()
    refused = sweep(*ONE_EPOCH, "seed=3,4", "hydra/launcher=slurm", "hydra.launcher.partition=none")
    assert refused.returncode == MISTAKE
    assert "hydra/launcher=slurm: the jobs were refused: " in refused.stderr


@pytest.mark.slow
def test_slurm_trains_one_trial_on_several_tasks(slurm_cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("slurm", present=(os.cpu_count() or 1) > 1, why="two cores are needed")
    monkeypatch.setenv("SLURM_CONF", str(slurm_cluster))
    words = [word for word in ONE_EPOCH if word != "trainer=cpu"]
    ddp = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]
    done = sweep(*words, *ddp, "seed=1", "hydra/launcher=slurm", "hydra.launcher.threads=1")
    assert done.returncode == 0, done.stderr
    one = the_sweep()
    assert [path.name for path in one.path.iterdir() if path.is_dir() and path.name != ".slurm"] == ["0"]
    assert (one.folder(0) / "output_1.log").is_file(), "a second task took part"
    assert Run.at(one.folder(0)).summary["samples"] > 0


def test_every_launcher_has_its_yaml_and_every_key_of_it_its_default() -> None:
    import yaml

    from handwriting.sweeps.executors.ray import RaySettings
    from handwriting.sweeps.executors.slurm import SlurmSettings

    for settings in (LocalSettings, RaySettings, SlurmSettings):
        name = settings.__name__.removesuffix("Settings")
        written = yaml.safe_load((CONF / "hydra" / "launcher" / f"{name.lower()}.yaml").read_text())
        target = written.pop("_target_")
        assert target == f"hydra_plugins.handwriting_sweeps.{name}Launcher"
        default = settings()
        for key, value in written.items():
            own = getattr(default, key)
            assert (list(own) if isinstance(own, tuple) else own) == value, key
        assert set(written) == set(settings.__dataclass_fields__)
