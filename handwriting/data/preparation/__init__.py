"""Preparation: cleaning, resizing, splitting, balancing, styles and augmentation."""
