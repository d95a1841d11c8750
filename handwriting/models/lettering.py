"""A trained model as what draws the letters of a message."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handwriting.errors import ConfigError
from handwriting.glyphs import Glyphs
from handwriting.models.loading import load
from handwriting.models.sampling import sample_glyphs
from handwriting.runs import Run
from handwriting.text import shown
from handwriting.writing.model_letters import ModelLetters


def letters_of(run: str | Path | Run, seed: int = 0) -> ModelLetters:
    """Return the letters of a run's model, which is asked for them by name; no data set is needed.

    A model that is conditioned on the style as well draws all letters in one, which depends on the seed.

    Args:
        run: A run or its folder, or a checkpoint file.
        seed: The seed of what it draws.

    Raises:
        RunError: If there is no such run, or no checkpoint in it that can be loaded safely.
        ConfigError: If its model does not draw a class on request, or none of its classes is a single character.
    """
    model = load(run)
    where = run.path if isinstance(run, Run) else run
    if "class" not in model.conditions:
        drawn = "any style, but no class," if model.conditions else "without classes, so no letter"
        raise ConfigError(
            f"run={where}: this model draws {drawn} on request. Train one that does, on labelled data: "
            "model=cgan or model=cvae, with class in model.conditions."
        )
    styles = None
    if "style" in model.conditions:
        styles = [model.style_names[seed % len(model.style_names)]]

    def draw(characters: Sequence[str], count: int, of: int) -> Glyphs:
        return sample_glyphs(model, count, characters, styles, of)

    letters = ModelLetters(model.alphabet, draw, seed)
    if not letters.alphabet:
        names = ", ".join(map(shown, model.alphabet[:5]))
        raise ConfigError(f"run={where}: none of its {len(model.alphabet)} classes is a character to write ({names}).")
    return letters
