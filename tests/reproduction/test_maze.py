"""The verdicts on the claims about the maze, on made runs that fall on either side of each rule."""

from dataclasses import replace

import numpy as np
import pytest

from tlteach.experiments.maze import Config
from tlteach.reproduction import maze

CLAIMS = {claim.name: claim for claim in maze.CHAPTER.claims}


def runs(made, network, reward, seeds=5, preset="long", **changes):
    """Runs that end with a reward of `reward` plus the seed, after a rise."""
    found = []
    for seed in range(seeds):
        config = replace(Config.preset(preset, network, seed=seed), **changes)
        rows = np.linspace(config.episodes / 100, config.episodes, 100).round()
        curve = np.where(rows > 0.9 * config.episodes, reward + seed, 0.0)
        found.append(made("maze", config, rows, **{"return": curve}))
    return found


def verdict(name, found):
    return CLAIMS[name].measure(found).verdict


@pytest.mark.parametrize("name", CLAIMS)
def test_without_runs_nothing_is_claimed(name, made):
    small = Config.preset("lesson").task
    elsewhere = (
        runs(made, "plastic", 9, task=small) + runs(made, "rnn", 1, task=small) + runs(made, "shared", 1, task=small)
    )
    for found in ([], runs(made, "plastic", 150), elsewhere):
        assert verdict(name, found) == "not yet run"


@pytest.mark.parametrize(("name", "other"), [("maze-plastic", "rnn"), ("maze-shared", "shared")])
def test_who_is_ahead(made, name, other):
    seen = dict(task=Config.preset("paper").task, episodes=1_000_000)
    plastic = runs(made, "plastic", 150, **seen)
    assert verdict(name, plastic + runs(made, other, 50, **seen)) == "reproduced"
    assert verdict(name, plastic + runs(made, other, 149, **seen)) == "partly", "the seeds overlap"
    assert verdict(name, plastic + runs(made, other, 50, seeds=3, **seen)) == "partly", "three seeds"
    assert verdict(name, plastic + runs(made, other, 160, **seen)) == "not reproduced"
    assert verdict(name, plastic + runs(made, other, 50, learning_rate=0.1, **seen)) == "not yet run", "another setting"
    finding = CLAIMS[name].measure(runs(made, "plastic", 150) + runs(made, other, 50))
    assert finding.verdict == "partly", "in another setting than the paper's"
    assert finding.summary == "152.0 : 52.0 after 30,000 episodes, corrected observation"
    assert "p = 0.008" in finding.analysis


def test_the_comparison_with_seeds_decides(made):
    long = runs(made, "plastic", 10, seeds=1, preset="paper") + runs(made, "rnn", 50, seeds=1, preset="paper")
    assert verdict("maze-plastic", long) == "not reproduced"
    finding = CLAIMS["maze-plastic"].measure(long + runs(made, "plastic", 150) + runs(made, "rnn", 50))
    assert finding.verdict == "partly"
    assert finding.summary.endswith("; 10.0 : 50.0 after 1,000,000 episodes, paper observation, 1 seed")


def test_levels(made):
    def both(plastic, rnn, **changes):
        return runs(made, "plastic", plastic, preset="paper", **changes) + runs(
            made, "rnn", rnn, preset="paper", **changes
        )

    assert verdict("maze-levels", both(148, 50)) == "reproduced"
    assert verdict("maze-levels", both(148, 50, seeds=1)) == "partly"
    assert verdict("maze-levels", both(300, 50)) == "partly"
    assert verdict("maze-levels", both(300, 10)) == "not reproduced"
    assert verdict("maze-levels", both(60, 70)) == "not reproduced", "the order is the other one"
    assert verdict("maze-levels", both(60, 70, seeds=1)) == "undecided"
    assert verdict("maze-levels", both(148, 50, episodes=200_000)) == "not yet run"
    assert verdict("maze-levels", runs(made, "plastic", 148) + runs(made, "rnn", 50)) == "not yet run", "another view"
    seen = dict(task=Config.preset("paper").task, episodes=1_000_000, seeds=5)
    batches = runs(made, "plastic", 300, **seen) + runs(made, "rnn", 50, **seen)
    assert verdict("maze-levels", batches) == "partly", "in batches at the best"
    assert verdict("maze-levels", batches + both(300, 10)) == "not reproduced", "single episodes decide"
    one = [run for run in both(300, 10) if run.config["network"] == "plastic"]
    finding = CLAIMS["maze-levels"].measure(batches + one)
    assert finding.summary == "302.0 and 52.0, 5 seeds, in batches", "of one network alone they cannot"


def test_shorter_runs_with_the_papers_observation_are_shown_but_decide_nothing(made):
    seen = dict(task=Config.preset("paper").task, learning_rate=3e-3, episodes=200_000, seeds=1)
    found = runs(made, "plastic", 148, **seen) + runs(made, "rnn", 50, **seen)
    finding = CLAIMS["maze-levels"].measure(found)
    assert finding.verdict == "not yet run" and [line.value for line in finding.measured] == ["148.0", "50.0"]
    assert all("paper observation, batch 30, Adam 0.003, 200,000" in line.setting for line in finding.measured)
    beside = runs(made, "plastic", 100) + runs(made, "rnn", 60)
    finding = CLAIMS["maze-plastic"].measure(found + beside)
    assert finding.summary == "102.0 : 62.0 after 30,000 episodes, corrected observation", "seeds before length"
    assert [line.value for line in finding.measured] == ["102.0", "62.0", "148.0", "50.0"]
    assert "other" not in finding.analysis
    contrary = runs(made, "plastic", 50, **seen) + runs(made, "rnn", 148, **seen)
    told = CLAIMS["maze-plastic"].measure(contrary + beside).analysis
    assert "the other one with the paper observation, Adam 0.003 and 200,000 episodes" in told
    assert "50.0 against 148.0, 1 seed of each" in told


def test_each_network_at_its_best_rate_is_one_setting(made):
    """Of a network at another rate than its best the comparison takes no notice, unless both have that rate."""
    plastic, other = runs(made, "plastic", 150), runs(made, "rnn", 50)
    assert plastic[0].config["learning_rate"] != other[0].config["learning_rate"]
    assert verdict("maze-plastic", plastic + other) == "partly"
    spoiled = runs(made, "rnn", 1, learning_rate=3e-4)
    assert CLAIMS["maze-plastic"].measure(plastic + other + spoiled).summary.startswith("152.0 : 52.0 ")
    assert verdict("maze-plastic", plastic + spoiled) == "not yet run"
    equal = runs(made, "plastic", 150, learning_rate=3e-4)
    assert verdict("maze-plastic", equal + spoiled) == "partly"


def test_a_shared_alpha_is_also_compared_with_none(made):
    found = runs(made, "plastic", 150) + runs(made, "shared", 40) + runs(made, "rnn", 60)
    finding = CLAIMS["maze-shared"].measure(found)
    assert "42.0 against 62.0, p = 0.008. No plasticity is a shared alpha of 0" in finding.analysis
    assert (
        "62.0 against 62.0, p = 1.000."
        in CLAIMS["maze-shared"]
        .measure(runs(made, "plastic", 150) + runs(made, "shared", 60) + runs(made, "rnn", 60))
        .analysis
    )


def test_no_runs_are_compared_twice(made):
    """At a rate that is the best of both, they differ in one setting only."""
    found = runs(made, "plastic", 150) + runs(made, "shared", 50)
    assert len(maze.settings(found)) == 1 and len(CLAIMS["maze-shared"].measure(found).measured) == 2


def test_the_ends_of_the_scale():
    """Measured before with another simulator (specification A5): 1.1 and 411 in 400 episodes."""
    chance, planner = maze.scale()
    assert abs(chance - 1.1) < 2 and abs(planner - 411) < 8


def test_the_table_of_all_networks(made):
    found = [
        run for network, reward in (("plastic", 150), ("lstm", 140), ("rnn", 50)) for run in runs(made, network, reward)
    ]
    rows = maze.every_network(found).rows
    assert [row[0] for row in rows[2:]] == ["an alpha for each connection", "no plasticity", "LSTM, as many parameters"]
    assert [row[2] for row in rows[2:]] == ["0.001", "0.003", "0.01"] and rows[2][3:5] == ("30,000", "5")
    assert rows[2][5:] == ("0.0", "152.0 (151.0 to 153.0)", "", "") and rows[3][6:] == (
        "52.0 (51.0 to 53.0)",
        "34%",
        "0.008",
    )
    empty = maze.every_network([])
    assert len(empty.rows) == 2 and {len(row) for row in [*rows, *empty.rows]} == {len(empty.columns)}
