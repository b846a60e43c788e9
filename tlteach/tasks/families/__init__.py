"""Families of tasks over shared dynamics (Landolfi, Thomas and Ma 2019; spec B, section 2).

`family("navigation")` is one, `families()` are their names. Importing this registers their environments with
Gymnasium, under `tlteach/`.
"""

import difflib
from collections.abc import Callable
from typing import Any

import gymnasium

from tlteach.errors import InvalidInput
from tlteach.tasks.families.family import Disagreement, Family
from tlteach.tasks.families.navigation import Navigation

__all__ = ["Disagreement", "Family", "Navigation", "families", "family"]

_FAMILIES: dict[str, Callable[..., Family]] = {"navigation": Navigation}

_HERE = "tlteach.tasks.families"
_ENVIRONMENTS = {Navigation: "navigation_env:NavigationEnv"}

for _kind, _entry in _ENVIRONMENTS.items():
    if _kind.gym_id not in gymnasium.registry:
        gymnasium.register(_kind.gym_id, f"{_HERE}.{_entry}", max_episode_steps=_kind().horizon)


def families() -> list[str]:
    """Names that `family` knows."""
    return list(_FAMILIES)


def family(name: str, **options: Any) -> Family:
    """A family by name; `options` replace its fields. Raises InvalidInput for an unknown name or option."""
    if name not in _FAMILIES:
        near = difflib.get_close_matches(str(name), families(), 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(families())}"
        raise InvalidInput(f"no family of tasks is called {name!r}{hint}")
    try:
        return _FAMILIES[name](**options)
    except TypeError as error:
        raise InvalidInput(f"{name} has no such option: {error}") from error
