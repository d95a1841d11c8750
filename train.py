"""Train a model: ``python train.py model=cgan data=emnist``; the same command as ``handwriting train``."""

import sys

from handwriting.jobs import start

if __name__ == "__main__":
    sys.exit(start("train"))
