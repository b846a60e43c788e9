"""`tlteach run EXPERIMENT`: the options of an experiment's configuration on the command line."""

import argparse
import os
from collections.abc import Sequence
from typing import Any

from tlteach import experiments, options, paths, runs
from tlteach.errors import BadFile
from tlteach.sweep import sweep


def command(experiment: str, arguments: Sequence[str]) -> int:
    """Run `experiment` as `arguments` say; 0 when every run came to its end."""
    module = experiments.load(experiment)
    values = vars(_parser(experiment, module).parse_args(arguments))
    preset, seeds, jobs, scheduler, record, figure, quiet = (
        values.pop(name) for name in ("preset", "seeds", "jobs", "scheduler", "record", "figure", "quiet")
    )
    configs = [_config(module.Config, preset, values, seed) for seed in seeds]
    names = [f"{preset}-{module.run_name(config)}{_changes(values)}" for config in configs]
    folders = [paths.runs_folder() / experiment / name for name in names]
    results = sweep(experiment, configs, folders, jobs=jobs, scheduler=scheduler, progress=not quiet)
    for name, folder, result in zip(names, folders, results, strict=True):
        last = ", ".join(f"{key} {value[-1]:.4g}" for key, value in result.metrics.items() if len(value))
        print(f"{name}: {last}{'' if result.provenance.complete else ' (stopped; the same command goes on)'}")
        print(f"  kept in {folder}")
        if record and result.provenance.complete:
            print(f"  recorded as {runs.record(result, name)}")
    if figure:
        _save(module.plot(results), figure)
    return 0 if all(result.provenance.complete for result in results) else 1


def _parser(experiment: str, module) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"tlteach run {experiment}",
        description=f"{(module.__doc__ or experiment).strip().splitlines()[0]} An option that is not given keeps the "
        "preset's value. A run that was stopped goes on when the same command is given again.",
    )
    parser.add_argument("--preset", choices=module.PRESETS, default="lesson", help="default: lesson")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="SEED", help="a run for each; default: 0")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="at a time; default: one a core")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on a Dask cluster, for example tcp://host:8786")
    parser.add_argument("--record", action="store_true", help="ship the results with the package (tlteach/recorded)")
    parser.add_argument("--figure", metavar="FILE", help="save the figure of all runs, for example curves.svg")
    parser.add_argument("--quiet", action="store_true", help="no progress display")
    options.add_parameters(parser, module.Config.preset, skip=("preset", "network"))
    options.add_fields(parser, module.Config, "configuration", skip=("seed",))
    return parser


def _config(config: type, preset: str, values: dict[str, Any], seed: int) -> Any:
    """The configuration of one run: the preset, changed by the options that were given."""
    base = config.preset(preset, **{name: values[name] for name in ("network", "bits") if name in values})
    return config.preset(preset, **options.nested(values, base), seed=seed)


def _changes(values: dict[str, Any]) -> str:
    """What the name of a run says beside the experiment's own name for it, so that no two runs share a folder."""
    return "".join(f"-{name}={value}" for name, value in sorted(values.items()) if name not in ("network", "bits"))


def _save(figure, path: str) -> None:
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise BadFile(
            f"could not save the figure to {path} ({error}); the runs are kept, only the figure is not."
        ) from None
    print(f"figure saved to {path}")
