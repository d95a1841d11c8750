"""Labels without a transcript: which glyphs to show a person next, so that few answers name nearly all of them.

A sheet shows up to ``SHEET_GLYPHS`` glyphs that probably show one character. At first these are the most typical glyphs
of clusters; each answer is spread to all glyphs, and later sheets show the most doubtful glyphs of one guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from handwriting.labelling.answers import Answered, SheetAnswer
from handwriting.labelling.spreading import Surroundings, spread

SHEET_GLYPHS = 40
"""Glyphs on one sheet, at most."""
MIN_GLYPHS = 3
"""Glyphs of a sheet that is asked while there are larger ones."""
FIRST_CLUSTER, MIN_CLUSTER, MAX_CLUSTER = 50.0, 6.0, 50.0
"""The mean number of glyphs in a cluster: at first, and its limits."""
AFTER_MIXED, AFTER_NAMED = 0.88, 1.06
"""Factors of that number after a cluster was mixed, or had one name."""
MAX_POOL = 4000
"""Glyphs that are clustered at a time: those with the highest worth."""
ANSWERS_PER_CLUSTERING = 4
"""Answers after which the remaining glyphs are clustered again."""
SCORE_WEIGHT = 0.7
"""Weight of the scores of labels next to the view, in the space that is clustered."""
GUESS_PURITY = 0.7
"""The mean score of the glyphs that are shown as one guess."""
MIN_GUESS = 0.25
"""The least score of a glyph that is shown as a guess."""
RECOGNISED = 0.5
"""The score from which the program counts as recognising a glyph. More than half of a sheet's must be recognised as one
character before the person is told of it: a wrong suggestion misleads.
"""
CROWD = 0.5
"""A doubtful glyph without doubtful neighbours is worth this much, compared with 1 + ``CROWD`` among them."""
NAMED_BEFORE = 3.0
"""Sheets that the expected share of named ones weighs, compared with those that were shown."""
MIXED_FACTOR = 0.75
"""Factor of the expected share of named sheets for each time that their glyphs were on a mixed one."""


SHRINK_PER_MIXED = 0.5
"""Factor of the number of glyphs on a sheet for each time that they were on a mixed one."""

FOLDS = 5
"""Parts of the answers that are left out by turns when confidences are calibrated."""
MIN_HELD = 50
"""Glyphs left out that calibration needs; with fewer, the scores are the confidences."""
DOUBT = 0.005
"""The least doubt in a label that no person gave, and the weight of the score next to the calibrated confidence."""


@dataclass(frozen=True)
class RoundSheet:
    """Glyphs to be shown together.

    Attributes:
        glyphs: At most ``SHEET_GLYPHS``.
        guess: The label as which the program recognises most of them; None where there is none.
        score: The mean score of the most likely label, 0..1.
        kind: ``cluster``, ``part`` (of a mixed sheet), ``guess``, ``rest``, or ``again`` after an undo.
    """

    glyphs: tuple[int, ...]
    guess: str | None
    score: float
    kind: str


@dataclass(frozen=True, eq=False)
class LabelledGlyphs:
    """The label of each glyph as far as the answers tell.

    Attributes:
        names: The labels.
        best: The index in ``names`` of each glyph's most likely label, int64 ``(N,)``; -1 where none is known.
        confidence: The probability that it is right, float64 ``(N,)`` in [0, 1]; 1 where a person gave it.
        by_person: Whether a person gave it, bool ``(N,)``.
    """

    names: tuple[str, ...]
    best: NDArray[np.int64]
    confidence: NDArray[np.float64]
    by_person: NDArray[np.bool_]


@dataclass
class _Candidate:
    glyphs: NDArray[np.int64]
    kind: str


@dataclass
class Rounds:
    """A labelling in progress: a list of answers, and what follows from it.

    Attributes:
        around: The glyphs in the space that joins their views.
        seed: The seed of clusters.
        at_random: Choose among the sheets at random rather than by their worth: a baseline.
        answers: The answers, in their order; changed by :meth:`answer` and :meth:`undo` only.
    """

    around: Surroundings
    seed: int = 0
    at_random: bool = False
    answers: list[SheetAnswer] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Replay the answers."""
        answers, self.answers = self.answers, []
        self._restart()
        for answer in answers:
            self._take(answer)

    def _restart(self) -> None:
        self.answered = Answered(len(self.around.view))
        self.answers = []
        self._candidates: list[_Candidate] = []
        self._unsplit: list[tuple[int, ...]] = []
        self._since_clustering = ANSWERS_PER_CLUSTERING
        self._cluster = FIRST_CLUSTER
        self._shown: list[tuple[float, bool]] = []
        self._kinds: dict[tuple[int, ...], RoundSheet] = {}
        self._scores: NDArray[np.float32] | None = None

    @property
    def scores(self) -> NDArray[np.float32]:
        """The score of every label for every glyph, float32 ``(N, labels)``; computed once an answer."""
        if self._scores is None:
            self._scores = spread(self.around, self.answered, self.seed)
        return self._scores

    def answer(self, answer: SheetAnswer) -> None:
        """Take an answer."""
        self._take(answer)

    def undo(self) -> SheetAnswer | None:
        """Take the last answer back and return it; None where there is none."""
        if not self.answers:
            return None
        *earlier, last = self.answers
        self._restart()
        for answer in earlier:
            self._take(answer)
        return last

    def _take(self, answer: SheetAnswer) -> None:
        sheet = self._kinds.pop(answer.shown, None)
        if sheet is not None:
            self._shown.append((sheet.score, answer.label is not None))
            if sheet.kind in ("cluster", "part"):
                factor = AFTER_MIXED if answer.label is None else AFTER_NAMED
                self._cluster = float(np.clip(self._cluster * factor, MIN_CLUSTER, MAX_CLUSTER))
        if answer.label is None:
            self._unsplit.append(answer.shown)
        self.answered.add(answer)
        self.answers.append(answer)
        self._since_clustering += 1
        self._scores = None

    def sheets(self, count: int = 1) -> list[RoundSheet]:
        """Return the sheets that are worth most, without a glyph in common; fewer where everything is named.

        Args:
            count: The number of sheets that are answered before the next are chosen.
        """
        doubt = np.where(self.answered.known, 0, 1 - self._confidence())
        worth = doubt * (CROWD + doubt[self.around.neighbours].mean(axis=1))
        self._split_mixed()
        candidates = [*self._clusters(worth), *self._guesses()]
        chosen: list[RoundSheet] = []
        rng = np.random.default_rng((self.seed, len(self.answers)))
        while len(chosen) < count:
            best: tuple[float, RoundSheet] | None = None
            for candidate in candidates:
                glyphs = candidate.glyphs[worth[candidate.glyphs] > 0]
                glyphs = glyphs[: self._most(glyphs)]
                if len(glyphs) < MIN_GLYPHS:
                    continue
                sheet = self._sheet(glyphs, candidate.kind)
                value = rng.random() if self.at_random else float(worth[glyphs].sum()) * self._expected_named(sheet)
                if best is None or value > best[0]:
                    best = value, sheet
            if best is None:
                rest = np.flatnonzero(worth > 0)
                if not len(rest):
                    break
                best = 0.0, self._sheet(self._around_one(rest, worth), "rest")
            chosen.append(best[1])
            worth[list(best[1].glyphs)] = 0
        self._kinds |= {sheet.glyphs: sheet for sheet in chosen}
        return chosen

    def sheet_of(self, glyphs: Sequence[int]) -> RoundSheet:
        """Return a sheet with these glyphs in this order, to ask about them once more."""
        sheet = self._sheet(np.array(glyphs, np.int64), "again")
        self._kinds[sheet.glyphs] = sheet
        return sheet

    def _most(self, glyphs: NDArray[np.int64]) -> int:
        """Return how many of some glyphs a sheet shows at most: fewer where they were on mixed sheets before."""
        mixed = float(self.answered.mixed[glyphs].mean()) if len(glyphs) else 0.0
        return round(SHEET_GLYPHS * SHRINK_PER_MIXED**mixed)

    def _around_one(self, glyphs: NDArray[np.int64], worth: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the glyph that is worth most and those most like it; at last it alone, if they stay mixed."""
        centre = glyphs[worth[glyphs].argmax()]
        distances = ((self.around.view[glyphs] - self.around.view[centre]) ** 2).sum(axis=1)
        count = max(1, SHEET_GLYPHS >> min(int(self.answered.mixed[centre]), 6))
        return glyphs[np.argsort(distances, kind="stable")][:count]

    def _confidence(self) -> NDArray[np.float32]:
        """Return the highest score of each glyph, float32 ``(N,)``."""
        if not self.answered.names:
            return np.zeros(len(self.around.view), np.float32)
        return np.minimum(self.scores.max(axis=1), 0.999)

    def _sheet(self, glyphs: NDArray[np.int64], kind: str) -> RoundSheet:
        if not self.answered.names:
            return RoundSheet(tuple(glyphs.tolist()), None, 0.0, kind)
        scores = self.scores[glyphs]
        means = scores.mean(axis=0)
        best = int(means.argmax())
        recognised = (scores.argmax(axis=1) == best) & (scores[:, best] >= RECOGNISED)
        guess = self.answered.names[best] if recognised.mean() > 0.5 else None
        return RoundSheet(tuple(glyphs.tolist()), guess, float(means[best]), kind)

    def _expected_named(self, sheet: RoundSheet) -> float:
        """Return the probability that a person names a sheet rather than calls it mixed."""
        near = [named for score, named in self._shown if abs(score - sheet.score) < 0.1][-20:]
        before = 0.5 + 0.5 * sheet.score
        share = (sum(near) + NAMED_BEFORE * before) / (len(near) + NAMED_BEFORE)
        return share * MIXED_FACTOR ** float(self.answered.mixed[list(sheet.glyphs)].mean())

    def _clusters(self, worth: NDArray[np.float32]) -> list[_Candidate]:
        """Return clusters of glyphs that nobody named; they are made again after some answers."""
        if self._since_clustering >= ANSWERS_PER_CLUSTERING:
            self._since_clustering = 0
            pool = np.flatnonzero(worth > 0)
            if len(pool) > MAX_POOL:
                pool = np.sort(pool[np.argsort(-worth[pool], kind="stable")[:MAX_POOL]])
            parts = [part for part in self._candidates if part.kind == "part"]
            count = max(1, round(len(pool) / self._cluster))
            self._candidates = parts + [
                _Candidate(cluster, "cluster") for cluster in (self._divided(pool, count) if len(pool) else [])
            ]
        return self._candidates

    def _divided(self, glyphs: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
        """Return the most typical glyphs of each of ``count`` clusters."""
        from sklearn.cluster import KMeans

        space = np.concatenate([self.around.view, SCORE_WEIGHT * self.scores], axis=1)[glyphs]
        count = min(count, len(glyphs))
        means = KMeans(count, n_init=1, max_iter=15, random_state=self.seed).fit(space)
        distances = ((space - means.cluster_centers_[means.labels_]) ** 2).sum(axis=1)
        order = np.lexsort((distances, means.labels_))
        cuts = np.flatnonzero(np.diff(means.labels_[order])) + 1
        return [cluster[:SHEET_GLYPHS] for cluster in np.split(glyphs[order], cuts)]

    def _split_mixed(self) -> None:
        """Make two candidates of the glyphs of each mixed sheet that are still without a name."""
        for shown in self._unsplit:
            whole = set(shown)
            self._candidates = [part for part in self._candidates if not whole.issuperset(part.glyphs.tolist())]
            glyphs = np.array([glyph for glyph in shown if not self.answered.known[glyph]])
            if len(glyphs) >= 2 * MIN_GLYPHS:
                self._candidates += [_Candidate(part, "part") for part in self._divided(glyphs, 2)]
        self._unsplit = []

    def _guesses(self) -> list[_Candidate]:
        """Return, for every label, the most doubtful of the glyphs that probably have it."""
        if not self.answered.names:
            return []
        candidates = []
        best, confidence = self.scores.argmax(axis=1), self._confidence()
        free = ~self.answered.known & (confidence >= MIN_GUESS)
        free &= (self.answered.mixed == 0) | (confidence >= GUESS_PURITY)
        for label in range(len(self.answered.names)):
            glyphs = np.flatnonzero(free & (best == label))
            glyphs = glyphs[np.argsort(confidence[glyphs], kind="stable")]
            for start in range(0, max(1, len(glyphs) - MIN_GLYPHS), 5):
                window = glyphs[start : start + SHEET_GLYPHS]
                if len(window) and confidence[window].mean() >= GUESS_PURITY:
                    candidates.append(_Candidate(window, "guess"))
                    break
        return candidates

    def recognised(self) -> tuple[int, int]:
        """Return how many glyphs the person named, and how many others the program recognises by that."""
        known = self.answered.known
        return int(known.sum()), int((~known & (self._confidence() >= RECOGNISED)).sum())

    def labelled(self) -> LabelledGlyphs:
        """Return the label of each glyph as far as the answers tell, with calibrated confidences."""
        known = self.answered.known
        if not self.answered.names:
            nothing = np.full(len(known), -1, np.int64)
            return LabelledGlyphs((), nothing, np.zeros(len(known)), known)
        best = np.where(self._confidence() > 0, self.scores.argmax(axis=1), -1)
        confidence = np.where(known, 1.0, self._calibrated(self._confidence().astype(np.float64)))
        return LabelledGlyphs(tuple(self.answered.names), best.astype(np.int64), confidence, known)

    def _calibrated(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability that labels of these scores are right.

        The answers are left out by turns, and the glyphs of each are labelled by the others: the share of right labels
        must rise with the score (isotonic regression). A little of the score is mixed in, so that no two scores become
        one confidence.
        """
        from sklearn.isotonic import IsotonicRegression

        held_scores: list[NDArray[np.float32]] = []
        held_right: list[NDArray[np.bool_]] = []
        if len(self.answers) >= 2 * FOLDS:
            for fold in range(FOLDS):
                others = [answer for number, answer in enumerate(self.answers) if number % FOLDS != fold]
                state = Answered.by(others, len(self.around.view))
                left_out = np.flatnonzero(self.answered.known & ~state.known)
                if not len(left_out) or not state.names:
                    continue
                by_others = spread(self.around, state, self.seed)[left_out]
                named = np.array(state.names)[by_others.argmax(axis=1)]
                held_scores.append(by_others.max(axis=1))
                held_right.append(named == np.array(self.answered.names)[self.answered.labels[left_out]])
        if sum(map(len, held_scores)) < MIN_HELD:
            return np.minimum(scores, 1 - DOUBT)
        curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
        curve.fit(np.concatenate(held_scores), np.concatenate(held_right))
        return np.minimum((1 - DOUBT) * curve.predict(scores) + DOUBT * scores, 1 - DOUBT)
