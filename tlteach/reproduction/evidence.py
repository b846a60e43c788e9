"""The recorded runs of every experiment: all that the course can show for what it says."""

from tlteach import experiments, paths, runs
from tlteach.runs import Result

Evidence = dict[str, dict[str, Result]]  # experiment -> name -> recorded run


def recorded() -> Evidence:
    """The recorded runs, by experiment and name, in order; an experiment without any has an empty dict.

    Raises BadFile when one of them is damaged.
    """
    return {
        name: runs.recorded(name) if any((paths.recorded_folder() / name).glob("*.safetensors")) else {}
        for name in experiments.names()
    }
