"""Data sources: one file and one class each, a subclass of :class:`~handwriting.data.sources.base.GlyphSource`."""
