from __future__ import annotations

import pytest
import torch

from handwriting.errors import DataError
from handwriting.metrics.checks import in_float64, refuse_too_few


def test_too_few_glyphs_are_refused_with_both_numbers_and_what_to_do():
    with pytest.raises(DataError, match=r"at least 6 glyphs on each side, and there are 9 and 5: .*metrics\.kid=null"):
        refuse_too_few("kid", 6, 9, 5)
    refuse_too_few("kid", 5, 9, 5)


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(DataError, match="not finite"):
        in_float64("kid", 1, torch.ones(2, 2), torch.tensor([[1.0, float("nan")]]))


def test_everything_is_counted_in_float64():
    assert all(side.dtype == torch.float64 for side in in_float64("kid", 1, torch.ones(2, 2), torch.ones(1, 2)))
