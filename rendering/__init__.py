"""Renders: stages of pure functions, and the queue and the fleet that run them."""

import os

# What onnxruntime would tell its makers of each start, from a machine with people's faces and voices on it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
