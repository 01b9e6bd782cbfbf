"""Invited, joined, another role, gone: through the pages, with the mails that tell of it."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rows.events import Event
from studio.models import ApiKey, Invitation, Letter, Membership, Share, Workspace
from studio.people import letters, teams
from tests.conftest import person
from tests.studio.programs import Program, assert_problem
from tests.studio.rows import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(alice):
    """Alice's workspace, with seats."""
    Workspace.objects.filter(pk=alice.workspace.pk).update(plan="team")
    alice.workspace.refresh_from_db()
    return alice.workspace


def confirmed(user, address=None):
    EmailAddress.objects.create(user=user, email=address or user.email, verified=True, primary=True)
    return user


def invite(client, addresses, role="member"):
    return client.post("/team/invite", {"addresses": addresses, "role": role})


def link():
    """The link of the last invitation that was mailed."""
    letters.send_due()
    return re.search(r"/team/join/\S+", mail.outbox[-1].body)[0]


def role_of(user, workspace):
    return Membership.objects.get(user=user, workspace=workspace).role


def test_an_invitation_leads_in_once_and_only_its_address(team, alice, charlie, client_of):
    answer = invite(client_of(alice), "Charlie@example.org", "reviewer")
    assert answer.status_code == 302
    here = link()
    assert "Reviewer" in mail.outbox[-1].body
    page = Client().get(here).content.decode()
    assert "charlie@example.org" in page
    assert f"/accounts/signup/?next={here}" in page
    other = confirmed(person("eve"))
    refused = client_of(other).post(here)
    assert "to which this invitation does not belong" in refused.content.decode()
    client = client_of(confirmed(charlie))
    assert client.post(here)["Location"] == "/"
    assert role_of(charlie, team) == "reviewer"
    assert client.get("/")["Location"] == "/team/reviews"
    again = client.get(here)
    assert (again.status_code, "accepted already" in again.content.decode()) == (410, True)
    kinds = list(Event.objects.filter(workspace=team.pk).values_list("kind", flat=True))
    assert kinds[-2:] == ["member.invited", "member.joined"]


def test_an_address_that_is_not_confirmed_does_not_join(team, alice, charlie, client_of):
    invite(client_of(alice), charlie.email)
    EmailAddress.objects.create(user=charlie, email=charlie.email, verified=False)
    client_of(charlie).post(link())
    assert not Membership.objects.filter(user=charlie, workspace=team).exists()


def test_sending_again_ends_the_link_before_and_revoking_ends_both(team, alice, charlie, client_of):
    client, confirmed_charlie = client_of(alice), client_of(confirmed(charlie))
    invite(client, charlie.email)
    first = link()
    row = Invitation.objects.get()
    client.post(f"/team/invitations/{row.pk}/send")
    second = link()
    assert first != second
    assert confirmed_charlie.get(first).status_code == 404
    assert confirmed_charlie.get(second).status_code == 200
    client.post(f"/team/invitations/{row.pk}/revoke")
    assert "taken back" in confirmed_charlie.post(second).content.decode()
    assert not Membership.objects.filter(user=charlie, workspace=team).exists()
    assert client.post(f"/team/invitations/{row.pk}/send").status_code == 409


def test_an_invitation_expires_and_is_not_mailed_then(team, alice, charlie, client_of):
    invite(client_of(alice), charlie.email)
    here = link()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = client_of(confirmed(charlie)).post(here)
    assert (answer.status_code, "has expired" in answer.content.decode()) == (410, True)
    Letter.write("invitation", Invitation.objects.get().pk, charlie.email)
    sent = len(mail.outbox)
    letters.send_due()
    assert len(mail.outbox) == sent


@pytest.mark.parametrize(
    ("addresses", "role", "words"),
    [
        ("", "member", "Write the address"),
        ("mia", "member", "is no e-mail address"),
        (
            " ".join(f"p{n}@example.org" for n in range(10_000)),
            "member",
            "These are 10,000 addresses",
        ),
        ("alice@example.org", "member", "in the workspace, or invited, already"),
        ("mia@example.org", "owner", "Choose admin, member, reviewer or billing"),
        ("mia@example.org", "king", "Choose admin, member, reviewer or billing"),
    ],
)
def test_bad_invitations_are_told_and_lose_nothing(team, alice, client_of, addresses, role, words):
    answer = invite(client_of(alice), addresses, role)
    page = answer.content.decode()
    assert (answer.status_code, words in page) == (422, True)
    assert addresses[:200] in page
    assert not Invitation.objects.exists()


def test_seats_are_those_of_the_plan_and_reviewers_take_none(alice, client_of):
    client = client_of(alice)  # on the Free plan: one seat, and it is hers
    answer = invite(client, "mia@example.org", "member")
    assert (
        answer.status_code,
        "Seats on the Free plan: 1; taken: 1" in answer.content.decode(),
    ) == (422, True)
    assert invite(client, "mia@example.org", "reviewer").status_code == 302
    assert "1 of 1 seats taken" in client.get("/team/").content.decode()


def test_an_expired_invitation_has_given_its_seat_back(team, alice, client_of):
    client = client_of(alice)
    invite(client, "mia@example.org")
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    Workspace.objects.update(plan="free")
    row = Invitation.objects.get()
    answer = client.post(f"/team/invitations/{row.pk}/send")
    assert (answer.status_code, "Seats on the Free plan" in answer.content.decode()) == (403, True)


def test_a_role_changes_with_the_next_request(team, alice, bob, client_of):
    member = Membership.objects.get(user=bob, workspace=team)
    bobs = client_of(bob)
    assert bobs.get("/projects/").status_code == 200
    client_of(alice).post(f"/team/{member.pk}/role", {"role": "billing"})
    assert bobs.get("/projects/").status_code == 403
    assert bobs.get("/")["Location"] == "/credits/"
    assert bobs.get("/credits/").status_code == 200
    letters.send_due()
    assert "You are now: Billing" in mail.outbox[-1].body
    event = Event.objects.get(kind="member.changed")
    assert (event.before, event.after) == ({"role": "member"}, {"role": "billing"})


def test_nobody_changes_their_own_role_or_the_owners(team, alice, bob, client_of):
    Membership.objects.filter(user=bob).update(role="admin")
    own, owner = (Membership.objects.get(user=user, workspace=team) for user in (bob, alice))
    for member, words in ((own, "changed by somebody else"), (owner, "stays the owner")):
        answer = client_of(bob).post(f"/team/{member.pk}/role", {"role": "member"})
        assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert client_of(bob).post(f"/team/{own.pk}/own").status_code == 403
    assert (role_of(bob, team), role_of(alice, team)) == ("admin", "owner")


def test_a_leaver_is_told_what_ends_and_is_out_with_the_next_request(
    team, alice, bob, client_of, library
):
    project = make_project(team)
    project.created_by = bob
    project.save()
    key, secret = ApiKey.make(team, "Bob's robot", bob)
    program = Program.of(team)
    member = Membership.objects.get(user=bob, workspace=team)
    page = client_of(alice).get(f"/team/{member.pk}/remove").content.decode()
    assert "1 API key stops working" in page
    assert "1 project stays in the workspace" in page
    bobs = client_of(bob)
    assert bobs.get(f"/projects/{project.pk}/").status_code == 200
    client_of(alice).post(f"/team/{member.pk}/remove")
    assert bobs.get(f"/projects/{project.pk}/").status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is not None
    refused = Client().get("/api/v1/avatars", headers={"Authorization": f"Bearer {secret}"})
    assert_problem(refused, 401, "key_revoked")
    assert program.get("/api/v1/avatars").status_code == 200
    letters.send_due()
    assert "no longer in" in mail.outbox[-1].subject
    assert project.__class__.objects.filter(pk=project.pk, removed_at=None).exists()


def test_one_leaves_by_oneself_but_an_owner_hands_over_first(team, alice, bob, client_of):
    answer = client_of(alice).post("/team/leave")
    assert (answer.status_code, "hand it over first" in answer.content.decode()) == (422, True)
    member = Membership.objects.get(user=bob, workspace=team)
    client_of(alice).post(f"/team/{member.pk}/own")
    assert (role_of(alice, team), role_of(bob, team)) == ("admin", "owner")
    assert client_of(alice).post("/team/leave").status_code == 302
    assert Membership.objects.get(user=alice, workspace=team).removed_at is not None
    assert Membership.objects.filter(workspace=team, removed_at=None, role="owner").count() == 1


def test_who_comes_back_has_the_new_role(team, alice, bob, client_of):
    Membership.objects.filter(user=bob, workspace=team).update(removed_at=timezone.now())
    invite(client_of(alice), bob.email, "admin")
    client_of(confirmed(bob)).post(link())
    member = Membership.objects.get(user=bob, workspace=team)
    assert (member.role, member.removed_at) == ("admin", None)


def test_a_reviewer_sees_what_review_is_asked_for_and_nothing_else(team, alice, bob, client_of):
    asked, other = make_project(team, title="Asked"), make_project(team, title="Other")
    Share.make(asked, alice, reviews=True, version=1)
    Share.make(other, alice)
    Membership.objects.filter(user=bob, workspace=team).update(role="reviewer")
    page = client_of(bob).get("/team/reviews").content.decode()
    assert "Asked" in page
    assert "Other" not in page
    assert "/credits/" not in page


def test_who_is_refused_can_ask_and_those_who_manage_are_mailed(team, alice, bob, client_of):
    Membership.objects.filter(user=bob, workspace=team).update(role="reviewer")
    client = client_of(bob)
    page = client.get("/projects/").content.decode()
    assert "ask an owner of the workspace (alice)" in page
    assert 'action="/team/ask"' in page
    assert client.post("/team/ask").status_code == 302
    letters.send_due()
    assert mail.outbox[-1].to == [alice.email]
    assert "bob asks for another role" in mail.outbox[-1].subject


def test_invitations_hold_no_token_in_the_database(team, alice, client_of):
    invite(client_of(alice), "mia@example.org")
    token = link().split("/")[3]
    row = Invitation.objects.values().get()
    assert token not in str(row)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["change", "remove", "own", "leave"]),
            st.integers(0, 3),
            st.integers(0, 3),
            st.sampled_from(Membership.Role.values),
        ),
        max_size=12,
    )
)
def test_whatever_is_tried_there_is_exactly_one_owner(people, steps):
    workspace, members = people()
    for what, by, of, role in steps:
        actor, member = (Membership.objects.get(pk=members[n].pk) for n in (by, of))
        if actor.removed_at is not None:
            continue
        try:
            if what == "change":
                teams.change_role(member, role, actor)
            elif what == "own":
                teams.hand_over(member, actor)
            else:
                teams.remove(actor if what == "leave" else member, actor)
        except teams.BadInput:
            pass
        rows = Membership.objects.filter(workspace=workspace, removed_at=None)
        assert rows.filter(role="owner").count() == 1


@pytest.fixture
def people(db):
    def make():
        owner = person(f"o{Workspace.objects.count()}")
        workspace = owner.workspace
        Workspace.objects.filter(pk=workspace.pk).update(plan="team")
        workspace.refresh_from_db()
        found = [Membership.objects.get(user=owner, workspace=workspace)]
        for number, role in enumerate(("admin", "member", "reviewer")):
            user = person(
                f"m{number}x{Workspace.objects.count()}x{Membership.objects.count()}", workspace
            )
            row = Membership.objects.get(user=user, workspace=workspace)
            row.role = role
            row.save()
            found.append(row)
        return workspace, found

    return make
