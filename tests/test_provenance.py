import subprocess

import pytest

from tlteach import provenance


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A git checkout with a module and a recorded run, and what `commit` says of it when asked afresh."""

    def git(*words):
        who = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
        return subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True, text=True).stdout

    for name in ("tlteach/module.py", "tlteach/recorded/run"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("first")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    monkeypatch.setattr(provenance, "checkout", lambda: tmp_path)
    return tmp_path, git("rev-parse", "--short", "HEAD").strip(), provenance.commit.__wrapped__


def test_the_commit_says_when_the_code_was_changed_and_only_then(checkout):
    root, head, commit = checkout
    assert commit() == head
    (root / "tlteach/recorded/run").write_text("recorded anew")
    assert commit() == head
    (root / "tlteach/module.py").write_text("changed")
    assert commit() == head + "+"


def test_there_is_no_commit_outside_a_checkout(monkeypatch):
    monkeypatch.setattr(provenance, "checkout", lambda: None)
    assert provenance.commit.__wrapped__() == ""
