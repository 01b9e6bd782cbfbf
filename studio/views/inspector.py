"""The inspector under the frame: the look of a scene and of the whole video, with the current settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from rendering.stages import placing
from rendering.values import LONGEST_BUMPER, PLACES, VideoFormat
from studio.library.gallery import poster_of
from studio.models import Picture, Project, Scene
from studio.models.fields import PROJECT, SCENE, Choice
from studio.people.teams import whom_to_ask
from studio.projects import brand, composition, versions
from studio.projects.anchors import shown_overlays
from studio.projects.fields import project_settings
from studio.views.frames import HEIGHT, frame_url

BACKGROUNDS = [
    ("#e9e4dc", "Linen"),
    ("#f5f3ef", "Chalk"),
    ("#cfd8d3", "Sage"),
    ("#b9c6cf", "Mist"),
    ("#d8c3b4", "Clay"),
    ("#2f4a4a", "Pine"),
    ("#2b3440", "Slate"),
    ("#1f1c1a", "Graphite"),
]
SPEEDS = [("0.85", "Slow"), ("1.0", "Normal"), ("1.15", "Brisk"), ("1.3", "Fast")]
RECENT = 6
ICONS = {
    "16:9": "rectangle-horizontal",
    "5:4": "rectangle-horizontal",
    "1:1": "square",
    "4:5": "rectangle-vertical",
    "9:16": "rectangle-vertical",
}


PLACE_NAMES = [(place, place.replace("-", " ").capitalize()) for place in PLACES]


@dataclass(frozen=True)
class Guides:
    """The safe area of a frame, in thousandths of its width and height."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


def guides_of(project: Project) -> Guides:
    video = VideoFormat.of(project.aspect, HEIGHT)
    safe = placing.safe(video)
    across = lambda value: round(1000 * value / video.width)  # noqa: E731
    down = lambda value: round(1000 * value / video.height)  # noqa: E731
    return Guides(across(safe.left), down(safe.top), across(safe.right), down(safe.bottom))


def inspector(project: Project, scene: Scene, number: int) -> dict[str, Any]:
    """The context of studio/_inspector.html."""
    scene.project = project
    colors = dict(BACKGROUNDS)
    background = SCENE["background"].name_of(scene.background)
    if scene.background == "color":
        background = colors.get(scene.background_color, background)
    elif scene.background == "room":
        background = SCENE["background_room"].name_of(scene.background_room)
    speed = next(
        (name for value, name in SPEEDS if float(value) == scene.speed), f"{scene.speed:g}"
    )
    logo, music = composition.usable(project.logo), composition.usable(project.music)
    captions = PROJECT["caption_style"].name_of(project.caption_style)
    pictures = project.workspace.pictures
    usable = project.workspace.clips.filter(kind="video", state__in=("making", "ready"))
    short = usable.filter(seconds__lte=LONGEST_BUMPER + composition.SLACK)
    return {
        "project": project,
        "scene": scene,
        "scene_number": number,
        "poster": poster_of(scene.avatar),
        "film": versions.latest_number(project),
        "brand": _brand(project),
        "usual_voice": scene.usual_voice if scene.voice_by_hand else None,
        "aspects": [(value, name, ICONS[value]) for value, name in PROJECT["aspect"].choices],
        "colors": BACKGROUNDS,
        "own_color": scene.background_color not in colors,
        "speeds": SPEEDS,
        "offered": {
            name: field.choices
            for name, field in (SCENE | PROJECT).items()
            if isinstance(field, Choice)
        },
        "pictures": _recent(pictures.exclude(use=Picture.Use.LOGO), scene.picture),
        "logos": _recent(pictures.exclude(use=Picture.Use.BACKGROUND), logo),
        "shown_pictures": _recent(pictures, None),
        "clips": _recent(usable, scene.clip),
        "bumpers": [
            (name, words, getattr(project, f"{name}_id"), _recent(short, getattr(project, name)))
            for name, words in composition.BUMPERS.items()
        ],
        "tunes": _recent(project.workspace.clips.filter(kind="music"), music),
        "frame_url": frame_url(scene),
        "guides": guides_of(project),
        "overlays": shown_overlays(scene),
        "overlay_places": PLACE_NAMES,
        "shared": {k: v for k, v in project_settings(project).items() if k != "title"},
        "set_to": {
            "manner": f"{SCENE['style'].name_of(scene.style)}, {speed.lower()}",
            "layout": SCENE["layout"].name_of(scene.layout),
            "background": background,
            "overlays": len(scene.overlays) or "None",
            "transition": SCENE["transition"].name_of(scene.transition),
            "format": f"{PROJECT['aspect'].name_of(project.aspect)}, {PROJECT['resolution'].name_of(project.resolution)}",
            "captions": captions if project.burn_captions else "Off",
            "font": PROJECT["font"].name_of(project.font),
            "bumpers": gettext("Both")
            if project.intro_id and project.outro_id
            else gettext("Intro")
            if project.intro_id
            else gettext("Outro")
            if project.outro_id
            else gettext("None"),
            "logo": logo.name if logo else "None",
            "music": music.name if music else "None",
        },
    }


def _brand(project: Project) -> dict[str, Any]:
    """What the brand kit locks in this project, and whether the project has something else."""
    kit = brand.kit_of(project.workspace)
    if kit is None:
        return {}
    locked = [part for part in brand.PARTS if kit.lock(part) == kit.Lock.LOCKED]
    broken = sorted({breach.part for breach in brand.breaches(project)})
    ask = whom_to_ask(project.workspace) if locked else ""
    return {"locked": locked, "broken": broken, "palette": kit.palette, "ask": ask}


def _recent(rows: Any, chosen: Any) -> list[Any]:
    """The latest uploads, the chosen one among them."""
    found = list(rows.filter(removed_at=None)[:RECENT])
    if chosen is not None and chosen not in found:
        found = [chosen, *found[: RECENT - 1]]
    return found
