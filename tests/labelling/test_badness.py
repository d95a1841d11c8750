"""Blots, overwritten, pale, broken and odd drawings are the worst of their class."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from handwriting.labelling.badness import badness, drawing_measurements

X_HEIGHT = 30.0


def ring(width: float = 26, height: float = 30, pen: int = 4, level: int = 255) -> NDArray[np.uint8]:
    image = np.zeros((60, 80), np.uint8)
    cv2.ellipse(image, (40, 30), (round(width / 2), round(height / 2)), 0, 0, 360, level, pen)
    return image


def usual(count: int = 30) -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(0)
    return [ring(random.normal(26, 2), random.normal(30, 1.5), int(random.integers(3, 6))) for _ in range(count)]


def blot() -> NDArray[np.uint8]:
    return ring(pen=cv2.FILLED)


def overwritten() -> NDArray[np.uint8]:
    image = ring(pen=6)
    for shift in (-6, 0, 6):
        cv2.line(image, (30, 30 + shift), (52, 26 + shift), 255, 5)
    return image


def broken() -> NDArray[np.uint8]:
    image = ring()
    for column in range(24, 60, 9):
        image[:, column : column + 4] = 0
    return image


def measured(images: list[NDArray[np.uint8]], above: float = 1.0) -> list[dict[str, float]]:
    return [drawing_measurements(image, X_HEIGHT, above, 0.0) for image in images]


@pytest.mark.parametrize(
    "odd", [blot(), overwritten(), broken(), ring(level=150), ring(width=60), ring(width=8)], ids=range(6)
)
def test_an_odd_drawing_is_the_worst_of_its_class(odd: NDArray[np.uint8]) -> None:
    found = badness(measured([*usual(), odd]), ["o"] * 31)
    assert found.argmax() == 30
    assert found[30] > 0.5
    assert np.median(found) < 0.2
    assert ((found >= 0) & (found < 1)).all()


def test_a_drawing_at_an_odd_height_is_the_worst_of_its_class() -> None:
    found = badness([*measured(usual()), *measured([ring()], above=2.2)], ["o"] * 31)
    assert found.argmax() == 30


def test_classes_are_compared_with_themselves() -> None:
    found = badness(measured([*usual(10), *(ring(60, pen=8) for _ in range(10))]), ["o"] * 10 + ["O"] * 10)
    assert found.max() < 0.5


def test_a_blot_alone_in_its_class_is_bad_next_to_the_hand() -> None:
    found = badness(measured([*usual(), blot(), ring()]), ["o"] * 30 + ["O", "Q"])
    assert found.argmax() == 30
    assert found[30] > 0.4
    assert found[31] < 0.2


def test_one_drawing_alone_and_none_are_bad_in_nothing() -> None:
    assert badness(measured([blot()]), ["o"]).tolist() == [0.0]
    assert len(badness([], [])) == 0


def test_a_blank_crop_is_measured() -> None:
    assert np.isfinite(list(drawing_measurements(np.zeros((9, 9), np.uint8), X_HEIGHT, 0.0, 0.0).values())).all()
