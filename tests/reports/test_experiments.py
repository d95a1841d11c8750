from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handwriting.metric_values import MetricValue
from handwriting.reports.experiment_plan import ExperimentGroup, ExperimentPlan, PlannedExperiment, Question, Target
from handwriting.reports.experiments import report, verdict
from handwriting.runs.details import RunDetails

STUDIES = ("dcgan", "dcgan_resize", "wgan_gp")


def plan(*goals: Target, questions: tuple[Question, ...] = ()) -> ExperimentPlan:
    studies = {name: PlannedExperiment("said | so", 3000) for name in STUDIES}
    return ExperimentPlan((ExperimentGroup("narrow", "What they were.", 3, studies, order="fid"),), goals, questions)


def record(name: str, fid: float, batches: int = 2_000, classifier: str | None = None) -> RunDetails:
    rows = [
        {"epoch": 1.0, "batches": 1_000.0, "samples": 1.0, "val/fid": 2 * fid, "floor/fid": 1.0},
        {"epoch": 2.0, "batches": float(batches), "samples": 1.0, "val/fid": 3 * fid, "val/checkerboard": fid},
        {"epoch": 3.0, "batches": float(batches), "samples": 1.0, "val/checkerboard": 3 * fid},
    ]
    metric_values = {"fid": MetricValue(fid, 5_600, floor=2.0, classifier=classifier)}
    return RunDetails(path=Path(name), name=f"narrow/{name}", state="done", config={"model.critic_steps": 5},
                  metric_values=metric_values, rows=rows, grids={},
                  threads=2, seconds=90.0, batches=batches, samples=9_000)  # fmt: skip


def records(*given: RunDetails) -> dict[str, RunDetails]:
    return {one.name: one for one in given}


def line(page: str, begins: str) -> str:
    return next(line for line in page.splitlines() if line.startswith(begins))


def test_a_row_holds_what_was_reported_measured_and_spent():
    page = report(plan(), records(record("dcgan", 12.34)))
    assert line(page, "| dcgan |") == r"| dcgan | said \| so | 12.3 (2.00) | 2,000 of 3,000 | 1.5 | CPU, 2 threads |"
    assert "python train.py experiments=narrow/dcgan" in page
    assert "![glyphs of narrow/dcgan](grids/narrow_dcgan.png)" in page


def test_what_was_not_run_says_so_and_has_no_picture():
    page = report(plan(), records(record("dcgan", 12.34)))
    assert "not run" in line(page, "| wgan_gp |")
    assert "narrow_wgan_gp.png" not in page


def test_an_order_is_told_only_of_runs_with_enough_batches():
    few = record("wgan_gp", 1.0, batches=999)
    page = report(plan(), records(record("dcgan", 12.0), record("dcgan_resize", 9.0), few))
    assert line(page, "By FID").endswith("batches: dcgan_resize < dcgan.")
    assert "By FID" not in report(plan(), records(record("dcgan", 12.0), few))
    question = Question("Which?", ("narrow/dcgan", "narrow/wgan_gp"), ("fid",))
    answer = line(report(plan(questions=(question,)), records(record("dcgan", 12.0), few)), "- **Which?**")
    assert answer.endswith("fewer than 1,000 batches, so nothing is said of an order.")


def test_an_order_puts_what_is_no_clear_difference_level():
    runs = records(record("dcgan", 12.2), record("dcgan_resize", 12.0), record("wgan_gp", 9.0))
    assert line(report(plan(), runs), "By FID").endswith("batches: wgan_gp < dcgan_resize ≈ dcgan.")


@pytest.mark.parametrize(("goal", "told"), [
    (Target("narrow/dcgan", "fid", at_most=5), "| at most 5.0 | 4.00 in 2,000 batches, 1.5 min | reached |"),
    (Target("narrow/dcgan", "fid", at_most=3), "**missed by 1.0**"),
    (Target("narrow/dcgan", "fid", at_least=5), "**missed by 1.0**"),
    (Target("narrow/dcgan", "fid", times_best=0.5, beside=("narrow/dcgan_resize",)),
     "of the best beside it: 5.00 | 4.00 in 2,000 batches, 1.5 min | reached | narrow/dcgan_resize 10.0, 2,000"),
    (Target("narrow/dcgan", "fid", times_best=0.5, beside=("narrow/dcgan_resize", "narrow/wgan_gp")),
     "of the best beside it: 3.00 | 4.00 in 2,000 batches, 1.5 min | **missed by 1.0** | narrow/dcgan_resize 10.0"),
    (Target("narrow/dcgan", "fid", times_best=0.5, beside=("narrow/dcgan_resize", "narrow/wgan_gp")),
     "; narrow/wgan_gp_whole 6.00, 2,000 batches, 1.5 min |"),
    (Target("narrow/dcgan", "fid", times_best=0.5, beside=("narrow/dcgan_resize", "narrow/cgan_4")),
     "| reached so far; not run: narrow/cgan_4 |"),
    (Target("narrow/dcgan", "fid", gap_closed=0.25, beside=("narrow/dcgan_resize",)),
     "25% of the gap to 2.00 closed: 8.00"),
    (Target("narrow/wgan_gp", "fid", at_most=5), "not measured"),
])  # fmt: skip
def test_a_goal_is_reached_or_missed_by_so_much(goal, told):
    runs = records(record("dcgan", 4.0), record("dcgan_resize", 10.0), record("wgan_gp_whole", 6.0))
    assert told in line(report(plan(goal), runs), f"| {goal.run} |")


def test_a_run_of_the_studys_whole_length_has_a_row_and_a_picture_of_its_own():
    page = report(plan(), records(record("dcgan", 12.0), record("dcgan_whole", 6.0, batches=3_000)))
    assert "12.0 (2.00) | 2,000 of 3,000" in line(page, "| dcgan |")
    assert "6.00 (2.00) | 3,000 of 3,000" in line(page, "| dcgan_whole |")
    assert "wgan_gp_whole" not in page
    assert "![glyphs of narrow/dcgan_whole](grids/narrow_dcgan_whole.png)" in page


def test_what_another_classifier_measured_is_marked_and_compared_with_nothing():
    goal = Target("narrow/dcgan", "fid", times_best=0.5, beside=("narrow/dcgan_resize", "narrow/wgan_gp"))
    question = Question("Which?", ("narrow/dcgan", "narrow/wgan_gp"), ("fid",))
    runs = records(record("dcgan", 4.0, classifier="a"), record("dcgan_resize", 10.0, classifier="a"),
                   record("wgan_gp", 1.0, classifier="b"))  # fmt: skip
    page = report(plan(goal, questions=(question,)), runs)
    assert "| 1.00 (2.00) † |" in line(page, "| wgan_gp |")
    assert "†" not in line(page, "| dcgan |")
    assert line(page, "† Other glyphs")
    assert "of the best beside it: 5.00" in line(page, "| narrow/dcgan |")
    assert line(page, "By FID").endswith("batches: dcgan < dcgan_resize.")
    assert line(page, "- **Which?**").endswith("not comparable, being by different classifiers.")


def test_questions_are_answered_by_measures_by_logged_values_at_equal_batches_and_by_whole_runs():
    rise = "largest rise of val/fid above its best until then"
    steps = "generator steps a second"
    ripple = "median of val/checkerboard"
    asked = ("fid", "val/fid", rise, steps, ripple)
    question = Question("Which?", ("narrow/dcgan", "narrow/dcgan_resize"), asked, "So it is.")
    runs = records(record("dcgan", 10.0, batches=1_400), record("dcgan_resize", 5.0))
    answer = line(report(plan(questions=(question,)), runs), "- **Which?**")
    assert (
        "fid: narrow/dcgan 10.0 (floor 2.00), narrow/dcgan_resize 5.00 (floor 2.00): narrow/dcgan_resize is 50% lower."
        in answer
    )
    # dcgan_resize has rows of 1,000 and 2,000 batches.
    assert "fid after 1,400 batches: narrow/dcgan 30.0, narrow/dcgan_resize 10.0 (floor 1.00)" in answer
    assert f"{rise}: narrow/dcgan 0.500, narrow/dcgan_resize 0.500: no clear difference" in answer
    # 1,400 and 2,000 batches of which every fifth is the generator's, in 90 s.
    assert f"{steps}: narrow/dcgan 3.11, narrow/dcgan_resize 4.44: narrow/dcgan_resize is 43% higher" in answer
    assert f"{ripple}: narrow/dcgan 20.0, narrow/dcgan_resize 10.0: narrow/dcgan_resize is 50% lower" in answer
    assert answer.endswith("So it is.")


def test_a_question_whose_runs_are_missing_is_not_answered():
    question = Question("Which?", ("narrow/dcgan", "narrow/wgan_gp"), ("fid",), "So it is.")
    answer = line(report(plan(questions=(question,)), records(record("dcgan", 10.0))), "- **Which?**")
    assert answer == "- **Which?** Not answered: narrow/wgan_gp was not run."


def test_values_within_two_standard_errors_are_alike_however_far_apart():
    first, last = MetricValue(10.0, 9, error=1.0), MetricValue(12.0, 9, error=1.0)
    assert verdict(first, last, "b") == "no clear difference (20%)"
    assert verdict(replace(first, error=0.1), replace(last, error=0.1), "b") == "b is 20% higher"
    assert verdict(MetricValue(10.0, 9), MetricValue(10.4, 9), "b") == "no clear difference (4%)"
