"""The command that makes a recorded run again is read back as its configuration."""

import pytest

from tlteach import experiments, run, runs


@pytest.mark.parametrize("experiment", experiments.names())
def test_the_command_of_a_recorded_run_gives_its_configuration(experiment):
    module, seen = experiments.load(experiment), {}
    for name, result in runs.recorded(experiment, "*").items():
        stored, arguments = result.config, run.arguments(experiment, result.config)
        if (key := tuple(arguments)) in seen:
            continue
        values = vars(run._parser(experiment, module).parse_args([*arguments, "--seeds", str(stored["seed"])]))
        preset, (seed,) = values.pop("preset"), values.pop("seeds")
        for other in ("jobs", "scheduler", "record", "figure", "quiet"):
            values.pop(other)
        seen[key] = made = runs.plain(run._config(module.Config, preset, values, seed))
        assert {field: made[field] for field in stored if field in made} == _as_now(stored, made), name


def _as_now(stored, made):
    """Fields that a run was recorded without have the value of today's preset."""
    return {
        name: made[name] | value if isinstance(value, dict) else value for name, value in stored.items() if name in made
    }


@pytest.mark.parametrize("preset", ["lesson", "paper"])
@pytest.mark.parametrize("optimizer", ["trpo", "ppo", "shac"])
@pytest.mark.parametrize("family", ["navigation", "halfcheetah-velocity", "ant-velocity"])
def test_the_optimizer_is_told_where_it_is_not_the_familys(family, optimizer, preset):
    module = experiments.load("multitask")
    config = module.Config.preset(preset, family, optimizer)
    arguments = run.arguments("multitask", runs.plain(config))
    values = vars(run._parser("multitask", module).parse_args(arguments))
    chosen = {name: values[name] for name in ("family", "optimizer") if name in values}
    assert run._config(module.Config, values["preset"], chosen, 0) == config
