"""The one-shot network: a convolutional embedding, and a plastic readout that learns a class from one look (4.3)."""

from typing import Literal

import torch
from torch import Tensor, nn

from tlteach import checks
from tlteach.errors import InvalidInput
from tlteach.plasticity import PlasticLinear, PlasticState
from tlteach.tasks.one_shot import N_ROTATIONS, OneShotTask, rotate

SIDE, N_FEATURES = 31, 64
ROUNDING = 1e-4  # how far a drawing that was turned or reduced may lie outside [0, 1]
LABEL_DRIVE = 1000.0  # a label told this loudly makes the softmax exactly one-hot


class OneShotNetwork(nn.Module):
    """Four convolutions (3 x 3, stride 2, tanh), 31 -> 15 -> 7 -> 3 -> 1 pixels, and a plastic softmax readout.

    112,065 parameters with an alpha for each connection, 111,746 with one for all.

    Args:
        n_ways: N, output units.
        plasticity: of the readout: "per_connection", "shared" or "none".
        gain: alpha starts uniform in [0, gain], a shared one at gain. The authors start at 0.01: the trace then says
            next to nothing, and the loss stays at chance for a long time.
        eta: where the learned rate starts.
        dtype: what the convolutions compute in, under autocast; bfloat16 is twice as fast where a processor has it.
    """

    def __init__(self, n_ways: int, plasticity: str, gain: float = 1.0, eta: float = 0.5, dtype=torch.float32):
        super().__init__()
        channels = [1] + 4 * [N_FEATURES]
        pairs = zip(channels[:-1], channels[1:], strict=True)
        self.embedding = nn.Sequential(*(m for a, b in pairs for m in (nn.Conv2d(a, b, 3, stride=2), nn.Tanh())))
        self.readout = PlasticLinear(N_FEATURES, n_ways, rule="oja", plasticity=plasticity, activation="softmax")
        self.dtype = dtype
        if plasticity != "none":
            with torch.no_grad():
                self.readout.eta.fill_(eta)
                alpha = self.readout.alpha
                alpha.copy_(gain * torch.rand(alpha.shape) if alpha.ndim else torch.tensor(gain))

    def embed(self, images: Tensor) -> Tensor:
        """Features of drawings: (..., 31, 31) in [0, 1] -> (..., 64) in (-1, 1).

        Raises InvalidInput for drawings of another size, type or range, and for NaN among them.
        """
        _require_drawings(images)
        with torch.autocast(images.device.type, self.dtype, enabled=self.dtype != torch.float32):
            features = self.embedding(images.reshape(-1, 1, SIDE, SIDE))  # (n, 64, 1, 1)
        return features.float().view(*images.shape[:-2], N_FEATURES)

    def logits(self, shots: Tensor, query: Tensor) -> Tensor:
        """The answer after one look at each shot, at once: shots (B, N, K, F), query (B, F) -> (B, N).

        With a label told, y is exactly one-hot. Oja's rule (eq 3) then leaves every column but the label's alone, and
        moves that one towards the features: Hebb_c <- Hebb_c + eta * (f - Hebb_c). From an empty trace, K looks give

            Hebb_c = sum_k eta (1 - eta)^(K-1-k) f_ck,          logit_c = f_q . w_c + sum_i f_qi alpha_ic Hebb_ic.

        So the readout compares the query with what it was shown of each class, under a learned weighting of features;
        of several shots the later count for more.
        """
        readout = self.readout
        answer = query @ readout.weight  # (B, N)
        if readout.rule is None:
            return answer
        K, eta = shots.shape[2], readout.eta
        ages = torch.arange(K - 1, -1, -1, device=shots.device)  # the last shot has age 0
        trace = torch.einsum("bnkf,k->bnf", shots, eta * (1 - eta) ** ages)  # (B, N, F), eq 3 solved
        weighted = trace * readout.alpha.t() if readout.alpha.ndim else trace * readout.alpha  # (B, N, F)
        return answer + torch.einsum("bf,bnf->bn", query, weighted)

    def look(self, features: Tensor, name: Tensor, state: PlasticState | None = None) -> PlasticState:
        """One look at drawings that are named, by the plastic layer itself: features (B, F), name (B,) 0 to N - 1 ->
        the state after it, in whose trace (B, F, N) they stand."""
        label = nn.functional.one_hot(name, self.readout.out_features)  # (B, N)
        return self.readout.step(features, state, LABEL_DRIVE * label.to(features))[1]

    def walk(self, shots: Tensor, query: Tensor, order: Tensor | None = None):
        """The same answer as `logits`, step by step through the plastic layer, as the paper describes it.

        shots (B, N, K, F), query (B, F) -> probabilities (B, N) and the state, whose trace is (B, F, N). order (B, N)
        is the order of the names in each round of shots; it makes no difference.
        """
        B, N, K, _ = shots.shape
        rows, state = torch.arange(B, device=shots.device), None
        order = torch.arange(N, device=shots.device).expand(B, N) if order is None else order
        for k in range(K):
            for name in order.t():  # (B,)
                state = self.look(shots[rows, name, k], name, state)
        return self.readout.step(query, state)


def _require_drawings(images: Tensor) -> None:
    """Raise InvalidInput unless they are (..., 31, 31), real numbers in [0, 1] but for rounding."""
    expected = f"expected drawings (..., {SIDE}, {SIDE}) of real numbers in [0, 1]"
    hint = "tlteach.data.characters(...).floats() gives them"
    if not isinstance(images, Tensor):
        raise InvalidInput(f"{expected}, got a {type(images).__name__}; {hint}")
    if images.shape[-2:] != (SIDE, SIDE) or not images.is_floating_point():
        raise InvalidInput(f"{expected}, got {tuple(images.shape)} of type {images.dtype}; {hint}")
    if images.numel():
        low, high = (bound.item() for bound in images.detach().aminmax())  # NaN where there is one
        if not (low >= -ROUNDING and high <= 1 + ROUNDING):
            raise InvalidInput(f"{expected}, got numbers from {low:g} to {high:g}; {hint}")


@torch.no_grad()
def pool(network: OneShotNetwork, images: Tensor, wanted: Tensor | None = None) -> Tensor:
    """Features of drawings under each rotation: images (C, D, S, S) -> (4 * C, D, F).

    wanted: which of the 4 * C * D to compute; the others are NaN. All when left out.
    """
    C, D = images.shape[:2]
    wanted = torch.arange(N_ROTATIONS * C * D) if wanted is None else wanted
    features = torch.full((N_ROTATIONS * C * D, N_FEATURES), torch.nan)
    for part in wanted.split(500):
        turned = rotate(images.flatten(0, 1)[part % (C * D)], part // (C * D))
        features[part] = network.embed(turned)
    return features.view(N_ROTATIONS * C, D, N_FEATURES)


@torch.no_grad()
def evaluate(
    network: OneShotNetwork, task: OneShotTask, images: Tensor, episodes: int, generator: torch.Generator
) -> Tensor:
    """Whether each of `episodes` episodes of the characters `images` (C, D, 31, 31) was answered rightly: (episodes,).

    Raises InvalidInput for no episodes, for a task with another number of ways than the network has, for drawings as
    in `OneShotNetwork.embed`, and where they are too few for the task.
    """
    checks.whole(1, episodes=episodes)
    if task.n_ways != network.readout.out_features:
        raise InvalidInput(
            f"a network of {network.readout.out_features} ways cannot be asked {task.n_ways}-way episodes; "
            "train one with as many ways as the task has"
        )
    _require_drawings(images)
    if images.ndim != 4:
        raise InvalidInput(f"expected the drawings of characters (C, D, {SIDE}, {SIDE}), got {tuple(images.shape)}")
    C, D = images.shape[:2]
    sizes = [min(1000, episodes - start) for start in range(0, episodes, 1000)]
    dealt = [task.deal(n, C, D, generator, N_ROTATIONS) for n in sizes]
    features = pool(network, images, torch.cat([each.places(D) for each in dealt]).unique())
    return torch.cat([network.logits(*each.take(features)).argmax(-1) == each.target for each in dealt])


Loss = Literal["cross_entropy", "binary"]


def episode_loss(logits: Tensor, target: Tensor, loss: Loss) -> Tensor:
    """Mean over the episodes: logits (B, N), target (B,) -> scalar. "binary" is the authors': it is .5004 at chance."""
    if loss == "cross_entropy":
        return nn.functional.cross_entropy(logits, target)
    right = nn.functional.one_hot(target, logits.shape[-1]).to(logits.dtype)
    return nn.functional.binary_cross_entropy(logits.softmax(-1), right)
