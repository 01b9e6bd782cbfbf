"""The HTTP providers of voices, and the operator's accounts with them, as plain facts; hosted.py uses them, through
dialects.py."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from rendering.voices.contract import ACCENTS, OTHERS, EngineInfo, VoiceInfo


@dataclass(frozen=True, slots=True)
class Provider:
    name: str
    title: str
    address: str
    model: str  # unless the operator names another
    dollars: float  # for 1,000 characters, about, at the model above: prices differ by plan
    longest: int  # characters of one request
    speeds: tuple[float, float]  # its own range; at_tempo does the rest
    times: Literal["words", "none"]
    languages: tuple[str, ...]
    licence: str


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider(
            name="elevenlabs",
            title="ElevenLabs",
            address="https://api.elevenlabs.io",
            model="eleven_multilingual_v2",
            dollars=0.10,
            longest=10_000,
            speeds=(0.7, 1.2),
            times="words",
            languages=(
                *("en", "ja", "zh", "de", "hi", "fr", "ko", "pt", "it", "es", "id", "nl", "tr"),
                *("tl", "pl", "sv", "bg", "ro", "ar", "cs", "el", "fi", "hr", "ms", "sk", "da"),
                *("ta", "uk", "ru"),
            ),
            licence="Terms of ElevenLabs; the operator's account",
        ),
        Provider(
            name="cartesia",
            title="Cartesia",
            address="https://api.cartesia.ai",
            model="sonic-3-2026-01-12",
            dollars=0.039,
            longest=2_000,
            speeds=(0.6, 1.5),
            times="words",
            languages=(
                *("en", "fr", "de", "es", "pt", "zh", "ja", "hi", "it", "ko", "nl", "pl", "ru"),
                *("sv", "tr", "tl", "bg", "ro", "ar", "cs", "el", "fi", "hr", "ms", "sk", "da"),
                *("ta", "uk", "hu", "no", "vi", "bn", "th", "he", "ka", "id", "te", "gu", "kn"),
                *("ml", "mr", "pa"),
            ),
            licence="Terms of Cartesia; the operator's account",
        ),
        Provider(
            name="resemble",
            title="Resemble",
            address="https://f.cluster.resemble.ai",
            model="",
            dollars=0.035,  # it bills 0.0005 dollars a second
            longest=2_000,
            speeds=(1.0, 1.0),
            times="words",
            languages=(
                *("en", "es", "fr", "de", "ar", "pt", "ru", "tr", "it", "da", "fi", "ja", "ko"),
                *("zh", "nl", "sk", "sv", "vi", "no", "pl", "sw", "hi", "he"),
            ),
            licence="Terms of Resemble AI; the operator's account",
        ),
    )
}
"""By the name that starts the slugs of their voices."""


@dataclass(frozen=True, slots=True)
class HostedVoice:
    """A voice that the operator may use: its id at the provider, and its name here."""

    name: str
    id: str
    language: str  # BCP 47


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a sentence, all tries together."""

    tries: int = 4
    seconds: float = 90.0
    silence: float = 30.0  # without a byte
    first: float = 0.5  # before the second try; doubled for each further one


@dataclass(frozen=True, slots=True)
class Account:
    """The operator's account with a provider."""

    provider: str
    key: str = field(repr=False)
    voices: tuple[HostedVoice, ...]
    model: str = ""  # else the provider's usual one
    dollars: float | None = None  # for 1,000 characters, if the plan has another price
    address: str = ""  # else the provider's own
    patience: Patience = Patience()

    def __post_init__(self) -> None:
        """Raises ValueError, with a sentence that shows no key, for values that could not be sent."""
        if not re.fullmatch(r"[\x21-\x7e]+", self.key):
            raise ValueError(f"The key of {self.provider} has a character that no key has.")
        for voice in self.voices:
            if not re.fullmatch(r"[\w-]{1,80}", voice.id, re.ASCII):
                raise ValueError(f"The id {voice.id[:40]!r} is none of a voice of {self.provider}.")
            if voice.language not in ACCENTS or not re.search("[a-z0-9]", voice.name.lower()):
                raise ValueError(
                    f"The voice {voice.name[:40]!r} of {self.provider} needs a name and one of the "
                    f"languages {' and '.join(ACCENTS)}."
                )


def engine_info(account: Account) -> EngineInfo:
    provider = PROVIDERS[account.provider]
    return EngineInfo(
        title=provider.title,
        revision=f"{provider.name}-{account.model or provider.model}/1",
        times=provider.times,
        languages=provider.languages,
        licence=provider.licence,
    )


def voices(account: Account) -> dict[str, VoiceInfo]:
    """By slug: "elevenlabs-rachel"."""
    provider = PROVIDERS[account.provider]
    found = {}
    for voice in account.voices:
        slug = f"{provider.name}-{re.sub(r'[^a-z0-9]+', '-', voice.name.lower()).strip('-')}"[:64]
        found[slug] = VoiceInfo(
            slug=slug,
            name=voice.name,
            language=voice.language,
            description=f"{ACCENTS[voice.language]} English, spoken by {provider.title}",
            tags=(ACCENTS[voice.language].lower(), provider.name),
            engine=provider.name,
            licence=provider.licence,
            supports=OTHERS,
            dollars=provider.dollars if account.dollars is None else account.dollars,
        )
    return found
