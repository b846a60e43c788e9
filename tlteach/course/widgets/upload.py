"""Files from the student's computer. ipywidgets' own field loses those of more than 10 MB without a word."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import ipywidgets

from tlteach.course.widgets.base import new_name


@dataclass(frozen=True)
class File:
    """size: bytes on the student's disk. content: its bytes, those of a smaller copy of a large picture, or None
    where it was too large to be sent."""

    name: str
    size: int
    content: bytes | None


class Upload:
    """A field to choose files with; `on_files(files)` is called with what was chosen. `view` is to be laid out."""

    def __init__(self, label: str, accept: str, on_files: Callable[[Sequence[File]], Any]):
        self.on_files, name = on_files, new_name("upload")
        field = f'<input type="file" multiple accept="{escape(accept)}" data-tl-upload="{name}"/>'
        html = ipywidgets.HTML(f"<label>{escape(label)} {field}</label>")
        self.field = ipywidgets.Text(layout={"display": "none"})
        self.field.add_class(name)
        self.field.observe(self._received, "value")
        self.view = ipywidgets.HBox([html, self.field])

    def _received(self, change: Any) -> None:
        if not change["new"]:
            return
        sent = json.loads(change["new"])
        self.field.value = ""  # so that the same may come again
        decode = lambda content: None if content is None else base64.b64decode(content)  # noqa: E731
        self.on_files([File(str(each["name"]), int(each["size"]), decode(each["content"])) for each in sent])
