"""``python -m benchmarks <name>``: speed, segmentation, labelling or writing."""

import sys

from benchmarks.cli import main

if __name__ == "__main__":  # processes that read pages import this file
    sys.exit(main())
