"""Writing files so that a reader never sees half of one, and a full disk loses nothing."""

import os
import tempfile
from pathlib import Path

from tlteach.errors import BadFile


def write_atomic(path: str | Path, content: bytes | memoryview | str) -> Path:
    """Write `content` to a temporary name beside `path`, then rename it over `path`.

    Raises BadFile when the folder cannot be written or the disk is full; what stood at `path` is untouched.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            temporary = file.name
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise BadFile(
            f"could not write {path} ({len(data):,} bytes): {error.strerror or error}. "
            "What was there before is untouched. Free some space or choose a folder you may write to."
        ) from error
    return path
