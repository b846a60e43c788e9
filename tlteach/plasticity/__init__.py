"""Networks whose connections learn while they run: layers, plasticity rules and what they are compared with.

Paper: Miconi, Clune & Stanley, "Differentiable plasticity", ICML 2018. `rules.py` holds equations 2 and 3,
`recurrence/direct.py` equation 1, `rnn.py` and `linear.py` the layers.
"""

from tlteach.plasticity.acting import Acting
from tlteach.plasticity.baselines import LSTM, parameter_count, width_matching
from tlteach.plasticity.linear import PlasticLinear
from tlteach.plasticity.modulation import Modulated, Retroactive
from tlteach.plasticity.rnn import PlasticRNN
from tlteach.plasticity.rules import Hebb, Oja, Rule, register_rule, rules
from tlteach.plasticity.state import PlasticState

__all__ = [
    "LSTM",
    "Acting",
    "Hebb",
    "Modulated",
    "Oja",
    "PlasticLinear",
    "PlasticRNN",
    "PlasticState",
    "Retroactive",
    "Rule",
    "parameter_count",
    "register_rule",
    "rules",
    "width_matching",
]
