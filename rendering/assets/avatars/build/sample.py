"""Lets packs speak one sentence: their sample.mp4. Runs in the product's own environment.

    python rendering/assets/avatars/build/sample.py            # of those that have none
    python rendering/assets/avatars/build/sample.py maya       # of somebody's looks again
    python rendering/assets/avatars/build/sample.py all

The clip is cut so that the face stands where it stands in poster.webp: a page can put one over the other.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT))

from rendering import faces, media, pipeline  # noqa: E402
from rendering.faces import tracker  # noqa: E402
from rendering.store import Store  # noqa: E402
from rendering.values import Background, Layout, LineSpec, VideoFormat  # noqa: E402

SAYS = "Hello, I'm {name}. Write what I should say, and I'll say it."
GROUND = Background("#e9e4dc")
DRAWN = VideoFormat(1080, 1350)
SIZE = (480, 600)
ROOMY = 0.92
"""Size at which the person is drawn, so that the frame holds the whole of the poster's view."""
EYES, FACE = 0.42, 0.36
"""Height of the eyes and length of the face in the poster, as parts of its height (pack.py)."""


def box(frame: np.ndarray) -> tuple[float, float, float, float]:
    """(left, top, width, height) of the poster's view, in pixels of an RGB frame [h, w, 3]."""
    points = tracker.find(frame)
    eyes = (points[468, :2] + points[473, :2]) / 2
    height = float(np.linalg.norm(points[10, :2] - points[152, :2])) / FACE
    width = height * SIZE[0] / SIZE[1]
    bottom = frame.shape[0] - height
    return float(eyes[0]) - width / 2, min(float(eyes[1]) - EYES * height, bottom), width, height


def make(avatar: faces.Avatar) -> Path:
    """Writes the sample of a pack; returns its path."""
    target = avatar.folder / "sample.mp4"
    spec = LineSpec(
        text=SAYS.format(name=avatar.name),
        avatar=avatar.slug,
        voice=avatar.voice,
        style="warm",
        background=GROUND,
        layout=Layout(scale=ROOMY),
        video=DRAWN,
    )
    with tempfile.TemporaryDirectory() as work:
        store = Store(Path(work) / "store")
        left, top, width, height = box(pipeline.rest_frame(spec, store=store))
        made = pipeline.render_line(spec, store=store)
        draft = Path(work) / "sample.mp4"
        cut = f"crop={width:.0f}:{height:.0f}:{max(0, left):.0f}:{max(0, top):.0f}"
        media.run(
            [
                *("-i", made.video, "-i", made.sound, "-vf"),
                f"{cut},scale={SIZE[0]}:{SIZE[1]}:flags=lanczos",
                *("-c:v", "libx264", "-preset", "veryslow", "-crf", "25", "-pix_fmt", "yuv420p"),
                *("-c:a", "aac", "-b:a", "96k", "-shortest", "-movflags", "+faststart"),
                *("-map_metadata", "-1", draft),
            ]
        )
        target.write_bytes(draft.read_bytes())
    return target


if __name__ == "__main__":
    named = sys.argv[1:]
    for avatar in faces.stock():
        if {avatar.slug, avatar.of, "all"} & set(named) or not (named or avatar.sample):
            path = make(avatar)
            print(path, f"{path.stat().st_size / 1e3:.0f} kB")
