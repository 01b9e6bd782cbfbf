"""Pictures and clips of every avatar: `make gallery`, or `python -m tests.gallery [SLUG …] [--measure] [--frames SEED]`.

Writes to gallery/, for each avatar, a contact sheet (mouth shapes, expressions, lids, turns of the head; then 24 frames in a
row of a sentence) and a clip of 10 seconds. With --measure, also speaks the fixed list of scripts (tests/quality/scripts.json) and
prints the figures over all of it, beside those that a sound 0.2 s late would get. With --frames, also writes 200 frames of that
list, chosen at random among all avatars, as gallery/frames-1.webp to -4.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rendering import faces, pipeline, quality
from rendering.faces import photo, portrait
from rendering.stages import delivery, motion, painting, placing
from rendering.stages.painting import Patch
from rendering.store import Store
from rendering.values import BadInput, Frame, Layout, LineSpec, Motion, VideoFormat

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "gallery"
GROUND = (0xD9, 0xE2, 0xE4)
SCRIPTS = Path(__file__).parent / "quality" / "scripts.json"
POSES: list[tuple[str, dict[str, float]]] = [
    ("rest", {}),
    ("p b m", {"closure": 1, "jaw": 0.1}),
    ("ah", {"jaw": 0.8, "upper": 0.25, "lower": 0.3}),
    ("ee", {"jaw": 0.2, "width": 0.75, "upper": 0.35, "lower": 0.5, "tongue": 0.4}),
    ("oo", {"jaw": 0.18, "width": -0.6, "pucker": 0.95, "lower": 0.2}),
    ("oh", {"jaw": 0.5, "width": -0.4, "pucker": 0.7, "upper": 0.1, "lower": 0.2}),
    ("f v", {"tuck": 1, "jaw": 0.14, "width": 0.15, "upper": 0.3}),
    ("s z", {"jaw": 0.1, "width": 0.35, "upper": 0.3, "lower": 0.55}),
    ("th", {"jaw": 0.2, "tongue": 1, "upper": 0.25, "lower": 0.4}),
    ("smile", {"smile": 1}),
    ("smile, ah", {"smile": 0.7, "jaw": 0.5, "upper": 0.3, "lower": 0.3}),
    ("knit", {"brow": -1}),
    ("raised", {"brow": 1}),
    ("half shut", {"blink": 0.5}),
    ("shut", {"blink": 1}),
    ("look left", {"yaw": -8, "gaze_x": -4}),
    ("look right", {"yaw": 8, "gaze_x": 4}),
    ("look up", {"pitch": -6, "gaze_y": -3}),
]
CLIP = (
    "Hello, and welcome. [smile] I am glad that you are here. Please have a look around, "
    "and tell me what you would like to make. Maybe a film about your own team?"
)
CELL, ROW = (260, 300), 6  # pixels of a cell, cells in a row
DRAWN, SHEET = 200, 50  # frames chosen at random, frames on a sheet
SHOWN = (280, 316)  # pixels of one of them


def sheet(avatar: faces.Avatar) -> Frame:
    """Poses, then 24 frames in a row."""
    face = _face(avatar, 1080)
    rest = dict.fromkeys(motion.TRACKS, 0.0)
    cells = [_cell(face, {**rest, **pose}, name) for name, pose in POSES]
    read = pipeline.read_script(_spec(avatar, CLIP))
    from rendering.stages import alignment, speech

    moved = motion.run(
        alignment.run(read, speech.run(read, avatar.voice or "af_heart")), fps=25, seed=1
    )
    for number in range(20, 44):
        tracks = {name: float(track[number]) for name, track in moved.tracks.items()}
        cells.append(_cell(face, tracks, f"{number / 25:.2f} s"))
    rows = [np.hstack(cells[i : i + ROW]) for i in range(0, len(cells), ROW)]
    return np.vstack(rows)


def drawn_by_lot(avatars: dict[str, faces.Avatar], seed: int, store: Store) -> list[Frame]:
    """DRAWN frames of the fixed list as the studio draws them, each equally likely, on sheets; marked label line:frame."""
    from rendering.stages import alignment, frames, speech

    lines = json.loads(SCRIPTS.read_text(encoding="utf-8"))["lines"]
    takes = []
    for label, avatar in avatars.items():
        for number, text in enumerate(lines, start=1):
            spec = _spec(avatar, text)
            read = pipeline.read_script(spec)
            timing = alignment.run(read, speech.run(read, spec.voice, store=store))
            moved = motion.run(
                timing, fps=spec.video.fps, seed=int(pipeline.line_key(spec)[:15], 16)
            )
            takes.append((label, avatar, number, spec, timing, moved))
    ends = np.cumsum([moved.frames for *_, moved in takes])
    lot = np.sort(np.random.default_rng(seed).choice(int(ends[-1]), DRAWN, replace=False))
    cells: list[Frame] = []
    for (label, avatar, number, spec, timing, moved), end in zip(takes, ends.tolist(), strict=True):
        chosen = lot[(lot >= end - moved.frames) & (lot < end)] - (end - moved.frames)
        if not chosen.size:
            continue
        only = Motion(moved.fps, {name: track[chosen] for name, track in moved.tracks.items()})
        made = frames.run(
            only, spec=spec, avatar=avatar, timing=timing, report=lambda stage, fraction: None
        )
        for position, frame in zip(chosen.tolist(), made, strict=True):
            cells.append(_shown(frame, f"{label} {number}:{position}"))
    sheets = [cells[i : i + SHEET] for i in range(0, DRAWN, SHEET)]
    return [np.vstack([np.hstack(one[i : i + 10]) for i in range(0, SHEET, 10)]) for one in sheets]


def _shown(frame: Frame, name: str) -> Frame:
    """The middle of a square frame from the top down."""
    wide = round(frame.shape[0] * SHOWN[0] / SHOWN[1])
    left = (frame.shape[1] - wide) // 2
    part = np.ascontiguousarray(frame[:, left : left + wide])
    small = cv2.resize(part, SHOWN, interpolation=cv2.INTER_AREA)
    cv2.putText(small, name, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (30, 30, 30), 1, cv2.LINE_AA)
    return small


def _face(avatar: faces.Avatar, height: int) -> portrait.Portrait:
    video = VideoFormat.of("16:9", height)
    return portrait.portrait(avatar, placing.standing(Layout(), video).face)


def _cell(drawn: portrait.Portrait, tracks: dict[str, float], name: str) -> Frame:
    x0, y0, x1, y1 = drawn.box
    whole = np.full((y1 - y0, x1 - x0, 3), GROUND, np.uint8)
    painting.lay(whole, Patch(drawn.draw_body(tracks, x0, y0, x1 - x0, y1 - y0), 0, 0))
    painting.lay(whole, Patch(drawn.draw(tracks), 0, 0))
    face = drawn.face
    x, y = face.mouth
    top, left = max(0, int(y - 0.80 * face.height)), max(0, int(x - 0.55 * face.height))
    part = whole[top : int(y + 0.47 * face.height), left : int(x + 0.55 * face.height)]
    small = cv2.resize(np.ascontiguousarray(part), CELL, interpolation=cv2.INTER_AREA)
    cv2.putText(
        small, name, (8, CELL[1] - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30, 30, 30), 1, cv2.LINE_AA
    )
    return small


def _spec(avatar: faces.Avatar, text: str, height: int = 720) -> LineSpec:
    key = avatar.slug
    voice = avatar.voice or "af_heart"
    return LineSpec(text=text, avatar=key, voice=voice, video=VideoFormat.of("1:1", height))


def clip(avatar: faces.Avatar, store: Store, out: Path) -> None:
    spec = _spec(avatar, CLIP)
    line = pipeline.render_line(spec, store=store)
    folder = store.folder / f"clip-{avatar.slug[:12]}"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    delivery.assemble([line], video=spec.video, folder=folder, title=avatar.name).video.replace(out)


def measured(avatar: faces.Avatar, store: Store) -> dict[str, Any]:
    """The figures over the whole list, spoken by this avatar."""
    source = photo.portrait_of(avatar.folder)
    readings: list[quality.Reading] = []
    drawn: list[dict[str, float]] = []
    lines = json.loads(SCRIPTS.read_text(encoding="utf-8"))["lines"]
    for number, text in enumerate(lines, start=1):
        spec = _spec(avatar, text)
        made = pipeline.render_line(spec, store=store)
        film, sound = store.path(made.key, ".mp4"), store.path(made.key, ".flac")
        try:
            read = quality.read(
                film,
                pipeline.read_script(spec),
                sound=sound,
                source=source,
                joined=bool(readings),
            )
        except BadInput as problem:
            print(f"line {number} left out: {problem.sentence}", flush=True)
            continue
        readings.append(read)
        drawn.append(made.quality)
    figures = quality.measure(readings)
    return {
        **figures,
        "lines": f"{len(readings)} of {len(lines)}",
        "jacobian": min(one["jacobian"] for one in drawn),
        "silence": max(one["silence"] for one in drawn),
        "changed": max(one["changed"] for one in drawn),
        "late": quality.measure(readings, late=quality.LATE),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "slugs", nargs="*", help="Avatars, or folders with a pack; default: all avatars."
    )
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--frames", type=int, metavar="SEED", help="Also sheets of frames.")
    options = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    store = Store(OUT / "store")
    found: dict[str, faces.Avatar] = {}
    for name in options.slugs or [avatar.slug for avatar in faces.stock()]:
        key = faces.write_pack(Path(name), store) if Path(name).is_dir() else name
        avatar = faces.get(key, store)
        label = Path(name).name
        cv2.imwrite(str(OUT / f"{label}.png"), sheet(avatar)[..., ::-1])
        clip(avatar, store, OUT / f"{label}.mp4")
        print(f"{label}: gallery/{label}.png, gallery/{label}.mp4", flush=True)
        found[label] = avatar
        if options.measure:
            print(json.dumps({label: measured(avatar, store)}), flush=True)
    if options.frames is not None:
        for number, one in enumerate(drawn_by_lot(found, options.frames, store), start=1):
            cv2.imwrite(
                str(OUT / f"frames-{number}.webp"), one[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 80]
            )
    pages = "".join(
        f'<h2>{label}</h2><video src="{label}.mp4" controls width="480"></video><br><img src="{label}.png" width="1560">'
        for label in found
    )
    (OUT / "index.html").write_text(
        f"<!doctype html><title>Avatars</title>{pages}", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
