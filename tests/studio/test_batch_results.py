"""What a batch hands out: the result file, links for viewers, and downloads for members."""

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client

from rendering import storage
from rendering.models import Render
from rows import events
from studio.batches import links, plan, result, run
from studio.models import Batch, Membership, Share
from tests.studio.batches import TABLE, check, finish, made, rows_of, turn, upload
from tests.studio.programs import assert_problem

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.usefixtures("unhurried")]


@pytest.fixture(autouse=True)
def _confirmed(alice, bob):
    for user in (alice, bob):
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


@pytest.fixture
def ended(batch):
    """One of its two good rows is done, the other has failed."""
    run.start(batch)
    turn(batch)
    first, second = Render.objects.order_by("created_at")
    finish(first, used=3)
    finish(second, ours=False)
    return turn(batch)


def video(render):
    """A finished film, as far as addresses need it."""
    key = "f" * 64
    with storage.store().write(key, ".mp4") as path:
        path.write_bytes(b"film")
    output = {"kind": "video", "key": key, "suffix": ".mp4", "bytes": 4, "sha256": "0" * 64}
    Render.objects.filter(pk=render.pk).update(outputs=[output])


def share_all():
    events.deliver()
    links.make()


# -- the result file -----------------------------------------------------------------------------


def test_the_result_file_is_keyed_by_row_and_adds_up(client_of, alice, ended):
    first = Render.objects.get(reference="r1")
    found = rows_of(client_of(alice).get(f"/batches/{ended.pk}/result.csv"))
    assert list(found[0]) == [
        "key", "Name", "place", "city", "render_id", "status", "share_url", "download_url",
        "seconds", "credits", "error_code", "error_message",
    ]  # fmt: skip
    assert [row["status"] for row in found] == ["done", "wrong", "failed", "wrong"]
    assert [row["city"] for row in found] == ["x", "y", "z", ""]
    assert (found[0]["render_id"], found[0]["credits"]) == (first.pk, "0.0500")
    assert [row["share_url"] for row in found] == [""] * 4
    download = f"{settings.SITE_URL}/renders/{first.pk}/download"
    assert [row["download_url"] for row in found] == [download, "", "", ""]
    assert found[2]["error_message"] == "It broke."
    paid = sum(round(60 * float(row["credits"])) for row in found)
    assert paid == result.cost_of(ended)["net"] == 3
    errors = rows_of(client_of(alice).get(f"/batches/{ended.pk}/errors.csv"))
    assert [(row["row"], row["error_column"]) for row in errors] == [("2", "name"), ("4", "key")]


def test_the_download_of_a_result_file_is_for_members_and_leads_to_the_film(
    client_of, alice, bob, charlie, ended
):
    render = Render.objects.get(reference="r1")
    video(render)
    address = f"/renders/{render.pk}/download"
    assert "/accounts/login/" in Client().get(address)["Location"]
    assert client_of(charlie).get(address).status_code == 404
    sent = client_of(bob).get(address, follow=True)
    assert sent["Content-Disposition"] == 'attachment; filename="for-ada.mp4"'
    assert b"".join(sent.streaming_content) == b"film"
    EmailAddress.objects.filter(user=alice).update(verified=False)
    page = client_of(alice).get(address, follow=True).content.decode()
    assert "Confirm your e-mail address before the first download." in page
    failed = Render.objects.get(reference="r3")
    page = client_of(bob).get(f"/renders/{failed.pk}/download", follow=True).content.decode()
    assert "There is no finished film to download yet." in page


# -- links ---------------------------------------------------------------------------------------


def test_each_finished_video_gets_one_link_that_strangers_can_open(client_of, alice, template):
    upload(client_of(alice), template, share="1")
    batch = check(Batch.objects.get())
    run.start(batch)
    turn(batch)
    first, second = Render.objects.order_by("created_at")
    finish(first)
    share_all()
    share_all()
    share = Share.objects.get()
    assert (share.project, share.created_by) == (first.project, alice)
    finish(second)
    share_all()
    assert Share.objects.count() == 2
    found = rows_of(client_of(alice).get(f"/batches/{batch.pk}/result.csv"))
    assert found[0]["share_url"] == f"{settings.SITE_URL}/watch/{share.token}/"
    assert found[1]["share_url"] == ""
    assert Client().get(f"/watch/{share.token}/").status_code == 200
    kinds = events.Event.objects.filter(subject=share.pk).values_list("kind", flat=True)
    assert list(kinds) == ["share.made"]
    page = client_of(alice).get(f"/batches/{batch.pk}/").content.decode()
    assert f"/watch/{share.token}/" in page


def test_links_of_videos_that_are_finished_already_come_with_one_press(client_of, alice, ended):
    client = client_of(alice)
    assert "Make a link for each video" in client.get(f"/batches/{ended.pk}/").content.decode()
    client.post(f"/batches/{ended.pk}/share", {"on": "1"})
    links.make()
    assert Share.objects.get().project == Render.objects.get(reference="r1").project
    client.post(f"/batches/{ended.pk}/share")
    page = client.get(f"/batches/{ended.pk}/").content.decode()
    assert "Each finished video gets a link" not in page
    assert Share.objects.count() == 1


def test_a_link_that_somebody_closed_or_removed_is_not_made_again(client_of, alice, ended):
    client_of(alice).post(f"/batches/{ended.pk}/share", {"on": "1"})
    links.make()
    share = Share.objects.get()
    share.close(alice)
    rows = rows_of(client_of(alice).get(f"/batches/{ended.pk}/result.csv"))
    assert rows[0]["share_url"] == ""
    share.remove(alice)
    Batch.objects.update(shares_due_at=ended.created_at)
    links.make()
    assert Share.objects.count() == 1


def test_a_link_that_a_person_made_is_the_rows_link(client_of, alice, ended):
    share = Share.make(Render.objects.get(reference="r1").project, alice)
    rows = rows_of(client_of(alice).get(f"/batches/{ended.pk}/result.csv"))
    assert rows[0]["share_url"].endswith(f"/watch/{share.token}/")
    client_of(alice).post(f"/batches/{ended.pk}/share", {"on": "1"})
    links.make()
    assert Share.objects.count() == 1


def test_links_need_a_confirmed_address(client_of, alice, template, ended):
    EmailAddress.objects.update(verified=False)
    refused = upload(client_of(alice), template, share="1")
    assert refused.status_code == 422
    assert "Confirm your e-mail address first" in refused.content.decode()
    refused = client_of(alice).post(f"/batches/{ended.pk}/share", {"on": "1"})
    assert "Confirm your e-mail address first" in refused.content.decode()
    assert Batch.objects.get().shares is False


@pytest.mark.parametrize("lost", ["membership", "address"])
def test_nobody_shares_who_no_longer_may(client_of, bob, template, lost):
    batch = made(template, 1, by=bob, share=True)
    run.start(batch)
    turn(batch)
    finish(Render.objects.get())
    if lost == "membership":
        Membership.objects.filter(user=bob).update(removed_at=batch.created_at)
    else:
        EmailAddress.objects.filter(user=bob).update(verified=False)
    share_all()
    assert not Share.objects.exists()
    assert Batch.objects.get().shares is False


def test_a_program_gets_links_and_downloads_in_its_rows(program, alice, template):
    body = {
        "template_id": template.pk,
        "rows": [{"variables": {"name": "Ada"}}],
        "share": True,
        "dry_run": False,
    }
    one = program.post("/api/v1/batches", body).json()
    assert one["share"] is True
    turn(check(Batch.objects.get()))
    rows = f"/api/v1/batches/{one['id']}/rows"
    row = program.get(rows).json()["data"][0]
    assert (row["share_url"], row["download_url"]) == (None, None)
    finish(Render.objects.get())
    share_all()
    row = program.get(rows).json()["data"][0]
    assert row["share_url"].endswith(f"/watch/{Share.objects.get().token}/")
    assert row["download_url"].endswith(f"/renders/{row['render_id']}/download")
    off = program.post(f"/api/v1/batches/{one['id']}/share", {"enabled": False})
    assert off.json()["share"] is False


def test_a_program_shares_only_in_the_name_of_somebody_confirmed(program, template):
    EmailAddress.objects.update(verified=False)
    body = {"template_id": template.pk, "rows": [{"variables": {"name": "A"}}], "share": True}
    assert_problem(program.post("/api/v1/batches", body), 422, "address_not_confirmed")
    assert not Batch.objects.exists()


# -- what a row has of its own -------------------------------------------------------------------


def test_rows_have_what_they_override(program, template, library):
    overrides = {
        "title": "Hello, {{name}}",
        "reference": "crm-1",
        "avatar_id": "daniel",
        "aspect_ratio": "9:16",
        "resolution": "1080p",
        "fps": 30,
    }
    rows = [
        {"key": "a", "variables": {"name": "Ada"}, "overrides": overrides},
        {"key": "b", "variables": {"name": "Grace"}},
    ]
    body = {"template_id": template.pk, "rows": rows, "dry_run": False}
    assert program.post("/api/v1/batches", body).status_code == 202
    turn(check(Batch.objects.get()))
    first, second = Render.objects.order_by("created_at")
    assert (first.title, first.reference) == ("Hello, Ada", "crm-1")
    assert (first.width, first.height, first.fps) == (1080, 1920, 30)
    assert first.segments.get().avatar.slug == "daniel"
    assert (second.title, second.reference) == ("For Grace", "b")
    assert (second.width, second.height, second.fps) == (1280, 720, 25)


def test_an_override_that_does_not_fit_is_an_error_of_its_row(program, template):
    wrong = {
        "fps": 12,
        "avatar_id": "nobody",
        "titel": "x",
        "title": "x" * 201,
        "reference": "r" * 256,
    }
    rows = [
        {"variables": {"name": "Ada"}, "overrides": wrong},
        {"variables": {"name": "Grace"}, "overrides": {"fps": None}},
    ]
    body = {"template_id": template.pk, "rows": rows}
    one = program.post("/api/v1/batches", body).json()
    check(Batch.objects.get())
    bad, good = program.get(f"/api/v1/batches/{one['id']}/rows").json()["data"]
    assert {error["path"] for error in bad["errors"]} == {f"overrides.{name}" for name in wrong}
    assert "Did you mean title?" in str(bad["errors"])
    assert (bad["overrides"], good["status"]) == (wrong, "ready")


def test_a_table_has_no_overrides(client_of, alice, template):
    upload(client_of(alice), template, TABLE.replace(b"city", b"fps"))
    batch = check(Batch.objects.get())
    assert result.counts(batch)["ready"] == 2
    assert plan.values_of(batch, batch.rows.first()) == {"name": "Ada", "place": "Rome"}
