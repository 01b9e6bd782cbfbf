"""Extracts the words of the product into studio/locale for translators, compiles them, and counts down unmarked ones.

    python -m tests.words          # writes django.pot, every language's django.po and django.mo, and unmarked.txt
    python -m tests.words de       # begins a language

Every sentence on a screen, in a mail or an error goes through gettext: {% translate %} and {% blocktranslate %} in templates,
django.utils.translation in Python, rendering/words.py where Django is not used. Older words are counted in unmarked.txt,
by hashes; the list only gets shorter. `# verbatim` at the end of a line of Python, or translate="no" on an element, says
that the words are the same in every language.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

from django.template.base import Lexer, TokenType
from django.utils.translation.template import templatize

BASE = Path(__file__).resolve().parent.parent
LOCALE = BASE / "studio" / "locale"
UNMARKED = LOCALE / "unmarked.txt"
APPS = ("studio", "moderation", "rendering", "consent", "billing")
NOT_SHOWN = {"migrations", "management", "assets", "reading"}
"""Folders without words for a screen: migrations, commands of the terminal, the sources of packs, the words of a voice."""
NOT_SHOWN_FILES = {"settings.py", "checks.py", "budget.py", "backup.py", "simulation.py"}


@dataclass(frozen=True)
class Found:
    """Words for a reader that are not marked."""

    file: Path
    line: int
    text: str

    @property
    def key(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:8]

    def __str__(self) -> str:
        return f"{self.file.relative_to(BASE)}:{self.line}: {self.text}"


def templates() -> list[Path]:
    folder = BASE / "templates"
    return sorted(path for path in folder.rglob("*") if path.suffix in (".html", ".txt"))


def modules() -> list[Path]:
    found = (path for app in APPS for path in (BASE / app).rglob("*.py"))
    return sorted(
        path
        for path in found
        if not NOT_SHOWN & set(path.relative_to(BASE).parts) and path.name not in NOT_SHOWN_FILES
    )


# -- what is not marked ---------------------------------------------------------------------------

VALUE, TAG = "\ue000", "\ue001"  # stand for {{ … }} and {% … %}
WORD = re.compile(r"[^\W\d_]{2,}")
NAME_OF_THE_PRODUCT = "Likeness Studio"
SAID_BY_FILTERS = re.compile(r"\|(?:default|default_if_none|yesno):(\"[^\"]*\"|'[^']*')")
LITERAL = re.compile(r"(?<![\w(])(\"[^\"]*\"|'[^']*')")


def shown(text: str) -> str:
    """The words of a piece of text, with {} for values; "" for a text without words."""
    plain = " ".join(text.replace(VALUE, "{}").split())
    return plain if WORD.search(plain.replace(NAME_OF_THE_PRODUCT, "")) else ""


def unmarked_in_template(file: Path, source: str) -> Iterator[Found]:
    """Text, attributes that are read out or shown, and the words of tags and filters."""
    plain, line, ends = [], 1, ""
    for token in Lexer(source).tokenize():
        kind, contents = token.token_type, token.contents
        word = contents.split(" ", 1)[0] if kind == TokenType.BLOCK else ""
        if ends:
            if word in ends.split("|"):
                ends = ""
        elif kind == TokenType.TEXT:
            plain.append(contents)
        elif kind == TokenType.VAR:
            plain.append(VALUE)
            for literal in SAID_BY_FILTERS.findall(contents):
                if text := shown(literal[1:-1]):
                    yield Found(file, line, text)
        elif word in ("blocktranslate", "blocktrans"):
            ends = "endblocktranslate|endblocktrans"
            plain.append(VALUE)
        elif word == "comment":
            ends = "endcomment"
        elif word in ("translate", "trans"):
            plain.append(VALUE)
        elif kind == TokenType.BLOCK:
            plain.append(TAG)
            if word in ("include", "with"):
                for literal in LITERAL.findall(
                    contents.partition(" with " if word == "include" else " ")[2]
                ):
                    if reads_as_words(literal[1:-1]):
                        yield Found(file, line, shown(literal[1:-1]))
        if ends and kind == TokenType.TEXT:
            plain.append("\n" * contents.count("\n"))
        line += contents.count("\n") if kind == TokenType.TEXT else 0
    text = "".join(plain)
    if file.suffix == ".txt":
        yield from _pieces(file, 1, text)
    else:
        reader = Reader(file)
        reader.feed(text)
        reader.close()
        yield from reader.found


def _pieces(file: Path, line: int, text: str) -> Iterator[Found]:
    for piece in re.split(f"[{TAG}]|\n\\s*\n", text):
        if words := shown(piece):
            begin = line + text[: text.index(piece)].count("\n")
            yield Found(file, begin, words)


class Reader(HTMLParser):
    """Collects the words of a page that are seen or read out."""

    SILENT = {"script", "style", "code", "kbd", "pre"}
    VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "use"}
    SPOKEN = {
        "title",
        "alt",
        "placeholder",
        "label",
        "aria-label",
        "aria-description",
        "aria-valuetext",
    }

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file, self.silent = file, list[str]()
        self.found: list[Found] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        silent = tag in self.SILENT or given.get("translate") == "no" or tag in self.silent
        if silent and tag not in self.VOID:
            self.silent.append(tag)
        button = tag == "input" and given.get("type") in ("submit", "button")
        for name, value in given.items():
            words = name.startswith("data-") and " " in value.strip() and reads_as_words(value)
            if name in self.SPOKEN or words or (button and name == "value"):
                self.found += _pieces(self.file, self.getpos()[0], value)

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found += _pieces(self.file, self.getpos()[0], data)


MARKS = {
    *("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"),
    *("pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"),
}
LOGS = {"log", "logger", "logging", "warnings"}
OURS = {
    *("ValueError", "TypeError", "KeyError", "RuntimeError", "AssertionError", "LookupError"),
    *("NotImplementedError", "CommandError", "ImproperlyConfigured", "OSError"),
}
"""Exceptions that only developers read."""
FOR_PROGRAMMERS = {"description", "summary", "help", "help_text", "verbose_name", "name", "pattern"}
SAID = {"sentence", "title", "label", "message", "detail"}
BEGINS = re.compile(r"[“\"'(]*(?:\{\}|[A-Z]\w*’?)[,;:]? ")
STATEMENTS = re.compile(r"(?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|PRAGMA|BEGIN|WITH|ALTER|SET) ")
VERBATIM = "# verbatim"


def reads_as_words(text: str) -> bool:
    """Whether the text begins like a sentence and has several words."""
    plain = shown(text)
    several = len(WORD.findall(plain)) > 1 and re.search("[a-z]{2}", plain)
    return bool(several and BEGINS.match(plain) and not STATEMENTS.match(plain))


def unmarked_in_module(file: Path, source: str) -> Iterator[Found]:
    """Unmarked sentences, and strings given as a title or a label."""
    lines = source.splitlines()

    def look(node: ast.AST, said: bool = False) -> Iterator[Found]:
        if isinstance(node, (ast.Constant, ast.JoinedStr)):
            text = _text(node)
            if (said and shown(text)) or reads_as_words(text):
                span = lines[node.lineno - 1 : node.end_lineno]
                if not any(line.rstrip().endswith(VERBATIM) for line in span):
                    yield Found(file, node.lineno, shown(text))
            if isinstance(node, ast.JoinedStr):
                for part in node.values:
                    if isinstance(part, ast.FormattedValue):
                        yield from look(part.value)
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring
        if isinstance(node, ast.Raise) and _name(node.exc) in OURS:
            return
        if isinstance(node, ast.Call):
            if _name(node) in MARKS:
                for part in ast.walk(node):  # an f-string cannot be extracted
                    if isinstance(part, ast.JoinedStr):
                        yield Found(file, part.lineno, shown(_text(part)))
                return
            if isinstance(node.func, ast.Attribute) and _name(node.func.value) in LOGS:
                return
            for child in (node.func, *node.args):
                yield from look(child)
            for given in node.keywords:
                if given.arg not in FOR_PROGRAMMERS:
                    yield from look(given.value, given.arg in SAID)
            return
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from look(child)

    yield from look(ast.parse(source))


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(_text(part) if isinstance(part, ast.Constant) else VALUE for part in node.values)


def _name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return getattr(node, "attr", getattr(node, "id", ""))


def unmarked() -> list[Found]:
    found = [one for file in templates() for one in unmarked_in_template(file, file.read_text())]
    found += [one for file in modules() for one in unmarked_in_module(file, file.read_text())]
    return found


def read_list() -> Counter[str]:
    """Hash -> how often its words appear unmarked. A line begins with the first letters of all its hashes."""
    known: Counter[str] = Counter()
    for line in UNMARKED.read_text().splitlines():
        begin, *rest = line.split()
        for entry in rest:
            end, _, times = entry.partition("x")
            known[begin + end] = int(times or 1)
    return known


def write_list(known: Counter[str]) -> None:
    lines = defaultdict(list)
    for key, times in sorted(known.items()):
        if times:
            lines[key[:2]].append(key[2:] + (f"x{times}" if times > 1 else ""))
    UNMARKED.write_text("".join(f"{begin} {' '.join(rest)}\n" for begin, rest in lines.items()))


def new_ones(found: Iterable[Found], known: Counter[str]) -> list[Found]:
    """Words that are unmarked more often than the list allows, with every line on which they appear."""
    found = list(found)
    times = Counter(one.key for one in found)
    return [one for one in found if times[one.key] > known[one.key]]


def gone_ones(found: Iterable[Found], known: Counter[str]) -> Counter[str]:
    """Entries of the list whose words no longer appear unmarked, or less often."""
    return known - Counter(one.key for one in found)


# -- catalogues -----------------------------------------------------------------------------------

KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
FIRST = datetime(2026, 11, 29, tzinfo=UTC)
"""The time in each header, so that a catalogue changes when its words do and not when it is written."""


def catalog() -> Any:
    """All marked words, as a catalogue of babel's."""
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract

    made = Catalog(charset="utf-8", creation_date=FIRST, revision_date=FIRST)
    for file in (*templates(), *modules()):
        source = file.read_text()
        python = file.suffix == ".py"
        text = source if python else templatize(source)
        method = "python" if python else "javascript"  # templatize() writes calls and nothing else
        for _, message, comments, context in extract(method, BytesIO(text.encode()), KEYWORDS):
            location = (file.relative_to(BASE).as_posix(), 0)
            made.add(message, locations=[location], auto_comments=comments, context=context)
    return made


def as_text(words: Any, **options: Any) -> str:
    from babel.messages.pofile import write_po

    out = BytesIO()
    write_po(out, words, width=120, sort_output=True, include_lineno=False, **options)
    return out.getvalue().decode()


def template() -> str:
    """The text of django.pot, from which translators begin."""
    return as_text(catalog(), omit_header=True)


def compiled(words: Any) -> bytes:
    """The bytes of a .mo file, which is read at run time."""
    from babel.messages.mofile import write_mo

    out = BytesIO()
    write_mo(out, words)
    return out.getvalue()


def write_language(words: Any, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "django.po").write_text(as_text(words))
    (folder / "django.mo").write_bytes(compiled(words))


def languages() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def read_language(file: Path) -> Any:
    """The catalogue of a language, with the words of today."""
    from babel.messages.pofile import read_po

    with file.open("rb") as source:
        known = read_po(source)
    known.update(catalog())
    return known


def begin_language(code: str) -> None:
    from babel.messages.catalog import Catalog

    empty = Catalog(
        locale=code, charset="utf-8", fuzzy=False, creation_date=FIRST, revision_date=FIRST
    )
    empty.update(catalog())
    write_language(empty, LOCALE / str(empty.locale) / "LC_MESSAGES")


LETTERS = str.maketrans("aceginosuyACEGINOSUY", "àçéĝîñôšûýÀÇÉĜÎÑÔŠÛÝ")
GAPS = re.compile(r"(%\(\w+\)[sd]|%%|\{\w*\}|<[^>]*>|&\w+;)")


def pseudo(text: str) -> str:
    """The text in a made-up language: still readable, and visibly passed through gettext."""
    parts = GAPS.split(text)
    parts[::2] = [part.translate(LETTERS) for part in parts[::2]]
    return f"[{''.join(parts)}]"


def write_pseudo_language(locale: Path) -> None:
    """Writes the language en-xa into this folder: every marked word, changed by pseudo()."""
    words = catalog()
    for message in words:
        if isinstance(message.id, tuple):
            message.string = tuple(pseudo(form) for form in message.id)
        elif message.id:
            message.string = pseudo(message.id)
    write_language(words, locale / "en_XA" / "LC_MESSAGES")


def main() -> None:
    LOCALE.mkdir(exist_ok=True)
    (LOCALE / "django.pot").write_text(template())
    for code in sys.argv[1:]:
        begin_language(code)
    for file in languages():
        write_language(read_language(file), file.parent)
    found = unmarked()
    known = read_list() if UNMARKED.exists() else Counter(one.key for one in found)
    write_list(known - gone_ones(found, known))
    print(f"{len(catalog())} words are marked, {len(found)} are not.")
    for one in new_ones(found, known):
        print(f"Not marked: {one}")


if __name__ == "__main__":
    main()
