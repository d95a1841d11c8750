"""Data sources: one file and one class each, a :class:`~handwriting.data.sources.base.GlyphSource`."""
