"""The characters of a line, where each was typed, and how they part into sentences and spans."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from rendering.stages.markup import Run
from rendering.stages.reading import readings
from rendering.values import BadInput, Mark, Sentence, Span

Dictionary = tuple[tuple[str, str, str], ...]

EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\u2139\u203c\u2049"
    "\u200d\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f]+"
)
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")

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


def latin(char: str) -> bool:
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


@dataclass(slots=True)
class _Marked:
    at: int
    name: str
    wait: float = 0.0  # seconds of pauses between it and the next word


class Layout:
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
        self.marks: list[_Marked] = []
        pieces: list[str] = []
        for run in runs:
            at = len(self.begin)
            if run.kind == "pause":
                self.pauses.append((at, float(run.value)))
                for mark in reversed(self.marks):
                    if "".join(pieces)[mark.at :].strip():
                        break
                    mark.wait += float(run.value)
            elif run.kind == "break":
                self.breaks.add(at)
            elif run.kind == "mark":
                self.marks.append(_Marked(at, run.value))
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

    def sentences(self) -> tuple[list[Sentence], list[Mark]]:
        found: list[Sentence] = []
        bounds: list[tuple[int, int]] = []  # of what is spoken, for the marks
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
                found.append(Sentence(tuple(spans), tail))
                bounds.append((start, end))
                held = 0.0
            else:
                held += lead + tail
            start = end
        if held and found:
            found[-1] = Sentence(found[-1].spans, found[-1].pause + held)
        return found, [self._placed(mark, bounds) for mark in self.marks]

    def _placed(self, mark: _Marked, bounds: list[tuple[int, int]]) -> Mark:
        """The mark among the characters of the captions; behind the last word it belongs to the last sentence."""
        place = until = 0
        for start, end in bounds:
            place += len(
                _cleaned(self.text[start : max(start, min(mark.at, end))]).replace(" ", "")
            )
            until += len(_cleaned(self.text[start:end]).replace(" ", ""))
            if mark.at < end and self.text[mark.at : end].strip():
                break
        return Mark(mark.name, place, until, mark.wait)

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
                if any(speakable(span) for span in spans):
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
        if not any(speakable(span) for span in spans):
            return [], lead + sum(waits.values()), 0.0
        # A pause after the last word belongs to the sentence, wherever its full stop stands.
        for index in range(len(spans) - 1, -1, -1):
            tail += spans[index].pause if not any(map(speakable, spans[index + 1 :])) else 0.0
            if speakable(spans[index]):
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


def speakable(span: Span) -> bool:
    if span.phonemes is not None:
        return True
    return any(char.isalnum() and latin(char) for char in span.text)
