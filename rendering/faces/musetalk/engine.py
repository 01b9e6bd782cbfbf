"""MuseTalk behind the protocol of takes.Draws: the portrait engine moves the head, eyes and brows, MuseTalk paints the
mouth.

The mouth is painted into the face at rest, and the painted face is turned with the head. So one preparation of a face,
its latents, serves all its frames (MuseTalk's published programme prepares each frame of a video). In silence the
face's own shut mouth shows: the network leaves mouths ajar and trembling there. Lines begin and end at rest, as the
portrait's do.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rendering import hardware, weights
from rendering.faces import Avatar, portrait, whisper
from rendering.faces.features import of_face
from rendering.faces.geometry import smoothstep
from rendering.faces.musetalk.batching import Batcher
from rendering.faces.musetalk.nets import SIDE, Painter, audio, prepared
from rendering.faces.musetalk.pasting import Cut, Mouth, crop
from rendering.faces.takes import FITTED, Fit, Piece, Take
from rendering.faces.vae import Vae
from rendering.store import Store
from rendering.values import Frame, Motion
from rendering.weights.loading import tensors

MOUTH = ("jaw", "width", "pucker", "upper", "lower", "tongue", "closure", "tuck")
SPEAKS = 0.12  # sum of the mouth's tracks over which somebody speaks
HANGS = 0.10  # seconds around speech in which the mouth is painted, too


class Wanted(NamedTuple):
    """One frame to paint."""

    latents: Tensor  # (8, rows, columns) of the face
    tokens: Tensor  # (50, 384)


@dataclass(frozen=True, slots=True)
class Face:
    """A pack prepared for painting."""

    latents: Tensor  # (1, 8, side / 8, side / 8)
    cut: Cut


class MuseTalk:
    """One per process; lines drawn at the same time share its batches."""

    def __init__(
        self,
        painter: Painter,
        vae: Vae,
        encoder: whisper.Encoder,
        *,
        version: str,
        place: torch.device,
        side: int = SIDE,
        batch: int = 32,
        fit: Fit = FITTED,
    ) -> None:
        self.painter, self.vae, self.encoder = painter, vae, encoder
        self.version, self.place, self.side, self.fit = version, place, side, fit
        self.dtype = next(painter.parameters()).dtype
        self.batches: Batcher[Wanted, Frame] = Batcher(self._paint, size=batch)
        self._hearing = threading.Lock()
        self._faces = functools.lru_cache(maxsize=32)(self._prepare)
        self._preparing = threading.Lock()

    @classmethod
    def read(
        cls, folder: Path, *, version: str, device: str = "auto", fit: Fit = FITTED
    ) -> MuseTalk:
        """From the published files. version: of the engine. Raises NotReady in one sentence."""
        place = hardware.device(device)
        dtype = hardware.dtype(place)
        encoder = whisper.Encoder()
        encoder.load(tensors(folder / "whisper/model.safetensors"), what="Whisper")
        return cls(
            Painter.read(folder, dtype).to(place),
            Vae.read(folder).to(place, dtype),
            encoder.to(place).eval(),
            version=f"{version}/{weights.revision('musetalk', folder)}",
            place=place,
            fit=fit,
        )

    def draw(self, take: Take) -> Iterator[list[Piece]]:
        """See takes.Draws. Other lines that are drawn at the same time may change a value by rounding."""
        motion = take.motion
        drawn = portrait.portrait(take.avatar, take.face)
        face = self.face(take.avatar, take.store)
        mouth = Mouth(drawn, face.cut, tone=self.fit.tone)
        speaks = speaking(motion)
        hearing = whisper.Hearing(self.encoder, take.wav, form="hugging face")

        def wanted() -> Iterator[Wanted]:
            for number in np.flatnonzero(speaks):
                with self._hearing, torch.no_grad():
                    tokens = audio(hearing, int(number), motion.fps)
                yield Wanted(face.latents[0], tokens.to(self.place, self.dtype))

        painted = self.batches.over(wanted())
        rows, columns = drawn.body.shape[:2]
        x0, y0, *_ = drawn.box
        for number in range(motion.frames):
            take.report("frames", number / motion.frames)
            tracks = {name: float(track[number]) for name, track in motion.tracks.items()}
            source = drawn.rgba
            if speaks[number] > 0:
                source = mouth.laid(next(painted), float(speaks[number]))
            head = drawn.draw({**tracks, **dict.fromkeys(MOUTH, 0.0)}, painted=source)
            body = drawn.draw_body(tracks, 0, 0, columns, rows)
            yield [Piece(body, 0, 0), Piece(head, x0, y0)]

    def face(self, avatar: Avatar, store: Store | None) -> Face:
        """The pack's preparation: from memory, from the store, or made now and put into both."""
        with self._preparing:  # lines of one face that come at once prepare it once
            return self._faces(avatar, store)

    def _prepare(self, avatar: Avatar, store: Store | None) -> Face:
        cut = crop(avatar, self.side)
        found = of_face(
            avatar,
            store,
            of=(self.version, self.side, str(self.dtype), self.place.type),
            make=lambda: {"latents": prepared(self.vae, cut.picture)},
        )
        return Face(found["latents"].to(self.place, self.dtype), cut)

    @torch.no_grad()
    def _paint(self, frames: list[Wanted]) -> list[Frame]:
        """Painted faces, uint8 RGB (side, side, 3). If memory runs out, in halves from then on."""
        latents = torch.stack([frame.latents for frame in frames])
        tokens = torch.stack([frame.tokens for frame in frames])
        try:
            return list(self.vae.decode(self.painter(latents, tokens)))
        except torch.OutOfMemoryError:
            if len(frames) == 1:
                raise
            torch.cuda.empty_cache()
            half = (len(frames) + 1) // 2
            self.batches.size = max(self.batches.block, half)
        return [*self._paint(frames[:half]), *self._paint(frames[half:])]


def speaking(motion: Motion) -> NDArray[np.float32]:
    """(frames,): how much of the painted mouth shows, 0 in silence and at both ends, 1 in speech."""
    tracks = [np.abs(motion.tracks[name]) for name in MOUTH if name in motion.tracks]
    moves = np.sum(tracks, 0) if tracks else np.zeros(motion.frames)
    hang = max(1, round(HANGS * motion.fps))
    around = cv2.dilate(moves.astype(np.float32)[None], np.ones((1, 2 * hang + 1)))[0]
    found = cv2.blur((around > SPEAKS).astype(np.float32)[None], (2 * hang + 1, 1))[0]
    ends = np.minimum(np.arange(motion.frames), np.arange(motion.frames)[::-1]) / hang
    return (found * smoothstep(0.0, 1.0, ends)).astype(np.float32)
