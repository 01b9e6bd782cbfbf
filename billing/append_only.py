"""Rows that are only ever added: the database itself refuses UPDATE and DELETE."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def refuse_changes(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
    run = schema_editor.execute
    if schema_editor.connection.vendor == "postgresql":
        run(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is only ever added to'; END $$"
        )
        run(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        run(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is only ever added to'); END"
        )


def allow_changes(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}")
        return
    for verb in ("update", "delete"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}")


def append_only(*tables: str) -> migrations.RunPython:
    """The migration operation for these tables."""
    return migrations.RunPython(_each(refuse_changes, tables), _each(allow_changes, tables))


def changeable(*tables: str) -> migrations.RunPython:
    """The opposite, around operations that alter such a table: SQLite makes it anew without its triggers."""
    return migrations.RunPython(_each(allow_changes, tables), _each(refuse_changes, tables))


def _each(change, tables):
    def run(apps, schema_editor):
        for table in tables:
            change(schema_editor, table)

    return run
