"""A component's JavaScript as one text: Streamlit takes a text for each component and loads it as an ES module.

A module that comes as text has no address, so it cannot import its neighbours by theirs. The text made here holds
every module once and gives each an address (a blob, which is how Streamlit itself loads the text) before those that
import it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from simssl_core.errors import LabError

IMPORT = re.compile(r"""^(import\s*|(?:import|export)\b[^;"'=()]*?\bfrom\s*)(["'])(\.{1,2}/[^"']+)\2""", re.MULTILINE)
ADDRESS = 'const address = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));'


def bundled(entry: Path) -> str:
    """The text of a module that holds ``entry`` and all that it imports by relative paths.

    Its default export is that of ``entry``, or, where there is none, an object of all that ``entry`` exports.

    Raises :class:`LabError` where an import leads to no file or back to a module that is still being read.
    """
    names: dict[Path, str] = {}  # the constant that holds each module's address
    lines = [ADDRESS]
    name = _add(entry.resolve(), names, lines, ())
    return "\n".join([*lines, f"const entry = await import({name});", "export default entry.default ?? entry;\n"])


def _add(module: Path, names: dict[Path, str], lines: list[str], importers: tuple[Path, ...]) -> str:
    """Append the modules that ``module`` imports and then itself to ``lines``; returns the name of its address."""
    if module in names:
        return names[module]
    chain = " → ".join(path.name for path in (*importers, module))
    if module in importers:
        raise LabError(f"JavaScript modules import each other in a circle: {chain}. Move what both need to a third.")
    if not module.is_file():
        raise LabError(f"A JavaScript import leads to no file: {chain} ({module}). Correct its path, or add the file.")
    text, parts, end = module.read_text(encoding="utf-8"), [], 0
    for found in IMPORT.finditer(text):
        inner = _add((module.parent / found[3]).resolve(), names, lines, (*importers, module))
        parts += [json.dumps(text[end : found.start(3)], ensure_ascii=False), inner]
        end = found.end(3)
    label = f"\n//# sourceURL={module.parent.name}/{module.name}\n"  # what the browser's console calls it
    parts.append(json.dumps(text[end:] + label, ensure_ascii=False))
    names[module] = f"module{len(names)}"
    lines.append(f"const {names[module]} = address({' + '.join(parts)});")
    return names[module]
