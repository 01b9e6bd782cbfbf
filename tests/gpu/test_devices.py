"""All that belongs to a frame is on one device. Shown on torch's meta device, which computes shapes and nothing else."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from rendering import faces
from rendering.faces import whisper
from rendering.faces.echomimic import nets as echomimic
from rendering.faces.echomimic.engine import EchoMimic
from rendering.faces.echomimic.sampler import Film, Plan
from rendering.faces.musetalk.engine import MuseTalk, Wanted
from rendering.faces.musetalk.nets import Painter, audio
from rendering.faces.takes import Take
from rendering.faces.vae import Vae
from rendering.values import SAMPLE_RATE, Motion

FPS = 25
PLACE = torch.device("meta")


class OneDevice(TorchDispatchMode):
    """Refuses what a GPU refuses: one call with tensors of two devices. Single numbers and copies may cross."""

    def __torch_dispatch__(self, call, types, args=(), kwargs=None):
        given = [x for x in tree_leaves((args, kwargs)) if torch.is_tensor(x) and x.ndim]
        places = {x.device.type for x in given}
        if len(places) > 1 and "copy" not in str(call):
            raise AssertionError(f"{call} got tensors of {' and '.join(sorted(places))}")
        return call(*args, **(kwargs or {}))


def take(frames, seconds):
    """A line with a sound of another length than its pictures."""
    return Take(
        avatar=faces.get("maya"),
        face=90.0,
        motion=Motion(FPS, {"jaw": np.full(frames, 0.5, np.float32)}),
        wav=np.zeros(round(SAMPLE_RATE * seconds), np.float32),
        seed=7,
        report=lambda stage, fraction: None,
    )


@pytest.fixture(scope="module")
def parts():
    with PLACE:
        vae = Vae(widths=(32,) * 4, layers=1)
        sizes = echomimic.Sizes((32, 64, 64, 64), (8, 8, 8, 8), layers=1)
        return echomimic.Nets(sizes), Painter((32, 64, 64, 64)), vae, whisper.Encoder()


def test_the_check_finds_what_a_gpu_would_refuse():
    with pytest.raises(AssertionError, match="got tensors of cpu and meta"), OneDevice():
        torch.stack([torch.zeros(3, device=PLACE), torch.zeros(3)])


@pytest.mark.parametrize("form", ["openai", "hugging face"])
def test_what_is_heard_is_where_the_encoder_is(parts, form):
    hearing = whisper.Hearing(parts[3], take(5, 0.2).wav, form=form)
    assert hearing.states(0, 3).device == PLACE
    assert hearing.silence(4).device == PLACE
    assert hearing.silence(4).shape == (4, 5, 384)


def test_frames_past_the_sound_are_painted_with_the_others(parts):
    _, painter, vae, encoder = parts
    engine = MuseTalk(painter, vae, encoder, version="test", place=PLACE, side=64)
    hearing = whisper.Hearing(encoder, take(5, 0.2).wav, form="hugging face")
    frames, decoded = [], []
    engine.vae.decode = lambda latents: decoded.append(latents) or np.zeros((len(latents), 1))
    try:
        with torch.no_grad(), OneDevice():
            latents = torch.zeros(8, 8, 8, device=PLACE)
            for number in (0, 3, 5, 7, 100):  # inside, across the end, wholly past it
                frames.append(Wanted(latents, audio(hearing, number, FPS).to(engine.dtype)))
            engine._paint(frames)
    finally:
        del engine.vae.decode
    assert {frame.tokens.device for frame in frames} == {PLACE}
    assert [(made.device, len(made)) for made in decoded] == [(PLACE, 5)]


def test_a_film_longer_than_its_sound_is_sampled_on_one_device(parts):
    nets, _, vae, encoder = parts
    engine = EchoMimic(nets, vae, encoder, plan=Plan(1, 2.5), version="test", place=PLACE, side=64)
    with torch.no_grad(), OneDevice():
        for halves in (False, True):
            engine.halves = halves
            (made,) = engine.film(take(5, 0.1))
            assert (made.device, made.shape) == (PLACE, (4, 5, 8, 8))


def test_steps_over_many_windows_keep_to_one_device():
    def model(latents, moment, window):
        return latents * 0.5

    hold = torch.zeros(4, 2, 2, device=PLACE)
    film = Film(model, plan=Plan(3, 1.0), seed=1, frames=60, size=(2, 2), place=PLACE, hold=hold)
    with torch.no_grad(), OneDevice():
        made = torch.cat(list(film), 1)
    assert (made.device, made.shape) == (PLACE, (4, 60, 2, 2))
