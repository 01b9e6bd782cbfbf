"""A composition, read back from its frames: the person, captions, overlays, borders, moving backgrounds."""

import itertools
import subprocess
from dataclasses import replace

import cv2
import numpy as np
import pytest

from rendering import clips, media, pipeline
from rendering.faces import tracker
from rendering.stages import captions, composition, frames, lettering, painting, placing
from rendering.store import Store
from rendering.values import (
    ASPECTS,
    Background,
    BadInput,
    Captions,
    Layout,
    LineSpec,
    Logo,
    Overlay,
    VideoFormat,
    Word,
)

FPS = 25
WORDS = [
    Word(word, 0.3 + 0.3 * n, 0.55 + 0.3 * n) for n, word in enumerate(["One", "two", "three"])
]
SMALL = VideoFormat.of("16:9", 360)
PLAIN = LineSpec("One two three", "maya", "preview", video=SMALL)
LAYOUTS = ("full", "half", "close", "circle", "corner")


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """(picture, place of the face in it, store) of Maya at rest."""
    store = Store(tmp_path_factory.mktemp("store"), reserve=0)
    return *pipeline.resting("maya", "neutral", store), store


def moments(person, spec, count=60, words=WORDS, **borders):
    picture, anchor, _ = person
    still = frames.Still(spec, picture, anchor)
    seconds = count / spec.video.fps
    made = composition.Composition(spec, still, words=words, seconds=seconds, **borders)
    return list(made.frames({} for _ in range(count)))


def changed(one, other, least=12):
    """(left, top, right, bottom) of what differs; None if nothing does."""
    rows, columns = np.nonzero(np.abs(one.astype(int) - other).max(2) > least)
    if not rows.size:
        return None
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def inside(box, area):
    return (
        box[0] >= area.left
        and box[1] >= area.top
        and box[2] <= area.right
        and box[3] <= area.bottom
    )


def found(shown, wanted):
    """The landmarks of the face near the position where it should stand, in the frame; LookupError without a face."""
    reach = 1.7 * wanted.face
    y = wanted.top + wanted.face / 2
    top, left = max(0, int(y - reach)), max(0, int(wanted.x - reach))
    part = shown[top : int(y + reach), left : int(wanted.x + reach)]
    points = tracker.find(np.ascontiguousarray(part))
    points[:, :2] += (left, top)
    return points


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_person_stands_where_the_layout_says(person, aspect):
    """A face tracker finds the face of each layout at its place, in each aspect."""
    for frame in LAYOUTS:
        video = VideoFormat.of(aspect, 720)
        layout = Layout(frame)  # type: ignore[arg-type]
        spec = replace(PLAIN, video=video, layout=layout)
        wanted = placing.standing(layout, video)
        shown = pipeline.rest_frame(spec, store=person[2])
        points = found(shown, wanted)
        face = np.linalg.norm(points[10, :2] - points[152, :2])
        assert face == pytest.approx(wanted.face, rel=0.09), frame
        middle = (points[10, 0] + points[152, 0]) / 2
        assert abs(middle - wanted.x) < 0.12 * wanted.face, frame
        assert -0.14 < (points[10, 1] - wanted.top) / wanted.face < 0.2, (
            frame
        )  # the foot is never bare


def test_sides_and_positions_of_a_layout_are_followed(person):
    def face(layout):
        video = VideoFormat.of("16:9", 720)
        shown = pipeline.rest_frame(replace(PLAIN, video=video, layout=layout), store=person[2])
        points = found(shown, placing.standing(layout, video))
        return points[[10, 152], :2].mean(0) / (video.width, video.height)

    assert face(Layout("half", side="left"))[0] < 0.35 < 0.65 < face(Layout("half"))[0]
    assert face(Layout("circle", x=0.3, y=0.4)) == pytest.approx((0.3, 0.4), abs=0.05)
    assert face(Layout("full", x=0.7))[0] == pytest.approx(0.7, abs=0.02)


def test_nothing_outside_the_circle_is_touched(person):
    spec = replace(PLAIN, layout=Layout("circle"), background=Background("#336699"))
    shown = pipeline.rest_frame(spec, store=person[2])
    x, y, radius = placing.standing(spec.layout, SMALL).circle
    rows, columns = np.indices(shown.shape[:2])
    away = np.hypot(columns - x, rows - y)
    assert (shown[away > 1.3 * radius] == (0x33, 0x66, 0x99)).all()
    assert (np.abs(shown[away < 0.45 * radius].astype(int) - (0x33, 0x66, 0x99)).max(1) > 20).all()


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("style", ["clean", "boxed", "karaoke"])
def test_captions_lie_inside_the_safe_area(person, style, aspect):
    video = VideoFormat.of(aspect, 360)
    long = "A caption that takes two whole lines,\nbecause so much is said at once."
    for frame in ("full", "circle"):
        for position in ("bottom", "middle", "top"):
            spec = replace(PLAIN, text=long, video=video, layout=Layout(frame))  # type: ignore[arg-type]
            burnt = replace(spec, captions=Captions(True, style, position))  # type: ignore[arg-type]
            plain, shown = (pipeline.rest_frame(s, store=person[2]) for s in (spec, burnt))
            box = changed(plain, shown)
            assert inside(box, placing.safe(video)), (frame, position, box)


@pytest.mark.parametrize("style", ["clean", "boxed", "karaoke"])
def test_captions_come_and_go_with_their_words(person, style):
    plain = moments(person, PLAIN)
    shown = moments(person, replace(PLAIN, captions=Captions(True, style)))
    visible = [changed(a, b) is not None for a, b in zip(plain, shown, strict=True)]
    (cue,) = captions.cues(WORDS)
    first, last = visible.index(True), len(visible) - 1 - visible[::-1].index(True)
    assert abs(first / FPS - cue.start) <= 1 / FPS
    assert abs((last + 1) / FPS - cue.end) <= 1 / FPS
    assert all(visible[first : last + 1])


def test_karaoke_lights_the_word_that_is_said(person):
    shown = moments(person, replace(PLAIN, captions=Captions(True, "karaoke")))
    lit = []
    for word in WORDS:
        frame = shown[round((word.start + word.end) / 2 * FPS)].astype(int)
        columns = np.nonzero(np.abs(frame - painting.HIGHLIGHT).max(2) < 12)[1]
        lit.append((columns.min(), columns.max()))
    assert lit[0][0] < lit[1][0] < lit[2][0]
    assert lit[0][1] < lit[1][1] < lit[2][1]
    assert all(lit[n][1] < lit[n + 1][1] and lit[n][0] < lit[n + 1][0] for n in range(2))


def test_an_overlay_stands_while_its_words_are_said(person):
    overlay = Overlay("Look", first=1, last=1, style="card", position="left")
    plain, shown = moments(person, PLAIN), moments(person, replace(PLAIN, overlays=(overlay,)))
    visible = [changed(a, b) is not None for a, b in zip(plain, shown, strict=True)]
    first = visible.index(True) / FPS
    last = (len(visible) - visible[::-1].index(True)) / FPS
    assert WORDS[1].start <= first <= WORDS[1].start + 3 / FPS
    assert WORDS[1].end < last <= WORDS[1].end + composition.FADE + 1 / FPS
    whole = changed(plain[21], shown[21])
    assert inside(whole, placing.safe(SMALL))


def test_an_overlay_over_two_lines_does_not_blink_between_them(person):
    overlay = Overlay("Still here", position="left")
    ends = replace(PLAIN, overlays=(replace(overlay, first=2),))
    begins = replace(PLAIN, overlays=(replace(overlay, last=0),))
    last, first = moments(person, ends)[-1], moments(person, begins)[0]
    assert np.array_equal(last, first)
    assert changed(last, moments(person, PLAIN)[-1]) is not None


def test_a_late_word_brings_its_overlay_in_whole_before_the_line_ends(person):
    overlay = Overlay("Late", first=2)
    words = [Word("One", 0.1, 0.3), Word("two", 1.4, 1.5), Word("three", 1.55, 1.6)]
    shown = moments(person, replace(PLAIN, overlays=(overlay,)), words=words, count=40)
    through = moments(
        person, replace(PLAIN, overlays=(replace(overlay, first=None),)), words=words, count=40
    )
    assert np.abs(shown[-1].astype(int) - through[-1]).max() < 40


def luma(shown):
    return np.array([frame.mean() for frame in shown])


def test_scenes_dissolve_without_a_step(person):
    """From one scene to the next the light changes evenly; a cut, to compare, steps."""
    dark = replace(PLAIN, background=Background("#10151a"))
    light = replace(PLAIN, background=Background("#f5f3ef"), layout=Layout("circle"))
    before = moments(person, dark)
    cut = luma(before[-3:] + moments(person, light)[:20])
    ending = (before[-1] for _ in itertools.count())
    fade = luma(before[-3:] + moments(person, light, before=ending)[:20])
    assert np.abs(np.diff(cut)).max() > 60
    assert np.abs(np.diff(fade)).max() < 20
    assert abs(fade[3] - fade[2]) < 6
    assert fade[-1] == cut[-1]


def test_lines_of_one_scene_meet_without_a_step(person):
    spec = replace(PLAIN, captions=Captions(True))
    last, first = moments(person, spec)[-1], moments(person, spec)[0]
    assert np.array_equal(last, first)


@pytest.fixture(scope="module")
def ramp(tmp_path_factory):
    """A clip of 2 s whose grey is its time (16 to 216), sent with a variable frame rate."""
    folder = tmp_path_factory.mktemp("ramp")
    source = folder / "source.mp4"
    grey = "nullsrc=s=128x72:r=30:d=2,format=gray,geq=lum='16+100*T'"
    uneven = "select='lt(t,0.6)+gt(t,1.4)+not(mod(n,3))'"
    subprocess.run(
        [
            *(media.program(), "-y", "-loglevel", "error", "-f", "lavfi", "-i", grey),
            *(
                "-vf",
                f"{uneven},format=yuvj420p",
                "-fps_mode",
                "vfr",
                "-c:v",
                "libx264",
                "-crf",
                "4",
            ),
            source,
        ],
        check=True,
    )
    return clips.intake(source, folder, "video")


@pytest.mark.parametrize("fps", [25, 30])
def test_a_moving_background_keeps_time_and_loops(person, ramp, fps):
    """The grey tells the time: right at every moment, through the border of two lines and of the loop."""
    assert ramp.seconds == pytest.approx(2.0, abs=0.05)
    background = Background(video=ramp.path, sha256=ramp.sha256)
    spec = replace(PLAIN, video=VideoFormat.of("16:9", 240, fps), background=background)
    one = moments(person, spec, count=fps, words=[])
    two = moments(person, spec, count=2 * fps, words=[], at=1.0)
    grey = np.array([frame[:8, :8].mean() for frame in one + two])
    times = np.arange(grey.size) / fps
    wanted = 16 + 100 * (times % ramp.seconds)
    near_the_turn = np.minimum(times % ramp.seconds, ramp.seconds - times % ramp.seconds) < 0.1
    assert (
        np.abs(grey - wanted)[~near_the_turn].max() < 12
    )  # 0.12 s, of which a slow stretch has 0.1
    assert abs(np.diff(grey)[fps - 1]) < 12  # between the lines


@pytest.mark.parametrize("height", [720, 2160])
@pytest.mark.parametrize("fit", ["cover", "contain"])
def test_a_film_stands_upright_beside_text(tmp_path, fit, height):
    """The part beside the text is an odd number of columns wide; black above and white below stay so."""
    source = tmp_path / "halves.mp4"
    halves = "color=black:s=640x360:r=25:d=0.4,drawbox=0:180:640:180:white:fill"
    media.run(["-f", "lavfi", "-i", halves, "-c:v", "libx264", "-f", "mp4", source])
    clip = clips.intake(source, tmp_path, "video")
    background = Background("#0000ff", video=clip.path, sha256=clip.sha256, fit=fit)
    video = VideoFormat.of("16:9", height)
    part = placing.standing(Layout("half", heading="Halves"), video).split
    shown = next(painting.behind(background, video, part, 0.0))
    assert shown.shape == (part.height, part.width, 3)
    middle = part.height // 2
    away = part.height // 10
    assert shown[middle - away, 4:-4].max() < 20
    assert shown[middle + away, 4:-4].min() > 235


def test_gradients_and_pictures_fill_the_frame_as_set(tmp_path):
    slide = np.full((200, 200, 3), (0, 0, 255), np.uint8)
    path = tmp_path / "slide.png"
    cv2.imwrite(str(path), slide)
    covers = Background("#000000", path, "a" * 64)
    contained = painting.painted(replace(covers, fit="contain"), SMALL)
    assert tuple(contained[180, 5]) == (0, 0, 0)
    assert tuple(contained[180, 320]) == (255, 0, 0)
    assert tuple(painting.painted(covers, SMALL)[180, 5]) == (255, 0, 0)
    down = painting.painted(Background("#000000", to="#ffffff", angle=180), SMALL)
    assert down[2].mean() < 5
    assert down[-3].mean() > 250
    across = painting.painted(Background("#000000", to="#ffffff", angle=90), SMALL)
    assert across[:, 2].mean() < 5
    assert across[:, -3].mean() > 250


def test_the_logo_keeps_its_alpha_and_its_margin(person, tmp_path):
    mark = np.zeros((100, 200, 4), np.uint8)
    mark[20:80, 20:180] = (0, 0, 255, 255)
    path = tmp_path / "mark.png"
    cv2.imwrite(str(path), mark)
    for aspect in ASPECTS:
        video = VideoFormat.of(aspect, 360)
        spec = replace(PLAIN, video=video, background=Background("#336699"))
        logo = replace(spec, logo=Logo(path, "b" * 64, "top-right", 0.2))
        plain, shown = (pipeline.rest_frame(s, store=person[2]) for s in (spec, logo))
        box = changed(plain, shown)
        assert inside(box, placing.safe(video))
        assert (box[2] - box[0]) == pytest.approx(0.2 * 360 * 0.8, abs=3)  # its clear edge is clear


def test_text_of_a_right_to_left_script_runs_from_the_right():
    block = lettering.block("שלום לכולם\nכן", family=lettering.family("strong"), size=40, width=400)
    assert block.right
    mask = lettering.mask(block)
    second = np.flatnonzero(mask[block.pitch :].max(0) > 60)
    assert second.min() > 0.5 * block.width  # the short line stands at the right
    joined = lettering.load(block.font, 40).getlength("سلام") if block.font else 0
    assert joined
    arabic = lettering.block("سلام", family=lettering.family("strong"), size=40, width=400)
    alone = sum(lettering.load(arabic.font, 40).getlength(char) for char in "سلام")
    assert lettering.load(arabic.font, 40).getlength("سلام") < 0.9 * alone  # letters join


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("漢字", "do not have: 字 漢"),
        ("Hello 🎉", "do not have: 🎉"),
        ("Привет שלום", "mixes scripts"),
    ],
)
def test_text_that_no_font_has_is_refused(text, sentence):
    with pytest.raises(BadInput, match=sentence):
        lettering.check(text)


@pytest.mark.parametrize(
    "text", ["Çà et là, Łódź, Đà Nẵng", "Γειά σου Κόσμε", "Привет, мир", "“Quotes” — 5 €"]
)
def test_the_fonts_cover_european_scripts(text):
    lettering.check(text)


def test_long_texts_stay_inside_the_frame(person):
    text = "word " * 60
    for aspect in ASPECTS:
        video = VideoFormat.of(aspect, 360)
        spec = replace(PLAIN, video=video)
        laid = replace(spec, overlays=(Overlay(text, position="center"),))
        box = changed(*(pipeline.rest_frame(s, store=person[2]) for s in (spec, laid)))
        assert inside(box, placing.safe(video)), aspect
        beside = replace(spec, layout=Layout("half", heading="A heading " * 6, body=text))
        bare = replace(spec, layout=Layout("half"))
        box = changed(*(pipeline.rest_frame(s, store=person[2]) for s in (bare, beside)))
        assert inside(box, placing.safe(video)), aspect


def test_captions_that_go_by_too_fast_are_warned_about():
    slow = [Word("Unhurriedly", 0.0, 1.0)]
    quick = [Word("incomprehensibilities", 0.1 * n, 0.1 * n + 0.1) for n in range(10)]
    assert captions.fast(slow) == []
    (warning, *_) = captions.fast(quick)
    assert warning.code == "captions_fast"
    assert "characters a second" in warning.message


def test_a_transparent_film_has_its_alpha(tmp_path):
    """A whole line as WebM: clear beside the person, solid in the face, and colours not darkened at the edge."""
    store = Store(tmp_path / "store", reserve=0)
    video = VideoFormat(320, 180, FPS, "vp9", alpha=True)
    spec = replace(PLAIN, text="Hi.", video=video, background=Background(clear=True))
    made = pipeline.render_line(spec, store=store)
    opened = ["-c:v", "libvpx-vp9", "-i", made.video, "-vf", "format=rgba"]
    found = list(media.pictures(opened, (180, 320, 4)))
    assert len(found) == round(made.seconds * FPS)
    stands = placing.standing(spec.layout, video)
    for frame in found[:: max(1, len(found) // 4)]:
        alpha = frame[..., 3]
        assert alpha[:20, :60].max() <= 8
        assert alpha[round(stands.top + stands.face / 2), round(stands.x)] >= 247
    opaque = replace(spec, video=replace(video, codec="h264", alpha=False))
    ground = replace(opaque, background=Background("#808080"))
    wanted = pipeline.rest_frame(ground, store=store).astype(float)
    alpha = found[0][..., 3:].astype(float) / 255
    laid = found[0][..., :3] * alpha + 128 * (1 - alpha)
    edge = (found[0][..., 3] > 60) & (found[0][..., 3] < 200)
    assert np.abs(laid - wanted)[edge].mean() < 16
