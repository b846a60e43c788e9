"""The verdicts on the claims about pictures, on made runs that fall on either side of each rule."""

import numpy as np
import pytest

from tlteach.experiments.images import Config
from tlteach.reproduction import images
from tlteach.tasks.images import ImageTask

CLAIMS = {claim.name: claim for claim in images.CHAPTER.claims}


def runs(made, network, loss, side=32, episodes=40_000, seeds=(0, 1, 2), **changes):
    """Runs with a withheld loss of `loss` (a number, or a function of the episodes) plus a tenth of the seed."""
    found = []
    for seed in seeds:
        config = Config.preset("paper", network, task=ImageTask(side=side), episodes=episodes, seed=seed, **changes)
        curve = loss if callable(loss) else lambda rows: np.full(len(rows), loss)
        rows = np.arange(100, episodes + 1, 100)
        found.append(made("images", config, rows, withheld_loss=curve(rows) + seed / 10, loss=curve(rows) / 2))
    return found


def verdict(name, found):
    return CLAIMS[name].measure(found).verdict


@pytest.mark.parametrize("name", CLAIMS)
def test_without_runs_nothing_is_claimed(name, made):
    natural = runs(made, "plastic", 1, data="natural") + runs(made, "shared", 2, data="natural")
    for found in ([], runs(made, "plastic", 15, side=16), natural + runs(made, "rnn", 3, data="natural")):
        assert verdict(name, found) == "not yet run"


def test_order(made):
    plastic, shared = runs(made, "plastic", 15), runs(made, "shared", 26)
    assert verdict("images-order", plastic + shared) == "reproduced"
    assert verdict("images-order", runs(made, "plastic", 26) + runs(made, "shared", 15)) == "not reproduced"
    assert verdict("images-order", plastic[:2] + shared) == "partly", "two seeds"
    assert verdict("images-order", plastic + runs(made, "shared", 15.1)) == "partly", "the seeds overlap"
    assert verdict("images-order", runs(made, "plastic", 4, side=16) + runs(made, "shared", 7, side=16)) == "partly"


def test_the_nearest_comparison_decides(made):
    small = runs(made, "plastic", 4, side=16, seeds=range(5)) + runs(made, "shared", 7, side=16, seeds=range(5))
    short = runs(made, "plastic", 30, episodes=10_000, seeds=[0]) + runs(made, "shared", 29, episodes=10_000, seeds=[0])
    finding = CLAIMS["images-order"].measure(small + short)
    assert finding.verdict == "not reproduced" and finding.summary == "30.0 : 29.0, 32 x 32, 10,000 episodes only"
    long = runs(made, "plastic", 15, seeds=[1, 2, 3])
    finding = CLAIMS["images-order"].measure(small + short + long + runs(made, "shared", 26, seeds=[1, 2, 3]))
    assert finding.verdict == "reproduced" and finding.summary.endswith("32 x 32, 40,000 episodes")
    finding = CLAIMS["images-order"].measure(short + long)
    assert "10,000 episodes only" in finding.summary, "as far as both got"
    assert len(finding.measured[0].runs) == 4, "longer runs count at that point too"


def test_runs_of_other_settings_are_not_mixed(made):
    found = runs(made, "plastic", 15, batch_size=4) + runs(made, "shared", 26)
    assert verdict("images-order", found) == "not yet run"
    odd = [each.config["task"].update(n_cycles=1) or each for each in runs(made, "plastic", 15)]
    assert verdict("images-levels", odd + runs(made, "shared", 26)) == "not yet run"


def test_a_loss_is_a_mean_over_the_last_twentieth(made):
    spike = lambda rows: np.where(rows > 39_900, 115.0, 15.0)  # noqa: E731, one of the last twenty records
    (run,) = runs(made, "plastic", spike, seeds=[0])
    assert images.loss([run], 40_000).median == pytest.approx(20.0)


@pytest.mark.parametrize(
    "plastic, shared, told", [(15, 26, "reproduced"), (15, 40, "partly"), (9, 15, "not reproduced")]
)
def test_levels(made, plastic, shared, told):
    found = runs(made, "plastic", plastic) + runs(made, "shared", shared)
    assert verdict("images-levels", found) == told
    finding = CLAIMS["images-levels"].measure(runs(made, "plastic", plastic, episodes=10_000) + found[3:])
    assert finding.verdict == ("partly" if told == "reproduced" else "not yet run"), "after 10,000 episodes"
    assert finding.summary.endswith("10,000 episodes only")
    assert len(finding.measured) == 4 and all("10,000 episodes" in line.setting for line in finding.measured)


def test_levels_are_of_one_setting_and_it_is_the_papers(made):
    plastic, shared = runs(made, "plastic", 15), runs(made, "shared", 26)
    for other in (dict(learning_rate=1e-3), dict(batch_size=4)):
        assert verdict("images-levels", plastic + runs(made, "shared", 26, **other)) == "not yet run"
        both = runs(made, "plastic", 15, **other) + runs(made, "shared", 26, **other)
        assert verdict("images-levels", both) == "not yet run"
        assert verdict("images-early", both) == "not yet run"
    assert verdict("images-levels", plastic[:2] + shared) == "partly", "two seeds"


def test_one_longer_seed_does_not_take_the_figure_from_three(made):
    found = [run for network, value in (("plastic", 15), ("shared", 26)) for run in runs(made, network, value)]
    long = [runs(made, network, 5, episodes=60_000, seeds=[7])[0] for network in ("plastic", "shared")]
    assert verdict("images-levels", found + long) == "reproduced"
    assert "40,000 episodes" in CLAIMS["images-order"].measure(found + long).summary


@pytest.mark.parametrize("crossing, told", [(1_500, "reproduced"), (8_000, "partly"), (99_999, "not reproduced")])
def test_early(made, crossing, told):
    falling = lambda rows: np.where(rows <= crossing, 60.0, 20.0)  # noqa: E731
    found = runs(made, "plastic", falling, episodes=10_000) + runs(made, "shared", 40, episodes=10_000)
    finding = CLAIMS["images-early"].measure(found)
    assert finding.verdict == told
    if told != "not reproduced":
        words = f"from {crossing + images.WIDTH:,} episodes on, 3 seeds of each, 10,000 episodes only"
        assert finding.summary == words, "the first window all of which is lower"
    lower = lambda rows: np.where(rows <= crossing, 39.0, 20.0)  # noqa: E731
    at_once = runs(made, "plastic", lower, episodes=10_000) + runs(made, "shared", 40, episodes=10_000)
    finding = CLAIMS["images-early"].measure(at_once)
    assert finding.verdict == "partly" and "not higher at first" in finding.analysis
    short = runs(made, "plastic", 60, episodes=2_500) + runs(made, "shared", 40, episodes=2_500)
    assert verdict("images-early", short) == "not reproduced", "it ends before there is a lead"


@pytest.mark.parametrize("n, told", [(1, "partly"), (2, "partly"), (3, "reproduced")])
def test_a_lead_in_one_seed_reproduces_nothing(made, n, told):
    falling = lambda rows: np.where(rows <= 1_500, 60.0, 20.0)  # noqa: E731
    finding = CLAIMS["images-early"].measure(
        runs(made, "plastic", falling, seeds=range(n)) + runs(made, "shared", 40, seeds=range(3))
    )
    assert finding.verdict == told
    assert finding.summary == f"from 2,000 episodes on, {n} seed{'s' * (n > 1)} of each", "as long as the figure's"
    assert (f"{n} seed{'s' * (n > 1)} of each; the rule asks for 3" in finding.analysis) == (told == "partly")
    assert "at least 3 seeds of each" in CLAIMS["images-early"].rule.reproduced


def test_pictures_known_by_heart_are_told_from_the_runs_on_photographs(made):
    (beside,) = images.CHAPTER.beside
    assert beside.table([]).rows == [] == beside.table(runs(made, "plastic", 15, data="natural")).rows
    (row,) = beside.table(runs(made, "plastic", 15) + runs(made, "shared", 9, data="natural")).rows
    assert row[0] == "alpha per connection" and row[-1] == "above", "made with half the loss on training pictures"


def test_rivals(made):
    plastic = runs(made, "plastic", 15)
    assert verdict("images-rivals", plastic + runs(made, "rnn", 50)) == "partly", "no LSTM"
    assert verdict("images-rivals", plastic + runs(made, "rnn", 25)) == "not reproduced"
