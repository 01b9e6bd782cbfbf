"""Stage 3, alignment: when every word and phone is heard, and how: pitch and energy every 10 ms.

Speech made by an engine brings its own times, or none, or only words: `timed` finds the rest, sentence by
sentence. Sound without times is aligned to its script by pocketsphinx (its en-us acoustic model, two passes: words,
then phones); where that fails, phones are laid into the words that a provider timed, or words over the loud stretches by
length. `Timing.source` says which it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rendering.values import (
    SAMPLE_RATE,
    BadInput,
    Floats,
    Phone,
    Script,
    Sentence,
    Speech,
    TimedBy,
    Timing,
    Word,
)
from rendering.voices import Clip, english

if TYPE_CHECKING:
    from pocketsphinx import Decoder

HOP = 0.01  # seconds
PART, BESIDE = 60 * SAMPLE_RATE, SAMPLE_RATE  # samples, see parts()
SILENCE = -90.0  # dB, the floor of the energy track
PAD = 0.4  # seconds of faint noise around a recording; without it one clip in four fails to align
SPHINX_RATE = 16_000

ARPABET = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "B": "b", "CH": "ʧ", "D": "d",
    "DH": "ð", "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IY": "i",
    "JH": "ʤ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "O", "OY": "Y", "P": "p",
    "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w",
    "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
MISAKI = {symbols: name for name, symbols in ARPABET.items()} | {
    "əɹ": "ER", "ə": "AH", "ᵊ": "AH", "ɐ": "AH", "ᵻ": "IH", "T": "D", "ɜ": "ER", "ɒ": "AA", "Q": "OW",
    "a": "AE", "ɾ": "D", "ʔ": "T", "x": "K", "e": "EH", "o": "OW", "r": "R",
}  # fmt: skip

VOWELS = re.compile("([ˈˌ]?)([AIOQWYaiueoæɑɒɔəɛɜɪʊʌᵻɐᵊ])")


def run(script: Script, speech: Speech) -> Timing:
    """The times and tracks of a line. Tracks: sample i stands at i * HOP seconds.

    Deterministic; raises nothing of its own for sound that is speech, noise or silence.
    """
    if speech.phones:
        words, phones, source = speech.words, speech.phones, speech.timed_by
    else:
        found = aligned(script, speech.wav)
        source = "aligned" if found else "energy"
        rough, phones = found or _by_energy(script, speech)
        words = tuple(
            part for word in rough for part in english.captions(word.text, word.start, word.end)
        )
    return Timing(
        words=words,
        phones=phones,
        seconds=speech.seconds,
        hop=HOP,
        pitch=_in_parts(pitch, speech.wav),
        energy=_in_parts(energy, speech.wav),
        source=source,
    )


def timed(sentence: Sentence, language: str, clip: Clip) -> Clip:
    """A clip without phones, with the phones, caption words and pauses of its sentence.

    Forced alignment is believed unless the provider timed the words and they begin at other times.
    """
    script = Script("", (sentence,), language)
    heard = Speech(clip.wav, clip.wav.size / SAMPLE_RATE)
    source: TimedBy = "aligned"
    found = aligned(script, clip.wav)
    if found and clip.words and not _agree(found[0], clip.words):
        found = None
    if found is None and clip.words:
        found, source = _in_words(script, heard, clip.words), "provider"
    if found is None:
        found, source = _by_energy(script, heard), "energy"
    wav, words, phones = _paused(sentence, language, clip.wav, *found)
    shown = tuple(
        part for word in words for part in english.captions(word.text, word.start, word.end)
    )
    return Clip(wav, shown, phones, source)


def _agree(words: tuple[Word, ...], timed: tuple[Word, ...]) -> bool:
    """Whether half of the words begin within 0.12 s of one that the provider timed."""
    begins = np.array([word.start for word in timed])
    apart = [float(np.abs(begins - word.start).min()) for word in words]
    return bool(apart) and float(np.median(apart)) <= 0.12


def _in_words(
    script: Script, heard: Speech, timed: tuple[Word, ...]
) -> tuple[tuple[Word, ...], tuple[Phone, ...]] | None:
    """Words and phones laid into timed words: one by one where they are as many, else by their share of the letters."""
    pieces = _pieces(script)
    if not pieces:
        return None
    bare = ["".join(c for c in sounds if c not in "ˈˌː") for _, _, sounds in pieces]
    if len(pieces) == len(timed):
        spans = [(word.start, word.end) for word in timed]
    else:
        letters = np.cumsum([0, *(len(word.text) for word in timed)]) / sum(
            len(word.text) for word in timed
        )
        shares = np.cumsum([0, *(len(sounds) for sounds in bare)]) / sum(map(len, bare))
        tops = np.maximum.accumulate([max(word.start, word.end) for word in timed])
        begins = np.interp(shares[:-1], letters[:-1], [word.start for word in timed])
        ends = np.interp(shares[1:], letters[1:], tops)
        spans = list(zip(begins.tolist(), ends.tolist(), strict=True))
    return _laid(pieces, bare, spans, heard.seconds)


def _paused(
    sentence: Sentence,
    language: str,
    wav: Floats,
    words: tuple[Word, ...],
    phones: tuple[Phone, ...],
) -> tuple[Floats, tuple[Word, ...], tuple[Phone, ...]]:
    """The pauses that the script asks for inside the sentence, opened in the sound after the word before each."""
    if not words or not any(span.pause for span in sentence.spans):
        return wav, words, phones
    spoken = english.pronounce(sentence, british=language == "en-GB")
    sounded = {symbol.word for symbol in spoken.symbols if symbol.char not in english.PUNCTUATION}
    for index, seconds in reversed(spoken.pauses):
        before = max((symbol.word for symbol in spoken.symbols[: index + 1]), default=-1)
        count = sum(1 for word in sounded if 0 <= word <= before)
        if not 0 < count <= len(words):
            continue
        end = words[count - 1].end
        first = sum(1 for phone in phones if phone.start < end - 1e-6)
        marked = (*phones[:first], Phone(" ", end, end), *phones[first:])
        starts = np.array([phone.start for phone in marked])
        ends = np.array([phone.end for phone in marked])
        wav = english.opened(wav, starts, ends, first, seconds)
        phones = tuple(
            replace(phone, start=float(a), end=float(b))
            for phone, a, b in zip(marked, starts, ends, strict=True)
        )
        words = (
            *words[:count],
            *(Word(w.text, w.start + seconds, w.end + seconds) for w in words[count:]),
        )
    return wav, words, _with_pauses(list(phones))


def parts(size: int) -> Iterator[tuple[int, int, int]]:
    """(begin, at, end) of pieces of a long sound that are processed one after another, so that memory does not grow
    with it.

    The part that counts begins `at` and is PART long; both sides have some more, so that filters settle and windows are
    whole.
    """
    for at in range(0, size, PART):
        yield max(0, at - BESIDE), at, min(size, at + PART + BESIDE)


def _in_parts(track: Callable[[Floats], Floats], wave: Floats) -> Floats:
    hop = round(HOP * SAMPLE_RATE)
    found = [
        track(wave[begin:end])[(at - begin) // hop :][: PART // hop]
        for begin, at, end in parts(wave.size)
    ]
    return np.concatenate(found) if found else track(wave)


def energy(wave: Floats) -> Floats:
    """RMS over 50 ms around every 10 ms, in dB relative to full scale, at least -90."""
    hop, half = round(HOP * SAMPLE_RATE), SAMPLE_RATE // 40
    total = np.concatenate([[0.0], np.cumsum(np.square(wave, dtype=np.float64))])
    centers = np.arange(-(-wave.size // hop)) * hop
    low, high = np.maximum(centers - half, 0), np.minimum(centers + half, wave.size)
    power = (total[high] - total[low]) / (2 * half)
    return np.maximum(10 * np.log10(np.maximum(power, 1e-12)), SILENCE).astype(np.float32)


def pitch(wave: Floats, low: float = 65.0, high: float = 500.0) -> Floats:
    """F0 in Hz every 10 ms, 0 where unvoiced: YIN (de Cheveigné and Kawahara 2002) at 8 kHz.

    A 32 ms window, the first dip of the normalised difference under 0.15, a parabola around it, and a
    median over 50 ms against single slips.
    """
    from scipy.ndimage import median_filter  # large: loaded when it is needed
    from scipy.signal import resample_poly

    frames = -(-wave.size // round(HOP * SAMPLE_RATE))
    if wave.size < SAMPLE_RATE // 20:
        return np.zeros(frames, np.float32)
    rate, window = 8000, 256
    longest, shortest = int(rate / low) + 2, int(rate / high)
    sound = resample_poly(wave.astype(np.float64), 1, 3)
    reach = (window + longest) // 2
    sound = np.pad(sound, (reach, reach + window + longest + 80))
    windows = sliding_window_view(sound, window + longest)[:: round(HOP * rate)][:frames]
    size = 512
    spectrum = np.fft.rfft(windows, size)
    head = np.fft.rfft(windows[:, :window], size)
    correlation = np.fft.irfft(np.conj(head) * spectrum, size)[:, :longest]
    squares = np.concatenate(
        [np.zeros((len(windows), 1)), np.cumsum(np.square(windows), axis=1)], axis=1
    )
    energies = squares[:, window : window + longest] - squares[:, :longest]
    difference = np.maximum(energies[:, :1] + energies - 2 * correlation, 0)
    running = np.cumsum(difference[:, 1:], axis=1)
    normal = np.ones_like(difference)
    normal[:, 1:] = difference[:, 1:] * np.arange(1, longest) / np.maximum(running, 1e-12)

    inner = normal[:, shortest : longest - 1]
    dips = (inner <= normal[:, shortest - 1 : longest - 2]) & (inner < normal[:, shortest + 1 :])
    good = dips & (inner < 0.15)
    first = np.where(good.any(axis=1), good.argmax(axis=1), np.where(dips, inner, 9).argmin(axis=1))
    rows = np.arange(len(normal))
    lag = first + shortest
    left, middle, right = normal[rows, lag - 1], normal[rows, lag], normal[rows, lag + 1]
    bend = left - 2 * middle + right
    offset = np.where(bend > 1e-9, 0.5 * (left - right) / np.maximum(bend, 1e-9), 0.0)
    hertz = rate / (lag + np.clip(offset, -0.5, 0.5))
    loud = energy(wave)
    voiced = (middle < 0.3) & (loud > max(-55.0, float(loud.max(initial=SILENCE)) - 35))
    hertz = np.where(voiced, hertz, 0.0)
    smooth = median_filter(hertz, 5)
    return np.where(voiced & (smooth > 0), smooth, 0.0).astype(np.float32)


def _pieces(script: Script) -> list[tuple[str, str, str]]:
    """What is spoken, in order: (caption word, the bare word or "", its misaki symbols).

    A caption word that is read as several ("$4.20") gives several pieces, the first with the caption.
    """
    found = []
    british = script.language == "en-GB"
    for sentence in script.sentences:
        if not sentence.spans:
            continue
        try:
            spoken = english.pronounce(Sentence(sentence.spans), british=british)
        except BadInput:
            continue
        for index, shown in enumerate(spoken.words):
            sounds: list[str] = [""]
            last = -1
            for at, symbol in enumerate(spoken.symbols):
                if symbol.word != index or symbol.char in english.PUNCTUATION:
                    continue
                if last >= 0 and any(s.char == " " for s in spoken.symbols[last:at]):
                    sounds.append("")
                sounds[-1] += symbol.char
                last = at
            for number, sound in enumerate(s for s in sounds if s):
                bare = shown.strip("\"“”‘’'.,;:!?()[]…—-").replace("’", "'").lower()
                simple = len(sounds) == 1 and bare.replace("'", "").isalpha() and bare.isascii()
                found.append((shown if number == 0 else "", bare if simple else "", sound))
    return found


def arpabet(symbols: str) -> str:
    """Misaki symbols to ARPAbet names: "həlˈO" -> "HH AH L OW"."""
    names, at = [], 0
    symbols = "".join(c for c in symbols if c not in "ˈˌː")
    while at < len(symbols):
        for width in (2, 1):
            if symbols[at : at + width] in MISAKI:
                names.append(MISAKI[symbols[at : at + width]])
                at += width
                break
        else:
            at += 1
    return " ".join(names)


def aligned(script: Script, wave: Floats) -> tuple[tuple[Word, ...], tuple[Phone, ...]] | None:
    """Words and phones of recorded English sound by forced alignment, or None where it fails."""
    from pocketsphinx import Decoder  # large: loaded when it is needed
    from scipy.signal import resample_poly

    pieces = _pieces(script)
    if not pieces or not np.any(wave):
        return None
    pad = int(PAD * SPHINX_RATE)
    sound = resample_poly(wave.astype(np.float64), 2, 3)
    sound = np.pad(sound / max(1.0, np.abs(sound).max()), pad)
    sound = sound + np.random.default_rng(0).normal(0, 1e-4, sound.size)
    samples = (np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes()

    decoder = Decoder(loglevel="FATAL", lm=None)
    names, shown_at, readings = [], [], []
    for shown, bare, sounds in pieces:
        name = bare
        if not bare or decoder.lookup_word(bare) is None:
            spelled = arpabet(sounds)
            if not spelled:
                continue
            name = "said-" + spelled.replace(" ", "-").lower()
            if decoder.lookup_word(name) is None:
                decoder.add_word(name, spelled, True)
        names.append(name)
        shown_at.append(shown)
        readings.append(sounds)
    spoken = _heard(decoder, names, samples)
    if spoken is None:
        # The best path through the lattice may hold a silence too short for its phone; the first pass does not.
        decoder.config["bestpath"] = False
        spoken = _heard(decoder, names, samples)
    if spoken is None:
        return None

    length = wave.size / SAMPLE_RATE

    def seconds(frame: int) -> float:
        return float(min(max(frame / 100 - PAD, 0.0), length))

    words: list[Word] = []
    found: list[Phone] = []
    for (first, last, parts), shown, sounds in zip(spoken, shown_at, readings, strict=True):
        start, end = seconds(first), seconds(last)
        if shown:
            words.append(Word(shown, start, end))
        elif words:
            words[-1] = Word(words[-1].text, words[-1].start, end)
        phones: list[Phone] = []
        for name, at, duration in parts:
            symbols = ARPABET.get(name, "")
            begin, finish = seconds(at), seconds(at + duration)
            step = (finish - begin) / max(1, len(symbols))
            phones += [
                Phone(symbol, begin + i * step, begin + (i + 1) * step)
                for i, symbol in enumerate(symbols)
            ]
        found += _stressed(phones, sounds)
    return tuple(words), _with_pauses(found)


def _heard(
    decoder: Decoder, names: list[str], samples: bytes
) -> list[tuple[int, int, list[tuple[str, int, int]]]] | None:
    """(first frame, last, phones as (name, first frame, frames)) of each of these words, or None where they are not found."""
    try:
        decoder.set_align_text(" ".join(names))
        for phones_too in (False, True):
            if phones_too:
                if not decoder.hyp():
                    return None
                decoder.set_alignment()
            decoder.start_utt()
            decoder.process_raw(samples, full_utt=True)
            decoder.end_utt()
        # Entries die with the iteration, so their numbers are read within it.
        found = [
            (word.start, word.start + word.duration, [(p.name, p.start, p.duration) for p in word])
            for word in decoder.get_alignment()
            if not word.name.startswith(("<", "[", "+"))
        ]
    except RuntimeError:  # pocketsphinx gives up on sound that does not fit the text
        return None
    return found if len(found) == len(names) else None


def _stressed(phones: list[Phone], sounds: str) -> list[Phone]:
    """The stress of the lexicon's reading put on the vowels heard, where their number agrees."""
    marks = [{"ˈ": 1.0, "ˌ": 0.5}.get(mark, 0.0) for mark, _ in VOWELS.findall(sounds)]
    heard = [index for index, phone in enumerate(phones) if VOWELS.fullmatch(phone.symbol)]
    if len(marks) != len(heard):
        return phones
    for index, stress in zip(heard, marks, strict=True):
        phones[index] = replace(phones[index], stress=stress)
    return phones


def _with_pauses(phones: list[Phone]) -> tuple[Phone, ...]:
    """Phones with the silences between them as pause phones."""
    found: list[Phone] = []
    for phone in phones:
        if found and phone.start - found[-1].end > 0.02:
            found.append(Phone(" ", found[-1].end, phone.start))
        found.append(phone)
    return tuple(found)


def _by_energy(script: Script, speech: Speech) -> tuple[tuple[Word, ...], tuple[Phone, ...]]:
    """Words laid over the loud stretches, each as long as it has phones: a guess, and named so."""
    pieces = _pieces(script)
    loud = energy(speech.wav)
    active = loud > max(-60.0, float(loud.max(initial=SILENCE)) - 30)
    if not active.any() or not pieces:
        return (), ()
    clock = np.concatenate([[0.0], np.cumsum(active) * HOP])  # loud seconds until each frame
    bare = ["".join(c for c in sounds if c not in "ˈˌː") for _, _, sounds in pieces]
    counts = np.concatenate([[0.0], np.cumsum([len(sounds) for sounds in bare])])
    edges = counts / counts[-1] * clock[-1]

    def when(spent: float, side: str) -> float:
        frame = int(np.searchsorted(clock, spent, side))  # type: ignore[call-overload]
        return min(max(frame - (side == "right"), 0) * HOP, speech.seconds)

    spans = [
        (when(edges[number], "right"), when(edges[number + 1], "left"))
        for number in range(len(pieces))
    ]
    return _laid(pieces, bare, spans, speech.seconds)


def _laid(
    pieces: list[tuple[str, str, str]],
    bare: list[str],
    spans: list[tuple[float, float]],
    seconds: float,
) -> tuple[tuple[Word, ...], tuple[Phone, ...]]:
    """Each piece in its span, its phones of equal length; spans that run into each other are cut."""
    words: list[Word] = []
    phones: list[Phone] = []
    last = 0.0
    for number, (shown, _, _) in enumerate(pieces):
        start = min(max(spans[number][0], last), seconds)
        end = last = min(max(spans[number][1], start), seconds)
        if shown:
            words.append(Word(shown, start, end))
        elif words:
            words[-1] = Word(words[-1].text, words[-1].start, end)
        step = (end - start) / max(1, len(bare[number]))
        phones += [
            Phone(symbol, start + i * step, start + (i + 1) * step)
            for i, symbol in enumerate(bare[number])
        ]
    return tuple(words), _with_pauses(phones)
