"""A bug hunt: the line that kept the authors' program from learning anything once an image library had changed.

Their program divides each drawing by 255. The library that reads it began to return 1-bit drawings as bool, already 0
and 1; divided by 255 the network saw next to nothing, without any error (issue 8 of their repository).
"""

import torch

from tlteach.course.exercises.behaviour import Look, answer, describe, form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise


def load_drawings(raw):
    """Drawings in [0, 1]: raw of any shape, bool (False, True) or uint8 (0 to 255) -> floats; else a ValueError."""
    if raw.dtype == torch.bool:
        return raw.float()
    if raw.dtype == torch.uint8:
        return raw.float() / 255
    raise ValueError(f"expected drawings of type bool or uint8, got {raw.dtype}")


def _probe(dtype, *rows):
    name = str(dtype).removeprefix("torch.")
    return {f"raw ({name})": torch.tensor(rows, dtype=dtype, device="cpu")}


def _bits(*rows):
    return _probe(torch.bool, *rows)


def _bytes(*rows):
    return _probe(torch.uint8, *rows)


def _heard(look: Look) -> Look:
    """A refusal is something that the function answers here, whatever its words are."""

    def heard(function, raw):
        try:
            return look(function, raw)
        except ValueError:
            return {"answer": "a ValueError"}

    return heard


class Raised:
    """A refusal: compared by its class alone, shown with its words."""

    def __init__(self, error: Exception):
        self.error = error

    def __str__(self) -> str:
        words = f": {self.error}" if str(self.error) else ""
        return f"it raises {type(self.error).__name__}{words}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raised) and type(self.error) is type(other.error)

    __hash__ = None


def _refusal(function, raw):
    try:
        floats = function(raw)
    except ValueError as error:
        return {"what happens": Raised(ValueError(*error.args))}  # or one of its children
    except (TypeError, AssertionError, RuntimeError) as error:  # refused as well, but not as agreed
        if isinstance(error, NotImplementedError):
            raise
        return {"what happens": Raised(error)}
    if isinstance(floats, Exception) or (isinstance(floats, type) and issubclass(floats, Exception)):
        return {"what happens": "it returns an error instead of raising it"}
    return {"what happens": f"it returns {floats.tolist() if isinstance(floats, torch.Tensor) else describe(floats)}"}


FORM, ANSWER = _heard(form), _heard(answer)

PROPERTIES = [
    Property("it returns real numbers, as many as there are pixels", [_bits([1, 0]), _bytes([255, 0])], FORM),
    Property("a uint8 drawing goes from 0 to 1: ink stays 0, paper becomes 1", [_bytes([0, 255])], ANSWER),
    Property("a bool drawing goes from 0 to 1 as well", [_bits([0, 1]), _bits([0, 1], [1, 1])], ANSWER),
    Property("grey is kept: 51 of 255 is one fifth", [_bytes([0, 51, 255]), _bytes([102, 204])], ANSWER),
    Property(
        "what a number means depends on the type of the drawing alone, not on its values",
        [_bytes([0, 1]), _bytes([0, 0]), _bits([0, 0]), _bytes([51, 102])],
        ANSWER,
    ),
    Property(
        "anything else is refused: who knows whether 1.0 is white or nearly black?",
        [_probe(torch.float32, [0, 1]), _probe(torch.int64, [0, 255])],
        _refusal,
    ),
]

HINTS = [
    "Which numbers are paper in a bool drawing, and which in a uint8 one? What does the same division make of both?",
    "Let the type decide:\n\n"
    "    bool    False, True    ->  0, 1        already what we want, as floats\n"
    "    uint8   0 ... 255      ->  raw / 255\n"
    "    else                       raise ValueError(...)\n\n"
    "`raw.dtype == torch.bool` asks for the type, `raw.float()` makes floats.",
    "Three cases:\n\n    if the type is bool:    return raw as floats\n"
    "    if the type is uint8:   return raw as floats, divided by 255\n"
    "    otherwise:              raise a ValueError that says which type came",
]


def _refuse(raw):
    raise ValueError(f"type {raw.dtype}")


def _raises(kind):
    def refuse(raw):
        raise kind

    return refuse


def _variant(bits=lambda raw: raw.float(), whole=lambda raw: raw.float() / 255, other=_refuse):
    return lambda raw: {torch.bool: bits, torch.uint8: whole}.get(raw.dtype, other)(raw)


def _by_values(raw):
    return raw.float() / 255 if raw.max() > 1 else raw.float()


MUTANTS = [
    Mutant(
        "always divided by 255",
        lambda raw: raw / 255,
        "this is the bug itself: a bool drawing is already 0 and 1, and you make it 255 times too faint.",
    ),
    Mutant(
        "always divided by 255, others refused",
        _variant(bits=lambda raw: raw / 255),
        "a bool drawing is still divided by 255, though it is already 0 and 1. This is the bug.",
    ),
    Mutant(
        "never divided",
        lambda raw: raw.float(),
        "now the uint8 drawings go up to 255. Which of the two types has to be divided?",
    ),
    Mutant(
        "bool times 255",
        _variant(bits=lambda raw: raw.float() * 255),
        "the bool drawings come out as 0 and 255. They should end between 0 and 1, like the others.",
    ),
    Mutant(
        "inverted",
        _variant(bits=lambda raw: (~raw).float(), whole=lambda raw: 1 - raw.float() / 255),
        "ink and paper changed places. Ink, 0, stays 0.",
    ),
    Mutant(
        "stretched to its own maximum",
        lambda raw: raw.float() / raw.max(),
        "you divide by the largest value there is, so every drawing reaches 1 and a black one becomes nan.",
    ),
    Mutant(
        "told by its values",
        _by_values,
        "you look at the values instead of the type. A uint8 drawing of 0 and 1 is nearly black, not black and white.",
    ),
    Mutant(
        "told by its values, others refused",
        _variant(_by_values, _by_values),
        "you refuse the right types, but tell bool from uint8 by the values. A uint8 drawing may hold nothing above 1.",
    ),
    Mutant(
        "thresholded",
        _variant(whole=lambda raw: (raw > 127).float()),
        "you make everything black or white. Drawings that were reduced in size have grey edges: keep them.",
    ),
    Mutant(
        "whole division",
        _variant(whole=lambda raw: (raw // 255).float()),
        "`//` divides without remainder: all grey becomes 0. Use `/`.",
    ),
    Mutant(
        "divided by 256",
        _variant(whole=lambda raw: raw.float() / 256),
        "you divide by 256, but the largest uint8 is 255: paper would not quite be 1.",
    ),
    Mutant(
        "anything goes",
        _variant(other=lambda raw: raw.float() / 255),
        "bool and uint8 are right, but any other type passes too, divided by 255. Raise a ValueError: better no answer "
        "than a silent wrong one.",
    ),
    Mutant(
        "floats pass",
        _variant(other=lambda raw: raw.float()),
        "bool and uint8 are right, but any other type passes as it is. Raise a ValueError: a silent guess was the bug.",
    ),
    Mutant(
        "nothing for others",
        _variant(other=lambda raw: None),
        "bool and uint8 are right, but for any other type nothing comes back, and nobody hears of it. `raise` a "
        "ValueError.",
    ),
    Mutant(
        "the error returned",
        _variant(other=ValueError),
        "you hand the ValueError back as if it were an answer: `return` should be `raise`. Raised, it stops the "
        "program where the mistake is.",
    ),
    Mutant(
        "a TypeError",
        _variant(other=_raises(TypeError)),
        "you refuse with a TypeError. Who calls a function waits for the error that it promises: here a ValueError.",
    ),
    Mutant(
        "an assertion",
        _variant(other=_raises(AssertionError)),
        "you refuse with `assert`. That is for what cannot happen, and `python -O` leaves it out: raise a ValueError.",
    ),
    Mutant(
        "bool refused",
        _variant(bits=_refuse),
        "a bool drawing is refused. In torch its type is called `torch.bool`; a comparison with Python's `bool` is "
        "never true.",
    ),
    Mutant(
        "uint8 refused",
        _variant(whole=_refuse),
        "a uint8 drawing is refused. In torch its type is called `torch.uint8`; a string or numpy's type never equals "
        "it.",
    ),
    Mutant(
        "everything refused",
        _refuse,
        "both types are refused. In torch they are called `torch.bool` and `torch.uint8`: compare `raw.dtype` with "
        "these.",
    ),
]

exercise = Exercise(
    load_drawings,
    title="Bug hunt: why nothing was learned",
    difficulty=2,
    minutes=6,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
