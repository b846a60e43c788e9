"""`tlteach run EXPERIMENT`: the options of an experiment's configuration on the command line."""

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from tlteach import experiments, options, paths, runs
from tlteach.errors import BadFile, InvalidInput
from tlteach.sweep import sweep


def command(experiment: str, arguments: Sequence[str]) -> int:
    """Run `experiment` as `arguments` say; 0 when every run came to its end."""
    module = experiments.load(experiment)
    values = vars(_parser(experiment, module).parse_args(arguments))
    preset, seeds, jobs, scheduler, record, figure, quiet = (
        values.pop(name) for name in ("preset", "seeds", "jobs", "scheduler", "record", "figure", "quiet")
    )
    if len(set(seeds)) < len(seeds):
        raise InvalidInput(f"--seeds: each seed makes one run, got {' '.join(map(str, seeds))}")
    configs = [_config(module.Config, preset, values, seed) for seed in seeds]
    names = [module.run_name(config) for config in configs]
    folders = [
        paths.runs_folder() / experiment / f"{preset}-{name}-{runs.fingerprint(config)}"
        for name, config in zip(names, configs, strict=True)
    ]
    label = preset if record is True else record
    results = sweep(experiment, configs, folders, jobs=jobs, scheduler=scheduler, progress=not quiet)
    for name, folder, result in zip(names, folders, results, strict=True):
        last = ", ".join(f"{key} {value[-1]:.4g}" for key, value in result.metrics.items() if len(value))
        print(f"{preset}-{name}: {last}{'' if result.provenance.complete else ' (stopped; the same command goes on)'}")
        print(f"  kept in {folder}")
        if record and result.provenance.complete:
            shipped = runs.record(result, f"{label}-{name}", **getattr(module, "RECORD", {}))
            print(f"  recorded as {shipped}")
    if figure:
        _save(module.plot(results), figure)
    return 0 if all(result.provenance.complete for result in results) else 1


def arguments(experiment: str, config: dict[str, Any]) -> list[str]:
    """What `tlteach run experiment` is given for a run of this stored configuration, but for the seed: the preset from
    which least of it differs, and what differs.
    """
    module = experiments.load(experiment)
    return min((_arguments(module.Config, preset, config) for preset in module.PRESETS), key=len)


def _arguments(kind: type, preset: str, config: dict[str, Any]) -> list[str]:
    chosen = {name: config[name] for name in options.parameters(kind.preset) if name in config}
    base = _flat(runs.plain(kind.preset(preset, **chosen)))
    told = {}
    for name, value in chosen.items():  # unless the others bring it
        others = {other: given for other, given in chosen.items() if other != name}
        if value != runs.plain(kind.preset(preset, **others))[name]:
            told[name] = value
    told |= {name: value for name, value in _flat(config).items() if name in base and value != base[name]}
    words = ["--preset", preset]
    for name, value in told.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{'' if value else 'no-'}{option}")
        elif name != "seed":
            words += [f"--{option}", *map(str, value if isinstance(value, list) else [value])]
    return words


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested fields by the names of their options: "task.n_bits"."""
    found: dict[str, Any] = {}
    for name, value in config.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


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
    parser.add_argument(
        "--record",
        nargs="?",
        const=True,
        type=_label,
        metavar="LABEL",
        help="ship the results with the package (tlteach/recorded), named after the preset or this label",
    )
    parser.add_argument("--figure", metavar="FILE", help="save the figure of all runs, for example curves.svg")
    parser.add_argument("--quiet", action="store_true", help="no progress display")
    known = {field.name for field in fields(module.Config)}  # a field has its option, with the words of the docstring
    options.add_parameters(parser, module.Config.preset, skip={"preset", *known})
    options.add_fields(parser, module.Config, "configuration", skip={"seed"})
    return parser


def _label(text: str) -> str:
    if not re.fullmatch(r"[\w.+-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no part of a file name: letters, digits, and . + - _ only")
    return text


def _config(config: type, preset: str, values: dict[str, Any], seed: int) -> Any:
    """The configuration of one run: the preset, changed by the options that were given."""
    chosen = {name: values[name] for name in options.parameters(config.preset) if name in values}
    base = config.preset(preset, **chosen)  # holds the nested dataclasses that dotted options change
    return config.preset(preset, **options.nested(values, base), seed=seed)


def _save(figure, path: str) -> None:
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise BadFile(
            f"could not save the figure to {path} ({error}); the runs are kept, only the figure is not."
        ) from None
    print(f"figure saved to {path}")
