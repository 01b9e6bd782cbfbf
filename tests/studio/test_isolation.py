"""Who may open which address: one table, walked as every kind of visitor.

A route that the table does not know fails the test, so nobody adds one without saying whose it is.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone

from billing.models import give
from moderation.models import Case
from rendering.models import Render, Segment
from studio.library import photos
from studio.models import (
    ApiKey,
    Avatar,
    Batch,
    Clip,
    Comment,
    IdempotencyKey,
    Invitation,
    Membership,
    Picture,
    Pronunciation,
    Share,
    Template,
    User,
    Voice,
)
from studio.people import roles
from studio.projects import templates, versions
from tests.studio.programs import Program, assert_problem
from tests.studio.rows import film_line

pytestmark = pytest.mark.django_db

PUBLIC = "anyone"
PERSON = "a signed-in person, for what is theirs"
ROW = "members of the workspace that owns the row in the address"
SIGNED = "whoever holds a signed link"
LINK = "whoever has the address of a shared link"
ACCOUNT = "the pages of allauth"
KEY = "a program with a key"
OWN_VOICE = f"xtts-{'d' * 40}"
KEY_ROW = "a program with a key of the workspace that owns the row in the address"

ROUTES = {
    "home": (PERSON, "GET"),
    "project_list": (PERSON, "GET"),
    "workspace_choose": (ROW, "POST"),
    "project_create": (PERSON, "POST"),
    "project_edit": (ROW, "GET"),
    "project_save": (ROW, "POST"),
    "project_undo": (ROW, "POST"),
    "project_redo": (ROW, "POST"),
    "project_order": (ROW, "POST"),
    "project_estimate": (ROW, "GET"),
    "render_create": (ROW, "POST"),
    "project_duplicate": (ROW, "POST"),
    "project_archive": (ROW, "POST"),
    "project_restore": (ROW, "POST"),
    "project_remove": (ROW, "POST"),
    "scene_create": (ROW, "POST"),
    "scene_save": (ROW, "POST"),
    "scene_move": (ROW, "POST"),
    "scene_duplicate": (ROW, "POST"),
    "scene_remove": (ROW, "POST"),
    "scene_restore": (ROW, "POST"),
    "scene_frame": (ROW, "GET"),
    "scene_avatars": (ROW, "GET"),
    "scene_voices": (ROW, "GET"),
    "scene_speak": (ROW, "POST"),
    "line_sound": (ROW, "GET POST"),
    "voice_list": (PERSON, "GET"),
    "voice_create": (PERSON, "GET POST"),
    "voice_detail": (ROW, "GET"),
    "voice_remove": (ROW, "POST"),
    "voice_sample": (ROW, "GET POST"),
    "avatar_list": (PERSON, "GET"),
    "stock_avatar": (PERSON, "GET"),
    "avatar_sound": (ROW, "GET POST"),
    "avatar_create": (PERSON, "GET POST"),
    "avatar_detail": (ROW, "GET"),
    "avatar_answer": (ROW, "POST"),
    "avatar_keep": (ROW, "POST"),
    "avatar_cutout": (ROW, "GET POST"),
    "avatar_discard": (ROW, "POST"),
    "avatar_challenge": (ROW, "POST"),
    "avatar_unlock": (ROW, "POST"),
    "avatar_remove": (ROW, "POST"),
    "avatar_restore": (ROW, "POST"),
    "avatar_file": (ROW, "GET"),
    "asset_create": (PERSON, "POST"),
    "picture_crop": (ROW, "GET POST"),
    "scene_captions": (ROW, "GET"),
    "caption_save": (ROW, "POST"),
    "caption_split": (ROW, "POST"),
    "caption_join": (ROW, "POST"),
    "overlay_create": (ROW, "POST"),
    "overlay_save": (ROW, "POST"),
    "overlay_remove": (ROW, "POST"),
    "picture_file": (ROW, "GET"),
    "clip_state": (ROW, "GET"),
    "clip_poster": (ROW, "GET"),
    "clip_file": (ROW, "GET"),
    "pronunciation_list": (PERSON, "GET POST"),
    "pronunciation_remove": (ROW, "POST"),
    "pronunciation_sound": (ROW, "GET POST"),
    "pronunciation_try": (PERSON, "GET POST"),
    "template_save": (ROW, "GET POST"),
    "template_list": (PERSON, "GET"),
    "template_detail": (ROW, "GET"),
    "template_poster": (ROW, "GET"),
    "template_start": (ROW, "POST"),
    "template_remove": (ROW, "POST"),
    "template_columns": (ROW, "GET"),
    "batch_create": (ROW, "GET POST"),
    "batch_list": (PERSON, "GET"),
    "batch_detail": (ROW, "GET"),
    "batch_result": (ROW, "GET"),
    "batch_errors": (ROW, "GET"),
    "batch_start": (ROW, "POST"),
    "batch_approve": (ROW, "POST"),
    "batch_pause": (ROW, "POST"),
    "batch_resume": (ROW, "POST"),
    "batch_cancel": (ROW, "POST"),
    "batch_retry": (ROW, "POST"),
    "batch_sample": (ROW, "POST"),
    "batch_share": (ROW, "POST"),
    "batch_remove_values": (ROW, "POST"),
    "render_detail": (ROW, "GET"),
    "render_progress": (ROW, "GET"),
    "render_cancel": (ROW, "POST"),
    "render_retry": (ROW, "POST"),
    "render_mend": (ROW, "POST"),
    "render_download": (ROW, "GET"),
    "line_play": (ROW, "GET"),
    "line_film": (ROW, "GET"),
    "review_list": (ROW, "GET"),
    "review_ask": (ROW, "POST"),
    "reviewer_erase": (ROW, "POST"),
    "comment_reply": (ROW, "POST"),
    "comment_resolve": (ROW, "POST"),
    "render_approve": (ROW, "POST"),
    "render_decline": (ROW, "POST"),
    "render_remind": (ROW, "POST"),
    "workspace_rules": (PERSON, "POST"),
    "audit_list": (PERSON, "GET"),
    "audit_export": (PERSON, "GET"),
    "team": (PERSON, "GET"),
    "team_invite": (PERSON, "POST"),
    "team_reviews": (PERSON, "GET"),
    "team_ask": (PERSON, "POST"),
    "team_leave": (PERSON, "GET POST"),
    "team_join": (PUBLIC, "GET POST"),
    "invitation_send": (ROW, "POST"),
    "invitation_revoke": (ROW, "POST"),
    "member_role": (ROW, "POST"),
    "member_remove": (ROW, "GET POST"),
    "member_own": (ROW, "POST"),
    "brand_kit": (PERSON, "GET POST"),
    "brand_preview": (PERSON, "GET"),
    "brand_sample": (PERSON, "GET"),
    "project_brand": (ROW, "POST"),
    "share_review": (LINK, "POST"),
    "project_film": (ROW, "GET"),
    "version_list": (ROW, "GET"),
    "version_name": (ROW, "POST"),
    "version_restore": (ROW, "POST"),
    "share_list": (ROW, "GET POST"),
    "share_save": (ROW, "POST"),
    "share_close": (ROW, "POST"),
    "share_open": (ROW, "POST"),
    "share_remove": (ROW, "POST"),
    "share_watch": (LINK, "GET POST"),
    "share_report": (LINK, "GET POST"),
    "share_poster": (LINK, "GET"),
    "share_seen": (LINK, "POST"),
    "share_file": (LINK, "GET"),
    "file_serve": (SIGNED, "GET"),
    "credit_list": (PERSON, "GET"),
    "key_list": (PERSON, "GET POST"),
    "key_revoke": (ROW, "POST"),
    "account_settings": (PERSON, "GET POST"),
    "session_end": (PERSON, "POST"),
    "healthz": (PUBLIC, "GET"),
    "metrics": (
        PUBLIC,
        "GET",
    ),  # on a laptop; in production METRICS_TOKEN: tests/rendering/test_warmpool.py
    "fleet": (PUBLIC, "GET"),
    "prediction_hook": (SIGNED, "POST"),
    "outbox": (PUBLIC, "GET"),  # in development only
    "api_docs": (PUBLIC, "GET"),
    "api-1:openapi-json": (PUBLIC, "GET"),
    "api-1:api-root": (PUBLIC, "GET"),
    "api-1:render_create": (KEY, "POST"),
    "api-1:render_list": (KEY, "GET"),
    "api-1:render_detail": (KEY_ROW, "GET"),
    "api-1:render_cancel": (KEY_ROW, "POST"),
    "api-1:avatar_list": (KEY, "GET"),
    "api-1:avatar_create": (KEY, "POST"),
    "api-1:avatar_detail": (KEY_ROW, "GET"),
    "api-1:avatar_delete": (KEY_ROW, "DELETE"),
    "api-1:voice_list": (KEY, "GET"),
    "api-1:voice_detail": (KEY_ROW, "GET"),
    "api-1:voice_delete": (KEY_ROW, "DELETE"),
    "api-1:asset_create": (KEY, "POST"),
    "api-1:asset_detail": (KEY_ROW, "GET"),
    "api-1:asset_delete": (KEY_ROW, "DELETE"),
    "api-1:template_list": (KEY, "GET"),
    "api-1:template_detail": (KEY_ROW, "GET"),
    "api-1:batch_create": (KEY, "POST"),
    "api-1:batch_create_csv": (KEY, "POST"),
    "api-1:batch_list": (KEY, "GET"),
    "api-1:batch_detail": (KEY_ROW, "GET"),
    "api-1:batch_row_list": (KEY_ROW, "GET"),
    "api-1:batch_result": (KEY_ROW, "GET"),
    "api-1:batch_start": (KEY_ROW, "POST"),
    "api-1:batch_pause": (KEY_ROW, "POST"),
    "api-1:batch_resume": (KEY_ROW, "POST"),
    "api-1:batch_cancel": (KEY_ROW, "POST"),
    "api-1:batch_retry_failed": (KEY_ROW, "POST"),
    "api-1:batch_sample": (KEY_ROW, "POST"),
    "api-1:batch_share": (KEY_ROW, "POST"),
    "api-1:batch_remove_values": (KEY_ROW, "POST"),
    "api-1:usage": (KEY, "GET"),
    "api-1:caption_list": (KEY_ROW, "GET"),
    "api-1:caption_update": (KEY_ROW, "PATCH"),
    "api-1:caption_reset": (KEY_ROW, "DELETE"),
    "api-1:caption_split": (KEY_ROW, "POST"),
    "api-1:caption_join": (KEY_ROW, "POST"),
    "account_login": (ACCOUNT, "GET POST"),
    "account_logout": (ACCOUNT, "GET POST"),
    "account_inactive": (ACCOUNT, "GET"),
    "account_signup": (ACCOUNT, "GET POST"),
    "account_reauthenticate": (ACCOUNT, "GET POST"),
    "account_email": (ACCOUNT, "GET POST"),
    "account_email_verification_sent": (ACCOUNT, "GET POST"),
    "account_change_password": (ACCOUNT, "GET POST"),
    "account_set_password": (ACCOUNT, "GET POST"),
    "account_reset_password": (ACCOUNT, "GET POST"),
    "account_confirm_login_code": (ACCOUNT, "GET POST"),
    "account_request_login_code": (ACCOUNT, "GET POST"),
    "account_reset_password_from_key": (ACCOUNT, "GET POST"),
    "account_reset_password_from_key_done": (ACCOUNT, "GET"),
    "account_reset_password_done": (ACCOUNT, "GET"),
    "mfa_index": (ACCOUNT, "GET"),
    "mfa_authenticate": (ACCOUNT, "GET POST"),
    "mfa_reauthenticate": (ACCOUNT, "GET POST"),
    "mfa_activate_totp": (ACCOUNT, "GET POST"),
    "mfa_deactivate_totp": (ACCOUNT, "GET POST"),
    "mfa_view_recovery_codes": (ACCOUNT, "GET"),
    "mfa_generate_recovery_codes": (ACCOUNT, "GET POST"),
    "mfa_download_recovery_codes": (ACCOUNT, "GET"),
    "mfa_list_webauthn": (ACCOUNT, "GET"),
    "mfa_add_webauthn": (ACCOUNT, "GET POST"),
    "mfa_edit_webauthn": (ACCOUNT, "GET POST"),
    "mfa_remove_webauthn": (ACCOUNT, "GET POST"),
    "mfa_reauthenticate_webauthn": (ACCOUNT, "GET POST"),
    "mfa_login_webauthn": (ACCOUNT, "GET POST"),
    "usersessions_list": (ACCOUNT, "GET POST"),
}


def walk(patterns, prefix=""):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            namespace = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from walk(pattern.url_patterns, prefix + namespace)
        else:
            yield f"{prefix}{pattern.name}", pattern


BODIES = {
    "api-1:caption_update": b"{}",
    "api-1:caption_split": b'{"after": 1}',
    "api-1:batch_start": b"{}",
    "api-1:batch_resume": b"{}",
    "api-1:batch_sample": b"{}",
    "api-1:batch_share": b'{"enabled": false}',
}
"""Bodies for routes that read one before they look for their row."""

FOUND = dict(walk(get_resolver().url_patterns))


UNDER_A_KEY = {"mfa_edit_webauthn", "mfa_remove_webauthn"}
"""Addresses of which a part stands in the pattern above them."""


def of(*kinds, method=None):
    """(name, method) of the routes of these kinds."""
    return [
        pytest.param(name, each, id=f"{each} {name}")
        for name, (kind, methods) in ROUTES.items()
        for each in methods.split()
        if kind in kinds and method in (None, each)
    ]


def test_every_route_is_in_the_table():
    assert set(FOUND) == set(ROUTES)


def test_the_table_knows_every_method_of_the_api():
    described = json.loads(Client().get("/api/v1/openapi.json").content)["paths"]
    operations = {
        (f"api-1:{one['operationId']}", method.upper())
        for methods in described.values()
        for method, one in methods.items()
    }
    assert operations == {
        (name, methods) for name, (kind, methods) in ROUTES.items() if kind in (KEY, KEY_ROW)
    }


def test_ids_in_addresses_are_long_and_never_repeat():
    """Ids of every row that an address names have 26 letters and more after the prefix, and do not repeat."""
    for model in (ApiKey, Avatar, Batch, Clip, Picture, Render, Template, Voice):
        ids = {model._meta.pk.get_default() for _ in range(50)}
        assert len(ids) == 50
        assert all(len(one.split("_", 1)[1]) >= 26 for one in ids)


@dataclass
class World:
    """Rows of Alice's workspace, and what the addresses need of them."""

    rows: dict
    render: Render

    def address(self, name):
        names = FOUND[name].pattern.converters or FOUND[name].pattern.regex.groupindex
        names = {*names, *(("pk",) if name in UNDER_A_KEY else ())}
        query = (
            "?word=Hello" if name == "pronunciation_try" else ""
        )  # without a word there is no sound
        return reverse(name, kwargs={key: self.rows[key] for key in names}) + query


@pytest.fixture
def world(alice, library):
    from studio.models import Project

    workspace = alice.workspace
    project = Project.objects.create(workspace=workspace, title="Secret plan of Alice")
    avatar, stock = Avatar.objects.first(), Voice.objects.first()
    note = {"id": "note", "text": "Secret note", "asset_id": "", "from": None, "to": None}
    look = {"position": "top", "x": None, "y": None, "size": 0.06, "style": "plain"}
    scene = project.add_scene(
        script="The secret plan.",
        avatar=avatar,
        voice=stock,
        overlays=[{**note, **look, "enter": "fade", "exit": "fade"}],
        cues=[
            {"id": "cue", "from": {"line": 1, "word": 1}, "to": {"line": 1, "word": 2}}
            | {"said": "The secret", "text": "", "start": 0, "end": 0, "parted": True}
        ],
    )
    project.add_scene(script="Goes on.", avatar=avatar, voice=stock)
    render = Render.objects.create(
        workspace=workspace, project=project, title="Secret plan of Alice"
    )
    Segment.objects.create(
        render=render, position=1, text="The secret plan.", avatar=avatar, voice=stock,
        spec={"language": "en-US"}, key="e" * 64, line_key="1", kept=True,
    )  # fmt: skip
    voice = Voice.objects.create(
        workspace=workspace, slug=OWN_VOICE, name="Own", language="en-US", engine="xtts"
    )
    picture = Picture.objects.create(
        workspace=workspace, name="x", sha256="a" * 64, suffix=".png", width=8, height=8
    )
    picture.path.parent.mkdir(parents=True, exist_ok=True)
    picture.path.write_bytes(Path("static/img/mark.svg").read_bytes())
    clip = Clip.objects.create(
        workspace=workspace, kind="video", name="x", sha256="c" * 64, suffix=".mp4", seconds=1.0
    )
    clip.path.parent.mkdir(parents=True, exist_ok=True)
    clip.path.write_bytes(Path("rendering/assets/avatars/maya/sample.mp4").read_bytes())
    face = Avatar.objects.create(workspace=workspace, slug="own-face", name="Own", pack="b" * 64)
    poster = photos.path_of(face, "poster")
    poster.parent.mkdir(parents=True, exist_ok=True)
    poster.write_bytes(b"RIFF")
    share = Share.make(project, alice)
    erin = User.objects.create_user("erin@example.org", "a long password")
    member = Membership.objects.create(workspace=workspace, user=erin)
    invitation = Invitation(workspace=workspace, email="secret@example.org", role="member")
    invitation.begin()
    invitation.save()
    comment = Comment.objects.create(project=project, version=1, text="A secret", name="Kim")
    word = Pronunciation.objects.create(workspace=workspace, word="Alice", value="Al is")
    key, _ = ApiKey.make(workspace, "Robot")
    template = templates.save(
        project, name="Secret plan of Alice", description="", variables=(), choices=(), by=alice
    )
    batch = Batch.objects.create(
        workspace=workspace,
        template=template,
        title="Secret plan of Alice",
        content=template.content,
        variables=[],
        columns=["name"],
        size=1,
        state="ready",
    )
    batch.rows.create(number=1, key="Alice", cells={"name": "Alice"}, state="ready")
    return World(
        {
            "template_id": template.pk,
            "batch_id": batch.pk,
            "workspace_id": workspace.pk,
            "project_id": project.pk,
            "scene_id": scene.pk,
            "render_id": render.pk,
            "slug": voice.slug,
            "voice_id": voice.pk,
            "picture_id": picture.pk,
            "clip_id": clip.pk,
            "overlay_id": "note",
            "caption_id": f"{scene.pk}-1-1-2",
            "asset_id": clip.pk,
            "avatar_id": face.pk,
            "stock_slug": avatar.slug,
            "kind": "poster",
            "pronunciation_id": word.pk,
            "key_id": key.pk,
            "share_id": share.pk,
            "comment_id": comment.pk,
            "form": "csv",
            "pk": 1,
            "session_id": 1,
            "member_id": member.pk,
            "invitation_id": invitation.pk,
            "viewing": "nothing",
            "number": 1,
            "line": 1,
            "position": 1,
            "token": "nothing",
            "name": "video.mp4",
            "key": "nothing",
            "uidb36": "1",
        },
        render,
    )


@pytest.fixture
def dave(alice):
    """A person who was a member once."""
    person = User.objects.create_user("dave@example.org", "a long password")
    Membership.objects.create(workspace=alice.workspace, user=person, removed_at=timezone.now())
    return person


def ask(client, method, address, **options):
    """The answer, after checks that hold for every answer; whatever the request changed is rolled back."""
    with transaction.atomic():
        response = client.generic(method, address, **options)
        if response.streaming:
            whole = HttpResponse(b"".join(response.streaming_content), status=response.status_code)
            whole.headers, whole.cookies = response.headers, response.cookies
            response = whole
        transaction.set_rollback(True)
    assert response.status_code in range(200, 500) or response.status_code == 503
    assert response["X-Request-Id"].startswith("req_")
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    return response


def to_login(response):
    return response.status_code == 302 and response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(("name", "method"), of(PERSON, ROW))
def test_anonymous_visitors_are_sent_to_the_login(world, name, method):
    assert to_login(ask(Client(), method, world.address(name)))


@pytest.mark.parametrize(("name", "method"), of(ROW))
def test_strangers_and_former_members_find_no_row_of_a_workspace(
    world, charlie, dave, client_of, name, method
):
    for stranger in (charlie, dave):
        response = ask(client_of(stranger), method, world.address(name))
        assert response.status_code == 404
        assert b"Secret" not in response.content
        assert b"secret" not in response.content


@pytest.mark.parametrize(("name", "method"), of(ROW))
def test_owners_and_members_are_let_in(world, alice, bob, client_of, name, method):
    if name == "scene_restore":
        from studio.models import Scene

        Scene.objects.get(pk=world.rows["scene_id"]).remove()
    if name == "line_film":
        film_line(world.render.segments.get())
    if name.startswith("version_") or name == "project_film":
        Render.objects.update(status="done", version=1)
        versions.keep_source(world.render, versions.body_of(world.render.project))
    may = roles.allows(Membership.Role.MEMBER, FOUND[name].callback.verb)
    for person in (alice, bob) if may else (alice,):
        response = ask(client_of(person), method, world.address(name))
        assert response.status_code not in (401, 403, 404, 405)
        assert not to_login(response)


@pytest.mark.parametrize("role", [role for role in Membership.Role.values if role != "owner"])
def test_each_role_is_refused_what_it_may_not_do_and_told_who_can(world, alice, client_of, role):
    Membership.objects.filter(pk=world.rows["member_id"]).update(role=role)
    erin = client_of(User.objects.get(email="erin@example.org"))
    refused = 0
    for name, (kind, methods) in ROUTES.items():
        if kind not in (PERSON, ROW) or roles.allows(role, FOUND[name].callback.verb):
            continue
        for method in methods.split():
            answer = ask(erin, method, world.address(name))
            assert (name, answer.status_code) == (name, 403)
            assert b"ecret plan" not in answer.content
            if method == "GET":
                assert f"({alice})" in answer.content.decode()
        refused += 1
    assert refused or role == "admin"


@pytest.mark.parametrize("role", ["reviewer", "billing"])
def test_narrow_roles_open_what_is_theirs(world, client_of, role):
    Membership.objects.filter(pk=world.rows["member_id"]).update(role=role)
    erin = client_of(User.objects.get(email="erin@example.org"))
    for name, (kind, methods) in ROUTES.items():
        if kind != PERSON or "GET" not in methods:
            continue
        if roles.allows(role, FOUND[name].callback.verb):
            answer = ask(erin, "GET", world.address(name))
            assert answer.status_code == (302 if name == "home" else 200)
            assert b"ecret plan" not in answer.content


@pytest.mark.parametrize(("name", "method"), of(PERSON, method="GET"))
def test_people_see_only_their_own_rows_on_their_pages(
    world, alice, charlie, client_of, name, method
):
    assert ask(client_of(alice), method, world.address(name)).status_code == 200
    response = ask(client_of(charlie), method, world.address(name))
    assert response.status_code == 200
    assert b"Secret plan of Alice" not in response.content
    assert b"Robot" not in response.content


@pytest.mark.parametrize(
    ("name", "methods"), [(name, methods) for name, (kind, methods) in ROUTES.items() if kind in (PERSON, ROW)]
)  # fmt: skip
def test_other_methods_are_refused(world, alice, client_of, name, methods):
    for method in {"GET", "POST", "DELETE"} - set(methods.split()):
        assert ask(client_of(alice), method, world.address(name)).status_code == 405


@pytest.mark.parametrize(("name", "method"), of(PERSON, ROW, method="POST"))
def test_a_post_from_another_site_is_refused(world, alice, name, method):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert ask(client, method, world.address(name)).status_code == 403


@pytest.mark.parametrize(("name", "method"), of(PUBLIC, ACCOUNT, method="GET"))
def test_public_pages_show_nothing_of_a_workspace(world, name, method):
    response = ask(Client(), method, world.address(name))
    assert response.status_code in (200, 302, 404, 503)
    assert b"ecret plan" not in response.content


@pytest.mark.parametrize(("name", "method"), of(LINK))
def test_an_address_that_nobody_shared_shows_nothing(world, alice, client_of, name, method):
    for client in (Client(), client_of(alice)):
        response = ask(client, method, world.address(name))
        assert response.status_code == 404
        assert b"ecret plan" not in response.content
        assert not response.cookies


def test_a_link_that_was_not_signed_opens_nothing(world, alice, client_of):
    for client in (Client(), client_of(alice)):
        assert ask(client, "GET", world.address("file_serve")).status_code in (403, 404)


@pytest.mark.parametrize(("name", "method"), of(KEY, KEY_ROW))
def test_the_api_refuses_requests_without_a_key(world, alice, client_of, name, method):
    for client in (Client(), client_of(alice)):  # a session is no key
        response = ask(client, method, world.address(name), content_type="application/json")
        assert_problem(response, 401, "key_missing")


@pytest.mark.parametrize(("name", "method"), of(KEY, KEY_ROW))
def test_a_revoked_key_opens_nothing(world, alice, name, method):
    key, secret = ApiKey.make(alice.workspace, "Old")
    key.revoke()
    headers = {"Authorization": f"Bearer {secret}"}
    response = ask(Client(), method, world.address(name), headers=headers)
    assert_problem(response, 401, "key_revoked")


@pytest.mark.parametrize(("name", "method"), of(KEY_ROW))
def test_a_key_of_another_workspace_finds_nothing(world, alice, charlie, name, method):
    stranger, own = Program.of(charlie.workspace), Program.of(alice.workspace)
    sent = {"data": BODIES.get(name, b""), "content_type": "application/json"}
    foreign = stranger.client.generic(
        method, world.address(name), **sent, headers={"Authorization": f"Bearer {stranger.secret}"}
    )
    missing = stranger.client.generic(
        method,
        world.address(name)
        .replace(world.rows["render_id"], "render_00000000000000000000000000")
        .replace(world.rows["avatar_id"], "avatar_00000000000000000000000000")
        .replace(world.rows["asset_id"], "asset_00000000000000000000000000")
        .replace(world.rows["project_id"], "project_00000000000000000000000000"),
        **sent,
        headers={"Authorization": f"Bearer {stranger.secret}"},
    )
    assert (
        assert_problem(foreign, 404, "not_found")["detail"]
        == assert_problem(missing, 404, "not_found")["detail"]
    )
    world.render.refresh_from_db()
    assert world.render.status == "queued"
    headers = {"Authorization": f"Bearer {own.secret}"}
    answer = own.client.generic(method, world.address(name), **sent, headers=headers)
    assert answer.status_code in (200, 204, 409)  # found, whatever its state allows


def test_lists_of_the_api_show_nothing_of_other_workspaces(world, alice, charlie):
    own, stranger = Program.of(alice.workspace), Program.of(charlie.workspace)
    assert [row["id"] for row in own.get("/api/v1/renders").json()["data"]] == [world.render.pk]
    for query in ({}, {"project_id": world.rows["project_id"]}):
        assert stranger.get("/api/v1/renders", query).json()["data"] == []
    slugs = [row["slug"] for row in stranger.get("/api/v1/voices").json()["data"]]
    assert slugs
    assert OWN_VOICE not in slugs
    assert OWN_VOICE in [row["slug"] for row in own.get("/api/v1/voices").json()["data"]]


def test_the_api_renders_nothing_of_other_workspaces(world, alice, charlie):
    stranger = Program.of(charlie.workspace)
    assert_problem(stranger.render(project_id=world.rows["project_id"]), 404, "not_found")
    assert_problem(stranger.render(script="Hi.", voice_id=OWN_VOICE), 422, "invalid_field")
    image = {"type": "image", "asset_id": world.rows["picture_id"]}
    assert_problem(stranger.render(script="Hi.", background=image), 422, "invalid_field")
    assert Render.objects.count() == 1
    assert not IdempotencyKey.objects.exists()
    assert not Case.objects.exists()


def test_a_scene_takes_no_picture_or_voice_of_another_workspace(world, charlie, client_of):
    """Ids in a form are as foreign as those in an address."""
    from studio.models import Project

    give(charlie.workspace, 60, kind="promo", source="test")
    project = Project.objects.create(workspace=charlie.workspace)
    scene = project.add_scene(
        script="Hi.", avatar=Avatar.objects.first(), voice=Voice.objects.first()
    )
    for field, value in (("picture", world.rows["picture_id"]), ("voice", OWN_VOICE)):
        body = {"revision": scene.revision, field: value}
        client_of(charlie).post(f"/scenes/{scene.pk}/save", body)
        scene.refresh_from_db()
        assert scene.picture_id is None
        assert scene.voice.slug != OWN_VOICE
