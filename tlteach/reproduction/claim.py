"""A claim of a paper: its words and where they stand, what recorded runs say about it, and the rule that decides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tlteach.plots import Table
from tlteach.reproduction.measures import Sample
from tlteach.runs import Result

REPRODUCED, PARTLY, UNDECIDED = "reproduced", "partly", "undecided"
NOT, NOT_RUN = "not reproduced", "not yet run"
VERDICTS = (REPRODUCED, PARTLY, UNDECIDED, NOT, NOT_RUN)


@dataclass(frozen=True)
class Measured:
    """One measurement of the runs of one setting, in words.

    setting: what was run, and what was measured of it.
    value: the median over the seeds (of accuracies the mean). spread: lowest and highest seed.
    runs: that it was measured in.
    """

    setting: str
    value: str
    spread: str
    runs: tuple[Result, ...]

    @property
    def seeds(self) -> int:
        """Of one network; where several are compared, of each."""
        return len({run.config.get("seed") for run in self.runs})

    @classmethod
    def of(cls, setting: str, sample: Sample, form: Callable[[float], str], runs: Sequence[Result]) -> "Measured":
        """Median and spread of `sample`, one number for each of `runs`, in the words of `form`."""
        return cls(setting, sample.middle(form), sample.spread(form), tuple(runs))


@dataclass(frozen=True)
class Finding:
    """What our runs say about a claim.

    verdict: one of `VERDICTS`.
    summary: the measurement that decided, in a few words.
    measured: all measurements.
    analysis: paragraphs (markdown) on why it came out as it did, every number of ours computed.
    """

    verdict: str = NOT_RUN
    summary: str = "–"
    measured: tuple[Measured, ...] = ()
    analysis: str = ""


@dataclass(frozen=True)
class Rule:
    """When a claim counts as reproduced, when as partly so, and when our runs cannot tell (where that is a case of its
    own); otherwise it is not reproduced. `judge` stands beside it."""

    reproduced: str
    partly: str
    undecided: str = ""


@dataclass(frozen=True)
class Claim:
    """A claim.

    name: of letters, digits and hyphens, by which `tlteach.reproduction.table` finds it.
    title: the claim in our words.
    number: what the paper gives, in a few words.
    says: what the paper says, and in which setting.
    source: where it says so.
    rule: the criterion in words. measure: applies it to the recorded runs of the experiment.
    deviations: what is different in our runs.
    unverified: what about the paper's side could not be checked.
    """

    name: str
    title: str
    number: str
    says: str
    source: str
    rule: Rule
    measure: Callable[[Sequence[Result]], Finding]
    deviations: tuple[str, ...] = ()
    unverified: str = ""


@dataclass(frozen=True)
class Beside:
    """A table that stands beside the claims: `table(runs)`, below `text`."""

    name: str
    title: str
    text: str
    table: Callable[[Sequence[Result]], Table]


@dataclass(frozen=True)
class Chapter:
    """The claims about one experiment of a paper.

    experiment: its name in `tlteach.experiments`. title: a heading. setting: the paper's, in words.
    deviations: what is different in all of our runs.
    also: other experiments whose runs its claims and tables look at.
    """

    experiment: str
    title: str
    setting: str
    deviations: tuple[str, ...]
    claims: tuple[Claim, ...]
    beside: tuple[Beside, ...] = ()
    also: tuple[str, ...] = ()

    def found(self, evidence: Mapping[str, Mapping[str, Result]]) -> list[Result]:
        """The recorded runs that its claims and tables are given, those of its own experiment first."""
        return [run for name in (self.experiment, *self.also) for run in evidence.get(name, {}).values()]


def judge(reproduced: bool, partly: bool, undecided: bool = False) -> str:
    """The verdict on something that was run."""
    return REPRODUCED if reproduced else PARTLY if partly else UNDECIDED if undecided else NOT
