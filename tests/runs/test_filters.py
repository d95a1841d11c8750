"""A line of text chooses among runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from handwriting.errors import ConfigError
from handwriting.runs.filters import FACTS, filtered, keys
from handwriting.runs.summaries import RunSummary


def extreme(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "min": low, "max": high}


def entry(name: str, state: str = "done", **more: Any) -> RunSummary:
    return RunSummary(path=Path("/runs", name), name=name, state=state, **more)


RUNS = [
    entry("a_vae_letters", model="VAE", data="emnist", experiment="first", seed=1, monitor="val/fid", mode="min",
          epoch=10, settings={"model.lr": "0.001", "model.norm": "batch", "trainer.max_time": "null",
                              "callbacks.a.rows": "1", "callbacks.b.rows": "2", "data.style": "two words"},
          metrics={"val/fid": extreme(20, 15, 90), "floor/fid": extreme(2, 2, 2)},
          tested={"recall": {"value": 0.5, "floor": 0.9}}),
    entry("b_cgan_letters", "failed", model="CGAN", data="emnist", experiment="first", seed=2, monitor="val/fid",
          mode="min", epoch=3, settings={"model.lr": "1e-2", "model.norm": "instance"},
          metrics={"val/fid": extreme(60, 60, 60), "val/class_accuracy": extreme(0.5, 0.1, 0.7)}),
    entry("c_cgan_digits", "dead", model="CGAN", data="mnist", experiment="second", seed=10,
          settings={"model.lr": "0.0005", "model.norm": "none"}, tested={"recall": {"value": 0.7, "floor": None}}),
]  # fmt: skip


def chosen(text: str) -> str:
    """Return the first letters of the runs that a text chooses."""
    return "".join(one.name[0] for one in filtered(RUNS, text))


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("", "abc"), ("  ", "abc"), ("cgan", "bc"), ("CGAN letters", "b"), ("Letters", "ab"), ("failed", "b"),
        ("-failed", "ac"), ("-cgan -digits", "a"), ("mnist", "abc"), ("emnist", "ab"), ("second", "c"),
        ("nowhere", ""), ("-nowhere", "abc"), ("cgan -dead", "b"),
    ],
)  # fmt: skip
def test_words_are_looked_for_in_what_a_run_is_called_and_made_of(text: str, runs: str) -> None:
    assert chosen(text) == runs


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("model.lr=0.001", "a"), ("model.lr=1e-3", "a"), ("model.lr!=0.001", "bc"), ("model.lr<0.001", "c"),
        ("model.lr<=0.001", "ac"), ("model.lr>0.001", "b"), ("model.lr>=0.001", "ab"), ("lr<0.01", "ac"),
        ("lr>0.0005 lr<0.01", "a"), ("norm=batch", "a"), ("norm=BATCH", "a"), ("norm=b*", "a"), ("norm=?nst*", "b"),
        ("norm!=*n*e", "a"), ("norm=none", "c"), ("cgan lr=0.01", "b"),
    ],
)  # fmt: skip
def test_settings_are_asked_for_by_their_key_or_its_end(text: str, runs: str) -> None:
    assert chosen(text) == runs


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("state=done", "a"), ("state!=done", "bc"), ("seed=1", "a"), ("seed>=2", "bc"), ("seed<10", "ab"),
        ("fid<=15", "a"), ("fid<60", "a"), ("floor=2", "a"), ("class_accuracy=0.5", "b"), ("best<20", "a"),
        ("epoch>3", "a"), ("name=*digits", "c"), ("experiment=first", "ab"), ("study=first", "ab"),
        ("model=CGAN", "bc"), ("monitor=val/fid", "ab"),
    ],
)  # fmt: skip
def test_facts_are_asked_for_by_their_name(text: str, runs: str) -> None:
    assert chosen(text) == runs


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("val/fid<=20", "a"), ("val/fid<16", ""), ("val/class_accuracy>0.4", "b"), ("test/recall>0.6", "c"),
        ("test/recall<=0.7", "ac"), ("test/recall!=0.7", "ab"),
    ],
)  # fmt: skip
def test_metrics_mean_their_latest_value_and_test_what_was_measured_at_the_end(text: str, runs: str) -> None:
    assert chosen(text) == runs


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("max_time=null", "abc"), ("seed=null", ""), ("epoch=null", "c"), ("epoch=None", "c"), ("epoch=", "c"),
        ("epoch!=null", "ab"), ("val/fid=null", "c"), ("test/recall=null", "b"), ("epoch=*", "ab"),
    ],
)  # fmt: skip
def test_null_is_what_a_run_does_not_have(text: str, runs: str) -> None:
    assert chosen(text) == runs


def test_what_a_run_does_not_have_is_neither_less_nor_more() -> None:
    assert chosen("epoch<1000") == chosen("epoch>-1") == "ab"
    assert chosen("norm<5") == "", "a word is no number"


@pytest.mark.parametrize(
    "text", ["style='two words'", 'data.style="two words"', "'data.style=two words'", "style=two*"]
)
def test_quotation_marks_keep_words_together(text: str) -> None:
    assert chosen(text) == "a"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rows=1", "rows: this is ambiguous, give one of callbacks.a.rows, callbacks.b.rows."),
        ("model.nrom=batch", "model.nrom: no run here has this. Did you mean model.norm?"),
        ("zzzzzz=1", "zzzzzz: no run here has this."),
        ("val/fad<3", "val/fad: no run here has this. Did you mean val/fid?"),
        ("lr<small", "lr<small: give a number after <."),
        ("lr>=", "lr>=: give a number after >=."),
        ("name='half", "name='half: a quotation mark is missing."),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        chosen(text)
    assert str(refused.value) == told


def test_a_measure_of_the_test_set_that_no_run_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="test/kid: no run here has this"):
        chosen("test/kid<1")


def test_a_full_key_is_never_ambiguous() -> None:
    runs = [entry("a", settings={"x.lr": "1", "y.x.lr": "2"}), entry("b", settings={"x.lr": "2", "y.x.lr": "2"})]
    assert filtered(runs, "x.lr=1") == runs[:1]


def test_any_text_chooses_none_of_no_runs() -> None:
    assert filtered([], "model.lr<3 cgan zzz=1") == []


def test_runs_stay_in_their_order() -> None:
    assert [one.name for one in filtered(RUNS[::-1], "cgan")] == ["c_cgan_digits", "b_cgan_letters"]


def test_keys_are_all_that_can_be_asked() -> None:
    found = keys(RUNS)
    assert found == [
        *FACTS, "callbacks.a.rows", "callbacks.b.rows", "data.style", "model.lr", "model.norm", "trainer.max_time",
        "floor/fid", "val/class_accuracy", "val/fid",
    ]  # fmt: skip
    for key in found:
        assert len(filtered(RUNS, f"{key}=null")) + len(filtered(RUNS, f"{key}!=null")) == len(RUNS)
    assert keys([]) == list(FACTS)


def test_a_word_is_not_found_in_what_a_run_does_not_have() -> None:
    assert filtered([entry("vae_letters", model="VAE")], "none") == []


def test_a_list_is_asked_for_as_it_is_shown() -> None:
    runs = [entry("a", settings={"model.betas": "[0.5, 0.9]", "model.conditions": "[class]"})]
    assert filtered(runs, "conditions=[class]") == filtered(runs, "betas='[0.5, 0.9]'") == runs


def test_no_key_is_named_twice() -> None:
    found = keys([entry("a", seed=1, settings={"seed": "1"})])
    assert len(found) == len(set(found))
