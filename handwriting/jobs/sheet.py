"""Print a text to copy by hand, and write its lines down: the transcript of the photograph that will be taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from handwriting.errors import ConfigError, DataError
from handwriting.fields import AnyPath, TextAsTyped
from handwriting.files import (
    expanded,
    link_target,
    named_file,
    refuse_overwriting,
    refuse_unwritable,
    refusing_unwritable,
    write_atomically,
)
from handwriting.jobs.arguments import Seed, Switch, read_arguments
from handwriting.jobs.given_text import given_text, shortened, text_file
from handwriting.labelling.copy_lines import copy_lines, copy_pages, is_right_to_left
from handwriting.labelling.copy_text import (
    COVERAGE_KINDS,
    GOALS,
    CoverageKind,
    choose_texts,
    count_signs,
)
from handwriting.text import counted, listed, shown

if TYPE_CHECKING:
    from collections import Counter

    from omegaconf import DictConfig

MAX_PAGES = 20
"""Pages of one sheet: more than anybody copies by hand."""
MAX_NAMED = 26
"""Characters or pairs that a printed line names."""
NOTES = 3
"""Lines of the instructions on each page."""
MAX_NOTE_CHARACTERS = 100
"""Characters of the longest instruction that names the files."""


@dataclass(frozen=True)
class Arguments:
    """The job's own keys; what each means stands in ``conf/sheet.yaml``."""

    out: AnyPath
    overwrite: Switch
    text: TextAsTyped | None
    repeat: Annotated[int, Field(strict=True, ge=1, le=MAX_PAGES)]
    seed: Seed
    paper: Literal["a4", "letter"]
    font: AnyPath | None


@dataclass(frozen=True)
class CopySheet:
    """What ``sheet`` wrote.

    Attributes:
        path: The PDF.
        texts: The plain text of each page.
        pages: The lines of each page; an empty one is a gap.
    """

    path: Path
    texts: tuple[Path, ...]
    pages: tuple[tuple[str, ...], ...]

    def _repr_png_(self) -> bytes:
        """Return the first page: a notebook shows the sheet as this picture."""
        from io import BytesIO

        import pypdfium2

        with BytesIO() as file:
            pypdfium2.PdfDocument(self.path)[0].render(scale=1).to_pil().save(file, "PNG")
            return file.getvalue()


def run(cfg: DictConfig) -> CopySheet:
    """Write the sheet that ``cfg`` describes and its plain text, print what the text shows of a hand, and return both.

    Raises:
        ConfigError: If a value is not allowed, or files of these names exist.
        DataError: If the text cannot be read or a file cannot be written; and once the plain text is written, if the
            PDF cannot show it.
    """
    arguments = read_arguments(Arguments, cfg)
    out = _pdf_path(arguments.out)
    refuse_unwritable(out)
    font = expanded(arguments.font) if arguments.font else None
    own_text = None if arguments.text is None else given_text(arguments.text, "copy")
    if own_text is not None and not copy_lines(own_text):
        raise ConfigError(f"text={shortened(arguments.text or '')} holds nothing to copy.")

    from handwriting.plots.copy_sheet import draw_pdf, lines_per_page, missing_glyphs, paper_limits

    if own_text is None:
        texts = [copy_lines(text) for text in choose_texts(arguments.repeat, arguments.seed)]
    else:
        texts = [copy_lines(own_text, paper_limits(arguments.paper, font))]
    pages = [page for lines in texts for page in copy_pages(lines, lines_per_page(arguments.paper, NOTES))]
    pages *= 1 if arguments.text is None else arguments.repeat
    if len(pages) > MAX_PAGES:
        raise ConfigError(
            f"text={shortened(arguments.text or '')} fills {len(pages):,} pages, and a sheet has {MAX_PAGES} at most. "
            "Give a shorter text."
        )
    files = _text_files(out, len(pages))
    names = _file_names([str(files[0]), *(file.name for file in files[1:])])
    if (source := text_file(arguments.text)) and any(source == file.resolve() for file in files):
        raise ConfigError(f"out={arguments.out} would replace {source.name}, the text itself: give another out=.")
    for file in files:
        refuse_unwritable(file)
    refuse_overwriting([out, *files], arguments.overwrite)
    everything = "".join(line for page in pages for line in page)
    photographs = [file.with_suffix(".jpg").name for file in files]
    copied = (
        f"put it next to the photograph of the same name, {photographs[0]}"
        if len(files) == 1
        else f"put each next to its own photograph, {_file_names(photographs)}"
    )
    obstacle = ""
    if is_right_to_left(everything):
        obstacle = "a text from right to left can be neither printed nor labelled yet. Give one from left to right"
        copied = "it is written from right to left, so it cannot be a transcript yet"
    elif missing := missing_glyphs(everything, font):
        obstacle = (
            f"its font has no glyph for {listed(missing, MAX_NAMED)}. Give font=<a TrueType file that has them>, or "
            f"copy {names} from the screen"
        )
    content = None if obstacle else draw_pdf(pages, list(map(_notes, files)), arguments.paper, font)

    with refusing_unwritable(out):
        for file, page in zip(files, pages, strict=True):
            write_atomically(link_target(file), _writing("\n".join([*page, ""]).encode()))
        if content is not None:
            write_atomically(link_target(out), _writing(content))
    print("\n".join(f"{title:12} {value}" for title, value in _summary(pages)))
    if content is not None:
        print(f"{'sheet':12} {out}")
    print(f"{'text':12} {names}: {copied}")
    if obstacle:
        raise DataError(f"{out} is not written: {obstacle}.")
    return CopySheet(out, tuple(files), tuple(map(tuple, pages)))


def _pdf_path(out: str) -> Path:
    """Return the path of the PDF, with its ending.

    Raises:
        ConfigError: If ``out`` is no name of a file, or has the ending of another kind of file.
    """
    path = named_file(out, [".pdf"], "copy_me.pdf")
    if path.suffix.lower() != ".pdf":
        raise ConfigError(f"out={out}: the sheet is a PDF. Give {path.with_suffix('.pdf')}; its text goes next to it.")
    return path


def _text_files(out: Path, pages: int) -> list[Path]:
    """Return the file of each page's plain text."""
    if pages == 1:
        return [out.with_suffix(".txt")]
    return [out.with_name(f"{out.stem}_{number}.txt") for number in range(1, pages + 1)]


def _notes(file: Path) -> list[str]:
    """Return the instructions on the page whose plain text is in ``file``, ``NOTES`` lines."""
    from handwriting.plots.copy_sheet import missing_glyphs

    name = f"Name the photograph {file.stem}.jpg and put {file.name} next to it"
    if len(name) > MAX_NOTE_CHARACTERS or missing_glyphs(name) or is_right_to_left(name):
        name = "Give the photograph the name of the text file and put both into one folder"
    return [
        "Copy this text with your usual pen on any paper: one line of writing for each line.",
        "Leave out what you cannot write. Strike out a mistake and go on. Then photograph the page from above.",
        f"{name}: nobody then asks you what it says.",
    ]


def _summary(pages: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield the printed lines about what the text shows of a hand, each with its title."""
    lines = [line for page in pages for line in page if line]
    counts = count_signs("\n".join(lines))
    where = counted(len(lines), "line") + (f", {len(pages)} pages" if len(pages) > 1 else "")
    yield "words", f"{sum(len(line.split()) for line in lines):,} on {where}"
    is_latin = any(counts[letter] for letter in COVERAGE_KINDS[0].keys)
    foreign = [sign for sign in counts if len(sign) == 1 and sign.isalpha() and not sign.isascii()]
    for kind in COVERAGE_KINDS:
        if kind.name == "pairs" and is_latin and foreign:
            yield (
                kind.name,
                f"not counted: the list is English, and the text has other letters: {listed(foreign, MAX_NAMED)}",
            )
        elif is_latin or kind.name in ("digits", "marks"):
            yield kind.name, _covered(kind, counts)
    if others := {sign: count for sign, count in counts.most_common() if len(sign) == 1 and sign not in GOALS}:
        few = sum(count < COVERAGE_KINDS[0].goal for count in others.values())
        share = f"{few:,} of them " if few < len(others) else "all " if few > 1 else ""
        rare = f", {share}fewer than {COVERAGE_KINDS[0].goal} times" if few else ""
        yield "others", f"{counted(len(others), 'character')}{rare}: {_named_counts(others)}"


def _covered(kind: CoverageKind, counts: Counter[str]) -> str:
    """Return how many of a kind stand often enough in a text, and which do not."""
    absent = [key for key in kind.keys if not counts[key]]
    few = {key: counts[key] for key in kind.keys if 0 < counts[key] < kind.goal}
    often = {1: "once", 2: "twice"}.get(kind.goal, f"{kind.goal} times")
    parts = [f"{len(kind.keys) - len(absent) - len(few)} of {len(kind.keys)} at least {often}"]
    if few:
        parts.append(f"too few: {_named_counts(few)}")
    if absent:
        parts.append(f"absent: {listed(absent, MAX_NAMED)}")
    if len(parts) == 1:
        rarest = min(kind.keys, key=counts.__getitem__)
        parts.append(f"rarest: {shown(rarest)} {counts[rarest]}")
    return "; ".join(parts)


def _named_counts(counts: Mapping[str, int]) -> str:
    """Return characters or pairs in one line with their counts, at most ``MAX_NAMED``."""
    words = [f"{shown(sign)} {count}" for sign, count in counts.items()]
    more = f" and {len(words) - MAX_NAMED:,} more" if len(words) > MAX_NAMED else ""
    return ", ".join(words[:MAX_NAMED]) + more


def _file_names(names: Sequence[str]) -> str:
    """Return the numbered names of files in a few words.

    >>> [_file_names(["a_1", "a_2", "a_3"][:count]) for count in (1, 2, 3)]
    ['a_1', 'a_1 and a_2', 'a_1 to a_3']
    """
    return names[0] if len(names) == 1 else f"{names[0]} {'and' if len(names) == 2 else 'to'} {names[-1]}"


def _writing(content: bytes) -> Callable[[IO[bytes]], object]:
    return lambda file: file.write(content)
