"""manage.py quality: a real film is read back and passes; one whose sound is late, or that does not speak, fails."""

import json
import subprocess

import pytest
from django.core.management import call_command

from rendering import media

LINE = (
    "Welcome back. Maybe you have a big meeting today, so let me show you the plan. "
    "Three simple steps solve a problem that many people have."
)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """The words above, spoken by Daniel: made by the pipeline, joined, unsigned."""
    from rendering import pipeline
    from rendering.stages import delivery
    from rendering.store import Store
    from rendering.values import LineSpec, VideoFormat

    folder = tmp_path_factory.mktemp("film")
    store = Store(folder / "store", reserve=0)
    video = VideoFormat.of("1:1", 480)
    line = pipeline.render_line(
        LineSpec(text=LINE, avatar="daniel", voice="af_heart", video=video), store=store
    )
    (folder / "made").mkdir()
    return delivery.assemble([line], video=video, folder=folder / "made", title="Film").video


def ffmpeg(*arguments):
    subprocess.run([media.program(), "-v", "error", "-y", *map(str, arguments)], check=True)


def quality(capsys, *arguments):
    code = 0
    try:
        call_command("quality", *map(str, arguments))
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    return (
        code,
        said.out,
        said.err.replace("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n", ""),
    )


def test_a_film_of_the_studio_meets_every_target(film, capsys):
    code, out, _ = quality(capsys, film, "--text", LINE, "--avatar", "daniel", "--json")
    report = json.loads(out)
    print(report)
    assert (code, all(report["good"].values())) == (0, True)
    assert report["late"]["auc"] < 0.85  # the same film, held against a wrong timing
    assert report["late"]["shut"] < 0.8


def test_a_film_with_late_sound_fails(film, tmp_path, capsys):
    late = tmp_path / "late.mp4"
    ffmpeg("-i", film, "-itsoffset", "0.2", "-i", film, "-map", "0:v", "-map", "1:a", "-c:v", "copy",
           "-af", "adelay=200:all=1", late)  # fmt: skip
    code, out, _ = quality(capsys, late, "--text", LINE)
    assert code == 1
    assert "Lips meet on P, B and M" in out
    assert "NOT MET" in out


def test_a_still_picture_fails(film, tmp_path, capsys):
    still = tmp_path / "still.mp4"
    ffmpeg("-i", film, "-vf", "loop=loop=-1:size=1:start=0,trim=duration=9", "-shortest", still)
    code, out, _ = quality(capsys, still, "--text", LINE, "--json")
    good = json.loads(out)["good"]
    assert code == 1
    assert not any(good[name] for name in ("auc", "open", "contrast", "blinks"))


def test_a_film_of_somebody_else_misses_its_identity(film, capsys):
    _, out, _ = quality(capsys, film, "--text", LINE, "--avatar", "maya", "--json")
    assert not json.loads(out)["good"]["identity"]


@pytest.mark.parametrize(
    "wrong", ["no file", "no film", "no sound", "no words", "no face", "nobody"]
)
def test_a_film_that_cannot_be_measured_ends_with_one_sentence(film, tmp_path, capsys, wrong):
    path, text, more, sentence = film, LINE, [], ""
    if wrong == "no file":
        path, sentence = tmp_path / "none.mp4", "There is no file"
    elif wrong == "no film":
        path = tmp_path / "words.mp4"
        path.write_text("these are only words")
        sentence = "not an MP4 video"
    elif wrong == "no sound":
        path, sentence = tmp_path / "quiet.mp4", "has no sound"
        ffmpeg("-i", film, "-an", "-c", "copy", path)
    elif wrong == "no words":
        text, sentence = " ", "Give the words"
    elif wrong == "no face":
        path, sentence = tmp_path / "blank.mp4", "No face is found at 0.0 s"
        ffmpeg("-i", film, "-vf", "drawbox=color=gray:t=fill", "-c:a", "copy", path)
    else:
        more, sentence = ["--avatar", "nobody"], "There is no avatar called"
    code, _, complaint = quality(capsys, path, "--text", text, *more)
    assert code == 2
    assert sentence in complaint
    assert len(complaint.strip().splitlines()) == 1


def test_the_studio_measures_its_own_films(tmp_path):
    from rendering import measuring, pipeline
    from rendering.store import Store
    from rendering.values import Canceled, LineSpec, VideoFormat

    store = Store(tmp_path, reserve=0)
    spec = LineSpec(
        text="Maybe [smile] you have a *big* meeting today, so let me show you the plan.",
        avatar="daniel",
        voice="am_michael",
        video=VideoFormat.of("1:1", 360),
    )
    line = pipeline.render_line(spec, store=store)
    found = measuring.measure([(spec, line.key)], store=store, stop=lambda: False)
    print(found)
    assert found["good"]["auc"]
    assert found["good"]["shut"]
    assert found["good"]["identity"]
    assert found["late"]["auc"] < 0.85
    with pytest.raises(Canceled):
        measuring.measure([(spec, line.key)], store=store, stop=lambda: True)
    assert measuring.measure([(spec, "ab" * 32)], store=store, stop=lambda: False) == {}
