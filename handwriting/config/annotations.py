"""What a class annotates its fields with, read from its source: importing a model takes seconds, reading it none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

NUMBERS = frozenset({"int", "float", "bool", "PositiveInt", "NonNegativeInt", "PositiveFloat", "NonNegativeFloat"})
"""Names that annotate a number; with them alone, a field holds no text."""
_MOST_STEPS = 20
"""Imports and base classes that are followed to a declaration; no class of ours needs a third of them."""


def numbers_of(target: str, field: str) -> frozenset[str]:
    """Return the names of :data:`NUMBERS` that annotate a field of a class, or an argument of its constructor.

    >>> sorted(numbers_of("handwriting.models.cgan.CGAN", "lr")), numbers_of("handwriting.models.cgan.CGAN", "loss")
    (['PositiveFloat'], frozenset())

    Args:
        target: The full name of the class.
        field: The name of the field, which a base class may declare.

    Returns:
        The names; none where the field may hold anything else, or no declaration is found.
    """
    found = _annotation(target, field)
    return frozenset(_numbers(*found, _MOST_STEPS) or ()) if found else frozenset()


def annotation_of(target: str, field: str) -> ast.expr | None:
    """Return the type of a field as the source of its class, or of a base class, annotates it; None where none does.

    Args:
        target: The full name of the class.
        field: The name of the field.
    """
    found = _annotation(target, field)
    return found[0] if found else None


def _annotation(target: str, field: str) -> tuple[ast.expr, str] | None:
    module, _, name = target.rpartition(".")
    return next(_annotations(module, name, field, _MOST_STEPS), None)


def _numbers(annotation: ast.expr, module: str, steps: int) -> set[str] | None:
    """Return the names of numbers in an annotation; None where it may be anything else."""
    match annotation:
        case ast.Constant(value=None):
            return set()
        case ast.Name(id=name) if name in NUMBERS:
            return {name}
        case ast.Name(id=name) if steps:
            for home, tree in _homes(module, name, steps):
                for line in tree.body:
                    if isinstance(line, ast.Assign) and [ast.unparse(target) for target in line.targets] == [name]:
                        return _numbers(line.value, home, steps - 1)
            return None
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, *_])):
            return _numbers(inner, module, steps)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return _numbers(inner, module, steps)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            parts = [left, right]
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=parts)):
            pass
        case _:
            return None
    inner_numbers = [_numbers(part, module, steps) for part in parts]
    return None if None in inner_numbers else set().union(*filter(None, inner_numbers))


def _annotations(module: str, name: str, field: str, steps: int) -> Iterator[tuple[ast.expr, str]]:
    """Yield the annotations of a field with their modules, those of the class itself first."""
    for home, tree in _homes(module, name, steps):
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                yield from ((annotation, home) for annotation in _declared(node, field))
                for base in node.bases:
                    if isinstance(base, ast.Name):
                        yield from _annotations(home, base.id, field, steps - 1)


def _homes(module: str, name: str, steps: int) -> Iterator[tuple[str, ast.Module]]:
    """Yield the modules that a name may be defined in: its own, and those that it is imported from."""
    tree = _source_of(module)
    if tree is None or steps <= 0:
        return
    yield module, tree
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if alias.name == name and alias.asname in (None, name):
                    yield from _homes(node.module, name, steps - 1)


def _declared(node: ast.ClassDef, field: str) -> Iterator[ast.expr]:
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.target.id == field:
            yield line.annotation
        elif isinstance(line, ast.FunctionDef) and line.name == "__init__":
            arguments = (*line.args.args, *line.args.kwonlyargs)
            yield from (given.annotation for given in arguments if given.arg == field and given.annotation)


@cache
def _source_of(module: str) -> ast.Module | None:
    """Return the source of a module, found without importing the packages that it is in."""
    package, *parts = module.split(".")
    try:
        spec = find_spec(package)
    except ValueError:  # a module without a file of its own, such as one that code has made
        return None
    for home in spec.submodule_search_locations or () if spec else ():
        path = Path(home, *parts)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                try:
                    return ast.parse(file.read_bytes())
                except (SyntaxError, ValueError):  # importing it says what is wrong
                    return None
    return None
