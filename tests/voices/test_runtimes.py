"""What Kokoro is spoken by: the same words, durations and melody whichever it is, and the fastest of this machine."""

import json
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from rendering import storage, voices
from rendering.stages import script, speech
from rendering.values import Canceled
from rendering.voices import choice, kokoro
from tests.sound_quality import distance, loudness

WORDS = "Each line is spoken once. Then, whatever the machine, it sounds as it did?"
needs_openvino = pytest.mark.skipif(len(choice.offered()) == 1, reason="OpenVINO is not here")
OTHERS = choice.offered()[1:]


def say(engine, voice="af_heart", words=WORDS, **options):
    sentences = script.run(words).sentences
    return [engine.say(one, voices.get(voice), **options) for one in sentences]


@pytest.fixture(scope="module")
def engines():
    return {name: kokoro.Kokoro(runtime=name) for name in choice.offered()}


@needs_openvino
@pytest.mark.parametrize("voice", ["af_heart", "bm_george"])
def test_durations_are_the_same_and_the_sound_is_nearer_to_that_of_the_float_model(engines, voice):
    spoken = {name: say(engine, voice, pitch=1.0) for name, engine in engines.items()}
    for name in OTHERS:
        for one, other in zip(spoken["int8"], spoken[name], strict=True):
            assert one.words == other.words
            assert one.phones == other.phones
            assert one.wav.size == other.wav.size
            assert loudness(other.wav) == pytest.approx(loudness(one.wav), abs=0.3)
            # int8 alone lies 3 to 5 dB from the float model; the two may not lie farther apart.
            assert 0 < distance(one.wav, other.wav) < 6
    if "bf16" in OTHERS:
        for one, other, exact in zip(*(spoken[n] for n in ("int8", "bf16", "float")), strict=True):
            assert distance(other.wav, exact.wav) < distance(one.wav, exact.wav) / 2


@needs_openvino
@pytest.mark.parametrize("precision", OTHERS)
def test_a_call_is_stopped_within_a_second(engines, precision):
    stop = threading.Event()
    threading.Timer(0.4, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Canceled):
        say(engines[precision], words="A long sentence that goes on, and on, " * 6, stop=stop)
    assert time.monotonic() - began < 1.4
    assert say(engines[precision])[0].wav.size  # and it speaks again


def test_the_rewritten_generator_computes_what_the_plain_one_does():
    import onnx
    import onnxruntime

    from rendering.voices import generator
    from rendering.voices.running import prepared

    model = onnx.load(prepared("kokoro-1.onnx", kokoro.assemble))
    plain = generator._in_float(
        generator._cut(model, [generator.FRAMES, generator.SOURCE], [generator.SPECTRUM])
    )
    rewritten = generator.parts(model)[1]
    assert {node.op_type for node in rewritten.graph.node}.isdisjoint(
        {
            "ConvInteger",
            "MatMulInteger",
            "DynamicQuantizeLinear",
            "Sin",
            "ConvTranspose",
            "ReduceMean",
        }
    )
    random = np.random.default_rng(1)
    feed = {
        "style": random.normal(0, 0.3, (1, 256)).astype(np.float32),
        generator.FRAMES: random.normal(0, 1, (1, 512, 24)).astype(np.float32),
        generator.SOURCE: random.normal(0, 1, (1, 22, 24 * 60 + 1)).astype(np.float32),
    }
    one, other = (
        onnxruntime.InferenceSession(part.SerializeToString()).run(None, feed)[0]
        for part in (plain, rewritten)
    )
    assert one.shape == other.shape
    assert np.abs(one - other).max() < 2e-3 * np.abs(one).max()


def test_the_cosine_of_an_activation_is_exact_enough():
    from rendering.voices.generator import HALVINGS, cosine

    a, b, c = cosine()
    share = np.linspace(-1, 1, 20_001)  # of a whole turn
    angle = 2 * np.pi * share / 2**HALVINGS
    found = a + b * (angle**2 + c) ** 2
    for _ in range(HALVINGS - 1):
        found = 2 * found**2 - 1
    assert np.abs((1 - found**2) - np.sin(np.pi * share) ** 2).max() < 1e-4


def test_the_trial_is_held_once_for_each_machine(tmp_path, monkeypatch):
    held = []

    def trial(cache):
        held.append(cache)
        return {"int8": 0.5, "float": 0.6, "bf16": 0.3}

    monkeypatch.setattr(choice, "_trial", trial)
    monkeypatch.setattr(choice, "offered", lambda: ("int8", "float", "bf16"))
    assert [choice.chosen(cache=tmp_path) for _ in range(3)] == ["bf16"] * 3
    assert held == [tmp_path]
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert choice.chosen(cache=tmp_path) == "bf16"
    assert len(held) == 2
    (tmp_path / "kokoro-trial.json").write_text("{")
    assert choice.chosen(cache=tmp_path) == "bf16"
    assert len(held) == 3


@pytest.mark.parametrize(
    ("seconds", "wanted", "chosen"),
    [
        ({"int8": 0.5, "float": 0.6, "bf16": 0.3}, "auto", "bf16"),
        ({"int8": 0.5, "float": 0.3}, "auto", "float"),
        ({"int8": 0.5, "float": 0.49}, "auto", "int8"),  # hardly faster
        ({"int8": 0.5, "float": 0.3}, "int8", "int8"),
    ],
)
def test_the_fastest_speaks_unless_the_setting_names_another(
    seconds, wanted, chosen, tmp_path, monkeypatch
):
    monkeypatch.setattr(choice, "_trial", lambda cache: seconds)
    monkeypatch.setattr(choice, "offered", lambda: tuple(seconds))
    assert choice.chosen(wanted, tmp_path) == chosen


def test_a_machine_without_openvino_goes_on_in_whole_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    monkeypatch.setattr(choice, "offered", lambda: ("int8",))
    assert choice.chosen(cache=tmp_path) == "int8"
    assert not list(tmp_path.iterdir())
    with pytest.raises(RuntimeError, match="SPEECH_RUNTIME is bf16, and this machine has int8"):
        choice.chosen("bf16", tmp_path)


@needs_openvino
def test_a_trial_measures_a_runtime_in_a_process_of_its_own():
    command = [sys.executable, "-m", "rendering.voices.trial", "float", ".data/cache"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 0.01 < float(done.stdout) < 20


@needs_openvino
def test_openvino_reports_nothing():
    code = """
import socket, sys
def seen(event, args):
    if event.startswith(("socket.connect", "socket.getaddrinfo", "socket.sendto")):
        raise SystemExit(f"it calls home: {event} {args}")
sys.addaudithook(seen)
from rendering.voices import choice, kokoro
kokoro.Kokoro(runtime="float")
import openvino
assert not any(name.split(".")[0] == "openvino_telemetry" for name in sys.modules)
print("silent")
"""
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stdout.strip() == "silent", done.stderr


@needs_openvino
def test_what_was_spoken_in_one_precision_is_not_spoken_again_in_another(engines, monkeypatch):
    line, store = script.run("Nobody has said this sentence before now."), storage.store()
    monkeypatch.setattr(voices, "engine", lambda *_: engines["int8"])
    first = speech.run(line, "af_heart", store=store)
    assert first.reused == 0
    monkeypatch.setattr(voices, "engine", lambda *_: engines[OTHERS[-1]])
    again = speech.run(line, "af_heart", store=store)
    assert (again.reused, again.total) == (1, 1)
    assert np.array_equal(first.wav, again.wav)
    fresh = script.run("And this one is new as well.")
    made = speech.run(fresh, "af_heart", store=store)
    assert made.reused == 0
    assert speech.length(fresh, "af_heart", store=store) == made.seconds
    assert speech.unspoken(fresh, "af_heart", set(), store=store) == 0.0
    monkeypatch.setattr(voices, "engine", lambda *_: engines["int8"])
    assert speech.run(fresh, "af_heart", store=store).reused == 1


@needs_openvino
def test_the_memory_of_a_long_sentence_is_given_back(engines):
    engine = engines[OTHERS[-1]]
    say(engine)
    before = resident()
    say(engine, words="A rather long sentence, with many words and clauses, " * 4)
    assert resident() < before + 200e6  # some 400 MB stay where nothing is given back


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_the_command_says_what_speaks(capsys):
    from django.core.management import call_command

    call_command("voices", "--json")
    rows = json.loads(capsys.readouterr().out)
    heart = next(row for row in rows if row["slug"] == "af_heart")
    assert heart["runtime"] in choice.offered()
    assert next(row for row in rows if row["slug"] == "preview")["runtime"] is None
    call_command("voices")
    assert "Kokoro is spoken by" in capsys.readouterr().out
