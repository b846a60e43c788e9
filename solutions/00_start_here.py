# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   tlteach:
#     title: Start here
#     summary: What transfer learning is, how a lesson works, the map of the course, and whether your machine is ready.
#     minutes: 20
#     prerequisites: []
#     paper: ""
# ---

# %% [markdown]
# # 0 · Start here
#
# You can ride a bicycle. Somebody lends you a different one: heavier, with other gears. You wobble for ten seconds, and
# then you ride.
#
# A learning machine, given a new task, usually starts from nothing. It falls over ten thousand times, as if it had never
# seen a bicycle. **Transfer learning** asks what it could have kept from the bicycles before, and how.
#
# This course answers in two very different ways, each from a research paper that you will rebuild and check, experiment by
# experiment. No paper needs to be read first.
#
# > **When you are through, you can**
# >
# > - say what transfer learning is, in one sentence and with one plot;
# > - say what can be carried from one task to the next, and what each half of the course carries;
# > - work with a lesson: predict, write, check, explore, compare;
# > - find your way through the course, on a machine that you know is ready.
# >
# > **Prerequisites:** some Python; you have seen a neural network before.
# >
# > **Time:** about 20 minutes, one exercise. Everything in here computes in seconds.
#
# A notebook is a row of cells. **Shift + Enter** runs a cell and goes on to the next one. Run the two cells below now. The
# first holds the settings of the lesson: how much is computed, and where all randomness starts.

# %% tags=["parameters"]
import os

PRESET = os.environ.get("TLTEACH_PRESET", "lesson")
SEED = 0

# %%
import matplotlib.pyplot as plt
import torch

from tlteach.course import catalogue, doctor, setup, widgets
from tlteach.course.exercises import check
from tlteach.plots import show

lesson = setup(PRESET, SEED)

# %% [markdown]
# ## Is your machine ready?
#
# Each line is one thing that the course needs. If something is missing, the line says what to do about it. An orange line
# does not stop you.

# %%
doctor.report()

# %% [markdown]
# ## Transfer, in its smallest form
#
# Here is a room with 20 levers. One of them pays. You pull until you have found it. Then you go to the next room: 20 levers
# again, and again one pays. Sixty rooms.
#
# Somebody who **starts afresh** in every room finds the lever after 10.5 pulls on average (the middle of 1 to 20), in
# the last room as in the first.
#
# But suppose the rooms have something in common: some levers pay more often than others, in *every* room. The best one pays in
# half of the rooms, the next in a quarter, and so on. Nobody tells you which they are. Somebody who **carries experience over** can find that out, and get faster from room to room.
#
# That is the whole idea. *Tasks that share something* (the levers), *something carried over* (how often each has paid), and
# a gain that you can measure (pulls until success).

# %% [markdown]
# ## How a lesson works: predict
#
# Each lesson goes in small rounds. A round often begins with a guess. A wrong guess is worth as much as a right one: you
# will remember the answer. Nobody grades it; it is kept in your own folder, and the plot will show it to you again.

# %%
speed = widgets.Predict(
    "levers-speed",
    "After many rooms, how many pulls will experience need on average?",
    ["about 10", "about 5", "about 2", "exactly 1"],
)
speed

# %% [markdown]
# ## Write and check
#
# Then you write a small function. The cell has a stub; replace the line with `raise NotImplementedError`. Run it. The last
# line of the cell **checks** your function, and answers in one of four ways: not attempted, error, wrong, right.
#
# - If it is wrong, you see the smallest case in which it is.
# - `check.next_lever.hint()` in a new cell gives a hint; ask again for a bigger one. `check.next_lever.solution()` shows ours.
# - **You are never stuck.** While your function is not right, the lesson goes on with the library's.

# %% [markdown]
# ### Exercise 1 · Try first what paid before
#
# *Difficulty ●○○○○ · about 5 minutes*
#
# `wins[i]` counts how often lever `i` has paid in earlier rooms. `tried[i]` is True when you have already pulled it in this
# room. Return the number of the lever to pull next: of those not yet tried, the one that has paid most often. Of equals, take
# the first.


# %%
def next_lever(wins, tried):
    """The lever to pull next: wins (N,) numbers, tried (N,) of True and False -> its position as an int."""
    ### BEGIN SOLUTION
    score = torch.where(tried, -1, wins)  # a lever that was tried cannot win
    return score.argmax().item()
    ### END SOLUTION


next_lever = check.next_lever(next_lever)
check.progress("start")

# %% [markdown]
# ## Run, and see
#
# Now let both kinds of people visit 60 rooms. One visit proves nothing, so a few hundred pairs of them go. The line is their
# mean, the band a 95 % interval of that mean.
#
# The next cell holds the simulation; it is folded away, because nothing in it is needed to go on. Click on the blue bar to
# read it: your `next_lever` is called at its heart.

# %% tags=["hide-input"]
N_LEVERS, N_ROOMS = 20, 60
people = lesson.choose(smoke=20, lesson=300)


def pulls_until_paid(paying, wins):
    """How many pulls somebody with the experience `wins` needs in a room where lever `paying` pays."""
    tried = torch.zeros(N_LEVERS, dtype=torch.bool)
    while True:
        lever = next_lever(wins, tried)
        tried[lever] = True
        if lever == paying:
            return int(tried.sum())


def visit(paying_levers, carries_over, generator):
    """The number of pulls in each room."""
    wins, pulls = (
        torch.rand(N_LEVERS, generator=generator),
        [],
    )  # less than 1: a first preference without any reason
    for paying in paying_levers:
        pulls.append(pulls_until_paid(paying, wins))
        if carries_over:
            wins[paying] += 1
        else:
            wins = torch.rand(N_LEVERS, generator=generator)
    return pulls


def rooms(n, moved_at, generator):
    """Which lever pays in each of n rooms. Levers have a secret order; each pays half as often as the one before it.

    From room `moved_at` on, the order is turned round.
    """
    order = torch.randperm(N_LEVERS, generator=generator)
    place = torch.multinomial(0.5 ** torch.arange(N_LEVERS), n, replacement=True, generator=generator)  # (n,)
    place[moved_at:] = N_LEVERS - 1 - place[moved_at:]
    return order[place].tolist()


def experiment(moved_at=N_ROOMS):
    """Pulls (people, rooms) of those who start afresh and of those who carry over, in the same rooms."""
    generator = lesson.generator()
    visits = {"starts afresh": [], "carries over": []}
    for _ in range(people):
        paying_levers = rooms(N_ROOMS, moved_at, generator)
        for name in visits:
            visits[name].append(visit(paying_levers, name == "carries over", generator))
    return {name: torch.tensor(pulls).float() for name, pulls in visits.items()}


def draw(visits):
    """Mean and 95 % interval of the pulls in each room."""
    figure, ax = plt.subplots()
    for (name, pulls), dash in zip(visits.items(), ["--", "-"], strict=True):
        mean, half = pulls.mean(0), 1.96 * pulls.std(0) / people**0.5
        ax.plot(mean, dash, label=name)
        ax.fill_between(range(len(mean)), mean - half, mean + half, alpha=0.25)
    ax.set(xlabel="room", ylabel="pulls until it paid", ylim=(0, 18))
    ax.legend()
    return figure

# %%
same_house = experiment()
show(
    draw(same_house),
    alt="Pulls until success over 60 rooms. Starting afresh stays near ten and a half; carrying over falls "
    "to about two.",
)

# %%
last = same_house["carries over"][:, -20:].mean().item()
speed.reveal(
    "about 2" if last < 3.5 else "about 5",
    f"Over the last 20 rooms it was {last:.1f}. It cannot be 1: even who knows the odds must sometimes "
    f"pull twice.",
)

# %% [markdown]
# ## And when the world changes?
#
# After 40 rooms you move to another house. There the order is turned round: the levers that used to pay most pay least. You
# are not told.

# %%
moved = widgets.Predict(
    "levers-moved",
    "In the first rooms of the new house, experience is ...",
    ["still a help", "neither help nor harm", "worse than none"],
)
moved

# %%
two_houses = experiment(moved_at=40)
figure = draw(two_houses)
figure.axes[0].axvline(39.5, color="0.4", linewidth=1)
figure.axes[0].annotate("another house", (40, 16.5))
show(figure, alt="As before for 40 rooms; at the move, carrying over rises above starting afresh.")

# %%
fresh, carried = (two_houses[name][:, 40:43].mean().item() for name in ("starts afresh", "carries over"))
moved.reveal(
    "worse than none" if carried > fresh else "still a help",
    f"In the first three rooms: {carried:.1f} pulls with experience, {fresh:.1f} without. Experience "
    f"looks first where "
    "there is least to find. This is called negative transfer; lesson 9 is about noticing it in time.",
)

# %% [markdown]
# ## What can be carried over?
#
# In reinforcement learning an **agent** observes the world, acts, and is **rewarded** or not. It is to find the way of
# acting, its **policy**, that brings the most reward. A *task* is one world with one reward. Given many tasks that share
# something, an agent can carry over:
#
# | what is carried | in the levers | in this course |
# |---|---|---|
# | **a way of learning** | "count, and try first what paid" | lessons 1 to 5: connections that learn within an episode; how they learn was trained |
# | **a model of the world** | "lever 7 pays in half of the rooms" | lessons 6 to 9: a learned simulator in which a new policy practises before it acts |
# | **a starting point** | "begin at lever 7" | the rival methods that both are compared with |
#
# - **Lessons 1 to 5** rebuild *Differentiable plasticity* (Miconi, Clune and Stanley, 2018): networks whose connections go on
#   learning while they run.
# - **Lessons 6 to 9** rebuild *A model-based approach for sample-efficient multi-task reinforcement learning* (Landolfi, Thomas
#   and Ma, 2019): learn the world once, and warm up in it for each new task.

# %% [markdown]
# ## The map
#
# Point at a lesson, or go to it with the Tab key, to see what it teaches and how long it takes. Click to open it. A dashed
# lesson is still being written.

# %%
course = widgets.CourseMap(catalogue())
course

# %% [markdown]
# ## Explore and compare
#
# Two more things come back in every lesson. **Widgets** are there to be played with: drag, click, or use Tab and the arrow
# keys. And at the end stands a **comparison**: what the paper says, what you just measured, and, where a run would take
# hours, a *recorded run* that comes with the course, made with several seeds. Each of them says where it comes from.
#
# Some cells compute for a while. The text before them says how long. The stop button (■, above) ends a training run early
# and keeps what it has learned.
#
# ## Summary
#
# - Transfer learning: tasks share something; something learned is carried over; later tasks need less.
# - One can carry a way of learning, a model of the world, or a starting point.
# - When the shared thing changes, experience can be worse than none.
# - A lesson goes in rounds: predict, write, check, explore, compare. You are never stuck.
#
# **Next:** lesson 1, in which a connection learns.
#
# ## References
#
# - T. Miconi, J. Clune, K. O. Stanley: *Differentiable plasticity: training plastic neural networks with
#   backpropagation.* ICML 2018, [arXiv 1804.02464](https://arxiv.org/abs/1804.02464).
# - N. C. Landolfi, G. Thomas, T. Ma: *A model-based approach for sample-efficient multi-task reinforcement learning.* 2019,
#   [arXiv 1907.04964](https://arxiv.org/abs/1907.04964).
# - M. E. Taylor, P. Stone: *Transfer learning for reinforcement learning domains: a survey.* Journal of Machine Learning
#   Research 10, 2009.

# %%
lesson.footer()
