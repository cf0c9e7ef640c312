"""The lab's errors: each message says what happened, why, and how to mend it, and is fit for a page or a shell."""

from __future__ import annotations


class LabError(Exception):
    """A problem that the user can mend. Its message is shown unchanged: what happened, why, how to mend it."""


class ConfigError(LabError):
    """A name, a value or a combination of values in a configuration is not possible."""


class DataError(LabError):
    """A data set is missing, unreadable or of the wrong shape."""


class CheckpointError(LabError):
    """A run's folder is incomplete, damaged, unsafe or not of this lab."""


class RunError(LabError):
    """A run cannot be started, resumed, changed or found."""


class ShapeError(LabError, ValueError):
    """A tensor or array does not have the shape a function needs."""
