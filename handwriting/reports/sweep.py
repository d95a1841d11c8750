"""The page about a sweep: its leaderboards, the importance of its parameters, and its best trials."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from handwriting.errors import RunError
from handwriting.plots.comparison import GridPanel, draw_grids
from handwriting.plots.curves import figure_bytes
from handwriting.plots.grids import png_bytes
from handwriting.plots.sweeps import draw_history, draw_importance, draw_parallel
from handwriting.reports.page import DIGITS, Cell, Code, Picture, Section, Table, as_text
from handwriting.runs import Run
from handwriting.runs.finding import Skipped
from handwriting.runs.summaries import DEAD, RunSummary, read_summary
from handwriting.scales import Axis
from handwriting.sweeps import Sweep, SweepPlan, Trial
from handwriting.sweeps.folder import state_of
from handwriting.sweeps.results import (
    LeaderboardRow,
    Objective,
    best_config,
    by_objective,
    importance,
    importance_unavailable,
    is_finished,
    leaderboard,
    parameter_axes,
    rerun_command,
    seed_spread,
)
from handwriting.text import ABSENT, format_duration, format_number, format_value, one_line, printable

MAX_PAGE_ROWS = 20
"""Rows of a table on the page; ``comparison.csv`` has all trials."""
MAX_TERMINAL_ROWS = 10
"""Rows of a table in the terminal."""
MAX_GRIDS = 4
"""Top trials whose sample grids are shown."""
COMPARED_TRIALS = 3
"""Top trials that the command for comparing runs names."""
FURTHER_METRICS = ("last val/fid", "last val/class_accuracy", "test fid", "test class_accuracy")
"""Further columns of a leaderboard, where they were measured: one metric is easily improved at the cost of another."""
RERUN_SEEDS = (0, 1, 2)
BETTER = {"min": "lower", "max": "higher"}


@dataclass(frozen=True)
class SweepReport:
    """A sweep as it is reported.

    Attributes:
        sweep: The sweep folder.
        plan: The settings of the sweep.
        status: The contents of ``sweep.json``.
        trials: All trials.
        leaderboards: For each objective the finished trials, best first.
        summaries: The summaries of the trials' runs by trial number, where they can be read.
        skipped: The runs that cannot be read.
    """

    sweep: Sweep
    plan: SweepPlan
    status: Mapping[str, Any]
    trials: Sequence[Trial]
    leaderboards: Mapping[Objective, Sequence[LeaderboardRow]]
    summaries: Mapping[int, RunSummary]
    skipped: Sequence[Skipped]

    @property
    def counts(self) -> str:
        """The number of trials in each state, in words."""
        counts = Counter(trial.state for trial in self.trials).most_common()
        return ", ".join(f"{count} {state}" for state, count in counts) or "none has begun"

    @property
    def state(self) -> str | None:
        """The state of the sweep; see :attr:`handwriting.sweeps.folder.Sweep.state`."""
        return state_of(self.status)

    @property
    def unranked(self) -> list[Trial]:
        """The trials that are done and have no finite value of their monitor."""
        return [trial for trial in self.trials if trial.state == "done" and not is_finished(trial)]

    @property
    def failed(self) -> list[Trial]:
        """The trials that failed or were interrupted."""
        return [trial for trial in self.trials if trial.state in ("failed", "interrupted")]

    @property
    def total(self) -> int:
        """The number of trials, those that have not begun included."""
        return max(len(self.trials), int(self.status.get("total") or 0))

    @property
    def waiting(self) -> int:
        """The number of trials that have not begun."""
        return self.total - sum(trial.state != "waiting" for trial in self.trials)


def read_sweep(sweep: Sweep, summaries: Mapping[int, RunSummary] | None = None) -> SweepReport:
    """Read a sweep.

    Args:
        sweep: The sweep folder.
        summaries: The summaries of its runs by trial number; None to read them, in which case broken ones are listed
            as skipped.

    Raises:
        RunError: If the sweep's own files are broken.
    """
    plan, status, trials = sweep.plan, sweep.status, sweep.trials
    leaderboards: dict[Objective, list[LeaderboardRow]] = {}
    for row in leaderboard(trials):
        leaderboards.setdefault(row.objective, []).append(row)
    if summaries is not None:
        return SweepReport(sweep, plan, status, trials, leaderboards, summaries, [])
    read, skipped = dict[int, RunSummary](), []
    for trial in trials:
        if trial.state != "done":
            continue
        folder = sweep.folder(trial.number)
        try:
            run = Run.at(folder)
            read[trial.number] = read_summary(folder, str(trial.number), run.summary, run.status)
        except RunError as error:
            skipped.append(Skipped(printable(str(folder)), printable(one_line(error))))
    return SweepReport(sweep, plan, status, trials, leaderboards, read, skipped)


def terminal_lines(report: SweepReport, out: Path) -> Iterator[str]:
    """Yield the lines for the terminal: the leaderboards, the commands to go on from there, and the skipped runs.

    Args:
        report: The sweep.
        out: The folder of the page.
    """
    yield f"The sweep {report.sweep.name}: {report.counts}\n".rstrip()
    for objective, rows in report.leaderboards.items():
        yield ""
        yield from as_text(leaderboard_table(rows[:MAX_TERMINAL_ROWS], report.summaries)).split("\n")
        if len(rows) > MAX_TERMINAL_ROWS:
            yield f"... and {len(rows) - MAX_TERMINAL_ROWS} more"
        yield ""
        yield f"best  {rerun_command(report.plan, rows[0].best)}"
        yield f"      {out / best_config_name(objective, report)}"
    if report.unranked:
        yield ""
        yield unranked_reason(report)
        if not report.leaderboards:
            yield from as_text(unranked_table(report, MAX_TERMINAL_ROWS)).split("\n")
    yield from (f"Skipped: {skipped.path} ({skipped.reason})" for skipped in report.skipped[:MAX_TERMINAL_ROWS])


def sections(report: SweepReport) -> Iterator[Section]:
    """Yield the sections of the page."""
    varied = Code("\n".join(report.plan.swept) or "nothing")
    yield Section("Summary", [facts_table(report), "Varied parameters:", varied])
    for objective, rows in report.leaderboards.items():
        yield Section(_title("Leaderboard", objective, report), list(_leaderboard(rows, report.summaries)))
        yield Section(_title("Best trial", objective, report), list(_best_trial(objective, report)))
    if report.unranked:
        blocks: list[str | Table] = [unranked_reason(report), unranked_table(report, MAX_PAGE_ROWS)]
        if len(report.unranked) > MAX_PAGE_ROWS:
            blocks.append(
                f"These are the first {MAX_PAGE_ROWS} of {len(report.unranked)} trials; comparison.csv has all."
            )
        yield Section("Trials without a rank", blocks)
    for objective, trials in by_objective(report.trials).items():
        yield Section(_title("Importance of parameters", objective, report), list(_importance(objective, trials)))
        yield Section(_title("Samples of the top trials", objective, report), list(_grids(objective, report)))
    if report.failed:
        yield Section("Failures", list(_failures(report.failed)))
    if report.skipped:
        lines = [f"{skipped.path} ({skipped.reason})" for skipped in report.skipped[:MAX_PAGE_ROWS]]
        yield Section("Skipped", ["These runs cannot be read; their grids and test metrics are missing:", *lines])
    top = [row.best.number for rows in report.leaderboards.values() for row in rows[:COMPARED_TRIALS]]
    top = top or [trial.number for trial in report.unranked[:COMPARED_TRIALS]]
    folders = ",".join(str(report.sweep.folder(number)) for number in top)
    command = Code(f"handwriting compare {shlex.quote(f'runs={printable(folders)}')}")
    yield Section("Compare runs", ["This command compares curves, metrics and grids of any runs:", command])


def _title(title: str, objective: Objective, report: SweepReport) -> str:
    return title if len(report.leaderboards) == 1 else f"{title}, by {objective[0]}"


def file_suffix(objective: Objective) -> str:
    """Return the monitor of an objective as a part of a file name."""
    return "".join(letter if letter.isalnum() else "_" for letter in objective[0])


def best_config_name(objective: Objective, report: SweepReport) -> str:
    """Return the name of the file with the best trial's configuration."""
    return "best.yaml" if len(report.leaderboards) == 1 else f"best_{file_suffix(objective)}.yaml"


def facts_table(report: SweepReport) -> Table:
    """Return a table of the sweep's settings and its progress."""
    status, search = report.status, report.plan.search
    state = format_value(report.state)
    if state == DEAD:
        state = "dead: its process has ended; the same command resumes it"
    elif state == "running" and status.get("seconds_left") is not None:
        state = f"running, about {format_duration(status['seconds_left'])} left"
    seconds = [trial.seconds for trial in report.trials if trial.seconds is not None]
    best = [rows[0].best for rows in report.leaderboards.values()]
    facts = {
        "state": state,
        "trials": f"{len(report.trials)} of {report.total}: {report.counts}",
        "best": "; ".join(
            f"{trial.monitor} {format_number(trial.value, DIGITS)} (trial {trial.number})" for trial in best
        )
        or ABSENT,
        "objective": "; ".join(f"{monitor}, {BETTER[mode]} is better" for monitor, mode in report.leaderboards)
        or ABSENT,
        "kind": f"search by {search.get('sampler')}, pruned by {search.get('pruner')}" if search else "grid",
        "training time, all trials": format_duration(sum(seconds)) if seconds else ABSENT,
        "command": report.plan.command or ABSENT,
        "folder": str(report.sweep.path),
    }
    rows = [[Cell(name), Cell(printable(fact))] for name, fact in facts.items()]
    return Table([Cell("sweep"), Cell(report.sweep.name)], rows, words=True)


# The leaderboard


def _leaderboard(rows: Sequence[LeaderboardRow], summaries: Mapping[int, RunSummary]) -> Iterator[str | Table]:
    monitor, mode = rows[0].objective
    yield (
        f"Ranked by the best {monitor} during training; {BETTER[mode]} is better. The number of a trial is the name of "
        "its folder."
    )
    if (spread := seed_spread(rows)) is not None:
        yield (
            "Trials that differ only in their seed share a row; ± is their standard deviation. Over all such rows the "
            f"spread over seeds is {format_number(spread)}: smaller differences may be chance."
        )
    yield leaderboard_table(rows[:MAX_PAGE_ROWS], summaries)
    if len(rows) > MAX_PAGE_ROWS:
        yield f"These are the first {MAX_PAGE_ROWS} of {len(rows)} rows; comparison.csv has all trials."


def leaderboard_table(rows: Sequence[LeaderboardRow], summaries: Mapping[int, RunSummary]) -> Table:
    """Return the leaderboard as a table, best first.

    Args:
        rows: The rows; at least one.
        summaries: The summaries of the trials' runs by trial number, from which further metrics are taken.
    """
    names = list(dict.fromkeys(name for row in rows for name in row.parameters))
    varied = [name for name in names if len({row.parameters.get(name) for row in rows}) > 1] or names
    monitor = rows[0].objective[0]
    further = [
        name
        for name in FURTHER_METRICS
        if name != f"last {monitor}" and any(_mean(row, name, summaries) is not None for row in rows)
    ]
    has_seeds = any(row.n > 1 for row in rows)
    head = ["", monitor, *(["seeds"] if has_seeds else []), "trials" if has_seeds else "trial"]
    head += [*further, *varied, "time"]
    cells = [
        [
            Cell.number(rank),
            Cell.number(
                row.mean,
                _with_digits,
                "" if row.spread is None else f"±{format_number(row.spread, 2)}",
                best=rank == 1,
            ),
            *([Cell.number(row.n)] if has_seeds else []),
            Cell.setting(", ".join(map(str, row.numbers))),
            *(Cell.number(_mean(row, name, summaries), _with_digits) for name in further),
            *(Cell.setting(row.parameters.get(name)) for name in varied),
            Cell.number(row.seconds, format_duration),
        ]
        for rank, row in enumerate(rows, start=1)
    ]
    return Table([Cell(text) for text in head], cells, numbered=True, notes="±")


def _with_digits(value: float) -> str:
    return format_number(value, DIGITS)


def _mean(row: LeaderboardRow, name: str, summaries: Mapping[int, RunSummary]) -> float | None:
    """Return the mean of a further metric over the trials of a row that have it."""
    runs = [summaries[number] for number in row.numbers if number in summaries]
    values = [value for run in runs if (value := _further_metric(run, name)) is not None]
    return fmean(values) if values else None


def _further_metric(run: RunSummary, name: str) -> float | None:
    """Return one of ``FURTHER_METRICS`` of a run; None where it was not measured."""
    when, metric = name.split(" ")
    return run.last(metric) if when == "last" else run.tested.get(metric, {}).get("value")


def unranked_reason(report: SweepReport) -> str:
    """Return why trials that are done have no rank, and what to do."""
    monitors = " or ".join(dict.fromkeys(str(trial.monitor) for trial in report.unranked))
    numbers = ", ".join(str(trial.number) for trial in report.unranked[:MAX_TERMINAL_ROWS])
    more = ", ..." if len(report.unranked) > MAX_TERMINAL_ROWS else ""
    lack = (
        f"Done without a finite {monitors}, and so without a rank: trial {numbers}{more}."
        if report.leaderboards
        else f"No trial logged a finite {monitors}: there is no ranking."
    )
    return (
        f"{lack} Sweep again with a metric that gives it, or choose a value that the trials log by "
        "callbacks.best_checkpoint.monitor=<value>."
    )


def unranked_table(report: SweepReport, limit: int) -> Table:
    """Return a table of the trials without a rank, at most ``limit`` of them."""
    trials = report.unranked[:limit]
    names = list(dict.fromkeys(name for trial in trials for name in trial.parameters))
    runs = report.summaries
    measured = {
        name: [_further_metric(runs[trial.number], name) if trial.number in runs else None for trial in trials]
        for name in FURTHER_METRICS
    }
    further = {name: values for name, values in measured.items() if any(value is not None for value in values)}
    rows = [
        [
            Cell.setting(str(trial.number)),
            *(Cell.number(values[index], _with_digits) for values in further.values()),
            *(Cell.setting(trial.parameters.get(name)) for name in names),
            Cell.number(trial.seconds, format_duration),
        ]
        for index, trial in enumerate(trials)
    ]
    return Table([Cell(text) for text in ("trial", *further, *names, "time")], rows)


def _best_trial(objective: Objective, report: SweepReport) -> Iterator[str | Code]:
    plan, row = report.plan, report.leaderboards[objective][0]
    trial = row.best
    yield f"Run trial {trial.number} again:"
    yield Code(rerun_command(plan, trial))
    yield "Run it with several seeds, which shows the spread over seeds:"
    yield Code(rerun_command(plan, trial, RERUN_SEEDS))
    yield "Evaluate it on the test set:"
    yield Code(f"handwriting evaluate {shlex.quote(f'run={printable(str(report.sweep.folder(trial.number)))}')}")
    name = best_config_name(objective, report)
    yield (
        f"Its configuration is the file {name}: copy it into experiments/ and train it with "
        f"experiments={Path(name).stem}."
    )
    yield Code(best_config(report.sweep.name, plan, row).rstrip())


# The parameters


def _importance(objective: Objective, trials: Sequence[Trial]) -> Iterator[str | Picture]:
    (monitor, mode), suffix = objective, file_suffix(objective)
    if reason := importance_unavailable(trials):
        yield reason
    else:
        yield (
            "The importance of a parameter is the share of the variance that it explains by itself (functional ANOVA "
            "of a random forest); it gives no direction. With few trials it is only a hint."
        )
        picture = figure_bytes(draw_importance(importance(trials)))
        yield Picture(f"importance_{suffix}.png", f"Importance for {monitor}", picture)
    ended = [trial for trial in trials if trial.state in ("done", "pruned", "failed")]
    columns = parameter_axes(ended)
    reached = Axis(monitor, tuple(trial.value if is_finished(trial) else None for trial in ended))
    if columns:
        caption = "Each trial is a line through its parameters: darker lines are better, and the best three are thick."
        yield Picture(f"parallel_{suffix}.png", caption, figure_bytes(draw_parallel(columns, reached, mode)))
    values = Axis(monitor, tuple(trial.value for trial in ended))
    numbers, states = [trial.number for trial in ended], [trial.state for trial in ended]
    history = draw_history(numbers, values, states, mode)
    yield Picture(f"history_{suffix}.png", "The trials in the order of their numbers", figure_bytes(history))


def _grids(objective: Objective, report: SweepReport) -> Iterator[str | Picture]:
    top = [report.summaries.get(row.best.number) for row in report.leaderboards[objective]]
    grids = list[GridPanel]()
    for index, summary in enumerate(top):
        if summary and len(grids) < MAX_GRIDS and (pictures := Run(summary.path).pictures("samples")):
            epoch = max(pictures)
            grids.append(GridPanel(index, f"trial {summary.name}   epoch {epoch}", pictures[epoch]))
    if grids:
        name = "samples.png" if len(report.leaderboards) == 1 else f"samples_{file_suffix(objective)}.png"
        yield Picture(name, "The last sample grids of the top trials, in order", png_bytes(draw_grids(grids)))
    else:
        yield "None of the top trials has a sample grid."


def _failures(trials: Sequence[Trial]) -> Iterator[str | Table]:
    rows = [
        [str(trial.number), trial.state, trial.why or ABSENT, " ".join(trial.overrides)]
        for trial in trials[:MAX_PAGE_ROWS]
    ]
    head = [Cell(text) for text in ("trial", "state", "reason", "overrides")]
    yield Table(head, [[Cell(printable(text)) for text in row] for row in rows], numbered=True, words=True)
    if len(trials) > MAX_PAGE_ROWS:
        yield f"These are the first {MAX_PAGE_ROWS} of {len(trials)} trials; comparison.csv has all."


def csv_rows(report: SweepReport) -> Iterator[dict[str, Any]]:
    """Yield a row for each trial, for other programs; trials that share a leaderboard row share its place and mean."""
    names = dict.fromkeys(name for trial in report.trials for name in trial.parameters)
    ranked = {
        number: (rank, row)
        for rows in report.leaderboards.values()
        for rank, row in enumerate(rows, start=1)
        for number in row.numbers
    }
    for trial in report.trials:
        rank, row = ranked.get(trial.number, (None, None))
        run = report.summaries.get(trial.number)
        yield {
            "trial": trial.number,
            "state": trial.state,
            "monitor": trial.monitor,
            "value": trial.value,
            "place": rank,
            "mean": row and row.mean,
            "spread": row and row.spread,
            "seeds": row and row.n,
            "seconds": trial.seconds,
            **{name.replace(" ", "_"): run and _further_metric(run, name) for name in FURTHER_METRICS},
            **{name: trial.parameters.get(name) for name in names},
            "why": trial.why,
            "path": str(report.sweep.folder(trial.number)),
        }
