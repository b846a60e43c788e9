"""Real JupyterLab in a real browser, for the tests of this folder and for `python -m tests.browser.screenshot`."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]  # fmt: skip
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},  # else a toast
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # else only cells on the screen exist
}
# Console errors that are not ours: (part of the text, why it is harmless).
HARMLESS: tuple[tuple[str, str], ...] = ()
IDLE = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-ExecutionIndicator[data-status='idle']"
FINISHED = """() => {
  const cells = [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell')]
    .filter(cell => cell.querySelector('.cm-content')?.textContent.trim() !== '');  // a hidden source is absent
  const prompts = cells.map(cell => cell.querySelector('.jp-InputPrompt').textContent);
  const failed = [...document.querySelectorAll("[data-mime-type='application/vnd.jupyter.stderr']")]
    .some(output => output.textContent.includes('Traceback (most recent call last)'));
  return !prompts.some(prompt => prompt.includes('*')) && (failed || /\\d/.test(prompts.at(-1)));
}"""


def chromium() -> str | None:
    """Path of the system's Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("TLTEACH_CHROMIUM") or next((path for name in names if (path := shutil.which(name))), None)


def missing() -> str | None:
    """Why browser tests cannot run here, or None."""
    try:
        import axe_playwright_python  # noqa: F401
        import playwright  # noqa: F401
    except ImportError as error:
        return f"the package {error.name} is not installed (pip install 'tlteach[test]')"
    return None if chromium() else "there is no Chromium on this machine (on Debian: apt-get install chromium)"


@dataclass
class Lab:
    """A running server with a browser. `root` is the folder it serves; `home` the student's folder of its kernels."""

    root: Path
    home: Path
    url: str
    settings: Path
    browser: object
    errors: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def open(self, notebook: str, theme: str = "light", height: int = 1000, width: int = 1300) -> Iterator["Page"]:
        """A fresh browser context with the notebook open and its kernel idle; shut down at the end."""
        self._set("@jupyterlab/apputils-extension:themes", {"theme": THEMES[theme]})
        context = self.browser.new_context(viewport={"width": width, "height": height})
        try:
            page = context.new_page()
            errors: list[str] = []
            page.on("console", lambda message: errors.append(message.text[:400]) if message.type == "error" else None)
            page.on("pageerror", lambda error: errors.append(str(error)[:400]))
            page.goto(f"{self.url}/lab/tree/{notebook}?reset")
            page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
            self._await_kernel(notebook)
            page.wait_for_selector(IDLE, state="attached", timeout=60_000)
            yield Page(page, errors)
        finally:
            context.close()
            self._end_kernels()

    def _set(self, plugin: str, value: dict) -> None:
        package, name = plugin.split(":")
        path = self.settings / package / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))

    def _sessions(self) -> list[dict]:
        with urllib.request.urlopen(f"{self.url}/api/sessions", timeout=10) as answer:
            return json.load(answer)

    def _await_kernel(self, notebook: str, timeout: float = 60) -> None:
        """Running cells before the page is connected to its kernel would ask for one in a dialog."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            kernels = [session["kernel"] for session in self._sessions() if session["path"] == notebook]
            if kernels and all(k["connections"] and k["execution_state"] == "idle" for k in kernels):
                return
            time.sleep(0.2)
        raise TimeoutError(f"no kernel was connected and idle within {timeout:g} s: {self._sessions()}")

    def _end_kernels(self) -> None:
        for session in self._sessions():
            request = urllib.request.Request(f"{self.url}/api/sessions/{session['id']}", method="DELETE")
            urllib.request.urlopen(request, timeout=20).close()


@dataclass
class Page:
    """An open notebook. `page` is playwright's page, `errors` what the console complained about."""

    page: object
    errors: list[str]

    def run_all(self, timeout: float = 90) -> None:
        """Run every cell and wait until the kernel is idle and the page has settled."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        time.sleep(0.4)
        self.wait_idle(timeout)

    def wait_idle(self, timeout: float = 90) -> None:
        """Until no cell is waiting and the last one has run (or one has failed), and the kernel is idle."""
        self.page.wait_for_function(FINISHED, timeout=timeout * 1000)
        self.page.wait_for_selector(IDLE, state="attached", timeout=timeout * 1000)

    def set_theme(self, theme: str) -> None:
        """Switch between light and dark without loading the page again."""
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES[theme]
        )
        self.page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light", arg=str(theme == "light").lower(), timeout=20_000
        )

    def cell_errors(self) -> list[str]:
        """Tracebacks shown in the notebook."""
        outputs = self.page.locator("[data-mime-type='application/vnd.jupyter.stderr']").all_inner_texts()
        return [text for text in outputs if "Traceback (most recent call last)" in text]

    def complaints(self) -> list[str]:
        """Console errors that have no known harmless reason."""
        return [error for error in self.errors if not any(part in error for part, _ in HARMLESS)]

    def violations(self, selector: str) -> list[str]:
        """Serious and critical defects that axe-core finds below `selector`, one line each."""
        import axe_playwright_python

        if not self.page.evaluate("() => Boolean(window.axe)"):
            script = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
            self.page.evaluate(script)
        # JupyterLab's body is 0 pixels high and hides its overflow: axe would take all text for invisible.
        self.page.evaluate("() => { document.body.style.minHeight = '100vh' }")
        found = self.page.evaluate(
            "async selector => document.querySelector(selector)"
            " ? (await axe.run({include: [selector]}, {resultTypes: ['violations']})).violations : []",
            selector,
        )
        return [
            f"{v['impact']} {v['id']}: {v['help']}; {node['html'][:200]}"
            for v in found
            if v["impact"] in ("serious", "critical")
            for node in v["nodes"]
        ]


@contextlib.contextmanager
def lab(root: Path, work: Path, preset: str = "smoke") -> Iterator[Lab]:
    """Start JupyterLab on `root` (its settings, home and log under `work`) and Chromium beside it."""
    from playwright.sync_api import sync_playwright

    settings, home = work / "settings", work / "home"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(settings), "JUPYTERLAB_WORKSPACES_DIR": str(work / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(work / "config"), "JUPYTER_RUNTIME_DIR": str(work / "runtime"),
        "JUPYTER_DATA_DIR": str(work / "data"), "TLTEACH_HOME": str(home), "TLTEACH_PRESET": preset,
        "OMP_NUM_THREADS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }  # fmt: skip
    options = ["--no-browser", "--allow-root", "--IdentityProvider.token=", "--ServerApp.password="]
    options += ["--ServerApp.disable_check_xsrf=True"]  # so that these tests may end its kernels
    options += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    options += [f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True"]
    work.mkdir(parents=True, exist_ok=True)
    with open(work / "lab.log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], stdout=log, stderr=subprocess.STDOUT, env=environment
        )
    try:
        _wait_for(url, server, work / "lab.log")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
            made = Lab(root, home, url, settings, browser)
            for plugin, value in SETTINGS.items():
                made._set(plugin, value)
            yield made
            browser.close()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/api/status", timeout=1).close()
            return
        if server.poll() is not None:
            break
        time.sleep(0.25)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
