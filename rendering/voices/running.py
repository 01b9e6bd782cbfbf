"""What the onnxruntime engines share: prepared model files, and calls that can be stopped."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rendering import sums
from rendering.values import Canceled

Feed = Mapping[str, Any]
"""Arrays by the names of inputs."""


def folder_of(cache: Path | None = None) -> Path:
    """Where prepared models stand."""
    return cache or Path(os.environ.get("LIKENESS_CACHE", ".data/cache"))


def prepared(name: str, make: Callable[[], bytes], cache: Path | None = None) -> str:
    """Path of the model file `name`, made by `make` if it is absent or damaged, and written whole."""
    folder = folder_of(cache)
    path = folder / name
    if sums.read(path) is None or not sums.is_whole(path):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=name, delete=False) as half:
            try:
                model = make()
                half.write(model)
                half.flush()
                os.fsync(half.fileno())
                os.replace(half.name, path)
                sums.write(path, hashlib.sha256(model).hexdigest())
            except BaseException:
                Path(half.name).unlink(missing_ok=True)
                raise
    return str(path)


@contextmanager
def entered(busy: threading.Lock, stop: threading.Event | None) -> Iterator[None]:
    """One call of a network at a time: each may need 200 MB. Raises Canceled when stopped while it waits."""
    while not busy.acquire(timeout=0.2):
        if stop is not None and stop.is_set():
            raise Canceled
    try:
        yield
    finally:
        busy.release()


def run(net: Any, outputs: list[str], feed: Feed, stop: threading.Event | None) -> list[Any]:
    """net.run, ended within a second of `stop`. Raises Canceled when stopped."""
    import onnxruntime  # large: loaded when it is needed

    options = onnxruntime.RunOptions()
    # Between sentences the process gives back what a long one needed: 0.4 GB stay, not 1 GB.
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    if stop is None:
        return net.run(outputs, feed, options)
    if stop.is_set():
        raise Canceled
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            if stop.is_set():
                options.terminate = True
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        return net.run(outputs, feed, options)
    except Exception:
        if stop.is_set():
            raise Canceled from None
        raise
    finally:
        done.set()
        watcher.join()
