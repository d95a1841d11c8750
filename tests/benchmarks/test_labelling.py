"""The benchmark of labels: a simulated person, and what is measured with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import labelling_rounds
from benchmarks.cli import main
from benchmarks.labelling_rounds import accuracy_at, measure, simulated_answer
from benchmarks.labelling_sets import GOALS, HiddenSet, merged_characters, photographed_characters
from handwriting.data.sources.digits import Digits
from handwriting.labelling.answers import SheetAnswer
from handwriting.labelling.fixed_clusters import FixedClusters, density_clusters, mean_clusters


@pytest.fixture(scope="module")
def hidden() -> HiddenSet:
    glyphs = Digits().read()[0][:400]
    return HiddenSet(glyphs.images, np.array(glyphs.alphabet)[glyphs.labels])


def of(text: str) -> HiddenSet:
    return HiddenSet(np.zeros((len(text), 1, 8, 8), np.uint8), np.array(list(text)))


def test_the_person_names_a_sheet_from_seventy_per_cent_on() -> None:
    hidden = of("aaaaaaabbbaaabb")
    assert simulated_answer(tuple(range(10)), hidden) == SheetAnswer(tuple(range(10)), "a", (7, 8, 9))
    assert simulated_answer((0, 1, 7), hidden) == SheetAnswer((0, 1, 7), None)


def test_a_glyph_without_a_label_counts_as_wrong() -> None:
    hidden = of("aaab")
    asking = FixedClusters(np.array([0, 0, 0, -1]))
    assert accuracy_at(asking, hidden, 1.0) == 0
    (sheet,) = asking.sheets()
    asking.answer(simulated_answer(sheet.glyphs, hidden))
    assert accuracy_at(asking, hidden, 1.0) == 0.75
    assert accuracy_at(asking, hidden, 0.75) == 1


def test_clusters_are_named_by_five_pictures_and_undone() -> None:
    asking = FixedClusters(np.array([0] * 8 + [1] * 9 + [-1]))
    first, second = asking.sheets(5)
    assert (len(first.glyphs), set(first.glyphs) <= set(range(8, 17))) == (5, True)
    asking.answer(SheetAnswer(first.glyphs, "b"))
    assert asking.sheets() == [second]
    assert set(asking.labelled().best.tolist()) == {-1, 0}
    asking.undo()
    assert set(asking.labelled().best.tolist()) == {-1}


def test_baselines_cluster_what_is_apart() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(centre, 0.1, (40, 3)) for centre in (0, 5, 9)]).astype(np.float32)
    for clusters in (mean_clusters(points, 3), density_clusters(points)):
        assert max(len(set(part[part >= 0].tolist())) for part in np.split(clusters, 3)) <= 3
        assert len(set(clusters[clusters >= 0].tolist())) >= 3


def test_random_sheets_are_no_better_than_chosen_ones(hidden: HiddenSet) -> None:
    from handwriting.labelling.descriptors import glyph_views, joint_view
    from handwriting.labelling.rounds import Rounds
    from handwriting.labelling.spreading import Surroundings

    around = Surroundings.of(joint_view(glyph_views(hidden.images)))
    chosen, at_random = (
        measure(lambda how=how: Rounds(around, at_random=how), hidden, 16, 0.95) for how in (False, True)
    )
    assert list(chosen.accuracies) == [4, 8, 12, 16]
    assert len(chosen.waits) == 16
    assert chosen.accuracies[16] > 0.9
    assert chosen.accuracies[16] >= at_random.accuracies[16] - 0.02


def test_the_tables_name_every_method_and_goal(
    hidden: HiddenSet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    goal = replace(GOALS["mnist"], read=lambda root: hidden, answers=8, classifier=lambda root: None)
    monkeypatch.setitem(GOALS, "mnist", goal)
    monkeypatch.setattr(labelling_rounds, "classifier_views", lambda space, images: {})
    out = tmp_path / "labels.md"
    assert main(["labelling", f"root={tmp_path}", "only=[mnist]", f"out={out}"]) == 0
    text = out.read_text()
    assert text in capsys.readouterr().out
    for method in ("rounds", "rounds, no classifier", "the same sheets at random", "k-means on pixels", "DBSCAN"):
        assert f"| {method}" in text
    assert "98% at 99% coverage in 8 answers | " in text


@pytest.mark.parametrize(
    ("words", "message"),
    [(["only=[mnits]", "root=x"], "Did you mean mnist?"), ([], "root"), (["root=nowhere", "only=[mnist]"], "nowhere"),
     (["root=nowhere", "only=[merged]"], "photographed-62-classes.tar.gz cannot be read")],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused(words, message, capsys) -> None:
    assert main(["labelling", *words]) == 2
    assert message in capsys.readouterr().err


def test_the_characters_have_62_classes_and_47_where_look_alikes_are_one(shared_data: Path) -> None:
    whole, merged = photographed_characters(shared_data), merged_characters(shared_data)
    assert len(set(whole.labels.tolist())) == 62
    assert len(set(merged.labels.tolist())) == 47
    assert len(whole.labels) == 3100
