"""What was typed, as runs of text with a manner: plain text, markdown, or a subset of SSML.

The SSML reader is written for hostile input: it knows no DTD, no processing instruction but the
XML declaration and no entity but the five predefined ones, and it bounds depth and number of tags.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from rendering.stages.reading import spoken_as
from rendering.values import BadInput, Warn
from rendering.words import gettext

DEEPEST = 16
MOST_TAGS = 1000
LONGEST_PAUSE = 10.0  # seconds
MARKS = ("smile", "nod", "look left", "look right", "look up", "look down")
"""What a face does on request."""
NO_MARK = (
    "{} is read aloud as it stands; the marks are [pause 1s], "
    + ", ".join(f"[{name}]" for name in MARKS[:-1])
    + f" and [{MARKS[-1]}]."
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run is spoken."""

    emphasis: Literal["none", "moderate", "strong"] = "none"
    rate: float = 1.0
    pitch: float = 0.0  # semitones


@dataclass(frozen=True, slots=True)
class Run:
    """source[start:end] reads `text`.

    kind: "text"; "break" (a sentence ends here); "pause" (value: seconds); "said" (value: the words
    spoken instead); "phonemes" (value: the sounds in IPA); "mark" (value: one of MARKS).
    """

    text: str
    start: int
    end: int
    manner: Manner = Manner()
    kind: str = "text"
    value: str = ""


def refused(sentence: str, start: int = 0, end: int = 0) -> BadInput:
    return BadInput(sentence, code="text_unspeakable", start=start, end=end)


def pause_of(text: str) -> float | None:
    """Seconds of "0.5", "0,5s", "500ms" or "2 seconds"; None for anything else."""
    match = re.fullmatch(
        r"\+?(\d{1,6}(?:[.,]\d{1,6})?|[.,]\d{1,6})\s*(ms|milliseconds?|s|secs?\.?|seconds?|)",
        text.strip().lower(),
    )
    return (
        float(match[1].replace(",", ".")) / (1000 if match[2].startswith("m") else 1)
        if match
        else None
    )


def _pause(text: str, start: int, end: int) -> Run:
    seconds = pause_of(text)
    if seconds is None:
        raise refused(f"{text[:20]!r} is no length of a pause; write it like 0.5s.", start, end)
    if seconds > LONGEST_PAUSE:
        raise refused(f"A pause of {seconds:g} seconds is too long; use at most 10.", start, end)
    return Run("", start, end, kind="pause", value=str(seconds))


# -- markdown -----------------------------------------------------------------------------------

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
    open: list[Element]
    count: int = 0


def markdown(source: str, language: str = "en-US") -> tuple[list[Run], list[Warn]]:
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
    pairs = _ATTRIBUTE.findall(match[0])
    attributes = {key.lower(): html.unescape(a or b) for key, a, b in pairs}
    ours = name in TAGS and (name not in ("sub", "mark") or bool(attributes) or closes)
    if closes and tags.open and tags.open[-1].name == name:
        element = tags.open.pop()
        while rows and rows[-1].at >= element.first and name in ("say-as", "sub", "phoneme"):
            rows.pop()
        _close(element, runs, warnings, tags.language, source, end)
        for index in range(element.first, len(runs)):
            if runs[index].manner == Manner():
                runs[index] = replace(runs[index], manner=element.manner)
    elif name == "br":
        runs.append(Run("\n", start, end))
    elif name in BLOCKS:
        runs.append(Run("", start, end, kind="break"))
    elif (ours and not closes) or (name in STRESSED and not closes):
        manner = tags.open[-1].manner if tags.open else Manner()
        element = Element(name, attributes, start, manner, len(runs))
        if name in STRESSED:
            element.manner = replace(manner, emphasis=STRESSED[name])  # type: ignore[arg-type]
        else:
            _open(element, runs, warnings, tags.language, end)
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
        runs.append(_pause(match["pause"] or "0.5", begin, finish))
    return finish


# -- SSML ---------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<comment><!--(?:(?!--).)*-->)|(?P<head>\A\s*<\?xml\b[^<>]*\?>)"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]*)(?P<rest>(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*)"
    r"\s*(?P<empty>/?)>"
    r"|(?P<entity>&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)"
    r"|(?P<text>[^<&]+)|(?P<bad>.)",
    re.S,
)
_ATTRIBUTE = re.compile(r"(?<![\w:.-])([\w:.-]++)\s*+=\s*(?:\"([^\"]*)\"|'([^']*)')")
TAGS = frozenset(
    "speak p s break emphasis prosody say-as sub phoneme lang mark".split()  # noqa: SIM905
)
RATES = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
PITCHES = {"x-low": -4.0, "low": -2.0, "medium": 0.0, "default": 0.0, "high": 2.0, "x-high": 4.0}
BREAKS = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.2}


@dataclass(slots=True)
class Element:
    name: str
    attributes: dict[str, str]
    start: int
    manner: Manner
    first: int  # index of its first run


def tokens(source: str) -> Iterator[re.Match[str]]:
    """The tokens of an SSML source. Raises BadInput for what this reader does not accept."""
    tags = 0
    for match in _TOKEN.finditer(source):
        start, end = match.span()
        if match["bad"]:
            if source.startswith(("<!", "<?"), start):
                raise refused(
                    "The SSML declares a document type or an instruction, which is not taken; "
                    "use plain tags.",
                    start,
                    end,
                )
            if match["bad"] == "&":
                raise refused(
                    "The SSML holds an & that is no known entity; write &amp; for the sign.",
                    start,
                    end,
                )
            raise refused("The SSML holds a broken tag; write &lt; for the sign <.", start, end)
        if match["name"]:
            tags += 1
            if tags > MOST_TAGS:
                raise refused("The SSML has more than 1,000 tags; split the line.", start, end)
        yield match


def ssml(source: str, language: str) -> tuple[list[Run], list[Warn]]:
    """The SSML subset: speak p s break emphasis prosody(rate, pitch) say-as sub phoneme lang mark.

    The source may be a whole document or a fragment. Raises BadInput (code text_unspeakable) with
    offsets for what is unclosed, unknown or hostile.
    """
    runs: list[Run] = []
    warnings: list[Warn] = []
    stack: list[Element] = []
    for match in tokens(source):
        start, end = match.span()
        manner = stack[-1].manner if stack else Manner()
        if match["text"]:
            runs.append(Run(match["text"], start, end, manner))
        elif match["entity"]:
            runs.append(Run(html.unescape(match["entity"]), start, end, manner))
        elif match["name"] and match["close"]:
            name = match["name"].lower()
            if not stack or stack[-1].name != name or match["rest"] or match["empty"]:
                if stack:
                    sentence = gettext(
                        "The SSML closes <{name}> where it is not open; close <{open}> first."
                    ).format(name=name, open=stack[-1].name)
                else:
                    sentence = gettext(
                        "The SSML closes <{name}> where it is not open; remove </{name}>."
                    ).format(name=name)
                raise refused(sentence, start, end)
            _close(stack.pop(), runs, warnings, language, source, end)
        elif match["name"]:
            name = match["name"].lower()
            found = _ATTRIBUTE.findall(match["rest"])
            attributes = {key.lower(): html.unescape(a or b) for key, a, b in found}
            if name not in TAGS:
                raise refused(
                    f"The SSML tag <{name[:20]}> is not offered; use "
                    "break, emphasis, prosody, say-as, sub, phoneme, lang, p or s.",
                    start,
                    end,
                )
            element = Element(name, attributes, start, manner, len(runs))
            _open(element, runs, warnings, language, end)
            if match["empty"]:
                _close(element, runs, warnings, language, source, end)
            else:
                stack.append(element)
                if len(stack) > DEEPEST:
                    raise refused(
                        "The SSML nests tags deeper than 16; make it flatter.", start, end
                    )
    if stack:
        last = stack[-1]
        raise refused(
            f"The SSML tag <{last.name}> is never closed; add </{last.name}>.",
            last.start,
            len(source),
        )
    return runs, warnings


def _open(element: Element, runs: list[Run], warnings: list[Warn], language: str, end: int) -> None:
    name, attributes, start = element.name, element.attributes, element.start
    if name in ("p", "s"):
        runs.append(Run("", start, end, kind="break"))
    elif name == "break":
        if "time" in attributes:
            runs.append(_pause(attributes["time"], start, end))
        else:
            strength = attributes.get("strength", "medium")
            if strength not in BREAKS:
                raise refused(
                    f"The break strength {strength[:20]!r} is unknown; use weak, medium or strong.",
                    start,
                    end,
                )
            runs.append(Run("", start, end, kind="pause", value=str(BREAKS[strength])))
    elif name == "mark":
        wanted = attributes.get("name", "")
        if wanted in MARKS:
            runs.append(Run("", start, end, kind="mark", value=wanted))
        else:
            message = f"The mark {wanted[:20]!r} does nothing; use {', '.join(MARKS)}."
            warnings.append(Warn("unknown_mark", message, start, end))
    elif name == "emphasis":
        level = attributes.get("level", "moderate")
        if level not in ("none", "reduced", "moderate", "strong"):
            raise refused(
                f"The emphasis level {level[:20]!r} is unknown; use moderate, strong or none.",
                start,
                end,
            )
        if level == "reduced":
            warnings.append(
                Warn("not_supported", "Reduced emphasis is spoken as usual.", start, end)
            )
            level = "none"
        element.manner = replace(element.manner, emphasis=level)  # type: ignore[arg-type]
    elif name == "prosody":
        _prosody(element, warnings, end)
    elif name == "lang":
        wanted = attributes.get("xml:lang", "")
        if wanted.split("-")[0].lower() != language.split("-")[0].lower():
            message = f"The voice keeps its language: {wanted[:20] or 'this'} is read as English."
            warnings.append(Warn("language_kept", message, start, end))


def _prosody(element: Element, warnings: list[Warn], end: int) -> None:
    start, manner = element.start, element.manner
    for key, value in element.attributes.items():
        value = value.strip().lower()
        if key == "rate":
            rate = RATES.get(value)
            match = re.fullmatch(r"([+-]?)(\d{1,4}(?:\.\d{1,4})?)(%?)", value)
            if rate is None and match:
                amount = float(match[2]) / (100 if match[3] else 1)
                rate = {"+": 1 + amount, "-": 1 - amount, "": amount}[match[1]]
            if rate is None or not 0.5 <= rate <= 2:
                raise refused(
                    gettext(
                        "The rate {value!r} cannot be spoken; use slow, fast or 50% to 200%."
                    ).format(value=value[:20]),
                    start,
                    end,
                )
            manner = replace(manner, rate=min(2.0, max(0.5, manner.rate * rate)))
        elif key == "pitch":
            pitch = PITCHES.get(value)
            match = re.fullmatch(r"([+-]\d{1,3}(?:\.\d{1,4})?)(st|%)", value)
            if pitch is None and match:
                amount = float(match[1])
                pitch = amount if match[2] == "st" else amount * 0.12  # 100 % is one octave up
            if pitch is None or not -6 <= pitch <= 6:
                raise refused(
                    gettext(
                        "The pitch {value!r} cannot be spoken; use low, high or -6st to +6st."
                    ).format(value=value[:20]),
                    start,
                    end,
                )
            manner = replace(manner, pitch=min(6.0, max(-6.0, manner.pitch + pitch)))
        else:
            warnings.append(
                Warn("not_supported", f"Prosody {key[:20]!r} changes nothing here.", start, end)
            )
    element.manner = manner


def _close(
    element: Element,
    runs: list[Run],
    warnings: list[Warn],
    language: str,
    source: str,
    end: int,
) -> None:
    name, attributes = element.name, element.attributes
    if name in ("p", "s"):
        runs.append(Run("", end, end, kind="break"))
    if name not in ("say-as", "sub", "phoneme"):
        return
    inside = runs[element.first :]
    if any(run.kind not in ("text", "pause") for run in inside):
        raise refused(
            f"The SSML tag <{name}> takes text only; move other tags out of it.", element.start, end
        )
    text = "".join(run.text for run in inside)
    if not text.strip():
        raise refused(
            gettext("The SSML tag <{name}> is empty; put its words inside.").format(name=name),
            element.start,
            end,
        )
    del runs[element.first :]
    first, last = inside[0].start, inside[-1].end
    run = Run(text, first, last, element.manner, kind="said")
    if name == "sub":
        if not attributes.get("alias", "").strip():
            raise refused(
                gettext('The SSML tag <sub> lacks its alias; add one, as in alias="kilometres".'),
                element.start,
                end,
            )
        runs.append(replace(run, value=attributes["alias"]))
    elif name == "phoneme":
        if attributes.get("alphabet", "ipa").lower() != "ipa":
            raise refused(
                f"The alphabet {attributes['alphabet'][:20]!r} is not offered; use ipa.",
                element.start,
                end,
            )
        runs.append(replace(run, kind="phonemes", value=attributes.get("ph", "")))
    else:
        kind = attributes.get("interpret-as", "").lower()
        spoken = spoken_as(kind, text, attributes.get("format", ""), british=language == "en-GB")
        if spoken is None:
            warnings.append(
                Warn(
                    "not_supported",
                    f"{text.strip()[:30]!r} does not fit {kind[:20]!r} and is read as usual.",
                    first,
                    last,
                )
            )
            runs.append(replace(run, kind="text"))
        else:
            runs.append(replace(run, value=spoken))
