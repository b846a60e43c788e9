# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   tlteach:
#     title: Learning to explore
#     summary: An agent that finds a hidden goal once and then remembers it, because its connections learn while it lives.
#     minutes: 110
#     prerequisites: [01_connections_that_learn]
#     paper: Miconi, Clune, Stanley (2018), section 4.5
# ---

# %% [markdown]
# # 5 · Learning to explore
#
# So far somebody told the network what to remember: here is a pattern, here is a name. Now nobody does. An agent is put into a
# maze. Somewhere is a goal that it cannot see. It must look for it, notice when it has found it, and be faster the next time.
#
# Two kinds of learning are at work, and this lesson keeps them apart: **slow** learning over thousands of mazes, by
# gradient descent, which makes an agent that can explore at all; and **fast** learning within one maze, which must be over in a few
# dozen steps and in which no gradient is computed.
#
# > **When you are through, you can**
# >
# > - say what an agent must remember to come back to a goal, and what it is given to see;
# > - write the returns and the loss of an actor-critic;
# > - write the life of a plastic agent: see, think, write the trace, act;
# > - show that the agent becomes better *within* an episode, and test whether the trace is why;
# > - find three bugs that published programs have had.
# >
# > **Prerequisites:** lesson 1 (equations 1 and 3). No reinforcement learning is needed.
# >
# > **Time:** about 110 minutes, three exercises and a hunt for three bugs. Training is announced; it takes about a minute.

# %% tags=["parameters"]
import os

PRESET = os.environ.get("TLTEACH_PRESET", "lesson")
SEED = 0

# %%
import copy
import statistics

import matplotlib.pyplot as plt
import torch
from scipy.stats import mannwhitneyu

from tlteach import reproduction, runs
from tlteach.course import setup, widgets
from tlteach.course.exercises import check
from tlteach.experiments import maze
from tlteach.plots import Table, show
from tlteach.tasks import probes
from tlteach.tasks.maze import ACTIONS, BatchedMaze, MazeEnv, MazeTask, Planner, RandomPlayer, play

lesson = setup(PRESET, SEED)

# %% [markdown]
# ## The maze, by hand
#
# Be the agent first. You stand in a maze and see the nine cells around you, walls dark; you are the blue disc. Somewhere is a goal, and
# nothing shows it. Whoever steps on it gets **+10** and is put down on a cell at random. Walking into a wall costs **0.1**. The goal stays
# where it is for the whole episode of 60 steps.
#
# Steer with the buttons; after one press the arrow keys do it, too. When you have had enough, or at the end, the maze is shown.

# %%
room = MazeTask(size=5, episode_length=60)
walk = widgets.MazeWalk(room, steps=60, seed=SEED)
walk

# %% [markdown]
# Before you go on, think back to the moment after your first +10. You were somewhere else. What helped you then?
#
# You needed (1) *that* you were paid, (2) *where* that was, and (3) where you are *now*, although many places look
# alike. Nobody gave you (2) and (3): you put them together from what you had seen and done. The agent must do the same.

# %% [markdown]
# ## How good is good?
#
# Two players mark the ends of the scale. One acts at **random**. The other is told the goal and takes the shortest path, a
# **planner**; it is not a fair competitor, as it need not search, but nobody can be better.
#
# **Before it runs:** in 60 steps of this maze, the random player earns about 8.

# %%
scale = widgets.Predict(
    "05-planner",
    "A player who always knows the way to the goal earns about:",
    ["20", "60", "170", "600"],
)
scale

# %%
generator = lesson.generator()
rooms = BatchedMaze(room, 500, generator)
by_chance = play(RandomPlayer(room, generator), rooms)  # (500,) reward of each episode
by_plan = play(Planner(room), rooms)

figure, ax = plt.subplots(figsize=(7, 2.6))
for earned, name, hatch in ((by_chance, "random", ""), (by_plan, "planner, told the goal", "//")):
    ax.hist(
        earned,
        bins=range(-10, 310, 8),
        alpha=0.7,
        hatch=hatch,
        label=f"{name}: {earned.mean():.0f} on average",
    )
ax.set(xlabel="reward of an episode of 60 steps", ylabel="episodes of 500")
ax.legend()
show(figure, alt="Histogram of rewards: at random nearly always below 30, the planner from about 100 to 290.")

# %%
scale.reveal(
    "170",
    "The goal is about 3.5 steps away on average, so it is found about 17 times. How often did you find it?",
)

# %% [markdown]
# Between the two lies everything that can be learned. Somebody who finds the goal once by chance, after 20 steps say, and then goes
# straight back, would earn about 120: once 10, and then 40 steps at 10 for every 3.5 of them.

# %% [markdown]
# ## What the agent is given to see
#
# Seventeen numbers. The paper's text speaks of the nine cells and the reward of the last step; the authors' *program* has a few more, and
# one of them deserves a look: the number of the step, **raw**, from 0 to 250. What the agent has just *done* is not among them.
# Their later, batched program is better, and so is ours:
#
# | numbers | "paper" (the first program) | "corrected" (ours, after the later program) |
# |---|---|---|
# | 0 to 8 | walls around | walls around |
# | reward of the last step | yes | yes |
# | time | step number, 0 to 250 | share of the episode, 0 to 1 |
# | last action | no | yes, one-hot |
# | a constant 1 | yes | yes |
# | a place that is never used (always 0) | yes | yes |

# %%
env = MazeEnv(size=5, episode_length=60)
env.reset(seed=SEED)
seen, reward, terminated, truncated, info = env.step(ACTIONS.index("left"))
names = [*(f"wall {place}" for place in range(9)), "-", "1", "time", "reward", *ACTIONS]
Table(
    ("what", "number"),
    [(n, f"{value:.2f}") for n, value in zip(names, seen, strict=True)],
    "After one step to the left",
)

# %% [markdown]
# These numbers go through a linear map into units with a $\tanh$. **Before it runs:** what does an input of 100 or 200 do
# there?

# %%
raw = widgets.Predict(
    "05-raw-time",
    "With the raw step number as an input, late in an episode most units of a fresh network:",
    ["work as with any other input", "are stuck near -1 or 1, whatever else is seen", "are silent, near 0"],
)
raw

# %%
figure, ax = plt.subplots(figsize=(7, 2.6))
for kind, dash in (("paper", "-"), ("corrected", "--")):
    world, generator = MazeEnv(observation=kind), lesson.generator()
    weight = (
        2 * torch.rand(100, 17, generator=generator) - 1
    ) * 17**-0.5  # (100, 17) as torch starts a layer
    (seen, _), stuck = world.reset(seed=SEED), []
    for _ in range(250):
        x = torch.tanh(weight @ torch.as_tensor(seen))  # (100,)
        stuck.append((x.abs() > 0.99).float().mean())
        seen, *_ = world.step(torch.randint(4, (1,), generator=generator).item())
    ax.plot(stuck, dash, label=f'"{kind}"')
ax.set(
    xlabel="step of the episode",
    ylabel="share of units",
    ylim=(0, 1),
    title="units beyond 0.99 on either side",
)
ax.legend()
show(
    figure,
    alt="With the raw step number nearly all units are saturated after a few dozen steps; with the corrected "
    "input hardly any.",
)

# %%
raw.reveal(
    "are stuck near -1 or 1, whatever else is seen",
    "A unit at the end of its tanh neither hears its other inputs nor passes a gradient.",
)

# %% [markdown]
# Their network may learn all the same: training can make that one weight small. But it starts with a handicap that the paper does not speak of. Here are **recorded runs** of the plastic network in the paper's maze, after 30,000 episodes, 3 % of the paper's million: with the seventeen numbers of the first program (the raw step, no last action), and with the corrected ones.

# %%
recorded = list(runs.recorded("maze", "long-*").values())  # with the corrected numbers, five seeds
raw_runs = list(runs.recorded("maze", "raw-*").values())  # with those of the first program, one seed
raw_reward, corrected = (
    reproduction.maze.rewards([r for r in found if r.config["network"] == "plastic"]).median
    for found in (raw_runs, recorded)
)
print(f"{raw_reward:.0f} with the first program's numbers (one seed), {corrected:.0f} with the corrected ones (five)")

# %% [markdown]
# Two things differ, the step and the last action, and one run is one run: how much each is worth, these numbers do not say. From here on we train with the corrected ones.

# %% [markdown]
# ## Slow learning: an actor and a critic
#
# How does one train an agent whose only teacher is an occasional +10? The idea of an **actor-critic** (A2C, *advantage
# actor-critic*):
#
# - the **actor** $\pi(a \mid s)$ gives a probability to each action;
# - the **critic** $V(s)$ says how much it expects to earn from here on;
# - what went *better than the critic expected* is made likelier, what went worse is made rarer.
#
# "To earn from here on" needs a number. A reward now is better than the same later, so what lies $k$ steps ahead counts $\gamma^k$; the paper's
# $\gamma$ is 0.9:
#
# $$R(t) = r(t) + \gamma\, r(t+1) + \gamma^2\, r(t+2) + \ldots = r(t) + \gamma\, R(t+1)$$

# %% [markdown]
# ### Exercise 1 · What was earned from here on
#
# *Difficulty ●●○○○ · about 7 minutes*
#
# What stands behind the last step? If nothing does, $R(T) = 0$ (the paper's choice). If the world went on and we merely stopped looking, the critic's
# own guess stands in for it: one *bootstraps*. `last_value` is whatever is right, one number an episode. Several episodes stand side by side: a row of
# `rewards` is one step of all of them.


# %%
def discounted_returns(rewards, last_value, gamma):
    """R(t) = r(t) + gamma * R(t+1): rewards (T, B), last_value (B,) stands for R(T), gamma -> returns (T, B)."""
    ### BEGIN SOLUTION
    returns, ahead = [], last_value  # (B,)
    for reward in reversed(rewards):
        ahead = reward + gamma * ahead  # (B,)
        returns.append(ahead)
    return torch.stack(returns[::-1])  # (T, B)
    ### END SOLUTION


discounted_returns = check.discounted_returns(discounted_returns)

# %% [markdown]
# Here are a life's rewards and its returns. See how a find lights up the steps that led to it, about as far back as one can
# walk in ten steps: this is how the actor is told that they were good.

# %%
rooms, player = BatchedMaze(room, 40, lesson.generator(3)), RandomPlayer(room, lesson.generator(4))
rooms.reset()
rewards = torch.stack([rooms.step(player(rooms))[1] for _ in range(60)])  # (60, 40)
lucky = (rewards > 1).sum(0).argmax()
returns = discounted_returns(rewards, torch.zeros(40), 0.9)[:, lucky]

figure, ax = plt.subplots(figsize=(7, 2.6))
ax.bar(range(60), rewards[:, lucky], color="0.6", label="reward r(t)")
ax.plot(returns, marker=".", label="return R(t), gamma = 0.9")
ax.set(xlabel="step t")
ax.legend()
show(
    figure,
    alt="Rewards of one random episode as bars, and the returns: before each find the return climbs step by "
    "step, after it drops.",
)

# %% [markdown]
# ### Exercise 2 · Actor and critic
#
# *Difficulty ●●●○○ · about 10 minutes*
#
# The loss has three parts, a mean over all steps and episodes:
#
# $$-\log \pi(a_t)\,\big(R_t - V_t\big) \;+\; c_V\,(V_t - R_t)^2 \;+\; c_p \sum_a \pi(a)^2$$
#
# - **Actor.** $R_t - V_t$ is the *advantage*. It is a plain number here: through it no gradient may reach the critic.
# - **Critic.** It learns to expect what really came.
# - **Penalty.** $\sum_a \pi(a)^2$ is 1 when the actor always does the same, 1/4 when all four actions are equally likely. An actor that is sure too
#   early never finds anything better. (The authors' program uses this; most others use the entropy.)
#
# Each step of each episode has **its own** $V_t$.


# %%
def a2c_loss(log_prob, probs, values, returns, critic, penalty):
    """log_prob, values, returns (T, B), probs (T, B, A), weights critic, penalty -> the loss, one number."""
    ### BEGIN SOLUTION
    advantage = returns - values.detach()  # (T, B)  better or worse than expected; no gradient reaches the critic here
    actor = -log_prob * advantage  # (T, B)
    error = (returns - values) ** 2  # (T, B)
    sure = (probs**2).sum(-1)  # (T, B)  1 for a single action, 1 / A for all alike
    return (actor + critic * error + penalty * sure).mean()
    ### END SOLUTION


a2c_loss = check.a2c_loss(a2c_loss)

# %% [markdown]
# Is this what the library trains with? Let an untrained network live through eight mazes, and compare your loss with the library's.

# %%
config = maze.Config.preset(PRESET, "plastic", seed=SEED)
network = maze.build(config)
rollout = maze.test(network, config.task, episodes=8, seed=SEED)
policy, values, _ = network(rollout.observation)
returns = discounted_returns(rollout.reward, torch.zeros(8), config.gamma)
mine = a2c_loss(
    policy.log_prob(rollout.action), policy.probs, values, returns, config.value_weight, config.penalty_weight
)
theirs, _ = maze.objective(config, network, rollout)
print(f"yours {mine.item():.5f}, the library's {theirs.item():.5f}")

# %%
# NBVAL_CHECK_OUTPUT
print("the same:", torch.allclose(mine, theirs, rtol=1e-3))

# %% [markdown]
# ## Fast learning: a life with a trace
#
# Now the agent itself. What it sees drives a layer of recurrent units; on these sit the policy and the value, two linear maps:
#
# $$x(t) = \tanh\big(x(t-1)\,[\,w + \alpha \circ \mathrm{Hebb}\,] + \mathrm{input}(t)\big), \qquad \pi = \mathrm{softmax}(x\,W_\pi), \qquad V = x\,W_V$$
#
# After each step the trace is written by Oja's rule (equation 3; pre is $x(t-1)$, post is $x(t)$):
#
# $$\mathrm{Hebb}_{ij} \leftarrow \mathrm{Hebb}_{ij} + \eta\; x_j(t)\,\big(x_i(t-1) - x_j(t)\,\mathrm{Hebb}_{ij}\big)$$
#
# Two memories, then: the **activities** $x$, which are overwritten at each step, and the **trace**, which stays. At the beginning of an
# episode both are empty. No gradient is computed while the agent lives.

# %% [markdown]
# ### Exercise 3 · A life, step by step
#
# *Difficulty ●●●●○ · about 12 minutes*
#
# Write the loop. `env` is a Gymnasium environment: `seen, info = env.reset()` begins, `seen, reward, terminated, truncated, info = env.step(action)` acts.
# `layer` has `weight`, `alpha`, `eta` and `input_map(seen)`, which takes a tensor (`torch.as_tensor(seen)`); `act(x)` gives an
# action. `weight[i, j]` leads from unit i to unit j. Stop when `terminated` or `truncated`. Keep the rewards, and return them as a tensor, with the last x and the last trace.


# %%
def live(env, layer, act):
    """One episode in env (Gymnasium): layer (weight, alpha, eta, input_map), act(x) an action -> rewards (T,), x, hebb."""
    ### BEGIN SOLUTION
    seen, _ = env.reset()
    x, hebb = torch.zeros(len(layer.weight)), torch.zeros_like(layer.weight)  # (N,), (N, N): a life begins with nothing
    rewards, over = [], False
    while not over:
        new = torch.tanh(x @ (layer.weight + layer.alpha * hebb) + layer.input_map(torch.as_tensor(seen)))  # equation 1
        hebb = hebb + layer.eta * new * (x[:, None] - new * hebb)  # (N, N)  equation 3: x is pre, new is post
        x = new
        seen, reward, terminated, truncated, _ = env.step(act(x))
        rewards.append(reward)
        over = terminated or truncated
    return torch.tensor(rewards), x, hebb
    ### END SOLUTION


live = check.live(live)


# %%
def lives(network, n, seed):
    """Total reward and last trace of `n` lives of a network, by your function."""
    env = MazeEnv(size=config.task.size, episode_length=config.task.episode_length)
    env.reset(seed=seed)
    generator = torch.Generator().manual_seed(seed)
    act = lambda x: torch.multinomial(network.decide(x).probs, 1, generator=generator).item()  # noqa: E731
    with torch.no_grad():
        every = [live(env, network.layer, act) for _ in range(n)]
    return torch.stack([rewards.sum() for rewards, _, _ in every]), every[-1][2]


earned, hebb = lives(network, n=lesson.choose(smoke=3, lesson=30), seed=SEED)
added = (network.layer.alpha * hebb).abs().mean() / network.layer.weight.abs().mean()
print(f"untrained: {earned.mean():.1f} reward a life; the trace adds about {added.item():.1%} to the weights")

# %% [markdown]
# An untrained agent wanders about, and its trace whispers: it says nothing yet that would be worth hearing. What to write, and how strongly to listen to
# it ($\alpha$, $\eta$), is for the slow learning to find out.

# %% [markdown]
# ## First, three small worlds
#
# Before an agent is sent into a maze for a minute, it should pass tests of seconds, each with a **known best result**, and each in need of
# something else:
#
# | world | what one must do | who fails it |
# |---|---|---|
# | bandit | one of three arms pays, a new one in each episode: try, then stay | who does not see its last action and reward |
# | recall | a symbol is shown; name it one step later | who does not carry its activities over |
# | T-maze | a side is shown; walk down a corridor; turn there | who is not credited for what it did before it was paid |
#
# One of the settings below is spoiled on purpose: with $\gamma = 0$ only the reward of the step itself counts. **Before it runs:**

# %%
spoiled = widgets.Predict(
    "05-probes",
    "In which world does an agent with gamma = 0 still do nearly as well as possible?",
    ["the bandit", "recall", "the T-maze", "in none"],
)
spoiled


# %%
def reach(kind, gamma):
    """Mean reward at the end of a short training, and the best there is."""
    start = dict(
        hidden=24, learning_rate=1e-2, weight=0.2, spread="normal", penalty="entropy", penalty_weight=0.02
    )
    setting = maze.Config.preset("smoke", "rnn", gamma=gamma, seed=SEED, **start)
    world = kind(64, lesson.generator())
    rewards = list(maze.practise(setting, world, updates=lesson.choose(smoke=3, lesson=110)))
    return sum(rewards[-10:]) / len(rewards[-10:]), world.best


rows = []
for kind, name in ((probes.Bandit, "bandit"), (probes.Recall, "recall"), (probes.TMaze, "T-maze")):
    (good, best), (bad, _) = reach(kind, gamma=0.95), reach(kind, gamma=0.0)
    rows.append((name, f"{good:.2f}", f"{bad:.2f}", f"{best:.2f}"))
Table(
    ("world", "gamma 0.95", "gamma 0", "best possible"),
    rows,
    "Reward of an episode after 110 updates of a network without plasticity",
)

# %%
spoiled.reveal(
    "recall",
    "Only there is the step that is paid the one that matters. In the T-maze the steps down the corridor "
    "pay nothing themselves, and in the "
    "bandit nobody is credited for finding out which arm pays.",
)

# %% [markdown]
# ## Train it
#
# Thirty mazes at a time, each with a goal of its own: live, look back, improve. The same for a network **without plasticity**, which
# has only its activities to remember with. And everything twice, from two seeds. Small maze, short training: this is not the paper's experiment but
# a sketch of it. It takes **about a minute**; the stop button ends the run that goes on and keeps what was learned.
#
# **Before it runs:** chance earns about 8, the planner about 170.

# %%
guess = widgets.Predict(
    "05-plastic-or-not",
    "At the end of this short training, the plastic network earns:",
    ["less than the other", "about the same", "clearly more than the other"],
)
guess

# %%
live_curve = widgets.LiveTraining("reward of an episode", metric="return", smooth=3)
live_curve

# %%
kinds, seeds = {"plastic": "plastic", "no plasticity": "rnn"}, (SEED, SEED + 1)
results = {}
for seed in seeds:
    for name, kind in kinds.items():
        setting = maze.Config.preset(PRESET, kind, seed=seed)
        on_record = live_curve.curve(f"{name}, seed {seed}")
        results[name, seed] = maze.run(setting, on_record=on_record, progress=False)

# %% [markdown]
# The curves show the mazes in which the networks were being trained. Here is a test with new mazes, and the interval that comes from the luck of the
# *episodes*:

# %%
episodes = lesson.choose(smoke=20, lesson=500)
trained = {run: maze.restore(result) for run, result in results.items()}
tests = {run: maze.test(network, config.task, episodes, seed=1000) for run, network in trained.items()}


def interval(values):
    """Mean, and 1.96 standard errors to either side."""
    return f"{values.mean():.1f} ± {1.96 * values.std() / len(values) ** 0.5:.1f}"


rows = []
for (name, seed), test in tests.items():
    rows.append(
        (f"{name}, seed {seed}", interval(test.total), f"{config.task.finds(test.reward).sum(0).float().mean():.1f}")
    )
Table(("trained network", "reward of an episode", "finds"), rows, f"{episodes} new mazes each")

# %%
earned = {name: [tests[name, seed].total.mean().item() for seed in seeds] for name in kinds}
plastic, ordinary = earned.values()
outcome = "clearly more than the other" if min(plastic) > 1.1 * max(ordinary) else "about the same"
outcome = "less than the other" if max(plastic) < 0.9 * min(ordinary) else outcome
guess.reveal(
    outcome, " and ".join(f"{p:.0f} against {o:.0f}" for p, o in zip(plastic, ordinary, strict=True)) + "."
)

# %% [markdown]
# **Count the seeds.** The interval in the table says how sure we are of a trained *network*. How much do networks of a kind differ? Compare the two
# rows of each kind: they can differ by more than the intervals say. Two runs each are a sketch, not a proof: that both of one kind come out above both of the other
# happens by chance alone once in three times.

# %% [markdown]
# ## Does it learn within an episode?
#
# A higher total could come from a better way of wandering about, without any memory. The test: **do later steps bring more than earlier
# ones?** All begin in the centre, knowing nothing. Here is the mean reward a step, in blocks of the episode.

# %%
blocks = 6


def in_blocks(lived, alt):
    """The mean reward a step in each block of an episode, a line for each name in `lived`, with intervals."""
    figure, ax = plt.subplots(figsize=(7, 3))
    for (name, test), dash in zip(lived.items(), ("-", "--"), strict=True):
        by_block = torch.stack([part.mean(0) for part in test.reward.chunk(blocks)])  # (blocks, episodes)
        error = 1.96 * by_block.std(1) / episodes**0.5
        x = range(1, len(by_block) + 1)
        ax.errorbar(x, by_block.mean(1), error, linestyle=dash, marker="o", capsize=3, label=name)
    ax.set(xlabel="sixth of the episode", ylabel="reward a step", ylim=(0, None))
    ax.legend()
    return show(figure, alt=alt)


in_blocks(
    {name: tests[name, SEED] for name in kinds},
    "Mean reward a step in each sixth of the episode, for the plastic network and the one without "
    "plasticity, with intervals.",
)

# %% [markdown]
# A line that climbs is learning in a life, with no gradient anywhere. Both may climb: activities remember, too. What plasticity is worth is how much higher its line gets. (A line that climbs from the first to the second block alone can also mean that
# the goal is never near the start.)

# %% [markdown]
# ## Is it the trace?
#
# Take the trained plastic network, and let it live by *your* function: once as it is, once **deaf** to its trace, $\alpha = 0$. **Before it
# runs:** the deaf one keeps all its weights, and its activities still remember.

# %%
deafness = widgets.Predict(
    "05-deaf",
    "Deaf to its trace, the trained plastic network earns:",
    ["about as much as before", "much less, because it had come to rely on the trace"],
)
deafness

# %%
hearing, deaf = trained["plastic", SEED], copy.deepcopy(trained["plastic", SEED])
with torch.no_grad():
    deaf.layer.alpha.zero_()
n = lesson.choose(smoke=3, lesson=60)
with_trace, _ = lives(hearing, n, seed=SEED)
without, _ = lives(deaf, n, seed=SEED)
Table(
    ("lives of the plastic network", "reward of an episode"),
    [("as it is", interval(with_trace)), ("deaf to its trace", interval(without))],
    f"{n} lives each, by your function",
)

# %%
much_less = without.mean() < 0.75 * with_trace.mean()
deafness.reveal(
    deafness.options[1 if much_less else 0],
    f"{with_trace.mean():.0f} with, {without.mean():.0f} without. A deaf network is not the same as one "
    f"that was trained "
    "without plasticity: that one had learned to do without.",
)

# %% [markdown]
# So the trained network *needs* its trace. And does it need it for *learning* in its life? The same test as before, in the same 500 mazes:

# %%
deaf_test = maze.test(deaf, config.task, episodes, seed=1000)
in_blocks(
    {"as it is": tests["plastic", SEED], "deaf to its trace": deaf_test},
    "Mean reward a step in each sixth of the episode, for the plastic network as it is and deaf to its "
    "trace, with intervals.",
)

# %% [markdown]
# Compare the first sixth with the last, line by line. If only the upper line climbs, what it gains in a life comes through the trace. What the trace *holds* is another question: the way to the goal, or merely something that belongs to the weights in every maze? A trace from another maze would tell. (An experiment for you: give your `live` a first trace.)

# %% [markdown]
# ## Watch them
#
# The same maze and the same goal for both. Orange cells were visited, the line is the last steps, G is the goal. Below: what the
# trace has added to the weights so far, and what each network expects to earn.
#
# - Find the first payment. What happens to the trace, and to the value, in the next steps?
# - From where the plastic one is put down, does it go straight back?
# - What does the other one do instead? (The paper: "simple RNNs get stuck on a sub-optimal strategy".)
# - Take another goal. Is there one that is never found? In a single maze the other network may well win: that is why the table above has 500.

# %%
stepper = widgets.MazeStepper({name: trained[name, SEED] for name in kinds}, config.task, seed=SEED)
stepper

# %% [markdown]
# ## A bug hunt
#
# Reinforcement learning hides bugs well: nothing crashes, the curve rises, only less. These three are real, from published programs. Each cell runs as it
# is. Find what is wrong, mend it, and let the check run it.

# %% [markdown]
# ### Bug 1 · Walking out of a wall
#
# *Difficulty ●○○○○ · about 4 minutes*
#
# A later version of this maze, used in another paper, puts the agent down with these lines.


# %%
def teleport(walls, goal, generator):
    """A free cell other than the goal, each equally likely: walls (S, S) bool, goal (row, column) -> (row, column)."""
    ### BEGIN SOLUTION
    ### STUB: while True:
    ### STUB:     row, column = torch.randint(len(walls), (2,), generator=generator).tolist()
    ### STUB:     if (row, column) != goal:
    ### STUB:         return row, column
    while True:
        row, column = torch.randint(len(walls), (2,), generator=generator).tolist()
        if not walls[row, column] and (row, column) != goal:
            return row, column
    ### END SOLUTION


teleport = check.teleport(teleport)

# %% [markdown]
# ### Bug 2 · Whose expectation?
#
# *Difficulty ●●○○○ · about 4 minutes*
#
# From the authors' batched programs, in which the value head gives `values` of shape (T, B, 1). In the first program the batch was one episode, and the line was right.


# %%
def own_advantage(returns, values):
    """How much better than expected: returns (T, B), values (T, B, 1) from the value head -> (T, B)."""
    ### BEGIN SOLUTION
    ### STUB: return torch.stack([returns[t] - values[t][0] for t in range(len(returns))])
    return torch.stack([returns[t] - values[t].squeeze(-1) for t in range(len(returns))])
    ### END SOLUTION


own_advantage = check.own_advantage(own_advantage)

# %% [markdown]
# How much does that one index cost? Compare the size of the advantages that the actor learns from, on the plastic network you have trained. (The
# smaller they are, the less noise in the gradient. With no baseline at all they are the returns themselves.)

# %%
with torch.no_grad():
    rollout = tests["plastic", SEED]
    values = trained["plastic", SEED](rollout.observation)[1][..., None]  # (T, B, 1)
returns = discounted_returns(rollout.reward, torch.zeros(episodes), config.gamma)


def size(advantage):
    """Root mean square."""
    return advantage.square().mean().sqrt().item()


own = size(own_advantage(returns, values))
others = statistics.mean(size(returns - values[:, k]) for k in range(10))  # an episode's for all, ten times
constant, none = size(returns - returns.mean()), size(returns)
rows = [("each its own", own), ("one episode's for all (mean of ten)", others)]
rows += [("a constant, the mean return", constant), ("no baseline at all", none)]
verdict = "no better than a constant" if others > 0.98 * constant else "better than a constant"
Table(
    ("baseline", "size of the advantages"),
    [(name, f"{value:.2f}") for name, value in rows],
    f"Root mean square. Here a baseline of somebody else is {verdict}",
)

# %% [markdown]
# ### Bug 3 · One alpha for each connection
#
# *Difficulty ●○○○○ · about 4 minutes*
#
# From a re-implementation inside a research library. Remember equation 1.


# %%
def plastic_input(x, weight, alpha, hebb):
    """The sum in equation 1, in a batch: x (B, N), weight, alpha (N, N), hebb (B, N, N) [pre, post] -> (B, N)."""
    ### BEGIN SOLUTION
    ### STUB: effective = weight + alpha @ hebb  # (B, N, N)
    ### STUB: return torch.einsum("bi,bij->bj", x, effective)
    effective = weight + alpha * hebb  # (B, N, N)
    return torch.einsum("bi,bij->bj", x, effective)
    ### END SOLUTION


plastic_input = check.plastic_input(plastic_input)
check.progress("maze")

# %% [markdown]
# None of the three raises an error, and with each of them something is learned. What would have shown them? Tests with *small known answers* (a maze with one free
# cell; a batch of two that must not influence each other), and one eye on shapes.

# %% [markdown]
# ## In the paper's maze
#
# The paper: a maze of 9 x 9 cells, 250 steps, a million episodes. Its figure 6 shows about 150 for the plastic network and about 50 for
# the one without plasticity, which has stopped improving by then (medians; read off the figure, first version of the paper).
#
# That is too long for a lesson, and for one core. Here are **recorded runs** in the same maze, with the corrected observation and 30
# mazes an update. Five seeds of each kind of network, and each kind at the learning rate at which *it* did best in runs of other seeds (the plastic one at its second best: at the best one run in four diverged). A kind that is trained
# at another's best rate may lose for no other reason. (`tlteach run maze --preset long --network KIND --seeds 0 1 2 3 4 --record` makes them.)
#
# Three kinds are new to you:
#
# - **one shared alpha**: every connection has its own weight still, but all listen to their traces alike;
# - an **LSTM**, about as many parameters. Its cells are a memory, too, made by gradient descent alone. The paper did not run one in the maze;
# - **neuromodulated** (the authors' follow-up paper): the network itself decides at each step how strongly to write,
#   $\mathrm{Hebb}_{ij} \leftarrow \mathrm{clip}\big(\mathrm{Hebb}_{ij} + M_j(t)\, x_i(t-1)\, x_j(t)\big)$, where $M(t)$ is computed from the
#   activities. It could write just after it was paid.
#
# **Before it runs:** and the LSTM?

# %%
rival = widgets.Predict(
    "05-lstm",
    "At the end of the recorded runs, against the plastic network the LSTM earns:",
    ["clearly less", "so much the same that five seeds cannot tell", "clearly more"],
)
rival

# %%
longest = recorded[0].config["episodes"]
print(f"{len(recorded)} runs of {longest:,} episodes each: {longest / 1e6:.0%} of the paper's million")
show(
    maze.plot(recorded, smooth=0.06),
    alt="Recorded runs in the 9 by 9 maze: reward of an episode against training episodes, a line and a band "
    "over seeds for each kind "
    "of network. The table below gives the numbers at the end.",
)

# %% [markdown]
# Lines are medians, bands run from the lowest to the highest seed. Below: medians with quartiles, as in the paper, between the two ends of the scale
# in *this* maze, and the paper's test, **Wilcoxon's rank-sum test** (in scipy it bears the names of Mann and Whitney). It asks in how many of the 25 pairs of one plastic run and one other run
# the plastic one wins. If it wins all, chance alone would bring that about (one way or the other) in 0.8 % of cases; with 3 and 3
# runs no result at all could be surer than 10 %. That is why we count seeds.

# %%
reproduction.table("maze-networks")

# %%
def at_the_end(found):
    """Reward of an episode over the last twentieth of each run, as in the table."""
    return reproduction.maze.rewards(found).values


ends = {kind: at_the_end([r for r in recorded if r.config["network"] == kind]) for kind in maze.NETWORKS}
short = {
    "plastic": "plastic",
    "shared": "one shared alpha",
    "rnn": "no plasticity",
    "lstm": "LSTM",
    "modulated": "neuromodulated",
}


def against_plastic(kind):
    """What five seeds say of a kind of network and the plastic one: a choice of three, and the sentence."""
    test, middle = mannwhitneyu(ends["plastic"], ends[kind]), statistics.median(ends[kind])
    pairs = len(ends["plastic"]) * len(ends[kind])
    ahead = middle < statistics.median(ends["plastic"])
    choice = 1 if test.pvalue >= 0.05 else 0 if ahead else 2
    words = (
        "earns clearly less than plastic",
        "cannot be told from plastic",
        "earns clearly more than plastic",
    )[choice]
    wins = f"plastic wins {test.statistic:.0f} of {pairs} pairs, p = {test.pvalue:.3f}"
    return choice, f"{short[kind]} {words}: {wins}"


for kind in ("rnn", "shared", "lstm", "modulated"):
    print(against_plastic(kind)[1])
best = max(short, key=lambda kind: statistics.median(ends[kind]))
print(f"The highest median, {statistics.median(ends[best]):.0f}, is that of: {short[best]}")

# %%
choice, sentence = against_plastic("lstm")
rival.reveal(
    rival.options[choice],
    f"{sentence}. That is a fact about {longest:,} episodes, not about a million. In the authors' later "
    "curves of a similar maze, much longer ones, an LSTM starts slower than neuromodulated networks and "
    "comes near them.",
)

# %% [markdown]
# The paper compares plasticity with *nothing in its place*. Beside an LSTM the question is another one: is it plasticity that counts, or *some* memory that
# outlasts the activities? Which line above would you cite for your answer?
#
# Some curves fall in the middle of training and rise again, and calm down towards its end, where the learning rate falls to zero. Is a high rate the reason? It would be a good guess, and it is one: no run here tests it.
#
# Two lines may be a surprise. The best of all is a network without any plasticity: the LSTM, at the rate that suits it. In our first search for rates, which ended too early, it was given a third of that, and could not be told from the plastic one. So much can hang on how well a *rival* is tuned. (The paper has no LSTM in its maze.)
#
# And of those with traces, the network that decides for itself when to write is ahead of the one that writes all the time. Its paper is the authors' next one. Its rule differs in more than the $M$, though: nothing fades in its trace, which is cut off at its ends, while the plastic ones have Oja's rule. So the lead is that of the whole rule.

# %% [markdown]
# ### A million episodes, with the raw step number
#
# Those networks were given the corrected numbers, and a small part of the paper's episodes. Here are two more recorded runs in the same maze, for **as long as in the paper** and with the numbers of the *paper's* program: raw
# step, and no last action. (Still 30 mazes an update, at a rate that falls to zero; the paper has single mazes and a fixed rate.) The price of length: **one seed each**, at one learning rate for both.
#
# One seed is no evidence for an order of the two. What could it say about the paper's other sentence, that networks without plasticity *get stuck*? If the curve goes on rising, that one was not stuck. If it is flat, it may be stuck, or
# held by the falling rate: then look at the plastic one, which had the same rate.
#
# **Before it runs:**

# %%
stuck = widgets.Predict(
    "maze-stuck",
    "In the second half of the million episodes, the reward of the network without plasticity ...",
    ["falls", "stays about the same", "goes on rising"],
)
stuck

# %%
raw_step = {r.config["network"]: r for r in runs.recorded("maze", "1m-*-seed0").values()}
show(
    maze.plot(list(raw_step.values()), smooth=0.02),
    alt="Two recorded runs of a million episodes with the paper's observation: reward of an episode "
    "against training episodes, plastic and without plasticity.",
)


# %%
def around(r, share):
    """Mean reward of an episode in the twentieth of the run before a `share` of it is over, as in the table above."""
    return reproduction.maze.rewards([r], share).values[0]


shares, whole = (0.1, 0.25, 0.5, 0.75, 1.0), raw_step["plastic"].config["episodes"]
rows = [
    (short[kind], *(f"{around(raw_step[kind], share):.0f}" for share in shares), published)
    for kind, published in (("plastic", "about 150"), ("rnn", "about 50"))
]
columns = ("network", *(f"{share * whole:,.0f} episodes" for share in shares), "published, at the end")
Table(columns, rows, f"Reward of an episode, mean of the {0.05 * whole:,.0f} episodes before; one seed each")

# %%
def quarter(r, k):
    """Median reward of an episode in the k-th quarter of a run."""
    when, reward = r.metrics["episodes"] / r.metrics["episodes"][-1], r.metrics["return"]
    return statistics.median(reward[(when > (k - 1) / 4) & (when <= k / 4)].tolist())


(before, after), (then, now) = ([quarter(raw_step[kind], k) for k in (2, 4)] for kind in ("plastic", "rnn"))
stuck.reveal(
    stuck.options[1 + (now > 1.1 * then) - (now < 0.9 * then)],
    f"Medians of the second and of the last quarter: {then:.0f} and {now:.0f}, a factor of {now / then:.2f} ('about the "
    f"same' is: within a tenth); of the plastic one {before:.0f} and {after:.0f}. One seed of each, and part of a "
    "rise may be that the rate falls.",
)

# %% [markdown]
# Compare with the table of five seeds. *There* the plastic networks were clearly ahead, after three per cent of the episodes. *Here*, after all of them, the one plastic network is below both: below its own kind there, and below the one without plasticity here. Which sentence is wrong?
# None needs to be. Four things differ at once: the raw step number, the missing last action, the length, and the rate (both had 0.003; there the plastic networks had 0.001, as one of four runs diverged at 0.003); and a single run each may be an accident. If you had one more day of computing, which *one* of the four would you change first, and with how many seeds?
#
# Now the paper's sentences, all together: plastic networks outperform those without plasticity, and an alpha *for each connection* is crucial. What do our runs say about each? A † marks what we know of the paper from memory only; what makes a verdict "partly" stands in `REPRODUCTION.md`:

# %%
reproduction.table("maze")

# %% [markdown]
# ## Do the veterans learn within an episode?
#
# The same question as before, asked of recorded networks, of each kind the one in the middle of its five: does a later part of an episode bring more than an earlier one?

# %%
def middle(kind):
    """The run with the median reward of a kind."""
    found = [r for r in recorded if r.config["network"] == kind]
    return sorted(found, key=lambda r: reproduction.maze.rewards([r]).values[0])[len(found) // 2]


veterans = {name: maze.restore(middle(kind)) for kind, name in short.items()}
big = MazeTask()
lives_lived = {
    name: maze.test(network, big, lesson.choose(smoke=20, lesson=500), seed=SEED)
    for name, network in veterans.items()
}
figure, ax = plt.subplots(figsize=(7, 3.6))
for name, marker in zip(short.values(), "os^Dv", strict=True):
    reward = lives_lived[name].reward
    by_block = torch.stack([part.mean(0) for part in reward.chunk(10)])  # (10, episodes)
    error = 1.96 * by_block.std(1) / by_block.shape[1] ** 0.5
    ax.errorbar(range(1, 11), by_block.mean(1), error, marker=marker, capsize=3, label=name)
ax.set(xlabel="tenth of the episode (25 steps each)", ylabel="reward a step")
figure.legend(loc="outside lower center", ncols=3)
show(
    figure,
    alt="Mean reward a step in each tenth of an episode in the 9 by 9 maze, for one recorded network of each "
    "kind, with intervals.",
)

# %%
rows = [
    (name, f"{lived.reward[:25].mean():.2f}", f"{lived.reward[-25:].mean():.2f}", interval(lived.total))
    for name, lived in lives_lived.items()
]
columns = ("recorded network, median seed", "reward a step, first 25", "last 25", "reward of an episode")
Table(columns, rows, f"{lesson.choose(smoke=20, lesson=500)} new mazes each")

# %% [markdown]
# ## Watch the veterans
#
# One episode of 250 steps, the same maze and goal for all five. Orange cells were visited; the traces share one scale.
#
# - Take the step after the first payment. In which trace does something happen, and how large is it beside the others?
# - The LSTM has no trace. Where else could it keep the goal? (What it expects to earn, below, shows that it keeps something.)
# - Look at the paths between two payments late in the episode. Who walks straight, who circles? (Where nobody is paid twice, take another goal.)
# - One recorded network each is one seed each: take them as portraits, and the table above as the evidence.

# %%
veteran_stepper = widgets.MazeStepper(veterans, big, seed=SEED)
veteran_stepper

# %% [markdown]
# ## Summary
#
# - To come back to a goal one must put together *that* one was paid, *where* it was, and where one is *now*.
# - Slow learning (actor-critic, over many mazes) builds an agent; fast learning (activities and trace, in one maze) finds its goal.
# - In a life no gradient is computed. That it learns nevertheless shows in the reward of later steps; that the trained network needs its trace shows when it is deaf to it.
# - A reward curve rises with bugs, too. Test what you can with known answers.
# - One training run is one seed. Kinds of networks are compared over several, with intervals and a rank test.
#
# **Next:** lesson 6 turns to the second paper: sharing a *model* of the world between tasks.
#
# ## References
#
# - T. Miconi, J. Clune, K. O. Stanley: *Differentiable plasticity: training plastic neural networks with
#   backpropagation.* ICML 2018, [arXiv 1804.02464](https://arxiv.org/abs/1804.02464). Section 4.5 (first version: figure 6).
# - T. Miconi, A. Rawal, J. Clune, K. O. Stanley: *Backpropamine: training self-modifying neural networks with differentiable
#   neuromodulated plasticity.* ICLR 2019, [arXiv 2002.10585](https://arxiv.org/abs/2002.10585).
# - V. Mnih and others: *Asynchronous methods for deep reinforcement learning.* ICML 2016 (advantage actor-critic).
# - Y. Duan and others: *RL²: Fast reinforcement learning via slow reinforcement learning.* 2016, arXiv 1611.02779.
# - J. X. Wang and others: *Learning to reinforcement learn.* 2016, arXiv 1611.05763.

# %%
lesson.footer()
