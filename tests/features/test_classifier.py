"""The classifier of the metrics: accurate enough, trained once, and the same for every run."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from handwriting.config import compose
from handwriting.data.sources.synthetic import draw_glyphs
from handwriting.engine.sections import build_source
from handwriting.errors import DataError
from handwriting.features import cache
from handwriting.features import training as training_module
from handwriting.features.cache import CACHE_VARIABLE, feature_space, is_labelled
from handwriting.features.space import FeatureSpace, Sample
from handwriting.features.synthetic import FILE, recipe_fingerprint, shipped_classifier
from handwriting.features.training import ClassifierRecipe, train
from handwriting.glyphs import Glyphs
from handwriting.runs import checkpoints

SHORT = ClassifierRecipe(max_glyphs=600, min_glyphs=600, max_epochs=1)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "classifiers"


@pytest.fixture(scope="module")
def letters() -> tuple[Glyphs, Glyphs]:
    glyphs, _ = draw_glyphs(400, seed=0, classes="abcd")
    return glyphs[:300], glyphs[300:]


def trainings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets an entry for every classifier that is trained."""
    seen: list[int] = []

    def counted(*arguments):
        seen.append(1)
        return train(*arguments)

    monkeypatch.setattr(cache, "train", counted)
    return seen


def test_it_is_trained_once_for_a_data_set(letters, monkeypatch, folder):
    seen = trainings(monkeypatch)
    first, second = (feature_space(*letters, recipe=SHORT) for _ in range(2))
    assert len(seen) == 1
    assert str(first) == str(second)
    assert len(list(folder.glob("*.ckpt"))) == 1
    assert torch.equal(first.embed(letters[1]).features, second.embed(letters[1]).features)


def test_other_glyphs_and_another_recipe_get_classifiers_of_their_own(letters, monkeypatch, folder):
    seen = trainings(monkeypatch)
    training, test = letters
    feature_space(training, test, recipe=SHORT)
    feature_space(training[:299], test, recipe=SHORT)
    feature_space(training, test, recipe=replace(SHORT, seed=1))
    assert len(seen) == len(list(folder.glob("*.ckpt"))) == 3


def test_styles_make_no_other_classifier(letters, monkeypatch):
    seen = trainings(monkeypatch)
    training, test = letters
    feature_space(training, test, recipe=SHORT)
    styled = replace(training, styles=np.zeros(len(training), np.int64), style_names=("thin",))
    feature_space(styled, test, recipe=SHORT)
    assert len(seen) == 1


def test_the_same_glyphs_give_the_same_weights_and_disturb_no_random_numbers(letters):
    torch.manual_seed(7)
    state = torch.get_rng_state()
    first = train(SHORT, letters[0])
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(8)
    second = train(SHORT, letters[0])
    for one, other in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_a_broken_file_is_told_of_and_made_again(letters, folder, caplog):
    before = feature_space(*letters, recipe=SHORT)
    (kept,) = folder.glob("*.ckpt")
    kept.write_bytes(kept.read_bytes()[:1000])
    with caplog.at_level(logging.WARNING):
        after = feature_space(*letters, recipe=SHORT)
    assert "trained again" in caplog.text
    assert before.hash == after.hash


def test_whoever_comes_second_waits_for_the_first(letters, monkeypatch, caplog):
    begun, go_on = threading.Event(), threading.Event()
    seen: list[int] = []

    def slow(*arguments):
        seen.append(1)
        begun.set()
        assert go_on.wait(30)
        return train(*arguments)

    monkeypatch.setattr(cache, "train", slow)
    found: list[FeatureSpace] = []
    ask = lambda: found.append(feature_space(*letters, recipe=SHORT))  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(2)]
    with caplog.at_level(logging.WARNING):
        threads[0].start()
        assert begun.wait(30)
        threads[1].start()
        while "waiting for it" not in caplog.text:
            assert threads[1].is_alive()
        go_on.set()
        for thread in threads:
            thread.join(60)
    assert len(seen) == 1
    assert found[0].hash == found[1].hash


def _hash(folder: str, queue) -> None:
    import os

    os.environ[CACHE_VARIABLE] = folder
    torch.set_num_threads(1)
    glyphs, _ = draw_glyphs(400, seed=0, classes="abcd")
    queue.put(feature_space(glyphs[:300], glyphs[300:], recipe=SHORT).hash)


@pytest.mark.slow
def test_processes_that_start_together_share_one(folder):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_hash, args=(str(folder.parent), queue)) for _ in range(2)]
    for process in processes:
        process.start()
    hashes = {queue.get(timeout=120) for _ in processes}
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(hashes) == len(list(folder.glob("*.ckpt"))) == 1


def test_the_announcement_says_that_synthetic_characters_are_used_and_why(letters, caplog):
    training, test = letters
    partly = training.labels.copy()
    partly[0] = -1
    labels = {"no labels": None, "one class only": 0 * training.labels, "glyphs without a label": partly}
    with caplog.at_level(logging.INFO):
        for reason, some in labels.items():
            feature_space(Glyphs(training.images, some, alphabet=training.alphabet), Glyphs(test.images))
            said = f"The metrics use the classifier of synthetic characters, since this data has {reason}."
            assert caplog.messages[-1] == said
        feature_space(*letters, recipe=SHORT, note="It takes a while.")
    assert "once for this data: 300 glyphs of 4 classes. It takes a while. If stopped, it goes on" in caplog.text


def test_unlabelled_glyphs_are_seen_by_the_classifier_of_synthetic_ones_without_training(letters, monkeypatch, folder):
    seen = trainings(monkeypatch)
    unlabelled = [Glyphs(part.images) for part in letters]
    assert not is_labelled(unlabelled[0])
    space = feature_space(*unlabelled)
    assert space.origin == "synthetic"
    assert len(space.names) == 62
    assert "synthetic" in str(space)
    assert space.embed(letters[0]).features.shape == (300, 128)
    assert not seen
    assert not folder.exists(), "nothing is written: the package brings it"


def test_the_shipped_classifier_recognises_synthetic_glyphs():
    glyphs, _ = draw_glyphs(620, seed=1)  # other pens than those that it was trained with
    seen = feature_space(*[Glyphs(glyphs.images)] * 2).embed(glyphs)
    assert (seen.predicted.numpy() == glyphs.labels).mean() > 0.97


def test_the_shipped_classifier_is_that_of_todays_recipe_and_small():
    shipped = shipped_classifier()
    assert shipped["recipe"] == recipe_fingerprint(), "make it anew: python -m benchmarks classifier overwrite=true"
    assert shipped["accuracy"] > 0.98
    assert FILE.stat().st_size < 600_000


def stopped_after(batches: int, monkeypatch: pytest.MonkeyPatch, *others: object) -> None:
    """Stop a training within a batch, once some batches are done."""
    done = iter(range(batches))

    def step(*arguments, **named):
        if next(done, None) is None:
            raise KeyboardInterrupt
        return backward(*arguments, **named)

    backward = torch.Tensor.backward
    monkeypatch.setattr(torch.Tensor, "backward", step)
    with pytest.raises(KeyboardInterrupt):
        feature_space(*others, recipe=LONGER)
    monkeypatch.setattr(torch.Tensor, "backward", backward)


LONGER = ClassifierRecipe(max_glyphs=1_200, min_glyphs=1_200, max_epochs=4)
"""Four epochs of two batches."""


def test_a_stopped_training_goes_on_to_the_same_weights(letters, monkeypatch, folder, tmp_path, caplog):
    monkeypatch.setattr(training_module, "BATCHES_PER_STATE", 1)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "undisturbed"))
    expected = feature_space(*letters, recipe=LONGER)
    monkeypatch.setenv(CACHE_VARIABLE, str(folder.parent))
    for batches in (5, 2):  # within an epoch, and at the end of one
        stopped_after(batches, monkeypatch, *letters)
    torch.rand(3)  # whatever random state it finds
    with caplog.at_level(logging.INFO):
        space = feature_space(*letters, recipe=LONGER)
    assert "goes on after 7 of 8 batches" in caplog.text
    assert space.hash == expected.hash
    assert sorted(path.suffix for path in folder.iterdir() if path.suffix != ".lock") == [".ckpt"]


def test_a_broken_file_of_a_stopped_training_is_told_of_and_begun_again(letters, monkeypatch, folder, caplog):
    monkeypatch.setattr(training_module, "BATCHES_PER_STATE", 1)
    stopped_after(2, monkeypatch, *letters)
    (state,) = folder.glob("*.unfinished")
    checkpoints.save({"done": 2}, state)
    with caplog.at_level(logging.WARNING):
        feature_space(*letters, recipe=LONGER)
    assert "begins again" in caplog.text
    assert not state.exists()


def test_a_training_says_how_far_it_is(letters, monkeypatch):
    shares: list[float] = []
    monkeypatch.setattr(training_module, "step", lambda doing: nullcontext(shares.append))
    feature_space(*letters, recipe=LONGER)
    assert shares == [batch / 8 for batch in range(1, 9)]


def test_too_few_glyphs_are_refused_with_their_number_and_what_to_do(letters, monkeypatch):
    seen = trainings(monkeypatch)
    training, test = letters
    with pytest.raises(DataError, match=r"has 19 training glyphs and 100 test glyphs of 4 classes.* or metrics=none\."):
        feature_space(training[:19], test)
    with pytest.raises(DataError, match="and 0 test glyphs"):
        feature_space(training, test[:0])
    assert not seen


def test_one_class_alone_needs_the_synthetic_classifier_too(letters):
    training, _ = letters
    assert is_labelled(training)
    assert not is_labelled(training[training.labels == 0])


@pytest.mark.parametrize("size", [16, 64, 128])
def test_glyphs_of_any_size_are_brought_to_the_classifiers(letters, size):
    space = feature_space(*letters, recipe=SHORT)
    larger, _ = draw_glyphs(12, seed=1, size=size, classes="abcd")
    seen = space.embed(larger)
    assert seen.features.shape == (12, 128)
    assert seen.glyphs.image_shape == (1, size, size)


def test_no_glyph_and_features_that_are_not_finite_are_refused(letters):
    space = feature_space(*letters, recipe=SHORT)
    with pytest.raises(DataError, match="no glyph"):
        space.embed(letters[0][:0])
    with pytest.raises(DataError, match="not finite"):
        Sample(letters[0][:1], torch.full((1, 128), torch.nan), torch.zeros(1, dtype=torch.int64), ("a",))


def test_the_accuracy_is_that_on_the_test_glyphs(letters):
    space = feature_space(*letters, recipe=SHORT)
    seen = space.embed(letters[1])
    assert space.tested == 100
    assert space.accuracy == (seen.predicted.numpy() == letters[1].labels).mean()


@pytest.mark.slow
def test_real_digits_are_read_in_seconds():
    source = build_source(compose("data").data)
    train_glyphs, _, test, *_ = source.prepared(*source.read())
    space = feature_space(train_glyphs, test)
    assert space.accuracy > 0.98


def test_the_key_of_the_recipe_is_that_of_earlier_versions():
    """Otherwise every classifier in a user's cache would be trained again, and metric values would not compare."""
    assert ClassifierRecipe().key() == (
        "[('batch_size', 128), ('least', 25000), ('lr', 0.004), ('most', 250000), ('passes', 20), ('rotate', 8.0), "
        "('scale', 0.1), ('seed', 0), ('shear', 8.0), ('shift', 0.07), ('smoothing', 0.05), ('version', 1)]"
    )
