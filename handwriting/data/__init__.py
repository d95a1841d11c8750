"""Where glyphs come from, and how they reach a model.

Each source is one file with one class, a ``GlyphSource``, and one file in ``conf/data``. A source only reads:
preparation, the validation split, style labels, batches and augmentation are the same for all of them. Sources import
no torch; ``GlyphData``, the one DataModule, serves what they read.
"""
