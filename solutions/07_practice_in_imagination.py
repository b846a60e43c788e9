# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   tlteach:
#     title: Practice in imagination
#     summary: Warm a fresh policy up inside a learned model, without one real step, and see when imagination fools it.
#     minutes: 90
#     prerequisites: [06_learning_a_world]
#     paper: Landolfi, Thomas, Ma (2019)
# ---

# %% [markdown]
# # 7 · Practice in imagination
#
# A ski racer stands at the start with closed eyes and goes through the run, curve by curve. Nothing of it is real, and yet the
# run gets better.
#
# In lesson 6 a network learned how a world moves. Here a policy *practises* in that network, for a goal that it has never
# been to, and is good at its first real attempt. You will build the four pieces of it, watch it live, and then watch it fool itself.
#
# > **When you are through, you can**
# >
# > - turn a learned model into a world to practise in;
# > - say what TRPO limits, and why, and compute its step;
# > - warm a policy up with the number of real steps that this lesson is about: zero;
# > - tell, from two numbers, whether a policy is exploiting the mistakes of its model;
# > - state what was shown with several goals, several seeds and an interval.
# >
# > **Prerequisites:** lesson 6.
# >
# > **Time:** about 90 minutes, four exercises. What takes longer than a few seconds is announced; all of it together takes about three minutes.
#
# Three kinds of statements are kept apart: the **paper's claim**, the **author's notebooks** (his experiments of May 2019,
# which are public), and **ours**: what you or we measured.

# %% tags=["parameters"]
import os

PRESET = os.environ.get("TLTEACH_PRESET", "lesson")
SEED = 0

# %%
from dataclasses import replace
from fnmatch import filter as names_like
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch

from tlteach.course import setup, widgets
from tlteach.course.exercises import check
from tlteach.experiments import multitask
from tlteach.modelbased import algorithm, baselines, copies, fisher, trpo
from tlteach.modelbased.learner import Shared
from tlteach.modelbased.virtual import Rollout, learned_world, true_world
from tlteach.plots import COLOURS, Table, band, show
from tlteach.reproduction import evidence

lesson = setup(PRESET, SEED)

# %% [markdown]
# ## A world that was learned before
#
# The world is the point mass of lesson 6: it has inertia, drag and wind, and its state is $s = (x, y, v_x, v_y)$. A **task** is a goal
# $\psi$ in the square from -2 to 2 m.
#
# We start as the author's program does, with a few training tasks, one after the other. For each there is a **fresh policy**, which collects 800
# real steps; the model learns from *all* steps so far. No policy is carried on. What is carried from task to task is called `shared`: the
# model, the data, and a value network (you will meet it below). Nevertheless the policies after the first task are far better in their *first* real episode. (How far
# depends on the goal, too: a near one is easy.) Why, is what you will find out.
#
# The **return** of an episode is the sum of its rewards.
#
# This takes **about 20 seconds**.


# %%
def settings(seed):
    """How Algorithm 1 runs here, and the family of tasks: the point mass."""
    quick = trpo.TRPOConfig(max_kl=0.1, entropy_coefficient=0.0)
    config = multitask.Config.preset(PRESET, "navigation", seed=seed, trpo=quick)
    return multitask.family(config), multitask.learning(config)


def learn(seed):
    """Some training tasks with their real steps -> what is shared, and a row of the table for each task."""
    family, config = settings(seed)
    goals, rows = family.sample_tasks(config.n_tasks, seed), []
    for record in algorithm.train(family, config):
        m, (x, y) = record.metrics, goals[record.step - 1]
        rows.append(
            (str(record.step), f"({x:.1f}, {y:.1f})", f"{m['real_return']:.0f}", f"{m['real_steps']:,.0f}")
        )
    shared = Shared(family, config)
    shared.load_state_dict(record.checkpoint()["shared"])
    return shared, rows


shared, rows = learn(SEED)
family, T = shared.family, shared.family.horizon
Table(
    ("task", "goal (m)", "return at the first try", "real steps after it"),
    rows,
    f"Training tasks: real return of each policy before it has made a step for its goal. {T} steps an "
    f"episode; 0 would be perfect, and a near "
    "goal is easier than a far one",
)

# %% [markdown]
# Grey dots are the places that the data knows. Remember this picture: the model has seen *these places* and no others.


# %% tags=["hide-input"]
def plane(ax, title=""):
    """The plane with the data and the square of the training goals."""
    seen = shared.buffer.latest().obs[::5]
    ax.scatter(seen[:, 0], seen[:, 1], s=3, color="0.75")
    ax.add_patch(plt.Rectangle((-2, -2), 4, 4, fill=False, linestyle=":", color="0.4"))
    ax.set(xlim=(-4, 4), ylim=(-4, 4), aspect="equal", xlabel="x (m)", ylabel="y (m)", title=title)


def paths(ax, rollout, **looks):
    """The first six rollouts of (T, N, ...)."""
    for n in range(min(6, rollout.obs.shape[1])):
        ax.plot(rollout.next_obs[:, n, 0], rollout.next_obs[:, n, 1], **looks)
        looks.pop("label", None)


IMAGINED = dict(color=COLOURS[0], linestyle="--", label="imagined")
REAL = dict(color=COLOURS[1], label="real")


# %%
figure, ax = plt.subplots(figsize=(4, 4))
plane(ax, f"{len(shared.buffer):,} real steps")
for x, y in family.sample_tasks(shared.config.n_tasks, SEED).tolist():
    ax.plot(x, y, "*", color=COLOURS[2], markersize=11)
show(
    figure,
    alt="Visited places as grey dots, in bundles from the middle to the goals of the training tasks, drawn "
    "as stars.",
)

# %% [markdown]
# ## What is missing for a world?
#
# A model answers: *where does this action lead?* To practise one must also know: *was that good?* In this paper
# the second answer is not learned. Whoever sets a task also says what its **reward** is, as a formula of $(s, a, s', \psi)$. Here, with $p'$ the place after the step:
#
# $$r = -\lVert p' - \psi\rVert - 0.01\,\lVert a\rVert^2\,,\qquad a \text{ cut to } [-1, 1]$$
#
# ### Exercise 1 · The known reward
#
# *Difficulty ●●○○○ · about 6 minutes*
#
# Thousands of imagined steps will be judged at once. So write it for any batch: `...` stands for any number of leading axes, and only the last
# axis is summed over.


# %%
def known_reward(obs, action, next_obs, task):
    """Reward of each step: obs, next_obs (..., 4) = x, y, v_x, v_y; action (..., 2); task (2,) or (..., 2) -> (...)."""
    ### BEGIN SOLUTION
    distance = (next_obs[..., :2] - task).norm(dim=-1)  # (...)
    effort = action.clamp(-1, 1).square().sum(-1)  # (...)
    return -distance - 0.01 * effort
    ### END SOLUTION


known_reward = check.known_reward(known_reward)

# %% [markdown]
# "Known" had better be true. So we act at random in the *real* environment and compare. The author's program does the same, in a function `verify`.

# %%
goal = torch.tensor([1.0, 1.0])
env = family.make_env(goal)
obs, _ = env.reset(seed=SEED)
largest = 0.0
for action in 2 * torch.rand(T, 2, generator=lesson.generator()) - 1:
    next_obs, reward, *_ = env.step(action.numpy())
    step = [torch.as_tensor(x, dtype=torch.float64) for x in (obs, action, next_obs, goal)]
    largest, obs = max(largest, abs(known_reward(*step).item() - reward)), next_obs
print("real and known reward agree:", largest < 1e-4)

# %% [markdown]
# ## The virtual environment
#
# Model and known reward together are a **virtual environment**. It has what an environment needs: start, step, reward. It is as fast as a network, runs any number of episodes side by
# side, and wears out nothing.
#
# Here a *random* policy acts in both, from the same starts and with the same noise in its actions.

# %%
fresh = shared.fresh().policy
start = family.resets(20, SEED)  # (N, 4) as real episodes start
virtual = learned_world(shared.model, family, goal, clip_margin=0.5)
real = true_world(family, goal)

in_virtual = virtual.rollout(fresh, start, T, lesson.generator())
in_real = real.rollout(fresh, start, T, lesson.generator())

figure, ax = plt.subplots(figsize=(4, 4))
plane(ax, "a random policy in both worlds")
paths(ax, in_real, **REAL)
paths(ax, in_virtual, **IMAGINED)
ax.plot(*goal, "*", color=COLOURS[2], markersize=14)
ax.legend(loc="lower left")
show(
    figure,
    alt="Six paths of a random policy in the real world and in the model: they begin alike and drift apart.",
)

# %%
print(f"return of the random policy: {in_virtual.total:.0f} imagined, {in_real.total:.0f} real")

# %% [markdown]
# Two notes. States that leave the range of the data by more than half its width are cut back (`clip_margin`, *ours*): an imagination without limits can explode. And `real`
# is the true world: we use it to *measure*. No policy will learn from it, but for yardsticks that say so.

# %% [markdown]
# ## How good was an action?
#
# A policy $\pi(a\,|\,s)$ gives a Gaussian: a mean action that a small network computes from the state, and a spread (its standard deviation, $\sigma$). It acts by drawing from it. To improve, it must
# know of each action whether it was *better than expected*. A second network, $V(s)$, says what is expected from a
# state: the sum of the rewards to come, each counting less by a factor $\gamma = 0.99$ for every step that it is away. How much better than $V$ expected one step went, is the **error** of $V$ in this step:
#
# $$\delta_t = r_t + \gamma\,V(s_{t+1}) - V(s_t) \tag{12}$$
#
# Generalised advantage estimation (GAE) adds up the errors from this step on, ever more faintly. ($\lambda = 1$ takes them all: what really came, noise included. $\lambda = 0$ keeps only the first, and trusts $V$ for the rest.)
#
# $$A_t = \delta_t + \gamma\lambda\,A_{t+1} \tag{16}$$
#
# The numbers are those of the equations in Schulman et al. (2016). Two kinds of end need care. When an episode is **done** (a robot has fallen), nothing more can be earned: $V(s_{t+1})$ counts as 0. When it is
# only **out of time** (we stopped watching), the world would go on: $V(s_{t+1})$ stays. In both cases the next row belongs to
# another episode, and $A_{t+1}$ must not leak into this one.
#
# ### Exercise 2 · Advantages
#
# *Difficulty ●●●○○ · about 10 minutes*
#
# `boundary` is true at every last step of an episode, `done` only where it ended for good. N rollouts stand side by side. `~done` is "not done"; multiplied with a number, false is 0 and true is 1.


# %%
def advantages(reward, value, next_value, done, boundary, gamma, lam):
    """GAE: reward, value V(s_t), next_value V(s_{t+1}), done, boundary all (T, N), the last two bool -> A (T, N)."""
    ### BEGIN SOLUTION
    delta = reward + gamma * next_value * ~done - value  # (12)
    result, later = torch.empty_like(reward), torch.zeros_like(reward[0])
    for t in reversed(range(len(reward))):
        later = delta[t] + gamma * lam * ~boundary[t] * later  # (16)
        result[t] = later
    return result
    ### END SOLUTION


advantages = check.advantages(advantages)

# %% [markdown]
# Confusing the two ends is a classic bug. Suppose that every step costs 1, for ever; then the right value is $-1/(1-\gamma) = -100$ everywhere, and no action is better
# than any other. Treat "out of time" as "done", and the last steps look splendid, because the misery seems to end there.

# %%
column = torch.ones(50, 1)
last = torch.arange(50)[:, None] == 49
right = advantages(-column, -100 * column, -100 * column, last & False, last, 0.99, 0.95)
wrong = advantages(-column, -100 * column, -100 * column, last, last, 0.99, 0.95)

figure, ax = plt.subplots(figsize=(7, 2.4))
ax.plot(right[:, 0], label="out of time")
ax.plot(wrong[:, 0], linestyle="--", label="taken for done")
ax.set(xlabel="step t", ylabel="advantage")
ax.legend()
show(
    figure,
    alt="The right advantages are zero throughout; with the confusion they rise to 99 at the end of the "
    "episode.",
)

# %% [markdown]
# ## A step with a limit
#
# Now to the improvement. Raise the probability of actions with $A > 0$, lower it where $A < 0$. The gradient of what, exactly? Of the **surrogate**, $\mathbb E\big[\tfrac{\pi_\text{new}(a|s)}{\pi_\text{old}(a|s)}\,A\big]$, a mean over the states and actions of the *old* policy; $g$ is its gradient at the old policy. But how *far* should one go along it?
#
# **Before it runs:** two policies have the same mean action. One is hesitant (spread 1), one is sure (spread 0.1). The mean of both is moved by
# 0.3. Whose behaviour changes more?

# %%
shift = widgets.Predict(
    "practice-same-shift",
    "Which policy changes its behaviour more?",
    ["the hesitant one", "the sure one", "both alike"],
)
shift

# %%
figure, axes = plt.subplots(1, 2, figsize=(7, 2.4))
grid = np.linspace(-3, 3, 600)
for ax, spread in zip(axes, (1.0, 0.1), strict=True):
    for mean, style in ((0.0, "-"), (0.3, "--")):
        ax.plot(
            grid,
            np.exp(-0.5 * ((grid - mean) / spread) ** 2) / (spread * np.sqrt(2 * np.pi)),
            linestyle=style,
            label=f"mean {mean}",
        )
    ax.set(xlabel="action", title=f"spread {spread}: KL = {0.3**2 / (2 * spread**2):.3f}", yticks=[])
axes[0].legend()
show(
    figure,
    alt="Left, two wide bells that nearly coincide. Right, two narrow bells, the same distance apart, that "
    "hardly overlap.",
)

# %%
sure, hesitant = (0.3**2 / (2 * spread**2) for spread in (0.1, 1.0))
shift.reveal(
    "the sure one",
    f"Its KL is {sure:.1f}, {sure / hesitant:.0f} times that of the hesitant one: the two narrow bells "
    f"hardly overlap.",
)

# %% [markdown]
# So the length of a step in *parameters* says little. What counts is how different the *behaviour* is, and that is measured by the Kullback-Leibler
# divergence; for a Gaussian whose mean moves by $\Delta$, and whose spread $\sigma$ stays, it is $\mathrm{KL} = \Delta^2 / 2\sigma^2$. TRPO (trust region policy optimisation) asks for the change $x$ of all parameters with
#
# $$\max_x\; g \cdot x \quad\text{such that}\quad \mathrm{KL}(\pi_\text{old}\,\|\,\pi_\text{new}) \approx \tfrac12\, x \cdot F x \;\le\; \mathrm{KL}_\text{max}\,,$$
#
# where $F$, the Fisher matrix, is the second derivative of the KL at the old policy: there the KL is 0, and so is its slope, so that the quadratic term is the first that counts. The answer: at the longest step that is allowed, the gradient of the one side is a multiple of that of the other (Lagrange),
# $g = \mu F x$. So solve $F x = g$, and take the length that the limit allows, $\sqrt{2\,\mathrm{KL}_\text{max} / x\cdot Fx}\;x$.
#
# Our policy has over a thousand parameters $D$, so $F$ would have over a million entries. But a *product* $F v$ costs no more than two gradients: it is the gradient of (gradient of the KL) $\cdot\,v$. Can one solve $F x = g$ with products alone?
#
# ### Exercise 3 · The conjugate gradient step
#
# *Difficulty ●●●●○ · about 12 minutes*
#
# One can (Hestenes and Stiefel, 1952). Start with $x = 0$, the unexplained rest $r = g$ and the direction $p = r$. In each step, with $z = F p$:
#
# $$\alpha = \frac{r\cdot r}{p \cdot z},\qquad x \leftarrow x + \alpha p,\qquad r' = r - \alpha z,\qquad p \leftarrow r' + \frac{r'\cdot r'}{r\cdot r}\,p\,,$$
#
# and $r'$ becomes the $r$ of the next step. `a @ b` is $a\cdot b$. When $r\cdot r$ is below $10^{-10}$, there is nothing left to do: stop before you divide zero by zero.


# %%
def conjugate_gradient(product, g, n_steps):
    """x with F x = g, nearly: `product(v)` is F v, F symmetric and positive definite; g (D,) -> x (D,)."""
    ### BEGIN SOLUTION
    x, r = torch.zeros_like(g), g.clone()  # (D,) the residual is g - F x
    p, rr = r, r @ r
    for _ in range(n_steps):
        if rr < 1e-10:
            break
        z = product(p)  # (D,)
        alpha = rr / (p @ z)
        x, r = x + alpha * p, r - alpha * z
        p, rr = r + (r @ r) / rr * p, r @ r
    return x
    ### END SOLUTION


conjugate_gradient = check.conjugate_gradient(conjugate_gradient)

# %% [markdown]
# On a policy now. It has had ten updates already. From one virtual rollout come the advantages (the library's, normalised), the gradient $g$, and products
# with $F$ (plus a little damping, 0.1, as in the author's program). What is drawn is the length of the rest, $\lVert g - Fx\rVert$. It may
# rise for a step: what conjugate gradients bring down every time is another measure, $\tfrac12 x\cdot Fx - g\cdot x$.

# %%
pupil = shared.fresh()  # a policy with its value network and TRPO
generator = lesson.generator(1)
for _ in range(lesson.choose(smoke=1, lesson=10)):
    pupil.update(virtual, family.resets(20, generator), generator)

policy, parameters = pupil.policy, pupil.policy.trained()
batch = pupil.critic.batch(virtual.rollout(policy, family.resets(20, generator), T, generator))
old = policy(batch.obs).detach()
promise = trpo.surrogate(policy(batch.obs), old, batch, 0.0)
g = fisher.flatten(torch.autograd.grad(promise, parameters), None)  # (D,)
fisher_product = fisher.fisher_product(policy, batch.obs)


def product(v):
    return fisher_product(v) + 0.1 * v


rest = [((g - product(conjugate_gradient(product, g, n))).norm() / g.norm()).item() for n in range(16)]
figure, ax = plt.subplots(figsize=(7, 2.4))
ax.semilogy(rest, marker="o")
ax.set(xlabel="conjugate gradient steps", ylabel="unexplained part of g")
show(
    figure,
    alt="The unexplained part of the gradient falls, not at every step, with the number of conjugate "
    "gradient steps.",
)

# %%
print(
    f"D = {len(g):,} parameters: F would have {len(g) ** 2:,} entries. After 10 products with it, "
    f"{rest[10]:.1%} of g is left."
)

# %% [markdown]
# ### With and without the limit
#
# Here is the step itself, short and long. For each length we ask three things: how far the behaviour moves (the KL), what the advantages *promise* (the
# surrogate; in units of the advantages' spread), and what return the new policy then *has* in the same virtual world. Twice: along TRPO's direction, and along the plain gradient.
#
# **Before it runs:** steps of KL 0.001 to 10 along TRPO's direction. The return rises at first.

# %%
beyond = widgets.Predict(
    "practice-promise",
    "The virtual return is highest after a step of KL ...",
    ["about 0.03", "about 0.3", "about 3", "10, the longest"],
)
beyond

# %%
vector = fisher.read(policy)  # (D,) where the policy stands


class Step(NamedTuple):
    """A step along a direction: its KL as predicted and as it came out, the surrogate, virtual rollouts after it."""

    predicted: float
    kl: float
    promise: float
    made: Rollout

    @property
    def earned(self):
        return self.made.total.item()


def step_to(direction, kl):
    """Take the step whose predicted KL is `kl`, look, and take it back."""
    length = (2 * kl / (direction @ fisher_product(direction))).sqrt()
    fisher.write(policy, vector + length * direction)
    new = policy(batch.obs).detach()
    came_out, promise = old.kl(new).mean().item(), trpo.surrogate(new, old, batch, 0.0).item()
    made = virtual.rollout(policy, start, T, lesson.generator(2))
    fisher.write(policy, vector)
    return Step(float(kl), came_out, promise, made)


kls = np.logspace(-3, 1, lesson.choose(smoke=3, lesson=13))
directions = {"TRPO": conjugate_gradient(product, g, 10), "plain gradient": g}
sweep = {name: [step_to(direction, kl) for kl in kls] for name, direction in directions.items()}

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
for (name, found), style in zip(sweep.items(), ("-", "--"), strict=True):
    left.semilogx(kls, [each.promise for each in found], linestyle=style, marker=".", label=name)
    right.semilogx(kls, [each.earned for each in found], linestyle=style, marker=".", label=name)
for ax, words in ((left, "promise (surrogate)"), (right, "virtual return after the step")):
    ax.axvline(0.1, color="0.5", linestyle=":")
    ax.set(xlabel="length of the step, as predicted KL", title=words)
left.legend()
show(
    figure,
    alt="The promise and the virtual return after a step, against its length as a KL, for TRPO's direction "
    "and for the gradient.",
)

# %%
found = sweep["TRPO"]
near = max((each for each in found if each.kl <= 0.1), key=lambda each: each.kl)  # within the limit
tempting, richest = (max(found, key=key) for key in (lambda each: each.promise, lambda each: each.earned))
lengths = {"about 0.03": 0.03, "about 0.3": 0.3, "about 3": 3, "10, the longest": 10}
beyond.reveal(
    min(lengths, key=lambda words: abs(np.log(lengths[words] / richest.predicted))),
    f"The best return, {richest.earned:.1f}, comes after {richest.predicted:.2g}. The highest promise comes after "
    f"{tempting.predicted:.2g}, with a return of {tempting.earned:.1f}.",
)

# %%
rows = [
    (
        words,
        *(f"{value:.2g}" for value in (each.predicted, each.kl, each.promise)),
        f"{each.earned:.1f}",
    )
    for words, each in (
        ("the shortest", found[0]),
        ("the longest within 0.1", near),
        ("best return", richest),
        ("highest promise", tempting),
    )
]
Table(
    ("step along TRPO's direction", "KL, predicted", "KL, as it came", "promise", "virtual return"),
    rows,
    "The prediction is good for short steps only",
)

# %% [markdown]
# Over short steps promise and return rise together. Over long ones they do not: the promise compares the new policy with *actions* of the old one, in *states* of the
# old one, and the new policy goes elsewhere. So there is a length beyond which the promise still rises and the return already falls; the
# limit (dotted) is to stay below it. Compare also the two directions: at the same change of behaviour, which earns more?
#
# Here are the policies after two steps in the same direction: one has stopped within the limit of 0.1, the other has followed the promise.

# %%
figure, axes = plt.subplots(1, 2, figsize=(8, 4))
for ax, each, words in ((axes[0], near, "with the limit"), (axes[1], tempting, "without")):
    plane(ax, f"{words} (KL {each.kl:.2g}): return {each.earned:.1f}")
    paths(ax, each.made, **IMAGINED)
    ax.set(xlim=(-0.5, 1.8), ylim=(-0.5, 1.8))
    ax.plot(*goal, "*", color=COLOURS[2], markersize=14)
show(
    figure,
    alt="Paths after a limited step, towards the goal, and after the most promising step in the same "
    "direction.",
)

# %% [markdown]
# That is all of TRPO: the direction from conjugate gradients, the length from the KL, and a last look (the *line search*): if the KL came out too large after all, or the promise is
# broken, halve the step. The author's program allows a KL of 0.01 an update. Ours allows 0.1, so that the few updates of a lesson suffice.

# %% [markdown]
# ## The warm-up
#
# Everything is ready. The author's program warms a policy up like this: **fit** the model for a while on the data that is there, let the policy **practise** in it a few times, fit on, practise on. Not one real step is taken. (Why in turns, when no new data comes in? The recorded runs
# below compare it with fitting everything first.)
#
# What is fresh for a new goal, and what is not? The **policy** is fresh. The **model** and the **data** (the only memory there is) are those
# of all tasks so far. The **value network** goes on from task to task, too, as in the author's program. TRPO itself remembers nothing: the
# imagined steps of an update are used once and thrown away.
#
# ### Exercise 4 · The warm-up loop
#
# *Difficulty ●●○○○ · about 5 minutes*
#
# `fresh_policy()` makes a random policy, `fit(n)` takes n steps of fitting, `improve(policy)` makes one update by practice and returns the virtual return.


# %%
def warm_up(fresh_policy, fit, improve, iterations, fit_steps, policy_steps):
    """A fresh policy; then, in each iteration, `fit_steps` of fitting and `policy_steps` improvements.

    Returns the policy, and the list of all virtual returns in order.
    """
    ### BEGIN SOLUTION
    policy, returns = fresh_policy(), []
    for _ in range(iterations):
        fit(fit_steps)
        for _ in range(policy_steps):
            returns.append(improve(policy))
    return policy, returns
    ### END SOLUTION


warm_up = check.warm_up(warm_up)
check.progress("practice")

# %% [markdown]
# Now with the real pieces. The function below gives your loop a *copy* of model and data (so that every goal starts from the same ones), and can do several goals at once: P policies side by
# side. (Unlike in the author's program the value networks are fresh here, too: there is only one to hand on, and each of the P needs its own.) The warm-up of the author's program has 40 iterations of 100 fitting steps and 40 updates; ours is much shorter.


# %%
iterations = lesson.choose(smoke=2, lesson=12)


def practise(shared, goals, world=None):
    """Warm up a policy for each of `goals` (P, 2) -> (policies, virtual returns of each update (P,), their world).

    world: the virtual one of `shared.model` unless given.
    """
    family, config, P = shared.family, shared.config, len(goals)
    mine = Shared(family, config, n=P)
    mine.fitter.load_state_dict(shared.fitter.state_dict())
    mine.buffer.load_state_dict(shared.buffer.state_dict())
    place = world or learned_world(mine.model, family, goals, clip_margin=0.5)

    def improve(pupils):
        start = family.resets(P * 20, mine.generator).view(P, 20, -1)
        return pupils.update(place, start, mine.generator)["return"]

    def fit(n):
        mine.fitter.fit(mine.buffer, n, mine.generator)

    pupils, returns = warm_up(mine.fresh, fit, improve, iterations, fit_steps=100, policy_steps=5)
    return pupils.policy, returns, place


def mean_return(world, policies, n=50):
    """Mean return of n episodes of each policy in a world, (P,): to measure, not to learn."""
    start = family.resets(n, SEED + 1).expand(len(world.task), n, -1)
    return world.rollout(policies, start, T, lesson.generator(3)).total


# %%
goals = goal[None]
policies, returns, dream = practise(shared, goals)
figure, ax = plt.subplots(figsize=(7, 2.6))
ax.plot(range(1, len(returns) + 1), [each.item() for each in returns], **IMAGINED)
imagined, at_last = (mean_return(world, policies).item() for world in (dream, true_world(family, goals)))
ax.plot(len(returns), at_last, "o", color=COLOURS[1], label="real, once, at the end")
ax.set(xlabel="updates of the policy", ylabel="return")
ax.legend()
show(figure, alt="The imagined return rises over the updates; a dot at the end shows the real return.")

# %%
print(
    f"practised {len(returns) * 20 * T:,} virtual steps and 0 real ones. Return in 50 new episodes: "
    f"{imagined:.1f} imagined, {at_last:.1f} real"
)

# %% [markdown]
# ## Move the goal
#
# Now live, through the library's own `warm_up`. Blue, dashed: what the policy imagines. Orange: what would really happen. At first it is a fresh policy; the cell below the field lets it practise a little, so keep
# the field in view.

# %%
playground = widgets.PracticeField(shared, goal=(1.2, -1.0), seed=SEED)
playground

# %%
playground.practise(lesson.choose(smoke=1, lesson=25))

# %% [markdown]
# Your turn. *Practise* goes on. Drag the red goal anywhere, or put the focus on the field (Tab) and press the arrow keys: a **fresh policy** begins at once. Try:
#
# - goals near the middle, then in a corner of the dashed square. Which take longer?
# - the same goal twice, with *Fresh policy*;
# - a goal **outside** the dashed square, where no grey dots are. Watch the two bars.

# %% [markdown]
# ## Is that luck?
#
# One goal, one model, one seed: that is an anecdote. So: three test goals, and three complete repetitions, each with its own training tasks, data, model and policies. Yardsticks stand beside
# it:
#
# - the **random** policy, before any practice;
# - the **best actions known**: found by a search with gradients through the *true* dynamics, for each start. Nearly the best there is, if not proven to be;
# - a **rule by hand**: push towards the goal, and brake. Its two numbers, 10 and 3, were tried out in the true world;
# - the same optimiser with the same number of updates, but practising in the **true world**, as if the model were perfect. It tells what the *model* costs. (`tlteach run multitask` calls this one
# the *optimum*: the best that this optimiser can be expected to do.)
#
# This takes **a minute or two**.
#
# **Before it runs:** the cost of an episode is minus its return. A policy that has never been in the real world, what does it cost, beside the best actions?

# %%
share = widgets.Predict(
    "practice-zero-shot",
    "After the warm-up, an episode costs, mean of the three goals, ...",
    ["about 10 % more", "about half as much again", "about twice as much", "five times as much"],
)
share

# %%
goals = family.sample_tasks(3, 10_000)  # (P, 2) never trained on
seeds = range(SEED, SEED + lesson.choose(smoke=2, lesson=3))
learners = [shared, *(learn(seed)[0] for seed in seeds[1:])]  # of each repetition: what its training left
outside = true_world(family, goals)
zero_shot, untrained, informed, starts = [], [], [], []
for learner in learners:
    for found, world in ((zero_shot, None), (informed, outside)):
        starts.append(practise(learner, goals, world)[0])
        found.append(mean_return(outside, starts[-1]))
    untrained.append(mean_return(outside, Shared(family, learner.config, n=len(goals)).fresh().policy))
zero_shot, untrained, informed = map(torch.stack, (zero_shot, untrained, informed))  # (seeds, P)


def best_actions(goal, policy):
    """Mean return of the best actions from the same starts; the search begins at what the policy does."""
    start = family.resets(lesson.choose(smoke=2, lesson=20), SEED + 1)
    return baselines.best_return(family, policy, goal, start, lesson.choose(smoke=2, lesson=60)).mean()


def one(policies, i):
    """The i-th of several policies that were trained side by side."""
    policy = Shared(family, shared.config).fresh().policy  # not of `shared`: it brings its own normalisation
    policy.load_state_dict(copies.pick(policies.state_dict(), i))
    return policy


best = [[best_actions(goal, one(each, i)) for i, goal in enumerate(goals)] for each in starts[:2]]
best = torch.tensor(best).amax(0)  # (P,) of two searches, from a policy of either practice


def by_rule(rule, goal):
    """Mean return from the same starts where a rule chooses the action: rule(place, velocity, goal) -> action."""
    obs, total = family.resets(lesson.choose(smoke=2, lesson=20), SEED + 1), 0.0
    for _ in range(T):
        action = rule(obs[:, :2], obs[:, 2:], goal).clamp(-1, 1)
        obs, before = family.simulate(obs, action), obs
        total = total + family.reward(before, action, obs, goal)
    return total.mean()


def push_and_brake(place, velocity, goal):
    return 10 * (goal - place) - 3 * velocity


def nothing(place, velocity, goal):
    return torch.zeros_like(place)


by_hand = torch.stack([by_rule(push_and_brake, goal) for goal in goals])  # (P,)
idle = torch.stack([by_rule(nothing, goal) for goal in goals])  # (P,)

figure, ax = plt.subplots(figsize=(7, 3))
for values, name, mark, colour, aside in (
    (untrained, "random", "x", "0.5", 0),
    (informed, "practised in the true world", "s", COLOURS[0], -0.08),
    (zero_shot, "after warm-up", "o", COLOURS[1], 0.08),
    (by_hand[None], "rule by hand", "+", "k", 0),
    (best[None], "best actions known", "_", COLOURS[2], 0),
):
    for p in range(len(goals)):
        size = 26 if mark == "_" else 7
        ax.plot(
            [p + aside] * len(values),
            -values[:, p],
            mark,
            color=colour,
            markersize=size,
            markeredgewidth=2,
            label=name if p == 0 else None,
        )
ax.set(
    yscale="log",
    ylabel="cost (minus the real return)",
    xticks=range(len(goals)),
    xticklabels=[f"goal ({x:.1f}, {y:.1f})" for x, y in goals.tolist()],
)
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
show(
    figure,
    alt="For each of three goals, on a log axis: costs of random policies far above, those after the warm-up and "
    "after practice in the true world near those of a rule by hand and of the best actions, a mark a seed.",
)

# %% [markdown]
# The interval: repetitions are independent, the three goals of one are not. So take the mean over the goals first, and then, over the $n$ repetitions, $t$ standard errors to either side (Student's $t$ for 95 %:
# 4.30 for $n = 3$).

# %%
def interval(values):
    """Mean of repetitions (n,), and how far the 95 % interval of it reaches to either side."""
    t = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78}[len(values)]
    return np.mean(values), t * np.std(values, ddof=1) / len(values) ** 0.5


cost = (zero_shot.mean(1) / best.mean()).numpy()  # (seeds,)
middle, half = interval(np.log(cost))  # of a factor: three times as much is as far as a third
sizes = dict(zip(share.options, (1.1, 1.5, 2, 5), strict=True))
share.reveal(
    min(sizes, key=lambda words: abs(np.log(sizes[words]) - middle)),
    f"{np.exp(middle):.1f} times that of the best actions (95 %: {np.exp(middle - half):.1f} to "
    f"{np.exp(middle + half):.1f}; each repetition: {', '.join(f'{c:.1f}' for c in cost)}). The rule by hand costs {(by_hand.mean() / best.mean()).item():.2f} times as much, practice in the true world "
    f"{(informed.mean() / best.mean()).item():.2f}.",
)

# %%
rows = [
    (f"({x:.1f}, {y:.1f})", *(f"{v:.1f}" for v in values))
    for (x, y), *values in zip(
        goals.tolist(),
        *(returns.mean(0) for returns in (untrained, idle[None], zero_shot, informed, by_hand[None], best[None])),
        strict=True,
    )
]
Table(
    (
        "goal",
        "random",
        "no push",
        "after warm-up",
        "practised in the true world",
        "rule by hand",
        "best actions known",
    ),
    rows,
    f"Mean real return, {len(cost)} repetitions",
)

# %% [markdown]
# Such results are often told as a share of the way from a random policy to the best, and that share is above 90 % here. It sounds like a triumph, but a random policy is so bad that nearly everything which goes to the goal gets there. Read the costs. And mind the rule by hand: whoever knows the world can write down a good policy for a point mass. (For the cheetah of lesson 8 try to.)
#
# Compare "after warm-up" with "practised in the true world". Practice in the true world is a matter of luck, too, with so few updates. Where the two agree, what is missing to the best actions is
# the short practice and the random draws of the actions, not the model. Where the first is clearly lower, ask what the model can know of the way to that goal: how far is it from the grey dots?

# %% [markdown]
# ## Fooling oneself
#
# A policy that practises is an *optimiser*, and an optimiser finds whatever gives a high return. If the model believes, wrongly, that there is a tailwind somewhere, the policy will go there. This is called **model
# exploitation**. The virtual return does not show it.
#
# Let us provoke it: a single network, fitted on **one** real episode of a random policy. Practise in it for long, and look at both returns, beside those of the good model. Three repetitions each; a line is their median, a
# band goes from the lowest to the highest. **About half a minute.**
#
# **Before it runs:** the table above has the return of a random policy.

# %%
fooled = widgets.Predict(
    "practice-little-data",
    "With a model from one episode, the imagined return ends above the real one by ...",
    ["about 10", "about 30", "about 100", "about 300"],
)
fooled


# %%
def both_returns(shared, goals, blocks, updates):
    """Practise without looking up, and measure now and then -> imagined and real mean return, (blocks + 1,) each."""
    family, P = shared.family, len(goals)
    mine = Shared(family, shared.config, n=P)
    mine.fitter.load_state_dict(shared.fitter.state_dict())
    mine.buffer.load_state_dict(shared.buffer.state_dict())
    worlds = learned_world(mine.model, family, goals, clip_margin=0.5), true_world(family, goals)
    pupils, start = mine.fresh(), family.resets(20, SEED).expand(P, 20, -1)
    found = []
    for block in range(blocks + 1):
        found.append(
            [
                w.rollout(pupils.policy, start, family.horizon, lesson.generator(4)).total.mean().item()
                for w in worlds
            ]
        )
        for _ in range(updates if block < blocks else 0):
            mine.fitter.fit(mine.buffer, 20, mine.generator)
            pupils.update(worlds[0], family.resets(P * 20, mine.generator).view(P, 20, -1), mine.generator)
    return np.array(found).T


def from_little(seed, episodes=1):
    """A single network that has seen so many real episodes of a random policy."""
    family, config = settings(seed)
    config = replace(
        config, dynamics=replace(config.dynamics, n_models=1), steps_per_task=episodes * family.horizon
    )
    poor = Shared(family, config)
    poor.collect(poor.fresh().policy, family.sample_tasks(1, seed)[0])
    poor.fitter.fit(poor.buffer, lesson.choose(smoke=20, lesson=1000), poor.generator)
    return poor


blocks, updates = lesson.choose(smoke=(2, 1), lesson=(8, 5))
runs = {
    "model from 1 episode": [both_returns(from_little(seed), goals, blocks, updates) for seed in seeds],
    f"model from {len(shared.buffer):,} steps": [
        both_returns(learner, goals, blocks, updates) for learner in learners
    ],
}

# %%
figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True)
x = updates * np.arange(blocks + 1)
for ax, (name, found) in zip(axes, runs.items(), strict=True):
    band(ax, [x] * len(found), [each[1] for each in found], **REAL)
    band(ax, [x] * len(found), [each[0] for each in found], **IMAGINED)
    ax.set(xlabel="updates of the policy", title=name)
axes[0].set_ylabel("return")
axes[0].legend()
show(
    figure,
    alt="Imagined and real return against updates of the policy. Left, models from one episode: the two "
    "part. Right, models from all steps: the two stay together.",
)

# %%
poor, good = runs.values()
little = np.array([each[:, -1] for each in poor])  # (seeds, 2)
gap = little[:, 0] - little[:, 1]
sizes = dict(zip(fooled.options, (10, 30, 100, 300), strict=True))
fooled.reveal(
    min(sizes, key=lambda words: abs(np.log(sizes[words] / max(gap.mean(), 1)))),
    f"At the end: {little[:, 0].mean():.0f} imagined, {little[:, 1].mean():.0f} real (mean of "
    f"{len(little)} repetitions, three goals). With the good model: "
    f"{np.mean([each[0, -1] for each in good]):.0f} imagined, "
    f"{np.mean([each[1, -1] for each in good]):.0f} real.",
)

# %% [markdown]
# This gap is the first thing to look at in any result with a learned model. The virtual return alone would have been reported as a success. (Two things are poor here, the data and the single network; which of them counts more, this does not tell.)
#
# Practise in the poor model yourself. Compare the dashed paths, where it believes to go, with the orange ones.

# %%
poor_field = widgets.PracticeField(from_little(SEED), goal=(1.2, -1.0), seed=SEED)
poor_field

# %%
poor_field.practise(lesson.choose(smoke=1, lesson=25))

# %% [markdown]
# ### A goal that nobody has been near
#
# The poor model flattered. What does a *good* model do where it has no data? Here goals lie farther and farther out, along a diagonal. Beside the two returns: the same practice in the true world. Three repetitions,
# **about half a minute**.

# %%
distances = lesson.choose(smoke=(1.0, 3.0), lesson=(1.0, 2.0, 3.0, 4.0))
far = torch.tensor([[d / 2**0.5, -d / 2**0.5] for d in distances])
beyond_it = true_world(family, far)
numbers = {"imagined": [], "real": [], "practised in the true world": []}  # of each repetition: (P,)
for learner in learners:
    policies, _, dream = practise(learner, far)
    numbers["imagined"].append(mean_return(dream, policies))
    numbers["real"].append(mean_return(beyond_it, policies))
    numbers["practised in the true world"].append(
        mean_return(beyond_it, practise(learner, far, world=beyond_it)[0])
    )

figure, ax = plt.subplots(figsize=(7, 3))
for (name, values), looks in zip(
    numbers.items(), (IMAGINED, REAL, dict(color=COLOURS[2], linestyle=":")), strict=True
):
    band(
        ax,
        [np.array(distances)] * len(values),
        [each.numpy() for each in values],
        marker="o",
        **looks | {"label": name},
    )
ax.axvline(2 * 2**0.5, color="0.5", linewidth=1)
ax.text(2 * 2**0.5, ax.get_ylim()[0], " corner of the training square", va="bottom")
ax.set(xlabel="distance of the goal (m)", ylabel="return")
ax.legend()
show(
    figure,
    alt="Imagined and real return, and that after practice in the true world, against the distance of the "
    "goal, with a line where the training goals end.",
)

# %%
table = {name: torch.stack(values) for name, values in numbers.items()}  # (repetitions, P)
rows = [
    (
        f"{d:g} m",
        *(f"{v[:, i].mean():.0f} ({v[:, i].min():.0f} to {v[:, i].max():.0f})" for v in table.values()),
    )
    for i, d in enumerate(distances)
]
Table(
    ("goal at", *table),
    rows,
    f"Goals inside and outside the training square: mean (lowest to highest) of {len(learners)} repetitions",
)

# %%
gaps = (table["imagined"] - table["real"]).numpy()  # (repetitions, P)
inside = np.array(distances) < 2 * 2**0.5
for words, which in (("inside", inside), ("outside", ~inside)):
    some = gaps[:, which]
    print(
        f"{words} the square: of {some.size} cases the model flattered (by more than 10) in "
        f"{(some > 10).sum()}, and was too gloomy in {(some < -10).sum()}"
    )

# %% [markdown]
# The lines are medians, the table has means: one bad repetition moves the second and not the first. Read the table line by line. A model can flatter *inside* of the square: few grey dots lie on this diagonal, and a square is not data. It can be right about a policy (compare imagined and real) while practice in the true world finds a better one: a small gap says that the
# model is right about what this policy *does*, not that nothing better can be done. And a mistake need not flatter: where the model wrongly says that a place cannot be reached, the policy never learns to go there.
#
# ### What helps
#
# - **More data where the policy goes.** That is what the paper's algorithm does next: the warmed-up policy collects real steps, and those are just the ones that correct its illusions.
# - **Several models, or one that keeps changing.** *Paper's claim:* training against several learned models keeps the policy from over-fitting to one. In the *author's program* there is a single
#   network, but fitting and practice take turns, so that the policy never meets the same model for long. Our warm-up does both, with a small ensemble.
# - **A cut to the range of the data** (`clip_margin`), *ours*: dull, and useful.
#
# Which of these matters how much is an experiment; `tlteach run multitask --help` names the switches. Some of them were made, and are recorded; but first, another body.

# %% [markdown]
# ## An arm
#
# Little in these pages was about point masses: only the reward. Here is the two-link arm of lesson 6 (Gymnasium's Reacher): eight numbers observed, a target to touch, its dynamics from a physics simulator. The code is the same, only the family has another name. This takes
# **about a minute**.

# %%
config = multitask.Config.preset(
    PRESET, "reacher", seed=SEED, trpo=trpo.TRPOConfig(max_kl=0.1, entropy_coefficient=0.0)
)
arm, learning = multitask.family(config), multitask.learning(config)
last = list(algorithm.train(arm, learning))[-1]
arm_shared = Shared(arm, learning)
arm_shared.load_state_dict(last.checkpoint()["shared"])

targets = arm.sample_tasks(lesson.choose(smoke=1, lesson=3), 10_000)  # (P, 2)
rows, misses = [], []
for target in targets:
    before = arm_shared.returns(arm_shared.fresh().policy, target)
    pupil = arm_shared.fresh()
    arm_shared.practise(pupil, target, lesson.choose(smoke=1, lesson=12))
    after = arm_shared.returns(pupil.policy, target)
    x, y = target.tolist()
    misses.append(100 * after.miss)
    rows.append(
        (
            f"({100 * x:.0f}, {100 * y:.0f}) cm",
            f"{before.real:.1f}",
            f"{after.virtual:.1f}",
            f"{after.real:.1f}",
            f"{misses[-1]:.1f} cm",
        )
    )
Table(
    ("target", "random, real", "imagined", "real", "misses by"),
    rows,
    "The arm after its warm-up, without a real step for these targets; one repetition",
)

# %%
print(f"On the average it ends {np.mean(misses):.1f} cm from its target; the arm is 21 cm long.")

# %% [markdown]
# That is one repetition, with 12 iterations in its warm-up. The recorded runs below have 40, and five seeds. (If they miss by more than this one: their interval is wide, and this is one draw.)

# %% [markdown]
# ## Recorded runs
#
# All of the above was short. Here are **recorded runs** of the library's own lesson preset: smaller steps (KL 0.02) and twice as many updates (120), and a policy is measured by its mean action. Each run is a repetition from the very
# beginning: training tasks with 4,000 real steps, then three test goals with none. Beside ours: a **single model**; all the **fitting first**, then all the practice; two other optimisers, **PPO** and **SHAC** (it sends
# gradients through the model), with no less computing time (last column); **practice in the true world**; and TRPO **from scratch**, without a model, on real steps of each goal alone. Made with `tlteach run multitask --preset lesson
# --record`.

# %%
WAYS = {  # how it is called here -> names of its recorded runs
    "warm-up: TRPO, five models, in turns": "navigation-model-based-trpo-5x64x64-5tasks-seed*",
    "a single model": "navigation-model-based-trpo-1x64x64-5tasks-seed*",
    "fitting first": "navigation-model-based-trpo-5x64x64-5tasks-first-seed*",
    "PPO": "navigation-model-based-ppo-5x64x64-5tasks-seed*",
    "SHAC": "navigation-model-based-shac-5x64x64-5tasks-seed*",
    "practice in the true world": "navigation-optimum-trpo-seed*",
    "from scratch, real steps only": "navigation-scratch-trpo-seed*",
    "random policy": "navigation-random-seed*",
    "arm: warm-up, TRPO, three models": "reacher-model-based-trpo-3x128x128-4tasks-seed*",
    "arm: random policy": "reacher-random-seed*",
}
TRUE = {"practice in the true world": "not counted"}  # it lives on true steps
kept = evidence.recorded()["multitask"]
recorded = {
    way: [kept[name] for name in names_like(kept, f"lesson-{pattern}")] for way, pattern in WAYS.items()
}
recorded = {way: found for way, found in recorded.items() if len(found) > 1}  # one run is an anecdote
measured = {way: [multitask.scores(run) for run in found] for way, found in recorded.items()}


def told(way, name, form):
    """Mean of a score over the runs of a way, and its 95 % interval, in words."""
    mean, half = interval([form * each[name] for each in measured[way]])
    return "\u2013" if np.isnan(mean) else f"{mean:.1f} ± {half:.1f}"


rows = [
    (
        way,
        str(len(found)),
        TRUE.get(way) or f"{found[0].metrics['task_steps'][-1]:,.0f}",
        told(way, "last_virtual", 1),
        told(way, "last_real", 1),
        told(way, "last_miss", 100),
        f"{np.median([each['cpu_seconds'] for each in measured[way]]):.0f}",
    )
    for way, found in recorded.items()
]
Table(
    ("run", "seeds", "real steps of a goal", "imagined", "real", "off at the end (cm)", "CPU seconds, median"),
    rows,
    "Mean return on three goals that were never trained on; mean over the seeds and its 95 % interval",
)

# %%
drawn = [way for way in recorded if not way.startswith(("arm", "random", "from scratch"))]
figure, ax = plt.subplots(figsize=(7.5, 0.5 + 0.45 * len(drawn)))
for y, way in enumerate(drawn):
    for name, looks, aside in (("last_virtual", IMAGINED, -0.15), ("last_real", REAL, 0.1)):
        values = [each[name] for each in measured[way]]
        mark = "o" if name == "last_real" else "|"
        ax.plot(
            values,
            [y + aside] * len(values),
            mark,
            color=looks["color"],
            markersize=7,
            markeredgewidth=2,
            label=looks["label"] if y == 0 else None,
        )
ax.set(yticks=range(len(drawn)), yticklabels=drawn, xlabel="return, mean of three goals; a mark a seed")
ax.invert_yaxis()
ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
show(
    figure,
    alt="Recorded runs on the point mass: imagined and real return of each seed for the warm-up, its "
    "variants, and practice in the true world.",
)

# %%
ours, *others = drawn
for way in others:
    mine = {
        run.config["seed"]: each["last_real"]
        for run, each in zip(recorded[ours], measured[ours], strict=True)
    }
    pairs = [
        (each["last_real"], mine[run.config["seed"]])
        for run, each in zip(recorded[way], measured[way], strict=True)
    ]
    mean, half = interval([theirs - own for theirs, own in pairs])
    words = "cannot be told apart" if abs(mean) < half else "better" if mean > 0 else "worse"
    wins = sum(theirs < own for theirs, own in pairs)
    print(
        f"{way}: {mean:+.1f} ± {half:.1f} against the first row, seed by seed: {words} (the first row is "
        f"ahead in {wins} of {len(pairs)})."
    )
print(
    f"\nRecorded with tlteach {recorded[ours][0].provenance.version} "
    f"({recorded[ours][0].provenance.commit}), on {recorded[ours][0].provenance.machine}."
)

# %% [markdown]
# Read the printed lines with their intervals. (Of twenty such intervals one leaves out the truth, on average, even where nothing differs.) Two things to look for. Does it matter whether the model goes on changing while the policy practises: "fitting first"? And compare two rows of the *table*: **from scratch** needed those real steps for *each* goal; the
# warm-up took none for these goals, but 4,000 for others before.
#
# Does the method reach what it was built for? We had set two marks before: on the point mass, a mean return within 10 % of practice in the true world (the *optimum*); with the arm, 5 cm from the target at the end, on the
# average; both within 60 CPU seconds.

# %%
zero, perfect = (
    np.array([each["last_real"] for each in measured[way]]) for way in (ours, "practice in the true world")
)
short = 1 - perfect.mean() / zero.mean()  # returns are negative
print(
    f"Point mass: {zero.mean():.1f} against {perfect.mean():.1f}, {short:.0%} lower: "
    f"{'within' if short <= 0.1 else 'not within'} 10 %."
)
print(f"Of the {len(zero)} single seeds, {(perfect.mean() / zero >= 0.9).sum()} are.")
if (the_arm := "arm: warm-up, TRPO, three models") in measured:
    off = 100 * np.array([each["last_miss"] for each in measured[the_arm]])
    print(
        f"Arm: {off.mean():.1f} cm off on the average: {'within' if off.mean() <= 5 else 'not within'} 5 "
        f"cm; of the {len(off)} single seeds, {(off <= 5).sum()} are."
    )
slowest = max(each["cpu_seconds"] for way in (ours, the_arm) for each in measured.get(way, []))
print(f"The longest of these runs took {slowest:.0f} CPU seconds, its tests included.")

# %% [markdown]
# That is said of *means*. The intervals in the table are wide, ± a sixth of the return and some centimetres: five seeds do not promise it for the next one.

# %% [markdown]
# ## What was shown, and by whom
#
# | statement | who says it | what you saw |
# |---|---|---|
# | Transfer the model, not the policy: a fresh policy needs only the model and the reward of the new task | paper's claim | a fresh policy does well with the model and the reward alone: yes, on a point mass; on an arm, too, with a value network that was carried on. Transfer of a policy instead: lesson 8 |
# | After the warm-up, before any sample of the task, it can outperform an *oracle* policy trained jointly over all tasks | paper's claim | not tested here |
# | Half-cheetah, forward or backward: return 727 at zero-shot, 754 after four further stages of real data; ant: 771 and 1,085 (means of 40 test tasks, read off a plot) | author's notebooks, May 2019 | not tested here |
# | With 4,000 real steps of other goals, a warm-up alone is far better than a random policy; on average of the goals it costs more than a rule by someone who knows the world, and on a near one it does not | ours, three goals, three seeds | in the figure and the table |
# | Several models, or a model that changes during practice, keep the policy from over-fitting | paper's claim | compared in recorded runs of a point mass; read what the intervals allow |
# | A single network with too little data: virtual and real return part | ours | yes |
#
# ## Summary
#
# - A learned model plus a **known reward** is a world to practise in, at no real step.
# - Advantages say what was better than expected; "out of time" is not "done".
# - TRPO limits how much the *behaviour* changes, in KL; conjugate gradients find its direction from products with $F$ alone.
# - The warm-up fits and practises in turns. Virtual steps are cheap, not free: lesson 8 takes the time.
# - **Always show the virtual and the real return together.** A virtual return *far* above the real one means that the policy lives on the model's mistakes; no gap does not mean that
#   the model knows everything.
#
# **Next:** lesson 8, where the policies of many tasks go out into the real world and come back with data.
#
# ## References
#
# - N. C. Landolfi, G. Thomas, T. Ma: *A model-based approach for sample-efficient multi-task reinforcement learning.* 2019,
#   [arXiv 1907.04964](https://arxiv.org/abs/1907.04964).
# - Y. Luo, H. Xu, Y. Li, Y. Tian, T. Darrell, T. Ma: *Algorithmic framework for model-based deep reinforcement learning with
#   theoretical guarantees.* ICLR 2019 (the parent algorithm, SLBO).
# - J. Schulman, S. Levine, P. Moritz, M. Jordan, P. Abbeel: *Trust region policy optimization.* ICML 2015.
# - J. Schulman, P. Moritz, S. Levine, M. Jordan, P. Abbeel: *High-dimensional continuous control using generalized advantage estimation.* ICLR 2016.
# - M. R. Hestenes, E. Stiefel: *Methods of conjugate gradients for solving linear systems.* 1952.

# %%
lesson.footer()
