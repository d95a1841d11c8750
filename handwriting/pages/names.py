"""The names of the files in a segmented folder that more than one module reads or writes."""

from __future__ import annotations

BOXES_FILE = "boxes.csv"
REPORT_FILE = "report.json"
LABELS_FILE = "labels.csv"
LABELS_PICTURE = "labels.png"
LABELS_RECORD_FILE = "labels_written.json"
"""The labels as the program wrote them: what differs in ``labels.csv`` is a person's."""
LABELS_NEXT_FILE = "labels_next.json"
"""The same for a table that is about to be put in place."""
LABELS_BEFORE_FILE = "labels_before.csv"
"""A person's answers about an earlier segmentation that no character of this one fits."""
HAND_FILE = "hand.json"
"""What was measured on the labelled words."""
