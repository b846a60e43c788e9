"""How well the missing half was painted: the pixels that were given cannot be wrong, and would only flatter."""

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def lost_half_error(output, target, erased):
    """Mean squared error over each picture's lost pixels: output, target (B, N), erased (B, N) bool -> (B,)."""
    squared = (output - target) ** 2 * erased  # (B, N), 0 where nothing was lost
    return squared.sum(-1) / erased.sum(-1)  # (B,)


def _probe(output, target, erased):
    return dict(output=tensor(*output), target=tensor(*target), erased=tensor(*erased).bool())


def _drawn(n_pictures, n_pixels):
    draw = Draw(n_pixels)
    erased = draw.signs(n_pictures, n_pixels) > 0
    erased[:, 0] = True  # every picture has lost something
    return dict(output=draw.halves(n_pictures, n_pixels), target=draw.halves(n_pictures, n_pixels), erased=erased)


ZEROS = [[0, 0], [0, 0]]

PROPERTIES = [
    Property("it returns one number per picture, of shape (B,)", [_probe(ZEROS, ZEROS, [[1, 0], [0, 1]])], form),
    Property("what was painted exactly right costs nothing", [_probe([[0.5, -1]], [[0.5, -1]], [[1, 0]])]),
    Property(
        "what is averaged are the squares of the errors",
        [_probe([[0.5, -1, 0]], [[0, 0, 0]], [[1, 1, 0]]), _probe([[0.5]], [[-1]], [[1]])],
    ),
    Property("a pixel that was given costs nothing", [_probe([[0, 1]], [[0, 0]], [[1, 0]])]),
    Property(
        "it is the mean over the lost pixels, however many there are",
        [_probe([[1, 0]], [[0, 0]], [[1, 0]]), _probe([[1, 0, 1]], [[0, 0, 0]], [[1, 1, 0]])],
    ),
    Property("every picture is judged by itself", [_probe([[1, 0], [0, 1]], ZEROS, [[1, 0], [1, 1]])]),
    Property("it agrees with the library on pictures drawn at random", [_drawn(1, 3), _drawn(2, 4)]),
]

HINTS = [
    "Half of the pixels are held at the right value. What would they do to a mean over all pixels? By how many pixels "
    "should you divide instead?",
    "For every picture b, with erased[b, j] as 1 or 0:\n\n"
    "    error[b] = sum over j of erased[b, j] * (output[b, j] - target[b, j])**2\n"
    "               divided by the sum over j of erased[b, j]                         (B,)\n\n"
    "A bool tensor counts as 1 and 0 in a product and in `.sum(-1)`.",
    "In three steps:\n\n    squared = the squares of output minus target, times erased    (B, N)\n"
    "    lost    = how many pixels of each picture are erased          (B,)\n"
    "    return    the sum of each row of squared, divided by lost",
]


def _variant(cost=lambda error: error**2, over=lambda cost, erased: (cost * erased).sum(-1) / erased.sum(-1)):
    def mutant(output, target, erased):
        return over(cost(output - target), erased)

    return mutant


MUTANTS = [
    Mutant(
        "over all pixels",
        _variant(over=lambda cost, erased: cost.mean(-1)),
        "you average over all pixels. Only the lost ones say what was remembered: use `erased`.",
    ),
    Mutant(
        "divided by all pixels",
        _variant(over=lambda cost, erased: (cost * erased).mean(-1)),
        "you add up the lost pixels, but divide by all of them. Divide by how many were lost, `erased.sum(-1)`.",
    ),
    Mutant(
        "the given half",
        _variant(over=lambda cost, erased: (cost * ~erased).sum(-1) / (~erased).sum(-1)),
        "you judge the pixels that were given. `erased` is true where a pixel was lost.",
    ),
    Mutant(
        "sum",
        _variant(over=lambda cost, erased: (cost * erased).sum(-1)),
        "you add up the errors. Divide by the number of lost pixels, so that pictures of any size compare.",
    ),
    Mutant(
        "sum over all pixels",
        _variant(over=lambda cost, erased: cost.sum(-1)),
        "you add up the errors of all pixels. It is a mean, and over the lost ones only.",
    ),
    Mutant(
        "one number",
        lambda output, target, erased: ((output - target) ** 2)[erased].mean(),
        "you return one mean over the whole batch. `x[erased]` forgets which picture a pixel came from; multiply by "
        "`erased` instead.",
    ),
    Mutant(
        "as many lost in every picture",
        lambda output, target, erased: ((output - target) ** 2)[erased].reshape(len(output), -1).mean(-1),
        "your rows hold equally many lost pixels, but pictures may lose more or fewer. Multiply by `erased` instead.",
    ),
    Mutant(
        "averaged over pictures",
        _variant(over=lambda cost, erased: ((cost * erased).sum(-1) / erased.sum(-1)).mean()),
        "you average over the pictures at the end. One error per picture is asked for, (B,).",
    ),
    Mutant(
        "summed over pictures",
        _variant(over=lambda cost, erased: (cost * erased).sum(0) / erased.sum(0)),
        "you sum over the first axis, the pictures, and return one number per pixel. Pixels are the last axis, -1.",
    ),
    Mutant(
        "shared number of lost pixels",
        _variant(over=lambda cost, erased: (cost * erased).sum(-1) / erased.sum()),
        "you divide by the lost pixels of all pictures together. Each picture has its own: `erased.sum(-1)`.",
    ),
    Mutant(
        "not squared",
        _variant(cost=lambda error: error.abs()),
        "you take the absolute error. The squared one punishes a few large mistakes more than many small ones.",
    ),
    Mutant(
        "signs kept",
        _variant(cost=lambda error: error),
        "you forgot the square. Errors of opposite sign cancel, and a bad answer looks like a good one.",
    ),
    Mutant(
        "squared too late",
        lambda output, target, erased: (((output - target) * erased).sum(-1) / erased.sum(-1)) ** 2,
        "you square the mean error. Errors of opposite sign have cancelled by then: square each one first.",
    ),
    Mutant(
        "divided by half the pixels",
        _variant(over=lambda cost, erased: (cost * erased).sum(-1) / (erased.shape[-1] / 2)),
        "you divide by half of the pixels. Pictures can lose more or fewer: count the lost ones, `erased.sum(-1)`.",
    ),
    Mutant(
        "root",
        _variant(over=lambda cost, erased: ((cost * erased).sum(-1) / erased.sum(-1)).sqrt()),
        "you took the root at the end. The paper's loss is made of squares, and the mean of them is asked for.",
    ),
    Mutant(
        "root of the sum",
        _variant(over=lambda cost, erased: (cost * erased).sum(-1).sqrt() / erased.sum(-1)),
        "you took the root of the sum. The mean of the squares is asked for, without any root.",
    ),
]

exercise = Exercise(
    lost_half_error,
    title="The error that counts",
    difficulty=2,
    minutes=6,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
