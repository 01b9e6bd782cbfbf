"""XTTS v2 (Coqui) through coqui-tts: speaks in the voice of a recording, from latents that are measured once and
stored.

The weights are an operator's own (`manage.py models fetch xtts`) under the Coqui Public Model License, which forbids
commercial use, and have to be accepted. They are read with torch's safe loader and never written to: coqui-tts's
own loader would save a changed copy over the file. One set of latents speaks all its languages.

coqui-tts asks for torchaudio, whose published build wants CUDA: see rendering/hardware.py.
"""

from __future__ import annotations

import hashlib
import math
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rendering import hardware, weights
from rendering.values import SAMPLE_RATE, BadInput, Canceled, Floats, Sentence
from rendering.voices import english
from rendering.voices.contract import Clip, VoiceInfo
from rendering.voices.hosted import at_tempo, spoken

CONDITIONING = 30  # seconds of the recording that the latents are made of
LONGEST = 240  # characters at once; the model was trained on up to 250
LEAST_GAP = 0.16  # seconds between the parts of a sentence that was too long for one call
SPEEDS = (0.8, 1.25)  # what the model stretches well itself
CHUNK = 20  # audio tokens between looks at `stop`: 0.9 s of speech
TRAINER = ("torch_mel_spectrogram_style_encoder", "torch_mel_spectrogram_dvae", "dvae")


@dataclass(frozen=True, slots=True)
class Conditioning:
    """The latents of a voice, from which it is spoken."""

    latents: Floats  # (1, steps, channels)
    embedding: Floats  # (1, 512, 1)


def import_library() -> tuple[Any, Any]:
    """(torch, the module of the model). Raises weights.NotReady without torch."""
    hardware.prepare()
    import torch  # only where torch is installed
    from TTS.tts.models import xtts

    return torch, xtts


class Xtts:
    """See VoiceEngine. folder: config.json, vocab.json and model.pth. Raises weights.NotReady for weights it cannot read."""

    precision = ""

    def __init__(self, folder: Path) -> None:
        self.torch, library = import_library()
        from TTS.tts.configs.xtts_config import XttsConfig  # only where torch is installed

        try:
            config = XttsConfig()
            config.load_json(str(folder / "config.json"))
            self.net = library.Xtts(config)
            self.net.tokenizer = library.VoiceBpeTokenizer(vocab_file=str(folder / "vocab.json"))
            self.net.init_models()
            with library._legacy_safe_globals():  # the published file holds its configuration too
                held = self.torch.load(folder / "model.pth", map_location="cpu", weights_only=True)
            state = {
                name.removeprefix("xtts."): value
                for name, value in held["model"].items()
                if name.removeprefix("xtts.").split(".")[0] not in TRAINER
            }
            del held
            self._fill(state)
        except Exception as bad:  # each library has its own, the tokenizers' is a bare one
            raise weights.NotReady(
                f"The weights of XTTS v2 in {folder} cannot be used ({type(bad).__name__}: {str(bad).split(chr(10))[0][:160]}); "
                "run `manage.py models verify xtts`."
            ) from None
        self.device = "cuda" if self.torch.cuda.is_available() else "cpu"
        self.net.to(self.device)
        self.busy = threading.Lock()

    def _fill(self, state: dict[str, Any]) -> None:
        """Raises ValueError that names keys which are missing or unexpected."""
        known = self.net.state_dict().keys()
        doubled = ("gpt.gpt_inference.", "gpt.gpt.wte.")  # older files hold these parts twice
        state = {name: value for name, value in state.items() if not name.startswith(doubled)}
        lacking, odd = sorted(known - state.keys()), sorted(state.keys() - known)
        if lacking or odd:
            raise ValueError(
                f"{len(lacking)} keys are missing ({', '.join(lacking[:3])}), {len(odd)} unexpected ({', '.join(odd[:3])})"
            )
        self.net.load_state_dict(state)
        self.net.gpt.init_gpt_for_inference(kv_cache=self.net.args.kv_cache)
        self.net.gpt.eval()
        self.net.hifigan_decoder.eval()

    def measure(self, wav: Floats) -> Conditioning:
        """The latents of a recording (samples,) at SAMPLE_RATE; the first CONDITIONING seconds of speech count most."""
        torch = self.torch
        with self.busy, torch.inference_mode():
            import torchaudio  # only where torch is installed

            sound = torchaudio.functional.resample(
                torch.from_numpy(np.ascontiguousarray(wav))[None], SAMPLE_RATE, 22_050
            ).to(self.device)
            embedding = self.net.get_speaker_embedding(sound[:, : 22_050 * CONDITIONING], 22_050)
            latents = self.net.get_gpt_cond_latents(
                sound, 22_050, length=CONDITIONING, chunk_length=6
            )
        return Conditioning(latents.float().cpu().numpy(), embedding.float().cpu().numpy())

    def say(
        self,
        sentence: Sentence,
        voice: VoiceInfo,
        *,
        speed: float = 1.0,
        pitch: float = 0.0,
        stop: threading.Event | None = None,
    ) -> Clip:
        """See VoiceEngine; the clip has neither words nor phones. Equal input gives equal samples on one device."""
        text = spoken(sentence)
        if not any(char.isalnum() for char in text):
            raise BadInput(
                f"The voice cannot pronounce {sentence.text.strip()[:60]!r}; write it in words.",
                code="text_unspeakable",
            )
        given = read(voice.data)
        theirs = min(max(speed, SPEEDS[0]), SPEEDS[1])
        pieces: list[Floats] = []
        for part in parts(text):
            wav, _ = english.trimmed(self._said(part, voice.language, given, theirs, stop))
            pieces += [wav, np.zeros(round(LEAST_GAP * SAMPLE_RATE), np.float32)]
        wav = np.concatenate(pieces[:-1])
        if speed != theirs:
            wav, _ = english.trimmed(at_tempo(wav, speed / theirs, stop))
        return Clip(wav, (), (), "energy")

    def _said(
        self,
        text: str,
        language: str,
        given: Conditioning,
        speed: float,
        stop: threading.Event | None,
    ) -> Floats:
        torch = self.torch
        while not self.busy.acquire(timeout=0.2):
            if stop is not None and stop.is_set():
                raise Canceled
        try:
            torch.manual_seed(int(hashlib.sha256(text.encode()).hexdigest()[:15], 16))
            settings = self.net.config
            made = []
            stream = self.net.inference_stream(
                text,
                language.split("-")[0].replace("zh", "zh-cn"),
                torch.from_numpy(given.latents),
                torch.from_numpy(given.embedding),
                stream_chunk_size=CHUNK,
                temperature=settings.temperature,
                length_penalty=settings.length_penalty,
                repetition_penalty=settings.repetition_penalty,
                top_k=settings.top_k,
                top_p=settings.top_p,
                speed=speed,
            )
            for chunk in stream:
                if stop is not None and stop.is_set():
                    raise Canceled
                made.append(chunk.float().cpu().numpy())
        finally:
            self.busy.release()
        wav = np.concatenate([np.atleast_1d(chunk) for chunk in made]).astype(np.float32)
        return np.clip(np.nan_to_num(wav), -1, 1)


def parts(text: str) -> list[str]:
    """The text in pieces of at most LONGEST characters, cut at clauses, else at words."""
    found = []
    while len(text) > LONGEST:
        clauses = [match.end() for match in re.finditer(r"[,;:.!?…—]\s", text[:LONGEST])]
        blank = text.rfind(" ", 1, LONGEST)
        cut = clauses[-1] if clauses and clauses[-1] > LONGEST // 4 else blank
        cut = cut if cut > 0 else LONGEST
        found.append(text[:cut].strip())
        text = text[cut:].strip()
    return [*found, text] if text else found


def write(path: Path, given: Conditioning, vector: Floats) -> None:
    """Writes a person's own voice as one file: its latents, and the vector of its speaker (256,)."""
    with open(path, "wb") as out:
        np.savez_compressed(
            out, latents=given.latents, embedding=given.embedding, speaker=vector.astype(np.float32)
        )


def read(path: Path | None) -> Conditioning:
    """The latents of a person's own voice. Raises BadInput if the voice was deleted."""
    try:
        if path is None:
            raise FileNotFoundError
        with open(path, "rb") as file, np.load(file) as held:
            given = Conditioning(held["latents"], held["embedding"])
    except FileNotFoundError:
        raise BadInput(
            "The voice was deleted; choose another one and render again.", code="voice_deleted"
        ) from None
    if given.latents.ndim != 3 or not math.isfinite(float(given.latents.sum())):
        raise ValueError(f"{path} holds no voice")
    return given
