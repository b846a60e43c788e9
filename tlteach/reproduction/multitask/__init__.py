"""What the second paper claims (Landolfi, Thomas and Ma 2019), as far as our runs can speak to it.

Only the abstract and the start of the introduction of the paper could be read; the settings are those of the first
author's published program and notebooks of May 2019.
"""

from tlteach.reproduction.claim import Chapter
from tlteach.reproduction.multitask import ablations, authors, errors, practice, rivals, selection, shifts

CHAPTER = Chapter(
    experiment="multitask",
    title="Sharing a learned world between tasks",
    setting=(
        "Tasks are reward functions over shared dynamics. Task after task, a fresh policy is warmed up in the learned "
        "model by TRPO, then 4,000 real steps are collected with it and the model learns from them; 100 training tasks "
        "of half-cheetahs, ants and humanoids, 40 held-out ones, one deterministic network of 2 x 500 (the first "
        "author's program, 2019). A test task begins with a warm-up alone (stage 0, zero shot), then four stages with "
        "4,000 real steps each."
    ),
    deviations=(
        "Only the abstract and the start of the introduction of the paper could be read. What is said of settings "
        "and returns comes from the first author's published program and notebooks (May 2019).",
        "In the lesson's runs everything is smaller. On a point mass and Gymnasium's Reacher, which the paper does "
        "not have: 4 or 5 training tasks of 800 to 1,000 real steps, ensembles of 3 or 5 networks, TRPO, 3 test "
        "tasks, policies measured by their mean action. On half-cheetahs and ants: 18 tasks of 2,000 real steps, "
        "ensembles of 3 networks of 2 x 200, SHAC in place of TRPO, 4 test tasks, episodes of 100 of Gymnasium's "
        "time steps, so that returns are not comparable to the authors'. On the half-cheetah TRPO was run, too, last, "
        "and is better than SHAC on every family; the claims against rivals take it, all others the preset's SHAC. "
        "Where the time step and the sizes are the authors', the rows say so.",
        "In the lesson's runs MAML and the oracle are smaller, too: 10 tasks an update, not 40, 10 and 4 "
        "trajectories of each, not 20, and fewer updates. Step sizes and the first noise of their actions were "
        "searched by hand on the point mass, with training seed 0, and by `benchmarks/tune_rivals.py` on Reacher "
        "and on the half-cheetah's velocities from 0 to 2, with another seed; on other tasks than those of the tests. "
        "Training from scratch was searched likewise on the half-cheetah. For other families of robots the settings "
        "of those velocities are used (searches for MAML on directions and for the oracle on both signs found little "
        "better). At the authors' sizes MAML and the oracle have their authors' settings and about ten million real "
        "steps, which are 32 of MAML's 800 iterations and "
        "63 of the oracle's 1,000: both were still rising.",
        "The seeds of a family share their held-out tasks, 3 or 4 in the lesson's runs and 10 at the author's "
        "sizes: spreads and tests over seeds say how sure a value is for these tasks, not for all that could have "
        "been drawn. In stage 0 the policies of all test tasks practise in one stream of fitted models: they are "
        "not independent.",
        "In the lesson's runs states in the model are cut to the range of the data, widened by half, and some "
        "settings of TRPO are ours (`Config.preset`).",
        "The hidden layers of the model begin at 1 / sqrt(inputs); in the author's program they begin, like the "
        "last, at 1e-5.",
        "Not run: 100 training and 40 test tasks, stages 3 and 4 and more than one seed at the authors' sizes; "
        "ants but with a goal velocity, and MAML and the oracle on them; stages after zero shot on ants at the "
        "lesson's size; ablations on ants; on the half-cheetah ablations but on velocities from 0 to 2, one model with "
        "fitting first, and 13 of the 16 pairs of selection rule and criterion; humanoids; adversarial selection; "
        "anything on a GPU.",
    ),
    claims=(
        practice.TRANSFER,
        practice.WARM_UP,
        practice.SEVERAL,
        rivals.MAML,
        rivals.ORACLE,
        shifts.TASKS,
        shifts.DYNAMICS,
        selection.SELECTION,
        practice.COMPUTE,
    ),
    beside=(authors.BESIDE, ablations.ABLATIONS, errors.ERRORS),
)
