"""The commands: ``handwriting <job> key=value ...``, one file in this folder and one root config in ``conf/`` each."""

from __future__ import annotations

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
from handwriting.config import CONF, check, describe, explain, first_comment, jobs, missing, placeholder, quote
from handwriting.errors import ConfigError, HandwritingError, nearest

if TYPE_CHECKING:
    from omegaconf import DictConfig

MISTAKE = 2
"""The exit status after a mistake of the user."""
INTERRUPTED = 130
"""The exit status after Ctrl-C."""
UNREAD = 141
"""The exit status where whoever read the output has gone, as after ``| head``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``handwriting <job> ...``; alone, list the jobs.

    Args:
        argv: The job's name and its arguments; those of the process unless given.

    Returns:
        The exit status: 0, 2 after a mistake of the user, 130 after Ctrl-C, 141 where nobody reads the output any more.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help"):
        usage = f"usage: handwriting <job> key=value ...\n\n{_table(jobs())}\n\n"
        return _status(lambda: print(f"{usage}handwriting <job> --help tells what each can be given."))
    words[0] = legacy.JOBS.get(words[0], words[0])
    if words[0] not in jobs():
        print(f"{words[0]}: no such job.{nearest(words[0], jobs())} There are: {', '.join(jobs())}", file=sys.stderr)
        return MISTAKE
    return start(words[0], words[1:])


def start(job: str, argv: Sequence[str] | None = None, module: str | None = None, conf: Path = CONF) -> int:
    """Run one job and return the exit status.

    Args:
        job: The name of its root config in ``conf``.
        argv: Its arguments; those of the process unless given.
        module: The module whose ``run`` takes the composed configuration; ``handwriting.jobs.<job>`` unless given.
        conf: The folder of root configs.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not {"-h", "--help"}.isdisjoint(words):
        return _status(lambda: print(_help(job, conf)))
    return _status(lambda: _run(job, words, module or f"handwriting.jobs.{job}", conf))


def _status(work: Callable[[], None]) -> int:
    """Do something, and return with which exit status it ended."""
    try:
        work()
        sys.stdout.flush()
    except HandwritingError as error:
        print(error, file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        if _is_read():
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains as it ends
        return UNREAD
    return 0


def _is_read() -> bool:
    """Say whether somebody still reads the output: a pipe without a reader is in error."""
    output = select.poll()
    output.register(sys.stdout, 0)
    return not output.poll(0)


def _run(job: str, words: Sequence[str], module: str, conf: Path) -> None:
    """Let Hydra compose the configuration, and run the job with it."""
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException
    from hydra.types import RunMode
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come up to here rather than end in Hydra's own report
    typed, failures = sys.argv, list[Exception]()

    def task(cfg: DictConfig) -> Any:
        sys.argv = typed  # Lightning starts its other DDP processes from it, through this same entry
        settings = HydraConfig.get()
        try:
            folder = Path(settings.runtime.output_dir)
            if settings.mode is RunMode.MULTIRUN and job == "train":  # by a launcher of Hydra's own
                return import_module("hydra_plugins.handwriting_sweeps").run_trial(settings.overrides.task, folder)
            with _no_empty_folder(folder):
                return _perform(module, cfg)
        except Exception as error:
            failures.append(error)
            if settings.mode is RunMode.MULTIRUN:
                raise  # the sweeper has to know that this trial failed
            return None

    if _joins_a_run() and not any(word.startswith("hydra.run.dir=") for word in words):
        words = [*words, "hydra.run.dir=."]  # the run folder is the first process's to make
    try:
        sys.argv = [typed[0], *_for_hydra(job, words)]
        hydra.main(config_path=str(conf), config_name=job, version_base="1.3")(task)()
    except (HydraException, OmegaConfBaseException, YAMLError, OSError, ValueError) as error:
        if not failures:  # then Hydra never came to the job, and only what it was given can be wrong
            raise ConfigError(explain(error)) from error
    finally:
        sys.argv = typed
    if failures and isinstance(failures[0], HydraException | OmegaConfBaseException):
        raise ConfigError(explain(failures[0])) from failures[0]
    if failures:
        raise failures[0]


def _joins_a_run() -> bool:
    """Say whether torchrun or SLURM started this process beside a first one; known before Lightning is imported."""
    return any(os.environ.get(rank, "0") != "0" for rank in ("RANK", "SLURM_PROCID"))


def _perform(module: str, cfg: DictConfig) -> Any:
    from omegaconf import OmegaConf

    if absent := OmegaConf.missing_keys(cfg):
        raise ConfigError(missing(min(absent)))
    check(cfg)
    return import_module(module).run(cfg)


@contextmanager
def _no_empty_folder(folder: Path) -> Iterator[None]:
    """Remove the folder that Hydra made, and empty ones around it, where the job failed before it wrote anything."""
    try:
        yield
    except BaseException:
        here = Path.cwd()
        within = [parent for parent in folder.parents if here in parent.parents]
        for empty in (folder, *within):
            if empty == here or not empty.is_dir() or any(empty.iterdir()):
                break
            empty.rmdir()
        raise


def _for_hydra(job: str, words: Sequence[str]) -> list[str]:
    """Return the arguments as Hydra reads them: typed texts quoted, overrides before flags, all flags known.

    Raises:
        ConfigError: If there is no such flag.
    """
    from hydra._internal.utils import get_args_parser

    parser = get_args_parser()
    parser.error = _refuse_flag  # type: ignore[method-assign]
    # argparse takes the overrides in one piece only; before the flags they are never taken for a flag's value.
    overrides = [quote(word) for word in words if re.match(r"[^-][^=]*=|~", word)]
    flags = [word for word in words if not re.match(r"[^-][^=]*=|~", word)]
    given = parser.parse_args([*overrides, *flags])
    if job == "train" and not given.multirun and _resumes_a_sweep(words):
        flags.append("-m")
    return [*overrides, *flags]


def _refuse_flag(message: str) -> NoReturn:
    words = re.findall(r"'([^']*)'", message)
    guess = nearest(words[0], words[1:]) if "invalid choice" in message else ""
    raise ConfigError(f"{message}.{guess}")


def _resumes_a_sweep(words: Sequence[str]) -> bool:
    """Say whether ``resume`` names the folder of a sweep rather than that of a run."""
    resumed = [word.partition("=")[2] for word in words if word.startswith("resume=")]
    if not resumed:
        return False
    from handwriting.sweeps.folder import is_sweep

    return is_sweep(Path(resumed[-1]).expanduser())


def _help(job: str, conf: Path) -> str:
    """Return what ``job`` does, examples, every choice it takes in one line each, and its own keys."""
    import yaml

    text = (conf / f"{job}.yaml").read_text("utf-8")
    command = f"python {sys.argv[0]}" if sys.argv[0].endswith(".py") else f"handwriting {job}"
    examples = [f"  {command} {example}" for example in re.findall(r"^#   (.*)$", text, re.MULTILINE)]
    parts = [f"{first_comment(conf / f'{job}.yaml')}\n", f"usage: {command} key=value ...", *examples]

    defaults = {
        group.removeprefix("override "): choice
        for entry in yaml.safe_load(text)["defaults"]
        if isinstance(entry, dict)
        for group, choice in entry.items()
    }
    for group, choices in describe().items():
        settled = group.startswith("hydra/") and len(choices) == 1
        if group in defaults and choices and not settled:
            default = defaults[group]
            parts += [f"\n{group}=" + (f"  (unless given: {default})" if default else ""), _table(choices)]

    keys = re.findall(r"^(\w+): *(.*?) +# (.*)$", text, re.MULTILINE)
    shown = {f"{key}={placeholder(key) if value == '???' else value}": comment for key, value, comment in keys}
    flags = {
        "--cfg job": "print the whole configuration instead of running",
        "-m": "run once for each of key=a,b,c, or as search= says, several at a time",
        "--info": "tell where the configuration comes from",
        "--hydra-help": "tell what else Hydra can do",
    }
    return "\n".join([*parts, "\nkeys", _table(shown), "\nflags", _table(flags)])


def _table(lines: dict[str, str]) -> str:
    width = max(map(len, lines), default=0)
    return "\n".join(f"  {name:{width}}  {line}".rstrip() for name, line in lines.items())
