"""The verdicts on the claims about one-shot learning, and the table of published accuracies."""

import numpy as np
import pytest

from tlteach.experiments import one_shot as experiment
from tlteach.experiments.one_shot import Config
from tlteach.experiments.one_shot_tests import TESTS
from tlteach.experiments.one_shot_tests import Config as Retest
from tlteach.reproduction import one_shot, one_shot_tests, recorded, table
from tlteach.runs import Result, plain
from tlteach.tasks.one_shot import OneShotTask

CLAIMS = {claim.name: claim for claim in one_shot.CHAPTER.claims}


def runs(made, accuracies, network="plastic", preset="long", **changes):
    """A run for each of `accuracies`, tested once at its end."""
    found = []
    for seed, accuracy in enumerate(accuracies):
        config = Config.preset(preset, network, seed=seed, **changes)
        rows = config.pool_episodes * np.linspace(config.updates / 40, config.updates, 40).astype(int)
        tested = np.where(np.arange(40) == 39, accuracy, np.nan)
        curves = dict(test_accuracy=tested, validation_accuracy=lambda rows: 1 - 0.5 * (rows < rows[-4]))
        found.append(made("one_shot", config, rows, **curves))
    return found


@pytest.mark.parametrize("name", CLAIMS)
def test_without_runs_nothing_is_claimed(name, made):
    drawn = runs(made, [0.99] * 3, data="drawn") + runs(made, [0.99] * 3, "shared", data="drawn")
    stopped = runs(made, [np.nan] * 3)
    more = runs(made, [0.99] * 3, task=OneShotTask(n_ways=20)) + runs(made, [0.99] * 3, task=OneShotTask(n_shots=5))
    for found in ([], drawn, stopped, more, runs(made, [0.99], "none")):
        assert CLAIMS[name].measure(found).verdict == "not yet run"


@pytest.mark.parametrize(
    "accuracies, told",
    [
        ([0.984, 0.986, 0.982], "reproduced"),
        ([0.9815, 0.9815, 0.9815], "reproduced"),  # up to 98.40 %
        ([0.9785, 0.9785, 0.9785], "partly"),
        ([0.99, 0.99], "partly"),
        ([0.96, 0.97, 0.98], "not reproduced"),
    ],
)
def test_free(made, accuracies, told):
    assert CLAIMS["one-shot-free"].measure(runs(made, accuracies)).verdict == told


def test_shared_is_held_to_its_own_figure(made):
    found = runs(made, [0.981] * 3, "shared")
    assert CLAIMS["one-shot-shared"].measure(found).verdict == "partly"
    assert CLAIMS["one-shot-free"].measure(found).verdict == "not yet run"


def test_more_seeds_do_not_narrow_the_interval(made):
    """All answer the same 10,000 episodes: p ± 1.96 sqrt(p (1 - p) / n), nearly."""
    for n in (1, 5):
        mean, low, high = one_shot.mean_and_ends(runs(made, [0.9] * n))
        assert mean == pytest.approx(0.9) and (high - low) / 2 == pytest.approx(1.96 * np.sqrt(0.09 / 10_000), rel=0.05)


def test_near_one_the_upper_end_decides(made):
    """98.03 % over 10,000: Wilson's interval ends at 98.285 %; its longer side, downwards, would reach 98.32 %."""
    at = 0.9803
    mean, low, high = one_shot.mean_and_ends(runs(made, [at] * 3))
    assert high < one_shot.FREE < mean + (mean - low)
    finding = CLAIMS["one-shot-free"].measure(runs(made, [at] * 3))
    assert finding.verdict == "partly" and "which lies above the interval" in finding.analysis
    assert one_shot.in_words(runs(made, [at] * 3)) == f"98.03% ± {100 * (mean - low):.2f}", "the longer side is shown"


@pytest.mark.parametrize(
    ("accuracy", "side"), [(0.97, "above"), (0.9815, "within"), (0.983, "within"), (0.984, "within"), (0.99, "below")]
)
def test_the_published_mean_is_placed_where_it_lies(made, accuracy, side):
    finding = CLAIMS["one-shot-free"].measure(runs(made, [accuracy] * 3))
    assert f"published mean, which lies {side} the interval." in finding.analysis


def test_the_longest_honest_runs_decide_and_the_papers_protocol_stands_beside(made):
    long, short = runs(made, [0.984] * 3), runs(made, [0.9] * 5, updates=1_000)
    paper = runs(made, [0.99], protocol="paper", task=OneShotTask(query_may_repeat=True))
    finding = CLAIMS["one-shot-free"].measure(short + paper + long)
    assert finding.verdict == "reproduced" and finding.summary.startswith("98.40% ± 0.2")
    assert len(finding.measured) == 3 and "has 99.00% ± 0.2" in finding.analysis
    assert "+0.10 points from the published" in finding.analysis and "+0.60 points." in finding.analysis
    assert "changed by +50.00 points in the last tenth" in finding.analysis
    assert CLAIMS["one-shot-free"].measure(paper).verdict == "not yet run"


def test_fewer_test_episodes_do_not_count(made):
    """Their interval would be wider, and reach the published figure: 96% ± 4 over 100 episodes."""
    few = runs(made, [0.96] * 3, test_episodes=100) + runs(made, [0.96] * 3, test_episodes=9_999)
    assert CLAIMS["one-shot-free"].measure(few).verdict == "not yet run" and one_shot.tested(few) == []
    assert CLAIMS["one-shot-free"].measure(few + runs(made, [0.9] * 3)).verdict == "not reproduced"


def test_one_longer_seed_does_not_decide_over_enough_seeds(made):
    seeds, longer = runs(made, [0.984] * 3), runs(made, [0.9], updates=60_000)
    assert CLAIMS["one-shot-free"].measure(longer + seeds).verdict == "reproduced"
    again = runs(made, [0.984]) * 3
    assert CLAIMS["one-shot-free"].measure(again).verdict == "partly", "the same seed three times is one seed"


def test_the_page_names_what_is_different(made):
    (row,) = CLAIMS["one-shot-free"].measure(runs(made, [0.984] * 3)).measured
    for words in ("an update from 192 drawings", "bfloat16", "cross-entropy", "distortion 1", "gain 1", "eta 0.5"):
        assert words in row.setting
    said = " ".join(one_shot.CHAPTER.deviations)
    for words in (
        "share one pool",
        "50 updates",
        "distorted",
        "cross-entropy",
        "precision that the rows",
        "times a gain",
    ):
        assert words in said
    config = Config.preset("long")
    rates = [experiment._rate(config, step) for step in range(60)]
    assert rates[0] == pytest.approx(1 / 50) and int(np.argmax(rates)) == one_shot.WARM_UP - 1 == 49


def test_the_shortest_setting_is_told_with_its_time(made):
    short = runs(made, [0.88, 0.89, 0.9], preset="lesson", data="omniglot")
    finding = CLAIMS["one-shot-free"].measure(runs(made, [0.984] * 3) + short)
    cpu = float(short[0].metrics["cpu_seconds"][-1])
    assert f"After 614,400 episodes, {cpu / 60:.1f} min of one core, such networks have 89.00% ±" in finding.analysis
    assert "such networks have" not in CLAIMS["one-shot-free"].measure(short).analysis


def test_the_papers_protocol_is_shown_below_the_honest_one(made):
    paper = runs(made, [0.99], protocol="paper")
    rows = table("one-shot-published", {"one_shot": dict(enumerate(paper + runs(made, [0.98], "shared")))}).rows
    assert [row[1][:5] for row in rows[-2:]] == ["98.00", "99.00"]
    assert rows[-1][2] == "recorded, 1 seed, the paper's protocol, which asks less"


def retested(seen, unseen, error=0.002, network="plastic", n_seeds=3):
    """Tests of recorded networks with these shares of right answers."""
    found = []
    for seed in range(n_seeds):
        shares = dict(seen=seen, distorted=seen - 0.01, validation=unseen, unseen=unseen, repeated=unseen)
        metrics = {name: np.array([value]) for name, value in shares.items()}
        metrics |= {f"{name}_error": np.array([error]) for name in shares}
        metrics |= {"step": np.array([1]), "episodes": np.array([20_000]), "cpu_seconds": np.array([0.0])}
        trained = f"long-{network}-omniglot-5way-1shot-honest"
        config = plain(Retest.preset("long", trained=trained, seed=seed))
        found.append(Result("one_shot_tests", config, metrics))
    return found


@pytest.mark.parametrize(
    ("seen", "unseen", "words"),
    [
        (0.98, 0.9800001, "differ by +0.00 points, no more than chance"),
        (0.981, 0.982, "differ by -0.10 points, no more than chance allows (± 0.55): the errors are not those"),
        (0.995, 0.98, "differ by +1.50 points, more than chance allows (± 0.55): part of the errors is that of new"),
        (0.97, 0.98, "differ by -1.00 points, more than chance allows (± 0.55): the test characters are easier"),
    ],
)
def test_why_it_ends_where_it_does(made, seen, unseen, words):
    finding = CLAIMS["one-shot-free"].measure(runs(made, [0.98] * 3) + retested(seen, unseen))
    assert words in finding.analysis
    assert f"answer {100 * unseen:.2f}% ± 0.39 on the test characters, {100 * seen:.2f}% ± 0.39" in finding.analysis
    assert "leaves ± 0.39 points, more than the distance to the published mean" in finding.analysis
    assert finding.verdict == CLAIMS["one-shot-free"].measure(runs(made, [0.98] * 3)).verdict, "tests decide nothing"


def test_a_distance_beyond_the_choice_of_characters_is_told(made):
    found = runs(made, [0.976] * 3) + retested(0.976, 0.976)
    assert "leaves ± 0.39 points, less than the distance" in CLAIMS["one-shot-free"].measure(found).analysis
    above = CLAIMS["one-shot-free"].measure(runs(made, [0.99] * 3) + retested(0.99, 0.99)).analysis
    assert "choice of the test characters" not in above and "Tested again" in above


def test_where_the_errors_are_is_a_table(made):
    evidence = {
        "one_shot": {},
        "one_shot_tests": dict(enumerate(retested(0.99, 0.98) + retested(0.97, 0.96, 0.001, "shared", 1))),
    }
    rows = table("one-shot-where", evidence).rows
    assert rows == [
        (
            "an alpha for each connection, honest protocol, 3 seeds",
            "99.00% ± 0.39",
            "98.00% ± 0.39",
            *["98.00% ± 0.39"] * 3,
        ),
        ("one shared alpha, honest protocol, 1 seed", "97.00% ± 0.20", "96.00% ± 0.20", *["96.00% ± 0.20"] * 3),
    ]
    assert one_shot_tests.HEADS.keys() == TESTS.keys()
    assert table("one-shot-where", {}).rows == []


def test_the_comparison_marks_what_was_not_verified(made):
    rows = table("one-shot-published", {"one_shot": dict(enumerate(runs(made, [0.984] * 3)))}).rows
    assert len(rows) == len(one_shot.PUBLISHED) + 1 and rows[-1][2] == "recorded, 3 seeds, honest protocol"
    verified = {row[0].split(" (")[0] for row in rows[:-1] if "unverified" not in row[2]}
    assert verified == {  # table 1 of arXiv v1
        "Matching networks",
        "Prototypical networks",
        "MAML",
        "SNAIL",
        "Differentiable plasticity, one shared alpha",
    }


def test_the_lesson_preset_reaches_its_goal_on_omniglot():
    """Issue 3: at least 85 % on real characters within three minutes of one core, every recorded seed."""
    found = [run for name, run in recorded()["one_shot"].items() if name.startswith("lesson-plastic-omniglot-")]
    assert len(found) >= one_shot.ENOUGH and one_shot.tested(found)[0] == found
    for run in found:
        known = plain(Config.preset("lesson", data="omniglot", seed=run.config["seed"]))
        assert run.config == known and run.config["protocol"] == "honest"
        assert run.metrics["test_accuracy"][-1] >= 0.85 and run.metrics["cpu_seconds"][-1] <= 180
        assert run.provenance.data.startswith("Omniglot")


def test_what_lesson_04_says_of_the_networks_tested_again_is_true():
    """No better on characters trained on than on new ones beyond chance, worse where they are distorted; and another
    draw of test characters could move the result by more than what is missing to the published mean."""
    evidence = recorded()
    found = list(evidence["one_shot_tests"].values())
    for network, protocol in one_shot_tests.SHOWN:
        tests = one_shot_tests.tests(found, network, protocol)
        (seen, seen_error), (new, new_error) = (one_shot_tests.share(tests, name) for name in ("seen", "unseen"))
        distorted, distorted_error = one_shot_tests.share(tests, "distorted")
        assert seen - new <= 1.96 * (seen_error**2 + new_error**2) ** 0.5
        assert distorted < seen - 1.96 * (seen_error**2 + distorted_error**2) ** 0.5
        assert {run.config["seed"] for run in tests} == {
            run.config["seed"]
            for name, run in evidence["one_shot"].items()
            if name.startswith(one_shot_tests.LONG.format(network=network, protocol=protocol))
        }
    tests = one_shot_tests.tests(found, "plastic", "honest")
    mean, *_ = one_shot.mean_and_ends(one_shot.tested(evidence["one_shot"].values(), network="plastic")[0])
    assert 0 < one_shot.FREE - mean < 1.96 * one_shot_tests.share(tests, "unseen")[1]


def test_what_lesson_04_says_of_eta_in_the_long_runs_is_true():
    for run in (run for name, run in recorded()["one_shot"].items() if name.startswith("long-")):
        assert (run.metrics["eta"][-1] > 1) == (run.config["network"] == "plastic")
