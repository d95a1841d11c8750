"""Composing, checking and building what a configuration names, before any work starts.

Nothing heavy is imported here: the classes that a configuration names are imported when they are built.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from handwriting import legacy
from handwriting.errors import ConfigError, RunError, nearest

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_PACKAGE = Path(__file__).resolve().parent
# A wheel carries both folders inside the package; in a checkout they lie beside it.
_HOME = next((home for home in (_PACKAGE, _PACKAGE.parent) if (home / "conf").is_dir()), _PACKAGE)

CONF = _HOME / "conf"
"""One folder for each choice a user makes, and one root config for each job."""
EXPERIMENTS = _HOME / "experiments"
"""The studies: configs that fix every choice."""

TYPED = {
    "run": "folder",
    "runs": "folder",
    "out": "path",
    "resume": "folder",
    "root": "folder",
    "path": "path",
    "pages": "path",
    "text": "text",
    "labels": "names",
    "styles": "names",
    "data.root": "folder",
    "data.path": "path",
    "data.name_pattern": "text",
    "data.labels": "path",
    "data.test_path": "path",
    "data.test_labels": "path",
}
"""The keys whose values a person types as plain text, and what each of them is."""

LARGEST = 4_000_000
"""Bytes of the largest ``config.yaml`` that is read."""

_TYPED_OVERRIDE = re.compile(rf"(\+{{0,2}}(?:{'|'.join(map(re.escape, TYPED))})=)(.*)", re.DOTALL)
_QUOTED = re.compile(r"""'([^'\\]|\\.)*'|"([^"\\]|\\.)*\"""", re.DOTALL)
_PLAIN = re.compile(r"(?!(?:true|false|null|inf|nan)$)(?:\.{0,2}/|[a-z_])[\w./-]*", re.IGNORECASE | re.ASCII)
"""Text that Hydra reads as it is, and that is easier to read without quotes."""
_YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is ten times as fast


def compose(job: str, overrides: Sequence[str] = ()) -> DictConfig:
    """Return the configuration of ``job`` (a file in ``conf/``) with ``overrides``, as the command line would.

    >>> compose("sample", ["run=runs/my best (2)"]).run
    'runs/my best (2)'

    Raises:
        ConfigError: If a key or a choice does not exist.
    """
    import hydra
    from hydra.errors import HydraException

    try:
        with _hydra_on_conf():
            return hydra.compose(job, [quote(override) for override in overrides])
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise ConfigError(explain(error)) from error


@contextmanager
def _hydra_on_conf() -> Iterator[None]:
    """Have Hydra compose from ``conf``: within a job it does already; within another application it is set aside."""
    import hydra
    from hydra.core.global_hydra import GlobalHydra

    running = GlobalHydra.instance()
    outer = running.hydra
    if outer is not None and any(
        part.path == str(CONF) for part in running.config_loader().get_search_path().get_path()
    ):
        yield
        return
    running.clear()
    try:
        with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = outer


def quote(override: str) -> str:
    r"""Quote the value of a key that takes plain text, so that it passes Hydra's grammar exactly as typed.

    >>> quote("run=IMG (1).jpg"), quote("model=cgan"), quote("resume=null")
    ("run='IMG (1).jpg'", 'model=cgan', 'resume=null')
    """
    override = legacy.current_override(override)
    match = _TYPED_OVERRIDE.fullmatch(override)
    if not match:
        return override
    key, value = match.groups()
    if _QUOTED.fullmatch(value) or (value == "null" and not key.endswith("text=")):
        return override
    return key + quoted(value)


def quoted(text: str) -> str:
    """Return any text as Hydra's grammar reads it exactly as it is: in quotes, where it needs them.

    >>> quoted("../data"), quoted("a b"), quoted("null")
    ('../data', "'a b'", "'null'")
    """
    if _PLAIN.fullmatch(text):
        return text
    # Backslashes count in Hydra's quotes only before another quote and at the end; there they are doubled.
    inside = re.sub(r"(\\*)('|\Z)", lambda end: end[1] * 2 + ("\\'" if end[2] else ""), _literal(text))
    return f"'{inside}'"


def _literal(text: str) -> str:
    """Return ``text`` with every ``${`` escaped: OmegaConf then reads it as text and resolves nothing."""
    return re.sub(r"(\\*)\$\{", lambda match: match[1] * 2 + r"\${", text)


def build(section: Mapping[str, Any], group: str, *, ignore: Collection[str] = (), **extra: Any) -> Any:
    """Call the class that ``section`` names in ``_target_`` with the values beside it, all checked first.

    Args:
        section: One class and its arguments, such as ``cfg.model`` or ``cfg.callbacks.samples``.
        group: The folder of ``conf/`` whose files say which classes may be named.
        ignore: Keys of the section that are not for this class.
        extra: Arguments given by code rather than by the configuration.

    Raises:
        ConfigError: If the class is not one that ``conf/<group>/`` names, or a value does not fit its arguments.
    """
    where = (section._get_full_key("") if isinstance(section, DictConfig) else "") or group
    arguments = {key: value for key, value in plain_section(section).items() if key not in ignore}
    target = arguments.pop("_target_", None)
    _refuse_target(f"{where}._target_", target, group)
    for key, nested in _targets(arguments, where):
        raise ConfigError(f"{key}={nested}: a class inside the arguments of another is not allowed")
    if twice := sorted(arguments.keys() & extra.keys()):
        raise ConfigError(f"{where}.{twice[0]}: not for the configuration to say; it follows from the data")

    module, _, name = target.rpartition(".")
    return create(getattr(import_module(module), name), {**arguments, **extra}, where)


def create(cls: type, arguments: Mapping[str, Any], where: str) -> Any:
    """Call a class with values that are checked against its type hints first.

    Args:
        cls: The class.
        arguments: What it is given, by name.
        where: The section of the configuration that they are from, for messages.

    Raises:
        ConfigError: If a value does not fit.
    """
    values = validate(cls, dict(arguments), where)
    try:
        return cls(**values)
    except _refusals_of(cls) as error:
        raise ConfigError(f"{where}: {' '.join(str(error).split())}") from error


def check(cfg: Mapping[str, Any]) -> None:
    """Refuse a configuration that names, anywhere, a class that its group's files do not name.

    Raises:
        ConfigError: At the first such class.
    """
    tree = OmegaConf.to_container(cfg) if isinstance(cfg, DictConfig) else cfg
    for key, target in _targets(tree, ""):
        _refuse_target(key + "._target_", target, group=key.partition(".")[0])


def load_config(path: str | Path) -> DictConfig:
    """Read the resolved ``config.yaml`` of a run folder as data: no interpolation in it is ever resolved.

    Raises:
        RunError: If the file is missing, is not YAML or holds no mapping.
    """
    try:
        if (size := Path(path).stat().st_size) > LARGEST:
            raise RunError(f"{path} has {size / 1e6:,.0f} MB: that is no configuration.")
        tree = _literals(legacy.current_config(yaml.load(Path(path).read_text("utf-8"), _YamlLoader)))
        cfg = OmegaConf.create(tree)
    except (OSError, ValueError, RecursionError, yaml.YAMLError, OmegaConfBaseException) as error:
        raise RunError(f"{path} cannot be read as a configuration: {' '.join(str(error).split())}") from error
    if not isinstance(tree, dict):
        raise RunError(f"{path} holds no configuration; a run folder's config.yaml maps keys to values")
    return cfg


def plain_config(path: str | Path) -> dict[str, Any]:
    """Return what a run's ``config.yaml`` holds, as plain values.

    Raises:
        RunError: As :func:`load_config`.
    """
    values = OmegaConf.to_container(load_config(path), resolve=True)
    return {str(key): value for key, value in values.items()} if isinstance(values, dict) else {}


def _literals(tree: Any) -> Any:
    """Return ``tree`` with every text in it as :func:`_literal` makes it."""
    if isinstance(tree, dict):
        return {key: _literals(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_literals(value) for value in tree]
    return _literal(tree) if isinstance(tree, str) else tree


def jobs() -> dict[str, str]:
    """Return every job, by the name of its root config, and what it does in one line."""
    return {path.stem: first_comment(path) for path in sorted(CONF.glob("*.yaml"))}


def describe() -> dict[str, dict[str, str]]:
    """Return every config group, its choices, and what each is in one line; studies are the group ``experiments``."""
    places = [place for place in sorted(CONF.iterdir()) if place.is_dir() and place.name != "hydra"]
    places += sorted((CONF / "hydra").iterdir())  # choices for groups of Hydra's own
    folders = {place.relative_to(CONF).as_posix(): place for place in places}
    return {group: _choices(folder) for group, folder in {**folders, "experiments": EXPERIMENTS}.items()}


def _choices(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.rglob("*.yaml")) if not path.name.startswith("_"))
    return {path.relative_to(folder).with_suffix("").as_posix(): first_comment(path) for path in paths}


def first_comment(path: Path) -> str:
    """Return the first comment of a YAML file, which says what it is in one line."""
    comments = (line[1:].strip() for line in path.read_text("utf-8").splitlines() if line.startswith("#"))
    return next((comment for comment in comments if not comment.startswith("@package")), "")


def explain(error: BaseException) -> str:
    """Tell in one line what Hydra or OmegaConf refused, and the nearest right thing."""
    from hydra.errors import MissingConfigException, OverrideParseException

    cause: BaseException | None = error
    while cause and not isinstance(cause, OmegaConfBaseException):
        cause = cause.__cause__
    match error, cause:
        case MissingConfigException(missing_cfg_file=str(file)), _ if "/" in file:
            group, _, choice = file.partition("/")
            if group == "hydra":  # one of its own groups, such as hydra/launcher
                group, _, choice = file.rpartition("/")
            choices = sorted({*describe().get(group, ()), *(name for name in error.options or () if name[0] != "_")})
            return f"{group}={choice}: no such choice.{nearest(choice, choices)} There are: {', '.join(choices)}"
        case OverrideParseException(override=override), _ if "=" not in override:
            return f"{override}: write key=value; --help lists the keys"
        case OverrideParseException(override=override), _:
            return f"{override}: cannot be read; put a text with special characters in quotes, such as \"key='a, b'\""
        case _, MissingMandatoryValue(full_key=str(key)):
            return missing(key)
        case _, OmegaConfBaseException(full_key=str(key), msg=str(message)) if "is not in struct" in message:
            return f"{key}: no such key.{nearest(key, [*_keys(cause.parent_node._get_root()), *describe()])}"
        case _, OmegaConfBaseException(full_key=key):
            return f"{key + ': ' if key else ''}{str(cause).splitlines()[0]}"
    message = " ".join(str(error).split())
    if several := re.match("Ambiguous value for argument '(.*?)=(.*?)' ", message):
        key, values = several.groups()
        return f"{key}={values}: add -m to run once for each, or write {key}=[{values}] to give a list"
    return message


def missing(key: str) -> str:
    """Say that a value must be given for ``key``."""
    return f"{key} is missing: give {key}={placeholder(key)}"


def placeholder(key: str) -> str:
    """Return what stands for the value of ``key`` in a message: ``<folder>``, ``<text>``, ``<value>``."""
    return f"<{TYPED.get(key, 'value')}>"


def _keys(tree: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in map(str, tree):
        yield f"{prefix}{key}"
        node = tree._get_node(key)
        if isinstance(node, DictConfig) and not node._is_none() and not node._is_missing():
            yield from _keys(node, f"{prefix}{key}.")


def plain_section(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``section`` as plain Python values, every interpolation resolved."""
    if not isinstance(section, DictConfig):
        return dict(section)
    try:
        values = OmegaConf.to_container(section, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise ConfigError(explain(error)) from error
    return {str(key): value for key, value in values.items()} if isinstance(values, dict) else {}


@cache
def _allowed(group: str) -> frozenset[str]:
    """Return the classes that the files of ``conf/<group>/`` name; no other is ever imported for that group."""
    trees = (yaml.load(path.read_text("utf-8"), _YamlLoader) for path in (CONF / group).glob("*.yaml"))
    return frozenset(str(target) for tree in trees for _, target in _targets(tree, group))


def _targets(tree: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Yield where each ``_target_`` in ``tree`` is, and what it names."""
    if isinstance(tree, Mapping):
        if "_target_" in tree:
            yield where, tree["_target_"]
        for key, value in tree.items():
            yield from _targets(value, f"{where}.{key}".lstrip("."))
    elif isinstance(tree, list | tuple):
        for index, value in enumerate(tree):
            yield from _targets(value, f"{where}.{index}")


def _refuse_target(key: str, target: Any, group: str) -> None:
    allowed = _allowed(group)
    if not isinstance(target, str) or target not in allowed:
        names = ", ".join(sorted(allowed)) or "nothing"
        raise ConfigError(f"{key}={target} is not allowed: conf/{group} names {names}.{nearest(str(target), allowed)}")


def _parameters(cls: type) -> tuple[dict[str, Any], bool]:
    """Return the type of each argument of ``cls``, following ``**kwargs`` up to the base classes it reaches.

    Returns:
        ``{name: hint}``, wrapped in ``NotRequired`` where it may be left out; and whether any other name is accepted.
    """
    import inspect
    import typing

    found: dict[str, Any] = {}
    for base in (base for base in cls.__mro__ if "__init__" in vars(base)):
        constructor = vars(base)["__init__"]
        try:
            hints = typing.get_type_hints(constructor, include_extras=True)
        except NameError:
            if _is_ours(base):
                raise
            hints = {}  # names that only type checkers import: the constructor judges for itself
        _, *parameters = inspect.signature(constructor).parameters.values()
        own = not found
        for parameter in parameters:
            if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                hint = hints.get(parameter.name, Any)
                # What a base class cannot do without, the class itself may give it.
                needed = own and parameter.default is parameter.empty
                found.setdefault(parameter.name, hint if needed else typing.NotRequired[hint])
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
            return found, False
    return found, True


def validate(cls: type, values: dict[str, Any], where: str) -> dict[str, Any]:
    """Return ``values`` converted to the types that the constructor of ``cls`` declares.

    Args:
        cls: The class; its type hints say what each argument may be.
        values: The arguments by name.
        where: The section of the configuration that they belong to, such as ``model``: messages name ``model.lr``.

    Raises:
        ConfigError: With one line for each value that does not fit, and for each name that is no argument.
    """
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError
    from typing_extensions import TypedDict

    parameters, is_open = _parameters(cls)
    names = [f"{where}.{name}" for name in parameters]
    if unknown := [] if is_open else [f"{where}.{name}" for name in values if name not in parameters]:
        raise ConfigError("\n".join(f"{name}: no such key.{nearest(name, names)}" for name in unknown))
    # All arguments as one typed dictionary: pydantic then checks them together and reports every mistake at once.
    make: Any = TypedDict
    arguments = make("arguments", parameters)
    arguments.__pydantic_config__ = ConfigDict(
        arbitrary_types_allowed=True, coerce_numbers_to_str=True, allow_inf_nan=False, extra="forbid"
    )
    try:
        checked = TypeAdapter(arguments).validate_python({key: values[key] for key in values if key in parameters})
    except ValidationError as error:
        raise ConfigError("\n".join(_refusals(error, values, where))) from error
    except PydanticUserError:
        if _is_ours(cls):
            raise
        return values  # a hint that pydantic cannot read: the constructor judges for itself
    return {**values, **checked}


def _refusals(error: ValidationError, values: dict[str, Any], where: str) -> list[str]:
    """Return one line for each refused value; the several reasons of a union become one."""
    problems: dict[str, list[ErrorDetails]] = {}
    for problem in error.errors(include_url=False):
        key = where
        inside: Any = values
        for step in problem["loc"]:  # some steps are keys and indices, others name a member of a union
            if isinstance(inside, dict) and (step in inside or problem["type"] == "missing"):
                key, inside = f"{key}.{step}", inside.get(step)
            elif isinstance(inside, list | tuple) and isinstance(step, int):
                key, inside = f"{key}.{step}", dict(enumerate(inside)).get(step)
        problems.setdefault(key, []).append(problem)
    return [_refusal(key, found) for key, found in problems.items()]


def _refusal(key: str, problems: list[ErrorDetails]) -> str:
    kind, value = problems[0]["type"], problems[0]["input"]
    if kind == "missing":
        return f"{key} is missing: give {key}={placeholder(key)}"
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{key}: no such key."
    if all(problem["type"] == "literal_error" for problem in problems):
        quoted = " or ".join(problem["ctx"]["expected"] for problem in problems)
        choices = list(dict.fromkeys(choice.strip("'") for choice in re.split(", | or ", quoted)))
        listed = " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]]))
        return f"{key}={value} is not allowed: choose {listed}.{nearest(str(value), choices)}"
    texts = [str(problem["msg"]).removeprefix("Value error, ") for problem in problems]
    if all(text.startswith("Input should be ") for text in texts):
        # What follows the comma tells how pydantic tried to read the value.
        reasons = (text.removeprefix("Input should be ").partition(", ")[0] for text in texts)
        return f"{key}={value}: must be {' or '.join(dict.fromkeys(reasons))}."
    return f"{key}={value}: {'; '.join(dict.fromkeys(texts))}."


def _refusals_of(cls: type) -> tuple[type[Exception], ...]:
    """Return what the constructor of ``cls`` raises at a wrong value; one of ours that raises has a bug."""
    if _is_ours(cls):
        return ()
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    return TypeError, ValueError, ImportError, MisconfigurationException


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith("handwriting.")


def typed_command() -> str:
    """Return what was typed, to be read and typed again: ``python train.py ...`` or ``handwriting ...``."""
    script = Path(sys.argv[0])
    program = ["python", sys.argv[0]] if script.suffix == ".py" and script.name != "__main__.py" else ["handwriting"]
    return shlex.join([*program, *sys.argv[1:]])
