"""The `tlteach` command. Each subcommand imports what it needs when it runs, so that `--help` is instant."""

import argparse
import sys
from pathlib import Path

from tlteach import __version__
from tlteach.errors import TlteachError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code (0 good, 1 something is wrong, 2 wrongly called)."""
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.command is not _lab:
        options.parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    try:
        return options.command(options)
    except TlteachError as error:
        print(f"tlteach: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\ntlteach: stopped.", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tlteach",
        description="Transfer learning in reinforcement learning: a course in notebooks, and its experiments.",
        epilog="Students: lab, start, doctor. Researchers: run, data, reproduction. Instructors: build, validate.",
    )
    parser.add_argument("--version", action="version", version=f"tlteach {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name, function, words, description="") -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=description or f"{words[0].upper()}{words[1:]}.")
        sub.set_defaults(command=function, parser=sub)
        return sub

    lessons = "lessons by number or name, for example `01 02` (default: all)"

    lab = command(
        "lab",
        _lab,
        "open the course in JupyterLab, in a folder of your own",
        "Copy the lessons to FOLDER (never overwriting what is there) and open JupyterLab there: on the first lesson, "
        "later where you left off. "
        "Other options go to JupyterLab; write them with `=`, for example `tlteach lab --port=8890 --no-browser`.",
    )
    lab.add_argument("folder", nargs="?", help="your working folder (default: my-lessons)")
    lab.add_argument("--lesson", metavar="LESSON", help="open this lesson, by number or name")

    start = command(
        "start",
        _start,
        "copy the lessons to a folder of your own; never overwrites",
        "Copy the lessons to FOLDER. What is there stays as it is: when a lesson has changed since you got it, "
        "the new version is put beside yours as NAME.new.ipynb.",
    )
    start.add_argument("folder", help="where to put them; made when it does not exist")

    command("doctor", _doctor, "tell what works on this machine, and what to do about what does not")

    data = command(
        "data",
        _data,
        "list the data sets on this machine, or download them",
        "Without more words, list which of the official archives are here. `tlteach data get omniglot cifar10` "
        "downloads those; a download that was cut goes on where it stopped. No lesson needs them.",
    )
    data.add_argument("names", nargs="*", metavar="get NAME", help="download: omniglot, cifar10 or both")

    run = command(
        "run",
        _run,
        "run an experiment",
        "Run an experiment, once a seed. `tlteach run EXPERIMENT --help` lists the options of that experiment.",
    )
    run.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        metavar="EXPERIMENT ...",
        help="name of the experiment and its options; without any, the experiments are listed",
    )

    reproduction = command(
        "reproduction",
        _reproduction,
        "compare the recorded runs with what the papers claim",
        "Write REPRODUCTION.md: each claim, what the recorded runs say of it, and the verdict by a rule in numbers.",
    )
    reproduction.add_argument(
        "--check", action="store_true", help="write nothing; fail when the page and the recorded runs differ"
    )

    build = command(
        "build",
        _build,
        "make the notebooks from their sources",
        "Write tutorials/NN_name.ipynb (exercises blank) and solutions/NN_name.ipynb (executed by papermill) from "
        "solutions/NN_name.py. A notebook that fails leaves its partial output and a report in reports/.",
    )
    build.add_argument("lessons", nargs="*", metavar="LESSON", help=lessons)
    build.add_argument("--no-execute", action="store_true", help="write the student notebooks only")
    build.add_argument("--check", action="store_true", help="write nothing; fail when notebooks and sources differ")
    build.add_argument("--preset", default="lesson", help="smoke to try a source out; commit lesson (the default)")
    build.add_argument("--jobs", type=_positive, metavar="N", help="notebooks at a time (default: one a core)")

    validate = command(
        "validate",
        _validate,
        "run the notebooks and check their sources",
        "Lint the sources; run the student notebooks unsolved (papermill) and the solutions (nbval).",
    )
    validate.add_argument("lessons", nargs="*", metavar="LESSON", help=lessons)
    validate.add_argument("--preset", help="smoke (default), lesson or paper")
    validate.add_argument("--full", action="store_true", help="every combination, strict ones too; smoke and lesson")
    validate.add_argument("--times", action="store_true", help="note the time that each student version took")
    which = validate.add_mutually_exclusive_group()
    which.add_argument("--students", action="store_true", help="only the student notebooks")
    which.add_argument("--solutions", action="store_true", help="only the solutions")
    which.add_argument("--lint", action="store_true", help="only the sources; runs nothing")
    validate.add_argument("--jobs", type=_positive, metavar="N", help="notebooks at a time (default: one a core)")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def _build(options) -> int:
    from tqdm import tqdm

    from tlteach.course.build import build
    from tlteach.course.freshness import check
    from tlteach.course.lessons import Checkout

    checkout = Checkout.here()
    names = checkout.select(options.lessons)
    if options.check:
        problems = check(checkout, options.lessons)
        print("\n".join(problems) or f"{len(names)} lessons: the notebooks follow from their sources.")
        return 1 if problems else 0
    with tqdm(total=len(names), unit="lesson", desc="build", disable=None) as bar:

        def done(built) -> None:
            bar.update()
            good = f"executed in {built.seconds:.1f} s" if built.seconds else "written"
            bar.write(f"{built.name}: {built.problem or good}", file=sys.stdout)

        results = build(
            checkout,
            names,
            run=not options.no_execute,
            preset=options.preset,
            jobs=options.jobs,
            on_cell=lambda name: bar.set_postfix_str(name),
            on_done=done,
        )
    return 1 if any(built.problem for built in results) else 0


def _start(options) -> int:
    from tlteach.course.start import start

    _tell(start(options.folder))
    print(f"Open them with: tlteach lab {options.folder}")
    return 0


def _lab(options) -> int:
    from tlteach.course import lab
    from tlteach.course.start import start

    if options.folder and options.folder.startswith("-"):
        options.parser.error(f"{options.folder!r} is no folder; write JupyterLab's options without `--` before them")
    folder = Path(options.folder or lab.default_folder()).expanduser().resolve()
    copied = start(folder)
    _tell(copied)
    return lab.open_lab(lab.command(folder, copied, options.lesson, options.rest))


def _tell(copied) -> None:
    """Say what happened to each lesson, and plainly so where the student has something to decide."""
    folder = copied[0].path.parent
    count = sum(each.outcome == "new" for each in copied)
    print(f"{folder}: {count} lessons copied, {len(copied) - count} were there and stay as they are.")
    for each in copied:
        if each.outcome == "beside":
            print(
                f"  {each.name} has changed since you got it: yours is untouched, the new version is {each.path.name}"
            )


def _doctor(options) -> int:
    from tlteach.course.doctor import OK, examine, exit_code

    findings = []
    for finding in examine():
        findings.append(finding)
        print(finding, flush=True)
    bad = [finding.what for finding in findings if finding.status != OK]
    print(f"\nLook at: {', '.join(bad)}." if bad else "\nAll is well.")
    return exit_code(findings)


def _data(options) -> int:
    from tlteach.course.doctor import data_sets
    from tlteach.data.archives import DATA_SETS
    from tlteach.data.download import get

    if not options.names:
        for finding in data_sets():
            print(finding)
        return 0
    word, *names = options.names
    if word != "get" or not names or not set(names) <= set(DATA_SETS):
        got = " ".join(options.names)
        options.parser.error(f"got {got!r}; expected `get` and one or more of {', '.join(DATA_SETS)}")
    for archive in (archive for name in names for archive in DATA_SETS[name]):
        local = get(archive)
        print(f"{local.path}: {'official' if local.verified else 'not byte for byte the official archive'}")
    return 0


def _validate(options) -> int:
    from tqdm import tqdm

    from tlteach.course import times, validate
    from tlteach.course.execute import check_preset
    from tlteach.course.lessons import Checkout

    checkout = Checkout.here()
    names = checkout.select(options.lessons)
    presets = [check_preset(options.preset)] if options.preset else ["smoke", "lesson"][: 1 + options.full]
    problems = validate.lint_sources(checkout, names)
    print("\n".join(problems) or f"{len(names)} sources: lint finds nothing.")
    if options.lint:
        return 1 if problems else 0
    versions = ["student"] * (not options.solutions) + ["nbval"] * (not options.students)
    todo = [task for preset in presets for task in validate.tasks(names, preset, versions, options.full)]
    with tqdm(total=len(todo), unit="run", desc="validate", disable=None) as bar:

        def done(verdict) -> None:
            bar.update()
            bar.write(f"{verdict.task}: {verdict.problem or f'good, {verdict.seconds:.1f} s'}", file=sys.stdout)

        verdicts = validate.validate(checkout, todo, jobs=options.jobs, on_done=done)
    if options.times:
        for preset in presets:
            good = {each.task.lesson: each.seconds for each in verdicts if each.timed and each.task.preset == preset}
            times.record(checkout.times, preset, good, keep=checkout.names())
    return 1 if problems or any(verdict.problem for verdict in verdicts) else 0


def _reproduction(options) -> int:
    from tlteach import reproduction
    from tlteach.course.lessons import Checkout

    root = Checkout.here().root
    if not options.check:
        print(f"{reproduction.write(root)}: {reproduction.tally(reproduction.recorded())}")
        return 0
    if diff := reproduction.difference(root):
        print(
            f"{diff}\n\nREPRODUCTION.md and the recorded runs differ; run `tlteach reproduction`, and commit the page."
        )
        return 1
    print("REPRODUCTION.md follows from the recorded runs.")
    return 0


def _run(options) -> int:
    from tlteach import experiments
    from tlteach.run import command

    if options.arguments:
        return command(options.arguments[0], options.arguments[1:])
    for name in experiments.names():
        print(f"{name:12} {(experiments.load(name).__doc__ or '').strip().splitlines()[0]}")
    return 0
