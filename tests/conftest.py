"""The cast: alice owns a workspace, bob is a member of it, charlie is a stranger, mo moderates."""

import importlib.util

import pytest
from django.conf import settings
from django.db.backends.sqlite3.base import DatabaseOperations
from django.test import Client

from rows import limits

WITHOUT_TORCH = importlib.util.find_spec("torch") is None
collect_ignore = ["gpu"] if WITHOUT_TORCH else []


def pytest_terminal_summary(terminalreporter):
    if WITHOUT_TORCH:
        terminalreporter.write_line(
            "tests/gpu was left out: torch is not installed here. `make test-engines` runs it."
        )


def pytest_collection_modifyitems(config, items):
    if "long" in config.option.markexpr or any("::" in argument for argument in config.args):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if item not in long]
    config.hook.pytest_deselected(items=long)


@pytest.fixture(scope="session", autouse=True)
def _rows_can_be_cleared():
    """Between transactional tests SQLite is emptied by DELETE, which append-only tables refuse."""
    plain = DatabaseOperations.sql_flush

    def sql_flush(self, style, tables, **options):
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        return [
            *(f'DROP TRIGGER "{name}"' for name, _ in triggers),
            *plain(self, style, tables, **options),
            *(sql for _, sql in triggers),
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


@pytest.fixture(autouse=True, scope="session")
def _patient():
    """A busy machine may take longer over a count than the studio would wait for it."""
    limits.ANSWER_SECONDS = 10.0


@pytest.fixture(autouse=True, scope="session")
def _quick():
    """Passwords are hashed by a fast method."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def person(name, workspace=None, **fields):
    from studio.models import Membership, User
    from studio.people.accounts import open_workspace

    user = User.objects.create_user(f"{name}@example.org", "a long password", name=name, **fields)
    if workspace:
        Membership.objects.create(workspace=workspace, user=user)
    user.workspace = workspace or open_workspace(user)
    return user


@pytest.fixture
def alice(db):
    return person("alice")


@pytest.fixture
def bob(alice):
    return person("bob", alice.workspace)


@pytest.fixture
def charlie(db):
    return person("charlie")


@pytest.fixture
def mo(db):
    return person("mo", is_staff=True)


@pytest.fixture
def client_of():
    def signed_in(user):
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def library(db):
    """The stock avatars and voices with their licences, as on every installation."""
    from studio.library.stock import ensure_stock

    ensure_stock()
