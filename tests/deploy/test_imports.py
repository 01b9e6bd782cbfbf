"""An import inside a function is an exception, and says why it is one."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("rows", "billing", "consent", "rendering", "moderation", "studio")
LEFT_OUT = {"migrations", "assets"}


def unexplained(text):
    """Lines of imports in functions without a comment on them, before them, or on the import before them."""
    lines = text.split("\n")
    inside = {
        node.lineno: node
        for function in ast.walk(ast.parse(text))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    explained = set()
    for number in sorted(inside):
        here = lines[number - 1 : inside[number].end_lineno]
        before = lines[number - 2].strip()
        if any("#" in line for line in here) or before.startswith("#") or number - 1 in explained:
            explained.add(inside[number].end_lineno)
        else:
            yield number


def test_every_import_inside_a_function_says_why():
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if not LEFT_OUT & set(path.parts)
        for number in unexplained(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_only_an_import_without_a_comment_counts_as_unexplained():
    assert list(unexplained("def a():\n    import b\n")) == [2]
    assert list(unexplained("def a():\n    import b  # large\n    import c\n")) == []
