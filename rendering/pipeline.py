"""From a script to a film of each line: the first six stages in order.

`render_line` takes one line through them and encodes it; finishing.py joins the lines to a signed video. Every result
is stored under the hash of what decides it, so that a retry, a resume after a crash and a second render of the same
words are one mechanism. Whatever draws is imported where it is used: the site only reads scripts and keys.
"""

from __future__ import annotations

import functools
import hashlib
import json
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rendering import faces, memory, rooms, segments, voices
from rendering.faces import engines
from rendering.failpoints import reach
from rendering.stages import alignment, captions, delivery, lettering, motion, speech
from rendering.stages import script as script_stage
from rendering.store import Store
from rendering.values import (
    Canceled,
    Frame,
    Heard,
    LineSpec,
    Report,
    Script,
    Segment,
    Speech,
    fields_of,
)

VERSION = "line/1"


@functools.lru_cache(maxsize=2048)
def read_script(spec: LineSpec) -> Script:
    """Stage 1 for one line. Raises BadInput for what cannot be spoken, and for an unknown voice."""
    return script_stage.run(
        spec.text,
        markup=spec.markup,
        language=spec.language,
        dictionary=spec.dictionary,
        supports=voices.get(spec.voice).supports,
    )


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


@functools.lru_cache(maxsize=2048)
def line_key(spec: LineSpec) -> str:
    """The hash of what is paid for: the words as spoken and shown, voice, avatar, manner and seed.

    Background, size, captions and codec are not in it: changing them is free. Of the dictionary only
    what it changes in this line counts, so a new entry leaves all other lines as they are.
    """
    script = read_script(spec)
    said = [
        [
            sentence.pause,
            [
                (s.text, s.shown, s.emphasis, s.rate, s.pitch, s.phonemes, s.pause)
                for s in sentence.spans
            ],
        ]
        for sentence in script.sentences
    ]
    manner = (float(spec.speed), float(spec.pitch), spec.style, spec.seed)
    marks = [(mark.name, mark.place, mark.until, mark.wait) for mark in script.marks]
    return _hash(VERSION, said, marks, spec.language, spec.voice, spec.avatar, *manner)


def length_of(spec: LineSpec, parsed: Script, *, store: Store) -> tuple[float, bool]:
    """Seconds of the line, and whether they are exact: they are once its speech is in the store."""
    exact = speech.length(parsed, spec.voice, speed=spec.speed, pitch=spec.pitch, store=store)
    if exact is not None:
        return _in_frames(exact, spec), True
    return speech.estimate(parsed, spec.voice, spec.speed), False


def unspoken(spec: LineSpec, parsed: Script, known: set[str], *, store: Store) -> float:
    """Share of the line's sound that has still to be spoken, 0 to 1; `known`: the sentences of the lines before it."""
    return speech.unspoken(
        parsed, spec.voice, known, speed=spec.speed, pitch=spec.pitch, store=store
    )


def _in_frames(seconds: float, spec: LineSpec) -> float:
    return round(seconds * spec.video.fps) / spec.video.fps


def speak(
    spec: LineSpec, *, store: Store | None = None, stop: threading.Event | None = None
) -> Speech:
    """Stages 1 and 2 alone: the line's sound, cached sentence by sentence."""
    return speech.run(
        read_script(spec), spec.voice, speed=spec.speed, pitch=spec.pitch, store=store, stop=stop
    )


def sentences(spec: LineSpec, *, store: Store, stop: threading.Event) -> Iterator[Speech]:
    """The line's sentences, each as soon as it is made or found in the store."""
    return speech.sentences(
        read_script(spec), spec.voice, speed=spec.speed, pitch=spec.pitch, store=store, stop=stop
    )


def _looks(spec: LineSpec) -> list[Any]:
    """What decides the picture apart from what is said; files by their content, not by their path."""
    from rendering.stages import (  # drawing is large: not loaded for speech alone
        composition,
        frames,
    )

    background, overlays = fields_of(spec.background), [fields_of(one) for one in spec.overlays]
    logo = fields_of(spec.logo) if spec.logo else None
    for part in (background, logo, *overlays):
        for name in ("picture", "video"):
            if part and part.get(name):
                part[name] = part["sha256"]
    room = background.pop("room")  # none: as before there were rooms
    if room:
        background["room"] = rooms.sha256(room)
    composed = [background, fields_of(spec.layout), overlays, logo]
    if spec.layout.heading or spec.layout.body or any(one.text for one in spec.overlays):
        composed += _font(spec)
    size = (spec.video.width, spec.video.height, spec.video.alpha)
    made_by = [frames.VERSION, composition.VERSION, faces.get(spec.avatar).sha256]
    if spec.engine != engines.PORTRAIT:
        made_by += [spec.engine, engines.version(spec.engine)]
    return [*made_by, composed, size]


def _font(spec: LineSpec) -> list[Any]:
    """The font as a part of a key. The usual one is left out, so that films from before there was a choice keep theirs."""
    return [spec.font] if spec.font != lettering.USUAL else []


@dataclass(frozen=True, slots=True)
class Border:
    """What a line takes over from those before it. at: seconds at which its background's video stands when it begins.

    before, before_at: the line that it dissolves from, and the same for that line's video at its end.
    """

    at: float = 0.0
    before: LineSpec | None = None
    before_at: float = 0.0


def looks_back(spec: LineSpec) -> bool:
    """Whether the lines before it in the video matter for its pictures."""
    return spec.transition == "fade" or spec.background.video is not None


def border(
    spec: LineSpec,
    earlier: Sequence[LineSpec],
    *,
    store: Store,
    stop: threading.Event | None = None,
) -> Border:
    """The border of a line. earlier: the lines before it in the video, in order. Raises Canceled within a second of
    `stop`.

    Where a background's video runs on, the lengths of the scene's earlier lines count: those that were not spoken yet
    are spoken now, and cached.
    """
    before = earlier[-1] if spec.transition == "fade" and earlier else None
    return Border(
        at=_shown(spec, earlier, store, stop),
        before=before,
        before_at=_shown(before, earlier, store, stop) if before else 0.0,
    )


def _shown(
    spec: LineSpec, earlier: Sequence[LineSpec], store: Store, stop: threading.Event | None
) -> float:
    """Seconds that the background's video of this line's scene has run when these lines are over."""
    if spec.background.video is None:
        return 0.0
    total = 0.0
    for line in (line for line in earlier if line.scene == spec.scene):
        seconds, exact = length_of(line, read_script(line), store=store)
        total += seconds if exact else _in_frames(speak(line, store=store, stop=stop).seconds, line)
    return total


def segment_key(spec: LineSpec, border: Border = Border()) -> str:
    """The hash of everything that decides how the segment looks and sounds."""
    made_by = (
        speech.VERSION,
        voices.ENGINES[voices.get(spec.voice).engine].revision,
        motion.VERSION,
    )
    encoded = (delivery.VERSION, spec.video.fps, spec.video.codec, spec.draft)
    burnt = spec.captions
    captioned: Any = (captions.VERSION, *burnt.look) if burnt.burn_in else ""
    if captioned:
        captioned = [*captioned, *_font(spec)]
        if spec.cues:
            captioned.append([asdict(cue) for cue in spec.cues])
    met: list[Any] = [border.at]
    if border.before is not None:
        met += [_looks(border.before), border.before.style, border.before_at, "runs on"]
    return _hash("segment", line_key(spec), made_by, _looks(spec), captioned, encoded, met)


def segment_keys(lines: Sequence[LineSpec], lengths: Sequence[float | None]) -> list[str]:
    """The segment_key of each line of a video; "" where it depends on sound that is yet to be made.

    lengths: seconds of each line, None where they are not known exactly.
    """
    found: list[str] = []
    shown: dict[int, float | None] = {}  # by scene, where its background's video stands
    for number, (spec, length) in enumerate(zip(lines, lengths, strict=True)):
        before = lines[number - 1] if spec.transition == "fade" and number else None
        at, before_at = (
            shown.get(line.scene, 0.0) if line and line.background.video else 0.0
            for line in (spec, before)
        )
        if at is None or before_at is None:
            found.append("")
        else:
            found.append(segment_key(spec, Border(at, before, before_at)))
        so_far = shown.get(spec.scene, 0.0)
        shown[spec.scene] = None if so_far is None or length is None else so_far + length
    return found


def rest_key(spec: LineSpec) -> str:
    """The hash of what decides the picture of the avatar at rest, without the words of captions."""
    captioned = (spec.captions.burn_in, *spec.captions.look)
    if spec.captions.burn_in:
        captioned += tuple(_font(spec))
    return _hash("rest", *_looks(spec), captioned, motion.VERSION, motion.rest(spec.style))


def rest_frame(spec: LineSpec, *, store: Store, safe: bool = False) -> Frame:
    """The avatar at rest in its composition, RGB, with the expression of its style and every overlay; with burnt-in
    captions, spec.text stands as caption. What is transparent shows checks; safe: the edge of the safe area is drawn in."""
    from rendering.stages import frames, painting  # drawing is large: not loaded for speech alone

    caption = captions.opening(spec.text) if spec.captions.burn_in else ""
    picture, anchor = resting(spec.avatar, spec.style, store)
    extent = faces.extent(faces.get(spec.avatar, store))
    frame = painting.checkered(frames.preview(spec, picture, anchor, extent, caption))
    return painting.guided(frame, spec.video) if safe else frame


@functools.lru_cache(maxsize=8)
def resting(avatar: str, style: str, store: Store) -> tuple[Frame, tuple[float, float]]:
    """The picture of frames.resting and where its face is, cached in the store, so that a preview loads no engine."""
    import cv2  # large: loaded when it is needed

    from rendering.stages import frames  # drawing is large: not loaded for speech alone

    face, pose = faces.get(avatar, store), motion.rest(style)
    key = _hash("resting", frames.VERSION, motion.VERSION, face.sha256, pose, frames.STILL)
    found = store.find(key, ".png")
    if found is None:
        with store.write(key, ".png") as path:
            drawn = cv2.cvtColor(frames.resting(face, pose), cv2.COLOR_RGBA2BGRA)
            cv2.imwrite(str(path), drawn, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        found = store.path(key, ".png")
    read = cv2.imread(str(found), cv2.IMREAD_UNCHANGED)
    if read is None:
        raise FileNotFoundError(found)
    return cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA), faces.anchor(face, frames.STILL)


def _ending(spec: LineSpec, at: float, *, store: Store) -> Generator[Frame, None, None]:
    """How the line goes on after its end, without captions: the person at rest, and the overlays that stay."""
    from rendering.stages import frames  # drawing is large: not loaded for speech alone

    avatar = faces.get(spec.avatar, store)
    return frames.ending(spec, avatar=avatar, pose=motion.rest(spec.style), at=at)


def heard(
    spec: LineSpec, path: Path, *, store: Store, stop: threading.Event | None = None
) -> Heard:
    """What is heard of a line, while its pictures may still be drawn; its sound is written to `path`."""
    spoken = speak(spec, store=store, stop=stop)
    timing = alignment.run(read_script(spec), spoken)
    frames = motion.length(timing, spec.video.fps)
    delivery.write_sound(spoken.wav, frames, spec.video.fps, path)
    return Heard(path, timing, frames / spec.video.fps)


class Clock:
    """Wall seconds per stage. Frames are pulled through three stages at once, each timed apart."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - begun)

    def add(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    def over(self, stage: str, frames: Iterable[Frame], *, within: str) -> Iterator[Frame]:
        """The frames, the time they take counted for `stage` and taken from `within`, which pulls them."""
        source = iter(frames)
        while True:
            begun = time.perf_counter()
            frame = next(source, None)
            spent = time.perf_counter() - begun
            self.add(stage, spent)
            self.add(within, -spent)
            if frame is None:
                return
            yield frame


def silent(stage: str, fraction: float) -> None:
    pass


def prepare(spec: LineSpec, store: Store) -> None:
    """Prepares the face for the lines that will be drawn; whatever fails here fails there too, and is told there."""
    from rendering.stages import frames  # drawing is large: not loaded for speech alone

    if spec.engine == engines.PORTRAIT:
        with suppress(Exception):
            frames.Drawn(spec, faces.get(spec.avatar, store))


def render_line(
    spec: LineSpec,
    *,
    store: Store,
    earlier: Sequence[LineSpec] = (),
    report: Report = silent,
    stop: threading.Event | None = None,
) -> Segment:
    """One line, from its words to an encoded segment; `reused` if the store held it.

    earlier: the lines before it in the video. Raises BadInput for what the reader can mend, Canceled within a second of
    `stop` or when `report` raises it, StoreFull, weights.NotReady if the engine cannot start. What was finished before
    stays in the store for the next try.
    """
    met = border(spec, earlier, store=store, stop=stop)
    key = segment_key(spec, met)
    found = segments.stored(key, store)
    if found is not None:
        return replace(found, reused=True)
    with memory.room(spec.video.width, spec.video.height) as alone:
        return _made_line(spec, key, met, alone, store=store, report=report, stop=stop)


def _made_line(
    spec: LineSpec,
    key: str,
    met: Border,
    alone: bool,
    *,
    store: Store,
    report: Report,
    stop: threading.Event | None,
) -> Segment:
    """render_line for a line that is not stored; `alone`: memory is short, so the voice is unloaded before frames
    are drawn."""
    from rendering.stages import frames, smoothing  # drawing is large: not loaded for speech alone

    clock = Clock()

    def progress(stage: str, fraction: float) -> None:
        if stop is not None and stop.is_set():
            raise Canceled
        report(stage, fraction)
        if stage == "speech" and fraction > 0:
            reach("stage:speech")

    with clock("script"):
        progress("script", 0.0)
        script = read_script(spec)
        reach("stage:script")
    with clock("speech"):
        spoken = speech.run(
            script,
            spec.voice,
            speed=spec.speed,
            pitch=spec.pitch,
            store=store,
            stop=stop,
            report=progress,
        )
    if alone:
        voices.release()
    with clock("alignment"):
        progress("alignment", 0.0)
        timing = alignment.run(script, spoken)
        reach("stage:alignment")
    with clock("motion"):
        progress("motion", 0.0)
        seed = int(line_key(spec)[:15], 16)
        avatar = faces.get(spec.avatar, store)
        moved = motion.run(
            timing,
            fps=spec.video.fps,
            seed=seed,
            style=spec.style,
            marks=script.marks,
            reach=faces.reach(avatar),
        )
        reach("stage:motion")
    before = _ending(met.before, met.before_at, store=store) if met.before else None
    drawn = frames.run(
        moved,
        spec=spec,
        avatar=avatar,
        timing=timing,
        report=progress,
        at=met.at,
        before=before,
        wav=spoken.wav,
        seed=seed,
        store=store,
    )
    half = moved.frames // 2
    smoothed = smoothing.run(
        _passing("stage:frames", half, clock.over("frames", drawn, within="smoothing")),
        pure=engines.get(spec.engine).pure,
        fps=spec.video.fps,
    )
    with (
        clock("delivery"),
        store.write(key, spec.video.suffix) as film,
        store.write(key, ".flac") as sound,
    ):
        count = delivery.segment(
            _passing("stage:smoothing", half, clock.over("smoothing", smoothed, within="delivery")),
            spoken.wav,
            video=spec.video,
            draft=spec.draft,
            film=film,
            sound=sound,
            stop=stop,
        )
    report("smoothing", 1.0)
    made = Segment(
        key=key,
        video=store.path(key, spec.video.suffix),
        sound=store.path(key, ".flac"),
        timing=timing,
        seconds=count / spec.video.fps,
        stages={stage: round(seconds, 4) for stage, seconds in clock.seconds.items()},
        quality={
            **{name: float(figure) for name, figure in smoothed.figures.items()},
            **drawn.figures,
            "audio_lufs": round(speech.loudness(spoken.wav), 2),
        },
        warnings=(*script.warnings, *captions.fast(timing.words, spec.cues)),
    )
    segments.write(made, store)
    return made


def _passing(point: str, number: int, frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames, with the failpoint `point` before frame `number`."""
    for at, frame in enumerate(frames):
        if at == number:
            reach(point)
        yield frame
