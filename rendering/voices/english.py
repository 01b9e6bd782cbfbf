"""From English sentences to symbols of the misaki alphabet, and from the model's sound back to words and phones.

hibari's grapheme-to-phoneme rules read the words (they are a port of those that Kokoro was trained
with); numbers, dates and the like were spelled out by the script stage already.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rendering.values import SAMPLE_RATE, BadInput, Floats, Phone, Sentence, Span, Word
from rendering.voices import wording
from rendering.voices.contract import Clip
from rendering.voices.ipa import STRESS, VOCABULARY

PUNCTUATION = frozenset(';:,.!?—…"()“” ')
CLAUSE_ENDS = frozenset(";:,.!?—…")
MODIFIERS = frozenset("ːʰʲ̃")
EMPHASIS = {"none": (1.0, 0.0), "moderate": (0.88, 1.2), "strong": (0.75, 2.5)}
"""Emphasis as (rate, semitones); the stress marks of the word are raised as well."""

LEAST_GAP = 0.16  # seconds between the parts of a sentence that was too long for one call
Times = NDArray[np.float64]
_reading = threading.Lock()


@dataclass(frozen=True, slots=True)
class Symbol:
    char: str
    word: int  # index into Spoken.words; -1 between words
    rate: float = 1.0
    pitch: float = 0.0  # semitones


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence as symbols. pauses: (index of the symbol they follow, seconds)."""

    symbols: tuple[Symbol, ...]
    words: tuple[str, ...]
    pauses: tuple[tuple[int, float], ...] = ()


@functools.cache
def _rules(british: bool):  # type: ignore[no-untyped-def]
    from hibari.g2p import G2P  # large: loaded when it is needed

    return G2P(british=british)


def release() -> None:
    """Gives the memory of the dictionaries back; the next word reads them again."""
    with _reading:
        _rules.cache_clear()


def phonemes(word: str, british: bool = False) -> str:
    """The reading of a bare word or phrase in the misaki alphabet; "" if it has none."""
    with _reading:
        return _rules(british)(word)


def _layout(spans: tuple[Span, ...]) -> tuple[str, list[int], list[int], list[str]]:
    """The spoken text, per character its caption word (-1: none) and its span, and the words."""
    text: list[str] = []
    word_of: list[int] = []
    span_of: list[int] = []
    words: list[str] = []
    glued = False  # whether the next visible character belongs to the last word

    def put(piece: str, word: int, span: int) -> None:
        text.append(piece)
        word_of.extend([word] * len(piece))
        span_of.extend([span] * len(piece))

    for number, span in enumerate(spans):
        if span.text == span.shown and span.phonemes is None:
            for match in re.finditer(r"\s+|\S+", span.text):
                if match[0].isspace():
                    glued = False
                    put(" ", -1, number)
                    continue
                if glued:
                    words[-1] += match[0]
                else:
                    words.append(match[0])
                put(match[0], len(words) - 1, number)
                glued = True
            continue
        shown = span.shown.strip()
        if not span.text.strip():
            if shown and words:
                words[-1] += ("" if glued else " ") + shown
            if span.text:
                put(" ", -1, number)
            continue
        if span.shown[:1].isspace() or not glued:
            words.append(shown)
        else:
            words[-1] += shown
        if span.text[:1].isspace():
            put(" ", -1, number)
        put(span.text.strip(), len(words) - 1, number)
        if span.text[-1:].isspace():
            put(" ", -1, number)
        glued = bool(shown) and not span.shown[-1:].isspace()
    return "".join(text), word_of, span_of, words


def pronounce(sentence: Sentence, british: bool = False) -> Spoken:
    """The symbols of a sentence. Raises BadInput when nothing in it can be pronounced."""
    spans = sentence.spans
    text, word_of, span_of, words = _layout(spans)
    with _reading:
        tokens, starts = _tokens(text, span_of, spans, british)
        read = _rules(british).phonemize_tokens(tokens)
    symbols: list[Symbol] = []
    pauses: list[tuple[int, float]] = []
    piece = 0  # index into starts: the whitespace-separated piece we are in
    inside = 0
    span = -1
    for token in read:
        at = min(starts[min(piece, len(starts) - 1)] + inside, len(text) - 1)
        if span_of[at] != span:
            for passed in range(max(span, 0), span_of[at]):
                _pause(symbols, pauses, spans[passed].pause)
            span = span_of[at]
        rate, pitch = EMPHASIS[spans[span].emphasis]
        rate, pitch = rate * spans[span].rate, pitch + spans[span].pitch
        for char in token.phonemes or "":
            if char in VOCABULARY:
                word = -1 if char == " " else word_of[at]
                symbols.append(Symbol(char, word, rate, pitch))
        if token.whitespace:
            symbols.append(Symbol(" ", -1, rate, pitch))
            piece, inside = piece + 1, 0
        else:
            inside += len(token.text)
    for passed in range(max(span, 0), len(spans)):
        _pause(symbols, pauses, spans[passed].pause)
    while symbols and symbols[-1].char == " ":
        symbols.pop()
    if symbols and symbols[-1].char not in '.!?…:;"”)':
        symbols.append(replace(symbols[-1], char="."))  # the melody of an ending
    if not any(symbol.char not in PUNCTUATION for symbol in symbols):
        raise BadInput(
            f"The voice cannot pronounce {sentence.text.strip()[:60]!r}; write it in words.",
            code="text_unspeakable",
        )
    return Spoken(tuple(symbols), tuple(words), tuple(pauses))


def _pause(symbols: list[Symbol], pauses: list[tuple[int, float]], seconds: float) -> None:
    """Note a pause after the last symbol; a comma there lets the melody of the voice prepare it."""
    if seconds <= 0 or not symbols:
        return
    last = len(symbols) - 1
    while last > 0 and symbols[last].char == " ":
        last -= 1
    if symbols[last].char not in CLAUSE_ENDS:
        symbols.insert(last + 1, replace(symbols[last], char=","))
        last += 1
    pauses.append((last, seconds))


def _tokens(text: str, span_of: list[int], spans: tuple[Span, ...], british: bool):  # type: ignore[no-untyped-def]
    """hibari's tokens, with the given phonemes and stress in place, and where each piece starts."""
    from hibari.g2p.token import Tok  # large: loaded when it is needed

    rules = _rules(british)
    stress = {"none": None, "moderate": 1, "strong": 2}
    found: list[tuple[str, str, int]] = []  # text, whitespace, offset
    at = 0
    while at < len(text):
        given = spans[span_of[at]].phonemes
        end = at
        if given is not None and not text[at].isspace():
            while end < len(text) and span_of[end] == span_of[at] and not text[end].isspace():
                end += 1
            # The phonemes stand for the whole span, so its inner spaces must not divide it.
            while end < len(text) and span_of[end] == span_of[at]:
                end += 1
            piece = text[at:end]
            follows = text[end : end + 1].isspace() or piece[-1:].isspace()
            found.append((piece.strip(), " " if follows else "", at))
            at = end
            continue
        while end < len(text) and (spans[span_of[end]].phonemes is None or text[end].isspace()):
            end += 1
        piece = text[at:end]
        chunks = [match.start() for match in re.finditer(r"\S+", piece)]
        chunk, inside = 0, 0
        for token, blank in rules.tokenizer(piece):
            found.append((token, blank, at + chunks[chunk] + inside))
            chunk, inside = (chunk + 1, 0) if blank else (chunk, inside + len(token))
        at = end
    tags = rules.tagger([token for token, _, _ in found])
    of = [spans[span_of[min(offset, len(text) - 1)]] for _, _, offset in found]
    known = wording.given(
        [
            (token, tag, span.text != span.shown)
            for (token, _, _), tag, span in zip(found, tags, of, strict=True)
        ],
        british,
    )
    tokens = []
    for (token, blank, _), tag, span, sounds in zip(found, tags, of, known, strict=True):
        phonemes = sounds if span.phonemes is None else span.phonemes
        tokens.append(
            Tok(
                token,
                "NN" if span.phonemes is not None else tag,
                blank,
                phonemes=phonemes,
                rating=5 if phonemes is not None else None,
                stress=stress[span.emphasis],
            )
        )
    starts, fresh = [], True
    for _, blank, offset in found:
        if fresh:
            starts.append(offset)
        fresh = bool(blank)
    return tokens, starts or [0]


def _parts(symbols: tuple[Symbol, ...], longest: int) -> list[tuple[int, int]]:
    """Ranges of at most `longest` symbols, ending at clause borders, else between words."""
    cuts, start = [], 0
    while len(symbols) - start > longest:
        reach = range(start + longest, start + longest // 4, -1)
        clause = (i for i in reach if symbols[i].char == " " and symbols[i - 1].char in CLAUSE_ENDS)
        blank = (i for i in reach if symbols[i].char == " ")
        cut = next(clause, None) or next(blank, start + longest)
        cuts.append((start, cut))
        start = cut + (symbols[cut].char == " ")
    return [*cuts, (start, len(symbols))]


def voiced(
    spoken: Spoken,
    sing: Callable[[list[Symbol]], tuple[Floats, Times]],
    longest: int,
) -> Clip:
    """Run an engine over a sentence and lay out its sound.

    sing(symbols) -> (wave, edges): edges[i], edges[i+1] in seconds are where symbol i sounds.
    """
    waves: list[Floats] = []
    starts = np.zeros(len(spoken.symbols))
    ends = np.zeros(len(spoken.symbols))
    length = 0.0
    for first, last in _parts(spoken.symbols, longest):
        wave, edges = sing(list(spoken.symbols[first:last]))
        wave, cut = trimmed(wave)
        if waves:
            waves.append(np.zeros(round(LEAST_GAP * SAMPLE_RATE), np.float32))
            length += waves[-1].size / SAMPLE_RATE
        seconds = wave.size / SAMPLE_RATE
        edges = np.clip(edges - cut, 0, seconds) + length
        starts[first:last], ends[first:last] = edges[:-1], edges[1:]
        if last < len(starts):
            starts[last] = ends[last] = length + seconds
        waves.append(wave)
        length += seconds
    wave = np.concatenate(waves)
    for index, seconds in spoken.pauses:
        wave = opened(wave, starts, ends, index, seconds)
    return Clip(wave, _words(spoken, starts, ends), _phones(spoken, starts, ends))


def trimmed(wave: Floats) -> tuple[Floats, float]:
    """The wave without near-silence (40 dB under its loudest 10 ms) at both ends, and what was cut
    from its start in seconds. 40 ms stay before the sound and 80 ms after it, faded."""
    hop = SAMPLE_RATE // 100
    blocks = np.square(wave[: wave.size // hop * hop].reshape(-1, hop)).mean(axis=1)
    if blocks.size == 0 or blocks.max() < 1e-10:
        return wave, 0.0
    loud = np.flatnonzero(blocks > blocks.max() * 1e-4)
    first = max(0, loud[0] * hop - SAMPLE_RATE * 40 // 1000)
    last = min(wave.size, (loud[-1] + 1) * hop + SAMPLE_RATE * 80 // 1000)
    wave = wave[first:last].copy()
    edge = min(hop, wave.size // 2)
    wave[:edge] *= np.linspace(0, 1, edge, dtype=np.float32)
    wave[wave.size - edge :] *= np.linspace(1, 0, edge, dtype=np.float32)
    return wave, first / SAMPLE_RATE


def opened(wave: Floats, starts: Times, ends: Times, index: int, seconds: float) -> Floats:
    """The wave with silence put in where it is quietest around the end of symbol `index`.

    starts, ends: seconds of each symbol, moved in place; the silence belongs to symbol `index`.
    """
    hop = SAMPLE_RATE // 200
    low = max(0, int((starts[index] - 0.03) * SAMPLE_RATE))
    high = min(wave.size, int((ends[index] + 0.05) * SAMPLE_RATE))
    steps = range(low, max(low + 1, high - hop), hop // 2)
    cut = min(steps, key=lambda at: float(np.square(wave[at : at + hop]).sum())) + hop // 2
    cut = min(cut, wave.size)
    before, after = wave[:cut].copy(), wave[cut:].copy()
    fade = min(hop, before.size, after.size)
    if fade:
        before[before.size - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        after[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    silence = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    later = np.arange(len(starts)) > index
    starts[later] = np.maximum(starts[later], cut / SAMPLE_RATE) + seconds
    ends[later] = np.maximum(ends[later], cut / SAMPLE_RATE) + seconds
    ends[index] = max(starts[index], cut / SAMPLE_RATE) + seconds
    return np.concatenate([before, silence, after])


def captions(shown: str, start: float, end: float) -> list[Word]:
    """The words that are shown for a stretch of sound, which they share by their lengths."""
    pieces = shown.split()
    edges = np.cumsum([0, *(len(piece) for piece in pieces)])
    at = start + (end - start) * edges / max(1, edges[-1])
    return [
        Word(piece, float(begin), float(finish))
        for piece, begin, finish in zip(pieces, at[:-1], at[1:], strict=True)
    ]


def _words(spoken: Spoken, starts: Times, ends: Times) -> tuple[Word, ...]:
    first: dict[int, float] = {}
    last: dict[int, float] = {}
    for symbol, start, end in zip(spoken.symbols, starts, ends, strict=True):
        if symbol.word >= 0 and symbol.char not in PUNCTUATION:
            first.setdefault(symbol.word, float(start))
            last[symbol.word] = float(end)
    found: list[Word] = []
    for index, shown in enumerate(spoken.words):
        if index not in first:
            # A dash or a lone sign has no sound: it is shown with the word before it.
            if found:
                found[-1] = replace(found[-1], text=f"{found[-1].text} {shown}")
            continue
        found += captions(shown, first[index], last[index])
    return tuple(found)


def _phones(spoken: Spoken, starts: Times, ends: Times) -> tuple[Phone, ...]:
    """Stress marks give their time to the phone after them, length marks to the one before."""
    found: list[Phone] = []
    stress, since = 0.0, None
    for symbol, start, end in zip(spoken.symbols, starts, ends, strict=True):
        if symbol.char in STRESS:
            stress, since = STRESS[symbol.char], start if since is None else since
        elif symbol.char in MODIFIERS and found:
            found[-1] = replace(found[-1], end=float(end))
        else:
            begin = float(start if since is None else since)
            found.append(Phone(symbol.char, begin, float(end), stress))
            stress, since = 0.0, None
    return tuple(found)
