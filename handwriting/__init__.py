"""Generate handwriting: train generative models on glyphs, and write in any hand."""
