"""The voices that can speak, and the engines behind them.

`ENGINES` says what each engine can do, `REGISTRY` is the one list of voices that a script can name, and
`engine(name)` loads an engine once per process. Voices of HTTP providers join the list when `offer` is
called with an account. A person's own voice is known by the key of its file in the store ("xtts-…"). A further
language needs a pronunciation module beside english.py and voices whose `language` names it.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import re
import threading
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rendering import memory, weights
from rendering.values import BadInput, Unavailable
from rendering.voices import choice
from rendering.voices.contract import (
    ACCENTS,
    AUTO,
    CONTROLS,
    OTHERS,
    TITLES,
    Clip,
    EngineInfo,
    VoiceEngine,
    VoiceInfo,
)
from rendering.words import gettext

if TYPE_CHECKING:
    from rendering.voices.providers import Account
    from rendering.voices.xtts import Xtts

__all__ = [
    "ACCENTS",
    "CONTROLS",
    "OTHERS",
    "TITLES",
    "Clip",
    "EngineInfo",
    "VoiceEngine",
    "VoiceInfo",
]

KOKORO = "Apache-2.0 (Kokoro-82M by hexgrad)"
HIBARI = "Apache-2.0 (hibari-tts, distilled from Kokoro-82M)"


class Shelf(Protocol):
    """What voices need of the store; rendering.store is one."""

    def find(self, key: str, suffix: str) -> Path | None: ...


ENGINES = {
    "kokoro": EngineInfo(
        title="Kokoro",  # verbatim
        revision="kokoro-82m-1.0-int8/1",
        times="phones",
        languages=("en",),
        licence=KOKORO,
        precisions=("int8", "bf16", "float"),
    ),
    "preview": EngineInfo("Preview", "hibari-0.2.1/1", "phones", ("en",), HIBARI),
    "xtts": EngineInfo(
        title="XTTS v2",
        revision="xtts-2.0.3/1",
        times="none",
        languages=(
            *("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh"),
            *("hu", "ko", "ja", "hi"),
        ),
        licence="Coqui Public Model License 1.0: no commercial use",
        clones=True,
    ),
}
OWN = re.compile("xtts-([0-9a-f]{40})")
"""The slug of a person's own voice: its engine, and the key of its file."""


def _kokoro(rows: str) -> dict[str, VoiceInfo]:
    found = {}
    for row in rows.strip().splitlines():
        slug, pace, *words = row.split()
        language = {"a": "en-US", "b": "en-GB"}[slug[0]]
        gender = {"f": "woman", "m": "man"}[slug[1]]
        accent = ACCENTS[language]
        found[slug] = VoiceInfo(
            slug=slug,
            name=slug[3:].capitalize(),
            language=language,
            description=f"A {gender}’s voice, {' and '.join(words)}",
            tags=(accent.lower(), gender, *words),
            engine="kokoro",
            licence=KOKORO,
            pace=float(pace),
        )
    return found


REGISTRY: dict[str, VoiceInfo] = _kokoro("""
af_heart 1.00 warm clear
af_bella 1.05 lively full
af_nicole 1.53 soft close
af_aoede 1.01 bright easy
af_kore 1.04 firm even
af_sarah 1.07 calm even
af_alloy 1.08 plain steady
af_nova 1.04 brisk bright
af_sky 1.01 light young
am_fenrir 1.01 firm lively
am_michael 1.11 calm clear
am_puck 0.99 lively easy
am_echo 1.07 plain steady
am_eric 0.93 even dry
am_liam 0.96 brisk young
am_onyx 1.04 deep slow
bf_emma 1.02 clear calm
bf_isabella 1.01 warm even
bf_alice 1.05 crisp light
bf_lily 1.04 soft young
bm_george 1.17 calm deep
bm_fable 1.05 lively telling
bm_lewis 1.11 deep slow
bm_daniel 1.02 firm brisk
""")
REGISTRY["preview"] = VoiceInfo(
    slug="preview",
    name="Preview",
    language="en-US",
    description="American English, a light voice for quick previews",
    tags=("american", "preview"),
    engine="preview",
    licence=HIBARI,
)


_hosted: dict[str, Account] = {}
_models: Path | None = None
_runtime = AUTO


def offer(accounts: Iterable[Account], models: Path | None = None, *, runtime: str = AUTO) -> None:
    """Offers the voices of these accounts, and of no others; called once per process, when it starts.

    models: the folder of weights, for the engine that speaks in a person's own voice. runtime: see choice.chosen.
    """
    global _models, _runtime
    from rendering.voices import providers  # which imports this module

    with _loading:
        _models, _runtime = models, runtime
        for name in _hosted:
            del ENGINES[name]
        for slug in [slug for slug, voice in REGISTRY.items() if voice.engine in _hosted]:
            del REGISTRY[slug]
        _hosted.clear()
        for account in accounts:
            _hosted[account.provider] = account
            ENGINES[account.provider] = providers.engine_info(account)
            REGISTRY.update(providers.voices(account))
        _load.cache_clear()


def not_cloning() -> str:
    """Why own voices cannot be made or spoken here, in one sentence; "" if they can. Loads nothing."""
    if find_spec("TTS") is None:
        return gettext(
            "XTTS v2 is not offered: its packages are missing; install requirements/gpu.txt."
        )
    if _models is None:
        return gettext("XTTS v2 is not offered: it has no folder of weights; set MODELS_DIR.")
    state = weights.state("xtts", _models)
    return "" if state.ready else state.sentence


def get(slug: str, store: Shelf | None = None) -> VoiceInfo:
    """The voice of that slug, or a person's own voice of that key, which has `data` only if `store` is given.

    Raises BadInput for an unknown slug, with near matches, and for a voice of a provider that is not offered.
    """
    if slug in REGISTRY:
        return REGISTRY[slug]
    if own := OWN.fullmatch(slug):
        return VoiceInfo(
            slug=slug,
            name="A person's own voice",
            language="en-US",
            description="",
            tags=(),
            engine="xtts",
            licence=ENGINES["xtts"].licence,
            supports=OTHERS,
            data=store.find(own[1], ".voice") if store else None,
        )
    from rendering.voices import providers  # an engine is imported when it is loaded

    provider = providers.PROVIDERS.get(slug.split("-")[0])
    if provider is not None:
        raise BadInput(
            f"The voice {slug[:40]!r} of {provider.title} is not offered here now; choose another voice.",
            code="voice_unknown",
        )
    near = difflib.get_close_matches(slug.lower(), REGISTRY, n=3, cutoff=0.5)
    hint = " or ".join(near) if near else "af_heart"
    raise BadInput(f"There is no voice called {slug[:40]!r}; try {hint}.", code="voice_unknown")


def sha256(slug: str) -> str:
    """The hash of the data that makes this voice what it is: style vectors, the model that is the voice, or, for a
    provider's voice, its name there."""
    voice = get(slug)
    if own := OWN.fullmatch(slug):
        return own[1]
    if voice.engine in _hosted:
        return hashlib.sha256(f"{ENGINES[voice.engine].revision} {slug}".encode()).hexdigest()
    return _data_sha256(slug, voice.engine)


@functools.cache
def _data_sha256(slug: str, engine: str) -> str:
    from rendering.voices import ipa, kokoro  # an engine is imported when it is loaded

    if engine == "preview":
        return hashlib.sha256((ipa.assets() / "hibari.onnx").read_bytes()).hexdigest()
    return kokoro.sha256(slug)


_loading = threading.Lock()


def engine(name: str, cache: Path | None = None) -> VoiceEngine:
    """The engine of that name, loaded once per process. `cache` is the folder of prepared models."""
    with _loading:
        return _load(name, cache)


def runtime() -> tuple[str, dict[str, float]]:
    """What Kokoro speaks by on this machine, and seconds of processor time for a second of sound by precision, which may be
    empty. The first call on a machine tries them, which takes some ten seconds. Raises RuntimeError as choice.chosen."""
    if _runtime != AUTO:
        return choice.chosen(_runtime), {}
    return choice.chosen(), choice.measured()


def cloner() -> Xtts:
    """The engine that makes and speaks own voices. Raises Unavailable if it is not offered."""
    from rendering.voices.xtts import Xtts  # an engine is imported when it is loaded

    found = engine("xtts")
    assert isinstance(found, Xtts)
    return found


def release() -> None:
    """Gives the memory of loaded engines and dictionaries back; the next one that speaks loads anew."""
    from rendering.voices import english  # an engine is imported when it is loaded

    with _loading:
        _load.cache_clear()
    english.release()
    memory.trim()


@functools.cache
def _load(name: str, cache: Path | None) -> VoiceEngine:
    if name == "kokoro":
        from rendering.voices.kokoro import Kokoro  # an engine is imported when it is loaded

        return Kokoro(cache, runtime=_runtime)
    if name == "preview":
        from rendering.voices.preview import Preview  # an engine is imported when it is loaded

        return Preview(cache)
    if name == "xtts":
        from rendering.voices.xtts import Xtts  # an engine is imported when it is loaded

        if sentence := not_cloning():
            raise Unavailable(sentence, again=False)
        return Xtts(weights.need("xtts", _models or Path()))
    if name in _hosted:
        from rendering.voices.hosted import Hosted  # an engine is imported when it is loaded

        return Hosted(_hosted[name])
    raise KeyError(name)
