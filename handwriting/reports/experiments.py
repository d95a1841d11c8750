"""The page of the experiments, in Markdown, generated from run folders only."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median

from handwriting.config import describe
from handwriting.metric_values import CLASS_FID, MetricValue
from handwriting.reports.experiment_plan import ExperimentGroup, ExperimentPlan, PlannedRun, Question, Target
from handwriting.runs.details import RunDetails
from handwriting.text import ABSENT, escape_markdown, format_number, markdown_table

MIN_BATCHES = 1_000
"""Runs of fewer batches are not ranked, and no answer says which of them is better."""
NEGLIGIBLE_SHARE = 0.05
"""Values whose relative difference is smaller are called equal, unless their standard errors are known."""
OTHER_CLASSIFIER = "†"
"""Marks a value by another classifier than most values of its table."""
COLUMNS = {
    "fid": "FID",
    "coverage": "coverage",
    "class_accuracy": "class acc.",
    "worst_class_accuracy": "worst",
    "negative_elbo": "loss, nats",
    "importance_weighted_bound": "bound, nats",
}
"""The metrics of the tables and their column titles; each run's ``evaluation.json`` has all metrics."""

HEAD = (
    "# Experiments",
    "Written by `handwriting experiments` (`make experiments`) from run folders; do not edit it. Every value is "
    "measured on the test set, with as many generated glyphs as real ones, the averaged weights where an experiment "
    "has them, and seed 0. The number in brackets is the floor, the real-versus-real baseline: the same metric of real "
    "training glyphs; for the loss it is the entropy of the grey pixels. The column `reported` quotes the original, on "
    f"its own scale. Runs of fewer than {MIN_BATCHES:,} batches are not ranked. A command also needs "
    "`data.root=<folder>` where the data is not in `data/`, and `trainer.max_time=00:00:04:00` or similar to end as "
    "early as here; a run named `_whole` was trained for the full length of the original.",
)
"""The paragraphs that the page begins with, whatever was run."""

Runs = Mapping[str, RunDetails]
"""Evaluated runs, by their names in the plan."""


def report(plan: ExperimentPlan, runs: Runs) -> str:
    """Return the page.

    Args:
        plan: The planned experiments, targets and questions.
        runs: The evaluated runs, by their names in the plan.
    """
    parts = [
        *HEAD,
        *_targets(plan, runs),
        *_questions(plan.questions, runs),
        *(part for group in plan.groups for part in _group(plan, group, runs)),
    ]
    return "\n\n".join(parts) + "\n"


# Tables of experiments


def _group(plan: ExperimentPlan, group: ExperimentGroup, runs: Runs) -> Iterator[str]:
    planned_runs = [planned for planned in plan.runs if planned.group is group]
    planned_runs = [planned for planned in planned_runs if planned.run in runs or not planned.whole]
    yield f"## {group.name}"
    yield group.about
    evaluated = [runs[planned.run] for planned in planned_runs if planned.run in runs]
    metrics = [name for name in COLUMNS if any(name in run.metric_values for run in evaluated)]
    head = ["experiment", "reported", *(COLUMNS[name] for name in metrics), "batches", "minutes", "machine"]
    usual = _usual_classifier(evaluated)
    rows = [_row(planned, runs.get(planned.run), metrics, usual) for planned in planned_runs]
    yield markdown_table(head, rows)
    if any(cell.endswith(OTHER_CLASSIFIER) for row in rows for cell in row):
        yield (
            f"{OTHER_CLASSIFIER} Measured by another classifier, because the glyphs or their preparation differ: not "
            "comparable with the other rows."
        )
    if group.order:
        yield from _ranking(group.order, evaluated, usual)
    descriptions = describe()["experiments"]
    for planned in planned_runs:
        if not planned.whole:
            yield f"**{planned.name}**: {descriptions[planned.name]}\n`{_command(planned)}`"
        if planned.run in runs:
            yield f"![glyphs of {planned.run}]({planned.picture})"


def _usual_classifier(runs: Sequence[RunDetails]) -> str | None:
    """Return the classifier of most values."""
    counts = Counter(value.classifier for run in runs for value in run.metric_values.values() if value.classifier)
    return max(counts, key=counts.__getitem__, default=None)


def _row(planned: PlannedRun, run: RunDetails | None, metrics: Sequence[str], usual: str | None) -> list[str]:
    name = planned.run.partition("/")[2]
    reported = escape_markdown(planned.experiment.reported)
    if run is None:
        return [name, reported, *[ABSENT] * len(metrics), "not run", ABSENT, ABSENT]
    original_length = f" of {planned.experiment.batches:,}" if planned.experiment.batches else ""
    return [
        name,
        reported,
        *(_cell(run.metric_values.get(metric), usual) for metric in metrics),
        f"{run.batches or 0:,}{original_length}",
        format_number((run.seconds or 0) / 60, 2),
        run.machine,
    ]


def _cell(value: MetricValue | None, usual: str | None) -> str:
    """Return a value with its floor in brackets, marked where it is not by the usual classifier."""
    if value is None:
        return ABSENT
    floor = "" if value.floor is None else f" ({format_number(value.floor)})"
    mark = "" if value.classifier in (None, usual) else f" {OTHER_CLASSIFIER}"
    return format_number(value.value) + floor + mark


def _command(planned: PlannedRun) -> str:
    words = [word for word in planned.overrides("<folder>") if not word.startswith("data.root=")]
    return shlex.join(["python", "train.py", *words])


def _ranking(metric: str, runs: Sequence[RunDetails], usual: str | None) -> Iterator[str]:
    ranked = sorted(
        (
            run
            for run in runs
            if (run.batches or 0) >= MIN_BATCHES
            and metric in run.metric_values
            and run.metric_values[metric].classifier == usual
        ),
        key=lambda run: run.metric_values[metric].value,
    )
    if len(ranked) > 1:
        values = [run.metric_values[metric] for run in ranked]
        signs = ["", *(" ≈ " if no_clear_difference(*pair) else " < " for pair in pairwise(values))]
        order = "".join(sign + run.name.partition("/")[2] for sign, run in zip(signs, ranked, strict=True))
        yield f"By {COLUMNS[metric]}, of those with at least {MIN_BATCHES:,} batches: {order}."


# Targets


def _targets(plan: ExperimentPlan, runs: Runs) -> Iterator[str]:
    rows = [_target(target, plan, runs) for target in plan.targets]
    if rows:
        yield "## Targets"
        yield markdown_table(["run", "metric", "target", "value", "outcome", "compared with"], rows)


def _target(target: Target, plan: ExperimentPlan, runs: Runs) -> list[str]:
    title = COLUMNS.get(target.metric, target.metric)
    names = [planned.run for planned in plan.runs if planned.name in target.baselines]
    value = _value(runs, target.run, target.metric)
    baselines = {name: baseline for name in names if (baseline := _value(runs, name, target.metric))}
    if value is not None:
        baselines = {name: same for name, same in baselines.items() if same.classifier == value.classifier}
    limit, is_minimum, description = _limit(target, [baseline.value for baseline in baselines.values()], value)
    compared = "; ".join(
        f"{name} {format_number(baseline.value)}, {_effort(runs[name])}" for name, baseline in baselines.items()
    )
    if value is None or limit is None:
        return [target.run, title, description, ABSENT, "not measured", compared]
    is_reached = value.value >= limit if is_minimum else value.value <= limit
    outcome = "reached" if is_reached else f"**missed by {format_number(abs(value.value - limit), 2)}**"
    run_experiments = {planned.name for planned in plan.runs if planned.run in runs}
    if absent := [name for name in target.baselines if name not in run_experiments]:
        outcome += f" so far; not run: {', '.join(absent)}"
    reached = f"{format_number(value.value)} in {_effort(runs[target.run])}"
    return [target.run, title, description, reached, outcome, compared]


def _limit(target: Target, baselines: Sequence[float], value: MetricValue | None) -> tuple[float | None, bool, str]:
    """Return the limit that a target sets, or None while it is not known.

    Args:
        target: The target.
        baselines: The values of its baselines.
        value: The run's own value, whose floor ends the gap of ``gap_closed``; None where it was not measured.

    Returns:
        The limit; whether it is a minimum rather than a maximum; and the target in words.
    """
    if target.at_least is not None:
        return target.at_least, True, f"at least {format_number(target.at_least, 2)}"
    if target.at_most is not None:
        return target.at_most, False, f"at most {format_number(target.at_most, 2)}"
    best = min(baselines, default=None)
    if target.times_best is not None:
        limit = None if best is None else best * target.times_best
        words = f"at most {format_number(target.times_best, 2)} times the best baseline: {format_number(limit)}"
        return limit, False, words
    if best is None or value is None or value.floor is None or target.gap_closed is None:
        return None, False, ABSENT
    limit = best - target.gap_closed * (best - value.floor)
    words = f"{target.gap_closed:.0%} of the gap to {format_number(value.floor)} closed: {format_number(limit)}"
    return limit, False, words


def _value(runs: Runs, name: str, metric: str) -> MetricValue | None:
    return runs[name].metric_values.get(metric) if name in runs else None


def _effort(run: RunDetails) -> str:
    return f"{run.batches or 0:,} batches, {format_number((run.seconds or 0) / 60, 2)} min"


# Questions


def _questions(questions: Sequence[Question], runs: Runs) -> Iterator[str]:
    answers = [f"- **{question.question}** {_answer(question, runs)}" for question in questions]
    if answers:
        yield "## Open questions"
        yield "\n".join(answers)


def _answer(question: Question, runs: Runs) -> str:
    absent = [name for name in question.compare if name not in runs]
    if absent:
        return f"Not answered: {', '.join(absent)} was not run."
    compared = [runs[name] for name in question.compare]
    return " ".join([*(_compare(name, compared) for name in question.metrics), *filter(None, [question.comment])])


def _compare(name: str, runs: Sequence[RunDetails]) -> str:
    """Report one metric of some runs, and of two runs which is better."""
    values, when = _values(name, runs)
    known = [(run, value) for run, value in zip(runs, values, strict=True) if value]
    figures = ", ".join(
        f"{run.name} {format_number(value.value)}"
        + (f" ± {format_number(value.error, 2)}" if value.error else "")
        + (f" (floor {format_number(value.floor)})" if value.floor is not None else "")
        for run, value in known
    )
    words = f"{name.removeprefix('val/')}{when}: {figures}"
    if len(known) != 2:
        return f"{words}."
    (_, first), (run, last) = known
    if any((compared.batches or 0) < MIN_BATCHES for compared, _ in known):
        return f"{words}: not ranked, because a run has fewer than {MIN_BATCHES:,} batches."
    if first.classifier != last.classifier:
        return f"{words}: not comparable, because they are by different classifiers."
    return f"{words}: {verdict(first, last, run.name)}."


def verdict(first: MetricValue, last: MetricValue, name: str) -> str:
    """Return whether two values differ, and by how much, in words.

    >>> verdict(MetricValue(10.0, 100), MetricValue(10.2, 100), "b")
    'no clear difference (2%)'
    >>> verdict(MetricValue(10.0, 100), MetricValue(5.0, 100), "b")
    'b is 50% lower'
    >>> verdict(MetricValue(10.0, 100), MetricValue(160.0, 100), "b")
    'b is 16 times as high'

    Args:
        first: The value of one run.
        last: The value of the other run.
        name: The name of the other run.
    """
    difference = _relative_difference(first, last)
    if no_clear_difference(first, last):
        return f"no clear difference ({abs(difference):.0%})"
    if difference > 1:
        return f"{name} is {format_number(1 + difference, 2)} times as high"
    return f"{name} is {abs(difference):.0%} {'higher' if difference > 0 else 'lower'}"


def no_clear_difference(first: MetricValue, last: MetricValue) -> bool:
    """Return whether two values are within two standard errors, or nearly equal where these are unknown."""
    error = 2 * ((first.error or 0) ** 2 + (last.error or 0) ** 2) ** 0.5
    if error:
        return abs(last.value - first.value) < error
    return abs(_relative_difference(first, last)) < NEGLIGIBLE_SHARE


def _relative_difference(first: MetricValue, last: MetricValue) -> float:
    """Return by how much the last value is above the first, as a share of the first."""
    return (last.value - first.value) / abs(first.value) if first.value else 0.0


def _values(name: str, runs: Sequence[RunDetails]) -> tuple[list[MetricValue | None], str]:
    """Return one value of each run, and in words when in training it was logged."""
    if name in DERIVED:
        values = [DERIVED[name](run) for run in runs]
        return [None if value is None else MetricValue(value, 0) for value in values], ""
    if "/" not in name or name.startswith(CLASS_FID):
        return [run.metric_values.get(name) for run in runs], ""
    batches = min(int(run.batches or 0) for run in runs)
    return [_logged(run, name, batches) for run in runs], f" after {batches:,} batches"


def _logged(run: RunDetails, name: str, batches: int) -> MetricValue | None:
    """Return the value that was logged nearest to a number of batches, with the floor that was logged with it."""
    rows = [row for row in run.rows if name in row]
    if not rows:
        return None
    nearest = min(rows, key=lambda row: abs(row["batches"] - batches))
    return MetricValue(nearest[name], 0, floor=nearest.get(f"floor/{name.partition('/')[2]}"))


def _largest_rise(run: RunDetails) -> float | None:
    """Return by how much the validation FID ever rose above its best until then, as a share of that."""
    best, rise = float("inf"), 0.0
    for row in run.rows:
        if "val/fid" in row:
            rise, best = max(rise, row["val/fid"] / best - 1), min(best, row["val/fid"])
    return rise if best < float("inf") else None


def _generator_steps_per_second(run: RunDetails) -> float | None:
    """Return the generator's steps a second: a WGAN's generator waits for several steps of the critic."""
    critic_steps = run.config.get("model.critic_steps")
    if not (run.batches and run.seconds and critic_steps):
        return None
    return run.batches / critic_steps / run.seconds


def _median_checkerboard(run: RunDetails) -> float | None:
    """Return the median of the logged ripples, which come and go while a generator learns."""
    ripples = [row["val/checkerboard"] for row in run.rows if "val/checkerboard" in row]
    return median(ripples) if ripples else None


DERIVED: dict[str, Callable[[RunDetails], float | None]] = {
    "generator steps a second": _generator_steps_per_second,
    "largest rise of val/fid above its best until then": _largest_rise,
    "median of val/checkerboard": _median_checkerboard,
}
"""Values computed from a whole run, by the names that questions use."""
