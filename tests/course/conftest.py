"""A throw-away lesson, and a checkout around it."""

import pytest

from tlteach.course.lessons import Checkout

SOURCE = '''\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   tlteach:
#     title: Doubling
#     summary: How to double a number.
#     minutes: 5
#     prerequisites: [counting]
#     paper: Euclid (300 BC)
# ---

# %% [markdown]
# # Doubling
#
# **Objectives.** Double a number. **Prerequisites.** Counting. **Time.** 5 minutes.

# %% tags=["parameters"]
import os

PRESET = os.environ.get("TLTEACH_PRESET", "lesson")
SEED = 0

# %% tags=["hide-input"]
class lesson:
    footer = staticmethod(lambda: None)


def checked(double):
    try:
        double(1)
    except NotImplementedError:
        if os.environ.get("TLTEACH_STRICT") == "1":
            raise
        return lambda x: x + x
    return double


# %% [markdown]
# ## Exercise: doubling
#
# *Difficulty 1 of 5, about 2 minutes.*

# %%
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x  # the secret
    ### END SOLUTION


double = checked(double)

# %%
def triple(x):
    ### BEGIN SOLUTION
    ### STUB: if x:
    ### STUB:     return x
    ### STUB: return 0
    return 3 * x  # the secret
    ### END SOLUTION


# %%
# NBVAL_CHECK_OUTPUT
double(21)

# %% [markdown]
# ## Summary
#
# Doubling is adding.
#
# ## References
#
# Euclid, *Elements*.

# %%
lesson.footer()
'''


@pytest.fixture
def source_text() -> str:
    return SOURCE


@pytest.fixture
def checkout(tmp_path) -> Checkout:
    """A checkout with one lesson, 01_doubling."""
    root = tmp_path / "checkout"
    (root / "solutions").mkdir(parents=True)
    (root / "solutions" / "01_doubling.py").write_text(SOURCE)
    return Checkout(root)
