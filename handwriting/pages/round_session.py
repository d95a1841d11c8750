"""A person labels the characters of a segmented folder in rounds: in the terminal, or by files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handwriting.data.preparation.own_scale import OwnScale
from handwriting.errors import ConfigError, DataError
from handwriting.labelling.answers import JUNK, SheetAnswer, describe_label, read_answer
from handwriting.labelling.fixed_clusters import Asking
from handwriting.labelling.rounds import RoundSheet
from handwriting.pages.boxes import BoxRow
from handwriting.pages.folder import SegmentedFolder
from handwriting.pages.labels import LabelRow, character_key, has_labels, read_labels, write_labels
from handwriting.pages.names import LABELS_FILE
from handwriting.pages.round_files import (
    ROUND_LABELS,
    ROUNDS_FOLDER,
    SHEET_FILE,
    AnswerLog,
    LoggedAnswer,
    last_round,
    read_round,
    remove_untouched_rounds,
    round_folder,
    save_picture,
    write_round,
)
from handwriting.plots.round_sheet import draw_round_sheet
from handwriting.text import counted, printable

SQUARE = 96
"""Side of the pictures of glyphs on sheets, in pixels."""
HELP = (
    "a: all are a.  a -3 -17, a 3 17 or a 1-5: all but these are a.  mixed: too many differ.  "
    "junk: these are no characters.  undo: take the last answer back.  "
    "quit: stop here; the same command goes on later.  help: show this again."
)


@dataclass
class RoundSession:
    """One person's work on the characters of a segmented folder.

    Attributes:
        folder: The folder.
        rows: The characters at hand: those whose pictures are still there.
        glyphs: The same characters, each filling its square, uint8 ``(N, 1, S, S)``.
        log: The file of answers.
        start: Returns a labelling without any answer.
        written: What a person wrote into ``labels.csv`` besides; it holds where it contradicts the log.
        show: Prints a line.
    """

    folder: SegmentedFolder
    rows: Sequence[BoxRow]
    glyphs: NDArray[np.uint8]
    log: AnswerLog
    start: Callable[[], Asking]
    written: Sequence[SheetAnswer] = ()
    show: Callable[[str], object] = print

    def __post_init__(self) -> None:
        """Take the answers so far."""
        self._restart()

    def _restart(self) -> None:
        self.asking = self.start()
        answers = [logged.answer for logged in self.log.read()]
        for answer in (*answers, *self.written):
            self.asking.answer(answer)
        self.answered = len(answers)  # without what is written in labels.csv
        self._taken_back = self.log.taken_back()

    def next_sheet(self) -> RoundSheet | None:
        """Return the sheet to ask about in the terminal; None where everything is named.

        It is the one whose answer was taken back last, with the same numbers, until something else is answered.
        """
        if self._taken_back:
            return self.asking.sheet_of(self._taken_back)
        return next(iter(self.asking.sheets()), None)

    @cached_property
    def _x_heights(self) -> dict[str, float]:
        return self.folder.x_heights()

    def squares(self, glyphs: Sequence[int]) -> NDArray[np.uint8]:
        """Return pictures of the characters of a sheet, bright ink on dark, uint8 ``(n, S, S)``.

        All have one scale, at which the largest of them just fit: small letters are hard to tell apart at the scale of
        the tallest of the hand. Where the x-height of a page is unknown, each fills its square.
        """
        rows, x_heights = [self.rows[glyph] for glyph in glyphs], self._x_heights
        if {row.page for row in rows} - x_heights.keys():
            return self.glyphs[list(glyphs), 0]
        above, below = (np.array([getattr(row, name) for row in rows]) for name in ("above", "below"))
        widths = np.array([row.w / x_heights[row.page] for row in rows])
        scale = OwnScale.fitting(above, below, widths, SQUARE)
        return np.stack([scale.place(self.folder.crop(row), x_heights[row.page], row.above, row.below) for row in rows])

    def take(self, answers: Sequence[SheetAnswer], round_number: int | None = None) -> None:
        """Keep answers in the log, then learn from them."""
        self.log.add(answers, round_number)
        corrected = {glyph for answer in self.written for glyph in answer.shown}
        if any(corrected.intersection(answer.shown) for answer in answers):
            self._restart()  # so that what is written holds: a sheet that comes once more may show corrected glyphs
            return
        for answer in answers:
            self.asking.answer(answer)
        self.answered += len(answers)
        self._taken_back = ()

    def standing(self, answer: SheetAnswer) -> str:
        """Return what was recorded of an answer, and where the whole work stands."""
        count = counted(len(answer.shown if answer.label is None else answer.named), "glyph")
        struck = f", {len(answer.wrong):,} struck out" if answer.wrong else ""
        word = answer.label or describe_label(answer.label)
        named, recognised = self.asking.recognised()
        return (
            f"{word}: {count}{struck}. You have named {named:,} of {len(self.rows):,}; "
            f"the program recognises {recognised:,} more."
        )

    def undo(self) -> str:
        """Take back the last answer, or the last round by files, and return a line that says which.

        The round by files is open again, as the person filled it in. The rounds after it were chosen by its answers,
        and are removed.

        Raises:
            DataError: If a person has changed one of those; nothing is taken back then.
        """
        answers = self.log.read()
        if not answers:
            return "There is no answer to take back."
        last = answers[-1].round
        if last is not None:
            remove_untouched_rounds(self.folder.path, last)
        taken = self.log.undo()
        self._restart()
        return f"taken back: {self._described(taken)}"

    def _described(self, taken: Sequence[LoggedAnswer]) -> str:
        """Return answers in words: one by its text, those of a round by its folder."""
        number, answer = taken[-1].round, taken[-1].answer
        if number is not None:
            folder = round_folder(self.folder.path, number)
            return f"{folder}, {counted(len(taken), 'answer')}. Correct the files there; ask=files reads them again."
        struck = "".join(f" -{place}" for place, glyph in enumerate(answer.shown, 1) if glyph in set(answer.wrong))
        word = answer.label or describe_label(answer.label)
        return f"{word}{struck} on {counted(len(answer.shown), 'glyph')}"


def person_rows(folder: SegmentedFolder, overwrite: bool) -> dict[tuple[str, int, int, int], LabelRow]:
    """Return the labels in ``labels.csv`` that a person gave; there may be some that no sheet asked for.

    Args:
        folder: The segmented folder.
        overwrite: Whether labels by a transcript may be replaced.

    Raises:
        ConfigError: If there are labels by a transcript, and they may not be replaced.
        DataError: If the file cannot be read.
    """
    if not has_labels(folder):
        return {}
    rows = read_labels(folder)
    if not overwrite and any(row.by == "transcript" for row in rows.values()):
        raise ConfigError(
            f"{folder.path / LABELS_FILE} holds labels by a transcript. Give overwrite=true to replace them; those by "
            "a person stay."
        )
    return {key: row for key, row in rows.items() if row.by == "person"}


def corrections(
    rows: Sequence[BoxRow], by_person: dict[tuple[str, int, int, int], LabelRow], answers: Sequence[SheetAnswer]
) -> list[SheetAnswer]:
    """Return what a person wrote into ``labels.csv`` besides the answers to sheets.

    The table is the later word: where it contradicts an answer to a sheet, it holds.

    Args:
        rows: The characters at hand.
        by_person: The rows of ``labels.csv`` that a person gave.
        answers: The answers to sheets.
    """
    said = {glyph: answer.label for answer in answers for glyph in answer.named}
    changed: dict[str, list[int]] = {}
    for glyph, row in enumerate(rows):
        written = by_person.get(character_key(row))
        if written is not None and said.get(glyph) != written.label:
            changed.setdefault(written.label, []).append(glyph)
    return [SheetAnswer(tuple(glyphs), label) for label, glyphs in changed.items()]


def ask_in_terminal(session: RoundSession, read: Callable[[str], str]) -> None:
    """Ask sheet by sheet until everything is named, or the person quits or ends the input.

    Args:
        session: The work.
        read: Shows a prompt and returns what was typed; raises UnicodeError where that is no text.
    """
    session.show(HELP)
    picture = session.folder.path / ROUNDS_FOLDER / SHEET_FILE
    while sheet := session.next_sheet():
        save_picture(draw_round_sheet(session.squares(sheet.glyphs), _title(sheet)), picture)
        session.show(f"{picture}: {_title(sheet)} {counted(len(sheet.glyphs), 'glyph')}")
        while True:
            try:
                text = read(f"answer {session.answered + 1}> ").strip()
            except EOFError:
                return
            except UnicodeError:
                session.show("That is not text in the encoding of your terminal. Type it again, or a Unicode name.")
                continue
            if text == "quit":
                return
            if text == "undo":
                session.show(session.undo())
                break
            if text == "help":
                session.show(HELP)
                continue
            try:
                answer = read_answer(text, sheet.glyphs)
            except ValueError as error:
                session.show(f"{printable(str(error))} Or type help.")
                continue
            session.take([answer])
            session.show(session.standing(answer))
            break
    session.show("Every character is named.")


def _title(sheet: RoundSheet) -> str:
    return "What is this?" if sheet.guess is None else f"{describe_label(sheet.guess)}?"


def ask_by_files(session: RoundSession, clusters: int) -> None:
    """Take what was answered in the last round, and write the next; a round without any answer stays.

    Args:
        session: The work.
        clusters: The number of sheets in a round.

    Raises:
        DataError: If the answers in the last round cannot be read; nothing is taken then.
    """
    path = session.folder.path
    number = last_round(path)
    if number and number not in session.log.rounds():
        folder = round_folder(path, number)
        answers = read_round(folder, session.log.boxes)
        if not answers:
            session.show(
                f"{folder} holds no answer yet: fill in {ROUND_LABELS}, or move pictures into folders named after "
                "characters; then run the same command again."
            )
            return
        _refuse_contradictions(folder, session, answers)
        session.take(answers, number)
        session.show(f"{folder}: {counted(len(answers), 'answer')} taken")
    sheets = session.asking.sheets(clusters)
    if not sheets:
        session.show("Every character is named.")
        return
    folder = write_round(path, number + 1, sheets, session.log.boxes, session.squares)
    session.show(
        f"{folder}: {counted(len(sheets), 'cluster')} to name. Fill in {ROUND_LABELS} (label: a character, mixed or "
        "junk; wrong: the numbers to strike out, such as 3 17 20-25), or move pictures into folders named after "
        "characters; then run the same command again."
    )


def _refuse_contradictions(folder: Path, session: RoundSession, answers: Sequence[SheetAnswer]) -> None:
    """Refuse answers by files that name a glyph otherwise than an earlier answer does.

    Raises:
        DataError: If one does.
    """
    said = {glyph: answer.label for answer in session.asking.answers for glyph in answer.named}
    for answer in answers:
        for glyph in answer.named:
            if said.setdefault(glyph, answer.label) != answer.label:
                one, two = describe_label(answer.label), describe_label(said[glyph])
                raise DataError(
                    f"{folder}: {session.rows[glyph].file} is {one} here and {two} by another answer. Correct this "
                    "one, or take the other back with undo=true."
                )


def label_rows(session: RoundSession, keep: float) -> list[LabelRow]:
    """Return the rows of ``labels.csv`` that follow from the answers.

    Args:
        session: The work.
        keep: The confidence from which a character enters training, 0..1.
    """
    labelled = session.asking.labelled()
    rows = []
    for glyph, row in enumerate(session.rows):
        best, confidence = int(labelled.best[glyph]), float(labelled.confidence[glyph])
        if best < 0:
            continue
        label, sure = labelled.names[best], bool(labelled.by_person[glyph])
        rows.append(
            LabelRow(
                *character_key(row),
                label=label,
                confidence=confidence,
                by="person" if sure else "program",
                kept=label != JUNK and confidence >= keep,
                cut=confidence if label != JUNK else 0.0,
                badness=0.0 if label != JUNK else 1.0,
            )
        )
    return rows


def save_labels(session: RoundSession, keep: float) -> list[LabelRow]:
    """Write ``labels.csv`` as the answers have it, and return its rows.

    A person's label of a character whose picture was deleted stays in the file. Labels by a transcript give way to the
    first answer, not before.
    """
    earlier = read_labels(session.folder) if has_labels(session.folder) else {}
    if not session.answered and any(row.by == "transcript" for row in earlier.values()):
        return list(earlier.values())
    rows = label_rows(session, keep)
    labelled = {character_key(row) for row in session.rows}
    rows += [row for key, row in earlier.items() if row.by == "person" and key not in labelled]
    if rows or earlier:
        write_labels(session.folder, rows)
    return rows
