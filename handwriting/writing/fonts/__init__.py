"""An OpenType font of outlines that writes no letter twice in the same way where it can be avoided."""

from handwriting.writing.fonts.specification import FontGlyph, FontMetrics, FontNames, FontSpecification

__all__ = ["FontGlyph", "FontMetrics", "FontNames", "FontSpecification"]
