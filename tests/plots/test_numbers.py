from __future__ import annotations

import pytest

from handwriting.plots.numbers import number


@pytest.mark.parametrize(
    ("value", "text"), [(3.14159, "3.14"), (9.996, "10.0"), (-0.00234, "-0.00234"), (5_000_000, "5,000,000")]
)
def test_numbers_have_three_significant_digits(value, text):
    assert number(value) == text


def test_numbers_keep_as_many_digits_as_asked_for():
    assert [number(value, digits=4) for value in (0.0, 0.5, -12.345, 999.96, 123456.7, -0.00001)] == [
        *("0", "0.5000", "-12.35", "1,000", "123,457", "-1e-05"),
    ]
