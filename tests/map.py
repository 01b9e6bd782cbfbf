"""The map of modules in docs/map.md, written from the first sentence of each: `python -m tests.map`."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "docs" / "map.md"
PACKAGES = ("rows", "billing", "consent", "rendering", "moderation", "studio")
BEGIN = "<!-- Written by `python -m tests.map` from the first sentence of each module. -->\n"
LEFT_OUT = ("migrations", "assets", "__pycache__")


def modules(package):
    """(path, first paragraph of the docstring) of each module, folder by folder."""
    for path in sorted((ROOT / package).rglob("*.py"), key=lambda path: (path.parent, path.name)):
        here = path.relative_to(ROOT)
        if set(here.parts) & set(LEFT_OUT) or path.name == "apps.py":
            continue
        text = path.read_text(encoding="utf-8")
        said = ast.get_docstring(ast.parse(text)) or ""
        if said or path.name != "__init__.py":
            yield here, " ".join(said.split("\n\n")[0].split())


def written():
    """The part of the document that follows BEGIN."""
    lines = []
    for package in PACKAGES:
        folder = None
        for path, said in modules(package):
            if path.parent != folder:
                folder = path.parent
                lines += ["", f"### {folder}/", ""]
            lines.append(said if path.name == "__init__.py" else f"- `{path.name}` {said}")
            if path.name == "__init__.py":
                lines.append("")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def document():
    before, _, _ = MAP.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + written()


if __name__ == "__main__":
    MAP.write_text(document(), encoding="utf-8")
