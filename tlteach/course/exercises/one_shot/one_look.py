"""What the plastic readout answers after one look at each class: a comparison of features, weighted by alpha."""

from tlteach.course.exercises.behaviour import form
from tlteach.course.exercises.checking import Mutant, Property
from tlteach.course.exercises.exercise import Exercise
from tlteach.course.exercises.probes import Draw, tensor


def one_look_logits(query, shots, weight, alpha, eta):
    """Logits after one look at each class: query (F,), shots (N, F), weight, alpha (F, N) [pre, post], eta -> (N,)."""
    alike = query * shots * alpha.T  # (N, F)  how far feature i speaks for class c
    return query @ weight + eta * alike.sum(-1)  # (N,)


def _probe(query, shots, weight, alpha, eta):
    shots, weight, alpha = (tensor(*rows) for rows in (shots, weight, alpha))
    return dict(query=tensor(*query), shots=shots, weight=weight, alpha=alpha, eta=eta)


def _drawn(n_features, n_classes):
    draw = Draw(10 * n_features + n_classes)
    shape = n_features, n_classes
    made = dict(query=draw.halves(n_features), shots=draw.halves(n_classes, n_features))
    return made | dict(weight=draw.halves(*shape), alpha=draw.halves(*shape), eta=0.25)


ZERO, ONES = [[0, 0], [0, 0]], [[1, 1], [1, 1]]
SHOTS = [[1, 0], [0.5, -1]]

PROPERTIES = [
    Property("it returns one number per class, of shape (N,)", [_probe([1, -1], SHOTS, ZERO, ONES, 0.5)], form),
    Property(
        "with alpha = 0 it is an ordinary layer: query @ weight",
        [_probe([1, 0], SHOTS, [[0.5, -1], [0, 1]], ZERO, 0.5), _probe([1, -1], SHOTS, [[0.5, -1], [0, 1]], ZERO, 0.5)],
    ),
    Property(
        "with weight = 0, alpha = 1 and eta = 1 it is how well the query fits each shot: their inner product",
        [_probe([1, 0], SHOTS, ZERO, ONES, 1.0), _probe([1, -1], SHOTS, ZERO, ONES, 1.0)],
    ),
    Property("what was learned in one look has the strength eta", [_probe([1, -1], SHOTS, ZERO, ONES, 0.25)]),
    Property(
        "alpha[i, c] says how much feature i counts for class c",
        [_probe([1, -1], [[1, 1], [1, 1]], ZERO, [[1, 0], [0.5, -1]], 1.0)],
    ),
    Property("weight and trace add up", [_probe([1, -1], SHOTS, [[1, 0], [0.5, 1]], [[1, 0], [0.5, -1]], 0.5)]),
    Property("it agrees with the trace written by Oja's rule, then read", [_drawn(2, 2), _drawn(3, 2), _drawn(2, 3)]),
]

HINTS = [
    "After one look at class c, what stands in column c of the trace? And what does the readout make of a trace?",
    "From an empty trace Oja's rule writes Hebb[i, c] = eta * shots[c, i]. The readout is query @ (weight + alpha * "
    "Hebb), so\n\n"
    "    logit[c] = sum_i query[i] * weight[i, c]  +  eta * sum_i alpha[i, c] * query[i] * shots[c, i]      (N,)\n\n"
    "weight and alpha are (F, N), shots is (N, F): `.T` turns one into the shape of the other.",
    "In two steps:\n\n    trace  = eta times shots, transposed            (F, N)\n"
    "    return   query @ (weight plus alpha times trace)   (N,)",
]


def _variant(
    answer=lambda q, w: q @ w, trace=lambda shots, eta: eta * shots, read=lambda q, s, a: (q * s * a.T).sum(-1)
):
    def mutant(query, shots, weight, alpha, eta):
        return answer(query, weight) + read(query, trace(shots, eta), alpha)

    return mutant


MUTANTS = [
    Mutant(
        "no eta",
        _variant(trace=lambda shots, eta: shots),
        "eta is missing: one look writes only the share eta of the features into the trace.",
    ),
    Mutant(
        "no weight",
        _variant(answer=lambda q, w: 0.0),
        "the weight is missing: what was trained over all episodes still has its say, query @ weight.",
    ),
    Mutant(
        "no alpha",
        _variant(read=lambda q, s, a: s @ q),
        "alpha is left out. It weighs each feature for each class; that is what training learns here.",
    ),
    Mutant(
        "alpha transposed",
        _variant(read=lambda q, s, a: (q * s * a).sum(-1)),
        "alpha is used the wrong way round: it is (F, N), [pre, post], and shots is (N, F). Transpose one of them.",
    ),
    Mutant(
        "shots transposed",
        _variant(read=lambda q, s, a: (q * s.T * a.T).sum(-1)),
        "shots is used the wrong way round: shots[c] are the features of class c, so shots is (N, F).",
    ),
    Mutant(
        "matrix product of alpha and trace",
        lambda query, shots, weight, alpha, eta: query @ (weight + alpha @ (eta * shots)),
        "`alpha @ shots` mixes the classes. Each connection has its own alpha: multiply element by element with `*`.",
    ),
    Mutant(
        "mean over the classes",
        _variant(trace=lambda shots, eta: eta * shots.mean(0, keepdim=True)),
        "you compare the query with the mean of all shots. Column c of the trace holds the shot of class c alone.",
    ),
    Mutant(
        "sum over the classes",
        _variant(trace=lambda shots, eta: eta * shots.sum(0, keepdim=True)),
        "you add up the shots of all classes. Each class has a column of its own, and so keeps its own shot.",
    ),
    Mutant(
        "mean over features",
        _variant(read=lambda q, s, a: (q * s * a.T).mean(-1)),
        "you take the mean over the features. Equation 1 sums over them.",
    ),
    Mutant(
        "eta for both",
        lambda query, shots, weight, alpha, eta: eta * (query @ weight + (query * shots * alpha.T).sum(-1)),
        "eta weakens the trained weights too. It belongs to the trace alone.",
    ),
    Mutant(
        "a decayed weight",
        lambda query, shots, weight, alpha, eta: (1 - eta) * (query @ weight) + eta * (query * shots * alpha.T).sum(-1),
        "you let the weight fade by 1 - eta. Weights do not change in an episode; only the trace does.",
    ),
    Mutant(
        "probabilities",
        lambda query, shots, weight, alpha, eta: one_look_logits(query, shots, weight, alpha, eta).softmax(-1),
        "these are probabilities. The logits are what the softmax gets.",
    ),
    Mutant(
        "a distance",
        _variant(read=lambda q, s, a: -((q - s) ** 2 * a.T).sum(-1)),
        "you measure a distance. The trace is read by a product: query times shot, feature by feature.",
    ),
]

exercise = Exercise(
    one_look_logits,
    title="A readout that compares",
    difficulty=3,
    minutes=8,
    properties=PROPERTIES,
    hints=HINTS,
    mutants=MUTANTS,
)
