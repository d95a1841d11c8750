"""Glyphs from their files to the batches of a model.

- ``formats`` reads files: pictures, IDX, NumPy arrays, the official files of public data sets.
- ``sources`` holds one ``GlyphSource`` per data source, each with one file in ``conf/data``. A source only reads.
- ``preparation`` cleans, resizes, splits, balances and augments glyphs, in the same way for all sources.
- ``loading`` serves prepared glyphs in batches: ``Loading`` holds its settings, ``GlyphData`` is the DataModule.

Everything but ``loading.loader``, ``loading.module`` and ``preparation.warping`` works without torch.
"""
