import base64
import hashlib
import hmac
import io
import json
import socket
import wave

import cv2
import numpy as np
import pytest

from rendering import faces, media
from rendering.faces import fetching, passes, predictions, remote
from rendering.faces.predictions import Account
from rendering.faces.remote import Remote
from rendering.faces.takes import Take
from rendering.store import Store
from rendering.values import SAMPLE_RATE, Canceled, Motion, Unavailable
from rendering.warming import warm
from rendering.weights import NotReady
from tests.faces.predictions import TOKEN, VERSION, inlined, serve

FPS, FRAMES = 25, 10


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """The film that a model sends: 0.32 s of moving colours."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=size=128x128:rate=25:duration=0.32"]
    media.run([*source, "-pix_fmt", "yuv420p", "-f", "mp4", path])
    return path.read_bytes()


@pytest.fixture
def service(film, monkeypatch):
    monkeypatch.setattr(remote, "STEP", 0.005)
    real = remote._pause
    monkeypatch.setattr(remote, "_pause", lambda seconds, *more: real(0.01, *more))
    monkeypatch.setattr(remote.time, "sleep", lambda seconds: None)
    server = serve(film)
    yield server
    server.shutdown()
    server.server_close()
    assert server.problems == []


def engine(service, **more):
    return Remote(Account(TOKEN, VERSION, address=service.address, **more))


def take(seconds=FRAMES / FPS, **more):
    sound = np.sin(np.arange(round(SAMPLE_RATE * seconds)) / 9)
    given = {
        "avatar": faces.get("maya"),
        "face": 90.0,
        "motion": Motion(FPS, {"jaw": np.zeros(FRAMES, np.float32)}),
        "wav": (0.3 * sound).astype(np.float32),
        "seed": 1,
        "report": lambda stage, fraction: None,
    }
    return Take(**{**given, **more})


def test_a_line_is_sent_to_the_service_and_comes_back_as_frames_of_a_person(service):
    reported = []
    drawn = engine(service, more={"still": True}, dollars=0.002)
    frames = list(drawn.draw(take(report=lambda stage, fraction: reported.append(fraction))))
    assert len(frames) == FRAMES
    still, _ = passes.plate(faces.get("maya"), 90.0)
    assert all(pieces[0].rgba.shape == still.shape for pieces in frames)
    assert (frames[2][0].rgba != frames[5][0].rgba).any()
    assert (frames[8][0].rgba == frames[9][0].rgba).all()  # the film was two frames short
    (request,) = service.made.values()
    assert request["version"] == VERSION
    assert request["input"]["still"] is True
    picture = cv2.imdecode(np.frombuffer(_content(service, request, "image"), np.uint8), 1)
    assert picture.shape == (512, 512, 3)
    with wave.open(io.BytesIO(inlined(request["input"]["audio"]))) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (SAMPLE_RATE, 1)
    assert reported == sorted(reported)
    assert drawn.dollars == pytest.approx(0.025)


def _content(service, request, name):
    value = request["input"][name]
    if value.startswith("data:"):
        return inlined(value)
    body = service.uploaded[value.rpartition("/")[2]]
    return body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]


def test_a_large_file_is_uploaded_first(service):
    list(engine(service).draw(take(8.0)))
    (request,) = service.made.values()
    assert request["input"]["audio"].startswith(service.address)
    with wave.open(io.BytesIO(_content(service, request, "audio"))) as sound:
        assert sound.getnframes() == 8 * SAMPLE_RATE


def test_a_canceled_line_cancels_its_prediction(service, tmp_path):
    service.statuses = ["starting", "processing"]
    store, looks = Store(tmp_path, reserve=0), []

    def report(stage, fraction):
        looks.append(fraction)
        if len(looks) > 3:
            raise Canceled

    drawn = engine(service)
    with pytest.raises(Canceled):
        list(drawn.draw(take(report=report, store=store)))
    assert service.canceled == ["p0"]
    assert store.find(drawn.key(take()), ".prediction") is None


def test_a_line_that_is_resumed_asks_for_the_prediction_that_runs(service, tmp_path):
    store, drawn = Store(tmp_path, reserve=0), engine(service)
    service.statuses = ["starting", "processing"]

    def dies(stage, fraction):
        raise RuntimeError("the worker was killed")

    with pytest.raises(RuntimeError):
        list(drawn.draw(take(report=dies, store=store)))
    service.statuses = ["succeeded"]
    assert len(list(engine(service).draw(take(store=store)))) == FRAMES
    assert list(service.made) == ["p0"]  # and is not paid for twice
    service.seen.clear()
    list(engine(service).draw(take(store=store, face=120.0)))
    assert service.seen == []  # another size needs nothing at all


def test_a_webhook_saves_asking_for_the_prediction_again(service, tmp_path):
    store = Store(tmp_path, reserve=0)
    service.statuses = ["starting", "processing"]
    film = service.address.replace("/v1", "/film.mp4")
    news = {"id": "p0", "status": "succeeded", "output": [film], "metrics": {"predict_time": 1}}

    def report(stage, fraction):
        predictions.tell(json.dumps(news).encode(), store)

    drawn = engine(service, webhook="https://studio.example/hooks/predictions")
    assert len(list(drawn.draw(take(report=report, store=store)))) == FRAMES
    assert service.made["p0"]["webhook_events_filter"] == ["completed"]
    looks = [path for method, path in service.seen if method == "GET"]
    assert len(looks) == 1


def test_a_webhook_counts_only_with_a_fresh_and_valid_signature():
    secret = "whsec_" + base64.b64encode(b"a secret of the service").decode()
    body = b'{"id": "p0", "status": "succeeded"}'

    def headers(number="msg_1", stamp="1700000000", content=body):
        signed = f"{number}.{stamp}.".encode() + content
        digest = hmac.new(b"a secret of the service", signed, hashlib.sha256).digest()
        value = "v1,bm9uc2Vuc2U= v1," + base64.b64encode(digest).decode()
        return {"Webhook-Id": number, "Webhook-Timestamp": stamp, "Webhook-Signature": value}

    assert predictions.verified(body, headers(), secret, 1700000100)
    assert not predictions.verified(body + b" ", headers(), secret, 1700000100)
    assert not predictions.verified(
        body, headers(), secret, 1700001000
    )  # recorded, and sent again later
    assert not predictions.verified(body, {**headers(), "Webhook-Id": "msg_2"}, secret, 1700000100)
    assert not predictions.verified(body, {}, secret, 1700000100)


def test_a_passing_failure_is_tried_again(service):
    service.troubles = [(503, ()), (429, (("Retry-After", "1"),))]
    assert len(list(engine(service).draw(take()))) == FRAMES


@pytest.mark.parametrize(
    ("trouble", "sentence", "again"),
    [
        ((401, ()), "key .* is not accepted; nothing was charged", False),
        ((402, ()), "is used up; nothing was charged", False),
        ((422, ()), "did not take the line; nothing was charged", False),
    ],
)
def test_a_refusal_becomes_one_sentence_without_the_token(service, trouble, sentence, again):
    service.troubles = [trouble]
    with pytest.raises(Unavailable, match=sentence) as caught:
        list(engine(service).draw(take()))
    assert caught.value.again is again
    assert TOKEN not in str(caught.value)


def test_a_service_that_is_away_becomes_one_sentence(service):
    service.troubles = [(500, ())] * remote.TRIES
    with pytest.raises(Unavailable, match="cannot be reached"):
        list(engine(service).draw(take()))


def test_a_model_that_fails_or_dawdles_becomes_one_sentence(service, tmp_path):
    service.statuses = ["starting", "failed"]
    with pytest.raises(Unavailable, match="could not make the line"):
        list(engine(service).draw(take()))
    service.statuses = ["processing"]
    with pytest.raises(Unavailable, match="took too long"):
        list(engine(service, patience=0.05).draw(take(store=Store(tmp_path, reserve=0))))
    assert service.canceled == ["p1"]


@pytest.mark.parametrize(
    "output",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://metadata.internal/film.mp4",
        "https://replicate.delivery.evil.example/film.mp4",
        "https://user@replicate.delivery/film.mp4",
        "https://replicate.delivery:8443/film.mp4",
        "file:///etc/passwd",
        "",
        {"film": 3},
    ],
)
def test_only_the_services_own_files_are_fetched(service, output):
    service.output = output or " "
    with pytest.raises(Unavailable, match="sent no film that could be used"):
        list(engine(service).draw(take()))


def test_an_address_of_the_service_that_resolves_to_a_private_one_is_not_fetched(
    monkeypatch, tmp_path
):
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: inside)
    with pytest.raises(fetching.Refused, match="is not a public address"):
        fetching.fetch(
            "https://x.replicate.delivery/film.mp4",
            tmp_path / "film.mp4",
            hosts=("replicate.delivery",),
            largest=100,
            deadline=1e9,
        )


def test_a_film_above_the_largest_size_is_refused(service, monkeypatch):
    monkeypatch.setattr(remote, "LARGEST", 100)
    with pytest.raises(Unavailable, match="sent no film"):
        list(engine(service).draw(take()))


def test_without_an_account_the_engine_says_so():
    with pytest.raises(NotReady, match="set REMOTE_TOKEN and REMOTE_VERSION"):
        warm("remote")
