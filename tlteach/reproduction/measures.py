"""Choosing recorded runs by their configuration, and turning what they measured into words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu

from tlteach.runs import Result


def select(results: Iterable[Result], **wanted: Any) -> list[Result]:
    """The results whose configuration has these values; a dict is compared entry by entry, a tuple lists choices."""

    def fits(has: Any, value: Any) -> bool:
        if isinstance(value, dict):
            return isinstance(has, dict) and all(fits(has.get(key), inner) for key, inner in value.items())
        return has in value if isinstance(value, tuple) else has == value

    return [result for result in results if fits(result.config, wanted)]


def one_a_seed(results: Iterable[Result]) -> list[Result]:
    """Of several runs with the same seed the longest."""
    longest: dict[Any, Result] = {}
    for result in sorted(results, key=length):
        longest[result.config.get("seed")] = result
    return [longest[seed] for seed in sorted(longest, key=str)]


def length(result: Result) -> float:
    """Episodes that the run took."""
    return float(result.metrics["episodes"][-1])


def at(result: Result, metric: str, episodes: float) -> float:
    """`metric` in the first record after `episodes` episodes, or in the last where the run was shorter."""
    row = np.searchsorted(result.metrics["episodes"], episodes)
    return float(result.metrics[metric][min(row, len(result.metrics[metric]) - 1)])


def mean_between(result: Result, metric: str, start: float, stop: float) -> float:
    """Mean of `metric` over the records after more than `start` and at most `stop` episodes; NaN without any."""
    episodes = result.metrics["episodes"]
    values = result.metrics[metric][(episodes > start) & (episodes <= stop)]
    return float(values.astype(float).mean()) if len(values) else float("nan")


@dataclass(frozen=True)
class Sample:
    """One number a seed. Where `bound` is true the run ended too early, and its number is a lower bound."""

    values: tuple[float, ...]
    bound: tuple[bool, ...] = ()

    @classmethod
    def each(cls, results: Sequence[Result], number: Callable[[Result], float]) -> "Sample":
        """`number` of each run."""
        return cls(tuple(float(number(result)) for result in results))

    @classmethod
    def reached(cls, results: Sequence[Result], after: Callable[[Result], float | None]) -> "Sample":
        """Episodes `after` which each run got somewhere; for None, the length of the run as a lower bound."""
        found = [after(result) for result in results]
        values = [length(run) if each is None else each for run, each in zip(results, found, strict=True)]
        return cls(tuple(values), tuple(each is None for each in found))

    @property
    def median(self) -> float:
        return float(np.median(self.values))

    @property
    def open(self) -> bool:
        """Whether the median is only a lower bound: a seed that counts towards it did not get there."""
        middle = sorted(self.values)[len(self.values) // 2]
        return any(bound and value <= middle for value, bound in zip(self.values, self._bound, strict=True))

    @property
    def _bound(self) -> tuple[bool, ...]:
        return self.bound or (False,) * len(self.values)

    def middle(self, form: Callable[[float], str]) -> str:
        """The median in words."""
        return f"{'more than ' * self.open}{form(self.median)}"

    def spread(self, form: Callable[[float], str]) -> str:
        """Lowest to highest seed in words; a single seed has no spread."""
        if len(self.values) == 1:
            return "one seed"
        pairs = sorted(zip(self.values, self._bound, strict=True))
        low, high = ("more than " * bound + form(value) for value, bound in (pairs[0], pairs[-1]))
        return f"{low} to {high}{' or more' * (any(self._bound) and not pairs[-1][1])}"


SIGNIFICANT = 0.05  # of the rank-sum test


def p_value(one: Sample, other: Sample) -> float:
    """Of Wilcoxon's rank-sum test, two-sided."""
    return float(mannwhitneyu(one.values, other.values).pvalue)


def count(value: float) -> str:
    return f"{value:,.0f}"


def percent(value: float) -> str:
    return f"{100 * value:.1f}%"


def level(value: float) -> str:
    """A threshold, as a share in per cent."""
    return f"{100 * value:g}%"


def seeds(n: int) -> str:
    return f"{n} seed{'s' * (n != 1)}"


def duration(seconds: float) -> str:
    """A time in its natural unit."""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
