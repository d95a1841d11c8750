"""Composing, checking and building what a configuration names, before any work starts.

Nothing heavy is imported here: the classes that a configuration names are imported when they are built.
"""

from handwriting.config.building import build, check, class_of, create, plain_section
from handwriting.config.choices import choices_of, describe, jobs
from handwriting.config.composing import compose
from handwriting.config.declarations import Command
from handwriting.config.folders import CONF, EXPERIMENTS
from handwriting.config.messages import explain, missing, placeholder, refuse_odd_keys
from handwriting.config.reading import load_config, plain_config
from handwriting.config.trust import INSTALLED, Trust, targets, trust_of_command
from handwriting.config.words import hydra_overrides, quote, quoted, typed_command, usual_command

__all__ = [
    "CONF",
    "EXPERIMENTS",
    "INSTALLED",
    "Command",
    "Trust",
    "build",
    "check",
    "choices_of",
    "class_of",
    "compose",
    "create",
    "describe",
    "explain",
    "hydra_overrides",
    "jobs",
    "load_config",
    "missing",
    "placeholder",
    "plain_config",
    "plain_section",
    "quote",
    "quoted",
    "refuse_odd_keys",
    "targets",
    "trust_of_command",
    "typed_command",
    "usual_command",
]
