"""What is raised at the border: a message that says what was got, what was expected and what to do."""


class TlteachError(Exception):
    """Base of every error that `tlteach` raises on purpose; its text is meant for a person."""


class InvalidInput(TlteachError, ValueError):
    """An argument, a configuration or a tensor that cannot be used."""


class BadFile(TlteachError, OSError):
    """A file or folder that is missing, damaged, of another kind, or cannot be written."""


class Diverged(TlteachError, ArithmeticError):
    """A training whose loss or gradient is no longer a finite number; what there was before is kept."""
