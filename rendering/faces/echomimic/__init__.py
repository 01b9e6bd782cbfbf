"""EchoMimic v1: a portrait speaks by diffusion, frame by frame over windows of twelve. Needs torch and weights."""

from rendering import hardware

hardware.prepare()
