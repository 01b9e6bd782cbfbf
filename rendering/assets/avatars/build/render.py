"""Renders a stock avatar: the resting plate and tiles of lids and teeth.

    FACE_ASSETS=…/makehuman-assets make people ONE=ruth     # the CC0 clothes and teeth

does all of it: this program in an environment of its own, because Blender's module brings its own numpy,
then pack.py and sample.py in the product's. A person in both looks takes about a quarter of an hour of one
processor. What is there from the same description is kept, so a run that was stopped goes on where it was;
after a change of these scripts pass --again. Of another look of somebody only what lies below the nose is
rendered: pack.py takes the rest from the first. A look in 20 seconds:

    .venv-blender/bin/python …/render.py /tmp/look ruth --height 480 --samples 12 --density 0.7 --states rest
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import bpy
import clothes
import develop
import eyes as eyeballs
import facial_hair
import geometry
import glasses
import hair
import identity
import layers
import light
import numpy as np
import scene
import skin
from facts import meant
from mouth import Mouth
from people import LOOKS, PEOPLE, STATES, TILES
from strands import Head
from test_people import LIVE, LIVE_FACE, TEST_PEOPLE

EVERYBODY = {**PEOPLE, **TEST_PEOPLE}
PICTURES = ["rest", "matte", "body", "half", "blink", "teeth"]
"""The plate, its mattes, the clean plate without the head, and the tiles."""
ASPECT = 1.1
"""Width of the plate over its height: room for both arms."""
OPEN = 4.2
"""Template height above which skin shows between the two sides of an open collar."""
MOUTH = np.array([0, 6.70, 1.57])
"""Where the lips meet in the template (decimetres)."""
ABOUT = {"eyes": (0.058, 0.036, 0.058, 0.032), "mouth": (0.048, 0.034, 0.048, 0.062)}
"""Metres left, up, right and down that a tile reaches around eyes or mouth."""
BEHIND = (0.125, 0.22, 0.125, 0.19)
BEHIND_LONG = (0.19, 0.22, 0.19, 0.32)
"""Metres around the eyes within which the head, or long hair, hides the body."""
ABOVE = 0.004
"""Metres over the tile of the mouth at which another look of the same person begins: no collar reaches so high."""


class Person:
    """One person in the scene, whose face can change."""

    def __init__(self, slug: str, density: float, mood: dict[str, float]) -> None:
        person = self.person = dict(EVERYBODY[slug])
        person["face"] = {**person["face"], **mood}
        scene.empty_scene()
        self.neutral = identity.identity(person)
        self.rest = geometry.expression(self.neutral, person["face"])
        self.skin = self._skin()
        dense = scene.surface(self.skin.item)
        solids = [dense]
        solids.append(clothes.garment(person["clothes"], self.rest))
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
        if "beard" in person:
            facial_hair.beard(self.head)
        if "glasses" in person:
            glasses.wear(person["glasses"], self.eyes, dense)

    def _skin(self) -> scene.Part:
        base = geometry.base_mesh()
        hidden = geometry.fitted(self.person["clothes"]["mesh"]).hidden
        template = base.vertices
        open_neck = (
            (np.abs(template[:, 0]) < 0.40) & (template[:, 1] > OPEN) & (template[:, 2] > 0.3)
        )
        low = self.rest[:, 1] < clothes.LOWEST

        kept = [
            face
            for face in base.groups["body"]
            if not any(low[corner] for corner, _ in face)
            and (
                any(corner not in hidden for corner, _ in face)
                or all(open_neck[corner] for corner, _ in face)
            )
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
        for name, weights in {**skin.regions(self.person), **skin.layers()}.items():
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
        for eye in self.eyes:
            eye.follow(vertices)
        for item in bpy.context.scene.objects:
            if item.name.startswith("beard"):  # a moustache would lie on the teeth that are cut out
                item.hide_render = state == "teeth"


def _boxes(person: Person, stage: light.Stage) -> dict[str, list[int]]:
    """Pixels (x, y, width, height) of what is not the whole plate."""
    areas = {
        "eyes": stage.box(person.between, *ABOUT["eyes"]),
        "mouth": stage.box(person.mouth_place(), *ABOUT["mouth"]),
    }
    boxes = {state: areas[area] for state, area in TILES.items()}
    reach = BEHIND_LONG if person.person["hair"]["cut"] == "long" else BEHIND
    boxes["body"] = stage.inside(stage.box(person.between, *reach))
    wide, tall = stage.size
    row = areas["mouth"][1] - round(ABOVE * tall / light.FRAME_HEIGHT)
    boxes["below"] = [0, row, wide, tall - row]
    return boxes


def _lower(box: list[int] | None, below: list[int]) -> list[int]:
    """What of a box, or of the whole picture, is below the nose."""
    if box is None:
        return below
    x, y, wide, tall = box
    row = max(y, below[1])
    return [x, row, wide, y + tall - row]


def _shoot(person: Person, stage: light.Stage, state: str, target: str, box) -> None:
    if state == "matte":
        with layers.flat():
            stage.matte_settings()
            stage.shoot(target, box)
    elif state == "body":
        with layers.headless(), develop.developed():
            stage.shoot(target, box)
    else:
        person.make(state)
        with develop.developed():
            stage.shoot(target, box)


def _make(slug: str, folder: Path, wanted: argparse.Namespace) -> None:
    """Renders the pictures of one person that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {"person": EVERYBODY[slug], "live": wanted.live, "height": wanted.height}
    told |= {"samples": wanted.samples, "threshold": wanted.threshold, "hairs": wanted.density}
    inputs = json.dumps(told, sort_keys=True)
    done = {} if wanted.again else _done(folder)
    states = [state for state in wanted.states if not (slug in LOOKS and state in TILES)]
    missing = [state for state in states if done.get(state) != inputs]
    if not missing:
        return
    person = Person(slug, wanted.density, LIVE_FACE if wanted.live else {})
    size = (round(wanted.height * ASPECT), wanted.height)
    lamps = {**person.person["light"], **(LIVE if wanted.live else {})}
    stage = light.Stage(person.between, lamps, size)
    for eye in person.eyes:
        eye.look_at(stage.place)
    boxes = _boxes(person, stage)
    (folder / "tiles.json").write_text(json.dumps(boxes))
    for state in missing:
        started = time.process_time()
        person.make("rest")
        stage.settings(wanted.samples if state == "rest" else wanted.tile_samples, wanted.threshold)
        box = boxes.get(state)
        if slug in LOOKS:
            box = _lower(box, boxes["below"])
        _shoot(person, stage, state, str(folder / f"{state}.png"), box)
        done[state] = inputs
        (folder / "done.json").write_text(json.dumps(done))
        print(f"{slug} {state}: {time.process_time() - started:.0f} s of processor", flush=True)


def _done(folder: Path) -> dict[str, str]:
    """What each picture in the folder was made from."""
    note = folder / "done.json"
    return json.loads(note.read_text()) if note.exists() else {}


def main() -> None:
    reader = argparse.ArgumentParser(description="Render the pictures of stock avatars.")
    reader.add_argument("folder", type=Path)
    reader.add_argument("slugs", nargs="*", choices=[*EVERYBODY, []])
    reader.add_argument("--states", nargs="+", default=PICTURES, choices=PICTURES)
    reader.add_argument("--height", type=int, default=1440)
    reader.add_argument("--samples", type=int, default=16)
    reader.add_argument("--tile-samples", type=int, default=12, help="of all but the plate")
    reader.add_argument("--threshold", type=float, default=0.05)
    reader.add_argument("--live", action="store_true", help="as a webcam sees a test person")
    reader.add_argument("--density", type=float, default=1.0, help="share of all hairs")
    reader.add_argument("--again", action="store_true", help="also what is there already")
    wanted = reader.parse_args()
    for slug in meant(wanted.slugs):
        _make(slug, wanted.folder / (f"{slug}-live" if wanted.live else slug), wanted)


if __name__ == "__main__":
    main()
