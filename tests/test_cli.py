"""The command line from outside: what it imports, prints, returns and leaves behind."""

import os
import subprocess
import sys

import pytest

import tlteach
from tlteach import cli, experiments, paths
from tlteach.course import lab, lessons

HEAVY = ("torch", "numpy", "matplotlib", "ipywidgets", "papermill", "jupytext", "joblib", "gymnasium")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_tlteach_and_its_cli_is_light():
    watch = "import sys, time; start = time.process_time(); import tlteach{}; spent = time.process_time() - start"
    loaded = f"print(spent < 1, [name for name in {HEAVY} if name in sys.modules])"
    assert python(f"{watch.format('')}; {loaded}") == "True []"
    assert python(f"{watch.format('.cli')}; tlteach.cli._parser().format_help(); {loaded}") == "True []"


def test_the_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "tlteach", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"tlteach {tlteach.__version__}"


@pytest.mark.parametrize("command", ["", "lab", "start", "doctor", "data", "run", "reproduction", "build", "validate"])
def test_help(command, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([*command.split(), "--help"])
    assert caught.value.code == 0
    assert "usage: tlteach" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [[], ["fly"], ["build", "--fast"], ["build", "--jobs", "0"], ["start"],
                                   ["data", "get"], ["data", "get", "mnist"], ["data", "omniglot"]])  # fmt: skip
def test_wrong_calls_exit_with_2(wrong, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(wrong)
    assert caught.value.code == 2
    assert "usage: tlteach" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong, told",
    [
        (["build", "99"], "no lesson '99'"),
        (["build", "--no-execute", "--preset", "fast"], "unknown preset 'fast'"),
        (["validate", "--preset", "fast"], "unknown preset 'fast'"),
        (["run", "levers"], "no experiment 'levers'"),
        (["start", __file__], "is a file, not a folder"),
        (["lab", __file__], "is a file, not a folder"),
    ],
)
def test_errors_are_one_line_and_exit_with_1(wrong, told, capsys):
    assert cli.main(wrong) == 1
    error = capsys.readouterr().err
    assert told in error and error.startswith("tlteach: ") and "Traceback" not in error


def test_a_stop_is_no_traceback(monkeypatch, capsys):
    def stopped(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_doctor", stopped)
    assert cli.main(["doctor"]) == 1
    assert capsys.readouterr().err == "\ntlteach: stopped.\n"


@pytest.fixture
def two_lessons(tmp_path, monkeypatch):
    folder = tmp_path / "lessons"
    folder.mkdir()
    for name in ("00_first", "01_second"):
        (folder / f"{name}.ipynb").write_text(name)
    monkeypatch.setattr(paths, "lessons_folder", lambda: folder)
    return folder


def test_start_says_what_it_did(two_lessons, tmp_path, capsys):
    mine = tmp_path / "mine"
    assert cli.main(["start", str(mine)]) == 0
    assert "2 lessons copied, 0 were there" in capsys.readouterr().out
    (two_lessons / "01_second.ipynb").write_text("changed")
    assert cli.main(["start", str(mine)]) == 0
    told = capsys.readouterr().out
    assert (
        "0 lessons copied, 2 were there" in told
        and "yours is untouched, the new version is 01_second.new.ipynb" in told
    )


def test_lab_opens_the_lesson_in_the_folder(two_lessons, tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(lab, "open_lab", lambda command: called.append(command) or 0)
    mine = tmp_path / "mine"
    assert cli.main(["lab", str(mine)]) == 0
    assert cli.main(["lab", str(mine), "--lesson", "7"]) == 1  # no such lesson
    assert cli.main(["lab", str(mine), "--lesson", "1", "--no-browser", "--port=8890"]) == 0
    (mine / "01_second.ipynb").write_text("my work")
    assert cli.main(["lab", str(mine)]) == 0
    first, second, left_off = called
    assert first[1:3] == ["-m", "jupyterlab"] and f"--ServerApp.root_dir={mine}" in first
    assert "--LabApp.default_url=/lab/tree/00_first.ipynb" in first
    assert "--LabApp.default_url=/lab/tree/01_second.ipynb" in second
    assert "--LabApp.default_url=/lab/tree/01_second.ipynb" in left_off
    assert second[-2:] == ["--no-browser", "--port=8890"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no exec")
def test_lab_takes_no_option_for_a_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(["lab", "--", "--no-browser"])
    assert "without `--`" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_lab_becomes_jupyterlab():
    inside = "import os; print(os.getpid(), os.environ['OMP_NUM_THREADS'])"
    code = f"import sys; from tlteach.course import lab; lab.open_lab([sys.executable, '-c', {inside!r}])"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.communicate()[0].split() == [str(process.pid), "1"]


def test_building_and_validating_need_the_sources(monkeypatch, capsys):
    monkeypatch.setattr(paths, "checkout", lambda: None)
    for command in ("build", "validate"):
        assert cli.main([command]) == 1
        assert "installed without its sources" in capsys.readouterr().err


def test_build_check(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(lessons.Checkout, "here", classmethod(lambda cls: cls(tmp_path)))
    (tmp_path / "tutorials").mkdir()
    assert cli.main(["build", "--check"]) == 0
    (tmp_path / "tutorials" / "01_gone.ipynb").write_text("{}")
    assert cli.main(["build", "--check"]) == 1
    assert "01_gone.ipynb has no source" in capsys.readouterr().out


def test_data_is_listed_and_got(monkeypatch, tmp_path, capsys):
    from tlteach.data import archives, download

    monkeypatch.setenv("TLTEACH_DATA", str(tmp_path))
    monkeypatch.setattr(
        download.requests, "get", lambda *_, **__: pytest.fail("a list, or what is here, is no download")
    )
    assert cli.main(["data"]) == 0
    told = capsys.readouterr().out
    assert told.count("not here") == 2 and "tlteach data get omniglot" in told and "tlteach data get cifar10" in told
    for archive in archives.DATA_SETS["omniglot"]:
        (tmp_path / archive.name).write_bytes(b"something")
    assert cli.main(["data", "get", "omniglot"]) == 0
    assert capsys.readouterr().out.count("not byte for byte the official archive") == 2


def test_data_that_cannot_be_had_is_an_error(monkeypatch, tmp_path, capsys):
    from tlteach.data import download

    def offline(*_, **__):
        raise download.requests.ConnectionError("no network")

    monkeypatch.setenv("TLTEACH_DATA", str(tmp_path))
    monkeypatch.setattr(download, "WAIT", 0.0)
    monkeypatch.setattr(download.requests, "get", offline)
    assert cli.main(["data", "get", "cifar10"]) == 1
    assert "could not download cifar-10-python.tar.gz" in capsys.readouterr().err


def test_run_without_a_name_lists_the_experiments(capsys):
    assert cli.main(["run"]) == 0
    told = capsys.readouterr().out
    assert all(f"{name} " in told for name in experiments.names())
