"""The requests and answers of the HTTP providers of voices: pure functions from values to requests, and back.

Facts come from their documentation, read on 25 November 2026 in its stored copies:

* ElevenLabs: elevenlabs.io/docs/api-reference/text-to-speech/convert-with-timestamps ("Create speech with
  timing") and elevenlabs.io/docs/eleven-api/resources/errors. Character times; pcm_24000 is open to every plan.
* Cartesia: docs.cartesia.ai/api-reference/tts/sse, version 2026-03-01, and docs.cartesia.ai/use-the-api/api-errors.
  Server-sent events: chunk, timestamps, done, error.
* Resemble: docs.resemble.ai/voice-generation/text-to-speech/synchronous and /getting-started/errors. Grapheme
  times where the model has them, empty lists where it has none.

An answer is untrusted input: every parser returns an Answer or raises Garbled, whatever the bytes are.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from rendering.values import SAMPLE_RATE, Floats, Word

LONGEST_SOUND = 180  # seconds that a sentence may take
Trouble = Literal["key", "quota", "voice", "text", "busy", "away", "refused"]


class Garbled(Exception):
    """The answer is not what the documentation says. The message is for our log."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One sentence for one voice. speed lies within the provider's own range."""

    text: str
    voice: str  # the provider's id
    language: str  # ISO 639-1
    model: str
    speed: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    headers: dict[str, str] = field(repr=False)  # the key is among them
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    wav: Floats  # (samples,), SAMPLE_RATE
    words: tuple[Word, ...] = ()  # as they were spoken; empty if the provider gives no times


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider is asked, and how its answers are read."""

    request: Callable[[Ask, str], Request]  # (sentence and voice, key)
    parse: Callable[[bytes], Answer]
    code: Callable[[Any], str]  # the code in the JSON of an error
    codes: dict[str, Trouble]


# What all of them share


def _json(body: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(body)
    except (ValueError, RecursionError):
        raise Garbled("the body is no JSON") from None
    if not isinstance(plain, dict):
        raise Garbled("the body is no JSON object")
    return plain


def _decoded(text: object) -> bytes:
    if not isinstance(text, str):
        raise Garbled("the sound is no text in base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Garbled("the sound is no base64") from None


def _pcm(data: bytes) -> Floats:
    """16-bit little-endian mono at SAMPLE_RATE."""
    if len(data) % 2:
        raise Garbled("the sound ends in the middle of a sample")
    return _sound(np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768))


def _sound(wav: Floats) -> Floats:
    if wav.size < SAMPLE_RATE // 20:
        raise Garbled("there is no sound in it")
    if wav.size > LONGEST_SOUND * SAMPLE_RATE:
        raise Garbled("the sound is far too long for a sentence")
    if float(np.abs(wav).max()) < 1e-3:
        raise Garbled("the sound is silence")
    return wav


def _spans(names: object, starts: object, ends: object) -> list[tuple[str, float, float]]:
    """Three lists of one length as (name, start, end), in order and inside a day; else Garbled."""
    if not (isinstance(names, list) and isinstance(starts, list) and isinstance(ends, list)):
        raise Garbled("the times are no lists")
    if not len(names) == len(starts) == len(ends):
        raise Garbled("the lists of times have different lengths")
    found = []
    for name, start, end in zip(names, starts, ends, strict=True):
        numbers = (start, end)
        if not isinstance(name, str) or any(
            isinstance(value, bool) or not isinstance(value, int | float) for value in numbers
        ):
            raise Garbled("a time is no number")
        if not all(math.isfinite(value) and -1 <= value < 86_400 for value in numbers):
            raise Garbled("a time is no time")
        found.append((name, float(start), max(float(start), float(end))))
    return found


def _words(letters: list[tuple[str, float, float]]) -> tuple[Word, ...]:
    """Words from timed characters: a blank parts two words."""
    found: list[Word] = []
    inside = False
    for letter, start, end in letters:
        if not letter.strip():
            inside = False
        elif inside:
            found[-1] = Word(found[-1].text + letter, found[-1].start, max(found[-1].end, end))
        else:
            found.append(Word(letter, start, end))
            inside = True
    return tuple(word for word in found if any(c.isalnum() for c in word.text))


def _ordered(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words if they follow each other in time; else none: wrong times are worse than no times."""
    return words if all(a.start <= b.start + 1e-3 for a, b in pairwise(words)) else ()


# ElevenLabs


def _elevenlabs_request(ask: Ask, key: str) -> Request:
    return Request(
        f"/v1/text-to-speech/{ask.voice}/with-timestamps?output_format=pcm_{SAMPLE_RATE}",
        {"xi-api-key": key, "Accept": "application/json"},
        {
            "text": ask.text,
            "model_id": ask.model,
            "seed": ask.seed,
            "voice_settings": {"speed": ask.speed},
            "apply_text_normalization": "off",  # the script stage has spelled everything out
        },
    )


def _elevenlabs(body: bytes) -> Answer:
    plain = _json(body)
    wav = _pcm(_decoded(plain.get("audio_base64")))
    timing = plain.get("alignment")
    if timing is None:
        return Answer(wav)
    if not isinstance(timing, dict):
        raise Garbled("the alignment is no object")
    letters = _spans(
        timing.get("characters"),
        timing.get("character_start_times_seconds"),
        timing.get("character_end_times_seconds"),
    )
    return Answer(wav, _ordered(_words(letters)))


def _elevenlabs_code(plain: Any) -> str:
    detail = plain.get("detail") if isinstance(plain, dict) else None
    if isinstance(detail, dict):  # `status` is the older name of `code`
        return str(detail.get("code") or detail.get("status") or "")
    return ""


# Cartesia


def _cartesia_request(ask: Ask, key: str) -> Request:
    return Request(
        "/tts/sse",
        {
            "Authorization": f"Bearer {key}",
            "Cartesia-Version": "2026-03-01",
            "Accept": "text/event-stream",
        },
        {
            "model_id": ask.model,
            "transcript": ask.text,
            "voice": {"mode": "id", "id": ask.voice},
            "output_format": {
                "container": "raw",
                "encoding": "pcm_s16le",
                "sample_rate": SAMPLE_RATE,
            },
            "language": ask.language,
            "add_timestamps": True,
            "generation_config": {"speed": ask.speed},
        },
    )


class Refused(Exception):
    """An error that came inside a stream whose status was 200."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code or str(status))
        self.status, self.code = status, code


def events(body: bytes) -> Iterator[dict[str, Any]]:
    """The JSON of each server-sent event (WHATWG HTML, 9.2.6): its data lines joined, comments left out."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Garbled("the stream is no UTF-8") from None
    data: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield _json("\n".join(data).encode())
            data = []


def _cartesia(body: bytes) -> Answer:
    sound = bytearray()
    words: list[Word] = []
    done = False
    for event in events(body):
        match event.get("type"):
            case "chunk":
                sound += _decoded(event.get("data"))
            case "timestamps":
                timing = event.get("word_timestamps")
                if not isinstance(timing, dict):
                    raise Garbled("the timestamps are no object")
                spans = _spans(timing.get("words"), timing.get("start"), timing.get("end"))
                words += [Word(*span) for span in spans if any(c.isalnum() for c in span[0])]
            case "done":
                done = True
            case "error":
                status = event.get("status_code")
                code = event.get("error_code")
                raise Refused(
                    status if isinstance(status, int) else 500,
                    code if isinstance(code, str) else "",
                )
    if not done:
        raise Garbled("the stream broke off")
    return Answer(_pcm(bytes(sound)), _ordered(tuple(words)))


def _cartesia_code(plain: Any) -> str:
    return str(plain.get("error_code") or "") if isinstance(plain, dict) else ""


# Resemble


def _resemble_request(ask: Ask, key: str) -> Request:
    return Request(
        "/synthesize",
        {"Authorization": f"Bearer {key}", "Accept": "application/json"},
        {
            "voice_uuid": ask.voice,
            "data": ask.text,
            "output_format": "wav",
            "precision": "PCM_16",
            "sample_rate": 2 * SAMPLE_RATE,
            **({"model": ask.model} if ask.model else {}),
        },
    )


def _resemble(body: bytes) -> Answer:
    plain = _json(body)
    if plain.get("success") is False:
        raise Refused(400, str(plain.get("message") or "")[:60])
    wav = _wav(_decoded(plain.get("audio_content")))
    timing = plain.get("audio_timestamps")
    if timing is None:
        return Answer(wav)
    if not isinstance(timing, dict):
        raise Garbled("the timestamps are no object")
    names, pairs = timing.get("graph_chars") or [], timing.get("graph_times") or []
    if not isinstance(pairs, list) or not all(isinstance(p, list) and len(p) == 2 for p in pairs):
        raise Garbled("the times are no pairs")
    letters = _spans(names, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    return Answer(wav, _ordered(_words(letters)))


def _wav(data: bytes) -> Floats:
    """A WAV of 16-bit mono samples as SAMPLE_RATE."""
    from scipy.signal import resample_poly  # large: loaded when it is needed

    try:
        with wave.open(io.BytesIO(data)) as file:
            shape = file.getnchannels(), file.getsampwidth()
            rate, frames = file.getframerate(), file.readframes(file.getnframes())
            promised = file.getnframes()
    except (wave.Error, EOFError, RuntimeError, ValueError):
        raise Garbled("the sound is no WAV file") from None
    if shape != (1, 2) or not 8_000 <= rate <= 96_000:
        raise Garbled(f"the WAV file has the shape {shape} at {rate} Hz")
    if len(frames) < 2 * promised:
        raise Garbled("the WAV file is cut short")
    if promised > LONGEST_SOUND * rate:
        raise Garbled("the sound is far too long for a sentence")
    wav = np.frombuffer(frames, "<i2").astype(np.float32) / np.float32(32768)
    if rate != SAMPLE_RATE and wav.size:
        common = math.gcd(SAMPLE_RATE, rate)
        wav = resample_poly(wav, SAMPLE_RATE // common, rate // common).astype(np.float32)
    return _sound(wav)


def _resemble_code(plain: Any) -> str:
    """It has no codes, only a message, which is not logged."""
    return ""


DIALECTS = {
    "elevenlabs": Dialect(
        request=_elevenlabs_request,
        parse=_elevenlabs,
        code=_elevenlabs_code,
        codes={
            "invalid_api_key": "key",
            "missing_api_key": "key",
            "quota_exceeded": "quota",
            "insufficient_credits": "quota",
            "voice_not_found": "voice",
            "max_character_limit_exceeded": "text",
            "text_too_long": "text",
            "rate_limit_exceeded": "busy",
            "concurrent_limit_exceeded": "busy",
            "too_many_concurrent_requests": "busy",
            "system_busy": "busy",
        },
    ),
    "cartesia": Dialect(
        request=_cartesia_request,
        parse=_cartesia,
        code=_cartesia_code,
        codes={
            "concurrency_limited": "busy",
            "quota_exceeded": "quota",
            "voice_not_found": "voice",
        },
    ),
    "resemble": Dialect(request=_resemble_request, parse=_resemble, code=_resemble_code, codes={}),
}
"""By the name of the provider."""
