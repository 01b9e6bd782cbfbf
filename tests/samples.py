"""A page of sample pictures: `make samples`, or `python -m tests.samples [FOLDER]`.

A picture of every layout, caption style, background, overlay and transition, each in every aspect, with the safe area drawn in.
All are drawn by the composition of the pipeline, with a person at rest.
"""

from __future__ import annotations

import html
import itertools
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from rendering import clips, media, pipeline
from rendering.stages import composition, frames, painting
from rendering.store import Store
from rendering.values import (
    ASPECTS,
    PLACES,
    Background,
    Captions,
    Frame,
    Layout,
    LineSpec,
    Logo,
    Overlay,
    VideoFormat,
    Word,
)

ROOT = Path(__file__).resolve().parent.parent
HEIGHT = 540
WORDS = "The first thing to know is simple: it fits into one line."
HEADING = "What changed in the second quarter"
BODY = (
    "Three things moved the numbers.\n- Renewals came in nine days earlier\n"
    "- Support load fell by a third\n- Two new regions opened"
)


def slide(path: Path) -> Path:
    """A slide for a person to talk over."""
    sheet = np.full((1080, 1920, 3), (247, 244, 240), np.uint8)
    for number, height in enumerate((260, 340, 430, 560, 610)):
        x = 220 + 230 * number
        color = (120, 140, 62) if number < 4 else (102, 107, 15)
        cv2.rectangle(sheet, (x, 860 - height), (x + 150, 860), color, -1, cv2.LINE_AA)
    cv2.line(sheet, (180, 862), (1440, 862), (60, 60, 60), 3, cv2.LINE_AA)
    cv2.putText(
        sheet, "Renewals by month", (180, 190), cv2.FONT_HERSHEY_DUPLEX, 2.2, (40, 36, 32), 3,
        cv2.LINE_AA,
    )  # fmt: skip
    cv2.imwrite(str(path), sheet)
    return path


def room(path: Path) -> Path:
    """A room out of focus."""
    chance = np.random.default_rng(5)
    sheet = np.full((900, 1600, 3), (150, 170, 185), np.float32)
    sheet *= np.linspace(1.15, 0.7, 900, dtype=np.float32)[:, None, None]
    for _ in range(26):
        x, y = int(chance.integers(0, 1600)), int(chance.integers(0, 900))
        size = int(chance.integers(30, 150))
        color = [float(v) for v in chance.uniform(70, 245, 3)]
        cv2.circle(sheet, (x, y), size, color, -1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(sheet, (0, 0), 26)
    cv2.imwrite(str(path), np.clip(soft, 0, 255).astype(np.uint8))
    return path


def mark(path: Path) -> Path:
    """A logo with alpha."""
    sheet = np.zeros((300, 300, 4), np.uint8)
    cv2.circle(sheet, (150, 150), 140, (102, 107, 15, 255), -1, cv2.LINE_AA)
    cv2.ellipse(sheet, (150, 150), (70, 70), 0, 30, 330, (245, 248, 250, 255), 30, cv2.LINE_AA)
    cv2.imwrite(str(path), sheet)
    return path


def film(folder: Path) -> Path:
    """A moving background, taken in as an upload is."""
    source = folder / "film.mp4"
    moving = "gradients=s=1280x720:r=30:d=4:c0=0x16324f:c1=0x2f6f73:c2=0xd9a05b:n=3:speed=0.05"
    media.run(["-f", "lavfi", "-i", moving, "-c:v", "libx264", "-crf", "16", "-f", "mp4", source])
    return clips.intake(source, folder, "video").path


class Samples:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(folder / "store", reserve=0)
        self.slide, self.room = slide(folder / "slide.png"), room(folder / "room.png")
        self.logo, self.film = mark(folder / "mark.png"), film(folder)
        self.sections: list[tuple[str, list[tuple[str, str]]]] = []

    def background(self, kind: str) -> Background:
        return {
            "colour": Background("#e9e4dc"),
            "gradient": Background("#cfd8d3", to="#8fa7b4", angle=150),
            "office": Background(room="office"),
            "wall": Background(room="wall"),
            "window": Background(room="window"),
            "picture, cover": Background(picture=self.room, sha256="room"),
            "picture, contain": Background(
                "#2b3440", picture=self.slide, sha256="slide", fit="contain"
            ),
            "video": Background(video=self.film, sha256="film"),
            "transparent": Background(clear=True),
        }[kind]

    def save(self, title: str, name: str, frame: Frame) -> tuple[str, str]:
        path = self.folder / f"{title} {name}.jpg".replace(" ", "-").replace(":", "x").lower()
        cv2.imwrite(str(path), frame[..., 2::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
        return path.name, name

    def section(self, title: str, specs: dict[str, LineSpec]) -> None:
        """Each of the specs in every aspect."""
        found = []
        for name, spec in specs.items():
            for aspect in ASPECTS:
                codec = "vp9" if spec.background.clear else "h264"
                video = VideoFormat.of(aspect, HEIGHT, codec=codec, alpha=spec.background.clear)
                frame = pipeline.rest_frame(replace(spec, video=video), store=self.store)
                found.append(self.save(title, f"{name} {aspect}", painting.guided(frame, video)))
        self.sections.append((title, found))
        print(title, flush=True)

    def layouts(self) -> None:
        plain = LineSpec(WORDS, "maya", "preview", captions=Captions(True, "clean"))
        shown = self.background("picture, contain")
        talk = self.background("picture, cover")
        beside = Layout("half", heading=HEADING, body=BODY)
        self.section(
            "Layouts",
            {
                "full": plain,
                "close": replace(plain, layout=Layout("close"), avatar="daniel"),
                "half": replace(plain, layout=beside),
                "half, left, over a picture": replace(
                    plain,
                    layout=replace(beside, side="left"),
                    background=replace(talk, color="#1f3a3a"),
                ),
                "circle over a slide": replace(plain, layout=Layout("circle"), background=shown),
                "circle, left": replace(
                    plain, layout=Layout("circle", side="left"), background=talk, avatar="daniel"
                ),
                "corner over a slide": replace(plain, layout=Layout("corner"), background=shown),
            },
        )

    def captions(self) -> None:
        plain = LineSpec(WORDS, "maya", "preview", background=self.background("picture, cover"))
        styles = {
            f"{style} {position}": replace(plain, captions=Captions(True, style, position))  # type: ignore[arg-type]
            for style in ("clean", "boxed", "karaoke")
            for position in ("bottom", "middle", "top")
        }
        self.section("Captions", styles)

    def backgrounds(self) -> None:
        kinds = (
            "colour",
            "gradient",
            "office",
            "wall",
            "window",
            "picture, cover",
            "picture, contain",
            "video",
            "transparent",
        )
        plain = LineSpec(WORDS, "maya", "preview")
        self.section(
            "Backgrounds",
            {kind: replace(plain, background=self.background(kind)) for kind in kinds},
        )

    def overlays(self) -> None:
        plain = LineSpec(
            WORDS,
            "maya",
            "preview",
            background=self.background("gradient"),
            logo=Logo(self.logo, "mark"),
        )
        everywhere = tuple(Overlay(place, position=place) for place in PLACES)
        picture = Overlay(picture=self.slide, sha256="slide", size=0.42, position="right")
        self.section(
            "Overlays and logo",
            {
                "places": replace(plain, overlays=everywhere),
                "card": replace(
                    plain,
                    overlays=(Overlay("Nine days earlier", style="card", position="bottom-left"),),
                ),
                "plain": replace(
                    plain, overlays=(Overlay("Nine days\nearlier", size=0.1, position="left"),)
                ),
                "picture": replace(plain, overlays=(picture,)),
                "Hebrew and Arabic": replace(
                    plain,
                    overlays=(
                        Overlay("שלום לכולם, ברוכים הבאים", style="card", position="left"),
                        Overlay("مرحبا بكم جميعا", style="card", position="right"),
                    ),
                ),
            },
        )

    def transitions(self) -> None:
        """The frames around a border: the last ones of a scene and the first ones of the next."""
        found = []
        for name in ("cut", "fade"):
            for aspect in ASPECTS:
                video = VideoFormat.of(aspect, 270)
                first = LineSpec("", "maya", "preview", video=video)
                second = replace(
                    first,
                    layout=Layout("close"),
                    avatar="daniel",
                    background=self.background("gradient"),
                )
                before = self._moments(first, 2, None)
                after = self._moments(second, 16, before[-1] if name == "fade" else None)
                strip = [*before, *after[::3]]
                found.append(self.save("Transition", f"{name} {aspect}", np.hstack(strip)))
        self.sections.append(("Transitions, every third frame", found))
        print("Transitions", flush=True)

    def karaoke(self) -> None:
        """A caption while it is said, and an overlay that comes and goes with its words."""
        found = []
        words = [Word(word, 0.3 * n, 0.3 * n + 0.28) for n, word in enumerate(WORDS.split())]
        for style in ("clean", "boxed", "karaoke"):
            spec = LineSpec(
                WORDS,
                "maya",
                "preview",
                video=VideoFormat.of("16:9", 360),
                captions=Captions(True, style),  # type: ignore[arg-type]
                overlays=(Overlay("One line", style="card", position="left", first=4, last=8),),
            )
            every = self._moments(spec, 90, None, words)
            strip = np.vstack([np.hstack(every[5:65:15]), np.hstack(every[28:44:4])])
            found.append(self.save("Time", style, strip))
        self.sections.append(("Captions and overlays in time", found))

    def _moments(
        self, spec: LineSpec, count: int, before: Frame | None, words: list[Word] | None = None
    ) -> list[Frame]:
        picture, anchor = pipeline.resting(spec.avatar, spec.style, self.store)
        composed = composition.Composition(
            spec,
            frames.Still(spec, picture, anchor),
            words=words or [],
            seconds=count / spec.video.fps,
            before=None if before is None else (before for _ in itertools.count()),
        )
        return list(composed.frames({} for _ in range(count)))

    def write(self) -> Path:
        rows = ["<!doctype html><meta charset=utf-8><title>Samples</title><style>"]
        rows += ["body{font:15px/22px system-ui;margin:32px;background:#faf8f5;color:#1d1a17}"]
        rows += ["figure{display:inline-block;margin:0 16px 24px 0;vertical-align:top}"]
        rows += [
            "img{height:270px;border:1px solid #e7e2da}.wide img{height:auto;width:96vw}</style>"
        ]
        for title, pictures in self.sections:
            wide = " class=wide" if title.endswith(("frame", "time")) else ""
            rows.append(f"<h2>{html.escape(title)}</h2><div{wide}>")
            for path, name in pictures:
                label = html.escape(name)
                rows.append(
                    f'<figure><img src="{path}" alt="{label}" loading=lazy><figcaption>{label}</figcaption></figure>'
                )
            rows.append("</div>")
        page = self.folder / "index.html"
        page.write_text("\n".join(rows), encoding="utf-8")
        return page


def main() -> None:
    samples = Samples(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "samples")
    for part in ("layouts", "captions", "backgrounds", "overlays", "transitions", "karaoke"):
        getattr(samples, part)()
    print(samples.write())


if __name__ == "__main__":
    main()
