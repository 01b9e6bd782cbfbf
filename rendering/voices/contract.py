"""What a voice engine is given and what it returns."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from rendering.values import Floats, Phone, Sentence, TimedBy, Word

ACCENTS = {"en-US": "American", "en-GB": "British"}
"""The languages that the studio can read, align and screen."""
CONTROLS = frozenset(
    {"break", "emphasis", "rate", "pitch", "say-as", "sub", "phoneme", "dictionary"}
)
"""What a script may ask of a voice. `lang` is missing: no voice here changes its language."""
OTHERS = frozenset({"break", "say-as", "sub", "dictionary"})
"""The controls of an engine that accepts only words: pauses are put into its sound here, and words are replaced
before."""


AUTO = "auto"
TITLES = {
    "int8": "onnxruntime in whole numbers",  # verbatim
    "bf16": "OpenVINO in bf16",  # verbatim
    "float": "OpenVINO in float",  # verbatim
}
"""What Kokoro may be spoken by, by the precision of its generator."""


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    slug: str
    name: str
    language: str  # BCP 47: "en-US", "en-GB"
    description: str
    tags: tuple[str, ...]
    engine: str
    licence: str
    supports: frozenset[str] = CONTROLS
    pace: float = 1.0
    """Seconds it takes for what af_heart says in one; measured over forty sentences."""
    dollars: float = 0.0
    """What a provider asks of the operator for 1,000 characters."""
    data: Path | None = None
    """The file of a person's own voice; set only by `get` with a store."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One spoken sentence without silence around it; times in seconds from its first sample."""

    wav: Floats  # (samples,), values.SAMPLE_RATE
    words: tuple[
        Word, ...
    ]  # as captions show them; of an engine without phones the words it spoke, or none
    phones: tuple[Phone, ...]  # empty if the engine gives none: the alignment stage finds them
    timed_by: TimedBy = "engine"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine is and can do. Every engine speaks sentence by sentence."""

    title: str
    revision: str
    """Changed whenever the engine would speak the same words differently: part of the store's keys."""
    times: Literal["phones", "words", "none"]
    """The times that it gives for its own sound. The rest is found by forced alignment."""
    languages: tuple[
        str, ...
    ]  # ISO 639-1 codes that it speaks; the studio offers those it can also read
    licence: str
    clones: bool = False  # whether it speaks in a voice given by a recording
    precisions: tuple[str, ...] = ("",)
    """Those in which its network may be computed. Stored sentences of each are good, and tell them apart by their keys."""


class VoiceEngine(Protocol):
    precision: str
    """One of EngineInfo.precisions."""

    def say(
        self,
        sentence: Sentence,
        voice: VoiceInfo,
        *,
        speed: float = 1.0,
        pitch: float = 0.0,
        stop: threading.Event | None = None,
    ) -> Clip:
        """Speak one sentence; speed 0.5..2, pitch in semitones.

        Raises BadInput (nothing to pronounce), Unavailable (a provider's fault or the account's) and Canceled
        within a second of `stop` being set.
        """
