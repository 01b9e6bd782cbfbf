"""Against the published programmes: what each made of one sound, with Whisper's weights from recipe.py."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rendering.faces import whisper
from rendering.faces.echomimic.engine import audio
from rendering.faces.musetalk import nets as musetalk
from rendering.faces.whisper import RATE, Encoder, Hearing
from rendering.weights import NotReady
from tests.gpu.recipe import numbers, state

FOLDER = Path(__file__).parent / "golden"
OPENAI, HUGGING_FACE = np.load(FOLDER / "echomimic_audio.npz"), np.load(FOLDER / "musetalk.npz")


def sound():
    found = (0.1 * numbers("sound", (RATE * 2 + 333,))).astype(np.float32)
    found[9000:12000] *= 0.01
    return found


def encoder(shapes):
    weights = {key: torch.from_numpy(value) for key, value in state(shapes, "whisper").items()}
    if "encoder.positional_embedding" in shapes:
        weights["encoder.positional_embedding"] = Encoder().positional_embedding
    made = Encoder()
    made.load(weights, what="Whisper")
    return made.eval()


def error(ours, theirs):
    return float(np.abs(np.asarray(ours) - theirs).max() / np.abs(theirs).max())


def test_echomimic_hears_what_the_published_programme_hears():
    hearing = Hearing(encoder(json.loads(str(OPENAI["shapes"]))), sound(), form="openai", rate=RATE)
    assert tuple(OPENAI["shape"]) == (hearing.count, 5, 384)
    assert error(hearing.states(0, hearing.count)[::9, :, ::24], OPENAI["states"]) < 1e-4
    for fps in (24, 25, 30):
        # the published loop gives a frame or two that nobody asks for
        count = int(OPENAI[f"count/{fps}"])
        heard = audio(hearing, list(range(count)), fps)[0]
        assert error(heard[::7, ::7, ::32], OPENAI[f"chunks/{fps}"]) < 1e-4


def test_musetalk_hears_what_the_published_programme_hears():
    shapes = json.loads(str(HUGGING_FACE["shapes"]))["whisper"]
    hearing = Hearing(encoder(shapes), sound(), form="hugging face", rate=RATE)
    for fps in (25, 30):
        count = int(HUGGING_FACE[f"count/{fps}"])
        heard = torch.stack([musetalk.audio(hearing, frame, fps) for frame in range(count)])
        assert error(heard[::7, ::7, ::32], HUGGING_FACE[f"chunks/{fps}"]) < 1e-4


def test_the_spectrum_is_that_of_the_published_extractor():
    padded = np.pad(sound(), (0, 30 * RATE - len(sound())))
    log = whisper.spectrum(padded, 0, whisper.SEGMENT)
    assert error(whisper.scaled(log, float(log.max()))[::5, :220:6], HUGGING_FACE["mel"]) < 1e-4


def test_a_long_sound_has_no_edges_and_needs_no_more_memory():
    class Ramp(Encoder):
        """Each state is the number of the segment that it was heard in."""

        heard = 0

        def states(self, mel, *, normed):
            self.heard += 1
            return torch.full((1500, 5, 384), float(self.heard))

    hearing = Hearing(Ramp(), np.zeros(24_000 * 100, np.float32), form="hugging face")
    assert hearing.count == 5000
    found = torch.cat([hearing.states(at, at + 10)[:, 0, 0] for at in range(0, 5000, 10)])
    assert found.diff().abs().max() < 0.02  # one passes into the next over two seconds
    assert (found[0], found[-1]) == (1, 4)
    assert len(hearing.kept) <= 3


def test_a_whisper_of_another_size_is_refused():
    other = {
        f"encoder.{key}": value for key, value in Encoder(width=64, heads=2).state_dict().items()
    }
    with pytest.raises(NotReady, match=r"Whisper is not the version .* of another shape are"):
        Encoder().load(other, what="Whisper")
