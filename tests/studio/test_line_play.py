"""A finished line is watched while the rest is made: by members who are signed in, and by nobody else."""

import io

import av
import pytest
from django.urls import reverse
from django.utils import timezone

from rendering.models import Worker
from tests.studio.rows import deliver, film_line, make_project, make_render

pytestmark = pytest.mark.django_db


@pytest.fixture
def render(alice, library, settings, tmp_path):
    settings.PLAYING_DIR = tmp_path / "playing"
    Worker.objects.create(name="w")
    render = make_render(make_project(alice.workspace), by=alice, done=1)
    render.start()
    film_line(render.segments.get(position=1))
    return render


def url(render, position=1, name="film"):
    return reverse(f"line_{name}", args=[render.pk, position])


def body(response):
    return b"".join(response.streaming_content)


def test_a_finished_line_requires_login(client, render):
    assert client.get(url(render)).status_code == 302
    assert client.get(url(render, name="play")).status_code == 302


def test_a_finished_line_rejects_post(client_of, alice, render):
    assert client_of(alice).post(url(render)).status_code == 405


def test_a_finished_line_is_hidden_from_strangers(client_of, charlie, render):
    assert client_of(charlie).get(url(render)).status_code == 404
    assert client_of(charlie).get(url(render, name="play")).status_code == 404


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_finished_line_plays_with_sound(client_of, bob, render, suffix):
    line = render.segments.get(position=1)
    if suffix == ".webm":
        line.key = "ab" * 32
        line.save()
        film_line(line, suffix)
    response = client_of(bob).get(url(render))
    assert response["Content-Type"] == f"video/{suffix[1:]}"
    with av.open(io.BytesIO(body(response))) as film:
        assert sum(1 for _ in film.decode(video=0)) == 50
    with av.open(io.BytesIO(body(client_of(bob).get(url(render))))) as film:
        sound = sum(frame.samples / frame.rate for frame in film.decode(audio=0))
    assert abs(sound - 2.0) < 0.1


def test_a_finished_line_is_neither_cached_nor_offered_for_download(client_of, alice, render):
    client = client_of(alice)
    whole = client.get(url(render))
    assert whole["Cache-Control"] == "private, no-store"
    assert "attachment" not in whole["Content-Disposition"]
    size = len(body(whole))
    part = client.get(url(render), headers={"Range": "bytes=10-19"})
    assert (part.status_code, part["Content-Range"]) == (206, f"bytes 10-19/{size}")
    alone = client.get(url(render), headers={"Sec-Fetch-Dest": "document"})
    assert alone["Location"] == url(render, name="play")
    assert 'controlslist="nodownload' in client.get(url(render, name="play")).content.decode()
    client.logout()
    assert client.get(url(render)).status_code == 302


def test_the_chips_of_finished_and_reused_lines_play(client_of, alice, render):
    render.segments.filter(position=2).update(kept=True, reason="reused")
    html = client_of(alice).get(reverse("render_detail", args=[render.pk])).content.decode()
    assert [f'href="{url(render, n, "play")}"' in html for n in (1, 2, 3)] == [True, True, False]
    assert "Ready, 0:04" in html
    assert "Reused, free" in html


def test_a_line_without_a_film_and_an_unknown_line_are_not_found(client_of, alice, render):
    client = client_of(alice)
    render.segments.filter(position=2).update(kept=True)  # but its film was removed
    assert [client.get(url(render, n)).status_code for n in (2, 3, 4, 10**30)] == [404] * 4
    assert client.get(url(render, 10**30, "play")).status_code == 404


@pytest.mark.parametrize("end", ["done", "canceled", "failed", "held"])
def test_a_line_can_no_longer_be_watched_when_its_render_is_over_or_held(
    client_of, alice, render, end
):
    """A line that was not paid for cannot be watched, nor one that a person has to read first."""
    if end == "done":
        deliver(render)
    elif end == "canceled":
        render.cancel()
    elif end == "failed":
        render.fail("internal_error", "It failed.", ours=True)
    else:
        type(render).objects.filter(pk=render.pk).update(
            status="held", held_for="moderation", held_at=timezone.now()
        )
    client = client_of(alice)
    assert client.get(url(render)).status_code == 404
    assert client.get(url(render, name="play")).status_code == 404
    page = client.get(reverse("render_detail", args=[render.pk])).content.decode()
    assert url(render, name="play") not in page
