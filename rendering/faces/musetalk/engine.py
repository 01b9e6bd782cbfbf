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
from rendering.faces import Avatar, passes, portrait, whisper
from rendering.faces.features import of_face
from rendering.faces.geometry import smoothstep
from rendering.faces.musetalk.batching import Batcher
from rendering.faces.musetalk.nets import SIDE, Painter, audio, prepared
from rendering.faces.takes import Piece, Take
from rendering.faces.vae import Vae
from rendering.store import Store
from rendering.values import Frame, Motion
from rendering.weights.loading import tensors

NOSE = 5  # landmark in the middle of the box
MARGIN = 0.04  # of the box's height: how far it reaches below the chin
JAW = [234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152]
JAW += [377, 400, 378, 379, 365, 397, 288, 361, 323, 454]
SOFT = 0.05  # of the box's width: sigma of the mask's edge
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
    box: tuple[int, int, int, int]  # in pixels of the plate
    mask: NDArray[np.float32]  # (side, side): where the painted face shows


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
    ) -> None:
        self.painter, self.vae, self.encoder = painter, vae, encoder
        self.version, self.place, self.side = version, place, side
        self.dtype = next(painter.parameters()).dtype
        self.batches: Batcher[Wanted, Frame] = Batcher(self._paint, size=batch)
        self._hearing = threading.Lock()
        self._faces = functools.lru_cache(maxsize=32)(self._prepare)
        self._preparing = threading.Lock()

    @classmethod
    def read(cls, folder: Path, *, version: str, device: str = "auto") -> MuseTalk:
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
        )

    def draw(self, take: Take) -> Iterator[list[Piece]]:
        """See takes.Draws. Other lines that are drawn at the same time may change a value by rounding."""
        motion = take.motion
        drawn = portrait.portrait(take.avatar, take.face)
        face = self.face(take.avatar, take.store)
        mouth = _Mouth(drawn, face)
        speaks = speaking(motion)
        hearing = whisper.Hearing(self.encoder, take.wav, form="hugging face")

        def wanted() -> Iterator[Wanted]:
            for number in np.flatnonzero(speaks):
                with self._hearing, torch.no_grad():
                    tokens = audio(hearing, int(number), motion.fps)
                yield Wanted(face.latents[0], tokens.to(self.dtype))

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
        picture, box, mask = crop(avatar, self.side)
        found = of_face(
            avatar,
            store,
            of=(self.version, self.side, str(self.dtype), self.place.type),
            make=lambda: {"latents": prepared(self.vae, picture)},
        )
        return Face(found["latents"].to(self.place, self.dtype), box, mask)

    @torch.no_grad()
    def _paint(self, frames: list[Wanted]) -> list[Frame]:
        """Painted faces, uint8 RGB (side, side, 3). If memory runs out, in halves from then on."""
        latents = torch.stack([frame.latents for frame in frames])
        tokens = torch.stack([frame.tokens for frame in frames]).to(self.place)
        try:
            return list(self.vae.decode(self.painter(latents, tokens)))
        except torch.OutOfMemoryError:
            if len(frames) == 1:
                raise
            torch.cuda.empty_cache()
            half = (len(frames) + 1) // 2
            self.batches.size = max(self.batches.block, half)
        return [*self._paint(frames[:half]), *self._paint(frames[half:])]


class _Mouth:
    """Lays painted faces into a portrait prepared for a size."""

    def __init__(self, drawn: portrait.Portrait, face: Face) -> None:
        x0, y0, x1, y1 = (round(edge * drawn.scale) for edge in face.box)
        left, top, *_ = drawn.box
        self.rgba = drawn.rgba
        self.size = (x1 - x0, y1 - y0)
        mask = cv2.resize(face.mask, self.size, interpolation=cv2.INTER_AREA)
        down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        self.shown = (slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1))
        rows, columns = self.shown
        self.part = (
            slice(y0 - top + rows.start, y0 - top + rows.stop),
            slice(x0 - left + columns.start, x0 - left + columns.stop),
        )
        self.was = np.ascontiguousarray(self.rgba[self.part][..., :3])
        # Outside the person nothing is painted, and colours are premultiplied there.
        self.mask = mask[self.shown] * (self.rgba[self.part][..., 3] / np.float32(255))
        # The rim of the mask shows the same skin in both.
        self.tone = passes.tone(self.was, self.mask * (1 - self.mask))

    def laid(self, painted: Frame, share: float) -> Frame:
        """The head at rest with the painted face in it. share: 0 shows the pack's own mouth."""
        sized = cv2.resize(painted, self.size, interpolation=cv2.INTER_CUBIC)[self.shown]
        sized = passes.toned(np.ascontiguousarray(sized), self.tone)
        found = self.rgba.copy()
        found[self.part][..., :3] = passes.pasted(self.was, sized, self.mask * share)
        return found


def speaking(motion: Motion) -> NDArray[np.float32]:
    """(frames,): how much of the painted mouth shows, 0 in silence and at both ends, 1 in speech."""
    tracks = [np.abs(motion.tracks[name]) for name in MOUTH if name in motion.tracks]
    moves = np.sum(tracks, 0) if tracks else np.zeros(motion.frames)
    hang = max(1, round(HANGS * motion.fps))
    around = cv2.dilate(moves.astype(np.float32)[None], np.ones((1, 2 * hang + 1)))[0]
    found = cv2.blur((around > SPEAKS).astype(np.float32)[None], (2 * hang + 1, 1))[0]
    ends = np.minimum(np.arange(motion.frames), np.arange(motion.frames)[::-1]) / hang
    return (found * smoothstep(0.0, 1.0, ends)).astype(np.float32)


@functools.lru_cache(maxsize=8)
def crop(avatar: Avatar, side: int) -> tuple[Frame, tuple[int, int, int, int], NDArray[np.float32]]:
    """(the face square, its box in the plate, the mask of what is painted). The box is as published: ears to ears, and from the
    chin up twice the way to the middle of the nose."""
    points = passes.landmarks(avatar)
    plate, _ = passes.plate(avatar)
    foot = points[JAW, 1].max()
    tall = 2 * (foot - points[NOSE, 1])
    left, right = points[JAW, 0].min(), points[JAW, 0].max()
    box = (
        round(left),
        max(0, round(foot - tall)),
        round(right),
        min(plate.shape[0], round(foot + MARGIN * tall)),
    )
    x0, y0, x1, y1 = box
    part = plate[y0:y1, x0:x1].astype(np.float32)
    before = part[..., :3] + (1 - part[..., 3:] / 255) * np.array(passes.GROUND, np.float32)
    picture = cv2.resize(before, (side, side), interpolation=cv2.INTER_LANCZOS4)
    scale = np.array([side / (x1 - x0), side / (y1 - y0)])
    outline = (points[JAW] - (x0, y0)) * scale
    mask = np.zeros((side, side), np.float32)
    cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], 1.0)
    mask[: round(0.52 * side)] = 0
    mask = cv2.erode(mask, np.ones((round(2 * SOFT * side) | 1,) * 2))
    mask = cv2.GaussianBlur(mask, (0, 0), SOFT * side)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8), box, mask
