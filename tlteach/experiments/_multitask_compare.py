"""What a run may be compared with: the preset that it is a variant of, and the world whose returns it shares."""

from functools import cache
from typing import Any

from tlteach.experiments._multitask_config import Config
from tlteach.runs import plain

AUTHORS = ", authors' time step"
EVERY = {"frame_skip", "episode_steps", "act", "steps_per_task"}
POLICY = {"log_std", "policy", "critic"}
MATTERS = {  # fields that a method's returns depend on, besides seed, shift, stages, and how tasks are chosen
    "model-based": EVERY | POLICY | {"fitting", "n_tasks", "refine", "test_iterations", "capacity", "dynamics", "fit"},
    "maml": EVERY | {"maml"},
    "oracle": EVERY | {"oracle", "critic", "trpo"},
    "scratch": EVERY | POLICY | {"baseline_updates"},
    "optimum": EVERY | POLICY | {"baseline_updates"},
    "random": EVERY | {"log_std", "policy"},
}
PRACTISED = ("model-based", "scratch", "optimum")  # by the optimiser of the configuration, in warm-ups


def changes(config: dict[str, Any]) -> dict[str, Any]:
    """The fields in which a run differs from its preset, with its values: {"dynamics.hidden": [8, 8]}. The preset is
    that of its family, "lesson" or "paper", from which it differs less; another optimiser takes that at its own pace.
    """
    every = [_changes(config, preset) for preset in ("lesson", "paper")]
    return min(every, key=len)


def _changes(config: dict[str, Any], preset: str) -> dict[str, Any]:
    usual, base = (_base(preset, config["family"], each, config["method"]) for each in (None, config["optimizer"]))
    fields, found = MATTERS[config["method"]], {}
    if config["method"] in PRACTISED:
        fields = fields | {"warm_up", config["optimizer"]}
        if config["optimizer"] != usual["optimizer"]:
            found["optimizer"] = config["optimizer"]
    for name in base:
        if name not in fields:
            continue
        mine, its = config.get(name, base[name]), base[name]  # a run of before there was such a field
        if isinstance(its, dict):
            found |= {f"{name}.{key}": mine[key] for key in its if mine.get(key, its[key]) != its[key]}
        elif mine != its:
            found[name] = mine
    return found


@cache
def _base(preset: str, family: str, optimizer: str | None = None, method: str = "model-based") -> dict[str, Any]:
    return plain(Config.preset(preset, family, optimizer, method))


def world(config: dict[str, Any]) -> str:
    """The family whose returns can be compared with those of a run. With another time step or another length of its
    episodes than in the lessons it is another one.
    """
    own, lesson, paper = (
        (each["frame_skip"], each["episode_steps"])
        for each in (config, *(_base(preset, config["family"]) for preset in ("lesson", "paper")))
    )
    if own == lesson:
        return config["family"]
    told = [f"frame_skip {own[0]}"] * (own[0] is not None) + [f"{own[1]} steps"] * (own[1] is not None)
    return config["family"] + AUTHORS if own == paper else ", ".join([config["family"], *told])
