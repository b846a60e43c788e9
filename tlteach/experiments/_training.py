"""What a training loop keeps: network, optimiser, generator, clock, and the means of a record."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from tlteach.errors import Diverged

SEEDING = threading.Lock()  # torch's layers draw from the process-wide generator: one thread at a time


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Layers made inside draw their initial weights from `seed`; the global generator is left alone."""
    with SEEDING, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # the CPU's alone: a GPU's generator would not be given back
        yield


def cosine(step: int, total: int, warm_up: int = 50) -> float:
    """A share of the learning rate: up over `warm_up` updates, then down to zero along half a cosine at `total`."""
    return 0.5 * (1 + math.cos(math.pi * step / total)) * min(1, (step + 1) / warm_up)


class Training:
    """One run: all that must be saved to go on, and CPU seconds spent on training alone.

    network, optimizer: what is trained, and how.
    generator: of the episodes.
    rate: learning rate as a share of the optimiser's own, from the number of updates done; constant when left out.
    checkpoint: a `state()` to go on from.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        generator: torch.Generator,
        checkpoint: dict[str, Any] | None = None,
        rate: Callable[[int], float] = lambda step: 1.0,
    ):
        self.network, self.optimizer, self.generator = network, optimizer, generator
        self.step, self.done, spent = 0, False, 0.0
        self._sums: dict[str, float] = {}
        self._count = 0
        self._undo: Callable[[], None] | None = None
        if checkpoint is not None:
            network.load_state_dict(checkpoint["network"])
            optimizer.load_state_dict(checkpoint["optimizer"])
            generator.set_state(checkpoint["generator"])
            self.step, spent = checkpoint["step"], checkpoint["cpu_seconds"]
        self._rates, self._rate = [group["lr"] for group in optimizer.param_groups], rate
        if checkpoint is not None:
            self._rates = checkpoint["rates"]
        self._drawn = generator.get_state()  # of the updates that were made
        self._clock, self._paused_at = time.process_time() - spent, None

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this process spent on training."""
        now = time.process_time() if self._paused_at is None else self._paused_at
        return now - self._clock

    def update(self, loss: Tensor, *, clip_norm: float | None = None, **seen: float) -> None:
        """One step down the gradient of `loss`; it, and what else was seen, joins the means of the next record.

        With `clip_norm` the gradient is made that long where it is longer; its length before joins them as `gradient`.

        Raises Diverged when the loss or the gradient is not finite. It was the step before that led there, so all is
        as it was before that one; but not where there was none since the checkpoint that training went on from.
        """
        seen = {"loss": loss.item(), **seen}
        self._require_finite("loss", seen["loss"])
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * self._rate(self.step)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if clip_norm is None:
            gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
            self._require_finite("gradient's length", nn.utils.get_total_norm(gradients).item())
        else:
            seen["gradient"] = nn.utils.clip_grad_norm_(self.network.parameters(), clip_norm).item()
            self._require_finite("gradient's length", seen["gradient"])
        self._undo = self._remember()
        self.optimizer.step()
        self._drawn = self.generator.get_state()
        self.step += 1
        self._count += 1
        for name, value in seen.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    def updates(
        self, update: Callable[[], None], total: int, every: int, enough: Callable[[], bool] = lambda: False
    ) -> Iterator[None]:
        """Call `update`, which calls the method of that name, until `total` are made or there are `enough`; then `done`
        is true. Yields where a record is due: after `every` of them, at the end, and, before Diverged goes on, of
        the last good state where that is newer than the last record. (It can be older: see `update`.)
        """
        recorded, self.done = self.step, self.step >= total
        while not self.done:
            try:
                update()
            except Diverged:
                if self.step > recorded:
                    with self.paused():
                        yield
                raise
            self.done = self.step == total or enough()
            if self.done or self.step % every == 0:
                recorded = self.step
                with self.paused():
                    yield

    def _require_finite(self, what: str, value: float) -> None:
        if math.isfinite(value):
            return
        update = self.step + 1
        if known := self._undo is not None:
            self._undo()
        raise Diverged(
            f"the {what} became {value} in update {update}; training stops with the network of update {self.step}"
            f"{', the last that is known to be good' if known else ''}. Try a smaller learning rate, clipping of the "
            "gradient (clip_norm), or a smaller start of eta."
        )

    def _remember(self) -> Callable[[], None]:
        """What puts back all that the next step changes."""
        good, had_state = [value.clone() for value in self._changing()], bool(self.optimizer.state)
        before = {name: getattr(self, name) for name in ("step", "_count", "_drawn")} | {"_sums": dict(self._sums)}

        def undo() -> None:
            if not had_state:  # that step was the first
                self.optimizer.state.clear()
            for value, was in zip(self._changing(), good, strict=True):
                value.copy_(was)
            vars(self).update(before, _undo=None)

        return undo

    def _changing(self) -> list[Tensor]:
        states = self.optimizer.state.values()
        return [*self.network.state_dict().values(), *(x for state in states for x in state.values() if x is not None)]

    def means(self) -> dict[str, float]:
        """Means since they were last asked for."""
        means = {name: total / self._count for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        return means

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens inside does not count as training: evaluation, and what the reader of a record does."""
        self._paused_at = time.process_time()
        yield
        self._clock += time.process_time() - self._paused_at
        self._paused_at = None

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly from here, at a record; from before an update that raised Diverged."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self._drawn,
            "rates": self._rates,
            "step": self.step,
            "cpu_seconds": self.cpu_seconds,
        }
