from __future__ import annotations

import pytest

from handwriting.text import alphabet_key, format_number


@pytest.mark.parametrize(
    ("value", "text"), [(3.14159, "3.14"), (9.996, "10.0"), (-0.00234, "-0.00234"), (5_000_000, "5,000,000")]
)
def test_numbers_have_three_significant_digits(value, text):
    assert format_number(value) == text


def test_numbers_keep_the_requested_number_of_digits():
    assert [format_number(value, digits=4) for value in (0.0, 0.5, -12.345, 999.96, 123456.7, -0.00001)] == [
        *("0", "0.5000", "-12.35", "1,000", "123,457", "-1e-05"),
    ]


def test_an_alphabet_is_digits_capitals_small_letters_other_letters_and_the_rest() -> None:
    assert "".join(sorted("zé.Ab1eÉ,字B0", key=alphabet_key)) == "01ABÉbeéz字,."
