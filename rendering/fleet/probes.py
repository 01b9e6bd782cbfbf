"""What a worker process answers over HTTP: is it alive, is it ready, and its counters for Prometheus."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rendering import memory
from rendering.fleet.attempts import PULSE
from rendering.fleet.batch import BATCH
from rendering.fleet.metrics import Sample, exposition

SILENT = 15.0  # seconds without a beat after which the process counts as stuck


def alive() -> bool:
    """Whether the pulse beats; it does so even while the database is away."""
    return time.monotonic() - PULSE.beaten < SILENT


def ready() -> bool:
    """Whether it claims work."""
    claims = PULSE.ready_at is not None and PULSE.ill_at is None
    return alive() and claims and not PULSE.stopping.is_set()


def metrics() -> str:
    samples = [
        Sample("likeness_worker_ready", "gauge", "Whether it claims work.", float(ready())),
        Sample(
            "likeness_worker_ill",
            "gauge",
            "Whether it fails its own trial line.",
            PULSE.ill_at is not None,
        ),
        Sample("likeness_worker_slots", "gauge", "Lines it makes at once at most.", BATCH.size),
        Sample("likeness_worker_busy", "gauge", "Lines it makes now.", BATCH.used),
        Sample("likeness_worker_memory_bytes", "gauge", "Resident memory.", memory.in_use()),
    ]
    samples += [
        Sample(
            "likeness_worker_lines_total",
            "counter",
            "Lines, by what became of them.",
            count,
            {"outcome": outcome},
        )
        for outcome, count in sorted(BATCH.counts.items())
    ]
    return exposition(samples)


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = 404, "There is /healthz, /readyz and /metrics.\n"
        if self.path == "/healthz":
            status, body = (200, "ok\n") if alive() else (503, "no beat\n")
        elif self.path == "/readyz":
            status, body = (200, "ready\n") if ready() else (503, "not ready\n")
        elif self.path == "/metrics":
            status, body = 200, metrics()
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Probes come every few seconds; they are not news."""


def serve(host: str, port: int) -> int:
    """Answers from a thread of its own; returns the port, which port 0 leaves to the system."""
    server = ThreadingHTTPServer((host, port), _Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()
    return server.server_address[1]
