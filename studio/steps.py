"""What can be taken back and done again in a project, in words for the buttons."""

from __future__ import annotations

from typing import Any

from studio.models import Change, Project

NAMES = {
    "title": "Title",
    "script": "Script",
    "markup": "Written as",
    "avatar": "Avatar",
    "voice": "Voice",
    "voice_by_hand": "Voice",
    "speed": "Speed",
    "style": "Manner",
    "background": "Background",
    "background_color": "Background colour",
    "background_to": "End of the gradient",
    "background_angle": "Angle of the gradient",
    "picture": "Picture",
    "clip": "Video",
    "fit": "Fit",
    "layout": "Layout",
    "layout_side": "Side",
    "layout_x": "Place across",
    "layout_y": "Place down",
    "layout_scale": "Size",
    "heading": "Heading",
    "body": "Text beside the person",
    "overlays": "Overlays",
    "cues": "Captions",
    "transition": "Transition",
    "aspect": "Shape",
    "resolution": "Resolution",
    "fps": "Frame rate",
    "container": "Kind of file",
    "burn_captions": "Captions in the picture",
    "caption_style": "Caption style",
    "caption_position": "Place of captions",
    "logo": "Logo",
    "logo_position": "Place of the logo",
    "logo_size": "Size of the logo",
    "music": "Music",
    "music_volume": "Volume of the music",
    "music_duck": "Ducking",
}
"""Fields of a scene and of a project, as people call them."""


def steps(project: Project, by: Any) -> dict[str, str]:
    """{"undo": what would be taken back, "redo": what would be done again}; empty where there is nothing."""
    return {
        "undo": _words(project, Change.last_done(project, by)),
        "redo": _words(project, Change.last_undone(project, by)),
    }


def _words(project: Project, change: Change | None) -> str:
    if change is None:
        return ""
    if "order" in change.after:
        return "order of the scenes"
    where = ""
    if change.scene_id:
        ids = [scene.pk for scene in project.live_scenes]
        where = f" of scene {ids.index(change.scene_id) + 1}" if change.scene_id in ids else ""
    if "removed" in change.after:
        return f"removed scene{where}" if change.after["removed"] else f"new scene{where}"
    names = [name for name in change.after if name in NAMES]
    first = NAMES[names[0]].lower() if names else "change"
    return first + where
