"""The chain of consents in the terminal."""

import json

import pytest
from django.core.management import call_command
from django.db import connection

from consent.models import ConsentEvent
from rows.append_only import allow_changes, refuse_changes
from studio.models import Avatar

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class Owner:
    """Somebody with the rights of the database's owner."""

    connection = connection

    def execute(self, statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)


def run(capsys, *arguments):
    """The exit status and the output of the command."""
    try:
        call_command("consent", "verify", *arguments)
        status = 0
    except SystemExit as ended:
        status = ended.code
    return status, capsys.readouterr().out


def test_verify_counts_the_links_of_a_whole_chain(library, capsys):
    Avatar.objects.get(slug="maya").consents.get().withdraw("asked")
    links = ConsentEvent.objects.count()
    status, out = run(capsys, "--json")
    assert (status, json.loads(out)) == (0, {"links": links, "first_broken": None})
    assert run(capsys) == (0, f"Links checked: {links}. The chain is whole.\n")


def test_verify_takes_an_empty_chain_for_whole(db, capsys):
    status, out = run(capsys, "--json")
    assert (status, json.loads(out)) == (0, {"links": 0, "first_broken": None})


@pytest.mark.parametrize("field", ["body", "hash", "previous"])
def test_verify_names_the_first_broken_link(library, capsys, field):
    changed = list(ConsentEvent.objects.order_by("sequence"))[2:4]
    allow_changes(Owner(), "consent_consentevent")
    for number, event in enumerate(changed):
        value = {**event.body, "forged": True} if field == "body" else "ab"[number] * 64
        ConsentEvent.objects.filter(pk=event.pk).update(**{field: value})
    refuse_changes(Owner(), "consent_consentevent")
    status, out = run(capsys, "--json")
    assert (status, json.loads(out)) == (1, {"links": 3, "first_broken": changed[0].pk})
    status, out = run(capsys)
    assert status == 1
    assert out.startswith(f"Links checked: 3. Link {changed[0].pk} does not follow")


def test_verify_finds_that_a_link_was_removed(library, capsys):
    first, second = ConsentEvent.objects.order_by("sequence")[:2]
    allow_changes(Owner(), "consent_consentevent")
    first.delete()
    refuse_changes(Owner(), "consent_consentevent")
    status, out = run(capsys, "--json")
    assert (status, json.loads(out)) == (1, {"links": 1, "first_broken": second.pk})
