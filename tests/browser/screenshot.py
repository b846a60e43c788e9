"""A whole notebook as JupyterLab shows it: `python -m tests.browser.screenshot NOTEBOOK [OUT.png] [--dark]`.

The notebook is copied, run at the smoke preset (or `--preset`), and photographed from top to bottom, in parts of at
most `--height` pixels: OUT.png, OUT-2.png and so on. `--as-is` does not run it: that is how it looks when received.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from .lab import lab, missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out", type=Path, nargs="?", default=Path("screenshot.png"))
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--as-is", action="store_true", help="do not run the cells")
    parser.add_argument("--preset", default="smoke")
    parser.add_argument("--height", type=int, default=1800, help="pixels a picture")
    options = parser.parse_args()
    if reason := missing():
        parser.exit(1, f"No screenshot: {reason}.\n")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        root.mkdir()
        shutil.copy(options.notebook, root)
        with lab(root, Path(folder), options.preset) as server:
            theme = "dark" if options.dark else "light"
            with server.open(options.notebook.name, theme, height=options.height) as opened:
                if not options.as_is:
                    opened.run_all(timeout=900)
                for path in photograph(opened.page, options.out):
                    print(path)
                for problem in opened.cell_errors() + opened.complaints():
                    print("!", problem.strip()[:300])


def photograph(page, out: Path) -> list[Path]:
    """Save the notebook that is open in parts, scrolling from its top to its end."""
    page.keyboard.press("Control+b")  # the side bar away
    scroller = "document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer')"
    page.evaluate(f"() => {scroller}.scrollTo(0, 0)")
    page.wait_for_timeout(500)
    paths: list[Path] = []
    while len(paths) < 40:
        paths.append(out.with_stem(f"{out.stem}-{len(paths) + 1}") if paths else out)
        page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)").screenshot(path=paths[-1])
        moved = page.evaluate(
            f"() => {{ const p = {scroller}, y = p.scrollTop; p.scrollTo(0, y + p.clientHeight - 40);"
            " return p.scrollTop > y + 5; }"
        )
        if not moved:
            break
        page.wait_for_timeout(300)
    return paths


if __name__ == "__main__":
    main()
