"""Every figure that a run folder, a page or a report shows; pure functions from arrays to pictures.

Grids and animations are drawn with Pillow, which is quick enough for every epoch; curves and planes with Matplotlib,
through its object interface and without a display.
"""
