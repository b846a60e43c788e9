"""VIRTUAL_TRAINING of spec 1.1: the model is fitted and the policy practises in it, in turns, without a real step."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tlteach import checks
from tlteach.modelbased.buffer import ReplayBuffer
from tlteach.modelbased.critic import PolicyOptimizer
from tlteach.modelbased.fitting import Fitter
from tlteach.modelbased.virtual import LeftBounds, learned_world


@dataclass(frozen=True)
class WarmUpConfig:
    """The defaults are the authors'.

    iterations: of fitting and practising; 0 leaves fresh policies as they are.
    fit_steps: steps of Adam on the model in each.
    policy_steps: updates of the policy in each.
    rollouts: virtual rollouts in each update, of the family's horizon.
    start: where they start: "reset" as real episodes do, "buffer" in states that were visited.
    scheme, clip_margin: see `virtual.learned_world`.

    Raises InvalidInput for values that cannot be used.
    """

    iterations: int = 40
    fit_steps: int = 100
    policy_steps: int = 40
    rollouts: int = 20
    start: str = "reset"
    scheme: str = "fixed"
    clip_margin: float | None = None

    def __post_init__(self):
        checks.whole(0, iterations=self.iterations)
        counts = ("fit_steps", "policy_steps", "rollouts")
        checks.whole(1, **{name: getattr(self, name) for name in counts})
        checks.choice("start", self.start, ("reset", "buffer"))
        checks.finite(least=0, **checks.given(clip_margin=self.clip_margin))


@dataclass(frozen=True)
class WarmUpStep:
    """One iteration. first_return: virtual return, () or (P,), before the first policy update of the iteration, in the
    model as it was just fitted; last_return: before the last one. The difference to the iteration before tells how far
    the policy had fooled itself. model_loss: (E,). diverged: the message, where practice had to be stopped; the policy
    is then the last one whose rollouts stayed finite.
    """

    iteration: int
    first_return: Tensor
    last_return: Tensor
    model_loss: Tensor
    diverged: str = ""


def warm_up(
    fitter: Fitter,
    buffer: ReplayBuffer,
    optimizer: PolicyOptimizer,
    family: Any,
    task: Tensor,
    config: WarmUpConfig,
    generator: torch.Generator,
) -> Iterator[WarmUpStep]:
    """Fit and practise in turns, a record after each iteration; the policy in `optimizer` and the model change.

    task: (task_size,), or (P, task_size) for P policies at once over one stream of model fitting.

    A model that diverges ends the practice, not the run: see `WarmUpStep.diverged`.
    """
    world = learned_world(fitter.model, family, task, scheme=config.scheme, clip_margin=config.clip_margin)
    policy = optimizer.policy
    shape = (*task.shape[:-1], config.rollouts)
    good = [p.detach().clone() for p in policy.trained()]  # the last policy whose rollouts were finite
    for iteration in range(config.iterations):
        loss, returns = fitter.fit(buffer, config.fit_steps, generator), []
        for _ in range(config.policy_steps):
            start = _starts(config, family, buffer, shape, generator)
            before = [p.detach().clone() for p in policy.trained()]
            try:
                returns.append(optimizer.update(world, start, generator)["return"])
            except LeftBounds as error:
                with torch.no_grad():
                    for parameter, value in zip(policy.trained(), good, strict=True):
                        parameter.copy_(value)
                nothing = torch.full(task.shape[:-1], torch.nan)
                first, last = (returns[0], returns[-1]) if returns else (nothing, nothing)
                yield WarmUpStep(iteration, first, last, loss, str(error))
                return
            good = before
        yield WarmUpStep(iteration, returns[0], returns[-1], loss)


def _starts(config: WarmUpConfig, family: Any, buffer: ReplayBuffer, shape: tuple[int, ...], generator) -> Tensor:
    """([P,] rollouts, O)."""
    if config.start == "buffer":
        return buffer.starts(shape, generator)
    like = buffer.latest(1).obs
    return family.resets(torch.Size(shape).numel(), generator).view(*shape, -1).to(like)
