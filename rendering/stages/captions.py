"""Words with times -> captions: cues of at most two lines, SRT, WebVTT and a transcript.

Limits follow the BBC and Netflix guides for English: 42 characters a line, up to seven seconds, about
20 characters a second, a gap of two frames between cues, breaks where the sense breaks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rendering.values import BadInput, Chapter, CueEdit, Warn, Word

VERSION = "captions/2"
WIDTH, LINES = 42, 2  # characters a line, lines a cue
LONGEST = 7.0  # seconds that a cue is shown at most
BRIEFEST = 0.04  # seconds that every cue is shown at least
SHORTEST = 1.0  # seconds below which a cue flashes
PACE = 20.0  # characters a second that are read with ease
HOLD = 0.6  # seconds a cue may stay after its last word
GAP = 0.08  # seconds between cues, two frames
PAUSE = 1.2  # seconds of silence that always end a cue
LOOSE = re.compile(
    r"(an?|the|and|or|but|nor|of|to|in|on|at|by|for|from|with|as|if|is|are|was|were|be|been|my|your|his"
    r"|her|its|our|their|this|that|these|those|which|who|not|no|i|we|you|he|she|they|it|[md]rs?\.|ms\."
    r"|very|more|than)",
    re.IGNORECASE,
)
"""Words that belong to what follows them, so that no line should end in one."""


@dataclass(frozen=True, slots=True)
class Cue:
    """text: one or two lines, divided by a line feed; start and end in seconds.

    first, last: the words of the line that it stands for, counted from 0. own: somebody has written its text.
    """

    text: str
    start: float
    end: float
    first: int = 0
    last: int = 0
    own: bool = False


def cues(words: Sequence[Word], edits: Sequence[CueEdit] = ()) -> list[Cue]:
    """The captions of one line of the script: every word once, in order, no cue over another.

    edits: cues that were changed by hand; the words of each stay together, and the words between them are divided as
    usual. Words of an edit that are outside the line, or in an earlier edit, are left out of it.
    """
    word_of = [number for number, word in enumerate(words) for _ in word.text.split()]
    groups: list[list[_Piece]] = []
    changed: list[CueEdit | None] = []
    at = 0

    def usual(end: int) -> None:
        made = _groups(_pieces(words, word_of, at, end))
        groups.extend(made)
        changed.extend([None] * len(made))

    for edit in sorted(edits, key=lambda edit: edit.first):
        first, last = max(at, edit.first), min(edit.last, len(word_of) - 1)
        if first > last:
            continue
        usual(first)
        groups.append(_pieces(words, word_of, first, last + 1))
        changed.append(edit)
        at = last + 1
    usual(len(word_of))
    return _edited(_timed(groups), changed)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word, or the part of it that fits a line. number: of the word in its line."""

    text: str
    start: float
    end: float
    number: int


def _pieces(words: Sequence[Word], word_of: Sequence[int], first: int, end: int) -> list[_Piece]:
    """Words `first` to `end` of the line; words that a voice says as one share its time."""
    found = []
    for number in range(first, end):
        word = words[word_of[number]]
        texts = word.text.split()
        at = number - word_of.index(word_of[number])
        step = (word.end - word.start) / len(texts)
        single = Word(texts[at], word.start + at * step, word.start + (at + 1) * step)
        found += [_Piece(p.text, p.start, p.end, number) for p in _divided(single)]
    return found


def wrapped(text: str) -> str:
    """The text as a cue shows it, on one or two lines. Raises BadInput if it does not fit."""
    found = _lines(text.split())
    if found is None:
        raise BadInput(
            f"A caption has at most {LINES} lines of {WIDTH} characters; shorten it.",
            code="invalid_field",
            field="text",
        )
    return found[1]


def _edited(found: list[Cue], changed: Sequence[CueEdit | None]) -> list[Cue]:
    """The cues with what was changed by hand, still one after the other."""
    done: list[Cue] = []
    for cue, edit in zip(found, changed, strict=True):
        if edit is not None:
            text = wrapped(edit.text) if edit.text else cue.text
            start, end = cue.start + edit.start, cue.end + edit.end
            cue = replace(cue, text=text, start=start, end=end, own=bool(edit.text))
        start = max(0.0, cue.start, done[-1].start + 0.04 if done else 0.0)
        cue = replace(cue, start=start, end=_ended(start, cue.end))
        if done and done[-1].end > cue.start:
            done[-1] = replace(done[-1], end=max(cue.start - GAP, done[-1].start + 0.02))
        done.append(cue)
    return done


def _groups(pieces: list[_Piece]) -> list[list[_Piece]]:
    """The pieces divided into cues. Breaks are chosen together, by the least sum of what is wrong with each cue."""
    best: list[tuple[float, int]] = [
        (0.0, 0)
    ]  # least cost of pieces[:n] and where its last cue begins
    for end in range(1, len(pieces) + 1):
        found: tuple[float, int] | None = None
        length = -1
        for begin in range(end - 1, -1, -1):
            length += len(pieces[begin].text) + 1
            group = pieces[begin:end]
            if length > LINES * WIDTH or (begin < end - 1 and _broken(group)):
                break
            lines = _lines([word.text for word in group])
            if lines is None:
                continue
            cost = best[begin][0] + _fault(group, length, lines[0], end == len(pieces))
            if found is None or cost < found[0]:
                found = cost, begin
        best.append(found or (best[end - 1][0] + 100.0, end - 1))
    groups = []
    end = len(pieces)
    while end:
        begin = best[end][1]
        groups.append(pieces[begin:end])
        end = begin
    return groups[::-1]


def _divided(word: Word) -> list[Word]:
    """The word, or parts of it that fit a line each, with its time shared out by letters."""
    text = " ".join(word.text.split())
    parts = [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
    step = (word.end - word.start) / len(parts)
    return [
        Word(part, word.start + n * step, word.start + (n + 1) * step)
        for n, part in enumerate(parts)
    ]


def _broken(group: list[_Piece]) -> bool:
    """Whether these words cannot share a cue: a long pause after the first, or they take too long."""
    return group[1].start - group[0].end > PAUSE or group[-1].end - group[0].start > LONGEST


def _fault(group: list[_Piece], length: int, layout: float, last: bool) -> float:
    """What is wrong with a cue: where it ends, how short it is, how fast, how its lines divide."""
    text = group[-1].text
    fault = 1.0 + layout + (0.0 if last else _break_fault(text))
    seconds = group[-1].end - group[0].start
    if seconds < SHORTEST:
        fault += 2.0 * (SHORTEST - seconds)
    fault += max(0.0, length / max(seconds + GAP, 0.1) - PACE) * 0.1
    if len(group) == 1 and not re.search(r"[.!?…]['\"”’)]*$", text):
        fault += 2.0  # an orphan
    if any(re.search(r"[.!?…]['\"”’)]*$", word.text) for word in group[:-1]):
        fault += 0.4  # a sentence ends inside
    return fault


def _break_fault(text: str) -> float:
    """How badly a break after this word cuts the sense."""
    if LOOSE.fullmatch(text):
        return 4.0
    if re.search(r"[.!?…]['\"”’)]*$", text):
        return 0.0
    if re.search(r"[,;:–—]['\"”’)]*$", text):
        return 0.7
    return 2.0


def _lines(words: list[str]) -> tuple[float, str] | None:
    """(fault, text) of the best division into one or two lines, None where they do not fit."""
    whole = " ".join(words)
    if len(whole) <= WIDTH:
        return 0.0, whole
    found: tuple[float, str] | None = None
    for at in range(1, len(words)):
        upper, lower = " ".join(words[:at]), " ".join(words[at:])
        if len(upper) > WIDTH or len(lower) > WIDTH:
            continue
        fault = _break_fault(words[at - 1]) * 0.3 + abs(len(upper) - len(lower)) / WIDTH
        if found is None or fault < found[0]:
            found = fault, f"{upper}\n{lower}"
    return found


def _timed(groups: list[list[_Piece]]) -> list[Cue]:
    """Cues that stay a little after their last word, and end shortly before the next begins."""
    found = []
    for number, group in enumerate(groups):
        start, end = group[0].start, group[-1].end
        following = groups[number + 1][0].start if number + 1 < len(groups) else float("inf")
        end = min(max(end, start + SHORTEST, end + HOLD), following - GAP)
        lines = _lines([word.text for word in group])
        text = lines[1] if lines else " ".join(word.text for word in group)
        first, last = group[0].number, group[-1].number
        found.append(Cue(text, start, _ended(start, end), first, last))
    return found


def _ended(start: float, end: float) -> float:
    """The end of a cue that is shown for BRIEFEST seconds at least and LONGEST at most."""
    return min(max(end, start + BRIEFEST), start + LONGEST)


def opening(text: str) -> str:
    """The first words as one cue, for a picture of captions before anything was spoken."""
    words = [Word(word, 0.4 * n, 0.4 * n + 0.4) for n, word in enumerate(text.split()[:12])]
    found = cues(words)
    return found[0].text if found else ""


def pace(cue: Cue) -> float:
    """Characters a second, white space counted as one."""
    return len(" ".join(cue.text.split())) / max(cue.end - cue.start, 0.04)


def fast(words: Sequence[Word], edits: Sequence[CueEdit] = ()) -> list[Warn]:
    """A warning for each cue of the line that goes by faster than PACE."""
    return [
        Warn(
            "captions_fast",
            f"The caption “{' '.join(cue.text.split())[:60]}” has {pace(cue):.0f} characters a second; "
            f"more than {PACE:.0f} are hard to read. Slow the voice down or use shorter words.",
        )
        for cue in cues(words, edits)
        if pace(cue) > PACE
    ]


def of_lines(
    lines: Sequence[tuple[Sequence[Word], Sequence[CueEdit], float]],
) -> list[list[Cue]]:
    """The cues of each line in the time of the whole, rounded to milliseconds: one after the other, the last over when
    the whole is.

    lines: words, edits and seconds of each.
    """
    found: list[list[Cue]] = []
    begin = 0.0
    for words, edits, seconds in lines:
        made = cues(words, edits)
        found.append([replace(c, start=begin + c.start, end=begin + c.end) for c in made])
        begin += seconds
    ahead = iter(_apart([cue for line in found for cue in line], begin))
    return [[next(ahead) for _ in line] for line in found]


def _apart(found: list[Cue], total: float) -> list[Cue]:
    """The cues in order, each begun before the next and over before it or with the whole."""
    starts: list[float] = []
    for cue in found:
        starts.append(max(cue.start, starts[-1] + BRIEFEST if starts else 0.0))
    latest = total
    for number in reversed(range(len(starts))):
        latest = max(0.0, latest - BRIEFEST)
        starts[number] = min(starts[number], latest)
    done = []
    for number, (cue, start) in enumerate(zip(found, starts, strict=True)):
        limit = total
        if number + 1 < len(starts):
            following = starts[number + 1]
            limit = max(following - GAP, min(start + BRIEFEST, following))
        end = min(_ended(start, cue.end), limit)
        done.append(replace(cue, start=round(start, 3), end=round(end, 3)))
    return done


def _stamp(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def srt(cues: Sequence[Cue]) -> str:
    """SubRip: numbered from 1, times with a comma."""
    return "".join(
        f"{number}\n{_stamp(cue.start, ',')} --> {_stamp(cue.end, ',')}\n{cue.text}\n\n"
        for number, cue in enumerate(cues, start=1)
    )


def vtt(cues: Sequence[Cue]) -> str:
    """WebVTT (W3C), as UTF-8 text; what its grammar would read as markup is escaped."""
    escape = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    return "WEBVTT\n\n" + "".join(
        f"{_stamp(cue.start, '.')} --> {_stamp(cue.end, '.')}\n{cue.text.translate(escape)}\n\n"
        for cue in cues
    )


def transcript(lines: Sequence[tuple[float, str]], chapters: Sequence[Chapter] = ()) -> str:
    """Plain text to read: each line with the minute it begins at, under the title of its chapter.

    lines: (start in seconds, words), in order.
    """
    found: list[str] = []
    ahead = [chapter for chapter in chapters if chapter.title]
    for start, text in lines:
        while ahead and ahead[0].start <= start + 1e-3:
            title = ahead.pop(0).title
            if not ahead or ahead[0].start > start + 1e-3:
                found.append(f"{title}\n")
        minutes, seconds = divmod(int(start), 60)
        found.append(f"[{minutes}:{seconds:02}] {text}\n")
    return "\n".join(found)
