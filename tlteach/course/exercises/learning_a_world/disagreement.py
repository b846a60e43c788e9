"""Ask all members of an ensemble, and see how far they are apart: the warning light of a learned world."""

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def disagreement(predictions, std):
    """Spread of the members: predictions (E, N, O) of E members, std (O,) units of the components -> (N,)."""
    apart = (predictions - predictions.mean(0)) / std  # (E, N, O)
    return apart.square().mean((0, -1)).sqrt()  # (N,)


def _probe(predictions, std):
    return dict(predictions=tensor(*predictions), std=tensor(*std))


def _drawn(n_members, n_states, n_components):
    draw = Draw(n_members + n_states)
    std = draw.halves(n_components).abs() + 0.5
    return dict(predictions=draw.halves(n_members, n_states, n_components), std=std)


PROPERTIES = [
    Property("it returns one number a state, of shape (N,)", [_probe([[[0], [1], [2]], [[0], [0], [0]]], [1])], form),
    Property("members that agree are 0 apart, wherever they are", [_probe([[[3]], [[3]]], [1])]),
    Property(
        "of one component it is the standard deviation over the members",
        [_probe([[[1]], [[-1]]], [1]), _probe([[[5]], [[3]], [[1]]], [1])],
    ),
    Property("in units of std", [_probe([[[1]], [[-1]]], [4])]),
    Property(
        "over the components it is the root of the mean square",
        [_probe([[[1, 1]], [[-1, -1]]], [1, 1]), _probe([[[2, 0]], [[-2, 0]]], [1, 1])],
    ),
    Property("every component has its own unit", [_probe([[[4, 0.5]], [[-4, -0.5]]], [4, 0.5])]),
    Property("every state is judged by itself", [_probe([[[1], [0]], [[-1], [0]]], [1])]),
    Property("it agrees with the definition on numbers drawn at random", [_drawn(2, 1, 1), _drawn(3, 2, 2)]),
]

HINTS = [
    "Which axis runs over the members? If there were one component only, which number says how far they are apart?",
    "With e for the member, n for the state and j for the component:\n\n"
    "    apart[e, n, j] = (predictions[e, n, j] - mean over e) / std[j]            (E, N, O)\n"
    "    answer[n]      = root of the mean over e and j of apart[e, n, j]**2       (N,)\n\n"
    "`x.mean((0, -1))` takes the mean over the first and the last axis.",
    "In three steps:\n\n    centre = mean of predictions over the members        (N, O)\n"
    "    apart  = predictions minus centre, divided by std      (E, N, O)\n"
    "    return   root of the mean square over members and components",
]


def _variant(centre=lambda p: p.mean(0), unit=lambda std: std, size=lambda apart: apart.square().mean((0, -1)).sqrt()):
    def mutant(predictions, std):
        return size((predictions - centre(predictions)) / unit(std))

    return mutant


MUTANTS = [
    Mutant(
        "no unit",
        _variant(unit=lambda std: 1.0),
        "the components are not divided by std: metres and radians per second would be added up.",
    ),
    Mutant(
        "no root",
        _variant(size=lambda apart: apart.square().mean((0, -1))),
        "the root is missing: this is the variance. A spread has the unit of what it is the spread of.",
    ),
    Mutant(
        "unit squared",
        _variant(unit=lambda std: std.square()),
        "you divide by std twice. Divide the difference by std, once, before squaring.",
    ),
    Mutant(
        "n - 1",
        lambda predictions, std: (predictions / std).std(0).square().mean(-1).sqrt(),
        "`std` divides by E - 1 unless told otherwise. Here it is the plain mean over the members: `correction=0`.",
    ),
    Mutant(
        "multiplied by the unit",
        _variant(unit=lambda std: 1 / std),
        "you multiply by std. Divide, to measure in units of it.",
    ),
    Mutant(
        "the unit for the mean alone",
        lambda predictions, std: (predictions - predictions.mean(0) / std).square().mean((0, -1)).sqrt(),
        "only the mean is divided by std: brackets are missing around the difference.",
    ),
    Mutant(
        "mean of the spreads, n - 1",
        lambda predictions, std: (predictions / std).std(0).mean(-1),
        "`std` divides by E - 1 unless told otherwise (`correction=0`), and the spreads of the components are averaged:"
        " take the root of the mean of their squares.",
    ),
    Mutant(
        "length",
        _variant(size=lambda apart: apart.square().sum((0, -1)).sqrt()),
        "you add up the squares (as `norm` does). Under the root stands their mean over members and components.",
    ),
    Mutant(
        "one centre for all",
        _variant(centre=lambda p: p.mean()),
        "you subtract one number, the mean of everything. Each state has a centre of its own, the mean of its members: "
        "`predictions.mean(0)`.",
    ),
    Mutant(
        "one number a member",
        _variant(size=lambda apart: apart.square().mean((1, 2)).sqrt()),
        "you return one number a member. The states are axis 1: average over axes 0 and 2.",
    ),
    Mutant(
        "not centred",
        _variant(centre=lambda p: 0.0),
        "the mean of the members is not taken off, so members that agree on a large number seem far apart.",
    ),
    Mutant(
        "from the first member",
        _variant(centre=lambda p: p[0]),
        "you measure from the first member. None of them is special: measure from their mean.",
    ),
    Mutant(
        "over the states",
        _variant(centre=lambda p: p.mean(1, keepdim=True), size=lambda apart: apart.square().mean((1, -1)).sqrt()),
        "you compare states with each other. The members are the first axis, `dim=0`.",
    ),
    Mutant(
        "summed over components",
        _variant(size=lambda apart: apart.square().sum(-1).mean(0).sqrt()),
        "you sum over the components, so a world with more of them seems less certain. Take their mean.",
    ),
    Mutant(
        "mean of the spreads",
        _variant(size=lambda apart: apart.square().mean(0).sqrt().mean(-1)),
        "you average the spreads of the components. Square first, then average, then take the root.",
    ),
    Mutant(
        "mean distance",
        _variant(size=lambda apart: apart.abs().mean((0, -1))),
        "you average absolute distances. The root of the mean square is asked for, as in a standard deviation.",
    ),
    Mutant(
        "one number",
        _variant(size=lambda apart: apart.square().mean().sqrt()),
        "you average over the states too. One number a state is wanted: keep axis 1.",
    ),
    Mutant(
        "a number for each component",
        _variant(size=lambda apart: apart.square().mean(0).sqrt()),
        "you return one number for each component. Take the mean square over the last axis, too.",
    ),
    Mutant(
        "signed",
        _variant(size=lambda apart: apart.mean((0, -1))),
        "you average signed distances from the mean, and these cancel. Square them first.",
    ),
]

exercise = Exercise(
    disagreement,
    title="Ask five",
    difficulty=2,
    minutes=7,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
