"""Which pictures a run has one of, and their captions."""

from __future__ import annotations

from pathlib import Path

from handwriting.files import file_stamp
from handwriting.runs.summaries import RunSummary

EARLIER_CAPTIONS = {
    "training.gif": "From noise to letters",
    "walk.png": "The way from one glyph to another through the latent space",
    "latent.png": "The validation set in the latent space",
}
"""The captions of pictures of runs whose summary names none, as earlier versions wrote it."""


def single_pictures(run: RunSummary) -> dict[Path, str]:
    """Return the caption of each picture that a run has one of, by its file in the run folder.

    The names are data: one that is more than the name of a file is skipped.
    """
    captions = run.pictures or EARLIER_CAPTIONS
    return {
        run.path / name: caption
        for name, caption in captions.items()
        if name == Path(name).name and file_stamp(str(run.path / name))
    }
