"""The classifier of synthetic glyphs that comes with the package, made anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from handwriting.fields import AnyPath
from handwriting.files import refuse_overwriting
from handwriting.jobs.arguments import Switch, read_arguments


@dataclass(frozen=True)
class Arguments:
    """The command's own keys; what each means stands in ``benchmarks/conf/classifier.yaml``."""

    out: AnyPath | None
    overwrite: Switch


def run(cfg: DictConfig) -> Path:
    """Train the classifier, write its weights in half precision, print how it does, and return the file.

    Raises:
        ConfigError: If the file exists.
    """
    arguments = read_arguments(Arguments, cfg)
    from handwriting.features.cache import described
    from handwriting.features.synthetic import FILE, RECIPE, in_half_precision, recipe_fingerprint, synthetic_glyphs
    from handwriting.features.training import train
    from handwriting.runs import checkpoints

    out = Path(arguments.out).expanduser() if arguments.out else FILE
    refuse_overwriting([out], arguments.overwrite)
    training, test = synthetic_glyphs()
    classifier = train(RECIPE, training)
    # Its accuracy and its hash are those of the rounded weights.
    classifier.load_state_dict(in_half_precision(classifier.state_dict()))
    known = described(classifier, training.alphabet, test)
    shipped = {**known, "recipe": recipe_fingerprint(), "weights": in_half_precision(known["weights"])}
    checkpoints.save(shipped, out)
    print(f"accuracy     {shipped['accuracy']:.1%} on {shipped['tested']:,} test glyphs")
    print(f"weights      {out}, {out.stat().st_size / 1000:,.0f} kB, {shipped['hash']}")
    return out
