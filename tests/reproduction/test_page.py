"""REPRODUCTION.md follows from the recorded runs, grows with them, and can be read."""

import re

import numpy as np
import pytest

from tlteach import cli, reproduction
from tlteach.course.lessons import Checkout
from tlteach.errors import BadFile, InvalidInput
from tlteach.experiments import images, one_shot
from tlteach.paths import checkout
from tlteach.plots import Table
from tlteach.reproduction import page

ALL = [(chapter, claim) for chapter in reproduction.CHAPTERS for claim in chapter.claims]


def test_the_committed_page_is_up_to_date():
    diff = reproduction.difference(checkout())
    assert not diff, f"run `tlteach reproduction` and commit REPRODUCTION.md:\n{diff}"


def test_the_page_is_the_same_every_time():
    assert reproduction.document(reproduction.recorded()) == reproduction.document(reproduction.recorded())


def test_nothing_recorded_is_a_page_too():
    text = reproduction.document({})
    assert (
        f"Of {len(ALL)} claims: 0 reproduced, 0 partly, 0 undecided, 0 not reproduced, {len(ALL)} not yet run." in text
    )


@pytest.fixture
def grown(made):
    """The recorded runs, and made ones of the experiments still to come."""
    evidence = {name: dict(found) for name, found in reproduction.recorded().items()}
    for seed in range(3):
        for network, loss in (("plastic", 15.0), ("shared", 26.0)):
            config = images.Config.preset("paper", network, episodes=40_000, seed=seed)
            run = made("images", config, np.arange(100, 40_001, 100), withheld_loss=loss, loss=loss)
            evidence["images"][f"paper-{images.run_name(config)}"] = run
        config = one_shot.Config.preset("long", seed=seed)
        run = made("one_shot", config, [512, 20_480_000], test_accuracy=[np.nan, 0.984], validation_accuracy=0.98)
        evidence["one_shot"][f"long-{one_shot.run_name(config)}"] = run
    return evidence


def test_new_runs_change_verdicts(grown):
    text = reproduction.document(grown)
    before = reproduction.document({})
    for title in (
        "An alpha for each connection ends lower than one for all",
        "98.3% with an alpha for each connection",
    ):
        assert f"{title}: reproduced\n" in text and f"{title}: not yet run\n" in before
    assert "15.0 : 26.0, 32 x 32, 40,000 episodes" in text and "98.40% ± 0." in text
    assert "one_shot/long-plastic-omniglot-5way-1shot-honest-seed*" in text
    assert "a machine \\| of tests" in text, "a bar would end the cell"


def test_links_lead_somewhere_and_tables_are_whole(grown):
    text = reproduction.document(grown)
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) == {claim.name for _, claim in ALL}
    assert set(re.findall(r'<a id="([\w-]+)"></a>', text)) >= {claim.name for _, claim in ALL}
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.M):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1, block
    assert not re.search(r"\bnan\b|\binf\b|None|Sample\(|\[\]", text)


def test_every_recorded_run_is_on_the_page():
    text = reproduction.document(reproduction.recorded())
    for experiment, found in reproduction.recorded().items():
        for name, run in found.items():
            assert f"{experiment}/{re.sub(r'seed[0-9]+$', 'seed*', name)}" in text and run.provenance.commit in text


def test_claims_say_what_they_need():
    names = reproduction.names()
    assert len(set(names)) == len(names)
    for _, claim in ALL:
        assert claim.source and claim.says and claim.rule.reproduced and claim.rule.partly
        assert ("†" in claim.number) == bool(claim.unverified)


def test_tables_for_lessons(grown):
    claims = reproduction.table("patterns")
    assert [row[0] for row in claims.rows] == [
        claim.title for chapter, claim in ALL if chapter.experiment == "patterns"
    ]
    assert isinstance(claims, Table) and claims.columns[-1] == "verdict"
    one = reproduction.table("images-order", grown)
    assert one.rows[0][0] == "the paper" and one.rows[1][1] == "15.0" and one.caption.endswith(": reproduced")
    with pytest.raises(InvalidInput, match="Did you mean 'images-order'"):
        reproduction.table("image-order")


def test_a_bar_in_a_cell():
    assert page.markdown(Table(("a", "b"), [("x|y", "z")], "")) == "| a | b |\n| --- | --- |\n| x\\|y | z |"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(Checkout, "here", classmethod(lambda cls: cls(tmp_path)))
    return tmp_path


def test_the_command_writes_and_checks(elsewhere, capsys):
    assert cli.main(["reproduction", "--check"]) == 1 and not list(elsewhere.iterdir())
    assert cli.main(["reproduction"]) == 0
    assert "claims:" in capsys.readouterr().out
    path = elsewhere / "REPRODUCTION.md"
    assert [file.name for file in elsewhere.iterdir()] == [path.name]
    assert cli.main(["reproduction", "--check"]) == 0
    text = path.read_bytes().decode()
    path.write_bytes(text.replace("13,676", "2,000").encode())
    capsys.readouterr()
    assert cli.main(["reproduction", "--check"]) == 1
    told = capsys.readouterr().out
    assert re.search(r"^-.*\b2,000 with 51 units", told, re.M) and re.search(r"^\+.*13,676 with 51 units", told, re.M)
    assert "run `tlteach reproduction`" in told and "2,000 with 51 units" in path.read_text(encoding="utf-8")
    assert cli.main(["reproduction"]) == 0 and path.read_bytes().decode() == text


def test_line_endings_count(elsewhere):
    """The page is the same bytes everywhere."""
    reproduction.write(elsewhere)
    path = elsewhere / page.FILE
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert reproduction.difference(elsewhere)


def test_a_page_that_is_no_text(elsewhere):
    (elsewhere / page.FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(BadFile, match="writes it anew"):
        reproduction.difference(elsewhere)
