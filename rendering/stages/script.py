"""Stage 1, script: from what was typed to sentences of spans that a voice can speak.

Nothing typed is lost: `Script.source` is the text itself, and every span and warning names its position
in it. No voice is loaded here, so that the editor can call it at every keystroke.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rendering.stages import markdown, pasted, ssml
from rendering.stages.layout import EMOJI, Dictionary, Layout, latin
from rendering.stages.runs import Run
from rendering.values import BadInput, Script, Sentence, Warn

LONGEST = 20_000  # characters

HEADING = re.compile(r"^ {0,3}#{1,6}(?:(?=[ \t])|#*$)")
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A paragraph: source[start:end] == text. chapter: the heading above it."""

    text: str
    chapter: str | None
    start: int
    end: int


def lines(source: str, markup: str = "markdown") -> tuple[SourceLine, ...]:
    """The paragraphs of a scene, in order; markdown headings start chapters and are no lines.

    An empty source has no lines. Raises BadInput for more than 20,000 characters.
    """
    _short_enough(source)
    if markup == "ssml":
        return _ssml_lines(source)
    read = source.translate(pasted.BREAKS)
    found: list[SourceLine] = []
    chapter: str | None = None
    start = end = -1

    def close() -> None:
        nonlocal start
        if start >= 0:
            found.append(SourceLine(source[start:end], chapter, start, end))
        start = -1

    for match in re.finditer(r"[^\n]+", read):
        row = match[0].rstrip()
        blank = not row.strip()
        gap = start >= 0 and read.count("\n", end, match.start()) > 1
        heading = HEADING.match(row) if markup == "markdown" else None
        if blank or gap or heading:
            close()
        if heading:
            words = row[heading.end() :].strip(" \t").rstrip("#").rstrip(" \t")
            title = "".join(run.text for run in markdown.read(words)[0]).strip()
            chapter = title or chapter
        elif not blank:
            if start < 0:
                start = match.start()
            end = match.start() + len(row)
    close()
    return tuple(found)


def _ssml_lines(source: str) -> tuple[SourceLine, ...]:
    """Each <p> at the top of the document is a line; a document without is one line."""
    whole = source.strip()
    if not whole:
        return ()
    at = source.index(whole)
    one = (SourceLine(whole, None, at, at + len(whole)),)
    found: list[SourceLine] = []
    stack: list[str] = []
    begin = -1
    try:
        for match in ssml.tokens(source):
            top = [name for name in stack if name != "speak"]
            if not match["name"]:
                if not top and (match["text"] or match["entity"] or "").strip():
                    return one
            elif match["close"]:
                if stack and stack.pop() == "p" and stack in ([], ["speak"]):
                    found.append(SourceLine(source[begin : match.end()], None, begin, match.end()))
            else:
                name = match["name"].lower()
                if not top and name not in ("speak", "p"):
                    return one
                if not top and name == "p":
                    begin = match.start()
                if not match["empty"]:
                    stack.append(name)
    except BadInput:
        return one
    return tuple(found) if found and not stack else one


def _short_enough(text: str) -> None:
    if len(text) > LONGEST:
        raise BadInput(
            f"The script has {len(text):,} characters; at most 20,000 fit, so split it into scenes.",
            code="text_unspeakable",
        )


def run(
    text: str,
    *,
    markup: str = "markdown",
    language: str = "en-US",
    dictionary: Dictionary = (),
    supports: frozenset[str] = frozenset(),
) -> Script:
    """Read one line. language: "en-US" or "en-GB", which decides how dates and numbers are said.

    dictionary: (word, "alias" | "ipa", value), applied to whole words whatever their case.
    supports: what the voice can do (voices.CONTROLS); the rest of what the line asks is warned about.
    Raises BadInput, code text_unspeakable, for what cannot be spoken at all.
    """
    _short_enough(text)
    if language.split("-")[0].lower() != "en":
        raise BadInput(
            f"The language {language[:20]!r} is not spoken here yet; use en-US or en-GB.",
            code="text_unspeakable",
        )
    if not text.strip():
        raise BadInput("The line is empty; type what should be said.", code="text_unspeakable")
    control = CONTROL.search(text)
    if control:
        raise BadInput(
            f"The text holds the control character U+{ord(control[0]):04X} at position "
            f"{control.start() + 1}; remove it.",
            code="text_unspeakable",
            start=control.start(),
            end=control.end(),
        )
    twin = pasted.plain(text)
    if markup == "ssml":
        runs, warnings = ssml.read(twin.text, language)
    elif markup == "markdown":
        runs, warnings = markdown.read(twin.text, language)
    elif markup == "text":
        runs, warnings = markdown.plain(twin.text)
    else:
        raise BadInput(f"The format {markup[:20]!r} is unknown; use markdown, ssml or text.")
    british = language == "en-GB"
    layout = Layout(runs, british)
    layout.apply_dictionary(dictionary)
    layout.apply_readings()
    sentences, marks = layout.sentences()
    if not any(sentence.spans for sentence in sentences):
        raise _unspeakable(text)
    warnings += _missing(runs, layout, supports) + _unread(layout)
    if twin.begin:
        sentences = [_typed(sentence, twin) for sentence in sentences]
        warnings = [
            replace(warn, start=twin.start_of(warn.start), end=twin.end_of(warn.end))
            for warn in warnings
        ]
    return Script(
        source=text,
        sentences=tuple(sentences),
        language=language,
        warnings=tuple(
            sorted(set(warnings), key=lambda warn: (warn.start, warn.end, warn.code, warn.message))
        ),
        marks=tuple(marks),
        guesses=tuple(
            replace(guess, start=twin.start_of(guess.start), end=twin.end_of(guess.end))
            for guess in sorted(layout.guesses, key=lambda guess: guess.start)
        ),
    )


def _typed(sentence: Sentence, twin: pasted.Plain) -> Sentence:
    """The sentence with the places of its spans in what was typed."""
    spans = tuple(
        replace(span, start=twin.start_of(span.start), end=twin.end_of(span.end))
        for span in sentence.spans
    )
    return replace(sentence, spans=spans)


def _unspeakable(text: str) -> BadInput:
    if EMOJI.search(text) and not any(char.isalnum() for char in text):
        sentence = "The line has only emoji, which are not spoken; add words."
    elif any(char.isalpha() and not latin(char) for char in text):
        sentence = "The line is in a script that an English voice cannot read; write it in English."
    else:
        sentence = "The line has nothing to say; add words."
    return BadInput(sentence, code="text_unspeakable")


def _missing(runs: list[Run], layout: Layout, supports: frozenset[str]) -> list[Warn]:
    """A warning for every part of the text that asks for what the voice cannot do."""
    found = []

    def miss(feature: str, what: str, start: int, end: int) -> None:
        if feature not in supports:
            message = f"This voice does not do {what}; it reads on as usual."
            found.append(Warn("not_supported", message, start, end))

    for run in runs:
        if run.kind == "pause":
            miss("break", "pauses", run.start, run.end)
        elif run.kind == "phonemes":
            miss("phoneme", "given sounds", run.start, run.end)
        if run.manner.emphasis != "none":
            miss("emphasis", "emphasis", run.start, run.end)
        if run.manner.rate != 1:
            miss("rate", "a change of pace", run.start, run.end)
        if run.manner.pitch:
            miss("pitch", "a change of pitch", run.start, run.end)
    for said in layout.said:
        run = layout.run_of[said.start]
        if said.phonemes is not None and run.kind != "phonemes":
            miss("phoneme", "given sounds", layout.begin[said.start], layout.finish[said.end - 1])
    return found


def _unread(layout: Layout) -> list[Warn]:
    """Warnings for emoji, and for letters and signs that the voices have no sound for."""
    found = []
    text = layout.text
    for match in EMOJI.finditer(text):
        if match[0].strip("\u200d\u20e3\ufe0e\ufe0f"):
            span = layout.begin[match.start()], layout.finish[match.end() - 1]
            found.append(Warn("not_spoken", "Emoji are not spoken.", *span))
    for start, end in layout.lost:
        message = f"{text[start:end][:30]!r} cannot be pronounced by this voice and is left out."
        found.append(Warn("not_spoken", message, layout.begin[start], layout.finish[end - 1]))
    return found
