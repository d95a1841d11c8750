"""The space that glyphs are measured in: a small classifier, trained once for each data set and kept."""
