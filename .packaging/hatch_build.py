"""The build hook of hatchling: it reads the package's dependencies from requirements.txt, their only list."""

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Requirements(MetadataHookInterface):
    """The dependencies are the lines of requirements.txt, with looser versions for the packages in ``oldest``.

    requirements.txt pins those packages for the tests. The built package accepts every version from the one that
    ``oldest`` in pyproject.toml names, so that an installed GPU build of torch is kept.
    """

    def update(self, metadata: dict) -> None:
        lines = (Path(self.root) / "requirements.txt").read_text(encoding="utf-8").splitlines()
        requirements = [line.partition("#")[0].strip() for line in lines]
        metadata["dependencies"] = [self._loosened(requirement) for requirement in requirements if requirement]

    def _loosened(self, requirement: str) -> str:
        name = re.match(r"[A-Za-z0-9_-]+", requirement)[0]
        oldest = self.config["oldest"].get(name)
        return f"{name}>={oldest}" if oldest else requirement
