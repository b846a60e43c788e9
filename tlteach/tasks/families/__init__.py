"""Families of tasks over shared dynamics (Landolfi, Thomas and Ma 2019; spec B, section 2).

`family("navigation")` is one, `families()` are their names. Importing this registers their environments with
Gymnasium, under `tlteach/`.
"""

import difflib
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any

import gymnasium

from tlteach.errors import InvalidInput
from tlteach.tasks.families.ant import AntDirection, AntVelocity, AntVelocity2D
from tlteach.tasks.families.collecting import Transitions, collect
from tlteach.tasks.families.family import Disagreement, Family
from tlteach.tasks.families.halfcheetah import HalfCheetahDirection, HalfCheetahVelocity
from tlteach.tasks.families.navigation import Navigation
from tlteach.tasks.families.reacher import Reacher
from tlteach.tasks.families.shifts import SHIFTS, shifted

__all__ = [
    "SHIFTS",
    "AntDirection",
    "AntVelocity",
    "AntVelocity2D",
    "Disagreement",
    "Family",
    "HalfCheetahDirection",
    "HalfCheetahVelocity",
    "Navigation",
    "Reacher",
    "Transitions",
    "collect",
    "families",
    "family",
    "shifted",
]

_FAMILIES: dict[str, Callable[..., Family]] = {
    "navigation": Navigation,
    "reacher": Reacher,
    "halfcheetah-direction": HalfCheetahDirection,
    "halfcheetah-velocity": HalfCheetahVelocity,
    "halfcheetah-velocity-both": partial(HalfCheetahVelocity, name="halfcheetah-velocity-both", low=-2.0, high=2.0),
    "ant-direction": AntDirection,
    "ant-velocity": AntVelocity,
    "ant-velocity-both": partial(AntVelocity, name="ant-velocity-both", low=-3.0, high=3.0),
    "ant-velocity-2d": AntVelocity2D,
}

_ENVIRONMENTS = {
    Navigation: "navigation_env:NavigationEnv",
    Reacher: "reacher_env:ReacherEnv",
    HalfCheetahDirection: "halfcheetah_env:HalfCheetahDirectionEnv",
    HalfCheetahVelocity: "halfcheetah_env:HalfCheetahVelocityEnv",
    AntDirection: "ant_env:AntDirectionEnv",
    AntVelocity: "ant_env:AntVelocityEnv",
    AntVelocity2D: "ant_env:AntVelocity2DEnv",
}

for _kind, _entry in _ENVIRONMENTS.items():
    if _kind.gym_id not in gymnasium.registry:
        gymnasium.register(_kind.gym_id, f"tlteach.tasks.families.{_entry}", max_episode_steps=_kind().horizon)


def families() -> list[str]:
    """Names that `family` knows."""
    return list(_FAMILIES)


def family(name: str, **options: Any) -> Family:
    """A family by name; `options` replace its fields. Raises InvalidInput for an unknown name or option."""
    if name not in _FAMILIES:
        near = difflib.get_close_matches(str(name), families(), 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(families())}"
        raise InvalidInput(f"no family of tasks is called {name!r}{hint}")
    make = _FAMILIES[name]
    known = [f.name for f in fields(getattr(make, "func", make)) if f.name != "name"]
    for option in options:
        if option not in known:
            raise InvalidInput(f"{name} has no option {option!r}; it has {', '.join(known)}")
    return make(**options)
