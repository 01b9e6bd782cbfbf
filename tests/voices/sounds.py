"""Recordings with known faults, made of the preview voice, which is quick and whose nearest stock voice is known."""

import functools

import numpy as np
from scipy.signal import resample_poly

from rendering import voices
from rendering.stages import script
from rendering.values import SAMPLE_RATE

WORDS = (
    "The ship was cheered as it left the harbour, and nobody on the shore looked away. "
    "A large yellow bird flew over the garden while the children were eating their lunch. "
    "Please call me tomorrow at noon; I would like to hear how the journey went. "
    "We thought about it for a while, then chose the quiet road through the old forest. "
    "Good measures take time, and most of us would rather begin with what is easy. "
    "Open the window before you go, because the kitchen is warm and the morning is bright. "
    "They built a bridge of stone across the river, wide enough for two carts to pass."
)


@functools.cache
def speech():
    """32 s of one person."""
    engine, voice = voices.engine("preview"), voices.get("preview")
    pieces = []
    for sentence in script.run(WORDS, supports=frozenset()).sentences:
        pieces += [engine.say(sentence, voice).wav, np.zeros(SAMPLE_RATE // 4, np.float32)]
    wav = np.concatenate(pieces)
    return 0.5 * wav[: 32 * SAMPLE_RATE] / np.abs(wav).max()


def deeper(wav, tempo=4 / 5):
    """Somebody else, with a longer throat and slower cords, as on a slower tape."""
    up, down = {4 / 5: (5, 4)}[tempo]
    return resample_poly(wav, up, down).astype(np.float32)


def with_noise(wav, below):
    """The speech with white noise, this many dB below it."""
    level = np.sqrt(np.square(wav).mean()) * 10 ** (-below / 20)
    return wav + np.random.default_rng(0).normal(0, level, wav.size).astype(np.float32)


def music(seconds=32):
    time = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * tone * time) for tone in (261.6, 329.6, 392.0, 523.2))
    return (0.15 * chord * np.exp(-3 * (2 * time % 1))).astype(np.float32)
