"""The settings of a scene and of a project as forms post them: what a page shows, compares and takes back."""

from __future__ import annotations

import json
import re
from typing import Any

from studio.models import Project, Scene


def whole(text: str | None) -> int | None:
    """A whole number as forms and addresses send it, of at most nine digits; else nothing."""
    return int(text) if text and re.fullmatch("[0-9]{1,9}", text) else None


def settings_of(scene: Scene) -> dict[str, Any]:
    return {
        "title": scene.title,
        "script": scene.script,
        "markup": scene.markup,
        "avatar": scene.avatar.slug if scene.avatar else "",
        "voice": scene.voice.slug if scene.voice else "",
        "voice_by_hand": "1" if scene.voice_by_hand else "",
        "speed": f"{scene.speed:g}",
        "style": scene.style,
        "background": scene.background,
        "background_color": scene.background_color,
        "background_to": scene.background_to,
        "background_angle": str(scene.background_angle),
        "picture": scene.picture_id or "",
        "clip": scene.clip_id or "",
        "fit": scene.fit,
        "layout": scene.layout,
        "layout_side": scene.layout_side,
        "layout_x": _plain(scene.layout_x),
        "layout_y": _plain(scene.layout_y),
        "layout_scale": _plain(scene.layout_scale),
        "heading": scene.heading,
        "body": scene.body,
        "overlays": json.dumps(scene.overlays),
        "cues": json.dumps(scene.cues),
        "transition": scene.transition,
    }


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:g}"


def project_settings(project: Project) -> dict[str, str]:
    return {
        "title": project.title,
        "aspect": project.aspect,
        "resolution": project.resolution,
        "fps": str(project.fps),
        "container": project.container,
        "burn_captions": "1" if project.burn_captions else "0",
        "caption_style": project.caption_style,
        "caption_position": project.caption_position,
        "logo": project.logo_id or "",
        "logo_position": project.logo_position,
        "logo_size": _plain(project.logo_size),
        "music": project.music_id or "",
        "music_volume": _plain(project.music_volume),
        "music_duck": _plain(project.music_duck),
    }
