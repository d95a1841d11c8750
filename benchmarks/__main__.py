"""``python -m benchmarks <name>``: speed, segmentation, labelling or writing."""

import sys

from benchmarks.cli import main

sys.exit(main())
