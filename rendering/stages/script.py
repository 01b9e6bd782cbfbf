"""Stage 1, script: what was typed to sentences of spans that a voice can speak.

Nothing typed is lost: `Script.source` is the text itself, and every span and warning names its place
in it. No voice is loaded here, so that the editor can call it at every keystroke.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from rendering.stages import markup as markups
from rendering.stages.markup import Run
from rendering.stages.reading import readings
from rendering.values import BadInput, Script, Sentence, Span, Warn

LONGEST = 20_000  # characters
LANGUAGES = ("en-US", "en-GB")
Dictionary = tuple[tuple[str, str, str], ...]

EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\u2139\u203c\u2049"
    "\u200d\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f]+"
)
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

# After these a full stop ends no sentence, whatever follows.
NEVER = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "mt",
        "gen",
        "gov",
        "sen",
        "rep",
        "capt",
        "lt",
        "col",
        "sgt",
        "rev",
        "hon",
        "pres",
        "e.g",
        "i.e",
        "cf",
        "vs",
        "approx",
        "fig",
        "figs",
        "vol",
        "pp",
        "no",
        "nos",
        "ca",
        "al",
        "dept",
        "univ",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sept",
        "sep",
        "oct",
        "nov",
        "dec",
    ]
)
# After these it does when the next word looks like the start of one.
MAYBE = frozenset("etc inc ltd co corp jr sr bros a.m p.m ave blvd rd est".split())  # noqa: SIM905
STARTERS = frozenset(
    [
        "the",
        "a",
        "an",
        "i",
        "it",
        "he",
        "she",
        "we",
        "they",
        "you",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "but",
        "and",
        "so",
        "or",
        "if",
        "when",
        "while",
        "what",
        "who",
        "why",
        "how",
        "where",
        "in",
        "on",
        "at",
        "for",
        "from",
        "with",
        "to",
        "as",
        "our",
        "my",
        "your",
        "his",
        "her",
        "its",
        "their",
        "then",
        "now",
        "no",
        "yes",
        "not",
        "after",
        "before",
        "please",
        "let",
        "is",
        "are",
        "do",
        "does",
        "did",
        "can",
        "will",
        "would",
    ]
)
_ENDING = re.compile(r"[.!?…]+[\"”’'»)\]]*(?=\s|$)|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A paragraph: source[start:end] == text. chapter: the heading it stands under."""

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
    found: list[SourceLine] = []
    chapter: str | None = None
    start = end = -1

    def close() -> None:
        nonlocal start
        if start >= 0:
            found.append(SourceLine(source[start:end], chapter, start, end))
        start = -1

    for match in re.finditer(r"[^\n]+", source):
        row = match[0].rstrip()
        blank = not row.strip()
        gap = start >= 0 and source.count("\n", end, match.start()) > 1
        heading = markup == "markdown" and re.match(r" {0,3}#{1,6}(?:[ \t]+(.*?))?[ \t]*#*$", row)
        if blank or gap or heading:
            close()
        if heading:
            title = "".join(run.text for run in markups.markdown(heading[1] or "")[0]).strip()
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
        for match in markups.tokens(source):
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
    if markup == "ssml":
        runs, warnings = markups.ssml(text, language)
    elif markup == "markdown":
        runs, warnings = markups.markdown(text)
    elif markup == "text":
        runs, warnings = markups.plain(text)
    else:
        raise BadInput(f"The format {markup[:20]!r} is unknown; use markdown, ssml or text.")
    british = language == "en-GB"
    layout = _Layout(runs, british)
    layout.apply_dictionary(dictionary)
    layout.apply_readings()
    sentences, marks = layout.sentences()
    if not any(sentence.spans for sentence in sentences):
        raise _unspeakable(text)
    warnings += _missing(runs, layout, supports) + _unread(layout)
    return Script(
        source=text,
        sentences=tuple(sentences),
        language=language,
        warnings=tuple(sorted(set(warnings), key=lambda warn: (warn.start, warn.end, warn.code))),
        marks=tuple(marks),
    )


def _unspeakable(text: str) -> BadInput:
    if EMOJI.search(text) and not any(char.isalnum() for char in text):
        sentence = "The line has only emoji, which are not spoken; add words."
    elif any(char.isalpha() and not _latin(char) for char in text):
        sentence = "The line is in a script that an English voice cannot read; write it in English."
    else:
        sentence = "The line has nothing to say; add words."
    return BadInput(sentence, code="text_unspeakable")


def _latin(char: str) -> bool:
    return char.isascii() or unicodedata.name(char, "").startswith(("LATIN", "MODIFIER"))


def ipa(text: str, british: bool = False) -> str:
    """IPA to the misaki alphabet that the voices read. Raises BadInput naming a sound it lacks."""
    from rendering.voices.english import STRESS, VOCABULARY

    said = unicodedata.normalize("NFC", text.strip().strip("/[]"))
    said = re.sub("[.‿͜͡()]", "", said).replace("'", "ˈ")
    said = said.replace("əʊ", "Q" if british else "O")
    for sounds, symbol in (
        ("eɪ", "A"), ("aɪ", "I"), ("oʊ", "O"), ("aʊ", "W"), ("ɔɪ", "Y"), ("dʒ", "ʤ"), ("tʃ", "ʧ"),
        ("g", "ɡ"), ("r", "ɹ"), ("ɝ", "ɜɹ"), ("ɚ", "əɹ"), ("ɫ", "l"), ("ʍ", "w"), ("ɾ", "T"),
        ("l̩", "ᵊl"), ("n̩", "ᵊn"), ("m̩", "ᵊm"),
    ):  # fmt: skip
        said = said.replace(sounds, symbol)
    if not british:
        said = said.replace("ː", "")
    vowels = "AIOQWYaiueoæɑɒɔəɛɜɪʊʌᵻɐɨɯøœy"
    for char in said:
        if char not in VOCABULARY or char in ';:,.!?—…"()“”':
            raise BadInput(
                f"The voice has no sound for {char!r} in {text[:30]!r}; use the IPA of English.",
                code="text_unspeakable",
            )
    # IPA marks stress before the syllable, this alphabet right before the vowel.
    said = re.sub(f"([ˈˌ])([^{vowels}ˈˌ ]*)", r"\2\1", said)
    if not any(mark in said for mark in STRESS):
        said = re.sub(f"([{vowels}])", r"ˈ\1", said, count=1)
    if not any(char in vowels for char in said):
        raise BadInput(
            f"The pronunciation {text[:30]!r} has no vowel; write it in IPA.",
            code="text_unspeakable",
        )
    return said


@dataclass(slots=True)
class _Said:
    """Characters start:end of the line's text are spoken otherwise."""

    start: int
    end: int
    spoken: str
    phonemes: str | None = None


class _Layout:
    """The visible characters of a line, where each was typed, and what happens between them."""

    def __init__(self, runs: list[Run], british: bool) -> None:
        self.british = british
        self.runs = runs
        self.text = ""
        self.run_of: list[Run] = []
        self.begin: list[int] = []  # where each character was typed
        self.finish: list[int] = []
        self.said: list[_Said] = []
        self.pauses: list[tuple[int, float]] = []
        self.breaks: set[int] = set()
        self.marks: list[tuple[int, str]] = []
        pieces: list[str] = []
        for run in runs:
            at = len(self.begin)
            if run.kind == "pause":
                self.pauses.append((at, float(run.value)))
            elif run.kind == "break":
                self.breaks.add(at)
            elif run.kind == "mark":
                self.marks.append((at, run.value))
            pieces.append(run.text)
            exact = len(run.text) == run.end - run.start
            for offset in range(len(run.text)):
                self.run_of.append(run)
                self.begin.append(run.start + offset if exact else run.start)
                self.finish.append(run.start + offset + 1 if exact else run.end)
            if run.kind == "said":
                self.said.append(_Said(at, len(self.begin), run.value))
            elif run.kind == "phonemes":
                sounds = ipa(run.value, british)
                self.said.append(_Said(at, len(self.begin), run.text, sounds))
        self.text = "".join(pieces)

    def masked(self) -> str:
        """The text with all that is settled made invisible to further rules."""
        chars = list(self.text)
        for said in self.said:
            chars[said.start : said.end] = "\ue000" * (said.end - said.start)
        return "".join(chars)

    def apply_dictionary(self, dictionary: Dictionary) -> None:
        masked = self.masked()
        for word, kind, value in sorted(dictionary, key=lambda row: (-len(row[0]), row)):
            if not word.strip():
                continue
            whole = rf"(?<!\w){re.escape(word.strip())}(?!\w)"
            for match in re.finditer(whole, masked, re.IGNORECASE):
                start, end = match.span()
                if kind == "ipa":
                    self.said.append(_Said(start, end, match[0], ipa(value, self.british)))
                else:
                    self.said.append(_Said(start, end, value))
                masked = masked[:start] + "\ue000" * (end - start) + masked[end:]

    def apply_readings(self) -> None:
        masked = EMOJI.sub(lambda match: "\ue001" * len(match[0]), self.masked())
        cuts = {at for at, _ in self.pauses} | self.breaks
        for reading in readings(masked, british=self.british):
            if not any(cut in cuts for cut in range(reading.start + 1, reading.end)):
                self.said.append(_Said(reading.start, reading.end, reading.spoken))
        self.said.sort(key=lambda said: said.start)

    def ends(self) -> list[int]:
        """Where sentences end, exclusive, in order; the last is the length of the text."""
        text = self.text
        ends = set(self.breaks)
        inside = {at for said in self.said for at in range(said.start + 1, said.end)}
        for match in _ENDING.finditer(text):
            if match.end() in inside or not self._ends_sentence(match):
                continue
            ends.add(match.end())
        return sorted({*(end for end in ends if 0 < end < len(text)), len(text)})

    def _ends_sentence(self, match: re.Match[str]) -> bool:
        text = self.text
        after = re.compile(r"\s+[\"“‘'«(\[*]*(\S+)").match(text, match.end())
        following = after[1] if after else ""
        if following[:1].islower():
            return False
        if match[0].rstrip("\"”’'»)]") != ".":
            return True
        before = re.search(r"\S+$", text[max(0, match.start() - 30) : match.start()])
        word = before[0].lstrip("(\"“‘'[*_") if before else ""
        bare = re.sub(r"\W", "", following).lower()
        if word.lower() == "no":
            return not following[:1].isdecimal()
        if word.lower() in NEVER:
            return not following
        if word.lower() in MAYBE or re.fullmatch(r"(?:[A-Z]\.)+[A-Z]", word):
            return not following or bare in STARTERS
        if re.fullmatch(r"[A-Z]", word) and word != "I":
            return not following or bare in STARTERS
        return True

    def sentences(self) -> tuple[list[Sentence], list[tuple[str, int]]]:
        found: list[Sentence] = []
        bounds: list[int] = []  # the end of each sentence found, for the marks
        start, held = 0, 0.0
        pauses = list(self.pauses)
        for end in self.ends():
            here = [(at, s) for at, s in pauses if start < at < end or (at == start and start == 0)]
            at_end = [(at, s) for at, s in pauses if at == end]
            spans, lead, tail = self._spans(start, end, here)
            tail += sum(seconds for _, seconds in at_end)
            if spans:
                if held + lead > 0:
                    if found:
                        last = found[-1]
                        found[-1] = Sentence(last.spans, last.pause + held + lead)
                    else:
                        found.append(Sentence((), held + lead))
                        bounds.append(start)
                found.append(Sentence(tuple(spans), tail))
                bounds.append(end)
                held = 0.0
            else:
                held += lead + tail
            start = end
        if held and found:
            found[-1] = Sentence(found[-1].spans, found[-1].pause + held)
        marks = []
        for at, name in self.marks:
            index = next((i for i, end in enumerate(bounds) if at < end), len(bounds) - 1)
            marks.append((name, max(index, 0)))
        return found, marks

    def _spans(
        self, start: int, end: int, pauses: list[tuple[int, float]]
    ) -> tuple[list[Span], float, float]:
        """The spans of one sentence, and the pauses before its first and after its last word."""
        said = {item.start: item for item in self.said if start <= item.start < end}
        covered = {at for item in said.values() for at in range(item.start, item.end)}
        stops = {at for at, _ in pauses}
        spans: list[Span] = []
        lead = tail = 0.0
        waits = dict.fromkeys(stops, 0.0)
        for at, seconds in pauses:
            waits[at] += seconds
        at = start
        # No blanks at the ends, so that a sentence is the same wherever it stands in a line.
        while end > start and self.text[end - 1].isspace() and end - 1 not in covered:
            end -= 1
        while at < end:
            if self.text[at].isspace() and not spans and at not in stops:
                at += 1
                continue
            if at in waits:
                if any(_speakable(span) for span in spans):
                    spans[-1] = _with_pause(spans[-1], waits.pop(at))
                else:
                    lead += waits.pop(at)
            manner = self.run_of[at].manner
            item = said.get(at)
            last = at + 1
            if item is not None:
                last = item.end
                spoken = re.sub(r"\s+", " ", _cleaned(item.spoken))
                closes = last == end or not self.text[last:end].strip()
                if closes and self.text[last - 1] == "." and spoken[-1:] not in ("", ".", "!", "?"):
                    spoken += "."
                shown = _cleaned(self.text[at:last])
                phonemes = item.phonemes
            else:
                while (
                    last < end
                    and last not in covered
                    and last not in stops
                    and self.run_of[last].manner == manner
                ):
                    last += 1
                spoken = shown = _cleaned(self.text[at:last])
                phonemes = None
            if spoken or shown:
                spans.append(
                    Span(
                        text=spoken,
                        shown=shown,
                        start=self.begin[at],
                        end=self.finish[last - 1],
                        emphasis=manner.emphasis,
                        rate=manner.rate,
                        pitch=manner.pitch,
                        phonemes=phonemes,
                    )
                )
            at = last
        if not any(_speakable(span) for span in spans):
            return [], lead + sum(waits.values()), 0.0
        # A pause after the last word belongs to the sentence, wherever its full stop stands.
        for index in range(len(spans) - 1, -1, -1):
            tail += spans[index].pause if not any(map(_speakable, spans[index + 1 :])) else 0.0
            if _speakable(spans[index]):
                spans[index] = _with_pause(spans[index], -spans[index].pause)
                break
            spans[index] = _with_pause(spans[index], -spans[index].pause)
        while spans and not spans[0].text.strip() and not spans[0].shown.strip():
            spans.pop(0)
        while spans and not spans[-1].text.strip() and not spans[-1].shown.strip():
            spans.pop()
        return spans, lead, tail + sum(waits.values())


def _cleaned(text: str) -> str:
    """Without emoji and invisible characters, with every run of white space as one blank."""
    return re.sub(r"\s+", " ", EMOJI.sub(" ", INVISIBLE.sub("", text)))


def _with_pause(span: Span, seconds: float) -> Span:
    return Span(
        span.text, span.shown, span.start, span.end, span.emphasis, span.rate, span.pitch,
        span.phonemes, span.pause + seconds,
    )  # fmt: skip


def _speakable(span: Span) -> bool:
    if span.phonemes is not None:
        return True
    return any(char.isalnum() and _latin(char) for char in span.text)


def _missing(runs: list[Run], layout: _Layout, supports: frozenset[str]) -> list[Warn]:
    """A warning under every place that asks for what the voice cannot do."""
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


def _unread(layout: _Layout) -> list[Warn]:
    """Warnings for emoji and for words in letters that the voices cannot read."""
    found = []
    text = layout.text
    settled = {at for said in layout.said for at in range(said.start, said.end)}
    for match in EMOJI.finditer(text):
        if match[0].strip("\u200d\u20e3\ufe0e\ufe0f"):
            place = layout.begin[match.start()], layout.finish[match.end() - 1]
            found.append(Warn("not_spoken", "Emoji are not spoken.", *place))
    for match in re.finditer(r"[^\W\d_]+", text):
        foreign = not all(_latin(char) for char in match[0])
        if foreign and match.start() not in settled:
            place = layout.begin[match.start()], layout.finish[match.end() - 1]
            message = f"{match[0][:30]!r} cannot be pronounced by this voice and is left out."
            found.append(Warn("not_spoken", message, *place))
    return found
