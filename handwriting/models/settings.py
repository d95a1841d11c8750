"""Settings as annotated fields of a class: what a model takes, what is checked, and what its checkpoint keeps."""

# Annotations stay objects here (no `from __future__ import annotations`): settings are checked against them.

from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, dataclass_transform

import pytorch_lightning as pl

from handwriting.checking import Checked


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(field,))
class SettingsModule(pl.LightningModule, metaclass=Checked):
    """A LightningModule whose annotated fields are its settings, checked whenever it is built.

    Every subclass becomes a keyword-only dataclass by itself, without a decorator::

        class Narrow(CGAN):
            channels: PositiveInt = 16

    ``Narrow(channels=-1)`` raises the :class:`~handwriting.errors.ConfigError` that ``model.channels=-1`` raises on the
    command line. A value is converted in the same way, too: a list becomes the tuple that the field declares.
    """

    _section: ClassVar[str] = "model"
    _declared_fields: ClassVar[dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make the subclass a dataclass.

        Raises:
            TypeError: If it defines ``__init__``, which would bypass settings, checks and checkpoints.
        """
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            raise TypeError(
                f"{cls.__qualname__} defines __init__. Declare its settings as annotated fields instead, check them in "
                "check(), and create its networks in build_networks()."
            )
        for base in cls.__mro__[1:]:
            _restore_fields(base)
        dataclass(eq=False, repr=False, kw_only=True)(cls)
        cls._declared_fields = vars(cls)["__dataclass_fields__"]
        # What a second decorator, @dataclass, finds defined it leaves: by its own __eq__ a module could not be hashed,
        # and a factory that is gone would be no default.
        for name in ("__eq__", "__hash__", "__repr__"):
            setattr(cls, name, getattr(cls, name))
        for item in fields(cls):  # type: ignore[arg-type]
            if item.default_factory is not MISSING and item.name in cls.__annotations__:
                setattr(cls, item.name, item)

    def __post_init__(self) -> None:
        """Initialise the LightningModule; a subclass that overrides this calls it first."""
        _restore_fields(type(self))
        super().__init__()

    def settings(self) -> dict[str, Any]:
        """Return the arguments that build this model again: plain values only."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.init}  # type: ignore[arg-type]

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the default of each setting that has one, by name."""
        return {item.name: item.default for item in fields(cls) if item.default is not MISSING}  # type: ignore[arg-type]


def _restore_fields(cls: type) -> None:
    """Undo what another ``@dataclass`` on the class forgets: fields with a factory, and fields that nobody may set."""
    if "_declared_fields" in vars(cls):
        cls.__dataclass_fields__ = cls._declared_fields  # type: ignore[attr-defined]
