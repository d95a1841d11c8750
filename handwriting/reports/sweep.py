"""A sweep: which trials are best, what mattered, and how to go on with the best."""

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

SHOWN = 20
"""So many rows of a table are on the page; ``comparison.csv`` has all."""
TERMINAL = 10
"""So many are in the terminal."""
PICTURED = 4
"""The grids of so many of the best are shown."""
BESIDE = ("last val/fid", "last val/class_accuracy", "test fid", "test class_accuracy")
"""What stands beside what trials go by, where it was measured: one number is soon had at the cost of another."""
SEEDS = (0, 1, 2)
BETTER = {"min": "less", "max": "more"}


@dataclass(frozen=True)
class Found:
    """What a sweep has found.

    Attributes:
        sweep: The sweep.
        plan: What it was asked for.
        status: What ``sweep.json`` says.
        trials: All of its trials.
        standings: The finished ones by what they go by, best first.
        entries: Their runs by number, as far as they can be read.
        skipped: Those that cannot.
    """

    sweep: Sweep
    plan: SweepPlan
    status: Mapping[str, Any]
    trials: Sequence[Trial]
    standings: Mapping[Objective, Sequence[LeaderboardRow]]
    entries: Mapping[int, RunSummary]
    skipped: Sequence[Skipped]

    @property
    def counts(self) -> str:
        """How many trials there are in each state."""
        counts = Counter(trial.state for trial in self.trials).most_common()
        return ", ".join(f"{count} {state}" for state, count in counts) or "none has begun"

    @property
    def state(self) -> str | None:
        """How it stands; see :attr:`handwriting.sweeps.folder.Sweep.state`."""
        return state_of(self.status)

    @property
    def failed(self) -> list[Trial]:
        """The trials that came to no good end."""
        return [trial for trial in self.trials if trial.state in ("failed", "interrupted")]

    @property
    def total(self) -> int:
        """How many trials there are to be."""
        return max(len(self.trials), int(self.status.get("total") or 0))

    @property
    def to_come(self) -> int:
        """How many have not begun."""
        return self.total - sum(trial.state != "waiting" for trial in self.trials)


def gather(sweep: Sweep, entries: Mapping[int, RunSummary] | None = None) -> Found:
    """Read a sweep.

    Args:
        sweep: The sweep.
        entries: Its runs by number, where they are known; else they are read, and one that is broken is told of.

    Raises:
        RunError: If the sweep's own files are broken.
    """
    plan, status, trials = sweep.plan, sweep.status, sweep.trials
    standings: dict[Objective, list[LeaderboardRow]] = {}
    for standing in leaderboard(trials):
        standings.setdefault(standing.objective, []).append(standing)
    if entries is not None:
        return Found(sweep, plan, status, trials, standings, entries, [])
    read, skipped = dict[int, RunSummary](), []
    for trial in filter(is_finished, trials):
        folder = sweep.folder(trial.number)
        try:
            run = Run.at(folder)
            read[trial.number] = read_summary(folder, str(trial.number), run.summary, run.status)
        except RunError as error:
            skipped.append(Skipped(printable(str(folder)), printable(one_line(error))))
    return Found(sweep, plan, status, trials, standings, read, skipped)


def brief(found: Found, out: Path) -> Iterator[str]:
    """Yield the lines that a terminal shows: the leaders, what to type next, and what is missing."""
    yield f"The sweep {found.sweep.name}: {found.counts}\n".rstrip()
    for goal, own in found.standings.items():
        yield ""
        yield from as_text(leaders(own[:TERMINAL], found.entries)).split("\n")
        if len(own) > TERMINAL:
            yield f"... and {len(own) - TERMINAL} more"
        yield ""
        yield f"best  {rerun_command(found.plan, own[0].best)}"
        yield f"      {out / file_of(goal, found)}"
    yield from (f"Not read: {one.path} ({one.reason})" for one in found.skipped[:TERMINAL])


def sections(found: Found) -> Iterator[Section]:
    """Yield the parts of the page."""
    yield Section("Summary", [facts(found), "What varies:", Code("\n".join(found.plan.swept) or "nothing")])
    for goal, own in found.standings.items():
        yield Section(_title("Leaderboard", goal, found), list(_leaderboard(own, found.entries)))
        yield Section(_title("The best, to go on with", goal, found), list(_best(goal, found)))
    for goal, trials in by_objective(found.trials).items():
        yield Section(_title("What mattered", goal, found), list(_mattered(goal, trials)))
        yield Section(_title("Samples of the best", goal, found), list(_grids(goal, found)))
    if found.failed:
        yield Section("Failures", list(_failures(found.failed)))
    if found.skipped:
        told = [f"{one.path} ({one.reason})" for one in found.skipped[:SHOWN]]
        yield Section("Skipped", ["Runs that cannot be read, so that grids and test measures are missing:", *told])
    some = [standing.best.number for own in found.standings.values() for standing in own[:3]]
    places = ",".join(str(found.sweep.folder(number)) for number in some)
    side_by_side = Code(f"handwriting compare {shlex.quote(f'runs={printable(places)}')}")
    yield Section("Side by side", ["Curves, measures and grids of some runs, whichever you name:", side_by_side])


def _title(title: str, goal: Objective, found: Found) -> str:
    return title if len(found.standings) == 1 else f"{title}, by {goal[0]}"


def slug(goal: Objective) -> str:
    """Return what trials go by, as part of a file's name."""
    return "".join(letter if letter.isalnum() else "_" for letter in goal[0])


def file_of(goal: Objective, found: Found) -> str:
    """Return what the best trial's configuration is called."""
    return "best.yaml" if len(found.standings) == 1 else f"best_{slug(goal)}.yaml"


def facts(found: Found) -> Table:
    """Return what a sweep is, and how far it got."""
    status, search = found.status, found.plan.search
    state = format_value(found.state)
    if state == DEAD:
        state = "dead: its process is gone; the same command goes on with it"
    elif state == "running" and status.get("seconds_left") is not None:
        state = f"running, about {format_duration(status['seconds_left'])} left"
    seconds = [trial.seconds for trial in found.trials if trial.seconds is not None]
    best = [own[0].best for own in found.standings.values()]
    facts = {
        "state": state,
        "trials": f"{len(found.trials)} of {found.total}: {found.counts}",
        "best": "; ".join(f"{one.monitor} {format_number(one.value, DIGITS)} (trial {one.number})" for one in best),
        "goes by": "; ".join(f"{monitor}, {BETTER[mode]} is better" for monitor, mode in found.standings),
        "kind": f"search by {search.get('sampler')}, pruned by {search.get('pruner')}" if search else "grid",
        "training time, all trials": format_duration(sum(seconds)) if seconds else ABSENT,
        "command": found.plan.command or ABSENT,
        "folder": str(found.sweep.path),
    }
    rows = [[Cell(name), Cell(printable(fact))] for name, fact in facts.items()]
    return Table([Cell("sweep"), Cell(found.sweep.name)], rows, words=True)


# Who is best


def _leaderboard(standings: Sequence[LeaderboardRow], entries: Mapping[int, RunSummary]) -> Iterator[str | Table]:
    monitor, mode = standings[0].objective
    yield f"By the best {monitor} that training reached; {BETTER[mode]} is better. A trial's folder is its number."
    if (spread := seed_spread(standings)) is not None:
        yield (
            "Trials that differ in their seed alone stand together; ± is their standard deviation. On the whole they "
            f"spread by {format_number(spread)}: smaller differences may be seed_spread."
        )
    yield leaders(standings[:SHOWN], entries)
    if len(standings) > SHOWN:
        yield f"The first {SHOWN} of {len(standings)}; comparison.csv has all."


def leaders(standings: Sequence[LeaderboardRow], entries: Mapping[int, RunSummary]) -> Table:
    """Return a row for each standing, best first."""
    names = list(dict.fromkeys(name for standing in standings for name in standing.parameters))
    varied = [name for name in names if len({standing.parameters.get(name) for standing in standings}) > 1] or names
    beside = [
        name
        for name in BESIDE
        if name != f"last {standings[0].objective[0]}"
        and any(_mean(one, name, entries) is not None for one in standings)
    ]
    seeds = any(standing.n > 1 for standing in standings)
    head = ["", standings[0].objective[0], *(["seeds"] if seeds else []), "trials" if seeds else "trial"]
    head += [*beside, *varied, "time"]
    rows = [
        [
            Cell.number(place),
            Cell.number(
                one.mean,
                _with_digits,
                "" if one.spread is None else f"±{format_number(one.spread, 2)}",
                best=place == 1,
            ),
            *([Cell.number(one.n)] if seeds else []),
            Cell.setting(", ".join(map(str, one.numbers))),
            *(Cell.number(_mean(one, name, entries), _with_digits) for name in beside),
            *(Cell.setting(one.parameters.get(name)) for name in varied),
            Cell.number(one.seconds, format_duration),
        ]
        for place, one in enumerate(standings, start=1)
    ]
    return Table([Cell(text) for text in head], rows, numbered=True, notes="±")


def _with_digits(value: float) -> str:
    return format_number(value, DIGITS)


def _mean(standing: LeaderboardRow, name: str, entries: Mapping[int, RunSummary]) -> float | None:
    """Return the mean of what was measured over the trials of a standing that tell."""
    runs = [entries[number] for number in standing.numbers if number in entries]
    found = [value for run in runs if (value := _measured(run, name)) is not None]
    return fmean(found) if found else None


def _measured(run: RunSummary, name: str) -> float | None:
    """Return one of ``BESIDE`` of a run; None where it was not measured."""
    when, measure = name.split(" ")
    return run.last(measure) if when == "last" else run.tested.get(measure, {}).get("value")


def _best(goal: Objective, found: Found) -> Iterator[str | Code]:
    plan, standing = found.plan, found.standings[goal][0]
    trial = standing.best
    yield f"Trial {trial.number} once more:"
    yield Code(rerun_command(plan, trial))
    yield "For several seeds, which tells how much of it was seed_spread:"
    yield Code(rerun_command(plan, trial, SEEDS))
    yield "Its measures on the test set:"
    yield Code(f"handwriting evaluate {shlex.quote(f'run={printable(str(found.sweep.folder(trial.number)))}')}")
    name = file_of(goal, found)
    yield f"The same as a file, {name}: put it into experiments/ and train by it with experiments={Path(name).stem}."
    yield Code(best_config(found.sweep.name, plan, standing).rstrip())


# What mattered


def _mattered(goal: Objective, trials: Sequence[Trial]) -> Iterator[str | Picture]:
    (monitor, mode), own = goal, slug(goal)
    if reason := importance_unavailable(trials):
        yield reason
    else:
        yield (
            "How much of the differences each parameter explains by itself (functional ANOVA of a random forest; a "
            "share, not a direction). With few trials it is a hint."
        )
        picture = figure_bytes(draw_importance(importance(trials)))
        yield Picture(f"importance_{own}.png", f"What explains {monitor}", picture)
    ended = [trial for trial in trials if trial.state in ("done", "pruned", "failed")]
    columns = parameter_axes(ended)
    reached = Axis(monitor, tuple(trial.value if is_finished(trial) else None for trial in ended))
    if columns:
        caption = "Each trial as a line through its parameters: the darker the better, the best three thick."
        yield Picture(f"parallel_{own}.png", caption, figure_bytes(draw_parallel(columns, reached, mode)))
    values = Axis(monitor, tuple(trial.value for trial in ended))
    numbers, states = [trial.number for trial in ended], [trial.state for trial in ended]
    history = draw_history(numbers, values, states, mode)
    yield Picture(f"history_{own}.png", "One trial after the other", figure_bytes(history))


def _grids(goal: Objective, found: Found) -> Iterator[str | Picture]:
    best = [found.entries.get(standing.best.number) for standing in found.standings[goal]]
    grids = list[GridPanel]()
    for place, entry in enumerate(best):
        if entry and len(grids) < PICTURED and (pictures := Run(entry.path).pictures("samples")):
            epoch = max(pictures)
            grids.append(GridPanel(place, f"trial {entry.name}   epoch {epoch}", pictures[epoch]))
    if grids:
        name = "samples.png" if len(found.standings) == 1 else f"samples_{slug(goal)}.png"
        yield Picture(name, "The last grids of the best, in order", png_bytes(draw_grids(grids)))
    else:
        yield "None of the best has drawn a grid."


def _failures(trials: Sequence[Trial]) -> Iterator[str | Table]:
    rows = [
        [str(trial.number), trial.state, trial.why or ABSENT, " ".join(trial.overrides)] for trial in trials[:SHOWN]
    ]
    head = [Cell(text) for text in ("trial", "state", "why", "given")]
    yield Table(head, [[Cell(printable(text)) for text in row] for row in rows], numbered=True, words=True)
    if len(trials) > SHOWN:
        yield f"The first {SHOWN} of {len(trials)}; comparison.csv has all."


def rows(found: Found) -> Iterator[dict[str, Any]]:
    """Yield a row for each trial, for other programs; those that stand together share their place and mean."""
    names = dict.fromkeys(name for trial in found.trials for name in trial.parameters)
    places = {
        number: (place, standing)
        for own in found.standings.values()
        for place, standing in enumerate(own, start=1)
        for number in standing.numbers
    }
    for trial in found.trials:
        place, standing = places.get(trial.number, (None, None))
        run = found.entries.get(trial.number)
        yield {
            "trial": trial.number,
            "state": trial.state,
            "monitor": trial.monitor,
            "value": trial.value,
            "place": place,
            "mean": standing and standing.mean,
            "spread": standing and standing.spread,
            "seeds": standing and standing.n,
            "seconds": trial.seconds,
            **{name.replace(" ", "_"): run and _measured(run, name) for name in BESIDE},
            **{name: trial.parameters.get(name) for name in names},
            "why": trial.why,
            "path": str(found.sweep.folder(trial.number)),
        }
