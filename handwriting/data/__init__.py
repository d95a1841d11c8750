"""Where glyphs come from, and how they reach a model.

Each source is one file with one class, a ``GlyphData``, and one file in ``conf/data``. A source only reads: resizing,
the validation split, style labels, batches and augmentation are the same for all of them.
"""
