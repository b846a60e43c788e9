"""The papers' experiments, one module each.

A module has `Config` (a frozen dataclass; `Config.preset(name, ...)` gives the presets), `train(config, checkpoint)`
(a generator of `runs.Record`), `run(config, ...)` and `plot(results)`. Notebook, widget, command line and tests
all go through these.
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
