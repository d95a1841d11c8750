"""A judge that learns to tell real ink from written: a small convolutional network over pictures of one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.writing_folds import Fold
from benchmarks.writing_pairs import SetWord, draw_words
from benchmarks.writing_sheets import wilson
from benchmarks.writing_words import Shown

WIDTH = 12
"""Channels of the first layer; each further one has twice as many."""
EPOCHS, BATCH_SIZE, LR = 14, 32, 3e-3
VIEWS = 3
"""Windows of a word that is longer than one, whose probabilities are averaged."""
MAX_SHIFT = 2
"""Pixels by which a picture is moved at most while the judge learns."""
GAIN = 0.1
"""Standard deviation of random factors of ink."""


class View(NamedTuple):
    """How a word is shown to the judge, in pixels: its x-height, and the size of the window around its baseline."""

    x_height: int
    above: int
    below: int
    width: int


VIEWS_OF_WORDS = {12: View(12, 28, 12, 96), 24: View(24, 54, 24, 128)}
"""Whole words as they are read, and parts of words from nearby."""


class JudgeNetwork(nn.Sequential):
    """Four convolutions, and the means and maxima of what they find; the first one halves the picture."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        channels = 1
        for number in range(4):
            wider = WIDTH * 2**number
            side, stride = (5, 2) if number == 0 else (3, 1)
            layers += [
                nn.Conv2d(channels, wider, side, stride, side // 2, bias=False),
                nn.BatchNorm2d(wider),
                nn.ReLU(),
            ]
            if number in (1, 2):
                layers.append(nn.MaxPool2d(2))
            channels = wider
        super().__init__(*layers, _MeansAndMaxima(), nn.Dropout(0.2), nn.Linear(2 * channels, 1))


class _MeansAndMaxima(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)


@dataclass(frozen=True)
class Verdict:
    """How well a judge tells real from written.

    Attributes:
        accuracy: The mean of the shares of both classes that it judges right, 0..1; 0.5 is chance.
        auc: The area under its receiver operating characteristic, 0..1.
        interval: Of the accuracy, at 95%, of as many judgements as there are different pictures.
        count: The number of pictures that were judged.
    """

    accuracy: float
    auc: float
    interval: tuple[float, float]
    count: int


def verdict(scores: Sequence[NDArray[np.float64]], written: Sequence[NDArray[np.bool_]]) -> Verdict:
    """Return the verdict of judges over their folds.

    Args:
        scores: The log odds that each picture is written, by fold.
        written: Whether it is.
    """
    accuracies = [
        ((score > 0)[is_written].mean() + (score <= 0)[~is_written].mean()) / 2
        for score, is_written in zip(scores, written, strict=True)
    ]
    aucs = [roc_auc_score(is_written, score) for score, is_written in zip(scores, written, strict=True)]
    accuracy = float(np.mean(accuracies))
    count = sum(map(len, scores))
    # Splits into halves judge the same real words again.
    return Verdict(accuracy, float(np.mean(aucs)), wilson(accuracy, count // 2), count)


def judge_words(folds: Sequence[Fold], view: View, seed: int) -> Verdict:
    """Train a judge on each fold, and let it judge the rest."""
    scores, written = [], []
    for number, fold in enumerate(folds):
        rng = np.random.default_rng([seed, number])
        learned, classes = word_pictures([*fold.learned.real, *fold.learned.written], len(fold.learned.real), view, rng)
        judged, truth = word_pictures([*fold.judged.real, *fold.judged.written], len(fold.judged.real), view, rng)
        network = train_judge(learned, classes, view.width, seed + number)
        scores.append(np.mean([score_pictures(network, _windows(judged, view.width, at)) for at in _places()], axis=0))
        written.append(truth)
    return verdict(scores, written)


def _places() -> NDArray[np.float64]:
    return np.linspace(0, 1, VIEWS)


def word_pictures(
    words: Sequence[Shown], real: int, view: View, rng: np.random.Generator
) -> tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]:
    """Return words of one height, each at least as wide as a window, and whether they are written."""
    pictures = []
    for word in words:
        ink, baseline = draw_words([SetWord(word, 0.0, 0.0)], view.x_height, tuple(rng.random(2)))
        height = view.above + view.below
        # As much paper again above and below: a wrong box may put a word far off its baseline.
        padded = np.pad(ink, ((view.above + height, view.below + height), (MAX_SHIFT, MAX_SHIFT)))
        start = int(np.clip(baseline + height, 0, len(padded) - height))
        tall = padded[start : start + height]
        missing = max(0, view.width - tall.shape[1])
        pictures.append(np.pad(tall, ((0, 0), (missing // 2, missing - missing // 2))))
    return pictures, np.arange(len(words)) >= real


def _windows(
    pictures: Sequence[NDArray[np.uint8]], width: int, place: float | NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return a window of each picture, from its start (0) to its end (1), uint8 ``(n, h, w)``."""
    places = np.broadcast_to(place, len(pictures))
    starts = [round(float(at) * (picture.shape[1] - width)) for picture, at in zip(pictures, places, strict=True)]
    return np.stack([picture[:, start : start + width] for picture, start in zip(pictures, starts, strict=True)])


def train_judge(
    pictures: Sequence[NDArray[np.uint8]], written: NDArray[np.bool_], width: int, seed: int
) -> JudgeNetwork:
    """Train a judge; both classes weigh the same.

    Args:
        pictures: Bright ink on dark, uint8 ``(h, w)``, of one height and at least ``width`` wide.
        written: Whether each is written.
        width: The width of the windows that it sees.
        seed: The seed of weights, order and augmentation.
    """
    rng = np.random.default_rng(seed)
    targets = torch.tensor(written, dtype=torch.float32)
    share = targets.mean()
    weight = torch.where(targets > 0, 0.5 / share, 0.5 / (1 - share))
    steps = EPOCHS * -(-len(pictures) // BATCH_SIZE)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = JudgeNetwork().train()
        optimizer = torch.optim.AdamW(network.parameters(), LR, weight_decay=0.02)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps)
        for _ in range(EPOCHS):
            shown = torch.tensor(_windows(pictures, width, rng.random(len(pictures)))[:, None])
            for batch in torch.randperm(len(shown)).split(BATCH_SIZE):
                logits = network(_varied(shown[batch].float() / 255)).squeeze(1)
                loss = F.binary_cross_entropy_with_logits(logits, targets[batch], weight[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
    return network.eval()


def _varied(images: Tensor) -> Tensor:
    """Return images moved by whole pixels and with more or less ink: nothing is resampled, which a judge would see."""
    down, right = (int(shift) for shift in torch.randint(-MAX_SHIFT, MAX_SHIFT + 1, (2,)))
    moved = torch.roll(images, (down, right), (2, 3))
    return (moved * (1 + GAIN * torch.randn(len(images), 1, 1, 1))).clamp(0, 1)


def score_pictures(network: JudgeNetwork, pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the log odds that pictures are written, float64 ``(n,)``, of uint8 ``(n, h, w)``."""
    with torch.inference_mode():
        parts = torch.tensor(pictures[:, None]).split(256)
        return np.concatenate([network(part.float() / 255).squeeze(1).double().numpy() for part in parts])
