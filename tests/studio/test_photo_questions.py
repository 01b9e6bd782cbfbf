"""What only a person can tell of a photo is asked before its avatar is kept, and the record keeps the answer."""

import pytest

from consent.models import Evidence
from rendering.faces.checks import Finding
from studio.library import photos
from studio.models import ApiKey, Avatar
from tests.studio.programs import Program, assert_problem
from tests.studio.rows import own_avatar
from tests.studio.test_api_avatars import AVATARS, send
from tests.studio.test_photo_avatars import (  # noqa: F401  (fixtures)
    agree,
    client,
    pack,
    robin,
)

pytestmark = pytest.mark.django_db

DRAWN = Finding("maybe_figure", "This may be a drawing.", refused=False, asks="living_person")
COVERED = Finding("maybe_covered", "This may be a mask.", refused=False, asks="mouth_free")


@pytest.fixture
def doubted(alice, library):
    avatar = own_avatar(alice.workspace, state="made")
    avatar.findings = photos._plain([DRAWN, COVERED])
    avatar.save()
    return avatar


def page(client, avatar):  # noqa: F811
    return client.get(f"/avatars/{avatar.pk}/").content.decode()


def answer(client, avatar, question, said):  # noqa: F811
    return client.post(f"/avatars/{avatar.pk}/answer", {"question": question, "answer": said})


def keep(client, avatar, **fields):  # noqa: F811
    return client.post(
        f"/avatars/{avatar.pk}/keep", {"name": "Robin", "voice": "bf_emma", **fields}
    )


def test_each_question_is_asked_alone_and_the_last_yes_lets_it_be_kept(client, alice, doubted):  # noqa: F811
    shown = page(client, doubted)
    assert "Is this a living person?" in shown
    assert "This may be a drawing." in shown
    assert "Is the mouth free?" not in shown
    assert "Keep it" not in shown

    refused = keep(client, doubted)
    assert refused.status_code == 422
    assert "Answer this first: Is this a living person?" in refused.content.decode()

    assert answer(client, doubted, "living_person", "yes").status_code == 302
    assert "Is the mouth free?" in page(client, doubted)
    assert keep(client, doubted).status_code == 422
    answer(client, doubted, "mouth_free", "yes")
    assert "Keep it" in page(client, doubted)
    assert keep(client, doubted).status_code == 302

    doubted.refresh_from_db()
    assert doubted.state == Avatar.State.KEPT
    said = doubted.answers["living_person"]
    assert (said["answer"], said["account"]) == ("yes", alice.pk)


def test_after_a_no_the_avatar_cannot_be_kept_but_a_slip_can_be_put_right(client, doubted):  # noqa: F811
    answer(client, doubted, "living_person", "no")
    shown = page(client, doubted)
    assert "Avatars are made of living people only" in shown
    assert "Choose another photo" in shown
    assert keep(client, doubted).status_code == 422
    doubted.refresh_from_db()
    assert doubted.state == Avatar.State.MADE

    again = client.get(f"/avatars/{doubted.pk}/?again=1").content.decode()
    assert 'name="answer" value="yes"' in again
    answer(client, doubted, "living_person", "yes")
    assert "Is the mouth free?" in page(client, doubted)


@pytest.mark.parametrize(
    ("question", "said"),
    [("living_person", ""), ("living_person", "maybe"), ("age", "yes"), ("", "yes")],
)
def test_what_is_no_answer_changes_nothing(client, doubted, question, said):  # noqa: F811
    refused = answer(client, doubted, question, said)
    assert refused.status_code == 422
    assert "Answer the question with yes or no." in refused.content.decode()
    doubted.refresh_from_db()
    assert doubted.answers == {}


def test_a_question_that_is_not_asked_cannot_be_answered(client, alice, library):  # noqa: F811
    plain = own_avatar(alice.workspace, state="made")
    assert answer(client, plain, "living_person", "yes").status_code == 422
    assert keep(client, plain).status_code == 302


def test_an_answer_stays_when_the_cut_out_is_made_again(client, doubted):  # noqa: F811
    answer(client, doubted, "living_person", "yes")
    Avatar.objects.filter(pk=doubted.pk).update(findings=photos._plain([DRAWN]))
    assert "Keep it" in page(client, doubted)


def test_the_evidence_of_the_consent_says_what_was_answered(client, robin):  # noqa: F811
    said = {
        "question": "Is this a living person?",
        "answer": "yes",
        "account": 7,
        "at": "2026-01-01T00:00:00+00:00",
    }
    robin.findings = [*photos._plain([DRAWN]), {"code": "hint", "sentence": "Good light."}]
    robin.answers = {"living_person": said}
    robin.save()
    agree(client, robin)
    body = Evidence.objects.get(consent__avatar=robin).body
    assert body["said_of_the_photo"] == [
        {"code": "living_person", **said, "because": "This may be a drawing."}
    ]


@pytest.fixture
def program(alice, library):
    return Program.of(alice.workspace)


def test_a_program_may_say_it_with_the_photo(program, alice):
    made = send(program, living_person="true").json()
    avatar = Avatar.objects.get(pk=made["id"])
    said = avatar.answers["living_person"]
    assert (said["answer"], said["key"]) == ("yes", ApiKey.objects.get().pk)

    Avatar.objects.filter(pk=avatar.pk).update(
        state="made", findings=photos._plain([DRAWN, COVERED])
    )
    read = program.get(f"{AVATARS}/{avatar.pk}").json()
    assert [one["question"] for one in read["findings"]] == [None, "Is the mouth free?"]


def test_a_program_that_denies_it_is_refused_with_what_to_send(program):
    problem = assert_problem(send(program, living_person="false"), 422, "not_a_living_person")
    assert "living people only" in problem["detail"]
    assert problem["errors"][0]["path"] == "living_person"
    assert not Avatar.objects.exclude(workspace=None).exists()
    assert_problem(send(program, living_person="perhaps"), 422, "invalid_field")
