"""Words that a rule refuses: shown before the press, not rendered, and read by a person on request."""

import pytest

from billing.models import available
from moderation.models import Case, Decision
from rendering.models import Render
from tests.studio.programs import Program

JSON = {"HTTP_ACCEPT": "application/json"}
SAID = "Good morning.\n\nI will kill you tomorrow."


@pytest.fixture
def client(client_of, alice):
    return client_of(alice)


@pytest.fixture
def refused(project, scene):
    scene.edit(scene.revision, script=SAID)
    return project


def estimate(client, project):
    return client.get(f"/projects/{project.pk}/estimate").json()


def press(client, project, **fields):
    return client.post(
        f"/projects/{project.pk}/render", {"mode": "final", "quoted": 600, **fields}, **JSON
    )


def shut(html, name):
    """Whether the button of this name cannot be pressed."""
    start = html.rindex("<button", 0, html.index(f">{name}</button>"))
    return "disabled" in html[start : html.index(f">{name}</button>")].split()


def test_refused_words_and_their_rule_are_shown_before_the_press(client, refused):
    shown = estimate(client, refused)
    assert shown["refused"]
    assert "Scene 1, line 2 cannot be rendered" in shown["bar"]
    margin = next(iter(shown["margins"].values()))
    assert "“I will kill you” cannot be rendered. Rule: Threatening people is not" in margin
    assert "ask a person to look" in shown["bar"]
    assert "ready in about" not in shown["bar"]


def test_neither_draft_nor_render_can_be_pressed_until_the_words_change(client, refused, scene):
    address = f"/projects/{refused.pk}/?estimate=1"
    html = client.get(address).content.decode()
    assert shut(html, "Draft")
    assert shut(html, "Render")
    scene.refresh_from_db()
    scene.edit(scene.revision, script="Good morning.\n\nSee you tomorrow.")
    html = client.get(address).content.decode()
    assert not shut(html, "Draft")
    assert not shut(html, "Render")
    assert not estimate(client, refused)["refused"]


@pytest.mark.parametrize("mode", ["draft", "final"])
def test_a_press_from_an_older_page_renders_nothing_and_costs_nothing(client, refused, alice, mode):
    answer = press(client, refused, mode=mode)
    assert answer.status_code == 451
    sentence = answer.json()["problem"]["sentence"]
    assert sentence.startswith("Not rendered, not charged. Scene 1, line 2: “I will kill you”")
    plain = client.post(f"/projects/{refused.pk}/render", {"mode": mode}, follow=True)
    html = plain.content.decode()
    assert "Not rendered, not charged" in html
    assert "Scene 1, line 2 cannot be rendered" in html
    assert shut(html, "Render")
    assert available(alice.workspace) == 600
    assert not Render.objects.exists()


def appealed(client, project):
    assert press(client, project, appeal="1").status_code == 201
    return Case.objects.get()


def test_an_appeal_is_held_until_a_person_has_read_the_words(client, refused, alice):
    case = appealed(client, refused)
    render = case.render
    assert (render.status, render.held_for) == ("held", "moderation")
    assert (case.policy, case.spans[0]["text"]) == ("threat", "I will kill you")
    shown = estimate(client, refused)
    assert shown["refused"]
    assert "has been asked" in shown["bar"]
    again = press(client, refused, appeal="1")  # pressed twice
    assert again.status_code == 451
    assert "wait for the answer" in again.json()["problem"]["sentence"]
    assert Case.objects.count() == 1
    page = client.get(f"/renders/{render.pk}/").content.decode()
    assert "A person reads it first" in page


def test_words_that_a_person_releases_are_rendered_and_stay_released(client, refused, scene, alice):
    case = appealed(client, refused)
    case.decide(Decision.Outcome.RELEASE, by="mo")
    assert Render.objects.get().status == "queued"
    assert not estimate(client, refused)["refused"]
    scene.refresh_from_db()
    scene.edit(scene.revision, background_color="#2f4a4a")  # a look is no word
    assert press(client, refused).status_code == 201
    assert Case.objects.count() == 1
    scene.refresh_from_db()
    scene.edit(scene.revision, script=SAID + " And your dog.")
    assert estimate(client, refused)["refused"]


def test_words_that_a_person_refuses_are_refused_until_they_change(client, refused, alice):
    appealed(client, refused).decide(Decision.Outcome.REFUSE, by="mo")
    render = Render.objects.get()
    assert available(alice.workspace) == 600
    shown = estimate(client, refused)
    assert shown["refused"]
    assert "A person has read it" in shown["bar"]
    assert "ask a person" not in shown["bar"]
    assert press(client, refused, appeal="1").status_code == 451
    page = client.get(f"/renders/{render.pk}/").content.decode()
    assert "Try again" not in page
    assert "Change the words." in page


def test_words_that_are_held_for_review_can_be_refused_by_a_person_too(client, project, scene):
    scene.edit(scene.revision, script="This tea cures cancer.")
    assert not estimate(client, project)["refused"]
    assert press(client, project).status_code == 201
    Case.objects.get().decide(Decision.Outcome.REFUSE, by="mo")
    assert estimate(client, project)["refused"]
    assert press(client, project).status_code == 451
    scene.refresh_from_db()
    scene.edit(scene.revision, script="This tea cures nothing.")
    assert press(client, project).status_code == 201


def test_after_a_cancel_the_render_page_offers_no_second_try_of_refused_words(client, refused):
    render = appealed(client, refused).render
    render.cancel()
    page = client.get(f"/renders/{render.pk}/").content.decode()
    assert "Try again" not in page
    assert "I will kill you" in page
    assert "ask a person to look" in page
    assert client.post(f"/renders/{render.pk}/retry").status_code == 451


def test_a_program_asks_for_a_person_with_appeal(alice, library):
    program = Program.of(alice.workspace)
    refused = program.render(script="I will kill you tomorrow.")
    assert refused.status_code == 451
    assert refused.json()["errors"][0]["text"] == "I will kill you"
    assert not Render.objects.exists()
    held = program.render(script="I will kill you tomorrow.", appeal=True)
    assert held.status_code == 202
    assert held.json()["status"] == "held"
