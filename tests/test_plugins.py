"""Parts of others: installed as a plug-in, or named by ``--config-dir``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from handwriting import config, plugins
from handwriting.errors import ConfigError
from handwriting.features import cache
from handwriting.features.training import ClassifierRecipe
from handwriting.jobs import MISTAKE, main
from handwriting.sweeps import Sweep
from handwriting.sweeps.plan import SweepPlan
from tests.builders import QUICK
from tests.extras import needs
from tests.pages.builders import read_report, save_pages
from tests.plugin_package import declare, install, write_configs, write_package

QUICK_DOTS = [
    "model=blot",
    "data=dots",
    "+callbacks=diary",
    *(word for word in QUICK if word.startswith(("data.batch", "trainer", "precision", "logger", "metrics"))),
    "model.channels=16",
]


def environment_with(site: Path) -> dict[str, str]:
    """Return the environment of a process that finds the packages in ``site``."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(config.CONF.parent)])}


def run_command(folder: Path, site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``handwriting`` as a user would, with ``site`` among the installed packages."""
    return subprocess.run(
        [sys.executable, "-m", "handwriting", *words],
        cwd=folder,
        env=environment_with(site),
        capture_output=True,
        text=True,
    )


COMMANDS = """
import contextlib, io, json, sys
from handwriting.jobs import main

file, *commands = sys.argv[1:]
answers = []
for command in commands:
    sys.argv[1:] = json.loads(command)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main()
    answers.append([status, out.getvalue(), err.getvalue()])
with open(file, "w") as written:
    json.dump(answers, written)
"""
"""Runs several commands in one process: each process imports torch, which takes seconds."""


def run_commands(folder: Path, site: Path, *commands: list[str]) -> list[tuple[int, str, str]]:
    """Run several commands of ``handwriting`` one after the other in one new process.

    Returns:
        The exit status, the output and the errors of each.
    """
    words = [sys.executable, "-c", COMMANDS, "answers.json", *map(json.dumps, commands)]
    done = subprocess.run(words, cwd=folder, env=environment_with(site), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [(status, out, err) for status, out, err in json.loads((folder / "answers.json").read_text())]


def succeed_in_turn(folder: Path, site: Path, *commands: list[str]) -> list[str]:
    """Run several commands in one new process, and return the output of each."""
    answers = run_commands(folder, site, *commands)
    assert [status for status, _, _ in answers] == [0] * len(commands), answers
    return [out for _, out, _ in answers]


def succeed(folder: Path, site: Path, *words: str) -> str:
    done = run_command(folder, site, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refuse(folder: Path, site: Path, *words: str) -> str:
    done = run_command(folder, site, *words)
    assert done.returncode == MISTAKE, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr.rstrip("\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages of its own."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_without_a_plugin_there_is_none() -> None:
    assert plugins.installed() == ()
    assert config.folders.conf_folders() == (config.CONF,)


def test_a_plugin_adds_choices_and_classes_and_is_not_imported(site: Path) -> None:
    folder = install(site, "quills")
    assert plugins.installed() == (plugins.Plugin("quills", "quills", folder / "conf"),)
    assert config.describe()["model"]["blot"] == "A VAE with a blot"
    assert "cgan" in config.describe()["model"]
    cfg = config.compose("train", ["model=blot", "data=dots", "data.title=it's (1)", "+callbacks=diary"])
    assert (cfg.model._target_, cfg.data.title) == ("quills.models.BlotVAE", "it's (1)")
    assert {"samples", "diary"} <= set(cfg.callbacks)
    config.check(cfg)
    assert "quills.models" not in sys.modules
    assert config.INSTALLED.allowed("model") >= {"quills.models.BlotVAE", "handwriting.models.cgan.CGAN"}
    assert "quills.models.BlotVAE" not in config.INSTALLED.allowed("data")


def test_the_package_of_a_plugin_may_lie_within_another(site: Path) -> None:
    (site / "outer").mkdir()
    (site / "outer" / "__init__.py").write_text("raise AssertionError('imported')")
    write_configs(site / "outer" / "pens" / "conf", "outer.pens")
    declare(site, "outer", "outer.pens")
    assert plugins.installed() == (plugins.Plugin("outer", "outer.pens", site / "outer" / "pens" / "conf"),)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nowhere", "there is no package nowhere."),
        ("bare", "has no folder conf, which would hold its configurations."),
        ("bare.inner", "there is no package bare.inner."),
        ("in ks/..", "its entry point is 'in ks/..', which is not the name of a package."),
        (" ", "its entry point is '', which is not the name of a package."),
    ],
)
def test_a_broken_plugin_is_one_line(site: Path, value: str, message: str) -> None:
    write_package(site, "bare")
    declare(site, "bare", value)
    with pytest.raises(ConfigError) as refused:
        config.compose("train")
    assert str(refused.value).startswith("plug-in bare (pip uninstall bare removes it): ")
    assert str(refused.value).endswith(message)


def test_a_choice_of_a_plugin_has_a_name_of_its_own(site: Path) -> None:
    folder = install(site, "clash")
    (folder / "conf" / "model" / "cgan.yaml").write_text("# Mine\n")
    with pytest.raises(ConfigError, match=r"plug-in clash: .*cgan\.yaml has the name of a file of handwriting"):
        config.describe()


def test_a_file_of_a_plugin_that_is_no_yaml_is_named(site: Path) -> None:
    folder = install(site, "torn")
    (folder / "conf" / "model" / "torn.yaml").write_text("a: [1")
    with pytest.raises(ConfigError, match=r"torn\.yaml cannot be read"):
        config.INSTALLED.allowed("model")


BROKEN_FILES: dict[str, Any] = {
    "text": lambda file: file.write_text("a: [1\nb: }"),
    "bytes": lambda file: file.write_bytes(b"# caf\xe9\na: \xff\n"),
    "folder": lambda file: file.mkdir(),
    "link": lambda file: file.symlink_to("nowhere.yaml"),
}


@pytest.mark.parametrize("kind", BROKEN_FILES)
def test_a_broken_file_of_a_plugin_is_named_with_its_plugin_only(
    site: Path, kind: str, vae: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = install(site, f"torn_{kind}")
    file = folder / "conf" / "model" / "x.yaml"
    BROKEN_FILES[kind](file)
    start = f"plug-in torn_{kind} (pip uninstall torn_{kind} removes it): {file} "
    commands = [["train", "model=x"], ["sample", f"run={vae}", "n=1"]]
    for words in commands if kind in ("text", "bytes") else [*commands, ["--help"], ["train", "--help"]]:
        assert main(words) == MISTAKE
        message = capsys.readouterr().err
        assert message.startswith(start)
        assert len(message.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"- a\n", " configures a job, but does not map keys to values."),
        (b"", " configures a job, but does not map keys to values."),
        (b"# Count\ndefaults: 3\n", ": defaults must be a list."),
        (b"# caf\xe9\n", " cannot be read: "),
    ],
)
def test_a_root_config_that_is_none_is_one_line(
    site: Path, content: bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = install(site, "torn")
    file = folder / "conf" / "tally.yaml"
    file.write_bytes(content)
    for words in (["tally", "--help"], ["tally", "caption=a"], ["tally", "caption=a (b)"]):
        assert main(words) == MISTAKE
        message = capsys.readouterr().err
        assert message.startswith(f"plug-in torn (pip uninstall torn removes it): {file}{reason}")
        assert len(message.splitlines()) == 1


@pytest.mark.parametrize(("broken", "reason"), [("import nothing_like_it", "No module named"), ("", "no attribute")])
def test_a_class_of_a_plugin_that_cannot_be_imported_is_named(site: Path, broken: str, reason: str) -> None:
    package = f"broken_{len(broken)}"
    folder = install(site, package)
    (folder / "sources.py").write_text(broken)
    cfg = config.compose("data", ["data=dots"])
    with pytest.raises(ConfigError, match=rf"data\._target_={package}\.sources\.Dots cannot be imported: .*{reason}"):
        config.build(cfg.data, "data")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("def (", "SyntaxError: invalid syntax"),
        ("nothing_like_it", "NameError: name 'nothing_like_it' is not defined"),
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
        ("raise AssertionError", "AssertionError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
    ],
)
def test_whatever_a_module_of_a_plugin_raises_is_one_line(
    site: Path, tmp_path: Path, broken: str, reason: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    package = f"raising_{len(broken)}"
    folder = install(site, package)
    for name in ("models", "sources", "callbacks", "metrics", "jobs/tally"):
        (folder / f"{name}.py").write_text(broken)

    def refused(words: list[str]) -> str:
        assert main(words) == MISTAKE
        message = capsys.readouterr().err
        assert len(message.splitlines()) == 1
        return message.rstrip("\n")

    asked = f"{folder / 'conf' / 'tally.yaml'} configures a job, but {package}.jobs.tally cannot be imported: {reason}"
    assert refused(["tally", "--help"]).startswith(asked)
    here = f"_target_={package}.{{}} cannot be imported: {reason}"
    for words, start in (
        (["data", "data=dots"], "data." + here.format("sources.Dots")),
        (["train", *QUICK_DOTS[:1]], "model." + here.format("models.BlotVAE")),
        (["train", "+callbacks=diary"], "callbacks.diary." + here.format("callbacks.Diary")),
        (["train", "+metrics=ink_share"], "metrics.ink_share." + here.format("metrics.InkShare")),
    ):
        assert refused(words).startswith(start)
    assert refused(["train", "data=digits", "data.title=x y"]).startswith("data.title: no such key.")


@pytest.mark.parametrize(
    ("name", "choice", "base"),
    [
        ("model", "blot", "GlyphModel"),
        ("data", "dots", "GlyphSource"),
        ("callbacks", "diary", "Callback"),
        ("metrics", "ink_share", "Metric"),
    ],
)
@pytest.mark.parametrize("target", ["plain.Plain", "plain.function", "plain.len"])
def test_a_class_of_a_plugin_is_of_the_kind_that_its_group_takes(
    site: Path, tmp_path: Path, name: str, choice: str, base: str, target: str, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    package = f"{target.replace('.', '_')}_{name}".lower()
    folder = install(site, package)
    (folder / "plain.py").write_text("class Plain: ...\n\ndef function(): ...\n\nlen = len\n")
    is_section = name in ("callbacks", "metrics")
    text = f"_target_: {package}.{target}"
    if not is_section:
        text = f"defaults: [{'_common' if name == 'data' else '_variational'}, _self_]\n{text}"
    (folder / "conf" / name / f"{choice}.yaml").write_text(f"mine: {{{text}}}\n" if is_section else f"{text}\n")
    assert main(["train", f"{'+' * is_section}{name}={choice}"]) == MISTAKE
    key = f"{name}.mine" if is_section else name
    assert capsys.readouterr().err == f"{key}._target_={package}.{target} is not a {base}.\n"


def test_a_job_of_a_plugin_is_a_command_as_any_other(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    install(site, "ledgers")
    assert main([]) == 0
    assert "\n  tally " in capsys.readouterr().out
    assert main(["tally", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "caption=<text>" in shown
    assert "\n  dots " in shown

    assert main(["tally", "caption=it's (1), ours", "data.count=100", "data.title=a b"]) == 0
    assert capsys.readouterr().out == "it's (1), ours: square 40\nit's (1), ours: bar 40\n"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]  # it leaves nothing behind
    assert main(["tally", "-m", "caption=a", "least=1,50"]) == 0
    assert capsys.readouterr().out == "a: square 48\na: bar 48\n"

    for words, message in (
        (["tally"], "caption is missing: give caption=<text>"),
        (["tally", "caption=a", "least=-1"], "least=-1: must be greater than or equal to 0."),
        (["tally", "caption=a", "lest=1"], "lest: no such key. Did you mean least?"),
        (["taly"], "taly: no such job. Did you mean tally?"),
    ):
        assert main(words) == MISTAKE
        assert capsys.readouterr().err.startswith(message)


@pytest.mark.parametrize(
    ("module", "reason"),
    [("import nothing_like_it", "cannot be imported: No module named"), ("", "has no function run(cfg).")],
)
def test_a_job_of_a_plugin_that_cannot_run_is_one_line(
    site: Path, module: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = install(site, f"torn_{len(module)}")
    (folder / "jobs" / "tally.py").write_text(module)
    for words in (["tally", "caption=a"], ["tally", "caption=a (b)"]):
        assert main(words) == MISTAKE
        message = capsys.readouterr().err
        assert message.startswith(str(folder / "conf" / "tally.yaml"))
        assert reason in message
        assert len(message.splitlines()) == 1


def test_a_job_of_a_plugin_has_a_name_of_its_own(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = install(site, "impostor")
    (folder / "conf" / "train.yaml").write_text("# Mine\n")
    assert main(["train", "--help"]) == MISTAKE
    assert "train.yaml has the name of a file of handwriting. Rename it." in capsys.readouterr().err


def test_help_finds_a_plugin_without_heavy_imports(site: Path, tmp_path: Path) -> None:
    install(site, "inks")
    shown = succeed(tmp_path, site, "train", "--help")
    assert "\n  blot " in shown
    program = "import sys\nfrom handwriting.jobs import main\nmain(['train', '--help'])\n" + (
        "assert not sys.modules.keys() & {'torch', 'pydantic', 'inks'}, 'heavy'"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment_with(site), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_parts_of_a_plugin_are_trained_resumed_sampled_evaluated_and_shown(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "inks")
    succeed(tmp_path, site, "train", *QUICK_DOTS, "hydra.run.dir=runs/mine")
    run = tmp_path / "runs" / "mine"
    assert (run / "diary.txt").read_text() == "epoch 0\nepoch 1\n"
    assert yaml.safe_load((run / "config.yaml").read_text())["model"]["_target_"] == "inks.models.BlotVAE"

    _, _, evaluated, compared, _ = succeed_in_turn(
        tmp_path,
        site,
        ["train", "resume=runs/mine", "trainer.max_epochs=3"],
        ["sample", "run=runs/mine", "n=3", "out=three.png"],
        ["evaluate", "run=runs/mine", "metrics=[ink_share]"],
        ["compare", "runs=runs", "out=page"],
        ["train", "-m", "search=blot", "search.trials=2", "sweep=two", *QUICK_DOTS[1:]],
    )
    assert (run / "diary.txt").read_text() == "epoch 0\nepoch 1\nepoch 2\n"
    assert (tmp_path / "three.png").is_file()
    assert "ink_share" in evaluated
    assert json.loads((run / "evaluation.json").read_text())["ink_share"]["n"] > 0
    assert "BlotVAE" in compared
    done = [json.loads(file.read_text())["state"] for file in tmp_path.glob("sweeps/two/*/status.json")]
    assert done == ["done", "done"]

    needs("dashboard", "streamlit")
    app = open_page(tmp_path, monkeypatch, page="Run", run="runs/mine", show="Settings")
    assert "_target_: inks.models.BlotVAE" in app.code[1].value


def open_page(folder: Path, monkeypatch: pytest.MonkeyPatch, **address: str) -> Any:
    """Return a page of the dashboard over the runs in a folder, without an exception in it."""
    from streamlit.testing.v1 import AppTest

    import handwriting.dashboard
    from handwriting.dashboard.settings import VARIABLE, Settings, index_of

    monkeypatch.setenv(VARIABLE, Settings((folder / "runs",), folder / "data").as_text())
    index_of.cache_clear()
    app = AppTest.from_file(str(Path(handwriting.dashboard.__file__).with_name("app.py")), default_timeout=60)
    app.query_params.update(address)
    app.run()
    assert not app.exception, app.exception[0].value
    return app


@pytest.mark.slow
def test_classes_of_a_config_dir_serve_new_runs_only(site: Path, tmp_path: Path) -> None:
    write_package(site, "pens")
    write_configs(tmp_path / "mine", "pens")
    flags = ("--config-dir", "mine")
    succeed_in_turn(
        tmp_path,
        site,
        ["train", *QUICK_DOTS, *flags, "hydra.run.dir=runs/mine"],
        ["data", "data=dots", "out=dots.png", *flags],
        ["train", "-m", "model.latent_dim=2,3", "sweep=two", *QUICK_DOTS, *flags],
    )
    assert (tmp_path / "runs" / "mine" / "diary.txt").read_text() == "epoch 0\nepoch 1\n"
    assert len(list(tmp_path.glob("sweeps/two/*/diary.txt"))) == 2

    refused = run_commands(
        tmp_path,
        site,
        ["sample", "run=runs/mine"],
        ["train", "resume=runs/mine"],
        ["train", "resume=runs/mine", *flags],
    )
    for status, _, message in refused:
        assert status == MISTAKE, message
        assert len(message.splitlines()) == 1, message
        assert all(part in message for part in ("install", "pens.", "handwriting.plugins"))


@pytest.mark.parametrize("flag", ["--config-dir mine", "--config-dir=mine", "-cd mine"])
def test_a_sweep_that_lacks_its_config_dir_says_that_it_must_be_given_again(
    site: Path, tmp_path: Path, flag: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = f"handwriting train -m model=blot seed=1,2 sweep=cd {flag}"
    sweep = Sweep(tmp_path / "sweeps" / "cd")
    with sweep.locked():
        sweep.write_plan(SweepPlan(("model=blot",), ("seed=1,2",), trials=(("seed=1",), ("seed=2",)), command=command))
    assert main(["train", "-m", "resume=sweeps/cd"]) == MISTAKE
    message = capsys.readouterr().err
    assert message.startswith("model=blot: no such choice.")
    assert message.endswith(". sweeps/cd was made with --config-dir mine: give it again.\n")
    assert len(message.splitlines()) == 1


def test_a_preset_of_a_config_dir_segments(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_package(site, "stamps")
    write_configs(tmp_path / "mine", "stamps")
    save_pages(tmp_path / "page.png")
    assert main(["segment", "pages=page.png", "preset=blobs", "out=found", "--config-dir", "mine"]) == 0
    assert read_report(tmp_path / "found")["preset"]["_target_"] == "stamps.presets.Blobs"


def test_a_metric_of_a_config_dir_is_measured(
    site: Path, tmp_path: Path, vae: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_package(site, "inks")
    write_configs(tmp_path / "mine", "inks")
    monkeypatch.setattr(cache, "ClassifierRecipe", lambda: ClassifierRecipe(max_glyphs=3_000, min_glyphs=3_000))
    shutil.copytree(vae, tmp_path / "vae")
    assert main(["evaluate", "run=vae", "metrics=[ink_share]", "--config-dir", "mine"]) == 0
    assert "ink_share" in json.loads((tmp_path / "vae" / "evaluation.json").read_text())


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("quires.models.VAE", "it is a class of the package quires, which is not installed as a plug-in"),
        ("quires", "it is a class of the package quires, which is not installed as a plug-in"),
        (3, "it must be the full name of a class, such as package.module.Class."),
    ],
)
def test_a_class_of_no_plugin_is_said_to_be_one_and_none_of_another_package_is_guessed(
    site: Path, target: Any, message: str
) -> None:
    folder = install(site, "sheets")
    (folder / "conf" / "model" / "three.yaml").write_text("_target_: 3\n")
    with pytest.raises(ConfigError) as refused:
        config.INSTALLED.refuse("model._target_", target, "model")
    assert str(refused.value).startswith(f"model._target_={target} is not allowed: {message}")
    assert "Did you mean" not in str(refused.value)


def test_a_misspelt_class_of_an_installed_plugin_is_guessed(site: Path) -> None:
    install(site, "sheets")
    with pytest.raises(ConfigError, match=r"conf/model names .* Did you mean sheets\.models\.BlotVAE\?$"):
        config.INSTALLED.refuse("model._target_", "sheets.models.BlotVEA", "model")


@pytest.mark.parametrize("flags", [[], ["--config-dir", "empty"]])
def test_a_class_that_nobody_names_in_a_file_is_refused_of_a_new_run_too(
    site: Path, tmp_path: Path, flags: list[str]
) -> None:
    (tmp_path / "empty").mkdir()
    words = ["train", "+callbacks.mine._target_=pathlib.Path", *flags]
    assert refuse(tmp_path, site, *words).startswith("callbacks.mine._target_=pathlib.Path is not allowed")
