"""The estimate, listening, the captions and the film come from one reading of what was typed."""

import io
import json
import re
import wave

import av
import numpy as np
import pytest
from django.core.management import call_command

from rendering import pipeline, storage, tasks, voices
from rendering.values import SAMPLE_RATE, spec_to_json
from studio.models import Project
from studio.projects import composition
from studio.renders import ordering, plan
from tests.rendering.fleet import assert_whole

LINES = (
    "In Q3 '24 we sold 1,250 units at $4.50, up 12 % on 3/4/2023.",
    "Dr. Lee's 5 ½ ft desk is near 12 Elm St., open 9:30am-5pm; see likeness.example/faq.",
    'Call <say-as interpret-as="telephone">4155550123</say-as> &amp; ask. [pause 1 second] I read it in 2019…',
)


def planned(project):
    return plan.plan_render(Project.objects.get(pk=project.pk), mode="draft").lines


def heard(client, scene, number):
    answer = client.get(f"/scenes/{scene.pk}/lines/{number}/sound?part=whole")
    with wave.open(io.BytesIO(answer.content)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def sound_of(film):
    with av.open(str(film)) as opened:
        resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
        parts = [
            part.to_ndarray().ravel()
            for frame in [*opened.decode(audio=0), None]
            for part in resampler.resample(frame)
        ]
    return np.concatenate(parts)


def likeness(one, film):
    """The highest correlation of a sound with any part of the film's, whatever their loudness."""
    size = film.size + one.size
    found = np.fft.irfft(np.fft.rfft(film, size) * np.conj(np.fft.rfft(one, size)), size)
    at = int(np.argmax(found[: film.size]))
    part = film[at : at + one.size]
    return float(found[at] / np.sqrt((one @ one) * (part @ part)))


def captioned(output):
    """The words of the SRT captions."""
    text = storage.store().find(output["key"], output["suffix"]).read_text()
    cues = [cue.split("\n")[2:] for cue in re.split(r"\n\n+", text.strip())]
    return " ".join(" ".join(cue) for cue in cues).split()


def test_what_is_estimated_heard_captioned_and_filmed_is_one_reading(
    transactional_db, library, make_script, alice, client_of, monkeypatch, tmp_path, capsys
):
    monkeypatch.setitem(composition.HEIGHTS, "720p", 360)
    project = make_script(*LINES)
    scene = project.live_scenes.get()
    lines = planned(project)
    assert [(line.unspoken, line.exact) for line in lines] == [(1.0, False)] * 3

    for line in lines:
        tasks.speak(spec_to_json(line.spec), urgent=True)
    client = client_of(alice)
    sounds = [heard(client, scene, number) for number in (1, 2, 3)]

    # From here on nothing is spoken: what was heard is what is counted, priced and filmed.
    monkeypatch.setattr(voices, "engine", lambda *_: pytest.fail("it was spoken again"))
    known = planned(project)
    assert [(line.unspoken, line.exact) for line in known] == [(0.0, True)] * 3
    for line, guess, sound in zip(known, lines, sounds, strict=True):
        assert line.seconds == pytest.approx(sound.size / SAMPLE_RATE, abs=0.021)
        assert line.seconds == pytest.approx(guess.seconds, rel=0.25)

    render = ordering.request_render(Project.objects.get(pk=project.pk), mode="draft")
    tasks.nudge("portrait", "preview")
    render = assert_whole(render)
    made = {output["kind"]: output for output in render.outputs}
    film = storage.store().find(made["video"]["key"], made["video"]["suffix"])
    assert render.seconds == pytest.approx(sum(line.seconds for line in known), abs=0.05)
    filmed = sound_of(film)
    assert min(likeness(sound, filmed) for sound in sounds) > 0.9

    # The captions show what was typed, a word of the sound beside each.
    typed = [
        word for line in known for word in pipeline.speak(line.spec, store=storage.store()).words
    ]
    assert captioned(made["srt"]) == " ".join(word.text for word in typed).split()
    assert "$4.50," in captioned(made["srt"])

    # And the command that shows how a script is read says the same words.
    (tmp_path / "script.md").write_text("\n".join(LINES))
    call_command("read", str(tmp_path / "script.md"), "--json")
    told = [json.loads(row)["spoken"] for row in capsys.readouterr().out.splitlines()]
    for line, words in zip(known, told, strict=True):
        sentences = pipeline.read_script(line.spec).sentences
        assert " ".join(" ".join(s.text for s in sentences).split()) == words
    assert "five and a half foot desk" in told[1]
