"""Text helpers: numbers, durations, Markdown, and text that is safe to print."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError

ABSENT = "-"
"""What a table shows where there is no value."""


def one_line(error: BaseException) -> str:
    """Return the message of an error on one line."""
    return " ".join(str(error).split())


def reason_of(error: BaseException) -> str:
    """Return the message of an error on one line, or the name of its class where it has none."""
    return one_line(error) or type(error).__name__


def first_problem(error: ValidationError) -> str:
    """Return the dotted key of the first value that pydantic refuses, and the reason: ``a.b: Field required``."""
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def printable(text: str) -> str:
    """Return text without control characters, which a terminal would obey; file names may hold them."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def shown(text: str) -> str:
    r"""Return a character, or a few, as a message lists them: letters and digits bare, and all else in quotes.

    A space, a lone accent and what cannot be printed are named.

    >>> print(shown("é"), shown(","), shown("'"), shown("\u0301"), shown("\t"), shown("\ue000"))
    é ',' "'" U+0301 (combining acute accent) U+0009 (horizontal tabulation) U+E000
    """
    if text.isalnum():
        return text
    if text and _is_visible(text[0]) and all(part.isprintable() or part in _EMOJI_PARTS for part in text):
        return f'"{text}"' if "'" in text else f"'{text}'"
    return " + ".join(_point_name(point) for point in text) or "''"


def listed(texts: Iterable[str], most: int | None = None) -> str:
    """Return characters, pairs or names of classes as a message lists them, each as :func:`shown` shows it.

    Args:
        texts: What to list.
        most: How many are listed; of more, the number of the others is said.

    >>> listed("aé,.€", 4)
    "a é ',' '.' and 1 more"
    """
    words = [shown(text) for text in texts]
    most = len(words) if most is None else most
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return " ".join(words[:most]) + more


_EMOJI_PARTS = frozenset("\N{ZERO WIDTH JOINER}").union(map(chr, range(0xE0020, 0xE0080)))
"""Invisible characters that hold an emoji or a flag together."""
_CONTROL_NAMES = 0x2400
"""Code point from which symbols are named after the control characters."""


def _is_visible(character: str) -> bool:
    return character.isprintable() and not character.isspace() and unicodedata.category(character)[0] != "M"


def _point_name(character: str) -> str:
    """Return the code point of a character with its name, where it has one."""
    point = ord(character)
    symbol = chr(_CONTROL_NAMES + point) if point < 0x20 else "\N{SYMBOL FOR DELETE}" if point == 0x7F else character
    name = unicodedata.name(symbol, "").removeprefix("SYMBOL FOR ").lower()
    return f"U+{point:04X}" + (f" ({name})" if name else "")


def alphabet_key(character: str) -> tuple[int, str]:
    """Return a key that sorts an alphabet: digits, capitals, small letters, other letters, then all other characters.

    Letters with accents follow their plain forms.

    >>> "".join(sorted("zé.Ab1eÉ,字B", key=alphabet_key))
    '1ABÉbeéz字,.'
    """
    kinds = (character.isdecimal(), character.isupper(), character.islower(), character.isalpha(), True)
    return kinds.index(True), unicodedata.normalize("NFD", character)


def quoted(text: str, length: int = 40) -> str:
    """Return a text in quotes, escaped, as a message shows what it refuses; of a long one, the beginning.

    >>> print(quoted("one two"), quoted("9" * 5000, 4))
    'one two' '9999' ...
    """
    return repr(text) if len(text) <= length else f"{text[:length]!r} ..."


# Numbers


def format_number(value: float | None, digits: int = 3) -> str:
    """Return a number rounded to ``digits`` significant digits; an empty string for None.

    >>> [format_number(value) for value in (12345.6, 12.345, 0.5, 0.000123456, 0.0, 1.2e-9, None)]
    ['12,346', '12.3', '0.500', '0.000123', '0', '1.2e-09', '']
    """
    if value is None:
        return ""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{digits - 1}e}")
    size = math.floor(math.log10(abs(rounded)))
    if not -5 < size < 7:
        return f"{value:.{digits - 1}g}"
    return f"{value:,.{max(0, digits - 1 - size)}f}"


def format_whole(value: float, digits: int = 3) -> str:
    """Return a whole number in full, and any other number rounded to ``digits`` significant digits.

    >>> format_whole(64.0), format_whole(0.001), format_whole(34.2101)
    ('64', '0.00100', '34.2')
    """
    return f"{value:,.0f}" if abs(value) < 1e6 and float(value).is_integer() else format_number(value, digits)


def number_in(text: str) -> float | None:
    """Return the finite number that a text stands for, a whole one as ``int``; None where it stands for none.

    >>> number_in("3"), number_in("1e-3"), number_in("nan"), number_in("none")
    (3, 0.001, None, None)
    """
    for read in (int, float):
        try:
            number = read(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else None
    return None


def format_value(value: Any) -> str:
    """Return a value as text, ``-`` for None."""
    return ABSENT if value is None else str(value)


def format_count(value: float | None) -> str:
    """Return a whole number with thousands separators, ``-`` for None."""
    return ABSENT if value is None else f"{value:,.0f}"


def format_share(value: float | None) -> str:
    """Return a share in 0..1 as a percentage, ``-`` for None."""
    return ABSENT if value is None else f"{value:.1%}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, whose plural is ``noun`` and an s unless another is given.

    >>> counted(1, "page"), counted(1200, "page"), counted(0, "class", "classes")
    ('1 page', '1,200 pages', '0 classes')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


# Durations


def format_duration(seconds: float | None) -> str:
    """Return a duration in words, ``-`` for None.

    >>> format_duration(12.34), format_duration(61), format_duration(7260)
    ('12.3 s', '1 min 01 s', '2 h 01 min')
    """
    if seconds is None:
        return ABSENT
    minutes, rest = divmod(round(seconds), 60)
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60:02} min"


def seconds_in(text: str) -> int | None:
    """Return the seconds of a duration as a person or Lightning writes it; None where it is none, or nothing.

    >>> seconds_in("90s"), seconds_in("1h30m"), seconds_in("00:01:30:00"), seconds_in("soon")
    (90, 5400, 5400, None)
    """
    words = re.fullmatch(r"(?:(\d+)d)? ?(?:(\d+)h)? ?(?:(\d+)m)? ?(?:(\d+)s)?", text.strip(), re.ASCII)
    clock = re.fullmatch(r"(\d+):(\d+):(\d+):(\d+)", text.strip(), re.ASCII)
    match = words or clock
    if not match:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return (((days * 24) + hours) * 60 + minutes) * 60 + seconds or None


def format_clock(seconds: float) -> str:
    """Return a duration as a clock shows it.

    >>> format_clock(65.2), format_clock(3600)
    ('1:05', '1:00:00')
    """
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


# Markdown


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = False) -> str:
    """Return a Markdown table; cells are Markdown themselves, so escape those that hold arbitrary text.

    Args:
        head: The titles of the columns.
        rows: One cell for each column.
        numbers: Align every column but the first to the right.

    >>> print(markdown_table(["a", "b"], [["x", "1"]], numbers=True))
    | a | b |
    | --- | ---: |
    | x | 1 |
    """
    rule = ["---"] * len(head)
    if numbers:
        rule[1:] = ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))


def escape_markdown(text: str) -> str:
    r"""Return text on one line with every character escaped that Markdown would interpret.

    >>> print(escape_markdown("a|b *c*"))
    a\|b \*c\*
    """
    return re.sub(r"([\\`*\[\]<>|~&#])", r"\\\1", " ".join(text.split()))
