"""The page of the experiments: tables, ranking, targets and questions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handwriting.config import EXPERIMENTS as FOLDER
from handwriting.config import describe
from handwriting.metric_values import MetricValue
from handwriting.reports.experiment_plan import (
    ExperimentGroup,
    ExperimentPlan,
    PlannedExperiment,
    Question,
    Target,
    read_plan,
)
from handwriting.reports.experiments import HEAD, report, verdict
from handwriting.runs.details import RunDetails

EXPERIMENTS = ("dcgan", "dcgan_resize", "wgan_gp")


def plan(*targets: Target, questions: tuple[Question, ...] = ()) -> ExperimentPlan:
    experiments = {name: PlannedExperiment("said | so", 3000) for name in EXPERIMENTS}
    group = ExperimentGroup("narrow", "What they were.", 3, experiments, order="fid")
    return ExperimentPlan((group,), targets, questions)


def evaluated(name: str, fid: float, batches: int = 2_000, classifier: str | None = None) -> RunDetails:
    rows = [
        {"epoch": 1.0, "batches": 1_000.0, "samples": 1.0, "val/fid": 2 * fid, "floor/fid": 1.0},
        {"epoch": 2.0, "batches": float(batches), "samples": 1.0, "val/fid": 3 * fid, "val/checkerboard": fid},
        {"epoch": 3.0, "batches": float(batches), "samples": 1.0, "val/checkerboard": 3 * fid},
    ]
    metric_values = {"fid": MetricValue(fid, 5_600, floor=2.0, classifier=classifier)}
    return RunDetails(path=Path(name), name=f"narrow/{name}", state="done", config={"model.critic_steps": 5},
                  metric_values=metric_values, rows=rows, grids={}, has_checkpoint=True,
                  threads=2, seconds=90.0, batches=batches, samples=9_000)  # fmt: skip


def by_name(*runs: RunDetails) -> dict[str, RunDetails]:
    return {run.name: run for run in runs}


def line(page: str, prefix: str) -> str:
    return next(line for line in page.splitlines() if line.startswith(prefix))


def test_a_row_holds_the_reported_and_the_measured_values_and_the_effort():
    page = report(plan(), by_name(evaluated("dcgan", 12.34)))
    assert line(page, "| dcgan |") == r"| dcgan | said \| so | 12.3 (2.00) | 2,000 of 3,000 | 1.5 | CPU, 2 threads |"
    assert "python train.py experiments=narrow/dcgan" in page
    assert "![glyphs of narrow/dcgan](grids/narrow_dcgan.png)" in page


def test_an_experiment_that_was_not_run_says_so_and_has_no_picture():
    page = report(plan(), by_name(evaluated("dcgan", 12.34)))
    assert "not run" in line(page, "| wgan_gp |")
    assert "narrow_wgan_gp.png" not in page


def test_only_runs_with_enough_batches_are_ranked():
    few = evaluated("wgan_gp", 1.0, batches=999)
    page = report(plan(), by_name(evaluated("dcgan", 12.0), evaluated("dcgan_resize", 9.0), few))
    assert line(page, "By FID").endswith("batches: dcgan_resize < dcgan.")
    assert "By FID" not in report(plan(), by_name(evaluated("dcgan", 12.0), few))
    question = Question("Which?", ("narrow/dcgan", "narrow/wgan_gp"), ("fid",))
    answer = line(report(plan(questions=(question,)), by_name(evaluated("dcgan", 12.0), few)), "- **Which?**")
    assert answer.endswith("not ranked, because a run has fewer than 1,000 batches.")


def test_runs_without_a_clear_difference_share_a_rank():
    runs = by_name(evaluated("dcgan", 12.2), evaluated("dcgan_resize", 12.0), evaluated("wgan_gp", 9.0))
    assert line(report(plan(), runs), "By FID").endswith("batches: wgan_gp < dcgan_resize ≈ dcgan.")


@pytest.mark.parametrize(("target", "expected"), [
    (Target("narrow/dcgan", "fid", at_most=5), "| at most 5.0 | 4.00 in 2,000 batches, 1.5 min | reached |"),
    (Target("narrow/dcgan", "fid", at_most=3), "**missed by 1.0**"),
    (Target("narrow/dcgan", "fid", at_least=5), "**missed by 1.0**"),
    (Target("narrow/dcgan", "fid", times_best=0.5, baselines=("narrow/dcgan_resize",)),
     "times the best baseline: 5.00 | 4.00 in 2,000 batches, 1.5 min | reached | narrow/dcgan_resize 10.0, 2,000"),
    (Target("narrow/dcgan", "fid", times_best=0.5, baselines=("narrow/dcgan_resize", "narrow/wgan_gp")),
     "times the best baseline: 3.00 | 4.00 in 2,000 batches, 1.5 min | **missed by 1.0** | narrow/dcgan_resize 10.0"),
    (Target("narrow/dcgan", "fid", times_best=0.5, baselines=("narrow/dcgan_resize", "narrow/wgan_gp")),
     "; narrow/wgan_gp_whole 6.00, 2,000 batches, 1.5 min |"),
    (Target("narrow/dcgan", "fid", times_best=0.5, baselines=("narrow/dcgan_resize", "narrow/cgan_4")),
     "| reached so far; not run: narrow/cgan_4 |"),
    (Target("narrow/dcgan", "fid", gap_closed=0.25, baselines=("narrow/dcgan_resize",)),
     "25% of the gap to 2.00 closed: 8.00"),
    (Target("narrow/wgan_gp", "fid", at_most=5), "not measured"),
])  # fmt: skip
def test_a_target_is_reached_or_missed_by_an_amount(target, expected):
    runs = by_name(evaluated("dcgan", 4.0), evaluated("dcgan_resize", 10.0), evaluated("wgan_gp_whole", 6.0))
    assert expected in line(report(plan(target), runs), f"| {target.run} |")


def test_a_run_of_the_full_length_has_a_row_and_a_picture_of_its_own():
    page = report(plan(), by_name(evaluated("dcgan", 12.0), evaluated("dcgan_whole", 6.0, batches=3_000)))
    assert "12.0 (2.00) | 2,000 of 3,000" in line(page, "| dcgan |")
    assert "6.00 (2.00) | 3,000 of 3,000" in line(page, "| dcgan_whole |")
    assert "wgan_gp_whole" not in page
    assert "![glyphs of narrow/dcgan_whole](grids/narrow_dcgan_whole.png)" in page


def test_values_by_another_classifier_are_marked_and_compared_with_nothing():
    target = Target("narrow/dcgan", "fid", times_best=0.5, baselines=("narrow/dcgan_resize", "narrow/wgan_gp"))
    question = Question("Which?", ("narrow/dcgan", "narrow/wgan_gp"), ("fid",))
    runs = by_name(evaluated("dcgan", 4.0, classifier="a"), evaluated("dcgan_resize", 10.0, classifier="a"),
                   evaluated("wgan_gp", 1.0, classifier="b"))  # fmt: skip
    page = report(plan(target, questions=(question,)), runs)
    assert "| 1.00 (2.00) † |" in line(page, "| wgan_gp |")
    assert "†" not in line(page, "| dcgan |")
    assert line(page, "† Measured by another classifier")
    assert "times the best baseline: 5.00" in line(page, "| narrow/dcgan |")
    assert line(page, "By FID").endswith("batches: dcgan < dcgan_resize.")
    assert line(page, "- **Which?**").endswith("not comparable, because they are by different classifiers.")


def test_questions_are_answered_by_metrics_by_logged_values_at_equal_batches_and_by_whole_runs():
    rise = "largest rise of val/fid above its best until then"
    steps = "generator steps a second"
    ripple = "median of val/checkerboard"
    metrics = ("fid", "val/fid", rise, steps, ripple)
    question = Question("Which?", ("narrow/dcgan", "narrow/dcgan_resize"), metrics, "So it is.")
    runs = by_name(evaluated("dcgan", 10.0, batches=1_400), evaluated("dcgan_resize", 5.0))
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
    answer = line(report(plan(questions=(question,)), by_name(evaluated("dcgan", 10.0))), "- **Which?**")
    assert answer == "- **Which?** Not answered: narrow/wgan_gp was not run."


def test_values_within_two_standard_errors_do_not_clearly_differ():
    first, last = MetricValue(10.0, 9, error=1.0), MetricValue(12.0, 9, error=1.0)
    assert verdict(first, last, "b") == "no clear difference (20%)"
    assert verdict(replace(first, error=0.1), replace(last, error=0.1), "b") == "b is 20% higher"
    assert verdict(MetricValue(10.0, 9), MetricValue(10.4, 9), "b") == "no clear difference (4%)"


def test_the_committed_page_has_the_sentences_that_the_generator_writes():
    """It was generated from runs that are not here, so that its fixed sentences are edited by hand."""
    page, plan = (FOLDER / "README.md").read_text("utf-8"), read_plan()
    assert page.startswith("\n\n".join(HEAD) + "\n\n## Targets\n\n| run | metric | target | value | outcome |")
    assert all(f"## {group.name}\n\n{group.about}\n\n| experiment | reported |" in page for group in plan.groups)
    descriptions = describe()["experiments"]
    assert [name for name in plan.experiments if f"**{name}**: {descriptions[name]}\n" not in page] == []
    asked = page.partition("## Open questions\n\n")[2].partition("\n\n")[0].splitlines()
    assert len(asked) == len(plan.questions)
    for answer, question in zip(asked, plan.questions, strict=True):
        assert answer.startswith(f"- **{question.question}** ")
        assert answer.endswith(question.comment)
