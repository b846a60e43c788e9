"""Options made from a dataclass, against a small one written out here."""

import argparse
from dataclasses import dataclass, field
from typing import Literal

import pytest

from tlteach import options


@dataclass(frozen=True)
class Inner:
    """Inside.

    Args:
        size: how big
            it is.
    """

    size: int = 3
    widths: tuple[int, ...] = (8, 8)


@dataclass(frozen=True)
class Config:
    """A configuration.

    kind: one of two, 100% of them.
    rate: a float, or None.
    """

    kind: Literal["a", "b"] = "a"
    rate: float | None = None
    clip: bool = False
    pair: tuple[float, float] = (0.0, 1.0)  # of one length: an option could not say so
    inner: Inner = Inner()
    other: list = field(default_factory=list)  # cannot be said on a command line
    seed: int = 0

    @classmethod
    def preset(cls, preset: str, *, bits: Literal[50, 1000] = 50, **changes) -> "Config":
        return cls(**changes)


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser(prog="x")
    options.add_parameters(parser, Config.preset, skip=("preset",))
    options.add_fields(parser, Config, "configuration", skip=("seed",))
    return parser


def test_only_what_is_given_is_there(parser):
    assert vars(parser.parse_args([])) == {}
    given = vars(parser.parse_args(["--kind", "b", "--rate", "0.5", "--clip", "--inner.size", "7", "--bits", "1000"]))
    assert given == {"kind": "b", "rate": 0.5, "clip": True, "inner.size": 7, "bits": 1000}
    assert vars(parser.parse_args(["--inner.widths", "64", "32", "--clip"])) == {
        "inner.widths": (64, 32),
        "clip": True,
    }
    assert vars(parser.parse_args(["--rate", "none", "--no-clip"])) == {"rate": None, "clip": False}


def test_nested_values_change_a_copy_of_the_base():
    base = Config(inner=Inner(4))
    assert options.nested({"kind": "b", "inner.size": 7}, base) == {"kind": "b", "inner": Inner(7)}
    assert base.inner == Inner(4)


@pytest.mark.parametrize(
    "wrong",
    [
        "--kind c",
        "--rate fast",
        "--seed 1",
        "--other x",
        "--bits 60",
        "--inner.size big",
        "--inner.widths",
        "--pair 1 2",
    ],
)
def test_what_does_not_fit_is_refused(parser, wrong, capsys):
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(wrong.split())
    assert caught.value.code == 2
    assert wrong.split()[0] in capsys.readouterr().err


def test_help_has_the_words_of_the_docstring(parser):
    text = " ".join(parser.format_help().split())
    assert "one of two, 100% of them." in text and "how big it is." in text
