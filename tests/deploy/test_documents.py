"""Documents are complete: the map names every module, the README every setting."""

import ast
import re
from pathlib import Path

from tests import map as module_map

ROOT = Path(__file__).resolve().parents[2]
READERS = {"env", "flag", "number", "secret"}


def test_the_map_names_every_module_by_its_first_sentence():
    assert module_map.MAP.read_text(encoding="utf-8") == module_map.document()
    silent = [
        str(path)
        for package in module_map.PACKAGES
        for path, sentence in module_map.modules(package)
        if not sentence
    ]
    assert silent == []


def test_the_readme_names_every_setting():
    tree = ast.parse((ROOT / "studio" / "settings.py").read_text(encoding="utf-8"))
    read = {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in READERS
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    rows = re.findall(r"^\| (`[A-Z].*?) \|", (ROOT / "README.md").read_text("utf-8"), re.M)
    named = {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)}
    assert len(read) > 40
    assert read - named == set()
