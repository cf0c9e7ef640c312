"""One family of errors: each says what happened, why, and how to mend it, in words fit for a page or a shell."""

from __future__ import annotations


class LabError(Exception):
    """Something the user can mend. Its text is shown as it is: what, why, how to mend."""


class ConfigError(LabError):
    """A name, value or combination in a configuration is not possible."""


class DataError(LabError):
    """A data set is missing, unreadable or of the wrong shape."""


class CheckpointError(LabError):
    """A run's folder is incomplete, foreign, truncated or unsafe."""


class RunError(LabError):
    """A run cannot be started, resumed, changed or found."""


class ShapeError(LabError, ValueError):
    """A tensor or array does not have the shape a function needs."""
