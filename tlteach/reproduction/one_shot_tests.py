"""Why one-shot accuracy ends where it does: the recorded networks, tested again on characters seen and unseen."""

from collections.abc import Sequence

import numpy as np

from tlteach.plots import Table
from tlteach.reproduction.measures import count, length, one_a_seed, seeds
from tlteach.runs import Result

EXPERIMENT = "one_shot_tests"
LONG = "long-{network}-omniglot-5way-1shot-{protocol}"  # the recorded runs whose networks are tested
SHOWN = (("plastic", "honest"), ("shared", "honest"), ("plastic", "paper"))
NAMES = {"plastic": "an alpha for each connection", "shared": "one shared alpha"}
HEADS = {"seen": "trained on", "distorted": "trained on, distorted", "validation": "validation", "unseen": "test",
         "repeated": "test, query may repeat"}  # fmt: skip


def tests(results: Sequence[Result], network: str, protocol: str) -> list[Result]:
    """The tests of the recorded long runs, of one length, a seed each."""
    trained = LONG.format(network=network, protocol=protocol)
    found = [run for run in results if run.experiment == EXPERIMENT and run.config["trained"] == trained]
    return one_a_seed(run for run in found if length(run) == max(map(length, found)))


def share(runs: Sequence[Result], name: str) -> tuple[float, float]:
    """Mean over the seeds of a test's share of right answers, and its standard error over the characters asked for.

    All seeds are asked about the same characters, so more seeds do not make that error smaller.
    """
    return tuple(float(np.mean([run.metrics[key][-1] for run in runs])) for key in (name, f"{name}_error"))


def words(runs: Sequence[Result], name: str) -> str:
    value, error = share(runs, name)
    return f"{100 * value:.2f}% ± {196 * error:.2f}"


def why(results: Sequence[Result], network: str, mean: float, published: float) -> list[str]:
    """What the tests say about the distance to the published mean, in words; nothing without them."""
    runs = tests(results, network, "honest")
    if not runs:
        return []
    (seen, seen_error), (new, new_error) = share(runs, "seen"), share(runs, "unseen")
    told = [
        f"Tested again ({count(length(runs[0]))} episodes each, {seeds(len(runs))}; ± is the 95% interval over the "
        f"choice of the characters), these networks answer {words(runs, 'unseen')} on the test characters, "
        f"{words(runs, 'seen')} on characters that they were trained on, and {words(runs, 'distorted')} on those when "
        "they are distorted as in training."
    ]
    gap, chance = seen - new, 1.96 * (seen_error**2 + new_error**2) ** 0.5
    if abs(gap) <= chance:
        meaning = (
            "the errors are not those of learning by heart. The network does not fit even its training characters "
            "better. Whether its size, the length of training, the distortion or the loss holds it there, no recorded "
            "run tells"
        )
    else:
        meaning = "part of the errors is that of new characters" if gap > 0 else "the test characters are easier"
    points = round(100 * gap, 2) + 0.0  # never -0.00
    told.append(
        f"Seen and new characters differ by {points:+.2f} points, {'no ' * (abs(gap) <= chance)}more than chance "
        f"allows (± {100 * chance:.2f}): {meaning}."
    )
    if mean < published:
        inside = published - mean <= 1.96 * new_error
        told.append(
            f"The choice of the test characters alone leaves ± {196 * new_error:.2f} points, "
            f"{'more' if inside else 'less'} than the distance to the published mean."
        )
    return told


def where(results: Sequence[Result]) -> Table:
    """Accuracy of each network on the characters of each test."""
    rows = []
    for network, protocol in SHOWN:
        if runs := tests(results, network, protocol):
            name = f"{NAMES[network]}, {protocol} protocol, {seeds(len(runs))}"
            rows.append((name, *(words(runs, test) for test in HEADS)))
    return Table(("network", *HEADS.values()), rows, "Right answers, by the characters that are asked for")


WHERE = (
    "The networks of the long runs, tested again by `tlteach run one_shot_tests`, with fresh episodes. ± is 1.96 "
    "standard errors with the characters as the sample: how far another choice of as many characters may move the "
    "figure. The query is never a drawing just shown, except in the last column. Under the paper's protocol the "
    "characters for validation are those of the test."
)
