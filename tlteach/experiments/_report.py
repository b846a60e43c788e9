"""What the reports of all experiments share: runs by network, words for the axes, the end of a run."""

from collections.abc import Sequence
from typing import Any

from tlteach.errors import InvalidInput
from tlteach.runs import Result

AGAINST = {"episodes": "training episodes", "cpu_seconds": "CPU seconds of training"}  # words for a horizontal axis
SHARE = 0.05  # of a run that counts as its end


def several(results: Sequence[Result] | Result) -> list[Result]:
    """A list, of one result too. Raises InvalidInput when it is empty."""
    results = [results] if isinstance(results, Result) else list(results)
    if not results:
        raise InvalidInput("nothing to report: the list of results is empty")
    return results


def by_network(results: Sequence[Result], order: Sequence[str]) -> dict[str, list[Result]]:
    """The runs of each network that there are any of, in `order`."""
    return {n: group for n in order if (group := [r for r in results if r.config["network"] == n])}


def labelled(looks: dict[str, Any], group: Sequence[Result]) -> dict[str, Any]:
    """The looks of a line, with the number of seeds in its label."""
    return looks | {"label": f"{looks['label']} ({len(group)} seed{'s' * (len(group) > 1)})"}


def at_end(result: Result, metric: str, share: float = SHARE) -> float:
    """Mean of `metric` over the last `share` of the run: single records are noisy."""
    values = result.metrics[metric]
    return float(values[-max(1, round(share * len(values))) :].mean())
