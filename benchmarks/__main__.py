"""``python -m benchmarks speed`` or ``python -m benchmarks segmentation``."""

import sys

from benchmarks.cli import main

sys.exit(main())
