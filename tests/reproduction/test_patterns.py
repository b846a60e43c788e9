"""The verdicts on the claims about patterns: on made runs that fall on either side of each rule, and on ours."""

import numpy as np
import pytest

from tlteach import reproduction
from tlteach.experiments.patterns import FULL, Config
from tlteach.paths import recorded_folder
from tlteach.reproduction import patterns
from tlteach.runs import Result

CLAIMS = {claim.name: claim for claim in patterns.CHAPTER.claims}
ROWS = np.arange(500, 1_100_001, 500)


def verdict(name, runs):
    return CLAIMS[name].measure(runs).verdict


def solving(made, when, network="plastic", seeds=(0, 1, 2), before=0.12, rows=ROWS, **changes):
    """Runs whose error is `before` until `when` (never for None) and 0.005 from there on, where they stop."""
    runs = []
    for seed in seeds:
        config = Config.preset("paper", network, seed=seed, **changes)
        episodes = rows if when is None else rows[rows <= when]
        error = before if when is None else np.where(episodes >= when, 0.005, before)
        runs.append(made("patterns", config, episodes, running_error=error, loss=50.0))
    return runs


@pytest.mark.parametrize("name", CLAIMS)
def test_without_runs_nothing_is_claimed(name, made):
    other = [made("patterns", Config(task=FULL, hidden_size=1001, network="shared"), [1], running_error=1)]
    for runs in ([], other):
        finding = CLAIMS[name].measure(runs)
        assert (finding.verdict, finding.measured, finding.analysis) == ("not yet run", (), "")


def test_fifty_bits(made):
    published, slow = solving(made, 3_000), solving(made, 13_500)
    wide = solving(made, 2_500, hidden_size=451)
    assert verdict("patterns-50-bits", published) == "reproduced"
    assert verdict("patterns-50-bits", solving(made, 3_500)) == "not reproduced"
    assert verdict("patterns-50-bits", slow + wide) == "partly"
    assert verdict("patterns-50-bits", wide) == "partly", "the published width was not run"
    assert verdict("patterns-50-bits", slow + solving(made, 2_500, batch_size=32)) == "not reproduced"
    finding = CLAIMS["patterns-50-bits"].measure(slow + wide)
    assert finding.summary == "13,500 with 51 units; 2,500 with 451 units"
    assert "6.8 times 2,000" in finding.analysis and "400 more neurons" in finding.analysis
    assert CLAIMS["patterns-50-bits"].measure(published).analysis == ""


def test_a_run_that_ended_unsolved_is_no_success(made):
    unsolved = solving(made, None, rows=np.array([1000, 2000]))
    finding = CLAIMS["patterns-50-bits"].measure(unsolved)
    assert finding.verdict == "not reproduced" and finding.measured[0].value == "more than 2,000"
    wide = solving(made, None, rows=np.array([1000, 2000]), hidden_size=451)
    assert verdict("patterns-50-bits", solving(made, 13_500) + wide) == "not reproduced"
    lstm = solving(made, None, "lstm_clamped", rows=np.array([1000, 500_000]))
    finding = CLAIMS["patterns-ratio"].measure(solving(made, 2_000) + lstm)
    assert finding.verdict == "partly" and finding.summary == "more than 250 times"


@pytest.mark.parametrize(
    "plastic, lstm, told",
    [(2_000, 500_000, "reproduced"), (10_000, 500_000, "partly"), (100_000, 500_000, "not reproduced"),
     (1_000, 1_000_000, "partly"), (2_000, None, "partly")],
)  # fmt: skip
def test_ratio(made, plastic, lstm, told):
    runs = solving(made, plastic) + solving(made, lstm, "lstm_clamped")
    assert verdict("patterns-ratio", runs) == told


def test_ratio_is_of_one_batch_size(made):
    runs = solving(made, 2_000, batch_size=32) + solving(made, 500_000, "lstm")
    assert verdict("patterns-ratio", runs) == "not yet run"
    slow, quick = solving(made, 5_000, batch_size=32, learning_rate=1e-4), solving(made, 500_000, "lstm", batch_size=32)
    assert CLAIMS["patterns-ratio"].measure(runs + slow + quick).summary == "250 times", "the quickest setting counts"


def test_an_unsolved_short_run_is_not_the_quickest(made):
    """That it ended after 1,000 episodes does not say that it needs no more."""
    short = solving(made, None, rows=np.array([500, 1000]), hidden_size=101)
    finding = CLAIMS["patterns-ratio"].measure(short + solving(made, 2_000) + solving(made, 500_000, "lstm_clamped"))
    assert (finding.verdict, finding.summary) == ("reproduced", "250 times")


@pytest.mark.parametrize("when, own, other", [(400_000, "reproduced", "partly"), (200_000,) + ("not reproduced",) * 2])
def test_lstm(made, when, own, other):
    assert verdict("patterns-lstm", solving(made, when, "lstm_clamped", hidden_size=2000)) == own
    assert verdict("patterns-lstm", solving(made, when, "lstm", hidden_size=256, batch_size=32)) == other
    unsolved = solving(made, None, "lstm_clamped", hidden_size=2000, rows=np.array([1000, 500_000]))
    assert verdict("patterns-lstm", unsolved) == "not reproduced"


def test_rnn(made):
    assert verdict("patterns-rnn", solving(made, None, "rnn")) == "reproduced"
    assert verdict("patterns-rnn", solving(made, None, "rnn", batch_size=32)) == "partly"
    assert verdict("patterns-rnn", solving(made, None, "rnn", before=0.2)) == "not reproduced"
    assert verdict("patterns-rnn", solving(made, 900_000, "rnn")) == "not yet run", "it ended before the figure does"
    long = solving(made, 3_000_000, "rnn", rows=np.arange(1000, 3_000_001, 1000), batch_size=32)
    assert "below 10% after 3,000,000 episodes" in CLAIMS["patterns-rnn"].measure(long).analysis


def large(made, error, network="plastic", seeds=(0, 1, 2), episodes=2000, **changes):
    rows = np.arange(1, episodes + 1)
    configs = [Config.preset("paper", network, bits=1000, seed=seed, **changes) for seed in seeds]
    return [made("patterns", config, rows, running_error=error, loss=10.0) for config in configs]


@pytest.mark.parametrize("error, told", [(0.009, "reproduced"), (0.04, "partly"), (0.06, "not reproduced")])
def test_thousand_bits(made, error, told):
    assert verdict("patterns-1000-bits", large(made, error)) == told
    late = lambda episodes: np.where(episodes < 300, 0.04, 0.001)  # noqa: E731
    assert verdict("patterns-1000-bits", large(made, late)) == "partly"
    assert verdict("patterns-1000-bits", large(made, error, episodes=100)) == ("not yet run" if error > 0.01 else told)


def test_thousand_bits_of_one_setting(made):
    own, tuned = large(made, 0.04), large(made, 0.005, seeds=range(5), learning_rate=1e-3)
    finding = CLAIMS["patterns-1000-bits"].measure(tuned + own)
    assert finding.verdict == "partly" and finding.summary.startswith("4.0%"), "the authors' setting decides"
    assert [len(line.runs) for line in finding.measured] == [3, 3, 3, 5, 5, 5]
    assert all(("Adam 0.001:" in line.setting) == (len(line.runs) == 5) for line in finding.measured)
    narrow = large(made, 0.2, seeds=[0], hidden_size=1101, learning_rate=1e-3)
    assert verdict("patterns-1000-bits", narrow + tuned) == "reproduced", "then the one with the most seeds"


def test_only_plastic(made):
    rnn, lstm = large(made, 0.2, "rnn"), large(made, 0.2, "lstm")
    assert verdict("patterns-only-plastic", rnn + lstm) == "reproduced"
    assert verdict("patterns-only-plastic", rnn) == "partly"
    assert verdict("patterns-only-plastic", rnn + large(made, 0.05, "lstm", seeds=[0])) == "not reproduced"


# ------------------------------------------------------------------------------ what is recorded, computed another way


def ends(pattern):
    """Where these runs ended, lowest first: they stop by themselves when they are first below 1%."""
    found = [Result.load(file) for file in (recorded_folder() / "patterns").glob(pattern)]
    assert found and all(run.config["stop_below"] == 0.01 for run in found)
    return sorted(run.metrics["episodes"][-1] for run in found)


def test_our_numbers_are_those_in_the_files():
    narrow, wide = (ends(f"paper-plastic-50bits-{units}units-batch1-*") for units in (51, 451))
    lstm, plastic = ends("compare-lstm-*"), ends("compare-plastic-*")
    analysis = {
        claim.name: claim.measure(list(reproduction.recorded()["patterns"].values())).analysis
        for claim in patterns.CHAPTER.claims
    }
    assert f"need {narrow[0]:,} to {narrow[-1]:,} episodes" in analysis["patterns-50-bits"]
    assert f"it takes {wide[0]:,} to {wide[-1]:,}" in analysis["patterns-50-bits"]
    assert f"{lstm[2]:,} : {plastic[2]:,} episodes = {lstm[2] / plastic[2]:.1f}" in analysis["patterns-ratio"]
