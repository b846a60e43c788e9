"""How far ahead the shared model can see: its error by horizon, where the warmed-up test policies go."""

from collections.abc import Sequence

from tlteach.plots import Table
from tlteach.reproduction.claim import Beside
from tlteach.reproduction.measures import Sample
from tlteach.reproduction.multitask.common import called, default, families, usual
from tlteach.runs import Result

AHEAD = (1, 5, 10, 20)  # steps


def table(results: Sequence[Result]) -> Table:
    rows = []
    for family in families(usual(results)):
        runs = [run for run in default(results, family) if "errors" in run.tensors]
        if not runs:
            continue
        each = [Sample.each(runs, lambda run, h=h: float(run.tensors["errors"][h - 1])) for h in AHEAD]
        told = (f"{sample.median:.2f} ({sample.spread('{:.2f}'.format)})" for sample in each)
        rows.append((called(family), f"{len(runs)}", *told))
    columns = ("family", "seeds", *(f"{h} step{'s' * (h > 1)} ahead" for h in AHEAD))
    return Table(columns, rows, "Error of the shared model by horizon, median (lowest to highest seed)")


ERRORS = Beside(
    name="multitask-errors",
    title="How far ahead can the model see?",
    text="The model as it was after the last training task, on real episodes of the warmed-up test policies, which it "
    "has not learned from. It follows the real actions from every step; the error is the root mean square "
    "over starts and components, each in units of the spread of its states in training (1.4 is no better than a state "
    "drawn at random). Steps are those of each family's world: 0.1 s on the point mass, 0.02 s on Reacher, 0.05 s on "
    "Gymnasium's half-cheetah and ant.",
    table=table,
)
