"""A font built from its specification."""

from __future__ import annotations

from handwriting.writing.fonts.specification import FontSpecification


def build_font(specification: FontSpecification) -> bytes:
    """Return an OpenType font of PostScript curves (OTF); the same specification gives the same bytes.

    Raises:
        DataError: If two glyphs are the same variant of the same drawing, a text is empty, or the family has no name.
    """
    raise NotImplementedError
