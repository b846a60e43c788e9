"""A dataclass as command-line options: its fields are the only list of what can be set."""

import argparse
import inspect
import re
import types
from collections.abc import Collection
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def add_fields(
    parser: argparse.ArgumentParser, config: type, title: str, *, prefix: str = "", skip: Collection[str] = ()
) -> None:
    """A group of options called `title`, one for each field of the dataclass `config`: `--learning-rate`.

    A field that is a dataclass itself gives a group with dotted options (`--task.n-bits`). Options that are not given
    do not appear in the parsed result, so that the preset decides. The words come from the "name: words" lines of
    the class's docstring.
    """
    hints, words, group = get_type_hints(config), _words(config), parser.add_argument_group(title)
    for each in fields(config):
        if each.name in skip:
            continue
        if is_dataclass(hints[each.name]):
            add_fields(parser, hints[each.name], each.name, prefix=f"{prefix}{each.name}.")
        else:
            _add(group, f"{prefix}{each.name}", hints[each.name], words.get(each.name, ""))


def parameters(function) -> tuple[str, ...]:
    """The names of the parameters of `function`, without a `**rest`."""
    return tuple(each.name for each in inspect.signature(function).parameters.values() if each.kind != each.VAR_KEYWORD)


def add_parameters(parser: argparse.ArgumentParser, function, *, skip: Collection[str] = ()) -> None:
    """One option for each parameter of `function` that is annotated."""
    hints = get_type_hints(function)
    for name in parameters(function):
        if name in hints and name not in skip:
            _add(parser, name, hints[name], "")


def _add(parser, name: str, kind: Any, help_text: str) -> None:
    optional = get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)
    inner = next(part for part in get_args(kind) if part is not type(None)) if optional else kind
    option = {"dest": name, "default": argparse.SUPPRESS, "help": help_text.replace("%", "%%")}
    if get_origin(inner) is Literal:
        choices = get_args(inner)
        option |= {"choices": choices, "type": type(choices[0])}
    elif inner is bool:
        option |= {"action": argparse.BooleanOptionalAction}
    elif inner in (int, float, str):
        option |= {"type": _or_none(inner) if optional else inner, "metavar": inner.__name__.upper()}
    elif get_args(inner) in ((each, ...) for each in (int, float, str)):  # a tuple: --dynamics.hidden 64 64
        each = get_args(inner)[0]
        option |= {"type": each, "nargs": "+", "action": _Tuple, "metavar": each.__name__.upper()}
    else:
        return  # nothing that a command line can say
    parser.add_argument(f"--{name.replace('_', '-')}", **option)


class _Tuple(argparse.Action):
    """Several words as a tuple; argparse itself makes a list."""

    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, tuple(values))


def _or_none(kind: type):
    def read(text: str):
        return None if text.lower() == "none" else kind(text)

    read.__name__ = kind.__name__  # argparse names it in its errors
    return read


def _words(config: type) -> dict[str, str]:
    """The "name: words" lines of a docstring, each with what is indented below it."""
    found, name = {}, None
    for line in inspect.cleandoc(config.__doc__ or "").split("\n"):
        if match := re.match(r"(\w+): (.+)", line.strip()):
            name = match[1]
            found[name] = match[2].strip()
        elif name and line.startswith(" "):
            found[name] += " " + line.strip()
        else:
            name = None
    return found


def nested(values: dict[str, Any], base: Any) -> dict[str, Any]:
    """Parsed options as keyword arguments: dotted ones are put into a changed copy of the dataclass in `base`."""
    flat = {name: value for name, value in values.items() if "." not in name}
    for owner in {name.split(".")[0] for name in values if "." in name}:
        changes = {name.split(".")[1]: value for name, value in values.items() if name.startswith(f"{owner}.")}
        flat[owner] = replace(getattr(base, owner), **changes)
    return flat
