"""Projects and renders in a given state, as rows, for tests of pages."""

import hashlib

from django.utils import timezone

from billing import models as billing
from rendering import storage, sums
from rendering.models import Render, Segment
from rendering.store import OWNER
from studio.models import Avatar, Project, Voice

WORDS = ("Hello, and welcome.", "Here is the second line.", "And this is the last.")


def everything():
    """All files in the store; the file of a hash counts only where it was left behind without its own file."""
    found = {path for path in storage.store().folder.rglob("*") if path.is_file()}
    found = {path for path in found if path.suffix != OWNER}
    return {
        path for path in found if path.suffix != sums.SUFFIX or path.with_suffix("") not in found
    }


def make_project(workspace, title="Spring briefing", script="Hello, and welcome.", **fields):
    project = Project.objects.create(workspace=workspace, title=title, **fields)
    avatar = Avatar.offered_to(workspace).first()
    voice = Voice.offered_to(workspace).first()
    project.add_scene(script=script, avatar=avatar, voice=voice)
    return project


def own_avatar(workspace, *, state="kept", pack="b" * 64, name="Robin"):
    """An avatar made from a photo, with a portrait and a preview that are only files."""
    from rendering import faces
    from studio.library import photos

    stock = faces.get("maya").folder
    avatar = Avatar.objects.create(
        workspace=workspace, slug=f"own-{name.lower()}", name=name, state=state, pack=pack
    )
    for kind in ("poster", "preview"):
        path = photos.path_of(avatar, kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((stock / "poster.webp").read_bytes())
    return avatar


def make_render(project, *, by=None, quoted=30, done=0, reused=(), title=None):
    """A queued render of three lines, charged; the first `done` lines are made, 4 s each."""
    render = Render.objects.create(
        workspace=project.workspace,
        project=project,
        requested_by=by,
        title=title or project.title,
        quoted=quoted,
    )
    if quoted:
        billing.charge(render, quoted, by)
    scene = project.live_scenes.first()
    for position, words in enumerate(WORDS, start=1):
        said = [
            [word, 0.5 + n, 1.0 + n] for n, word in enumerate(words.split()) if position <= done
        ]
        Segment.objects.create(
            render=render,
            position=position,
            scene=scene.pk,
            chapter="Opening" if position < 3 else "Close",
            text=words,
            avatar=scene.avatar,
            voice=scene.voice,
            spec={"language": "en-US"},
            key=hashlib.sha256(f"{render.pk}{position}".encode()).hexdigest(),
            line_key=str(position),
            estimated_seconds=4.0,
            reason="reused" if position in reused else "new",
            kept=position in reused,
            **(
                {
                    "status": "done",
                    "progress": 1.0,
                    "seconds": 4.0,
                    "timing": {"words": said},
                    "started_at": timezone.now(),
                    "ended_at": timezone.now(),
                }
                if position <= done
                else {}
            ),
        )
    return render


def put(data, suffix):
    """Bytes in the store, and the entry of Render.outputs that names them."""
    key = hashlib.sha256(data).hexdigest()
    path = storage.store().path(key, suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {"key": key, "suffix": suffix, "bytes": len(data), "sha256": key}


def deliver(render, video=b"not a film", used=12):
    """Ends the render as done, with files in the store."""
    if render.status == "queued":
        render.start()
    vtt = b"WEBVTT\n\n00:00.500 --> 00:04.000\nHello, and welcome.\n"
    render.end(
        "done",
        used=used,
        seconds=12.0,
        chapters=[
            {"title": "Opening", "start": 0.0, "end": 8.0},
            {"title": "Close", "start": 8.0, "end": 12.0},
        ],
        outputs=[
            {"kind": "video", **put(video, ".mp4"), "width": 1280, "height": 720},
            {"kind": "srt", **put(b"1\n", ".srt")},
            {"kind": "vtt", **put(vtt, ".vtt")},
            {"kind": "transcript", **put(b"Hello, and welcome.", ".txt")},
            {"kind": "poster", **put(b"\xff\xd8poster", ".jpg"), "width": 1280, "height": 720},
        ],
    )
    return render


def film_line(segment, suffix=".mp4"):
    """Puts two seconds of moving colour and a tone into the store as the film of this line."""
    import subprocess

    import numpy as np
    import soundfile

    from rendering import media, segments
    from rendering.values import SAMPLE_RATE, Timing, Word
    from rendering.values import Segment as Film

    store, empty = storage.store(), np.zeros(1, np.float32)
    codec = (
        ["libx264", "-preset", "ultrafast"]
        if suffix == ".mp4"
        else ["libvpx-vp9", "-cpu-used", "8"]
    )
    with store.write(segment.key, suffix) as film, store.write(segment.key, ".flac") as sound:
        command = [
            media.program(),
            "-v",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            "testsrc=s=160x90:d=2:r=25",
        ]
        command += ["-c:v", *codec, "-pix_fmt", "yuv420p", "-f", suffix[1:], str(film)]
        subprocess.run(command, check=True)
        tone = np.sin(np.arange(2 * SAMPLE_RATE) / 12) * 0.3
        soundfile.write(sound, tone, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    words = (Word("Hello,", 0.2, 0.7), Word("and", 0.8, 1.0), Word("welcome.", 1.0, 1.8))
    made = Film(
        key=segment.key,
        video=store.path(segment.key, suffix),
        sound=store.path(segment.key, ".flac"),
        timing=Timing(words, (), 2.0, 0.01, empty, empty),
        seconds=2.0,
    )
    segments.write(made, store)
    return made
