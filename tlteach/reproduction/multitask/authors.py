"""The first author's numbers beside ours, where the sizes are theirs."""

from collections.abc import Sequence

import numpy as np

from tlteach.experiments.multitask import AUTHORS
from tlteach.plots import Table
from tlteach.reproduction.claim import Beside
from tlteach.reproduction.measures import seeds, select
from tlteach.reproduction.multitask.common import (
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
LAST = 20  # training tasks
WHILE_TRAINING = {  # mean return of the last 20 training tasks, zero shot; as above
    "halfcheetah-direction": 608,
    "halfcheetah-velocity": -20.9,
    "halfcheetah-velocity-both": -23.5,
    "ant-direction": 822,
    "ant-velocity": 184,
    "ant-velocity-both": 180,
    "ant-velocity-2d": 272,
}
STAGES = 5


def table(results: Sequence[Result]) -> Table:
    """Mean return on the last training tasks, and on the test tasks after each stage; MAML's are gradient steps."""
    rows, results = [], usual(results)
    for family in families(results):
        if not family.endswith(AUTHORS) or not (ours := default(results, family)):
            continue
        name, config = family.removesuffix(AUTHORS), ours[0].config
        rows.append(
            (
                f"{called(name)}: the author's notebooks, 40 test tasks",
                "400,000",
                *map(number, (WHILE_TRAINING[name], *NOTEBOOKS[name])),
            )
        )
        last = float(np.median([_last(run) for run in ours]))
        trained = number(last) if np.isfinite(last) else ""
        rows.append(_row(name, f"ours, {config['n_tasks']} training tasks", ours, f"{real_steps(ours[0]):,}", trained))
        for method, words in (("maml", "MAML"), ("oracle", "oracle"), ("random", "random policy")):
            same = select(within(results, family), method=method, test_tasks=config["test_tasks"])
            if runs := tested(same):
                steps = "" if method == "random" else f"{int(np.median([spent(run) for run in runs])):,}"
                rows.append(_row(name, words, runs, steps))
    columns = ("", "real steps of training", f"last {LAST} training tasks", *(f"stage {k}" for k in range(STAGES)))
    return Table(columns, rows, "Return, the authors' time step and horizon; stages are those of held-out tasks")


def _last(run: Result) -> float:
    """Mean return on the last training tasks, before their real steps; NaN where these are more than half of them: that
    would be early training.
    """
    returns = run.metrics["real_return"][np.isnan(run.metrics["stage"])]
    return float(returns[-LAST:].mean()) if len(returns) >= 2 * LAST else float("nan")


def _row(name: str, who: str, runs: Sequence[Result], steps: str, trained: str = "") -> tuple[str, ...]:
    n = min(len(stages(run)) for run in runs)
    values = np.median([stages(run)[:n] for run in runs], 0)
    tasks = f"{runs[0].config['test_tasks']} test tasks, {seeds(len(runs))}"
    return (f"{called(name)}: {who}, {tasks}", steps, trained, *map(number, values), *[""] * (STAGES - n))


BESIDE = Beside(
    name="multitask-authors",
    title="At the author's sizes",
    text="One network of 2 x 500, 40 iterations of 100 steps of Adam and 40 updates by TRPO, 4,000 real steps a task, "
    "episodes of 200 of the authors' time steps. The author's training tasks are 100. All of our rows are tested on "
    "the same tasks, and MAML and the oracle draw new training tasks in each of their updates. The author's robot is "
    "that of rllab, which observes 24 numbers and starts otherwise; ours is Gymnasium's, with 17 (ant: 27). A stage "
    "has 4,000 real steps of the task; MAML's are gradient steps.",
    table=table,
)
