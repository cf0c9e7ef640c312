"""Bundles a component's JavaScript into one text, because Streamlit takes one text for each component.

Streamlit loads that text as an ES module without an address, so it cannot import other files by relative paths. The
bundle holds every module once. At loading time each module gets the address of a blob, as Streamlit itself does it,
before the modules that import it.
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

    Raises:
        LabError: an import leads to no file, or modules import each other in a circle.
    """
    names: dict[Path, str] = {}  # the constant that holds each module's address
    lines = [ADDRESS]
    name = _add(entry.resolve(), names, lines, ())
    return "\n".join([*lines, f"const entry = await import({name});", "export default entry.default ?? entry;\n"])


def _add(module: Path, names: dict[Path, str], lines: list[str], importers: tuple[Path, ...]) -> str:
    """Append to ``lines`` the imports of ``module`` and then itself; returns the constant that holds its address."""
    if module in names:
        return names[module]
    chain = " → ".join(path.name for path in (*importers, module))
    if module in importers:
        raise LabError(f"JavaScript modules import each other in a circle: {chain}. Move what both need to a third.")
    if not module.is_file():
        raise LabError(f"A JavaScript import leads to no file: {chain} ({module}). Correct its path, or add the file.")
    text = module.read_text(encoding="utf-8")
    parts: list[str] = []  # JavaScript expressions whose sum is the module's text
    end = 0  # of the last import
    for match in IMPORT.finditer(text):
        imported = _add((module.parent / match[3]).resolve(), names, lines, (*importers, module))
        parts += [json.dumps(text[end : match.start(3)], ensure_ascii=False), imported]
        end = match.end(3)
    label = f"\n//# sourceURL={module.parent.name}/{module.name}\n"  # the name in the browser's console
    parts.append(json.dumps(text[end:] + label, ensure_ascii=False))
    names[module] = f"module{len(names)}"
    lines.append(f"const {names[module]} = address({' + '.join(parts)});")
    return names[module]
