"""A limit in batches or glyphs."""

from __future__ import annotations

import pytest

from handwriting.callbacks.limit import Limit
from handwriting.jobs import start
from handwriting.runs import Run
from tests.builders import train


def test_glyphs_are_rounded_up_to_whole_batches_and_the_nearer_limit_counts():
    assert Limit().batches(16) is None
    assert Limit(max_samples=33).batches(16) == 3
    assert Limit(max_batches=2, max_samples=33).batches(16) == 2


@pytest.mark.parametrize("model", ["vae", "wgan_gp"])
@pytest.mark.parametrize(("limit", "batches"), [("max_batches=7", 7), ("max_samples=100", 7), ("max_samples=80", 5)])
def test_a_limit_counts_batches_and_glyphs_whatever_the_optimizers_do(tmp_path, model, limit, batches):
    """Five batches an epoch, two a step: the limits lie within a step of the second, or at the end of the first."""
    folder = train(tmp_path / "run", f"model={model}", "trainer.max_epochs=-1", f"callbacks.limit.{limit}")
    last = Run.at(folder).metrics()[-1]
    assert (last["batches"], last["samples"]) == (batches, 16 * batches)
    assert (folder / "samples" / f"epoch_{-(-batches // 5):04d}.png").is_file()


def test_a_limited_run_resumes_to_a_later_limit_and_not_beyond(tmp_path):
    folder = train(tmp_path / "run", "model=cgan", "trainer.max_epochs=-1", "callbacks.limit.max_batches=7")
    assert start("train", [f"resume={folder}"]) == 0
    assert Run.at(folder).metrics()[-1]["batches"] == 7
    assert start("train", [f"resume={folder}", "callbacks.limit.max_batches=15"]) == 0
    assert Run.at(folder).metrics()[-1]["batches"] == 15
