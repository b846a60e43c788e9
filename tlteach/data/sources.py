"""Which data a lesson or experiment uses: the real one, or what is made here."""

from typing import Literal

from tlteach import checks
from tlteach.data.alphabets import drawn_characters
from tlteach.data.archives import BACKGROUND, CIFAR10, EVALUATION
from tlteach.data.cifar import cifar10
from tlteach.data.kinds import Characters, Pictures
from tlteach.data.omniglot_zip import omniglot
from tlteach.data.scenes import natural_pictures


def characters(source: Literal["auto", "omniglot", "drawn"] = "auto", size: int = 31) -> Characters:
    """All characters of a source, `size` x `size` pixels.

    source: "omniglot" (downloaded on first use), "drawn" (made here), or "auto": Omniglot where its archives are on
    this machine already, else the drawn ones; `Characters.source` says which.

    Raises InvalidInput for another source, and what `omniglot` and `drawn_characters` raise.
    """
    checks.choice("source", source, ("auto", "omniglot", "drawn"))
    if source == "omniglot" or (source == "auto" and BACKGROUND.find() and EVALUATION.find()):
        return omniglot(size)
    return drawn_characters(size=size)


def pictures(source: Literal["auto", "cifar10", "natural"] = "auto") -> Pictures:
    """Grey pictures of 32 x 32 pixels.

    source: "cifar10" (downloaded on first use), "natural" (natural-looking, made here), or "auto": CIFAR-10 where its
    archive is on this machine already, else the made ones; `Pictures.source` says which.

    Raises InvalidInput for another source, and what `cifar10` raises.
    """
    checks.choice("source", source, ("auto", "cifar10", "natural"))
    if source == "cifar10" or (source == "auto" and CIFAR10.find()):
        return cifar10()
    return natural_pictures()
