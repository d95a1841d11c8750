"""Reports are made without torch, Lightning or a model, so that they are there within a second."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from handwriting import reports

HEAVY = {"torch", "pytorch_lightning", "handwriting.models", "handwriting.engine"}


def test_no_report_imports_torch_lightning_or_models():
    names = sorted(path.stem for path in Path(reports.__path__[0]).glob("[!_]*.py"))
    program = (
        f"import sys, importlib\n"
        f"for name in {names}: importlib.import_module('handwriting.reports.' + name)\n"
        f"print(sorted({HEAVY} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
