"""From the rows of a project to the values that the pipeline composes with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rendering.stages import lettering
from rendering.values import (
    LONGEST_BUMPER,
    Background,
    BadInput,
    Bumper,
    Bumpers,
    Captions,
    Layout,
    LineSpec,
    Logo,
    Music,
    Overlay,
    VideoFormat,
)
from studio.models import Clip, Picture, Project, Scene
from studio.models.fields import PROJECT, SCENE, values_of
from studio.projects import overlays

HEIGHTS = {"720p": 720, "1080p": 1080, "2160p": 2160}
CODECS = {"mp4": ("h264", "av1"), "webm": ("vp9",)}


def usable(row: Picture | Clip | None) -> Picture | Clip | None:
    """The upload, if it is ready and was not removed."""
    if row is None or row.removed_at is not None or (isinstance(row, Clip) and not row.ready):
        return None
    return row


def background_of(scene: Scene) -> Background:
    """The scene's background; its colour replaces a picture or a video that was removed."""
    color, picture, clip = scene.background_color, usable(scene.picture), usable(scene.clip)
    if scene.background == "none":
        return Background(color, clear=True)
    if scene.background == "gradient":
        return Background(color, to=scene.background_to, angle=scene.background_angle)
    if scene.background == "room":
        return Background(color, room=scene.background_room)
    fit = "contain" if scene.fit == "contain" else "cover"
    if scene.background == "picture" and picture:
        return Background(color, picture.path, picture.sha256, fit=fit)  # type: ignore[arg-type]
    if scene.background == "video" and clip:
        return Background(color, video=clip.path, sha256=clip.sha256, fit=fit)  # type: ignore[arg-type]
    return Background(color)


def layout_of(scene: Scene) -> Layout:
    """The scene's layout, without the text beside the person if it has no room for it."""
    layout = Layout(**values_of(scene, SCENE, "layout"))
    return layout if scene.layout == "half" else replace(layout, heading="", body="")


def captions_of(project: Project) -> Captions:
    return Captions(**values_of(project, PROJECT, "captions"))


def logo_of(project: Project) -> Logo | None:
    picture = usable(project.logo)
    if picture is None:
        return None
    return Logo(picture.path, picture.sha256, project.logo_position, project.logo_size)  # type: ignore[arg-type]


def music_of(project: Project) -> Music | None:
    clip = usable(project.music)
    if clip is None:
        return None
    return Music(clip.path, clip.sha256, project.music_volume, project.music_duck)


def bumpers_of(project: Project) -> Bumpers:
    """The intro and the outro; one that was removed is left out. Raises BadInput for one that is not ready or too long."""
    return Bumpers(*(_bumper(getattr(project, name), name, project.fps) for name in BUMPERS))


BUMPERS = {"intro": _("Intro"), "outro": _("Outro")}


def _bumper(clip: Clip | None, name: str, fps: int) -> Bumper | None:
    if clip is None or clip.removed_at is not None:
        return None
    check_bumper(clip, name)
    if not clip.ready:
        raise unready(clip, f"{BUMPERS[name]}:", path=f"{name}.asset_id")
    return Bumper(
        path=clip.path,
        sha256=clip.sha256,
        seconds=max(1, round(min(clip.seconds, LONGEST_BUMPER) * fps)) / fps,
        ratio=clip.width / clip.height if clip.width and clip.height else 16 / 9,
        sound=clip.sound_path,
        sound_sha256=clip.sound,
    )


SLACK = 0.5  # seconds over LONGEST_BUMPER that are cut without a word


def check_bumper(clip: Clip, name: str) -> None:
    """Raises BadInput for a video that is too long for an intro or an outro. name: of BUMPERS."""
    if clip.seconds <= LONGEST_BUMPER + SLACK:
        return
    raise BadInput(
        gettext(
            "{part}: “{name}” is {seconds} s long; at most {most} s can be used. Cut it shorter, or choose another."
        ).format(
            part=BUMPERS[name],
            name=clip.name,
            seconds=math.ceil(clip.seconds),
            most=round(LONGEST_BUMPER),
        ),
        code="file_unusable",
        field=name,
        path=f"{name}.asset_id",
    )


def spoken(scene: Scene, text: str, dictionary: tuple[tuple[str, str, str], ...] = ()) -> LineSpec:
    """A line of the scene as it is spoken. Of its look it has only the avatar."""
    voice = scene.voice
    return LineSpec(
        text=text,
        avatar=scene.avatar.face if scene.avatar else "",
        voice=voice.slug if voice else "",
        language=voice.language if voice else "en-US",
        markup=scene.markup,  # type: ignore[arg-type]
        speed=scene.speed,
        dictionary=dictionary,
    )


def spec_of(
    scene: Scene,
    text: str,
    video: VideoFormat,
    dictionary: tuple[tuple[str, str, str], ...] = (),
) -> LineSpec:
    """A line of the scene with its look; overlays, edited captions and the transition depend on its position among the others."""
    return replace(
        spoken(scene, text, dictionary),
        style=scene.style,
        background=background_of(scene),
        video=video,
        layout=layout_of(scene),
        captions=captions_of(scene.project),
        logo=logo_of(scene.project),
        font=scene.project.font,
        seed=scene.project.seed,
    )


def pictures_of(scene: Scene) -> dict[str, Picture]:
    """The pictures that its overlays show, by id."""
    wanted = {row["asset_id"] for row in scene.overlays if row["asset_id"]}
    if not wanted:
        return {}
    rows = Picture.objects.filter(
        workspace=scene.project.workspace_id, pk__in=wanted, removed_at=None
    )
    return {row.pk: row for row in rows}


def overlays_of(scene: Scene, words: Sequence[int]) -> list[tuple[Overlay, ...]]:
    """The overlays of each line. words: how many words each line has."""
    if not scene.overlays or not words:
        return [() for _ in words]
    return overlays.of_lines(scene, words, pictures_of(scene))


def codec_of(project: Project, codec: str | None = None) -> str:
    """The codec that was asked for, or the usual one of the container. Raises BadInput if they do not go together."""
    offered = CODECS[project.container]
    if codec is None:
        return offered[0]
    if codec not in offered:
        raise BadInput(
            f"A {project.container.upper()} holds {' or '.join(offered)}, not {codec[:20]}; change one of them.",
            code="conflicting_fields",
            path="codec",
        )
    return codec


def format_of(
    project: Project,
    scenes: Sequence[Scene],
    *,
    height: int | None = None,
    codec: str | None = None,
) -> VideoFormat:
    """The format of the whole video: transparent if any scene is, so that all can be joined."""
    return VideoFormat.of(
        project.aspect,
        height or HEIGHTS[project.resolution],
        project.fps,
        codec_of(project, codec),
        alpha=any(scene.background == "none" for scene in scenes),
    )


def check_clip(scene: Scene, number: int) -> None:
    """Raises BadInput while the video behind the person is being prepared, and if it could not be."""
    clip = scene.clip if scene.background == "video" else None
    if clip is None or clip.ready or clip.removed_at is not None:
        return
    begin = gettext("Scene {number}, background:").format(number=number)
    raise unready(clip, begin, path=f"scenes[{number - 1}].background")


def unready(clip: Clip, begin: str, *, path: str) -> BadInput:
    """Why a video that is not ready cannot be rendered. begin: where it is used."""
    if clip.state == Clip.State.MAKING:
        return BadInput(
            gettext("{begin} “{name}” is still being prepared; render when it is ready.").format(
                begin=begin, name=clip.name
            ),
            code="asset_not_ready",
            path=path,
        )
    return BadInput(
        gettext("{begin} “{name}” cannot be used; choose another.").format(
            begin=begin, name=clip.name
        ),
        code="file_unusable",
        path=path,
    )


def check_words(scene: Scene, number: int) -> None:
    """Raises BadInput for text beside the person that cannot be drawn."""
    for name in ("heading", "body"):
        try:
            lettering.check(getattr(scene, name))
        except BadInput as problem:
            raise BadInput(
                f"Scene {number}, {name}: {problem.sentence}",
                code=problem.code,
                scene=number,
                path=f"scenes[{number - 1}].{name}",
            ) from None
