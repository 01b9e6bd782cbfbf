"""A subset of SSML, as runs of text.

The reader is written for hostile input: it knows no DTD, no processing instruction but the XML
declaration and no entity but the five predefined ones, and it bounds depth and number of tags.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rendering.stages.reading.said_as import spoken_as
from rendering.stages.runs import DEEPEST, MARKS, MOST_TAGS, Manner, Run, pause, refused
from rendering.values import Warn
from rendering.words import gettext

_TOKEN = re.compile(
    r"(?P<comment><!--(?:(?!--).)*-->)|(?P<head>\A\s*<\?xml\b[^<>]*\?>)"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]*)(?P<rest>(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*)"
    r"\s*(?P<empty>/?)>"
    r"|(?P<entity>&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)"
    r"|(?P<text>[^<&]+)|(?P<bad>.)",
    re.S,
)
ATTRIBUTE = re.compile(r"(?<![\w:.-])([\w:.-]++)\s*+=\s*(?:\"([^\"]*)\"|'([^']*)')")
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


def read(source: str, language: str) -> tuple[list[Run], list[Warn]]:
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
            close(stack.pop(), runs, warnings, language, source, end)
        elif match["name"]:
            name = match["name"].lower()
            found = ATTRIBUTE.findall(match["rest"])
            attributes = {key.lower(): html.unescape(a or b) for key, a, b in found}
            if name not in TAGS:
                raise refused(
                    f"The SSML tag <{name[:20]}> is not offered; use "
                    "break, emphasis, prosody, say-as, sub, phoneme, lang, p or s.",
                    start,
                    end,
                )
            element = Element(name, attributes, start, manner, len(runs))
            begin(element, runs, warnings, language, end)
            if match["empty"]:
                close(element, runs, warnings, language, source, end)
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


def begin(element: Element, runs: list[Run], warnings: list[Warn], language: str, end: int) -> None:
    name, attributes, start = element.name, element.attributes, element.start
    if name in ("p", "s"):
        runs.append(Run("", start, end, kind="break"))
    elif name == "break":
        if "time" in attributes:
            runs.append(pause(attributes["time"], start, end))
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


def close(
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
        spoken = spoken_as(
            kind,
            text,
            attributes.get("format", ""),
            british=language == "en-GB",
            style=attributes.get("google:style", ""),
        )
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
