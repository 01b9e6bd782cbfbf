"""What runs Kokoro's networks: onnxruntime in whole numbers, or OpenVINO in float or bf16 for nine tenths of them.

All give the same durations and melody; their sound differs by rounding (docs/decisions/0034). choice.py says which one speaks.
"""

from __future__ import annotations

import ctypes
import functools
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime

from rendering import memory
from rendering.values import Canceled, Floats
from rendering.voices.running import Feed, entered, prepared, run

THREADS = min(4, os.cpu_count() or 1)
"""Of the generator. With a core to spare a sentence is made in two thirds of the time; beside other work it costs no more."""
MADV_DONTNEED = 4

NOTHING_KEPT = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
"""oneDNN would keep every loop that it compiled, one set for each length of sentence: 120 MB, and no time is saved. OpenVINO's
own copy of it reads the variable when it compiles; torch has another copy, which is left alone."""


class Runtime(Protocol):
    precision: str

    def speak(self, feed: Feed, stop: threading.Event | None) -> tuple[Floats, np.ndarray]:
        """(samples, units that each symbol takes). Raises Canceled within a second of `stop`."""


def session(path: str, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.enable_mem_pattern = False  # each length of sentence would keep a plan: 90 MB more
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


class Whole:
    """The whole graph in onnxruntime, its weights in eight bits."""

    precision = "int8"

    def __init__(
        self, assemble: Callable[[], bytes], cache: Path | None, threads: int | None
    ) -> None:
        self.net = session(prepared("kokoro-1.onnx", assemble, cache), threads or 1)
        self.busy = threading.Lock()

    def speak(self, feed: Feed, stop: threading.Event | None) -> tuple[Floats, np.ndarray]:
        """See Runtime."""
        with entered(self.busy, stop):
            wave, units = run(self.net, ["audio", "duration"], feed, stop)
        return wave.ravel(), units.ravel()


class Parted:
    """The generator in OpenVINO, what comes before and after it in onnxruntime."""

    def __init__(
        self, assemble: Callable[[], bytes], cache: Path | None, threads: int | None, precision: str
    ) -> None:
        import openvino  # large: loaded when it is needed

        whole = prepared("kokoro-1.onnx", assemble, cache)
        parts = functools.cache(lambda: _parts(whole))
        paths = {
            name: prepared(f"kokoro-2-{name}", lambda name=name: parts()[name], cache)  # type: ignore[misc]
            for name in ("reader.onnx", "generator.xml", "generator.bin", "ending.onnx")
        }
        parts.cache_clear()
        self.precision = precision
        self.reader = session(paths["reader.onnx"], threads or 1)
        self.ending = session(paths["ending.onnx"], threads or 1)
        options = {
            "INFERENCE_NUM_THREADS": threads or THREADS,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": {"float": "f32"}.get(precision, precision),
            "ENABLE_CPU_PINNING": False,  # an encoder may be on that core
            "CPU_RUNTIME_CACHE_CAPACITY": 0,
        }
        with _environment(NOTHING_KEPT, "0"):
            self.compiled = openvino.Core().compile_model(paths["generator.xml"], "CPU", options)
        self.weights = paths["generator.bin"]
        self.request = self.compiled.create_infer_request()
        self.reading, self.busy = threading.Lock(), threading.Lock()

    def speak(self, feed: Feed, stop: threading.Event | None) -> tuple[Floats, np.ndarray]:
        """See Runtime."""
        from rendering.voices.generator import (  # with it comes onnx, which is large
            FRAMES,
            SOURCE,
            SPECTRUM,
        )

        wanted = [FRAMES, SOURCE, "duration"]
        with entered(self.reading, stop):
            frames, source, units = run(self.reader, wanted, feed, stop)
        with entered(self.busy, stop):
            given = {"style": feed["style"], FRAMES: frames, SOURCE: source}
            try:
                spectrum = self._generated(given, stop)
            finally:
                self._give_back()
        (wave,) = run(self.ending, ["audio"], {SPECTRUM: spectrum}, stop)
        return wave.ravel(), units.ravel()

    def _generated(self, given: Feed, stop: threading.Event | None) -> Floats:
        self.request.start_async(given)
        while not self.request.wait_for(100):
            if stop is not None and stop.is_set():
                self.request.cancel()
                with suppress(RuntimeError):  # it says that it was cancelled
                    self.request.wait()
                raise Canceled
        return self.request.get_output_tensor(0).data.copy()

    def _give_back(self) -> None:
        """Frees what the sentence needed, and the pages of the file whose weights stand in memory already: 0.3 GB stay, not 0.5."""
        self.compiled.release_memory()
        _forget(self.weights)
        memory.trim(collect=False)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """The variable has this value inside, and what it had before afterwards."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


def _parts(whole: str) -> dict[str, bytes]:
    """The files of the three parts; the generator as OpenVINO stores it, its weights in 16 bits."""
    import onnx  # large: loaded when it is needed
    import openvino  # large: loaded when it is needed

    from rendering.voices import generator  # with it comes onnx

    reader, middle, ending = generator.parts(onnx.load(whole))
    with tempfile.TemporaryDirectory() as folder:
        model = openvino.Core().read_model(middle.SerializeToString(), b"")
        openvino.save_model(model, f"{folder}/generator.xml", compress_to_fp16=True)
        stored = {
            name: Path(folder, name).read_bytes() for name in ("generator.xml", "generator.bin")
        }
    return {
        "reader.onnx": reader.SerializeToString(),
        "ending.onnx": ending.SerializeToString(),
        **stored,
    }


def _forget(path: str) -> None:
    """Lets the system take the pages of a mapped file back; they are read again when they are needed (madvise(2))."""
    with suppress(OSError, AttributeError, ValueError):
        madvise = ctypes.CDLL(None).madvise
        for row in Path("/proc/self/maps").read_text().splitlines():
            if row.endswith(path):
                begin, end = (int(edge, 16) for edge in row.split()[0].split("-"))
                madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), MADV_DONTNEED)


def load(
    precision: str,
    assemble: Callable[[], bytes],
    cache: Path | None = None,
    threads: int | None = None,
) -> Runtime:
    """threads: without it what serves this runtime best, which is one for whole numbers."""
    if precision == "int8":
        return Whole(assemble, cache, threads)
    return Parted(assemble, cache, threads, precision)
