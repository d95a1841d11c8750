"""Preparation: glyphs as they are read to glyphs as a model sees them, one file per step; ``steps`` combines them."""
