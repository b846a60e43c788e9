"""The networks of a finished run, made again from what was kept of it."""

from typing import Any

from torch import Tensor

from tlteach import runs
from tlteach.errors import BadFile, InvalidInput
from tlteach.experiments._multitask_config import Config, learning, test_family
from tlteach.experiments._multitask_practice import own_policy
from tlteach.modelbased.learner import Shared, misfit
from tlteach.modelbased.maml import MAML
from tlteach.modelbased.oracle import Oracle
from tlteach.modelbased.policies import GaussianPolicy

ITS_OWN = {"maml": "restore_maml", "oracle": "restore_oracle"}


def restore(result: runs.Result) -> Shared:
    """The model and the value of a result, ready for `fresh` and `practise` in the family that it was tested on; the
    buffer is empty.

    Raises InvalidInput when only curves were recorded, or there is no model; BadFile when the networks are not those of
    its configuration.
    """
    config = stored_config(result)
    if config.method != "model-based":
        instead = f"; its policy comes from {ITS_OWN[config.method]}" if config.method in ITS_OWN else ""
        raise InvalidInput(f"a run of {config.method!r} has no model{instead}")
    shared = Shared(test_family(config), learning(config, test=True))
    try:
        shared.model.load_state_dict(_part(result, "model."))
        shared.critic.value.load_state_dict(_part(result, "value."))
    except RuntimeError as error:
        raise BadFile(misfit(shared.family, shared.config, error)) from error
    return shared


def restore_policy(result: runs.Result, i: int = 0) -> GaussianPolicy:
    """The policy of test task `i` after the last stage. Raises as `restore` does, and InvalidInput for another task."""
    shared, n = restore(result), len(result.tensors["tasks"])
    if i not in range(n):
        raise InvalidInput(f"there are policies of the test tasks 0 to {n - 1}, got {i}")
    states = _part(result, "policies.")
    if not states:
        raise InvalidInput("this result holds no policies: the run ended before its tests, or it is a baseline")
    return own_policy(shared, {name: value[i] for name, value in states.items()})


def restore_maml(result: runs.Result) -> MAML:
    """MAML's initial policy of a result, ready for `maml_adaptation.adapt` in the family that it was tested on.

    Raises as `restore` does.
    """
    config = _of("maml", result)
    return _with_policy(MAML(test_family(config), config.maml, config.seed), result)


def restore_oracle(result: runs.Result) -> Oracle:
    """The oracle of a result, ready to `act` in the family that it was tested on. Raises as `restore` does."""
    config = _of("oracle", result)
    made = Oracle(test_family(config), config.oracle, config.critic, config.trpo, config.seed)
    return _with_policy(made, result)


def stored_config(result: runs.Result) -> Config:
    """The configuration from the plain data that is stored. Raises InvalidInput for another experiment's."""
    if result.experiment != "multitask":
        raise InvalidInput(f"this is a run of the experiment {result.experiment!r}, expected one of 'multitask'")
    default, stored = Config(), dict(result.config)
    for name, value in stored.items():
        if isinstance(value, dict):
            stored[name] = type(getattr(default, name))(**value)
    return Config(**stored)


def _of(method: str, result: runs.Result) -> Config:
    config = stored_config(result)
    if config.method != method:
        raise InvalidInput(f"this is a run of {config.method!r}, expected one of {method!r}")
    return config


def _with_policy(made: Any, result: runs.Result) -> Any:
    try:
        made.policy.load_state_dict(_part(result, "policy."))
    except RuntimeError as error:
        hidden = tuple(made.config.hidden)
        raise BadFile(f"the policy is not one of {made.family.name} with layers {hidden}: {error}") from error
    return made


def _part(result: runs.Result, prefix: str) -> dict[str, Tensor]:
    if not result.tensors:
        raise InvalidInput("this result holds no networks, only curves; run it again")
    single = {k: v.float() if v.is_floating_point() else v for k, v in result.tensors.items()}
    return {k.removeprefix(prefix): v for k, v in single.items() if k.startswith(prefix)}
