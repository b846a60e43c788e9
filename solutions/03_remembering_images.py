# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   tlteach:
#     title: Remembering images
#     summary: Give every connection its own plasticity, let backpropagation set them, and find out what each is good for.
#     minutes: 70
#     prerequisites: [02_remembering_patterns]
#     paper: Miconi, Clune, Stanley (2018), section 4.2
# ---

# %% [markdown]
# # 3 · Remembering images
#
# In lesson 2 one shared $\alpha$ did as well as 2,601 of them. Was all that freedom for nothing?
#
# In lesson 2 any bit could be lost, so no connection had a reason to be special. Here two things are different. It is
# always a whole *half* that is lost: the network sees three pictures for a moment, then the top or the bottom half of one of
# them, and has to paint the rest. And they are pictures: a pixel resembles its neighbours. Backpropagation will find out which connections
# should learn fast, which ones slowly, and which ones *the other way round*, and you will find out why.
#
# > **When you are through, you can**
# >
# > - bring pictures to the form a network can remember, and clamp neurons to them;
# > - tell remembering from guessing, by comparing with answers that remember nothing;
# > - train a plastic network that completes pictures, and judge it on pictures withheld from training;
# > - read a learned matrix of plasticities, and test by experiment whether it owes its structure to the task or to the data;
# > - say when a plasticity of its own for each connection pays, and what the evidence is.
# >
# > **Prerequisites:** lesson 2.
# >
# > **Time:** about 70 minutes, four exercises. Two cells train networks; together they take two to three minutes.

# %% tags=["parameters"]
import os

PRESET = os.environ.get("TLTEACH_PRESET", "lesson")
SEED = 0

# %%
from copy import deepcopy
from statistics import median

import matplotlib.pyplot as plt
import torch

from tlteach import data, reproduction, runs
from tlteach.course import setup, widgets
from tlteach.course.exercises import check
from tlteach.experiments import images
from tlteach.plots import COLOURS, Table, matrix, show

lesson = setup(PRESET, SEED)

# %% [markdown]
# ## The pictures
#
# The paper uses small photographs (CIFAR-10). This page must run without a download, so its pictures are **made by a program**:
# overlapping shapes with shading and grain, in the proportions of natural pictures (their contrast falls with the fineness of detail as
# in photographs). Wherever a number comes from real photographs, it says so.

# %%
config = images.Config.preset(PRESET, "plastic", seed=SEED)
task, side = config.task, config.task.side
made = data.pictures("natural")
shown, withheld, source = images.pictures("natural", side)  # (M, side * side) each

figure, axes = plt.subplots(2, 6, figsize=(7, 2.5))
for ax, picture in zip(axes.flat, withheld, strict=False):
    ax.imshow(picture.view(side, side), cmap="gray", vmin=-1, vmax=1)
    ax.axis("off")
show(
    figure,
    alt="Twelve small grey pictures with light and dark shapes, edges and gentle shading, made by a program.",
)

# %%
print(
    f"{len(shown):,} pictures to train on, {len(withheld):,} withheld, {side} x {side} pixels. Source: "
    f"{source}"
)

# %% [markdown]
# ### Exercise 1 · Bring a picture to the network's range
#
# *Difficulty ●●○○○ · about 6 minutes*
#
# A neuron's activity lies between -1 and 1, and 0 means "nothing given". (An exact 0 in a picture counts as not given, as in the
# authors' program; it hardly ever occurs.) So brightness values of 0 to 765, the sum of red, green and blue, have to be
# moved and scaled: subtract the **picture's own** mean, then divide **what is left** by its largest absolute value, so that its
# strongest pixel becomes +1 or -1. A picture of one uniform grey has nothing to scale; add `1e-8` to what you divide by.


# %%
def normalise_picture(grey):
    """grey (S, S), any real numbers -> (S, S): mean 0, largest absolute value 1; an even picture becomes 0."""
    ### BEGIN SOLUTION
    centred = grey - grey.mean()
    return centred / (1e-8 + centred.abs().max())
    ### END SOLUTION


normalise_picture = check.normalise_picture(normalise_picture)

# %%
raw = torch.tensor(made.withheld[0].astype("float32"))  # (32, 32) brightness
ready = normalise_picture(raw)
print(f"before: {raw.min():.0f} to {raw.max():.0f}, mean {raw.mean():.0f}")
print(f"after: {ready.min():.2f} to {ready.max():.2f}, mean {ready.mean():.2f}")

# %% [markdown]
# ## An episode
#
# Three pictures, shown three times each, in a new order every time; each showing lasts 20 steps, with two blank steps after it. Then
# the cue: half of one of them, for three steps. Here is one episode, squeezed: a tile for each showing, then the cue, and
# what the network should answer.

# %%
episode = task.sample(1, lesson.generator(), withheld)
period = task.show_steps + task.gap_steps
tiles = [episode.inputs[i * period, 0] for i in range(task.n_cycles * task.n_images)]
tiles += [episode.inputs[-1, 0], episode.targets[0]]

figure, axes = plt.subplots(1, len(tiles), figsize=(8, 1.2))
titles = [f"{i * period}" for i in range(task.n_cycles * task.n_images)] + ["cue", "answer"]
for ax, tile, title in zip(axes, tiles, titles, strict=True):
    ax.imshow(tile.view(side, side), cmap="gray", vmin=-1, vmax=1)
    ax.set_title(title, fontsize=9)
    ax.axis("off")
show(
    figure,
    alt="The showings of an episode in a row, each with the step at which it begins, then the half picture "
    "and the whole.",
)

# %%
print(f"{task.n_steps} steps; the loss looks only at the last one")

# %% [markdown]
# ## Hard clamping
#
# In lesson 2 a given bit pushed its neuron with a force of 20, inside the tanh. That cannot work for pictures: a grey pixel of
# 0.3 would be pushed to 1. So the network of this lesson is **hard-clamped**. Where a pixel is given, the neuron *is* the pixel; only where
# none is given does equation 1 speak:
#
# $$x_j(t) = \begin{cases} \text{pixel}_j(t) & \text{where it is given} \\ \tanh\Big(\sum_i \big[w_{ij} + \alpha_{ij}\,\mathrm{Hebb}_{ij}(t)\big]\,x_i(t-1)\Big) & \text{elsewhere.}\end{cases}$$
#
# There is one more neuron, the bias, held at 1.

# %% [markdown]
# ### Exercise 2 · Clamp
#
# *Difficulty ●○○○○ · about 4 minutes*
#
# `summed` is what stands inside the tanh. `torch.where(condition, a, b)` takes from `a` where the condition is true and from
# `b` elsewhere.


# %%
def clamp_step(summed, picture, given):
    """One step's activities: summed (B, N) what arrives at each neuron, picture (B, N), given (B, N) bool -> (B, N)."""
    ### BEGIN SOLUTION
    return torch.where(given, picture, torch.tanh(summed))
    ### END SOLUTION


clamp_step = check.clamp_step(clamp_step)

# %% [markdown]
# Is that all the network does? Walk a new, untrained one through the episode above with your function and equation 2, one step
# at a time, and compare with the library's network.

# %%
untrained = images.build(config)
w, alpha, eta = (p.detach() for p in (untrained.layer.weight, untrained.layer.alpha, untrained.layer.eta))
x, hebb = torch.zeros(1, task.n_pixels + 1), torch.zeros(task.n_pixels + 1, task.n_pixels + 1)
bias = torch.ones(1, 1)
for picture, given in zip(episode.inputs, episode.clamp, strict=True):
    before, summed = x, x @ (w + alpha * hebb)
    x = clamp_step(
        summed, torch.cat([picture, bias], -1), torch.cat([given, bias.bool()], -1)
    ).float()  # equation 1, or the pixel
    hebb = hebb + eta * (torch.outer(before[0], x[0]) - hebb)  # equation 2

with torch.no_grad():
    library = untrained(episode)[-1]  # (1, N) what it shows at the last step

# %%
# NBVAL_CHECK_OUTPUT
print("the same to five digits:", torch.allclose(x[:, :-1], library, atol=1e-5))

# %% [markdown]
# ## What would a guess score?
#
# Before training, know your zero. Two answers that remember nothing:
#
# - **grey**: leave the lost half at 0, the mean;
# - **mirror**: turn the half that is given upside down. Neighbouring pixels resemble each other, so at the middle it should fit.

# %% [markdown]
# ### Exercise 3 · The error where it matters
#
# *Difficulty ●●○○○ · about 6 minutes*
#
# The mean squared error **over the lost pixels only**. (The given ones are right by construction, and would only dilute it.) Each picture
# may have lost a different number of pixels.


# %%
def lost_half_error(output, target, erased):
    """Mean squared error of each picture over its lost pixels: output, target (B, N), erased (B, N) bool -> (B,)."""
    ### BEGIN SOLUTION
    squared = (output - target) ** 2 * erased  # (B, N), 0 where nothing was lost
    return squared.sum(-1) / erased.sum(-1)  # (B,)
    ### END SOLUTION


lost_half_error = check.lost_half_error(lost_half_error)
check.progress("images")

# %%
batch = task.sample(lesson.choose(smoke=50, lesson=400), lesson.generator(1), withheld)
cue = batch.inputs[-1]
guesses = {"grey": cue, "mirror": images.mirror(cue, batch.erased, side)}
zero = {}
for name, guess in guesses.items():
    lost = lost_half_error(guess, batch.targets, batch.erased).mean().item()
    zero[name] = lost * task.n_pixels / 2  # summed over the pixels of a picture: the paper's loss
    print(f"{name:7s} {lost:.3f} for a lost pixel, {zero[name]:.1f} for a picture")

# %% [markdown]
# Mirror is about twice as bad as leaving it grey! Two numbers that have nothing to do with each other differ, squared, by twice what
# each of them differs from the mean; so the mirrored half is no better than any unrelated picture. From now on, **grey** is the zero.

# %%
memory = widgets.Predict(
    "images-before-training",
    "Before any training the network has weights and plasticities of about 0.01. Its error on a picture "
    "is ...",
    ["about that of grey", "far above grey", "far below grey"],
)
memory

# %%
errors = images.evaluate(untrained, task, withheld, lesson.choose(smoke=8, lesson=40), lesson.generator(2))
ratio = errors.mean().item() / zero["grey"]
memory.reveal(
    "far above grey" if ratio > 1.2 else "far below grey" if ratio < 0.8 else "about that of grey",
    f"{errors.mean():.1f}, {ratio:.2f} times the error of grey. The trace is all there, but nobody can "
    f"read it yet.",
)

# %% [markdown]
# ## Train it
#
# As in lesson 2: new episodes, the squared error at the last step, backpropagation through all the steps and all the traces,
# one step of Adam. Three networks see the same number of episodes: one with **an $\alpha$ for each connection**, one with
# **one $\alpha$ for all**, and one **without plasticity**. The test uses pictures that are never trained on.

# %%
pays = widgets.Predict(
    "images-alpha-each",
    "On pictures, an alpha for each connection is ...",
    ["better from the start", "worse at first, better later", "no better than one for all"],
)
pays

# %% [markdown]
# The cell takes **one to two minutes**. The stop button ends a run early and keeps what was learned.

# %%
live = widgets.LiveTraining("squared error of withheld pictures", metric="withheld_loss")
live

# %%
names = (
    images.LABELS
)  # of the networks, wherever they are shown: "plastic" is the one with an alpha per connection
results = {}
for kind in ("plastic", "shared", "rnn"):
    config = images.Config.preset(PRESET, kind, seed=SEED)
    results[kind] = images.run(config, on_record=live.curve(names[kind]), progress=False)

# %%
figure = images.plot(list(results.values()))
(ax,) = figure.axes
ax.axhline(zero["grey"], color="0.5", linewidth=1)
ax.text(0.02, zero["grey"], "grey guess", va="bottom", color="0.35", transform=ax.get_yaxis_transform())
ax.set_ylim(0, max(ax.get_ylim()[1], 1.1 * zero["grey"]))
show(
    figure,
    alt="Squared error of withheld pictures against training episodes for a network with an alpha per "
    "connection, for "
    f"one with a single shared alpha, and for one without plasticity. A line marks the grey guess, at "
    f"{zero['grey']:.0f}.",
)

# %%
first, final = ({n: r.metrics["withheld_loss"][i] for n, r in results.items()} for i in (0, -1))
behind, ahead = first["plastic"] > first["shared"], final["plastic"] < final["shared"]
pays.reveal(
    "no better than one for all"
    if not ahead
    else "worse at first, better later"
    if behind
    else "better from the start",
    f"After the first record {first['plastic']:.1f} against {first['shared']:.1f}, at the end "
    f"{final['plastic']:.1f} against "
    f"{final['shared']:.1f}. One number is found quickly; tens of thousands take longer, and go further. "
    f"One seed and a short "
    "run: the recorded runs below tell whether it lasts.",
)

# %% [markdown]
# ## Look at what it paints
#
# Four withheld episodes: the cue, the truth, and what each network answers. (The cell is folded: it only draws.)

# %% tags=["hide-input"]
networks = {names[kind]: images.restore(result) for kind, result in results.items()}
four = task.sample(4, lesson.generator(3), withheld)
with torch.no_grad():
    answers = {name: network(four)[-1] for name, network in networks.items()}
rows = {"cue": four.inputs[-1], "truth": four.targets, **answers}
errors = {
    name: lost_half_error(answer, four.targets, four.erased) for name, answer in answers.items()
}  # (4,) each
closest = [min(errors, key=lambda name: errors[name][k]) for k in range(4)]

figure, axes = plt.subplots(5, 4, figsize=(6, 7.6))
for line, (label, pictures) in zip(axes, rows.items(), strict=True):
    for k, (ax, picture) in enumerate(zip(line, pictures, strict=True)):
        ax.imshow(picture.view(side, side), cmap="gray", vmin=-1, vmax=1)
        ax.set(xticks=[], yticks=[], title=f"picture {k + 1}" if label == "cue" else "")
        ax.grid(False)
    line[0].set_ylabel(label)
show(
    figure,
    alt="Four withheld pictures: half as a cue, whole, and as completed by each network. Closest to the "
    "truth: "
    + ", ".join(f"in picture {k + 1} the network with {name}" for k, name in enumerate(closest))
    + ".",
)

# %%
rows = [(name, *(f"{e:.3f}" for e in each)) for name, each in errors.items()]
grey = lost_half_error(four.inputs[-1], four.targets, four.erased)
columns = ("network", *(f"picture {k + 1}" for k in range(4)))
Table(
    columns,
    [("grey guess", *(f"{e:.3f}" for e in grey)), *rows],
    "Mean squared error of a lost pixel in the four pictures above",
)

# %%
print("Closest to the truth:", ", ".join(f"{k + 1} {name}" for k, name in enumerate(closest)))

# %% [markdown]
# Does the picture agree with the curve? Not in every column, perhaps. Four pictures are no test: some lost halves can be guessed from
# the half that is given, without remembering anything, and the curve above is a mean over many.

# %% [markdown]
# ## Try to break it
#
# Pick three pictures (or upload some of your own), paint over a part of one, and watch it come back. Try these:
#
# - Cover a quarter, not a half. The network was only ever trained on halves.
# - Leave one thin strip. How much does it need to know which of the three is meant?
# - Choose three pictures that look alike.
# - Watch the network without plasticity. Does it do better for the picture that was shown last? (Lesson 2: activity alone can hold one.)
#
# The bench shows *your* three networks, and the two guesses from above.

# %%
bench = widgets.ImageBench(networks, withheld, task, source=source, seed=SEED)
bench

# %% [markdown]
# ## What did it learn?
#
# Structure takes time to show, so we look into a network of the recorded runs below: the same size as yours, trained on 40,000
# episodes of photographs. Neuron $i$ shows pixel $i$, counted row by row from the top left, so the first half of the rows and
# columns of each matrix is the top half of the picture.

# %%
recorded = {
    kind: list(runs.recorded("images", f"small-{kind}-*").values())[:3] for kind in results
}  # up to three seeds
veterans = {kind: [images.restore(result) for result in found] for kind, found in recorded.items()}
veteran, veteran_task = veterans["plastic"][0], images.Config.preset("small").task
w, alpha = (
    veteran.layer.weight.detach()[:-1, :-1],
    veteran.layer.alpha.detach()[:-1, :-1],
)  # without the bias neuron
size = veteran_task.side

figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.8))
matrix(left, w.numpy(), "weights w", 3 * w.std().item())
matrix(right, alpha.numpy(), "plasticity alpha", 3 * alpha.std().item())
show(
    figure,
    alt="The learned weights show little but a few diagonals near the middle. The plasticities show four "
    "quadrants, positive from one "
    "half of the picture to the other and slightly negative within a half, a bright diagonal, and a wide "
    "band near the middle.",
)

# %% [markdown]
# The weights are small and show little but stripes near the middle, 16 apart: a pixel and the ones above and below it. The plasticities are
# several times larger, and show **four quadrants**. Put numbers on them.

# %% [markdown]
# ### Exercise 4 · How plastic from here to there?
#
# *Difficulty ●●○○○ · about 6 minutes*
#
# The mean of `alpha` over all connections from some rows of the picture to some others. A picture `side` pixels wide has `side`
# neurons in a row, so its row $r$ is neurons $r \cdot \mathrm{side}$ to $(r + 1) \cdot \mathrm{side} - 1$. Rows are given as `(first, stop)`;
# `stop` does not belong to them, as in a slice.


# %%
def between(alpha, side, from_rows, to_rows):
    """Mean plasticity from some rows to others: alpha (side * side, side * side) [pre, post], rows (first, stop) -> float."""
    ### BEGIN SOLUTION
    (first, stop), (to_first, to_stop) = from_rows, to_rows
    block = alpha[first * side : stop * side, to_first * side : to_stop * side]
    return block.mean().item()
    ### END SOLUTION


between = check.between(between)
check.progress("images")


# %%
def quadrants(ax, alpha, side, title):
    """Draw alpha, with the mean plasticity of each of its quadrants as `between` finds it."""
    matrix(ax, alpha.numpy(), title, 3 * alpha.std().item())
    middle = side * side // 2
    halves = {"top": (0, side // 2), "bottom": (side // 2, side)}
    for a, (name, rows) in enumerate(halves.items()):
        for b, (other, other_rows) in enumerate(halves.items()):
            words = f"{name} to {other}\n{between(alpha, side, rows, other_rows):+.3f}"
            place = middle * (b + 0.5), middle * (a + 0.5)
            ax.text(
                *place,
                words,
                ha="center",
                va="center",
                bbox=dict(facecolor="white", edgecolor="none", alpha=0.85),
            )
    ax.axhline(middle - 0.5, color="black", linewidth=0.8)
    ax.axvline(middle - 0.5, color="black", linewidth=0.8)


figure, ax = plt.subplots(figsize=(5.4, 4.4))
quadrants(ax, alpha, size, "mean alpha of each quadrant")
show(
    figure,
    alt="The learned plasticities with the mean of each quadrant: positive across the halves, near zero or "
    "negative within.",
)

# %% [markdown]
# When the bottom is lost, the top half must tell it what to be: that is the quadrant *top to bottom*. (They all started at 0, give or
# take 0.01.)

# %% [markdown]
# Is this the structure of *pictures*, or of the *task*? Take the pictures away and see: shuffle the pixels of each picture, in an order of
# its own. Then no pixel says anything about any other, and the task is the same.

# %%
shuffling = widgets.Predict(
    "images-shuffled",
    "On pictures with shuffled pixels, is an alpha for each connection still better than one for all?",
    ["no: without structure one alpha is enough", "yes, but by less", "yes, by as much or more"],
)
shuffling

# %% [markdown]
# Two more networks, trained as before but on shuffled pictures. About **a minute**.

# %%
live_shuffled = widgets.LiveTraining("squared error of withheld pictures, shuffled", metric="withheld_loss")
live_shuffled

# %%
shuffled = {}
for kind in ("plastic", "shared"):
    config = images.Config.preset(PRESET, kind, data="shuffled", seed=SEED)
    shuffled[kind] = images.run(config, on_record=live_shuffled.curve(names[kind]), progress=False)

images.table([*list(results.values())[:2], *shuffled.values()])

# %%
gap = {}
for what, pair in (("pictures", results), ("shuffled", shuffled)):
    plastic, shared = (
        pair[kind].metrics["loss"][-10:].mean() for kind in ("plastic", "shared")
    )  # many episodes: less noise
    gap[what] = shared - plastic
shuffling.reveal(
    "no: without structure one alpha is enough"
    if gap["shuffled"] < 0.5
    else "yes, but by less"
    if gap["shuffled"] < 0.8 * gap["pictures"]
    else "yes, by as much or more",
    f"The shared alpha's training loss is higher by {gap['pictures']:.1f} on pictures, by "
    f"{gap['shuffled']:.1f} on shuffled ones (one seed each).",
)

# %%
yours, unstructured = (
    images.restore(each["plastic"]).layer.alpha.detach()[:-1, :-1] for each in (results, shuffled)
)

figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.2))
quadrants(left, yours, side, "yours, trained on pictures")
quadrants(right, unstructured, side, "yours, trained on shuffled pictures")
show(
    figure,
    alt="Plasticities of your own two networks with an alpha per connection, with the mean of each quadrant: "
    "both have the same four "
    "quadrants, on pictures and on shuffled ones.",
)

# %% [markdown]
# The quadrants are there without any pictures. They belong to the **task**: a whole half is lost, so connections across have another
# job than those within. That is what an $\alpha$ for each connection is good for, first of all. (The first draft of this lesson had
# it wrong, until a student shuffled the pixels.)
#
# How much of the gain is that? **Take the rest away.** Replace each quadrant of a recorded network's $\alpha$ by its mean: four numbers in
# the place of 65,536, everything else as it was, nothing trained again.

# %%
coarse = widgets.Predict(
    "images-quadrant-means",
    "An alpha per connection has a lower error than one shared alpha. With four numbers, of that gain "
    "there is left ...",
    ["less than a quarter", "a quarter to a half", "more than half"],
)
coarse

# %% [markdown]
# Two helpers, folded: the error after each test step, and a median with its range over the seeds.


# %% tags=["hide-input"]
@torch.no_grad()
def after_each_step(network, batch):
    """The error of a lost pixel after each test step: (steps, B)."""
    shown = network(batch)[-veteran_task.test_steps :]
    return torch.stack([lost_half_error(answer, batch.targets, batch.erased) for answer in shown])


def seeds(values, form="{:.3f}"):
    """Median and range of one number a seed."""
    low, middle, high = (form.format(float(value)) for value in (min(values), median(values), max(values)))
    return f"{middle} ({low} to {high})"


# %% [markdown]
# Each number is a median over up to three recorded networks of a kind, on the same episodes. About **ten seconds**.


# %%
def changed(network, change):
    """A copy of a trained network with other plasticities between the pixels: change(alpha (N, N)) -> (N, N)."""
    other = deepcopy(network)
    with torch.no_grad():
        alpha = other.layer.alpha[:-1, :-1]  # without the bias neuron
        alpha.copy_(change(alpha.clone()))
    return other


def to_means(alpha):
    """Each quadrant of alpha becomes its mean."""
    half = len(alpha) // 2
    for rows in (slice(None, half), slice(half, None)):
        for columns in (slice(None, half), slice(half, None)):
            alpha[rows, columns] = alpha[rows, columns].mean()
    return alpha


_, unseen, where = images.pictures("natural", size)
exam = veteran_task.sample(lesson.choose(smoke=20, lesson=300), lesson.generator(4), unseen)
versions = {names[kind]: veterans[kind] for kind in ("shared", "plastic")}
versions["the mean of each quadrant"] = [changed(network, to_means) for network in veterans["plastic"]]
errors = {
    name: [after_each_step(network, exam) for network in each] for name, each in versions.items()
}  # (steps, B) a seed
final = {name: [e[-1].mean().item() for e in each] for name, each in errors.items()}
caption = f"Median (lowest to highest) of {len(veterans['plastic'])} seeds; pictures: {where}"
Table(
    ("recorded networks", "error of a lost pixel"),
    [(name, seeds(each)) for name, each in final.items()],
    caption,
)

# %%
each, means, one = (
    median(final[name]) for name in (names["plastic"], "the mean of each quadrant", names["shared"])
)
share = (one - means) / (one - each)
coarse.reveal(
    "more than half" if share > 0.5 else "a quarter to a half" if share > 0.25 else "less than a quarter",
    f"{one:.3f} with one shared alpha, {means:.3f} with four numbers, {each:.3f} with all of them: "
    f"{share:.0%} of the gain is left. "
    "(The four were not trained as such; training them might bring more.)",
)

# %% [markdown]
# What, then, is left for the pictures?

# %%
band = widgets.Predict(
    "images-middle-band",
    "Which pixels of the top half have the strongest plastic connections to the lost bottom half?",
    ["the ones at the upper edge", "the ones next to the middle", "all about the same"],
)
band

# %%
def by_rows(alpha, side, to):
    """Mean plasticity from each row of the top half to the rows `to`."""
    return [float(between(alpha, side, (r, r + 1), to)) for r in range(side // 2)]


top, bottom = (0, size // 2), (size // 2, size)
by_row, within = by_rows(alpha, size, bottom), by_rows(alpha, size, top)
looks = {
    "recorded, photographs": (alpha, size, dict(color=COLOURS[0])),
    "yours, pictures": (yours, side, dict(color=COLOURS[0], alpha=0.45)),
    "yours, shuffled pictures": (unstructured, side, dict(color="white", edgecolor=COLOURS[0], hatch="////")),
}

figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
for k, (label, (values, n, look)) in enumerate(looks.items()):
    for ax, to in zip(axes, ((n // 2, n), (0, n // 2)), strict=True):
        places = [n // 2 - r + 0.27 * (k - 1) for r in range(n // 2)]  # 1 is next to the middle
        ax.bar(places, by_rows(values, n, to), width=0.25, label=label, **look)
for ax, title in zip(axes, ("to the other half", "to its own half"), strict=True):
    ax.axhline(0, color="0.3", linewidth=1)
    ax.set(xlabel="row, counted from the middle", title=title)
axes[0].set_ylabel("mean alpha")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
show(
    figure,
    alt="Mean plasticity of the connections from each row of the top half, to the other half and to its own, "
    "for a recorded network "
    "and for your own ones on pictures and on shuffled pictures. In the recorded network the row at the "
    "middle has the largest "
    "bars, upwards to the other half and downwards to its own; on shuffled pictures all rows are nearly "
    "alike.",
)

# %%
strongest = by_row.index(max(by_row))
band.reveal(
    "the ones next to the middle"
    if strongest == size // 2 - 1
    else "the ones at the upper edge"
    if strongest == 0
    else "all about the same",
    f"From row {strongest}: {by_row[strongest]:+.2f} to the other half. And the same pixels have "
    f"{within[strongest]:+.2f} to their own half.",
)
near, far = (
    between(alpha, size, (strongest, strongest + 1), rows)
    for rows in ((size // 2, size // 2 + 1), (size - 1, size))
)
print(f"from row {strongest} to the nearest row of the bottom half: {near:+.2f}, to the farthest: {far:+.2f}")
for label, (values, n, _) in looks.items():
    across = by_rows(values, n, (n // 2, n))
    print(f"{label}: {min(across):+.2f} to {max(across):+.2f} over the rows, to the other half")

# %% [markdown]
# Rows are counted from 0 at the upper edge here. Why the row at the middle? Not because it paints its neighbours: it reaches the farthest
# row of the other half too, as the first line says. But your network trained on shuffled pictures treats all rows nearly alike, as the last
# one says, so it has to do with pictures. (Yours, trained for a tenth of the time, has begun to tell the rows apart, and has no negative
# band yet.)
#
# And why *negative* to its own half? Such a connection has no effect while that half is given; it acts in the blank steps, and when its own
# half is the one that is lost. The paper's explanation: when the cue appears, the activity of the picture shown last still reverberates, and
# connections of the opposite sign clear it quickly. You can look for the same band in the paper's figure 4.
#
# That can be tested, and the network's own clock helps. At the **first** test step the lost half receives what all neurons did one step
# *earlier*, in the blank: only an echo. The cue reaches it at the second step. So, if the paper is right, without the negative band the
# echo is louder. At the first step that harms every picture but the last one, whose echo is the right answer.

# %%
echo = widgets.Predict(
    "images-negative-band",
    "Without the negative connections of the two middle rows to their own half, the error for a picture "
    "that was not the last is ...",
    [
        "higher at the first test step and at the last",
        "higher at the first, but not at the last",
        "the same at both",
        "lower",
    ],
)
echo


# %%
def without_band(alpha):
    """No negative plasticity from the rows next to the middle to their own half."""
    half = len(alpha) // 2
    for rows, own in (
        (slice(half - size, half), slice(None, half)),
        (slice(half, half + size), slice(half, None)),
    ):
        alpha[rows, own] = alpha[rows, own].clamp(min=0)
    return alpha


last_shown = exam.asked == exam.order[:, -1, -1]  # (B,) is the last picture of the last cycle asked for?
parts = {"the last picture": last_shown, "an earlier one": ~last_shown}
cut = "without the negative band"
errors[cut] = [after_each_step(changed(network, without_band), exam) for network in veterans["plastic"]]


def split(name, step):
    """Errors after a test step for the last picture and for an earlier one: a list for each, a number a seed."""
    return [[e[step][part].mean().item() for e in errors[name]] for part in parts.values()]


columns = [f"{when} step, {what}" for when in ("first", "last") for what in parts]
rows = [
    (name, *(seeds(each) for step in (0, -1) for each in split(name, step)))
    for name in (names["plastic"], cut)
]
caption = f"Error of a lost pixel, median (lowest to highest) of {len(veterans['plastic'])} seeds"
Table(("recorded networks", *columns), rows, caption)

# %%
(repeated, at_first), (_, at_last) = (
    [
        median(without) / median(with_it)
        for without, with_it in zip(split(cut, step), split(names["plastic"], step), strict=True)
    ]
    for step in (0, -1)
)
outcome = "lower" if min(at_first, at_last) < 0.95 else "the same at both"
outcome = "higher at the first, but not at the last" if at_first > 1.05 else outcome
outcome = "higher at the first test step and at the last" if min(at_first, at_last) > 1.05 else outcome
echo.reveal(
    outcome,
    f"It changes by {at_first - 1:+.0%} at the first step, and by {at_last - 1:+.0%} at the last. For the "
    f"last picture, which the echo "
    f"repeats, by {repeated - 1:+.0%} at the first step.",
)

# %% [markdown]
# So the band does what the paper says, it damps the echo; but after three steps with half a picture the network has got rid of the echo
# anyhow, and the answer that is scored hardly depends on the band. To find a structure, to explain it, and to show that it *matters* are
# three different things.
#
# Last, the bright diagonals. Average $\alpha$ over all pairs of pixels with the same **displacement**: how plastic is the connection
# from a pixel to the one two columns to its right and three rows down? The centre is a pixel's connection to itself.

# %% tags=["hide-input"]
reach = 5
grid = alpha.view(size, size, size, size)  # [from row, from column, to row, to column]
mean = torch.zeros(2 * reach + 1, 2 * reach + 1)
for dy in range(-reach, reach + 1):
    for dx in range(-reach, reach + 1):
        y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        inside = (y + dy >= 0) & (y + dy < size) & (x + dx >= 0) & (x + dx < size)
        y, x = y[inside], x[inside]
        mean[dy + reach, dx + reach] = grid[y, x, y + dy, x + dx].mean()

figure, ax = plt.subplots(figsize=(4.6, 3.8))
limit = mean.abs().max().item()
picture = ax.imshow(
    mean,
    cmap="RdBu_r",
    vmin=-limit,
    vmax=limit,
    extent=(-reach - 0.5, reach + 0.5, reach + 0.5, -reach - 0.5),
)
ax.set(xlabel="columns to the right", ylabel="rows down", title="mean alpha by displacement")
ax.grid(False)
figure.colorbar(picture, ax=ax, shrink=0.8)
show(
    figure,
    alt="Mean plasticity by displacement: a bright cross in the middle, a pixel itself and its four "
    "neighbours; along the same rows "
    "further away slightly negative; several rows up or down positive.",
)

# %% [markdown]
# A pixel and its four nearest neighbours form a bright cross: the diagonal of the matrix, and its thin companions one column and one row
# away. Farther up or down the connection tends to be positive again, because there the other half begins. All of this was found by gradient
# descent, from random numbers.

# %% [markdown]
# ## Forty thousand episodes, several seeds, real photographs
#
# Your runs were short, on made pictures, with one seed. Here are **recorded runs** on photographs (CIFAR-10, reduced to 16 x 16
# pixels): 40,000 episodes, and several seeds (the labels say how many). Lines are medians, bands run from the lowest to the highest
# seed. They were made with `tlteach run images --preset small --record`.

# %%
small = list(runs.recorded("images", "small-*").values())
print(small[0].provenance.data)
show(
    images.plot(small),
    alt="Recorded runs: squared error of withheld photographs against training episodes, for an alpha per "
    "connection, one "
    "shared alpha, and no plasticity. The shared alpha is lower in the first thousand episodes only.",
)

# %%
images.table(small)

# %% [markdown]
# Was anything learned by heart? Then the withheld loss would lie above the training loss, by more than the noise. Single records are
# noisy, the withheld loss above all (it is a mean over 40 episodes), so here is a longer stretch of the runs, with its noise.

# %%
images.withheld_table(small)

# %% [markdown]
# The network without plasticity has no trace, and still gets below grey. It may know what pictures look like; or it may, as in
# lesson 2, hold the *last* picture in its activity. The two can be told apart: ask for the last picture, and for an earlier one. Some pictures
# are easier than others, so count each error as a **share of the grey guess's** on the same pictures.
# (These networks learned from photographs, and are asked for made pictures. In both, grey is 0: the mean of a picture.)

# %%
holds = widgets.Predict(
    "images-last-picture",
    "Without plasticity, the error as a share of grey's, for the picture that was shown last against the "
    "earlier two, is ...",
    ["clearly lower", "about the same", "clearly higher"],
)
holds

# %%
errors[names["rnn"]] = [after_each_step(network, exam) for network in veterans["rnn"]]
grey = lost_half_error(exam.inputs[-1], exam.targets, exam.erased)  # (B,)
zeros = [grey[part].mean().item() for part in parts.values()]
of_grey = {
    name: [[e / g for e in each] for each, g in zip(split(name, -1), zeros, strict=True)] for name in errors
}
rows = [(name, *(seeds(each, "{:.2f}") for each in pair)) for name, pair in of_grey.items()]
caption = f"Error of a lost pixel as a share of the grey guess's, median (lowest to highest) of up to 3 seeds; pictures: {where}"
Table(("recorded networks", *parts), rows, caption)

# %%
last, earlier = (median(each) for each in of_grey[names["rnn"]])
holds.reveal(
    "clearly lower"
    if last < 0.9 * earlier
    else "clearly higher"
    if last > 1.1 * earlier
    else "about the same",
    f"{last:.2f} of grey's error against {earlier:.2f}. An earlier picture it cannot have kept: what it "
    f"gains on grey there comes from "
    "knowing what pictures look like. What it gains beyond that on the last one, it kept.",
)

# %% [markdown]
# ## The paper's own size
#
# Pictures of 32 x 32, so 1,025 neurons and two million parameters, at the paper's learning rate with one episode per update.
# Here is one seed of two networks for 10,000 episodes, recorded on one core of a CPU. (One seed cannot make a claim "reproduced" by our
# rules; it can agree with it or not.)

# %%
full = list(runs.recorded("images", "paper-*").values())
show(
    images.plot(full),
    alt="Recorded runs at 32 by 32 pixels: squared error of withheld photographs against training episodes "
    "for both networks.",
)

# %%
images.table(full)

# %% [markdown]
# Mind the two losses: is the one on withheld pictures the higher one here? At the very end, as the lines below say. But that is a mean
# over five records of 40 episodes, the same episodes for both networks. The last quarter of the runs tells more, with its noise. (There is
# little to be learned by heart: 10,000 episodes show 30,000 pictures out of 40,000.)

# %%
for result in full:
    training, held = (result.metrics[loss][-5:].mean() for loss in ("loss", "withheld_loss"))
    print(
        f"{names[result.config['network']]}: at the end {held:.1f} on withheld pictures, "
        f"{'above' if held > training else 'not above'} {training:.1f} on training pictures"
    )
images.withheld_table(full)

# %% [markdown]
# ### Paper says, we measured
#
# The claims of the paper's section 4.2, and what the recorded runs say about each. The rules behind the verdicts are written in
# `REPRODUCTION.md`, beside the numbers they were applied to.

# %%
reproduction.table("images")

# %% [markdown]
# The paper's figure shows ten seeds and does not say whether its pictures were withheld. Its published test program loads the
# withheld batch, and then, by a slip, draws its pictures from the training set. Here the two are kept apart.

# %% [markdown]
# ## Why hold a picture for twenty steps?
#
# A last look at the machinery. While a picture is held, nothing changes but the trace: every neuron is clamped. Once the neurons show the
# picture $x$, $k$ more steps turn equation 2 into
#
# $$\mathrm{Hebb} \leftarrow (1-\eta)^k\,\mathrm{Hebb} + \big(1 - (1-\eta)^k\big)\; x \otimes x ,$$
#
# where $x \otimes x$ is `torch.outer(x, x)`. So there is no deeper reason for twenty steps: they do what one step with a larger $\eta$ would do. The library uses
# this: a picture that is held is computed as **one** step, exactly, and that is why the experiment fits into this page.

# %%
trained = results["plastic"].metrics["eta"][-1]
kept = 1 - (1 - trained) ** (task.show_steps - 1)
print(
    f"eta = {trained:.4f}: {task.show_steps - 1} such steps replace {kept:.0%} of the trace, as one step "
    f"with eta = {kept:.2f} would"
)

# %% [markdown]
# ## Summary
#
# - A plasticity of its own for each connection pays where connections have different jobs. Most of that came from the *task* (a whole half is
#   lost), and an experiment with shuffled pixels told it apart from what came from the *pictures* (the band at the middle).
# - To find out what a structure is worth, take it away: four numbers, one a quadrant, keep more than half of the gain, and the negative
#   band, which does what it was thought to do, hardly changes the answer.
# - Freedom costs time: one shared $\alpha$ has most of its gain after a thousand episodes, and is overtaken.
# - A loss is worth as much as its zero: know what an answer scores that remembers nothing.
# - Hard clamping keeps given pixels exact, and makes most of an episode free to compute.
# - Test on withheld pictures. Even published code can mix them up.
#
# **Next:** lesson 4. One look is enough: learning a symbol from a single drawing.
#
# ## References
#
# - T. Miconi, J. Clune, K. O. Stanley: *Differentiable plasticity: training plastic neural networks with
#   backpropagation.* ICML 2018, [arXiv 1804.02464](https://arxiv.org/abs/1804.02464). Section 4.2, figures 4 and 5.
# - A. Krizhevsky: *Learning multiple layers of features from tiny images.* 2009 (CIFAR-10).
# - A. B. Lee, D. Mumford, J. Huang: *Occlusion models for natural images.* International Journal of Computer Vision 41, 2001
#   (why overlapping shapes make natural-looking pictures).

# %%
lesson.footer()
