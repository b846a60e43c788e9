"""The comparison as tables, for the page and for lessons."""

import difflib
import re
from collections.abc import Iterable, Sequence

from tlteach.errors import InvalidInput
from tlteach.plots import Table
from tlteach.reproduction import images, maze, multitask, one_shot, patterns
from tlteach.reproduction.claim import Chapter, Claim, Finding
from tlteach.reproduction.evidence import Evidence, recorded
from tlteach.reproduction.measures import Sample, duration
from tlteach.run import arguments
from tlteach.runs import Result

CHAPTERS: tuple[Chapter, ...] = (
    patterns.CHAPTER,
    images.CHAPTER,
    one_shot.CHAPTER,
    maze.CHAPTER,
    multitask.CHAPTER,
)


def names() -> list[str]:
    """What `table` knows: experiments, their claims, and tables that stand beside them."""
    return [
        name
        for chapter in CHAPTERS
        for name in (chapter.experiment, *(each.name for each in (*chapter.claims, *chapter.beside)))
    ]


def table(name: str, evidence: Evidence | None = None) -> Table:
    """The table called `name`, from the recorded runs.

    Args:
        name: an experiment ("patterns": a row for each of its claims), a claim ("patterns-50-bits": a row for each
            measurement, and the paper's) or a table beside them ("one-shot-published").
        evidence: recorded runs, as `recorded` gives them; those that are shipped by default.

    Raises InvalidInput, naming what there is, for another name.
    """
    evidence = recorded() if evidence is None else evidence
    for chapter in CHAPTERS:
        found = chapter.found(evidence)
        if name == chapter.experiment:
            return claims_table(chapter, found)
        for claim in chapter.claims:
            if name == claim.name:
                return claim_table(claim, claim.measure(found))
        for beside in chapter.beside:
            if name == beside.name:
                return beside.table(found)
    near = difflib.get_close_matches(str(name), names(), 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise InvalidInput(f"no table {name!r}; there are {', '.join(names())}.{hint}")


def claims_table(chapter: Chapter, found: Sequence[Result]) -> Table:
    """A row for each claim of an experiment: the paper's number, ours, the verdict."""
    findings = [(claim, claim.measure(found)) for claim in chapter.claims]
    rows = [(claim.title, claim.number, finding.summary, finding.verdict) for claim, finding in findings]
    return Table(("claim", "the paper", "our runs", "verdict"), rows, chapter.title)


def claim_table(claim: Claim, finding: Finding) -> Table:
    """A row for each measurement, the paper's first."""
    rows = [("the paper", claim.number, "", "", "")]
    for line in finding.measured:
        cpu = Sample.each(line.runs, lambda run: run.metrics["cpu_seconds"][-1]).middle(duration)
        rows.append((line.setting, line.value, line.spread, f"{line.seeds}", cpu))
    columns = ("what", "value", "lowest to highest seed", "seeds", "CPU time a run")
    return Table(columns, rows, f"{claim.title}: {finding.verdict}")


def computing_table(evidence: Evidence) -> Table:
    """What the recorded runs took, for each experiment."""
    rows = []
    for experiment, found in evidence.items():
        if found:
            cpu = sum(float(run.metrics["cpu_seconds"][-1]) for run in found.values())
            wall = sum(run.provenance.wall_seconds for run in found.values())
            rows.append((experiment, f"{len(found)}", f"{cpu / 3600:.2f}", f"{wall / 3600:.2f}", _each(_where(found))))
    columns = ("experiment", "recorded runs", "CPU hours of training", "hours by the clock", "machines")
    return Table(columns, rows, "Computing")


def provenance_table(evidence: Evidence) -> Table:
    """Where every recorded run comes from, the seeds of a setting in one row."""
    rows = []
    for experiment, found in evidence.items():
        groups: dict[str, list[Result]] = {}
        for name, run in found.items():
            groups.setdefault(re.sub(r"seed\d+$", "seed*", name), []).append(run)
        for name, group in groups.items():
            from_ = [run.provenance for run in group]
            cpu = Sample.each(group, lambda run: run.metrics["cpu_seconds"][-1])
            rows.append(
                (
                    f"{experiment}/{name}",
                    _each(str(each.seed) for each in from_),
                    cpu.middle(duration),
                    _each(each.commit for each in from_),
                    _each(f"tlteach {each.version}, torch {each.torch}" for each in from_),
                    _each(each.machine for each in from_),
                    _each(each.finished[:10] for each in from_),
                    _each(each.data or "random numbers" for each in from_),
                    f"`{experiment} {' '.join(arguments(experiment, group[0].config))}`",
                )
            )
    columns = ("recorded run", "seeds", "CPU time a run", "commit", "version", "machine", "finished", "data")
    columns += ("tlteach run, with --seeds and --record",)
    return Table(columns, rows, "Provenance")


def _where(found: dict[str, Result]) -> list[str]:
    return [run.provenance.machine for run in found.values()]


def _each(words: Iterable[str]) -> str:
    """Every one of `words` once, in order."""
    return "; ".join(sorted(set(words)))
