"""Progress is never lost: not to an upgrade, a damaged file, a second notebook or a folder that cannot be written."""

import json
import multiprocessing
import os

import filelock
import pytest
import torch

from tlteach import paths
from tlteach.course.exercises import check
from tlteach.course.exercises import progress as module
from tlteach.course.exercises.progress import Progress
from tlteach.errors import BadFile


def right(hebb, pre, post, eta):
    return (1 - eta) * hebb + eta * torch.outer(pre, post)


@pytest.fixture
def file(own_user_folder):
    own_user_folder.mkdir()
    return own_user_folder / "progress.json"


def stored(file):
    return json.loads(file.read_text(encoding="utf-8"))


def test_what_is_kept_of_an_exercise(file):
    check.hebb_update(check.hebb_update.mutants[0].function)
    check.hebb_update.hint()
    check.hebb_update.hint()
    check.hebb_update(right)
    check.hebb_update.solution()
    data = stored(file)
    entry = data["exercises"]["hebb_update"]
    assert data["version"] == 1
    assert entry["tries"] == 2 and entry["hints"] == 2 and entry["mistakes"] == {"transposed": 1}
    assert entry["first_try"] <= entry["solved"] <= entry["solution_seen"]


def test_once_solved_stays_solved(file, capsys):
    check.hebb_update(right)
    at = stored(file)["exercises"]["hebb_update"]["solved"]
    check.hebb_update(check.hebb_update.mutants[0].function)
    assert check.hebb_update.status == "solved" and stored(file)["exercises"]["hebb_update"]["solved"] == at


def test_an_upgrade_keeps_what_it_does_not_know(file):
    old = {
        "version": 1,
        "student": "Ada",
        "exercises": {"hebb_update": {"tries": 4, "notes": ["mine"]}, "of_another_version": {"solved": "2025-01-01"}},
    }
    file.write_text(json.dumps(old))
    check.hebb_update(right)
    new = stored(file)
    assert new["student"] == "Ada" and new["exercises"]["of_another_version"] == {"solved": "2025-01-01"}
    assert new["exercises"]["hebb_update"]["notes"] == ["mine"] and new["exercises"]["hebb_update"]["tries"] == 5


def test_a_file_of_a_newer_version_is_left_alone(file, capsys):
    text = json.dumps({"version": 99, "exercises": {"hebb_update": {"tries": 4}}})
    file.write_text(text)
    check.hebb_update(right)
    assert "written by a newer tlteach" in capsys.readouterr().out
    assert file.read_text() == text and check.hebb_update.status == "solved"


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"version": 1}', b'{"exercises": []}', b"[" * 100_000]
)
def test_a_damaged_file_is_set_aside(file, damaged, capsys):
    file.write_bytes(damaged)
    check.hebb_update(right)
    assert "was damaged: it is kept as progress.json.corrupt-1" in capsys.readouterr().out
    assert file.with_name("progress.json.corrupt-1").read_bytes() == damaged
    assert stored(file)["exercises"]["hebb_update"]["tries"] == 1


def test_damage_is_told_once_numbered_and_what_can_be_read_is_kept(file, capsys):
    file.with_name("progress.json.corrupt-1").write_text("earlier")
    file.write_text('{"version": 1, "me": 1, "exercises": {"oja_update": {"solved": "2025"}, "hebb_update": 3}}')
    check.hebb_update(right)
    check.hebb_update(right)
    assert capsys.readouterr().out.count("was damaged") == 1
    assert file.with_name("progress.json.corrupt-1").read_text() == "earlier"
    assert "hebb_update" in file.with_name("progress.json.corrupt-2").read_text()
    assert stored(file)["me"] == 1 and check.oja_update.status == "solved"


def test_a_look_at_a_damaged_file_changes_nothing(file):
    text = '{"version": 1, "exercises": {"oja_update": {"solved": "2025"}, "hebb_update": 3}}'
    file.write_text(text)
    assert check.oja_update.status == "solved" and check.hebb_update.status == "not attempted"
    assert file.read_text() == text


@pytest.mark.parametrize("entry", ['{"tries": "four"}', '{"mistakes": 3}', '{"hints": null}'])
def test_odd_values_in_an_entry_do_not_stop_a_check(file, entry):
    file.write_text('{"version": 1, "exercises": {"hebb_update": ' + entry + "}}")
    check.hebb_update(check.hebb_update.mutants[0].function)
    check.hebb_update.hint()
    assert check.hebb_update(right) is right and check.hebb_update.status == "solved"


def test_a_folder_that_cannot_be_written_is_told_once_and_memory_serves(own_user_folder, capsys):
    own_user_folder.write_text("a file where the folder should be")
    check.hebb_update(right)
    check.oja_update(right)
    shown = capsys.readouterr().out
    assert shown.count("kept in memory only") == 1 and "✓ hebb_update · right" in shown
    assert check.hebb_update.status == "solved" and check.oja_update.status == "tried"
    assert own_user_folder.read_text() == "a file where the folder should be"


def test_what_waited_in_memory_is_written_when_it_can_be(file, monkeypatch, capsys):
    def full(path, content):
        raise BadFile(f"could not write {path}: no space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_atomic", full)
        check.hebb_update(right)
    assert "no space left" in capsys.readouterr().out and not file.exists()
    check.oja_update(right)
    assert stored(file)["exercises"]["hebb_update"]["tries"] == 1


def test_a_file_that_cannot_be_read_is_not_replaced(file, capsys):
    file.mkdir()
    check.hebb_update(right)
    assert "cannot be read" in capsys.readouterr().out and file.is_dir()
    assert check.hebb_update.status == "solved"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(file, capsys):
    file.parent.chmod(0o500)
    try:
        check.hebb_update(right)
    finally:
        file.parent.chmod(0o700)
    assert "kept in memory only" in capsys.readouterr().out and not file.exists()


def count(folder, name, times):
    progress = Progress(lambda: folder)
    for _ in range(times):
        progress.update(name, lambda entry: entry.update(tries=entry.get("tries", 0) + 1))


def test_two_notebooks_at_once_lose_nothing(own_user_folder):
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
    work = [("mine", 15), ("mine", 15), ("other", 15)]
    processes = [context.Process(target=count, args=(own_user_folder, *job)) for job in work]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    entries = stored(own_user_folder / "progress.json")["exercises"]
    assert entries["mine"]["tries"] == 30 and entries["other"]["tries"] == 15


@pytest.fixture
def held(file, monkeypatch):
    """The lock, in the hands of a program that does not let go."""
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    module.progress.__init__()
    with filelock.FileLock(f"{file}.lock") as lock:
        yield lock


def waiting(file):
    return list(file.parent.glob("progress.json.waiting-*"))


def test_a_lock_that_is_not_let_go_costs_neither_side_anything(file, held, capsys):
    theirs = {"version": 1, "exercises": {"oja_update": {"tries": 3, "solved": "2025"}, "hebb_update": {"tries": 1}}}
    check.hebb_update(right)
    check.hebb_update.hint()
    assert capsys.readouterr().out.count("another program keeps") == 1
    assert not file.exists(), "the file is theirs as long as they hold the lock"
    assert check.hebb_update.status == "solved"
    file.write_text(json.dumps(theirs))
    assert check.oja_update.status == check.hebb_update.status == "solved"
    held.release()
    check.plastic_step(check.plastic_step.mutants[0].function)
    entries = stored(file)["exercises"]
    assert entries["oja_update"] == theirs["exercises"]["oja_update"]
    assert entries["hebb_update"]["solved"] and entries["hebb_update"]["hints"] == 1
    assert entries["plastic_step"]["tries"] == 1
    assert not waiting(file)


def test_what_waits_outlives_the_kernel(file, held):
    check.hebb_update(right)
    module.progress.__init__()  # another kernel
    assert check.hebb_update.status == "solved"
    for _ in range(2):
        check.hebb_update(check.hebb_update.mutants[0].function)
    module.progress.__init__()
    assert module.progress.entry("hebb_update")["tries"] == 3
    held.release()
    check.hebb_update(right)
    assert stored(file)["exercises"]["hebb_update"]["tries"] == 4 and not waiting(file)


def test_a_waiting_file_that_cannot_be_read_is_left_alone(file):
    odd = file.with_name("progress.json.waiting-odd")
    odd.write_text("{")
    check.hebb_update(right)
    assert odd.read_text() == "{" and stored(file)["exercises"]["hebb_update"]["solved"]


def test_two_accounts_of_an_exercise_are_joined_whichever_comes_first():
    one = {"tries": 5, "solved": "2026-02", "mistakes": {"no decay": 2}, "notes": ["mine"]}
    other = {"tries": 3, "solved": "2026-01", "mistakes": {"no decay": 1, "transposed": 1}, "hints": 2}
    both = {
        "tries": 5,
        "solved": "2026-01",
        "mistakes": {"no decay": 2, "transposed": 1},
        "hints": 2,
        "notes": ["mine"],
    }
    assert module.joined(one, other) == module.joined(other, one) == both
    assert module.joined(both, one) == both


def test_the_folder_is_the_users(own_user_folder):
    assert Progress().path == paths.user_folder() / "progress.json" == own_user_folder / "progress.json"
