"""Which runtime speaks on this machine (runtimes.py).

Which is fastest depends on the processor, so each machine speaks one sentence with every one of them, once, and keeps what it
measured beside the model.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from rendering.voices.contract import AUTO, TITLES
from rendering.voices.running import folder_of

log = logging.getLogger(__name__)

BETTER = (
    0.95  # of the processor time of whole numbers: what is hardly faster is not worth its memory
)


@functools.cache
def offered() -> tuple[str, ...]:
    """The precisions in which this machine could speak."""
    if find_spec("openvino") is None:
        return ("int8",)
    import openvino  # large: loaded when it is needed

    capable = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ("int8", "float", *(["bf16"] if "BF16" in capable else []))


def chosen(wanted: str = AUTO, cache: Path | None = None) -> str:
    """The precision in which this machine speaks: the wanted one, or the fastest of a trial.

    Raises RuntimeError for a wanted one that this machine does not have.
    """
    if wanted != AUTO:
        if wanted != "int8" and wanted not in offered():
            raise RuntimeError(
                f"SPEECH_RUNTIME is {wanted}, and this machine has {', '.join(offered())}; set it to one of them, or to auto."
            )
        return wanted
    seconds = measured(cache)
    fastest = min(seconds, key=lambda name: seconds[name])
    return fastest if seconds[fastest] < BETTER * seconds["int8"] else "int8"


def measured(cache: Path | None = None) -> dict[str, float]:
    """Seconds of processor time for a second of sound, by precision: of this machine's trial, which is held if there was none
    or it was another machine's. Without OpenVINO there is nothing to try."""
    if find_spec("openvino") is None:
        return {"int8": 1.0}
    path = folder_of(cache) / "kokoro-trial.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(path.read_text())
        if found["machine"] == machine():
            return {name: float(cost) for name, cost in found["seconds"].items()}
    seconds = _trial(cache)
    if "int8" not in seconds:
        return {"int8": 1.0}
    log.info(
        "Kokoro was tried here; seconds of processor time for a second of sound: %s",
        ", ".join(f"{TITLES[name]} {cost:.2f}" for name, cost in seconds.items()),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as half:
        json.dump({"machine": machine(), "seconds": seconds}, half)
    os.replace(half.name, path)
    return seconds


def _trial(cache: Path | None) -> dict[str, float]:
    """Each runtime in a process of its own: other work of this one does not count, and their memory goes with them."""
    root = str(Path(__file__).parents[2])
    seconds = {}
    for name in TITLES:
        if name == "float" and "bf16" in seconds:
            continue  # half as fast on every processor that knows bf16: whoever waits for a first sound is spared it
        done = subprocess.run(
            [sys.executable, "-m", "rendering.voices.trial", name, str(folder_of(cache).resolve())],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            seconds[name] = float(done.stdout)
        except ValueError:
            log.info("Kokoro does not speak by %s here: %s", TITLES[name], done.stderr[-300:])
    return seconds


def machine() -> str:
    """What a trial holds for: the processor, what it may use, and the versions of both runtimes."""
    facts = [os.environ.get("ONEDNN_MAX_CPU_ISA", ""), str(os.cpu_count())]
    with suppress(OSError):
        rows = Path("/proc/cpuinfo").read_text().splitlines()
        facts += sorted({row for row in rows if row.startswith(("model name", "flags"))})
    for package in ("onnxruntime", "openvino"):
        with suppress(PackageNotFoundError):
            facts.append(version(package))
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
