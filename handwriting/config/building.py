"""Building the classes that a configuration names, each value checked against the type that the class declares."""

from __future__ import annotations

import operator
import sys
from collections.abc import Collection, Mapping
from dataclasses import make_dataclass
from functools import reduce
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from handwriting.checking import construct, is_ours, validate
from handwriting.config.annotations import numbers_of
from handwriting.config.importing import imported
from handwriting.config.messages import explain
from handwriting.config.trust import INSTALLED, Trust, targets
from handwriting.errors import ConfigError
from handwriting.text import one_line

CLASS_GROUPS = ("model", "data", "trainer")
"""Groups of a configuration of which one class is chosen."""
NAMED_GROUPS = ("callbacks", "metrics", "logger")
"""Groups that hold any number of classes, each in a section with a name of its own."""


def build(
    section: Mapping[str, Any],
    group: str,
    *,
    base: type = object,
    ignore: Collection[str] = (),
    trust: Trust = INSTALLED,
    **extra: Any,
) -> Any:
    """Call the class that ``section`` names in ``_target_`` with the section's other values, all checked first.

    Args:
        section: One class and its arguments, such as ``cfg.model`` or ``cfg.callbacks.samples``.
        group: The config group, whose files say which classes may be named.
        base: The class that it must derive from.
        ignore: Keys of the section that are not for this class.
        trust: Which classes may be named; :func:`trust_of_command` where the user composes a new run.
        extra: Arguments that code sets rather than the configuration.

    Raises:
        ConfigError: If the class may not be named, cannot be imported or is of another kind, or a value does not fit
            its arguments.
    """
    where = _where(section, group)
    arguments = {key: value for key, value in plain_section(section).items() if key not in ignore}
    cls = class_of({"_target_": arguments.pop("_target_", None)}, group, base=base, trust=trust, where=where)
    for key, nested in targets(arguments, where):
        raise ConfigError(f"{key}={nested}: a class inside the arguments of another is not allowed")
    if twice := sorted(arguments.keys() & extra.keys()):
        raise ConfigError(f"{where}.{twice[0]} cannot be set in a configuration: it follows from the data")
    return create(cls, {**arguments, **extra}, where)


def class_of(
    section: Mapping[str, Any], group: str, *, base: type = object, trust: Trust = INSTALLED, where: str = ""
) -> type:
    """Return the class that ``section`` names in ``_target_``.

    Args:
        section: As for :func:`build`.
        group: The config group.
        base: The class that it must derive from.
        trust: Which classes may be named.
        where: The key of the section, for messages; its own unless given.

    Raises:
        ConfigError: If the class may not be named, cannot be imported, or is of another kind.
    """
    target = section.get("_target_")
    key = f"{where or _where(section, group)}._target_"
    trust.refuse(key, target, group)
    cls = imported(str(target), f"{key}={target}")
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise ConfigError(f"{key}={target} is not a {'class' if base is object else base.__name__}.")
    return cls


def _where(section: Mapping[str, Any], group: str) -> str:
    """Return the key of a section, for messages."""
    return (section._get_full_key("") if isinstance(section, DictConfig) else "") or group


def create(cls: type, arguments: Mapping[str, Any], where: str) -> Any:
    """Call a class with values that are checked against its type hints first.

    Args:
        cls: The class.
        arguments: Its arguments by name.
        where: The section of the configuration that they are from, for messages; empty for a job's own keys.

    Raises:
        ConfigError: If a value does not fit.
    """
    values = validate(cls, dict(arguments), where)
    try:
        return construct(cls, values)
    except _refusals_of(cls) as error:
        reason = one_line(error)
        raise ConfigError(f"{where}: {reason}" if where else reason) from error


def check(
    cfg: Mapping[str, Any], trust: Trust = INSTALLED, groups: Collection[str] = (*CLASS_GROUPS, *NAMED_GROUPS)
) -> None:
    """Refuse a configuration that names, anywhere, a class that it may not name, or a section that is none.

    Args:
        cfg: A whole configuration.
        trust: Which classes may be named.
        groups: The config groups of the job; another key of such a name is the job's own, and may hold anything.

    Raises:
        UntrustedClassError: At the first such class.
        ConfigError: At the first section of a wrong shape.
    """
    tree = OmegaConf.to_container(cfg) if isinstance(cfg, DictConfig) else cfg
    for key, target in targets(tree):
        trust.refuse(f"{key}._target_", target, group=key.partition(".")[0])
    _check_sections(cfg, groups)
    _check_numbers(tree)


def _check_numbers(tree: Any) -> None:
    """Refuse text where a class declares a number, and a number that it does not allow, without importing the class.

    What a class declares otherwise is checked when it is built.
    """
    for where, target in targets(tree):
        section = reduce(lambda part, key: part[key], filter(None, where.split(".")), tree)
        values = {key: value for key, value in section.items() if isinstance(value, str | int | float)}
        given = {key: value for key, value in values.items() if not (isinstance(value, str) and "${" in value)}
        declared = {key: numbers_of(str(target), key) for key in given}
        numbers = {key: given[key] for key, names in declared.items() if names}
        if numbers:
            hints = [(key, _type_of(declared[key])) for key in numbers]
            validate(make_dataclass("Numbers", hints, kw_only=True), numbers, where)


def _type_of(names: Collection[str]) -> Any:
    """Return the type that any of these names of numbers stands for."""
    import pydantic

    plain = {"int": int, "float": float, "bool": bool}
    return reduce(operator.or_, (plain.get(name) or getattr(pydantic, name) for name in sorted(names)))


def _check_sections(cfg: Mapping[str, Any], groups: Collection[str]) -> None:
    for group in CLASS_GROUPS:
        if group in groups and group in cfg and not _names_class(cfg[group]):
            raise ConfigError(f"{group}={cfg[group]}: must be a section that names its class in _target_.")
    for group in NAMED_GROUPS:
        sections = cfg.get(group) if group in groups else None
        if sections is None and not (group == "callbacks" and group in groups and group in cfg):
            continue  # no metrics and no loggers, as in older runs
        if not isinstance(sections, Mapping):
            raise ConfigError(f"{group}={sections}: must map names to sections; {{}} is for none.")
        for name, section in sections.items():
            if section is not None and not _names_class(section):
                raise ConfigError(
                    f"{group}.{name}={section}: must be a section that names its class in _target_, or null for none."
                )


def _names_class(section: Any) -> bool:
    return isinstance(section, Mapping) and "_target_" in section


def plain_section(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``section`` as plain Python values, every interpolation resolved."""
    if not isinstance(section, DictConfig):
        return dict(section)
    try:
        values = OmegaConf.to_container(section, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise ConfigError(explain(error)) from error
    return {str(key): value for key, value in values.items()} if isinstance(values, dict) else {}


def _refusals_of(cls: type) -> tuple[type[Exception], ...]:
    """Return what the constructor of ``cls`` raises at a wrong value; one of ours that raises has a bug."""
    if is_ours(cls):
        return ()
    refusals: tuple[type[Exception], ...] = (TypeError, ValueError, ImportError)
    if "lightning_fabric" in sys.modules:  # otherwise nothing of Lightning can have raised
        from lightning_fabric.utilities.exceptions import MisconfigurationException

        refusals += (MisconfigurationException,)
    return refusals
