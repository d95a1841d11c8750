"""The page about a sweep: which trials are best, what mattered, and how to go on with the best."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from handwriting.errors import RunError
from handwriting.jobs.page import Cell, Code, Picture, Section, Table, as_text, duration, shown, write_page
from handwriting.plots.axes import Axis
from handwriting.plots.comparison import Grid, draw_grids
from handwriting.plots.curves import figure_bytes
from handwriting.plots.grids import png_bytes
from handwriting.plots.numbers import number
from handwriting.plots.sweeps import draw_history, draw_importance, draw_parallel
from handwriting.runs.comparison import ABSENT, ReadConfig, Record, Skipped, printable, read
from handwriting.sweeps.folder import Plan, Sweep, Trial
from handwriting.sweeps.results import (
    Goal,
    Standing,
    axes,
    best_config,
    by_goal,
    finished,
    importance,
    leaderboard,
    luck,
    rerun,
    untold,
)

SHOWN = 20
"""So many standings are on the page; the table beside it has all of them."""
PICTURED = 4
"""The grids of so many of the best are shown."""
TESTED = ("fid", "class_accuracy")
"""The measures on the test set that stand in the leaderboard, where a trial was evaluated."""
SEEDS = (0, 1, 2)
DIGITS = 4
TERMINAL = 10


def compare(sweep: Sweep, out: Path, read_config: ReadConfig) -> Path:
    """Write the page about a sweep, print its leaderboard, and return where the page is.

    Raises:
        RunError: If no trial of it is done.
    """
    plan, trials = sweep.plan, sweep.trials
    standings = leaderboard(trials)
    if not standings:
        counts = ", ".join(f"{n} {state}" for state, n in Counter(trial.state for trial in trials).items())
        raise RunError(f"runs={sweep.path}: no trial of this sweep is done yet ({counts or 'none has begun'}).")
    records, skipped = _records(sweep, standings, read_config)
    page = list(sections(sweep, plan, trials, standings, records, skipped))
    rows = list(_rows(sweep, trials, records))
    best = best_config(sweep.name, plan, standings[0])
    path = write_page(out, f"The sweep {sweep.name}", page, rows, {"best.yaml": best})
    for goal in dict.fromkeys(standing.goal for standing in standings):
        own = [standing for standing in standings if standing.goal == goal]
        print(as_text(_leaders(sweep, own[:TERMINAL], records)))
        if len(own) > TERMINAL:
            print(f"... and {len(own) - TERMINAL} more")
    print(f"\nbest  {rerun(plan, standings[0].best)}\n      {out / 'best.yaml'}")
    return path


def _records(
    sweep: Sweep, standings: Sequence[Standing], read_config: ReadConfig
) -> tuple[dict[int, Record], list[Skipped]]:
    """Read the run folders of the leaders; one that is broken is told of and left out."""
    records, skipped = {}, []
    for standing in standings[:SHOWN]:
        for trial in standing.trials:
            folder = sweep.folder(trial.number)
            try:
                records[trial.number] = read(folder, str(trial.number), read_config)
            except (RunError, OSError, ValueError) as error:
                skipped.append(Skipped(printable(str(folder)), printable(" ".join(str(error).split()))))
    return records, skipped


def sections(
    sweep: Sweep,
    plan: Plan,
    trials: Sequence[Trial],
    standings: Sequence[Standing],
    records: Mapping[int, Record],
    skipped: Sequence[Skipped],
) -> Iterator[Section]:
    """Yield the parts of the page."""
    yield Section("Summary", [_facts(sweep, plan, trials), *_space(plan)])
    goals = by_goal(trials)
    if len(goals) > 1:
        together = "These trials go by different values, which cannot be compared: each has a leaderboard of its own."
        yield Section("Goals", [together])
    for goal in goals:
        own = [standing for standing in standings if standing.goal == goal]
        yield Section(_leaders_title(goal, goals), list(_leaderboard(sweep, own, records)))
    yield Section("The best, to go on with", list(_best(sweep, plan, standings[0])))
    for goal, own_trials in goals.items():
        title = "What mattered" if len(goals) == 1 else f"What mattered for {goal[0]}"
        yield Section(title, list(_mattered(goal, own_trials)))
    yield Section("Samples of the best", list(_grids(standings, records)))
    failed = [trial for trial in trials if trial.state in ("failed", "interrupted")]
    if failed:
        yield Section("Failures", [_failures(failed)])
    if skipped:
        yield Section("Left out", [f"{one.place} ({one.reason})" for one in skipped])
    some = ",".join(str(sweep.folder(standing.best.number)) for standing in standings[:3])
    yield Section("Side by side", ["Curves, measures and grids of some runs:", Code(_compare(some))])


def _compare(runs: str) -> str:
    return f"handwriting compare {shlex.quote(f'runs={printable(runs)}')}"


def _facts(sweep: Sweep, plan: Plan, trials: Sequence[Trial]) -> Table:
    status = sweep.status
    state = status.get("state", ABSENT)
    if state == "running" and not sweep.is_alive():
        state = "dead: its process is gone; the same command goes on with it"
    counts = Counter(trial.state for trial in trials)
    seconds = [trial.seconds for trial in trials if trial.seconds is not None]
    search = plan.search
    facts = {
        "state": state,
        "trials": f"{len(trials)} of {status.get('total', len(trials))}: "
        + ", ".join(f"{n} {name}" for name, n in counts.most_common()),
        "kind": f"search by {search['sampler']}, pruned by {search['pruner']}" if search else "grid",
        "training time, all trials": duration(sum(seconds)) if seconds else ABSENT,
        "command": plan.command or ABSENT,
        "folder": printable(str(sweep.path)),
    }
    return Table([Cell("sweep"), Cell(sweep.name)], [[Cell(name), Cell(shown(fact))] for name, fact in facts.items()])


def _space(plan: Plan) -> Iterator[str | Code]:
    yield "What varies:"
    yield Code("\n".join(plan.swept) or "nothing")


# Who is best


def _leaders_title(goal: Goal, goals: Mapping[Goal, Any]) -> str:
    return "Leaderboard" if len(goals) == 1 else f"Leaderboard by {goal[0]}"


def _leaderboard(sweep: Sweep, standings: Sequence[Standing], records: Mapping[int, Record]) -> Iterator[str | Table]:
    monitor, mode = standings[0].goal
    better = "less" if mode == "min" else "more"
    yield f"By the best {monitor} that training reached; {better} is better."
    if any(standing.n > 1 for standing in standings):
        yield "± is the standard deviation over seeds."
    if (spread := luck(standings)) is not None:
        yield f"Trials that differ in their seed alone spread by {number(spread)}: smaller differences may be luck."
    yield _leaders(sweep, standings[:SHOWN], records)
    if len(standings) > SHOWN:
        yield f"The first {SHOWN} of {len(standings)}; comparison.csv has all."


def _leaders(sweep: Sweep, standings: Sequence[Standing], records: Mapping[int, Record]) -> Table:
    """Return a row for each standing, best first."""
    names = list(dict.fromkeys(name for standing in standings for name in standing.parameters))
    varied = [name for name in names if len({standing.parameters.get(name) for standing in standings}) > 1] or names
    tested = [name for name in TESTED if any(_tested(standing, name, records) is not None for standing in standings)]
    head = ["", standings[0].goal[0], *(["seeds"] if any(s.n > 1 for s in standings) else []),
            *(f"test {name}" for name in tested), *varied, "time", "trials"]  # fmt: skip
    rows = []
    for place, standing in enumerate(standings, start=1):
        spread = f"±{number(standing.spread, 2)}" if standing.spread is not None else ""
        seeds = [Cell(str(standing.n))] if "seeds" in head else []
        rows.append(
            [
                Cell(str(place)),
                Cell(number(standing.mean, DIGITS), spread, best=place == 1),
                *seeds,
                *(Cell(_number(_tested(standing, name, records))) for name in tested),
                *(Cell(standing.parameters.get(name, ABSENT)) for name in varied),
                Cell(duration(standing.seconds)),
                Cell(", ".join(map(str, standing.numbers))),
            ]
        )
    return Table([Cell(text) for text in head], rows, numbered=True)


def _tested(standing: Standing, measure: str, records: Mapping[int, Record]) -> float | None:
    """Return the mean of a measure over the evaluated trials of a standing."""
    found = [
        records[trial.number].measures[measure].value
        for trial in standing.trials
        if trial.number in records and measure in records[trial.number].measures
    ]
    return sum(found) / len(found) if found else None


def _number(value: float | None) -> str:
    return ABSENT if value is None else number(value, DIGITS)


def _best(sweep: Sweep, plan: Plan, standing: Standing) -> Iterator[str | Code]:
    trial = standing.best
    yield f"Trial {trial.number} once more, and for several seeds:"
    yield Code(f"{rerun(plan, trial)}\n{rerun(plan, trial, SEEDS)}")
    yield "Its measures on the test set:"
    yield Code(f"handwriting evaluate {shlex.quote(f'run={printable(str(sweep.folder(trial.number)))}')}")
    yield "The same as a file, best.yaml: put it into experiments/ and train by it with experiments=best."
    yield Code(best_config(sweep.name, plan, standing).rstrip())


# What mattered


def _mattered(goal: Goal, trials: Sequence[Trial]) -> Iterator[str | Picture]:
    monitor, mode = goal
    reason = untold(trials)
    slug = "".join(letter if letter.isalnum() else "_" for letter in monitor)
    if reason:
        yield reason
    else:
        yield (
            "How much of the differences each parameter explains by itself (functional ANOVA of a random forest; a "
            "share, not a direction). With few trials it is a hint."
        )
        picture = figure_bytes(draw_importance(importance(trials)))
        yield Picture(f"importance_{slug}.png", f"What explains {monitor}", picture)
    ended = [trial for trial in trials if trial.state in ("done", "pruned", "failed")]
    columns = axes(ended)
    reached = Axis(monitor, tuple(trial.value if finished(trial) else None for trial in ended))
    if columns:
        caption = "Each trial as a line through its parameters: the darker the better, the best three thick."
        yield Picture(f"parallel_{slug}.png", caption, figure_bytes(draw_parallel(columns, reached, mode)))
    values = Axis(monitor, tuple(trial.value for trial in ended))
    numbers, states = [trial.number for trial in ended], [trial.state for trial in ended]
    history = draw_history(numbers, values, states, mode)
    yield Picture(f"history_{slug}.png", "One trial after the other", figure_bytes(history))


def _grids(standings: Sequence[Standing], records: Mapping[int, Record]) -> Iterator[str | Picture]:
    best = [standing.best for standing in standings if records.get(standing.best.number)][:PICTURED]
    drawn = [trial for trial in best if records[trial.number].grids]
    if not drawn:
        yield "None of the best has drawn a grid."
        return
    grids = []
    for place, trial in enumerate(drawn):
        record = records[trial.number]
        epoch = max(record.grids)
        grids.append(Grid(place, f"trial {trial.number}   epoch {epoch}", record.grids[epoch]))
    yield Picture("samples.png", "The last grids of the best, in order", png_bytes(draw_grids(grids)))


def _failures(trials: Sequence[Trial]) -> Table:
    rows = [
        [
            Cell(str(trial.number)),
            Cell(trial.state),
            Cell(printable(" ".join(trial.overrides))),
            Cell(printable(trial.why or ABSENT)),
        ]
        for trial in trials
    ]
    return Table([Cell("trial"), Cell("state"), Cell("given"), Cell("why")], rows, numbered=True)


def _rows(sweep: Sweep, trials: Sequence[Trial], records: Mapping[int, Record]) -> Iterator[dict[str, Any]]:
    """Yield a row for each trial, for other programs."""
    names = dict.fromkeys(name for trial in trials for name in trial.parameters)
    for trial in trials:
        record = records.get(trial.number)
        tested = {name: record.measures[name].value if record and name in record.measures else None for name in TESTED}
        yield {
            "trial": trial.number,
            "state": trial.state,
            "monitor": trial.monitor,
            "value": trial.value,
            "seconds": trial.seconds,
            **{f"test_{name}": value for name, value in tested.items()},
            **{name: trial.parameters.get(name) for name in names},
            "why": trial.why,
            "path": str(sweep.folder(trial.number)),
        }
