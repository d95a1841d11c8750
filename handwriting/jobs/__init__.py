"""The commands: ``handwriting <job> key=value ...``, one file in this folder and one root config in ``conf/`` each.

Installed plug-ins add theirs.
"""

from __future__ import annotations

import errno
import os
import re
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from handwriting import legacy
from handwriting.config import (
    Command,
    check,
    explain,
    hydra_overrides,
    jobs,
    missing,
    refuse_odd_keys,
    trust_of_command,
)
from handwriting.config.folders import refuse_unreadable
from handwriting.errors import ConfigError, HandwritingError, nearest
from handwriting.files import expanded, no_space
from handwriting.interruption import sigterm_as_interrupt, status_of
from handwriting.jobs.completion import COMPLETION, answer
from handwriting.jobs.helping import HELP, help_of, usage
from handwriting.progress import shown_progress
from handwriting.terminal import print_error
from handwriting.text import quoted

if TYPE_CHECKING:
    from omegaconf import DictConfig

MISTAKE = 2
"""The exit status after a mistake of the user."""
UNREAD = 141
"""The exit status where whoever read the output has gone, as after ``| head``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``handwriting <job> ...``; alone, list the jobs.

    Args:
        argv: The job's name and its arguments; those of the process unless given.

    Returns:
        The exit status: 0, 2 after a mistake of the user, 130 after Ctrl-C, 143 after SIGTERM, 141 where nobody reads
        the output any more.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        commands = jobs()
    except ConfigError as error:  # a broken plug-in
        print_error(error)
        return MISTAKE
    if words[:1] == ["--version"]:
        return _status(lambda: print(f"handwriting {_version()}"))
    if words[:1] == [COMPLETION]:
        return _status(lambda: print(answer(words[1:], commands)))
    if words[:1] == [HELP]:
        words = [*words[1:2], "--help"]
    if not words or words[0] in ("-h", "--help"):
        return _status(lambda: print(usage(commands)))
    job = legacy.JOBS.get(words[0], words[0])
    if job not in commands:
        elsewhere = legacy.MOVED_JOBS.get(job)
        choices = f"no such job.{nearest(job, commands)} There are: {', '.join(commands)}"
        print_error(f"{job}: {elsewhere or choices}")
        return MISTAKE
    return start(commands[job], words[1:])


def _version() -> str:
    from importlib.metadata import version

    return version("handwriting")


def start(job: str | Command, argv: Sequence[str] | None = None) -> int:
    """Run one job and return the exit status.

    Args:
        job: The job, or the name of one of ours.
        argv: Its arguments; those of the process unless given.
    """
    command = Command(job) if isinstance(job, str) else job
    words = list(sys.argv[1:] if argv is None else argv)
    if not {"-h", "--help"}.isdisjoint(words):
        return _status(lambda: print(help_of(command)))
    return _status(lambda: call(command, words))


def _status(work: Callable[[], object]) -> int:
    """Do something, and return the exit status that says how it ended."""
    try:
        with sigterm_as_interrupt():
            work()
        if sys.stdout is not None:  # as it is after >&-
            sys.stdout.flush()
    except HandwritingError as error:
        print_error(error)
        return MISTAKE
    except KeyboardInterrupt as stop:
        return status_of(stop)
    except BrokenPipeError:
        if _is_read():
            raise
        _discard_output()
        return UNREAD
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print_error(no_space(error.filename or "the output"))
        try:
            sys.stdout.flush()
        except OSError:  # it is the output itself that has no space
            _discard_output()
        return MISTAKE
    return 0


def _discard_output() -> None:
    """Let what is still to be printed go nowhere: Python would complain of it as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_read() -> bool:
    """Return whether somebody still reads the output: a pipe without a reader is in error."""
    output = select.poll()
    output.register(sys.stdout, 0)
    return not output.poll(0)


def call(command: Command, words: Sequence[str]) -> Any:
    """Let Hydra compose the configuration of a job, run the job with it, and return its result.

    Args:
        command: The job.
        words: Its overrides and flags, as on the command line.

    Returns:
        What the job's ``run`` returns; of a sweep, what its sweeper returns; None where flags ask for something else.

    Raises:
        HandwritingError: If the job refuses what it was given.
    """
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException
    from hydra.types import RunMode
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come up to here rather than end in Hydra's own report
    command.read()  # refuses a file that Hydra would compose into nothing
    typed, failures, results = sys.argv, list[Exception](), list[Any]()

    def task(cfg: DictConfig) -> Any:
        sys.argv = typed  # Lightning starts its other DDP processes from it, through this same entry
        settings = HydraConfig.get()
        try:
            folder = Path(settings.runtime.output_dir)
            if settings.mode is RunMode.MULTIRUN and command.name == "train":  # by a launcher of Hydra's own
                return import_module("hydra_plugins.handwriting_sweeps").run_trial(settings.overrides.task, folder)
            with _no_empty_folder(folder):
                results.append(_perform(command, cfg))
                return None
        except Exception as error:
            failures.append(error)
            if settings.mode is not RunMode.MULTIRUN:
                return None
            if command.name == "train":
                raise  # the sweeper has to know that this trial failed
            raise _Ended(error) from error

    task.typed = typed  # type: ignore[attr-defined]  # for our sweeper, which runs before any task
    task.results = results  # type: ignore[attr-defined]  # our sweeper adds its own: hydra.main returns nothing
    if _joins_a_run() and not any(word.startswith("hydra.run.dir=") for word in words):
        words = [*words, "hydra.run.dir=."]  # the run folder is the first process's to make
    try:
        sys.argv = [typed[0], *_for_hydra(command, words)]
        hydra.main(config_path=str(command.primary_folder), config_name=command.name, version_base="1.3")(task)()
    except _Ended as ended:
        failures[:] = [ended.error]
    except (HydraException, OmegaConfBaseException, YAMLError, OSError, ValueError) as error:
        if not failures:  # then Hydra never came to the job, and only what it was given can be wrong
            refuse_unreadable(error)
            raise ConfigError(explain(error, command)) from error
    finally:
        sys.argv = typed
    if failures and isinstance(failures[0], HydraException | OmegaConfBaseException):
        raise ConfigError(explain(failures[0], command)) from failures[0]
    if failures and isinstance(failures[0], OSError) and failures[0].errno == errno.ENAMETOOLONG:
        name = quoted(str(failures[0].filename))
        raise ConfigError(f"{name} is longer than the name of a file may be. Give a shorter one.") from failures[0]
    if failures:
        raise failures[0]
    return results[-1] if results else None


class _Ended(BaseException):
    """Ends a series of jobs in which one fails: of an ``Exception``, Hydra would print a line of its own.

    Attributes:
        error: Why the job failed.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _joins_a_run() -> bool:
    """Return whether torchrun or SLURM started this process next to a first one; known before Lightning is imported."""
    return any(os.environ.get(rank, "0") != "0" for rank in ("RANK", "SLURM_PROCID"))


def _perform(command: Command, cfg: DictConfig) -> Any:
    from omegaconf import OmegaConf

    if absent := OmegaConf.missing_keys(cfg):
        raise ConfigError(missing(min(absent), command))
    refuse_odd_keys(cfg, command)
    check(cfg, trust_of_command(), groups=command.defaults)
    with shown_progress():
        return command.load().run(cfg)


@contextmanager
def _no_empty_folder(folder: Path) -> Iterator[None]:
    """Remove the folder that Hydra made, and empty ones around it, where the job writes nothing into it.

    It fails before it writes anything, or resumes the run in another folder.
    """
    try:
        yield
    finally:
        here = Path.cwd()
        within = [parent for parent in folder.parents if here in parent.parents]
        for empty in (folder, *within):
            if empty == here or not empty.is_dir() or any(empty.iterdir()):
                break
            empty.rmdir()


def _for_hydra(command: Command, words: Sequence[str]) -> list[str]:
    """Return the arguments as Hydra reads them: plain text quoted, overrides before flags, all flags known.

    Raises:
        ConfigError: If there is no such flag.
    """
    from hydra._internal.utils import get_args_parser

    parser = get_args_parser()
    parser.error = _refuse_flag  # type: ignore[method-assign]
    # argparse takes the overrides in one piece only; before the flags they are never taken for a flag's value.
    overrides = [word for word in words if re.match(r"[^-][^=]*=|~", word)]
    flags = [word for word in words if not re.match(r"[^-][^=]*=|~", word)]
    arguments = parser.parse_args([*overrides, *flags])
    config_dirs = (Path(arguments.config_dir).resolve(),) if arguments.config_dir else ()
    overrides = hydra_overrides(command, overrides, config_dirs)
    if command.name == "train" and not arguments.multirun and (resumed := _resumed(words)):
        if _is_sweep(resumed):
            flags.append("-m")
        else:
            overrides = [_NESTED.sub(r"++\g<0>", override) for override in overrides]
    return [*overrides, *flags]


def _refuse_flag(message: str) -> NoReturn:
    words = re.findall(r"'([^']*)'", message)
    guess = nearest(words[0], words[1:]) if "invalid choice" in message else ""
    raise ConfigError(f"{message}.{guess}")


_NESTED = re.compile(r"^(?!hydra\.)\w+(\.\w+)+=")
"""The key of an override within a section, which a resumed run may have though this composition has not."""


def _resumed(words: Sequence[str]) -> str | None:
    """Return the folder that ``resume`` names, of a run or a sweep; None where it names none."""
    folders = [word.partition("=")[2] for word in words if word.startswith("resume=")]
    return folders[-1] if folders and folders[-1] != "null" else None


def _is_sweep(folder: str) -> bool:
    from handwriting.sweeps.folder import is_sweep

    return is_sweep(expanded(folder))
