"""Markdown and plain text, as runs of text."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from typing import Literal

from rendering.stages import ssml
from rendering.stages.runs import DEEPEST, MARKS, MOST_TAGS, NO_MARK, Manner, Run, pause, refused
from rendering.values import Warn
from rendering.words import gettext

_IN_BRACKETS = (
    r"|\[(?i:pause|break)(?:[ ]*[:=][ ]*|[ ]+)?(?P<pause>(?<=[ :=])[^\]\n]{1,20})?\](?!\()"
    rf"|\[(?P<mark>(?i:{'|'.join(MARKS).replace(' ', '[ ]')}))\](?!\()"
    r"|(?P<unknown>\[[A-Za-z][A-Za-z0-9 .,:_-]{2,30}\])(?![(\[])"
)
_PLAIN = re.compile(_IN_BRACKETS[1:])
_BLANKS, _TICKS = re.compile(r"[ \t]*"), re.compile("`*")
_MARKDOWN = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<heading>^[ ]{0,3}\#{1,6}(?:[ \t][^\n]*)?$)"
    r"|(?P<rule>^[ ]{0,3}(?:-[ \t]*){3,}$|^[ ]{0,3}(?:\*[ \t]*){3,}$|^[ ]{0,3}(?:_[ \t]*){3,}$)"
    r"|(?P<fence>^[ ]{0,3}(?:```|~~~)[^\n`]*$)"
    r"|(?P<item>^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+|^[ ]{0,3}>(?![\d=<])[ \t]?)"
    r"|(?P<image>!\[(?:[^\]\n!]|!(?!\[))*\]\([^()\n]*\))"
    r"|\[(?P<link>[^\]\[\n]+)\]\([^()\s]*(?:[ ]+\"[^\"\n]*\")?\)"
    r"|<(?P<address>(?:https?://|mailto:)[^\s<>]+)>"
    r"|(?P<tag></?[A-Za-z][^<>\n]*>)|(?P<entity>&(?:[A-Za-z][A-Za-z0-9]{1,24}|\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6});)|(?P<comment><!--)|(?P<ticks>`+)"
    r"|(?P<stars>(?<!\d)\*+|\*+(?!\d)|(?<![^\W_])_+|_+(?![^\W_])|~~)" + _IN_BRACKETS,
    re.M | re.S,
)


@dataclass(slots=True)
class _Stars:
    """A row of * or _ that may open or close emphasis."""

    at: int  # index into the runs
    char: str
    left: int
    opens: bool
    closes: bool


@dataclass(slots=True)
class _Tags:
    """The tags of SSML and HTML in a markdown script. open: those that are not closed yet."""

    language: str
    open: list[ssml.Element]
    count: int = 0


def read(source: str, language: str = "en-US") -> tuple[list[Run], list[Warn]]:
    """Inline markdown: emphasis, links as their text, code as its text, list items as sentences.

    Headings are not spoken; pictures are not spoken and warned about. `[pause 0.5]` is a pause, `[smile]` a mark. Tags of the SSML
    subset mean what they mean there, those of HTML part words and lines; others are named in a warning.
    """
    runs: list[Run] = []
    warnings: list[Warn] = []
    rows: list[_Stars] = []
    tags = _Tags(language, [])
    _inline(source, 0, len(source), runs, warnings, rows, tags)
    warnings += _stage_directions(source)
    for element in tags.open:
        message = gettext("<{name}> is never closed and changes nothing; add </{name}>.").format(
            name=element.name
        )
        warnings.append(Warn("not_supported", message, element.start, element.start + 1))
    return _emphasised(runs, rows), warnings


def _inline(
    source: str,
    start: int,
    end: int,
    runs: list[Run],
    warnings: list[Warn],
    rows: list[_Stars],
    tags: _Tags,
) -> None:
    at = seek = (
        start  # where the text that is not yet a run begins, and where the next token is searched
    )
    endless = (
        set()
    )  # kinds that are never closed from here on, so that their end is not searched again
    while match := _MARKDOWN.search(source, seek, end):
        begin, finish = match.span()
        kind = match.lastgroup
        code = Run("", finish, finish)
        if kind in ("comment", "ticks"):
            closing = "-->" if kind == "comment" else "`"
            close = -1 if kind in endless else source.find(closing, finish, end)
            seek = finish
            if close < 0:
                endless.add(kind)
                continue
            if kind == "ticks":
                code = Run(source[finish:close], finish, close)
                count = min(finish - begin, _length(_TICKS, source, close, end))
                begin, finish = finish - count, close + count
            else:
                finish = close + len(closing)
        elif kind in ("mark", "pause", "unknown", None):
            at = seek = _bracket(match, source, at, end, runs, warnings)
            continue
        if begin > at:
            runs.append(Run(source[at:begin], at, begin))
        at = seek = finish
        if kind == "ticks":
            runs.append(code)
        elif kind == "escaped":
            runs.append(Run(match["escaped"], begin, finish))
        elif kind == "link":
            _inline(source, match.start("link"), match.end("link"), runs, warnings, rows, tags)
        elif kind == "entity":
            runs.append(Run(html.unescape(match[0]), begin, finish))
        elif kind == "tag":
            _tag(match, runs, warnings, rows, tags, source)
        elif kind == "address":
            text = match["address"].removeprefix("mailto:")
            runs.append(Run(text, match.end("address") - len(text), match.end("address")))
        elif kind == "stars":
            if match[0] == "~~":
                continue
            before, after = source[begin - 1 : begin], source[finish : finish + 1]
            opens = bool(after) and not after.isspace()
            closes = bool(before) and not before.isspace()
            rows.append(_Stars(len(runs), match[0][0], len(match[0]), opens, closes))
            runs.append(Run(match[0], begin, finish))
        elif kind == "image":
            warnings.append(Warn("not_spoken", "A picture is not spoken.", begin, finish))
        elif kind in ("item", "heading", "rule", "fence"):
            runs.append(Run("", begin, finish, kind="break"))
    if at < end:
        runs.append(Run(source[at:end], at, end))


_HTML = re.compile(
    r"</?([A-Za-z][A-Za-z0-9:-]*)(?:\s+[\w:.-]+(?:\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))?)*\s*/?>"
)
BLOCKS = frozenset(
    "p div li ul ol h1 h2 h3 h4 h5 h6 tr td th table blockquote hr section article header footer".split()  # noqa: SIM905
)
INLINE = frozenset(
    "b i em strong u s del ins span a small big mark font code kbd sub sup abbr cite q label img strike tt var".split()  # noqa: SIM905
)
STRESSED = {"b": "strong", "strong": "strong", "i": "moderate", "em": "moderate"}


def _tag(
    match: re.Match[str],
    runs: list[Run],
    warnings: list[Warn],
    rows: list[_Stars],
    tags: _Tags,
    source: str,
) -> None:
    """A tag in markdown: of the SSML subset, of HTML, or unknown."""
    start, end = match.span()
    found = _HTML.fullmatch(match[0])
    if found is None:  # signs of less and more, as in "a <b, c> d"
        runs.append(Run(match[0], start, end))
        return
    name, closes = found[1].lower(), match[0].startswith("</")
    tags.count += 1
    if tags.count > MOST_TAGS:
        raise refused(gettext("The line has more than 1,000 tags; split it."), start, end)
    pairs = ssml.ATTRIBUTE.findall(match[0])
    attributes = {key.lower(): html.unescape(a or b) for key, a, b in pairs}
    ours = name in ssml.TAGS and (name not in ("sub", "mark") or bool(attributes) or closes)
    if closes and tags.open and tags.open[-1].name == name:
        element = tags.open.pop()
        while rows and rows[-1].at >= element.first and name in ("say-as", "sub", "phoneme"):
            rows.pop()
        ssml.close(element, runs, warnings, tags.language, source, end)
        for index in range(element.first, len(runs)):
            if runs[index].manner == Manner():
                runs[index] = replace(runs[index], manner=element.manner)
    elif name == "br":
        runs.append(Run("\n", start, end))
    elif name in BLOCKS:
        runs.append(Run("", start, end, kind="break"))
    elif (ours and not closes) or (name in STRESSED and not closes):
        manner = tags.open[-1].manner if tags.open else Manner()
        element = ssml.Element(name, attributes, start, manner, len(runs))
        if name in STRESSED:
            element.manner = replace(manner, emphasis=STRESSED[name])  # type: ignore[arg-type]
        else:
            ssml.begin(element, runs, warnings, tags.language, end)
        if match[0].endswith("/>") or name in ("break", "mark"):
            if name not in ("say-as", "sub", "phoneme"):
                return
            raise refused(
                gettext("The SSML tag <{name}> is empty; put its words inside.").format(name=name),
                start,
                end,
            )
        tags.open.append(element)
        if len(tags.open) > DEEPEST:
            raise refused(
                gettext("The line nests tags deeper than 16; make it flatter."), start, end
            )
    elif name not in INLINE and not ours:
        message = gettext(
            "{tag} is a tag and is not spoken; write the sign < as &lt; to have it read."
        ).format(tag=match[0][:30])
        if not closes:  # said once, at its beginning
            warnings.append(Warn("not_spoken", message, start, end))
        runs.append(Run(" ", start, end))


def _length(pattern: re.Pattern[str], source: str, start: int, end: int) -> int:
    match = pattern.match(source, start, end)
    return match.end() - start if match else 0


def _emphasised(runs: list[Run], rows: list[_Stars]) -> list[Run]:
    """Pair the rows of stars, nearest first; what stays unpaired is spoken as it stands."""
    weight = [0] * (len(runs) + 1)
    open_rows: list[_Stars] = []
    positions: dict[str, list[int]] = {"*": [], "_": []}  # of each kind among them
    for row in rows:
        alike = positions[row.char]
        # A row right beside this one has nothing between them to emphasise.
        nearest = -2 if alike and open_rows[alike[-1]].at + 1 == row.at else -1
        if row.closes and len(alike) >= -nearest:
            index = alike[nearest]
            opener = open_rows[index]
            used = min(opener.left, row.left, 3)
            weight[opener.at + 1] += used
            weight[row.at] -= used
            opener.left -= used
            row.left -= used
            del open_rows[index + (opener.left > 0) :]
            for numbers in positions.values():
                while numbers and numbers[-1] >= len(open_rows):
                    numbers.pop()
        if row.opens and row.left:
            alike.append(len(open_rows))
            open_rows.append(row)
    left = {row.at: row for row in rows}
    found, level = [], 0
    for index, run in enumerate(runs):
        level += weight[index]
        if index in left:
            unused = left[index].left
            if unused:
                found.append(replace(run, text=run.text[:unused], end=run.start + unused))
            continue
        emphasis: Literal["moderate", "strong"] = "strong" if level >= 2 else "moderate"
        found.append(replace(run, manner=replace(run.manner, emphasis=emphasis)) if level else run)
    return found


_DIRECTION = re.compile(
    r"\((?i:(?:short |long |dramatic )?(?:pause|beat|break)|smiles?|laughs?|nods?)\)"
)


def _stage_directions(source: str) -> list[Warn]:
    """A question under words in brackets that look like a stage direction."""
    question = gettext(
        "Should {words} be done and not said? It is read aloud; the marks are [pause 1s], [smile] and [nod]."
    )
    return [
        Warn("maybe_direction", question.format(words=match[0]), match.start(), match.end())
        for match in _DIRECTION.finditer(source)
    ]


def plain(source: str) -> tuple[list[Run], list[Warn]]:
    """Text without markup but for pauses and marks."""
    runs: list[Run] = []
    warnings: list[Warn] = []
    at = 0
    warnings += _stage_directions(source)
    while match := _PLAIN.search(source, at):
        at = _bracket(match, source, at, len(source), runs, warnings)
    if at < len(source):
        runs.append(Run(source[at:], at, len(source)))
    return runs, warnings


def _bracket(
    match: re.Match[str], source: str, at: int, end: int, runs: list[Run], warnings: list[Warn]
) -> int:
    """Adds the text from `at`, and then a pause, a mark, or words that look like a mark and are none; returns where
    that ends."""
    begin, finish = match.span()
    start = begin
    if match["mark"]:
        while start > at and source[start - 1] in " \t":
            start -= 1
        if alone := start == 0 or source[start - 1] == "\n":
            finish += _length(_BLANKS, source, finish, end)
        before, after = source[max(0, start - 1) : start], source[finish : finish + 1]
    if start > at:
        runs.append(Run(source[at:start], at, start))
    if match["mark"] and start == begin and before.isalnum() and after.isalnum():
        # Inside a word it is none: what is spoken is what stands there.
        runs.append(Run(match[0], begin, finish))
        warnings.append(Warn("unknown_mark", NO_MARK.format(match[0]), begin, finish))
    elif match["mark"]:
        # The blank goes too where another stands, so that the words are those without the mark.
        if start < begin and not alone and after and not after.isspace() and after not in ".,;:!?…":
            runs.append(Run(source[start:begin], start, begin))
        begin = start if alone else begin
        runs.append(Run("", begin, finish, kind="mark", value=match["mark"].lower()))
    elif match["unknown"]:
        runs.append(Run(match[0], begin, finish))
        warnings.append(Warn("unknown_mark", NO_MARK.format(match[0]), begin, finish))
    else:
        runs.append(pause(match["pause"] or "0.5", begin, finish))
    return finish
