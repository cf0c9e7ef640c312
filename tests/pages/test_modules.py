"""A component's modules as one text: each once, before those that import it; wrong imports are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.components.modules import bundled
from simssl_core.errors import LabError

COMPONENTS = Path(__file__).parents[2] / "pages" / "components"


def write(folder: Path, **texts: str) -> Path:
    """Files ``a.js``, ``b.js``, … of these texts; returns the first."""
    paths = [folder / f"{name}.js" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    return paths[0]


def test_every_import_becomes_an_address_and_every_module_stands_once(tmp_path):
    entry = write(
        tmp_path,
        a='import { b } from "./b.js";\nimport {\n  c,\n  d,\n} from "./c.js";\nexport default () => b + c;\n',
        b='import { c } from "./c.js";\nexport const b = c;\n',
        c='export const c = "“three”";\n',
    )
    lines = bundled(entry).splitlines()
    starts = [line.partition(" = ")[0] for line in lines]
    assert starts[:4] == ["const address", "const module0", "const module1", "const module2"]
    assert "“three”" in lines[1] and 'import { c } from \\"" + module0 + "\\";' in lines[2]
    assert 'from \\"" + module1 + "\\";\\nimport {\\n  c,\\n  d,\\n} from \\"" + module0 + "\\";' in lines[3]
    assert lines[4:] == ["const entry = await import(module2);", "export default entry.default ?? entry;"]


def test_exports_from_and_bare_imports_are_imports_and_other_texts_are_not(tmp_path):
    others = 'export const place = "./b.js";\nfetch("./b.js"); // import "./b.js"\n'
    entry = write(tmp_path, a="import \"./b.js\";\nexport { b } from './b.js';\n" + others, b="export const b = 1;\n")
    (line,) = (line for line in bundled(entry).splitlines() if line.startswith("const module1"))
    assert line.count("module0") == 2 and line.count("./b.js") == 3


def test_an_import_that_leads_nowhere_is_refused(tmp_path):
    entry = write(tmp_path, a='import { b } from "./b.js";\n', b='import { c } from "../c.js";\n')
    with pytest.raises(LabError, match=r"leads to no file: a\.js → b\.js → c\.js"):
        bundled(entry)


def test_a_circle_is_refused(tmp_path):
    entry = write(tmp_path, a='import "./b.js";\n', b='import "./c.js";\n', c='import "./b.js";\n')
    with pytest.raises(LabError, match=r"in a circle: a\.js → b\.js → c\.js → b\.js"):
        bundled(entry)


@pytest.mark.parametrize("entry", sorted(COMPONENTS.glob("*/*.js")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_relative_import_is_left(entry):
    text = bundled(entry)
    assert 'from \\"./' not in text and 'from \\"../' not in text


def test_every_component_uses_all_its_modules():
    for folder in {path.parent for path in COMPONENTS.glob("*/*.js")}:
        text = bundled(folder / f"{folder.name}.js")
        assert all(f"sourceURL={folder.name}/{path.name}" in text for path in folder.glob("*.js")), folder.name
