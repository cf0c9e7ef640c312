"""The version of the lab, in one place."""

VERSION = "0.1.0"
