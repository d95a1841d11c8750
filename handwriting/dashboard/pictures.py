"""The pictures of which a run has a single one, with their captions."""

from __future__ import annotations

from pathlib import Path

from handwriting.files import file_stamp
from handwriting.runs.summaries import RunSummary

EARLIER_CAPTIONS = {
    "training.gif": "From noise to letters",
    "walk.png": "The way from one glyph to another through the latent space",
    "latent.png": "The validation set in the latent space",
}
"""Captions for runs of earlier versions, whose summaries hold none."""


def single_pictures(run: RunSummary) -> dict[Path, str]:
    """Return the captions of a run's single pictures, such as an animation, by their files in the run folder.

    Names come from ``summary.json``: a name that is a path is skipped.
    """
    captions = run.pictures or EARLIER_CAPTIONS
    return {
        run.path / name: caption
        for name, caption in captions.items()
        if name == Path(name).name and file_stamp(str(run.path / name))
    }
