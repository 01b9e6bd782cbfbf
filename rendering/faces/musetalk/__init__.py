"""MuseTalk 1.5: a mouth painted into a face in one step, led by sound, in real time on a GPU. Needs torch and weights."""

from rendering import hardware

hardware.prepare()
