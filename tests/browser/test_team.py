"""The pages of a team, its audit log and its brand: accessible at both widths, and an invitation as a person meets it."""

import pytest
from allauth.account.models import EmailAddress

from rows import events
from studio.models import Invitation, Membership, Workspace
from studio.people import teams

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_the_pages_of_a_team_are_accessible(
    page_of, assert_accessible, alice, bob, charlie, library, width, dark
):
    Workspace.objects.update(plan="team")
    owner = Membership.objects.get(user=alice)
    teams.invite(owner.workspace, [charlie.email], "reviewer", owner)
    events.deliver()
    page = page_of(alice, width=width, dark=dark)
    member = Membership.objects.get(user=bob)
    for address in ("/team/", "/team/reviews", f"/team/{member.pk}/remove", "/audit/", "/brand/"):
        page.goto(address)
        page.locator("h1").wait_for()
        assert_accessible(page)
    page.goto("/team/")
    page.get_by_text("What each role may do").click()
    assert_accessible(page)
    EmailAddress.objects.create(user=charlie, email=charlie.email, verified=True, primary=True)
    guest = page_of(charlie, width=width, dark=dark)
    guest.goto(f"/team/join/{Invitation.objects.get().token}")
    assert_accessible(guest)
    guest.get_by_role("button", name="Join").click()
    guest.get_by_role("heading", name="Reviews").wait_for()
    assert_accessible(guest)
