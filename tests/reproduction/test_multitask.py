"""The verdicts on the second paper's claims, from made runs whose every return is known."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from tlteach.experiments.multitask import Config, changes
from tlteach.provenance import Provenance
from tlteach.reproduction import multitask
from tlteach.reproduction.multitask import ablations, authors, common
from tlteach.reproduction.multitask.common import real_steps
from tlteach.runs import Result, plain

CLAIMS = {claim.name: claim for claim in multitask.CHAPTER.claims}
CHEETAH, POINT = "halfcheetah-velocity", "navigation"


def runs(family, real, virtual=None, method="model-based", last=None, seeds=range(9), **changes):
    """A run for each of `real`, the mean return on two test tasks in stage 0; with `last`, that of a stage 1."""
    found = []
    lasts = np.broadcast_to(np.nan if last is None else last, len(real))
    for seed, value, end in zip(seeds, real, lasts, strict=False):
        config = Config.preset("lesson", family, seed=seed, method=method, test_tasks=2, stages=int(last is not None))
        config = replace(config, **changes)
        stages = [0, 0] + [1, 1] * (last is not None)
        returns = np.array([value - 1, value + 1] + ([] if last is None else [end - 1, end + 1]), float)
        metrics = {
            "step": np.arange(1, len(stages) + 1),
            "stage": np.array(stages, float),
            "task_steps": 800.0 * np.array(stages),
            "real_return": returns,
            "virtual_return": returns + (0 if virtual is None else virtual - value),
            "miss": np.full(len(stages), 0.1),
            "real_steps": np.zeros(len(stages)),
            "best_return": np.full(len(stages), value if method == "optimum" else np.nan),
            "cpu_seconds": np.arange(len(stages)) + 1.0,
        }
        where = Provenance(seed, "9.9", "abc1234", machine="a machine", wall_seconds=7.0)
        found.append(Result("multitask", plain(config), metrics, provenance=where))
    return found


@pytest.mark.parametrize("name", CLAIMS)
def test_without_runs_nothing_is_claimed(name):
    assert CLAIMS[name].measure([]).verdict == "not yet run"
    assert CLAIMS[name].measure(runs(POINT, [-10.0] * 3)).verdict == "not yet run"  # compared with nothing


@pytest.mark.parametrize(
    "family, zero, told",
    [
        (CHEETAH, [-19, -18, -15], "reproduced"),
        (CHEETAH, [-19, -18], "partly"),
        (CHEETAH, [-19, -18, -21], "partly"),  # the way from -110 to -10: nine tenths of it end at -20
        (POINT, [-19, -18, -15], "partly"),
        (POINT, [-19, -22, -25], "not reproduced"),
    ],
)
def test_warm_up(family, zero, told):
    if family == CHEETAH:
        ours, good = runs(family, zero, last=-10), []
    else:
        ours, good = runs(family, zero), runs(family, [-10] * 3, method="optimum")
    found = ours + good + runs(family, [-110, -110], method="random")
    finding = CLAIMS["multitask-warm-up"].measure(found)
    assert finding.verdict == told
    assert f"{(np.median(zero) + 110):.1f}% of the way, {len(zero)} seeds" in finding.summary


def test_the_gap_between_virtual_and_real_is_told():
    found = runs(POINT, [-20] * 3, virtual=-12) + runs(POINT, [-110], method="random")
    assert (
        "8.0 on the point mass"
        in CLAIMS["multitask-warm-up"].measure(found + runs(POINT, [-10], method="optimum")).analysis
    )


@pytest.mark.parametrize(
    "family, many, one, told",
    [
        (CHEETAH, [-9, -8, -7], [-11, -10, -12], "reproduced"),
        (CHEETAH, [-9, -8], [-11, -12], "undecided"),
        (CHEETAH, [-9, -8, -11], [-10, -12, -12], "undecided"),
        (POINT, [-9, -8, -7], [-11, -10, -12], "partly"),
        (POINT, [-9, -8, -7, -6, -11], [-10, -12, -13, -14, -15], "partly"),  # they overlap; p = 0.016
        (POINT, [-9, -8, -7], [-5, -5, -5], "not reproduced"),
    ],
)
def test_several_models(family, many, one, told):
    single = replace(Config.preset("lesson", family).dynamics, n_models=1)
    finding = CLAIMS["multitask-several-models"].measure(runs(family, many) + runs(family, one, dynamics=single))
    assert finding.verdict == told
    assert f"{np.median(many) - np.median(one):+.1f}" in finding.summary


def trained(found, steps, returns, seconds):
    """The runs with rows of training before their tests: real steps, returns (NaN: not looked at), CPU seconds."""
    n, more = len(steps), []
    for run in found:
        rows = len(run.metrics["step"])
        before = {"stage": np.full(n, np.nan), "real_steps": np.array(steps, float), "cpu_seconds": np.array(seconds)}
        before["real_return"] = np.array(returns, float)
        after = run.metrics | {
            "real_steps": np.full(rows, float(steps[-1])),
            "cpu_seconds": seconds[-1] + run.metrics["cpu_seconds"],
        }
        metrics = {name: np.concatenate([before.get(name, np.full(n, np.nan)), after[name]]) for name in after}
        more.append(replace(run, metrics=metrics | {"step": np.arange(1, n + rows + 1)}))
    return more


@pytest.mark.parametrize(
    "family, method, ours, its, last, told",
    [
        (CHEETAH, "maml", [-9, -8, -7], [-90] * 3, [-11, -10, -12], "reproduced"),
        (CHEETAH, "maml", [-9, -8, -7], [-10, -11, -12], [-90] * 3, "reproduced"),
        (CHEETAH, "maml", [-9, -8], [-90] * 3, [-11, -10, -12], "undecided"),
        (CHEETAH, "maml", [-9, -8, -11], [-90] * 3, [-10, -12, -12], "undecided"),
        (CHEETAH, "maml", [-9, -8, -7], [-6, -6, -6], [-90] * 3, "not reproduced"),  # the stage that is best for it
        (POINT, "maml", [-9, -8, -7], [-90] * 3, [-11, -10, -12], "partly"),
        (CHEETAH, "oracle", [-9, -8, -7], [-11, -10, -12], None, "reproduced"),
        (POINT, "oracle", [-9, -8, -7], [-5, -4, -4], None, "not reproduced"),
    ],
)
def test_rivals(family, method, ours, its, last, told):
    mine, n = runs(family, ours), len(its)
    theirs = runs(family, its, method=method, last=last)
    spent = real_steps(mine[0])
    theirs = trained(theirs, [spent // 2, spent, 1_000 * spent], [-70, -50, -30], [1, 2, 3])
    finding = CLAIMS[f"multitask-{method}"].measure(mine + theirs)
    assert finding.verdict == told
    best = its if last is None else np.maximum(its, last)
    gain = np.median(ours) - np.median(best)
    assert f"return {gain:+.1f} with 1/1000 of the real steps, {min(len(ours), n)} seeds" in finding.summary
    rows = {each.setting.split(": ")[1]: each.value for each in finding.measured}
    looked = next(value for what, value in rows.items() if f"{spent:,} real steps" in what and "ours" not in what)
    assert looked == "-50.0"  # the first look after as many steps as ours


def test_maml_is_not_surpassed_before_it_was_trained_at_length():
    theirs = trained(runs(CHEETAH, [-90] * 3, method="maml", last=[-90] * 3), [1_000_000], [-90], [1])
    finding = CLAIMS["multitask-maml"].measure(runs(CHEETAH, [-9, -8, -7]) + theirs)
    assert finding.verdict == "partly"


def test_a_rival_with_fewer_real_steps_than_ours_shows_nothing():
    theirs = trained(runs(CHEETAH, [-90] * 3, method="maml", last=[-90] * 3), [10], [-90], [1])
    finding = CLAIMS["multitask-maml"].measure(runs(CHEETAH, [-9, -8, -7]) + theirs)
    assert finding.verdict == "not yet run"


@pytest.mark.parametrize(
    "family, by_amount, random, told",
    [
        (CHEETAH, {1: [-30] * 3, 5: [-20] * 3, 18: [-10] * 3}, -90, "reproduced"),
        (CHEETAH, {1: [-30, -30, -10], 18: [-10, -9, -11]}, -90, "partly"),
        (POINT, {1: [-30] * 3, 10: [-10] * 3}, -90, "partly"),
        (POINT, {1: [-10] * 3, 10: [-30] * 3}, -90, "partly"),  # it carries over, and more tasks add nothing
        (POINT, {1: [-10] * 3, 10: [-30] * 3}, -5, "not reproduced"),
        (POINT, {1: [-10] * 3, 10: [-30, -31, -5]}, -30, "undecided"),
        (POINT, {5: [-10] * 3}, -90, "not yet run"),
    ],
)
def test_more_training_tasks(family, by_amount, random, told):
    found = [run for n, real in by_amount.items() for run in runs(family, real, n_tasks=n)]
    found += runs(family, [random] * 3, method="random")
    finding = CLAIMS["multitask-transfer"].measure(found)
    assert finding.verdict == told
    if told != "not yet run":
        few, many = min(by_amount), max(by_amount)
        gain = np.median(by_amount[many]) - np.median(by_amount[few])
        assert f"{gain:+.1f} from {few} to {many} tasks" in finding.summary
        assert len(finding.measured) == len(by_amount) + 1


@pytest.mark.parametrize(
    "family, ours, its, spent, told",
    [
        (CHEETAH, [-9, -8, -7], [-11, -10, -12], 10_000_000, "reproduced"),
        (CHEETAH, [-9, -8, -7], [-11, -10, -12], 1_000_000, "partly"),
        (POINT, [-9, -8, -7], [-11, -10, -12], 10_000_000, "partly"),
        (POINT, [-9, -8, -7], [-5, -5, -5], 10_000_000, "not reproduced"),
        (POINT, [-9, -8, -7], [], 10_000_000, "not yet run"),
    ],
)
def test_other_tasks(family, ours, its, spent, told):
    found = runs(family, ours, shift="tasks") + runs(family, [-2] * 3) + runs(family, [-1] * 3, method="maml")
    found += trained(runs(family, its, method="maml", shift="tasks"), [spent], [-90], [1])
    finding = CLAIMS["multitask-task-shift"].measure(found)
    assert finding.verdict == told
    assert [each.value for each in finding.measured][:2] == ["-2.0", f"{np.median(ours):.1f}"]


@pytest.mark.parametrize(
    "family, gaps, told",
    [
        (CHEETAH, ([1, 1, 1], [2, 2, 2], [9, 9, 9]), "reproduced"),
        (CHEETAH, ([1, 1, 1], [10, 10, 10], [9, 9, 9]), "partly"),
        (CHEETAH, ([1, 1, 10], [2, 2, 2], [9, 9, 9]), "undecided"),
        (POINT, ([1, 1, 1], [2, 2, 2], [9, 9, 9]), "partly"),
        (POINT, ([1, 1, 1], [2, 2, 2], [0, 0, 0]), "not reproduced"),
        (POINT, ([1, 1, 1], [2, 2, 2], []), "not yet run"),
    ],
)
def test_another_world(family, gaps, told):
    found = []
    for shift, values in zip(("none", "friction", "crippled"), gaps, strict=True):
        for seed, value in enumerate(values):
            found += runs(family, [-20.0], virtual=-20.0 + value, shift=shift, seeds=[seed])
    finding = CLAIMS["multitask-dynamics-shift"].measure(found)
    assert finding.verdict == told
    if told != "not yet run":
        assert f"a motor or two dead {np.median(gaps[2]):.1f}" in finding.summary


@pytest.mark.parametrize("seeds, told", [(3, "reproduced"), (2, "not reproduced")])
def test_ours_is_the_papers_optimiser_where_there_are_enough_runs_of_it(seeds, told):
    rival = runs(CHEETAH, [-30, -31, -32], method="oracle")
    for run in rival:
        run.metrics["real_steps"] += 40_000
    pace = Config.preset("lesson", CHEETAH, "trpo").warm_up
    published = runs(CHEETAH, [-20, -21, -22][:seeds], optimizer="trpo", warm_up=pace)
    found = runs(CHEETAH, [-50, -51, -52]) + published
    finding = CLAIMS["multitask-oracle"].measure(found + rival)
    assert finding.verdict == told
    assert any("ours, TRPO" in each.setting for each in finding.measured) == (seeds == 3)


@pytest.mark.parametrize(
    "family, uniform, rules, told",
    [
        (CHEETAH, [-11, -10, -12, -13, -14], {"skip": [-9, -8, -7, -6, -5]}, "reproduced"),
        (CHEETAH, [-11, -10, -12, -13, -14], {"skip": [-9, -8, -7, -6, -12]}, "reproduced"),  # p = 0.03
        (CHEETAH, [-11, -10, -12, -13, -14], {"skip": [-9, -8, -7, -6, -12], "best_of": [-11] * 5}, "undecided"),
        (CHEETAH, [-11, -10, -12], {"skip": [-9, -8, -7]}, "undecided"),  # p cannot be below 0.1
        (POINT, [-11, -10, -12, -13, -14], {"skip": [-9, -8, -7, -6, -5]}, "partly"),
        (POINT, [-11, -10, -12, -13, -14], {"skip": [-9, -8, -7, -6, -5], "best_of": [-20] * 5}, "not reproduced"),
        (POINT, [-11, -10, -12], {}, "not yet run"),
    ],
)
def test_selection(family, uniform, rules, told):
    """The more rules are tried, the smaller must the p of one be."""
    found = runs(family, uniform) + runs(family, [-1] * 4, n_tasks=9)  # more real steps: no comparison
    found += [run for rule, real in rules.items() for run in runs(family, real, rule=rule, window=2)]
    finding = CLAIMS["multitask-selection"].measure(found)
    assert finding.verdict == told
    gained = sorted(np.median(real) - np.median(uniform) for real in rules.values())
    if gained:
        ways = f"{len(gained)} way{'s' * (len(gained) > 1)} of choosing: {gained[0]:+.1f}"
        assert ways in finding.summary and f"{gained[-1]:+.1f} ({len(uniform)} seeds" in finding.summary


@pytest.mark.parametrize(
    "family, seconds, told",
    [(CHEETAH, [1, 5, 9], "reproduced"), (POINT, [1, 5, 9], "partly"), (POINT, [3, 6, 9], "not reproduced")],
)
def test_the_share_of_the_warm_up(family, seconds, told):
    """The first task goes without one: of 9 seconds on 3 tasks, 3 times 1 are for all else."""
    found = trained(runs(family, [-9] * 3), [800, 1600, 2400], [np.nan] * 3, seconds)
    finding = CLAIMS["multitask-compute"].measure(found)
    assert finding.verdict == told
    assert f"{100 * (1 - 3 * seconds[0] / 9):.1f}%" in finding.summary


def test_shifted_runs_and_chosen_tasks_do_not_count_where_nothing_is_shifted_or_chosen():
    others = runs(POINT, [-90] * 9, shift="crippled") + runs(POINT, [-80] * 9, rule="skip", window=2)
    usual = runs(POINT, [-19, -18, -15]) + runs(POINT, [-10], method="optimum") + runs(POINT, [-110], method="random")
    for name in ("multitask-warm-up", "multitask-several-models", "multitask-compute", "multitask-transfer"):
        assert CLAIMS[name].measure(usual + others) == CLAIMS[name].measure(usual)


def test_ablations_are_told_apart_and_decide_nothing():
    usual = Config.preset("lesson", POINT)
    narrow, cold = replace(usual.dynamics, hidden=(8, 4)), replace(usual.warm_up, iterations=0)
    found = runs(POINT, [-10, -11, -12]) + runs(POINT, range(-44, -35), dynamics=narrow)
    found += runs(POINT, range(-74, -65), warm_up=cold) + runs(POINT, [-90] * 9, trpo=replace(usual.trpo, max_kl=0.5))
    both = runs(POINT, [-99] * 3, dynamics=narrow, warm_up=cold) + runs(POINT, [-99] * 3, shift="tasks")
    table = ablations.table(found + both + runs(POINT, [-21, -20, -19], n_tasks=2))
    least = f"{2 / math.comb(12, 3):.3f}"
    assert [row[:5] for row in table.rows] == [
        ("point mass: as in the lesson", "3", "-11.0", "-12.0 to -10.0", ""),
        ("point mass: networks of 8 x 4", "9", "-40.0", "-44.0 to -36.0", least),
        ("point mass: 2 training tasks", "3", "-20.0", "-21.0 to -19.0", f"{2 / math.comb(6, 3):.3f}"),
        ("point mass: trpo.max_kl 0.5", "9", "-90.0", "-90.0 to -90.0", table.rows[3][4]),
        (f"point mass: {ablations.words(('warm_up.iterations', 0))}", "9", "-70.0", "-74.0 to -66.0", least),
    ]
    plain = runs(POINT, [-110] * 2, method="random") + runs(POINT, [-10], method="optimum")
    told = CLAIMS["multitask-warm-up"].measure(found + plain)
    assert "99.0% of the way, 3 seeds" in told.summary, "with most seeds are the ablations"


def test_of_settings_with_as_many_seeds_the_presets_is_ours():
    found = runs(POINT, [-10] * 3) + runs(POINT, [-5] * 3, n_tasks=10)
    single = replace(Config.preset("lesson", POINT).dynamics, n_models=1)
    assert [run.config["n_tasks"] for run in common.default(found, POINT)] == [5] * 3
    finding = CLAIMS["multitask-several-models"].measure(found + runs(POINT, [-12] * 3, dynamics=single))
    assert "point mass, TRPO: +2.0" in finding.summary


def test_maml_with_another_batch_is_no_rival():
    rival = Config.preset("lesson", POINT, method="maml").maml
    found = runs(POINT, [-10] * 3) + runs(POINT, [-90] * 3, method="maml", last=-90.0)
    larger = runs(POINT, [-1] * 9, method="maml", last=-1.0, maml=replace(rival, tasks=20))
    larger += runs(POINT, [-1] * 9, method="maml", last=-1.0, maml=replace(rival, fisher_every=1))
    found, larger = (trained(each, [4000, 3_000_000], [-99, -90], [1, 2]) for each in (found, larger))
    assert CLAIMS["multitask-maml"].measure(found + larger).summary == CLAIMS["multitask-maml"].measure(found).summary


@pytest.mark.parametrize("optimizer", ["ppo", "shac"])
def test_another_optimiser_at_its_own_pace_is_one_change(optimizer):
    own = {name: getattr(Config.preset("lesson", POINT, optimizer), name) for name in ("optimizer", "warm_up")}
    assert changes(runs(POINT, [-10], **own)[0].config) == {"optimizer": optimizer}


def test_the_authors_world_is_one_of_its_own():
    """Its time step is another one: its returns stand beside the author's, and never beside those of the lesson's."""
    own = Config.preset("paper", CHEETAH)
    free = ("family", "method", "seed", "test_tasks", "stages")
    sizes = {field.name: getattr(own, field.name) for field in fields(own) if field.name not in free}
    sizes["n_tasks"] = 40
    steps, returns = 4000 * np.arange(1, 41), [-99.0] * 20 + [-60.0, -40.0] * 10
    ours = trained(runs(CHEETAH, [-30.0], last=-26.0, **sizes), steps, returns, range(1, 41))
    found = ours + runs(CHEETAH, [-250.0], method="random", **sizes)
    found += runs(CHEETAH, [-20.0], method="oracle", **sizes)
    others = runs(CHEETAH, [-1.0] * 5, last=-1.0) + runs(CHEETAH, [-200.0] * 3, method="maml")
    others += runs(CHEETAH, [-2.0] * 5, frame_skip=2) + runs(CHEETAH, [-3.0] * 5, episode_steps=50)
    table = authors.table(found + others)
    assert [row[0] for row in table.rows] == [
        "half-cheetah, goal velocity: the author's notebooks, 40 test tasks",
        "half-cheetah, goal velocity: ours, 40 training tasks, 2 test tasks, 1 seed",
        "half-cheetah, goal velocity: oracle, 2 test tasks, 1 seed",
        "half-cheetah, goal velocity: random policy, 2 test tasks, 1 seed",
    ]
    assert table.rows[1][1:] == ("160,000", "-50.0", "-30.0", "-26.0", "", "", "")
    early = trained(runs(CHEETAH, [-30.0], last=-26.0, **sizes), steps[:39], returns[:39], range(1, 40))
    assert authors.table(early).rows[1][2] == "", "of 39 tasks the last 20 are more than half"
    told = CLAIMS["multitask-warm-up"].measure(found)
    assert "authors' time step: 95.7% of the way, 1 seed" in told.summary, "to the oracle's -20"
    told = CLAIMS["multitask-warm-up"].measure([run for run in found if run.config["method"] != "oracle"])
    assert "98.2% of the way" in told.summary, "its own last stage is better than the notebooks' -32 after it"
    assert common.families(found + others) == [
        "halfcheetah-velocity",
        "halfcheetah-velocity, 50 steps",
        "halfcheetah-velocity, authors' time step",
        "halfcheetah-velocity, frame_skip 2, 100 steps",
    ]


def test_what_a_run_changes_is_told_beside_the_preset_that_is_nearer():
    own = Config.preset("paper", POINT)
    paper = replace(own, seed=3, test_tasks=2, stages=1, n_tasks=20, trpo=replace(own.trpo, cg_steps=5))
    assert changes(plain(paper)) == {"n_tasks": 20, "trpo.cg_steps": 5}
    old = plain(Config.preset("lesson", POINT, test_tasks=9, shift="crippled"))
    del old["capacity"], old["fit"]["horizon"]  # recorded before there was such a field
    assert changes(old) == {}
