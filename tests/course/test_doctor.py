"""The doctor never crashes, and what it says can be acted on."""

import hashlib
import importlib.metadata
import subprocess
from dataclasses import replace

import pytest

from tlteach.course import doctor
from tlteach.course.doctor import MISSING, OK, WARNING, Finding
from tlteach.data import archives


@pytest.fixture
def no_rendering(monkeypatch):
    monkeypatch.setattr(doctor, "_runs", lambda script, way="": way == "egl")


def by_name(findings):
    return {finding.what: finding for finding in findings}


def test_every_finding_is_whole_and_trouble_comes_with_advice(no_rendering):
    findings = list(doctor.examine())
    assert {"python", "torch", "notebook kernel", "devices", "numba", "progress", "mujoco", "browser"} <= set(
        by_name(findings)
    )
    for finding in findings:
        assert finding.status in (OK, WARNING, MISSING) and finding.detail
        assert finding.status == OK or finding.advice
    assert "MUJOCO_GL=egl" in by_name(findings)["mujoco"].advice


def test_a_mujoco_that_does_not_start_is_not_said_to_simulate(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "nothing")
    found = list(doctor._mujoco())
    assert [(each.status, each.detail) for each in found] == [(WARNING, "does not start with MUJOCO_GL=nothing")]
    assert "Unset MUJOCO_GL" in found[0].advice


def test_a_check_that_breaks_hides_nothing(monkeypatch, no_rendering):
    def broken():
        yield Finding("before", OK, "fine")
        raise RuntimeError("odd machine")

    broken.__name__ = "_odd_check"
    first, second = doctor._guarded(broken)
    assert first.what == "before"
    assert (second.what, second.status) == ("odd check", WARNING) and "odd machine" in second.detail


def test_versions_outside_the_bounds_and_missing_packages(monkeypatch):
    versions = {"torch": "1.0", "numpy": "2.1"}

    def version(name):
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    needs = ["torch<3,>=2.6", "numpy>=2.0", "nowhere>=1", 'pytest>=8; extra == "test"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: needs)
    monkeypatch.setattr(importlib.metadata, "version", version)
    found = by_name(doctor._packages())
    assert {name: finding.status for name, finding in found.items()} == {
        "torch": WARNING,
        "numpy": OK,
        "nowhere": MISSING,
    }
    assert "1.0; tested with <3,>=2.6" in found["torch"].detail and "nowhere>=1" in found["nowhere"].advice
    assert doctor.exit_code(list(found.values())) == 1
    assert doctor.exit_code([found["torch"], found["numpy"]]) == 0


def test_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
    def refused(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("TLTEACH_HOME", str(tmp_path / "not" / "yet"))
    (finding,) = doctor._user_folder()
    assert finding.status == OK and not (tmp_path / "not").exists()  # looking makes nothing
    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refused)
    (finding,) = doctor._user_folder()
    assert finding.status == WARNING and "Permission denied" in finding.detail and "TLTEACH_HOME" in finding.advice


def test_which_data_is_here_and_how_to_get_the_rest(monkeypatch, tmp_path):
    monkeypatch.setenv("TLTEACH_DATA", str(tmp_path))
    absent = by_name(doctor.data_sets())
    assert {finding.status for finding in absent.values()} == {OK}  # the lessons run without
    for name, call in (("Omniglot", "tlteach data get omniglot"), ("CIFAR-10", "tlteach data get cifar10")):
        assert (
            "not here" in absent[name].detail and call in absent[name].advice and "TLTEACH_DATA" in absent[name].advice
        )
    for name in ("images_background.zip", "images_evaluation.zip"):
        (tmp_path / name).write_bytes(b"something")
    found = by_name(doctor.data_sets())["Omniglot"]
    assert "unverified" in found.detail and not found.advice and found.place == str(tmp_path)
    official = hashlib.sha256(b"something").hexdigest()
    known = tuple(replace(each, sha256=official) for each in archives.DATA_SETS["omniglot"])
    monkeypatch.setitem(archives.DATA_SETS, "omniglot", known)
    assert by_name(doctor.data_sets())["Omniglot"].detail == "here, official"


def test_rendering_that_hangs_or_fails(monkeypatch):
    def run(command, **_):
        if command[-1] == doctor._RENDER:
            raise subprocess.TimeoutExpired("render", 60)
        return subprocess.CompletedProcess(command, 0, b"size 17")

    monkeypatch.setattr(doctor.subprocess, "run", run)
    (finding,) = doctor._mujoco()
    assert finding.status == WARNING and "libegl1" in finding.advice and "simulates" in finding.detail


def test_the_report_in_a_lesson_names_no_place(no_rendering, own_user_folder):
    report = doctor.report()
    assert any(finding.place == str(own_user_folder) for finding in report.findings)
    for text in (repr(report), report._repr_html_()):
        assert str(own_user_folder) not in text and "progress" in text
    assert "<caption>" in report._repr_html_()
