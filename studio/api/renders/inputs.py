"""The body of a request for a render, as rows of a project; what cannot be used is refused with its path."""

from __future__ import annotations

import re
import textwrap
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext

from rendering.stages import lettering
from studio import access
from studio.api.common import PLAIN_ID, given, invalid, offered
from studio.api.problems import Refusal
from studio.api.renders import bodies
from studio.models import Avatar, Clip, Picture, Project, Scene, Voice, Workspace
from studio.models.fields import PROJECT, SCENE
from studio.models.projects import new_seed
from studio.projects import brand, composition, overlays, templates
from studio.renders.plan import check_characters

Asset = TypeVar("Asset", Picture, Clip)


SOURCES = ("script", "scenes", "project_id", "template_id")


OF_THE_PROJECT = ("title", *bodies.Choices.model_fields, *bodies.Film.model_fields)


def _asset(rows: QuerySet[Asset], wanted: str, path: str, noun: str) -> Asset:
    """An upload of the workspace. For another workspace's, the refusal is that of an id that does not exist."""
    row = rows.filter(pk=wanted, removed_at=None).first()
    if row is None:
        raise invalid(
            path,
            gettext("There is no {noun} {id}; upload one with POST /assets.").format(
                noun=noun, id=wanted
            ),
        )
    return row


def _background(
    workspace: Workspace, wanted: bodies.Background | None, path: str
) -> dict[str, Any]:
    """Fields of a scene."""
    if wanted is None:
        return {}
    kind = {"image": "picture"}.get(wanted.type, wanted.type)
    found: dict[str, Any] = {"background": kind}
    needed = {"color": ["color"], "gradient": ["color", "to"], "room": [], "none": []}
    for name in needed.get(kind, ["asset_id"]):
        if getattr(wanted, name) is None:
            raise invalid(
                f"{path}.{name}",
                f"A background of type {wanted.type} needs its {name}.",
                "missing_field",
            )
    if kind == "picture":
        rows = Picture.objects.filter(workspace=workspace)
        found["picture"] = _asset(rows, wanted.asset_id or "", f"{path}.asset_id", "picture")
    elif kind == "video":
        clips = Clip.objects.filter(workspace=workspace, kind="video")
        found["clip"] = _asset(clips, wanted.asset_id or "", f"{path}.asset_id", "video")
    found |= given(SCENE, "background", wanted)
    return found


def _layout(wanted: bodies.Layout | None, path: str) -> dict[str, Any]:
    """Fields of a scene."""
    if wanted is None:
        return {}
    for name in ("heading", "body"):
        lettering.check(getattr(wanted, name), path=f"{path}.{name}")
    return given(SCENE, "layout", wanted)


def _overlays(
    workspace: Workspace, wanted: list[bodies.Overlay] | None, path: str
) -> dict[str, Any]:
    """Fields of a scene."""
    if wanted is None:
        return {}
    rows = [overlay.model_dump(by_alias=True, exclude_none=True) for overlay in wanted]
    return {"overlays": overlays.checked(rows, workspace, path)}


def _anchored(scene: dict[str, Any], path: str) -> None:
    """Refuses overlays on words that the script does not have."""
    rows = scene.get("overlays", ())
    words = overlays.words_of(scene["script"], scene["markup"]) if rows else []
    for number, row in enumerate(rows):
        for name in ("from", "to"):
            anchor = row[name]
            if anchor is None or not words:
                continue
            where = f"{path}overlays[{number}].{name}"
            if anchor["line"] > len(words):
                raise invalid(f"{where}.line", f"The scene has only {len(words)} lines.")
            count = len(words[anchor["line"] - 1])
            if anchor["word"] > count:
                sentence = f"Line {anchor['line']} has only {count} words."
                raise invalid(f"{where}.word", sentence)


def _scene(
    workspace: Workspace, scene: bodies.Choices, over: bodies.Choices, path: str
) -> dict[str, Any]:
    """The scene's own choices, else those of the request, else the first stock avatar and its voice."""

    def chosen(name: str) -> tuple[Any, str]:
        own = getattr(scene, name)
        return (own, f"{path}{name}") if own is not None else (getattr(over, name), name)

    wanted, where = chosen("avatar_id")
    avatars = Avatar.offered_to(workspace)
    avatar = (
        offered(avatars, wanted, where, "avatar")
        if wanted
        else avatars.filter(workspace=None, of="").first()
    )
    if avatar is None:
        raise invalid(
            "avatar_id", gettext("This workspace has no avatar yet; make one from a photo.")
        )
    wanted, where = chosen("voice_id")
    voices = Voice.offered_to(workspace)
    usual = voices.filter(slug=avatar.voice_slug).first() or voices.first()
    voice = offered(voices, wanted, where, "voice") if wanted else usual
    if voice is None:
        raise invalid("voice_id", "This workspace has no voice yet.")
    language, where = chosen("language")
    if language and language.lower() not in (voice.language.lower(), voice.language[:2].lower()):
        raise invalid(
            where,
            f"{voice.name} speaks {voice.language}, not {language}; choose another voice.",
            "language_unsupported",
        )
    settings, _ = chosen("voice_settings")
    background, where = chosen("background")
    return {
        "avatar": avatar,
        "voice": voice,
        "voice_by_hand": bool(wanted),
        **given(SCENE, "", scene, over),
        **given(SCENE, "voice_settings", settings),
        **_background(workspace, background, where),
        **_layout(*chosen("layout")),
        **_overlays(workspace, *chosen("overlays")),
    }


def _logo(workspace: Workspace, wanted: bodies.Logo | None) -> dict[str, Any]:
    if wanted is None:
        return {}
    rows = Picture.objects.filter(workspace=workspace)
    picture = _asset(rows, wanted.asset_id, "logo.asset_id", "picture")
    return {"logo": picture, **given(PROJECT, "logo", wanted)}


def _music(workspace: Workspace, wanted: bodies.Music | None) -> dict[str, Any]:
    if wanted is None:
        return {}
    rows = Clip.objects.filter(workspace=workspace, kind="music")
    music = _asset(rows, wanted.asset_id, "music.asset_id", "music")
    found = {"music": music, **given(PROJECT, "music", wanted)}
    return found if wanted.duck else {**found, "music_duck": 0.0}


def _bumpers(workspace: Workspace, wanted: bodies.Film) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in composition.BUMPERS:
        bumper: bodies.Bumper | None = getattr(wanted, name)
        if bumper:
            path = f"{name}.asset_id"
            rows = Clip.objects.filter(workspace=workspace, kind="video")
            found[name] = _asset(rows, bumper.asset_id, path, "video")
            composition.check_bumper(found[name], name)
    return found


def first_words(script: str) -> str:
    """A title from a script: its first words without marks, at most 60 characters."""
    plain = re.sub(r"<[^>]*>|[#*_`>\[\]]", " ", script[:600])
    return textwrap.shorten(plain, 60, placeholder="…") or "Untitled"


def _made(workspace: Workspace, wanted: bodies.RenderRequest) -> tuple[Project, list[Scene]]:
    """The inline input as an unsaved project: it is saved with its render, and can then be opened in the studio."""
    inline = wanted.scenes or [bodies.SceneRequest(script=wanted.script or "")]
    scenes = [
        {
            **_scene(workspace, scene, wanted, f"scenes[{number}]." if wanted.scenes else ""),
            "script": scene.script,
            "title": scene.title or "",
        }
        for number, scene in enumerate(inline)
    ]
    check_characters(sum(len(fields["script"]) for fields in scenes))
    for number, fields in enumerate(scenes):
        _anchored(fields, f"scenes[{number}]." if wanted.scenes else "")
    project = Project(
        workspace=workspace,
        title=wanted.title or first_words(inline[0].script),
        seed=new_seed() if wanted.seed is None else wanted.seed,
        container=wanted.container or ("webm" if wanted.codec == "vp9" else "mp4"),
        **given(PROJECT, "", wanted),
        **(given(PROJECT, "captions", wanted.captions) if wanted.captions else {}),
        **_logo(workspace, wanted.logo),
        **_music(workspace, wanted.music),
        **_bumpers(workspace, wanted),
    )
    made = [
        Scene(project=project, position=position, **fields)
        for position, fields in enumerate(scenes, start=1)
    ]
    brand.dress(project, made, chosen=True)
    return project, made


def _from_template(
    workspace: Workspace, wanted: bodies.RenderRequest
) -> tuple[Project, list[Scene]]:
    """The template with its gaps filled, as an unsaved project."""
    template = access.template_named(workspace, wanted.template_id or "")
    for name in OF_THE_PROJECT:
        if name != "title" and getattr(wanted, name) is not None:
            sentence = gettext(
                "{name} is set in the template; make it a variable there, or send scenes instead of template_id."
            ).format(name=name)
            raise invalid(name, sentence, "conflicting_fields")
    project, scenes = templates.fill(template, workspace, wanted.variables or {})
    if wanted.title:
        project.title = wanted.title
    return project, scenes


def project_of(
    workspace: Workspace, wanted: bodies.RenderRequest
) -> tuple[Project, list[Scene] | None]:
    """The project that is named; or an unsaved one made from the body, with its scenes."""
    sources = [name for name in SOURCES if getattr(wanted, name) is not None]
    if not sources:
        sentence = gettext("Send one of script, scenes, project_id and template_id.")
        raise invalid("script", sentence, "missing_field")
    if len(sources) > 1:
        raise invalid(
            sources[1], f"Send {sources[0]} or {sources[1]}, not both.", "conflicting_fields"
        )
    if wanted.variables is not None and wanted.template_id is None:
        sentence = gettext("variables go with template_id.")
        raise invalid("variables", sentence, "conflicting_fields")
    if wanted.project_id is None:
        if wanted.revision is not None:
            raise invalid("revision", "revision goes with project_id.", "conflicting_fields")
        return _from_template(workspace, wanted) if wanted.template_id else _made(workspace, wanted)
    for name in OF_THE_PROJECT:
        if getattr(wanted, name) is not None:
            raise invalid(
                name,
                f"{name} is saved in the project; change it there, or send script instead of project_id.",
                "conflicting_fields",
            )
    if not PLAIN_ID.match(wanted.project_id):
        raise Refusal("not_found")
    return access.project(workspace, wanted.project_id), None
