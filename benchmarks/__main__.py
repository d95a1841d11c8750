"""``python -m benchmarks <name>``: speed, segmentation, labelling, writing, or a letter in a drawn hand."""

import sys

from benchmarks.cli import main

if __name__ == "__main__":  # processes that read pages import this file
    sys.exit(main())
