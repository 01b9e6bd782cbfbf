"""Renders: stages of pure functions, and the queue and the fleet that run them."""

import os

# Otherwise onnxruntime reports each start to its makers, from a machine with people's faces and voices on it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
