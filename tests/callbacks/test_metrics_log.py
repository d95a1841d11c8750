"""metrics.csv and summary.json."""

from __future__ import annotations

from handwriting.callbacks.metrics_log import MetricsLog
from handwriting.runs import Run
from tests.builders import train


def test_a_row_is_written_every_few_batches_and_at_the_end_of_each_epoch(gan):
    """Five batches an epoch, two a step, a row every two: the step that reaches the sixth ends with the seventh."""
    rows = Run.at(gan).metrics()
    assert [(row["epoch"], row["batches"]) for row in rows] == [(0, 2), (0, 4), (1, 5), (1, 7), (1, 9), (2, 10)]
    assert ["val/discriminator_loss" in row for row in rows] == [False, False, True, False, False, True]
    assert all("train/generator_loss" in row for row in rows)


def test_the_seconds_of_earlier_sessions_are_counted():
    log = MetricsLog()
    log.load_state_dict({"seconds": 12.5})
    assert log.seconds == 12.5
    assert log.state_dict() == {"seconds": 12.5}


def test_every_single_picture_has_a_caption_in_the_summary(vae, gan):
    pictures = Run.at(vae).summary["pictures"]
    assert pictures.keys() == {"training.gif", "walk.png", "latent.png", "losses.png"}
    assert all(pictures.values())
    assert Run.at(gan).summary["pictures"].keys() == {"training.gif", "losses.png"}


def test_without_the_callbacks_there_is_no_picture(tmp_path):
    folder = train(tmp_path / "run", "model=vae", "callbacks=none", "trainer.max_epochs=1")
    assert "pictures" not in Run.at(folder).summary
