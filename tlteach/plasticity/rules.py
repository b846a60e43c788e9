"""How a trace changes: the plasticity rules of Miconi, Clune & Stanley 2018, equations 2 and 3.

A trace `Hebb[i, j]` belongs to the connection from presynaptic unit i to postsynaptic unit j. A rule says what it
becomes after one step in which i was `pre[i]` and, one step later, j became `post[j]`.

A rule of your own is a small class: its learned parameters, its `update`, its clipping and, where it needs more
than one trace, the names of the others:

    @register_rule("retroactive")
    class Retroactive(Rule):
        class State(NamedTuple):  # starts (hidden, trace); what follows is the rule's own, zero at the start
            hidden: Tensor
            trace: Tensor
            eligibility: Tensor

        def update(self, trace, pre, post, eligibility):
            return trace + modulation * eligibility, ...
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tlteach.errors import InvalidInput
from tlteach.plasticity.state import PlasticState


class Rule(nn.Module):
    """Base of all rules. A subclass writes `update`.

    Args:
        clip: bound on the size of every trace entry, imposed after each update; None for no bound (as in the paper).

    Raises InvalidInput when `clip` is not above 0.
    """

    name = "unnamed"
    State = PlasticState  # what `layer(...)` returns; fields after (hidden, trace) are handed to `update`

    def __init__(self, *, clip: float | None = None):
        super().__init__()
        if clip is not None and not clip > 0:
            raise InvalidInput(f"clip must be above 0 (or None for no clipping), got {clip!r}")
        self.clip = clip

    @classmethod
    def for_layer(cls, pre_size: int, post_size: int, **factory) -> "Rule":
        """The rule as a layer makes it from its name. Override it when parameters depend on the sizes."""
        return cls(**factory)

    def update(self, trace: Tensor, pre: Tensor, post: Tensor, *extra: Tensor) -> Tensor | tuple[Tensor, ...]:
        """The trace after one step; with further state, the tuple `(trace, *extra)`.

        trace (B, N_pre, N_post), pre (B, N_pre) at t-1, post (B, N_post) at t -> (B, N_pre, N_post).
        """
        raise NotImplementedError(f"{type(self).__name__} must define update(trace, pre, post)")

    def forward(self, trace: Tensor, pre: Tensor, post: Tensor, *extra: Tensor) -> tuple[Tensor, ...]:
        """`update`, then the clipping; always a tuple `(trace, *extra)`."""
        new = self.update(trace, pre, post, *extra)
        trace, *extra = new if isinstance(new, tuple) else (new,)
        if self.clip is not None:
            trace = trace.clamp(-self.clip, self.clip)
        return (trace, *extra)

    def extra_repr(self) -> str:
        return "" if self.clip is None else f"clip={self.clip}"


_RULES: dict[str, type[Rule]] = {}


def register_rule(name: str) -> Callable[[type[Rule]], type[Rule]]:
    """Class decorator: afterwards `PlasticRNN(..., rule=name)` finds the class. A later class takes over a name."""

    def register(cls: type[Rule]) -> type[Rule]:
        if not (isinstance(cls, type) and issubclass(cls, Rule)):
            raise InvalidInput(f"register_rule({name!r}) expects a subclass of Rule, got {cls!r}")
        cls.name = name
        _RULES[name] = cls
        return cls

    return register


def rules() -> tuple[str, ...]:
    """Names of the known rules.

    >>> rules()[:2]
    ('hebb', 'oja')
    """
    return tuple(_RULES)


def make_rule(rule: str | Rule, pre_size: int, post_size: int, device=None, dtype=None) -> Rule:
    """A rule from its name, or the rule itself when it is one already. Raises InvalidInput for anything else."""
    if isinstance(rule, Rule):
        return rule.to(device=device, dtype=dtype)
    if not isinstance(rule, str) or rule not in _RULES:
        raise InvalidInput(
            f"unknown plasticity rule {rule!r}; known rules: {', '.join(_RULES)} "
            "(add your own with @register_rule, or pass an instance of a Rule)"
        )
    return _RULES[rule].for_layer(pre_size, post_size, device=device, dtype=dtype)


def outer(pre: Tensor, post: Tensor) -> Tensor:
    """pre_i * post_j of every connection: (B, N_pre), (B, N_post) -> (B, N_pre, N_post)."""
    return pre.unsqueeze(-1) * post.unsqueeze(-2)


@register_rule("hebb")
class Hebb(Rule):
    """The decaying Hebbian rule, equation 2:  Hebb_ij <- eta * x_i(t-1) * x_j(t) + (1 - eta) * Hebb_ij.

    `eta`, one learned number for the whole layer and unconstrained, is how fast it learns and how fast it forgets.

    >>> Hebb(eta=0.5).update(torch.zeros(1, 2, 1), pre=torch.tensor([[1.0, -1.0]]), post=torch.tensor([[1.0]]))
    tensor([[[ 0.5000],
             [-0.5000]]], grad_fn=<AddBackward0>)
    """

    def __init__(self, eta: float = 0.01, *, clip: float | None = None, device=None, dtype=None):
        super().__init__(clip=clip)
        self.eta = nn.Parameter(torch.tensor(float(eta), device=device, dtype=dtype or torch.get_default_dtype()))

    def update(self, trace: Tensor, pre: Tensor, post: Tensor) -> Tensor:
        return self.eta * outer(pre, post) + (1 - self.eta) * trace


@register_rule("oja")
class Oja(Rule):
    """Oja's rule, equation 3:  Hebb_ij <- Hebb_ij + eta * x_j(t) * (x_i(t-1) - x_j(t) * Hebb_ij).

    A connection forgets only while its postsynaptic unit is active, so a trace can outlive any silence. Shown the
    same activities again and again, column j settles at pre / post_j.

    >>> oja = Oja(eta=0.5)
    >>> trace = torch.zeros(1, 1, 1)
    >>> for _ in range(40):
    ...     trace = oja.update(trace, pre=torch.tensor([[0.3]]), post=torch.tensor([[0.6]]))
    >>> round(trace.item(), 3)
    0.5
    """

    def __init__(self, eta: float = 0.01, *, clip: float | None = None, device=None, dtype=None):
        super().__init__(clip=clip)
        self.eta = nn.Parameter(torch.tensor(float(eta), device=device, dtype=dtype or torch.get_default_dtype()))

    def update(self, trace: Tensor, pre: Tensor, post: Tensor) -> Tensor:
        return trace + self.eta * (outer(pre, post) - post.square().unsqueeze(-2) * trace)
