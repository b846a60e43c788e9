"""How long a trace remembers: equation 2 with nothing going on."""

import math

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise


def recall_strength(eta, delay):
    """What is left of one pair (pre = post = 1), written once into an empty trace, after `delay` silent steps."""
    return eta * (1 - eta) ** delay


def _probes(*pairs):
    return [dict(eta=eta, delay=delay) for eta, delay in pairs]


PROPERTIES = [
    Property("it returns one number", _probes((0.5, 1)), form),
    Property("right after writing, with delay = 0, the trace holds eta", _probes((0.5, 0), (0.25, 0), (1.0, 0))),
    Property("a silent step leaves (1 - eta) of the trace", _probes((0.25, 1), (0.75, 1))),
    Property("with eta = 1 the first silent step forgets everything", _probes((1.0, 1), (1.0, 3))),
    Property("every silent step again leaves (1 - eta) of what was there", _probes((0.5, 2), (0.25, 3), (0.1, 20))),
]

HINTS = [
    "Apply equation 2 by hand with pre = post = 1 to a trace of 0, then with pre = post = 0 again and again. What does "
    "one silent step do to the number you have?",
    "Equation 2 for one connection, h_new = (1 - eta) * h + eta * pre * post:\n\n"
    "    written:       h = eta * 1 * 1\n    a silent step: h = (1 - eta) * h\n\n"
    "Everything is a plain number here; `delay` counts the silent steps.",
    "As a loop:\n\n    strength = eta\n    `delay` times: strength = (1 - eta) * strength\n    return strength\n\n"
    "The loop is a power, if you like it shorter.",
]

MUTANTS = [
    Mutant(
        "one step too many",
        lambda eta, delay: eta * (1 - eta) ** (delay + 1),
        "the trace fades once too often: the step that writes the pair is not yet a silent one.",
    ),
    Mutant(
        "one step too few",
        lambda eta, delay: eta * (1 - eta) ** (delay - 1),
        "the exponent is one too small: after 0 silent steps nothing has faded yet, after 1 step once.",
    ),
    Mutant(
        "written whole",
        lambda eta, delay: (1 - eta) ** delay,
        "you started from 1. How much of the pair does equation 2 write into an empty trace?",
    ),
    Mutant(
        "powers of eta",
        lambda eta, delay: eta ** (delay + 1),
        "you multiplied by eta at every silent step. eta is what is lost; what is left?",
    ),
    Mutant(
        "linear decay",
        lambda eta, delay: eta * (1 - eta * delay),
        "you take away the same amount at every step. Each step takes a share of what is still there.",
    ),
    Mutant(
        "continuous decay",
        lambda eta, delay: eta * math.exp(-eta * delay),
        "exp(-eta * delay) is the limit for small eta. Here time goes in steps, each leaving exactly (1 - eta).",
    ),
    Mutant(
        "what is lost",
        lambda eta, delay: eta * (1 - (1 - eta) ** delay),
        "this is what the trace has lost. What is asked for is what is left.",
    ),
]

exercise = Exercise(
    recall_strength,
    title="How long a trace remembers",
    difficulty=2,
    minutes=5,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
