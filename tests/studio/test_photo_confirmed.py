"""What only a person can tell of a photo is asked before its avatar is kept, and the record keeps the answer."""

import pytest

from consent.models import Evidence
from rendering.faces.checks import Finding
from studio.library import photos
from studio.models import Avatar
from tests.studio.rows import own_avatar
from tests.studio.test_photo_avatars import (  # noqa: F401  (fixtures)
    agree,
    client,
    pack,
    robin,
)

pytestmark = pytest.mark.django_db

ASKED = Finding("drawn", "This may be a drawing.", refused=False, confirm="It is a photo.")


@pytest.fixture
def doubted(alice, library):
    avatar = own_avatar(alice.workspace, state="made")
    avatar.findings = photos._plain([ASKED])
    avatar.save()
    return avatar


def keep(client, avatar, **fields):  # noqa: F811
    return client.post(
        f"/avatars/{avatar.pk}/keep", {"name": "Robin", "voice": "bf_emma", **fields}
    )


def test_it_is_kept_only_once_somebody_confirmed(client, alice, doubted):  # noqa: F811
    page = client.get(f"/avatars/{doubted.pk}/").content.decode()
    assert "This may be a drawing." in page
    assert '<input type="checkbox" name="confirmed" value="drawn" required>' in page

    for given in ({}, {"confirmed": "another"}):
        answer = keep(client, doubted, name="My own Robin", **given)
        assert answer.status_code == 422
        assert "Confirm it, or discard the avatar: It is a photo." in answer.content.decode()
        assert 'value="My own Robin"' in answer.content.decode()  # nothing typed is lost
        doubted.refresh_from_db()
        assert doubted.state == Avatar.State.MADE

    assert keep(client, doubted, confirmed="drawn").status_code == 302
    doubted.refresh_from_db()
    assert doubted.state == Avatar.State.KEPT
    assert doubted.findings[0]["confirmed"]["by"] == alice.pk


def test_a_name_that_is_missing_does_not_take_the_answer_back(client, doubted):  # noqa: F811
    answer = keep(client, doubted, name="", confirmed="drawn")
    assert answer.status_code == 422
    assert 'value="drawn" required checked>' in answer.content.decode()


def test_the_evidence_of_the_consent_says_what_was_confirmed(client, robin):  # noqa: F811
    said = {"by": 7, "at": "2026-01-01T00:00:00+00:00"}
    robin.findings = [*photos._plain([ASKED]), {"code": "hint", "sentence": "Good light."}]
    robin.findings[0]["confirmed"] = said
    robin.save()
    agree(client, robin)
    (found,) = Evidence.objects.get(consent__avatar=robin).body["confirmed_of_the_photo"]
    assert (found["code"], found["confirmed"]) == ("drawn", said)
