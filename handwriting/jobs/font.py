"""Make an OpenType font of a hand."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from handwriting.errors import ConfigError
from handwriting.fields import AnyPath, FolderPath, FreeText
from handwriting.files import (
    REPORTS,
    expanded,
    link_target,
    named_file,
    refuse_overwriting,
    refuse_unwritable,
    refusing_unwritable,
    write_atomically,
)
from handwriting.interruption import saying_if_stopped
from handwriting.jobs.arguments import Seed, Switch, read_arguments
from handwriting.progress import step
from handwriting.text import counted, listed, printable

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from handwriting.writing.fonts.hand_font import HandFont

MAX_NAME = 31
"""Characters of the longest name that every program lists: Windows cuts longer ones off."""
MAX_TEXT = 5_000
"""Characters of the longest text within a font."""
MAX_DRAWINGS = 9
"""Drawings of one letter: with more, the rules by which they take turns look less far back."""
MAX_NAMED = 60
"""Characters that a printed line names."""
SUFFIX = ".otf"


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/font.yaml``."""

    hand: FolderPath
    out: AnyPath | None
    name: FreeText | None
    designer: FreeText | None
    copyright: FreeText | None
    licence: FreeText | None
    version: FreeText
    drawings: Annotated[int, Field(strict=True, ge=1, le=MAX_DRAWINGS)]
    seed: Seed
    overwrite: Switch


@dataclass(frozen=True)
class FontFile:
    """What ``font`` wrote.

    Attributes:
        path: The file.
        family: The name in menus.
        glyphs: The number of its glyphs.
        characters: What it can write, the space excluded.
        drawn: Characters that the hand lacks and its pen has drawn.
        composed: Letters that the hand lacks, made of a letter and its accents.
    """

    path: Path
    family: str
    glyphs: int
    characters: str
    drawn: str
    composed: str


@saying_if_stopped("No font is written; the same command begins again.")
def run(cfg: DictConfig) -> FontFile:
    """Write the font of the hand that ``cfg`` names, print what it holds, and return the same.

    Raises:
        ConfigError: If a value is not allowed, or the file exists.
        DataError: If the folder is no hand, a file of it cannot be read, or the font cannot be written.
    """
    arguments = read_arguments(Arguments, cfg)
    family = _family(arguments)
    out = _font_path(arguments.out, family)
    _refuse_texts(arguments)
    refuse_unwritable(out)
    refuse_overwriting([out], arguments.overwrite)

    made, content = _made(arguments, family)
    with refusing_unwritable(out):
        write_atomically(link_target(out), lambda file: file.write(content))
    for title, value in _summary(made, out, family, len(content)):
        _say(title, value)
    return FontFile(
        out, family, len(made.specification.glyphs), made.characters, "".join(made.drawn), "".join(made.composed)
    )


def _made(arguments: Arguments, family: str) -> tuple[HandFont, bytes]:
    """Return the font and its bytes, and print each step as it begins."""
    from handwriting.machine import on_one_core
    from handwriting.pages.hand_file import read_hand
    from handwriting.pages.hand_folder import open_hand
    from handwriting.pages.source_words import read_source_words
    from handwriting.writing.bank import Bank
    from handwriting.writing.fonts.building import build_font
    from handwriting.writing.fonts.hand_font import hand_font
    from handwriting.writing.fonts.specification import FontNames

    names = FontNames(
        family,
        version=arguments.version,
        copyright=arguments.copyright or "",
        licence=arguments.licence or "",
        designer=arguments.designer or "",
    )
    with on_one_core():
        _say("reading", f"the words of {printable(arguments.hand)}")
        with step("reading the words"):
            folder = open_hand(arguments.hand)
            bank = Bank(read_source_words(folder))
        _say("measuring", f"{counted(len(bank.drawings), 'drawing')} in {counted(len(bank.words), 'word')}")
        with step("measuring the hand"):
            hand = read_hand(folder, lambda: bank)
        _say("drawing", "what the hand lacks, and the outlines of all glyphs")
        with step("drawing the glyphs"):
            made = hand_font(bank, hand, names, drawings=arguments.drawings, seed=arguments.seed)
        _say("building", f"a font of {counted(len(made.specification.glyphs), 'glyph')}")
        with step("building the font"):
            return made, build_font(made.specification)


def _say(title: str, line: str) -> None:
    """Print a line at once, for it may be long until the next one."""
    print(f"{title:12} {printable(line)}", flush=True)


def _family(arguments: Arguments) -> str:
    """Return the name of the font.

    Raises:
        ConfigError: If programs could not list it.
    """
    if arguments.name is None:
        folder = expanded(arguments.hand).resolve().name
        name = " ".join(re.sub(r"[^\w\s'&+.-]|_", " ", folder).split())[:MAX_NAME].strip()
        return name or "Handwriting"
    name = " ".join(arguments.name.split(" ")).strip()
    odd = [sign for sign in name if sign in "/\\" or unicodedata.category(sign)[0] == "C"]
    if not name:
        problem = "is empty"
    elif odd:
        problem = f"holds {odd[0]!r}, which names of fonts may not"
    elif len(name) > MAX_NAME:
        problem = f"has {len(name):,} characters, and programs list {MAX_NAME} at most"
    else:
        return name
    raise ConfigError(f"name={printable(arguments.name)[: 2 * MAX_NAME]} {problem}. Give one such as name='My Hand'.")


def _font_path(out: str | None, family: str) -> Path:
    """Return the path of the font, with its ending.

    Raises:
        ConfigError: If ``out`` is no name of a file, or has the ending of another kind of file.
    """
    if not out:
        return REPORTS / ("".join(family.split()) + SUFFIX)
    path = named_file(out, [SUFFIX], f"MyHand{SUFFIX}")
    if path.suffix.lower() != SUFFIX:
        raise ConfigError(f"out={out}: the font is an OpenType file. Give {path.with_suffix(SUFFIX)}.")
    return path


def _refuse_texts(arguments: Arguments) -> None:
    for key in ("designer", "copyright", "licence"):
        text = getattr(arguments, key) or ""
        if len(text) > MAX_TEXT:
            raise ConfigError(f"{key} has {len(text):,} characters, and a font holds {MAX_TEXT:,} at most: shorten it.")
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            raise ConfigError(f"{key} is not text in the encoding of your terminal: type it again.")
    if not re.fullmatch(r"\d{1,3}\.\d{1,3}", arguments.version):
        raise ConfigError(f"version={printable(arguments.version)}: give two numbers, such as version=1.000.")


def _summary(made: HandFont, out: Path, family: str, size: int) -> Iterator[tuple[str, str]]:
    """Yield the printed lines about the font, each with its title."""
    yield "font", f"{out}, {size / 1000:,.0f} kB; its name in menus is {family}"
    glyphs = counted(len(made.specification.glyphs), "glyph")
    yield "glyphs", f"{glyphs} for {counted(len(made.characters), 'character')}, of {counted(made.drawings, 'drawing')}"
    if made.classes:
        together = f", and {listed(made.pieces)} as they were written" if made.pieces else ""
        yield "joins", f"at {counted(made.classes, 'height')}{together}"
    if made.drawn:
        yield "drawn", f"in the hand's pen, for it lacks them: {listed(made.drawn, MAX_NAMED)}"
    yield "install", "open the file and choose Install; on Linux: cp " + shlex.quote(str(out)) + " ~/.local/share/fonts"
    yield "use", "with contextual alternates on, as in browsers and LibreOffice; in Word: Font > Advanced"
