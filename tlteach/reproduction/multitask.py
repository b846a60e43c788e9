"""What the second paper claims (Landolfi, Thomas and Ma 2019), as far as our runs can speak to it.

Only the abstract and the start of the introduction of the paper could be read; the settings are those of the first
author's published program and notebooks of May 2019.
"""

from collections.abc import Sequence

import numpy as np

from tlteach.experiments.multitask import scores
from tlteach.reproduction.claim import Chapter, Claim, Finding, Measured, Rule, judge
from tlteach.reproduction.measures import Sample, percent, seeds, select
from tlteach.runs import Result

ENOUGH = 3  # seeds
PAPERS = ("halfcheetah", "ant")  # robots of the paper's families
WAY = 0.9  # of the way from a random policy to a good one
NAMES = {"navigation": "point mass", "reacher": "Reacher", "halfcheetah-velocity": "half-cheetah, goal velocity"}


def tested(results: Sequence[Result], **wanted) -> list[Result]:
    """The runs with these values that ended with their tests; of two with one seed the one on more training tasks."""
    by_seed: dict[int, Result] = {}
    for run in sorted(select(results, **wanted), key=lambda run: run.config["n_tasks"]):
        if run.provenance.complete and np.isfinite(run.metrics["stage"]).any():
            by_seed[run.config["seed"]] = run
    return [by_seed[seed] for seed in sorted(by_seed)]


def families(results: Sequence[Result]) -> list[str]:
    """Of the runs, the paper's first."""
    names = sorted({run.config["family"] for run in results})
    return sorted(names, key=lambda name: not name.startswith(PAPERS))


def default(results: Sequence[Result], family: str) -> list[Result]:
    """Our method's runs on a family: the optimiser and the number of models that were run with the most seeds."""
    groups: dict[tuple, list[Result]] = {}
    for run in select(results, family=family, method="model-based", fitting="interleaved", refine=0):
        key = (run.config["optimizer"], run.config["dynamics"]["n_models"], run.config["fit"]["horizon"])
        groups.setdefault((*key, run.config["n_tasks"]), []).append(run)
    ordered = sorted(groups.items(), key=lambda group: (len(group[1]), str(group[0])))
    return tested(ordered[-1][1]) if ordered else []


def score(runs: Sequence[Result], name: str) -> Sample:
    return Sample.each(runs, lambda run: scores(run)[name])


def number(value: float) -> str:
    return f"{value:.1f}"


def metres(value: float) -> str:
    return f"{value:.3f}"


def line(family: str, what: str, name: str, runs: Sequence[Result]) -> Measured:
    form = metres if name.endswith("miss") else number
    return Measured.of(f"{NAMES.get(family, family)}: {what}", score(runs, name), form, runs)


def warm_up(results: Sequence[Result]) -> Finding:
    measured, shares = [], {}
    for family in families(results):
        ours = default(results, family)
        random = tested(results, family=family, method="random")
        optimum = [
            run
            for run in tested(results, family=family, method="optimum")
            if ours and run.config["optimizer"] == ours[0].config["optimizer"]
        ]
        scratch = tested(results, family=family, method="scratch")
        if not ours:
            continue
        n = ours[0].config["n_tasks"] * ours[0].config["steps_per_task"]
        measured.append(line(family, f"zero shot, real return ({n:,} real steps on other tasks)", "zero_real", ours))
        measured.append(line(family, "zero shot, virtual return", "zero_virtual", ours))
        measured.append(line(family, "zero shot, distance from the goal at the end", "zero_miss", ours))
        if ours[0].config["stages"]:
            measured.append(line(family, f"after {ours[0].config['stages']} stages, real return", "last_real", ours))
        if random:
            measured.append(line(family, "random policy", "zero_real", random))
        if optimum:
            measured.append(line(family, "same optimiser on the true dynamics", "zero_real", optimum))
            measured.append(line(family, "best actions known, by gradients through them", "best_return", optimum))
        if scratch:
            steps = scratch[0].config["baseline_updates"] * scratch[0].config["steps_per_task"]
            measured.append(line(family, f"from scratch, after {steps:,} real steps of the task", "last_real", scratch))
        good = optimum or (ours if ours[0].config["stages"] else [])
        if random and good:
            low, high = score(random, "zero_real").median, score(good, "last_real").median
            shares[family] = [(scores(run)["zero_real"] - low) / (high - low) for run in ours]
    if not shares:
        return Finding(measured=tuple(measured))
    reached = {name for name, share in shares.items() if len(share) >= ENOUGH and min(share) >= WAY}
    near = any(np.median(share) >= WAY for share in shares.values())
    verdict = judge(any(name.startswith(PAPERS) for name in reached), near)
    told = {
        name: f"{percent(float(np.median(share)))} of the way, {seeds(len(share))}" for name, share in shares.items()
    }
    summary = "; ".join(f"{NAMES.get(name, name)}: {words}" for name, words in told.items())
    return Finding(verdict, summary, tuple(measured), _gap(results))


def _gap(results: Sequence[Result]) -> str:
    """How far the model's promise was from what came."""
    parts = []
    for family in families(results):
        if ours := default(results, family):
            gap = Sample.each(ours, lambda run: scores(run)["zero_virtual"] - scores(run)["zero_real"])
            parts.append(f"{number(gap.median)} on the {NAMES.get(family, family)}")
    return f"The virtual return is above the real one by {', '.join(parts)} (median seed)." if parts else ""


def several(results: Sequence[Result]) -> Finding:
    """Ensembles beside single models, and interleaved fitting beside fitting first, of the same optimiser."""
    measured, better = [], {}
    for family in families(results):
        ours = select(results, family=family, method="model-based")
        for optimizer in sorted({run.config["optimizer"] for run in ours}):
            chosen = select(ours, optimizer=optimizer)
            turns, first = select(chosen, fitting="interleaved"), select(chosen, fitting="first")
            kinds = {
                "one model": [run for run in turns if _models(run) == 1],
                "several models": [run for run in turns if _models(run) > 1],
                "several models, fitting first": [run for run in first if _models(run) > 1],
            }
            kinds = {name: tested(runs) for name, runs in kinds.items()}
            if not kinds["several models"] or not (kinds["one model"] or kinds["several models, fitting first"]):
                continue
            for name, runs in kinds.items():
                if runs:
                    measured.append(line(family, f"{optimizer.upper()}, {name}: real return", "zero_real", runs))
                    measured.append(line(family, f"{optimizer.upper()}, {name}: virtual return", "zero_virtual", runs))
            if kinds["one model"]:
                one, many = score(kinds["one model"], "zero_real"), score(kinds["several models"], "zero_real")
                n = min(len(one.values), len(many.values))
                better[family] = (many.median - one.median, n >= ENOUGH and min(many.values) > max(one.values))
    if not better:
        return Finding(measured=tuple(measured))
    paper = [apart for name, (_, apart) in better.items() if name.startswith(PAPERS)]
    verdict = judge(any(paper), any(gain > 0 for gain, _ in better.values()))
    told = [f"{NAMES.get(name, name)}: {gain:+.1f}" for name, (gain, _) in better.items()]
    return Finding(verdict, f"return gained by several models: {'; '.join(told)}", tuple(measured))


def _models(run: Result) -> int:
    return run.config["dynamics"]["n_models"]


def nothing(results: Sequence[Result]) -> Finding:
    """No run of ours can speak to this: the rival is not part of the course yet."""
    return Finding()


ABSTRACT = "arXiv 1907.04964, abstract and a published survey of the paper; its body was not read"
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
        "Only the abstract and the start of the introduction of the paper could be read. What is said of settings and "
        "returns comes from the first author's published program and notebooks (May 2019).",
        "In the lesson's runs everything is smaller: 4 or 5 training tasks of 800 to 1,000 real steps, ensembles of 3 "
        "or 5 networks of 2 x 64 to 2 x 200, 3 test tasks, 20 episodes to measure a policy by its mean action; on a "
        "point mass and Gymnasium's Reacher, which the paper does not have. Half-cheetahs are Gymnasium's, with its "
        "time step: returns are not comparable to the authors'.",
        "States in the model are cut to the range of the data, widened by half; some settings of TRPO are ours "
        "(`Config.preset`).",
    ),
    claims=(
        Claim(
            name="multitask-warm-up",
            title="Warm-up in the model alone gives a good policy for a new task",
            number="zero shot -30.5, after four stages -26.2 (half-cheetah, goal velocity)",
            says="At test a policy is trained from scratch by virtual warm-up and is good before its first real step. "
            "In the first author's notebooks zero shot has most of what four stages of 4,000 real steps give.",
            source=f"{ABSTRACT}; returns read off a figure of the notebooks, ± 1%",
            rule=Rule(
                f"on a half-cheetah or an ant, every one of at least {ENOUGH} seeds is, zero shot, at least "
                f"{WAY:.0%} of the way from the random policy's return to that after the last stage",
                "the median seed is, on any family; where there are no stages, the goal is the return of the same "
                "optimiser on the true dynamics",
            ),
            measure=warm_up,
        ),
        Claim(
            name="multitask-several-models",
            title="Several models keep the policy from fitting one model's mistakes",
            number="no number is known",
            says="The policy is trained against several learned models, deliberately over-parameterised. The authors' "
            "program has one network that is fitted between policy updates, so that the policy meets a changing model; "
            "an ensemble is another reading.",
            source=ABSTRACT,
            rule=Rule(
                f"on a half-cheetah or an ant, with at least {ENOUGH} seeds of each, every seed of an ensemble has a "
                "higher zero-shot return than every seed of one model of the same size, optimiser and data",
                "the median is higher, on any family",
            ),
            measure=several,
        ),
        Claim(
            name="multitask-maml",
            title="It surpasses MAML with far fewer samples",
            number="on all tasks",
            says="The method surpasses MAML on all tasks with far fewer samples.",
            source=ABSTRACT,
            rule=Rule(
                f"on a half-cheetah or an ant, with at least {ENOUGH} seeds of each, every seed has a higher return on "
                "the test tasks, zero shot, than every seed of MAML after as many real steps or more",
                "the medians are in that order, on any family",
            ),
            measure=nothing,
        ),
        Claim(
            name="multitask-oracle",
            title="Zero shot can outperform a policy that is told the task",
            number="on some tasks",
            says="The zero-shot policy can already outperform an oracle, a policy that is given the task and trained "
            "jointly over the task distribution.",
            source=ABSTRACT,
            rule=Rule(
                f"on a half-cheetah or an ant, with at least {ENOUGH} seeds of each, every seed has a higher return on "
                "the test tasks, zero shot, than every seed of an oracle",
                "the medians are in that order, on any family",
            ),
            measure=nothing,
        ),
    ),
)
