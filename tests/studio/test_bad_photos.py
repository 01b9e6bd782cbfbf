"""Photos that cannot become an avatar, through the site and the API: they get a sentence, and nothing stays behind."""

import struct
import zipfile
import zlib
from dataclasses import replace
from io import BytesIO

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from rendering.faces import tracker
from studio import limits
from studio.library import photos
from studio.models import Avatar
from tests.faces import scenes
from tests.studio.programs import Program, assert_problem
from tests.studio.rows import everything, own_avatar

pytestmark = pytest.mark.django_db


def coded(picture, kind="JPEG", **options):
    out = BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(out, kind, **options)
    return out.getvalue()


def far(factor=0.3):
    return cv2.resize(
        scenes.photo("clara"), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA
    )


def scaled(points_apart):
    """Clara, with this many pixels between the ears."""
    points = tracker.find(scenes.photo("clara"))
    return far(points_apart / float(np.linalg.norm(points[454, :2] - points[234, :2])))


def masked():
    picture = scenes.photo("clara").copy()
    outline = tracker.find(picture)[[205, 50, 4, 280, 425, 365, 152, 136], :2]
    cv2.fillConvexPoly(picture, cv2.convexHull(np.round(outline).astype(np.int32)), (150, 190, 220))
    return picture


def moving(kind):
    frames = [Image.fromarray(far(0.2 + 0.01 * step)).resize((200, 180)) for step in range(3)]
    return coded(frames[0], kind, save_all=True, append_images=frames[1:], duration=80)


def png(width, height, *chunks):
    """A black PNG of this size, in a few bytes."""

    def chunk(name, body):
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    pixels = zlib.compress(bytes((width + 7) // 8 + 1) * height, 9)
    parts = [header, *(chunk(*each) for each in chunks), chunk(b"IDAT", pixels)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def sixteen_bit():
    grey = cv2.cvtColor(far(), cv2.COLOR_RGB2GRAY).astype(np.uint16) * 257
    return cv2.imencode(".png", grey)[1].tobytes()


def lying():
    """Far away and turned by a quarter, with a note in its EXIF that says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return coded(np.ascontiguousarray(np.rot90(far())), exif=exif)


AT_THE_DOOR = {
    "a word processor's file": (lambda: b"%PDF-1.7 " * 99, "not a JPEG"),
    "HTML called a JPEG": (lambda: b"<script>alert(1)</script>" * 50, "not a JPEG"),
    "SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG"),
    "animated GIF": (lambda: moving("GIF"), "not a JPEG"),
    "animated WebP": (lambda: moving("WEBP"), "The picture moves"),
    "animated PNG": (lambda: moving("PNG"), "The picture moves"),
    "cut JPEG": (lambda: coded(far())[:9000], "damaged"),
    "cut PNG": (lambda: coded(far(), "PNG")[:9000], "damaged"),
    "bomb": (lambda: png(20_000, 20_000), "20,000 x 20,000 pixels"),
    "12,001 pixels wide": (lambda: png(12_001, 80), "12,001 x 80 pixels"),
    "151 million pixels": (lambda: png(12_000, 12_600), "12,000 x 12,600 pixels"),
    "text bomb": (
        lambda: png(80, 80, (b"zTXt", b"a\0\0" + zlib.compress(bytes(99_000_000), 9))),
        "damaged",
    ),
    "a stamp": (lambda: png(40, 40), "only 40 x 40 pixels"),
}
"""Refused at once: the file itself cannot be used."""

LOOKED_AT = {
    "an empty room": (lambda: coded(scenes.ground(700, 700).astype(np.uint8)), "no_face", False),
    "a cat": (
        lambda: coded(cv2.resize(scenes.real("chelsea"), None, fx=3, fy=3)),
        "no_face",
        False,
    ),
    "two people": (
        lambda: coded(
            np.hstack([cv2.resize(scenes.photo(who), (900, 820)) for who in ("clara", "daniel")])
        ),
        "many_faces",
        True,
    ),
    "a mask": (lambda: coded(masked()), "mouth_covered", True),
    "a profile view": (lambda: coded(scenes.live("clara", "profile")), "face_turned", True),
    "100 pixels of face": (lambda: coded(scaled(100)), "face_too_small", True),
    # A photo that can be decoded is looked at like any other: these are seen to be far away.
    "CMYK": (lambda: coded(Image.fromarray(far()).convert("CMYK")), "face_too_small", True),
    "16 bit": (sixteen_bit, "face_too_small", True),
    "turned by EXIF": (lying, "face_too_small", True),
    "a PNG called .jpg": (lambda: coded(far(), "PNG"), "face_too_small", True),
}
"""Refused by a worker: what the photo shows cannot be used. The last is whether the fault is marked in the picture."""


@pytest.fixture
def client(alice, client_of, library):
    return client_of(alice)


@pytest.fixture
def program(alice, library):
    return Program.of(alice.workspace)


def by_form(client, data, name="me.jpg"):
    return client.post("/avatars/new", {"photo": SimpleUploadedFile(name, data)})


def by_program(program, data, key="one"):
    headers = {"Authorization": f"Bearer {program.secret}", "Idempotency-Key": key}
    photo = {"photo": SimpleUploadedFile("me.jpg", data)}
    return program.client.post("/api/v1/avatars", photo, headers=headers)


def work(avatar):
    photos.MAKING.work(avatar.pk)
    avatar.refresh_from_db()
    return avatar


@pytest.mark.parametrize("name", AT_THE_DOOR)
def test_a_file_that_is_no_usable_photo_is_refused_at_once(client, program, name):
    make, sentence = AT_THE_DOOR[name]
    before, data = everything(), make()
    answer = by_form(client, data)
    page = answer.content.decode()
    assert (answer.status_code, sentence in page) == (422, True), page
    assert "Make an avatar from a photo" in page  # the form is still there
    said = assert_problem(
        by_program(program, data), 422, "image_" + answer.context["problem"].code[6:]
    )
    assert sentence in said["detail"]
    assert not Avatar.objects.exclude(workspace=None).exists()
    assert everything() == before


@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_photo_that_shows_the_wrong_thing_is_refused_and_deleted(client, program, name):
    make, code, is_marked = LOOKED_AT[name]
    before, data = everything(), make()
    assert by_form(client, data).status_code == 302
    avatar = work(Avatar.objects.exclude(workspace=None).get())
    assert (avatar.state, avatar.pack) == ("refused", "")
    assert code in [finding["code"] for finding in avatar.findings]
    page = client.get(f"/avatars/{avatar.pk}/").content.decode()
    assert avatar.findings[0]["sentence"] in page
    wall = client.get("/avatars/").content.decode()
    assert f"/avatars/{avatar.pk}/files/marked" in wall  # so that those who come back see why
    count = Avatar.objects.filter(workspace=None, retired_at=None, of="").count()
    assert f"{count} avatars" in wall  # it is not counted
    if is_marked:
        shown = b"".join(client.get(f"/avatars/{avatar.pk}/files/marked").streaming_content)
        picture = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        assert (np.abs(picture.astype(int) - (214, 69, 65)).max(-1) < 40).sum() > 200
    # Of the photo only the picture with the marks is stored, until its page is left.
    stored = everything() - before
    assert stored == {photos.path_of(avatar, "marked")}
    client.post(f"/avatars/{avatar.pk}/discard", {"again": "1"})
    assert not Avatar.objects.exclude(workspace=None).exists()
    assert everything() == before

    answer = by_program(program, data)
    assert answer.status_code == 202
    avatar = work(Avatar.objects.get(pk=answer.json()["id"]))
    read = program.get(answer["Location"]).json()
    assert read["status"] == "refused"
    assert code in [finding["code"] for finding in read["findings"]]
    assert all(finding["sentence"].endswith(".") for finding in read["findings"])
    headers = {"Authorization": f"Bearer {program.secret}"}
    assert program.client.delete(answer["Location"], headers=headers).status_code == 204
    assert not Avatar.objects.exclude(workspace=None).exists()
    assert everything() == before


@pytest.mark.parametrize("kind", ["zip", "HTML"])
def test_data_that_hides_in_a_picture_is_never_stored(client, kind):
    out = BytesIO(coded(far(), comment=b"<script>hidden words</script>"))
    if kind == "zip":
        out.seek(0, 2)
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr("secret.txt", "hidden words")
    before = everything()
    assert by_form(client, out.getvalue()).status_code == 302
    (stored,) = everything() - before
    avatar = Avatar.objects.exclude(workspace=None).get()
    for path in (stored, photos.path_of(work(avatar), "marked")):
        found = path.read_bytes() if path.exists() else b""
        assert b"hidden words" not in found
        assert b"PK\x03\x04" not in found


def test_a_form_without_a_photo_asks_for_one(client):
    answer = client.post("/avatars/new", {})
    assert (answer.status_code, "Choose a photo first" in answer.content.decode()) == (422, True)


def test_a_huge_upload_is_refused_with_the_largest_size(client, program):
    huge = b"x" * 26_000_000
    answer = by_form(client, huge)
    page = answer.content.decode()
    assert (answer.status_code, "at most 20 MB can be sent here" in page) == (413, True)
    assert "<h1>" in page
    assert (
        "20,000,000 bytes"
        in assert_problem(by_program(program, huge), 413, "file_too_large")["detail"]
    )
    body = b'{"script": "' + huge + b'"}'
    assert_problem(program.post("/api/v1/renders", body), 413, "body_too_large")
    assert not Avatar.objects.exclude(workspace=None).exists()


def test_a_workspace_has_as_many_avatars_as_its_plan_holds(client, program, alice, monkeypatch):
    from billing import plans

    most = plans.PLANS[alice.workspace.plan].photo_avatars
    own = [own_avatar(alice.workspace, name=f"Robin {n}") for n in range(most)]
    own_avatar(alice.workspace, name="Refused", state="refused", pack="")  # does not count
    assert "its plan holds no more; delete one first" in client.get("/avatars/new").content.decode()
    before = everything()
    answer = by_form(client, coded(far()))
    sentence = f"The workspace has {most} avatars from photos, and its plan holds no more"
    assert (answer.status_code, sentence in answer.content.decode()) == (403, True)
    assert (
        sentence in assert_problem(by_program(program, coded(far())), 403, "avatar_limit")["detail"]
    )
    assert everything() == before

    client.post(f"/avatars/{own[0].pk}/remove")
    first = by_program(program, coded(far()))
    assert first.status_code == 202
    assert by_program(program, coded(far())).json() == first.json()  # sent again, not made again
    answer = client.post(f"/avatars/{own[0].pk}/restore")
    assert (answer.status_code, sentence in answer.content.decode()) == (403, True)


def test_photos_beyond_the_limit_of_an_hour_are_refused_until_later(client, program, monkeypatch):
    monkeypatch.setattr(limits, "PHOTOS", replace(limits.PHOTOS, most=2))
    for _ in range(2):
        assert by_form(client, b"no photo").status_code == 422
    answer = by_form(client, coded(far()))
    assert (answer.status_code, "within an hour; wait" in answer.content.decode()) == (429, True)
    answer = by_program(program, coded(far()))
    assert_problem(answer, 429, "rate_limited")
    assert 0 < int(answer["Retry-After"]) <= 3600
    assert not Avatar.objects.exclude(workspace=None).exists()
