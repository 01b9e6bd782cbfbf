"""EchoMimic behind the protocol of takes.Draws: a face of a pack and a line's sound to a person with alpha.

The face is generated in a square around the head before a plain ground, cut out, matched in colour and pasted onto the
person with a soft edge. The latents that the sampler makes are stored in chunks, under a key without background and
size: an interrupted line goes on after its last whole chunk, and one that is only composed anew is only decoded.

Every line begins and ends in the portrait itself (Fit.hold), so lines join, and its colours are led to the portrait's
(Fit.tone); the published programme does neither. Motion tracks are not used: head, eyes and lips come from the sound.
The face box comes from the pack's landmarks; the published programme finds it by a network.
"""

from __future__ import annotations

import functools
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from rendering import hardware, weights
from rendering.faces import Avatar, squares, whisper
from rendering.faces.echomimic import sampler
from rendering.faces.echomimic.nets import TOKENS, WIDTH, Bank, Nets
from rendering.faces.echomimic.sampler import Film, Plan, guided
from rendering.faces.features import Tensors, of_face, tensors_of, write
from rendering.faces.takes import FITTED, Fit, Piece, Take
from rendering.faces.vae import Vae, signed
from rendering.store import Store
from rendering.values import Frame
from rendering.weights.loading import tensors

SIDE = 512  # pixels of the generated square
BEFORE, AFTER = 4, 6  # audio states of a frame: before its moment, and from it on
CHUNK = 90  # frames of a stored chunk


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the networks know of a face."""

    latent: Tensor
    bank: Bank
    face: Tensor


class EchoMimic:
    """One per process. Lines are sampled one after another; a second one waits for the networks call by call."""

    def __init__(
        self,
        nets: Nets,
        vae: Vae,
        encoder: whisper.Encoder,
        *,
        plan: Plan,
        version: str,
        place: torch.device,
        side: int = SIDE,
        fit: Fit = FITTED,
    ) -> None:
        self.nets, self.vae, self.encoder = nets, vae, encoder
        self.plan, self.version, self.place, self.side = plan, version, place, side
        self.fit = fit
        self.dtype = next(nets.parameters()).dtype
        self.chunk = CHUNK
        self.halves = False  # memory is short: the two halves of guidance run one after the other
        self.calls = 0  # windows that went through the denoiser
        self._one = threading.Lock()
        self._shown = functools.lru_cache(maxsize=2)(self._show)
        self._showing = threading.Lock()

    @classmethod
    def read(
        cls, folder: Path, *, fast: bool, version: str, device: str = "auto", fit: Fit = FITTED
    ) -> EchoMimic:
        """From the published files. version: of the engine. Raises NotReady in one sentence."""
        place = hardware.device(device)
        dtype = hardware.dtype(place)
        name = "echomimic-fast" if fast else "echomimic"
        nets = Nets.read(folder, fast=fast, dtype=dtype).to(place)
        encoder = whisper.Encoder()
        encoder.load(tensors(folder / "audio_processor/whisper_tiny.pt"), what="Whisper")
        return cls(
            nets,
            Vae.read(folder).to(place, dtype),
            encoder.to(place).eval(),
            plan=Plan.fast() if fast else Plan(),
            version=f"{version}/{weights.revision(name, folder)}",
            place=place,
            fit=fit,
        )

    def draw(self, take: Take) -> Iterator[list[Piece]]:
        """See takes.Draws."""
        return squares.onto(take, self.side, self.pictures(take), tone=self.fit.tone)

    def pictures(self, take: Take) -> Iterator[Frame]:
        """The generated squares (side, side, 3), one for each frame of the take."""
        for chunk in self.latents(take):
            for number in range(chunk.shape[1]):
                with self._one:
                    picture = self.vae.decode(chunk[None, :, number].float())[0]
                yield picture

    def latents(self, take: Take) -> Iterator[Tensor]:
        """Scaled latents (4, some, side / 8, side / 8) in half precision, of all frames, from the store as far as they
        are there."""
        count, store, key = take.motion.frames, take.store, self.key(take)
        given, number = 0, 0
        while store is not None and given < count:
            found = store.find(key, f".{number}.latents")
            if found is None:
                break
            chunk = tensors_of(found).get("latents")
            if chunk is None:
                break
            given, number = given + chunk.shape[1], number + 1
            yield chunk
        if given == count:
            return
        film = self.film(take)
        if given and store is not None:
            going = store.find(key, ".going")
            state = tensors_of(going) if going else {}
            if state and int(state["given"]) == given:
                film.restore(state)
        held: list[Tensor] = []
        behind = given - film.given  # frames that are stored already but must be made again
        for made in film:
            part = made[:, behind:] if behind < made.shape[1] else made[:, :0]
            behind = max(0, behind - made.shape[1])
            if not part.shape[1]:
                continue
            held.append(part.half().cpu())
            if sum(piece.shape[1] for piece in held) >= self.chunk or film.given == count:
                chunk = torch.cat(held, 1)
                held, given = [], given + chunk.shape[1]
                if store is not None:
                    write(store, key, f".{number}.latents", {"latents": chunk})
                    if given < count:
                        write(store, key, ".going", film.state())
                    else:
                        store.remove(key, ".going")
                number += 1
                yield chunk

    def film(self, take: Take) -> Film:
        """The sampler of a take, at its beginning."""
        frames = take.motion.frames
        with self._showing:  # two lines of one face look at it once
            shown = self._shown(take.avatar, take.store)
        hearing = whisper.Hearing(self.encoder, take.wav, form="openai")
        total = sampler.calls(self.plan.steps, frames)
        done = 0

        def velocity(latents: Tensor, moment: Tensor, window: list[int]) -> Tensor:
            nonlocal done
            take.report("frames", min(0.99, done / total))
            done += 1
            tokens = audio(hearing, window, take.motion.fps).to(self.place, self.dtype)
            with self._one:
                return self.velocity(latents, moment, tokens, shown)

        side = self.side // self.vae.cell
        return Film(
            velocity,
            plan=self.plan,
            seed=take.seed,
            frames=frames,
            size=(side, side),
            place=self.place,
            hold=shown.latent[0].to(torch.get_default_dtype()) if self.fit.hold else None,
        )

    @torch.no_grad()
    def velocity(self, latents: Tensor, moment: Tensor, tokens: Tensor, shown: _Shown) -> Tensor:
        """The guided velocity of one window (4, frames, rows, columns)."""
        self.calls += 1
        x = latents[None].to(self.dtype)
        moment = moment.to(self.place)
        bare, silent = torch.zeros_like(shown.face), torch.zeros_like(tokens)
        if self.plan.guidance == 1:
            return self.nets.denoiser(x, moment, tokens, shown.face, shown.bank)[0]
        if not self.halves:
            try:
                free, led = self.nets.denoiser(
                    x.repeat(2, 1, 1, 1, 1),
                    moment,
                    torch.cat([silent, tokens]),
                    torch.cat([bare, shown.face]),
                    shown.bank,
                )
                return guided(free, led, self.plan.guidance)
            except torch.OutOfMemoryError:
                self.halves = True
                torch.cuda.empty_cache()
        free = self.nets.denoiser(x, moment, silent, bare, None)[0]
        led = self.nets.denoiser(x, moment, tokens, shown.face, shown.bank)[0]
        return guided(free, led, self.plan.guidance)

    def _show(self, avatar: Avatar, store: Store | None) -> _Shown:
        """What the networks know of a face, from the store if a process has looked at it before."""
        kind = (str(self.dtype), self.place.type)
        found = of_face(
            avatar, store, of=(self.version, self.side, *kind), make=lambda: self._look(avatar)
        )
        found = {name: value.to(self.place) for name, value in found.items()}
        latent, face = found.pop("latent"), found.pop("face")
        return _Shown(latent, found, face)

    @torch.no_grad()
    def _look(self, avatar: Avatar) -> Tensors:
        """The face's latent, where it is, and, under the names of the denoiser's blocks, its bank."""
        square = squares.crop(avatar, self.side)
        mask = torch.from_numpy(square.mask)[None, None].to(self.place, self.dtype)
        with self._one:
            latent = self.vae.encode(signed(square.picture)).to(self.place, self.dtype)
            shown = {"latent": latent, "face": self.nets.locator(mask)}
            return shown | self.nets.reference(latent)

    def key(self, take: Take) -> str:
        """The key of the latents: the hash of what decides them, so without background and size."""
        parts = [
            *("latents", self.version, self.plan.steps, self.plan.guidance, self.side),
            self.fit.hold,
            *(take.avatar.sha256, hashlib.sha256(take.wav.tobytes()).hexdigest()),
            *(take.motion.fps, take.motion.frames, take.seed, str(self.dtype), self.place.type),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def audio(hearing: whisper.Hearing, window: list[int], fps: int) -> Tensor:
    """(1, frames, 50, 384) on the device of `hearing`'s encoder: the ten states around each frame, five layers each. Past the
    ends the last one is repeated."""
    last = hearing.count - 1
    found = []
    for frame in window:
        centre = frame * whisper.STATES // fps
        at = [min(max(state, 0), last) for state in range(centre - BEFORE, centre + AFTER)]
        part = hearing.states(at[0], at[-1] + 1)
        chosen = torch.tensor([state - at[0] for state in at], device=part.device)
        found.append(part[chosen].reshape(TOKENS, WIDTH))
    return torch.stack(found)[None]
