"""The audit log: what is changed, missing or cut off is named, and what is personal can be erased."""

import csv
import io
import json
import random
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from rows import audit, events
from rows.audit import AuditHead, AuditRow, Checkpoint
from rows.events import Event, Personal
from studio.models import Membership, Workspace
from studio.people import audit as log

pytestmark = pytest.mark.django_db
KEY = Ed25519PrivateKey.generate()


def happen(count, workspace="workspace_a", **more):
    with transaction.atomic():
        for number in range(count):
            events.record(
                "key.made",
                f"key_{number}",
                workspace=workspace,
                actor="7",
                after={"n": number},
                **more,
            )
    events.deliver()


def verdict():
    return audit.verify(KEY.public_key()).first_bad


@pytest.fixture
def chain(db):
    """Two workspaces, of which one has twelve rows, signed up to the eighth."""
    happen(8)
    audit.seal(KEY)
    happen(4)
    happen(3, "workspace_b")
    return AuditRow.objects.filter(workspace="workspace_a")


def as_an_attacker(statement, *values):
    """Somebody who owns the database takes the guards away first."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER IF EXISTS rows_auditrow_append_only ON rows_auditrow")
        else:
            for verb in ("update", "delete"):
                cursor.execute(f"DROP TRIGGER IF EXISTS rows_auditrow_no_{verb}")
        cursor.execute(statement, values)


def test_a_whole_chain_holds(chain):
    found = audit.verify(KEY.public_key())
    assert (found.workspaces, found.rows, found.first_bad) == (2, 15, None)
    numbers = list(chain.values_list("number", flat=True))
    assert numbers == list(range(1, 13))


def test_rows_cannot_be_changed_through_the_database(chain):
    with pytest.raises(DatabaseError), transaction.atomic():
        chain.filter(number=3).update(kind="key.revoked")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "key.revoked"),
        ("actor", "8"),
        ("subject", "key_99"),
        ("after", '{"n": 5}'),
        ("personal", "0" * 64),
        ("at", "2020-01-01 00:00:00"),
        ("previous", "1" * 64),
        ("hash", "2" * 64),
    ],
)
def test_a_flip_is_named(chain, column, value):
    as_an_attacker(
        f'UPDATE rows_auditrow SET "{column}" = %s WHERE workspace = %s AND number = 5',
        value,
        "workspace_a",
    )
    bad = verdict()
    assert (bad.workspace, bad.number) == ("workspace_a", 5)


@pytest.mark.parametrize("number", [1, 5, 8, 9])
def test_a_deleted_row_is_named(chain, number):
    as_an_attacker(
        "DELETE FROM rows_auditrow WHERE workspace = %s AND number = %s", "workspace_a", number
    )
    assert (verdict().number, verdict().why) == (number, "missing")


@pytest.mark.parametrize("last", [11, 7, 0])
def test_a_cut_tail_is_named_even_if_the_head_was_moved(chain, last):
    as_an_attacker(
        "DELETE FROM rows_auditrow WHERE workspace = %s AND number > %s", "workspace_a", last
    )
    assert verdict().number == last + 1
    row = chain.filter(number=last).first()
    Checkpoint.objects.filter(number__gt=last).delete()
    AuditHead.objects.filter(workspace="workspace_a").update(
        number=last, hash=row.hash if row else audit.FIRST
    )
    bad = verdict()
    assert (bad.workspace, bad.number, bad.why) == ("workspace_a", last + 1, "not what happened")


def test_a_chain_that_was_made_anew_is_not_what_was_signed(chain):
    rows = list(chain)
    before = audit.FIRST
    for row in rows:
        row.actor, row.previous = "9", before
        before = row.hash = row.hashed()
        as_an_attacker(
            "UPDATE rows_auditrow SET actor = %s, previous = %s, hash = %s WHERE id = %s",
            *(row.actor, row.previous, row.hash, row.pk),
        )
    AuditHead.objects.filter(workspace="workspace_a").update(hash=before)
    assert (verdict().number, verdict().why) == (8, "not what was signed")
    Checkpoint.objects.all().delete()
    assert (verdict().number, verdict().why) == (1, "not what happened")


def test_a_checkpoint_of_another_key_is_named(chain):
    Checkpoint.objects.all().delete()
    audit.seal(Ed25519PrivateKey.generate())
    assert verdict().why == "signature of the checkpoint"


def test_old_rows_go_as_far_as_a_checkpoint_and_the_rest_holds(chain):
    now = timezone.now()
    assert audit.cut("workspace_a", now - timedelta(days=1)) == 0
    Checkpoint.objects.filter(workspace="workspace_a").delete()
    earlier = Checkpoint(workspace="workspace_a", number=8, hash=chain.get(number=8).hash)
    earlier.at = chain.get(number=8).at
    earlier.signature = KEY.sign(earlier.stated()).hex()
    earlier.save()
    assert audit.cut("workspace_a", chain.get(number=9).at) == 8
    assert list(chain.values_list("number", flat=True)) == [9, 10, 11, 12]
    assert verdict() is None
    happen(2)
    assert verdict() is None
    as_an_attacker("DELETE FROM rows_auditrow WHERE workspace = %s AND number = 9", "workspace_a")
    assert verdict().number == 9


def test_addresses_of_devices_go_with_the_rows_they_belong_to(db):
    held = events.COMES_FROM.set("203.0.113.7")
    happen(1)
    happen(1, person="mia@example.org", personal={"address": "mia@example.org"})
    events.COMES_FROM.reset(held)
    audit.seal(KEY)
    assert Personal.objects.filter(body__has_key="ip").count() == 2
    later = timezone.now() + timedelta(days=1)
    assert audit.cut("workspace_a", later) == 2
    assert [row.body for row in Personal.objects.all()] == [{"address": "mia@example.org"}]
    assert verdict() is None


def test_what_is_personal_can_be_erased_and_the_chain_still_holds(db):
    happen(2, person="mia@example.org", personal={"address": "mia@example.org"})
    assert all(row.personal for row in AuditRow.objects.all())
    assert events.erase("mia@example.org") == 2
    assert not Personal.objects.exists()
    assert verdict() is None


def test_the_address_of_a_request_is_kept_with_what_a_person_does(alice, client_of):
    client_of(alice).post("/brand/", {"colour": "#123456"}, REMOTE_ADDR="203.0.113.7")
    events.deliver()
    page = client_of(alice).get("/audit/?group=settings").content.decode()
    assert "changed the brand kit" in page
    assert "203.0.113.7" in page
    events.erase(str(alice.pk))
    assert "203.0.113.7" not in client_of(alice).get("/audit/").content.decode()


def test_the_page_filters_and_both_files_hold_what_it_shows(alice, bob, client_of):
    client = client_of(alice)
    client.post("/brand/", {"colour": "#123456"})
    client.post("/keys/", {"name": "=HYPERLINK(1)"})
    events.deliver()
    page = client.get("/audit/?group=keys").content.decode()
    assert "made a key" in page
    assert "changed the brand kit" not in page
    assert "Nothing is recorded" in client.get(f"/audit/?actor={bob.pk}").content.decode()
    assert "year-month-day" in client.get("/audit/?since=yesterday").content.decode()
    told = client.get("/audit/audit.csv?group=keys")
    rows = list(csv.DictReader(io.StringIO(b"".join(told.streaming_content).decode())))
    assert [row["kind"] for row in rows] == ["key.made"]
    assert rows[0]["who"] == "alice"
    plain = json.loads(b"".join(client.get("/audit/audit.json").streaming_content))
    assert {row["kind"] for row in plain} >= {"key.made", "brand.changed", "account.opened"}
    assert client_of(bob).get("/audit/").status_code == 403


def test_an_export_holds_every_row_in_order(alice, client_of):
    happen(1200, alice.workspace.pk)
    told = client_of(alice).get("/audit/audit.json?group=keys")
    numbers = [row["number"] for row in json.loads(b"".join(told.streaming_content))]
    assert len(numbers) == 1200
    assert numbers == sorted(numbers, reverse=True)


def test_the_command_verifies_and_names_the_first_bad_row(alice, capsys, settings, tmp_path):
    settings.AUDIT_KEY = tmp_path / "audit.pem"
    happen(5, alice.workspace.pk)
    log.seal()
    call_command("audit", "verify", "--json")
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"workspaces", "rows", "first_bad"}
    assert found["first_bad"] is None
    as_an_attacker("UPDATE rows_auditrow SET actor = '' WHERE number = 3")
    with pytest.raises(CommandError, match="Row 3 of"):
        call_command("audit", "verify")


def test_each_plan_keeps_it_as_long_as_it_says(alice):
    days = {}
    for plan in ("free", "starter", "creator", "team", "business", "enterprise"):
        Workspace.objects.update(plan=plan)
        days[plan] = log.kept_days(Workspace.objects.get())
    assert days == {
        "free": 30, "starter": 90, "creator": 90, "team": 365, "business": 1095, "enterprise": 1095,
    }  # fmt: skip


def test_whatever_is_flipped_is_found(chain):
    """A hundred random flips of one letter of a random column."""
    chance = random.Random(20261130)
    columns = ("kind", "actor", "subject", "before", "after", "previous", "hash")
    for _ in range(100):
        row = chance.choice(list(chain))
        column = chance.choice(columns)
        value = getattr(row, column)
        text = value if isinstance(value, str) else json.dumps(value)
        at = chance.randrange(len(text))
        changed = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
        try:
            json.loads(changed) if not isinstance(value, str) else None
        except ValueError:
            continue
        with transaction.atomic():
            as_an_attacker(
                f'UPDATE rows_auditrow SET "{column}" = %s WHERE id = %s', changed, row.pk
            )
            bad = verdict()
            transaction.set_rollback(True)
        assert bad is not None
        assert bad.number in (row.number, row.number + 1)


def test_members_of_two_workspaces_read_their_own(alice, charlie, client_of):
    happen(2, charlie.workspace.pk)
    assert "key_1" not in client_of(alice).get("/audit/").content.decode()
    assert Membership.objects.filter(user=alice).count() == 1
    assert Event.objects.filter(workspace=charlie.workspace.pk).exists()
