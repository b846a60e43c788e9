"""What the papers claim and what our recorded runs say: claims as data, verdicts by rules, tables and a page.

A chapter holds the claims about one experiment. A claim's `measure` takes the recorded runs of that experiment,
finds the ones it needs by their configuration, and returns measurements and a verdict by the rule written beside it;
where no such run is recorded the verdict is "not yet run". `table(name)` is for lessons, `document` is the page
REPRODUCTION.md, which `tlteach reproduction` writes and checks.

A new claim is an entry in its chapter; a new chapter is a module like `images` and an entry in `CHAPTERS`.
"""

from tlteach.reproduction.claim import VERDICTS, Beside, Chapter, Claim, Finding, Measured, Rule
from tlteach.reproduction.evidence import Evidence, recorded
from tlteach.reproduction.page import difference, document, tally, write
from tlteach.reproduction.tables import CHAPTERS, names, table

__all__ = [
    "CHAPTERS",
    "VERDICTS",
    "Beside",
    "Chapter",
    "Claim",
    "Evidence",
    "Finding",
    "Measured",
    "Rule",
    "difference",
    "document",
    "names",
    "recorded",
    "table",
    "tally",
    "write",
]
