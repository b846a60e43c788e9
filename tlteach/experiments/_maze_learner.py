"""Acting in a batch of episodes, and the advantage actor-critic that learns from them. Specification A5."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.distributions import Categorical

from tlteach.experiments._maze_living import Lived, can_live, live
from tlteach.experiments._maze_network import MazeNetwork
from tlteach.modelbased.returns import gae
from tlteach.tasks.episodes import Episodes

Returns = Literal["episodic", "bootstrapped"]
Penalty = Literal["simpson", "entropy"]


class Rollout(NamedTuple):
    """Whole episodes; T is the longest.

    observation: (T, B, n) before each action. action, reward: (T, B). alive: (T, B) of bool, the action was taken in
    an episode that was not over. ends: (T, B) of bool, the episode ended with it. hidden: (T, B, N), activities.
    last_value: (B,), what the network expects after the last step.
    """

    observation: Tensor
    action: Tensor
    reward: Tensor
    alive: Tensor
    ends: Tensor
    hidden: Tensor
    last_value: Tensor

    @property
    def total(self) -> Tensor:
        """The sum of rewards of each episode: (B,)."""
        return self.reward.sum(0)


@torch.no_grad()
def act(network: MazeNetwork, episodes: Episodes, generator: torch.Generator, greedy: bool = False) -> Rollout:
    """Live through new episodes, actions drawn from the policy by `generator` (or, `greedy`, the likeliest)."""
    B, T = episodes.batch_size, episodes.length
    acting, seen = network.acting(B), episodes.reset()
    exponential = seen.new_empty(T, B, episodes.n_actions).exponential_(generator=generator)
    noise = torch.zeros_like(exponential) if greedy else -exponential.log()  # Gumbel: the argmax is a sample
    if can_live(network, acting, episodes):
        return _rollout(network, live(network, acting, episodes, seen, noise))
    steps = []
    for t in range(T):
        hidden = acting.step(seen)
        action = (network.policy(hidden) + noise[t]).argmax(-1)  # (B,)
        before = seen
        seen, reward, over = episodes.step(action)
        steps.append((before, action, reward, over, hidden))
        if episodes.all_over:
            break
    last_value = network.value(acting.step(seen)).squeeze(-1)
    observation, action, reward, over, hidden = (torch.stack(each) for each in zip(*steps, strict=True))
    alive = torch.cat([torch.ones_like(over[:1]), ~over[:-1]])
    return Rollout(observation, action, reward, alive, over & alive, hidden, last_value)


def _rollout(network: MazeNetwork, lived: Lived) -> Rollout:
    """Episodes that all took their whole time."""
    observation, action, reward, hidden = lived
    alive, ends = torch.ones_like(action, dtype=torch.bool), torch.zeros_like(action, dtype=torch.bool)
    ends[-1] = True
    return Rollout(observation[:-1], action, reward, alive, ends, hidden[:-1], network.value(hidden[-1]).squeeze(-1))


class Terms(NamedTuple):
    """What the loss is made of, each a mean over the steps taken."""

    policy: Tensor
    penalty: Tensor
    value: Tensor


def advantages(
    rollout: Rollout, value: Tensor, returns: Returns, gamma: float, lam: float = 1.0
) -> tuple[Tensor, Tensor]:
    """How much better than expected each action turned out, and the returns that the value is fitted to: (T, B) each.

    "episodic": nothing follows the end, R_t = r_t + gamma R_{t+1}, as in the paper. "bootstrapped": an episode out of
    time would have gone on, R_{T-1} = r_{T-1} + gamma V(s_T). Every end is taken for one: the maze has no other, and
    where a task has, take "episodic". lam below 1 trusts the value earlier (`gae`).
    """
    next_value = torch.cat([value[1:], rollout.last_value.unsqueeze(0)])  # (T, B)
    done = rollout.ends if returns == "episodic" else torch.zeros_like(rollout.ends)
    advantage = gae(rollout.reward, value, next_value, done, rollout.ends, gamma, lam)
    return advantage, advantage + value


def actor_critic(
    policy: Categorical,
    value: Tensor,
    action: Tensor,
    advantage: Tensor,
    target: Tensor,
    alive: Tensor,
    penalty: Penalty,
) -> Terms:
    """The terms of the loss, all inputs (T, B). Every episode has its own value as its baseline.

    -log p(a_t) A_t, with A_t a constant; how concentrated the policy is, sum_a p_a^2 (Simpson's index) or minus the
    entropy; (V_t - R_t)^2.
    """
    concentration = policy.probs.square().sum(-1) if penalty == "simpson" else -policy.entropy()
    parts = (-policy.log_prob(action) * advantage, concentration, (value - target).square())
    return Terms(*((part * alive).sum() / alive.sum() for part in parts))
