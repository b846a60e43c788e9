"""Predict, then run: a question answered before the computation, kept in the student's own folder."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import ipywidgets

from tlteach import paths
from tlteach.course.widgets.base import Widget
from tlteach.errors import BadFile, InvalidInput
from tlteach.files import write_atomic


class Predict(Widget):
    """A question with a few answers and room for a reason.

    The choice is saved at once in `predictions.json` of the student's folder and is back when the lesson is opened
    again, also after the lesson itself has been replaced by a newer version.

    Args:
        key: name of the question, unique in the course, for example "02-episodes".
        question: one sentence.
        options: the answers, at least two, all different.
        default: `value` while nothing has been chosen (nobody clicks when a notebook is tested); the first option
            unless given.

    Raises InvalidInput for an empty key or question, too few or repeated options, or a default that is not one.
    """

    title = "Your prediction"

    def __init__(self, key: str, question: str, options: Sequence[str], default: str | None = None):
        options = [str(option) for option in options]
        if not key or not question:
            raise InvalidInput("Predict needs a key and a question, both not empty.")
        if len(options) < 2 or len(set(options)) < len(options):
            raise InvalidInput(f"Predict {key!r} needs at least two different options, got {options}.")
        if default is not None and default not in options:
            raise InvalidInput(f"Predict {key!r}: the default {default!r} is not one of the options {options}.")
        self.key, self.question, self.options, self.default = key, question, options, default or options[0]
        kept = _load().get(key, {})
        choice = kept.get("choice")
        self._radio = ipywidgets.RadioButtons(
            options=options, value=choice if choice in options else None, layout={"width": "max-content"}
        )
        self._reason = ipywidgets.Text(
            value=str(kept.get("reason", "")),
            description="Because",
            placeholder="optional, for yourself",
            continuous_update=False,
            layout={"width": "36em"},
        )
        self._note = ipywidgets.HTML()
        super().__init__({"choice": self._radio, "reason": self._reason})
        for control in self.controls.values():
            control.observe(self._save, "value")

    @property
    def answered(self) -> bool:
        """Whether the student has chosen."""
        return self._radio.value is not None

    @property
    def value(self) -> str:
        """The chosen option, or the default while there is none."""
        return self._radio.value if self.answered else self.default

    @property
    def reason(self) -> str:
        return self._reason.value

    def render(self, choice: str | None, reason: str = "") -> str:
        """The question as HTML, with the chosen answer in bold."""
        mark = lambda option: f"<strong>{escape(option)}</strong> (your choice)" if option == choice else escape(option)  # noqa: E731
        items = "".join(f"<li>{mark(option)}</li>" for option in self.options)
        because = f"<p>Because: {escape(reason)}</p>" if reason else ""
        return f"<p><strong>Predict:</strong> {escape(self.question)}</p><ul>{items}</ul>{because}"

    def describe(self, choice: str | None, reason: str = "") -> str:
        return f"{self.question} {' / '.join(self.options)}. Chosen: {choice or 'nothing yet'}."

    def still(self) -> str:
        return self.render(**self.parameters())

    def layout(self) -> ipywidgets.DOMWidget:
        asked = ipywidgets.HTML(f'<div class="tl-question"><strong>Predict:</strong> {escape(self.question)}</div>')
        box = ipywidgets.VBox([asked, self._radio, self._reason, self._note])
        box.add_class("tl-predict")
        return box

    def reveal(self, correct: str, why: str) -> "Verdict":
        """What came out, beside what was guessed. Raises InvalidInput when `correct` is not one of the options."""
        if correct not in self.options:
            raise InvalidInput(f"Predict {self.key!r}: {correct!r} is not one of the options {self.options}.")
        return Verdict(self._radio.value, correct, why)

    def _save(self, change: Any) -> None:
        try:
            kept = _load()
            kept[self.key] = {"choice": self._radio.value, "reason": self._reason.value}
            write_atomic(_file(), json.dumps(kept, indent=1, ensure_ascii=False))
            self._note.value = "Kept. You can still change it before you run the next cell."
        except BadFile as error:
            self._note.value = f"Your choice holds in this notebook but could not be kept: {escape(str(error))}"


@dataclass(frozen=True)
class Verdict:
    """A prediction beside the outcome. `chosen` is None when the student did not choose."""

    chosen: str | None
    correct: str
    why: str

    @property
    def held(self) -> bool:
        return self.chosen == self.correct

    @property
    def lines(self) -> list[str]:
        if self.chosen is None:
            first = f"It came out as: {self.correct}. (You made no prediction; try one next time, it helps memory.)"
        elif self.held:
            first = f"\u2713 Your prediction held: {self.correct}."
        else:
            first = f"You predicted: {self.chosen}. It came out as: {self.correct}. A surprise is worth a thought."
        return [first, self.why]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        first, why = map(escape, self.lines)
        edge = "#2e7d32" if self.held else "#5790fc"
        style = f"border-left: 4px solid {edge}; padding: 4px 12px"
        html = f'<div role="note" style="{style}"><strong>{first}</strong><br/>{why}</div>'
        return {"text/html": html, "text/plain": "\n".join(self.lines)}


def _file():
    return paths.user_folder() / "predictions.json"


def _load() -> dict[str, dict[str, Any]]:
    """All kept predictions. A damaged file is set aside as `predictions.json.damaged`, never overwritten."""
    try:
        kept = json.loads(_file().read_text(encoding="utf-8"))
        if not isinstance(kept, dict) or not all(isinstance(entry, dict) for entry in kept.values()):
            raise ValueError("not a table of predictions")
        return kept
    except FileNotFoundError:
        return {}
    except ValueError:
        os.replace(_file(), f"{_file()}.damaged")
        return {}
    except OSError:
        return {}
