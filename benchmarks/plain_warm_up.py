"""The other side of `benchmarks.warm_up`: the same algorithm as one would write it in torch first."""

import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal, kl_divergence
from torch.nn.utils import parameters_to_vector, vector_to_parameters

EPOCHS, BATCH, GAMMA, LAM, MAX_KL, DAMPING = 5, 64, 0.99, 0.95, 0.01, 0.1


def mlp(sizes: tuple[int, ...], activation: type[nn.Module]) -> nn.Sequential:
    layers = []
    for i, o in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(i, o), activation()]
    return nn.Sequential(*layers[:-1])


class Plain:
    """Modules, distributions, autograd (twice for Fisher products) and `torch.optim.Adam`."""

    def __init__(self, family, rows, rollouts: int, margin: float):
        O, A = family.obs_size, family.action_size
        self.family, self.rows, self.rollouts, self.task = family, rows, rollouts, family.sample_tasks(1, 0)
        self.mean, self.std = rows.obs.mean(0), rows.obs.std(0)
        change = rows.next_obs - rows.obs
        self.mean_change, self.std_change = change.mean(0), change.std(0)
        room = margin * (rows.obs.amax(0) - rows.obs.amin(0))
        self.low, self.high = rows.obs.amin(0) - room, rows.obs.amax(0) + room
        self.model, self.value = mlp((O + A, 500, 500, O), nn.ReLU), mlp((O, 64, 64, 1), nn.Tanh)
        self.policy, self.log_std = mlp((O, 32, 32, A), nn.Tanh), nn.Parameter(torch.zeros(A))
        self.parameters = [*self.policy.parameters(), self.log_std]
        self.model_adam = torch.optim.Adam(self.model.parameters(), lr=1e-3, weight_decay=1e-5)
        self.value_adam = torch.optim.Adam(self.value.parameters(), lr=1e-3)

    def normal(self, obs: Tensor) -> Tensor:
        return ((obs - self.mean) / self.std).clamp(-100, 100)

    def act(self, obs: Tensor) -> Independent:
        return Independent(Normal(self.policy(self.normal(obs)), self.log_std.exp()), 1)

    def change(self, obs: Tensor, action: Tensor) -> Tensor:
        return self.model(torch.cat([self.normal(obs), action], -1))

    def fit(self, steps: int) -> None:
        rows = self.rows
        for _ in range(steps):
            index = torch.randint(len(rows.obs) - 1, (128,))
            obs, loss = rows.obs[index], 0.0
            for h in range(2):
                change = self.change(obs, rows.action[index + h])
                true = (rows.next_obs[index + h] - rows.obs[index + h] - self.mean_change) / self.std_change
                loss = loss + ((change - true).square().mean(-1) + 1e-12).sqrt().mean() / 2
                if h == 0:
                    predicted = obs + change * self.std_change + self.mean_change
                    obs = torch.where(rows.boundary[index, None], rows.obs[index + 1], predicted)
            self.model_adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
            self.model_adam.step()

    @torch.no_grad()
    def rollout(self) -> list[Tensor]:
        obs, steps = self.family.resets(self.rollouts, 0), []
        for _ in range(self.family.horizon):
            action = self.act(obs).sample()
            cut = action.clamp(-1, 1)
            next_obs = obs + self.change(obs, cut) * self.std_change + self.mean_change
            next_obs = torch.clamp(next_obs, self.low, self.high)
            reward = self.family.reward(obs, cut, next_obs, self.task.expand(len(obs), -1))
            steps.append((obs, action, next_obs, reward))
            obs = next_obs
        return [torch.stack(x) for x in zip(*steps, strict=True)]

    @torch.no_grad()
    def advantages(self, made: list[Tensor]) -> list[Tensor]:
        obs, action, next_obs, reward = made
        value, next_value = (self.value(self.normal(x)).squeeze(-1) for x in (obs, next_obs))
        error, later, found = reward + GAMMA * next_value - value, 0.0, []
        for t in reversed(range(len(reward))):
            later = error[t] + GAMMA * LAM * later
            found.append(later)
        advantage = torch.stack(found[::-1])
        target = (advantage + value).flatten()
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        return [obs.flatten(0, 1), action.flatten(0, 1), advantage.flatten(), target]

    def step(self, batch: list[Tensor]) -> None:
        obs, action, advantage, _ = batch
        with torch.no_grad():
            old = self.act(obs)
            old_log_prob = old.log_prob(action)

        def surrogate() -> Tensor:
            new = self.act(obs)
            return ((new.log_prob(action) - old_log_prob).exp() * advantage).mean() + 0.005 * new.entropy().mean()

        before = surrogate()
        gradient = parameters_to_vector(torch.autograd.grad(before, self.parameters))
        slope = torch.autograd.grad(kl_divergence(old, self.act(obs)).mean(), self.parameters, create_graph=True)
        slope = parameters_to_vector(slope)

        def product(v: Tensor) -> Tensor:
            found = torch.autograd.grad(slope @ v, self.parameters, retain_graph=True)
            return parameters_to_vector(found) + DAMPING * v

        x, r, p = torch.zeros_like(gradient), gradient.clone(), gradient.clone()
        for _ in range(10):
            z = product(p)
            alpha = (r @ r) / (p @ z)
            x, following = x + alpha * p, r - alpha * z
            p, r = following + (following @ following) / (r @ r) * p, following
        full, start = (2 * MAX_KL / (x @ product(x))).sqrt() * x, parameters_to_vector(self.parameters).detach()
        with torch.no_grad():
            for half in range(10):
                vector_to_parameters(start + 0.5**half * full, self.parameters)
                if surrogate() >= before and kl_divergence(old, self.act(obs)).mean() <= 1.5 * MAX_KL:
                    return
            vector_to_parameters(start, self.parameters)

    def regress(self, batch: list[Tensor]) -> None:
        obs, target = self.normal(batch[0]), batch[3]
        for _ in range(EPOCHS):
            for index in torch.randperm(len(obs)).split(BATCH):
                loss = (self.value(obs[index]).squeeze(-1) - target[index]).square().mean()
                self.value_adam.zero_grad()
                loss.backward()
                self.value_adam.step()

    def update(self, timed) -> None:
        made = timed("rollout", self.rollout)
        batch = timed("advantages", self.advantages, made)
        timed("trpo", self.step, batch)
        timed("value", self.regress, batch)
