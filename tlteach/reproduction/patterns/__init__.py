"""What the first paper claims about binary patterns (Miconi et al. 2018, section 4.1)."""

from tlteach.reproduction.claim import Chapter
from tlteach.reproduction.patterns import large, rivals, small

CHAPTER = Chapter(
    experiment="patterns",
    title="Remembering binary patterns",
    setting=(
        "An episode shows new random patterns of +1 and −1, then one of them with half of its bits set to 0; the "
        "network must fill them in. The error is the share of wrong bits at the last step; guessing the erased half "
        "gives 25%. Large: five patterns of 1,000 bits, two cycles, 106 steps, 1,001 neurons. Small, to compare with "
        "an LSTM: two patterns of 50 bits, shown once, 11 steps. One episode an update, Adam."
    ),
    deviations=(
        "Where the text of arXiv v1 (three cycles, 10 steps a pattern and 3 between, Adam at 1e-3) and the authors' "
        "program (two cycles, 6 and 4 steps, 3e-4) differ, we follow the program.",
        f"Errors are means over the last {small.WINDOW:,} episodes ({large.WINDOW} at 1,000 bits): a level is seen "
        "later than in single episodes. How the paper smoothed is not said.",
    ),
    claims=(*large.CLAIMS[:1], *small.CLAIMS, *rivals.CLAIMS, *large.CLAIMS[1:]),
)
