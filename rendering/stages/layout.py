"""The characters of a line, where each was typed, and how they part into sentences and spans."""

from __future__ import annotations

import functools
import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate

from rendering.stages import guesses
from rendering.stages.reading import fraction, readings
from rendering.stages.reading.abbreviations import SIGNS, TITLES
from rendering.stages.reading.numbers import cardinal
from rendering.stages.runs import Run
from rendering.values import Guess, Mark, Sentence, Span

Dictionary = tuple[tuple[str, str, str], ...]

_EMOJI = (
    "\U0001f000-\U0001faff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\u2139\u203c\u2049"
    "\u200d\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f"
)
_INVISIBLE = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
EMOJI, INVISIBLE = re.compile(f"[{_EMOJI}]+"), re.compile(f"[{_INVISIBLE}]")
_SHOWN = re.compile(rf"[^\s{_EMOJI}{_INVISIBLE}]")

NEVER = frozenset("al ca cf fig figs no nos nr pp v vs vol p.s q.v".split())  # noqa: SIM905
"""After these a full stop ends no sentence, whatever follows."""
# After these it does when the next word looks like the start of one.
MAYBE = frozenset(
    "etc inc ltd co corp jr sr bros a.m p.m ave blvd rd est dr st hwy ext ed ch apt".split()  # noqa: SIM905
)
STARTERS = frozenset(
    """
    the a an i it he she we they you this that these those there here but and so or if when while what who why
    how where in on at for from with to as our my your his her its their then now no yes not after before please
    let is are do does did can will would
    """.split()  # noqa: SIM905
)
_ENDING = re.compile(r"(?<![.!?…])[.!?…]+[\"”’'»)\]]*(?=\s|$)|(?<=[。！？])")


_BLANKS = re.compile(r"\s+")
_FOLLOWING = re.compile(r"\s+[\"“‘'«(\[*]*(\S+)")
_WORD_BEFORE = re.compile(r"\S+$")
_INITIALS = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]")
_DETERMINED = re.compile(r"(?i)\b(?:the|an?|my|your|our|his|her|their)\s+\w+$")
_ODD = re.compile("[^\\W\\d_]+|[^\\w\\s\x00-\x7f\ue000\ue001]")
LETTERS = frozenset(
    "ªºÀÁÂÃÄÅÆÇÉÊÌÍÎÏÑÒÓÔÕÖØÚÜÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿĀāĂăąĆćČčĎďĐđĒēĕĖėęěĝĞğġģīĭİıķļĽľŁł"
    "ńņňŋŌōŏőŒœŘřŚśŞşŠšţťūŭŮůŰųŵźŻżŽžƒơưǎǐǒǔǚșțɑɒɓəɛʃʻˈ"
)
"""Those beyond ASCII that the voices have a sound for."""
SETTLED = "\ue000"
"""Replaces what a rule has read, so that no other rule reads it again."""


@functools.cache
def latin(char: str) -> bool:
    return char.isascii() or unicodedata.name(char, "").startswith(("LATIN", "MODIFIER"))


@functools.cache
def sound(char: str) -> str:
    """The text that is read for a letter, a number or a sign: itself, its parts, or nothing."""
    kind = unicodedata.category(char)
    if char.isascii() or char in LETTERS or kind[0] in "PMZC" or kind == "Sk":
        return char
    if kind[0] == "N":
        value = Fraction(unicodedata.numeric(char, 0)).limit_denominator(1000)
        part = fraction(value.numerator, value.denominator) if value.denominator > 1 else None
        return f" {part or cardinal(round(value))} "
    pieces = unicodedata.normalize("NFKD", char)
    known = [c for c in pieces if c.isalnum() and (c.isascii() or c in LETTERS)]
    return "".join(f" {SIGNS[c]} " if c in SIGNS else c for c in pieces if c in known or c in SIGNS)


def _ipa(text: str, british: bool) -> str:
    from rendering.voices.ipa import ipa  # brings the voices with it: loaded when sounds are given

    return ipa(text, british)


@dataclass(slots=True)
class _Said:
    """Characters start:end of the line's text are spoken as `spoken`."""

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
        self.guesses: list[Guess] = []
        self.lost: list[tuple[int, int]] = []  # what no voice has a sound for
        pieces: list[str] = []
        bare: list[_Marked | float] = []  # marks and pauses since the last word
        for run in runs:
            at = len(self.begin)
            if run.kind == "pause":
                self.pauses.append((at, float(run.value)))
                bare.append(float(run.value))
            elif run.kind == "break":
                self.breaks.add(at)
            elif run.kind == "mark":
                self.marks.append(_Marked(at, run.value))
                bare.append(self.marks[-1])
            if run.text.strip():
                _wait(bare)
                bare = []
            pieces.append(run.text)
            size = len(run.text)
            self.run_of += [run] * size
            if size == run.end - run.start:
                self.begin += range(run.start, run.end)
                self.finish += range(run.start + 1, run.end + 1)
            else:
                self.begin += [run.start] * size
                self.finish += [run.end] * size
            if run.kind == "said":
                self.said.append(_Said(at, len(self.begin), run.value))
            elif run.kind == "phonemes":
                sounds = _ipa(run.value, british)
                self.said.append(_Said(at, len(self.begin), run.text, sounds))
        _wait(bare)
        self.text = "".join(pieces)

    def masked(self) -> str:
        """The text with all that is settled made invisible to further rules."""
        chars = list(self.text)
        for said in self.said:
            chars[said.start : said.end] = SETTLED * (said.end - said.start)
        return "".join(chars)

    def apply_dictionary(self, dictionary: Dictionary) -> None:
        if not dictionary:
            return
        masked = self.masked()
        for word, kind, value in sorted(dictionary, key=lambda row: (-len(row[0]), row)):
            word = word.strip()
            # Whatever a search that ignores case finds in ASCII, its small letters find as well.
            if not word or (masked.isascii() and word.lower() not in masked.lower()):
                continue
            whole = rf"(?<!\w){re.escape(word)}(?!\w)"
            chars = list(masked)
            for match in re.finditer(whole, masked, re.IGNORECASE):
                start, end = match.span()
                if kind == "ipa":
                    self.said.append(_Said(start, end, match[0], _ipa(value, self.british)))
                else:
                    self.said.append(_Said(start, end, value))
                chars[start:end] = SETTLED * (end - start)
            masked = "".join(chars)

    def apply_readings(self) -> None:
        masked = EMOJI.sub(lambda match: "\ue001" * len(match[0]), self.masked())
        cuts = {at for at, _ in self.pauses} | self.breaks
        for reading in readings(masked, british=self.british):
            if cuts.isdisjoint(range(reading.start + 1, reading.end)):
                self.said.append(_Said(reading.start, reading.end, reading.spoken))
                written = self.text[reading.start : reading.end]
                if guesses.is_one(written):
                    self.guess(reading.start, reading.end, " ".join(reading.spoken.split()))
        for start, end, others in guesses.words(masked):
            self.guess(start, end, "", others)
        self.apply_letters(cuts)
        self.said.sort(key=_start)

    def guess(self, start: int, end: int, spoken: str, others: tuple[str, ...] = ()) -> None:
        written = self.text[start:end]
        self.guesses.append(Guess(self.begin[start], self.finish[end - 1], written, spoken, others))

    def apply_letters(self, cuts: set[int]) -> None:
        """Replaces letters, numbers and signs that no voice knows by those that they stand for, or leaves them out."""
        masked = EMOJI.sub(lambda match: "\ue001" * len(match[0]), self.masked())
        if masked.isascii():
            return
        at = 0
        for edge in (*sorted(cuts), len(masked)):
            for match in _ODD.finditer(masked, at, edge):
                self._settle(*match.span(), masked)
            at = max(at, edge)

    def _settle(self, start: int, end: int, masked: str) -> None:
        """Says what stands for the odd letters of a piece, and notes those that nothing stands for."""
        sounds = [sound(char) for char in masked[start:end]]
        if all(map(str.__eq__, sounds, masked[start:end])):
            return
        said = "".join(sounds)
        before, after = self.text[start - 1 : start].isalnum(), self.text[end : end + 1].isalnum()
        words = " " * (before and said[:1] == " ") + " ".join(said.split())
        self.said.append(_Said(start, end, words + " " * (after and said[-1:] == " ") or " "))
        lost = start
        for at, heard in zip(range(start, end + 1), [*sounds, "x"], strict=True):
            if heard.strip():
                if lost < at:
                    self.lost.append((lost, at))
                lost = at + 1

    def ends(self) -> list[int]:
        """Where sentences end, exclusive, in order; the last is the length of the text."""
        text = self.text
        ends = set(self.breaks)
        inside = {at for said in self.said for at in range(said.start + 1, said.end)}
        short = {said.end: said.spoken for said in self.said if text[said.end - 1] == "."}
        for match in _ENDING.finditer(text):
            if match.end() in inside:
                continue
            if not self._ends_sentence(match, short.get(match.start() + 1)):
                continue
            ends.add(match.end())
        return sorted({*(end for end in ends if 0 < end < len(text)), len(text)})

    def _ends_sentence(self, match: re.Match[str], read: str | None) -> bool:
        """Whether a sentence ends with these signs. read: what the short form is read as that the full stop belongs to."""
        text = self.text
        after = _FOLLOWING.match(text, match.end())
        following = after[1] if after else ""
        if following[:1].islower():
            return False
        if match[0].rstrip("\"”’'»)]") != ".":
            return True
        before = _WORD_BEFORE.search(text[max(0, match.start() - 30) : match.start()])
        word = before[0].lstrip("(\"“‘'[*_") if before else ""
        bare = re.sub(r"\W", "", following).lower()
        if read is not None:
            if read in TITLES and not _DETERMINED.search(
                text[max(0, match.start() - 30) : match.start()]
            ):
                return not following
            return not following or bare in STARTERS
        if word.lower() == "no":
            return not following[:1].isdecimal()
        if word.lower() in NEVER:
            return not following
        if word.lower() in MAYBE or _INITIALS.fullmatch(word):
            return not following or bare in STARTERS
        if re.fullmatch(r"[A-Z]", word) and word != "I":
            return not following or bare in STARTERS
        return True

    def sentences(self) -> tuple[list[Sentence], list[Mark]]:
        found: list[Sentence] = []
        bounds: list[tuple[int, int]] = []  # of what is spoken, for the marks
        start, held = 0, 0.0
        pauses = [at for at, _ in self.pauses]
        for end in self.ends():
            first = 0 if start == 0 else bisect_right(pauses, start)
            last, behind = bisect_left(pauses, end), bisect_right(pauses, end)
            here, at_end = self.pauses[first:last], self.pauses[max(first, last) : behind]
            spans, lead, tail = self._spans(start, end, here)
            tail += sum(seconds for _, seconds in at_end)
            if spans:
                if held + lead > 0:
                    if found:
                        found[-1] = Sentence(found[-1].spans, found[-1].pause + held + lead)
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
        return found, self._placed(bounds)

    def _placed(self, bounds: list[tuple[int, int]]) -> list[Mark]:
        """The marks, positioned among the characters of the captions; one behind the last word belongs to the last
        sentence."""
        if not self.marks or not bounds:
            return []
        shown = [0, *accumulate(bool(_SHOWN.match(char)) for char in self.text)]
        words = [*(match.start() for match in re.finditer(r"\S", self.text)), len(self.text)]
        ends = [end for _, end in bounds]
        before = [0, *accumulate(shown[end] - shown[start] for start, end in bounds)]
        found = []
        for mark in self.marks:
            word = words[min(bisect_left(words, mark.at), len(words) - 1)]
            number = min(bisect_right(ends, word), len(bounds) - 1)
            start, end = bounds[number]
            inside = shown[max(start, min(mark.at, end))] - shown[start]
            found.append(Mark(mark.name, before[number] + inside, before[number + 1], mark.wait))
        return found

    def _spans(
        self, start: int, end: int, pauses: list[tuple[int, float]]
    ) -> tuple[list[Span], float, float]:
        """The spans of one sentence, and the pauses before its first and after its last word."""
        first = bisect_left(self.said, start, key=_start)
        items = self.said[first : bisect_left(self.said, end, key=_start)]
        said = {item.start: item for item in items}
        covered = {at for item in items for at in range(item.start, item.end)}
        waits: dict[int, float] = {}
        for at, seconds in pauses:
            waits[at] = waits.get(at, 0.0) + seconds
        stops = set(waits)
        spans: list[Span] = []
        heard = False
        lead = tail = 0.0
        at = start
        # No blanks at the ends, so that a sentence is the same wherever it stands in a line.
        while end > start and self.text[end - 1].isspace() and end - 1 not in covered:
            end -= 1
        visible = start + len(self.text[start:end].rstrip())
        while at < end:
            if self.text[at].isspace() and not spans and at not in stops:
                at += 1
                continue
            if at in waits:
                if heard:
                    spans[-1] = _with_pause(spans[-1], waits.pop(at))
                else:
                    lead += waits.pop(at)
            run = self.run_of[at]
            item = said.get(at)
            last = at + 1
            if item is not None:
                last = item.end
                spoken = _cleaned(item.spoken)
                if (
                    last >= visible
                    and self.text[last - 1] == "."
                    and spoken[-1:] not in ("", ".", "!", "?")
                ):
                    spoken += "."
                elif spoken.endswith(".") and self.text[last : last + 1] == ".":
                    spoken = spoken[:-1]  # one full stop for both
                shown = _cleaned(self.text[at:last])
                phonemes = item.phonemes
            else:
                while last < end and last not in covered and last not in stops:
                    other = self.run_of[last]
                    if other is not run and other.manner != run.manner:
                        break
                    last += 1
                spoken = shown = _cleaned(self.text[at:last])
                phonemes = None
            if spoken or shown:
                span = Span(
                    text=spoken,
                    shown=shown,
                    start=self.begin[at],
                    end=self.finish[last - 1],
                    emphasis=run.manner.emphasis,
                    rate=run.manner.rate,
                    pitch=run.manner.pitch,
                    phonemes=phonemes,
                )
                heard = heard or speakable(span)
                spans.append(span)
            at = last
        if not heard:
            return [], lead + sum(waits.values()), 0.0
        # A pause after the last word belongs to the sentence, wherever its full stop stands.
        for index in range(len(spans) - 1, -1, -1):
            tail += spans[index].pause
            spans[index] = _with_pause(spans[index], -spans[index].pause)
            if speakable(spans[index]):
                break
        first, last = 0, len(spans)
        while not (spans[first].text.strip() or spans[first].shown.strip()):
            first += 1
        while not (spans[last - 1].text.strip() or spans[last - 1].shown.strip()):
            last -= 1
        return spans[first:last], lead, tail + sum(waits.values())


def _start(said: _Said) -> int:
    return said.start


def _wait(bare: list[_Marked | float]) -> None:
    """Gives each mark the pauses that stand between it and the next word."""
    seconds = 0.0
    for one in reversed(bare):
        if isinstance(one, _Marked):
            one.wait = seconds
        else:
            seconds += one


def _cleaned(text: str) -> str:
    """The text without emoji and invisible characters, with every run of white space as one blank."""
    if text.isascii():
        return text if text.isalnum() else _BLANKS.sub(" ", text)
    return _BLANKS.sub(" ", EMOJI.sub(" ", INVISIBLE.sub("", text)))


def _with_pause(span: Span, seconds: float) -> Span:
    return replace(span, pause=span.pause + seconds) if seconds else span


def speakable(span: Span) -> bool:
    if span.phonemes is not None:
        return True
    return any(char.isalnum() and latin(char) for char in span.text)
