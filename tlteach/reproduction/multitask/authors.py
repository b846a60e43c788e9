"""The first author's numbers beside ours, where the sizes are theirs."""

from collections.abc import Sequence

import numpy as np

from tlteach.plots import Table
from tlteach.reproduction.claim import Beside
from tlteach.reproduction.measures import seeds
from tlteach.reproduction.multitask.common import (
    AUTHORS,
    called,
    default,
    families,
    number,
    real_steps,
    stages,
    tested,
    usual,
    within,
)
from tlteach.reproduction.multitask.rivals import spent
from tlteach.runs import Result

NOTEBOOKS = {  # mean return of 40 test tasks in stages 0 to 4; read off a figure of the notebooks of May 2019, +-1 %
    "halfcheetah-direction": (727, 731, 751, 758, 754),
    "halfcheetah-velocity": (-30.5, -32, -27.5, -26.7, -26.2),
    "halfcheetah-velocity-both": (-29.5, -29.8, -28.0, -28.2, -27.5),
    "ant-direction": (771, 958, 1003, 1065, 1085),
    "ant-velocity": (182.5, 190, 188, 192, 190.5),
    "ant-velocity-both": (168, 178, 180, 184, 182),
    "ant-velocity-2d": (269, 296, 310, 316, 320),
}
STAGES = 5


def table(results: Sequence[Result]) -> Table:
    """Mean return on the test tasks after each stage, or, of MAML, each gradient step."""
    rows, results = [], usual(results)
    for family in families(results):
        if not family.endswith(AUTHORS) or not (ours := default(results, family)):
            continue
        name = family.removesuffix(AUTHORS)
        told = list(map(number, NOTEBOOKS[name]))
        rows.append((f"{called(name)}: the author's notebooks", "400,000", *told))
        rows.append(_row(name, "ours", ours, f"{real_steps(ours[0]):,}"))
        for method, words in (("maml", "MAML"), ("oracle", "oracle"), ("random", "random policy")):
            if runs := tested(within(results, family), method=method):
                rows.append(_row(name, words, runs, f"{int(spent(runs[0])):,}" if method != "random" else ""))
    columns = ("", "real steps of training", *(f"stage {k}" for k in range(STAGES)))
    return Table(columns, rows, "Return on held-out tasks, the authors' time step and horizon")


def _row(name: str, who: str, runs: Sequence[Result], steps: str) -> tuple[str, ...]:
    n = min(len(stages(run)) for run in runs)
    values = np.median([stages(run)[:n] for run in runs], 0)
    return (f"{called(name)}: {who}, {seeds(len(runs))}", steps, *map(number, values), *[""] * (STAGES - n))


BESIDE = Beside(
    name="multitask-authors",
    title="At the author's sizes",
    text="One network of 2 x 500, 40 iterations of 100 steps of Adam and 40 of TRPO, 4,000 real steps a task, 200 "
    "steps of the authors' length. The author's are 100 training and 40 test tasks; ours are 40 and 10, the same ones "
    "for every method. The author's robot is that of rllab, which observes 24 numbers and starts otherwise; ours is "
    "Gymnasium's, with 17 (ant: 27). A stage has 4,000 real steps of the task, of MAML a gradient step.",
    table=table,
)
