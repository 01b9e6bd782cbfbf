"""Stage 2, speech: from a Script and a voice to sound at -16 LUFS, with the times of words and phones.

Every sentence is spoken on its own and cached in the store, so an edited line speaks only what
changed. Loudness follows ITU-R BS.1770-4 (pyloudnorm); true peak is read on four-fold oversampling.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from rendering import voices
from rendering.stages import alignment
from rendering.values import (
    SAMPLE_RATE,
    BadInput,
    Canceled,
    Floats,
    Phone,
    Report,
    Script,
    Sentence,
    Speech,
    TimedBy,
    Word,
)
from rendering.voices import Clip, VoiceInfo, english, wording
from rendering.words import gettext

VERSION = "speech/1"
LEAD, TAIL = 0.25, 0.35  # seconds of silence around a line
LOUDNESS = -16.0  # LUFS
PEAK = 10 ** (-1.2 / 20)  # true peak: -1 dBFS, and 0.2 dB for meters that oversample otherwise
ORDER: tuple[TimedBy, ...] = ("engine", "aligned", "provider", "energy")
GAPS = {"…": 0.40, "?": 0.36, ".": 0.34, "!": 0.32, ":": 0.30}  # seconds after a sentence


DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""The errors of reading a damaged stored sentence."""


class Store(Protocol):
    """What speech needs of the store; rendering.store is one."""

    def find(self, key: str, suffix: str) -> Path | None: ...

    def path(self, key: str, suffix: str) -> Path: ...

    def write(self, key: str, suffix: str) -> AbstractContextManager[Path]: ...


def run(
    script: Script,
    voice: VoiceInfo | str,
    *,
    speed: float = 1.0,
    pitch: float = 0.0,
    store: Store | None = None,
    stop: threading.Event | None = None,
    report: Report | None = None,
    cache: Path | None = None,
) -> Speech:
    """Speak a line. speed 0.5..2, pitch -6..6 semitones; `cache` holds the prepared models.

    Equal input gives equal samples. Raises BadInput (a language the voice lacks, nothing that can
    be pronounced) and Canceled, within about a second of `stop` being set.
    """
    voice = _checked(script, voice, speed, pitch, store)
    clips, reused = [], 0
    for number, sentence in enumerate(script.sentences):
        if report is not None:
            report("speech", number / len(script.sentences))
        clip, stored = _clip(sentence, voice, speed, pitch, store, stop, cache)
        clips.append(clip)
        reused += stored and bool(sentence.spans)
    speech = _joined(script.sentences, clips, speed, LEAD, TAIL)
    if report is not None:
        report("speech", 1.0)
    return replace(speech, reused=reused, total=sum(1 for s in script.sentences if s.spans))


def sentences(
    script: Script,
    voice: VoiceInfo | str,
    *,
    speed: float = 1.0,
    pitch: float = 0.0,
    store: Store | None = None,
    stop: threading.Event | None = None,
    cache: Path | None = None,
) -> Iterator[Speech]:
    """Each sentence as soon as it is made, with the pause that follows it: what "Listen" plays.

    Played one after another they are the line, except for the loudness, which is set per sentence.
    """
    voice = _checked(script, voice, speed, pitch, store)
    lead = LEAD
    for number, sentence in enumerate(script.sentences):
        if not sentence.spans:
            lead += sentence.pause
            continue
        clip, stored = _clip(sentence, voice, speed, pitch, store, stop, cache)
        last = number == len(script.sentences) - 1
        tail = TAIL if last else _gap(sentence, speed) - sentence.pause
        speech = _joined((sentence,), [clip], speed, lead, tail)
        lead = 0.0
        yield replace(speech, reused=int(stored), total=1)


def cached(
    script: Script,
    voice: VoiceInfo | str,
    *,
    speed: float = 1.0,
    pitch: float = 0.0,
    store: Store,
) -> bool:
    """Whether the store holds every sentence of the line, so that speaking it costs nothing."""
    voice = _checked(script, voice, speed, pitch)
    return all(
        _stored(sentence, voice, speed, pitch, store) is not None
        for sentence in script.sentences
        if sentence.spans
    )


def length(
    script: Script,
    voice: VoiceInfo | str,
    *,
    speed: float = 1.0,
    pitch: float = 0.0,
    store: Store,
) -> float | None:
    """Seconds of what `run` gives, from how long each stored sentence is; no sound is read. None where one is missing."""
    voice = _checked(script, voice, speed, pitch)
    samples = round(LEAD * SAMPLE_RATE) + round(TAIL * SAMPLE_RATE)
    for number, sentence in enumerate(script.sentences):
        if sentence.spans:
            found = _stored(sentence, voice, speed, pitch, store)
            if found is None:
                return None
            try:
                stat = found.stat()
                samples += _samples(found, stat.st_mtime_ns, stat.st_size)
            except DAMAGED:
                return None
        samples += _quiet(sentence, speed, last=number == len(script.sentences) - 1)
    return samples / SAMPLE_RATE


def estimate(script: Script, voice: VoiceInfo | str, speed: float = 1.0) -> float:
    """Seconds that the line will take, from its letters, syllables and words; no model is loaded.

    The weights are a least-squares fit to the durations of forty sentences in 24 Kokoro voices, the
    time that every sentence adds was then set on real, trimmed speech.
    """
    voice = _checked(script, voice, speed, 0.0)
    total = LEAD + TAIL
    for number, sentence in enumerate(script.sentences):
        last = number == len(script.sentences) - 1
        total += sentence.pause if last else _gap(sentence, speed)
        total += sum(span.pause for span in sentence.spans) + _sounding(sentence, voice, speed)
    return total


def unspoken(
    script: Script,
    voice: VoiceInfo | str,
    known: set[str],
    *,
    speed: float = 1.0,
    pitch: float = 0.0,
    store: Store,
) -> float:
    """Share of the line, 0 to 1 of its estimated sound, that has still to be spoken.

    A sentence counts if neither this machine's files nor `known` have it; it is then added to `known`, so that a sentence that is
    said twice is counted once. A bucket is not asked: it is slow to say no.
    """
    voice = _checked(script, voice, speed, pitch)
    whole = left = 0.0
    for sentence in script.sentences:
        seconds = _sounding(sentence, voice, speed)
        whole += seconds
        if sentence.spans:
            keys = _keys(sentence, voice, speed, pitch)
            here = any(store.path(key, ".npz").exists() for key in keys.values())
            if not here and known.isdisjoint(keys.values()):
                left += seconds
            known.update(keys.values())
    return left / whole if whole else 0.0


def _sounding(sentence: Sentence, voice: VoiceInfo, speed: float) -> float:
    """Estimated seconds of a sentence without its pauses; 0 for one that is only a pause."""
    if not sentence.spans:
        return 0.0
    spoken = sum(
        _length(span.text) / (span.rate * english.EMPHASIS[span.emphasis][0])
        for span in sentence.spans
    )
    return (0.22 + spoken) * voice.pace / speed


def _length(text: str) -> float:
    """Seconds of the words in a text, apart from what every sentence adds."""
    letters = syllables = 0
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", text)
    for word in words:
        letters += len(word)
        count = len(word)  # an acronym is spelled
        if not word.isupper() or count == 1:
            count = len(re.findall("[aeiouyà-ü]+", word.lower()))
            silent = re.search("[^l]e$|[^td]ed$|[^s]es$", word.lower())
            count = max(1, count - bool(silent and count > 1))
        syllables += count
    return 0.0218 * letters + 0.1031 * syllables + 0.0516 * len(words)


def _checked(
    script: Script, voice: VoiceInfo | str, speed: float, pitch: float, store: Store | None = None
) -> VoiceInfo:
    if isinstance(voice, str):
        voice = voices.get(voice, store)
    if script.language.split("-")[0].lower() != voice.language.split("-")[0]:
        raise BadInput(
            f"The voice {voice.name} does not speak {script.language}; choose another voice.",
            code="text_unspeakable",
        )
    if not 0.5 <= speed <= 2.0:
        sentence = gettext("The speed {speed} cannot be spoken; use 0.5 to 2.")
        raise BadInput(sentence.format(speed=speed), code="invalid_field")
    if not -6.0 <= pitch <= 6.0:
        sentence = gettext("The pitch {pitch} cannot be spoken; use -6 to 6 semitones.")
        raise BadInput(sentence.format(pitch=pitch), code="invalid_field")
    if pitch and "pitch" not in voice.supports:
        raise BadInput(
            f"The voice {voice.name} cannot be made higher or lower; set the pitch to 0.",
            code="invalid_field",
        )
    return voice


def _keys(sentence: Sentence, voice: VoiceInfo, speed: float, pitch: float) -> dict[str, str]:
    """By precision, the hash of what decides the sound of a sentence, and of nothing else: not of its position in the source."""
    spans = [
        (s.text, s.shown, s.emphasis, s.rate, s.pitch, s.phonemes, s.pause) for s in sentence.spans
    ]
    engine = voices.ENGINES[voice.engine]
    parts = [
        VERSION,
        engine.revision,
        voice.slug,
        float(speed),
        float(pitch),
        spans,
        *([wording.VERSION] if wording.touches(sentence.text) else []),
    ]
    found = {}
    for number, precision in enumerate(engine.precisions):
        named = [*parts, precision] if number else parts  # the first was there before the others
        found[precision] = hashlib.sha256(
            json.dumps(named, ensure_ascii=False).encode()
        ).hexdigest()
    return found


def _stored(
    sentence: Sentence, voice: VoiceInfo, speed: float, pitch: float, store: Store
) -> Path | None:
    """The sentence in the store, in the first precision in which it was spoken."""
    for key in _keys(sentence, voice, speed, pitch).values():
        if (found := store.find(key, ".npz")) is not None:
            return found
    return None


def _clip(
    sentence: Sentence,
    voice: VoiceInfo,
    speed: float,
    pitch: float,
    store: Store | None,
    stop: threading.Event | None,
    cache: Path | None,
) -> tuple[Clip, bool]:
    """The sentence, from the store or spoken now and stored; and whether it was stored before."""
    if stop is not None and stop.is_set():
        raise Canceled
    if not sentence.spans:  # only a pause
        return Clip(np.zeros(0, np.float32), (), ()), True
    found = _stored(sentence, voice, speed, pitch, store) if store is not None else None
    if found is not None:
        try:
            return _read(found), True
        except DAMAGED:
            pass  # damaged before files had hashes: it is spoken again and replaced
    engine = voices.engine(voice.engine, cache)
    clip = engine.say(sentence, voice, speed=speed, pitch=pitch, stop=stop)
    if not clip.phones:
        clip = alignment.timed(sentence, voice.language, clip)
    # Rounded as it is stored, so that a stored sentence and a fresh one give the same bytes.
    clip = replace(clip, wav=_restored(_rounded(clip.wav)))
    if store is not None:
        key = _keys(sentence, voice, speed, pitch)[engine.precision]
        with store.write(key, ".npz") as path:
            _save(path, clip)
    return clip, False


def _rounded(wave: Floats) -> np.ndarray:
    return np.round(np.clip(wave, -1, 1) * 32767).astype("<i2")


def _restored(samples: np.ndarray) -> Floats:
    return samples.astype(np.float32) / np.float32(32767)


def _save(path: Path, clip: Clip) -> None:
    marks = {
        "words": [(word.text, word.start, word.end) for word in clip.words],
        "phones": [(phone.symbol, phone.start, phone.end, phone.stress) for phone in clip.phones],
        "timed_by": clip.timed_by,
    }
    text = np.frombuffer(json.dumps(marks, ensure_ascii=False).encode(), np.uint8)
    with open(path, "wb") as out:
        np.savez_compressed(out, wav=_rounded(clip.wav), marks=text)


def _read(path: Path) -> Clip:
    with open(path, "rb") as file, np.load(file) as held:
        marks = json.loads(held["marks"].tobytes())
        return Clip(
            _restored(held["wav"]),
            tuple(Word(*word) for word in marks["words"]),
            tuple(Phone(*phone) for phone in marks["phones"]),
            marks.get("timed_by", "engine"),
        )


@functools.lru_cache(maxsize=8192)
def _samples(path: Path, written: int, size: int) -> int:
    """How many samples a stored sentence has, from the header before them."""
    with zipfile.ZipFile(path) as held, held.open("wav.npy") as wav:
        np.lib.format.read_magic(wav)  # type: ignore[arg-type]
        (samples,), _, _ = np.lib.format.read_array_header_1_0(wav)  # type: ignore[arg-type]
    return int(samples)


def _quiet(sentence: Sentence, speed: float, *, last: bool) -> int:
    """Samples of silence between a sentence and what follows it."""
    return round((sentence.pause if last else _gap(sentence, speed)) * SAMPLE_RATE)


def _gap(sentence: Sentence, speed: float) -> float:
    if not sentence.spans:
        return sentence.pause
    ending = sentence.text.rstrip("\"”’') ")[-1:]
    return GAPS.get(ending, 0.28) / speed + sentence.pause


def _joined(
    spoken: tuple[Sentence, ...], clips: list[Clip], speed: float, lead: float, tail: float
) -> Speech:
    pieces: list[Floats] = []
    words: list[Word] = []
    phones: list[Phone] = []
    at = 0
    for number, (sentence, clip) in enumerate(zip(spoken, clips, strict=True)):
        start = lead + at / SAMPLE_RATE
        words += [Word(w.text, w.start + start, w.end + start) for w in clip.words]
        phones += [Phone(p.symbol, p.start + start, p.end + start, p.stress) for p in clip.phones]
        quiet = _quiet(sentence, speed, last=number == len(clips) - 1)
        pieces += [clip.wav, np.zeros(quiet, np.float32)]
        at += clip.wav.size + quiet
    begin = round(lead * SAMPLE_RATE)
    wav = np.zeros(begin + at + round(tail * SAMPLE_RATE), np.float32)
    body = np.concatenate(pieces, out=wav[begin : begin + at])
    del pieces
    body[:] = levelled(body)
    worst = max((clip.timed_by for clip in clips), key=ORDER.index)
    return Speech(wav, wav.size / SAMPLE_RATE, tuple(phones), tuple(words), timed_by=worst)


def levelled(wave: Floats) -> Floats:
    """The wave at -16 LUFS, its true peak held at -1 dBFS. Shape and length stay; silence stays."""
    before = loudness(wave)
    if before < -70:  # the meter's own gate: nothing to hear
        return wave
    wanted = LOUDNESS
    for _ in range(6):
        # The limiter takes a little loudness away; asking for that much more puts it back.
        held = _limited(wave, 10 ** ((wanted - before) / 20))
        missing = LOUDNESS - loudness(held)
        if abs(missing) < 0.1:
            break
        wanted += missing
    return held


def loudness(wave: Floats) -> float:
    """Integrated loudness in LUFS, measured with the silence around every line."""
    import pyloudnorm  # large: loaded when it is needed

    around = round(LEAD * SAMPLE_RATE), round(TAIL * SAMPLE_RATE)
    meter = pyloudnorm.Meter(SAMPLE_RATE)
    if wave.size <= alignment.PART:
        return float(meter.integrated_loudness(np.pad(wave.astype(np.float64), around)))
    found: list[Floats] = []
    step = SAMPLE_RATE // 10  # of the meter's blocks of 400 ms
    for begin, at, end in alignment.parts(wave.size):
        edges = around[0] if at == 0 else 0, around[1] if end == wave.size else 0
        meter.integrated_loudness(np.pad(wave[begin:end].astype(np.float64), edges))
        blocks = np.asarray(meter.blockwise_loudness)[(at - begin) // step :]
        found.append(blocks if end == wave.size else blocks[: alignment.PART // step])
    return _gated(np.concatenate(found))


def _gated(blocks: Floats) -> float:
    """The loudness of the whole from that of its blocks (ITU-R BS.1770-4, annex 1)."""

    def mean(some: Floats) -> float:
        return float(10 * np.log10(np.mean(10 ** (some / 10)))) if some.size else -np.inf

    loud = blocks[blocks > -70]
    return mean(loud[loud > mean(loud) - 10]) if loud.size else -np.inf


def _limited(wave: Floats, gain: float) -> Floats:
    """The wave times `gain`. Turn down, over 5 ms slopes, only what would pass the true-peak ceiling."""
    held = np.empty_like(wave)
    for begin, at, end in alignment.parts(wave.size):
        piece = _turned_down(wave[begin:end] * np.float32(gain))
        held[at : at + alignment.PART] = piece[at - begin : at - begin + alignment.PART]
    highest = max(
        (float(_peaks(held[begin:end]).max()) for begin, _, end in alignment.parts(wave.size)),
        default=0.0,
    )
    if highest > PEAK:
        held *= np.float32(PEAK / highest)
    return held


def _peaks(wave: Floats) -> Floats:
    """The true peak at each sample."""
    from scipy.signal import resample_poly  # large: loaded when it is needed

    return np.abs(resample_poly(wave, 4, 1))[: wave.size * 4].reshape(-1, 4).max(axis=1)  # type: ignore[no-any-return]


def _turned_down(wave: Floats) -> Floats:
    from scipy.ndimage import minimum_filter1d  # large: loaded when it is needed

    peaks = _peaks(wave)
    if peaks.max() <= PEAK:
        return wave
    reach = SAMPLE_RATE // 200
    gain = minimum_filter1d(np.minimum(1, PEAK / np.maximum(peaks, 1e-9)), 2 * reach + 1)
    window = np.hanning(2 * reach + 1)
    gain = np.convolve(np.pad(gain, reach, mode="edge"), window / window.sum(), mode="valid")
    return (wave * gain).astype(np.float32)
