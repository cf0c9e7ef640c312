"""What hatchling asks while it builds the package: its dependencies, which stand once, in requirements.txt."""

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Requirements(MetadataHookInterface):
    """requirements.txt line by line. What it pins for the tests' sake but ``oldest`` in pyproject.toml names may be
    any version from that one on: who brings a GPU's build of torch keeps it."""

    def update(self, metadata: dict) -> None:
        lines = (Path(self.root) / "requirements.txt").read_text(encoding="utf-8").splitlines()
        wanted = [line.partition("#")[0].strip() for line in lines]
        metadata["dependencies"] = [self._loosened(line) for line in wanted if line]

    def _loosened(self, line: str) -> str:
        name = re.match(r"[A-Za-z0-9_-]+", line)[0]
        oldest = self.config["oldest"].get(name)
        return f"{name}>={oldest}" if oldest else line
