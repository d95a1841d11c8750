"""``python -m handwriting`` is ``handwriting``."""

import sys

from handwriting.jobs import main

sys.exit(main())
