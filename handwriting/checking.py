"""Arguments checked against the type hints of a class: the words are the same in Python and on the command line.

Nothing here imports torch, nor pydantic before something is checked.
"""

from __future__ import annotations

import inspect
import re
from abc import ABCMeta
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from handwriting.errors import ConfigError, nearest
from handwriting.fields import as_list, hint_at, parameters_of, placeholder_of, text_kind

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

T = TypeVar("T")


class Checked(ABCMeta):
    """The type of classes whose arguments are checked and converted whenever one is built.

    A metaclass, and no wrapped ``__init__``: a subclass is checked whether it is a dataclass or defines ``__init__``,
    and whichever decorator comes last.

    Attributes:
        _section: The section of the configuration that the arguments stand in, such as ``data``; messages name
            ``data.image_size``. A class that sets none is named itself: ``SampleGrids.rows``.
    """

    _section: str

    def __call__(cls: type[T], *args: Any, **settings: Any) -> T:
        """Build an instance.

        Raises:
            ConfigError: With one line for each value that does not fit, and for each name that is no argument.
        """
        _, *parameters = inspect.signature(cls.__init__).parameters.values()
        names = [parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
        by_position = dict(zip(names, args, strict=False))
        checked = validate(cls, {**settings, **by_position}, getattr(cls, "_section", cls.__name__))
        # One argument given twice, and one too many, Python refuses itself.
        values = (*(checked[name] for name in by_position), *args[len(by_position) :])
        return type.__call__(cls, *values, **{name: checked[name] for name in settings})

    @property
    def __signature__(cls) -> inspect.Signature:
        """The arguments, which ``help`` would otherwise show as those of :meth:`__call__`."""
        signature = inspect.signature(cls.__init__)  # type: ignore[misc]
        return signature.replace(parameters=[*signature.parameters.values()][1:])


def construct(cls: type, values: Mapping[str, Any]) -> Any:
    """Build an instance from values that :func:`validate` has returned; they are not checked again."""
    return type.__call__(cls, **values) if isinstance(cls, Checked) else cls(**values)


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

    parameters, is_open = parameters_of(cls)
    names = [_joined(where, name) for name in parameters]
    if unknown := [] if is_open else [_joined(where, name) for name in values if name not in parameters]:
        raise ConfigError("\n".join(f"{name}: no such key.{nearest(name, names)}" for name in unknown))
    # All arguments as one typed dictionary: pydantic then checks them together and reports every mistake at once.
    make: Any = TypedDict
    arguments = make("arguments", parameters)
    arguments.__pydantic_config__ = ConfigDict(
        arbitrary_types_allowed=True, coerce_numbers_to_str=True, allow_inf_nan=False, extra="forbid"
    )
    given = {key: as_list(value, parameters[key]) for key, value in values.items() if key in parameters}
    try:
        checked = TypeAdapter(arguments).validate_python(given)
    except ValidationError as error:
        raise ConfigError("\n".join(_refusals(error, cls, values, where))) from error
    except PydanticUserError:
        if is_ours(cls):
            raise
        return values  # a hint that pydantic cannot read: the constructor judges for itself
    return {**values, **checked}


def is_ours(cls: type) -> bool:
    """Whether a class is of this package."""
    return cls.__module__.startswith("handwriting.")


def _joined(where: str, key: str | int) -> str:
    return f"{where}.{key}" if where else str(key)


def _refusals(error: ValidationError, cls: type, values: dict[str, Any], where: str) -> list[str]:
    """Return one line for each refused value; the several reasons of a union become one."""
    problems: dict[str, list[ErrorDetails]] = {}
    for problem in error.errors(include_url=False):
        key = where
        inside: Any = values
        for step in problem["loc"]:  # some steps are keys and indices, others name a member of a union
            if isinstance(inside, dict) and (step in inside or problem["type"] == "missing"):
                key, inside = _joined(key, step), inside.get(step)
            elif isinstance(inside, list | tuple) and isinstance(step, int):
                key, inside = _joined(key, step), dict(enumerate(inside)).get(step)
        problems.setdefault(key, []).append(problem)
    return [_refusal(key, same_key, cls, where) for key, same_key in problems.items()]


def _refusal(key: str, problems: list[ErrorDetails], cls: type, where: str) -> str:
    kind, value = problems[0]["type"], problems[0]["input"]
    if kind == "missing":
        declared = text_kind(hint_at(cls, key.removeprefix(f"{where}.")))
        return f"{key} is missing: give {key}={placeholder_of(declared.kind if declared else None)}"
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{key}: no such key."
    if all(problem["type"] == "literal_error" for problem in problems):
        quoted = " or ".join(problem["ctx"]["expected"] for problem in problems)
        choices = list(dict.fromkeys(choice.strip("'") for choice in re.split(", | or ", quoted)))
        listed = " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]]))
        return f"{key}={value} is not allowed: choose {listed}.{nearest(str(value), choices)}"
    texts = [str(problem["msg"]).removeprefix("Value error, ") for problem in problems]
    if all(text.startswith("Input should be ") for text in texts):
        # What follows the comma describes how pydantic tried to read the value.
        reasons = (text.removeprefix("Input should be ").partition(", ")[0] for text in texts)
        reasons = (reason.replace("a valid boolean", "true or false") for reason in reasons)
        return f"{key}={value}: must be {' or '.join(dict.fromkeys(reasons))}."
    return f"{key}={value}: {'; '.join(dict.fromkeys(texts))}."
