# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   tlteach:
#     title: Learning a world
#     summary: Learn how a world moves from 4,000 steps, imagine futures in it, and see where the imagination cannot be trusted.
#     minutes: 80
#     prerequisites: [00_start_here]
#     paper: Landolfi, Thomas, Ma (2019)
# ---

# %% [markdown]
# # 6 · Learning a world
#
# You carry a full cup through a door that you have never seen. You do not need to spill ten thousand cups first: you can
# *imagine* what the coffee will do when you stop. You know how the world moves, whatever it is that you want in it.
#
# So far in this course, what was carried from task to task was a way of learning. The second half carries something else: **a
# model of the world**, learned once, used for every task. In this lesson you learn two worlds from data and imagine futures in
# them. And, since the next lesson lets an agent live in such a dream, you find out when not to believe it.
#
# > **When you are through, you can**
# >
# > - tell a *world* from a *task*, and say which of the two can be shared;
# > - say what a model of the dynamics predicts, and why it is the normalised change;
# > - show how errors grow with the horizon, and why a small one-step error promises little;
# > - write a loss that looks several steps ahead, and handle the ends of episodes in it;
# > - use the disagreement of an ensemble as a warning, and say what it does not warn of.
# >
# > **Prerequisites:** lesson 0. The lessons on plasticity are not needed.
# >
# > **Time:** about 80 minutes, four exercises. What takes longer than a moment is announced; all of it together takes about a minute.

# %% tags=["parameters"]
import os

PRESET = os.environ.get("TLTEACH_PRESET", "lesson")
SEED = 0

# %%
import matplotlib.pyplot as plt
import torch

from tlteach.course import setup, widgets
from tlteach.course.exercises import check
from tlteach.modelbased import fitting
from tlteach.modelbased.buffer import ReplayBuffer, Transitions
from tlteach.modelbased.dynamics import Dynamics, DynamicsConfig
from tlteach.plots import Table, show
from tlteach.runs import Record
from tlteach.tasks.families import collect, family

lesson = setup(PRESET, SEED)

# %% [markdown]
# ## One world, many tasks
#
# The first world is a plane with a small mass in it. Its **state** $s$ is four numbers: where it is, $x$ and $y$ (in metres),
# and how fast it moves, $v_x$ and $v_y$. An **action** $a$ is two numbers between -1 and 1, a push along $x$ and one along $y$.
# Drag slows the mass down, and there is a wind that differs from place to place. Time goes in **steps** of 0.1 s. How one state
# follows from the last is called the **dynamics**,
#
# $$s' = M(s, a)\,.$$
#
# A **task** is a goal $\psi$ in this plane, and a reward that says how well a step served it:
#
# $$r_\psi(s, a, s') = -\,\lVert \mathrm{place}(s') - \psi \rVert - 0.01\,\lVert a \rVert^2\,.$$
#
# Here are nine masses that nobody pushes, and five goals.

# %%
world = family("navigation")
goals = world.sample_tasks(5, SEED)  # (5, 2)
places = torch.cartesian_prod(torch.tensor([-2.0, 0.0, 2.0]), torch.tensor([-2.0, 0.0, 2.0]))  # (9, 2)
states = [torch.cat([places, torch.zeros(9, 2)], 1)]  # (9, 4), at rest
for _ in range(40):
    states.append(world.simulate(states[-1], torch.zeros(9, 2)))
drift = torch.stack(states)  # (41, 9, 4)

figure, ax = plt.subplots(figsize=(4.4, 4.2))
ax.plot(drift[:, :, 0], drift[:, :, 1], color="C0", linewidth=1.5)
ax.plot(places[:, 0], places[:, 1], "o", color="C0", markersize=4, label="start of a mass; line: 4 s of wind")
ax.plot(goals[:, 0], goals[:, 1], "*", color="C1", markersize=13, label="goals of five tasks")
ax.set(xlabel="x (m)", ylabel="y (m)", xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), aspect="equal")
ax.legend(loc="upper left", bbox_to_anchor=(0, 1.2))
show(
    figure,
    alt="Nine masses in a plane drift along bent paths, each another way; five stars mark goals, most of "
    "them near the middle.",
)

# %% [markdown]
# Now the point of the whole second half of this course. Take one single step in this world. Its reward depends on the goal.
# Where it led does not. **A step made for one task teaches the dynamics for all of them.**

# %%
s, a = torch.tensor([0.0, 0.0, 1.0, 0.0]), torch.tensor([0.5, 1.0])
s_next = world.simulate(s, a)
rewards = world.reward(s, a, s_next, goals)  # (5,)
rows = [
    (f"({x:z.1f}, {y:z.1f})", f"{r:.2f}", "(" + ", ".join(f"{v:.2f}" for v in s_next) + ")")
    for (x, y), r in zip(goals, rewards, strict=True)
]
Table(("goal", "reward", "next state"), rows, "One step, seen by five tasks")

# %% [markdown]
# The reward does change with the task, but it need not be learned: the paper's method is told $r_\psi$, as you are told where to go. What it must
# find out is how the world moves. So the plan is: collect steps, fit a network $\hat M$ to them, and practise each new task in
# $\hat M$. This lesson does the first two.

# %% [markdown]
# ## Where data comes from
#
# To learn a world one must see it. Three words first: a **transition** is one step, $(s, a, s')$; an **episode** is a row of $T$ of them from a start on; a **rollout** is an episode that was played out, in the world or in a model of it.
#
# Push at random, then? Two kinds of random:
#
# - **white noise**: every push is drawn anew, whatever the last one was;
# - **Ornstein-Uhlenbeck noise**: the push wanders. It forgets a share $\theta$ of itself in each step, and gets a small kick:
#
# $$n_{t+1} = (1 - \theta)\,n_t + \sigma\,\varepsilon_t, \qquad \varepsilon_t \sim N(0, 1)\,.$$
#
# Below, both push equally hard on average. The authors' program adds the second kind, with $\theta = 0.15$ and $\sigma = 0.3$.

# %%
noise = widgets.Predict(
    "world-noise",
    "Which of the two lets the mass see more of its world?",
    ["white noise", "wandering noise", "both the same: they push equally hard"],
)
noise


# %%
def wandering(theta, sigma, generator):
    """A policy that pushes at random: states (W, 4) -> actions (W, 2). theta = 1 makes it white noise."""
    push = 0.0

    def act(obs):
        nonlocal push
        push = (1 - theta) * push + sigma * torch.randn(len(obs), 2, generator=generator)  # (W, 2)
        return push

    return act


# %%
hard = (
    0.3 / (1 - (1 - 0.15) ** 2) ** 0.5
)  # how hard wandering noise pushes: its standard deviation in the long run
kinds = {"white": (1.0, hard), "wandering": (0.15, 0.3)}
kinds["no push"] = (1.0, 0.0)
seen = {
    name: collect(
        world, goals[0], wandering(theta, sigma, lesson.generator()), 2000, SEED, n_worlds=20
    )  # 20 episodes
    for name, (theta, sigma) in kinds.items()
}

figure, axes = plt.subplots(1, 3, figsize=(8.4, 3.2), sharex=True, sharey=True)
for ax, (name, steps) in zip(axes, seen.items(), strict=True):
    for path in steps.obs.view(20, 100, 4):
        ax.plot(path[:, 0], path[:, 1], color="C0", linewidth=1)
    ax.set(title=name if name == "no push" else f"{name} noise", xlabel="x (m)", aspect="equal")
axes[0].set(ylabel="y (m)")
show(
    figure,
    alt="Twenty paths each. With white noise they stay closer to the start than with wandering noise, and closest "
    "without a push.",
)

# %%
spread = {name: steps.obs[:, :2].std().item() for name, steps in seen.items()}
noise.reveal(
    "wandering noise"
    if spread["wandering"] > 1.1 * spread["white"]
    else "white noise"
    if spread["white"] > 1.1 * spread["wandering"]
    else "both the same: they push equally hard",
    f"The places spread by {spread['wandering']:.1f} m with wandering noise and by {spread['white']:.1f} "
    f"m with white; the wind alone spreads them by {spread['no push']:.1f} m. Pushes that change their mind at every "
    "step largely cancel before the mass has moved.",
)

# %% [markdown]
# Noise alone leads anywhere. In the paper the noise is added to the policy of the task that is being learned. We have no
# policies yet, so a crude hand-made one takes their place: it leans towards its goal, and wanders. (This stand-in is ours.)
# Five tasks, eight episodes each, 100 steps an episode: **4,000 real steps**, a little under seven minutes of the mass's life.


# %%
def leaning(goals, generator):
    """A policy for worlds in equal shares for each of the goals (K, 2): lean towards the goal, brake, and wander."""
    noise = wandering(0.15, 0.3, generator)

    def act(obs):  # (W, 4)
        goal = goals.repeat_interleave(len(obs) // len(goals), 0)  # (W, 2)
        return noise(obs) + (0.5 * (goal - obs[:, :2]) - 0.3 * obs[:, 2:]).clamp(-1, 1)

    return act


data = collect(world, goals, leaning(goals, lesson.generator()), 4000, SEED, n_worlds=40)
held_out = collect(
    world, goals, leaning(goals, lesson.generator(1)), 2000, SEED + 1, n_worlds=20
)  # only to test with
print(f"{len(data):,} steps to learn from, {len(held_out):,} to test with")

# %% [markdown]
# ## What to ask the network for
#
# The obvious question is: *what is the next state?* It is a bad one. Look at how much the states vary, and how much they change
# in one step.

# %%
names = ("x (m)", "y (m)", "v_x (m/s)", "v_y (m/s)")
change = data.next_obs - data.obs  # (N, 4)
rows = [
    (name, f"{s:.2f}", f"{c:.3f}") for name, s, c in zip(names, data.obs.std(0), change.std(0), strict=True)
]
Table(("", "spread of the states", "spread of the change in a step"), rows, "Standard deviations in the data")

# %% [markdown]
# A network that answers "the next state is the old one" is off by the small numbers on the right, and gets the large ones on the
# left for nothing. Its loss looks splendid, and it knows nothing of the world. So ask for the **change** instead. And ask for each component in units of its own
# spread: otherwise the component with the largest numbers rules the loss, and the unit of measurement decides what is learned.

# %% [markdown]
# ### Exercise 1 · Ask for the change
#
# *Difficulty ●●○○○ · about 7 minutes*
#
# From states and next states, N of each with O components, make the targets of the network: the change, shifted and scaled so
# that over the N transitions **each component** has mean 0 and standard deviation 1. A component that always changes by the
# same amount has spread 0: its target is 0, not NaN. (`x.std(0, correction=0)` divides by N; `torch.where(condition, a, b)`
# chooses.)


# %%
def normalised_delta(obs, next_obs):
    """Changes with mean 0 and standard deviation 1 in each component: obs, next_obs (N, O) -> (N, O)."""
    ### BEGIN SOLUTION
    delta = next_obs - obs  # (N, O)
    std = delta.std(0, correction=0)  # (O,)
    std = torch.where(std > 0, std, 1.0)
    return (delta - delta.mean(0)) / std
    ### END SOLUTION


normalised_delta = check.normalised_delta(normalised_delta)

# %%
target = normalised_delta(data.obs, data.next_obs)
figure, axes = plt.subplots(1, 2, figsize=(7, 2.6))
for name, before, after in zip(names, change.T, target.T, strict=True):
    axes[0].hist(before.numpy(), 60, range=(-0.6, 0.6), histtype="step", linewidth=1.8, label=name)
    axes[1].hist(after.numpy(), 60, range=(-4, 4), histtype="step", linewidth=1.8)
axes[0].set(title="change in a step", ylabel="steps")
axes[0].legend(fontsize=8)
axes[1].set(title="what the network is asked for")
show(
    figure,
    alt="Histograms of four components: changes of different widths on the left, all of about the same width "
    "on the right.",
)

# %% [markdown]
# ## The model
#
# A network $f$ sees the normalised state and the action, and answers with a normalised change. Undoing the normalisation gives
# the next state ($\mu$ and $\sigma$ are means and spreads in the data, of the states and of the changes $\Delta$; $\circ$ multiplies component by component):
#
# $$\hat M(s, a) = s + \mu_\Delta + \sigma_\Delta \circ f\big(\tfrac{s - \mu_s}{\sigma_s},\ a\big)\,.$$
#
# It begins with an output near 0: before it has learned anything, it answers with the average change. We train not one network but
# **five at once**, alike in all but their random beginnings and their minibatches. Why five will be clear in a while. (The
# authors' program has one, of two layers of 500 units; the ensemble is ours. Five of 64 units learn in seconds.)


# %%
def make_model(data, obs_size, offset=0):
    """Five untrained networks that know the spread of the data, and a buffer with the data in it; `offset` of the seed."""
    steps = Transitions(data.obs, data.action.clamp(-1, 1), data.next_obs, data.terminated | data.truncated)
    model = Dynamics(
        obs_size, 2, DynamicsConfig(n_models=5, hidden=(64, 64), activation="silu"), lesson.generator(offset)
    )
    model.observe(steps)  # the running means and spreads
    buffer = ReplayBuffer(obs_size, 2, len(data))
    buffer.add(steps)
    return model, buffer


model, buffer = make_model(data, obs_size=4)
print(
    f"{sum(p[0].numel() for p in model.net.parameters()):,} numbers to be learned in each of "
    f"{model.n_models} networks"
)

# %%
updates = lesson.choose(smoke=20, lesson=1500)


def fit(model, buffer, horizon, watch=lambda record: None, offset=0):
    """Adam on the loss that looks `horizon` steps ahead, 256 transitions an update for each network; `watch` draws."""
    generator = lesson.generator(2 + offset)
    config = fitting.FitConfig(horizon=horizon, batch_size=256 // horizon, learning_rate=3e-3)
    fitter = fitting.Fitter(model, config)
    for step in range(0, updates, updates // 20):
        loss = fitter.fit(buffer, updates // 20, generator).mean().item()
        watch(Record(step + updates // 20, {"loss": loss}, model, dict, updates))
    return model


# %% [markdown]
# This takes **some seconds**. The loss is in units of the spread of the change: 1 is "no idea", 0 is perfect.

# %%
live = widgets.LiveTraining("five models of the point mass", metric="loss", logy=True)
live

# %%
model = fit(model, buffer, horizon=1, watch=live.curve("one step ahead"))


# %%
def episodes(steps, n):
    """The same steps, in time: states (T + 1, n, O) and actions (T, n, A) of n episodes."""
    obs, last = steps.obs.unflatten(0, (n, -1)), steps.next_obs.unflatten(0, (n, -1))[:, -1:]
    action = steps.action.clamp(-1, 1).unflatten(0, (n, -1))
    return torch.cat([obs, last], 1).transpose(0, 1), action.transpose(0, 1)


obs, action = episodes(held_out, 20)  # (101, 20, 4), (100, 20, 2)
one_step = fitting.error_by_horizon(model, obs, action, 1).mean().item()
print(f"one step ahead, on steps it has never seen: off by {one_step:.1%} of what the states vary by")

# %% [markdown]
# ## How far ahead?
#
# But nobody wants to look *one* tenth of a second ahead. To imagine 50 steps, the model must go on from its own prediction, 50
# times, and nobody tells it what really happened meanwhile.
#
# From here on an **error** is the root of the mean square of (imagined minus real state), each component divided by its spread in the data, over all components, episodes and starts.

# %%
far = widgets.Predict(
    "world-compounding",
    "Its error after one step is e (printed above). After 50 imagined steps it is ...",
    [
        "about e",
        "about 7 e (the root of 50)",
        "tens of e",
        "hundreds of e",
    ],
)
far

# %% [markdown]
# ### Exercise 2 · Imagine
#
# *Difficulty ●●○○○ · about 8 minutes*
#
# Imagine N futures at once. `step(obs, action)` takes the states (N, O) and actions (N, A) of all of them and returns their
# next states, (N, O). `actions` is (T, N, A): time first. Return the T + 1 states of each, the start among them, (T + 1, N, O).
# Call `step` once a time step, for all rollouts together: this is what makes imagining so much cheaper than living.


# %%
def imagine(step, start, actions):
    """Roll a world out: step (N, O), (N, A) -> (N, O); start (N, O), actions (T, N, A) -> states (T + 1, N, O)."""
    ### BEGIN SOLUTION
    states = [start]
    for action in actions:  # (N, A)
        states.append(step(states[-1], action))
    return torch.stack(states)  # (T + 1, N, O)
    ### END SOLUTION


imagine = check.imagine(imagine)


# %%
def member(model, e):
    """The step of network e alone: obs (N, O), action (N, A) -> (N, O)."""
    return lambda obs, action: model.members(obs, action)[e]


with torch.no_grad():
    futures = [imagine(member(model, e), obs[0], action[:50]) for e in range(5)]  # 5 x (51, 20, 4)

# %%
figure, axes = plt.subplots(1, 3, figsize=(7.4, 2.9))
for ax, n in zip(axes, (0, 7, 13), strict=True):
    for e, future in enumerate(futures):
        ax.plot(future[:, n, 0], future[:, n, 1], "--", color=f"C{e}", linewidth=1.4)
    ax.plot(obs[:51, n, 0], obs[:51, n, 1], color="black", linewidth=2)
    ax.plot(*obs[0, n, :2], "o", color="black")
    ax.set(xlabel="x (m)", aspect="equal", title="goal ({:z.1f}, {:z.1f})".format(*goals[n // 4].tolist()))
axes[0].set(ylabel="y (m)")
show(
    figure,
    alt="Three real paths of 50 steps as black lines, each with five imagined ones, dashed: together at "
    "first, then fanning out.",
)

# %% [markdown]
# Black is what happened, dashed what the five networks imagined from the same start with the same actions. Now over all
# held-out episodes, from every step of them from which 50 more are known:

# %%
horizon = 50
error = fitting.error_by_horizon(model, obs, action, horizon)  # (50, 5)
with torch.no_grad():
    starts = len(obs) - horizon
    still = torch.stack(
        [(obs[h : h + starts] - obs[:starts]) / model.obs_norm.std for h in range(1, horizon + 1)]
    )
still = still.square().mean((1, 2, 3)).sqrt()  # (50,) the error of "nothing changes"

ahead = torch.arange(1, horizon + 1)
figure, ax = plt.subplots(figsize=(7, 3.2))
ax.plot(ahead, error, color="C0", linewidth=1)
ax.plot(ahead, error.mean(1), color="C0", linewidth=2.5, label="the five models, and their mean")
ax.plot(ahead, ahead * error[0].mean(), "--", color="C1", label="if each step just added its own error")
ax.plot(ahead, still, ":", color="C2", linewidth=2, label="'nothing changes'")
ax.set(xlabel="steps ahead", ylabel="error (spread of the states)", ylim=(0, 1.5))
ax.legend()
show(
    figure,
    alt="Error against steps ahead: the models start near zero and bend upwards; 'nothing changes' is far "
    "worse at once.",
)

# %%
times = (error[-1] / error[0]).mean().item()
mean = error.mean(1)  # (50,)
first, last = ((mean[b] - mean[a]).item() / (b - a) / mean[0].item() for a, b in ((0, 10), (39, 49)))
far.reveal(
    far.options[sum(times > limit for limit in (3, 15, 100))],
    f"It was {times:.0f} e. If each step just added its own error, it would be 50 e. But the steps "
    f"differ: around the fifth, a step "
    f"adds {first:.1f} e, around the 45th {last:.1f} e.",
)

# %% [markdown]
# Errors **add up**, though not evenly. Write $\delta_h$ for the error after $h$ steps, and $\varepsilon$ for the new one that each step makes.
# Then
#
# $$\delta_{h+1} \approx J\,\delta_h + \varepsilon\,,$$
#
# where the matrix $J = \partial \hat M / \partial s$ (the derivative of each component of the next state by each of this one) says what becomes of a small difference between two states. Differences in *velocity* shrink: drag makes the mass forget them.
# Differences in *place* stay: nothing ever corrects a wrong place. And some grow: two masses a hand apart may be in different winds. Our reading of the curve: at first a step adds less than e, as drag takes wrong velocities back; later it adds more, as wrong places lead into the wrong wind, and to
# where the data said little, so that $\varepsilon$ grows, too.
#
# Either way, the number that one trains on, the one-step error, is not the number that one cares about. Why not train on the
# latter?

# %% [markdown]
# ## A loss that looks ahead
#
# Start at a real state, let the model take $H$ steps on its own, and compare each with what really happened. This is the loss
# of the authors' program (they look $H = 2$ steps ahead):
#
# $$\hat s_0 = s_0, \quad \hat s_{i+1} = \hat M(\hat s_i, a_i), \quad
# e_i = \frac{(\hat s_{i+1} - \hat s_i) - (s_{i+1} - s_i)}{\sigma_\Delta}, \quad
# L = \frac{1}{H} \sum_{i=0}^{H-1} \Big\langle \sqrt{\tfrac{1}{O}\textstyle\sum_j e_{ij}^2} \Big\rangle_{\text{batch}}$$
#
# ($\langle\rangle$: mean over the batch; $j$ runs over the $O$ components.) It compares *changes*: a belief that is off already is not blamed for it again at every later step, only for what it adds.
#
# Two things in it deserve a thought. **The root**: it is the *norm* of the error, not its square. Suppose that of 100 steps, 99
# are off by 0.1, and in one the world did something odd (a blow against a wall, say), and it is off by 10. How much of the loss
# is due to that one?

# %%
e = torch.tensor([0.1] * 99 + [10.0])
rows = [
    (name, f"{cost[-1] / cost.sum():.1%}")
    for name, cost in (("the norm", e.abs()), ("its square", e.square()))
]
Table(("loss", "share of the one odd step"), rows, "99 errors of 0.1, one of 10")

# %% [markdown]
# And the slope of the norm is the same however large the error: every step pulls equally hard, whereas with squares the odd one
# pulls 100 times as hard as any other.
#
# **The ends of episodes.** All steps lie in one long table, one episode after the other, and a window of $H$ steps may run over
# the end of one. Where the world was put back to a start, no model can foresee it, and none should be punished for it. So the
# table keeps the true next state of *each* step (not just the next row), and after the end of an episode the model is handed
# the first true state of the next one. Being handed true states is called *teacher forcing*.

# %% [markdown]
# ### Exercise 3 · A loss that looks ahead
#
# *Difficulty ●●●●○ · about 15 minutes*
#
# Write the loss. A batch has B windows of H steps, time first: `obs` and `next_obs` are (H, B, O), `action` (H, B, A), and
# `boundary` (H, B) is True where an episode ended with that step. `step` is the model, as in exercise 2, and `std` (O,) is
# $\sigma_\Delta$.
#
# - The belief starts at `obs[0]`. The true change in step i is `next_obs[i] - obs[i]`.
# - Mean over the components under the root, then the root, then the mean over the batch, then the mean over the steps.
# - Add `1e-12` under the root: at 0 its slope is infinite, and one perfect prediction would make the gradient NaN.
# - After step i, go on from your own prediction, but from `obs[i + 1]` where `boundary[i]` is True. `boundary[i][:, None]` is
#   (B, 1).


# %%
def multi_step_loss(step, obs, action, next_obs, boundary, std):
    """Loss of H steps: obs, next_obs (H, B, O), action (H, B, A), boundary (H, B) bool, std (O,) -> a scalar tensor."""
    ### BEGIN SOLUTION
    H, state, total = len(obs), obs[0], 0.0  # state: what the model believes, (B, O)
    for i in range(H):
        predicted = step(state, action[i])  # (B, O)
        e = ((predicted - state) - (next_obs[i] - obs[i])) / std  # (B, O)
        total = total + (e.square().mean(-1) + 1e-12).sqrt().mean()
        if i + 1 < H:
            state = torch.where(boundary[i][:, None], obs[i + 1], predicted)
    return total / H
    ### END SOLUTION


multi_step_loss = check.multi_step_loss(multi_step_loss)

# %% [markdown]
# The library computes this loss for all five networks at once. Does yours agree? Here is a batch of windows from the data, 4 steps
# long:

# %%
# NBVAL_CHECK_OUTPUT
window = buffer.sample(
    (5, 64), 4, lesson.generator(3)
)  # obs (4, 5, 64, 4): steps, networks, windows, components
with torch.no_grad():
    library = fitting.multi_step_loss(model, window)  # (5,)
    ours = [
        multi_step_loss(
            member(model, e),
            window.obs[:, e],
            window.action[:, e],
            window.next_obs[:, e],
            window.boundary[:, e],
            model.delta_norm.std,
        )
        for e in range(5)
    ]
print("the same to five digits:", torch.allclose(torch.stack(ours), library, rtol=1e-5))

# %% [markdown]
# Now train five new networks with it, four steps ahead. To be fair, each update sees as many transitions as before: 64 windows
# of 4 steps instead of 256 of one. **Some seconds.** "Clearly" means, from here on: each of its five networks is better
# (or worse) than each of the other five.

# %%
helps = widgets.Predict(
    "world-multistep",
    "Thirty steps ahead, the model that was trained to look four steps ahead will be ...",
    ["clearly better", "about the same", "clearly worse"],
)
helps

# %%
live = widgets.LiveTraining("five models of the point mass", metric="loss", logy=True)
looking_ahead, _ = make_model(data, obs_size=4)
looking_ahead = fit(looking_ahead, buffer, horizon=4, watch=live.curve("four steps ahead"))


# %%
def in_words(errors):
    """Errors (5,) of the five networks: mean, lowest and highest."""
    return f"{errors.mean():.3f} ({errors.min():.3f} to {errors.max():.3f})"


def compared(where, models, obs, action, steps):
    """Errors (T, 5) of the five networks, and a table of them some steps ahead."""
    errors = {name: fitting.error_by_horizon(m, obs, action, max(steps)) for name, m in models.items()}
    rows = [(name, *(in_words(error[h - 1]) for h in steps)) for name, error in errors.items()]
    caption = f"{where}, held-out episodes: error in units of the states' spread, mean (lowest to highest)"
    return errors, Table(("trained to look", *(f"{h} ahead" for h in steps)), rows, caption)


models = {"one step ahead": model, "four steps ahead": looking_ahead}
errors, table = compared("Point mass", models, obs, action, (1, 5, 10, 30))
table

# %%
def verdict(four, one):
    """Of the errors (5,) of five networks each: is the first clearly better or worse than the second?"""
    return (
        "clearly better"
        if four.max() < one.min()
        else "clearly worse"
        if four.min() > one.max()
        else "about the same"
    )


four, one = errors["four steps ahead"][29], errors["one step ahead"][29]  # (5,)
helps.reveal(
    verdict(four, one),
    f"Its mean error is {four.mean() / one.mean():.2f} times that of the other. A loss that looks right "
    f"is an idea, not a result. It "
    "depends on the world; keep the question for the arm below.",
)

# %% [markdown]
# Why does it not help? A guess, not tested: this world is smooth, nothing in it is hidden and no measurement is noisy. A model *can* get every single
# step right, and then all steps are right. And with equal numbers of transitions, 256 separate ones may tell more than 64 stretches
# of four.

# %% [markdown]
# ## Look into the fan
#
# Choose an episode and a step of it. The black line is what really happened next; the five coloured ones are imagined. Grey
# dots are states from the data. Move the horizon by mouse, or with the arrow keys. Try these:
#
# - Play the horizon from 0. When do the five part?
# - The episodes "new goal" belong to tasks that are not in the data. What is different about them?
# - Find a moment when all five agree, and are all wrong. (Try both models.)

# %%
new_goals = torch.tensor([[2.0, -1.5], [1.8, 1.8], [-2.0, 1.5]])
new = collect(world, new_goals, leaning(new_goals, lesson.generator(4)), 300, SEED + 2, n_worlds=3)
new_obs, new_action = episodes(new, 3)
shown = [7, 0, 13, 19]
labels = [f"goal ({x:z.1f}, {y:z.1f})" for x, y in goals[[n // 4 for n in shown]]]
labels += [f"new goal ({x:z.1f}, {y:z.1f})" for x, y in new_goals]
fan = widgets.WorldFan(
    models,
    world,
    torch.cat([obs[:, shown], new_obs], 1),
    torch.cat([action[:, shown], new_action], 1),
    labels=labels,
    data=data.obs,
    horizon=50,
)
fan

# %% [markdown]
# ## Ask five
#
# In real use there is no black line. How can one tell, without a single real step, whether an imagined future is worth
# anything? This is what the five are for. They began differently and saw the data in another order. Data forces them to agree; where there is none, nothing does.

# %% [markdown]
# ### Exercise 4 · Disagreement
#
# *Difficulty ●●○○○ · about 7 minutes*
#
# E members predict the next state of N states, `predictions` (E, N, O). For each state, measure how far they are apart:
# subtract the mean of the members, divide each component by its unit `std` (O,), and take the root of the mean square over
# members and components. One number a state, (N,).


# %%
def disagreement(predictions, std):
    """Spread of the members: predictions (E, N, O) of E members, std (O,) units of the components -> (N,)."""
    ### BEGIN SOLUTION
    apart = (predictions - predictions.mean(0)) / std  # (E, N, O)
    return apart.square().mean((0, -1)).sqrt()  # (N,)
    ### END SOLUTION


disagreement = check.disagreement(disagreement)
check.progress("learning_a_world")

# %% [markdown]
# Put a mass at rest on every place of a fine grid, from -3.5 to 3.5 m, and ask all five where it will be in one step. The data covers the middle of this square, and not its corners. If the five were honest about what they do not know, they would differ at least by as much as they are wrong.

# %%
where = widgets.Predict(
    "world-disagreement",
    "At how many of these places is their mean more wrong than they differ?",
    ["about 10 %", "about 30 %", "about 50 %", "about 70 % or more"],
)
where

# %%
line = torch.linspace(-3.5, 3.5, 57)
grid = torch.cartesian_prod(line, line)  # (3249, 2)
at_rest, no_push = torch.cat([grid, torch.zeros_like(grid)], 1), torch.zeros_like(grid)
unit = model.delta_norm.std
with torch.no_grad():
    predictions = model.members(at_rest, no_push)  # (5, 3249, 4)
apart = disagreement(predictions, unit)  # (3249,)
true = world.simulate(at_rest, no_push)
wrong = (
    ((predictions.mean(0) - true) / unit).square().mean(-1).sqrt()
)  # (3249,) their mean prediction; needs the true world

figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.5), sharey=True)
for ax, values, title in zip(
    axes, (apart, wrong), ("the five disagree by", "their mean is really wrong by"), strict=True
):
    picture = ax.pcolormesh(line, line, values.view(57, 57).T, norm="log", vmin=0.01, vmax=1)
    ax.plot(data.obs[::8, 0], data.obs[::8, 1], ".", color="white", markersize=1)
    ax.set(title=title, xlabel="x (m)", aspect="equal", xlim=(-3.5, 3.5), ylim=(-3.5, 3.5))
    ax.grid(False)
axes[0].set(ylabel="y (m)")
figure.colorbar(picture, ax=axes, shrink=0.8, label="in spreads of the change in a step")
show(
    figure,
    alt="Two maps of the plane, white dots for the data. Disagreement and true error are both low among the "
    "dots and high in the corners.",
)

# %%
from_data = torch.cdist(grid, data.obs[:, :2]).amin(1)  # (3249,) metres to the nearest state in the data
near_data, far_away = apart[from_data < 0.1].median().item(), apart[from_data > 1].median().item()
together = torch.corrcoef(torch.stack([apart.log(), wrong.log()]))[0, 1].item()
more_wrong, much_more = ((wrong > times * apart).float().mean().item() for times in (1, 3))
where.reveal(
    where.options[min(range(4), key=lambda i: abs((0.1, 0.3, 0.5, 0.7)[i] - more_wrong))],
    f"At {more_wrong:.0%}; at {much_more:.0%} even more than three times as wrong. All the same they know where the "
    f"data is: within 10 cm of it they differ by {near_data:.3f} of a spread, more than 1 m away by {far_away:.3f}. "
    f"Place by place, disagreement and true error rise together (correlation of their logarithms: {together:.2f}).",
)

# %% [markdown]
# So disagreement is a warning light that costs no real step. Two things it is not:
#
# - It is **not the error**. The five share their data, their shape and their training; what none of them could learn, none
#   reports. You have just seen how often they are more wrong than they differ. (The dark lines on the right are no knowledge: there the error of the largest component passes through 0.)
# - It is **not a cure**. It says that a dream is unreliable here. The remedy is to go there and collect.
#
# That second remark is the catch in carrying a world from task to task. The *dynamics* are the same for all goals. The *data*
# is not.

# %%
rows = []
for name, o, a in (("the goals of the data", obs, action), ("new goals", new_obs, new_action)):
    e = fitting.error_by_horizon(model, o, a, 30).mean(1)  # (30,)
    away = (
        torch.cdist(o[..., :2].flatten(0, 1), data.obs[:, :2]).amin(1).mean()
    )  # metres to the nearest state in the data
    rows.append((name, f"{100 * away:.0f} cm", *(f"{e[h - 1]:.3f}" for h in (1, 10, 30))))
Table(
    ("episodes of", "from the data", "1 ahead", "10 ahead", "30 ahead"),
    rows,
    "How far their states are from the data, and the error of the same model (spread of the states)",
)

# %% [markdown]
# ## An arm
#
# Now a world with sharper corners: an arm of two bones, driven by a motor at the shoulder and one at the elbow. This is
# *Reacher*, a standard problem, simulated with MuJoCo. The task will be to touch a target with the fingertip; the world is the
# arm. A state has eight numbers: cosine and sine of both angles, two angular velocities, and the place of the fingertip. A step
# is 0.02 s.

# %%
arm = family("reacher")
targets = arm.sample_tasks(4, SEED)  # they matter to the reward only; the arm is moved by noise
arm_data = collect(arm, targets, wandering(0.15, 0.3, lesson.generator(5)), 4000, SEED, n_worlds=40)
arm_held_out = collect(arm, targets, wandering(0.15, 0.3, lesson.generator(6)), 1000, SEED + 1, n_worlds=20)
arm_obs, arm_action = episodes(arm_held_out, 20)  # (51, 20, 8), (50, 20, 2)

figure, ax = plt.subplots(figsize=(4.8, 3.6))
for h in (0, 6, 12, 18, 24):
    cos, _, sin, _, _, _, x, y = arm_obs[h, 3]
    ax.plot(
        [0, 0.1 * cos, x],
        [0, 0.1 * sin, y],
        "o-",
        color=plt.cm.viridis(h / 26),
        linewidth=4,
        label=f"step {h}",
    )
ax.plot(arm_obs[:25, 3, 6], arm_obs[:25, 3, 7], color="0.4", linewidth=1)
ax.set(xlabel="x (m)", ylabel="y (m)", xlim=(-0.23, 0.23), ylim=(-0.23, 0.23), aspect="equal")
ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
show(figure, alt="An arm of two bones in five moments of a real episode, and the way of its fingertip.")

# %% [markdown]
# The same recipe: 4,000 real steps, five networks, once looking one step ahead and once four. **About ten seconds** for
# both. Think back to the point mass before you look at the table.

# %%
live = widgets.LiveTraining("models of the arm", metric="loss", logy=True)
arm_models, arm_buffer = {}, make_model(arm_data, obs_size=8)[1]
for name, h in (("one step ahead", 1), ("four steps ahead", 4)):
    arm_models[name] = fit(make_model(arm_data, obs_size=8)[0], arm_buffer, horizon=h, watch=live.curve(name))

# %%
arm_errors, table = compared("Arm", arm_models, arm_obs, arm_action, (1, 5, 10, 20))
table

# %%
four, one = arm_errors["four steps ahead"][4], arm_errors["one step ahead"][4]  # (5,)
print(
    f"Five steps ahead, looking ahead is {verdict(four, one)}: {four.mean() / one.mean():.2f} times the "
    f"error."
)
print(f"The fastest joint in the data turns at {arm_data.obs[:, 4:6].abs().max():.0f} radians per second.")

# %% [markdown]
# The arm is harder: it turns fast, the elbow has an end stop, and both bones pull at each other. These networks did not get
# every step right, and *which* errors they make matters. The curves above do not compare them (a loss over four steps is another loss than one over a single step). Here is the loss of **one** step of both, on held-out steps:

# %%
single = make_model(arm_held_out, obs_size=8)[1].sample((5, 1000), 1, lesson.generator(7))  # windows of one step
with torch.no_grad():
    for name, m in arm_models.items():
        loss = fitting.multi_step_loss(m, single)  # (5,)
        print(f"trained to look {name}: loss of a single held-out step {in_words(loss)}")

# %% [markdown]
# Compare with the first column of the table. The loss is a *mean*, in which every step counts alike; the error in the table is a *root mean square*, ruled by the few large ones. If a model is no better by the mean and better by the root mean square, its large errors are smaller, and the large ones are those that grow over 20 steps. (That is our reading of it.) An
# error of about 1.4, by the way, is no better than chance: two states drawn at random from the data differ by $\sqrt 2$ spreads.
#
# Is any of this luck? The five networks of a model had one set of data. So do all of it twice more: new goals, new data, new
# networks. **About fifteen seconds.**


# %%
def again(offset):
    """Both worlds anew, from another seed: error of looking four steps ahead, in errors of looking one ahead."""
    g, seed = lesson.generator(offset), SEED + offset
    mass_goals, arm_targets, found = world.sample_tasks(5, seed), arm.sample_tasks(4, seed), []
    for place, tasks, policy, steps in (
        (world, mass_goals, lambda: leaning(mass_goals, g), (30,)),
        (arm, arm_targets, lambda: wandering(0.15, 0.3, g), (5, 20)),
    ):
        learned_from = collect(place, tasks, policy(), 4000, seed, n_worlds=40)
        test = collect(place, tasks, policy(), 20 * place.horizon, seed + 1, n_worlds=20)
        makes = [make_model(learned_from, place.obs_size, offset) for _ in range(2)]
        one, four = (fit(*pair, horizon=h, offset=offset) for h, pair in zip((1, 4), makes, strict=True))
        one, four = (
            fitting.error_by_horizon(m, *episodes(test, 20), max(steps)).mean(1) for m in (one, four)
        )
        found += [(four[h - 1] / one[h - 1]).item() for h in steps]
    return found


def first_time(errors, h):
    return (errors["four steps ahead"][h - 1].mean() / errors["one step ahead"][h - 1].mean()).item()


ratios = [[first_time(errors, 30), first_time(arm_errors, 5), first_time(arm_errors, 20)]]
ratios += [again(offset) for offset in lesson.choose(smoke=(100,), lesson=(100, 200))]
rows = [(f"{n}", *(f"{r:.2f}" for r in row)) for n, row in enumerate(ratios, 1)]
Table(
    ("repetition", "point mass, 30 ahead", "arm, 5 ahead", "arm, 20 ahead"),
    rows,
    "Error after looking four steps ahead in training, divided by that after looking one ahead",
)

# %%
paid = [sum(row[k] < 1 for row in ratios) for k in range(3)]
print(
    f"Looking ahead paid {paid[0]} of {len(ratios)} times for the point mass; for the arm {paid[1]} times "
    f"at 5 steps, {paid[2]} at 20."
)

# %%
arm_fan = widgets.WorldFan(arm_models, arm, arm_obs[:, :6], arm_action[:, :6], data=arm_data.obs, horizon=20)
arm_fan

# %% [markdown]
# Step slowly, and look at the coloured arms: some of their bones are too long or too short. Nobody told the networks that $\cos^2 + \sin^2 =
# 1$, or that an arm keeps its length. What you know about every possible state is **a second warning light that needs no real step**. Here it is, as the length of the imagined upper arm (in reality always 10 cm). **Before you look:** does the model that looks four steps ahead, with the smaller errors, have the better bones?

# %%
with torch.no_grad():
    rows = []
    for name, m in arm_models.items():
        future = torch.stack(
            [imagine(member(m, e), arm_obs[0], arm_action[:20]) for e in range(5)]
        )  # (5, 21, 20, 8)
        length = 10 * future[..., [0, 2]].norm(dim=-1)  # (5, 21, 20) cm
        rows.append((name, *(f"{length[:, h].min():.1f} to {length[:, h].max():.1f} cm" for h in (0, 5, 20))))
Table(
    ("trained to look", "at the start", "5 ahead", "20 ahead"),
    rows,
    "Length of the upper arm, in 5 x 20 imagined futures",
)

# %% [markdown]
# Compare with the table of errors. A bone of a wrong length proves that *this* future is wrong. But here the light does not rank the two models: the smaller error does not go with the better bones. And a bone of the right length proves nothing at all.

# %% [markdown]
# ## What the paper does, and what we did
#
# | | the authors' program of 2019 | this lesson |
# |---|---|---|
# | what is learned | the normalised change | the same |
# | loss | L2 norm, 2 steps ahead, teacher forcing at ends of episodes | the same, 1 and 4 steps |
# | networks | one, two layers of 500, ReLU | five, two layers of 64, SiLU |
# | data | 4,000 steps from each of 100 tasks, policy plus Ornstein-Uhlenbeck noise | 4,000 steps in all, a hand-made policy plus the same noise |
# | worlds | half-cheetah, ant, humanoid | a point mass, an arm |
# | known to the learner | the reward of every task | the same |
#
# What stands in the left column was read in the first author's published program. The **paper's claims** (from its abstract and
# a survey of it; we could not read its tables): when such a model is carried from task to task, a policy that was warmed up in
# it needs far fewer real steps than methods that carry a policy; and practice in several models keeps the policy from fitting
# itself to the errors of one. The program we read has one model, which goes on changing while the policy trains. Neither claim
# has been examined yet: this lesson only made the world. All numbers above are **ours**; where a table does not say otherwise, of
# one set of data and five networks.
#
# ## Summary
#
# - A *world* is how states follow from actions; a *task* is a reward in it. A step made for one task teaches the world that all tasks share.
# - Ask the network for the change, each component in units of its spread. "Nothing changes" is the baseline to beat.
# - Errors add up, because the model goes on from its own predictions: what is small after one step is large after fifty. How fast, depends on the world.
# - The multi-step loss trains what one needs. Whether that pays depends on the world (compare arm and point mass): measure it.
# - Where there is no data, the members of an ensemble disagree. That warns, but does not tell the error. What you know
#   about all states is a second warning; it did not rank our two models either.
# - The world is shared by all tasks, but a model of it reaches only as far as its data.
#
# **Next:** lesson 7. You have a world that costs nothing to live in. Put an agent into it, let it practise for a goal that it
# has never seen, and count the real steps it needs: zero. Then watch how it finds the holes in your world, and moves in.
#
# ## References
#
# - N. C. Landolfi, G. Thomas, T. Ma: *A model-based approach for sample-efficient multi-task reinforcement learning.* 2019,
#   [arXiv 1907.04964](https://arxiv.org/abs/1907.04964).
# - Y. Luo, H. Xu, Y. Li, Y. Tian, T. Darrell, T. Ma: *Algorithmic framework for model-based deep reinforcement learning with
#   theoretical guarantees.* ICLR 2019, [arXiv 1807.03858](https://arxiv.org/abs/1807.03858). The parent of the method, and of
#   the loss.
# - K. Chua, R. Calandra, R. McAllister, S. Levine: *Deep reinforcement learning in a handful of trials using probabilistic
#   dynamics models.* NeurIPS 2018 (ensembles).
# - G. E. Uhlenbeck, L. S. Ornstein: *On the theory of the Brownian motion.* Physical Review 36, 1930.

# %%
lesson.footer()
