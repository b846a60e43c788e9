"""Another distribution of tasks, or another world, than the one that was trained in (spec B, section 2)."""

from dataclasses import replace

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.tasks.families.ant import Ant
from tlteach.tasks.families.family import Family
from tlteach.tasks.families.goals import GoalVelocity, Runner
from tlteach.tasks.families.halfcheetah import HalfCheetah
from tlteach.tasks.families.navigation import Navigation
from tlteach.tasks.families.reacher import Reacher

# what changes, of which families; the first that fits
SHIFTS = {
    "tasks": {  # none of them can be drawn in training
        GoalVelocity: lambda f: dict(low=-f.high, high=-f.low),  # the authors' "flip"
        Navigation: lambda f: dict(reach=1.75 * f.reach, beyond=f.reach),
    },
    "friction": {
        Runner: lambda f: dict(friction=0.5 * f.friction),
        Navigation: lambda f: dict(drag=0.5 * f.drag),
    },
    "crippled": {
        Ant: lambda f: dict(disabled=(0, 1)),  # the authors' leg: hip and ankle at (+0.2, -0.2) m
        HalfCheetah: lambda f: dict(disabled=(3,)),  # one joint, as Clavera et al. 2019: the front thigh
        Navigation: lambda f: dict(disabled=(0,)),  # no motor along +x
        Reacher: lambda f: dict(disabled=(1,)),  # the elbow
    },
}


def shifted(family: Family, shift: str) -> Family:
    """The same family, shifted: it is trained in `family` and tested in this.

    shift: "tasks", where the tasks are others: velocities of the other sign, goals farther out. "friction", with half
        the friction (or drag). "crippled", with motors that do nothing. "none" is the family itself.

    Other shifts are `dataclasses.replace(family, ...)`, with any of its options.

    Raises InvalidInput for an unknown shift, one that the family does not have, and tasks that would overlap.
    """
    checks.choice("shift", shift, ("none", *SHIFTS))
    if shift == "none":
        return family
    change = next((change for kind, change in SHIFTS[shift].items() if isinstance(family, kind)), None)
    if change is None:
        has = [name for name, kinds in SHIFTS.items() if isinstance(family, tuple(kinds))]
        raise InvalidInput(f"{family.name} has no shift {shift!r}; it has {', '.join(has)}")
    other = replace(family, **change(family))
    if (
        shift == "tasks"
        and isinstance(family, GoalVelocity)
        and max(family.low, other.low) < min(family.high, other.high)
    ):
        raise InvalidInput(
            f"{family.name} has velocities of both signs, {family.task_range}: there are no others to shift to; "
            "take bounds of one sign"
        )
    return other
