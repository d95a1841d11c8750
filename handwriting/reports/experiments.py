"""The page of the studies, in Markdown: written from what run folders say, and from nothing else."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median

from handwriting.config import describe
from handwriting.metric_values import MetricValue
from handwriting.reports.experiment_plan import ExperimentGroup, ExperimentPlan, PlannedRun, Question, Target
from handwriting.runs.details import RunDetails
from handwriting.text import ABSENT, escape_markdown, format_number, markdown_table

ENOUGH = 1_000
"""Batches below which nothing is said of which study is better."""
ALIKE = 0.05
"""Values less than this share apart are called alike, unless their standard errors say more."""
APART = "†"
"""Marks what was measured by another classifier than the rest of its table."""
COLUMNS = {
    "fid": "FID",
    "coverage": "coverage",
    "class_accuracy": "class acc.",
    "worst_class_accuracy": "worst",
    "negative_elbo": "loss, nats",
    "importance_weighted_bound": "bound, nats",
}
"""The measures of the tables; the others stand in each run's ``evaluation.json``."""

Records = Mapping[str, RunDetails]


def report(plan: ExperimentPlan, records: Records) -> str:
    """Return the page.

    Args:
        plan: What was to be run and asked.
        records: The runs that were measured, by their names in the plan.
    """
    parts = [
        "# Studies, and ours beside them",
        "Written by `handwriting studies` (`make studies`) from run folders; do not edit it. Every value is measured "
        "on the test set, as many generated glyphs as there are real ones, averaged weights where a study has them, "
        "seed 0. In brackets stands the floor: the same measure of real training glyphs, and for the loss the entropy "
        "of the grey pixels. What a study reported is on its own scale. Nothing is said of an order where fewer than "
        f"{ENOUGH:,} batches were done. A command needs `data.root=<folder>` besides where the data is not in `data/`, "
        "and `trainer.max_time=00:00:04:00` or the like to end as early as here; what is called `_whole` did not.",
        *_goals(plan, records),
        *_questions(plan.questions, records),
        *(part for group in plan.groups for part in _group(plan, group, records)),
    ]
    return "\n\n".join(parts) + "\n"


# Tables of studies


def _group(plan: ExperimentPlan, group: ExperimentGroup, records: Records) -> Iterator[str]:
    planned = [one for one in plan.runs if one.group is group and (one.run in records or not one.whole)]
    yield f"## {group.name}"
    yield group.about
    run = [records[one.run] for one in planned if one.run in records]
    shown = [name for name in COLUMNS if any(name in record.metric_values for record in run)]
    head = ["study", "reported", *(COLUMNS[name] for name in shown), "batches", "minutes", "machine"]
    usual = _usual_classifier(run)
    rows = [_row(one, records.get(one.run), shown, usual) for one in planned]
    yield markdown_table(head, rows)
    if any(cell.endswith(APART) for row in rows for cell in row):
        yield f"{APART} Other glyphs or glyphs prepared otherwise, so another classifier: not comparable with the rest."
    if group.order:
        yield from _order(group.order, run, usual)
    abouts = describe()["experiments"]
    for one in planned:
        if not one.whole:
            yield f"**{one.name}**: {abouts[one.name]}\n`{_command(one)}`"
        if one.run in records:
            yield f"![glyphs of {one.run}]({one.picture})"


def _usual_classifier(records: Sequence[RunDetails]) -> str | None:
    """Return the classifier that most values were taken by."""
    counts = Counter(one.classifier for record in records for one in record.metric_values.values() if one.classifier)
    return max(counts, key=counts.__getitem__, default=None)


def _row(planned: PlannedRun, record: RunDetails | None, shown: Sequence[str], usual: str | None) -> list[str]:
    name = planned.run.partition("/")[2]
    if record is None:
        return [name, escape_markdown(planned.study.reported), *[ABSENT] * len(shown), "not run", ABSENT, ABSENT]
    whole = f" of {planned.study.batches:,}" if planned.study.batches else ""
    return [
        name,
        escape_markdown(planned.study.reported),
        *(_cell(record.metric_values.get(measure), usual) for measure in shown),
        f"{record.batches or 0:,}{whole}",
        format_number((record.seconds or 0) / 60, 2),
        record.machine,
    ]


def _cell(measure: MetricValue | None, usual: str | None) -> str:
    """Return a value with its floor in brackets, marked where it was not taken by the usual classifier."""
    if measure is None:
        return ABSENT
    floor = "" if measure.floor is None else f" ({format_number(measure.floor)})"
    return format_number(measure.value) + floor + ("" if measure.classifier in (None, usual) else f" {APART}")


def _command(planned: PlannedRun) -> str:
    words = [word for word in planned.overrides("<folder>") if not word.startswith("data.root=")]
    return shlex.join(["python", "train.py", *words])


def _order(measure: str, records: Sequence[RunDetails], usual: str | None) -> Iterator[str]:
    known = [record for record in records if (record.batches or 0) >= ENOUGH and measure in record.metric_values]
    enough = [record for record in known if record.metric_values[measure].classifier == usual]
    ranked = sorted(enough, key=lambda record: record.metric_values[measure].value)
    if len(ranked) > 1:
        values = [record.metric_values[measure] for record in ranked]
        signs = ["", *(" ≈ " if alike(*pair) else " < " for pair in pairwise(values))]
        words = "".join(sign + record.name.partition("/")[2] for sign, record in zip(signs, ranked, strict=True))
        yield f"By {COLUMNS[measure]}, of those with at least {ENOUGH:,} batches: {words}."


# Goals


def _goals(plan: ExperimentPlan, records: Records) -> Iterator[str]:
    rows = [_goal(goal, plan, records) for goal in plan.goals]
    if rows:
        yield "## Goals"
        yield markdown_table(["run", "measure", "goal", "reached", "", "beside"], rows)


def _goal(goal: Target, plan: ExperimentPlan, records: Records) -> list[str]:
    measure = COLUMNS.get(goal.measure, goal.measure)
    runs = [one.run for one in plan.runs if one.name in goal.beside]
    done = {one.name for one in plan.runs if one.run in records}
    own = _measure(records, goal.run, goal.measure)
    others = {name: found for name in runs if (found := _measure(records, name, goal.measure))}
    beside = {name: one.value for name, one in others.items() if own is None or one.classifier == own.classifier}
    limit, least, words = _limit(goal, beside, own)
    told = "; ".join(f"{name} {format_number(known)}, {_effort(records[name])}" for name, known in beside.items())
    if own is None or limit is None:
        return [goal.run, measure, words, ABSENT, "not measured", told]
    reached = own.value >= limit if least else own.value <= limit
    outcome = "reached" if reached else f"**missed by {format_number(abs(own.value - limit), 2)}**"
    if absent := [name for name in goal.beside if name not in done]:
        outcome += f" so far; not run: {', '.join(absent)}"
    return [goal.run, measure, words, f"{format_number(own.value)} in {_effort(records[goal.run])}", outcome, told]


def _limit(goal: Target, beside: Mapping[str, float], own: MetricValue | None) -> tuple[float | None, bool, str]:
    """Return the value that is to be reached, whether it is the least or the largest one, and the goal in words."""
    if goal.at_least is not None:
        return goal.at_least, True, f"at least {format_number(goal.at_least, 2)}"
    if goal.at_most is not None:
        return goal.at_most, False, f"at most {format_number(goal.at_most, 2)}"
    best = min(beside.values(), default=None)
    if goal.times_best is not None:
        limit = None if best is None else best * goal.times_best
        return (
            limit,
            False,
            f"at most {format_number(goal.times_best, 2)} of the best beside it: {format_number(limit)}",
        )
    if best is None or own is None or own.floor is None or goal.gap_closed is None:
        return None, False, ABSENT
    limit = best - goal.gap_closed * (best - own.floor)
    return (
        limit,
        False,
        f"{goal.gap_closed:.0%} of the gap to {format_number(own.floor)} closed: {format_number(limit)}",
    )


def _measure(records: Records, name: str, measure: str) -> MetricValue | None:
    return records[name].metric_values.get(measure) if name in records else None


def _effort(record: RunDetails) -> str:
    return f"{record.batches or 0:,} batches, {format_number((record.seconds or 0) / 60, 2)} min"


# Questions


def _questions(questions: Sequence[Question], records: Records) -> Iterator[str]:
    answers = [f"- **{one.ask}** {_answer(one, records)}" for one in questions]
    if answers:
        yield "## What the studies left open"
        yield "\n".join(answers)


def _answer(question: Question, records: Records) -> str:
    absent = [name for name in question.compare if name not in records]
    if absent:
        return f"Not answered: {', '.join(absent)} was not run."
    compared = [records[name] for name in question.compare]
    return " ".join([*(_compare(name, compared) for name in question.by), *filter(None, [question.because])])


def _compare(name: str, records: Sequence[RunDetails]) -> str:
    """Tell one measure of some runs, and of two of them which is better."""
    taken, where = _taken(name, records)
    known = [(record, measure) for record, measure in zip(records, taken, strict=True) if measure]
    told = ", ".join(
        f"{record.name} {format_number(measure.value)}"
        + (f" ± {format_number(measure.error, 2)}" if measure.error else "")
        + (f" (floor {format_number(measure.floor)})" if measure.floor is not None else "")
        for record, measure in known
    )
    words = f"{name.removeprefix('val/')}{where}: {told}"
    if len(known) != 2:
        return f"{words}."
    (_, first), (record, last) = known
    if any((one.batches or 0) < ENOUGH for one, _ in known):
        return f"{words}: fewer than {ENOUGH:,} batches, so nothing is said of an order."
    if first.classifier != last.classifier:
        return f"{words}: not comparable, being by different classifiers."
    return f"{words}: {verdict(first, last, record.name)}."


def verdict(first: MetricValue, last: MetricValue, name: str) -> str:
    """Say whether two values differ, and by how much; ``name`` is whose the last one is.

    >>> verdict(MetricValue(10.0, 100), MetricValue(10.2, 100), "b")
    'no clear difference (2%)'
    >>> verdict(MetricValue(10.0, 100), MetricValue(5.0, 100), "b")
    'b is 50% lower'
    >>> verdict(MetricValue(10.0, 100), MetricValue(160.0, 100), "b")
    'b is 16 times as high'
    """
    apart = _apart(first, last)
    if alike(first, last):
        return f"no clear difference ({abs(apart):.0%})"
    if apart > 1:
        return f"{name} is {format_number(1 + apart, 2)} times as high"
    return f"{name} is {abs(apart):.0%} {'higher' if apart > 0 else 'lower'}"


def alike(first: MetricValue, last: MetricValue) -> bool:
    """Return whether two values are within two standard errors, or nearly the same where these are unknown."""
    error = 2 * ((first.error or 0) ** 2 + (last.error or 0) ** 2) ** 0.5
    return abs(last.value - first.value) < error if error else abs(_apart(first, last)) < ALIKE


def _apart(first: MetricValue, last: MetricValue) -> float:
    """Return by how much the last value is above the first, as a share of that."""
    return (last.value - first.value) / abs(first.value) if first.value else 0.0


def _taken(name: str, records: Sequence[RunDetails]) -> tuple[list[MetricValue | None], str]:
    """Return one value of each run, and where it was taken."""
    if name in DERIVED:
        values = [DERIVED[name](record) for record in records]
        return [None if value is None else MetricValue(value, 0) for value in values], ""
    if "/" not in name or name.startswith("class_fid/"):
        return [record.metric_values.get(name) for record in records], ""
    batches = min(int(record.batches or 0) for record in records)
    return [_logged(record, name, batches) for record in records], f" after {batches:,} batches"


def _logged(record: RunDetails, name: str, batches: int) -> MetricValue | None:
    """Return what was logged under a name nearest to so many batches, with the floor that was logged with it."""
    rows = [row for row in record.rows if name in row]
    if not rows:
        return None
    nearest = min(rows, key=lambda row: abs(row["batches"] - batches))
    return MetricValue(nearest[name], 0, floor=nearest.get(f"floor/{name.partition('/')[2]}"))


def _largest_rise(record: RunDetails) -> float | None:
    """Return by how much the validation FID ever rose above the best until then, as a share of that."""
    best, rise = float("inf"), 0.0
    for row in record.rows:
        if "val/fid" in row:
            rise, best = max(rise, row["val/fid"] / best - 1), min(best, row["val/fid"])
    return rise if best < float("inf") else None


def _generator_steps_per_second(record: RunDetails) -> float | None:
    """Return how often the generator learns: a WGAN's waits for several steps of the critic."""
    critic_steps = record.config.get("model.critic_steps")
    if not (record.batches and record.seconds and critic_steps):
        return None
    return record.batches / critic_steps / record.seconds


def _median_checkerboard(record: RunDetails) -> float | None:
    """Return the median of the ripples that were logged: it comes and goes while a generator learns."""
    ripples = [row["val/checkerboard"] for row in record.rows if "val/checkerboard" in row]
    return median(ripples) if ripples else None


DERIVED: dict[str, Callable[[RunDetails], float | None]] = {
    "generator steps a second": _generator_steps_per_second,
    "largest rise of val/fid above its best until then": _largest_rise,
    "median of val/checkerboard": _median_checkerboard,
}
"""Values that are read off a whole run, by what they are called."""
