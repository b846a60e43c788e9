"""The papers' experiments, one module each.

Notebook, widget, command line and tests all go through what a module has:

    PRESETS                    names of its presets, "smoke", "lesson" and "paper" among them
    Config                     a frozen dataclass with a `seed`; `Config.preset(name, ..., **changes)` gives a preset,
                               and what else it takes by name becomes an option of the command line
    train(config, checkpoint)  a generator of `runs.Record`
    run(config, **how)         `runs.drive` on it; on real data with `data=`, a line that says where that came from
    run_name(config)           what a run is called among those of its preset: all that makes it another experiment,
                               and the seed; budgets need not be told
    plot(results)              a figure of one result or several
    RECORD                     optional, keyword arguments of `runs.shrink`: what is shipped besides the curves, unless
                               a small network whole, for example dict(tensors=("embedding.*",), tensor_bytes=10**6)

A recorded run is called PRESET-run_name (or LABEL-run_name), a run folder the same with a fingerprint of the whole
configuration at its end: no two configurations share a folder, and no recorded run replaces another's.
"""

import difflib
import importlib
import pkgutil
from types import ModuleType

from tlteach.errors import InvalidInput


def names() -> list[str]:
    """The experiments there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def load(name: str) -> ModuleType:
    """The module of an experiment. Raises InvalidInput, naming the nearest ones, when there is none of that name."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InvalidInput(f"no experiment {name!r}; there are {', '.join(names())}.{hint}")
    return importlib.import_module(f"{__name__}.{name}")
