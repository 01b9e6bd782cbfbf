"""The preview voice: hibari, some eighty times lighter than Kokoro and offered under its own name only.

Its graph, like Kokoro's, gets its durations as an output and a speed per token; pitch bends the F0
curve between network and synthesis, which hibari does outside the graph.
"""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import onnxruntime

from rendering.values import SAMPLE_RATE, Floats, Sentence
from rendering.voices import english, ipa
from rendering.voices.contract import Clip, VoiceInfo
from rendering.voices.running import entered, prepared, run

UNIT = 600  # samples per duration unit: 25 ms, two frames of its spectrum
LAG = 0.065
LONGEST = 400


def assemble() -> bytes:
    """hibari's own model with a speed per token and a `duration` output."""
    import onnx  # large: loaded when it is needed
    from onnx import TensorProto, helper

    model = onnx.load(str(ipa.assets() / "hibari.onnx"))
    graph = model.graph
    tokens = next(value for value in graph.input if value.name == "ids")
    graph.input.remove(next(value for value in graph.input if value.name == "speed"))
    per_token = [tokens.type.tensor_type.shape.dim[1].dim_param]
    graph.input.append(helper.make_tensor_value_info("speed", TensorProto.FLOAT, per_token))
    total = next(node for node in graph.node if node.op_type == "CumSum")
    graph.node.append(
        helper.make_node("Cast", [total.input[0]], ["duration"], to=TensorProto.INT64)
    )
    graph.output.append(helper.make_tensor_value_info("duration", TensorProto.INT64, None))
    return model.SerializeToString()


class Preview:
    precision = ""

    def __init__(self, cache: Path | None = None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.net = onnxruntime.InferenceSession(
            prepared("preview-1.onnx", assemble, cache), options, providers=["CPUExecutionProvider"]
        )
        self.busy = threading.Lock()

    def say(
        self,
        sentence: Sentence,
        voice: VoiceInfo,
        *,
        speed: float = 1.0,
        pitch: float = 0.0,
        stop: threading.Event | None = None,
    ) -> Clip:
        """See VoiceEngine."""
        from hibari import dsp  # large: loaded when it is needed

        outputs = ["lh", "theta", "ln", "lr", "phi", "f0", "duration"]

        def sing(symbols: list[english.Symbol]) -> tuple[Floats, english.Times]:
            ids = [0, *(ipa.VOCABULARY[symbol.char] for symbol in symbols), 0]
            rates = np.ones(len(ids), np.float32)
            rates[1:-1] = [symbol.rate for symbol in symbols]
            feed = {"ids": np.array([ids], np.int64), "speed": rates * np.float32(speed)}
            with entered(self.busy, stop):
                *parts, units = run(self.net, outputs, feed, stop)
            units = units.ravel().astype(int)
            bends = np.zeros(len(ids), np.float32)
            bends[1:-1] = [symbol.pitch for symbol in symbols]
            curve = np.repeat(np.exp2((bends + np.float32(pitch)) / 12), 2 * units)
            harmonic, phase, noise, rest, angle, melody = (part[0] for part in parts)
            melody = melody * curve
            wave = dsp.synth(harmonic, phase, noise, rest, angle, melody, np.random.default_rng(0))
            edges = np.cumsum(units)[: len(symbols) + 1] * (UNIT / SAMPLE_RATE) - LAG
            return wave.astype(np.float32), edges

        return english.voiced(
            english.pronounce(sentence, british=voice.language == "en-GB"), sing, LONGEST
        )
