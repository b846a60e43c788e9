"""REPRODUCTION.md: the comparison with the papers as a page, written from the recorded runs alone."""

import difflib
import textwrap
from collections import Counter
from pathlib import Path

from tlteach.errors import BadFile
from tlteach.files import write_atomic
from tlteach.plots import Table
from tlteach.reproduction.claim import VERDICTS, Chapter, Claim, Finding, Rule
from tlteach.reproduction.evidence import Evidence, recorded
from tlteach.reproduction.tables import CHAPTERS, claim_table, computing_table, provenance_table

FILE, COMMAND = "REPRODUCTION.md", "tlteach reproduction"

INTRODUCTION = """\
What the papers of this course claim, and what comes out when they are rebuilt from their description. Each claim has a
rule in numbers that decides whether it is *reproduced*, *partly* so, *undecided* (our runs cannot tell), or *not*; the
rule stands beside it, and a program applies it to recorded runs. Verdicts, tables and analyses are not typed by hand:
`{command}` writes them from the files in `tlteach/recorded/`, and the tests fail where page and files disagree.

**The papers** are [Differentiable plasticity](https://arxiv.org/abs/1804.02464) (Miconi, Clune and Stanley, ICML 2018);
its figures are those of arXiv version 1 and of the authors' published program. What is marked † is quoted from memory
of the ICML version and was **not verified**. Values with "about" were read off a figure. And [A Model-based Approach
for Sample-efficient Multi-task Reinforcement Learning](https://arxiv.org/abs/1907.04964) (Landolfi, Thomas and Ma,
2019), of which only the abstract and the start of the introduction could be read; what is said of its settings is the
first author's published program and notebooks.

**Our values** are medians over seeds, of accuracies the mean. "Lowest to highest seed" of n seeds contains the median
of all possible seeds with probability 1 − 2^(1−n): 94% for five, 75% for three. "More than" means that a run ended
before it got there. CPU time is that of training, on one machine's cores; where the runs come from is told at the end.
"""

AGAIN = """\
`tlteach run EXPERIMENT --preset PRESET --seeds 0 1 2 --record` makes such runs (the names begin with the preset or a
label of their own), and `{command}` brings this page up to date.
"""


def document(evidence: Evidence) -> str:
    """The page, the same bytes for the same recorded runs."""
    measured = [(chapter, _measure(chapter, evidence)) for chapter in CHAPTERS]
    parts = [
        "# Reproduction: what the papers claim, and what we measured",
        f"<!-- written by `{COMMAND}` from tlteach/recorded; do not edit -->",
    ]
    parts += [_wrap(INTRODUCTION.format(command=COMMAND)), "## Summary", tally(evidence), _summary(measured)]
    for chapter, findings in measured:
        parts += _chapter(chapter, findings, evidence)
    parts += ["## Computing", markdown(computing_table(evidence))]
    parts += ["## Provenance", _wrap(AGAIN.format(command=COMMAND)), markdown(provenance_table(evidence))]
    return "\n\n".join(part for part in parts if part) + "\n"


def write(folder: str | Path) -> Path:
    """Write the page into `folder`, from the recorded runs that are shipped; whole or not at all."""
    return write_atomic(Path(folder) / FILE, document(recorded()))


def difference(folder: str | Path, lines: int = 60) -> str:
    """How the page in `folder` differs from the recorded runs, a diff of at most `lines` lines; empty where it agrees.

    Raises BadFile when the page cannot be read.
    """
    path, fresh = Path(folder) / FILE, document(recorded())
    try:
        page = path.read_bytes().decode("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"cannot read {path} ({error}); `{COMMAND}` writes it anew.") from None
    if page == fresh:
        return ""
    diff = list(difflib.unified_diff(page.split("\n"), fresh.split("\n"), FILE, "recorded runs", n=1, lineterm=""))
    return "\n".join(diff[:lines] + [f"... {len(diff) - lines} more lines"] * (len(diff) > lines))


def tally(evidence: Evidence) -> str:
    """How many claims have which verdict, in a sentence."""
    verdicts = Counter(finding.verdict for chapter in CHAPTERS for finding in _measure(chapter, evidence))
    told = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in VERDICTS)
    return f"Of {verdicts.total()} claims: {told}."


def markdown(table: Table) -> str:
    """A table in markdown, without its caption."""
    lines = [table.columns, ["---"] * len(table.columns), *table.rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _measure(chapter: Chapter, evidence: Evidence) -> list[Finding]:
    found = chapter.found(evidence)
    return [claim.measure(found) for claim in chapter.claims]


def _summary(measured: list[tuple[Chapter, list[Finding]]]) -> str:
    rows = [
        (f"[{claim.title}](#{claim.name})", claim.number, finding.summary, f"**{finding.verdict}**")
        for chapter, findings in measured
        for claim, finding in zip(chapter.claims, findings, strict=True)
    ]
    return markdown(Table(("claim", "the paper", "our runs", "verdict"), rows, ""))


def _chapter(chapter: Chapter, findings: list[Finding], evidence: Evidence) -> list[str]:
    parts = [f"## {chapter.title}", _wrap(f"**Setting.** {chapter.setting}")]
    parts += [_wrap("**Deviations in all of our runs.**"), _bullets(chapter.deviations)]
    for claim, finding in zip(chapter.claims, findings, strict=True):
        parts += _claim(claim, finding)
    for beside in chapter.beside:
        table = beside.table(chapter.found(evidence))
        if not table.rows:
            continue
        parts += [f'<a id="{beside.name}"></a>', f"### {beside.title}", markdown(table), _wrap(beside.text)]
    return parts


def _claim(claim: Claim, finding: Finding) -> list[str]:
    parts = [
        f'<a id="{claim.name}"></a>',
        f"### {claim.title}: {finding.verdict}",
        _wrap(f"**The paper** ({claim.source}): {claim.says}"),
        _wrap(f"**Not verified.** {claim.unverified}") if claim.unverified else "",
        _wrap(f"**Rule.** {_rule(claim.rule)}"),
    ]
    if claim.deviations:
        parts.append(_wrap(f"**Deviations.** {' '.join(claim.deviations)}"))
    parts.append(markdown(claim_table(claim, finding)) if finding.measured else "No recorded run of this yet.")
    if finding.analysis:
        parts.append(_wrap(f"**Analysis.** {finding.analysis}"))
    return parts


def _rule(rule: Rule) -> str:
    undecided = f" Undecided: {rule.undecided}." if rule.undecided else ""
    return f"Reproduced: {rule.reproduced}. Partly: {rule.partly}.{undecided} Otherwise not."


def _bullets(lines: tuple[str, ...]) -> str:
    return "\n".join(textwrap.fill(line, 118, initial_indent="- ", subsequent_indent="  ", **_WRAP) for line in lines)


def _wrap(text: str) -> str:
    """Paragraphs in lines that a diff can show."""
    return "\n\n".join(textwrap.fill(part, 118, **_WRAP) for part in text.strip().split("\n\n"))


_WRAP = dict(break_long_words=False, break_on_hyphens=False)
