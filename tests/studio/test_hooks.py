import base64
import hashlib
import hmac
import json
import time

import pytest

from rendering import storage
from rendering.faces import predictions

SECRET = "whsec_" + base64.b64encode(b"known to the service").decode()
NEWS = json.dumps({"id": "p7", "status": "succeeded", "output": "https://x.test/a.mp4"}).encode()


def send(client, body=NEWS, stamp=None):
    stamp = str(int(time.time())) if stamp is None else stamp
    signed = hmac.new(b"known to the service", f"msg.{stamp}.".encode() + body, hashlib.sha256)
    return client.post(
        "/hooks/predictions",
        body,
        content_type="application/json",
        headers={
            "webhook-id": "msg",
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(signed.digest()).decode()}",
        },
    )


@pytest.fixture
def known(settings):
    settings.REMOTE = {**settings.REMOTE, "webhook_secret": SECRET}


def stored_news():
    return storage.store().find(predictions.news_of("p7"), ".told")


def test_news_of_a_prediction_is_stored_for_its_worker(client, known, db):
    assert send(client).status_code == 204
    assert json.loads(stored_news().read_text())["status"] == "succeeded"
    stored_news().unlink()


def test_old_or_unsigned_news_is_not_stored(client, known, db):
    assert send(client, stamp="1700000000").status_code == 404
    assert (
        client.post("/hooks/predictions", NEWS, content_type="application/json").status_code == 404
    )
    assert client.get("/hooks/predictions").status_code == 405
    assert stored_news() is None


def test_without_a_secret_the_hook_is_not_found(client, db):
    assert send(client).status_code == 404


def test_news_of_an_unfinished_prediction_and_nonsense_are_dropped(client, known, db):
    for body in (b"[]", b"not json", b'{"id": "p7"}', b'{"id": "p7", "status": "processing"}'):
        assert send(client, body).status_code == 204
    assert stored_news() is None
