"""The benchmark of fine-tuning: whose glyphs are trained on, and whose are held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.cli import main
from benchmarks.finetuning import HANDS, divided, drawn_hand


def test_no_glyph_that_is_held_out_is_trained_on_and_every_class_has_as_many() -> None:
    hand = drawn_hand(Path(), seed=0)
    few, many = divided(hand, 30, 100), divided(hand, 100, 100)
    assert few
    assert many
    for count, (train, held_out) in {30: few, 100: many}.items():
        assert set(train.counts()) == {count}
        assert set(held_out.counts()) == {100}
    assert np.array_equal(few[1].images, many[1].images)
    assert np.array_equal(few[0].images, many[0].images[: len(few[0])])
    seen = {image.tobytes() for image in many[0].images}
    assert not seen & {image.tobytes() for image in many[1].images}
    assert divided(hand, 101, 100) is None


def test_a_seed_is_a_hand() -> None:
    one, again, other = (drawn_hand(Path(), seed) for seed in (0, 0, 1))
    assert np.array_equal(one.images, again.images)
    assert not np.array_equal(one.images, other.images)


def test_an_unknown_hand_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["finetuning", "root=.", "only=[drwn]"]) == 2
    assert capsys.readouterr().err == (f"only=drwn: no such hand. Did you mean drawn? There are: {', '.join(HANDS)}.\n")
