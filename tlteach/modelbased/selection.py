"""Active selection of training tasks (spec 1.6): which of those that are met are worth real steps."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from tlteach import checks
from tlteach.errors import InvalidInput

Criterion = Literal[
    "drop-mean",
    "drop-variance",
    "shadow-reward-variance",
    "shadow-state-error",
    "shadow-state-variance",
    "real-reward-diff",
    "real-state-error",
    "real-state-variance",
]
Rule = Literal["skip", "best_of"]


@dataclass(frozen=True)
class SelectionConfig:
    """A rule and the criterion that it goes by: a number for each policy that was just warmed up, see `criteria.value`,
    large where the model is in doubt. A policy whose practice diverged has none (NaN), and always gets its real steps.

    rule: "skip" a task (no real steps) if its value is below the median of the `window` values before, once there are
        so many (the authors' first program, rule A). "best_of" `candidates` tasks collects on the one with the largest
        value (their other program, rule B).
    criterion: see there.
    window: as said. patience: tasks that are skipped in a row; the next is collected whatever its value.
    candidates: as said. Each of them is warmed up from the same model and value; those of the chosen one are kept.
    episodes: real ones for a "real-" criterion, on every task that is met. They count, and they are learned from.

    A skipped task costs a warm-up and leaves behind a model that was fitted for longer, as in the authors' program.

    Raises InvalidInput for values that cannot be used.
    """

    criterion: Criterion = "drop-mean"
    rule: Rule = "skip"
    window: int = 10
    patience: int = 10
    candidates: int = 4
    episodes: int = 2

    def __post_init__(self):
        checks.choice("criterion", self.criterion, get_args(Criterion))
        checks.choice("rule", self.rule, get_args(Rule))
        checks.whole(1, window=self.window, patience=self.patience, episodes=self.episodes)
        checks.whole(2, candidates=self.candidates)

    def check(self, n_tasks: int, n_models: int, iterations: int) -> None:
        """Raise InvalidInput where the rule could never act, or the criterion has nothing to measure."""
        if self.rule == "skip" and n_tasks < self.window + 2:
            raise InvalidInput(
                f"rule 'skip' compares a task with the {self.window} before, and the first has no value: it needs "
                f"{self.window + 2} tasks or more, got {n_tasks}. Take more tasks or a smaller window"
            )
        if self.rule == "best_of" and n_tasks < 2:
            raise InvalidInput(
                "rule 'best_of' chooses from the second task on, the first has no value: it needs 2 tasks or more, "
                f"got {n_tasks}. Take more tasks, or uniform draws"
            )
        if self.criterion.startswith("shadow") and n_models < 2:
            raise InvalidInput(
                f"criterion {self.criterion!r} compares the members of an ensemble: it needs 2 models or more, got 1"
            )
        needed = {"drop-mean": 2, "drop-variance": 3}.get(self.criterion, 1)
        if iterations < needed:
            raise InvalidInput(
                f"criterion {self.criterion!r} looks at what is lost when the model is fitted again between two "
                f"iterations of practice: it needs {needed} iterations of warm-up or more, got {iterations}"
            )

    @property
    def most(self) -> int:
        """Tasks that may have to be met for one that is collected."""
        return self.candidates if self.rule == "best_of" else self.patience + 1

    def skips(self, value: float, before: Sequence[float], skipped: int) -> bool:
        """Rule A: is the task with this value skipped, after those with the values `before` and `skipped` skips?"""
        if skipped >= self.patience or len(before) < self.window:
            return False
        return value < statistics.median(before[-self.window :])  # not-a-number is not

    @staticmethod
    def best(values: Sequence[float]) -> int:
        """Rule B: the number of the candidate to collect on; the first of equals, one without a value before all.

        Raises InvalidInput without candidates.
        """
        if not values:
            raise InvalidInput("rule 'best_of' got no candidates; it needs one or more")
        return max(range(len(values)), key=lambda i: math.inf if math.isnan(values[i]) else values[i])
