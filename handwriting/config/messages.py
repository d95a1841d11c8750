"""What is said of a configuration that cannot be used: what is wrong, where, and the nearest right thing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from omegaconf import DictConfig
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from handwriting.config.choices import describe
from handwriting.config.declarations import TRAIN, Command, text_kind_of
from handwriting.errors import ConfigError, nearest
from handwriting.fields import placeholder_of
from handwriting.text import one_line


def explain(error: BaseException, command: Command = TRAIN) -> str:
    """Return in one line what Hydra or OmegaConf refused, and the nearest right thing.

    Args:
        error: What was raised.
        command: The job whose configuration was composed.
    """
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
            return missing(key, command)
        case _, OmegaConfBaseException(full_key=str(key), msg=str(message)) if "is not in struct" in message:
            if key in command.defaults or key in command.root:  # removed by ~key, or by an empty list of choices
                return left_out(key, command)
            return no_such_key(key, cause.parent_node._get_root())
        case _, OmegaConfBaseException(full_key=key):
            return f"{key + ': ' if key else ''}{str(cause).splitlines()[0]}"
    message = one_line(error)
    if several := re.match("Ambiguous value for argument '(.*?)=(.*?)' ", message):
        key, values = several.groups()
        return f"{key}={values}: add -m to run once for each, or write {key}=[{values}] to give a list"
    return message


def no_such_key(key: str, tree: DictConfig) -> str:
    """Return the message that a configuration has no such key, and the one that was probably meant.

    The last word counts most: of ``lr``, that is ``model.lr``.
    """
    keys = [other for other in (*_keys(tree), *describe()) if other != key and not other.startswith(f"{key}.")]
    same = [other for other in keys if other.rpartition(".")[2] == key.rpartition(".")[2]]
    return f"{key}: no such key.{nearest(key, same) or (f' Did you mean {same[0]}?' if same else nearest(key, keys))}"


def refuse_odd_keys(cfg: DictConfig, command: Command = TRAIN) -> None:
    """Refuse a configuration with a key that its job does not know, or without a group that it needs.

    ``+key=value`` adds the one, and ``~group`` or an empty list of choices takes away the other.

    Raises:
        ConfigError: Naming the first such key.
    """
    known = {*command.root, *command.defaults, *describe(), "hydra"}
    if unknown := [str(key) for key in cfg if key not in known]:
        raise ConfigError(no_such_key(unknown[0], cfg))
    for group, choice in command.defaults.items():
        if choice is not None and "/" not in group and group not in cfg:
            raise ConfigError(left_out(group, command))


def left_out(key: str, command: Command = TRAIN) -> str:
    """Return the message that a key or a group of a job needs a value, and which one stands for nothing."""
    if "none" in describe().get(key, ()):
        return f"{key} cannot be left out: give {key}=none for none."
    return f"{key} cannot be left out: give {key}={'<choice>' if key in command.defaults else '<value>'}."


def missing(key: str, command: Command = TRAIN) -> str:
    """Return the message that a value must be given for a key of a job."""
    return f"{key} is missing: give {key}={placeholder(key, command)}"


def placeholder(key: str, command: Command = TRAIN) -> str:
    """Return what stands for the value of a key in a message: ``<folder>``, ``<text>``, ``<value>``."""
    return placeholder_of(text_kind_of(command, key))


def _keys(tree: DictConfig, prefix: str = "") -> Iterator[str]:
    for key in map(str, tree):
        yield f"{prefix}{key}"
        node = tree._get_node(key)
        if isinstance(node, DictConfig) and not node._is_none() and not node._is_missing():
            yield from _keys(node, f"{prefix}{key}.")
