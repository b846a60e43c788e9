# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   tlteach:
#     title: Connections that learn
#     summary: Hebb's rule, a trace that remembers, and a network whose connections go on learning while it runs.
#     minutes: 45
#     prerequisites: [00_start_here]
#     paper: Miconi, Clune, Stanley (2018), sections 2 and 3
# ---

# %% [markdown]
# # 1 · Connections that learn
#
# Train a neural network, and then its connections are frozen. Whatever it meets afterwards, they stay as they are.
#
# You are not like that. Somebody tells you a name; a minute later you still know it. Something in your brain
# changed within a second, and no teacher with a data set was needed for it.
#
# This lesson builds a network that can do the same. It has two ways of learning, one inside the other:
#
# | | when | what changes | by what |
# |---|---|---|---|
# | **slow** | over thousands of episodes | the weights $w$ and *how plastic each connection is*, $\alpha$ | backpropagation |
# | **fast** | within one episode | the Hebbian **trace** of each connection | a local rule, no teacher |
#
# > **When you are through, you can**
# >
# > - write the Hebbian update and Oja's update, and say when each of them forgets;
# > - write one step of a plastic network, and say in which order things happen in it;
# > - say what $w$, $\alpha$, $\eta$ and the trace each do, and which of them are learned by backpropagation;
# > - make a small network remember a pattern it has seen once.
# >
# > **Prerequisites:** lesson 0; Python and a little PyTorch; you know what a matrix product and a gradient are.
# >
# > **Time:** about 45 minutes, four exercises. Everything in here computes in seconds.

# %% tags=["parameters"]
import os

PRESET = os.environ.get("TLTEACH_PRESET", "lesson")
SEED = 0

# %%
import matplotlib.pyplot as plt
import torch

from tlteach.course import setup, widgets
from tlteach.course.exercises import check
from tlteach.plots import matrix, show

lesson = setup(PRESET, SEED)

# %% [markdown]
# ## Fire together, wire together
#
# In 1949 the psychologist Donald Hebb guessed how memories form: when one neuron takes part in firing another, the
# connection from the first to the second grows stronger.
#
# Take one connection. The neuron it comes from is called **pre**synaptic, with activity $x_i$; the neuron it
# leads to is **post**synaptic, with activity $x_j$. Let the connection carry a number, its **trace**
# $\mathrm{Hebb}_{ij}$: how much the two have been active together lately. The paper's rule (its equation 2) is a
# running average of their product:
#
# $$\mathrm{Hebb}_{ij}(t+1) \;=\; \eta\, x_i(t-1)\, x_j(t) \;+\; (1-\eta)\,\mathrm{Hebb}_{ij}(t) \tag{2}$$
#
# The number $\eta$ ("eta") says how fast it learns: the new product counts $\eta$, and what was there before
# keeps $1-\eta$ of itself. The presynaptic activity is one step older than the postsynaptic one, because it had to
# cause it.
#
# A whole network has a trace for each pair of neurons. We keep them in one matrix with rows for *pre* and columns for
# *post*, so all the products together are an **outer product**.

# %% [markdown]
# ### Exercise 1 · The Hebbian update
#
# *Difficulty ●○○○○ · about 5 minutes*
#
# Write equation 2 for all the connections at once. `torch.outer(a, b)` makes the matrix of products `a[i] * b[j]`.
# Return a new matrix: whoever gave you the old one may still need it.


# %%
def hebb_update(hebb, pre, post, eta):
    """The trace after one step (equation 2).

    hebb: (N, N) traces, [pre, post].   pre: (N,) activities one step ago.   post: (N,) activities now.
    """
    ### BEGIN SOLUTION
    return eta * torch.outer(pre, post) + (1 - eta) * hebb  # (N, N)
    ### END SOLUTION


hebb_update = check.hebb_update(hebb_update)

# %% [markdown]
# Did it not pass? Read what the check says: it shows the smallest case that went wrong. `check.hebb_update.hint()` in a
# new cell gives a nudge, and a bigger one the next time. You can go on in any case. The lesson then uses its own version.

# %% [markdown]
# ## One connection, over time
#
# Here is one connection for 60 steps. The two neurons fire together twice; in between, each fires once alone.
#
# **Before you run the next cells, decide:** how far does the trace get while they fire together?

# %%
climb = widgets.Predict(
    "trace-after-five",
    "With eta = 0.1, both neurons fire together for 5 steps. The trace is then about ...",
    ["0.1", "0.4", "0.5", "1"],
)
climb

# %%
pre, post = torch.zeros(60), torch.zeros(60)
pre[5:10], post[5:10] = 1.0, 1.0  # together
pre[20:24] = 1.0  # pre alone
post[30:34] = 1.0  # post alone
pre[42:47], post[42:47] = 1.0, 1.0  # together again


def follow(update, pre, post, eta):
    """The trace of a single connection at each step, starting from nothing."""
    hebb, history = torch.zeros(1, 1), []
    for x, y in zip(pre, post, strict=True):
        hebb = update(hebb, x.view(1), y.view(1), eta)
        history.append(hebb.item())
    return history


def draw(traces):
    """Activities above, traces below."""
    figure, (top, bottom) = plt.subplots(2, 1, sharex=True, height_ratios=[1, 2.2])
    top.eventplot([pre.nonzero().flatten(), post.nonzero().flatten()], lineoffsets=[1, 0], linelengths=0.7)
    top.set(yticks=[1, 0], yticklabels=["pre", "post"], ylim=(-0.6, 1.6))
    top.grid(False)
    for (name, history), dash in zip(traces.items(), ["-", "--"], strict=False):
        bottom.plot(history, dash, label=name)
    bottom.set(xlabel="step", ylabel="trace", ylim=(-0.03, 1))
    bottom.legend()
    return figure


show(
    draw({"Hebb, eta = 0.1": follow(hebb_update, pre, post, eta=0.1)}),
    alt="A connection's trace over 60 steps. It climbs to about 0.4 while both neurons fire, and shrinks at "
    "all other steps.",
)

# %%
climb.reveal(
    "0.4",
    f"It is 1 - 0.9 ** 5 = {1 - 0.9**5:.2f}: each step takes a tenth of the way that is left to 1. And in "
    f"silence, time alone "
    "makes it forget: at every step it keeps only 1 - eta of itself.",
)

# %% [markdown]
# ## How long does it remember?
#
# A large $\eta$ writes a strong trace at once. A large $\eta$ also forgets fast. Which one is best depends on how long
# the memory must last, and you can work that out.

# %% [markdown]
# ### Exercise 2 · What is left
#
# *Difficulty ●●○○○ · about 5 minutes*
#
# An empty trace sees its two neurons active together for one step (both 1), and then nothing for `delay` steps. How large
# is the trace then? Start from equation 2 with paper and pencil; the answer is one short formula.


# %%
def recall_strength(eta, delay):
    """The trace that one step of joint activity leaves after `delay` silent steps, starting from an empty trace."""
    ### BEGIN SOLUTION
    return eta * (1 - eta) ** delay
    ### END SOLUTION


recall_strength = check.recall_strength(recall_strength)

# %%
best = widgets.Predict(
    "best-eta",
    "The memory must last for 9 silent steps. Which eta leaves the largest trace?",
    ["0.01", "0.1", "0.5", "0.9"],
)
best

# %% [markdown]
# Now try it on the bench. It shows $\tanh(\alpha \cdot \text{trace})$ after each delay: `alpha` is how loudly the trace is heard
# (more of it below), `eta` is what counts here. The curves of your last settings stay behind, so that you can compare.

# %%
bench = widgets.MemoryBench()
bench

# %%
etas = torch.linspace(0.001, 0.999, 999)
after_nine = torch.tensor([recall_strength(eta, 9) for eta in etas.tolist()])
best.reveal(
    "0.1",
    f"The best of all is eta = {etas[after_nine.argmax()].item():.2f}. For a delay of d steps it is 1 / "
    f"(d + 1): "
    "set the derivative of your formula to zero.",
)

# %% [markdown]
# Keep this trade-off in mind. The network will have **one** $\eta$ for all its connections, and nobody will tell it how
# long it must remember. It will have to learn $\eta$, too.

# %% [markdown]
# ## A rival rule
#
# Hebb's running average has a rival, Oja's rule (the paper's equation 3):
#
# $$\mathrm{Hebb}_{ij}(t+1) \;=\; \mathrm{Hebb}_{ij}(t) \;+\; \eta\, x_j(t)\,\big(x_i(t-1) - x_j(t)\,\mathrm{Hebb}_{ij}(t)\big) \tag{3}$$
#
# Read it from the right. The bracket compares the input $x_i$ with what the trace already explains,
# $x_j\,\mathrm{Hebb}_{ij}$. The factor $x_j$ in front opens the gate.

# %% [markdown]
# ### Exercise 3 · Oja's update
#
# *Difficulty ●●○○○ · about 5 minutes*
#
# Write equation 3 for all connections at once. Look at the indices: `pre` runs along the rows, `post` along the columns.


# %%
def oja_update(hebb, pre, post, eta):
    """The trace after one step (equation 3).

    hebb: (N, N) traces, [pre, post].   pre: (N,) activities one step ago.   post: (N,) activities now.
    """
    ### BEGIN SOLUTION
    return hebb + eta * post * (pre[:, None] - post * hebb)  # (N, N)
    ### END SOLUTION


oja_update = check.oja_update(oja_update)

# %% [markdown]
# The same 60 steps again, with both rules. Before you run it: when does Oja's trace *shrink*?

# %%
shrinks = widgets.Predict(
    "oja-shrinks",
    "Oja's trace shrinks ...",
    ["in silence", "when pre fires alone", "when post fires alone", "never"],
)
shrinks

# %%
show(
    draw(
        {
            "Hebb": follow(hebb_update, pre, post, eta=0.1),
            "Oja": follow(oja_update, pre, post, eta=0.1),
        }
    ),
    alt="Hebb's trace shrinks at every step without joint firing. Oja's stays level in silence and when pre "
    "fires alone, "
    "and shrinks only when post fires alone.",
)

# %%
shrinks.reveal(
    "when post fires alone",
    "Post is active but this input did not cause it: the trace is contradicted, so it gives way. In "
    "silence the gate is shut: nothing changes at all.",
)

# %% [markdown]
# ## From a connection to a network
#
# Now the second half of the idea. Each connection has a fixed part and a plastic part (the paper's equation 1):
#
# $$x_j(t) \;=\; \tanh\Big(\sum_i \big[\,\underbrace{w_{ij}}_{\text{fixed}} + \underbrace{\alpha_{ij}\,\mathrm{Hebb}_{ij}(t)}_{\text{plastic}}\,\big]\; x_i(t-1) \;+\; u_j(t)\Big) \tag{1}$$
#
# $u_j$ is the drive from outside. The number $\alpha_{ij}$ ("alpha") says how much the connection listens to its own trace.
# With $\alpha = 0$ it is an ordinary connection. With a large $\alpha$ it is made of memory.
#
# In one step, two things happen, **in this order**:
#
# 1. the new activities $x(t)$ are computed with the trace as it is;
# 2. the trace is updated with $x(t-1)$ and $x(t)$.

# %% [markdown]
# ### Exercise 4 · One plastic step
#
# *Difficulty ●●●○○ · about 10 minutes*
#
# Put equations 1 and 2 together. Activities are row vectors, so $\sum_i x_i\,m_{ij}$ is `x @ m`.
# You may call your own `hebb_update`.


# %%
def plastic_step(x, hebb, weight, alpha, eta, drive):
    """One step of a plastic network: equation 1, then equation 2.

    x: (N,) activities one step ago.   hebb, weight, alpha: (N, N), [pre, post].   drive: (N,) input from outside.
    Returns the new activities (N,) and the new trace (N, N).
    """
    ### BEGIN SOLUTION
    x_new = torch.tanh(x @ (weight + alpha * hebb) + drive)  # (N,)   equation 1, with the old trace
    return x_new, hebb_update(hebb, x, x_new, eta)  # equation 2
    ### END SOLUTION


plastic_step = check.plastic_step(plastic_step)
check.progress("plasticity")

# %% [markdown]
# ## A memory, by hand
#
# Eight neurons, no fixed weights at all ($w = 0$), every connection equally plastic ($\alpha = 1$). We show them a pattern
# of +1 and -1 for three steps. Then two steps without input, after which we switch all neurons off for a moment, so that no
# activity is left and only the traces remain. Then we show **half** of the pattern, and nothing for the other neurons. A drive
# of 20 is as good as fixing a neuron: $\tanh(20) = 1$ to eight digits.

# %%
A = torch.tensor([1.0, 1, 1, 1, -1, -1, -1, -1])
B = torch.tensor([1.0, -1, 1, -1, 1, -1, 1, -1])
half = torch.tensor([1.0, 1, 0, 0, 1, 1, 0, 0])  # 1 where the cue still has the bit
silent = torch.zeros(8)


def play(drives, weight, alpha, eta, quiet_at=None):
    """Run an episode; before step `quiet_at` all activities are set to zero, but not the traces.

    Returns the activities (T, N) and the traces (T, N, N) after each step.
    """
    x, hebb, activities, traces = torch.zeros_like(drives[0]), torch.zeros_like(alpha), [], []
    for step, drive in enumerate(drives):
        if step == quiet_at:
            x = torch.zeros_like(x)
        x, hebb = plastic_step(x, hebb, weight, alpha, eta, drive)
        activities.append(x)
        traces.append(hebb)
    return torch.stack(activities), torch.stack(traces)


drives = [20 * A] * 3 + [silent] * 2 + [20 * half * A] * 3
x, hebb = play(drives, weight=torch.zeros(8, 8), alpha=torch.ones(8, 8), eta=0.3, quiet_at=5)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4))
matrix(left, torch.cat([x, A[None]]).T.numpy(), "activity of each neuron", limit=1)
left.set(xlabel="step (after the line: the pattern itself)", ylabel="neuron")
left.axvline(7.5, color="black", linewidth=2)
matrix(right, hebb[-1].numpy(), "the trace at the end")
show(
    figure,
    alt="The eight neurons show the pattern, echo it without input, and after being switched off complete it "
    "from its half. "
    "The trace is a block pattern: the outer product of the pattern with itself.",
)

# %% [markdown]
# When the half came, the four neurons that got nothing were silent for one step (white). Then they show the right bits: the
# others told them, through connections that did not exist eight steps ago.
#
# Scrub through the episode. Watch the trace appear at the *second* step, because a trace needs two activities in a row.
# Pick a connection to see its history.

# %%
scrubber = widgets.TraceScrubber(torch.zeros(8, 8), torch.ones(8, 8), hebb, x)
scrubber

# %% [markdown]
# ## Where it breaks
#
# One pattern was easy. Now show pattern A, then pattern B, and then half of A, this time without switching anything off. The half shares nothing with B: it agrees
# with B in just as many bits as it disagrees.

# %%
which = widgets.Predict(
    "two-patterns",
    "After A and then B, the network is given half of A. The missing bits will be ...",
    ["those of A", "those of B", "a mixture of both"],
)
which

# %%
both = [20 * A] * 3 + [silent] + [20 * B] * 3 + [silent] + [20 * half * A] * 3


def missing(x):
    """The last activities of the neurons that the cue left out, as +1 and -1."""
    return x[-1][half == 0].sign().int().tolist()


by_hand, _ = play(both, torch.zeros(8, 8), torch.ones(8, 8), eta=0.3)
print("wanted (A):    ", A[half == 0].int().tolist())
print("B has there:   ", B[half == 0].int().tolist())
print("network says:  ", missing(by_hand))

# %%
which.reveal(
    "those of B",
    "The neurons were still echoing B when the cue came, and B's trace is about four times as strong as "
    "A's. The echo feeds "
    "itself, and A is drowned. Yet A is in the trace: switch the neurons off before the cue "
    "(quiet_at=8), and it comes back.",
)

# %% [markdown]
# ## Let the gradient choose
#
# With our hand-made values, $w = 0$, $\alpha = 1$ and $\eta = 0.3$, the last pattern wins. Which values would serve for *any* two
# patterns, without a hand that switches the neurons off? Look at `plastic_step`
# again: it is sums, products and tanh. Every part of it can be differentiated. So we can ask how the error at the *end* of
# an episode depends on each $\alpha_{ij}$, through all the traces it shaped on the way. That is the paper's
# whole idea: **differentiable plasticity**.
#
# Do not take it on trust. Here is one such derivative, by backpropagation and by wiggling $\alpha_{02}$ a little:

# %%
def final_error(alpha):
    """How wrong the last step of the two-pattern episode is, as a function of alpha."""
    gentle = [drive.double() / 20 for drive in both]  # a weak drive, so that no neuron is saturated
    x, _ = play(gentle, torch.zeros(8, 8), alpha, eta=0.3)
    return (x[-1] - A).square().sum()


alpha = torch.full((8, 8), 0.3).double().requires_grad_()
(gradient,) = torch.autograd.grad(final_error(alpha), alpha)

wiggle = torch.zeros(8, 8).double()
wiggle[0, 2] = 1e-5
with torch.no_grad():
    slope = (final_error(alpha + wiggle) - final_error(alpha - wiggle)) / 2e-5
print(f"backpropagation {gradient[0, 2].item():+.8f}")
print(f"wiggling        {slope.item():+.8f}")

# %% [markdown]
# The same, digit for digit. Now the library's layer: `PlasticRNN` is your `plastic_step` in a loop, with $w$, $\alpha$ and
# $\eta$ as parameters, for many episodes at once. First let us see that it agrees with you:

# %%
from tlteach.plasticity import PlasticRNN

layer = PlasticRNN(8, 8, input_map=False)  # input_map=False: the input is the drive itself
output, state = layer(torch.stack(both)[:, None])  # (T, 1, 8): one episode
mine, _ = play(both, layer.weight, layer.alpha, layer.eta)
print("largest difference below 1e-5:", (output[:, 0] - mine).abs().max().item() < 1e-5)

# %% [markdown]
# And now train it. Each round draws 32 new episodes with two random patterns each, asks for one of them, and moves $w$,
# $\alpha$ and $\eta$ against the gradient. The patterns are new every time, so there is nothing to be learned by
# heart. The only way to do well is to become good at remembering.

# %%
from tlteach.tasks.patterns import PatternTask, bit_errors

task = PatternTask(n_bits=8, n_patterns=2, show_steps=3, gap_steps=1, test_steps=3)
generator = torch.Generator().manual_seed(SEED)
torch.manual_seed(SEED)
layer = PlasticRNN(8, 8, input_map=False)
optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)

errors = []
for _ in range(lesson.choose(smoke=30, lesson=1500)):
    episode = task.sample(32, generator)
    output, _ = layer(20 * episode.inputs)  # (T, 32, 8)
    loss = (output[-1] - episode.targets).square().sum(-1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    errors.append(bit_errors(output[-1].detach(), episode.targets).mean().item())

# %%
figure, ax = plt.subplots()
ax.plot(torch.tensor(errors).unfold(0, 10, 1).mean(-1))
ax.axhline(0.25, color="0.5", linewidth=1)
ax.annotate("chance: the missing bits are guessed", (0.3, 0.255), xycoords=("axes fraction", "data"))
ax.set(xlabel="update (32 episodes each)", ylabel="share of wrong bits", ylim=(0, 0.4))
show(figure, alt="The share of wrong bits falls from chance, one quarter, as the network is trained.")

# %% [markdown]
# Eight neurons are few for two patterns: many pairs of patterns share most of their bits, and then half of one hardly says
# which is meant. Lesson 2 takes fifty bits, and gets below one percent.
#
# Does the trained network pass the test that our hand-made one failed?

# %%
with torch.no_grad():
    trained, _ = layer(torch.stack(both)[:, None])
print("wanted (A):    ", A[half == 0].int().tolist())
print("network says:  ", missing(trained[:, 0]))
print(f"learned eta:    {layer.eta.item():.2f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
matrix(left, layer.weight.detach().numpy(), "weights w")
matrix(right, layer.alpha.detach().numpy(), "plasticity alpha")
show(figure, alt="The learned weights and plasticities of the eight neurons as two coloured matrices.")

# %% [markdown]
# ## Summary
#
# - The **trace** of a connection is a running average of how its two neurons were active together (equation 2). Oja's
#   variant (equation 3) forgets only where it is contradicted.
# - A plastic connection is $w + \alpha\,\mathrm{Hebb}$ (equation 1). The activities use the old trace; then the trace is
#   updated.
# - The trace starts from zero in every episode and changes within it, without a teacher. $w$, $\alpha$ and
#   $\eta$ change only between episodes, by backpropagation *through* the traces.
# - What backpropagation finds is not a memory but a way of remembering.
#
# **Next:** lesson 2 takes this to fifty bits and to a thousand, lets you break the network in three ways, and puts an
# RNN and an LSTM beside it.
#
# ## References
#
# - T. Miconi, J. Clune, K. O. Stanley: *Differentiable plasticity: training plastic neural networks with
#   backpropagation.* ICML 2018, [arXiv 1804.02464](https://arxiv.org/abs/1804.02464). Equations 1 to 3.
# - D. O. Hebb: *The Organization of Behavior.* Wiley, 1949.
# - E. Oja: *A simplified neuron model as a principal component analyzer.* Journal of Mathematical Biology 15, 1982.

# %%
lesson.footer()
